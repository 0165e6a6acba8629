//! Two readings compared, term by term.

mod amounts;
mod contingencies;
mod counting;
mod editions;
mod incidental;
mod lesser;
mod opponents;
mod relations;
mod residue;
mod substitution;
mod windows;
mod wording;

use arb_normalize::Relation;

use self::amounts::amounts;
pub(crate) use self::editions::edition;
use self::opponents::{opponents, parties};
use self::relations::{
    another_prize, leftovers, lower_place, meet, narrowed_by_words, other_outcome, progression,
    two_sided,
};
use self::residue::{GROUPS, Group, Residue, weight};
pub(crate) use self::windows::show_window;
use self::windows::windows;
use self::wording::every_statement;
use crate::contingency::{Case, Payout};
use crate::definition::contradiction;
use crate::judgement::{Difference, DifferenceKind, Judgement, Verdict};
use crate::lexicon::Kind;
use crate::reading::Reading;
use crate::statement::{Atom, Statement};

/// The parts of a comparison, gathered before the verdict.
#[derive(Debug, Default)]
struct Findings {
    differences: Vec<Difference>,
    relation: Option<Relation>,
    /// One side says more of where, how or at what it happens, and nothing else is left over.
    restricted: bool,
}

impl Findings {
    fn add(
        &mut self,
        term: &str,
        kalshi: impl Into<String>,
        polymarket: impl Into<String>,
        kind: DifferenceKind,
    ) {
        let difference = Difference {
            term: term.to_owned(),
            kalshi: kalshi.into(),
            polymarket: polymarket.into(),
            kind,
        };
        if !self.differences.contains(&difference) {
            self.differences.push(difference);
        }
    }

    fn any(&self, kind: DifferenceKind) -> bool {
        self.differences.iter().any(|d| d.kind == kind)
    }

    /// Whether a term other than this one contradicts.
    fn any_but(&self, term: &str) -> bool {
        self.differences.iter().any(|d| d.kind == DifferenceKind::Contradiction && d.term != term)
    }

    /// How many terms are missing on one side, apart from when.
    fn missing(&self) -> usize {
        let when =
            |d: &&Difference| !matches!(d.term.as_str(), "window" | "edition" | "text" | "rules");
        self.differences.iter().filter(|d| d.kind == DifferenceKind::Missing).filter(when).count()
    }

    /// Meets the relation found so far with that of another term.
    fn meet(&mut self, next: Relation) {
        self.relation = Some(meet(self.relation.unwrap_or(Relation::Equal), next));
    }
}

/// Compares two readings, Kalshi's first.
pub(crate) fn compare(k: &Reading, p: &Reading) -> Judgement {
    let mut found = Findings::default();
    let (rk, rp, sk, sp) = closest(k, p);
    let similarity = similarity(&rk, &rp, sk, sp);
    let conflicts = conflicts(k, p, &rk, &rp, &mut found);
    if k.placeholder || p.placeholder {
        found.add(
            "text",
            mark(k.placeholder, "unfilled template"),
            mark(p.placeholder, "unfilled template"),
            DifferenceKind::Missing,
        );
    }
    if !k.has_rules || !p.has_rules {
        found.add(
            "rules",
            mark(!k.has_rules, "none"),
            mark(!p.has_rules, "none"),
            DifferenceKind::Missing,
        );
    }
    let progress = progression(sk, sp, &rk, &rp, &conflicts);
    let mut relation = if conflicts.is_empty() || progress.is_some() {
        found.relation = progress;
        one_sided(k, p, (sk, sp), (&rk, &rp), &mut found);
        amounts(k, p, &mut found);
        windows(k, p, sk, sp, &mut found);
        negation(k, p, sk, sp, &mut found);
        if p.sides.is_none() {
            roles(sk, sp, &mut found);
        }
        sources(k, p, sk, sp, &mut found);
        every_statement(k, p, &mut found);
        if let Some((x, y)) = substitution::substitution(k, p) {
            found.add("wording", x, y, DifferenceKind::Missing);
        }
        contingencies::contingencies(k, p, &mut found);
        definitions(k, p, &mut found);
        counting::counting(k, p, &mut found);
        own_contradictions(k, p, &mut found);
        match progress {
            Some(_) => found.relation.unwrap_or(Relation::Equal),
            None => leftovers(k, p, &rk, &rp, &found),
        }
    } else {
        other_outcome(k, p, sk, sp, &conflicts, &mut found)
    };
    if p.sides.is_some() && relation != Relation::Unrelated {
        relation = two_sided(k, p, relation, &mut found);
    }
    let sided = matches!(relation, Relation::Equal | Relation::Complement);
    if sided && narrowed(&found, &["round", "gender", "place"]) {
        relation = Relation::Overlap;
    }
    let verdict = verdict(relation, &found, similarity);
    let statistic = k.has_kind(Kind::Measure) && p.has_kind(Kind::Measure);
    relation = narrowed_by_words(relation, &found, statistic);
    let crossing = [Relation::Equal, Relation::Subset, Relation::Superset, Relation::Overlap];
    if crossing.contains(&relation)
        && lower_place(k, p)
        && !found.any(DifferenceKind::Contradiction)
    {
        relation = Relation::Disjoint;
    }
    if matches!(relation, Relation::Subset | Relation::Superset) && another_prize(sk, sp, &rk, &rp)
    {
        relation = Relation::Overlap;
    }
    found.differences.sort();
    Judgement { similarity, relation, verdict, differences: found.differences }
}

fn mark(on: bool, text: &str) -> &str {
    if on { text } else { "" }
}

/// The two statements that leave the least unexplained.
fn closest<'a>(k: &'a Reading, p: &'a Reading) -> (Residue, Residue, &'a Statement, &'a Statement) {
    let (rk, sk) = least(k.statements(), (k, p), &k.titles[0]);
    let (rp, sp) = least(p.statements(), (p, k), &p.titles[0]);
    (rk, rp, sk, sp)
}

fn least<'a>(
    statements: impl Iterator<Item = &'a Statement>,
    (mine, other): (&Reading, &Reading),
    default: &'a Statement,
) -> (Residue, &'a Statement) {
    let rated = statements.map(|s| (Residue::of(s, mine, other), s));
    let best = rated.reduce(|a, b| if b.0.total() < a.0.total() { b } else { a });
    best.unwrap_or_else(|| (Residue::of(default, mine, other), default))
}

fn similarity(rk: &Residue, rp: &Residue, sk: &Statement, sp: &Statement) -> f64 {
    let size = (sk.atoms.len() + sp.atoms.len()).max(1);
    let size = f64::from(u32::try_from(size).unwrap_or(u32::MAX));
    ((1.0 - (rk.total() + rp.total()) / size).clamp(0.0, 1.0) * 10_000.0).round() / 10_000.0
}

/// The groups in which both sides name something the other does not explain. What the subjects name counts from every statement,
/// the rest from the closest ones.
fn conflicts(
    k: &Reading,
    p: &Reading,
    rk: &Residue,
    rp: &Residue,
    found: &mut Findings,
) -> Vec<Group> {
    let mut out = Vec::new();
    let subject = |mine: &Reading, other: &Reading| {
        let atoms = mine.subject().map(|a| (a.clone(), weight(a, other)));
        Residue { atoms: atoms.filter(|(_, w)| *w > 0.0).collect() }
    };
    if let (Some(a), Some(b)) = (k.league, p.league)
        && a != b
    {
        found.add("league", a, b, DifferenceKind::Contradiction);
        out.push(Group::Contest);
    }
    if let Some((a, b)) = opponents(k, p).or_else(|| parties(k, p)) {
        found.add("subject", a, b, DifferenceKind::Contradiction);
        out.push(Group::Who);
    }
    let (subject_k, subject_p) = (subject(k, p), subject(p, k));
    for group in GROUPS {
        let (mut a, mut b) = (rk.of_group(group), rp.of_group(group));
        if matches!(group, Group::Who | Group::Place) {
            a.extend(subject_k.of_group(group));
            b.extend(subject_p.of_group(group));
        }
        if !a.is_empty() && !b.is_empty() {
            found.add(a[0].kind.as_str(), names(&a), names(&b), DifferenceKind::Contradiction);
            if !out.contains(&group) {
                out.push(group);
            }
        }
    }
    out
}

fn names(atoms: &[&Atom]) -> String {
    let mut out: Vec<&str> = Vec::new();
    for atom in atoms {
        if !out.contains(&atom.text.as_str()) {
            out.push(&atom.text);
        }
    }
    out.join(" ")
}

/// What only one side says.
fn one_sided(
    k: &Reading,
    p: &Reading,
    (sk, sp): (&Statement, &Statement),
    (rk, rp): (&Residue, &Residue),
    found: &mut Findings,
) {
    for (residue, kalshi) in [(rk, true), (rp, false)] {
        for (atom, w) in &residue.atoms {
            let (a, b) = if kalshi { (atom.text.as_str(), "") } else { ("", atom.text.as_str()) };
            let kind = if *w >= 0.5 { DifferenceKind::Missing } else { DifferenceKind::Caveat };
            found.add(atom.kind.as_str(), a, b, kind);
        }
    }
    let claim = |mine: &Reading, other: &Reading| {
        mine.claims.first().map(|s| Residue::of(s, mine, other)).unwrap_or_default()
    };
    let (claim_k, claim_p) = (claim(k, p), claim(p, k));
    let specific =
        |r: &Residue| !r.of_group(Group::Who).is_empty() || !r.of_group(Group::Wording).is_empty();
    let general = |r: &Reading| r.claims.iter().any(|s| s.any);
    if general(p) && !general(k) && specific(&claim_k) {
        found.meet(Relation::Subset);
    } else if general(k) && !general(p) && specific(&claim_p) {
        found.meet(Relation::Superset);
    }
    tied_or_won(k, p, rk, rp, found);
    if held_and_moved(k, p) {
        found.meet(Relation::Disjoint);
    }
    wider_or_narrower(k, p, rk, rp, found);
    restricted(sk, sp, rk, rp, found);
    // A coalition with one party more is another coalition.
    let coalition = k.has(Kind::Verb, "form") && p.has(Kind::Verb, "form");
    if coalition && !(rk.of_group(Group::Who).is_empty() && rp.of_group(Group::Who).is_empty()) {
        found.meet(Relation::Disjoint);
    }
}

/// A tie is not a win.
fn tied_or_won(k: &Reading, p: &Reading, rk: &Residue, rp: &Residue, found: &mut Findings) {
    let tied = |mine: &Reading, r: &Residue, other: &Reading| {
        let label = mine.label.iter().flat_map(|s| &s.atoms);
        let stated = label.chain(mine.claims.iter().take(1).flat_map(Statement::subject));
        let mut atoms = r.atoms.iter().filter(|(_, w)| *w >= 0.5).map(|(a, _)| a).chain(stated);
        atoms.any(|a| a.kind == Kind::Outcome && other.explains(a) < 0.9)
    };
    if (tied(k, rk, p) && p.has(Kind::Verb, "win")) || (tied(p, rp, k) && k.has(Kind::Verb, "win"))
    {
        found.meet(if k.tie_goes_to_one || p.tie_goes_to_one {
            Relation::Overlap
        } else {
            Relation::Disjoint
        });
    }
}

/// Rates that are left alone are neither raised nor cut at that meeting.
fn held_and_moved(k: &Reading, p: &Reading) -> bool {
    let held = |r: &Reading| r.has(Kind::Verb, "hold_rates");
    let moved = |r: &Reading| {
        let one_way = |s: &Statement| s.has(Kind::Verb, "raise") != s.has(Kind::Verb, "cut");
        let steps = |s: &Statement| s.amounts.iter().all(|a| a.unit == "bps");
        !held(r) && r.titles.iter().all(|s| one_way(s) && steps(s))
    };
    held(k) && moved(p) || held(p) && moved(k)
}

/// Terms of one side that let it happen in more ways, or in fewer.
fn wider_or_narrower(k: &Reading, p: &Reading, rk: &Residue, rp: &Residue, found: &mut Findings) {
    // `Pardon or commute` is wider than either, `the US or Israel` than one of them.
    let or = |mine: &Reading, residue: &Residue, other: &Reading| {
        let named = |a: &Atom, b: &str| {
            let ids = [(Kind::Place, b.to_owned()), (a.kind, b.to_owned())];
            ids.iter().any(|(kind, id)| other.has(*kind, id))
        };
        let one_of = |a: &Atom| {
            let mut joined = mine.statements().flat_map(|s| &s.joined).filter(|(_, _, or)| *or);
            let who = matches!(Group::of(a.kind), Group::Who | Group::Place);
            who && joined.any(|(x, y, _)| *x == a.id && named(a, y) || *y == a.id && named(a, x))
        };
        let more =
            |a: &Atom| a.kind == Kind::Verb && mine.statements().any(|s| s.or.contains(&a.at));
        residue.atoms.iter().any(|(a, w)| *w >= 0.5 && (more(a) || one_of(a)))
    };
    match (or(k, rk, p), or(p, rp, k)) {
        (true, false) => found.meet(Relation::Superset),
        (false, true) => found.meet(Relation::Subset),
        _ => {}
    }
    // Whoever does it has mostly announced it; an announcement alone is less than the deed.
    let announces = |r: &Reading| {
        let says = |s: &Statement| s.has(Kind::Verb, "announce") && s.or.is_empty();
        r.titles.iter().any(says) && r.claims.iter().all(says)
    };
    match (
        announces(k) && !p.has(Kind::Verb, "announce"),
        announces(p) && !k.has(Kind::Verb, "announce"),
    ) {
        (true, false) => found.meet(Relation::Superset),
        (false, true) => found.meet(Relation::Subset),
        _ => {}
    }
    // What is counted in a part of a game is counted in the game.
    let part = |r: &Residue| {
        let mut stages = r.atoms.iter().filter(|(a, w)| *w >= 0.5 && a.kind == Kind::Stage);
        stages.any(|(a, _)| contingencies::PARTS.contains(&a.id.as_str()))
    };
    let counted = |low: bool| {
        let all = |r: &Reading| {
            let mut amounts = r.statements().flat_map(|s| &s.amounts).peekable();
            amounts.peek().is_some()
                && amounts.all(|a| {
                    let ends = (a.interval.low.is_some(), a.interval.high.is_some());
                    a.compared && ends == (low, !low)
                })
        };
        all(k) && all(p) && !k.has(Kind::Verb, "win") && !p.has(Kind::Verb, "win")
    };
    match (part(rk), part(rp), counted(true), counted(false)) {
        (true, false, true, _) | (false, true, _, true) => found.meet(Relation::Subset),
        (true, false, _, true) | (false, true, true, _) => found.meet(Relation::Superset),
        _ => {}
    }
    // A win in regular time is a win.
    let regular = |r: &Reading| {
        let mut cases = r.contingencies.iter();
        cases.any(|c| c.case == Case::Overtime && c.payout == Payout::CountsNot)
    };
    let win = k.has(Kind::Verb, "win") && p.has(Kind::Verb, "win");
    if win && p.sides.is_none() && regular(k) != regular(p) {
        found.meet(if regular(k) { Relation::Subset } else { Relation::Superset });
    }
}

/// What only one side says of where, how and at what it happens narrows that side: `in California`, `by knock-out`.
fn restricted(sk: &Statement, sp: &Statement, rk: &Residue, rp: &Residue, found: &mut Findings) {
    let of = |s: &Statement, r: &Residue| {
        let open = r.atoms.iter().filter(|(_, w)| *w >= 0.5).map(|(a, _)| a);
        let kinds = [Kind::Name, Kind::Place, Kind::Word, Kind::Organisation];
        let mut open = open.peekable();
        let telling = r.atoms.iter().any(|(a, w)| *w >= 1.0 && s.adjuncts.contains(&a.at));
        telling && open.all(|a| kinds.contains(&a.kind) && s.adjuncts.contains(&a.at))
    };
    let none = |r: &Residue| r.atoms.iter().all(|(_, w)| *w < 0.5);
    if of(sk, rk) && none(rp) {
        found.restricted = true;
        found.meet(Relation::Subset);
    } else if of(sp, rp) && none(rk) {
        found.restricted = true;
        found.meet(Relation::Superset);
    }
}

fn negation(k: &Reading, p: &Reading, sk: &Statement, sp: &Statement, found: &mut Findings) {
    let any = |r: &Reading| r.statements().any(|s| s.negated);
    let aside = |r: &Reading| r.statements().any(|s| s.negated_aside);
    if sk.negated != sp.negated {
        // A word for the opposite in the question, and a condition that denies the same, say it twice.
        let plain =
            |r: &Reading| r.titles.iter().any(|s| s.opposite) && r.statements().all(|s| s.negated);
        let kind =
            if plain(k) || plain(p) { DifferenceKind::Caveat } else { DifferenceKind::Missing };
        found.add("polarity", mark(sk.negated, "not"), mark(sp.negated, "not"), kind);
        found.meet(Relation::Complement);
    } else if any(k) != any(p) || aside(k) != aside(p) {
        let not = |r: &Reading| mark(any(r) || aside(r), "not").to_owned();
        found.add("polarity", not(k), not(p), DifferenceKind::Missing);
    }
}

/// What two do with each other, whoever is named first.
const MUTUAL: [&str; 5] = ["meet", "meet_in_person", "talk", "marry", "merge"];

/// `Israel strikes Iran` is not `Iran strikes Israel`.
fn roles(sk: &Statement, sp: &Statement, found: &mut Findings) {
    let who = |s: &Statement| -> Vec<String> {
        s.subject()
            .filter(|a| matches!(Group::of(a.kind), Group::Who | Group::Place))
            .map(|a| a.id.clone())
            .collect()
    };
    let (a, b) = (who(sk), who(sp));
    let mutual = |s: &Statement| {
        s.verb_at
            .is_some_and(|at| s.atoms.iter().any(|v| v.at == at && MUTUAL.contains(&v.id.as_str())))
    };
    if a.is_empty() || b.is_empty() || sk.verb_at.is_none() || sp.verb_at.is_none() {
        return;
    }
    if mutual(sk) && mutual(sp) {
        return;
    }
    let after = |s: &Statement, ids: &[String]| {
        let verb = s.verb_at.unwrap_or(0);
        ids.iter().any(|id| s.atoms.iter().any(|atom| atom.at > verb && atom.id == *id))
    };
    if !a.iter().any(|x| b.contains(x)) && after(sp, &a) && after(sk, &b) {
        let kind = if sk.passive || sp.passive {
            DifferenceKind::Missing
        } else {
            DifferenceKind::Contradiction
        };
        found.add("roles", a.join(" "), b.join(" "), kind);
        found.meet(Relation::Overlap);
    }
}

/// Who measures a number decides the number.
fn sources(k: &Reading, p: &Reading, sk: &Statement, sp: &Statement, found: &mut Findings) {
    let measured = |s: &Statement| {
        s.amounts.iter().any(|a| a.compared)
            || s.atoms.iter().any(|a| matches!(a.kind, Kind::Asset | Kind::Observation))
    };
    if !measured(sk) && !measured(sp) {
        return;
    }
    // The close of a share index is one number, whoever prints it.
    let index = ["spx", "ndx", "nasdaq", "djia"];
    let closes = |r: &Reading| {
        r.has(Kind::Observation, "close") && index.iter().any(|id| r.has(Kind::Asset, id))
    };
    // Consumer prices, jobs and output have one publisher.
    let one = ["bls", "bea", "dol"];
    let official = |r: &Reading| {
        r.has_kind(Kind::Measure) && r.sources.iter().all(|s| one.contains(&s.as_str()))
    };
    let silent = k.sources.is_empty() || p.sources.is_empty();
    if (closes(k) && closes(p)) || (silent && official(k) && official(p)) {
        return;
    }
    let list = |r: &Reading| r.sources.iter().cloned().collect::<Vec<_>>().join(", ");
    if k.sources.is_empty() && p.sources.is_empty() {
        return;
    }
    if k.sources.is_empty() || p.sources.is_empty() {
        found.add("source", list(k), list(p), DifferenceKind::Missing);
    } else if k.sources.is_disjoint(&p.sources) {
        found.add("source", list(k), list(p), DifferenceKind::Contradiction);
        found.meet(Relation::Overlap);
    }
}

/// What one text counts and the other does not.
fn definitions(k: &Reading, p: &Reading, found: &mut Findings) {
    let common = |item: &str| {
        let subject = k.subject().chain(p.subject()).any(|atom| atom.id == item);
        subject || (k.has_stem(item) && p.has_stem(item))
    };
    if let Some((ours, theirs)) = contradiction(&k.definitions, &p.definitions, common) {
        found.add(
            "definition",
            ours.sentence.as_str(),
            theirs.sentence.as_str(),
            DifferenceKind::Missing,
        );
    }
}

/// A market whose question and rules do not fit together is not read as either.
fn own_contradictions(k: &Reading, p: &Reading, found: &mut Findings) {
    for (reading, kalshi) in [(k, true), (p, false)] {
        let mut add = |term: &str, text: &str| {
            let (a, b) = if kalshi { (text, "") } else { ("", text) };
            found.add(term, a, b, DifferenceKind::Missing);
        };
        if reading.other_league {
            add("league", "question and rules name different leagues");
        }
        reading.misfits.iter().for_each(|(term, how)| add(term, how));
        if reading.other_day {
            add("edition", "the rules name another day than the venue");
        }
        if reading.denied {
            add("polarity", "decided by what does not happen");
        }
        if reading.unread {
            add("rules", "the condition could not be read");
        }
    }
}

/// Whether only one side asks for one of these terms (a round, a place, a rank, a number): another proposition.
fn narrowed(found: &Findings, terms: &[&str]) -> bool {
    found.differences.iter().any(|d| {
        d.kind == DifferenceKind::Missing
            && terms.contains(&d.term.as_str())
            && (d.kalshi.is_empty() || d.polymarket.is_empty())
    })
}

fn verdict(relation: Relation, found: &Findings, similarity: f64) -> Verdict {
    if found.any(DifferenceKind::Contradiction)
        || !matches!(relation, Relation::Equal | Relation::Complement)
    {
        return Verdict::Rejected;
    }
    let missing = found.differences.iter().filter(|d| d.kind == DifferenceKind::Missing).count();
    if narrowed(found, &["round", "gender", "rank", "place", "threshold", "measure"]) {
        return Verdict::Rejected;
    }
    match missing {
        0 => Verdict::Probable,
        1..=3 if similarity >= 0.6 => Verdict::Candidate,
        _ if similarity >= 0.95 => Verdict::Candidate,
        _ => Verdict::Rejected,
    }
}

//! Two readings compared, term by term.

mod amounts;
mod contingencies;
mod counting;
mod editions;
mod fixture;
mod incidental;
mod lesser;
mod namesakes;
mod one_sided;
mod opponents;
mod relations;
mod residue;
mod rivals;
mod roles;
mod sources;
mod substitution;
mod windows;
mod wording;

use arb_normalize::Relation;

use self::amounts::amounts;
pub(crate) use self::editions::edition;
use self::one_sided::one_sided;
use self::opponents::{opponents, parties};
use self::relations::{
    another_prize, denied, leftovers, lower_place, meet, narrowed_by_words, other_outcome,
    progression, two_sided,
};
use self::residue::{GROUPS, Group, Residue, weight};
use self::roles::roles;
use self::sources::sources;
pub(crate) use self::windows::show_window;
use self::windows::windows;
use self::wording::every_statement;
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
    /// One side names several of which any is enough (`the US or Israel`), the other one of them.
    either: bool,
    /// A side that asks for none where the other one asks whether there is any.
    nothing: [bool; 2],
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
        if let Some((x, y)) = substitution::other_report(k, p) {
            found.add("source", x, y, DifferenceKind::Missing);
        }
        if let Some((x, y)) = rivals::rivals(k, p) {
            found.add("measure", x, y, DifferenceKind::Missing);
        }
        contingencies::contingencies(k, p, &mut found);
        definitions(k, p, &mut found);
        counting::counting(k, p, &mut found);
        fixture::fixture(k, p, &mut found);
        own_contradictions(k, p, &mut found);
        match progress {
            Some(_) => found.relation.unwrap_or(Relation::Equal),
            None => leftovers(k, p, &rk, &rp, &found),
        }
    } else {
        other_outcome(k, p, (sk, &rk), (sp, &rp), &conflicts, &mut found)
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
    relation = narrowed_by_words(relation, &found, statistic, progress.is_some());
    let (not_k, not_p) = (sk.negated != found.nothing[0], sp.negated != found.nothing[1]);
    relation = denied(relation, not_k, not_p);
    let crossing = [Relation::Equal, Relation::Subset, Relation::Superset, Relation::Overlap];
    if crossing.contains(&relation)
        && !not_k
        && !not_p
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
    if let Some((a, b)) = namesakes::namesakes(k, p) {
        found.add("team", a, b, DifferenceKind::Contradiction);
        out.extend([Group::Who, Group::Contest]);
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

fn negation(k: &Reading, p: &Reading, sk: &Statement, sp: &Statement, found: &mut Findings) {
    let any = |r: &Reading| r.statements().any(|s| s.negated);
    let aside = |r: &Reading| r.statements().any(|s| s.negated_aside);
    if (sk.negated != found.nothing[0]) != (sp.negated != found.nothing[1]) {
        // A word for the opposite in the question, and a condition that denies the same, say it twice.
        let plain =
            |r: &Reading| r.titles.iter().any(|s| s.opposite) && r.statements().all(|s| s.negated);
        let kind =
            if plain(k) || plain(p) { DifferenceKind::Caveat } else { DifferenceKind::Missing };
        found.add("polarity", mark(sk.negated, "not"), mark(sp.negated, "not"), kind);
    } else if found.nothing == [false; 2] && (any(k) != any(p) || aside(k) != aside(p)) {
        let not = |r: &Reading| mark(any(r) || aside(r), "not").to_owned();
        found.add("polarity", not(k), not(p), DifferenceKind::Missing);
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
        if let Some(torn) = &reading.contradiction {
            let text = format!("asked for {}, decided by {}", torn.asked, torn.ruled);
            add(torn.kind.as_str(), &text);
        }
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

//! Two readings compared, term by term.

use arb_normalize::Relation;

use crate::amount::{Amount, Lie};
use crate::judgement::{Difference, DifferenceKind, Judgement, Verdict};
use crate::lexicon::Kind;
use crate::reading::{Provenance, Reading, Window};
use crate::statement::{Atom, Statement};
use crate::when::{Tie, When};

/// What one side says and the other does not explain.
#[derive(Debug, Clone, Default)]
struct Residue {
    atoms: Vec<(Atom, f64)>,
}

impl Residue {
    fn of(statement: &Statement, other: &Reading) -> Self {
        let atoms = statement
            .atoms
            .iter()
            .map(|atom| (atom.clone(), weight(atom, other)))
            .filter(|(_, w)| *w > 0.0)
            .collect();
        Self { atoms }
    }

    fn total(&self) -> f64 {
        self.atoms.iter().map(|(_, w)| w).sum()
    }

    fn of_group(&self, group: Group) -> Vec<&Atom> {
        self.atoms
            .iter()
            .filter(|(atom, w)| *w >= 0.5 && Group::of(atom.kind) == group)
            .map(|(atom, _)| atom)
            .collect()
    }
}

/// Kinds of atoms that stand in for each other when they contradict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Group {
    Who,
    Place,
    Contest,
    Office,
    Act,
    Degree,
    Observation,
    Wording,
}

const GROUPS: [Group; 7] = [
    Group::Who,
    Group::Place,
    Group::Contest,
    Group::Office,
    Group::Act,
    Group::Degree,
    Group::Observation,
];

impl Group {
    const fn of(kind: Kind) -> Self {
        match kind {
            Kind::Name
            | Kind::Team
            | Kind::Party
            | Kind::District
            | Kind::Asset
            | Kind::Organisation => Self::Who,
            Kind::Place => Self::Place,
            Kind::Competition | Kind::Category | Kind::League | Kind::Gender => Self::Contest,
            Kind::Office => Self::Office,
            Kind::Verb => Self::Act,
            Kind::Stage | Kind::Rank => Self::Degree,
            Kind::Observation => Self::Observation,
            Kind::Word | Kind::Source | Kind::Noise => Self::Wording,
        }
    }
}

/// How much it matters that `other` does not have this atom: 0 nothing, 1 a critical term.
fn weight(atom: &Atom, other: &Reading) -> f64 {
    let explained = other.explains(atom);
    if explained >= 0.9 {
        return 0.0;
    }
    let in_rules = explained > 0.0;
    match atom.kind {
        Kind::Source | Kind::Noise => 0.0,
        Kind::League if !other.has_kind(Kind::League) => 0.0,
        Kind::Place if atom.id == "us" => 0.0,
        Kind::Name if matches!(atom.id.as_str(), "jr" | "sr") && other.has_rules => 0.3,
        Kind::Name | Kind::Word if in_rules => 0.1,
        Kind::Verb if in_rules => 0.2,
        _ if in_rules => 0.3,
        Kind::Word => 0.5,
        _ => 1.0,
    }
}

/// The parts of a comparison, gathered before the verdict.
#[derive(Debug, Default)]
struct Findings {
    differences: Vec<Difference>,
    relation: Option<Relation>,
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

    /// Meets the relation found so far with that of another term.
    fn meet(&mut self, next: Relation) {
        self.relation = Some(meet(self.relation.unwrap_or(Relation::Equal), next));
    }
}

/// The relation of two conjunctions from the relations of their terms.
fn meet(a: Relation, b: Relation) -> Relation {
    use Relation::{Complement, Disjoint, Equal, Overlap, Unrelated};
    match (a, b) {
        (Unrelated, _) | (_, Unrelated) => Unrelated,
        (Disjoint, _) | (_, Disjoint) => Disjoint,
        (Equal, other) | (other, Equal) => other,
        (Complement, _) | (_, Complement) => {
            if a == b {
                Equal
            } else {
                Overlap
            }
        }
        (a, b) if a == b => a,
        _ => Overlap,
    }
}

/// Compares two readings, Kalshi's first.
pub(crate) fn compare(k: &Reading, p: &Reading) -> Judgement {
    let mut found = Findings::default();
    let (rk, rp, sk, sp) = closest(k, p);
    let similarity = similarity(&rk, &rp, sk, sp);
    let conflicts = conflicts(&rk, &rp, &mut found);
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
    let mut relation = if conflicts.is_empty() {
        one_sided(k, p, &rk, &rp, &mut found);
        amounts(k, p, sk, sp, &mut found);
        windows(k, p, sk, sp, &mut found);
        negation(k, p, sk, sp, &mut found);
        roles(sk, sp, &mut found);
        sources(k, p, sk, sp, &mut found);
        every_statement(k, p, &mut found);
        ties(k, p, &mut found);
        found.relation.unwrap_or(Relation::Equal)
    } else {
        other_outcome(k, p, sk, sp, &conflicts, &mut found)
    };
    if p.sides.is_some() && relation != Relation::Unrelated {
        relation = two_sided(k, p, relation, &mut found);
    }
    let verdict = verdict(relation, &found, similarity);
    found.differences.sort();
    Judgement { similarity, relation, verdict, differences: found.differences }
}

fn mark(on: bool, text: &str) -> &str {
    if on { text } else { "" }
}

/// The two statements that leave the least unexplained.
fn closest<'a>(k: &'a Reading, p: &'a Reading) -> (Residue, Residue, &'a Statement, &'a Statement) {
    let left: Vec<Residue> = k.statements.iter().map(|s| Residue::of(s, p)).collect();
    let right: Vec<Residue> = p.statements.iter().map(|s| Residue::of(s, k)).collect();
    let least = |all: &[Residue]| {
        (0..all.len())
            .min_by(|a, b| all[*a].total().total_cmp(&all[*b].total()).then(a.cmp(b)))
            .unwrap_or(0)
    };
    let (i, j) = (least(&left), least(&right));
    (left[i].clone(), right[j].clone(), &k.statements[i], &p.statements[j])
}

fn similarity(rk: &Residue, rp: &Residue, sk: &Statement, sp: &Statement) -> f64 {
    let size = (sk.atoms.len() + sp.atoms.len()).max(1);
    let size = f64::from(u32::try_from(size).unwrap_or(u32::MAX));
    ((1.0 - (rk.total() + rp.total()) / size).clamp(0.0, 1.0) * 10_000.0).round() / 10_000.0
}

/// The groups in which both sides name something the other does not explain.
fn conflicts(rk: &Residue, rp: &Residue, found: &mut Findings) -> Vec<Group> {
    let mut out = Vec::new();
    for group in GROUPS {
        let (a, b) = (rk.of_group(group), rp.of_group(group));
        if !a.is_empty() && !b.is_empty() {
            found.add(a[0].kind.as_str(), names(&a), names(&b), DifferenceKind::Contradiction);
            out.push(group);
        }
    }
    out
}

fn names(atoms: &[&Atom]) -> String {
    atoms.iter().map(|a| a.text.as_str()).collect::<Vec<_>>().join(" ")
}

/// What only one side says.
fn one_sided(k: &Reading, p: &Reading, rk: &Residue, rp: &Residue, found: &mut Findings) {
    for (residue, kalshi) in [(rk, true), (rp, false)] {
        for (atom, w) in &residue.atoms {
            let (a, b) = if kalshi { (atom.text.as_str(), "") } else { ("", atom.text.as_str()) };
            let kind = if *w >= 0.5 { DifferenceKind::Missing } else { DifferenceKind::Caveat };
            found.add(atom.kind.as_str(), a, b, kind);
        }
    }
    let narrower = |residue: &Residue, wide: &Reading| {
        wide.statements.iter().any(|s| s.atoms.iter().any(|a| a.id == "any"))
            && !residue.of_group(Group::Who).is_empty()
    };
    if narrower(rk, p) {
        found.meet(Relation::Subset);
    }
    if narrower(rp, k) {
        found.meet(Relation::Superset);
    }
}

fn amounts(k: &Reading, p: &Reading, sk: &Statement, sp: &Statement, found: &mut Findings) {
    let a = best_amounts(k, sk);
    let b = best_amounts(p, sp);
    let mut rest: Vec<&Amount> = b.iter().collect();
    for x in &a {
        let same_unit = |y: &&Amount| x.unit == y.unit || x.unit.is_empty() || y.unit.is_empty();
        let Some(at) = rest
            .iter()
            .position(|y| same_unit(y) && x.interval == y.interval)
            .or_else(|| rest.iter().position(same_unit))
        else {
            found.add("threshold", show(x), "", DifferenceKind::Missing);
            continue;
        };
        let y = rest.remove(at);
        let whole = !matches!(x.unit.as_str(), "$" | "%" | "bps" | "°")
            && !matches!(y.unit.as_str(), "$" | "%" | "bps" | "°");
        let lie = if whole {
            x.interval.on_integers().lie(y.interval.on_integers())
        } else {
            x.interval.lie(y.interval)
        };
        let relation = match lie {
            Lie::Equal => continue,
            Lie::EqualButBoundary => {
                found.add("threshold", show(x), show(y), DifferenceKind::Missing);
                continue;
            }
            Lie::Inside => Relation::Subset,
            Lie::Around => Relation::Superset,
            Lie::Apart => Relation::Disjoint,
            Lie::Opposite => Relation::Complement,
            Lie::Crossing => Relation::Overlap,
        };
        let kind = if relation == Relation::Complement {
            DifferenceKind::Caveat
        } else {
            DifferenceKind::Contradiction
        };
        found.add("threshold", show(x), show(y), kind);
        found.meet(relation);
    }
    for y in rest {
        found.add("threshold", "", show(y), DifferenceKind::Missing);
    }
}

/// The amounts of the rules' condition if it has any, else those of the statement compared.
fn best_amounts(reading: &Reading, chosen: &Statement) -> Vec<Amount> {
    let first = reading.statements.len() - reading.claims;
    let claim = reading.statements[first..].iter().find(|s| !s.amounts.is_empty());
    let any = || reading.statements.iter().find(|s| !s.amounts.is_empty());
    claim
        .or(Some(chosen).filter(|s| !s.amounts.is_empty()))
        .or_else(any)
        .map(|s| s.amounts.clone())
        .unwrap_or_default()
}

fn show(amount: &Amount) -> String {
    format!("{} {}", amount.interval, amount.unit).trim().to_owned()
}

/// Whether the proposition hangs on an event with a date of its own (an election, an award, a match) rather than on a deadline.
fn anchored(s: &Statement) -> bool {
    let contest = s
        .atoms
        .iter()
        .any(|a| matches!(a.kind, Kind::Competition | Kind::Category | Kind::Stage | Kind::League));
    let office = s.atoms.iter().any(|a| matches!(a.kind, Kind::Office | Kind::District))
        && s.has(Kind::Verb, "win");
    let next = s.has(Kind::Rank, "next")
        || s.has(Kind::Rank, "most_seats")
        || s.has(Kind::Rank, "top_votes");
    contest || office || next
}

fn windows(k: &Reading, p: &Reading, sk: &Statement, sp: &Statement, found: &mut Findings) {
    let anchored = anchored(sk) || anchored(sp);
    editions(k, p, anchored, found);
    let stated = |w: &Option<Window>| w.filter(|w| w.from != Provenance::Fallback);
    match (stated(&k.window), stated(&p.window)) {
        (Some(a), Some(b)) => window_pair(a, b, found),
        (Some(a), None) if p.window.is_some_and(|b| b.end == a.end) => {}
        (None, Some(b)) if k.window.is_some_and(|a| a.end == b.end) => {}
        (None, None) if anchored && (k.unscheduled || p.unscheduled) => {
            found.add(
                "window",
                show_window(k.window),
                show_window(p.window),
                DifferenceKind::Missing,
            );
        }
        (None, None) if anchored => {
            if k.window.map(|w| w.end) != p.window.map(|w| w.end) {
                found.add(
                    "window",
                    show_window(k.window),
                    show_window(p.window),
                    DifferenceKind::Caveat,
                );
            }
        }
        _ if anchored && !(k.unscheduled || p.unscheduled) && one_is_edition(k, p) => {}
        _ => found.add(
            "window",
            show_window(k.window),
            show_window(p.window),
            DifferenceKind::Missing,
        ),
    }
}

/// Whether the only stated window is the year or season of the event itself.
fn one_is_edition(k: &Reading, p: &Reading) -> bool {
    let whole = |r: &Reading| {
        r.window.is_some_and(|w| w.from != Provenance::Fallback)
            && r.statements
                .iter()
                .flat_map(|s| &s.dates)
                .all(|d| matches!(d.tie, Tie::In | Tie::Named | Tie::On))
    };
    whole(k) || whole(p)
}

fn show_window(window: Option<Window>) -> String {
    window.map_or_else(String::new, |w| {
        let end = jiff::Timestamp::from_second(w.end)
            .map_or_else(|_| w.end.to_string(), |t| t.to_string());
        format!("{} {end} ({:?})", if w.point { "at" } else { "until" }, w.from)
    })
}

fn window_pair(a: Window, b: Window, found: &mut Findings) {
    if a.point != b.point {
        found.add(
            "window",
            show_window(Some(a)),
            show_window(Some(b)),
            DifferenceKind::Contradiction,
        );
        found.meet(Relation::Overlap);
        return;
    }
    if a.point {
        if a.end != b.end {
            found.add(
                "window",
                show_window(Some(a)),
                show_window(Some(b)),
                DifferenceKind::Contradiction,
            );
            found.meet(Relation::Overlap);
        }
        return;
    }
    let apart = a.start.is_some_and(|s| s >= b.end) || b.start.is_some_and(|s| s >= a.end);
    // A day's difference in the start is when the market was listed; the event before it would have settled both.
    let relation = match a.end.cmp(&b.end) {
        _ if apart => Relation::Disjoint,
        std::cmp::Ordering::Equal => return,
        std::cmp::Ordering::Less => Relation::Subset,
        std::cmp::Ordering::Greater => Relation::Superset,
    };
    found.add("window", show_window(Some(a)), show_window(Some(b)), DifferenceKind::Contradiction);
    found.meet(relation);
}

/// Years, seasons and days that name the event.
fn editions(k: &Reading, p: &Reading, anchored: bool, found: &mut Findings) {
    let named = |r: &Reading| -> Vec<When> {
        let own: Vec<When> = r
            .editions
            .iter()
            .filter(|w| !matches!(w.tie, Tie::Before | Tie::By | Tie::After))
            .cloned()
            .collect();
        own
    };
    let (mut a, b) = (named(k), named(p));
    if a.is_empty() && anchored {
        a.extend(k.ticker.clone());
    }
    let text = |all: &[When]| all.iter().map(edition).collect::<Vec<_>>().join(", ");
    if a.is_empty() || b.is_empty() {
        let next = |r: &Reading| r.has(Kind::Rank, "next");
        if anchored && !(next(k) && next(p)) {
            found.add("edition", text(&a), text(&b), DifferenceKind::Missing);
        }
        return;
    }
    let meets = |x: &When| b.iter().any(|y| same_edition(x, y));
    if !a.iter().any(meets) {
        found.add("edition", text(&a), text(&b), DifferenceKind::Contradiction);
        found.meet(Relation::Overlap);
    }
}

fn edition(w: &When) -> String {
    if w.season {
        format!("{}-{}", w.first.year(), w.end.year())
    } else if w.is_year() {
        w.first.year().to_string()
    } else {
        w.first.to_string()
    }
}

/// Whether two dates name the same edition: a season is the year it ends in, a day lies in its year.
fn same_edition(x: &When, y: &When) -> bool {
    match (x.season, y.season) {
        (true, true) => x.first == y.first,
        (true, false) => y.first.year() == x.end.year() && y.is_year(),
        (false, true) => x.first.year() == y.end.year() && x.is_year(),
        (false, false) => {
            (x.first >= y.first && x.end <= y.end) || (y.first >= x.first && y.end <= x.end)
        }
    }
}

fn negation(k: &Reading, p: &Reading, sk: &Statement, sp: &Statement, found: &mut Findings) {
    let any = |r: &Reading| r.statements.iter().any(|s| s.negated);
    if sk.negated != sp.negated {
        found.add(
            "polarity",
            mark(sk.negated, "not"),
            mark(sp.negated, "not"),
            DifferenceKind::Missing,
        );
        found.meet(Relation::Complement);
    } else if any(k) != any(p) {
        found.add("polarity", mark(any(k), "not"), mark(any(p), "not"), DifferenceKind::Missing);
    }
}

/// `Israel strikes Iran` is not `Iran strikes Israel`.
fn roles(sk: &Statement, sp: &Statement, found: &mut Findings) {
    let who = |s: &Statement| -> Vec<String> {
        s.subject()
            .filter(|a| matches!(Group::of(a.kind), Group::Who | Group::Place))
            .map(|a| a.id.clone())
            .collect()
    };
    let (a, b) = (who(sk), who(sp));
    if a.is_empty() || b.is_empty() || sk.verb_at.is_none() || sp.verb_at.is_none() {
        return;
    }
    if !a.iter().any(|x| b.contains(x)) {
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
    let list = |r: &Reading| r.sources.iter().cloned().collect::<Vec<_>>().join(", ");
    if k.sources.is_empty() && p.sources.is_empty() {
        return;
    }
    if k.sources.is_empty() || p.sources.is_empty() {
        found.add("source", list(k), list(p), DifferenceKind::Missing);
    } else if k.sources.is_disjoint(&p.sources) {
        found.add("source", list(k), list(p), DifferenceKind::Contradiction);
    }
}

/// Every critical word of every statement must be explained by the other market, not only those of the closest two.
fn every_statement(k: &Reading, p: &Reading, found: &mut Findings) {
    for (mine, other, kalshi) in [(k, p, true), (p, k, false)] {
        let first = mine.statements.len() - mine.claims;
        let title = std::iter::once(&mine.title);
        let claim = mine.statements[first..]
            .iter()
            .min_by(|a, b| Residue::of(a, other).total().total_cmp(&Residue::of(b, other).total()));
        for statement in title.chain(claim) {
            for (atom, w) in Residue::of(statement, other).atoms {
                if w >= 0.5 {
                    let (a, b) =
                        if kalshi { (atom.text.as_str(), "") } else { ("", atom.text.as_str()) };
                    found.add(atom.kind.as_str(), a, b, DifferenceKind::Missing);
                }
            }
        }
    }
}

fn ties(k: &Reading, p: &Reading, found: &mut Findings) {
    if k.tie_goes_to_one != p.tie_goes_to_one {
        found.add(
            "tie",
            mark(k.tie_goes_to_one, "to one of the tied"),
            mark(p.tie_goes_to_one, "to one of the tied"),
            DifferenceKind::Caveat,
        );
    }
}

/// Another outcome of the same event, or another event.
fn other_outcome(
    k: &Reading,
    p: &Reading,
    sk: &Statement,
    sp: &Statement,
    conflicts: &[Group],
    found: &mut Findings,
) -> Relation {
    let shares = sk.atoms.iter().any(|a| {
        matches!(Group::of(a.kind), Group::Who | Group::Place | Group::Contest)
            && p.has(a.kind, &a.id)
    });
    let only_who = conflicts.iter().all(|g| matches!(g, Group::Who | Group::Place));
    let mut inner = Findings::default();
    amounts(k, p, sk, sp, &mut inner);
    editions(k, p, true, &mut inner);
    let same_event = only_who
        && shares
        && !inner.any(DifferenceKind::Contradiction)
        && exclusive(sk)
        && exclusive(sp);
    found.differences.append(&mut inner.differences);
    if !same_event {
        return if shares { Relation::Overlap } else { Relation::Unrelated };
    }
    let tied = |s: &Statement| s.has(Kind::Verb, "draw");
    if k.shared || p.shared || ((tied(sk) || tied(sp)) && (k.tie_goes_to_one || p.tie_goes_to_one))
    {
        return Relation::Overlap;
    }
    Relation::Disjoint
}

/// Whether at most one can be the answer.
fn exclusive(s: &Statement) -> bool {
    let one = ["next", "first", "top_votes", "most_seats", "second", "third", "fourth", "top"];
    s.has(Kind::Verb, "win")
        || s.has(Kind::Verb, "form")
        || one.iter().any(|id| s.has(Kind::Rank, id))
}

/// Polymarket's outcomes are two names: which of them is Kalshi's?
fn two_sided(k: &Reading, p: &Reading, relation: Relation, found: &mut Findings) -> Relation {
    let Some([first, second]) = &p.sides else { return relation };
    let named = |side: &Statement| {
        side.atoms
            .iter()
            .filter(|a| {
                k.statements.iter().any(|s| s.subject().any(|b| b.kind == a.kind && b.id == a.id))
            })
            .count()
    };
    let (a, b) = (named(first), named(second));
    match a.cmp(&b) {
        std::cmp::Ordering::Greater => relation,
        std::cmp::Ordering::Less => meet(relation, Relation::Complement),
        std::cmp::Ordering::Equal => {
            found.add("outcome", "", "", DifferenceKind::Missing);
            Relation::Overlap
        }
    }
}

fn verdict(relation: Relation, found: &Findings, similarity: f64) -> Verdict {
    if found.any(DifferenceKind::Contradiction)
        || !matches!(relation, Relation::Equal | Relation::Complement)
    {
        return Verdict::Rejected;
    }
    let missing = found.differences.iter().filter(|d| d.kind == DifferenceKind::Missing).count();
    match missing {
        0 => Verdict::Probable,
        1..=4 if similarity >= 0.6 => Verdict::Candidate,
        _ => Verdict::Rejected,
    }
}

//! Two readings compared, term by term.

mod contingencies;

use std::collections::BTreeSet;

use arb_normalize::Relation;

use crate::amount::{Amount, Bound, Lie, SCALE};
use crate::contingency::{Case, Payout};
use crate::definition::contradiction;
use crate::judgement::{Difference, DifferenceKind, Judgement, Verdict};
use crate::lexicon::{Kind, Lexicon, implies};
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
        let lesser = Lesser::of(statement, other);
        let atoms = statement
            .atoms
            .iter()
            .enumerate()
            .map(|(i, atom)| {
                // In a match of two named players the surnames say who.
                let surname = statement
                    .atoms
                    .get(i + 1)
                    .filter(|_| other.sides.is_some() || statement.sided)
                    .filter(|next| next.kind == Kind::Name && next.at == atom.at + 1);
                let known = surname.is_some_and(|next| other.explains(next) >= 0.9);
                let mut w = weight(atom, other);
                // A team plays once a day: the day and one of them name the match.
                let last = statement.atoms.last().map(|a| a.at);
                let teams: BTreeSet<&str> = statement
                    .atoms
                    .iter()
                    .filter(|a| a.kind == Kind::Team)
                    .map(|a| a.id.as_str())
                    .collect();
                let opponent = atom.kind == Kind::Team
                    && teams.len() <= 2
                    && fine(other)
                    && statement.verb_at.is_some_and(|verb| atom.at > verb || last == Some(verb))
                    && statement.atoms.iter().any(|a| {
                        a.kind == Kind::Team && a.id != atom.id && other.explains(a) >= 0.9
                    });
                if opponent && !other.has_kind_besides(atom, statement) {
                    w = w.min(0.3);
                }
                // The day and the teams name the match, whatever it is played for.
                let played_for = atom.kind == Kind::Competition
                    && statement.versus.is_some()
                    && fine(other)
                    && !other.has_kind(Kind::Competition);
                // Winning a primary is being nominated.
                let primary = atom.kind == Kind::Verb
                    && atom.id == "win"
                    && statement.has(Kind::Stage, "primary")
                    && other.has(Kind::Verb, "nominate");
                // Resigning is one of the ways to leave that both count.
                let way = atom.kind == Kind::Verb
                    && matches!(atom.id.as_str(), "resign" | "fire")
                    && statement.has(Kind::Verb, "leave_office")
                    && (other.has(Kind::Verb, "leave_office") || other.has(Kind::Verb, "leave"));
                if atom.kind == Kind::Verb && atom.id == "leave" && leaves_a_place(statement) {
                    w = if other.has(Kind::Verb, "leave") { 0.0 } else { 1.0 };
                }
                if way || primary || played_for || lesser.atoms.contains(&atom.at) {
                    w = w.min(0.3);
                }
                (
                    atom.clone(),
                    if known && matches!(atom.kind, Kind::Name | Kind::Place) {
                        w.min(0.3)
                    } else {
                        w
                    },
                )
            })
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

/// Names that may be left out without another person, team or thing being meant, by the token they start at.
struct Lesser {
    atoms: BTreeSet<usize>,
}

impl Lesser {
    fn of(statement: &Statement, other: &Reading) -> Self {
        let mut found = Self { atoms: BTreeSet::new() };
        found.initials(statement, other);
        found.opponent(statement, other);
        found.nickname(statement, other);
        found.inner_name(statement, other);
        found.endings(statement, other);
        found.of_match(statement, other);
        found.atoms.extend(&statement.asides);
        found
    }

    /// `Grand Theft Auto` where the other side says `GTA`.
    fn initials(&mut self, statement: &Statement, other: &Reading) {
        for run in statement.initials.iter().filter(|run| other.has(Kind::Name, &run.letters)) {
            let inside = statement.atoms.iter().filter(|a| a.at >= run.from && a.at <= run.to);
            self.atoms.extend(inside.map(|a| a.at));
        }
    }

    /// A side plays once a day: the day and one of them name the match.
    fn opponent(&mut self, statement: &Statement, other: &Reading) {
        let Some(sides) = statement.versus.as_ref().filter(|_| fine(other)) else { return };
        if other.statements().any(|s| s.versus.is_some()) {
            return;
        }
        let of = |side: &std::ops::Range<usize>| {
            let inside: Vec<&Atom> =
                statement.atoms.iter().filter(|a| side.contains(&a.at)).collect();
            inside
        };
        let [a, b] = [of(&sides[0]), of(&sides[1])];
        let known =
            |side: &[&Atom]| !side.is_empty() && side.iter().all(|a| other.explains(a) >= 0.9);
        let missed = match (known(&a), known(&b)) {
            (true, false) => b,
            (false, true) => a,
            _ => return,
        };
        let names = missed.iter().filter(|a| matches!(a.kind, Kind::Name | Kind::Place));
        self.atoms.extend(names.map(|a| a.at));
    }

    /// In a match of two named sides outside the leagues of the tables, what follows a known name is its nickname (`Duke Blue
    /// Devils`), unless it tells schools or cities apart.
    fn nickname(&mut self, statement: &Statement, other: &Reading) {
        let sided = other.sides.is_some() || statement.sided;
        if !sided || !fine(other) || other.league.is_some() {
            return;
        }
        let mut open = false;
        for (i, atom) in statement.atoms.iter().enumerate() {
            let adjacent = i > 0 && {
                let before = &statement.atoms[i - 1];
                before.at + before.text.split_whitespace().count() == atom.at
            };
            let explained = other.explains(atom) >= 0.9;
            if explained {
                open = matches!(atom.kind, Kind::Name | Kind::Place);
            } else if open && adjacent && !TELLING.contains(&atom.id.as_str()) {
                self.atoms.insert(atom.at);
            } else {
                open = false;
            }
        }
    }

    /// Two named sides on a day are one match: which tournament and round it belongs to tells nothing more, which part of it does.
    fn of_match(&mut self, statement: &Statement, other: &Reading) {
        let sided = statement.sided;
        let Some(sides) = statement.versus.as_ref().filter(|_| sided || other.sides.is_some())
        else {
            return;
        };
        let inside = |a: &Atom| sides.iter().any(|side| side.contains(&a.at));
        let known = |side: &std::ops::Range<usize>| {
            statement.atoms.iter().any(|a| side.contains(&a.at) && other.explains(a) >= 0.9)
        };
        let day = fine(other) || other.ticker.as_ref().is_some_and(When::is_day);
        if !day || !sides.iter().all(known) || !statement.amounts.is_empty() {
            return;
        }
        let part = |a: &Atom| {
            a.kind != Kind::Stage && PARTS.contains(&a.id.as_str())
                || a.kind == Kind::Stage && !ROUNDS.contains(&a.id.as_str())
                || a.text.starts_with(|c: char| c.is_ascii_digit()) && !inside(a)
        };
        if statement.atoms.iter().any(part) {
            return;
        }
        let about = |a: &&Atom| match a.kind {
            Kind::Competition | Kind::League | Kind::Gender | Kind::Stage => true,
            Kind::Name | Kind::Place => sided && !inside(a),
            _ => false,
        };
        self.atoms.extend(statement.atoms.iter().filter(about).map(|a| a.at));
    }

    /// `Miami, FL` is Miami, and `Perplexity AI` is Perplexity.
    fn endings(&mut self, statement: &Statement, other: &Reading) {
        for two in statement.atoms.windows(2) {
            let [name, ending] = two else { continue };
            let code = ending.text.len() == 2 && Lexicon::standard().is_state(&ending.text)
                || ending.kind == Kind::Place && ending.id.len() == 2;
            let end = name.at + name.text.split_whitespace().count();
            let after = end + 1 == ending.at;
            let known =
                matches!(name.kind, Kind::Place | Kind::Name) && other.explains(name) >= 0.9;
            let elsewhere = ending.kind == Kind::Place && other.has_kind_besides(ending, statement);
            let company = SUFFIXES.contains(&ending.id.as_str()) && end == ending.at;
            if known && (code && after && !elsewhere || company) {
                self.atoms.insert(ending.at);
            }
        }
    }

    /// A first or middle name more: `Andrea Kimi Antonelli`, where the two names after it and the last one are known.
    fn inner_name(&mut self, statement: &Statement, other: &Reading) {
        let names: Vec<&Atom> = statement.atoms.iter().filter(|a| a.kind == Kind::Name).collect();
        for run in names.chunk_by(|a, b| a.at + 1 == b.at).filter(|run| run.len() > 2) {
            let known = |a: &&Atom| other.has(Kind::Name, &a.id);
            let missing: Vec<&&Atom> = run.iter().filter(|a| !known(a)).collect();
            let letters = |a: &Atom| a.text.chars().all(|c| c.is_alphabetic() || c == '-');
            if let [one] = missing.as_slice()
                && run.last().is_some_and(|last| known(last) && last.text.len() > 2)
                && run.iter().all(|a| letters(a))
                && !other.has_kind_besides(one, statement)
            {
                self.atoms.insert(one.at);
            }
        }
    }
}

/// Words for a part of a match.
const PARTS: [&str; 14] = [
    "map", "set", "half", "1h", "2h", "quarter", "period", "inning", "round", "leg", "ko", "tko",
    "moneylin", "method",
];

/// Rounds of a tournament, not parts of a match.
const ROUNDS: [&str; 9] =
    ["final", "semi", "quarter", "r16", "r32", "group", "playoffs", "regular", "preseason"];

/// What a company's name may end in.
const SUFFIXES: [&str; 6] = ["ai", "company", "group", "holding", "technology", "labs"];

/// Words that make another school, city or team of a known name.
const TELLING: [&str; 26] = [
    "stat",
    "state",
    "tech",
    "city",
    "united",
    "southern",
    "northern",
    "eastern",
    "western",
    "central",
    "south",
    "north",
    "east",
    "west",
    "christian",
    "international",
    "am",
    "a",
    "upstat",
    "coast",
    "valley",
    "women",
    "reserv",
    "academy",
    "ii",
    "poly",
];

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
            | Kind::Outcome
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
            Kind::Observation | Kind::Measure => Self::Observation,
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
        Kind::Outcome => 1.0,
        // A division is won in the regular season.
        Kind::Stage if atom.id == "regular" && other.in_a_division() => 0.2,
        // "be the champion" is winning; "the next election" is the one whose year the other side gives.
        Kind::Verb
            if atom.id == "win"
                && other.has_kind(Kind::Competition)
                && !other.has_kind(Kind::Verb) =>
        {
            0.2
        }
        // Leaving a body and leaving an office of it: which office is compared by itself.
        Kind::Verb if atom.id == "leave" && other.has(Kind::Verb, "leave_office") => 0.2,
        Kind::Verb
            if atom.id == "leave_office"
                && other.has(Kind::Verb, "leave")
                && !other.statements().any(leaves_a_place) =>
        {
            0.2
        }
        // The winner of a party's primary is its nominee.
        Kind::Verb if atom.id == "nominate" && other.has(Kind::Stage, "primary") => 0.2,
        Kind::Stage if atom.id == "primary" && other.has(Kind::Verb, "nominate") => 0.2,
        // The next holder of an office is appointed to it.
        Kind::Verb if atom.id == "appoint" && other.has(Kind::Rank, "next") => 0.2,
        // "CPI rises in August" is the change from July.
        Kind::Measure
            if atom.id == "mom"
                && other.has(Kind::Verb, "raise")
                && !other.has(Kind::Measure, "yoy") =>
        {
            0.3
        }
        // The first of a group has won it.
        Kind::Rank
            if atom.id == "top_votes"
                && other.has(Kind::Verb, "win")
                && other.has_kind(Kind::Competition) =>
        {
            0.2
        }
        Kind::Rank if atom.id == "next" && other.votes_in_a_year() => 0.3,
        Kind::Competition | Kind::Category if in_rules && other.has_kind(atom.kind) => 1.0,
        Kind::Name | Kind::Word if in_rules => 0.1,
        Kind::Verb if in_rules => 0.2,
        _ if in_rules => 0.3,
        Kind::Word => 0.5,
        _ => 1.0,
    }
}

/// Leaving Iran is not leaving an office.
fn leaves_a_place(statement: &Statement) -> bool {
    statement.atoms.windows(2).any(|two| {
        let [verb, place] = two else { return false };
        let next = verb.at + verb.text.split_whitespace().count();
        let leave = verb.kind == Kind::Verb && verb.id == "leave";
        leave && place.kind == Kind::Place && (place.at == next || place.at == next + 1)
    })
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
        one_sided(k, p, &rk, &rp, &mut found);
        amounts(k, p, &mut found);
        windows(k, p, sk, sp, &mut found);
        negation(k, p, sk, sp, &mut found);
        if p.sides.is_none() {
            roles(sk, sp, &mut found);
        }
        sources(k, p, sk, sp, &mut found);
        every_statement(k, p, &mut found);
        contingencies::contingencies(k, p, &mut found);
        definitions(k, p, &mut found);
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
    if relation == Relation::Equal && narrowed(&found, &["round", "gender", "place"]) {
        relation = Relation::Overlap;
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
    let (rk, sk) = least(k.statements(), p, &k.titles[0]);
    let (rp, sp) = least(p.statements(), k, &p.titles[0]);
    (rk, rp, sk, sp)
}

fn least<'a>(
    statements: impl Iterator<Item = &'a Statement>,
    other: &Reading,
    default: &'a Statement,
) -> (Residue, &'a Statement) {
    let rated = statements.map(|s| (Residue::of(s, other), s));
    let best = rated.reduce(|a, b| if b.0.total() < a.0.total() { b } else { a });
    best.unwrap_or_else(|| (Residue::of(default, other), default))
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
    let (subject_k, subject_p) = (subject(k, p), subject(p, k));
    for group in GROUPS {
        let (mut a, mut b) = (rk.of_group(group), rp.of_group(group));
        if matches!(group, Group::Who | Group::Place) {
            a.extend(subject_k.of_group(group));
            b.extend(subject_p.of_group(group));
        }
        if !a.is_empty() && !b.is_empty() {
            found.add(a[0].kind.as_str(), names(&a), names(&b), DifferenceKind::Contradiction);
            out.push(group);
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

/// How far in the same competition each side asks for: winning implies having come that far, and the final implies the semi-final.
fn progression(
    sk: &Statement,
    sp: &Statement,
    rk: &Residue,
    rp: &Residue,
    conflicts: &[Group],
) -> Option<Relation> {
    let allowed = [Group::Contest, Group::Act, Group::Degree];
    if !conflicts.iter().all(|group| allowed.contains(group)) {
        return None;
    }
    let contests = |s: &Statement| -> Vec<String> {
        let of = s.atoms.iter().filter(|a| a.kind == Kind::Competition);
        of.map(|a| a.id.clone()).collect()
    };
    let (a, b) = (contests(sk), contests(sp));
    let won = |s: &Statement| s.has(Kind::Verb, "win") && !s.has(Kind::Verb, "reach");
    if won(sk) && won(sp) && !a.is_empty() && !b.is_empty() {
        let over = |x: &[String], y: &[String]| x.iter().any(|x| y.iter().any(|y| implies(x, y)));
        if over(&a, &b) {
            return Some(Relation::Subset);
        }
        if over(&b, &a) {
            return Some(Relation::Superset);
        }
    }
    let other = |r: &Residue| {
        let words = |a: &Atom| Group::of(a.kind) == Group::Wording;
        let counts = |a: &Atom| !allowed.contains(&Group::of(a.kind)) && !words(a);
        r.atoms.iter().any(|(a, w)| *w >= 0.5 && counts(a))
    };
    // The winner is among the top ten; the winner of a division or of the title was in the playoffs.
    let placed = |s: &Statement| {
        let top = s.atoms.iter().any(|a| a.kind == Kind::Word && a.id == "top");
        top && !s.amounts.is_empty() || s.has(Kind::Verb, "reach") && s.has(Kind::Stage, "playoffs")
    };
    let entered = |s: &Statement| {
        won(s) && s.amounts.is_empty() && !s.has(Kind::Rank, "top") && depth(s) == Some(0)
    };
    if !other(rk) && !other(rp) {
        // Whoever wins an award was nominated for it.
        let nominated = |s: &Statement| {
            s.has(Kind::Verb, "nominate") && s.atoms.iter().any(|a| a.kind == Kind::Competition)
        };
        if won(sp) && nominated(sk) && !nominated(sp) {
            return Some(Relation::Superset);
        }
        if won(sk) && nominated(sp) && !nominated(sk) {
            return Some(Relation::Subset);
        }
        if entered(sk) && placed(sp) && !won(sp) {
            return Some(Relation::Subset);
        }
        if entered(sp) && placed(sk) && !won(sk) {
            return Some(Relation::Superset);
        }
    }
    let other = |r: &Residue| {
        r.atoms.iter().any(|(a, w)| *w >= 0.5 && !allowed.contains(&Group::of(a.kind)))
    };
    if a != b || a.is_empty() || other(rk) || other(rp) {
        return None;
    }
    let (x, y) = (depth(sk)?, depth(sp)?);
    match x.cmp(&y) {
        std::cmp::Ordering::Less => Some(Relation::Subset),
        std::cmp::Ordering::Greater => Some(Relation::Superset),
        std::cmp::Ordering::Equal => None,
    }
}

/// 0 for winning, 1 for reaching the final, and so on.
fn depth(s: &Statement) -> Option<u8> {
    let stage = |id: &str| s.has(Kind::Stage, id);
    if s.has(Kind::Verb, "reach") {
        let stages = ["final", "semi", "quarter", "r16", "r32"];
        let at = stages.iter().position(|id| stage(id))?;
        return u8::try_from(at + 1).ok();
    }
    let rounds =
        ["semi", "quarter", "r16", "r32", "group", "round1", "round2", "regular", "primary"];
    (s.has(Kind::Verb, "win") && !rounds.iter().any(|id| stage(id))).then_some(0)
}

/// The relation, given what neither side explains of the other: much left over is another proposition about the same things.
fn leftovers(k: &Reading, p: &Reading, rk: &Residue, rp: &Residue, found: &Findings) -> Relation {
    let critical = |r: &Residue| {
        r.atoms.iter().filter(|(a, w)| *w >= 0.5 && Group::of(a.kind) != Group::Wording).count()
    };
    let words = |r: &Residue| r.of_group(Group::Wording).len();
    let acts =
        |r: &Residue| !r.of_group(Group::Act).is_empty() || !r.of_group(Group::Contest).is_empty();
    let relation = found.relation.unwrap_or(Relation::Equal);
    let (a, b) = (critical(rk), critical(rp));
    if relation == Relation::Disjoint && (a == 0 || b == 0) {
        return relation;
    }
    let contest =
        !(rk.of_group(Group::Contest).is_empty() && rp.of_group(Group::Contest).is_empty());
    let apart = (a > 0 && b > 0)
        || a.max(b) > 1
        // A predicate no table knows is left over as a word.
        || (acts(rk) && words(rp) > 0)
        || (acts(rp) && words(rk) > 0)
        || (contest && fine(k) != fine(p))
        || (a + b > 0 && words(rk) + words(rp) > 2)
        || words(rk) + words(rp) > 5
        || (relation == Relation::Equal && rk.total() + rp.total() > 0.5 && found.missing() > 4);
    if !apart {
        return relation;
    }
    if shares(k, p) { Relation::Overlap } else { Relation::Unrelated }
}

/// Whether both speak of the same person, place, team or competition.
fn shares(k: &Reading, p: &Reading) -> bool {
    let telling =
        |a: &&Atom| matches!(Group::of(a.kind), Group::Who | Group::Place | Group::Contest);
    k.statements().flat_map(|s| &s.atoms).filter(telling).any(|a| p.explains(a) >= 0.9)
}

/// Whether a date narrower than a year names the event; a statistic is named by its month.
fn fine(reading: &Reading) -> bool {
    let statistic = reading.has_kind(Kind::Measure);
    let names = |w: &When| matches!(w.tie, Tie::Named | Tie::On) || statistic && w.tie == Tie::In;
    reading.editions.iter().any(|w| !w.is_year() && !w.season && names(w))
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
    let claim = |mine: &Reading, other: &Reading| {
        mine.claims.first().map(|s| Residue::of(s, other)).unwrap_or_default()
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
    // A tie is not a win.
    let tied = |mine: &Reading, r: &Residue, other: &Reading| {
        let label = mine.label.iter().flat_map(|s| &s.atoms);
        let mut atoms = r.atoms.iter().filter(|(_, w)| *w >= 0.5).map(|(a, _)| a).chain(label);
        atoms.any(|a| a.kind == Kind::Outcome && other.explains(a) < 0.9)
    };
    if (tied(k, rk, p) || tied(p, rp, k)) && k.has(Kind::Verb, "win") && p.has(Kind::Verb, "win") {
        found.meet(if k.tie_goes_to_one || p.tie_goes_to_one {
            Relation::Overlap
        } else {
            Relation::Disjoint
        });
    }
    wider_or_narrower(k, p, rk, rp, found);
    // A coalition with one party more is another coalition.
    let coalition = k.has(Kind::Verb, "form") && p.has(Kind::Verb, "form");
    if coalition && !(rk.of_group(Group::Who).is_empty() && rp.of_group(Group::Who).is_empty()) {
        found.meet(Relation::Disjoint);
    }
}

/// Terms of one side that let it happen in more ways, or in fewer.
fn wider_or_narrower(k: &Reading, p: &Reading, rk: &Residue, rp: &Residue, found: &mut Findings) {
    // `Pardon or commute` is wider than either.
    let or = |r: &Reading, residue: &Residue| {
        let more = |a: &Atom| a.kind == Kind::Verb && r.statements().any(|s| s.or.contains(&a.at));
        residue.atoms.iter().any(|(a, w)| *w >= 0.5 && more(a))
    };
    match (or(k, rk), or(p, rp)) {
        (true, false) => found.meet(Relation::Superset),
        (false, true) => found.meet(Relation::Subset),
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

fn amounts(k: &Reading, p: &Reading, found: &mut Findings) {
    let tenths = k.tenths || p.tenths;
    let (mut a, mut b) = (all_amounts(k, tenths), all_amounts(p, tenths));
    // A count's noun may be any word both know: "3,000 measles cases", "3,000 confirmed measles cases".
    let noun = |x: &Amount| !matches!(x.unit.as_str(), "$" | "%" | "bps" | "°");
    let unit = |x: &Amount, y: &Amount| {
        x.unit == y.unit
            || x.unit.is_empty()
            || y.unit.is_empty()
            || (noun(x) && noun(y) && (p.has_stem(&x.unit) || k.has_stem(&y.unit)))
    };
    // What both say alike is settled; what is left over on both sides differs.
    let same = |x: &Amount, y: &Amount| lie(x, y, tenths) == Lie::Equal && unit(x, y);
    let settled: Vec<Amount> = a.iter().filter(|x| b.iter().any(|y| same(x, y))).cloned().collect();
    a.retain(|x| !settled.iter().any(|y| same(x, y)));
    b.retain(|y| !settled.iter().any(|x| same(x, y)));
    // A margin or a size that only one side asks for narrows that side.
    let sized =
        |all: &[Amount]| all.iter().any(|x| x.compared || matches!(x.unit.as_str(), "%" | "$"));
    if settled.is_empty() && a.is_empty() && sized(&b) {
        found.meet(Relation::Superset);
    } else if settled.is_empty() && b.is_empty() && sized(&a) {
        found.meet(Relation::Subset);
    }
    for x in &a {
        let Some(at) = b.iter().position(|y| unit(x, y)) else {
            found.add("threshold", show(x), "", DifferenceKind::Missing);
            continue;
        };
        let y = b.remove(at);
        amount_pair(k, p, x, &y, found);
    }
    for y in &b {
        found.add("threshold", "", show(y), DifferenceKind::Missing);
    }
}

fn amount_pair(k: &Reading, p: &Reading, x: &Amount, y: &Amount, found: &mut Findings) {
    let relation = match lie(x, y, k.tenths || p.tenths) {
        Lie::Equal => return,
        Lie::EqualButBoundary => {
            found.add("threshold", show(x), show(y), DifferenceKind::Missing);
            return;
        }
        Lie::Apart | Lie::Inside | Lie::Around if fine(k) != fine(p) => Relation::Overlap,
        Lie::Inside => Relation::Subset,
        Lie::Around => Relation::Superset,
        Lie::Apart => Relation::Disjoint,
        Lie::Opposite => Relation::Complement,
        Lie::Crossing => Relation::Overlap,
    };
    let kind = match relation {
        Relation::Complement => DifferenceKind::Missing,
        _ => DifferenceKind::Contradiction,
    };
    found.add("threshold", show(x), show(y), kind);
    found.meet(relation);
}

/// How two amounts lie on the numbers that can come out: counts are whole, and so are published temperatures; `tenths` says
/// whether percentages are published with one decimal; the Federal Reserve moves in quarters of a per cent.
fn lie(x: &Amount, y: &Amount, tenths: bool) -> Lie {
    let step = |a: &Amount| match a.unit.as_str() {
        "$" => None,
        "%" => tenths.then_some(SCALE / 10),
        "bps" => Some(25 * SCALE),
        _ => Some(SCALE),
    };
    match (step(x), step(y)) {
        (Some(a), Some(b)) if a == b && fits(x, a) == fits(y, a) => {
            let (x, y) = (x.interval.on_multiples_of(a), y.interval.on_multiples_of(a));
            // At most 45 and at least 46 are everything there is.
            let next = |high: Option<Bound>, low: Option<Bound>| matches!((high, low), (Some(h), Some(l)) if h.value + a == l.value);
            let whole = x.low.is_none() && y.high.is_none() && next(x.high, y.low)
                || y.low.is_none() && x.high.is_none() && next(y.high, x.low);
            if whole { Lie::Opposite } else { x.lie(y) }
        }
        _ => x.interval.lie(y.interval),
    }
}

/// Whether the bounds of an amount lie on the multiples of `step`; for counts a half between two of them will do.
fn fits(amount: &Amount, step: i128) -> bool {
    let bounds = amount.interval.low.iter().chain(&amount.interval.high);
    step == SCALE || bounds.into_iter().all(|b| b.value % step == 0)
}

/// The amounts of the condition and the question, each once. `$150k` after `hit` is at least $150,000, after `dip` at most.
fn all_amounts(reading: &Reading, tenths: bool) -> Vec<Amount> {
    let mut out: Vec<Amount> = Vec::new();
    for statement in reading.claims.iter().take(1).chain(&reading.label).chain(&reading.titles) {
        for amount in &statement.amounts {
            let mut amount = amount.clone();
            if !amount.compared && amount.unit == "$" {
                if statement.has(Kind::Verb, "reach") {
                    amount.interval.high = None;
                } else if statement.has(Kind::Verb, "dip") {
                    amount.interval.low = None;
                }
            }
            amount.interval = amount.interval.without_last_cent();
            if !out.iter().any(|held| lie(held, &amount, tenths) == Lie::Equal) {
                out.push(amount);
            }
        }
    }
    // "Above 0.4%" is not asked again by the bare "(0.4%)" of the question.
    let bounds = |a: &Amount| [a.interval.low, a.interval.high].map(|b| b.map(|b| b.value));
    let compared: Vec<_> = out.iter().filter(|a| a.compared).flat_map(bounds).flatten().collect();
    out.retain(|a| a.compared || !bounds(a).iter().flatten().any(|v| compared.contains(v)));
    if out.is_empty() {
        out.extend(reading.strike.clone());
    }
    out
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
        && (s.has(Kind::Verb, "win") || s.has(Kind::Verb, "nominate"));
    let next = s.has(Kind::Rank, "next")
        || s.has(Kind::Rank, "most_seats")
        || s.has(Kind::Rank, "top_votes");
    let team = s.atoms.iter().any(|a| a.kind == Kind::Team) && s.has(Kind::Verb, "win");
    let seats = s.atoms.iter().any(|a| a.kind == Kind::Party)
        && !s.amounts.is_empty()
        && s.atoms.iter().any(|a| a.kind == Kind::Office || a.id == "seat");
    contest || office || next || team || seats
}

/// Whether a win in an edition that both sides name, by year or by number: such a contest has its own date.
fn numbered(mine: &Reading, other: &Reading) -> bool {
    let named = |w: &When| matches!(w.tie, Tie::Named | Tie::In | Tie::On) && !w.year_guessed;
    let mut dates = mine.statements().flat_map(|s| &s.dates);
    let by_year = dates.any(|w| named(w) && other.editions.iter().any(|y| same_edition(w, y)));
    mine.has(Kind::Verb, "win") && (by_year || same_number(mine, other))
}

/// Whether both name the same number of a series: `Season 50 of Survivor`, `Survivor 50`.
fn same_number(mine: &Reading, other: &Reading) -> bool {
    let number =
        |atom: &&Atom| atom.kind == Kind::Name && atom.id.starts_with(|c: char| c.is_ascii_digit());
    let mut atoms = mine.statements().flat_map(|s| &s.atoms).filter(number);
    atoms.any(|atom| other.explains(atom) >= 0.9)
}

fn windows(k: &Reading, p: &Reading, sk: &Statement, sp: &Statement, found: &mut Findings) {
    let anchored = (k.has_kind(Kind::Measure) && p.has_kind(Kind::Measure))
        || anchored(sk)
        || anchored(sp)
        || p.sides.is_some()
        || (numbered(k, p) && numbered(p, k));
    for (reading, kalshi) in [(k, true), (p, false)] {
        if reading.other_year {
            let (a, b) = if kalshi {
                ("question and rules name different years", "")
            } else {
                ("", "question and rules name different years")
            };
            found.add("edition", a, b, DifferenceKind::Missing);
        }
        if let Some(other) = reading.other_deadline {
            let (a, b) = (show_window(reading.window), show_window(Some(other)));
            let both = format!("{a} and {b}");
            let (a, b) = if kalshi { (both.as_str(), "") } else { ("", both.as_str()) };
            found.add("window", a, b, DifferenceKind::Missing);
        }
    }
    editions(k, p, anchored, found);
    // The day of a match or a vote is its edition.
    let stated =
        |w: &Option<Window>| w.filter(|w| w.from != Provenance::Fallback && !(anchored && w.point));
    match (stated(&k.window), stated(&p.window)) {
        (Some(a), Some(b)) => {
            let match_day = k.league.is_some() && p.league.is_some();
            let touch = [k, p].map(|r| r.has(Kind::Verb, "reach") || r.has(Kind::Verb, "dip"));
            window_pair(a, b, match_day, touch, found);
        }
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
        (None, None) if fine(k) && fine(p) => {}
        // "In 2026" and "for 2026"; "the hottest year" asks of the year both name.
        (None, None) if one_year(k).is_some_and(|year| one_year(p) == Some(year)) => {}
        (Some(w), None) if !w.point && one_year(p) == Some(w.end) => {}
        (None, Some(w)) if !w.point && one_year(k) == Some(w.end) => {}
        (Some(w), None) | (None, Some(w)) if w.point && fine(k) && fine(p) => {}
        // The next one may be long in coming; a deadline beyond the other market's end decides nothing before it.
        (Some(w), None) if follows(k, p) && p.ends_at.is_some_and(|end| w.end >= end) => {
            found.add("window", show_window(Some(w)), "", DifferenceKind::Caveat);
        }
        (None, Some(w)) if follows(k, p) && k.ends_at.is_some_and(|end| w.end >= end) => {
            found.add("window", "", show_window(Some(w)), DifferenceKind::Caveat);
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

/// Where the only year a market names ends, if it names one and no day.
fn one_year(reading: &Reading) -> Option<i64> {
    let dates: Vec<&When> = reading.statements().flat_map(|s| &s.dates).collect();
    let first = dates.first()?;
    let plain = |w: &&When| w.is_year() && matches!(w.tie, Tie::Named | Tie::On | Tie::In);
    (dates.iter().all(plain) && dates.iter().all(|w| w.first == first.first))
        .then(|| When { tie: Tie::In, ..(*first).clone() }.deadline())?
}

/// Whether both ask who comes next.
fn follows(k: &Reading, p: &Reading) -> bool {
    k.has(Kind::Rank, "next") && p.has(Kind::Rank, "next")
}

/// Whether the only stated window is the year or season of the event itself.
fn one_is_edition(k: &Reading, p: &Reading) -> bool {
    let whole = |r: &Reading| {
        r.window.is_some_and(|w| w.from != Provenance::Fallback)
            && r.statements()
                .flat_map(|s| &s.dates)
                .all(|d| matches!(d.tie, Tie::In | Tie::Named | Tie::On))
    };
    whole(k) || whole(p)
}

pub(crate) fn show_window(window: Option<Window>) -> String {
    window.map_or_else(String::new, |w| {
        let end = jiff::Timestamp::from_second(w.end)
            .map_or_else(|_| w.end.to_string(), |t| t.to_string());
        format!("{} {end} ({:?})", if w.point { "at" } else { "until" }, w.from)
    })
}

fn window_pair(a: Window, b: Window, match_day: bool, touch: [bool; 2], found: &mut Findings) {
    // The hour a match starts at is not when something is observed.
    if match_day && a.point && b.point && a.end.abs_diff(b.end) < 86_400 {
        return;
    }
    if a.point != b.point || (a.point && a.end != b.end) {
        found.add(
            "window",
            show_window(Some(a)),
            show_window(Some(b)),
            DifferenceKind::Contradiction,
        );
        // What holds on a day has been reached by then.
        let inside = |day: Window, all: Window| {
            day.point && !all.point && day.end <= all.end && all.start.is_none_or(|s| s < day.end)
        };
        found.meet(if touch[1] && inside(a, b) {
            Relation::Subset
        } else if touch[0] && inside(b, a) {
            Relation::Superset
        } else {
            Relation::Overlap
        });
        return;
    }
    if a.point {
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

/// Years, seasons and days that name the event: those the question and the condition give must all be met on the other side.
fn editions(k: &Reading, p: &Reading, anchored: bool, found: &mut Findings) {
    let named = |all: &[When]| -> Vec<When> {
        let out = all.iter().filter(|w| !matches!(w.tie, Tie::Before | Tie::By | Tie::After));
        out.cloned().collect()
    };
    let (mut a, mut b) = (named(&k.editions), named(&p.editions));
    let next = |r: &Reading| r.has(Kind::Rank, "next");
    if a.is_empty() && anchored && !next(k) {
        a.extend(k.ticker.clone());
    }
    if b.is_empty() && anchored && next(p) && !next(k) {
        b.extend(p.end_year.clone());
    }
    let text = |all: &[When]| all.iter().map(edition).collect::<Vec<_>>().join(", ");
    if a.is_empty() || b.is_empty() {
        if anchored && !(next(k) && next(p)) && !same_number(k, p) {
            found.add("edition", text(&a), text(&b), DifferenceKind::Missing);
        }
        return;
    }
    let met = |x: &When, others: &[When]| others.iter().any(|y| same_edition(x, y));
    if !a.iter().any(|x| met(x, &b)) {
        found.add("edition", text(&a), text(&b), DifferenceKind::Contradiction);
        found.meet(Relation::Overlap);
        return;
    }
    // Two conditions that each name a day name the same one.
    let days = |r: &Reading| -> Vec<When> {
        let dates = r.statements().flat_map(|s| &s.dates);
        let day = |w: &&When| w.is_day() && matches!(w.tie, Tie::On | Tie::Named);
        dates.filter(day).cloned().collect()
    };
    let (days_k, days_p) = (days(k), days(p));
    if days_k.is_empty() && another_day(k, p) {
        let ticker = k.ticker.as_ref().map(edition).unwrap_or_default();
        found.add("edition", ticker, text(&b), DifferenceKind::Contradiction);
        found.meet(Relation::Overlap);
        return;
    }
    if !days_k.is_empty()
        && !days_p.is_empty()
        && !days_k.iter().any(|x| days_p.iter().any(|y| same_edition(x, y)))
    {
        found.add("edition", text(&days_k), text(&days_p), DifferenceKind::Contradiction);
        found.meet(Relation::Overlap);
        return;
    }
    let own =
        |r: &Reading| named(&r.statements().flat_map(|s| s.dates.clone()).collect::<Vec<_>>());
    if !own(k).iter().all(|x| met(x, &b)) || !own(p).iter().all(|y| met(y, &a)) {
        found.add("edition", text(&a), text(&b), DifferenceKind::Missing);
    }
}

/// Whether the day of a match in the Kalshi ticker is not the one Polymarket gives; a day off may be another time zone.
fn another_day(k: &Reading, p: &Reading) -> bool {
    let Some(ticker) = k.ticker.as_ref().filter(|t| t.is_day() && p.sides.is_some()) else {
        return false;
    };
    let mut days = p.editions.iter().filter(|w| w.is_day()).peekable();
    let near = |w: &When| (w.first - ticker.first).get_days().abs() <= 1;
    days.peek().is_some() && !days.any(near)
}

pub(crate) fn edition(w: &When) -> String {
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
    if x.year_guessed && y.year_guessed && x.is_day() && y.is_day() {
        return (x.first.month(), x.first.day()) == (y.first.month(), y.first.day());
    }
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
    let any = |r: &Reading| r.statements().any(|s| s.negated);
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
    let one = ["bls", "bea"];
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

/// Every critical word of the question and of the condition must be explained by the other market, not only those of the closest
/// two statements; of the condition's plain words one may be left over.
fn every_statement(k: &Reading, p: &Reading, found: &mut Findings) {
    // Where the two conditions say the same, another verb of a question decides nothing.
    let agreed = |mine: &Reading, other: &Reading| {
        mine.claims.first().is_some_and(|first| {
            let (residue, _) = least(mine.claims.iter(), other, first);
            residue.atoms.iter().all(|(_, w)| *w < 0.5)
        })
    };
    let claims_agree = agreed(k, p) && agreed(p, k);
    // Both of two is less than one or the other.
    let joined = |r: &'_ Reading| -> Vec<(String, String, bool)> {
        r.claims.iter().take(1).flat_map(|s| s.joined.clone()).collect()
    };
    let (a, b) = (joined(k), joined(p));
    let turned = a.iter().find(|x| b.iter().any(|y| x.0 == y.0 && x.1 == y.1 && x.2 != y.2));
    if let Some((_, _, or)) = turned {
        let (k, p) = if *or { ("or", "and") } else { ("and", "or") };
        found.add("wording", k, p, DifferenceKind::Missing);
        found.meet(if *or { Relation::Superset } else { Relation::Subset });
    }
    // Where the questions say the same and only one condition has more to say, it spells out what both mean.
    let asked = |mine: &Reading, other: &Reading| {
        let (residue, _) = least(mine.titles.iter(), other, &mine.titles[0]);
        residue.atoms.iter().all(|(_, w)| *w < 0.5)
    };
    let wordy = |mine: &Reading, other: &Reading| {
        mine.claims.first().is_some_and(|first| {
            let (residue, _) = least(mine.claims.iter(), other, first);
            residue.atoms.iter().any(|(_, w)| *w >= 0.5)
        })
    };
    let same_question = asked(k, p) && asked(p, k);
    let spelled_out = same_question && !(wordy(k, p) && wordy(p, k));
    for (mine, other, kalshi) in [(k, p, true), (p, k, false)] {
        for atom in mine.basis.iter().flat_map(|s| &s.atoms).filter(|a| other_basis(mine, a)) {
            if weight(atom, other) >= 0.5 {
                let (a, b) =
                    if kalshi { (atom.text.as_str(), "") } else { ("", atom.text.as_str()) };
                found.add(atom.kind.as_str(), a, b, DifferenceKind::Missing);
            }
        }
        for (variants, spare) in
            [(&mine.titles, 0), (&mine.claims, if spelled_out { 3 } else { 1 })]
        {
            let Some(first) = variants.first() else { continue };
            let (residue, statement) = least(variants.iter(), other, first);
            let loose = spare == 0 && claims_agree;
            let words = residue.of_group(Group::Wording).len();
            let subject = |atom: &Atom| subject_of(statement, atom);
            for (atom, w) in &residue.atoms {
                // Whether a price closes above a number or reaches it decides, wherever it is said.
                let touch = matches!(atom.id.as_str(), "reach" | "dip")
                    && statement.amounts.iter().any(|a| a.compared || a.unit == "$");
                let acts = matches!(Group::of(atom.kind), Group::Act | Group::Wording) && !touch;
                let nominated = atom.kind == Kind::Stage
                    && atom.id == "primary"
                    && mine.has(Kind::Verb, "nominate");
                if loose && (acts && !subject_of(statement, atom) || nominated) {
                    continue;
                }
                let narrows = atom.kind == Kind::Word && statement.narrowing.contains(&atom.at);
                let spelled = spare > 1
                    && !narrows
                    && (Group::of(atom.kind) == Group::Wording && words <= spare
                        || atom.kind == Kind::Verb && SOFT.contains(&atom.id.as_str()));
                let spare = words <= spare
                    && !narrows
                    && !subject(atom)
                    && Group::of(atom.kind) == Group::Wording;
                if *w >= 0.5 && !spelled && !spare {
                    let (a, b) =
                        if kalshi { (atom.text.as_str(), "") } else { ("", atom.text.as_str()) };
                    found.add(atom.kind.as_str(), a, b, DifferenceKind::Missing);
                }
            }
        }
    }
}

/// Verbs that only say how something comes about.
const SOFT: [&str; 4] = ["form", "agree", "declare", "appoint"];

/// Whether the atom stands before the predicate.
fn subject_of(statement: &Statement, atom: &Atom) -> bool {
    statement.verb_at.is_none_or(|verb| atom.at < verb)
}

/// Whether the rules decide by another competition, office, place or round than the question: detail may be added, but of each kind
/// something must be common, and no round may come in.
fn other_basis(mine: &Reading, atom: &Atom) -> bool {
    let kinds = [
        Kind::Competition,
        Kind::Category,
        Kind::Office,
        Kind::Place,
        Kind::Party,
        Kind::District,
        Kind::Team,
    ];
    if matches!(atom.kind, Kind::Stage | Kind::League) {
        return true;
    }
    let titles = || mine.titles.iter().flat_map(|s| &s.atoms).filter(|a| a.kind == atom.kind);
    let common = |a: &Atom| titles().any(|b| a.id == b.id);
    kinds.contains(&atom.kind)
        && titles().next().is_some()
        && !mine.basis.iter().flat_map(|s| &s.atoms).any(|a| a.kind == atom.kind && common(a))
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

/// Another outcome of the same event, or another event.
fn other_outcome(
    k: &Reading,
    p: &Reading,
    sk: &Statement,
    sp: &Statement,
    conflicts: &[Group],
    found: &mut Findings,
) -> Relation {
    let shares = shares(k, p);
    let only_who = conflicts.iter().all(|g| matches!(g, Group::Who | Group::Place));
    let mut inner = Findings::default();
    amounts(k, p, &mut inner);
    editions(k, p, true, &mut inner);
    let same_event = only_who
        && shares
        && !inner.any(DifferenceKind::Contradiction)
        && exclusive(k)
        && exclusive(p);
    let inner_contradiction = inner
        .differences
        .iter()
        .any(|d| d.term == "edition" && d.kind == DifferenceKind::Contradiction);
    found.differences.append(&mut inner.differences);
    let turns = ["cut", "raise", "hold_rates"];
    let opposed = [sk, sp].iter().all(|s| turns.iter().any(|id| s.has(Kind::Verb, id)));
    if opposed && conflicts == [Group::Act] && shares && fine(k) == fine(p) && !inner_contradiction
    {
        return Relation::Disjoint;
    }
    let ranked = conflicts == [Group::Degree]
        && [sk, sp].iter().all(|s| s.atoms.iter().any(|a| a.kind == Kind::Rank));
    if ranked && shares && !found.any_but("rank") {
        return Relation::Disjoint;
    }
    if !same_event {
        return if shares { Relation::Overlap } else { Relation::Unrelated };
    }
    let tied = |s: &Statement| s.has(Kind::Outcome, "tie");
    if k.shared || p.shared || ((tied(sk) || tied(sp)) && (k.tie_goes_to_one || p.tie_goes_to_one))
    {
        return Relation::Overlap;
    }
    Relation::Disjoint
}

/// Whether at most one can be the answer.
fn exclusive(s: &Reading) -> bool {
    let one = ["next", "first", "top_votes", "most_seats", "second", "third", "fourth", "top"];
    s.has(Kind::Verb, "win")
        || s.has(Kind::Verb, "form")
        || (s.has(Kind::Verb, "host") && s.has_kind(Kind::Competition))
        || one.iter().any(|id| s.has(Kind::Rank, id))
}

/// Polymarket's outcomes are two names: which of them is Kalshi's?
fn two_sided(k: &Reading, p: &Reading, relation: Relation, found: &mut Findings) -> Relation {
    let Some([first, second]) = &p.sides else { return relation };
    if p.sides_turned {
        found.add(
            "polarity",
            "",
            "the rules do not pay each name for its own win",
            DifferenceKind::Missing,
        );
    }
    let subject = k.claims.first().or(k.label.as_ref()).or(k.titles.first());
    let named = |side: &Statement| {
        side.atoms
            .iter()
            .filter(|a| {
                subject.is_some_and(|s| s.subject().any(|b| b.kind == a.kind && b.id == a.id))
            })
            .count()
    };
    // "Chiefs by over 3.5" says nothing of the Bills by over 3.5.
    if let Some(favourite) = p.favourite.as_ref().filter(|favourite| named(favourite) == 0) {
        let who: Vec<&Atom> = favourite.atoms.iter().collect();
        found.add("outcome", "", names(&who), DifferenceKind::Contradiction);
        return meet(relation, Relation::Disjoint);
    }
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
    if narrowed(found, &["round", "gender", "rank", "place", "threshold"]) {
        return Verdict::Rejected;
    }
    match missing {
        0 => Verdict::Probable,
        1..=3 if similarity >= 0.6 => Verdict::Candidate,
        _ if similarity >= 0.95 => Verdict::Candidate,
        _ => Verdict::Rejected,
    }
}

//! A question and a condition of one market that cannot both be meant.

use super::Reading;
use super::redundancy::Said;
use crate::lexicon::{Kind, Lexicon};
use crate::statement::{Atom, Statement};
use crate::table::{group, opposed, siblings};

/// What the question asks for and the condition decides by instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Contradiction {
    pub(crate) kind: Kind,
    pub(crate) asked: String,
    pub(crate) ruled: String,
}

/// Kinds of which question and condition name the same one. Places, organisations and competitions go by several names and parts.
const ONE: [Kind; 14] = [
    Kind::Competition,
    Kind::Place,
    Kind::Organisation,
    Kind::Rank,
    Kind::Team,
    Kind::Party,
    Kind::Category,
    Kind::Stage,
    Kind::Office,
    Kind::Observation,
    Kind::Measure,
    Kind::Asset,
    Kind::District,
    Kind::Outcome,
];

/// Where the question (or the label of its outcome) and the condition each name something that the other leaves out, in one role or
/// of one row of siblings: `core inflation` and `headline inflation`, `the final` and `the semi-final`.
pub(super) fn contradiction(reading: &Reading) -> Option<Contradiction> {
    if reading.sides.is_some() || reading.claims.is_empty() {
        return None;
    }
    let asked = Said::of(reading.titles.iter().chain(&reading.label));
    let ruled = Said::of(reading.claims.iter().chain(&reading.basis));
    let role = ONE.into_iter().find_map(|kind| {
        let open = |all: &[Statement], said: &Said| open(all, said, |a| a.kind == kind);
        let (x, y) = (open(&reading.titles, &ruled)?, open(&reading.claims, &asked)?);
        (!one_in_two_words(&x, &y)).then_some((x, y))
    });
    let verbs = || {
        let open = |all: &[Statement], said: &Said| open(all, said, |a| a.kind == Kind::Verb);
        let (x, y) = (open(&reading.titles, &ruled)?, open(&reading.claims, &asked)?);
        opposed(&x.id, &y.id).then_some((x, y))
    };
    let found = role
        .or_else(verbs)
        .or_else(|| another_round(reading, &asked, &ruled))
        .or_else(|| another_name(reading, &asked, &ruled))
        .or_else(|| sibling(reading, &asked, &ruled));
    found.map(|(x, y)| Contradiction { kind: y.kind, asked: x.text, ruled: y.text })
}

/// The first such atom of each statement that the others leave out, if every statement has one.
fn open(all: &[Statement], said: &Said, of: impl Fn(&Atom) -> bool) -> Option<Atom> {
    let mut first = all.iter().map(|s| s.atoms.iter().find(|a| of(a) && !said.has(a)));
    let found = first.next().flatten()?;
    first.all(|atom| atom.is_some()).then(|| found.clone())
}

/// The next to hold an office may be found by a vote, a legislature goes by its name, a city lies in its state.
fn one_in_two_words(x: &Atom, y: &Atom) -> bool {
    let city = |a: &Atom| group("american_city").contains(&a.id.as_str());
    let state = |a: &Atom| Lexicon::standard().is_state(&a.id) || a.id == "us";
    let inside = city(x) && state(y) || state(x) && city(y);
    let either = |id: &str| x.id == id || y.id == id;
    either("next") || either("parliament") || inside
}

/// Reaching a round in the one, winning in the other.
fn another_round(reading: &Reading, asked: &Said, ruled: &Said) -> Option<(Atom, Atom)> {
    let verb = |all: &[Statement], said: &Said, id: &str| {
        open(all, said, |a| a.kind == Kind::Verb && a.id == id)
    };
    let stage = |all: &[Statement], said: &Said| open(all, said, |a| a.kind == Kind::Stage);
    let (titles, claims) = (&reading.titles, &reading.claims);
    let reached = verb(titles, ruled, "reach").zip(verb(claims, asked, "win"));
    let won = verb(titles, ruled, "win").zip(verb(claims, asked, "reach"));
    reached
        .filter(|_| stage(titles, ruled).is_some())
        .or_else(|| won.filter(|_| stage(claims, asked).is_some()))
}

/// A name before the predicate of the question, or of the label, for which the condition has another one.
fn another_name(reading: &Reading, asked: &Said, ruled: &Said) -> Option<(Atom, Atom)> {
    const WHO: [Kind; 4] = [Kind::Name, Kind::Party, Kind::Team, Kind::Place];
    let initials: Vec<&str> =
        reading.statements().flat_map(|s| &s.initials).map(|run| run.letters.as_str()).collect();
    WHO.into_iter().find_map(|kind| {
        let open = |a: &&Atom, said: &Said| {
            a.kind == kind && !said.has(a) && !initials.contains(&a.id.as_str())
        };
        let subject = |s: &Statement, said: &Said| s.subject().find(|a| open(a, said)).cloned();
        let label = reading.label.iter().flat_map(|l| &l.atoms).find(|a| open(a, ruled)).cloned();
        let every = |all: &[Statement], said: &Said| -> Option<Atom> {
            let found: Option<Vec<Atom>> = all.iter().map(|s| subject(s, said)).collect();
            found?.into_iter().next()
        };
        let claimed = every(&reading.claims, asked)?;
        Some((label.or_else(|| every(&reading.titles, ruled))?, claimed))
    })
}

/// Words of one row of siblings.
fn sibling(reading: &Reading, asked: &Said, ruled: &Said) -> Option<(Atom, Atom)> {
    let open = |all: &[Statement], said: &Said| -> Vec<Atom> {
        all.iter().flat_map(|s| &s.atoms).filter(|a| !said.has(a)).cloned().collect()
    };
    let (a, b) = (open(&reading.titles, ruled), open(&reading.claims, asked));
    a.iter().find_map(|x| {
        let y = b.iter().find(|y| siblings(&x.text, &y.text))?;
        Some((x.clone(), y.clone()))
    })
}

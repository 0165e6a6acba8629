//! The two sides of one match, and the parties of one vote.

use std::collections::BTreeSet;

use crate::lexicon::Kind;
use crate::reading::Reading;
use crate::statement::{Atom, Statement};

/// The names of two opponents: one market asks for the win of one side of `A vs B`, the other for that of the other side.
pub(super) fn opponents(k: &Reading, p: &Reading) -> Option<(String, String)> {
    if k.sides.is_some() || p.sides.is_some() {
        return None;
    }
    let (a, b) = (winners(k), winners(p));
    let apart = |of: &Reading| {
        of.statements()
            .any(|s| side(s, &a).zip(side(s, &b)).is_some_and(|(first, second)| first != second))
    };
    (apart(k) || apart(p)).then(|| (words(a), words(b)))
}

/// The names of two parties of which one has to win on each side, whatever else the rules mention.
pub(super) fn parties(k: &Reading, p: &Reading) -> Option<(String, String)> {
    let of = |r: &Reading| -> BTreeSet<String> {
        let named = r.subject().filter(|a| a.kind == Kind::Party);
        named.map(|a| a.id.clone()).collect()
    };
    let (a, b) = (of(k), of(p));
    let list = |all: &BTreeSet<String>| all.iter().cloned().collect::<Vec<_>>().join(" ");
    let other = !a.is_empty() && !b.is_empty() && a.is_disjoint(&b);
    other.then(|| (list(&a), list(&b)))
}

/// Who has to win.
fn winners(reading: &Reading) -> Vec<&Atom> {
    let claim = reading.claims.first().filter(|s| s.has(Kind::Verb, "win") && !s.negated);
    let named = |a: &&Atom| matches!(a.kind, Kind::Team | Kind::Name | Kind::Place);
    claim.into_iter().flat_map(Statement::subject).filter(named).collect()
}

/// The side of a statement's `A vs B` on which all of these stand.
fn side(statement: &Statement, all: &[&Atom]) -> Option<usize> {
    let sides = statement.versus.as_ref()?;
    let on = |a: &Atom, side: &std::ops::Range<usize>| {
        statement.atoms.iter().any(|b| side.contains(&b.at) && b.kind == a.kind && b.id == a.id)
    };
    let holds = |side: &std::ops::Range<usize>| !all.is_empty() && all.iter().all(|a| on(a, side));
    let found = sides.iter().position(holds)?;
    (!sides[1 - found..=1 - found].iter().any(holds)).then_some(found)
}

/// The words of some atoms.
pub(super) fn words<'a>(all: impl IntoIterator<Item = &'a Atom>) -> String {
    all.into_iter().map(|a| a.text.as_str()).collect::<Vec<_>>().join(" ")
}

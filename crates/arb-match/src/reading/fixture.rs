//! The match a market is about: its sides and its round, wherever the market names them.

use std::collections::BTreeSet;

use super::Reading;
use crate::contingency::sentences;
use crate::lexicon::Kind;
use crate::statement::{Atom, Statement};
use crate::table::group;

/// The match a market is about.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fixture {
    /// The names of both sides, by the event, the question, the condition or what the rules say that the market refers to.
    pub(crate) sides: Option<[Vec<Atom>; 2]>,
    /// The rounds of a tournament that the match is said to be.
    pub(crate) rounds: BTreeSet<String>,
    /// The tournaments: `Australian Open`, and of one that no table knows what stands before `Open`.
    pub(crate) tournaments: Vec<Atom>,
}

impl Fixture {
    pub(super) fn of(
        reading: &Reading,
        event: &Statement,
        rules: &str,
        read: impl Fn(&str) -> Statement,
    ) -> Self {
        let refers = sentences(rules).into_iter().find(|text| text.contains(" refers to the "));
        let refers = refers.map(|text| read(&text));
        let stated: Vec<&Statement> =
            [event].into_iter().chain(reading.statements()).chain(&refers).collect();
        let sides = stated.iter().find_map(|s| sides(s));
        if sides.is_none() {
            return Self::default();
        }
        let named = stated.iter().flat_map(|s| &s.atoms);
        let rounds = named.filter(|a| a.kind == Kind::Stage).map(|a| a.id.clone());
        let rounds = rounds.filter(|id| group("tournament_round").contains(&id.as_str())).collect();
        let tournaments = stated.iter().flat_map(|s| tournaments(s)).cloned().collect();
        Self { sides, rounds, tournaments }
    }
}

/// The competitions that a statement names.
fn tournaments(statement: &Statement) -> impl Iterator<Item = &Atom> {
    let before = statement.atoms.windows(2).filter_map(|two| {
        let event = ["won_by_coming_first", "event_name"]
            .iter()
            .any(|name| group(name).contains(&two[1].id.as_str()));
        let named = matches!(two[0].kind, Kind::Name | Kind::Place) && two[0].end() == two[1].at;
        (event && named).then_some(&two[0])
    });
    statement.atoms.iter().filter(|a| a.kind == Kind::Competition).chain(before)
}

/// The names of both sides of a statement's `A vs B`.
fn sides(statement: &Statement) -> Option<[Vec<Atom>; 2]> {
    let name = |a: &&Atom| matches!(a.kind, Kind::Team | Kind::Name | Kind::Place);
    let sides = statement.opponents()?;
    let sides = sides.map(|side| side.into_iter().filter(name).cloned().collect::<Vec<_>>());
    sides.iter().all(|side| !side.is_empty()).then_some(sides)
}

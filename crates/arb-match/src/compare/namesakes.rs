//! Teams whose names share words: Kansas and Kansas State, Dundee and Dundee United.

use std::collections::BTreeSet;

use crate::lexicon::Kind;
use crate::reading::Reading;
use crate::statement::{Atom, Statement};
use crate::table::group;
use crate::text::tokens;

/// What names a team, and the words that make another school or club of the same name.
#[derive(Debug, Default)]
struct Team<'a> {
    own: BTreeSet<(Kind, &'a str)>,
    added: BTreeSet<&'a str>,
    text: String,
}

impl<'a> Team<'a> {
    fn of(atoms: impl Iterator<Item = &'a Atom>) -> Self {
        let mut team = Self::default();
        for atom in atoms {
            // "Iowa St.", but not "St. Louis".
            let named = !team.own.is_empty();
            let id = if atom.id == "st" && named { "stat" } else { atom.id.as_str() };
            if group("sibling_name").contains(&id) {
                team.added.insert(id);
            } else if matches!(atom.kind, Kind::Name | Kind::Place | Kind::Team) {
                team.own.insert((atom.kind, id));
            } else {
                continue;
            }
            team.text = format!("{} {}", team.text, atom.text).trim().to_owned();
        }
        team
    }

    /// Whether the names have a word of their own in common.
    fn resembles(&self, other: &Self) -> bool {
        !self.own.is_disjoint(&other.own)
    }

    /// Whether the name has that word, be it a part of what the tables know.
    fn has(&self, word: &str) -> bool {
        self.added.contains(word)
            || self.own.iter().any(|(_, id)| *id == word)
            || tokens(&self.text).iter().any(|token| token.stem == word)
    }

    /// Whether this name has a word that the other one lacks and its opponent has.
    fn takes(&self, other: &Self, opponent: &Self) -> bool {
        self.added.iter().any(|word| !other.has(word) && opponent.has(word))
    }
}

/// Two teams of one game that the other market sets against each other under the same words, but with a word of the one at the other:
/// `Kansas at Iowa St.` and `Kansas State vs. Iowa`.
pub(super) fn namesakes(k: &Reading, p: &Reading) -> Option<(String, String)> {
    let (ours, theirs) = (games(k), games(p));
    for a in &ours {
        for b in &theirs {
            let fits = |x: usize, y: usize| a[x].resembles(&b[y]);
            let torn =
                |x: usize, y: usize| a[x].takes(&b[y], &b[1 - y]) || b[y].takes(&a[x], &a[1 - x]);
            let mut ways =
                [[0, 1], [1, 0]].into_iter().filter(|way| fits(0, way[0]) && fits(1, way[1]));
            let mut any = false;
            let whole = ways.any(|way| {
                any = true;
                !torn(0, way[0]) && !torn(1, way[1])
            });
            if any && !whole {
                let game = |teams: &[Team<'_>; 2]| format!("{} / {}", teams[0].text, teams[1].text);
                return Some((game(a), game(b)));
            }
        }
    }
    None
}

/// The two teams, as the outcomes and every `A vs B` name them.
fn games(reading: &Reading) -> Vec<[Team<'_>; 2]> {
    let outcomes = reading.sides.as_ref();
    let outcomes = outcomes.map(|sides| sides.each_ref().map(|s| Team::of(s.atoms.iter())));
    outcomes.into_iter().chain(reading.statements().filter_map(played)).collect()
}

/// The two sides of a statement's `A vs B`.
fn played(statement: &Statement) -> Option<[Team<'_>; 2]> {
    Some(statement.opponents()?.map(|side| Team::of(side.into_iter())))
}

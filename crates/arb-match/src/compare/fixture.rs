//! The match both markets are about. One side and the day name it, so what only one market says of it is no difference; where both
//! name the other side, the tournament or the round, they have to name the same.

use std::collections::BTreeSet;

use super::Findings;
use super::opponents::words;
use crate::judgement::DifferenceKind;
use crate::reading::Reading;
use crate::statement::Atom;

/// Other opponents, tournaments or rounds in the two markets.
pub(super) fn fixture(k: &Reading, p: &Reading, found: &mut Findings) {
    if let (Some(a), Some(b)) = (stranger(k, p), stranger(p, k)) {
        found.add("subject", a, b, DifferenceKind::Missing);
    }
    if let (Some(a), Some(b)) = (elsewhere(k, p), elsewhere(p, k)) {
        found.add("competition", a, b, DifferenceKind::Missing);
    }
    let (a, b) = (&k.fixture.rounds, &p.fixture.rounds);
    if !a.is_empty() && !b.is_empty() && a.is_disjoint(b) {
        let list =
            |all: &BTreeSet<String>| all.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
        found.add("round", list(a), list(b), DifferenceKind::Missing);
    }
}

/// The tournaments of a market of whose names the other one says nothing, though it names others.
fn elsewhere(mine: &Reading, other: &Reading) -> Option<String> {
    let all = &mine.fixture.tournaments;
    let unknown = all.iter().all(|atom| other.explains(atom) < 0.5);
    (unknown && !all.is_empty()).then(|| words(all))
}

/// A side of whose name the other market says nothing.
fn stranger(mine: &Reading, other: &Reading) -> Option<String> {
    let unknown = |side: &&Vec<Atom>| side.iter().all(|atom| other.explains(atom) < 0.5);
    mine.fixture.sides.as_ref()?.iter().find(unknown).map(words)
}

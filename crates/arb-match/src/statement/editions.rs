//! Counted editions as the years they were held in, and seasons as the stretch they last.

use jiff::civil::Date;

use super::numerals::{ordinal, roman};
use crate::lexicon::Kind;
use crate::statement::Atom;
use crate::text::Token;
use crate::when::{Tie, When};

const SUPER_BOWL: i16 = 1966;

/// The nth Congress is elected in this year and 2n.
const FIRST_CONGRESS: i16 = 1786;

/// The year in which a Congress is elected.
pub(super) fn election_of(congress: i16) -> Option<When> {
    calendar_year(FIRST_CONGRESS + 2 * congress)
}

/// A year that names an edition.
fn calendar_year(year: i16) -> Option<When> {
    let (first, end) = (Date::new(year, 1, 1).ok()?, Date::new(year + 1, 1, 1).ok()?);
    let (time, year_guessed, season) = (None, false, false);
    Some(When { tie: Tie::Named, first, end, time, year_guessed, season, start: 0, stop: 0 })
}

/// Ordinals of editions: `97th Academy Awards`. Base year by competition: edition n was held in base + n.
const EDITIONS: [(&str, i16); 9] = [
    ("eurovision", 1956),
    ("super_bowl", SUPER_BOWL),
    ("oscars", 1928),
    ("bafta", 1947),
    ("sag", 1994),
    ("emmys", 1948),
    ("grammys", 1958),
    ("globes", 1943),
    ("tonys", 1947),
];

/// Turns `97th` beside an award into the year it was held, and drops the ordinal.
pub(super) fn counted_editions(atoms: &mut Vec<Atom>) -> Vec<When> {
    let Some(base) = atoms.iter().find_map(|atom| {
        EDITIONS
            .iter()
            .find(|(id, _)| atom.kind == Kind::Competition && atom.id == *id)
            .map(|(_, base)| *base)
    }) else {
        return Vec::new();
    };
    let mut years = Vec::new();
    atoms.retain(|atom| {
        if let Some(n) = roman(&atom.text).filter(|_| base == SUPER_BOWL) {
            years.push(base + n);
            return false;
        }
        let year = match ordinal(&atom.text) {
            Some(n) if (20..150).contains(&n) => base + n,
            _ => return true,
        };
        years.push(year);
        false
    });
    years.into_iter().filter_map(calendar_year).collect()
}

/// The `2026 NFL season` is that of 2026-27: such a season is named by the year it begins in.
pub(super) fn season(tokens: &[Token], when: &mut When, league: Option<&str>) {
    let behind = tokens.get(when.stop..).unwrap_or_default();
    let named = behind.iter().take_while(|t| t.word).take(6).position(|t| t.stem == "season");
    let Some(at) = named.filter(|_| when.is_year()) else { return };
    let football = |t: &Token| matches!(t.text.as_str(), "nfl" | "football");
    let college =
        tokens.windows(2).any(|two| two[0].text == "college" && two[1].text == "football");
    if !(college || behind[..at].iter().any(football) || matches!(league, Some("nfl" | "ncaaf"))) {
        return;
    }
    let year = when.first.year();
    let (first, end) = (Date::new(year, 7, 1), Date::new(year + 1, 7, 1));
    if let (Ok(first), Ok(end)) = (first, end) {
        (when.first, when.end, when.season) = (first, end, true);
    }
}

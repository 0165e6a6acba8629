//! Counted editions as the years they were held in, and seasons as the stretch they last.

use std::collections::HashMap;
use std::sync::LazyLock;

use jiff::civil::Date;

use super::numerals::{ordinal, roman};
use crate::lexicon::Kind;
use crate::statement::Atom;
use crate::table::rows;
use crate::text::Token;
use crate::when::{Tie, When};

/// The year in which a Congress is elected.
pub(super) fn election_of(congress: i16) -> Option<When> {
    calendar_year(COUNTED_FROM.get("us_congress")? + 2 * congress)
}

/// A year that names an edition.
fn calendar_year(year: i16) -> Option<When> {
    let (first, end) = (Date::new(year, 1, 1).ok()?, Date::new(year + 1, 1, 1).ok()?);
    let (time, year_guessed, season) = (None, false, false);
    Some(When { tie: Tie::Named, first, end, time, year_guessed, season, start: 0, stop: 0 })
}

/// `data/editions.tsv`: the year by which a competition's editions are counted, edition n being held in that year + n.
static COUNTED_FROM: LazyLock<HashMap<&str, i16>> = LazyLock::new(|| {
    let counted = rows(include_str!("../../data/editions.tsv")).filter_map(|fields| {
        let [id, year] = fields[..] else { return None };
        Some((id, year.parse().ok()?))
    });
    counted.collect()
});

/// Turns `97th` beside an award into the year it was held, and drops the ordinal.
pub(super) fn counted_editions(atoms: &mut Vec<Atom>) -> Vec<When> {
    let counted = atoms.iter().filter(|atom| atom.kind == Kind::Competition);
    let counted = counted.filter_map(|atom| Some((&atom.id, *COUNTED_FROM.get(atom.id.as_str())?)));
    let Some((base, roman_too)) = counted.map(|(id, base)| (base, id == "super_bowl")).next()
    else {
        return Vec::new();
    };
    let mut years = Vec::new();
    atoms.retain(|atom| {
        if let Some(n) = roman(&atom.text).filter(|_| roman_too) {
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

//! Numbers that are written as words or letters: `97th`, `LIX`, `VI`, `third`.

use crate::grammar::ROMAN_NUMERALS;
use crate::lexicon::Kind;
use crate::statement::Atom;

/// A Roman numeral from 50 to 89, as Super Bowls are counted.
pub(super) fn roman(word: &str) -> Option<i16> {
    let rest = word.strip_prefix('l')?;
    let tens = rest.chars().take_while(|c| *c == 'x').count();
    let units = match &rest[tens..] {
        "" => 0,
        "i" => 1,
        "ii" => 2,
        "iii" => 3,
        "iv" => 4,
        "v" => 5,
        "vi" => 6,
        "vii" => 7,
        "viii" => 8,
        "ix" => return i16::try_from(59 + 10 * tens).ok(),
        _ => return None,
    };
    i16::try_from(50 + 10 * tens + units).ok()
}

/// The number of `97th`; `49ers` is none.
pub(super) fn ordinal(word: &str) -> Option<i16> {
    let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    matches!(&word[digits.len()..], "st" | "nd" | "rd" | "th").then(|| digits.parse().ok())?
}

/// A Roman numeral after a name (`Grand Theft Auto VI`), as digits. A single letter may be anything.
pub(super) fn numeral(word: &str) -> Option<&'static str> {
    ROMAN_NUMERALS.iter().find(|(roman, _)| *roman == word).map(|(_, digits)| *digits)
}

/// The number of `first` to `fourth`.
pub(super) fn rank(atom: &Atom) -> Option<i16> {
    let at = ["first", "second", "third", "fourth"].iter().position(|id| *id == atom.id)?;
    i16::try_from(at + 1).ok().filter(|_| atom.kind == Kind::Rank)
}

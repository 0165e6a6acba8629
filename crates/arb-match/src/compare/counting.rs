//! What counts as one, and in what manner a deed or a figure counts: the same number of cuts, the same meeting, the same prices,
//! counted in two ways.

use super::Findings;
use crate::judgement::DifferenceKind;
use crate::lexicon::Kind;
use crate::reading::Reading;
use crate::table::group;

/// A cut of 50 basis points is one cut to a market that counts decisions, and two to one that counts steps of 25.
pub(super) fn counting(k: &Reading, p: &Reading, found: &mut Findings) {
    // Three cuts are three decisions where nothing else is said.
    if by_the_step(k) != by_the_step(p) {
        let show = |r: &Reading| match (by_the_step(r), by_the_deed(r)) {
            (true, _) => "counts steps",
            (_, true) => "counts each deed as one",
            _ => "",
        };
        found.add("unit", show(k), show(p), DifferenceKind::Missing);
    }
    if let (Some(a), Some(b)) = (k.adjusted, p.adjusted)
        && a != b
    {
        let show = |on| if on { "seasonally adjusted" } else { "not seasonally adjusted" };
        found.add("measure", show(a), show(b), DifferenceKind::Missing);
    }
    let alone =
        |mine, other: &Reading| averaged(mine) && !averaged(other) && !other.mentions("averag");
    if alone(k, p) {
        found.add("observation", "averaged", "", DifferenceKind::Missing);
    } else if alone(p, k) {
        found.add("observation", "", "averaged", DifferenceKind::Missing);
    }
    if in_person(k) && remote(p) || in_person(p) && remote(k) {
        let show = |r: &Reading| if in_person(r) { "in person" } else { "remotely too" };
        found.add("predicate", show(k), show(p), DifferenceKind::Missing);
    }
}

/// Whether an average is asked for, by what decides too.
fn averaged(reading: &Reading) -> bool {
    let mut stated = reading.statements().chain(&reading.basis);
    stated.any(|s| s.has(Kind::Observation, "average") || s.atoms.iter().any(|a| a.id == "averag"))
}

/// `Each decrease counts as one cut, independent of the size`.
fn by_the_deed(reading: &Reading) -> bool {
    reading.definitions.iter().any(|d| {
        let rest =
            group("whatever").iter().find_map(|w| d.sentence.split_once(w)).map(|(_, rest)| rest);
        rest.is_some_and(|rest| group("extent").iter().any(|word| rest.contains(word)))
    })
}

/// `A cut of 50 basis points would be considered 2 cuts`.
fn by_the_step(reading: &Reading) -> bool {
    const COUNTS: [&str; 5] =
        ["considered ", "counts as ", "count as ", "counted as ", "treated as "];
    reading.definitions.iter().any(|d| {
        let mut counted = COUNTS.iter().flat_map(|words| d.sentence.split(words).skip(1));
        // "Each 25 basis points of reduction is counted as one cut".
        let each = d.counts && d.sentence.contains("each 25 b");
        each || counted.any(several)
    })
}

/// Whether a text begins with a number of cuts or the like, and not with one.
fn several(text: &str) -> bool {
    const SEVERAL: [&str; 5] = ["two ", "three ", "four ", "several ", "multiple "];
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    let bare = [" cut", " hike", " separate"].iter().any(|w| text[digits.len()..].starts_with(w));
    SEVERAL.iter().any(|words| text.starts_with(words))
        || bare && digits.parse::<u32>().is_ok_and(|n| n > 1)
}

/// Whether a deed has to be done in person.
fn in_person(reading: &Reading) -> bool {
    reading.in_person
}

/// Whether a call or a video conference is a meeting too.
fn remote(reading: &Reading) -> bool {
    reading.has(Kind::Verb, "meet")
        && !reading.in_person
        && group("remote_stem").iter().any(|stem| reading.mentions(stem))
}

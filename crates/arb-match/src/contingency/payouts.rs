//! What a sentence of the rules says is paid.

use super::Payout;
use crate::text::tokens;

/// What a sentence says is paid.
pub(super) fn payout(lower: &str, sides: Option<&[String; 2]>) -> Option<Payout> {
    if lower.contains("remain open") || lower.contains("stay open") || lower.contains("stays open")
    {
        return Some(Payout::Open);
    }
    if lower.contains("alphabet") {
        let first = lower.contains("first in alphabetical")
            || lower.contains("first alphabetically")
            || lower.contains("alphabetically first");
        return Some(if first {
            Payout::Alphabet
        } else {
            Payout::Other("by the alphabet".into())
        });
    }
    let at =
        ["resolve", "settle", "resolution"].iter().filter_map(|verb| lower.find(verb)).min()?;
    let tail = &lower[at..];
    let words: Vec<String> = tokens(tail).into_iter().map(|t| t.text).collect();
    let skipped = ["to", "as", "at", "a", "the", "immediately", "in", "favor", "of", "early", "be"];
    let first = words.iter().skip(1).find(|word| !skipped.contains(&word.as_str()));
    if let Some(sides) = sides {
        let named = sides.iter().position(|side| {
            tail.split_once(" to ").is_some_and(|(_, paid)| paid.starts_with(&side.to_lowercase()))
        });
        if let Some(side) = named {
            return Some(Payout::Side(side));
        }
    }
    let even =
        ["50-50", "50/50", "50%", "50 ", "0.50", "0.5 ", "fair", "last traded", "last price"];
    let even = even.iter().any(|words| tail.contains(words))
        || tail.ends_with("0.5")
        || ["refund", "even", "equally"].iter().any(|word| tail.contains(word));
    match first.map(String::as_str) {
        Some("yes") => Some(Payout::Yes),
        Some("no" | "other" | "none") => Some(Payout::No),
        _ if tail.contains("lowest bracket") => Some(Payout::Lowest),
        _ if even => Some(Payout::Even),
        // "qualify for a Yes resolution", "suffice to resolve this market to Yes"
        _ if lower.contains("yes resolution") || tail.contains(" to yes") => Some(Payout::Yes),
        _ if lower.contains("no resolution")
            || tail.contains(" to no ")
            || tail.ends_with(" to no") =>
        {
            Some(Payout::No)
        }
        _ if ["official winner", "tiebreak", "tie-break", "official rules"]
            .iter()
            .any(|w| lower.contains(w)) =>
        {
            Some(Payout::Official)
        }
        Some(_) if parted(tail) => Some(Payout::Official),
        Some(_) if tail.contains(" to ") || tail.contains("in favor of") => {
            Some(Payout::Other(tail.to_owned()))
        }
        _ => None,
    }
}

/// Whether the tied are parted by what one of them is or has: `in favor of the country with the most silver medals`, `of the party
/// which received more votes`.
fn parted(tail: &str) -> bool {
    let Some((_, one)) = tail.split_once("in favor of the ") else { return false };
    let chance = ["lot", "random", "coin", "discretion"];
    [" with ", " that ", " which ", " who ", " whose "].iter().any(|w| one.contains(w))
        && !chance.iter().any(|w| one.contains(w))
}

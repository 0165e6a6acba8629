//! The cases a sentence of the rules speaks of.

use super::Case;
use crate::text::tokens;

/// The cases a sentence speaks of.
pub(super) fn cases(lower: &str) -> Vec<Case> {
    let any = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let word =
        |words: &[&str]| tokens(lower).iter().any(|token| words.contains(&token.text.as_str()));
    let mut out = Vec::new();
    if word(&["tie", "tied", "ties", "draw"])
        || any(&[
            "shared",
            "jointly",
            "along with another",
            "co-winner",
            "multiple winners",
            "dead heat",
            "dead-heat",
        ])
        || (any(&["multiple ", "more than one ", "two or more "])
            && any(&["named", "win", "award"]))
    {
        out.push(Case::Tie);
    }
    let published = any(&["released", "published", "announced", "issued"]);
    let unpublished = published && any(&["if no decision", "or no decision", "no statement"]);
    if unpublished
        || any(&[
            "cancel",
            "abandon",
            "no contest",
            "called off",
            "not take place",
            "walkover",
            "forfeit",
        ])
    {
        out.push(Case::Cancelled);
    }
    if any(&["postpone", "reschedul", "delayed", "suspended"]) && !any(&["suspended sentence"]) {
        out.push(Case::Postponed);
    }
    if word(&["die", "dies", "died", "death", "deceased"]) {
        out.push(Case::Death);
    }
    if any(&[
        "impossible",
        "eliminated",
        "not officially nominated",
        "not nominated",
        "disqualified",
    ]) {
        out.push(Case::Impossible);
    }
    if any(&["certainty", "mathematically certain", "clinch", "guaranteed"]) {
        out.push(Case::Certain);
    }
    out
}

/// The parts of the event a sentence counts or leaves out.
pub(super) fn parts(lower: &str) -> Vec<(Case, bool)> {
    let any = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let regular =
        any(&["regulation", "90 minutes", "90-minute", "regular time", "full-time result"]);
    let extra =
        any(&["overtime", "extra time", "shootout", "shoot-out", "extra innings", "penalties"]);
    let left_out = any(&["not includ", "exclud", "not count", "without", "disregard"]);
    let included = !left_out && any(&["includ", "count"]);
    let mut out = Vec::new();
    if (regular || extra) && (left_out || (regular && !included)) {
        out.push((Case::Overtime, false));
    } else if extra && included {
        out.push((Case::Overtime, true));
    }
    let second = any(&["second round", "runoff", "run-off"]);
    let only_first = any(&["only"]) && any(&["first round"]);
    if second && included && !only_first {
        out.push((Case::RunOff, true));
    } else if (second && left_out) || only_first {
        out.push((Case::RunOff, false));
    }
    let part = !any(&["halftime show"])
        && any(&[
            "first half",
            "second half",
            "halftime",
            "half-time",
            "half time",
            "first quarter",
            "first period",
            "first five innings",
            "first set",
            "first map",
        ]);
    let decides =
        any(&["only", "based on", "determined", "according to", "refers", "score at", "lead"])
            || any(&["resolve to"]) && any(&[" if "]);
    if part && decides {
        out.push((Case::PartOnly, true));
    }
    out
}

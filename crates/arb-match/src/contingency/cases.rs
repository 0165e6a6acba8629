//! The cases a sentence of the rules speaks of.

use super::Case;
use crate::table::group;
use crate::text::tokens;

/// The cases a sentence speaks of.
pub(super) fn cases(lower: &str) -> Vec<Case> {
    let any = |name: &str| group(name).iter().any(|words| lower.contains(words));
    let words = tokens(lower);
    let word = |name: &str| words.iter().any(|token| group(name).contains(&token.text.as_str()));
    let mut out = Vec::new();
    if word("tie_word")
        || any("tie")
        || (["multiple ", "more than one ", "two or more "]
            .iter()
            .any(|words| lower.contains(words))
            && any("chosen"))
    {
        out.push(Case::Tie);
    }
    let published = any("made_known");
    let unpublished = published && any("unpublished");
    if unpublished || any("cancelled") {
        out.push(Case::Cancelled);
    }
    if any("postponed") && !any("not_postponed") {
        out.push(Case::Postponed);
    }
    if word("death_word") {
        out.push(Case::Death);
    }
    if any("impossible") {
        out.push(Case::Impossible);
    }
    if any("certain") {
        out.push(Case::Certain);
    }
    out
}

/// The parts of the event a sentence counts or leaves out.
pub(super) fn parts(lower: &str) -> Vec<(Case, bool)> {
    let any = |name: &str| group(name).iter().any(|words| lower.contains(words));
    let regular = any("regular_time");
    let extra = any("extra_time");
    let left_out = any("left_out");
    let included = !left_out && any("counted_in");
    let mut out = Vec::new();
    if (regular || extra) && (left_out || (regular && !included)) {
        out.push((Case::Overtime, false));
    } else if extra && included {
        out.push((Case::Overtime, true));
    }
    let second = any("second_round");
    let only_first = lower.contains("only") && lower.contains("first round");
    if second && included && !only_first {
        out.push((Case::RunOff, true));
    } else if second && (left_out || any("not_considered")) || only_first {
        out.push((Case::RunOff, false));
    }
    let part = !any("halftime_show") && any("part_of_play");
    let decides = any("decides") || lower.contains("resolve to") && lower.contains(" if ");
    if part && decides {
        out.push((Case::PartOnly, true));
    }
    out
}

//! What the rules leave out: their words explain nothing.

use super::condition::sentence_end;
use super::contains;
use crate::contingency::sibling;
use crate::table::group;

/// The rules without the sentences that say what does not count, or when another market of the event is paid: their words explain
/// nothing.
pub(super) fn without_exclusions(rules: &str) -> String {
    let mut out = String::with_capacity(rules.len());
    for line in rules.lines() {
        let mut rest = line;
        while !rest.is_empty() {
            let end = (sentence_end(rest) + 1).min(rest.len());
            let sentence = rest[..end].replace('"', "").to_lowercase();
            if sibling(sentence.trim()).is_none() {
                let clauses = rest[..end].split_inclusive(';');
                clauses
                    .filter(|clause| !counts_out(clause))
                    .for_each(|clause| out.push_str(without_the_other(clause)));
            }
            rest = &rest[end..];
        }
        out.push('\n');
    }
    out
}

/// `A reprieve does not count`; beside another clause also `a reprieve is not`.
fn counts_out(clause: &str) -> bool {
    let end = clause.trim_end_matches(['.', ';', ' ', '\r']);
    contains(clause, group("counted_out"))
        || [" is not", " are not", " does not", " do not"].iter().any(|words| end.ends_with(words))
}

/// `About the Grand Prix and not the sprint race`: without what it is not about.
fn without_the_other(clause: &str) -> &str {
    let denied = [" and not the ", ", not the ", " rather than the "];
    let at = denied.iter().filter_map(|words| clause.find(words)).min();
    at.and_then(|at| clause.get(..at)).unwrap_or(clause)
}

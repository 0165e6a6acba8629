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
            if !contains(&rest[..end], group("counted_out")) && sibling(sentence.trim()).is_none() {
                out.push_str(&rest[..end]);
            }
            rest = &rest[end..];
        }
        out.push('\n');
    }
    out
}

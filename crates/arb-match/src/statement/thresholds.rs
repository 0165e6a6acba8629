//! What the amounts of a sentence make of each other and of the words beside them.

use crate::amount::{Amount, Interval};
use crate::lexicon::Kind;
use crate::statement::Atom;
use crate::text::Token;

/// A comparator said once more (`above 25 or above`) says nothing new.
pub(super) fn drop_repeated_comparators(atoms: &mut Vec<Atom>, amounts: &[Amount]) {
    let low = amounts.iter().any(|a| a.compared && a.interval.low.is_some());
    let high = amounts.iter().any(|a| a.compared && a.interval.high.is_some());
    atoms.retain(|a| match a.text.as_str() {
        "above" | "over" | "more" if a.kind == Kind::Word => !low,
        "below" | "under" | "fewer" | "less" if a.kind == Kind::Word => !high,
        _ => true,
    });
}

/// `At least 375,000 and fewer than 400,000` is one range.
pub(super) fn ranges(amounts: Vec<Amount>, tokens: &[Token]) -> Vec<Amount> {
    let open = |a: &Amount| (a.interval.low.is_some(), a.interval.high.is_some());
    let mut out: Vec<Amount> = Vec::new();
    for next in amounts {
        let joined = out.last().is_some_and(|held| {
            let between = tokens.get(held.stop..next.start).unwrap_or_default();
            let noun = |t: &Token| t.stem == held.unit || matches!(t.text.as_str(), "," | "%");
            let mut rest = between.iter().filter(|t| !noun(t));
            let word = rest.next().is_some_and(|t| matches!(t.text.as_str(), "and" | "but"));
            word && rest.next().is_none()
                && held.compared
                && next.compared
                && (held.unit == next.unit || held.unit.is_empty() || next.unit.is_empty())
        });
        let range = out.last().filter(|_| joined).and_then(|held| {
            let (low, high) = match (open(held), open(&next)) {
                ((true, false), (false, true)) => (held.interval.low, next.interval.high),
                ((false, true), (true, false)) => (next.interval.low, held.interval.high),
                _ => return None,
            };
            (low?.value < high?.value).then_some(Interval { low, high })
        });
        match (range, out.last_mut()) {
            (Some(interval), Some(held)) => {
                held.interval = interval;
                held.stop = next.stop;
                if held.unit.is_empty() {
                    held.unit = next.unit;
                }
            }
            _ => out.push(next),
        }
    }
    out
}

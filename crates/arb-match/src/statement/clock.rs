//! Times of day and lengths of time.

use crate::text::Token;

/// A time of day (`12:00`) or a length of time (`1 minute`) is not an amount.
pub(super) fn clock(tokens: &[Token], at: usize) -> Option<usize> {
    let number =
        |i: usize| tokens.get(i).is_some_and(|t| t.text.starts_with(|c: char| c.is_ascii_digit()));
    if matches!(tokens[at].text.as_str(), "seconds" | "minutes" | "hours") {
        return Some(at + 1);
    }
    let next = tokens.get(at + 1)?;
    if !number(at) {
        return None;
    }
    if matches!(next.text.as_str(), "am" | "pm") {
        let zone = |t: &Token| crate::when::zone(&t.text).is_some();
        return Some(at + 2 + usize::from(tokens.get(at + 2).is_some_and(zone)));
    }
    if next.text == ":" && number(at + 2) {
        let word = |i: usize| tokens.get(i).map_or("", |t| t.text.as_str());
        let mut end = at + 3;
        end += usize::from(matches!(word(end), "am" | "pm"));
        end += usize::from(crate::when::zone(word(end)).is_some());
        return Some(end);
    }
    let length = matches!(next.stem.as_str(), "minut" | "hour" | "second" | "day" | "week");
    (length && !lasting(tokens, at)).then_some(at + 1)
}

/// Whether the length of time at `at` is what is asked for: `lasts more than 10 days`.
fn lasting(tokens: &[Token], at: usize) -> bool {
    let before = &tokens[at.saturating_sub(6)..at];
    let lasts = |t: &Token| matches!(t.text.as_str(), "last" | "lasts" | "lasting" | "lasted");
    before.iter().any(lasts)
        && before.iter().any(|t| matches!(t.text.as_str(), "than" | "least" | "most" | "exactly"))
}

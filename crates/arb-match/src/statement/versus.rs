//! The two sides of a match.

use std::ops::Range;

use crate::text::Token;

/// The names on both sides of `vs`, and of `at` where a game or match is spoken of.
pub(super) fn versus(tokens: &[Token]) -> Option<[Range<usize>; 2]> {
    let game = tokens.iter().any(|t| {
        matches!(
            t.stem.as_str(),
            "game" | "gam" | "match" | "fight" | "winner" | "final" | "semifinal"
        )
    });
    let between = |t: &Token| {
        matches!(t.text.as_str(), "vs" | "versus" | "v") || game && t.text == "at" && !t.capital
    };
    // "The semi-final between India and England".
    let both = |i: usize| {
        let named = tokens[..i].iter().rev().take_while(|t| t.capital).count();
        game && tokens[i].text == "and"
            && named > 0
            && i.checked_sub(named + 1).is_some_and(|opening| tokens[opening].text == "between")
    };
    let named = |t: &Token| t.capital || matches!(t.text.as_str(), "." | "-" | "de" | "&" | "of");
    let at = (1..tokens.len()).find(|i| {
        // "Ohio St. at Iowa".
        let dotted = usize::from(*i > 1 && tokens[i - 1].text == ".");
        (between(&tokens[*i]) || both(*i))
            && tokens[i - 1 - dotted].capital
            && tokens[i + 1..].iter().take(2).any(|t| t.capital)
    })?;
    let left = tokens[..at].iter().rev().take_while(|t| named(t)).count();
    let right = tokens[at + 1..].iter().take_while(|t| named(t)).count();
    Some([at - left..at, at + 1..at + 1 + right])
}

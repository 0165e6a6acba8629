//! The words before a date that say how the event is tied to it: `by`, `before`, `in`, `between`.

use super::calendar::is_weekday;
use super::{Tie, When};
use crate::table::group;
use crate::text::Token;

/// Reads the words before a date.
pub(super) fn tie(tokens: &[Token], when: &mut When, from: usize) {
    let mut at = when.start;
    while at > from && skipped(&tokens[at - 1].text) {
        at -= 1;
    }
    let Some(word) = at
        .checked_sub(1)
        .filter(|before| *before >= from)
        .map(|before| tokens[before].text.as_str())
    else {
        return;
    };
    let earlier = at
        .checked_sub(2)
        .filter(|before| *before >= from)
        .map_or("", |before| tokens[before].text.as_str());
    let (tie, words) = match (earlier, word) {
        ("prior", "to") | ("ahead", "of") => (Tie::Before, 2),
        ("as", "of") | ("end", "of") => {
            (if word == "of" && earlier == "end" { Tie::By } else { Tie::On }, 2)
        }
        ("later", "than") => (Tie::By, 2),
        (_, "before") => (Tie::Before, 1),
        (_, "by" | "through" | "thru" | "until" | "till" | "and" | "to" | "-") => (Tie::By, 1),
        (_, "in" | "during" | "throughout" | "within") => (Tie::In, 1),
        (_, "between" | "from" | "after" | "since") => (Tie::After, 1),
        (_, "on" | "at" | "for" | "of") => (Tie::On, 1),
        _ if tokens[at..when.start].iter().any(|t| t.text == "end") => {
            if let Ok(last) = when.end.yesterday() {
                (when.first, when.tie, when.start) = (last, Tie::On, at);
            }
            return;
        }
        _ => return,
    };
    if matches!(word, "and" | "to" | "-") && from == 0 && !opened(tokens, at - 1) {
        return;
    }
    // "at the end of 2026" looks at its last day.
    let ends = tokens[at..when.start].iter().any(|t| t.text == "end");
    if ends
        && (word == "at" || word == "of" && earlier == "as")
        && !when.is_day()
        && let Ok(last) = when.end.yesterday()
    {
        when.first = last;
    }
    // "after the December 2026 meeting" names the meeting.
    let meeting = tokens.get(when.stop).is_some_and(|t| {
        matches!(t.stem.as_str(), "meet" | "meeting" | "decision" | "election" | "midterm" | "fomc")
    });
    // "in the 2026 Oslo Cup" names the cup's edition.
    let article = matches!(tokens[when.start - 1].text.as_str(), "the" | "its" | "their");
    let edition = tie == Tie::In
        && when.is_year()
        && tokens.get(when.stop).is_some_and(|t| t.capital)
        && (article || a_contest(&tokens[when.stop..]));
    let named = edition || tie == Tie::After && (meeting || when.season);
    let tie = if named { Tie::Named } else { tie };
    when.tie = tie;
    when.start = at - words;
}

/// Whether a text begins with the name of a contest: `NYC Mayoral Race`.
fn a_contest(tokens: &[Token]) -> bool {
    let named = tokens.iter().take_while(|t| t.word && (t.capital || t.text == "of"));
    named.take(6).any(|t| {
        let contests = group("contest");
        contests.contains(&t.stem.as_str()) || contests.contains(&t.text.as_str())
    })
}

/// Whether the `and` at `at` ends what began without a date: `between issuance and …`, `from this market's creation to …`.
fn opened(tokens: &[Token], at: usize) -> bool {
    let before = tokens[at.saturating_sub(8)..at].iter().rev();
    let mut within = before.take_while(|t| t.word && t.text != "and");
    within.any(|t| matches!(t.text.as_str(), "between" | "from"))
}

/// What may stand between a date and the word before it that says how it is meant.
fn skipped(word: &str) -> bool {
    matches!(word, "the" | "its" | "their" | "end" | "of" | "," | "year") || is_weekday(word)
}

//! Two dates that are one time: a week from day to day, months in a row, the year that both share.

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::{Tie, When};
use crate::text::Token;

/// `The week of August 4 - August 10` is one time.
pub(super) fn short_ranges(tokens: &[Token], found: &mut Vec<When>) {
    let mut i = 1;
    while i < found.len() {
        let (first, last) = (&found[i - 1], &found[i]);
        let days = first.is_day() && last.is_day() && first.time.is_none() && last.time.is_none();
        let week =
            tokens[first.start.saturating_sub(3)..first.stop].iter().any(|t| t.stem == "week");
        let dash =
            tokens.get(first.stop).is_some_and(|t| t.text == "-") && last.start <= first.stop + 1;
        if days && week && dash && (1..8).contains(&(last.first - first.first).get_days()) {
            let (end, stop) = (last.end, last.stop);
            (found[i - 1].end, found[i - 1].stop) = (end, stop);
            found.remove(i);
        } else {
            i += 1;
        }
    }
}

/// `January through December 2025` is one time, in the year of its last month.
pub(super) fn months(tokens: &[Token], found: &mut Vec<When>) {
    let month = |w: &When| w.first.day() == 1 && (28..32).contains(&(w.end - w.first).get_days());
    let mut i = 1;
    while i < found.len() {
        let (first, last) = (&found[i - 1], &found[i]);
        let through = |t: &Token| matches!(t.text.as_str(), "through" | "to" | "-");
        let joined = tokens.get(first.stop).is_some_and(through) && last.start <= first.stop + 1;
        let begin = first.first.with().year(last.first.year()).build();
        let named = matches!(first.tie, Tie::Named | Tie::On | Tie::In) && first.year_guessed;
        match begin {
            Ok(begin) if joined && named && month(first) && month(last) && begin < last.first => {
                let (end, stop) = (last.end, last.stop);
                let held = &mut found[i - 1];
                (held.first, held.end, held.stop, held.year_guessed) = (begin, end, stop, false);
                found.remove(i);
            }
            _ => i += 1,
        }
    }
}

/// `between December 16 and March 31, 2025`: the year of the later date belongs to the earlier one too.
pub(super) fn share_years(found: &mut [When]) {
    for i in (1..found.len()).rev() {
        let (head, tail) = found.split_at_mut(i);
        let (earlier, later) = (&mut head[i - 1], &tail[0]);
        if earlier.year_guessed
            && !later.year_guessed
            && earlier.is_day()
            && later.tie == Tie::By
            && later.start <= earlier.stop + 2
        {
            let mut year = later.first.year();
            if earlier.first.with().year(year).build().is_ok_and(|d| d > later.first) {
                year -= 1;
            }
            if let (Ok(first), Ok(end)) =
                (earlier.first.with().year(year).build(), later_end(earlier.first, year))
            {
                earlier.first = first;
                earlier.end = end;
                earlier.year_guessed = false;
            }
        }
    }
}

fn later_end(day: Date, year: i16) -> Result<Date, jiff::Error> {
    day.with().year(year).build()?.checked_add(1.day())
}

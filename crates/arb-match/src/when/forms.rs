//! The forms a date is written in: `10 February 2025`, `2026-02-01`, `Q3 2026`, `2024-25`, `this year`, `26JAN19` in a ticker.

use jiff::ToSpan as _;
use jiff::civil::{Date, date};

use super::calendar::{day_number, month, year};
use super::{Around, Tie, When};
use crate::text::Token;

/// Reads one date that starts at `at`.
pub(super) fn date_at(tokens: &[Token], at: usize, around: Around) -> Option<When> {
    month_date(tokens, at, around)
        .or_else(|| iso_date(tokens, at))
        .or_else(|| quarter(tokens, at, around))
        .or_else(|| season_or_year(tokens, at))
        .or_else(|| this_year(tokens, at, around))
}

fn found(first: Date, end: Date, start: usize, stop: usize) -> When {
    When {
        tie: Tie::Named,
        first,
        end,
        time: None,
        year_guessed: false,
        season: false,
        start,
        stop,
    }
}

fn month_date(tokens: &[Token], at: usize, around: Around) -> Option<When> {
    // "10 February 2025"
    if let Some(day) = day_number(&tokens[at].text)
        && let Some(month) = tokens.get(at + 1).and_then(month)
        && tokens.get(at + 2).and_then(|t| year(&t.text)).is_some()
    {
        let year = tokens.get(at + 2).and_then(|t| year(&t.text))?;
        let first = Date::new(year, month, day).ok()?;
        return Some(found(first, first.checked_add(1.day()).ok()?, at, at + 3));
    }
    // "8 Aug '25"
    if let Some(day) = day_number(&tokens[at].text)
        && let Some(month) = tokens.get(at + 1).and_then(month)
        && let Some(short) = tokens.get(at + 2).filter(|t| t.text.len() == 2)
        && let Ok(year) = short.text.parse::<i16>()
        && (20..60).contains(&year)
    {
        let first = Date::new(2000 + year, month, day).ok()?;
        return Some(found(first, first.checked_add(1.day()).ok()?, at, at + 3));
    }
    let month = month(&tokens[at])?;
    let mut stop = at + 1;
    if tokens.get(stop).is_some_and(|t| t.text == ".") && tokens[at].text.len() <= 4 {
        stop += 1;
    }
    let day = tokens.get(stop).and_then(|t| day_number(&t.text));
    // "March 2 or more", "May 5+" are not dates; "March 16:" would be read as a day.
    let mut last = day;
    if day.is_some() {
        stop += 1;
        // "December 8-9, 2026": a meeting of several days.
        if let (Some(first), Some("-"), Some(later)) = (
            day,
            tokens.get(stop).map(|t| t.text.as_str()),
            tokens.get(stop + 1).and_then(|t| day_number(&t.text)),
        ) && later > first
        {
            last = Some(later);
            stop += 2;
        }
    } else if tokens[at].text == "may" || tokens[at].text == "march" || tokens[at].text == "sun" {
        let dated = tokens.get(stop).is_some_and(|t| year(&t.text).is_some());
        let before = at.checked_sub(1).map_or("", |i| tokens[i].text.as_str());
        let placed = tokens[at].capital
            && matches!(
                before,
                "in" | "by"
                    | "before"
                    | "during"
                    | "of"
                    | "for"
                    | "until"
                    | "through"
                    | "after"
                    | "since"
            );
        if !dated && !placed {
            return None;
        }
        if tokens.get(stop).is_some_and(|t| t.text == "madness") {
            return None;
        }
    }
    let mut year_at = stop;
    while tokens.get(year_at).is_some_and(|t| matches!(t.text.as_str(), "," | "of")) {
        year_at += 1;
    }
    let named = tokens.get(year_at).and_then(|t| year(&t.text));
    if named.is_some() {
        stop = year_at + 1;
    }
    let guessed = named.is_none();
    let year = match named {
        Some(year) => year,
        None => nearest_year(month, day, around)?,
    };
    let first = Date::new(year, month, day.unwrap_or(1)).ok()?;
    let end = match last {
        Some(last) => Date::new(year, month, last).ok()?.checked_add(1.day()),
        None => first.checked_add(1.month()),
    }
    .ok()?;
    let mut when = found(first, end, at, stop);
    when.year_guessed = guessed;
    Some(when)
}

/// The latest year that puts the date no later than a quarter after the market's end.
fn nearest_year(month: i8, day: Option<i8>, around: Around) -> Option<i16> {
    let limit = around.end?.checked_add(90.days()).ok()?;
    let year = limit.year();
    let date = Date::new(year, month, day.unwrap_or(1).min(28)).ok()?;
    Some(if date <= limit { year } else { year - 1 })
}

fn iso_date(tokens: &[Token], at: usize) -> Option<When> {
    let year = year(&tokens[at].text)?;
    let dash = |i: usize| tokens.get(i).is_some_and(|t| t.text == "-");
    if !dash(at + 1) || !dash(at + 3) {
        return None;
    }
    let month = tokens.get(at + 2)?.text.parse().ok()?;
    let rest = &tokens.get(at + 4)?.text;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let day = rest[..digits].parse().ok()?;
    let first = Date::new(year, month, day).ok()?;
    let mut stop = at + 5;
    // "2026-02-01T15:00:00.000Z": the clock time of a venue's template is its closing time, not the proposition's.
    if rest[digits..].starts_with('t') {
        while tokens
            .get(stop)
            .is_some_and(|t| t.text == ":" || t.text.starts_with(|c: char| c.is_ascii_digit()))
        {
            stop += 1;
        }
    }
    Some(found(first, first.checked_add(1.day()).ok()?, at, stop))
}

fn quarter(tokens: &[Token], at: usize, around: Around) -> Option<When> {
    let quarter: i8 = match tokens[at].text.as_str() {
        "q1" => 1,
        "q2" => 2,
        "q3" => 3,
        "q4" => 4,
        _ => return None,
    };
    let named = tokens.get(at + 1).and_then(|t| year(&t.text));
    let first =
        Date::new(named.or_else(|| around.end.map(Date::year))?, quarter * 3 - 2, 1).ok()?;
    let mut when = found(
        first,
        first.checked_add(3.months()).ok()?,
        at,
        at + if named.is_some() { 2 } else { 1 },
    );
    when.year_guessed = named.is_none();
    Some(when)
}

fn season_or_year(tokens: &[Token], at: usize) -> Option<When> {
    let first = year(&tokens[at].text)?;
    if at > 0 && matches!(tokens[at - 1].text.as_str(), "$" | ">" | "<" | "+") {
        return None;
    }
    if tokens.get(at + 1).is_some_and(|t| matches!(t.text.as_str(), "-" | "/"))
        && let Some(second) = tokens.get(at + 2)
        && let Ok(number) = second.text.parse::<i16>()
        && (number == first + 1 || number == (first + 1) % 100)
    {
        let mut when = found(date(first, 7, 1), date(first + 1, 7, 1), at, at + 3);
        when.season = true;
        return Some(when);
    }
    let next = tokens.get(at + 1).map_or("", |t| t.text.as_str());
    if matches!(
        next,
        "%" | "+"
            | "or"
            | "times"
            | "points"
            | "votes"
            | "seats"
            | "albums"
            | "case"
            | "cases"
            | "k"
            | "m"
    ) {
        return None;
    }
    Some(found(date(first, 1, 1), date(first + 1, 1, 1), at, at + 1))
}

fn this_year(tokens: &[Token], at: usize, around: Around) -> Option<When> {
    if tokens[at].text != "this" || tokens.get(at + 1).is_none_or(|t| t.text != "year") {
        return None;
    }
    // "before 1 January" style closings lie in the next year.
    let year = around.end?.yesterday().ok()?.year();
    let mut when = found(date(year, 1, 1), date(year + 1, 1, 1), at, at + 2);
    when.tie = Tie::In;
    when.year_guessed = true;
    Some(when)
}

/// What the event part of a Kalshi ticker says about time: `KXNBAGAME-26JAN19BOSDEN-BOS` a day, `KXAWARDPIC-25-A` a year.
pub(crate) fn ticker_date(ticker: &str) -> Option<When> {
    ticker.split('-').skip(1).find_map(|part| {
        let digits = part.get(..2)?;
        let year: i16 = digits.parse::<i16>().ok().filter(|y| (20..60).contains(y))? + 2000;
        let rest = &part[2..];
        if rest.is_empty() {
            return Some(found(date(year, 1, 1), date(year + 1, 1, 1), 0, 0));
        }
        let word = rest.get(..3)?.to_ascii_lowercase();
        let month = month(&Token { text: word.clone(), stem: word, capital: true, word: true })?;
        let day = rest.get(3..5).and_then(|d| d.parse::<i8>().ok());
        let first = Date::new(year, month, day.unwrap_or(1)).ok()?;
        let end =
            if day.is_some() { first.checked_add(1.day()) } else { first.checked_add(1.month()) }
                .ok()?;
        Some(found(first, end, 0, 0))
    })
}

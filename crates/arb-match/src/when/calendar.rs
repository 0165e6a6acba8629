//! The words and numbers of a calendar: months, days of the week, years, days of a month.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::table::rows;
use crate::text::Token;

/// `data/calendar.tsv`.
struct Calendar {
    /// A spelling, whether it is one only with a capital, and the month's number.
    months: HashMap<&'static str, (bool, i8)>,
    weekdays: Vec<&'static str>,
}

static CALENDAR: LazyLock<Calendar> = LazyLock::new(|| {
    let mut calendar = Calendar { months: HashMap::new(), weekdays: Vec::new() };
    for fields in rows(include_str!("../../data/calendar.tsv")) {
        let [kind, number, spellings] = fields[..] else { continue };
        let spellings = spellings.split('|');
        match (kind, number.parse()) {
            ("month", Ok(number)) => {
                let each = spellings.map(|spelling| match spelling.strip_prefix('^') {
                    Some(spelling) => (spelling, (true, number)),
                    None => (spelling, (false, number)),
                });
                calendar.months.extend(each);
            }
            _ => calendar.weekdays.extend(spellings),
        }
    }
    calendar
});

/// Whether a word names a day of the week.
pub(super) fn is_weekday(word: &str) -> bool {
    CALENDAR.weekdays.contains(&word)
}

/// Whether a word names a month or a day of the week.
pub(crate) fn is_month_or_weekday(token: &Token) -> bool {
    token.capital && (month(token).is_some() || CALENDAR.weekdays.contains(&token.text.as_str()))
}

pub(super) fn month(token: &Token) -> Option<i8> {
    let (capital_only, number) = CALENDAR.months.get(token.text.as_str())?;
    (token.word && (token.capital || !capital_only)).then_some(*number)
}

pub(super) fn year(word: &str) -> Option<i16> {
    (word.len() == 4)
        .then(|| word.parse().ok())
        .flatten()
        .filter(|year| (1990..2100).contains(year))
}

pub(super) fn day_number(word: &str) -> Option<i8> {
    let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let ending = &word[digits.len()..];
    if !matches!(ending, "" | "st" | "nd" | "rd" | "th") || digits.len() > 2 {
        return None;
    }
    digits.parse().ok().filter(|day| (1..=31).contains(day))
}

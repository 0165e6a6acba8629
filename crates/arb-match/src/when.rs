//! Dates and deadlines in a text: which days, in whose time zone, and whether the end counts.

mod calendar;
mod clock;
mod forms;
mod ranges;
mod ties;

use jiff::ToSpan as _;
use jiff::civil::{Date, Time};

pub(crate) use self::calendar::is_month_or_weekday;
use self::clock::after_date;
pub(crate) use self::clock::{Zone, instant, zone};
use self::forms::date_at;
pub(crate) use self::forms::ticker_date;
use self::ranges::{months, share_years, short_ranges};
use self::ties::tie;
use crate::text::Token;

/// How a text ties the event to a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tie {
    /// `before X`: the end is where X starts.
    Before,
    /// `by X`, `through X`, `until X`: X belongs to the window.
    By,
    /// `in X`, `during X`, `between X and Y`.
    In,
    /// `on X`, `at X`, `as of X`: an observation.
    On,
    /// `after X`, `since X`, `from X`.
    After,
    /// A date without a preposition: it names the event.
    Named,
}

/// A date as a text has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct When {
    pub(crate) tie: Tie,
    /// First day.
    pub(crate) first: Date,
    /// Day after the last one.
    pub(crate) end: Date,
    /// A time of day, with its zone.
    pub(crate) time: Option<(Time, Zone)>,
    /// Whether the text gave no year and it was taken from the market's own dates.
    pub(crate) year_guessed: bool,
    /// A season such as 2024-25.
    pub(crate) season: bool,
    /// Tokens `start..stop` hold it, preposition included.
    pub(crate) start: usize,
    pub(crate) stop: usize,
}

impl When {
    /// Where a window that ends with this date ends (exclusive), in seconds since 1970. 11:59 PM counts as the whole day.
    pub(crate) fn deadline(&self) -> Option<i64> {
        match (self.tie, self.time) {
            (Tie::By | Tie::In | Tie::On | Tie::Named, None) => {
                instant(self.end, Time::midnight(), Zone::NewYork)
            }
            (_, Some((time, zone))) if time.hour() == 23 && time.minute() == 59 => {
                let next = self.first.checked_add(1.day()).ok()?;
                instant(next, Time::midnight(), zone)
            }
            (_, Some((time, zone))) => instant(self.first, time, zone),
            (Tie::Before | Tie::After, None) => {
                instant(self.first, Time::midnight(), Zone::NewYork)
            }
        }
    }

    /// Where it starts, in seconds since 1970.
    pub(crate) fn opening(&self) -> Option<i64> {
        let (time, zone) = self.time.unwrap_or((Time::midnight(), Zone::NewYork));
        instant(self.first, time, zone)
    }

    /// Whether it is one day.
    pub(crate) fn is_day(&self) -> bool {
        self.first.checked_add(1.day()).is_ok_and(|next| next == self.end)
    }

    /// Whether it is a day or a few.
    pub(crate) fn is_brief(&self) -> bool {
        (self.end - self.first).get_days() <= 7
    }

    /// Whether it is seven days in a row.
    pub(crate) fn is_week(&self) -> bool {
        (self.end - self.first).get_days() == 7
    }

    /// Whether it is a day, some days or a month.
    pub(crate) fn is_at_most_a_month(&self) -> bool {
        (self.end - self.first).get_days() <= 31
    }

    /// Whether it is one calendar year.
    pub(crate) fn is_year(&self) -> bool {
        self.first.month() == 1
            && self.first.day() == 1
            && self.end.year() == self.first.year() + 1
            && self.end.month() == 1
    }
}

/// What is known about a market's time apart from the text, for dates without a year.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Around {
    /// The day the venue says the market ends.
    pub(crate) end: Option<Date>,
}

/// Finds the dates of a text.
pub(crate) fn dates(tokens: &[Token], around: Around) -> Vec<When> {
    let mut found: Vec<When> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let Some(mut when) = date_at(tokens, at, around) else {
            at += 1;
            continue;
        };
        let from = found.last().map_or(0, |last| last.stop);
        tie(tokens, &mut when, from);
        after_date(tokens, &mut when);
        at = when.stop;
        found.push(when);
    }
    share_years(&mut found);
    months(tokens, &mut found);
    short_ranges(tokens, &mut found);
    found
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::text::tokens;

    fn all(text: &str, end: (i16, i8, i8)) -> Vec<When> {
        dates(&tokens(text), Around { end: Date::new(end.0, end.1, end.2).ok() })
    }

    fn deadline(text: &str, end: (i16, i8, i8)) -> i64 {
        all(text, end).last().and_then(When::deadline).unwrap()
    }

    #[test]
    fn deadlines_of_both_venues_meet() {
        let end = (2025, 12, 31);
        let new_year = instant(date(2026, 1, 1), Time::midnight(), Zone::NewYork).unwrap();
        for text in [
            "before Jan 1, 2026",
            "before 2026",
            "by December 31, 2025, 11:59 PM ET",
            "by Dec 31, 2025",
            "in 2025",
            "by December 31",
            "between January 1, and December 31, 2025, 11:59 PM ET",
            "by the end of 2025",
            "before January 1, 2026 at 12:00am ET",
        ] {
            assert_eq!(deadline(text, end), new_year, "{text}");
        }
        assert_eq!(
            deadline("before July?", (2025, 6, 30)),
            deadline("by June 30, 2025, 11:59 PM ET", (2025, 6, 30))
        );
        assert_ne!(deadline("by January 1, 2026", end), new_year);
    }

    #[test]
    fn daylight_saving_and_zones() {
        let summer = deadline("by July 4, 2025 at 4:00 PM ET", (2025, 7, 4));
        assert_eq!(summer, deadline("by July 4, 2025 20:00 UTC", (2025, 7, 4)));
        let winter = deadline("by January 4, 2025 at 4:00 PM ET", (2025, 1, 4));
        assert_eq!(winter, deadline("by January 4, 2025 21:00 UTC", (2025, 1, 4)));
    }

    #[test]
    fn words_that_are_not_dates() {
        assert!(all("Will it? You may say so. March Madness", (2025, 4, 1)).is_empty());
        assert!(all("costs $2025 or 2000 votes", (2025, 4, 1)).is_empty());
        assert!(all("the 2024-25 season", (2025, 4, 1))[0].season);
    }

    #[test]
    fn tickers_say_when() {
        assert_eq!(ticker_date("KXNBAGAME-26JAN19BOSDEN-BOS").unwrap().first, date(2026, 1, 19));
        assert!(ticker_date("KXAWARDPIC-25-A").unwrap().is_year());
        assert_eq!(ticker_date("KXH5VACCINE"), None);
    }
}

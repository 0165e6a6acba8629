//! Dates relative to the simulated present, so that the catalogue never grows old.

use time::{Date, Duration, Month, OffsetDateTime, Time, Weekday};

/// A date's English forms.
pub(crate) trait Written {
    /// `January`
    fn month_name(&self) -> &'static str;
    /// `JAN`
    fn month_code(&self) -> String;
    /// `January 27, 2027`
    fn long(&self) -> String;
    /// `Jan 27, 2027`
    fn short(&self) -> String;
    /// `27JAN27`: year, month, day, as in Kalshi's tickers.
    fn ticker(&self) -> String;
    /// `2027-01-27`
    fn iso(&self) -> String;
}

impl Written for Date {
    fn month_name(&self) -> &'static str {
        match self.month() {
            Month::January => "January",
            Month::February => "February",
            Month::March => "March",
            Month::April => "April",
            Month::May => "May",
            Month::June => "June",
            Month::July => "July",
            Month::August => "August",
            Month::September => "September",
            Month::October => "October",
            Month::November => "November",
            Month::December => "December",
        }
    }

    fn month_code(&self) -> String {
        self.month_name()[..3].to_uppercase()
    }

    fn long(&self) -> String {
        format!("{} {}, {}", self.month_name(), self.day(), self.year())
    }

    fn short(&self) -> String {
        format!("{} {}, {}", &self.month_name()[..3], self.day(), self.year())
    }

    fn ticker(&self) -> String {
        format!("{:02}{}{:02}", self.year() % 100, self.month_code(), self.day())
    }

    fn iso(&self) -> String {
        format!("{:04}-{:02}-{:02}", self.year(), u8::from(self.month()), self.day())
    }
}

/// `hour:minute` UTC on that date.
pub(crate) fn at(date: Date, hour: u8, minute: u8) -> OffsetDateTime {
    date.with_time(Time::from_hms(hour, minute, 0).unwrap_or(Time::MIDNIGHT)).assume_utc()
}

/// A day of a year; the 28th where the month is shorter.
pub(crate) fn day(year: i32, month: Month, day: u8) -> Date {
    Date::from_calendar_date(year, month, day)
        .or_else(|_| Date::from_calendar_date(year, month, 28))
        .unwrap_or(Date::MAX)
}

/// The first December 31 that is at least 60 days away.
pub(crate) fn year_end(now: OffsetDateTime) -> Date {
    let this = day(now.year(), Month::December, 31);
    if this - now.date() >= Duration::days(60) {
        this
    } else {
        day(now.year() + 1, Month::December, 31)
    }
}

/// The first June 30 that is at least 60 days away.
pub(crate) fn mid_year(now: OffsetDateTime) -> Date {
    let this = day(now.year(), Month::June, 30);
    if this - now.date() >= Duration::days(60) {
        this
    } else {
        day(now.year() + 1, Month::June, 30)
    }
}

/// The next two rate decisions that are at least three weeks away: the last Wednesday of the months
/// in which the committee meets.
pub(crate) fn fed_meetings(now: OffsetDateTime) -> [Date; 2] {
    const MONTHS: [Month; 8] = [
        Month::January,
        Month::March,
        Month::April,
        Month::June,
        Month::July,
        Month::September,
        Month::October,
        Month::December,
    ];
    let from = now.date() + Duration::days(21);
    let mut days = (now.year()..now.year() + 3)
        .flat_map(|year| MONTHS.map(|month| last_wednesday(year, month)))
        .filter(|&meeting| meeting >= from);
    let first = days.next().unwrap_or(Date::MAX);
    [first, days.next().unwrap_or(Date::MAX)]
}

fn last_wednesday(year: i32, month: Month) -> Date {
    let last = day(year, month, month.length(year));
    let back = (last.weekday().number_days_from_monday() + 7
        - Weekday::Wednesday.number_days_from_monday())
        % 7;
    last - Duration::days(i64::from(back))
}

/// The first of the month `ahead` months after this one.
pub(crate) fn month_ahead(now: OffsetDateTime, ahead: i32) -> Date {
    let months = now.year() * 12 + i32::from(u8::from(now.month())) - 1 + ahead;
    let month = Month::try_from((months % 12 + 1) as u8).unwrap_or(Month::January);
    day(months / 12, month, 1)
}

/// The next presidential election in the United States that is at least 300 days away.
pub(crate) fn election_year(now: OffsetDateTime) -> i32 {
    let from = (now + Duration::days(300)).year();
    from + (4 - from % 4) % 4
}

#[cfg(test)]
mod tests {
    use time::macros::{date, datetime};

    use super::*;

    #[test]
    fn dates_lie_ahead_whenever_the_simulation_starts() {
        let mut now = datetime!(2026-01-01 12:00 UTC);
        while now < datetime!(2031-01-01 0:00 UTC) {
            let soon = now.date() + Duration::days(20);
            let [first, second] = fed_meetings(now);
            assert!(first > soon && second > first && first.weekday() == Weekday::Wednesday);
            assert!(year_end(now) > soon && mid_year(now) > soon);
            assert!(day(election_year(now), Month::November, 3) > soon);
            assert_eq!(election_year(now) % 4, 0);
            assert!(month_ahead(now, 2).day() == 1 && month_ahead(now, 2) > soon);
            now += Duration::days(17);
        }
        assert_eq!(fed_meetings(datetime!(2026-11-22 0:00 UTC))[1], date!(2027 - 01 - 27));
        assert_eq!(date!(2027 - 01 - 27).ticker(), "27JAN27");
        assert_eq!(month_ahead(datetime!(2026-11-22 0:00 UTC), 2), date!(2027 - 01 - 01));
    }
}

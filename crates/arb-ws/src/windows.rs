//! When venues plan to be away: a data file with time zones.

use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use serde::Deserialize;
use time::OffsetDateTime;

use crate::error::WsError;

static KNOWN: LazyLock<Windows> =
    LazyLock::new(|| Windows::from_json(include_str!("../data/windows.json")).unwrap_or_default());

/// Planned windows of venues, in which a lost or refused connection is neither a failure nor an
/// alert.
///
/// The default holds what is known (`data/windows.json` of this crate). Times are local to the
/// window's zone, so they follow daylight saving.
///
/// ```
/// use arb_ws::Windows;
/// use time::macros::datetime;
///
/// let windows = Windows::default();
/// // Kalshi pauses on Thursdays at 03:00 in New York: 08:00 UTC in winter, 07:00 in summer.
/// assert!(windows.at("kalshi", datetime!(2026-11-26 08:30 UTC)).is_some());
/// assert!(windows.at("kalshi", datetime!(2026-11-26 07:30 UTC)).is_none());
/// assert!(windows.at("kalshi", datetime!(2026-07-02 07:30 UTC)).is_some());
/// ```
#[derive(Debug, Clone)]
pub struct Windows {
    rules: Arc<[Rule]>,
}

/// A window that is open or comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlannedWindow {
    /// What the venue does.
    pub name: Arc<str>,
    /// When it begins, UTC.
    pub from: OffsetDateTime,
    /// When it is over, UTC.
    pub to: OffsetDateTime,
}

#[derive(Debug, Clone)]
struct Rule {
    venue: String,
    name: Arc<str>,
    zone: TimeZone,
    weekday: Option<Weekday>,
    from: Time,
    to: Time,
}

/// A rule as it stands in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    venue: String,
    name: String,
    zone: String,
    #[serde(default)]
    weekday: Option<String>,
    from: String,
    to: String,
    /// For the reader of the file.
    #[serde(default, rename = "source")]
    _source: String,
}

impl Default for Windows {
    fn default() -> Self {
        KNOWN.clone()
    }
}

impl Windows {
    /// No windows.
    #[must_use]
    pub fn none() -> Self {
        Self { rules: Arc::new([]) }
    }

    /// Windows from a JSON array of objects with `venue`, `name`, `zone` (an IANA name),
    /// `weekday` (English; left out for every day), `from` and `to` (`HH:MM`, local; a `to` not
    /// after `from` is on the next day) and, optionally, `source`.
    ///
    /// # Errors
    /// [`WsError::Windows`] naming the rule and what is wrong with it.
    pub fn from_json(json: &str) -> Result<Self, WsError> {
        let written: Vec<Written> = serde_json::from_str(json)
            .map_err(|error| WsError::Windows { rule: "file".into(), source: Box::new(error) })?;
        let rules: Result<Vec<Rule>, WsError> = written.into_iter().map(Rule::read).collect();
        Ok(Self { rules: rules?.into() })
    }

    /// The window of the venue that is open at `now`.
    #[must_use]
    pub fn at(&self, venue: &str, now: OffsetDateTime) -> Option<PlannedWindow> {
        self.near(venue, now).find(|window| window.from <= now && now < window.to)
    }

    /// The window of the venue that is open at `now` or else the one that opens next, within a
    /// week.
    #[must_use]
    pub fn next(&self, venue: &str, now: OffsetDateTime) -> Option<PlannedWindow> {
        self.near(venue, now).filter(|window| now < window.to).min_by_key(|window| window.from)
    }

    /// The venue's windows from a day before `now` to eight days after.
    fn near(&self, venue: &str, now: OffsetDateTime) -> impl Iterator<Item = PlannedWindow> {
        let rules = self.rules.iter().filter(move |rule| rule.venue == venue);
        rules.flat_map(move |rule| (-1..=8).filter_map(move |days| rule.on(now, days)))
    }
}

impl Rule {
    fn read(written: Written) -> Result<Self, WsError> {
        let rule = format!("{} {}", written.venue, written.name);
        let wrong =
            |error: jiff::Error| WsError::Windows { rule: rule.clone(), source: Box::new(error) };
        let weekday = match written.weekday.as_deref() {
            None => None,
            Some(name) => Some(weekday(name).ok_or_else(|| WsError::Windows {
                rule: rule.clone(),
                source: format!("{name:?} is not an English weekday").into(),
            })?),
        };
        Ok(Self {
            zone: TimeZone::get(&written.zone).map_err(wrong)?,
            weekday,
            from: written.from.parse().map_err(wrong)?,
            to: written.to.parse().map_err(wrong)?,
            venue: written.venue,
            name: written.name.into(),
        })
    }

    /// The window that begins so many days after the local day of `now`, if there is one.
    fn on(&self, now: OffsetDateTime, days: i32) -> Option<PlannedWindow> {
        let now = Timestamp::from_second(now.unix_timestamp()).ok()?.to_zoned(self.zone.clone());
        let day = now.date().checked_add(jiff::Span::new().days(days)).ok()?;
        if self.weekday.is_some_and(|weekday| weekday != day.weekday()) {
            return None;
        }
        let last = if self.to > self.from { day } else { day.tomorrow().ok()? };
        let utc = |day: jiff::civil::Date, time: Time| {
            let zoned = day.to_datetime(time).to_zoned(self.zone.clone()).ok()?;
            OffsetDateTime::from_unix_timestamp(zoned.timestamp().as_second()).ok()
        };
        Some(PlannedWindow {
            name: Arc::clone(&self.name),
            from: utc(day, self.from)?,
            to: utc(last, self.to)?,
        })
    }
}

fn weekday(name: &str) -> Option<Weekday> {
    Some(match name.to_ascii_lowercase().as_str() {
        "monday" => Weekday::Monday,
        "tuesday" => Weekday::Tuesday,
        "wednesday" => Weekday::Wednesday,
        "thursday" => Weekday::Thursday,
        "friday" => Weekday::Friday,
        "saturday" => Weekday::Saturday,
        "sunday" => Weekday::Sunday,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn the_file_of_known_windows_is_read_and_follows_daylight_saving() {
        let windows = Windows::from_json(include_str!("../data/windows.json")).unwrap();
        // New York leaves daylight saving on 2026-11-01: Tuesday 07:00 moves from 11:00 to 12:00 UTC.
        let before = windows.next("polymarket", datetime!(2026-10-26 00:00 UTC)).unwrap();
        assert_eq!(before.from, datetime!(2026-10-27 11:00 UTC));
        let after = windows.next("polymarket", datetime!(2026-10-28 00:00 UTC)).unwrap();
        assert_eq!(after.from, datetime!(2026-11-03 12:00 UTC));
        assert_eq!(after.to, datetime!(2026-11-03 12:05 UTC));
    }

    #[test]
    fn the_edges_of_a_window_are_inside_and_outside() {
        let windows = Windows::default();
        let at = |now| windows.at("kalshi", now).map(|window| window.to);
        assert_eq!(at(datetime!(2026-11-26 07:59:59 UTC)), None);
        assert_eq!(at(datetime!(2026-11-26 08:00 UTC)), Some(datetime!(2026-11-26 10:00 UTC)));
        assert_eq!(at(datetime!(2026-11-26 09:59:59.9 UTC)), at(datetime!(2026-11-26 08:00 UTC)));
        assert_eq!(at(datetime!(2026-11-26 10:00 UTC)), None);
        assert_eq!(windows.at("elsewhere", datetime!(2026-11-26 08:00 UTC)), None);
    }

    #[test]
    fn a_window_over_midnight_and_the_skipped_hour_is_one_window() {
        // Saturday 23:00 to Sunday 03:30; on 2026-03-08 New York skips 02:00 to 03:00.
        let json = r#"[{"venue":"x","name":"n","zone":"America/New_York","weekday":"Saturday",
            "from":"23:00","to":"03:30"}]"#;
        let windows = Windows::from_json(json).unwrap();
        let open = windows.at("x", datetime!(2026-03-08 06:59 UTC)).unwrap();
        assert_eq!(open.from, datetime!(2026-03-08 04:00 UTC));
        assert_eq!(open.to, datetime!(2026-03-08 07:30 UTC), "half an hour after 01:59 EST");
        assert!(windows.at("x", datetime!(2026-03-08 07:30 UTC)).is_none());
    }

    #[test]
    fn a_wrong_rule_is_refused_by_name() {
        for (field, value) in [("zone", "Mars/Base"), ("weekday", "Freitag"), ("from", "25:00")] {
            let mut rule = serde_json::json!({"venue": "x", "name": "pause", "weekday": "friday",
                "zone": "UTC", "from": "01:00", "to": "02:00"});
            rule[field] = value.into();
            let error = Windows::from_json(&format!("[{rule}]")).unwrap_err();
            assert!(error.to_string().contains("x pause"), "{error}");
        }
    }
}

//! Times of day and time zones, daylight saving included.

use std::sync::LazyLock;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use super::When;
use crate::text::Token;

/// The zone of a text that names none: both venues write in New York time.
static NEW_YORK: LazyLock<TimeZone> =
    LazyLock::new(|| TimeZone::get("America/New_York").unwrap_or(TimeZone::UTC));

static CHICAGO: LazyLock<TimeZone> =
    LazyLock::new(|| TimeZone::get("America/Chicago").unwrap_or(TimeZone::UTC));

static LOS_ANGELES: LazyLock<TimeZone> =
    LazyLock::new(|| TimeZone::get("America/Los_Angeles").unwrap_or(TimeZone::UTC));

/// A time zone a text names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Zone {
    NewYork,
    Chicago,
    LosAngeles,
    Utc,
}

impl Zone {
    fn tz(self) -> TimeZone {
        match self {
            Self::NewYork => NEW_YORK.clone(),
            Self::Chicago => CHICAGO.clone(),
            Self::LosAngeles => LOS_ANGELES.clone(),
            Self::Utc => TimeZone::UTC,
        }
    }
}

/// The instant of a civil time, in seconds since 1970, daylight saving included.
pub(crate) fn instant(day: Date, time: Time, zone: Zone) -> Option<i64> {
    let stamp = day.to_datetime(time).to_zoned(zone.tz()).ok()?;
    Some(stamp.timestamp().as_second())
}

pub(crate) fn zone(word: &str) -> Option<Zone> {
    Some(match word {
        "et" | "est" | "edt" => Zone::NewYork,
        "ct" | "cst" | "cdt" => Zone::Chicago,
        "pt" | "pst" | "pdt" => Zone::LosAngeles,
        "utc" | "gmt" | "z" => Zone::Utc,
        _ => return None,
    })
}

/// Reads a time of day and a zone after a date: `, 11:59 PM ET`, `at 10:00AM ET`, `12:00 PM ET (noon)`.
pub(super) fn after_date(tokens: &[Token], when: &mut When) {
    let mut at = when.stop;
    while tokens.get(at).is_some_and(|t| matches!(t.text.as_str(), "," | "at" | "(")) {
        at += 1;
    }
    let Some((time, mut stop)) = time_at(tokens, at) else {
        if tokens.get(when.stop).is_some_and(|t| t.text == "(")
            && tokens.get(when.stop + 1).is_some_and(|t| zone(&t.text).is_some())
        {
            when.stop += 2;
        }
        return;
    };
    let mut found = Zone::NewYork;
    if let Some(named) = tokens.get(stop).and_then(|t| zone(&t.text)) {
        found = named;
        stop += 1;
    }
    when.time = Some((time, found));
    when.stop = stop;
}

/// A time of day: `11:59 PM`, `10:00AM`, `4pm`, `12pm`, `23:59`.
fn time_at(tokens: &[Token], at: usize) -> Option<(Time, usize)> {
    let hour: i8 = tokens.get(at)?.text.parse().ok().filter(|h| (0..=24).contains(h))?;
    let colon = tokens.get(at + 1).is_some_and(|t| t.text == ":");
    let (minute, mut stop, glued) = if colon {
        let text = tokens.get(at + 2)?.text.as_str();
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        (
            text[..digits].parse::<i8>().ok().filter(|m| (0..60).contains(m))?,
            at + 3,
            text[digits..].to_owned(),
        )
    } else {
        (0, at + 1, String::new())
    };
    let half = if glued.is_empty() {
        tokens.get(stop).map_or("", |t| t.text.as_str()).to_owned()
    } else {
        glued.clone()
    };
    let hour = match half.as_str() {
        "am" if hour <= 12 => hour % 12,
        "pm" if hour <= 12 => hour % 12 + 12,
        _ if colon && hour < 24 => {
            return Time::new(hour, minute, 0, 0).ok().map(|time| (time, stop));
        }
        _ => return None,
    };
    if glued.is_empty() {
        stop += 1;
    }
    Time::new(hour, minute, 0, 0).ok().map(|time| (time, stop))
}

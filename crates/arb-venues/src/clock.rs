//! How far our clock is from a venue's.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use time::{Duration, OffsetDateTime};

/// The measured offset of a venue's clock, shared by everything that signs for that venue.
///
/// Offsets below a second are measurement noise (a `Date` header has whole seconds) and are not applied.
#[derive(Debug, Clone)]
pub struct ClockOffset {
    venue: &'static str,
    /// Venue minus ours, in milliseconds.
    millis: Arc<AtomicI64>,
}

impl ClockOffset {
    /// No offset measured yet.
    #[must_use]
    pub fn new(venue: &'static str) -> Self {
        Self { venue, millis: Arc::default() }
    }

    /// What the venue's clock shows when ours shows `now`.
    #[must_use]
    pub fn venue_time(&self, now: OffsetDateTime) -> OffsetDateTime {
        now + Duration::milliseconds(self.millis())
    }

    /// Venue minus ours, in milliseconds: negative when our clock is ahead.
    #[must_use]
    pub fn millis(&self) -> i64 {
        self.millis.load(Ordering::Relaxed)
    }

    /// Takes the `Date` of an answer that was made at our `now`. It shows whole seconds, so the venue's clock stood half a
    /// second later on average. Says the same as [`ClockOffset::correct`].
    pub fn correct_by_date(&self, date: OffsetDateTime, now: OffsetDateTime) -> bool {
        self.correct(date + Duration::milliseconds(500), now)
    }

    /// Takes a reading of the venue's clock at our `now`. Says whether the offset changed by more than two seconds,
    /// which is when a refused signature is worth another try.
    pub fn correct(&self, venue_now: OffsetDateTime, now: OffsetDateTime) -> bool {
        let read = (venue_now - now).whole_milliseconds();
        let read = i64::try_from(read).unwrap_or(0);
        let read = if read.abs() < 1_000 { 0 } else { read };
        let before = self.millis.swap(read, Ordering::Relaxed);
        (before - read).abs() > 2_000
    }
}

impl fmt::Display for ClockOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.millis();
        let (seconds, rest) = (millis.unsigned_abs() / 1_000, millis.unsigned_abs() % 1_000 / 100);
        match millis {
            0 => write!(f, "clock agrees with {}", self.venue),
            1.. => write!(f, "clock is {seconds}.{rest} s behind {}", self.venue),
            _ => write!(f, "clock is {seconds}.{rest} s ahead of {}", self.venue),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_clock_is_named_and_corrected_once() {
        let offset = ClockOffset::new("kalshi");
        let now = OffsetDateTime::UNIX_EPOCH;
        assert!(offset.correct(now + Duration::seconds(30), now));
        assert_eq!(offset.to_string(), "clock is 30.0 s behind kalshi");
        assert_eq!(offset.venue_time(now), now + Duration::seconds(30));
        assert!(!offset.correct(now + Duration::seconds(30), now), "the same reading is no news");
    }

    #[test]
    fn less_than_a_second_is_noise() {
        let offset = ClockOffset::new("kalshi");
        let now = OffsetDateTime::UNIX_EPOCH;
        assert!(!offset.correct(now + Duration::milliseconds(900), now));
        assert_eq!(offset.millis(), 0);
    }
}

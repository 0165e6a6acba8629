//! Instants of the wall clock, UTC.

use std::fmt;
use std::num::NonZeroI64;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// An instant in nanoseconds since 1970-01-01T00:00:00Z, never zero (an unknown instant is `Option::None`).
///
/// Eight bytes, for books and frames; [`time::OffsetDateTime`] at the borders.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(NonZeroI64);

impl Timestamp {
    /// The instant so many nanoseconds after the epoch, `None` for 0 (recordings write an unknown time as 0).
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Option<Self> {
        match NonZeroI64::new(nanos) {
            Some(nanos) => Some(Self(nanos)),
            None => None,
        }
    }

    /// The instant so many milliseconds after the epoch, `None` for 0 and beyond the range of 64-bit nanoseconds.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Option<Self> {
        match millis.checked_mul(1_000_000) {
            Some(nanos) => Self::from_nanos(nanos),
            None => None,
        }
    }

    /// Nanoseconds since the epoch.
    #[must_use]
    pub const fn nanos(self) -> i64 {
        self.0.get()
    }

    /// Nanoseconds from `earlier` to `self`, zero when `earlier` lies ahead (venue clocks may): an age is never negative.
    #[must_use]
    pub const fn nanos_since(self, earlier: Self) -> u64 {
        let difference = self.nanos().saturating_sub(earlier.nanos());
        if difference > 0 { difference.unsigned_abs() } else { 0 }
    }

    /// The span from `earlier` to `self`, zero when `earlier` lies ahead.
    #[must_use]
    pub const fn since(self, earlier: Self) -> std::time::Duration {
        std::time::Duration::from_nanos(self.nanos_since(earlier))
    }
}

impl From<Timestamp> for OffsetDateTime {
    fn from(at: Timestamp) -> Self {
        // Every i64 of nanoseconds (years 1677 to 2262) lies inside the range of the type.
        Self::from_unix_timestamp_nanos(i128::from(at.nanos())).unwrap_or(Self::UNIX_EPOCH)
    }
}

impl TryFrom<OffsetDateTime> for Timestamp {
    type Error = UnrepresentableTime;

    fn try_from(at: OffsetDateTime) -> Result<Self, Self::Error> {
        i64::try_from(at.unix_timestamp_nanos())
            .ok()
            .and_then(Self::from_nanos)
            .ok_or(UnrepresentableTime(at))
    }
}

/// A time outside 1677–2262, or the epoch itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("time {0} does not fit 64-bit nanoseconds since 1970")]
pub struct UnrepresentableTime(OffsetDateTime);

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        OffsetDateTime::from(*self).fmt(f)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({self})")
    }
}

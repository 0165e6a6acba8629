//! A breaker's state outside the process.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::error::{BreakerError, TripReason};
use crate::state::State;

/// The format that is written.
const VERSION: u32 = 1;

/// What a restart must not forget: that a breaker is open, why, until when, and how far its open
/// time has grown. The window is not part of it: outcomes from before a restart say little.
///
/// With the feature `serde` it is a JSON object as `saved-state.schema.json` beside this crate's
/// manifest describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct SavedState {
    /// The version of this format: 1.
    pub version: u32,
    /// The breaker's name.
    pub breaker: String,
    /// When it was saved, in milliseconds of Unix time.
    pub saved_at_ms: u64,
    /// The state.
    pub state: State,
    /// How much of the open time was left, in milliseconds, rounded up; 0 unless open.
    pub open_for_ms: u64,
    /// How many steps the next open time has grown.
    pub growth_level: u32,
    /// Why it opened last.
    pub last_trip: Option<TripReason>,
}

impl SavedState {
    pub(crate) fn new(
        breaker: &str,
        state: State,
        open_for: Option<Duration>,
        growth_level: u32,
        last_trip: Option<TripReason>,
        wall: SystemTime,
    ) -> Self {
        Self {
            version: VERSION,
            breaker: breaker.to_owned(),
            saved_at_ms: unix_ms(wall),
            state,
            open_for_ms: open_for.map_or(0, |left| millis(left + Duration::from_nanos(999_999))),
            growth_level,
            last_trip,
        }
    }

    /// Whether this is the saved state of `breaker`, in a format that is understood.
    pub(crate) fn check(&self, breaker: &str) -> Result<(), BreakerError> {
        if self.version != VERSION {
            return Err(BreakerError::SavedVersion { version: self.version, expected: VERSION });
        }
        if self.breaker != breaker {
            let (saved, breaker) = (self.breaker.clone(), breaker.to_owned());
            return Err(BreakerError::SavedName { saved, breaker });
        }
        Ok(())
    }

    /// What is left of the open time at `wall`. A wall clock that went backwards adds nothing.
    pub(crate) fn open_for(&self, wall: SystemTime) -> Duration {
        let passed = unix_ms(wall).saturating_sub(self.saved_at_ms);
        Duration::from_millis(self.open_for_ms.saturating_sub(passed))
    }
}

fn unix_ms(wall: SystemTime) -> u64 {
    wall.duration_since(UNIX_EPOCH).map_or(0, millis)
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

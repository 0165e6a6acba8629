//! A point in time that is one number.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// Where the first [`Instant`] that is converted comes to lie, so that earlier ones have a place
/// too: 2^60 ns, about 36 years.
const ANCHOR_AT: u64 = 1 << 60;

/// A point on a monotonic timeline, in nanoseconds since an origin of the caller's choice.
///
/// Everything that takes a `now` takes an [`Instant`] as well; all instants of a process lie on one
/// timeline. A `Moment` is for callers that have the time as a number already, such as the receive
/// time of a recorded frame, or that give the same `now` to several breakers: an `Instant` is
/// converted each time it is given, a `Moment` costs nothing. One breaker must be given times of
/// one timeline only.
///
/// ```
/// use std::time::{Duration, Instant};
/// use arb_breaker::Moment;
///
/// let received_at = Moment::from_nanos(1_783_295_657_917_000_000);
/// assert_eq!((received_at + Duration::from_millis(5)).since(received_at).as_micros(), 5_000);
/// let now = Instant::now();
/// assert_eq!(Moment::from(now + Duration::from_secs(1)).since(now.into()).as_secs(), 1);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(u64);

impl Moment {
    /// `nanos` nanoseconds after the origin.
    #[must_use]
    #[inline]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the origin.
    #[must_use]
    #[inline]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// How long after `earlier` this is; zero when it is before it.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// Later by a span; stops at the end of the timeline, 584 years after its origin.
impl std::ops::Add<Duration> for Moment {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(nanos(span)))
    }
}

impl From<Instant> for Moment {
    fn from(instant: Instant) -> Self {
        static ANCHOR: LazyLock<Instant> = LazyLock::new(Instant::now);
        let anchor = *ANCHOR;
        match instant.checked_duration_since(anchor) {
            Some(after) => Self(ANCHOR_AT.saturating_add(nanos(after))),
            None => {
                Self(ANCHOR_AT.saturating_sub(nanos(anchor.saturating_duration_since(instant))))
            }
        }
    }
}

/// Whole nanoseconds of a span; spans of more than 584 years are cut to that.
pub(crate) fn nanos(span: Duration) -> u64 {
    span.as_secs().saturating_mul(1_000_000_000).saturating_add(u64::from(span.subsec_nanos()))
}

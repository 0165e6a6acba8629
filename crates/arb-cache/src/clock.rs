//! Where the cache reads the time: the wall clock, or a clock the caller turns.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use arb_normalize::Timestamp;

/// The clock that ages are judged by.
///
/// Every stamp and every reader of one cache must use the same time: the wall clock ([`Clock::system`], the
/// default) live, a [`VirtualClock`] in a replay.
#[derive(Clone)]
pub struct Clock(Source);

#[derive(Clone)]
enum Source {
    System,
    Function(Arc<dyn Fn() -> Timestamp + Send + Sync>),
}

impl Clock {
    /// The wall clock of this machine, UTC.
    #[must_use]
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// Any other source of time.
    #[must_use]
    pub fn from_fn(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Source::Function(Arc::new(now)))
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System => system_now(),
            Source::Function(now) => now(),
        }
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Source::System => "Clock(system)",
            Source::Function(_) => "Clock(function)",
        })
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the wall clock; a configured Clock replaces it"
)]
fn system_now() -> Timestamp {
    let nanos = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(1, |since| i64::try_from(since.as_nanos()).unwrap_or(i64::MAX));
    at(nanos)
}

/// The instant at so many nanoseconds; 0, which is no instant, becomes the next one.
fn at(nanos: i64) -> Timestamp {
    match Timestamp::from_nanos(nanos) {
        Some(at) => at,
        None => FIRST,
    }
}

const FIRST: Timestamp = match Timestamp::from_nanos(1) {
    Some(at) => at,
    None => unreachable!(),
};

/// A clock that stands until it is turned, for replays and tests.
///
/// ```
/// use std::time::Duration;
/// use arb_cache::VirtualClock;
/// use arb_normalize::Timestamp;
///
/// let time = VirtualClock::at(Timestamp::from_millis(1_000).unwrap());
/// time.advance(Duration::from_millis(5));
/// assert_eq!(time.clock().now().nanos(), 1_005_000_000);
/// ```
#[derive(Debug, Clone)]
pub struct VirtualClock(Arc<AtomicI64>);

impl VirtualClock {
    /// A clock that shows `start`.
    #[must_use]
    pub fn at(start: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(start.nanos())))
    }

    /// Turns the clock to `now`, forwards or backwards.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.nanos(), Ordering::Release);
    }

    /// Turns the clock forward.
    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_nanos()).unwrap_or(i64::MAX);
        self.0.fetch_add(by, Ordering::AcqRel);
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        at(self.0.load(Ordering::Acquire))
    }

    /// The clock to configure a cache with.
    #[must_use]
    pub fn clock(&self) -> Clock {
        let this = self.clone();
        Clock::from_fn(move || this.now())
    }
}

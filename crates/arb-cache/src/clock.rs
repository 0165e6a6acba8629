//! Where the cache reads the time: the wall clock, or a clock the caller turns.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use arb_normalize::Timestamp;

/// The clock that ages are judged by.
///
/// Every stamp and every reader of one cache must use the same time: the wall clock ([`Clock::system`], the
/// default) live, a [`VirtualClock`] in a replay.
///
/// Stamps are instants of the wall clock, which may be set forward and back. What passed since a value was taken in is measured
/// by a second line that only goes forward, so that no value gets younger when the wall clock is put right.
#[derive(Clone)]
pub struct Clock(Source);

#[derive(Clone)]
enum Source {
    System,
    Virtual(VirtualClock),
    Function(Arc<dyn Fn() -> Timestamp + Send + Sync>),
}

impl Clock {
    /// The wall clock of this machine, UTC.
    #[must_use]
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// Any other source of time, which must not step back: ages are measured by it.
    #[must_use]
    pub fn from_fn(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Source::Function(Arc::new(now)))
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.moment().wall
    }

    /// The present instant of both lines.
    pub(crate) fn moment(&self) -> Moment {
        match &self.0 {
            Source::System => system_moment(),
            Source::Virtual(clock) => clock.moment(),
            Source::Function(now) => {
                let now = now();
                Moment { wall: now, steady: now.nanos() }
            }
        }
    }

    /// The present instant of the steady line, in nanoseconds from anywhere.
    #[inline]
    pub(crate) fn steady(&self) -> i64 {
        match &self.0 {
            Source::System => system_steady(),
            Source::Virtual(clock) => clock.moment().steady,
            Source::Function(now) => now().nanos(),
        }
    }

    /// An instant of the wall clock on the steady line, as the two stood when [`Clock::now`] was last asked.
    #[inline]
    pub(crate) fn steady_at(&self, wall: Timestamp) -> i64 {
        let ahead = match &self.0 {
            Source::System => SYSTEM.ahead.load(Ordering::Relaxed),
            Source::Virtual(clock) => clock.moment().ahead(),
            Source::Function(_) => 0,
        };
        wall.nanos().saturating_sub(ahead)
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
            Source::Virtual(_) => "Clock(virtual)",
            Source::Function(_) => "Clock(function)",
        })
    }
}

/// One instant on both lines of a clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) wall: Timestamp,
    /// Nanoseconds.
    pub(crate) steady: i64,
}

impl Moment {
    /// Where on the steady line an instant of the wall clock lies that is not to come: a stamp from ahead counts from now on.
    pub(crate) fn past(self, at: Timestamp) -> i64 {
        self.steady.saturating_sub_unsigned(self.wall.nanos_since(at))
    }

    /// How far the wall clock is ahead of the steady line.
    const fn ahead(self) -> i64 {
        self.wall.nanos().saturating_sub(self.steady)
    }
}

/// The steady line of this machine, which begins when it is first asked.
struct System {
    begun: Instant,
    /// How far the wall clock was ahead when both were last read.
    ahead: AtomicI64,
}

static SYSTEM: LazyLock<System> =
    LazyLock::new(|| System { ahead: AtomicI64::new(system_now().nanos()), begun: Instant::now() });

/// Below this a difference between the lines is not worth telling the other processors: a step is larger.
const NOISE: u64 = 20_000;

fn system_steady() -> i64 {
    i64::try_from(SYSTEM.begun.elapsed().as_nanos()).unwrap_or(i64::MAX)
}

fn system_moment() -> Moment {
    // In this order a pause between the two makes values older, not younger.
    let wall = system_now();
    let moment = Moment { wall, steady: system_steady() };
    let known = SYSTEM.ahead.load(Ordering::Relaxed);
    if known.abs_diff(moment.ahead()) > NOISE {
        SYSTEM.ahead.store(moment.ahead(), Ordering::Relaxed);
    }
    moment
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
pub struct VirtualClock(Arc<Lines>);

#[derive(Debug)]
struct Lines {
    wall: AtomicI64,
    steady: AtomicI64,
}

impl VirtualClock {
    /// A clock that shows `start`.
    #[must_use]
    pub fn at(start: Timestamp) -> Self {
        let line = || AtomicI64::new(start.nanos());
        Self(Arc::new(Lines { wall: line(), steady: line() }))
    }

    /// Turns the clock to `now`. Forwards that is time that passes; backwards it is a clock put right, and no time passes.
    pub fn set(&self, now: Timestamp) {
        let before = self.0.wall.swap(now.nanos(), Ordering::AcqRel);
        let passed = now.nanos().saturating_sub(before).max(0);
        self.0.steady.fetch_add(passed, Ordering::AcqRel);
    }

    /// Turns the clock forward.
    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_nanos()).unwrap_or(i64::MAX);
        self.0.wall.fetch_add(by, Ordering::AcqRel);
        self.0.steady.fetch_add(by, Ordering::AcqRel);
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        at(self.0.wall.load(Ordering::Acquire))
    }

    fn moment(&self) -> Moment {
        Moment { wall: self.now(), steady: self.0.steady.load(Ordering::Acquire) }
    }

    /// The clock to configure a cache with.
    #[must_use]
    pub fn clock(&self) -> Clock {
        Clock(Source::Virtual(self.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_the_system_clock_tell_the_same_time() {
        let clock = Clock::system();
        let first = clock.steady();
        let wall = clock.now();
        let between = clock.steady_at(wall);
        let last = clock.steady();
        // The wall clock may be slewed, and the lines are compared to 20 µs.
        let slack = 1_000_000;
        assert!(first - slack <= between && between <= last + slack, "{first} {between} {last}");
    }

    #[test]
    fn a_clock_that_is_turned_back_lets_no_time_pass() {
        let start = Timestamp::from_millis(10_000).unwrap();
        let time = VirtualClock::at(start);
        let clock = time.clock();
        let before = clock.moment();
        time.set(Timestamp::from_millis(4_000).unwrap());
        assert_eq!((clock.now().nanos(), clock.steady()), (4_000_000_000, before.steady));
        time.advance(Duration::from_secs(1));
        time.set(Timestamp::from_millis(7_000).unwrap());
        assert_eq!(clock.steady() - before.steady, 3_000_000_000);
        assert_eq!(clock.steady_at(time.now()), clock.steady());
        assert_eq!(clock.moment().past(start), clock.steady(), "it is to come again");
    }
}

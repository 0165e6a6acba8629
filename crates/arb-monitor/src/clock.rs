//! The two times an alert needs.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use tokio::time::Instant;

/// One moment by two clocks: what is shown, and what is counted with.
///
/// Every duration (pending, repeat, expiry, rate limit) is measured by `elapsed`, so setting the
/// computer's clock neither fires nor resolves anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The wall clock, UTC. Only shown and sent.
    pub at: OffsetDateTime,
    /// Monotonic time since the owner started.
    pub elapsed: Duration,
}

/// Where [`Moment`]s come from: tokio's clock and a wall clock that the configuration may replace.
#[derive(Clone)]
pub struct Clock {
    started: Instant,
    wall: Arc<dyn Fn() -> OffsetDateTime + Send + Sync>,
}

impl Clock {
    /// Starts counting now, with the system's wall clock.
    #[must_use]
    pub fn system() -> Self {
        Self::with_wall(system_time)
    }

    /// Starts counting now, with another wall clock.
    #[must_use]
    pub fn with_wall(wall: impl Fn() -> OffsetDateTime + Send + Sync + 'static) -> Self {
        Self { started: Instant::now(), wall: Arc::new(wall) }
    }

    /// This moment.
    #[must_use]
    pub fn now(&self) -> Moment {
        Moment { at: (self.wall)(), elapsed: self.started.elapsed() }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clock").field("started", &self.started).finish_non_exhaustive()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where this crate stamps; replaceable by Clock::with_wall"
)]
fn system_time() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

//! What a breaker has counted.

use std::sync::Arc;
use std::time::Duration;

use crate::error::TripReason;
use crate::state::State;

/// Counts over the whole life of a breaker; they never go down, not even by a reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Totals {
    /// Calls that counted as good, probes included.
    pub successes: u64,
    /// Calls that counted as failed, probes and panics included.
    pub failures: u64,
    /// The failures that arose on our side of the wire.
    pub failures_local: u64,
    /// The failures the other side answered with.
    pub failures_remote: u64,
    /// The failures that were panics.
    pub panics: u64,
    /// Calls, good or failed, that were slow.
    pub slow: u64,
    /// Calls that counted neither way by the classifier's word.
    pub ignored: u64,
    /// Permits dropped without a verdict.
    pub cancelled: u64,
    /// Verdicts that came too late, from an earlier generation or a lost probe; they changed
    /// nothing.
    pub stale: u64,
    /// Probes that did not report within their lease.
    pub probes_lost: u64,
    /// Calls that were not admitted.
    pub rejected: u64,
    /// How often the breaker opened, by a rule, by its probes or on request.
    pub opened: u64,
    /// How often a rule tripped in [`State::MetricsOnly`].
    pub would_open: u64,
    /// Calls marked as risk-reducing, which are not part of the counts above.
    pub risk_reducing: RiskReducing,
    /// Events that no listener got because the queue was full.
    pub events_dropped: u64,
    /// Listener calls that panicked.
    pub listener_panics: u64,
}

/// What became of calls marked as risk-reducing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct RiskReducing {
    /// Admitted, in whatever state.
    pub admitted: u64,
    /// Admitted where an ordinary call would have been refused: while open, forced open or
    /// half-open.
    pub admitted_unhealthy: u64,
    /// Good.
    pub successes: u64,
    /// Failed, panics included.
    pub failures: u64,
    /// Ignored.
    pub ignored: u64,
    /// Dropped without a verdict.
    pub cancelled: u64,
}

/// The state and the counts of a breaker at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Snapshot {
    /// The breaker's name.
    pub name: Arc<str>,
    /// Its state.
    pub state: State,
    /// How long it has been in this state.
    pub in_state_for: Duration,
    /// Counts the state changes since the breaker was made.
    pub generation: u64,
    /// Why it opened last, in the present spell or an earlier one.
    pub last_trip: Option<TripReason>,
    /// How long until the open state ends; `None` in other states.
    pub open_for: Option<Duration>,
    /// How many steps the next open time has grown.
    pub growth_level: u32,
    /// Outcomes in the window; 0 unless closed or in metrics-only.
    pub window_calls: u64,
    /// Failures in the window.
    pub window_failures: u64,
    /// Slow calls in the window.
    pub window_slow: u64,
    /// The failures since the last success of this spell.
    pub consecutive_failures: u64,
    /// Probes on their way.
    pub probes_outstanding: u64,
    /// Counts over the breaker's life.
    pub totals: Totals,
}

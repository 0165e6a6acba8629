//! Errors and refusals.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use crate::state::State;

/// What can go wrong when breakers are built or restored.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BreakerError {
    /// A setting makes no sense.
    #[error("breaker setting {setting} is {value}, but must be {expected}")]
    InvalidConfig {
        /// The setting.
        setting: &'static str,
        /// Its value.
        value: String,
        /// What it may be.
        expected: String,
    },
    /// A registry has as many breakers as it may.
    #[error(
        "breaker {name} would be one more than the registry's limit of {limit}; \
         use fewer names or raise the limit"
    )]
    RegistryFull {
        /// The name that was asked for.
        name: String,
        /// The limit.
        limit: usize,
    },
    /// A saved state is of a format that is not understood.
    #[error("saved breaker state has version {version}, but must have {expected}")]
    SavedVersion {
        /// Its version.
        version: u32,
        /// The version that is understood.
        expected: u32,
    },
    /// A saved state is of another breaker.
    #[error("saved state of breaker {saved} cannot be restored into breaker {breaker}")]
    SavedName {
        /// The name in the saved state.
        saved: String,
        /// The breaker's name.
        breaker: String,
    },
}

/// Why a breaker opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum TripReason {
    /// So many failures without a success between them.
    ConsecutiveFailures {
        /// The length of the run.
        failures: u64,
    },
    /// Too many of the window's calls failed.
    FailureRate {
        /// Failed calls in the window.
        failures: u64,
        /// All calls in the window.
        calls: u64,
    },
    /// Too many of the window's calls were slow.
    SlowCallRate {
        /// Slow calls in the window.
        slow: u64,
        /// All calls in the window.
        calls: u64,
    },
    /// Probes of the half-open state failed.
    ProbesFailed {
        /// Failed, slow or lost probes.
        failed: u32,
        /// Probes that had finished.
        finished: u32,
        /// How many of the failed ones never reported within their lease.
        lost: u32,
    },
    /// [`Breaker::open_for`](crate::Breaker::open_for) was called.
    Requested,
    /// [`Breaker::force_open`](crate::Breaker::force_open) was called.
    Forced,
}

impl fmt::Display for TripReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ConsecutiveFailures { failures } => write!(f, "{failures} failures in a row"),
            Self::FailureRate { failures, calls } => {
                write!(f, "{failures} of the window's {calls} calls failed")
            }
            Self::SlowCallRate { slow, calls } => {
                write!(f, "{slow} of the window's {calls} calls were slow")
            }
            Self::ProbesFailed { failed, finished, lost } => {
                write!(f, "{failed} of {finished} probes failed, {lost} of them lost")
            }
            Self::Requested => f.write_str("opened on request"),
            Self::Forced => f.write_str("forced open by an operator"),
        }
    }
}

/// Why a call was not admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RejectReason {
    /// The breaker is open, for the reason given.
    Open(TripReason),
    /// The breaker is half-open and has all the probes it needs.
    ProbesInFlight {
        /// How many probes it takes.
        probes: u32,
    },
}

impl fmt::Display for RejectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(reason) => reason.fmt(f),
            Self::ProbesInFlight { probes } => {
                write!(f, "all {probes} probes are on their way")
            }
        }
    }
}

/// A call was not admitted; a domain answer, not a fault of the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rejected {
    /// The breaker's name.
    pub breaker: Arc<str>,
    /// The state that refused the call.
    pub state: State,
    /// How long to wait before a call may pass: the rest of the open time, or of the lease of the
    /// probe that has run longest. `None` when only an operator can end it.
    pub retry_after: Option<Duration>,
    /// Why.
    pub reason: RejectReason,
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "breaker {} is {} ({}); ", self.breaker, self.state, self.reason)?;
        match self.retry_after {
            Some(wait) => write!(f, "retry after {wait:?}"),
            None => f.write_str("reset it to let calls pass"),
        }
    }
}

impl std::error::Error for Rejected {}

/// Why a guarded call gave no value.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallError<E> {
    /// The breaker did not admit the call: it was never started. Boxed, so that the result of every call that is
    /// admitted stays small.
    Rejected(Box<Rejected>),
    /// The call was made and failed.
    Inner(E),
}

impl<E> CallError<E> {
    /// Whether the same call may pass later without anyone's doing: a rejection that names a time.
    /// The inner error's own view is the caller's to ask.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Rejected(rejected) if rejected.retry_after.is_some())
    }

    /// The error of the call itself, if it was made.
    pub fn into_inner(self) -> Option<E> {
        match self {
            Self::Rejected(_) => None,
            Self::Inner(error) => Some(error),
        }
    }
}

impl<E: fmt::Display> fmt::Display for CallError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected(rejected) => rejected.fmt(f),
            Self::Inner(error) => error.fmt(f),
        }
    }
}

impl<E: std::error::Error + 'static> std::error::Error for CallError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Rejected(_) => None,
            // The message is the inner one's, so its causes are this one's causes.
            Self::Inner(error) => error.source(),
        }
    }
}

impl<E> From<Rejected> for CallError<E> {
    #[cold]
    #[inline(never)]
    fn from(rejected: Rejected) -> Self {
        Self::Rejected(Box::new(rejected))
    }
}

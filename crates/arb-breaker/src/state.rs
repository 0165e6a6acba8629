//! The states a breaker can be in.

use std::fmt;

/// What a breaker does with calls right now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum State {
    /// Calls pass, their outcomes are counted and judged.
    Closed,
    /// Calls pass and are counted and judged as in [`State::Closed`], but a rule that trips is only
    /// reported: a way to try rules on live traffic.
    MetricsOnly,
    /// Calls are rejected until the open time is over.
    Open,
    /// A limited number of probes passes; their outcomes decide between closed and open.
    HalfOpen,
    /// An operator opened the breaker; only [`Breaker::reset`](crate::Breaker::reset) or another
    /// operator command ends it.
    ForcedOpen,
    /// Calls pass and nothing is recorded.
    Disabled,
}

impl State {
    /// The name in lower case with underscores, as used in metrics, events and saved states.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::MetricsOnly => "metrics_only",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
            Self::ForcedOpen => "forced_open",
            Self::Disabled => "disabled",
        }
    }

    /// Whether ordinary calls are refused in this state ([`State::Open`], [`State::ForcedOpen`]).
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Open | Self::ForcedOpen)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

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

    /// The number the packed word and the `arb_breaker_state_code` gauge use.
    #[must_use]
    pub(crate) const fn code(self) -> u32 {
        match self {
            Self::Closed => 0,
            Self::MetricsOnly => 1,
            Self::HalfOpen => 2,
            Self::Open => 3,
            Self::ForcedOpen => 4,
            Self::Disabled => 5,
        }
    }

    pub(crate) const fn from_code(code: u32) -> Self {
        match code {
            0 => Self::Closed,
            1 => Self::MetricsOnly,
            2 => Self::HalfOpen,
            3 => Self::Open,
            4 => Self::ForcedOpen,
            _ => Self::Disabled,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

//! What is told about health.

use std::time::Duration;

use serde::Serialize;
use time::OffsetDateTime;

use super::heartbeat::LoopStatus;

/// How a component is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ComponentState {
    /// Not asked yet.
    Unknown,
    /// Well.
    Healthy,
    /// It works, worse than it should, or has just begun to fail.
    Degraded,
    /// It failed as often in a row as its threshold says.
    Unhealthy,
}

impl ComponentState {
    /// The name in lower case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unhealthy => "unhealthy",
        }
    }
}

/// A component as last seen.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ComponentHealth {
    /// Its name.
    pub name: String,
    /// Whether the whole is not ready without it.
    pub required: bool,
    /// How it is doing.
    pub state: ComponentState,
    /// Why.
    pub message: String,
    /// Failed checks in a row.
    pub failures_in_a_row: u32,
    /// Checks made.
    pub checks: u64,
    /// How long the last check took.
    pub response_time: Option<Duration>,
    /// When it was last asked.
    #[serde(with = "time::serde::rfc3339::option")]
    pub checked_at: Option<OffsetDateTime>,
    /// When it was last well or degraded by its own word.
    #[serde(with = "time::serde::rfc3339::option")]
    pub last_ok_at: Option<OffsetDateTime>,
}

impl ComponentHealth {
    /// Whether it is unhealthy.
    #[must_use]
    pub fn is_unhealthy(&self) -> bool {
        self.state == ComponentState::Unhealthy
    }
}

/// How the whole is doing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Overall {
    /// A required component was not asked yet and nothing is known to be wrong.
    #[default]
    Starting,
    /// Every component is well.
    Healthy,
    /// A component is degraded, or an optional one is unhealthy.
    Degraded,
    /// A required component is unhealthy, or at least half of all are.
    Unhealthy,
}

impl Overall {
    /// The name in lower case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unhealthy => "unhealthy",
        }
    }
}

/// The health of everything at one moment.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct HealthReport {
    /// The whole.
    pub overall: Overall,
    /// Whether work can be given to the process: every required component was asked and none is
    /// unhealthy.
    pub ready: bool,
    /// Whether the process's own loops turn.
    pub alive: bool,
    /// The components, by name.
    pub components: Vec<ComponentHealth>,
    /// The loops, by name.
    pub loops: Vec<LoopStatus>,
}

impl HealthReport {
    pub(super) fn of(components: Vec<ComponentHealth>, loops: Vec<LoopStatus>) -> Self {
        let count = |state| components.iter().filter(|one| one.state == state).count();
        let mut required = components.iter().filter(|one| one.required);
        let required_down = required.clone().any(ComponentHealth::is_unhealthy);
        let required_unknown = required.any(|one| one.state == ComponentState::Unknown);
        let unhealthy = count(ComponentState::Unhealthy);
        let half_down = unhealthy > 0 && 2 * unhealthy >= components.len();
        let overall = if required_down || half_down {
            Overall::Unhealthy
        } else if unhealthy > 0 || count(ComponentState::Degraded) > 0 {
            Overall::Degraded
        } else if required_unknown {
            Overall::Starting
        } else {
            Overall::Healthy
        };
        Self {
            overall,
            ready: !required_down && !required_unknown,
            alive: loops.iter().all(|one| one.turns),
            components,
            loops,
        }
    }
}

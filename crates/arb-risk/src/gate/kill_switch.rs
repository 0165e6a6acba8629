//! A switch that stops trading and stays where it was put.

use arb_normalize::Timestamp;
use serde::{Deserialize, Serialize};

/// What may be traded.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum TradingState {
    /// Everything.
    Active,
    /// Only what reduces a position.
    ReduceOnly,
    /// Nothing.
    #[default]
    Halted,
}

impl std::fmt::Display for TradingState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Active => "active",
            Self::ReduceOnly => "reduce_only",
            Self::Halted => "halted",
        })
    }
}

/// A switch that stops trading and stays where it was put, over restarts too.
///
/// This crate does no I/O: keep [`KillSwitch::record`] wherever it survives, **before** acting on a change, and start
/// from [`KillSwitch::restore`] or [`KillSwitch::restore_read`]. A record that cannot be read halts, because it is not known
/// what it said.
///
/// ```
/// use arb_normalize::Timestamp;
/// use arb_risk::gate::{KillSwitch, TradingState};
///
/// let path = std::env::temp_dir().join(format!("kill-switch-{}.json", std::process::id()));
/// let now = Timestamp::from_millis(1_780_000_000_000).unwrap();
/// let mut switch = KillSwitch::restore_read(std::fs::read_to_string(&path));
/// switch.pull(TradingState::ReduceOnly, "balance differs by 3 dollars", now);
/// std::fs::write(&path, switch.record())?;
///
/// let restarted = KillSwitch::restore_read(std::fs::read_to_string(&path));
/// assert_eq!(restarted.state(), TradingState::ReduceOnly);
/// assert_eq!(restarted.reason(), "balance differs by 3 dollars");
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KillSwitch {
    v: u8,
    state: TradingState,
    reason: String,
    since: Option<Timestamp>,
}

impl KillSwitch {
    const VERSION: u8 = 1;

    /// A switch that was never pulled.
    #[must_use]
    pub const fn released() -> Self {
        Self { v: Self::VERSION, state: TradingState::Active, reason: String::new(), since: None }
    }

    /// The switch as it was recorded. `None` says that nothing was ever recorded and yields a switch that was never
    /// pulled; a record that cannot be read yields one at [`TradingState::Halted`].
    #[must_use]
    pub fn restore(record: Option<&str>) -> Self {
        let Some(record) = record else { return Self::released() };
        match serde_json::from_str::<Self>(record) {
            Ok(switch) if switch.v == Self::VERSION => switch,
            Ok(switch) => Self::unreadable(format!("record has version {}", switch.v)),
            Err(error) => Self::unreadable(format!("record cannot be read: {error}")),
        }
    }

    /// The switch as a file says it, or did not. Only a file that is not there says that nothing was ever recorded; one
    /// that is there and cannot be read (no permission, a broken disk, no text) halts.
    #[must_use]
    pub fn restore_read(read: std::io::Result<String>) -> Self {
        match read {
            Ok(record) => Self::restore(Some(&record)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Self::released(),
            Err(error) => Self::unreadable(format!("record cannot be read: {error}")),
        }
    }

    fn unreadable(reason: String) -> Self {
        Self { v: Self::VERSION, state: TradingState::Halted, reason, since: None }
    }

    /// What to keep: one line of JSON.
    #[must_use]
    pub fn record(&self) -> String {
        // A struct of a number, a word, a text and a number always serialises; were it not so, the record must halt.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Restricts trading to `state`; never loosens it. Returns whether anything changed, that is whether to record it.
    pub fn pull(&mut self, state: TradingState, reason: &str, now: Timestamp) -> bool {
        if state <= self.state {
            return false;
        }
        (self.state, self.since) = (state, Some(now));
        reason.clone_into(&mut self.reason);
        true
    }

    /// Allows everything again: a person's decision, never the program's.
    pub fn release(&mut self, reason: &str, now: Timestamp) {
        (self.state, self.since) = (TradingState::Active, Some(now));
        reason.clone_into(&mut self.reason);
    }

    /// What may be traded.
    #[must_use]
    pub const fn state(&self) -> TradingState {
        self.state
    }

    /// Why it stands there; empty if it was never moved.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Since when it stands there, if known.
    #[must_use]
    pub const fn since(&self) -> Option<Timestamp> {
        self.since
    }
}

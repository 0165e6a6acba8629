#![doc = include_str!("../README.md")]

mod breaker;
mod call;
mod config;
mod error;
mod event;
#[cfg(test)]
mod interleavings;
mod ledger;
mod machine;
mod moment;
mod open_time;
mod outcome;
mod permit;
mod probes;
mod rate;
mod snapshot;
mod state;
mod sync;
mod tag;
mod ticket;
mod window;

pub use breaker::Breaker;
pub use call::Attempt;
pub use config::{BreakerConfig, Clock, ProbeVerdict, SlowCalls, Window};
pub use error::{BreakerError, CallError, RejectReason, Rejected, TripReason};
pub use event::{Event, EventKind};
pub use moment::Moment;
pub use outcome::{Classify, ErrorsAreFailures, Failure, Origin, Outcome};
pub use permit::Permit;
pub use rate::Rate;
pub use snapshot::{RiskReducing, Snapshot, Totals};
pub use state::State;

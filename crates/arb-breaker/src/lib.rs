#![doc = include_str!("../README.md")]
#![cfg_attr(
    test,
    allow(clippy::duplicate_mod, reason = "the lock-free half is compiled again under loom")
)]

mod breaker;
mod call;
mod config;
mod error;
mod event;
mod instruments;
#[cfg(test)]
mod interleavings;
#[cfg(feature = "tower")]
mod layer;
mod ledger;
mod machine;
mod moment;
mod open_time;
mod outcome;
mod permit;
mod probes;
mod rate;
mod registry;
mod saved;
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
#[cfg(feature = "tower")]
pub use layer::{BreakerFuture, BreakerLayer, BreakerService};
pub use moment::Moment;
pub use outcome::{Classify, ErrorsAreFailures, Failure, Origin, Outcome};
pub use permit::Permit;
pub use rate::Rate;
pub use registry::{BreakerRegistry, Health};
pub use saved::SavedState;
pub use snapshot::{RiskReducing, Snapshot, Totals};
pub use state::State;

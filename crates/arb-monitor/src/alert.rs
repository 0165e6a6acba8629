//! Alerts with a life cycle.
//!
//! A signal, raised by a [rule](AlertRule) or by code, becomes an [`Alert`]: pending for as long as
//! its rule asks, then firing, then resolved. [`AlertBook`] is that state machine, pure and without
//! a clock; it decides what is worth a [`Notification`]. A [`Courier`] brings notifications to one
//! [`AlertSink`], with retries, a breaker and a bounded queue.

mod book;
mod courier;
mod defaults;
mod format;
mod limit;
mod model;
mod opportunity;
mod rule;
mod silence;
mod sink;

pub use book::{AlertBook, AlertBookConfig};
pub use courier::{BreakerState, Courier, SinkConfig, SinkStatus};
pub use defaults::DefaultRules;
pub use format::Format;
pub use model::{
    Acknowledgement, Alert, AlertKind, Change, Fingerprint, Notification, Severity, Signal, Status,
};
pub use opportunity::{OpportunityAlert, OpportunityFacts};
pub use rule::{
    AlertRule, Comparison, Ratio, RuleContext, Rules, Stalled, Threshold, UnhealthyOverall,
};
pub use silence::Silence;
pub use sink::{AlertSink, LogSink, MemorySink, SinkError};

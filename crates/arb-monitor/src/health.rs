//! Is it well? Components with asynchronous checks, readiness, and liveness apart from it.
//!
//! *Ready* asks the components: a required one that is not well makes the whole not ready. *Alive*
//! asks only whether the process's own loops still turn ([`Heartbeats`]): a dead venue must not get
//! the process restarted.

mod check;
mod heartbeat;
mod registry;
mod report;

pub use check::{Checked, FnCheck, Health, HealthCheck};
pub use heartbeat::{Heartbeat, Heartbeats, LoopStatus};
pub use registry::{ComponentConfig, HealthRegistry};
pub use report::{ComponentHealth, ComponentState, HealthReport, Overall};

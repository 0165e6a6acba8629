//! Windowed statistics, readable in process.
//!
//! [`Aggregator`] is a [`metrics::Recorder`]: whatever a crate says through the `metrics` facade is
//! what health checks, alert rules and the status page see. Recording touches atomics only and
//! reads no clock; [`Aggregator::advance`] closes the open slot from time to time and drops what
//! has left the window.

mod aggregator;
mod buckets;
mod counter;
mod gauge;
mod histogram;
mod reading;

pub use aggregator::{Aggregator, WindowConfig};
pub use reading::{
    CounterStats, GaugeStats, HistogramStats, Labels, Reading, Select, Statistic, Value,
};

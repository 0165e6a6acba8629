#![doc = include_str!("../README.md")]

pub mod alert;
mod clock;
mod error;
pub mod health;
mod monitor;
mod process;
pub mod window;

pub use clock::{Clock, Moment};
pub use error::MonitorError;
pub use monitor::{Monitor, MonitorBuilder, MonitorConfig, MonitorHandle};

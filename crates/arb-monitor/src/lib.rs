#![doc = include_str!("../README.md")]

pub mod alert;
mod clock;
mod error;
pub mod health;
mod monitor;
mod process;
#[cfg(feature = "prometheus")]
pub mod prometheus;
#[cfg(feature = "_server")]
pub mod server;
#[cfg(feature = "status")]
pub mod status;
pub mod vocabulary;
#[cfg(feature = "webhook")]
pub mod webhook;
pub mod window;

pub use clock::{Clock, Moment};
pub use error::MonitorError;
pub use monitor::{Monitor, MonitorBuilder, MonitorConfig, MonitorHandle};

#![doc = include_str!("../README.md")]

pub mod assess;
pub mod calibrate;
mod error;
pub mod fees;
pub mod gas;
pub mod gate;
pub mod size;
pub mod slippage;
pub mod volatility;

pub use error::RiskError;

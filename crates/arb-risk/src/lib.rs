#![doc = include_str!("../README.md")]

mod error;
pub mod fees;
pub mod size;
pub mod slippage;
pub mod volatility;

pub use error::RiskError;

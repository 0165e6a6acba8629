#![doc = include_str!("../README.md")]

mod error;
pub mod fees;
pub mod size;

pub use error::RiskError;

#![doc = include_str!("../README.md")]

mod bucket;
pub mod clock;
pub mod error;
pub mod gas;
pub mod kalshi;
mod pages;
pub mod polymarket;
pub mod rest;
pub mod source;

pub use bucket::TokenRate;
pub use clock::ClockOffset;
pub use error::VenueError;
pub use rest::RestConfig;
pub use source::{Discovery, MarketFilter, MarketSource};

#![doc = include_str!("../README.md")]

pub mod basket;
pub mod board;
pub mod counts;
pub mod detect;
pub mod ending;
pub mod episode;
mod judge;
pub mod limits;
pub mod pairs;
pub mod pipeline;
pub mod report;
mod screen;
pub mod sets;
pub mod sink;

pub use basket::{Basket, BasketLeg, Pick};
pub use board::Board;
pub use counts::{Counts, Funnel};
pub use detect::Detector;
pub use ending::{Ending, EndingProfit};
pub use episode::{CloseReason, Closed};
pub use judge::NotPriced;
pub use limits::Limits;
pub use pairs::{PairSpec, PairsError};
pub use pipeline::{Pipeline, PipelineConfig};
pub use sets::{MarketSet, SetsError};
pub use sink::{Change, Found, Sink};

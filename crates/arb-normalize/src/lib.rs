#![doc = include_str!("../README.md")]

pub mod book;
pub mod books;
pub mod decode;
pub mod event;
mod fixed;
mod json;
pub mod ladder;
pub mod level;
pub mod market;
pub mod opportunity;
pub mod pair;
pub mod price;
pub mod quantity;
#[cfg(feature = "rest")]
pub mod rest;
pub mod timestamp;
pub mod title;
pub mod usd;
pub mod venue;

pub use book::Book;
pub use books::{BookId, BookState, Books, FrameReport, SuspectReason, TrackedBook};
pub use decode::{Decode, DecodeError, Decoded, decoder};
pub use event::MarketEvent;
pub use fixed::ParseFixedError;
pub use ladder::Ladder;
pub use level::{Level, Outcome, Side};
pub use market::{Market, MarketKey, MarketStatus};
pub use opportunity::{Opportunity, OpportunityClass, OpportunityLeg};
pub use pair::{Pair, Relation};
pub use price::Price;
pub use quantity::{Quantity, QuantityChange};
pub use timestamp::Timestamp;
pub use title::{Title, similarity};
pub use usd::Usd;
pub use venue::Venue;

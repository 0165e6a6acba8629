#![doc = include_str!("../README.md")]

mod bounded;
mod cache;
mod class;
mod clock;
pub mod codec;
mod config;
pub mod envelope;
mod error;
mod key;
mod lookup;
mod record;
mod stamp;
mod stats;
mod store;
mod tier;
mod value;
mod writer;

pub use cache::Cache;
pub use class::Class;
pub use clock::{Clock, VirtualClock};
pub use config::{Bounds, CacheConfig, ClassPolicy};
pub use error::{CacheError, Cause};
pub use lookup::{Cached, Lookup, Miss, Source};
pub use record::Record;
pub use stamp::{Origin, Stamp, Version};
pub use stats::ClassStats;
pub use store::memory::MemoryStore;
#[cfg(feature = "redis")]
pub use store::redis::{RedisConfig, RedisStore};
pub use store::{Invalidation, Rank, Ranked, Store, StoreSize, Write, Written};
pub use value::{MarketPair, Quote, Similarity};
pub use writer::{CacheWriter, Inbox, Offer, WriterConfig};

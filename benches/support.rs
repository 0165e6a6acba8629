//! What several benches share: a made-up stream of two venues' frames, the same question answered by several contenders, and
//! sizing in decimals.

pub mod bots;
pub mod contender;
pub mod decimal;
pub mod decoded;
pub mod floor;
pub mod measured;
pub mod memory;
pub mod ours;
pub mod random;
pub mod samples;
pub mod scanner;
#[cfg(feature = "peers")]
pub mod sdk;
pub mod stream;

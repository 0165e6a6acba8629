#![doc = include_str!("../README.md")]

mod book;
mod catalogue;
mod clock;
mod config;
mod connection;
mod credentials;
mod error;
mod fault;
mod http;
mod kalshi;
mod object;
mod polymarket;
mod profit;
mod random;
mod sim;
mod units;
mod world;

pub use book::{Side, TruthBook};
pub use catalogue::{LookAlike, Relation};
pub use config::{Catalogue, SimConfig, SnapshotReply};
pub use connection::ConnectionInfo;
pub use credentials::{AcceptedKey, KalshiCredentials, PublicKey};
pub use error::SimError;
pub use fault::{Fault, FaultId, FaultRecord, FaultSpec, Surface, Venue};
pub use sim::Sim;
pub use units::{Dollars, Price, Quantity};
pub use world::{Outcome, Planted, VenueStats};

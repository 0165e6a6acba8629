//! Tests against real servers and of the typed cache as a user sees it.
#![cfg(feature = "redis")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a failing test may panic")]

mod conformance;
mod loading;
mod outage;
mod redis_cluster;
mod redis_server;
mod slots;
mod tls;
mod tracking;
mod typed;
mod values;
mod writing;

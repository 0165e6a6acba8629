//! Both venues over real sockets, seen by a client that knows only their documentation.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

mod books;
mod client;
mod control;
mod faults;
mod kalshi_commands;
mod kalshi_rest;
mod polymarket_rest;
mod polymarket_ws;
#[cfg(feature = "cli")]
mod program;
mod scanner;
mod signatures;

use arb_sim::SimConfig;

/// Venues whose books move only when a test says so.
fn still() -> SimConfig {
    SimConfig { quotes_per_second: 0, plant_every: None, ..SimConfig::default() }
}

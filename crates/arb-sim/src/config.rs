//! How a simulation is set up.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use time::OffsetDateTime;

use crate::credentials::AcceptedKey;

/// Which markets exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Catalogue {
    /// The built-in catalogue: true pairs, inverted pairs, look-alikes, combos, closed markets.
    Standard,
    /// This many plain equal pairs (and nothing else), for load tests.
    Synthetic {
        /// How many pairs.
        pairs: usize,
    },
}

/// Which number the snapshot that answers `get_snapshot` carries. Kalshi does not document it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SnapshotReply {
    /// The next number of the subscription, like any other frame.
    TakesNumber,
    /// The last number again; the next frame goes on as if there had been no snapshot.
    RepeatsLast,
}

/// Settings of a simulation. `SimConfig::default()` is what the live scanner's demonstration uses.
///
/// ```
/// use arb_sim::SimConfig;
/// let config = SimConfig { seed: 7, quotes_per_second: 0, ..SimConfig::default() };
/// assert!(config.plant_every.is_some());
/// ```
#[derive(Debug, Clone)]
pub struct SimConfig {
    /// The address to listen on (default 127.0.0.1).
    pub address: IpAddr,
    /// The first of five neighbouring ports, or `None` (the default) for free ones.
    pub first_port: Option<u16>,
    /// What the venues believe the time is at the start; `None` (the default) reads the system clock.
    pub now: Option<OffsetDateTime>,
    /// Seed of everything random in the markets (default 1).
    pub seed: u64,
    /// Which markets exist (default [`Catalogue::Standard`]).
    pub catalogue: Catalogue,
    /// Book changes per second over all markets (default 40); 0 leaves the books still.
    pub quotes_per_second: u32,
    /// How often the fair price of a pair may move by a cent (default 8 s).
    pub drift_every: Duration,
    /// Mean time between planted opportunities (default 1.5 s); `None` plants none.
    pub plant_every: Option<Duration>,
    /// How long an opportunity stays after both legs have been sent (default 2 s).
    pub plant_lifetime: Duration,
    /// Largest difference between a signed timestamp and the venue's clock (default 5 s).
    pub signature_skew: Duration,
    /// Keys that are accepted besides the simulator's own.
    pub accepted_keys: Vec<AcceptedKey>,
    /// Whether `/markets/orderbooks` wants a signature, as Kalshi's specification says (default true).
    pub batch_books_need_signature: bool,
    /// Number of the snapshot that answers `get_snapshot` (default [`SnapshotReply::TakesNumber`]).
    pub snapshot_reply: SnapshotReply,
    /// Interval of Kalshi's ping control frames (default 10 s).
    pub kalshi_ping_every: Duration,
    /// A Polymarket client that sends no `PING` for so long is closed (default 30 s).
    pub polymarket_ping_timeout: Duration,
    /// Frames a connection may be behind before the venue gives up on it (default 20,000): Kalshi
    /// kills the subscription with error 25, Polymarket closes the connection.
    pub send_buffer_frames: usize,
    /// Most markets in one Kalshi subscription, error 26 above it (default 20,000).
    pub subscription_markets: usize,
    /// Most commands a second on one Kalshi connection, error 27 above it (default 10,000).
    pub commands_per_second: u32,
    /// Signed Kalshi REST calls a second before 429 (default 20, the Basic tier's 200
    /// tokens at 10 a call; burst three times that).
    pub signed_calls_per_second: u32,
}

impl Default for SimConfig {
    fn default() -> Self {
        Self {
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            first_port: None,
            now: None,
            seed: 1,
            catalogue: Catalogue::Standard,
            quotes_per_second: 40,
            drift_every: Duration::from_secs(8),
            plant_every: Some(Duration::from_millis(1_500)),
            plant_lifetime: Duration::from_secs(2),
            signature_skew: Duration::from_secs(5),
            accepted_keys: Vec::new(),
            batch_books_need_signature: true,
            snapshot_reply: SnapshotReply::TakesNumber,
            kalshi_ping_every: Duration::from_secs(10),
            polymarket_ping_timeout: Duration::from_secs(30),
            send_buffer_frames: 20_000,
            subscription_markets: 20_000,
            commands_per_second: 10_000,
            signed_calls_per_second: 20,
        }
    }
}

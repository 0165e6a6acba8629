//! Polymarket: Gamma and CLOB reads and the market-channel session.

mod rest;
mod session;

pub use rest::PolymarketRest;
pub use session::PolymarketSession;

/// Gamma: market metadata, cached up to 300 s; never a source of prices.
pub const GAMMA_URL: &str = "https://gamma-api.polymarket.com";
/// CLOB: order books.
pub const CLOB_URL: &str = "https://clob.polymarket.com";
/// The market channel.
pub const WS_URL: &str = "wss://ws-subscriptions-clob.polymarket.com/ws/market";
/// Tokens on one connection: no limit is published, clients in use take 200.
pub const TOKENS_PER_CONNECTION: usize = 200;

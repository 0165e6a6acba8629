//! Kalshi: request signatures, REST and the WebSocket session.

mod credentials;
mod fees;
mod limits;
mod rest;
mod session;

pub use credentials::{CredentialsError, KalshiCredentials, SignedHeaders};
pub use fees::{FeesFrom, fee_timeline};
pub use limits::AccountLimits;
pub use rest::KalshiRest;
pub use session::KalshiSession;

/// Production REST.
pub const REST_URL: &str = "https://external-api.kalshi.com/trade-api/v2";
/// Production WebSocket.
pub const WS_URL: &str = "wss://external-api-ws.kalshi.com/trade-api/ws/v2";
/// Demo REST: other keys, other money.
pub const DEMO_REST_URL: &str = "https://external-api.demo.kalshi.co/trade-api/v2";
/// Demo WebSocket.
pub const DEMO_WS_URL: &str = "wss://external-api-ws.demo.kalshi.co/trade-api/ws/v2";

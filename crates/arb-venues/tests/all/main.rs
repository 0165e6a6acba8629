//! Both venues' REST and sessions against the simulated venues, over real sockets.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod gas;
mod kalshi_session;
mod meters;
mod rest;
mod session;

use std::sync::Arc;

use arb_sim::{Sim, SimConfig};
use arb_venues::ClockOffset;
use arb_venues::kalshi::{KalshiCredentials, KalshiRest};
use arb_venues::polymarket::PolymarketRest;

/// Quiet venues that take a busy machine for no skewed clock.
async fn venues(quotes_per_second: u32) -> Sim {
    let config = SimConfig {
        plant_every: None,
        quotes_per_second,
        signature_skew: std::time::Duration::from_secs(15),
        ..SimConfig::default()
    };
    Sim::start(config).await.unwrap()
}

fn key(sim: &Sim) -> Arc<KalshiCredentials> {
    let key = sim.kalshi_credentials();
    Arc::new(KalshiCredentials::from_pem(&key.key_id, &key.private_key_pem).unwrap())
}

fn kalshi(sim: &Sim) -> (KalshiRest, ClockOffset) {
    let clock = ClockOffset::new("kalshi");
    (KalshiRest::new(&sim.kalshi_rest_url(), Some(key(sim)), clock.clone()).unwrap(), clock)
}

fn polymarket(sim: &Sim) -> PolymarketRest {
    let clock = ClockOffset::new("polymarket");
    PolymarketRest::new(&sim.gamma_url(), &sim.clob_url(), clock).unwrap()
}

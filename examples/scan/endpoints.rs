//! Where the venues are, and with which key.

use std::sync::Arc;

use arb_monitor::status::Mode;
use arb_sim::Sim;
use arb_venues::ClockOffset;
use arb_venues::kalshi::{self, KalshiCredentials, KalshiRest};
use arb_venues::polymarket::{self, PolymarketRest};

use crate::args::Args;
use crate::failure::Failure;
use crate::settings::Settings;

/// Addresses, key and clocks of both venues.
#[derive(Debug)]
pub struct Endpoints {
    /// What the screen says.
    pub mode: Mode,
    /// Kalshi's WebSocket.
    pub kalshi_ws: String,
    /// Polymarket's market channel.
    pub polymarket_ws: String,
    /// Kalshi's key; none in watch mode.
    pub credentials: Option<Arc<KalshiCredentials>>,
    /// Kalshi's REST.
    pub kalshi: Arc<KalshiRest>,
    /// Polymarket's REST.
    pub polymarket: Arc<PolymarketRest>,
    /// Kalshi's clock.
    pub kalshi_clock: ClockOffset,
    /// Polymarket's clock.
    pub polymarket_clock: ClockOffset,
}

impl Endpoints {
    /// The simulated venues.
    pub fn simulated(sim: &Sim) -> Result<Self, Failure> {
        let key = sim.kalshi_credentials();
        let key = KalshiCredentials::from_pem(&key.key_id, &key.private_key_pem)
            .map_err(|error| Failure::from_error("the simulated key", &error))?;
        Self::new(
            Mode::Simulated,
            [&sim.kalshi_rest_url(), &sim.kalshi_ws_url()],
            [&sim.gamma_url(), &sim.clob_url(), &sim.polymarket_ws_url()],
            Some(key),
        )
    }

    /// The real venues, or Kalshi's demo hosts.
    pub fn live(args: &Args, settings: &Settings) -> Result<Self, Failure> {
        Self::live_with(key(args, settings)?, args, settings)
    }

    /// The same with a key that has been read.
    pub fn live_with(
        key: Option<KalshiCredentials>,
        args: &Args,
        settings: &Settings,
    ) -> Result<Self, Failure> {
        let mode = match (args.watch, args.demo) {
            (true, _) => Mode::Watch,
            (_, true) => Mode::Demo,
            _ => Mode::Live,
        };
        let kalshi = if args.demo {
            [kalshi::DEMO_REST_URL, kalshi::DEMO_WS_URL]
        } else {
            [kalshi::REST_URL, kalshi::WS_URL]
        };
        let polymarket = [polymarket::GAMMA_URL, polymarket::CLOB_URL, polymarket::WS_URL];
        let [rest, ws, gamma, clob, market] = &settings.addresses;
        let or =
            |own: &Option<String>, known: &str| own.clone().unwrap_or_else(|| known.to_owned());
        let kalshi = [or(rest, kalshi[0]), or(ws, kalshi[1])];
        let polymarket =
            [or(gamma, polymarket[0]), or(clob, polymarket[1]), or(market, polymarket[2])];
        Self::new(
            mode,
            kalshi.each_ref().map(String::as_str),
            polymarket.each_ref().map(String::as_str),
            key,
        )
    }

    fn new(
        mode: Mode,
        [kalshi_rest, kalshi_ws]: [&str; 2],
        [gamma, clob, polymarket_ws]: [&str; 3],
        key: Option<KalshiCredentials>,
    ) -> Result<Self, Failure> {
        let credentials = key.map(Arc::new);
        let (kalshi_clock, polymarket_clock) =
            (ClockOffset::new("kalshi"), ClockOffset::new("polymarket"));
        let failed = |error| Failure::from_error("the venues' clients", &error);
        let kalshi = KalshiRest::new(kalshi_rest, credentials.clone(), kalshi_clock.clone())
            .map_err(failed)?;
        let polymarket =
            PolymarketRest::new(gamma, clob, polymarket_clock.clone()).map_err(failed)?;
        Ok(Self {
            mode,
            kalshi_ws: kalshi_ws.to_owned(),
            polymarket_ws: polymarket_ws.to_owned(),
            credentials,
            kalshi: Arc::new(kalshi),
            polymarket: Arc::new(polymarket),
            kalshi_clock,
            polymarket_clock,
        })
    }
}

/// Reads the key that Kalshi's feed needs; watching needs none.
pub fn key(args: &Args, settings: &Settings) -> Result<Option<KalshiCredentials>, Failure> {
    if args.watch {
        return Ok(None);
    }
    let Some((id, path)) = &settings.kalshi_key else {
        return Err(Failure::usage(
            "Kalshi's feed needs a key: set KALSHI_KEY_ID and KALSHI_PRIVATE_KEY_PATH, or use --live --watch, which needs none",
        ));
    };
    let pem = std::fs::read_to_string(path).map(zeroize::Zeroizing::new).map_err(|error| {
        Failure::usage(format!("the Kalshi private key {path} cannot be read: {error}"))
    })?;
    KalshiCredentials::from_pem(id, &pem)
        .map(Some)
        .map_err(|error| Failure { code: 2, ..Failure::from_error(&format!("key {path}"), &error) })
}

//! Is everything there that scanning needs? One page and an exit code.

use std::fmt;
use std::time::Duration;

use arb_cache::{Cache, CacheConfig};
use arb_risk::gas::GasSource as _;
use arb_venues::MarketSource as _;
use arb_venues::kalshi::KalshiSession;
use arb_venues::polymarket::PolymarketSession;
use arb_ws::{Dial as _, Session, TungsteniteDial, Windows};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::time::{Instant, timeout};

use crate::endpoints::Endpoints;
use crate::gas::PolygonGas;
use crate::settings::{self, Settings};

/// How long one look may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// Clocks further apart than this are wrong: signatures are refused from about 5 s on.
const CLOCK_LIMIT_MS: i64 = 2_000;

/// How serious a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grade {
    /// As it should be.
    Good,
    /// Worth knowing.
    Note,
    /// Scanning will not work like this.
    Bad,
}

/// One line of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at.
    pub about: &'static str,
    /// How serious it is.
    pub grade: Grade,
    /// What was found, and what to do about it.
    pub words: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let grade = match self.grade {
            Grade::Good => "ok",
            Grade::Note => "note",
            Grade::Bad => "BAD",
        };
        write!(f, "{grade:<5} {:<22} {}", self.about, self.words)
    }
}

fn good(about: &'static str, words: impl Into<String>) -> Finding {
    Finding { about, grade: Grade::Good, words: words.into() }
}

fn note(about: &'static str, words: impl Into<String>) -> Finding {
    Finding { grade: Grade::Note, ..good(about, words) }
}

fn bad(about: &'static str, words: impl Into<String>) -> Finding {
    Finding { grade: Grade::Bad, ..good(about, words) }
}

fn causes(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        words.push_str(&format!(": {source}"));
        cause = source.source();
    }
    words
}

/// Looks at everything, the venues one beside the other.
pub async fn examine(endpoints: &Endpoints, settings: &Settings) -> Vec<Finding> {
    let (kalshi, polymarket, redis, gas) =
        tokio::join!(kalshi(endpoints), polymarket(endpoints), redis(settings), gas(settings));
    let now = arb_ws::wall_clock();
    let mut page = kalshi;
    page.extend(polymarket);
    // Read by the answers above.
    page.push(clock("kalshi clock", &endpoints.kalshi_clock));
    page.push(clock("polymarket clock", &endpoints.polymarket_clock));
    page.push(windows("kalshi windows", "kalshi", now));
    page.push(windows("polymarket windows", "polymarket", now));
    page.push(redis);
    page.extend(gas);
    page
}

async fn kalshi(endpoints: &Endpoints) -> Vec<Finding> {
    let mut page = Vec::new();
    let rest = &endpoints.kalshi;
    let started = Instant::now();
    page.push(match within(rest.exchange_status()).await {
        Ok(status) => {
            let took = started.elapsed().as_millis();
            match (status.exchange_active, status.trading_active) {
                (true, true) => {
                    good("kalshi REST", format!("answers in {took} ms; the exchange trades"))
                }
                (true, false) => {
                    note("kalshi REST", format!("answers in {took} ms; trading is paused"))
                }
                _ => bad("kalshi REST", "the exchange is closed: even cancels are refused"),
            }
        }
        Err(words) => bad("kalshi REST", words),
    });
    let Some(key) = &endpoints.credentials else {
        page.push(bad(
            "kalshi key",
            "none: set KALSHI_KEY_ID and KALSHI_PRIVATE_KEY_PATH (scan --live --watch needs none)",
        ));
        return page;
    };
    page.push(match within(rest.check_key()).await {
        Ok(()) => good("kalshi key", "accepted"),
        Err(words) => bad("kalshi key", words),
    });
    page.push(match within(rest.account_limits()).await {
        Ok(limits) => good(
            "kalshi rate tier",
            format!(
                "{}: {} read and {} write tokens a second",
                limits.tier, limits.read.0, limits.write.0
            ),
        ),
        Err(words) => note("kalshi rate tier", words),
    });
    let clock = endpoints.kalshi_clock.clone();
    let mut session = KalshiSession::new(&endpoints.kalshi_ws, key.clone(), clock);
    page.push(websocket("kalshi WebSocket", &mut session).await);
    page
}

async fn polymarket(endpoints: &Endpoints) -> Vec<Finding> {
    let mut page = Vec::new();
    let started = Instant::now();
    page.push(match within(endpoints.polymarket.clock()).await {
        Ok(_) => {
            good("polymarket CLOB", format!("answers in {} ms", started.elapsed().as_millis()))
        }
        Err(words) => bad("polymarket CLOB", words),
    });
    let started = Instant::now();
    page.push(match within(endpoints.polymarket.named(&["0x0".to_owned()])).await {
        Ok(_) => {
            good("polymarket Gamma", format!("answers in {} ms", started.elapsed().as_millis()))
        }
        Err(words) => bad("polymarket Gamma", words),
    });
    let mut session = PolymarketSession::new(&endpoints.polymarket_ws);
    page.push(websocket("polymarket WebSocket", &mut session).await);
    page
}

async fn websocket(about: &'static str, session: &mut dyn Session) -> Finding {
    let dial = match TungsteniteDial::new() {
        Ok(dial) => dial,
        Err(error) => return bad(about, causes(&error)),
    };
    let handshake = match session.handshake(arb_ws::wall_clock()) {
        Ok(handshake) => handshake,
        Err(error) => return bad(about, error.to_string()),
    };
    let started = Instant::now();
    match within(dial.dial(&handshake)).await {
        Ok(_) => good(about, format!("opens in {} ms", started.elapsed().as_millis())),
        Err(words) => bad(about, words),
    }
}

/// Runs one look, within its time; what went wrong in words.
async fn within<T, E: std::error::Error>(
    look: impl Future<Output = Result<T, E>>,
) -> Result<T, String> {
    match timeout(PATIENCE, look).await {
        Ok(result) => result.map_err(|error| causes(&error)),
        Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}

fn clock(about: &'static str, offset: &arb_venues::ClockOffset) -> Finding {
    let words = format!("{offset} (offsets below a second do not count)");
    if offset.millis().abs() > CLOCK_LIMIT_MS {
        bad(about, format!("{words}; set this machine's clock by NTP"))
    } else {
        good(about, words)
    }
}

fn windows(about: &'static str, venue: &str, now: OffsetDateTime) -> Finding {
    let windows = Windows::default();
    let text = |at: OffsetDateTime| at.format(&Rfc3339).unwrap_or_else(|_| at.to_string());
    if let Some(window) = windows.at(venue, now) {
        return note(about, format!("planned to be away until {}", text(window.to)));
    }
    match windows.next(venue, now) {
        Some(window) => good(about, format!("next planned to be away from {}", text(window.from))),
        None => good(about, "none planned"),
    }
}

async fn redis(settings: &Settings) -> Finding {
    let Some(url) = &settings.redis_url else {
        return good("redis", "not set: the cache is this program's memory");
    };
    let shown = settings::hide_password(url);
    let ping = async {
        let cache = Cache::redis(url.as_str(), CacheConfig::default()).await?;
        cache.ping().await
    };
    let started = Instant::now();
    match within(ping).await {
        Ok(()) => good("redis", format!("{shown} answers in {} ms", started.elapsed().as_millis())),
        Err(words) => bad("redis", format!("{shown}: {words}")),
    }
}

/// Only where a node is named: gas matters for splitting, merging and redeeming alone.
async fn gas(settings: &Settings) -> Option<Finding> {
    let url = settings.polygon_rpc_url.as_ref()?;
    let source = match PolygonGas::new(url, settings.pol_price) {
        Ok(source) => source,
        Err(error) => return Some(bad("polygon gas", causes(&error))),
    };
    Some(match within(source.sample()).await {
        Ok(sample) => {
            let mut wei = sample.wei;
            wei.sort_unstable();
            let median = wei.get(wei.len() / 2).copied().unwrap_or_default();
            good(
                "polygon gas",
                format!("{} gwei, the median of {} blocks", median / 1_000_000_000, wei.len()),
            )
        }
        Err(words) => bad("polygon gas", words),
    })
}

//! Kalshi's REST interface: catalogue, series fees, books, exchange status.

use std::collections::BTreeMap;
use std::sync::Arc;

use arb_normalize::market::FeeData;
use arb_normalize::rest::kalshi as body;
use arb_normalize::rest::{BookSnapshot, ExchangeStatus, Series};
use arb_normalize::{Market, Venue};
use async_trait::async_trait;
use time::OffsetDateTime;

use crate::bucket::TokenRate;
use crate::clock::ClockOffset;
use crate::error::VenueError;
use crate::kalshi::KalshiCredentials;
use crate::rest::{Request, Rest, RestConfig};
use crate::source::{Discovery, MarketFilter, MarketSource};

/// Events on a page: the venue's maximum.
const EVENTS_PAGE: usize = 200;
/// Books in a batch: the venue's maximum.
const BOOKS_BATCH: usize = 100;
/// Tokens an ordinary call costs.
const COST: u32 = 10;
/// Read tokens of the Basic tier.
const BASIC_TIER: TokenRate = TokenRate { per_second: 200, burst: 200 };

/// Kalshi's REST interface. Market data needs no key; with one, the endpoints that want a signature work too.
#[derive(Debug)]
pub struct KalshiRest {
    rest: Rest,
    clock: ClockOffset,
    now: fn() -> OffsetDateTime,
}

impl KalshiRest {
    /// A client of the interface at `base_url` ([`REST_URL`](crate::kalshi::REST_URL), for example), at the rate of the
    /// Basic tier. `clock` is kept up to date by every answer.
    ///
    /// # Errors
    /// When the HTTP client cannot be built.
    pub fn new(
        base_url: &str,
        credentials: Option<Arc<KalshiCredentials>>,
        clock: ClockOffset,
    ) -> Result<Self, VenueError> {
        Self::with_config(RestConfig::new(base_url, BASIC_TIER), credentials, clock)
    }

    /// A client with its own settings.
    ///
    /// # Errors
    /// When the HTTP client cannot be built.
    pub fn with_config(
        config: RestConfig,
        credentials: Option<Arc<KalshiCredentials>>,
        clock: ClockOffset,
    ) -> Result<Self, VenueError> {
        let now = config.now;
        let rest = Rest::new(Venue::Kalshi, config, credentials, clock.clone())?;
        Ok(Self { rest, clock, now })
    }

    /// Reads a series: its fees and the sources of its answers.
    ///
    /// # Errors
    /// When it cannot be had after retries.
    ///
    /// # Cancel safety
    /// Cancel safe: reads only.
    pub async fn series(&self, ticker: &str) -> Result<Series, VenueError> {
        let path = format!("/series/{ticker}");
        let answer = self.rest.send(&Request::get(&path).cost(COST)).await?;
        body::series(&answer).map_err(|source| refused(&path, source))
    }

    /// Whether the exchange runs and trades.
    ///
    /// # Errors
    /// When it cannot be had after retries.
    ///
    /// # Cancel safety
    /// Cancel safe: reads only.
    pub async fn exchange_status(&self) -> Result<ExchangeStatus, VenueError> {
        let path = "/exchange/status";
        let answer = self.rest.send(&Request::get(path).cost(COST)).await?;
        body::exchange_status(&answer).map_err(|source| refused(path, source))
    }

    /// Reads one book without a signature: for display only, the venue caches it for seconds.
    ///
    /// # Errors
    /// When it cannot be had after retries.
    ///
    /// # Cancel safety
    /// Cancel safe: reads only.
    pub async fn book(&self, ticker: &str) -> Result<BookSnapshot, VenueError> {
        let path = format!("/markets/{ticker}/orderbook");
        let answer = self.rest.send(&Request::get(&path).cost(COST)).await?;
        body::orderbook(ticker, &answer).map_err(|source| refused(&path, source))
    }

    /// Asks for the balance, whose answer is thrown away: does the venue accept the key?
    ///
    /// # Errors
    /// When the request cannot be signed or the venue refuses it.
    ///
    /// # Cancel safety
    /// Cancel safe: reads only.
    pub async fn check_key(&self) -> Result<(), VenueError> {
        self.rest.send(&Request::get("/portfolio/balance").cost(COST).signed()).await.map(drop)
    }

    async fn add_series(&self, found: &mut Discovery) -> Result<(), VenueError> {
        let mut known: BTreeMap<String, Series> = BTreeMap::new();
        for market in &mut found.markets {
            let Some(ticker) = market.series_id.clone() else { continue };
            if !known.contains_key(&ticker) {
                let series = self.series(&ticker).await?;
                known.insert(ticker.clone(), series);
            }
            if let Some(series) = known.get(&ticker) {
                complete(market, series);
            }
        }
        Ok(())
    }
}

/// Takes over what only the series says, leaving a market's own waiver in force.
fn complete(market: &mut Market, series: &Series) {
    let waiver = match market.fees {
        FeeData::Kalshi { waived_until, .. } => waived_until,
        _ => None,
    };
    market.fees = series.fees.clone();
    if let FeeData::Kalshi { waived_until, .. } = &mut market.fees {
        *waived_until = waiver;
    }
    if market.rules.source.is_none() && !series.sources.is_empty() {
        market.rules.source = Some(series.sources.join(", "));
    }
}

fn refused(path: &str, source: arb_normalize::DecodeError) -> VenueError {
    VenueError::Body { venue: Venue::Kalshi, path: path.to_owned(), source }
}

#[async_trait]
impl MarketSource for KalshiRest {
    fn venue(&self) -> Venue {
        Venue::Kalshi
    }

    async fn markets(&self, filter: &MarketFilter) -> Result<Discovery, VenueError> {
        let path = "/events";
        let mut found = Discovery::default();
        let mut cursor: Option<String> = None;
        loop {
            let mut request = Request::get(path)
                .cost(COST)
                .with("limit", EVENTS_PAGE)
                .with("status", "open")
                .with("with_nested_markets", true);
            if let Some(series) = &filter.series {
                request = request.with("series_ticker", series);
            }
            if let Some(cursor) = &cursor {
                request = request.with("cursor", cursor);
            }
            let answer = self.rest.send(&request).await?;
            let page = body::events_page(&answer).map_err(|source| refused(path, source))?;
            for refusal in &page.refused {
                tracing::warn!(error = %refusal.error, "an event of the catalogue cannot be read");
                found.skip("unreadable");
            }
            for market in page.items.into_iter().flat_map(|event| event.markets) {
                found.offer(market);
            }
            cursor = page.cursor;
            let enough = filter.limit.is_some_and(|limit| found.markets.len() >= limit);
            if cursor.is_none() || enough {
                break;
            }
        }
        found.markets.truncate(filter.limit.unwrap_or(usize::MAX));
        self.add_series(&mut found).await?;
        Ok(found)
    }

    async fn books(&self, markets: &[String]) -> Result<Vec<BookSnapshot>, VenueError> {
        let path = "/markets/orderbooks";
        let mut books = Vec::with_capacity(markets.len());
        for batch in markets.chunks(BOOKS_BATCH) {
            let mut request = Request::get(path).cost(COST).signed();
            for ticker in batch {
                request = request.with("tickers", ticker);
            }
            let answer = self.rest.send(&request).await?;
            let read = body::orderbooks(&answer).map_err(|source| refused(path, source))?;
            books.extend(crate::source::in_order(batch, read));
        }
        Ok(books)
    }

    async fn clock(&self) -> Result<OffsetDateTime, VenueError> {
        self.exchange_status().await?;
        Ok(self.clock.venue_time((self.now)()))
    }
}

//! Kalshi's REST interface: catalogue, series fees, books, exchange status.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use arb_normalize::market::FeeData;
use arb_normalize::rest::kalshi as body;
use arb_normalize::rest::{BookSnapshot, ExchangeStatus, FeeChange, Page, Series};
use arb_normalize::{Market, Venue};
use async_trait::async_trait;
use time::OffsetDateTime;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::bucket::TokenRate;
use crate::clock::ClockOffset;
use crate::error::VenueError;
use crate::kalshi::{AccountLimits, FeesFrom, KalshiCredentials, fee_timeline};
use crate::pages::Pages;
use crate::rest::{Request, Rest, RestConfig};
use crate::source::{Discovery, MarketFilter, MarketSource};

/// Events on a page: the venue's maximum.
const EVENTS_PAGE: usize = 200;
/// Markets on a page: the venue's maximum.
const MARKETS_PAGE: usize = 1_000;
/// Tickers in one query, which becomes part of an address.
const NAMED_BATCH: usize = 100;
/// Fee changes on a page.
const FEE_CHANGES_PAGE: usize = 1_000;
/// How long a series counts as known.
const SERIES_FOR: Duration = Duration::from_secs(600);
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
    /// Series and when they were read.
    recent: Mutex<HashMap<String, (Instant, Series)>>,
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
        Ok(Self { rest, clock, now, recent: Mutex::default() })
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

    /// The tier of the key's account and what it allows.
    ///
    /// # Errors
    /// When the request cannot be signed or the venue refuses it.
    ///
    /// # Cancel safety
    /// Cancel safe: reads only.
    pub async fn account_limits(&self) -> Result<AccountLimits, VenueError> {
        let path = "/account/limits";
        let answer = self.rest.send(&Request::get(path).cost(COST).signed()).await?;
        AccountLimits::read(&answer).map_err(|source| refused(path, source))
    }

    /// The fees of markets, now and from each announced instant on: the listing's, with the changes of their events and series
    /// (`/events/fee_changes`, `/series/fee_changes`) over them. Each event and each series is asked for once; markets of
    /// which one cannot be read after retries are left out, with a warning.
    ///
    /// # Cancel safety
    /// Cancel safe: reads only.
    pub async fn fees(&self, markets: &[Market]) -> HashMap<String, Vec<FeesFrom>> {
        let mut of_events: HashMap<&str, Option<Vec<FeeChange>>> = HashMap::new();
        let mut of_series: HashMap<&str, Option<(FeeData, Vec<FeeChange>)>> = HashMap::new();
        let mut found = HashMap::new();
        for market in markets {
            if let Some(event) = market.event_id.as_deref()
                && !of_events.contains_key(event)
            {
                let read = self.event_fee_changes(event).await;
                of_events.insert(event, or_warn(event, read));
            }
            if let Some(series) = market.series_id.as_deref()
                && !of_series.contains_key(series)
            {
                let read = async {
                    let fees = self.recent_series(series).await?.fees;
                    Ok((fees, self.series_fee_changes(series).await?))
                };
                of_series.insert(series, or_warn(series, read.await));
            }
            let event = market.event_id.as_deref().map(|event| &of_events[event]);
            let series = market.series_id.as_deref().map(|series| &of_series[series]);
            if let (None | Some(Some(_)), None | Some(Some(_))) = (event, series) {
                let timeline = self.timeline(
                    market,
                    event.cloned().flatten().unwrap_or_default(),
                    series.and_then(Option::as_ref),
                );
                found.insert(market.key.id.clone(), timeline);
            }
        }
        found
    }

    fn timeline(
        &self,
        market: &Market,
        mut event: Vec<FeeChange>,
        series: Option<&(FeeData, Vec<FeeChange>)>,
    ) -> Vec<FeesFrom> {
        let (series, changes) = match series {
            Some((fees, changes)) => (fees.clone(), changes.as_slice()),
            None => (market.fees.clone(), [].as_slice()),
        };
        let now = self.clock.venue_time((self.now)());
        let mut of_series = market.fees.clone();
        if let (
            FeeData::Kalshi { fee_type, multiplier, .. },
            FeeData::Kalshi { fee_type: of_type, multiplier: of_multiplier, .. },
        ) = (&mut of_series, series)
        {
            let own = (fee_type.take(), multiplier.take());
            (*fee_type, *multiplier) = (of_type, of_multiplier);
            // The listing may know an override that the list of changes leaves out.
            let is_known = event.iter().any(|change| change.at <= now);
            if !is_known && own != (fee_type.clone(), *multiplier) {
                let of = market.event_id.clone().unwrap_or_default();
                event.push(FeeChange { of, at: now, fee_type: own.0, multiplier: own.1 });
            }
        }
        fee_timeline(&of_series, changes, &event, now)
    }

    /// Every change of an event's own fees, past and announced.
    ///
    /// # Errors
    /// When a page cannot be had after retries, or one of its changes cannot be read.
    ///
    /// # Cancel safety
    /// Cancel safe: reads only.
    pub async fn event_fee_changes(&self, event: &str) -> Result<Vec<FeeChange>, VenueError> {
        let path = "/events/fee_changes";
        let mut changes = Vec::new();
        let mut pages = Pages::new(Venue::Kalshi, path);
        loop {
            let mut request = Request::get(path)
                .cost(COST)
                .with("event_ticker", event)
                .with("limit", FEE_CHANGES_PAGE);
            if let Some(cursor) = pages.cursor() {
                request = request.with("cursor", cursor);
            }
            let answer = self.rest.send(&request).await?;
            let page = body::event_fee_changes(&answer).map_err(|error| refused(path, error))?;
            let next = page.cursor.clone();
            changes.extend(whole(path, page)?.into_iter().filter(|change| change.of == event));
            if !pages.turn(next)? {
                return Ok(changes);
            }
        }
    }

    async fn series_fee_changes(&self, series: &str) -> Result<Vec<FeeChange>, VenueError> {
        let path = "/series/fee_changes";
        let request = Request::get(path).cost(COST).with("series_ticker", series);
        let answer = self.rest.send(&request).await?;
        let page = body::series_fee_changes(&answer).map_err(|error| refused(path, error))?;
        Ok(whole(path, page)?.into_iter().filter(|change| change.of == series).collect())
    }

    /// Adds what only the series of the markets say. A series that cannot be read leaves its markets without fees, which
    /// counts as the worst known; how many there were.
    async fn add_series(&self, markets: &mut [Market]) -> usize {
        let mut unread = 0;
        let mut known: BTreeMap<String, Option<Series>> = BTreeMap::new();
        for market in markets {
            let Some(ticker) = market.series_id.clone() else { continue };
            if !known.contains_key(&ticker) {
                let series = match self.recent_series(&ticker).await {
                    Ok(series) => Some(series),
                    Err(error) => {
                        tracing::warn!(series = ticker, %error, "a series cannot be read: its markets are charged the worst known fee");
                        unread += 1;
                        None
                    }
                };
                known.insert(ticker.clone(), series);
            }
            if let Some(Some(series)) = known.get(&ticker) {
                complete(market, series);
            }
        }
        unread
    }

    /// A series as read within the last minutes, so that looking for a few markets again and again reads it once.
    async fn recent_series(&self, ticker: &str) -> Result<Series, VenueError> {
        let now = Instant::now();
        let is_recent = |read_at: &Instant| now - *read_at < SERIES_FOR;
        if let Some((read_at, series)) = self.recent.lock().await.get(ticker)
            && is_recent(read_at)
        {
            return Ok(series.clone());
        }
        let series = self.series(ticker).await?;
        let mut recent = self.recent.lock().await;
        recent.retain(|_, (read_at, _)| is_recent(read_at));
        recent.insert(ticker.to_owned(), (now, series.clone()));
        Ok(series)
    }

    /// Reads all pages of a listing.
    async fn pages<T>(
        &self,
        request: &Request<'_>,
        read: impl Fn(&[u8]) -> Result<Page<T>, arb_normalize::DecodeError>,
    ) -> Result<Vec<T>, VenueError> {
        let mut items = Vec::new();
        let mut pages = Pages::new(Venue::Kalshi, request.path);
        loop {
            let mut request = request.clone();
            if let Some(cursor) = pages.cursor() {
                request = request.with("cursor", cursor);
            }
            let answer = self.rest.send(&request).await?;
            let page = read(&answer).map_err(|source| refused(request.path, source))?;
            for refusal in &page.refused {
                tracing::warn!(error = %refusal.error, path = request.path, "an item of a listing cannot be read");
            }
            items.extend(page.items);
            if !pages.turn(page.cursor)? {
                return Ok(items);
            }
        }
    }
}

/// What was read; where it could not be, the markets are charged by the fees they are listed with.
fn or_warn<T>(of: &str, read: Result<T, VenueError>) -> Option<T> {
    read.inspect_err(|error| {
        tracing::warn!(of, %error, "announced fees are not read; the listed ones count");
    })
    .ok()
}

/// The items of a page of which none may be missing.
fn whole<T>(path: &str, page: Page<T>) -> Result<Vec<T>, VenueError> {
    match page.refused.into_iter().next() {
        Some(refusal) => Err(refused(path, refusal.error)),
        None => Ok(page.items),
    }
}

/// Takes over what only the series says, under a market's own waiver and its event's own fees.
fn complete(market: &mut Market, series: &Series) {
    let own = std::mem::replace(&mut market.fees, series.fees.clone());
    if let (
        FeeData::Kalshi { fee_type, multiplier, waived_until },
        FeeData::Kalshi { fee_type: own_type, multiplier: own_multiplier, waived_until: waiver },
    ) = (&mut market.fees, own)
    {
        *waived_until = waiver;
        *fee_type = own_type.or(fee_type.take());
        *multiplier = own_multiplier.or(*multiplier);
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
        let mut pages = Pages::new(Venue::Kalshi, path);
        loop {
            let mut request = Request::get(path)
                .cost(COST)
                .with("limit", EVENTS_PAGE)
                .with("status", "open")
                .with("with_nested_markets", true);
            if let Some(series) = &filter.series {
                request = request.with("series_ticker", series);
            }
            if let Some(cursor) = pages.cursor() {
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
            let enough = filter.limit.is_some_and(|limit| found.markets.len() >= limit);
            if enough || !pages.turn(page.cursor)? {
                break;
            }
        }
        found.markets.truncate(filter.limit.unwrap_or(usize::MAX));
        let unread = self.add_series(&mut found.markets).await;
        if unread > 0 {
            found.skipped.insert("series_unread", unread);
        }
        Ok(found)
    }

    async fn named(&self, markets: &[String]) -> Result<Vec<Market>, VenueError> {
        let mut found = Vec::with_capacity(markets.len());
        for batch in markets.chunks(NAMED_BATCH) {
            let request = Request::get("/markets")
                .cost(COST)
                .with("limit", MARKETS_PAGE)
                .with("tickers", batch.join(","));
            found.extend(self.pages(&request, body::markets_page).await?);
        }
        // A listing of markets leaves out what their events say: title, series, exclusive siblings, fees.
        let events: BTreeSet<String> =
            found.iter().filter_map(|market| market.event_id.clone()).collect();
        let events: Vec<String> = events.into_iter().collect();
        let mut nested: HashMap<String, Market> = HashMap::new();
        for batch in events.chunks(NAMED_BATCH) {
            let request = Request::get("/events")
                .cost(COST)
                .with("limit", EVENTS_PAGE)
                .with("with_nested_markets", true)
                .with("tickers", batch.join(","));
            let events = self.pages(&request, body::events_page).await?;
            let markets = events.into_iter().flat_map(|event| event.markets);
            nested.extend(markets.map(|market| (market.key.id.clone(), market)));
        }
        for market in &mut found {
            if let Some(whole) = nested.remove(&market.key.id) {
                *market = whole;
            }
        }
        self.add_series(&mut found).await;
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

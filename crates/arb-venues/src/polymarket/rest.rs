//! Polymarket's REST interfaces: Gamma for the catalogue, the CLOB for books.

use arb_normalize::rest::BookSnapshot;
use arb_normalize::rest::polymarket as body;
use arb_normalize::{Market, Outcome, Venue};
use async_trait::async_trait;
use reqwest::Method;
use time::OffsetDateTime;

use crate::bucket::TokenRate;
use crate::clock::ClockOffset;
use crate::error::VenueError;
use crate::pages::Pages;
use crate::rest::{Request, Rest, RestConfig};
use crate::source::{Discovery, MarketFilter, MarketSource};

/// Markets on a page: Gamma's maximum.
const MARKETS_PAGE: usize = 100;
/// Names in one query: a token takes 90 bytes of the address.
const NAMED_BATCH: usize = 40;
/// Books in a batch: the CLOB's maximum.
const BOOKS_BATCH: usize = 500;
/// Half of what each interface allows an address (300 and 500 calls in 10 s), because others may share it.
const GAMMA_RATE: TokenRate = TokenRate { per_second: 15, burst: 15 };
const CLOB_RATE: TokenRate = TokenRate { per_second: 25, burst: 25 };

/// Polymarket's public REST interfaces.
#[derive(Debug)]
pub struct PolymarketRest {
    gamma: Rest,
    clob: Rest,
}

impl PolymarketRest {
    /// Clients of Gamma and the CLOB at these addresses ([`GAMMA_URL`](crate::polymarket::GAMMA_URL) and
    /// [`CLOB_URL`](crate::polymarket::CLOB_URL), for example). `clock` is kept up to date by every answer of the CLOB.
    ///
    /// # Errors
    /// When the HTTP client cannot be built.
    pub fn new(gamma_url: &str, clob_url: &str, clock: ClockOffset) -> Result<Self, VenueError> {
        Self::with_config(
            RestConfig::new(gamma_url, GAMMA_RATE),
            RestConfig::new(clob_url, CLOB_RATE),
            clock,
        )
    }

    /// Clients with their own settings.
    ///
    /// # Errors
    /// When the HTTP client cannot be built.
    pub fn with_config(
        gamma: RestConfig,
        clob: RestConfig,
        clock: ClockOffset,
    ) -> Result<Self, VenueError> {
        // Gamma's answers are cached, so its clock tells nothing.
        let gamma = Rest::new(Venue::Polymarket, gamma, None, ClockOffset::new("gamma"))?;
        Ok(Self { gamma, clob: Rest::new(Venue::Polymarket, clob, None, clock)? })
    }
}

fn refused(path: &str, source: arb_normalize::DecodeError) -> VenueError {
    VenueError::Body { venue: Venue::Polymarket, path: path.to_owned(), source }
}

#[async_trait]
impl MarketSource for PolymarketRest {
    fn venue(&self) -> Venue {
        Venue::Polymarket
    }

    async fn markets(&self, filter: &MarketFilter) -> Result<Discovery, VenueError> {
        let path = "/markets/keyset";
        let mut found = Discovery::default();
        let mut pages = Pages::new(Venue::Polymarket, path);
        loop {
            let mut request = Request::get(path).with("limit", MARKETS_PAGE).with("closed", false);
            if let Some(cursor) = pages.cursor() {
                request = request.with("after_cursor", cursor);
            }
            let answer = self.gamma.send(&request).await?;
            let page = body::gamma_markets_page(&answer).map_err(|source| refused(path, source))?;
            for refusal in &page.refused {
                tracing::warn!(error = %refusal.error, "a market of the catalogue cannot be read");
                found.skip("unreadable");
            }
            for market in page.items {
                // A market without tokens has no book.
                if market.outcome(Outcome::Yes).is_some_and(|outcome| outcome.token.is_some()) {
                    found.offer(market);
                } else {
                    found.skip("no_token");
                }
            }
            let enough = filter.limit.is_some_and(|limit| found.markets.len() >= limit);
            if enough || !pages.turn(page.cursor)? {
                break;
            }
        }
        found.markets.truncate(filter.limit.unwrap_or(usize::MAX));
        Ok(found)
    }

    async fn named(&self, markets: &[String]) -> Result<Vec<Market>, VenueError> {
        let path = "/markets/keyset";
        let (conditions, tokens): (Vec<_>, Vec<_>) =
            markets.iter().cloned().partition(|name| name.starts_with("0x"));
        let mut found: Vec<Market> = Vec::with_capacity(markets.len());
        for (filter, names) in [("condition_ids", conditions), ("clob_token_ids", tokens)] {
            // Gamma lists what is closed only where it is asked for.
            for (batch, closed) in
                names.chunks(NAMED_BATCH).flat_map(|batch| [(batch, false), (batch, true)])
            {
                let mut request =
                    Request::get(path).with("limit", MARKETS_PAGE).with("closed", closed);
                for name in batch {
                    request = request.with(filter, name);
                }
                let answer = self.gamma.send(&request).await?;
                let page =
                    body::gamma_markets_page(&answer).map_err(|source| refused(path, source))?;
                for refusal in &page.refused {
                    tracing::warn!(error = %refusal.error, "a market cannot be read");
                }
                found.extend(page.items);
            }
        }
        // Asked for by condition and by token, or caught while it closed.
        let mut seen = std::collections::HashSet::new();
        found.retain(|market| seen.insert(market.key.id.clone()));
        Ok(found)
    }

    async fn books(&self, markets: &[String]) -> Result<Vec<BookSnapshot>, VenueError> {
        let path = "/books";
        let mut books = Vec::with_capacity(markets.len());
        for batch in markets.chunks(BOOKS_BATCH) {
            let asked: Vec<_> =
                batch.iter().map(|token| serde_json::json!({ "token_id": token })).collect();
            let mut request = Request::get(path);
            request.method = Method::POST;
            request.body = Some(serde_json::Value::from(asked).to_string());
            let answer = self.clob.send(&request).await?;
            let read = body::clob_books(&answer).map_err(|source| refused(path, source))?;
            books.extend(crate::source::in_order(batch, read));
        }
        Ok(books)
    }

    async fn clock(&self) -> Result<OffsetDateTime, VenueError> {
        let path = "/time";
        let answer = self.clob.send(&Request::get(path)).await?;
        let text = String::from_utf8_lossy(&answer);
        text.trim()
            .trim_matches('"')
            .parse::<i64>()
            .ok()
            .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
            .ok_or_else(|| {
                refused(
                    path,
                    arb_normalize::DecodeError::Value {
                        venue: Venue::Polymarket,
                        kind: "time",
                        field: "body",
                        value: text.chars().take(64).collect(),
                        reason: "expected Unix seconds".to_owned(),
                    },
                )
            })
    }
}

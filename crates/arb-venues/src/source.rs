//! The seam to a venue's catalogue.

use std::collections::{BTreeMap, HashMap};

use arb_normalize::rest::BookSnapshot;
use arb_normalize::{Market, Venue};
use async_trait::async_trait;
use time::OffsetDateTime;

use crate::VenueError;

/// Which markets to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MarketFilter {
    /// Kalshi's series ticker; other venues pass it over.
    pub series: Option<String>,
    /// Stop after so many markets; `None` reads the whole catalogue.
    pub limit: Option<usize>,
}

/// What a catalogue held.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Discovery {
    /// Markets that trade, in the venue's order.
    pub markets: Vec<Market>,
    /// Markets left out, counted by reason (`multi_leg`, `not_trading`, `unreadable`), and series that could not be read,
    /// whose markets are listed without fees (`series_unread`).
    pub skipped: BTreeMap<&'static str, usize>,
}

impl Discovery {
    pub(crate) fn skip(&mut self, reason: &'static str) {
        *self.skipped.entry(reason).or_default() += 1;
    }

    /// Takes a market in, or counts why not.
    pub(crate) fn offer(&mut self, market: Market) {
        if market.multi_leg {
            self.skip("multi_leg");
        } else if market.status != arb_normalize::MarketStatus::Active {
            self.skip("not_trading");
        } else {
            self.markets.push(market);
        }
    }
}

/// Puts books into the order they were asked for.
pub(crate) fn in_order(asked: &[String], mut books: Vec<BookSnapshot>) -> Vec<BookSnapshot> {
    let place: HashMap<&str, usize> =
        asked.iter().enumerate().map(|(place, market)| (market.as_str(), place)).collect();
    books.retain(|book| place.contains_key(book.market.as_str()));
    books.sort_by_key(|book| place.get(book.market.as_str()).copied());
    books
}

/// A venue's catalogue and books, by REST.
#[async_trait]
pub trait MarketSource: Send + Sync {
    /// The venue.
    fn venue(&self) -> Venue;

    /// Lists the markets that trade now.
    ///
    /// # Errors
    /// When a page cannot be had after retries; nothing of an incomplete listing is given.
    ///
    /// # Cancel safety
    /// Cancel safe: reads only.
    async fn markets(&self, filter: &MarketFilter) -> Result<Discovery, VenueError>;

    /// Reads markets by name, whatever their state: Kalshi tickers, Polymarket condition ids or tokens. Names the venue does
    /// not know are absent from the answer; one market that cannot be read hides no other.
    ///
    /// # Errors
    /// When a page cannot be had after retries.
    ///
    /// # Cancel safety
    /// Cancel safe: reads only.
    async fn named(&self, markets: &[String]) -> Result<Vec<Market>, VenueError>;

    /// Reads books: for audits and display, never for pricing (the venues may cache them for seconds). Markets without
    /// one are absent from the answer, whose order is that of the request.
    ///
    /// # Errors
    /// When a batch cannot be had after retries.
    ///
    /// # Cancel safety
    /// Cancel safe: reads only.
    async fn books(&self, markets: &[String]) -> Result<Vec<BookSnapshot>, VenueError>;

    /// Reads the venue's clock, to the precision it shows.
    ///
    /// # Errors
    /// When the venue does not answer.
    ///
    /// # Cancel safety
    /// Cancel safe: reads only.
    async fn clock(&self) -> Result<OffsetDateTime, VenueError>;
}

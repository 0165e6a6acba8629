//! REST bodies to markets, events, books and trades.
//!
//! Lists are read item by item: one market that cannot be read exactly is named in [`Page::refused`] and does not hide
//! the others. Prices of a listing are informative; nothing is ever traded on them.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use time::OffsetDateTime;

use crate::event::Snapshot;
use crate::market::{FeeData, Group, Market};
use crate::{DecodeError, Level, Price, Quantity, Side, Timestamp, Venue};

pub mod kalshi;
pub mod polymarket;
mod read;

/// One page of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// What could be read, in the venue's order.
    pub items: Vec<T>,
    /// Where the next page begins, `None` on the last one.
    pub cursor: Option<String>,
    /// What could not be read.
    pub refused: Vec<RefusedItem>,
}

/// An item of a listing that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedItem {
    /// Its place in the page, counting from 0.
    pub index: usize,
    /// Why.
    pub error: DecodeError,
}

impl<T> Page<T> {
    fn read<'a>(
        items: &[&'a RawValue],
        cursor: Option<String>,
        mut read: impl FnMut(&'a RawValue) -> Result<T, DecodeError>,
    ) -> Self {
        let mut page = Self { items: Vec::with_capacity(items.len()), cursor, refused: Vec::new() };
        for (index, item) in items.iter().enumerate() {
            match read(item) {
                Ok(item) => page.items.push(item),
                Err(error) => page.refused.push(RefusedItem { index, error }),
            }
        }
        page
    }
}

/// A set of markets under one heading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The venue.
    pub venue: Venue,
    /// Kalshi's event ticker, Polymarket's event slug.
    pub id: String,
    /// The heading.
    pub title: String,
    /// Further words (Kalshi's sub-title, Polymarket's description).
    #[serde(default)]
    pub subtitle: String,
    /// The recurring series (Kalshi).
    #[serde(default)]
    pub series_id: Option<String>,
    /// The venue's category.
    #[serde(default)]
    pub category: Option<String>,
    /// Whether its markets exclude each other, and cover everything.
    #[serde(default)]
    pub group: Option<Group>,
    /// Its markets, where the body holds them.
    #[serde(default)]
    pub markets: Vec<Market>,
}

/// A recurring series (Kalshi): where fees are set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Series {
    /// Its ticker.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The venue's category.
    #[serde(default)]
    pub category: Option<String>,
    /// Fee type and multiplier.
    pub fees: FeeData,
    /// Where the answers come from, by name.
    #[serde(default)]
    pub sources: Vec<String>,
}

/// A change of Kalshi's fees, of a series or (over it) of one event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeeChange {
    /// The ticker of the event or series.
    pub of: String,
    /// From when it is in force.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// The fee type in the venue's word; an event's `None` gives way to its series again.
    pub fee_type: Option<String>,
    /// The multiplier; an event's `None` gives way to its series again.
    #[serde(with = "rust_decimal::serde::str_option")]
    pub multiplier: Option<Decimal>,
}

/// A book as REST gives it, in YES prices; possibly cached by the venue, so good for looking and for cross-checks but
/// not for mending a gap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookSnapshot {
    /// The Kalshi ticker or Polymarket token.
    pub market: String,
    /// Polymarket's condition id.
    #[serde(default)]
    pub venue_id: Option<String>,
    /// Bids, in the venue's order.
    pub bids: Vec<Level>,
    /// Asks, in the venue's order.
    pub asks: Vec<Level>,
    /// The price step (Polymarket).
    #[serde(default)]
    pub tick: Option<Price>,
    /// The smallest order (Polymarket).
    #[serde(default)]
    pub min_size: Option<Quantity>,
    /// When the venue made it (Polymarket).
    #[serde(default)]
    pub venue_at: Option<Timestamp>,
}

impl BookSnapshot {
    /// As the event a stream would carry.
    #[must_use]
    pub fn as_event(&self) -> Snapshot<'_> {
        Snapshot {
            market: &self.market,
            venue_id: self.venue_id.as_deref(),
            bids: &self.bids,
            asks: &self.asks,
            tick: self.tick,
            venue_at: self.venue_at,
        }
    }
}

/// A trade of the past.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastTrade {
    /// The Kalshi ticker or Polymarket token.
    pub market: String,
    /// The venue's id of the trade.
    pub id: String,
    /// In YES prices.
    pub price: Price,
    /// Contracts.
    pub size: Quantity,
    /// The taker's side of the YES book.
    #[serde(default)]
    pub taker: Option<Side>,
    /// When it happened.
    #[serde(default)]
    pub at: Option<Timestamp>,
}

/// Whether the exchange is open (Kalshi).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExchangeStatus {
    /// Whether the exchange runs at all; while it does not, even cancels are refused.
    pub exchange_active: bool,
    /// Whether orders are matched.
    pub trading_active: bool,
    /// The same by shard: number, exchange active, trading active.
    #[serde(default)]
    pub shards: Vec<ShardStatus>,
}

/// Whether one shard of the exchange is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardStatus {
    /// Its number.
    #[serde(rename = "exchange_index")]
    pub shard: i64,
    /// Whether it runs at all.
    pub exchange_active: bool,
    /// Whether orders are matched there.
    pub trading_active: bool,
}

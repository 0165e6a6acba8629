//! What decoders yield: one vocabulary for the messages of all venues.

use serde::Serialize;

use crate::market::TickRange;
use crate::{Level, MarketStatus, Outcome, Price, Quantity, QuantityChange, Side, Timestamp};

/// Something a venue said, borrowed from the frame that said it.
///
/// `market` is the key of a book: a Kalshi ticker or a Polymarket token id. Prices are those of that book: YES prices for
/// Kalshi (a NO bid arrives as a YES ask), the token's own for Polymarket.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum MarketEvent<'a> {
    /// The whole book.
    Snapshot(Snapshot<'a>),
    /// A signed change of one level (Kalshi).
    Delta(Delta<'a>),
    /// The new total of one level (Polymarket); zero removes it.
    LevelSet(LevelSet<'a>),
    /// The venue's own best bid and ask (ticker, best_bid_ask).
    Touch(Touch<'a>),
    /// A trade.
    Trade(Trade<'a>),
    /// The price grid changed: the book must be read again.
    TickChange {
        /// The book.
        market: &'a str,
        /// The new step, the finest of them where steps differ along the range.
        tick: Price,
        /// The new grid, where the venue describes it whole (Kalshi).
        ranges: &'a [TickRange],
        /// When the venue said so.
        venue_at: Option<Timestamp>,
    },
    /// A market was listed, halted, closed, determined, settled …
    Lifecycle(Lifecycle<'a>),
    /// An event (a set of markets) was listed or changed (Kalshi).
    EventListed {
        /// The event's ticker.
        event: &'a str,
        /// The series it belongs to.
        series: Option<&'a str>,
        /// The title.
        title: &'a str,
        /// Whether its markets exclude each other (a collateral return is given on them).
        exclusive: bool,
    },
    /// Fee fields of an event changed (Kalshi); both `None` clears the override.
    FeeUpdate {
        /// The event's ticker.
        event: &'a str,
        /// The fee type, in the venue's word.
        fee_type: Option<&'a str>,
        /// The multiplier, as a decimal text.
        multiplier: Option<&'a str>,
    },
    /// A subscription is confirmed (Kalshi).
    Subscribed {
        /// The command's id.
        command: Option<u64>,
        /// The channel's name.
        channel: &'a str,
        /// The subscription id.
        sid: u64,
    },
    /// A subscription ended, or a market was taken out of it: its books are no longer kept up to date.
    Unsubscribed {
        /// The subscription id.
        sid: Option<u64>,
        /// The one market, `None` for the whole subscription.
        market: Option<&'a str>,
    },
    /// A command is done (Kalshi's `ok` and `unsubscribed`).
    Acknowledged {
        /// The command's id.
        command: Option<u64>,
        /// The subscription id.
        sid: Option<u64>,
    },
    /// The venue refuses a command or ends a subscription.
    Refused {
        /// The command's id.
        command: Option<u64>,
        /// The subscription id.
        sid: Option<u64>,
        /// The venue's code, 0 if it gives none.
        code: u32,
        /// The venue's words.
        message: &'a str,
    },
    /// A text answer to a keep-alive.
    Pong,
    /// A message of the member's own account or of a product this crate does not price; known and passed over.
    Passed {
        /// The venue's word.
        #[serde(rename = "word")]
        kind: &'a str,
    },
    /// A kind this decoder does not know.
    Unknown {
        /// The venue's word, possibly empty.
        #[serde(rename = "word")]
        kind: &'a str,
    },
}

/// The whole book of a market.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Snapshot<'a> {
    /// The book.
    pub market: &'a str,
    /// Polymarket's condition id, Kalshi's market uuid.
    pub venue_id: Option<&'a str>,
    /// Bids, in any order.
    pub bids: &'a [Level],
    /// Asks, in any order.
    pub asks: &'a [Level],
    /// The price step, where the message carries it.
    pub tick: Option<Price>,
    /// When the venue made it.
    pub venue_at: Option<Timestamp>,
}

/// A signed change of one level.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Delta<'a> {
    /// The book.
    pub market: &'a str,
    /// Which side.
    pub side: Side,
    /// Which level.
    pub price: Price,
    /// How many contracts more or fewer.
    pub change: QuantityChange,
    /// When the venue made it.
    pub venue_at: Option<Timestamp>,
}

/// The new total of one level.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LevelSet<'a> {
    /// The book.
    pub market: &'a str,
    /// Which side.
    pub side: Side,
    /// Which level.
    pub price: Price,
    /// Contracts there now.
    pub size: Quantity,
    /// The best bid and ask after the whole message, where it says so; an inner `None` is an empty side.
    pub best: Option<(Option<Price>, Option<Price>)>,
    /// When the venue made it.
    pub venue_at: Option<Timestamp>,
}

/// A venue's own best bid and ask.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Touch<'a> {
    /// The book.
    pub market: &'a str,
    /// The best bid; the size is zero where the message has none.
    pub bid: Option<Level>,
    /// The best ask; the size is zero where the message has none.
    pub ask: Option<Level>,
    /// The last traded price.
    pub last: Option<Price>,
    /// When the venue made it.
    pub venue_at: Option<Timestamp>,
}

/// A trade.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Trade<'a> {
    /// The book.
    pub market: &'a str,
    /// The venue's id of the trade.
    pub id: Option<&'a str>,
    /// In the book's prices.
    pub price: Price,
    /// Contracts.
    pub size: Quantity,
    /// The taker's side of this book.
    pub taker: Option<Side>,
    /// When it happened.
    pub venue_at: Option<Timestamp>,
}

/// A change in a market's life.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Lifecycle<'a> {
    /// The Kalshi ticker or Polymarket condition id.
    pub market: &'a str,
    /// The venue's word for what happened.
    pub word: &'a str,
    /// The state it leads to, where the word tells.
    pub status: Option<MarketStatus>,
    /// The new close time, if it changed.
    pub close_at: Option<Timestamp>,
    /// The winning outcome, once determined.
    pub result: Option<Outcome>,
    /// What YES pays, once determined: 1, 0, or a value between.
    pub settlement: Option<Price>,
    /// When it happened.
    pub venue_at: Option<Timestamp>,
}

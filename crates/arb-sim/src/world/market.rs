//! One market as its venue sees it.

use crate::book::Book;
use crate::catalogue::Start;
use crate::fault::Venue;
use crate::units::{Price, Quantity};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Unlisted,
    Active,
    /// Kalshi `inactive`: listed, not trading now.
    Paused,
    /// Trading is over, the outcome is not known.
    Closed,
    /// Paid out; whether the first outcome won.
    Settled(bool),
}

#[derive(Debug)]
pub(crate) struct Market {
    pub(crate) venue: Venue,
    /// Index into the venue's listings.
    pub(crate) listing: usize,
    /// A random UUID (Kalshi's market_id).
    pub(crate) id: String,
    pub(crate) start: Start,
    pub(crate) status: Status,
    pub(crate) book: Book,
    /// No bid lies above it and no ask below it, except planted ones.
    pub(crate) anchor: Price,
    /// Where the anchor was at the start; it wanders around it.
    pub(crate) home: Price,
    /// Polymarket's minimum tick in ten-thousandths.
    pub(crate) tick: i64,
    pub(crate) last_trade: Option<Price>,
    pub(crate) volume: Quantity,
    /// The planted opportunity whose orders are in the book now.
    pub(crate) plant: Option<usize>,
    /// Quotes stand still while an opportunity is prepared, open or just over.
    pub(crate) frozen: bool,
}

impl Market {
    pub(crate) fn new(venue: Venue, listing: usize, anchor: Price, start: Start) -> Self {
        let status = match start {
            Start::Open => Status::Active,
            Start::Unlisted => Status::Unlisted,
            Start::Settled => Status::Settled(false),
        };
        Self {
            venue,
            listing,
            id: String::new(),
            start,
            status,
            book: Book::default(),
            anchor,
            home: anchor,
            tick: 100,
            last_trade: None,
            volume: Quantity::default(),
            plant: None,
            frozen: false,
        }
    }
}

//! The order book as a venue has it, in terms of the first outcome (YES).

use std::collections::BTreeMap;

use crate::units::{Price, Quantity};

/// Which side of the book, in YES terms: a bid buys YES, an ask sells it (that is, buys NO).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// Orders that buy the first outcome.
    Bid,
    /// Orders that sell the first outcome (the same as buying the second at one dollar minus the price).
    Ask,
}

/// A new total at one price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) side: Side,
    pub(crate) price: Price,
    pub(crate) total: Quantity,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Book {
    bids: BTreeMap<Price, Quantity>,
    asks: BTreeMap<Price, Quantity>,
}

impl Book {
    fn side(&self, side: Side) -> &BTreeMap<Price, Quantity> {
        match side {
            Side::Bid => &self.bids,
            Side::Ask => &self.asks,
        }
    }

    /// Sets a level's total and returns by how much it changed.
    pub(crate) fn set(&mut self, change: Change) -> Quantity {
        let levels = match change.side {
            Side::Bid => &mut self.bids,
            Side::Ask => &mut self.asks,
        };
        let before = if change.total.0 <= 0 {
            levels.remove(&change.price)
        } else {
            levels.insert(change.price, change.total)
        };
        Quantity(change.total.0.max(0) - before.unwrap_or_default().0)
    }

    pub(crate) fn at(&self, side: Side, price: Price) -> Quantity {
        self.side(side).get(&price).copied().unwrap_or_default()
    }

    pub(crate) fn best(&self, side: Side) -> Option<(Price, Quantity)> {
        let best = match side {
            Side::Bid => self.bids.last_key_value(),
            Side::Ask => self.asks.first_key_value(),
        };
        best.map(|(&price, &size)| (price, size))
    }

    /// Levels from the best to the worst.
    pub(crate) fn levels(&self, side: Side) -> Vec<(Price, Quantity)> {
        let all = self.side(side).iter().map(|(&price, &size)| (price, size));
        match side {
            Side::Bid => all.rev().collect(),
            Side::Ask => all.collect(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bids.is_empty() && self.asks.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        self.bids.clear();
        self.asks.clear();
    }
}

/// The true book of one market at one moment, in terms of its first outcome (YES), best level first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TruthBook {
    /// Orders that buy the first outcome.
    pub bids: Vec<(Price, Quantity)>,
    /// Orders that sell the first outcome.
    pub asks: Vec<(Price, Quantity)>,
}

impl From<&Book> for TruthBook {
    fn from(book: &Book) -> Self {
        Self { bids: book.levels(Side::Bid), asks: book.levels(Side::Ask) }
    }
}

//! The levels of one market, in YES prices.

use crate::{Ladder, Level, Outcome, Price, Quantity, QuantityChange, Side};

/// The order book of one market in YES prices: bids to buy YES, asks to sell it.
///
/// Kalshi quotes only bids, for YES and for NO; a NO bid at q is kept as a YES ask at 1 − q. A Polymarket book is
/// that of the first outcome's token. The NO book is the mirror of this one ([`Book::buy`]), never a second copy.
///
/// A `Book` holds levels and nothing else; whether they may be trusted is the continuity tracker's business.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Book {
    /// Ascending, best last.
    bids: Vec<Level>,
    /// Descending, best last.
    asks: Vec<Level>,
}

/// A signed change would have taken a level below zero: the book missed something and must be read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("level {price} holds {held}, a change by {change} would make it negative")]
pub struct NegativeLevel {
    /// The level, in YES prices.
    pub price: Price,
    /// What the book held there.
    pub held: Quantity,
    /// The refused change.
    pub change: QuantityChange,
}

impl Book {
    /// An empty book.
    #[must_use]
    pub const fn new() -> Self {
        Self { bids: Vec::new(), asks: Vec::new() }
    }

    /// Replaces everything. The order of the levels is free, sizes of zero are left out, of a price given twice the last counts.
    pub fn replace(&mut self, bids: &[Level], asks: &[Level]) {
        self.clear();
        for level in bids {
            self.set(Side::Bid, level.price, level.size);
        }
        for level in asks {
            self.set(Side::Ask, level.price, level.size);
        }
    }

    /// Removes every level; the memory is kept.
    pub fn clear(&mut self) {
        self.bids.clear();
        self.asks.clear();
    }

    /// Sets the total at a price; zero removes the level.
    pub fn set(&mut self, side: Side, price: Price, size: Quantity) {
        let at = self.find(side, price);
        let levels = self.levels_mut(side);
        match at {
            Ok(index) if size.is_zero() => {
                levels.remove(index);
            }
            Ok(index) => levels[index].size = size,
            Err(_) if size.is_zero() => {}
            Err(index) => levels.insert(index, Level { price, size }),
        }
    }

    /// Adds a signed change at a price; a level that reaches zero is removed.
    ///
    /// # Errors
    /// When the level would go below zero (or beyond [`Quantity::MAX`]); the book is unchanged.
    pub fn change(
        &mut self,
        side: Side,
        price: Price,
        change: QuantityChange,
    ) -> Result<(), NegativeLevel> {
        let at = self.find(side, price);
        let levels = self.levels_mut(side);
        let held = at.map_or(Quantity::ZERO, |index| levels[index].size);
        let size = held.checked_change(change).ok_or(NegativeLevel { price, held, change })?;
        match at {
            Ok(index) if size.is_zero() => {
                levels.remove(index);
            }
            Ok(index) => levels[index].size = size,
            Err(_) if size.is_zero() => {}
            Err(index) => levels.insert(index, Level { price, size }),
        }
        Ok(())
    }

    /// The highest bid.
    #[must_use]
    pub fn best_bid(&self) -> Option<Level> {
        self.bids.last().copied()
    }

    /// The lowest ask.
    #[must_use]
    pub fn best_ask(&self) -> Option<Level> {
        self.asks.last().copied()
    }

    /// Bids, best first.
    #[must_use]
    pub fn bids(&self) -> Ladder<'_> {
        Ladder::from_best_last(&self.bids)
    }

    /// Asks, best first.
    #[must_use]
    pub fn asks(&self) -> Ladder<'_> {
        Ladder::from_best_last(&self.asks)
    }

    /// What a buyer of `outcome` can take, best first, in that outcome's prices.
    #[must_use]
    pub fn buy(&self, outcome: Outcome) -> Ladder<'_> {
        match outcome {
            Outcome::Yes => self.asks(),
            Outcome::No => self.bids().mirror(),
        }
    }

    /// What a seller of `outcome` can hit, best first, in that outcome's prices.
    #[must_use]
    pub fn sell(&self, outcome: Outcome) -> Ladder<'_> {
        match outcome {
            Outcome::Yes => self.bids(),
            Outcome::No => self.asks().mirror(),
        }
    }

    /// Whether the best bid is at or above the best ask.
    #[must_use]
    pub fn is_crossed(&self) -> bool {
        matches!((self.best_bid(), self.best_ask()), (Some(bid), Some(ask)) if bid.price >= ask.price)
    }

    /// Whether there is no level at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bids.is_empty() && self.asks.is_empty()
    }

    fn find(&self, side: Side, price: Price) -> Result<usize, usize> {
        match side {
            Side::Bid => self.bids.binary_search_by(|level| level.price.cmp(&price)),
            Side::Ask => self.asks.binary_search_by(|level| price.cmp(&level.price)),
        }
    }

    fn levels_mut(&mut self, side: Side) -> &mut Vec<Level> {
        match side {
            Side::Bid => &mut self.bids,
            Side::Ask => &mut self.asks,
        }
    }
}

//! The levels of one market, in YES prices.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{Ladder, Level, Outcome, Price, Quantity, QuantityChange, Side};

mod cents;
mod fine;

use cents::CentLevels;
pub(crate) use cents::Slots;
use fine::FineLevels;

/// The order book of one market in YES prices: bids to buy YES, asks to sell it.
///
/// Kalshi quotes only bids, for YES and for NO; a NO bid at q is kept as a YES ask at 1 − q. A Polymarket book is
/// that of the first outcome's token. The NO book is the mirror of this one ([`Book::buy`]), never a second copy.
///
/// A `Book` holds levels and nothing else; whether they may be trusted is the continuity tracker's business
/// ([`TrackedBook`](crate::books::TrackedBook)).
///
/// # Memory and time
/// An empty book allocates nothing. As long as every price is a whole cent the book has a slot for each cent (about
/// 850 bytes while sizes are hundredths below 43 million contracts, 1,650 bytes beyond), and an update, the best price and
/// each step of a walk take the same few instructions however deep the book is. The first finer price turns it, for good,
/// into two sorted lists of 16 bytes a level.
#[derive(Clone, Default)]
pub struct Book {
    levels: Levels,
}

#[derive(Clone, Default)]
enum Levels {
    #[default]
    None,
    Hundredths(CentLevels<u32>),
    Millionths(CentLevels<u64>),
    Fine(FineLevels),
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
        Self { levels: Levels::None }
    }

    /// Replaces everything. The order of the levels is free, sizes of zero are left out, of a price given twice the last counts.
    pub fn replace(&mut self, bids: &[Level], asks: &[Level]) {
        let all = || bids.iter().chain(asks);
        if !matches!(self.levels, Levels::Fine(_))
            && all().any(|level| cents::slot_of(level.price).is_none())
        {
            self.levels = Levels::Fine(FineLevels::default());
        }
        if let Levels::Fine(levels) = &mut self.levels {
            levels.replace(Side::Bid, bids);
            levels.replace(Side::Ask, asks);
            return;
        }
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
        match &mut self.levels {
            Levels::None => {}
            Levels::Hundredths(levels) => levels.clear(),
            Levels::Millionths(levels) => levels.clear(),
            Levels::Fine(levels) => levels.clear(),
        }
    }

    /// Sets the total at a price; zero removes the level.
    #[inline]
    pub fn set(&mut self, side: Side, price: Price, size: Quantity) {
        // Most books are in whole cents and hundredths of contracts; the question is asked first, before any other.
        if let Levels::Hundredths(levels) = &mut self.levels
            && let Some(slot) = cents::slot_of(price)
            && levels.set(side, slot, size)
        {
            return;
        }
        self.set_in_other(side, price, size);
    }

    /// Sets a level in a book of another form than the usual one, or that the usual one cannot hold.
    #[inline(never)]
    fn set_in_other(&mut self, side: Side, price: Price, size: Quantity) {
        let done = match (&mut self.levels, cents::slot_of(price)) {
            (Levels::Millionths(levels), Some(slot)) => levels.set(side, slot, size),
            (Levels::Fine(levels), _) => {
                levels.set(side, price, size);
                true
            }
            _ => false,
        };
        if !done && !size.is_zero() {
            self.set_in_wider(side, price, size);
        }
    }

    /// Sets a level that the present form cannot hold.
    #[cold]
    fn set_in_wider(&mut self, side: Side, price: Price, size: Quantity) {
        let slot = cents::slot_of(price);
        let mut wider = match (&self.levels, slot) {
            (Levels::None, Some(_)) => Levels::Hundredths(CentLevels::new()),
            (Levels::Hundredths(_), Some(_)) => Levels::Millionths(CentLevels::new()),
            _ => Levels::Fine(FineLevels::default()),
        };
        std::mem::swap(&mut self.levels, &mut wider);
        let old = Self { levels: wider };
        for level in old.bids() {
            self.set(Side::Bid, level.price, level.size);
        }
        for level in old.asks() {
            self.set(Side::Ask, level.price, level.size);
        }
        // One step may not be wide enough; there are two at most.
        self.set(side, price, size);
    }

    /// The total at a price, zero where there is no level.
    #[must_use]
    #[inline]
    pub fn size_at(&self, side: Side, price: Price) -> Quantity {
        match (&self.levels, cents::slot_of(price)) {
            (Levels::Hundredths(levels), Some(slot)) => levels.size(side, slot),
            (Levels::Millionths(levels), Some(slot)) => levels.size(side, slot),
            (Levels::Fine(levels), _) => levels.size(side, price),
            _ => Quantity::ZERO,
        }
    }

    /// Adds a signed change at a price; a level that reaches zero is removed.
    ///
    /// # Errors
    /// When the level would go below zero (or beyond [`Quantity::MAX`]); the book is unchanged.
    #[inline]
    pub fn change(
        &mut self,
        side: Side,
        price: Price,
        change: QuantityChange,
    ) -> Result<(), NegativeLevel> {
        let held = self.size_at(side, price);
        let size = held.checked_change(change).ok_or(NegativeLevel { price, held, change })?;
        self.set(side, price, size);
        Ok(())
    }

    /// The highest bid.
    #[must_use]
    #[inline]
    pub fn best_bid(&self) -> Option<Level> {
        self.best(Side::Bid)
    }

    /// The lowest ask.
    #[must_use]
    #[inline]
    pub fn best_ask(&self) -> Option<Level> {
        self.best(Side::Ask)
    }

    /// Bids, best first.
    #[must_use]
    #[inline]
    pub fn bids(&self) -> Ladder<'_> {
        self.ladder(Side::Bid)
    }

    /// Asks, best first.
    #[must_use]
    #[inline]
    pub fn asks(&self) -> Ladder<'_> {
        self.ladder(Side::Ask)
    }

    #[inline]
    fn best(&self, side: Side) -> Option<Level> {
        match &self.levels {
            Levels::None => None,
            Levels::Hundredths(levels) => levels.slots(side).best(),
            Levels::Millionths(levels) => levels.slots(side).best(),
            Levels::Fine(levels) => levels.side(side).last().copied(),
        }
    }

    #[inline]
    fn ladder(&self, side: Side) -> Ladder<'_> {
        match &self.levels {
            Levels::None => Ladder::EMPTY,
            Levels::Hundredths(levels) => Ladder::from_hundredths(levels.slots(side)),
            Levels::Millionths(levels) => Ladder::from_millionths(levels.slots(side)),
            Levels::Fine(levels) => Ladder::from_best_last(levels.side(side)),
        }
    }

    /// What a buyer of `outcome` can take, best first, in that outcome's prices.
    #[must_use]
    #[inline]
    pub fn buy(&self, outcome: Outcome) -> Ladder<'_> {
        match outcome {
            Outcome::Yes => self.asks(),
            Outcome::No => self.bids().mirror(),
        }
    }

    /// What a seller of `outcome` can hit, best first, in that outcome's prices.
    #[must_use]
    #[inline]
    pub fn sell(&self, outcome: Outcome) -> Ladder<'_> {
        match outcome {
            Outcome::Yes => self.bids(),
            Outcome::No => self.asks().mirror(),
        }
    }

    /// Whether the best bid is at or above the best ask.
    #[must_use]
    #[inline]
    pub fn is_crossed(&self) -> bool {
        matches!((self.best_bid(), self.best_ask()), (Some(bid), Some(ask)) if bid.price >= ask.price)
    }

    /// Whether there is no level at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bids().best().is_none() && self.asks().best().is_none()
    }

    /// Best ask minus best bid, in dollars; `None` when a side is empty or the book is crossed.
    #[must_use]
    pub fn spread(&self) -> Option<Price> {
        let (bid, ask) = (self.best_bid()?, self.best_ask()?);
        Price::from_micros(ask.price.micros().checked_sub(bid.price.micros())?)
    }

    /// The middle between best bid and best ask, in dollars, exact; `None` when a side is empty.
    #[must_use]
    pub fn mid(&self) -> Option<Decimal> {
        let (bid, ask) = (self.best_bid()?, self.best_ask()?);
        Some((Decimal::from(bid.price) + Decimal::from(ask.price)) / Decimal::TWO)
    }

    /// The middle weighted towards the side with less size, (bid·ask size + ask·bid size) / (both sizes), in dollars,
    /// to 28 digits; `None` when a side is empty.
    ///
    /// Worked: 75 at 0.43 against 25 at 0.45 give (0.43·25 + 0.45·75) / 100 = 0.445.
    #[must_use]
    pub fn micro_price(&self) -> Option<Decimal> {
        let (bid, ask) = (self.best_bid()?, self.best_ask()?);
        let (bid_size, ask_size) = (Decimal::from(bid.size), Decimal::from(ask.size));
        let weighted = Decimal::from(bid.price)
            .checked_mul(ask_size)?
            .checked_add(Decimal::from(ask.price).checked_mul(bid_size)?)?;
        weighted.checked_div(bid_size.checked_add(ask_size)?)
    }

    /// Contracts resting on a side.
    #[must_use]
    pub fn depth(&self, side: Side) -> Quantity {
        self.ladder(side).depth()
    }
}

impl PartialEq for Book {
    /// Whether both hold the same levels, in whatever form.
    fn eq(&self, other: &Self) -> bool {
        self.bids().eq(other.bids()) && self.asks().eq(other.asks())
    }
}

impl Eq for Book {}

/// The levels of a book as lists, best first.
#[derive(Serialize, Deserialize)]
struct Lists {
    bids: Vec<Level>,
    asks: Vec<Level>,
}

impl Serialize for Book {
    /// As lists of levels, best first.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Lists { bids: self.bids().collect(), asks: self.asks().collect() }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Book {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let lists = Lists::deserialize(deserializer)?;
        let mut book = Self::new();
        book.replace(&lists.bids, &lists.asks);
        Ok(book)
    }
}

impl std::fmt::Debug for Book {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Book")
            .field("bids", &self.bids().collect::<Vec<_>>())
            .field("asks", &self.asks().collect::<Vec<_>>())
            .finish()
    }
}

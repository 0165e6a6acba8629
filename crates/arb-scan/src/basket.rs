//! A set of orders that together pay a known amount.

use std::borrow::Cow;

use arb_normalize::books::BookId;
use arb_normalize::opportunity::Action;
use arb_normalize::{Book, Ladder, OpportunityClass, Outcome, Usd, Venue};
use arb_risk::fees::LegFees;
use arb_risk::size::Leg;

use crate::Limits;

/// One order of a basket: buy or sell an outcome of a book.
#[derive(Debug, Clone, PartialEq)]
pub struct BasketLeg {
    /// Where.
    pub venue: Venue,
    /// The name of the book in the venue's frames: the Kalshi ticker, the token of Polymarket's first outcome.
    pub key: String,
    /// The book, in its venue's [`Books`](arb_normalize::books::Books); `None` until the market is first heard of.
    pub book: Option<BookId>,
    /// The name of the market in outputs: the Kalshi ticker; Polymarket's condition id, or the token without one.
    pub market: String,
    /// Which outcome is traded.
    pub outcome: Outcome,
    /// Buy or sell.
    pub action: Action,
    /// Which member of the pair or set it belongs to, counted from 0.
    pub member: u8,
    /// The fees in force now.
    pub fees: LegFees,
}

impl BasketLeg {
    /// What it takes of its book, best first, in its outcome's prices.
    #[inline]
    pub(crate) fn ladder<'b>(&self, book: &'b Book) -> Ladder<'b> {
        match self.action {
            Action::Buy => book.buy(self.outcome),
            Action::Sell => book.sell(self.outcome),
        }
    }

    /// Its order over these levels, no smaller than its venue takes.
    #[inline]
    pub(crate) const fn order<'b>(&self, ladder: Ladder<'b>, limits: &Limits) -> Leg<'b> {
        let least = limits.min_orders.of(self.venue);
        let leg = match self.action {
            Action::Buy => Leg::buy(ladder, self.fees),
            Action::Sell => Leg::sell(ladder, self.fees),
        };
        Leg { min_size: least.size, min_cost: least.cost, ..leg }
    }
}

/// Which legs of a basket become orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pick {
    /// Every one.
    All,
    /// Of each member the leg whose first contract costs least after fees; the first of them where two cost the same. Legs
    /// of one member stand side by side and are worth the same, on different venues. Of two members every choice is sized, and the
    /// one that earns most taken. Of more it stays at this one: a small order at a better price on one venue bounds the trade by its
    /// book's depth, though the other venue offered more.
    Cheapest,
    /// NO is bought of the member with the highest YES bid, the first of several, and YES of the others is sold, as far as somebody
    /// bids for it. Members whose bids are so small that it earns more without them are left out. Each member has two legs: buy NO,
    /// then sell YES.
    ConvertOne,
}

/// Orders of equal quantity that pay `payoff` for each contract in every terminal state their class assumes.
///
/// All taker classes are baskets: a cross-venue pair is two baskets of two legs that pay $1; the NO side of an exclusive group of k
/// markets is one basket of k legs that pays $(k − 1).
#[derive(Debug, Clone, PartialEq)]
pub struct Basket {
    /// What makes it pay.
    pub class: OpportunityClass,
    /// The pair's or set's id.
    pub pair: String,
    /// Which of the pair's or set's trades it is, for episode ids: `yes-no` buys Kalshi's YES and Polymarket's second outcome.
    pub direction: Cow<'static, str>,
    /// The orders, and those that stand in for them.
    pub legs: Vec<BasketLeg>,
    /// Which legs become orders.
    pub pick: Pick,
    /// Dollars paid for each contract; negative where a set is split for that much.
    pub payoff: Usd,
    /// Which approved pair it is made of, in their order, or (behind all pairs) which set.
    pub(crate) source: u32,
}

impl Basket {
    /// A basket of the class, all of whose legs become orders.
    #[must_use]
    pub fn new(
        class: OpportunityClass,
        id: &str,
        direction: impl Into<Cow<'static, str>>,
        payoff: Usd,
        legs: Vec<BasketLeg>,
    ) -> Self {
        Self {
            class,
            pair: id.to_owned(),
            direction: direction.into(),
            legs,
            pick: Pick::All,
            payoff,
            source: 0,
        }
    }

    /// With another choice of legs.
    #[must_use]
    pub const fn picking(mut self, pick: Pick) -> Self {
        self.pick = pick;
        self
    }

    /// Whether it is the same trade: the same orders for the same payoff, at whatever fees.
    pub(crate) fn has_orders_of(&self, other: &Self) -> bool {
        let order = |leg: &BasketLeg| (leg.venue, leg.outcome, leg.action, leg.member);
        (self.class, self.pick, self.payoff) == (other.class, other.pick, other.payoff)
            && self.legs.len() == other.legs.len()
            && self
                .legs
                .iter()
                .zip(&other.legs)
                .all(|(a, b)| order(a) == order(b) && a.key == b.key)
    }

    /// Whether its legs lie on more than one venue, whose judges may differ.
    #[must_use]
    pub fn spans_venues(&self) -> bool {
        self.legs.windows(2).any(|two| two[0].venue != two[1].venue)
    }
}

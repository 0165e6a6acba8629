//! A set of orders that together pay a known amount.

use arb_normalize::books::BookId;
use arb_normalize::{OpportunityClass, Outcome, Usd, Venue};
use arb_risk::fees::LegFees;

/// One order of a basket: buy an outcome of a book.
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
    /// Which outcome is bought.
    pub outcome: Outcome,
    /// The fees in force now.
    pub fees: LegFees,
}

/// Orders of equal quantity that pay `payoff` for each contract in every terminal state their class assumes.
///
/// All taker classes are baskets: a cross-venue pair is two baskets of two legs that pay $1; the NO side of an exclusive group of k
/// markets is one basket of k legs that pays $(k − 1).
#[derive(Debug, Clone, PartialEq)]
pub struct Basket {
    /// What makes it pay.
    pub class: OpportunityClass,
    /// The pair's or group's id.
    pub pair: String,
    /// Which of the pair's trades it is, for episode ids: `yes-no` buys Kalshi's YES and Polymarket's second outcome.
    pub direction: &'static str,
    /// The orders.
    pub legs: Vec<BasketLeg>,
    /// Dollars paid for each contract.
    pub payoff: Usd,
    /// Which approved pair it is made of, in their order.
    pub(crate) source: u32,
}

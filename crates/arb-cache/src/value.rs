//! The values of this crate that the vocabulary has no type for.

use arb_normalize::{Level, MarketKey, Price, Relation};

/// Best bid, best ask and last price of one market, in YES prices.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quote {
    /// The highest bid.
    pub bid: Option<Level>,
    /// The lowest ask.
    pub ask: Option<Level>,
    /// The last traded price.
    pub last: Option<Price>,
}

impl Quote {
    /// The touch of a book.
    #[must_use]
    pub fn of(book: &arb_normalize::Book) -> Self {
        Self { bid: book.best_bid(), ask: book.best_ask(), last: None }
    }
}

/// How alike two markets are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Similarity {
    /// From 0 (nothing shared) to 1 (the same words).
    pub similarity: f64,
    /// How the propositions relate, once judged.
    pub relation: Option<Relation>,
}

/// Two markets, in order, so that (a, b) and (b, a) are one key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MarketPair(MarketKey, MarketKey);

impl MarketPair {
    /// The pair of `a` and `b`, whichever comes first.
    #[must_use]
    pub fn new(a: MarketKey, b: MarketKey) -> Self {
        if a <= b { Self(a, b) } else { Self(b, a) }
    }

    /// The smaller key.
    #[must_use]
    pub const fn first(&self) -> &MarketKey {
        &self.0
    }

    /// The larger key.
    #[must_use]
    pub const fn second(&self) -> &MarketKey {
        &self.1
    }
}

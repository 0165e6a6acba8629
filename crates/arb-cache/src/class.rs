//! What kinds of values the cache holds.

/// A kind of value; each has its own key prefix, time to live and counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Class {
    /// A listed market, `market:{venue}:{id}`.
    Market,
    /// The levels of a book, `orderbook:{venue}:{id}`.
    Orderbook,
    /// Best bid, best ask and last price, `price:{venue}:{id}`.
    Price,
    /// A trade that would pay, `opportunity:{id}`.
    Opportunity,
    /// How alike two markets are, `similarity:{a}:{b}` with a < b.
    Similarity,
}

impl Class {
    /// Every class, in order.
    pub const ALL: [Self; 5] =
        [Self::Market, Self::Orderbook, Self::Price, Self::Opportunity, Self::Similarity];

    /// The word used in keys and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Market => "market",
            Self::Orderbook => "orderbook",
            Self::Price => "price",
            Self::Opportunity => "opportunity",
            Self::Similarity => "similarity",
        }
    }

    /// A small number, for tables by class: 0 for the first of [`Class::ALL`].
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }
}

impl std::fmt::Display for Class {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

//! A price level and the words for the sides of a book and of a market.

use serde::{Deserialize, Serialize};

use crate::{Price, Quantity};

/// A price and the size resting there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Level {
    /// Dollars per contract.
    pub price: Price,
    /// Contracts at that price.
    pub size: Quantity,
}

impl Level {
    /// A level.
    #[must_use]
    pub const fn new(price: Price, size: Quantity) -> Self {
        Self { price, size }
    }

    /// The same offer seen from the opposite outcome: a bid for YES at p is an ask for NO at 1 − p.
    #[must_use]
    pub const fn mirror(self) -> Self {
        Self { price: self.price.complement(), size: self.size }
    }
}

/// A side of an order book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Offers to buy.
    Bid,
    /// Offers to sell.
    Ask,
}

impl Side {
    /// The other side.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Bid => Self::Ask,
            Self::Ask => Self::Bid,
        }
    }
}

/// A side of a binary market. YES of a Polymarket market is its first outcome, whatever its label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Pays when the proposition holds.
    Yes,
    /// Pays when it does not.
    No,
}

impl Outcome {
    /// The other outcome.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
        }
    }

    /// `yes` or `no`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
        }
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

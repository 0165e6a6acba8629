//! What a trade must satisfy beyond being profitable. Nothing is limited unless set.

use std::time::Duration;

use arb_normalize::{Quantity, Usd, Venue};
use serde::{Deserialize, Serialize};

/// How old a venue's books may be; `None` does not limit them.
///
/// A venue that numbers its messages proves that a quiet book is no old one; one that does not is trusted for less long.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MaxAge {
    /// Kalshi's books.
    pub kalshi: Option<Duration>,
    /// Polymarket's books.
    pub polymarket: Option<Duration>,
}

impl MaxAge {
    /// The same for every venue.
    #[must_use]
    pub const fn everywhere(limit: Duration) -> Self {
        Self { kalshi: Some(limit), polymarket: Some(limit) }
    }

    /// A venue's limit.
    #[must_use]
    pub const fn of(&self, venue: Venue) -> Option<Duration> {
        match venue {
            Venue::Kalshi => self.kalshi,
            Venue::Polymarket => self.polymarket,
            _ => None,
        }
    }

    /// Sets a venue's limit.
    pub const fn set(&mut self, venue: Venue, limit: Option<Duration>) {
        match venue {
            Venue::Kalshi => self.kalshi = limit,
            Venue::Polymarket => self.polymarket = limit,
            _ => {}
        }
    }

    /// Whether nothing is limited.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.kalshi.is_none() && self.polymarket.is_none()
    }
}

/// The smallest order that a venue takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MinOrder {
    /// Contracts.
    pub size: Quantity,
    /// Dollars of Σ price × size.
    pub cost: Usd,
}

/// The smallest orders of the venues; zero where nothing is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MinOrders {
    /// Kalshi's: whole contracts are all that is traded here, and it takes one.
    pub kalshi: MinOrder,
    /// Polymarket's: 5 shares, and $1 where an order is matched at once.
    pub polymarket: MinOrder,
}

impl MinOrders {
    /// What the venues' documents say: 5 shares and $1 on Polymarket.
    #[must_use]
    pub fn documented() -> Self {
        let size = Quantity::from_contracts(5).unwrap_or_default();
        Self { polymarket: MinOrder { size, cost: Usd::DOLLAR }, ..Self::default() }
    }

    /// A venue's smallest order.
    #[must_use]
    #[inline]
    pub const fn of(&self, venue: Venue) -> MinOrder {
        match venue {
            Venue::Polymarket => self.polymarket,
            Venue::Kalshi => self.kalshi,
            _ => MinOrder { size: Quantity::ZERO, cost: Usd::ZERO },
        }
    }
}

/// Limits on what is priced and published. The default limits nothing, which is what a replay of a recording wants;
/// [`Limits::live`] is for feeds that run now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Limits {
    /// Books whose last message was received longer ago than their venue's limit are not priced, nor are those whose last message was
    /// received more than [5 s](arb_normalize::books::CLOCK_SLACK) after now: the clock was set back.
    pub max_age: MaxAge,
    /// Two books whose last messages were received further apart than this are not priced together.
    pub max_skew: Option<Duration>,
    /// Dollars laid out for one trade, costs and fees of all legs.
    pub max_position: Option<Usd>,
    /// Contracts on each leg.
    pub max_quantity: Option<Quantity>,
    /// Dollars of net profit below which a trade is not published.
    pub min_net: Option<Usd>,
    /// Orders below these are no part of a trade: the venue would refuse them and leave the other legs alone.
    pub min_orders: MinOrders,
}

impl Limits {
    /// Limits for live feeds: books no older than five minutes (a quiet market is not a broken one; silence is the feed
    /// watchdog's business), at least $0.50 net, no order below [what the venues take](MinOrders::documented).
    #[must_use]
    pub fn live() -> Self {
        Self {
            max_age: MaxAge::everywhere(Duration::from_secs(300)),
            max_skew: None,
            max_position: None,
            max_quantity: None,
            min_net: Some(Usd::from_micros(500_000)),
            min_orders: MinOrders::documented(),
        }
    }
}

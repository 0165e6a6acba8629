//! What a trade must satisfy beyond being profitable. Nothing is limited unless set.

use std::time::Duration;

use arb_normalize::{Quantity, Usd};
use serde::{Deserialize, Serialize};

/// Limits on what is priced and published. The default limits nothing, which is what a replay of a recording wants;
/// [`Limits::live`] is for feeds that run now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Limits {
    /// Books whose last message was received longer ago than this are not priced.
    pub max_age: Option<Duration>,
    /// Two books whose last messages were received further apart than this are not priced together.
    pub max_skew: Option<Duration>,
    /// Dollars laid out for one trade, costs and fees of all legs.
    pub max_position: Option<Usd>,
    /// Contracts on each leg.
    pub max_quantity: Option<Quantity>,
    /// Dollars of net profit below which a trade is not published.
    pub min_net: Option<Usd>,
}

impl Limits {
    /// Limits for live feeds: books no older than five minutes (a quiet market is not a broken one; silence is the feed
    /// watchdog's business), at least $0.50 net.
    #[must_use]
    pub fn live() -> Self {
        Self {
            max_age: Some(Duration::from_secs(300)),
            max_skew: None,
            max_position: None,
            max_quantity: None,
            min_net: Some(Usd::from_micros(500_000)),
        }
    }
}

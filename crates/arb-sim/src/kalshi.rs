//! Kalshi's dialect: WebSocket commands and frames, REST.

mod commands;
mod frames;
mod lifecycle;
mod listings;
pub(crate) mod rest;

use std::collections::{BTreeMap, BTreeSet};

use tokio::time::Instant;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Channel {
    OrderbookDelta,
    Ticker,
    Trade,
    Fill,
    MarketPositions,
    UserOrders,
    MarketLifecycle,
    MultivariateLifecycle,
    Communications,
    OrderGroupUpdates,
    CfBenchmarks,
    CfBenchmarksFast,
    Pyth,
}

impl Channel {
    const ALL: [(Self, &'static str); 13] = [
        (Self::OrderbookDelta, "orderbook_delta"),
        (Self::Ticker, "ticker"),
        (Self::Trade, "trade"),
        (Self::Fill, "fill"),
        (Self::MarketPositions, "market_positions"),
        (Self::UserOrders, "user_orders"),
        (Self::MarketLifecycle, "market_lifecycle_v2"),
        (Self::MultivariateLifecycle, "multivariate_market_lifecycle"),
        (Self::Communications, "communications"),
        (Self::OrderGroupUpdates, "order_group_updates"),
        (Self::CfBenchmarks, "cfbenchmarks_value"),
        (Self::CfBenchmarksFast, "cfbenchmarks_value_5hz"),
        (Self::Pyth, "pyth_value"),
    ];

    fn called(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|known| known.1 == name).map(|known| known.0)
    }

    pub(crate) fn name(self) -> &'static str {
        Self::ALL.iter().find(|known| known.0 == self).map_or("", |known| known.1)
    }

    /// Whether its subscriptions are about markets (a list of them, or all).
    const fn has_markets(self) -> bool {
        matches!(
            self,
            Self::OrderbookDelta
                | Self::Ticker
                | Self::Trade
                | Self::Fill
                | Self::MarketPositions
                | Self::UserOrders
        )
    }
}

/// One sid.
#[derive(Debug)]
pub(crate) struct Subscription {
    pub(crate) channel: Channel,
    /// The markets it is about; `None` is all of them.
    pub(crate) markets: Option<BTreeSet<usize>>,
    /// The last number that was used.
    pub(crate) seq: u64,
    pub(crate) use_yes_price: bool,
    /// Markets whose frames are or were withheld, until their next snapshot.
    pub(crate) muted: BTreeSet<usize>,
}

impl Subscription {
    fn covers(&self, market: usize) -> bool {
        self.markets.as_ref().is_none_or(|markets| markets.contains(&market))
    }

    const fn take_seq(&mut self) -> u64 {
        self.seq += 1;
        self.seq
    }
}

#[derive(Debug)]
pub(crate) struct KalshiClient {
    pub(crate) subscriptions: BTreeMap<u64, Subscription>,
    last_sid: u64,
    /// Commands left in this second and when it began.
    commands: (u32, Instant),
}

impl KalshiClient {
    pub(crate) fn new() -> Self {
        Self { subscriptions: BTreeMap::new(), last_sid: 0, commands: (0, Instant::now()) }
    }

    pub(crate) fn follows(&self, market: usize) -> bool {
        self.subscriptions
            .values()
            .any(|known| known.channel == Channel::OrderbookDelta && known.covers(market))
    }

    /// The sids of a channel that are about this market.
    fn sids(&self, channel: Channel, market: usize) -> Vec<u64> {
        self.subscriptions
            .iter()
            .filter(|(_, known)| known.channel == channel && known.covers(market))
            .map(|(&sid, _)| sid)
            .collect()
    }
}

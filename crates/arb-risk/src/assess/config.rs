//! What an assessment is told.

use std::time::Duration;

use arb_normalize::{Book, Usd, Venue};

use crate::fees::LegFees;
use crate::slippage::{SlippageModel, SquareRootImpact};
use crate::volatility::UNKNOWN_VOLATILITY;

/// Rates and models of an assessment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AssessConfig<I = SquareRootImpact> {
    /// Slippage beyond the displayed book.
    pub slippage: SlippageModel<I>,
    /// Correlation of the legs' prices while an order fails, 0 to 1. Default 0.9: the same contract on two venues.
    pub correlation: f64,
    /// How fast the needed depth vanishes, per second and per full depth taken. Default 0.05.
    pub depth_hazard: f64,
    /// The same while the event is being played. Default 0.5.
    pub depth_hazard_in_play: f64,
    /// What capital could earn elsewhere, simple yearly rate. Default 0.08: 4 % for cash, 4 % for the trouble.
    pub carry_yearly: f64,
    /// Days assumed when nobody knows when the market settles. Default 30.
    pub unknown_days: f64,
    /// Probability that the position must be left before settlement. Default 0.01.
    pub early_exit: f64,
    /// Price of having the whole bankroll in one event, as a share of the outlay. Default 0.002.
    pub concentration: f64,
    /// Probability that the settlement of a Polymarket leg is overturned. Default 0.0005: 1.3 % of markets are
    /// disputed, of which 3.4 % overturn the winner by the rules.
    pub dispute: f64,
    /// Yearly probability that a venue does not pay out. Default 0.005, an assumption.
    pub custody_yearly: f64,
}

impl Default for AssessConfig {
    fn default() -> Self {
        Self {
            slippage: SlippageModel::default(),
            correlation: 0.9,
            depth_hazard: 0.05,
            depth_hazard_in_play: 0.5,
            carry_yearly: 0.08,
            unknown_days: 30.0,
            early_exit: 0.01,
            concentration: 0.002,
            dispute: 0.0005,
            custody_yearly: 0.005,
        }
    }
}

/// What is known of one leg's book and venue.
#[derive(Debug, Clone, Copy)]
pub struct LegView<'a> {
    /// The book, in YES prices.
    pub book: &'a Book,
    /// What the venue charges, for unwinding. Default: the worst known.
    pub fees: LegFees,
    /// Whether the book is known to be complete.
    pub live: bool,
    /// Age of the book.
    pub age: Duration,
    /// Dollars per √second. Default [`UNKNOWN_VOLATILITY`].
    pub volatility: f64,
    /// Contracts traded per second, if known.
    pub traded_per_second: Option<f64>,
    /// From the decision to the match, as nine orders in ten see it. Default 150 ms for Kalshi, 500 ms for Polymarket
    /// (which may delay takers on purpose).
    pub latency: Duration,
    /// The smallest step of the price, dollars. Default 0.01.
    pub tick: f64,
    /// Share of the displayed depth that is believed. Default 0.8 for Kalshi, 0.7 for Polymarket.
    pub haircut: f64,
    /// Probability that the venue refuses the order. Default 0.01.
    pub reject_rate: f64,
    /// Probability that a reported fill never settles. Default 0.01 for Polymarket (the mean of a Beta(1, 99); after the
    /// exchange's second version went live, far higher shares were reported for days), 0 for Kalshi.
    pub ghost_rate: f64,
}

impl<'a> LegView<'a> {
    /// A live book of age zero at a venue, with every default.
    #[must_use]
    pub const fn new(venue: Venue, book: &'a Book) -> Self {
        let (latency, haircut, ghost_rate) = match venue {
            Venue::Kalshi => (150, 0.8, 0.0),
            _ => (500, 0.7, 0.01),
        };
        Self {
            book,
            fees: LegFees::worst_known(venue),
            live: true,
            age: Duration::ZERO,
            volatility: UNKNOWN_VOLATILITY,
            traded_per_second: None,
            latency: Duration::from_millis(latency),
            tick: 0.01,
            haircut,
            reject_rate: 0.01,
            ghost_rate,
        }
    }
}

/// What is known of the trade as a whole.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TradeView {
    /// ε: the probability that the venues settle the contract differently. Default 0.03, for a series of which nothing
    /// is known; [`SettlementRecord`](super::SettlementRecord) computes it from settled pairs.
    pub divergence: f64,
    /// Until the money is back: expected settlement plus payout delay.
    pub until_settlement: Option<Duration>,
    /// Whether the event is being played.
    pub in_play: bool,
    /// Dollars already laid out in the same event.
    pub event_exposure: Usd,
    /// All capital, dollars; unknown counts as if it were all in this event.
    pub bankroll: Option<Usd>,
}

impl Default for TradeView {
    fn default() -> Self {
        Self {
            divergence: super::SettlementRecord::default().divergence(),
            until_settlement: None,
            in_play: false,
            event_exposure: Usd::ZERO,
            bankroll: None,
        }
    }
}

impl TradeView {
    /// Days until the money is back.
    pub(super) fn days<I>(&self, config: &AssessConfig<I>) -> f64 {
        self.until_settlement.map_or(config.unknown_days, super::days)
    }

    /// The share of the bankroll that the event would hold after a trade of that outlay, 0 to 1.
    pub(super) fn event_share(&self, outlay: Usd) -> f64 {
        match self.bankroll {
            Some(all) if all.is_positive() => {
                super::ratio(self.event_exposure + outlay, all).clamp(0.0, 1.0)
            }
            _ => 1.0,
        }
    }
}

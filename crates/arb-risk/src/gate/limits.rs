//! The limits of the standard rules.

use arb_normalize::{Ladder, Price, Quantity, Usd};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// The limits of the standard rules. Each field says its default; dollars, prices, quantities and shares are exact.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RiskLimits {
    /// `MAX_POSITION_SIZE`: dollars of outlay in one pair, holdings included. Default 10,000.
    pub max_position_size: Usd,
    /// `MAX_RISK_SCORE`: the largest total score, 0 to 100. Default 50.
    pub max_risk_score: f64,
    /// Dollars of outlay in one order of a trade's legs together. Default: as much as a position may hold.
    pub max_order: Option<Usd>,
    /// Dollars of outlay in one event. Default: 2,500, or `max_position_size` where that is more.
    pub max_event: Option<Usd>,
    /// Share of the equity at one venue. Default 0.5.
    #[serde(with = "rust_decimal::serde::str")]
    pub max_venue_share: Decimal,
    /// Share of the equity in all positions. Default 0.8.
    #[serde(with = "rust_decimal::serde::str")]
    pub max_total_share: Decimal,
    /// Days for which a pair's confirmation holds. Default 30.
    pub max_verdict_days: u64,
    /// Milliseconds since a book was received. Default 1,000.
    pub max_book_age_ms: u64,
    /// Milliseconds since the venue stamped it. Default 2,000.
    pub max_venue_age_ms: u64,
    /// The same while the event is being played. Default 250.
    pub max_book_age_in_play_ms: u64,
    /// The same while the event is being played. Default 500.
    pub max_venue_age_in_play_ms: u64,
    /// Milliseconds between the receipts of the books. Default 500.
    pub max_skew_ms: u64,
    /// The lowest limit price. Default 0.02.
    pub min_price: Price,
    /// The highest limit price. Default 0.98.
    pub max_price: Price,
    /// Net dollars a contract above which a gap is held back as implausible (four times the pair's usual gap, where that
    /// is known and less). Default 0.05.
    pub max_gap: Usd,
    /// Net dollars a contract above which the limit of an order falls in proportion: half of it at twice the gap, because
    /// true pairs have small gaps and mistaken ones large. Default 0.03.
    pub full_size_gap: Usd,
    /// Net dollars a contract. Default 0.005.
    pub min_edge: Usd,
    /// Net dollars of the trade. Default 0.50.
    pub min_profit: Usd,
    /// Simple yearly return before risk, where settlement is known. Default 0.08.
    pub min_annualised: f64,
    /// Share of the best level that an order may count on. Default 0.7.
    #[serde(with = "rust_decimal::serde::str")]
    pub touch_share: Decimal,
    /// Share of the further levels that an order may count on. Default 0.25.
    #[serde(with = "rust_decimal::serde::str")]
    pub depth_share: Decimal,
    /// Dollars unhedged. Default 100.
    pub max_unhedged: Usd,
    /// Milliseconds for which anything may be unhedged. Default 10,000.
    pub max_unhedged_ms: u64,
    /// Attempts at one opportunity. Default 3.
    pub max_attempts: u32,
    /// Orders a second to one venue. Default 5.
    pub max_orders_per_second: u32,
    /// Share of the equity that a day may lose. Default 0.02.
    #[serde(with = "rust_decimal::serde::str")]
    pub max_day_loss: Decimal,
    /// Share of the peak equity that may be lost before only reducing is allowed. Default 0.05.
    #[serde(with = "rust_decimal::serde::str")]
    pub max_drawdown: Decimal,
    /// Share of the peak equity that may be lost before the kill switch should halt. Default 0.10.
    #[serde(with = "rust_decimal::serde::str")]
    pub halt_drawdown: Decimal,
    /// Missed legs in a row after which a pair rests. Default 3.
    pub max_leg_failures: u32,
    /// For how long it rests, milliseconds. Default 900,000 (a quarter of an hour).
    pub cool_off_ms: u64,
}

impl Default for RiskLimits {
    fn default() -> Self {
        let share = |hundredths| Decimal::new(hundredths, 2);
        Self {
            max_position_size: Usd::from_micros(10_000_000_000),
            max_risk_score: 50.0,
            max_order: None,
            max_event: None,
            max_venue_share: share(50),
            max_total_share: share(80),
            max_verdict_days: 30,
            max_book_age_ms: 1_000,
            max_venue_age_ms: 2_000,
            max_book_age_in_play_ms: 250,
            max_venue_age_in_play_ms: 500,
            max_skew_ms: 500,
            min_price: Price::from_cents(2).unwrap_or(Price::ZERO),
            max_price: Price::from_cents(98).unwrap_or(Price::ONE),
            max_gap: Usd::from_micros(50_000),
            full_size_gap: Usd::from_micros(30_000),
            min_edge: Usd::from_micros(5_000),
            min_profit: Usd::from_micros(500_000),
            min_annualised: 0.08,
            touch_share: share(70),
            depth_share: share(25),
            max_unhedged: Usd::from_micros(100_000_000),
            max_unhedged_ms: 10_000,
            max_attempts: 3,
            max_orders_per_second: 5,
            max_day_loss: share(2),
            max_drawdown: share(5),
            halt_drawdown: share(10),
            max_leg_failures: 3,
            cool_off_ms: 900_000,
        }
    }
}

impl RiskLimits {
    /// The most one order of the legs together may lay out.
    #[must_use]
    pub fn order_limit(&self) -> Usd {
        self.max_order.unwrap_or(self.max_position_size)
    }

    /// The most one order of the legs together may lay out when it earns `per_contract` net dollars a contract:
    /// [`Self::order_limit`] up to `full_size_gap`, and inversely to the gap above it, rounded down to 1e-12.
    ///
    /// ```
    /// use arb_risk::gate::RiskLimits;
    /// let limits = RiskLimits { max_order: Some("300".parse()?), ..RiskLimits::default() };
    /// assert_eq!(limits.order_limit_at("0.03".parse()?), "300".parse()?);
    /// assert_eq!(limits.order_limit_at("0.045".parse()?), "200".parse()?);
    /// # Ok::<(), arb_normalize::ParseFixedError>(())
    /// ```
    #[must_use]
    pub fn order_limit_at(&self, per_contract: Usd) -> Usd {
        let (limit, full) = (self.order_limit(), self.full_size_gap.max(Usd::ZERO));
        if per_contract <= full {
            return limit;
        }
        let shrunk = limit.pico().checked_mul(full.pico()).map(|both| both / per_contract.pico());
        Usd::from_pico(shrunk.unwrap_or(0))
    }

    /// The most one event may hold.
    #[must_use]
    pub fn event_limit(&self) -> Usd {
        self.max_event.unwrap_or(Usd::from_micros(2_500_000_000).max(self.max_position_size))
    }

    /// How many contracts of a ladder an order may count on: a share of the best level and a share of the rest, rounded
    /// down to 0.000001. Give it to the sizer as the largest quantity, and the rule on depth will pass.
    ///
    /// ```
    /// use arb_normalize::{Ladder, Level};
    /// use arb_risk::gate::RiskLimits;
    /// let asks = [Level::new("0.41".parse()?, "400".parse()?), Level::new("0.40".parse()?, "100".parse()?)];
    /// let counted = RiskLimits::default().counted_depth(Ladder::from_best_last(&asks));
    /// assert_eq!(counted, "170".parse()?, "70 of 100 and a quarter of 400");
    /// # Ok::<(), arb_normalize::ParseFixedError>(())
    /// ```
    #[must_use]
    pub fn counted_depth(&self, ladder: Ladder<'_>) -> Quantity {
        let touch = ladder.best().map_or(Quantity::ZERO, |best| best.size);
        self.counted(touch, ladder.depth())
    }

    pub(super) fn counted(&self, touch: Quantity, depth: Quantity) -> Quantity {
        let touch = touch.min(depth);
        let beyond = depth.saturating_sub(touch);
        share_of(touch, self.touch_share).saturating_add(share_of(beyond, self.depth_share))
    }
}

/// A share of a quantity, rounded down to 0.000001; none for a share that is negative or overflows.
fn share_of(quantity: Quantity, share: Decimal) -> Quantity {
    Decimal::from(quantity)
        .checked_mul(share)
        .and_then(|part| Quantity::try_from(part.trunc_with_scale(6)).ok())
        .unwrap_or(Quantity::ZERO)
}

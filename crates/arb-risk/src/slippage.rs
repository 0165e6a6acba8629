//! What an order costs beyond the best price, and what it may cost beyond the displayed book.
//!
//! Per contract and leg, in dollars:
//!
//! | term | means |
//! |---|---|
//! | [`base`](Slippage::base) | how far the average price of the walk is from the best price; exact, and **already inside** the order's cost |
//! | [`impact`](Slippage::impact) | what is paid on top of the displayed book, because levels vanish on contact and others take too |
//! | [`timing`](Slippage::timing) | what the price moves between the decision and the match: k · σ · √latency |
//! | [`total`](Slippage::total) | the three together: expected shortfall against the best price |
//!
//! The walk of the ladder is the instantaneous impact of an order that takes at once, so [`ImpactModel`] speaks only of
//! what comes on top of it. Impact follows the square-root law I = Y·σ_h·√(Q/V_h), which is free of the horizon: with h
//! the time in which the market trades the displayed depth, V_h is that depth, so x = size/depth and the volatility
//! factor is σ·√h in dollars.

mod impact;

use std::time::Duration;

use arb_normalize::{Ladder, Price, Quantity};

pub use impact::{ImpactModel, NoImpact, SquareRootImpact};

/// How slippage is estimated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SlippageModel<I = SquareRootImpact> {
    /// What is paid on top of the displayed book.
    pub impact: I,
    /// Standard deviations of the movement during the latency that are charged: 1 for the expected cost, 1.65 for a
    /// bound that holds 95 times in 100.
    pub timing_k: f64,
    /// How far beyond the limit a level still counts as depth.
    pub band: Price,
    /// At least so many levels count as depth, whatever the band.
    pub min_levels: usize,
    /// Age at which confidence in a book has fallen to 1/e.
    pub freshness: Duration,
}

impl Default for SlippageModel {
    fn default() -> Self {
        Self {
            impact: SquareRootImpact::default(),
            timing_k: 1.0,
            band: Price::from_cents(2).unwrap_or(Price::ZERO),
            min_levels: 3,
            freshness: Duration::from_secs(2),
        }
    }
}

/// One leg as the slippage model sees it.
#[derive(Debug, Clone, Copy)]
pub struct LegLiquidity<'a> {
    /// What can be taken, best first.
    pub ladder: Ladder<'a>,
    /// Contracts to take.
    pub quantity: Quantity,
    /// Half of the spread between bid and ask, dollars; zero when a side is missing.
    pub half_spread: f64,
    /// The smallest step of the price, dollars.
    pub tick: f64,
    /// Share of the displayed depth that is believed, 0 to 1.
    pub haircut: f64,
    /// Contracts traded per second, if known.
    pub traded_per_second: Option<f64>,
    /// Dollars per √second.
    pub volatility: f64,
    /// From the decision to the match, including a venue's taker delay.
    pub latency: Duration,
    /// Age of the book.
    pub age: Duration,
    /// Whether the book is known to be complete (snapshot and sequence right).
    pub continuous: bool,
    /// What the trade earns a contract, dollars: the noise of the latency is judged against it.
    pub edge: f64,
}

/// The slippage of one leg, dollars per contract.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Slippage {
    /// Average price of the walk minus the best price (already in the order's cost).
    pub base: f64,
    /// Expected cost beyond the displayed book.
    pub impact: f64,
    /// Expected movement during the latency.
    pub timing: f64,
    /// The three together.
    pub total: f64,
    /// The size as a share of the believed depth; above 1 the order is larger than what is believed to be there.
    pub depth_share: f64,
    /// How far the estimate can be trusted, with its reasons.
    pub confidence: Confidence,
}

/// Confidence in a slippage estimate: the product of four reasons, each from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Confidence {
    /// 1 while the believed depth is at least twice the size, falling in proportion below.
    pub depth: f64,
    /// e^(−age/2 s).
    pub freshness: f64,
    /// 1/(1 + (σ√latency/edge)²): ½ where the movement during the latency is as large as the edge.
    pub signal: f64,
    /// 1 for a book that is known to be complete, 0 otherwise.
    pub continuity: f64,
}

impl Confidence {
    /// The product of the four.
    #[must_use]
    pub fn value(self) -> f64 {
        let product = self.depth * self.freshness * self.signal * self.continuity;
        if product.is_finite() { product.clamp(0.0, 1.0) } else { 0.0 }
    }
}

impl<I: ImpactModel> SlippageModel<I> {
    /// The slippage of taking `leg.quantity` from `leg.ladder`.
    ///
    /// ```
    /// use std::time::Duration;
    /// use arb_normalize::{Ladder, Level};
    /// use arb_risk::slippage::{LegLiquidity, SlippageModel};
    /// let asks = [Level::new("0.42".parse()?, "100".parse()?), Level::new("0.40".parse()?, "100".parse()?)];
    /// let leg = LegLiquidity {
    ///     ladder: Ladder::from_best_last(&asks), quantity: "150".parse()?, half_spread: 0.005, tick: 0.01,
    ///     haircut: 1.0, traded_per_second: None, volatility: 0.0005, latency: Duration::from_millis(250),
    ///     age: Duration::ZERO, continuous: true, edge: 0.02,
    /// };
    /// let slippage = SlippageModel::default().estimate(&leg);
    /// assert!((slippage.base - 0.02 / 3.0).abs() < 1e-12, "50 of 150 contracts cost two cents more");
    /// assert!((slippage.timing - 0.0005 * 0.5).abs() < 1e-12);
    /// assert!((slippage.depth_share - 0.75).abs() < 1e-12);
    /// # Ok::<(), arb_normalize::ParseFixedError>(())
    /// ```
    #[must_use]
    pub fn estimate(&self, leg: &LegLiquidity<'_>) -> Slippage {
        let size = contracts(leg.quantity);
        let (base, limit) = walk(leg.ladder, leg.quantity);
        let depth = self.depth(leg.ladder, limit) * leg.haircut.clamp(0.0, 1.0);
        let depth_share = if size == 0.0 { 0.0 } else { size / depth };
        let turnover = leg
            .traded_per_second
            .filter(|rate| *rate > 0.0)
            .map_or(60.0, |rate| (depth / rate).clamp(1.0, 3_600.0));
        let cap = (2.0 * leg.tick).max(0.5 * (leg.half_spread + base));
        let factor = leg.volatility * turnover.sqrt();
        let impact = self.impact.impact(depth_share, factor).clamp(0.0, cap.max(0.0));
        let noise = leg.volatility * leg.latency.as_secs_f64().sqrt();
        let timing = self.timing_k * noise;
        let confidence = Confidence {
            depth: if size == 0.0 { 1.0 } else { (depth / (2.0 * size)).min(1.0) },
            freshness: (-leg.age.as_secs_f64() / self.freshness.as_secs_f64().max(1e-9)).exp(),
            signal: if noise == 0.0 { 1.0 } else { 1.0 / (1.0 + (noise / leg.edge).powi(2)) },
            continuity: if leg.continuous { 1.0 } else { 0.0 },
        };
        Slippage { base, impact, timing, total: base + impact + timing, depth_share, confidence }
    }

    /// Contracts up to the band beyond `limit`, at least those of the first levels.
    fn depth(&self, ladder: Ladder<'_>, limit: Price) -> f64 {
        // Away from the best price: up for a purchase, down for a sale.
        let best = ladder.best_price().unwrap_or(limit);
        let most = apart(limit, best).saturating_add(self.band.micros());
        let counted = ladder
            .enumerate()
            .take_while(|(index, level)| {
                *index < self.min_levels || apart(level.price, best) <= most
            })
            .fold(Quantity::ZERO, |sum, (_, level)| sum.saturating_add(level.size));
        contracts(counted)
    }
}

/// How far the average price is from the best one in dollars, and the worst price taken; what the ladder does not hold is left out.
fn walk(ladder: Ladder<'_>, quantity: Quantity) -> (f64, Price) {
    let Some(best) = ladder.best() else { return (0.0, Price::ZERO) };
    let (mut left, mut above, mut limit) = (quantity, 0.0, best.price);
    for level in ladder {
        if left.is_zero() {
            break;
        }
        let take = left.min(level.size);
        above +=
            f64::from(apart(level.price, best.price)) / f64::from(Price::SCALE) * contracts(take);
        limit = level.price;
        left = left.saturating_sub(take);
    }
    let taken = contracts(quantity.saturating_sub(left));
    (if taken == 0.0 { 0.0 } else { above / taken }, limit)
}

/// Micro-dollars between two prices.
const fn apart(one: Price, other: Price) -> u32 {
    one.micros().abs_diff(other.micros())
}

/// A quantity as an estimate.
pub(crate) fn contracts(quantity: Quantity) -> f64 {
    quantity.micros() as f64 / Quantity::SCALE as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use arb_normalize::Level;

    fn leg<'a>(ladder: Ladder<'a>, quantity: &str) -> LegLiquidity<'a> {
        LegLiquidity {
            ladder,
            quantity: quantity.parse().unwrap(),
            half_spread: 0.005,
            tick: 0.01,
            haircut: 0.8,
            traded_per_second: Some(2.0),
            volatility: 0.001,
            latency: Duration::from_millis(160),
            age: Duration::from_secs(2),
            continuous: true,
            edge: 0.01,
        }
    }

    #[test]
    fn terms_and_reasons_come_out_as_written() {
        let asks = [Level::new("0.40".parse().unwrap(), "100".parse().unwrap())];
        let found = SlippageModel::default().estimate(&leg(Ladder::from_best_last(&asks), "20"));
        // depth 80, x = 0.25, h = 40 s, factor 0.001·√40 = 0.0063246; (0.15·0.25 + 0.5·0.5)·factor
        assert!((found.impact - 0.2875 * 0.001 * 40.0_f64.sqrt()).abs() < 1e-12);
        assert!((found.timing - 0.0004).abs() < 1e-12);
        assert!((found.total - found.impact - 0.0004).abs() < 1e-12);
        assert!((found.confidence.depth - 1.0).abs() < 1e-12);
        assert!((found.confidence.freshness - (-1.0_f64).exp()).abs() < 1e-12);
        assert!((found.confidence.signal - 1.0 / 1.0016).abs() < 1e-12);
        let expected = (-1.0_f64).exp() / 1.0016;
        assert!((found.confidence.value() - expected).abs() < 1e-12);
    }

    #[test]
    fn the_walk_is_an_average_and_the_movement_is_charged_k_times() {
        let level = |price: &str| Level::new(price.parse().unwrap(), "100".parse().unwrap());
        let asks = [level("0.43"), level("0.40")];
        let model = SlippageModel { timing_k: 1.65, ..SlippageModel::default() };
        let found = model.estimate(&leg(Ladder::from_best_last(&asks), "150"));
        assert!((found.base - 0.01).abs() < 1e-12, "50 of 150 contracts cost three cents more");
        assert!((found.timing - 1.65 * 0.0004).abs() < 1e-12);
    }

    #[test]
    fn a_sale_slips_like_the_purchase_of_the_opposite_outcome() {
        let level =
            |price: &str, size: &str| Level::new(price.parse().unwrap(), size.parse().unwrap());
        // Bids at 0.60, 0.57 and far below: the last two are beyond the band.
        let bids = [
            level("0.30", "5000"),
            level("0.31", "5000"),
            level("0.56", "40"),
            level("0.57", "100"),
            level("0.60", "100"),
        ];
        let sale = Ladder::from_best_last(&bids);
        let found = SlippageModel::default().estimate(&leg(sale, "150"));
        assert!((found.base - 0.01).abs() < 1e-12, "50 of 150 contracts bring three cents less");
        assert!((found.depth_share - 150.0 / (0.8 * 240.0)).abs() < 1e-12);
        assert_eq!(found, SlippageModel::default().estimate(&leg(sale.mirror(), "150")));
    }

    #[test]
    fn impact_is_capped_and_an_empty_book_is_not_trusted() {
        let wild = LegLiquidity { volatility: 10.0, ..leg(Ladder::EMPTY, "20") };
        let found = SlippageModel::default().estimate(&wild);
        assert!((found.impact - 0.02).abs() < 1e-12, "two ticks");
        assert!(found.depth_share.is_infinite());
        assert_eq!(found.confidence.value(), 0.0);
        let nothing = SlippageModel::default().estimate(&leg(Ladder::EMPTY, "0"));
        assert_eq!((nothing.base, nothing.depth_share), (0.0, 0.0));
    }

    #[test]
    fn a_book_that_may_be_wrong_has_no_confidence() {
        let asks = [Level::new("0.40".parse().unwrap(), "100".parse().unwrap())];
        let wrong = LegLiquidity { continuous: false, ..leg(Ladder::from_best_last(&asks), "20") };
        assert_eq!(SlippageModel::default().estimate(&wrong).confidence.value(), 0.0);
        let broken = LegLiquidity { edge: f64::NAN, ..leg(Ladder::from_best_last(&asks), "20") };
        assert_eq!(SlippageModel::default().estimate(&broken).confidence.value(), 0.0);
    }
}

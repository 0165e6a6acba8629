//! How far a binary price moves in a short time, in dollars per √second.
//!
//! | model | says |
//! |---|---|
//! | [`EventBudget`] | what every binary price must spend until it settles at 0 or 1 |
//! | [`Ewma`] | what this one has been doing in the last minutes |
//! | [`Blended`] | the second as far as there is data, the first otherwise, never below a floor |
//!
//! Volatilities are `f64` estimates: they never touch a price, a size or a fee.

mod ewma;

use std::time::Duration;

pub use ewma::Ewma;

/// A volatility assumed where nothing at all is known: half a cent per √minute.
pub const UNKNOWN_VOLATILITY: f64 = 0.005 / 7.745_966_692_414_834;

/// An estimate of how far a binary price moves.
pub trait VolatilityModel {
    /// Dollars² per second at a price (0 to 1), with that much time left until it settles; `None` where the model has
    /// no answer.
    fn variance(&self, price: f64, remaining: Option<Duration>) -> Option<f64>;

    /// Dollars per √second; [`UNKNOWN_VOLATILITY`] where the model has no answer.
    fn volatility(&self, price: f64, remaining: Option<Duration>) -> f64 {
        self.variance(price, remaining)
            .filter(|variance| variance.is_finite() && *variance >= 0.0)
            .map_or(UNKNOWN_VOLATILITY, f64::sqrt)
    }
}

/// What every binary price must spend until it settles.
///
/// A price that is a martingale and ends at 0 or 1 has E∫dp² = p(1 − p), whatever happens in between; spread evenly
/// over the time left that is p(1 − p)/τ dollars² per second.
///
/// Worked: at $0.50 with three hours left √(0.25/10,800) = 0.48 cents per √second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EventBudget;

impl VolatilityModel for EventBudget {
    fn variance(&self, price: f64, remaining: Option<Duration>) -> Option<f64> {
        let seconds = remaining?.as_secs_f64().max(1.0);
        let spread = price.clamp(0.0, 1.0) * (1.0 - price.clamp(0.0, 1.0));
        spread.is_finite().then_some(spread / seconds)
    }
}

/// The recent movement and the budget, weighted by how much recent movement was seen, never below a floor.
///
/// variance = max(w · [`Ewma`] + (1 − w) · [`EventBudget`], floor), w = n/(n + 30) after n samples. The floor stands for
/// the movement a tick hides: (a quarter of the tick)² per minute.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Blended {
    /// The recent movement.
    pub recent: Ewma,
    /// The smallest step of the price, dollars.
    pub tick: f64,
}

impl Blended {
    /// A model that has seen nothing yet, for a market with that tick.
    #[must_use]
    pub fn new(tick: f64) -> Self {
        Self { recent: Ewma::default(), tick }
    }

    fn floor(&self) -> f64 {
        (self.tick / 4.0).powi(2) / 60.0
    }
}

impl VolatilityModel for Blended {
    fn variance(&self, price: f64, remaining: Option<Duration>) -> Option<f64> {
        let samples = f64::from(self.recent.samples());
        let weight = samples / (samples + 30.0);
        let budget = EventBudget.variance(price, remaining);
        let blended = match (self.recent.variance(price, remaining), budget) {
            (Some(recent), Some(budget)) => weight * recent + (1.0 - weight) * budget,
            (Some(recent), None) => {
                weight * recent + (1.0 - weight) * UNKNOWN_VOLATILITY * UNKNOWN_VOLATILITY
            }
            (None, Some(budget)) => budget,
            (None, None) => return None,
        };
        Some(blended.max(self.floor()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arb_normalize::Timestamp;

    fn seconds(at: i64) -> Timestamp {
        Timestamp::from_millis(1_000_000 + at * 1_000).unwrap()
    }

    #[test]
    fn the_budget_is_spent_evenly() {
        let at = |price, hours: u64| {
            EventBudget.volatility(price, Some(Duration::from_secs(hours * 3_600))) * 100.0
        };
        assert!((at(0.5, 3) - 0.481).abs() < 0.001);
        assert!((at(0.05, 3) - 0.210).abs() < 0.001);
        assert!((at(0.5, 24) - 0.170).abs() < 0.001);
        assert_eq!(EventBudget.variance(0.5, None), None);
        assert!((EventBudget.volatility(0.5, None) - UNKNOWN_VOLATILITY).abs() < 1e-18);
    }

    #[test]
    fn the_blend_starts_at_the_budget_and_moves_to_what_is_seen() {
        let hour = Some(Duration::from_secs(3_600));
        let mut model = Blended::new(0.01);
        let start = model.variance(0.5, hour).unwrap();
        assert!((start - 0.25 / 3_600.0).abs() < 1e-12);
        for step in 0..600 {
            let price = 0.5 + if step % 2 == 0 { 0.001 } else { -0.001 };
            model.recent.observe(seconds(step * 10), price);
        }
        let seen = 0.002_f64.powi(2) / 10.0;
        let later = model.variance(0.5, hour).unwrap();
        assert!(later < start / 10.0 && later > seen, "{later} lies between {seen} and {start}");
    }

    #[test]
    fn a_still_price_keeps_the_floor() {
        let mut model = Blended::new(0.01);
        for step in 0..10_000 {
            model.recent.observe(seconds(step * 10), 0.5);
        }
        let variance = model.variance(0.5, Some(Duration::from_secs(86_400_000))).unwrap();
        assert!((variance - 0.0025_f64.powi(2) / 60.0).abs() < 1e-12);
    }

    #[test]
    fn nonsense_yields_the_unknown_volatility() {
        let model = Blended::new(f64::NAN);
        assert!((model.volatility(f64::NAN, None) - UNKNOWN_VOLATILITY).abs() < 1e-18);
        let budget = EventBudget.volatility(f64::NAN, Some(Duration::ZERO));
        assert!((budget - UNKNOWN_VOLATILITY).abs() < 1e-18);
    }
}

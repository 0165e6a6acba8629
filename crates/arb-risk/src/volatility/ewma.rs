//! A time-aware moving average of squared price changes.

use std::time::Duration;

use arb_normalize::Timestamp;

use super::VolatilityModel;

/// A time-aware exponentially weighted average of squared price changes per second.
///
/// Prices are taken at least five seconds apart, because closer ones mostly show the bid and the ask in turn. Over a
/// gap of Δt the old average keeps the weight e^(−Δt/300 s).
///
/// ```
/// use arb_normalize::Timestamp;
/// use arb_risk::volatility::{Ewma, VolatilityModel};
/// let mut recent = Ewma::default();
/// recent.observe(Timestamp::from_millis(1_000).unwrap(), 0.50);
/// recent.observe(Timestamp::from_millis(11_000).unwrap(), 0.51);
/// let variance = recent.variance(0.51, None).unwrap();
/// assert!((variance - 0.01_f64.powi(2) / 10.0).abs() < 1e-15);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ewma {
    horizon: Duration,
    spacing: Duration,
    last: Option<(Timestamp, f64)>,
    variance: f64,
    samples: u32,
}

impl Default for Ewma {
    fn default() -> Self {
        Self::new(Duration::from_secs(300), Duration::from_secs(5))
    }
}

impl Ewma {
    /// An average over about `horizon`, of prices at least `spacing` apart.
    #[must_use]
    pub const fn new(horizon: Duration, spacing: Duration) -> Self {
        Self { horizon, spacing, last: None, variance: 0.0, samples: 0 }
    }

    /// Sees a price (a mid or a microprice, 0 to 1). Prices that come too early, lie back in time or are no number
    /// change nothing.
    pub fn observe(&mut self, at: Timestamp, price: f64) {
        if !price.is_finite() {
            return;
        }
        let Some((before, from)) = self.last else {
            self.last = Some((at, price));
            return;
        };
        let gap = at.since(before);
        if gap.is_zero() || gap < self.spacing {
            return;
        }
        let sample = (price - from).powi(2) / gap.as_secs_f64();
        let kept = (-gap.as_secs_f64() / self.horizon.as_secs_f64().max(1e-9)).exp();
        self.variance =
            if self.samples == 0 { sample } else { kept * self.variance + (1.0 - kept) * sample };
        self.samples = self.samples.saturating_add(1);
        self.last = Some((at, price));
    }

    /// How many changes were seen.
    #[must_use]
    pub const fn samples(&self) -> u32 {
        self.samples
    }
}

impl VolatilityModel for Ewma {
    fn variance(&self, _price: f64, _remaining: Option<Duration>) -> Option<f64> {
        (self.samples > 0).then_some(self.variance)
    }
}

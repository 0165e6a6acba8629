//! What a unit of gas will cost.

use std::time::Duration;

use arb_normalize::{Timestamp, Usd};
use time::OffsetDateTime;

use super::{GasBill, GasSample, gas_cost};
use crate::RiskError;

/// A forecast of the price of gas: moving average × factor of the hour × congestion.
///
/// | part | |
/// |---|---|
/// | average | exponential, old samples keep e^(−Δt/5 min) |
/// | factor of the hour h | (Σ of the samples of that hour + 20·mean)/((their number + 20)·mean), from ½ to 3, relative to the hours the average was made in |
/// | congestion | 90th percentile of the last blocks over their median, from 1 to 4; it widens the 95th percentile only |
///
/// ```
/// use arb_normalize::Timestamp;
/// use arb_risk::gas::{FixedGas, GasForecast, GasSource};
/// let mut forecast = GasForecast::default();
/// let now = Timestamp::from_millis(1_780_000_000_000).unwrap();
/// forecast.observe(now, &FixedGas::gwei(50, "0.20".parse()?).0)?;
/// let bill = forecast.bill(700_000, now).unwrap();
/// assert_eq!(bill.p50, "0.007".parse()?);
/// assert_eq!(bill.p95, "0.007".parse()?, "one block says nothing about congestion");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GasForecast {
    average: f64,
    /// The factor of the hour, averaged like the fees.
    average_hour: f64,
    congestion: f64,
    token_price: Usd,
    last: Option<Timestamp>,
    hours: [Hour; 24],
}

#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Hour {
    sum: f64,
    samples: f64,
}

impl GasForecast {
    const HORIZON: Duration = Duration::from_secs(300);
    const WEIGHT: f64 = 20.0;

    /// Sees the fees of recent blocks. A sample older than the last one changes nothing.
    ///
    /// # Errors
    /// When the sample has no block, or the token has no positive price.
    pub fn observe(&mut self, at: Timestamp, sample: &GasSample) -> Result<(), RiskError> {
        if sample.wei.is_empty() {
            return Err(RiskError::TooFewObservations { found: 0, needed: 1 });
        }
        if !sample.token_price.is_positive() {
            return Err(RiskError::Parameter {
                what: "token price",
                value: sample.token_price.to_string(),
                expected: "dollars above zero",
            });
        }
        if self.last.is_some_and(|last| at < last) {
            return Ok(());
        }
        let mut wei = sample.wei.clone();
        wei.sort_unstable();
        let median = wei[wei.len() / 2] as f64;
        let high = wei[(wei.len() * 9 / 10).min(wei.len() - 1)] as f64;
        let hour = hour_of(at);
        self.hours[hour].sum += median;
        self.hours[hour].samples += 1.0;
        let kept = match self.last {
            None => 0.0,
            Some(last) => (-at.since(last).as_secs_f64() / Self::HORIZON.as_secs_f64()).exp(),
        };
        self.average = kept * self.average + (1.0 - kept) * median;
        self.average_hour = kept * self.average_hour + (1.0 - kept) * self.hour_factor(hour);
        self.congestion = (high / median.max(1.0)).clamp(1.0, 4.0);
        self.token_price = sample.token_price;
        self.last = Some(at);
        Ok(())
    }

    /// Dollars for `units` of gas at an instant; `None` before the first sample.
    #[must_use]
    pub fn bill(&self, units: u64, at: Timestamp) -> Option<GasBill> {
        self.last?;
        let hour = self.hour_factor(hour_of(at)) / self.average_hour;
        let expected = self.average * hour;
        let cost = |wei: f64| gas_cost(units, wei.ceil() as u64, self.token_price);
        Some(GasBill { p50: cost(expected), p95: cost(expected * self.congestion) })
    }

    /// When fees were last seen; older than [`STALE_AFTER`](super::STALE_AFTER) they say little.
    #[must_use]
    pub const fn last(&self) -> Option<Timestamp> {
        self.last
    }

    fn hour_factor(&self, hour: usize) -> f64 {
        let all = self.hours.iter().fold(Hour::default(), |sum, hour| Hour {
            sum: sum.sum + hour.sum,
            samples: sum.samples + hour.samples,
        });
        if all.sum <= 0.0 {
            return 1.0;
        }
        let mean = all.sum / all.samples;
        let Hour { sum, samples } = self.hours[hour];
        ((sum + Self::WEIGHT * mean) / ((samples + Self::WEIGHT) * mean)).clamp(0.5, 3.0)
    }
}

fn hour_of(at: Timestamp) -> usize {
    usize::from(OffsetDateTime::from(at).hour())
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    fn sample(wei: &[u64]) -> GasSample {
        GasSample { at: None, wei: wei.to_vec(), token_price: Usd::DOLLAR }
    }

    fn at(hour: i64, minute: i64) -> Timestamp {
        let start = datetime!(2026-07-01 0:00 UTC);
        Timestamp::try_from(start + time::Duration::minutes(hour * 60 + minute)).unwrap()
    }

    #[test]
    fn the_average_follows_and_forgets() {
        let mut forecast = GasForecast::default();
        assert_eq!(forecast.bill(1, at(0, 0)), None);
        forecast.observe(at(0, 0), &sample(&[100_000_000_000])).unwrap();
        forecast.observe(at(0, 5), &sample(&[200_000_000_000])).unwrap();
        let bill = forecast.bill(1_000_000, at(0, 5)).unwrap();
        let expected = 0.1 * (-1.0_f64).exp() + 0.2 * (1.0 - (-1.0_f64).exp());
        assert!((bill.p50.to_f64_lossy() - expected).abs() < 0.001, "{bill:?}");
        forecast.observe(at(0, 4), &sample(&[900_000_000_000])).unwrap();
        assert_eq!(
            forecast.bill(1_000_000, at(0, 5)),
            Some(bill),
            "an older sample changes nothing"
        );
        assert_eq!(forecast.last(), Some(at(0, 5)));
    }

    #[test]
    fn a_dear_hour_is_forecast_dearer() {
        let mut forecast = GasForecast::default();
        for day in 0..10 {
            for hour in 0..24 {
                let gwei = if hour == 14 { 300 } else { 100 };
                forecast.observe(at(day * 24 + hour, 0), &sample(&[gwei * 1_000_000_000])).unwrap();
            }
        }
        let bill =
            |hour: i64| forecast.bill(1_000_000, at(240 + hour, 0)).unwrap().p50.to_f64_lossy();
        assert!(bill(14) > 1.4 * bill(13), "{} and {}", bill(14), bill(13));
        assert!(bill(14) < 3.0 * bill(13), "pulled towards the mean of all hours");
    }

    #[test]
    fn congestion_widens_the_upper_bound_only() {
        let mut forecast = GasForecast::default();
        let mut blocks = vec![100_000_000_000; 40];
        blocks.extend([250_000_000_000; 10]);
        forecast.observe(at(0, 0), &sample(&blocks)).unwrap();
        let bill = forecast.bill(1_000_000, at(0, 0)).unwrap();
        assert_eq!(bill.p50, "0.1".parse().unwrap());
        assert_eq!(bill.p95, "0.25".parse().unwrap());
    }

    #[test]
    fn nothing_to_go_by_is_refused() {
        let mut forecast = GasForecast::default();
        assert!(forecast.observe(at(0, 0), &sample(&[])).is_err());
        let free = GasSample { token_price: Usd::ZERO, ..sample(&[1]) };
        let error = forecast.observe(at(0, 0), &free).unwrap_err();
        assert_eq!(error.to_string(), "token price is 0, expected dollars above zero");
    }
}

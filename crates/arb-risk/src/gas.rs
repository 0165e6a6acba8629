//! What a transaction on Polygon costs.
//!
//! Polymarket's relayer pays for ordinary orders of the wallets it serves, so their gas is zero
//! ([`GasBill::relayed`]). Splitting, merging, converting and redeeming from one's own account cost
//! units × (base fee + tip) × price of the token.
//!
//! | | |
//! |---|---|
//! | [`GasSource`] | where fees come from: `arb-venues` asks a Polygon node (`eth_feeHistory`), [`FixedGas`] answers offline |
//! | [`GasForecast`] | what they will be: a moving average, times a factor for the hour of the day, times one for congestion |
//! | [`GasBill`] | dollars for a transaction, at the median and at the 95th percentile, in all and per contract |

mod forecast;

use std::time::Duration;

use arb_normalize::{Quantity, Timestamp, Usd};
use async_trait::async_trait;

pub use forecast::GasForecast;

/// The fees of recent blocks, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GasSample {
    /// When it was asked.
    pub at: Option<Timestamp>,
    /// Base fee plus a usual tip of each block, in wei per unit of gas.
    pub wei: Vec<u64>,
    /// Dollars per token (POL).
    pub token_price: Usd,
}

/// Why fees could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GasError {
    /// The node or the price source could not be reached, or answered too late.
    #[error("gas source {name} cannot be reached")]
    Unreachable {
        /// Which source.
        name: &'static str,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The answer could not be read.
    #[error("gas source {name} answered {answer:?}, which cannot be read")]
    Answer {
        /// Which source.
        name: &'static str,
        /// The answer, shortened.
        answer: String,
    },
}

impl GasError {
    /// Whether asking again may help.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }
}

/// Where the fees of recent blocks come from.
#[async_trait]
pub trait GasSource: Send + Sync {
    /// Reads the fees of recent blocks.
    ///
    /// # Errors
    /// When the source cannot be reached or its answer cannot be read.
    ///
    /// # Cancel safety
    /// Dropping the future before it is done changes nothing.
    async fn sample(&self) -> Result<GasSample, GasError>;
}

/// A source that always answers the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FixedGas(pub GasSample);

impl FixedGas {
    /// One fee in gwei (1e-9 tokens) per unit of gas.
    #[must_use]
    pub fn gwei(gwei: u32, token_price: Usd) -> Self {
        let wei = vec![u64::from(gwei) * 1_000_000_000];
        Self(GasSample { at: None, wei, token_price })
    }
}

#[async_trait]
impl GasSource for FixedGas {
    async fn sample(&self) -> Result<GasSample, GasError> {
        Ok(self.0.clone())
    }
}

/// Dollars for one transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GasBill {
    /// As likely above as below.
    pub p50: Usd,
    /// Above in one case of twenty.
    pub p95: Usd,
}

impl GasBill {
    /// Nothing: the relayer pays.
    pub const RELAYED: Self = Self { p50: Usd::ZERO, p95: Usd::ZERO };

    /// Nothing: the relayer pays.
    #[must_use]
    pub const fn relayed() -> Self {
        Self::RELAYED
    }

    /// The bill shared over that many contracts, rounded up to 1e-12 dollars; `None` over none.
    #[must_use]
    pub fn per_contract(self, quantity: Quantity) -> Option<Self> {
        let size = i128::from(quantity.micros());
        if size == 0 {
            return None;
        }
        let share = |bill: Usd| {
            let micro_pico = bill.pico().saturating_mul(1_000_000);
            Usd::from_pico(
                micro_pico.div_euclid(size) + i128::from(micro_pico.rem_euclid(size) != 0),
            )
        };
        Some(Self { p50: share(self.p50), p95: share(self.p95) })
    }
}

/// Dollars for `units` of gas at `wei` each (1e-18 tokens), rounded up to 1e-12 dollars.
///
/// Worked: a conversion of 700,000 units at 50 gwei is 0.035 tokens; at $0.20 a token that is $0.007.
///
/// ```
/// use arb_risk::gas::gas_cost;
/// assert_eq!(gas_cost(700_000, 50_000_000_000, "0.20".parse()?), "0.007".parse()?);
/// # Ok::<(), arb_normalize::ParseFixedError>(())
/// ```
#[must_use]
pub fn gas_cost(units: u64, wei: u64, token_price: Usd) -> Usd {
    const WEI_PER_TOKEN: u128 = 1_000_000_000_000_000_000;
    let Ok(price) = u128::try_from(token_price.pico()) else { return Usd::ZERO };
    let wei = u128::from(units) * u128::from(wei);
    // Tokens and wei apart, so that the product of a large bill and a large price stays exact.
    let (tokens, rest) = (wei / WEI_PER_TOKEN, wei % WEI_PER_TOKEN);
    let whole = tokens.saturating_mul(price);
    let part = rest.saturating_mul(price).div_ceil(WEI_PER_TOKEN);
    Usd::from_pico(i128::try_from(whole.saturating_add(part)).unwrap_or(i128::MAX))
}

/// How old a sample may be before a forecast made of it says nothing about now: five minutes.
pub const STALE_AFTER: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bills_are_rounded_up() {
        assert_eq!(gas_cost(1, 1, Usd::DOLLAR), Usd::from_pico(1));
        assert_eq!(gas_cost(0, 50, Usd::DOLLAR), Usd::ZERO);
        assert_eq!(gas_cost(u64::MAX, u64::MAX, -Usd::DOLLAR), Usd::ZERO);
        assert!(gas_cost(u64::MAX, u64::MAX, Usd::DOLLAR).is_positive());
        let bill = GasBill { p50: Usd::CENT, p95: Usd::DOLLAR };
        let share = bill.per_contract("3".parse().unwrap()).unwrap();
        assert_eq!(share.p50, "0.003333333334".parse().unwrap());
        assert_eq!(share.p95, "0.333333333334".parse().unwrap());
        assert_eq!(bill.per_contract(Quantity::ZERO), None);
        assert_eq!(GasBill::relayed().per_contract("3".parse().unwrap()), Some(GasBill::RELAYED));
    }

    #[test]
    fn only_an_unreachable_source_is_asked_again() {
        let answer = GasError::Answer { name: "node", answer: "{}".to_owned() };
        assert!(!answer.is_retryable());
        let unreachable = GasError::Unreachable { name: "node", source: "refused".into() };
        assert!(unreachable.is_retryable());
        assert_eq!(unreachable.to_string(), "gas source node cannot be reached");
    }
}

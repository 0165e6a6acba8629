//! Polymarket's taker fee.

use arb_normalize::{Price, Quantity, Usd};
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::kalshi::variance;
use super::{ExactFee, FeeModel, FeeRounding, QuadraticFee, Rate, Step, UnitFee};
use crate::RiskError;

/// The largest exponent accepted; at 8 the fee of a contract is below $0.00002 everywhere.
const MAX_EXPONENT: u8 = 8;

/// Polymarket's taker fee: shares · rate · (p(1 − p))^exponent over the whole order, rounded up to $0.00001.
///
/// Source: docs.polymarket.com/trading/fees. The rate and the exponent are the market's own (`feeSchedule` of Gamma,
/// `fd` of the CLOB); makers pay nothing. The direction of the rounding is undocumented, so the dearer is taken. The
/// fee comes on top of a buy and out of the proceeds of a sale.
///
/// Worked: 100 shares at $0.50 and rate 0.05 pay 100 · 0.05 · 0.25 = $1.25.
///
/// For an exponent above 1 the fee of one contract is exact while it has at most 20 decimals (every price on the
/// venue's tick grids), and rounded up there otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolymarketFees {
    rate: Rate,
    #[serde(
        default = "one",
        serialize_with = "write_exponent",
        deserialize_with = "read_exponent"
    )]
    exponent: u8,
}

const fn one() -> u8 {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the signature serde calls")]
fn write_exponent<S: Serializer>(exponent: &u8, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(exponent)
}

fn read_exponent<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
    Decimal::from_str_exact(&text)
        .map_err(|_| RiskError::Exponent { value: text.to_string() })
        .and_then(whole_exponent)
        .map_err(serde::de::Error::custom)
}

fn whole_exponent(value: Decimal) -> Result<u8, RiskError> {
    let refused = || RiskError::Exponent { value: value.to_string() };
    if !value.is_integer() {
        return Err(refused());
    }
    u8::try_from(value).ok().filter(|e| *e <= MAX_EXPONENT).ok_or_else(refused)
}

impl PolymarketFees {
    /// No fee, as in geopolitics.
    pub const FREE: Self = Self { rate: Rate::ZERO, exponent: 1 };

    /// A schedule with exponent 1, as all current ones are.
    #[must_use]
    pub const fn new(rate: Rate) -> Self {
        Self { rate, exponent: 1 }
    }

    /// A schedule as the venue publishes it.
    ///
    /// # Errors
    /// When the rate is outside [0, 1] or has more than 8 decimals, or the exponent is not a whole number from 0 to 8.
    pub fn from_schedule(rate: Decimal, exponent: Decimal) -> Result<Self, RiskError> {
        Ok(Self { rate: Rate::try_from(rate)?, exponent: whole_exponent(exponent)? })
    }

    /// The rate.
    #[must_use]
    pub const fn rate(self) -> Rate {
        self.rate
    }

    /// The exponent of p(1 − p).
    #[must_use]
    pub const fn exponent(self) -> u8 {
        self.exponent
    }
}

impl FeeModel for PolymarketFees {
    #[inline]
    fn unit_fee(&self, price: Price) -> UnitFee {
        const TRILLION: u128 = 1_000_000_000_000;
        if self.exponent == 1 {
            return UnitFee::quadratic(self.rate, price);
        }
        let rate = u128::from(self.rate.units());
        let variance = u128::from(variance(price));
        let units =
            (0..self.exponent).fold(rate * TRILLION, |fee, _| (fee * variance).div_ceil(TRILLION));
        UnitFee::from_units(units)
    }

    #[inline]
    fn level_fee(&self, unit: UnitFee, size: Quantity) -> ExactFee {
        unit.times(size)
    }

    #[inline]
    fn quadratic(&self) -> Option<QuadraticFee> {
        let rounding = FeeRounding::Fees(Step::TEN_MICROS);
        (self.exponent == 1).then_some(QuadraticFee { rate: self.rate, rounding })
    }

    #[inline]
    fn order_outlay(&self, cost: Usd, fees: ExactFee) -> Usd {
        cost + fees.ceil_to(Step::TEN_MICROS).to_usd_up()
    }
}

//! What a dollar at settlement is worth today.

use rust_decimal::Decimal;

use crate::RiskError;

/// What a dollar at settlement is worth today: D = 1/(1 + h · days/365), rounded down to 1e-9.
///
/// h is the simple yearly rate the capital could earn elsewhere. Simple, because a trade of days is not compounded.
///
/// Worked: 8 % for 30 days gives 1/(1 + 0.08 · 30/365) = 0.993467610.
///
/// ```
/// use arb_risk::size::Discount;
/// let month = Discount::simple("0.08".parse()?, "30".parse()?)?;
/// assert_eq!(month.billionths(), 993_467_610);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Discount(u32);

impl Discount {
    /// A dollar is a dollar.
    pub const NONE: Self = Self(1_000_000_000);

    /// So many billionths of a dollar, `None` above one dollar.
    #[must_use]
    pub const fn from_billionths(billionths: u32) -> Option<Self> {
        if billionths <= Self::NONE.0 { Some(Self(billionths)) } else { None }
    }

    /// The yearly rate (0.08 for 8 %) and the days until the money is back.
    ///
    /// # Errors
    /// When either is negative or their product leaves the range of a decimal.
    pub fn simple(yearly_rate: Decimal, days: Decimal) -> Result<Self, RiskError> {
        let refused = |what, value: Decimal| RiskError::Parameter {
            what,
            value: value.to_string(),
            expected: "a number from zero on, not absurdly large",
        };
        if yearly_rate.is_sign_negative() && !yearly_rate.is_zero() {
            return Err(refused("yearly rate", yearly_rate));
        }
        if days.is_sign_negative() && !days.is_zero() {
            return Err(refused("days to settlement", days));
        }
        // D = 365/(365 + h·days), one division and so one rounding.
        let year = Decimal::from(365);
        yearly_rate
            .checked_mul(days)
            .and_then(|carry| year.checked_add(carry))
            .and_then(|denominator| Decimal::from(365_000_000_000_u64).checked_div(denominator))
            .and_then(|billionths| u32::try_from(billionths.floor()).ok())
            .map(Self)
            .ok_or_else(|| refused("days to settlement", days))
    }

    /// Billionths of a dollar.
    #[must_use]
    pub const fn billionths(self) -> u32 {
        self.0
    }
}

impl Default for Discount {
    fn default() -> Self {
        Self::NONE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carry_rounds_down_and_never_gains() {
        let discount =
            |h: &str, days: &str| Discount::simple(h.parse().unwrap(), days.parse().unwrap());
        assert_eq!(discount("0", "400").unwrap(), Discount::NONE);
        assert_eq!(discount("0.08", "365").unwrap().billionths(), 925_925_925);
        assert!(discount("-0.01", "1").is_err());
        assert!(discount("0.01", "-1").is_err());
        assert_eq!(Discount::from_billionths(1_000_000_001), None);
    }
}

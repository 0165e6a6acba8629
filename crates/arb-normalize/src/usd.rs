//! Dollar amounts, exact to the product of a price and a quantity.

use crate::fixed::{self, ParseFixedError, fixed_point};
use crate::{Price, Quantity};

/// A dollar amount, negative or not, exact to $0.000000000001.
///
/// A price has 6 decimals and a quantity has 6, so their product has 12 and needs no rounding. Where a venue
/// rounds, [`Usd::ceil_to`] and [`Usd::floor_to`] say so by name.
///
/// | expression | yields |
/// |---|---|
/// | `Usd::cost(price, quantity)` | price × quantity, exact |
/// | `a + b`, `a - b`, `-a` | saturating at ±1.7e26 dollars, far beyond any book |
/// | `a.ceil_to(q)`, `a.floor_to(q)` | the next multiple of `q` up or down |
///
/// ```
/// use arb_normalize::{Price, Quantity, Usd};
/// let cost = Usd::cost("0.055".parse()?, "3".parse()?);
/// assert_eq!(cost, "0.165".parse()?);
/// assert_eq!(cost.ceil_to(Usd::CENT), "0.17".parse()?);
/// # Ok::<(), arb_normalize::ParseFixedError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Usd(i128);

impl Usd {
    /// Units in a dollar.
    pub const SCALE: i128 = 1_000_000_000_000;
    /// $0.
    pub const ZERO: Self = Self(0);
    /// $1.
    pub const DOLLAR: Self = Self(Self::SCALE);
    /// $0.01.
    pub const CENT: Self = Self(Self::SCALE / 100);

    /// So many units of $0.000000000001.
    #[must_use]
    pub const fn from_pico(pico: i128) -> Self {
        Self(pico)
    }

    /// So many millionths of a dollar.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros as i128 * (Self::SCALE / 1_000_000))
    }

    /// The amount in units of $0.000000000001.
    #[must_use]
    pub const fn pico(self) -> i128 {
        self.0
    }

    /// What `quantity` contracts cost at `price`, exactly.
    #[must_use]
    pub const fn cost(price: Price, quantity: Quantity) -> Self {
        Self(price.micros() as i128 * quantity.micros() as i128)
    }

    /// What `quantity` contracts pay when their outcome happens: $1 each.
    #[must_use]
    pub const fn payout(quantity: Quantity) -> Self {
        Self::cost(Price::ONE, quantity)
    }

    /// The smallest multiple of `quantum` that is not below the amount; the amount itself when `quantum` is not positive.
    #[must_use]
    pub const fn ceil_to(self, quantum: Self) -> Self {
        if quantum.0 <= 0 {
            return self;
        }
        let rest = self.0.rem_euclid(quantum.0);
        if rest == 0 { self } else { Self(self.0.saturating_add(quantum.0 - rest)) }
    }

    /// The largest multiple of `quantum` that is not above the amount; the amount itself when `quantum` is not positive.
    #[must_use]
    pub const fn floor_to(self, quantum: Self) -> Self {
        if quantum.0 <= 0 {
            return self;
        }
        Self(self.0.saturating_sub(self.0.rem_euclid(quantum.0)))
    }

    /// Whether the amount is above zero.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// The nearest `f64`, for estimates and display only.
    #[must_use]
    pub fn to_f64_lossy(self) -> f64 {
        self.0 as f64 / Self::SCALE as f64
    }

    /// Reads a decimal text such as `-1273.9866`.
    ///
    /// # Errors
    /// When the text is no plain decimal, has more than 12 non-zero decimals, or is too large.
    pub fn parse(text: &[u8]) -> Result<Self, ParseFixedError> {
        fixed::parse(text, 12).map(Self)
    }

    #[allow(clippy::unnecessary_wraps, reason = "the shape the conversion macro calls")]
    fn from_units(units: i128) -> Result<Self, ParseFixedError> {
        Ok(Self(units))
    }
}

fixed_point!(Usd, 12, "dollar amount");

impl std::ops::Add for Usd {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl std::ops::AddAssign for Usd {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl std::ops::Sub for Usd {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl std::ops::SubAssign for Usd {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl std::ops::Neg for Usd {
    type Output = Self;

    fn neg(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

impl std::iter::Sum for Usd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, |sum, amount| sum + amount)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_goes_up_and_down_to_multiples() {
        let amount: Usd = "-51.7512".parse().unwrap();
        assert_eq!(amount.floor_to(Usd::CENT), "-51.76".parse().unwrap());
        assert_eq!(amount.ceil_to(Usd::CENT), "-51.75".parse().unwrap());
        assert_eq!(Usd::CENT.ceil_to(Usd::CENT), Usd::CENT);
        assert_eq!(amount.ceil_to(Usd::ZERO), amount);
    }

    #[test]
    fn a_product_of_price_and_quantity_is_exact() {
        let cost = Usd::cost("0.123456".parse().unwrap(), "7.654321".parse().unwrap());
        assert_eq!(cost.to_string(), "0.944971853376");
    }
}

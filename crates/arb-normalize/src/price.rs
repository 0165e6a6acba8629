//! Dollars per contract, in [0, 1].

use crate::fixed::{self, ParseFixedError, fixed_point};

/// Dollars per contract, from 0 to 1, exact to $0.000001.
///
/// A contract pays at most $1, so a price of one outcome is one minus the price of the other:
///
/// | expression | yields |
/// |---|---|
/// | `price.complement()` | `1 - price` |
/// | `Usd::cost(price, quantity)` | price × quantity in dollars, exact |
///
/// ```
/// use arb_normalize::Price;
/// let bid: Price = "0.43".parse()?;
/// assert_eq!(bid.complement(), "0.57".parse()?);
/// # Ok::<(), arb_normalize::ParseFixedError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Price(u32);

impl Price {
    /// Units in a dollar.
    pub const SCALE: u32 = 1_000_000;
    /// $0.
    pub const ZERO: Self = Self(0);
    /// $1.
    pub const ONE: Self = Self(Self::SCALE);

    /// A price of so many millionths of a dollar, `None` above $1.
    #[must_use]
    pub const fn from_micros(micros: u32) -> Option<Self> {
        if micros <= Self::SCALE { Some(Self(micros)) } else { None }
    }

    /// A price in whole cents, `None` above 100.
    #[must_use]
    pub const fn from_cents(cents: u32) -> Option<Self> {
        if cents <= 100 { Some(Self(cents * 10_000)) } else { None }
    }

    /// The price in millionths of a dollar.
    #[must_use]
    pub const fn micros(self) -> u32 {
        self.0
    }

    /// Whether no order rests there: at $0 and at $1 one side would get something for nothing. Books leave such levels out.
    #[must_use]
    #[inline]
    pub const fn is_worthless(self) -> bool {
        self.0 == 0 || self.0 == Self::SCALE
    }

    /// What the opposite outcome costs when this one costs `self`: $1 − price.
    #[must_use]
    pub const fn complement(self) -> Self {
        Self(Self::SCALE - self.0)
    }

    /// Reads a decimal text such as `0.4300`.
    ///
    /// # Errors
    /// When the text is no plain decimal, has more than 6 non-zero decimals, or lies outside [0, 1].
    #[inline]
    pub fn parse(text: &[u8]) -> Result<Self, ParseFixedError> {
        if let Some(price) = fixed::parse_usual(text).and_then(Self::from_wide_micros) {
            return Ok(price);
        }
        fixed::parse(text, 6).and_then(Self::from_units)
    }

    #[inline]
    pub(crate) const fn from_wide_micros(micros: u64) -> Option<Self> {
        if micros <= Self::SCALE as u64 { Some(Self(micros as u32)) } else { None }
    }

    fn from_units(units: i128) -> Result<Self, ParseFixedError> {
        u32::try_from(units).ok().and_then(Self::from_micros).ok_or(ParseFixedError::OutOfRange)
    }
}

fixed_point!(Price, 6, "price");

#[cfg(test)]
mod tests {
    use super::*;
    use rust_decimal::Decimal;

    #[test]
    fn a_price_lies_between_zero_and_one_dollar() {
        assert_eq!("1.0000".parse(), Ok(Price::ONE));
        assert_eq!("1.000001".parse::<Price>(), Err(ParseFixedError::OutOfRange));
        assert_eq!("-0.01".parse::<Price>(), Err(ParseFixedError::OutOfRange));
    }

    #[test]
    fn decimal_and_text_round_trip() {
        let price: Price = "0.123456".parse().unwrap();
        assert_eq!(price.to_string(), "0.123456");
        assert_eq!(Price::try_from(Decimal::from(price)), Ok(price));
        assert_eq!(serde_json::to_string(&price).unwrap(), "\"0.123456\"");
        assert_eq!(serde_json::from_str::<Price>("\"0.5\"").unwrap().micros(), 500_000);
        assert_eq!(Price::try_from(Decimal::new(1, 7)), Err(ParseFixedError::TooPrecise(6)));
    }
}

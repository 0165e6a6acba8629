//! Numbers of contracts: a quantity, and a signed change of one.

use crate::fixed::{self, ParseFixedError, fixed_point};

/// A number of contracts (Kalshi) or shares (Polymarket), never negative, exact to 0.000001.
///
/// One contract and one share both pay $1 when their outcome happens, so the two count alike.
/// Arithmetic is checked or saturating by name, never wrapping.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Quantity(u64);

impl Quantity {
    /// Units in one contract.
    pub const SCALE: u64 = 1_000_000;
    /// No contract.
    pub const ZERO: Self = Self(0);
    /// The largest quantity, about 9.2e12 contracts.
    pub const MAX: Self = Self(i64::MAX as u64);

    /// So many millionths of a contract, `None` above [`Quantity::MAX`].
    #[must_use]
    pub const fn from_micros(micros: u64) -> Option<Self> {
        if micros <= Self::MAX.0 { Some(Self(micros)) } else { None }
    }

    /// So many whole contracts, `None` above [`Quantity::MAX`].
    #[must_use]
    pub const fn from_contracts(contracts: u64) -> Option<Self> {
        match contracts.checked_mul(Self::SCALE) {
            Some(micros) => Self::from_micros(micros),
            None => None,
        }
    }

    /// The quantity in millionths of a contract.
    #[must_use]
    pub const fn micros(self) -> u64 {
        self.0
    }

    /// Whole contracts, the fraction dropped.
    #[must_use]
    pub const fn whole_contracts(self) -> u64 {
        self.0 / Self::SCALE
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum, at most [`Quantity::MAX`].
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        let sum = self.0.saturating_add(other.0);
        if sum > Self::MAX.0 { Self::MAX } else { Self(sum) }
    }

    /// The difference, at least zero.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// The quantity after `change`, `None` when it would be negative or too large.
    #[must_use]
    pub const fn checked_change(self, change: QuantityChange) -> Option<Self> {
        match self.0.checked_add_signed(change.0) {
            Some(micros) => Self::from_micros(micros),
            None => None,
        }
    }

    /// Reads a decimal text such as `300.50`.
    ///
    /// # Errors
    /// When the text is no plain decimal, is negative, has more than 6 non-zero decimals, or is too large.
    #[inline]
    pub fn parse(text: &[u8]) -> Result<Self, ParseFixedError> {
        if let Some(size) = fixed::parse_usual(text).and_then(Self::from_micros) {
            return Ok(size);
        }
        fixed::parse(text, 6).and_then(Self::from_units)
    }

    fn from_units(units: i128) -> Result<Self, ParseFixedError> {
        u64::try_from(units).ok().and_then(Self::from_micros).ok_or(ParseFixedError::OutOfRange)
    }
}

fixed_point!(Quantity, 6, "quantity");

/// A signed change of a [`Quantity`], as Kalshi's order-book deltas carry it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct QuantityChange(i64);

impl QuantityChange {
    /// So many millionths of a contract more (or fewer, when negative).
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// The change in millionths of a contract.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Reads a decimal text such as `-25.00`.
    ///
    /// # Errors
    /// When the text is no plain decimal, has more than 6 non-zero decimals, or is too large.
    #[inline]
    pub fn parse(text: &[u8]) -> Result<Self, ParseFixedError> {
        let (negative, digits) = match text {
            [b'-', digits @ ..] => (true, digits),
            _ => (false, text),
        };
        if let Some(change) =
            fixed::parse_usual(digits).and_then(|micros| i64::try_from(micros).ok())
        {
            return Ok(Self(if negative { -change } else { change }));
        }
        fixed::parse(text, 6).and_then(Self::from_units)
    }

    fn from_units(units: i128) -> Result<Self, ParseFixedError> {
        i64::try_from(units).map(Self).map_err(|_| ParseFixedError::OutOfRange)
    }
}

fixed_point!(QuantityChange, 6, "quantity change");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_never_makes_a_quantity_negative() {
        let size: Quantity = "75.00".parse().unwrap();
        assert_eq!(size.checked_change("-25.00".parse().unwrap()), "50".parse().ok());
        assert_eq!(size.checked_change("-75.01".parse().unwrap()), None);
    }

    #[test]
    fn the_largest_quantity_saturates() {
        assert_eq!(Quantity::MAX.saturating_add(Quantity::MAX), Quantity::MAX);
        assert_eq!(Quantity::from_contracts(u64::MAX), None);
        assert_eq!(Quantity::MAX.checked_change(QuantityChange::from_micros(1)), None);
    }
}

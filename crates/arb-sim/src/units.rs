//! Exact prices, quantities and dollars: integers with a fixed scale, nothing rounds by itself.

use std::fmt;

/// Ten-thousandths in one dollar, the finest price either venue quotes.
pub(crate) const DOLLAR: i64 = 10_000;
/// Millionths in one contract.
pub(crate) const CONTRACT: i64 = 1_000_000;

/// A price in ten-thousandths of a dollar per contract (0 to 10,000).
///
/// ```
/// let price = arb_sim::Price::from_ten_thousandths(4_250);
/// assert_eq!(price.to_string(), "0.425");
/// assert_eq!(price.complement().to_string(), "0.575");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Price(pub(crate) i64);

impl Price {
    /// A price of `value` ten-thousandths of a dollar.
    #[must_use]
    pub const fn from_ten_thousandths(value: i64) -> Self {
        Self(value)
    }

    /// The price in ten-thousandths of a dollar.
    #[must_use]
    pub const fn ten_thousandths(self) -> i64 {
        self.0
    }

    /// One dollar minus this price: the same order seen from the other outcome.
    #[must_use]
    pub const fn complement(self) -> Self {
        Self(DOLLAR - self.0)
    }

    /// Always four decimals, as Kalshi writes it.
    pub(crate) fn kalshi(self) -> String {
        format!("{}.{:04}", self.0 / DOLLAR, self.0 % DOLLAR)
    }
}

impl fmt::Display for Price {
    /// As few decimals as hold the value, as Polymarket writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&trimmed(self.0, DOLLAR, 4))
    }
}

/// A number of contracts or shares, in millionths.
///
/// ```
/// assert_eq!(arb_sim::Quantity::from_millionths(75_250_000).to_string(), "75.25");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Quantity(pub(crate) i64);

impl Quantity {
    /// A quantity of `value` millionths of a contract.
    #[must_use]
    pub const fn from_millionths(value: i64) -> Self {
        Self(value)
    }

    /// A quantity of whole contracts.
    #[must_use]
    pub const fn contracts(value: i64) -> Self {
        Self(value * CONTRACT)
    }

    /// The quantity in millionths.
    #[must_use]
    pub const fn millionths(self) -> i64 {
        self.0
    }

    /// Always two decimals, as Kalshi writes it; a signed change keeps its sign.
    pub(crate) fn kalshi(self) -> String {
        let sign = if self.0 < 0 { "-" } else { "" };
        let hundredths = self.0.abs() / (CONTRACT / 100);
        format!("{sign}{}.{:02}", hundredths / 100, hundredths % 100)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&trimmed(self.0, CONTRACT, 6))
    }
}

/// An amount of money, exact for any price and size: in units of 1e-10 dollars.
///
/// ```
/// assert_eq!(arb_sim::Dollars::from_millionths(-1_500_000).to_string(), "-1.5");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Dollars(pub(crate) i64);

impl Dollars {
    /// Units of a dollar: a price's (1e-4) times a size's (1e-6).
    pub(crate) const UNITS: i64 = 10_000_000_000;

    /// An amount of `value` millionths of a dollar; stops at 922 million dollars.
    #[must_use]
    pub const fn from_millionths(value: i64) -> Self {
        Self(value.saturating_mul(Self::UNITS / 1_000_000))
    }
}

impl fmt::Display for Dollars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&trimmed(self.0, Self::UNITS, 10))
    }
}

fn trimmed(value: i64, scale: i64, decimals: usize) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let (whole, part) = (value.abs() / scale, value.abs() % scale);
    if part == 0 {
        return format!("{sign}{whole}");
    }
    let digits = format!("{part:0decimals$}");
    format!("{sign}{whole}.{}", digits.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_venue_writes_numbers_its_own_way() {
        assert_eq!(Price(100).kalshi(), "0.0100");
        assert_eq!(Price(10_000).kalshi(), "1.0000");
        assert_eq!(Price(100).to_string(), "0.01");
        assert_eq!(Price(5).to_string(), "0.0005");
        assert_eq!(Price(0).to_string(), "0");
        assert_eq!(Quantity(-25_000_000).kalshi(), "-25.00");
        assert_eq!(Quantity(300_500_000).kalshi(), "300.50");
        assert_eq!(Quantity(-10_000).kalshi(), "-0.01");
        assert_eq!(Quantity(820_500_000).to_string(), "820.5");
        assert_eq!(Quantity::contracts(15_000).to_string(), "15000");
    }
}

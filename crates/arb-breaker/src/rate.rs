//! A share between 0 and 100 %, exact.

use std::fmt;

/// A share of calls, held in millionths so that comparisons are exact.
///
/// ```
/// use arb_breaker::Rate;
/// assert_eq!(Rate::percent(50), Rate::per_million(500_000));
/// assert_eq!(Rate::per_million(12_500).to_string(), "1.25%");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct Rate(u32);

impl Rate {
    /// Nothing at all.
    pub const ZERO: Self = Self(0);

    /// Whole percent. More than 100 is kept and refused when a breaker is built with it.
    #[must_use]
    pub const fn percent(percent: u32) -> Self {
        Self(percent.saturating_mul(10_000))
    }

    /// Millionths. More than 1,000,000 is kept and refused when a breaker is built with it.
    #[must_use]
    pub const fn per_million(millionths: u32) -> Self {
        Self(millionths)
    }

    /// The share in millionths.
    #[must_use]
    pub const fn as_per_million(self) -> u32 {
        self.0
    }

    /// Whether `part` of `whole` is at least this share.
    pub(crate) const fn is_reached(self, part: u64, whole: u64) -> bool {
        part as u128 * 1_000_000 >= whole as u128 * self.0 as u128
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 10_000, self.0 % 10_000);
        if rest == 0 {
            return write!(f, "{whole}%");
        }
        let digits = format!("{rest:04}");
        write!(f, "{whole}.{}%", digits.trim_end_matches('0'))
    }
}

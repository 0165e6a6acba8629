//! Small exact numbers of fee schedules.

use rust_decimal::Decimal;

use crate::RiskError;

/// `value` in units of `10^-decimals`, when it is exactly that and lies in `min..=max` units.
fn units(value: Decimal, decimals: u32, min: u32, max: u32) -> Option<u32> {
    let value = value.normalize();
    let missing = decimals.checked_sub(value.scale())?;
    let units = value.mantissa().checked_mul(10_i128.checked_pow(missing)?)?;
    let units = u32::try_from(units).ok()?;
    (min..=max).contains(&units).then_some(units)
}

macro_rules! small_decimal {
    ($name:ident, $decimals:literal, $min:expr, $max:expr, $what:literal, $min_text:literal, $max_text:literal) => {
        impl TryFrom<Decimal> for $name {
            type Error = RiskError;

            fn try_from(value: Decimal) -> Result<Self, RiskError> {
                units(value, $decimals, $min, $max)
                    .map(Self)
                    .ok_or_else(|| Self::refused(&value.to_string()))
            }
        }

        impl $name {
            fn refused(value: &str) -> RiskError {
                RiskError::Number {
                    what: $what,
                    value: value.to_owned(),
                    min: $min_text,
                    max: $max_text,
                    decimals: $decimals,
                }
            }
        }

        impl From<$name> for Decimal {
            fn from(value: $name) -> Self {
                Decimal::new(i64::from(value.0), $decimals).normalize()
            }
        }

        impl std::str::FromStr for $name {
            type Err = RiskError;

            fn from_str(text: &str) -> Result<Self, RiskError> {
                Decimal::from_str_exact(text)
                    .map_err(|_| Self::refused(text))
                    .and_then(Self::try_from)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                Decimal::from(*self).fmt(f)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({})", stringify!($name), self)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

/// A fee rate: a fraction from 0 to 1, exact to 0.00000001.
///
/// Below 1 the price plus the fee of a contract rises with the price, which the sizer relies on:
/// d/dp (p + r·p(1 − p)) = 1 + r(1 − 2p) ≥ 1 − r.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Rate(u32);

impl Rate {
    /// No fee.
    pub const ZERO: Self = Self(0);

    /// A rate of so many units of 0.00000001, `None` above 1.
    #[must_use]
    pub const fn from_units(units: u32) -> Option<Self> {
        if units <= 100_000_000 { Some(Self(units)) } else { None }
    }

    /// The rate in units of 0.00000001.
    #[must_use]
    pub const fn units(self) -> u32 {
        self.0
    }
}

small_decimal!(Rate, 8, 0, 100_000_000, "fee rate", "0", "1");

/// Kalshi's fee multiplier of a series or event: from 0 to 14, exact to 0.0001. One as a rule.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Multiplier(u32);

impl Multiplier {
    /// No fee.
    pub const ZERO: Self = Self(0);
    /// Half of the fee, as in some sports and index series.
    pub const HALF: Self = Self(5_000);
    /// The ordinary multiplier.
    pub const ONE: Self = Self(10_000);
    /// Twice the fee.
    pub const TWO: Self = Self(20_000);

    /// The multiplier in units of 0.0001.
    #[must_use]
    pub const fn units(self) -> u32 {
        self.0
    }
}

impl Default for Multiplier {
    fn default() -> Self {
        Self::ONE
    }
}

small_decimal!(Multiplier, 4, 0, 140_000, "fee multiplier", "0", "14");

/// What a venue rounds to: from $0.000001 to $1, exact to $0.000001.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Step(u32);

impl Step {
    /// $0.000001.
    pub const MICRO: Self = Self(1);
    /// $0.00001.
    pub const TEN_MICROS: Self = Self(10);
    /// $0.0001.
    pub const CENTICENT: Self = Self(100);
    /// $0.01.
    pub const CENT: Self = Self(10_000);

    /// The step in millionths of a dollar, never zero.
    #[must_use]
    pub const fn micros(self) -> u32 {
        self.0
    }

    /// The step as a dollar amount.
    #[must_use]
    pub const fn usd(self) -> arb_normalize::Usd {
        arb_normalize::Usd::from_micros(self.0 as i64)
    }
}

small_decimal!(Step, 6, 1, 1_000_000, "rounding step", "0.000001", "1");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_held_exactly_or_refused() {
        assert_eq!("0.07".parse::<Rate>().unwrap().units(), 7_000_000);
        assert_eq!("0.5".parse::<Multiplier>().unwrap().units(), 5_000);
        assert_eq!("0.0001".parse::<Step>().unwrap(), Step::CENTICENT);
        for refused in ["1.1", "-0.1", "0.000000001", "nan", "", "1e-2"] {
            assert!(refused.parse::<Rate>().is_err(), "{refused:?}");
        }
        assert!("0".parse::<Step>().is_err());
        assert!("0.00001".parse::<Multiplier>().is_err());
        assert!(
            "15".parse::<Multiplier>()
                .unwrap_err()
                .to_string()
                .contains("fee multiplier \"15\" is not a plain decimal from 0 to 14")
        );
    }

    #[test]
    fn text_and_numbers_round_trip() {
        for text in ["0", "0.07", "1", "0.00000001"] {
            let rate: Rate = serde_json::from_str(&format!("{text:?}")).unwrap();
            assert_eq!(serde_json::to_string(&rate).unwrap(), format!("{text:?}"));
        }
        assert!(serde_json::from_str::<Rate>("0.07").is_err(), "a float is not an exact rate");
    }
}

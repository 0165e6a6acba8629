//! Decimal text to scaled integers, exactly or not at all.

use thiserror::Error;

/// Why a decimal text is not a price, quantity or amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ParseFixedError {
    /// Nothing, a sign alone, or a character that is no part of a plain decimal (exponents are not accepted).
    #[error("not a plain decimal number")]
    Syntax,
    /// More non-zero decimals than the type holds; nothing is ever rounded in silence.
    #[error("more than {0} decimals")]
    TooPrecise(u8),
    /// Outside the range of the type.
    #[error("outside the allowed range")]
    OutOfRange,
}

/// `POWERS[n]` is 10^n.
pub(crate) const POWERS: [u64; 7] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000];

/// Reads the usual texts fast: digits with at most one point, 6 decimals and 13 characters. `None` is not a refusal: what
/// it does not read, [`parse`] does.
#[inline]
pub(crate) fn parse_usual(text: &[u8]) -> Option<u64> {
    // 13 digits times 10^6 fit 64 bits.
    if text.len() > 13 {
        return None;
    }
    let (mut value, mut point) = (0_u64, None);
    for (index, byte) in text.iter().enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit <= 9 {
            value = value * 10 + u64::from(digit);
        } else if *byte == b'.' && point.is_none() {
            point = Some(index);
        } else {
            return None;
        }
    }
    let decimals = point.map_or(0, |point| text.len() - point - 1);
    if text.len() == usize::from(point.is_some()) {
        return None;
    }
    Some(value * POWERS.get(6_usize.checked_sub(decimals)?)?)
}

/// Reads a plain decimal (`-0.25`, `12`, `.5`, `1.`) as an integer of `10^-decimals` units.
///
/// Trailing zeros beyond `decimals` are accepted, other digits there are refused.
pub(crate) fn parse(text: &[u8], decimals: u8) -> Result<i128, ParseFixedError> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let mut value: i128 = 0;
    let mut seen = false;
    let mut fraction: Option<u8> = None;
    for &byte in digits {
        match byte {
            b'0'..=b'9' => {
                seen = true;
                let digit = i128::from(byte - b'0');
                if let Some(used) = fraction {
                    if used == decimals {
                        if digit != 0 {
                            return Err(ParseFixedError::TooPrecise(decimals));
                        }
                        continue;
                    }
                    fraction = Some(used + 1);
                }
                value = value
                    .checked_mul(10)
                    .and_then(|v| v.checked_add(digit))
                    .ok_or(ParseFixedError::OutOfRange)?;
            }
            b'.' if fraction.is_none() => fraction = Some(0),
            _ => return Err(ParseFixedError::Syntax),
        }
    }
    if !seen {
        return Err(ParseFixedError::Syntax);
    }
    for _ in fraction.unwrap_or(0)..decimals {
        value = value.checked_mul(10).ok_or(ParseFixedError::OutOfRange)?;
    }
    Ok(if negative { -value } else { value })
}

/// Room for the text of any `i128`: a sign, 39 digits and a point.
pub(crate) const TEXT_LEN: usize = 41;

/// `value` units of `10^-decimals`, at most 18 of them, as text without trailing zeros, in `text`. Amounts are written by the
/// dozen into every stored opportunity, hence without `format!` and, for what fits 64 bits, without a division of 128.
pub(crate) fn text(value: i128, decimals: u32, text: &mut [u8; TEXT_LEN]) -> &str {
    const CHUNK: u128 = 10_u128.pow(18);
    let magnitude = value.unsigned_abs();
    let mut first = if let Ok(magnitude) = u64::try_from(magnitude) {
        let scale = 10_u64.pow(decimals);
        let point = write_fraction(magnitude % scale, decimals, text);
        write_digits(magnitude / scale, 1, &mut text[..point])
    } else {
        let scale = 10_u128.pow(decimals);
        let mut first = write_fraction((magnitude % scale) as u64, decimals, text);
        let mut whole = magnitude / scale;
        while whole >= CHUNK {
            first = write_digits((whole % CHUNK) as u64, 18, &mut text[..first]);
            whole /= CHUNK;
        }
        write_digits(whole as u64, 1, &mut text[..first])
    };
    if value < 0 {
        first -= 1;
        text[first] = b'-';
    }
    // Nothing but digits, a point and a sign is in it.
    std::str::from_utf8(&text[first..]).unwrap_or_default()
}

/// Puts the point and the decimals of a number at the end of `text`, nothing for a whole one, and says where they begin.
fn write_fraction(mut fraction: u64, mut decimals: u32, text: &mut [u8]) -> usize {
    if fraction == 0 {
        return text.len();
    }
    if decimals == 12 && fraction.is_multiple_of(1_000_000) {
        // Most amounts are whole micro-dollars.
        fraction /= 1_000_000;
        decimals = 6;
    }
    while fraction.is_multiple_of(10) {
        fraction /= 10;
        decimals -= 1;
    }
    let first = write_digits(fraction, decimals as usize, text) - 1;
    text[first] = b'.';
    first
}

/// Puts the digits of `value`, and zeros before them up to `at_least`, at the end of `text` and says where they begin.
fn write_digits(mut value: u64, at_least: usize, text: &mut [u8]) -> usize {
    let mut first = text.len();
    let fixed = first - at_least;
    while value != 0 || first > fixed {
        first -= 1;
        text[first] = b'0' + (value % 10) as u8;
        value /= 10;
    }
    first
}

/// Writes `value` units of `10^-decimals` without trailing zeros.
pub(crate) fn write(
    f: &mut std::fmt::Formatter<'_>,
    value: i128,
    decimals: u32,
) -> std::fmt::Result {
    let mut room = [0; TEXT_LEN];
    let text = text(value, decimals, &mut room);
    f.pad_integral(value >= 0, "", text.strip_prefix('-').unwrap_or(text))
}

/// Serde, `Display`, `FromStr` and `Decimal` for a newtype over an integer of `10^-DECIMALS` units.
macro_rules! fixed_point {
    ($name:ident, $decimals:literal, $what:literal) => {
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                crate::fixed::write(f, i128::from(self.0), $decimals)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({})", stringify!($name), self)
            }
        }

        impl std::str::FromStr for $name {
            type Err = crate::fixed::ParseFixedError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text.as_bytes())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut room = [0; crate::fixed::TEXT_LEN];
                serializer.serialize_str(crate::fixed::text(
                    i128::from(self.0),
                    $decimals,
                    &mut room,
                ))
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;
                impl serde::de::Visitor<'_> for Text {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str(concat!($what, " as a decimal string"))
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        text.parse().map_err(|error| {
                            E::custom(format_args!(concat!($what, " {:?}: {}"), text, error))
                        })
                    }
                }
                deserializer.deserialize_str(Text)
            }
        }

        impl From<$name> for rust_decimal::Decimal {
            fn from(value: $name) -> Self {
                rust_decimal::Decimal::from_i128_with_scale(i128::from(value.0), $decimals)
                    .normalize()
            }
        }

        impl TryFrom<rust_decimal::Decimal> for $name {
            type Error = crate::fixed::ParseFixedError;

            fn try_from(value: rust_decimal::Decimal) -> Result<Self, Self::Error> {
                let value = value.normalize();
                let missing = u32::from($decimals as u8)
                    .checked_sub(value.scale())
                    .ok_or(crate::fixed::ParseFixedError::TooPrecise($decimals))?;
                value
                    .mantissa()
                    .checked_mul(10_i128.pow(missing))
                    .ok_or(crate::fixed::ParseFixedError::OutOfRange)
                    .and_then(Self::from_units)
            }
        }
    };
}

pub(crate) use fixed_point;

#[cfg(test)]
mod tests {
    use proptest::strategy::Strategy;

    use super::*;

    #[test]
    fn reads_plain_decimals_exactly() {
        for (text, units) in [
            ("0.5", 500_000),
            (".5", 500_000),
            ("1.", 1_000_000),
            ("-0.25", -250_000),
            ("12", 12_000_000),
            ("0.1000000000", 100_000),
        ] {
            assert_eq!(parse(text.as_bytes(), 6), Ok(units), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn the_fast_way_reads_what_the_slow_one_reads(text in "-?[0-9]{0,9}[.]?[0-9]{0,8}[.x]?") {
            if let Some(units) = parse_usual(text.as_bytes()) {
                proptest::prop_assert_eq!(parse(text.as_bytes(), 6), Ok(i128::from(units)));
            }
        }
    }

    /// By the formatting of the standard library.
    fn plain_text(value: i128, decimals: u32) -> String {
        let scale = 10_u128.pow(decimals);
        let (whole, fraction) = (value.unsigned_abs() / scale, value.unsigned_abs() % scale);
        let sign = if value < 0 { "-" } else { "" };
        let text = format!("{sign}{whole}.{fraction:0width$}", width = decimals as usize);
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_is_the_number(
            value in proptest::prop_oneof![
                proptest::prelude::any::<i128>(),
                -2_000_000_i128..2_000_000,
                (-3_i128..4, 0_u32..39).prop_map(|(near, power)| 10_i128.pow(power.min(38)).saturating_add(near)),
                (-3_i128..4).prop_map(|near| i128::from(u64::MAX) + near),
                proptest::strategy::Just(i128::MIN),
            ],
            decimals in proptest::prop_oneof![proptest::strategy::Just(6_u32), proptest::strategy::Just(12)],
        ) {
            let mut room = [0; TEXT_LEN];
            proptest::prop_assert_eq!(text(value, decimals, &mut room), plain_text(value, decimals));
        }
    }

    #[test]
    fn a_width_a_sign_and_zeros_are_obeyed() {
        let dollars = crate::Usd::from_micros(-1_250_000);
        assert_eq!(format!("{dollars:>8}|{dollars:<8}|{dollars:08}"), "   -1.25|-1.25   |-0001.25");
        assert_eq!(
            format!("{:+}|{:>6}", crate::Usd::from_micros(500_000), crate::Usd::ZERO),
            "+0.5|     0"
        );
    }

    #[test]
    fn refuses_what_it_cannot_hold() {
        assert_eq!(parse(b"0.1234567", 6), Err(ParseFixedError::TooPrecise(6)));
        for text in ["", "-", ".", "1e3", "0x1", "1.2.3", " 1", "NaN"] {
            assert_eq!(parse(text.as_bytes(), 6), Err(ParseFixedError::Syntax), "{text:?}");
        }
        assert_eq!(parse("9".repeat(60).as_bytes(), 6), Err(ParseFixedError::OutOfRange));
    }
}

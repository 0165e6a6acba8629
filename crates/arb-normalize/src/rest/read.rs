//! The value forms that REST bodies mix: decimals as strings or numbers, lists inside strings, times of several kinds.

use rust_decimal::Decimal;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::market::TickRange;
use crate::{DecodeError, Price, Quantity, Usd, Venue};

/// Reads a body or an item of one.
pub(super) fn json<'a, T: Deserialize<'a>>(
    venue: Venue,
    what: &'static str,
    body: &'a [u8],
) -> Result<T, DecodeError> {
    serde_json::from_slice(body).map_err(|error| refused(venue, what, error))
}

pub(super) fn refused(
    venue: Venue,
    what: &'static str,
    reason: impl std::fmt::Display,
) -> DecodeError {
    DecodeError::Body { venue, body: what, reason: reason.to_string() }
}

/// A decimal, written as a string or as a number; its digits are taken as they stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Number(pub Decimal);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw: &RawValue = Deserialize::deserialize(deserializer)?;
        let text = raw.get().trim_matches('"');
        let number = if text.contains(['e', 'E']) {
            Decimal::from_scientific(text)
        } else {
            // More digits than fit are rounded: such numbers (volumes) are informative only.
            text.parse()
        };
        number.map(Self).map_err(|error| {
            serde::de::Error::custom(format_args!(
                "{:.64} is no decimal number: {error}",
                raw.get()
            ))
        })
    }
}

impl Number {
    pub(super) fn price(self) -> Option<Price> {
        Price::try_from(self.0).ok()
    }

    pub(super) fn quantity(self) -> Option<Quantity> {
        Quantity::try_from(self.0).ok()
    }

    /// The amount in dollars, rounded to what [`Usd`] holds.
    pub(super) fn usd(self) -> Option<Usd> {
        Usd::try_from(self.0.round_dp(12)).ok()
    }
}

/// Reads a number where there may be an empty text instead.
pub(super) fn number_or_none<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Number>, D::Error> {
    let raw: Option<&RawValue> = Option::deserialize(deserializer)?;
    match raw.map(RawValue::get) {
        None | Some("\"\"" | "null") => Ok(None),
        Some(text) => serde_json::from_str(text).map(Some).map_err(serde::de::Error::custom),
    }
}

/// Reads a list, either as one or as JSON inside a string (Gamma); an empty text is an empty list.
pub(super) fn list<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let raw: Option<&RawValue> = Option::deserialize(deserializer)?;
    let Some(raw) = raw else { return Ok(Vec::new()) };
    let text = raw.get();
    let inner: String;
    let text = if text.starts_with('"') {
        inner = serde_json::from_str(text).map_err(serde::de::Error::custom)?;
        inner.as_str()
    } else {
        text
    };
    if text.is_empty() || text == "null" {
        return Ok(Vec::new());
    }
    serde_json::from_str(text).map_err(serde::de::Error::custom)
}

/// Reads a time: RFC 3339, or Gamma's `2026-01-21 01:00:00+00`, or a date alone. Empty texts and the year 1, which
/// stands for "not set", are none.
pub(super) fn time<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<OffsetDateTime>, D::Error> {
    let text: Option<String> = Option::deserialize(deserializer)?;
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let mut rfc3339 = text.replacen(' ', "T", 1);
    if rfc3339.len() == 10 {
        rfc3339.push_str("T00:00:00Z");
    } else if let Some(sign) = rfc3339.rfind(['+', '-']).filter(|at| at + 3 == rfc3339.len()) {
        debug_assert!(sign > 10);
        rfc3339.push_str(":00");
    }
    let at = OffsetDateTime::parse(&rfc3339, &Rfc3339).map_err(|error| {
        serde::de::Error::custom(format_args!("{text:.64?} is no time: {error}"))
    })?;
    Ok((at.year() > 1).then_some(at))
}

/// A text, none when empty.
pub(super) fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// A grid of one step.
pub(super) fn whole_range(step: Price) -> Vec<TickRange> {
    if step == Price::ZERO {
        return Vec::new();
    }
    vec![TickRange { start: Price::ZERO, end: Price::ONE, step }]
}

//! Tokens to exact values, or to a refusal that names message, field and value.

use crate::fixed::ParseFixedError;
use crate::json::{Cursor, Kind, Token};
use crate::{DecodeError, Price, Quantity, QuantityChange, Timestamp, Venue};

/// A field of a message, for what refusals say.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    pub venue: Venue,
    pub message: &'static str,
    pub name: &'static str,
}

impl Field {
    /// The token, which the message cannot do without.
    #[inline]
    pub(crate) fn required(self, token: Option<Token>) -> Result<Token, DecodeError> {
        match token {
            Some(token) if token.kind != Kind::Null => Ok(token),
            _ => Err(DecodeError::Missing {
                venue: self.venue,
                kind: self.message,
                field: self.name,
            }),
        }
    }

    /// The refusal of a value.
    #[cold]
    pub(crate) fn refused<T>(
        self,
        cursor: &Cursor<'_>,
        token: Token,
        reason: &str,
    ) -> Result<T, DecodeError> {
        Err(DecodeError::Value {
            venue: self.venue,
            kind: self.message,
            field: self.name,
            value: cursor.raw(token).chars().take(64).collect(),
            reason: reason.to_owned(),
        })
    }

    /// Reads a string or a number as a decimal text.
    #[inline]
    fn decimal<T>(
        self,
        cursor: &Cursor<'_>,
        token: Token,
        parse: impl Fn(&[u8]) -> Result<T, ParseFixedError>,
    ) -> Result<T, DecodeError> {
        let value = match token.kind {
            Kind::Plain | Kind::Number => parse(cursor.raw_bytes(token)),
            Kind::Escaped => parse(cursor.string_of(token)?.as_bytes()),
            _ => Err(ParseFixedError::Syntax),
        };
        match value {
            Ok(value) => Ok(value),
            Err(error) => self.refused(cursor, token, &error.to_string()),
        }
    }

    /// Dollars as a decimal.
    #[inline]
    pub(crate) fn price(self, cursor: &Cursor<'_>, token: Token) -> Result<Price, DecodeError> {
        self.decimal(cursor, token, Price::parse)
    }

    /// Whole cents (older Kalshi fields).
    pub(crate) fn cents(self, cursor: &Cursor<'_>, token: Token) -> Result<Price, DecodeError> {
        let cents = self.integer(cursor, token)?;
        match u32::try_from(cents).ok().and_then(Price::from_cents) {
            Some(price) => Ok(price),
            None => self.refused(cursor, token, "not a number of cents from 0 to 100"),
        }
    }

    /// Contracts as a decimal.
    #[inline]
    pub(crate) fn quantity(
        self,
        cursor: &Cursor<'_>,
        token: Token,
    ) -> Result<Quantity, DecodeError> {
        self.decimal(cursor, token, Quantity::parse)
    }

    /// A signed change of contracts as a decimal.
    #[inline]
    pub(crate) fn change(
        self,
        cursor: &Cursor<'_>,
        token: Token,
    ) -> Result<QuantityChange, DecodeError> {
        self.decimal(cursor, token, QuantityChange::parse)
    }

    /// A whole number of at most 19 digits, in a string or bare.
    #[inline]
    pub(crate) fn integer(self, cursor: &Cursor<'_>, token: Token) -> Result<u64, DecodeError> {
        let value = match token.kind {
            Kind::Plain | Kind::Number => whole(cursor.raw_bytes(token)),
            Kind::Escaped => whole(cursor.string_of(token)?.as_bytes()),
            _ => None,
        };
        match value {
            Some(value) => Ok(value),
            None => self.refused(cursor, token, "not a whole number"),
        }
    }

    /// An instant in milliseconds; zero is unknown.
    #[inline]
    pub(crate) fn millis(
        self,
        cursor: &Cursor<'_>,
        token: Token,
    ) -> Result<Option<Timestamp>, DecodeError> {
        let millis = self.integer(cursor, token)?;
        match i64::try_from(millis).ok().filter(|millis| millis.checked_mul(1_000_000).is_some()) {
            Some(millis) => Ok(Timestamp::from_millis(millis)),
            None => self.refused(cursor, token, "not a time in milliseconds before the year 2262"),
        }
    }

    /// An instant in seconds, or as an RFC 3339 text; zero is unknown.
    pub(crate) fn instant(
        self,
        cursor: &Cursor<'_>,
        token: Token,
    ) -> Result<Option<Timestamp>, DecodeError> {
        if token.kind == Kind::Number {
            let nanos = self.integer(cursor, token).ok().and_then(|s| {
                i64::try_from(s).ok().and_then(|seconds| seconds.checked_mul(1_000_000_000))
            });
            return match nanos {
                Some(nanos) => Ok(Timestamp::from_nanos(nanos)),
                None => self.refused(cursor, token, "not a time in seconds before the year 2262"),
            };
        }
        let text = cursor.string_of(token)?;
        let format = &time::format_description::well_known::Rfc3339;
        let at = time::OffsetDateTime::parse(&text, format)
            .ok()
            .and_then(|at| i64::try_from(at.unix_timestamp_nanos()).ok());
        match at {
            Some(nanos) => Ok(Timestamp::from_nanos(nanos)),
            None => self.refused(cursor, token, "not a time as in 2026-11-20T15:04:05Z"),
        }
    }
}

/// Reads 1 to 19 digits.
#[inline]
fn whole(digits: &[u8]) -> Option<u64> {
    if !(1..=19).contains(&digits.len()) {
        return None;
    }
    digits.iter().try_fold(0_u64, |value, byte| {
        let digit = byte.wrapping_sub(b'0');
        (digit <= 9).then(|| value * 10 + u64::from(digit))
    })
}

//! Values to MessagePack and back.

mod book;

use std::error::Error;

use arb_normalize::{Book, Level, Market, Opportunity, Price, Quantity, Relation};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Quote, Similarity};

pub use book::{decode_book, encode_book};

/// A payload this program cannot read, or a value that cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// Not MessagePack of the expected shape.
    #[error("malformed payload")]
    Malformed(#[source] Box<dyn Error + Send + Sync>),
    /// A number outside its range, such as a price above $1.
    #[error("{what} {found} is out of range")]
    OutOfRange {
        /// Which number.
        what: &'static str,
        /// Its value.
        found: u64,
    },
    /// The value has no MessagePack form.
    #[error("value cannot be encoded")]
    Unencodable(#[source] rmp_serde::encode::Error),
}

pub(crate) trait Payload: Sized {
    /// The schema version of the payload; a reader refuses every other.
    const SCHEMA: u8;

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), CodecError>;
    fn decode(bytes: &[u8]) -> Result<Self, CodecError>;
}

fn malformed(error: impl Error + Send + Sync + 'static) -> CodecError {
    CodecError::Malformed(Box::new(error))
}

/// Rarely changed values are maps with names, so that a field may be added without a new schema version.
fn encode_named<T: Serialize>(value: &T, out: &mut Vec<u8>) -> Result<(), CodecError> {
    rmp_serde::encode::write_named(out, value).map_err(CodecError::Unencodable)
}

fn encode_compact<T: Serialize>(value: &T, out: &mut Vec<u8>) -> Result<(), CodecError> {
    rmp_serde::encode::write(out, value).map_err(CodecError::Unencodable)
}

fn decode_serde<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    rmp_serde::from_slice(bytes).map_err(malformed)
}

impl Payload for Book {
    const SCHEMA: u8 = 1;

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), CodecError> {
        encode_book(self, out);
        Ok(())
    }

    fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        decode_book(bytes)
    }
}

impl Payload for Market {
    const SCHEMA: u8 = 1;

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), CodecError> {
        encode_named(self, out)
    }

    fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        decode_serde(bytes)
    }
}

impl Payload for Opportunity {
    const SCHEMA: u8 = 1;

    // Written many times a second: without the names, which a reader takes as well. A new field needs a new version here.
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), CodecError> {
        encode_compact(self, out)
    }

    fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        decode_serde(bytes)
    }
}

impl Payload for Similarity {
    const SCHEMA: u8 = 1;

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), CodecError> {
        encode_compact(&(self.similarity, self.relation), out)
    }

    fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let (similarity, relation) = decode_serde::<(f64, Option<Relation>)>(bytes)?;
        Ok(Self { similarity, relation })
    }
}

/// Price and size in millionths.
type Micros = (u32, u64);

fn level_micros(level: Level) -> Micros {
    (level.price.micros(), level.size.micros())
}

fn price(micros: u32) -> Result<Price, CodecError> {
    Price::from_micros(micros)
        .ok_or(CodecError::OutOfRange { what: "price in micro-dollars", found: u64::from(micros) })
}

fn quantity(micros: u64) -> Result<Quantity, CodecError> {
    Quantity::from_micros(micros)
        .ok_or(CodecError::OutOfRange { what: "size in millionths of a contract", found: micros })
}

impl Payload for Quote {
    const SCHEMA: u8 = 1;

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), CodecError> {
        let last = self.last.map(Price::micros);
        encode_compact(&(self.bid.map(level_micros), self.ask.map(level_micros), last), out)
    }

    fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        type Columns = (Option<Micros>, Option<Micros>, Option<u32>);
        let (bid, ask, last) = decode_serde::<Columns>(bytes)?;
        let level = |(at, size)| Ok(Level::new(price(at)?, quantity(size)?));
        Ok(Self {
            bid: bid.map(level).transpose()?,
            ask: ask.map(level).transpose()?,
            last: last.map(price).transpose()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use arb_normalize::opportunity::{Action, OpportunityClass, OpportunityLeg};
    use arb_normalize::{Outcome, Timestamp, Usd, Venue};

    use super::*;

    /// Programs that wrote the names of the fields may share a store with this one.
    #[test]
    fn an_opportunity_is_read_with_and_without_names() {
        let leg = |action, outcome| OpportunityLeg {
            venue: Venue::Kalshi,
            market: "KXFED-26".into(),
            outcome,
            action,
            limit: Price::from_cents(45).unwrap_or_default(),
            quantity: Quantity::from_contracts(100).unwrap_or_default(),
            cost_usd: Usd::from_micros(45_000_000),
            fee_usd: Usd::from_micros(-1),
        };
        for at in [None, Timestamp::from_millis(1_700_000_000_000)] {
            let value = Opportunity {
                id: "fed/1".into(),
                at,
                class: OpportunityClass::CrossVenue,
                pair: "fed".into(),
                legs: vec![leg(Action::Buy, Outcome::Yes), leg(Action::Sell, Outcome::No)],
                quantity: Quantity::from_contracts(100).unwrap_or_default(),
                gross_usd: Usd::from_micros(10_000_000),
                fees_usd: Usd::ZERO,
                net_usd: Usd::from_micros(6_535_000),
            };
            let (mut named, mut compact) = (Vec::new(), Vec::new());
            assert!(encode_named(&value, &mut named).is_ok() && value.encode(&mut compact).is_ok());
            assert!(compact.len() < named.len());
            for bytes in [&named, &compact] {
                assert_eq!(Opportunity::decode(bytes).ok().as_ref(), Some(&value));
            }
        }
    }
}

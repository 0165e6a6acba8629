//! Frames to events: the seam every venue's decoder implements.

use thiserror::Error;

use crate::{MarketEvent, Venue};

pub mod drift;
mod kalshi;
mod polymarket;
mod scratch;
mod value;

pub use drift::{Drift, DriftKind};
pub use kalshi::{KalshiCommand, KalshiDecoder};
pub use polymarket::PolymarketDecoder;
pub use scratch::Events;

/// The most memory a decoder takes for a frame, in bytes for each byte of it (and up to 4 kB besides), whatever the frame
/// holds. Ordinary frames need a tenth of it; what a frame needed is kept for the next.
pub const MEMORY_PER_BYTE: usize = 64;

/// A decoder for one connection of that venue.
///
/// ```
/// use arb_normalize::decode::decoder;
/// use arb_normalize::{MarketEvent, Venue};
///
/// let mut kalshi = decoder(Venue::Kalshi);
/// let decoded = kalshi.decode(br#"{"type":"orderbook_delta","sid":1,"seq":5,"msg":{"market_ticker":"KXFED-27APR-T4.25",
///     "market_id":"c1d97f02","price_dollars":"0.4300","delta_fp":"-25.00","side":"yes","ts_ms":1795187045123}}"#)?;
/// let Some(MarketEvent::Delta(delta)) = decoded.events().next() else { unreachable!() };
/// assert_eq!((delta.price, delta.change), ("0.43".parse()?, "-25".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn decoder(venue: Venue) -> Box<dyn Decode> {
    match venue {
        Venue::Kalshi => Box::new(KalshiDecoder::new()),
        Venue::Polymarket => Box::new(PolymarketDecoder::new()),
    }
}

/// Turns the frames of one connection into events.
///
/// One decoder serves one connection, because what a frame means may depend on what was asked there
/// ([`Decode::note_sent`]). A decoder keeps its scratch memory: in the steady state a frame allocates nothing.
pub trait Decode: Send {
    /// Decodes one frame, whole or not at all; of an array of messages those that cannot be read and
    /// [are about no book](DecodeError::may_concern_books) are left out and counted as [drift](Decode::drift).
    ///
    /// # Errors
    /// When the frame is not the venue's JSON, or a known message lacks a field or holds a value that cannot be held
    /// exactly. Nothing of a refused frame is yielded. Fields beside the word of a message on a market's life are spared
    /// instead, and counted as drift: whatever they hold, the market has ended or halted.
    fn decode<'f>(&'f mut self, frame: &'f [u8]) -> Result<Decoded<'f>, DecodeError>;

    /// Learns from a frame that we sent (Kalshi's `use_yes_price` decides how the NO side is quoted).
    fn note_sent(&mut self, frame: &[u8]) {
        let _ = frame;
    }

    /// What this decoder has met that it did not expect, counted.
    fn drift(&self) -> &Drift;
}

/// The position of a frame in a venue's numbered stream (Kalshi).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sequence {
    /// The subscription, unique within its connection.
    pub sid: u64,
    /// The frame's number in it.
    pub seq: u64,
}

/// What one frame said, borrowed from the frame and the decoder's scratch memory.
#[derive(Debug, Clone, Copy)]
pub struct Decoded<'f> {
    /// Its number, on numbered channels.
    pub sequence: Option<Sequence>,
    /// The subscription it came over, where the frame says so.
    pub(crate) sid: Option<u64>,
    events: Events<'f>,
}

impl<'f> Decoded<'f> {
    pub(crate) const fn new(
        sid: Option<u64>,
        sequence: Option<Sequence>,
        events: Events<'f>,
    ) -> Self {
        Self { sequence, sid, events }
    }

    /// Its events, in order; none for an empty array.
    #[must_use]
    pub const fn events(&self) -> Events<'f> {
        self.events
    }

    /// Those of its events that say nothing of a book's levels, in order: all but snapshots, deltas and set levels.
    #[inline]
    pub fn beside_levels(&self) -> impl Iterator<Item = MarketEvent<'f>> {
        self.events.beside_levels()
    }

    /// Whether the frame holds nothing but kinds the decoder does not know (and at least one of them).
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.events.are_unknown()
    }
}

/// Why a frame was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// Not JSON, or JSON of another shape.
    #[error("{venue} frame is not a message of the venue: {reason} at byte {at}")]
    Syntax {
        /// The venue.
        venue: Venue,
        /// What was expected.
        reason: &'static str,
        /// Where.
        at: usize,
    },
    /// A field that the message cannot do without is absent.
    #[error("{venue} {kind} lacks the field {field}")]
    Missing {
        /// The venue.
        venue: Venue,
        /// The message kind.
        kind: &'static str,
        /// The field.
        field: &'static str,
    },
    /// A field holds a value that has no exact meaning here.
    #[error("{venue} {kind}: field {field} has the value {value:?}: {reason}")]
    Value {
        /// The venue.
        venue: Venue,
        /// The message kind.
        kind: &'static str,
        /// The field.
        field: &'static str,
        /// The value, at most 64 characters of it.
        value: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A REST body, or an item of one, is not what its address promises.
    #[error("{venue} {body} cannot be read: {reason}")]
    Body {
        /// The venue.
        venue: Venue,
        /// What it should have been.
        body: &'static str,
        /// What is wrong with it, and where.
        reason: String,
    },
}

impl DecodeError {
    /// Whether the refused frame may have been about a book, so that books which were to take it are wrong now. A frame
    /// whose kind could be read and is another one costs no book anything; an array is refused for such a message only where it
    /// holds nothing else.
    #[must_use]
    pub fn may_concern_books(&self) -> bool {
        match self {
            Self::Missing { kind, .. } | Self::Value { kind, .. } => !matches!(
                *kind,
                "ticker"
                    | "trade"
                    | "market_lifecycle_v2"
                    | "event_lifecycle"
                    | "event_fee_update"
                    | "subscribed"
                    | "error"
                    | "last_trade_price"
                    | "best_bid_ask"
                    | "new_market"
                    | "market_resolved"
            ),
            Self::Syntax { .. } => true,
            Self::Body { .. } => false,
        }
    }

    /// Whether the refused frame may have told that a market ended or halted: the venue's catalogue says it too, and is to be read.
    #[must_use]
    pub fn may_concern_status(&self) -> bool {
        match self {
            Self::Missing { kind, .. } | Self::Value { kind, .. } => {
                matches!(*kind, "market_lifecycle_v2" | "market_resolved" | "message")
            }
            Self::Syntax { .. } => true,
            Self::Body { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_frame_that_may_hold_levels_concerns_books() {
        let concerns = |venue, frame: &str| {
            decoder(venue).decode(frame.as_bytes()).unwrap_err().may_concern_books()
        };
        assert!(concerns(Venue::Kalshi, r#"{"type":"orderbook_delta","sid":1,"seq":2,"msg":{}}"#));
        assert!(concerns(Venue::Kalshi, r#"{"type":"market_lifecycle_v2","sid":"x","msg":{}}"#));
        assert!(concerns(Venue::Kalshi, "{]"));
        assert!(!concerns(Venue::Kalshi, r#"{"type":"market_lifecycle_v2","sid":1,"msg":{}}"#));
        assert!(!concerns(Venue::Kalshi, r#"{"type":"trade","sid":1,"seq":2,"msg":{}}"#));
        assert!(concerns(Venue::Polymarket, r#"{"event_type":"book"}"#));
        assert!(!concerns(Venue::Polymarket, r#"{"event_type":"last_trade_price"}"#));
    }
}

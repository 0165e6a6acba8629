//! Frames to events: the seam every venue's decoder implements.

use thiserror::Error;

use crate::{MarketEvent, Venue};

/// Turns the frames of one connection into events.
///
/// One decoder serves one connection, because what a frame means may depend on what was asked there
/// ([`Decode::note_sent`]). A decoder keeps its scratch memory: in the steady state a frame allocates nothing.
pub trait Decode: Send {
    /// Decodes one frame, whole or not at all.
    ///
    /// # Errors
    /// When the frame is not the venue's JSON, or a known message lacks a field or holds a value that cannot be held
    /// exactly. Nothing of a refused frame is yielded.
    fn decode<'f>(&'f mut self, frame: &'f [u8]) -> Result<Decoded<'f>, DecodeError>;

    /// Learns from a frame that we sent (Kalshi's `use_yes_price` decides how the NO side is quoted).
    fn note_sent(&mut self, frame: &[u8]) {
        let _ = frame;
    }
}

/// The position of a frame in a venue's numbered stream (Kalshi).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sequence {
    /// The subscription, unique within its connection.
    pub sid: u64,
    /// The frame's number in it.
    pub seq: u64,
}

/// What one frame said.
#[derive(Debug)]
pub struct Decoded<'f> {
    /// Its number, on numbered channels.
    pub sequence: Option<Sequence>,
    /// Its events, in order; empty for an empty array.
    pub events: Vec<MarketEvent<'f>>,
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
}

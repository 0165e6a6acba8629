//! What can go wrong between us and a venue's REST interface.

use std::time::Duration;

use arb_normalize::Venue;
use thiserror::Error;

use crate::kalshi::CredentialsError;

/// A request to a venue that did not lead to an answer we can use. No variant holds a header, a query or a key.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum VenueError {
    /// The request could not be signed.
    #[error("{venue}: the request could not be signed")]
    Sign {
        /// The venue.
        venue: Venue,
        /// Why.
        #[source]
        source: CredentialsError,
    },
    /// No answer: connection, TLS or time-out.
    #[error("{venue} {path}: no answer")]
    Transport {
        /// The venue.
        venue: Venue,
        /// The path asked for.
        path: String,
        /// Whether it was a time-out.
        timeout: bool,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// An answer that is not a success.
    #[error("{venue} {path}: the venue answered {status}: {message}")]
    Status {
        /// The venue.
        venue: Venue,
        /// The path asked for.
        path: String,
        /// The HTTP status.
        status: u16,
        /// The venue's words, at most 200 characters.
        message: String,
        /// How long the venue asks us to wait.
        retry_after: Option<Duration>,
    },
    /// The breaker keeps us from asking.
    #[error("{venue}: requests are suspended after repeated failures, next try in {retry_in:?}")]
    Suspended {
        /// The venue.
        venue: Venue,
        /// When the next try is allowed.
        retry_in: Duration,
    },
    /// The answer is not what the venue documents.
    #[error("{venue} {path}: the answer cannot be read")]
    Body {
        /// The venue.
        venue: Venue,
        /// The path asked for.
        path: String,
        /// What is wrong with it.
        #[source]
        source: arb_normalize::DecodeError,
    },
    /// A listing that comes in pages names one that was read already, or has too many to be true. What was read of it is thrown
    /// away: it may lack anything.
    #[error(
        "{venue} {path}: the listing does not end: after {pages} pages it goes on from a place that was read, or without bound"
    )]
    Endless {
        /// The venue.
        venue: Venue,
        /// The path asked for.
        path: String,
        /// Pages read.
        pages: usize,
    },
    /// The client itself could not be built.
    #[error("the http client could not be built")]
    Client(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl VenueError {
    /// Whether the same request may succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Transport { .. } | Self::Suspended { .. } | Self::Endless { .. } => true,
            Self::Status { status, .. } => matches!(status, 408 | 425 | 429 | 500..=599),
            Self::Sign { .. } | Self::Body { .. } | Self::Client(_) => false,
        }
    }

    /// How long the venue (or our breaker) asks us to wait.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            Self::Suspended { retry_in, .. } => Some(*retry_in),
            _ => None,
        }
    }
}

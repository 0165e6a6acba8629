//! What goes over a link: our own frame type, so that no client library shows in a signature.

use bytes::Bytes;

/// One WebSocket frame, whole (fragments are put together by the link).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Frame {
    /// A text message. Received text is valid UTF-8; text to send is checked by the link.
    Text(Bytes),
    /// A binary message.
    Binary(Bytes),
    /// A ping. The link answers it by itself; it is shown so that liveness can be seen.
    Ping(Bytes),
    /// A pong, with the body of the ping it answers.
    Pong(Bytes),
    /// The peer closes the connection, with its reason where it gave one.
    Close(Option<CloseReason>),
}

impl Frame {
    /// A text frame.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(Bytes::from(text.into()))
    }

    /// The body of a text or binary message; `None` for control frames.
    #[must_use]
    pub fn payload(&self) -> Option<&[u8]> {
        match self {
            Self::Text(body) | Self::Binary(body) => Some(body),
            Self::Ping(_) | Self::Pong(_) | Self::Close(_) => None,
        }
    }
}

/// Why a peer closed: the code of RFC 6455 §7.4 and its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseReason {
    /// Close code, for example 1000 (done) or 1001 (going away: a planned restart).
    pub code: u16,
    /// The peer's words, often empty.
    pub reason: String,
}

impl CloseReason {
    /// A close reason.
    #[must_use]
    pub fn new(code: u16, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into() }
    }

    /// 1001, "going away": the venue restarts or moves us, which is neither a failure nor an alert.
    #[must_use]
    pub fn is_going_away(&self) -> bool {
        self.code == 1001
    }
}

//! The transport seam: something that opens links, and a link.

mod replay;
mod tungstenite;

use std::fmt;
use std::task::{Context, Poll};

use async_trait::async_trait;
use time::OffsetDateTime;

use crate::error::WsError;
use crate::frame::Frame;

pub use self::replay::{Pace, ReplayDial};
pub use self::tungstenite::TungsteniteDial;

/// What one attempt to connect needs. Made anew for every attempt, since venues sign a time stamp.
///
/// `Debug` shows the header names and hides their values.
#[derive(Clone, PartialEq, Eq)]
pub struct Handshake {
    /// `ws://` or `wss://` address with path and query.
    pub url: String,
    /// Headers of the upgrade request, in order.
    pub headers: Vec<(String, String)>,
}

impl Handshake {
    /// A handshake without headers of its own.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), headers: Vec::new() }
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Host and port as written in the address, `""` where there is none. A connect budget is
    /// kept per host.
    #[must_use]
    pub fn host(&self) -> &str {
        let rest = self.url.split_once("://").map_or("", |(_, rest)| rest);
        let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
        authority.rsplit_once('@').map_or(authority, |(_, host)| host)
    }
}

impl fmt::Debug for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Handshake").field("host", &self.host()).field("headers", &names).finish()
    }
}

/// Opens links. One dial serves many connections.
#[async_trait]
pub trait Dial: Send + Sync {
    /// Connects and upgrades.
    ///
    /// The caller bounds the time; an implementation need not.
    ///
    /// # Errors
    /// [`WsError::Refused`] where the server answered something else than the upgrade, otherwise
    /// the step that failed.
    ///
    /// # Cancel safety
    /// Dropping the future abandons the attempt and closes what was opened.
    async fn dial(&self, handshake: &Handshake) -> Result<Box<dyn Link>, WsError>;
}

/// One open WebSocket.
///
/// Receiving is a poll method and not an `async fn`, because a boxed future per message would be
/// an allocation per message.
#[async_trait]
pub trait Link: Send {
    /// The next frame.
    ///
    /// After [`Frame::Close`] or an error the link is finished and is not polled again. Pings are
    /// answered by the link itself.
    ///
    /// # Errors
    /// [`WsError::Link`] and [`WsError::Ended`].
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Frame, WsError>>;

    /// When the last frame was received, where the link knows better than the caller's clock: a
    /// replayed recording. [`OffsetDateTime::UNIX_EPOCH`] means unknown.
    fn received_at(&self) -> Option<OffsetDateTime> {
        None
    }

    /// Writes a frame and flushes it.
    ///
    /// # Errors
    /// [`WsError::Link`] where the link is broken.
    ///
    /// # Cancel safety
    /// Not cancel safe: a frame may be half written, so drop the link with the future.
    async fn send(&mut self, frame: Frame) -> Result<(), WsError>;
}

//! What a sink is told beside messages.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use crate::error::WsError;
use crate::frame::CloseReason;

/// Where and when something happened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Meta {
    /// The venue's name, as configured.
    pub venue: Arc<str>,
    /// The connection's number within its venue, as configured.
    pub connection: u32,
    /// Which link of this connection: 0 before the first, then counting up. A message of an older
    /// session than the newest seen is late and belongs to books that are gone.
    pub session: u64,
    /// When it was received, by the configured clock; [`OffsetDateTime::UNIX_EPOCH`] is unknown
    /// and must not create an age.
    pub received_at: OffsetDateTime,
}

impl Meta {
    /// Where something happened, before any link and at an unknown time.
    #[must_use]
    pub fn new(venue: impl Into<Arc<str>>, connection: u32) -> Self {
        Self {
            venue: venue.into(),
            connection,
            session: 0,
            received_at: OffsetDateTime::UNIX_EPOCH,
        }
    }

    /// Receive time in nanoseconds since the epoch, 0 where unknown (or outside 1677–2262).
    #[must_use]
    pub fn received_at_ns(&self) -> i64 {
        i64::try_from(self.received_at.unix_timestamp_nanos()).unwrap_or(0)
    }
}

/// The keys an event is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keys {
    /// Every key of the connection.
    All,
    /// These.
    These(Arc<[Arc<str>]>),
}

impl Keys {
    /// One key.
    #[must_use]
    pub fn one(key: Arc<str>) -> Self {
        Self::These(Arc::new([key]))
    }
}

/// Something a consumer of the feed must know, in the stream of its messages.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// A link is open; [`Meta::session`] is its number. Nothing is subscribed yet.
    Connected {
        /// How long connect, TLS and upgrade took.
        took: Duration,
    },
    /// An attempt to connect failed.
    ConnectFailed {
        /// Why.
        error: Arc<WsError>,
        /// Attempts in a row that led nowhere, this one included.
        failures: u32,
        /// When the next attempt is due.
        retry_in: Duration,
        /// Inside a planned window, or the venue said so itself: no alert is due.
        planned: bool,
    },
    /// The link is gone: every book of this connection is suspect.
    Disconnected {
        /// Why.
        cause: Cause,
        /// How long the link was open.
        uptime: Duration,
        /// Inside a planned window, or the venue said so itself: no alert is due.
        planned: bool,
    },
    /// The breaker keeps us from connecting.
    Blocked {
        /// When the next attempt is due.
        retry_in: Duration,
    },
    /// Messages were lost: books of these keys are suspect. A resync is under way.
    Gap {
        /// Why.
        cause: GapCause,
        /// Of which keys; of none where they were about no key (see [`Outbox::missed`](crate::Outbox::missed)).
        keys: Keys,
    },
    /// No data for too long: books of these keys are suspect.
    Stalled {
        /// The silent key, or all where the connection is silent.
        keys: Keys,
        /// How long.
        silent_for: Duration,
    },
    /// Data again after a stall.
    Resumed {
        /// The key, or all.
        keys: Keys,
        /// How long there was none.
        after: Duration,
    },
    /// The venue refused a key.
    SubscriptionFailed {
        /// Which.
        key: Arc<str>,
        /// The session's words.
        reason: Arc<str>,
    },
    /// This connection gives the key up: neither a new subscription nor a new link brought data.
    /// A pool moves it to another connection.
    Surrendered {
        /// Which.
        key: Arc<str>,
    },
}

/// Why a link ended.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Cause {
    /// The peer closed.
    Closed(Option<CloseReason>),
    /// Reading or writing failed.
    Broken(Arc<WsError>),
    /// No data for too long, and a probe brought none.
    Stalled,
    /// Neither a pong nor anything else after a ping.
    PingTimeout,
    /// A key stayed silent after a new subscription.
    KeySilent(Arc<str>),
    /// The session asked for it.
    Session(Arc<str>),
    /// [`Handle::reconnect`](crate::Handle::reconnect) asked for it.
    Requested,
    /// [`Handle::shutdown`](crate::Handle::shutdown).
    Shutdown,
}

impl Cause {
    /// A short fixed word, for metric labels and recordings.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::Closed(_) => "closed",
            Self::Broken(_) => "broken",
            Self::Stalled => "stalled",
            Self::PingTimeout => "ping_timeout",
            Self::KeySilent(_) => "key_silent",
            Self::Session(_) => "session",
            Self::Requested => "requested",
            Self::Shutdown => "shutdown",
        }
    }
}

/// Why messages are missing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum GapCause {
    /// The session saw that the venue skipped some, or that it dropped the subscription.
    Venue,
    /// The validator, the session or the maximum age refused a message.
    Refused(&'static str),
    /// The sink panicked over a message.
    SinkPanicked,
    /// A bounded queue was full.
    Overflow {
        /// How many messages and events.
        lost: u64,
    },
    /// A handler took too long or panicked.
    Handler,
}

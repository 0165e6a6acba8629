//! What can go wrong between us and a venue.

use std::error::Error as StdError;
use std::time::Duration;

use time::OffsetDateTime;

/// A source we do not name in our own signatures.
pub type BoxError = Box<dyn StdError + Send + Sync + 'static>;

/// An error of this crate.
///
/// Messages name the host and never the whole address or a header: either may hold a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WsError {
    /// The address cannot be dialled: not `ws://` or `wss://`, or no host.
    #[error(
        "cannot dial the address of {host:?}: {problem}; give ws://host/path or wss://host/path"
    )]
    Address {
        /// The host, as far as one was found.
        host: String,
        /// What is wrong with the address.
        problem: &'static str,
    },
    /// A header name or value that HTTP does not allow.
    #[error("header {name:?} is not a valid HTTP header; check its name and value")]
    Header {
        /// The name of the header; its value may be a secret and is left out.
        name: String,
    },
    /// The session could not make a handshake, for instance because a key cannot sign.
    #[error("the session could not prepare its handshake")]
    Prepare(#[source] BoxError),
    /// No answer within the time allowed for connect, TLS and upgrade together.
    #[error("{host}: no connection within {after:?}")]
    ConnectTimeout {
        /// Whom we dialled.
        host: String,
        /// The time allowed.
        after: Duration,
    },
    /// The TCP connection could not be made.
    #[error("cannot reach {host}")]
    Connect {
        /// Whom we dialled.
        host: String,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The TLS handshake failed.
    #[error("the tls handshake with {host} failed")]
    Tls {
        /// Whom we dialled.
        host: String,
        /// The cause.
        #[source]
        source: BoxError,
    },
    /// The server answered the upgrade with something other than 101.
    #[error("{}", .0)]
    Refused(Box<Refusal>),
    /// The upgrade failed in some other way.
    #[error("the websocket handshake with {host} failed")]
    Upgrade {
        /// Whom we dialled.
        host: String,
        /// The cause.
        #[source]
        source: BoxError,
    },
    /// An open link broke while reading or writing.
    #[error("the link broke")]
    Link(#[source] BoxError),
    /// The peer ended the connection without a close frame.
    #[error("the peer ended the connection without a close frame")]
    Ended,
    /// A frame could not be written in time.
    #[error("a frame could not be written within {after:?}")]
    WriteTimeout {
        /// The time allowed.
        after: Duration,
    },
    /// A recording or script has nothing more to dial.
    #[error("nothing is left to dial in {0}")]
    Exhausted(String),
    /// More keys than the configuration allows.
    #[error("{asked} keys asked for, {allowed} allowed; raise max_keys or unsubscribe some")]
    TooManyKeys {
        /// The number there would have been.
        asked: usize,
        /// The configured maximum.
        allowed: usize,
    },
    /// A rule about planned windows cannot be understood.
    #[error("the window rule {rule:?} cannot be understood")]
    Windows {
        /// Venue and name of the rule.
        rule: String,
        /// What is wrong with it.
        #[source]
        source: BoxError,
    },
    /// A file of this crate could not be read or written.
    #[error("{path}: {doing} failed")]
    File {
        /// The file.
        path: String,
        /// What was tried.
        doing: &'static str,
        /// The cause.
        #[source]
        source: BoxError,
    },
}

impl WsError {
    /// Whether the same call may succeed later without a change on our side.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::ConnectTimeout { .. }
            | Self::Connect { .. }
            | Self::Tls { .. }
            | Self::Upgrade { .. }
            | Self::Link(_)
            | Self::Ended
            | Self::WriteTimeout { .. } => true,
            Self::Refused(refusal) => refusal.is_retryable(),
            Self::Address { .. }
            | Self::Header { .. }
            | Self::Prepare(_)
            | Self::Exhausted(_)
            | Self::TooManyKeys { .. }
            | Self::Windows { .. }
            | Self::File { .. } => false,
        }
    }
}

/// A server's refusal to upgrade, with what is needed to react well.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{host} refused the upgrade with status {status}")]
#[non_exhaustive]
pub struct Refusal {
    /// Who refused.
    pub host: String,
    /// HTTP status, for example 401 (signature or clock), 425 (restarting), 429 (too fast).
    pub status: u16,
    /// `Retry-After` as a span, from seconds or from a date taken against `date`.
    pub retry_after: Option<Duration>,
    /// The server's `Date`: with our clock at that moment, how far our clock is off.
    pub date: Option<OffsetDateTime>,
    /// The first 1,024 bytes of the answer's body, as text.
    pub body: String,
}

impl Refusal {
    /// A refusal with a status and nothing else known.
    #[must_use]
    pub fn new(host: impl Into<String>, status: u16) -> Self {
        Self { host: host.into(), status, retry_after: None, date: None, body: String::new() }
    }

    /// Timeouts, too early, too many requests and server errors pass by themselves; others do not.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self.status, 408 | 425 | 429 | 500..=599)
    }

    /// 401 or 403: the key, the signature or our clock is wrong. More attempts cannot help.
    #[must_use]
    pub fn is_unauthorized(&self) -> bool {
        matches!(self.status, 401 | 403)
    }

    /// 425: the venue's engine is restarting, which it plans and we do not count as a failure.
    #[must_use]
    pub fn is_planned(&self) -> bool {
        self.status == 425
    }
}

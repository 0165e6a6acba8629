//! Faults by name: what goes wrong, where, when and for how long.

pub(crate) mod active;
mod text;

use std::time::Duration;

pub(crate) use self::active::{ActiveFaults, Place};

/// One of the two venues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Venue {
    /// Kalshi.
    Kalshi,
    /// Polymarket.
    Polymarket,
}

impl Venue {
    /// `kalshi` or `polymarket`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kalshi => "kalshi",
            Self::Polymarket => "polymarket",
        }
    }
}

/// How a client reaches a venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Surface {
    /// WebSocket, its handshake included.
    WebSocket,
    /// HTTP requests.
    Rest,
}

/// What goes wrong. Frames mean market data: acknowledgements, pings and pongs go on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Connections are cut without a closing handshake.
    Drop,
    /// Connections are closed with this WebSocket code.
    Close {
        /// For instance 1001 (going away) or 1008 (policy).
        code: u16,
    },
    /// Nothing but acknowledgements and pongs arrives. Kalshi's frames are lost and leave a gap in
    /// the numbers; Polymarket sends the books anew when it is over.
    Stall,
    /// Markets fall silent: neither changes nor snapshots, and no number is used. When it is over a
    /// fresh snapshot arrives.
    Silence,
    /// Frames are lost; on Kalshi their numbers are used up.
    Gap,
    /// Frames arrive twice.
    Duplicate,
    /// A frame arrives after the one that follows it.
    Reorder,
    /// Frames arrive late, in order.
    Delay {
        /// How late.
        by: Duration,
    },
    /// Frames arrive as the first half of their text.
    Truncate,
    /// Frames arrive as text that is not JSON.
    Garbage,
    /// The venue reads a client's messages slowly: one in each pause.
    SlowReader {
        /// The pause after each message.
        pause: Duration,
    },
    /// Kalshi kills subscriptions with error 25; Polymarket closes the connection.
    BufferOverflow,
    /// Kalshi kills subscriptions with error 10.
    ChannelError,
    /// Kalshi answers commands with error 18 and does nothing.
    CommandTimeout,
    /// Kalshi sends data of a new subscription before acknowledging it.
    DataBeforeAck,
    /// Frames have the older form: Kalshi's whole cents, Polymarket's flat `price_change`.
    OlderFormat,
    /// Handshakes (of both venues) and signed requests are refused with 401.
    Unauthorized,
    /// 429.
    TooManyRequests {
        /// The `Retry-After` header, if the answer carries one (whole seconds).
        retry_after: Option<Duration>,
    },
    /// Handshakes and requests are refused with this status (425 is "engine restarting").
    Status {
        /// The HTTP status.
        code: u16,
    },
    /// Nothing listens: connecting is refused by the operating system.
    Refuse,
    /// A connection is accepted and its request is never answered.
    Hang,
    /// Connections are cut when they have lived so long, again and again.
    Flap {
        /// How long a connection lives.
        up: Duration,
    },
    /// The venue's clock is ahead of the real one by so much (behind when negative).
    ClockSkew {
        /// Milliseconds.
        by_ms: i64,
    },
    /// A planned window: both venues close their connections with 1001 at its start and refuse new
    /// ones (Kalshi with 503, Polymarket with 425), and books do not move. Kalshi's REST goes on and
    /// says that trading is paused, Polymarket's CLOB answers 425, Gamma goes on.
    PlannedWindow,
    /// The exchange pauses: `/exchange/status` says so and no book moves.
    ExchangePause,
    /// The minimum tick becomes ten times finer (it goes back when the fault is over).
    TickChange,
}

impl Fault {
    /// The name used on the command line and in records.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Drop => "drop",
            Self::Close { .. } => "close",
            Self::Stall => "stall",
            Self::Silence => "silence",
            Self::Gap => "gap",
            Self::Duplicate => "duplicate",
            Self::Reorder => "reorder",
            Self::Delay { .. } => "delay",
            Self::Truncate => "truncate",
            Self::Garbage => "garbage",
            Self::SlowReader { .. } => "slow-reader",
            Self::BufferOverflow => "buffer-overflow",
            Self::ChannelError => "channel-error",
            Self::CommandTimeout => "command-timeout",
            Self::DataBeforeAck => "data-before-ack",
            Self::OlderFormat => "older-format",
            Self::Unauthorized => "unauthorized",
            Self::TooManyRequests { .. } => "too-many-requests",
            Self::Status { .. } => "status",
            Self::Refuse => "refuse",
            Self::Hang => "hang",
            Self::Flap { .. } => "flap",
            Self::ClockSkew { .. } => "clock-skew",
            Self::PlannedWindow => "planned-window",
            Self::ExchangePause => "exchange-pause",
            Self::TickChange => "tick-change",
        }
    }

    /// Whether it happens once, at its start, rather than for a while.
    pub(crate) const fn is_instant(&self) -> bool {
        matches!(self, Self::Drop | Self::Close { .. } | Self::BufferOverflow | Self::ChannelError)
    }

    /// Whether it spoils single frames and, unless told otherwise, only one.
    pub(crate) const fn is_per_frame(&self) -> bool {
        matches!(self, Self::Gap | Self::Duplicate | Self::Reorder | Self::Truncate | Self::Garbage)
    }
}

/// A fault with its place and time. Everything that is `None` means "all" or "until cleared".
///
/// The written form names the fault and then what differs from the default:
///
/// ```
/// use std::time::Duration;
/// use arb_sim::{Fault, FaultSpec, Venue};
///
/// let spec: FaultSpec = "delay:by=200ms,venue=kalshi,after=3s,for=5s".parse()?;
/// assert_eq!(spec.fault, Fault::Delay { by: Duration::from_millis(200) });
/// assert_eq!(spec.venue, Some(Venue::Kalshi));
/// assert_eq!(spec.lasts, Some(Duration::from_secs(5)));
/// # Ok::<(), arb_sim::SimError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultSpec {
    /// What goes wrong.
    pub fault: Fault,
    /// Only at this venue.
    pub venue: Option<Venue>,
    /// Only over WebSocket or only over REST.
    pub surface: Option<Surface>,
    /// Only on the connection with this number (see `Sim::connections`).
    pub connection: Option<u64>,
    /// Only for this market: a ticker, a condition id or a token id.
    pub market: Option<String>,
    /// Begins so much later.
    pub after: Duration,
    /// Ends so long after its beginning.
    pub lasts: Option<Duration>,
    /// Ends after so many frames, commands, handshakes or requests were spoiled. Faults of single
    /// frames without `times` and without `lasts` spoil one frame.
    pub times: Option<u32>,
}

impl FaultSpec {
    /// The fault everywhere, at once, until it is cleared (or once, for faults of single frames).
    #[must_use]
    pub const fn new(fault: Fault) -> Self {
        Self {
            fault,
            venue: None,
            surface: None,
            connection: None,
            market: None,
            after: Duration::ZERO,
            lasts: None,
            times: None,
        }
    }

    /// Only at this venue.
    #[must_use]
    pub const fn at(mut self, venue: Venue) -> Self {
        self.venue = Some(venue);
        self
    }

    /// Only over WebSocket or only over REST.
    #[must_use]
    pub const fn over(mut self, surface: Surface) -> Self {
        self.surface = Some(surface);
        self
    }

    /// Only on this connection.
    #[must_use]
    pub const fn on(mut self, connection: u64) -> Self {
        self.connection = Some(connection);
        self
    }

    /// Only for this market: a ticker, a condition id or a token id.
    #[must_use]
    pub fn market(mut self, name: &str) -> Self {
        self.market = Some(name.to_owned());
        self
    }

    /// Begins so much later.
    #[must_use]
    pub const fn after(mut self, delay: Duration) -> Self {
        self.after = delay;
        self
    }

    /// Ends so long after its beginning.
    #[must_use]
    pub const fn lasting(mut self, duration: Duration) -> Self {
        self.lasts = Some(duration);
        self
    }

    /// Ends after so many frames, commands, handshakes or requests.
    #[must_use]
    pub const fn times(mut self, count: u32) -> Self {
        self.times = Some(count);
        self
    }
}

/// Names one injected fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FaultId(pub(crate) u64);

/// What became of a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultRecord {
    /// Its name as given by `Sim::fault`.
    pub id: FaultId,
    /// What was asked for.
    pub spec: FaultSpec,
    /// Whether it has begun.
    pub begun: bool,
    /// Whether it is over.
    pub over: bool,
    /// How many frames, commands, handshakes, requests or connections it spoiled.
    pub hits: u64,
}

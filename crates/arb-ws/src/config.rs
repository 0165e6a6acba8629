//! What a connection may be told; every default says why.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arb_breaker::Breaker;
use time::OffsetDateTime;

use crate::backoff::{Backoff, FullJitter};
use crate::throttle::{ConnectBudget, Rate};
use crate::validate::Validate;
use crate::windows::Windows;

/// Reads the wall clock. Called once per read of the socket.
pub type Clock = Arc<dyn Fn() -> OffsetDateTime + Send + Sync>;

/// The system's wall clock, UTC.
#[expect(clippy::disallowed_methods, reason = "the one place where a received frame is stamped")]
#[must_use]
pub fn wall_clock() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

/// Configuration of one connection.
///
/// Connections to one host share a connect budget (and may share a breaker) by being given clones
/// of one configuration:
///
/// ```
/// use std::time::Duration;
/// use arb_ws::ConnectionConfig;
///
/// let mut first = ConnectionConfig::new("kalshi", 0);
/// first.stall_after = Some(Duration::from_secs(20));
/// let second = first.clone().with_connection(1);
/// assert_eq!((&*second.venue, second.connection), ("kalshi", 1));
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct ConnectionConfig {
    /// The venue's name in events, metrics and recordings.
    pub venue: Arc<str>,
    /// The connection's number within the venue.
    pub connection: u32,
    /// Time for connect, TLS and upgrade together. Default: 10 s, several times the slowest
    /// handshake of a healthy venue.
    pub connect_timeout: Duration,
    /// Time for one frame to be written. Default: 5 s; a peer that does not read is dead to us.
    pub write_timeout: Duration,
    /// The wait between attempts. Default: [`FullJitter`] from 250 ms to 15 s.
    pub backoff: Arc<dyn Backoff>,
    /// How long a link must be up before failures are forgotten. Default: 30 s; forgetting at
    /// connect lets a server that accepts and drops be hammered at the shortest wait.
    pub min_uptime: Duration,
    /// The wait after 401 and 403. Default: 30 s; more attempts cannot mend a key or a clock.
    pub refused_retry: Duration,
    /// The longest `Retry-After` that is obeyed. Default: 5 min; beyond it the venue is down and
    /// one attempt in five minutes does no harm.
    pub retry_after_max: Duration,
    /// How often a host may be dialled. Default: 20 at once, then one a second.
    pub budget: ConnectBudget,
    /// The breaker around connect, handshake and first acknowledged subscription; give clones of
    /// one to all connections of a host. Default: none.
    ///
    /// A success is the first confirmed key of a link (or the open link, where no key is wanted)
    /// and every `min_uptime` without a stall or gap after it. A failure is an attempt or a link
    /// that ends before that, a link that ends within `min_uptime`, a stall, and a gap the session
    /// reports. Planned windows, 401, 403 and our own doing count as neither.
    pub breaker: Option<Breaker>,
    /// When the venue plans to be away. Default: what is known (`data/windows.json`).
    pub windows: Windows,
    /// Ping by control frame this often. Default: 10 s. `None` sends none.
    pub ping_every: Option<Duration>,
    /// With neither a pong nor anything else for this long after a ping the link is dead.
    /// Default: 10 s.
    pub pong_within: Duration,
    /// No data on the whole connection for this long is a stall, whatever pings say: the books are
    /// suspect and the link is dropped. Default: 30 s. `None` never stalls. It is watched while
    /// at least one key is asked for and not refused.
    pub stall_after: Option<Duration>,
    /// After this much quiet one key is probed, so that a quiet market proves itself alive before
    /// it counts as stalled. Default: 15 s. `None` never probes.
    pub probe_after: Option<Duration>,
    /// Watching single keys.
    pub watch: Watch,
    /// The caller's own check of each message. Default: none.
    pub validator: Option<Arc<dyn Validate>>,
    /// Data stamped longer ago than this by the venue is refused (where the session reads a
    /// stamp). Default: none, since refusing one delta costs its book.
    pub max_message_age: Option<Duration>,
    /// Rate of our own messages (subscriptions, resyncs; not pings). Default: 10 at once, then
    /// 10 a second.
    pub send_rate: Rate,
    /// Keys in one subscribe, unsubscribe or resync call. Default: 100.
    pub chunk: usize,
    /// The most keys wanted at a time. Default: 10,000.
    pub max_keys: usize,
    /// Stamps what is received. Default: [`wall_clock`].
    pub clock: Clock,
}

impl ConnectionConfig {
    /// The defaults.
    #[must_use]
    pub fn new(venue: impl Into<Arc<str>>, connection: u32) -> Self {
        Self {
            venue: venue.into(),
            connection,
            connect_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(5),
            backoff: Arc::new(FullJitter::default()),
            min_uptime: Duration::from_secs(30),
            refused_retry: Duration::from_secs(30),
            retry_after_max: Duration::from_secs(300),
            budget: ConnectBudget::default(),
            breaker: None,
            windows: Windows::default(),
            ping_every: Some(Duration::from_secs(10)),
            pong_within: Duration::from_secs(10),
            stall_after: Some(Duration::from_secs(30)),
            probe_after: Some(Duration::from_secs(15)),
            watch: Watch::default(),
            validator: None,
            max_message_age: None,
            send_rate: Rate::new(10, Duration::from_millis(100)),
            chunk: 100,
            max_keys: 10_000,
            clock: Arc::new(wall_clock),
        }
    }

    /// The same for another connection of the venue.
    #[must_use]
    pub fn with_connection(mut self, connection: u32) -> Self {
        self.connection = connection;
        self
    }

    /// How often deadlines are looked at: a twentieth of the shortest one, so that a fault is
    /// found within 1.05 of its deadline, and never more often than every 10 ms.
    pub(crate) fn tick(&self) -> Duration {
        let watch = &self.watch;
        let silence = watch.silence.map(|silence| silence.min);
        [self.stall_after, self.probe_after, watch.first_data_within, silence]
            .into_iter()
            .flatten()
            .chain([self.pong_within, watch.ack_within, watch.redrive_within])
            .min()
            .map_or(Duration::from_millis(250), |shortest| shortest / 20)
            .clamp(Duration::from_millis(10), Duration::from_millis(250))
    }
}

impl fmt::Debug for ConnectionConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionConfig")
            .field("venue", &self.venue)
            .field("connection", &self.connection)
            .field("backoff", &self.backoff)
            .field("stall_after", &self.stall_after)
            .field("watch", &self.watch)
            .finish_non_exhaustive()
    }
}

/// When a single key is too quiet, and what is tried then: a new subscription, then a new link,
/// then another connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Watch {
    /// Acknowledgement or data must follow a subscription within this. Default: 10 s.
    pub ack_within: Duration,
    /// Data (a snapshot, where the session [marks them](crate::Session::answers_with_snapshots)) must follow a subscription
    /// within this. Default: 10 s, right where the venue answers with a snapshot; `None` for channels that may rightly say nothing (trades).
    pub first_data_within: Option<Duration>,
    /// When a key that had data is too quiet. `None` never.
    pub silence: Option<Silence>,
    /// Data must follow a new subscription or a resync within this, else the next step is taken.
    /// Default: 10 s.
    pub redrive_within: Duration,
    /// A silent key may cost its healthy siblings a new link this often. Default: 5 min.
    pub reconnect_every: Duration,
    /// The closest spacing of resyncs of one key. Default: 1 s.
    pub resync_every: Duration,
}

impl Default for Watch {
    fn default() -> Self {
        Self {
            ack_within: Duration::from_secs(10),
            first_data_within: Some(Duration::from_secs(10)),
            silence: Some(Silence::default()),
            redrive_within: Duration::from_secs(10),
            reconnect_every: Duration::from_secs(300),
            resync_every: Duration::from_secs(1),
        }
    }
}

/// A key is silent after `factor` times its own mean time between data, but not before `min` and
/// not later than `max`. Before eight gaps are known only `max` counts.
///
/// Worked: data every 4 s on average and a factor of 20 make 80 s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Silence {
    /// Times the mean time between data. Default: 20; were arrivals Poisson, e⁻²⁰ (2 in a
    /// billion) of the pauses would be longer.
    pub factor: u32,
    /// Default: 30 s, since real data comes in bursts.
    pub min: Duration,
    /// Default: 10 min.
    pub max: Duration,
}

impl Default for Silence {
    fn default() -> Self {
        Self { factor: 20, min: Duration::from_secs(30), max: Duration::from_secs(600) }
    }
}

impl Silence {
    /// Silence judged by these numbers.
    #[must_use]
    pub fn new(factor: u32, min: Duration, max: Duration) -> Self {
        Self { factor, min, max }
    }
}

//! The owner task of one connection: dial, serve, wait, again.

mod attempt;
mod deadlines;
mod live;
mod messages;
mod outlet;
mod serve;

use std::fmt;
use std::sync::Arc;

use tokio::time::{Instant, sleep_until};

use self::attempt::Attempt;
use self::outlet::Outlet;
use self::serve::Ended;
use crate::config::ConnectionConfig;
use crate::dial::Dial;
use crate::error::{Refusal, WsError};
use crate::event::{Event, Meta};
use crate::handle::{Change, Handle, Shared};
use crate::health::{LinkState, Stats};
use crate::meters;
use crate::session::{Key, Outbox, Session};
use crate::sink::Sink;
use crate::subscriptions::{Alarm, Subscriptions};

/// Why [`Connection::run`] returned.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Stopped {
    /// [`Handle::shutdown`] was called.
    Shutdown,
    /// The session gave up after this refusal.
    Refused(Refusal),
    /// Something that another attempt cannot mend: an address that cannot be dialled, a recording
    /// that is over.
    Failed(Arc<WsError>),
}

/// One supervised connection.
///
/// [`run`](Self::run) is the whole of it, one future and no task besides: whoever polls it owns
/// the connection, and dropping it closes the socket.
pub struct Connection {
    config: ConnectionConfig,
    dial: Arc<dyn Dial>,
    session: Box<dyn Session>,
    shared: Arc<Shared>,
    subscriptions: Subscriptions,
    stats: Stats,
    outbox: Outbox,
    meta: Meta,
    random: Random,
    /// Attempts and short links in a row.
    failures: u32,
    /// When a silent key last cost its siblings a new link.
    silent_reconnect_at: Option<Instant>,
    /// Since when the whole connection has been without data, where that was announced.
    stalled_since: Option<Instant>,
    keys: Vec<Key>,
    alarms: Vec<Alarm>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Connection {
    /// A connection and its handle. Nothing happens before [`run`](Self::run).
    #[must_use]
    pub fn new(
        config: ConnectionConfig,
        dial: Arc<dyn Dial>,
        session: Box<dyn Session>,
    ) -> (Self, Handle) {
        let mut stats = Stats::new(Instant::now());
        let health = stats.snapshot(Instant::now(), 0);
        let shared = Arc::new(Shared::new(config.max_keys, health));
        let handle = Handle { shared: Arc::clone(&shared) };
        let subscriptions = Subscriptions::new(config.watch, session.answers_with_snapshots());
        let connection = Self {
            dial,
            session,
            shared,
            subscriptions,
            stats,
            outbox: Outbox::default(),
            meta: Meta::new(Arc::clone(&config.venue), config.connection),
            random: Random::new(),
            failures: 0,
            silent_reconnect_at: None,
            stalled_since: None,
            keys: Vec::new(),
            alarms: Vec::new(),
            config,
        };
        (connection, handle)
    }

    /// Runs until [`Handle::shutdown`], or until an attempt fails in a way that no later one can
    /// mend.
    ///
    /// The future is `Send` if the sink is.
    ///
    /// # Panics
    /// If the session panics; only sinks and validators are isolated.
    ///
    /// # Cancel safety
    /// Dropping the future closes the socket without a close frame and without a last event.
    pub async fn run<S: Sink>(mut self, sink: S) -> Stopped {
        let mut outlet = Outlet::new(sink);
        let stopped = loop {
            self.take_wishes(Instant::now());
            if self.shared.is_shutdown() {
                break Stopped::Shutdown;
            }
            let wait = match self.attempt(&mut outlet).await {
                Attempt::Open(live) => match self.serve(live, &mut outlet).await {
                    Ended::Shutdown => break Stopped::Shutdown,
                    Ended::Lost { retry_in } => retry_in,
                },
                Attempt::Failed { retry_in } => retry_in,
                Attempt::Stopped(stopped) => break stopped,
            };
            self.rest_until(Instant::now() + wait).await;
        };
        self.stats.state = LinkState::Stopped;
        self.publish(Instant::now());
        stopped
    }

    /// Waits, and takes wishes meanwhile. Returns early on shutdown.
    async fn rest_until(&mut self, due: Instant) {
        self.publish(Instant::now());
        while !self.shared.is_shutdown() {
            tokio::select! {
                biased;
                () = self.shared.wake.notified() => { self.take_wishes(Instant::now()); }
                () = sleep_until(due) => return,
            }
        }
    }

    /// Takes up what the handles asked for. Returns whether a new link was asked for.
    fn take_wishes(&mut self, now: Instant) -> bool {
        let wishes = self.shared.take_wishes();
        for (key, change) in &wishes.changes {
            match change {
                Change::Subscribe => self.subscriptions.add(key, now),
                Change::Unsubscribe => self.subscriptions.remove(key),
                Change::Resync => self.subscriptions.resync(key, now),
                Change::Renew => {
                    self.subscriptions.remove(key);
                    self.subscriptions.add(key, now);
                }
            }
        }
        if wishes.resync_all {
            self.subscriptions.resync_all(now);
        }
        self.stats.counts.wanted = self.subscriptions.len();
        wishes.reconnect
    }

    fn publish(&mut self, now: Instant) {
        let health = self.stats.snapshot(now, self.meta.session);
        meters::publish(&self.meta, &health);
        self.shared.publish(health);
    }

    pub(crate) fn number(&self) -> u32 {
        self.config.connection
    }

    /// An event of our own making, stamped now.
    fn tell<S: Sink>(&mut self, outlet: &mut Outlet<S>, event: &Event) {
        self.meta.received_at = (self.config.clock)();
        self.tell_at_frame(outlet, event);
    }

    /// An event that belongs to the frame in hand and shares its stamp.
    fn tell_at_frame<S: Sink>(&mut self, outlet: &mut Outlet<S>, event: &Event) {
        self.note(event);
        if !outlet.event(&self.meta, event) {
            self.stats.panics += 1;
        }
    }
}

impl Connection {
    /// Counts and logs what is rare enough for it.
    fn note(&mut self, event: &Event) {
        let (venue, connection) = (&*self.meta.venue, self.meta.connection);
        match event {
            Event::Connected { took } => {
                meters::connect(&self.meta, "open");
                tracing::info!(venue, connection, session = self.meta.session, ?took, "connected");
            }
            Event::ConnectFailed { error, failures, retry_in, planned } => {
                meters::connect(&self.meta, "failed");
                let error: &dyn std::error::Error = &**error;
                if *planned {
                    tracing::info!(venue, connection, error, ?retry_in, "away as planned");
                } else {
                    tracing::warn!(venue, connection, error, failures, ?retry_in, "cannot connect");
                }
            }
            Event::Disconnected { cause, uptime, planned } => {
                meters::disconnect(&self.meta, cause.label(), *planned);
                tracing::info!(venue, connection, ?cause, ?uptime, planned, "disconnected");
            }
            Event::Blocked { retry_in } => {
                meters::connect(&self.meta, "blocked");
                tracing::warn!(venue, connection, ?retry_in, "the breaker is open");
            }
            Event::Gap { cause, keys } => {
                self.stats.gaps += 1;
                tracing::debug!(venue, connection, ?cause, ?keys, "messages lost");
            }
            Event::Stalled { keys, silent_for } => {
                tracing::warn!(venue, connection, ?keys, ?silent_for, "no data");
            }
            Event::Resumed { keys, after } => {
                tracing::info!(venue, connection, ?keys, ?after, "data again");
            }
            Event::SubscriptionFailed { key, reason } => {
                tracing::warn!(venue, connection, %key, %reason, "subscription refused");
            }
            Event::Surrendered { key } => {
                tracing::warn!(venue, connection, %key, "no data by any means; key given up");
            }
        }
    }
}

/// Jitter needs no more than an unpredictable start and a decent spread (splitmix64).
#[derive(Debug)]
struct Random(u64);

impl Random {
    fn new() -> Self {
        use std::hash::{BuildHasher, RandomState};
        Self(RandomState::new().hash_one(0_u8))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

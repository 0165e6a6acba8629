//! One venue's feed as a program puts it together – session, connection, books – against a simulated venue, in virtual time.
//!
//! The sockets are real, the clocks are tokio's paused one: time passes only when every task waits, so deadlines are exact
//! and a busy machine changes nothing. Bytes under way are not a task, so each hop may cost the few milliseconds to the next
//! timer.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arb_breaker::{Breaker, BreakerConfig};
use arb_normalize::books::{Books, FrameReport};
use arb_normalize::{BookState, Decode, Ladder, Timestamp, Venue, decoder};
use arb_sim::Sim;
use arb_venues::ClockOffset;
use arb_venues::kalshi::{KalshiCredentials, KalshiSession};
use arb_venues::polymarket::PolymarketSession;
use arb_ws::{
    Connection, ConnectionConfig, Dial, Event, FullJitter, Handle, Handshake, Keys, Link, Meta,
    Session, Silence, Sink, TungsteniteDial, WsError,
};
use time::OffsetDateTime;
use time::macros::datetime;
use tokio::time::Instant;

use crate::oracle::{Oracle, Touch};

/// Every deadline of the chaos configuration.
pub const DEADLINE: Duration = Duration::from_secs(1);
/// The longest wait between attempts, and how long the breaker stays open.
pub const CAP: Duration = Duration::from_millis(500);
/// How often books and truth are compared: a turn of the simulated venues.
pub const TURN: Duration = Duration::from_millis(10);
/// When every simulation begins: a Wednesday without planned windows.
pub const START: OffsetDateTime = datetime!(2026-11-18 15:00 UTC);

/// The other side's name of a venue.
#[must_use]
pub const fn simulated(venue: Venue) -> arb_sim::Venue {
    match venue {
        Venue::Kalshi => arb_sim::Venue::Kalshi,
        _ => arb_sim::Venue::Polymarket,
    }
}

/// A pair of sockets through which a byte is sent when everything sent before it shall have arrived.
#[derive(Debug)]
pub struct Barrier([TcpStream; 2]);

impl Barrier {
    /// A new pair.
    ///
    /// # Panics
    /// When the loopback interface cannot be used.
    #[must_use]
    #[expect(
        clippy::expect_used,
        clippy::new_without_default,
        reason = "a test stops at the first surprise"
    )]
    pub fn new() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let near = TcpStream::connect(address).expect("it listens");
        let (far, _) = listener.accept().expect("somebody has connected");
        Self([near, far])
    }

    #[expect(clippy::expect_used, reason = "a test stops at the first surprise")]
    fn pass(&mut self) {
        let [near, far] = &mut self.0;
        near.write_all(b"!").expect("the other end is open");
        far.read_exact(&mut [0]).expect("the other end is open");
    }
}

/// Keeps virtual time from running away from the kernel, whose loopback packets wait for a processor on a busy machine: each
/// turn waits until a byte sent after all others has arrived, and lasts a real millisecond at least.
pub async fn hold_back_time(mut barrier: Barrier) {
    let mut turns = tokio::time::interval(TURN);
    loop {
        turns.tick().await;
        std::thread::sleep(Duration::from_millis(1));
        barrier.pass();
    }
}

/// The defaults, in virtual time.
#[must_use]
pub fn patient_config(venue: Venue, connection: u32) -> ConnectionConfig {
    let mut config = ConnectionConfig::new(venue.as_str(), connection);
    let start = Instant::now();
    config.clock = Arc::new(move || START + start.elapsed());
    config
}

/// The configuration whose deadlines the chaos tests hold feeds to.
#[must_use]
pub fn chaos_config(venue: Venue, connection: u32) -> ConnectionConfig {
    let mut config = patient_config(venue, connection);
    config.connect_timeout = DEADLINE;
    config.backoff = Arc::new(FullJitter { base: Duration::from_millis(50), cap: CAP });
    config.refused_retry = CAP;
    config.retry_after_max = CAP;
    config.ping_every = Some(DEADLINE / 2);
    config.pong_within = DEADLINE;
    config.stall_after = Some(DEADLINE);
    config.probe_after = Some(DEADLINE / 2);
    config.watch.ack_within = DEADLINE;
    config.watch.first_data_within = Some(DEADLINE);
    config.watch.silence = Some(Silence::new(20, DEADLINE, DEADLINE));
    config.watch.redrive_within = DEADLINE;
    config.watch.reconnect_every = DEADLINE;
    config.watch.resync_every = Duration::from_millis(100);
    let clock = arb_breaker::Clock::new(|| Instant::now().into_std());
    let breaker =
        BreakerConfig::default().with_open_time(CAP).with_growth(1, CAP).with_clock(clock);
    config.breaker = Breaker::new(format!("ws.{venue}"), breaker).ok();
    config
}

/// The venue's own dialect for its simulated double.
///
/// # Panics
/// When the simulator's key is refused.
#[must_use]
#[expect(clippy::expect_used, reason = "a test stops at the first surprise")]
pub fn session(sim: &Sim, venue: Venue) -> Box<dyn Session> {
    match venue {
        Venue::Kalshi => {
            let key = sim.kalshi_credentials();
            let key = KalshiCredentials::from_pem(&key.key_id, &key.private_key_pem);
            let key = Arc::new(key.expect("the simulator's key is sound"));
            let clock = ClockOffset::new("kalshi");
            Box::new(KalshiSession::new(&sim.kalshi_ws_url(), key, clock))
        }
        _ => Box::new(PolymarketSession::new(&sim.polymarket_ws_url())),
    }
}

/// What one connection is asked for: tickers, or first tokens with the condition ids they belong to.
#[derive(Debug, Clone)]
pub struct Market {
    /// What is subscribed.
    pub key: String,
    /// What the simulator calls it.
    pub name: String,
}

/// The paired markets of a venue.
///
/// # Panics
/// When the simulator's list cannot be read.
#[must_use]
#[expect(clippy::expect_used, reason = "a test stops at the first surprise")]
pub fn markets(sim: &Sim, venue: Venue) -> Vec<Market> {
    let pairs: Vec<BTreeMap<String, serde_json::Value>> =
        serde_json::from_str(&sim.approved_pairs_json()).expect("the list is JSON");
    let (key, name) = match venue {
        Venue::Kalshi => ("kalshi", "kalshi"),
        _ => ("polymarket_yes", "condition_id"),
    };
    let text = |pair: &BTreeMap<String, serde_json::Value>, field: &str| {
        pair[field].as_str().unwrap_or_default().to_owned()
    };
    pairs.iter().map(|pair| Market { key: text(pair, key), name: text(pair, name) }).collect()
}

/// Dials real sockets and notes when.
#[derive(Debug)]
pub struct TimedDial {
    dial: TungsteniteDial,
    /// When the last attempt began.
    pub dialled_at: Mutex<Option<Instant>>,
}

#[async_trait::async_trait]
impl Dial for TimedDial {
    async fn dial(&self, handshake: &Handshake) -> Result<Box<dyn Link>, WsError> {
        if let Ok(mut at) = self.dialled_at.lock() {
            *at = Some(Instant::now());
        }
        self.dial.dial(handshake).await
    }
}

/// Books that stopped being Live in one frame or event.
#[derive(Debug, Clone, Copy)]
pub struct Fall {
    /// When.
    pub at: Instant,
    /// How many are Live after it.
    pub live: usize,
}

/// How long something took to be found.
#[derive(Debug, Clone)]
pub struct Found {
    /// The event that told of it.
    pub by: &'static str,
    /// From the last data, or from the beginning of the attempt.
    pub after: Duration,
    /// When it was found.
    pub at: Instant,
}

/// Whose word a keeper takes where connection and books both find a fault: with both, a fault that one of them misses is
/// still found by the other, so each is also tried alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heeds {
    /// Both, as a program does.
    Both,
    /// The books: gaps that the connection tells of change none.
    Books,
    /// The connection: what the books need is not asked for.
    Connection,
}

/// Books kept from what a connection receives, each frame judged by the oracle.
pub struct Keeper {
    /// Whose word it takes.
    pub heeds: Heeds,
    /// The books.
    pub books: Books,
    /// When each may be quoted.
    pub oracle: Oracle,
    /// Quotes given against the oracle.
    pub violations: Vec<String>,
    /// When Live books stopped being so, an entry a frame or event.
    pub falls: Vec<Fall>,
    /// When the last of all books became Live.
    pub all_live_at: Option<Instant>,
    /// What watchdogs found.
    pub found: Vec<Found>,
    /// Called once, before the next command is sent.
    pub before_sending: Option<Box<dyn FnOnce()>>,
    /// Messages so far.
    pub messages: u64,
    /// Commands sent so far.
    pub commands: u64,
    /// Links so far.
    pub links: u64,
    /// Gaps told by the connection or seen by the books.
    pub gaps: u64,
    judged: bool,
    keys: Vec<String>,
    were_live: usize,
    decoder: Box<dyn Decode>,
    report: FrameReport,
    handle: Handle,
    dial: Arc<TimedDial>,
    last_data: Option<Instant>,
    last_data_of: HashMap<String, Instant>,
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").field("messages", &self.messages).finish_non_exhaustive()
    }
}

impl Keeper {
    /// The prices a market is quoted at.
    #[must_use]
    pub fn quote(&self, key: &str) -> Option<Touch> {
        let quote = self.books.get(self.books.book_id(key)?).quote()?;
        let price = |level: Option<arb_normalize::Level>| level.map(|level| level.price.micros());
        Some((price(quote.bid), price(quote.ask)))
    }

    /// The state of a market's book.
    #[must_use]
    pub fn state(&self, key: &str) -> BookState {
        self.books.book_id(key).map_or(BookState::Empty, |id| self.books.get(id).state())
    }

    /// Best prices, or every level, in millionths; `None` for a market without a book.
    #[must_use]
    pub fn levels(&self, key: &str, all: bool) -> Option<Levels> {
        let book = self.books.get(self.books.book_id(key)?).book();
        Some([book.bids(), book.asks()].map(|side| side_of(side, all)))
    }

    fn judge(&mut self, about: &str) {
        if !self.judged {
            return;
        }
        let live = self.keys.iter().filter(|key| self.state(key) == BookState::Live).count();
        if live < self.were_live {
            self.falls.push(Fall { at: Instant::now(), live });
        } else if live > self.were_live && live == self.keys.len() {
            self.all_live_at = Some(Instant::now());
        }
        self.were_live = live;
        for key in &self.keys {
            if self.quote(key).is_some() && !self.oracle.trusts(key) {
                self.violations.push(format!("{key} is quoted after {about}"));
            }
        }
    }

    fn found(&mut self, by: &'static str, since: Option<Instant>) {
        if let Some(since) = since {
            self.found.push(Found { by, after: since.elapsed(), at: Instant::now() });
        }
    }
}

/// Bids and asks, best first: price and size in millionths. Sizes are zero where only prices count.
pub type Levels = [Vec<(u64, u64)>; 2];

fn side_of(side: Ladder<'_>, all: bool) -> Vec<(u64, u64)> {
    let levels = side.take(if all { usize::MAX } else { 1 });
    levels.map(|l| (u64::from(l.price.micros()), if all { l.size.micros() } else { 0 })).collect()
}

/// The same of the venue's own book.
///
/// # Panics
/// When the simulator does not know the market.
#[must_use]
#[expect(clippy::expect_used, reason = "a test stops at the first surprise")]
pub fn truth(sim: &Sim, market: &Market, all: bool) -> Levels {
    let book = sim.truth(&market.name).expect("the market exists");
    [book.bids, book.asks].map(|side| {
        let levels = side.into_iter().take(if all { usize::MAX } else { 1 });
        levels
            .map(|(price, size)| {
                let size = if all { size.millionths().unsigned_abs() } else { 0 };
                (price.ten_thousandths().unsigned_abs() * 100, size)
            })
            .collect()
    })
}

impl Sink for Keeper {
    fn on_message(&mut self, meta: &Meta, payload: &[u8]) {
        self.messages += 1;
        let at = Timestamp::from_nanos(meta.received_at_ns());
        let mut asks: Vec<String> = Vec::new();
        if let Ok(decoded) = self.decoder.decode(payload) {
            self.books.apply(meta.connection, at, &decoded, &mut self.report);
            self.gaps += u64::from(self.report.gaps);
            let now = Instant::now();
            for id in &self.report.touched {
                self.last_data = Some(now);
                self.last_data_of.insert(self.books.market(*id).to_owned(), now);
            }
            for need in &self.report.needs {
                asks.extend(need.markets(&self.books).map(str::to_owned));
            }
        } else {
            self.books.connection_closed(meta.connection, at, &mut self.report);
            self.handle.resync_all();
        }
        if self.heeds != Heeds::Connection {
            self.handle.resync(asks);
        }
        if self.judged {
            let mut oracle = std::mem::replace(&mut self.oracle, Oracle::new(Venue::Kalshi));
            oracle.take(payload, |key| self.quote(key));
            self.oracle = oracle;
            self.judge(&String::from_utf8_lossy(payload));
        }
    }

    fn on_event(&mut self, meta: &Meta, event: &Event) {
        let at = Timestamp::from_nanos(meta.received_at_ns());
        let connection = meta.connection;
        match event {
            Event::Connected { .. } => {
                self.links += 1;
                self.oracle.opened();
                self.books.connection_opened(connection, at);
            }
            Event::Disconnected { .. } => {
                self.oracle.distrust_all();
                self.books.connection_closed(connection, at, &mut self.report);
            }
            Event::ConnectFailed { error, .. } => {
                if matches!(**error, WsError::ConnectTimeout { .. }) {
                    let since = self.dial.dialled_at.lock().ok().and_then(|at| *at);
                    self.found("connect timeout", since);
                }
            }
            Event::Gap { .. } if self.heeds == Heeds::Books => self.gaps += 1,
            Event::Stalled { keys, .. } | Event::Gap { keys, .. } => {
                self.gaps += u64::from(matches!(event, Event::Gap { .. }));
                let stalled = matches!(event, Event::Stalled { .. });
                match keys {
                    Keys::All => {
                        if stalled {
                            self.found("stall of the connection", self.last_data);
                        }
                        self.books.connection_closed(connection, at, &mut self.report);
                    }
                    Keys::These(keys) => {
                        for key in keys.iter() {
                            if stalled {
                                let since = self.last_data_of.get(&**key).copied();
                                self.found("silence of the key", since);
                            }
                            if let Some(id) = self.books.book_id(key) {
                                self.books.suspect(id, &mut self.report);
                            }
                        }
                    }
                }
            }
            _ => {}
        }
        self.judge(&format!("{event:?}"));
    }

    fn on_sent(&mut self, _meta: &Meta, payload: &[u8]) {
        if payload == b"PING" {
            return;
        }
        self.commands += 1;
        if let Some(act) = self.before_sending.take() {
            act();
        }
    }
}

/// A running connection and its books.
#[derive(Debug)]
pub struct Feed {
    /// The books and what was seen.
    pub keeper: Rc<RefCell<Keeper>>,
    /// The connection's handle.
    pub handle: Handle,
    /// What it is to carry.
    pub markets: Vec<Market>,
    connection: Option<Connection>,
}

impl Feed {
    /// A feed that has not been started. `judged` feeds have each frame checked by the oracle.
    ///
    /// # Panics
    /// When TLS cannot be set up.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test stops at the first surprise")]
    pub fn new(
        sim: &Sim,
        venue: Venue,
        config: ConnectionConfig,
        markets: Vec<Market>,
        judged: bool,
    ) -> Self {
        let dial = TungsteniteDial::new().expect("TLS can be set up");
        let dial = Arc::new(TimedDial { dial, dialled_at: Mutex::new(None) });
        let (connection, handle) = Connection::new(config, dial.clone(), session(sim, venue));
        let keeper = Rc::new(RefCell::new(Keeper {
            heeds: Heeds::Both,
            books: Books::new(venue),
            oracle: Oracle::new(venue),
            violations: Vec::new(),
            falls: Vec::new(),
            all_live_at: None,
            were_live: 0,
            found: Vec::new(),
            before_sending: None,
            messages: 0,
            commands: 0,
            links: 0,
            gaps: 0,
            judged,
            keys: markets.iter().map(|market| market.key.clone()).collect(),
            decoder: decoder(venue),
            report: FrameReport::default(),
            handle: handle.clone(),
            dial,
            last_data: None,
            last_data_of: HashMap::new(),
        }));
        Self { keeper, handle, markets, connection: Some(connection) }
    }

    /// Runs the connection on the local set.
    pub fn start(&mut self) {
        if let Some(connection) = self.connection.take() {
            tokio::task::spawn_local(connection.run(self.keeper.clone()));
        }
    }

    /// Asks for every market.
    ///
    /// # Panics
    /// When there are more than the connection allows.
    #[expect(clippy::expect_used, reason = "a test stops at the first surprise")]
    pub fn subscribe(&self) {
        let keys = self.markets.iter().map(|market| market.key.as_str());
        self.handle.subscribe(keys).expect("there are few enough");
    }

    /// Waits until a condition holds, looked at every turn; `false` when it takes longer than `within`.
    pub async fn until(&self, within: Duration, holds: impl Fn(&Keeper) -> bool) -> bool {
        let deadline = Instant::now() + within;
        while !holds(&self.keeper.borrow()) {
            if Instant::now() >= deadline {
                return false;
            }
            tokio::time::sleep(TURN).await;
        }
        true
    }

    /// Waits until every book is Live.
    pub async fn until_live(&self, within: Duration) -> bool {
        let live = |keeper: &Keeper| {
            self.markets.iter().all(|market| keeper.state(&market.key) == BookState::Live)
        };
        self.until(within, live).await
    }

    /// The markets whose book is not Live or differs from the venue's.
    #[must_use]
    pub fn wrong(&self, sim: &Sim, all: bool) -> Vec<String> {
        let keeper = self.keeper.borrow();
        let is_wrong = |market: &&Market| {
            keeper.state(&market.key) != BookState::Live
                || keeper.levels(&market.key, all) != Some(truth(sim, market, all))
        };
        self.markets.iter().filter(is_wrong).map(|market| market.name.clone()).collect()
    }

    /// Waits until every book is Live and equals the venue's, which stands still.
    pub async fn until_equal(&self, sim: &Sim, all: bool, within: Duration) -> Vec<String> {
        let deadline = Instant::now() + within;
        loop {
            let wrong = self.wrong(sim, all);
            if wrong.is_empty() || Instant::now() >= deadline {
                return wrong;
            }
            tokio::time::sleep(TURN).await;
        }
    }
}

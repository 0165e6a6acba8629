//! Everything the venues know, behind one lock: markets, books, connections, faults, plants.

mod control;
mod market;
mod plant;
mod quotes;
mod turns;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use time::OffsetDateTime;
use tokio::time::Instant;

use crate::book::{Change, Side, TruthBook};
use crate::catalogue::{Listings, Start, append_synthetic, standard};
use crate::clock::Clock;
use crate::config::{Catalogue, SimConfig};
use crate::connection::{Client, Connection, Frame};
use crate::error::SimError;
use crate::fault::{ActiveFaults, Fault, Place, Surface, Venue};
use crate::random::Random;
use crate::units::Price;

pub(crate) use self::market::{Market, Status};
pub(crate) use self::plant::Plants;
pub use self::plant::{Outcome, Planted};

/// Counts of one venue since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VenueStats {
    /// WebSocket handshakes that arrived, refused ones included.
    pub handshakes: u64,
    /// Handshakes that were refused.
    pub refused: u64,
    /// REST requests that arrived, refused ones included.
    pub requests: u64,
    /// Text frames written to sockets.
    pub frames: u64,
}

/// The state of both venues.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) config: SimConfig,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    pub(crate) listings: Listings,
    pub(crate) markets: Vec<Market>,
    /// Listing to market, for each venue.
    pub(crate) kalshi_markets: Vec<usize>,
    pub(crate) polymarket_markets: Vec<usize>,
    /// Ticker, condition id or token id to a market and whether it is the second token.
    names: HashMap<String, (usize, bool)>,
    pub(crate) connections: BTreeMap<u64, Connection>,
    next_connection: u64,
    pub(crate) faults: ActiveFaults,
    pub(crate) plants: Plants,
    pub(crate) stats: [VenueStats; 2],
    pub(crate) paused: bool,
    quotes_due: f64,
    ticked: Instant,
    next_drift: Instant,
    next_close_check: Instant,
    /// Faults have begun or ended since this was asked last.
    pub(crate) faults_turned: bool,
    /// Signed Kalshi REST calls left in the bucket, in thousandths, and when it was filled last.
    pub(crate) calls: (i64, Instant),
    /// Fees of single events, in the order they were set.
    pub(crate) event_fees: Vec<EventFee>,
}

/// A fee multiplier of one event, over its series'.
#[derive(Debug)]
pub(crate) struct EventFee {
    pub(crate) event: usize,
    /// Hundredths; `None` gives way to the series.
    pub(crate) multiplier: Option<i64>,
    pub(crate) at: OffsetDateTime,
}

/// The world and its lock; a panic while holding it leaves the world usable.
#[derive(Debug)]
pub(crate) struct Shared(Mutex<World>);

impl Shared {
    pub(crate) fn new(world: World) -> Self {
        Self(Mutex::new(world))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl World {
    pub(crate) fn new(config: SimConfig) -> Self {
        let clock = Clock::starting_at(config.now);
        let listings = match config.catalogue {
            Catalogue::Standard => standard(clock.now()),
            Catalogue::Synthetic { pairs } => {
                let mut listings = Listings::default();
                append_synthetic(&mut listings, clock.now(), pairs);
                listings
            }
        };
        let now = Instant::now();
        let mut world = Self {
            random: Random::new(config.seed),
            clock,
            markets: Vec::new(),
            kalshi_markets: Vec::new(),
            polymarket_markets: Vec::new(),
            names: HashMap::new(),
            connections: BTreeMap::new(),
            next_connection: 0,
            faults: ActiveFaults::default(),
            plants: Plants::new(now),
            stats: [VenueStats::default(); 2],
            paused: false,
            quotes_due: 0.0,
            ticked: now,
            next_drift: now + config.drift_every,
            next_close_check: now,
            faults_turned: false,
            calls: (0, now),
            event_fees: Vec::new(),
            listings,
            config,
        };
        world.calls.0 = i64::from(world.config.signed_calls_per_second) * 3_000;
        world.open_markets();
        world
    }

    /// Makes markets of the listings that have none yet.
    pub(crate) fn open_markets(&mut self) {
        let first = self.markets.len();
        for index in self.kalshi_markets.len()..self.listings.kalshi.len() {
            let listed = &self.listings.kalshi[index];
            let at = self.markets.len();
            self.names.insert(listed.ticker.clone(), (at, false));
            self.markets.push(Market::new(Venue::Kalshi, index, listed.anchor, listed.start));
            self.kalshi_markets.push(at);
        }
        for index in self.polymarket_markets.len()..self.listings.polymarket.len() {
            let listed = &self.listings.polymarket[index];
            let at = self.markets.len();
            self.names.insert(listed.condition_id.clone(), (at, false));
            for (which, token) in listed.tokens.iter().enumerate() {
                self.names.insert(token.clone(), (at, which == 1));
            }
            let mut market = Market::new(Venue::Polymarket, index, listed.anchor, listed.start);
            market.tick = listed.tick;
            self.markets.push(market);
            self.polymarket_markets.push(at);
        }
        for market in first..self.markets.len() {
            self.markets[market].id = self.random.uuid();
            if self.markets[market].start != Start::Settled {
                self.fill_book(market);
            }
        }
    }

    /// The two markets of a pair, Kalshi's first.
    pub(crate) fn legs(&self, pair: usize) -> [usize; 2] {
        let pair = &self.listings.pairs[pair];
        [self.kalshi_markets[pair.kalshi], self.polymarket_markets[pair.polymarket]]
    }

    /// What the venue believes the time is, a skewed clock included.
    pub(crate) fn venue_now(&self, venue: Venue) -> OffsetDateTime {
        let skew = time::Duration::milliseconds(self.faults.skew(venue));
        self.clock.now().saturating_add(skew)
    }

    /// A market by ticker, condition id or token id, and whether the name is its second token.
    pub(crate) fn find(&self, name: &str) -> Option<(usize, bool)> {
        self.names.get(name).copied()
    }

    /// A market that clients may know about.
    pub(crate) fn find_listed(&self, venue: Venue, name: &str) -> Option<(usize, bool)> {
        let (market, second) = self.find(name)?;
        let known = &self.markets[market];
        (known.venue == venue && known.status != Status::Unlisted).then_some((market, second))
    }

    pub(crate) fn need(&self, name: &str) -> Result<usize, SimError> {
        let found = self.find(name).map(|(market, _)| market);
        found.ok_or_else(|| SimError::UnknownMarket { name: name.to_owned() })
    }

    /// The name a market goes by: ticker or condition id.
    pub(crate) fn name(&self, market: usize) -> &str {
        let Market { venue, listing, .. } = self.markets[market];
        match venue {
            Venue::Kalshi => &self.listings.kalshi[listing].ticker,
            Venue::Polymarket => &self.listings.polymarket[listing].condition_id,
        }
    }

    /// The names of a venue's listed markets.
    pub(crate) fn listed(&self, venue: Venue) -> Vec<String> {
        (0..self.markets.len())
            .filter(|&market| self.markets[market].venue == venue)
            .filter(|&market| self.markets[market].status != Status::Unlisted)
            .map(|market| self.name(market).to_owned())
            .collect()
    }

    pub(crate) fn take_faults_turned(&mut self) -> bool {
        std::mem::take(&mut self.faults_turned)
    }

    pub(crate) fn truth(&self, market: usize) -> TruthBook {
        TruthBook::from(&self.markets[market].book)
    }

    pub(crate) fn connect(&mut self, client: Client) -> u64 {
        self.next_connection += 1;
        let id = self.next_connection;
        let connection =
            Connection::new(id, client, self.config.send_buffer_frames, self.clock.now());
        self.connections.insert(id, connection);
        id
    }

    pub(crate) fn stats_of(&mut self, venue: Venue) -> &mut VenueStats {
        &mut self.stats[usize::from(venue == Venue::Polymarket)]
    }

    /// Connections that follow this market's book.
    pub(crate) fn followers(&self, market: usize) -> Vec<u64> {
        let venue = self.markets[market].venue;
        self.connections
            .values()
            .filter(|c| c.client.venue() == venue && c.client.follows(market))
            .map(|c| c.id)
            .collect()
    }

    /// Applies changes to a book and tells whoever follows it. `plant` marks the frames that carry
    /// a planted opportunity.
    pub(crate) fn change(&mut self, market: usize, changes: &[Change], plant: Option<usize>) {
        let before = self.touch(market);
        let mut deltas = Vec::with_capacity(changes.len());
        for &change in changes {
            let delta = self.markets[market].book.set(change);
            if delta.0 != 0 {
                deltas.push((change, delta));
            }
        }
        if deltas.is_empty() || self.markets[market].status != Status::Active {
            return;
        }
        let touched = before != self.touch(market);
        match self.markets[market].venue {
            Venue::Kalshi => self.kalshi_changed(market, &deltas, touched, plant),
            Venue::Polymarket => self.polymarket_changed(market, &deltas, touched, plant),
        }
    }

    fn touch(&self, market: usize) -> [Option<Price>; 2] {
        let book = &self.markets[market].book;
        [Side::Bid, Side::Ask].map(|side| book.best(side).map(|best| best.0))
    }

    pub(crate) fn place(&self, connection: u64, market: Option<usize>) -> Place {
        let venue = self
            .connections
            .get(&connection)
            .map_or(Venue::Kalshi, |connection| connection.client.venue());
        Place { venue, surface: Surface::WebSocket, connection: Some(connection), market }
    }

    /// Whether a market's frames are withheld on this connection (no number is used for them).
    pub(crate) fn withheld(&mut self, connection: u64, market: usize) -> bool {
        let place = self.place(connection, Some(market));
        let polymarket = place.venue == Venue::Polymarket;
        self.faults
            .hit(place, |fault| match fault {
                Fault::Silence => true,
                Fault::Stall => polymarket,
                _ => false,
            })
            .is_some()
    }

    /// Puts a frame of market data into a connection's queue, past the faults that spoil frames.
    pub(crate) fn deliver(&mut self, connection: u64, market: Option<usize>, mut frame: Frame) {
        let place = self.place(connection, market);
        let Some(target) = self.connections.get_mut(&connection) else { return };
        if !self.faults.any() {
            target.push(frame);
            target.release_held();
            return;
        }
        let lost = |fault: &Fault| matches!(fault, Fault::Stall | Fault::Gap);
        if self.faults.hit(place, lost).is_some() {
            return;
        }
        match self.faults.hit(place, |f| matches!(f, Fault::Garbage | Fault::Truncate)) {
            Some(Fault::Garbage) => frame.spoil("{]\u{fffd}#! not json"),
            Some(_) => frame.halve(),
            None => {}
        }
        if let Some(Fault::Delay { by }) =
            self.faults.hit(place, |fault| matches!(fault, Fault::Delay { .. }))
        {
            frame.due = Some(Instant::now() + by);
        }
        if self.faults.hit(place, |fault| *fault == Fault::Duplicate).is_some() {
            target.push(frame.clone());
        }
        if target.held.is_none()
            && self.faults.hit(place, |fault| *fault == Fault::Reorder).is_some()
        {
            target.held = Some((frame, Instant::now()));
            return;
        }
        target.push(frame);
        target.release_held();
    }

    /// Puts an answer into a connection's queue; only what already waits there comes before it.
    pub(crate) fn reply(&mut self, connection: u64, text: String) {
        if let Some(target) = self.connections.get_mut(&connection) {
            target.push(Frame::text(text));
        }
    }
}

//! The handle: addresses, credentials, truth, faults, control.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};

use crate::book::{Side, TruthBook};
use crate::catalogue::LookAlike;
use crate::config::SimConfig;
use crate::connection::{Client, ConnectionInfo};
use crate::credentials::{KalshiCredentials, KeyRing};
use crate::error::SimError;
use crate::fault::{FaultId, FaultRecord, FaultSpec, Venue};
use crate::http::{Backstage, Endpoint, Listener};
use crate::units::{Price, Quantity};
use crate::world::{Planted, Shared, VenueStats, World};

/// Time between two turns of the simulation.
const TURN: Duration = Duration::from_millis(10);

/// Both venues, running. Dropping it ends every task; [`Sim::shutdown`] also waits for them.
#[derive(Debug)]
pub struct Sim {
    backstage: Arc<Backstage>,
    addresses: [SocketAddr; 5],
    tasks: JoinSet<()>,
}

impl Sim {
    /// Opens the sockets and starts both venues.
    ///
    /// # Errors
    /// [`SimError::Listen`] when a port is taken, [`SimError::Key`] when a key is not usable.
    ///
    /// # Cancel safety
    /// Cancelled, it leaves nothing behind.
    #[expect(clippy::unused_async, reason = "it needs a runtime, and says so by its form")]
    pub async fn start(config: SimConfig) -> Result<Self, SimError> {
        let keys = KeyRing::new(&config.accepted_keys)?;
        let mut listeners = Vec::new();
        for (offset, endpoint) in (0..).zip(Endpoint::ALL) {
            let port = config.first_port.map_or(0, |first: u16| first.saturating_add(offset));
            listeners.push(Listener::open(endpoint, SocketAddr::new(config.address, port))?);
        }
        let mut addresses = [SocketAddr::new(config.address, 0); 5];
        for (address, listener) in addresses.iter_mut().zip(&listeners) {
            *address = listener.address;
        }
        let backstage = Arc::new(Backstage {
            shared: Shared::new(World::new(config)),
            keys,
            faults_changed: Notify::new(),
        });
        let mut tasks = JoinSet::new();
        for listener in listeners {
            tasks.spawn(listener.serve(Arc::clone(&backstage)));
        }
        let engine = Arc::clone(&backstage);
        tasks.spawn(async move {
            let mut turns = tokio::time::interval(TURN);
            turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                turns.tick().await;
                let changed = {
                    let mut world = engine.shared.lock();
                    world.turn(Instant::now());
                    world.take_faults_turned()
                };
                if changed {
                    engine.faults_changed.notify_waiters();
                }
            }
        });
        Ok(Self { backstage, addresses, tasks })
    }

    /// Ends both venues: sockets close, tasks are gone when it returns.
    ///
    /// # Cancel safety
    /// Cancelled, the tasks end all the same.
    pub async fn shutdown(mut self) {
        self.tasks.shutdown().await;
    }

    /// What the simulation's clock says (venues whose clock is skewed by a fault say something else).
    #[must_use]
    pub fn now(&self) -> time::OffsetDateTime {
        self.backstage.shared.lock().clock.now()
    }

    fn url(&self, endpoint: Endpoint, scheme: &str, path: &str) -> String {
        let at = Endpoint::ALL.iter().position(|&known| known == endpoint).unwrap_or(0);
        format!("{scheme}://{}{path}", self.addresses[at])
    }

    /// Kalshi's WebSocket, `ws://…/trade-api/ws/v2`.
    #[must_use]
    pub fn kalshi_ws_url(&self) -> String {
        self.url(Endpoint::KalshiWs, "ws", "/trade-api/ws/v2")
    }

    /// Kalshi's REST base, `http://…/trade-api/v2`.
    #[must_use]
    pub fn kalshi_rest_url(&self) -> String {
        self.url(Endpoint::KalshiRest, "http", "/trade-api/v2")
    }

    /// Polymarket's market WebSocket, `ws://…/ws/market`.
    #[must_use]
    pub fn polymarket_ws_url(&self) -> String {
        self.url(Endpoint::PolymarketWs, "ws", "/ws/market")
    }

    /// Polymarket's Gamma, `http://…`.
    #[must_use]
    pub fn gamma_url(&self) -> String {
        self.url(Endpoint::Gamma, "http", "")
    }

    /// Polymarket's CLOB, `http://…`.
    #[must_use]
    pub fn clob_url(&self) -> String {
        self.url(Endpoint::Clob, "http", "")
    }

    /// A test identity that the simulated Kalshi accepts.
    #[must_use]
    pub fn kalshi_credentials(&self) -> KalshiCredentials {
        self.backstage.keys.credentials()
    }

    /// What an operator approves: the true pairs, in the pairs format, with the fees that the
    /// planted opportunities are worked out with.
    #[must_use]
    pub fn approved_pairs_json(&self) -> String {
        let world = self.backstage.shared.lock();
        let pairs: Vec<_> = world
            .listings
            .pairs
            .iter()
            .map(|pair| {
                let kalshi = &world.listings.kalshi[pair.kalshi];
                let listed = &world.listings.polymarket[pair.polymarket];
                let event = &world.listings.kalshi_events[kalshi.event];
                let hundredths = |value: i64| Price::from_ten_thousandths(value * 100).to_string();
                let multiplier = world.listings.series[event.series].fee_multiplier;
                json!({
                    "id": pair.id,
                    "kalshi": kalshi.ticker,
                    "polymarket_yes": listed.tokens[0],
                    "polymarket_no": listed.tokens[1],
                    "condition_id": listed.condition_id,
                    "relation": pair.relation.name(),
                    "fees": {
                        "kalshi": {
                            "multiplier": hundredths(multiplier),
                            "precision": "0.0001",
                            "quantum": "0.000001",
                        },
                        "polymarket": {"rate": hundredths(listed.fee_rate), "exponent": "1"},
                    },
                })
            })
            .collect();
        serde_json::to_string_pretty(&pairs).unwrap_or_default()
    }

    /// Pairs that read alike and must not be matched.
    #[must_use]
    pub fn look_alikes(&self) -> Vec<LookAlike> {
        self.backstage.shared.lock().listings.look_alikes.clone()
    }

    /// Opportunities whose legs have both reached a client, by the time they opened: those that are
    /// open and the last 100,000 that are over.
    #[must_use]
    pub fn planted(&self) -> Vec<Planted> {
        self.backstage.shared.lock().plants.records()
    }

    /// No new opportunities from now on; those that are open run their course.
    pub fn stop_planting(&self) {
        self.backstage.shared.lock().plants.stopped = true;
    }

    /// Whether no opportunity is being prepared, open or just over.
    #[must_use]
    pub fn is_planting_over(&self) -> bool {
        let world = self.backstage.shared.lock();
        world.plants.stopped && world.plants.idle()
    }

    /// A market's book as the venue has it, in terms of its first outcome.
    ///
    /// # Errors
    /// [`SimError::UnknownMarket`] when no market has this ticker, condition id or token id.
    pub fn truth(&self, market: &str) -> Result<TruthBook, SimError> {
        let world = self.backstage.shared.lock();
        Ok(world.truth(world.need(market)?))
    }

    /// Every market of a venue that is listed now, by ticker or condition id.
    #[must_use]
    pub fn markets(&self, venue: Venue) -> Vec<String> {
        self.backstage.shared.lock().listed(venue)
    }

    /// Adds signed amounts to levels of a market's book, one after the other and all with one time
    /// stamp: on Kalshi each is a delta of its own, on Polymarket all are one `price_change`.
    /// Prices are those of the first outcome (YES).
    ///
    /// # Errors
    /// [`SimError::UnknownMarket`]; [`SimError::Change`] when a level would become negative, a price
    /// is not between 0 and 1, or a Kalshi size has more than two decimals. Then nothing changes.
    pub fn add_to_levels(
        &self,
        market: &str,
        by: &[(Side, Price, Quantity)],
    ) -> Result<(), SimError> {
        self.backstage.shared.lock().add_to_levels(market, by)
    }

    /// Lists both markets of a pair of the catalogue that was unlisted (see [`Sim::unlisted_pairs`]).
    ///
    /// # Errors
    /// [`SimError::UnknownMarket`] when no pair has this id.
    pub fn list_pair(&self, id: &str) -> Result<(), SimError> {
        self.backstage.shared.lock().list_pair(id)
    }

    /// Pairs of the catalogue whose markets nobody knows yet.
    #[must_use]
    pub fn unlisted_pairs(&self) -> Vec<String> {
        let world = self.backstage.shared.lock();
        let known: Vec<String> = world.listed(Venue::Kalshi);
        let pairs = world.listings.pairs.iter();
        pairs
            .filter(|pair| !known.contains(&world.listings.kalshi[pair.kalshi].ticker))
            .map(|pair| pair.id.clone())
            .collect()
    }

    /// Makes and lists this many more plain equal pairs while running, under an event of their own; their ids.
    pub fn list_more(&self, pairs: usize) -> Vec<String> {
        self.backstage.shared.lock().list_more(pairs)
    }

    /// Pauses a market, or opens it again (which cancels Kalshi's resting orders).
    ///
    /// # Errors
    /// [`SimError::UnknownMarket`].
    pub fn pause_market(&self, market: &str, paused: bool) -> Result<(), SimError> {
        let mut world = self.backstage.shared.lock();
        let market = world.need(market)?;
        world.set_paused(market, paused);
        Ok(())
    }

    /// Ends trading of a market. Neither venue tells its WebSocket clients; REST says so.
    ///
    /// # Errors
    /// [`SimError::UnknownMarket`].
    pub fn close_market(&self, market: &str) -> Result<(), SimError> {
        let mut world = self.backstage.shared.lock();
        let market = world.need(market)?;
        world.close_market(market);
        Ok(())
    }

    /// Moves a Kalshi market's closing time; a closed one may open again.
    ///
    /// # Errors
    /// [`SimError::UnknownMarket`].
    pub fn move_close(&self, market: &str, close: time::OffsetDateTime) -> Result<(), SimError> {
        let mut world = self.backstage.shared.lock();
        let market = world.need(market)?;
        world.move_close(market, close);
        Ok(())
    }

    /// Rewrites a market's rules; what they said before. No WebSocket client is told: REST says so.
    ///
    /// # Errors
    /// [`SimError::UnknownMarket`].
    pub fn reword(&self, market: &str, rules: &str) -> Result<String, SimError> {
        let mut world = self.backstage.shared.lock();
        let market = world.need(market)?;
        Ok(world.reword(market, rules))
    }

    /// Gives a Kalshi event fees of its own from now on, or back to its series (`None`): a multiplier in hundredths, told by
    /// `event_fee_update` and listed by `/events/fee_changes`.
    ///
    /// # Errors
    /// [`SimError::UnknownMarket`] when no event has this ticker.
    pub fn set_event_fee(&self, event: &str, multiplier: Option<i64>) -> Result<(), SimError> {
        self.backstage.shared.lock().set_event_fee(event, multiplier)
    }

    /// Decides a market and pays it out: lifecycle events on Kalshi, `market_resolved` on Polymarket.
    ///
    /// # Errors
    /// [`SimError::UnknownMarket`].
    pub fn settle_market(&self, market: &str, first_outcome_wins: bool) -> Result<(), SimError> {
        let mut world = self.backstage.shared.lock();
        let market = world.need(market)?;
        world.settle(market, first_outcome_wins);
        Ok(())
    }

    /// Whether books stand still, no opportunity is under way and nothing waits to be sent: what a
    /// client knows once it has read its sockets is the truth.
    #[must_use]
    pub fn is_still(&self) -> bool {
        let world = self.backstage.shared.lock();
        world.paused
            && world.plants.idle()
            && world.connections.values().all(crate::connection::Connection::is_idle)
    }

    /// Books stand still until [`Sim::resume`] and no opportunity opens; one that is open runs its
    /// course.
    pub fn pause(&self) {
        self.backstage.shared.lock().paused = true;
    }

    /// Books move again.
    pub fn resume(&self) {
        self.backstage.shared.lock().paused = false;
    }

    /// Injects a fault.
    ///
    /// # Errors
    /// [`SimError::UnknownMarket`] when it names a market that does not exist.
    pub fn fault(&self, spec: FaultSpec) -> Result<FaultId, SimError> {
        let id = {
            let mut world = self.backstage.shared.lock();
            let market = spec.market.as_deref().map(|name| world.need(name)).transpose()?;
            let now = Instant::now();
            let id = world.faults.add(spec, market, now);
            world.turn_faults(now);
            id
        };
        self.backstage.faults_changed.notify_waiters();
        Ok(id)
    }

    /// Ends a fault.
    pub fn clear_fault(&self, id: FaultId) {
        self.backstage.shared.lock().clear_faults(Some(id));
        self.backstage.faults_changed.notify_waiters();
    }

    /// Ends every fault.
    pub fn clear_faults(&self) {
        self.backstage.shared.lock().clear_faults(None);
        self.backstage.faults_changed.notify_waiters();
    }

    /// Every fault injected so far, and what became of it.
    #[must_use]
    pub fn faults(&self) -> Vec<FaultRecord> {
        self.backstage.shared.lock().faults.records()
    }

    /// The connections that are open now.
    #[must_use]
    pub fn connections(&self) -> Vec<ConnectionInfo> {
        let world = self.backstage.shared.lock();
        world
            .connections
            .values()
            .map(|connection| {
                let followed = (0..world.markets.len()).filter(|&market| {
                    world.markets[market].venue == connection.client.venue()
                        && connection.client.follows(market)
                });
                let subscriptions = match &connection.client {
                    Client::Kalshi(client) => client
                        .subscriptions
                        .iter()
                        .map(|(&sid, known)| (known.channel.name().to_owned(), sid))
                        .collect(),
                    Client::Polymarket(_) => Vec::new(),
                };
                ConnectionInfo {
                    id: connection.id,
                    venue: connection.client.venue(),
                    opened_at: connection.opened_at,
                    markets: followed.map(|market| world.name(market).to_owned()).collect(),
                    subscriptions,
                    frames: connection.frames,
                }
            })
            .collect()
    }

    /// Counts of a venue since the start.
    #[must_use]
    pub fn stats(&self, venue: Venue) -> VenueStats {
        *self.backstage.shared.lock().stats_of(venue)
    }
}

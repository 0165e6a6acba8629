//! The thread that reads the sockets: connections and pipeline together, without a lock or a task switch between them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use arb_breaker::{Breaker, BreakerConfig};
use arb_monitor::health::Heartbeat;
use arb_monitor::status::StatusModel;
use arb_normalize::books::BookState;
use arb_normalize::{Timestamp, Venue};
use arb_scan::sets::Member;
use arb_scan::{MarketSet, PairSpec, Pipeline, PipelineConfig};
use arb_venues::kalshi::KalshiSession;
use arb_venues::polymarket::{PolymarketSession, TOKENS_PER_CONNECTION};
use arb_ws::{
    Connection, ConnectionConfig, Event, FullJitter, Handle, Keys, Meta, Session, Sink,
    TungsteniteDial,
};
use tokio::sync::{oneshot, watch};
use tokio::task::LocalSet;

use crate::approvals::Approvals;
use crate::endpoints::Endpoints;
use crate::failure::Failure;
use crate::publisher::Publisher;
use crate::view;

/// Markets on one Kalshi connection.
const KALSHI_MARKETS_PER_CONNECTION: usize = 2_000;
/// How often the view of the feeds is renewed.
const VIEW_EVERY: Duration = Duration::from_millis(250);
/// How often a book that is still wrong is asked for again.
const REMIND_EVERY: Duration = Duration::from_secs(2);
/// Every so many reminders a market is given up and subscribed anew: the venue may have refused it for a passing reason.
const ANEW_EVERY: u32 = 30;
/// How long connections get to close.
const CLOSE_WITHIN: Duration = Duration::from_millis(1_000);

/// A pipeline shared by the connections of its thread.
pub type SharedPipeline = Rc<RefCell<Pipeline<Publisher>>>;
/// Which of a venue's connections carries a market.
type Carriers = [HashMap<String, usize>; 2];
/// The handles of a venue's connections, by number.
pub type Handles = Rc<RefCell<[Vec<Handle>; 2]>>;

/// The running feeds' thread.
#[derive(Debug)]
pub struct Feeds {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    approvals: watch::Sender<Approvals>,
    /// The newest view.
    pub view: watch::Receiver<StatusModel>,
}

impl Feeds {
    /// Has other pairs traded from now on: connections stay, new markets are subscribed, books of markets that stay are kept.
    pub fn replace(&self, approvals: Approvals) {
        self.approvals.send_replace(approvals);
    }

    /// Ends the connections and waits for the thread.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        if let Some(stop) = self.stop.take() {
            // The thread may have ended by itself.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Feeds {
    fn drop(&mut self) {
        self.end();
    }
}

/// How patient connections are.
#[derive(Debug, Clone, Default)]
pub struct Patience {
    /// The breaker of each venue's connections.
    pub breaker: BreakerConfig,
    /// The waits between attempts to connect; the connections' own default if unset.
    pub backoff: Option<FullJitter>,
}

/// What the thread is given.
#[derive(Debug)]
pub struct Parts {
    /// What is approved.
    pub approvals: Approvals,
    /// Groups and chains to look at besides.
    pub sets: Vec<MarketSet>,
    /// How trades are judged.
    pub pipeline: PipelineConfig,
    /// Where findings go.
    pub publisher: Publisher,
    /// Records everything, if asked.
    pub tap: Option<arb_ws::capture::RecorderTap>,
    /// How patient connections are.
    pub patience: Patience,
    /// Beats while the thread turns.
    pub heartbeat: Option<Heartbeat>,
}

/// What one connection needs.
struct Plan {
    venue: Venue,
    connection: u32,
    session: Box<dyn Session>,
    keys: Vec<String>,
}

/// Starts the thread.
pub fn start(endpoints: &Endpoints, parts: Parts) -> Result<Feeds, Failure> {
    let dial = TungsteniteDial::new()
        .map_err(|error| Failure::from_error("the connections' TLS", &error))?;
    let plans = plan(endpoints, &parts.approvals.pairs, &parts.sets);
    let (stop, stopped) = oneshot::channel();
    let base = view::base(endpoints);
    let clocks = [endpoints.kalshi_clock.clone(), endpoints.polymarket_clock.clone()];
    let (view, seen) = watch::channel(base.clone());
    let (approvals, approved) = watch::channel(Approvals::default());
    let control = Control { view, approved, stopped };
    let thread = std::thread::Builder::new()
        .name("feeds".to_owned())
        .spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            match runtime {
                Ok(runtime) => {
                    let work = serve(parts, plans, Arc::new(dial), clocks, base, control);
                    LocalSet::new().block_on(&runtime, work);
                }
                Err(error) => tracing::error!(%error, "the feeds' runtime cannot be built"),
            }
        })
        .map_err(|error| Failure::run(format!("the feeds' thread cannot be started: {error}")))?;
    Ok(Feeds { stop: Some(stop), thread: Some(thread), approvals, view: seen })
}

fn plan(endpoints: &Endpoints, pairs: &[PairSpec], sets: &[MarketSet]) -> Vec<Plan> {
    let mut plans = Vec::new();
    let tickers = keys(Venue::Kalshi, pairs, sets);
    if let Some(key) = &endpoints.credentials {
        for (number, chunk) in (0..).zip(tickers.chunks(KALSHI_MARKETS_PER_CONNECTION)) {
            let clock = endpoints.kalshi_clock.clone();
            plans.push(Plan {
                venue: Venue::Kalshi,
                connection: number,
                session: Box::new(KalshiSession::new(&endpoints.kalshi_ws, key.clone(), clock)),
                keys: chunk.to_vec(),
            });
        }
    }
    let tokens = keys(Venue::Polymarket, pairs, sets);
    for (number, chunk) in (0..).zip(tokens.chunks(TOKENS_PER_CONNECTION)) {
        plans.push(Plan {
            venue: Venue::Polymarket,
            connection: number,
            session: Box::new(PolymarketSession::new(&endpoints.polymarket_ws)),
            keys: chunk.to_vec(),
        });
    }
    plans
}

/// How the thread and the rest of the program talk.
struct Control {
    view: watch::Sender<StatusModel>,
    approved: watch::Receiver<Approvals>,
    stopped: oneshot::Receiver<()>,
}

async fn serve(
    parts: Parts,
    plans: Vec<Plan>,
    dial: Arc<TungsteniteDial>,
    clocks: [arb_venues::ClockOffset; 2],
    mut base: StatusModel,
    control: Control,
) {
    let Control { view, mut approved, stopped } = control;
    let Parts { approvals, sets, pipeline, publisher, tap, patience, heartbeat } = parts;
    let mut pipeline = Pipeline::new(pipeline, publisher);
    approve(&mut pipeline, &mut base, approvals);
    pipeline.replace_sets(sets);
    let pipeline: SharedPipeline = Rc::new(RefCell::new(pipeline));
    let handles: Handles = Rc::default();
    let mut running = tokio::task::JoinSet::new();
    // One breaker for all connections of a venue.
    let breakers =
        Venue::ALL.map(|v| Breaker::new(format!("ws.{v}"), patience.breaker.clone()).ok());
    let decided_in = metrics::histogram!("arb_scan_frame_seconds");
    let mut carriers: Carriers = Default::default();
    for plan in plans {
        let number = handles.borrow()[plan.venue.index()].len();
        let keys = plan.keys.iter().map(|key| (key.clone(), number));
        carriers[plan.venue.index()].extend(keys);
        let mut config = ConnectionConfig::new(plan.venue.as_str(), plan.connection);
        config.breaker.clone_from(&breakers[plan.venue.index()]);
        if let Some(backoff) = &patience.backoff {
            config.backoff = Arc::new(*backoff);
        }
        let (connection, handle) = Connection::new(config, dial.clone(), plan.session);
        if let Err(error) = handle.subscribe(plan.keys) {
            tracing::error!(%error, "markets were left out");
        }
        handles.borrow_mut()[plan.venue.index()].push(handle);
        let link = Link {
            venue: plan.venue,
            pipeline: pipeline.clone(),
            handles: handles.clone(),
            decided_in: decided_in.clone(),
        };
        running.spawn_local(connection.run((tap.clone(), link)));
    }
    let renew = async {
        let mut turns = tokio::time::interval(VIEW_EVERY);
        let mut remind_at = tokio::time::Instant::now() + REMIND_EVERY;
        let mut reminders: u32 = 0;
        loop {
            let turn = turns.tick().await;
            if let Some(heartbeat) = &heartbeat {
                heartbeat.beat();
            }
            while let Some(ended) = running.try_join_next() {
                // A connection ends only on request, or because no attempt could ever succeed.
                tracing::error!(?ended, "a connection ended; its books are suspect");
                close_stopped(&pipeline, &handles);
            }
            if turn >= remind_at {
                remind_at = turn + REMIND_EVERY;
                reminders += 1;
                remind(&pipeline, &handles, &carriers, reminders.is_multiple_of(ANEW_EVERY));
            }
            if approved.has_changed().unwrap_or(false) {
                let newest = approved.borrow_and_update().clone();
                approve(&mut pipeline.borrow_mut(), &mut base, newest);
                carry(&pipeline.borrow(), &handles.borrow(), &mut carriers);
            }
            let now = now();
            if let Some(now) = now {
                pipeline.borrow_mut().advance(now);
            }
            ask_again(&pipeline, &handles);
            let pipeline = pipeline.borrow();
            let mut newest = view::of(&base, &pipeline, &handles.borrow(), &clocks, now);
            newest.breakers = breakers.iter().flatten().map(view::breaker).collect();
            view.send_replace(newest);
        }
    };
    tokio::select! {
        () = renew => {}
        _ = stopped => {}
    }
    handles.borrow().iter().flatten().for_each(Handle::shutdown);
    let closed = async { while running.join_next().await.is_some() {} };
    if tokio::time::timeout(CLOSE_WITHIN, closed).await.is_err() {
        tracing::warn!("a connection did not close in time");
    }
}

/// Has these pairs traded from now on.
fn approve(pipeline: &mut Pipeline<Publisher>, base: &mut StatusModel, approvals: Approvals) {
    let Approvals { pairs, refused, close_times, settles_at } = approvals;
    view::refuse(base, &refused);
    for (market, at) in &close_times {
        pipeline.set_close_at(Venue::Kalshi, market, Some(*at));
    }
    for (pair, at) in &settles_at {
        pipeline.set_resolves_at(pair, Timestamp::try_from(*at).ok());
    }
    pipeline.sink_mut().expect_settlements(settles_at);
    pipeline.replace_pairs(pairs);
}

/// Subscribes markets that nobody carries yet, on the venue's connection with the fewest, and takes out those that nobody wants.
fn carry(pipeline: &Pipeline<Publisher>, handles: &[Vec<Handle>; 2], carriers: &mut Carriers) {
    let (pairs, sets) = (pipeline.board().pairs(), pipeline.board().sets());
    for venue in Venue::ALL {
        let (wanted, carriers) = (keys(venue, pairs, sets), &mut carriers[venue.index()]);
        let handles = &handles[venue.index()];
        carriers.retain(|market, number| {
            let stays = wanted.binary_search(market).is_ok();
            if !stays && let Some(handle) = handles.get(*number) {
                handle.unsubscribe([market]);
            }
            stays
        });
        for market in wanted {
            if carriers.contains_key(&market) {
                continue;
            }
            let load = |number: &usize| carriers.values().filter(|on| *on == number).count();
            let Some(number) = (0..handles.len()).min_by_key(load) else {
                tracing::error!(%venue, market, "no connection to carry it: start again with these pairs");
                continue;
            };
            match handles[number].subscribe([market.as_str()]) {
                Ok(_) => {
                    carriers.insert(market, number);
                }
                Err(error) => tracing::error!(%venue, market, %error, "a market is left out"),
            }
        }
    }
}

/// The markets that pairs and sets need of a venue, in order, each once.
fn keys(venue: Venue, pairs: &[PairSpec], sets: &[MarketSet]) -> Vec<String> {
    let of_pair = |spec: &PairSpec| match venue {
        Venue::Kalshi => spec.pair.kalshi.clone(),
        _ => spec.pair.polymarket_yes.clone(),
    };
    let members = sets.iter().flat_map(|set| &set.members).flat_map(Member::markets);
    let of_sets = members.filter(|(on, ..)| *on == venue).map(|(_, key, _)| key.to_owned());
    let mut keys: Vec<String> = pairs.iter().map(of_pair).chain(of_sets).collect();
    keys.sort();
    keys.dedup();
    keys
}

fn now() -> Option<Timestamp> {
    Timestamp::try_from(arb_ws::wall_clock()).ok()
}

/// Has the venues state the books that the pipeline found wrong.
fn ask_again(pipeline: &SharedPipeline, handles: &Handles) {
    let resyncs = std::mem::take(&mut pipeline.borrow_mut().sink_mut().resyncs);
    let handles = handles.borrow();
    for (venue, connection, market) in resyncs {
        if let Some(handle) = handles[venue.index()].get(connection as usize) {
            handle.resync([market]);
        }
    }
}

/// Books of connections that run no more are not to be trusted.
fn close_stopped(pipeline: &SharedPipeline, handles: &Handles) {
    for venue in Venue::ALL {
        for (number, handle) in (0..).zip(&handles.borrow()[venue.index()]) {
            if handle.health().state == arb_ws::LinkState::Stopped {
                pipeline.borrow_mut().on_close(venue, number, now());
            }
        }
    }
}

/// Asks again for every paired book that is still wrong or missing: an answer may be lost or garbled like any other
/// frame. `anew` drops the subscription first.
fn remind(pipeline: &SharedPipeline, handles: &Handles, carriers: &Carriers, anew: bool) {
    let pipeline = pipeline.borrow();
    for venue in Venue::ALL {
        let books = pipeline.board().books(venue);
        for (market, number) in &carriers[venue.index()] {
            let state = books.book_id(market).map(|id| books.get(id).state());
            if matches!(state, Some(BookState::Live | BookState::Dead)) {
                continue;
            }
            let handles = handles.borrow();
            let Some(handle) = handles[venue.index()].get(*number) else { continue };
            if anew {
                handle.unsubscribe([market]);
                if let Err(error) = handle.subscribe([market.as_str()]) {
                    tracing::warn!(%venue, market, %error, "a market is not subscribed anew");
                }
            } else {
                handle.resync([market]);
            }
        }
    }
}

/// Carries a connection's messages and events into the pipeline.
struct Link {
    venue: Venue,
    pipeline: SharedPipeline,
    handles: Handles,
    /// Seconds from a frame to its decision.
    decided_in: metrics::Histogram,
}

impl Sink for Link {
    fn on_message(&mut self, meta: &Meta, payload: &[u8]) {
        let started = std::time::Instant::now();
        let at = Timestamp::from_nanos(meta.received_at_ns());
        let mut pipeline = self.pipeline.borrow_mut();
        pipeline.on_frame(self.venue, meta.connection, at, payload);
        let garbled = !pipeline.sink().garbled.is_empty();
        if garbled {
            // Which book a garbled frame was meant for is unknown: none of the connection's is trusted until it is read again.
            pipeline.sink_mut().garbled.clear();
            pipeline.on_close(self.venue, meta.connection, at);
        }
        let asks = !pipeline.sink().resyncs.is_empty();
        drop(pipeline);
        self.decided_in.record(started.elapsed());
        if asks {
            ask_again(&self.pipeline, &self.handles);
        }
        if garbled && let Some(handle) = self.handle(meta.connection) {
            handle.resync_all();
        }
    }

    fn on_event(&mut self, meta: &Meta, event: &Event) {
        let at = Timestamp::from_nanos(meta.received_at_ns());
        let mut pipeline = self.pipeline.borrow_mut();
        match event {
            Event::Connected { .. } => pipeline.on_open(self.venue, meta.connection, at),
            Event::Disconnected { .. } => pipeline.on_close(self.venue, meta.connection, at),
            Event::Stalled { keys, .. } | Event::Gap { keys, .. } => match keys {
                Keys::All => pipeline.on_close(self.venue, meta.connection, at),
                Keys::These(keys) => {
                    for key in keys.iter() {
                        pipeline.on_silent(self.venue, key, at);
                    }
                }
            },
            Event::SubscriptionFailed { key, reason } => {
                tracing::warn!(venue = %self.venue, %key, %reason, "the venue refused a market");
            }
            _ => {}
        }
        tracing::debug!(venue = %self.venue, connection = meta.connection, ?event, "feed event");
    }

    fn on_sent(&mut self, meta: &Meta, payload: &[u8]) {
        self.pipeline.borrow_mut().on_sent(self.venue, meta.connection, payload);
    }
}

impl Link {
    fn handle(&self, connection: u32) -> Option<Handle> {
        self.handles.borrow()[self.venue.index()].get(connection as usize).cloned()
    }
}

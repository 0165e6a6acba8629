//! The thread that reads the sockets: connections and pipeline together, without a lock or a task switch between them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use arb_breaker::{Breaker, BreakerConfig};
use arb_monitor::health::Heartbeat;
use arb_monitor::status::StatusModel;
use arb_normalize::books::BookState;
use arb_normalize::{Timestamp, Venue};
use arb_risk::gate::KillSwitch;
use arb_scan::sets::Member;
use arb_scan::{MarketSet, PairSpec, Pipeline, PipelineConfig};
use arb_venues::kalshi::KalshiSession;
use arb_venues::polymarket::{PolymarketSession, TOKENS_PER_CONNECTION};
use arb_ws::{
    ConnectionConfig, Event, FullJitter, Keys, MakeSession, Meta, Pool, PoolConfig, PoolHandle,
    Sink, TungsteniteDial,
};
use time::OffsetDateTime;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{Instant, MissedTickBehavior};

use crate::approvals::Approvals;
use crate::audit::{Auditor, Question};
use crate::endpoints::Endpoints;
use crate::failure::Failure;
use crate::keeper::Keeper;
use crate::publisher::Publisher;
use crate::quotes::Quotes;
use crate::registry::Notice;
use crate::trading_hours::Closures;
use crate::{terminal, view};

/// Markets on one Kalshi connection.
const KALSHI_MARKETS_PER_CONNECTION: usize = 2_000;
/// How often books that changed are taken to a shared cache.
const KEEP_EVERY: Duration = Duration::from_millis(100);
/// How often a book that is still wrong is asked for again.
const REMIND_EVERY: Duration = Duration::from_secs(2);
/// Every so many reminders a market is given up and subscribed anew: the venue may have refused it for a passing reason.
const ANEW_EVERY: u32 = 30;
/// How long connections get to close.
const CLOSE_WITHIN: Duration = Duration::from_millis(700);

/// A pipeline shared by the connections of its thread.
pub type SharedPipeline = Rc<RefCell<Pipeline<Publisher>>>;
/// The connections of both venues.
pub type Pools = [PoolHandle; 2];

/// What the thread holds: nothing of it grows while markets come and go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Holdings {
    /// Pairs that are followed.
    pub pairs: usize,
    /// Books by venue.
    pub books: [usize; 2],
    /// Markets subscribed by venue.
    pub subscriptions: [usize; 2],
    /// The numbers of books by venue: those of forgotten books are used again.
    pub numbers: [usize; 2],
    /// Connections by venue.
    pub connections: [usize; 2],
    /// Tasks of the thread's runtime.
    pub tasks: usize,
}

/// The running feeds' thread.
#[derive(Debug)]
pub struct Feeds {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    approvals: watch::Sender<Approvals>,
    /// The newest view.
    pub view: watch::Receiver<StatusModel>,
    /// What it holds.
    pub holdings: watch::Receiver<Holdings>,
}

impl Feeds {
    /// Takes what is traded from now on: connections stay, new markets are subscribed, books of markets that stay are kept,
    /// and nobody wants the others any longer.
    pub fn approvals(&self) -> watch::Sender<Approvals> {
        self.approvals.clone()
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
    /// The auditor's questions.
    pub questions: Option<mpsc::Receiver<Question>>,
    /// How often the view of the feeds is renewed; a market is over the moment it closes all the same.
    pub view_every: Duration,
    /// Says what may be traded at all; everything if unset.
    pub switch: Option<watch::Receiver<KillSwitch>>,
    /// Says which venues do not trade; they all do if unset.
    pub closures: Option<watch::Receiver<Closures>>,
    /// How often quotes are made, if at all.
    pub quotes_every: Option<Duration>,
    /// Takes books to a cache that others read.
    pub keeper: Option<Keeper>,
}

impl Parts {
    /// Pairs alone: the defaults, and nothing beside the feeds.
    pub fn new(approvals: Approvals, publisher: Publisher) -> Self {
        Self {
            approvals,
            pipeline: PipelineConfig::default(),
            publisher,
            tap: None,
            patience: Patience::default(),
            heartbeat: None,
            questions: None,
            view_every: Duration::from_millis(250),
            switch: None,
            closures: None,
            quotes_every: None,
            keeper: None,
        }
    }
}

/// Starts the thread.
pub fn start(endpoints: &Endpoints, parts: Parts) -> Result<Feeds, Failure> {
    let dial = TungsteniteDial::new()
        .map_err(|error| Failure::from_error("the connections' TLS", &error))?;
    let (stop, stopped) = oneshot::channel();
    let base = view::base(endpoints);
    let clocks = [endpoints.kalshi_clock.clone(), endpoints.polymarket_clock.clone()];
    let (view, seen) = watch::channel(base.clone());
    let (approvals, approved) = watch::channel(Approvals::default());
    let (holds, holdings) = watch::channel(Holdings::default());
    let makers = sessions(endpoints, parts.quotes_every.is_some());
    let watched = endpoints.credentials.is_none();
    let thread = std::thread::Builder::new()
        .name("feeds".to_owned())
        .spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            match runtime {
                Ok(runtime) => {
                    let work = async move {
                        let shown = Shown { base, clocks, view, holds };
                        Thread::start(parts, approved, makers, watched, Arc::new(dial), shown)
                            .serve(stopped)
                            .await;
                    };
                    LocalSet::new().block_on(&runtime, work);
                }
                Err(error) => tracing::error!(%error, "the feeds' runtime cannot be built"),
            }
        })
        .map_err(|error| Failure::run(format!("the feeds' thread cannot be started: {error}")))?;
    Ok(Feeds { stop: Some(stop), thread: Some(thread), approvals, view: seen, holdings })
}

/// Makes the sessions of each venue. Without a key nothing is subscribed on Kalshi, and so none is made. Polymarket sends a market's
/// trades with its book; Kalshi's are asked for where quotes are made of them.
fn sessions(endpoints: &Endpoints, with_trades: bool) -> [MakeSession; 2] {
    let (url, key, clock) = (
        endpoints.kalshi_ws.clone(),
        endpoints.credentials.clone(),
        endpoints.kalshi_clock.clone(),
    );
    let polymarket = endpoints.polymarket_ws.clone();
    let kalshi: MakeSession = match key {
        Some(key) => Box::new(move |_| {
            let session = KalshiSession::new(&url, key.clone(), clock.clone());
            Box::new(if with_trades { session.with_trades() } else { session })
        }),
        None => Box::new(move |_| Box::new(PolymarketSession::new(&url))),
    };
    [kalshi, Box::new(move |_| Box::new(PolymarketSession::new(&polymarket)))]
}

/// What the thread shows.
struct Shown {
    base: StatusModel,
    clocks: [arb_venues::ClockOffset; 2],
    view: watch::Sender<StatusModel>,
    holds: watch::Sender<Holdings>,
}

/// Everything on the thread.
struct Thread {
    pipeline: SharedPipeline,
    pools: Pools,
    breakers: [Option<Breaker>; 2],
    running: JoinSet<arb_ws::Stopped>,
    /// What is subscribed, by venue.
    subscribed: [BTreeSet<String>; 2],
    /// No key: Kalshi is not subscribed.
    watched: bool,
    heartbeat: Option<Heartbeat>,
    approved: watch::Receiver<Approvals>,
    questions: Option<mpsc::Receiver<Question>>,
    switch: Option<watch::Receiver<KillSwitch>>,
    closures: Option<watch::Receiver<Closures>>,
    quotes: Option<Quotes>,
    keeper: Option<Keeper>,
    auditor: Rc<RefCell<Auditor>>,
    view_every: Duration,
    shown: Shown,
}

impl Thread {
    fn start(
        parts: Parts,
        approved: watch::Receiver<Approvals>,
        makers: [MakeSession; 2],
        watched: bool,
        dial: Arc<TungsteniteDial>,
        shown: Shown,
    ) -> Self {
        let Parts { approvals, pipeline, publisher, tap, patience, .. } = parts;
        let Parts { mut switch, mut closures, quotes_every, keeper, .. } = parts;
        let auditor: Rc<RefCell<Auditor>> = Rc::default();
        let mut pipeline = Pipeline::new(pipeline, publisher);
        if let Some(switch) = &mut switch {
            pipeline.sink_mut().switch = switch.borrow_and_update().clone();
        }
        if let Some(closures) = &mut closures {
            pipeline.sink_mut().closures = closures.borrow_and_update().clone();
        }
        let pipeline: SharedPipeline = Rc::new(RefCell::new(pipeline));
        // One breaker for all connections of a venue.
        let breakers =
            Venue::ALL.map(|v| Breaker::new(format!("ws.{v}"), patience.breaker.clone()).ok());
        let mut made = Vec::new();
        for (venue, maker) in Venue::ALL.into_iter().zip(makers) {
            let mut config = ConnectionConfig::new(venue.as_str(), 0);
            config.breaker.clone_from(&breakers[venue.index()]);
            if let Some(backoff) = &patience.backoff {
                config.backoff = Arc::new(*backoff);
            }
            let mut spread = PoolConfig::default();
            spread.keys_per_connection = match venue {
                Venue::Kalshi => KALSHI_MARKETS_PER_CONNECTION,
                _ => TOKENS_PER_CONNECTION,
            };
            made.push(Pool::new(spread, config, dial.clone(), maker));
        }
        let pools: Pools = [made[0].1.clone(), made[1].1.clone()];
        let mut running = JoinSet::new();
        for (venue, (pool, handle)) in Venue::ALL.into_iter().zip(made) {
            let link = Link {
                venue,
                pipeline: pipeline.clone(),
                pool: handle,
                auditor: auditor.clone(),
                decided_in: metrics::histogram!("arb_scan_frame_seconds"),
            };
            running.spawn_local(pool.run((tap.clone(), link)));
        }
        let mut thread = Self {
            pipeline,
            pools,
            breakers,
            running,
            subscribed: Default::default(),
            watched,
            heartbeat: parts.heartbeat,
            approved,
            questions: parts.questions,
            switch,
            closures,
            quotes: quotes_every.map(Quotes::new),
            keeper,
            auditor,
            view_every: parts.view_every,
            shown,
        };
        thread.approve(approvals);
        thread
    }

    async fn serve(mut self, stopped: oneshot::Receiver<()>) {
        tokio::select! {
            () = self.work() => {}
            _ = stopped => {}
        }
        self.pools.iter().for_each(PoolHandle::shutdown);
        let closed = async { while self.running.join_next().await.is_some() {} };
        if tokio::time::timeout(CLOSE_WITHIN, closed).await.is_err() {
            tracing::warn!("a connection did not close in time");
        }
    }

    async fn work(&mut self) {
        let mut turns = tokio::time::interval(self.view_every);
        let mut keeping = tokio::time::interval(KEEP_EVERY);
        keeping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut remind_at = Instant::now() + REMIND_EVERY;
        let mut reminders: u32 = 0;
        let mut next_close = self.next_close();
        loop {
            tokio::select! {
                biased;
                () = sleep_until(next_close) => self.turn(),
                turn = turns.tick() => {
                    if turn >= remind_at {
                        remind_at = turn + REMIND_EVERY;
                        reminders += 1;
                        self.remind(reminders.is_multiple_of(ANEW_EVERY));
                        self.pipeline.borrow_mut().forget_unpaired();
                    }
                    self.turn();
                }
                Ok(()) = self.approved.changed() => {
                    let newest = self.approved.borrow_and_update().clone();
                    self.approve(newest);
                }
                _ = keeping.tick(), if self.keeper.is_some() => {
                    if let Some(keeper) = &mut self.keeper {
                        keeper.turn(self.pipeline.borrow().board());
                    }
                    continue; // it moves no close, and the next one is a look at every book
                }
                switch = newest(&mut self.switch) => {
                    self.pipeline.borrow_mut().sink_mut().switch = switch;
                    self.judge_again();
                }
                closures = newest(&mut self.closures) => {
                    self.pipeline.borrow_mut().sink_mut().closures = closures;
                    self.judge_again();
                }
                question = next_question(&mut self.questions) => match question {
                    Some(question) => self.answer(question),
                    None => self.questions = None,
                },
            }
            next_close = self.next_close();
        }
    }

    /// What may be traded has changed beside the books.
    fn judge_again(&mut self) {
        self.pipeline.borrow_mut().tell_again();
        self.turn();
    }

    /// When the next market closes by the clock: no message tells of it.
    fn next_close(&self) -> Option<Instant> {
        let pipeline = self.pipeline.borrow();
        let next = Venue::ALL.into_iter().filter_map(|v| pipeline.board().books(v).next_close());
        Some(Instant::now() + next.min()?.since(now()?))
    }

    /// Looks at what time alone changes, and shows how things are.
    fn turn(&mut self) {
        if let Some(heartbeat) = &self.heartbeat {
            heartbeat.beat();
        }
        while let Some(ended) = self.running.try_join_next() {
            // Connections end only on request, or because no attempt could ever succeed.
            tracing::error!(?ended, "a venue's connections ended; its books are suspect");
            self.close_stopped();
        }
        let now = now();
        if let Some(now) = now {
            self.pipeline.borrow_mut().advance(now);
        }
        self.retire_dead();
        for venue in Venue::ALL {
            ask_again(&self.pipeline, venue, &self.pools[venue.index()]);
            count_drift(&self.pipeline, venue);
        }
        let pipeline = self.pipeline.borrow();
        let health = self.pools.each_ref().map(PoolHandle::health);
        let mut newest = view::of(&self.shown.base, &pipeline, &health, &self.shown.clocks, now);
        view::add_audit(&mut newest, &self.auditor.borrow());
        if let Some(quotes) = &mut self.quotes {
            newest.quotes = Some(quotes.rows(&pipeline, now));
        }
        newest.breakers = self.breakers.iter().flatten().map(view::breaker).collect();
        self.shown.view.send_replace(newest);
        let holdings = Holdings {
            pairs: pipeline.board().pairs().len(),
            books: Venue::ALL.map(|venue| pipeline.board().books(venue).len()),
            subscriptions: self.pools.each_ref().map(PoolHandle::key_count),
            numbers: Venue::ALL.map(|venue| {
                let ids = pipeline.board().books(venue).iter().map(|(id, _)| id.index() + 1);
                ids.max().unwrap_or_default()
            }),
            connections: health.each_ref().map(BTreeMap::len),
            tasks: tokio::runtime::Handle::current().metrics().num_alive_tasks()
                + self.running.len(),
        };
        for venue in Venue::ALL {
            let index = venue.index();
            metrics::gauge!("arb_scan_kept_books", "venue" => venue.as_str())
                .set(holdings.books[index] as f64);
            metrics::gauge!("arb_scan_subscribed_markets", "venue" => venue.as_str())
                .set(holdings.subscriptions[index] as f64);
        }
        self.shown.holds.send_replace(holdings);
    }

    /// Has these pairs and sets traded from now on.
    fn approve(&mut self, approvals: Approvals) {
        let Approvals { pairs, refused, sets, refused_sets, .. } = approvals;
        let Approvals { close_times, settles_at, statuses, confirmed_at, .. } = approvals;
        view::refuse(&mut self.shown.base, &refused, &refused_sets);
        let mut pipeline = self.pipeline.borrow_mut();
        // The venue closes by its own clock.
        let offset =
            time::Duration::milliseconds(self.shown.clocks[Venue::Kalshi.index()].millis());
        for (market, closes) in &close_times {
            let by_ours = Timestamp::try_from(OffsetDateTime::from(*closes) - offset);
            pipeline.set_close_at(Venue::Kalshi, market, Some(by_ours.unwrap_or(*closes)));
        }
        let old = pipeline.board().pairs().iter().map(|spec| spec.pair.id.clone());
        for pair in old.collect::<Vec<_>>() {
            pipeline.set_resolves_at(&pair, None);
        }
        for (pair, at) in &settles_at {
            pipeline.set_resolves_at(pair, Timestamp::try_from(*at).ok());
        }
        pipeline.sink_mut().confirm(settles_at, confirmed_at);
        // Before anything new is judged.
        let at = now();
        for (venue, market, status) in &statuses {
            pipeline.set_status(*venue, market, *status, at);
        }
        if pipeline.board().pairs() != pairs {
            pipeline.replace_pairs(pairs);
        }
        if pipeline.board().sets() != sets {
            let change = pipeline.replace_sets(sets);
            let mode = self.shown.base.mode.as_str();
            terminal::line(&format!("{mode} sets replaced: {change}"));
            for refused in pipeline.board().refused() {
                terminal::line(&format!("{mode} {refused}"));
            }
        }
        drop(pipeline);
        self.forget_stopped();
        self.follow_pairs();
    }

    /// What stopped the trades of pairs and sets that are gone is forgotten with them.
    fn forget_stopped(&self) {
        let mut pipeline = self.pipeline.borrow_mut();
        let (pairs, sets) = (pipeline.board().pairs().iter(), pipeline.board().sets().iter());
        let ids = pairs.map(|spec| spec.pair.id.clone()).chain(sets.map(|set| set.id.clone()));
        let ids: HashSet<String> = ids.collect();
        pipeline.sink_mut().stopped.retain(|id, _| ids.contains(id));
    }

    /// Answers the auditor.
    fn answer(&mut self, question: Question) {
        let mut auditor = self.auditor.borrow_mut();
        match question {
            Question::Begin { venue, books, reply } => {
                let chosen = auditor.begin(venue, books, self.pipeline.borrow().board());
                // Whoever asked may be gone.
                let _ = reply.send(chosen);
            }
            Question::End { venue, books } => {
                let wrong = auditor.end(venue, &books);
                drop(auditor);
                let mut pipeline = self.pipeline.borrow_mut();
                for market in wrong {
                    tracing::error!(%venue, market, "a book differs from the venue's again: read anew");
                    pipeline.on_silent(venue, &market, now());
                }
                drop(pipeline);
                ask_again(&self.pipeline, venue, &self.pools[venue.index()]);
            }
        }
    }

    /// A pair of which a market is over is followed no more; the registry brings it back should it trade again.
    fn retire_dead(&mut self) {
        let mut pipeline = self.pipeline.borrow_mut();
        let is_dead = |venue: Venue, market: &str| {
            let books = pipeline.board().books(venue);
            books.book_id(market).is_some_and(|id| books.get(id).state() == BookState::Dead)
        };
        let ended = |spec: &PairSpec| {
            is_dead(Venue::Kalshi, &spec.pair.kalshi)
                || is_dead(Venue::Polymarket, &spec.pair.polymarket_yes)
        };
        let pairs = pipeline.board().pairs();
        let (over, left): (Vec<PairSpec>, Vec<PairSpec>) = pairs.iter().cloned().partition(ended);
        if over.is_empty() {
            return;
        }
        for spec in &over {
            tracing::info!(pair = spec.pair.id, "a market of the pair is over");
        }
        pipeline.replace_pairs(left);
        drop(pipeline);
        self.follow_pairs();
    }

    /// Subscribes what pairs and sets need and nothing else.
    fn follow_pairs(&mut self) {
        let pipeline = self.pipeline.borrow();
        for venue in Venue::ALL {
            let (pool, known) = (&self.pools[venue.index()], &mut self.subscribed[venue.index()]);
            let wanted = match venue {
                Venue::Kalshi if self.watched => BTreeSet::new(),
                _ => keys(venue, pipeline.board().pairs(), pipeline.board().sets()),
            };
            pool.unsubscribe(known.difference(&wanted));
            known.retain(|market| wanted.contains(market));
            match pool.subscribe(wanted.difference(known).map(String::as_str)) {
                Ok(()) => *known = wanted,
                Err(error) => tracing::error!(%venue, %error, "markets are left out"),
            }
        }
    }

    /// Books of connections that run no more are not to be trusted.
    fn close_stopped(&self) {
        for venue in Venue::ALL {
            for (number, health) in self.pools[venue.index()].health() {
                if health.state == arb_ws::LinkState::Stopped {
                    self.pipeline.borrow_mut().on_close(venue, number, now());
                }
            }
        }
    }

    /// Asks again for every followed book that is still wrong or missing: an answer may be lost or garbled like any other
    /// frame. `anew` drops the subscription first.
    fn remind(&self, anew: bool) {
        let pipeline = self.pipeline.borrow();
        for venue in Venue::ALL {
            let (books, pool) = (pipeline.board().books(venue), &self.pools[venue.index()]);
            for market in &self.subscribed[venue.index()] {
                let book = books.book_id(market).map(|id| books.get(id));
                // A halted market's book is right and not priced; it is read again when it trades.
                let is_well = book.is_some_and(|book| {
                    matches!(book.state(), BookState::Live | BookState::Dead) || book.is_halted()
                });
                if is_well {
                    continue;
                }
                if anew {
                    pool.unsubscribe([market]);
                    if let Err(error) = pool.subscribe([market.as_str()]) {
                        tracing::warn!(%venue, market, %error, "a market is not subscribed anew");
                    }
                } else {
                    pool.resync([market]);
                }
            }
        }
    }
}

/// The markets that pairs and sets need of a venue.
fn keys(venue: Venue, pairs: &[PairSpec], sets: &[MarketSet]) -> BTreeSet<String> {
    let of_pair = |spec: &PairSpec| match venue {
        Venue::Kalshi => spec.pair.kalshi.clone(),
        _ => spec.pair.polymarket_yes.clone(),
    };
    let members = sets.iter().flat_map(|set| &set.members).flat_map(Member::markets);
    let of_sets = members.filter(|(on, ..)| *on == venue).map(|(_, key, _)| key.to_owned());
    pairs.iter().map(of_pair).chain(of_sets).collect()
}

fn now() -> Option<Timestamp> {
    Timestamp::try_from(arb_ws::wall_clock()).ok()
}

/// Waits until then, or for ever.
async fn sleep_until(at: Option<Instant>) {
    match at {
        None => std::future::pending().await,
        Some(at) => tokio::time::sleep_until(at).await,
    }
}

/// What is said next; never where nobody says anything.
pub(crate) async fn newest<T: Clone>(said: &mut Option<watch::Receiver<T>>) -> T {
    if let Some(said) = said
        && said.changed().await.is_ok()
    {
        return said.borrow_and_update().clone();
    }
    std::future::pending().await
}

/// The auditor's next question; never where there is no auditor.
async fn next_question(questions: &mut Option<mpsc::Receiver<Question>>) -> Option<Question> {
    match questions {
        None => std::future::pending().await,
        Some(questions) => questions.recv().await,
    }
}

/// Has the venue state the books that the pipeline found wrong.
fn ask_again(pipeline: &SharedPipeline, venue: Venue, pool: &PoolHandle) {
    let mut pipeline = pipeline.borrow_mut();
    let asked = pipeline.sink_mut().resyncs.extract_if(.., |(of, ..)| *of == venue);
    for (_, connection, market) in asked {
        if let Some(handle) = pool.connection(connection) {
            handle.resync([market]);
        }
    }
}

/// What the venue sent that its known format does not foresee, by kind and name.
fn count_drift(pipeline: &SharedPipeline, venue: Venue) {
    for ((kind, name), count) in pipeline.borrow().board().drift(venue) {
        metrics::counter!("arb_scan_format_drift_total", "venue" => venue.as_str(), "kind" => kind.as_str(), "name" => name.to_owned())
            .absolute(count);
    }
}

/// Carries a connection's messages and events into the pipeline.
#[derive(Clone)]
struct Link {
    venue: Venue,
    pipeline: SharedPipeline,
    pool: PoolHandle,
    auditor: Rc<RefCell<Auditor>>,
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
        self.auditor.borrow_mut().note(self.venue, self.pipeline.borrow().board());
        if asks {
            ask_again(&self.pipeline, self.venue, &self.pool);
        }
        if garbled {
            self.pipeline.borrow().sink().notify(Notice::Missed);
            if let Some(handle) = self.pool.connection(meta.connection) {
                handle.resync_all();
            }
        }
    }

    fn on_event(&mut self, meta: &Meta, event: &Event) {
        let at = Timestamp::from_nanos(meta.received_at_ns());
        let mut pipeline = self.pipeline.borrow_mut();
        match event {
            Event::Connected { .. } => {
                pipeline.on_open(self.venue, meta.connection, at);
                pipeline.sink().notify(Notice::Missed);
            }
            Event::Disconnected { .. } => pipeline.on_close(self.venue, meta.connection, at),
            Event::Stalled { keys, .. } | Event::Gap { keys, .. } => match keys {
                Keys::All => pipeline.on_close(self.venue, meta.connection, at),
                // Lost were messages about listings.
                Keys::These(keys) if keys.is_empty() => pipeline.sink().notify(Notice::Missed),
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

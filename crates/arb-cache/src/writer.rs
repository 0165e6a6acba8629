//! Writing to the cache from a thread that must never wait for it.

mod lane;

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arb_normalize::{Book, Level, Market, MarketKey, Opportunity, Timestamp};
use metrics::Counter;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior};

use self::lane::{Due, Lane};
use crate::bounded::lock;
use crate::record::internal::Stored;
use crate::{Cache, CacheError, Class, Quote, Stamp};

/// How many values go to the store in one round trip.
const BATCH: usize = 100;

/// Settings of a [`CacheWriter`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriterConfig {
    /// The shortest time between two writes of one key; what comes between is conflated, the latest wins.
    pub interval: Duration,
    /// How many keys of one class may be remembered; an offer of a further key is refused while all of them wait to be written.
    pub keys: usize,
}

impl Default for WriterConfig {
    /// One write per 100 ms a key, 65,536 keys a class.
    fn default() -> Self {
        Self { interval: Duration::from_millis(100), keys: 65_536 }
    }
}

/// What became of an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Offer {
    /// It will be written.
    Taken,
    /// It will be written in place of an earlier one that had not been written yet.
    Conflated,
    /// Refused: as many other keys wait as the configuration allows.
    Full,
    /// Refused: the writer was shut down.
    Closed,
}

/// Takes the latest value of each key without waiting and writes it to a cache from a task of its own.
///
/// An offer copies the value into a slot of its key under a lock that is held for that copy only, allocates nothing once a key is known,
/// and wakes nobody: the task looks for work every tenth of the interval. While the store is slow or gone, values are replaced by later
/// ones in their slots and retried; a value older than its class allows is dropped. Nothing grows with the number of offers.
///
/// The task ends with the writer; [`CacheWriter::shutdown`] first writes what is left.
///
/// ```
/// use std::time::Duration;
/// use arb_cache::{Cache, CacheConfig, CacheWriter, Offer, Origin, Stamp, WriterConfig};
/// use arb_normalize::{Book, MarketKey, Side, Venue};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let cache = Cache::memory(CacheConfig::default());
/// let writer = CacheWriter::start(cache.clone(), WriterConfig::default());
/// let inbox = writer.inbox(); // for the scanning thread
///
/// let market = MarketKey { venue: Venue::Kalshi, id: "KXFED-26".into() };
/// let mut book = Book::new();
/// for size in ["10", "20", "30"] {
///     book.set(Side::Bid, "0.43".parse()?, size.parse()?);
///     assert_ne!(inbox.offer_book(&market, &book, Stamp::observed(cache.now(), Origin::Stream)), Offer::Full);
/// }
/// assert_eq!(writer.shutdown(Duration::from_secs(1)).await, 0);
/// let held = cache.get_book(&market, None).await?.hit().unwrap();
/// assert_eq!(held.best_bid().unwrap().size, "30".parse()?);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct CacheWriter {
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// The side of a [`CacheWriter`] that takes offers; clones feed the same writer.
#[derive(Debug, Clone)]
pub struct Inbox {
    shared: Arc<Shared>,
}

struct Shared {
    books: Mutex<Lane<MarketKey, Levels>>,
    quotes: Mutex<Lane<MarketKey, Quote>>,
    markets: Mutex<Lane<MarketKey, Option<Arc<Market>>>>,
    /// `None` removes the opportunity.
    opportunities: Mutex<Lane<String, Option<Arc<Opportunity>>>>,
    cache: Cache,
    closed: AtomicBool,
    counts: [OfferCounts; Class::ALL.len()],
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("cache", &self.cache).finish_non_exhaustive()
    }
}

struct OfferCounts {
    taken: Counter,
    conflated: Counter,
    full: Counter,
    dropped: Counter,
}

impl OfferCounts {
    fn new(class: Class) -> Self {
        let count = |result: &'static str| metrics::counter!("arb_cache_offers_total", "class" => class.as_str(), "result" => result);
        Self {
            taken: count("taken"),
            conflated: count("conflated"),
            full: count("full"),
            dropped: count("dropped"),
        }
    }
}

/// The levels of a book in buffers that are used again.
#[derive(Debug, Clone, Default)]
struct Levels {
    bids: Vec<Level>,
    asks: Vec<Level>,
}

impl Levels {
    fn copy(&mut self, book: &Book) {
        self.bids.clear();
        self.bids.extend(book.bids());
        self.asks.clear();
        self.asks.extend(book.asks());
    }

    fn to_book(&self) -> Book {
        let worst_first = |levels: &[Level]| levels.iter().rev().copied().collect::<Vec<_>>();
        let mut book = Book::new();
        book.replace(&worst_first(&self.bids), &worst_first(&self.asks));
        book
    }
}

impl Inbox {
    /// Offers the levels of a book.
    pub fn offer_book(&self, market: &MarketKey, book: &Book, stamp: Stamp) -> Offer {
        self.offer(Class::Orderbook, &self.shared.books, market, stamp, |slot| slot.copy(book))
    }

    /// Offers best bid, best ask and last price.
    pub fn offer_price(&self, market: &MarketKey, quote: Quote, stamp: Stamp) -> Offer {
        self.offer(Class::Price, &self.shared.quotes, market, stamp, |slot| *slot = quote)
    }

    /// Offers a market.
    pub fn offer_market(&self, market: Arc<Market>, stamp: Stamp) -> Offer {
        let key = market.key.clone();
        self.offer(Class::Market, &self.shared.markets, &key, stamp, |slot| *slot = Some(market))
    }

    /// Offers an opportunity, to be stored and ranked by its net profit.
    pub fn offer_opportunity(&self, opportunity: Arc<Opportunity>) -> Offer {
        let id = opportunity.id.clone();
        let stamp = self.computed_now();
        self.offer(Class::Opportunity, &self.shared.opportunities, id.as_str(), stamp, |slot| {
            *slot = Some(opportunity);
        })
    }

    /// Asks for the removal of an opportunity; an offer of it that still waits is withdrawn.
    pub fn remove_opportunity(&self, id: &str) -> Offer {
        let stamp = self.computed_now();
        self.offer(Class::Opportunity, &self.shared.opportunities, id, stamp, |slot| *slot = None)
    }

    fn computed_now(&self) -> Stamp {
        Stamp::observed(self.shared.cache.now(), crate::Origin::Computed)
    }

    fn offer<K, Q, V>(
        &self,
        class: Class,
        lane: &Mutex<Lane<K, V>>,
        key: &Q,
        stamp: Stamp,
        fill: impl FnOnce(&mut V),
    ) -> Offer
    where
        K: std::borrow::Borrow<Q> + Clone + Eq + std::hash::Hash,
        Q: ToOwned<Owned = K> + Eq + std::hash::Hash + ?Sized,
        V: Default,
    {
        if self.shared.closed.load(Ordering::Acquire) {
            return Offer::Closed;
        }
        let offer = lock(lane).offer(key, stamp, fill);
        let counts = &self.shared.counts[class.index()];
        match offer {
            Offer::Taken | Offer::Closed => counts.taken.increment(1),
            Offer::Conflated => counts.conflated.increment(1),
            Offer::Full => counts.full.increment(1),
        }
        offer
    }
}

impl CacheWriter {
    /// Starts the task. Call it inside a tokio runtime.
    #[must_use]
    pub fn start(cache: Cache, config: WriterConfig) -> Self {
        let shared = Arc::new(Shared {
            books: Mutex::new(Lane::new(config)),
            quotes: Mutex::new(Lane::new(config)),
            markets: Mutex::new(Lane::new(config)),
            opportunities: Mutex::new(Lane::new(config)),
            cache,
            closed: AtomicBool::new(false),
            counts: Class::ALL.map(OfferCounts::new),
        });
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(write_until_stopped(Arc::clone(&shared), config, stopped));
        Self { shared, stop, task }
    }

    /// The side that takes offers.
    #[must_use]
    pub fn inbox(&self) -> Inbox {
        Inbox { shared: Arc::clone(&self.shared) }
    }

    /// How many keys wait to be written.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.shared.waiting()
    }

    /// Refuses further offers, writes what is left for at most `within`, and ends the task. How many values stayed unwritten.
    ///
    /// # Cancel safety
    /// Dropping the future ends the task at once; values may stay unwritten.
    pub async fn shutdown(mut self, within: Duration) -> usize {
        self.shared.closed.store(true, Ordering::Release);
        // The task holds a receiver until it ends; if it has ended already nobody needs the word.
        let _ = self.stop.send(true);
        if tokio::time::timeout(within, &mut self.task).await.is_err() {
            tracing::warn!(
                unwritten = self.shared.waiting(),
                "cache writer ended before everything was written"
            );
        }
        self.shared.waiting()
    }
}

impl Drop for CacheWriter {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Release);
        self.task.abort();
    }
}

async fn write_until_stopped(
    shared: Arc<Shared>,
    config: WriterConfig,
    mut stopped: watch::Receiver<bool>,
) {
    let every = (config.interval / 10).clamp(Duration::from_millis(1), Duration::from_millis(20));
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = stopped.changed() => break,
        }
        shared.write_due(false).await;
    }
    while shared.waiting() > 0 {
        if !shared.write_due(true).await {
            // The store refuses; the caller's patience decides how often this is tried.
            tokio::time::sleep(config.interval.max(every)).await;
        }
    }
}

impl Shared {
    fn waiting(&self) -> usize {
        lock(&self.books).waiting()
            + lock(&self.quotes).waiting()
            + lock(&self.markets).waiting()
            + lock(&self.opportunities).waiting()
    }

    /// Writes everything that is due, or everything. False when a write failed.
    async fn write_due(&self, all: bool) -> bool {
        let mut fine = true;
        // Opportunities first: they are the fewest and the most awaited.
        fine &= self.write_opportunities(all).await;
        fine &= self.write_lane(&self.quotes, all, |quote| Some(Arc::new(*quote))).await;
        fine &= self.write_lane(&self.books, all, |levels| Some(Arc::new(levels.to_book()))).await;
        fine &= self.write_lane(&self.markets, all, Clone::clone).await;
        fine
    }

    async fn write_lane<R, V>(
        &self,
        lane: &Mutex<Lane<R::OwnedKey, V>>,
        all: bool,
        value_of: impl Fn(&V) -> Option<Arc<R>>,
    ) -> bool
    where
        R: Stored,
        V: Default,
    {
        loop {
            let due = lock(lane).take_due(Instant::now(), all, BATCH, &value_of);
            if due.is_empty() {
                return true;
            }
            let last = due.len() < BATCH;
            let mut values = Vec::with_capacity(due.len());
            let mut slots = Vec::with_capacity(due.len());
            for Due { slot, key, value, stamp } in due {
                slots.push((slot, stamp));
                if let Some(value) = value {
                    values.push((key, value, stamp));
                }
            }
            let result = self.cache.put_many::<R>(&values).await.map(|_| ());
            let fine = self.settle::<R::OwnedKey, V>(R::CLASS, lane, &slots, result);
            if !fine || last {
                return fine;
            }
        }
    }

    async fn write_opportunities(&self, all: bool) -> bool {
        let lane = &self.opportunities;
        loop {
            let due = lock(lane).take_due(Instant::now(), all, BATCH, Clone::clone);
            if due.is_empty() {
                return true;
            }
            let last = due.len() < BATCH;
            let slots: Vec<_> = due.iter().map(|due| (due.slot, due.stamp)).collect();
            let values: Vec<_> = due.iter().filter_map(|due| due.value.clone()).collect();
            let mut result = Ok(());
            if !values.is_empty() {
                result = self.cache.put_opportunities(&values).await.map(|_| ());
            }
            for due in due.iter().filter(|due| due.value.is_none()) {
                if result.is_ok() {
                    result = self.cache.remove_opportunity(&due.key).await.map(|_| ());
                }
            }
            let fine = self.settle(Class::Opportunity, lane, &slots, result);
            if !fine || last {
                return fine;
            }
        }
    }

    /// Books the outcome of a batch: what failed waits again, unless it has become too old to be worth it.
    fn settle<K, V>(
        &self,
        class: Class,
        lane: &Mutex<Lane<K, V>>,
        slots: &[(usize, Stamp)],
        result: Result<(), CacheError>,
    ) -> bool
    where
        K: Clone + Eq + std::hash::Hash,
        V: Default,
    {
        let now = Instant::now();
        let mut lane = lock(lane);
        let Err(error) = result else {
            for (slot, _) in slots {
                lane.settle(*slot, true, now);
            }
            return true;
        };
        let mut dropped = 0;
        for (slot, stamp) in slots {
            let give_up = !error.is_retryable() || self.is_too_old(class, *stamp, self.cache.now());
            dropped += u64::from(give_up);
            lane.settle(*slot, give_up, now);
        }
        drop(lane);
        self.counts[class.index()].dropped.increment(dropped);
        tracing::warn!(%class, values = slots.len(), dropped, %error, "cache write failed");
        false
    }

    fn is_too_old(&self, class: Class, stamp: Stamp, now: Timestamp) -> bool {
        now.since(stamp.received_at) > self.cache.config().policy(class).kept_for()
    }
}

//! The writer under a clock of its own: at most one write an interval and key, the latest value, nothing lost at the end.

use std::sync::Arc;
use std::time::Duration;

use arb_cache::{
    Bounds, Cache, CacheConfig, CacheError, CacheWriter, Class, Inbox, MemoryStore, Offer, Ranked,
    Store, VirtualClock, Write, WriterConfig, Written,
};
use async_trait::async_trait;
use bytes::Bytes;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

use crate::values::{at, book, kalshi, opportunity, stamp};

/// A store that counts writes and can be switched off.
#[derive(Debug)]
struct Counting {
    store: MemoryStore,
    writes: AtomicUsize,
    gone: AtomicBool,
}

#[async_trait]
impl Store for Counting {
    async fn get(&self, key: &str) -> Result<Option<Bytes>, CacheError> {
        self.store.get(key).await
    }

    async fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Bytes>>, CacheError> {
        self.store.get_many(keys).await
    }

    async fn put(&self, writes: &[Write]) -> Result<Vec<Written>, CacheError> {
        if self.gone.load(SeqCst) {
            return Err(CacheError::TimedOut { operation: "write", after: Duration::ZERO });
        }
        self.writes.fetch_add(writes.len(), SeqCst);
        self.store.put(writes).await
    }

    async fn remove(&self, key: &str, sets: &[String]) -> Result<bool, CacheError> {
        self.store.remove(key, sets).await
    }

    async fn ranked(
        &self,
        set: &str,
        skip: usize,
        count: usize,
    ) -> Result<Vec<Ranked>, CacheError> {
        self.store.ranked(set, skip, count).await
    }

    async fn ping(&self) -> Result<(), CacheError> {
        self.store.ping().await
    }
}

struct Subject {
    store: Arc<Counting>,
    cache: Cache,
    time: VirtualClock,
    writer: CacheWriter,
    inbox: Inbox,
}

fn subject(config: WriterConfig) -> Subject {
    let time = VirtualClock::at(at(0));
    let memory = MemoryStore::new(Bounds { entries: 10_000, bytes: 1 << 24 }, time.clock());
    let store = Arc::new(Counting {
        store: memory,
        writes: AtomicUsize::new(0),
        gone: AtomicBool::new(false),
    });
    let shared = Arc::clone(&store) as Arc<dyn Store>;
    let cache = Cache::with_store(shared, CacheConfig::default().with_clock(time.clock()));
    let writer = CacheWriter::start(cache.clone(), config);
    let inbox = writer.inbox();
    Subject { store, cache, time, writer, inbox }
}

#[tokio::test(start_paused = true)]
async fn a_thousand_updates_in_a_second_are_ten_writes_and_the_last_arrives() {
    let Subject { store, cache, time, writer, inbox } = subject(WriterConfig::default());
    for sequence in 1..=1000_u64 {
        assert!(matches!(
            inbox.offer_book(
                &kalshi("A"),
                &book(&[("0.4", &sequence.to_string())], &[]),
                stamp(time.now(), sequence)
            ),
            Offer::Taken | Offer::Conflated
        ));
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let writes = store.writes.load(SeqCst);
    assert!((8..=11).contains(&writes), "{writes} writes");
    tokio::time::sleep(Duration::from_millis(250)).await;
    let held = cache.get_book(&kalshi("A"), None).await.unwrap().hit().unwrap();
    assert_eq!(*held, book(&[("0.4", "1000")], &[]));
    assert_eq!(writer.waiting(), 0);
}

#[tokio::test(start_paused = true)]
async fn no_more_keys_wait_than_allowed() {
    let Subject { store, writer, inbox, time, .. } =
        subject(WriterConfig { keys: 3, ..WriterConfig::default() });
    store.gone.store(true, SeqCst);
    let mut offer = |id: &str| inbox.offer_book(&kalshi(id), &book(&[], &[]), stamp(time.now(), 1));
    assert_eq!(
        ["A", "B", "C", "D", "A"].map(&mut offer),
        [Offer::Taken, Offer::Taken, Offer::Taken, Offer::Full, Offer::Conflated]
    );
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(offer("D"), Offer::Full, "while the store is gone they wait on");
    store.gone.store(false, SeqCst);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(writer.waiting(), 0);
    assert_eq!(offer("D"), Offer::Taken, "the slot of a written key is used again");
    assert_eq!(writer.shutdown(Duration::from_secs(1)).await, 0);
    assert_eq!(store.writes.load(SeqCst), 4);
}

#[tokio::test(start_paused = true)]
async fn a_value_too_old_to_be_worth_it_is_dropped() {
    let Subject { store, time, writer, inbox, cache } = subject(WriterConfig::default());
    store.gone.store(true, SeqCst);
    let _ = inbox.offer_book(&kalshi("A"), &book(&[], &[]), stamp(time.now(), 1));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(writer.waiting(), 1);
    time.advance(cache.config().policy(Class::Orderbook).ttl + Duration::from_secs(1));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(writer.waiting(), 0);
    assert_eq!(store.writes.load(SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn the_last_word_on_an_opportunity_counts() {
    let Subject { cache, inbox, writer, .. } = subject(WriterConfig::default());
    let offer = |id: &str| inbox.offer_opportunity(Arc::new(opportunity(id, "p", "1")));
    let _ = (offer("a"), offer("b"), inbox.remove_opportunity("a"));
    tokio::time::sleep(Duration::from_millis(300)).await;
    let ids = async || {
        cache
            .top_opportunities(9)
            .await
            .unwrap()
            .iter()
            .map(|held| held.id.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids().await, ["b"]);
    let _ = (inbox.remove_opportunity("b"), offer("a"));
    assert_eq!(writer.shutdown(Duration::from_secs(1)).await, 0);
    assert_eq!(ids().await, ["a"]);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_ends_in_time_and_tells_what_is_left() {
    let Subject { store, time, writer, inbox, .. } = subject(WriterConfig::default());
    store.gone.store(true, SeqCst);
    let _ = inbox.offer_book(&kalshi("A"), &book(&[], &[]), stamp(time.now(), 1));
    assert_eq!(writer.shutdown(Duration::from_secs(3)).await, 1);
    assert_eq!(
        inbox.offer_book(&kalshi("A"), &book(&[], &[]), stamp(time.now(), 2)),
        Offer::Closed
    );
}

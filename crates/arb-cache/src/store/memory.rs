//! A store in this process.

mod rankings;

use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use self::rankings::Rankings;
use super::{Ranked, Store, StoreSize, Write, Written};
use crate::bounded::{Bounded, Incoming, lock};
use crate::envelope::version_of;
use crate::{Bounds, CacheError, Clock, Version};

/// How often expired entries are freed.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// A sharded store in memory, bounded by entries and bytes.
///
/// An expired value is never found; its memory is freed within a second by a task that ends with the store, when the store is made
/// inside a tokio runtime, and else as room is needed. When full, entries not read lately go first.
///
/// ```
/// use std::time::Duration;
/// use arb_cache::{Bounds, Clock, MemoryStore, Store, Write};
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// let store = MemoryStore::new(Bounds { entries: 1000, bytes: 1 << 20 }, Clock::system());
/// let write = Write {
///     key: "greeting".into(),
///     value: "hello".into(),
///     ttl: Duration::from_secs(1),
///     guarded: false,
///     rank: None,
/// };
/// store.put(&[write]).await?;
/// assert_eq!(store.get("greeting").await?.as_deref(), Some(b"hello".as_slice()));
/// # Ok::<(), arb_cache::CacheError>(()) }).unwrap();
/// ```
#[derive(Debug)]
pub struct MemoryStore {
    inner: Arc<Inner>,
    sweeper: Option<tokio::task::JoinHandle<()>>,
}

struct Inner {
    values: Bounded<Box<str>, Held>,
    rankings: Mutex<Rankings>,
    clock: Clock,
    evictions: [metrics::Counter; 2],
    entries: metrics::Gauge,
    bytes: metrics::Gauge,
}

struct Held {
    value: Bytes,
    ranked: bool,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inner").field("entries", &self.values.len()).finish_non_exhaustive()
    }
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new(bounds: Bounds, clock: Clock) -> Self {
        let evictions = |reason: &'static str| metrics::counter!("arb_cache_store_evictions_total", "reason" => reason);
        let inner = Arc::new(Inner {
            values: Bounded::new(bounds),
            rankings: Mutex::default(),
            clock,
            evictions: [evictions("bounds"), evictions("time")],
            entries: metrics::gauge!("arb_cache_store_entries"),
            bytes: metrics::gauge!("arb_cache_store_bytes"),
        });
        let sweeper = tokio::runtime::Handle::try_current()
            .ok()
            .map(|runtime| runtime.spawn(sweep_while_held(Arc::downgrade(&inner))));
        Self { inner, sweeper }
    }
}

impl Drop for MemoryStore {
    fn drop(&mut self) {
        if let Some(sweeper) = &self.sweeper {
            sweeper.abort();
        }
    }
}

async fn sweep_while_held(store: Weak<Inner>) {
    let mut ticks = tokio::time::interval(SWEEP_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(store) = store.upgrade() else { return };
        store.sweep();
    }
}

impl Inner {
    fn now(&self) -> i64 {
        self.clock.steady()
    }

    fn sweep(&self) {
        let now = self.now();
        let mut ranked = Vec::new();
        let expired = self.values.sweep(now, |key, held| {
            if held.ranked {
                ranked.push(key);
            }
        });
        self.forget_ranks(&ranked);
        lock(&self.rankings).expire(now);
        self.evictions[1].increment(expired);
        self.entries.set(self.values.len() as f64);
        self.bytes.set(self.values.bytes() as f64);
    }

    /// Takes keys that left by themselves out of the rankings, unless they are back by now.
    fn forget_ranks(&self, keys: &[Box<str>]) {
        if keys.is_empty() {
            return;
        }
        let mut rankings = lock(&self.rankings);
        for key in keys {
            let hash = self.values.hash(&**key);
            if self.values.shard(hash).get(hash, &**key, self.now()).is_none() {
                rankings.remove(key);
            }
        }
    }

    fn get(&self, key: &str) -> Option<Bytes> {
        let hash = self.values.hash(key);
        self.values.shard(hash).get(hash, key, self.now()).map(|held| held.value.clone())
    }

    fn put(&self, write: &Write) -> Written {
        // Ranked writes hold the rankings throughout, so that nobody sees a value without its rank or the reverse.
        let mut rankings = write.rank.is_some().then(|| lock(&self.rankings));
        let now = self.now();
        let ttl = i64::try_from(write.ttl.as_nanos()).unwrap_or(i64::MAX);
        let expires_at = now.saturating_add(ttl);
        let hash = self.values.hash(write.key.as_str());
        let mut shard = self.values.shard(hash);
        if write.guarded
            && let Some(held) = shard.get(hash, write.key.as_str(), now)
            && let (Some(held), Some(new)) = (version_of(&held.value), version_of(&write.value))
            && held > new
        {
            return Written::Older { held: Version::from_bytes(held) };
        }
        let held = Held { value: write.value.clone(), ranked: rankings.is_some() };
        let weight = write.key.len() + write.value.len();
        let mut gone = Vec::new();
        let incoming = Incoming { key: write.key.as_str().into(), value: held, expires_at, weight };
        let evicted = shard.insert(hash, incoming, now, self.values.hasher(), |key, held| {
            if held.ranked {
                gone.push(key);
            }
        });
        drop(shard);
        if let (Some(rankings), Some(rank)) = (&mut rankings, &write.rank)
            && !gone.iter().any(|key| **key == *write.key)
        {
            rankings.set(&write.key, rank, expires_at);
        }
        drop(rankings);
        self.forget_ranks(&gone);
        self.evictions[0].increment(evicted.by_bounds);
        self.evictions[1].increment(evicted.by_time);
        Written::Stored
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn get(&self, key: &str) -> Result<Option<Bytes>, CacheError> {
        Ok(self.inner.get(key))
    }

    async fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Bytes>>, CacheError> {
        Ok(keys.iter().map(|key| self.inner.get(key)).collect())
    }

    async fn put(&self, writes: &[Write]) -> Result<Vec<Written>, CacheError> {
        Ok(writes.iter().map(|write| self.inner.put(write)).collect())
    }

    async fn remove(&self, key: &str, _: &[String]) -> Result<bool, CacheError> {
        let mut rankings = lock(&self.inner.rankings);
        let hash = self.inner.values.hash(key);
        let removed = self.inner.values.shard(hash).remove(hash, key, self.inner.now());
        // A key leaves all its rankings; they are known here.
        rankings.remove(key);
        Ok(removed.is_some())
    }

    async fn ranked(
        &self,
        set: &str,
        skip: usize,
        count: usize,
    ) -> Result<Vec<Ranked>, CacheError> {
        Ok(lock(&self.inner.rankings).top(set, skip, count, self.inner.now()))
    }

    async fn ping(&self) -> Result<(), CacheError> {
        Ok(())
    }

    fn size(&self) -> Option<StoreSize> {
        Some(StoreSize { entries: self.inner.values.len(), bytes: self.inner.values.bytes() })
    }
}

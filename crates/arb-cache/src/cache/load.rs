//! Reading through the cache: one load for many readers, early refresh, stale values while a refresh runs.

use std::collections::HashMap;
use std::error::Error;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Cache, Item};
use crate::bounded::lock;
use crate::record::internal::Stored;
use crate::{CacheConfig, CacheError, Cached, Lookup, Miss, Record, Source, Stamp, Written};

#[expect(private_bounds, reason = "the bound closes the trait; every Record satisfies it")]
impl Cache {
    /// A value no older than `max_age` (the class's time to live when `None` or longer), from the caller's source where the cache has none.
    ///
    /// However many readers miss the same key at once, one of them loads and all get its answer. What else happens is the
    /// [policy](crate::ClassPolicy) of the class: a value beyond its age by at most `stale_for` is answered at once,
    /// marked [stale](Cached::stale), while a refresh runs in the background; a fresh one is now and then refreshed early, so
    /// that not all readers find it expired at the same moment. While the store is gone values are loaded and handed out all the same.
    ///
    /// A source may answer with something older than asked for, which is handed out marked stale, or older than what was stored
    /// meanwhile, which is then the answer.
    ///
    /// # Errors
    /// [`CacheError::Load`] with the source's error, [`CacheError::LoadTimedOut`] after
    /// [`load_timeout`](crate::CacheConfig::load_timeout), both given to all who waited.
    ///
    /// # Cancel safety
    /// A reader who loads and is dropped leaves the load to the next one waiting. Background refreshes run on.
    pub async fn get_or_load<R, F, L, E>(
        &self,
        key: &R::Key,
        max_age: Option<Duration>,
        load: F,
    ) -> Result<Cached<R>, CacheError>
    where
        R: Record + Stored,
        F: FnOnce() -> L + Send + 'static,
        L: Future<Output = Result<(R, Stamp), E>> + Send + 'static,
        E: Error + Send + Sync + 'static,
    {
        let policy = *self.inner.config.policy(R::CLASS);
        let limit = max_age.unwrap_or(policy.ttl).min(policy.ttl);
        let found = match self.get::<R>(key, max_age).await {
            Ok(Lookup::Hit(hit)) if !hit.stale => {
                let left = limit.saturating_sub(hit.age);
                if policy
                    .early_refresh_beta
                    .is_some_and(|beta| self.loads::<R>().is_time(beta, left))
                {
                    self.refresh_in_background(key, load);
                }
                return Ok(hit);
            }
            Ok(Lookup::Hit(stale)) => Some(stale),
            Ok(Lookup::Miss(Miss::Stale { .. })) if !policy.stale_for.is_zero() => {
                self.slightly_stale(key, limit.saturating_add(policy.stale_for))
            }
            Ok(Lookup::Miss(_)) | Err(_) => None,
        };
        match found {
            Some(stale) => {
                self.refresh_in_background(key, load);
                Ok(stale)
            }
            None => {
                let Loaded { mut answer, age_when_asked } = self.load_once(key, load).await?;
                answer.stale = age_when_asked > limit;
                Ok(answer)
            }
        }
    }

    fn loads<R: Stored>(&self) -> &Loads<R::OwnedKey, R> {
        R::tier(&self.inner.tiers).loads()
    }

    /// The value just found too old, if it is not too old to be served during a refresh.
    fn slightly_stale<R: Stored>(&self, key: &R::Key, max_age: Duration) -> Option<Cached<R>> {
        let mut found = R::tier(&self.inner.tiers).any(key, max_age, self.steady())?;
        found.stale = true;
        self.counts::<R>().served_stale();
        Some(found)
    }

    async fn load_once<R, F, L, E>(&self, key: &R::Key, load: F) -> Result<Loaded<R>, CacheError>
    where
        R: Record + Stored,
        F: FnOnce() -> L,
        L: Future<Output = Result<(R, Stamp), E>>,
        E: Error + Send + Sync + 'static,
    {
        let flight = self.loads::<R>().join(key.to_owned());
        let mut outcome = flight.outcome.lock().await;
        if let Some(outcome) = &*outcome {
            return outcome.clone();
        }
        let result = self.load(key, load).await;
        *outcome = Some(result.clone());
        // Whoever comes from now on starts a flight of its own.
        flight.end();
        result
    }

    async fn load<R, F, L, E>(&self, key: &R::Key, load: F) -> Result<Loaded<R>, CacheError>
    where
        R: Record + Stored,
        F: FnOnce() -> L,
        L: Future<Output = Result<(R, Stamp), E>>,
        E: Error + Send + Sync + 'static,
    {
        let counts = self.counts::<R>();
        counts.loads.add(1);
        let begun = Instant::now();
        let asked = self.steady();
        let after = self.inner.config.load_timeout;
        let loaded = tokio::time::timeout(after, load()).await;
        self.loads::<R>().took(begun.elapsed());
        let class = R::CLASS;
        let (value, stamp) = loaded
            .map_err(|_| CacheError::LoadTimedOut { class, after })?
            .map_err(|source| CacheError::Load { class, source: Arc::new(source) })?;
        let value = Arc::new(value);
        let rank = value.rank(&self.inner.layout);
        let item = Item { key, value: Arc::clone(&value), stamp, rank };
        let mut answer = Cached {
            value,
            age: self.now().since(stamp.received_at),
            stamp,
            writer: self.inner.config.writer,
            source: Source::Loaded,
            stale: false,
        };
        match self.put_items(vec![item]).await {
            Ok(written) if matches!(written[..], [Written::Older { .. }]) => {
                if let Ok(Lookup::Hit(newer)) = self.get::<R>(key, None).await {
                    answer = newer;
                }
            }
            Ok(_) => {}
            // The caller asked for a value, and here it is.
            Err(error) => tracing::debug!(%class, %error, "loaded value not stored"),
        }
        let took = u64::try_from(self.steady().saturating_sub(asked)).unwrap_or(0);
        let age_when_asked = answer.age.saturating_sub(Duration::from_nanos(took));
        Ok(Loaded { answer, age_when_asked })
    }

    /// Starts a refresh unless one of this key runs, or as many as are allowed at all.
    fn refresh_in_background<R, F, L, E>(&self, key: &R::Key, load: F)
    where
        R: Record + Stored,
        F: FnOnce() -> L + Send + 'static,
        L: Future<Output = Result<(R, Stamp), E>> + Send + 'static,
        E: Error + Send + Sync + 'static,
    {
        let Ok(permit) = Arc::clone(&self.inner.background.permits).try_acquire_owned() else {
            return;
        };
        if self.loads::<R>().is_running(key) {
            return;
        }
        let (cache, key) = (self.clone(), key.to_owned());
        self.inner.background.spawn(async move {
            use std::borrow::Borrow;
            if let Err(error) = cache.load_once::<R, _, _, _>(key.borrow(), load).await {
                tracing::warn!(class = %R::CLASS, %error, "background refresh failed");
            }
            drop(permit);
        });
    }
}

/// The refreshes that run by themselves; they end with the cache.
pub(super) struct Background {
    tasks: Mutex<JoinSet<()>>,
    permits: Arc<Semaphore>,
}

impl Background {
    pub(super) fn new(config: &CacheConfig) -> Self {
        let permits = config.background_loads.min(Semaphore::MAX_PERMITS);
        Self { tasks: Mutex::default(), permits: Arc::new(Semaphore::new(permits)) }
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = lock(&self.tasks);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }
}

/// What is being loaded of one class, and how long that takes.
pub(crate) struct Loads<K, R> {
    flights: Arc<Flights<K, R>>,
    /// Moving average, nanoseconds.
    load_time: AtomicU64,
    /// Counts throws.
    dice: AtomicU64,
}

type Flights<K, R> = Mutex<HashMap<K, Arc<Flight<R>>>>;

/// One load and those who wait for it: whoever holds the lock and finds no outcome loads.
struct Flight<R> {
    outcome: tokio::sync::Mutex<Option<Result<Loaded<R>, CacheError>>>,
}

/// What a load led to.
struct Loaded<R> {
    answer: Cached<R>,
    /// How old that was when the source was asked; nothing where it is younger than the question.
    age_when_asked: Duration,
}

impl<R> Clone for Loaded<R> {
    fn clone(&self) -> Self {
        Self { answer: self.answer.clone(), ..*self }
    }
}

/// A seat in a flight.
struct Seat<K: Eq + Hash, R> {
    flights: Arc<Flights<K, R>>,
    flight: Arc<Flight<R>>,
    key: K,
}

impl<K: Eq + Hash, R> std::ops::Deref for Seat<K, R> {
    type Target = Flight<R>;

    fn deref(&self) -> &Flight<R> {
        &self.flight
    }
}

impl<K: Eq + Hash, R> Seat<K, R> {
    fn end(&self) {
        let mut flights = lock(&self.flights);
        if flights.get(&self.key).is_some_and(|flight| Arc::ptr_eq(flight, &self.flight)) {
            flights.remove(&self.key);
        }
    }
}

impl<K: Eq + Hash, R> Drop for Seat<K, R> {
    fn drop(&mut self) {
        let mut flights = lock(&self.flights);
        // The map's own and ours: all others have left, cancelled perhaps, and nobody would end the flight.
        if Arc::strong_count(&self.flight) == 2
            && flights.get(&self.key).is_some_and(|flight| Arc::ptr_eq(flight, &self.flight))
        {
            flights.remove(&self.key);
        }
    }
}

impl<K: Eq + Hash + Clone, R> Loads<K, R> {
    pub(crate) fn new(seed: u64) -> Self {
        Self { flights: Arc::default(), load_time: AtomicU64::new(0), dice: AtomicU64::new(seed) }
    }

    fn join(&self, key: K) -> Seat<K, R> {
        let mut flights = lock(&self.flights);
        let flight = flights
            .entry(key.clone())
            .or_insert_with(|| Arc::new(Flight { outcome: tokio::sync::Mutex::new(None) }));
        Seat { flight: Arc::clone(flight), flights: Arc::clone(&self.flights), key }
    }

    fn is_running<Q>(&self, key: &Q) -> bool
    where
        K: std::borrow::Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        lock(&self.flights).contains_key(key)
    }

    fn took(&self, time: Duration) {
        let time = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let before = self.load_time.load(Relaxed);
        // An eighth of the new; the first counts whole. Of two at once one is lost, which an average bears.
        let next = if before == 0 { time } else { before - before / 8 + time / 8 };
        self.load_time.store(next.max(1), Relaxed);
    }

    /// Whether to refresh with `left` of the value's time to go: with probability exp(−left / (beta × load time)).
    ///
    /// Vattani, Chierichetti, Lowenstein, "Optimal Probabilistic Cache Stampede Prevention" (VLDB 2015): refresh when
    /// −beta · delta · ln(u) ≥ left for u uniform in (0, 1]. With beta 1, a load time of 100 ms and 100 ms to go that is 37 %.
    fn is_time(&self, beta: f64, left: Duration) -> bool {
        let load_time = self.load_time.load(Relaxed);
        if load_time == 0 {
            return false;
        }
        let horizon = beta * load_time as f64;
        -horizon * self.throw().ln() >= left.as_nanos() as f64
    }

    /// Uniform in (0, 1]: SplitMix64 over a counter (Steele, Lea, Flood 2014).
    fn throw(&self) -> f64 {
        let mut z = self.dice.fetch_add(0x9e37_79b9_7f4a_7c15, Relaxed);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        ((z >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearer_the_end_the_likelier_a_refresh() {
        let loads: Loads<u8, u8> = Loads::new(1);
        assert!(!loads.is_time(1.0, Duration::ZERO), "nothing is known of the load time yet");
        loads.took(Duration::from_millis(100));
        let share = |left: u64| {
            let throws = 20_000;
            let yes =
                (0..throws).filter(|_| loads.is_time(1.0, Duration::from_millis(left))).count();
            yes as f64 / f64::from(throws)
        };
        for (left, expected) in [(0, 1.0), (50, 0.607), (100, 0.368), (300, 0.050)] {
            let share = share(left);
            assert!(
                (share - expected).abs() < 0.02,
                "{left} ms to go: {share}, expected {expected}"
            );
        }
    }
}

//! The typed cache over a store.

pub(crate) mod load;
mod markets;
mod opportunities;
mod upkeep;

use std::sync::Arc;
use std::time::Duration;

use arb_normalize::{Book, Market, MarketKey, Timestamp};
use bytes::Bytes;

use crate::bounded::Evicted;
use crate::envelope::Header;
use crate::key::Layout;
use crate::record::internal::Stored;
use crate::stats::{ClassCounts, ClassStats, Counts};
use crate::store::{Rank, Store, StoreSize, Write, Written};
use crate::tier::{Arrival, PendingWrite, Ticket, Tiers, Trust};
use crate::{
    CacheConfig, CacheError, Cached, Class, Lookup, MarketPair, MemoryStore, Miss, Origin, Quote,
    Record, Similarity, Source, Stamp,
};

/// Values that say how old they are, in this process and, with Redis, shared between processes.
///
/// Cloning it yields another handle on the same cache. Ages count from the receive time in a value's [`Stamp`], by the clock of the
/// [configuration](CacheConfig::clock). See the crate's page for an example.
#[derive(Clone)]
pub struct Cache {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) config: CacheConfig,
    pub(crate) layout: Layout,
    pub(crate) tiers: Tiers,
    pub(crate) counts: Counts,
    background: load::Background,
    _upkeep: upkeep::Upkeep,
}

impl std::fmt::Debug for Cache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cache").field("store", &self.inner.store).finish_non_exhaustive()
    }
}

impl Cache {
    /// A cache of this process alone.
    #[must_use]
    pub fn memory(config: CacheConfig) -> Self {
        let store = Arc::new(MemoryStore::new(config.memory, config.clock.clone()));
        Self::build(store, config, Trust::OwnWrites)
    }

    /// A cache over any store. Reads ask the store each time, unless it [reports changes](Store::watch).
    #[must_use]
    pub fn with_store(store: Arc<dyn Store>, config: CacheConfig) -> Self {
        Self::build(store, config, Trust::Reports)
    }

    /// A cache shared with other processes through Redis; `redis` is a URL or a [`RedisConfig`](crate::RedisConfig).
    ///
    /// # Errors
    /// As [`RedisStore::connect`](crate::RedisStore::connect).
    ///
    /// # Cancel safety
    /// Dropping the future closes what was opened.
    #[cfg(feature = "redis")]
    pub async fn redis(
        redis: impl Into<crate::RedisConfig>,
        config: CacheConfig,
    ) -> Result<Self, CacheError> {
        let store = crate::RedisStore::connect(redis.into()).await?;
        Ok(Self::with_store(Arc::new(store), config))
    }

    fn build(store: Arc<dyn Store>, config: CacheConfig, trust: Trust) -> Self {
        let layout = Layout { prefix: config.key_prefix.clone(), clustered: store.is_clustered() };
        let tiers = Tiers::new(&config, trust);
        let inner = Arc::new_cyclic(|inner| Inner {
            _upkeep: upkeep::Upkeep::start(inner),
            counts: Counts::new(),
            background: load::Background::new(&config),
            store,
            layout,
            tiers,
            config,
        });
        if trust == Trust::Reports {
            inner.store.watch(Arc::new(upkeep::Watcher::new(Arc::downgrade(&inner))));
        }
        Self { inner }
    }

    /// The present instant of the cache's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.inner.config.clock.now()
    }

    /// The present instant of the clock's steady line, by which ages are measured.
    #[inline]
    fn steady(&self) -> i64 {
        self.inner.config.clock.steady()
    }

    /// The settings it was built with.
    #[must_use]
    pub fn config(&self) -> &CacheConfig {
        &self.inner.config
    }

    /// Counts of a class since the cache was built.
    #[must_use]
    pub fn stats(&self, class: Class) -> ClassStats {
        let tiers = &self.inner.tiers;
        let (tier_entries, tier_bytes) = match class {
            Class::Market => (tiers.markets.len(), tiers.markets.bytes()),
            Class::Orderbook => (tiers.books.len(), tiers.books.bytes()),
            Class::Price => (tiers.quotes.len(), tiers.quotes.bytes()),
            Class::Opportunity => (tiers.opportunities.len(), tiers.opportunities.bytes()),
            Class::Similarity => (tiers.similarities.len(), tiers.similarities.bytes()),
        };
        ClassStats { tier_entries, tier_bytes, ..self.inner.counts.read(class) }
    }

    /// How much the store holds, where it lives in this process.
    #[must_use]
    pub fn store_size(&self) -> Option<StoreSize> {
        self.inner.store.size()
    }

    /// Asks the store for a sign of life.
    ///
    /// # Errors
    /// When there is none.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn ping(&self) -> Result<(), CacheError> {
        self.inner.store.ping().await
    }

    /// Stores the levels of a book. `market` names the book: a Kalshi ticker or a Polymarket token.
    ///
    /// # Errors
    /// When the store cannot be asked or refuses.
    ///
    /// # Cancel safety
    /// A dropped write may or may not have happened; this cache stays right either way.
    pub async fn put_book(
        &self,
        market: &MarketKey,
        book: impl Into<Arc<Book>>,
        stamp: Stamp,
    ) -> Result<Written, CacheError> {
        self.put(market, book.into(), stamp).await
    }

    /// The levels of a book no older than `max_age` (the class's time to live when `None` or longer).
    ///
    /// # Errors
    /// When the store cannot be asked and the policy allows nothing stale.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn get_book(
        &self,
        market: &MarketKey,
        max_age: Option<Duration>,
    ) -> Result<Lookup<Book>, CacheError> {
        self.get(market, max_age).await
    }

    /// Stores best bid, best ask and last price.
    ///
    /// # Errors
    /// When the store cannot be asked or refuses.
    ///
    /// # Cancel safety
    /// A dropped write may or may not have happened; this cache stays right either way.
    pub async fn put_price(
        &self,
        market: &MarketKey,
        quote: Quote,
        stamp: Stamp,
    ) -> Result<Written, CacheError> {
        self.put(market, Arc::new(quote), stamp).await
    }

    /// Best bid, best ask and last price no older than `max_age` (the class's time to live when `None` or longer).
    ///
    /// # Errors
    /// When the store cannot be asked and the policy allows nothing stale.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn get_price(
        &self,
        market: &MarketKey,
        max_age: Option<Duration>,
    ) -> Result<Lookup<Quote>, CacheError> {
        self.get(market, max_age).await
    }

    /// Stores how alike two markets are, as of now.
    ///
    /// # Errors
    /// When the store cannot be asked or refuses.
    ///
    /// # Cancel safety
    /// A dropped write may or may not have happened; this cache stays right either way.
    pub async fn put_similarity(
        &self,
        pair: &MarketPair,
        similarity: Similarity,
    ) -> Result<Written, CacheError> {
        self.put(pair, Arc::new(similarity), Stamp::observed(self.now(), Origin::Computed)).await
    }

    /// How alike two markets are.
    ///
    /// # Errors
    /// When the store cannot be asked and the policy allows nothing stale.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn get_similarity(
        &self,
        pair: &MarketPair,
        max_age: Option<Duration>,
    ) -> Result<Lookup<Similarity>, CacheError> {
        self.get(pair, max_age).await
    }

    /// A market no older than `max_age` (the class's time to live when `None` or longer).
    ///
    /// # Errors
    /// When the store cannot be asked and the policy allows nothing stale.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn get_market(
        &self,
        market: &MarketKey,
        max_age: Option<Duration>,
    ) -> Result<Lookup<Market>, CacheError> {
        self.get(market, max_age).await
    }
}

/// Every class alike.
#[expect(private_bounds, reason = "the bound closes the trait; every Record satisfies it")]
impl Cache {
    /// A value this process may answer for alone, without waiting: the fast path of [`Cache::get`].
    /// Counted as a hit when there is one; `None` is not counted.
    #[must_use]
    pub fn peek<R: Record + Stored>(
        &self,
        key: &R::Key,
        max_age: Option<Duration>,
    ) -> Option<Cached<R>> {
        self.peek_steady(key, max_age, self.steady())
    }

    /// [`peek`](Self::peek) at an instant the caller has read already: several values of one instant, or what a frame met when
    /// it was received. Reading the clock is a third of a hit's time.
    ///
    /// Ages are as of `now`, by the timeline of the [configured clock](CacheConfig::clock): give what [`Cache::now`] said, or the receive
    /// time of a frame just taken, and no instant that was kept, for a value looks younger at an earlier one.
    ///
    /// ```
    /// use std::time::Duration;
    /// use arb_cache::{Cache, CacheConfig, Origin, Quote, Stamp};
    /// use arb_normalize::{MarketKey, Venue};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), arb_cache::CacheError> {
    /// let cache = Cache::memory(CacheConfig::default());
    /// let markets = ["KXFED-27JAN-H0", "KXFED-27JAN-H25"]
    ///     .map(|id| MarketKey { venue: Venue::Kalshi, id: id.into() });
    /// for market in &markets {
    ///     cache.put_price(market, Quote::default(), Stamp::observed(cache.now(), Origin::Stream)).await?;
    /// }
    /// let now = cache.now();
    /// let second = Some(Duration::from_secs(1));
    /// assert!(markets.iter().all(|market| cache.peek_at::<Quote>(market, second, now).is_some()));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn peek_at<R: Record + Stored>(
        &self,
        key: &R::Key,
        max_age: Option<Duration>,
        now: Timestamp,
    ) -> Option<Cached<R>> {
        self.peek_steady(key, max_age, self.inner.config.clock.steady_at(now))
    }

    #[inline]
    fn peek_steady<R: Record + Stored>(
        &self,
        key: &R::Key,
        max_age: Option<Duration>,
        now: i64,
    ) -> Option<Cached<R>> {
        let found = R::tier(&self.inner.tiers).fresh(key, max_age.unwrap_or(Duration::MAX), now)?;
        self.counts::<R>().hit(Source::Process);
        Some(found.cached())
    }

    /// A value no older than `max_age` (the class's time to live when `None` or longer).
    ///
    /// # Errors
    /// When the store cannot be asked and the policy allows nothing stale.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn get<R: Record + Stored>(
        &self,
        key: &R::Key,
        max_age: Option<Duration>,
    ) -> Result<Lookup<R>, CacheError> {
        if let Some(hit) = self.peek(key, max_age) {
            return Ok(Lookup::Hit(hit));
        }
        let ticket = R::tier(&self.inner.tiers).ticket(key);
        let name = R::store_key(&self.inner.layout, key);
        let answer = self.inner.store.get(&name).await;
        self.answer(key, ticket, answer, max_age)
    }

    /// Values in the order of their keys, in one round trip for those this process does not hold.
    ///
    /// # Errors
    /// When the store cannot be asked and the policy allows nothing stale.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn get_many<R: Record + Stored>(
        &self,
        keys: &[R::OwnedKey],
        max_age: Option<Duration>,
    ) -> Result<Vec<Lookup<R>>, CacheError> {
        use std::borrow::Borrow;
        let now = self.steady();
        let held: Vec<_> =
            keys.iter().map(|key| self.peek_steady(key.borrow(), max_age, now)).collect();
        let asked: Vec<&R::Key> = keys
            .iter()
            .zip(&held)
            .filter(|(_, held)| held.is_none())
            .map(|(key, _)| key.borrow())
            .collect();
        let tickets: Vec<_> =
            asked.iter().map(|key| R::tier(&self.inner.tiers).ticket(key)).collect();
        let names: Vec<_> = asked.iter().map(|key| R::store_key(&self.inner.layout, key)).collect();
        let answers: Vec<Result<Option<Bytes>, CacheError>> = if names.is_empty() {
            Vec::new()
        } else {
            match self.inner.store.get_many(&names).await {
                Ok(values) => values.into_iter().map(Ok).collect(),
                Err(error) => names.iter().map(|_| Err(error.clone())).collect(),
            }
        };
        let mut answers = asked.into_iter().zip(tickets).zip(answers);
        held.into_iter()
            .map(|held| match held {
                Some(hit) => Ok(Lookup::Hit(hit)),
                None => match answers.next() {
                    Some(((key, ticket), answer)) => self.answer(key, ticket, answer, max_age),
                    None => Ok(Lookup::Miss(Miss::Absent)),
                },
            })
            .collect()
    }

    /// Stores a value.
    ///
    /// # Errors
    /// When the store cannot be asked or refuses.
    ///
    /// # Cancel safety
    /// A dropped write may or may not have happened; this cache stays right either way.
    pub async fn put<R: Record + Stored>(
        &self,
        key: &R::Key,
        value: Arc<R>,
        stamp: Stamp,
    ) -> Result<Written, CacheError> {
        let rank = value.rank(&self.inner.layout);
        let item = Item { key, value, stamp, rank };
        Ok(self.put_items(vec![item]).await?.pop().unwrap_or(Written::Stored))
    }

    /// Stores values in one round trip; what became of each, in order.
    ///
    /// # Errors
    /// When the store cannot be asked or refuses; some of the values may then be stored.
    ///
    /// # Cancel safety
    /// Dropped writes may or may not have happened; this cache stays right either way.
    pub async fn put_many<R: Record + Stored>(
        &self,
        values: &[(R::OwnedKey, Arc<R>, Stamp)],
    ) -> Result<Vec<Written>, CacheError> {
        use std::borrow::Borrow;
        let items = values
            .iter()
            .map(|(key, value, stamp)| Item {
                key: key.borrow(),
                value: Arc::clone(value),
                stamp: *stamp,
                rank: value.rank(&self.inner.layout),
            })
            .collect();
        self.put_items(items).await
    }

    /// Removes a value. Whether there was one.
    ///
    /// Use [`Cache::remove_opportunity`] for opportunities and [`Cache::remove_market`] for markets: those leave their rankings too.
    ///
    /// # Errors
    /// When the store cannot be asked.
    ///
    /// # Cancel safety
    /// A dropped removal may or may not have happened.
    pub async fn remove<R: Record + Stored>(&self, key: &R::Key) -> Result<bool, CacheError> {
        self.remove_ranked::<R>(key, &[]).await
    }
}

/// A value on its way to the store.
pub(crate) struct Item<'a, R: Stored> {
    pub(crate) key: &'a R::Key,
    pub(crate) value: Arc<R>,
    pub(crate) stamp: Stamp,
    pub(crate) rank: Option<Rank>,
}

impl Cache {
    fn counts<R: Stored>(&self) -> &ClassCounts {
        self.inner.counts.of(R::CLASS)
    }

    fn count_evictions<R: Stored>(&self, evicted: Evicted) {
        self.counts::<R>().evicted.add(evicted.by_bounds);
        self.counts::<R>().expired.add(evicted.by_time);
    }

    async fn put_items<R: Stored>(
        &self,
        items: Vec<Item<'_, R>>,
    ) -> Result<Vec<Written>, CacheError> {
        let inner = &*self.inner;
        let tier = R::tier(&inner.tiers);
        let mut writes = Vec::with_capacity(items.len());
        let mut pending = Vec::with_capacity(items.len());
        for item in items {
            let header = Header { stamp: item.stamp, writer: inner.config.writer };
            let mut out = Vec::with_capacity(512);
            header.write(R::CLASS, R::SCHEMA, &mut out);
            item.value.encode(&mut out).map_err(|source| CacheError::Encode {
                class: R::CLASS,
                source: Arc::new(source),
            })?;
            out.shrink_to_fit();
            writes.push(Write {
                key: R::store_key(&inner.layout, item.key),
                value: Bytes::from(out),
                ttl: inner.config.policy(R::CLASS).kept_for(),
                guarded: R::GUARDED,
                rank: item.rank,
            });
            pending.push((PendingWrite::begin(tier, item.key), item.value, header));
        }
        let written =
            inner.store.put(&writes).await.inspect_err(|_| self.counts::<R>().errors.add(1))?;
        let now = inner.config.clock.moment();
        for (result, (pending, value, header)) in written.iter().zip(pending) {
            match result {
                Written::Stored => {
                    self.counts::<R>().stored.add(1);
                    self.count_evictions::<R>(pending.commit(value, header, now));
                }
                Written::Older { .. } => self.counts::<R>().refused.add(1),
            }
        }
        Ok(written)
    }

    async fn remove_ranked<R: Stored>(
        &self,
        key: &R::Key,
        sets: &[String],
    ) -> Result<bool, CacheError> {
        let inner = &*self.inner;
        let name = R::store_key(&inner.layout, key);
        let removed = inner.store.remove(&name, sets).await;
        R::tier(&inner.tiers).forget(key, self.steady());
        removed.inspect_err(|_| self.counts::<R>().errors.add(1))
    }

    /// Turns what the store said into what the caller asked.
    fn answer<R: Stored>(
        &self,
        key: &R::Key,
        ticket: Ticket,
        answer: Result<Option<Bytes>, CacheError>,
        max_age: Option<Duration>,
    ) -> Result<Lookup<R>, CacheError> {
        let counts = self.counts::<R>();
        let found = match answer {
            Ok(Some(bytes)) => self.open::<R>(key, ticket, &bytes),
            Ok(None) => Err(Miss::Absent),
            Err(CacheError::WrongType { .. }) => Err(Miss::Foreign { schema: None }),
            Err(error) => {
                counts.errors.add(1);
                let stale = self.stale::<R>(key).ok_or(error)?;
                counts.served_stale();
                return Ok(Lookup::Hit(stale));
            }
        };
        let ttl = self.inner.config.policy(R::CLASS).ttl;
        let lookup = match found {
            Ok(found) if found.age <= max_age.unwrap_or(ttl).min(ttl) => Lookup::Hit(found),
            Ok(found) => Lookup::Miss(Miss::Stale { age: found.age }),
            Err(miss) => Lookup::Miss(miss),
        };
        match &lookup {
            Lookup::Hit(_) => counts.hit(Source::Store),
            Lookup::Miss(miss) => counts.miss(*miss),
        }
        Ok(lookup)
    }

    /// A value the policy allows to serve although it cannot be confirmed.
    fn stale<R: Stored>(&self, key: &R::Key) -> Option<Cached<R>> {
        let policy = self.inner.config.policy(R::CLASS);
        if policy.stale_for.is_zero() {
            return None;
        }
        let mut found = R::tier(&self.inner.tiers).any(key, policy.kept_for(), self.steady())?;
        found.stale = true;
        Some(found)
    }

    fn open<R: Stored>(
        &self,
        key: &R::Key,
        ticket: Ticket,
        bytes: &[u8],
    ) -> Result<Cached<R>, Miss> {
        let (header, payload) =
            Header::read(R::CLASS, R::SCHEMA, bytes).map_err(|schema| Miss::Foreign { schema })?;
        let value = R::decode(payload).map_err(|error| {
            tracing::warn!(class = %R::CLASS, %error, "unreadable value in the store");
            Miss::Foreign { schema: Some(R::SCHEMA) }
        })?;
        let value = Arc::new(value);
        let now = self.inner.config.clock.moment();
        let arrival = Arrival { value: Arc::clone(&value), header, ticket };
        let (age, evicted) = R::tier(&self.inner.tiers).admit(key, arrival, now);
        self.count_evictions::<R>(evicted);
        let age = age.ok_or(Miss::Regressed)?;
        Ok(Cached {
            value,
            age,
            stamp: header.stamp,
            writer: header.writer,
            source: Source::Store,
            stale: false,
        })
    }
}

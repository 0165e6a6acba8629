//! Values of this process, as `Arc<T>`: what a hit hands out without copying or decoding.
//!
//! The tier also remembers the highest version seen of each key, so that a store that lost a write cannot make an older one
//! fresh, and what to serve while the store is gone. Whether it may answer alone is a question of trust: an entry is trusted
//! when nothing can have changed behind it, because all writes pass through this cache or because the store reports changes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arb_normalize::{Book, Market, Opportunity, Timestamp};

use crate::bounded::{Bounded, Evicted, Incoming};
use crate::cache::load::Loads;
use crate::clock::Moment;
use crate::envelope::Header;
use crate::record::internal::Stored;
use crate::{Bounds, CacheConfig, Cached, Origin, Quote, Similarity, Source, Stamp};

/// How long beyond its use a version is remembered, against a store that forgets.
const VERSION_KEPT_FOR: Duration = Duration::from_secs(60);

/// One tier a class.
pub(crate) struct Tiers {
    pub(crate) markets: Tier<Market>,
    pub(crate) books: Tier<Book>,
    pub(crate) quotes: Tier<Quote>,
    pub(crate) opportunities: Tier<Opportunity>,
    pub(crate) similarities: Tier<Similarity>,
}

impl Tiers {
    pub(crate) fn new(config: &CacheConfig, trust: Trust) -> Self {
        Self {
            markets: Tier::new(config, trust),
            books: Tier::new(config, trust),
            quotes: Tier::new(config, trust),
            opportunities: Tier::new(config, trust),
            similarities: Tier::new(config, trust),
        }
    }
}

/// When a tier may answer without the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trust {
    /// All writes pass through this cache.
    OwnWrites,
    /// The store reports changes, if it can and while its tracking holds.
    Reports,
}

pub(crate) struct Tier<R: Stored> {
    map: Bounded<R::OwnedKey, Held<R>>,
    /// The era entries must come from to be trusted; 0 while there is no trust. Raised by every loss.
    era: AtomicU64,
    own_writes_trusted: bool,
    ttl: Duration,
    /// How long an entry stays after its frame came.
    kept_for: Duration,
    loads: Loads<R::OwnedKey, R>,
}

struct Held<R> {
    value: Arc<R>,
    header: Header,
    /// When the frame came that vouches for it, on the clock's steady line.
    since: i64,
    /// The era in which the entry is trusted; 0 never matches.
    era: u64,
}

/// What a hit takes from its entry while the shard is locked: a stamp's parts and not a stamp, so that they travel in registers.
/// Moving the finished answer about took half of the time a hit spends here.
pub(crate) struct Found<R> {
    value: Arc<R>,
    age: u64,
    writer: u64,
    epoch: Timestamp,
    sequence: u64,
    received_at: Timestamp,
    venue_at: Option<Timestamp>,
    origin: Origin,
}

impl<R> Found<R> {
    #[inline(always)]
    fn of(held: &Held<R>, age: u64) -> Self {
        let Header { stamp, writer } = &held.header;
        Self {
            value: Arc::clone(&held.value),
            age,
            writer: *writer,
            epoch: stamp.epoch,
            sequence: stamp.sequence,
            received_at: stamp.received_at,
            venue_at: stamp.venue_at,
            origin: stamp.origin,
        }
    }

    /// What is handed out.
    #[inline(always)]
    pub(crate) fn cached(self) -> Cached<R> {
        let Self { value, age, writer, epoch, sequence, received_at, venue_at, origin } = self;
        Cached {
            value,
            age: Duration::from_nanos(age),
            stamp: Stamp { epoch, sequence, received_at, venue_at, origin },
            writer,
            source: Source::Process,
            stale: false,
        }
    }
}

/// What a tier looked like before the store was asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ticket {
    pub(crate) hash: u64,
    generation: u64,
    era: u64,
}

/// A value on its way into the tier.
pub(crate) struct Arrival<R> {
    pub(crate) value: Arc<R>,
    pub(crate) header: Header,
    pub(crate) ticket: Ticket,
}

impl<R: Stored> Tier<R> {
    fn new(config: &CacheConfig, trust: Trust) -> Self {
        let policy = config.policy(R::CLASS);
        let bounds = Bounds { entries: config.tier.entries.max(1), ..config.tier };
        let memory = if R::GUARDED { VERSION_KEPT_FOR } else { Duration::ZERO };
        Self {
            map: Bounded::new(bounds),
            era: AtomicU64::new(u64::from(trust == Trust::OwnWrites)),
            own_writes_trusted: trust == Trust::OwnWrites,
            ttl: policy.ttl,
            kept_for: policy.kept_for().saturating_add(memory),
            loads: Loads::new(config.writer),
        }
    }

    pub(crate) const fn loads(&self) -> &Loads<R::OwnedKey, R> {
        &self.loads
    }

    pub(crate) fn len(&self) -> usize {
        self.map.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.map.bytes()
    }

    pub(crate) fn sweep(&self, now: i64) -> u64 {
        self.map.sweep(now, |_, _| {})
    }

    /// A trusted value no older than `max_age`; `now` on the steady line, as everywhere here.
    #[inline(always)]
    pub(crate) fn fresh(&self, key: &R::Key, max_age: Duration, now: i64) -> Option<Found<R>> {
        let era = self.era.load(Ordering::Acquire);
        if era == 0 {
            return None;
        }
        let max_age = nanos(max_age.min(self.ttl));
        let hash = self.map.hash(key);
        let mut shard = self.map.shard(hash);
        let held = shard.get(hash, key, now)?;
        let age = age(now, held.since);
        (held.era == era && age <= max_age).then(|| Found::of(held, age))
    }

    /// Any value, trusted or not, no older than `max_age`.
    pub(crate) fn any(&self, key: &R::Key, max_age: Duration, now: i64) -> Option<Cached<R>> {
        let hash = self.map.hash(key);
        let mut shard = self.map.shard(hash);
        let held = shard.get(hash, key, now)?;
        let age = age(now, held.since);
        (age <= nanos(max_age)).then(|| Found::of(held, age).cached())
    }

    /// To be drawn before the store is asked.
    pub(crate) fn ticket(&self, key: &R::Key) -> Ticket {
        let hash = self.map.hash(key);
        let era = self.era.load(Ordering::Acquire);
        Ticket { hash, generation: self.map.shard(hash).generation, era }
    }

    /// Takes in what the store answered; its age. None when a newer version is known here: the store forgot it.
    pub(crate) fn admit(
        &self,
        key: &R::Key,
        arrival: Arrival<R>,
        now: Moment,
    ) -> (Option<Duration>, Evicted) {
        self.take_in(key, arrival, now, false)
    }

    /// Takes in what the store accepted from us.
    pub(crate) fn commit(&self, key: &R::Key, arrival: Arrival<R>, now: Moment) -> Evicted {
        self.take_in(key, arrival, now, true).1
    }

    fn take_in(
        &self,
        key: &R::Key,
        arrival: Arrival<R>,
        now: Moment,
        written: bool,
    ) -> (Option<Duration>, Evicted) {
        let Arrival { value, header, ticket } = arrival;
        // A clock of another machine may be ahead; that must not keep a value for ever.
        let mut since = now.past(header.stamp.received_at);
        let now = now.steady;
        let mut shard = self.map.shard(ticket.hash);
        if let Some(held) = shard.get(ticket.hash, key, now) {
            if R::GUARDED && held.header.version() > header.version() {
                return (None, Evicted::default());
            }
            if held.header == header {
                // The same again: whatever the wall clock says by now, it is no younger.
                since = since.min(held.since);
            }
        }
        let unchanged = shard.generation == ticket.generation;
        let trusted = unchanged && (!written || self.own_writes_trusted);
        if written {
            // Whoever read the store before this write must not put the older value over it.
            shard.generation += 1;
        }
        let era = if trusted { ticket.era } else { 0 };
        let kept_for = i64::try_from(self.kept_for.as_nanos()).unwrap_or(i64::MAX);
        let incoming = Incoming {
            key: key.to_owned(),
            weight: value.weight(),
            value: Held { value, header, since, era },
            expires_at: since.saturating_add(kept_for),
        };
        let evicted = shard.insert(ticket.hash, incoming, now, self.map.hasher(), |_, _| {});
        (Some(Duration::from_nanos(age(now, since))), evicted)
    }

    /// The entry may no longer answer alone; its version stays known.
    pub(crate) fn distrust(&self, key: &R::Key) {
        let hash = self.map.hash(key);
        let mut shard = self.map.shard(hash);
        shard.generation += 1;
        // Expired or not: an entry that is gone for `get` is never served.
        if let Some(held) = shard.get(hash, key, i64::MIN) {
            held.era = 0;
        }
    }

    /// No entry may answer alone; new ones may when `trusting`.
    pub(crate) fn distrust_all(&self, next_era: u64, trusting: bool) {
        self.era.store(if trusting { next_era } else { 0 }, Ordering::Release);
    }

    pub(crate) fn forget(&self, key: &R::Key, now: i64) {
        let hash = self.map.hash(key);
        let mut shard = self.map.shard(hash);
        shard.generation += 1;
        if R::GUARDED {
            // The version stays known until its time is over.
            if let Some(held) = shard.get(hash, key, now) {
                held.era = 0;
            }
        } else {
            shard.remove(hash, key, now);
        }
    }
}

/// Nanoseconds since an entry's frame came.
#[inline(always)]
fn age(now: i64, since: i64) -> u64 {
    u64::try_from(now.saturating_sub(since)).unwrap_or(0)
}

/// Whole nanoseconds; spans of more than 584 years are cut to that, and no age is longer.
fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

/// A write that has left for the store; dropped before the answer, it leaves the entry distrusted.
pub(crate) struct PendingWrite<'a, R: Stored> {
    tier: &'a Tier<R>,
    key: &'a R::Key,
    ticket: Ticket,
    settled: bool,
}

impl<'a, R: Stored> PendingWrite<'a, R> {
    pub(crate) fn begin(tier: &'a Tier<R>, key: &'a R::Key) -> Self {
        Self { tier, key, ticket: tier.ticket(key), settled: false }
    }

    pub(crate) fn commit(mut self, value: Arc<R>, header: Header, now: Moment) -> Evicted {
        self.settled = true;
        self.tier.commit(self.key, Arrival { value, header, ticket: self.ticket }, now)
    }
}

impl<R: Stored> Drop for PendingWrite<'_, R> {
    fn drop(&mut self) {
        if !self.settled {
            self.tier.distrust(self.key);
        }
    }
}

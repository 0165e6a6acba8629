//! A sharded map that is bounded by entries and bytes and forgets by time.
//!
//! Each shard is a table of 4-byte indices into a slab of slots. Eviction walks the slab like a clock: an entry used since
//! the hand last passed is spared once. Expired entries are not found, and [`Bounded::sweep`] frees them.

use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash};
use std::sync::{Mutex, MutexGuard, PoisonError};

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::Bounds;

/// Why entries leave by themselves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Evicted {
    pub(crate) by_bounds: u64,
    pub(crate) by_time: u64,
}

pub(crate) struct Bounded<K, V> {
    shards: Box<[Mutex<Shard<K, V>>]>,
    hasher: DefaultHashBuilder,
}

pub(crate) struct Shard<K, V> {
    table: HashTable<u32>,
    slots: Vec<Slot<K, V>>,
    free: Vec<u32>,
    hand: usize,
    bytes: usize,
    limit: Bounds,
    /// Counts invalidations, so that a value read before one is not kept after it.
    pub(crate) generation: u64,
}

enum Slot<K, V> {
    Vacant,
    Taken(Entry<K, V>),
}

struct Entry<K, V> {
    key: K,
    value: V,
    /// Nanoseconds of the cache's clock.
    expires_at: i64,
    weight: u32,
    used: bool,
}

/// An entry on its way in.
pub(crate) struct Incoming<K, V> {
    pub(crate) key: K,
    pub(crate) value: V,
    /// Nanoseconds of the cache's clock.
    pub(crate) expires_at: i64,
    /// Bytes, as the bound counts them.
    pub(crate) weight: usize,
}

impl<K, V> Bounded<K, V> {
    pub(crate) fn new(limit: Bounds) -> Self {
        // Small maps are not split: a shard of a few entries would evict by chance of hashing.
        let shards = (limit.entries / 256).clamp(1, 64).next_power_of_two().min(64);
        let limit = Bounds {
            entries: limit.entries.div_ceil(shards).max(1),
            bytes: limit.bytes.div_ceil(shards),
        };
        Self {
            shards: (0..shards).map(|_| Mutex::new(Shard::new(limit))).collect(),
            hasher: DefaultHashBuilder::default(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.shards().map(|shard| shard.table.len()).sum()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.shards().map(|shard| shard.bytes).sum()
    }

    fn shards(&self) -> impl Iterator<Item = MutexGuard<'_, Shard<K, V>>> {
        self.shards.iter().map(lock)
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No code of a caller runs under these locks; a panic inside leaves nothing half done worth refusing service for.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<K: Hash + Eq, V> Bounded<K, V> {
    pub(crate) fn hash<Q: Hash + ?Sized>(&self, key: &Q) -> u64 {
        self.hasher.hash_one(key)
    }

    pub(crate) fn shard(&self, hash: u64) -> MutexGuard<'_, Shard<K, V>> {
        // The table uses the low bits and the top seven; the shard comes from between.
        lock(&self.shards[(hash >> 40) as usize & (self.shards.len() - 1)])
    }

    pub(crate) fn hasher(&self) -> &DefaultHashBuilder {
        &self.hasher
    }

    /// Frees what has expired; `gone` gets each.
    pub(crate) fn sweep(&self, now: i64, mut gone: impl FnMut(K, V)) -> u64 {
        let mut count = 0;
        for mut shard in self.shards() {
            count += shard.sweep(now, &self.hasher, &mut gone);
        }
        count
    }
}

impl<K, V> Shard<K, V> {
    fn new(limit: Bounds) -> Self {
        Self {
            table: HashTable::new(),
            slots: Vec::new(),
            free: Vec::new(),
            hand: 0,
            bytes: 0,
            limit,
            generation: 0,
        }
    }
}

impl<K: Hash + Eq, V> Shard<K, V> {
    fn index<Q>(&self, hash: u64, key: &Q) -> Option<usize>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let slots = &self.slots;
        let same = |index: &u32| matches!(&slots[*index as usize], Slot::Taken(entry) if entry.key.borrow() == key);
        self.table.find(hash, same).map(|index| *index as usize)
    }

    /// The entry, unless its time has passed.
    pub(crate) fn get<Q>(&mut self, hash: u64, key: &Q, now: i64) -> Option<&mut V>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let index = self.index(hash, key)?;
        match &mut self.slots[index] {
            Slot::Taken(entry) if entry.expires_at > now => {
                entry.used = true;
                Some(&mut entry.value)
            }
            _ => None,
        }
    }

    pub(crate) fn remove<Q>(&mut self, hash: u64, key: &Q, now: i64) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let index = self.index(hash, key)?;
        let entry = self.take(index, hash)?;
        (entry.expires_at > now).then_some(entry.value)
    }

    /// Inserts or replaces, then evicts until the bounds hold; `gone` gets what is evicted. The new entry itself stays, unless it
    /// alone is heavier than the shard may be.
    pub(crate) fn insert(
        &mut self,
        hash: u64,
        incoming: Incoming<K, V>,
        now: i64,
        hasher: &DefaultHashBuilder,
        mut gone: impl FnMut(K, V),
    ) -> Evicted {
        let Incoming { key, value, expires_at, weight } = incoming;
        let mut evicted = Evicted::default();
        let weight = u32::try_from(weight).unwrap_or(u32::MAX);
        if let Some(index) = self.index(hash, &key) {
            self.take(index, hash);
        }
        if weight as usize > self.limit.bytes {
            evicted.by_bounds += 1;
            gone(key, value);
            return evicted;
        }
        while !self.table.is_empty()
            && (self.table.len() >= self.limit.entries
                || self.bytes + weight as usize > self.limit.bytes)
        {
            if let Some(entry) = self.evict_one(now, hasher) {
                if entry.expires_at <= now {
                    evicted.by_time += 1
                } else {
                    evicted.by_bounds += 1
                }
                gone(entry.key, entry.value);
            }
        }
        let entry = Slot::Taken(Entry { key, value, expires_at, weight, used: false });
        let index = match self.free.pop() {
            Some(index) => {
                self.slots[index as usize] = entry;
                index
            }
            None => {
                self.slots.push(entry);
                (self.slots.len() - 1) as u32
            }
        };
        self.bytes += weight as usize;
        let slots = &self.slots;
        self.table.insert_unique(hash, index, |index| match &slots[*index as usize] {
            Slot::Taken(entry) => hasher.hash_one(&entry.key),
            Slot::Vacant => 0,
        });
        evicted
    }

    /// Advances the hand by one slot; the entry that has to go, if any.
    fn evict_one(&mut self, now: i64, hasher: &DefaultHashBuilder) -> Option<Entry<K, V>> {
        self.hand = (self.hand + 1) % self.slots.len();
        match &mut self.slots[self.hand] {
            Slot::Taken(entry) if entry.used && entry.expires_at > now => {
                entry.used = false;
                None
            }
            Slot::Taken(entry) => {
                let hash = hasher.hash_one(&entry.key);
                self.take(self.hand, hash)
            }
            Slot::Vacant => None,
        }
    }

    fn take(&mut self, index: usize, hash: u64) -> Option<Entry<K, V>> {
        if let Ok(found) = self.table.find_entry(hash, |held| *held as usize == index) {
            found.remove();
        }
        match std::mem::replace(&mut self.slots[index], Slot::Vacant) {
            Slot::Taken(entry) => {
                self.bytes -= entry.weight as usize;
                self.free.push(index as u32);
                Some(entry)
            }
            Slot::Vacant => None,
        }
    }

    fn sweep(&mut self, now: i64, hasher: &DefaultHashBuilder, gone: &mut impl FnMut(K, V)) -> u64 {
        let mut count = 0;
        for index in 0..self.slots.len() {
            let hash = match &self.slots[index] {
                Slot::Taken(entry) if entry.expires_at <= now => hasher.hash_one(&entry.key),
                _ => continue,
            };
            if let Some(entry) = self.take(index, hash) {
                count += 1;
                gone(entry.key, entry.value);
            }
        }
        if self.table.is_empty() && self.slots.capacity() > 1024 {
            // A shard that was full once gives its memory back.
            *self = Self { generation: self.generation, ..Self::new(self.limit) };
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone)]
    enum Step {
        Insert { key: u8, weight: usize, lives: i64 },
        Get { key: u8 },
        Remove { key: u8 },
        Pass { time: i64 },
        Sweep,
    }

    fn step() -> impl Strategy<Value = Step> {
        let key = 0_u8..12;
        prop_oneof![
            5 => (key.clone(), 1_usize..40, 1_i64..8).prop_map(|(key, weight, lives)| Step::Insert { key, weight, lives }),
            3 => key.clone().prop_map(|key| Step::Get { key }),
            1 => key.prop_map(|key| Step::Remove { key }),
            2 => (1_i64..4).prop_map(|time| Step::Pass { time }),
            1 => Just(Step::Sweep),
        ]
    }

    /// What is held: the value, its weight and when it expires.
    type Model = BTreeMap<u8, (usize, usize, i64)>;

    proptest! {
        #[test]
        fn what_is_held_is_what_came_and_did_not_go(
            entries in 1_usize..8,
            bytes in 30_usize..150,
            steps in proptest::collection::vec(step(), 1..200),
        ) {
            let bounded = Bounded::<u8, usize>::new(Bounds { entries, bytes });
            let (mut model, mut now) = (Model::new(), 0);
            for (number, step) in steps.into_iter().enumerate() {
                match step {
                    Step::Insert { key, weight, lives } => {
                        let hash = bounded.hash(&key);
                        let incoming = Incoming { key, value: number, expires_at: now + lives, weight };
                        model.remove(&key);
                        let mut gone = Vec::new();
                        let evicted = bounded.shard(hash).insert(hash, incoming, now, bounded.hasher(), |key, value| gone.push((key, value)));
                        model.insert(key, (number, weight, now + lives));
                        let mut by_time = 0;
                        for (key, value) in &gone {
                            let held = model.remove(key);
                            prop_assert_eq!(held.map(|held| held.0), Some(*value), "only what was held can go");
                            by_time += u64::from(held.is_some_and(|held| held.2 <= now));
                        }
                        prop_assert_eq!(evicted, Evicted { by_time, by_bounds: gone.len() as u64 - by_time });
                        prop_assert_eq!(model.contains_key(&key), weight <= bytes, "what has just come stays");
                    }
                    Step::Get { key } => {
                        let hash = bounded.hash(&key);
                        let alive = model.get(&key).filter(|held| held.2 > now).map(|held| held.0);
                        prop_assert_eq!(bounded.shard(hash).get(hash, &key, now).copied(), alive);
                    }
                    Step::Remove { key } => {
                        let hash = bounded.hash(&key);
                        let alive = model.remove(&key).filter(|held| held.2 > now).map(|held| held.0);
                        prop_assert_eq!(bounded.shard(hash).remove(hash, &key, now), alive);
                    }
                    Step::Pass { time } => now += time,
                    Step::Sweep => {
                        let mut gone = Vec::new();
                        let count = bounded.sweep(now, |key, _| gone.push(key));
                        gone.sort_unstable();
                        let expired: Vec<_> = model.iter().filter(|(_, held)| held.2 <= now).map(|(key, _)| *key).collect();
                        prop_assert_eq!(count, expired.len() as u64);
                        prop_assert_eq!(gone, expired);
                        model.retain(|_, held| held.2 > now);
                    }
                }
                let weights: usize = model.values().map(|held| held.1).sum();
                prop_assert_eq!((bounded.len(), bounded.bytes()), (model.len(), weights));
                prop_assert!(model.len() <= entries && weights <= bytes, "{} entries, {} bytes", model.len(), weights);
            }
        }
    }
}

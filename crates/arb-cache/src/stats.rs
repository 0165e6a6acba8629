//! Counters by class, readable here and published through the `metrics` facade.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use metrics::Counter;

use crate::{Class, Miss, Source};

/// A count kept here and in the facade; a handle costs a few nanoseconds, a macro with labels a hundred.
pub(crate) struct Count {
    value: AtomicU64,
    published: Counter,
}

impl Count {
    fn new(published: Counter) -> Self {
        Self { value: AtomicU64::new(0), published }
    }

    pub(crate) fn add(&self, more: u64) {
        if more > 0 {
            self.value.fetch_add(more, Relaxed);
            self.published.increment(more);
        }
    }

    fn get(&self) -> u64 {
        self.value.load(Relaxed)
    }
}

/// The counters of one class.
pub(crate) struct ClassCounts {
    hits_process: Count,
    hits_store: Count,
    served_stale: Count,
    absent: Count,
    stale: Count,
    foreign: Count,
    regressed: Count,
    pub(crate) stored: Count,
    pub(crate) refused: Count,
    pub(crate) errors: Count,
    pub(crate) evicted: Count,
    pub(crate) expired: Count,
    pub(crate) loads: Count,
}

impl ClassCounts {
    fn new(class: Class) -> Self {
        let class = class.as_str();
        let hits = |source: &'static str| {
            Count::new(
                metrics::counter!("arb_cache_hits_total", "class" => class, "source" => source),
            )
        };
        let misses = |reason: &'static str| {
            Count::new(
                metrics::counter!("arb_cache_misses_total", "class" => class, "reason" => reason),
            )
        };
        let writes = |result: &'static str| {
            Count::new(
                metrics::counter!("arb_cache_writes_total", "class" => class, "result" => result),
            )
        };
        let evictions = |reason: &'static str| {
            Count::new(
                metrics::counter!("arb_cache_evictions_total", "class" => class, "reason" => reason),
            )
        };
        Self {
            hits_process: hits("process"),
            hits_store: hits("store"),
            served_stale: hits("stale"),
            absent: misses("absent"),
            stale: misses("stale"),
            foreign: misses("foreign"),
            regressed: misses("regressed"),
            stored: writes("stored"),
            refused: writes("refused"),
            errors: Count::new(metrics::counter!("arb_cache_errors_total", "class" => class)),
            evicted: evictions("bounds"),
            expired: evictions("time"),
            loads: Count::new(metrics::counter!("arb_cache_loads_total", "class" => class)),
        }
    }

    pub(crate) fn hit(&self, source: Source) {
        match source {
            Source::Process => self.hits_process.add(1),
            Source::Store => self.hits_store.add(1),
            // A load was counted as what it began with: a miss.
            Source::Loaded => {}
        }
    }

    pub(crate) fn served_stale(&self) {
        self.served_stale.add(1);
    }

    pub(crate) fn miss(&self, miss: Miss) {
        match miss {
            Miss::Absent => self.absent.add(1),
            Miss::Stale { .. } => self.stale.add(1),
            Miss::Foreign { .. } => self.foreign.add(1),
            Miss::Regressed => self.regressed.add(1),
        }
    }

    fn read(&self) -> ClassStats {
        ClassStats {
            hits_process: self.hits_process.get(),
            hits_store: self.hits_store.get(),
            served_stale: self.served_stale.get(),
            absent: self.absent.get(),
            stale: self.stale.get(),
            foreign: self.foreign.get(),
            regressed: self.regressed.get(),
            stored: self.stored.get(),
            refused: self.refused.get(),
            errors: self.errors.get(),
            evicted: self.evicted.get(),
            expired: self.expired.get(),
            loads: self.loads.get(),
            tier_entries: 0,
            tier_bytes: 0,
        }
    }
}

/// Counts of one class since the cache was built.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClassStats {
    /// Reads answered in this process.
    pub hits_process: u64,
    /// Reads answered by the store.
    pub hits_store: u64,
    /// Reads answered with a value beyond its time, as the policy allows.
    pub served_stale: u64,
    /// Reads that found nothing.
    pub absent: u64,
    /// Reads that found a value too old.
    pub stale: u64,
    /// Reads that found something unreadable.
    pub foreign: u64,
    /// Reads that found an older version than this process had seen.
    pub regressed: u64,
    /// Writes that took effect.
    pub stored: u64,
    /// Writes refused because a newer version was held.
    pub refused: u64,
    /// Operations that failed.
    pub errors: u64,
    /// Entries of the in-process tier that had to go for lack of room.
    pub evicted: u64,
    /// Entries of the in-process tier that went because their time was over.
    pub expired: u64,
    /// Calls of callers' loaders.
    pub loads: u64,
    /// Entries in the in-process tier now.
    pub tier_entries: usize,
    /// Bytes of keys and values there, estimated.
    pub tier_bytes: usize,
}

pub(crate) struct Counts([ClassCounts; Class::ALL.len()]);

impl Counts {
    pub(crate) fn new() -> Self {
        Self(Class::ALL.map(ClassCounts::new))
    }

    pub(crate) fn of(&self, class: Class) -> &ClassCounts {
        &self.0[class.index()]
    }

    pub(crate) fn read(&self, class: Class) -> ClassStats {
        self.of(class).read()
    }
}

//! One histogram series: atomics while a slot is open, sparse records afterwards.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use metrics::{Histogram, HistogramFn};

use super::buckets::{
    CHUNK, CHUNKS, ZERO, bucket_at, bucket_of, middle_of, negative_chunks, place_of,
    positive_chunks,
};
use super::reading::HistogramStats;

/// The buckets of eight powers of two; allocated when first needed.
type Chunk = Box<[AtomicU32; CHUNK]>;

/// What recorders write. Nothing here knows the time: closing a slot takes the contents out.
#[derive(Debug)]
struct Open {
    chunks: [OnceLock<Chunk>; CHUNKS],
    zero: AtomicU32,
    sum: AtomicU64,
    min: AtomicU64,
    max: AtomicU64,
    latest: AtomicU64,
}

/// A slot that is over.
#[derive(Debug)]
struct Closed {
    ended: Instant,
    sum: f64,
    min: f64,
    max: f64,
    buckets: Box<[(u16, u32)]>,
}

/// The closed slots of the window and their running total.
#[derive(Debug, Default)]
struct Past {
    slots: VecDeque<Closed>,
    total: [Option<Box<[u64; CHUNK]>>; CHUNKS],
    zero: u64,
    count: u64,
}

/// A histogram series.
#[derive(Debug)]
pub(super) struct HistogramSeries {
    open: Open,
    past: Mutex<Past>,
    forward: Histogram,
}

impl HistogramSeries {
    pub(super) fn new(forward: Histogram) -> Self {
        Self {
            open: Open {
                chunks: [const { OnceLock::new() }; CHUNKS],
                zero: AtomicU32::new(0),
                sum: AtomicU64::new(0f64.to_bits()),
                min: AtomicU64::new(f64::INFINITY.to_bits()),
                max: AtomicU64::new(f64::NEG_INFINITY.to_bits()),
                latest: AtomicU64::new(f64::NAN.to_bits()),
            },
            past: Mutex::new(Past::default()),
            forward,
        }
    }

    fn add(&self, value: f64, count: u32) {
        if !value.is_finite() || count == 0 {
            return;
        }
        self.open.cell(bucket_of(value)).fetch_add(count, Relaxed);
        add_f64(&self.open.sum, value * f64::from(count));
        keep(&self.open.min, value, |new, old| new < old);
        keep(&self.open.max, value, |new, old| new > old);
        self.open.latest.store(value.to_bits(), Relaxed);
    }

    /// Moves what was recorded since the last call into a closed slot and drops slots that ended a
    /// whole window ago. A sample recorded meanwhile lands in this slot or the next, never in none
    /// and never in both.
    pub(super) fn close(&self, now: Instant, window: Duration) {
        let mut past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(closed) = self.open.take(now) {
            past.add(closed);
        }
        past.expire(now, window);
    }

    /// The statistics of the window up to this moment.
    pub(super) fn stats(&self) -> HistogramStats {
        let past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        let count = past.count + self.open.count();
        let latest = load(&self.open.latest);
        if count == 0 {
            return HistogramStats { latest: finite(latest), ..HistogramStats::default() };
        }
        let (mut sum, mut min, mut max) =
            (load(&self.open.sum), load(&self.open.min), load(&self.open.max));
        for slot in &past.slots {
            sum += slot.sum;
            min = min.min(slot.min);
            max = max.max(slot.max);
        }
        let ranks = [0.5, 0.95, 0.99].map(|q| rank(q, count));
        let [p50, p95, p99] = self.at_ranks(&past, ranks).map(|value| clamp(value, min, max));
        HistogramStats {
            count,
            sum,
            avg: sum / count as f64,
            min,
            max,
            latest: finite(latest),
            p50,
            p95,
            p99,
        }
    }

    /// One quantile of the window, or nothing when it is empty.
    pub(super) fn quantile(&self, q: f64) -> Option<f64> {
        let past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        let count = past.count + self.open.count();
        if count == 0 {
            return None;
        }
        let min = past.slots.iter().map(|slot| slot.min).fold(load(&self.open.min), f64::min);
        let max = past.slots.iter().map(|slot| slot.max).fold(load(&self.open.max), f64::max);
        let [value] = self.at_ranks(&past, [rank(q, count)]);
        Some(clamp(value, min, max))
    }

    /// One quantile of each closed slot, oldest first, with the time since the slot ended.
    pub(super) fn history(&self, q: f64, now: Instant) -> Vec<(Duration, f64)> {
        let past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        past.slots
            .iter()
            .map(|slot| (now.saturating_duration_since(slot.ended), slot.quantile(q)))
            .collect()
    }

    /// The bucket middles at ascending ranks (1-based).
    fn at_ranks<const N: usize>(&self, past: &Past, ranks: [u64; N]) -> [f64; N] {
        let mut found = [f64::NAN; N];
        let mut next = 0;
        let mut seen = 0u64;
        let mut visit = |bucket: u16, count: u64| {
            seen += count;
            while next < N && seen >= ranks[next] {
                found[next] = middle_of(bucket);
                next += 1;
            }
            next == N
        };
        for chunk in negative_chunks() {
            if self.chunk_is_empty(past, chunk) {
                continue;
            }
            for offset in (0..CHUNK).rev() {
                if visit(bucket_at(chunk, offset), self.count_at(past, chunk, offset)) {
                    return found;
                }
            }
        }
        if visit(ZERO, past.zero + u64::from(self.open.zero.load(Relaxed))) {
            return found;
        }
        for chunk in positive_chunks() {
            if self.chunk_is_empty(past, chunk) {
                continue;
            }
            for offset in 0..CHUNK {
                if visit(bucket_at(chunk, offset), self.count_at(past, chunk, offset)) {
                    return found;
                }
            }
        }
        // Fewer samples than counted a moment ago cannot be: counts only grow under the lock.
        found
    }

    fn chunk_is_empty(&self, past: &Past, chunk: usize) -> bool {
        past.total[chunk].is_none() && self.open.chunks[chunk].get().is_none()
    }

    fn count_at(&self, past: &Past, chunk: usize, offset: usize) -> u64 {
        let closed = past.total[chunk].as_ref().map_or(0, |counts| counts[offset]);
        let open = self.open.chunks[chunk].get().map_or(0, |cells| cells[offset].load(Relaxed));
        closed + u64::from(open)
    }
}

impl HistogramFn for HistogramSeries {
    fn record(&self, value: f64) {
        self.add(value, 1);
        self.forward.record(value);
    }

    fn record_many(&self, value: f64, count: usize) {
        self.add(value, u32::try_from(count).unwrap_or(u32::MAX));
        self.forward.record_many(value, count);
    }
}

impl Open {
    fn cell(&self, bucket: u16) -> &AtomicU32 {
        if bucket == ZERO {
            return &self.zero;
        }
        let (chunk, offset) = place_of(bucket);
        let cells =
            self.chunks[chunk].get_or_init(|| Box::new([const { AtomicU32::new(0) }; CHUNK]));
        &cells[offset]
    }

    fn count(&self) -> u64 {
        let cells = self.chunks.iter().filter_map(OnceLock::get).flat_map(|chunk| chunk.iter());
        cells.map(|cell| u64::from(cell.load(Relaxed))).sum::<u64>()
            + u64::from(self.zero.load(Relaxed))
    }

    fn take(&self, now: Instant) -> Option<Closed> {
        // No minimum means no finished sample since the last call; one that is just being
        // recorded stays where it is for the next.
        if load(&self.min) == f64::INFINITY {
            return None;
        }
        let min = f64::from_bits(self.min.swap(f64::INFINITY.to_bits(), Relaxed));
        let max = f64::from_bits(self.max.swap(f64::NEG_INFINITY.to_bits(), Relaxed));
        let sum = f64::from_bits(self.sum.swap(0f64.to_bits(), Relaxed));
        let mut buckets = Vec::new();
        let zero = self.zero.swap(0, Relaxed);
        if zero > 0 {
            buckets.push((ZERO, zero));
        }
        for (chunk, cells) in self.chunks.iter().enumerate() {
            for (offset, cell) in cells.get().into_iter().flat_map(|cells| cells.iter().enumerate())
            {
                if cell.load(Relaxed) > 0 {
                    buckets.push((bucket_at(chunk, offset), cell.swap(0, Relaxed)));
                }
            }
        }
        Some(Closed { ended: now, sum, min, max, buckets: buckets.into_boxed_slice() })
    }
}

impl Closed {
    fn quantile(&self, q: f64) -> f64 {
        let mut sorted: Vec<(f64, u32)> =
            self.buckets.iter().map(|&(bucket, count)| (middle_of(bucket), count)).collect();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        let wanted = rank(q, sorted.iter().map(|&(_, count)| u64::from(count)).sum());
        let mut seen = 0;
        for (middle, count) in sorted {
            seen += u64::from(count);
            if seen >= wanted {
                return clamp(middle, self.min, self.max);
            }
        }
        self.max
    }
}

impl Past {
    fn add(&mut self, closed: Closed) {
        for &(bucket, count) in &closed.buckets {
            *self.cell(bucket) += u64::from(count);
            self.count += u64::from(count);
        }
        self.slots.push_back(closed);
    }

    fn expire(&mut self, now: Instant, window: Duration) {
        while self
            .slots
            .front()
            .is_some_and(|slot| now.saturating_duration_since(slot.ended) >= window)
        {
            let Some(gone) = self.slots.pop_front() else { break };
            for &(bucket, count) in &gone.buckets {
                *self.cell(bucket) -= u64::from(count);
                self.count -= u64::from(count);
            }
        }
    }

    fn cell(&mut self, bucket: u16) -> &mut u64 {
        if bucket == ZERO {
            return &mut self.zero;
        }
        let (chunk, offset) = place_of(bucket);
        &mut self.total[chunk].get_or_insert_with(|| Box::new([0; CHUNK]))[offset]
    }
}

fn load(cell: &AtomicU64) -> f64 {
    f64::from_bits(cell.load(Relaxed))
}

fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

/// Like `f64::clamp`, which panics when the bounds cross; they can for a moment under concurrency.
fn clamp(value: f64, min: f64, max: f64) -> f64 {
    value.min(max).max(min)
}

/// The 1-based rank of a quantile: the smallest k with k ≥ q·n.
fn rank(q: f64, count: u64) -> u64 {
    ((q.clamp(0.0, 1.0) * count as f64).ceil() as u64).clamp(1, count.max(1))
}

fn add_f64(cell: &AtomicU64, value: f64) {
    let mut seen = cell.load(Relaxed);
    loop {
        let sum = (f64::from_bits(seen) + value).to_bits();
        match cell.compare_exchange_weak(seen, sum, Relaxed, Relaxed) {
            Ok(_) => return,
            Err(newer) => seen = newer,
        }
    }
}

fn keep(cell: &AtomicU64, value: f64, better: impl Fn(f64, f64) -> bool) {
    let mut seen = cell.load(Relaxed);
    while better(value, f64::from_bits(seen)) {
        match cell.compare_exchange_weak(seen, value.to_bits(), Relaxed, Relaxed) {
            Ok(_) => return,
            Err(newer) => seen = newer,
        }
    }
}

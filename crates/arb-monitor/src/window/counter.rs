//! One counter series.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use metrics::{Counter, CounterFn};

use super::reading::CounterStats;

/// A counter series: a total, and what the total was at the end of each slot of the window.
#[derive(Debug)]
pub(super) struct CounterSeries {
    total: AtomicU64,
    past: Mutex<Past>,
    forward: Counter,
}

#[derive(Debug)]
struct Past {
    /// What the window is measured from: the newest mark that is at least a window old.
    base: Mark,
    marks: VecDeque<Mark>,
    changed_at: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
struct Mark {
    at: Instant,
    total: u64,
}

impl CounterSeries {
    pub(super) fn new(forward: Counter, since: Instant) -> Self {
        let past =
            Past { base: Mark { at: since, total: 0 }, marks: VecDeque::new(), changed_at: None };
        Self { total: AtomicU64::new(0), past: Mutex::new(past), forward }
    }

    pub(super) fn close(&self, now: Instant, window: Duration) {
        let mut past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        let total = self.total.load(Relaxed);
        if past.last_total() != total {
            past.changed_at = Some(now);
        }
        past.marks.push_back(Mark { at: now, total });
        while let Some(&oldest) = past.marks.front()
            && now.saturating_duration_since(oldest.at) >= window
        {
            past.base = oldest;
            past.marks.pop_front();
        }
    }

    /// The statistics up to now. A rate over less than `shortest` is taken over `shortest`, so that
    /// a new series does not start with a spike.
    pub(super) fn stats(&self, now: Instant, shortest: Duration) -> CounterStats {
        let past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        let total = self.total.load(Relaxed);
        let increase = total.saturating_sub(past.base.total);
        let span = now.saturating_duration_since(past.base.at).max(shortest);
        let changed_at = if past.last_total() == total { past.changed_at } else { Some(now) };
        CounterStats {
            total,
            increase,
            rate_per_second: increase as f64 / span.as_secs_f64().max(f64::MIN_POSITIVE),
            unchanged_for: changed_at.map(|at| now.saturating_duration_since(at)),
        }
    }

    /// The rate of each closed slot, oldest first, with the time since the slot ended.
    pub(super) fn history(&self, now: Instant) -> Vec<(Duration, f64)> {
        let past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        let mut before = past.base;
        let mut rates = Vec::with_capacity(past.marks.len());
        for &mark in &past.marks {
            let span = mark.at.saturating_duration_since(before.at).as_secs_f64();
            let rate = mark.total.saturating_sub(before.total) as f64 / span.max(1e-9);
            rates.push((now.saturating_duration_since(mark.at), rate));
            before = mark;
        }
        rates
    }
}

impl CounterFn for CounterSeries {
    fn increment(&self, value: u64) {
        self.total.fetch_add(value, Relaxed);
        self.forward.increment(value);
    }

    fn absolute(&self, value: u64) {
        self.total.fetch_max(value, Relaxed);
        self.forward.absolute(value);
    }
}

impl Past {
    fn last_total(&self) -> u64 {
        self.marks.back().map_or(self.base.total, |mark| mark.total)
    }
}

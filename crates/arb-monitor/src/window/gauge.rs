//! One gauge series.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use metrics::{Gauge, GaugeFn};

use super::reading::GaugeStats;

/// A gauge series. Before it is first set its value is not a number and it has no statistics.
#[derive(Debug)]
pub(super) struct GaugeSeries {
    value: AtomicU64,
    min: AtomicU64,
    max: AtomicU64,
    past: Mutex<VecDeque<Closed>>,
    forward: Gauge,
}

#[derive(Debug)]
struct Closed {
    ended: Instant,
    last: f64,
    min: f64,
    max: f64,
}

impl GaugeSeries {
    pub(super) fn new(forward: Gauge) -> Self {
        Self {
            value: AtomicU64::new(f64::NAN.to_bits()),
            min: AtomicU64::new(f64::NAN.to_bits()),
            max: AtomicU64::new(f64::NAN.to_bits()),
            past: Mutex::new(VecDeque::new()),
            forward,
        }
    }

    fn update(&self, change: impl Fn(f64) -> f64) {
        let mut seen = self.value.load(Relaxed);
        let value = loop {
            let old = f64::from_bits(seen);
            let value = change(if old.is_nan() { 0.0 } else { old });
            match self.value.compare_exchange_weak(seen, value.to_bits(), Relaxed, Relaxed) {
                Ok(_) => break value,
                Err(newer) => seen = newer,
            }
        };
        self.widen(value);
    }

    fn widen(&self, value: f64) {
        widen_one(&self.min, value, |new, old| new < old);
        widen_one(&self.max, value, |new, old| new > old);
    }

    pub(super) fn close(&self, now: Instant, window: Duration) {
        let last = load(&self.value);
        if last.is_nan() {
            return;
        }
        let mut past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        let min = f64::from_bits(self.min.swap(last.to_bits(), Relaxed));
        let max = f64::from_bits(self.max.swap(last.to_bits(), Relaxed));
        past.push_back(Closed { ended: now, last, min: min.min(last), max: max.max(last) });
        while past.front().is_some_and(|slot| now.saturating_duration_since(slot.ended) >= window) {
            past.pop_front();
        }
    }

    pub(super) fn stats(&self) -> Option<GaugeStats> {
        let past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        let latest = load(&self.value);
        if latest.is_nan() {
            return None;
        }
        let (mut sum, mut min, mut max) =
            (latest, load(&self.min).min(latest), load(&self.max).max(latest));
        for slot in past.iter() {
            sum += slot.last;
            min = min.min(slot.min);
            max = max.max(slot.max);
        }
        Some(GaugeStats { latest, min, max, avg: sum / (past.len() + 1) as f64 })
    }

    /// The value at the end of each closed slot, oldest first, with the time since.
    pub(super) fn history(&self, now: Instant) -> Vec<(Duration, f64)> {
        let past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        past.iter().map(|slot| (now.saturating_duration_since(slot.ended), slot.last)).collect()
    }
}

impl GaugeFn for GaugeSeries {
    fn increment(&self, value: f64) {
        self.update(|old| old + value);
        self.forward.increment(value);
    }

    fn decrement(&self, value: f64) {
        self.update(|old| old - value);
        self.forward.decrement(value);
    }

    fn set(&self, value: f64) {
        self.value.store(value.to_bits(), Relaxed);
        if !value.is_nan() {
            self.widen(value);
        }
        self.forward.set(value);
    }
}

fn load(cell: &AtomicU64) -> f64 {
    f64::from_bits(cell.load(Relaxed))
}

fn widen_one(cell: &AtomicU64, value: f64, better: impl Fn(f64, f64) -> bool) {
    let mut seen = cell.load(Relaxed);
    while f64::from_bits(seen).is_nan() || better(value, f64::from_bits(seen)) {
        match cell.compare_exchange_weak(seen, value.to_bits(), Relaxed, Relaxed) {
            Ok(_) => return,
            Err(newer) => seen = newer,
        }
    }
}

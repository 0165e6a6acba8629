//! Liveness: do the loops still turn?

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

/// Proof of life of one loop: an increment of an atomic, cheap enough for a hot loop.
#[derive(Debug, Clone)]
pub struct Heartbeat {
    beats: Arc<AtomicU64>,
}

impl Heartbeat {
    /// The loop turned once more.
    #[inline]
    pub fn beat(&self) {
        self.beats.fetch_add(1, Relaxed);
    }
}

/// A loop as last seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LoopStatus {
    /// Its name.
    pub name: String,
    /// Whether it turned within its limit.
    pub turns: bool,
    /// How long it has not been seen to turn.
    pub silent_for: Duration,
    /// The limit.
    pub silence_max: Duration,
}

#[derive(Debug)]
struct Watched {
    name: String,
    beats: Arc<AtomicU64>,
    silence_max: Duration,
    seen: u64,
    seen_at: Instant,
}

/// The loops of a process. Clones share the list.
#[derive(Debug, Clone, Default)]
pub struct Heartbeats {
    watched: Arc<Mutex<Vec<Watched>>>,
}

impl Heartbeats {
    /// Watches a loop that must beat at least once in `silence_max`.
    pub fn watch(&self, name: impl Into<String>, silence_max: Duration) -> Heartbeat {
        let beats = Arc::new(AtomicU64::new(0));
        self.watched.lock().unwrap_or_else(PoisonError::into_inner).push(Watched {
            name: name.into(),
            beats: Arc::clone(&beats),
            silence_max,
            seen: 0,
            seen_at: Instant::now(),
        });
        Heartbeat { beats }
    }

    /// Looks at every loop. The silence is measured between looks, so look more often than the
    /// shortest limit; the monitor does so every second.
    #[must_use]
    pub fn look(&self) -> Vec<LoopStatus> {
        let now = Instant::now();
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        watched
            .iter_mut()
            .map(|one| {
                let beats = one.beats.load(Relaxed);
                if beats != one.seen {
                    one.seen = beats;
                    one.seen_at = now;
                }
                let silent_for = now.saturating_duration_since(one.seen_at);
                LoopStatus {
                    name: one.name.clone(),
                    turns: silent_for <= one.silence_max,
                    silent_for,
                    silence_max: one.silence_max,
                }
            })
            .collect()
    }
}

//! Drops messages that were seen before, by the caller's key.

use std::collections::HashSet;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::time::Duration;

use time::OffsetDateTime;

use crate::event::{Event, Meta};
use crate::sink::Sink;

/// A sink that passes a message on only if its key was not seen lately.
///
/// The key is the caller's, and there is no default by content: identical messages are ordinary on
/// a venue that sends changes (Kalshi's deltas), where the only key is (connection, sid, seq).
/// `None` passes always; give it for snapshots.
///
/// A key is remembered for at least `remember` (by receive time; while that is unknown, only the
/// size counts), unless more than `capacity` other keys came since; never for more than twice as
/// long or through more than twice as many. One such sink shared by redundant connections passes
/// whichever copy is first.
///
/// ```
/// use std::time::Duration;
/// use arb_ws::testing::Collected;
/// use arb_ws::{Deduplicated, Meta, Sink};
///
/// let by_first_byte = |_: &Meta, payload: &[u8]| payload.first().map(|byte| u64::from(*byte));
/// let seen = Collected::default();
/// let mut sink = Deduplicated::new(seen.clone(), 1024, Duration::from_secs(60), by_first_byte);
/// for text in ["a1", "b1", "a2"] {
///     sink.on_message(&Meta::new("toy", 0), text.as_bytes());
/// }
/// assert_eq!((seen.take().len(), sink.dropped()), (2, 1));
/// ```
pub struct Deduplicated<S, K> {
    sink: S,
    key: K,
    memory: Memory,
    dropped: u64,
}

impl<S: fmt::Debug, K> fmt::Debug for Deduplicated<S, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deduplicated")
            .field("sink", &self.sink)
            .field("dropped", &self.dropped)
            .finish_non_exhaustive()
    }
}

impl<S, K> Deduplicated<S, K>
where
    K: FnMut(&Meta, &[u8]) -> Option<u64>,
{
    /// A sink before `sink`. A `capacity` of 0 counts as 1.
    pub fn new(sink: S, capacity: usize, remember: Duration, key: K) -> Self {
        Self { sink, key, memory: Memory::new(capacity, remember), dropped: 0 }
    }

    /// How many messages were dropped.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped
    }
}

impl<S, K> Sink for Deduplicated<S, K>
where
    S: Sink,
    K: FnMut(&Meta, &[u8]) -> Option<u64>,
{
    fn on_message(&mut self, meta: &Meta, payload: &[u8]) {
        match (self.key)(meta, payload) {
            Some(key) if !self.memory.insert(key, meta.received_at) => self.dropped += 1,
            _ => self.sink.on_message(meta, payload),
        }
    }
    fn on_event(&mut self, meta: &Meta, event: &Event) {
        self.sink.on_event(meta, event);
    }
    fn on_sent(&mut self, meta: &Meta, payload: &[u8]) {
        self.sink.on_sent(meta, payload);
    }
}

/// The caller's key is its own hash; the multiplication spreads counters over the table.
#[derive(Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(self.0 ^ u64::from(*byte));
        }
    }
    fn write_u64(&mut self, value: u64) {
        let mixed = value.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 32);
    }
}

type Keys = HashSet<u64, BuildHasherDefault<Spread>>;

/// Two generations of keys; when the young one is full or old it becomes the old one.
struct Memory {
    capacity: usize,
    remember: Duration,
    young: Keys,
    old: Keys,
    young_since: OffsetDateTime,
}

impl Memory {
    fn new(capacity: usize, remember: Duration) -> Self {
        Self {
            capacity: capacity.max(1),
            remember,
            young: Keys::default(),
            old: Keys::default(),
            young_since: OffsetDateTime::UNIX_EPOCH,
        }
    }

    /// Whether the key is new.
    fn insert(&mut self, key: u64, now: OffsetDateTime) -> bool {
        if now != OffsetDateTime::UNIX_EPOCH {
            if self.young_since == OffsetDateTime::UNIX_EPOCH {
                self.young_since = now;
            }
            let age = now - self.young_since;
            if age >= self.remember * 2 {
                self.old.clear();
                self.young.clear();
                self.young_since = now;
            } else if age >= self.remember {
                self.turn(self.young_since + self.remember);
            }
        }
        if self.young.contains(&key) || self.old.contains(&key) {
            return false;
        }
        if self.young.len() >= self.capacity {
            self.turn(now);
        }
        self.young.insert(key)
    }

    fn turn(&mut self, young_since: OffsetDateTime) {
        std::mem::swap(&mut self.young, &mut self.old);
        self.young.clear();
        self.young_since = young_since;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Against a list of everything: what must be known is known, what must be forgotten is.
        #[test]
        fn keys_are_remembered_within_both_bounds(
            capacity in 1_usize..8,
            steps in prop::collection::vec((0_u64..12, 0_i64..40), 1..300),
        ) {
            let remember = Duration::from_secs(60);
            let mut memory = Memory::new(capacity, remember);
            let mut passed: Vec<(u64, i64)> = Vec::new();
            let mut now = 1_000;
            for (key, step) in steps {
                now += step;
                let at = OffsetDateTime::from_unix_timestamp(now).unwrap();
                let is_new = memory.insert(key, at);
                let last = passed.iter().rposition(|(known, _)| *known == key);
                if let Some(last) = last {
                    let others = passed.len() - 1 - last;
                    let age = now - passed[last].1;
                    if others < capacity && age < 60 {
                        prop_assert!(!is_new, "forgotten too early");
                    }
                    if others >= 2 * capacity || age >= 120 {
                        prop_assert!(is_new, "remembered too long");
                    }
                } else {
                    prop_assert!(is_new, "never seen");
                }
                if is_new {
                    passed.push((key, now));
                }
                prop_assert!(memory.young.len() + memory.old.len() <= 2 * capacity);
            }
        }
    }

    #[test]
    fn without_a_receive_time_only_the_size_counts() {
        let mut memory = Memory::new(2, Duration::from_secs(60));
        let unknown = OffsetDateTime::UNIX_EPOCH;
        assert!(memory.insert(1, unknown));
        assert!(!memory.insert(1, unknown));
        for key in 2..=5 {
            assert!(memory.insert(key, unknown));
        }
        assert!(memory.insert(1, unknown));
    }
}

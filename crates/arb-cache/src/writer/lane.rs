//! The latest value of each key, and when each may be written.

use std::borrow::Borrow;
use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::time::Duration;

use tokio::time::Instant;

use super::{Offer, WriterConfig};
use crate::Stamp;

/// One class's slots. Every operation on a key takes constant time.
///
/// A slot is idle, ready (its value waits), being written, or cooling (written less than an interval ago); the last two may be
/// dirty: a newer value has come meanwhile. Slots of idle keys are used again for new keys, buffers and all.
pub(super) struct Lane<K, V> {
    interval: Duration,
    limit: usize,
    by_key: HashMap<K, usize>,
    slots: Vec<Slot<K, V>>,
    ready: VecDeque<usize>,
    /// By time, which is the order of writing.
    cooling: VecDeque<(Instant, usize)>,
    idle: VecDeque<usize>,
    waiting: usize,
}

struct Slot<K, V> {
    key: K,
    value: V,
    stamp: Stamp,
    state: State,
    /// Whether the slot stands in the idle queue, whatever its state has become.
    in_idle: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Idle,
    Ready,
    Writing { dirty: bool },
    Cooling { dirty: bool },
}

/// A value to be written.
pub(super) struct Due<K, T> {
    pub(super) slot: usize,
    pub(super) key: K,
    pub(super) value: Option<T>,
    pub(super) stamp: Stamp,
}

impl<K: Clone + Eq + Hash, V: Default> Lane<K, V> {
    pub(super) fn new(config: WriterConfig) -> Self {
        Self {
            interval: config.interval,
            limit: config.keys,
            by_key: HashMap::new(),
            slots: Vec::new(),
            ready: VecDeque::new(),
            cooling: VecDeque::new(),
            idle: VecDeque::new(),
            waiting: 0,
        }
    }

    /// How many keys hold a value that is not written, one on its way to the store among them.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    pub(super) fn offer<Q>(&mut self, key: &Q, stamp: Stamp, fill: impl FnOnce(&mut V)) -> Offer
    where
        K: Borrow<Q>,
        Q: ToOwned<Owned = K> + Eq + Hash + ?Sized,
    {
        let index = match self.by_key.get(key) {
            Some(index) => *index,
            None => match self.claim(key.to_owned(), stamp) {
                Some(index) => index,
                None => return Offer::Full,
            },
        };
        let slot = &mut self.slots[index];
        fill(&mut slot.value);
        slot.stamp = stamp;
        match slot.state {
            State::Ready | State::Writing { dirty: true } | State::Cooling { dirty: true } => {
                return Offer::Conflated;
            }
            State::Idle => {
                slot.state = State::Ready;
                self.ready.push_back(index);
                self.waiting += 1;
            }
            // What is being written counts as waiting already.
            State::Writing { dirty: false } => slot.state = State::Writing { dirty: true },
            State::Cooling { dirty: false } => {
                slot.state = State::Cooling { dirty: true };
                self.waiting += 1;
            }
        }
        Offer::Taken
    }

    /// A slot for a new key: a fresh one below the limit, else that of a key with nothing to write.
    fn claim(&mut self, key: K, stamp: Stamp) -> Option<usize> {
        let index = if self.slots.len() < self.limit {
            self.slots.push(Slot {
                key: key.clone(),
                value: V::default(),
                stamp,
                state: State::Idle,
                in_idle: false,
            });
            self.slots.len() - 1
        } else {
            let index = self.recycle()?;
            let slot = &mut self.slots[index];
            self.by_key.remove(&slot.key);
            slot.key = key.clone();
            index
        };
        self.by_key.insert(key, index);
        Some(index)
    }

    fn recycle(&mut self) -> Option<usize> {
        while let Some(index) = self.idle.pop_front() {
            let slot = &mut self.slots[index];
            slot.in_idle = false;
            if slot.state == State::Idle {
                return Some(index);
            }
        }
        None
    }

    /// At most `count` values whose time has come, or regardless of time; each must be settled.
    pub(super) fn take_due<T>(
        &mut self,
        now: Instant,
        all: bool,
        count: usize,
        value_of: impl Fn(&V) -> Option<T>,
    ) -> Vec<Due<K, T>> {
        while let Some((until, index)) = self.cooling.front().copied() {
            if !all && until > now {
                break;
            }
            self.cooling.pop_front();
            self.end_cooling(index);
        }
        let mut due = Vec::with_capacity(count.min(self.ready.len()));
        while due.len() < count {
            let Some(index) = self.ready.pop_front() else { break };
            let slot = &mut self.slots[index];
            slot.state = State::Writing { dirty: false };
            let (key, value) = (slot.key.clone(), value_of(&slot.value));
            due.push(Due { slot: index, key, value, stamp: slot.stamp });
        }
        due
    }

    fn end_cooling(&mut self, index: usize) {
        let slot = &mut self.slots[index];
        match slot.state {
            State::Cooling { dirty: true } => {
                slot.state = State::Ready;
                self.ready.push_back(index);
            }
            State::Cooling { dirty: false } => {
                slot.state = State::Idle;
                if !slot.in_idle {
                    slot.in_idle = true;
                    self.idle.push_back(index);
                }
            }
            State::Idle | State::Ready | State::Writing { .. } => {}
        }
    }

    /// Ends a write. One that is not done waits again; a newer value that came meanwhile waits in any case.
    pub(super) fn settle(&mut self, index: usize, done: bool, now: Instant) {
        let slot = &mut self.slots[index];
        let State::Writing { dirty } = slot.state else { return };
        let dirty = dirty || !done;
        if !dirty {
            self.waiting -= 1;
        }
        slot.state = State::Cooling { dirty };
        self.cooling.push_back((now + self.interval, index));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use arb_normalize::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::Origin;

    const INTERVAL: Duration = Duration::from_millis(100);

    #[derive(Debug, Clone)]
    enum Step {
        Offer { key: u8 },
        Wait { ms: u64 },
        Write { count: usize, fails: bool, offered_meanwhile: Option<u8> },
    }

    fn step() -> impl Strategy<Value = Step> {
        let key = 0_u8..6;
        prop_oneof![
            4 => key.clone().prop_map(|key| Step::Offer { key }),
            2 => (1_u64..150).prop_map(|ms| Step::Wait { ms }),
            3 => (1_usize..5, any::<bool>(), proptest::option::of(key))
                .prop_map(|(count, fails, offered_meanwhile)| Step::Write { count, fails, offered_meanwhile }),
        ]
    }

    /// What must be true, kept the slow way.
    #[derive(Default)]
    struct Model {
        latest: HashMap<u8, u64>,
        unwritten: HashMap<u8, u64>,
        written_at: HashMap<u8, Instant>,
        serial: u64,
    }

    fn stamp() -> Stamp {
        Stamp::observed(Timestamp::from_nanos(1).unwrap(), Origin::Stream)
    }

    fn offer(lane: &mut Lane<Key, u64>, model: &mut Model, key: u8, limit: usize) {
        model.serial += 1;
        let serial = model.serial;
        let answer = lane.offer(&Key(key), stamp(), |slot| *slot = serial);
        if answer == Offer::Full {
            assert!(model.latest.len() >= limit, "refused below the limit");
            return;
        }
        if answer == Offer::Conflated {
            assert!(model.unwritten.contains_key(&key), "nothing to conflate with");
        }
        model.latest.insert(key, serial);
        model.unwritten.insert(key, serial);
    }

    #[derive(Debug, Clone, PartialEq, Eq, Hash)]
    struct Key(u8);

    proptest! {
        #[test]
        fn the_latest_value_of_every_key_is_written_once_an_interval(
            steps in proptest::collection::vec(step(), 1..120),
            limit in 2_usize..8,
        ) {
            let mut now = Instant::from_std(std::time::Instant::now());
            let mut lane: Lane<Key, u64> = Lane::new(WriterConfig { interval: INTERVAL, keys: limit });
            let mut model = Model::default();
            for step in steps {
                match step {
                    Step::Offer { key } => offer(&mut lane, &mut model, key, limit),
                    Step::Wait { ms } => now += Duration::from_millis(ms),
                    Step::Write { count, fails, offered_meanwhile } => {
                        let due = lane.take_due(now, false, count, |value| Some(*value));
                        for due in &due {
                            let key = due.key.0;
                            prop_assert_eq!(due.value, model.latest.get(&key).copied(), "not the latest");
                            if let Some(before) = model.written_at.insert(key, now) {
                                prop_assert!(now >= before + INTERVAL, "written twice in an interval");
                            }
                        }
                        if let Some(key) = offered_meanwhile {
                            offer(&mut lane, &mut model, key, limit);
                        }
                        for due in due {
                            lane.settle(due.slot, !fails, now);
                            if !fails && model.unwritten.get(&due.key.0) == due.value.as_ref() {
                                model.unwritten.remove(&due.key.0);
                            }
                        }
                    }
                }
                prop_assert_eq!(lane.waiting(), model.unwritten.len());
                prop_assert!(lane.slots.len() <= limit);
                prop_assert!(lane.idle.len() <= limit && lane.ready.len() <= limit && lane.cooling.len() <= limit);
            }
            // Whatever is left comes out when asked for all.
            let due = lane.take_due(now, true, usize::MAX, |value| Some(*value));
            let left: HashMap<u8, u64> = due.iter().map(|due| (due.key.0, due.value.unwrap())).collect();
            prop_assert_eq!(left, model.unwritten);
        }
    }
}

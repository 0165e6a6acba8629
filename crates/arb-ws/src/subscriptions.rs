//! Which keys are wanted, asked for, confirmed or refused, and which of them are too quiet. Pure.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::config::Watch;
use crate::session::{Key, KeyId};

/// Gaps a key needs before its own rate is believed.
const GAPS_FOR_A_RATE: u32 = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Wanted, not asked for on this link.
    Desired,
    /// Asked for.
    Pending,
    /// Acknowledged, or its data arrives.
    Confirmed,
    /// Refused by the venue, or given up.
    Failed,
}

#[derive(Debug)]
struct Slot {
    name: Arc<str>,
    state: State,
    /// When a subscription was last asked for, or taken up for a new try.
    asked_at: Instant,
    /// Last data on this link.
    last_data: Option<Instant>,
    /// Since when a resync is unanswered.
    awaiting_since: Option<Instant>,
    last_resync: Option<Instant>,
    resync_due: Option<Instant>,
    /// Moving average of the time between data, in nanoseconds, over all links.
    mean_gap_ns: u64,
    gaps: u32,
    /// Since when it has been silent, where that was announced.
    silent_since: Option<Instant>,
    effort: Effort,
    /// In the queue of keys to be asked for.
    queued: bool,
    /// It was stated whole since it was last asked for.
    stated: bool,
    /// The session was given this key on this link and must be told when it goes.
    known: bool,
    /// When a key that was given up is tried again.
    retry_at: Option<Instant>,
}

/// What was already tried for a silent key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effort {
    Nothing,
    Resubscribed,
    Reconnected,
}

/// What may be done for a silent key at present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Help {
    /// No more than a new subscription: the whole link is silent and has a deadline of its own.
    Resubscribe,
    /// A new subscription, then giving up: a new link was had lately.
    GiveUp,
    /// A new subscription, a new link, then giving up.
    Reconnect,
}

/// What the watch found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Alarm {
    /// The key became silent.
    Silent { key: Arc<str>, silent_for: Duration },
    /// A silent key wants a new link.
    Reconnect { key: Arc<str> },
    /// Nothing helped.
    Surrendered { key: Arc<str> },
}

/// What an acknowledgement changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Confirmed {
    /// The key was not confirmed before.
    pub(crate) is_new: bool,
    /// How long it had been silent, where that was announced.
    pub(crate) resumed: Option<Duration>,
}

/// Keys by state, for health.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counts {
    pub(crate) wanted: usize,
    pub(crate) pending: usize,
    pub(crate) confirmed: usize,
    pub(crate) failed: usize,
    pub(crate) silent: usize,
}

#[derive(Debug)]
pub(crate) struct Subscriptions {
    watch: Watch,
    /// Only a snapshot answers a subscription or a resync.
    snapshots: bool,
    slots: Vec<Option<Slot>>,
    free: Vec<u32>,
    by_name: HashMap<Arc<str>, KeyId>,
    asking: VecDeque<KeyId>,
    leaving: VecDeque<Key>,
    resyncs: BTreeSet<(Instant, KeyId)>,
}

impl Subscriptions {
    pub(crate) fn new(watch: Watch, snapshots: bool) -> Self {
        Self {
            watch,
            snapshots,
            slots: Vec::new(),
            free: Vec::new(),
            by_name: HashMap::new(),
            asking: VecDeque::new(),
            leaving: VecDeque::new(),
            resyncs: BTreeSet::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.by_name.len()
    }

    pub(crate) fn name(&self, id: KeyId) -> Option<&Arc<str>> {
        self.slot(id).map(|slot| &slot.name)
    }

    fn slot(&self, id: KeyId) -> Option<&Slot> {
        self.slots.get(id.index())?.as_ref()
    }

    fn slot_mut(&mut self, id: KeyId) -> Option<&mut Slot> {
        self.slots.get_mut(id.index())?.as_mut()
    }

    /// Wants a key. Nothing happens where it is wanted already.
    pub(crate) fn add(&mut self, name: &Arc<str>, now: Instant) {
        if self.by_name.contains_key(name) {
            return;
        }
        let slot = Slot {
            name: Arc::clone(name),
            state: State::Desired,
            asked_at: now,
            last_data: None,
            awaiting_since: None,
            last_resync: None,
            resync_due: None,
            mean_gap_ns: 0,
            gaps: 0,
            silent_since: None,
            effort: Effort::Nothing,
            queued: false,
            stated: false,
            known: false,
            retry_at: None,
        };
        let id = if let Some(index) = self.free.pop() {
            self.slots[index as usize] = Some(slot);
            KeyId(index)
        } else {
            self.slots.push(Some(slot));
            id_of(self.slots.len() - 1)
        };
        self.by_name.insert(Arc::clone(name), id);
        self.ask(id);
    }

    /// Wants a key no longer. The venue is told where it was ever asked for it on this link.
    pub(crate) fn remove(&mut self, name: &str) {
        let Some(id) = self.by_name.remove(name) else { return };
        let Some(slot) = self.slots.get_mut(id.index()).and_then(Option::take) else { return };
        if let Some(due) = slot.resync_due {
            self.resyncs.remove(&(due, id));
        }
        if slot.queued {
            self.asking.retain(|queued| *queued != id);
        }
        // A key that is queued to leave and to be asked for again now only leaves.
        if self.is_leaving(id) {
            return;
        }
        if slot.known {
            self.leaving.push_back(Key { id, name: slot.name });
        } else {
            self.free.push(id.0);
        }
    }

    fn is_leaving(&self, id: KeyId) -> bool {
        self.leaving.iter().any(|key| key.id == id)
    }

    /// A new link: everything wanted is asked for anew, in the order it was first wanted.
    pub(crate) fn reset(&mut self, now: Instant) {
        for key in std::mem::take(&mut self.leaving) {
            if self.slots[key.id.index()].is_none() {
                self.free.push(key.id.0);
            }
        }
        self.resyncs.clear();
        self.asking.clear();
        for index in 0..self.slots.len() {
            let Some(slot) = self.slots[index].as_mut() else { continue };
            slot.state = State::Desired;
            slot.asked_at = now;
            slot.last_data = None;
            slot.awaiting_since = None;
            slot.last_resync = None;
            slot.resync_due = None;
            slot.silent_since = None;
            slot.queued = false;
            slot.stated = false;
            slot.known = false;
            slot.retry_at = None;
            self.ask(id_of(index));
        }
    }

    fn ask(&mut self, id: KeyId) {
        let Some(slot) = self.slot_mut(id) else { return };
        slot.state = State::Desired;
        if !slot.queued {
            slot.queued = true;
            self.asking.push_back(id);
        }
    }

    /// Takes up to `max` keys to be unsubscribed now; they go before subscriptions.
    /// Returns whether there is any; `keys` is emptied first (also below).
    pub(crate) fn take_leaving(&mut self, max: usize, keys: &mut Vec<Key>) -> bool {
        keys.clear();
        for key in self.leaving.drain(..max.min(self.leaving.len())) {
            match &mut self.slots[key.id.index()] {
                Some(slot) => slot.known = false,
                None => self.free.push(key.id.0),
            }
            keys.push(key);
        }
        !keys.is_empty()
    }

    /// Takes up to `max` keys to be subscribed now.
    pub(crate) fn take_asking(&mut self, max: usize, now: Instant, keys: &mut Vec<Key>) -> bool {
        keys.clear();
        for id in self.asking.drain(..max.min(self.asking.len())) {
            if let Some(slot) = self.slots[id.index()].as_mut() {
                slot.queued = false;
                slot.stated = false;
                slot.known = true;
                slot.state = State::Pending;
                slot.asked_at = now;
                keys.push(Key { id, name: Arc::clone(&slot.name) });
            }
        }
        !keys.is_empty()
    }

    /// Takes up to `max` keys whose resync is due.
    pub(crate) fn take_resyncs(&mut self, max: usize, now: Instant, keys: &mut Vec<Key>) -> bool {
        keys.clear();
        while keys.len() < max {
            let Some(&(due, id)) = self.resyncs.first() else { break };
            if due > now {
                break;
            }
            self.resyncs.pop_first();
            let Some(slot) = self.slot_mut(id) else { continue };
            slot.resync_due = None;
            slot.last_resync = Some(now);
            slot.awaiting_since = Some(now);
            keys.push(Key { id, name: Arc::clone(&slot.name) });
        }
        !keys.is_empty()
    }

    /// Whether something is to be sent at `now`, and if not, when the next resync is due.
    pub(crate) fn next_due(&self, now: Instant) -> Option<Instant> {
        if self.leaving.is_empty() && self.asking.is_empty() {
            self.resyncs.first().map(|&(due, _)| due.max(now))
        } else {
            Some(now)
        }
    }

    /// Nothing waits to be sent, now or later. Cheap: it is asked after every read.
    pub(crate) fn is_idle(&self) -> bool {
        self.asking.is_empty() && self.leaving.is_empty() && self.resyncs.is_empty()
    }

    /// The venue shall state the key afresh, at most once every `resync_every`.
    pub(crate) fn resync(&mut self, name: &str, now: Instant) {
        if let Some(&id) = self.by_name.get(name) {
            self.resync_id(id, now);
        }
    }

    pub(crate) fn resync_id(&mut self, id: KeyId, now: Instant) {
        let every = self.watch.resync_every;
        let Some(slot) = self.slot_mut(id) else { return };
        // A key still to be subscribed or just asked for is about to be stated anyway.
        let due_already = slot.resync_due.is_some();
        if due_already || matches!(slot.state, State::Desired | State::Pending | State::Failed) {
            return;
        }
        let due = slot.last_resync.map_or(now, |last| now.max(last + every));
        slot.resync_due = Some(due);
        self.resyncs.insert((due, id));
    }

    pub(crate) fn resync_all(&mut self, now: Instant) {
        for index in 0..self.slots.len() {
            self.resync_id(id_of(index), now);
        }
    }

    /// Data of a key arrived, which may be a snapshot. Returns how long it had been silent, where that was announced and
    /// this ends it.
    pub(crate) fn touch(&mut self, id: KeyId, now: Instant, snapshot: bool) -> Option<Duration> {
        let answers = snapshot || !self.snapshots;
        let slot = self.slots.get_mut(id.index())?.as_mut()?;
        let since = slot.last_data.replace(now);
        if let Some(since) = since {
            let gap = u64::try_from((now - since).as_nanos()).unwrap_or(u64::MAX);
            // The average of the last sixteen or so.
            let weight = u64::from(slot.gaps.min(15));
            let sum = slot.mean_gap_ns.saturating_mul(weight).saturating_add(gap);
            slot.mean_gap_ns = sum / (weight + 1);
            slot.gaps = slot.gaps.saturating_add(1);
        }
        if !answers {
            if slot.state == State::Pending {
                slot.state = State::Confirmed;
            }
            return None;
        }
        slot.stated = true;
        slot.awaiting_since = None;
        slot.retry_at = None;
        slot.effort = Effort::Nothing;
        if slot.state != State::Confirmed && !slot.queued {
            slot.state = State::Confirmed;
        }
        slot.silent_since.take().map(|since| now - since)
    }

    /// The venue acknowledged a key. Where no data is owed, that ends its silence.
    pub(crate) fn confirm(&mut self, id: KeyId, now: Instant) -> Confirmed {
        let no_data_owed = self.watch.first_data_within.is_none();
        let mut confirmed = Confirmed::default();
        let Some(slot) = self.slot_mut(id) else { return confirmed };
        if slot.state == State::Pending {
            slot.state = State::Confirmed;
            confirmed.is_new = true;
            if no_data_owed && slot.last_data.is_none() {
                slot.effort = Effort::Nothing;
                confirmed.resumed = slot.silent_since.take().map(|since| now - since);
            }
        }
        confirmed
    }

    /// The venue refused a key. Returns its name where it is still wanted.
    pub(crate) fn fail(&mut self, id: KeyId) -> Option<Arc<str>> {
        let slot = self.slot_mut(id)?;
        slot.state = State::Failed;
        slot.silent_since = None;
        slot.awaiting_since = None;
        Some(Arc::clone(&slot.name))
    }

    /// The venue takes the key later: nothing is owed until it is asked for again.
    pub(crate) fn defer(&mut self, id: KeyId, until: Instant) {
        if self.fail(id).is_some()
            && let Some(slot) = self.slot_mut(id)
        {
            slot.retry_at = Some(until);
        }
    }

    /// The venue dropped a key: ask for it again.
    pub(crate) fn lose(&mut self, id: KeyId) {
        self.ask(id);
    }

    /// Some key that is thought to be subscribed, for a probe: the one with the latest data.
    pub(crate) fn probe_key(&self) -> Option<Key> {
        let confirmed = |slot: &&Slot| slot.state == State::Confirmed;
        let slot = self.slots.iter().flatten().filter(confirmed).max_by_key(|s| s.last_data)?;
        let id = *self.by_name.get(&slot.name)?;
        Some(Key { id, name: Arc::clone(&slot.name) })
    }

    /// Whether the venue owes us data: something was asked for on this link and not refused.
    pub(crate) fn is_owed_data(&self) -> bool {
        let owed = |slot: &Slot| matches!(slot.state, State::Pending | State::Confirmed);
        self.slots.iter().flatten().any(owed)
    }

    /// Looks for keys that are too quiet, and counts states on the way.
    pub(crate) fn watch(&mut self, now: Instant, help: Help, alarms: &mut Vec<Alarm>) -> Counts {
        alarms.clear();
        let mut counts = Counts { wanted: self.by_name.len(), ..Counts::default() };
        for index in 0..self.slots.len() {
            let Some(slot) = self.slots[index].as_mut() else { continue };
            match slot.state {
                State::Desired => {}
                State::Pending => counts.pending += 1,
                State::Confirmed => counts.confirmed += 1,
                State::Failed => counts.failed += 1,
            }
            counts.silent += usize::from(slot.silent_since.is_some());
            if slot.retry_at.is_some_and(|at| at <= now) {
                slot.retry_at = None;
                self.resubscribe(index);
                continue;
            }
            if matches!(slot.state, State::Desired | State::Failed) {
                continue;
            }
            if slot.silent_since.is_none() && slot.overdue(&self.watch, self.snapshots, now) {
                let since = slot.last_data.unwrap_or(slot.asked_at);
                slot.silent_since = Some(since);
                counts.silent += 1;
                alarms.push(Alarm::Silent { key: Arc::clone(&slot.name), silent_for: now - since });
                self.redrive(index, now, help, alarms);
            } else if slot.silent_since.is_some()
                && now - slot.asked_at >= self.watch.redrive_within
            {
                self.redrive(index, now, help, alarms);
            }
        }
        counts
    }

    /// The next effort for a silent key: subscribe again, a new link, give up.
    fn redrive(&mut self, index: usize, now: Instant, help: Help, alarms: &mut Vec<Alarm>) {
        let Some(slot) = self.slots[index].as_mut() else { return };
        let key = Arc::clone(&slot.name);
        slot.asked_at = now;
        match slot.effort {
            Effort::Nothing => {
                slot.effort = Effort::Resubscribed;
                self.resubscribe(index);
            }
            Effort::Resubscribed | Effort::Reconnected if help == Help::Resubscribe => {}
            Effort::Resubscribed if help == Help::Reconnect => {
                slot.effort = Effort::Reconnected;
                alarms.push(Alarm::Reconnect { key });
            }
            Effort::Resubscribed | Effort::Reconnected => {
                // Until it has data it costs nobody another link.
                slot.effort = Effort::Reconnected;
                slot.state = State::Failed;
                slot.retry_at = Some(now + self.watch.reconnect_every);
                alarms.push(Alarm::Surrendered { key });
            }
        }
    }

    /// Unsubscribes and asks again.
    fn resubscribe(&mut self, index: usize) {
        let id = id_of(index);
        let Some(slot) = self.slot(id) else { return };
        if slot.known && !self.is_leaving(id) {
            let name = Arc::clone(&slot.name);
            self.leaving.push_back(Key { id, name });
        }
        self.ask(id);
    }
}

/// There are never more slots than `max_keys`, far below four billion.
fn id_of(index: usize) -> KeyId {
    KeyId(u32::try_from(index).unwrap_or(u32::MAX))
}

impl Slot {
    fn overdue(&self, watch: &Watch, snapshots: bool, now: Instant) -> bool {
        if self.state == State::Pending && now - self.asked_at >= watch.ack_within {
            return true;
        }
        if self.awaiting_since.is_some_and(|since| now - since >= watch.redrive_within) {
            return true;
        }
        match self.last_data.filter(|_| self.stated || !snapshots) {
            None => watch.first_data_within.is_some_and(|within| now - self.asked_at >= within),
            Some(last) => watch.silence.is_some_and(|silence| {
                let known = self.gaps >= GAPS_FOR_A_RATE;
                let own = Duration::from_nanos(self.mean_gap_ns).saturating_mul(silence.factor);
                let own = if known { own } else { silence.max };
                now - last >= own.max(silence.min).min(silence.max)
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[derive(Debug, Clone)]
    enum Step {
        Add(u8),
        Remove(u8),
        Send(usize),
        Data(u8),
        Ack(u8),
        Refuse(u8),
        Dropped(u8),
        Later(u8),
        Resync(u8),
        NewLink,
        Wait(u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        let key = 0_u8..6;
        prop_oneof![
            3 => key.clone().prop_map(Step::Add),
            2 => key.clone().prop_map(Step::Remove),
            4 => (1_usize..4).prop_map(Step::Send),
            3 => key.clone().prop_map(Step::Data),
            2 => key.clone().prop_map(Step::Ack),
            1 => key.clone().prop_map(Step::Refuse),
            1 => key.clone().prop_map(Step::Dropped),
            1 => key.clone().prop_map(Step::Later),
            2 => key.prop_map(Step::Resync),
            1 => Just(Step::NewLink),
            2 => (0_u64..30).prop_map(Step::Wait),
        ]
    }

    /// What a session and its venue hold: names by number, as told.
    #[derive(Default)]
    struct Venue {
        subscribed: BTreeMap<KeyId, Arc<str>>,
    }

    impl Venue {
        /// One call of the owner task; whether anything was sent.
        fn exchange(&mut self, keys: &mut Subscriptions, max: usize, now: Instant) -> bool {
            let mut taken = Vec::new();
            if keys.take_leaving(max, &mut taken) {
                for key in &taken {
                    assert_eq!(self.subscribed.remove(&key.id).as_ref(), Some(&key.name));
                }
            } else if keys.take_asking(max, now, &mut taken) {
                for key in &taken {
                    let before = self.subscribed.insert(key.id, Arc::clone(&key.name));
                    // Asking twice for one key is allowed, giving its number to another is not.
                    assert!(before.is_none_or(|name| name == key.name));
                }
            } else if keys.take_resyncs(max, now, &mut taken) {
                for key in &taken {
                    assert_eq!(self.subscribed.get(&key.id), Some(&key.name));
                }
            }
            assert!(taken.len() <= max);
            !taken.is_empty()
        }

        fn id(&self, name: &str) -> Option<KeyId> {
            self.subscribed.iter().find(|(_, known)| &***known == name).map(|(id, _)| *id)
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(
            if std::env::var_os("ARB_LONG").is_some() { 20_000 } else { 300 }
        ))]

        /// Whatever happens, once everything is sent the venue holds exactly what is wanted.
        #[test]
        fn the_venue_ends_with_what_is_wanted(
            steps in prop::collection::vec(step(), 1..120),
            snapshots in prop::bool::ANY,
        ) {
            let watch = Watch::default();
            let mut keys = Subscriptions::new(watch, snapshots);
            let mut venue = Venue::default();
            let mut wanted = std::collections::BTreeSet::new();
            let mut now = Instant::now();
            let mut alarms = Vec::new();
            keys.reset(now);
            for step in steps {
                match step {
                    Step::Add(key) => {
                        keys.add(&key.to_string().into(), now);
                        wanted.insert(key.to_string());
                    }
                    Step::Remove(key) => {
                        keys.remove(&key.to_string());
                        wanted.remove(&key.to_string());
                    }
                    Step::Send(max) => {
                        venue.exchange(&mut keys, max, now);
                    }
                    Step::Data(key) => {
                        if let Some(id) = venue.id(&key.to_string()) {
                            keys.touch(id, now, key % 2 == 0);
                        }
                    }
                    Step::Ack(key) => {
                        if let Some(id) = venue.id(&key.to_string()) {
                            keys.confirm(id, now);
                        }
                    }
                    Step::Refuse(key) => {
                        if let Some(id) = venue.id(&key.to_string()) {
                            keys.fail(id);
                        }
                    }
                    Step::Dropped(key) => {
                        if let Some(id) = venue.id(&key.to_string()) {
                            keys.lose(id);
                        }
                    }
                    Step::Later(key) => {
                        if let Some(id) = venue.id(&key.to_string()) {
                            keys.defer(id, now + Duration::from_secs(5));
                        }
                    }
                    Step::Resync(key) => keys.resync(&key.to_string(), now),
                    Step::NewLink => {
                        venue = Venue::default();
                        keys.reset(now);
                    }
                    Step::Wait(seconds) => {
                        now += Duration::from_secs(seconds);
                        let help = [Help::Resubscribe, Help::GiveUp, Help::Reconnect];
                        let help = help[(seconds % 3) as usize];
                        let counts = keys.watch(now, help, &mut alarms);
                        prop_assert_eq!(counts.wanted, wanted.len());
                        if alarms.iter().any(|alarm| matches!(alarm, Alarm::Reconnect { .. })) {
                            venue = Venue::default();
                            keys.reset(now);
                        }
                    }
                }
            }
            now += watch.resync_every;
            let mut calls = 0;
            while venue.exchange(&mut keys, 2, now) {
                calls += 1;
                prop_assert!(calls < 100, "it never comes to rest");
            }
            prop_assert!(keys.is_idle());
            let held: std::collections::BTreeSet<String> =
                venue.subscribed.values().map(ToString::to_string).collect();
            prop_assert_eq!(&held, &wanted);
            prop_assert_eq!(keys.len(), wanted.len());
            // Numbers are reused: there are never more than keys were ever wanted at a time.
            prop_assert!(keys.slots.len() <= 12);
            prop_assert_eq!(keys.slots.iter().flatten().count() + keys.free.len(), keys.slots.len());
        }
    }
}

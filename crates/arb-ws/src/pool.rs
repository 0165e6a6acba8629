//! Many keys over several connections of one venue, on one thread.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::Notify;

use crate::config::ConnectionConfig;
use crate::connection::{Connection, Stopped};
use crate::dial::Dial;
use crate::error::WsError;
use crate::event::{Event, Keys, Meta};
use crate::handle::Handle;
use crate::health::Health;
use crate::session::Session;
use crate::sink::Sink;

/// Makes the session of a connection, by the connection's number.
pub type MakeSession = Box<dyn FnMut(u32) -> Box<dyn Session> + Send>;

/// How keys are spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolConfig {
    /// Keys on one connection at most. Default: 200, what clients of venues without a published
    /// limit use.
    pub keys_per_connection: usize,
    /// Connections that carry each key, for redundancy: each has its own number, and books are
    /// kept apart by it. Default: 1.
    pub copies: usize,
    /// Connections at most. Default: 100.
    pub max_connections: usize,
}

impl Default for PoolConfig {
    fn default() -> Self {
        Self { keys_per_connection: 200, copies: 1, max_connections: 100 }
    }
}

impl PoolConfig {
    fn copies(&self) -> usize {
        self.copies.max(1)
    }

    fn max_keys(&self) -> usize {
        self.keys_per_connection.max(1) * (self.max_connections / self.copies())
    }
}

/// The connections that carry one set of keys.
struct Shard {
    connections: Vec<(u32, Handle)>,
    keys: usize,
}

/// A key's place, and what was tried for it.
struct Place {
    shard: u32,
    /// Connections of the shard that gave it up.
    surrendered: BTreeSet<u32>,
    /// Shards that gave it up.
    tried: BTreeSet<u32>,
}

struct State {
    make_session: MakeSession,
    places: HashMap<Arc<str>, Place>,
    shards: BTreeMap<u32, Shard>,
    next_shard: u32,
    /// Numbers of connections, so that they stay small: free ones first.
    free: BTreeSet<u32>,
    next_connection: u32,
    starting: Vec<Connection>,
    shutdown: bool,
}

struct Shared {
    config: PoolConfig,
    connection: ConnectionConfig,
    dial: Arc<dyn Dial>,
    state: Mutex<State>,
    wake: Notify,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has_room(&self, shard: &Shard) -> bool {
        shard.keys < self.config.keys_per_connection.max(1)
    }

    /// A shard with room that was not tried, or a new one; `None` where neither is to be had.
    fn shard_for(&self, state: &mut State, tried: &BTreeSet<u32>) -> Option<u32> {
        let old = state.shards.iter().find(|(id, s)| self.has_room(s) && !tried.contains(id));
        if let Some((id, _)) = old {
            return Some(*id);
        }
        if (state.shards.len() + 1) * self.config.copies() > self.config.max_connections {
            return None;
        }
        let mut connections = Vec::new();
        for _ in 0..self.config.copies() {
            let number = state.free.pop_first().unwrap_or_else(|| {
                state.next_connection += 1;
                state.next_connection - 1
            });
            let config = self.connection.clone().with_connection(number);
            let session = (state.make_session)(number);
            let (connection, handle) = Connection::new(config, Arc::clone(&self.dial), session);
            state.starting.push(connection);
            connections.push((number, handle));
        }
        let id = state.next_shard;
        state.next_shard += 1;
        state.shards.insert(id, Shard { connections, keys: 0 });
        self.wake.notify_one();
        Some(id)
    }

    fn put(state: &mut State, shard: u32, key: &Arc<str>) {
        if let Some(shard) = state.shards.get_mut(&shard) {
            shard.keys += 1;
            for (_, handle) in &shard.connections {
                // The pool's own limit is the smaller one.
                let _ = handle.subscribe([Arc::clone(key)]);
            }
        }
    }

    /// Takes the key off the shard and lets an empty shard go.
    fn take(state: &mut State, id: u32, key: &str) {
        let Some(shard) = state.shards.get_mut(&id) else { return };
        shard.keys -= 1;
        for (_, handle) in &shard.connections {
            handle.unsubscribe([key]);
        }
        if shard.keys == 0
            && let Some(shard) = state.shards.remove(&id)
        {
            for (_, handle) in shard.connections {
                handle.shutdown();
            }
        }
    }

    /// A connection gave a key up; when all copies have, the key moves.
    fn surrender(&self, key: &Arc<str>, connection: u32) {
        let mut state = self.state();
        let state = &mut *state;
        let Some(place) = state.places.get_mut(key) else { return };
        let from = place.shard;
        let is_there = |shard: &Shard| shard.connections.iter().any(|(n, _)| *n == connection);
        if !state.shards.get(&from).is_some_and(is_there) {
            return;
        }
        place.surrendered.insert(connection);
        if place.surrendered.len() < self.config.copies() {
            return;
        }
        place.surrendered.clear();
        place.tried.insert(from);
        let tried = place.tried.clone();
        match self.shard_for(state, &tried) {
            Some(to) => {
                Self::put(state, to, key);
                Self::take(state, from, key);
                if let Some(place) = state.places.get_mut(key) {
                    place.shard = to;
                    place.tried.retain(|id| state.shards.contains_key(id));
                }
            }
            None => {
                // Everything was tried: it stays, where it is retried now and then.
                if let Some(place) = state.places.get_mut(key) {
                    place.tried.clear();
                }
            }
        }
    }

    fn data_again(&self, key: &str) {
        if let Some(place) = self.state().places.get_mut(key) {
            place.surrendered.clear();
            place.tried.clear();
        }
    }
}

/// Several connections as one: keys are spread over as many as they need.
///
/// Each connection carries at most `keys_per_connection` keys; connections are opened as keys come
/// and closed as their last key goes, and a healthy one is never dropped for another's sake. A key
/// that a connection surrenders (silent through resubscription and reconnect) moves to another
/// connection, a new one if need be.
pub struct Pool {
    shared: Arc<Shared>,
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("config", &self.shared.config).finish_non_exhaustive()
    }
}

impl Pool {
    /// A pool and its handle. `connection` is the template; its number is replaced.
    #[must_use]
    pub fn new(
        config: PoolConfig,
        connection: ConnectionConfig,
        dial: Arc<dyn Dial>,
        make_session: MakeSession,
    ) -> (Self, PoolHandle) {
        let mut connection = connection;
        connection.max_keys = config.keys_per_connection.max(1);
        let state = State {
            make_session,
            places: HashMap::new(),
            shards: BTreeMap::new(),
            next_shard: 0,
            free: BTreeSet::new(),
            next_connection: 0,
            starting: Vec::new(),
            shutdown: false,
        };
        let wake = Notify::new();
        let shared = Arc::new(Shared { config, connection, dial, state: Mutex::new(state), wake });
        (Self { shared: Arc::clone(&shared) }, PoolHandle { shared })
    }

    /// Runs all connections until [`PoolHandle::shutdown`], or until one of them stops in a way
    /// that would stop them all (a wrong address, a session that gives up).
    ///
    /// Each connection gets a clone of the sink; `Rc<RefCell<_>>` is enough, since all run within
    /// this one future.
    ///
    /// # Cancel safety
    /// Dropping the future closes all sockets.
    pub async fn run<S: Sink + Clone>(self, sink: S) -> Stopped {
        let mut running = FuturesUnordered::new();
        let mut result = Stopped::Shutdown;
        loop {
            let (starting, shutdown) = {
                let mut state = self.shared.state();
                (std::mem::take(&mut state.starting), state.shutdown)
            };
            for connection in starting {
                let number = connection.number();
                let sink = PoolSink { sink: sink.clone(), shared: Arc::clone(&self.shared) };
                running.push(async move { (number, connection.run(sink).await) });
            }
            if shutdown && running.is_empty() {
                return result;
            }
            tokio::select! {
                biased;
                () = self.shared.wake.notified() => {}
                Some((number, stopped)) = running.next() => {
                    self.shared.state().free.insert(number);
                    if !matches!(stopped, Stopped::Shutdown) {
                        result = stopped;
                        PoolHandle { shared: Arc::clone(&self.shared) }.shutdown();
                    }
                }
            }
        }
    }
}

/// Steers a [`Pool`]; cheap to clone, and none of its calls waits.
#[derive(Clone)]
pub struct PoolHandle {
    shared: Arc<Shared>,
}

impl fmt::Debug for PoolHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolHandle").field("config", &self.shared.config).finish_non_exhaustive()
    }
}

impl PoolHandle {
    /// Wants these keys. Known keys are left alone.
    ///
    /// # Errors
    /// [`WsError::TooManyKeys`] beyond what `max_connections` can carry; then none is taken.
    pub fn subscribe<K: Into<Arc<str>>>(
        &self,
        keys: impl IntoIterator<Item = K>,
    ) -> Result<(), WsError> {
        let mut state = self.shared.state();
        let mut unique = HashSet::new();
        let new: Vec<Arc<str>> = keys
            .into_iter()
            .map(Into::into)
            .filter(|key| !state.places.contains_key(key) && unique.insert(Arc::clone(key)))
            .collect();
        let (asked, allowed) = (state.places.len() + new.len(), self.shared.config.max_keys());
        if asked > allowed {
            return Err(WsError::TooManyKeys { asked, allowed });
        }
        for key in new {
            let shard = self.shared.shard_for(&mut state, &BTreeSet::new());
            let Some(shard) = shard else {
                return Err(WsError::TooManyKeys { asked, allowed: state.places.len() });
            };
            Shared::put(&mut state, shard, &key);
            let place = Place { shard, surrendered: BTreeSet::new(), tried: BTreeSet::new() };
            state.places.insert(key, place);
        }
        Ok(())
    }

    /// Wants these keys no longer. Unknown keys are left alone.
    pub fn unsubscribe<K: AsRef<str>>(&self, keys: impl IntoIterator<Item = K>) {
        let mut state = self.shared.state();
        for key in keys {
            if let Some(place) = state.places.remove(key.as_ref()) {
                Shared::take(&mut state, place.shard, key.as_ref());
            }
        }
    }

    /// Has the venue state these keys afresh, on every connection that carries them.
    pub fn resync<K: AsRef<str>>(&self, keys: impl IntoIterator<Item = K>) {
        let state = self.shared.state();
        for key in keys {
            let shard = state.places.get(key.as_ref()).and_then(|p| state.shards.get(&p.shard));
            for (_, handle) in shard.into_iter().flat_map(|shard| &shard.connections) {
                handle.resync([key.as_ref()]);
            }
        }
    }

    /// The handle of one connection, by [`Meta::connection`], to resync where a gap was seen.
    #[must_use]
    pub fn connection(&self, number: u32) -> Option<Handle> {
        let state = self.shared.state();
        let mut connections = state.shards.values().flat_map(|shard| &shard.connections);
        connections.find(|(known, _)| *known == number).map(|(_, handle)| handle.clone())
    }

    /// The health of each connection, by its number.
    #[must_use]
    pub fn health(&self) -> BTreeMap<u32, Health> {
        let state = self.shared.state();
        let connections = state.shards.values().flat_map(|shard| &shard.connections);
        connections.map(|(number, handle)| (*number, handle.health())).collect()
    }

    /// The keys wanted now.
    #[must_use]
    pub fn key_count(&self) -> usize {
        self.shared.state().places.len()
    }

    /// Ends all connections; [`Pool::run`] returns when they are closed.
    pub fn shutdown(&self) {
        let mut state = self.shared.state();
        state.shutdown = true;
        for shard in state.shards.values() {
            for (_, handle) in &shard.connections {
                handle.shutdown();
            }
        }
        drop(state);
        self.shared.wake.notify_one();
    }
}

/// The caller's sink, with an eye on what the pool must act on.
struct PoolSink<S> {
    sink: S,
    shared: Arc<Shared>,
}

impl<S: Sink> Sink for PoolSink<S> {
    fn on_message(&mut self, meta: &Meta, payload: &[u8]) {
        self.sink.on_message(meta, payload);
    }

    fn on_event(&mut self, meta: &Meta, event: &Event) {
        match event {
            Event::Surrendered { key } => self.shared.surrender(key, meta.connection),
            Event::Resumed { keys: Keys::These(keys), .. } => {
                keys.iter().for_each(|key| self.shared.data_again(key));
            }
            _ => {}
        }
        self.sink.on_event(meta, event);
    }

    fn on_sent(&mut self, meta: &Meta, payload: &[u8]) {
        self.sink.on_sent(meta, payload);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::ScriptedDial;
    use proptest::prelude::*;

    struct Mute;

    impl Session for Mute {
        fn handshake(
            &mut self,
            _now: time::OffsetDateTime,
        ) -> Result<crate::Handshake, crate::BoxError> {
            Err("never dialled".into())
        }
        fn on_open(&mut self, _out: &mut crate::Outbox) {}
        fn on_frame(&mut self, _payload: &[u8], _out: &mut crate::Outbox) -> crate::Verdict {
            crate::Verdict::Control
        }
        fn subscribe(&mut self, _keys: &[crate::Key], _out: &mut crate::Outbox) {}
        fn unsubscribe(&mut self, _keys: &[crate::Key], _out: &mut crate::Outbox) {}
    }

    proptest! {
        /// Whatever comes, goes and moves: every key has one place, no connection has too many
        /// keys, none is kept without keys, and what the handles want is what the pool says.
        #[test]
        fn every_key_has_one_place(
            copies in 1_usize..3,
            steps in prop::collection::vec((0_u8..5, 0_u8..30), 1..150),
        ) {
            let config = PoolConfig { keys_per_connection: 4, copies, max_connections: 8 };
            let (dial, _server) = ScriptedDial::new();
            let template = ConnectionConfig::new("toy", 0);
            let make = Box::new(|_| Box::new(Mute) as Box<dyn Session>);
            let (pool, handle) = Pool::new(config, template, Arc::new(dial), make);
            let mut wanted = HashSet::new();
            for (what, number) in steps {
                let key = format!("k{number}");
                match what {
                    0..=2 => {
                        let fits = wanted.contains(&key) || wanted.len() < 4 * 8 / copies;
                        prop_assert_eq!(handle.subscribe([key.as_str()]).is_ok(), fits);
                        if fits {
                            wanted.insert(key);
                        }
                    }
                    3 => {
                        handle.unsubscribe([&key]);
                        wanted.remove(&key);
                    }
                    _ => {
                        for connection in 0..8 {
                            pool.shared.surrender(&key.as_str().into(), connection);
                        }
                    }
                }
                let state = pool.shared.state();
                prop_assert_eq!(state.places.len(), wanted.len());
                let mut keys = 0;
                for (id, shard) in &state.shards {
                    let here = state.places.values().filter(|place| place.shard == *id).count();
                    prop_assert_eq!(shard.keys, here);
                    prop_assert!((1..=4).contains(&here));
                    prop_assert_eq!(shard.connections.len(), copies);
                    for (_, connection) in &shard.connections {
                        prop_assert_eq!(connection.key_count(), here);
                    }
                    keys += here;
                }
                prop_assert_eq!(keys, wanted.len());
                prop_assert!(state.shards.len() * copies <= 8);
            }
        }
    }
}

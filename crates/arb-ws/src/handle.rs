//! The caller's end of a connection: what is wanted, and how it goes.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::error::WsError;
use crate::health::Health;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Subscribe,
    Unsubscribe,
    Resync,
    /// Unsubscribe a key that is known and subscribe it anew.
    Renew,
}

/// What the caller asked for since the owner task last looked. The last word on a key counts, and
/// a key that came and went in between leaves nothing, so there are never more entries than keys
/// wanted now and keys the owner task knows: twice `max_keys`.
#[derive(Debug, Default)]
pub(crate) struct Wishes {
    pub(crate) changes: Vec<(Arc<str>, Change)>,
    /// Where a key's entry is, and whether the key is new to the owner task.
    index: HashMap<Arc<str>, (usize, bool)>,
    pub(crate) resync_all: bool,
    pub(crate) reconnect: bool,
}

impl Wishes {
    fn change(&mut self, key: Arc<str>, change: Change) {
        match (self.index.get(&key).copied(), change) {
            (None, _) => {
                let is_new = change == Change::Subscribe;
                self.index.insert(Arc::clone(&key), (self.changes.len(), is_new));
                self.changes.push((key, change));
            }
            // A resync adds nothing to a key that is about to be subscribed or dropped.
            (Some(_), Change::Resync) => {}
            (Some((at, true)), Change::Unsubscribe) => {
                self.index.remove(&key);
                self.changes.swap_remove(at);
                if let Some((moved, _)) = self.changes.get(at)
                    && let Some((place, _)) = self.index.get_mut(moved)
                {
                    *place = at;
                }
            }
            (Some((at, false)), Change::Subscribe) => self.changes[at].1 = Change::Renew,
            (Some((at, _)), change) => self.changes[at].1 = change,
        }
    }
}

#[derive(Debug, Default)]
struct Asked {
    /// The keys the caller wants, so that a subscribe can be refused at once.
    wanted: HashSet<Arc<str>>,
    wishes: Wishes,
}

#[derive(Debug)]
pub(crate) struct Shared {
    max_keys: usize,
    asked: Mutex<Asked>,
    pub(crate) wake: Notify,
    shutdown: AtomicBool,
    health: Mutex<Health>,
}

impl Shared {
    pub(crate) fn new(max_keys: usize, health: Health) -> Self {
        Self {
            max_keys,
            asked: Mutex::default(),
            wake: Notify::new(),
            shutdown: AtomicBool::new(false),
            health: Mutex::new(health),
        }
    }

    pub(crate) fn take_wishes(&self) -> Wishes {
        std::mem::take(&mut self.asked().wishes)
    }

    pub(crate) fn is_shutdown(&self) -> bool {
        self.shutdown.load(Ordering::Acquire)
    }

    pub(crate) fn publish(&self, health: Health) {
        *self.health.lock().unwrap_or_else(PoisonError::into_inner) = health;
    }

    fn asked(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wish(&self, change: impl FnOnce(&mut Asked)) {
        change(&mut self.asked());
        self.wake.notify_one();
    }
}

/// Steers a running [`Connection`](crate::Connection). Cheap to clone; none of its calls blocks
/// or waits, so a sink may call it from within.
///
/// Calls take effect when the connection's task next runs. Dropping handles does not end the
/// connection; [`shutdown`](Self::shutdown) or dropping the run future does.
#[derive(Debug, Clone)]
pub struct Handle {
    pub(crate) shared: Arc<Shared>,
}

impl Handle {
    /// Wants these keys, now and after every reconnect. Known keys are left alone; one that was just unsubscribed is
    /// subscribed anew, which also tries a refused key again.
    ///
    /// # Errors
    /// [`WsError::TooManyKeys`] beyond `max_keys`; then none of them is taken.
    pub fn subscribe<K: Into<Arc<str>>>(
        &self,
        keys: impl IntoIterator<Item = K>,
    ) -> Result<(), WsError> {
        let keys: Vec<Arc<str>> = keys.into_iter().map(Into::into).collect();
        let mut asked = self.shared.asked();
        let new: HashSet<&Arc<str>> =
            keys.iter().filter(|key| !asked.wanted.contains(*key)).collect();
        let total = asked.wanted.len() + new.len();
        if total > self.shared.max_keys {
            return Err(WsError::TooManyKeys { asked: total, allowed: self.shared.max_keys });
        }
        for key in keys {
            if asked.wanted.insert(Arc::clone(&key)) {
                asked.wishes.change(key, Change::Subscribe);
            }
        }
        drop(asked);
        self.shared.wake.notify_one();
        Ok(())
    }

    /// Wants these keys no longer. Unknown keys are left alone.
    pub fn unsubscribe<K: AsRef<str>>(&self, keys: impl IntoIterator<Item = K>) {
        self.shared.wish(|asked| {
            for key in keys {
                if let Some(key) = asked.wanted.take(key.as_ref()) {
                    asked.wishes.change(key, Change::Unsubscribe);
                }
            }
        });
    }

    /// Someone downstream lost the thread of these keys (a sequence gap): have the venue state
    /// them afresh. At most once every [`Watch::resync_every`](crate::Watch::resync_every) a key.
    pub fn resync<K: AsRef<str>>(&self, keys: impl IntoIterator<Item = K>) {
        self.shared.wish(|asked| {
            for key in keys {
                if let Some(key) = asked.wanted.get(key.as_ref()).cloned() {
                    asked.wishes.change(key, Change::Resync);
                }
            }
        });
    }

    /// [`resync`](Self::resync) of every key.
    pub fn resync_all(&self) {
        self.shared.wish(|asked| asked.wishes.resync_all = true);
    }

    /// Drops the link and connects anew, by the usual rules.
    pub fn reconnect(&self) {
        self.shared.wish(|asked| asked.wishes.reconnect = true);
    }

    /// Ends the connection: a close frame is sent and its run future returns.
    pub fn shutdown(&self) {
        self.shared.shutdown.store(true, Ordering::Release);
        self.shared.wake.notify_one();
    }

    /// The keys wanted now.
    #[must_use]
    pub fn key_count(&self) -> usize {
        self.shared.asked().wanted.len()
    }

    /// How the connection does, as of its last look (a second ago at most while it runs).
    #[must_use]
    pub fn health(&self) -> Health {
        self.shared.health.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whenever the owner task looks, its keys become the caller's, and what waits is bounded.
        #[test]
        fn what_is_taken_leads_to_what_is_wanted(
            steps in prop::collection::vec((0_u8..4, 0_u8..8), 1..200),
        ) {
            let health = crate::health::Stats::new(tokio::time::Instant::now())
                .snapshot(tokio::time::Instant::now(), 0);
            let shared = Arc::new(Shared::new(5, health));
            let handle = Handle { shared: Arc::clone(&shared) };
            let (mut wanted, mut known) = (HashSet::new(), HashSet::new());
            for (what, key) in steps {
                let key = key.to_string();
                match what {
                    0 => {
                        let fits = wanted.contains(&key) || wanted.len() < 5;
                        prop_assert_eq!(handle.subscribe([key.as_str()]).is_ok(), fits);
                        if fits {
                            wanted.insert(key);
                        }
                    }
                    1 => {
                        handle.unsubscribe([&key]);
                        wanted.remove(&key);
                    }
                    2 => handle.resync([&key]),
                    _ => {
                        for (key, change) in shared.take_wishes().changes {
                            match change {
                                Change::Subscribe => known.insert(key.to_string()),
                                Change::Unsubscribe => known.remove(&*key),
                                Change::Resync | Change::Renew => true,
                            };
                        }
                        prop_assert_eq!(&known, &wanted);
                    }
                }
                prop_assert!(shared.asked().wishes.changes.len() <= 2 * 5);
                prop_assert_eq!(handle.key_count(), wanted.len());
            }
        }
    }
}

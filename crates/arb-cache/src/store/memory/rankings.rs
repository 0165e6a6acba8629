//! Keys in order of their scores.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::store::{Rank, Ranked};

/// Rankings by name.
#[derive(Debug, Default)]
pub(super) struct Rankings {
    sets: HashMap<String, BTreeSet<(i64, Arc<str>)>>,
    places: HashMap<Arc<str>, Place>,
}

/// Where a key stands.
#[derive(Debug)]
struct Place {
    rank: Rank,
    expires_at: i64,
}

impl Rankings {
    /// Gives `key` this place and no other.
    pub(super) fn set(&mut self, key: &str, rank: &Rank, expires_at: i64) {
        self.remove(key);
        let key: Arc<str> = key.into();
        for set in &rank.sets {
            self.sets.entry(set.clone()).or_default().insert((rank.score, Arc::clone(&key)));
        }
        self.places.insert(key, Place { rank: rank.clone(), expires_at });
    }

    pub(super) fn remove(&mut self, key: &str) {
        let Some((key, Place { rank, .. })) = self.places.remove_entry(key) else { return };
        let entry = (rank.score, key);
        for set in &rank.sets {
            if let Some(order) = self.sets.get_mut(set) {
                order.remove(&entry);
                if order.is_empty() {
                    self.sets.remove(set);
                }
            }
        }
    }

    pub(super) fn top(&self, set: &str, skip: usize, count: usize, now: i64) -> Vec<Ranked> {
        let alive = |key: &str| self.places.get(key).is_some_and(|place| place.expires_at > now);
        let order = self.sets.get(set).into_iter().flatten().rev();
        order
            .filter(|(_, key)| alive(key))
            .skip(skip)
            .take(count)
            .map(|(score, key)| Ranked { key: key.as_ref().to_owned(), score: *score })
            .collect()
    }

    /// Frees the places whose time has passed.
    pub(super) fn expire(&mut self, now: i64) {
        let expired = self.places.iter().filter(|(_, place)| place.expires_at <= now);
        let expired: Vec<_> = expired.map(|(key, _)| Arc::clone(key)).collect();
        for key in expired {
            self.remove(&key);
        }
    }
}

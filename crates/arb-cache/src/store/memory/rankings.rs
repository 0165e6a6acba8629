//! Keys in order of their scores.

use std::collections::{BTreeSet, HashMap};

use crate::store::{Rank, Ranked};

/// Rankings by name. Every member belongs to a key and leaves with it.
#[derive(Debug, Default)]
pub(super) struct Rankings {
    sets: HashMap<String, Ranking>,
    /// The places of each key: set and member.
    places: HashMap<Box<str>, Vec<(String, String)>>,
}

#[derive(Debug, Default)]
struct Ranking {
    order: BTreeSet<(i64, String)>,
    members: HashMap<String, Place>,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    score: i64,
    expires_at: i64,
}

impl Rankings {
    /// Gives `key` these places and no others.
    pub(super) fn set(&mut self, key: &str, ranks: &[Rank], expires_at: i64) {
        let places: Vec<_> =
            ranks.iter().map(|rank| (rank.set.clone(), rank.member.clone())).collect();
        if let Some(before) = self.places.insert(key.into(), places) {
            for (set, member) in before {
                if !ranks.iter().any(|rank| rank.set == set && rank.member == member) {
                    self.take(&set, &member);
                }
            }
        }
        for rank in ranks {
            let ranking = self.sets.entry(rank.set.clone()).or_default();
            let place = Place { score: rank.score, expires_at };
            if let Some(before) = ranking.members.insert(rank.member.clone(), place) {
                ranking.order.remove(&(before.score, rank.member.clone()));
            }
            ranking.order.insert((rank.score, rank.member.clone()));
        }
    }

    pub(super) fn remove_key(&mut self, key: &str) {
        for (set, member) in self.places.remove(key).unwrap_or_default() {
            self.take(&set, &member);
        }
    }

    /// Takes one member out; its key forgets the place when it is written or removed.
    pub(super) fn remove(&mut self, set: &str, member: &str) {
        self.take(set, member);
    }

    pub(super) fn top(&self, set: &str, skip: usize, count: usize, now: i64) -> Vec<Ranked> {
        let Some(ranking) = self.sets.get(set) else { return Vec::new() };
        let alive =
            |member: &str| ranking.members.get(member).is_some_and(|place| place.expires_at > now);
        ranking
            .order
            .iter()
            .rev()
            .filter(|(_, member)| alive(member))
            .skip(skip)
            .take(count)
            .map(|(score, member)| Ranked { member: member.clone(), score: *score })
            .collect()
    }

    /// Frees members whose time has passed.
    pub(super) fn expire(&mut self, now: i64) {
        self.sets.retain(|_, ranking| {
            ranking.members.retain(|member, place| {
                let alive = place.expires_at > now;
                if !alive {
                    ranking.order.remove(&(place.score, member.clone()));
                }
                alive
            });
            !ranking.members.is_empty()
        });
        let sets = &self.sets;
        self.places.retain(|_, places| {
            places.iter().any(|(set, member)| {
                sets.get(set).is_some_and(|ranking| ranking.members.contains_key(member))
            })
        });
    }

    fn take(&mut self, set: &str, member: &str) {
        let Some(ranking) = self.sets.get_mut(set) else { return };
        if let Some(place) = ranking.members.remove(member) {
            ranking.order.remove(&(place.score, member.to_owned()));
        }
        if ranking.members.is_empty() {
            self.sets.remove(set);
        }
    }
}

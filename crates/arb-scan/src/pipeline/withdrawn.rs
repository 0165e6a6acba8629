//! Trades that are not approved now and may come back.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::Basket;
use crate::episode::Episode;

/// Trades that are gone and whose episodes are remembered.
const MAX_WITHDRAWN: usize = 10_000;

/// A trade by its pair or set and its direction.
type Key = (String, Cow<'static, str>);

/// Episodes by the trade they belong to, while what is approved is replaced; between two replacements those of trades that are gone,
/// for their numbers, and for the quarantine that leaving for a moment does not end.
#[derive(Debug, Default)]
pub(super) struct Withdrawn(HashMap<Key, (Basket, Episode)>);

impl Withdrawn {
    /// Keeps the episodes of these trades.
    pub(super) fn keep(&mut self, trades: impl Iterator<Item = (Basket, Episode)>) {
        self.0.extend(trades.map(|(basket, episode)| (key_of(&basket), (basket, episode))));
    }

    /// The episode that goes on with this trade: no two of an id share a number. How it spent its time counts where its orders are
    /// the same, at whatever fees.
    pub(super) fn take(&mut self, basket: &Basket) -> Episode {
        let Some((before, mut episode)) = self.0.remove(&key_of(basket)) else {
            return Episode::default();
        };
        if !before.has_orders_of(basket) {
            episode.forget_record();
        }
        episode
    }

    /// Forgets what never was open and, since pairs come and go for months, what is too much; what is in quarantine last.
    pub(super) fn forget_surplus(&mut self) {
        self.0.retain(|_, (_, episode)| episode.was_open());
        if self.0.len() > MAX_WITHDRAWN {
            let mut known: Vec<(bool, Key)> = self
                .0
                .iter()
                .map(|(key, (_, episode))| (episode.record.quarantine.is_none(), key.clone()))
                .collect();
            known.sort_unstable_by_key(|(may_go, _)| *may_go);
            for (_, key) in known.drain(MAX_WITHDRAWN..) {
                self.0.remove(&key);
            }
        }
    }
}

fn key_of(basket: &Basket) -> Key {
    (basket.pair.clone(), basket.direction.clone())
}

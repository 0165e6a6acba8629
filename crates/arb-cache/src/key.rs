//! The names of keys and rankings in a shared store.

use std::fmt::Write;

use arb_normalize::{MarketKey, Venue};

use crate::{Class, MarketPair};

/// How keys are spelled: `market:kalshi:KXFED-26`, `opportunity:fed/1`, behind an optional prefix.
///
/// In a Redis Cluster an opportunity is `{opportunity}:fed/1`: what stands in braces decides the slot, so all opportunities share
/// one with their rankings and an upsert is atomic.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    pub(crate) prefix: String,
    pub(crate) clustered: bool,
}

impl Layout {
    fn start(&self, class: Class, more: usize) -> String {
        let mut key = String::with_capacity(self.prefix.len() + more + 32);
        key.push_str(&self.prefix);
        key.push_str(class.as_str());
        key
    }

    pub(crate) fn of_market(&self, class: Class, market: &MarketKey) -> String {
        let mut key = self.start(class, market.id.len());
        push_market(&mut key, market);
        key
    }

    pub(crate) fn opportunity(&self, id: &str) -> String {
        let word = if self.clustered { "{opportunity}" } else { Class::Opportunity.as_str() };
        [&self.prefix, word, ":", id].concat()
    }

    pub(crate) fn similarity(&self, pair: &MarketPair) -> String {
        let mut key = self.start(Class::Similarity, pair.first().id.len() + pair.second().id.len());
        push_market(&mut key, pair.first());
        push_market(&mut key, pair.second());
        key
    }

    pub(crate) fn ranking(&self) -> String {
        [&self.prefix, "ranking:{opportunity}"].concat()
    }

    pub(crate) fn ranking_of_pair(&self, pair: &str) -> String {
        [&self.prefix, "ranking:{opportunity}:pair:", pair].concat()
    }

    pub(crate) fn index_of_venue(&self, venue: Venue) -> String {
        format!("{}index:{{market:{venue}}}", self.prefix)
    }
}

impl Layout {
    /// What a key of the store names: the reverse of the functions above, for the classes a process keeps. A similarity whose ids hold
    /// colons reads in several ways, and all are given.
    pub(crate) fn read(&self, key: &str) -> Vec<Named> {
        let Some(rest) = key.strip_prefix(self.prefix.as_str()) else { return Vec::new() };
        let Some((word, rest)) = rest.split_once(':') else { return Vec::new() };
        if word.trim_matches(['{', '}']) == Class::Opportunity.as_str() {
            return vec![Named::Opportunity(rest.to_owned())];
        }
        match Class::ALL.into_iter().find(|class| class.as_str() == word) {
            Some(Class::Market) => read_market(rest).map(Named::Market).into_iter().collect(),
            Some(Class::Orderbook) => read_market(rest).map(Named::Orderbook).into_iter().collect(),
            Some(Class::Price) => read_market(rest).map(Named::Price).into_iter().collect(),
            Some(Class::Similarity) => rest
                .match_indices(':')
                .filter_map(|(at, _)| {
                    let (a, b) = (read_market(&rest[..at])?, read_market(&rest[at + 1..])?);
                    Some(Named::Similarity(MarketPair::new(a, b)))
                })
                .collect(),
            Some(Class::Opportunity) | None => Vec::new(),
        }
    }
}

/// What a key names.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Named {
    Market(MarketKey),
    Orderbook(MarketKey),
    Price(MarketKey),
    Opportunity(String),
    Similarity(MarketPair),
}

fn read_market(text: &str) -> Option<MarketKey> {
    let (venue, id) = text.split_once(':')?;
    Some(MarketKey { venue: venue.parse().ok()?, id: id.to_owned() })
}

fn push_market(key: &mut String, market: &MarketKey) {
    // Writing to a string cannot fail.
    let _ = write!(key, ":{}:{}", market.venue, market.id);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_spelled_as_documented_and_read_back() {
        let layout = Layout { prefix: "arb/".into(), clustered: false };
        let kalshi = MarketKey { venue: Venue::Kalshi, id: "KXFED-26".into() };
        let token = MarketKey { venue: Venue::Polymarket, id: "71:kalshi:3".into() };
        let key = layout.of_market(Class::Orderbook, &kalshi);
        assert_eq!(key, "arb/orderbook:kalshi:KXFED-26");
        assert_eq!(layout.read(&key), [Named::Orderbook(kalshi.clone())]);
        let pair = MarketPair::new(token.clone(), kalshi.clone());
        let key = layout.similarity(&pair);
        assert_eq!(key, "arb/similarity:kalshi:KXFED-26:polymarket:71:kalshi:3");
        assert!(layout.read(&key).contains(&Named::Similarity(pair)));
        assert_eq!(layout.read("arb/list:of:others"), []);
        assert_eq!(layout.read("orderbook:kalshi:KXFED-26"), []);
    }

    #[test]
    fn in_a_cluster_an_opportunity_shares_the_tag_of_its_rankings() {
        let layout = Layout { prefix: String::new(), clustered: true };
        assert_eq!(layout.opportunity("fed/1"), "{opportunity}:fed/1");
        assert_eq!(layout.read("{opportunity}:fed/1"), [Named::Opportunity("fed/1".into())]);
        assert!(layout.ranking_of_pair("p").contains("{opportunity}"));
    }
}

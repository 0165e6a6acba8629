//! An inverted index over one venue's markets, and the catalogue of both venues.

use std::collections::HashMap;

use arb_normalize::{Market, Venue};

use crate::error::MatchError;
use crate::terms::terms;

/// A market that may be the same contract as another, found by its words.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The venue's id: a Kalshi ticker or a Polymarket condition id.
    pub id: String,
    /// Shared words weighted by rarity, 0 to 1. It ranks; it decides nothing.
    pub score: f64,
}

/// One venue's markets by the words they contain. A market is added or removed in the time its own words take.
#[derive(Debug, Clone, Default)]
pub struct Index {
    terms: HashMap<String, u32>,
    postings: Vec<Vec<u32>>,
    documents: Vec<Option<Document>>,
    by_id: HashMap<String, u32>,
    free: Vec<u32>,
    live: usize,
}

#[derive(Debug, Clone)]
struct Document {
    id: String,
    terms: Vec<u32>,
}

impl Index {
    /// An empty index.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many markets it holds.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.live
    }

    /// Whether it holds none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.live == 0
    }

    /// Adds a market or replaces the one with its id.
    pub fn insert(&mut self, market: &Market) {
        self.insert_terms(&market.key.id, terms(market));
    }

    fn insert_terms(&mut self, id: &str, words: Vec<String>) {
        self.remove(id);
        let mut ids: Vec<u32> = words.into_iter().map(|word| self.term(word)).collect();
        ids.sort_unstable();
        let slot = self.free.pop().unwrap_or_else(|| {
            self.documents.push(None);
            u32::try_from(self.documents.len() - 1).unwrap_or(u32::MAX)
        });
        for term in &ids {
            self.postings[*term as usize].push(slot);
        }
        self.documents[slot as usize] = Some(Document { id: id.to_owned(), terms: ids });
        self.by_id.insert(id.to_owned(), slot);
        self.live += 1;
    }

    fn term(&mut self, word: String) -> u32 {
        let next = u32::try_from(self.postings.len()).unwrap_or(u32::MAX);
        let id = *self.terms.entry(word).or_insert(next);
        if id == next {
            self.postings.push(Vec::new());
        }
        id
    }

    fn document(&self, id: &str) -> Option<&Document> {
        self.documents[*self.by_id.get(id)? as usize].as_ref()
    }

    /// Removes a market; `false` if it was not there.
    pub fn remove(&mut self, id: &str) -> bool {
        let Some(slot) = self.by_id.remove(id) else { return false };
        if let Some(document) = self.documents[slot as usize].take() {
            for term in document.terms {
                let posting = &mut self.postings[term as usize];
                if let Some(at) = posting.iter().position(|held| *held == slot) {
                    posting.swap_remove(at);
                }
            }
        }
        self.free.push(slot);
        self.live -= 1;
        true
    }

    /// The markets that share the most telling words with `market`, at most `limit`, best first; equal scores go by id, so the
    /// answer depends on nothing but the markets held.
    #[must_use]
    pub fn candidates(&self, market: &Market, limit: usize) -> Vec<Candidate> {
        self.best_of(&terms(market), limit)
    }

    fn best_of(&self, words: &[String], limit: usize) -> Vec<Candidate> {
        let ids = words.iter().map(|word| self.terms.get(word).copied());
        self.ranked(ids, limit, &mut Scratch::default())
    }

    /// For every term of `other` its id here, if it is known here.
    fn translated(&self, other: &Self) -> Vec<Option<u32>> {
        let mut out = vec![None; other.postings.len()];
        for (word, id) in &other.terms {
            out[*id as usize] = self.terms.get(word).copied();
        }
        out
    }

    /// The best of the markets that have the terms; `None` is a term that no market has. The order of the terms changes nothing.
    fn ranked(
        &self,
        terms: impl Iterator<Item = Option<u32>>,
        limit: usize,
        scratch: &mut Scratch,
    ) -> Vec<Candidate> {
        let total = f64::from(u32::try_from(self.live.max(1)).unwrap_or(u32::MAX));
        scratch.scores.resize(self.documents.len(), 0.0);
        let mut lists: Vec<(f64, &[u32])> = terms
            .map(|term| {
                let list = term.map(|id| self.postings[id as usize].as_slice());
                let list = list.unwrap_or_default();
                let frequency = f64::from(u32::try_from(list.len()).unwrap_or(u32::MAX));
                let rarity = (1.0 + total / (1.0 + frequency)).ln();
                (rarity * rarity, list)
            })
            .collect();
        // Rare words first. Once the words still to come cannot lift an unseen market over the worst of the best, they only add to
        // markets already found: the answer is that of scoring every market.
        lists.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        let norm: f64 = lists.iter().map(|(weight, _)| weight).sum();
        lists.retain(|(_, list)| !list.is_empty());
        let mut ahead: f64 = lists.iter().map(|(weight, _)| weight).sum();
        let mut finds = true;
        for (weight, list) in lists {
            if finds && list.len() > FEW && scratch.touched.len() >= limit.max(1) {
                finds = scratch.worst_of_best(limit) <= ahead * (1.0 + 1e-9);
            }
            ahead -= weight;
            for slot in list {
                let score = &mut scratch.scores[*slot as usize];
                if *score > 0.0 {
                    *score += weight;
                } else if finds {
                    *score = weight;
                    scratch.touched.push(*slot);
                }
            }
        }
        let out = self.best(limit, norm.max(f64::MIN_POSITIVE), scratch);
        for slot in scratch.touched.drain(..) {
            scratch.scores[slot as usize] = 0.0;
        }
        out
    }

    fn best(&self, limit: usize, norm: f64, scratch: &Scratch) -> Vec<Candidate> {
        let mut found: Vec<(f64, u32)> =
            scratch.touched.iter().map(|slot| (scratch.scores[*slot as usize], *slot)).collect();
        let id = |slot: u32| self.documents[slot as usize].as_ref().map_or("", |d| d.id.as_str());
        let order =
            |a: &(f64, u32), b: &(f64, u32)| b.0.total_cmp(&a.0).then_with(|| id(a.1).cmp(id(b.1)));
        if found.len() > limit && limit > 0 {
            found.select_nth_unstable_by(limit - 1, order);
        }
        found.truncate(limit);
        found.sort_by(order);
        found
            .into_iter()
            .map(|(score, slot)| Candidate {
                id: id(slot).to_owned(),
                score: (score / norm).min(1.0),
            })
            .collect()
    }
}

/// Up to this many markets a word always finds its markets: looking at what they could become costs more.
const FEW: usize = 64;

#[derive(Debug, Default)]
struct Scratch {
    scores: Vec<f64>,
    touched: Vec<u32>,
    /// A copy of the scores found so far, for [`Scratch::worst_of_best`].
    found: Vec<f64>,
}

impl Scratch {
    /// The `limit`-th best score so far; every market found keeps at least what it has.
    fn worst_of_best(&mut self, limit: usize) -> f64 {
        self.found.clear();
        self.found.extend(self.touched.iter().map(|slot| self.scores[*slot as usize]));
        let last = limit.clamp(1, self.found.len()) - 1;
        *self.found.select_nth_unstable_by(last, |a, b| b.total_cmp(a)).1
    }
}

/// A Kalshi market and a Polymarket market that may be the same contract.
#[derive(Debug, Clone, PartialEq)]
pub struct CandidatePair {
    /// The Kalshi ticker.
    pub kalshi: String,
    /// The Polymarket condition id.
    pub polymarket: String,
    /// The index's score, 0 to 1.
    pub score: f64,
}

/// The listed markets of both venues and an index over each. Markets made of legs of other markets are held out.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    markets: [HashMap<String, Market>; 2],
    indices: [Index; 2],
}

impl Catalogue {
    /// How many candidates a market gets at most.
    pub const LIMIT: usize = 20;

    /// An empty catalogue.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a market or replaces the one with its key. `false` if it is made of legs of other markets and was left out.
    pub fn insert(&mut self, market: Market) -> bool {
        let venue = market.key.venue.index();
        if market.multi_leg {
            self.remove(market.key.venue, &market.key.id);
            return false;
        }
        self.indices[venue].insert(&market);
        self.markets[venue].insert(market.key.id.clone(), market);
        true
    }

    /// Removes a market; `false` if it was not there.
    pub fn remove(&mut self, venue: Venue, id: &str) -> bool {
        self.indices[venue.index()].remove(id);
        self.markets[venue.index()].remove(id).is_some()
    }

    /// The market with that id.
    #[must_use]
    pub fn market(&self, venue: Venue, id: &str) -> Option<&Market> {
        self.markets[venue.index()].get(id)
    }

    /// The market with that ticker or condition id, or, on Polymarket, the one with that slug.
    ///
    /// # Errors
    /// [`MatchError::UnknownMarket`] if there is none, [`MatchError::AmbiguousSlug`] if several markets bear the slug.
    pub fn find(&self, venue: Venue, name: &str) -> Result<&Market, MatchError> {
        if let Some(market) = self.market(venue, name) {
            return Ok(market);
        }
        let bears = |market: &&Market| market.slug.as_deref() == Some(name);
        let mut bearers: Vec<&Market> =
            self.markets[venue.index()].values().filter(bears).collect();
        bearers.sort_unstable_by(|a, b| a.key.id.cmp(&b.key.id));
        match bearers.as_slice() {
            [] => Err(MatchError::UnknownMarket { venue, id: name.to_owned() }),
            [market] => Ok(market),
            several => Err(MatchError::AmbiguousSlug {
                slug: name.to_owned(),
                ids: several.iter().map(|m| m.key.id.as_str()).collect::<Vec<_>>().join(", "),
            }),
        }
    }

    /// A venue's markets in the order of their ids.
    #[must_use]
    pub fn markets(&self, venue: Venue) -> Vec<&Market> {
        let mut all: Vec<&Market> = self.markets[venue.index()].values().collect();
        all.sort_unstable_by(|a, b| a.key.id.cmp(&b.key.id));
        all
    }

    /// The candidates of one market, held or new, on the other venue: at most [`Self::LIMIT`], best first.
    #[must_use]
    pub fn candidates(&self, market: &Market) -> Vec<CandidatePair> {
        let other =
            if market.key.venue == Venue::Kalshi { Venue::Polymarket } else { Venue::Kalshi };
        self.pairs(market, self.indices[other.index()].candidates(market, Self::LIMIT))
    }

    fn pairs(&self, market: &Market, found: Vec<Candidate>) -> Vec<CandidatePair> {
        let kalshi = market.key.venue == Venue::Kalshi;
        let pair = |c: Candidate| {
            let mine = market.key.id.clone();
            let (kalshi, polymarket) = if kalshi { (mine, c.id) } else { (c.id, mine) };
            CandidatePair { kalshi, polymarket, score: c.score }
        };
        found.into_iter().map(pair).collect()
    }

    /// The candidates of every Kalshi market, in the order of tickers: at most [`Self::LIMIT`] each, never all pairs.
    #[must_use]
    pub fn all_candidates(&self) -> Vec<CandidatePair> {
        let mut scratch = Scratch::default();
        let [mine, theirs] =
            [Venue::Kalshi, Venue::Polymarket].map(|venue| &self.indices[venue.index()]);
        // The words of every Kalshi market were read when it was added.
        let known = theirs.translated(mine);
        self.markets(Venue::Kalshi)
            .into_iter()
            .flat_map(|market| {
                let terms = mine.document(&market.key.id).map_or(&[][..], |d| &d.terms);
                let ids = terms.iter().map(|term| known[*term as usize]);
                self.pairs(market, theirs.ranked(ids, Self::LIMIT, &mut scratch))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The score of every market, worked out one by one.
    fn all_scored(index: &Index, words: &[String], limit: usize) -> Vec<(String, f64)> {
        let total = f64::from(u32::try_from(index.live.max(1)).unwrap());
        let weight = |word: &String| {
            let list = index.terms.get(word).map_or(0, |id| index.postings[*id as usize].len());
            (1.0 + total / (1.0 + f64::from(u32::try_from(list).unwrap()))).ln().powi(2)
        };
        let norm: f64 = words.iter().map(weight).sum();
        let held = |document: &Document, word: &String| {
            index.terms.get(word).is_some_and(|id| document.terms.contains(id))
        };
        let mut out: Vec<(String, f64)> = index
            .documents
            .iter()
            .flatten()
            .map(|d| {
                (d.id.clone(), words.iter().filter(|w| held(d, w)).map(weight).sum::<f64>() / norm)
            })
            .filter(|(_, score)| *score > 0.0)
            .collect();
        out.sort_by(|a, b| b.1.total_cmp(&a.1));
        out.truncate(limit);
        out
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(if std::env::var_os("ARB_LONG").is_some() { 500 } else { 24 }))]

        /// Words of every frequency, most of them common: the best are those of scoring every market.
        #[test]
        fn the_best_are_exact(
            markets in prop::collection::vec(any::<u64>(), 200..600),
            query in 1..4_096_u16,
            limit in 1..25_usize,
        ) {
            // Words 0 to 3 stand in a half of the markets, 4 to 7 in a quarter, the rest in an eighth.
            let has = |random: u64, word: u32| {
                let bits = random >> (word * 3) & 7;
                match word { 0..4 => bits & 1 == 0, 4..8 => bits & 3 == 0, _ => bits == 0 }
            };
            let words = |held: &dyn Fn(u32) -> bool| -> Vec<String> {
                (0..12).filter(|word| held(*word)).map(|word| format!("w{word}")).collect()
            };
            let mut index = Index::new();
            for (i, random) in markets.iter().enumerate() {
                index.insert_terms(&format!("{i:03}"), words(&|word| has(*random, word)));
            }
            let query = words(&|word| query >> word & 1 == 1);
            let found = index.best_of(&query, limit);
            let want = all_scored(&index, &query, limit);
            prop_assert_eq!(found.len(), want.len());
            for (a, b) in found.iter().zip(&want) {
                prop_assert!((a.score - b.1).abs() < 1e-9, "{:?} {:?}", found, want);
            }
        }
    }
}

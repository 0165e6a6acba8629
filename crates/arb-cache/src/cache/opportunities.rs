//! Opportunities and their rankings.

use std::sync::Arc;
use std::time::Duration;

use arb_normalize::{Opportunity, Usd};

use super::{Cache, Item};
use crate::record::internal::Stored;
use crate::store::{Rank, Written};
use crate::{CacheError, Cached, Lookup, Origin, Stamp};

/// How much of a ranking is read at once.
const PAGE: usize = 1000;

/// The largest whole number an `f64`, Redis's type of scores, holds exactly.
const MAX_SCORE: i128 = 1 << 53;

impl Cache {
    /// Stores an opportunity as of now and ranks it by its net profit, over all and within its pair, in one round trip.
    ///
    /// # Errors
    /// When the store cannot be asked or refuses; then neither the value nor a rank is changed, or, after a timeout, all of them.
    ///
    /// # Cancel safety
    /// A dropped write may or may not have happened, value and ranks together.
    pub async fn put_opportunity(
        &self,
        opportunity: impl Into<Arc<Opportunity>>,
    ) -> Result<Written, CacheError> {
        let opportunity = opportunity.into();
        let score = profit_score(opportunity.net_usd);
        self.put_opportunity_scored(opportunity, score).await
    }

    /// The same with a score of the caller's, highest first, clamped to ±2^53.
    ///
    /// # Errors
    /// As [`Cache::put_opportunity`].
    ///
    /// # Cancel safety
    /// As [`Cache::put_opportunity`].
    pub async fn put_opportunity_scored(
        &self,
        opportunity: impl Into<Arc<Opportunity>>,
        score: i64,
    ) -> Result<Written, CacheError> {
        let value: Arc<Opportunity> = opportunity.into();
        let item = self.opportunity_item(&value, score);
        Ok(self.put_items(vec![item]).await?.pop().unwrap_or(Written::Stored))
    }

    /// Stores and ranks several by their net profit in one round trip.
    ///
    /// # Errors
    /// As [`Cache::put_opportunity`], each with its ranks; some may be stored and others not.
    ///
    /// # Cancel safety
    /// As [`Cache::put_opportunity`].
    pub async fn put_opportunities(
        &self,
        opportunities: &[Arc<Opportunity>],
    ) -> Result<Vec<Written>, CacheError> {
        let items = opportunities
            .iter()
            .map(|value| self.opportunity_item(value, profit_score(value.net_usd)))
            .collect();
        self.put_items(items).await
    }

    fn opportunity_item<'a>(
        &self,
        value: &'a Arc<Opportunity>,
        score: i64,
    ) -> Item<'a, Opportunity> {
        let layout = &self.inner.layout;
        let score = clamp(i128::from(score));
        let sets = vec![layout.ranking(), layout.ranking_of_pair(&value.pair)];
        let mut stamp = Stamp::observed(self.now(), Origin::Computed);
        stamp.venue_at = value.at;
        Item {
            key: value.id.as_str(),
            value: Arc::clone(value),
            stamp,
            rank: Some(Rank { score, sets }),
        }
    }

    /// One opportunity by its id.
    ///
    /// # Errors
    /// When the store cannot be asked and the policy allows nothing stale.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn get_opportunity(
        &self,
        id: &str,
        max_age: Option<Duration>,
    ) -> Result<Lookup<Opportunity>, CacheError> {
        self.get(id, max_age).await
    }

    /// The `count` live opportunities of the highest score, best first.
    ///
    /// # Errors
    /// When the store cannot be asked.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn top_opportunities(
        &self,
        count: usize,
    ) -> Result<Vec<Cached<Opportunity>>, CacheError> {
        self.ranked_opportunities(&self.inner.layout.ranking(), count).await
    }

    /// The `count` live opportunities of one pair with the highest score, best first.
    ///
    /// # Errors
    /// When the store cannot be asked.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn opportunities_of_pair(
        &self,
        pair: &str,
        count: usize,
    ) -> Result<Vec<Cached<Opportunity>>, CacheError> {
        self.ranked_opportunities(&self.inner.layout.ranking_of_pair(pair), count).await
    }

    async fn ranked_opportunities(
        &self,
        set: &str,
        count: usize,
    ) -> Result<Vec<Cached<Opportunity>>, CacheError> {
        let every = self.inner.layout.opportunity("");
        self.read_ranked::<Opportunity>(set, count, |key| {
            Some(key.strip_prefix(&every)?.to_owned())
        })
        .await
    }

    /// Removes an opportunity together with its ranks. Whether there was one.
    ///
    /// # Errors
    /// When the store cannot be asked.
    ///
    /// # Cancel safety
    /// A dropped removal may or may not have happened, value and ranks together.
    pub async fn remove_opportunity(&self, id: &str) -> Result<bool, CacheError> {
        let layout = &self.inner.layout;
        let mut sets = vec![layout.ranking()];
        // The pair is written in the value; without a value its place in the pair's ranking has expired with it.
        if let Some(known) = self.known_opportunity(id).await? {
            sets.push(layout.ranking_of_pair(&known.pair));
        }
        self.remove_ranked::<Opportunity>(id, &sets).await
    }

    /// Whatever is known of an opportunity, however old.
    async fn known_opportunity(&self, id: &str) -> Result<Option<Arc<Opportunity>>, CacheError> {
        let inner = &*self.inner;
        let tier = Opportunity::tier(&inner.tiers);
        if let Some(known) = tier.any(id, Duration::MAX, self.steady()) {
            return Ok(Some(known.value));
        }
        let ticket = tier.ticket(id);
        let name = Opportunity::store_key(&inner.layout, id);
        let bytes = inner.store.get(&name).await?;
        Ok(bytes
            .and_then(|bytes| self.open::<Opportunity>(id, ticket, &bytes).ok())
            .map(|known| known.value))
    }

    /// Live values of a ranking, best first. `key_of` says what a key of the store names.
    pub(super) async fn read_ranked<R: Stored>(
        &self,
        set: &str,
        count: usize,
        key_of: impl Fn(&str) -> Option<R::OwnedKey>,
    ) -> Result<Vec<Cached<R>>, CacheError> {
        let mut found = Vec::with_capacity(count.min(PAGE));
        let mut skip = 0;
        while found.len() < count {
            let page = (count - found.len()).min(PAGE);
            let ranked = self.inner.store.ranked(set, skip, page).await?;
            let keys: Vec<_> = ranked.iter().filter_map(|ranked| key_of(&ranked.key)).collect();
            // A value may be too old by this cache's clock, or gone since; the next page makes up for it.
            let values = self.get_many::<R>(&keys, None).await?;
            found.extend(values.into_iter().filter_map(Lookup::hit));
            if ranked.len() < page {
                break;
            }
            skip += page;
        }
        Ok(found)
    }
}

/// Net profit in whole micro-dollars.
fn profit_score(net: Usd) -> i64 {
    clamp(net.floor_to(Usd::from_micros(1)).pico() / 1_000_000)
}

fn clamp(score: i128) -> i64 {
    i64::try_from(score.clamp(-MAX_SCORE, MAX_SCORE)).unwrap_or(0)
}

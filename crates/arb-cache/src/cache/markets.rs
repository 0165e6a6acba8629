//! Markets and the index of them by venue.

use std::sync::Arc;

use arb_normalize::{Market, MarketKey, Timestamp, Venue};

use super::Cache;
use crate::store::Written;
use crate::{CacheError, Cached, Class, Origin, Stamp};

impl Cache {
    /// Stores a market as read at `received_at`, and lists it under its venue.
    ///
    /// # Errors
    /// When the store cannot be asked or refuses.
    ///
    /// # Cancel safety
    /// A dropped write may or may not have happened; this cache stays right either way.
    pub async fn put_market(
        &self,
        market: impl Into<Arc<Market>>,
        received_at: Timestamp,
    ) -> Result<Written, CacheError> {
        let market: Arc<Market> = market.into();
        let key = market.key.clone();
        self.put(&key, market, Stamp::observed(received_at, Origin::Poll)).await
    }

    /// Stores a page of markets in one round trip.
    ///
    /// # Errors
    /// When the store cannot be asked or refuses; some may then be stored.
    ///
    /// # Cancel safety
    /// Dropped writes may or may not have happened; this cache stays right either way.
    pub async fn put_markets(
        &self,
        markets: impl IntoIterator<Item = Market>,
        received_at: Timestamp,
    ) -> Result<Vec<Written>, CacheError> {
        let stamp = Stamp::observed(received_at, Origin::Poll);
        let values: Vec<_> = markets
            .into_iter()
            .map(|market| (market.key.clone(), Arc::new(market), stamp))
            .collect();
        self.put_many(&values).await
    }

    /// The fresh markets of a venue, at most `count`.
    ///
    /// # Errors
    /// When the store cannot be asked.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn markets_of_venue(
        &self,
        venue: Venue,
        count: usize,
    ) -> Result<Vec<Cached<Market>>, CacheError> {
        let set = self.inner.layout.index_of_venue(venue);
        let every = MarketKey { venue, id: String::new() };
        let every = self.inner.layout.of_market(Class::Market, &every);
        let key_of =
            |key: &str| Some(MarketKey { venue, id: key.strip_prefix(&every)?.to_owned() });
        self.read_ranked(&set, count, key_of).await
    }

    /// Removes a market and its place in the list of its venue. Whether there was one.
    ///
    /// # Errors
    /// When the store cannot be asked.
    ///
    /// # Cancel safety
    /// A dropped removal may or may not have happened.
    pub async fn remove_market(&self, market: &MarketKey) -> Result<bool, CacheError> {
        let set = self.inner.layout.index_of_venue(market.venue);
        self.remove_ranked::<Market>(market, &[set]).await
    }
}

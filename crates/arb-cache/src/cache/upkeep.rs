//! What a cache does besides answering: frees expired entries, and hears of changes from the store.

use std::sync::Weak;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;

use super::Inner;
use crate::key::Named;
use crate::record::internal::Stored;
use crate::store::Invalidation;

/// How often expired entries of the tiers are freed.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// The sweeping task, when the cache was built inside a runtime; ends with the cache.
pub(super) struct Upkeep(Option<JoinHandle<()>>);

impl Upkeep {
    pub(super) fn start(cache: &Weak<Inner>) -> Self {
        let runtime = tokio::runtime::Handle::try_current().ok();
        Self(runtime.map(|runtime| runtime.spawn(sweep_while_held(cache.clone()))))
    }
}

impl Drop for Upkeep {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

async fn sweep_while_held(cache: Weak<Inner>) {
    // The first tick would come while the cache is still being put together.
    let mut ticks =
        tokio::time::interval_at(tokio::time::Instant::now() + SWEEP_EVERY, SWEEP_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(cache) = cache.upgrade() else { return };
        cache.sweep();
    }
}

impl Inner {
    fn sweep(&self) {
        self.sweep_tier(&self.tiers.markets);
        self.sweep_tier(&self.tiers.books);
        self.sweep_tier(&self.tiers.quotes);
        self.sweep_tier(&self.tiers.opportunities);
        self.sweep_tier(&self.tiers.similarities);
    }

    fn sweep_tier<R: Stored>(&self, tier: &crate::tier::Tier<R>) {
        let expired = tier.sweep(self.config.clock.moment().steady);
        self.counts.of(R::CLASS).expired.add(expired);
        let class = R::CLASS.as_str();
        metrics::gauge!("arb_cache_tier_entries", "class" => class).set(tier.len() as f64);
        metrics::gauge!("arb_cache_tier_bytes", "class" => class).set(tier.bytes() as f64);
    }
}

/// Carries a store's reports to the tiers.
pub(super) struct Watcher {
    cache: Weak<Inner>,
    eras: AtomicU64,
}

impl Watcher {
    pub(super) const fn new(cache: Weak<Inner>) -> Self {
        Self { cache, eras: AtomicU64::new(0) }
    }
}

impl Invalidation for Watcher {
    fn changed(&self, key: &str) {
        let Some(cache) = self.cache.upgrade() else { return };
        let tiers = &cache.tiers;
        for named in cache.layout.read(key) {
            match named {
                Named::Market(key) => tiers.markets.distrust(&key),
                Named::Orderbook(key) => tiers.books.distrust(&key),
                Named::Price(key) => tiers.quotes.distrust(&key),
                Named::Opportunity(id) => tiers.opportunities.distrust(&id),
                Named::Similarity(pair) => tiers.similarities.distrust(&pair),
            }
        }
    }

    fn lost(&self, tracking: bool) {
        let Some(cache) = self.cache.upgrade() else { return };
        let era = self.eras.fetch_add(1, Ordering::AcqRel) + 1;
        let tiers = &cache.tiers;
        tiers.markets.distrust_all(era, tracking);
        tiers.books.distrust_all(era, tracking);
        tiers.quotes.distrust_all(era, tracking);
        tiers.opportunities.distrust_all(era, tracking);
        tiers.similarities.distrust_all(era, tracking);
    }
}

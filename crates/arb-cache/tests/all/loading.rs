//! Reading through: single flight, early refresh, stale values while a refresh runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use arb_cache::{
    Cache, CacheConfig, CacheError, Class, ClassPolicy, Origin, Quote, RedisConfig, Source, Stamp,
    VirtualClock,
};
use arb_normalize::Market;

use crate::redis_server::{RedisServer, skipped};
use crate::values::{at, kalshi, market};

const SECOND: Duration = Duration::from_secs(1);

/// A source that counts its calls and takes its time.
#[derive(Clone)]
struct Venue {
    calls: Arc<AtomicU64>,
    takes: Duration,
    time: VirtualClock,
}

#[derive(Debug, thiserror::Error)]
#[error("the venue is closed")]
struct Closed;

impl Venue {
    fn new(time: &VirtualClock, takes: Duration) -> Self {
        Self { calls: Arc::default(), takes, time: time.clone() }
    }

    fn calls(&self) -> u64 {
        self.calls.load(SeqCst)
    }

    async fn read(self, id: &str) -> Result<(Market, Stamp), Closed> {
        let call = self.calls.fetch_add(1, SeqCst) + 1;
        tokio::time::sleep(self.takes).await;
        let mut market = market(id);
        market.title = format!("answer {call}");
        Ok((market, Stamp::observed(self.time.now(), Origin::Poll)))
    }
}

async fn get(cache: &Cache, venue: &Venue) -> Result<arb_cache::Cached<Market>, CacheError> {
    let venue = venue.clone();
    cache.get_or_load::<Market, _, _, _>(&kalshi("M"), None, move || venue.read("M")).await
}

fn cache(policy: ClassPolicy) -> (Cache, VirtualClock) {
    let time = VirtualClock::at(at(0));
    let config = CacheConfig { writer: 1, ..CacheConfig::default() }.with_clock(time.clock());
    (Cache::memory(config.with_policy(Class::Market, policy)), time)
}

#[tokio::test(start_paused = true)]
async fn a_hundred_readers_load_once() {
    let (cache, time) = cache(ClassPolicy::ttl(10 * SECOND));
    let venue = Venue::new(&time, SECOND);
    let readers: Vec<_> = (0..100)
        .map(|_| {
            let (cache, venue) = (cache.clone(), venue.clone());
            tokio::spawn(async move { get(&cache, &venue).await.unwrap() })
        })
        .collect();
    for reader in readers {
        let held = reader.await.unwrap();
        assert_eq!((held.title.as_str(), held.source), ("answer 1", Source::Loaded));
    }
    assert_eq!(venue.calls(), 1);
    assert_eq!(get(&cache, &venue).await.unwrap().source, Source::Process);
    time.advance(11 * SECOND);
    assert_eq!(get(&cache, &venue).await.unwrap().title, "answer 2");
    assert_eq!(cache.stats(Class::Market).loads, 2);
}

#[tokio::test(start_paused = true)]
async fn a_failed_load_is_told_to_all_who_waited_and_then_tried_again() {
    let (cache, time) = cache(ClassPolicy::ttl(10 * SECOND));
    let calls = Arc::new(AtomicU64::new(0));
    let readers: Vec<_> = (0..10)
        .map(|_| {
            let (cache, calls) = (cache.clone(), Arc::clone(&calls));
            tokio::spawn(async move {
                let load = move || async move {
                    calls.fetch_add(1, SeqCst);
                    tokio::time::sleep(SECOND).await;
                    Err::<(Market, Stamp), _>(Closed)
                };
                cache.get_or_load::<Market, _, _, _>(&kalshi("M"), None, load).await
            })
        })
        .collect();
    for reader in readers {
        let error = reader.await.unwrap().unwrap_err();
        assert!(
            matches!(&error, CacheError::Load { class: Class::Market, source } if source.to_string() == "the venue is closed")
        );
        assert!(error.is_retryable());
    }
    assert_eq!(calls.load(SeqCst), 1);
    assert_eq!(get(&cache, &Venue::new(&time, SECOND)).await.unwrap().title, "answer 1");
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_loader_leaves_the_load_to_the_next() {
    let (cache, time) = cache(ClassPolicy::ttl(10 * SECOND));
    let venue = Venue::new(&time, SECOND);
    let first = tokio::spawn({
        let (cache, venue) = (cache.clone(), venue.clone());
        async move { get(&cache, &venue).await.map(|_| ()) }
    });
    tokio::time::sleep(SECOND / 2).await;
    let second = tokio::spawn({
        let (cache, venue) = (cache.clone(), venue.clone());
        async move { get(&cache, &venue).await.unwrap().title.clone() }
    });
    tokio::time::sleep(SECOND / 4).await;
    first.abort();
    assert_eq!(second.await.unwrap(), "answer 2");
    assert_eq!(venue.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_load_without_end_times_out() {
    let (cache, time) = cache(ClassPolicy::ttl(10 * SECOND));
    let error = get(&cache, &Venue::new(&time, 3600 * SECOND)).await.unwrap_err();
    assert!(matches!(error, CacheError::LoadTimedOut { .. }), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_stale_value_is_served_while_one_refresh_runs() {
    let policy = ClassPolicy { stale_for: 20 * SECOND, ..ClassPolicy::ttl(10 * SECOND) };
    let (cache, time) = cache(policy);
    let venue = Venue::new(&time, SECOND);
    get(&cache, &venue).await.unwrap();
    time.advance(15 * SECOND);
    for _ in 0..5 {
        let held = get(&cache, &venue).await.unwrap();
        assert_eq!((held.title.as_str(), held.stale, held.age), ("answer 1", true, 15 * SECOND));
    }
    tokio::time::sleep(2 * SECOND).await;
    let held = get(&cache, &venue).await.unwrap();
    assert_eq!((held.title.as_str(), held.stale), ("answer 2", false));
    assert_eq!(venue.calls(), 2);
    // Beyond the policy the reader waits.
    time.advance(31 * SECOND);
    assert_eq!(get(&cache, &venue).await.unwrap().title, "answer 3");
}

#[tokio::test(start_paused = true)]
async fn some_readers_refresh_early() {
    let policy = ClassPolicy { early_refresh_beta: Some(1.0), ..ClassPolicy::ttl(10 * SECOND) };
    let (cache, time) = cache(policy);
    let venue = Venue::new(&time, SECOND);
    get(&cache, &venue).await.unwrap();
    // With nine load times to go the chance is one in 8,100 a read; with a tenth of one nine in ten.
    time.advance(SECOND);
    get(&cache, &venue).await.unwrap();
    assert_eq!(venue.calls(), 1);
    time.advance(8 * SECOND + SECOND * 9 / 10);
    for _ in 0..20 {
        assert!(!get(&cache, &venue).await.unwrap().stale);
    }
    tokio::time::sleep(2 * SECOND).await;
    assert_eq!(venue.calls(), 2, "one refresh for all of them");
    assert_eq!(get(&cache, &venue).await.unwrap().title, "answer 2");
}

#[tokio::test(start_paused = true)]
async fn a_source_with_something_older_does_not_hide_what_is_held() {
    let (cache, time) = cache(ClassPolicy::ttl(10 * SECOND));
    let key = kalshi("M");
    let load = async |limit, stamp| {
        let answer = async move || Ok::<_, Closed>((Quote::default(), stamp));
        cache.get_or_load::<Quote, _, _, _>(&key, Some(limit), answer).await.unwrap()
    };
    let minute_ago = Stamp::observed(at(-60_000), Origin::Poll);
    // Nothing is held, and the source has only this.
    let only = load(SECOND, minute_ago).await;
    assert_eq!((only.age, only.stale, only.source), (60 * SECOND, true, Source::Loaded));
    let stamp = Stamp::observed(time.now(), Origin::Stream);
    cache.put_price(&key, Quote::default(), stamp).await.unwrap();
    time.advance(2 * SECOND);
    let held = load(SECOND, minute_ago).await;
    assert_eq!((held.age, held.stale, held.stamp), (2 * SECOND, true, stamp));
    let new = load(SECOND, Stamp::observed(time.now(), Origin::Poll)).await;
    assert_eq!((new.age, new.stale, new.source), (Duration::ZERO, false, Source::Loaded));
}

#[tokio::test]
async fn while_the_store_is_gone_values_are_loaded_all_the_same() {
    if skipped() {
        return;
    }
    let mut server = RedisServer::start();
    let time = VirtualClock::at(at(0));
    let redis = RedisConfig {
        command_timeout: Duration::from_millis(300),
        ..RedisConfig::new(server.url())
    };
    let cache = Cache::redis(redis, CacheConfig::default().with_clock(time.clock())).await.unwrap();
    server.kill();
    let venue = Venue::new(&time, Duration::ZERO);
    assert_eq!(get(&cache, &venue).await.unwrap().title, "answer 1");
    assert_eq!(get(&cache, &venue).await.unwrap().title, "answer 2");
}

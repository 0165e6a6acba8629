//! The typed cache: freshness, versions, rankings, expiry, in memory and over Redis alike.

use std::sync::Arc;
use std::time::Duration;

use arb_cache::{
    Bounds, Cache, CacheConfig, Class, ClassPolicy, MarketPair, MemoryStore, Miss, Origin, Quote,
    RedisConfig, Similarity, Source, Stamp, Store, VirtualClock, Written,
};
use arb_normalize::{Book, Level, Market, Relation, Venue};

use crate::redis_cluster::RedisCluster;
use crate::redis_server::{RedisServer, Reply, skipped};
use crate::values::{at, book, kalshi, market, opportunity, polymarket, stamp};

const SECOND: Duration = Duration::from_secs(1);

/// A cache under a clock that is turned by hand.
struct Subject {
    cache: Cache,
    time: VirtualClock,
}

impl Subject {
    fn config() -> (CacheConfig, VirtualClock) {
        let time = VirtualClock::at(at(0));
        (CacheConfig::default().with_clock(time.clock()), time)
    }

    fn memory() -> Self {
        let (config, time) = Self::config();
        Self { cache: Cache::memory(config), time }
    }

    /// Every read asks the store: nothing in the process may hide what it answers.
    fn memory_asked_each_time() -> Self {
        let (config, time) = Self::config();
        let store = MemoryStore::new(config.memory, time.clock());
        Self { cache: Cache::with_store(Arc::new(store), config), time }
    }

    async fn redis(server: &RedisServer, near: bool) -> Self {
        Self::shared(server.url(), near, "").await
    }

    async fn shared(url: String, near: bool, key_prefix: &str) -> Self {
        let (mut config, time) = Self::config();
        config.key_prefix = key_prefix.into();
        let timeout = Duration::from_secs(10);
        let redis = RedisConfig {
            near,
            command_timeout: timeout,
            connect_timeout: timeout,
            ..RedisConfig::new(url)
        };
        Self { cache: Cache::redis(redis, config).await.unwrap(), time }
    }
}

async fn ages_are_told_and_judged(Subject { cache, time }: &Subject) {
    let key = kalshi("AGE");
    let written = cache
        .put_book(&key, book(&[("0.43", "300")], &[("0.45", "10")]), stamp(time.now(), 1))
        .await;
    assert_eq!(written.unwrap(), Written::Stored);
    time.advance(4 * SECOND);
    let found = cache.get_book(&key, None).await.unwrap().hit().unwrap();
    assert_eq!(found.age, 4 * SECOND);
    assert_eq!(found.stamp.sequence, 1);
    assert_eq!(found.stamp.origin, Origin::Stream);
    assert_eq!(*found, book(&[("0.43", "300")], &[("0.45", "10")]));
    assert!(!found.stale);
    assert!(cache.get_book(&key, Some(4 * SECOND)).await.unwrap().hit().is_some());
    let three = cache.get_book(&key, Some(3 * SECOND)).await.unwrap();
    assert_eq!(three.miss(), Some(Miss::Stale { age: 4 * SECOND }));
    // No max-age is longer than the time to live.
    time.advance(7 * SECOND);
    let late = cache.get_book(&key, Some(600 * SECOND)).await.unwrap();
    assert!(matches!(late.miss(), Some(Miss::Stale { .. } | Miss::Absent)), "{late:?}");
    assert_eq!(cache.get_book(&kalshi("NONE"), None).await.unwrap().miss(), Some(Miss::Absent));
}

async fn an_older_continuity_never_replaces_a_newer(Subject { cache, time }: &Subject) {
    let key =
        polymarket("71321045679252212594626385532706912750332728571942532289631379312455583992563");
    let epoch = |ms: i64, sequence: u64| Stamp { epoch: at(ms), sequence, ..stamp(time.now(), 0) };
    let quote = |price: &str| Quote {
        bid: Some(Level::new(price.parse().unwrap(), "7.5".parse().unwrap())),
        ask: None,
        last: Some("0.5".parse().unwrap()),
    };
    let put =
        async |price: &str, stamp: Stamp| cache.put_price(&key, quote(price), stamp).await.unwrap();
    assert_eq!(put("0.1", epoch(1, 50)).await, Written::Stored);
    assert!(matches!(put("0.2", epoch(1, 49)).await, Written::Older { .. }));
    assert_eq!(put("0.3", epoch(2, 1)).await, Written::Stored, "a restart wins");
    assert!(matches!(put("0.4", epoch(1, 999)).await, Written::Older { .. }));
    let held = cache.get_price(&key, None).await.unwrap().hit().unwrap();
    assert_eq!(*held, quote("0.3"));
    assert_eq!(held.writer, cache.config().writer);
}

async fn every_class_survives_the_trip(Subject { cache, time }: &Subject) {
    let listed = market("LISTED");
    cache.put_market(listed.clone(), time.now()).await.unwrap();
    assert_eq!(*cache.get_market(&listed.key, None).await.unwrap().hit().unwrap(), listed);

    let trade = opportunity("trip/1", "trip", "1.25");
    cache.put_opportunity(trade.clone()).await.unwrap();
    let held = cache.get_opportunity("trip/1", None).await.unwrap().hit().unwrap();
    assert_eq!(*held, trade);
    assert_eq!(held.stamp.venue_at, trade.at);

    let pair = MarketPair::new(polymarket("9"), kalshi("A"));
    let alike = Similarity { similarity: 0.93, relation: Some(Relation::Equal) };
    cache.put_similarity(&pair, alike).await.unwrap();
    let swapped = MarketPair::new(kalshi("A"), polymarket("9"));
    assert_eq!(*cache.get_similarity(&swapped, None).await.unwrap().hit().unwrap(), alike);

    let empty = Book::new();
    cache.put_book(&kalshi("EMPTY"), empty.clone(), stamp(time.now(), 1)).await.unwrap();
    assert_eq!(*cache.get_book(&kalshi("EMPTY"), None).await.unwrap().hit().unwrap(), empty);
}

async fn opportunities_are_ranked(Subject { cache, time }: &Subject) {
    for (id, pair, net) in
        [("r/1", "p", "2"), ("r/2", "q", "3.5"), ("r/3", "p", "0.01"), ("r/4", "q", "-1")]
    {
        cache.put_opportunity(opportunity(id, pair, net)).await.unwrap();
    }
    let ids = async |count| -> Vec<String> {
        let top = cache.top_opportunities(count).await.unwrap();
        top.iter().map(|held| held.id.clone()).filter(|id| id.starts_with("r/")).collect()
    };
    assert_eq!(ids(100).await, ["r/2", "r/1", "r/3", "r/4"]);
    let of_pair = cache.opportunities_of_pair("p", 10).await.unwrap();
    assert_eq!(of_pair.iter().map(|held| held.id.as_str()).collect::<Vec<_>>(), ["r/1", "r/3"]);
    assert_eq!(cache.opportunities_of_pair("p", 1).await.unwrap().len(), 1);

    // A better profit moves it; a removal leaves nothing behind.
    cache.put_opportunity(opportunity("r/3", "p", "9")).await.unwrap();
    assert!(cache.remove_opportunity("r/2").await.unwrap());
    assert!(!cache.remove_opportunity("r/2").await.unwrap());
    assert_eq!(ids(100).await, ["r/3", "r/1", "r/4"]);
    assert_eq!(cache.opportunities_of_pair("q", 10).await.unwrap().len(), 1);

    // What is not renewed leaves after a minute, whatever its rank.
    time.advance(40 * SECOND);
    cache.put_opportunity(opportunity("r/1", "p", "2")).await.unwrap();
    time.advance(40 * SECOND);
    assert_eq!(ids(100).await, ["r/1"]);
    assert_eq!(cache.opportunities_of_pair("q", 10).await.unwrap().len(), 0);
}

async fn markets_are_listed_by_venue(Subject { cache, time }: &Subject) {
    let markets: Vec<Market> = (0..250).map(|at| market(&format!("BY-VENUE-{at:03}"))).collect();
    let written = cache.put_markets(markets, time.now()).await.unwrap();
    assert_eq!(written, vec![Written::Stored; 250]);
    let mut ids: Vec<_> = cache
        .markets_of_venue(Venue::Kalshi, 10_000)
        .await
        .unwrap()
        .iter()
        .map(|held| held.key.id.clone())
        .filter(|id| id.starts_with("BY-VENUE"))
        .collect();
    ids.sort();
    assert_eq!(ids.len(), 250);
    assert_eq!(cache.markets_of_venue(Venue::Kalshi, 7).await.unwrap().len(), 7);
    assert!(cache.markets_of_venue(Venue::Polymarket, 7).await.unwrap().is_empty());
    assert!(cache.remove_market(&kalshi("BY-VENUE-007")).await.unwrap());
    let left = cache.markets_of_venue(Venue::Kalshi, 10_000).await.unwrap();
    assert!(left.iter().all(|held| held.key.id != "BY-VENUE-007"));
}

async fn batches_keep_their_order(Subject { cache, time }: &Subject) {
    let values: Vec<_> = (1..=5_u64)
        .map(|at| {
            (
                kalshi(&format!("BATCH-{at}")),
                Arc::new(book(&[("0.2", &at.to_string())], &[])),
                stamp(time.now(), at),
            )
        })
        .collect();
    cache.put_many::<Book>(&values).await.unwrap();
    let keys = ["BATCH-5", "BATCH-0", "BATCH-1"].map(kalshi);
    let found = cache.get_many::<Book>(&keys, None).await.unwrap();
    let sizes: Vec<_> = found
        .into_iter()
        .map(|lookup| lookup.hit().map(|held| held.best_bid().unwrap().size.whole_contracts()))
        .collect();
    assert_eq!(sizes, [Some(5), None, Some(1)]);
}

async fn everything(subject: Subject) {
    ages_are_told_and_judged(&subject).await;
    an_older_continuity_never_replaces_a_newer(&subject).await;
    every_class_survives_the_trip(&subject).await;
    opportunities_are_ranked(&subject).await;
    markets_are_listed_by_venue(&subject).await;
    batches_keep_their_order(&subject).await;
}

#[tokio::test]
async fn in_memory() {
    everything(Subject::memory()).await;
}

#[tokio::test]
async fn in_memory_asking_the_store_each_time() {
    everything(Subject::memory_asked_each_time()).await;
}

#[tokio::test]
async fn over_redis() {
    if !skipped() {
        everything(Subject::redis(&RedisServer::start(), false).await).await;
    }
}

#[tokio::test]
async fn over_redis_with_a_near_cache() {
    if !skipped() {
        everything(Subject::redis(&RedisServer::start(), true).await).await;
    }
}

#[tokio::test]
async fn over_a_cluster() {
    if !skipped() {
        let cluster = RedisCluster::start();
        everything(Subject::shared(cluster.url(), false, "").await).await;
    }
}

#[tokio::test]
async fn two_prefixes_share_a_server_and_do_not_meet() {
    if skipped() {
        return;
    }
    let server = RedisServer::start();
    for prefix in ["one/", "two/"] {
        everything(Subject::shared(server.url(), false, prefix).await).await;
    }
    let Reply::List(keys) = server.command(&["KEYS", "*"]) else { panic!("no list of keys") };
    let with = |prefix: &str| {
        let keys = keys.iter().map(|key| key.clone().text());
        keys.filter(|key| key.starts_with(prefix)).count()
    };
    assert!(with("one/") > 10 && with("one/") == with("two/"), "{keys:?}");
    assert_eq!(with(""), with("one/") + with("two/"), "{keys:?}");
}

#[tokio::test]
async fn an_upsert_is_one_script_call_of_four_commands() {
    if skipped() {
        return;
    }
    let server = RedisServer::start();
    let Subject { cache, .. } = Subject::redis(&server, false).await;
    // The first sends the script and makes the rankings.
    cache.put_opportunity(opportunity("upsert", "p", "1")).await.unwrap();
    server.command(&["CONFIG", "RESETSTAT"]);
    for net in 0..10 {
        cache.put_opportunity(opportunity("upsert", "p", &net.to_string())).await.unwrap();
    }
    let stats = server.command(&["INFO", "commandstats"]).text();
    let mut calls: Vec<_> = stats
        .lines()
        .filter_map(|line| line.strip_prefix("cmdstat_")?.split_once(":calls="))
        .map(|(name, rest)| (name, rest.split(',').next().unwrap()))
        .filter(|(name, _)| !["info", "config|resetstat", "ping"].contains(name))
        .collect();
    calls.sort_unstable();
    let expected = [("evalsha", "10"), ("psetex", "10"), ("pttl", "10"), ("zadd", "20")];
    assert_eq!(calls, expected);
}

#[tokio::test]
async fn every_answer_is_counted_by_its_class() {
    let recorder = metrics_util::debugging::DebuggingRecorder::new();
    let counted = recorder.snapshotter();
    let (config, time) = Subject::config();
    let store = Arc::new(MemoryStore::new(config.memory, time.clock()));
    let cache = metrics::with_local_recorder(&recorder, || {
        Cache::with_store(Arc::clone(&store) as Arc<dyn Store>, config)
    });
    let key = kalshi("COUNTED");
    let put = async |sequence| {
        cache.put_book(&key, Book::new(), stamp(time.now(), sequence)).await.unwrap()
    };
    let get = async |max_age| cache.get_book(&key, max_age).await.unwrap();
    assert_eq!(get(None).await.miss(), Some(Miss::Absent));
    assert_eq!(put(2).await, Written::Stored);
    assert!(matches!(put(1).await, Written::Older { .. }));
    assert!(get(None).await.hit().is_some() && get(None).await.hit().is_some());
    time.advance(2 * SECOND);
    assert!(matches!(get(Some(SECOND)).await.miss(), Some(Miss::Stale { .. })));
    let found = cache.stats(Class::Orderbook);
    let counts = (found.stored, found.refused, found.hits_store, found.absent, found.stale);
    assert_eq!(counts, (1, 1, 2, 1, 1));
    assert_eq!((found.tier_entries, found.hits_process, found.errors), (1, 0, 0));
    // Other classes count apart.
    assert_eq!(cache.stats(Class::Price), arb_cache::ClassStats::default());
    let mut seen: Vec<_> = counted
        .snapshot()
        .into_vec()
        .into_iter()
        .filter_map(|(name, _, _, value)| match value {
            metrics_util::debugging::DebugValue::Counter(count) if count > 0 => {
                let name = name.key();
                let labels: Vec<_> = name
                    .labels()
                    .map(|label| format!("{}={}", label.key(), label.value()))
                    .collect();
                Some(format!("{} {} {count}", name.name(), labels.join(",")))
            }
            _ => None,
        })
        .collect();
    seen.sort();
    let expected = [
        "arb_cache_hits_total class=orderbook,source=store 2",
        "arb_cache_misses_total class=orderbook,reason=absent 1",
        "arb_cache_misses_total class=orderbook,reason=stale 1",
        "arb_cache_writes_total class=orderbook,result=refused 1",
        "arb_cache_writes_total class=orderbook,result=stored 1",
    ];
    assert_eq!(seen, expected);
}

#[test]
fn times_to_live_from_variables_are_whole_seconds_above_zero() {
    let with = |value: &str| {
        let value = value.to_owned();
        CacheConfig::from_variables(move |name| {
            (name == "CACHE_TTL_SIMILARITY").then(|| value.clone())
        })
    };
    assert_eq!(with(" 7 ").unwrap().policy(Class::Similarity).ttl, 7 * SECOND);
    for wrong in ["", "0", "-1", "1.5", "5s", "18446744073709551616"] {
        let error = with(wrong).unwrap_err();
        assert!(error.to_string().contains("CACHE_TTL_SIMILARITY"), "{wrong:?}: {error}");
        assert!(!error.is_retryable());
    }
}

#[tokio::test]
async fn a_hit_in_memory_copies_nothing() {
    let Subject { cache, time } = Subject::memory();
    let value = Arc::new(book(&[("0.4", "1")], &[]));
    cache.put_book(&kalshi("SAME"), Arc::clone(&value), stamp(time.now(), 1)).await.unwrap();
    let found = cache.get_book(&kalshi("SAME"), None).await.unwrap().hit().unwrap();
    assert!(Arc::ptr_eq(&found.value, &value));
    assert_eq!(found.source, Source::Process);
    assert!(cache.peek::<Book>(&kalshi("SAME"), None).is_some());
    assert_eq!(cache.stats(Class::Orderbook).hits_process, 2);
    assert_eq!(cache.stats(Class::Orderbook).stored, 1);
}

#[tokio::test]
async fn foreign_and_future_values_are_counted_misses() {
    let (config, time) = Subject::config();
    let store = Arc::new(MemoryStore::new(config.memory, time.clock()));
    let cache = Cache::with_store(Arc::clone(&store) as Arc<dyn Store>, config);
    let key = kalshi("FOREIGN");
    cache.put_book(&key, book(&[("0.4", "1")], &[]), stamp(time.now(), 1)).await.unwrap();
    let name = "orderbook:kalshi:FOREIGN";
    let good = store.get(name).await.unwrap().unwrap();
    let damaged = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = good.to_vec();
        change(&mut bytes);
        bytes
    };
    let cases: [(Vec<u8>, Option<u8>); 7] = [
        (damaged(&|bytes| bytes[1] = 99), Some(99)),
        (damaged(&|bytes| bytes[2] = 4), Some(1)),
        (damaged(&|bytes| bytes[3] = 77), Some(1)),
        (damaged(&|bytes| bytes.truncate(30)), Some(1)),
        (damaged(&|bytes| bytes.truncate(bytes.len() - 1)), Some(1)),
        (damaged(&|bytes| bytes[0] = b'{'), None),
        (Vec::new(), None),
    ];
    for (bytes, schema) in cases {
        let write = arb_cache::Write {
            key: name.into(),
            value: bytes.into(),
            ttl: SECOND,
            guarded: false,
            rank: None,
        };
        store.put(&[write]).await.unwrap();
        let found = cache.get_book(&key, None).await.unwrap();
        assert_eq!(found.miss(), Some(Miss::Foreign { schema }));
    }
    assert_eq!(cache.stats(Class::Orderbook).foreign, 7);
    // An old program does not overwrite the newer value of a newer program.
    let newer = damaged(&|bytes| bytes[1] = 99);
    let write = arb_cache::Write {
        key: name.into(),
        value: newer.into(),
        ttl: SECOND,
        guarded: false,
        rank: None,
    };
    store.put(&[write]).await.unwrap();
    let older = Stamp { epoch: at(-1), ..stamp(time.now(), 1) };
    let written = cache.put_book(&key, Book::new(), older).await.unwrap();
    assert!(matches!(written, Written::Older { .. }));
}

#[tokio::test]
async fn any_bytes_in_the_store_are_an_answer() {
    use proptest::prelude::*;
    use proptest::strategy::ValueTree;
    let (config, time) = Subject::config();
    let store = Arc::new(MemoryStore::new(config.memory, time.clock()));
    let cache = Cache::with_store(Arc::clone(&store) as Arc<dyn Store>, config);
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let strategy = proptest::collection::vec(any::<u8>(), 0..120);
    for class in Class::ALL {
        for _ in 0..200 {
            let tail = strategy.new_tree(&mut runner).unwrap().current();
            // A header in order, so that the payload is reached.
            let mut bytes = vec![arb_cache::envelope::MAGIC, 1, class.index() as u8, 0];
            bytes.extend([0x80, 0, 0, 0, 0, 0, 0, 1]);
            bytes.extend([0; 16]);
            bytes.extend(time.now().nanos().to_be_bytes());
            bytes.extend([0; 8]);
            bytes.extend(tail);
            let pair = MarketPair::new(kalshi("X"), kalshi("Y"));
            for name in [
                "market:kalshi:X",
                "orderbook:kalshi:X",
                "price:kalshi:X",
                "opportunity:X",
                "similarity:kalshi:X:kalshi:Y",
            ] {
                let value = bytes.clone().into();
                let write = arb_cache::Write {
                    key: name.into(),
                    value,
                    ttl: SECOND,
                    guarded: false,
                    rank: None,
                };
                store.put(&[write]).await.unwrap();
            }
            let key = kalshi("X");
            let _ = cache.get_market(&key, None).await.unwrap();
            let _ = cache.get_book(&key, None).await.unwrap();
            let _ = cache.get_price(&key, None).await.unwrap();
            let _ = cache.get_opportunity("X", None).await.unwrap();
            let _ = cache.get_similarity(&pair, None).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_store_that_forgot_a_write_cannot_make_an_older_one_fresh() {
    let (config, time) = Subject::config();
    let store = Arc::new(MemoryStore::new(config.memory, time.clock()));
    let cache = Cache::with_store(Arc::clone(&store) as Arc<dyn Store>, config);
    let key = kalshi("FORGOT");
    let older = Stamp { epoch: at(1), ..stamp(time.now(), 7) };
    cache.put_book(&key, book(&[("0.1", "1")], &[]), older).await.unwrap();
    let forgotten = store.get("orderbook:kalshi:FORGOT").await.unwrap().unwrap();
    let newer = Stamp { epoch: at(2), ..stamp(time.now(), 1) };
    cache.put_book(&key, book(&[("0.2", "1")], &[]), newer).await.unwrap();
    let write = arb_cache::Write {
        key: "orderbook:kalshi:FORGOT".into(),
        value: forgotten,
        ttl: 10 * SECOND,
        guarded: false,
        rank: None,
    };
    store.put(&[write]).await.unwrap();
    let found = cache.get_book(&key, None).await.unwrap();
    assert_eq!(found.miss(), Some(Miss::Regressed));
    assert_eq!(cache.stats(Class::Orderbook).regressed, 1);
}

#[tokio::test(start_paused = true)]
async fn the_memory_of_what_expired_is_freed_without_a_touch() {
    let (config, time) = Subject::config();
    let cache = Cache::memory(config.with_policy(Class::Market, ClassPolicy::ttl(2 * SECOND)));
    for at in 0..100 {
        cache.put_market(market(&format!("FREED-{at}")), time.now()).await.unwrap();
    }
    assert_eq!(cache.store_size().unwrap().entries, 100);
    assert_eq!(cache.stats(Class::Market).tier_entries, 100);
    time.advance(3 * SECOND);
    tokio::time::sleep(2 * SECOND).await;
    assert_eq!(cache.store_size().unwrap(), arb_cache::StoreSize::default());
    assert_eq!(cache.stats(Class::Market).tier_entries, 0);
    assert_eq!(cache.stats(Class::Market).expired, 100);
}

#[tokio::test]
async fn the_bounds_hold_and_what_is_read_stays() {
    let (mut config, time) = Subject::config();
    config.tier = Bounds { entries: 64, bytes: 1 << 20 };
    config.memory = Bounds { entries: 200, bytes: 1 << 20 };
    let cache = Cache::memory(config);
    let read = kalshi("READ");
    cache.put_book(&read, Book::new(), stamp(time.now(), 1)).await.unwrap();
    for round in 0..2000 {
        let key = kalshi(&format!("FILL-{round}"));
        cache.put_book(&key, book(&[("0.5", "1")], &[]), stamp(time.now(), 1)).await.unwrap();
        assert!(
            cache.get_book(&read, None).await.unwrap().hit().is_some(),
            "evicted in round {round}"
        );
    }
    let stats = cache.stats(Class::Orderbook);
    assert!(stats.tier_entries <= 64, "{stats:?}");
    assert!(stats.evicted > 1800, "{stats:?}");
    assert!(cache.store_size().unwrap().entries <= 200);
}

#[tokio::test]
async fn evicted_opportunities_leave_the_ranking() {
    let (mut config, _) = Subject::config();
    config.tier = Bounds { entries: 10, bytes: 1 << 20 };
    config.memory = Bounds { entries: 50, bytes: 1 << 20 };
    let cache = Cache::memory(config);
    for at in 0..500 {
        cache
            .put_opportunity(opportunity(&format!("evicted/{at}"), "p", &at.to_string()))
            .await
            .unwrap();
    }
    let top = cache.top_opportunities(1000).await.unwrap();
    assert_eq!(top.len(), 50);
    assert_eq!(cache.opportunities_of_pair("p", 1000).await.unwrap().len(), 50);
}

#[tokio::test]
async fn a_given_instant_decides_and_not_the_clock() {
    let Subject { cache, time } = Subject::memory();
    let key = kalshi("GIVEN");
    cache.put_book(&key, book(&[("0.43", "300")], &[]), stamp(time.now(), 1)).await.unwrap();
    let age = |seconds: i64, max_age| {
        let found = cache.peek_at::<Book>(&key, Some(max_age), at(1_000 * seconds));
        found.map(|found| found.age)
    };
    assert_eq!(age(4, 4 * SECOND), Some(4 * SECOND));
    assert_eq!(age(4, 3 * SECOND), None);
    // Nor is the class's time to live outlived.
    assert_eq!(age(11, 20 * SECOND), None);
    assert_eq!(age(0, SECOND), Some(Duration::ZERO));
}

#[tokio::test]
async fn a_clock_put_right_makes_nothing_younger() {
    for Subject { cache, time } in [Subject::memory(), Subject::memory_asked_each_time()] {
        let key = kalshi("STEPPED");
        cache.put_book(&key, book(&[("0.43", "300")], &[]), stamp(time.now(), 1)).await.unwrap();
        time.advance(SECOND);
        time.set(at(-600_000));
        time.advance(3 * SECOND);
        let miss = cache.get_book(&key, Some(3 * SECOND)).await.unwrap().miss();
        assert_eq!(miss, Some(Miss::Stale { age: 4 * SECOND }));
        let hit = cache.get_book(&key, Some(4 * SECOND)).await.unwrap().hit().unwrap();
        assert_eq!(hit.age, 4 * SECOND);
        let peeked = cache.peek_at::<Book>(&key, None, cache.now()).map(|found| found.age);
        assert!(peeked.is_none_or(|age| age == 4 * SECOND), "{peeked:?}");
        time.advance(7 * SECOND);
        assert!(cache.get_book(&key, None).await.unwrap().hit().is_none());
        // In time it is forgotten, and what is stamped by the clock as it is now is taken.
        time.advance(60 * SECOND);
        let written = cache.put_book(&key, book(&[("0.44", "1")], &[]), stamp(time.now(), 1)).await;
        assert_eq!(written.unwrap(), Written::Stored);
        assert!(cache.get_book(&key, Some(SECOND)).await.unwrap().hit().is_some());
    }
}

#[tokio::test]
async fn a_stamp_from_ahead_counts_from_when_it_came() {
    for Subject { cache, time } in [Subject::memory(), Subject::memory_asked_each_time()] {
        let key = kalshi("AHEAD");
        let early = stamp(at(3_600_000), 1);
        cache.put_book(&key, book(&[("0.43", "300")], &[]), early).await.unwrap();
        time.advance(4 * SECOND);
        let miss = cache.get_book(&key, Some(3 * SECOND)).await.unwrap().miss();
        assert_eq!(miss, Some(Miss::Stale { age: 4 * SECOND }));
        time.advance(7 * SECOND);
        assert!(cache.get_book(&key, None).await.unwrap().hit().is_none());
    }
}

//! What happens while Redis is gone, silent, full or foreign.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arb_cache::{
    Cache, CacheConfig, CacheError, CacheWriter, Class, ClassPolicy, Miss, Offer, Rank,
    RedisConfig, RedisStore, Source, Store, VirtualClock, Write, WriterConfig, Written,
};

use crate::redis_server::{PATIENCE, RedisServer, Reply, eventually, skipped};
use crate::values::{at, book, kalshi, market, opportunity, stamp};

const COMMAND_TIMEOUT: Duration = Duration::from_millis(300);

fn redis(server: &RedisServer) -> RedisConfig {
    RedisConfig {
        command_timeout: COMMAND_TIMEOUT,
        connect_timeout: PATIENCE,
        redial: (Duration::from_millis(10), Duration::from_millis(50)),
        silent_for: Duration::from_millis(600),
        ..RedisConfig::new(server.url())
    }
}

async fn connected(server: &RedisServer, config: CacheConfig) -> Cache {
    Cache::redis(redis(server), config).await.unwrap()
}

fn virtual_config() -> (CacheConfig, VirtualClock) {
    let time = VirtualClock::at(at(0));
    (CacheConfig::default().with_clock(time.clock()), time)
}

/// An answer of some kind must come long before a waiting caller would notice; twenty timeouts leave room for a busy machine.
async fn fails_fast<T>(
    what: &str,
    call: impl Future<Output = Result<T, CacheError>>,
) -> CacheError {
    let begun = Instant::now();
    let error = call.await.err().unwrap_or_else(|| panic!("{what} succeeds without a server"));
    assert!(begun.elapsed() < 20 * COMMAND_TIMEOUT, "{what} waits {:?}", begun.elapsed());
    assert!(error.is_retryable(), "{what}: {error}");
    error
}

#[tokio::test]
async fn a_killed_server_is_an_error_at_once_and_its_return_is_noticed() {
    if skipped() {
        return;
    }
    let mut server = RedisServer::start();
    let (config, time) = virtual_config();
    let cache = connected(&server, config).await;
    let key = kalshi("KILLED");
    cache.put_book(&key, book(&[("0.4", "1")], &[]), stamp(time.now(), 1)).await.unwrap();
    server.kill();
    fails_fast("a read", cache.get_book(&key, None)).await;
    fails_fast("a write", cache.put_opportunity(opportunity("killed", "p", "1"))).await;
    fails_fast("a batch", cache.put_markets([market("A"), market("B")], time.now())).await;
    fails_fast("a ranking", cache.top_opportunities(3)).await;
    fails_fast("a ping", cache.ping()).await;
    assert!(cache.stats(Class::Orderbook).errors > 0);
    server.restart();
    // The scripts are gone with the old process, and must be sent again.
    eventually("writes work again", async || {
        cache.put_opportunity(opportunity("back", "p", "1")).await.is_ok()
    })
    .await;
    eventually("reads work again", async || cache.get_book(&key, None).await.is_ok()).await;
    assert_eq!(cache.get_book(&key, None).await.unwrap().miss(), Some(Miss::Absent));
    assert_eq!(cache.top_opportunities(3).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_closed_connection_is_dialled_again() {
    if skipped() {
        return;
    }
    let server = RedisServer::start();
    let (config, time) = virtual_config();
    let cache = connected(&server, config).await;
    let key = kalshi("CLOSED");
    cache.put_book(&key, book(&[("0.4", "1")], &[]), stamp(time.now(), 1)).await.unwrap();
    for _ in 0..3 {
        server.close_clients();
        eventually("reads work again", async || {
            cache.get_book(&key, None).await.is_ok_and(|found| found.hit().is_some())
        })
        .await;
    }
}

#[tokio::test]
async fn a_frozen_server_is_a_timeout_then_no_wait_at_all() {
    if skipped() {
        return;
    }
    let server = RedisServer::start();
    let (config, time) = virtual_config();
    let cache = connected(&server, config).await;
    let key = kalshi("FROZEN");
    cache.put_book(&key, book(&[("0.4", "1")], &[]), stamp(time.now(), 1)).await.unwrap();
    server.freeze();
    let error = fails_fast("a read", cache.get_book(&key, None)).await;
    assert!(
        matches!(error, CacheError::TimedOut { operation: "read", after: COMMAND_TIMEOUT }),
        "{error:?}"
    );
    fails_fast("a write", cache.put_book(&key, book(&[], &[]), stamp(time.now(), 2))).await;
    server.thaw();
    eventually("reads work again", async || cache.get_book(&key, None).await.is_ok()).await;
    // The timed-out write may have happened or not; repeating it is safe either way.
    let written = cache.put_book(&key, book(&[], &[]), stamp(time.now(), 2)).await.unwrap();
    assert_eq!(written, Written::Stored);
}

#[tokio::test]
async fn no_more_commands_wait_than_allowed() {
    if skipped() {
        return;
    }
    let server = RedisServer::start();
    let few = RedisConfig { connections: 1, waiting_commands: 5, ..redis(&server) };
    let store = Arc::new(RedisStore::connect(few).await.unwrap());
    server.freeze();
    let calls: Vec<_> = (0..100)
        .map(|at| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.get(&at.to_string()).await.unwrap_err() })
        })
        .collect();
    let mut refused = 0;
    for call in calls {
        match call.await.unwrap() {
            CacheError::Overloaded { .. } => refused += 1,
            error => assert!(error.is_retryable(), "{error:?}"),
        }
    }
    assert!(refused >= 50, "{refused} of 100 were refused");
    server.thaw();
    eventually("reads work again", async || store.get("any").await.is_ok()).await;
}

#[tokio::test]
async fn a_paused_server_is_a_timeout() {
    if skipped() {
        return;
    }
    let server = RedisServer::start();
    let (config, time) = virtual_config();
    let cache = connected(&server, config).await;
    server.command(&["CLIENT", "PAUSE", "1500", "ALL"]);
    let key = kalshi("PAUSED");
    fails_fast("a write", cache.put_book(&key, book(&[], &[]), stamp(time.now(), 1))).await;
    eventually("writes work again", async || {
        cache.put_book(&key, book(&[], &[]), stamp(time.now(), 1)).await.is_ok()
    })
    .await;
}

#[tokio::test]
async fn while_the_store_is_gone_stale_values_are_served_where_the_policy_says_so() {
    if skipped() {
        return;
    }
    let mut server = RedisServer::start();
    let (config, time) = virtual_config();
    let seconds = Duration::from_secs;
    let policy = ClassPolicy { stale_for: seconds(20), ..ClassPolicy::ttl(seconds(10)) };
    let cache = connected(&server, config.with_policy(Class::Orderbook, policy)).await;
    let key = kalshi("STALE");
    cache.put_book(&key, book(&[("0.4", "1")], &[]), stamp(time.now(), 1)).await.unwrap();
    let fresh = cache.get_book(&key, None).await.unwrap().hit().unwrap();
    assert_eq!((fresh.stale, fresh.source), (false, Source::Store));
    server.kill();
    time.advance(seconds(25));
    let stale = cache.get_book(&key, None).await.unwrap().hit().unwrap();
    assert_eq!((stale.stale, stale.source, stale.age), (true, Source::Process, seconds(25)));
    assert_eq!(cache.stats(Class::Orderbook).served_stale, 1);
    time.advance(seconds(6));
    fails_fast("a read beyond the policy", cache.get_book(&key, None)).await;
    // Other classes have another policy.
    fails_fast("a read without the policy", cache.get_market(&kalshi("STALE"), None)).await;
}

#[tokio::test]
async fn a_full_server_refuses_writes_and_still_reads() {
    if skipped() {
        return;
    }
    let server = RedisServer::start();
    let (config, time) = virtual_config();
    let cache = connected(&server, config).await;
    let key = kalshi("FULL");
    cache.put_book(&key, book(&[("0.4", "1")], &[]), stamp(time.now(), 1)).await.unwrap();
    cache.put_opportunity(opportunity("kept", "p", "1")).await.unwrap();
    server.command(&["CONFIG", "SET", "maxmemory", "1"]);
    let error = cache.put_book(&key, book(&[], &[]), stamp(time.now(), 2)).await.unwrap_err();
    assert!(matches!(error, CacheError::Full { .. }), "{error:?}");
    let error = cache.put_opportunity(opportunity("refused", "p", "2")).await.unwrap_err();
    assert!(matches!(error, CacheError::Full { .. }), "{error:?}");
    let held = cache.get_book(&key, None).await.unwrap().hit().unwrap();
    assert_eq!(held.stamp.sequence, 1);
    server.command(&["CONFIG", "SET", "maxmemory", "0"]);
    let top = cache.top_opportunities(10).await.unwrap();
    assert_eq!(
        top.iter().map(|held| held.id.as_str()).collect::<Vec<_>>(),
        ["kept"],
        "no rank without its value"
    );
}

#[tokio::test]
async fn a_foreign_type_is_a_counted_miss_and_a_typed_error() {
    if skipped() {
        return;
    }
    let server = RedisServer::start();
    let (config, time) = virtual_config();
    let cache = connected(&server, config).await;
    server.command(&["LPUSH", "orderbook:kalshi:LIST", "x"]);
    let key = kalshi("LIST");
    let found = cache.get_book(&key, None).await.unwrap();
    assert_eq!(found.miss(), Some(Miss::Foreign { schema: None }));
    let error = cache.put_book(&key, book(&[], &[]), stamp(time.now(), 1)).await.unwrap_err();
    assert!(matches!(error, CacheError::WrongType { .. }), "{error:?}");
    assert!(!error.is_retryable());
    assert_eq!(
        server.command(&["LLEN", "orderbook:kalshi:LIST"]),
        Reply::Number(1),
        "left as it was"
    );
    // The same for a ranking: then nothing is written at all.
    server.command(&["SET", "ranking:{opportunity}", "x"]);
    let error = cache.put_opportunity(opportunity("ranked", "p", "1")).await.unwrap_err();
    assert!(matches!(error, CacheError::WrongType { .. }), "{error:?}");
    assert_eq!(server.command(&["EXISTS", "opportunity:ranked"]), Reply::Number(0));
}

#[tokio::test]
async fn keys_and_times_to_live_are_as_documented() {
    if skipped() {
        return;
    }
    let server = RedisServer::start();
    let (config, time) = virtual_config();
    let cache = connected(&server, config).await;
    cache.put_book(&kalshi("K"), book(&[], &[]), stamp(time.now(), 1)).await.unwrap();
    cache.put_price(&kalshi("K"), arb_cache::Quote::default(), stamp(time.now(), 1)).await.unwrap();
    cache.put_market(market("K"), time.now()).await.unwrap();
    cache.put_opportunity(opportunity("o", "p", "1")).await.unwrap();
    let pair = arb_cache::MarketPair::new(crate::values::polymarket("P"), kalshi("K"));
    cache
        .put_similarity(&pair, arb_cache::Similarity { similarity: 0.5, relation: None })
        .await
        .unwrap();
    let cases = [
        ("market:kalshi:K", 300),
        ("orderbook:kalshi:K", 10),
        ("price:kalshi:K", 5),
        ("opportunity:o", 60),
        ("similarity:kalshi:K:polymarket:P", 3600),
    ];
    for (key, seconds) in cases {
        let left = server.command(&["PTTL", key]).number();
        // The machine may be slow; a time to live that does not run would show whole seconds.
        assert!(left <= seconds * 1000 && left > (seconds - 5) * 1000 - 1000, "{key}: {left} ms");
    }
}

#[tokio::test]
async fn a_ranking_outlives_each_of_its_keys_and_then_leaves_by_itself() {
    if skipped() {
        return;
    }
    let server = RedisServer::start();
    let store = RedisStore::connect(redis(&server)).await.unwrap();
    let put = async |key: &str, sets: &[&str], seconds| {
        let sets = sets.iter().map(|set| (*set).to_owned()).collect();
        let write = Write {
            key: key.into(),
            value: "value".into(),
            ttl: Duration::from_secs(seconds),
            guarded: false,
            rank: Some(Rank { score: 1, sets }),
        };
        store.put(&[write]).await.unwrap();
    };
    let left = |name: &str| server.command(&["PTTL", name]).number();
    put("long", &["wide", "narrow"], 600).await;
    assert!((1_100_000..=1_200_000).contains(&left("wide")), "twice the time of the key");
    assert!((1_100_000..=1_200_000).contains(&left("narrow")));
    // One that lives shorter takes nothing of it, whether it is new or not.
    put("short", &["wide"], 1).await;
    put("short", &["wide"], 1).await;
    assert!(left("wide") > 1_100_000);
    // The wide ranking is older than a narrow one that comes now, and never leaves before it: a write that finds enough time in the
    // narrow one does not look at the wide one.
    server.command(&["PEXPIRE", "wide", "700000"]);
    put("other", &["wide", "younger"], 600).await;
    assert!(left("wide") >= left("younger"), "{} of {}", left("wide"), left("younger"));
    // A write that finds less than its own time left renews all rankings of its key.
    for set in ["wide", "narrow"] {
        server.command(&["PEXPIRE", set, "599000"]);
    }
    put("long", &["wide", "narrow"], 600).await;
    assert!(left("wide") > 1_100_000 && left("narrow") > 1_100_000);
    // One that finds enough leaves them alone.
    server.command(&["PEXPIRE", "narrow", "700000"]);
    put("long", &["wide", "narrow"], 600).await;
    assert!(left("narrow") <= 700_000);
}

#[tokio::test]
async fn keys_that_expired_do_not_pile_up_in_a_ranking_nobody_reads() {
    if skipped() {
        return;
    }
    let server = RedisServer::start();
    let store = RedisStore::connect(redis(&server)).await.unwrap();
    let put = async |round: i64, ttl| {
        let write = |at| Write {
            key: format!("{round}/{at}"),
            value: "value".into(),
            ttl: Duration::from_millis(ttl),
            guarded: false,
            rank: Some(Rank { score: at, sets: vec!["wide".into(), "narrow".into()] }),
        };
        store.put(&(0..100).map(write).collect::<Vec<_>>()).await.unwrap();
    };
    // The rankings stay for those that live long.
    put(0, 600_000).await;
    for round in 1..=5 {
        put(round, 20).await;
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    put(6, 600_000).await;
    for set in ["wide", "narrow"] {
        let held = server.command(&["ZCARD", set]).number();
        assert!((200..400).contains(&held), "{held} of 700 that came, 200 of them alive");
    }
    assert_eq!(store.ranked("wide", 0, 1000).await.unwrap().len(), 200);
    assert_eq!(server.command(&["ZCARD", "wide"]), Reply::Number(200), "a read takes out the rest");
}

#[tokio::test]
async fn what_is_no_opportunity_is_passed_over_in_their_ranking() {
    if skipped() {
        return;
    }
    let server = RedisServer::start();
    let (config, time) = virtual_config();
    let cache = connected(&server, config).await;
    cache.put_opportunity(opportunity("ours", "p", "1")).await.unwrap();
    cache.put_book(&kalshi("K"), book(&[], &[]), stamp(time.now(), 1)).await.unwrap();
    for (score, member) in [("9000000", "orderbook:kalshi:K"), ("8000000", "gone"), ("-1", "last")]
    {
        server.command(&["ZADD", "ranking:{opportunity}", score, member]);
    }
    for count in [1, 2, 10] {
        let top = cache.top_opportunities(count).await.unwrap();
        assert_eq!(top.iter().map(|held| held.id.as_str()).collect::<Vec<_>>(), ["ours"]);
    }
}

#[tokio::test]
async fn no_server_at_the_start_is_an_error_or_awaited() {
    if skipped() {
        return;
    }
    let mut server = RedisServer::start();
    server.kill();
    let error = Cache::redis(redis(&server), CacheConfig::default()).await.unwrap_err();
    assert!(error.is_retryable(), "{error:?}");
    let patient = RedisConfig { may_start_without: true, ..redis(&server) };
    let cache = Cache::redis(patient, CacheConfig::default()).await.unwrap();
    fails_fast("a ping", cache.ping()).await;
    server.restart();
    eventually("the server is found", async || cache.ping().await.is_ok()).await;
    let wrong = Cache::redis("http://nowhere", CacheConfig::default()).await.unwrap_err();
    assert!(!wrong.is_retryable(), "{wrong:?}");
}

#[tokio::test]
async fn the_scanner_goes_on_and_the_latest_value_arrives_after_an_outage() {
    if skipped() {
        return;
    }
    let mut server = RedisServer::start();
    let (config, time) = virtual_config();
    let cache = connected(&server, config).await;
    let writer = CacheWriter::start(
        cache.clone(),
        WriterConfig { interval: Duration::from_millis(20), keys: 100 },
    );
    let inbox = writer.inbox();
    server.kill();
    for sequence in 1..=500_u64 {
        let level = sequence.to_string();
        assert_ne!(
            inbox.offer_book(
                &kalshi("W"),
                &book(&[("0.4", &level)], &[]),
                stamp(time.now(), sequence)
            ),
            Offer::Full
        );
        if sequence % 100 == 0 {
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }
    let _ = inbox.offer_opportunity(Arc::new(opportunity("w", "p", "1")));
    server.restart();
    eventually("the latest book arrives", async || {
        let found = cache.get_book(&kalshi("W"), None).await;
        found.is_ok_and(|found| found.hit().is_some_and(|held| held.stamp.sequence == 500))
    })
    .await;
    let held = cache.get_book(&kalshi("W"), None).await.unwrap().hit().unwrap();
    assert_eq!(*held, book(&[("0.4", "500")], &[]));
    eventually("the opportunity arrives", async || {
        cache.top_opportunities(5).await.is_ok_and(|top| top.len() == 1)
    })
    .await;
    assert_eq!(writer.shutdown(PATIENCE).await, 0);
    assert_eq!(inbox.remove_opportunity("w"), Offer::Closed);
}

//! The near cache: what was read is kept until the server reports a change, and never beyond a loss.
//!
//! Client libraries fail here in ways that show no error; each test names one.

use std::time::Duration;

use arb_cache::{Cache, CacheConfig, RedisConfig, Source, VirtualClock};

use crate::redis_cluster::RedisCluster;
use crate::redis_server::{PATIENCE, RedisServer, eventually, skipped};
use crate::values::{at, book, kalshi, market, stamp};

async fn open(url: String, near: bool, config: CacheConfig) -> Cache {
    let redis = RedisConfig {
        near,
        command_timeout: PATIENCE,
        connect_timeout: PATIENCE,
        redial: (Duration::from_millis(10), Duration::from_millis(50)),
        ..RedisConfig::new(url)
    };
    Cache::redis(redis, config).await.unwrap()
}

/// A near cache and another process that writes, under a clock that stands: nothing expires by age.
async fn reader_and_writer(url: &str) -> (Cache, Cache, VirtualClock) {
    let time = VirtualClock::at(at(0));
    let config = CacheConfig::default().with_clock(time.clock());
    (open(url.into(), true, config.clone()).await, open(url.into(), false, config).await, time)
}

/// Reads until the process answers by itself: tracking is in force.
async fn warm(cache: &Cache, id: &str) {
    let key = kalshi(id);
    eventually("the value is kept", async || {
        let found = cache.get_book(&key, None).await;
        found.is_ok_and(|found| found.hit().is_some_and(|held| held.source == Source::Process))
    })
    .await;
}

async fn write(cache: &Cache, time: &VirtualClock, id: &str, sequence: u64) {
    let size = sequence.to_string();
    cache
        .put_book(&kalshi(id), book(&[("0.4", &size)], &[]), stamp(time.now(), sequence))
        .await
        .unwrap();
}

async fn sees(cache: &Cache, id: &str, sequence: u64) {
    eventually(&format!("write {sequence} of {id} is seen"), async || {
        let found = cache.get_book(&kalshi(id), None).await;
        found.is_ok_and(|found| found.hit().is_some_and(|held| held.stamp.sequence == sequence))
    })
    .await;
}

#[tokio::test]
async fn a_change_by_another_process_is_seen() {
    if skipped() {
        return;
    }
    let server = RedisServer::start();
    let (reader, writer, time) = reader_and_writer(&server.url()).await;
    write(&writer, &time, "A", 1).await;
    warm(&reader, "A").await;
    for sequence in 2..20 {
        write(&writer, &time, "A", sequence).await;
        sees(&reader, "A", sequence).await;
        warm(&reader, "A").await;
    }
    // Removal counts as a change.
    writer.remove::<arb_normalize::Book>(&kalshi("A")).await.unwrap();
    eventually("the removal is seen", async || {
        reader.get_book(&kalshi("A"), None).await.unwrap().hit().is_none()
    })
    .await;
}

#[tokio::test]
async fn one_own_write_is_not_taken_for_tracked() {
    if skipped() {
        return;
    }
    let server = RedisServer::start();
    let (reader, writer, time) = reader_and_writer(&server.url()).await;
    write(&reader, &time, "PROBE", 1).await;
    warm(&reader, "PROBE").await;
    // The server tracks what is read, not what is written.
    write(&reader, &time, "OWN", 1).await;
    write(&writer, &time, "OWN", 2).await;
    let held = reader.get_book(&kalshi("OWN"), None).await.unwrap().hit().unwrap();
    assert_eq!((held.stamp.sequence, held.source), (2, Source::Store));
}

/// First failure of clients: tracking is not asked for again after a reconnect, and old values are served for ever.
#[tokio::test]
async fn tracking_is_restored_after_a_reconnect() {
    if skipped() {
        return;
    }
    let server = RedisServer::start();
    let (reader, writer, time) = reader_and_writer(&server.url()).await;
    write(&writer, &time, "A", 1).await;
    for round in 0..3_u64 {
        warm(&reader, "A").await;
        server.close_clients();
        eventually("the writer is back", async || writer.ping().await.is_ok()).await;
        write(&writer, &time, "A", 2 + 2 * round).await;
        sees(&reader, "A", 2 + 2 * round).await;
        // Tracking is in force again: the value is kept, and its change is seen.
        warm(&reader, "A").await;
        write(&writer, &time, "A", 3 + 2 * round).await;
        sees(&reader, "A", 3 + 2 * round).await;
    }
}

#[tokio::test]
async fn nothing_is_kept_over_a_restart_of_the_server() {
    if skipped() {
        return;
    }
    let mut server = RedisServer::start();
    let (reader, writer, time) = reader_and_writer(&server.url()).await;
    write(&writer, &time, "A", 1).await;
    warm(&reader, "A").await;
    server.kill();
    server.restart();
    eventually("the loss is seen", async || {
        reader.get_book(&kalshi("A"), None).await.is_ok_and(|found| found.hit().is_none())
    })
    .await;
    eventually("the writer is back", async || writer.ping().await.is_ok()).await;
    write(&writer, &time, "A", 2).await;
    sees(&reader, "A", 2).await;
    warm(&reader, "A").await;
}

/// Second failure: the channel of reports holds 32; of a burst the rest is dropped, and what it named is served for ever.
#[tokio::test]
async fn a_burst_of_changes_beyond_the_channel_flushes_everything() {
    if skipped() {
        return;
    }
    let server = RedisServer::start();
    let time = VirtualClock::at(at(0));
    let config = CacheConfig::default().with_clock(time.clock());
    let redis = RedisConfig {
        near: true,
        invalidations: 4,
        command_timeout: PATIENCE,
        connect_timeout: PATIENCE,
        ..RedisConfig::new(server.url())
    };
    let reader = Cache::redis(redis, config.clone()).await.unwrap();
    let writer = open(server.url(), false, config).await;
    let ids: Vec<_> = (0..300).map(|at| format!("BURST-{at}")).collect();
    let keys: Vec<_> = ids.iter().map(|id| kalshi(id)).collect();
    let put = async |sequence: u64| {
        let values: Vec<_> = keys
            .iter()
            .map(|key| {
                (key.clone(), book(&[("0.4", "1")], &[]).into(), stamp(time.now(), sequence))
            })
            .collect();
        writer.put_many::<arb_normalize::Book>(&values).await.unwrap();
    };
    put(1).await;
    for sequence in 2..6 {
        warm(&reader, "BURST-0").await;
        reader.get_many::<arb_normalize::Book>(&keys, None).await.unwrap();
        put(sequence).await;
        eventually("all 300 changes are seen", async || {
            let found = reader.get_many::<arb_normalize::Book>(&keys, None).await.unwrap();
            found
                .into_iter()
                .all(|found| found.hit().is_some_and(|held| held.stamp.sequence == sequence))
        })
        .await;
    }
}

/// Third failure: broadcast tracking of a cluster is asked of one node, and two thirds of the changes are not reported.
#[tokio::test]
async fn changes_on_every_node_of_a_cluster_are_seen() {
    if skipped() {
        return;
    }
    let cluster = RedisCluster::start();
    let (reader, writer, time) = reader_and_writer(&cluster.url()).await;
    let ids: Vec<_> = (0..30).map(|at| format!("NODE-{at}")).collect();
    for sequence in 1..4 {
        for id in &ids {
            write(&writer, &time, id, sequence).await;
        }
        for id in &ids {
            sees(&reader, id, sequence).await;
            warm(&reader, id).await;
        }
    }
    for (at, master) in cluster.masters.iter().enumerate() {
        let tracked = master.clients().iter().filter(|client| client.contains("flags=t")).count();
        assert!(tracked > 0, "node {at} tracks nothing: {:?}", master.clients());
    }
}

#[tokio::test]
async fn what_is_kept_is_never_older_than_its_class_allows() {
    if skipped() {
        return;
    }
    let server = RedisServer::start();
    let (reader, writer, time) = reader_and_writer(&server.url()).await;
    write(&writer, &time, "A", 1).await;
    warm(&reader, "A").await;
    time.advance(Duration::from_secs(11));
    assert!(reader.get_book(&kalshi("A"), None).await.unwrap().hit().is_none());
    // The same without a max-age on a class without versions.
    writer.put_market(market("M"), time.now()).await.unwrap();
    eventually("the market is kept", async || {
        let held = reader.get_market(&kalshi("M"), None).await.unwrap().hit();
        held.is_some_and(|held| held.source == Source::Process)
    })
    .await;
    time.advance(Duration::from_secs(301));
    assert!(reader.get_market(&kalshi("M"), None).await.unwrap().hit().is_none());
}

//! Redis Cluster: keys over slots, and what a fail-over forgets.

use std::time::Duration;

use arb_cache::{Cache, CacheConfig, Miss, RedisConfig, Stamp, VirtualClock, Written};
use arb_normalize::{Book, Market, Venue};

use crate::redis_cluster::{RedisCluster, wait};
use crate::redis_server::{PATIENCE, RedisServer, Reply, eventually, skipped};
use crate::values::{at, book, kalshi, market, opportunity, stamp};

async fn open(cluster: &RedisCluster, near: bool) -> (Cache, VirtualClock) {
    let time = VirtualClock::at(at(0));
    let redis = RedisConfig {
        near,
        command_timeout: Duration::from_secs(2),
        connect_timeout: PATIENCE,
        redial: (Duration::from_millis(10), Duration::from_millis(100)),
        ..RedisConfig::new(cluster.url())
    };
    let config = CacheConfig::default().with_clock(time.clock());
    (Cache::redis(redis, config).await.unwrap(), time)
}

/// Fourth failure of clients: an MGET over slots is refused (CROSSSLOT).
#[tokio::test]
async fn reads_and_writes_over_slots_are_split() {
    if skipped() {
        return;
    }
    let cluster = RedisCluster::start();
    let (cache, time) = open(&cluster, false).await;
    let markets: Vec<Market> = (0..60).map(|at| market(&format!("SLOT-{at}"))).collect();
    let keys: Vec<_> = markets.iter().map(|market| market.key.clone()).collect();
    cache.put_markets(markets, time.now()).await.unwrap();
    for (at, master) in cluster.masters.iter().enumerate() {
        assert!(master.command(&["DBSIZE"]).number() > 5, "node {at} holds its share");
    }
    let found = cache.get_many::<Market>(&keys, None).await.unwrap();
    let ids: Vec<_> = found.into_iter().map(|found| found.hit().unwrap().key.clone()).collect();
    assert_eq!(ids, keys, "in the order of the keys");
    assert_eq!(cache.markets_of_venue(Venue::Kalshi, 100).await.unwrap().len(), 60);
}

/// The list of markets lies on one node and its values on all: when those are lost, the list says so and a read of it ends.
#[tokio::test]
async fn a_list_whose_values_were_lost_is_read_to_its_end() {
    if skipped() {
        return;
    }
    let cluster = RedisCluster::start();
    let (cache, time) = open(&cluster, false).await;
    let markets: Vec<Market> = (0..300).map(|at| market(&format!("LOST-{at}"))).collect();
    cache.put_markets(markets, time.now()).await.unwrap();
    for at in 0..300 {
        let key = format!("market:kalshi:LOST-{at}");
        let deleted: i64 = cluster
            .masters
            .iter()
            .filter_map(|master| match master.command(&["DEL", &key]) {
                Reply::Number(deleted) => Some(deleted),
                _ => None,
            })
            .sum();
        assert_eq!(deleted, 1);
    }
    cache.put_market(market("KEPT"), time.now()).await.unwrap();
    let listed = cache.markets_of_venue(Venue::Kalshi, 10);
    let listed = tokio::time::timeout(PATIENCE, listed).await.unwrap().unwrap();
    assert_eq!(listed.iter().map(|held| held.key.id.as_str()).collect::<Vec<_>>(), ["KEPT"]);
}

/// Fifth failure: a transaction over slots half happens. Here an opportunity and its rankings share a slot and one script call.
#[tokio::test]
async fn an_opportunity_and_its_rankings_live_on_one_node() {
    if skipped() {
        return;
    }
    let cluster = RedisCluster::start();
    let (cache, _) = open(&cluster, false).await;
    for at in 0..20 {
        let pair = format!("pair-{}", at % 3);
        cache
            .put_opportunity(opportunity(&format!("one/{at}"), &pair, &at.to_string()))
            .await
            .unwrap();
    }
    let holding: Vec<_> =
        cluster.masters.iter().filter(|master| master.command(&["DBSIZE"]).number() > 0).collect();
    assert_eq!(holding.len(), 1);
    assert_eq!(holding[0].command(&["EXISTS", "{opportunity}:one/7"]), Reply::Number(1));
    assert_eq!(cache.top_opportunities(3).await.unwrap()[0].id, "one/19");
    assert_eq!(cache.opportunities_of_pair("pair-0", 100).await.unwrap().len(), 7);
    assert!(cache.remove_opportunity("one/19").await.unwrap());
    assert_eq!(cache.top_opportunities(100).await.unwrap().len(), 19);
}

/// A key that lies on the first master, the one with a replica.
fn key_on(master: &RedisServer) -> String {
    (0..)
        .map(|at| format!("FAIL-{at}"))
        .find(|id| {
            let slot =
                master.command(&["CLUSTER", "KEYSLOT", &format!("orderbook:kalshi:{id}")]).number();
            slot <= 5460
        })
        .unwrap()
}

#[tokio::test]
async fn a_promoted_replica_that_lost_a_write_makes_no_older_epoch_fresh() {
    if skipped() {
        return;
    }
    let mut cluster = RedisCluster::start_with_replica();
    let (cache, time) = open(&cluster, true).await;
    let id = key_on(&cluster.masters[0]);
    let key = kalshi(&id);
    let epoch = |epoch: i64| Stamp { epoch: at(epoch), ..stamp(time.now(), 1) };
    let put = async |price: &str, stamp: Stamp| {
        cache.put_book(&key, book(&[(price, "1")], &[]), stamp).await
    };
    assert_eq!(put("0.1", epoch(1)).await.unwrap(), Written::Stored);
    let replica = cluster.replica.as_ref().unwrap();
    let name = format!("orderbook:kalshi:{id}");
    wait("the first write is replicated", || {
        replica.command(&["INFO", "keyspace"]).text().contains("keys=1")
    });
    // The replica stands still and loses its link, so the second write never reaches it.
    replica.freeze();
    cluster.masters[0].command(&["CLIENT", "KILL", "TYPE", "replica"]);
    assert_eq!(put("0.2", epoch(2)).await.unwrap(), Written::Stored);
    assert_eq!(cache.get_book(&key, None).await.unwrap().hit().unwrap().stamp.epoch, at(2));
    cluster.masters[0].kill();
    let replica = cluster.replica.as_ref().unwrap();
    replica.thaw();
    wait("the replica is promoted", || {
        let _ = replica.try_command(&["CLUSTER", "FAILOVER", "TAKEOVER"]);
        matches!(replica.command(&["ROLE"]), Reply::List(role) if role[0] == Reply::Text("master".into()))
    });
    assert_eq!(replica.command(&["EXISTS", &name]), Reply::Number(1), "it holds the first write");
    // The loss of the node is noticed, and nothing that was kept is handed out unconfirmed.
    eventually("the loss is noticed", async || {
        let found = cache.get_book(&key, None).await;
        found.is_ok_and(|found| found.miss() == Some(Miss::Regressed))
    })
    .await;
    // This process has seen a newer version and does not take the older one for fresh, however often it asks.
    for _ in 0..5 {
        assert!(cache.peek::<Book>(&key, None).is_none());
        assert_eq!(cache.get_book(&key, None).await.unwrap().miss(), Some(Miss::Regressed));
    }
    eventually("writes work again", async || put("0.3", epoch(3)).await.is_ok()).await;
    assert_eq!(cache.get_book(&key, None).await.unwrap().hit().unwrap().stamp.epoch, at(3));
}

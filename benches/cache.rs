//! What does a cached entry cost, in this process and over Redis?
//!
//! With the feature `peers` moka, quick_cache and redis-rs stand beside ours. Every contender must give back what was put in,
//! value by value, before it is timed, and a call that fails or finds nothing while it is timed fails the bench. The Redis part
//! starts a redis-server of its own on a free port and is left out, with a word, where none is installed.
#![expect(clippy::print_stdout, reason = "memory and percentiles are part of the result")]
#![expect(clippy::print_stderr, reason = "what is left out is said aloud")]
#![expect(clippy::unwrap_used, reason = "a bench stops at the first surprise")]
#![allow(missing_docs, reason = "the criterion macro makes a public function")]

use std::hint::black_box;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use arb_benches::memory::resident_bytes;
use arb_benches::random::Random;
use arb_cache::{
    Bounds, Cache, CacheConfig, Clock, MemoryStore, Origin, RedisConfig, RedisStore, Source, Stamp,
    Store, Write,
};
use arb_normalize::opportunity::{Action, OpportunityClass, OpportunityLeg};
use arb_normalize::{
    Book, MarketKey, Opportunity, Outcome, Price, Quantity, Side, Timestamp, Usd, Venue,
};
use bytes::Bytes;
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use tokio::runtime::Runtime;

fn key(at: usize) -> MarketKey {
    MarketKey { venue: Venue::Kalshi, id: format!("KXBENCH-26-{at}") }
}

/// A book that is no other key's.
fn book(at: usize) -> Book {
    let mut book = Book::new();
    book.set(
        Side::Bid,
        Price::from_cents(43).unwrap(),
        Quantity::from_micros(300_000_000 + 10_000 * at as u64).unwrap(),
    );
    book
}

/// What is held, in an order no prefetcher knows.
fn shuffled(count: usize) -> Vec<(MarketKey, Book)> {
    let mut held: Vec<_> = (0..count).map(|at| (key(at), book(at))).collect();
    let mut random = Random::new();
    for at in (1..count).rev() {
        held.swap(at, random.below(at as u64 + 1) as usize);
    }
    held
}

/// A hit in this process: a value with its age, judged by a clock read.
fn in_process(criterion: &mut Criterion) {
    for count in [1_000, 100_000] {
        let held = shuffled(count);
        let mut group = criterion.benchmark_group(format!("hit/{count}"));
        let runtime = Runtime::new().unwrap();
        let config = CacheConfig {
            tier: Bounds { entries: 2 * count, bytes: 1 << 30 },
            ..CacheConfig::default()
        };
        let hour = arb_cache::ClassPolicy::ttl(Duration::from_secs(3600));
        let cache = Cache::memory(config.with_policy(arb_cache::Class::Orderbook, hour));
        let stamp = Stamp::observed(cache.now(), Origin::Stream);
        runtime.block_on(async {
            for (key, book) in &held {
                cache.put_book(key, book.clone(), stamp).await.unwrap();
            }
        });
        for (key, book) in &held {
            let found = cache.peek::<Book>(key, None);
            assert_eq!(found.as_deref(), Some(book), "ours gives back what was put in");
            let found = cache.peek_at::<Book>(key, None, cache.now());
            assert_eq!(found.as_deref(), Some(book), "and so it does where the time is given");
        }
        let keys: Vec<MarketKey> = held.iter().map(|(key, _)| key.clone()).collect();
        let mut at = 0;
        group.bench_function("arb-cache", |bencher| {
            bencher.iter(|| {
                at = (at + 1) % count;
                assert!(black_box(cache.peek::<Book>(&keys[at], None)).is_some());
            });
        });
        let now = cache.now();
        group.bench_function("arb-cache, given now", |bencher| {
            bencher.iter(|| {
                at = (at + 1) % count;
                let found = cache.peek_at::<Book>(&keys[at], None, black_box(now));
                assert!(black_box(found).is_some());
            });
        });
        #[cfg(feature = "peers")]
        peers::in_process(&mut group, &keys, &held);
        group.finish();
    }
}

/// Resident bytes a million entries take beyond their keys and values.
fn resident(_: &mut Criterion) {
    arb_benches::measured::began("cache");
    const COUNT: usize = 1_000_000;
    let before = resident_bytes();
    let store = MemoryStore::new(Bounds { entries: 2 * COUNT, bytes: 1 << 30 }, Clock::system());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut payload = 0;
    runtime.block_on(async {
        for at in 0..COUNT {
            let key = format!("orderbook:kalshi:KXBENCH-26-{at}");
            let value = Bytes::from(vec![at as u8; 48]);
            payload += key.len() + value.len();
            let ttl = Duration::from_secs(3600);
            store.put(&[Write { key, value, ttl, guarded: false, rank: None }]).await.unwrap();
        }
    });
    let taken = resident_bytes().saturating_sub(before).saturating_sub(payload);
    assert_eq!(store.size().map(|size| size.entries), Some(COUNT), "every entry is held");
    println!("resident: {} bytes an entry beyond key and value, {COUNT} entries", taken / COUNT);
}

/// A throw-away server.
struct Server {
    child: Child,
    port: u16,
}

impl Server {
    /// `None` where no redis-server is installed.
    fn start() -> Option<Self> {
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let child = Command::new("redis-server")
            .args([
                "--port",
                &port.to_string(),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--dir",
                "/tmp",
                "--unixsocket",
                &socket(port),
            ])
            .stdout(Stdio::null())
            .spawn();
        if let Err(error) = &child
            && error.kind() == std::io::ErrorKind::NotFound
        {
            return None;
        }
        let server = Self { child: child.unwrap(), port };
        let deadline = Instant::now() + Duration::from_secs(10);
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < deadline, "redis-server does not listen");
            std::thread::sleep(Duration::from_millis(10));
        }
        Some(server)
    }

    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    fn unix_url(&self) -> String {
        format!("redis+unix://{}", socket(self.port))
    }
}

fn socket(port: u16) -> String {
    std::env::temp_dir().join(format!("arb-bench-{port}.sock")).display().to_string()
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(socket(self.port));
    }
}

fn write(at: usize) -> Write {
    Write {
        key: format!("price:kalshi:KXBENCH-26-{at}"),
        value: Bytes::from(vec![7; 300]),
        ttl: Duration::from_secs(600),
        guarded: false,
        rank: None,
    }
}

fn opportunity() -> Opportunity {
    let leg = |venue, outcome| OpportunityLeg {
        venue,
        market: "KXBENCH-26-1".into(),
        outcome,
        action: Action::Buy,
        limit: Price::from_cents(45).unwrap_or_default(),
        quantity: Quantity::from_contracts(100).unwrap_or_default(),
        cost_usd: Usd::from_micros(45_000_000),
        fee_usd: Usd::from_micros(1_732_500),
    };
    Opportunity {
        id: "bench/1".into(),
        at: Timestamp::from_millis(1_700_000_000_000),
        class: OpportunityClass::CrossVenue,
        pair: "bench".into(),
        legs: vec![leg(Venue::Kalshi, Outcome::Yes), leg(Venue::Polymarket, Outcome::No)],
        quantity: Quantity::from_contracts(100).unwrap_or_default(),
        gross_usd: Usd::from_micros(10_000_000),
        fees_usd: Usd::from_micros(3_465_000),
        net_usd: Usd::from_micros(6_535_000),
    }
}

fn shared(criterion: &mut Criterion) {
    let Some(server) = Server::start() else {
        return eprintln!("REDIS IS LEFT OUT: no redis-server is installed");
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let one = RedisConfig { connections: 1, ..RedisConfig::new(server.url()) };
    let store = runtime.block_on(RedisStore::connect(one.clone())).unwrap();
    runtime.block_on(store.put(&[write(0)])).unwrap();
    let key = write(0).key;
    assert_eq!(get(&runtime, &store, &key), Some(write(0).value), "ours reads what it wrote");
    let mut socket = Raw::new(server.port, &key);
    assert_eq!(socket.get(), write(0).value, "and so does a raw socket");

    let mut group = criterion.benchmark_group("redis");
    group.bench_function("get/raw-socket", |bencher| {
        bencher.iter(|| black_box(socket.get()).len());
    });
    group.bench_function("get/arb-cache", |bencher| {
        bencher.iter(|| assert!(black_box(get(&runtime, &store, &key)).is_some()));
    });
    group.bench_function("set/arb-cache", |bencher| {
        let writes = [write(0)];
        bencher.iter(|| runtime.block_on(store.put(&writes)).unwrap());
    });
    let cache = runtime.block_on(Cache::redis(one.clone(), CacheConfig::default())).unwrap();
    let trade = Arc::new(opportunity());
    group.bench_function("opportunity-upsert/arb-cache", |bencher| {
        bencher.iter(|| runtime.block_on(cache.put_opportunity(Arc::clone(&trade))).unwrap());
    });
    near_hits(&mut group, &runtime, one);
    group.throughput(Throughput::Elements(100));
    let batch: Vec<_> = (0..100).map(write).collect();
    runtime.block_on(store.put(&batch)).unwrap();
    for write in &batch {
        assert_eq!(get(&runtime, &store, &write.key), Some(write.value.clone()), "{}", write.key);
    }
    group.bench_function("set-100/arb-cache", |bencher| {
        bencher.iter(|| runtime.block_on(store.put(&batch)).unwrap());
    });
    #[cfg(feature = "peers")]
    peers::shared(&mut group, &runtime, &server.url());
    group.finish();
    percentiles(&runtime, &store, &key);
    upserts_in_turns(&runtime, "TCP", &server.url());
    upserts_in_turns(&runtime, "a unix socket", &server.unix_url());
}

fn get(runtime: &Runtime, store: &RedisStore, key: &str) -> Option<Bytes> {
    runtime.block_on(store.get(key)).unwrap()
}

/// A hit in this process of what another process may change: Redis says when it did.
fn near_hits(group: &mut BenchmarkGroup<'_, WallTime>, runtime: &Runtime, one: RedisConfig) {
    let near = RedisConfig { near: true, ..one };
    let near = runtime.block_on(Cache::redis(near, CacheConfig::default())).unwrap();
    let market = key(1);
    let held = runtime.block_on(async {
        let at = Timestamp::from_millis(4_000_000_000_000).unwrap();
        near.put_book(&market, book(1), Stamp::observed(at, Origin::Stream)).await.unwrap();
        loop {
            if let Some(held) = near.peek::<Book>(&market, None) {
                return held;
            }
            near.get_book(&market, None).await.unwrap();
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    assert_eq!(*held, book(1), "ours gives back what was put in");
    group.bench_function("near-hit/arb-cache", |bencher| {
        bencher.iter(|| {
            let found = runtime.block_on(near.get_book(&market, None)).unwrap().hit();
            assert!(found.is_some_and(|found| found.source == Source::Process));
        });
    });
}

/// What an upsert costs beside a SET and an empty round trip: in turns, so that whatever else the machine does meets all of them.
fn upserts_in_turns(runtime: &Runtime, over: &str, url: &str) {
    let one = RedisConfig { connections: 1, ..RedisConfig::new(url) };
    let store = runtime.block_on(RedisStore::connect(one.clone())).unwrap();
    let cache = runtime.block_on(Cache::redis(one, CacheConfig::default())).unwrap();
    let trade = Arc::new(opportunity());
    let set = [write(0)];
    let mut rounds: [Vec<Duration>; 3] = Default::default();
    for _ in 0..60 {
        rounds[0].push(median(|| runtime.block_on(store.ping()).is_ok()));
        rounds[1].push(median(|| runtime.block_on(store.put(&set)).is_ok()));
        rounds[2]
            .push(median(|| runtime.block_on(cache.put_opportunity(Arc::clone(&trade))).is_ok()));
    }
    let mut ratios: Vec<_> = rounds[1]
        .iter()
        .zip(&rounds[2])
        .map(|(set, upsert)| upsert.as_secs_f64() / set.as_secs_f64())
        .collect();
    ratios.sort_by(f64::total_cmp);
    let [ping, set, upsert] = rounds.map(|mut round| {
        round.sort();
        round[round.len() / 2]
    });
    println!(
        "redis over {over}: PING {ping:?}, SET {set:?}, opportunity upsert {upsert:?}, {:.2} times a SET",
        ratios[ratios.len() / 2]
    );
}

/// The median time of 300 calls, all of which must succeed.
fn median(mut call: impl FnMut() -> bool) -> Duration {
    let mut times: Vec<_> = (0..300)
        .map(|_| {
            let begun = Instant::now();
            assert!(call(), "the server answers");
            begun.elapsed()
        })
        .collect();
    times.sort();
    times[times.len() / 2]
}

/// The distribution the mission asks for: p99 of a read over loopback below 1 ms.
fn percentiles(runtime: &Runtime, store: &RedisStore, key: &str) {
    let mut times: Vec<_> = (0..20_000)
        .map(|_| {
            let begun = Instant::now();
            let found = get(runtime, store, key);
            let took = begun.elapsed();
            assert!(found.is_some(), "{key} is held");
            took
        })
        .collect();
    times.sort();
    println!(
        "redis: GET p50 {:?}, p99 {:?}, p99.9 {:?} of {}",
        times[10_000],
        times[19_800],
        times[19_980],
        times.len()
    );
}

/// GET over a blocking socket: the floor.
struct Raw {
    stream: std::net::TcpStream,
    request: String,
    answer: [u8; Self::HEAD.len() + 300 + 2],
}

impl Raw {
    /// How the answer begins if there is one.
    const HEAD: &[u8] = b"$300\r\n";

    fn new(port: u16, key: &str) -> Self {
        let stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_nodelay(true).unwrap();
        // An answer that is too short would be waited for without an end.
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let request = format!("*2\r\n$3\r\nGET\r\n${}\r\n{key}\r\n", key.len());
        Self { stream, request, answer: [0; _] }
    }

    fn get(&mut self) -> &[u8] {
        use std::io::{Read, Write};
        self.stream.write_all(self.request.as_bytes()).unwrap();
        self.stream.read_exact(&mut self.answer).unwrap();
        let value = self.answer.strip_prefix(Self::HEAD).unwrap();
        &value[..value.len() - 2]
    }
}

#[cfg(feature = "peers")]
mod peers {
    use std::hint::black_box;
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use arb_normalize::{Book, MarketKey};
    use criterion::BenchmarkGroup;
    use criterion::measurement::WallTime;
    use redis::AsyncCommands;
    use tokio::runtime::Runtime;

    struct Hour;

    impl moka::Expiry<MarketKey, Arc<Book>> for Hour {
        fn expire_after_create(
            &self,
            _: &MarketKey,
            _: &Arc<Book>,
            _: Instant,
        ) -> Option<Duration> {
            Some(Duration::from_secs(3600))
        }
    }

    pub(super) fn in_process(
        group: &mut BenchmarkGroup<'_, WallTime>,
        keys: &[MarketKey],
        held: &[(MarketKey, Book)],
    ) {
        let count = keys.len();
        let ends = Instant::now() + Duration::from_secs(3600);
        let quick = quick_cache::sync::Cache::<MarketKey, (Instant, Arc<Book>)>::new(2 * count);
        let moka =
            moka::sync::Cache::builder().max_capacity(2 * count as u64).expire_after(Hour).build();
        for (key, book) in held {
            quick.insert(key.clone(), (ends, Arc::new(book.clone())));
            moka.insert(key.clone(), Arc::new(book.clone()));
        }
        for (key, book) in held {
            let found = quick.get(key);
            assert_eq!(found.as_ref().map(|(_, book)| &**book), Some(book), "quick_cache");
            assert_eq!(moka.get(key).as_deref(), Some(book), "moka");
        }
        let mut at = 0;
        group.bench_function("quick_cache with expiry", |bencher| {
            bencher.iter(|| {
                at = (at + 1) % count;
                let held = quick.get(&keys[at]).filter(|(ends, _)| *ends > Instant::now());
                assert!(black_box(held).is_some());
            });
        });
        group.bench_function("moka with per-entry expiry", |bencher| {
            bencher.iter(|| {
                at = (at + 1) % count;
                assert!(black_box(moka.get(&keys[at])).is_some());
            });
        });
    }

    pub(super) fn shared(group: &mut BenchmarkGroup<'_, WallTime>, runtime: &Runtime, url: &str) {
        // Other values than ours, under the same keys.
        let batch: Vec<(String, Vec<u8>)> =
            (0..100).map(|at| (super::write(at).key, vec![at as u8 + 8; 300])).collect();
        let client = redis::Client::open(url).unwrap();
        let mut connection = runtime.block_on(client.get_multiplexed_async_connection()).unwrap();
        let mut set = || {
            let mut pipeline = redis::pipe();
            for (key, value) in &batch {
                pipeline.pset_ex(key, &value[..], 600_000).ignore();
            }
            runtime.block_on(pipeline.query_async::<()>(&mut connection)).unwrap();
        };
        set();
        group.bench_function("set-100/redis-rs pipeline", |bencher| bencher.iter(&mut set));
        for (key, value) in &batch {
            let read = runtime.block_on(connection.get::<_, Vec<u8>>(key)).unwrap();
            assert_eq!(read, *value, "redis-rs reads what it wrote at {key}");
        }
        group.throughput(criterion::Throughput::Elements(1));
        let (key, value) = &batch[0];
        group.bench_function("get/redis-rs", |bencher| {
            bencher.iter(|| {
                let read = runtime.block_on(connection.get::<_, Vec<u8>>(key)).unwrap();
                assert_eq!(read.len(), value.len());
            });
        });
        let cached = redis::Client::open(format!("{url}?protocol=resp3")).unwrap();
        let config = redis::AsyncConnectionConfig::new()
            .set_cache_config(redis::caching::CacheConfig::default());
        let mut cached =
            runtime.block_on(cached.get_multiplexed_async_connection_with_config(&config)).unwrap();
        for _ in 0..2 {
            let read = runtime.block_on(cached.get::<_, Vec<u8>>(key)).unwrap();
            assert_eq!(read, *value, "redis-rs reads what it wrote");
        }
        let asked = |cached: &redis::aio::MultiplexedConnection| {
            let counts = cached.get_cache_statistics().unwrap();
            (counts.hit > 0, counts.miss)
        };
        assert_eq!(asked(&cached), (true, 1), "the second read was a hit");
        group.bench_function("near-hit/redis-rs", |bencher| {
            bencher.iter(|| {
                let read = runtime.block_on(cached.get::<_, Vec<u8>>(key)).unwrap();
                assert_eq!(read.len(), value.len());
            });
        });
        assert_eq!(asked(&cached), (true, 1), "every read was a hit");
    }
}

criterion_group!(benches, resident, in_process, shared);
criterion_main!(benches);

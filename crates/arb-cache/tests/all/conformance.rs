//! One contract for all stores: memory, Redis over TCP and over a unix socket, Redis with tracking, Redis Cluster, Valkey where it
//! is installed.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arb_cache::{
    Bounds, MemoryStore, Rank, Ranked, RedisConfig, RedisStore, Store, Version, VirtualClock,
    Write, Written,
};
use arb_normalize::Timestamp;
use bytes::Bytes;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::redis_cluster::RedisCluster;
use crate::redis_server::{RedisServer, skipped};

const LONG: Duration = Duration::from_secs(600);

/// A store and how time passes for it.
pub(crate) struct Subject {
    store: Arc<dyn Store>,
    time: Option<VirtualClock>,
}

impl Subject {
    fn memory() -> Self {
        let time = VirtualClock::at(Timestamp::from_millis(1_700_000_000_000).unwrap());
        let store = MemoryStore::new(Bounds { entries: 100_000, bytes: 64 << 20 }, time.clock());
        Self { store: Arc::new(store), time: Some(time) }
    }

    pub(crate) async fn redis(config: impl Into<RedisConfig>) -> Self {
        let mut config = config.into();
        config.command_timeout = Duration::from_secs(10);
        config.connect_timeout = Duration::from_secs(10);
        Self { store: Arc::new(RedisStore::connect(config).await.unwrap()), time: None }
    }

    async fn pass(&self, time: Duration) {
        match &self.time {
            Some(clock) => clock.advance(time),
            None => tokio::time::sleep(time).await,
        }
    }
}

/// An envelope of that version with a text as payload.
fn value(epoch: i64, writer: u64, sequence: u64, text: &str) -> Bytes {
    let version = Version { epoch: Timestamp::from_nanos(epoch).unwrap(), writer, sequence };
    let mut out = vec![arb_cache::envelope::MAGIC, 1, 1, 0];
    out.extend(version.to_bytes());
    out.extend([0; 16]);
    out.extend(text.as_bytes());
    out.into()
}

fn write(key: &str, value: Bytes) -> Write {
    Write { key: key.into(), value, ttl: LONG, guarded: false, rank: None }
}

fn ranked_write(key: &str, sets: &[&str], score: i64) -> Write {
    let sets = sets.iter().map(|set| (*set).to_owned()).collect();
    Write { rank: Some(Rank { score, sets }), ..write(key, value(1, 0, 0, key)) }
}

/// What follows the hash tag in the keys of a ranking.
fn names(ranked: &[Ranked]) -> Vec<&str> {
    ranked.iter().map(|ranked| ranked.key.rsplit('}').next().unwrap()).collect()
}

async fn values_come_back(subject: &Subject) {
    let store = &subject.store;
    assert_eq!(store.get("values/none").await.unwrap(), None);
    let binary = Bytes::from((0..=255).collect::<Vec<u8>>());
    let writes: Vec<_> = (0..300)
        .map(|at| {
            write(
                &format!("values/{at}"),
                if at == 7 { binary.clone() } else { value(1, 0, at, "x") },
            )
        })
        .collect();
    assert_eq!(store.put(&writes).await.unwrap(), vec![Written::Stored; 300]);
    assert_eq!(store.get("values/7").await.unwrap(), Some(binary));
    let keys = ["values/299", "values/none", "values/0", "values/0"].map(String::from);
    let found = store.get_many(&keys).await.unwrap();
    assert_eq!(
        found,
        [Some(value(1, 0, 299, "x")), None, Some(value(1, 0, 0, "x")), Some(value(1, 0, 0, "x"))]
    );
    assert!(store.get_many(&[]).await.unwrap().is_empty());
    assert!(store.put(&[]).await.unwrap().is_empty());
    assert!(store.remove("values/0", &[]).await.unwrap());
    assert!(!store.remove("values/0", &[]).await.unwrap());
    assert_eq!(store.get("values/0").await.unwrap(), None);
    store.ping().await.unwrap();
}

async fn values_expire(subject: &Subject) {
    let store = &subject.store;
    let ttl = Duration::from_millis(200);
    let set = ["expiry/{t}set"];
    let short = Write { ttl, ..ranked_write("expiry/{t}a", &set, 2) };
    let long = ranked_write("expiry/{t}b", &set, 1);
    store.put(&[short, long]).await.unwrap();
    subject.pass(ttl + Duration::from_millis(50)).await;
    assert_eq!(store.get("expiry/{t}a").await.unwrap(), None);
    assert!(store.get("expiry/{t}b").await.unwrap().is_some());
    let ranked = store.ranked("expiry/{t}set", 0, 10).await.unwrap();
    assert_eq!(names(&ranked), ["b"], "an expired member is not ranked");
    // A longer life is given again by a new write.
    let again = ranked_write("expiry/{t}a", &set, 2);
    store.put(&[again]).await.unwrap();
    assert_eq!(names(&store.ranked("expiry/{t}set", 0, 10).await.unwrap()), ["a", "b"]);
}

async fn older_versions_are_refused(subject: &Subject) {
    let store = &subject.store;
    let guarded = |epoch, writer, sequence, text: &str| Write {
        guarded: true,
        ..write("guard/book", value(epoch, writer, sequence, text))
    };
    let put = async |write: Write| store.put(&[write]).await.unwrap()[0];
    assert_eq!(put(guarded(5, 1, 100, "first")).await, Written::Stored);
    let held = Version { epoch: Timestamp::from_nanos(5).unwrap(), writer: 1, sequence: 100 };
    for older in [
        guarded(5, 1, 99, "x"),
        guarded(5, 0, 999, "x"),
        guarded(4, 9, 999, "x"),
        guarded(-5, 9, 999, "x"),
    ] {
        assert_eq!(put(older).await, Written::Older { held: Some(held) });
    }
    assert_eq!(put(guarded(5, 1, 100, "same")).await, Written::Stored, "the same version again");
    assert_eq!(put(guarded(6, 0, 0, "restart")).await, Written::Stored, "a restart wins");
    assert_eq!(store.get("guard/book").await.unwrap(), Some(value(6, 0, 0, "restart")));
    // Something that is not ours guards nothing.
    store
        .put(&[write(
            "guard/book",
            Bytes::from_static(b"a text of another program, longer than 28 bytes"),
        )])
        .await
        .unwrap();
    assert_eq!(put(guarded(1, 0, 0, "ours")).await, Written::Stored);
    // A refused write of a batch leaves the others alone.
    let batch = [
        guarded(0x7fff_ffff_ffff_ffff, 0, 0, "new"),
        guarded(2, 0, 0, "old"),
        write("guard/other", value(1, 0, 0, "other")),
    ];
    let written = store.put(&batch).await.unwrap();
    assert!(matches!(written[..], [Written::Stored, Written::Older { .. }, Written::Stored]));
    assert!(store.get("guard/other").await.unwrap().is_some());
}

async fn the_newest_of_concurrent_writes_stays(subject: &Subject) {
    let writers = (0..8_u64).map(|writer| {
        let store = Arc::clone(&subject.store);
        tokio::spawn(async move {
            for step in 0..40_u64 {
                // Every writer visits the epochs in an order of its own.
                let epoch = 1 + i64::try_from((step * (2 * writer + 1)) % 41).unwrap();
                let write =
                    Write { guarded: true, ..write("race/book", value(epoch, writer, step, "x")) };
                store.put(&[write]).await.unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let all = (0..8_u64).flat_map(|writer| {
        (0..40_u64).map(move |step| {
            (1 + i64::try_from((step * (2 * writer + 1)) % 41).unwrap(), writer, step)
        })
    });
    let (epoch, writer, step) = all.max().unwrap();
    assert_eq!(
        subject.store.get("race/book").await.unwrap(),
        Some(value(epoch, writer, step, "x"))
    );
}

async fn rankings_are_in_order(subject: &Subject) {
    let store = &subject.store;
    let set = "order/{t}set";
    let key = |member: &str| format!("order/{{t}}{member}");
    for (member, score) in [("b", 5), ("a", 5), ("max", 1 << 53), ("min", -(1 << 53)), ("zero", 0)]
    {
        store.put(&[ranked_write(&key(member), &[set], score)]).await.unwrap();
    }
    let all = store.ranked(set, 0, 10).await.unwrap();
    assert_eq!(names(&all), ["max", "b", "a", "zero", "min"]);
    assert_eq!((all[0].score, all[4].score), (1 << 53, -(1 << 53)), "scores are exact");
    assert_eq!(names(&store.ranked(set, 1, 2).await.unwrap()), ["b", "a"]);
    assert!(store.ranked(set, 9, 2).await.unwrap().is_empty());
    assert!(store.ranked("order/{t}none", 0, 2).await.unwrap().is_empty());
    store.put(&[ranked_write(&key("zero"), &[set], 6)]).await.unwrap();
    assert_eq!(
        names(&store.ranked(set, 0, 2).await.unwrap()),
        ["max", "zero"],
        "a new score moves a member"
    );
    assert!(store.remove(&key("max"), &[set.into()]).await.unwrap());
    assert_eq!(names(&store.ranked(set, 0, 1).await.unwrap()), ["zero"]);
    // A value that went alone is not ranked any more.
    store.remove(&key("a"), &[]).await.unwrap();
    assert_eq!(names(&store.ranked(set, 0, 10).await.unwrap()), ["zero", "b", "min"]);
    assert_eq!(names(&store.ranked(set, 1, 1).await.unwrap()), ["b"], "nor skipped");
}

/// Writes of all kinds in one batch, each key in two rankings or in none.
async fn kinds_may_be_mixed(subject: &Subject) {
    let store = &subject.store;
    let (all, some) = ("mixed/{t}all", "mixed/{t}some");
    let guarded = |sequence| Write {
        guarded: true,
        ..write("mixed/{t}guarded", value(1, 0, sequence, "guarded"))
    };
    let batch = [
        guarded(2),
        ranked_write("mixed/{t}a", &[all, some], 1),
        write("mixed/{t}plain", value(1, 0, 0, "plain")),
        guarded(1),
        ranked_write("mixed/{t}b", &[all], 2),
        ranked_write("mixed/{t}c", &[all, some], 3),
        Write { ttl: 2 * LONG, ..ranked_write("mixed/{t}d", &[all, some], 4) },
        Write { guarded: true, ..ranked_write("mixed/{t}guarded", &[some], 9) },
    ];
    let written = store.put(&batch).await.unwrap();
    let refused = Written::Older {
        held: Some(Version { epoch: Timestamp::from_nanos(1).unwrap(), writer: 0, sequence: 2 }),
    };
    let mut expected = [Written::Stored; 8];
    expected[3] = refused;
    expected[7] = refused;
    assert_eq!(written, expected);
    assert_eq!(names(&store.ranked(all, 0, 10).await.unwrap()), ["d", "c", "b", "a"]);
    assert_eq!(
        names(&store.ranked(some, 0, 10).await.unwrap()),
        ["d", "c", "a"],
        "refused, not ranked"
    );
    assert!(store.remove("mixed/{t}c", &[all.into(), some.into()]).await.unwrap());
    assert_eq!(names(&store.ranked(all, 0, 10).await.unwrap()), ["d", "b", "a"]);
    assert_eq!(names(&store.ranked(some, 0, 10).await.unwrap()), ["d", "a"]);
    let keys = ["plain", "guarded"].map(|name| format!("mixed/{{t}}{name}"));
    let held = store.get_many(&keys).await.unwrap();
    assert_eq!(held, [Some(value(1, 0, 0, "plain")), Some(value(1, 0, 2, "guarded"))]);
}

/// One step of a random history on a handful of keys.
#[derive(Debug, Clone)]
enum Step {
    Put { key: u8, epoch: i64, sequence: u64, guarded: bool, score: Option<i64> },
    Remove { key: u8 },
    Read { key: u8 },
    ReadAll,
    Top { skip: usize, count: usize },
}

fn step() -> impl Strategy<Value = Step> {
    let key = 0_u8..4;
    prop_oneof![
        4 => (key.clone(), 1_i64..4, 0_u64..4, any::<bool>(), proptest::option::of(-2_i64..3)).prop_map(
            |(key, epoch, sequence, guarded, score)| Step::Put { key, epoch, sequence, guarded, score }
        ),
        1 => key.clone().prop_map(|key| Step::Remove { key }),
        2 => key.prop_map(|key| Step::Read { key }),
        1 => Just(Step::ReadAll),
        2 => (0_usize..3, 0_usize..5).prop_map(|(skip, count)| Step::Top { skip, count }),
    ]
}

#[derive(Default)]
struct Model {
    values: HashMap<u8, (i64, u64)>,
    scores: HashMap<u8, i64>,
}

async fn apply(
    store: &dyn Store,
    case: usize,
    model: &mut Model,
    step: &Step,
) -> Result<(), TestCaseError> {
    let name = |key: u8| format!("history/{{t}}{case}/{key}");
    let set = format!("history/{{t}}{case}/set");
    let expected = |model: &Model, key: u8| {
        model.values.get(&key).map(|(epoch, sequence)| value(*epoch, 0, *sequence, "x"))
    };
    match *step {
        Step::Put { key, epoch, sequence, guarded, score } => {
            // A key is ranked always or never, as the classes of the cache are.
            let score = if key % 2 == 0 { Some(score.unwrap_or(0)) } else { None };
            let rank = score.map(|score| Rank { score, sets: vec![set] });
            let write =
                Write { guarded, rank, ..write(&name(key), value(epoch, 0, sequence, "x")) };
            let refused =
                guarded && model.values.get(&key).is_some_and(|held| *held > (epoch, sequence));
            let written = store.put(&[write]).await.unwrap();
            prop_assert_eq!(matches!(written[0], Written::Older { .. }), refused);
            if !refused {
                model.values.insert(key, (epoch, sequence));
                model.scores.extend(score.map(|score| (key, score)));
            }
        }
        Step::Remove { key } => {
            let removed = store.remove(&name(key), &[set]).await.unwrap();
            prop_assert_eq!(removed, model.values.remove(&key).is_some());
            model.scores.remove(&key);
        }
        Step::Read { key } => {
            prop_assert_eq!(store.get(&name(key)).await.unwrap(), expected(model, key));
        }
        Step::ReadAll => {
            let keys: Vec<_> = (0..4).map(name).collect();
            let all: Vec<_> = (0..4).map(|key| expected(model, key)).collect();
            prop_assert_eq!(store.get_many(&keys).await.unwrap(), all);
        }
        Step::Top { skip, count } => {
            let mut all: Vec<_> =
                model.scores.iter().map(|(key, score)| (*score, name(*key))).collect();
            all.sort_by(|a, b| b.cmp(a));
            let expected: Vec<_> = all
                .into_iter()
                .skip(skip)
                .take(count)
                .map(|(score, key)| Ranked { key, score })
                .collect();
            prop_assert_eq!(store.ranked(&set, skip, count).await.unwrap(), expected);
        }
    }
    Ok(())
}

/// Random histories agree with a model of a few lines.
fn histories_agree(runtime: &tokio::runtime::Runtime, subject: &Subject) {
    let cases = if std::env::var_os("ARB_LONG").is_some() { 2000 } else { 40 };
    let mut runner =
        TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let case = std::cell::Cell::new(0);
    let strategy = proptest::collection::vec(step(), 1..40);
    let outcome = runner.run(&strategy, |steps| {
        case.set(case.get() + 1);
        runtime.block_on(async {
            let mut model = Model::default();
            for step in &steps {
                apply(&*subject.store, case.get(), &mut model, step).await?;
            }
            Ok(())
        })
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

pub(crate) fn conforms(open: impl AsyncFnOnce() -> Subject) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let subject = runtime.block_on(async {
        let subject = open().await;
        values_come_back(&subject).await;
        values_expire(&subject).await;
        older_versions_are_refused(&subject).await;
        the_newest_of_concurrent_writes_stays(&subject).await;
        rankings_are_in_order(&subject).await;
        kinds_may_be_mixed(&subject).await;
        subject
    });
    histories_agree(&runtime, &subject);
    runtime.block_on(async move { drop(subject) });
}

#[test]
fn memory_conforms() {
    conforms(async || Subject::memory());
}

#[test]
fn redis_conforms() {
    if skipped() {
        return;
    }
    let server = RedisServer::start();
    conforms(async || Subject::redis(server.url().as_str()).await);
}

#[test]
fn redis_over_a_unix_socket_conforms() {
    if skipped() {
        return;
    }
    let server = RedisServer::start();
    conforms(async || Subject::redis(server.unix_url().as_str()).await);
}

#[test]
fn redis_with_tracking_conforms() {
    if skipped() {
        return;
    }
    let server = RedisServer::start();
    conforms(async || {
        Subject::redis(RedisConfig { near: true, ..RedisConfig::new(server.url()) }).await
    });
}

#[test]
fn a_cluster_conforms() {
    if skipped() {
        return;
    }
    let cluster = RedisCluster::start();
    conforms(async || Subject::redis(cluster.url().as_str()).await);
}

#[test]
fn valkey_conforms_where_it_is_installed() {
    let installed = std::process::Command::new("valkey-server").arg("--version").output().is_ok();
    if skipped() || !installed {
        println!("skipped: there is no valkey-server");
        return;
    }
    let server = RedisServer::start_program("valkey-server", &[]);
    conforms(async || Subject::redis(server.url().replacen("redis", "valkey", 1).as_str()).await);
}

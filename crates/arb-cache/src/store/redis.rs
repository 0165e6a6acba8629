//! A store that processes share: Redis, alone or as a cluster, through fred.

mod config;
mod failure;
mod near;
mod scripts;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use fred::clients::{Client, WithOptions};
use fred::error::{Error, ErrorKind};
use fred::interfaces::{ClientLike, KeysInterface, MetricsInterface, SortedSetsInterface};
use fred::types::config::{Config, Options, ReconnectPolicy, UnresponsiveConfig};
use fred::types::{ConnectHandle, Expiration, Key, RespVersion, Value};
use fred::util::redis_keyslot;
use futures_util::future::{join_all, try_join_all};

use self::failure::translate;
use self::near::Tracker;
use self::scripts::{Call, Script, Scripts};
use super::{Invalidation, Rank, Ranked, Store, Write, Written};
use crate::{CacheError, Version};

pub use config::RedisConfig;

/// How many values one script call carries; the server serves nobody else meanwhile.
const WRITES_PER_CALL: usize = 128;

/// A Redis server, a Redis behind sentinels, or a Redis Cluster.
///
/// Commands are never repeated by the client and fail at once while there is no connection, and within
/// [`RedisConfig::command_timeout`] while the server is silent; connections are dialled again in the background for ever. A batch of writes
/// is one script call per 128 values (per slot in a cluster), which costs one round trip and is faster than a pipeline of SETs.
pub struct RedisStore {
    connections: Vec<WithOptions<Client>>,
    next: AtomicUsize,
    /// The connections' tasks, which end with the store.
    tasks: Vec<ConnectHandle>,
    scripts: Scripts,
    clustered: bool,
    timeout: Duration,
    /// How many commands may wait in a connection.
    waiting_commands: usize,
    /// Reads go through this one connection when the store reports changes.
    tracker: Option<Tracker>,
}

impl std::fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisStore")
            .field("connections", &self.connections.len())
            .field("clustered", &self.clustered)
            .field("near", &self.tracker.is_some())
            .finish_non_exhaustive()
    }
}

impl Drop for RedisStore {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl RedisStore {
    /// Connects.
    ///
    /// # Errors
    /// [`CacheError::Setting`] for an unusable URL; otherwise when the server does not answer within the
    /// [`connect timeout`](RedisConfig::connect_timeout), unless [`RedisConfig::may_start_without`] is set.
    ///
    /// # Cancel safety
    /// Dropping the future closes what was opened.
    pub async fn connect(config: RedisConfig) -> Result<Self, CacheError> {
        let mut client = config.parse_url()?;
        client.version = RespVersion::RESP3;
        client.fail_fast = !config.may_start_without;
        let clustered = client.server.is_clustered();
        let options = Options {
            timeout: Some(config.command_timeout),
            fail_fast: true,
            max_attempts: Some(1),
            ..Options::default()
        };
        let mut store = Self {
            connections: Vec::new(),
            next: AtomicUsize::new(0),
            tasks: Vec::new(),
            scripts: Scripts::new(),
            clustered,
            timeout: config.command_timeout,
            waiting_commands: config.waiting_commands.max(1),
            tracker: None,
        };
        for _ in 0..config.connections.max(1) {
            let connection = store.open(&client, &config).await?;
            store.connections.push(connection.with_options(&options));
        }
        if config.near {
            let connection = store.open(&client, &config).await?;
            store.tracker = Some(Tracker::new(connection, &options));
        }
        Ok(store)
    }

    async fn open(&mut self, client: &Config, config: &RedisConfig) -> Result<Client, CacheError> {
        let client = build(client.clone(), config)?;
        if config.may_start_without {
            self.tasks.push(client.connect());
            return Ok(client);
        }
        match tokio::time::timeout(config.connect_timeout, client.init()).await {
            Ok(Ok(task)) => self.tasks.push(task),
            Ok(Err(error)) => return Err(translate("connect", config.connect_timeout, error)),
            Err(_) => {
                return Err(CacheError::TimedOut {
                    operation: "connect",
                    after: config.connect_timeout,
                });
            }
        }
        Ok(client)
    }

    /// The next connection that stands and takes another command; any, when none does.
    fn connection(&self, operation: &'static str) -> Result<&WithOptions<Client>, CacheError> {
        let count = self.connections.len();
        // Relaxed: the number only spreads the load.
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        let mut round = (0..count).map(|step| &self.connections[first.wrapping_add(step) % count]);
        let connection = round
            .find(|connection| connection.is_connected() && self.has_room(connection))
            .unwrap_or(&self.connections[first % count]);
        self.admit(connection, operation)
    }

    fn reader(&self, operation: &'static str) -> Result<&WithOptions<Client>, CacheError> {
        match &self.tracker {
            Some(tracker) => self.admit(tracker.connection(), operation),
            None => self.connection(operation),
        }
    }

    fn has_room(&self, connection: &WithOptions<Client>) -> bool {
        connection.command_queue_len() < self.waiting_commands
    }

    /// Refuses when as many commands wait as may. The client has a bound of its own, but counts what it refuses as waiting for
    /// ever, and sends nothing at once while it believes that something waits: after one refusal every command would time out.
    fn admit<'a>(
        &self,
        connection: &'a WithOptions<Client>,
        operation: &'static str,
    ) -> Result<&'a WithOptions<Client>, CacheError> {
        if self.has_room(connection) {
            return Ok(connection);
        }
        let full = Error::new(ErrorKind::Backpressure, "as many commands wait as are allowed");
        Err(translate(operation, self.timeout, full))
    }

    async fn run(&self, script: &Script, call: impl Fn() -> Call) -> Result<Value, CacheError> {
        script.run(self.connection(script.operation())?, call, self.timeout).await
    }

    /// One script call for writes of one kind whose keys and rankings share a slot.
    async fn put_together(&self, writes: &[&Write]) -> Result<Vec<Written>, CacheError> {
        let mut all = vec![Written::Stored; writes.len()];
        let Some((guarded, sets)) = writes.first().map(|first| (first.guarded, sets_of(first)))
        else {
            return Ok(all);
        };
        if !guarded && sets.is_empty() {
            self.run(&self.scripts.set, || plain_call(writes)).await?;
            return Ok(all);
        }
        let answer = self.run(&self.scripts.put, || put_call(writes)).await?;
        let mut answer = answer.into_array().into_iter();
        while let (Some(at), Some(held)) = (answer.next(), answer.next()) {
            let at = at.as_i64().and_then(|at| usize::try_from(at).ok());
            let held = held.as_bytes().and_then(|bytes| bytes.try_into().ok());
            if let Some(written) = at.and_then(|at| all.get_mut(at)) {
                *written = Written::Older { held: held.and_then(Version::from_bytes) };
            }
        }
        Ok(all)
    }

    async fn put_alone(&self, write: &Write) -> Result<Written, CacheError> {
        if write.guarded || write.rank.is_some() {
            let written = self.put_together(&[write]).await?;
            return Ok(written.into_iter().next().unwrap_or(Written::Stored));
        }
        let ttl = i64::try_from(write.ttl.as_millis()).unwrap_or(i64::MAX).max(1);
        let (key, value) = (write.key.as_str(), write.value.clone());
        let connection = self.connection("write")?;
        let answer = connection.set::<(), _, _>(key, value, Some(Expiration::PX(ttl)), None, false);
        answer.await.map_err(|error| translate("write", self.timeout, error))?;
        Ok(Written::Stored)
    }

    async fn put_anywhere(&self, writes: &[&Write]) -> Result<Vec<Written>, CacheError> {
        let mut written = Vec::with_capacity(writes.len());
        for alike in writes.chunk_by(|a, b| are_alike(a, b)) {
            for some in alike.chunks(WRITES_PER_CALL) {
                match some {
                    [one] => written.push(self.put_alone(one).await?),
                    _ => written.extend(self.put_together(some).await?),
                }
            }
        }
        Ok(written)
    }

    /// Writes over the slots of a cluster: rankings that lie elsewhere first, then one call per slot, all at once.
    async fn put_by_slot(&self, writes: &[Write]) -> Result<Vec<Written>, CacheError> {
        let mut elsewhere: Vec<(&str, Vec<(&Write, i64)>)> = Vec::new();
        let mut bare = Vec::with_capacity(writes.len());
        for write in writes {
            let slot = redis_keyslot(write.key.as_bytes());
            let (near, far): (Vec<_>, Vec<_>) =
                sets_of(write).iter().partition(|set| redis_keyslot(set.as_bytes()) == slot);
            let score = write.rank.as_ref().map_or(0, |rank| rank.score);
            for set in far {
                match elsewhere.iter_mut().find(|(name, _)| name == set) {
                    Some((_, ranked)) => ranked.push((write, score)),
                    None => elsewhere.push((set, vec![(write, score)])),
                }
            }
            let sets: Vec<_> = near.into_iter().cloned().collect();
            let rank = (!sets.is_empty()).then_some(Rank { score, sets });
            bare.push(Write { rank, ..write.clone() });
        }
        try_join_all(elsewhere.iter().map(async |(set, ranked)| {
            for some in ranked.chunks(WRITES_PER_CALL) {
                for alike in some.chunk_by(|(a, _), (b, _)| a.ttl == b.ttl) {
                    self.run(&self.scripts.rank, || rank_call(set, alike)).await?;
                }
            }
            Ok::<_, CacheError>(())
        }))
        .await?;
        let groups = by_slot(bare.iter().map(|write| write.key.as_str()));
        let calls = groups.iter().map(|group| async {
            let writes: Vec<_> = group.iter().map(|at| &bare[*at]).collect();
            self.put_anywhere(&writes).await
        });
        let mut all = vec![Written::Stored; writes.len()];
        for (group, written) in groups.iter().zip(join_all(calls).await) {
            for (at, written) in group.iter().zip(written?) {
                all[*at] = written;
            }
        }
        Ok(all)
    }

    async fn get_together(&self, keys: Vec<String>) -> Result<Vec<Option<Bytes>>, CacheError> {
        let answer = self.reader("read")?.mget::<Vec<Option<Bytes>>, _>(keys).await;
        answer.map_err(|error| translate("read", self.timeout, error))
    }
}

#[async_trait]
impl Store for RedisStore {
    async fn get(&self, key: &str) -> Result<Option<Bytes>, CacheError> {
        let answer = self.reader("read")?.get::<Option<Bytes>, _>(key).await;
        answer.map_err(|error| translate("read", self.timeout, error))
    }

    async fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Bytes>>, CacheError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        if !self.clustered {
            return self.get_together(keys.to_vec()).await;
        }
        // A cluster answers an MGET only within one slot.
        let groups = by_slot(keys.iter().map(String::as_str));
        let calls = groups.iter().map(|group| async {
            match group.as_slice() {
                [one] => Ok(vec![self.get(&keys[*one]).await?]),
                _ => self.get_together(group.iter().map(|at| keys[*at].clone()).collect()).await,
            }
        });
        let mut all = vec![None; keys.len()];
        for (group, values) in groups.iter().zip(join_all(calls).await) {
            for (at, value) in group.iter().zip(values?) {
                all[*at] = value;
            }
        }
        Ok(all)
    }

    async fn put(&self, writes: &[Write]) -> Result<Vec<Written>, CacheError> {
        if self.clustered {
            return self.put_by_slot(writes).await;
        }
        self.put_anywhere(&writes.iter().collect::<Vec<_>>()).await
    }

    async fn remove(&self, key: &str, sets: &[String]) -> Result<bool, CacheError> {
        let slot = redis_keyslot(key.as_bytes());
        let (near, far): (Vec<_>, Vec<_>) =
            sets.iter().partition(|set| !self.clustered || redis_keyslot(set.as_bytes()) == slot);
        let names = || std::iter::once(key).chain(near.iter().map(|set| set.as_str()));
        let call = || Call { keys: names().map(Key::from).collect(), args: Vec::new() };
        let removed = self.run(&self.scripts.remove, call).await?;
        for set in far {
            for set in [set.clone(), expiry_of(set)] {
                let answer = self.connection("remove")?.zrem::<(), _, _>(set, key).await;
                answer.map_err(|error| translate("remove", self.timeout, error))?;
            }
        }
        Ok(removed.as_i64().is_some_and(|count| count > 0))
    }

    async fn ranked(
        &self,
        set: &str,
        skip: usize,
        count: usize,
    ) -> Result<Vec<Ranked>, CacheError> {
        if count == 0 {
            return Ok(Vec::new());
        }
        let call = || Call {
            keys: vec![set.into(), expiry_of(set).into()],
            args: vec![number(skip), number(count)],
        };
        let mut answer = self.run(&self.scripts.ranked, call).await?.into_array().into_iter();
        let mut ranked = Vec::new();
        while let (Some(key), Some(score)) = (answer.next(), answer.next()) {
            // Scores beyond what an i64 prints are not ours; they rank, and read as 0.
            let score = score.as_i64().unwrap_or(0);
            ranked.extend(key.into_string().map(|key| Ranked { key, score }));
        }
        Ok(ranked)
    }

    async fn ping(&self) -> Result<(), CacheError> {
        let answer = self.connection("ping")?.ping::<Value>(None).await;
        answer.map(|_| ()).map_err(|error| translate("ping", self.timeout, error))
    }

    fn watch(&self, sink: Arc<dyn Invalidation>) -> bool {
        match &self.tracker {
            Some(tracker) => {
                tracker.report_to(sink);
                true
            }
            None => false,
        }
    }

    fn is_clustered(&self) -> bool {
        self.clustered
    }
}

fn build(client: Config, config: &RedisConfig) -> Result<Client, CacheError> {
    let timeout = config.connect_timeout;
    let millis = |time: Duration| u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
    fred::types::Builder::from_config(client)
        .with_performance_config(|performance| {
            performance.default_command_timeout = config.command_timeout;
            performance.broadcast_channel_capacity = config.invalidations;
        })
        .with_connection_config(|connection| {
            connection.connection_timeout = timeout;
            connection.internal_command_timeout = timeout;
            connection.max_command_attempts = 1;
            connection.auto_client_setname = true;
            connection.unresponsive = UnresponsiveConfig {
                max_timeout: Some(config.silent_for),
                interval: (config.silent_for / 4).max(Duration::from_millis(10)),
            };
            connection.tcp.nodelay = Some(true);
        })
        // Zero attempts: for ever.
        .set_policy(ReconnectPolicy::new_exponential(
            0,
            millis(config.redial.0),
            millis(config.redial.1),
            2,
        ))
        .build()
        .map_err(|error| translate("configure", timeout, error))
}

/// Positions of keys, those of one slot together.
fn by_slot<'a>(keys: impl Iterator<Item = &'a str>) -> Vec<Vec<usize>> {
    let mut groups = std::collections::BTreeMap::<u16, Vec<usize>>::new();
    for (at, key) in keys.enumerate() {
        groups.entry(redis_keyslot(key.as_bytes())).or_default().push(at);
    }
    groups.into_values().collect()
}

/// Where the expiry times are kept of a ranking whose keys lie in other slots. Rankings carry a hash tag, so both lie in one slot.
fn expiry_of(set: &str) -> String {
    format!("{set}:expiry")
}

fn number(number: usize) -> Value {
    Value::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}

fn sets_of(write: &Write) -> &[String] {
    write.rank.as_ref().map_or(&[], |rank| &rank.sets)
}

/// Whether one script call may carry both.
fn are_alike(a: &Write, b: &Write) -> bool {
    a.ttl == b.ttl && a.guarded == b.guarded && sets_of(a).len() == sets_of(b).len()
}

/// What `set.lua` expects.
fn plain_call(writes: &[&Write]) -> Call {
    let mut call = Call::with_room(writes.len(), 1 + writes.len());
    call.args.extend(writes.first().map(|first| millis(first.ttl)));
    for write in writes {
        call.keys.push(write.key.as_str().into());
        call.args.push(Value::Bytes(write.value.clone()));
    }
    call
}

/// What `put.lua` expects.
fn put_call(writes: &[&Write]) -> Call {
    let Some(first) = writes.first() else { return Call::default() };
    let sets = sets_of(first).len();
    let mut call = Call::with_room(writes.len() * (1 + sets), 2 + 2 * writes.len());
    call.args.extend([millis(first.ttl), number(2 * sets + usize::from(first.guarded))]);
    for write in writes {
        call.keys.push(write.key.as_str().into());
        call.args.push(Value::Bytes(write.value.clone()));
        if let Some(rank) = &write.rank {
            call.keys.extend(rank.sets.iter().map(|set| Key::from(set.as_str())));
            call.args.push(Value::Integer(rank.score));
        }
    }
    call
}

/// What `rank.lua` expects.
fn rank_call(set: &str, ranked: &[(&Write, i64)]) -> Call {
    let mut args = Vec::with_capacity(1 + 2 * ranked.len());
    args.extend(ranked.first().map(|(write, _)| millis(write.ttl)));
    for (write, score) in ranked {
        args.extend([write.key.as_str().into(), Value::Integer(*score)]);
    }
    Call { keys: vec![set.into(), expiry_of(set).into()], args }
}

/// Redis counts times to live in milliseconds and refuses zero; the largest leaves room for sums in Lua's numbers.
fn millis(time: Duration) -> Value {
    Value::Integer(i64::try_from(time.as_millis()).unwrap_or(i64::MAX).clamp(1, 1 << 50))
}

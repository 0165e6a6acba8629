//! The seam between the typed cache and what holds its bytes.

pub(crate) mod memory;
#[cfg(feature = "redis")]
pub(crate) mod redis;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use crate::{CacheError, Version};

/// A value to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// Under which key.
    pub key: String,
    /// An envelope: its [version](crate::envelope::version_of) lies at a fixed place.
    pub value: Bytes,
    /// How long the store keeps it.
    pub ttl: Duration,
    /// Whether a held value of a higher version refuses the write.
    pub guarded: bool,
    /// The rankings the key enters together with the value, never one without the other.
    pub rank: Option<Rank>,
}

/// A key's place in rankings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rank {
    /// Higher comes first. Redis keeps scores as `f64`, therefore at most ±2^53.
    pub score: i64,
    /// The rankings, the same in every write of one key and the widest first: a key of a later one is in the earlier ones, too.
    pub sets: Vec<String>,
}

/// A key in a ranking with its score.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranked {
    /// The key.
    pub key: String,
    /// Its score.
    pub score: i64,
}

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It is held.
    Stored,
    /// Refused: a higher version is held.
    Older {
        /// That version; `None` where its epoch is unreadable.
        held: Option<Version>,
    },
}

/// How much a store in this process holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StoreSize {
    /// Entries, expired ones that were not swept yet among them.
    pub entries: usize,
    /// Bytes of keys and values.
    pub bytes: usize,
}

/// Told by a store that tracks what it handed out; see [`Store::watch`].
pub trait Invalidation: Send + Sync {
    /// The value under `key` changed or left.
    fn changed(&self, key: &str);
    /// Changes may have been missed: everything handed out before is suspect. `tracking` says whether changes are
    /// reported from now on.
    fn lost(&self, tracking: bool);
}

/// Holds bytes under keys for a while, and rankings of keys.
///
/// All methods may be repeated safely. Each write of a batch is atomic with its ranks; the batch as a whole is not.
///
/// # Cancel safety
/// A dropped future may or may not have taken effect, and never by half.
#[async_trait]
pub trait Store: Send + Sync + fmt::Debug + 'static {
    /// The value under `key`.
    ///
    /// # Errors
    /// When the store cannot be asked.
    async fn get(&self, key: &str) -> Result<Option<Bytes>, CacheError>;

    /// The values under `keys`, in their order.
    ///
    /// # Errors
    /// When the store cannot be asked.
    async fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Bytes>>, CacheError>;

    /// Writes values, in order; what became of each.
    ///
    /// # Errors
    /// When the store cannot be asked, is full or refuses; some of the batch may then be written.
    async fn put(&self, writes: &[Write]) -> Result<Vec<Written>, CacheError>;

    /// Removes the value under `key` together with its places in the rankings `sets`. Whether there was a value.
    ///
    /// # Errors
    /// When the store cannot be asked.
    async fn remove(&self, key: &str, sets: &[String]) -> Result<bool, CacheError>;

    /// The keys of a ranking whose value has not expired, highest score first (equal scores: the greater key first),
    /// `count` of them after the first `skip`. In a cluster a key whose slot is not that of the ranking stays in it for the
    /// time to live of its last write, even when its value was lost before.
    ///
    /// # Errors
    /// When the store cannot be asked.
    async fn ranked(&self, set: &str, skip: usize, count: usize)
    -> Result<Vec<Ranked>, CacheError>;

    /// Asks for a sign of life.
    ///
    /// # Errors
    /// When there is none.
    async fn ping(&self) -> Result<(), CacheError>;

    /// Reports changes of values handed out by [`Store::get`] to `sink` from now on, if the store can. The sink starts
    /// without trust: the first word to it is [`Invalidation::lost`] with `tracking: true`.
    fn watch(&self, sink: Arc<dyn Invalidation>) -> bool {
        let _ = sink;
        false
    }

    /// How much it holds, for stores in this process.
    fn size(&self) -> Option<StoreSize> {
        None
    }

    /// Whether keys are spread over the nodes of a cluster by their hash tags.
    fn is_clustered(&self) -> bool {
        false
    }
}

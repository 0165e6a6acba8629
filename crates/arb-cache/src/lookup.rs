//! What a read answers.

use std::sync::Arc;
use std::time::Duration;

use crate::Stamp;

/// Where a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Source {
    /// This process: nothing was copied or decoded.
    Process,
    /// The store behind it.
    Store,
    /// The caller's own source, just now.
    Loaded,
}

/// A value with what is known about its age.
#[derive(Debug)]
pub struct Cached<T> {
    /// The value; cloning it copies nothing.
    pub value: Arc<T>,
    /// Time since the last frame that vouches for it, by the cache's clock; since it came here, where its stamp lay ahead of
    /// that clock. The wall clock put right changes no age of a value that this process holds.
    pub age: Duration,
    /// Version, receive time, venue time and origin.
    pub stamp: Stamp,
    /// Who wrote it.
    pub writer: u64,
    /// Where it was found.
    pub source: Source,
    /// Older than asked for, and served because the class's policy allows it: a refresh is under way, the store is gone, or the
    /// source that was asked had nothing younger.
    pub stale: bool,
}

impl<T> Clone for Cached<T> {
    fn clone(&self) -> Self {
        Self { value: Arc::clone(&self.value), ..*self }
    }
}

impl<T> std::ops::Deref for Cached<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// Why there is no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Miss {
    /// Nothing under that key.
    Absent,
    /// A value older than asked for.
    Stale {
        /// Its age.
        age: Duration,
    },
    /// Something this program cannot read: another schema version or another program's value.
    Foreign {
        /// The schema byte, where the envelope is ours.
        schema: Option<u8>,
    },
    /// The store holds an older version than this process has seen: it lost a write, as a promoted replica may.
    Regressed,
}

/// A value, or why there is none.
#[derive(Debug, Clone)]
pub enum Lookup<T> {
    /// A value young enough.
    Hit(Cached<T>),
    /// None.
    Miss(Miss),
}

impl<T> Lookup<T> {
    /// The value, if there is one.
    #[must_use]
    pub fn hit(self) -> Option<Cached<T>> {
        match self {
            Self::Hit(cached) => Some(cached),
            Self::Miss(_) => None,
        }
    }

    /// Why there is none.
    #[must_use]
    pub const fn miss(&self) -> Option<Miss> {
        match self {
            Self::Hit(_) => None,
            Self::Miss(miss) => Some(*miss),
        }
    }
}

//! The primitives the lock-free half is built on; its interleaving tests put loom's in their place.

pub(crate) use std::sync::atomic::{AtomicU64, Ordering};
pub(crate) use std::sync::{Mutex, MutexGuard};

/// How many generations have a word of their own before the first one's is used again.
pub(crate) const GENERATIONS: usize = 64;

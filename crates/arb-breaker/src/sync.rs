//! The primitives the lock-free half is built on; its interleaving tests put loom's in their place.

pub(crate) use std::sync::atomic::{AtomicU64, Ordering};
pub(crate) use std::sync::{Mutex, MutexGuard};

//! What can go wrong between a caller and a store.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use crate::Class;

/// A cause, shared so that all callers waiting for one load get it.
pub type Cause = Arc<dyn Error + Send + Sync>;

/// Why a cache operation gave no answer. A value that is missing, too old or unreadable is no error but a
/// [`Miss`](crate::Miss).
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum CacheError {
    /// The store cannot be reached; it is dialled again in the background.
    #[error(
        "store unreachable during {operation}: check that the server runs, the cache reconnects by itself"
    )]
    Unreachable {
        /// What was attempted.
        operation: &'static str,
        /// The client's reason.
        #[source]
        source: Cause,
    },
    /// The store did not answer in time. A write may or may not have happened; repeating it is safe.
    #[error(
        "no answer from the store to {operation} within {after:?}: raise the command timeout or look at the server's load"
    )]
    TimedOut {
        /// What was attempted.
        operation: &'static str,
        /// The command timeout.
        after: Duration,
    },
    /// More commands are waiting than the client's buffer holds.
    #[error(
        "too many commands waiting for the store during {operation}: raise the pool size or write less often"
    )]
    Overloaded {
        /// What was attempted.
        operation: &'static str,
        /// The client's reason.
        #[source]
        source: Cause,
    },
    /// The server is out of memory and refuses writes.
    #[error(
        "store is out of memory during {operation}: raise its maxmemory or set an eviction policy"
    )]
    Full {
        /// What was attempted.
        operation: &'static str,
        /// The server's words.
        #[source]
        source: Cause,
    },
    /// A key holds something that is not ours, such as a list.
    #[error("key of {operation} holds a foreign type: remove it or set another key prefix")]
    WrongType {
        /// What was attempted.
        operation: &'static str,
        /// The server's words.
        #[source]
        source: Cause,
    },
    /// The server refuses: authentication, permissions, an unknown command.
    #[error("store refuses {operation}")]
    Refused {
        /// What was attempted.
        operation: &'static str,
        /// The server's words.
        #[source]
        source: Cause,
    },
    /// A value could not be encoded.
    #[error("{class} value cannot be encoded")]
    Encode {
        /// Its class.
        class: Class,
        /// Why.
        #[source]
        source: Cause,
    },
    /// The caller's loader failed.
    #[error("loading a {class} value failed")]
    Load {
        /// Its class.
        class: Class,
        /// The loader's error.
        #[source]
        source: Cause,
    },
    /// The caller's loader took too long.
    #[error(
        "loading a {class} value took longer than {after:?}: raise the load timeout or mend the source"
    )]
    LoadTimedOut {
        /// Its class.
        class: Class,
        /// The configured limit.
        after: Duration,
    },
    /// A setting cannot be used.
    #[error("setting {name} = {value:?} is invalid: {reason}")]
    Setting {
        /// Which.
        name: String,
        /// What it was.
        value: String,
        /// What is expected.
        reason: String,
    },
}

impl CacheError {
    /// Whether trying again later can help without changing anything.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::TimedOut { .. }
            | Self::Overloaded { .. }
            | Self::Full { .. }
            | Self::Load { .. }
            | Self::LoadTimedOut { .. } => true,
            Self::WrongType { .. }
            | Self::Refused { .. }
            | Self::Encode { .. }
            | Self::Setting { .. } => false,
        }
    }
}

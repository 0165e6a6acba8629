//! The client's errors in this crate's words.

use std::sync::Arc;
use std::time::Duration;

use fred::error::{Error, ErrorKind};

use crate::CacheError;

/// Server errors that pass: it starts, fails over, or is busy with a long script.
const PASSING: [&str; 8] = [
    "LOADING",
    "BUSY",
    "CLUSTERDOWN",
    "MASTERDOWN",
    "READONLY",
    "TRYAGAIN",
    "MISCONF",
    "NOREPLICAS",
];

pub(super) fn translate(operation: &'static str, after: Duration, error: Error) -> CacheError {
    let details = error.details();
    // Inside scripts old servers put their own words in front, hence `contains`.
    if details.contains("WRONGTYPE") {
        return CacheError::WrongType { operation, source: Arc::new(error) };
    }
    if details.contains("OOM command not allowed") {
        return CacheError::Full { operation, source: Arc::new(error) };
    }
    if PASSING.iter().any(|word| details.starts_with(word)) {
        return CacheError::Unreachable { operation, source: Arc::new(error) };
    }
    match error.kind() {
        ErrorKind::Timeout => CacheError::TimedOut { operation, after },
        ErrorKind::IO
        | ErrorKind::Canceled
        | ErrorKind::Routing
        | ErrorKind::Cluster
        | ErrorKind::Protocol
        | ErrorKind::Sentinel => CacheError::Unreachable { operation, source: Arc::new(error) },
        // The client's words for a connection whose task has ended.
        ErrorKind::Unknown if details.contains("router") || details.contains("not initialized") => {
            CacheError::Unreachable { operation, source: Arc::new(error) }
        }
        ErrorKind::Backpressure => CacheError::Overloaded { operation, source: Arc::new(error) },
        _ => CacheError::Refused { operation, source: Arc::new(error) },
    }
}

//! What can go wrong.

use std::io;
use std::net::SocketAddr;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MonitorError {
    /// A process has one global recorder and it was set before.
    #[error("a global metrics recorder is already installed: install the monitor's first")]
    RecorderInstalled,
    /// Two components or sinks carry the same name.
    #[error("the {what} name {name:?} is used twice: give each its own")]
    DuplicateName {
        /// What carries the name.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A setting that cannot work.
    #[error("{setting} is {value}: {hint}")]
    Config {
        /// The setting.
        setting: &'static str,
        /// Its value.
        value: String,
        /// What to do.
        hint: &'static str,
    },
    /// The status page could not listen.
    #[error("cannot listen on {address}: choose another address or stop what uses it")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The HTTP client of a webhook could not be built.
    #[error("the client of a webhook could not be built: check the TLS roots and proxy settings")]
    Client {
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The Prometheus exporter refused its configuration.
    #[error("the prometheus exporter refused its configuration: check the bucket bounds")]
    Exporter {
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl MonitorError {
    /// Whether the same call may succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Listen { .. })
    }
}

//! What can go wrong in the simulator itself (what the venues refuse is an answer, not an error).

use std::io;
use std::net::SocketAddr;

/// Why the simulator could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SimError {
    /// A listening socket could not be opened.
    #[error("cannot listen on {address}: choose another port or address")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// No market has this ticker, condition id or token.
    #[error("no simulated market is called `{name}`: see `Sim::markets` for the names")]
    UnknownMarket {
        /// The name that was asked for.
        name: String,
    },
    /// A key that the simulator should accept cannot be read.
    #[error("the key `{key_id}` is not usable: {reason}")]
    Key {
        /// The key id.
        key_id: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A fault's written form cannot be read.
    #[error("the fault `{text}` is not understood: {reason}")]
    Fault {
        /// What was written.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A scripted change would make a level negative or lies outside the price range.
    #[error("the change of `{market}` at {price} by {by} is impossible: {reason}")]
    Change {
        /// The market.
        market: String,
        /// The price.
        price: String,
        /// The signed change.
        by: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl SimError {
    /// Whether the same call may succeed later: only a port that is taken now.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Listen { .. })
    }
}

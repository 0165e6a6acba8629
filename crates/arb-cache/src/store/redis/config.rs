//! Settings of a Redis store.

use std::time::Duration;

use fred::types::config::Config;

use crate::CacheError;

const SCHEMES: [&str; 14] = [
    "redis",
    "rediss",
    "redis+unix",
    "redis-cluster",
    "rediss-cluster",
    "redis-sentinel",
    "rediss-sentinel",
    "valkey",
    "valkeys",
    "valkey+unix",
    "valkey-cluster",
    "valkeys-cluster",
    "valkey-sentinel",
    "valkeys-sentinel",
];

/// How to reach and treat a Redis.
#[derive(Clone)]
pub struct RedisConfig {
    /// `redis://[user:password@]host:port/db`, `rediss://` for TLS, `redis+unix:///path/to/socket`,
    /// `redis-cluster://host:port?node=host:port…`, `redis-sentinel://…`. The same with `valkey`. TLS trusts the system's certificates
    /// (or those in the file that `SSL_CERT_FILE` names).
    pub url: String,
    /// How many connections share the commands.
    pub connections: usize,
    /// The longest wait for an answer.
    pub command_timeout: Duration,
    /// The longest wait for a connection.
    pub connect_timeout: Duration,
    /// A connection that owes an answer for so long is closed and dialled again.
    pub silent_for: Duration,
    /// The shortest and longest pause between dials; doubling from the one to the other.
    pub redial: (Duration, Duration),
    /// At most so many commands may wait in a connection; a further one is [refused](crate::CacheError::Overloaded).
    pub waiting_commands: usize,
    /// Connect in the background instead of failing when there is no server at the start.
    pub may_start_without: bool,
    /// Keep what was read in this process until the server reports a change (RESP3 client tracking).
    pub near: bool,
    /// How many reports of changes may wait; when more do, everything kept is read again.
    pub invalidations: usize,
}

impl RedisConfig {
    /// Defaults for a URL: 2 connections, commands within 250 ms, connections within 2 s, silence for 2 s, redial from 50 ms to 2 s, 10,000
    /// waiting commands, no near cache.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            connections: 2,
            command_timeout: Duration::from_millis(250),
            connect_timeout: Duration::from_secs(2),
            silent_for: Duration::from_secs(2),
            redial: (Duration::from_millis(50), Duration::from_secs(2)),
            waiting_commands: 10_000,
            may_start_without: false,
            near: false,
            invalidations: 16_384,
        }
    }

    /// What the client makes of the URL; by itself it takes any scheme for an unencrypted server.
    pub(super) fn parse_url(&self) -> Result<Config, CacheError> {
        let invalid = |reason: String| CacheError::Setting {
            name: "Redis URL".into(),
            value: self.url_without_password(),
            reason,
        };
        let scheme = self.url.split_once("://").map_or("", |(scheme, _)| scheme);
        if !SCHEMES.contains(&scheme) {
            return Err(invalid(format!("one of the schemes {} is expected", SCHEMES.join(", "))));
        }
        Config::from_url(&self.url).map_err(|error| invalid(error.details().to_owned()))
    }

    /// The URL fit for messages.
    pub(super) fn url_without_password(&self) -> String {
        match (self.url.find("://"), self.url.rfind('@')) {
            (Some(scheme), Some(at)) if at > scheme => {
                format!("{}://…{}", &self.url[..scheme], &self.url[at..])
            }
            _ => self.url.clone(),
        }
    }
}

impl From<&str> for RedisConfig {
    fn from(url: &str) -> Self {
        Self::new(url)
    }
}

impl std::fmt::Debug for RedisConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisConfig")
            .field("url", &self.url_without_password())
            .field("connections", &self.connections)
            .field("command_timeout", &self.command_timeout)
            .field("near", &self.near)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        let config = RedisConfig::new("rediss://me:p@ss@example.org:6380/1");
        let shown = format!("{config:?}");
        assert!(shown.contains("rediss://…@example.org:6380/1"), "{shown}");
        assert!(!shown.contains("p@ss") && !shown.contains("me:"), "{shown}");
    }
}

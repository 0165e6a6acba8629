//! Scripts that the server runs, each as one atomic command.

use std::time::Duration;

use fred::clients::{Client, WithOptions};
use fred::interfaces::LuaInterface;
use fred::types::{MultipleKeys, Value};
use ring::digest;

use super::failure::translate;
use crate::CacheError;

/// A script and the name the server caches it under.
pub(super) struct Script {
    operation: &'static str,
    text: &'static str,
    sha1: String,
}

pub(super) struct Scripts {
    pub(super) put: Script,
    pub(super) rank: Script,
    pub(super) ranked: Script,
    pub(super) remove: Script,
    pub(super) set: Script,
    pub(super) unrank: Script,
}

impl Scripts {
    pub(super) fn new() -> Self {
        Self {
            put: Script::new("write", include_str!("put.lua")),
            rank: Script::new("rank", include_str!("rank.lua")),
            ranked: Script::new("read a ranking", include_str!("ranked.lua")),
            remove: Script::new("remove", include_str!("remove.lua")),
            set: Script::new("write", include_str!("set.lua")),
            unrank: Script::new("clear a ranking", include_str!("unrank.lua")),
        }
    }
}

impl Script {
    fn new(operation: &'static str, text: &'static str) -> Self {
        Self { operation, text, sha1: sha1_hex(text) }
    }

    /// Runs it by name, and by text where the server does not know it yet: after a restart or a fail-over, and on each node.
    pub(super) async fn run(
        &self,
        connection: &WithOptions<Client>,
        keys: Vec<String>,
        args: Vec<Value>,
        timeout: Duration,
    ) -> Result<Value, CacheError> {
        // Shared from here on, so that the second try costs nothing.
        let keys = MultipleKeys::from(keys);
        let answer = connection
            .evalsha::<Value, _, _, _>(self.sha1.as_str(), keys.clone(), args.clone())
            .await;
        let answer = match answer {
            Err(error) if error.details().starts_with("NOSCRIPT") => {
                connection.eval::<Value, _, _, _>(self.text, keys, args).await
            }
            answer => answer,
        };
        answer.map_err(|error| translate(self.operation, timeout, error))
    }
}

/// What Redis names a script by; no secret is in it, so the weakness of SHA-1 does not matter.
fn sha1_hex(text: &str) -> String {
    let digest = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_name_is_the_hex_of_the_sha1() {
        assert_eq!(super::sha1_hex("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
    }
}

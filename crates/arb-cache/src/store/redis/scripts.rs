//! Scripts that the server runs, each as one atomic command.

use std::time::Duration;

use fred::bytes_utils::Str;
use fred::clients::{Client, WithOptions};
use fred::interfaces::LuaInterface;
use fred::types::{Key, Value};
use ring::digest;

use super::failure::translate;
use crate::CacheError;

/// A script and the name the server caches it under.
pub(super) struct Script {
    operation: &'static str,
    text: Str,
    sha1: Str,
}

/// What a script is called with.
#[derive(Default)]
pub(super) struct Call {
    pub(super) keys: Vec<Key>,
    pub(super) args: Vec<Value>,
}

impl Call {
    pub(super) fn with_room(keys: usize, args: usize) -> Self {
        Self { keys: Vec::with_capacity(keys), args: Vec::with_capacity(args) }
    }
}

pub(super) struct Scripts {
    pub(super) put: Script,
    pub(super) rank: Script,
    pub(super) ranked: Script,
    pub(super) remove: Script,
    pub(super) set: Script,
}

impl Scripts {
    pub(super) fn new() -> Self {
        Self {
            put: Script::new("write", include_str!("put.lua")),
            rank: Script::new("rank", include_str!("rank.lua")),
            ranked: Script::new("read a ranking", include_str!("ranked.lua")),
            remove: Script::new("remove", include_str!("remove.lua")),
            set: Script::new("write", include_str!("set.lua")),
        }
    }
}

impl Script {
    fn new(operation: &'static str, text: &'static str) -> Self {
        Self { operation, text: Str::from_static(text), sha1: sha1_hex(text).into() }
    }

    /// What a caller knows it as.
    pub(super) const fn operation(&self) -> &'static str {
        self.operation
    }

    /// Runs it by name, and by text where the server does not know it yet: after a restart or a fail-over, and on each node.
    pub(super) async fn run(
        &self,
        connection: &WithOptions<Client>,
        call: impl Fn() -> Call,
        timeout: Duration,
    ) -> Result<Value, CacheError> {
        let Call { keys, args } = call();
        let answer = connection.evalsha::<Value, _, _, _>(self.sha1.clone(), keys, args).await;
        let answer = match answer {
            Err(error) if error.details().starts_with("NOSCRIPT") => {
                let Call { keys, args } = call();
                connection.eval::<Value, _, _, _>(self.text.clone(), keys, args).await
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

//! Polymarket's market channel: no acknowledgements, no numbers, a text ping.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arb_ws::{Handshake, KeepAlive, Key, KeyId, Outbox, Session, Verdict};
use serde::Deserialize;
use time::OffsetDateTime;

/// The market channel on one connection; keys are token ids.
///
/// The first data of a token is its acknowledgement. A token is read again by unsubscribing and subscribing it, which
/// brings a new `book`.
#[derive(Debug)]
pub struct PolymarketSession {
    url: String,
    keys: HashMap<Arc<str>, KeyId>,
    /// Whether the first subscription of this link was sent: its form differs from later ones.
    begun: bool,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Body<'a> {
    #[serde(borrow)]
    One(Message<'a>),
    #[serde(borrow)]
    Many(Vec<Message<'a>>),
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(default, borrow)]
    asset_id: Option<&'a str>,
    #[serde(default, borrow)]
    price_changes: Vec<Change<'a>>,
    #[serde(default, borrow)]
    timestamp: Option<&'a str>,
}

#[derive(Deserialize)]
struct Change<'a> {
    #[serde(default, borrow)]
    asset_id: Option<&'a str>,
}

impl PolymarketSession {
    /// A session for the WebSocket at `url` (`wss://ws-subscriptions-clob.polymarket.com/ws/market`).
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self { url: url.to_owned(), keys: HashMap::new(), begun: false }
    }

    fn touch(&self, asset: Option<&str>, out: &mut Outbox) -> bool {
        let key = asset.and_then(|asset| self.keys.get(asset));
        if let Some(key) = key {
            out.touch(*key);
        }
        key.is_some()
    }
}

impl Session for PolymarketSession {
    fn handshake(&mut self, _now: OffsetDateTime) -> Result<Handshake, arb_ws::BoxError> {
        Ok(Handshake::new(self.url.clone()))
    }

    fn on_open(&mut self, _out: &mut Outbox) {
        self.keys.clear();
        self.begun = false;
    }

    fn on_frame(&mut self, payload: &[u8], out: &mut Outbox) -> Verdict {
        if payload == b"PONG" {
            out.pong();
            return Verdict::Control;
        }
        let Ok(body) = serde_json::from_slice::<Body<'_>>(payload) else {
            return Verdict::Invalid("not a polymarket message");
        };
        let messages = match &body {
            Body::One(message) => std::slice::from_ref(message),
            Body::Many(messages) => messages,
        };
        let mut data = false;
        for message in messages {
            data |= self.touch(message.asset_id, out);
            for change in &message.price_changes {
                data |= self.touch(change.asset_id, out);
            }
            let stamp = message.timestamp.and_then(|text| text.parse::<i64>().ok());
            if let Some(at) = stamp.and_then(|millis| {
                OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000).ok()
            }) {
                out.venue_time(at);
            }
        }
        if data { Verdict::Data } else { Verdict::Control }
    }

    fn subscribe(&mut self, keys: &[Key], out: &mut Outbox) {
        for key in keys {
            self.keys.insert(key.name.clone(), key.id);
        }
        let tokens: Vec<&str> = keys.iter().map(|key| &*key.name).collect();
        let command = if self.begun {
            serde_json::json!({ "operation": "subscribe", "assets_ids": tokens, "custom_feature_enabled": true })
        } else {
            serde_json::json!({ "assets_ids": tokens, "type": "market", "custom_feature_enabled": true, "initial_dump": true })
        };
        self.begun = true;
        out.send_text(command.to_string());
    }

    fn unsubscribe(&mut self, keys: &[Key], out: &mut Outbox) {
        for key in keys {
            self.keys.remove(&key.name);
        }
        let tokens: Vec<&str> = keys.iter().map(|key| &*key.name).collect();
        out.send_text(
            serde_json::json!({ "operation": "unsubscribe", "assets_ids": tokens }).to_string(),
        );
    }

    fn keep_alive(&self) -> Option<KeepAlive> {
        Some(KeepAlive { every: Duration::from_secs(10), text: "PING".to_owned() })
    }
}

//! Polymarket's market channel: no acknowledgements, no numbers, a text ping.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use arb_ws::{Handshake, KeepAlive, Key, KeyId, Outbox, Session, Verdict};
use time::OffsetDateTime;

mod frame;

/// The venue's words for a command it does not take.
const REFUSAL: &[u8] = b"INVALID OPERATION";

/// The market channel on one connection; keys are token ids.
///
/// The first data of a token is its acknowledgement. A token is read again by unsubscribing and subscribing it, which
/// brings a new `book`.
#[derive(Debug)]
pub struct PolymarketSession {
    url: String,
    keys: HashMap<Arc<str>, KeyId>,
    /// Tokens whose `book` has not come since they were subscribed.
    unstated: HashSet<KeyId>,
    /// Whether the first subscription of this link was sent: its form differs from later ones.
    begun: bool,
}

impl PolymarketSession {
    /// A session for the WebSocket at `url` (`wss://ws-subscriptions-clob.polymarket.com/ws/market`).
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self { url: url.to_owned(), keys: HashMap::new(), unstated: HashSet::new(), begun: false }
    }

    /// Whether one of the assets is subscribed; each that is has data.
    fn touch<'a>(
        &mut self,
        payload: &[u8],
        assets: impl Iterator<Item = &'a str>,
        out: &mut Outbox,
    ) -> bool {
        let states = !self.unstated.is_empty() && frame::has_book(payload);
        if states {
            out.snapshot();
        }
        let mut any = false;
        for id in assets.filter_map(|asset| self.keys.get(asset)) {
            out.touch(*id);
            any = true;
            if states {
                self.unstated.remove(id);
            }
        }
        any
    }
}

impl Session for PolymarketSession {
    fn handshake(&mut self, _now: OffsetDateTime) -> Result<Handshake, arb_ws::BoxError> {
        Ok(Handshake::new(self.url.clone()))
    }

    fn on_open(&mut self, _out: &mut Outbox) {
        self.keys.clear();
        self.unstated.clear();
        self.begun = false;
    }

    fn on_frame(&mut self, payload: &[u8], out: &mut Outbox) -> Verdict {
        if payload == b"PONG" {
            out.pong();
            return Verdict::Control;
        }
        if payload.trim_ascii() == REFUSAL {
            tracing::warn!(venue = "polymarket", "the venue refused a command");
            return Verdict::Control;
        }
        if frame::is_whole(payload) && self.touch(payload, frame::assets(payload), out) {
            let stamped = frame::stamped_ms(payload);
            if let Some(at) = stamped.and_then(|millis| {
                OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000).ok()
            }) {
                out.venue_time(at);
            }
            return Verdict::Data;
        }
        // Rare: another kind, or other spacing.
        match serde_json::from_slice::<frame::Messages>(payload) {
            Ok(messages) if self.touch(payload, messages.assets(), out) => Verdict::Data,
            Ok(_) => Verdict::Control,
            Err(_) => Verdict::Invalid("not a polymarket message"),
        }
    }

    fn subscribe(&mut self, keys: &[Key], out: &mut Outbox) {
        for key in keys {
            self.keys.insert(key.name.clone(), key.id);
            self.unstated.insert(key.id);
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
            self.unstated.remove(&key.id);
        }
        let tokens: Vec<&str> = keys.iter().map(|key| &*key.name).collect();
        out.send_text(
            serde_json::json!({ "operation": "unsubscribe", "assets_ids": tokens }).to_string(),
        );
    }

    fn answers_with_snapshots(&self) -> bool {
        true
    }

    fn keep_alive(&self) -> Option<KeepAlive> {
        Some(KeepAlive { every: Duration::from_secs(10), text: "PING".to_owned() })
    }
}

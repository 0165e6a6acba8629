//! Kalshi's WebSocket dialect: signed handshakes, subscriptions by sid, numbered frames.

use std::collections::HashMap;
use std::sync::Arc;

use arb_ws::{AfterRefusal, Handshake, Key, KeyId, Outbox, Refusal, Session, Verdict};
use serde::Deserialize;
use time::OffsetDateTime;

use crate::clock::ClockOffset;
use crate::kalshi::KalshiCredentials;

/// Error codes after which the subscription is dead and must be made anew.
const DEAD_SUBSCRIPTION: [u32; 3] = [7, 10, 25];
/// Most markets of one subscription before another is begun: a lost number makes every book of a subscription suspect.
const MARKETS_PER_SUBSCRIPTION: usize = 500;

/// One subscription of the order-book channel.
#[derive(Debug, Default)]
struct Subscription {
    markets: Vec<Key>,
    /// The last number seen.
    last: Option<u64>,
}

/// What a command still waits for.
#[derive(Debug)]
enum Command {
    /// A new subscription of these markets.
    Subscribe(Vec<Key>),
    /// More markets for a subscription.
    Add(u64, Vec<Key>),
    /// Something whose answer changes nothing.
    Other,
}

/// Kalshi's order-book channel on one connection.
///
/// `use_yes_price` is sent explicitly as false, so that the NO side is quoted in NO prices whatever the venue's default
/// becomes. A jump in a subscription's numbers is answered by a `get_snapshot` for all its markets; error codes 10 and 25
/// (and an unknown sid) by a new subscription.
#[derive(Debug)]
pub struct KalshiSession {
    url: String,
    path: String,
    credentials: Arc<KalshiCredentials>,
    clock: ClockOffset,
    next_command: u64,
    commands: HashMap<u64, Command>,
    subscriptions: HashMap<u64, Subscription>,
    keys: HashMap<Arc<str>, (KeyId, Option<u64>)>,
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(rename = "type", borrow)]
    kind: &'a str,
    #[serde(default)]
    id: Option<u64>,
    #[serde(default)]
    sid: Option<u64>,
    #[serde(default)]
    seq: Option<u64>,
    #[serde(default, borrow)]
    msg: Option<Message<'a>>,
}

/// `msg` is an object, or (for `list_subscriptions`) an array that does not concern us.
#[derive(Deserialize)]
#[serde(untagged)]
enum Message<'a> {
    #[serde(borrow)]
    Fields(Fields<'a>),
    Other(serde::de::IgnoredAny),
}

#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(default, borrow)]
    market_ticker: Option<&'a str>,
    #[serde(default)]
    sid: Option<u64>,
    #[serde(default)]
    code: Option<u32>,
    #[serde(default)]
    ts_ms: Option<i64>,
}

impl KalshiSession {
    /// A session for the WebSocket at `url` (for example
    /// `wss://external-api-ws.kalshi.com/trade-api/ws/v2`).
    ///
    /// `clock` is shared with the REST client, which measures the venue's clock.
    #[must_use]
    pub fn new(url: &str, credentials: Arc<KalshiCredentials>, clock: ClockOffset) -> Self {
        let path = url
            .split_once("://")
            .and_then(|(_, rest)| rest.find('/').map(|slash| &rest[slash..]))
            .unwrap_or("/")
            .to_owned();
        Self {
            url: url.to_owned(),
            path,
            credentials,
            clock,
            next_command: 1,
            commands: HashMap::new(),
            subscriptions: HashMap::new(),
            keys: HashMap::new(),
        }
    }

    fn command(&mut self, command: Command) -> u64 {
        let id = self.next_command;
        self.next_command += 1;
        self.commands.insert(id, command);
        id
    }

    fn send(&mut self, out: &mut Outbox, command: Command, cmd: &str, params: serde_json::Value) {
        let id = self.command(command);
        out.send_text(serde_json::json!({ "id": id, "cmd": cmd, "params": params }).to_string());
    }

    /// Binds markets to a subscription, once the venue says which.
    fn bind(&mut self, sid: u64, keys: Vec<Key>, out: &mut Outbox) {
        let subscription = self.subscriptions.entry(sid).or_default();
        for key in keys {
            // Unsubscribed again before the answer came?
            let Some(entry) = self.keys.get_mut(&key.name) else { continue };
            entry.1 = Some(sid);
            out.confirm(key.id);
            if !subscription.markets.iter().any(|bound| bound.id == key.id) {
                subscription.markets.push(key);
            }
        }
    }

    /// A refused command. Where the venue names one market, that one is refused and the command's others are asked for
    /// again without it; where it does not, all of them are.
    fn on_error(&mut self, head: &Head<'_>, named: Option<&str>, code: u32, out: &mut Outbox) {
        let command = head.id.and_then(|id| self.commands.remove(&id));
        let sid = head.sid.or(match &command {
            Some(Command::Add(sid, _)) => Some(*sid),
            _ => None,
        });
        if let Some(sid) = sid.filter(|_| DEAD_SUBSCRIPTION.contains(&code)) {
            for key in self.subscriptions.remove(&sid).unwrap_or_default().markets {
                if let Some(entry) = self.keys.get_mut(&key.name) {
                    entry.1 = None;
                }
                out.resubscribe(key.id);
            }
        }
        if let Some(Command::Subscribe(keys) | Command::Add(_, keys)) = command {
            let is_named = |key: &Key| named.is_some_and(|named| named == &*key.name);
            let one_is_named = keys.iter().any(is_named);
            for key in keys {
                if one_is_named && !is_named(&key) {
                    out.resubscribe(key.id);
                } else {
                    out.fail(key.id, format!("kalshi error {code}"));
                }
            }
        }
    }

    /// Checks the number of a frame; a jump is a gap for every market of the subscription.
    fn count(&mut self, sid: u64, seq: u64, snapshot: bool, out: &mut Outbox) {
        let subscription = self.subscriptions.entry(sid).or_default();
        let gap = subscription.last.is_some_and(|last| seq > last + 1);
        let restart = snapshot && seq == 1;
        if gap {
            for key in &subscription.markets {
                out.gap(key.id);
            }
        }
        subscription.last =
            Some(if restart { 1 } else { subscription.last.map_or(seq, |last| last.max(seq)) });
    }
}

impl Session for KalshiSession {
    fn handshake(&mut self, now: OffsetDateTime) -> Result<Handshake, arb_ws::BoxError> {
        let signed = self.credentials.sign(self.clock.venue_time(now), "GET", &self.path)?;
        let mut handshake = Handshake::new(self.url.clone());
        for (name, value) in signed.into_pairs() {
            handshake = handshake.with_header(name, value);
        }
        Ok(handshake)
    }

    fn on_open(&mut self, _out: &mut Outbox) {
        self.commands.clear();
        self.subscriptions.clear();
        self.keys.clear();
    }

    fn on_frame(&mut self, payload: &[u8], out: &mut Outbox) -> Verdict {
        let Ok(head) = serde_json::from_slice::<Head<'_>>(payload) else {
            return Verdict::Invalid("not a kalshi message");
        };
        let fields = match &head.msg {
            Some(Message::Fields(fields)) => Some(fields),
            _ => None,
        };
        if let (Some(sid), Some(seq)) = (head.sid, head.seq) {
            self.count(sid, seq, head.kind == "orderbook_snapshot", out);
        }
        match head.kind {
            "subscribed" => {
                let sid = fields.and_then(|fields| fields.sid).or(head.sid);
                if let (Some(sid), Some(id)) = (sid, head.id)
                    && let Some(Command::Subscribe(keys)) = self.commands.remove(&id)
                {
                    self.bind(sid, keys, out);
                }
                Verdict::Control
            }
            "ok" | "unsubscribed" => {
                if let Some(Command::Add(sid, keys)) =
                    head.id.and_then(|id| self.commands.remove(&id))
                {
                    self.bind(sid, keys, out);
                }
                Verdict::Control
            }
            "error" => {
                let code = fields.and_then(|fields| fields.code).unwrap_or(0);
                let named = fields.and_then(|fields| fields.market_ticker);
                self.on_error(&head, named, code, out);
                Verdict::Control
            }
            _ => {
                if let Some(fields) = fields {
                    if let Some((key, _)) =
                        fields.market_ticker.and_then(|ticker| self.keys.get(ticker))
                    {
                        out.touch(*key);
                    }
                    if let Some(at) = fields.ts_ms.and_then(from_millis) {
                        out.venue_time(at);
                    }
                }
                Verdict::Data
            }
        }
    }

    fn subscribe(&mut self, keys: &[Key], out: &mut Outbox) {
        for key in keys {
            self.keys.insert(key.name.clone(), (key.id, None));
        }
        let tickers: Vec<&str> = keys.iter().map(|key| &*key.name).collect();
        let room = self
            .subscriptions
            .iter()
            .filter(|(_, subscription)| {
                !subscription.markets.is_empty()
                    && subscription.markets.len() + keys.len() <= MARKETS_PER_SUBSCRIPTION
            })
            .map(|(sid, _)| *sid)
            .min();
        if let Some(sid) = room {
            let params = serde_json::json!({ "sid": sid, "action": "add_markets", "market_tickers": tickers, "use_yes_price": false });
            self.send(out, Command::Add(sid, keys.to_vec()), "update_subscription", params);
        } else {
            let params = serde_json::json!({ "channels": ["orderbook_delta"], "market_tickers": tickers, "use_yes_price": false });
            self.send(out, Command::Subscribe(keys.to_vec()), "subscribe", params);
        }
    }

    fn unsubscribe(&mut self, keys: &[Key], out: &mut Outbox) {
        let mut by_sid: HashMap<u64, Vec<&str>> = HashMap::new();
        for key in keys {
            if let Some((_, Some(sid))) = self.keys.remove(&key.name)
                && let Some(subscription) = self.subscriptions.get_mut(&sid)
            {
                subscription.markets.retain(|bound| bound.id != key.id);
                by_sid.entry(sid).or_default().push(&key.name);
            }
        }
        for (sid, tickers) in by_sid {
            let emptied = self.subscriptions.get(&sid).is_some_and(|rest| rest.markets.is_empty());
            if emptied {
                self.send(out, Command::Other, "unsubscribe", serde_json::json!({ "sids": [sid] }));
            } else {
                let params = serde_json::json!({ "sid": sid, "action": "delete_markets", "market_tickers": tickers });
                self.send(out, Command::Other, "update_subscription", params);
            }
        }
    }

    fn resync(&mut self, keys: &[Key], out: &mut Outbox) {
        let mut by_sid: HashMap<u64, Vec<&str>> = HashMap::new();
        let mut unbound = Vec::new();
        for key in keys {
            match self.keys.get(&key.name) {
                Some((_, Some(sid))) => by_sid.entry(*sid).or_default().push(&key.name),
                // The answer that binds it is still on its way and brings a snapshot.
                Some((_, None)) => {}
                None => unbound.push(key.clone()),
            }
        }
        for (sid, tickers) in by_sid {
            let params = serde_json::json!({ "sid": sid, "action": "get_snapshot", "market_tickers": tickers });
            self.send(out, Command::Other, "update_subscription", params);
        }
        if !unbound.is_empty() {
            self.subscribe(&unbound, out);
        }
    }

    fn on_refused(&mut self, refusal: &Refusal, now: OffsetDateTime) -> AfterRefusal {
        if let (401, Some(date)) = (refusal.status, refusal.date)
            && self.clock.correct(date, now)
        {
            tracing::warn!(offset = %self.clock, venue = "kalshi", "the handshake was refused; the clock is corrected");
            return AfterRefusal::RetryAfter(std::time::Duration::from_millis(250));
        }
        AfterRefusal::Default
    }
}

fn from_millis(millis: i64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000).ok()
}

//! Kalshi's WebSocket dialect: signed handshakes, subscriptions by sid, numbered frames.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use arb_normalize::books::{Numbered, Numbering, Repeated};
use arb_ws::{AfterRefusal, Handshake, Key, KeyId, Outbox, Refusal, Session, Verdict};
use time::OffsetDateTime;

use crate::clock::ClockOffset;
use crate::kalshi::KalshiCredentials;

mod frame;
mod trades;

use frame::{Fields, OtherFrame};
use trades::{TradeCommand, Trades};

/// Error codes after which the subscription is dead and must be made anew.
const DEAD_SUBSCRIPTION: [u32; 3] = [7, 10, 25];
/// Error codes that say nothing about the markets: cannot process, command timeout, command rate.
const PASSING: [u32; 3] = [1, 18, 27];
/// Error code of a subscription that holds as many markets as it may.
const SUBSCRIPTION_FULL: u32 = 26;
/// Markets that were refused for a passing reason are asked for again after this.
const RETRY_AFTER: Duration = Duration::from_secs(2);
/// Most markets of one subscription before another is begun: a lost number makes every book of a subscription suspect.
const MARKETS_PER_SUBSCRIPTION: usize = 500;
/// How often a refused subscription of the lifecycle channel is asked for again on one link.
const LIFECYCLE_TRIES: u32 = 3;

/// One subscription of the order-book channel.
#[derive(Debug, Default)]
struct Subscription {
    markets: HashSet<Arc<str>>,
    numbers: Numbering,
    /// The venue takes no more markets on it.
    full: bool,
    /// Its end has been asked for.
    leaving: bool,
}

/// The subscription of the channel that tells of halts, closes, settlements, new markets and fees.
#[derive(Debug, Default)]
struct Lifecycle {
    sid: Option<u64>,
    numbers: Numbering,
    tries: u32,
}

/// What a command still waits for.
#[derive(Debug)]
enum Command {
    /// A new subscription of these markets.
    Subscribe(Vec<Key>),
    /// More markets for a subscription.
    Add(u64, Vec<Key>),
    /// Markets out of a subscription.
    Delete(u64),
    /// The end of a subscription.
    Unsubscribe(u64),
    /// Snapshots of markets of a subscription.
    Snapshot(u64, Vec<Key>),
    /// The lifecycle channel.
    Lifecycle,
    /// The channel of trades.
    Trades(TradeCommand),
}

impl Command {
    const fn sid(&self) -> Option<u64> {
        match self {
            Self::Add(sid, _)
            | Self::Delete(sid)
            | Self::Unsubscribe(sid)
            | Self::Snapshot(sid, _) => Some(*sid),
            Self::Trades(asked) => asked.sid(),
            Self::Subscribe(_) | Self::Lifecycle => None,
        }
    }
}

/// A market that is wanted.
#[derive(Debug)]
struct Wanted {
    id: KeyId,
    /// The subscription that carries it, once the venue said so.
    sid: Option<u64>,
    /// The last command that asked for it: answers to earlier ones say nothing about where it ends up.
    asked: u64,
}

/// Kalshi's order-book channel on one connection, and the lifecycle channel of the whole exchange beside it.
///
/// `use_yes_price` is sent explicitly as false, so that the NO side is quoted in NO prices whatever the venue's default
/// becomes. A jump in a subscription's numbers is answered by a `get_snapshot` for all its markets; error codes 10 and 25
/// (and an unknown sid) by a new subscription; a full subscription (26) by another one; passing refusals (1, 18, 27) by
/// another try two seconds later. Lifecycle messages are for the sink: they count as data of no market; a jump in their numbers is
/// told as a gap of no key. The venue has no way to state them again: its listings are to be read then.
///
/// [With trades](KalshiSession::with_trades) the channel of trades is followed for the same markets, on subscriptions of its own:
/// whatever becomes of those costs no book anything.
#[derive(Debug)]
pub struct KalshiSession {
    url: String,
    path: String,
    credentials: Arc<KalshiCredentials>,
    clock: ClockOffset,
    next_command: u64,
    /// Commands without an answer yet.
    commands: BTreeMap<u64, Command>,
    subscriptions: BTreeMap<u64, Subscription>,
    keys: HashMap<Arc<str>, Wanted>,
    lifecycle: Lifecycle,
    /// The channel of trades, where it is followed.
    trades: Option<Trades>,
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
            commands: BTreeMap::new(),
            subscriptions: BTreeMap::new(),
            keys: HashMap::new(),
            lifecycle: Lifecycle::default(),
            trades: None,
        }
    }

    /// Follows the channel of trades too. A market's trades are asked for once the venue has acknowledged its book, and given up
    /// with it; trades lost between two numbers are counted in `arb_venues_trade_gaps_total` and cannot be stated again.
    #[must_use]
    pub fn with_trades(mut self) -> Self {
        self.trades = Some(Trades::default());
        self
    }

    fn send(&mut self, out: &mut Outbox, command: Command, cmd: &str, params: &serde_json::Value) {
        let id = self.next_command;
        self.next_command += 1;
        self.commands.insert(id, command);
        out.send_text(serde_json::json!({ "id": id, "cmd": cmd, "params": params }).to_string());
    }

    fn update(&mut self, out: &mut Outbox, command: Command, action: &str, markets: &[&str]) {
        let Some(sid) = command.sid() else { return };
        let mut params =
            serde_json::json!({ "sid": sid, "action": action, "market_tickers": markets });
        if action == "add_markets" {
            params["use_yes_price"] = false.into();
        }
        self.send(out, command, "update_subscription", &params);
    }

    fn follow_lifecycle(&mut self, out: &mut Outbox) {
        self.lifecycle = Lifecycle { tries: self.lifecycle.tries + 1, ..Lifecycle::default() };
        let params = serde_json::json!({ "channels": ["market_lifecycle_v2"] });
        self.send(out, Command::Lifecycle, "subscribe", &params);
    }

    /// The lifecycle channel was refused or ended.
    fn lifecycle_failed(&mut self, code: u32, out: &mut Outbox) {
        out.missed();
        if self.lifecycle.tries < LIFECYCLE_TRIES {
            self.follow_lifecycle(out);
        } else {
            tracing::warn!(
                venue = "kalshi",
                code,
                "the lifecycle channel is refused: closes and new markets are not heard"
            );
        }
    }

    /// Asks for markets, on a subscription with room or a new one.
    fn ask(&mut self, keys: Vec<Key>, out: &mut Outbox) {
        if keys.is_empty() {
            return;
        }
        match self.room_for(keys.len()) {
            Some(sid) => {
                self.note_asked(&keys);
                let command = Command::Add(sid, keys.clone());
                self.update(out, command, "add_markets", &names(&keys));
            }
            None => self.ask_anew(keys, out),
        }
    }

    fn ask_anew(&mut self, keys: Vec<Key>, out: &mut Outbox) {
        self.note_asked(&keys);
        let params = serde_json::json!({ "channels": ["orderbook_delta"], "market_tickers": names(&keys), "use_yes_price": false });
        self.send(out, Command::Subscribe(keys), "subscribe", &params);
    }

    /// The next command asks for these.
    fn note_asked(&mut self, keys: &[Key]) {
        for key in keys {
            if let Some(wanted) = self.keys.get_mut(&key.name) {
                wanted.asked = self.next_command;
            }
        }
    }

    fn room_for(&self, more: usize) -> Option<u64> {
        self.subscriptions
            .iter()
            .filter(|(_, known)| !known.full && !known.leaving && !known.markets.is_empty())
            .find(|(sid, known)| {
                known.markets.len() + self.on_the_way(**sid).count() + more
                    <= MARKETS_PER_SUBSCRIPTION
            })
            .map(|(sid, _)| *sid)
    }

    /// Markets that a subscription has been asked to take and has not acknowledged.
    fn on_the_way(&self, sid: u64) -> impl Iterator<Item = &Key> {
        self.commands
            .values()
            .filter_map(move |command| match command {
                Command::Add(to, keys) if *to == sid => Some(keys),
                _ => None,
            })
            .flatten()
    }

    /// Binds markets to a subscription, once the venue says which. Those that nobody wants any more are taken out again.
    fn bind(&mut self, command: u64, sid: u64, keys: Vec<Key>, out: &mut Outbox) {
        let subscription = self.subscriptions.entry(sid).or_default();
        let mut surplus = Vec::new();
        for Key { name, .. } in keys {
            match self.keys.get_mut(&name) {
                Some(wanted) if wanted.asked == command => {
                    wanted.sid = Some(sid);
                    out.confirm(wanted.id);
                    subscription.markets.insert(name);
                }
                // It was given up and asked for again: the later answer says where it is. If that is another
                // subscription, its next frame on this one takes it out.
                Some(_) => {}
                None => surplus.push(name),
            }
        }
        self.leave(sid, &surplus, out);
        self.trades_differ();
    }

    /// Takes markets out of a subscription; one that carries nothing else ends.
    fn leave(&mut self, sid: u64, markets: &[Arc<str>], out: &mut Outbox) {
        if markets.is_empty() {
            return;
        }
        if self.carries_nothing(sid) {
            self.end(sid, out);
        } else if self.subscriptions.contains_key(&sid) {
            let markets: Vec<&str> = markets.iter().map(|name| &**name).collect();
            self.update(out, Command::Delete(sid), "delete_markets", &markets);
        }
    }

    /// Whether a subscription carries no market and none is on the way to it.
    fn carries_nothing(&self, sid: u64) -> bool {
        self.subscriptions.get(&sid).is_some_and(|known| known.markets.is_empty())
            && !self.on_the_way(sid).any(|key| self.keys.contains_key(&key.name))
    }

    fn end(&mut self, sid: u64, out: &mut Outbox) {
        let Some(subscription) = self.subscriptions.get_mut(&sid) else { return };
        if !std::mem::replace(&mut subscription.leaving, true) {
            let params = serde_json::json!({ "sids": [sid] });
            self.send(out, Command::Unsubscribe(sid), "unsubscribe", &params);
        }
    }

    /// A subscription is gone: its markets are asked for again.
    fn died(&mut self, sid: u64, code: u32, out: &mut Outbox) {
        if self.lifecycle.sid == Some(sid) {
            self.lifecycle_failed(code, out);
        }
        self.trades_died(sid);
        for market in self.subscriptions.remove(&sid).unwrap_or_default().markets {
            if let Some(wanted) = self.keys.get_mut(&market) {
                wanted.sid = None;
                out.resubscribe(wanted.id);
            }
        }
    }

    fn on_error(&mut self, frame: &OtherFrame<'_>, fields: &Fields<'_>, out: &mut Outbox) {
        let code = fields.code.unwrap_or(0);
        let named = fields.market_ticker.as_deref();
        let id = frame.id.unwrap_or_default();
        let command = self.commands.remove(&id);
        let sid = frame.sid.or_else(|| command.as_ref().and_then(Command::sid));
        if DEAD_SUBSCRIPTION.contains(&code) {
            match sid {
                Some(sid) => self.died(sid, code, out),
                // Nothing says which: all of them.
                None if command.is_none() => {
                    let trades = self.trades.iter().flat_map(Trades::sids);
                    let sids = self.subscriptions.keys().copied().chain(trades);
                    for sid in sids.collect::<Vec<_>>() {
                        self.died(sid, code, out);
                    }
                }
                None => {}
            }
        }
        match command {
            Some(Command::Subscribe(mut keys)) => {
                self.keep_asked_by(id, &mut keys);
                self.refused(keys, None, named, code, out);
            }
            Some(Command::Add(sid, mut keys)) => {
                self.keep_asked_by(id, &mut keys);
                self.refused(keys, Some(sid), named, code, out);
                // It may have been kept for them alone.
                if self.carries_nothing(sid) {
                    self.end(sid, out);
                }
            }
            Some(Command::Snapshot(sid, keys)) => {
                self.snapshot_refused(sid, keys, named, code, out);
            }
            Some(Command::Unsubscribe(sid)) => {
                if let Some(subscription) = self.subscriptions.get_mut(&sid) {
                    // Its next frame about a market nobody wants asks again.
                    subscription.leaving = false;
                }
            }
            Some(Command::Lifecycle) => self.lifecycle_failed(code, out),
            Some(Command::Trades(asked)) => self.trades_refused(asked, named, code),
            Some(Command::Delete(_)) | None => {}
        }
    }

    /// Leaves the markets that were asked for by this command last.
    fn keep_asked_by(&self, command: u64, keys: &mut Vec<Key>) {
        keys.retain(|key| self.keys.get(&key.name).is_some_and(|wanted| wanted.asked == command));
    }

    /// Markets that were not subscribed. Where the venue names one, that one is refused and the others are asked for
    /// again without it; where it does not, all of them are.
    fn refused(
        &mut self,
        mut keys: Vec<Key>,
        on: Option<u64>,
        named: Option<&str>,
        code: u32,
        out: &mut Outbox,
    ) {
        let is_named = |key: &Key| named.is_some_and(|named| named == &*key.name);
        if code == SUBSCRIPTION_FULL {
            if let Some(full) = on.and_then(|sid| self.subscriptions.get_mut(&sid)) {
                full.full = true;
                return self.ask(keys, out);
            }
            if keys.len() > 1 {
                let half = keys.split_off(keys.len() / 2);
                self.ask_anew(keys, out);
                return self.ask_anew(half, out);
            }
        }
        let dead = on.is_some() && DEAD_SUBSCRIPTION.contains(&code);
        if keys.iter().any(is_named) {
            let (bad, rest) = keys.into_iter().partition::<Vec<_>, _>(is_named);
            self.give_up(&bad, code, out);
            self.ask(rest, out);
        } else if dead {
            self.ask(keys, out);
        } else if PASSING.contains(&code) {
            for key in keys {
                out.defer(key.id, RETRY_AFTER);
            }
        } else {
            self.give_up(&keys, code, out);
        }
    }

    fn give_up(&self, keys: &[Key], code: u32, out: &mut Outbox) {
        for wanted in keys.iter().filter_map(|key| self.keys.get(&key.name)) {
            out.fail(wanted.id, format!("kalshi error {code}"));
        }
    }

    /// Snapshots that were not given, of a subscription that may live. A market that the venue names is not in the
    /// subscription and is asked for anew; the others' snapshots are asked for again.
    fn snapshot_refused(
        &mut self,
        sid: u64,
        mut keys: Vec<Key>,
        named: Option<&str>,
        code: u32,
        out: &mut Outbox,
    ) {
        keys.retain(|key| self.keys.get(&key.name).is_some_and(|wanted| wanted.sid == Some(sid)));
        if PASSING.contains(&code) {
            for key in keys {
                out.defer(key.id, RETRY_AFTER);
            }
            return;
        }
        let is_named = |key: &Key| named.is_none_or(|named| named == &*key.name);
        let (lost, rest) = keys.into_iter().partition::<Vec<_>, _>(is_named);
        let Some(subscription) = self.subscriptions.get_mut(&sid) else { return };
        for key in &lost {
            subscription.markets.remove(&key.name);
            if let Some(wanted) = self.keys.get_mut(&key.name) {
                wanted.sid = None;
                out.resubscribe(wanted.id);
            }
        }
        if !lost.is_empty() && !rest.is_empty() {
            self.ask_snapshots(sid, rest, out);
        }
    }

    fn ask_snapshots(&mut self, sid: u64, keys: Vec<Key>, out: &mut Outbox) {
        let command = Command::Snapshot(sid, keys.clone());
        self.update(out, command, "get_snapshot", &names(&keys));
    }

    /// The venue may answer `get_snapshot` by the snapshots alone, so they are what ends the command.
    fn note_snapshot(&mut self, market: &str, out: &mut Outbox) {
        out.snapshot();
        self.commands.retain(|_, open| match open {
            Command::Snapshot(_, keys) => {
                keys.retain(|key| &*key.name != market);
                !keys.is_empty()
            }
            _ => true,
        });
    }

    /// Checks the number of a frame; a jump is a gap for every market of the subscription.
    fn count(&mut self, sid: u64, seq: u64, is_book: bool, snapshot: bool, out: &mut Outbox) {
        let subscription = match self.subscriptions.get_mut(&sid) {
            Some(known) => known,
            None if self.lifecycle.sid == Some(sid) => return self.count_lifecycle(seq, out),
            None if !is_book => return self.count_trades(sid, seq),
            // Data may come before its acknowledgement, and so only while one is out.
            None if self.commands.values().any(|open| matches!(open, Command::Subscribe(_))) => {
                self.subscriptions.entry(sid).or_default()
            }
            None => return,
        };
        if is_gap(&mut subscription.numbers, seq, snapshot) {
            for wanted in subscription.markets.iter().filter_map(|name| self.keys.get(name)) {
                out.gap(wanted.id);
            }
        }
    }

    /// A lost lifecycle message may have been a close: it is told as a gap of no key, so that whoever reads the catalogue can do so
    /// at once.
    fn count_lifecycle(&mut self, seq: u64, out: &mut Outbox) {
        if is_gap(&mut self.lifecycle.numbers, seq, false) {
            metrics::counter!("arb_venues_lifecycle_gaps_total", "venue" => "kalshi").increment(1);
            tracing::warn!(venue = "kalshi", "lifecycle messages were lost");
            out.missed();
        }
    }

    /// A frame about one market's book.
    fn on_book(
        &mut self,
        market: &str,
        sid: Option<u64>,
        stamped_ms: Option<i64>,
        out: &mut Outbox,
    ) {
        let wanted = self.keys.get(market);
        if let Some(wanted) = wanted {
            out.touch(wanted.id);
        }
        let bound = wanted.map(|wanted| wanted.sid);
        if let Some(sid) = sid
            && !matches!(bound, Some(None))
            && bound.flatten() != Some(sid)
        {
            self.turn_away(sid, market, out);
        }
        if let Some(millis) = stamped_ms {
            if let Some(at) = from_millis(millis) {
                out.venue_time(at);
            }
            self.trades_wait(millis, out);
        }
    }

    /// Data of a market that nobody wants, or not from this subscription: it is taken out, unless that or the acknowledgement it came with is under way.
    #[cold]
    fn turn_away(&mut self, sid: u64, market: &str, out: &mut Outbox) {
        let under_way = self.commands.values().any(|open| match open {
            Command::Subscribe(_) => true,
            _ => open.sid() == Some(sid),
        });
        if !under_way {
            self.leave(sid, &[market.into()], out);
        }
    }

    fn on_control(&mut self, frame: &OtherFrame<'_>, fields: &Fields<'_>, out: &mut Outbox) {
        // No command has the number 0: the venue takes it for none.
        let id = frame.id.unwrap_or_default();
        match &*frame.kind {
            "subscribed" => {
                let Some(sid) = fields.sid.or(frame.sid) else { return };
                match self.commands.remove(&id) {
                    Some(Command::Subscribe(keys)) => self.bind(id, sid, keys, out),
                    Some(Command::Lifecycle) => self.lifecycle.sid = Some(sid),
                    Some(Command::Trades(asked)) => self.trades_granted(asked, Some(sid)),
                    _ => {}
                }
            }
            "ok" => match self.commands.remove(&id) {
                Some(Command::Add(sid, keys)) => self.bind(id, sid, keys, out),
                Some(Command::Trades(asked)) => self.trades_granted(asked, None),
                _ => {}
            },
            "unsubscribed" => {
                let mut command = self.commands.remove(&id);
                if let Some(Command::Trades(asked)) = command {
                    command = None;
                    self.trades_granted(asked, None);
                }
                if let Some(sid) = frame.sid.or_else(|| command.as_ref().and_then(Command::sid)) {
                    // Whatever it still carried is asked for again.
                    self.died(sid, 0, out);
                }
            }
            "error" => self.on_error(frame, fields, out),
            "trade" => {
                if let Some(sid) = frame.sid {
                    self.on_trade(sid, out);
                }
                return;
            }
            _ => return,
        }
        self.follow_trades(out);
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

    fn on_open(&mut self, out: &mut Outbox) {
        self.commands.clear();
        self.subscriptions.clear();
        self.keys.clear();
        self.lifecycle = Lifecycle::default();
        if let Some(trades) = &mut self.trades {
            *trades = Trades::default();
        }
        self.follow_lifecycle(out);
    }

    fn on_frame(&mut self, payload: &[u8], out: &mut Outbox) -> Verdict {
        if let Some(book) = frame::book(payload) {
            self.count(book.sid, book.seq, true, book.is_snapshot, out);
            if book.is_snapshot {
                self.note_snapshot(book.market, out);
            }
            self.on_book(book.market, Some(book.sid), book.stamped_ms, out);
            return Verdict::Data;
        }
        let Ok(frame) = frame::other(payload) else {
            return Verdict::Invalid("not a kalshi message");
        };
        let fields = frame.fields();
        if let (Some(sid), Some(seq)) = (frame.sid, frame.seq) {
            let is_book = frame.kind.starts_with("orderbook_");
            self.count(sid, seq, is_book, frame.kind == "orderbook_snapshot", out);
        }
        match &*frame.kind {
            "orderbook_delta" | "orderbook_snapshot" => {
                if let Some(market) = &fields.market_ticker {
                    if frame.kind == "orderbook_snapshot" {
                        self.note_snapshot(market, out);
                    }
                    self.on_book(market, frame.sid, fields.ts_ms, out);
                }
                Verdict::Data
            }
            _ => {
                self.on_control(&frame, &fields, out);
                Verdict::Control
            }
        }
    }

    fn subscribe(&mut self, keys: &[Key], out: &mut Outbox) {
        // A market that is carried already is stated afresh by being taken out first.
        let bound: Vec<Key> =
            keys.iter().filter(|key| self.keys.contains_key(&key.name)).cloned().collect();
        self.unsubscribe(&bound, out);
        for key in keys {
            self.keys.insert(key.name.clone(), Wanted { id: key.id, sid: None, asked: 0 });
        }
        self.ask(keys.to_vec(), out);
    }

    fn unsubscribe(&mut self, keys: &[Key], out: &mut Outbox) {
        let mut by_sid: BTreeMap<u64, Vec<Arc<str>>> = BTreeMap::new();
        for key in keys {
            // One that is not acknowledged yet is taken out when it is.
            if let Some(Wanted { sid: Some(sid), .. }) = self.keys.remove(&key.name)
                && let Some(subscription) = self.subscriptions.get_mut(&sid)
            {
                subscription.markets.remove(&key.name);
                by_sid.entry(sid).or_default().push(key.name.clone());
            }
        }
        for (sid, markets) in by_sid {
            self.leave(sid, &markets, out);
        }
        self.trades_differ();
        self.follow_trades(out);
    }

    fn resync(&mut self, keys: &[Key], out: &mut Outbox) {
        let mut by_sid: BTreeMap<u64, Vec<Key>> = BTreeMap::new();
        let mut unknown = Vec::new();
        for key in keys {
            match self.keys.get(&key.name) {
                Some(Wanted { sid: Some(sid), .. }) => {
                    by_sid.entry(*sid).or_default().push(key.clone());
                }
                // The answer that binds it is still on its way and brings a snapshot.
                Some(_) => {}
                None => unknown.push(key.clone()),
            }
        }
        for (sid, keys) in by_sid {
            self.ask_snapshots(sid, keys, out);
        }
        if !unknown.is_empty() {
            self.subscribe(&unknown, out);
        }
    }

    fn answers_with_snapshots(&self) -> bool {
        true
    }

    fn on_refused(&mut self, refusal: &Refusal, now: OffsetDateTime) -> AfterRefusal {
        if let (401, Some(date)) = (refusal.status, refusal.date)
            && self.clock.correct_by_date(date, now)
        {
            tracing::warn!(offset = %self.clock, venue = "kalshi", "the handshake was refused; the clock is corrected");
            return AfterRefusal::RetryAfter(Duration::from_millis(250));
        }
        AfterRefusal::Default
    }
}

/// Takes the number of a message of a subscription; whether messages are missing before it.
fn is_gap(numbers: &mut Numbering, seq: u64, is_snapshot: bool) -> bool {
    let repeated = || if is_snapshot { Repeated::Snapshot } else { Repeated::Untold };
    matches!(numbers.take(seq, repeated), Numbered::Gap | Numbered::Restarted)
}

fn names(keys: &[Key]) -> Vec<&str> {
    keys.iter().map(|key| &*key.name).collect()
}

fn from_millis(millis: i64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000).ok()
}

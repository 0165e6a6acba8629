//! What a client asks for over the WebSocket, and every refusal.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use tokio::time::Instant;

use super::{Channel, Subscription};
use crate::config::SnapshotReply;
use crate::connection::Frame;
use crate::fault::{Fault, Venue};
use crate::object::{Object, array};
use crate::world::{Status, World};

/// A refusal: code, words, and the market it is about.
struct Refused {
    code: u32,
    words: &'static str,
    market: Option<String>,
    sid: Option<u64>,
}

const fn refused(code: u32, words: &'static str) -> Refused {
    Refused { code, words, market: None, sid: None }
}

type Params = Map<String, Value>;

impl World {
    /// A text message of a Kalshi client.
    pub(crate) fn kalshi_message(&mut self, connection: u64, text: &str) {
        let command = serde_json::from_str::<Map<String, Value>>(text).ok();
        let id = command
            .as_ref()
            .and_then(|command| command.get("id"))
            .and_then(Value::as_u64)
            .filter(|&id| id != 0);
        let answer = match &command {
            None => Err(refused(1, "Unable to process message")),
            Some(command) => self.kalshi_command(connection, id, command),
        };
        if let Err(refusal) = answer {
            let mut msg = Object::new().field("code", refusal.code).field("msg", refusal.words);
            if let Some(market) = refusal.market {
                msg = msg.field("market_ticker", market);
            }
            let mut error = answer_to(id);
            if let Some(sid) = refusal.sid {
                error = error.field("sid", sid);
            }
            let error = error.plain("type", "error").raw("msg", &msg.end());
            self.reply(connection, error.end());
        }
    }

    fn kalshi_command(
        &mut self,
        connection: u64,
        id: Option<u64>,
        command: &Map<String, Value>,
    ) -> Result<(), Refused> {
        if !self.within_command_rate(connection) {
            return Err(refused(27, "Too many requests"));
        }
        let place = self.place(connection, None);
        if self.faults.hit(place, |fault| *fault == Fault::CommandTimeout).is_some() {
            return Err(refused(18, "Command timeout"));
        }
        let name = command.get("cmd").and_then(Value::as_str).unwrap_or_default();
        if name == "list_subscriptions" {
            self.list_subscriptions(connection, id);
            return Ok(());
        }
        if !matches!(name, "subscribe" | "unsubscribe" | "update_subscription") {
            return Err(refused(5, "Unknown command"));
        }
        let params = command
            .get("params")
            .and_then(Value::as_object)
            .ok_or_else(|| refused(2, "Params required"))?;
        match name {
            "subscribe" => self.subscribe(connection, id, params),
            "unsubscribe" => self.unsubscribe(connection, id, params),
            _ => self.update_subscription(connection, id, params),
        }
    }

    fn within_command_rate(&mut self, connection: u64) -> bool {
        let limit = self.config.commands_per_second;
        let Some(client) = self.kalshi_client(connection) else { return false };
        let now = Instant::now();
        if now.saturating_duration_since(client.commands.1).as_secs() >= 1 {
            client.commands = (0, now);
        }
        client.commands.0 += 1;
        client.commands.0 <= limit
    }

    /// The markets a command names; unknown ones are refused by name.
    fn named_markets(&self, params: &Params) -> Result<Option<BTreeSet<usize>>, Refused> {
        let mut names = Vec::new();
        match params.get("market_ticker") {
            None => {}
            Some(Value::String(name)) => names.push(name.clone()),
            Some(_) => return Err(refused(11, "Invalid parameter")),
        }
        match params.get("market_tickers") {
            None => {}
            Some(Value::Array(several)) => {
                for name in several {
                    let name = name.as_str().ok_or_else(|| refused(11, "Invalid parameter"))?;
                    names.push(name.to_owned());
                }
            }
            Some(_) => return Err(refused(11, "Invalid parameter")),
        }
        if names.is_empty() {
            return Ok(None);
        }
        let mut markets = BTreeSet::new();
        for name in names {
            match self.find_listed(Venue::Kalshi, &name) {
                Some((market, _)) => markets.insert(market),
                None => {
                    return Err(Refused { market: Some(name), ..refused(11, "Invalid parameter") });
                }
            };
        }
        Ok(Some(markets))
    }

    fn subscribe(
        &mut self,
        connection: u64,
        id: Option<u64>,
        params: &Params,
    ) -> Result<(), Refused> {
        let names = params
            .get("channels")
            .and_then(Value::as_array)
            .filter(|names| !names.is_empty())
            .ok_or_else(|| refused(3, "Channels required"))?;
        let mut channels = Vec::new();
        for name in names {
            let channel = name.as_str().and_then(Channel::called);
            channels.push(channel.ok_or_else(|| refused(8, "Unknown channel name"))?);
        }
        let markets = self.named_markets(params)?;
        for &channel in &channels {
            check_channel(channel, markets.is_some(), params)?;
        }
        let limit = self.config.subscription_markets;
        if markets.as_ref().is_some_and(|markets| markets.len() > limit) {
            return Err(refused(26, "Subscription market limit exceeded"));
        }
        let flag = |key: &str| params.get(key).and_then(Value::as_bool).unwrap_or(false);
        for channel in channels {
            let wanted = Subscription {
                channel,
                markets: markets.clone().filter(|_| channel.has_markets()),
                seq: 0,
                use_yes_price: channel == Channel::OrderbookDelta && flag("use_yes_price"),
                muted: BTreeSet::new(),
            };
            self.open_subscription(connection, id, wanted, params);
        }
        Ok(())
    }

    /// Acknowledges one channel and sends what it begins with. The same subscription again is
    /// acknowledged with the sid it has.
    fn open_subscription(
        &mut self,
        connection: u64,
        id: Option<u64>,
        wanted: Subscription,
        params: &Params,
    ) {
        let channel = wanted.channel;
        let Some(client) = self.kalshi_client(connection) else { return };
        let same = client.subscriptions.iter().find(|(_, known)| {
            known.channel == channel
                && known.use_yes_price == wanted.use_yes_price
                && match (&known.markets, &wanted.markets) {
                    (None, _) => true,
                    (Some(known), Some(wanted)) => wanted.is_subset(known),
                    (Some(_), None) => false,
                }
        });
        let (sid, fresh) = match same {
            Some((&sid, _)) => (sid, false),
            None => {
                client.last_sid += 1;
                client.subscriptions.insert(client.last_sid, wanted);
                (client.last_sid, true)
            }
        };
        let flag = |key: &str| params.get(key).and_then(Value::as_bool).unwrap_or(false);
        let msg = Object::new().plain("channel", channel.name()).field("sid", sid).end();
        let ack = answer_to(id).plain("type", "subscribed").raw("msg", &msg).end();
        let skip = channel == Channel::Ticker && flag("skip_ticker_ack");
        let place = self.place(connection, None);
        let late = fresh && self.faults.hit(place, |f| *f == Fault::DataBeforeAck).is_some();
        if !skip && !late {
            self.reply(connection, ack.clone());
        }
        if fresh && channel == Channel::OrderbookDelta {
            for market in self.markets_of(connection, sid) {
                self.send_snapshot(connection, sid, market, true);
            }
        }
        if channel == Channel::Ticker && flag("send_initial_snapshot") {
            for market in self.markets_of(connection, sid) {
                let text = self.ticker_text(market, sid);
                self.deliver(connection, Some(market), Frame::text(text));
            }
        }
        if !skip && late {
            self.reply(connection, ack);
        }
    }

    /// The markets of a subscription that has a list of them.
    fn markets_of(&mut self, connection: u64, sid: u64) -> Vec<usize> {
        self.subscription(connection, sid)
            .and_then(|known| known.markets.as_ref())
            .map(|markets| markets.iter().copied().collect())
            .unwrap_or_default()
    }

    fn unsubscribe(
        &mut self,
        connection: u64,
        id: Option<u64>,
        params: &Params,
    ) -> Result<(), Refused> {
        let sids = params
            .get("sids")
            .and_then(Value::as_array)
            .filter(|sids| !sids.is_empty())
            .ok_or_else(|| refused(4, "Subscription IDs required"))?;
        for sid in sids {
            let sid = sid.as_u64().ok_or_else(|| refused(11, "Invalid parameter"))?;
            let client = self.kalshi_client(connection);
            let known = client.and_then(|client| client.subscriptions.remove(&sid));
            let Some(mut known) = known else {
                return Err(Refused { sid: Some(sid), ..refused(7, "Unknown subscription ID") });
            };
            let ack = answer_to(id)
                .field("sid", sid)
                .field("seq", known.take_seq())
                .plain("type", "unsubscribed");
            self.reply(connection, ack.end());
        }
        Ok(())
    }

    fn update_subscription(
        &mut self,
        connection: u64,
        id: Option<u64>,
        params: &Params,
    ) -> Result<(), Refused> {
        let sid = one_sid(params)?;
        if self.subscription(connection, sid).is_none() {
            return Err(Refused { sid: Some(sid), ..refused(7, "Unknown subscription ID") });
        }
        let action = params
            .get("action")
            .and_then(Value::as_str)
            .ok_or_else(|| refused(15, "Action required"))?;
        let channel = self.subscription(connection, sid).map(|known| known.channel);
        let reference = matches!(
            channel,
            Some(Channel::CfBenchmarks | Channel::CfBenchmarksFast | Channel::Pyth)
        );
        match action {
            "add_markets" | "delete_markets" | "get_snapshot" if !reference => {}
            "subscribe_indices" | "unsubscribe_indices" if reference => {
                let given = params.get("index_ids").and_then(Value::as_array);
                given.ok_or_else(|| refused(24, "Index IDs required"))?;
            }
            "subscribe_underlyings" | "unsubscribe_underlyings" if reference => {
                let given = params.get("underlying_tickers").and_then(Value::as_array);
                given.ok_or_else(|| refused(28, "Underlying tickers required"))?;
            }
            _ => return Err(refused(13, "Unsupported action")),
        }
        if reference {
            self.acknowledge(connection, id, sid);
            return Ok(());
        }
        let named = self.named_markets(params)?;
        let markets = named.ok_or_else(|| refused(14, "Market Ticker required"))?;
        match action {
            "add_markets" => self.add_markets(connection, id, sid, &markets)?,
            "delete_markets" => {
                if let Some(known) = self.subscription(connection, sid) {
                    known.muted.retain(|market| !markets.contains(market));
                    if let Some(list) = &mut known.markets {
                        list.retain(|market| !markets.contains(market));
                    }
                }
                self.acknowledge(connection, id, sid);
            }
            _ => self.get_snapshot(connection, id, sid, &markets)?,
        }
        Ok(())
    }

    fn add_markets(
        &mut self,
        connection: u64,
        id: Option<u64>,
        sid: u64,
        markets: &BTreeSet<usize>,
    ) -> Result<(), Refused> {
        let limit = self.config.subscription_markets;
        let Some(known) = self.subscription(connection, sid) else { return Ok(()) };
        let books = known.channel == Channel::OrderbookDelta;
        let mut fresh = Vec::new();
        if let Some(list) = &mut known.markets {
            if list.union(markets).count() > limit {
                return Err(Refused {
                    sid: Some(sid),
                    ..refused(26, "Subscription market limit exceeded")
                });
            }
            fresh.extend(markets.iter().copied().filter(|&market| list.insert(market)));
        }
        self.acknowledge(connection, id, sid);
        if books {
            for market in fresh {
                self.send_snapshot(connection, sid, market, true);
            }
        }
        Ok(())
    }

    fn get_snapshot(
        &mut self,
        connection: u64,
        id: Option<u64>,
        sid: u64,
        markets: &BTreeSet<usize>,
    ) -> Result<(), Refused> {
        let Some(known) = self.subscription(connection, sid) else { return Ok(()) };
        if known.channel != Channel::OrderbookDelta {
            return Err(refused(13, "Unsupported action"));
        }
        if markets.iter().any(|&market| !known.covers(market)) {
            return Err(Refused { sid: Some(sid), ..refused(11, "Invalid parameter") });
        }
        let numbered = self.config.snapshot_reply == SnapshotReply::TakesNumber;
        if numbered {
            self.acknowledge(connection, id, sid);
        }
        for &market in markets {
            self.send_snapshot(connection, sid, market, numbered);
        }
        Ok(())
    }

    /// `ok` with the whole list of markets, and a number of its own.
    fn acknowledge(&mut self, connection: u64, id: Option<u64>, sid: u64) {
        let markets = self.markets_of(connection, sid);
        let Some(known) = self.subscription(connection, sid) else { return };
        let seq = known.take_seq();
        let tickers: Vec<&str> = markets.iter().map(|&market| self.name(market)).collect();
        let msg = Object::new().field("market_tickers", tickers).end();
        let ack = answer_to(id).field("sid", sid).field("seq", seq).plain("type", "ok");
        self.reply(connection, ack.raw("msg", &msg).end());
    }

    fn list_subscriptions(&mut self, connection: u64, id: Option<u64>) {
        let Some(client) = self.kalshi_client(connection) else { return };
        let list = client.subscriptions.iter().map(|(sid, known)| {
            Object::new().plain("channel", known.channel.name()).field("sid", sid).end()
        });
        let ack = answer_to(id).plain("type", "ok").raw("msg", &array(list));
        self.reply(connection, ack.end());
    }

    /// Ends every subscription of a connection with an error; nothing more comes on its sids.
    pub(crate) fn kill_subscriptions(&mut self, connection: u64, code: u32, words: &str) {
        let Some(client) = self.kalshi_client(connection) else { return };
        let dead = std::mem::take(&mut client.subscriptions);
        for (sid, mut known) in dead {
            let msg = Object::new().field("code", code).field("msg", words).end();
            let error = Object::new()
                .field("sid", sid)
                .field("seq", known.take_seq())
                .plain("type", "error")
                .raw("msg", &msg)
                .end();
            if let Some(connection) = self.connections.get_mut(&connection) {
                connection.push_anyway(Frame::text(error));
            }
        }
    }

    /// Whether a market's book still moves, for answers about it.
    pub(crate) fn is_active(&self, market: usize) -> bool {
        self.markets[market].status == Status::Active
    }
}

/// An answer that begins with the command's id, if it had one.
fn answer_to(id: Option<u64>) -> Object {
    match id {
        Some(id) => Object::new().field("id", id),
        None => Object::new(),
    }
}

/// What a channel needs besides its name.
fn check_channel(channel: Channel, has_markets: bool, params: &Params) -> Result<(), Refused> {
    match channel {
        Channel::OrderbookDelta if !has_markets => Err(refused(14, "Market Ticker required")),
        Channel::CfBenchmarks | Channel::CfBenchmarksFast if !params.contains_key("index_ids") => {
            Err(refused(24, "Index IDs required"))
        }
        Channel::Pyth if !params.contains_key("underlying_tickers") => {
            Err(refused(28, "Underlying tickers required"))
        }
        Channel::Communications => check_shards(params),
        _ => Ok(()),
    }
}

fn check_shards(params: &Params) -> Result<(), Refused> {
    let number = |key: &str| params.get(key).map(|value| value.as_i64().unwrap_or(-1));
    match (number("shard_factor"), number("shard_key")) {
        (None, None) => Ok(()),
        (None, Some(_)) => Err(refused(20, "shard_factor is required when shard_key is set")),
        (Some(factor), _) if factor < 1 => Err(refused(19, "shard_factor must be > 0")),
        (Some(factor), _) if factor > 100 => Err(refused(22, "shard_factor must be <= 100")),
        (Some(factor), Some(key)) if !(0..factor).contains(&key) => {
            Err(refused(21, "shard_key must be >= 0 and < shard_factor"))
        }
        _ => Ok(()),
    }
}

/// `sid`, or `sids` with exactly one entry.
fn one_sid(params: &Params) -> Result<u64, Refused> {
    match (params.get("sid"), params.get("sids")) {
        (Some(sid), None) => sid.as_u64().ok_or_else(|| refused(11, "Invalid parameter")),
        (None, Some(Value::Array(sids))) if sids.len() == 1 => {
            sids[0].as_u64().ok_or_else(|| refused(11, "Invalid parameter"))
        }
        _ => Err(refused(12, "Exactly one subscription ID is required")),
    }
}

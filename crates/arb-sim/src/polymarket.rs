//! Polymarket's dialect: the market WebSocket, Gamma and the CLOB's REST.

pub(crate) mod clob;
mod frames;
pub(crate) mod gamma;

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use tokio::time::Instant;

use crate::connection::Act;
use crate::fault::Venue;
use crate::world::World;

#[derive(Debug)]
pub(crate) struct PolymarketClient {
    /// Whether the first message with `type` has arrived.
    subscribed: bool,
    /// Market and whether the token is its second.
    pub(crate) tokens: BTreeSet<(usize, bool)>,
    custom: bool,
    /// Markets whose frames are or were withheld, until their next book.
    muted: BTreeSet<usize>,
    /// When it said PING last.
    pub(crate) pinged: Instant,
}

impl PolymarketClient {
    pub(crate) fn new() -> Self {
        Self {
            subscribed: false,
            tokens: BTreeSet::new(),
            custom: false,
            muted: BTreeSet::new(),
            pinged: Instant::now(),
        }
    }

    pub(crate) fn follows(&self, market: usize) -> bool {
        self.tokens.contains(&(market, false)) || self.tokens.contains(&(market, true))
    }
}

impl World {
    fn polymarket_client(&mut self, connection: u64) -> Option<&mut PolymarketClient> {
        match &mut self.connections.get_mut(&connection)?.client {
            crate::connection::Client::Polymarket(client) => Some(client),
            crate::connection::Client::Kalshi(_) => None,
        }
    }

    /// A text message of a Polymarket client.
    pub(crate) fn polymarket_message(&mut self, connection: u64, text: &str) {
        let Some(client) = self.polymarket_client(connection) else { return };
        if text == "PING" && client.subscribed {
            client.pinged = Instant::now();
            self.reply(connection, "PONG".to_owned());
            return;
        }
        let first = !client.subscribed;
        let message = serde_json::from_str::<Map<String, Value>>(text).ok();
        match message {
            Some(message) if first && subscribes(&message) => {
                self.first_subscription(connection, &message);
            }
            Some(message) if !first && message.contains_key("operation") => {
                self.operation(connection, &message);
            }
            // Before a valid subscription everything else, PING included, ends the connection.
            _ if first => {
                if let Some(connection) = self.connections.get_mut(&connection) {
                    connection.end(Act::Close(1008, "invalid subscription payload"));
                }
            }
            _ => self.reply(connection, "INVALID OPERATION".to_owned()),
        }
    }

    fn first_subscription(&mut self, connection: u64, message: &Map<String, Value>) {
        let flag = |key: &str, usual| message.get(key).and_then(Value::as_bool).unwrap_or(usual);
        if let Some(client) = self.polymarket_client(connection) {
            client.subscribed = true;
            client.pinged = Instant::now();
            client.custom = flag("custom_feature_enabled", false);
        }
        self.follow(connection, message, flag("initial_dump", true));
    }

    fn operation(&mut self, connection: u64, message: &Map<String, Value>) {
        match message.get("operation").and_then(Value::as_str) {
            Some("subscribe") => {
                let custom = message.get("custom_feature_enabled").and_then(Value::as_bool);
                if let (Some(client), Some(custom)) = (self.polymarket_client(connection), custom) {
                    client.custom = custom;
                }
                let dump = message.get("initial_dump").and_then(Value::as_bool).unwrap_or(true);
                self.follow(connection, message, dump);
            }
            Some("unsubscribe") => {
                let tokens = self.named_tokens(message).0;
                if let Some(client) = self.polymarket_client(connection) {
                    client.tokens.retain(|token| !tokens.contains(token));
                    let left: BTreeSet<usize> = client.tokens.iter().map(|t| t.0).collect();
                    client.muted.retain(|market| left.contains(market));
                }
            }
            _ => self.reply(connection, "INVALID OPERATION".to_owned()),
        }
    }

    /// The known, open tokens a message names, and whether it names any at all.
    fn named_tokens(&self, message: &Map<String, Value>) -> (Vec<(usize, bool)>, bool) {
        let names = message.get("assets_ids").and_then(Value::as_array);
        let names: Vec<&str> = names.into_iter().flatten().filter_map(Value::as_str).collect();
        let mut tokens = Vec::new();
        for name in &names {
            let is_token = !name.starts_with("0x");
            let found = self.find_listed(Venue::Polymarket, name).filter(|_| is_token);
            if let Some(token) = found.filter(|&(market, _)| self.has_book(market))
                && !tokens.contains(&token)
            {
                tokens.push(token);
            }
        }
        (tokens, !names.is_empty())
    }

    /// Adds tokens and dumps their books in one array; only unknown ones give a bare `[]`.
    fn follow(&mut self, connection: u64, message: &Map<String, Value>, dump: bool) {
        let (tokens, named) = self.named_tokens(message);
        if let Some(client) = self.polymarket_client(connection) {
            client.tokens.extend(tokens.iter().copied());
        }
        if dump && named {
            self.send_books(connection, &tokens, true);
        }
    }
}

fn subscribes(message: &Map<String, Value>) -> bool {
    message
        .get("type")
        .and_then(Value::as_str)
        .is_some_and(|kind| kind.eq_ignore_ascii_case("market"))
        && message.get("assets_ids").is_some_and(Value::is_array)
}

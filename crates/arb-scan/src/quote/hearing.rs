//! Kalshi's subscriptions of trades on one connection: whose trades come, as far as commands and their answers tell.

use std::collections::{BTreeMap, BTreeSet};

use arb_normalize::MarketEvent;
use arb_normalize::decode::KalshiCommand;

/// Commands remembered while their answer is out; more are forgotten, the oldest first.
const MAX_OPEN: usize = 1_024;

/// What a connection's subscriptions of the trade channel carry.
#[derive(Debug, Default)]
pub(super) struct Hearing {
    /// Commands that ask for markets' trades, and are not answered.
    asked: Vec<(u64, Vec<String>)>,
    held: BTreeMap<u64, BTreeSet<String>>,
    /// Subscriptions of which nothing is known to have come since the connection fell into doubt.
    silent: BTreeSet<u64>,
}

/// What becomes of markets' trades.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// They are received from now on, by this subscription.
    Begin(u64, Vec<String>),
    /// They are not received any longer.
    End(Vec<String>),
}

impl Hearing {
    /// Learns from a command that we sent. What it gives up counts as gone at once.
    pub(super) fn note_sent(&mut self, frame: &[u8]) -> Option<Heard> {
        let command = KalshiCommand::read(frame)?;
        let held = command.sids.first().and_then(|sid| self.held.get_mut(sid));
        if command.subscribes_to("trade") {
            self.ask(command.id, command.markets);
            return None;
        }
        match (command.name.as_str(), command.action.as_str(), held) {
            ("update_subscription", "add_markets", Some(_)) => {
                self.ask(command.id, command.markets);
                None
            }
            ("update_subscription", "delete_markets", Some(held)) => {
                held.retain(|market| !command.markets.contains(market));
                Some(Heard::End(command.markets))
            }
            ("unsubscribe", ..) => {
                let sids = command.sids.iter();
                let ended = sids.filter_map(|sid| self.held.remove(sid)).flatten();
                Some(Heard::End(ended.collect()))
            }
            _ => None,
        }
    }

    fn ask(&mut self, id: u64, markets: Vec<String>) {
        self.asked.push((id, markets));
        if self.asked.len() > MAX_OPEN {
            self.asked.remove(0);
        }
    }

    /// Learns from an answer of the venue.
    pub(super) fn note(&mut self, event: &MarketEvent<'_>) -> Option<Heard> {
        match *event {
            MarketEvent::Subscribed { command, channel: "trade", sid } => {
                self.answered(command).map(|markets| self.begin(sid, markets))
            }
            MarketEvent::Acknowledged { command, sid } => {
                self.answered(command).map(|markets| self.begin(sid.unwrap_or(0), markets))
            }
            MarketEvent::Refused { command, sid, code, .. } => {
                self.answered(command);
                let dead = sid.filter(|_| matches!(code, 7 | 10 | 25));
                dead.and_then(|sid| self.end(sid))
            }
            MarketEvent::Unsubscribed { sid: Some(sid), market: None } => self.end(sid),
            _ => None,
        }
    }

    fn answered(&mut self, command: Option<u64>) -> Option<Vec<String>> {
        let position = self.asked.iter().position(|(id, _)| Some(*id) == command)?;
        Some(self.asked.remove(position).1)
    }

    fn begin(&mut self, sid: u64, markets: Vec<String>) -> Heard {
        self.held.entry(sid).or_default().extend(markets.iter().cloned());
        Heard::Begin(sid, markets)
    }

    fn end(&mut self, sid: u64) -> Option<Heard> {
        self.silent.remove(&sid);
        Some(Heard::End(self.held.remove(&sid)?.into_iter().collect()))
    }

    /// The connection is in doubt: a subscription counts again when it next speaks.
    pub(super) fn doubt(&mut self) {
        self.silent = self.held.keys().copied().collect();
    }

    /// A numbered frame of a subscription came.
    pub(super) fn spoke(&mut self, sid: u64) -> Option<Heard> {
        if !self.silent.remove(&sid) {
            return None;
        }
        Some(Heard::Begin(sid, self.held.get(&sid)?.iter().cloned().collect()))
    }

    /// The subscription that carries a market's trades.
    pub(super) fn sid_of(&self, market: &str) -> Option<u64> {
        self.held.iter().find(|(_, markets)| markets.contains(market)).map(|(sid, _)| *sid)
    }
}

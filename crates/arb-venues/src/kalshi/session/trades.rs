//! The channel of trades: whose it carries, and what asks for the others'.
//!
//! What is wanted follows from the books: the trades of every market whose book is carried. One command is out at a time and the
//! next is worked out from what its answer left, so no answer can come too late to count.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use arb_normalize::books::Numbering;
use arb_ws::Outbox;

use super::{
    Command, DEAD_SUBSCRIPTION, KalshiSession, MARKETS_PER_SUBSCRIPTION, PASSING, RETRY_AFTER,
    SUBSCRIPTION_FULL, Wanted, is_gap,
};

/// How often the channel may be refused on one link, for reasons that do not pass, without a grant in between.
const TRIES: u32 = 3;
/// A command without an answer is given up after this many milliseconds.
const ANSWER_WITHIN_MS: i64 = 10_000;

/// What a command about trades asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TradeCommand {
    /// A new subscription of these markets.
    Subscribe(Vec<Arc<str>>),
    /// More markets for a subscription.
    Add(u64, Vec<Arc<str>>),
    /// Markets out of a subscription.
    Delete(u64, Vec<Arc<str>>),
    /// The end of a subscription.
    End(u64),
}

impl TradeCommand {
    pub(super) const fn sid(&self) -> Option<u64> {
        match self {
            Self::Subscribe(_) => None,
            Self::Add(sid, _) | Self::Delete(sid, _) | Self::End(sid) => Some(*sid),
        }
    }

    /// The venue's word for it, and its parameters.
    fn request(&self) -> (&'static str, serde_json::Value) {
        let update = |sid, action, markets| {
            let params = serde_json::json!({ "sid": sid, "action": action, "market_tickers": texts(markets) });
            ("update_subscription", params)
        };
        match self {
            Self::Subscribe(markets) => {
                let channels = ["trade"];
                let markets = texts(markets);
                (
                    "subscribe",
                    serde_json::json!({ "channels": channels, "market_tickers": markets }),
                )
            }
            Self::Add(sid, markets) => update(sid, "add_markets", markets),
            Self::Delete(sid, markets) => update(sid, "delete_markets", markets),
            Self::End(sid) => ("unsubscribe", serde_json::json!({ "sids": [sid] })),
        }
    }
}

fn texts(markets: &[Arc<str>]) -> Vec<&str> {
    markets.iter().map(|market| &**market).collect()
}

/// One subscription of the channel.
#[derive(Debug, Default)]
struct Subscription {
    markets: HashSet<Arc<str>>,
    numbers: Numbering,
    /// The venue takes no more markets on it.
    full: bool,
}

/// Whether the next command may be sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Pause {
    /// It may.
    #[default]
    None,
    /// Not before frames are stamped so many milliseconds later than the next stamped one: the session has no clock of its own.
    For(i64),
    /// Not before frames are stamped so.
    Until(i64),
}

/// The channel of trades on one link.
#[derive(Debug, Default)]
pub(super) struct Trades {
    subscriptions: BTreeMap<u64, Subscription>,
    /// What is carried may differ from what is wanted.
    differs: bool,
    /// The command that waits for its answer.
    open: Option<u64>,
    pause: Pause,
    /// A new subscription may hold so many markets, where the venue said fewer than the usual.
    most: Option<usize>,
    /// Markets whose trades the venue refuses.
    refused: HashSet<Arc<str>>,
    /// Refusals since the last grant.
    refusals: u32,
}

impl Trades {
    /// Its subscriptions.
    pub(super) fn sids(&self) -> impl Iterator<Item = u64> {
        self.subscriptions.keys().copied()
    }

    fn is_carried(&self, market: &str) -> bool {
        self.subscriptions.values().any(|known| known.markets.contains(market))
    }

    /// What brings it nearer to what is wanted: what nobody wants goes first.
    fn next(&self, wanted: &HashMap<Arc<str>, Wanted>) -> Option<TradeCommand> {
        for (sid, known) in &self.subscriptions {
            let mut gone: Vec<_> =
                known.markets.iter().filter(|name| !wanted.contains_key(*name)).cloned().collect();
            if gone.len() == known.markets.len() {
                return Some(TradeCommand::End(*sid));
            }
            if !gone.is_empty() {
                gone.sort_unstable();
                return Some(TradeCommand::Delete(*sid, gone));
            }
        }
        let bound = wanted.iter().filter(|(_, wanted)| wanted.sid.is_some()).map(|(name, _)| name);
        let is_missing = |name: &&Arc<str>| !self.refused.contains(*name) && !self.is_carried(name);
        let mut missing: Vec<_> = bound.filter(is_missing).cloned().collect();
        if missing.is_empty() {
            return None;
        }
        missing.sort_unstable();
        let most = self.most.unwrap_or(MARKETS_PER_SUBSCRIPTION);
        let has_room = |known: &Subscription| !known.full && known.markets.len() < most;
        match self.subscriptions.iter().find(|(_, known)| has_room(known)) {
            Some((sid, known)) => {
                missing.truncate(most - known.markets.len());
                Some(TradeCommand::Add(*sid, missing))
            }
            None => {
                missing.truncate(most);
                Some(TradeCommand::Subscribe(missing))
            }
        }
    }
}

impl KalshiSession {
    /// What is wanted has changed.
    pub(super) const fn trades_differ(&mut self) {
        if let Some(trades) = &mut self.trades {
            trades.differs = true;
        }
    }

    /// Asks for what is missing and gives up what is too much, one command after the other.
    pub(super) fn follow_trades(&mut self, out: &mut Outbox) {
        let Some(trades) = &mut self.trades else { return };
        let is_free = trades.open.is_none() && trades.pause == Pause::None;
        if !trades.differs || !is_free || trades.refusals >= TRIES {
            return;
        }
        match trades.next(&self.keys) {
            None => trades.differs = false,
            Some(command) => self.send_trade_command(command, out),
        }
    }

    fn send_trade_command(&mut self, command: TradeCommand, out: &mut Outbox) {
        if let Some(trades) = &mut self.trades {
            trades.open = Some(self.next_command);
            trades.pause = Pause::For(ANSWER_WITHIN_MS);
        }
        let (cmd, params) = command.request();
        self.send(out, Command::Trades(command), cmd, &params);
    }

    /// The venue's time goes by: what was put off is done when it has come.
    #[inline]
    pub(super) fn trades_wait(&mut self, stamped_ms: i64, out: &mut Outbox) {
        let Some(trades) = &mut self.trades else { return };
        match trades.pause {
            Pause::For(millis) => trades.pause = Pause::Until(stamped_ms.saturating_add(millis)),
            Pause::Until(due) if stamped_ms >= due => {
                trades.pause = Pause::None;
                if let Some(unanswered) = trades.open.take() {
                    self.commands.remove(&unanswered);
                }
                self.follow_trades(out);
            }
            _ => {}
        }
    }

    /// The venue did what was asked, `sid` being that of a new subscription.
    pub(super) fn trades_granted(&mut self, asked: TradeCommand, sid: Option<u64>) {
        let Some(trades) = &mut self.trades else { return };
        (trades.open, trades.pause, trades.refusals) = (None, Pause::None, 0);
        trades.differs = true;
        match asked {
            TradeCommand::Subscribe(markets) => {
                if let Some(sid) = sid {
                    trades.subscriptions.entry(sid).or_default().markets.extend(markets);
                }
            }
            TradeCommand::Add(sid, markets) => {
                if let Some(known) = trades.subscriptions.get_mut(&sid) {
                    known.markets.extend(markets);
                }
            }
            TradeCommand::Delete(sid, markets) => {
                if let Some(known) = trades.subscriptions.get_mut(&sid) {
                    known.markets.retain(|name| !markets.contains(name));
                }
            }
            TradeCommand::End(sid) => {
                trades.subscriptions.remove(&sid);
            }
        }
    }

    pub(super) fn trades_refused(&mut self, asked: TradeCommand, named: Option<&str>, code: u32) {
        let Some(trades) = &mut self.trades else { return };
        (trades.open, trades.pause) = (None, Pause::None);
        trades.differs = true;
        let known = asked.sid().and_then(|sid| trades.subscriptions.get_mut(&sid));
        match asked {
            // Its subscription has died with it.
            _ if DEAD_SUBSCRIPTION.contains(&code) && asked.sid().is_some() => {}
            _ if PASSING.contains(&code) => {
                trades.pause = Pause::For(RETRY_AFTER.as_millis() as i64);
            }
            TradeCommand::Add(..) if code == SUBSCRIPTION_FULL && known.is_some() => {
                known.into_iter().for_each(|known| known.full = true);
            }
            TradeCommand::Subscribe(markets) if code == SUBSCRIPTION_FULL && markets.len() > 1 => {
                trades.most = Some(markets.len() / 2);
            }
            TradeCommand::Subscribe(markets) | TradeCommand::Add(_, markets)
                if markets.iter().any(|market| Some(&**market) == named) =>
            {
                trades.refused.extend(named.map(Arc::<str>::from));
            }
            TradeCommand::Delete(_, markets)
                if markets.iter().any(|market| Some(&**market) == named) =>
            {
                known.into_iter().for_each(|known| {
                    known.markets.retain(|market| Some(&**market) != named);
                });
            }
            _ => {
                trades.refusals += 1;
                if trades.refusals == TRIES {
                    tracing::warn!(
                        venue = "kalshi",
                        code,
                        "the channel of trades is refused: trades are not received on this link"
                    );
                }
            }
        }
    }

    /// A subscription is gone, whichever channel it was of.
    pub(super) fn trades_died(&mut self, sid: u64) {
        if let Some(trades) = &mut self.trades
            && trades.subscriptions.remove(&sid).is_some()
        {
            trades.differs = true;
        }
    }

    /// Lost trades are counted: who keeps them sees the jump too.
    pub(super) fn count_trades(&mut self, sid: u64, seq: u64) {
        let Some(trades) = &mut self.trades else { return };
        let Some(known) = trades.subscriptions.get_mut(&sid) else { return };
        if is_gap(&mut known.numbers, seq, false) {
            metrics::counter!("arb_venues_trade_gaps_total", "venue" => "kalshi").increment(1);
            tracing::debug!(venue = "kalshi", sid, seq, "trades were lost");
        }
    }

    /// A trade of a subscription that is not known any more, such as one whose acknowledgement was lost, ends it.
    pub(super) fn on_trade(&mut self, sid: u64, out: &mut Outbox) {
        let Some(trades) = &self.trades else { return };
        if trades.open.is_none() && !trades.subscriptions.contains_key(&sid) {
            self.send_trade_command(TradeCommand::End(sid), out);
        }
    }
}

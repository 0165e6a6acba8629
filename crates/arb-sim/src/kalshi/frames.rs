//! Market data frames: snapshots, deltas, tickers, trades.

use time::OffsetDateTime;

use super::{Channel, KalshiClient, Subscription};
use crate::book::{Change, Side};
use crate::clock::{millis, rfc3339_micros};
use crate::connection::{Client, Frame, Mark};
use crate::fault::{Fault, Venue};
use crate::object::{Object, array};
use crate::units::{CONTRACT, Price, Quantity};
use crate::world::World;

impl World {
    pub(super) fn kalshi_client(&mut self, connection: u64) -> Option<&mut KalshiClient> {
        match &mut self.connections.get_mut(&connection)?.client {
            Client::Kalshi(client) => Some(client),
            Client::Polymarket(_) => None,
        }
    }

    pub(super) fn subscription(&mut self, connection: u64, sid: u64) -> Option<&mut Subscription> {
        self.kalshi_client(connection)?.subscriptions.get_mut(&sid)
    }

    /// Connections and sids of a channel that are about this market.
    fn kalshi_listeners(&self, channel: Channel, market: usize) -> Vec<(u64, u64)> {
        let mut found = Vec::new();
        for connection in self.connections.values() {
            if let Client::Kalshi(client) = &connection.client {
                let sids = client.sids(channel, market);
                found.extend(sids.into_iter().map(|sid| (connection.id, sid)));
            }
        }
        found
    }

    fn older_format(&self, connection: u64, market: usize) -> bool {
        let place = self.place(connection, Some(market));
        self.faults.on(place, |fault| *fault == Fault::OlderFormat).is_some()
    }

    /// A book changed: deltas to every sid that covers it, tickers when the touch moved.
    pub(crate) fn kalshi_changed(
        &mut self,
        market: usize,
        deltas: &[(Change, Quantity)],
        touched: bool,
        plant: Option<usize>,
    ) {
        let mark = plant.map(|plant| Mark::Leg { plant, venue: Venue::Kalshi });
        let now = self.venue_now(Venue::Kalshi);
        for (connection, sid) in self.kalshi_listeners(Channel::OrderbookDelta, market) {
            if self.withheld(connection, market) {
                if let Some(known) = self.subscription(connection, sid) {
                    known.muted.insert(market);
                }
                continue;
            }
            for (position, &(change, delta)) in deltas.iter().enumerate() {
                let older = self.older_format(connection, market);
                let Some(known) = self.subscription(connection, sid) else { break };
                if known.muted.contains(&market) {
                    break;
                }
                let (seq, use_yes) = (known.take_seq(), known.use_yes_price);
                let text = if older {
                    self.older_delta(market, sid, seq, change, delta)
                } else {
                    self.delta_text(market, (sid, seq, use_yes), (change, delta), now)
                };
                let last = position + 1 == deltas.len();
                let frame = Frame::marked(text, mark.filter(|_| last));
                self.deliver(connection, Some(market), frame);
            }
        }
        if touched {
            self.send_tickers(market);
        }
    }

    fn delta_text(
        &self,
        market: usize,
        (sid, seq, use_yes): (u64, u64, bool),
        (change, delta): (Change, Quantity),
        now: OffsetDateTime,
    ) -> String {
        let (side, price) = quoted(change.side, change.price, use_yes);
        // Written by hand: this is the frame that is sent thousands of times.
        format!(
            r#"{{"type":"orderbook_delta","sid":{sid},"seq":{seq},"msg":{{"market_ticker":"{}","market_id":"{}","price_dollars":"{}","delta_fp":"{}","side":"{side}","ts":"{}","ts_ms":{}}}}}"#,
            self.name(market),
            self.markets[market].id,
            price.kalshi(),
            delta.kalshi(),
            rfc3339_micros(now),
            millis(now),
        )
    }

    /// Whole cents and whole contracts, as before the fixed-point migration.
    fn older_delta(
        &self,
        market: usize,
        sid: u64,
        seq: u64,
        change: Change,
        delta: Quantity,
    ) -> String {
        let (side, price) = quoted(change.side, change.price, false);
        let whole = |total: i64| total.div_euclid(CONTRACT);
        let after = change.total.0.max(0);
        let delta = whole(after) - whole(after - delta.0);
        let msg = Object::new()
            .plain("market_ticker", self.name(market))
            .field("price", price.0 / 100)
            .field("delta", delta)
            .plain("side", side)
            .end();
        Object::new()
            .plain("type", "orderbook_delta")
            .field("sid", sid)
            .field("seq", seq)
            .raw("msg", &msg)
            .end()
    }

    /// Sends the whole book of a market on a subscription. `numbered` snapshots take the next
    /// number; the others repeat the last one.
    pub(super) fn send_snapshot(
        &mut self,
        connection: u64,
        sid: u64,
        market: usize,
        numbered: bool,
    ) {
        if self.withheld(connection, market) {
            if let Some(known) = self.subscription(connection, sid) {
                known.muted.insert(market);
            }
            return;
        }
        let older = self.older_format(connection, market);
        let Some(known) = self.subscription(connection, sid) else { return };
        known.muted.remove(&market);
        let seq = if numbered { known.take_seq() } else { known.seq };
        let use_yes = known.use_yes_price;
        let mut msg = Object::new().plain("market_ticker", self.name(market));
        if !older {
            msg = msg.plain("market_id", &self.markets[market].id);
        }
        for side in [Side::Bid, Side::Ask] {
            let levels = self.quoted_levels(market, side, use_yes && !older);
            if older {
                let whole = levels.iter().map(|level| (level.0.0 / 100, level.1.0 / CONTRACT));
                let rows =
                    whole.filter(|row| row.1 > 0).map(|row| format!("[{},{}]", row.0, row.1));
                msg = msg.raw(side_name(side), &array(rows));
            } else if !levels.is_empty() {
                // The key of an empty side is left out.
                let rows =
                    levels.iter().map(|l| format!(r#"["{}","{}"]"#, l.0.kalshi(), l.1.kalshi()));
                msg = msg.raw(&format!("{}_dollars_fp", side_name(side)), &array(rows));
            }
        }
        let text = Object::new()
            .plain("type", "orderbook_snapshot")
            .field("sid", sid)
            .field("seq", seq)
            .raw("msg", &msg.end())
            .end();
        let mark =
            self.markets[market].plant.map(|plant| Mark::Leg { plant, venue: Venue::Kalshi });
        self.deliver(connection, Some(market), Frame::marked(text, mark));
    }

    /// A side's levels as Kalshi writes them, in ascending order.
    pub(super) fn quoted_levels(
        &self,
        market: usize,
        side: Side,
        use_yes: bool,
    ) -> Vec<(Price, Quantity)> {
        let mut levels: Vec<_> = self.markets[market]
            .book
            .levels(side)
            .into_iter()
            .map(|(price, size)| (quoted(side, price, use_yes).1, size))
            .collect();
        levels.sort();
        levels
    }

    /// A fresh snapshot of every market that was withheld and no longer is.
    pub(crate) fn kalshi_break_silence(&mut self, connection: u64) {
        let Some(client) = self.kalshi_client(connection) else { return };
        let muted: Vec<(u64, usize)> = client
            .subscriptions
            .iter()
            .flat_map(|(&sid, known)| known.muted.iter().map(move |&market| (sid, market)))
            .collect();
        for (sid, market) in muted {
            self.send_snapshot(connection, sid, market, true);
        }
    }

    pub(super) fn ticker_text(&self, market: usize, sid: u64) -> String {
        let known = &self.markets[market];
        let best = |side| known.book.best(side).unwrap_or((Price(0), Quantity(0)));
        let (bid, ask) = (best(Side::Bid), best(Side::Ask));
        let now = self.venue_now(Venue::Kalshi);
        let last = known.last_trade.unwrap_or(Price(0));
        let interest = known.volume.0 / 3 / CONTRACT;
        let msg = Object::new()
            .plain("market_id", &known.id)
            .plain("market_ticker", self.name(market))
            .plain("price_dollars", last.kalshi())
            .plain("yes_bid_dollars", bid.0.kalshi())
            .plain("yes_ask_dollars", ask.0.kalshi())
            .plain("volume_fp", known.volume.kalshi())
            .plain("open_interest_fp", Quantity::contracts(interest).kalshi())
            .field("dollar_volume", known.volume.0 / CONTRACT)
            .field("dollar_open_interest", interest)
            .plain("yes_bid_size_fp", bid.1.kalshi())
            .plain("yes_ask_size_fp", ask.1.kalshi())
            .plain("last_trade_size_fp", "1.00")
            .field("ts", now.unix_timestamp())
            .field("ts_ms", millis(now))
            .plain("time", rfc3339_micros(now))
            .end();
        Object::new().plain("type", "ticker").field("sid", sid).raw("msg", &msg).end()
    }

    fn send_tickers(&mut self, market: usize) {
        for (connection, sid) in self.kalshi_listeners(Channel::Ticker, market) {
            if !self.withheld(connection, market) {
                let text = self.ticker_text(market, sid);
                self.deliver(connection, Some(market), Frame::text(text));
            }
        }
    }

    /// Somebody traded: the side is the book's, the taker was on the other one.
    pub(crate) fn kalshi_traded(
        &mut self,
        market: usize,
        resting: Side,
        price: Price,
        taken: Quantity,
    ) {
        let id = self.random.uuid();
        let (taker, book_side) = match resting {
            Side::Ask => ("yes", "bid"),
            Side::Bid => ("no", "ask"),
        };
        for (connection, sid) in self.kalshi_listeners(Channel::Trade, market) {
            if self.withheld(connection, market) {
                continue;
            }
            let Some(known) = self.subscription(connection, sid) else { continue };
            let seq = known.take_seq();
            let now = self.venue_now(Venue::Kalshi);
            let msg = Object::new()
                .plain("trade_id", &id)
                .plain("market_ticker", self.name(market))
                .plain("yes_price_dollars", price.kalshi())
                .plain("no_price_dollars", price.complement().kalshi())
                .plain("count_fp", taken.kalshi())
                .plain("taker_side", taker)
                .plain("taker_outcome_side", taker)
                .plain("taker_book_side", book_side)
                .field("is_block_trade", false)
                .field("ts", now.unix_timestamp())
                .field("ts_ms", millis(now))
                .end();
            let text = Object::new()
                .plain("type", "trade")
                .field("sid", sid)
                .field("seq", seq)
                .raw("msg", &msg)
                .end();
            self.deliver(connection, Some(market), Frame::text(text));
        }
        self.send_tickers(market);
    }
}

const fn side_name(side: Side) -> &'static str {
    match side {
        Side::Bid => "yes",
        Side::Ask => "no",
    }
}

/// How Kalshi quotes a level: asks are bids for NO, in NO prices unless YES prices were asked for.
const fn quoted(side: Side, price: Price, use_yes: bool) -> (&'static str, Price) {
    let shown = match (side, use_yes) {
        (Side::Bid, _) | (Side::Ask, true) => price,
        (Side::Ask, false) => price.complement(),
    };
    (side_name(side), shown)
}

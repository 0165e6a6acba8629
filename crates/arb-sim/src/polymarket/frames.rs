//! Market data frames: books, price changes, trades, ticks, listings and resolutions.

use ring::digest;
use serde_json::{Value, json};

use crate::book::{Change, Side};
use crate::catalogue::hex;
use crate::clock::millis;
use crate::connection::{Client, Frame, Mark};
use crate::fault::{Fault, Venue};
use crate::object::{Object, array};
use crate::units::{Price, Quantity};
use crate::world::{Status, World};

/// A level as one of the two tokens sees it.
const fn seen(side: Side, price: Price, second: bool) -> (Side, Price) {
    match (side, second) {
        (_, false) => (side, price),
        (Side::Bid, true) => (Side::Ask, price.complement()),
        (Side::Ask, true) => (Side::Bid, price.complement()),
    }
}

const fn order_side(side: Side) -> &'static str {
    match side {
        Side::Bid => "BUY",
        Side::Ask => "SELL",
    }
}

impl World {
    /// Whether the market's book exists: it does not before listing nor once it is over.
    pub(super) fn has_book(&self, market: usize) -> bool {
        matches!(self.markets[market].status, Status::Active | Status::Paused)
    }

    pub(super) fn token(&self, market: usize, second: bool) -> &str {
        &self.listings.polymarket[self.markets[market].listing].tokens[usize::from(second)]
    }

    fn stamp(&self) -> String {
        millis(self.venue_now(Venue::Polymarket)).to_string()
    }

    /// A token's levels, worst first: bids ascend, asks descend.
    fn token_levels(&self, market: usize, second: bool, side: Side) -> String {
        let own = seen(side, Price(0), second).0;
        let levels = self.markets[market].book.levels(own);
        array(levels.into_iter().rev().map(|(price, size)| {
            let price = seen(own, price, second).1;
            Object::new().plain("price", price).plain("size", size).end()
        }))
    }

    /// Best bid and ask of a token; "0" and "1" where there is none.
    fn token_best(&self, market: usize, second: bool) -> [Option<Price>; 2] {
        let best = |side| self.markets[market].book.best(side).map(|level| level.0);
        if second {
            [best(Side::Ask).map(Price::complement), best(Side::Bid).map(Price::complement)]
        } else {
            [best(Side::Bid), best(Side::Ask)]
        }
    }

    pub(super) fn tick_text(&self, market: usize) -> String {
        Price(self.markets[market].tick).to_string()
    }

    fn summary(&self, market: usize, second: bool) -> Summary<'_> {
        let listed = &self.listings.polymarket[self.markets[market].listing];
        let neg_risk = self.listings.polymarket_events[listed.event].neg_risk.is_some();
        let last = self.markets[market].last_trade;
        Summary {
            market: &listed.condition_id,
            asset_id: self.token(market, second),
            timestamp: self.stamp(),
            bids: self.token_levels(market, second, Side::Bid),
            asks: self.token_levels(market, second, Side::Ask),
            tick_size: self.tick_text(market),
            neg_risk,
            last_trade_price: last.map(|p| Thousandths(p).to_string()).unwrap_or_default(),
        }
    }

    /// A token's book as the CLOB gives it, its hash included.
    pub(super) fn book_summary(&self, market: usize, second: bool) -> String {
        let summary = self.summary(market, second);
        summary.text(&summary.sha1())
    }

    /// A token's book as a WebSocket event.
    fn book_event(&self, market: usize, second: bool) -> String {
        let summary = self.summary(market, second);
        Object::new()
            .plain("event_type", "book")
            .plain("asset_id", summary.asset_id)
            .plain("market", summary.market)
            .raw("bids", &summary.bids)
            .raw("asks", &summary.asks)
            .plain("timestamp", &summary.timestamp)
            .plain("hash", summary.sha1())
            .plain("tick_size", &summary.tick_size)
            .plain("last_trade_price", &summary.last_trade_price)
            .end()
    }

    /// Sends books in one array; those that are withheld are left out.
    pub(super) fn send_books(&mut self, connection: u64, tokens: &[(usize, bool)], dump: bool) {
        let mut books = Vec::new();
        let mut marks = Vec::new();
        let mut about = None;
        for &(market, second) in tokens {
            if self.withheld(connection, market) {
                self.mute(connection, market);
                continue;
            }
            books.push(self.book_event(market, second));
            about = Some(market);
            if let Some(plant) = self.markets[market].plant {
                marks.push(Mark::Leg { plant, venue: Venue::Polymarket });
            }
        }
        if books.is_empty() && !(dump && tokens.is_empty()) {
            return;
        }
        let about = about.filter(|_| books.len() == 1);
        let mut frame = Frame::text(array(books));
        frame.marks = marks;
        self.deliver(connection, about, frame);
    }

    fn mute(&mut self, connection: u64, market: usize) {
        if let Some(client) = self.polymarket_client(connection) {
            client.muted.insert(market);
        }
    }

    /// Connections that follow a market and may be told now.
    fn polymarket_listeners(&mut self, market: usize) -> Vec<u64> {
        let mut listeners = self.followers(market);
        listeners.retain(|&connection| {
            if self.withheld(connection, market) {
                self.mute(connection, market);
                return false;
            }
            self.polymarket_client(connection).is_some_and(|c| !c.muted.contains(&market))
        });
        listeners
    }

    /// A book changed: one `price_change` with both tokens, `best_bid_ask` where it was asked for.
    pub(crate) fn polymarket_changed(
        &mut self,
        market: usize,
        deltas: &[(Change, Quantity)],
        touched: bool,
        plant: Option<usize>,
    ) {
        let mark = plant.map(|plant| Mark::Leg { plant, venue: Venue::Polymarket });
        let hashes: Vec<String> = deltas.iter().map(|_| self.random.hex(40)).collect();
        let text = self.price_change(market, deltas, &hashes);
        for connection in self.polymarket_listeners(market) {
            let place = self.place(connection, Some(market));
            if self.faults.on(place, |fault| *fault == Fault::OlderFormat).is_some() {
                self.older_changes(connection, market, deltas, &hashes[0], mark);
            } else {
                self.deliver(connection, Some(market), Frame::marked(text.clone(), mark));
            }
            if touched {
                self.send_touch(connection, market);
            }
        }
    }

    fn price_change(
        &self,
        market: usize,
        deltas: &[(Change, Quantity)],
        hashes: &[String],
    ) -> String {
        let mut changes = Vec::with_capacity(deltas.len() * 2);
        for ((change, _), hash) in deltas.iter().zip(hashes) {
            for second in [false, true] {
                let (side, price) = seen(change.side, change.price, second);
                let [bid, ask] = self.token_best(market, second);
                let change = Object::new()
                    .plain("asset_id", self.token(market, second))
                    .plain("price", price)
                    .plain("size", Quantity(change.total.0.max(0)))
                    .plain("side", order_side(side))
                    .plain("hash", hash)
                    .plain("best_bid", bid.unwrap_or(Price(0)))
                    .plain("best_ask", ask.unwrap_or(Price(10_000)));
                changes.push(change.end());
            }
        }
        Object::new()
            .plain("event_type", "price_change")
            .plain("market", self.name(market))
            .raw("price_changes", &array(changes))
            .plain("timestamp", self.stamp())
            .end()
    }

    /// The flat form of before September 2025: one frame a token.
    fn older_changes(
        &mut self,
        connection: u64,
        market: usize,
        deltas: &[(Change, Quantity)],
        hash: &str,
        mark: Option<Mark>,
    ) {
        for second in [false, true] {
            let follows = self
                .polymarket_client(connection)
                .is_some_and(|client| client.tokens.contains(&(market, second)));
            if !follows {
                continue;
            }
            let changes: Vec<_> = deltas
                .iter()
                .map(|(change, _)| {
                    let (side, price) = seen(change.side, change.price, second);
                    json!({
                        "price": price.to_string(),
                        "side": order_side(side),
                        "size": Quantity(change.total.0.max(0)).to_string(),
                    })
                })
                .collect();
            let text = json!({
                "event_type": "price_change",
                "asset_id": self.token(market, second),
                "market": self.name(market),
                "changes": changes,
                "timestamp": self.stamp(),
                "hash": hash,
            });
            self.deliver(connection, Some(market), Frame::marked(text.to_string(), mark));
        }
    }

    /// `best_bid_ask` of the followed tokens, for clients with the custom features.
    fn send_touch(&mut self, connection: u64, market: usize) {
        for second in [false, true] {
            let wants = self
                .polymarket_client(connection)
                .is_some_and(|c| c.custom && c.tokens.contains(&(market, second)));
            if !wants {
                continue;
            }
            let [bid, ask] = self.token_best(market, second);
            let written = |price: Option<Price>| price.map(|p| p.to_string()).unwrap_or_default();
            let spread = match (bid, ask) {
                (Some(bid), Some(ask)) => Price(ask.0 - bid.0).to_string(),
                _ => String::new(),
            };
            let text = Object::new()
                .plain("event_type", "best_bid_ask")
                .plain("market", self.name(market))
                .plain("asset_id", self.token(market, second))
                .plain("best_bid", written(bid))
                .plain("best_ask", written(ask))
                .plain("spread", spread)
                .plain("timestamp", self.stamp())
                .end();
            self.deliver(connection, Some(market), Frame::text(text));
        }
    }

    /// Somebody traded against the first token's resting side.
    pub(crate) fn polymarket_traded(
        &mut self,
        market: usize,
        resting: Side,
        price: Price,
        taken: Quantity,
    ) {
        let transaction = format!("0x{}", self.random.hex(64));
        let taker = match resting {
            Side::Ask => "BUY",
            Side::Bid => "SELL",
        };
        let text = Object::new()
            .plain("event_type", "last_trade_price")
            .plain("asset_id", self.token(market, false))
            .plain("market", self.name(market))
            .plain("price", price)
            .plain("size", taken)
            .plain("fee_rate_bps", "0")
            .plain("side", taker)
            .plain("timestamp", self.stamp())
            .plain("transaction_hash", transaction)
            .end();
        for connection in self.polymarket_listeners(market) {
            self.deliver(connection, Some(market), Frame::text(text.clone()));
        }
    }

    /// A tick ten times finer, or the old one again; new books follow.
    pub(crate) fn polymarket_tick_changed(&mut self, market: usize, finer: bool) {
        let before = self.markets[market].tick;
        let after = if finer { before / 10 } else { before * 10 };
        if !(1..=1_000).contains(&after) || self.markets[market].status != Status::Active {
            return;
        }
        self.markets[market].tick = after;
        for connection in self.polymarket_listeners(market) {
            for second in [false, true] {
                let follows = self
                    .polymarket_client(connection)
                    .is_some_and(|client| client.tokens.contains(&(market, second)));
                if !follows {
                    continue;
                }
                let text = json!({
                    "event_type": "tick_size_change",
                    "asset_id": self.token(market, second),
                    "market": self.name(market),
                    "old_tick_size": Price(before).to_string(),
                    "new_tick_size": Price(after).to_string(),
                    "timestamp": self.stamp(),
                });
                self.deliver(connection, Some(market), Frame::text(text.to_string()));
                self.send_books(connection, &[(market, second)], false);
            }
        }
    }

    /// A fresh book of every token that was withheld and no longer is.
    pub(crate) fn polymarket_break_silence(&mut self, connection: u64) {
        let Some(client) = self.polymarket_client(connection) else { return };
        let muted = std::mem::take(&mut client.muted);
        let tokens: Vec<_> =
            client.tokens.iter().copied().filter(|token| muted.contains(&token.0)).collect();
        for token in tokens {
            self.send_books(connection, &[token], false);
        }
    }

    /// Sends a global event to every client with the custom features.
    fn announce(&mut self, text: &str) {
        let ids: Vec<u64> = self
            .connections
            .values()
            .filter(|c| matches!(&c.client, Client::Polymarket(client) if client.custom))
            .map(|c| c.id)
            .collect();
        for id in ids {
            self.deliver(id, None, Frame::text(text.to_owned()));
        }
    }

    fn event_message(&self, market: usize) -> Value {
        let listed = &self.listings.polymarket[self.markets[market].listing];
        let event = &self.listings.polymarket_events[listed.event];
        json!({
            "id": event.id,
            "ticker": event.slug,
            "slug": event.slug,
            "title": event.title,
            "description": event.description,
        })
    }

    /// `new_market`.
    pub(crate) fn polymarket_listed(&mut self, market: usize) {
        let listed = &self.listings.polymarket[self.markets[market].listing];
        let event = &self.listings.polymarket_events[listed.event];
        let start = listed.game_start.map(crate::clock::rfc3339).unwrap_or_default();
        let text = json!({
            "event_type": "new_market",
            "id": listed.id,
            "question": listed.question,
            "market": listed.condition_id,
            "slug": listed.slug,
            "description": listed.description,
            "assets_ids": listed.tokens,
            "outcomes": listed.outcomes,
            "event_message": self.event_message(market),
            "timestamp": self.stamp(),
            "tags": [event.tag],
            "condition_id": listed.condition_id,
            "active": true,
            "clob_token_ids": listed.tokens,
            "sports_market_type": if listed.game_start.is_some() { "moneyline" } else { "" },
            "line": "",
            "game_start_time": start,
            "order_price_min_tick_size": self.tick_text(market),
            "group_item_title": listed.group_item_title,
            "taker_base_fee": "1000",
            "fees_enabled": listed.fee_rate > 0,
            "fee_schedule": {
                "exponent": "1",
                "rate": Price(listed.fee_rate * 100).to_string(),
                "taker_only": true,
                "rebate_rate": "0.25",
            },
        });
        self.announce(&text.to_string());
    }

    /// `market_resolved`.
    pub(crate) fn polymarket_resolved(&mut self, market: usize, first_wins: bool) {
        let listed = &self.listings.polymarket[self.markets[market].listing];
        let event = &self.listings.polymarket_events[listed.event];
        let winner = usize::from(!first_wins);
        let text = json!({
            "event_type": "market_resolved",
            "id": listed.id,
            "market": listed.condition_id,
            "assets_ids": listed.tokens,
            "winning_asset_id": listed.tokens[winner],
            "winning_outcome": listed.outcomes[winner],
            "event_message": self.event_message(market),
            "timestamp": self.stamp(),
            "tags": [event.tag],
        });
        self.announce(&text.to_string());
    }
}

/// A price with three decimals, as `last_trade_price` has it.
struct Thousandths(Price);

impl std::fmt::Display for Thousandths {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:03}", self.0.0 / 10_000, self.0.0 % 10_000 / 10)
    }
}

/// What is known about a token's book; levels are JSON already.
struct Summary<'a> {
    market: &'a str,
    asset_id: &'a str,
    timestamp: String,
    bids: String,
    asks: String,
    tick_size: String,
    neg_risk: bool,
    last_trade_price: String,
}

impl Summary<'_> {
    /// The members in the order the hash is taken over.
    fn text(&self, hash: &str) -> String {
        Object::new()
            .plain("market", self.market)
            .plain("asset_id", self.asset_id)
            .plain("timestamp", &self.timestamp)
            .plain("hash", hash)
            .raw("bids", &self.bids)
            .raw("asks", &self.asks)
            .plain("min_order_size", "5")
            .plain("tick_size", &self.tick_size)
            .raw("neg_risk", if self.neg_risk { "true" } else { "false" })
            .plain("last_trade_price", &self.last_trade_price)
            .end()
    }

    /// SHA-1 of the compact JSON with an empty hash field.
    fn sha1(&self) -> String {
        let text = self.text("");
        let digest = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
        hex(digest.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values of the sample `clob_book.json`, whose hash was computed with the venue's formula.
    #[test]
    fn the_hash_is_the_venues() {
        let levels =
            |levels: &[(&str, &str)]| {
                array(levels.iter().map(|(price, size)| {
                    Object::new().plain("price", price).plain("size", size).end()
                }))
            };
        let summary = Summary {
            market: "0xfc5680dd31d7a46b0c8c71fca425dc5d0380fc35370ff98f6f0c09dc9a4091b3",
            asset_id: "43931700168844802699797650963512083711431260765441771984109982878059495943752",
            timestamp: "1795187045000".to_owned(),
            bids: levels(&[
                ("0.01", "15000"),
                ("0.41", "820.5"),
                ("0.42", "300"),
                ("0.43", "75.25"),
            ]),
            asks: levels(&[("0.99", "20000"), ("0.48", "640"), ("0.47", "210.1"), ("0.46", "50")]),
            tick_size: "0.01".to_owned(),
            neg_risk: true,
            last_trade_price: "0.440".to_owned(),
        };
        assert_eq!(summary.sha1(), "d91e06bcba6c4b0b948c4407fd74013ee279b733");
    }
}

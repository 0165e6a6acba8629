//! `market_lifecycle_v2`: markets that are listed, paused, closed, decided and paid.

use serde_json::{Value, json};

use super::Channel;
use super::listings::{fee_fields, strike_fields, tick_fields};
use crate::catalogue::Ticks;
use crate::connection::{Client, Frame};
use crate::error::SimError;
use crate::fault::Venue;
use crate::world::{EventFee, World};

impl World {
    fn lifecycle(&mut self, market: usize, mut msg: Value) {
        msg["market_ticker"] = json!(self.name(market));
        self.lifecycle_message("market_lifecycle_v2", &msg);
    }

    /// Sends a message to every subscription of the lifecycle channel.
    fn lifecycle_message(&mut self, kind: &str, msg: &Value) {
        let mut listeners = Vec::new();
        for connection in self.connections.values() {
            if let Client::Kalshi(client) = &connection.client {
                for (&sid, known) in &client.subscriptions {
                    if known.channel == Channel::MarketLifecycle {
                        listeners.push((connection.id, sid));
                    }
                }
            }
        }
        for (connection, sid) in listeners {
            let Some(known) = self.subscription(connection, sid) else { continue };
            let seq = known.take_seq();
            let text = json!({"type": kind, "sid": sid, "seq": seq, "msg": msg});
            self.deliver(connection, None, Frame::text(text.to_string()));
        }
    }

    pub(crate) fn kalshi_created(&mut self, market: usize) {
        let listed = &self.listings.kalshi[self.markets[market].listing];
        let event = &self.listings.kalshi_events[listed.event];
        let series = &self.listings.series[event.series];
        let event_msg = json!({
            "event_ticker": event.ticker,
            "exchange_index": 0,
            "title": event.title,
            "subtitle": event.sub_title,
            "collateral_return_type": if event.mutually_exclusive { "MECNET" } else { "" },
            "series_ticker": series.ticker,
        });
        let mut meta = json!({
            "name": listed.yes_sub_title,
            "title": listed.title,
            "yes_sub_title": listed.yes_sub_title,
            "no_sub_title": listed.no_sub_title,
            "rules_primary": listed.rules_primary,
            "rules_secondary": listed.rules_secondary,
            "can_close_early": listed.early_close.is_some(),
            "event_ticker": event.ticker,
            "expected_expiration_ts": listed.expected_expiration.unix_timestamp(),
        });
        strike_fields(&listed.strike, &mut meta);
        let mut msg = json!({
            "event_type": "created",
            "exchange_index": 0,
            "open_ts": self.venue_now(Venue::Kalshi).unix_timestamp(),
            "close_ts": listed.close.unix_timestamp(),
            "additional_metadata": meta,
        });
        tick_fields(listed.ticks, &mut msg);
        self.lifecycle_message("event_lifecycle", &event_msg);
        self.lifecycle(market, msg);
    }

    /// An event gets fees of its own, or its series' again.
    pub(crate) fn set_event_fee(
        &mut self,
        ticker: &str,
        multiplier: Option<i64>,
    ) -> Result<(), SimError> {
        let event = self.listings.kalshi_events.iter().position(|event| event.ticker == ticker);
        let event = event.ok_or_else(|| SimError::UnknownMarket { name: ticker.to_owned() })?;
        let at = self.venue_now(Venue::Kalshi);
        self.event_fees.push(EventFee { event, multiplier, at });
        let mut msg = json!({ "event_ticker": ticker });
        fee_fields(multiplier, &mut msg);
        self.lifecycle_message("event_fee_update", &msg);
        Ok(())
    }

    pub(crate) fn kalshi_paused(&mut self, market: usize, paused: bool) {
        let kind = if paused { "deactivated" } else { "activated" };
        self.lifecycle(market, json!({"event_type": kind, "is_deactivated": paused}));
    }

    pub(crate) fn kalshi_close_moved(&mut self, market: usize) {
        let close = self.listings.kalshi[self.markets[market].listing].close;
        let msg = json!({"event_type": "close_date_updated", "close_ts": close.unix_timestamp()});
        self.lifecycle(market, msg);
    }

    pub(crate) fn kalshi_settled(&mut self, market: usize, yes: bool) {
        let now = self.venue_now(Venue::Kalshi).unix_timestamp();
        self.lifecycle(
            market,
            json!({
                "event_type": "determined",
                "determination_ts": now,
                "result": if yes { "yes" } else { "no" },
                "settlement_value": if yes { "1.0000" } else { "0.0000" },
            }),
        );
        self.lifecycle(market, json!({"event_type": "settled", "settled_ts": now}));
    }

    /// A finer grid (or the old one again).
    pub(crate) fn kalshi_ticks_changed(&mut self, market: usize, finer: bool) {
        let wanted = if finer { Ticks::Tapered } else { Ticks::Cent };
        let listing = self.markets[market].listing;
        // Only a grid that was refined here becomes coarse again.
        let refined = self.markets[market].tick < 100;
        if self.listings.kalshi[listing].ticks == wanted || refined == finer {
            return;
        }
        self.markets[market].tick = if finer { 10 } else { 100 };
        self.listings.kalshi[listing].ticks = wanted;
        let mut msg = json!({"event_type": "price_level_structure_updated"});
        tick_fields(wanted, &mut msg);
        self.lifecycle(market, msg);
    }

    /// The grid of a Kalshi market; Polymarket's markets have a tick instead.
    pub(crate) fn ticks(&self, market: usize) -> Ticks {
        let known = &self.markets[market];
        match known.venue {
            Venue::Kalshi => self.listings.kalshi[known.listing].ticks,
            Venue::Polymarket => Ticks::Cent,
        }
    }
}

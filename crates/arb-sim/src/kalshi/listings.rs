//! Markets, events and series as Kalshi's REST bodies.

use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::book::Side;
use crate::catalogue::{Strike, Ticks};
use crate::clock::rfc3339;
use crate::fault::Venue;
use crate::units::{CONTRACT, Price, Quantity};
use crate::world::{Status, World};

/// A decimal text as a JSON number.
fn number(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or(Value::Null)
}

pub(super) fn strike_fields(strike: &Strike, body: &mut Value) {
    let (kind, floor, cap) = match strike {
        Strike::Custom(..) => ("custom", None, None),
        Strike::Structured(..) => ("structured", None, None),
        Strike::Greater(level) => ("greater", Some(level), None),
        Strike::GreaterOrEqual(level) => ("greater_or_equal", Some(level), None),
        Strike::Less(level) => ("less", None, Some(level)),
    };
    body["strike_type"] = json!(kind);
    if let Some(level) = floor {
        body["floor_strike"] = number(level);
    }
    if let Some(level) = cap {
        body["cap_strike"] = number(level);
    }
    if let Strike::Custom(key, value) | Strike::Structured(key, value) = strike {
        body["custom_strike"] = json!({ *key: value });
    }
}

/// The fees of an event over its series'; null where it has none of its own.
pub(super) fn fee_fields(multiplier: Option<i64>, body: &mut Value) {
    body["fee_type_override"] = json!(multiplier.map(|_| "quadratic"));
    body["fee_multiplier_override"] =
        multiplier.map_or(Value::Null, |m| number(&format!("{}.{:02}", m / 100, m % 100)));
}

pub(super) fn tick_fields(ticks: Ticks, body: &mut Value) {
    let (name, ranges): (_, &[[&str; 3]]) = match ticks {
        Ticks::Cent => ("linear_cent", &[["0.0000", "1.0000", "0.0100"]]),
        Ticks::Tapered => (
            "tapered_deci_cent",
            &[
                ["0.0000", "0.1000", "0.0010"],
                ["0.1000", "0.9000", "0.0100"],
                ["0.9000", "1.0000", "0.0010"],
            ],
        ),
    };
    let ranges: Vec<_> = ranges
        .iter()
        .map(|[start, end, step]| json!({"start": start, "end": end, "step": step}))
        .collect();
    body["price_level_structure"] = json!(name);
    body["price_ranges"] = json!(ranges);
}

impl World {
    /// The word of a market's `status` field.
    fn kalshi_status(&self, market: usize) -> &'static str {
        match self.markets[market].status {
            Status::Unlisted => "initialized",
            Status::Active => "active",
            Status::Paused => "inactive",
            Status::Closed => "closed",
            Status::Settled(_) => "finalized",
        }
    }

    /// A market's body; `market` is an index into all markets.
    pub(super) fn kalshi_market_body(&self, market: usize) -> Value {
        let known = &self.markets[market];
        let listed = &self.listings.kalshi[known.listing];
        let event = &self.listings.kalshi_events[listed.event];
        let now = self.venue_now(Venue::Kalshi);
        let opened = self.opened();
        let quote = |side| known.book.best(side);
        // An empty side shows sentinels whose sizes are zero.
        let (bid, bid_size) = quote(Side::Bid).unwrap_or((Price(0), Quantity(0)));
        let (ask, ask_size) = quote(Side::Ask).unwrap_or((Price(0), Quantity(0)));
        let (no_bid, no_ask) = if known.book.is_empty() {
            (Price(10_000), Price(10_000))
        } else {
            (ask.complement(), bid.complement())
        };
        let last = known.last_trade.unwrap_or(Price(0));
        let mut body = json!({
            "ticker": listed.ticker,
            "event_ticker": event.ticker,
            "market_type": "binary",
            "title": listed.title,
            "subtitle": "",
            "yes_sub_title": listed.yes_sub_title,
            "no_sub_title": listed.no_sub_title,
            "created_time": rfc3339(opened - Duration::minutes(2)),
            "updated_time": rfc3339(now),
            "open_time": rfc3339(opened),
            "close_time": rfc3339(listed.close),
            "expected_expiration_time": rfc3339(listed.expected_expiration),
            "expiration_time": rfc3339(listed.close + Duration::days(31)),
            "latest_expiration_time": rfc3339(listed.close + Duration::days(31)),
            "settlement_timer_seconds": 300,
            "status": self.kalshi_status(market),
            "yes_bid_dollars": bid.kalshi(),
            "yes_bid_size_fp": bid_size.kalshi(),
            "yes_ask_dollars": ask.kalshi(),
            "yes_ask_size_fp": ask_size.kalshi(),
            "no_bid_dollars": no_bid.kalshi(),
            "no_ask_dollars": no_ask.kalshi(),
            "last_price_dollars": last.kalshi(),
            "volume_fp": known.volume.kalshi(),
            "volume_24h_fp": Quantity::contracts(known.volume.0 / CONTRACT / 9).kalshi(),
            "result": "",
            "can_close_early": listed.early_close.is_some(),
            "fractional_trading_enabled": true,
            "open_interest_fp": Quantity::contracts(known.volume.0 / CONTRACT / 3).kalshi(),
            "notional_value_dollars": "1.0000",
            "previous_yes_bid_dollars": bid.kalshi(),
            "previous_yes_ask_dollars": ask.kalshi(),
            "previous_price_dollars": last.kalshi(),
            "expiration_value": "",
            "rules_primary": listed.rules_primary,
            "rules_secondary": listed.rules_secondary,
            "is_provisional": false,
            "exchange_index": u8::from(!listed.legs.is_empty()),
            "settlement_bounds_type": "default",
        });
        if let Some(condition) = &listed.early_close {
            body["early_close_condition"] = json!(condition);
        }
        strike_fields(&listed.strike, &mut body);
        tick_fields(listed.ticks, &mut body);
        if !listed.legs.is_empty() {
            combo_fields(&listed.legs, &mut body);
        }
        if let Status::Settled(yes) = known.status {
            body["result"] = json!(if yes { "yes" } else { "no" });
            body["expiration_value"] = json!(if yes { "Yes" } else { "No" });
            body["settlement_value_dollars"] = json!(if yes { "1.0000" } else { "0.0000" });
            body["settlement_ts"] = json!(rfc3339(listed.close + Duration::minutes(65)));
        }
        body
    }

    /// When the markets of the catalogue were opened: a quarter of a year before the simulation.
    fn opened(&self) -> OffsetDateTime {
        let noon = self.clock.now().date().with_hms(12, 0, 0);
        noon.map_or_else(|_| self.clock.now(), time::PrimitiveDateTime::assume_utc)
            - Duration::days(117)
    }

    pub(super) fn kalshi_event_body(&self, event: usize, nested: bool) -> Value {
        let known = &self.listings.kalshi_events[event];
        let series = &self.listings.series[known.series];
        let (name, url) = series.source;
        let mut body = json!({
            "event_ticker": known.ticker,
            "series_ticker": series.ticker,
            "title": known.title,
            "sub_title": known.sub_title,
            "category": series.category,
            "collateral_return_type": if known.mutually_exclusive { "MECNET" } else { "" },
            "mutually_exclusive": known.mutually_exclusive,
            "strike_period": "",
            "settlement_sources": [{"name": name, "url": url}],
            "last_updated_ts": rfc3339(self.venue_now(Venue::Kalshi)),
            "available_on_brokers": true,
            "product_metadata": {},
            "exchange_index": 0,
        });
        let own = self.event_fees.iter().rev().find(|fee| fee.event == event);
        fee_fields(own.and_then(|fee| fee.multiplier), &mut body);
        if nested {
            let markets: Vec<_> =
                self.event_markets(event).into_iter().map(|m| self.kalshi_market_body(m)).collect();
            body["markets"] = json!(markets);
        }
        body
    }

    /// The listed markets of an event.
    pub(super) fn event_markets(&self, event: usize) -> Vec<usize> {
        self.kalshi_markets
            .iter()
            .copied()
            .filter(|&market| self.listings.kalshi[self.markets[market].listing].event == event)
            .filter(|&market| self.markets[market].status != Status::Unlisted)
            .collect()
    }

    pub(super) fn series_body(&self, series: usize) -> Value {
        let known = &self.listings.series[series];
        let (name, url) = known.source;
        let multiplier = match known.fee_multiplier {
            whole if whole % 100 == 0 => json!(whole / 100),
            part => number(&format!("0.{part:02}")),
        };
        json!({
            "ticker": known.ticker,
            "frequency": "custom",
            "title": known.title,
            "category": known.category,
            "tags": [known.tag],
            "settlement_sources": [{"name": name, "url": url}],
            "contract_url": format!("https://example.com/contracts/{}.pdf", known.ticker),
            "contract_terms_url": format!("https://example.com/terms/{}.pdf", known.ticker),
            "fee_type": known.fee_type,
            "fee_multiplier": multiplier,
            "additional_prohibitions": [],
            "exchange_index": 0,
        })
    }
}

/// What tells a combo from an ordinary market.
fn combo_fields(legs: &[(String, String, &'static str)], body: &mut Value) {
    let selected: Vec<_> = legs
        .iter()
        .map(|(event, market, side)| {
            json!({"event_ticker": event, "market_ticker": market, "side": side})
        })
        .collect();
    body["mve_collection_ticker"] = json!("KXMVESPORTSMULTIGAMEEXTENDED-R");
    body["mve_selected_legs"] = json!(selected);
    body["price_level_structure"] = json!("center_deci_edge_centi");
    body["price_ranges"] = json!([
        {"start": "0.0000", "end": "0.0100", "step": "0.0001"},
        {"start": "0.0100", "end": "0.9900", "step": "0.0010"},
        {"start": "0.9900", "end": "1.0000", "step": "0.0001"},
    ]);
}

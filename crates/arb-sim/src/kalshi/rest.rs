//! Kalshi's REST answers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::listings::fee_fields;
use crate::book::Side;
use crate::clock::rfc3339_micros;
use crate::credentials::Refusal;
use crate::fault::{Fault, Place, Surface, Venue};
use crate::http::{Answer, Query};
use crate::world::{Status, World};

/// Whether a request was signed, and how well.
pub(crate) type Signed = Result<(), Refusal>;

/// The body of a refused signature.
pub(crate) fn signature_refused(refusal: Refusal) -> Answer {
    let body = match refusal {
        Refusal::Missing => error("missing_auth_headers", "missing authentication headers", None),
        Refusal::UnknownKey => {
            error("authentication_error", "authentication_error", Some("NOT_FOUND"))
        }
        Refusal::Expired => error("header_timestamp_expired", "header timestamp expired", None),
        Refusal::BadSignature => error(
            "authentication_error",
            "authentication_error",
            Some("INCORRECT_API_KEY_SIGNATURE"),
        ),
    };
    Answer::json(401, body)
}

fn error(code: &str, message: &str, details: Option<&str>) -> Value {
    let mut body = json!({"error": {"code": code, "message": message}});
    match details {
        Some(details) => body["error"]["details"] = json!(details),
        None => body["error"]["service"] = json!("exchange"),
    }
    body
}

fn not_found() -> Answer {
    Answer::json(404, error("not_found", "not found", None))
}

/// Refused parameters have a body of their own shape.
fn bad_parameter(endpoint: &str, what: &str) -> Answer {
    let text = format!("Parameter validation failed for {endpoint}: {what}");
    Answer::json(400, json!({ "msg": text }))
}

/// A page of a list: the limit in force, and the cursor of the next page ("" at the end). A cursor
/// that means nothing starts from the beginning, as the venue does.
fn page(
    query: &Query,
    endpoint: &str,
    usual: usize,
    most: usize,
    total: usize,
) -> Result<(std::ops::Range<usize>, String), Answer> {
    let limit = match query.first("limit").map(str::parse::<usize>) {
        None => usual,
        Some(Ok(limit)) if limit > most => {
            return Err(bad_parameter(endpoint, "Limit above its maximum"));
        }
        Some(Ok(limit)) if limit > 0 => limit,
        Some(_) => return Err(bad_parameter(endpoint, "Limit is not a positive number")),
    };
    let start = query
        .first("cursor")
        .and_then(|cursor| STANDARD.decode(cursor).ok())
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .and_then(|text| text.strip_prefix("from ")?.parse::<usize>().ok())
        .unwrap_or(0)
        .min(total);
    let end = (start + limit).min(total);
    let cursor = if end < total { STANDARD.encode(format!("from {end}")) } else { String::new() };
    Ok((start..end, cursor))
}

impl World {
    /// Answers a GET below `/trade-api/v2`.
    pub(crate) fn kalshi_get(&mut self, path: &str, query: &Query, signed: Signed) -> Answer {
        match signed {
            Ok(()) if !self.take_call() => {
                return Answer::json(429, json!({"error": "too many requests"}));
            }
            Err(refusal) if refusal != Refusal::Missing => return signature_refused(refusal),
            _ => {}
        }
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        match parts.as_slice() {
            ["exchange", "status"] => self.exchange_status(),
            ["exchange", "schedule"] => Answer::json(200, schedule()),
            ["series"] => self.series_list(query),
            ["series", "fee_changes"] => Answer::json(200, json!({"series_fee_change_arr": []})),
            ["series", ticker] => self.one_series(ticker),
            ["events"] => self.events(query),
            ["events", "fee_changes"] => self.event_fee_changes(query),
            ["events", ticker] => self.one_event(ticker, query),
            ["markets"] => self.kalshi_markets(query),
            ["markets", "trades"] => Answer::json(200, json!({"trades": [], "cursor": ""})),
            ["markets", "orderbooks"] => {
                if self.config.batch_books_need_signature && signed.is_err() {
                    return signature_refused(Refusal::Missing);
                }
                self.orderbooks(query)
            }
            ["markets", ticker] => match self.find_listed(Venue::Kalshi, ticker) {
                Some((market, _)) => {
                    Answer::json(200, json!({"market": self.kalshi_market_body(market)}))
                }
                None => not_found(),
            },
            ["markets", ticker, "orderbook"] => self.orderbook(ticker, query),
            ["historical", "cutoff"] => Answer::json(
                200,
                json!({
                    "market_settled_ts": "2026-01-01T00:00:00Z",
                    "trades_created_ts": "2026-01-01T00:00:00Z",
                    "orders_updated_ts": "2026-01-01T00:00:00Z",
                }),
            ),
            ["account", ..] | ["portfolio", ..] => match signed {
                Err(refusal) => signature_refused(refusal),
                Ok(()) => account(&parts, self.config.signed_calls_per_second),
            },
            _ => not_found(),
        }
    }

    /// Takes one signed call out of the bucket, which refills every second and holds three seconds.
    fn take_call(&mut self) -> bool {
        let now = Instant::now();
        let rate = i64::from(self.config.signed_calls_per_second) * 1_000;
        let passed = now.saturating_duration_since(self.calls.1).as_millis() as i64;
        let (left, _) = self.calls;
        let left = left.saturating_add(passed.saturating_mul(rate) / 1_000).min(rate * 3);
        let allowed = left >= 1_000;
        self.calls = (if allowed { left - 1_000 } else { left }, now);
        allowed
    }

    fn exchange_status(&self) -> Answer {
        let place =
            Place { venue: Venue::Kalshi, surface: Surface::Rest, connection: None, market: None };
        let on = |wanted: &Fault| {
            let everywhere = [Surface::Rest, Surface::WebSocket];
            everywhere.iter().any(|&surface| {
                self.faults.on(Place { surface, ..place }, |fault| fault == wanted).is_some()
            })
        };
        let paused = on(&Fault::ExchangePause);
        let (exchange, trading) = (!paused, !paused && !on(&Fault::PlannedWindow));
        let shards: Vec<_> =
            ["default", "combos", "crypto and commodities", "tennis, baseball, basketball"]
                .iter()
                .enumerate()
                .map(|(index, name)| {
                    json!({
                        "exchange_index": index,
                        "description": name,
                        "exchange_active": exchange,
                        "trading_active": trading,
                    })
                })
                .collect();
        Answer::json(
            200,
            json!({
                "exchange_active": exchange,
                "trading_active": trading,
                "exchange_index_statuses": shards,
                "intra_exchange_transfers_active": exchange,
            }),
        )
    }

    fn series_list(&self, query: &Query) -> Answer {
        let category = query.first("category");
        let list: Vec<_> = (0..self.listings.series.len())
            .filter(|&series| {
                category.is_none_or(|wanted| self.listings.series[series].category == wanted)
            })
            .map(|series| self.series_body(series))
            .collect();
        Answer::json(200, json!({ "series": list }))
    }

    fn one_series(&self, ticker: &str) -> Answer {
        match self.listings.series.iter().position(|series| series.ticker == ticker) {
            Some(series) => Answer::json(200, json!({"series": self.series_body(series)})),
            None => not_found(),
        }
    }

    /// Events with a listed market, filtered as asked.
    fn events(&self, query: &Query) -> Answer {
        let wanted = match status_filter(query, "GetEvents") {
            Ok(wanted) => wanted,
            Err(answer) => return answer,
        };
        let tickers = query.list("tickers");
        let found: Vec<usize> = (0..self.listings.kalshi_events.len())
            .filter(|&event| {
                let known = &self.listings.kalshi_events[event];
                let series = &self.listings.series[known.series].ticker;
                let markets = self.event_markets(event);
                query.first("series_ticker").is_none_or(|wanted| wanted == series)
                    && (tickers.is_empty() || tickers.contains(&known.ticker.as_str()))
                    && markets.iter().any(|&m| wanted(self.markets[m].status))
            })
            .collect();
        let (range, cursor) = match page(query, "GetEvents", 200, 200, found.len()) {
            Ok(page) => page,
            Err(answer) => return answer,
        };
        let nested = query.first("with_nested_markets") == Some("true");
        let events: Vec<_> =
            found[range].iter().map(|&event| self.kalshi_event_body(event, nested)).collect();
        Answer::json(200, json!({"events": events, "cursor": cursor, "milestones": []}))
    }

    fn event_fee_changes(&self, query: &Query) -> Answer {
        let wanted = query.first("event_ticker");
        let changes: Vec<_> = self
            .event_fees
            .iter()
            .enumerate()
            .filter_map(|(id, fee)| {
                let event = &self.listings.kalshi_events[fee.event];
                let mut body = json!({
                    "id": id.to_string(),
                    "event_ticker": event.ticker,
                    "series_ticker": self.listings.series[event.series].ticker,
                    "scheduled_ts": rfc3339_micros(fee.at),
                });
                fee_fields(fee.multiplier, &mut body);
                wanted.is_none_or(|wanted| wanted == event.ticker).then_some(body)
            })
            .collect();
        Answer::json(200, json!({"event_fee_changes": changes, "cursor": ""}))
    }

    fn one_event(&self, ticker: &str, query: &Query) -> Answer {
        let Some(event) = self.listings.kalshi_events.iter().position(|e| e.ticker == ticker)
        else {
            return not_found();
        };
        if self.event_markets(event).is_empty() {
            return not_found();
        }
        let nested = query.first("with_nested_markets") == Some("true");
        let mut answer = json!({"event": self.kalshi_event_body(event, nested)});
        if !nested {
            let markets: Vec<_> =
                self.event_markets(event).into_iter().map(|m| self.kalshi_market_body(m)).collect();
            answer["markets"] = json!(markets);
        }
        Answer::json(200, answer)
    }

    fn kalshi_markets(&self, query: &Query) -> Answer {
        let wanted = match status_filter(query, "GetMarkets") {
            Ok(wanted) => wanted,
            Err(answer) => return answer,
        };
        let number = |key: &str| query.first(key).and_then(|text| text.parse::<i64>().ok());
        let tickers = query.list("tickers");
        let found: Vec<usize> = self
            .kalshi_markets
            .iter()
            .copied()
            .filter(|&market| {
                let listed = &self.listings.kalshi[self.markets[market].listing];
                let event = &self.listings.kalshi_events[listed.event];
                let series = &self.listings.series[event.series].ticker;
                let close = listed.close.unix_timestamp();
                let combo = !listed.legs.is_empty();
                self.markets[market].status != Status::Unlisted
                    && wanted(self.markets[market].status)
                    && query.first("event_ticker").is_none_or(|wanted| wanted == event.ticker)
                    && query.first("series_ticker").is_none_or(|wanted| wanted == series)
                    && (tickers.is_empty() || tickers.contains(&listed.ticker.as_str()))
                    && number("min_close_ts").is_none_or(|from| close >= from)
                    && number("max_close_ts").is_none_or(|until| close <= until)
                    && match query.first("mve_filter") {
                        Some("only") => combo,
                        Some("exclude") => !combo,
                        _ => true,
                    }
            })
            .collect();
        let (range, cursor) = match page(query, "GetMarkets", 100, 1_000, found.len()) {
            Ok(page) => page,
            Err(answer) => return answer,
        };
        let markets: Vec<_> =
            found[range].iter().map(|&market| self.kalshi_market_body(market)).collect();
        Answer::json(200, json!({"markets": markets, "cursor": cursor}))
    }

    fn orderbook(&self, ticker: &str, query: &Query) -> Answer {
        let Some((market, _)) = self.find_listed(Venue::Kalshi, ticker) else {
            return not_found();
        };
        let depth = match query.first("depth").map(str::parse::<usize>) {
            None => 0,
            Some(Ok(depth)) if depth <= 100 => depth,
            Some(_) => return bad_parameter("GetMarketOrderbook", "Depth is not from 0 to 100"),
        };
        Answer::json(200, json!({"orderbook_fp": self.orderbook_body(market, depth)}))
    }

    /// Both sides in ascending order, so that the best is last; 0 is all levels.
    fn orderbook_body(&self, market: usize, depth: usize) -> Value {
        let side = |side| {
            let mut levels = if self.is_active(market) {
                self.quoted_levels(market, side, false)
            } else {
                Vec::new()
            };
            if depth > 0 && levels.len() > depth {
                levels.drain(..levels.len() - depth);
            }
            let texts: Vec<_> =
                levels.into_iter().map(|(price, size)| [price.kalshi(), size.kalshi()]).collect();
            json!(texts)
        };
        json!({"yes_dollars": side(Side::Bid), "no_dollars": side(Side::Ask)})
    }

    fn orderbooks(&self, query: &Query) -> Answer {
        let tickers = query.all("tickers");
        if tickers.is_empty() || tickers.len() > 100 {
            return bad_parameter("GetMarketOrderbooks", "Tickers must be from 1 to 100");
        }
        let books: Vec<_> = tickers
            .iter()
            .filter_map(|ticker| self.find_listed(Venue::Kalshi, ticker))
            .map(|(market, _)| {
                json!({"ticker": self.name(market), "orderbook_fp": self.orderbook_body(market, 0)})
            })
            .collect();
        Answer::json(200, json!({ "orderbooks": books }))
    }
}

/// The `status` filter, whose words are not those of the field.
fn status_filter(query: &Query, endpoint: &str) -> Result<fn(Status) -> bool, Answer> {
    Ok(match query.first("status") {
        None | Some("") => |_| true,
        Some("unopened") => |_| false,
        Some("open") => |status| status == Status::Active,
        Some("paused") => |status| status == Status::Paused,
        Some("closed") => |status| status == Status::Closed,
        Some("settled") => |status| matches!(status, Status::Settled(_)),
        Some(_) => return Err(bad_parameter(endpoint, "Status is not one of the known filters")),
    })
}

/// The account of the test identity.
fn account(parts: &[&str], calls: u32) -> Answer {
    match parts {
        ["account", "limits"] => Answer::json(
            200,
            json!({
                "usage_tier": "basic",
                "read": {"refill_rate": 10 * calls, "bucket_capacity": 30 * calls},
                "write": {"refill_rate": 100, "bucket_capacity": 100},
                "grants": [],
            }),
        ),
        ["portfolio", "balance"] => Answer::json(
            200,
            json!({
                "balance": 1_000_000,
                "balance_dollars": "10000.0000",
                "portfolio_value": 0,
                "updated_ts": 0,
            }),
        ),
        ["portfolio", "positions"] => {
            Answer::json(200, json!({"market_positions": [], "event_positions": [], "cursor": ""}))
        }
        _ => not_found(),
    }
}

fn schedule() -> Value {
    let day = json!([{"open_time": "00:00", "close_time": "24:00"}]);
    let thursday = json!([
        {"open_time": "00:00", "close_time": "03:00"},
        {"open_time": "05:00", "close_time": "24:00"},
    ]);
    json!({"schedule": {
        "standard_hours": [{
            "start_time": "2024-01-01T00:00:00Z",
            "end_time": "2036-01-01T00:00:00Z",
            "monday": day, "tuesday": day, "wednesday": day, "thursday": thursday,
            "friday": day, "saturday": day, "sunday": day,
        }],
        "maintenance_windows": [],
    }})
}

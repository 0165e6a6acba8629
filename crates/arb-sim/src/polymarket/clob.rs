//! The CLOB's public REST: books, prices, market parameters.

use serde_json::{Value, json};

use crate::book::Side;
use crate::fault::Venue;
use crate::http::{Answer, Query};
use crate::object::array;
use crate::units::Price;
use crate::world::World;

fn no_book() -> Answer {
    Answer::json(404, json!({"error": "No orderbook exists for the requested token id"}))
}

fn bad(text: &str) -> Answer {
    Answer::json(400, json!({ "error": text }))
}

impl World {
    /// The open market and side of a token.
    fn open_token(&self, token: &str) -> Option<(usize, bool)> {
        let found = self.find_listed(Venue::Polymarket, token).filter(|_| !token.starts_with("0x"));
        found.filter(|&(market, _)| self.has_book(market))
    }

    /// Answers a GET; `None` when the path is not the CLOB's.
    pub(crate) fn clob_get(&self, path: &str, query: &Query) -> Option<Answer> {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        Some(match parts.as_slice() {
            [] | ["ok"] => Answer::json(200, json!("OK")),
            ["time"] => {
                Answer::json(200, json!(self.venue_now(Venue::Polymarket).unix_timestamp()))
            }
            ["version"] => Answer::json(200, json!({"version": 2})),
            ["clob-markets", condition] => self.clob_market(condition),
            ["markets-by-token", token] => self.market_by_token(token),
            ["book" | "price" | "midpoint" | "spread" | "tick-size" | "neg-risk" | "fee-rate"] => {
                let Some(token) = query.first("token_id") else {
                    return Some(bad("Invalid token id"));
                };
                match self.open_token(token) {
                    Some(found) => self.about_token(parts[0], found, query),
                    None => no_book(),
                }
            }
            _ => return None,
        })
    }

    fn about_token(&self, what: &str, (market, second): (usize, bool), query: &Query) -> Answer {
        let best = |side: Side| {
            let book = &self.markets[market].book;
            match (side, second) {
                (_, false) => book.best(side).map(|level| level.0),
                (Side::Bid, true) => book.best(Side::Ask).map(|level| level.0.complement()),
                (Side::Ask, true) => book.best(Side::Bid).map(|level| level.0.complement()),
            }
        };
        let listed = &self.listings.polymarket[self.markets[market].listing];
        if what == "book" {
            return Answer::raw(200, &self.book_summary(market, second));
        }
        let body = match (what, best(Side::Bid), best(Side::Ask)) {
            ("tick-size", ..) => json!({"minimum_tick_size": decimal(self.markets[market].tick)}),
            ("neg-risk", ..) => {
                let event = &self.listings.polymarket_events[listed.event];
                json!({"neg_risk": event.neg_risk.is_some()})
            }
            ("fee-rate", ..) => json!({"base_fee": 1000}),
            ("midpoint", Some(bid), Some(ask)) => {
                json!({"mid": Halves(bid.0 + ask.0).to_string()})
            }
            ("spread", Some(bid), Some(ask)) => json!({"spread": Price(ask.0 - bid.0).to_string()}),
            ("price", bid, ask) => match query.first("side") {
                Some("BUY") => json!({"price": bid.unwrap_or(Price(0)).to_string()}),
                Some("SELL") => json!({"price": ask.unwrap_or(Price(10_000)).to_string()}),
                _ => return bad("Invalid side"),
            },
            _ => return no_book(),
        };
        Answer::json(200, body)
    }

    /// Answers `POST /books`: unknown tokens are dropped, the order is not kept.
    pub(crate) fn clob_books(&mut self, body: &[u8]) -> Answer {
        let Ok(Value::Array(wanted)) = serde_json::from_slice::<Value>(body) else {
            return bad("Invalid payload");
        };
        if wanted.len() > 500 {
            return bad("Payload exceeds the limit");
        }
        let mut books: Vec<String> = wanted
            .iter()
            .filter_map(|entry| entry.get("token_id").and_then(Value::as_str))
            .filter_map(|token| self.open_token(token))
            .map(|(market, second)| self.book_summary(market, second))
            .collect();
        for at in (1..books.len()).rev() {
            let other = self.random.below(at + 1);
            books.swap(at, other);
        }
        Answer::raw(200, &array(books))
    }

    fn clob_market(&self, condition: &str) -> Answer {
        let found = self.find_listed(Venue::Polymarket, condition);
        let Some((market, _)) = found.filter(|_| condition.starts_with("0x")) else {
            return Answer::json(404, json!({"error": "market not found"}));
        };
        let listed = &self.listings.polymarket[self.markets[market].listing];
        let event = &self.listings.polymarket_events[listed.event];
        let tokens: Vec<_> = listed
            .tokens
            .iter()
            .zip(&listed.outcomes)
            .map(|(token, outcome)| json!({"t": token, "o": outcome}))
            .collect();
        let mut body = json!({
            "c": listed.condition_id,
            "t": tokens,
            "mos": 5,
            "mts": decimal(self.markets[market].tick),
            "mbf": 1000,
            "tbf": 1000,
            "ao": self.has_book(market),
            "nr": event.neg_risk.is_some(),
            "fd": {"r": decimal(listed.fee_rate * 100), "e": 1, "to": true},
            "cbos": false,
            "rfqe": false,
            "ibce": false,
            "v": "v1",
        });
        if let Some(start) = listed.game_start {
            body["gst"] = json!(crate::clock::rfc3339(start));
            body["sd"] = json!(1);
        }
        Answer::json(200, body)
    }

    fn market_by_token(&self, token: &str) -> Answer {
        let found = self.find_listed(Venue::Polymarket, token).filter(|_| !token.starts_with("0x"));
        let Some((market, _)) = found else {
            return Answer::json(404, json!({"error": "market not found"}));
        };
        let listed = &self.listings.polymarket[self.markets[market].listing];
        Answer::json(
            200,
            json!({
                "condition_id": listed.condition_id,
                "primary_token_id": listed.tokens[0],
                "secondary_token_id": listed.tokens[1],
            }),
        )
    }
}

/// Ten-thousandths as a JSON number.
pub(super) fn decimal(value: i64) -> Value {
    serde_json::from_str(&Price(value).to_string()).unwrap_or(Value::Null)
}

/// Half of a sum of two prices.
struct Halves(i64);

impl std::fmt::Display for Halves {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = format!("{}.{:05}", self.0 / 20_000, self.0 % 20_000 * 5);
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

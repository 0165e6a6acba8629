//! Gamma, the metadata API: keyset pages of markets and events.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use time::Duration;

use super::clob::decimal;
use crate::book::Side;
use crate::catalogue::{PolymarketMarket, hex, sha256};
use crate::clock::{rfc3339, rfc3339_micros};
use crate::fault::Venue;
use crate::http::{Answer, Query};
use crate::units::{CONTRACT, Price};
use crate::world::{Status, World};

impl World {
    /// Answers a GET; `None` when the path is not Gamma's.
    pub(crate) fn gamma_get(&self, path: &str, query: &Query) -> Option<Answer> {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        Some(match parts.as_slice() {
            ["markets", "keyset"] => self.keyset(query, "markets"),
            ["events", "keyset"] => self.keyset(query, "events"),
            ["markets", id] => {
                let found = self.listed_polymarket().into_iter().find(|&market| {
                    self.listings.polymarket[self.markets[market].listing].id == *id
                });
                match found {
                    Some(market) => Answer::json(200, self.gamma_market(market, true)),
                    None => not_found(),
                }
            }
            ["events", id] => {
                match self.listings.polymarket_events.iter().position(|event| event.id == *id) {
                    Some(event) => Answer::json(200, self.gamma_event(event, true)),
                    None => not_found(),
                }
            }
            _ => return None,
        })
    }

    fn listed_polymarket(&self) -> Vec<usize> {
        self.polymarket_markets
            .iter()
            .copied()
            .filter(|&market| self.markets[market].status != Status::Unlisted)
            .collect()
    }

    fn over(&self, market: usize) -> bool {
        matches!(self.markets[market].status, Status::Closed | Status::Settled(_))
    }

    fn keyset(&self, query: &Query, kind: &str) -> Answer {
        if query.first("offset").is_some() {
            let text = "offset is not supported by keyset pagination";
            return Answer::json(422, json!({"type": "validation error", "error": text}));
        }
        let limit = match query.first("limit").map(str::parse::<usize>) {
            None => 20,
            Some(Ok(limit)) => limit.clamp(1, 100),
            Some(Err(_)) => {
                return Answer::json(422, json!({"type": "validation error", "error": "limit"}));
            }
        };
        let after = query
            .first("after_cursor")
            .and_then(|cursor| STANDARD.decode(cursor).ok())
            .and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok())
            .and_then(|cursor| cursor.get("id")?.as_str()?.parse::<u64>().ok());
        if after.is_none() && query.first("after_cursor").is_some() {
            return Answer::json(422, json!({"type": "validation error", "error": "after_cursor"}));
        }
        let all: Vec<(u64, Value)> = match kind {
            "markets" => self.gamma_markets(query),
            _ => self.gamma_events(query),
        };
        let mut page: Vec<(u64, Value)> =
            all.into_iter().filter(|entry| after.is_none_or(|after| entry.0 > after)).collect();
        let more = page.len() > limit;
        page.truncate(limit);
        let last = page.last().map(|entry| entry.0);
        let bodies: Vec<Value> = page.into_iter().map(|entry| entry.1).collect();
        let mut answer = json!({ kind: bodies });
        // The last page has no cursor at all.
        if let (true, Some(last)) = (more, last) {
            let cursor = json!({"id": last.to_string()}).to_string();
            answer["next_cursor"] = json!(STANDARD.encode(cursor));
        }
        Answer::json(200, answer)
    }

    fn gamma_markets(&self, query: &Query) -> Vec<(u64, Value)> {
        let closed = query.first("closed") == Some("true");
        let conditions = query.list("condition_ids");
        let tokens = query.list("clob_token_ids");
        let slugs = query.list("slug");
        self.listed_polymarket()
            .into_iter()
            .filter(|&market| self.over(market) == closed)
            .map(|market| (market, &self.listings.polymarket[self.markets[market].listing]))
            .filter(|(_, listed)| {
                let end = rfc3339(listed.end);
                let within = |key: &str, before: bool| {
                    query.first(key).is_none_or(|limit| {
                        if before { end.as_str() <= limit } else { end.as_str() >= limit }
                    })
                };
                (conditions.is_empty() || conditions.contains(&listed.condition_id.as_str()))
                    && (tokens.is_empty()
                        || listed.tokens.iter().any(|t| tokens.contains(&t.as_str())))
                    && (slugs.is_empty() || slugs.contains(&listed.slug.as_str()))
                    && within("end_date_min", false)
                    && within("end_date_max", true)
            })
            .map(|(market, listed)| {
                (listed.id.parse().unwrap_or_default(), self.gamma_market(market, true))
            })
            .collect()
    }

    fn gamma_events(&self, query: &Query) -> Vec<(u64, Value)> {
        let closed = query.first("closed") == Some("true");
        let slugs = query.list("slug");
        let events = &self.listings.polymarket_events;
        (0..events.len())
            .filter(|&event| {
                let markets = self.markets_of_group(event);
                !markets.is_empty()
                    && markets.iter().all(|&market| self.over(market)) == closed
                    && (slugs.is_empty() || slugs.contains(&events[event].slug.as_str()))
            })
            .map(|event| {
                (events[event].id.parse().unwrap_or_default(), self.gamma_event(event, true))
            })
            .collect()
    }

    fn markets_of_group(&self, event: usize) -> Vec<usize> {
        self.listed_polymarket()
            .into_iter()
            .filter(|&m| self.listings.polymarket[self.markets[m].listing].event == event)
            .collect()
    }

    fn gamma_event(&self, event: usize, with_markets: bool) -> Value {
        let known = &self.listings.polymarket_events[event];
        let markets = self.markets_of_group(event);
        let closed = markets.iter().all(|&market| self.over(market));
        let volume: i64 = markets.iter().map(|&m| self.markets[m].volume.0 / CONTRACT).sum();
        let mut body = json!({
            "id": known.id,
            "ticker": known.slug,
            "slug": known.slug,
            "title": known.title,
            "description": known.description,
            "startDate": rfc3339(self.clock.now() - Duration::days(113)),
            "endDate": rfc3339(known.end),
            "active": true,
            "closed": closed,
            "archived": false,
            "negRisk": known.neg_risk.is_some(),
            "enableNegRisk": known.neg_risk.is_some(),
            "negRiskAugmented": known.augmented,
            "volume": volume,
            "liquidity": volume / 10,
            "tags": [{"id": "100328", "label": known.tag, "slug": known.tag}],
        });
        if let Some(group) = &known.neg_risk {
            body["negRiskMarketID"] = json!(group);
        }
        if with_markets {
            let bodies: Vec<_> = markets.iter().map(|&m| self.gamma_market(m, false)).collect();
            body["markets"] = json!(bodies);
        }
        body
    }

    /// A market's body; lists are JSON inside strings, as Gamma writes them.
    fn gamma_market(&self, market: usize, with_event: bool) -> Value {
        let known = &self.markets[market];
        let listed = &self.listings.polymarket[known.listing];
        let event = &self.listings.polymarket_events[listed.event];
        let start = self.clock.now() - Duration::days(113);
        let best = |side| known.book.best(side).map(|level| level.0);
        let (bid, ask) =
            (best(Side::Bid).unwrap_or(Price(0)), best(Side::Ask).unwrap_or(Price(10_000)));
        let over = self.over(market);
        let middle = Price((bid.0 + ask.0) / 2);
        let prices = match known.status {
            Status::Settled(true) => ["1".to_owned(), "0".to_owned()],
            Status::Settled(false) => ["0".to_owned(), "1".to_owned()],
            _ => [middle.to_string(), middle.complement().to_string()],
        };
        let mut body = json!({
            "id": listed.id,
            "question": listed.question,
            "conditionId": listed.condition_id,
            "slug": listed.slug,
            "resolutionSource": listed.resolution_source,
            "endDate": rfc3339(listed.end),
            "endDateIso": &rfc3339(listed.end)[..10],
            "startDate": rfc3339(start),
            "createdAt": rfc3339_micros(start - Duration::hours(22)),
            "updatedAt": rfc3339_micros(self.venue_now(Venue::Polymarket)),
            "description": listed.description,
            "groupItemTitle": listed.group_item_title,
            "groupItemThreshold": "0",
            "questionID": format!("0x{}", hex(&sha256(&listed.slug))),
            "umaBond": "500",
            "umaReward": "5",
            "umaResolutionStatuses": if over { "[\"proposed\", \"resolved\"]" } else { "[]" },
            "outcomes": in_a_string(&listed.outcomes),
            "outcomePrices": in_a_string(&prices),
            "clobTokenIds": in_a_string(&listed.tokens),
            "version": "v1",
            "active": true,
            "closed": over,
            "archived": false,
            "restricted": true,
            "enableOrderBook": true,
            "acceptingOrders": self.has_book(market),
            "acceptingOrdersTimestamp": rfc3339(start),
        });
        let numbers = json!({
            "orderPriceMinTickSize": decimal(known.tick),
            "orderMinSize": 5,
            "negRisk": event.neg_risk.is_some(),
            "negRiskOther": listed.other,
            "feesEnabled": listed.fee_rate > 0,
            "feeType": listed.fee_type,
            "feeSchedule": {
                "exponent": 1,
                "rate": decimal(listed.fee_rate * 100),
                "takerOnly": true,
                "rebateRate": 0.25,
            },
            "makerBaseFee": 1000,
            "takerBaseFee": 1000,
            "volume": known.volume.to_string(),
            "volumeNum": known.volume.0 / CONTRACT,
            "volume24hr": known.volume.0 / CONTRACT / 40,
            "liquidity": (known.volume.0 / CONTRACT / 10).to_string(),
            "liquidityNum": known.volume.0 / CONTRACT / 10,
            "bestBid": decimal(bid.0),
            "bestAsk": decimal(ask.0),
            "lastTradePrice": decimal(known.last_trade.unwrap_or(Price(0)).0),
            "spread": decimal(ask.0 - bid.0),
            "holdingRewardsEnabled": false,
            "cyom": false,
            "rfqEnabled": false,
        });
        if let (Some(body), Value::Object(numbers)) = (body.as_object_mut(), numbers) {
            body.extend(numbers);
        }
        self.optional_fields(listed, over, &mut body);
        if with_event {
            body["events"] = json!([self.gamma_event(listed.event, false)]);
        }
        body
    }

    /// Fields that are there for some markets only.
    fn optional_fields(&self, listed: &PolymarketMarket, over: bool, body: &mut Value) {
        body["negRiskRequestID"] = json!("");
        if let Some(group) = &self.listings.polymarket_events[listed.event].neg_risk {
            let request = hex(&sha256(&format!("request {}", listed.slug)));
            body["negRiskMarketID"] = json!(group);
            body["negRiskRequestID"] = json!(format!("0x{request}"));
        }
        if let Some(start) = listed.game_start {
            let text = rfc3339(start).replace('T', " ").replace('Z', "+00");
            body["gameStartTime"] = json!(text);
            body["sportsMarketType"] = json!("moneyline");
            body["secondsDelay"] = json!(1);
        }
        if over {
            body["umaResolutionStatus"] = json!("resolved");
            let closed = listed.end + Duration::hours(3);
            body["closedTime"] = json!(rfc3339(closed).replace('T', " ").replace('Z', "+00"));
        }
    }
}

fn in_a_string(list: &[String]) -> String {
    // Gamma puts a space after each comma.
    let quoted: Vec<String> = list.iter().map(|entry| json!(entry).to_string()).collect();
    format!("[{}]", quoted.join(", "))
}

fn not_found() -> Answer {
    Answer::json(404, json!({"type": "not found error", "error": "id not found"}))
}

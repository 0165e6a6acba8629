//! When may a book be quoted? Judged from the frames alone, by generic JSON and a few lines of rules, so that a mistake of
//! the decoder, the session or the books is not made here a second time.

use std::collections::{BTreeSet, HashMap};

use arb_normalize::Venue;
use serde_json::Value;

/// Best bid and ask prices in millionths of a dollar.
pub type Touch = (Option<u32>, Option<u32>);

/// One numbered subscription.
#[derive(Debug, Default)]
struct Numbers {
    last: Option<u64>,
    markets: BTreeSet<String>,
}

/// What the frames of one connection so far allow.
#[derive(Debug)]
pub struct Oracle {
    venue: Venue,
    trusted: BTreeSet<String>,
    numbers: HashMap<u64, Numbers>,
    /// Frames running in which the venue named another best price than we did.
    mismatches: HashMap<String, u32>,
    /// Jumps in the numbers so far.
    pub jumps: u64,
}

impl Oracle {
    /// Nothing may be quoted yet.
    #[must_use]
    pub fn new(venue: Venue) -> Self {
        Self {
            venue,
            trusted: BTreeSet::new(),
            numbers: HashMap::new(),
            mismatches: HashMap::new(),
            jumps: 0,
        }
    }

    /// Whether a quote of this market is allowed.
    #[must_use]
    pub fn trusts(&self, market: &str) -> bool {
        self.trusted.contains(market)
    }

    /// The connection is gone, or a frame of it cannot be read.
    pub fn distrust_all(&mut self) {
        self.trusted.clear();
        self.mismatches.clear();
    }

    /// The numbering begins anew.
    pub fn opened(&mut self) {
        self.distrust_all();
        self.numbers.clear();
    }

    /// Takes a frame, after the books did; `quote` tells the prices a book gives now.
    pub fn take(&mut self, frame: &[u8], quote: impl Fn(&str) -> Option<Touch>) {
        if frame == b"PONG" {
            return;
        }
        let Ok(frame) = serde_json::from_slice::<Value>(frame) else {
            self.distrust_all();
            return;
        };
        match self.venue {
            Venue::Kalshi => self.take_kalshi(&frame),
            _ => {
                let messages = match &frame {
                    Value::Array(messages) => messages.as_slice(),
                    one => std::slice::from_ref(one),
                };
                for message in messages {
                    self.take_polymarket(message, &quote);
                }
            }
        }
    }

    fn take_kalshi(&mut self, frame: &Value) {
        let market = frame["msg"]["market_ticker"].as_str();
        if frame["msg"]["event_type"] == "price_level_structure_updated" {
            self.trusted.retain(|known| Some(known.as_str()) != market);
        }
        let (Some(sid), Some(seq)) = (frame["sid"].as_u64(), frame["seq"].as_u64()) else { return };
        let snapshot = market.filter(|_| frame["type"] == "orderbook_snapshot");
        let numbers = self.numbers.entry(sid).or_default();
        let jumps = numbers.last.is_some_and(|last| seq > last + 1);
        let restarts = snapshot.is_some() && seq == 1;
        let dies = frame["type"] == "error";
        if jumps || restarts || dies {
            self.jumps += u64::from(jumps);
            self.trusted.retain(|market| !numbers.markets.contains(market));
        }
        numbers.last = if restarts { Some(1) } else { numbers.last.max(Some(seq)) };
        if let Some(market) = snapshot {
            numbers.markets.insert(market.to_owned());
            self.trusted.insert(market.to_owned());
        }
    }

    fn take_polymarket(&mut self, message: &Value, quote: &impl Fn(&str) -> Option<Touch>) {
        let asset = message["asset_id"].as_str();
        match (message["event_type"].as_str(), asset) {
            (Some("book"), Some(asset)) => {
                self.trusted.insert(asset.to_owned());
                self.mismatches.remove(asset);
            }
            (Some("tick_size_change"), Some(asset)) => {
                self.trusted.remove(asset);
            }
            (Some("best_bid_ask"), Some(asset)) => self.compare(asset, message, quote),
            (Some("price_change"), _) => {
                // The last word of a frame on an asset counts.
                let mut last: HashMap<&str, &Value> = HashMap::new();
                for change in message["price_changes"].as_array().into_iter().flatten() {
                    last.extend(change["asset_id"].as_str().map(|asset| (asset, change)));
                }
                for (asset, change) in last {
                    self.compare(asset, change, quote);
                }
            }
            _ => {}
        }
    }

    /// Two frames running that name other best prices than ours take the trust away.
    fn compare(&mut self, asset: &str, said: &Value, quote: &impl Fn(&str) -> Option<Touch>) {
        let price = |name: &str| {
            let micros = micros(said[name].as_str()?)?;
            (1..1_000_000).contains(&micros).then_some(micros)
        };
        let ours = quote(asset);
        let agrees = ours.is_none_or(|ours| ours == (price("best_bid"), price("best_ask")));
        let running = self.mismatches.entry(asset.to_owned()).or_default();
        *running = if agrees { 0 } else { *running + 1 };
        if *running >= 2 {
            self.trusted.remove(asset);
        }
    }
}

/// A decimal price in millionths.
fn micros(text: &str) -> Option<u32> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let part: u32 = format!("{part:0<6}").parse().ok()?;
    Some(whole.parse::<u32>().ok()? * 1_000_000 + part)
}

//! The popular bots' approach, written anew: owned serde structs, floats to cents, and of each book only the best prices and
//! sizes, packed into one atomic word. It answers less: it has no depth, no sequence and no exact fees, and when a level is gone
//! it keeps showing it until a better price comes.

use std::sync::atomic::{AtomicU64, Ordering};

use arb_normalize::Venue;
use serde::Deserialize;

use crate::contender::{ByName, Contender, Outbox, Published, Tally};
use crate::stream::{Frame, Stream};

/// The contender that keeps the touch only.
#[derive(Debug)]
pub struct Bots {
    tickers: ByName,
    tokens: ByName,
    /// For each pair Kalshi's and Polymarket's [YES ask, NO ask, YES size, NO size], packed.
    touches: Vec<[AtomicU64; 2]>,
    outbox: Outbox,
}

#[derive(Deserialize)]
struct KalshiFrame {
    #[serde(rename = "type")]
    kind: String,
    #[expect(dead_code, reason = "the approach owns every field it names")]
    sid: u64,
    #[expect(dead_code, reason = "the approach owns every field it names")]
    seq: u64,
    msg: KalshiMessage,
}

#[derive(Deserialize)]
struct KalshiMessage {
    market_ticker: String,
    #[serde(default)]
    yes_dollars_fp: Vec<[String; 2]>,
    #[serde(default)]
    no_dollars_fp: Vec<[String; 2]>,
    #[serde(default)]
    price_dollars: String,
    #[serde(default)]
    delta_fp: String,
    #[serde(default)]
    side: String,
}

#[derive(Deserialize)]
struct PolymarketLevel {
    price: String,
    size: String,
}

#[derive(Deserialize)]
struct PolymarketBook {
    asset_id: String,
    asks: Vec<PolymarketLevel>,
}

#[derive(Deserialize)]
struct PolymarketChange {
    asset_id: String,
    price: String,
    size: String,
    side: String,
}

#[derive(Deserialize)]
struct PolymarketEvent {
    #[expect(dead_code, reason = "the approach owns every field it names")]
    event_type: String,
    price_changes: Option<Vec<PolymarketChange>>,
}

fn cents(text: &str) -> u16 {
    (text.parse::<f64>().unwrap_or(0.0) * 100.0).round() as u16
}

fn size(text: &str) -> u16 {
    text.parse::<f64>().unwrap_or(0.0) as u16
}

const fn pack(asks: [u16; 2], sizes: [u16; 2]) -> u64 {
    (asks[0] as u64) << 48 | (asks[1] as u64) << 32 | (sizes[0] as u64) << 16 | sizes[1] as u64
}

const fn unpack(word: u64) -> ([u16; 2], [u16; 2]) {
    ([(word >> 48) as u16, (word >> 32) as u16], [(word >> 16) as u16, word as u16])
}

/// Kalshi's trade fee, in cents for one contract, rounded up.
fn fee(ask: u16) -> u16 {
    let price = f64::from(ask) / 100.0;
    (7.0 * price * (1.0 - price)).ceil() as u16
}

impl Bots {
    /// Takes an ask that is better than, or as good as, the one shown.
    fn improve(&self, pair: u32, venue: usize, outcome: usize, ask: u16, size: u16) {
        let word = &self.touches[pair as usize][venue];
        let (mut asks, mut sizes) = unpack(word.load(Ordering::Acquire));
        if asks[outcome] == 0 || ask <= asks[outcome] {
            asks[outcome] = ask;
            sizes[outcome] = size;
            word.store(pack(asks, sizes), Ordering::Release);
        }
    }

    fn detect(&mut self, pair: u32) {
        let [kalshi, polymarket] = &self.touches[pair as usize];
        let (kalshi, kalshi_sizes) = unpack(kalshi.load(Ordering::Acquire));
        let (polymarket, polymarket_sizes) = unpack(polymarket.load(Ordering::Acquire));
        for direction in 0..2 {
            let (yes, no) = (kalshi[direction], polymarket[1 - direction]);
            if yes == 0 || no == 0 || yes + no + fee(yes) >= 100 {
                continue;
            }
            let quantity = kalshi_sizes[direction].min(polymarket_sizes[1 - direction]);
            let net = i128::from(quantity) * i128::from(100 - yes - no) * 10_000_000_000;
            let quantity = u64::from(quantity) * 1_000_000;
            self.outbox.publish(Published { pair, direction: direction as u8, quantity, net });
        }
    }

    fn kalshi(&self, text: &str) -> Option<u32> {
        let frame: KalshiFrame = serde_json::from_str(text).ok()?;
        let pair = self.tickers.get(&frame.msg.market_ticker)?;
        if frame.kind == "orderbook_snapshot" {
            // A bid for one outcome is an ask for the other.
            for (levels, ask_of) in [(&frame.msg.yes_dollars_fp, 1), (&frame.msg.no_dollars_fp, 0)]
            {
                if let Some([price, held]) = levels.last() {
                    self.improve(pair, 0, ask_of, 100 - cents(price), size(held));
                }
            }
        } else if !frame.msg.delta_fp.starts_with('-') {
            let ask_of = usize::from(frame.msg.side == "yes");
            let ask = 100 - cents(&frame.msg.price_dollars);
            self.improve(pair, 0, ask_of, ask, size(&frame.msg.delta_fp));
        }
        Some(pair)
    }

    fn polymarket(&self, text: &str) -> Option<u32> {
        // A book is tried first, then an event.
        if let Ok(books) = serde_json::from_str::<Vec<PolymarketBook>>(text) {
            let mut pair = None;
            for book in books {
                let market = self.tokens.get(&book.asset_id)?;
                if let Some(best) = book.asks.last() {
                    let outcome = market as usize % 2;
                    self.improve(market / 2, 1, outcome, cents(&best.price), size(&best.size));
                }
                pair = Some(market / 2);
            }
            return pair;
        }
        let event: PolymarketEvent = serde_json::from_str(text).ok()?;
        let mut pair = None;
        for change in event.price_changes? {
            let market = self.tokens.get(&change.asset_id)?;
            pair = Some(market / 2);
            if change.side == "SELL" && change.size != "0" {
                let outcome = market as usize % 2;
                self.improve(market / 2, 1, outcome, cents(&change.price), size(&change.size));
            }
        }
        pair
    }
}

impl Contender for Bots {
    fn new(stream: &Stream) -> Self {
        let mut tokens = std::collections::HashMap::default();
        for (at, names) in (0..).zip(&stream.names) {
            for (outcome, token) in (0..).zip(&names.tokens) {
                tokens.insert(token.clone(), 2 * at + outcome);
            }
        }
        Self {
            tickers: ByName::new(&stream.names, |names| &names.ticker),
            tokens: ByName::from_numbers(tokens),
            touches: stream.names.iter().map(|_| Default::default()).collect(),
            outbox: Outbox::new(),
        }
    }

    fn frame(&mut self, frame: &Frame) {
        let pair = match frame.venue {
            Venue::Kalshi => self.kalshi(&frame.text),
            _ => self.polymarket(&frame.text),
        };
        if let Some(pair) = pair {
            self.detect(pair);
        }
    }

    fn tally(&self) -> Tally {
        self.outbox.tally()
    }
}

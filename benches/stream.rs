//! A stream of two venues' frames over any number of pairs, the same in every run.
//!
//! Half of the changes are Kalshi deltas, half are Polymarket price changes of two items (a level and its mirror). Books are
//! walked at random around a price both venues share, never cross themselves, and now and then stand so far apart that a trade
//! pays. Frames are laid out as the venues' own, with their fields in the usual order.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use arb_normalize::Venue;

use crate::random::Random;

/// Levels a side that a book starts with, unless asked for otherwise.
const LEVELS: u16 = 16;
/// Prices are ticks of $0.001.
const DOLLAR: u16 = 1_000;

/// A frame as received.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Who sent it.
    pub venue: Venue,
    /// Which pair it is about.
    pub pair: usize,
    /// Its text.
    pub text: String,
}

/// The names of one pair.
#[derive(Debug, Clone)]
pub struct Names {
    /// Kalshi's ticker.
    pub ticker: String,
    /// Polymarket's condition id.
    pub condition: String,
    /// Polymarket's tokens, the first outcome's before the second's.
    pub tokens: [String; 2],
}

/// Frames about pairs.
#[derive(Debug)]
pub struct Stream {
    /// The pairs.
    pub names: Vec<Names>,
    /// A snapshot of every book.
    pub opening: Vec<Frame>,
    /// What happened then.
    pub changes: Vec<Frame>,
}

impl Stream {
    /// `changes` changes over `pairs` pairs.
    #[must_use]
    pub fn new(pairs: usize, changes: usize) -> Self {
        Self::with_depth(pairs, changes, LEVELS)
    }

    /// The same with books of `levels` levels a side.
    #[must_use]
    pub fn with_depth(pairs: usize, changes: usize, levels: u16) -> Self {
        let mut random = Random::new();
        let mut world: Vec<PairBooks> =
            (0..pairs).map(|_| PairBooks::new(levels, &mut random)).collect();
        let names: Vec<Names> = (0..pairs).map(|pair| names(pair, &mut random)).collect();
        let mut seq = 0;
        let mut opening = Vec::with_capacity(2 * pairs);
        for (pair, (books, names)) in world.iter().zip(&names).enumerate() {
            seq += 1;
            opening.push(Frame {
                venue: Venue::Kalshi,
                pair,
                text: snapshot(names, seq, &books.kalshi),
            });
            opening.push(Frame {
                venue: Venue::Polymarket,
                pair,
                text: initial(names, &books.polymarket),
            });
        }
        let changes = (0..changes)
            .map(|at| {
                let pair = random.below(pairs as u64) as usize;
                let (books, names) = (&mut world[pair], &names[pair]);
                if at % 2 == 0 {
                    seq += 1;
                    let change = books.kalshi.step(books.fair, &mut random);
                    Frame { venue: Venue::Kalshi, pair, text: delta(names, seq, change) }
                } else {
                    let change = books.polymarket.step(books.fair, &mut random);
                    let text = price_change(names, &books.polymarket, change);
                    Frame { venue: Venue::Polymarket, pair, text }
                }
            })
            .collect();
        Self { names, opening, changes }
    }

    /// The pairs file: their numbers as ids, fees of a direct Kalshi member and Polymarket's at 4 %.
    #[must_use]
    pub fn pairs_file(&self) -> String {
        let entries: Vec<String> = self.names.iter().enumerate().map(|(pair, names)| {
            format!(
                r#"{{"id":"{pair}","kalshi":"{}","polymarket_yes":"{}","polymarket_no":"{}","condition_id":"{}","relation":"equal","fees":{{"kalshi":{{"multiplier":"1","precision":"0.0001"}},"polymarket":{{"rate":"0.04","exponent":"1"}}}}}}"#,
                names.ticker, names.tokens[0], names.tokens[1], names.condition
            )
        }).collect();
        format!("[{}]", entries.join(","))
    }
}

/// One level's change.
#[derive(Debug, Clone, Copy)]
struct Change {
    bid: bool,
    /// In ticks, of YES.
    price: u16,
    /// Hundredths of contracts.
    before: u64,
    after: u64,
}

struct PairBooks {
    /// What YES is worth, in ticks.
    fair: u16,
    kalshi: Walk,
    polymarket: Walk,
}

impl PairBooks {
    fn new(levels: u16, random: &mut Random) -> Self {
        // So far from the ends that every level has a price of its own.
        let margin = (levels + 4).max(20);
        let fair = 10 * (margin + random.below(u64::from(100 - 2 * margin)) as u16);
        // Every fourth Polymarket market has the finer tick.
        let tick = if random.below(4) == 0 { 1 } else { 10 };
        Self {
            fair,
            kalshi: Walk::new(fair, 10, levels, random),
            polymarket: Walk::new(fair, tick, levels, random),
        }
    }
}

/// A book that is walked at random.
struct Walk {
    bids: BTreeMap<u16, u64>,
    asks: BTreeMap<u16, u64>,
    tick: u16,
    /// How far this venue stands from the fair price, in ticks.
    off: i16,
}

impl Walk {
    fn new(fair: u16, tick: u16, levels: u16, random: &mut Random) -> Self {
        let mut walk =
            Self { bids: BTreeMap::new(), asks: BTreeMap::new(), tick, off: off(random) };
        let middle = walk.middle(fair);
        for level in 1..=levels {
            walk.bids.insert(middle.saturating_sub(level * tick).max(tick), size(random));
            walk.asks.insert((middle + level * tick).min(DOLLAR - tick), size(random));
        }
        walk
    }

    fn middle(&self, fair: u16) -> u16 {
        fair.saturating_add_signed(self.off).clamp(20, DOLLAR - 20)
    }

    fn step(&mut self, fair: u16, random: &mut Random) -> Change {
        if random.below(100) == 0 {
            self.off = off(random);
        }
        let middle = self.middle(fair);
        let best = |side: &BTreeMap<u16, u64>, bid: bool| {
            if bid { side.keys().next_back().copied() } else { side.keys().next().copied() }
        };
        // What stands on the wrong side of the middle goes first.
        for bid in [true, false] {
            let side = if bid { &mut self.bids } else { &mut self.asks };
            if let Some(price) = best(side, bid)
                && (if bid { price >= middle } else { price <= middle })
            {
                let before = side.remove(&price).unwrap_or(0);
                return Change { bid, price, before, after: 0 };
            }
        }
        let bid = random.below(2) == 0;
        let side = if bid { &mut self.bids } else { &mut self.asks };
        let depth = (random.below(LEVELS.into()).min(random.below(LEVELS.into())) + 1) as u16;
        let price = if bid {
            middle.saturating_sub(depth * self.tick).max(self.tick)
        } else {
            (middle + depth * self.tick).min(DOLLAR - self.tick)
        };
        let before = side.get(&price).copied().unwrap_or(0);
        let after =
            if before > 0 && side.len() > 4 && random.below(6) == 0 { 0 } else { size(random) };
        if after == 0 {
            side.remove(&price);
        } else {
            side.insert(price, after);
        }
        Change { bid, price, before, after }
    }

    fn touch(&self) -> (Option<u16>, Option<u16>) {
        (self.bids.keys().next_back().copied(), self.asks.keys().next().copied())
    }
}

/// A cent or so as a rule, seldom so much that the other venue's price pays.
fn off(random: &mut Random) -> i16 {
    let cents = random.below(3) as i16 - 1;
    10 * match random.below(40) {
        0 => cents - 5,
        1 => cents + 5,
        _ => cents,
    }
}

fn size(random: &mut Random) -> u64 {
    100 + random.below(30_000)
}

fn names(pair: usize, random: &mut Random) -> Names {
    let mut number = |digits: usize| {
        let mut text = String::from("1");
        while text.len() < digits {
            text.push(char::from(b'0' + random.below(10) as u8));
        }
        text
    };
    let tokens = [number(77), number(77)];
    let condition = format!("0x{}{pair:08}", number(56));
    Names { ticker: format!("KXBENCHMARK-26NOV22-T{pair}"), condition, tokens }
}

fn dollars(price: u16) -> String {
    format!("{}.{:03}0", price / DOLLAR, price % DOLLAR)
}

/// Polymarket's prices and sizes end with their last digit that is not 0.
fn trimmed(units: u64, decimals: usize) -> String {
    let scale = 10_u64.pow(decimals as u32);
    let text = format!("{}.{:0decimals$}", units / scale, units % scale);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn snapshot(names: &Names, seq: u64, book: &Walk) -> String {
    let side = |levels: &mut dyn Iterator<Item = (u16, u64)>| {
        let levels: Vec<String> = levels
            .map(|(price, size)| {
                format!(r#"["{}","{}.{:02}"]"#, dollars(price), size / 100, size % 100)
            })
            .collect();
        levels.join(",")
    };
    let yes = side(&mut book.bids.iter().map(|(price, size)| (*price, *size)));
    let no = side(&mut book.asks.iter().rev().map(|(price, size)| (DOLLAR - price, *size)));
    format!(
        r#"{{"type":"orderbook_snapshot","sid":1,"seq":{seq},"msg":{{"market_ticker":"{}","market_id":"5f0c2a1e-7b34-4c55-9d21-6a8e0b7f4412","yes_dollars_fp":[{yes}],"no_dollars_fp":[{no}]}}}}"#,
        names.ticker
    )
}

fn delta(names: &Names, seq: u64, change: Change) -> String {
    let (price, side) =
        if change.bid { (change.price, "yes") } else { (DOLLAR - change.price, "no") };
    let by = change.after as i64 - change.before as i64;
    let sign = if by < 0 { "-" } else { "" };
    let at = seq % 1_000;
    format!(
        r#"{{"type":"orderbook_delta","sid":1,"seq":{seq},"msg":{{"market_ticker":"{}","market_id":"5f0c2a1e-7b34-4c55-9d21-6a8e0b7f4412","price_dollars":"{}","delta_fp":"{sign}{}.{:02}","side":"{side}","ts":"2026-11-22T15:04:05.{at:03}456Z","ts_ms":1795359845{at:03}}}}}"#,
        names.ticker,
        dollars(price),
        by.unsigned_abs() / 100,
        by.unsigned_abs() % 100
    )
}

/// The touch as Polymarket writes it: an empty side is 0 or 1.
fn touch(book: &Walk) -> (u16, u16) {
    let (bid, ask) = book.touch();
    (bid.unwrap_or(0), ask.unwrap_or(DOLLAR))
}

fn price_change(names: &Names, book: &Walk, change: Change) -> String {
    let (bid, ask) = touch(book);
    let mut items = String::new();
    for (token, mirrored) in names.tokens.iter().zip([false, true]) {
        let turn =
            |price: u16| trimmed(u64::from(if mirrored { DOLLAR - price } else { price }), 3);
        let (bid, ask) = if mirrored { (turn(ask), turn(bid)) } else { (turn(bid), turn(ask)) };
        let side = if change.bid == mirrored { "SELL" } else { "BUY" };
        let comma = if mirrored { "," } else { "" };
        let _ = write!(
            items,
            r#"{comma}{{"asset_id":"{token}","price":"{}","size":"{}","side":"{side}","hash":"a473a8c1ab29e55e40e14f2c8d0fe078ad9920ad","best_bid":"{bid}","best_ask":"{ask}"}}"#,
            turn(change.price),
            trimmed(change.after, 2),
        );
    }
    format!(
        r#"{{"event_type":"price_change","market":"{}","price_changes":[{items}],"timestamp":"1795359845120"}}"#,
        names.condition
    )
}

/// Both tokens' books, as sent after subscribing.
fn initial(names: &Names, book: &Walk) -> String {
    let levels = |levels: &mut dyn Iterator<Item = (u16, u64)>| {
        let levels: Vec<String> = levels
            .map(|(price, size)| {
                format!(
                    r#"{{"price":"{}","size":"{}"}}"#,
                    trimmed(price.into(), 3),
                    trimmed(size, 2)
                )
            })
            .collect();
        levels.join(",")
    };
    let own = |(price, size): (&u16, &u64)| (*price, *size);
    let other = |(price, size): (&u16, &u64)| (DOLLAR - price, *size);
    let sides = [
        (levels(&mut book.bids.iter().map(own)), levels(&mut book.asks.iter().rev().map(own))),
        (levels(&mut book.asks.iter().rev().map(other)), levels(&mut book.bids.iter().map(other))),
    ];
    let books: Vec<String> = names.tokens.iter().zip(sides).map(|(token, (bids, asks))| {
        format!(
            r#"{{"event_type":"book","asset_id":"{token}","market":"{}","bids":[{bids}],"asks":[{asks}],"timestamp":"1795359845000","hash":"d91e06bcba6c4b0b948c4407fd74013ee279b733"}}"#,
            names.condition
        )
    }).collect();
    format!("[{}]", books.join(","))
}

//! What a careful user builds of public parts: the official Polymarket SDK's parsing, kalshi-pmx, a `BTreeMap<Decimal, Decimal>`
//! a side and a search in decimals. It assesses nothing, to its advantage.

use std::collections::{BTreeMap, HashMap};

use arb_normalize::Venue;
use kalshi_pmx::ws::StreamMessage;
use polymarket_client_sdk::clob::types::Side;
use polymarket_client_sdk::clob::ws::WsMessage;
use polymarket_client_sdk::clob::ws::interest::MessageInterest;
use polymarket_client_sdk::clob::ws::types::response::parse_if_interested;
use polymarket_client_sdk::types::U256;
use rust_decimal::Decimal;

use crate::contender::{ByName, Contender, Hashed, Outbox, Published, Tally};
use crate::decimal::{self, Prepared};
use crate::stream::{Frame, Stream};

/// The contender of public parts.
#[derive(Debug)]
pub struct Sdk {
    tickers: ByName,
    tokens: HashMap<U256, (u32, usize), Hashed>,
    pairs: Vec<Pair>,
    outbox: Outbox,
}

/// Prices of that outcome's own.
#[derive(Debug, Default)]
struct Sides {
    bids: BTreeMap<Decimal, Decimal>,
    asks: BTreeMap<Decimal, Decimal>,
}

#[derive(Debug, Default)]
struct Pair {
    kalshi: Sides,
    /// A book for each token, as the SDK's events come.
    tokens: [Sides; 2],
    last: [Option<(Decimal, Decimal)>; 2],
}

fn set(side: &mut BTreeMap<Decimal, Decimal>, price: Decimal, size: Decimal) {
    if size.is_zero() {
        side.remove(&price);
    } else {
        side.insert(price, size);
    }
}

fn number(text: &str) -> Decimal {
    text.parse().unwrap_or_default()
}

impl Sdk {
    fn kalshi(&mut self, text: &str) -> Option<u32> {
        match StreamMessage::parse_text(text).ok()? {
            StreamMessage::OrderbookDelta(frame) => {
                let pair = self.tickers.get(&frame.msg.market_ticker)?;
                let sides = &mut self.pairs[pair as usize].kalshi;
                let (price, change) =
                    (number(&frame.msg.price_dollars), number(&frame.msg.delta_fp));
                let (side, price) = if frame.msg.side == "yes" {
                    (&mut sides.bids, price)
                } else {
                    (&mut sides.asks, Decimal::ONE - price)
                };
                let size = side.get(&price).copied().unwrap_or_default() + change;
                set(side, price, size);
                Some(pair)
            }
            StreamMessage::OrderbookSnapshot(frame) => {
                let pair = self.tickers.get(&frame.msg.market_ticker)?;
                let sides = &mut self.pairs[pair as usize].kalshi;
                let levels = |(price, size): &(String, String)| (number(price), number(size));
                sides.bids = frame.msg.yes_dollars_fp.iter().map(levels).collect();
                let mirrored = frame.msg.no_dollars_fp.iter().map(levels);
                sides.asks = mirrored.map(|(price, size)| (Decimal::ONE - price, size)).collect();
                Some(pair)
            }
            _ => None,
        }
    }

    fn polymarket(&mut self, text: &str) -> Option<u32> {
        let mut touched = None;
        for message in parse_if_interested(text.as_bytes(), &MessageInterest::MARKET).ok()? {
            match message {
                WsMessage::PriceChange(changes) => {
                    for change in changes.price_changes {
                        let (pair, outcome) = *self.tokens.get(&change.asset_id)?;
                        let sides = &mut self.pairs[pair as usize].tokens[outcome];
                        let side = match change.side {
                            Side::Buy => &mut sides.bids,
                            _ => &mut sides.asks,
                        };
                        set(side, change.price, change.size?);
                        touched = Some(pair);
                    }
                }
                WsMessage::Book(book) => {
                    let (pair, outcome) = *self.tokens.get(&book.asset_id)?;
                    let sides = &mut self.pairs[pair as usize].tokens[outcome];
                    sides.bids = book.bids.iter().map(|level| (level.price, level.size)).collect();
                    sides.asks = book.asks.iter().map(|level| (level.price, level.size)).collect();
                    touched = Some(pair);
                }
                _ => {}
            }
        }
        touched
    }

    fn detect(&mut self, at: u32) {
        let pair = &mut self.pairs[at as usize];
        let (kalshi, [first, second]) = (&pair.kalshi, &pair.tokens);
        let yes = kalshi.asks.first_key_value().zip(second.asks.first_key_value());
        let no = kalshi.bids.last_key_value().zip(first.asks.first_key_value());
        let pays = [
            yes.is_some_and(|(yes, no)| yes.0 + no.0 < Decimal::ONE),
            no.is_some_and(|(bid, yes)| Decimal::ONE - bid.0 + yes.0 < Decimal::ONE),
        ];
        for (direction, pays) in (0_u8..).zip(pays) {
            let trade = pays.then(|| {
                let (rate, poly_rate) = (Decimal::new(7, 2), Decimal::new(4, 2));
                let own = |(price, size): (&Decimal, &Decimal)| (*price, *size);
                let other = |(price, size): (&Decimal, &Decimal)| (Decimal::ONE - price, *size);
                if direction == 0 {
                    decimal::size(
                        Prepared::new(kalshi.asks.iter().map(own), rate, true),
                        Prepared::new(second.asks.iter().map(own), poly_rate, false),
                    )
                } else {
                    decimal::size(
                        Prepared::new(kalshi.bids.iter().rev().map(other), rate, true),
                        Prepared::new(first.asks.iter().map(own), poly_rate, false),
                    )
                }
            });
            let trade = trade.flatten();
            if let Some((quantity, net)) = trade
                && trade != pair.last[usize::from(direction)]
            {
                let units =
                    |value: Decimal, scale: u32| (value * Decimal::from(10_u64.pow(scale))).trunc();
                let quantity = u64::try_from(units(quantity, 6)).unwrap_or(0);
                let net = i128::try_from(units(net, 12)).unwrap_or(0);
                self.outbox.publish(Published { pair: at, direction, quantity, net });
            }
            pair.last[usize::from(direction)] = trade;
        }
    }
}

impl Contender for Sdk {
    fn new(stream: &Stream) -> Self {
        let mut tokens = HashMap::default();
        for (at, names) in (0..).zip(&stream.names) {
            for (outcome, token) in names.tokens.iter().enumerate() {
                tokens.insert(token.parse().unwrap_or_default(), (at, outcome));
            }
        }
        Self {
            tickers: ByName::new(&stream.names, |names| &names.ticker),
            tokens,
            pairs: stream.names.iter().map(|_| Pair::default()).collect(),
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

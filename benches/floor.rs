//! The least that must be done: a scanner written by hand, sorted fixed-point ladders, our sizer. No state of any kind is
//! tracked: no sequence, no epoch, no suspicion.

use arb_normalize::{Ladder, Level, Price, Quantity, Usd, Venue};
use arb_risk::fees::{KalshiFees, LegFees, PolymarketFees, Rate, Step};
use arb_risk::size::{Leg, SizeRequest};

use crate::contender::{Contender, Hashed, Outbox, Published, Tally};
use crate::scanner::{Fields, millionths};
use crate::stream::{Frame, Stream};

/// The hand-written contender.
#[derive(Debug)]
pub struct Floor {
    markets: Tails,
    pairs: Vec<Pair>,
    fees: [LegFees; 2],
    outbox: Outbox,
}

#[derive(Debug, Default)]
struct Pair {
    kalshi: Sides,
    polymarket: Sides,
    last: [Option<(u64, i128)>; 2],
}

/// Best level last.
#[derive(Debug, Default)]
struct Sides {
    bids: Vec<Level>,
    asks: Vec<Level>,
}

impl Sides {
    #[inline]
    fn set(&mut self, bid: bool, price: i64, change: impl FnOnce(u64) -> u64) {
        let Some(price) = u32::try_from(price).ok().and_then(Price::from_micros) else { return };
        let side = if bid { &mut self.bids } else { &mut self.asks };
        // Most changes are near the touch.
        let mut at = side.len();
        while at > 0 && (if bid { side[at - 1].price > price } else { side[at - 1].price < price })
        {
            at -= 1;
        }
        let known = at > 0 && side[at - 1].price == price;
        let before = if known { side[at - 1].size.micros() } else { 0 };
        let after = Quantity::from_micros(change(before)).unwrap_or_default();
        match (known, after.is_zero()) {
            (true, true) => {
                side.remove(at - 1);
            }
            (true, false) => side[at - 1].size = after,
            (false, false) => side.insert(at, Level::new(price, after)),
            (false, true) => {}
        }
    }
}

/// Names by their last sixteen bytes, which are checked to differ.
type Tails = std::collections::HashMap<[u8; 16], u32, Hashed>;

#[inline]
fn tail(name: &[u8]) -> [u8; 16] {
    name.last_chunk().copied().unwrap_or_default()
}

impl Floor {
    #[inline]
    fn kalshi(&mut self, text: &[u8]) -> Option<u32> {
        let mut fields = Fields::new(text);
        let (mut pair, mut price, mut change, mut yes) = (None, 0, 0, true);
        while let Some(field) = fields.next() {
            match field.key {
                b"market_ticker" => pair = self.markets.get(&tail(field.value)).copied(),
                b"price_dollars" => price = millionths(field.value),
                b"delta_fp" => change = millionths(field.value),
                b"side" => yes = field.value == b"yes",
                b"yes_dollars_fp" | b"no_dollars_fp" => {
                    let bid = field.key == b"yes_dollars_fp";
                    while let (Some(price), Some(size)) = (fields.string(), fields.string()) {
                        let price = millionths(price);
                        let size = millionths(size).unsigned_abs();
                        let price = if bid { price } else { 1_000_000 - price };
                        self.pairs[pair? as usize].kalshi.set(bid, price, |_| size);
                    }
                }
                _ => {}
            }
        }
        if change != 0 {
            let price = if yes { price } else { 1_000_000 - price };
            let sides = &mut self.pairs[pair? as usize].kalshi;
            sides.set(yes, price, |size| size.saturating_add_signed(change));
        }
        pair
    }

    #[inline]
    fn polymarket(&mut self, text: &[u8]) -> Option<u32> {
        let (mut token, mut price, mut size, mut touched) = (None, 0, 0, None);
        let mut bid = true;
        for field in Fields::new(text) {
            match field.key {
                // Only first outcomes are known: the second's book is a mirror.
                b"asset_id" => token = self.markets.get(&tail(field.value)).copied(),
                b"bids" => bid = true,
                b"asks" => bid = false,
                b"price" => price = millionths(field.value),
                b"size" => {
                    size = millionths(field.value).unsigned_abs();
                    // In a price change the side follows; in a book it was named before.
                    if let Some(token) = token
                        && text.first() == Some(&b'[')
                    {
                        self.pairs[token as usize].polymarket.set(bid, price, |_| size);
                        touched = Some(token);
                    }
                }
                b"side" => {
                    if let Some(token) = token {
                        let bid = field.value == b"BUY";
                        self.pairs[token as usize].polymarket.set(bid, price, |_| size);
                        touched = Some(token);
                    }
                }
                _ => {}
            }
        }
        touched
    }

    #[inline]
    fn detect(&mut self, at: u32) {
        let pair = &mut self.pairs[at as usize];
        for direction in 0..2 {
            let ladders = if direction == 0 {
                [&pair.kalshi.asks, &pair.polymarket.bids]
            } else {
                [&pair.kalshi.bids, &pair.polymarket.asks]
            };
            let (Some(kalshi), Some(polymarket)) = (ladders[0].last(), ladders[1].last()) else {
                continue;
            };
            let pays = if direction == 0 {
                kalshi.price < polymarket.price
            } else {
                polymarket.price < kalshi.price
            };
            if !pays {
                pair.last[direction] = None;
                continue;
            }
            let [kalshi, polymarket] = ladders.map(|levels| Ladder::from_best_last(levels));
            let (kalshi, polymarket) = if direction == 0 {
                (kalshi, polymarket.mirror())
            } else {
                (kalshi.mirror(), polymarket)
            };
            let legs = [Leg::buy(kalshi, self.fees[0]), Leg::buy(polymarket, self.fees[1])];
            let trade = SizeRequest::new(&legs).size().ok().filter(|trade| trade.net > Usd::ZERO);
            let now = trade.as_ref().map(|trade| (trade.quantity.micros(), trade.net.pico()));
            if let Some((quantity, net)) = now
                && now != pair.last[direction]
            {
                let direction = direction as u8;
                self.outbox.publish(Published { pair: at, direction, quantity, net });
            }
            pair.last[direction] = now;
        }
    }
}

impl Contender for Floor {
    fn new(stream: &Stream) -> Self {
        let mut markets = Tails::default();
        for (at, names) in (0..).zip(&stream.names) {
            for name in [&names.ticker, &names.tokens[0]] {
                let other = markets.insert(tail(name.as_bytes()), at);
                assert_eq!(other, None, "names differ in their last sixteen bytes");
            }
        }
        let rate = Rate::from_units(4_000_000).unwrap_or_default();
        let kalshi = KalshiFees::taker().with_precision(Step::CENTICENT);
        Self {
            markets,
            pairs: stream.names.iter().map(|_| Pair::default()).collect(),
            fees: [kalshi.into(), PolymarketFees::new(rate).into()],
            outbox: Outbox::new(),
        }
    }

    #[inline]
    fn frame(&mut self, frame: &Frame) {
        let text = frame.text.as_bytes();
        let pair = match frame.venue {
            Venue::Kalshi => self.kalshi(text),
            _ => self.polymarket(text),
        };
        if let Some(pair) = pair {
            self.detect(pair);
        }
    }

    fn tally(&self) -> Tally {
        self.outbox.tally()
    }
}

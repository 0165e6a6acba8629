//! Contenders that read frames.

use arb_normalize::{Decode, MarketEvent, Side, Venue, decoder};

use crate::scanner::{Fields, millionths};
use crate::stream::Frame;

/// What a frame says of one level, in millionths: book, bid or ask, price, and size (a change of it in a Kalshi delta).
pub type LevelRead = (String, bool, i64, i64);

/// Reads frames.
pub trait Reads: Default {
    /// Its name in the results.
    const NAME: &'static str;
    /// Which venue's frames it reads.
    const ANSWERS: fn(Venue) -> bool;

    /// Reads a frame in its own types and folds what it read into one number, so that nothing can be left out.
    fn read(&mut self, frame: &Frame) -> u64;

    /// The levels of a frame; `None` where it cannot read it.
    fn levels(&mut self, frame: &Frame) -> Option<Vec<LevelRead>>;
}

/// Folds numbers into one.
#[inline]
const fn fold(sum: u64, price: i64, size: i64) -> u64 {
    sum.wrapping_mul(31).wrapping_add(price as u64).wrapping_mul(31).wrapping_add(size as u64)
}

/// Our decoders.
#[expect(missing_debug_implementations, reason = "decoders are trait objects")]
pub struct Ours([Box<dyn Decode>; 2]);

impl Default for Ours {
    fn default() -> Self {
        Self(Venue::ALL.map(decoder))
    }
}

/// Calls `level` with every level of an event.
#[inline]
fn levels_of<'e>(event: &MarketEvent<'e>, mut level: impl FnMut(&'e str, bool, i64, i64)) {
    match event {
        MarketEvent::Delta(delta) => {
            let (price, change) = (delta.price.micros(), delta.change.micros());
            level(delta.market, delta.side == Side::Bid, price.into(), change);
        }
        MarketEvent::LevelSet(set) => {
            let (price, size) = (set.price.micros(), set.size.micros() as i64);
            level(set.market, set.side == Side::Bid, price.into(), size);
        }
        MarketEvent::Snapshot(book) => {
            for (bid, side) in [(true, book.bids), (false, book.asks)] {
                for at in side {
                    level(book.market, bid, at.price.micros().into(), at.size.micros() as i64);
                }
            }
        }
        _ => {}
    }
}

impl Reads for Ours {
    const NAME: &'static str = "arb";
    const ANSWERS: fn(Venue) -> bool = |_| true;

    #[inline]
    fn read(&mut self, frame: &Frame) -> u64 {
        let mut sum = 0;
        if let Ok(decoded) = self.0[frame.venue.index()].decode(frame.text.as_bytes()) {
            for event in decoded.events() {
                levels_of(&event, |market, _, price, size| {
                    sum = fold(sum, price + market.len() as i64, size);
                });
            }
        }
        sum
    }

    fn levels(&mut self, frame: &Frame) -> Option<Vec<LevelRead>> {
        let decoded = self.0[frame.venue.index()].decode(frame.text.as_bytes()).ok()?;
        let mut levels = Vec::new();
        for event in decoded.events() {
            levels_of(&event, |market, bid, price, size| {
                levels.push((market.to_owned(), bid, price, size));
            });
        }
        levels.sort();
        Some(levels)
    }
}

/// The scanner written by hand; it reads the bench's own frames only.
#[derive(Debug, Default)]
pub struct ByScanner;

impl ByScanner {
    #[inline]
    fn walk<'t>(frame: &'t Frame, mut level: impl FnMut(&'t [u8], bool, i64, i64)) {
        let text = frame.text.as_bytes();
        let mut fields = Fields::new(text);
        let (mut market, mut price, mut size, mut bid): (&[u8], _, _, _) = (&[], 0, 0, true);
        let kalshi = frame.venue == Venue::Kalshi;
        let mut book = false;
        while let Some(field) = fields.next() {
            match field.key {
                b"event_type" => book = field.value == b"book",
                b"market_ticker" | b"asset_id" => market = field.value,
                b"bids" => bid = true,
                b"asks" => bid = false,
                b"price_dollars" | b"price" => price = millionths(field.value),
                b"delta_fp" => size = millionths(field.value),
                b"size" => {
                    size = millionths(field.value);
                    if book {
                        level(market, bid, price, size);
                    }
                }
                b"side" if kalshi => {
                    let yes = field.value == b"yes";
                    level(market, yes, if yes { price } else { 1_000_000 - price }, size);
                }
                b"side" => level(market, field.value == b"BUY", price, size),
                b"yes_dollars_fp" | b"no_dollars_fp" => {
                    let yes = field.key == b"yes_dollars_fp";
                    while let (Some(price), Some(size)) = (fields.string(), fields.string()) {
                        let price = millionths(price);
                        let price = if yes { price } else { 1_000_000 - price };
                        level(market, yes, price, millionths(size));
                    }
                }
                _ => {}
            }
        }
    }
}

impl Reads for ByScanner {
    const NAME: &'static str = "scanner_floor";
    const ANSWERS: fn(Venue) -> bool = |_| true;

    #[inline]
    fn read(&mut self, frame: &Frame) -> u64 {
        let mut sum = 0;
        Self::walk(frame, |market, _, price, size| {
            sum = fold(sum, price + market.len() as i64, size);
        });
        sum
    }

    fn levels(&mut self, frame: &Frame) -> Option<Vec<LevelRead>> {
        let mut levels = Vec::new();
        Self::walk(frame, |market, bid, price, size| {
            levels.push((String::from_utf8_lossy(market).into_owned(), bid, price, size));
        });
        levels.sort();
        Some(levels)
    }
}

/// Other people's.
#[cfg(feature = "peers")]
pub mod peers {
    use std::borrow::Cow;

    use arb_normalize::Venue;
    use kalshi_pmx::ws::StreamMessage;
    use polymarket_client_sdk::clob::types::Side;
    use polymarket_client_sdk::clob::ws::WsMessage;
    use polymarket_client_sdk::clob::ws::interest::MessageInterest;
    use polymarket_client_sdk::clob::ws::types::response::parse_if_interested;
    use rust_decimal::Decimal;
    use serde::Deserialize;

    use super::{LevelRead, Reads, fold};
    use crate::scanner::millionths;
    use crate::stream::Frame;

    /// sonic-rs into borrowed structs, and numbers into millionths.
    #[derive(Debug, Default)]
    pub struct Sonic;

    #[derive(Deserialize)]
    struct KalshiFrame<'t> {
        #[serde(borrow)]
        msg: KalshiMessage<'t>,
    }

    #[derive(Deserialize)]
    struct KalshiMessage<'t> {
        #[serde(borrow)]
        market_ticker: Cow<'t, str>,
        #[serde(borrow, default)]
        price_dollars: Option<&'t str>,
        #[serde(borrow, default)]
        delta_fp: Option<&'t str>,
        #[serde(borrow, default)]
        side: Option<&'t str>,
        #[serde(borrow, default)]
        yes_dollars_fp: Vec<(&'t str, &'t str)>,
        #[serde(borrow, default)]
        no_dollars_fp: Vec<(&'t str, &'t str)>,
    }

    #[derive(Deserialize)]
    struct PolymarketLevel<'t> {
        price: &'t str,
        size: &'t str,
    }

    #[derive(Deserialize)]
    struct PolymarketChange<'t> {
        #[serde(borrow)]
        asset_id: Cow<'t, str>,
        price: &'t str,
        size: &'t str,
        side: &'t str,
    }

    #[derive(Deserialize)]
    struct PolymarketEvent<'t> {
        event_type: &'t str,
        #[serde(borrow, default)]
        asset_id: Option<Cow<'t, str>>,
        #[serde(borrow, default)]
        bids: Vec<PolymarketLevel<'t>>,
        #[serde(borrow, default)]
        asks: Vec<PolymarketLevel<'t>>,
        #[serde(borrow, default)]
        price_changes: Vec<PolymarketChange<'t>>,
    }

    impl Sonic {
        fn kalshi(text: &str, mut level: impl FnMut(&str, bool, i64, i64)) -> Option<()> {
            let frame: KalshiFrame<'_> = sonic_rs::from_str(text).ok()?;
            let message = frame.msg;
            let market = &*message.market_ticker;
            let turn = |yes: bool, price: i64| if yes { price } else { 1_000_000 - price };
            if let (Some(price), Some(change), Some(side)) =
                (message.price_dollars, message.delta_fp, message.side)
            {
                let yes = side == "yes";
                let price = turn(yes, millionths(price.as_bytes()));
                level(market, yes, price, millionths(change.as_bytes()));
            }
            for (yes, levels) in [(true, &message.yes_dollars_fp), (false, &message.no_dollars_fp)]
            {
                for (price, size) in levels {
                    let price = turn(yes, millionths(price.as_bytes()));
                    level(market, yes, price, millionths(size.as_bytes()));
                }
            }
            Some(())
        }

        fn event(event: &PolymarketEvent<'_>, level: &mut impl FnMut(&str, bool, i64, i64)) {
            if event.event_type == "book" {
                let market = event.asset_id.as_deref().unwrap_or_default();
                for (bid, levels) in [(true, &event.bids), (false, &event.asks)] {
                    for at in levels {
                        let (price, size) = (at.price.as_bytes(), at.size.as_bytes());
                        level(market, bid, millionths(price), millionths(size));
                    }
                }
            }
            for change in &event.price_changes {
                let (price, size) = (change.price.as_bytes(), change.size.as_bytes());
                let bid = change.side == "BUY";
                level(&change.asset_id, bid, millionths(price), millionths(size));
            }
        }

        fn walk(frame: &Frame, mut level: impl FnMut(&str, bool, i64, i64)) -> Option<()> {
            let text = frame.text.as_str();
            if frame.venue == Venue::Kalshi {
                return Self::kalshi(text, level);
            }
            if text.trim_start().starts_with('[') {
                let events: Vec<PolymarketEvent<'_>> = sonic_rs::from_str(text).ok()?;
                events.iter().for_each(|event| Self::event(event, &mut level));
            } else {
                Self::event(&sonic_rs::from_str(text).ok()?, &mut level);
            }
            Some(())
        }
    }

    impl Reads for Sonic {
        const NAME: &'static str = "sonic_rs";
        const ANSWERS: fn(Venue) -> bool = |_| true;

        fn read(&mut self, frame: &Frame) -> u64 {
            let mut sum = 0;
            Self::walk(frame, |market, _, price, size| {
                sum = fold(sum, price + market.len() as i64, size);
            });
            sum
        }

        fn levels(&mut self, frame: &Frame) -> Option<Vec<LevelRead>> {
            let mut levels = Vec::new();
            Self::walk(frame, |market, bid, price, size| {
                levels.push((market.to_owned(), bid, price, size));
            })?;
            levels.sort();
            (!levels.is_empty()).then_some(levels)
        }
    }

    /// The official Polymarket SDK's live path.
    #[derive(Debug, Default)]
    pub struct Sdk;

    fn micros(value: Decimal) -> Option<i64> {
        i64::try_from(value * Decimal::from(1_000_000)).ok()
    }

    impl Reads for Sdk {
        const NAME: &'static str = "polymarket_sdk";
        const ANSWERS: fn(Venue) -> bool = |venue| venue == Venue::Polymarket;

        fn read(&mut self, frame: &Frame) -> u64 {
            let read = parse_if_interested(frame.text.as_bytes(), &MessageInterest::MARKET);
            std::hint::black_box(read).map_or(0, |messages| messages.len() as u64)
        }

        fn levels(&mut self, frame: &Frame) -> Option<Vec<LevelRead>> {
            if frame.venue != Venue::Polymarket {
                return None;
            }
            let messages = parse_if_interested(frame.text.as_bytes(), &MessageInterest::MARKET);
            let mut levels = Vec::new();
            for message in messages.ok()? {
                match message {
                    WsMessage::Book(book) => {
                        let market = book.asset_id.to_string();
                        for (bid, side) in [(true, &book.bids), (false, &book.asks)] {
                            for at in side {
                                let (price, size) = (micros(at.price)?, micros(at.size)?);
                                levels.push((market.clone(), bid, price, size));
                            }
                        }
                    }
                    WsMessage::PriceChange(changes) => {
                        for change in changes.price_changes {
                            let bid = matches!(change.side, Side::Buy);
                            let (price, size) = (micros(change.price)?, micros(change.size?)?);
                            levels.push((change.asset_id.to_string(), bid, price, size));
                        }
                    }
                    _ => {}
                }
            }
            levels.sort();
            (!levels.is_empty()).then_some(levels)
        }
    }

    /// kalshi-pmx.
    #[derive(Debug, Default)]
    pub struct KalshiPmx;

    impl Reads for KalshiPmx {
        const NAME: &'static str = "kalshi_pmx";
        const ANSWERS: fn(Venue) -> bool = |venue| venue == Venue::Kalshi;

        fn read(&mut self, frame: &Frame) -> u64 {
            u64::from(std::hint::black_box(StreamMessage::parse_text(&frame.text)).is_ok())
        }

        fn levels(&mut self, frame: &Frame) -> Option<Vec<LevelRead>> {
            if frame.venue != Venue::Kalshi {
                return None;
            }
            let mut levels = Vec::new();
            let number = |text: &str| millionths(text.as_bytes());
            let mut level = |market: &str, yes: bool, price: i64, size: i64| {
                let price = if yes { price } else { 1_000_000 - price };
                levels.push((market.to_owned(), yes, price, size));
            };
            match StreamMessage::parse_text(&frame.text).ok()? {
                StreamMessage::OrderbookDelta(frame) => {
                    let message = &frame.msg;
                    let (price, change) =
                        (number(&message.price_dollars), number(&message.delta_fp));
                    level(&message.market_ticker, message.side == "yes", price, change);
                }
                StreamMessage::OrderbookSnapshot(frame) => {
                    let message = &frame.msg;
                    for (yes, side) in
                        [(true, &message.yes_dollars_fp), (false, &message.no_dollars_fp)]
                    {
                        for (price, size) in side {
                            level(&message.market_ticker, yes, number(price), number(size));
                        }
                    }
                }
                _ => return None,
            }
            levels.sort();
            Some(levels)
        }
    }
}

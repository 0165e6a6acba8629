//! What is written as a venue would write it, members in any order and spaces anywhere, is read back the same.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use arb_normalize::decode::{Sequence, decoder};
use arb_normalize::event::{Delta, LevelSet, Snapshot};
use arb_normalize::{Level, MarketEvent, Price, Quantity, QuantityChange, Side, Timestamp, Venue};
use proptest::prelude::*;

fn price() -> impl Strategy<Value = Price> {
    (1_u32..1_000_000).prop_map(|micros| Price::from_micros(micros).unwrap())
}

fn size() -> impl Strategy<Value = Quantity> {
    prop_oneof![1_u64..100_000_000_000, Just(Quantity::MAX.micros())]
        .prop_map(|micros| Quantity::from_micros(micros).unwrap())
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Bid), Just(Side::Ask)]
}

fn levels() -> impl Strategy<Value = Vec<Level>> {
    let level = (price(), size()).prop_map(|(price, size)| Level { price, size });
    proptest::collection::vec(level, 0..12)
}

/// Letters of ids, among them such as need an escape.
fn id() -> impl Strategy<Value = String> {
    "[A-Z0-9.\\-]{1,80}|[\"\\\\é\n/a]{1,6}"
}

/// How a text is laid out: the order of members by rotation, and spaces.
#[derive(Debug, Clone)]
struct Layout {
    turn: usize,
    space: &'static str,
    more: bool,
}

fn layout() -> impl Strategy<Value = Layout> {
    let space = prop_oneof![3 => Just(""), 1 => Just(" "), 1 => Just("\n\t")];
    (prop_oneof![1 => Just(0_usize), 1 => 0_usize..8], space, any::<bool>())
        .prop_map(|(turn, space, more)| Layout { turn, space, more: more && turn > 0 })
}

impl Layout {
    fn object(&self, members: &[(&str, String)]) -> String {
        let mut members: Vec<String> = members
            .iter()
            .map(|(name, value)| format!("\"{name}\":{}{value}", self.space))
            .collect();
        if self.more {
            members.push(r#""a_new_field":{"x":[1,2,{"y":"}]\""}],"z":null}"#.to_owned());
        }
        let turn = self.turn % members.len();
        members.rotate_left(turn);
        format!("{{{}{}}}", self.space, members.join(&format!(",{}", self.space)))
    }

    fn array(&self, items: &[String]) -> String {
        format!("[{}{}]", self.space, items.join(&format!(",{}", self.space)))
    }
}

fn text(value: impl ToString) -> String {
    serde_json::to_string(&value.to_string()).unwrap()
}

/// A quarter of a second's worth of cases, or as many as asked for.
fn cases() -> u32 {
    if std::env::var_os("ARB_LONG").is_some() { 50_000 } else { 500 }
}

fn decoded(
    venue: Venue,
    frame: &str,
    sequence: Option<Sequence>,
    expected: &[MarketEvent<'_>],
) -> Result<(), TestCaseError> {
    let mut decoder = decoder(venue);
    let decoded = decoder.decode(frame.as_bytes());
    prop_assert!(decoded.is_ok(), "{:?} {}", decoded, frame);
    let decoded = decoded.unwrap();
    prop_assert_eq!(decoded.sequence, sequence, "{}", frame);
    prop_assert_eq!(decoded.events().collect::<Vec<_>>(), expected, "{}", frame);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn kalshi_deltas(market in id(), side in side(), price in price(), change in prop_oneof![-1_000_000_000_i64..-1, 1_i64..i64::MAX], millis in 1_i64..2_000_000_000_000, seq in 0_u64..u64::from(u32::MAX), layout in layout()) {
        let change = QuantityChange::from_micros(change);
        let quoted = if side == Side::Bid { price } else { price.complement() };
        let message = layout.object(&[
            ("market_ticker", text(&market)),
            ("market_id", text("5f0c2a1e")),
            ("price_dollars", text(quoted)),
            ("delta_fp", text(change)),
            ("side", text(if side == Side::Bid { "yes" } else { "no" })),
            ("ts", text("2026-11-20T15:04:05.123456Z")),
            ("ts_ms", millis.to_string()),
        ]);
        let frame = layout.object(&[
            ("type", text("orderbook_delta")), ("sid", "7".to_owned()), ("seq", seq.to_string()), ("msg", message),
        ]);
        let venue_at = Timestamp::from_millis(millis);
        let delta = Delta { market: &market, side, price, change, venue_at };
        decoded(Venue::Kalshi, &frame, Some(Sequence { sid: 7, seq }), &[MarketEvent::Delta(delta)])?;
    }

    #[test]
    fn kalshi_snapshots(market in id(), bids in levels(), asks in levels(), layout in layout()) {
        let list = |levels: &[Level], mirrored: bool| {
            let pairs: Vec<String> = levels
                .iter()
                .map(|level| if mirrored { level.mirror() } else { *level })
                .map(|level| layout.array(&[text(level.price), text(level.size)]))
                .collect();
            layout.array(&pairs)
        };
        let mut members = vec![("market_ticker", text(&market)), ("market_id", text("id"))];
        if !bids.is_empty() {
            members.push(("yes_dollars_fp", list(&bids, false)));
        }
        if !asks.is_empty() || layout.more {
            members.push(("no_dollars_fp", list(&asks, true)));
        }
        let frame = layout.object(&[
            ("type", text("orderbook_snapshot")), ("sid", "7".to_owned()), ("seq", "3".to_owned()), ("msg", layout.object(&members)),
        ]);
        let snapshot = Snapshot { market: &market, venue_id: Some("id"), bids: &bids, asks: &asks, tick: None, venue_at: None };
        decoded(Venue::Kalshi, &frame, Some(Sequence { sid: 7, seq: 3 }), &[MarketEvent::Snapshot(snapshot)])?;
    }

    #[test]
    fn polymarket_books(market in id(), bids in levels(), asks in levels(), layout in layout(), in_array in any::<bool>()) {
        let list = |levels: &[Level]| {
            let items: Vec<String> = levels
                .iter()
                .map(|level| layout.object(&[("price", text(level.price)), ("size", text(level.size))]))
                .collect();
            layout.array(&items)
        };
        let message = layout.object(&[
            ("event_type", text("book")), ("asset_id", text(&market)), ("market", text("0xc")),
            ("bids", list(&bids)), ("asks", list(&asks)), ("timestamp", text(5)), ("hash", text("h")), ("tick_size", text("0.001")),
        ]);
        let tick = Some("0.001".parse().unwrap());
        let snapshot = MarketEvent::Snapshot(Snapshot { market: &market, venue_id: Some("0xc"), bids: &bids, asks: &asks, tick, venue_at: Timestamp::from_millis(5) });
        if in_array {
            let frame = layout.array(&[message.clone(), message]);
            decoded(Venue::Polymarket, &frame, None, &[snapshot, snapshot])?;
        } else {
            decoded(Venue::Polymarket, &message, None, &[snapshot])?;
        }
    }

    #[test]
    fn polymarket_changes(market in id(), changes in proptest::collection::vec((side(), price(), size(), proptest::option::of((proptest::option::of(price()), proptest::option::of(price())))), 1..5), layout in layout()) {
        let quote = |price: Option<Price>, empty: &str| text(price.map_or_else(|| empty.to_owned(), |price| price.to_string()));
        let (mut items, mut expected) = (Vec::new(), Vec::new());
        for (side, price, size, best) in &changes {
            let mut members = vec![
                ("asset_id", text(&market)), ("price", text(price)), ("size", text(size)),
                ("side", text(if *side == Side::Bid { "BUY" } else { "SELL" })), ("hash", text("h")),
            ];
            if let Some((bid, ask)) = best {
                members.extend([("best_bid", quote(*bid, "0")), ("best_ask", quote(*ask, if layout.more { "" } else { "1" }))]);
            }
            items.push(layout.object(&members));
            let (side, price, size, best) = (*side, *price, *size, *best);
            expected.push(MarketEvent::LevelSet(LevelSet { market: &market, side, price, size, best, venue_at: Timestamp::from_millis(9) }));
        }
        let frame = layout.object(&[
            ("event_type", text("price_change")), ("market", text("0xc")), ("price_changes", layout.array(&items)), ("timestamp", text(9)),
        ]);
        decoded(Venue::Polymarket, &frame, None, &expected)?;
    }
}

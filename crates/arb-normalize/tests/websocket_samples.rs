//! Every WebSocket sample of the venues against its event, written by hand from the venues' documentation.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use arb_normalize::decode::{Sequence, decoder};
use arb_normalize::event::{Delta, LevelSet, Lifecycle, Snapshot, Touch, Trade};
use arb_normalize::market::TickRange;
use arb_normalize::{
    Level, MarketEvent, MarketStatus, Outcome, Price, Quantity, Side, Timestamp, Venue,
};

const HOLD: &str = "KXFEDDECISION-27JAN-H0";
const HOLD_ID: &str = "5f0c2a1e-7b34-4c55-9d21-6a8e0b7f4412";
const YES: &str = "43931700168844802699797650963512083711431260765441771984109982878059495943752";
const NO: &str = "112448918644252297148961738073669421663938757520069324423394016669522907629674";
const CUT: &str = "94128291848768998803883525374372292121627823532895399111176001830764689920649";
const CONDITION: &str = "0xfc5680dd31d7a46b0c8c71fca425dc5d0380fc35370ff98f6f0c09dc9a4091b3";

/// Samples that carry no market data: known, and passed over by design.
const PASSED: &[(&str, &str)] = &[
    ("kalshi/ws_fill", "own account"),
    ("kalshi/ws_user_order_canceled", "own account"),
    ("kalshi/ws_user_order_executed", "own account"),
    ("kalshi/ws_user_order_resting", "own account"),
    ("kalshi/ws_market_position", "own account"),
    ("kalshi/ws_order_group_triggered", "own account"),
    ("kalshi/ws_order_group_updates", "own account"),
    ("kalshi/ws_rfq_created", "request for quotes"),
    ("kalshi/ws_rfq_deleted", "request for quotes"),
    ("kalshi/ws_quote_accepted", "request for quotes"),
    ("kalshi/ws_quote_created", "request for quotes"),
    ("kalshi/ws_quote_executed", "request for quotes"),
    ("kalshi/ws_cfbenchmarks_value", "reference price"),
    ("kalshi/ws_cfbenchmarks_value_5hz", "reference price"),
    ("kalshi/ws_cfbenchmarks_value_indexlist", "reference price"),
    ("kalshi/ws_pyth_value", "reference price"),
    ("kalshi/ws_pyth_value_underlying_list", "reference price"),
    ("polymarket/ws_user_order_cancellation", "own account"),
    ("polymarket/ws_user_order_filled", "own account"),
    ("polymarket/ws_user_order_fok_killed", "own account"),
    ("polymarket/ws_user_order_placement", "own account"),
    ("polymarket/ws_user_order_update", "own account"),
    ("polymarket/ws_user_order_venue_cancel_nulls", "own account"),
    ("polymarket/ws_user_trade_as_maker", "own account"),
    ("polymarket/ws_user_trade_confirmed", "own account"),
    ("polymarket/ws_user_trade_failed", "own account"),
    ("polymarket/ws_user_trade_matched", "own account"),
    ("polymarket/ws_user_trade_mined", "own account"),
    ("polymarket/ws_user_trade_retrying", "own account"),
];

/// Samples of what a client sends; no decoder ever meets them.
const SENT: &[&str] = &[
    "kalshi/ws_cmd_list_subscriptions",
    "kalshi/ws_cmd_subscribe_lifecycle",
    "kalshi/ws_cmd_subscribe_multi",
    "kalshi/ws_cmd_subscribe_orderbook",
    "kalshi/ws_cmd_subscribe_private",
    "kalshi/ws_cmd_unsubscribe",
    "kalshi/ws_cmd_update_add_markets",
    "kalshi/ws_cmd_update_delete_markets",
    "kalshi/ws_cmd_update_get_snapshot",
    "polymarket/ws_market_subscribe",
    "polymarket/ws_market_update_subscribe",
    "polymarket/ws_market_update_unsubscribe",
    "polymarket/ws_user_subscribe",
    "polymarket/ws_user_update_subscribe",
    "polymarket/ws_user_update_unsubscribe",
    "polymarket/ws_ping",
];

fn price(text: &str) -> Price {
    text.parse().unwrap()
}

fn size(text: &str) -> Quantity {
    text.parse().unwrap()
}

fn levels(text: &[(&str, &str)]) -> Vec<Level> {
    text.iter().map(|(p, s)| Level::new(price(p), size(s))).collect()
}

fn millis(at: i64) -> Option<Timestamp> {
    Timestamp::from_millis(at)
}

fn seconds(at: i64) -> Option<Timestamp> {
    Timestamp::from_millis(at * 1000)
}

fn read(sample: &str) -> (Venue, Vec<u8>) {
    let folder = format!("{}/tests/samples", env!("CARGO_MANIFEST_DIR"));
    let bytes = std::fs::read(format!("{folder}/{sample}.json"))
        .or_else(|_| std::fs::read(format!("{folder}/{sample}.txt")))
        .unwrap();
    (sample.split('/').next().unwrap().parse().unwrap(), bytes)
}

/// The sample with its white space as in the file, and as short as it goes on the wire.
fn forms(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = vec![bytes.to_vec()];
    if serde_json::from_slice::<serde_json::Value>(bytes).is_ok() {
        forms.push(without_space(bytes));
        // Every string written in escapes: the slow path must see the same.
        forms.push(escaped(&without_space(bytes)));
    }
    forms
}

fn without_space(bytes: &[u8]) -> Vec<u8> {
    let (mut out, mut quoted, mut skip) = (Vec::new(), false, false);
    for &byte in bytes {
        if quoted || !byte.is_ascii_whitespace() {
            out.push(byte);
        }
        match byte {
            _ if skip => skip = false,
            b'\\' => skip = quoted,
            b'"' => quoted = !quoted,
            _ => {}
        }
    }
    out
}

fn escaped(bytes: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(bytes).unwrap();
    let (mut out, mut quoted, mut skip) = (String::new(), false, false);
    for letter in text.chars() {
        if quoted && !skip && letter.is_ascii_alphanumeric() {
            out.push_str(&format!("\\u{:04x}", u32::from(letter)));
        } else {
            out.push(letter);
        }
        match letter {
            _ if skip => skip = false,
            '\\' => skip = quoted,
            '"' => quoted = !quoted,
            _ => {}
        }
    }
    out.into_bytes()
}

#[track_caller]
fn check(sample: &str, sequence: Option<(u64, u64)>, expected: &[MarketEvent<'_>]) {
    check_drifting(sample, sequence, expected, 0);
}

#[track_caller]
fn check_drifting(
    sample: &str,
    sequence: Option<(u64, u64)>,
    expected: &[MarketEvent<'_>],
    drift: u64,
) {
    let (venue, bytes) = read(sample);
    for frame in forms(&bytes) {
        let mut decoder = decoder(venue);
        let decoded = decoder.decode(&frame).unwrap();
        let sequence = sequence.map(|(sid, seq)| Sequence { sid, seq });
        assert_eq!(decoded.sequence, sequence, "{sample}");
        assert_eq!(decoded.events().collect::<Vec<_>>(), expected, "{sample}");
        let of_levels = |event: &MarketEvent<'_>| {
            use MarketEvent::{Delta, LevelSet, Snapshot};
            matches!(event, Delta(_) | LevelSet(_) | Snapshot(_))
        };
        let others: Vec<_> = expected.iter().filter(|event| !of_levels(event)).cloned().collect();
        assert_eq!(decoded.beside_levels().collect::<Vec<_>>(), others, "{sample}");
        assert!(!decoded.is_unknown(), "{sample}");
        assert_eq!(decoder.drift().total(), drift, "{sample}: {:?}", decoder.drift());
    }
}

#[test]
fn kalshi_snapshots() {
    let bids = levels(&[("0.41", "1520"), ("0.42", "300.5"), ("0.43", "75")]);
    let asks = levels(&[("0.47", "900"), ("0.46", "410.25"), ("0.45", "60")]);
    let snapshot = |market, venue_id, bids, asks| {
        let venue_id = Some(venue_id);
        MarketEvent::Snapshot(Snapshot { market, venue_id, bids, asks, tick: None, venue_at: None })
    };
    check("kalshi/ws_orderbook_snapshot", Some((1, 1)), &[snapshot(HOLD, HOLD_ID, &bids, &asks)]);
    let asks = levels(&[("0.02", "12000"), ("0.01", "55")]);
    check(
        "kalshi/ws_orderbook_snapshot_one_sided",
        Some((1, 2)),
        &[snapshot("KXFED-27APR-T4.25", "c1d97f02-3e6b-4b0a-8f41-20b95d1c7e33", &[], &asks)],
    );
    check(
        "kalshi/ws_orderbook_snapshot_empty",
        Some((1, 3)),
        &[snapshot("KXCPI-26DEC-T0.3", "77a0c1d4-90ab-4d1e-b2d7-05c6ab3f9912", &[], &[])],
    );
    let bids = levels(&[("0.072", "410"), ("0.073", "95.31")]);
    let asks = levels(&[("0.077", "1000"), ("0.076", "17.69")]);
    let market = "KXBTC15M-26NOV201515-15";
    check(
        "kalshi/ws_orderbook_snapshot_subpenny",
        Some((1, 4)),
        &[snapshot(market, "0d4c8b77-51c2-4e6e-93bb-9d9e7f3b1a20", &bids, &asks)],
    );
}

#[test]
fn kalshi_no_side_in_yes_prices() {
    let (_, frame) = read("kalshi/ws_orderbook_snapshot_use_yes_price");
    let (_, plain) = read("kalshi/ws_orderbook_snapshot");
    let asks = levels(&[("0.45", "60"), ("0.46", "410.25"), ("0.47", "900")]);
    let subscribe = br#"{"id":7,"cmd":"subscribe","params":{"channels":["orderbook_delta"],"market_tickers":["X"],"use_yes_price":true}}"#;
    let acknowledged =
        br#"{"id":7,"type":"subscribed","msg":{"channel":"orderbook_delta","sid":4}}"#;
    let asks_of = |decoder: &mut dyn arb_normalize::Decode, frame: &[u8]| {
        let decoded = decoder.decode(frame).unwrap();
        let Some(MarketEvent::Snapshot(snapshot)) = decoded.events().next() else {
            unreachable!("a snapshot")
        };
        snapshot.asks.to_vec()
    };
    let mut kalshi = decoder(Venue::Kalshi);
    kalshi.note_sent(subscribe);
    // Data may come before its acknowledgement.
    assert_eq!(asks_of(&mut *kalshi, &frame), asks);
    kalshi.decode(acknowledged).unwrap();
    assert_eq!(asks_of(&mut *kalshi, &frame), asks);
    // The convention is the subscription's: sid 1 was not asked for in YES prices.
    assert_eq!(asks_of(&mut *kalshi, &plain).last(), levels(&[("0.45", "60")]).last());
    let delta = br#"{"type":"orderbook_delta","sid":4,"seq":2,"msg":{"market_ticker":"X","market_id":"x","price_dollars":"0.4500","delta_fp":"1.00","side":"no","ts_ms":1}}"#;
    let decoded = kalshi.decode(delta).unwrap();
    let Some(MarketEvent::Delta(delta)) = decoded.events().next() else { unreachable!("a delta") };
    assert_eq!((delta.side, delta.price), (Side::Ask, price("0.45")));
}

#[test]
fn kalshi_deltas() {
    let delta = |side, at, change: &str, venue_at| {
        MarketEvent::Delta(Delta {
            market: HOLD,
            side,
            price: price(at),
            change: change.parse().unwrap(),
            venue_at: millis(venue_at),
        })
    };
    check(
        "kalshi/ws_orderbook_delta",
        Some((1, 5)),
        &[delta(Side::Bid, "0.43", "-25", 1_795_187_045_123)],
    );
    check(
        "kalshi/ws_orderbook_delta_own_order",
        Some((1, 6)),
        &[delta(Side::Ask, "0.45", "40", 1_795_187_045_201)],
    );
    check(
        "kalshi/ws_orderbook_delta_level_removed",
        Some((1, 7)),
        &[delta(Side::Bid, "0.43", "-50", 1_795_187_045_340)],
    );
}

#[test]
fn kalshi_prices_and_trades() {
    check(
        "kalshi/ws_ticker",
        None,
        &[MarketEvent::Touch(Touch {
            market: HOLD,
            bid: Some(Level::new(price("0.43"), size("75"))),
            ask: Some(Level::new(price("0.45"), size("60"))),
            last: Some(price("0.44")),
            venue_at: millis(1_795_187_045_500),
        })],
    );
    check(
        "kalshi/ws_trade",
        Some((3, 18)),
        &[MarketEvent::Trade(Trade {
            market: HOLD,
            id: Some("d2f4c7a9-5e13-47b6-9c80-7fa31b66e014"),
            price: price("0.45"),
            size: size("12.5"),
            taker: Some(Side::Bid),
            venue_at: millis(1_795_187_045_700),
        })],
    );
}

fn lifecycle<'a>(market: &'a str, word: &'a str, status: Option<MarketStatus>) -> Lifecycle<'a> {
    let (close_at, result, settlement, venue_at) = (None, None, None, None);
    Lifecycle { market, word, status, close_at, result, settlement, venue_at }
}

#[test]
fn kalshi_lifecycle() {
    let check = |sample: &str, seq, event| {
        check(
            &format!("kalshi/ws_lifecycle_{sample}"),
            Some((17, seq)),
            &[MarketEvent::Lifecycle(event)],
        );
    };
    let close_at = seconds(1_801_076_100);
    let created = lifecycle(HOLD, "created", Some(MarketStatus::Upcoming));
    check("created", 1, Lifecycle { close_at, ..created });
    check("activated", 2, lifecycle(HOLD, "activated", Some(MarketStatus::Active)));
    check("deactivated", 3, lifecycle(HOLD, "deactivated", Some(MarketStatus::Paused)));
    let close_at = seconds(1_801_162_500);
    check(
        "close_date_updated",
        4,
        Lifecycle { close_at, ..lifecycle(HOLD, "close_date_updated", None) },
    );
    let determined = lifecycle(HOLD, "determined", Some(MarketStatus::Determined));
    let (result, settlement) = (Some(Outcome::Yes), Some(Price::ONE));
    let venue_at = seconds(1_801_077_000);
    check("determined", 5, Lifecycle { result, settlement, venue_at, ..determined });
    let scalar = Lifecycle { market: "KXEXAMPLE-27JAN", ..determined };
    let (settlement, venue_at) = (Some(price("0.5")), seconds(1_801_077_001));
    check("determined_scalar", 6, Lifecycle { settlement, venue_at, ..scalar });
    let venue_at = seconds(1_801_077_300);
    check(
        "settled",
        7,
        Lifecycle { venue_at, ..lifecycle(HOLD, "settled", Some(MarketStatus::Settled)) },
    );
    check("metadata_updated", 9, lifecycle("KXBTC15M-26NOV201515-15", "metadata_updated", None));
}

#[test]
fn kalshi_events_and_ticks() {
    let range =
        |start, end, step| TickRange { start: price(start), end: price(end), step: price(step) };
    let ranges =
        [range("0", "0.1", "0.001"), range("0.1", "0.9", "0.01"), range("0.9", "1", "0.001")];
    check(
        "kalshi/ws_lifecycle_price_level_structure_updated",
        Some((17, 8)),
        &[MarketEvent::TickChange {
            market: HOLD,
            tick: price("0.001"),
            ranges: &ranges,
            venue_at: None,
        }],
    );
    let word = "created";
    let close_at = seconds(1_795_273_445);
    let market = "KXMVECROSSCATEGORY-S2026A1B2C3-9F8E7D";
    let created = lifecycle(market, word, Some(MarketStatus::Upcoming));
    check(
        "kalshi/ws_multivariate_market_lifecycle",
        Some((18, 1)),
        &[MarketEvent::Lifecycle(Lifecycle { close_at, ..created })],
    );
    let event = "KXFEDDECISION-27JAN";
    check(
        "kalshi/ws_event_lifecycle",
        Some((17, 10)),
        &[MarketEvent::EventListed {
            event,
            series: Some("KXFEDDECISION"),
            title: "Fed decision in January 2027?",
            exclusive: true,
        }],
    );
    let fee_type = Some("quadratic_with_maker_fees");
    check(
        "kalshi/ws_event_fee_update",
        Some((17, 11)),
        &[MarketEvent::FeeUpdate { event, fee_type, multiplier: Some("0.5") }],
    );
    check(
        "kalshi/ws_event_fee_update_cleared",
        Some((17, 12)),
        &[MarketEvent::FeeUpdate { event, fee_type: None, multiplier: None }],
    );
}

#[test]
fn kalshi_answers() {
    check(
        "kalshi/ws_subscribed",
        None,
        &[MarketEvent::Subscribed { command: Some(1), channel: "orderbook_delta", sid: 1 }],
    );
    check(
        "kalshi/ws_ok_update",
        Some((1, 87)),
        &[MarketEvent::Acknowledged { command: Some(6), sid: Some(1) }],
    );
    check("kalshi/ws_ok_list", None, &[MarketEvent::Acknowledged { command: Some(9), sid: None }]);
    check(
        "kalshi/ws_unsubscribed",
        Some((1, 412)),
        &[
            MarketEvent::Acknowledged { command: Some(5), sid: Some(1) },
            MarketEvent::Unsubscribed { sid: Some(1), market: None },
        ],
    );
    let refused =
        |command, sid, code, message| MarketEvent::Refused { command, sid, code, message };
    check("kalshi/ws_error", None, &[refused(Some(11), None, 8, "Unknown channel name")]);
    check(
        "kalshi/ws_error_market_not_found",
        None,
        &[refused(Some(12), None, 11, "Invalid parameter")],
    );
    check(
        "kalshi/ws_error_terminal_buffer_overflow",
        Some((1, 5021)),
        &[refused(None, Some(1), 25, "Subscription buffer overflow")],
    );
}

#[test]
fn a_removed_market_is_named_when_its_removal_is_confirmed() {
    let mut kalshi = decoder(Venue::Kalshi);
    kalshi.note_sent(&read("kalshi/ws_cmd_update_delete_markets").1);
    let frame =
        br#"{"id":7,"sid":1,"seq":88,"type":"ok","msg":{"market_tickers":["KXCPI-26DEC-T0.3"]}}"#;
    let events: Vec<_> = kalshi.decode(frame).unwrap().events().collect();
    let gone = MarketEvent::Unsubscribed { sid: Some(1), market: Some("KXFED-27APR-T4.25") };
    assert_eq!(events, [MarketEvent::Acknowledged { command: Some(7), sid: Some(1) }, gone]);
}

fn book<'a>(
    market: &'a str,
    bids: &'a [Level],
    asks: &'a [Level],
    tick: bool,
    at: i64,
) -> MarketEvent<'a> {
    let tick = tick.then(|| price("0.01"));
    let venue_id = Some(CONDITION);
    MarketEvent::Snapshot(Snapshot { market, venue_id, bids, asks, tick, venue_at: millis(at) })
}

#[test]
fn polymarket_books() {
    let bids = levels(&[("0.01", "15000"), ("0.41", "820.5"), ("0.42", "300"), ("0.43", "75.25")]);
    let asks = levels(&[("0.99", "20000"), ("0.48", "640"), ("0.47", "210.1"), ("0.46", "50")]);
    let mirror = |levels: &[Level]| levels.iter().map(|level| level.mirror()).collect::<Vec<_>>();
    let at = 1_795_187_045_000;
    check("polymarket/ws_book", None, &[book(YES, &bids, &asks, true, at)]);
    check("polymarket/ws_book_documented_fields_only", None, &[book(YES, &bids, &asks, false, at)]);
    check("polymarket/ws_book_empty_side", None, &[book(YES, &[], &asks, true, at + 10)]);
    let (no_bids, no_asks) = (mirror(&asks), mirror(&bids));
    let both = [book(YES, &bids, &asks, true, at), book(NO, &no_bids, &no_asks, true, at)];
    check("polymarket/ws_book_initial_array", None, &both);
    check("polymarket/ws_unknown_token_frame", None, &[]);
    check("polymarket/ws_pong", None, &[MarketEvent::Pong]);
}

fn set<'a>(
    market: &'a str,
    side: Side,
    at: &str,
    total: &str,
    best: Option<(&str, &str)>,
    venue_at: i64,
) -> MarketEvent<'a> {
    let quote = |text: &str| (!text.is_empty()).then(|| price(text));
    let best = best.map(|(bid, ask)| (quote(bid), quote(ask)));
    let (price, size, venue_at) = (price(at), size(total), millis(venue_at));
    MarketEvent::LevelSet(LevelSet { market, side, price, size, best, venue_at })
}

#[test]
fn polymarket_changes() {
    let at = 1_795_187_045_120;
    check(
        "polymarket/ws_price_change",
        None,
        &[
            set(YES, Side::Bid, "0.43", "125.25", Some(("0.43", "0.46")), at),
            set(NO, Side::Ask, "0.57", "125.25", Some(("0.54", "0.57")), at),
        ],
    );
    check(
        "polymarket/ws_price_change_legacy_pre_2025_09",
        None,
        &[set(YES, Side::Bid, "0.43", "125.25", None, at)],
    );
    check(
        "polymarket/ws_price_change_level_removed",
        None,
        &[
            set(YES, Side::Ask, "0.46", "0", Some(("0.43", "0.47")), at + 220),
            set(NO, Side::Bid, "0.54", "0", Some(("0.53", "0.57")), at + 220),
        ],
    );
    check(
        "polymarket/ws_price_change_sentinel_empty_book",
        None,
        &[set(CUT, Side::Bid, "0.02", "0", Some(("", "")), at + 260)],
    );
    check_drifting(
        "polymarket/ws_price_change_without_best",
        None,
        &[set(YES, Side::Bid, "0.4", "3.5", None, at + 240)],
        1,
    );
}

#[test]
fn polymarket_prices_trades_and_lifecycle() {
    let level = |text| Some(Level::new(price(text), Quantity::ZERO));
    let touch = |bid, ask, at| {
        MarketEvent::Touch(Touch { market: YES, bid, ask, last: None, venue_at: millis(at) })
    };
    check(
        "polymarket/ws_best_bid_ask",
        None,
        &[touch(level("0.43"), level("0.47"), 1_795_187_045_341)],
    );
    check(
        "polymarket/ws_best_bid_ask_empty_side",
        None,
        &[touch(None, level("0.47"), 1_795_187_045_350)],
    );
    check(
        "polymarket/ws_tick_size_change",
        None,
        &[MarketEvent::TickChange {
            market: YES,
            tick: price("0.001"),
            ranges: &[],
            venue_at: millis(1_795_187_054_000),
        }],
    );
    let new = lifecycle(CONDITION, "new_market", Some(MarketStatus::Active));
    let venue_at = millis(1_795_187_045_000);
    check(
        "polymarket/ws_new_market",
        None,
        &[MarketEvent::Lifecycle(Lifecycle { venue_at, ..new })],
    );
    let resolved = lifecycle(CONDITION, "market_resolved", Some(MarketStatus::Settled));
    let (result, settlement) = (Some(Outcome::Yes), Some(Price::ONE));
    let venue_at = millis(1_801_062_045_000);
    check(
        "polymarket/ws_market_resolved",
        None,
        &[MarketEvent::Lifecycle(Lifecycle { result, settlement, venue_at, ..resolved })],
    );
    let (_, trade) = read("polymarket/ws_last_trade_price");
    let trade: serde_json::Value = serde_json::from_slice(&trade).unwrap();
    check(
        "polymarket/ws_last_trade_price",
        None,
        &[MarketEvent::Trade(Trade {
            market: YES,
            id: trade["transaction_hash"].as_str(),
            price: price("0.46"),
            size: size("50"),
            taker: Some(Side::Bid),
            venue_at: millis(1_795_187_045_341),
        })],
    );
}

#[test]
fn every_other_sample_is_passed_over_for_a_reason() {
    for (sample, reason) in PASSED {
        let (venue, bytes) = read(sample);
        let mut decoder = decoder(venue);
        let decoded = decoder.decode(&bytes).unwrap();
        let events: Vec<_> = decoded.events().collect();
        assert!(
            matches!(events[..], [MarketEvent::Passed { .. }]),
            "{sample} ({reason}): {events:?}"
        );
    }
    let source = include_str!("websocket_samples.rs");
    for venue in ["kalshi", "polymarket"] {
        let folder = format!("{}/tests/samples/{venue}", env!("CARGO_MANIFEST_DIR"));
        for file in std::fs::read_dir(folder).unwrap() {
            let file = file.unwrap().file_name().into_string().unwrap();
            let Some((name, _)) = file.split_once('.') else { continue };
            let sample = format!("{venue}/{name}");
            let named = source.contains(&format!("\"{sample}\""))
                || name
                    .strip_prefix("ws_lifecycle_")
                    .is_some_and(|rest| source.contains(&format!("\"{rest}\"")));
            assert!(
                !name.starts_with("ws_") || named || SENT.contains(&&*sample),
                "{sample} has neither an event nor a reason"
            );
        }
    }
}

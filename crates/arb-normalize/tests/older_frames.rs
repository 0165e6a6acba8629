//! Forms that recordings still hold, and frames that must be refused or told apart.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use arb_normalize::decode::{Decode, DriftKind, KalshiDecoder, PolymarketDecoder, decoder};
use arb_normalize::{DecodeError, MarketEvent, Side, Venue};

fn events(venue: Venue, frame: &str) -> String {
    let mut decoder = decoder(venue);
    let decoded = decoder.decode(frame.as_bytes()).unwrap();
    let events: Vec<String> =
        decoded.events().map(|event| serde_json::to_string(&event).unwrap()).collect();
    events.join(" ")
}

fn refusal(venue: Venue, frame: &str) -> DecodeError {
    decoder(venue).decode(frame.as_bytes()).unwrap_err()
}

#[test]
fn kalshi_books_in_cents_and_in_dollars_with_whole_counts() {
    let today = events(
        Venue::Kalshi,
        r#"{"type":"orderbook_snapshot","sid":1,"seq":1,"msg":{"market_ticker":"A","market_id":"m","yes_dollars_fp":[["0.4300","75.00"]],"no_dollars_fp":[["0.5500","60.00"]]}}"#,
    );
    for older in [
        r#"{"type":"orderbook_snapshot","sid":1,"seq":1,"msg":{"market_ticker":"A","market_id":"m","yes":[[43,75]],"no":[[55,60]]}}"#,
        r#"{"type":"orderbook_snapshot","sid":1,"seq":1,"msg":{"market_ticker":"A","market_id":"m","yes":[[43,75]],"yes_dollars":[["0.4300",75]],"no":[[55,60]],"no_dollars":[["0.5500",60]]}}"#,
        // Of several forms the most exact counts, in whatever order.
        r#"{"type":"orderbook_snapshot","sid":1,"seq":1,"msg":{"yes_dollars_fp":[["0.4300","75.00"]],"yes":[[42,74]],"no":[[54,59]],"no_dollars_fp":[["0.5500","60.00"]],"market_ticker":"A","market_id":"m"}}"#,
    ] {
        assert_eq!(events(Venue::Kalshi, older), today, "{older}");
    }
}

#[test]
fn kalshi_deltas_in_cents() {
    let today = events(
        Venue::Kalshi,
        r#"{"type":"orderbook_delta","sid":1,"seq":2,"msg":{"market_ticker":"A","market_id":"m","price_dollars":"0.5500","delta_fp":"-25.00","side":"no"}}"#,
    );
    for older in [
        r#"{"type":"orderbook_delta","sid":1,"seq":2,"msg":{"market_ticker":"A","market_id":"m","price":55,"delta":-25,"side":"no"}}"#,
        r#"{"type":"orderbook_delta","sid":1,"seq":2,"msg":{"market_ticker":"A","market_id":"m","price":54,"price_dollars":"0.5500","delta":-25,"side":"no"}}"#,
    ] {
        assert_eq!(events(Venue::Kalshi, older), today, "{older}");
    }
    // The older time is seconds or a text.
    let seconds = r#"{"type":"orderbook_delta","sid":1,"seq":2,"msg":{"market_ticker":"A","price":55,"delta":1,"side":"yes","ts":1795187045}}"#;
    let text = r#"{"type":"orderbook_delta","sid":1,"seq":2,"msg":{"market_ticker":"A","price":55,"delta":1,"side":"yes","ts":"2026-11-20T15:04:05Z"}}"#;
    assert_eq!(events(Venue::Kalshi, seconds), events(Venue::Kalshi, text));
    assert!(events(Venue::Kalshi, text).contains("1795187045000000000"));
}

#[test]
fn kalshi_tickers_and_trades_in_cents() {
    assert_eq!(
        events(
            Venue::Kalshi,
            r#"{"type":"ticker","sid":2,"msg":{"market_ticker":"A","price":44,"yes_bid":43,"yes_ask":100,"ts":1}}"#
        ),
        r#"{"kind":"touch","market":"A","bid":{"price":"0.43","size":"0"},"ask":null,"last":"0.44","venue_at":1000000000}"#
    );
    // Sentinels of an empty book are not quotes: sizes tell.
    assert_eq!(
        events(
            Venue::Kalshi,
            r#"{"type":"ticker","sid":2,"msg":{"market_ticker":"A","price_dollars":"0.0000","yes_bid_dollars":"0.0000","yes_bid_size_fp":"0.00","yes_ask_dollars":"0.0000","yes_ask_size_fp":"0.00","ts_ms":1}}"#
        ),
        r#"{"kind":"touch","market":"A","bid":null,"ask":null,"last":null,"venue_at":1000000}"#
    );
    assert_eq!(
        events(
            Venue::Kalshi,
            r#"{"type":"trade","sid":3,"msg":{"market_ticker":"A","yes_price":45,"no_price":55,"count":12,"taker_side":"no","ts":1}}"#
        ),
        r#"{"kind":"trade","market":"A","id":null,"price":"0.45","size":"12","taker":"ask","venue_at":1000000000}"#
    );
}

#[test]
fn polymarket_books_in_older_words_and_numbers() {
    let today = events(
        Venue::Polymarket,
        r#"{"event_type":"book","asset_id":"7","market":"0xc","bids":[{"price":"0.4","size":"3"}],"asks":[],"timestamp":"5"}"#,
    );
    for older in [
        r#"{"market":"0xc","asset_id":"7","timestamp":"5","hash":"h","buys":[{"price":"0.4","size":"3"}],"sells":[],"event_type":"book"}"#,
        r#"{"event_type":"book","asset_id":"7","market":"0xc","bids":[{"size":3,"price":0.4,"n":1}],"asks":null,"timestamp":5}"#,
        r#"[ {"event_type" : "book","asset_id":"7","market":"0xc","bids":[ {"price":"0.40","size":"3.0"} ],"asks":[ ],"timestamp":"5"} ]"#,
    ] {
        assert_eq!(events(Venue::Polymarket, older), today, "{older}");
    }
}

#[test]
fn polymarket_changes_are_the_same_in_any_member_order() {
    let item = r#"{"asset_id":"7","price":"0.4","size":"3","side":"BUY","hash":"h","best_bid":"0.4","best_ask":"1"}"#;
    let today = events(
        Venue::Polymarket,
        &format!(
            r#"{{"event_type":"price_change","market":"0xc","price_changes":[{item}],"timestamp":"5"}}"#
        ),
    );
    for other in [
        format!(r#"{{"market":"0xc","price_changes":[{item}],"timestamp":"5","event_type":"price_change"}}"#),
        format!(r#"{{"timestamp":"5","price_changes":[{item}],"event_type":"price_change","market":"0xc"}}"#),
        format!(r#"[{{"price_changes":[{item},{item}],"price_changes":[{item}],"event_type":"price_change","timestamp":"5"}}]"#),
        r#"{"event_type":"price_change","price_changes":[{"side":"BUY","best_ask":"1","best_bid":"0.4","size":"3.000000","price":".4","asset_id":"7","new":{}}],"timestamp":"5"}"#.to_owned(),
    ] {
        assert_eq!(events(Venue::Polymarket, &other), today, "{other}");
    }
    // A list of that name in a message of another kind is not a change of prices.
    let other = format!(r#"{{"event_type":"order","price_changes":[{item}],"timestamp":"5"}}"#);
    assert_eq!(events(Venue::Polymarket, &other), r#"{"kind":"passed","word":"order"}"#);
}

#[test]
fn keep_alives_empty_arrays_and_unknown_kinds_are_told_apart() {
    for venue in Venue::ALL {
        for text in ["PONG", "PING", "PONG\n"] {
            assert_eq!(events(venue, text), r#"{"kind":"pong"}"#);
        }
        for text in [
            "{}",
            r#"{"type":null,"event_type":7}"#,
            r#"{"type":"new_thing","event_type":"new_thing"}"#,
        ] {
            let mut decoder = decoder(venue);
            assert!(decoder.decode(text.as_bytes()).unwrap().is_unknown(), "{text}");
            assert_eq!(
                decoder.drift().iter().map(|(kind, ..)| kind).collect::<Vec<_>>(),
                [DriftKind::UnknownKind]
            );
        }
        for text in [
            "",
            " ",
            "null",
            "7",
            "\"PONG\"",
            "{",
            "{}{}",
            "[1]",
            "[{},]",
            "pong",
            "{\"type\"}",
            "\u{feff}{}",
        ] {
            assert!(decoder(venue).decode(text.as_bytes()).is_err(), "{venue} {text:?}");
        }
        assert!(decoder(venue).decode(b"{\"type\":\"\xff\"}").is_err());
    }
    let mut polymarket = PolymarketDecoder::new();
    let empty = polymarket.decode(b" [] ").unwrap();
    assert!(empty.events().next().is_none() && !empty.is_unknown());
    let mixed =
        polymarket.decode(br#"[{"event_type":"new_thing"},{"event_type":"trade"}]"#).unwrap();
    assert!(!mixed.is_unknown());
    assert!(matches!(refusal(Venue::Kalshi, "[]"), DecodeError::Syntax { .. }));
}

#[test]
fn what_cannot_be_held_exactly_is_refused_by_name() {
    let delta = |price: &str, change: &str, side: &str| {
        refusal(
            Venue::Kalshi,
            &format!(r#"{{"type":"orderbook_delta","sid":1,"seq":2,"msg":{{"market_ticker":"A","market_id":"m","price_dollars":{price},"delta_fp":{change},"side":"{side}","ts_ms":1}}}}"#),
        )
        .to_string()
    };
    assert_eq!(
        delta("\"0.43000001\"", "\"1\"", "yes"),
        "kalshi orderbook_delta: field price_dollars has the value \"0.43000001\": more than 6 decimals"
    );
    assert!(delta("\"1.01\"", "\"1\"", "yes").contains("outside the allowed range"));
    assert!(delta("\"abc\"", "\"1\"", "yes").contains("not a plain decimal"));
    assert!(delta("\"0.43\"", "\"1e3\"", "yes").contains("delta_fp"));
    assert!(delta("\"0.43\"", "\"1\"", "maybe").contains("not yes or no"));
    assert!(delta("[]", "\"1\"", "yes").contains("price_dollars"));
    let cents = r#"{"type":"orderbook_delta","sid":1,"seq":2,"msg":{"market_ticker":"A","price":101,"delta":1,"side":"yes"}}"#;
    assert!(refusal(Venue::Kalshi, cents).to_string().contains("cents"));
    let mut kalshi = KalshiDecoder::new();
    let lacking = kalshi.decode(br#"{"type":"orderbook_delta","sid":1,"seq":2,"msg":{"market_ticker":"A","side":"yes","price":1}}"#);
    assert_eq!(lacking.unwrap_err().to_string(), "kalshi orderbook_delta lacks the field delta_fp");
    assert_eq!(kalshi.drift().get(DriftKind::MissingField, "orderbook_delta.delta_fp"), 1);
}

#[test]
fn a_side_under_a_new_name_is_not_an_empty_side_in_silence() {
    let mut kalshi = KalshiDecoder::new();
    let frame = br#"{"type":"orderbook_snapshot","sid":1,"seq":1,"msg":{"market_ticker":"A","market_id":"m","yes_levels":[["0.43","1"]]}}"#;
    assert!(kalshi.decode(frame).is_ok());
    assert_eq!(kalshi.drift().get(DriftKind::UnknownKind, "orderbook_snapshot.yes_levels"), 1);
    let zero = br#"{"type":"trade","sid":3,"seq":1,"msg":{"market_ticker":"A","yes_price_dollars":"0.0000","count_fp":"1.00"}}"#;
    assert!(kalshi.decode(zero).is_ok());
    assert_eq!(kalshi.drift().get(DriftKind::ZeroedField, "trade.yes_price_dollars"), 1);
}

#[test]
fn a_refused_frame_leaves_the_next_untouched() {
    let mut kalshi = KalshiDecoder::new();
    let good = br#"{"type":"orderbook_delta","sid":1,"seq":2,"msg":{"market_ticker":"A","market_id":"m","price_dollars":"0.4300","delta_fp":"1.00","side":"yes","ts_ms":1}}"#;
    for bad in [
        "{",
        r#"{"type":"orderbook_snapshot","sid":1,"seq":1,"msg":{"market_ticker":"A","yes":[[1,1],[2,1],["x",1]]}}"#,
    ] {
        assert!(kalshi.decode(bad.as_bytes()).is_err());
        let events: Vec<_> = kalshi.decode(good).unwrap().events().collect();
        assert!(matches!(events[..], [MarketEvent::Delta(delta)] if delta.side == Side::Bid));
    }
}

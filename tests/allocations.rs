//! From payload to assessed and published trade nothing is allocated once a stream has been seen, and nothing by the sessions
//! that read it off the socket.

use std::sync::Arc;

use arb_venues::ClockOffset;
use arb_venues::kalshi::{KalshiCredentials, KalshiSession};
use arb_venues::polymarket::PolymarketSession;
use arb_ws::{Key, KeyId, Outbox, Session, Verdict};

use arb_benches::contender::Contender;
use arb_benches::ours::Ours;
use arb_benches::stream::Stream;

#[test]
fn the_second_pass_over_a_stream_allocates_nothing() {
    let stream = Stream::new(100, 20_000);
    let mut pipeline = Ours::new(&stream);
    let mut pass = || {
        // Kalshi's numbering begins anew, as after every connect; that the new connection's books are listed is its price.
        pipeline.reconnect();
        pipeline.frames(&stream.opening);
        let measured = allocation_counter::measure(|| pipeline.frames(&stream.changes));
        (measured, pipeline.tally().published)
    };
    let (_, first) = pass();
    let (measured, second) = pass();
    assert!(first > 50 && second >= 2 * first, "{first} trades, then {second}");
    assert_eq!(measured.count_total, 0, "{measured:?}");
}

/// Markets that a session follows.
const MARKETS: u32 = 200;

/// Has a session follow all markets, and measures what reading frames allocates once each market's first has come.
fn allocated_by(
    session: &mut dyn Session,
    name: fn(u32) -> String,
    opening: &[String],
    data: &[String],
) {
    let mut out = Outbox::new();
    session.on_open(&mut out);
    let keys: Vec<Key> =
        (0..MARKETS).map(|n| Key { id: KeyId::new(n), name: name(n).into() }).collect();
    session.subscribe(&keys, &mut out);
    let mut read = |frames: &[String]| {
        let mut of_data = 0;
        for frame in frames {
            out.clear();
            let verdict = session.on_frame(frame.as_bytes(), &mut out);
            of_data += usize::from(verdict == Verdict::Data && !out.touched().is_empty());
        }
        of_data
    };
    read(opening);
    let (first, rest) = data.split_at(data.len() / 10);
    assert_eq!(read(first), first.len());
    let mut of_data = 0;
    let measured = allocation_counter::measure(|| of_data = read(rest));
    assert_eq!(of_data, rest.len(), "all of it is data of markets it follows");
    assert_eq!(measured.count_total, 0, "{measured:?}");
}

#[test]
fn a_kalshi_session_allocates_nothing_for_data() {
    let key = Arc::new(KalshiCredentials::from_ed25519_seed("key", &[1; 32]).unwrap());
    let clock = ClockOffset::new("kalshi");
    let mut session = KalshiSession::new("ws://127.0.0.1/trade-api/ws/v2", key, clock);
    let name = |market: u32| format!("KXSERIES-27JAN-T{market}");
    // The lifecycle channel is the first command, the markets are the second.
    let opening = [
        r#"{"id":1,"type":"subscribed","msg":{"channel":"market_lifecycle_v2","sid":1}}"#
            .to_owned(),
        r#"{"id":2,"type":"subscribed","msg":{"channel":"orderbook_delta","sid":2}}"#.to_owned(),
    ];
    let data: Vec<String> = (1..=5_000_u32)
        .map(|seq| {
            let market = name(seq % MARKETS);
            if seq % 50 == 0 {
                format!(r#"{{"type":"orderbook_snapshot","sid":2,"seq":{seq},"msg":{{"market_ticker":"{market}","market_id":"m","yes_dollars_fp":[["0.4000","10.00"]],"no_dollars_fp":[]}}}}"#)
            } else {
                format!(r#"{{"type":"orderbook_delta","sid":2,"seq":{seq},"msg":{{"market_ticker":"{market}","market_id":"m","price_dollars":"0.4000","delta_fp":"1.00","side":"yes","ts":"2026-11-20T15:04:05Z","ts_ms":1795187045123}}}}"#)
            }
        })
        .collect();
    allocated_by(&mut session, name, &opening, &data);
}

#[test]
fn a_polymarket_session_allocates_nothing_for_data() {
    let mut session = PolymarketSession::new("ws://127.0.0.1/ws/market");
    let name = |market: u32| format!("{}{market:03}", "7".repeat(74));
    let book = |market: u32| {
        format!(
            r#"{{"event_type":"book","asset_id":"{}","market":"0x1","bids":[{{"price":"0.4","size":"5"}}],"asks":[],"timestamp":"1795187045123","hash":"h"}}"#,
            name(market)
        )
    };
    let opening: Vec<String> = (0..MARKETS).map(book).collect();
    let data: Vec<String> = (1..=5_000_u32)
        .map(|number| {
            let market = number % MARKETS;
            if number % 50 == 0 {
                return book(market);
            }
            let change = |market: u32| format!(r#"{{"asset_id":"{}","price":"0.4","size":"7","side":"BUY","hash":"h","best_bid":"0.4","best_ask":"0.6"}}"#, name(market));
            let (one, other) = (change(market), change(MARKETS + market));
            format!(r#"{{"market":"0x1","price_changes":[{one},{other}],"timestamp":"1795187045123","event_type":"price_change"}}"#)
        })
        .collect();
    allocated_by(&mut session, name, &opening, &data);
}

//! Every fault by name, seen from the client's side of the socket.

use std::time::Duration;

use arb_sim::{Fault, FaultSpec, Price, Quantity, Side, Sim, SimConfig, SimError, Surface, Venue};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Error;

use crate::client::{PATIENCE, WS_PATH, Ws, get, signed_get, signed_headers};
use crate::still;

/// A pair's ticker, first token and condition id.
fn pair(sim: &Sim, index: usize) -> [String; 3] {
    let pairs: Value = serde_json::from_str(&sim.approved_pairs_json()).unwrap();
    ["kalshi", "polymarket_yes", "condition_id"]
        .map(|key| pairs[index][key].as_str().unwrap().to_owned())
}

async fn kalshi(sim: &Sim, tickers: &[&str]) -> Ws {
    let mut ws = Ws::kalshi(sim).await;
    ws.send(json!({"id": 1, "cmd": "subscribe", "params": {
        "channels": ["orderbook_delta"], "market_tickers": tickers,
    }}))
    .await;
    ws.kind("subscribed").await;
    for _ in tickers {
        ws.kind("orderbook_snapshot").await;
    }
    ws
}

async fn polymarket(sim: &Sim, tokens: &[&str]) -> Ws {
    let mut ws = Ws::polymarket(sim).await;
    ws.send(json!({"assets_ids": tokens, "type": "market"})).await;
    ws.json().await;
    ws
}

/// Adds contracts deep in the book, `count` times, one frame each.
fn bump(sim: &Sim, market: &str, count: i64) {
    for more in 1..=count {
        let change = (Side::Bid, Price::from_ten_thousandths(200), Quantity::contracts(more));
        sim.add_to_levels(market, &[change]).unwrap();
    }
}

async fn sequence(ws: &mut Ws, count: usize) -> Vec<u64> {
    let mut numbers = Vec::new();
    for _ in 0..count {
        numbers.push(ws.json().await["seq"].as_u64().unwrap());
    }
    numbers
}

#[tokio::test]
async fn a_gap_a_duplicate_and_a_reordering_show_in_the_numbers() {
    let sim = Sim::start(still()).await.unwrap();
    let [ticker, ..] = pair(&sim, 0);
    let mut ws = kalshi(&sim, &[&ticker]).await;
    let cases = [
        (FaultSpec::new(Fault::Gap), vec![3, 4]),
        (FaultSpec::new(Fault::Gap).times(2), vec![7]),
        (FaultSpec::new(Fault::Duplicate), vec![8, 8, 9, 10]),
        (FaultSpec::new(Fault::Reorder), vec![12, 11, 13]),
    ];
    for (spec, wanted) in cases {
        let name = spec.fault.name();
        let id = sim.fault(spec.at(Venue::Kalshi)).unwrap();
        bump(&sim, &ticker, 3);
        assert_eq!(sequence(&mut ws, wanted.len()).await, wanted, "{name}");
        let record = sim.faults().into_iter().find(|record| record.id == id).unwrap();
        assert!(record.hits > 0 && record.over, "{record:?}");
    }
    sim.shutdown().await;
}

#[tokio::test]
async fn a_reordered_frame_that_nothing_overtakes_is_let_go_in_the_end() {
    let sim = Sim::start(still()).await.unwrap();
    let [ticker, ..] = pair(&sim, 0);
    let mut ws = kalshi(&sim, &[&ticker]).await;
    sim.fault(FaultSpec::new(Fault::Reorder)).unwrap();
    bump(&sim, &ticker, 1);
    assert_eq!(sequence(&mut ws, 1).await, [2]);
    sim.shutdown().await;
}

#[tokio::test]
async fn frames_are_cut_short_or_turned_into_garbage() {
    let sim = Sim::start(still()).await.unwrap();
    let [ticker, token, condition] = pair(&sim, 0);
    let mut ws = kalshi(&sim, &[&ticker]).await;
    let mut other = polymarket(&sim, &[&token]).await;
    sim.fault(FaultSpec::new(Fault::Truncate).market(&ticker)).unwrap();
    bump(&sim, &ticker, 2);
    let half = ws.text().await;
    assert!(half.starts_with("{\"type\":\"orderbook_delta\"") && !half.ends_with('}'), "{half}");
    assert_eq!(sequence(&mut ws, 1).await, [3]);
    sim.fault(FaultSpec::new(Fault::Garbage).at(Venue::Polymarket)).unwrap();
    bump(&sim, &ticker, 1);
    bump(&sim, &condition, 1);
    assert_eq!(sequence(&mut ws, 1).await, [4], "the other venue is spared");
    assert!(serde_json::from_str::<Value>(&other.text().await).is_err());
    sim.shutdown().await;
}

#[tokio::test]
async fn a_market_falls_silent_and_comes_back_with_a_snapshot() {
    let sim = Sim::start(still()).await.unwrap();
    let ([ticker, token, condition], [neighbour, ..]) = (pair(&sim, 0), pair(&sim, 1));
    let mut ws = kalshi(&sim, &[&ticker, &neighbour]).await;
    let mut other = polymarket(&sim, &[&token]).await;
    let first = sim.fault(FaultSpec::new(Fault::Silence).market(&ticker)).unwrap();
    let second = sim.fault(FaultSpec::new(Fault::Silence).market(&condition)).unwrap();
    bump(&sim, &ticker, 2);
    bump(&sim, &neighbour, 1);
    bump(&sim, &condition, 2);
    let delta = ws.json().await;
    assert_eq!((&delta["seq"], &delta["msg"]["market_ticker"]), (&json!(3), &json!(neighbour)));
    // Asking does not help as long as it lasts.
    ws.send(json!({"id": 2, "cmd": "update_subscription", "params": {
        "sid": 1, "market_ticker": ticker, "action": "get_snapshot",
    }}))
    .await;
    assert_eq!(ws.json().await["seq"], 4);
    other.send("PING").await;
    assert_eq!(other.text().await, "PONG");
    sim.clear_fault(first);
    sim.clear_fault(second);
    let snapshot = ws.json().await;
    assert_eq!((&snapshot["type"], &snapshot["seq"]), (&json!("orderbook_snapshot"), &json!(5)));
    assert_eq!(other.json().await[0]["event_type"], "book");
    bump(&sim, &ticker, 1);
    assert_eq!(sequence(&mut ws, 1).await, [6]);
    sim.shutdown().await;
}

#[tokio::test]
async fn a_stall_keeps_pongs_and_acknowledgements() {
    let sim = Sim::start(still()).await.unwrap();
    let [ticker, token, condition] = pair(&sim, 0);
    let mut ws = kalshi(&sim, &[&ticker]).await;
    let mut other = polymarket(&sim, &[&token]).await;
    sim.fault(FaultSpec::new(Fault::Stall)).unwrap();
    bump(&sim, &ticker, 3);
    bump(&sim, &condition, 3);
    ws.send(json!({"id": 3, "cmd": "list_subscriptions"})).await;
    assert_eq!(ws.json().await["type"], "ok");
    other.send("PING").await;
    assert_eq!(other.text().await, "PONG");
    sim.clear_faults();
    let book = other.json().await;
    assert_eq!(book[0]["event_type"], "book", "Polymarket sends its books anew");
    bump(&sim, &ticker, 1);
    assert_eq!(sequence(&mut ws, 1).await, [5], "Kalshi's numbers have a gap");
    sim.shutdown().await;
}

#[tokio::test]
async fn a_delay_keeps_the_order() {
    let sim = Sim::start(still()).await.unwrap();
    let [ticker, ..] = pair(&sim, 0);
    let mut ws = kalshi(&sim, &[&ticker]).await;
    let by = Duration::from_millis(300);
    sim.fault(FaultSpec::new(Fault::Delay { by }).times(1)).unwrap();
    let begun = tokio::time::Instant::now();
    bump(&sim, &ticker, 2);
    assert_eq!(sequence(&mut ws, 2).await, [2, 3]);
    assert!(begun.elapsed() >= by);
    sim.shutdown().await;
}

#[tokio::test]
async fn connections_are_dropped_closed_and_made_to_flap() {
    let sim = Sim::start(still()).await.unwrap();
    let [ticker, token, _] = pair(&sim, 0);
    let (mut first, mut second) = (kalshi(&sim, &[&ticker]).await, kalshi(&sim, &[&ticker]).await);
    let mut third = polymarket(&sim, &[&token]).await;
    let id = sim.connections()[0].id;
    sim.fault(FaultSpec::new(Fault::Drop).on(id)).unwrap();
    assert_eq!(first.end().await, None);
    sim.fault(FaultSpec::new(Fault::Close { code: 1012 }).at(Venue::Kalshi)).unwrap();
    assert_eq!(second.end().await, Some(1012));
    third.send("PING").await;
    assert_eq!(third.text().await, "PONG");
    let up = Duration::from_millis(100);
    let flap = sim.fault(FaultSpec::new(Fault::Flap { up })).unwrap();
    assert_eq!(third.end().await, None);
    for _ in 0..2 {
        assert_eq!(polymarket(&sim, &[&token]).await.end().await, None);
    }
    sim.clear_fault(flap);
    let record = sim.faults().pop().unwrap();
    assert!(record.hits >= 3 && record.over, "{record:?}");
    assert_eq!(sim.stats(Venue::Polymarket).handshakes, 3);
    sim.shutdown().await;
}

#[tokio::test]
async fn subscriptions_die_with_their_error() {
    let sim = Sim::start(still()).await.unwrap();
    let [ticker, token, _] = pair(&sim, 0);
    let mut ws = kalshi(&sim, &[&ticker]).await;
    for (fault, code) in [(Fault::ChannelError, 10), (Fault::BufferOverflow, 25)] {
        sim.fault(FaultSpec::new(fault).at(Venue::Kalshi)).unwrap();
        let error = ws.json().await;
        assert_eq!(error["msg"]["code"], code);
        assert!(error["sid"].is_u64() && error["seq"].is_u64() && error.get("id").is_none());
        bump(&sim, &ticker, 2);
        ws.send(json!({"id": 2, "cmd": "list_subscriptions"})).await;
        assert_eq!(ws.json().await["msg"], json!([]), "nothing more on the dead sid");
        ws.send(json!({"id": 1, "cmd": "subscribe", "params": {
            "channels": ["orderbook_delta"], "market_tickers": [ticker],
        }}))
        .await;
        assert_ne!(ws.json().await["msg"]["sid"], error["sid"]);
        ws.json().await;
    }
    sim.fault(FaultSpec::new(Fault::CommandTimeout).times(1)).unwrap();
    ws.send(json!({"id": 4, "cmd": "list_subscriptions"})).await;
    assert_eq!(ws.json().await["msg"]["code"], 18);
    let mut other = polymarket(&sim, &[&token]).await;
    sim.fault(FaultSpec::new(Fault::BufferOverflow).at(Venue::Polymarket)).unwrap();
    assert_eq!(other.end().await, Some(1011));
    sim.shutdown().await;
}

#[tokio::test]
async fn data_may_come_before_its_acknowledgement() {
    let sim = Sim::start(still()).await.unwrap();
    let [ticker, ..] = pair(&sim, 0);
    sim.fault(FaultSpec::new(Fault::DataBeforeAck).times(1)).unwrap();
    let mut ws = Ws::kalshi(&sim).await;
    ws.send(json!({"id": 1, "cmd": "subscribe", "params": {
        "channels": ["orderbook_delta"], "market_tickers": [ticker],
    }}))
    .await;
    assert_eq!(ws.json().await["type"], "orderbook_snapshot");
    assert_eq!(ws.json().await["type"], "subscribed");
    sim.shutdown().await;
}

#[tokio::test]
async fn the_older_formats_can_be_switched_on() {
    let sim = Sim::start(still()).await.unwrap();
    let [ticker, token, condition] = pair(&sim, 0);
    let mut ws = kalshi(&sim, &[&ticker]).await;
    let mut other = polymarket(&sim, &[&token]).await;
    sim.fault(FaultSpec::new(Fault::OlderFormat)).unwrap();
    let part = Quantity::from_millionths(2_500_000);
    sim.add_to_levels(&ticker, &[(Side::Ask, Price::from_ten_thousandths(9_800), part)]).unwrap();
    let delta = ws.json().await;
    assert_eq!(
        delta["msg"],
        json!({"market_ticker": ticker, "price": 2, "delta": 2, "side": "no"})
    );
    bump(&sim, &condition, 1);
    let change = other.json().await;
    assert_eq!(change["asset_id"], json!(token));
    assert_eq!(change["changes"][0]["price"], "0.02");
    assert!(change.get("price_changes").is_none());
    ws.send(json!({"id": 2, "cmd": "update_subscription", "params": {
        "sid": 1, "market_ticker": ticker, "action": "get_snapshot",
    }}))
    .await;
    let snapshot = ws.kind("orderbook_snapshot").await;
    assert!(snapshot["msg"]["yes"][0][0].is_i64(), "{snapshot}");
    sim.shutdown().await;
}

#[tokio::test]
async fn ticks_change_and_change_back() {
    let sim = Sim::start(still()).await.unwrap();
    let [ticker, token, condition] = pair(&sim, 0);
    let mut ws = Ws::kalshi(&sim).await;
    ws.send(json!({"id": 1, "cmd": "subscribe", "params": {"channels": ["market_lifecycle_v2"]}}))
        .await;
    ws.json().await;
    let mut other = polymarket(&sim, &[&token]).await;
    let on_kalshi = sim.fault(FaultSpec::new(Fault::TickChange).market(&ticker)).unwrap();
    let update = ws.json().await;
    assert_eq!(update["msg"]["event_type"], "price_level_structure_updated");
    assert_eq!(update["msg"]["price_ranges"][0]["step"], "0.0010");
    sim.clear_fault(on_kalshi);
    assert_eq!(ws.json().await["msg"]["price_level_structure"], "linear_cent");
    let on_polymarket = sim.fault(FaultSpec::new(Fault::TickChange).market(&condition)).unwrap();
    let change = other.json().await;
    assert_eq!(
        (&change["old_tick_size"], &change["new_tick_size"]),
        (&json!("0.01"), &json!("0.001"))
    );
    assert_eq!(other.json().await[0]["tick_size"], "0.001", "a new book follows");
    sim.clear_fault(on_polymarket);
    assert_eq!(other.json().await["new_tick_size"], "0.01");
    sim.shutdown().await;
}

async fn refusal(sim: &Sim, venue: Venue) -> (u16, Option<String>) {
    let opened = match venue {
        Venue::Kalshi => {
            Ws::open(&sim.kalshi_ws_url(), &signed_headers(sim, "GET", WS_PATH, 0)).await
        }
        Venue::Polymarket => Ws::open(&sim.polymarket_ws_url(), &[]).await,
    };
    match opened {
        Err(Error::Http(response)) => {
            let wait = response.headers().get("retry-after");
            (response.status().as_u16(), wait.map(|wait| wait.to_str().unwrap().to_owned()))
        }
        Err(other) => panic!("wanted a refusal, got {other}"),
        Ok(_) => panic!("the handshake was accepted"),
    }
}

#[tokio::test]
async fn handshakes_and_requests_are_refused_by_status() {
    let sim = Sim::start(still()).await.unwrap();
    let status = format!("{}/exchange/status", sim.kalshi_rest_url());
    sim.fault(FaultSpec::new(Fault::Unauthorized)).unwrap();
    assert_eq!(refusal(&sim, Venue::Kalshi).await.0, 401);
    assert_eq!(refusal(&sim, Venue::Polymarket).await.0, 401);
    assert_eq!(signed_get(&sim, "/exchange/status").await.status, 401);
    assert_eq!(get(&status).await.status, 200, "an unsigned request has nothing to refuse");
    sim.clear_faults();
    let wait = Some(Duration::from_secs(3));
    let limited = FaultSpec::new(Fault::TooManyRequests { retry_after: wait }).times(2);
    sim.fault(limited).unwrap();
    assert_eq!(refusal(&sim, Venue::Kalshi).await, (429, Some("3".to_owned())));
    let answer = get(&format!("{}/book?token_id=1", sim.clob_url())).await;
    assert!(answer.status == 429 && answer.headers.contains("retry-after: 3"));
    assert_eq!(get(&status).await.status, 200, "twice only");
    sim.fault(FaultSpec::new(Fault::TooManyRequests { retry_after: None }).over(Surface::Rest))
        .unwrap();
    let answer = get(&status).await;
    assert!(answer.status == 429 && !answer.headers.contains("retry-after"));
    Ws::kalshi(&sim).await;
    sim.clear_faults();
    sim.fault(FaultSpec::new(Fault::Status { code: 425 }).at(Venue::Polymarket)).unwrap();
    assert_eq!(refusal(&sim, Venue::Polymarket).await.0, 425);
    assert_eq!(get(&status).await.status, 200);
    sim.shutdown().await;
}

#[tokio::test]
async fn connecting_is_refused_for_a_while_and_the_port_stays_ours() {
    let sim = Sim::start(still()).await.unwrap();
    let fault = FaultSpec::new(Fault::Refuse).at(Venue::Kalshi).over(Surface::WebSocket);
    let id = sim.fault(fault).unwrap();
    let headers = signed_headers(&sim, "GET", WS_PATH, 0);
    loop {
        match Ws::open(&sim.kalshi_ws_url(), &headers).await {
            Err(Error::Io(error)) if error.kind() == std::io::ErrorKind::ConnectionRefused => break,
            // The socket has not been closed yet.
            Ok(_) | Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
    assert_eq!(get(&format!("{}/exchange/status", sim.kalshi_rest_url())).await.status, 200);
    sim.clear_fault(id);
    loop {
        let headers = signed_headers(&sim, "GET", WS_PATH, 0);
        if Ws::open(&sim.kalshi_ws_url(), &headers).await.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    sim.shutdown().await;
}

#[tokio::test]
async fn a_request_may_hang() {
    let sim = Sim::start(still()).await.unwrap();
    sim.fault(FaultSpec::new(Fault::Hang).at(Venue::Polymarket).times(1)).unwrap();
    let url = sim.polymarket_ws_url();
    let hanging = Ws::open(&url, &[]);
    let waited = tokio::time::timeout(Duration::from_millis(300), hanging).await;
    assert!(waited.is_err());
    Ws::polymarket(&sim).await;
    sim.shutdown().await;
}

#[tokio::test]
async fn a_skewed_clock_refuses_honest_stamps_and_shows_in_the_date() {
    let sim = Sim::start(still()).await.unwrap();
    let date = async || {
        let answer = get(&format!("{}/exchange/status", sim.kalshi_rest_url())).await;
        answer.headers.lines().find(|line| line.starts_with("date:")).unwrap().to_owned()
    };
    let before = date().await;
    sim.fault(FaultSpec::new(Fault::ClockSkew { by_ms: 3_600_000 }).at(Venue::Kalshi)).unwrap();
    assert_eq!(refusal(&sim, Venue::Kalshi).await.0, 401);
    assert_ne!(date().await[..25], before[..25], "another hour");
    let ahead = signed_headers(&sim, "GET", WS_PATH, 3_600_000);
    Ws::open(&sim.kalshi_ws_url(), &ahead).await.unwrap();
    Ws::polymarket(&sim).await;
    sim.shutdown().await;
}

#[tokio::test]
async fn windows_and_pauses_stop_the_books_and_say_so() {
    let config = SimConfig { quotes_per_second: 400, plant_every: None, ..SimConfig::default() };
    let sim = Sim::start(config).await.unwrap();
    let [ticker, token, _] = pair(&sim, 0);
    let mut ws = kalshi(&sim, &[&ticker]).await;
    let status = async || get(&format!("{}/exchange/status", sim.kalshi_rest_url())).await.body;
    let books = || -> Vec<_> {
        sim.markets(Venue::Kalshi).iter().map(|market| sim.truth(market).unwrap()).collect()
    };
    sim.fault(FaultSpec::new(Fault::ExchangePause).at(Venue::Kalshi)).unwrap();
    assert_eq!(status().await["exchange_active"], false);
    let before = books();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(books(), before);
    sim.clear_faults();
    ws.kind("orderbook_delta").await;

    let mut other = polymarket(&sim, &[&token]).await;
    sim.fault(FaultSpec::new(Fault::PlannedWindow)).unwrap();
    assert_eq!(ws.end().await, Some(1001));
    assert_eq!(other.end().await, Some(1001));
    assert_eq!(refusal(&sim, Venue::Polymarket).await.0, 425);
    assert_eq!(refusal(&sim, Venue::Kalshi).await.0, 503);
    let now = status().await;
    assert_eq!((&now["exchange_active"], &now["trading_active"]), (&json!(true), &json!(false)));
    assert_eq!(get(&format!("{}/book?token_id={token}", sim.clob_url())).await.status, 425);
    assert_eq!(get(&format!("{}/markets/keyset", sim.gamma_url())).await.status, 200);
    sim.clear_faults();
    polymarket(&sim, &[&token]).await;
    sim.shutdown().await;
}

#[tokio::test]
async fn a_client_that_reads_too_slowly_loses_its_subscription() {
    let sim = Sim::start(SimConfig { send_buffer_frames: 50, ..still() }).await.unwrap();
    let [ticker, ..] = pair(&sim, 0);
    let mut ws = kalshi(&sim, &[&ticker]).await;
    // One change of many levels at once is more than the venue keeps for a client.
    let one = (Side::Bid, Price::from_ten_thousandths(300), Quantity::contracts(1));
    sim.add_to_levels(&ticker, &vec![one; 200]).unwrap();
    let error = tokio::time::timeout(PATIENCE, ws.kind("error")).await.unwrap();
    assert_eq!(error["msg"]["code"], 25);
    sim.shutdown().await;
}

#[tokio::test]
async fn the_venue_may_read_slowly_too() {
    let sim = Sim::start(still()).await.unwrap();
    let mut ws = Ws::kalshi(&sim).await;
    let pause = Duration::from_millis(150);
    sim.fault(FaultSpec::new(Fault::SlowReader { pause })).unwrap();
    let begun = tokio::time::Instant::now();
    for _ in 0..3 {
        ws.send(json!({"id": 1, "cmd": "list_subscriptions"})).await;
    }
    for _ in 0..3 {
        ws.kind("ok").await;
    }
    assert!(begun.elapsed() >= pause * 2);
    sim.shutdown().await;
}

#[tokio::test]
async fn faults_begin_and_end_when_they_are_told_to() {
    let sim = Sim::start(still()).await.unwrap();
    let spec: FaultSpec =
        "status:code=503,venue=kalshi,surface=rest,after=200ms,for=300ms".parse().unwrap();
    let id = sim.fault(spec).unwrap();
    let url = format!("{}/exchange/status", sim.kalshi_rest_url());
    assert!(!sim.faults()[0].begun);
    let mut seen = Vec::new();
    while !sim.faults().iter().find(|record| record.id == id).unwrap().over {
        let status = get(&url).await.status;
        if seen.last() != Some(&status) {
            seen.push(status);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(seen.contains(&503), "{seen:?}");
    assert_eq!(get(&url).await.status, 200);
    let unknown = sim.fault(FaultSpec::new(Fault::Silence).market("NOSUCH"));
    assert!(matches!(unknown, Err(SimError::UnknownMarket { .. })));
    sim.shutdown().await;
}

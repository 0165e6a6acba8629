//! Commands, acknowledgements, numbers and every refusal of Kalshi's WebSocket.

use std::time::Duration;

use arb_sim::{Price, Quantity, Side, Sim, SimConfig, SnapshotReply, Venue};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::client::Ws;
use crate::still;

async fn tickers(sim: &Sim, count: usize) -> Vec<String> {
    let mut all = sim.markets(Venue::Kalshi);
    all.retain(|ticker| ticker.starts_with("KXFEDDECISION") || ticker.starts_with("KXUCL"));
    all.truncate(count);
    assert_eq!(all.len(), count);
    all
}

fn subscribe(id: u64, tickers: &[String]) -> Value {
    json!({"id": id, "cmd": "subscribe", "params": {
        "channels": ["orderbook_delta"], "market_tickers": tickers,
    }})
}

#[tokio::test]
async fn every_refusal_has_its_code() {
    let config = SimConfig { subscription_markets: 2, ..still() };
    let sim = Sim::start(config).await.unwrap();
    let known = tickers(&sim, 4).await;
    let mut ws = Ws::kalshi(&sim).await;
    ws.send(subscribe(1, &known[..2])).await;
    assert_eq!(ws.json().await["msg"]["sid"], 1);
    ws.json().await;
    ws.json().await;
    let with = |cmd: &str, params: Value| json!({"id": 9, "cmd": cmd, "params": params});
    let update = |params: Value| with("update_subscription", params);
    let cases = [
        (json!([1, 2]), 1),
        (json!({"id": 9, "cmd": "subscribe"}), 2),
        (with("subscribe", json!({})), 3),
        (with("subscribe", json!({"channels": []})), 3),
        (with("unsubscribe", json!({})), 4),
        (json!({"id": 9, "cmd": "sub"}), 5),
        (with("unsubscribe", json!({"sids": [77]})), 7),
        (update(json!({"sid": 77, "action": "add_markets"})), 7),
        (with("subscribe", json!({"channels": ["ticker_v2"]})), 8),
        (with("subscribe", json!({"channels": ["trade"], "market_ticker": 5})), 11),
        (with("subscribe", json!({"channels": ["trade"], "market_ticker": "NOSUCH"})), 11),
        (update(json!({"action": "add_markets"})), 12),
        (update(json!({"sids": [1, 2], "action": "add_markets"})), 12),
        (update(json!({"sids": [1], "action": "shuffle"})), 13),
        (with("subscribe", json!({"channels": ["orderbook_delta"]})), 14),
        (update(json!({"sids": [1], "action": "add_markets"})), 14),
        (update(json!({"sids": [1], "market_ticker": known[2]})), 15),
        (with("subscribe", json!({"channels": ["communications"], "shard_factor": 0})), 19),
        (with("subscribe", json!({"channels": ["communications"], "shard_key": 1})), 20),
        (
            with(
                "subscribe",
                json!({"channels": ["communications"], "shard_factor": 2, "shard_key": 2}),
            ),
            21,
        ),
        (with("subscribe", json!({"channels": ["communications"], "shard_factor": 101})), 22),
        (with("subscribe", json!({"channels": ["cfbenchmarks_value"]})), 24),
        (
            with(
                "subscribe",
                json!({"channels": ["orderbook_delta"], "market_tickers": &known[1..]}),
            ),
            26,
        ),
        (update(json!({"sids": [1], "market_ticker": known[2], "action": "add_markets"})), 26),
        (with("subscribe", json!({"channels": ["pyth_value"]})), 28),
    ];
    for (command, code) in cases {
        ws.send(&command).await;
        let error = ws.json().await;
        assert_eq!(error["type"], "error", "{command} gave {error}");
        assert_eq!(error["msg"]["code"], code, "{command} gave {error}");
        assert_eq!(error.get("id"), command.get("id"), "{command} gave {error}");
    }
    ws.send("{not json").await;
    let error = ws.json().await;
    assert_eq!(
        error,
        json!({"type": "error", "msg": {"code": 1, "msg": "Unable to process message"}})
    );
    ws.send(with("subscribe", json!({"channels": ["trade"], "market_ticker": "NOSUCH"}))).await;
    assert_eq!(ws.json().await["msg"]["market_ticker"], "NOSUCH");
    sim.shutdown().await;
}

#[tokio::test]
async fn commands_have_a_rate() {
    let sim = Sim::start(SimConfig { commands_per_second: 3, ..still() }).await.unwrap();
    let mut ws = Ws::kalshi(&sim).await;
    for _ in 0..30 {
        ws.send(json!({"id": 2, "cmd": "list_subscriptions"})).await;
    }
    let mut refused = 0;
    for _ in 0..30 {
        let answer = ws.json().await;
        if answer["type"] == "error" {
            assert_eq!(answer["msg"]["code"], 27);
            refused += 1;
        }
    }
    assert!(refused > 0 && refused < 30, "{refused}");
    sim.shutdown().await;
}

#[tokio::test]
async fn numbers_run_per_subscription_and_acknowledgements_take_them() {
    let sim = Sim::start(still()).await.unwrap();
    let known = tickers(&sim, 3).await;
    let mut ws = Ws::kalshi(&sim).await;
    ws.send(subscribe(1, &known[..2])).await;
    assert_eq!(
        ws.json().await,
        json!({"id": 1, "type": "subscribed", "msg": {"channel": "orderbook_delta", "sid": 1}})
    );
    for seq in 1..=2 {
        let snapshot = ws.json().await;
        assert_eq!(
            (&snapshot["type"], &snapshot["seq"]),
            (&json!("orderbook_snapshot"), &json!(seq))
        );
    }
    let up = [(Side::Bid, Price::from_ten_thousandths(100), Quantity::contracts(3))];
    sim.add_to_levels(&known[1], &up).unwrap();
    let delta = ws.json().await;
    assert_eq!(delta["seq"], 3);
    assert_eq!(delta["msg"]["market_ticker"], json!(known[1]));
    assert_eq!(delta["msg"]["delta_fp"], "3.00");
    assert_eq!(delta["msg"]["price_dollars"], "0.0100");
    assert_eq!(delta["msg"]["side"], "yes");

    // The same again is the same subscription; another list is another one with numbers of its own.
    ws.send(subscribe(2, &known[..1])).await;
    assert_eq!(
        ws.json().await,
        json!({"id": 2, "type": "subscribed", "msg": {"channel": "orderbook_delta", "sid": 1}})
    );
    ws.send(subscribe(3, &known[1..])).await;
    assert_eq!(ws.json().await["msg"]["sid"], 2);
    assert_eq!(ws.json().await["seq"], 1);
    assert_eq!(ws.json().await["seq"], 2);

    let update = |id: u64, action: &str, ticker: &str| {
        json!({"id": id, "cmd": "update_subscription", "params": {
            "sids": [1], "market_tickers": [ticker], "action": action,
        }})
    };
    ws.send(update(4, "add_markets", &known[2])).await;
    let ok = ws.json().await;
    assert_eq!((&ok["type"], &ok["seq"], &ok["sid"]), (&json!("ok"), &json!(4), &json!(1)));
    assert_eq!(ok["msg"]["market_tickers"].as_array().unwrap().len(), 3);
    let snapshot = ws.json().await;
    assert_eq!((&snapshot["seq"], &snapshot["sid"]), (&json!(5), &json!(1)));
    ws.send(update(5, "delete_markets", &known[0])).await;
    assert_eq!(ws.json().await["seq"], 6);
    sim.add_to_levels(&known[0], &up).unwrap();
    ws.send(update(6, "get_snapshot", &known[1])).await;
    let ok = ws.json().await;
    assert_eq!((&ok["type"], &ok["seq"]), (&json!("ok"), &json!(7)), "no delta came between");
    assert_eq!(ws.json().await["seq"], 8);
    // A snapshot of a market that is not on the subscription.
    ws.send(update(7, "get_snapshot", &known[0])).await;
    assert_eq!(ws.json().await["msg"]["code"], 11);

    ws.send(json!({"id": 8, "cmd": "list_subscriptions"})).await;
    let list = ws.json().await;
    assert_eq!(list["msg"][1], json!({"channel": "orderbook_delta", "sid": 2}));
    ws.send(json!({"cmd": "unsubscribe", "params": {"sids": [1]}})).await;
    assert_eq!(ws.json().await, json!({"type": "unsubscribed", "sid": 1, "seq": 9}));
    assert_eq!(sim.connections()[0].subscriptions, [("orderbook_delta".to_owned(), 2)]);
    sim.shutdown().await;
}

#[tokio::test]
async fn a_requested_snapshot_may_also_repeat_the_last_number() {
    let config = SimConfig { snapshot_reply: SnapshotReply::RepeatsLast, ..still() };
    let sim = Sim::start(config).await.unwrap();
    let known = tickers(&sim, 1).await;
    let mut ws = Ws::kalshi(&sim).await;
    ws.send(subscribe(1, &known)).await;
    ws.json().await;
    let first = ws.json().await;
    ws.send(json!({"id": 2, "cmd": "update_subscription", "params": {
        "sid": 1, "market_ticker": known[0], "action": "get_snapshot",
    }}))
    .await;
    assert_eq!(ws.json().await, first, "number and book are the same");
    let up = [(Side::Ask, Price::from_ten_thousandths(9_900), Quantity::contracts(3))];
    sim.add_to_levels(&known[0], &up).unwrap();
    let delta = ws.json().await;
    assert_eq!(delta["seq"], 2);
    assert_eq!(
        (&delta["msg"]["side"], &delta["msg"]["price_dollars"]),
        (&json!("no"), &json!("0.0100"))
    );
    sim.shutdown().await;
}

/// Levels of a snapshot in YES terms, best first.
fn levels(snapshot: &Value, side: &str, yes_price: bool) -> Vec<(Price, String)> {
    let rows =
        snapshot["msg"][format!("{side}_dollars_fp")].as_array().cloned().unwrap_or_default();
    let mut levels: Vec<(Price, String)> = rows
        .iter()
        .map(|row| {
            let ticks: f64 = row[0].as_str().unwrap().parse::<f64>().unwrap() * 10_000.0;
            let price = Price::from_ten_thousandths(ticks.round() as i64);
            let own = if side == "no" && !yes_price { price.complement() } else { price };
            (own, row[1].as_str().unwrap().to_owned())
        })
        .collect();
    levels.sort();
    if side == "yes" {
        levels.reverse();
    }
    levels
}

#[tokio::test]
async fn snapshots_are_the_truth_in_both_price_conventions() {
    let sim = Sim::start(still()).await.unwrap();
    let known = tickers(&sim, 1).await;
    let truth = sim.truth(&known[0]).unwrap();
    let mut ws = Ws::kalshi(&sim).await;
    for (id, yes_price) in [(1, false), (2, true)] {
        let mut command = subscribe(id, &known);
        command["params"]["use_yes_price"] = json!(yes_price);
        ws.send(command).await;
        assert_eq!(ws.json().await["msg"]["sid"], id, "a convention of its own, a sid of its own");
        let snapshot = ws.json().await;
        for (side, wanted) in [("yes", &truth.bids), ("no", &truth.asks)] {
            let got = levels(&snapshot, side, yes_price);
            let prices: Vec<Price> = got.iter().map(|level| level.0).collect();
            assert_eq!(prices, wanted.iter().map(|level| level.0).collect::<Vec<_>>());
            for (got, wanted) in got.iter().zip(wanted) {
                assert_eq!(got.1, format!("{:.2}", wanted.1.millionths() as f64 / 1e6));
            }
        }
    }
    // A side that is empty is left out.
    let gone: Vec<_> = truth
        .asks
        .iter()
        .map(|l| (Side::Ask, l.0, Quantity::from_millionths(-l.1.millionths())))
        .collect();
    sim.add_to_levels(&known[0], &gone).unwrap();
    let mut fresh = Ws::kalshi(&sim).await;
    fresh.send(subscribe(1, &known)).await;
    fresh.json().await;
    let snapshot = fresh.json().await;
    assert!(
        snapshot["msg"].get("no_dollars_fp").is_none()
            && snapshot["msg"].get("yes_dollars_fp").is_some()
    );
    sim.shutdown().await;
}

#[tokio::test]
async fn two_equal_changes_are_two_equal_deltas() {
    let sim = Sim::start(still()).await.unwrap();
    let known = tickers(&sim, 1).await;
    let mut ws = Ws::kalshi(&sim).await;
    ws.send(subscribe(1, &known)).await;
    ws.json().await;
    ws.json().await;
    let one = (Side::Bid, Price::from_ten_thousandths(1_000), Quantity::contracts(1));
    sim.add_to_levels(&known[0], &[one, one]).unwrap();
    let (mut first, mut second) = (ws.json().await, ws.json().await);
    assert_eq!((first["seq"].take(), second["seq"].take()), (json!(2), json!(3)));
    assert_eq!(first, second);
    sim.shutdown().await;
}

#[tokio::test]
async fn tickers_trades_and_pings_come_too() {
    let config = SimConfig {
        quotes_per_second: 500,
        kalshi_ping_every: Duration::from_millis(200),
        ..still()
    };
    let sim = Sim::start(config).await.unwrap();
    let mut ws = Ws::kalshi(&sim).await;
    let known = tickers(&sim, 2).await;
    ws.send(json!({"id": 1, "cmd": "subscribe", "params": {"channels": ["ticker"],
        "market_tickers": known, "send_initial_snapshot": true, "skip_ticker_ack": true}}))
        .await;
    for _ in 0..2 {
        let ticker = ws.json().await;
        assert_eq!(ticker["type"], "ticker");
        assert!(ticker.get("seq").is_none());
        assert!(ticker["msg"]["yes_bid_size_fp"].as_str().unwrap().contains('.'));
    }
    ws.send(json!({"id": 2, "cmd": "subscribe", "params": {"channels": ["trade"]}})).await;
    ws.kind("subscribed").await;
    for seq in 1..=2 {
        let trade = ws.kind("trade").await;
        assert_eq!(trade["seq"], seq);
        assert_ne!(trade["msg"]["taker_outcome_side"], trade["msg"]["taker_book_side"]);
    }
    loop {
        if let Some(Message::Ping(body)) = ws.message().await {
            assert_eq!(body.as_ref(), b"heartbeat");
            break;
        }
    }
    sim.shutdown().await;
}

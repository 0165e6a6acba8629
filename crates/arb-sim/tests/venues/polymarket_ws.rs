//! Polymarket's market channel.

use std::time::Duration;

use arb_sim::{Price, Quantity, Side, Sim, SimConfig, Venue};
use serde_json::{Value, json};

use crate::client::Ws;
use crate::still;

/// First and second token of the first pair, and its condition id.
fn tokens(sim: &Sim) -> [String; 3] {
    let pairs: Value = serde_json::from_str(&sim.approved_pairs_json()).unwrap();
    ["polymarket_yes", "polymarket_no", "condition_id"]
        .map(|key| pairs[0][key].as_str().unwrap().to_owned())
}

fn subscribe(tokens: &[&str]) -> Value {
    json!({"assets_ids": tokens, "type": "market", "custom_feature_enabled": true})
}

/// Levels of a book, which must come worst first.
fn levels(book: &Value, side: &str) -> Vec<(String, String)> {
    let rows = book[side].as_array().unwrap();
    let prices: Vec<f64> =
        rows.iter().map(|row| row["price"].as_str().unwrap().parse().unwrap()).collect();
    assert!(prices.windows(2).all(|two| (two[0] < two[1]) == (side == "bids")), "{prices:?}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    rows.iter().rev().map(|row| (text(&row["price"]), text(&row["size"]))).collect()
}

#[tokio::test]
async fn the_first_frame_is_an_array_of_mirrored_books() {
    let sim = Sim::start(still()).await.unwrap();
    let [first, second, condition] = tokens(&sim);
    let truth = sim.truth(&condition).unwrap();
    let mut ws = Ws::polymarket(&sim).await;
    ws.send(subscribe(&[&first, &second])).await;
    let dump = ws.json().await;
    let books = dump.as_array().unwrap();
    assert_eq!(books.len(), 2);
    assert_eq!(books[0]["event_type"], "book");
    assert_eq!(books[0]["market"], json!(condition));
    let own: Vec<_> = truth.bids.iter().map(|l| (l.0.to_string(), l.1.to_string())).collect();
    let mirrored: Vec<_> =
        truth.bids.iter().map(|l| (l.0.complement().to_string(), l.1.to_string())).collect();
    assert_eq!(levels(&books[0], "bids"), own);
    assert_eq!(levels(&books[1], "asks"), mirrored);
    assert_eq!(levels(&books[0], "asks").len(), truth.asks.len());
    for key in ["timestamp", "hash", "tick_size", "last_trade_price"] {
        assert!(books[0][key].is_string(), "{key}");
    }
    sim.shutdown().await;
}

#[tokio::test]
async fn a_change_names_both_tokens_and_their_new_touch() {
    let sim = Sim::start(still()).await.unwrap();
    let [first, second, condition] = tokens(&sim);
    let mut ws = Ws::polymarket(&sim).await;
    ws.send(subscribe(&[&first])).await;
    ws.json().await;
    let best = sim.truth(&condition).unwrap().bids[0];
    let better = Price::from_ten_thousandths(best.0.ten_thousandths() + 10);
    let size = Quantity::from_millionths(12_345_678);
    sim.add_to_levels(&condition, &[(Side::Bid, better, size)]).unwrap();
    let frame = ws.json().await;
    assert_eq!(frame["event_type"], "price_change");
    let changes = frame["price_changes"].as_array().unwrap();
    assert_eq!(changes[0]["asset_id"], json!(first));
    assert_eq!(changes[0]["side"], "BUY");
    assert_eq!(changes[0]["size"], "12.345678");
    assert_eq!(changes[0]["price"], json!(better.to_string()));
    assert_eq!(changes[0]["best_bid"], json!(better.to_string()));
    assert_eq!(changes[1]["asset_id"], json!(second));
    assert_eq!(changes[1]["side"], "SELL");
    assert_eq!(changes[1]["best_ask"], json!(better.complement().to_string()));
    let touch = ws.json().await;
    assert_eq!(touch["event_type"], "best_bid_ask");
    assert_eq!(
        (&touch["best_bid"], &touch["asset_id"]),
        (&json!(better.to_string()), &json!(first))
    );

    // Empty sides have their sentinels.
    let truth = sim.truth(&condition).unwrap();
    let gone: Vec<_> = truth
        .bids
        .iter()
        .map(|level| (Side::Bid, level.0, Quantity::from_millionths(-level.1.millionths())))
        .collect();
    sim.add_to_levels(&condition, &gone).unwrap();
    let changes = ws.kind("price_change").await["price_changes"].take();
    assert_eq!((&changes[0]["size"], &changes[0]["best_bid"]), (&json!("0"), &json!("0")));
    assert_eq!(changes[1]["best_ask"], "1");
    let touch = ws.json().await;
    assert_eq!((&touch["best_bid"], &touch["spread"]), (&json!(""), &json!("")));
    sim.shutdown().await;
}

#[tokio::test]
async fn subscriptions_change_and_unknown_tokens_give_an_empty_array() {
    let sim = Sim::start(still()).await.unwrap();
    let [first, second, condition] = tokens(&sim);
    let mut ws = Ws::polymarket(&sim).await;
    ws.send(subscribe(&["123", condition.as_str()])).await;
    assert_eq!(ws.text().await, "[]", "a condition id is not a token");
    ws.send(json!({"operation": "subscribe", "assets_ids": [first, "123"]})).await;
    assert_eq!(ws.json().await.as_array().unwrap().len(), 1);
    ws.send(json!({"operation": "subscribe", "assets_ids": [second], "initial_dump": false})).await;
    ws.send("PING").await;
    assert_eq!(ws.text().await, "PONG");
    assert_eq!(sim.connections()[0].markets, std::slice::from_ref(&condition));
    ws.send(json!({"operation": "unsubscribe", "assets_ids": [first, second]})).await;
    ws.send(subscribe(&[&first])).await;
    assert_eq!(ws.text().await, "INVALID OPERATION", "the first message comes once");
    ws.send("hello").await;
    assert_eq!(ws.text().await, "INVALID OPERATION");
    assert!(sim.connections()[0].markets.is_empty());
    sim.add_to_levels(
        &condition,
        &[(Side::Bid, Price::from_ten_thousandths(50), Quantity::contracts(9))],
    )
    .unwrap();
    ws.send("PING").await;
    assert_eq!(ws.text().await, "PONG", "nothing came after unsubscribing");
    sim.shutdown().await;
}

#[tokio::test]
async fn a_client_must_subscribe_first_and_keep_saying_ping() {
    let config = SimConfig { polymarket_ping_timeout: Duration::from_millis(1_500), ..still() };
    let sim = Sim::start(config).await.unwrap();
    let mut early = Ws::polymarket(&sim).await;
    early.send("PING").await;
    assert_eq!(early.end().await, Some(1008));
    let mut wrong = Ws::polymarket(&sim).await;
    wrong.send(json!({"type": "user", "assets_ids": []})).await;
    assert_eq!(wrong.end().await, Some(1008));
    let mut silent = Ws::polymarket(&sim).await;
    silent.send(json!({"assets_ids": [], "type": "market"})).await;
    assert_eq!(silent.end().await, Some(1008));
    assert!(sim.connections().is_empty());
    assert!(
        Ws::open(&sim.polymarket_ws_url().replace("/ws/market", "/ws/nothing"), &[]).await.is_err()
    );
    sim.shutdown().await;
}

#[tokio::test]
async fn trades_come_now_and_then() {
    let sim = Sim::start(SimConfig { quotes_per_second: 800, ..still() }).await.unwrap();
    let pairs: Vec<Value> = serde_json::from_str(&sim.approved_pairs_json()).unwrap();
    let all: Vec<&str> =
        pairs.iter().map(|pair| pair["polymarket_yes"].as_str().unwrap()).collect();
    let mut ws = Ws::polymarket(&sim).await;
    ws.send(subscribe(&all)).await;
    let dump = ws.json().await;
    let unlisted = sim.unlisted_pairs().len();
    assert_eq!(
        dump.as_array().unwrap().len(),
        all.len() - unlisted,
        "what is not listed has no book"
    );
    let trade = ws.kind("last_trade_price").await;
    assert!(trade["transaction_hash"].as_str().unwrap().len() == 66);
    assert!(sim.stats(Venue::Polymarket).frames > 0);
    sim.shutdown().await;
}

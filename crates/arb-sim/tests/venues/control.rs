//! Markets that are listed, paused, closed and paid while clients watch.

use std::time::Duration;

use arb_sim::{Price, Quantity, Side, Sim, SimConfig, SimError, Venue};
use serde_json::{Value, json};

use crate::client::{Ws, get, signed_get};
use crate::still;

async fn lifecycle(sim: &Sim) -> Ws {
    let mut ws = Ws::kalshi(sim).await;
    ws.send(json!({"id": 1, "cmd": "subscribe", "params": {"channels": ["market_lifecycle_v2"]}}))
        .await;
    assert_eq!(ws.json().await["msg"]["channel"], "market_lifecycle_v2");
    ws
}

async fn everything(sim: &Sim) -> Ws {
    let mut ws = Ws::polymarket(sim).await;
    ws.send(json!({"assets_ids": [], "type": "market", "custom_feature_enabled": true})).await;
    // An answer to PING says that the subscription has been read.
    ws.send("PING").await;
    assert_eq!(ws.text().await, "PONG");
    ws
}

#[tokio::test]
async fn a_pair_is_listed_while_running() {
    let sim = Sim::start(still()).await.unwrap();
    let (mut kalshi, mut polymarket) = (lifecycle(&sim).await, everything(&sim).await);
    let unlisted = sim.unlisted_pairs();
    assert_eq!(unlisted, ["meridian-landing"]);
    let pairs: Value = serde_json::from_str(&sim.approved_pairs_json()).unwrap();
    let pair = pairs.as_array().unwrap().iter().find(|p| p["id"] == "meridian-landing").unwrap();
    let ticker = pair["kalshi"].as_str().unwrap();
    let url = format!("{}/markets/{ticker}", sim.kalshi_rest_url());
    assert_eq!(get(&url).await.status, 404);
    sim.list_pair("meridian-landing").unwrap();
    assert_eq!(kalshi.json().await["type"], "event_lifecycle");
    let created = kalshi.json().await;
    assert_eq!(created["msg"]["event_type"], "created");
    assert_eq!(created["msg"]["market_ticker"], *ticker);
    assert_eq!(created["seq"], 2);
    assert!(created["msg"]["additional_metadata"]["rules_primary"].is_string());
    let listed = polymarket.json().await;
    assert_eq!(listed["event_type"], "new_market");
    assert_eq!(listed["clob_token_ids"][0], pair["polymarket_yes"]);
    assert_eq!(get(&url).await.body["market"]["status"], "active");
    let book =
        format!("{}/book?token_id={}", sim.clob_url(), listed["assets_ids"][1].as_str().unwrap());
    assert_eq!(get(&book).await.status, 200);
    assert!(sim.unlisted_pairs().is_empty());

    // And as many more as a load test wants.
    assert_eq!(sim.list_more(3).len(), 3);
    assert_eq!(kalshi.kind("market_lifecycle_v2").await["msg"]["event_type"], "created");
    assert_eq!(polymarket.json().await["event_type"], "new_market");
    let last = sim.list_more(1);
    assert!(sim.approved_pairs_json().contains(&last[0]));
    let tickers = sim.markets(Venue::Kalshi);
    let events: Vec<&str> = tickers[tickers.len() - 2..]
        .iter()
        .filter_map(|t| t.rsplit_once("-C"))
        .map(|(event, _)| event)
        .collect();
    assert_eq!(events, ["KXLOAD-1", "KXLOAD-2"], "each time under an event of their own");
    // What a market's rules say can change; REST tells of it.
    let ticker = tickers.last().unwrap();
    let url = format!("{}/markets/{ticker}", sim.kalshi_rest_url());
    let rules =
        async || get(&url).await.body["market"]["rules_primary"].as_str().unwrap().to_owned();
    let before = sim.reword(ticker, "If it rains, Yes.").unwrap();
    assert_eq!(rules().await, "If it rains, Yes.");
    assert_eq!(sim.reword(ticker, &before).unwrap(), "If it rains, Yes.");
    assert_eq!(rules().await, before);
    sim.shutdown().await;
}

#[tokio::test]
async fn a_market_is_paused_closed_reopened_and_settled() {
    let sim = Sim::start(still()).await.unwrap();
    let pairs: Value = serde_json::from_str(&sim.approved_pairs_json()).unwrap();
    let [ticker, token, condition] = ["kalshi", "polymarket_yes", "condition_id"]
        .map(|key| pairs[0][key].as_str().unwrap().to_owned());
    let (mut kalshi, mut polymarket) = (lifecycle(&sim).await, everything(&sim).await);
    let status = async || {
        let url = format!("{}/markets/{ticker}", sim.kalshi_rest_url());
        get(&url).await.body["market"].take()
    };
    sim.pause_market(&ticker, true).unwrap();
    assert_eq!(kalshi.json().await["msg"]["event_type"], "deactivated");
    assert_eq!(status().await["status"], "inactive");
    sim.pause_market(&ticker, false).unwrap();
    assert_eq!(kalshi.json().await["msg"]["is_deactivated"], false);
    let body = status().await;
    assert_eq!(body["status"], "active");
    assert_eq!(body["yes_bid_size_fp"], "0.00", "reopening has cancelled what rested");
    assert_eq!(body["no_ask_dollars"], "1.0000");

    // Closing is silent; moving the close reopens.
    sim.close_market(&ticker).unwrap();
    assert_eq!(status().await["status"], "closed");
    sim.move_close(&ticker, sim.now() + Duration::from_secs(86_400)).unwrap();
    assert_eq!(kalshi.json().await["msg"]["event_type"], "close_date_updated");
    assert_eq!(kalshi.json().await["msg"]["event_type"], "activated");
    assert_eq!(status().await["status"], "active");
    sim.settle_market(&ticker, true).unwrap();
    let determined = kalshi.json().await;
    assert_eq!(determined["msg"]["settlement_value"], "1.0000");
    assert_eq!(kalshi.json().await["msg"]["event_type"], "settled");
    assert_eq!(status().await["result"], "yes");

    sim.settle_market(&condition, false).unwrap();
    let resolved = polymarket.json().await;
    assert_eq!(resolved["event_type"], "market_resolved");
    assert_eq!(resolved["winning_outcome"], "No");
    assert_eq!(get(&format!("{}/book?token_id={token}", sim.clob_url())).await.status, 404);
    let url = format!("{}/markets/keyset?closed=true&condition_ids={condition}", sim.gamma_url());
    let market = get(&url).await.body["markets"][0].take();
    assert_eq!(market["outcomePrices"], "[\"0\", \"1\"]");
    assert_eq!(market["umaResolutionStatus"], "resolved");
    assert_eq!(market["acceptingOrders"], false);
    // A closed token looks like an unknown one.
    let mut late = Ws::polymarket(&sim).await;
    late.send(json!({"assets_ids": [token], "type": "market"})).await;
    assert_eq!(late.text().await, "[]");
    sim.shutdown().await;
}

#[tokio::test]
async fn a_market_closes_when_its_time_has_come() {
    let sim = Sim::start(still()).await.unwrap();
    let ticker = sim.markets(Venue::Kalshi)[0].clone();
    sim.move_close(&ticker, sim.now() + Duration::from_millis(300)).unwrap();
    for _ in 0..400 {
        let url = format!("/markets/{ticker}");
        if signed_get(&sim, &url).await.body["market"]["status"] == "closed" {
            sim.shutdown().await;
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{ticker} stayed open");
}

#[tokio::test]
async fn impossible_changes_are_refused_by_name() {
    let sim = Sim::start(still()).await.unwrap();
    let ticker = sim.markets(Venue::Kalshi)[0].clone();
    let before = sim.truth(&ticker).unwrap();
    let change = |price: i64, by: i64| {
        let change = (Side::Bid, Price::from_ten_thousandths(price), Quantity::from_millionths(by));
        sim.add_to_levels(&ticker, &[change])
    };
    for (price, by) in [(0, 10_000), (10_000, 10_000), (50, -10_000), (50, 5)] {
        let error = change(price, by).unwrap_err();
        assert!(matches!(&error, SimError::Change { market, .. } if *market == ticker), "{error}");
    }
    assert_eq!(sim.truth(&ticker).unwrap(), before);
    let error = sim.truth("NOSUCH").unwrap_err();
    assert!(error.to_string().contains("NOSUCH") && !error.is_retryable());
    sim.shutdown().await;
}

#[tokio::test]
async fn a_port_that_is_taken_is_an_error_that_may_pass() {
    let sim = Sim::start(still()).await.unwrap();
    let port =
        sim.kalshi_ws_url().split(':').nth(2).unwrap().split('/').next().unwrap().parse().unwrap();
    let second = Sim::start(SimConfig { first_port: Some(port), ..still() }).await;
    let error = second.map(drop).unwrap_err();
    assert!(error.is_retryable() && error.to_string().contains(&port.to_string()), "{error}");
    sim.shutdown().await;
}

#[tokio::test]
async fn the_same_seed_gives_the_same_books() {
    let books = async |seed| {
        let now = time::macros::datetime!(2027-03-01 12:00 UTC);
        let sim = Sim::start(SimConfig { seed, now: Some(now), ..still() }).await.unwrap();
        let mut books = Vec::new();
        for venue in [Venue::Kalshi, Venue::Polymarket] {
            for market in sim.markets(venue) {
                books.push((sim.truth(&market).unwrap(), market));
            }
        }
        sim.shutdown().await;
        books
    };
    assert_eq!(books(5).await, books(5).await);
    assert_ne!(books(5).await, books(6).await);
}

//! A crude scanner against the simulation: it must find exactly what was planted.
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use arb_sim::{Dollars, Outcome, Sim, SimConfig};
use serde_json::{Value, json};

use crate::client::Ws;

type Levels = BTreeMap<i64, f64>;

fn price(value: &Value) -> i64 {
    (value.as_str().unwrap().parse::<f64>().unwrap() * 10_000.0).round() as i64
}

fn size(value: &Value) -> f64 {
    value.as_str().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crude_scanner_finds_what_was_planted_and_nothing_else() {
    let config = SimConfig {
        seed: 11,
        plant_every: Some(Duration::from_millis(300)),
        plant_lifetime: Duration::from_millis(1_200),
        quotes_per_second: 200,
        ..SimConfig::default()
    };
    let sim = Sim::start(config).await.unwrap();
    let pairs: Vec<Value> = serde_json::from_str(&sim.approved_pairs_json()).unwrap();
    let listed = sim.markets(arb_sim::Venue::Kalshi);
    let pairs: Vec<&Value> = pairs
        .iter()
        .filter(|p| listed.contains(&p["kalshi"].as_str().unwrap().to_owned()))
        .collect();

    let mut kalshi = Ws::kalshi(&sim).await;
    let tickers: Vec<_> = pairs.iter().map(|pair| pair["kalshi"].clone()).collect();
    kalshi
        .send(json!({"id": 1, "cmd": "subscribe", "params": {
            "channels": ["orderbook_delta"], "market_tickers": tickers, "use_yes_price": true,
        }}))
        .await;
    let mut polymarket = Ws::polymarket(&sim).await;
    let tokens: Vec<_> = pairs.iter().map(|pair| pair["polymarket_yes"].clone()).collect();
    polymarket.send(json!({"assets_ids": tokens, "type": "market"})).await;

    // Best bid and ask in YES terms of every market, by ticker or token.
    let mut books: HashMap<String, [Levels; 2]> = HashMap::new();
    let mut found: Vec<(String, Outcome)> = Vec::new();
    let mut open: HashMap<(String, bool), bool> = HashMap::new();
    let begun = tokio::time::Instant::now();
    while begun.elapsed() < Duration::from_secs(6) || !sim.is_planting_over() {
        if begun.elapsed() > Duration::from_secs(6) {
            sim.stop_planting();
        }
        tokio::select! {
            frame = kalshi.json() => kalshi_frame(&frame, &mut books),
            frame = polymarket.json() => polymarket_frame(&frame, &mut books),
            () = tokio::time::sleep(Duration::from_millis(50)) => {}
        }
        for pair in &pairs {
            for yes in [true, false] {
                let profitable = cost(pair, yes, &books) < 1.0;
                let id = pair["id"].as_str().unwrap().to_owned();
                let was = open.insert((id.clone(), yes), profitable).unwrap_or(false);
                if profitable && !was {
                    found.push((id, if yes { Outcome::Yes } else { Outcome::No }));
                }
            }
        }
    }
    let mut planted: Vec<_> =
        sim.planted().into_iter().map(|p| (p.pair, p.kalshi_outcome)).collect();
    planted.sort_by_key(|p| (p.0.clone(), p.1.name()));
    found.sort_by_key(|p| (p.0.clone(), p.1.name()));
    assert!(planted.len() >= 3, "{planted:?}");
    assert_eq!(found, planted);
    for one in sim.planted() {
        assert!(one.closed_at.unwrap() > one.opened_at);
        assert!(one.net_usd > Dollars::default() && one.quantity.millionths() >= 1_000_000);
    }
    sim.shutdown().await;
}

fn kalshi_frame(frame: &Value, books: &mut HashMap<String, [Levels; 2]>) {
    let msg = &frame["msg"];
    let Some(ticker) = msg["market_ticker"].as_str() else { return };
    let book = books.entry(ticker.to_owned()).or_default();
    if frame["type"] == "orderbook_snapshot" {
        for (side, key) in [(0, "yes_dollars_fp"), (1, "no_dollars_fp")] {
            let levels = msg[key].as_array().cloned().unwrap_or_default();
            book[side] = levels.iter().map(|l| (price(&l[0]), size(&l[1]))).collect();
        }
    } else {
        let side = usize::from(msg["side"] == "no");
        let level = book[side].entry(price(&msg["price_dollars"])).or_default();
        *level += size(&msg["delta_fp"]);
        assert!(*level > -0.001, "{frame}");
        book[side].retain(|_, size| *size > 0.001);
    }
}

fn polymarket_frame(frame: &Value, books: &mut HashMap<String, [Levels; 2]>) {
    for event in frame.as_array().into_iter().flatten() {
        let book = books.entry(event["asset_id"].as_str().unwrap().to_owned()).or_default();
        for (side, key) in [(0, "bids"), (1, "asks")] {
            let levels = event[key].as_array().unwrap();
            book[side] = levels.iter().map(|l| (price(&l["price"]), size(&l["size"]))).collect();
        }
    }
    for change in frame["price_changes"].as_array().into_iter().flatten() {
        let Some(book) = books.get_mut(change["asset_id"].as_str().unwrap()) else { continue };
        let side = usize::from(change["side"] == "SELL");
        book[side].insert(price(&change["price"]), size(&change["size"]));
        book[side].retain(|_, size| *size > 0.0);
    }
    for change in frame["price_changes"].as_array().into_iter().flatten() {
        let Some(book) = books.get(change["asset_id"].as_str().unwrap()) else { continue };
        let best = (book[0].keys().next_back().copied(), book[1].keys().next().copied());
        assert_eq!(best.0, Some(price(&change["best_bid"])), "{frame}");
        assert_eq!(best.1, Some(price(&change["best_ask"])), "{frame}");
    }
}

/// Cost of one contract of both outcomes with fees; 2 when a side is empty.
fn cost(pair: &Value, yes: bool, books: &HashMap<String, [Levels; 2]>) -> f64 {
    let side = |name: &Value, buy_first: bool| {
        let book = books.get(name.as_str().unwrap())?;
        let ticks = if buy_first {
            *book[1].keys().next()?
        } else {
            10_000 - *book[0].keys().next_back()?
        };
        Some(ticks as f64 / 10_000.0)
    };
    let equal = pair["relation"] == "equal";
    let (Some(k), Some(p)) =
        (side(&pair["kalshi"], yes), side(&pair["polymarket_yes"], yes != equal))
    else {
        return 2.0;
    };
    let number = |value: &Value| value.as_str().unwrap().parse::<f64>().unwrap();
    let fees = &pair["fees"];
    let kalshi_fee = 0.07 * number(&fees["kalshi"]["multiplier"]) * k * (1.0 - k);
    let polymarket_fee = number(&fees["polymarket"]["rate"]) * p * (1.0 - p);
    k + p + kalshi_fee + polymarket_fee
}

//! Books rebuilt from frames alone equal the venue's own, with numbers that run without a gap.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use arb_sim::{Catalogue, Sim, SimConfig, TruthBook, Venue};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::client::Ws;

/// Bids and asks of one market: ten-thousandths to millionths.
type Book = [BTreeMap<i64, i64>; 2];

/// A decimal text in units of 10^-`decimals`, exactly.
fn exact(value: &Value, decimals: usize) -> i64 {
    let text = value.as_str().unwrap();
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    assert!(part.len() <= decimals, "{text} is finer than 10^-{decimals}");
    sign * format!("{whole}{part:0<decimals$}").parse::<i64>().unwrap()
}

fn as_book(truth: &TruthBook) -> Book {
    [&truth.bids, &truth.asks].map(|levels| {
        levels.iter().map(|level| (level.0.ten_thousandths(), level.1.millionths())).collect()
    })
}

/// What one Kalshi connection knows.
#[derive(Default)]
struct Kalshi {
    books: HashMap<String, Book>,
    seq: u64,
}

impl Kalshi {
    fn take(&mut self, frame: &Value) {
        let msg = &frame["msg"];
        assert_eq!(frame["seq"].as_u64().unwrap(), self.seq + 1, "{frame}");
        self.seq += 1;
        let ticker = msg["market_ticker"].as_str().unwrap();
        let book = self.books.entry(ticker.to_owned()).or_default();
        if frame["type"] == "orderbook_snapshot" {
            for (side, key) in ["yes_dollars_fp", "no_dollars_fp"].into_iter().enumerate() {
                let rows = msg[key].as_array().cloned().unwrap_or_default();
                book[side] =
                    rows.iter().map(|row| (exact(&row[0], 4), exact(&row[1], 6))).collect();
            }
            return;
        }
        let side = usize::from(msg["side"] == "no");
        let level = book[side].entry(exact(&msg["price_dollars"], 4)).or_default();
        *level += exact(&msg["delta_fp"], 6);
        assert!(*level >= 0, "{frame}");
        book[side].retain(|_, size| *size > 0);
    }

    /// The books in YES terms.
    fn in_yes_terms(&self, ticker: &str) -> Book {
        let [yes, no] = &self.books[ticker];
        [yes.clone(), no.iter().map(|(price, size)| (10_000 - price, *size)).collect()]
    }
}

/// What one Polymarket connection knows, by token.
#[derive(Default)]
struct Polymarket(HashMap<String, Book>);

impl Polymarket {
    fn take(&mut self, frame: &Value) {
        for event in frame.as_array().into_iter().flatten() {
            let book = ["bids", "asks"].map(|side| {
                let rows = event[side].as_array().unwrap();
                rows.iter().map(|row| (exact(&row["price"], 4), exact(&row["size"], 6))).collect()
            });
            self.0.insert(event["asset_id"].as_str().unwrap().to_owned(), book);
        }
        for change in frame["price_changes"].as_array().into_iter().flatten() {
            let Some(book) = self.0.get_mut(change["asset_id"].as_str().unwrap()) else { continue };
            let side = usize::from(change["side"] == "SELL");
            book[side].insert(exact(&change["price"], 4), exact(&change["size"], 6));
            book[side].retain(|_, size| *size > 0);
        }
    }
}

async fn read_kalshi(mut ws: Ws, mut stop: tokio::sync::watch::Receiver<bool>) -> Kalshi {
    let mut known = Kalshi::default();
    loop {
        let message = tokio::select! {
            message = ws.message() => message,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        if let Some(Message::Text(text)) = message {
            let frame: Value = serde_json::from_str(&text).unwrap();
            if frame["type"] != "subscribed" {
                known.take(&frame);
            }
        }
    }
    // Whatever is on its way comes before this answer.
    ws.send(json!({"id": 9, "cmd": "list_subscriptions"})).await;
    loop {
        let frame = ws.json().await;
        if frame["type"] == "ok" {
            return known;
        }
        known.take(&frame);
    }
}

async fn read_polymarket(mut ws: Ws, mut stop: tokio::sync::watch::Receiver<bool>) -> Polymarket {
    let mut known = Polymarket::default();
    loop {
        let message = tokio::select! {
            message = ws.message() => message,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        if let Some(Message::Text(text)) = message {
            known.take(&serde_json::from_str(&text).unwrap());
        }
    }
    ws.send("PING").await;
    loop {
        let text = ws.text().await;
        if text == "PONG" {
            return known;
        }
        known.take(&serde_json::from_str(&text).unwrap());
    }
}

/// Runs clients for a while, lets the books stand still and compares every one of them.
async fn compare(config: SimConfig, connections: usize, run: Duration) {
    let sim = Sim::start(config).await.unwrap();
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let tickers = sim.markets(Venue::Kalshi);
    let pairs: Vec<Value> = serde_json::from_str(&sim.approved_pairs_json()).unwrap();
    let tokens: Vec<&Value> =
        pairs.iter().flat_map(|p| [&p["polymarket_yes"], &p["polymarket_no"]]).collect();
    let (mut kalshi, mut polymarket) = (Vec::new(), Vec::new());
    for _ in 0..connections {
        let mut ws = Ws::kalshi(&sim).await;
        ws.send(json!({"id": 1, "cmd": "subscribe", "params": {
            "channels": ["orderbook_delta"], "market_tickers": tickers,
        }}))
        .await;
        kalshi.push(tokio::spawn(read_kalshi(ws, stopped.clone())));
        let mut ws = Ws::polymarket(&sim).await;
        ws.send(json!({"assets_ids": tokens, "type": "market"})).await;
        polymarket.push(tokio::spawn(read_polymarket(ws, stopped.clone())));
    }
    tokio::time::sleep(run).await;
    sim.pause();
    while !sim.is_still() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stop.send_replace(true);
    for known in kalshi {
        let known = known.await.unwrap();
        assert!(known.seq > tickers.len() as u64, "books moved");
        for ticker in &tickers {
            let truth = as_book(&sim.truth(ticker).unwrap());
            assert_eq!(known.in_yes_terms(ticker), truth, "{ticker}");
        }
    }
    for known in polymarket {
        let known = known.await.unwrap();
        assert!(!known.0.is_empty());
        for pair in &pairs {
            let [first, second] =
                ["polymarket_yes", "polymarket_no"].map(|key| pair[key].as_str().unwrap());
            let Some(book) = known.0.get(first) else { continue };
            let [bids, asks] = as_book(&sim.truth(first).unwrap());
            assert_eq!(*book, [bids.clone(), asks.clone()], "{first}");
            let mirror = |side: BTreeMap<i64, i64>| -> BTreeMap<i64, i64> {
                side.into_iter().map(|(price, size)| (10_000 - price, size)).collect()
            };
            assert_eq!(known.0[second], [mirror(asks), mirror(bids)], "{second}");
        }
    }
    sim.shutdown().await;
}

fn long() -> bool {
    std::env::var_os("ARB_LONG").is_some_and(|value| value == "1")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn books_rebuilt_from_frames_are_the_truth() {
    for seed in 0..if long() { 20 } else { 2 } {
        let config = SimConfig {
            seed,
            quotes_per_second: 1_000,
            drift_every: Duration::from_millis(50),
            plant_every: Some(Duration::from_millis(200)),
            plant_lifetime: Duration::from_millis(300),
            ..SimConfig::default()
        };
        compare(config, 1, Duration::from_millis(1_500)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_connections_with_many_markets_get_every_frame() {
    let (connections, markets, seconds) = if long() { (20, 500, 60) } else { (3, 100, 1) };
    let config = SimConfig {
        catalogue: Catalogue::Synthetic { pairs: markets },
        quotes_per_second: if long() { 400 } else { 500 },
        plant_every: Some(Duration::from_millis(500)),
        // Opening so many connections takes its time on a busy machine.
        signature_skew: Duration::from_secs(120),
        polymarket_ping_timeout: Duration::from_secs(600),
        ..SimConfig::default()
    };
    compare(config, connections, Duration::from_secs(seconds)).await;
}

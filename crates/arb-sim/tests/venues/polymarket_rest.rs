//! Gamma and the CLOB's REST.

use arb_sim::{Sim, Venue};
use serde_json::{Value, json};

use crate::client::{get, request};
use crate::still;

async fn keyset(sim: &Sim, path: &str, list: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let mut url = format!("{}{path}", sim.gamma_url());
        if let Some(cursor) = &cursor {
            let escaped = cursor.replace('=', "%3D");
            url.push_str(&format!("&after_cursor={escaped}"));
        }
        let mut answer = get(&url).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        found.extend(answer.body[list].as_array().unwrap().iter().cloned());
        match answer.body["next_cursor"].take() {
            Value::String(next) => cursor = Some(next),
            _ => return found,
        }
    }
}

#[tokio::test]
async fn gamma_pages_hold_every_open_market() {
    let sim = Sim::start(still()).await.unwrap();
    let open = keyset(&sim, "/markets/keyset?limit=7", "markets").await;
    let closed = keyset(&sim, "/markets/keyset?limit=7&closed=true", "markets").await;
    assert!(!closed.is_empty() && closed.iter().all(|market| market["closed"] == true));
    let mut ids: Vec<&str> =
        open.iter().chain(&closed).map(|m| m["conditionId"].as_str().unwrap()).collect();
    let mut listed = sim.markets(Venue::Polymarket);
    ids.sort_unstable();
    listed.sort_unstable();
    assert_eq!(ids, listed);
    let events = keyset(&sim, "/events/keyset?limit=4", "events").await;
    let inside: usize = events.iter().map(|e| e["markets"].as_array().unwrap().len()).sum();
    assert_eq!(inside, open.len());
    let augmented = events.iter().find(|event| event["negRiskAugmented"] == true).unwrap();
    assert!(augmented["markets"].as_array().unwrap().iter().any(|m| m["negRiskOther"] == true));
    assert_eq!(get(&format!("{}/markets/keyset?offset=5", sim.gamma_url())).await.status, 422);
    let by_id = open[3]["conditionId"].as_str().unwrap();
    let found = keyset(&sim, &format!("/markets/keyset?condition_ids={by_id}"), "markets").await;
    assert_eq!(found.len(), 1);
    let id = open[3]["id"].as_str().unwrap();
    assert_eq!(get(&format!("{}/markets/{id}", sim.gamma_url())).await.body["conditionId"], *by_id);
    assert_eq!(get(&format!("{}/markets/1", sim.gamma_url())).await.status, 404);
    sim.shutdown().await;
}

#[tokio::test]
async fn gamma_bodies_have_the_fields_of_the_venue() {
    let sim = Sim::start(still()).await.unwrap();
    let open = keyset(&sim, "/markets/keyset?limit=100", "markets").await;
    let sample: Value =
        serde_json::from_str(include_str!("../samples/gamma_market_v1.json")).unwrap();
    let fed = &open[0];
    for (key, value) in sample.as_object().unwrap() {
        assert!(
            std::mem::discriminant(&fed[key]) == std::mem::discriminant(value),
            "{key} is {}, not like {value}",
            fed[key]
        );
    }
    let inner: Vec<String> = serde_json::from_str(fed["clobTokenIds"].as_str().unwrap()).unwrap();
    assert!(
        inner.iter().all(|token| token.len() > 70 && token.bytes().all(|b| b.is_ascii_digit()))
    );
    let game = open.iter().find(|market| market["question"] == "Suns vs. Knicks").unwrap();
    assert_eq!(game["outcomes"], "[\"Suns\", \"Knicks\"]");
    assert!(game["gameStartTime"].as_str().unwrap().ends_with("00:30:00+00"));
    assert_eq!(game["feeSchedule"]["rate"], json!(0.05));
    sim.shutdown().await;
}

#[tokio::test]
async fn the_clob_answers_about_tokens() {
    let sim = Sim::start(still()).await.unwrap();
    let pairs: Value = serde_json::from_str(&sim.approved_pairs_json()).unwrap();
    let [first, second, condition] = ["polymarket_yes", "polymarket_no", "condition_id"]
        .map(|key| pairs[0][key].as_str().unwrap().to_owned());
    let truth = sim.truth(&condition).unwrap();
    let base = sim.clob_url();
    let about = |what: &str, token: &str| format!("{base}/{what}?token_id={token}");
    let book = get(&about("book", &first)).await.body;
    assert_eq!(book["bids"].as_array().unwrap().len(), truth.bids.len());
    assert_eq!(book["neg_risk"], true);
    assert_eq!(book["hash"].as_str().unwrap().len(), 40);
    let (bid, ask) = (truth.bids[0].0, truth.asks[0].0);
    let buy = get(&format!("{}&side=BUY", about("price", &first))).await.body;
    assert_eq!(buy["price"], json!(bid.to_string()));
    let sell = get(&format!("{}&side=SELL", about("price", &second))).await.body;
    assert_eq!(sell["price"], json!(bid.complement().to_string()));
    let spread = get(&about("spread", &second)).await.body["spread"].take();
    let wanted = ask.ten_thousandths() - bid.ten_thousandths();
    assert_eq!(spread, json!(arb_sim::Price::from_ten_thousandths(wanted).to_string()));
    let middle: f64 =
        get(&about("midpoint", &first)).await.body["mid"].as_str().unwrap().parse().unwrap();
    let wanted = (bid.ten_thousandths() + ask.ten_thousandths()) as f64 / 20_000.0;
    assert!((middle - wanted).abs() < 1e-9);
    assert_eq!(get(&about("tick-size", &first)).await.body, json!({"minimum_tick_size": 0.01}));
    assert_eq!(get(&about("neg-risk", &first)).await.body, json!({"neg_risk": true}));
    let missing = get(&about("book", "123")).await;
    assert_eq!(missing.status, 404);
    assert_eq!(missing.body["error"], "No orderbook exists for the requested token id");
    let info = get(&format!("{base}/clob-markets/{condition}")).await.body;
    let sample: Value =
        serde_json::from_str(include_str!("../samples/clob_market_info.json")).unwrap();
    for key in ["c", "t", "mos", "mts", "ao", "nr", "fd", "mbf", "tbf", "v"] {
        assert!(
            std::mem::discriminant(&info[key]) == std::mem::discriminant(&sample[key]),
            "{key}"
        );
    }
    let by_token = get(&format!("{base}/markets-by-token/{second}")).await.body;
    assert_eq!(by_token["condition_id"], json!(condition));
    assert_eq!(get(&format!("{base}/ok")).await.body, "OK");
    let time = get(&format!("{base}/time")).await.body.as_i64().unwrap();
    assert!((time - sim.now().unix_timestamp()).abs() < 60);
    sim.shutdown().await;
}

#[tokio::test]
async fn many_books_come_in_any_order_without_the_unknown_ones() {
    let sim = Sim::start(still()).await.unwrap();
    let pairs: Vec<Value> = serde_json::from_str(&sim.approved_pairs_json()).unwrap();
    let tokens: Vec<&str> = pairs.iter().map(|p| p["polymarket_yes"].as_str().unwrap()).collect();
    let mut wanted: Vec<Value> = tokens.iter().map(|token| json!({"token_id": token})).collect();
    wanted.push(json!({"token_id": "123"}));
    let url = format!("{}/books", sim.clob_url());
    let answer = request("POST", &url, &[], &json!(wanted).to_string()).await;
    let got: Vec<&str> =
        answer.body.as_array().unwrap().iter().map(|b| b["asset_id"].as_str().unwrap()).collect();
    assert_eq!(got.len(), tokens.len() - sim.unlisted_pairs().len());
    assert_ne!(got, tokens[..got.len()], "the order is not kept");
    let many = json!(vec![json!({"token_id": "1"}); 501]).to_string();
    assert_eq!(request("POST", &url, &[], &many).await.status, 400);
    assert_eq!(request("POST", &url, &[], "{}").await.status, 400);
    let robot = [("User-Agent", "Python-urllib/3.12".to_owned())];
    assert_eq!(request("GET", &format!("{}/ok", sim.clob_url()), &robot, "").await.status, 403);
    sim.shutdown().await;
}

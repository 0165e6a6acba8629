//! Kalshi's REST: pages, filters, shapes, refusals.

use arb_sim::{Sim, Venue};
use serde_json::{Value, json};

use crate::client::{get, request, signed_get};
use crate::still;

async fn all_pages(sim: &Sim, path: &str, list: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let mut cursor = String::new();
    loop {
        let joint = if path.contains('?') { '&' } else { '?' };
        let escaped = cursor.replace('=', "%3D").replace('+', "%2B");
        let url = format!("{}{path}{joint}cursor={escaped}", sim.kalshi_rest_url());
        let answer = get(&url).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        found.extend(answer.body[list].as_array().unwrap().iter().cloned());
        cursor = answer.body["cursor"].as_str().unwrap().to_owned();
        if cursor.is_empty() {
            return found;
        }
    }
}

#[tokio::test]
async fn markets_come_in_pages_and_by_status() {
    let sim = Sim::start(still()).await.unwrap();
    let everything = all_pages(&sim, "/markets?limit=7", "markets").await;
    let tickers: Vec<&str> = everything.iter().map(|m| m["ticker"].as_str().unwrap()).collect();
    assert_eq!(tickers, sim.markets(Venue::Kalshi));
    let open = all_pages(&sim, "/markets?status=open&limit=1000", "markets").await;
    assert!(open.iter().all(|market| market["status"] == "active"));
    let settled = all_pages(&sim, "/markets?status=settled", "markets").await;
    assert!(settled.iter().all(|m| m["status"] == "finalized" && m["result"] == "no"));
    assert!(open.len() > 15 && !settled.is_empty());
    assert_eq!(open.len() + settled.len(), everything.len());
    let combos = all_pages(&sim, "/markets?mve_filter=only", "markets").await;
    assert!(combos.len() >= 3);
    assert!(combos.iter().all(|m| m["mve_selected_legs"].as_array().unwrap().len() == 2));
    let plain = all_pages(&sim, "/markets?mve_filter=exclude", "markets").await;
    assert_eq!(plain.len() + combos.len(), everything.len());
    let fed = all_pages(&sim, "/markets?series_ticker=KXFEDDECISION", "markets").await;
    assert_eq!(fed.len(), 4);
    let two = format!("/markets?tickers={},{}", tickers[0], tickers[5]);
    assert_eq!(all_pages(&sim, &two, "markets").await.len(), 2);
    sim.shutdown().await;
}

#[tokio::test]
async fn bodies_have_the_fields_of_the_venue() {
    let sim = Sim::start(still()).await.unwrap();
    let base = sim.kalshi_rest_url();
    let market = get(&format!("{base}/markets/{}", sim.markets(Venue::Kalshi)[0])).await.body;
    // The keys of the fact sheet's sample of an open market.
    let sample: Value = serde_json::from_str(include_str!("../samples/rest_market.json")).unwrap();
    for (key, value) in sample["market"].as_object().unwrap() {
        let ours = &market["market"][key];
        assert!(
            std::mem::discriminant(ours) == std::mem::discriminant(value),
            "{key} is {ours}, not like {value}"
        );
    }
    let markets = all_pages(&sim, "/markets?limit=1000", "markets").await;
    let strike = |kind: &str| markets.iter().find(|m| m["strike_type"] == kind).unwrap();
    assert_eq!(strike("greater")["floor_strike"], json!(3.0));
    assert_eq!(strike("less")["cap_strike"], json!(4.5));
    assert_eq!(strike("greater_or_equal")["floor_strike"], json!(150_000));
    let event = market["market"]["event_ticker"].as_str().unwrap();
    let event = get(&format!("{base}/events/{event}?with_nested_markets=true")).await.body;
    assert_eq!(event["event"]["markets"].as_array().unwrap().len(), 4);
    assert_eq!(event["event"]["settlement_sources"][0]["name"], "Federal Reserve");
    let flat =
        get(&format!("{base}/events/{}", event["event"]["event_ticker"].as_str().unwrap())).await;
    assert_eq!(flat.body["markets"].as_array().unwrap().len(), 4);
    let events = all_pages(&sim, "/events?limit=3", "events").await;
    assert!(events.len() > 15, "{}", events.len());
    let series = get(&format!("{base}/series/KXINXY")).await.body;
    assert_eq!(series["series"]["fee_multiplier"], json!(0.5));
    let list = get(&format!("{base}/series?category=Crypto")).await.body;
    assert_eq!(list["series"].as_array().unwrap().len(), 2);
    let status = get(&format!("{base}/exchange/status")).await;
    assert_eq!(status.body["trading_active"], true);
    assert!(status.headers.contains("\r\ndate: "), "{}", status.headers);
    let hours = get(&format!("{base}/exchange/schedule")).await.body;
    assert_eq!(hours["schedule"]["standard_hours"][0]["thursday"][1]["open_time"], "05:00");
    sim.shutdown().await;
}

#[tokio::test]
async fn books_have_the_best_last_and_batches_need_a_signature() {
    let sim = Sim::start(still()).await.unwrap();
    let ticker = sim.markets(Venue::Kalshi)[0].clone();
    let truth = sim.truth(&ticker).unwrap();
    let url = format!("{}/markets/{ticker}/orderbook", sim.kalshi_rest_url());
    let book = get(&url).await.body["orderbook_fp"].take();
    let last = |side: &Value| side.as_array().unwrap().last().unwrap()[0].clone();
    let text = |price: arb_sim::Price| {
        let ticks = price.ten_thousandths();
        json!(format!("{}.{:04}", ticks / 10_000, ticks % 10_000))
    };
    assert_eq!(last(&book["yes_dollars"]), text(truth.bids[0].0));
    assert_eq!(last(&book["no_dollars"]), text(truth.asks[0].0.complement()));
    let shallow = get(&format!("{url}?depth=2")).await.body["orderbook_fp"].take();
    assert_eq!(shallow["yes_dollars"].as_array().unwrap().len(), 2);
    assert_eq!(last(&shallow["yes_dollars"]), last(&book["yes_dollars"]));

    let other = sim.markets(Venue::Kalshi)[1].clone();
    let batch = format!("/markets/orderbooks?tickers={ticker}&tickers={other}");
    assert_eq!(get(&format!("{}{batch}", sim.kalshi_rest_url())).await.status, 401);
    let answer = signed_get(&sim, &batch).await;
    assert_eq!(answer.body["orderbooks"].as_array().unwrap().len(), 2);
    assert_eq!(answer.body["orderbooks"][0]["orderbook_fp"], book);
    let many: Vec<String> = (0..101).map(|_| format!("tickers={ticker}")).collect();
    let answer = signed_get(&sim, &format!("/markets/orderbooks?{}", many.join("&"))).await;
    assert_eq!(answer.status, 400);
    sim.shutdown().await;
}

#[tokio::test]
async fn refusals_have_the_bodies_of_the_venue() {
    let sim = Sim::start(still()).await.unwrap();
    let base = sim.kalshi_rest_url();
    for path in ["/markets/NOSUCH", "/events/NOSUCH", "/series/NOSUCH", "/nothing"] {
        let answer = get(&format!("{base}{path}")).await;
        assert_eq!(answer.status, 404);
        let wanted =
            json!({"error": {"code": "not_found", "message": "not found", "service": "exchange"}});
        assert_eq!(answer.body, wanted);
    }
    let answer = get(&format!("{base}/markets?limit=1001")).await;
    assert_eq!(answer.status, 400);
    let wanted = "Parameter validation failed for GetMarkets: Limit above its maximum";
    assert_eq!(answer.body, json!({ "msg": wanted }));
    assert_eq!(get(&format!("{base}/markets?status=happy")).await.status, 400);
    // A cursor that means nothing begins again without a word.
    let answer = get(&format!("{base}/markets?cursor=garbage&limit=1")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["markets"][0]["ticker"], json!(sim.markets(Venue::Kalshi)[0]));
    assert_eq!(get(&format!("{base}/portfolio/balance")).await.status, 401);
    assert_eq!(signed_get(&sim, "/portfolio/balance").await.body["balance_dollars"], "10000.0000");
    let limits = signed_get(&sim, "/account/limits").await.body;
    assert_eq!(limits["read"]["refill_rate"], 200);
    let answer = request("POST", &format!("{base}/portfolio/events/orders"), &[], "{}").await;
    assert_eq!(answer.status, 405, "it takes no orders");
    sim.shutdown().await;
}

//! REST samples of market data against what they mean, written by hand.
#![cfg(feature = "rest")]
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use arb_normalize::rest::{kalshi, polymarket};
use arb_normalize::{Book, MarketStatus, Outcome};
use serde_json::{Value, json};

fn read(sample: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/samples/{sample}.json", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn value(item: impl serde::Serialize) -> Value {
    serde_json::to_value(item).unwrap()
}

/// REST samples that are no market data, by the beginning of their names.
const OTHER: &[(&str, &str)] = &[
    ("kalshi/rest_amend", "order entry"),
    ("kalshi/rest_batch", "order entry"),
    ("kalshi/rest_cancel", "order entry"),
    ("kalshi/rest_create", "order entry"),
    ("kalshi/rest_decrease", "order entry"),
    ("kalshi/rest_order.", "own account"),
    ("kalshi/rest_orders", "own account"),
    ("kalshi/rest_account", "own account"),
    ("kalshi/rest_balance", "own account"),
    ("kalshi/rest_fills", "own account"),
    ("kalshi/rest_positions", "own account"),
    ("kalshi/rest_settlements", "own account"),
    ("kalshi/rest_queue", "own account"),
    ("kalshi/rest_error", "errors are the HTTP client's business"),
    ("kalshi/rest_candlesticks", "history, not a market"),
    ("kalshi/rest_historical", "history, not a market"),
    ("kalshi/rest_event_fee", "history of fees"),
    ("kalshi/rest_series_fee", "history of fees"),
    ("kalshi/auth_vectors", "auth"),
    ("kalshi/fee_vectors", "fees are computed elsewhere"),
    ("polymarket/signing_vectors", "auth"),
    ("polymarket/typed_data", "auth"),
    ("polymarket/fee_vectors", "fees are computed elsewhere"),
    ("polymarket/clob_api_key", "auth"),
    ("polymarket/clob_balance", "own account"),
    ("polymarket/clob_books_request", "client's request"),
    ("polymarket/clob_cancel", "order entry"),
    ("polymarket/clob_order", "order entry"),
    ("polymarket/clob_open_orders", "own account"),
    ("polymarket/clob_trades", "own account"),
    ("polymarket/clob_heartbeat", "order entry"),
    ("polymarket/clob_error", "errors are the HTTP client's business"),
    ("polymarket/clob_fee_rate_legacy", "legacy, not for arithmetic"),
    ("polymarket/clob_midpoint", "part of the book"),
    ("polymarket/clob_neg_risk", "part of the market"),
    ("polymarket/clob_price", "part of the book"),
    ("polymarket/clob_prices_history", "history, not a market"),
    ("polymarket/clob_spread", "part of the book"),
    ("polymarket/clob_tick_size", "part of the book"),
];

fn hold() -> Value {
    json!({
        "key": {"venue": "kalshi", "id": "KXFEDDECISION-27JAN-H0"},
        "slug": null,
        "event_id": "KXFEDDECISION-27JAN",
        "series_id": "KXFEDDECISION",
        "title": "Will the Federal Reserve hold rates at its January 2027 meeting?",
        "event_title": null,
        "outcomes": [
            {"side": "yes", "label": "Fed maintains rate", "token": null, "last": "0.44"},
            {"side": "no", "label": "Fed maintains rate", "token": null, "last": "0.56"}
        ],
        "rules": {
            "primary": "If the target federal funds range is unchanged by the January 2027 FOMC decision, the market resolves to Yes.",
            "secondary": "The upper bound of the range announced in the statement is used.",
            "source": null
        },
        "strike": {"kind": "custom", "floor": null, "cap": null, "custom": [["Decision", "Maintain"]]},
        "status": "active",
        "status_word": "active",
        "kind": "binary",
        "open_at": "2026-07-28T12:00:00Z",
        "close_at": "2027-01-27T18:55:00Z",
        "expected_resolution_at": "2027-01-27T19:05:00Z",
        "volume": "381204.50",
        "liquidity": null,
        "ticks": [{"start": "0", "end": "1", "step": "0.01"}],
        "min_size": "0.01",
        "fees": {"venue": "kalshi", "fee_type": null, "multiplier": null, "waived_until": null},
        "group": null,
        "multi_leg": false
    })
}

#[test]
fn kalshi_markets() {
    assert_eq!(value(kalshi::market(&read("kalshi/rest_market")).unwrap()), hold());
    let page = kalshi::markets_page(&read("kalshi/rest_markets_page")).unwrap();
    assert_eq!((value(&page.items[0]), page.refused.len()), (hold(), 0));
    assert_eq!((page.items.len(), page.cursor.is_some()), (2, true));
    let last = kalshi::markets_page(&read("kalshi/rest_markets_last_page")).unwrap();
    assert_eq!((last.items.len(), last.cursor), (1, None));

    let scalar = kalshi::market(&read("kalshi/rest_market_settled_scalar")).unwrap();
    assert_eq!((scalar.status, &*scalar.status_word), (MarketStatus::Settled, "finalized"));
    assert_eq!(value(scalar.kind), "scalar");
    let fine = kalshi::market(&read("kalshi/rest_market_subpenny_shard2")).unwrap();
    assert_eq!(
        value(&fine.ticks),
        json!([
            {"start": "0", "end": "0.1", "step": "0.001"},
            {"start": "0.1", "end": "0.9", "step": "0.01"},
            {"start": "0.9", "end": "1", "step": "0.001"}
        ])
    );
    assert_eq!(
        value(&fine.strike),
        json!({"kind": "greater_or_equal", "floor": "98412.37", "cap": null, "custom": []})
    );
    // Prices of an empty book are sentinels: no last price.
    let empty = kalshi::market(&read("kalshi/rest_market_empty_book_sentinels")).unwrap();
    assert_eq!(
        (empty.status, empty.outcome(Outcome::Yes).unwrap().last),
        (MarketStatus::Upcoming, None)
    );
}

#[test]
fn kalshi_markets_of_older_recordings() {
    let body = br#"{"markets":[{"ticker":"KXA-25-1","event_ticker":"KXA-25","market_type":"binary","title":"A?","yes_sub_title":"Yes","no_sub_title":"Yes","status":"active","rules_primary":"","rules_secondary":"","close_time":"2025-08-08T14:00:00Z","event_title":"E","last_price":40,"volume":36,"tick_size":1,"liquidity":4502504,"liquidity_dollars":"45025.0400","created_time":"0001-01-01T00:00:00Z","open_time":"0001-01-01T00:00:00Z"},{"title":"no ticker"},7]}"#;
    let page = kalshi::markets_page(body).unwrap();
    let market = &page.items[0];
    assert_eq!(market.event_title.as_deref(), Some("E"));
    assert_eq!(value(market.outcomes[1].last), "0.6");
    assert_eq!(value(&market.ticks), json!([{"start": "0", "end": "1", "step": "0.01"}]));
    assert_eq!((value(market.liquidity), market.open_at), (json!("45025.04"), None));
    let refused: Vec<usize> = page.refused.iter().map(|item| item.index).collect();
    assert_eq!(refused, [1, 2]);
}

#[test]
fn kalshi_events_series_and_status() {
    let event = kalshi::event(&read("kalshi/rest_event")).unwrap();
    let group = json!({"id": "KXFEDDECISION-27JAN", "exclusive": true, "exhaustive": false});
    assert_eq!(value(&event.group), group);
    let mut expected = hold();
    expected["group"] = group;
    expected["event_title"] = json!("Fed decision in January 2027?");
    expected["rules"]["source"] = json!("Federal Reserve");
    assert_eq!(value(&event.markets), json!([expected]));
    let page = kalshi::events_page(&read("kalshi/rest_events_page")).unwrap();
    assert_eq!((page.items.len(), page.cursor.as_deref()), (1, Some("CgsI8L2ZyQYQ")));
    assert_eq!(page.items[0].series_id.as_deref(), Some("KXFEDDECISION"));
    assert_eq!(
        value(kalshi::series(&read("kalshi/rest_series")).unwrap()),
        json!({
            "id": "KXFEDDECISION", "title": "Fed decision", "category": "Economics",
            "fees": {"venue": "kalshi", "fee_type": "quadratic_with_maker_fees", "multiplier": "1", "waived_until": null},
            "sources": ["Federal Reserve"]
        })
    );
    let status = kalshi::exchange_status(&read("kalshi/rest_exchange_status")).unwrap();
    assert!(status.exchange_active && status.trading_active && status.shards.len() == 4);
}

#[test]
fn kalshi_books_and_trades() {
    let snapshot =
        kalshi::orderbook("KXFEDDECISION-27JAN-H0", &read("kalshi/rest_orderbook")).unwrap();
    let mut book = Book::new();
    book.replace(&snapshot.bids, &snapshot.asks);
    assert_eq!(
        value(&book),
        json!({
            "bids": [{"price": "0.43", "size": "75"}, {"price": "0.42", "size": "300.5"}, {"price": "0.41", "size": "1520"}],
            "asks": [{"price": "0.45", "size": "60"}, {"price": "0.46", "size": "410.25"}, {"price": "0.47", "size": "900"}]
        })
    );
    assert_eq!(serde_json::from_value::<Book>(value(&book)).unwrap(), book);
    let cents = br#"{"orderbook":{"yes":[[41,1520],[42,300],[43,75]],"no":null}}"#;
    let cents = kalshi::orderbook("A", cents).unwrap();
    assert_eq!(
        (value(cents.bids[2]), cents.asks.len()),
        (json!({"price": "0.43", "size": "75"}), 0)
    );
    let books = kalshi::orderbooks(&read("kalshi/rest_orderbooks_batch")).unwrap();
    assert_eq!((books.len(), &*books[1].market), (2, "KXFED-27APR-T4.25"));
    assert_eq!(value(&books[1].asks), json!([{"price": "0.01", "size": "55"}]));
    let trades = kalshi::trades(&read("kalshi/rest_trades_page")).unwrap();
    assert_eq!(
        value(&trades.items),
        json!([{"market": "KXFEDDECISION-27JAN-H0", "id": "d2f4c7a9-5e13-47b6-9c80-7fa31b66e014", "price": "0.45",
            "size": "12.5", "taker": "bid", "at": 1_795_187_045_700_123_000_i64}])
    );
}

const YES: &str = "43931700168844802699797650963512083711431260765441771984109982878059495943752";
const NO: &str = "112448918644252297148961738073669421663938757520069324423394016669522907629674";
const CONDITION: &str = "0xfc5680dd31d7a46b0c8c71fca425dc5d0380fc35370ff98f6f0c09dc9a4091b3";

fn no_change() -> Value {
    json!({
        "key": {"venue": "polymarket", "id": CONDITION},
        "slug": "fed-no-change-january-2027",
        "event_id": null,
        "series_id": null,
        "title": "No change in Fed interest rates after the January 2027 meeting?",
        "event_title": null,
        "outcomes": [
            {"side": "yes", "label": "Yes", "token": YES, "last": "0.44"},
            {"side": "no", "label": "No", "token": NO, "last": "0.56"}
        ],
        "rules": {
            "primary": "Resolves Yes if the upper bound of the target range is unchanged by the January 2027 decision.",
            "secondary": "",
            "source": "https://www.federalreserve.gov/"
        },
        "strike": null,
        "status": "active",
        "status_word": "active",
        "kind": "binary",
        "open_at": "2026-07-30T16:00:00Z",
        "close_at": "2027-01-27T19:00:00Z",
        "expected_resolution_at": "2027-01-27T19:00:00Z",
        "volume": "4182331.70512",
        "liquidity": "301245.1184",
        "ticks": [{"start": "0", "end": "1", "step": "0.01"}],
        "min_size": "5",
        "fees": {"venue": "polymarket", "rate": "0.05", "exponent": "1"},
        "group": {"id": "0xb2956a9451407b64de55e69578f60118d325d4161c8dcb46e0ba7a1cf05d5900", "exclusive": true, "exhaustive": false},
        "multi_leg": false
    })
}

#[test]
fn polymarket_markets() {
    let market = polymarket::gamma_market(&read("polymarket/gamma_market_v1")).unwrap();
    assert_eq!(value(market), no_change());
    let resolved = polymarket::gamma_market(&read("polymarket/gamma_market_resolved")).unwrap();
    assert_eq!((resolved.status, &*resolved.status_word), (MarketStatus::Settled, "resolved"));
    // Tokens by version, not by which ids are there.
    let v2 = polymarket::gamma_market(&read("polymarket/gamma_market_v2")).unwrap();
    let token = v2.outcome(Outcome::Yes).unwrap().token.as_deref();
    assert_eq!(
        token,
        Some("10225375533942480091854815098707919202671509530881730518286336912586316319152")
    );
    let v1 = String::from_utf8(read("polymarket/gamma_market_v2")).unwrap();
    let v1 = polymarket::gamma_market(v1.replace(r#""v2""#, r#""v1""#).as_bytes()).unwrap();
    assert_eq!(v1.outcome(Outcome::Yes).unwrap().token.as_deref(), Some(YES));
    let page =
        polymarket::gamma_markets_page(&read("polymarket/gamma_markets_keyset_page")).unwrap();
    assert_eq!((page.items.len(), page.cursor.as_deref()), (1, Some("eyJpZCI6IjEyOTA0MTcifQ==")));
    let last =
        polymarket::gamma_markets_page(&read("polymarket/gamma_markets_keyset_last_page")).unwrap();
    assert_eq!((last.items.len(), last.cursor), (1, None));
    let array = format!("[{}]", String::from_utf8(read("polymarket/gamma_market_v1")).unwrap());
    assert_eq!(value(&polymarket::gamma_markets(array.as_bytes()).unwrap().items[0]), no_change());
}

#[test]
fn polymarket_events() {
    let body = read("polymarket/gamma_event_negrisk");
    let event = polymarket::gamma_event(&body).unwrap();
    let group = json!({"id": "0xb2956a9451407b64de55e69578f60118d325d4161c8dcb46e0ba7a1cf05d5900", "exclusive": true, "exhaustive": true});
    assert_eq!((value(&event.group), event.markets.len()), (group.clone(), 2));
    let mut expected = no_change();
    expected["group"] = group;
    expected["event_id"] = json!("fed-decision-in-january-2027");
    expected["event_title"] = json!("Fed decision in January 2027?");
    assert_eq!(value(&event.markets[0]), expected);
    // Markets may be added later to an augmented group: it is not exhaustive.
    let augmented = String::from_utf8(body)
        .unwrap()
        .replace(r#""negRiskAugmented": false"#, r#""negRiskAugmented": true"#);
    let event = polymarket::gamma_event(augmented.as_bytes()).unwrap();
    assert!(!event.markets[0].group.as_ref().unwrap().exhaustive);
    let page = polymarket::gamma_events(format!("[{augmented}]").as_bytes()).unwrap();
    assert_eq!((page.items.len(), page.refused.len()), (1, 0));
}

#[test]
fn polymarket_books_and_market_info() {
    let book = polymarket::clob_book(&read("polymarket/clob_book")).unwrap();
    assert_eq!((&*book.market, book.venue_id.as_deref()), (YES, Some(CONDITION)));
    assert_eq!((book.bids.len(), book.asks.len()), (4, 4));
    assert_eq!(value(book.tick), "0.01");
    assert_eq!(value(book.bids[3]), json!({"price": "0.43", "size": "75.25"}));
    let empty = polymarket::clob_book(&read("polymarket/clob_book_empty")).unwrap();
    assert_eq!((empty.bids.len(), empty.asks.len()), (0, 0));
    let books = polymarket::clob_books(&read("polymarket/clob_books_response")).unwrap();
    assert_eq!(books.iter().map(|book| &*book.market).collect::<Vec<_>>(), [NO, YES]);
    let info = polymarket::clob_market(&read("polymarket/clob_market_info")).unwrap();
    assert_eq!(value(&info.fees), json!({"venue": "polymarket", "rate": "0.05", "exponent": "1"}));
    assert_eq!(info.tokens, [(YES.to_owned(), "Yes".to_owned()), (NO.to_owned(), "No".to_owned())]);
    assert!(info.accepting_orders && info.neg_risk && info.taker_delay_s.is_none());
}

#[test]
fn status_words_and_odd_values() {
    let market = |more: &str| {
        let body = format!(
            r#"{{"conditionId":"0xc","question":"Q","outcomes":"[\"Lakers\", \"Celtics\"]","clobTokenIds":"","active":true{more}}}"#
        );
        polymarket::gamma_market(body.as_bytes()).unwrap()
    };
    let plain = market("");
    assert_eq!((plain.status, value(plain.kind)), (MarketStatus::Active, json!("categorical")));
    assert_eq!(
        (plain.outcomes[0].token.clone(), value(&plain.fees)),
        (None, json!({"venue": "unknown"}))
    );
    for (more, status, word) in [
        (r#","umaResolutionStatus":"proposed""#, MarketStatus::Determined, "proposed"),
        (r#","umaResolutionStatus":"disputed""#, MarketStatus::Disputed, "disputed"),
        (r#","umaResolutionStatus":"abracadabra""#, MarketStatus::Unknown, "abracadabra"),
        (r#","acceptingOrders":false"#, MarketStatus::Paused, "not accepting orders"),
        (r#","closed":true"#, MarketStatus::Settled, "closed"),
    ] {
        let found = market(more);
        assert_eq!((found.status, &*found.status_word), (status, word));
    }
    let dated = market(
        r#","endDate":"","gameStartTime":"2026-01-21 01:00:00+00","feesEnabled":false,"volume":"""#,
    );
    assert_eq!(value(&dated)["expected_resolution_at"], "2026-01-21T01:00:00Z");
    assert_eq!(value(&dated.fees), json!({"venue": "polymarket", "rate": "0", "exponent": "1"}));
    assert!(polymarket::gamma_market(br#"{"conditionId":"0xc","outcomes":"[\"A\"]"}"#).is_err());
}

#[test]
fn every_rest_sample_is_read_or_has_a_reason() {
    let source = include_str!("rest_samples.rs");
    for venue in ["kalshi", "polymarket"] {
        let folder = format!("{}/tests/samples/{venue}", env!("CARGO_MANIFEST_DIR"));
        for file in std::fs::read_dir(folder).unwrap() {
            let file = file.unwrap().file_name().into_string().unwrap();
            let sample = format!("{venue}/{file}");
            let read = source.contains(&format!("read(\"{}\")", sample.trim_end_matches(".json")));
            let other = OTHER.iter().any(|(name, _)| sample.starts_with(name));
            assert!(
                file.starts_with("ws_") || read || other,
                "{sample} is neither read nor excused"
            );
        }
    }
}

//! Catalogue, books, keys, clocks, limits.

use std::sync::Arc;
use std::time::Duration;

use arb_normalize::MarketStatus;
use arb_normalize::market::FeeData;
use arb_venues::kalshi::{KalshiCredentials, KalshiRest};
use arb_venues::polymarket::PolymarketRest;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use arb_venues::{ClockOffset, MarketFilter, MarketSource, RestConfig, TokenRate, VenueError};

use super::{kalshi, polymarket, venues};

#[tokio::test]
async fn kalshi_markets_come_with_fees_titles_and_rules_and_without_combos() {
    let sim = venues(0).await;
    let found = kalshi(&sim).0.markets(&MarketFilter::default()).await.unwrap();
    assert!(found.markets.len() > 10, "{}", found.markets.len());
    assert!(found.skipped["multi_leg"] > 0, "{:?}", found.skipped);
    for market in &found.markets {
        assert_eq!(market.status, MarketStatus::Active, "{}", market.key);
        assert!(!market.rules.primary.is_empty() && !market.multi_leg, "{}", market.key);
        assert!(
            matches!(&market.fees, FeeData::Kalshi { multiplier: Some(_), .. }),
            "{}: {:?}",
            market.key,
            market.fees
        );
    }
}

#[tokio::test]
async fn polymarket_markets_come_over_all_pages_with_tokens_and_fee_schedules() {
    let sim = venues(0).await;
    let found = polymarket(&sim).markets(&MarketFilter::default()).await.unwrap();
    assert!(found.markets.len() > 20, "{}", found.markets.len());
    for market in &found.markets {
        assert!(market.outcomes.iter().all(|outcome| outcome.token.is_some()), "{}", market.key);
        assert!(matches!(market.fees, FeeData::Polymarket { .. }), "{}", market.key);
    }
}

#[tokio::test]
async fn books_come_in_the_order_asked_and_unknown_markets_are_left_out() {
    let sim = venues(0).await;
    let mut tickers = sim.markets(arb_sim::Venue::Kalshi);
    tickers.truncate(5);
    tickers.reverse();
    let books = kalshi(&sim).0.books(&tickers).await.unwrap();
    let named: Vec<&str> = books.iter().map(|book| book.market.as_str()).collect();
    assert_eq!(named, tickers);

    let found = polymarket(&sim).markets(&MarketFilter::default()).await.unwrap();
    let mut tokens: Vec<String> = found
        .markets
        .iter()
        .filter_map(|market| market.outcomes[0].token.clone())
        .take(8)
        .collect();
    tokens.insert(3, "12345".to_owned());
    let books = polymarket(&sim).books(&tokens).await.unwrap();
    tokens.remove(3);
    let named: Vec<&str> = books.iter().map(|book| book.market.as_str()).collect();
    assert_eq!(named, tokens);
}

#[tokio::test]
async fn a_foreign_key_is_refused_and_nothing_of_it_is_told() {
    let sim = venues(0).await;
    let foreign = KalshiCredentials::from_ed25519_seed("not-registered", &[7; 32]).unwrap();
    let clock = ClockOffset::new("kalshi");
    let rest = KalshiRest::new(&sim.kalshi_rest_url(), Some(Arc::new(foreign)), clock).unwrap();
    let error = rest.check_key().await.unwrap_err();
    assert!(matches!(error, VenueError::Status { status: 401, .. }), "{error}");
    assert!(!error.is_retryable());
    assert!(!format!("{error:?}").contains("not-registered"), "{error:?}");
    kalshi(&sim).0.check_key().await.unwrap();
}

#[tokio::test]
async fn a_venue_clock_that_runs_ahead_is_measured_and_signed_for() {
    let sim = venues(0).await;
    sim.fault("clock-skew:venue=kalshi,by=60s".parse().unwrap()).unwrap();
    let (rest, clock) = kalshi(&sim);
    // The first answer, whatever it says, shows the venue's clock; the second is signed for it.
    let _ = rest.exchange_status().await;
    assert!((50_000..70_000).contains(&clock.millis()), "{clock}");
    rest.check_key().await.unwrap();
}

#[tokio::test]
async fn a_signature_refused_for_a_wrong_clock_is_made_anew_once() {
    let sim = venues(0).await;
    sim.fault("clock-skew:venue=kalshi,by=60s".parse().unwrap()).unwrap();
    let (rest, clock) = kalshi(&sim);
    // The first request of all is signed by our clock and refused; the answer shows the venue's.
    rest.check_key().await.unwrap();
    assert!((55_000..65_000).contains(&clock.millis()), "{clock}");
    assert_eq!(sim.stats(arb_sim::Venue::Kalshi).requests, 2);
    // A key that is refused with a right clock is refused once.
    let foreign = KalshiCredentials::from_ed25519_seed("foreign", &[7; 32]).unwrap();
    let url = sim.kalshi_rest_url();
    let rest = KalshiRest::new(&url, Some(Arc::new(foreign)), clock).unwrap();
    assert!(rest.check_key().await.is_err());
    assert_eq!(sim.stats(arb_sim::Venue::Kalshi).requests, 3);
}

/// Serves what `answer` says to the first line of each request.
async fn serve_raw(answer: impl Fn(&str) -> String + Send + Sync + 'static) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let length = socket.read(&mut request).await.unwrap_or(0);
            let text = String::from_utf8_lossy(&request[..length]);
            let answer = answer(text.lines().next().unwrap_or_default());
            let _ = socket.write_all(answer.as_bytes()).await;
        }
    });
    url
}

/// The same with status and body, by path.
async fn serve_by(answer: impl Fn(&str) -> (u16, &'static str) + Send + Sync + 'static) -> String {
    serve_raw(move |line| {
        let (status, body) = answer(line);
        let length = body.len();
        format!(
            "HTTP/1.1 {status} x\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )
    })
    .await
}

#[tokio::test]
async fn an_answer_out_of_a_cache_says_nothing_about_the_clock() {
    let answer = |more: &str| {
        let body = r#"{"exchange_active":true,"trading_active":true}"#;
        let length = body.len();
        format!(
            "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: {length}\r\nConnection: close\r\n{more}\r\n{body}"
        )
    };
    for (more, believed) in
        [("Age: 12\r\n", false), ("X-Cache: Hit from cloudfront\r\n", false), ("", true)]
    {
        let text = answer(more);
        let url = serve_raw(move |_| text.clone()).await;
        let clock = ClockOffset::new("kalshi");
        let rest = KalshiRest::new(&url, None, clock.clone()).unwrap();
        rest.exchange_status().await.unwrap();
        assert_eq!(clock.millis() != 0, believed, "{more:?}");
    }
}

#[tokio::test]
async fn a_rate_limit_is_waited_out() {
    let sim = venues(0).await;
    sim.fault("too-many-requests:surface=rest,times=1,retry-after=1s".parse().unwrap()).unwrap();
    let started = tokio::time::Instant::now();
    kalshi(&sim).0.exchange_status().await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(1), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_venue_that_keeps_failing_is_left_alone_for_a_while() {
    let sim = venues(0).await;
    sim.fault("status:surface=rest,code=500".parse().unwrap()).unwrap();
    let (rest, _) = kalshi(&sim);
    let first = rest.exchange_status().await.unwrap_err();
    assert!(matches!(first, VenueError::Status { status: 500, .. }), "{first}");
    // Four tries each: the fifth failure opens the breaker.
    let second = rest.exchange_status().await.unwrap_err();
    assert!(matches!(second, VenueError::Suspended { .. }), "{second}");
}

#[tokio::test]
async fn named_markets_come_whatever_their_state_and_nothing_else_is_read() {
    let sim = venues(0).await;
    let (rest, _) = kalshi(&sim);
    let mut tickers = sim.markets(arb_sim::Venue::Kalshi);
    tickers.truncate(3);
    sim.close_market(&tickers[0]).unwrap();
    sim.pause_market(&tickers[1], true).unwrap();
    tickers.push("KXNOSUCH-1".to_owned());
    let before = sim.stats(arb_sim::Venue::Kalshi).requests;
    let found = rest.named(&tickers).await.unwrap();
    let statuses: std::collections::BTreeMap<&str, MarketStatus> =
        found.iter().map(|market| (market.key.id.as_str(), market.status)).collect();
    assert_eq!(statuses.len(), 3);
    assert_eq!(statuses[tickers[0].as_str()], MarketStatus::Closed);
    assert_eq!(statuses[tickers[1].as_str()], MarketStatus::Paused);
    assert_eq!(statuses[tickers[2].as_str()], MarketStatus::Active);
    assert!(found.iter().all(|market| market.event_title.is_some() && market.series_id.is_some()));
    let asked = sim.stats(arb_sim::Venue::Kalshi).requests - before;
    assert!(asked <= 5, "{asked} requests for three markets");

    let whole = polymarket(&sim).markets(&MarketFilter::default()).await.unwrap();
    let token = whole.markets[0].outcomes[0].token.clone().unwrap();
    let condition = whole.markets[1].key.id.clone();
    sim.settle_market(&condition, true).unwrap();
    let found = polymarket(&sim).named(&[token.clone(), condition, token]).await.unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].status, MarketStatus::Settled, "{:?}", found[0].key);
    assert_eq!(found[1].status, MarketStatus::Active);
}

#[tokio::test]
async fn one_failed_series_leaves_its_markets_without_fees_and_ends_nothing() {
    let page = r#"{"events":[{"event_ticker":"E","series_ticker":"S","title":"t","markets":[{"ticker":"E-1","event_ticker":"E","status":"active"}]}],"cursor":""}"#;
    let url = serve_by(|path| if path.contains("/series/") { (404, "{}") } else { (200, page) });
    let rest = KalshiRest::new(&url.await, None, ClockOffset::new("kalshi")).unwrap();
    let found = rest.markets(&MarketFilter::default()).await.unwrap();
    assert_eq!(found.markets.len(), 1);
    assert_eq!(found.skipped["series_unread"], 1);
    assert!(matches!(found.markets[0].fees, FeeData::Kalshi { multiplier: None, .. }));
}

#[tokio::test]
async fn a_series_or_an_event_that_cannot_be_read_costs_its_own_markets_alone() {
    let markets = r#"{"markets":[{"ticker":"E-1","event_ticker":"E","status":"active"},{"ticker":"F-1","event_ticker":"F","status":"active"}],"cursor":""}"#;
    let events = r#"{"events":[{"event_ticker":"E","series_ticker":"S","title":"t","markets":[{"ticker":"E-1","event_ticker":"E","status":"active"}]},{"event_ticker":"F","series_ticker":"T","title":"t","markets":[{"ticker":"F-1","event_ticker":"F","status":"active"}]}],"cursor":""}"#;
    let series = r#"{"series":{"ticker":"T","fee_type":"quadratic","fee_multiplier":1}}"#;
    let url = serve_by(move |line| {
        let path = line.split(' ').nth(1).unwrap_or_default();
        match path {
            "/series/T" => (200, series),
            _ if path.starts_with("/series/fee_changes") => {
                (200, r#"{"series_fee_change_arr":[]}"#)
            }
            _ if path.starts_with("/series/") => (404, "{}"),
            _ if path.starts_with("/events/fee_changes") => {
                (200, r#"{"event_fee_changes":[],"cursor":""}"#)
            }
            _ if path.starts_with("/events") => (200, events),
            _ => (200, markets),
        }
    });
    let rest = KalshiRest::new(&url.await, None, ClockOffset::new("kalshi")).unwrap();
    let found = rest.named(&["E-1".to_owned(), "F-1".to_owned()]).await.unwrap();
    assert_eq!(found.len(), 2);
    assert!(matches!(found[0].fees, FeeData::Kalshi { multiplier: None, .. }), "{found:?}");
    assert!(matches!(found[1].fees, FeeData::Kalshi { multiplier: Some(_), .. }), "{found:?}");
    let fees = rest.fees(&found).await;
    assert_eq!(fees.keys().collect::<Vec<_>>(), ["F-1"]);
}

#[tokio::test]
async fn an_events_own_fees_go_over_its_series_and_back() {
    let sim = venues(0).await;
    let (rest, _) = kalshi(&sim);
    let ticker = sim.markets(arb_sim::Venue::Kalshi)[0].clone();
    let multiplier = async || {
        let market = rest.named(std::slice::from_ref(&ticker)).await.unwrap().remove(0);
        let fees = rest.fees(std::slice::from_ref(&market)).await.remove(&ticker).unwrap();
        let FeeData::Kalshi { multiplier, .. } = &fees[0].fees else { panic!("{fees:?}") };
        (market.event_id.unwrap(), multiplier.unwrap().normalize().to_string())
    };
    let (event, of_series) = multiplier().await;
    sim.set_event_fee(&event, Some(25)).unwrap();
    assert_eq!(multiplier().await.1, "0.25");
    sim.set_event_fee(&event, None).unwrap();
    assert_eq!(multiplier().await.1, of_series);
}

#[tokio::test]
async fn the_tier_of_an_account_is_read() {
    let sim = venues(0).await;
    let limits = kalshi(&sim).0.account_limits().await.unwrap();
    assert_eq!((limits.tier.as_str(), limits.read), ("basic", (200, 600)));
}

#[tokio::test]
async fn a_listing_of_several_pages_is_read_to_the_end() {
    let first = r#"{"events":[{"event_ticker":"E","series_ticker":"S","title":"t","markets":[{"ticker":"E-1","event_ticker":"E","status":"active"}]}],"cursor":"p 2"}"#;
    let last = r#"{"events":[{"event_ticker":"F","series_ticker":"S","title":"t","markets":[{"ticker":"F-1","event_ticker":"F","status":"active"}]}],"cursor":""}"#;
    let asked = Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let url = serve_by(move |line| {
        if line.contains("/series/") {
            return (404, "{}");
        }
        seen.lock().unwrap().push(line.to_owned());
        if line.contains("cursor=p+2") { (200, last) } else { (200, first) }
    });
    let rest = KalshiRest::new(&url.await, None, ClockOffset::new("kalshi")).unwrap();
    let found = rest.markets(&MarketFilter::default()).await.unwrap();
    let tickers: Vec<&str> = found.markets.iter().map(|m| m.key.id.as_str()).collect();
    assert_eq!(tickers, ["E-1", "F-1"]);
    let asked = std::mem::take(&mut *asked.lock().unwrap());
    assert_eq!(asked.len(), 2, "{asked:?}");
    assert!(asked.iter().all(|line| line.contains("status=open")), "{asked:?}");
}

#[tokio::test]
async fn a_listing_that_goes_in_circles_is_an_error_and_not_for_ever() {
    let url = serve_by(|line| {
        if line.contains("fee_changes") {
            return (200, r#"{"event_fee_changes":[],"cursor":"again"}"#);
        }
        if line.contains("keyset") {
            return (200, r#"{"markets":[],"next_cursor":"again"}"#);
        }
        (200, r#"{"events":[],"markets":[],"cursor":"again"}"#)
    })
    .await;
    let rest = KalshiRest::new(&url, None, ClockOffset::new("kalshi")).unwrap();
    let polymarket = PolymarketRest::new(&url, &url, ClockOffset::new("polymarket")).unwrap();
    let read = async {
        let every = MarketFilter::default();
        [
            rest.markets(&every).await.unwrap_err(),
            rest.named(&["E-1".to_owned()]).await.unwrap_err(),
            rest.event_fee_changes("E").await.unwrap_err(),
            polymarket.markets(&every).await.unwrap_err(),
        ]
    };
    let errors = tokio::time::timeout(Duration::from_secs(30), read).await.unwrap();
    for error in errors {
        assert!(matches!(error, VenueError::Endless { pages: 2, .. }), "{error}");
    }
}

#[tokio::test]
async fn more_books_than_a_batch_holds_are_asked_for_in_batches() {
    let config = arb_sim::SimConfig {
        plant_every: None,
        quotes_per_second: 0,
        catalogue: arb_sim::Catalogue::Synthetic { pairs: 260 },
        signature_skew: Duration::from_secs(15),
        ..arb_sim::SimConfig::default()
    };
    let sim = arb_sim::Sim::start(config).await.unwrap();
    let pairs: Vec<serde_json::Value> = serde_json::from_str(&sim.approved_pairs_json()).unwrap();
    let names = |field: &'static str| {
        pairs.iter().map(move |pair| pair[field].as_str().unwrap().to_owned())
    };
    let tickers: Vec<String> = names("kalshi").collect();
    let tokens: Vec<String> = names("polymarket_yes").chain(names("polymarket_no")).collect();
    let venues = [arb_sim::Venue::Kalshi, arb_sim::Venue::Polymarket];
    let requests = || venues.map(|venue| sim.stats(venue).requests);
    let before = requests();
    // The venues refuse more than 100 and 500, and Polymarket answers in any order.
    let books = kalshi(&sim).0.books(&tickers).await.unwrap();
    assert!(books.iter().map(|book| &book.market).eq(&tickers), "{} books", books.len());
    let books = polymarket(&sim).books(&tokens).await.unwrap();
    assert!(books.iter().map(|book| &book.market).eq(&tokens), "{} books", books.len());
    let after = requests();
    assert_eq!([after[0] - before[0], after[1] - before[1]], [3, 2]);
    sim.shutdown().await;
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_given_up_and_asked_for_again() {
    let sim = venues(0).await;
    sim.fault("hang:venue=kalshi,surface=rest,times=2".parse().unwrap()).unwrap();
    let ask = async |retries| {
        let rate = TokenRate { per_second: 1_000, burst: 1_000 };
        let mut config = RestConfig::new(&sim.kalshi_rest_url(), rate);
        (config.timeout, config.retries) = (Duration::from_millis(700), retries);
        config.retry_delay = Duration::from_millis(1);
        let clock = ClockOffset::new("kalshi");
        KalshiRest::with_config(config, None, clock).unwrap().exchange_status().await
    };
    let error = ask(0).await.unwrap_err();
    assert!(matches!(error, VenueError::Transport { timeout: true, .. }), "{error}");
    assert!(error.is_retryable());
    ask(5).await.unwrap();
    sim.shutdown().await;
}

#[tokio::test]
async fn requests_wait_for_their_tokens_whoever_sends_them() {
    let sim = venues(0).await;
    // One request of ten tokens at once, then one each 100 ms.
    let rate = TokenRate { per_second: 100, burst: 10 };
    let config = RestConfig::new(&sim.kalshi_rest_url(), rate);
    let rest = KalshiRest::with_config(config, None, ClockOffset::new("kalshi")).unwrap();
    let started = tokio::time::Instant::now();
    let two = async || {
        rest.exchange_status().await.unwrap();
        rest.exchange_status().await.unwrap();
    };
    tokio::join!(two(), two());
    let took = started.elapsed();
    assert!(took >= Duration::from_millis(300), "four requests in {took:?}");
    sim.shutdown().await;
}

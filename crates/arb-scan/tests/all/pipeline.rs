//! What opens, changes and ends a trade.
use arb_normalize::Venue;
use arb_scan::{
    Change, CloseReason, Closed, Found, LifeConfig, Limits, Lives, MaxAge, Pipeline,
    PipelineConfig, Sink, pairs,
};

use crate::support::{
    self, Memory, TICKER, TOKEN, at, delta, kalshi, level, pipeline, polymarket, polymarket_of,
};

const FEES: &str = r#"{"kalshi":{"multiplier":"1","precision":"0.0001"},"polymarket":{"rate":"0.05","exponent":"1"}}"#;

/// A pipeline in which YES at 0.45 and NO at 0.42 pay.
fn open() -> Pipeline<Memory> {
    let mut pipeline = pipeline("equal", FEES);
    let frame = kalshi(1, &[level("0.43", "75")], &[level("0.55", "60")]);
    pipeline.on_frame(Venue::Kalshi, 0, at(0), frame.as_bytes());
    let frame = polymarket(&[level("0.58", "100")], &[level("0.60", "100")]);
    pipeline.on_frame(Venue::Polymarket, 0, at(10), frame.as_bytes());
    assert_eq!(pipeline.sink().shown.len(), 1);
    pipeline
}

fn reasons(pipeline: &Pipeline<Memory>) -> Vec<CloseReason> {
    pipeline.sink().closed.iter().map(|closed| closed.reason).collect()
}

#[test]
fn a_line_is_written_when_quantity_or_net_differ_and_not_otherwise() {
    let mut pipeline = open();
    // Deeper in the book, beyond what pays: nothing to say.
    pipeline.on_frame(Venue::Kalshi, 0, at(20), delta(2, "yes", "0.4000", "5.00").as_bytes());
    assert_eq!(pipeline.sink().shown.len(), 1);
    pipeline.on_frame(Venue::Kalshi, 0, at(30), delta(3, "no", "0.5500", "-10.00").as_bytes());
    let (opportunity, change) = pipeline.sink().shown.last().unwrap();
    assert_eq!((opportunity.quantity.to_string().as_str(), *change), ("50", Change::Changed));
    assert_eq!(opportunity.id, "p/yes-no/1");
}

#[test]
fn an_ended_trade_says_its_best_its_time_and_its_dollar_seconds() {
    let mut pipeline = open();
    // 60 contracts for a second, then 50 for two.
    let change = delta(2, "no", "0.5500", "-10.00");
    pipeline.on_frame(Venue::Kalshi, 0, at(1_010), change.as_bytes());
    let nets: Vec<String> =
        pipeline.sink().shown.iter().map(|(trade, _)| trade.net_usd.to_string()).collect();
    assert_eq!(nets, ["6.0297", "5.0247"]);
    pipeline.on_frame(Venue::Kalshi, 0, at(3_010), delta(3, "no", "0.5500", "-50.00").as_bytes());
    let closed = &pipeline.sink().closed[0];
    assert_eq!((closed.id.as_str(), closed.reason), ("p/yes-no/1", CloseReason::PriceMoved));
    assert_eq!(closed.best_net_usd.to_string(), "6.0297", "not the last one");
    assert_eq!(closed.lasted.unwrap().as_millis(), 3_000);
    assert!((closed.dollar_seconds - (6.0297 + 2.0 * 5.0247)).abs() < 1e-9, "{closed:?}");
}

/// Follows lives.
struct Following(Lives);

impl Sink for Following {
    fn on_opportunity(&mut self, found: &Found<'_>) {
        self.0.on_opportunity(found);
    }

    fn on_closed(&mut self, closed: &Closed) {
        self.0.on_closed(closed);
    }
}

#[test]
fn a_life_is_known_as_finely_as_the_slower_of_its_books_speaks() {
    let mut pipeline =
        Pipeline::new(PipelineConfig::default(), Following(Lives::new(LifeConfig::default())));
    let file = format!(
        r#"[{{"id":"p","kalshi":"{}","polymarket_yes":"{}","relation":"equal","fees":{FEES}}}]"#,
        support::TICKER,
        support::TOKEN
    );
    pipeline.replace_pairs(pairs::parse(&file).unwrap());
    let change = |price: &str, size: usize, bid: &str| {
        format!(
            r#"{{"event_type":"price_change","market":"0xc0nd","timestamp":"1","price_changes":[{{"asset_id":"{}","price":"{price}","size":"{size}","side":"BUY","best_bid":"{bid}","best_ask":"0.60"}}]}}"#,
            support::TOKEN
        )
    };
    let frame = kalshi(1, &[level("0.43", "75")], &[level("0.50", "60")]);
    pipeline.on_frame(Venue::Kalshi, 0, at(0), frame.as_bytes());
    let frame = polymarket(&[level("0.48", "100")], &[level("0.60", "100")]);
    pipeline.on_frame(Venue::Polymarket, 0, at(0), frame.as_bytes());
    // Kalshi speaks every 10 ms, Polymarket every 400.
    for tick in 1..400 {
        let frame = delta(tick + 1, "yes", "0.2000", "1.00");
        pipeline.on_frame(Venue::Kalshi, 0, at(10 * tick as i64), frame.as_bytes());
        if tick % 40 == 0 {
            let frame = change("0.20", tick as usize, "0.48");
            pipeline.on_frame(Venue::Polymarket, 0, at(10 * tick as i64), frame.as_bytes());
        }
    }
    pipeline.on_frame(Venue::Polymarket, 0, at(4_000), change("0.58", 100, "0.58").as_bytes());
    let resolution = pipeline.sink().0.resolution().unwrap();
    assert!(resolution.as_millis() > 400, "{resolution:?}");
}

#[test]
fn open_trades_are_told_again_as_they_were_told_last() {
    let mut pipeline = open();
    pipeline.on_frame(Venue::Kalshi, 0, at(30), delta(2, "no", "0.5500", "-10.00").as_bytes());
    pipeline.tell_again();
    let shown = &pipeline.sink().shown;
    assert_eq!(
        shown.iter().map(|(_, change)| *change).collect::<Vec<_>>(),
        [Change::Opened, Change::Changed, Change::Again]
    );
    assert_eq!(shown[2].0, shown[1].0);
    pipeline.on_close(Venue::Kalshi, 0, at(40));
    pipeline.tell_again();
    assert_eq!(pipeline.sink().shown.len(), 3, "what ended is not told again");
    assert_eq!((pipeline.counts().episodes, pipeline.captured().count()), (1, 0));
}

#[test]
fn a_gap_ends_the_trade_at_once_and_its_snapshot_opens_another() {
    let mut pipeline = open();
    pipeline.on_frame(Venue::Kalshi, 0, at(20), delta(3, "yes", "0.4000", "5.00").as_bytes());
    assert_eq!(reasons(&pipeline), [CloseReason::BookSuspect]);
    assert_eq!(pipeline.sink().resyncs, 1, "the book is asked for again");
    pipeline.on_frame(Venue::Kalshi, 0, at(30), delta(4, "yes", "0.4000", "5.00").as_bytes());
    assert_eq!(pipeline.sink().shown.len(), 1, "a suspect book is never priced");
    let frame = kalshi(5, &[level("0.43", "75")], &[level("0.55", "60")]);
    pipeline.on_frame(Venue::Kalshi, 0, at(40), frame.as_bytes());
    assert_eq!(pipeline.sink().shown.last().unwrap().0.id, "p/yes-no/2");
    assert_eq!((pipeline.counts().gaps, pipeline.counts().resyncs), (1, 1));
}

#[test]
fn a_crossed_book_is_not_priced() {
    let mut pipeline = open();
    pipeline.on_frame(Venue::Kalshi, 0, at(20), delta(2, "yes", "0.4600", "5.00").as_bytes());
    assert_eq!(reasons(&pipeline), [CloseReason::BookCrossed]);
    pipeline.on_frame(Venue::Kalshi, 0, at(21), delta(3, "yes", "0.4600", "-5.00").as_bytes());
    assert_eq!(pipeline.sink().shown.len(), 2, "uncrossed, it is priced again");
}

#[test]
fn a_lost_connection_ends_the_trade() {
    let mut pipeline = open();
    pipeline.on_close(Venue::Polymarket, 0, at(20));
    assert_eq!(reasons(&pipeline), [CloseReason::BookSuspect]);
}

#[test]
fn a_silent_market_ends_its_trade() {
    let mut pipeline = open();
    pipeline.on_silent(Venue::Kalshi, support::TICKER, at(20));
    assert_eq!(reasons(&pipeline), [CloseReason::BookSuspect]);
}

#[test]
fn a_malformed_frame_changes_nothing() {
    let mut pipeline = open();
    let cut = &delta(2, "no", "0.5500", "-60.00")[..70];
    pipeline.on_frame(Venue::Kalshi, 0, at(20), cut.as_bytes());
    pipeline.on_frame(Venue::Polymarket, 0, at(20), b"\xff\xfe");
    assert_eq!(pipeline.sink().malformed, 2);
    assert_eq!((pipeline.counts().malformed, pipeline.sink().closed.len()), (2, 0));
}

#[test]
fn withdrawing_a_pair_ends_its_trade_without_touching_the_books() {
    let mut pipeline = open();
    let change = pipeline.replace_pairs(Vec::new());
    assert_eq!(
        (&change.removed[..], change.to_string().as_str()),
        (&["p".into()][..], "removed p")
    );
    assert_eq!(reasons(&pipeline), [CloseReason::Withdrawn]);
    let file = format!(
        r#"[{{"id":"q","kalshi":"{}","polymarket_yes":"{}","relation":"equal","fees":{FEES}}}]"#,
        support::TICKER,
        support::TOKEN
    );
    let change = pipeline.replace_pairs(pairs::parse(&file).unwrap());
    assert_eq!(change.added, ["q"]);
    assert_eq!(pipeline.sink().shown.last().unwrap().0.id, "q/yes-no/1", "books were kept");
}

#[test]
fn a_fee_change_applies_from_its_instant() {
    // The rate doubles 100 ms after the first frame; no book changes then.
    let change = time::OffsetDateTime::from(at(100).unwrap());
    let change = change.format(&time::format_description::well_known::Rfc3339).unwrap();
    let fees = format!(
        r#"[{FEES},{{"from":"{change}","kalshi":{{"multiplier":"2","precision":"0.0001"}},"polymarket":{{"rate":"0.10","exponent":"1"}}}}]"#
    );
    let mut pipeline = pipeline("equal", &fees);
    let frame = kalshi(1, &[level("0.43", "75")], &[level("0.55", "60")]);
    pipeline.on_frame(Venue::Kalshi, 0, at(0), frame.as_bytes());
    let frame = polymarket(&[level("0.58", "100")], &[level("0.60", "100")]);
    pipeline.on_frame(Venue::Polymarket, 0, at(10), frame.as_bytes());
    let nets = |pipeline: &Pipeline<Memory>| -> Vec<String> {
        pipeline.sink().shown.iter().map(|(o, _)| o.net_usd.to_string()).collect()
    };
    assert_eq!(nets(&pipeline), ["6.0297"]);
    pipeline.on_frame(Venue::Polymarket, 0, at(99), b"PONG");
    assert_eq!(pipeline.sink().shown.len(), 1);
    pipeline.on_frame(Venue::Polymarket, 0, at(100), b"PONG");
    // 0.14 · 60 · 0.45 · 0.55 = 2.079 and 0.10 · 60 · 0.42 · 0.58 = 1.4616 off 7.8.
    assert_eq!(nets(&pipeline), ["6.0297", "4.2594"]);
}

#[test]
fn limits_of_age_and_skew_apply_where_they_are_set() {
    let mut limits = Limits::default();
    limits.max_age = MaxAge::everywhere(std::time::Duration::from_secs(5));
    limits.max_skew = Some(std::time::Duration::from_secs(1));
    let mut pipeline =
        Pipeline::new(PipelineConfig::default().with_limits(limits), Memory::default());
    let file = format!(
        r#"[{{"id":"p","kalshi":"{}","polymarket_yes":"{}","relation":"equal","fees":{FEES}}}]"#,
        support::TICKER,
        support::TOKEN
    );
    pipeline.replace_pairs(pairs::parse(&file).unwrap());
    let book = |seq| kalshi(seq, &[level("0.43", "75")], &[level("0.55", "60")]);
    pipeline.on_frame(Venue::Kalshi, 0, at(0), book(1).as_bytes());
    let frame = polymarket(&[level("0.58", "100")], &[level("0.60", "100")]);
    pipeline.on_frame(Venue::Polymarket, 0, at(2_000), frame.as_bytes());
    assert!(pipeline.sink().shown.is_empty(), "two seconds apart");
    pipeline.on_frame(Venue::Kalshi, 0, at(2_500), book(2).as_bytes());
    assert_eq!(pipeline.sink().shown.len(), 1);
    pipeline.advance(at(8_000).unwrap());
    assert_eq!(reasons(&pipeline), [CloseReason::Stale]);
}

#[test]
fn the_funnel_counts_how_far_each_trade_came() {
    let mut pipeline = pipeline("equal", FEES);
    let counts = |pipeline: &Pipeline<Memory>| {
        let funnel = pipeline.funnel();
        [funnel.evaluated, funnel.priced, funnel.gross_edge, funnel.net_edge, funnel.within_limits]
    };
    let bid = |pipeline: &mut Pipeline<Memory>, millis, price: &str| {
        let frame = polymarket(&[level(price, "100")], &[level("0.60", "100")]);
        pipeline.on_frame(Venue::Polymarket, 0, at(millis), frame.as_bytes());
    };
    // Approval looks at both directions, and so does every frame; there is no book to hold against yet.
    let frame = kalshi(1, &[level("0.43", "75")], &[level("0.55", "60")]);
    pipeline.on_frame(Venue::Kalshi, 0, at(0), frame.as_bytes());
    assert_eq!(counts(&pipeline), [4, 0, 0, 0, 0]);
    // YES at 0.45 and NO at 0.42 pay; NO at 0.57 and YES at 0.60 do not.
    bid(&mut pipeline, 1, "0.58");
    assert_eq!(counts(&pipeline), [6, 2, 1, 1, 1]);
    // NO at 0.54 leaves a cent, and the fees take it.
    bid(&mut pipeline, 2, "0.46");
    assert_eq!(counts(&pipeline), [8, 4, 2, 1, 1]);
    bid(&mut pipeline, 3, "0.40");
    assert_eq!(counts(&pipeline), [10, 6, 2, 1, 1]);
    // A crossed book is judged and not priced.
    pipeline.on_frame(Venue::Kalshi, 0, at(4), delta(2, "yes", "0.4600", "5.00").as_bytes());
    assert_eq!(counts(&pipeline), [12, 6, 2, 1, 1]);
}

#[test]
fn each_venue_has_its_own_limit_of_age() {
    let seconds = std::time::Duration::from_secs;
    for (kalshi_limit, polymarket_limit, stale_at) in
        [(Some(5), Some(60), 5), (Some(60), Some(5), 7), (None, Some(9), 11), (None, None, 900)]
    {
        let mut limits = Limits::default();
        limits.max_age.set(Venue::Kalshi, kalshi_limit.map(seconds));
        limits.max_age.set(Venue::Polymarket, polymarket_limit.map(seconds));
        let config = PipelineConfig::default().with_limits(limits);
        let mut pipeline = support::configured(config, "equal", FEES);
        let frame = kalshi(1, &[level("0.43", "75")], &[level("0.55", "60")]);
        pipeline.on_frame(Venue::Kalshi, 0, at(0), frame.as_bytes());
        let frame = polymarket(&[level("0.58", "100")], &[level("0.60", "100")]);
        pipeline.on_frame(Venue::Polymarket, 0, at(2_000), frame.as_bytes());
        for second in 3..=stale_at {
            pipeline.advance(at(second * 1_000).unwrap());
            assert!(reasons(&pipeline).is_empty(), "{kalshi_limit:?} {polymarket_limit:?}");
        }
        pipeline.advance(at(stale_at * 1_000 + 1).unwrap());
        let expected = [CloseReason::Stale];
        let unlimited = kalshi_limit.or(polymarket_limit).is_none();
        assert_eq!(reasons(&pipeline), if unlimited { &[][..] } else { &expected });
    }
}

#[test]
fn a_trade_whose_size_goes_and_one_that_a_limit_stops_say_so() {
    // YES at 0.45 and NO at 0.54: a cent before fees, and none of it is left after them.
    let mut pipeline = open();
    let frame = polymarket(&[level("0.46", "100")], &[level("0.60", "100")]);
    pipeline.on_frame(Venue::Polymarket, 0, at(20), frame.as_bytes());
    assert_eq!(reasons(&pipeline), [CloseReason::SizeGone]);
    // Less than a contract is offered.
    let mut pipeline = open();
    pipeline.on_frame(Venue::Kalshi, 0, at(20), delta(2, "no", "0.5500", "-59.50").as_bytes());
    assert_eq!(reasons(&pipeline), [CloseReason::SizeGone]);
    // Four contracts still pay, and less than the least that is published.
    let mut limits = Limits::default();
    limits.min_net = Some("0.50".parse().unwrap());
    let config = PipelineConfig::default().with_limits(limits);
    let mut pipeline = support::configured(config, "equal", FEES);
    let frame = kalshi(1, &[level("0.43", "75")], &[level("0.55", "60")]);
    pipeline.on_frame(Venue::Kalshi, 0, at(0), frame.as_bytes());
    let frame = polymarket(&[level("0.58", "100")], &[level("0.60", "100")]);
    pipeline.on_frame(Venue::Polymarket, 0, at(10), frame.as_bytes());
    assert_eq!(pipeline.sink().shown.len(), 1);
    pipeline.on_frame(Venue::Kalshi, 0, at(20), delta(2, "no", "0.5500", "-56.00").as_bytes());
    assert_eq!(reasons(&pipeline), [CloseReason::Limited]);
    let funnel = pipeline.funnel();
    assert_eq!((funnel.net_edge, funnel.within_limits), (2, 1));
}

#[test]
fn a_time_of_zero_is_unknown_and_creates_no_age() {
    let mut limits = Limits::default();
    limits.max_age = MaxAge::everywhere(std::time::Duration::from_secs(5));
    let mut pipeline =
        Pipeline::new(PipelineConfig::default().with_limits(limits), Memory::default());
    let file = format!(
        r#"[{{"id":"p","kalshi":"{}","polymarket_yes":"{}","relation":"equal","fees":{FEES}}}]"#,
        support::TICKER,
        support::TOKEN
    );
    pipeline.replace_pairs(pairs::parse(&file).unwrap());
    let frame = kalshi(1, &[level("0.43", "75")], &[level("0.55", "60")]);
    pipeline.on_frame(Venue::Kalshi, 0, None, frame.as_bytes());
    let frame = polymarket(&[level("0.58", "100")], &[level("0.60", "100")]);
    pipeline.on_frame(Venue::Polymarket, 0, at(900_000), frame.as_bytes());
    assert_eq!(pipeline.sink().shown.len(), 1);
}

#[test]
fn a_market_is_dead_from_its_close_time_on() {
    let mut pipeline = open();
    pipeline.set_close_at(Venue::Kalshi, support::TICKER, at(1_000));
    pipeline.advance(at(999).unwrap());
    assert!(pipeline.sink().closed.is_empty());
    pipeline.advance(at(1_000).unwrap());
    assert_eq!(reasons(&pipeline), [CloseReason::BookClosed]);
}

#[test]
fn replacing_pairs_leaves_those_alone_that_stay_as_they_are() {
    let mut pipeline = open();
    let pair = |id: &str, token: &str| {
        format!(
            r#"{{"id":"{id}","kalshi":"{}","polymarket_yes":"{token}","relation":"equal","fees":{FEES}}}"#,
            support::TICKER
        )
    };
    let file = format!("[{},{}]", pair("new", "1"), pair("p", support::TOKEN));
    pipeline.replace_pairs(pairs::parse(&file).unwrap());
    assert!(pipeline.sink().closed.is_empty(), "p goes on");
    assert_eq!(pipeline.sink().shown.len(), 1, "and is not said twice");
    pipeline.replace_pairs(Vec::new());
    pipeline.replace_pairs(pairs::parse(&format!("[{}]", pair("p", support::TOKEN))).unwrap());
    assert_eq!(reasons(&pipeline), [CloseReason::Withdrawn]);
    assert_eq!(pipeline.sink().shown.last().unwrap().0.id, "p/yes-no/2", "an id is used once");
}

#[test]
fn books_of_pairs_only_show_the_same_trades() {
    let change = |price: &str, size: &str, mirror: &str| {
        serde_json::json!({"event_type": "price_change", "market": "0xc0nd", "timestamp": "1795187045000", "price_changes": [
            {"asset_id": TOKEN, "price": price, "size": size, "side": "BUY", "best_bid": price, "best_ask": "0.60"},
            {"asset_id": "9999", "price": mirror, "size": size, "side": "SELL", "best_bid": "0.40", "best_ask": mirror}]})
        .to_string()
    };
    let frames = [
        (Venue::Kalshi, kalshi(1, &[level("0.43", "75")], &[level("0.55", "60")])),
        (Venue::Polymarket, polymarket(&[level("0.40", "100")], &[level("0.60", "100")])),
        (
            Venue::Polymarket,
            polymarket_of("9999", &[level("0.40", "100")], &[level("0.60", "100")]),
        ),
        (Venue::Polymarket, change("0.58", "100", "0.42")),
        (Venue::Polymarket, change("0.58", "40", "0.42")),
        (Venue::Polymarket, change("0.58", "0", "0.42")),
    ];
    let run = |config: PipelineConfig| {
        let mut pipeline = Pipeline::new(config, Memory::default());
        let file = format!(
            r#"[{{"id":"p","kalshi":"{TICKER}","polymarket_yes":"{TOKEN}","relation":"equal","fees":[{FEES}]}}]"#
        );
        pipeline.replace_pairs(pairs::parse(&file).unwrap());
        for (millis, (venue, frame)) in (0..).zip(&frames) {
            pipeline.on_frame(*venue, 0, at(millis), frame.as_bytes());
        }
        let nets: Vec<_> = pipeline.sink().shown.iter().map(|(o, _)| o.net_usd).collect();
        let closed: Vec<_> = pipeline.sink().closed.iter().map(|c| (c.at, c.reason)).collect();
        (nets, closed, pipeline.board().books(Venue::Polymarket).len())
    };
    let (nets, closed, books) = run(PipelineConfig::default());
    assert_eq!((nets.len(), closed.len(), books), (2, 1, 2));
    assert_eq!(run(PipelineConfig::default().with_paired_books_only()), (nets, closed, 1));
}

#[test]
fn a_connection_that_opens_again_without_a_close_ends_its_trades() {
    let mut pipeline = open();
    pipeline.on_open(Venue::Kalshi, 0, at(20));
    assert_eq!(reasons(&pipeline), [CloseReason::BookSuspect]);
    assert_eq!(pipeline.sink().closed[0].at, at(20));
    let frame = kalshi(1, &[level("0.43", "75")], &[level("0.55", "60")]);
    pipeline.on_frame(Venue::Kalshi, 0, at(30), frame.as_bytes());
    assert_eq!((pipeline.sink().shown.len(), pipeline.counts().gaps), (2, 0));
}

#[test]
fn a_recording_is_not_priced_against_the_books_of_the_one_before() {
    let mut pipeline = open();
    for venue in Venue::ALL {
        pipeline.on_recording_end(venue, 0);
    }
    assert_eq!(reasons(&pipeline), [CloseReason::BookSuspect]);
    assert_eq!(pipeline.sink().closed[0].at, at(10), "with its last frame");
    for venue in Venue::ALL {
        let books = pipeline.board().books(venue);
        assert!(books.iter().all(|(_, book)| book.state() == arb_normalize::BookState::Live));
    }
    assert!(pipeline.pair_states().all(|(_, reason)| reason.is_some()));
    // The next one begins with Kalshi: Polymarket's book is still the other day's.
    let frame = kalshi(1, &[level("0.43", "75")], &[level("0.55", "60")]);
    pipeline.on_frame(Venue::Kalshi, 1, at(86_400_000), frame.as_bytes());
    let frame = delta(2, "no", "0.5500", "-5.00");
    pipeline.on_frame(Venue::Kalshi, 1, at(86_400_010), frame.as_bytes());
    assert_eq!((pipeline.sink().shown.len(), pipeline.scan_all(|_, _| ()).net_edge), (1, 0));
    let frame = polymarket(&[level("0.58", "100")], &[level("0.60", "100")]);
    pipeline.on_frame(Venue::Polymarket, 1, at(86_400_020), frame.as_bytes());
    assert_eq!(pipeline.sink().shown.len(), 2);
}

/// Polymarket takes no order below 5 shares or $1: its leg would be refused, the other one filled.
#[test]
fn no_order_is_smaller_than_its_venue_takes() {
    let of = |limits: Limits, price: &str, size: &str| {
        let config = PipelineConfig::default().with_limits(limits);
        let mut pipeline = support::configured(config, "equal", FEES);
        // NO at 1 − price on Polymarket, YES on Kalshi at ten cents less than what that leaves.
        let ask = format!("{:.2}", price.parse::<f64>().unwrap() - 0.10);
        let no = format!("{:.2}", 1.0 - ask.parse::<f64>().unwrap());
        let frame = kalshi(1, &[level("0.01", "75")], &[level(&no, "60")]);
        pipeline.on_frame(Venue::Kalshi, 0, at(0), frame.as_bytes());
        let frame = polymarket(&[level(price, size)], &[level("0.99", "100")]);
        pipeline.on_frame(Venue::Polymarket, 0, at(0), frame.as_bytes());
        let shown = pipeline.sink().shown.first();
        shown.map(|(trade, _)| trade.quantity.to_string())
    };
    let live = || {
        let mut limits = Limits::live();
        limits.min_net = None;
        limits
    };
    assert_eq!(of(Limits::default(), "0.60", "4"), Some("4".to_owned()), "a replay limits nothing");
    assert_eq!(of(live(), "0.60", "4"), None);
    assert_eq!(of(live(), "0.60", "5"), Some("5".to_owned()));
    // NO at 0.05: 19 shares cost 95 cents, 20 a dollar.
    assert_eq!(of(Limits::default(), "0.95", "19"), Some("19".to_owned()));
    assert_eq!(of(live(), "0.95", "19"), None);
    assert_eq!(of(live(), "0.95", "20"), Some("20".to_owned()));
}

#[test]
fn a_clock_that_was_set_back_leaves_nothing_open() {
    let mut limits = Limits::live();
    limits.min_net = None;
    let config = PipelineConfig::default().with_limits(limits);
    let mut pipeline = support::configured(config, "equal", FEES);
    let hour = 3_600_000;
    let frame = kalshi(1, &[level("0.43", "75")], &[level("0.55", "60")]);
    pipeline.on_frame(Venue::Kalshi, 0, at(hour), frame.as_bytes());
    let frame = polymarket(&[level("0.58", "100")], &[level("0.60", "100")]);
    pipeline.on_frame(Venue::Polymarket, 0, at(hour + 1), frame.as_bytes());
    assert_eq!(pipeline.open_opportunities().count(), 1);
    // Before anybody advances: a frame of the one venue meets the other's book of an hour ahead.
    pipeline.on_frame(Venue::Polymarket, 0, at(2), frame.as_bytes());
    assert_eq!(reasons(&pipeline), [CloseReason::Stale]);
    let frame = kalshi(2, &[level("0.43", "75")], &[level("0.55", "60")]);
    pipeline.on_frame(Venue::Kalshi, 0, at(10), frame.as_bytes());
    assert_eq!(pipeline.open_opportunities().count(), 1);

    let mut pipeline = open();
    pipeline.advance(at(-3_600_000).unwrap());
    assert_eq!(reasons(&pipeline), [CloseReason::BookSuspect], "without any limit of age");
    assert_eq!(pipeline.sink().resyncs, 2);
}

#[test]
fn a_market_that_was_decided_opens_no_trade_with_a_late_snapshot() {
    let mut pipeline = open();
    let resolved = format!(
        r#"{{"event_type":"market_resolved","id":"1","market":"0xc0nd","assets_ids":["{TOKEN}","72"],"winning_asset_id":"{TOKEN}","winning_outcome":"Yes","timestamp":"1"}}"#
    );
    pipeline.on_frame(Venue::Polymarket, 0, at(20), resolved.as_bytes());
    let frame = polymarket(&[level("0.58", "100")], &[level("0.60", "100")]);
    pipeline.on_frame(Venue::Polymarket, 0, at(30), frame.as_bytes());
    assert_eq!(reasons(&pipeline), [CloseReason::BookClosed]);
    assert_eq!(pipeline.sink().shown.len(), 1);
}

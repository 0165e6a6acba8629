//! Resting on one venue and hedging on the other.
use arb_normalize::{Outcome, Usd, Venue};
use arb_scan::quote::WITHIN;
use arb_scan::{Pipeline, PipelineConfig, Quote, QuoteConfig, pairs};
use rust_decimal::Decimal;

use crate::decimal::{Level, Random, kalshi_outlay, levels, mirror, polymarket_outlay, text, walk};
use crate::support::{Memory, TICKER, TOKEN, at, kalshi, level, polymarket};

fn pipeline() -> Pipeline<Memory> {
    let config = PipelineConfig::default().with_quoting(QuoteConfig::default());
    let mut pipeline = Pipeline::new(config, Memory::default());
    let file = format!(
        r#"[{{"id":"p","kalshi":"{TICKER}","polymarket_yes":"{TOKEN}","relation":"equal","fees":{{
            "kalshi":{{"multiplier":"1","precision":"0.0001"}},"polymarket":{{"rate":"0.03","exponent":"1"}}}}}}]"#
    );
    pipeline.replace_pairs(pairs::parse(&file).unwrap());
    pipeline
}

/// A trade with an id of its own, in the stream that numbers it.
fn trade(number: u64, side: &str, size: &str) -> String {
    trade_at(number, number, TICKER, side, size, 0)
}

/// Trade `id` of a market as frame `seq`, made so many milliseconds after the beginning.
fn trade_at(id: u64, seq: u64, market: &str, side: &str, size: &str, millis: i64) -> String {
    serde_json::json!({"type": "trade", "sid": 2, "seq": seq, "msg": {
        "trade_id": format!("d91bc706-ee49-470d-82d8-{id:012}"), "market_ticker": market, "yes_price_dollars": "0.4400",
        "no_price_dollars": "0.5600", "count_fp": size, "taker_side": side, "ts_ms": 1_795_187_045_000_i64 + millis}})
    .to_string()
}

fn of(pipeline: &Pipeline<Memory>, venue: Venue, outcome: Outcome) -> Option<Quote<'_>> {
    let mut quotes = pipeline.quotes().into_iter();
    quotes.find(|quote| (quote.rest.venue, quote.rest.outcome) == (venue, outcome))
}

#[test]
fn a_quote_is_worked_out_and_its_chances_come_from_trades() {
    let mut pipeline = pipeline();
    let frame = kalshi(1, &[level("0.44", "75")], &[level("0.54", "60")]);
    pipeline.on_frame(Venue::Kalshi, 0, at(0), frame.as_bytes());
    let frame = polymarket(&[level("0.48", "200"), level("0.40", "999")], &[level("0.49", "100")]);
    pipeline.on_frame(Venue::Polymarket, 0, at(0), frame.as_bytes());
    assert!(pipeline.sink().shown.is_empty(), "taking on both sides pays nothing");
    // Bid 0.44 for YES on Kalshi, NO at 0.52 on Polymarket.
    let quote = of(&pipeline, Venue::Kalshi, Outcome::Yes).unwrap();
    assert_eq!(quote.rest.limit.to_string(), "0.44");
    assert_eq!(quote.ahead.to_string(), "75");
    // 1 − 0.44 − 0.0175 · 0.44 · 0.56 − 0.005 = 0.550688 buys NO at 0.54: with 0.03 · 0.54 · 0.46 that is 0.547452; 0.55 is too dear.
    assert_eq!(quote.hedge.limit.to_string(), "0.54");
    // A quarter of the 200 at 0.52.
    assert_eq!(quote.quantity.to_string(), "50");
    // 50 · (1 − 0.44 − 0.52) less 0.0175 · 50 · 0.2464 and 0.03 · 50 · 0.2496.
    assert_eq!(quote.net_usd.to_string(), "1.41");
    assert_eq!(quote.evidence.watched, None, "no trade was ever received");
    assert!(quote.fills.iter().all(|fill| fill.chance.is_none()));

    // 130 contracts are sold every 20 s, in two trades: enough for the 75 ahead and the 50.
    let mut number = 0;
    for second in (0..200).step_by(20) {
        for (millis, side, size) in
            [(0, "no", "100.00"), (0, "yes", "999.00"), (500, "no", "30.00")]
        {
            number += 1;
            let frame = trade(number, side, size);
            pipeline.on_frame(Venue::Kalshi, 0, at(second * 1_000 + millis), frame.as_bytes());
        }
    }
    pipeline.on_frame(Venue::Polymarket, 0, at(200_000), b"PONG");
    let quote = of(&pipeline, Venue::Kalshi, Outcome::Yes).unwrap();
    assert_eq!((quote.evidence.trades, quote.evidence.volume.to_string()), (19, "1200".to_owned()));
    assert_eq!(quote.evidence.watched.unwrap().as_secs(), 200);
    let chances = quote.fills.map(|fill| fill.chance);
    // Within 1 s: the half second before each first trade of nine, of 199 s. Within 10 s: 9.5 s before each.
    assert!((chances[0].unwrap() - 4.5 / 199.0).abs() < 1e-9, "{chances:?}");
    assert!((chances[1].unwrap() - 9.0 * 9.5 / 190.0).abs() < 1e-9, "{chances:?}");
    assert_eq!(chances[2], None, "200 s are not ten minutes");
    assert_eq!(quote.fills.map(|fill| fill.within), WITHIN);
    // Nobody's trade on Polymarket was ever received: nothing is known there, rather than that nothing happens.
    let other = of(&pipeline, Venue::Polymarket, Outcome::No);
    assert!(other.is_none_or(|quote| quote.evidence.watched.is_none()));
}

/// What the quote that rests on a venue knows of trades: how many, and the seconds they were watched.
fn evidence(pipeline: &Pipeline<Memory>, venue: Venue) -> (u32, Option<u64>) {
    let outcome = if venue == Venue::Kalshi { Outcome::Yes } else { Outcome::No };
    let evidence = of(pipeline, venue, outcome).unwrap().evidence;
    (evidence.trades, evidence.watched.map(|watched| watched.as_secs()))
}

/// A pipeline whose pair has quotes on both venues, at 0 s.
fn quoted() -> Pipeline<Memory> {
    let mut pipeline = pipeline();
    let frame = kalshi(1, &[level("0.44", "75")], &[level("0.52", "60")]);
    pipeline.on_frame(Venue::Kalshi, 0, at(0), frame.as_bytes());
    let frame = polymarket(&[level("0.48", "200"), level("0.40", "999")], &[level("0.52", "100")]);
    pipeline.on_frame(Venue::Polymarket, 0, at(0), frame.as_bytes());
    pipeline
}

/// Kalshi frames at seconds.
fn hear(pipeline: &mut Pipeline<Memory>, second: i64, frames: &[String]) {
    for frame in frames {
        pipeline.on_frame(Venue::Kalshi, 0, at(second * 1_000), frame.as_bytes());
    }
}

fn asks_for_trades(pipeline: &mut Pipeline<Memory>, id: u64, markets: &[&str]) {
    let command = serde_json::json!({"id": id, "cmd": "subscribe", "params": {"channels": ["trade"], "market_tickers": markets}});
    pipeline.on_sent(Venue::Kalshi, 0, command.to_string().as_bytes());
}

fn granted(id: u64) -> String {
    format!(r#"{{"id":{id},"type":"subscribed","msg":{{"channel":"trade","sid":2}}}}"#)
}

#[test]
fn a_subscription_of_trades_counts_from_its_acknowledgement_and_each_trade_once() {
    let mut pipeline = quoted();
    asks_for_trades(&mut pipeline, 5, &[TICKER]);
    assert_eq!(evidence(&pipeline, Venue::Kalshi), (0, None), "asked is not granted");
    hear(&mut pipeline, 10, &[granted(5)]);
    pipeline.advance(at(30_000).unwrap());
    let quote = of(&pipeline, Venue::Kalshi, Outcome::Yes).unwrap();
    assert_eq!(quote.fills[0].chance, Some(0.0), "watched for 20 s, and nobody sold");
    assert_eq!(evidence(&pipeline, Venue::Kalshi), (0, Some(20)));
    // The same trade again, whether its number repeats or not; one of another market; one made long ago.
    let no = |id, seq, millis| trade_at(id, seq, TICKER, "no", "10.00", millis);
    let same = [no(1, 1, 31_000), no(1, 1, 31_000), no(1, 2, 31_000)];
    hear(&mut pipeline, 31, &same);
    assert_eq!(evidence(&pipeline, Venue::Kalshi), (1, Some(21)));
    let foreign = trade_at(2, 3, "KXOTHER-1", "no", "10.00", 32_000);
    hear(&mut pipeline, 32, &[foreign, no(3, 4, 1_000)]);
    assert_eq!(evidence(&pipeline, Venue::Kalshi), (1, Some(22)));
    // A little older than the newest is ordinary; it has the time at which it came.
    hear(&mut pipeline, 33, &[no(4, 5, 30_000)]);
    assert_eq!(evidence(&pipeline, Venue::Kalshi), (2, Some(23)));
    // Polymarket names several fills by one transaction.
    let fill = |size: &str, stamp: &str| {
        format!(
            r#"{{"event_type":"last_trade_price","asset_id":"{TOKEN}","market":"0x1","price":"0.52","size":"{size}","side":"BUY","timestamp":"{stamp}","transaction_hash":"0x77"}}"#
        )
    };
    for frame in [
        fill("5", "1795187085000"),
        fill("6", "1795187085000"),
        fill("6", "1795187085000"),
        fill("6", "1795187085001"),
    ] {
        pipeline.on_frame(Venue::Polymarket, 0, at(40_000), frame.as_bytes());
    }
    pipeline.on_frame(Venue::Polymarket, 0, at(41_000), fill("6", "1795187085001").as_bytes());
    pipeline.on_frame(Venue::Polymarket, 0, at(41_000), fill("7", "1795187086000").as_bytes());
    // Those that came first are where the watch begins.
    assert_eq!(evidence(&pipeline, Venue::Polymarket), (1, Some(1)));
    assert_eq!(evidence(&pipeline, Venue::Kalshi), (2, Some(31)));
}

#[test]
fn what_is_not_watched_without_a_break_is_not_counted() {
    let no = |id, seq, second: i64| trade_at(id, seq, TICKER, "no", "10.00", second * 1_000);
    let watched = || {
        let mut pipeline = quoted();
        asks_for_trades(&mut pipeline, 5, &[TICKER]);
        hear(&mut pipeline, 10, &[granted(5)]);
        hear(&mut pipeline, 20, &[no(1, 1, 20)]);
        assert_eq!(evidence(&pipeline, Venue::Kalshi), (1, Some(10)));
        pipeline
    };
    // Trades were lost: how many is not known. A gap of the book's numbers says nothing about them.
    let mut pipeline = watched();
    hear(&mut pipeline, 30, &[no(3, 3, 30)]);
    hear(&mut pipeline, 40, &[no(4, 4, 40)]);
    assert_eq!(evidence(&pipeline, Venue::Kalshi), (1, Some(10)));
    let [bids, asks] = [[level("0.44", "75")], [level("0.52", "60")]];
    hear(&mut pipeline, 50, &[kalshi(9, &bids, &asks)]);
    assert_eq!(evidence(&pipeline, Venue::Kalshi), (1, Some(20)));

    // The connection is lost; on the new one everything begins anew, and what is told again counts once.
    let mut pipeline = watched();
    pipeline.on_close(Venue::Kalshi, 0, at(30_000));
    pipeline.on_open(Venue::Kalshi, 0, at(31_000));
    hear(&mut pipeline, 40, &[kalshi(1, &bids, &asks)]);
    assert_eq!(evidence(&pipeline, Venue::Kalshi), (0, None), "nothing is asked for yet");
    asks_for_trades(&mut pipeline, 5, &[TICKER]);
    hear(&mut pipeline, 45, &[granted(5), no(1, 1, 20), no(2, 2, 46)]);
    hear(&mut pipeline, 50, &[no(2, 3, 46), no(3, 4, 49)]);
    pipeline.advance(at(55_000).unwrap());
    assert_eq!(evidence(&pipeline, Venue::Kalshi), (1, Some(10)));

    // The venue ends the subscription, or we do.
    let dead = r#"{"sid":2,"seq":2,"type":"error","msg":{"code":25,"msg":"overflow"}}"#;
    let ended = r#"{"id":7,"sid":2,"seq":2,"type":"unsubscribed"}"#;
    for frame in [dead, ended] {
        let mut pipeline = watched();
        hear(&mut pipeline, 30, &[frame.to_owned()]);
        assert_eq!(evidence(&pipeline, Venue::Kalshi), (0, None), "{frame}");
    }
    for params in [
        format!(r#"{{"sid":2,"action":"delete_markets","market_tickers":["{TICKER}"]}}"#),
        r#"{"sids":[2]}"#.to_owned(),
    ] {
        let mut pipeline = watched();
        let cmd = if params.contains("sids") { "unsubscribe" } else { "update_subscription" };
        let command = format!(r#"{{"id":8,"cmd":"{cmd}","params":{params}}}"#);
        pipeline.on_sent(Venue::Kalshi, 0, command.as_bytes());
        assert_eq!(evidence(&pipeline, Venue::Kalshi), (0, None), "{command}");
    }
    // A refusal leaves it unknown, an added market counts from its acknowledgement.
    let mut pipeline = quoted();
    asks_for_trades(&mut pipeline, 5, &["KXOTHER-1"]);
    hear(&mut pipeline, 10, &[granted(5)]);
    let add = |id: u64| {
        format!(
            r#"{{"id":{id},"cmd":"update_subscription","params":{{"sid":2,"action":"add_markets","market_tickers":["{TICKER}"]}}}}"#
        )
    };
    pipeline.on_sent(Venue::Kalshi, 0, add(6).as_bytes());
    let refusal = r#"{"id":6,"type":"error","msg":{"code":27,"msg":"rate"}}"#;
    let ok = r#"{"id":6,"sid":2,"seq":1,"type":"ok","msg":{"market_tickers":[]}}"#;
    hear(&mut pipeline, 20, &[refusal.to_owned(), ok.to_owned()]);
    assert_eq!(evidence(&pipeline, Venue::Kalshi), (0, None));
    pipeline.on_sent(Venue::Kalshi, 0, add(7).as_bytes());
    hear(
        &mut pipeline,
        30,
        &[ok.replace("\"id\":6", "\"id\":7").replace("\"seq\":1", "\"seq\":2")],
    );
    pipeline.advance(at(35_000).unwrap());
    assert_eq!(evidence(&pipeline, Venue::Kalshi), (0, Some(5)));
    // A connection in doubt counts again from the next frame of the subscription; a pair approved anew goes on with it.
    pipeline.on_close(Venue::Kalshi, 0, at(36_000));
    hear(&mut pipeline, 37, &[kalshi(1, &bids, &asks)]);
    assert_eq!(evidence(&pipeline, Venue::Kalshi), (0, None));
    hear(&mut pipeline, 40, &[trade_at(9, 3, "KXOTHER-1", "no", "1.00", 40_000)]);
    pipeline.advance(at(42_000).unwrap());
    assert_eq!(evidence(&pipeline, Venue::Kalshi), (0, Some(2)));
    let pairs = pipeline.board().pairs().to_vec();
    pipeline.replace_pairs(Vec::new());
    pipeline.advance(at(50_000).unwrap());
    pipeline.replace_pairs(pairs);
    pipeline.advance(at(54_000).unwrap());
    assert_eq!(evidence(&pipeline, Venue::Kalshi), (0, Some(4)));
}

/// Every quote by trying every hedge price on the grid, in exact decimals.
#[test]
fn quotes_equal_those_worked_out_in_decimals() {
    let cases = if std::env::var_os("ARB_LONG").is_some() { 100_000 } else { 5_000 };
    let mut random = Random(0x5555_aaaa_1234_4321);
    let (mut found, rate) = (0, Decimal::new(3, 2));
    for case in 0..cases {
        let middle = 42 + random.below(9);
        let bids = levels(&mut random, middle - 6, middle);
        let asks = levels(&mut random, middle, middle + 6);
        let other = 42 + random.below(9);
        let other_bids = levels(&mut random, other - 6, other);
        let other_asks = levels(&mut random, other, other + 6);
        let mut pipeline = pipeline();
        let frame = kalshi(1, &text(&bids), &text(&mirror(&asks)));
        pipeline.on_frame(Venue::Kalshi, 0, at(0), frame.as_bytes());
        let frame = polymarket(&text(&other_bids), &text(&other_asks));
        pipeline.on_frame(Venue::Polymarket, 0, at(0), frame.as_bytes());
        let crossed = crate::decimal::crossed;
        if crossed(&bids, &asks) || crossed(&other_bids, &other_asks) {
            assert!(pipeline.quotes().is_empty(), "case {case}");
            continue;
        }
        // Joined bids for an outcome, and the asks of the other outcome on the other venue.
        let sides = [
            (Venue::Kalshi, Outcome::Yes, bids.clone(), mirror(&other_bids)),
            (Venue::Kalshi, Outcome::No, mirror(&asks), other_asks.clone()),
            (Venue::Polymarket, Outcome::No, mirror(&other_asks), asks.clone()),
            (Venue::Polymarket, Outcome::Yes, other_bids.clone(), mirror(&bids)),
        ];
        for (venue, outcome, resting, hedging) in sides {
            let expected = worked_out(venue, &resting, &hedging, rate);
            let quote = of(&pipeline, venue, outcome);
            let got = quote.map(|q| {
                (q.rest.limit.into(), q.hedge.limit.into(), q.quantity.into(), q.net_usd.into())
            });
            assert_eq!(got, expected, "case {case} {venue} {outcome} {resting:?} {hedging:?}");
            found += usize::from(expected.is_some());
        }
    }
    assert!(found > cases / 10, "only {found} quotes: too tame to prove anything");
    assert!(Usd::CENT.is_positive());
}

type Expected = Option<(Decimal, Decimal, Decimal, Decimal)>;

fn worked_out(venue: Venue, resting: &[Level], hedging: &[Level], rate: Decimal) -> Expected {
    let joined = resting.iter().map(|l| l.0).max()?;
    let unit = |rate: Decimal, price: Decimal| rate * price * (Decimal::ONE - price);
    let (maker, taker) = match venue {
        Venue::Kalshi => (Decimal::new(175, 4), rate),
        _ => (Decimal::ZERO, Decimal::new(7, 2)),
    };
    let left = Decimal::ONE - joined - unit(maker, joined) - Decimal::new(5, 3);
    let limit = (1..100)
        .map(|cents| Decimal::new(cents, 2))
        .filter(|price| price + unit(taker, *price) <= left)
        .max()?;
    let offered: Decimal = hedging.iter().filter(|l| l.0 <= limit).map(|l| l.1).sum();
    let quantity = (offered.floor() / Decimal::from(4)).floor().min(Decimal::ONE_HUNDRED);
    if quantity == Decimal::ZERO {
        return None;
    }
    let (own, hedge) = ([(joined, quantity)], walk(hedging, quantity)?);
    let (rested, hedged) = match venue {
        Venue::Kalshi => (kalshi_outlay(&own, maker), polymarket_outlay(&hedge, taker)),
        _ => (polymarket_outlay(&own, maker), kalshi_outlay(&hedge, taker)),
    };
    let net = quantity - rested - hedged;
    (net > Decimal::ZERO).then_some((joined, limit, quantity, net))
}

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

fn trade(side: &str, size: &str) -> String {
    serde_json::json!({"type": "trade", "sid": 2, "seq": 1, "msg": {
        "trade_id": "d91bc706-ee49-470d-82d8-11418bda6fed", "market_ticker": TICKER, "yes_price_dollars": "0.4400",
        "no_price_dollars": "0.5600", "count_fp": size, "taker_side": side, "ts": 1_795_187_045}})
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
    for second in (0..200).step_by(20) {
        pipeline.on_frame(Venue::Kalshi, 0, at(second * 1_000), trade("no", "100.00").as_bytes());
        pipeline.on_frame(
            Venue::Kalshi,
            0,
            at(second * 1_000 + 500),
            trade("no", "30.00").as_bytes(),
        );
        pipeline.on_frame(Venue::Kalshi, 0, at(second * 1_000), trade("yes", "999.00").as_bytes());
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

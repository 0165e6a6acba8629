//! Trades that want the same liquidity: served one after the other, against the same done by hand in exact decimals.
use std::collections::HashMap;

use arb_normalize::{Outcome, Usd, Venue};
use arb_scan::{Ending, Pipeline, PipelineConfig, pairs};
use rust_decimal::Decimal;

use crate::decimal::{Level, Random, best, crossed, levels, mirror, text};
use crate::support::{Memory, at, kalshi_of, level, polymarket_of};

/// Takes the best of a ladder of asks.
fn consume(asks: &mut Vec<Level>, mut quantity: Decimal) {
    asks.sort();
    for (_, size) in asks.iter_mut() {
        let here = quantity.min(*size);
        *size -= here;
        quantity -= here;
    }
    asks.retain(|(_, size)| *size > Decimal::ZERO);
}

/// What can be bought, by market and outcome.
type Asks = HashMap<(usize, Outcome), Vec<Level>>;

/// Two Kalshi markets and a third, all paired with one Polymarket market.
fn shared(random: &mut Random) -> (Pipeline<Memory>, Asks) {
    let mut pipeline = Pipeline::new(PipelineConfig::default(), Memory::default());
    let fees = r#"{"kalshi":{"multiplier":"1","precision":"0.0001"},"polymarket":{"rate":"0.02","exponent":"1"}}"#;
    let file: Vec<String> = (0..3)
        .map(|n| format!(r#"{{"id":"p{n}","kalshi":"K{n}","polymarket_yes":"P","relation":"equal","fees":{fees}}}"#))
        .collect();
    pipeline.replace_pairs(pairs::parse(&format!("[{}]", file.join(","))).unwrap());
    let mut asks = HashMap::new();
    for number in 0..4 {
        let middle = 46 + random.below(9);
        let (bids, offers) =
            (levels(random, middle - 8, middle), levels(random, middle, middle + 8));
        if crossed(&bids, &offers) {
            continue;
        }
        if number < 3 {
            let ticker = format!("K{number}");
            let frame =
                kalshi_of(&ticker, number as u64 + 1, 1, &text(&bids), &text(&mirror(&offers)));
            pipeline.on_frame(Venue::Kalshi, 0, at(0), frame.as_bytes());
        } else {
            let frame = polymarket_of("P", &text(&bids), &text(&offers));
            pipeline.on_frame(Venue::Polymarket, 0, at(0), frame.as_bytes());
        }
        asks.insert((number, Outcome::Yes), offers);
        asks.insert((number, Outcome::No), mirror(&bids));
    }
    (pipeline, asks)
}

#[test]
fn liquidity_and_capital_count_once() {
    let cases = if std::env::var_os("ARB_LONG").is_some() { 20_000 } else { 2_000 };
    let mut random = Random(0x1234_5678_9abc_def1);
    let (mut fought, mut short) = (0, 0);
    let rate = Decimal::new(2, 2);
    for case in 0..cases {
        let (pipeline, displayed) = shared(&mut random);
        let ranked = pipeline.ranked();
        let earns = |net: Usd, capital: Usd| Decimal::from(net) / Decimal::from(capital);
        for two in ranked.windows(2) {
            let [a, b] =
                [&two[0], &two[1]].map(|(trade, _)| earns(trade.net_usd, trade.outlay_usd()));
            assert!(a >= b - Decimal::new(1, 12), "case {case}: {a} before {b}");
        }
        let mut rest = displayed.clone();
        let shares = pipeline.serve(None);
        assert_eq!(shares.len(), ranked.len());
        for (share, (trade, _)) in shares.iter().zip(&ranked) {
            assert_eq!(share.id, trade.id);
            let number = share.pair[1..].parse().unwrap();
            let (k, p) = ((number, trade.legs[0].outcome), (3, trade.legs[1].outcome));
            let expected = best(&rest[&k], &rest[&p], rate).unwrap_or_default();
            let got = (Decimal::from(share.quantity), Decimal::from(share.net_usd));
            assert_eq!(got, expected, "case {case} {share:?}");
            consume(rest.get_mut(&k).unwrap(), expected.0);
            consume(rest.get_mut(&p).unwrap(), expected.0);
            fought += usize::from(!share.competing.is_empty());
        }
        let all: Usd = shares.iter().map(|share| share.capital_usd).sum();
        let capital = Usd::from_micros(i64::try_from(random.below(10_000_000)).unwrap());
        let limited = pipeline.serve(Some(capital));
        let used: Usd = limited.iter().map(|share| share.capital_usd).sum();
        assert!(used <= capital, "case {case}: {used} of {capital}");
        short += usize::from(used < all);
    }
    assert!(
        fought > cases / 20 && short > cases / 20,
        "{fought} {short}: too tame to prove anything"
    );
}

#[test]
fn the_terms_of_a_trade() {
    let mut pipeline = crate::support::pipeline(
        "equal",
        r#"{"kalshi":{"multiplier":"1","precision":"0.0001"},"polymarket":{"rate":"0.05","exponent":"1"}}"#,
    );
    pipeline.set_resolves_at("p", at(10 * 86_400_000));
    let frame = crate::support::kalshi(1, &[level("0.43", "75")], &[level("0.55", "60")]);
    pipeline.on_frame(Venue::Kalshi, 0, at(0), frame.as_bytes());
    let frame = crate::support::polymarket(&[level("0.58", "100")], &[level("0.60", "100")]);
    pipeline.on_frame(Venue::Polymarket, 0, at(0), frame.as_bytes());
    let (trade, terms) = pipeline.ranked().remove(0);
    // 60 contracts: $52.20 and $1.7703 of fees earn $6.0297 in ten days.
    assert_eq!(terms.capital_usd, trade.outlay_usd());
    assert_eq!(terms.capital_usd.to_string(), "53.9703");
    assert!((terms.days.unwrap() - 10.0).abs() < 1e-9);
    assert!((terms.annualised.unwrap() - 6.0297 / 53.9703 * 36.5).abs() < 1e-9);
    assert_eq!(terms.worst.ending, Ending::VenuesDiffer);
    assert_eq!(terms.worst.net_usd.to_string(), "-53.9703");
    assert_eq!(terms.first_leg, 0, "Kalshi offers just the 60 wanted, Polymarket 100");
    assert_eq!(terms.epochs.len(), 2);
    assert!(terms.epochs.iter().all(|epoch| epoch.number() > 0));
    assert_eq!(terms.heard_at.as_slice(), [at(0), at(0)]);
    // Money that is back within hours is compared as if it took a day.
    pipeline.set_resolves_at("p", at(6 * 3_600_000));
    let (_, terms) = pipeline.ranked().remove(0);
    assert!((terms.days.unwrap() - 0.25).abs() < 1e-9);
    assert!((terms.annualised.unwrap() - 6.0297 / 53.9703 * 365.0).abs() < 1e-9);
    assert!((terms.per_capital_day - 6.0297 / 53.9703).abs() < 1e-12);
    // Where both offer as much as the other, Polymarket's order goes first: its fill is final later.
    let frame = crate::support::polymarket(&[level("0.58", "60")], &[level("0.60", "100")]);
    pipeline.on_frame(Venue::Polymarket, 0, at(7), frame.as_bytes());
    let (_, terms) = pipeline.ranked().remove(0);
    assert_eq!(terms.first_leg, 1);
    assert_eq!(terms.heard_at.as_slice(), [at(0), at(7)]);
}

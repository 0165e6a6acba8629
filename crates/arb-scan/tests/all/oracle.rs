//! Every trade the pipeline shows against brute force over every quantity, in exact decimals.
use arb_normalize::Venue;
use rust_decimal::Decimal;

use crate::decimal::{Random, best, crossed, levels, mirror, text};
use crate::support::{at, kalshi, pipeline, polymarket};

#[test]
fn every_trade_equals_brute_force() {
    let cases = if std::env::var_os("ARB_LONG").is_some() { 120_000 } else { 10_000 };
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut trades = 0;
    for case in 0..cases {
        // Books that do not cross themselves, and cross each other often.
        let middle = 20 + random.below(60);
        let (yes_bids, yes_asks) =
            (levels(&mut random, middle - 8, middle), levels(&mut random, middle, middle + 8));
        let other = (middle + random.below(9)).saturating_sub(4).max(10);
        let (bids, asks) =
            (levels(&mut random, other - 8, other), levels(&mut random, other, other + 8));
        if crossed(&yes_bids, &yes_asks) || crossed(&bids, &asks) {
            continue;
        }
        let complement = random.below(2) == 0;
        let rate = Decimal::new(i64::try_from(random.below(8)).unwrap(), 2);
        let fees = format!(
            r#"{{"kalshi":{{"multiplier":"1","precision":"0.0001"}},"polymarket":{{"rate":"{rate}","exponent":"1"}}}}"#
        );
        let mut pipeline = pipeline(if complement { "complement" } else { "equal" }, &fees);
        let frame = kalshi(1, &text(&yes_bids), &text(&mirror(&yes_asks)));
        pipeline.on_frame(Venue::Kalshi, 0, at(0), frame.as_bytes());
        let frame = polymarket(&text(&bids), &text(&asks));
        pipeline.on_frame(Venue::Polymarket, 0, at(1), frame.as_bytes());

        let (first, second) = (asks.clone(), mirror(&bids));
        let [with_yes, with_no] = if complement { [first, second] } else { [second, first] };
        let expected = [
            ("yes", best(&yes_asks, &with_yes, rate)),
            ("no", best(&mirror(&yes_bids), &with_no, rate)),
        ];
        let shown: Vec<(String, String, String)> = pipeline
            .sink()
            .shown
            .iter()
            .map(|(o, _)| {
                (o.legs[0].outcome.to_string(), o.quantity.to_string(), o.net_usd.to_string())
            })
            .collect();
        let expected: Vec<(String, String, String)> = expected
            .into_iter()
            .filter_map(|(outcome, best)| {
                let (quantity, net) = best?;
                Some((
                    outcome.to_owned(),
                    quantity.normalize().to_string(),
                    net.normalize().to_string(),
                ))
            })
            .collect();
        assert_eq!(
            shown, expected,
            "case {case}: yes {yes_bids:?} {yes_asks:?} other {bids:?} {asks:?}"
        );
        trades += expected.len();
    }
    assert!(trades > cases / 10, "only {trades} trades: the boards are too tame to prove anything");
}

//! Every trade the pipeline shows against brute force over every quantity, in exact decimals.
use arb_normalize::{Opportunity, Outcome, Venue};
use arb_scan::{Ending, EndingProfit};
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
        for (trade, _) in &pipeline.sink().shown {
            check_endings(trade, complement, &pipeline.sink().endings[&trade.id]);
        }
        trades += expected.len();
    }
    assert!(trades > cases / 10, "only {trades} trades: the boards are too tame to prove anything");
}

/// How a market ends: what its YES pays, or nothing decided and the price given back.
#[derive(Clone, Copy, PartialEq)]
enum End {
    Pays(Decimal),
    Void,
}

/// Every terminal state of the two markets, the table of the detector's document, against what the trade says of its endings.
fn check_endings(trade: &Opportunity, complement: bool, endings: &[EndingProfit]) {
    let quantity = Decimal::from(trade.quantity);
    let outlay = Decimal::from(trade.outlay_usd());
    let earns = |ends: [End; 2]| -> Decimal {
        let paid = trade.legs.iter().zip(ends).map(|(leg, end)| match (end, leg.outcome) {
            (End::Void, _) => Decimal::from(leg.cost_usd),
            (End::Pays(yes), Outcome::Yes) => yes * quantity,
            (End::Pays(yes), Outcome::No) => (Decimal::ONE - yes) * quantity,
        });
        paid.sum::<Decimal>() - outlay
    };
    let least = |ends: &[[End; 2]]| ends.iter().map(|ends| earns(*ends)).min().unwrap();
    let told = |ending| {
        let one = endings.iter().find(|told| told.ending == ending).unwrap();
        Decimal::from(one.net_usd)
    };
    let (yes, no) = (End::Pays(Decimal::ONE), End::Pays(Decimal::ZERO));
    let half = End::Pays(Decimal::new(5, 1));
    // Settled alike, by yes, by no or at any value between: what was promised, to the last digit.
    for hundredths in [0, 1, 37, 50, 99, 100] {
        let value = Decimal::new(hundredths, 2);
        let other = if complement { Decimal::ONE - value } else { value };
        let net = earns([End::Pays(value), End::Pays(other)]);
        assert_eq!(net, Decimal::from(trade.net_usd), "{trade:?} at {value}");
    }
    assert_eq!(told(Ending::Planned), Decimal::from(trade.net_usd));
    assert_eq!(told(Ending::FiftyFifty), earns([half, half]));
    assert_eq!(told(Ending::Void), earns([End::Void, End::Void]));
    let one_void = [[End::Void, yes], [End::Void, no], [yes, End::Void], [no, End::Void]];
    assert_eq!(told(Ending::VoidOne), least(&one_void), "{trade:?}");
    let decided = [[yes, yes], [yes, no], [no, yes], [no, no]];
    assert_eq!(told(Ending::VenuesDiffer), least(&decided), "{trade:?}");
    // Polymarket's 50-50 against a decision of Kalshi costs half of the payout at worst.
    let half_decided = least(&[[yes, half], [no, half]]);
    assert_eq!(half_decided, quantity / Decimal::TWO - outlay);
    assert_eq!(endings.len(), 5, "{endings:?}");
}

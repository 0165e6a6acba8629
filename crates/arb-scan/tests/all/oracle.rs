//! Every trade the pipeline shows against brute force over every quantity, in exact decimals.
use arb_normalize::Venue;
use rust_decimal::{Decimal, RoundingStrategy};

use crate::support::{Text, at, kalshi, pipeline, polymarket};

/// xorshift: the same boards every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

type Level = (Decimal, Decimal);

/// 0 to 4 levels at different prices within [from, to] cents, sizes with up to two decimals.
fn levels(random: &mut Random, from: u64, to: u64) -> Vec<Level> {
    let mut levels: Vec<Level> = Vec::new();
    for _ in 0..random.below(5) {
        // Whole cents as a rule, tenths of a cent now and then.
        let tenths = (from + random.below(to - from)) * 10
            + if random.below(4) == 0 { random.below(10) } else { 0 };
        let price = Decimal::new(i64::try_from(tenths).unwrap(), 3);
        let size = Decimal::new(i64::try_from(1 + random.below(1_500)).unwrap(), 2);
        if levels.iter().all(|(other, _)| *other != price) {
            levels.push((price, size));
        }
    }
    levels
}

fn text(levels: &[Level]) -> Vec<Text> {
    levels.iter().map(|(price, size)| (price.to_string(), size.to_string())).collect()
}

fn up(value: Decimal, decimals: u32) -> Decimal {
    value.round_dp_with_strategy(decimals, RoundingStrategy::ToPositiveInfinity)
}

/// The levels that `quantity` takes of asks, `None` when there are fewer.
fn walk(asks: &[Level], quantity: Decimal) -> Option<Vec<Level>> {
    let mut asks = asks.to_vec();
    asks.sort();
    let mut left = quantity;
    let mut taken = Vec::new();
    for (price, size) in asks {
        let take = left.min(size);
        if take > Decimal::ZERO {
            taken.push((price, take));
        }
        left -= take;
    }
    (left == Decimal::ZERO).then_some(taken)
}

fn cost(taken: &[Level]) -> Decimal {
    taken.iter().map(|(price, size)| price * size).sum()
}

fn kalshi_outlay(taken: &[Level], rate: Decimal) -> Decimal {
    let fee: Decimal = taken.iter().map(|(p, s)| up(rate * s * p * (Decimal::ONE - p), 6)).sum();
    up(cost(taken) + fee, 4)
}

fn polymarket_outlay(taken: &[Level], rate: Decimal) -> Decimal {
    let fee: Decimal = taken.iter().map(|(p, s)| rate * s * p * (Decimal::ONE - p)).sum();
    cost(taken) + up(fee, 5)
}

/// The smallest quantity with the largest net profit, if any is positive.
fn best(kalshi: &[Level], polymarket: &[Level], rate: Decimal) -> Option<(Decimal, Decimal)> {
    let mut best: Option<(Decimal, Decimal)> = None;
    for contracts in 1.. {
        let quantity = Decimal::from(contracts);
        let (Some(k), Some(p)) = (walk(kalshi, quantity), walk(polymarket, quantity)) else {
            return best;
        };
        let net = quantity - kalshi_outlay(&k, Decimal::new(7, 2)) - polymarket_outlay(&p, rate);
        if net > Decimal::ZERO && best.is_none_or(|(_, most)| net > most) {
            best = Some((quantity, net));
        }
    }
    best
}

fn mirror(levels: &[Level]) -> Vec<Level> {
    levels.iter().map(|(price, size)| (Decimal::ONE - price, *size)).collect()
}

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
        let crossed = |bids: &[Level], asks: &[Level]| {
            let (bid, ask) = (bids.iter().map(|l| l.0).max(), asks.iter().map(|l| l.0).min());
            matches!((bid, ask), (Some(bid), Some(ask)) if bid >= ask)
        };
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

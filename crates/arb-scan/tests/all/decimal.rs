//! Books and costs in exact decimals, worked out without the crates under test.

use rust_decimal::{Decimal, RoundingStrategy};

use crate::support::Text;

/// xorshift: the same boards every run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

pub(crate) type Level = (Decimal, Decimal);

/// 0 to 4 levels at different prices within [from, to] cents, sizes with up to two decimals.
pub(crate) fn levels(random: &mut Random, from: u64, to: u64) -> Vec<Level> {
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

pub(crate) fn text(levels: &[Level]) -> Vec<Text> {
    levels.iter().map(|(price, size)| (price.to_string(), size.to_string())).collect()
}

pub(crate) fn up(value: Decimal, decimals: u32) -> Decimal {
    value.round_dp_with_strategy(decimals, RoundingStrategy::ToPositiveInfinity)
}

/// The levels that `quantity` takes of asks, `None` when there are fewer.
pub(crate) fn walk(asks: &[Level], quantity: Decimal) -> Option<Vec<Level>> {
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

pub(crate) fn cost(taken: &[Level]) -> Decimal {
    taken.iter().map(|(price, size)| price * size).sum()
}

pub(crate) fn kalshi_outlay(taken: &[Level], rate: Decimal) -> Decimal {
    let fee: Decimal = taken.iter().map(|(p, s)| up(rate * s * p * (Decimal::ONE - p), 6)).sum();
    up(cost(taken) + fee, 4)
}

pub(crate) fn polymarket_outlay(taken: &[Level], rate: Decimal) -> Decimal {
    let fee: Decimal = taken.iter().map(|(p, s)| rate * s * p * (Decimal::ONE - p)).sum();
    cost(taken) + up(fee, 5)
}

pub(crate) fn mirror(levels: &[Level]) -> Vec<Level> {
    levels.iter().map(|(price, size)| (Decimal::ONE - price, *size)).collect()
}

/// The smallest quantity with the largest net profit, if any is positive.
pub(crate) fn best(
    kalshi: &[Level],
    polymarket: &[Level],
    rate: Decimal,
) -> Option<(Decimal, Decimal)> {
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

/// Whether the best bid is at or above the best ask.
pub(crate) fn crossed(bids: &[Level], asks: &[Level]) -> bool {
    let (bid, ask) = (bids.iter().map(|l| l.0).max(), asks.iter().map(|l| l.0).min());
    matches!((bid, ask), (Some(bid), Some(ask)) if bid >= ask)
}

//! What a planted opportunity is worth: the raw rule, worked out the slow and obvious way.
//!
//! One taker order a leg, whole contracts, full depth. Kalshi's outlay is the cost plus each level's
//! fee rounded up to $0.000001, the sum rounded up to $0.0001; Polymarket's outlay is the cost plus
//! the order's fee rounded up to $0.00001. The best quantity is the smallest that attains the
//! highest net. Every quantity is tried, one after the other, in integers.

use crate::units::{CONTRACT, Dollars, Price, Quantity};

/// Fees of one pair of markets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fees {
    /// Kalshi's fee multiplier in hundredths (100 = 1).
    pub(crate) kalshi_multiplier: i64,
    /// Polymarket's rate in hundredths (5 = 0.05); exponent 1.
    pub(crate) polymarket_rate: i64,
}

/// The best trade: how many contracts and what is left of the dollar after both outlays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Best {
    pub(crate) quantity: i64,
    pub(crate) net: Dollars,
}

/// One dollar in the scale of the sums: price (1e-4) × quantity (1e-6) × price² (1e-8) × rate (1e-4).
const DOLLAR: i128 = 1_000_000_000_000_000_000_000_000;
const MICRO: i128 = DOLLAR / 1_000_000;

/// Takes `quantity` contracts from the best level on; `None` when the book does not hold them.
fn fills(asks: &[(Price, Quantity)], quantity: i64) -> Option<Vec<(Price, i64)>> {
    let mut left = quantity.checked_mul(CONTRACT)?;
    let mut taken = Vec::new();
    for &(price, size) in asks {
        if left == 0 {
            break;
        }
        let take = left.min(size.0);
        taken.push((price, take));
        left -= take;
    }
    (left == 0).then_some(taken)
}

fn cost(fills: &[(Price, i64)]) -> i128 {
    let raw: i128 = fills.iter().map(|&(p, q)| i128::from(p.0) * i128::from(q)).sum();
    raw * (DOLLAR / 10_000 / 1_000_000)
}

/// quantity · rate · p · (1 − p), with the rate in ten-thousandths.
fn fee(price: Price, quantity: i64, rate: i64) -> i128 {
    let p = i128::from(price.0);
    let raw = i128::from(quantity) * i128::from(rate) * p * (10_000 - p);
    raw * (DOLLAR / 1_000_000 / 10_000 / 100_000_000)
}

fn round_up(value: i128, unit: i128) -> i128 {
    (value + unit - 1).div_euclid(unit) * unit
}

/// Net of buying `quantity` contracts at each of two asks; `None` when there are not so many.
pub(crate) fn net(
    kalshi_asks: &[(Price, Quantity)],
    polymarket_asks: &[(Price, Quantity)],
    fees: Fees,
    quantity: i64,
) -> Option<Dollars> {
    let kalshi = fills(kalshi_asks, quantity)?;
    let polymarket = fills(polymarket_asks, quantity)?;
    // 0.07 times the multiplier in hundredths is 7 times it in ten-thousandths.
    let rate = 7 * fees.kalshi_multiplier;
    let kalshi_fee: i128 = kalshi.iter().map(|&(p, q)| round_up(fee(p, q, rate), MICRO)).sum();
    let kalshi_outlay = round_up(cost(&kalshi) + kalshi_fee, DOLLAR / 10_000);
    let rate = 100 * fees.polymarket_rate;
    let raw_fee: i128 = polymarket.iter().map(|&(p, q)| fee(p, q, rate)).sum();
    let polymarket_outlay = cost(&polymarket) + round_up(raw_fee, DOLLAR / 100_000);
    let net = i128::from(quantity) * DOLLAR - kalshi_outlay - polymarket_outlay;
    // Every term is a multiple of the unit: a cost is a price times a size, and fees are rounded to coarser ones.
    i64::try_from(net / (DOLLAR / i128::from(Dollars::UNITS))).ok().map(Dollars)
}

/// The smallest whole quantity with the highest net, if any nets more than nothing.
pub(crate) fn best(
    kalshi_asks: &[(Price, Quantity)],
    polymarket_asks: &[(Price, Quantity)],
    fees: Fees,
) -> Option<Best> {
    let mut best: Option<Best> = None;
    for quantity in 1.. {
        let Some(net) = net(kalshi_asks, polymarket_asks, fees, quantity) else { break };
        if net.0 > best.map_or(0, |b| b.net.0) {
            best = Some(Best { quantity, net });
        }
        // Beyond a gross loss on the next contract nothing can improve any more, fees only add.
        let marginal = |asks: &[(Price, Quantity)]| {
            fills(asks, quantity).and_then(|f| f.last().map(|&(p, _)| p.0)).unwrap_or(10_000)
        };
        if marginal(kalshi_asks) + marginal(polymarket_asks) > 10_000 + 100 {
            break;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    const FEES: Fees = Fees { kalshi_multiplier: 100, polymarket_rate: 5 };

    fn level(price: i64, contracts: i64) -> (Price, Quantity) {
        (Price(price), Quantity::contracts(contracts))
    }

    #[test]
    fn a_worked_example_holds_to_the_last_digit() {
        // Kalshi 100 at 0.28: 28 + 0.07·100·0.28·0.72 = 1.4112 → 29.4112.
        // Polymarket 100 at 0.60: 60 + 0.05·100·0.6·0.4 = 1.2 → 61.2. Net 100 − 90.6112 = 9.3888.
        let found = best(&[level(2_800, 100)], &[level(6_000, 250)], FEES).unwrap();
        assert_eq!(found, Best { quantity: 100, net: Dollars::from_millionths(9_388_800) });
    }

    #[test]
    fn roundings_follow_the_raw_rule() {
        // 1 at 0.055: fee 0.003639(ceil of 0.00363825) → 0.058639 → up to 0.0587.
        // Polymarket 1 at 0.9: 0.05·0.09 = 0.0045. Net 1 − 0.0587 − 0.9045 = 0.0368.
        let got = net(&[level(550, 5)], &[level(9_000, 5)], FEES, 1).unwrap();
        assert_eq!(got, Dollars::from_millionths(36_800));
    }

    #[test]
    fn deeper_levels_are_taken_only_while_they_pay() {
        let kalshi = [level(4_000, 10), level(4_400, 10), level(5_500, 500)];
        let found = best(&kalshi, &[level(5_000, 1_000)], FEES).unwrap();
        assert_eq!(found.quantity, 20);
        assert!(best(&[level(5_000, 10)], &[level(4_900, 10)], FEES).is_none());
    }

    #[test]
    fn fractional_levels_are_taken_whole_contract_by_whole_contract() {
        let kalshi = [(Price(4_000), Quantity(2_500_000)), level(4_100, 1)];
        assert_eq!(
            fills(&kalshi, 3).unwrap(),
            [(Price(4_000), 2_500_000), (Price(4_100), 500_000)]
        );
        assert!(fills(&kalshi, 4).is_none());
    }

    #[test]
    fn a_level_of_any_size_costs_what_it_costs() {
        // 2.333333 at 0.4001 and 0.666667 at 0.41 cost 0.9335665333 + 0.27333347 = 1.2069000033, fees of
        // 0.050493 make 1.2573930033 and so 1.2574; Polymarket 2.333333 and 0.666667 at 0.5001
        // and 0.52 cost 1.5135666733 and its fee is 0.03749. Net 3 − 1.2574 − 1.5510566733.
        let levels = |first, second| {
            [(Price(first), Quantity(2_333_333)), (Price(second), Quantity(5_000_000))]
        };
        let got = net(&levels(4_001, 4_100), &levels(5_001, 5_200), FEES, 3).unwrap();
        assert_eq!(got.to_string(), "0.1915433267");
    }
}

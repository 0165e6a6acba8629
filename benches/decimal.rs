//! The best whole quantity over two ladders, in `rust_decimal`: walk both while a contract pays, then look around for the best
//! rounded value. It gives what our sizer gives, to the digit.

use rust_decimal::{Decimal, RoundingStrategy};

/// One order's ladder with what it costs so far.
#[derive(Debug)]
pub struct Prepared {
    /// Price; cumulative size at its end; and before it: cost, exact fee, rounded fee; the fee of one contract.
    levels: Vec<[Decimal; 6]>,
    kalshi: bool,
}

fn ceil(value: Decimal, decimals: u32) -> Decimal {
    value.round_dp_with_strategy(decimals, RoundingStrategy::ToPositiveInfinity)
}

impl Prepared {
    /// Levels as (price, size), best first, at a fee of `rate`·p·(1−p).
    pub fn new(
        levels: impl Iterator<Item = (Decimal, Decimal)>,
        rate: Decimal,
        kalshi: bool,
    ) -> Self {
        let mut sums = [Decimal::ZERO; 4];
        let levels = levels
            .map(|(price, size)| {
                let unit = rate * price * (Decimal::ONE - price);
                let fee = unit * size;
                let [end, cost, exact, rounded] = sums;
                sums = [
                    end + size,
                    cost + price * size,
                    exact + fee,
                    rounded + if kalshi { ceil(fee, 6) } else { fee },
                ];
                [price, sums[0], cost, exact, rounded, unit]
            })
            .collect();
        Self { levels, kalshi }
    }

    /// Exact and rounded outlay of `quantity`.
    fn outlay(&self, quantity: Decimal) -> Option<(Decimal, Decimal)> {
        let at = self.levels.iter().position(|level| quantity <= level[1])?;
        let start = if at == 0 { Decimal::ZERO } else { self.levels[at - 1][1] };
        let [price, _, cost, exact, rounded, unit] = self.levels[at];
        let size = quantity - start;
        let (cost, fee) = (cost + price * size, unit * size);
        let outlay = if self.kalshi {
            ceil(cost + rounded + ceil(fee, 6), 4)
        } else {
            cost + ceil(rounded + fee, 5)
        };
        Some((cost + exact + fee, outlay))
    }
}

/// The smallest whole quantity of the largest net profit, and that profit.
#[must_use]
pub fn size(legs: &[Prepared; 2]) -> Option<(Decimal, Decimal)> {
    let (mut at, mut top) = ([0, 0], Decimal::ZERO);
    while let (Some(a), Some(b)) = (legs[0].levels.get(at[0]), legs[1].levels.get(at[1])) {
        if a[0] + a[5] + b[0] + b[5] >= Decimal::ONE {
            break;
        }
        top = a[1].min(b[1]);
        at[0] += usize::from(a[1] == top);
        at[1] += usize::from(b[1] == top);
    }
    let top = top.floor();
    let mut best: Option<(Decimal, Decimal)> = None;
    for (step, mut quantity) in [(Decimal::ONE, top + Decimal::ONE), (-Decimal::ONE, top)] {
        while quantity > Decimal::ZERO {
            let outlays = legs[0].outlay(quantity).zip(legs[1].outlay(quantity));
            let Some(((exact_a, a), (exact_b, b))) = outlays else { break };
            let floor = best.map_or(Decimal::ZERO, |best| best.1);
            if quantity - exact_a - exact_b < floor {
                break;
            }
            let value = quantity - a - b;
            let smaller = best.is_none_or(|best| quantity < best.0);
            if value > floor || (value == floor && smaller && best.is_some()) {
                best = Some((quantity, value));
            }
            quantity += step;
        }
    }
    best
}

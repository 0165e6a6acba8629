//! The best whole quantity over two ladders, in `rust_decimal`: walk both while a contract pays, then look around for the best
//! rounded value. It gives what our sizer gives, to the digit.

use rust_decimal::{Decimal, RoundingStrategy};
use smallvec::SmallVec;

/// One level, with what the order costs before it.
#[derive(Debug, Clone, Copy)]
struct Priced {
    price: Decimal,
    /// Cumulative size before it and at its end.
    start: Decimal,
    end: Decimal,
    /// Before it: cost, exact fee, and the fee with each level's rounded.
    cost: Decimal,
    exact: Decimal,
    rounded: Decimal,
    /// The fee of one contract.
    unit: Decimal,
}

/// One order's ladder, priced as far as the search has come.
#[derive(Debug)]
pub struct Prepared<L> {
    rest: L,
    priced: SmallVec<[Priced; 32]>,
    rate: Decimal,
    kalshi: bool,
}

fn ceil(value: Decimal, decimals: u32) -> Decimal {
    value.round_dp_with_strategy(decimals, RoundingStrategy::ToPositiveInfinity)
}

impl<L: Iterator<Item = (Decimal, Decimal)>> Prepared<L> {
    /// Levels as (price, size), best first, at a fee of `rate`·p·(1−p).
    pub fn new(levels: L, rate: Decimal, kalshi: bool) -> Self {
        Self { rest: levels, priced: SmallVec::new(), rate, kalshi }
    }

    /// A level by its number.
    fn level(&mut self, at: usize) -> Option<Priced> {
        while self.priced.len() <= at {
            let (price, size) = self.rest.next()?;
            let unit = self.rate * price * (Decimal::ONE - price);
            let next = match self.priced.last() {
                None => Priced {
                    price,
                    start: Decimal::ZERO,
                    end: size,
                    cost: Decimal::ZERO,
                    exact: Decimal::ZERO,
                    rounded: Decimal::ZERO,
                    unit,
                },
                Some(last) => {
                    let taken = last.end - last.start;
                    let fee = last.unit * taken;
                    Priced {
                        price,
                        start: last.end,
                        end: last.end + size,
                        cost: last.cost + last.price * taken,
                        exact: last.exact + fee,
                        rounded: last.rounded + if self.kalshi { ceil(fee, 6) } else { fee },
                        unit,
                    }
                }
            };
            self.priced.push(next);
        }
        self.priced.get(at).copied()
    }

    /// Exact and rounded outlay of `quantity`.
    fn outlay(&mut self, quantity: Decimal) -> Option<(Decimal, Decimal)> {
        let mut at = 0;
        let level = loop {
            let level = self.level(at)?;
            if quantity <= level.end {
                break level;
            }
            at += 1;
        };
        let size = quantity - level.start;
        let (cost, fee) = (level.cost + level.price * size, level.unit * size);
        let outlay = if self.kalshi {
            ceil(cost + level.rounded + ceil(fee, 6), 4)
        } else {
            cost + ceil(level.rounded + fee, 5)
        };
        Some((cost + level.exact + fee, outlay))
    }
}

/// The smallest whole quantity of the largest net profit, and that profit.
#[must_use]
pub fn size<K, P>(
    mut kalshi: Prepared<K>,
    mut polymarket: Prepared<P>,
) -> Option<(Decimal, Decimal)>
where
    K: Iterator<Item = (Decimal, Decimal)>,
    P: Iterator<Item = (Decimal, Decimal)>,
{
    let (mut at, mut top) = ([0, 0], Decimal::ZERO);
    while let (Some(a), Some(b)) = (kalshi.level(at[0]), polymarket.level(at[1])) {
        if a.price + a.unit + b.price + b.unit >= Decimal::ONE {
            break;
        }
        top = a.end.min(b.end);
        at[0] += usize::from(a.end == top);
        at[1] += usize::from(b.end == top);
    }
    let top = top.floor();
    let mut best: Option<(Decimal, Decimal)> = None;
    for (step, mut quantity) in [(Decimal::ONE, top + Decimal::ONE), (-Decimal::ONE, top)] {
        while quantity > Decimal::ZERO {
            let outlays = kalshi.outlay(quantity).zip(polymarket.outlay(quantity));
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

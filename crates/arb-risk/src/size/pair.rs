//! The ordinary case: two legs under quadratic fees, and an answer right beside the maximum of U.

use arb_normalize::opportunity::Action;
use arb_normalize::{Ladder, Level, Price, Usd};
use arrayvec::ArrayVec;

use super::cursor::PICO_UNITS;
use super::{Leg, MAX_QUANTITY, PRICE_UNITS, SizeRequest};
use crate::fees::{ExactFee, FeeModel, OrderCost, Rate, UnitFee, ceil_micros};

/// What a pair earns most with.
pub(super) struct Answer {
    /// Micro-contracts; meaningless where nothing is earned.
    pub(super) quantity: u64,
    /// In units of 1e-26 dollars, zero where nothing is earned.
    pub(super) value: i128,
    pub(super) orders: [OrderCost; 2],
}

/// The answer for a pair, `None` where a search is needed: because of minimums, limits on outlay, levels smaller than a
/// lot, another fee formula, more levels than fit, or an edge so small that roundings decide.
pub(super) fn best<F: FeeModel>(
    request: &SizeRequest<'_, F>,
    lot: u64,
    most: u64,
) -> Option<Answer> {
    let [one, other] = request.legs else { return None };
    if request.max_outlay.is_some() {
        return None;
    }
    let (mut one, mut other) = (Depth::new(one, lot)?, Depth::new(other, lot)?);
    let payout = request.payout_units();
    let (start, end) = climb(&mut one, &mut other, rough_above(payout), most)?;
    let top = end / lot * lot;
    if top < start || top == 0 {
        return None;
    }
    let fixed = request.fixed_units();
    let mut answer = Answer { quantity: 0, value: 0, orders: [OrderCost::default(); 2] };
    let mut try_lot = |quantity: u64| {
        let taken = (one.take(quantity)?, other.take(quantity)?);
        let earned = payout * i128::from(quantity) - fixed;
        let exact = earned - taken.0.exact() - taken.1.exact();
        if exact > answer.value {
            let orders = [one.order(&taken.0), other.order(&taken.1)];
            let value = earned - (orders[0].outlay.pico() + orders[1].outlay.pico()) * PICO_UNITS;
            if value > answer.value {
                answer = Answer { quantity, value, orders };
            }
        }
        Some((exact, payout - one.unit_cost(&taken.0) - other.unit_cost(&taken.1)))
    };
    let (at_top, last) = try_lot(top)?;
    let above = if top + lot <= most { try_lot(top + lot) } else { None };
    let further = above.map_or(0, |(exact, last)| exact + last * i128::from(lot));
    // U is concave: a lot further away loses at least what the contract beside it earns.
    let below = at_top - last * i128::from(lot);
    let decided = (top == lot || below < answer.value.max(1)) && further <= answer.value;
    decided.then_some(answer)
}

/// The last stretch that earns: where it starts and where it ends; `None` where not even the first contract does, and
/// where levels run out of room.
///
/// Rough costs are too low by less than 2e-16 dollars each, so the climb may go on where a contract loses less than
/// that; the comparison with the neighbours, which is exact, notices.
#[inline]
fn climb<F: FeeModel>(
    one: &mut Depth<'_, F>,
    other: &mut Depth<'_, F>,
    payout: i64,
    most: u64,
) -> Option<(u64, u64)> {
    let (mut start, mut end) = (0, 0);
    let (mut i, mut j) = (0, 0);
    let (mut here, mut there) = (one.level(0)?, other.level(0)?);
    let mut edge = payout - here.rough - there.rough;
    if edge <= 0 {
        return None;
    }
    loop {
        let ends = here.end.min(there.end).min(most);
        // Where two levels end at once, there is no stretch between them.
        if ends > end {
            (start, end) = (end, ends);
        }
        if end == most {
            break;
        }
        if here.end <= there.end {
            i += 1;
            let Some(next) = one.level(i) else { break };
            edge += here.rough - next.rough;
            here = next;
        } else {
            j += 1;
            let Some(next) = other.level(j) else { break };
            edge += there.rough - next.rough;
            there = next;
        }
        if edge <= 0 {
            break;
        }
    }
    Some((start, end))
}

/// Rough units are 2^14 of 1e-20 dollars: $1,000 and the costs of two legs fit 64 bits, and a micro-dollar is a whole
/// number of them (10^14 = 2^14 · 5^14).
const ROUGH_BITS: u32 = 14;

/// Units of 1e-20 dollars as rough ones, rounded up.
const fn rough_above(units: i128) -> i64 {
    -(-units >> ROUGH_BITS) as i64
}

/// So many levels are read at first, so many at a time from then on, and so many are kept.
const FIRST: usize = 2;
const CHUNK: usize = 10;
const ROOM: usize = 62;

/// A level with what is needed of it.
#[derive(Clone, Copy)]
struct Near {
    price: Price,
    /// The fee of a contract in units of 1e-20 dollars.
    unit: u64,
    /// What a contract costs with its fee, in rough units, rounded down.
    rough: i64,
    /// Where the level ends, micro-contracts.
    end: u64,
}

/// The levels of a leg that were looked at so far.
struct Depth<'a, F> {
    leg: &'a Leg<'a, F>,
    rest: Ladder<'a>,
    near: ArrayVec<Near, ROOM>,
    /// Those below what was taken last.
    sums: Sums,
    rate: Rate,
    /// To so many micro-dollars the fee of a level is rounded up; zero where only the order's fee is rounded.
    step: u64,
}

impl<'a, F: FeeModel> Depth<'a, F> {
    #[inline]
    fn new(leg: &'a Leg<'a, F>, lot: u64) -> Option<Self> {
        let formula = leg.fees.quadratic().filter(|formula| formula.rate <= UnitFee::SHORT_RATE)?;
        let plain =
            leg.max_outlay.is_none() && !leg.min_cost.is_positive() && leg.min_size.micros() <= lot;
        plain.then(|| Self {
            leg,
            rest: leg.ladder,
            near: ArrayVec::new(),
            sums: Sums::default(),
            rate: formula.rate,
            step: formula.level_step.map_or(0, |step| step.micros().into()),
        })
    }

    /// The level with an index that is at most one beyond the last one asked for.
    #[inline]
    fn level(&mut self, index: usize) -> Option<Near> {
        if index >= self.near.len() {
            self.read();
        }
        self.near.get(index).copied()
    }

    #[inline(never)]
    fn read(&mut self) {
        let (most, mut end) = match self.near.last() {
            Some(last) => (self.near.remaining_capacity().min(CHUNK), last.end),
            None => (FIRST, 0),
        };
        let sign = if self.leg.action == Action::Buy { 1 } else { -1 };
        let micro = sign * (PRICE_UNITS >> ROUGH_BITS) as i64;
        let (rate, near) = (self.rate, &mut self.near);
        self.rest.take_each(most, |Level { price, size }| {
            let unit = UnitFee::quadratic_short(rate, price);
            let rough = i64::from(price.micros()) * micro + (unit >> ROUGH_BITS) as i64;
            end = (end + size.micros()).min(MAX_QUANTITY.micros());
            near.push(Near { price, unit, rough, end });
        });
    }

    /// What `quantity` takes; `None` when there are fewer. Quantities asked for must not fall.
    #[inline]
    fn take(&mut self, quantity: u64) -> Option<Taken> {
        while self.near.last().is_none_or(|last| last.end < quantity) {
            let before = self.near.len();
            self.read();
            if self.near.len() == before {
                return None;
            }
        }
        match self.step {
            0 => self.sum_to(quantity, |_| 0),
            1 => self.sum_to(quantity, ceil_micros),
            step => self.sum_to(quantity, |fee| ceil_micros(fee).div_ceil(step) * step),
        }
        let Sums { levels, start, cost, exact, .. } = self.sums;
        let Near { price, unit, .. } = *self.near.get(levels)?;
        let size = u128::from(quantity - start);
        let here = u128::from(unit) * size;
        let cost = (cost + u128::from(price.micros()) * size) as i128;
        let cost = if self.leg.action == Action::Buy { cost } else { -cost };
        Some(Taken { price, unit, cost, here, fees: exact + here })
    }

    #[inline]
    fn sum_to(&mut self, quantity: u64, level_fee: impl Fn(u128) -> u64) {
        let mut sums = self.sums;
        for level in self.near.iter().skip(sums.levels) {
            if level.end >= quantity {
                break;
            }
            let size = u128::from(level.end - sums.start);
            let fee = u128::from(level.unit) * size;
            sums.cost += u128::from(level.price.micros()) * size;
            sums.exact += fee;
            sums.rounded += level_fee(fee);
            sums.start = level.end;
            sums.levels += 1;
        }
        self.sums = sums;
    }

    /// What the last contract of what was taken last costs with its fee, in units of 1e-20 dollars.
    #[inline]
    fn unit_cost(&self, taken: &Taken) -> i128 {
        i128::from(self.leg.signed(taken.price)) * PRICE_UNITS + i128::from(taken.unit)
    }

    /// The order for what was taken last.
    #[inline]
    fn order(&self, taken: &Taken) -> OrderCost {
        let fees = match self.step {
            0 => ExactFee::from_units(taken.fees),
            1 => ExactFee::from_micros(self.sums.rounded + ceil_micros(taken.here)),
            step => {
                let here = ceil_micros(taken.here).div_ceil(step) * step;
                ExactFee::from_micros(self.sums.rounded + here)
            }
        };
        OrderCost::new(&self.leg.fees, taken.price, Usd::from_pico(taken.cost), fees)
    }
}

/// What the levels before a place on a ladder come to.
///
/// No quantity is above [`MAX_QUANTITY`], so a leg costs at most 1e21 units of 1e-12 dollars and 1e35 of 1e-26 dollars:
/// no sum comes near the end of its type.
#[derive(Clone, Copy, Default)]
struct Sums {
    /// How many they are.
    levels: usize,
    /// Where they end, micro-contracts.
    start: u64,
    /// Σ price × size, in units of 1e-12 dollars.
    cost: u128,
    /// Their fees in units of 1e-26 dollars.
    exact: u128,
    /// Their fees as rounded by level, micro-dollars.
    rounded: u64,
}

/// What an order takes from a ladder.
struct Taken {
    /// The worst price.
    price: Price,
    /// The fee of a contract there, in units of 1e-20 dollars.
    unit: u64,
    /// Σ price × size, negative for a sale, in units of 1e-12 dollars.
    cost: i128,
    /// The exact fee of what is taken at the worst price, in units of 1e-26 dollars.
    here: u128,
    /// The exact fee of all.
    fees: u128,
}

impl Taken {
    /// Cost and fees before any rounding, in units of 1e-26 dollars.
    #[inline]
    const fn exact(&self) -> i128 {
        self.cost * PICO_UNITS + self.fees as i128
    }
}

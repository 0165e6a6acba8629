//! The ordinary case: two legs under quadratic fees, and an answer right beside the maximum of U.

use arb_normalize::opportunity::Action;
use arb_normalize::{Ladder, Level, Price, Usd};

use super::cursor::PICO_UNITS;
use super::{Leg, MAX_QUANTITY, PRICE_UNITS, SizeRequest};
use crate::fees::{ExactFee, FeeModel, OrderCost, Rate, UnitFee, ceil_micros};

/// What a pair earns most with.
pub(super) struct Answer {
    /// Micro-contracts; meaningless where nothing is earned.
    pub(super) quantity: u64,
    /// In units of 1e-26 dollars, zero where nothing is earned.
    pub(super) value: i128,
    /// What the last contract earns, in units of 1e-20 dollars.
    pub(super) last: i128,
    pub(super) orders: [OrderCost; 2],
}

/// The answer for a pair, `None` where a search is needed: because of minimums, limits on outlay, levels smaller than a
/// lot, another fee formula, or an edge so small that roundings decide.
#[inline]
pub(super) fn best<F: FeeModel>(
    request: &SizeRequest<'_, F>,
    lot: u64,
    most: u64,
) -> Option<Answer> {
    let [one, other] = request.legs else { return None };
    if request.max_outlay.is_some() {
        return None;
    }
    let formulas = (formula(one, lot)?, formula(other, lot)?);
    let payout = request.payout_units();
    let mut pair = Pair {
        one: Place::new(one, formulas.0),
        other: Place::new(other, formulas.1),
        payout,
        fixed: request.fixed_units(),
        answer: Answer { quantity: 0, value: 0, last: 0, orders: [OrderCost::default(); 2] },
    };
    let (end, outer) = climb(&mut pair.one, &mut pair.other, rough_above(payout), most)?;
    let top = end / lot * lot;
    // A level entered where the one before it ended holds no whole lot: its price is not the worst one taken.
    if top <= pair.one.start.max(pair.other.start) {
        return None;
    }
    let (at_top, last) = pair.try_lot(top);
    // U is concave: a lot further away loses at least what the contract beside it earns.
    if top > lot && at_top - last * i128::from(lot) >= pair.answer.value.max(1) {
        return None;
    }
    let above = top + lot;
    if let Some(outer) = outer.filter(|_| above <= most) {
        let at_end = at_top + last * i128::from(end - top);
        let beyond = i128::from(outer) * (i128::from(above - end) << ROUGH_BITS);
        if at_end + beyond > pair.answer.value && pair.one.reach(above) && pair.other.reach(above) {
            let (exact, last) = pair.try_lot(above);
            if exact + last * i128::from(lot) > pair.answer.value {
                return None;
            }
        }
    }
    Some(pair.answer)
}

/// Both legs, and the best quantity so far.
struct Pair<'a, F> {
    one: Place<'a, F>,
    other: Place<'a, F>,
    /// The discounted payout of a contract, in units of 1e-20 dollars.
    payout: i128,
    /// The fixed cost, in units of 1e-26 dollars.
    fixed: i128,
    answer: Answer,
}

impl<F: FeeModel> Pair<'_, F> {
    /// U of a quantity on the levels where both legs stand, and what its last contract earns before rounding.
    #[inline]
    fn try_lot(&mut self, quantity: u64) -> (i128, i128) {
        let taken = (self.one.take(quantity), self.other.take(quantity));
        let earned = self.payout * i128::from(quantity) - self.fixed;
        let exact = earned - taken.0.exact() - taken.1.exact();
        let last = self.payout - self.one.unit_cost() - self.other.unit_cost();
        if exact > self.answer.value {
            let orders = [self.one.order(&taken.0), self.other.order(&taken.1)];
            let value = earned - (orders[0].outlay.pico() + orders[1].outlay.pico()) * PICO_UNITS;
            if value > self.answer.value {
                self.answer = Answer { quantity, value, last, orders };
            }
        }
        (exact, last)
    }
}

/// Walks both ladders to the end of the last stretch that earns, and leaves each leg on the level that ends there or
/// reaches across. Says where that is, and what a contract earns at most on the stretch beyond (not above zero, in
/// rough units), `None` where there is none; `None` for all where not even the first contract earns.
///
/// Rough costs are too low by less than 2e-16 dollars each, so the climb may go on where a contract loses less than
/// that; the comparison with the neighbours, which is exact, notices.
#[inline]
fn climb<F: FeeModel>(
    one: &mut Place<'_, F>,
    other: &mut Place<'_, F>,
    payout: i64,
    most: u64,
) -> Option<(u64, Option<i64>)> {
    let (here, there) = (one.read()?, other.read()?);
    one.enter(here);
    other.enter(there);
    let mut edge = payout - one.here.rough - other.here.rough;
    if edge <= 0 {
        return None;
    }
    loop {
        let (ends, reaches) = (one.here.end, other.here.end);
        let end = ends.min(reaches);
        if end >= most {
            return Some((most, None));
        }
        // Where two levels end at once, there is no stretch between them.
        if ends < reaches {
            let Some(next) = one.read() else { return Some((end, None)) };
            edge += one.here.rough - next.rough;
            if edge <= 0 {
                one.next = Some(next);
                return Some((end, Some(edge)));
            }
            one.enter(next);
        } else if reaches < ends {
            let Some(next) = other.read() else { return Some((end, None)) };
            edge += other.here.rough - next.rough;
            if edge <= 0 {
                other.next = Some(next);
                return Some((end, Some(edge)));
            }
            other.enter(next);
        } else {
            let (Some(next), Some(after)) = (one.read(), other.read()) else {
                return Some((end, None));
            };
            edge += one.here.rough - next.rough + other.here.rough - after.rough;
            if edge <= 0 {
                (one.next, other.next) = (Some(next), Some(after));
                return Some((end, Some(edge)));
            }
            one.enter(next);
            other.enter(after);
        }
    }
}

/// Rough units are 2^14 of 1e-20 dollars: $1,000 and the costs of two legs fit 64 bits, and a micro-dollar is a whole
/// number of them (10^14 = 2^14 · 5^14).
const ROUGH_BITS: u32 = 14;

/// Units of 1e-20 dollars as rough ones, rounded up.
const fn rough_above(units: i128) -> i64 {
    -(-units >> ROUGH_BITS) as i64
}

/// A level with what is needed of it.
#[derive(Clone, Copy, Default)]
struct Near {
    price: Price,
    /// The fee of a contract in units of 1e-20 dollars.
    unit: u64,
    /// What a contract costs with its fee, in rough units, rounded down.
    rough: i64,
    /// Where the level ends, micro-contracts.
    end: u64,
}

/// A place on a leg's ladder: the level it stands on, and what those before it come to.
///
/// No quantity is above [`MAX_QUANTITY`], so a leg costs at most 1e21 units of 1e-12 dollars and 1e35 of 1e-26 dollars:
/// no sum comes near the end of its type.
struct Place<'a, F> {
    leg: &'a Leg<'a, F>,
    rest: Ladder<'a>,
    here: Near,
    /// The level after it, where it was looked at and not entered.
    next: Option<Near>,
    /// Where the level starts, micro-contracts.
    start: u64,
    /// Σ price × size before it, in units of 1e-12 dollars.
    cost: u128,
    /// The fees before it, in units of 1e-26 dollars.
    exact: u128,
    /// The fees before it as rounded by level, micro-dollars.
    rounded: u64,
    rate: Rate,
    /// To so many micro-dollars the fee of a level is rounded up; zero where only the order's fee is rounded.
    step: u64,
    /// What a micro-dollar of price costs, in rough units: negative for a sale.
    micro: i64,
}

/// The rate of a leg without minimums above a lot and limits, and to how many micro-dollars the fees of its levels are
/// rounded up, zero where they are not; `None` where a search is needed.
#[inline]
fn formula<F: FeeModel>(leg: &Leg<'_, F>, lot: u64) -> Option<(Rate, u64)> {
    let formula = leg.fees.quadratic().filter(|formula| formula.rate <= UnitFee::SHORT_RATE)?;
    let plain =
        leg.max_outlay.is_none() && !leg.min_cost.is_positive() && leg.min_size.micros() <= lot;
    plain.then(|| (formula.rate, formula.level_step.map_or(0, |step| step.micros().into())))
}

impl<'a, F: FeeModel> Place<'a, F> {
    /// Before the first level.
    #[inline]
    fn new(leg: &'a Leg<'a, F>, (rate, step): (Rate, u64)) -> Self {
        let sign = if leg.action == Action::Buy { 1 } else { -1 };
        Self {
            leg,
            rest: leg.ladder,
            here: Near::default(),
            next: None,
            start: 0,
            cost: 0,
            exact: 0,
            rounded: 0,
            rate,
            step,
            micro: sign * (PRICE_UNITS >> ROUGH_BITS) as i64,
        }
    }

    /// Looks at the next level that was not looked at.
    #[inline]
    fn read(&mut self) -> Option<Near> {
        let Level { price, size } = self.rest.next()?;
        let unit = UnitFee::quadratic_short(self.rate, price);
        Some(Near {
            price,
            unit,
            rough: i64::from(price.micros()) * self.micro + (unit >> ROUGH_BITS) as i64,
            end: (self.here.end + size.micros()).min(MAX_QUANTITY.micros()),
        })
    }

    /// Goes to the level after this one.
    #[inline]
    fn enter(&mut self, next: Near) {
        let size = u128::from(self.here.end - self.start);
        let fee = u128::from(self.here.unit) * size;
        self.cost += u128::from(self.here.price.micros()) * size;
        self.exact += fee;
        self.rounded += self.level_fee(fee);
        self.start = self.here.end;
        self.here = next;
    }

    /// Goes on to the level that holds `quantity`; `false` when the ladder is shorter.
    #[inline(never)]
    fn reach(&mut self, quantity: u64) -> bool {
        while self.here.end < quantity {
            let Some(next) = self.next.take().or_else(|| self.read()) else { return false };
            self.enter(next);
        }
        true
    }

    /// The fee of a level as the venue rounds it, micro-dollars; zero where it does not.
    #[inline]
    fn level_fee(&self, fee: u128) -> u64 {
        match self.step {
            0 => 0,
            1 => ceil_micros(fee),
            step => ceil_micros(fee).div_ceil(step) * step,
        }
    }

    /// What `quantity` takes, which must lie on this level.
    #[inline]
    fn take(&self, quantity: u64) -> Taken {
        let size = u128::from(quantity - self.start);
        let here = u128::from(self.here.unit) * size;
        let cost = (self.cost + u128::from(self.here.price.micros()) * size) as i128;
        let cost = if self.leg.action == Action::Buy { cost } else { -cost };
        Taken { cost, here, fees: self.exact + here }
    }

    /// What a contract costs on this level with its fee, in units of 1e-20 dollars.
    #[inline]
    fn unit_cost(&self) -> i128 {
        i128::from(self.leg.signed(self.here.price)) * PRICE_UNITS + i128::from(self.here.unit)
    }

    /// The order for what is taken.
    #[inline]
    fn order(&self, taken: &Taken) -> OrderCost {
        let fees = match self.step {
            0 => ExactFee::from_units(taken.fees),
            _ => ExactFee::from_micros(self.rounded + self.level_fee(taken.here)),
        };
        OrderCost::new(&self.leg.fees, self.here.price, Usd::from_pico(taken.cost), fees)
    }
}

/// What an order takes from a ladder.
struct Taken {
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

//! The ordinary case: two legs under quadratic fees, and an answer near the maximum of U.
//!
//! Two passes, each over as little as it needs: both ladders are walked together to where a contract stops earning, and
//! the lot before that place is summed up leg by leg with the venues' roundings. Other lots are summed up only where the
//! roundings could still make one of them better.

use arb_normalize::opportunity::Action;
use arb_normalize::{Level, Price, Usd};
use arrayvec::ArrayVec;

use super::cursor::micros;
use super::solve::{pico_floor, search, worth};
use super::{Discount, Leg, NoTrade, PRICE_UNITS, PerLeg, SizeRequest, SizedTrade};
use crate::fees::{
    FeeModel, FeeRounding, OrderCost, QuadraticFee, Rate, Step, UnitFee, ceil_micros_short,
};

/// Where this stops: 4,398,046 contracts. Below, what a leg costs fits 63 bits of 1e-12 dollars and its fees 106 bits of
/// 1e-26 dollars.
const MOST: u64 = 1 << 42;

/// The most lots that are priced here in one direction.
const TRIES: u32 = 64;

/// The levels of a book in whole cents.
type Room = ArrayVec<Level, 101>;

/// The answer for a pair. It takes a [`search`] under another fee formula, for quantities in the millions, where no lot
/// earns, where the edge is so small that roundings decide far from the maximum, and where the best lot of all breaks a
/// minimum or a limit on outlay.
#[inline(never)]
pub(super) fn best<F: FeeModel>(
    request: &SizeRequest<'_, F>,
    [one, other]: &[Leg<'_, F>; 2],
    lot: u64,
    most: u64,
) -> Result<SizedTrade, NoTrade> {
    let (Some(here), Some(there)) = (one.ladder.best_price(), other.ladder.best_price()) else {
        return search(request, lot, most);
    };
    let (Some(fee), Some(charge)) = (short(one), short(other)) else {
        return search(request, lot, most);
    };
    let (price, cost) = (one.signed(here), other.signed(there));
    let whole = request.payout_micros();
    let payout = whole * i64::from(request.discount.billionths());
    let units = u128::from(UnitFee::quadratic_short(fee.rate, here))
        + u128::from(UnitFee::quadratic_short(charge.rate, there));
    let edge = i128::from(payout - (price + cost) * NANO as i64) * FINE - units as i128;
    if edge <= 0 {
        return Err(NoTrade::NoEdge { per_contract: pico_floor(edge) });
    }
    let (mut room, mut space) = (Room::new(), Room::new());
    let bound = if request.discount == Discount::NONE { whole } else { whole.max(0) };
    let Some(list) = listed(one, bound - cost, lot, &mut room) else {
        return search(request, lot, most);
    };
    let Some(levels) = listed(other, bound - price, lot, &mut space) else {
        return search(request, lot, most);
    };
    let fixed = request.fixed_pico() * NANO;
    let cut = list.cut || levels.cut;
    let (one, other) = (Side::new(one.action, list, fee), Side::new(other.action, levels, charge));
    let pair = Pair { one, other, cut, payout, fixed };
    let (end, outer) = pair.climb(most);
    let top = end / lot * lot;
    let above = top + lot;
    if top == 0 || above > MOST {
        return search(request, lot, most);
    }
    let Some(best) = pair.price(top) else { return search(request, lot, most) };
    let slack = i128::from(best.slack) * PICO;
    // U is concave: a lot further away loses at least what the contract beside it earns.
    let down = slack >= best.last * i128::from(lot);
    let up = match outer {
        Some(outer) if above <= most => {
            // Up to the end a contract earns no more than before `top`, beyond it no more than `outer`.
            let to_end = best.last * i128::from(end - top);
            let beyond = i128::from(outer) * (i128::from(above - end) << ROUGH_BITS);
            slack + to_end + beyond > 0
        }
        _ => false,
    };
    if down || up || best.value <= 0 || request.has_limits() {
        let range = [if down || best.value <= 0 { lot } else { top }, if up { most } else { top }];
        return beside(request, &pair, best, range, lot, most);
    }
    Ok(best.trade(request, whole))
}

/// The answer where other lots in `range` may be better than the `best` so far, or where there are limits.
#[cold]
#[inline(never)]
fn beside<F: FeeModel>(
    request: &SizeRequest<'_, F>,
    pair: &Pair<'_>,
    best: Answer,
    [low, high]: [u64; 2],
    lot: u64,
    most: u64,
) -> Result<SizedTrade, NoTrade> {
    let above = best.quantity + lot;
    let best = pair.search_down(best, low, lot).and_then(|best| {
        if above <= high { pair.search_up(best, above, lot, high) } else { Some(best) }
    });
    match best {
        Some(best) if best.value > 0 && request.keeps(best.quantity, &best.orders()) => {
            Ok(best.trade(request, request.payout_micros()))
        }
        Some(best) if best.value <= 0 && !request.has_limits() => Err(NoTrade::NoProfit),
        _ => search(request, lot, most),
    }
}

/// The fee formula of a leg, where its fees fit 64 bits.
#[inline]
fn short<F: FeeModel>(leg: &Leg<'_, F>) -> Option<QuadraticFee> {
    leg.fees.quadratic().filter(|formula| formula.rate <= UnitFee::SHORT_RATE)
}

/// Levels of a leg.
#[derive(Clone, Copy)]
struct List<'l> {
    /// Best last.
    levels: &'l [Level],
    /// Their prices are those of the opposite outcome.
    mirrored: bool,
    /// The ladder may go on beyond them.
    cut: bool,
}

/// The levels of a leg whose contracts earn nothing where they cost `bound` micro-dollars; `None` where there are too many.
#[inline]
fn listed<'l, 'a: 'l, F: FeeModel>(
    leg: &Leg<'a, F>,
    bound: i64,
    lot: u64,
    room: &'l mut Room,
) -> Option<List<'l>> {
    match leg.ladder.as_list() {
        Some((levels, mirrored)) => Some(List { levels, mirrored, cut: false }),
        None => collected(leg, bound, lot, room),
    }
}

/// The levels that can be part of the answer: as far as the prices alone leave anything, and a lot more.
#[inline(never)]
fn collected<'l, F: FeeModel>(
    leg: &Leg<'_, F>,
    bound: i64,
    lot: u64,
    room: &'l mut Room,
) -> Option<List<'l>> {
    let mut beyond = 0;
    let mut full = false;
    leg.ladder.each_while(|level| {
        if leg.signed(level.price) >= bound {
            beyond += level.size.micros();
        }
        full = room.try_push(level).is_err();
        beyond < lot && !full
    });
    room.reverse();
    (!full).then_some(List { levels: room, mirrored: false, cut: beyond >= lot })
}

/// What a quantity comes to.
struct Answer {
    /// Micro-contracts.
    quantity: u64,
    /// What it really earns, in units of 1e-21 dollars.
    value: i128,
    /// How much more it earns before rounding, at most.
    slack: i64,
    /// What its last contract earns, in units of 1e-20 dollars.
    last: i128,
    one: Taken,
    other: Taken,
}

impl Answer {
    /// Both orders.
    #[inline]
    fn orders(&self) -> [OrderCost; 2] {
        [self.one.order(), self.other.order()]
    }

    /// The trade it comes to, where a contract pays so many micro-dollars.
    #[inline(always)]
    fn trade<F: FeeModel>(&self, request: &SizeRequest<'_, F>, payout: i64) -> SizedTrade {
        let payout = i128::from(payout) * i128::from(self.quantity as i64);
        let gross = payout - i128::from(self.one.cost + self.other.cost);
        let net = payout - i128::from(self.one.outlay + self.other.outlay);
        let plain = request.discount == Discount::NONE && !request.fixed_cost.is_positive();
        let mut legs = PerLeg::new();
        for order in self.orders() {
            legs.push(order);
        }
        SizedTrade {
            quantity: micros(self.quantity),
            gross: Usd::from_pico(gross),
            fees: Usd::from_pico(gross - net),
            net: Usd::from_pico(net),
            value: if plain { Usd::from_pico(net) } else { worth(self.value * FINE) },
            marginal_edge: pico_floor(self.last),
            legs,
        }
    }

    /// What it earns before rounding, at most, and what a lot beside it earns less or more: in units of 1e-26 dollars.
    #[inline]
    fn before_rounding(&self, lot: u64) -> (i128, i128) {
        (self.value * FINE + i128::from(self.slack) * PICO, self.last * i128::from(lot))
    }
}

/// Both legs, and what they are traded for.
struct Pair<'l> {
    one: Side<'l>,
    other: Side<'l>,
    /// A ladder may go on beyond its listed levels.
    cut: bool,
    /// The discounted payout of a contract, in units of 1e-15 dollars.
    payout: i64,
    /// The fixed cost, in units of 1e-21 dollars.
    fixed: i128,
}

impl Pair<'_> {
    /// Improves on the answer from the lot before it down to `low`: the same with fewer contracts is better. `None` when it
    /// takes too many tries.
    fn search_down(&self, mut best: Answer, low: u64, lot: u64) -> Option<Answer> {
        let mut quantity = best.quantity;
        for _ in 0..TRIES {
            if quantity <= low {
                return Some(best);
            }
            quantity -= lot;
            let tried = self.price_apart(quantity)?;
            let (most, less) = tried.before_rounding(lot);
            if tried.value >= best.value.max(1) {
                best = tried;
            }
            if most - less < best.value.max(1) * FINE {
                return Some(best);
            }
        }
        None
    }

    /// Improves on the answer from `quantity` up to `high`. `None` when it takes too many tries, or needs
    /// levels that are not listed.
    fn search_up(
        &self,
        mut best: Answer,
        mut quantity: u64,
        lot: u64,
        high: u64,
    ) -> Option<Answer> {
        for _ in 0..TRIES {
            // Nothing more where a ladder ends.
            let Some(tried) = self.price_apart(quantity) else {
                return (!self.cut).then_some(best);
            };
            let (most, more) = tried.before_rounding(lot);
            if tried.value > best.value.max(0) {
                best = tried;
            }
            quantity += lot;
            if quantity > high || most + more <= best.value.max(0) * FINE {
                return Some(best);
            }
        }
        None
    }

    /// [`Self::price`] where it is seldom asked.
    #[inline(never)]
    fn price_apart(&self, quantity: u64) -> Option<Answer> {
        self.price(quantity)
    }

    /// What a quantity comes to; `None` when a ladder is shorter.
    #[inline(always)]
    fn price(&self, quantity: u64) -> Option<Answer> {
        let (one, other) = (self.one.take(quantity)?, self.other.take(quantity)?);
        let earned = i128::from(self.payout) * i128::from(quantity as i64);
        let value = earned - i128::from(one.outlay + other.outlay) * NANO - self.fixed;
        let prices = one.price + other.price;
        let fees = u128::from(one.unit) + u128::from(other.unit);
        let last = i128::from(self.payout - prices * NANO as i64) * FINE - fees as i128;
        Some(Answer { quantity, value, slack: one.slack + other.slack, last, one, other })
    }

    /// Walks both ladders to the end of the last stretch that earns. Says where that is, and what a contract earns at most
    /// on the stretch beyond (not above zero, in rough units), `None` where there is none. The first contract earns.
    ///
    /// Rough costs are too low by less than 2e-16 dollars each, so the climb may go on where a contract loses less than
    /// that; the comparison with the neighbours, which is exact, notices.
    #[inline]
    fn climb(&self, most: u64) -> (u64, Option<i64>) {
        let (one, other) = (&self.one, &self.other);
        let (mut left, mut right) = (one.levels.iter(), other.levels.iter());
        let (Some(mut here), Some(mut there)) = (left.next_back(), right.next_back()) else {
            return (0, None);
        };
        let (mut ends, mut reaches) = (here.size.micros().min(most), there.size.micros().min(most));
        // What the prices leave, and what the fees never exceed: far from the end they need not be known.
        let mut gap = rough_above(self.payout) - one.rough_price(here) - other.rough_price(there);
        let dearest = one.dearest + other.dearest;
        loop {
            let end;
            if ends < reaches {
                end = ends;
                let Some(next) = left.next_back() else { return (end, None) };
                gap -= one.dearer(here, next);
                here = next;
                ends = (ends + next.size.micros()).min(most);
            } else if reaches < ends {
                end = reaches;
                let Some(next) = right.next_back() else { return (end, None) };
                gap -= other.dearer(there, next);
                there = next;
                reaches = (reaches + next.size.micros()).min(most);
            } else {
                end = ends;
                if end == most {
                    return (end, None);
                }
                // Where two levels end at once, there is no stretch between them.
                let (Some(next), Some(after)) = (left.next_back(), right.next_back()) else {
                    return (end, None);
                };
                gap -= one.dearer(here, next) + other.dearer(there, after);
                (here, there) = (next, after);
                ends = (ends + next.size.micros()).min(most);
                reaches = (reaches + after.size.micros()).min(most);
            }
            if gap <= dearest {
                let edge = gap - one.rough_fee(here) - other.rough_fee(there);
                if edge <= 0 {
                    return (end, Some(edge));
                }
            }
        }
    }
}

/// From units of 1e-21 to such of 1e-26 dollars, or of 1e-15 to such of 1e-20 dollars.
const FINE: i128 = 100_000;
/// From units of 1e-12 to such of 1e-21 dollars.
const NANO: i128 = 1_000_000_000;
/// From units of 1e-12 to such of 1e-26 dollars.
const PICO: i128 = FINE * NANO;

/// Rough units are 2^14 of 1e-20 dollars: $1,000 and the costs of two legs fit 64 bits, and a micro-dollar is a whole
/// number of them (10^14 = 2^14 · 5^14).
const ROUGH_BITS: u32 = 14;

/// A micro-dollar in rough units.
const MICRO: i64 = (PRICE_UNITS >> ROUGH_BITS) as i64;

/// Units of 1e-15 dollars as rough ones, rounded up.
#[inline]
const fn rough_above(units: i64) -> i64 {
    -((units as i128 * -100_000) >> ROUGH_BITS) as i64
}

/// What a leg can take, and how it is charged.
struct Side<'l> {
    /// Best last.
    levels: &'l [Level],
    rate: Rate,
    rounding: FeeRounding,
    /// A contract costs `base + sign · listed price` micro-dollars: the list may hold the prices of the opposite outcome,
    /// and a sale brings in what a purchase costs.
    base: i64,
    sign: i64,
    /// The highest fee of a contract, in rough units.
    dearest: i64,
}

/// What an order takes from a ladder. Money is in units of 1e-12 dollars.
struct Taken {
    /// Σ price × size, negative for a sale.
    cost: i64,
    /// What leaves the account.
    outlay: i64,
    /// How much less that is before rounding, at most.
    slack: i64,
    /// What the last contract costs without its fee, micro-dollars: negative for a sale.
    price: i64,
    /// Its fee, in units of 1e-20 dollars.
    unit: u64,
}

impl Taken {
    #[inline]
    fn order(&self) -> OrderCost {
        // A signed price is a price in one direction or the other.
        let limit = Price::from_micros(self.price.unsigned_abs() as u32).unwrap_or_default();
        let [cost, fee, outlay] = [self.cost, self.outlay - self.cost, self.outlay];
        let usd = |pico: i64| Usd::from_pico(pico.into());
        OrderCost { limit, cost: usd(cost), fee: usd(fee), outlay: usd(outlay) }
    }
}

/// A micro-dollar in units of 1e-12 dollars.
const MILLION: i64 = 1_000_000;

impl<'l> Side<'l> {
    #[inline]
    fn new(action: Action, list: List<'l>, fee: QuadraticFee) -> Self {
        let List { levels, mirrored, .. } = list;
        let QuadraticFee { rate, rounding } = fee;
        let sign = if action == Action::Buy { 1 } else { -1 };
        let (base, sign) =
            if mirrored { (sign * i64::from(Price::SCALE), -sign) } else { (0, sign) };
        // p(1 − p) is a quarter at the most.
        let dearest = ((u64::from(rate.units()) * 250_000_000_000) >> ROUGH_BITS) as i64;
        Self { levels, rate, rounding, base, sign, dearest }
    }

    /// What a contract costs at a level without its fee, in rough units.
    #[inline]
    fn rough_price(&self, level: &Level) -> i64 {
        (self.base + self.sign * i64::from(level.price.micros())) * MICRO
    }

    /// How much more that is at the next level.
    #[inline]
    fn dearer(&self, level: &Level, next: &Level) -> i64 {
        (i64::from(next.price.micros()) - i64::from(level.price.micros())) * (self.sign * MICRO)
    }

    /// The fee of a contract at a level, in rough units, rounded down.
    #[inline]
    fn rough_fee(&self, level: &Level) -> i64 {
        (UnitFee::quadratic_short(self.rate, level.price) >> ROUGH_BITS) as i64
    }

    /// What `quantity` takes, `None` when the ladder is shorter.
    #[inline(never)]
    fn take(&self, quantity: u64) -> Option<Taken> {
        let rate = u64::from(self.rate.units());
        let signed = |listed: u64| self.base * quantity as i64 + self.sign * listed as i64;
        let (taken, cost, outlay, exact);
        match self.rounding {
            FeeRounding::LevelsAndOutlay { level: step, outlay: precision } => {
                let (mut listed, mut whole, mut rounded) = (0, 0, 0);
                let mut level_fee = |level: &Level, size| {
                    let costs = u64::from(level.price.micros()) * size;
                    let weight = u64::from(level.price.complement().micros()) * rate;
                    let fee = ceil_micros_short(u128::from(costs) * u128::from(weight)) as i64;
                    listed += costs;
                    whole += fee;
                    fee
                };
                if step == Step::MICRO {
                    taken = self.each(quantity, |level, size| {
                        level_fee(level, size);
                    })?;
                    rounded = whole;
                } else {
                    taken = self.each(quantity, |level, size| {
                        rounded += up(level_fee(level, size), step.micros().into());
                    })?;
                }
                cost = signed(listed);
                outlay = up(cost + rounded * MILLION, i64::from(precision.micros()) * MILLION);
                exact = cost + (whole - taken.len() as i64) * MILLION;
            }
            FeeRounding::Fees(step) => {
                let (mut listed, mut weighted) = (0, 0);
                taken = self.each(quantity, |level, size| {
                    let costs = u64::from(level.price.micros()) * size;
                    let weight = level.price.complement().micros();
                    listed += costs;
                    weighted += u128::from(costs) * u128::from(weight);
                })?;
                let whole = ceil_micros_short(weighted * u128::from(rate)) as i64;
                cost = signed(listed);
                outlay = cost + up(whole, step.micros().into()) * MILLION;
                exact = cost + (whole - 1) * MILLION;
            }
        }
        let last = taken.first()?;
        Some(Taken {
            cost,
            outlay,
            slack: outlay - exact,
            price: self.base + self.sign * i64::from(last.price.micros()),
            unit: UnitFee::quadratic_short(self.rate, last.price),
        })
    }

    /// Hands to `take` what `quantity` takes of each level; those levels, `None` when the ladder is shorter.
    #[inline(always)]
    fn each(&self, quantity: u64, mut take: impl FnMut(&Level, u64)) -> Option<&'l [Level]> {
        let mut left = quantity;
        let mut rest = self.levels;
        while let [worse @ .., level] = rest {
            let size = level.size.micros().min(left);
            take(level, size);
            rest = worse;
            left -= size;
            if left == 0 {
                return self.levels.get(worse.len()..);
            }
        }
        None
    }
}

/// The next multiple of a step, which is not zero.
#[inline]
const fn up(value: i64, step: i64) -> i64 {
    match value.checked_rem_euclid(step) {
        Some(0) | None => value,
        Some(over) => value + (step - over),
    }
}

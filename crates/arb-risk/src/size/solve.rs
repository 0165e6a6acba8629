//! The search for the best quantity.

use super::cursor::{Cursor, PICO_UNITS, micros};
use super::summit::Summit;
use super::{
    BreakEven, Discount, Leg, MAX_LEGS, MAX_QUANTITY, MAX_TRIES, NoTrade, PerLeg, SizeRequest,
    SizedTrade, pair,
};
use crate::fees::{FeeModel, OrderCost};
use arb_normalize::opportunity::Action;
use arb_normalize::{Quantity, Usd};

impl<F: FeeModel> SizeRequest<'_, F> {
    /// The discounted payout of a contract in units of 1e-20 dollars.
    #[inline]
    pub(super) fn payout_units(&self) -> i128 {
        i128::from(self.payout_micros() * i64::from(self.discount.billionths())) * 100_000
    }

    /// The lot, micro-contracts.
    #[inline]
    fn lot_micros(&self) -> u64 {
        self.lot.micros().max(1)
    }

    /// The largest lot that limits on quantity allow, micro-contracts.
    #[inline]
    fn most_micros(&self) -> u64 {
        let most = self.max_quantity.unwrap_or(MAX_QUANTITY).min(MAX_QUANTITY).micros();
        most / self.lot_micros() * self.lot_micros()
    }

    /// The fixed cost in units of 1e-12 dollars.
    #[inline]
    pub(super) fn fixed_pico(&self) -> i128 {
        // Anything beyond 1e12 dollars is more than any trade earns, and fits.
        const MOST: i128 = 1_000_000_000_000 * Usd::SCALE;
        if self.fixed_cost.is_positive() { self.fixed_cost.pico().min(MOST) } else { 0 }
    }

    /// The fixed cost in units of 1e-26 dollars.
    pub(super) fn fixed_units(&self) -> i128 {
        self.fixed_pico() * PICO_UNITS
    }

    /// Whether there is any minimum or limit on outlay.
    #[inline]
    pub(super) fn has_limits(&self) -> bool {
        let limited = |leg: &Leg<'_, F>| {
            leg.max_outlay.is_some() || leg.min_cost != Usd::ZERO || !leg.min_size.is_zero()
        };
        self.max_outlay.is_some() || self.legs.iter().any(limited)
    }

    /// Whether these orders keep to the venues' minimums and to the limits on outlay.
    pub(super) fn keeps(&self, quantity: u64, orders: &[OrderCost]) -> bool {
        let enough = self.legs.iter().zip(orders).all(|(leg, order)| {
            let cost = Usd::from_pico(order.cost.pico().abs());
            leg.min_size.micros() <= quantity && leg.min_cost <= cost
        });
        let buys = self.legs.iter().zip(orders).filter(|(leg, _)| leg.action == Action::Buy);
        enough && self.affords(quantity, buys.map(|(leg, order)| (leg, order.outlay)))
    }

    /// Whether the outlays of purchases of `quantity` (and the dollars that sets cost to split) stay within the limits.
    fn affords<'l>(
        &self,
        quantity: u64,
        mut outlays: impl Iterator<Item = (&'l Leg<'l, F>, Usd)>,
    ) -> bool
    where
        F: 'l,
    {
        let split = i128::from(self.payout_micros().min(0)) * i128::from(quantity);
        let mut total = Usd::from_pico(-split);
        let each = outlays.all(|(leg, outlay)| {
            total += outlay;
            leg.max_outlay.is_none_or(|most| outlay <= most)
        });
        each && self.max_outlay.is_none_or(|most| total <= most)
    }

    /// The payout of a contract in micro-dollars.
    #[inline]
    pub(super) fn payout_micros(&self) -> i64 {
        const MOST: i64 = 1_000_000_000_000_000;
        if self.payout == Usd::DOLLAR {
            return 1_000_000;
        }
        let pico = self.payout.pico();
        let bound = if pico < 0 { -MOST } else { MOST };
        let near = i64::try_from(pico).ok().filter(|near| near.unsigned_abs() <= MOST as u64);
        near.unwrap_or(bound).div_euclid(1_000_000)
    }
}

/// One order a leg.
pub(super) type Orders = PerLeg<OrderCost>;

/// Room for a cursor on each leg, apart from the walk so that it is never moved.
type Cursors<'a, F> = PerLeg<Cursor<'a, F>>;

/// The ladders of a request, and where one stands on them.
struct Walk<'a, 'r, F> {
    request: &'r SizeRequest<'a, F>,
    cursors: &'r mut [Cursor<'a, F>],
    /// The orders for the quantity valued last, and that quantity.
    orders: Orders,
    priced: u64,
    /// The discounted payout of a contract, in units of 1e-20 dollars.
    payout: i128,
    /// The fixed cost, in units of 1e-26 dollars.
    fixed: i128,
    /// Quantities are multiples of this, micro-contracts.
    lot: u64,
    /// The largest lot that limits on quantity allow, micro-contracts.
    most: u64,
    /// How many lots the search may still price.
    tries: u32,
}

/// A quantity and what it earns, in units of 1e-26 dollars.
#[derive(Clone, Copy)]
pub(super) struct Candidate {
    pub(super) quantity: u64,
    pub(super) value: i128,
}

impl<'a, 'r, F: FeeModel> Walk<'a, 'r, F> {
    fn new(
        request: &'r SizeRequest<'a, F>,
        cursors: &'r mut Cursors<'a, F>,
    ) -> Result<Self, NoTrade> {
        for (leg, of) in request.legs.iter().enumerate() {
            let cursor = Cursor::new(of).ok_or(NoTrade::NoDepth { leg })?;
            cursors.push(cursor);
        }
        Ok(Self {
            request,
            cursors: cursors.as_mut_slice(),
            orders: Orders::new(),
            priced: 0,
            payout: request.payout_units(),
            fixed: request.fixed_units(),
            lot: request.lot_micros(),
            most: request.most_micros(),
            tries: MAX_TRIES,
        })
    }

    /// Goes to the levels that price `quantity`; `false` when a ladder is shorter.
    fn seek(&mut self, quantity: u64) -> bool {
        self.cursors.iter_mut().all(|cursor| cursor.seek(quantity))
    }

    /// U(q) less the fixed cost: what `quantity` earns before any rounding, an upper bound of its value.
    fn bound(&self, quantity: u64) -> i128 {
        let outlay: i128 = self.cursors.iter().map(|cursor| cursor.exact_outlay(quantity)).sum();
        self.payout * i128::from(quantity) - outlay - self.fixed
    }

    /// What `quantity` really earns; keeps the orders.
    fn value(&mut self, quantity: u64) -> i128 {
        self.orders.clear();
        self.priced = quantity;
        let mut outlay = 0;
        for cursor in self.cursors.iter() {
            let order = cursor.order(quantity);
            outlay += order.outlay.pico();
            self.orders.push(order);
        }
        self.payout * i128::from(quantity) - outlay * PICO_UNITS - self.fixed
    }

    fn has_outlay_limits(&self) -> bool {
        self.request.max_outlay.is_some()
            || self.request.legs.iter().any(|leg| leg.max_outlay.is_some())
    }

    fn affordable(&self, quantity: u64) -> bool {
        let buys = self.cursors.iter().filter(|cursor| cursor.leg().action == Action::Buy);
        self.request
            .affords(quantity, buys.map(|cursor| (cursor.leg(), cursor.order(quantity).outlay)))
    }

    /// The largest lot in `low..=high` that is affordable, given that `low` is.
    fn largest_affordable(&mut self, low: u64, high: u64) -> u64 {
        self.last_lot(low, high, |walk, quantity| walk.affordable(quantity))
    }

    /// The largest lot in `low..=high` that `holds`, given that it holds at `low` and, once it fails, fails further up.
    fn last_lot(&mut self, low: u64, high: u64, holds: impl Fn(&Self, u64) -> bool) -> u64 {
        let (mut low, mut high) = (low / self.lot, high / self.lot);
        while low < high {
            let middle = low + (high - low).div_ceil(2);
            if self.seek(middle * self.lot) && holds(self, middle * self.lot) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        low * self.lot
    }

    /// The smallest lot every venue takes.
    fn smallest(&self) -> Result<u64, NoTrade> {
        let mut needed = self.lot;
        for (index, leg) in self.request.legs.iter().enumerate() {
            needed = needed.max(leg.min_size.micros());
            if leg.min_cost.is_positive() {
                let reached = Cursor::new(leg).and_then(|mut cursor| cursor.reach_min_cost());
                needed = needed.max(reached.ok_or(NoTrade::BelowMinimumCost { leg: index })?);
            }
        }
        Ok(needed.div_ceil(self.lot).saturating_mul(self.lot))
    }

    /// The largest lot that ladders and the limit on quantity allow.
    fn available(&self) -> u64 {
        let depth = self.request.legs.iter().map(|leg| leg.ladder.depth()).min();
        depth.unwrap_or(Quantity::ZERO).micros().min(self.most) / self.lot * self.lot
    }

    /// Whether one more lot may be priced.
    const fn may_try(&mut self) -> bool {
        match self.tries.checked_sub(1) {
            Some(left) => {
                self.tries = left;
                true
            }
            None => false,
        }
    }

    /// Improves on `best` downwards from `from`; an equal value with a smaller quantity is an improvement.
    fn search_down(&mut self, from: u64, low: u64, best: &mut Option<Candidate>) {
        let mut quantity = from;
        while quantity >= low && self.seek(quantity) {
            let floor = best.map_or(1, |best| best.value);
            if self.bound(quantity) < floor || !self.may_try() {
                return;
            }
            let value = self.value(quantity);
            if value >= floor {
                *best = Some(Candidate { quantity, value });
            }
            let Some(next) = quantity.checked_sub(self.lot) else { return };
            quantity = next;
        }
    }

    /// Improves on `best` upwards from `from`, as far as ladders and limits go.
    fn search_up(&mut self, from: u64, best: &mut Option<Candidate>) {
        let limited = self.has_outlay_limits();
        let mut quantity = from;
        while quantity <= self.most && self.seek(quantity) {
            let floor = best.map_or(0, |best| best.value);
            if self.bound(quantity) <= floor
                || (limited && !self.affordable(quantity))
                || !self.may_try()
            {
                return;
            }
            let value = self.value(quantity);
            if value > floor {
                *best = Some(Candidate { quantity, value });
            }
            quantity += self.lot;
        }
    }

    fn trade(mut self, best: Candidate) -> Result<SizedTrade, NoTrade> {
        self.seek(best.quantity);
        if self.priced != best.quantity {
            self.value(best.quantity);
        }
        finish(self.request, best, last_edge(self.request, &self.orders), &self.orders)
    }
}

/// What a contract at the orders' limit prices earns before rounding, in units of 1e-20 dollars.
pub(super) fn last_edge<F: FeeModel>(request: &SizeRequest<'_, F>, legs: &[OrderCost]) -> i128 {
    let costs = request.legs.iter().zip(legs).map(|(leg, order)| leg.unit_cost(order.limit));
    request.payout_units() - costs.sum::<i128>()
}

/// The answer for a quantity, what its last contract earns (in units of 1e-20 dollars), and its orders.
#[inline]
pub(super) fn finish<F: FeeModel>(
    request: &SizeRequest<'_, F>,
    best: Candidate,
    last: i128,
    legs: &[OrderCost],
) -> Result<SizedTrade, NoTrade> {
    let cost: Usd = legs.iter().map(|leg| leg.cost).sum();
    let fees: Usd = legs.iter().map(|leg| leg.fee).sum();
    let payout = i128::from(request.payout_micros()) * i128::from(best.quantity);
    let gross = Usd::from_pico(payout) - cost;
    let net = gross - fees;
    let value = if request.discount == Discount::NONE && request.fixed_units() == 0 {
        net
    } else {
        worth(best.value)
    };
    // Made in place: a trade is a thousand bytes, most of them room for more legs.
    Ok(SizedTrade {
        quantity: micros(best.quantity),
        gross,
        fees,
        net,
        value,
        marginal_edge: pico_floor(last),
        legs: legs.iter().copied().collect(),
    })
}

/// A number of 1e-26 dollars as dollars, rounded down.
#[cold]
pub(super) fn worth(units: i128) -> Usd {
    Usd::from_pico(units.div_euclid(PICO_UNITS))
}

/// A number of 1e-20 dollars as dollars, rounded down.
#[inline]
pub(super) fn pico_floor(units: i128) -> Usd {
    const PICO: i64 = 100_000_000;
    match i64::try_from(units) {
        Ok(small) => Usd::from_pico(i128::from(small.div_euclid(PICO))),
        Err(_) => Usd::from_pico(units.div_euclid(i128::from(PICO))),
    }
}

/// Why there is no trade where the best prices leave nothing.
#[inline(never)]
pub(super) fn refusal<F: FeeModel>(request: &SizeRequest<'_, F>) -> NoTrade {
    if request.legs.is_empty() || request.legs.len() > MAX_LEGS {
        return NoTrade::Legs(request.legs.len());
    }
    let Some(prices) = request.best_prices() else {
        let empty = request.legs.iter().position(|leg| leg.ladder.best_price().is_none());
        return NoTrade::NoDepth { leg: empty.unwrap_or(0) };
    };
    // Units of 1e-15 dollars, rounded down to 1e-12.
    let payout = request.payout_micros() * i64::from(request.discount.billionths());
    let left = payout.div_euclid(1_000) - prices * 1_000_000;
    NoTrade::NoEdge { per_contract: Usd::from_pico(left.into()) }
}

/// The answer where the best prices leave something.
#[inline]
pub(super) fn best<F: FeeModel>(request: &SizeRequest<'_, F>) -> Result<SizedTrade, NoTrade> {
    if request.legs.is_empty() || request.legs.len() > MAX_LEGS {
        return Err(NoTrade::Legs(request.legs.len()));
    }
    let (lot, most) = (request.lot_micros(), request.most_micros());
    match request.legs.as_array() {
        Some(two) => pair::best(request, two, lot, most),
        None => search(request, lot, most),
    }
}

/// The answer where it takes more than [`pair::best`].
#[inline(never)]
pub(super) fn search<F: FeeModel>(
    request: &SizeRequest<'_, F>,
    lot: u64,
    most: u64,
) -> Result<SizedTrade, NoTrade> {
    if let Some(edge) = request.touch_edge()
        && edge <= 0
    {
        return Err(NoTrade::NoEdge { per_contract: pico_floor(edge) });
    }
    let summit = Summit::climb(request, most);
    match summit.trade(request, lot, most) {
        // What is best of all and within the limits is best within the limits.
        Some(Ok(trade)) if request.keeps(trade.quantity.micros(), trade.legs()) => {
            return Ok(trade);
        }
        Some(Err(none)) if !request.has_limits() => return Err(none),
        _ => {}
    }
    let mut cursors = Cursors::new();
    let mut walk = Walk::new(request, &mut cursors)?;
    let low = walk.smallest()?;
    if low > walk.most || !walk.seek(low) {
        return Err(NoTrade::BelowMinimum {
            needed: Quantity::from_micros(low).unwrap_or(Quantity::MAX),
            available: micros(walk.available()),
        });
    }
    let limited = walk.has_outlay_limits();
    if limited && !walk.affordable(low) {
        return Err(NoTrade::Outlay { needed: micros(low) });
    }
    let mut top = (summit.end / walk.lot * walk.lot).max(low);
    let mut cut = false;
    if limited && !(walk.seek(top) && walk.affordable(top)) {
        top = walk.largest_affordable(low, top);
        cut = true;
    }
    walk.seek(top);
    let value = walk.value(top);
    let mut best = (value > 0).then_some(Candidate { quantity: top, value });
    if top > low {
        // Half of the tries, so that one direction never takes them from the other.
        walk.tries = MAX_TRIES / 2;
        walk.search_down(top - walk.lot, low, &mut best);
        walk.tries += MAX_TRIES / 2;
    }
    if !cut {
        walk.search_up(top + walk.lot, &mut best);
    }
    walk.trade(best.ok_or(NoTrade::NoProfit)?)
}

pub(super) fn break_even<F: FeeModel>(
    request: &SizeRequest<'_, F>,
    trade: &SizedTrade,
) -> BreakEven {
    let here = BreakEven { smallest: trade.quantity, largest: trade.quantity };
    let best = trade.quantity.micros();
    let unlimited = SizeRequest { max_quantity: None, max_outlay: None, ..*request };
    let mut cursors = Cursors::new();
    let Ok(mut walk) = Walk::new(&unlimited, &mut cursors) else { return here };
    let Ok(low) = walk.smallest() else { return here };
    if best < low || !best.is_multiple_of(walk.lot) || !walk.seek(best) || walk.value(best) < 0 {
        return here;
    }
    // U is concave and not below zero at the best quantity, so it crosses zero once on either side; the rounded value
    // is never above it and is looked at lot by lot from there.
    let mut smallest = best;
    if low < best {
        let (mut below, mut above) = (low / walk.lot, best / walk.lot);
        while below < above {
            let middle = below + (above - below) / 2;
            if walk.seek(middle * walk.lot) && walk.bound(middle * walk.lot) >= 0 {
                above = middle;
            } else {
                below = middle + 1;
            }
        }
        smallest = above * walk.lot;
        while smallest < best && !(walk.seek(smallest) && walk.value(smallest) >= 0) {
            smallest = if walk.may_try() { smallest + walk.lot } else { best };
        }
    }
    walk.tries = MAX_TRIES;
    let depth = walk.available();
    let mut largest = walk.last_lot(best, depth, |walk, quantity| walk.bound(quantity) >= 0);
    while largest > best && !(walk.seek(largest) && walk.value(largest) >= 0) {
        largest = if walk.may_try() { largest - walk.lot } else { best };
    }
    BreakEven { smallest: micros(smallest), largest: micros(largest) }
}

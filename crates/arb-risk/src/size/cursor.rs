//! A place on one leg's ladder, with everything before it summed up.

use arb_normalize::opportunity::Action;
use arb_normalize::{Ladder, Level, Price, Quantity, Usd};

use super::{Leg, MAX_QUANTITY};
use crate::fees::{ExactFee, FeeModel, OrderCost, UnitFee};

/// 1e-12 dollars in units of 1e-26 dollars.
pub(super) const PICO_UNITS: i128 = 100_000_000_000_000;

/// A place on one leg's ladder, with everything before it summed up.
///
/// The current level reaches from `start` to `end` micro-contracts; every quantity in that closed interval is priced
/// without walking.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a, F> {
    leg: &'a Leg<'a, F>,
    rest: Ladder<'a>,
    /// The level before this one, for the limit of a quantity that ends exactly there.
    previous: Price,
    price: Price,
    unit: UnitFee,
    start: u64,
    end: u64,
    /// Σ price × size before `start`, unsigned.
    cost: i128,
    /// Fees before `start`, exact and as rounded by level.
    exact: ExactFee,
    rounded: ExactFee,
}

impl<'a, F: FeeModel> Cursor<'a, F> {
    /// The start of a ladder, `None` when it is empty.
    pub(super) fn new(leg: &'a Leg<'a, F>) -> Option<Self> {
        let mut rest = leg.ladder;
        let level = next_level(&mut rest)?;
        Some(Self {
            leg,
            rest,
            previous: level.price,
            price: level.price,
            unit: leg.fees.unit_fee(level.price),
            start: 0,
            end: level.size.micros().min(MAX_QUANTITY.micros()),
            cost: 0,
            exact: ExactFee::ZERO,
            rounded: ExactFee::ZERO,
        })
    }

    pub(super) const fn leg(&self) -> &'a Leg<'a, F> {
        self.leg
    }

    /// Goes one level on; `false`, and nothing changed, at the end of the ladder.
    fn advance(&mut self) -> bool {
        if self.end >= MAX_QUANTITY.micros() {
            return false;
        }
        let Some(level) = next_level(&mut self.rest) else {
            return false;
        };
        let size = micros(self.end - self.start);
        self.cost += Usd::cost(self.price, size).pico();
        self.exact = self.exact.plus(self.unit.times(size));
        self.rounded = self.rounded.plus(self.leg.fees.level_fee(self.unit, size));
        self.previous = self.price;
        self.price = level.price;
        self.unit = self.leg.fees.unit_fee(level.price);
        self.start = self.end;
        self.end = self.end.saturating_add(level.size.micros()).min(MAX_QUANTITY.micros());
        true
    }

    /// Goes to the level that prices `quantity`; `false` when the ladder is shorter.
    pub(super) fn seek(&mut self, quantity: u64) -> bool {
        if quantity < self.start {
            match Self::new(self.leg) {
                Some(start) => *self = start,
                None => return false,
            }
        }
        while quantity > self.end {
            if !self.advance() {
                return false;
            }
        }
        true
    }

    /// Cost and fees before any rounding, in units of 1e-26 dollars; `quantity` must lie on the current level.
    pub(super) fn exact_outlay(&self, quantity: u64) -> i128 {
        let size = micros(quantity.saturating_sub(self.start));
        let fees = self.exact.plus(self.unit.times(size));
        self.signed_cost(size).pico() * PICO_UNITS + fees.units() as i128
    }

    /// The order for `quantity`, which must lie on the current level.
    pub(super) fn order(&self, quantity: u64) -> OrderCost {
        let size = micros(quantity.saturating_sub(self.start));
        let fees = self.rounded.plus(self.leg.fees.level_fee(self.unit, size));
        let limit = if size.is_zero() { self.previous } else { self.price };
        OrderCost::new(&self.leg.fees, limit, self.signed_cost(size), fees)
    }

    /// The smallest quantity whose Σ price × size reaches the leg's minimum; `None` when the ladder is shorter.
    pub(super) fn reach_min_cost(&mut self) -> Option<u64> {
        let needed = self.leg.min_cost.pico();
        loop {
            let Ok(missing) = u128::try_from(needed.saturating_sub(self.cost)) else {
                return Some(self.start);
            };
            let price = u128::from(self.price.micros());
            if price * u128::from(self.end - self.start) >= missing {
                let here = if missing == 0 { 0 } else { missing.div_ceil(price) };
                return u64::try_from(here).ok().map(|here| self.start + here);
            }
            if !self.advance() {
                return None;
            }
        }
    }

    fn signed_cost(&self, size: Quantity) -> Usd {
        let cost = Usd::from_pico(self.cost) + Usd::cost(self.price, size);
        match self.leg.action {
            Action::Buy => cost,
            Action::Sell => -cost,
        }
    }
}

/// A quantity of at most [`MAX_QUANTITY`].
pub(super) const fn micros(micros: u64) -> Quantity {
    match Quantity::from_micros(micros) {
        Some(quantity) => quantity,
        None => MAX_QUANTITY,
    }
}

/// The next level that holds anything.
#[inline]
pub(super) fn next_level(ladder: &mut Ladder<'_>) -> Option<Level> {
    ladder.find(|level| !level.size.is_zero())
}

//! The maximum of the profit before rounding, and the answer right beside it.

use arb_normalize::Ladder;

use super::cursor::{PICO_UNITS, micros, next_level};
use super::solve::{Candidate, Orders, finish, last_edge};
use super::{Leg, MAX_QUANTITY, NoTrade, PerLeg, SizeRequest, SizedTrade};
use crate::fees::FeeModel;

/// Where U, the profit before rounding, has its maximum. Values are in units of 1e-26 dollars, those of a contract in
/// 1e-20 dollars, quantities in micro-contracts.
#[derive(Clone, Copy)]
pub(super) struct Summit {
    /// The quantity: the end of the last stretch that earns, zero where not even the first one does.
    pub(super) end: u64,
    /// Where that stretch starts.
    start: u64,
    /// U there, without the fixed cost.
    value: i128,
    /// What a contract earns on the stretch.
    inner: i128,
    /// What it earns on the next one, not above zero; `None` where there is none.
    outer: Option<i128>,
}

/// A place on a ladder with just what the climb needs.
struct Step<'a, F> {
    leg: &'a Leg<'a, F>,
    rest: Ladder<'a>,
    /// What a contract costs here with its exact fee.
    cost: i128,
    end: u64,
}

impl<F: FeeModel> Step<'_, F> {
    #[inline]
    fn advance(&mut self) -> Option<i128> {
        let level = next_level(&mut self.rest)?;
        let before = self.cost;
        self.cost = self.leg.unit_cost(level.price);
        self.end = self.end.saturating_add(level.size.micros()).min(MAX_QUANTITY.micros());
        Some(self.cost - before)
    }
}

impl Summit {
    /// Walks all ladders together to the end of the last stretch that earns, or to `most`.
    pub(super) fn climb<F: FeeModel>(request: &SizeRequest<'_, F>, most: u64) -> Self {
        let mut steps = PerLeg::<Step<'_, F>>::new();
        let mut edge = request.payout_units();
        let mut summit = Self { end: 0, start: 0, value: 0, inner: 0, outer: None };
        for leg in request.legs {
            let mut step = Step { leg, rest: leg.ladder, cost: 0, end: 0 };
            let Some(cost) = step.advance() else { return summit };
            edge -= cost;
            steps.push(step);
        }
        while edge > 0 {
            let end = steps.iter().map(|step| step.end).min().unwrap_or(0).min(most);
            let length = i128::from(end - summit.end);
            summit = Self {
                end,
                start: summit.end,
                value: summit.value + edge * length,
                inner: edge,
                outer: None,
            };
            if end == most {
                return summit;
            }
            for step in steps.iter_mut().filter(|step| step.end == end) {
                let Some(dearer) = step.advance() else { return summit };
                edge -= dearer;
            }
            summit.outer = Some(edge);
        }
        summit
    }

    /// The answer without regard to minimums and limits on outlay, where it lies right beside the maximum and nothing
    /// further away can be better: the ordinary case. `None` where a search is needed, because of levels smaller than a
    /// lot or an edge so small that roundings decide.
    pub(super) fn trade<F: FeeModel>(
        &self,
        request: &SizeRequest<'_, F>,
        lot: u64,
        most: u64,
    ) -> Option<Result<SizedTrade, NoTrade>> {
        let top = self.end / lot * lot;
        if top < self.start || top == 0 {
            return None;
        }
        let fixed = request.fixed_units();
        let at_top = self.value - self.inner * i128::from(self.end - top) - fixed;
        // One lot more leaves the stretch (it would not be the last lot otherwise).
        let beyond = i128::from(top + lot - self.end);
        let above = self.outer.filter(|_| top + lot <= most).map(|outer| {
            (at_top + self.inner * i128::from(self.end - top) + outer * beyond, outer)
        });
        let mut orders = [Orders::new(), Orders::new()];
        let mut best: Option<(Candidate, usize)> = None;
        let higher = above.map(|(above, _)| (top + lot, above));
        let lower = Some((top, at_top));
        let first_higher = above.is_some_and(|(above, _)| above > at_top);
        let order = if first_higher { [higher, lower] } else { [lower, higher] };
        for (slot, (quantity, bound)) in order.into_iter().flatten().enumerate() {
            let (floor, smaller) =
                best.map_or((0, false), |(best, _)| (best.value, quantity < best.quantity));
            if bound < floor || (bound == floor && !smaller) {
                continue;
            }
            if let Some(value) = price(request, quantity, fixed, &mut orders[slot])
                && (value > floor || (value == floor && smaller))
            {
                best = Some((Candidate { quantity, value }, slot));
            }
        }
        let floor = best.map_or(0, |(best, _)| best.value);
        // U is concave: a lot further away loses at least what a contract earns on the stretch beside it.
        let below = at_top - self.inner * i128::from(lot);
        let further = above.map_or(0, |(above, outer)| above + outer * i128::from(lot));
        if (top > lot && below >= floor.max(1)) || further > floor {
            return None;
        }
        let Some((best, slot)) = best else { return Some(Err(NoTrade::NoProfit)) };
        let orders = &orders[slot];
        Some(finish(request, best, last_edge(request, orders), orders))
    }
}

/// What `quantity` really earns; its orders go to `orders`. `None` when a ladder is shorter.
fn price<F: FeeModel>(
    request: &SizeRequest<'_, F>,
    quantity: u64,
    fixed: i128,
    orders: &mut Orders,
) -> Option<i128> {
    let mut outlay = 0;
    for leg in request.legs {
        let order = leg.fees.take(leg.action, leg.ladder, micros(quantity))?;
        outlay += order.outlay.pico();
        orders.push(order);
    }
    Some(request.payout_units() * i128::from(quantity) - outlay * PICO_UNITS - fixed)
}

//! What a trade ties up, for how long, and what it earns for it.

use std::cmp::Ordering;
use std::time::Duration;

use arb_normalize::books::{Epoch, TrackedBook};
use arb_normalize::opportunity::Action;
use arb_normalize::{Opportunity, OpportunityClass, Quantity, Timestamp, Usd, Venue};
use arb_risk::size::PerLeg;
use serde::Serialize;

use crate::ending::endings;
use crate::{Basket, BasketLeg, EndingProfit};

/// A trade's money is tied up for at least this long when returns are compared: settlement takes its time.
const SHORTEST: Duration = Duration::from_secs(86_400);

/// What a trade ties up, for how long, and what it earns for it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Terms {
    /// Dollars that must be there to begin: outlay of all purchases, and what the sets to be split cost.
    pub capital_usd: Usd,
    /// The ending in which it earns least, and what.
    pub worst: EndingProfit,
    /// Days until the money is expected back; zero for what is settled at once, `None` where it is not known.
    pub days: Option<f64>,
    /// Net profit as a simple yearly return on the capital (0.08 is 8 %), over at least a day; `None` without [`Terms::days`].
    pub annualised: Option<f64>,
    /// Net dollars for each dollar tied up for a day, over at least a day; without [`Terms::days`] as if it took
    /// [a year](Terms::rank). What trades are ranked by.
    pub per_capital_day: f64,
    /// Which order to send first, counted from 0: the one least sure to fill.
    pub first_leg: usize,
    /// The unbroken stretch of each leg's book it was read from, in the order of the legs.
    #[serde(skip)]
    pub epochs: PerLeg<Epoch>,
    /// When each leg's book was last heard of, in the order of the legs.
    #[serde(skip)]
    pub heard_at: PerLeg<Option<Timestamp>>,
}

impl Terms {
    /// The order in which trades deserve capital: most net dollars for a dollar tied up for a day first. A trade whose resolution is not
    /// known counts as if it took 365 days.
    #[must_use]
    pub fn rank(&self, other: &Self) -> Ordering {
        other.per_capital_day.total_cmp(&self.per_capital_day)
    }
}

/// Dollars that must be there to begin a trade.
pub(crate) fn capital(basket: &Basket, trade: &Opportunity) -> Usd {
    let purchases: Usd = trade
        .legs
        .iter()
        .filter(|leg| leg.action == Action::Buy)
        .map(|leg| leg.cost_usd + leg.fee_usd)
        .sum();
    let splits = if basket.payoff < Usd::ZERO {
        // Whole micro-dollars times millionths of a contract are pico-dollars.
        Usd::from_pico(-basket.payoff.pico() / 1_000_000 * i128::from(trade.quantity.micros()))
    } else {
        Usd::ZERO
    };
    purchases + splits
}

/// The terms of a trade whose legs are read from these books.
pub(crate) fn of<'a>(
    basket: &Basket,
    trade: &Opportunity,
    legs: impl Iterator<Item = (&'a BasketLeg, &'a TrackedBook)> + Clone,
    resolves_at: Option<Timestamp>,
) -> Terms {
    let capital_usd = capital(basket, trade);
    let at_once =
        matches!(basket.class, OpportunityClass::IntraVenue | OpportunityClass::Conversion);
    let held = match (at_once, trade.at, resolves_at) {
        (true, ..) => Some(Duration::ZERO),
        (false, Some(at), Some(until)) => Some(until.since(at)),
        _ => None,
    };
    let days = |held: Duration| held.as_secs_f64() / 86_400.0;
    let earned = trade.net_usd.to_f64_lossy() / capital_usd.to_f64_lossy();
    let daily = |held: Duration| earned / days(held.max(SHORTEST));
    let worst = endings(basket, trade).into_iter().min_by_key(|ending| ending.net_usd);
    Terms {
        capital_usd,
        worst: worst
            .unwrap_or(EndingProfit { ending: crate::Ending::Planned, net_usd: trade.net_usd }),
        days: held.map(days),
        annualised: held.map(|held| daily(held) * 365.0),
        per_capital_day: held.map_or(earned / 365.0, daily),
        first_leg: least_sure(trade, legs.clone()),
        epochs: legs.clone().map(|(_, tracked)| tracked.epoch()).collect(),
        heard_at: legs.map(|(_, tracked)| tracked.received_at()).collect(),
    }
}

/// The leg with the least to spare: contracts offered at its limit or better, by contracts wanted. Where two have as much, Polymarket's:
/// its fills are final later.
fn least_sure<'a>(
    trade: &Opportunity,
    legs: impl Iterator<Item = (&'a BasketLeg, &'a TrackedBook)>,
) -> usize {
    let spare = trade.legs.iter().zip(legs).enumerate().map(|(index, (order, (leg, tracked)))| {
        let offered = leg.ladder(tracked.book());
        let within = |price| match leg.action {
            Action::Buy => price <= order.limit,
            Action::Sell => price >= order.limit,
        };
        let depth = offered
            .take_while(|level| within(level.price))
            .fold(Quantity::ZERO, |sum, level| sum.saturating_add(level.size));
        (depth, leg.venue != Venue::Polymarket, index)
    });
    spare.min().map_or(0, |(.., index)| index)
}

#[cfg(test)]
mod tests {
    use arb_normalize::{OpportunityLeg, Outcome, Price};
    use arb_risk::fees::LegFees;

    use super::*;

    #[test]
    fn a_set_that_is_split_is_paid_for_before_its_halves_are_sold() {
        let venue = Venue::Polymarket;
        let leg = |outcome| BasketLeg {
            venue,
            key: "7131".to_owned(),
            book: None,
            market: "0xc0nd".to_owned(),
            outcome,
            action: Action::Sell,
            member: 0,
            fees: LegFees::worst_known(venue),
        };
        let order = |outcome, cost_usd: Usd| OpportunityLeg {
            venue,
            market: "0xc0nd".to_owned(),
            outcome,
            action: Action::Sell,
            limit: Price::ZERO,
            quantity: Quantity::from_contracts(40).unwrap(),
            cost_usd,
            fee_usd: Usd::CENT,
        };
        let outcomes = [Outcome::Yes, Outcome::No];
        let class = OpportunityClass::IntraVenue;
        let legs = outcomes.map(leg).to_vec();
        let basket = Basket::new(class, "s", "split", -Usd::DOLLAR, legs);
        let trade = Opportunity {
            id: "s/split/1".to_owned(),
            at: None,
            class,
            pair: "s".to_owned(),
            legs: outcomes.map(|outcome| order(outcome, -Usd::from_micros(21_000_000))).to_vec(),
            quantity: Quantity::from_contracts(40).unwrap(),
            gross_usd: Usd::from_micros(2_000_000),
            fees_usd: Usd::CENT + Usd::CENT,
            net_usd: Usd::from_micros(1_980_000),
        };
        assert_eq!(capital(&basket, &trade).to_string(), "40");
        // What pays a dollar needs nothing but its purchases.
        let basket = Basket { payoff: Usd::DOLLAR, ..basket };
        assert_eq!(capital(&basket, &trade), Usd::ZERO);
    }
}

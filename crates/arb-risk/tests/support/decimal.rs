//! The venues' rules and the search for the best size, written a second time in decimals and without any cleverness.

use arb_risk::fees::LegFees;
use rust_decimal::{Decimal, RoundingStrategy};

/// One leg, levels best first.
#[derive(Debug, Clone)]
pub(crate) struct ReferenceLeg {
    pub(crate) sell: bool,
    pub(crate) levels: Vec<(Decimal, Decimal)>,
    pub(crate) fees: LegFees,
    pub(crate) min_size: Decimal,
    pub(crate) min_cost: Decimal,
    pub(crate) max_outlay: Option<Decimal>,
}

/// A trade.
#[derive(Debug, Clone)]
pub(crate) struct ReferenceTrade {
    pub(crate) legs: Vec<ReferenceLeg>,
    pub(crate) payout: Decimal,
    pub(crate) lot: Decimal,
    pub(crate) max_quantity: Option<Decimal>,
    pub(crate) max_outlay: Option<Decimal>,
    pub(crate) discount: Decimal,
    pub(crate) fixed_cost: Decimal,
}

/// The best size.
#[derive(Debug, Clone)]
pub(crate) struct Best {
    pub(crate) quantity: Decimal,
    pub(crate) value: Decimal,
    pub(crate) gross: Decimal,
    pub(crate) net: Decimal,
    pub(crate) legs: Vec<ReferenceOrder>,
}

/// One order.
#[derive(Debug, Clone)]
pub(crate) struct ReferenceOrder {
    pub(crate) limit: Decimal,
    pub(crate) cost: Decimal,
    pub(crate) outlay: Decimal,
}

fn ceil_to(value: Decimal, step: Decimal) -> Decimal {
    (value / step).round_dp_with_strategy(0, RoundingStrategy::ToPositiveInfinity) * step
}

fn number(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// One order for `quantity`, `None` when the levels hold fewer.
pub(crate) fn order(leg: &ReferenceLeg, quantity: Decimal) -> Option<ReferenceOrder> {
    let (mut left, mut cost, mut fees, mut limit) =
        (quantity, Decimal::ZERO, Decimal::ZERO, Decimal::ZERO);
    for (price, size) in &leg.levels {
        if left.is_zero() {
            break;
        }
        let take = left.min(*size);
        let variance = price * (Decimal::ONE - price);
        cost += price * take;
        limit = *price;
        fees += match leg.fees {
            LegFees::Kalshi(kalshi) => {
                let fee = number("0.07") * Decimal::from(kalshi.multiplier()) * take * variance;
                ceil_to(fee, kalshi.quantum().into())
            }
            LegFees::Polymarket(polymarket) => {
                let curve = (0..polymarket.exponent()).fold(Decimal::ONE, |c, _| c * variance);
                take * Decimal::from(polymarket.rate()) * curve
            }
            _ => unreachable!("a venue the reference does not know"),
        };
        left -= take;
    }
    if !left.is_zero() {
        return None;
    }
    let signed = if leg.sell { -cost } else { cost };
    let outlay = match leg.fees {
        LegFees::Kalshi(kalshi) => ceil_to(signed + fees, kalshi.precision().into()),
        _ => signed + ceil_to(fees, number("0.00001")),
    };
    Some(ReferenceOrder { limit, cost: signed, outlay })
}

fn try_lot(trade: &ReferenceTrade, quantity: Decimal) -> Option<Best> {
    let legs: Vec<ReferenceOrder> =
        trade.legs.iter().map(|leg| order(leg, quantity)).collect::<Option<_>>()?;
    let outlay: Decimal = legs.iter().map(|order| order.outlay).sum();
    let cost: Decimal = legs.iter().map(|order| order.cost).sum();
    let gross = trade.payout * quantity - cost;
    Some(Best {
        quantity: quantity.normalize(),
        value: trade.payout * trade.discount * quantity - outlay - trade.fixed_cost,
        gross,
        net: trade.payout * quantity - outlay,
        legs,
    })
}

fn allowed(trade: &ReferenceTrade, best: &Best) -> bool {
    let mut total = (-trade.payout).max(Decimal::ZERO) * best.quantity;
    for (leg, order) in trade.legs.iter().zip(&best.legs) {
        if best.quantity < leg.min_size || order.cost.abs() < leg.min_cost {
            return false;
        }
        if !leg.sell {
            if leg.max_outlay.is_some_and(|most| order.outlay > most) {
                return false;
            }
            total += order.outlay;
        }
    }
    trade.max_outlay.is_none_or(|most| total <= most)
        && trade.max_quantity.is_none_or(|most| best.quantity <= most)
}

/// What a contract at the limit prices earns before rounding.
pub(crate) fn marginal(trade: &ReferenceTrade, best: &Best) -> Decimal {
    let mut left = trade.payout * trade.discount;
    for (leg, order) in trade.legs.iter().zip(&best.legs) {
        let variance = order.limit * (Decimal::ONE - order.limit);
        let fee = match leg.fees {
            LegFees::Kalshi(kalshi) => {
                number("0.07") * Decimal::from(kalshi.multiplier()) * variance
            }
            LegFees::Polymarket(polymarket) => (0..polymarket.exponent())
                .fold(Decimal::from(polymarket.rate()), |fee, _| fee * variance),
            _ => unreachable!("a venue the reference does not know"),
        };
        left -= if leg.sell { fee - order.limit } else { fee + order.limit };
    }
    left.round_dp_with_strategy(12, RoundingStrategy::ToNegativeInfinity)
}

/// Every lot tried; the first of the best.
pub(crate) fn brute_force(trade: &ReferenceTrade) -> Option<Best> {
    let mut best: Option<Best> = None;
    let mut quantity = trade.lot;
    while let Some(tried) = try_lot(trade, quantity) {
        let floor = best.as_ref().map_or(Decimal::ZERO, |best| best.value);
        if tried.value > floor && allowed(trade, &tried) {
            best = Some(tried);
        }
        quantity += trade.lot;
    }
    best
}

/// The smallest and largest lots that do not lose, limits aside.
pub(crate) fn break_even(trade: &ReferenceTrade) -> (Decimal, Decimal) {
    let unlimited = ReferenceTrade { max_quantity: None, max_outlay: None, ..trade.clone() };
    let (mut smallest, mut largest) = (None, Decimal::ZERO);
    let mut quantity = trade.lot;
    while let Some(tried) = try_lot(&unlimited, quantity) {
        let large_enough =
            trade.legs.iter().zip(&tried.legs).all(|(leg, order)| {
                tried.quantity >= leg.min_size && order.cost.abs() >= leg.min_cost
            });
        if tried.value >= Decimal::ZERO && large_enough {
            smallest.get_or_insert(tried.quantity);
            largest = tried.quantity;
        }
        quantity += trade.lot;
    }
    (smallest.unwrap_or_default(), largest)
}

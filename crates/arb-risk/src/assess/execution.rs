//! Whether the legs fill, what a missed one costs, and which to send first.

use std::time::Duration;

use arb_normalize::opportunity::Action;
use arb_normalize::{Ladder, OpportunityLeg, Usd};

use super::LegView;
use crate::fees::FeeModel;
use crate::size::MAX_LEGS;
use crate::slippage::Slippage;

/// What can go wrong with one leg.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct LegRisk {
    /// Slippage per contract.
    pub slippage: Slippage,
    /// Probability that the order fills at a price that still leaves no loss:
    /// Φ(edge/(σ√latency)) · e^(−hazard · latency · depth share) · (1 − reject rate), and where the order is larger than
    /// the believed depth, times the share of it that is believed to be there.
    pub fill: f64,
    /// What undoing the filled leg would cost at the book's other side, dollars: what it laid out less what the sale
    /// brings after fees. What the book cannot take counts as lost.
    pub unwind: f64,
    /// Probability that a reported fill never settles.
    pub ghost_rate: f64,
    /// From the decision to the match.
    pub latency: Duration,
    /// How far the price moves during the latency (one standard deviation), dollars.
    pub noise: f64,
    /// Edge in units of that noise.
    pub(super) slack: f64,
    /// Contracts.
    pub(super) size: f64,
}

pub(super) fn leg_risk(
    leg: &OpportunityLeg,
    view: &LegView<'_>,
    given: Ladder<'_>,
    slippage: Slippage,
    edge: f64,
    hazard: f64,
) -> LegRisk {
    let latency = view.latency.as_secs_f64();
    let noise = view.volatility * latency.sqrt();
    let slack = if noise == 0.0 { f64::INFINITY.copysign(edge) } else { edge / noise };
    let vanish = (-hazard * latency * slippage.depth_share).exp();
    let there = (1.0 / slippage.depth_share).min(1.0);
    let fill = normal_below(slack) * vanish * there * (1.0 - view.reject_rate);
    LegRisk {
        slippage,
        fill: fill.clamp(0.0, 1.0),
        unwind: unwind(leg, view, given).to_f64_lossy().max(0.0),
        ghost_rate: view.ghost_rate,
        latency: view.latency,
        noise,
        slack,
        size: crate::slippage::contracts(leg.quantity),
    }
}

/// Outlay of the leg and of the opposite order at once; contracts the book cannot take back are worth nothing when
/// held, and cost $1 each when owed.
fn unwind(leg: &OpportunityLeg, view: &LegView<'_>, given: Ladder<'_>) -> Usd {
    let back = leg.quantity.min(given.depth());
    let left = leg.quantity.saturating_sub(back);
    let (order, rest) = match leg.action {
        Action::Buy => (view.fees.sell(given, back), Usd::ZERO),
        Action::Sell => (view.fees.buy(given, back), Usd::payout(left)),
    };
    leg.cost_usd + leg.fee_usd + order.map_or(Usd::ZERO, |order| order.outlay) + rest
}

/// The order of the legs with the smallest expected loss.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Order {
    /// Which leg to send first.
    pub(super) first: usize,
    /// Expected loss of a missed leg, dollars.
    pub(super) loss: f64,
    /// What the opposite order would lose on top.
    pub(super) saves: f64,
}

/// Least certain leg first; of two legs both orders are computed.
pub(super) fn best_order(legs: &[LegRisk], correlation: f64) -> Order {
    let mut order = [0_usize; MAX_LEGS];
    let order = &mut order[..legs.len().min(MAX_LEGS)];
    for (place, leg) in order.iter_mut().enumerate() {
        *leg = place;
    }
    order.sort_by(|a, b| legs[*a].fill.total_cmp(&legs[*b].fill));
    let loss = sequence_loss(legs, order, correlation);
    let first = order.first().copied().unwrap_or(0);
    order.reverse();
    let reversed = sequence_loss(legs, order, correlation);
    if reversed < loss {
        let first = order.first().copied().unwrap_or(0);
        return Order { first, loss: reversed, saves: loss - reversed };
    }
    Order { first, loss, saves: (reversed - loss).max(0.0) }
}

/// Σ over the places where the sequence may break: probability of coming so far and no further, times undoing what is
/// held, which has moved against the holder because the missed leg's price moved.
fn sequence_loss(legs: &[LegRisk], order: &[usize], correlation: f64) -> f64 {
    let (mut reached, mut held, mut size, mut loss) = (1.0, 0.0, 0.0, 0.0);
    for (place, leg) in order.iter().map(|index| &legs[*index]).enumerate() {
        if place > 0 {
            let adverse = correlation * leg.noise * tail_mean(leg.slack) * size;
            loss += reached * (1.0 - leg.fill) * (held + adverse);
        }
        reached *= leg.fill;
        held += leg.unwind;
        size += leg.size;
    }
    loss
}

/// Φ(z), the standard normal distribution.
fn normal_below(z: f64) -> f64 {
    0.5 * libm::erfc(-z * std::f64::consts::FRAC_1_SQRT_2)
}

/// φ(z)/(1 − Φ(z)): the mean of a standard normal variable above z (inverse Mills ratio).
fn tail_mean(z: f64) -> f64 {
    if z > 25.0 {
        return if z.is_finite() { z + 1.0 / z } else { 0.0 };
    }
    let density = (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt();
    density / normal_below(-z)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_normal_distribution_and_its_tail() {
        for (z, below) in [(0.0, 0.5), (1.0, 0.841_344_746), (-2.0, 0.022_750_132)] {
            assert!((normal_below(z) - below).abs() < 1e-9);
        }
        assert!((tail_mean(0.0) - 0.797_884_561).abs() < 1e-9);
        assert!((tail_mean(24.9) - tail_mean(25.1)).abs() < 0.3);
        assert_eq!(tail_mean(f64::INFINITY), 0.0);
    }

    #[test]
    fn the_less_certain_leg_goes_first_where_unwinding_costs_the_same() {
        let leg = |fill, unwind| LegRisk { fill, unwind, size: 10.0, ..LegRisk::default() };
        let order = best_order(&[leg(0.95, 2.0), leg(0.7, 2.0)], 0.9);
        assert_eq!(order.first, 1);
        assert!((order.loss - 0.7 * 0.05 * 2.0).abs() < 1e-12);
        assert!((order.saves - (0.95 * 0.3 * 2.0 - order.loss)).abs() < 1e-12);
        let dear = best_order(&[leg(0.95, 2.0), leg(0.7, 200.0)], 0.9);
        assert_eq!(dear.first, 0, "unless undoing it is the dearer mistake");
        assert_eq!(best_order(&[leg(0.5, 9.0)], 0.9).loss, 0.0, "one leg cannot be missed");
        assert_eq!(best_order(&[], 0.9), Order::default());
    }
}

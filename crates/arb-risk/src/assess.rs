//! What a trade is expected to lose, and what is left of its profit.
//!
//! Every risk is an expected loss in dollars. The score is a function of those dollars and of nothing else:
//!
//! > score = 100 · (1 − e^(−ΣEL/π)), π the net profit, ΣEL the losses of a category (or of all)
//!
//! so a trade that breaks even after its risks scores exactly [`BREAK_EVEN_SCORE`] (63.2), a lower total always means a
//! profit after risk and a higher one a loss; the two cannot disagree. Categories combine as
//! 100 · (1 − Π(1 − score/100)). A hard failure ([`HardFailure`]) scores 100 whatever the losses.
//!
//! | loss | expected dollars |
//! |---|---|
//! | [`Impact`](LossKind::Impact), [`Timing`](LossKind::Timing) | the slippage beyond the displayed book ([`slippage`](crate::slippage)) times the quantity |
//! | [`Leg`](LossKind::Leg) | one order fills and the next does not: P₁(1 − P₂) · (unwinding the first, and the adverse move that made the second fail), for the better order of the legs |
//! | [`Ghost`](LossKind::Ghost) | a fill the venue reported never settles: its rate times the unwinding of the other legs |
//! | [`Carry`](LossKind::Carry) | outlay · yearly rate · days/365, simple |
//! | [`EarlyExit`](LossKind::EarlyExit) | probability that the position must be left early times unwinding all legs |
//! | [`Concentration`](LossKind::Concentration) | rate · outlay · share of the bankroll in the same event: a price for putting eggs in one basket |
//! | [`Divergence`](LossKind::Divergence) | the venues settle differently: ε · payout, all of it counted as lost |
//! | [`Dispute`](LossKind::Dispute) | a settlement is overturned: rate · payout for each Polymarket leg |
//! | [`Custody`](LossKind::Custody) | the venue does not pay out: yearly rate · outlay · days/365 |
//!
//! The sources of the defaults stand at the fields of [`AssessConfig`], [`LegView`] and [`TradeView`].

mod config;
mod execution;
mod loss;
mod recommendation;
mod settlement;
mod states;

use std::time::Duration;

use arb_normalize::opportunity::Action;
use arb_normalize::{Book, Ladder, Opportunity, OpportunityLeg, Price, Quantity, Usd, Venue};
use arrayvec::ArrayVec;
use smallvec::SmallVec;

pub use config::{AssessConfig, LegView, TradeView};
pub use execution::LegRisk;
pub use loss::{BREAK_EVEN_SCORE, Category, LossKind, Losses, score};
pub use recommendation::{Recommendation, Remedy, Verdict};
pub use settlement::SettlementRecord;
pub use states::{StatePayoff, TerminalState};

use crate::size::{MAX_LEGS, PerLeg};
use crate::slippage::{ImpactModel, LegLiquidity, SquareRootImpact, contracts};

/// Hard failures, of which there are none as a rule.
type HardFailures = SmallVec<[HardFailure; 8]>;

/// Assesses with every default, of two books of which nothing but the levels is known: see [`Assessor`].
///
/// `book_a` and `book_b` are the books of the opportunity's first and second leg.
#[must_use]
pub fn assess_opportunity(opportunity: &Opportunity, book_a: &Book, book_b: &Book) -> Assessment {
    Assessor::default().assess_opportunity(opportunity, book_a, book_b)
}

/// Assesses trades under one configuration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Assessor<I = SquareRootImpact> {
    /// Rates and models.
    pub config: AssessConfig<I>,
}

impl Default for Assessor {
    fn default() -> Self {
        Self { config: AssessConfig::default() }
    }
}

/// What a trade is expected to lose, and what is left of its profit.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Assessment {
    /// Score of the execution losses alone, 0 to 100.
    pub execution: f64,
    /// Score of the market losses alone, 0 to 100.
    pub market: f64,
    /// Score of the platform losses alone, 0 to 100.
    pub platform: f64,
    /// All of them together, 0 to 100; 100 after a hard failure.
    pub total: f64,
    /// The expected losses, each rounded up to $0.000001.
    pub losses: Losses,
    /// The opportunity's net profit, before risk.
    pub net: Usd,
    /// What the orders lay out.
    pub outlay: Usd,
    /// Net profit less all expected losses, dollars.
    pub profit_after_risk: Usd,
    /// The same as a fraction of the outlay.
    pub return_after_risk: f64,
    /// Net profit (before risk) as a simple yearly return on the outlay, with at least one day; `None` without a
    /// known settlement.
    pub annualised: Option<f64>,
    /// The least confidence in any leg's slippage, 0 to 1.
    pub confidence: f64,
    /// Slippage, fill probability and cost of unwinding, leg by leg.
    pub legs: PerLeg<LegRisk>,
    /// Which leg to send first (counted from 0), so that the leg risk is smallest.
    pub first_leg: usize,
    /// What sending another leg first would lose on top, dollars.
    pub order_saves: Usd,
    /// Profit in each terminal state.
    pub states: SmallVec<[StatePayoff; states::IN_PLACE]>,
    /// Why the total is 100 whatever the losses; empty as a rule.
    pub hard_failures: HardFailures,
    /// What to do.
    pub recommendation: Recommendation,
}

impl Assessment {
    /// The terminal state in which the trade loses most (or earns least).
    #[must_use]
    pub fn worst_state(&self) -> Option<StatePayoff> {
        self.states.iter().copied().min_by_key(|state| state.profit)
    }

    /// Whether the assessment says to trade: no hard failure and something left after risk.
    #[must_use]
    pub fn is_profitable(&self) -> bool {
        self.hard_failures.is_empty() && self.profit_after_risk.is_positive()
    }
}

/// Why a trade scores 100 whatever its expected losses.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum HardFailure {
    /// The trade earns nothing before risk.
    #[error("the trade earns {net} dollars before risk")]
    NoProfit {
        /// What it earns.
        net: Usd,
    },
    /// The opportunity has no leg, too many, or not one book for each leg.
    #[error("{legs} legs and {books} books, expected 1 to {MAX_LEGS} of each, equally many")]
    Legs {
        /// Legs of the opportunity.
        legs: usize,
        /// Books given.
        books: usize,
    },
    /// The book is not known to be complete.
    #[error("the book of leg {leg} is not live")]
    NotLive {
        /// Which leg.
        leg: usize,
    },
    /// The book's best bid is at or above its best ask.
    #[error("the book of leg {leg} is crossed")]
    Crossed {
        /// Which leg.
        leg: usize,
    },
    /// The book no longer offers what the opportunity was computed from.
    #[error("the book of leg {leg} no longer holds {quantity} contracts for {cost} dollars")]
    Moved {
        /// Which leg.
        leg: usize,
        /// What the leg takes.
        quantity: Quantity,
        /// For what.
        cost: Usd,
    },
    /// An input made an expected loss something that is no number.
    #[error("the expected loss {0} is not a number: check the rates and volatilities given")]
    NotANumber(LossKind),
}

impl<I: ImpactModel> Assessor<I> {
    /// Assesses a trade of two legs of which nothing but the books' levels is known; every other input has its default.
    #[must_use]
    pub fn assess_opportunity(
        &self,
        opportunity: &Opportunity,
        book_a: &Book,
        book_b: &Book,
    ) -> Assessment {
        let mut views = ArrayVec::<LegView<'_>, 2>::new();
        for (leg, book) in opportunity.legs.iter().zip([book_a, book_b]) {
            views.push(LegView::new(leg.venue, book));
        }
        self.assess(opportunity, &views, &TradeView::default())
    }

    /// Assesses a trade, each leg with what is known of its book and venue.
    #[must_use]
    pub fn assess(
        &self,
        opportunity: &Opportunity,
        views: &[LegView<'_>],
        trade: &TradeView,
    ) -> Assessment {
        let count = opportunity.legs.len();
        let mut failures = HardFailures::new();
        if count == 0 || count > MAX_LEGS || count != views.len() {
            failures.push(HardFailure::Legs { legs: count, books: views.len() });
            return self.conclude(opportunity, trade, Parts::default(), failures);
        }
        let edge = per_contract(opportunity.net_usd, opportunity.quantity);
        let mut parts = Parts::default();
        for (index, (leg, view)) in opportunity.legs.iter().zip(views).enumerate() {
            let risk = self.leg(leg, view, trade, edge);
            check_book(index, leg, view, &mut failures);
            parts.legs.push(risk);
        }
        parts.order = execution::best_order(&parts.legs, self.config.correlation);
        self.conclude(opportunity, trade, parts, failures)
    }

    fn leg(
        &self,
        leg: &OpportunityLeg,
        view: &LegView<'_>,
        trade: &TradeView,
        edge: f64,
    ) -> LegRisk {
        let (taken, given) = match leg.action {
            Action::Buy => (view.book.buy(leg.outcome), view.book.sell(leg.outcome)),
            Action::Sell => (view.book.sell(leg.outcome), view.book.buy(leg.outcome)),
        };
        let slippage = self.config.slippage.estimate(&LegLiquidity {
            ladder: taken,
            quantity: leg.quantity,
            half_spread: half_spread(taken, given),
            tick: view.tick,
            haircut: view.haircut,
            traded_per_second: view.traded_per_second,
            volatility: view.volatility,
            latency: view.latency,
            age: view.age,
            continuous: view.live,
            edge,
        });
        let hazard =
            if trade.in_play { self.config.depth_hazard_in_play } else { self.config.depth_hazard };
        execution::leg_risk(leg, view, given, slippage, edge, hazard)
    }

    fn conclude(
        &self,
        opportunity: &Opportunity,
        trade: &TradeView,
        parts: Parts,
        mut failures: HardFailures,
    ) -> Assessment {
        let net = opportunity.net_usd;
        let outlay = opportunity.outlay_usd();
        let (losses, broken) = self.losses(opportunity, trade, &parts, outlay);
        if let Some(kind) = broken {
            failures.push(HardFailure::NotANumber(kind));
        }
        if !net.is_positive() {
            failures.push(HardFailure::NoProfit { net });
        }
        let all = losses.total();
        let hard = !failures.is_empty();
        let profit_after_risk = net - all;
        let days = trade.days(&self.config);
        let of = |category| score(losses.of_category(category), net);
        let assessment = Assessment {
            execution: of(Category::Execution),
            market: of(Category::Market),
            platform: of(Category::Platform),
            total: if hard { 100.0 } else { score(all, net) },
            losses,
            net,
            outlay,
            profit_after_risk,
            return_after_risk: ratio(profit_after_risk, outlay),
            annualised: trade.until_settlement.map(|_| ratio(net, outlay) * 365.0 / days.max(1.0)),
            confidence: parts
                .legs
                .iter()
                .map(|leg| leg.slippage.confidence.value())
                .fold(if parts.legs.is_empty() { 0.0 } else { 1.0 }, f64::min),
            first_leg: parts.order.first,
            order_saves: loss::dollars_up(parts.order.saves).unwrap_or(Usd::ZERO),
            states: states::all(opportunity),
            legs: parts.legs,
            hard_failures: failures,
            recommendation: Recommendation::default(),
        };
        let recommendation =
            recommendation::recommend(&assessment, opportunity.quantity, trade, &self.config);
        Assessment { recommendation, ..assessment }
    }

    fn losses(
        &self,
        opportunity: &Opportunity,
        trade: &TradeView,
        parts: &Parts,
        outlay: Usd,
    ) -> (Losses, Option<LossKind>) {
        let config = &self.config;
        let size = contracts(opportunity.quantity);
        let laid_out = outlay.to_f64_lossy().max(0.0);
        let payout = (opportunity.net_usd + outlay).to_f64_lossy().max(0.0);
        let years = trade.days(config) / 365.0;
        let unwind: f64 = parts.legs.iter().map(|leg| leg.unwind).sum();
        let polymarket =
            opportunity.legs.iter().filter(|leg| leg.venue == Venue::Polymarket).count() as f64;
        let ghost = parts.legs.iter().map(|leg| leg.ghost_rate * (unwind - leg.unwind)).sum();
        let diverging = if opportunity.legs.len() > 1 { trade.divergence } else { 0.0 };
        let mut losses = Losses::default();
        let mut broken = None;
        for (kind, dollars) in [
            (LossKind::Impact, parts.legs.iter().map(|leg| leg.slippage.impact * size).sum()),
            (LossKind::Timing, parts.legs.iter().map(|leg| leg.slippage.timing * size).sum()),
            (LossKind::Leg, parts.order.loss),
            (LossKind::Ghost, ghost),
            (LossKind::Carry, laid_out * config.carry_yearly * years),
            (LossKind::EarlyExit, config.early_exit * unwind),
            (LossKind::Concentration, config.concentration * laid_out * trade.event_share(outlay)),
            (LossKind::Divergence, diverging * payout),
            (LossKind::Dispute, config.dispute * payout * polymarket),
            (LossKind::Custody, laid_out * config.custody_yearly * years),
        ] {
            match loss::dollars_up(dollars) {
                Some(loss) => losses.set(kind, loss),
                None => broken = broken.or(Some(kind)),
            }
        }
        (losses, broken)
    }
}

/// What is gathered leg by leg.
#[derive(Default)]
struct Parts {
    legs: PerLeg<LegRisk>,
    order: execution::Order,
}

fn check_book(index: usize, leg: &OpportunityLeg, view: &LegView<'_>, failures: &mut HardFailures) {
    if !view.live {
        failures.push(HardFailure::NotLive { leg: index });
    }
    if view.book.is_crossed() {
        failures.push(HardFailure::Crossed { leg: index });
    }
    let now = match leg.action {
        Action::Buy => view.book.buy(leg.outcome).cost_of(leg.quantity),
        Action::Sell => view.book.sell(leg.outcome).cost_of(leg.quantity).map(|cost| -cost),
    };
    if now.is_none_or(|now| now > leg.cost_usd) {
        let (quantity, cost) = (leg.quantity, leg.cost_usd);
        failures.push(HardFailure::Moved { leg: index, quantity, cost });
    }
}

fn half_spread(taken: Ladder<'_>, given: Ladder<'_>) -> f64 {
    match (taken.best(), given.best()) {
        (Some(taken), Some(given)) => {
            let apart = taken.price.micros().abs_diff(given.price.micros());
            f64::from(apart) / f64::from(Price::SCALE) / 2.0
        }
        _ => 0.0,
    }
}

fn per_contract(dollars: Usd, quantity: Quantity) -> f64 {
    if quantity.is_zero() { 0.0 } else { dollars.to_f64_lossy() / contracts(quantity) }
}

fn ratio(part: Usd, whole: Usd) -> f64 {
    if whole == Usd::ZERO { 0.0 } else { part.to_f64_lossy() / whole.to_f64_lossy() }
}

/// Days as a number.
fn days(span: Duration) -> f64 {
    span.as_secs_f64() / 86_400.0
}

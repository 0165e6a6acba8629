//! What to do about a trade, with numbers.

use std::time::Duration;

use arb_normalize::{Quantity, Usd};

use super::{AssessConfig, Assessment, BREAK_EVEN_SCORE, LossKind, SettlementRecord, TradeView};

/// What the total score says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Verdict {
    /// Losses below a quarter of the profit (score below 22.1).
    Execute,
    /// Below a half (39.3): trade less.
    Reduce,
    /// Below the whole profit (63.2): on paper, or after a look.
    Review,
    /// The losses eat the profit, or a hard failure.
    #[default]
    Reject,
}

impl Verdict {
    /// The lower-case word of output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Execute => "execute",
            Self::Reduce => "reduce",
            Self::Review => "review",
            Self::Reject => "reject",
        }
    }

    fn of(total: f64, after: Usd) -> Self {
        // 100·(1 − e^(−1/4)) and 100·(1 − e^(−1/2)).
        if total < 22.119_921_692_859_51 {
            Self::Execute
        } else if total < 39.346_934_028_736_66 {
            Self::Reduce
        } else if total < BREAK_EVEN_SCORE && after.is_positive() {
            Self::Review
        } else {
            Self::Reject
        }
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// What would bring all losses down to half of the profit by lowering the largest alone.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum Remedy {
    /// Nothing needs doing.
    NotNeeded,
    /// The other losses alone exceed half of the profit.
    #[default]
    None,
    /// Trade so many contracts (impact falls with the square root of the size).
    ReduceTo(Quantity),
    /// Be faster than this (the movement grows with the square root of the time).
    FasterThan(Duration),
    /// Send that leg first, and the others only while their probability of filling is at least this.
    FirstLeg {
        /// Which leg, counted from 0.
        leg: usize,
        /// The least probability of filling of the legs after it.
        fill: f64,
    },
    /// Trade where reported fills fail at most so often, or hedge after they are confirmed.
    GhostRateBelow(f64),
    /// Trade what settles within so many days.
    SettlesWithinDays(f64),
    /// Be sure to hold to the end: leave early at most so often.
    EarlyExitBelow(f64),
    /// Bring the event's exposure, this trade included, down to so many dollars.
    EventExposureBelow(Usd),
    /// Trade series whose venues diverge at most so often.
    DivergenceBelow {
        /// ε.
        rate: f64,
        /// So many settled pairs that all agreed would show it.
        agreed: Option<u32>,
    },
    /// Trade where settlements are overturned at most so often.
    DisputeBelow(f64),
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Recommendation {
    /// What the total score says.
    pub verdict: Verdict,
    /// The largest loss and its dollars.
    pub largest: Option<(LossKind, Usd)>,
    /// What would bring all losses down to half of the profit by lowering the largest alone.
    pub remedy: Remedy,
}

pub(super) fn recommend<I>(
    assessment: &Assessment,
    quantity: Quantity,
    trade: &TradeView,
    config: &AssessConfig<I>,
) -> Recommendation {
    let verdict = Verdict::of(assessment.total, assessment.profit_after_risk);
    let Some((kind, loss)) = assessment.losses.largest() else {
        let remedy =
            if assessment.hard_failures.is_empty() { Remedy::NotNeeded } else { Remedy::None };
        return Recommendation { verdict, largest: None, remedy };
    };
    let half = assessment.net.to_f64_lossy() / 2.0;
    let others = (assessment.losses.total() - loss).to_f64_lossy();
    let kept = (half - others) / loss.to_f64_lossy();
    let remedy = if !assessment.hard_failures.is_empty() || kept <= 0.0 {
        Remedy::None
    } else if kept >= 1.0 {
        Remedy::NotNeeded
    } else {
        cut_to(kept, kind, assessment, quantity, trade, config)
    };
    Recommendation { verdict, largest: Some((kind, loss)), remedy }
}

/// What lowers one loss to the share `kept` of what it is.
fn cut_to<I>(
    kept: f64,
    kind: LossKind,
    assessment: &Assessment,
    quantity: Quantity,
    trade: &TradeView,
    config: &AssessConfig<I>,
) -> Remedy {
    let days = trade.days(config);
    match kind {
        LossKind::Impact => {
            let contracts = quantity.whole_contracts() as f64 * kept * kept;
            Quantity::from_contracts(contracts as u64)
                .filter(|quantity| !quantity.is_zero())
                .map_or(Remedy::None, Remedy::ReduceTo)
        }
        LossKind::Timing => {
            // Movement adds up over the legs, so each is asked for the same share.
            let slowest =
                assessment.legs.iter().map(|leg| leg.latency).max().unwrap_or(Duration::ZERO);
            Remedy::FasterThan(slowest.mul_f64(kept * kept))
        }
        LossKind::Leg => {
            let first = assessment.first_leg;
            let least = assessment
                .legs
                .iter()
                .enumerate()
                .filter(|(index, _)| *index != first)
                .map(|(_, leg)| leg.fill)
                .fold(1.0, f64::min);
            Remedy::FirstLeg { leg: first, fill: 1.0 - (1.0 - least) * kept }
        }
        LossKind::Ghost => {
            let rate = assessment.legs.iter().map(|leg| leg.ghost_rate).fold(0.0, f64::max);
            Remedy::GhostRateBelow(rate * kept)
        }
        LossKind::Carry | LossKind::Custody => Remedy::SettlesWithinDays(days * kept),
        LossKind::EarlyExit => Remedy::EarlyExitBelow(config.early_exit * kept),
        LossKind::Concentration => {
            let share = trade.event_share(assessment.outlay) * kept;
            let all = trade.bankroll.unwrap_or(assessment.outlay).to_f64_lossy();
            let exposure = Usd::from_micros((all * share * 1e6).floor() as i64);
            Remedy::EventExposureBelow(exposure)
        }
        LossKind::Divergence => {
            let rate = trade.divergence * kept;
            Remedy::DivergenceBelow { rate, agreed: SettlementRecord::agreed_for(rate) }
        }
        LossKind::Dispute => Remedy::DisputeBelow(config.dispute * kept),
    }
}

impl std::fmt::Display for Remedy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotNeeded => f.write_str("nothing needs doing"),
            Self::None => f.write_str("nothing that lowers this loss alone is enough: skip it"),
            Self::ReduceTo(quantity) => write!(f, "trade {quantity} contracts"),
            Self::FasterThan(latency) => write!(f, "be faster than {latency:.0?}"),
            Self::FirstLeg { leg, fill } => {
                write!(f, "send leg {leg} first, the next only above {:.1} % to fill", fill * 100.0)
            }
            Self::GhostRateBelow(rate) => {
                write!(f, "hedge confirmed fills, or fills that fail below {:.3} %", rate * 100.0)
            }
            Self::SettlesWithinDays(days) => write!(f, "trade what settles within {days:.1} days"),
            Self::EarlyExitBelow(rate) => {
                write!(f, "hold to settlement: leave early below {:.3} %", rate * 100.0)
            }
            Self::EventExposureBelow(dollars) => {
                write!(f, "bring the event's exposure below ${dollars}")
            }
            Self::DivergenceBelow { rate, agreed } => {
                write!(f, "needs a divergence below {:.3} %", rate * 100.0)?;
                match agreed {
                    Some(pairs) => write!(f, " ({pairs} settled pairs that all agreed show it)"),
                    None => Ok(()),
                }
            }
            Self::DisputeBelow(rate) => {
                write!(f, "needs settlements overturned below {:.4} %", rate * 100.0)
            }
        }
    }
}

impl std::fmt::Display for Recommendation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.verdict)?;
        match self.largest {
            Some((kind, loss)) => write!(f, "; largest loss {kind} ${loss}: {}", self.remedy),
            None => Ok(()),
        }
    }
}

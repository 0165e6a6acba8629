//! What a trade pays in every way its markets may end.

use arb_normalize::opportunity::Action;
use arb_normalize::{Opportunity, OpportunityLeg, Usd};
use smallvec::SmallVec;

use crate::size::MAX_LEGS;

/// How many states a trade of nine legs has: that many are kept in place.
pub(super) const IN_PLACE: usize = 5 + 3 * 9;

/// A way in which the markets of a trade may end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TerminalState {
    /// Every venue settles alike and within the rules the trade assumes.
    AsPlanned,
    /// A tie: every market pays 50-50.
    FiftyFiftyAll,
    /// Every market is void and gives the price back; fees are not returned.
    VoidAll,
    /// One leg is void (or settles as a scalar) at the price paid and the others lose.
    VoidOne {
        /// Which leg.
        leg: usize,
    },
    /// One leg pays 50-50 and the others lose.
    FiftyFiftyOne {
        /// Which leg.
        leg: usize,
    },
    /// One leg pays in full and the others lose: the same as planned for two opposite outcomes, worse where more legs
    /// were meant to pay.
    OnlyOnePays {
        /// Which leg.
        leg: usize,
    },
    /// The venues settle differently and no leg pays.
    NonePays,
    /// The venues settle differently and every leg pays.
    AllPay,
}

impl std::fmt::Display for TerminalState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AsPlanned => f.write_str("settled as planned"),
            Self::FiftyFiftyAll => f.write_str("a tie, every market pays 50-50"),
            Self::VoidAll => f.write_str("every market void, prices returned, fees kept"),
            Self::VoidOne { leg } => write!(f, "leg {leg} void at the price paid, the others lose"),
            Self::FiftyFiftyOne { leg } => write!(f, "leg {leg} pays 50-50, the others lose"),
            Self::OnlyOnePays { leg } => write!(f, "only leg {leg} pays"),
            Self::NonePays => f.write_str("no leg pays"),
            Self::AllPay => f.write_str("every leg pays"),
        }
    }
}

/// A terminal state and the trade's profit in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatePayoff {
    /// The state.
    pub state: TerminalState,
    /// Dollars earned in it (negative: lost), fees included.
    pub profit: Usd,
}

/// What holding a leg is worth when each contract pays `share`/2 dollars; a sold one is owed.
fn halves(leg: &OpportunityLeg, share: i128) -> Usd {
    let worth = Usd::payout(leg.quantity).pico() / 2 * share;
    Usd::from_pico(if leg.action == Action::Buy { worth } else { -worth })
}

/// The worst a leg can end at: a purchase pays nothing, a sale owes $1.
fn lost(leg: &OpportunityLeg) -> Usd {
    halves(leg, if leg.action == Action::Buy { 0 } else { 2 })
}

/// The best a leg can end at.
fn won(leg: &OpportunityLeg) -> Usd {
    halves(leg, if leg.action == Action::Buy { 2 } else { 0 })
}

pub(super) fn all(opportunity: &Opportunity) -> SmallVec<[StatePayoff; IN_PLACE]> {
    let legs = &opportunity.legs;
    let outlay = opportunity.outlay_usd();
    let sum = |worth: &dyn Fn(usize, &OpportunityLeg) -> Usd| -> Usd {
        legs.iter().enumerate().map(|(index, leg)| worth(index, leg)).sum()
    };
    let mut states = SmallVec::new();
    let mut push = |state, profit| states.push(StatePayoff { state, profit });
    push(TerminalState::AsPlanned, opportunity.net_usd);
    push(TerminalState::FiftyFiftyAll, sum(&|_, leg| halves(leg, 1)) - outlay);
    push(TerminalState::VoidAll, sum(&|_, leg| leg.cost_usd) - outlay);
    push(TerminalState::NonePays, sum(&|_, leg| lost(leg)) - outlay);
    push(TerminalState::AllPay, sum(&|_, leg| won(leg)) - outlay);
    if legs.len() < 2 {
        return states;
    }
    for one in 0..legs.len().min(MAX_LEGS) {
        let with = |worth: fn(&OpportunityLeg) -> Usd| {
            sum(&|index, leg| if index == one { worth(leg) } else { lost(leg) }) - outlay
        };
        push(TerminalState::VoidOne { leg: one }, with(|leg| leg.cost_usd));
        push(TerminalState::FiftyFiftyOne { leg: one }, with(|leg| halves(leg, 1)));
        push(TerminalState::OnlyOnePays { leg: one }, with(won));
    }
    states
}

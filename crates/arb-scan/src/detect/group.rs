//! All outcomes of a question.

use arb_normalize::opportunity::Action;
use arb_normalize::{OpportunityClass, Outcome, Usd};

use super::{Approved, Detector, Refused, legs_of, within_legs};
use crate::sets::SetRelation;
use crate::{Basket, MarketSet, Pick};

/// One contract of every member of a group, on one venue or merged over both: of a member that both venues trade, the leg whose first
/// contract costs less after fees is taken (Kalshi's where they cost the same); of only two members, the legs that earn most
/// together.
///
/// | | YES of all k members | NO of all k members |
/// |---|---|---|
/// | condition | Σ YES asks + fees < $1 | Σ NO asks + fees < $(k − 1) |
/// | needs | exactly one happens ([`SetRelation::Partition`]) | at most one happens ([`SetRelation::Exclusive`] is enough) |
/// | one member happens | $1 | $(k − 1) |
/// | none happens | $0 – excluded by a partition | $k |
/// | a tie, shared s and 1 − s between two (scalar) | $1 | $(k − 1) |
/// | every market 50-50 (not in a neg-risk event) | $k/2 | $k/2, below $(k − 1) from three members on |
/// | every market void, prices returned | what was paid; the fees are lost | the same |
/// | one market void, its price returned: the one that happens | what was paid for it | $(k − 1) and what was paid for it |
/// | one market void, its price returned: another one | $1 and what was paid for it | $(k − 2) and what was paid for it |
/// | merged, and the venues see different winners | $0 | $(k − 2) |
///
/// YES is refused ([`Refused::NotExhaustive`]) unless the set is a partition: Polymarket's augmented neg-risk events and Kalshi's
/// events may get new outcomes, and none of the listed ones may happen.
/// [`Pipeline::missing_mass`](crate::Pipeline::missing_mass) says how much the market gives the unlisted.
///
/// Worked, YES: three Kalshi markets offered at 0.30, 0.35 and 0.30, 100 contracts each, cost $95 and pay $100. Fees 0.07 · 100 ·
/// (0.21 + 0.2275 + 0.21) = 4.5325 leave $0.4675.
/// Worked, NO: the same markets' NO at 0.60, 0.64 and 0.65 cost $189 and pay $200; fees 0.07 · 100 · (0.24 + 0.2304 + 0.2275) =
/// 4.8853 leave $6.1147.
#[derive(Debug, Clone, Copy)]
pub enum Groups {
    /// YES of all members of a partition.
    Yes,
    /// NO of all members of an exclusive set.
    No,
}

impl Detector for Groups {
    fn class(&self) -> OpportunityClass {
        OpportunityClass::Group
    }

    fn baskets(&self, approved: Approved<'_>) -> Result<Vec<Basket>, Refused> {
        let Approved::Set(set) = approved else { return Ok(Vec::new()) };
        let exhaustive = match set.relation {
            SetRelation::Partition => true,
            SetRelation::Exclusive => false,
            _ => return Ok(Vec::new()),
        };
        let members = set.members.len();
        if members < 2 {
            return Ok(Vec::new());
        }
        within_legs(set)?;
        match self {
            Self::Yes if !exhaustive => Err(Refused::NotExhaustive { id: set.id.clone(), members }),
            Self::Yes => Ok(vec![all_members(self.class(), set, Outcome::Yes, Usd::DOLLAR)]),
            Self::No => {
                let payoff = (1..members).map(|_| Usd::DOLLAR).sum();
                Ok(vec![all_members(self.class(), set, Outcome::No, payoff)])
            }
        }
    }
}

fn all_members(class: OpportunityClass, set: &MarketSet, outcome: Outcome, payoff: Usd) -> Basket {
    let legs: Vec<_> = set
        .members
        .iter()
        .enumerate()
        .flat_map(|(number, member)| legs_of(number, member, outcome, Action::Buy))
        .collect();
    let direction = if outcome == Outcome::Yes { "all-yes" } else { "all-no" };
    let pick = if legs.len() > set.members.len() { Pick::Cheapest } else { Pick::All };
    Basket::new(class, &set.id, direction, payoff, legs).picking(pick)
}

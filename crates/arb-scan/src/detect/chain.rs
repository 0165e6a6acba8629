//! A superset and its subset.

use arb_normalize::opportunity::Action;
use arb_normalize::{OpportunityClass, Outcome, Usd};

use super::{Approved, Detector, Refused, legs_of, within};
use crate::sets::SetRelation;
use crate::{Basket, Pick};

/// The most members: each has a number of its own in a byte, by which its legs are told from those of others.
const MOST: usize = 1 << 8;

/// YES of a wide proposition with NO of a narrow one that implies it: "above 80" with not "above 100", "by December" with not "by
/// June", a superset with not its subset. Every two members of a chain are a trade; of members that both venues trade, the legs that
/// earn most together are taken.
///
/// Condition: YES ask of the wide + NO ask of the narrow + fees < $1.
///
/// | | YES(wide) + NO(narrow) pays |
/// |---|---|
/// | both happen, or neither | $1 |
/// | only the wide one happens | $2 |
/// | values s(wide) ≥ s(narrow) (scalar) | 1 + s(wide) − s(narrow), at least $1 |
/// | both 50-50 | $1 |
/// | both void, prices returned | what was paid; the fees are lost |
/// | one void, the other leg loses | what was paid for the void one |
/// | on two venues that decide differently, against both | $0 |
///
/// Worked: "above 80" offered at 0.62 and "above 90" bid at 0.66 (NO at 0.34) on Kalshi, 50 contracts each: $48 that pay at
/// least $50. Fees 0.07 · 50 · (0.2356 + 0.2244) = 1.61 leave $0.39, and $50 more if it ends between 80 and 90.
///
/// A chain of more than 256 members is refused ([`Refused::TooMany`]).
#[derive(Debug, Clone, Copy, Default)]
pub struct Chains;

impl Detector for Chains {
    fn class(&self) -> OpportunityClass {
        OpportunityClass::Chain
    }

    fn baskets(&self, approved: Approved<'_>) -> Result<Vec<Basket>, Refused> {
        let Approved::Set(set) = approved else { return Ok(Vec::new()) };
        if set.relation != SetRelation::Chain {
            return Ok(Vec::new());
        }
        within(set, MOST)?;
        let mut baskets = Vec::new();
        for (wide, superset) in set.members.iter().enumerate() {
            for (narrow, subset) in set.members.iter().enumerate().skip(wide + 1) {
                let legs: Vec<_> = legs_of(wide, superset, Outcome::Yes, Action::Buy)
                    .chain(legs_of(narrow, subset, Outcome::No, Action::Buy))
                    .collect();
                let pick = if legs.len() > 2 { Pick::Cheapest } else { Pick::All };
                let direction = format!("yes{wide}-no{narrow}");
                let basket = Basket::new(self.class(), &set.id, direction, Usd::DOLLAR, legs);
                baskets.push(basket.picking(pick));
            }
        }
        Ok(baskets)
    }
}

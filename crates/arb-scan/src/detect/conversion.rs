//! Polymarket's conversion of a NO position into YES of the others.

use arb_normalize::opportunity::Action;
use arb_normalize::{OpportunityClass, Outcome, Usd, Venue};

use super::{Approved, Detector, Refused, leg, within_legs};
use crate::{Basket, Pick};

/// NO of one member of a neg-risk event, converted into YES of all others, which are sold.
///
/// The adapter gives for NO of the members S: $(|S| − 1) and YES of every member outside S. A member's NO ask is 1 − its YES bid (one
/// book), so whichever S is taken, a contract of each earns the same before fees: Σ YES bids − 1. S is therefore the one member with
/// the highest YES bid, which ties up least capital; the whole S is [`Groups::No`](super::Groups::No), held to the end or converted into cash.
///
/// Condition: Σ YES bids of the others − fees > NO ask of the one. Nothing is held afterwards, so how the markets end
/// does not matter; it needs no exhaustive list, because unlisted members of the event only leave more YES in hand, at worst
/// worthless. Others that nobody bids for, whose bids are so small that it earns more without them, or whose book is not to be trusted,
/// are kept. Gas and the adapter's fee (none today) are not counted.
///
/// Worked: YES bids of 0.40, 0.36 and 0.35 for 100 contracts. NO of the first costs 0.60, the others bring 0.71: $11 gross. At a rate of
/// 0.05 the fees are 0.05 · 100 · (0.24 + 0.2304 + 0.2275) = 3.4895 and leave $7.5105 on $61.20 of capital.
#[derive(Debug, Clone, Copy, Default)]
pub struct Conversions;

impl Detector for Conversions {
    fn class(&self) -> OpportunityClass {
        OpportunityClass::Conversion
    }

    fn baskets(&self, approved: Approved<'_>) -> Result<Vec<Basket>, Refused> {
        let Approved::Set(set) = approved else { return Ok(Vec::new()) };
        if !set.neg_risk || set.members.len() < 2 {
            return Ok(Vec::new());
        }
        within_legs(set)?;
        let mut legs = Vec::with_capacity(2 * set.members.len());
        for (number, member) in (0_u8..).zip(&set.members) {
            let Some((venue, key, market)) =
                member.markets().find(|(venue, ..)| *venue == Venue::Polymarket)
            else {
                return Err(Refused::NotConvertible {
                    id: set.id.clone(),
                    member: usize::from(number) + 1,
                });
            };
            legs.push(leg(number, venue, key, market, Outcome::No, Action::Buy));
            legs.push(leg(number, venue, key, market, Outcome::Yes, Action::Sell));
        }
        let basket = Basket::new(self.class(), &set.id, "convert", Usd::ZERO, legs);
        Ok(vec![basket.picking(Pick::ConvertOne)])
    }
}

//! What a trade earns where the world does not end as its class assumes.

use arb_normalize::{Opportunity, OpportunityClass, Outcome, Usd};
use arrayvec::ArrayVec;
use serde::Serialize;

use crate::Basket;

/// A way in which the markets of a trade may end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Ending {
    /// As the class assumes; of several such ends the one that pays least. Scalar settlements and ties whose values add up are
    /// among them.
    Planned,
    /// Every market pays 50-50.
    FiftyFifty,
    /// Every market is void and gives the price back; fees are not returned.
    Void,
    /// One market is void and gives the price back, and the others end as badly as the class allows.
    VoidOne,
    /// Nothing that is listed happens, although the set was taken for exhaustive.
    NobodyWins,
    /// The venues decide differently, to our disadvantage.
    VenuesDiffer,
}

impl std::fmt::Display for Ending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Planned => "settled as planned",
            Self::FiftyFifty => "every market pays 50-50",
            Self::Void => "every market void, prices returned, fees kept",
            Self::VoidOne => "one market void, its price returned",
            Self::NobodyWins => "nothing that is listed happens",
            Self::VenuesDiffer => "the venues decide differently",
        })
    }
}

/// An ending and what the trade earns in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct EndingProfit {
    /// The ending.
    pub ending: Ending,
    /// Net dollars, fees included; negative is a loss.
    pub net_usd: Usd,
}

/// How many endings there are.
const ENDINGS: usize = 6;

/// What a sized trade of the basket earns in every ending that can meet it, as planned first.
///
/// What is settled at once ([`OpportunityClass::IntraVenue`], [`OpportunityClass::Conversion`]) has no other ending.
#[must_use]
pub fn endings(basket: &Basket, trade: &Opportunity) -> ArrayVec<EndingProfit, ENDINGS> {
    let mut endings = ArrayVec::new();
    let mut push = |ending, net_usd| endings.push(EndingProfit { ending, net_usd });
    push(Ending::Planned, trade.net_usd);
    if matches!(basket.class, OpportunityClass::IntraVenue | OpportunityClass::Conversion) {
        return endings;
    }
    let outlay = trade.outlay_usd();
    let payout = Usd::payout(trade.quantity);
    let times = |count: usize| -> Usd { (0..count).map(|_| payout).sum() };
    let orders = trade.legs.len();
    // Of NO of k members at least k − 2 pay whatever happens to one of them.
    let safe = match trade.legs.first().map(|leg| leg.outcome) {
        Some(Outcome::No) if basket.class == OpportunityClass::Group => {
            times(orders.saturating_sub(2))
        }
        _ => Usd::ZERO,
    };
    let half = Usd::from_pico(times(orders).pico() / 2);
    push(Ending::FiftyFifty, half - outlay);
    push(Ending::Void, trade.legs.iter().map(|leg| leg.cost_usd).sum::<Usd>() - outlay);
    let returned = trade.legs.iter().map(|leg| leg.cost_usd).min().unwrap_or(Usd::ZERO);
    push(Ending::VoidOne, safe + returned - outlay);
    let all_yes = trade.legs.iter().all(|leg| leg.outcome == Outcome::Yes);
    if basket.class == OpportunityClass::Group && all_yes {
        push(Ending::NobodyWins, -outlay);
    }
    if trade.legs.windows(2).any(|two| two[0].venue != two[1].venue) {
        push(Ending::VenuesDiffer, safe - outlay);
    }
    endings
}

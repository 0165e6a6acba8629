//! The two outcomes of one contract on two venues.

use arb_normalize::opportunity::Action;
use arb_normalize::{OpportunityClass, Outcome, Relation, Usd, Venue};

use super::{Approved, Detector, Refused, leg};
use crate::Basket;

/// The two outcomes of one contract, one bought on Kalshi and the other on Polymarket.
///
/// Condition: the ask of one plus the ask of the other plus both fees is below $1. An `equal` pair has Kalshi YES + Polymarket NO
/// and Kalshi NO + Polymarket YES; a `complement` Kalshi YES + the first outcome and Kalshi NO + the second.
///
/// | the contract ends | a contract of each pays |
/// |---|---|
/// | yes or no, on both venues alike | $1 |
/// | at a value s on both (scalar) | s + (1 − s) = $1 |
/// | 50-50 on both | $1 |
/// | void on both, prices returned | what was paid; the fees are lost |
/// | void on one, the other loses | what was paid on the first |
/// | 50-50 on Polymarket, decided on Kalshi against us | $0.50 |
/// | the venues decide differently, against both | $0 |
///
/// Worked: YES at 0.45 on Kalshi, NO at 0.42 on Polymarket (its YES bid is 0.58), 60 contracts of each. They cost $52.20 and pay $60;
/// fees 0.07 · 60 · 0.45 · 0.55 = 1.0395 and 0.05 · 60 · 0.42 · 0.58 = 0.7308 leave $6.0297.
#[derive(Debug, Clone, Copy, Default)]
pub struct CrossVenue;

impl Detector for CrossVenue {
    fn class(&self) -> OpportunityClass {
        OpportunityClass::CrossVenue
    }

    /// Kalshi's YES first.
    fn baskets(&self, approved: Approved<'_>) -> Result<Vec<Basket>, Refused> {
        let Approved::Pair(spec) = approved else { return Ok(Vec::new()) };
        let pair = &spec.pair;
        let contract = pair.condition_id.as_deref().unwrap_or(&pair.polymarket_yes);
        let basket = |kalshi: Outcome| {
            let polymarket = match pair.relation {
                Relation::Complement => kalshi,
                _ => kalshi.opposite(),
            };
            let direction = match (kalshi, polymarket) {
                (Outcome::Yes, Outcome::No) => "yes-no",
                (Outcome::No, Outcome::Yes) => "no-yes",
                (Outcome::Yes, Outcome::Yes) => "yes-yes",
                (Outcome::No, Outcome::No) => "no-no",
            };
            let legs = vec![
                leg(0, Venue::Kalshi, &pair.kalshi, &pair.kalshi, kalshi, Action::Buy),
                leg(0, Venue::Polymarket, &pair.polymarket_yes, contract, polymarket, Action::Buy),
            ];
            Basket::new(self.class(), &pair.id, direction, Usd::DOLLAR, legs)
        };
        Ok(vec![basket(Outcome::Yes), basket(Outcome::No)])
    }
}

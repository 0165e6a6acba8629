//! A trade that would pay, as the scanner publishes it.

use serde::{Deserialize, Serialize};

use crate::{Outcome, Price, Quantity, Timestamp, Usd, Venue};

/// What makes an opportunity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OpportunityClass {
    /// The two outcomes of one contract, bought on two venues for less than $1.
    CrossVenue,
    /// The two outcomes of one market on one venue.
    IntraVenue,
    /// All outcomes of an exclusive and exhaustive group.
    Group,
    /// A superset's YES with a subset's NO.
    Chain,
    /// Polymarket's conversion of NO positions into the other outcomes.
    Conversion,
    /// A resting order on one venue, hedged by taking on the other.
    Quoting,
}

impl OpportunityClass {
    /// The lower-case word of output and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CrossVenue => "cross_venue",
            Self::IntraVenue => "intra_venue",
            Self::Group => "group",
            Self::Chain => "chain",
            Self::Conversion => "conversion",
            Self::Quoting => "quoting",
        }
    }
}

impl std::fmt::Display for OpportunityClass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// Buy or sell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Take asks.
    Buy,
    /// Hit bids.
    Sell,
}

/// One order of an opportunity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpportunityLeg {
    /// Where.
    pub venue: Venue,
    /// The Kalshi ticker; Polymarket's condition id, or the token where the condition is unknown.
    pub market: String,
    /// Of which outcome.
    pub outcome: Outcome,
    /// Buy or sell.
    pub action: Action,
    /// The worst price taken.
    pub limit: Price,
    /// Contracts.
    pub quantity: Quantity,
    /// Σ price × size of the levels taken.
    pub cost_usd: Usd,
    /// Outlay minus cost, with the venue's rounding.
    pub fee_usd: Usd,
}

/// A trade of several orders that pays more than it costs in every terminal state its class assumes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opportunity {
    /// The episode it belongs to: stable from opening to closing.
    pub id: String,
    /// When it was seen (receive time of the frame); absent when the recording does not know.
    #[serde(default)]
    pub at: Option<Timestamp>,
    /// What makes it one.
    pub class: OpportunityClass,
    /// The pair or group.
    pub pair: String,
    /// The orders.
    pub legs: Vec<OpportunityLeg>,
    /// Contracts on each leg.
    pub quantity: Quantity,
    /// What it pays minus what the levels cost.
    pub gross_usd: Usd,
    /// All fees.
    pub fees_usd: Usd,
    /// Gross minus fees, undiscounted.
    pub net_usd: Usd,
}

impl Opportunity {
    /// Dollars laid out: costs and fees of all legs.
    #[must_use]
    pub fn outlay_usd(&self) -> Usd {
        self.legs.iter().map(|leg| leg.cost_usd + leg.fee_usd).sum()
    }
}

//! The classes of trades: which orders pay what, and in which endings.
//!
//! A [`Detector`] knows one class. Of an approved pair or set it makes [baskets](Basket): orders of equal quantity that together pay
//! a fixed amount in every terminal state the class assumes. Everything after that (which books may be priced, the size, the
//! fees, the life of a trade) is the same for all of them. [`Ending`](crate::Ending) says what a basket pays where the assumption fails.
//!
//! | detector | class | made of |
//! |---|---|---|
//! | [`CrossVenue`] | `cross_venue` | pairs |
//! | [`IntraVenue`] | `intra_venue` | each market of a set whose members stand apart |
//! | [`Groups`] | `group` | exclusive sets and partitions, on one venue or merged over both |
//! | [`Chains`] | `chain` | chains: thresholds, deadlines, a subset and its superset |
//! | [`Conversions`] | `conversion` | neg-risk sets |

mod chain;
mod conversion;
mod cross_venue;
mod group;
mod intra_venue;

use std::sync::Arc;

use arb_normalize::opportunity::Action;
use arb_normalize::{OpportunityClass, Outcome, Venue};
use arb_risk::fees::LegFees;
use arb_risk::size::MAX_LEGS;
use thiserror::Error;

pub use chain::Chains;
pub use conversion::Conversions;
pub use cross_venue::CrossVenue;
pub use group::Groups;
pub use intra_venue::IntraVenue;

use crate::sets::Member;
use crate::{Basket, BasketLeg, MarketSet, PairSpec};

/// What an operator approved.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Approved<'a> {
    /// A pair of markets.
    Pair(&'a PairSpec),
    /// A group or chain of markets.
    Set(&'a MarketSet),
}

/// A class of trades.
pub trait Detector: std::fmt::Debug + Send + Sync {
    /// What makes its trades pay.
    fn class(&self) -> OpportunityClass;

    /// The trades that `approved` has for this class, none where it has nothing to do with it.
    ///
    /// # Errors
    /// Why a trade that the relation seems to offer is none.
    fn baskets(&self, approved: Approved<'_>) -> Result<Vec<Basket>, Refused>;
}

/// Why a set is not traded in a class.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refused {
    /// YES of all members pays only if one of them is sure to happen.
    #[error(
        "set {id} is not known to cover every outcome: YES of its {members} members pays nothing when something unlisted happens"
    )]
    NotExhaustive {
        /// The set.
        id: String,
        /// Its members.
        members: usize,
    },
    /// More members than are traded together: a group's trade has an order for each, a chain's members are numbered by a byte.
    #[error(
        "set {id} has {members} members, of which at most {most} are traded together: approve a smaller set"
    )]
    TooMany {
        /// The set.
        id: String,
        /// Its members.
        members: usize,
        /// The most.
        most: usize,
    },
    /// A member that cannot be converted.
    #[error(
        "set {id}: member {member} (counted from 1) is not on Polymarket, which alone converts"
    )]
    NotConvertible {
        /// The set.
        id: String,
        /// The member.
        member: usize,
    },
}

/// Every taker class, cross-venue pairs first.
#[must_use]
pub fn all() -> Vec<Arc<dyn Detector>> {
    vec![
        Arc::new(CrossVenue),
        Arc::new(IntraVenue),
        Arc::new(Groups::Yes),
        Arc::new(Groups::No),
        Arc::new(Chains),
        Arc::new(Conversions),
    ]
}

/// The orders for `outcome` of a member, one for each venue that trades it.
fn legs_of(
    number: usize,
    member: &Member,
    outcome: Outcome,
    action: Action,
) -> impl Iterator<Item = BasketLeg> {
    let number = u8::try_from(number).unwrap_or(u8::MAX);
    member
        .markets()
        .map(move |(venue, key, market)| leg(number, venue, key, market, outcome, action))
}

/// An order at the worst known fees; the board puts in those in force.
fn leg(
    member: u8,
    venue: Venue,
    key: &str,
    market: &str,
    outcome: Outcome,
    action: Action,
) -> BasketLeg {
    BasketLeg {
        venue,
        key: key.to_owned(),
        book: None,
        market: market.to_owned(),
        outcome,
        action,
        member,
        fees: LegFees::worst_known(venue),
    }
}

/// Refuses a set of more members than a trade has orders.
fn within_legs(set: &MarketSet) -> Result<(), Refused> {
    within(set, MAX_LEGS)
}

/// Refuses a set of more than so many members.
fn within(set: &MarketSet, most: usize) -> Result<(), Refused> {
    let members = set.members.len();
    if members > most {
        return Err(Refused::TooMany { id: set.id.clone(), members, most });
    }
    Ok(())
}

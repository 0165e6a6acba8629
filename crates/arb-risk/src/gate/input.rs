//! What the rules look at.

use arb_normalize::{Ladder, Opportunity, Quantity, Timestamp, Usd, Venue};

use super::KillSwitch;
use crate::assess::Assessment;

/// What an order does to the position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Intent {
    /// Takes risk on: every rule applies.
    Open,
    /// Takes risk off: only the rules apply without which no order makes sense.
    Reduce,
}

/// An order and everything the rules look at.
#[derive(Debug, Clone, Copy)]
pub struct GateInput<'a> {
    /// The trade.
    pub opportunity: &'a Opportunity,
    /// Its assessment.
    pub assessment: &'a Assessment,
    /// What it does to the position.
    pub intent: Intent,
    /// Now.
    pub now: Timestamp,
    /// Whether the event is being played.
    pub in_play: bool,
    /// What is known of the pair.
    pub pair: PairStatus,
    /// What is known of each leg's book, in the order of the opportunity's legs.
    pub legs: &'a [LegState],
    /// What is held and what happened.
    pub account: &'a Account,
    /// The kill switch.
    pub switch: &'a KillSwitch,
}

/// What is known of the equivalence of a pair's markets. The default is a pair nobody confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PairStatus {
    /// When it was confirmed that both are the same contract, if it was.
    pub confirmed_at: Option<Timestamp>,
    /// Whether a market's rules changed since.
    pub rules_changed: bool,
    /// The net dollars a contract that 99 of 100 of the pair's gaps of the last day stayed below, if known.
    pub usual_gap: Option<Usd>,
}

/// What is known of one leg's book. The default is a book of which nothing is known, which fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LegState {
    /// Whether the venue accepts orders for the market.
    pub open: bool,
    /// Whether the book is known to be complete and not crossed.
    pub live: bool,
    /// When its last change was received.
    pub received_at: Option<Timestamp>,
    /// When the venue stamped that change, if it did.
    pub venue_at: Option<Timestamp>,
    /// Contracts on the best level of what is taken.
    pub touch: Quantity,
    /// Contracts on all its levels.
    pub depth: Quantity,
}

impl LegState {
    /// A live book at an open venue.
    #[must_use]
    pub fn live(
        ladder: Ladder<'_>,
        received_at: Option<Timestamp>,
        venue_at: Option<Timestamp>,
    ) -> Self {
        Self {
            open: true,
            live: true,
            received_at,
            venue_at,
            touch: ladder.best().map_or(Quantity::ZERO, |best| best.size),
            depth: ladder.depth(),
        }
    }
}

/// What is held and what happened. The default is an account that holds nothing, of unknown equity: rules on shares of
/// the equity apply only where it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Account {
    /// Dollars laid out in this pair.
    pub held_in_pair: Usd,
    /// Dollars laid out in this event.
    pub held_in_event: Usd,
    /// Dollars laid out at each venue, by [`Venue::index`].
    pub held_at: [Usd; Venue::ALL.len()],
    /// Cash and positions, dollars.
    pub equity: Option<Usd>,
    /// The most it ever was.
    pub peak_equity: Option<Usd>,
    /// What today earned (negative: lost), dollars.
    pub day_profit: Usd,
    /// Dollars in legs without their counterpart.
    pub unhedged: Usd,
    /// Since when.
    pub unhedged_since: Option<Timestamp>,
    /// Attempts already made at this opportunity.
    pub attempts: u32,
    /// Orders sent to each venue in the last second, by [`Venue::index`].
    pub orders_last_second: [u32; Venue::ALL.len()],
    /// Legs of this pair missed in a row.
    pub leg_failures: u32,
    /// When the last of them was missed.
    pub last_leg_failure: Option<Timestamp>,
    /// Whether positions or balances differ from the venue's by more than a contract or a cent, by [`Venue::index`].
    pub mismatch: [bool; Venue::ALL.len()],
}

//! Why an order is denied, with the figures.

use arb_normalize::{Price, Quantity, Usd, Venue};

use super::TradingState;
use crate::assess::HardFailure;

/// A rule's name, for counters and reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RuleName(pub &'static str);

impl std::fmt::Display for RuleName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.0)
    }
}

macro_rules! failures {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $kind:ty,)* } $rule:literal, $text:literal;)*) => {
        /// A figure out of bounds. Legs are counted from 0, times are in milliseconds.
        #[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
        #[non_exhaustive]
        #[allow(missing_docs, reason = "the fields are the figures of the message, named as there")]
        pub enum Failure {
            $($(#[$doc])* #[error($text)] $name { $($field: $kind,)* },)*
        }

        impl Failure {
            /// The rule that failed.
            #[must_use]
            pub const fn rule(&self) -> RuleName {
                match self {
                    $(Self::$name { .. } => RuleName($rule),)*
                }
            }
        }
    };
}

failures! {
    /// The kill switch forbids it.
    Switch { state: TradingState, } "kill_switch", "the kill switch is at {state}";
    /// A venue is closed or paused.
    VenueClosed { leg: usize, } "venue", "the venue of leg {leg} is closed";
    /// A venue restarts its matching engine about now.
    Restart { venue: Venue, } "venue", "{venue} restarts about now";
    /// The markets are not confirmed to be the same contract.
    Unconfirmed {} "pair", "the pair is not confirmed";
    /// A market's rules changed after the confirmation.
    RulesChanged {} "pair", "the rules of a market changed since the pair was confirmed";
    /// The confirmation is too old.
    Verdict { days: u64, limit: u64, } "pair", "the pair was confirmed {days} days ago, at most {limit} are allowed";
    /// The legs' states do not match the opportunity's legs.
    Legs { legs: usize, states: usize, } "book", "{legs} legs and {states} states of books";
    /// A book is not known to be complete.
    BookNotLive { leg: usize, } "book", "the book of leg {leg} is not live";
    /// A book's time of receipt is unknown or too old.
    BookAge { leg: usize, age: Option<u64>, limit: u64, } "book", "the book of leg {leg} is {age:?} ms old (none: unknown), at most {limit} are allowed";
    /// A book's venue time is too old.
    VenueAge { leg: usize, age: u64, limit: u64, } "book", "the venue stamped the book of leg {leg} {age} ms ago, at most {limit} are allowed";
    /// The books were received too far apart.
    Skew { apart: u64, limit: u64, } "skew", "the books are {apart} ms apart, at most {limit} are allowed";
    /// A limit price outside the band.
    PriceBand { leg: usize, limit: Price, low: Price, high: Price, } "price_band", "leg {leg} takes up to {limit}, allowed is {low} to {high}";
    /// A gap too good to be true: more likely two different contracts or a stale book. It is rounded up to $0.0001.
    GapTooLarge { per_contract: Usd, limit: Usd, } "gap", "the trade earns {per_contract} dollars a contract, above {limit} it is held back as implausible";
    /// Too little a contract; rounded down to $0.0001.
    EdgeTooSmall { per_contract: Usd, limit: Usd, } "edge", "the trade earns {per_contract} dollars a contract, at least {limit} are asked";
    /// Too little in all.
    ProfitTooSmall { net: Usd, limit: Usd, } "edge", "the trade earns {net} dollars, at least {limit} are asked";
    /// Nothing is left after the expected losses.
    AfterRisk { profit: Usd, } "after_risk", "{profit} dollars are left after risk";
    /// The yearly return is below the hurdle.
    Annualised { found: f64, limit: f64, } "after_risk", "the simple yearly return is {found:.4}, at least {limit:.4} is asked";
    /// The assessment found a hard failure.
    Hard { failure: HardFailure, } "risk_score", "{failure}";
    /// The risk score is too high, or no number.
    RiskScore { found: f64, limit: f64, } "risk_score", "the risk score is {found:.1}, at most {limit:.1} is allowed";
    /// The order takes too much of the book.
    Depth { leg: usize, quantity: Quantity, limit: Quantity, } "depth", "leg {leg} takes {quantity} contracts, the book is trusted for {limit}";
    /// The order lays out too much.
    Order { outlay: Usd, limit: Usd, } "position", "the order lays out {outlay} dollars, at most {limit} are allowed";
    /// The pair would hold too much.
    Position { outlay: Usd, held: Usd, limit: Usd, } "position", "{outlay} dollars on top of {held} held in the pair exceed {limit}";
    /// The event would hold too much.
    Event { outlay: Usd, held: Usd, limit: Usd, } "position", "{outlay} dollars on top of {held} held in the event exceed {limit}";
    /// A venue would hold too much.
    VenueShare { venue: Venue, outlay: Usd, held: Usd, limit: Usd, } "position", "{outlay} dollars on top of {held} at {venue} exceed {limit}";
    /// All positions together would hold too much.
    Total { outlay: Usd, held: Usd, limit: Usd, } "position", "{outlay} dollars on top of {held} in all positions exceed {limit}";
    /// Too much is unhedged.
    Unhedged { held: Usd, limit: Usd, } "unhedged", "{held} dollars are unhedged, at most {limit} are allowed";
    /// Something is unhedged for too long.
    UnhedgedFor { time: u64, limit: u64, } "unhedged", "a position is unhedged for {time} ms, at most {limit} are allowed";
    /// The same opportunity was tried too often.
    Attempts { made: u32, limit: u32, } "attempts", "the opportunity was tried {made} times, at most {limit} are allowed";
    /// Orders go out too fast.
    OrderRate { venue: Venue, last_second: u32, limit: u32, } "rate", "{last_second} orders went to {venue} in the last second, at most {limit} are allowed";
    /// The day lost too much.
    DayLoss { lost: Usd, limit: Usd, } "loss", "the day lost {lost} dollars, at most {limit} are allowed";
    /// The equity fell too far below its peak.
    Drawdown { lost: Usd, limit: Usd, } "loss", "the equity is {lost} dollars below its peak, at most {limit} are allowed";
    /// Legs of this pair were missed again and again.
    CoolingOff { failures: u32, left: u64, } "cool_off", "{failures} legs were missed in a row, the pair rests for another {left} ms";
    /// Positions or balances do not match the venue's.
    Reconciliation { venue: Venue, } "reconciliation", "positions or balances do not match those of {venue}";
    /// A rule of your own.
    Own { rule: &'static str, found: f64, limit: f64, } "own", "{rule}: {found} against a limit of {limit}";
}

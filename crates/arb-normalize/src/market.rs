//! A market as its venue lists it, in one shape for all venues.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::{Outcome, Price, Quantity, Usd, Venue};

/// A venue and the id it gives a market: a Kalshi ticker or a Polymarket condition id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MarketKey {
    /// The venue.
    pub venue: Venue,
    /// The venue's id.
    pub id: String,
}

impl std::fmt::Display for MarketKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.venue, self.id)
    }
}

/// A listed market.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Market {
    /// Venue and id.
    pub key: MarketKey,
    /// The readable name in the venue's URLs (Polymarket).
    #[serde(default)]
    pub slug: Option<String>,
    /// The event it belongs to: Kalshi's event ticker, Polymarket's event slug.
    #[serde(default)]
    pub event_id: Option<String>,
    /// The recurring series (Kalshi's series ticker).
    #[serde(default)]
    pub series_id: Option<String>,
    /// The question.
    pub title: String,
    /// The title of the event.
    #[serde(default)]
    pub event_title: Option<String>,
    /// The two outcomes, YES (the first) then NO.
    pub outcomes: Vec<MarketOutcome>,
    /// How it is resolved, in the venue's words.
    #[serde(default)]
    pub rules: Rules,
    /// The structured strike, where the venue gives one.
    #[serde(default)]
    pub strike: Option<Strike>,
    /// Where it is in its life.
    pub status: MarketStatus,
    /// The venue's own word for the status.
    pub status_word: String,
    /// What kind of answer it has.
    pub kind: OutcomeKind,
    /// When trading opened.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub open_at: Option<OffsetDateTime>,
    /// When trading ends (Kalshi); informative on Polymarket, which trades until resolution.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub close_at: Option<OffsetDateTime>,
    /// When the venue expects the answer.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub expected_resolution_at: Option<OffsetDateTime>,
    /// Contracts traded so far (Kalshi) or dollars (Polymarket), as the venue counts.
    #[serde(default, with = "rust_decimal::serde::str_option")]
    pub volume: Option<Decimal>,
    /// Dollars resting, as the venue counts.
    #[serde(default)]
    pub liquidity: Option<Usd>,
    /// The price grid.
    #[serde(default)]
    pub ticks: Vec<TickRange>,
    /// The smallest order.
    #[serde(default)]
    pub min_size: Option<Quantity>,
    /// Fee data as the venue gives it.
    #[serde(default)]
    pub fees: FeeData,
    /// The set of markets of which one resolves YES.
    #[serde(default)]
    pub group: Option<Group>,
    /// Whether the market is made of legs of other markets (Kalshi's combos); such markets are never paired.
    #[serde(default)]
    pub multi_leg: bool,
}

impl Market {
    /// The outcome of that side.
    #[must_use]
    pub fn outcome(&self, side: Outcome) -> Option<&MarketOutcome> {
        self.outcomes.iter().find(|outcome| outcome.side == side)
    }
}

/// One side of a market.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarketOutcome {
    /// YES is the first outcome, whatever its label.
    pub side: Outcome,
    /// What the venue calls it: `Yes`, `Lakers`, Kalshi's yes/no sub-title.
    pub label: String,
    /// Polymarket's token id.
    #[serde(default)]
    pub token: Option<String>,
    /// The last traded price, informative.
    #[serde(default)]
    pub last: Option<Price>,
}

/// How a market is resolved, in the venue's words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// The main rule text (Kalshi's primary rules, Polymarket's description).
    pub primary: String,
    /// Further rules (Kalshi's secondary rules), empty if none.
    #[serde(default)]
    pub secondary: String,
    /// The named source of the answer.
    #[serde(default)]
    pub source: Option<String>,
}

/// A structured strike as Kalshi gives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Strike {
    /// The venue's word: `greater`, `greater_or_equal`, `less`, `less_or_equal`, `between`, `custom`, `structured`, `functional`.
    pub kind: String,
    /// The lower bound.
    #[serde(default, with = "rust_decimal::serde::str_option")]
    pub floor: Option<Decimal>,
    /// The upper bound.
    #[serde(default, with = "rust_decimal::serde::str_option")]
    pub cap: Option<Decimal>,
    /// Names and values of a custom strike, in the venue's order.
    #[serde(default)]
    pub custom: Vec<(String, String)>,
}

/// Where a market is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MarketStatus {
    /// Listed, not trading yet.
    Upcoming,
    /// Trading.
    Active,
    /// Trading is halted and may resume.
    Paused,
    /// Trading has ended, the answer is open.
    Closed,
    /// An answer is proposed or determined, not final.
    Determined,
    /// The answer is challenged.
    Disputed,
    /// Final and paid.
    Settled,
    /// A word this crate does not know.
    Unknown,
}

/// What kind of answer a market has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OutcomeKind {
    /// Yes or no.
    Binary,
    /// One of two named outcomes, such as team names.
    Categorical,
    /// A value between 0 and 1.
    Scalar,
}

/// The step of valid prices in [start, end].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TickRange {
    /// From this price,
    pub start: Price,
    /// to this one,
    pub end: Price,
    /// in steps of this.
    pub step: Price,
}

/// Fee data as a venue publishes it with a market; `arb-risk` makes fee models of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "venue")]
#[non_exhaustive]
pub enum FeeData {
    /// Nothing known: the worst known rate is assumed.
    #[default]
    Unknown,
    /// Kalshi's series fields.
    Kalshi {
        /// `quadratic`, `quadratic_with_maker_fees`, `quadratic_with_combo_maker_fees`, `flat`; `None` when the series is not read yet.
        fee_type: Option<String>,
        /// Scales the fee, 1 as a rule.
        #[serde(with = "rust_decimal::serde::str_option")]
        multiplier: Option<Decimal>,
        /// No fee before this instant.
        #[serde(default, with = "time::serde::rfc3339::option")]
        waived_until: Option<OffsetDateTime>,
    },
    /// Polymarket's fee schedule.
    Polymarket {
        /// The taker's rate; zero when the market charges none.
        #[serde(with = "rust_decimal::serde::str")]
        rate: Decimal,
        /// The exponent of p(1 − p).
        #[serde(with = "rust_decimal::serde::str")]
        exponent: Decimal,
    },
}

/// A set of markets of which at most one resolves YES.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// The venue's id of the set.
    pub id: String,
    /// Whether at most one of the markets can resolve YES.
    pub exclusive: bool,
    /// Whether the listed markets are known to cover every outcome. Polymarket's augmented neg-risk groups and
    /// Kalshi's events with collateral return are not.
    pub exhaustive: bool,
}

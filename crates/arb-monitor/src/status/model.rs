//! What the page shows.

use std::time::Duration;

use rust_decimal::Decimal;
use serde::Serialize;
use time::OffsetDateTime;

/// Where the data comes from. Every page says it in capitals.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Mode {
    /// Simulated venues on loopback.
    #[default]
    Simulated,
    /// A recording.
    Replay,
    /// The venues' demonstration hosts.
    Demo,
    /// The venues' public data without keys; what is delayed is not priced.
    Watch,
    /// The real venues.
    Live,
}

impl Mode {
    /// The word shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Simulated => "SIMULATED",
            Self::Replay => "REPLAY",
            Self::Demo => "DEMO",
            Self::Watch => "LIVE (WATCH ONLY)",
            Self::Live => "LIVE",
        }
    }
}

/// How something looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// Neither good nor bad.
    #[default]
    Plain,
    /// As it should be.
    Good,
    /// Worth a look.
    Warn,
    /// Wrong.
    Bad,
}

/// The switch that stops all trading.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct KillSwitch {
    /// Whether trading is stopped.
    pub engaged: bool,
    /// Why.
    pub reason: String,
}

/// The difference between our clock and a venue's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClockOffset {
    /// The venue.
    pub venue: String,
    /// Ours minus the venue's, in milliseconds; `None` while it is not known.
    pub offset_ms: Option<i64>,
    /// More than this, either way, is wrong.
    pub limit_ms: i64,
}

/// Pairs that cannot be traded now, for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BlockedPairs {
    /// The reason.
    pub reason: String,
    /// How many.
    pub count: usize,
    /// Some of them.
    pub examples: Vec<String>,
}

/// Books by state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct BookCounts {
    /// Right as far as is known.
    pub live: usize,
    /// Not to be trusted.
    pub suspect: usize,
    /// Waiting for a new snapshot.
    pub resyncing: usize,
    /// Without a snapshot yet.
    pub empty: usize,
    /// Over.
    pub dead: usize,
}

/// One feed.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct FeedRow {
    /// Its name, for example `kalshi #0`.
    pub name: String,
    /// What it is doing, in a word or two.
    pub state: String,
    /// How that looks.
    pub tone: Tone,
    /// Age of the newest data.
    pub data_age: Option<Duration>,
    /// Older is shown as wrong.
    pub data_age_max: Option<Duration>,
    /// Frames a second.
    pub frames_per_second: f64,
    /// Its books.
    pub books: BookCounts,
    /// Gaps since the start.
    pub gaps: u64,
    /// Resynchronisations since the start.
    pub resyncs: u64,
    /// Books compared with the venue's by an audit.
    pub audited: u64,
    /// Those that differed although they were live.
    pub audit_wrong: u64,
    /// The next planned interruption.
    #[serde(with = "time::serde::rfc3339::option")]
    pub next_window: Option<OffsetDateTime>,
}

/// One leg of an opportunity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LegRow {
    /// The venue.
    pub venue: String,
    /// What to do, for example `buy YES`.
    pub action: String,
    /// The worst price to accept, in dollars a contract.
    pub limit: Decimal,
    /// Age of the book it was read from.
    pub age: Duration,
}

/// A live opportunity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpportunityRow {
    /// Its identity.
    pub id: String,
    /// The pair.
    pub pair: String,
    /// Both legs.
    pub legs: Vec<LegRow>,
    /// Contracts.
    pub quantity: Decimal,
    /// Guaranteed profit after fees, in dollars.
    pub net_usd: Decimal,
    /// The same less expected losses.
    pub after_risk_usd: Decimal,
    /// What it earns where the trades above it are taken first, in dollars: they may want the same liquidity.
    pub served_usd: Decimal,
    /// What it takes, in dollars.
    pub capital_usd: Decimal,
    /// Days until the capital is back.
    pub days: Option<Decimal>,
    /// How long it has been open.
    pub age: Duration,
    /// Pairs that want the same liquidity.
    pub competing: Vec<String>,
    /// Why it may not be traded; `None` where it may.
    pub denied: Option<String>,
}

/// A resting order that would earn something when it fills and is hedged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct QuoteRow {
    /// The pair.
    pub pair: String,
    /// The order that rests.
    pub rest: LegRow,
    /// The order to send when it fills.
    pub hedge: LegRow,
    /// Contracts of each.
    pub quantity: Decimal,
    /// Contracts that rest at the same price and are served first.
    pub ahead: Decimal,
    /// What filled contracts earn after fees, hedged in the book as it stands, in dollars.
    pub net_usd: Decimal,
    /// How likely it fills, 0 to 1, by the time within which; `None` where too little was watched to say.
    pub fills: Vec<(Duration, Option<f64>)>,
    /// What that rests on, for example `19 trades in 200 s`.
    pub evidence: String,
}

/// A step from everything seen to what can be taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FunnelStep {
    /// What is counted.
    pub name: String,
    /// How many.
    pub count: u64,
}

/// A pair that was almost an opportunity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NearMiss {
    /// The pair.
    pub pair: String,
    /// What was missing, for example `0.4 cents short of the fees`.
    pub missing: String,
    /// What one contract would have earned after fees, in dollars; negative is a loss.
    pub net_usd: Option<Decimal>,
}

/// A circuit breaker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BreakerRow {
    /// Its name.
    pub name: String,
    /// Its state.
    pub state: String,
    /// How that looks: [`Tone::Good`] closed, [`Tone::Warn`] half-open, [`Tone::Bad`] open.
    pub tone: Tone,
    /// Times it opened.
    pub opened: u64,
    /// Anything more.
    pub note: String,
}

/// The cache.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct CacheRow {
    /// Where it is, for example `memory` or `redis`.
    pub store: String,
    /// Whether it answers.
    pub up: bool,
    /// Hits by reads, 0 to 1.
    pub hit_rate: Option<f64>,
    /// Anything more.
    pub note: String,
}

/// Everything a program publishes for the page. Build it from [`StatusModel::default`] so that new
/// fields do not concern you.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct StatusModel {
    /// Where the data comes from.
    pub mode: Mode,
    /// The program's version.
    pub version: String,
    /// When it started.
    #[serde(with = "time::serde::rfc3339::option")]
    pub started_at: Option<OffsetDateTime>,
    /// The switch that stops all trading.
    pub kill_switch: KillSwitch,
    /// Pairs whose books are live on both venues, tradable or not: the service level counts them.
    /// Where it is not known the dashboard takes the share of live books.
    pub pairs_live: Option<usize>,
    /// Approved pairs whose markets trade on both venues: the live ones' share of them is the level of service. `None` where the program
    /// does not say so.
    pub pairs_followed: Option<usize>,
    /// Pairs that can be traded now.
    pub pairs_tradable: usize,
    /// All approved pairs.
    pub pairs_total: usize,
    /// Clock offsets.
    pub clocks: Vec<ClockOffset>,
    /// Why the other pairs cannot be traded.
    pub blocked: Vec<BlockedPairs>,
    /// The feeds.
    pub feeds: Vec<FeedRow>,
    /// Live opportunities, the best first.
    pub opportunities: Vec<OpportunityRow>,
    /// Resting orders, the best first; `None` where none are made.
    pub quotes: Option<Vec<QuoteRow>>,
    /// From everything seen to what can be taken.
    pub funnel: Vec<FunnelStep>,
    /// Pairs that were almost opportunities.
    pub near_misses: Vec<NearMiss>,
    /// The breakers.
    pub breakers: Vec<BreakerRow>,
    /// The cache.
    pub cache: Option<CacheRow>,
}

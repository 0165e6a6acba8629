//! The status page: plain types in, one self-contained page out.
//!
//! A program publishes a [`StatusModel`] as often as it likes; alerts, health, sinks and latencies
//! come from the monitor. The page is rendered here, in sections; the browser gets the sections that
//! changed by server-sent events and only swaps them. Everything shown is escaped in one place.

mod export;
mod html;
mod model;
mod page;
mod sections;

pub use model::{
    BlockedPairs, BookCounts, BreakerRow, CacheRow, ClockOffset, FeedRow, FunnelStep, KillSwitch,
    LegRow, Mode, NearMiss, OpportunityRow, QuoteRow, StatusModel, Tone,
};
pub use page::{Page, StatusBoard};
pub(crate) use page::{Rendered, document};

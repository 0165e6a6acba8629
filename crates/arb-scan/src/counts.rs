//! What the pipeline has seen and where trades fell out.

use arb_normalize::Usd;
use serde::Serialize;

/// Frames and books, counted since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Counts {
    /// Frames that were understood.
    pub decoded: u64,
    /// Frames of a kind the decoder does not know.
    pub unknown: u64,
    /// Frames that the decoder refused.
    pub malformed: u64,
    /// Numbered frames that came again.
    pub duplicates: u64,
    /// Jumps in a numbered stream.
    pub gaps: u64,
    /// Books brought back to Live by a snapshot.
    pub resyncs: u64,
    /// Episodes of class `cross_venue`, closed or not.
    pub episodes: u64,
    /// The best net profit of class `cross_venue`.
    pub best_net_usd: Option<Usd>,
}

impl Counts {
    /// All frames.
    #[must_use]
    pub const fn frames(&self) -> u64 {
        self.decoded + self.unknown + self.malformed
    }
}

/// How far the evaluated trades came; each stage counts those that passed the one before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Funnel {
    /// Judged at all: a book of theirs was touched.
    pub evaluated: u64,
    /// All books Live and uncrossed, and where their best prices leave anything, also within the limits of age and skew.
    pub priced: u64,
    /// The best prices alone cost less than the payoff.
    pub gross_edge: u64,
    /// Some size is profitable after fees and rounding.
    pub net_edge: u64,
    /// Within the limits.
    pub within_limits: u64,
}

impl Funnel {
    /// The best prices alone showed that there is nothing.
    pub(crate) const fn no_edge(&mut self) {
        self.evaluated += 1;
        self.priced += 1;
    }
}

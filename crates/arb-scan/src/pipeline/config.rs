//! How a pipeline judges.

use std::sync::Arc;
use std::time::Duration;

use crate::Limits;
use crate::detect::{CrossVenue, Detector};
use crate::quarantine::QuarantineRule;
use crate::quote::QuoteConfig;

/// How a pipeline judges.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PipelineConfig {
    /// What a trade must satisfy beyond paying. Default: nothing.
    pub limits: Limits,
    /// The classes it looks for. Default: [`CrossVenue`] alone; [`detect::all`](crate::detect::all) is every taker class.
    pub detectors: Vec<Arc<dyn Detector>>,
    /// When a pair is too good to be true. Default: never, as for recordings and simulations.
    pub quarantine: Option<QuarantineRule>,
    /// Latencies for which [`Pipeline::captured`](crate::Pipeline::captured) follows what orders would have taken. Default: none; each
    /// costs time on every frame.
    pub latencies: Vec<Duration>,
    /// How [`Pipeline::quotes`](crate::Pipeline::quotes) rests orders. Default: it does not, and trades are not remembered.
    pub quoting: Option<QuoteConfig>,
    /// Whether books are kept of the markets of pairs and sets only, and all else in a frame is passed over: half of the work and the
    /// memory of Polymarket's changes, which name both tokens of a market. Default: no, so that a recording shows every book in it.
    pub paired_books_only: bool,
}

impl Default for PipelineConfig {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            detectors: vec![Arc::new(CrossVenue)],
            quarantine: None,
            latencies: Vec::new(),
            quoting: None,
            paired_books_only: false,
        }
    }
}

impl PipelineConfig {
    /// With these limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Looking for these classes.
    #[must_use]
    pub fn with_detectors(mut self, detectors: Vec<Arc<dyn Detector>>) -> Self {
        self.detectors = detectors;
        self
    }

    /// Taking what is too good to be true for a mistake: for live feeds.
    #[must_use]
    pub const fn with_quarantine(mut self, rule: QuarantineRule) -> Self {
        self.quarantine = Some(rule);
        self
    }

    /// Making quotes, and remembering trades for them.
    #[must_use]
    pub const fn with_quoting(mut self, quoting: QuoteConfig) -> Self {
        self.quoting = Some(quoting);
        self
    }

    /// Keeping books of what is in a pair or set, and no others: for live feeds.
    #[must_use]
    pub const fn with_paired_books_only(mut self) -> Self {
        self.paired_books_only = true;
        self
    }

    /// Following what orders of these latencies would have taken.
    #[must_use]
    pub fn with_latencies(mut self, latencies: Vec<Duration>) -> Self {
        self.latencies = latencies;
        self
    }
}

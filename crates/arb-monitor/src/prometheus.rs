//! The Prometheus exporter beside the aggregator.

use std::fmt;
use std::time::Instant;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::error::MonitorError;
use crate::vocabulary;
use crate::window::{Aggregator, WindowConfig};

/// Bounds for histograms whose names end in `_seconds`: from a microsecond, the hot path's scale,
/// to half a minute, a venue's timeout.
pub const SECONDS_BUCKETS: [f64; 21] = [
    1e-6, 2.5e-6, 5e-6, 1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2,
    5e-2, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0,
];

/// Renders what was recorded in the Prometheus text format.
///
/// Histograms named `…_seconds` become histograms with [`SECONDS_BUCKETS`]; other histograms become
/// summaries.
///
/// ```
/// use std::time::Instant;
/// use arb_monitor::prometheus::Exporter;
/// use arb_monitor::window::WindowConfig;
///
/// let (aggregator, exporter) = Exporter::beside(WindowConfig::default(), Instant::now()).unwrap();
/// metrics::with_local_recorder(&aggregator, || {
///     metrics::counter!("arb_ws_messages_total", "venue" => "kalshi").increment(3);
/// });
/// assert!(exporter.render().contains("arb_ws_messages_total{venue=\"kalshi\"} 3"));
/// ```
#[derive(Clone)]
pub struct Exporter {
    handle: PrometheusHandle,
}

impl fmt::Debug for Exporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exporter").finish_non_exhaustive()
    }
}

impl Exporter {
    /// An aggregator that passes every sample on to an exporter, and the exporter.
    ///
    /// Give [`upkeep`](Self::upkeep) to [`MonitorBuilder::upkeep`](crate::MonitorBuilder::upkeep):
    /// without it the exporter keeps every histogram sample until somebody scrapes.
    ///
    /// # Errors
    ///
    /// [`MonitorError::Exporter`] when the exporter refuses the bucket bounds.
    pub fn beside(config: WindowConfig, now: Instant) -> Result<(Aggregator, Self), MonitorError> {
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS_BUCKETS)
            .map_err(|source| MonitorError::Exporter { source: Box::new(source) })?;
        let recorder = builder.build_recorder();
        vocabulary::describe(&recorder);
        let exporter = Self { handle: recorder.handle() };
        Ok((Aggregator::with_forward(config, now, recorder), exporter))
    }

    /// The text of `/metrics`.
    #[must_use]
    pub fn render(&self) -> String {
        self.handle.render()
    }

    /// Moves samples into their buckets. To be called every few seconds.
    pub fn upkeep(&self) {
        self.handle.run_upkeep();
    }
}

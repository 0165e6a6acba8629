//! The recorder and its series.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use metrics::{
    Counter, Gauge, Histogram, Key, KeyName, Label, Metadata, Recorder, SharedString, Unit,
};

use super::counter::CounterSeries;
use super::gauge::GaugeSeries;
use super::histogram::HistogramSeries;
use super::reading::{Labels, Reading, Select, Value};
use crate::error::MonitorError;

/// Sizes of an [`Aggregator`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WindowConfig {
    /// How long a slot is at least. Default: 5 s.
    pub slot: Duration,
    /// How far back the statistics reach. Default: 300 s, in 60 slots.
    pub window: Duration,
    /// Series of all metrics together. Default: 4096, because a histogram series takes about 10 kB.
    pub series_max: usize,
    /// Series of one metric. Default: 512. Beyond it the labels' values are lost: samples go to
    /// one series labelled `overflow="true"`.
    pub series_per_metric_max: usize,
}

impl Default for WindowConfig {
    fn default() -> Self {
        Self {
            slot: Duration::from_secs(5),
            window: Duration::from_secs(300),
            series_max: 4096,
            series_per_metric_max: 512,
        }
    }
}

impl WindowConfig {
    /// Sets the slot and the window.
    #[must_use]
    pub fn with_window(mut self, slot: Duration, window: Duration) -> Self {
        self.slot = slot;
        self.window = window;
        self
    }

    /// Sets the bounds on series: of all metrics together and of one.
    #[must_use]
    pub fn with_series(mut self, all: usize, per_metric: usize) -> Self {
        self.series_max = all;
        self.series_per_metric_max = per_metric;
        self
    }
}

/// A `metrics` recorder that keeps a window of every series and can be read in process.
///
/// Clones share the same series. Memory is bounded by the number of series and slots, whether or
/// not anybody reads.
///
/// ```
/// use std::time::Instant;
/// use arb_monitor::window::{Aggregator, Select, Statistic, WindowConfig};
///
/// let aggregator = Aggregator::new(WindowConfig::default(), Instant::now());
/// metrics::with_local_recorder(&aggregator, || {
///     for ms in 1..=100 {
///         metrics::histogram!("api_latency_seconds", "venue" => "kalshi").record(ms as f64 / 1e3);
///     }
/// });
/// let read = aggregator.read(&Select::name("api_latency_seconds"), Instant::now());
/// let p95 = read[0].get(Statistic::P95).unwrap();
/// assert!((p95 - 0.095).abs() < 0.095 / 64.0);
/// ```
#[derive(Clone)]
pub struct Aggregator {
    inner: Arc<Inner>,
}

struct Inner {
    config: WindowConfig,
    series: RwLock<Series>,
    forward: Option<Box<dyn Recorder + Send + Sync>>,
    closed_at: Mutex<Instant>,
    overflowed: AtomicU64,
}

#[derive(Default)]
struct Series {
    counters: HashMap<Key, Arc<CounterSeries>>,
    gauges: HashMap<Key, Arc<GaugeSeries>>,
    histograms: HashMap<Key, Arc<HistogramSeries>>,
    per_metric: HashMap<String, usize>,
}

impl fmt::Debug for Aggregator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aggregator")
            .field("config", &self.inner.config)
            .field("series", &self.series_count())
            .finish_non_exhaustive()
    }
}

impl Aggregator {
    /// An empty aggregator whose first slot begins now.
    #[must_use]
    pub fn new(config: WindowConfig, now: Instant) -> Self {
        Self::build(config, now, None)
    }

    /// An aggregator that passes every sample on to a second recorder, an exporter for example.
    /// The cardinality bound holds for both.
    #[must_use]
    pub fn with_forward(
        config: WindowConfig,
        now: Instant,
        forward: impl Recorder + Send + Sync + 'static,
    ) -> Self {
        Self::build(config, now, Some(Box::new(forward)))
    }

    fn build(
        config: WindowConfig,
        now: Instant,
        forward: Option<Box<dyn Recorder + Send + Sync>>,
    ) -> Self {
        let inner = Inner {
            config,
            series: RwLock::default(),
            forward,
            closed_at: Mutex::new(now),
            overflowed: AtomicU64::new(0),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Makes this the process's recorder: from here on it sees what every crate says through
    /// `metrics`. What was said before is lost, and so are handles made before, so do it first.
    ///
    /// # Errors
    ///
    /// [`MonitorError::RecorderInstalled`] when there is one already.
    pub fn install(&self) -> Result<(), MonitorError> {
        metrics::set_global_recorder(self.clone()).map_err(|_| MonitorError::RecorderInstalled)
    }

    /// The sizes it was made with.
    #[must_use]
    pub fn config(&self) -> &WindowConfig {
        &self.inner.config
    }

    /// Closes the open slot of every series when it has lasted at least a slot, and drops what left
    /// the window. Call it about once a slot; later is harmless, more often does nothing. A process
    /// that slept for an hour forgets what is older than the window at the first call.
    ///
    /// Returns whether a slot was closed.
    pub fn advance(&self, now: Instant) -> bool {
        let config = &self.inner.config;
        let mut closed_at = self.inner.closed_at.lock().unwrap_or_else(PoisonError::into_inner);
        if now.saturating_duration_since(*closed_at) < config.slot {
            return false;
        }
        *closed_at = now;
        let series = self.inner.series.read().unwrap_or_else(PoisonError::into_inner);
        series.counters.values().for_each(|one| one.close(now, config.window));
        series.gauges.values().for_each(|one| one.close(now, config.window));
        series.histograms.values().for_each(|one| one.close(now, config.window));
        true
    }

    /// Reads the series that match, in order of labels. Gauges that were never set are left out.
    #[must_use]
    pub fn read(&self, select: &Select, now: Instant) -> Vec<Reading> {
        self.read_where(now, |key| select.matches(key))
    }

    /// Reads every series, in order of name and labels.
    #[must_use]
    pub fn read_all(&self, now: Instant) -> Vec<Reading> {
        self.read_where(now, |_| true)
    }

    fn read_where(&self, now: Instant, wanted: impl Fn(&Key) -> bool) -> Vec<Reading> {
        let slot = self.inner.config.slot;
        let series = self.inner.series.read().unwrap_or_else(PoisonError::into_inner);
        let mut readings = Vec::new();
        for (key, one) in series.counters.iter().filter(|(key, _)| wanted(key)) {
            readings.push(reading(key, Value::Counter(one.stats(now, slot))));
        }
        for (key, one) in series.gauges.iter().filter(|(key, _)| wanted(key)) {
            readings.extend(one.stats().map(|stats| reading(key, Value::Gauge(stats))));
        }
        for (key, one) in series.histograms.iter().filter(|(key, _)| wanted(key)) {
            readings.push(reading(key, Value::Histogram(one.stats())));
        }
        readings.sort_by(|a, b| (&a.name, &a.labels).cmp(&(&b.name, &b.labels)));
        readings
    }

    /// One quantile (0 to 1) of the first histogram that matches; `None` when there is none or its
    /// window is empty. Cheaper than [`read`](Self::read) when one number is all that is wanted.
    #[must_use]
    pub fn quantile(&self, select: &Select, q: f64) -> Option<f64> {
        let series = self.inner.series.read().unwrap_or_else(PoisonError::into_inner);
        series
            .histograms
            .iter()
            .find(|(key, _)| select.matches(key))
            .and_then(|(_, one)| one.quantile(q))
    }

    /// How the series that match went through the window, slot by slot, oldest first: the time since
    /// the slot ended, and a histogram's quantile `q`, a counter's rate a second, or a gauge's last
    /// value. Slots without a sample are left out for histograms.
    #[must_use]
    pub fn history(
        &self,
        select: &Select,
        q: f64,
        now: Instant,
    ) -> Vec<(Labels, Vec<(Duration, f64)>)> {
        let series = self.inner.series.read().unwrap_or_else(PoisonError::into_inner);
        let mut found = Vec::new();
        for (key, one) in series.histograms.iter().filter(|(key, _)| select.matches(key)) {
            found.push((labels_of(key), one.history(q, now)));
        }
        for (key, one) in series.counters.iter().filter(|(key, _)| select.matches(key)) {
            found.push((labels_of(key), one.history(now)));
        }
        for (key, one) in series.gauges.iter().filter(|(key, _)| select.matches(key)) {
            found.push((labels_of(key), one.history(now)));
        }
        found.sort_by(|a, b| a.0.cmp(&b.0));
        found
    }

    /// How many series there are.
    #[must_use]
    pub fn series_count(&self) -> usize {
        self.inner.series.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// How many registrations went to an overflow series because a bound was reached. Not zero
    /// means: some metric has a label with too many values.
    #[must_use]
    pub fn overflowed(&self) -> u64 {
        self.inner.overflowed.load(Relaxed)
    }
}

impl Recorder for Aggregator {
    fn describe_counter(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        if let Some(forward) = &self.inner.forward {
            forward.describe_counter(key, unit, description);
        }
    }

    fn describe_gauge(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        if let Some(forward) = &self.inner.forward {
            forward.describe_gauge(key, unit, description);
        }
    }

    fn describe_histogram(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        if let Some(forward) = &self.inner.forward {
            forward.describe_histogram(key, unit, description);
        }
    }

    fn register_counter(&self, key: &Key, metadata: &Metadata<'_>) -> Counter {
        let since = *self.inner.closed_at.lock().unwrap_or_else(PoisonError::into_inner);
        let make = |key: &Key| {
            let forward = self.inner.forward.as_ref();
            let forward = forward.map_or(Counter::noop(), |to| to.register_counter(key, metadata));
            CounterSeries::new(forward, since)
        };
        Counter::from_arc(self.inner.series_for(
            key,
            |all| &mut all.counters,
            |all| &all.counters,
            make,
        ))
    }

    fn register_gauge(&self, key: &Key, metadata: &Metadata<'_>) -> Gauge {
        let make = |key: &Key| {
            let forward = self.inner.forward.as_ref();
            GaugeSeries::new(forward.map_or(Gauge::noop(), |to| to.register_gauge(key, metadata)))
        };
        Gauge::from_arc(self.inner.series_for(key, |all| &mut all.gauges, |all| &all.gauges, make))
    }

    fn register_histogram(&self, key: &Key, metadata: &Metadata<'_>) -> Histogram {
        let make = |key: &Key| {
            let forward = self.inner.forward.as_ref();
            let forward =
                forward.map_or(Histogram::noop(), |to| to.register_histogram(key, metadata));
            HistogramSeries::new(forward)
        };
        Histogram::from_arc(self.inner.series_for(
            key,
            |all| &mut all.histograms,
            |all| &all.histograms,
            make,
        ))
    }
}

impl Inner {
    /// Finds the series of a key or makes it, within the bounds.
    fn series_for<S>(
        &self,
        key: &Key,
        pick_mut: impl Fn(&mut Series) -> &mut HashMap<Key, Arc<S>>,
        pick: impl Fn(&Series) -> &HashMap<Key, Arc<S>>,
        make: impl FnOnce(&Key) -> S,
    ) -> Arc<S> {
        let found = |all: &Series, key: &Key| pick(all).get(key).map(Arc::clone);
        let series = self.series.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(one) = found(&series, key) {
            return one;
        }
        if !series.has_room(key.name(), &self.config)
            && let Some(one) = found(&series, &overflow_key(key))
        {
            self.overflowed.fetch_add(1, Relaxed);
            return one;
        }
        drop(series);
        let mut series = self.series.write().unwrap_or_else(PoisonError::into_inner);
        let key = if series.has_room(key.name(), &self.config) {
            key.to_retained()
        } else {
            self.overflowed.fetch_add(1, Relaxed);
            overflow_key(key)
        };
        if let Some(one) = found(&series, &key) {
            return one;
        }
        let one = Arc::new(make(&key));
        *series.per_metric.entry(key.name().to_owned()).or_default() += 1;
        pick_mut(&mut series).insert(key, Arc::clone(&one));
        one
    }
}

impl Series {
    fn len(&self) -> usize {
        self.counters.len() + self.gauges.len() + self.histograms.len()
    }

    fn has_room(&self, metric: &str, config: &WindowConfig) -> bool {
        let of_metric = self.per_metric.get(metric).copied().unwrap_or(0);
        self.len() < config.series_max && of_metric < config.series_per_metric_max
    }
}

/// One series a metric takes what does not fit; so the bound is exceeded by at most one series a
/// metric name, and names are static in any sane program.
fn overflow_key(key: &Key) -> Key {
    Key::from_parts(key.name().to_owned(), vec![Label::new("overflow", "true")])
}

fn labels_of(key: &Key) -> Labels {
    key.labels().map(|label| (label.key().to_owned(), label.value().to_owned())).collect()
}

fn reading(key: &Key, value: Value) -> Reading {
    Reading { name: key.name().to_owned(), labels: labels_of(key), value }
}

//! What is read out of the window.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

/// Label names and values of a series, in order of name.
pub type Labels = BTreeMap<String, String>;

/// Statistics of a counter over the window.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CounterStats {
    /// The count since the process started.
    pub total: u64,
    /// What was added within the window.
    pub increase: u64,
    /// [`increase`](Self::increase) by the seconds it took.
    pub rate_per_second: f64,
    /// Time since the counter last moved, to within one slot; `None` when it never has.
    pub unchanged_for: Option<Duration>,
}

/// Statistics of a gauge over the window, in the gauge's unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct GaugeStats {
    /// The value now.
    pub latest: f64,
    /// The smallest value set.
    pub min: f64,
    /// The largest value set.
    pub max: f64,
    /// The mean of the values at the ends of the slots and now.
    pub avg: f64,
}

/// Statistics of a histogram over the window, in the histogram's unit. All zero when the window
/// holds no sample.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct HistogramStats {
    /// Samples within the window.
    pub count: u64,
    /// Their sum.
    pub sum: f64,
    /// Their mean.
    pub avg: f64,
    /// The smallest, exactly.
    pub min: f64,
    /// The largest, exactly.
    pub max: f64,
    /// The last sample, also when it has left the window.
    pub latest: Option<f64>,
    /// The median, within 1/64 of its magnitude.
    pub p50: f64,
    /// The 95th percentile, within 1/64 of its magnitude.
    pub p95: f64,
    /// The 99th percentile, within 1/64 of its magnitude.
    pub p99: f64,
}

/// The statistics of one series.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Value {
    /// A counter.
    Counter(CounterStats),
    /// A gauge that was set at least once.
    Gauge(GaugeStats),
    /// A histogram.
    Histogram(HistogramStats),
}

/// One series, read.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reading {
    /// The metric's name.
    pub name: String,
    /// The series' labels.
    pub labels: Labels,
    /// Its statistics.
    pub value: Value,
}

/// A number that can be taken from a [`Reading`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Statistic {
    /// Samples of a histogram, or a counter's total.
    Count,
    /// The sum of a histogram.
    Sum,
    /// The mean of a histogram or gauge.
    Avg,
    /// The smallest of a histogram or gauge.
    Min,
    /// The largest of a histogram or gauge.
    Max,
    /// The last value of a gauge or histogram.
    Latest,
    /// The median of a histogram.
    P50,
    /// The 95th percentile of a histogram.
    P95,
    /// The 99th percentile of a histogram.
    P99,
    /// What a counter gained within the window, or a histogram's samples.
    Increase,
    /// A counter's increase a second.
    RatePerSecond,
    /// Seconds since a counter moved.
    UnchangedSeconds,
}

impl Reading {
    /// The number asked for, or `None` where this kind of series has none: a gauge has no
    /// percentile, an empty histogram no mean.
    #[must_use]
    pub fn get(&self, statistic: Statistic) -> Option<f64> {
        match self.value {
            Value::Counter(stats) => match statistic {
                Statistic::Count => Some(stats.total as f64),
                Statistic::Increase => Some(stats.increase as f64),
                Statistic::RatePerSecond => Some(stats.rate_per_second),
                Statistic::UnchangedSeconds => stats.unchanged_for.map(|age| age.as_secs_f64()),
                _ => None,
            },
            Value::Gauge(stats) => match statistic {
                Statistic::Latest => Some(stats.latest),
                Statistic::Min => Some(stats.min),
                Statistic::Max => Some(stats.max),
                Statistic::Avg => Some(stats.avg),
                _ => None,
            },
            Value::Histogram(stats) => stats.get(statistic),
        }
    }

    /// The value of a label.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels.get(name).map(String::as_str)
    }
}

impl HistogramStats {
    fn get(&self, statistic: Statistic) -> Option<f64> {
        match statistic {
            Statistic::Count | Statistic::Increase => Some(self.count as f64),
            Statistic::Latest => self.latest,
            _ if self.count == 0 => None,
            Statistic::Sum => Some(self.sum),
            Statistic::Avg => Some(self.avg),
            Statistic::Min => Some(self.min),
            Statistic::Max => Some(self.max),
            Statistic::P50 => Some(self.p50),
            Statistic::P95 => Some(self.p95),
            Statistic::P99 => Some(self.p99),
            Statistic::RatePerSecond | Statistic::UnchangedSeconds => None,
        }
    }
}

/// Which series: a metric's name and labels that must be there with these values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Select {
    name: String,
    labels: Labels,
}

impl Select {
    /// All series of a metric.
    #[must_use]
    pub fn name(name: impl Into<String>) -> Self {
        Self { name: name.into(), labels: Labels::new() }
    }

    /// Only the series that carry this label.
    #[must_use]
    pub fn with(mut self, label: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.insert(label.into(), value.into());
        self
    }

    /// The metric's name.
    #[must_use]
    pub fn metric(&self) -> &str {
        &self.name
    }

    pub(super) fn matches(&self, key: &metrics::Key) -> bool {
        key.name() == self.name
            && self.labels.iter().all(|(name, value)| {
                key.labels().any(|label| label.key() == name && label.value() == value)
            })
    }
}

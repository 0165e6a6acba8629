//! The names of the metrics: what a program on these crates exports, in one place.
//!
//! Rules, dashboards and the README's table are checked against [`METRICS`].

use metrics::{Recorder, Unit};

/// What kind of series a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// A distribution.
    Histogram,
}

impl MetricKind {
    /// The word Prometheus uses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// One metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metric {
    /// Its name; the unit is in it.
    pub name: &'static str,
    /// Its kind.
    pub kind: MetricKind,
    /// Its labels, separated by commas.
    pub labels: &'static str,
    /// What it says.
    pub help: &'static str,
}

const fn counter(name: &'static str, labels: &'static str, help: &'static str) -> Metric {
    Metric { name, kind: MetricKind::Counter, labels, help }
}

const fn gauge(name: &'static str, labels: &'static str, help: &'static str) -> Metric {
    Metric { name, kind: MetricKind::Gauge, labels, help }
}

const fn histogram(name: &'static str, labels: &'static str, help: &'static str) -> Metric {
    Metric { name, kind: MetricKind::Histogram, labels, help }
}

/// Every metric that the default rules, the dashboards or this crate name.
pub const METRICS: &[Metric] = &[
    histogram("arb_venues_request_seconds", "venue", "time of a request to a venue's API"),
    counter("arb_venues_requests_total", "venue", "requests to a venue's API"),
    counter(
        "arb_venues_failures_total",
        "venue",
        "requests that failed: transport, timeout, server error",
    ),
    counter("arb_ws_messages_total", "venue, connection", "WebSocket messages received"),
    counter(
        "arb_ws_disconnects_total",
        "venue, connection, cause, planned",
        "connections that ended",
    ),
    gauge("arb_ws_recorder_failing", "", "1 while a recording cannot be written"),
    gauge("arb_scan_data_age_seconds", "feed", "age of a feed's newest data"),
    gauge("arb_scan_books", "feed, state", "order books: live, suspect, resyncing, empty, dead"),
    counter("arb_scan_gaps_total", "feed", "gaps in a feed's sequence"),
    counter("arb_scan_resyncs_total", "feed", "resynchronisations of books"),
    counter("arb_scan_audited_books_total", "feed", "books compared with the venue's by an audit"),
    counter(
        "arb_scan_wrong_books_total",
        "feed",
        "books that were live and differed from the venue's",
    ),
    counter("arb_scan_drift_total", "venue", "frames the decoders did not know or refused"),
    counter(
        "arb_scan_findings_dropped_total",
        "",
        "findings that cache, alerts and screen did not take in time",
    ),
    histogram("arb_scan_frame_seconds", "", "from a frame's bytes to the decision"),
    gauge(
        "arb_scan_pairs",
        "state",
        "approved pairs: all, followed (both markets trade), live on both venues, tradable",
    ),
    gauge("arb_scan_kill_switch_engaged", "", "1 while trading is stopped by the switch"),
    gauge("arb_scan_clock_offset_seconds", "venue", "our clock minus the venue's"),
    counter("arb_scan_opportunities_total", "", "opportunities opened"),
    gauge("arb_scan_opportunities", "", "opportunities open now"),
    gauge("arb_scan_capturable_usd", "", "net profit of what is open now, each taken once"),
    histogram("arb_scan_net_usd", "", "net profit of an opportunity when it opened"),
    histogram(
        "arb_scan_return_after_risk_ratio",
        "",
        "profit after risk by capital, when it opened",
    ),
    counter("arb_scan_funnel_total", "step", "from everything seen to what can be taken"),
    gauge("arb_breaker_state", "breaker", "0 closed, 1 half-open, 2 open"),
    gauge("arb_cache_up", "", "1 while the cache answers"),
    counter("arb_cache_hits_total", "class, source", "reads that found a value"),
    counter("arb_cache_misses_total", "class, reason", "reads that found none"),
    counter("arb_cache_writes_total", "class, result", "writes"),
    histogram("arb_scan_episode_seconds", "", "how long an opportunity lasted"),
    gauge(
        "arb_monitor_component_health",
        "component",
        "1 healthy, 0.5 degraded, 0 unhealthy, -1 not asked yet",
    ),
    histogram("arb_monitor_check_seconds", "component", "time of a health check"),
    gauge("arb_monitor_ready", "", "1 while every required component is well"),
    gauge("arb_monitor_alerts_firing", "severity", "announced alerts"),
    counter(
        "arb_monitor_notifications_total",
        "sink, result",
        "notifications delivered, failed, dropped",
    ),
    histogram("arb_monitor_evaluation_seconds", "", "time to evaluate all rules"),
    gauge("arb_monitor_series", "", "series in memory"),
    counter("arb_monitor_series_overflow_total", "", "registrations beyond the bound on series"),
    gauge("arb_monitor_process_cpu_seconds", "", "processor time of the process"),
    gauge("arb_monitor_process_resident_bytes", "", "memory of the process"),
];

/// Tells a recorder what every metric means and its unit, for `# HELP` in the exposition.
pub fn describe(recorder: &dyn Recorder) {
    for metric in METRICS {
        let unit = match metric.name {
            name if name.ends_with("_seconds") => Some(Unit::Seconds),
            name if name.ends_with("_bytes") => Some(Unit::Bytes),
            _ => None,
        };
        match metric.kind {
            MetricKind::Counter => {
                recorder.describe_counter(metric.name.into(), unit, metric.help.into());
            }
            MetricKind::Gauge => {
                recorder.describe_gauge(metric.name.into(), unit, metric.help.into());
            }
            MetricKind::Histogram => {
                recorder.describe_histogram(metric.name.into(), unit, metric.help.into());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_convention() {
        for metric in METRICS {
            assert!(metric.name.starts_with("arb_"), "{}", metric.name);
            let total = metric.name.ends_with("_total");
            assert_eq!(total, metric.kind == MetricKind::Counter, "{}", metric.name);
            let twice = METRICS.iter().filter(|other| other.name == metric.name).count();
            assert_eq!(twice, 1, "{}", metric.name);
        }
    }

    #[test]
    fn the_readme_lists_every_metric() {
        let readme = include_str!("../README.md");
        for metric in METRICS {
            let labels = match metric.labels {
                "" => String::new(),
                labels => format!("`{}`", labels.replace(", ", "`, `")),
            };
            let (name, kind) = (metric.name, metric.kind.as_str());
            let row = format!("| `{name}` | {kind} | {labels} | {} |", metric.help);
            assert!(readme.contains(&row), "missing in README.md:\n{row}");
        }
    }
}

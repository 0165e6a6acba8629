//! The rules most programs want.

use std::time::Duration;

use super::model::{AlertKind, Severity, Signal};
use super::rule::{AlertRule, Comparison, Ratio, Stalled, Threshold, UnhealthyOverall};
use crate::window::{Select, Statistic};

/// The default rules and their limits. A rule whose metric nobody emits is silent; one whose
/// selection is `None` is left out.
///
/// | alert | severity | fires when |
/// |---|---|---|
/// | `ApiSlow` | MEDIUM | p95 of a venue's request time above 100 ms, 20 samples or more |
/// | `ApiErrors` | HIGH | more than 5 % of a venue's requests failed, 20 or more |
/// | `DataStale` | HIGH | the newest data of a feed older than 30 s |
/// | `BreakerOpen` | HIGH | a circuit breaker is open |
/// | `FeedStalled` | HIGH | a feed without a frame for 20 s |
/// | `DecoderDrift` | HIGH | frames of an unknown kind or shape |
/// | `FindingsLost` | HIGH | findings were lost to the cache, the alerts and the screen |
/// | `CacheDown` | HIGH | the shared cache is not reached |
/// | `RecordingFails` | HIGH | a recording cannot be written, as on a full disk |
/// | `Unhealthy` | CRITICAL | the overall health is unhealthy |
/// | `WrongBook` | CRITICAL | an audit found a book that was Live and wrong |
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct DefaultRules {
    /// Histogram of request times in seconds.
    pub latency: Option<Select>,
    /// Its p95 above this is slow. Default: 100 ms.
    pub latency_max: Duration,
    /// Counter of failed requests.
    pub errors: Option<Select>,
    /// Counter of all requests.
    pub requests: Option<Select>,
    /// The label requests are summed by. Default: `venue`.
    pub requests_by: String,
    /// The share of failures above this is too much. Default: 0.05.
    pub error_share_max: f64,
    /// Gauge of the age of a feed's newest data in seconds.
    pub data_age: Option<Select>,
    /// Older is stale. Default: 30 s.
    pub data_age_max: Duration,
    /// Gauge of a breaker's state.
    pub breaker: Option<Select>,
    /// A state above this is open. Default: 1.5, with 0 closed, 1 half-open and 2 open.
    pub breaker_above: f64,
    /// Counter of a feed's frames.
    pub frames: Option<Select>,
    /// Unchanged for longer is stalled. Default: 20 s; with an evaluation every 5 s a stall is
    /// found within 30 s.
    pub stalled_after: Duration,
    /// Counter of frames that the decoders did not know or refused.
    pub drift: Option<Select>,
    /// Counter of findings that the cache, the alerts and the screen did not take in time.
    pub lost_findings: Option<Select>,
    /// Gauge that is 0 while the shared cache is not reached.
    pub cache_up: Option<Select>,
    /// Gauge that is 1 while a recording cannot be written.
    pub recorder: Option<Select>,
    /// Counter of Live books that an audit found wrong.
    pub wrong_books: Option<Select>,
    /// Readings of a kind below this many samples are not judged. Default: 20.
    pub samples_min: u64,
}

impl Default for DefaultRules {
    fn default() -> Self {
        Self {
            latency: Some(Select::name("arb_venues_request_seconds")),
            latency_max: Duration::from_millis(100),
            errors: Some(Select::name("arb_venues_failures_total")),
            requests: Some(Select::name("arb_venues_requests_total")),
            requests_by: "venue".to_owned(),
            error_share_max: 0.05,
            data_age: Some(Select::name("arb_scan_data_age_seconds")),
            data_age_max: Duration::from_secs(30),
            breaker: Some(Select::name("arb_breaker_state")),
            breaker_above: 1.5,
            frames: Some(Select::name("arb_ws_messages_total")),
            stalled_after: Duration::from_secs(20),
            drift: Some(Select::name("arb_scan_drift_total")),
            lost_findings: Some(Select::name("arb_scan_findings_dropped_total")),
            cache_up: Some(Select::name("arb_cache_up")),
            recorder: Some(Select::name("arb_ws_recorder_failing")),
            wrong_books: Some(Select::name("arb_scan_wrong_books_total")),
            samples_min: 20,
        }
    }
}

impl DefaultRules {
    /// The rules.
    #[must_use]
    pub fn build(self) -> Vec<Box<dyn AlertRule>> {
        let above = |signal, select, statistic, limit| -> Box<dyn AlertRule> {
            Box::new(Threshold::new(signal, select, statistic, Comparison::Above(limit)))
        };
        let mut rules: Vec<Box<dyn AlertRule>> = Vec::new();
        if let Some(latency) = self.latency {
            let limit = Comparison::Above(self.latency_max.as_secs_f64());
            let rule = Threshold::new(api_slow(), latency, Statistic::P95, limit);
            rules.push(Box::new(rule.samples_min(self.samples_min)));
        }
        if let (Some(errors), Some(requests)) = (self.errors, self.requests) {
            let (by, share, least) = (self.requests_by, self.error_share_max, self.samples_min);
            rules.push(Box::new(Ratio::new(api_errors(), errors, requests, by, share, least)));
        }
        if let Some(age) = self.data_age {
            let limit = self.data_age_max.as_secs_f64();
            rules.push(above(data_stale(), age, Statistic::Latest, limit));
        }
        if let Some(breaker) = self.breaker {
            rules.push(above(breaker_open(), breaker, Statistic::Latest, self.breaker_above));
        }
        if let Some(frames) = self.frames {
            rules.push(Box::new(Stalled::new(feed_stalled(), frames, self.stalled_after)));
        }
        if let Some(drift) = self.drift {
            rules.push(above(decoder_drift(), drift, Statistic::Increase, 0.0));
        }
        if let Some(lost) = self.lost_findings {
            rules.push(above(findings_lost(), lost, Statistic::Increase, 0.0));
        }
        if let Some(up) = self.cache_up {
            let below = Comparison::Below(0.5);
            rules.push(Box::new(Threshold::new(cache_down(), up, Statistic::Latest, below)));
        }
        if let Some(recorder) = self.recorder {
            rules.push(above(recording_fails(), recorder, Statistic::Latest, 0.5));
        }
        if let Some(wrong) = self.wrong_books {
            rules.push(above(wrong_book(), wrong, Statistic::Increase, 0.0));
        }
        rules.push(Box::new(UnhealthyOverall::new(unhealthy())));
        rules
    }
}

fn api_slow() -> Signal {
    let summary = "requests to a venue are slow";
    Signal::new("ApiSlow", AlertKind::Performance, Severity::Medium, summary)
        .with_runbook("api-slow")
        .pending_for(Duration::from_secs(60))
}

fn api_errors() -> Signal {
    let summary = "too many requests to a venue fail";
    Signal::new("ApiErrors", AlertKind::Performance, Severity::High, summary)
        .with_runbook("api-errors")
}

fn data_stale() -> Signal {
    let summary = "the newest data of a feed is old: its books are not to be traded on";
    Signal::new("DataStale", AlertKind::DataQuality, Severity::High, summary)
        .with_runbook("data-stale")
}

fn breaker_open() -> Signal {
    let summary = "a circuit breaker is open: nothing is asked of what it protects";
    Signal::new("BreakerOpen", AlertKind::Connection, Severity::High, summary)
        .with_runbook("breaker-open")
}

fn feed_stalled() -> Signal {
    let summary = "a feed sends nothing any more";
    Signal::new("FeedStalled", AlertKind::Connection, Severity::High, summary)
        .with_runbook("feed-stalled")
}

fn decoder_drift() -> Signal {
    let summary = "a venue sends what the decoder does not know: its format may have changed";
    Signal::new("DecoderDrift", AlertKind::DataQuality, Severity::High, summary)
        .with_runbook("decoder-drift")
}

fn findings_lost() -> Signal {
    let summary = "findings were lost to the cache, the alerts and the screen";
    Signal::new("FindingsLost", AlertKind::Performance, Severity::High, summary)
        .with_runbook("findings-lost")
}

fn cache_down() -> Signal {
    let summary = "the shared cache is not reached";
    Signal::new("CacheDown", AlertKind::Connection, Severity::High, summary)
        .with_runbook("cache-down")
}

fn recording_fails() -> Signal {
    let summary = "what the feeds send is not recorded: the recording cannot be written";
    Signal::new("RecordingFails", AlertKind::SystemError, Severity::High, summary)
        .with_runbook("recording-fails")
}

fn wrong_book() -> Signal {
    let summary = "a book that said it was right differs from the venue's";
    Signal::new("WrongBook", AlertKind::DataQuality, Severity::Critical, summary)
        .with_runbook("wrong-book")
}

fn unhealthy() -> Signal {
    let summary = "the whole is unhealthy";
    Signal::new("Unhealthy", AlertKind::SystemError, Severity::Critical, summary)
        .with_runbook("unhealthy")
}

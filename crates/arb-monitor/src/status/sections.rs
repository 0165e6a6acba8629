//! The sections of the page, in reading order.

mod figures;
mod monitor;
mod trading;

use std::time::Duration;

use time::OffsetDateTime;

use super::html::Html;
use super::model::{StatusModel, Tone};
use crate::alert::{Alert, SinkStatus};
use crate::health::HealthReport;
use crate::window::HistogramStats;

/// How long ended alerts are worth showing.
pub(super) const ENDED_FOR: Duration = Duration::from_secs(6 * 3600);

/// Everything a page is rendered from.
#[derive(Debug)]
pub(super) struct View {
    pub(super) model: StatusModel,
    /// How old the model is; `None` when none was published yet.
    pub(super) model_age: Option<Duration>,
    pub(super) now: OffsetDateTime,
    pub(super) alerts: Vec<Alert>,
    pub(super) ended: Vec<Alert>,
    pub(super) health: HealthReport,
    pub(super) sinks: Vec<SinkStatus>,
    pub(super) latencies: Vec<Latency>,
    /// Whether the kill switch can be moved here.
    pub(super) has_switch: bool,
}

/// A histogram of seconds with its recent course.
#[derive(Debug)]
pub(super) struct Latency {
    pub(super) title: String,
    pub(super) stats: HistogramStats,
    /// The p95 of each slot, oldest first, in seconds.
    pub(super) course: Vec<f64>,
}

/// The sections: id, heading, content. The first has no heading of its own.
pub(super) fn all(view: &View) -> [(&'static str, &'static str, String); 8] {
    [
        ("head", "", trading::head(view)),
        ("why", "Why the other pairs are not tradable", trading::why(view)),
        ("feeds", "Feeds", trading::feeds(view)),
        ("opportunities", "Live opportunities", trading::opportunities(view)),
        ("funnel", "Funnel and near misses", trading::funnel(view)),
        ("alerts", "Alerts", monitor::alerts(view)),
        ("parts", "Components, breakers, cache, sinks", monitor::parts(view)),
        ("latency", "Latency", monitor::latency(view)),
    ]
}

/// A sentence in place of an empty table.
fn nothing(html: &mut Html, sentence: &'static str) {
    html.raw("<p class=\"none\">").raw(sentence).raw("</p>");
}

fn tone_of(bad: bool) -> Tone {
    if bad { Tone::Bad } else { Tone::Good }
}

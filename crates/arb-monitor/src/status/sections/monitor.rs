//! What the monitor itself knows: alerts, parts, latencies.

use super::super::html::Html;
use super::super::model::{CacheRow, Tone};
use super::figures::{clock, count, latency as figure, line, span};
use super::{View, nothing, tone_of};
use crate::alert::{Alert, BreakerState, Severity, SinkStatus, Status};
use crate::health::{ComponentHealth, ComponentState, Overall};

/// Ended alerts shown.
const ENDED_SHOWN: usize = 8;

pub(super) fn alerts(view: &View) -> String {
    let mut html = Html::default();
    if view.alerts.is_empty() {
        nothing(&mut html, "Nothing fires.");
    } else {
        html.table("Alerts that fire or are pending", &["Alert", "Since", "What", "State"]);
        for alert in &view.alerts {
            alert_row(&mut html, alert, view);
        }
        html.raw("</tbody></table>");
    }
    if !view.ended.is_empty() {
        html.raw("<details id=\"ended\"><summary>Ended lately (")
            .text(view.ended.len())
            .raw(")</summary>")
            .table("Alerts that ended", &["Alert", "Since", "What", "Ended"]);
        for alert in view.ended.iter().take(ENDED_SHOWN) {
            html.raw("<tr>").open("Alert").badge(Tone::Plain, alert.severity).raw(" ");
            html.text(&alert.name).raw("</td>").cell("Since", clock(alert.started_at, view.now));
            what(&mut html, alert);
            let ended = alert.ended_at.map_or_else(|| "–".to_owned(), |at| clock(at, view.now));
            html.cell("Ended", ended).raw("</tr>");
        }
        html.raw("</tbody></table></details>");
    }
    html.finish()
}

fn alert_row(html: &mut Html, alert: &Alert, view: &View) {
    let tone = match alert.severity {
        Severity::Low => Tone::Plain,
        Severity::Medium => Tone::Warn,
        Severity::High | Severity::Critical => Tone::Bad,
    };
    html.raw("<tr>").open("Alert").badge(tone, alert.severity).raw(" ").text(&alert.name);
    html.raw("</td>").cell("Since", clock(alert.started_at, view.now));
    what(html, alert);
    html.open("State");
    let words = [
        (alert.status == Status::Pending, "pending"),
        (alert.silenced, "silenced"),
        (alert.flapping, "flapping"),
    ];
    for (is, word) in words {
        if is {
            html.badge(Tone::Plain, word).raw(" ");
        }
    }
    if let Some(acknowledged) = &alert.acknowledged {
        html.raw("taken by ").text(&acknowledged.by).raw(" at ");
        html.text(clock(acknowledged.at, view.now));
    } else {
        html.raw("<form class=\"act\" method=\"post\" action=\"/alerts/")
            .text(alert.fingerprint)
            .raw("/acknowledge\"><button id=\"ack-")
            .text(alert.fingerprint)
            .raw("\" aria-label=\"Acknowledge ")
            .text(&alert.name)
            .raw("\">Acknowledge</button></form>");
    }
    html.raw("</td></tr>");
}

fn what(html: &mut Html, alert: &Alert) {
    html.open("What").raw("<span>").text(&alert.summary);
    if !alert.labels.is_empty() {
        html.raw(" <small>");
        for (name, value) in &alert.labels {
            html.text(name).raw("=").text(value).raw(" ");
        }
        html.raw("</small>");
    }
    if !alert.details.is_empty() {
        html.raw("<br><small>").text(&alert.details).raw("</small>");
    }
    if let Some(runbook) = &alert.runbook {
        html.raw("<br><small>runbook: ").text(runbook).raw("</small>");
    }
    html.raw("</span></td>");
}

pub(super) fn parts(view: &View) -> String {
    let mut html = Html::default();
    let health = &view.health;
    let tone = match health.overall {
        Overall::Starting => Tone::Plain,
        Overall::Healthy => Tone::Good,
        Overall::Degraded => Tone::Warn,
        Overall::Unhealthy => Tone::Bad,
    };
    html.raw("<p>Overall ").badge(tone, health.overall.as_str()).raw(" ");
    html.badge(tone_of(!health.ready), if health.ready { "ready" } else { "not ready" }).raw(" ");
    html.badge(tone_of(!health.alive), if health.alive { "alive" } else { "a loop stands still" });
    html.raw("</p>");
    html.table("Components, breakers, cache and sinks", &["Part", "State", "#Answer in", "Note"]);
    health.components.iter().for_each(|component| component_row(&mut html, component));
    for one in &health.loops {
        html.raw("<tr>").cell("Part", format!("loop {}", one.name)).open("State");
        html.badge(tone_of(!one.turns), if one.turns { "turns" } else { "stands still" });
        html.raw("</td>").number("Answer in", span(one.silent_for));
        html.cell("Note", format!("limit {}", span(one.silence_max))).raw("</tr>");
    }
    for breaker in &view.model.breakers {
        html.raw("<tr>").cell("Part", format!("breaker {}", breaker.name)).open("State");
        html.badge(breaker.tone, &breaker.state).raw("</td>").number("Answer in", "–");
        let opened = format!("opened {} times", breaker.opened);
        let note = [opened.as_str(), breaker.note.as_str()];
        html.cell("Note", note.join("; ").trim_end_matches("; ")).raw("</tr>");
    }
    if let Some(cache) = &view.model.cache {
        cache_row(&mut html, cache);
    }
    view.sinks.iter().for_each(|sink| sink_row(&mut html, sink));
    html.raw("</tbody></table>");
    html.finish()
}

fn component_row(html: &mut Html, component: &ComponentHealth) {
    let tone = match component.state {
        ComponentState::Unknown => Tone::Plain,
        ComponentState::Healthy => Tone::Good,
        ComponentState::Degraded => Tone::Warn,
        ComponentState::Unhealthy if component.required => Tone::Bad,
        ComponentState::Unhealthy => Tone::Warn,
    };
    let optional = if component.required { "" } else { " (optional)" };
    let took =
        component.response_time.map_or_else(|| "–".to_owned(), |took| figure(took.as_secs_f64()));
    html.raw("<tr>").cell("Part", format!("{}{optional}", component.name)).open("State");
    html.badge(tone, component.state.as_str()).raw("</td>").number("Answer in", took);
    html.cell("Note", &component.message).raw("</tr>");
}

fn cache_row(html: &mut Html, cache: &CacheRow) {
    html.raw("<tr>").cell("Part", format!("cache {}", cache.store)).open("State");
    html.badge(tone_of(!cache.up), if cache.up { "up" } else { "down" }).raw("</td>");
    html.number("Answer in", "–");
    let hits =
        cache.hit_rate.map_or_else(String::new, |rate| format!("{:.1} % hits; ", rate * 1e2));
    let note = format!("{hits}{}", cache.note);
    html.cell("Note", note.trim_end_matches("; ")).raw("</tr>");
}

fn sink_row(html: &mut Html, sink: &SinkStatus) {
    let (tone, state) = match sink.breaker {
        BreakerState::Closed if sink.last_error.is_none() || sink.queued == 0 => {
            (Tone::Good, "delivers")
        }
        BreakerState::Closed => (Tone::Warn, "retries"),
        BreakerState::HalfOpen => (Tone::Warn, "tries again"),
        BreakerState::Open => (Tone::Bad, "fails"),
    };
    html.raw("<tr>").cell("Part", format!("sink {}", sink.name)).open("State");
    html.badge(tone, state).raw("</td>").number("Answer in", "–").open("Note");
    html.text(count(sink.delivered)).raw(" delivered, ").text(sink.queued).raw(" waiting, ");
    html.text(sink.dropped).raw(" lost");
    if let Some(error) = &sink.last_error {
        html.raw("<br><small>last error: ").text(error).raw("</small>");
    }
    html.raw("</td></tr>");
}

pub(super) fn latency(view: &View) -> String {
    let mut html = Html::default();
    if view.latencies.is_empty() {
        nothing(&mut html, "Nothing was timed yet.");
        return html.finish();
    }
    html.table(
        "Latencies of the last minutes",
        &["What", "#Samples", "#p50", "#p95", "#p99", "#Max", "p95 over time"],
    );
    for row in &view.latencies {
        let stats = row.stats;
        html.raw("<tr>").cell("What", &row.title).number("Samples", count(stats.count));
        for (column, seconds) in
            [("p50", stats.p50), ("p95", stats.p95), ("p99", stats.p99), ("Max", stats.max)]
        {
            html.number(column, if stats.count == 0 { "–".to_owned() } else { figure(seconds) });
        }
        html.open("p95 over time");
        plot(&mut html, &row.course);
        html.raw("</td></tr>");
    }
    html.raw("</tbody></table>");
    html.finish()
}

/// A small plot from zero to the largest value, which is written beside it.
fn plot(html: &mut Html, course: &[f64]) {
    if course.len() < 2 {
        html.raw("<small>too short</small>");
        return;
    }
    let max = course.iter().copied().fold(0.0_f64, f64::max);
    let last = course.last().copied().unwrap_or_default();
    html.raw("<svg viewBox=\"0 0 140 28\" width=\"140\" height=\"28\" role=\"img\" aria-label=\"")
        .text(format!("now {}, at most {}", figure(last), figure(max)))
        .raw("\"><polyline points=\"")
        .text(line(course, 140.0, 28.0))
        .raw("\"/></svg> <small>≤ ")
        .text(figure(max))
        .raw("</small>");
}

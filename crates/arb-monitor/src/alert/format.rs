//! Bodies of outgoing webhooks.

use serde::Serialize;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::model::{Alert, Change, Notification, Severity};

/// What a webhook's receiver reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Format {
    /// `{"text": …, "alert": {…}, "change": …, "sequence": …, "at": …}`: readable by whatever
    /// shows `text`, complete for whatever reads JSON.
    Generic,
    /// A Slack incoming webhook: `text` and one attachment with a colour.
    Slack,
    /// A Discord webhook: one embed with a colour. Mentions are switched off.
    Discord,
    /// What Alertmanager (version 4 of its webhook body) posts; anything that takes its webhooks
    /// takes ours, and brings grouping and escalation with it.
    Alertmanager,
}

impl Format {
    /// The body for a notification.
    #[must_use]
    pub fn body(self, notification: &Notification) -> Value {
        match self {
            Self::Generic => generic(notification),
            Self::Slack => slack(notification),
            Self::Discord => discord(notification),
            Self::Alertmanager => alertmanager(notification),
        }
    }
}

fn generic(notification: &Notification) -> Value {
    let mut body = json!(notification);
    body["text"] = json!(headline(notification));
    body
}

/// `&`, `<` and `>` are what Slack asks to be escaped; with them gone no mention can be formed.
fn slack(notification: &Notification) -> Value {
    let alert = &notification.alert;
    let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let fields: Vec<_> = facts(alert)
        .into_iter()
        .map(|(title, value)| json!({"title": title, "value": escape(&cut(&value, 500)), "short": true}))
        .collect();
    json!({
        "text": escape(&cut(&headline(notification), 2_000)),
        "attachments": [{
            "color": format!("#{:06x}", color(notification)),
            "text": escape(&cut(&alert.details, 2_000)),
            "fields": fields,
            "ts": notification.at.unix_timestamp(),
        }],
    })
}

/// Discord refuses a title above 256 characters, an empty field value, more than 25 fields, and an
/// embed above 6,000 characters in all: 250 + 1,500 + 20 · (61 + 121) with the cut marks fits.
fn discord(notification: &Notification) -> Value {
    let alert = &notification.alert;
    let fields: Vec<_> = facts(alert)
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .take(20)
        .map(|(name, value)| json!({"name": cut(&name, 60), "value": cut(&value, 120), "inline": true}))
        .collect();
    json!({
        "allowed_mentions": {"parse": []},
        "embeds": [{
            "title": cut(&headline(notification), 250),
            "description": cut(&alert.details, 1_500),
            "color": color(notification),
            "fields": fields,
            "timestamp": stamp(notification.at),
        }],
    })
}

fn alertmanager(notification: &Notification) -> Value {
    let alert = &notification.alert;
    let status = if notification.change == Change::Resolved { "resolved" } else { "firing" };
    let mut labels = json!(alert.labels);
    labels["alertname"] = json!(alert.name);
    labels["severity"] = json!(alert.severity.as_str().to_lowercase());
    labels["kind"] = json!(alert.kind.as_str());
    let mut annotations = json!({"summary": alert.summary, "description": alert.details});
    if let Some(runbook) = &alert.runbook {
        annotations["runbook"] = json!(runbook);
    }
    // Alertmanager writes the zero time of Go for an alert that has not ended.
    let ended = alert.ended_at.map_or_else(|| "0001-01-01T00:00:00Z".to_owned(), stamp);
    json!({
        "version": "4",
        "groupKey": format!("{{}}:{{alertname={:?}}}", alert.name),
        "truncatedAlerts": 0,
        "status": status,
        "receiver": "arb-monitor",
        "groupLabels": {"alertname": alert.name},
        "commonLabels": labels,
        "commonAnnotations": annotations,
        "externalURL": "",
        "alerts": [{
            "status": status,
            "labels": labels,
            "annotations": annotations,
            "startsAt": stamp(alert.started_at),
            "endsAt": ended,
            "generatorURL": "",
            "fingerprint": alert.fingerprint,
        }],
    })
}

fn headline(notification: &Notification) -> String {
    let alert = &notification.alert;
    let what = match notification.change {
        Change::Resolved => "RESOLVED",
        Change::Escalated => "ESCALATED",
        Change::Repeat => "STILL FIRING",
        Change::Suppressed { .. } => "KEPT BACK",
        Change::Watchdog => "ALIVE",
        Change::Firing => "FIRING",
    };
    format!("[{} {what}] {}: {}", alert.severity, alert.name, alert.summary)
}

fn facts(alert: &Alert) -> Vec<(String, String)> {
    let mut facts = vec![("kind".to_owned(), alert.kind.as_str().to_owned())];
    facts.extend(alert.labels.iter().map(|(name, value)| (name.clone(), value.clone())));
    if let Some(value) = alert.value {
        facts.push(("value".to_owned(), value.to_string()));
    }
    if let Some(runbook) = &alert.runbook {
        facts.push(("runbook".to_owned(), runbook.clone()));
    }
    facts.push(("since".to_owned(), stamp(alert.started_at)));
    facts
}

fn color(notification: &Notification) -> u32 {
    match (notification.change, notification.alert.severity) {
        (Change::Resolved | Change::Watchdog, _) => 0x002e_8b57,
        (_, Severity::Low) => 0x0060_8090,
        (_, Severity::Medium) => 0x00d0_a000,
        (_, Severity::High) => 0x00e0_6000,
        (_, Severity::Critical) => 0x00c0_1020,
    }
}

fn stamp(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_else(|_| at.unix_timestamp().to_string())
}

/// At most this many characters.
fn cut(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

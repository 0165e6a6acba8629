//! Webhooks over real sockets, and the bodies they post.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use arb_monitor::alert::{
    AlertBook, AlertBookConfig, AlertKind, AlertSink, Change, Format, Notification, Severity,
    Signal, SinkError,
};
use arb_monitor::webhook::{WebhookConfig, WebhookSink};
use arb_monitor::{Moment, MonitorError};
use serde_json::{Value, json};
use time::macros::datetime;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Answers one request and gives back what it got: head and body.
async fn receiver(answer: &'static str) -> (String, JoinHandle<(String, Value)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook/s3cret", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut got = Vec::new();
        loop {
            let mut part = [0; 4096];
            let count = stream.read(&mut part).await.unwrap();
            assert!(count > 0, "the request ended early");
            got.extend_from_slice(&part[..count]);
            let text = String::from_utf8_lossy(&got);
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length: usize = head
                .lines()
                .find_map(|line| {
                    line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok()
                })
                .unwrap();
            if body.len() == length {
                stream.write_all(answer.as_bytes()).await.unwrap();
                return (head.to_owned(), serde_json::from_str(body).unwrap());
            }
        }
    });
    (url, task)
}

fn at(seconds: u64) -> Moment {
    let elapsed = Duration::from_secs(seconds);
    Moment { at: datetime!(2026-11-22 12:00 UTC) + elapsed, elapsed }
}

/// A firing and a resolved notification.
fn told() -> [Notification; 2] {
    let mut book = AlertBook::new(AlertBookConfig::default());
    let signal =
        Signal::new("CacheDown", AlertKind::Connection, Severity::High, "no <Redis> & more")
            .with_label("store", "redis://cache")
            .with_details("refused for 12 s")
            .with_value(12.5)
            .with_runbook("cache-down");
    let id = book.raise(signal, at(0));
    book.clear(id, at(90));
    book.take_notifications().try_into().unwrap()
}

async fn post(config: WebhookConfig) -> Result<(), SinkError> {
    WebhookSink::new(config).unwrap().deliver(&told()[0]).await
}

#[tokio::test]
async fn a_notification_is_posted_as_json() {
    let (url, got) = receiver("HTTP/1.1 204 No Content\r\n\r\n").await;
    post(WebhookConfig::new(url).with_bearer("t0ken")).await.unwrap();
    let (head, body) = got.await.unwrap();
    assert!(head.starts_with("POST /hook/s3cret HTTP/1.1"));
    let head = head.to_ascii_lowercase();
    assert!(head.contains("content-type: application/json"));
    assert!(head.contains("authorization: bearer t0ken"));
    assert_eq!(body["text"], "[HIGH FIRING] CacheDown: no <Redis> & more");
    assert_eq!(body["change"], "firing");
    assert_eq!(body["alert"]["severity"], "HIGH");
}

#[tokio::test]
async fn too_many_requests_is_tried_again_when_the_receiver_says() {
    let answer =
        "HTTP/1.1 429 Too Many Requests\r\nretry-after: 1.5\r\ncontent-length: 4\r\n\r\nslow";
    let (url, _got) = receiver(answer).await;
    let error = post(WebhookConfig::new(url)).await.unwrap_err();
    assert!(error.is_retryable());
    assert_eq!(error.retry_after(), Some(Duration::from_millis(1_500)));
    assert!(error.to_string().contains("status 429: slow"), "{error}");
}

#[tokio::test]
async fn statuses_are_told_apart() {
    for (answer, retryable) in [
        ("HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n", true),
        ("HTTP/1.1 503 No\r\nretry-after: -4\r\ncontent-length: 0\r\n\r\n", true),
        ("HTTP/1.1 408 No\r\ncontent-length: 0\r\n\r\n", true),
        ("HTTP/1.1 400 No\r\ncontent-length: 0\r\n\r\n", false),
        ("HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n", false),
        ("HTTP/1.1 302 No\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n", false),
    ] {
        let (url, _got) = receiver(answer).await;
        let error = post(WebhookConfig::new(url)).await.unwrap_err();
        assert_eq!(error.is_retryable(), retryable, "{answer}");
        assert_eq!(error.retry_after(), None);
    }
}

#[tokio::test]
async fn no_error_tells_the_address() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook/s3cret", listener.local_addr().unwrap());
    drop(listener);
    let config = WebhookConfig::new(url);
    assert!(!format!("{config:?}").contains("s3cret"));
    let sink = WebhookSink::new(config.clone()).unwrap();
    assert!(!format!("{sink:?}").contains("s3cret"));
    let error = post(config).await.unwrap_err();
    assert!(error.is_retryable());
    let mut told = format!("{error} {error:?}");
    let mut cause = std::error::Error::source(&error);
    while let Some(one) = cause {
        told.push_str(&format!("{one} {one:?}"));
        cause = one.source();
    }
    assert!(!told.contains("s3cret"), "{told}");
    for bad in ["", "not an address s3cret", "ftp://host/s3cret"] {
        let error = WebhookSink::new(WebhookConfig::new(bad)).unwrap_err();
        assert!(matches!(error, MonitorError::Config { .. }));
        assert!(!format!("{error} {error:?}").contains("s3cret"));
    }
}

#[test]
fn slack_gets_a_text_without_live_markup() {
    let [firing, resolved] = told();
    let body = Format::Slack.body(&firing);
    assert_eq!(body["text"], "[HIGH FIRING] CacheDown: no &lt;Redis&gt; &amp; more");
    assert_eq!(body["attachments"][0]["color"], "#e06000");
    let fields = body["attachments"][0]["fields"].as_array().unwrap();
    let titles: Vec<_> = fields.iter().map(|field| field["title"].as_str().unwrap()).collect();
    assert_eq!(titles, ["kind", "store", "value", "runbook", "since"]);
    assert_eq!(Format::Slack.body(&resolved)["attachments"][0]["color"], "#2e8b57");
}

#[test]
fn discord_gets_an_embed_within_its_limits() {
    let mut notification = told()[0].clone();
    notification.alert.summary = "x".repeat(5_000);
    notification.alert.details = "ä".repeat(5_000);
    for number in 0..40 {
        notification.alert.labels.insert(format!("label{number}"), "y".repeat(3_000));
    }
    let body = Format::Discord.body(&notification);
    assert_eq!(body["allowed_mentions"], json!({"parse": []}));
    let embed = &body["embeds"][0];
    let length = |value: &Value| value.as_str().unwrap().chars().count();
    assert!(length(&embed["title"]) <= 256 && length(&embed["description"]) <= 4_096);
    let fields = embed["fields"].as_array().unwrap();
    assert!(fields.len() <= 25 && fields.iter().all(|field| length(&field["value"]) <= 1_024));
    let total = length(&embed["title"])
        + length(&embed["description"])
        + fields.iter().map(|one| length(&one["name"]) + length(&one["value"])).sum::<usize>();
    assert!(total <= 6_000, "{total} characters, Discord takes 6,000 an embed");
}

#[test]
fn alertmanager_gets_version_four() {
    let [firing, resolved] = told();
    let body = Format::Alertmanager.body(&firing);
    assert_eq!(body["version"], "4");
    assert_eq!(body["status"], "firing");
    let alert = &body["alerts"][0];
    let labels = json!({"alertname": "CacheDown", "kind": "connection", "severity": "high", "store": "redis://cache"});
    assert_eq!(alert["labels"], labels);
    assert_eq!(alert["annotations"]["summary"], "no <Redis> & more");
    assert_eq!(alert["startsAt"], "2026-11-22T12:00:00Z");
    assert_eq!(alert["endsAt"], "0001-01-01T00:00:00Z");
    assert_eq!(alert["fingerprint"].as_str().unwrap().len(), 16);
    let body = Format::Alertmanager.body(&resolved);
    assert_eq!(body["alerts"][0]["status"], "resolved");
    assert_eq!(body["alerts"][0]["endsAt"], "2026-11-22T12:01:30Z");
}

#[test]
fn every_format_can_tell_every_change() {
    for format in [Format::Generic, Format::Slack, Format::Discord, Format::Alertmanager] {
        for change in [
            Change::Firing,
            Change::Escalated,
            Change::Repeat,
            Change::Resolved,
            Change::Suppressed { count: 3 },
            Change::Watchdog,
        ] {
            let notification = Notification { change, ..told()[0].clone() };
            assert!(format.body(&notification).to_string().contains("CacheDown"));
        }
    }
}

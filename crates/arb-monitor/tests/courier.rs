//! Sinks that are slow, dead, rude or broken.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arb_monitor::Moment;
use arb_monitor::alert::{
    AlertBook, AlertBookConfig, AlertKind, AlertSink, BreakerState, Change, Courier, LogSink,
    MemorySink, Notification, Severity, Signal, SinkConfig, SinkError,
};
use async_trait::async_trait;
use time::macros::datetime;
use tokio::time::{Instant, advance, sleep};

/// What a scripted sink does with one attempt.
#[derive(Debug, Clone, Copy)]
enum Does {
    Takes,
    Fails,
    AsksFor(Duration),
    Refuses,
    Hangs,
    Panics,
}

/// Follows a script, then takes everything; keeps when it was asked.
#[derive(Clone)]
struct Scripted {
    script: Arc<Mutex<VecDeque<Does>>>,
    asked: Arc<Mutex<Vec<(Duration, u64)>>>,
    started: Instant,
}

impl Scripted {
    fn new(script: impl IntoIterator<Item = Does>) -> Self {
        Self {
            script: Arc::new(Mutex::new(script.into_iter().collect())),
            asked: Arc::default(),
            started: Instant::now(),
        }
    }

    fn asked_at(&self) -> Vec<f64> {
        self.asked.lock().unwrap().iter().map(|(at, _)| at.as_secs_f64()).collect()
    }
}

#[async_trait]
impl AlertSink for Scripted {
    async fn deliver(&self, notification: &Notification) -> Result<(), SinkError> {
        self.asked.lock().unwrap().push((self.started.elapsed(), notification.sequence));
        let does = self.script.lock().unwrap().pop_front().unwrap_or(Does::Takes);
        match does {
            Does::Takes => Ok(()),
            Does::Fails => Err(SinkError::unavailable("no connection")),
            Does::AsksFor(pause) => Err(SinkError::Unavailable {
                reason: "status 429".to_owned(),
                retry_after: Some(pause),
                source: None,
            }),
            Does::Refuses => Err(SinkError::Refused { reason: "status 404".to_owned() }),
            Does::Hangs => std::future::pending().await,
            Does::Panics => panic!("a sink panics"),
        }
    }
}

fn notifications(count: usize, severity: impl Fn(usize) -> Severity) -> Vec<Arc<Notification>> {
    let mut config = AlertBookConfig::default();
    config.limit = usize::MAX;
    config.alerts_max = usize::MAX;
    let mut book = AlertBook::new(config);
    let now = Moment { at: datetime!(2026-11-22 00:00 UTC), elapsed: Duration::ZERO };
    for number in 0..count {
        let signal = Signal::new("N", AlertKind::SystemError, severity(number), "n");
        book.raise(signal.with_label("n", number.to_string()), now);
    }
    book.take_notifications().into_iter().map(Arc::new).collect()
}

fn some(count: usize) -> Vec<Arc<Notification>> {
    notifications(count, |_| Severity::High)
}

fn start(config: SinkConfig, sink: impl AlertSink) -> Courier {
    let (courier, work) = Courier::new(config, Arc::new(sink));
    tokio::spawn(work);
    courier
}

#[tokio::test(start_paused = true)]
async fn a_failing_sink_is_tried_again_with_growing_pauses() {
    let sink = Scripted::new([Does::Fails, Does::Fails, Does::Fails]);
    let courier = start(SinkConfig::new("s"), sink.clone());
    some(1).iter().for_each(|one| courier.push(one));
    sleep(Duration::from_secs(10)).await;
    // 0.5 s, 1 s, 2 s.
    assert_eq!(sink.asked_at(), [0.0, 0.5, 1.5, 3.5]);
    let status = courier.status();
    assert_eq!((status.delivered, status.failures, status.dropped, status.queued), (1, 3, 0, 0));
    assert_eq!(status.breaker, BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_is_asked_for_is_kept_up_to_ten_minutes() {
    let asks = |seconds| Does::AsksFor(Duration::from_secs(seconds));
    let sink = Scripted::new([asks(30), asks(86_400)]);
    let courier = start(SinkConfig::new("s"), sink.clone());
    some(1).iter().for_each(|one| courier.push(one));
    sleep(Duration::from_secs(1_000)).await;
    assert_eq!(sink.asked_at(), [0.0, 30.0, 630.0]);
}

#[tokio::test(start_paused = true)]
async fn a_slow_sink_is_given_up_on_after_its_timeout() {
    let sink = Scripted::new([Does::Hangs]);
    let courier = start(SinkConfig::new("s"), sink.clone());
    some(1).iter().for_each(|one| courier.push(one));
    sleep(Duration::from_secs(10)).await;
    assert_eq!(sink.asked_at(), [0.0, 5.5]);
    assert!(courier.status().last_error.unwrap().contains("no answer within 5000 ms"));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_drops_the_notification_and_the_next_one_comes() {
    let sink = Scripted::new([Does::Refuses]);
    let courier = start(SinkConfig::new("s"), sink.clone());
    some(2).iter().for_each(|one| courier.push(one));
    sleep(Duration::from_secs(5)).await;
    let status = courier.status();
    assert_eq!((status.delivered, status.failures, status.dropped), (1, 1, 1));
    assert_eq!(sink.asked_at(), [0.0, 0.0]);
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_sink_stays_there() {
    let sink = Scripted::new([Does::Panics]);
    let courier = start(SinkConfig::new("s"), sink.clone());
    some(1).iter().for_each(|one| courier.push(one));
    sleep(Duration::from_secs(5)).await;
    assert_eq!(courier.status().delivered, 1);
}

#[tokio::test(start_paused = true)]
async fn a_dead_sink_opens_the_breaker_and_is_asked_once_a_minute() {
    let sink = Scripted::new([Does::Fails; 1_000]);
    let courier = start(SinkConfig::new("s"), sink.clone());
    some(3).iter().for_each(|one| courier.push(one));
    sleep(Duration::from_secs(100)).await;
    assert_eq!(courier.status().breaker, BreakerState::Open);
    sleep(Duration::from_secs(1_000)).await;
    let asked = sink.asked_at();
    assert!(asked.windows(2).skip(4).all(|pair| pair[1] - pair[0] >= 60.0), "{asked:?}");
    assert_eq!(courier.status().queued, 3);
    // It comes back: everything is brought, in order.
    sink.script.lock().unwrap().clear();
    sleep(Duration::from_secs(61)).await;
    let status = courier.status();
    assert_eq!((status.delivered, status.queued, status.breaker), (3, 0, BreakerState::Closed));
}

#[tokio::test(start_paused = true)]
async fn after_an_hour_a_notification_is_given_up() {
    let sink = Scripted::new([Does::Fails; 1_000]);
    let courier = start(SinkConfig::new("s"), sink.clone());
    some(1).iter().for_each(|one| courier.push(one));
    sleep(Duration::from_secs(3_500)).await;
    assert_eq!(courier.status().dropped, 0);
    sleep(Duration::from_secs(200)).await;
    assert_eq!((courier.status().dropped, courier.status().queued), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_drops_the_least_and_never_waits() {
    let sink = Scripted::new([Does::Hangs; 1_000]);
    let courier = start(SinkConfig::new("s"), sink);
    let critical = |number: usize| number.is_multiple_of(100);
    let severity = |n| if critical(n) { Severity::Critical } else { Severity::Low };
    let many = notifications(10_000, severity);
    let before = Instant::now();
    many.iter().for_each(|one| courier.push(one));
    assert_eq!(before.elapsed(), Duration::ZERO, "push waited");
    let status = courier.status();
    assert_eq!((status.queued, status.dropped), (256, 9_744));
    courier.close();
}

#[tokio::test(start_paused = true)]
async fn the_critical_ones_survive_a_full_queue() {
    let memory = MemorySink::new(1_000);
    let (courier, work) = Courier::new(SinkConfig::new("s"), Arc::new(memory.clone()));
    let critical = |number: usize| number.is_multiple_of(100);
    let many =
        notifications(10_000, |n| if critical(n) { Severity::Critical } else { Severity::Low });
    many.iter().for_each(|one| courier.push(one));
    courier.close();
    work.await;
    let brought = memory.notifications();
    let worst = brought.iter().filter(|one| one.alert.severity == Severity::Critical).count();
    assert_eq!((brought.len(), worst), (256, 100));
    assert!(brought.windows(2).all(|pair| pair[0].sequence < pair[1].sequence), "in order");
}

#[tokio::test(start_paused = true)]
async fn a_sink_gets_only_what_it_wants() {
    let memory = MemorySink::new(100);
    let config = SinkConfig::new("s").severity_min(Severity::High).kinds([AlertKind::SystemError]);
    let (courier, work) = Courier::new(config, Arc::new(memory.clone()));
    let severities = [Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
    notifications(4, |n| severities[n]).iter().for_each(|one| courier.push(one));
    let mut watchdog = AlertBook::new(AlertBookConfig::default());
    watchdog.tick(Moment { at: datetime!(2026-11-22 00:00 UTC), elapsed: Duration::ZERO });
    for one in watchdog.take_notifications() {
        assert_eq!(one.change, Change::Watchdog);
        courier.push(&Arc::new(one));
    }
    courier.close();
    work.await;
    let brought: Vec<_> = memory.notifications().iter().map(|one| one.alert.severity).collect();
    assert_eq!(brought, [Severity::High, Severity::Critical]);
}

#[tokio::test(start_paused = true)]
async fn closing_ends_the_work_even_while_it_pauses() {
    let sink = Scripted::new([Does::Fails; 10]);
    let (courier, work) = Courier::new(SinkConfig::new("s"), Arc::new(sink));
    some(1).iter().for_each(|one| courier.push(one));
    let task = tokio::spawn(work);
    advance(Duration::from_millis(100)).await;
    courier.close();
    task.await.unwrap();
}

/// What every sink must do: take a notification of every change and severity.
#[tokio::test]
async fn every_sink_takes_every_notification() {
    let sinks: [Box<dyn AlertSink>; 2] =
        [Box::new(LogSink::default()), Box::new(MemorySink::new(3))];
    let severities = [Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
    let changes = [
        Change::Firing,
        Change::Escalated,
        Change::Repeat,
        Change::Resolved,
        Change::Suppressed { count: 3 },
        Change::Watchdog,
    ];
    for sink in sinks {
        for one in notifications(4, |n| severities[n]) {
            for change in changes {
                let one = Notification { change, ..one.as_ref().clone() };
                sink.deliver(&one).await.unwrap();
            }
        }
    }
}

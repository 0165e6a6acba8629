//! One task that brings notifications to one sink.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use time::OffsetDateTime;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::model::{AlertKind, Change, Notification, Severity};
use super::sink::{AlertSink, SinkError};

/// How a sink is served.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SinkConfig {
    /// The sink's name, in status and metrics.
    pub name: String,
    /// Nothing below this is sent. Default: [`Severity::Low`], everything.
    pub severity_min: Severity,
    /// Only these kinds. Default: all.
    pub kinds: Option<Vec<AlertKind>>,
    /// Whether it gets the watchdog. Default: no.
    pub watchdog: bool,
    /// Notifications that may wait. When full, the oldest of the lowest severity is dropped and
    /// counted; the caller never waits. Default: 256.
    pub queue: usize,
    /// For one attempt. Default: 5 s.
    pub timeout: Duration,
    /// The pause after the first failure; it doubles up to [`pause_max`](Self::pause_max).
    /// Default: 500 ms.
    pub pause: Duration,
    /// Default: 60 s. A longer pause asked for by the receiver is kept, up to ten minutes.
    pub pause_max: Duration,
    /// A notification that could not be brought for this long is dropped and counted. Default: 1 h.
    pub give_up_after: Duration,
    /// Failures in a row that open the breaker. Default: 5.
    pub breaker_failures: u32,
    /// How long the open breaker makes no attempt. Default: 60 s.
    pub breaker_open: Duration,
}

impl SinkConfig {
    /// The defaults under a name.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            severity_min: Severity::Low,
            kinds: None,
            watchdog: false,
            queue: 256,
            timeout: Duration::from_secs(5),
            pause: Duration::from_millis(500),
            pause_max: Duration::from_secs(60),
            give_up_after: Duration::from_secs(3600),
            breaker_failures: 5,
            breaker_open: Duration::from_secs(60),
        }
    }

    /// Sends nothing below this severity.
    #[must_use]
    pub fn severity_min(mut self, severity: Severity) -> Self {
        self.severity_min = severity;
        self
    }

    /// Sends only these kinds.
    #[must_use]
    pub fn kinds(mut self, kinds: impl Into<Vec<AlertKind>>) -> Self {
        self.kinds = Some(kinds.into());
        self
    }

    /// Sends the watchdog too.
    #[must_use]
    pub fn with_watchdog(mut self) -> Self {
        self.watchdog = true;
        self
    }

    fn wants(&self, notification: &Notification) -> bool {
        let alert = &notification.alert;
        match notification.change {
            Change::Watchdog => self.watchdog,
            _ => {
                alert.severity >= self.severity_min
                    && self.kinds.as_ref().is_none_or(|kinds| kinds.contains(&alert.kind))
            }
        }
    }
}

/// Whether attempts are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BreakerState {
    /// Attempts are made.
    Closed,
    /// None is made until the pause is over.
    Open,
    /// The next attempt decides.
    HalfOpen,
}

/// How a sink is doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SinkStatus {
    /// The sink's name.
    pub name: String,
    /// Whether attempts are made.
    pub breaker: BreakerState,
    /// Notifications that wait, the one being brought included.
    pub queued: usize,
    /// Notifications brought.
    pub delivered: u64,
    /// Attempts that failed.
    pub failures: u64,
    /// Notifications lost: the queue was full, the receiver refused, or it took too long.
    pub dropped: u64,
    /// What the last failed attempt said.
    pub last_error: Option<String>,
    /// When the newest notification brought had been decided.
    #[serde(with = "time::serde::rfc3339::option")]
    pub last_delivered_at: Option<OffsetDateTime>,
}

/// A sink with its queue. Clones feed the same sink.
#[derive(Clone)]
pub struct Courier {
    shared: Arc<Shared>,
}

struct Shared {
    config: SinkConfig,
    state: Mutex<State>,
    wake: Notify,
}

struct State {
    queue: VecDeque<(Instant, Arc<Notification>)>,
    closed: bool,
    status: SinkStatus,
}

impl fmt::Debug for Courier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Courier").field("status", &self.status()).finish_non_exhaustive()
    }
}

impl Courier {
    /// A courier and the future that does its work; the caller owns the task it runs in.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops deliveries; what waits stays in the queue. After
    /// [`close`](Self::close) it ends when the queue is empty or the sink fails once.
    pub fn new(
        config: SinkConfig,
        sink: Arc<dyn AlertSink>,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let status = SinkStatus {
            name: config.name.clone(),
            breaker: BreakerState::Closed,
            queued: 0,
            delivered: 0,
            failures: 0,
            dropped: 0,
            last_error: None,
            last_delivered_at: None,
        };
        let state = State { queue: VecDeque::new(), closed: false, status };
        let shared = Arc::new(Shared { config, state: Mutex::new(state), wake: Notify::new() });
        (Self { shared: Arc::clone(&shared) }, run(shared, sink))
    }

    /// Queues a notification if the sink wants it. Never waits.
    pub fn push(&self, notification: &Arc<Notification>) {
        if !self.shared.config.wants(notification) {
            return;
        }
        let mut state = self.shared.lock();
        if state.closed {
            return;
        }
        if notification.change == Change::Watchdog {
            // An old sign of life is worth nothing beside a new one.
            state.queue.retain(|(_, waiting)| waiting.change != Change::Watchdog);
        }
        state.queue.push_back((Instant::now(), Arc::clone(notification)));
        if state.queue.len() > self.shared.config.queue.max(1) {
            let least = state
                .queue
                .iter()
                .enumerate()
                .min_by_key(|(place, (_, waiting))| (waiting.alert.severity, *place))
                .map(|(place, _)| place);
            least.map(|place| state.queue.remove(place));
            state.status.dropped += 1;
            self.shared.count("dropped");
        }
        drop(state);
        self.shared.wake.notify_one();
    }

    /// Takes nothing more; the work ends when the queue is empty.
    pub fn close(&self) {
        self.shared.lock().closed = true;
        self.shared.wake.notify_one();
    }

    /// How the sink is doing.
    #[must_use]
    pub fn status(&self) -> SinkStatus {
        let state = self.shared.lock();
        SinkStatus { queued: state.queue.len(), ..state.status.clone() }
    }
}

async fn run(shared: Arc<Shared>, sink: Arc<dyn AlertSink>) {
    let mut failed_in_a_row = 0u32;
    shared.show_counts();
    while let Some((queued_at, notification)) = shared.next().await {
        let error = match shared.attempt(&sink, &notification).await {
            Ok(()) => {
                failed_in_a_row = 0;
                shared.delivered(&notification);
                continue;
            }
            Err(error) => error,
        };
        tracing::warn!(
            target: "arb_monitor::sink",
            sink = %shared.config.name,
            sequence = notification.sequence,
            %error,
            "a notification was not delivered"
        );
        let hopeless = !error.is_retryable() || queued_at.elapsed() >= shared.config.give_up_after;
        shared.failed(&error, hopeless.then_some(&notification));
        if hopeless && !error.is_retryable() {
            continue;
        }
        failed_in_a_row += 1;
        if shared.lock().closed {
            return;
        }
        shared.pause(failed_in_a_row, error.retry_after()).await;
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, result: &'static str) {
        self.counter(result).increment(1);
    }

    fn counter(&self, result: &'static str) -> metrics::Counter {
        let sink = self.config.name.clone();
        metrics::counter!("arb_monitor_notifications_total", "sink" => sink, "result" => result)
    }

    /// Shows every count before the first: what appears with a value has not increased for who watches the time series.
    fn show_counts(&self) {
        for result in ["delivered", "failed", "dropped"] {
            self.counter(result).increment(0);
        }
    }

    /// The oldest notification, left in the queue; `None` once closed and empty.
    async fn next(&self) -> Option<(Instant, Arc<Notification>)> {
        loop {
            let woken = self.wake.notified();
            {
                let state = self.lock();
                if let Some((at, notification)) = state.queue.front() {
                    return Some((*at, Arc::clone(notification)));
                }
                if state.closed {
                    return None;
                }
            }
            woken.await;
        }
    }

    /// One attempt on a task of its own, so that a panic in a sink stays there.
    async fn attempt(
        &self,
        sink: &Arc<dyn AlertSink>,
        notification: &Arc<Notification>,
    ) -> Result<(), SinkError> {
        let mut task = JoinSet::new();
        let (sink, notification) = (Arc::clone(sink), Arc::clone(notification));
        task.spawn(async move { sink.deliver(&notification).await });
        match timeout(self.config.timeout, task.join_next()).await {
            Ok(Some(Ok(result))) => result,
            Ok(Some(Err(panicked))) => Err(SinkError::Unavailable {
                reason: "the sink panicked".to_owned(),
                retry_after: None,
                source: Some(Box::new(panicked)),
            }),
            Ok(None) => Err(SinkError::unavailable("the sink's task vanished")),
            Err(_) => {
                let limit = self.config.timeout.as_millis();
                Err(SinkError::unavailable(format!("no answer within {limit} ms")))
            }
        }
    }

    /// Waits after a failure: the breaker's pause once it opens, else the growing one; or what the
    /// receiver asked for, if that is longer.
    async fn pause(&self, failed_in_a_row: u32, asked: Option<Duration>) {
        let config = &self.config;
        let opens = failed_in_a_row >= config.breaker_failures.max(1);
        let own = if opens {
            config.breaker_open
        } else {
            let doublings = (failed_in_a_row - 1).min(16);
            config.pause.saturating_mul(1 << doublings).min(config.pause_max)
        };
        if opens {
            self.lock().status.breaker = BreakerState::Open;
        }
        let asked = asked.unwrap_or_default().min(Duration::from_secs(600));
        self.sleep_unless_closed(own.max(asked)).await;
        if opens {
            self.lock().status.breaker = BreakerState::HalfOpen;
        }
    }

    async fn sleep_unless_closed(&self, pause: Duration) {
        let until = Instant::now() + pause;
        while !self.lock().closed {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            tokio::select! {
                () = sleep(left) => return,
                () = self.wake.notified() => {}
            }
        }
    }

    fn delivered(&self, notification: &Notification) {
        let mut state = self.lock();
        state.remove(notification);
        state.status.breaker = BreakerState::Closed;
        state.status.delivered += 1;
        state.status.last_delivered_at = Some(notification.at);
        drop(state);
        self.count("delivered");
    }

    fn failed(&self, error: &SinkError, drop_it: Option<&Arc<Notification>>) {
        let mut state = self.lock();
        state.status.failures += 1;
        state.status.last_error = Some(error.to_string());
        if let Some(notification) = drop_it {
            state.remove(notification);
            state.status.dropped += 1;
        }
        drop(state);
        self.count("failed");
        if drop_it.is_some() {
            self.count("dropped");
        }
    }
}

impl State {
    /// The queue may have dropped it meanwhile, or put another at its place.
    fn remove(&mut self, notification: &Notification) {
        self.queue.retain(|(_, waiting)| waiting.sequence != notification.sequence);
    }
}

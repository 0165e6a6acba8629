//! Everything together.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use crate::alert::{
    Alert, AlertBook, AlertBookConfig, AlertRule, AlertSink, Courier, Fingerprint, RuleContext,
    Rules, Severity, Signal, Silence, SinkConfig, SinkStatus,
};
use crate::clock::Clock;
use crate::error::MonitorError;
use crate::health::{ComponentConfig, HealthCheck, HealthRegistry, HealthReport};
use crate::process;
use crate::window::{Aggregator, WindowConfig};

/// How often the monitor looks.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct MonitorConfig {
    /// Time between two evaluations of the rules. Default: 5 s, so that a feed that stalled is found
    /// within 30 s; components have an interval of their own.
    pub interval: Duration,
    /// Time between two looks at pending, repeated and expiring alerts. Default: 1 s.
    pub tick: Duration,
    /// The windows of the statistics, for an aggregator the monitor makes itself.
    pub window: WindowConfig,
    /// Times and bounds of the alerts.
    pub alerts: AlertBookConfig,
    /// How long [`Monitor::shutdown`] lets the sinks empty their queues. Default: 3 s.
    pub drain: Duration,
    /// Where moments come from. Default: the system's clocks.
    pub clock: Clock,
}

impl Default for MonitorConfig {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(5),
            tick: Duration::from_secs(1),
            window: WindowConfig::default(),
            alerts: AlertBookConfig::default(),
            drain: Duration::from_secs(3),
            clock: Clock::system(),
        }
    }
}

impl MonitorConfig {
    /// Sets the time between two evaluations of the rules.
    #[must_use]
    pub fn with_interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Sets the times and bounds of the alerts.
    #[must_use]
    pub fn with_alerts(mut self, alerts: AlertBookConfig) -> Self {
        self.alerts = alerts;
        self
    }

    /// Sets the windows of the statistics.
    #[must_use]
    pub fn with_window(mut self, window: WindowConfig) -> Self {
        self.window = window;
        self
    }

    /// Sets where moments come from.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }
}

/// What a [`Monitor`] is made of.
pub struct MonitorBuilder {
    config: MonitorConfig,
    aggregator: Option<Aggregator>,
    rules: Rules,
    sinks: Vec<(SinkConfig, Arc<dyn AlertSink>)>,
    upkeep: Vec<Box<dyn Fn() + Send + Sync>>,
}

impl fmt::Debug for MonitorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sinks: Vec<_> = self.sinks.iter().map(|(config, _)| &config.name).collect();
        f.debug_struct("MonitorBuilder")
            .field("config", &self.config)
            .field("rules", &self.rules)
            .field("sinks", &sinks)
            .finish_non_exhaustive()
    }
}

impl MonitorBuilder {
    /// Uses an aggregator made before, for example the one that is the global recorder.
    #[must_use]
    pub fn aggregator(mut self, aggregator: Aggregator) -> Self {
        self.aggregator = Some(aggregator);
        self
    }

    /// Adds a rule.
    #[must_use]
    pub fn rule(mut self, rule: impl AlertRule) -> Self {
        self.rules.push(Box::new(rule));
        self
    }

    /// Adds rules.
    #[must_use]
    pub fn rules(mut self, rules: impl IntoIterator<Item = Box<dyn AlertRule>>) -> Self {
        rules.into_iter().for_each(|rule| self.rules.push(rule));
        self
    }

    /// Adds a sink.
    #[must_use]
    pub fn sink(mut self, config: SinkConfig, sink: impl AlertSink) -> Self {
        self.sinks.push((config, Arc::new(sink)));
        self
    }

    /// Adds work to be done every tick, on the monitor's task; it must be short. The exporter's
    /// upkeep is such work.
    #[must_use]
    pub fn upkeep(mut self, work: impl Fn() + Send + Sync + 'static) -> Self {
        self.upkeep.push(Box::new(work));
        self
    }

    /// Starts the monitor's tasks.
    ///
    /// # Errors
    ///
    /// [`MonitorError::DuplicateName`] for two sinks of one name, [`MonitorError::Config`] for an
    /// interval or tick of zero.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with its timer.
    pub fn start(self) -> Result<Monitor, MonitorError> {
        for (setting, value) in
            [("the monitor's interval", self.config.interval), ("its tick", self.config.tick)]
        {
            if value.is_zero() {
                let hint = "give it at least some milliseconds";
                return Err(MonitorError::Config { setting, value: "0".to_owned(), hint });
            }
        }
        let mut tasks = JoinSet::new();
        let mut couriers: Vec<Courier> = Vec::new();
        for (config, sink) in self.sinks {
            if couriers.iter().any(|other| other.status().name == config.name) {
                return Err(MonitorError::DuplicateName { what: "sink", name: config.name });
            }
            let (courier, work) = Courier::new(config, sink);
            tasks.spawn(work);
            couriers.push(courier);
        }
        let config = self.config;
        let aggregator = self
            .aggregator
            .unwrap_or_else(|| Aggregator::new(config.window.clone(), Instant::now().into_std()));
        let shared = Arc::new(Shared {
            health: HealthRegistry::new(config.clock.clone()),
            book: Mutex::new(AlertBook::new(config.alerts.clone())),
            clock: config.clock.clone(),
            aggregator,
            couriers,
        });
        let (stop, stopped) = watch::channel(false);
        let mut watch_loop = tokio::task::JoinSet::new();
        let looking = Looking {
            shared: Arc::clone(&shared),
            rules: self.rules,
            upkeep: self.upkeep,
            config: config.clone(),
        };
        watch_loop.spawn(looking.run(stopped));
        let handle = MonitorHandle { shared };
        Ok(Monitor { handle, stop, watch_loop, couriers: tasks, drain: config.drain })
    }
}

/// A running monitor: the owner of its tasks. Dropping it ends them at once;
/// [`shutdown`](Self::shutdown) lets the sinks finish.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// use arb_monitor::alert::{AlertKind, Change, MemorySink, Severity, Signal, SinkConfig};
/// use arb_monitor::{Monitor, MonitorConfig};
///
/// let sink = MemorySink::new(10);
/// let monitor = Monitor::builder(MonitorConfig::default())
///     .sink(SinkConfig::new("memory"), sink.clone())
///     .start()
///     .unwrap();
/// let alerts = monitor.handle();
/// let id = alerts.raise(Signal::new("CacheDown", AlertKind::Connection, Severity::High, "no Redis"));
/// alerts.clear(id);
/// monitor.shutdown().await;
/// let changes: Vec<_> = sink.notifications().iter().map(|one| one.change).collect();
/// assert_eq!(changes, [Change::Firing, Change::Resolved]);
/// # }
/// ```
#[derive(Debug)]
pub struct Monitor {
    handle: MonitorHandle,
    stop: watch::Sender<bool>,
    watch_loop: JoinSet<()>,
    couriers: JoinSet<()>,
    drain: Duration,
}

impl Monitor {
    /// Begins a monitor.
    #[must_use]
    pub fn builder(config: MonitorConfig) -> MonitorBuilder {
        MonitorBuilder {
            config,
            aggregator: None,
            rules: Rules::default(),
            sinks: Vec::new(),
            upkeep: Vec::new(),
        }
    }

    /// A handle to raise alerts and to look.
    #[must_use]
    pub fn handle(&self) -> MonitorHandle {
        self.handle.clone()
    }

    /// Ends the checks and rules, gives the sinks [`MonitorConfig::drain`] to bring what waits, and
    /// ends.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends every task at once, as dropping the monitor does.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        self.handle.shared.health.stop();
        while self.watch_loop.join_next().await.is_some() {}
        self.handle.shared.couriers.iter().for_each(Courier::close);
        let drained = async { while self.couriers.join_next().await.is_some() {} };
        if timeout(self.drain, drained).await.is_err() {
            let left: usize = self.handle.sinks().iter().map(|sink| sink.queued).sum();
            tracing::warn!(target: "arb_monitor::monitor", left, "notifications were left undelivered at shutdown");
        }
    }
}

/// Raises alerts and looks at everything. Cheap to clone, usable from any thread; no call waits for
/// I/O.
#[derive(Clone)]
pub struct MonitorHandle {
    shared: Arc<Shared>,
}

struct Shared {
    aggregator: Aggregator,
    health: HealthRegistry,
    book: Mutex<AlertBook>,
    couriers: Vec<Courier>,
    clock: Clock,
}

impl fmt::Debug for MonitorHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MonitorHandle").field("health", &self.health()).finish_non_exhaustive()
    }
}

impl MonitorHandle {
    /// A condition holds; see [`AlertBook::raise`].
    pub fn raise(&self, signal: Signal) -> Fingerprint {
        self.shared.with_book(|book, now| book.raise(signal, now))
    }

    /// A condition ended; see [`AlertBook::clear`].
    pub fn clear(&self, fingerprint: Fingerprint) {
        self.shared.with_book(|book, now| book.clear(fingerprint, now));
    }

    /// Somebody takes care of an alert; see [`AlertBook::acknowledge`].
    pub fn acknowledge(&self, fingerprint: Fingerprint, by: &str) -> Option<Alert> {
        let alert = self.shared.with_book(|book, now| book.acknowledge(fingerprint, by, now));
        if alert.is_some() {
            tracing::info!(target: "arb_monitor::alert", %fingerprint, by, "acknowledged");
        }
        alert
    }

    /// Keeps matching alerts quiet for a while; see [`Silence`]. Returns its number.
    pub fn silence(&self, silence: Silence) -> u64 {
        self.shared.with_book(|book, now| book.silence(silence, now))
    }

    /// Ends a silence early. Returns whether it was there.
    pub fn unsilence(&self, id: u64) -> bool {
        self.shared.with_book(|book, _| book.unsilence(id))
    }

    /// The silences in force: number, time left, silence.
    #[must_use]
    pub fn silences(&self) -> Vec<(u64, Duration, Silence)> {
        self.shared.with_book(|book, now| book.silences(now))
    }

    /// Alerts that are pending or firing, the most severe first.
    #[must_use]
    pub fn alerts(&self) -> Vec<Alert> {
        self.shared.with_book(|book, _| book.active())
    }

    /// Alerts that ended, the newest first.
    #[must_use]
    pub fn alert_history(&self) -> Vec<Alert> {
        self.shared.with_book(|book, _| book.history())
    }

    /// How the sinks are doing.
    #[must_use]
    pub fn sinks(&self) -> Vec<SinkStatus> {
        self.shared.couriers.iter().map(Courier::status).collect()
    }

    /// Adds a component to be asked; see [`HealthRegistry::add`].
    ///
    /// # Errors
    ///
    /// As [`HealthRegistry::add`].
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn add_component(
        &self,
        config: ComponentConfig,
        check: impl HealthCheck,
    ) -> Result<(), MonitorError> {
        self.shared.health.add(config, check)
    }

    /// The health registry, for heartbeats and reports.
    #[must_use]
    pub fn health_registry(&self) -> &HealthRegistry {
        &self.shared.health
    }

    /// The health of everything now.
    #[must_use]
    pub fn health(&self) -> HealthReport {
        self.shared.health.report()
    }

    /// The windowed statistics.
    #[must_use]
    pub fn aggregator(&self) -> &Aggregator {
        &self.shared.aggregator
    }

    /// The monitor's clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }
}

impl Shared {
    /// Works on the book and hands what is to be told to the couriers, in order.
    fn with_book<R>(&self, work: impl FnOnce(&mut AlertBook, crate::Moment) -> R) -> R {
        let mut book: MutexGuard<'_, AlertBook> =
            self.book.lock().unwrap_or_else(PoisonError::into_inner);
        let result = work(&mut book, self.clock.now());
        for notification in book.take_notifications() {
            let notification = Arc::new(notification);
            self.couriers.iter().for_each(|courier| courier.push(&notification));
        }
        result
    }
}

/// The monitor's own loop.
struct Looking {
    shared: Arc<Shared>,
    rules: Rules,
    upkeep: Vec<Box<dyn Fn() + Send + Sync>>,
    config: MonitorConfig,
}

impl Looking {
    async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        let mut ticks = interval(self.config.tick);
        let mut looks = interval(self.config.interval);
        for one in [&mut ticks, &mut looks] {
            one.set_missed_tick_behavior(MissedTickBehavior::Delay);
        }
        loop {
            tokio::select! {
                _ = stopped.changed() => return,
                _ = ticks.tick() => self.tick(),
                _ = looks.tick() => self.look(),
            }
        }
    }

    fn tick(&self) {
        let shared = &self.shared;
        if shared.aggregator.advance(Instant::now().into_std()) {
            process::export();
            let overflowed = shared.aggregator.overflowed();
            metrics::counter!("arb_monitor_series_overflow_total").absolute(overflowed);
            metrics::gauge!("arb_monitor_series").set(shared.aggregator.series_count() as f64);
        }
        self.upkeep.iter().for_each(|work| work());
        shared.with_book(AlertBook::tick);
        self.export_alerts();
    }

    fn look(&mut self) {
        let started = Instant::now();
        let shared = &self.shared;
        let health = shared.health.report();
        let rules = &mut self.rules;
        shared.with_book(|book, now| {
            let context =
                RuleContext::new(&shared.aggregator, &health, started.into_std(), now.elapsed);
            rules.evaluate(&context, book, now);
        });
        metrics::gauge!("arb_monitor_ready").set(f64::from(u8::from(health.ready)));
        metrics::histogram!("arb_monitor_evaluation_seconds")
            .record(started.elapsed().as_secs_f64());
    }

    fn export_alerts(&self) {
        let alerts = self.shared.with_book(|book, _| book.active());
        for severity in [Severity::Low, Severity::Medium, Severity::High, Severity::Critical] {
            let firing =
                alerts.iter().filter(|alert| alert.severity == severity && alert.announced);
            metrics::gauge!("arb_monitor_alerts_firing", "severity" => severity.as_str())
                .set(firing.count() as f64);
        }
    }
}

//! The components and their tasks.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::check::{Checked, Health, HealthCheck};
use super::heartbeat::Heartbeats;
use super::report::{ComponentHealth, ComponentState, HealthReport};
use crate::clock::Clock;
use crate::error::MonitorError;

/// How a component is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ComponentConfig {
    /// Its name.
    pub name: String,
    /// Whether the whole is not ready without it. Default: yes.
    pub required: bool,
    /// Time from one question to the next. Default: 30 s.
    pub interval: Duration,
    /// Time for an answer. Default: 5 s.
    pub timeout: Duration,
    /// Failures in a row that make it unhealthy; before that it is degraded. Default: 3.
    pub failures_max: u32,
}

impl ComponentConfig {
    /// A required component.
    #[must_use]
    pub fn required(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            required: true,
            interval: Duration::from_secs(30),
            timeout: Duration::from_secs(5),
            failures_max: 3,
        }
    }

    /// A component the whole can do without.
    #[must_use]
    pub fn optional(name: impl Into<String>) -> Self {
        Self { required: false, ..Self::required(name) }
    }

    /// Sets the time from one question to the next.
    #[must_use]
    pub fn every(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Sets the time for an answer.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the failures in a row that make it unhealthy.
    #[must_use]
    pub fn failures_max(mut self, failures: u32) -> Self {
        self.failures_max = failures;
        self
    }
}

/// All components. Clones share them.
#[derive(Clone)]
pub struct HealthRegistry {
    shared: Arc<Shared>,
}

struct Shared {
    clock: Clock,
    heartbeats: Heartbeats,
    components: Mutex<BTreeMap<String, ComponentHealth>>,
    tasks: Mutex<JoinSet<()>>,
}

impl fmt::Debug for HealthRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HealthRegistry").field("report", &self.report()).finish_non_exhaustive()
    }
}

impl HealthRegistry {
    /// An empty registry.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        let shared = Shared {
            clock,
            heartbeats: Heartbeats::default(),
            components: Mutex::default(),
            tasks: Mutex::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Adds a component and begins to ask it, at once and then every interval. The registry owns
    /// the task: it ends with [`stop`](Self::stop) or with the last clone.
    ///
    /// # Errors
    ///
    /// [`MonitorError::DuplicateName`], or [`MonitorError::Config`] for an interval of zero.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn add(
        &self,
        config: ComponentConfig,
        check: impl HealthCheck,
    ) -> Result<(), MonitorError> {
        if config.interval.is_zero() {
            return Err(MonitorError::Config {
                setting: "the interval of a component",
                value: "0".to_owned(),
                hint: "give it at least some milliseconds",
            });
        }
        let mut components = self.shared.lock();
        if components.contains_key(&config.name) {
            return Err(MonitorError::DuplicateName { what: "component", name: config.name });
        }
        components.insert(config.name.clone(), unknown(&config));
        drop(components);
        let watcher =
            Watcher { components: Arc::downgrade(&self.shared), check: Arc::new(check), config };
        let mut tasks = self.shared.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.spawn(watcher.run());
        Ok(())
    }

    /// The loops of the process.
    #[must_use]
    pub fn heartbeats(&self) -> &Heartbeats {
        &self.shared.heartbeats
    }

    /// The health of everything now.
    #[must_use]
    pub fn report(&self) -> HealthReport {
        let components = self.shared.lock().values().cloned().collect();
        HealthReport::of(components, self.shared.heartbeats.look())
    }

    /// Stops asking. The last answers stay.
    pub fn stop(&self) {
        self.shared.tasks.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, ComponentHealth>> {
        self.components.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The task of one component.
struct Watcher {
    components: std::sync::Weak<Shared>,
    check: Arc<dyn HealthCheck>,
    config: ComponentConfig,
}

impl Watcher {
    async fn run(self) {
        let mut ticks = interval(self.config.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let asked = Instant::now();
            let checked = self.ask().await;
            let Some(shared) = self.components.upgrade() else { return };
            self.note(&shared, checked, asked.elapsed());
        }
    }

    /// Asks on a task of its own, so that a panic in a check stays there.
    async fn ask(&self) -> Checked {
        let check = Arc::clone(&self.check);
        let mut task = JoinSet::new();
        task.spawn(async move { check.check().await });
        match timeout(self.config.timeout, task.join_next()).await {
            Ok(Some(Ok(checked))) => checked,
            Ok(_) => Checked::unhealthy("the check panicked"),
            Err(_) => {
                let limit = self.config.timeout.as_millis();
                Checked::unhealthy(format!("no answer within {limit} ms"))
            }
        }
    }

    fn note(&self, shared: &Shared, checked: Checked, took: Duration) {
        let now = shared.clock.now().at;
        let mut components = shared.lock();
        let Some(component) = components.get_mut(&self.config.name) else { return };
        let before = component.state;
        if checked.health == Health::Unhealthy {
            component.failures_in_a_row += 1;
        } else {
            component.failures_in_a_row = 0;
            component.last_ok_at = Some(now);
        }
        component.state = match checked.health {
            Health::Healthy => ComponentState::Healthy,
            Health::Degraded => ComponentState::Degraded,
            Health::Unhealthy if component.failures_in_a_row >= self.config.failures_max => {
                ComponentState::Unhealthy
            }
            // Never seen well: nothing to be degraded from.
            Health::Unhealthy if before == ComponentState::Unknown => ComponentState::Unknown,
            Health::Unhealthy => ComponentState::Degraded,
        };
        component.message = checked.message;
        component.checks += 1;
        component.response_time = Some(took);
        component.checked_at = Some(now);
        let (state, message) = (component.state, component.message.clone());
        drop(components);
        self.say(before, state, &message, took);
    }

    fn say(&self, before: ComponentState, state: ComponentState, message: &str, took: Duration) {
        let component = self.config.name.clone();
        metrics::histogram!("arb_monitor_check_seconds", "component" => component.clone())
            .record(took.as_secs_f64());
        let level = match state {
            ComponentState::Unknown => -1.0,
            ComponentState::Healthy => 1.0,
            ComponentState::Degraded => 0.5,
            ComponentState::Unhealthy => 0.0,
        };
        metrics::gauge!("arb_monitor_component_health", "component" => component).set(level);
        if before != state {
            tracing::info!(
                target: "arb_monitor::health",
                component = %self.config.name,
                before = before.as_str(),
                state = state.as_str(),
                message,
                "component health changed"
            );
        }
    }
}

fn unknown(config: &ComponentConfig) -> ComponentHealth {
    ComponentHealth {
        name: config.name.clone(),
        required: config.required,
        state: ComponentState::Unknown,
        message: "not asked yet".to_owned(),
        failures_in_a_row: 0,
        checks: 0,
        response_time: None,
        checked_at: None,
        last_ok_at: None,
    }
}

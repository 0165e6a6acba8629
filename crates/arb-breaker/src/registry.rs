//! Breakers by name.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::SystemTime;

use crate::breaker::Breaker;
use crate::config::BreakerConfig;
use crate::error::BreakerError;
use crate::event::{Event, Listener};
use crate::saved::SavedState;
use crate::snapshot::Snapshot;
use crate::state::State;

/// How many breakers a registry makes unless told otherwise.
const DEFAULT_LIMIT: usize = 4_096;

/// Breakers by name, each made when it is first asked for.
///
/// The settings of a name are the first that fit: its own, those of the template with the most
/// literal characters, the default.
///
/// ```
/// use std::time::Duration;
/// use arb_breaker::{BreakerConfig, BreakerRegistry};
///
/// # fn main() -> Result<(), arb_breaker::BreakerError> {
/// let quick = BreakerConfig::default().with_open_time(Duration::from_secs(5));
/// let breakers = BreakerRegistry::new(BreakerConfig::default())?
///     .with_template("kalshi/*", quick.clone().with_consecutive_failures(3))?
///     .with_template("kalshi/orders/*", quick.clone().with_consecutive_failures(2))?
///     .with_config("kalshi/orders/cancel", quick.with_consecutive_failures(20))?;
/// let failures = |name| breakers.get_or_create(name).map(|b| b.config().consecutive_failures);
/// assert_eq!(failures("kalshi/markets")?, Some(3));
/// assert_eq!(failures("kalshi/orders/create")?, Some(2));
/// assert_eq!(failures("kalshi/orders/cancel")?, Some(20));
/// assert_eq!(failures("gamma")?, Some(5));
/// assert_eq!(breakers.health().percentage, 100.0);
/// # Ok(())
/// # }
/// ```
pub struct BreakerRegistry {
    default: BreakerConfig,
    named: HashMap<String, BreakerConfig>,
    templates: Vec<(String, BreakerConfig)>,
    limit: usize,
    members: RwLock<Members>,
}

#[derive(Default)]
struct Members {
    breakers: BTreeMap<Arc<str>, Breaker>,
    listeners: Vec<Listener>,
}

/// How many breakers of a registry let calls pass.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Health {
    /// All breakers.
    pub total: usize,
    /// Those that let every call pass: closed, metrics-only or disabled.
    pub closed: usize,
    /// Those that probe.
    pub half_open: usize,
    /// Those that are open or forced open.
    pub open: usize,
    /// The share that is not open, 0 to 100; 100 when there is none at all.
    pub percentage: f64,
}

impl BreakerRegistry {
    /// A registry whose breakers have these settings unless they are given others.
    ///
    /// # Errors
    /// [`BreakerError::InvalidConfig`] as [`BreakerConfig::validate`] says.
    pub fn new(default: BreakerConfig) -> Result<Self, BreakerError> {
        default.validate()?;
        Ok(Self {
            default,
            named: HashMap::new(),
            templates: Vec::new(),
            limit: DEFAULT_LIMIT,
            members: RwLock::default(),
        })
    }

    /// Gives one name its own settings.
    ///
    /// # Errors
    /// [`BreakerError::InvalidConfig`] as [`BreakerConfig::validate`] says.
    pub fn with_config(
        mut self,
        name: impl Into<String>,
        config: BreakerConfig,
    ) -> Result<Self, BreakerError> {
        config.validate()?;
        self.named.insert(name.into(), config);
        Ok(self)
    }

    /// Gives all names that fit a template their settings. `*` stands for any characters, also for
    /// none.
    ///
    /// # Errors
    /// [`BreakerError::InvalidConfig`] as [`BreakerConfig::validate`] says.
    pub fn with_template(
        mut self,
        template: impl Into<String>,
        config: BreakerConfig,
    ) -> Result<Self, BreakerError> {
        config.validate()?;
        self.templates.push((template.into(), config));
        Ok(self)
    }

    /// How many breakers there may be. Default: 4,096, so that names made of data cannot fill the
    /// memory.
    #[must_use]
    pub fn with_limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// The breaker of this name, made now if there is none. Callers that ask at the same time get
    /// the same one.
    ///
    /// # Errors
    /// [`BreakerError::RegistryFull`] when it would be one too many.
    pub fn get_or_create(&self, name: &str) -> Result<Breaker, BreakerError> {
        if let Some(breaker) = self.get(name) {
            return Ok(breaker);
        }
        let mut members = self.write();
        if let Some(breaker) = members.breakers.get(name) {
            return Ok(breaker.clone());
        }
        if members.breakers.len() >= self.limit {
            let name = name.to_owned();
            return Err(BreakerError::RegistryFull { name, limit: self.limit });
        }
        let breaker = Breaker::new(name, self.config_of(name).clone())?;
        for listener in &members.listeners {
            breaker.add_listener(Arc::clone(listener));
        }
        members.breakers.insert(Arc::clone(breaker.name()), breaker.clone());
        Ok(breaker)
    }

    /// The breaker of this name, if it has been made.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Breaker> {
        self.read().breakers.get(name).cloned()
    }

    /// Forgets the breaker of this name. Those who hold it keep it; the next to ask gets a new one.
    pub fn remove(&self, name: &str) -> Option<Breaker> {
        self.write().breakers.remove(name)
    }

    /// All breakers, by name.
    #[must_use]
    pub fn breakers(&self) -> Vec<Breaker> {
        self.read().breakers.values().cloned().collect()
    }

    /// A snapshot of each breaker, by name.
    #[must_use]
    pub fn snapshots(&self) -> Vec<Snapshot> {
        self.breakers().iter().map(Breaker::snapshot).collect()
    }

    /// How many breakers let calls pass.
    #[must_use]
    pub fn health(&self) -> Health {
        let breakers = self.breakers();
        let (total, mut half_open, mut open) = (breakers.len(), 0, 0);
        for breaker in &breakers {
            match breaker.state() {
                State::HalfOpen => half_open += 1,
                State::Open | State::ForcedOpen => open += 1,
                State::Closed | State::MetricsOnly | State::Disabled => {}
            }
        }
        let percentage =
            if total == 0 { 100.0 } else { (total - open) as f64 / total as f64 * 100.0 };
        Health { total, closed: total - half_open - open, half_open, open, percentage }
    }

    /// Closes every breaker, as [`Breaker::reset`] does.
    pub fn reset_all(&self) {
        self.breakers().iter().for_each(Breaker::reset);
    }

    /// Calls `listener` on every event of every breaker, of those yet to be made too, as
    /// [`Breaker::on_event`] does. The order holds for each breaker by itself.
    pub fn on_event(&self, listener: impl Fn(&Event) + Send + Sync + 'static) {
        let listener: Listener = Arc::new(listener);
        let mut members = self.write();
        for breaker in members.breakers.values() {
            breaker.add_listener(Arc::clone(&listener));
        }
        members.listeners.push(listener);
    }

    /// The states of all breakers for a restart; `wall` is the present wall-clock time.
    #[must_use]
    pub fn save(&self, wall: SystemTime) -> Vec<SavedState> {
        self.breakers().iter().map(|breaker| breaker.save(wall)).collect()
    }

    /// Makes the breakers of the saved states, where they are not made yet, and puts them into
    /// those states.
    ///
    /// # Errors
    /// As [`get_or_create`](Self::get_or_create) and [`Breaker::restore`]; the states before the
    /// one that failed are restored.
    pub fn restore(&self, saved: &[SavedState], wall: SystemTime) -> Result<(), BreakerError> {
        saved.iter().try_for_each(|state| self.get_or_create(&state.breaker)?.restore(state, wall))
    }

    fn config_of(&self, name: &str) -> &BreakerConfig {
        let by_template = || {
            let fitting = self.templates.iter().filter(|(template, _)| fits(template, name));
            fitting.max_by_key(|(template, _)| template.chars().filter(|c| *c != '*').count())
        };
        self.named
            .get(name)
            .or_else(|| by_template().map(|(_, config)| config))
            .unwrap_or(&self.default)
    }

    fn read(&self) -> RwLockReadGuard<'_, Members> {
        self.members.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Members> {
        self.members.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for BreakerRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.breakers()).finish()
    }
}

/// Whether `name` fits `template`, in which `*` stands for any characters.
fn fits(template: &str, name: &str) -> bool {
    let Some((start, rest)) = template.split_once('*') else { return template == name };
    let Some(mut name) = name.strip_prefix(start) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let end = parts.pop().unwrap_or_default();
    // The first place a part fits leaves the most room for those after it.
    for part in parts {
        let Some(found) = name.find(part) else { return false };
        name = name.get(found + part.len()..).unwrap_or_default();
    }
    name.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn a_star_stands_for_any_characters() {
        for (template, name) in [
            ("a", "a"),
            ("*", ""),
            ("*", "anything"),
            ("a*", "a"),
            ("a*c", "abc"),
            ("a*b*c", "abbc"),
            ("*b*", "abc"),
            ("a**c", "ac"),
            ("*/orders", "kalshi/orders"),
        ] {
            assert!(fits(template, name), "{template} {name}");
        }
        for (template, name) in
            [("a", "ab"), ("a*", "ba"), ("a*c", "ab"), ("ab*ba", "aba"), ("*b*b", "ab"), ("", "a")]
        {
            assert!(!fits(template, name), "{template} {name}");
        }
    }
}

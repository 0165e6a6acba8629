//! Times to live, bounds and policies.

use std::time::Duration;

use crate::{CacheError, Class, Clock};

/// How values of one class are treated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClassPolicy {
    /// A value older than this is not served as fresh, and leaves the store.
    pub ttl: Duration,
    /// How long beyond its time a value may still be served, marked stale, while it is refreshed or the store is gone. Zero: never.
    pub stale_for: Duration,
    /// Refresh before the end with a probability that grows towards it: exp(−time left / (beta × load time)). `None`: never early.
    pub early_refresh_beta: Option<f64>,
}

impl ClassPolicy {
    /// A time to live, never stale, never early.
    #[must_use]
    pub const fn ttl(ttl: Duration) -> Self {
        Self { ttl, stale_for: Duration::ZERO, early_refresh_beta: None }
    }

    /// How long the store keeps a value.
    pub(crate) const fn kept_for(&self) -> Duration {
        self.ttl.saturating_add(self.stale_for)
    }
}

/// Bounds of a part that lives in this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// At most so many entries.
    pub entries: usize,
    /// At most so many bytes of keys and values, as counted.
    pub bytes: usize,
}

/// Settings of a [`Cache`](crate::Cache).
#[derive(Debug, Clone)]
pub struct CacheConfig {
    /// Policies by [`Class::index`]; see [`CacheConfig::policy`] and [`CacheConfig::with_policy`].
    pub policies: [ClassPolicy; Class::ALL.len()],
    /// In front of every key; empty by default.
    pub key_prefix: String,
    /// This writer's number, different in every process; decides between writers of one epoch.
    pub writer: u64,
    /// What ages are judged by.
    pub clock: Clock,
    /// Bounds of the in-process tier, per class.
    pub tier: Bounds,
    /// Bounds of the in-memory store.
    pub memory: Bounds,
    /// How long a caller's loader may take.
    pub load_timeout: Duration,
    /// How many refreshes may run in the background at once; further ones are left to the next reader.
    pub background_loads: usize,
}

impl Default for CacheConfig {
    /// Markets 5 min, books 10 s, prices 5 s, opportunities 1 min, similarities 1 h; nothing is served stale.
    fn default() -> Self {
        let seconds = |seconds| ClassPolicy::ttl(Duration::from_secs(seconds));
        Self {
            policies: [seconds(300), seconds(10), seconds(5), seconds(60), seconds(3600)],
            key_prefix: String::new(),
            writer: random(),
            clock: Clock::system(),
            tier: Bounds { entries: 100_000, bytes: 256 << 20 },
            memory: Bounds { entries: 2_000_000, bytes: 1 << 30 },
            load_timeout: Duration::from_secs(10),
            background_loads: 64,
        }
    }
}

impl CacheConfig {
    /// The policy of a class.
    #[must_use]
    pub const fn policy(&self, class: Class) -> &ClassPolicy {
        &self.policies[class.index()]
    }

    /// Sets the policy of a class.
    #[must_use]
    pub fn with_policy(mut self, class: Class, policy: ClassPolicy) -> Self {
        self.policies[class.index()] = policy;
        self
    }

    /// Sets the clock.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Default settings with times to live from variables, in whole seconds: `CACHE_TTL_MARKET`, `CACHE_TTL_ORDERBOOK`,
    /// `CACHE_TTL_PRICE`, `CACHE_TTL_OPPORTUNITY`, `CACHE_TTL_SIMILARITY`. `lookup` answers the value of a variable.
    ///
    /// ```
    /// use std::time::Duration;
    /// use arb_cache::{CacheConfig, Class};
    ///
    /// let config = CacheConfig::from_variables(|name| (name == "CACHE_TTL_PRICE").then(|| "3".into()))?;
    /// assert_eq!(config.policy(Class::Price).ttl, Duration::from_secs(3));
    /// assert_eq!(config.policy(Class::Market).ttl, Duration::from_secs(300));
    /// # Ok::<(), arb_cache::CacheError>(())
    /// ```
    ///
    /// # Errors
    /// [`CacheError::Setting`] when a value is no whole number of seconds above 0.
    pub fn from_variables(
        mut lookup: impl FnMut(&str) -> Option<String>,
    ) -> Result<Self, CacheError> {
        let mut config = Self::default();
        for class in Class::ALL {
            let name = format!("CACHE_TTL_{}", class.as_str().to_uppercase());
            if let Some(value) = lookup(&name) {
                let ttl = value.trim().parse().ok().filter(|seconds| *seconds > 0);
                let ttl = ttl.ok_or_else(|| CacheError::Setting {
                    name,
                    value,
                    reason: "a whole number of seconds above 0 is expected".into(),
                })?;
                config.policies[class.index()].ttl = Duration::from_secs(ttl);
            }
        }
        Ok(config)
    }
}

/// A number no other process has, as far as the operating system's randomness behind std's hasher goes.
pub(crate) fn random() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(std::process::id())
}

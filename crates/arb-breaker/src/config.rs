//! What a breaker is told when it is built.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::BreakerError;
use crate::moment::Moment;
use crate::rate::Rate;

/// The longest span any setting may have: 365 days.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// The largest count window: 65,536 outcomes (16 KiB).
const LARGEST_WINDOW: u32 = 65_536;
/// The finest time window.
const MOST_BUCKETS: u32 = 1_024;
/// The largest number of probes.
const MOST_PROBES: u32 = 1_024;

/// The outcomes the two rate rules look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Window {
    /// The last so many outcomes, 1 to 65,536.
    Count(u32),
    /// The outcomes of the last `span`, which slides in steps of `span / buckets` (1 to 1,024
    /// buckets): the bucket in progress and the `buckets - 1` before it.
    Time {
        /// How far the window looks back.
        span: Duration,
        /// The number of steps in which it slides.
        buckets: u32,
    },
}

/// When the share of slow calls opens the breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlowCalls {
    /// A call is slow when it took longer than this.
    pub longer_than: Duration,
    /// The breaker opens when this share of the window's calls was slow.
    pub rate: Rate,
}

/// How the probes of the half-open state are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProbeVerdict {
    /// The first failed probe reopens; the breaker closes when all have succeeded.
    FirstFailure,
    /// When all probes have finished, the breaker reopens if at least this share failed.
    FailureRate(Rate),
}

/// Where a breaker reads the time when the caller does not give it.
///
/// Under tokio's paused time use `Clock::new(|| tokio::time::Instant::now().into_std())`.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Moment + Send + Sync>);

impl Clock {
    /// A clock that asks `now`, which may give an [`Instant`] or a [`Moment`].
    pub fn new<M: Into<Moment>>(now: impl Fn() -> M + Send + Sync + 'static) -> Self {
        Self(Arc::new(move || now().into()))
    }

    /// The time on this clock.
    #[must_use]
    pub fn now(&self) -> Moment {
        (self.0)()
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new(Instant::now)
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

/// The settings of a breaker; [`Breaker::new`](crate::Breaker::new) checks them.
///
/// ```
/// use std::time::Duration;
/// use arb_breaker::{BreakerConfig, Rate, Window};
///
/// let config = BreakerConfig::default()
///     .with_consecutive_failures(3)
///     .with_window(Window::Time { span: Duration::from_secs(30), buckets: 10 })
///     .with_failure_rate(Rate::percent(25))
///     .with_open_time(Duration::from_secs(5));
/// assert_eq!(config.consecutive_failures, Some(3));
/// assert!(config.validate().is_ok());
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct BreakerConfig {
    /// So many failures without a success between them open the breaker; `None` switches the rule
    /// off. Default: 5.
    pub consecutive_failures: Option<u32>,
    /// This share of failures among the window's calls opens the breaker; `None` switches the rule
    /// off. Default: 50 %.
    pub failure_rate: Option<Rate>,
    /// This share of slow calls among the window's calls opens the breaker; `None` switches the
    /// rule off and spares two clock readings a call. Default: `None`.
    pub slow_calls: Option<SlowCalls>,
    /// What the rate rules look at. A time window costs one clock reading a call unless the caller
    /// gives the time. Default: the last 100 outcomes.
    pub window: Window,
    /// The rate rules are silent while the window holds fewer calls; a count window that is smaller
    /// has to be full. Default: 20.
    pub minimum_calls: u32,
    /// How long the breaker stays open the first time. Default: 60 s.
    pub open_time: Duration,
    /// Each opening lasts so many times as long as the one before it, until health makes it decay;
    /// 1 keeps the open time constant. Default: 2.
    pub growth: u32,
    /// The open time does not grow beyond this. Default: 300 s.
    pub open_time_max: Duration,
    /// Each such span spent closed takes back one step of growth. Default: 60 s.
    pub decay_after: Duration,
    /// Up to this share of the open time is added at random, so that many processes do not come
    /// back at once. It never shortens the open time. Default: 0 %, because one process is no herd.
    pub jitter: Rate,
    /// Seed of the jitter, to make a run repeatable. Default: `None`, a random seed.
    pub jitter_seed: Option<u64>,
    /// A longer Retry-After given with a failure is cut to this. Default: 1 h.
    pub retry_after_max: Duration,
    /// So many probes may be outstanding while half-open, and the verdict comes when so many have
    /// finished, 1 to 1,024. Default: 3.
    pub probes: u32,
    /// How the probes are judged. Default: the first failure reopens.
    pub probe_verdict: ProbeVerdict,
    /// A probe that has not reported after this time is taken as lost and judged as a failure, so
    /// that a leaked permit cannot hold the breaker half-open. Default: 30 s.
    pub probe_lease: Duration,
    /// Where the time is read. Default: [`Instant::now`].
    pub clock: Clock,
}

impl Default for BreakerConfig {
    fn default() -> Self {
        Self {
            consecutive_failures: Some(5),
            failure_rate: Some(Rate::percent(50)),
            slow_calls: None,
            window: Window::Count(100),
            minimum_calls: 20,
            open_time: Duration::from_secs(60),
            growth: 2,
            open_time_max: Duration::from_secs(300),
            decay_after: Duration::from_secs(60),
            jitter: Rate::ZERO,
            jitter_seed: None,
            retry_after_max: Duration::from_secs(3_600),
            probes: 3,
            probe_verdict: ProbeVerdict::FirstFailure,
            probe_lease: Duration::from_secs(30),
            clock: Clock::default(),
        }
    }
}

impl BreakerConfig {
    /// Sets [`consecutive_failures`](Self::consecutive_failures); `None` switches the rule off.
    #[must_use]
    pub fn with_consecutive_failures(mut self, failures: impl Into<Option<u32>>) -> Self {
        self.consecutive_failures = failures.into();
        self
    }

    /// Sets [`failure_rate`](Self::failure_rate); `None` switches the rule off.
    #[must_use]
    pub fn with_failure_rate(mut self, rate: impl Into<Option<Rate>>) -> Self {
        self.failure_rate = rate.into();
        self
    }

    /// Sets [`slow_calls`](Self::slow_calls); `None` switches the rule off.
    #[must_use]
    pub fn with_slow_calls(mut self, slow: impl Into<Option<SlowCalls>>) -> Self {
        self.slow_calls = slow.into();
        self
    }

    /// Sets [`window`](Self::window).
    #[must_use]
    pub fn with_window(mut self, window: Window) -> Self {
        self.window = window;
        self
    }

    /// Sets [`minimum_calls`](Self::minimum_calls).
    #[must_use]
    pub fn with_minimum_calls(mut self, calls: u32) -> Self {
        self.minimum_calls = calls;
        self
    }

    /// Sets [`open_time`](Self::open_time), and raises
    /// [`open_time_max`](Self::open_time_max) to it where it is shorter.
    #[must_use]
    pub fn with_open_time(mut self, open_time: Duration) -> Self {
        self.open_time = open_time;
        self.open_time_max = self.open_time_max.max(open_time);
        self
    }

    /// Sets [`growth`](Self::growth) and [`open_time_max`](Self::open_time_max).
    #[must_use]
    pub fn with_growth(mut self, growth: u32, open_time_max: Duration) -> Self {
        self.growth = growth;
        self.open_time_max = open_time_max;
        self
    }

    /// Sets [`decay_after`](Self::decay_after).
    #[must_use]
    pub fn with_decay_after(mut self, decay_after: Duration) -> Self {
        self.decay_after = decay_after;
        self
    }

    /// Sets [`jitter`](Self::jitter).
    #[must_use]
    pub fn with_jitter(mut self, jitter: Rate) -> Self {
        self.jitter = jitter;
        self
    }

    /// Sets [`jitter_seed`](Self::jitter_seed).
    #[must_use]
    pub fn with_jitter_seed(mut self, seed: u64) -> Self {
        self.jitter_seed = Some(seed);
        self
    }

    /// Sets [`retry_after_max`](Self::retry_after_max).
    #[must_use]
    pub fn with_retry_after_max(mut self, longest: Duration) -> Self {
        self.retry_after_max = longest;
        self
    }

    /// Sets [`probes`](Self::probes).
    #[must_use]
    pub fn with_probes(mut self, probes: u32) -> Self {
        self.probes = probes;
        self
    }

    /// Sets [`probe_verdict`](Self::probe_verdict).
    #[must_use]
    pub fn with_probe_verdict(mut self, verdict: ProbeVerdict) -> Self {
        self.probe_verdict = verdict;
        self
    }

    /// Sets [`probe_lease`](Self::probe_lease).
    #[must_use]
    pub fn with_probe_lease(mut self, lease: Duration) -> Self {
        self.probe_lease = lease;
        self
    }

    /// Sets [`clock`](Self::clock).
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Says whether a breaker can be built from these settings.
    ///
    /// # Errors
    /// [`BreakerError::InvalidConfig`] naming the first setting that makes no sense, its value and
    /// what it may be.
    pub fn validate(&self) -> Result<(), BreakerError> {
        if let Some(failures) = self.consecutive_failures {
            within("consecutive_failures", failures, 1, u32::MAX)?;
        }
        if let Some(rate) = self.failure_rate {
            share("failure_rate", rate, 1)?;
        }
        if let Some(slow) = self.slow_calls {
            share("slow_calls.rate", slow.rate, 1)?;
            span("slow_calls.longer_than", slow.longer_than)?;
        }
        match self.window {
            Window::Count(size) => within("window count", size, 1, LARGEST_WINDOW)?,
            Window::Time { span: length, buckets } => {
                span("window span", length)?;
                within("window buckets", buckets, 1, MOST_BUCKETS)?;
                if length.as_nanos() < u128::from(buckets) {
                    return Err(invalid("window span", length, "at least 1 ns a bucket"));
                }
            }
        }
        within("minimum_calls", self.minimum_calls, 1, u32::MAX)?;
        span("open_time", self.open_time)?;
        span("open_time_max", self.open_time_max)?;
        if self.open_time_max < self.open_time {
            return Err(invalid("open_time_max", self.open_time_max, "at least the open_time"));
        }
        within("growth", self.growth, 1, u32::MAX)?;
        span("decay_after", self.decay_after)?;
        share("jitter", self.jitter, 0)?;
        span("retry_after_max", self.retry_after_max)?;
        within("probes", self.probes, 1, MOST_PROBES)?;
        if let ProbeVerdict::FailureRate(rate) = self.probe_verdict {
            share("probe_verdict rate", rate, 1)?;
        }
        span("probe_lease", self.probe_lease)
    }
}

fn invalid(setting: &'static str, value: impl fmt::Debug, expected: &str) -> BreakerError {
    BreakerError::InvalidConfig {
        setting,
        value: format!("{value:?}"),
        expected: expected.to_owned(),
    }
}

fn within(setting: &'static str, value: u32, least: u32, most: u32) -> Result<(), BreakerError> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(invalid(setting, value, &format!("{least} to {most}")))
}

fn share(setting: &'static str, rate: Rate, least: u32) -> Result<(), BreakerError> {
    if (least..=1_000_000).contains(&rate.as_per_million()) {
        return Ok(());
    }
    let expected = if least == 0 { "0% to 100%" } else { "more than 0% and at most 100%" };
    Err(invalid(setting, format_args!("{rate}"), expected))
}

fn span(setting: &'static str, value: Duration) -> Result<(), BreakerError> {
    if !value.is_zero() && value <= LONGEST {
        return Ok(());
    }
    Err(invalid(setting, value, "more than 0 and at most 365 days"))
}

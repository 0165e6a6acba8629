//! Rules: what is read becomes signals.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use super::book::AlertBook;
use super::model::{AlertKind, Fingerprint, Severity, Signal};
use crate::clock::Moment;
use crate::health::{HealthReport, Overall};
use crate::window::{Aggregator, Labels, Reading, Select, Statistic};

/// What a rule may look at.
#[derive(Debug)]
#[non_exhaustive]
pub struct RuleContext<'a> {
    /// The windowed statistics.
    pub aggregator: &'a Aggregator,
    /// The health of the components.
    pub health: &'a HealthReport,
    /// Now, for reading the aggregator.
    pub now: Instant,
    /// How long the monitor has been running.
    pub uptime: Duration,
}

impl<'a> RuleContext<'a> {
    /// A context, for trying a rule out.
    #[must_use]
    pub fn new(
        aggregator: &'a Aggregator,
        health: &'a HealthReport,
        now: Instant,
        uptime: Duration,
    ) -> Self {
        Self { aggregator, health, now, uptime }
    }
}

/// A condition over what can be read.
///
/// It returns a signal for everything that is wrong at this moment. What it returned last time and
/// not now has ended.
pub trait AlertRule: Send + Sync + 'static {
    /// A name for logs.
    fn name(&self) -> &str;

    /// Looks.
    fn evaluate(&self, context: &RuleContext<'_>) -> Vec<Signal>;
}

/// A list of rules and what each of them has raised.
#[derive(Default)]
pub struct Rules {
    rules: Vec<(Box<dyn AlertRule>, BTreeSet<Fingerprint>)>,
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.rules.iter().map(|(rule, _)| rule.name())).finish()
    }
}

impl Rules {
    /// Adds a rule.
    pub fn push(&mut self, rule: Box<dyn AlertRule>) {
        self.rules.push((rule, BTreeSet::new()));
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Evaluates every rule, raises what is wrong and clears what is not any more. A rule that
    /// panics raises `RulePanicked` and keeps what it raised before.
    pub fn evaluate(&mut self, context: &RuleContext<'_>, book: &mut AlertBook, now: Moment) {
        for (rule, raised) in &mut self.rules {
            let broken = Signal::new(
                "RulePanicked",
                AlertKind::SystemError,
                Severity::High,
                format!("the alert rule {} panicked: what it watches is not watched", rule.name()),
            )
            .with_label("rule", rule.name())
            .with_runbook("rule-panicked");
            let Ok(signals) = catch_unwind(AssertUnwindSafe(|| rule.evaluate(context))) else {
                book.raise(broken, now);
                continue;
            };
            book.clear(broken.fingerprint(), now);
            let holds = signals.into_iter().map(|signal| book.raise(signal, now)).collect();
            for &ended in raised.difference(&holds) {
                book.clear(ended, now);
            }
            *raised = holds;
        }
    }
}

/// Which side of a limit is wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Comparison {
    /// More than this.
    Above(f64),
    /// Less than this.
    Below(f64),
}

impl Comparison {
    fn holds(self, value: f64) -> bool {
        match self {
            Self::Above(limit) => value > limit,
            Self::Below(limit) => value < limit,
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Above(limit) => write!(f, "above {limit}"),
            Self::Below(limit) => write!(f, "below {limit}"),
        }
    }
}

/// A statistic of a series beyond a limit: one alert for each series it holds for, labelled like it.
///
/// ```
/// use std::time::{Duration, Instant};
/// use arb_monitor::alert::{AlertKind, AlertRule, Comparison, RuleContext, Severity, Signal, Threshold};
/// use arb_monitor::health::HealthReport;
/// use arb_monitor::window::{Aggregator, Select, Statistic, WindowConfig};
///
/// let rule = Threshold::new(
///     Signal::new("SlowApi", AlertKind::Performance, Severity::Medium, "the API is slow"),
///     Select::name("api_latency_seconds"),
///     Statistic::P95,
///     Comparison::Above(0.1),
/// );
/// let aggregator = Aggregator::new(WindowConfig::default(), Instant::now());
/// metrics::with_local_recorder(&aggregator, || {
///     metrics::histogram!("api_latency_seconds", "venue" => "kalshi").record(0.25);
///     metrics::histogram!("api_latency_seconds", "venue" => "polymarket").record(0.02);
/// });
/// let health = HealthReport::default();
/// let context = RuleContext::new(&aggregator, &health, Instant::now(), Duration::ZERO);
/// let signals = rule.evaluate(&context);
/// assert_eq!(signals.len(), 1);
/// assert_eq!(signals[0].labels["venue"], "kalshi");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    signal: Signal,
    select: Select,
    statistic: Statistic,
    comparison: Comparison,
    samples_min: u64,
}

impl Threshold {
    /// A rule that raises `signal` for each selected series whose statistic compares so.
    #[must_use]
    pub fn new(
        signal: Signal,
        select: Select,
        statistic: Statistic,
        comparison: Comparison,
    ) -> Self {
        Self { signal, select, statistic, comparison, samples_min: 1 }
    }

    /// Ignores histograms and counters with fewer samples than this in the window.
    #[must_use]
    pub fn samples_min(mut self, samples: u64) -> Self {
        self.samples_min = samples;
        self
    }

    fn has_samples(&self, reading: &Reading) -> bool {
        reading.get(Statistic::Increase).is_none_or(|count| count >= self.samples_min as f64)
    }
}

impl AlertRule for Threshold {
    fn name(&self) -> &str {
        &self.signal.name
    }

    fn evaluate(&self, context: &RuleContext<'_>) -> Vec<Signal> {
        let readings = context.aggregator.read(&self.select, context.now);
        let wrong = readings.into_iter().filter(|reading| self.has_samples(reading));
        wrong
            .filter_map(|reading| {
                let value = reading.get(self.statistic)?;
                self.comparison.holds(value).then(|| {
                    let details =
                        format!("{} is {}, {}", reading.name, rounded(value), self.comparison);
                    found(&self.signal, reading.labels, value, details)
                })
            })
            .collect()
    }
}

/// A share of one counter in another beyond a limit, for example errors in requests. Series are
/// summed by one label.
#[derive(Debug, Clone, PartialEq)]
pub struct Ratio {
    signal: Signal,
    part: Select,
    whole: Select,
    by: String,
    limit: f64,
    whole_min: u64,
}

impl Ratio {
    /// A rule that raises `signal` for each value of the label `by` for which the increase of
    /// `part` is more than `limit` (0 to 1) of the increase of `whole` within the window, once
    /// `whole` grew by at least `whole_min`.
    #[must_use]
    pub fn new(
        signal: Signal,
        part: Select,
        whole: Select,
        by: impl Into<String>,
        limit: f64,
        whole_min: u64,
    ) -> Self {
        Self { signal, part, whole, by: by.into(), limit, whole_min }
    }

    fn sums(&self, select: &Select, context: &RuleContext<'_>) -> BTreeMap<String, f64> {
        let mut sums = BTreeMap::new();
        for reading in context.aggregator.read(select, context.now) {
            if let Some(increase) = reading.get(Statistic::Increase) {
                let group = reading.label(&self.by).unwrap_or_default().to_owned();
                *sums.entry(group).or_default() += increase;
            }
        }
        sums
    }
}

impl AlertRule for Ratio {
    fn name(&self) -> &str {
        &self.signal.name
    }

    fn evaluate(&self, context: &RuleContext<'_>) -> Vec<Signal> {
        let parts = self.sums(&self.part, context);
        let wholes = self.sums(&self.whole, context);
        let judge = |(group, whole): (String, f64)| {
            let part = parts.get(&group).copied().unwrap_or(0.0);
            let share = part / whole;
            let wrong = whole > 0.0 && whole >= self.whole_min as f64 && share > self.limit;
            wrong.then(|| {
                let details = format!(
                    "{part} of {whole} ({:.1} %), more than {:.1} %",
                    share * 100.0,
                    self.limit * 100.0
                );
                let labels = match group.as_str() {
                    "" => Labels::new(),
                    _ => Labels::from([(self.by.clone(), group)]),
                };
                found(&self.signal, labels, share, details)
            })
        };
        wholes.into_iter().filter_map(judge).collect()
    }
}

/// A counter that stopped moving, for example a feed's messages. A series that never moved counts
/// from the start of the monitor.
#[derive(Debug, Clone, PartialEq)]
pub struct Stalled {
    signal: Signal,
    select: Select,
    after: Duration,
}

impl Stalled {
    /// A rule that raises `signal` for each selected counter unchanged for longer than `after`.
    #[must_use]
    pub fn new(signal: Signal, select: Select, after: Duration) -> Self {
        Self { signal, select, after }
    }
}

impl AlertRule for Stalled {
    fn name(&self) -> &str {
        &self.signal.name
    }

    fn evaluate(&self, context: &RuleContext<'_>) -> Vec<Signal> {
        let limit = self.after.as_secs_f64();
        let readings = context.aggregator.read(&self.select, context.now);
        let age = |reading: &Reading| {
            let never = reading.get(Statistic::Count).map(|_| context.uptime.as_secs_f64());
            reading.get(Statistic::UnchangedSeconds).or(never)
        };
        readings
            .into_iter()
            .filter_map(|reading| age(&reading).map(|age| (reading, age)))
            .filter(|(_, age)| *age > limit)
            .map(|(reading, age)| {
                let details =
                    format!("{} has not moved for {age:.0} s (limit {limit:.0} s)", reading.name);
                found(&self.signal, reading.labels, age, details)
            })
            .collect()
    }
}

/// The overall health is [`Overall::Unhealthy`].
#[derive(Debug, Clone, PartialEq)]
pub struct UnhealthyOverall {
    signal: Signal,
}

impl UnhealthyOverall {
    /// A rule that raises `signal` while the whole is unhealthy.
    #[must_use]
    pub fn new(signal: Signal) -> Self {
        Self { signal }
    }
}

impl AlertRule for UnhealthyOverall {
    fn name(&self) -> &str {
        &self.signal.name
    }

    fn evaluate(&self, context: &RuleContext<'_>) -> Vec<Signal> {
        if context.health.overall != Overall::Unhealthy {
            return Vec::new();
        }
        let bad: Vec<_> = context
            .health
            .components
            .iter()
            .filter(|component| component.is_unhealthy())
            .map(|component| format!("{}: {}", component.name, component.message))
            .collect();
        vec![found(&self.signal, Labels::new(), bad.len() as f64, bad.join("; "))]
    }
}

fn found(template: &Signal, labels: Labels, value: f64, details: String) -> Signal {
    let mut signal = template.clone();
    signal.labels.extend(labels);
    signal.value = Some(value);
    signal.details = details;
    signal
}

/// Four significant digits are enough for a human.
fn rounded(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    let digits = (3 - value.abs().log10().floor() as i32).clamp(0, 12) as usize;
    let text = format!("{value:.digits$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

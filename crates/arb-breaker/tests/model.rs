//! Random histories against a slow reference.
//!
//! `ARB_LONG=1` runs a hundred times as many.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the unexpected")]

#[path = "model/reference.rs"]
mod reference;

use std::time::Duration;

use arb_breaker::{
    Breaker, BreakerConfig, Clock, Failure, Moment, Origin, Outcome, Permit, ProbeVerdict, Rate,
    RejectReason, SlowCalls, Snapshot, Window,
};
use proptest::prelude::*;
use reference::{Admission, Command, Counts, Fate, Reference, Refusal};

/// Where the breaker's time begins: no round number, so that nothing relies on it being one.
const ORIGIN: u64 = 1_234_567_891_011;
const MILLISECOND: u64 = 1_000_000;

#[derive(Debug, Clone)]
enum Step {
    /// Admission and verdict at once, by a permit that borrows.
    Call(Fate),
    /// Admission; the permit is kept.
    Acquire,
    AcquireApart,
    /// The verdict of one of the kept permits.
    Finish(prop::sample::Index, Fate),
    Observe(Fate),
    Pass(u64),
    Look,
    State,
    Command(Command),
}

fn fates() -> impl Strategy<Value = Fate> {
    let failed =
        (0..3_usize, prop::option::weighted(0.2, 0..20_000_u64)).prop_map(|(origin, ms)| {
            let origin = [Origin::Unknown, Origin::Local, Origin::Remote][origin];
            Fate::Failed { origin, retry_after: ms.map(|ms| ms * MILLISECOND) }
        });
    prop_oneof![
        10 => Just(Fate::Good),
        8 => failed,
        1 => Just(Fate::Ignored),
        1 => Just(Fate::Cancelled),
    ]
}

fn steps() -> impl Strategy<Value = Step> {
    let commands = prop_oneof![
        1 => Just(Command::ForceOpen),
        1 => (0..10_000_u64).prop_map(|ms| Command::OpenFor(ms * MILLISECOND)),
        1 => Just(Command::Disable),
        1 => Just(Command::MetricsOnly),
        3 => Just(Command::Reset),
    ];
    let pass = prop_oneof![
        6 => (0..300_u64).prop_map(|ms| Step::Pass(ms * MILLISECOND)),
        2 => (0..20_000_u64).prop_map(|ms| Step::Pass(ms * MILLISECOND)),
    ];
    prop_oneof![
        24 => fates().prop_map(Step::Call),
        12 => Just(Step::Acquire),
        1 => Just(Step::AcquireApart),
        12 => (any::<prop::sample::Index>(), fates()).prop_map(|(at, fate)| Step::Finish(at, fate)),
        1 => fates().prop_map(Step::Observe),
        8 => pass,
        3 => Just(Step::Look),
        2 => Just(Step::State),
        1 => commands.prop_map(Step::Command),
    ]
}

fn configs() -> impl Strategy<Value = BreakerConfig> {
    let rates = prop_oneof![
        (1..=100_u32).prop_map(Rate::percent),
        (1..=1_000_000_u32).prop_map(Rate::per_million),
    ];
    let window = prop_oneof![
        (1..140_u32).prop_map(Window::Count),
        (1..12_u32, 1..4_000_u64).prop_map(|(buckets, ms)| {
            Window::Time { span: Duration::from_millis(ms), buckets }
        }),
    ];
    let slow = (0..400_u64, 1..=100_u32).prop_map(|(ms, percent)| SlowCalls {
        longer_than: Duration::from_millis(ms) + Duration::from_nanos(1),
        rate: Rate::percent(percent),
    });
    let rules = (
        prop::option::of(1..8_u32),
        prop::option::of(rates),
        prop::option::of(slow),
        window,
        1..30_u32,
    );
    let times = (1..5_000_u64, 1..4_u32, 1..60_000_u64, 1..10_000_u64, 1..30_000_u64);
    let probes = (1..6_u32, prop::option::of(1..=100_u32), 1..5_000_u64);
    (rules, times, probes).prop_map(|(rules, times, probes)| {
        let (run, rate, slow, window, minimum) = rules;
        let (open_time, growth, most, decay, retry) = times;
        let (places, verdict, lease) = probes;
        let verdict = verdict.map_or(ProbeVerdict::FirstFailure, |percent| {
            ProbeVerdict::FailureRate(Rate::percent(percent))
        });
        BreakerConfig::default()
            .with_consecutive_failures(run)
            .with_failure_rate(rate)
            .with_slow_calls(slow)
            .with_window(window)
            .with_minimum_calls(minimum)
            .with_growth(growth, Duration::from_millis(most.max(open_time)))
            .with_open_time(Duration::from_millis(open_time))
            .with_decay_after(Duration::from_millis(decay))
            .with_retry_after_max(Duration::from_millis(retry))
            .with_probes(places)
            .with_probe_verdict(verdict)
            .with_probe_lease(Duration::from_millis(lease))
            .with_clock(Clock::new(|| -> Moment { panic!("every time is given") }))
    })
}

/// The breaker and the reference, side by side.
struct Pair {
    breaker: Breaker,
    reference: Reference,
    kept: Vec<(Permit<'static>, Admission)>,
    now: u64,
}

/// Permits that are still kept would read the clock, which is not to be read.
impl Drop for Pair {
    fn drop(&mut self) {
        let at = self.at();
        self.kept.drain(..).for_each(|(permit, _)| permit.cancel_at(at));
    }
}

fn outcome(fate: Fate) -> Option<Outcome> {
    match fate {
        Fate::Good => Some(Outcome::Success),
        Fate::Failed { origin, retry_after } => {
            let mut failure = Failure::default();
            failure.origin = origin;
            failure.retry_after = retry_after.map(Duration::from_nanos);
            Some(Outcome::Failure(failure))
        }
        Fate::Ignored => Some(Outcome::Ignore),
        Fate::Cancelled => None,
    }
}

fn give(permit: Permit<'_>, fate: Fate, at: Moment) {
    match outcome(fate) {
        Some(outcome) => permit.finish_at(outcome, at),
        None => permit.cancel_at(at),
    }
}

fn agree_on_refusal(
    refused: &arb_breaker::Rejected,
    expected: Refusal,
) -> Result<(), TestCaseError> {
    let reason = match refused.reason {
        RejectReason::Open(reason) => Some(reason),
        _ => None,
    };
    let wait = refused.retry_after.map(|wait| u64::try_from(wait.as_nanos()).unwrap());
    prop_assert_eq!(Refusal { state: refused.state, retry_after: wait, reason }, expected);
    Ok(())
}

impl Pair {
    fn new(config: BreakerConfig) -> Self {
        let breaker = Breaker::new_at("b", config.clone(), Moment::from_nanos(ORIGIN)).unwrap();
        Self { breaker, reference: Reference::new(config), kept: Vec::new(), now: 0 }
    }

    fn at(&self) -> Moment {
        Moment::from_nanos(ORIGIN + self.now)
    }

    fn step(&mut self, step: Step) -> Result<(), TestCaseError> {
        let (now, at) = (self.now, self.at());
        match step {
            Step::Pass(nanos) => self.now += nanos,
            Step::Call(fate) => {
                match (self.breaker.try_acquire_at(at), self.reference.acquire(now)) {
                    (Ok(permit), Ok(admission)) => {
                        give(permit, fate, at);
                        self.reference.finish(admission, fate, now);
                    }
                    (Err(refused), Err(expected)) => agree_on_refusal(&refused, expected)?,
                    (got, expected) => prop_assert!(false, "{got:?} but {expected:?}"),
                }
            }
            Step::Acquire => {
                match (self.breaker.try_acquire_owned_at(at), self.reference.acquire(now)) {
                    (Ok(permit), Ok(admission)) => self.kept.push((permit, admission)),
                    (Err(refused), Err(expected)) => agree_on_refusal(&refused, expected)?,
                    (got, expected) => prop_assert!(false, "{got:?} but {expected:?}"),
                }
            }
            Step::AcquireApart => {
                let permit = self.breaker.acquire_risk_reducing_at(at);
                self.kept.push((permit, self.reference.acquire_apart(now)));
            }
            Step::Finish(index, fate) if !self.kept.is_empty() => {
                let (permit, admission) = self.kept.swap_remove(index.index(self.kept.len()));
                give(permit, fate, at);
                self.reference.finish(admission, fate, now);
            }
            Step::Finish(..) => {}
            Step::Observe(fate) => {
                if let Some(outcome) = outcome(fate) {
                    self.breaker.record_at(outcome, at);
                    self.reference.observe(fate, now);
                }
            }
            Step::Look => self.look()?,
            Step::State => {
                self.reference.pass_time(now);
                prop_assert_eq!(self.breaker.state_at(at), self.reference.state());
            }
            Step::Command(command) => {
                match command {
                    Command::ForceOpen => self.breaker.force_open_at(at),
                    Command::OpenFor(span) => {
                        self.breaker.open_for_at(Duration::from_nanos(span), at);
                    }
                    Command::Disable => self.breaker.disable_at(at),
                    Command::MetricsOnly => self.breaker.metrics_only_at(at),
                    Command::Reset => self.breaker.reset_at(at),
                }
                self.reference.command(command, now);
            }
        }
        Ok(())
    }

    fn look(&mut self) -> Result<(), TestCaseError> {
        let (reference, now) = (&mut self.reference, self.now);
        reference.pass_time(now);
        let seen = self.breaker.snapshot_at(Moment::from_nanos(ORIGIN + now));
        prop_assert_eq!(seen.state, reference.state());
        prop_assert_eq!(seen.generation, reference.generation());
        prop_assert_eq!(
            (seen.window_calls, seen.window_failures, seen.window_slow),
            reference.window(now)
        );
        prop_assert_eq!(seen.consecutive_failures, reference.run());
        prop_assert_eq!(seen.probes_outstanding, reference.probes_outstanding());
        prop_assert_eq!(seen.growth_level, reference.level(now));
        prop_assert_eq!(seen.last_trip, reference.last_trip);
        let open_for = seen.open_for.map(|wait| u64::try_from(wait.as_nanos()).unwrap());
        prop_assert_eq!(open_for, reference.open_for(now));
        prop_assert_eq!(counts(&seen), reference.counts.clone());
        Ok(())
    }
}

fn counts(seen: &Snapshot) -> Counts {
    let totals = seen.totals;
    let apart = totals.risk_reducing;
    Counts {
        successes: totals.successes,
        failures: totals.failures,
        local: totals.failures_local,
        remote: totals.failures_remote,
        slow: totals.slow,
        ignored: totals.ignored,
        cancelled: totals.cancelled,
        stale: totals.stale,
        lost: totals.probes_lost,
        rejected: totals.rejected,
        opened: totals.opened,
        would_open: totals.would_open,
        risk_reducing: [
            apart.admitted,
            apart.admitted_unhealthy,
            apart.successes,
            apart.failures,
            apart.ignored,
            apart.cancelled,
        ],
    }
}

fn cases() -> u32 {
    if std::env::var_os("ARB_LONG").is_some() { 100_000 } else { 1_000 }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_history_agrees_with_the_reference(
        config in configs(),
        steps in prop::collection::vec(steps(), 1..300),
    ) {
        let mut pair = Pair::new(config);
        for step in steps {
            pair.step(step)?;
        }
        pair.look()?;
    }
}

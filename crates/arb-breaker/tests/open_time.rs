//! How long it stays open: growth, decay, jitter, Retry-After, requests.
#![expect(clippy::unwrap_used, reason = "a test may stop at what it did not expect")]

use std::time::Duration;

use arb_breaker::{Breaker, BreakerConfig, Failure, Moment, Outcome, Rate, State};

const SECOND: Duration = Duration::from_secs(1);
const START: Moment = Moment::from_nanos(7_000_000_000);

fn breaker(config: BreakerConfig) -> Breaker {
    Breaker::new_at("b", config.with_consecutive_failures(1).with_probes(1), START).unwrap()
}

fn fail(breaker: &Breaker, now: Moment, failure: Failure) -> Duration {
    breaker.try_acquire_at(now).unwrap().finish_at(Outcome::Failure(failure), now);
    breaker.snapshot_at(now).open_for.unwrap()
}

/// Fails the call or probe at `now` and moves to the end of the open time that follows.
fn reopen(breaker: &Breaker, now: &mut Moment) -> u64 {
    let open_for = fail(breaker, *now, Failure::default());
    *now = *now + open_for;
    open_for.as_secs()
}

#[test]
fn it_doubles_up_to_the_cap_and_decays_a_step_each_healthy_minute() {
    let breaker = breaker(BreakerConfig::default());
    let mut now = START;
    let spells: Vec<u64> = (0..5).map(|_| reopen(&breaker, &mut now)).collect();
    assert_eq!(spells, [60, 120, 240, 300, 300]);

    breaker.try_acquire_at(now).unwrap().success_at(now);
    assert_eq!(breaker.snapshot_at(now).growth_level, 5);
    now = now + 179 * SECOND;
    assert_eq!(breaker.snapshot_at(now).growth_level, 3);
    now = now + SECOND;
    assert_eq!(reopen(&breaker, &mut now), 240);
}

#[test]
fn a_flapping_service_finds_it_grown() {
    let breaker = breaker(BreakerConfig::default());
    let mut now = START;
    let mut spells = Vec::new();
    for _ in 0..3 {
        spells.push(reopen(&breaker, &mut now));
        // The probe succeeds, the next call fails at once.
        breaker.try_acquire_at(now).unwrap().success_at(now);
    }
    assert_eq!(spells, [60, 120, 240]);
}

#[test]
fn a_reset_forgets_the_growth() {
    let breaker = breaker(BreakerConfig::default());
    let mut now = START;
    reopen(&breaker, &mut now);
    breaker.reset_at(now);
    assert_eq!(reopen(&breaker, &mut now), 60);
}

#[test]
fn jitter_only_adds_and_at_most_its_share() {
    let mut spread = Vec::new();
    for seed in 0..200 {
        let config = BreakerConfig::default().with_jitter(Rate::percent(20)).with_jitter_seed(seed);
        let open_for = fail(&breaker(config), START, Failure::default());
        assert!((60 * SECOND..=72 * SECOND).contains(&open_for), "{open_for:?}");
        spread.push(open_for);
    }
    spread.sort_unstable();
    assert!(spread[20] < 62 * SECOND && spread[180] > 70 * SECOND);
    spread.dedup();
    assert_eq!(spread.len(), 200);
}

#[test]
fn a_seed_repeats_itself_but_not_from_name_to_name() {
    let open_for = |name: &str| {
        let config = BreakerConfig::default().with_jitter(Rate::percent(20)).with_jitter_seed(4);
        let config = config.with_consecutive_failures(1);
        fail(&Breaker::new_at(name, config, START).unwrap(), START, Failure::default())
    };
    assert_eq!(open_for("a"), open_for("a"));
    assert_ne!(open_for("a"), open_for("b"));
}

#[test]
fn a_retry_after_may_be_shorter_or_longer_and_is_cut() {
    for (asked, granted) in [(1, 1), (600, 600), (1_000_000, 3_600)] {
        let failure = Failure::remote().with_retry_after(asked * SECOND);
        let open_for = fail(&breaker(BreakerConfig::default()), START, failure);
        assert_eq!(open_for, granted * SECOND);
    }
    let endless = Failure::remote().with_retry_after(Duration::MAX);
    assert_eq!(fail(&breaker(BreakerConfig::default()), START, endless), 3_600 * SECOND);
}

#[test]
fn an_announced_maintenance_is_never_shortened() {
    let breaker = breaker(BreakerConfig::default());
    breaker.open_for_at(600 * SECOND, START);
    breaker.open_for_at(10 * SECOND, START);
    assert_eq!(breaker.snapshot_at(START).open_for, Some(600 * SECOND));
    assert_eq!(breaker.state_at(START + 600 * SECOND), State::HalfOpen);
    breaker.force_open_at(START + 600 * SECOND);
    breaker.open_for_at(SECOND, START + 600 * SECOND);
    assert_eq!(breaker.state_at(START + 6_000 * SECOND), State::ForcedOpen);
}

#[test]
fn no_span_is_too_long_to_be_held() {
    let breaker = breaker(BreakerConfig::default());
    breaker.open_for_at(Duration::MAX, START);
    assert_eq!(breaker.state_at(Moment::from_nanos(u64::MAX - 1)), State::Open);
}

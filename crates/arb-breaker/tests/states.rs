//! The states, one rule at a time, with times given by the test.
#![expect(clippy::unwrap_used, reason = "a test may stop at what it did not expect")]

use std::time::{Duration, Instant};

use arb_breaker::{Breaker, BreakerConfig, Failure, Outcome, RejectReason, State, TripReason};

const SECOND: Duration = Duration::from_secs(1);

fn fail(breaker: &Breaker, now: Instant, times: usize) {
    for _ in 0..times {
        breaker.try_acquire_at(now).unwrap().failure_at(now);
    }
}

#[test]
fn five_failures_open_for_sixty_seconds_and_three_good_probes_close() {
    let start = Instant::now();
    let breaker = Breaker::new_at("venue", BreakerConfig::default(), start).unwrap();
    fail(&breaker, start, 4);
    breaker.try_acquire_at(start).unwrap().success_at(start);
    fail(&breaker, start, 5);
    let refusal = breaker.try_acquire_at(start + 59 * SECOND).unwrap_err();
    assert_eq!(refusal.state, State::Open);
    assert_eq!(refusal.retry_after, Some(SECOND));
    let reason = TripReason::ConsecutiveFailures { failures: 5 };
    assert_eq!(refusal.reason, RejectReason::Open(reason));
    assert_eq!(refusal.to_string(), "breaker venue is open (5 failures in a row); retry after 1s");

    let now = start + 60 * SECOND;
    assert_eq!(breaker.state_at(now), State::HalfOpen);
    let probes: Vec<_> = (0..3).map(|_| breaker.try_acquire_at(now).unwrap()).collect();
    let refusal = breaker.try_acquire_at(now + SECOND).unwrap_err();
    assert_eq!(refusal.reason, RejectReason::ProbesInFlight { probes: 3 });
    assert_eq!(refusal.retry_after, Some(29 * SECOND));
    for probe in probes {
        assert_eq!(breaker.state_at(now), State::HalfOpen);
        probe.success_at(now);
    }
    assert_eq!(breaker.state_at(now), State::Closed);
}

#[test]
fn a_retry_after_sets_the_open_time_of_the_failure_that_opens() {
    let start = Instant::now();
    let breaker = Breaker::new_at("venue", BreakerConfig::default(), start).unwrap();
    fail(&breaker, start, 4);
    let failure = Failure::remote().with_retry_after(7 * SECOND);
    breaker.try_acquire_at(start).unwrap().finish_at(Outcome::Failure(failure), start);
    let refusal = breaker.try_acquire_at(start).unwrap_err();
    assert_eq!(refusal.retry_after, Some(7 * SECOND));
}

#[test]
fn the_first_failed_probe_reopens_for_twice_as_long() {
    let start = Instant::now();
    let breaker = Breaker::new_at("venue", BreakerConfig::default(), start).unwrap();
    fail(&breaker, start, 5);
    let now = start + 60 * SECOND;
    breaker.try_acquire_at(now).unwrap().failure_at(now);
    let refusal = breaker.try_acquire_at(now).unwrap_err();
    assert_eq!(refusal.retry_after, Some(120 * SECOND));
}

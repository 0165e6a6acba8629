//! Faults reproduced in other breakers, each of which this one must not have.
#![expect(clippy::unwrap_used, reason = "a test may stop at what it did not expect")]

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use arb_breaker::{
    Breaker, BreakerConfig, Clock, EventKind, Moment, ProbeVerdict, Rate, State, TripReason, Window,
};

const SECOND: Duration = Duration::from_secs(1);

fn half_of_the_last_hundred() -> BreakerConfig {
    BreakerConfig::default()
        .with_consecutive_failures(None)
        .with_failure_rate(Rate::percent(50))
        .with_window(Window::Count(100))
        .with_minimum_calls(100)
}

/// A breaker that has been opened by one failure, and the time at which it probes.
fn half_open(probes: u32) -> (Breaker, Instant) {
    let start = Instant::now();
    let config = BreakerConfig::default().with_consecutive_failures(1).with_probes(probes);
    // The clock stands at the time of probing, for permits that are dropped without a verdict.
    let config = config.with_clock(Clock::new(move || start + 60 * SECOND));
    let breaker = Breaker::new_at("b", config, start).unwrap();
    breaker.try_acquire_at(start).unwrap().failure_at(start);
    (breaker, start + 60 * SECOND)
}

/// Seen in tower-resilience 0.14 and circuitbreaker-rs 0.1.1: after K successes it takes K failures.
#[test]
fn a_count_window_slides_however_long_all_went_well() {
    for successes in [100, 1_000, 10_000, 100_000] {
        let now = Instant::now();
        let breaker = Breaker::new_at("b", half_of_the_last_hundred(), now).unwrap();
        for _ in 0..successes {
            breaker.try_acquire_at(now).unwrap().success_at(now);
        }
        for _ in 0..50 {
            breaker.try_acquire_at(now).unwrap().failure_at(now);
        }
        let reason = TripReason::FailureRate { failures: 50, calls: 100 };
        assert_eq!(breaker.snapshot_at(now).last_trip, Some(reason), "after {successes}");
    }
}

/// Seen in tower-resilience 0.14: one record a call, all of them scanned at each call. Here two
/// million calls in one window end in time and the window still slides to the bucket.
#[test]
fn a_time_window_neither_stores_nor_scans_calls() {
    let start = Moment::from_nanos(0);
    let window = Window::Time { span: 10 * SECOND, buckets: 10 };
    let config = half_of_the_last_hundred().with_window(window);
    let breaker = Breaker::new_at("b", config, start).unwrap();
    for call in 0..2_000_000_u64 {
        let now = Moment::from_nanos(call * 4_000); // 8 s of calls
        breaker.try_acquire_at(now).unwrap().success_at(now);
    }
    let calls = |seconds| breaker.snapshot_at(start + seconds * SECOND).window_calls;
    assert_eq!(calls(8), 2_000_000);
    assert_eq!(calls(10), 1_750_000);
    assert_eq!(calls(15), 500_000);
    assert_eq!(calls(18), 0);
}

/// Seen in recloser 1.4 and failsafe 1.3 (100 of 100 pass) and in the package this one follows.
#[test]
fn half_open_admits_its_probes_and_no_more() {
    let (breaker, now) = half_open(2);
    let admitted: Vec<_> = (0..100).filter_map(|_| breaker.try_acquire_at(now).ok()).collect();
    assert_eq!(admitted.len(), 2);
}

/// The same with futures that are started and then dropped: each gives its place back.
#[test]
fn dropped_futures_give_their_places_back() {
    let (breaker, _) = half_open(2);
    for _ in 0..3 {
        let mut calls: Vec<_> =
            (0..100).map(|_| Box::pin(breaker.call(pending::<Result<(), ()>>()))).collect();
        let mut context = Context::from_waker(Waker::noop());
        let mut running = 0;
        for call in &mut calls {
            running += u32::from(call.as_mut().poll(&mut context).is_pending());
        }
        assert_eq!(running, 2);
    }
    let seen = breaker.snapshot();
    assert_eq!((seen.state, seen.probes_outstanding), (State::HalfOpen, 0));
    assert_eq!((seen.totals.cancelled, seen.totals.failures), (6, 1));
}

/// Seen in failsafe 1.3 and tower-resilience 0.14: a call admitted while closed that ends well while
/// the probe is on its way closes the breaker.
#[test]
fn a_late_success_does_not_close_while_the_probe_is_out() {
    let start = Instant::now();
    let config = BreakerConfig::default().with_consecutive_failures(1).with_probes(1);
    let breaker = Breaker::new_at("b", config, start).unwrap();
    let late = breaker.try_acquire_at(start).unwrap();
    breaker.try_acquire_at(start).unwrap().failure_at(start);
    let now = start + 60 * SECOND;
    let probe = breaker.try_acquire_at(now).unwrap();
    late.success_at(now);
    assert_eq!(breaker.state_at(now), State::HalfOpen);
    probe.success_at(now);
    assert_eq!(breaker.state_at(now), State::Closed);
    assert_eq!(breaker.snapshot_at(now).totals.stale, 1);
}

/// Seen in Polly 8: a late failure counts in the half-open state.
#[test]
fn a_late_failure_does_not_reopen_while_the_probe_is_out() {
    let start = Instant::now();
    let config = BreakerConfig::default().with_consecutive_failures(1).with_probes(1);
    let breaker = Breaker::new_at("b", config, start).unwrap();
    let late = breaker.try_acquire_at(start).unwrap();
    breaker.try_acquire_at(start).unwrap().failure_at(start);
    let now = start + 60 * SECOND;
    let _probe = breaker.try_acquire_owned_at(now).unwrap();
    late.failure_at(now);
    assert_eq!(breaker.state_at(now), State::HalfOpen);
}

/// Seen in circuitbreaker-rs 0.1.1: two panicking probes leave it half-open for ever.
#[test]
fn panicking_probes_reopen_and_do_not_leave_it_half_open() {
    let (breaker, now) = half_open(2);
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        breaker.call_sync(|| -> Result<(), ()> { panic!("probe") })
    }));
    assert_eq!(outcome.unwrap_err().downcast_ref(), Some(&"probe"));
    let seen = breaker.snapshot_at(now);
    assert_eq!((seen.state, seen.totals.panics), (State::Open, 1));
    assert_eq!(breaker.state_at(now + 120 * SECOND), State::HalfOpen);
}

/// resilience4j issues 544, 903, 935 and 1389: permits that are never given back hold it half-open.
#[test]
fn leaked_probes_are_lost_when_their_lease_ends() {
    let (breaker, now) = half_open(2);
    for _ in 0..2 {
        std::mem::forget(breaker.try_acquire_at(now).unwrap());
    }
    let refusal = breaker.try_acquire_at(now + 29 * SECOND).unwrap_err();
    assert_eq!((refusal.state, refusal.retry_after), (State::HalfOpen, Some(SECOND)));
    let seen = breaker.snapshot_at(now + 30 * SECOND);
    assert_eq!((seen.state, seen.totals.probes_lost), (State::Open, 1));
}

/// It opens when the lease ends, not when somebody looks: after a quiet hour nothing is left to wait.
#[test]
fn a_lost_probe_costs_no_open_time_after_a_quiet_hour() {
    let (breaker, now) = half_open(1);
    std::mem::forget(breaker.try_acquire_at(now).unwrap());
    let hour = now + 3_600 * SECOND;
    assert_eq!(breaker.state_at(hour), State::HalfOpen);
    assert!(breaker.try_acquire_owned_at(hour).is_ok());
    assert_eq!(breaker.snapshot_at(hour).totals.opened, 2);
}

/// The same where the verdict waits for all probes.
#[test]
fn leaked_probes_count_as_failed_where_a_rate_decides() {
    let start = Instant::now();
    let config = BreakerConfig::default()
        .with_consecutive_failures(1)
        .with_probes(3)
        .with_probe_verdict(ProbeVerdict::FailureRate(Rate::percent(50)));
    let breaker = Breaker::new_at("b", config, start).unwrap();
    breaker.try_acquire_at(start).unwrap().failure_at(start);
    let now = start + 60 * SECOND;
    std::mem::forget(breaker.try_acquire_at(now).unwrap());
    for _ in 0..2 {
        breaker.try_acquire_at(now).unwrap().success_at(now);
    }
    assert_eq!(breaker.state_at(now + 29 * SECOND), State::HalfOpen);
    assert_eq!(breaker.state_at(now + 30 * SECOND), State::Closed);
}

/// A verdict after the lease is no verdict.
#[test]
fn a_probe_that_reports_after_its_lease_changes_nothing() {
    let (breaker, now) = half_open(1);
    let probe = breaker.try_acquire_owned_at(now).unwrap();
    probe.success_at(now + 31 * SECOND);
    let seen = breaker.snapshot_at(now + 31 * SECOND);
    assert_eq!((seen.state, seen.totals.stale), (State::Open, 1));
}

/// Seen in Polly 8: cancelling the probe closes the breaker; in Hystrix: it reopens it.
#[test]
fn a_cancelled_probe_neither_closes_nor_reopens() {
    let (breaker, now) = half_open(1);
    breaker.try_acquire_at(now).unwrap().cancel_at(now);
    assert_eq!(breaker.state_at(now), State::HalfOpen);
    assert!(breaker.try_acquire_owned_at(now).is_ok());
}

/// Seen in failsafe 1.3 and recloser 1.4: a call that panics is not recorded.
#[test]
fn a_panic_counts_as_a_failure_and_goes_on() {
    let breaker = Breaker::new("b", BreakerConfig::default()).unwrap();
    for _ in 0..5 {
        let call = || breaker.call_sync(|| -> Result<(), ()> { panic!("call") });
        assert!(catch_unwind(AssertUnwindSafe(call)).is_err());
    }
    assert_eq!(breaker.state(), State::Open);
}

/// Seen in the package this one follows: successes were never in the window, so any failure made
/// the rate 100 %.
#[test]
fn the_failure_rate_counts_successes_too() {
    let now = Instant::now();
    let config =
        BreakerConfig::default().with_window(Window::Time { span: 300 * SECOND, buckets: 10 });
    let breaker = Breaker::new_at("b", config, now).unwrap();
    for call in 0..1_000 {
        let permit = breaker.try_acquire_at(now).unwrap();
        if call % 3 == 0 { permit.failure_at(now) } else { permit.success_at(now) }
    }
    let seen = breaker.snapshot_at(now);
    assert_eq!((seen.state, seen.window_failures, seen.window_calls), (State::Closed, 334, 1_000));
}

/// Seen in tower-resilience 0.14 and gobreaker 2: listeners run under the breaker's lock.
#[test]
fn a_listener_may_use_the_breaker_and_hears_everything_in_order() {
    let breaker = Breaker::new("b", BreakerConfig::default()).unwrap();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let (own, log) = (breaker.clone(), Arc::clone(&heard));
    breaker.on_event(move |event| {
        let EventKind::StateChanged { from, to, .. } = event.kind else { return };
        log.lock().unwrap().push((event.sequence, from, to));
        if to == State::ForcedOpen {
            own.reset();
            assert_eq!(own.state(), State::Closed);
        }
    });
    breaker.force_open();
    breaker.disable();
    let expected = [
        (0, State::Closed, State::ForcedOpen),
        (1, State::ForcedOpen, State::Closed),
        (2, State::Closed, State::Disabled),
    ];
    assert_eq!(*heard.lock().unwrap(), expected);
}

/// A future dropped because something else panics is not itself to blame.
#[test]
fn a_call_dropped_by_the_panic_of_another_is_cancelled() {
    let breaker = Breaker::new("b", BreakerConfig::default()).unwrap();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let mut call = pin!(breaker.call(pending::<Result<(), ()>>()));
        assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        panic!("the other branch");
    }));
    assert!(outcome.is_err());
    let totals = breaker.snapshot().totals;
    assert_eq!((totals.cancelled, totals.failures), (1, 0));
}

/// A panic inside the future is, and it goes on.
#[test]
fn a_future_that_panics_is_a_failure() {
    let breaker = Breaker::new("b", BreakerConfig::default()).unwrap();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let mut call = pin!(breaker.call(std::future::poll_fn(|_| -> Poll<Result<(), ()>> {
            panic!("inside");
        })));
        drop(call.as_mut().poll(&mut Context::from_waker(Waker::noop())));
    }));
    assert!(outcome.is_err());
    let totals = breaker.snapshot().totals;
    assert_eq!((totals.cancelled, totals.failures, totals.panics), (0, 1, 1));
}

//! Calls under tokio's paused time.
#![expect(clippy::unwrap_used, reason = "a test may stop at what it did not expect")]

use std::time::Duration;

use arb_breaker::{
    Breaker, BreakerConfig, CallError, Clock, Rate, RejectReason, SlowCalls, State, TripReason,
};
use tokio::time::{Instant, sleep, timeout};

const SECOND: Duration = Duration::from_secs(1);

fn breaker(config: BreakerConfig) -> Breaker {
    let clock = Clock::new(|| Instant::now().into_std());
    Breaker::new("b", config.with_clock(clock)).unwrap()
}

async fn work(seconds: u64, good: bool) -> Result<(), ()> {
    sleep(Duration::from_secs(seconds)).await;
    if good { Ok(()) } else { Err(()) }
}

#[tokio::test(start_paused = true)]
async fn it_opens_probes_and_closes_on_time() {
    let breaker = breaker(BreakerConfig::default());
    for _ in 0..5 {
        assert_eq!(breaker.call(work(1, false)).await, Err(CallError::Inner(())));
    }
    let Err(CallError::Rejected(refusal)) = breaker.call(work(1, true)).await else {
        unreachable!("it is open");
    };
    assert_eq!(refusal.retry_after, Some(60 * SECOND));
    sleep(60 * SECOND - Duration::from_millis(1)).await;
    assert_eq!(breaker.state(), State::Open);
    sleep(Duration::from_millis(1)).await;
    assert_eq!(breaker.state(), State::HalfOpen);
    for _ in 0..3 {
        assert_eq!(breaker.call(work(1, true)).await, Ok(()));
    }
    assert_eq!(breaker.state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn slow_calls_open_it_although_all_succeed() {
    let slow = SlowCalls { longer_than: 2 * SECOND, rate: Rate::percent(50) };
    let breaker = breaker(BreakerConfig::default().with_slow_calls(slow).with_minimum_calls(4));
    for seconds in [2, 2, 3] {
        breaker.call(work(seconds, true)).await.unwrap();
    }
    assert_eq!(breaker.state(), State::Closed);
    breaker.call(work(3, true)).await.unwrap();
    let refusal = breaker.try_acquire().unwrap_err();
    let reason = TripReason::SlowCallRate { slow: 2, calls: 4 };
    assert_eq!(refusal.reason, RejectReason::Open(reason));
}

#[tokio::test(start_paused = true)]
async fn a_slow_probe_is_a_failed_probe() {
    let slow = SlowCalls { longer_than: 2 * SECOND, rate: Rate::percent(50) };
    let config = BreakerConfig::default().with_slow_calls(slow).with_consecutive_failures(1);
    let breaker = breaker(config);
    breaker.call(work(0, false)).await.unwrap_err();
    sleep(60 * SECOND).await;
    breaker.call(work(3, true)).await.unwrap();
    assert_eq!(breaker.state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_timed_out_from_outside_is_cancelled() {
    let breaker = breaker(BreakerConfig::default());
    assert!(timeout(SECOND, breaker.call(work(5, true))).await.is_err());
    let totals = breaker.snapshot().totals;
    assert_eq!((totals.cancelled, totals.failures, totals.successes), (1, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_thousand_tasks_share_the_probes() {
    let breaker = breaker(BreakerConfig::default().with_consecutive_failures(1));
    breaker.call(work(0, false)).await.unwrap_err();
    sleep(60 * SECOND).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..1_000 {
        let breaker = breaker.clone();
        tasks.spawn(async move { breaker.call(work(1, true)).await.is_ok() });
    }
    let passed = tasks.join_all().await.into_iter().filter(|passed| *passed).count();
    assert_eq!((passed, breaker.state()), (3, State::Closed));
}

#[tokio::test(start_paused = true)]
async fn a_permit_may_go_to_a_task() {
    let breaker = breaker(BreakerConfig::default());
    let permit = breaker.try_acquire_owned().unwrap();
    let task = tokio::spawn(async move {
        sleep(SECOND).await;
        permit.failure();
    });
    task.await.unwrap();
    assert_eq!(breaker.snapshot().consecutive_failures, 1);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_is_aborted_cancels_its_call() {
    let breaker = breaker(BreakerConfig::default().with_consecutive_failures(1));
    let inner = breaker.clone();
    let task = tokio::spawn(async move { inner.call(work(5, true)).await });
    sleep(SECOND).await;
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    let seen = breaker.snapshot();
    assert_eq!((seen.state, seen.totals.cancelled), (State::Closed, 1));
}

//! The breaker as a tower layer.
#![cfg(feature = "tower")]
#![expect(clippy::panic, reason = "a service that panics is what is tested")]

use std::convert::Infallible;
use std::future::{Ready, poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use arb_breaker::{Breaker, BreakerConfig, BreakerLayer, CallError, Failure, Outcome, State};
use tower::{Layer, Service};

/// Answers with the status it is asked for; 0 panics.
#[derive(Clone)]
struct Statuses;

impl Service<u16> for Statuses {
    type Response = u16;
    type Error = Infallible;
    type Future = Ready<Result<u16, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, status: u16) -> Self::Future {
        ready(Ok(status))
    }
}

fn five_hundreds_fail(result: Result<&u16, &Infallible>) -> Outcome {
    match result {
        Ok(500..) => Outcome::Failure(Failure::remote()),
        Ok(_) => Outcome::Success,
        Err(never) => match *never {},
    }
}

#[tokio::test]
async fn responses_are_classified_and_an_open_breaker_rejects() {
    let breaker = Breaker::new("b", BreakerConfig::default()).unwrap();
    let layer = BreakerLayer::new(breaker.clone()).classified_by(five_hundreds_fail);
    let (mut service, mut other) = (layer.layer(Statuses), layer.layer(Statuses));
    for _ in 0..5 {
        poll_fn(|context| Service::<u16>::poll_ready(&mut service, context)).await.unwrap();
        assert_eq!(service.call(503).await, Ok(503));
    }
    assert!(matches!(other.call(200).await, Err(CallError::Rejected(_))));
    breaker.reset();
    assert_eq!(other.call(200).await, Ok(200));
    let totals = breaker.snapshot().totals;
    assert_eq!((totals.failures_remote, totals.rejected, totals.successes), (5, 1, 1));
}

#[tokio::test]
async fn a_dropped_request_is_cancelled() {
    let breaker = Breaker::new("b", BreakerConfig::default()).unwrap();
    let mut service = BreakerLayer::new(breaker.clone()).layer(Statuses);
    drop(service.call(200));
    assert_eq!(breaker.snapshot().totals.cancelled, 1);
}

/// Panics when it is polled.
struct Panics;

impl Service<()> for Panics {
    type Response = ();
    type Error = Infallible;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<(), Infallible>>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, (): ()) -> Self::Future {
        Box::pin(async { panic!("inside") })
    }
}

#[test]
fn a_request_that_panics_is_a_failure() {
    let config = BreakerConfig::default().with_consecutive_failures(1);
    let breaker = Breaker::new("b", config.with_open_time(Duration::from_secs(600))).unwrap();
    let mut request = Box::pin(BreakerLayer::new(breaker.clone()).layer(Panics).call(()));
    let poll = || request.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready();
    assert!(catch_unwind(AssertUnwindSafe(poll)).is_err());
    drop(request);
    let seen = breaker.snapshot();
    assert_eq!((seen.state, seen.totals.panics, seen.totals.cancelled), (State::Open, 1, 0));
}

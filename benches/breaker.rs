//! What does a closed breaker add to a call, on one thread and on two?
//!
//! The floor is an `AtomicU64::fetch_add` beside the call. With the feature `peers` other breakers
//! stand beside ours. Before anything is timed all contenders get the same input, 1,000 successes
//! and then failures: those that claim a window of the last 100 outcomes at 50 % must open at the
//! same failure, and for those that answer another question the difference is printed.
//!
//! Instructions a call, which no other load changes: `valgrind --tool=callgrind
//! target/release/deps/breaker-… --bench --profile-time 1 breaker_1_thread/arb_permit$`; its output names, for
//! each `Guard::call`, the number of calls and what they took together.
#![expect(clippy::print_stdout, reason = "the contenders' differences are part of the result")]

use std::hint::black_box;
use std::pin::pin;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use arb_breaker::{Breaker, BreakerConfig, CallError, Moment, Rate, SlowCalls, Window};
use criterion::{Criterion, criterion_group, criterion_main};

/// Something that guards a call.
trait Guard: Sync {
    /// Whether it opens when half of the last 100 outcomes failed.
    const SLIDING_HUNDRED: bool;

    /// Makes a call that succeeds or not; whether it was made.
    fn call(&self, good: bool) -> bool;
}

/// The call itself.
#[inline]
fn work(good: bool) -> Result<u64, ()> {
    if black_box(good) { Ok(black_box(1)) } else { Err(()) }
}

/// The call alone, with nothing around it: what is to be taken off each time to see what its guard adds.
struct Unguarded;

impl Guard for Unguarded {
    const SLIDING_HUNDRED: bool = false;

    #[inline]
    fn call(&self, good: bool) -> bool {
        black_box(work(good)).ok();
        true
    }
}

/// No breaker at all, but a count.
struct Floor(AtomicU64);

impl Guard for Floor {
    const SLIDING_HUNDRED: bool = false;

    #[inline]
    fn call(&self, good: bool) -> bool {
        self.0.fetch_add(1, Ordering::Relaxed);
        black_box(work(good)).ok();
        true
    }
}

/// Ours, as a bare permit; `SLIDING` where the rule is the one all are asked for.
struct ByPermit<const SLIDING: bool>(Breaker);
/// Ours, as `call_sync`.
struct ByCall(Breaker);
/// Ours, as `call`, polled to its end on the spot.
struct ByFuture(Breaker);
/// Ours with the times given by the caller, who has them in memory.
struct ByPermitAt {
    breaker: Breaker,
    started: Moment,
    ended: Moment,
}

impl<const SLIDING: bool> Guard for ByPermit<SLIDING> {
    const SLIDING_HUNDRED: bool = SLIDING;

    #[inline]
    fn call(&self, good: bool) -> bool {
        let Ok(permit) = self.0.try_acquire() else { return false };
        match work(good) {
            Ok(_) => permit.success(),
            Err(()) => permit.failure(),
        }
        true
    }
}

impl Guard for ByCall {
    const SLIDING_HUNDRED: bool = true;

    #[inline]
    fn call(&self, good: bool) -> bool {
        !matches!(self.0.call_sync(|| work(good)), Err(CallError::Rejected(_)))
    }
}

impl Guard for ByFuture {
    const SLIDING_HUNDRED: bool = true;

    #[inline]
    fn call(&self, good: bool) -> bool {
        let result = now_or_never(self.0.call(async { work(good) }));
        !matches!(result, Some(Err(CallError::Rejected(_))))
    }
}

impl Guard for ByPermitAt {
    const SLIDING_HUNDRED: bool = false;

    #[inline]
    fn call(&self, good: bool) -> bool {
        let Ok(permit) = self.breaker.try_acquire_at(self.started) else { return false };
        match work(good) {
            Ok(_) => permit.success_at(self.ended),
            Err(()) => permit.failure_at(self.ended),
        }
        true
    }
}

/// Polls a future that does not wait.
#[inline]
fn now_or_never<T>(call: impl Future<Output = T>) -> Option<T> {
    match pin!(call).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

/// The same rule as recloser's: 50 % of the last 100, nothing else.
fn hundred() -> BreakerConfig {
    BreakerConfig::default()
        .with_consecutive_failures(None)
        .with_failure_rate(Rate::percent(50))
        .with_window(Window::Count(100))
        .with_minimum_calls(100)
}

/// That rule and another beside it, over a count.
fn counted() -> Breaker {
    build(hundred().with_consecutive_failures(60))
}

/// Every rule on, over a window of time.
fn timed() -> Breaker {
    let window = Window::Time { span: Duration::from_secs(10), buckets: 10 };
    let slow = SlowCalls { longer_than: Duration::from_secs(1), rate: Rate::percent(50) };
    build(hundred().with_window(window).with_slow_calls(slow))
}

fn build(config: BreakerConfig) -> Breaker {
    match Breaker::new("bench", config) {
        Ok(breaker) => breaker,
        Err(error) => unreachable!("the bench's own settings are valid: {error}"),
    }
}

/// The failures it takes to open after 1,000 successes.
fn failures_to_open(guard: &impl Guard) -> Option<u32> {
    for _ in 0..1_000 {
        guard.call(true);
    }
    (0..5_000).find(|_| !guard.call(false))
}

fn check<G: Guard>(name: &str, guard: &G) {
    let failures = failures_to_open(guard);
    if G::SLIDING_HUNDRED {
        assert_eq!(failures, Some(50), "{name} does not slide over the last 100 outcomes");
    } else {
        println!("{name} answers another question: opens after {failures:?} failures");
    }
}

/// Times `new()` on one thread or on two that share it.
fn time<G: Guard>(criterion: &mut Criterion, threads: usize, name: &str, new: impl Fn() -> G) {
    if threads == 1 {
        check(name, &new());
        let guard = new();
        let mut group = criterion.benchmark_group("breaker_1_thread");
        group.bench_function(name, |bench| bench.iter(|| guard.call(true)));
        group.finish();
        return;
    }
    let guard = new();
    let mut group = criterion.benchmark_group("breaker_2_threads");
    group.bench_function(name, |bench| bench.iter_custom(|calls| together(&guard, calls)));
    group.finish();
}

/// How long two threads take that make `calls` calls each at the same time.
fn together(guard: &impl Guard, calls: u64) -> Duration {
    let start = Barrier::new(2);
    let run = || {
        start.wait();
        let began = Instant::now();
        for _ in 0..calls {
            guard.call(true);
        }
        began.elapsed()
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(run);
        let mine = run();
        other.join().map_or(mine, |others| mine.max(others))
    })
}

fn ours(criterion: &mut Criterion) {
    let now = Moment::from(Instant::now());
    for threads in [1, 2] {
        time(criterion, threads, "unguarded", || Unguarded);
        time(criterion, threads, "atomic", || Floor(AtomicU64::new(0)));
        time(criterion, threads, "arb_permit", || ByPermit::<true>(counted()));
        time(criterion, threads, "arb_call", || ByCall(counted()));
        time(criterion, threads, "arb_future", || ByFuture(counted()));
        time(criterion, threads, "arb_timed_given_now", || ByPermitAt {
            breaker: timed(),
            started: now,
            ended: now + Duration::from_millis(1),
        });
        time(criterion, threads, "arb_timed_clock", || ByPermit::<false>(timed()));
    }
}

#[cfg(feature = "peers")]
mod peers {
    use std::task::{Context, Poll, Waker};
    use std::time::Duration;

    use criterion::Criterion;
    use tower::{Service, ServiceExt};
    use tower_resilience_circuitbreaker::{CircuitBreakerError, CircuitBreakerLayer};

    use super::{Guard, time, work};

    impl Guard for recloser::Recloser {
        const SLIDING_HUNDRED: bool = true;

        #[inline]
        fn call(&self, good: bool) -> bool {
            !matches!(Self::call(self, || work(good)), Err(recloser::Error::Rejected))
        }
    }

    /// failsafe, whatever its policy.
    struct Failsafe<B>(B);

    impl<B: failsafe::CircuitBreaker + Sync> Guard for Failsafe<B> {
        const SLIDING_HUNDRED: bool = false;

        #[inline]
        fn call(&self, good: bool) -> bool {
            !matches!(self.0.call(|| work(good)), Err(failsafe::Error::Rejected))
        }
    }

    /// A clonable service, polled to its end on the spot, and what its rejections look like.
    struct Tower<S: Service<bool>>(S, fn(&S::Error) -> bool);

    impl<S> Guard for Tower<S>
    where
        S: Service<bool, Response = u64> + Clone + Sync,
    {
        const SLIDING_HUNDRED: bool = false;

        #[inline]
        fn call(&self, good: bool) -> bool {
            let mut call = std::pin::pin!(self.0.clone().oneshot(good));
            let mut context = Context::from_waker(Waker::noop());
            loop {
                if let Poll::Ready(result) = call.as_mut().poll(&mut context) {
                    return !result.is_err_and(|error| (self.1)(&error));
                }
                std::thread::yield_now();
            }
        }
    }

    pub(super) fn all(criterion: &mut Criterion) {
        for threads in [1, 2] {
            time(criterion, threads, "recloser", || {
                recloser::Recloser::custom().error_rate(0.5).closed_len(100).build()
            });
            time(criterion, threads, "failsafe", || Failsafe(failsafe::Config::new().build()));
            time(criterion, threads, "failsafe_consecutive", || {
                let backoff = failsafe::backoff::constant(Duration::from_secs(60));
                let policy = failsafe::failure_policy::consecutive_failures(5, backoff);
                Failsafe(failsafe::Config::new().failure_policy(policy).build())
            });
            time(criterion, threads, "tower_resilience", || {
                let layer = CircuitBreakerLayer::builder()
                    .failure_rate_threshold(0.5)
                    .sliding_window_size(100)
                    .minimum_number_of_calls(100)
                    .build();
                let service = tower::service_fn(|good| std::future::ready(work(good)));
                match layer {
                    Ok(layer) => Tower(layer.layer_fn(service), |error| {
                        matches!(error, CircuitBreakerError::OpenCircuit)
                    }),
                    Err(error) => unreachable!("the bench's own settings are valid: {error}"),
                }
            });
        }
    }
}

fn contenders(criterion: &mut Criterion) {
    arb_benches::measured::began("breaker");
    ours(criterion);
    #[cfg(feature = "peers")]
    peers::all(criterion);
}

criterion_group!(breaker, contenders);
criterion_main!(breaker);

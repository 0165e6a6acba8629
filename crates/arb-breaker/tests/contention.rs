//! Many real threads at once.
#![expect(clippy::unwrap_used, reason = "a test may stop at what it did not expect")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use arb_breaker::{Breaker, BreakerConfig, Event, Rate, State, Window};

/// Runs `work` on so many threads that all begin together.
fn together(threads: usize, work: impl Fn(usize) + Sync) {
    let start = Barrier::new(threads);
    thread::scope(|scope| {
        for index in 0..threads {
            let (start, work) = (&start, &work);
            let builder = thread::Builder::new().stack_size(128 * 1024);
            let run = move || {
                start.wait();
                work(index);
            };
            builder.spawn_scoped(scope, run).unwrap();
        }
    });
}

#[test]
fn a_thousand_callers_get_three_probes() {
    const CALLERS: usize = 1_000;
    let start = Instant::now();
    let config = BreakerConfig::default().with_consecutive_failures(1);
    let breaker = Breaker::new_at("b", config, start).unwrap();
    breaker.try_acquire_at(start).unwrap().failure_at(start);
    let now = start + Duration::from_secs(60);
    let admitted = AtomicUsize::new(0);
    let all_have_asked = Barrier::new(CALLERS);
    together(CALLERS, |_| {
        let permit = breaker.try_acquire_at(now).ok();
        admitted.fetch_add(usize::from(permit.is_some()), Ordering::Relaxed);
        all_have_asked.wait();
        if let Some(permit) = permit {
            permit.success_at(now);
        }
    });
    assert_eq!(admitted.into_inner(), 3);
    let seen = breaker.snapshot_at(now);
    assert_eq!((seen.state, seen.totals.rejected, seen.totals.successes), (State::Closed, 997, 3));
}

#[test]
fn cancelled_probes_never_let_more_through_than_there_are_places() {
    let start = Instant::now();
    let config = BreakerConfig::default().with_consecutive_failures(1).with_probes(2);
    let breaker = Breaker::new_at("b", config, start).unwrap();
    breaker.try_acquire_at(start).unwrap().failure_at(start);
    let now = start + Duration::from_secs(60);
    let (inside, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    together(8, |_| {
        for _ in 0..2_000 {
            let Ok(permit) = breaker.try_acquire_at(now) else { continue };
            most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            inside.fetch_sub(1, Ordering::SeqCst);
            permit.cancel_at(now);
        }
    });
    assert!((1..=2).contains(&most.into_inner()));
    let seen = breaker.snapshot_at(now);
    assert_eq!((seen.state, seen.probes_outstanding), (State::HalfOpen, 0));
    assert_eq!(seen.totals.rejected + seen.totals.cancelled, 16_000);
}

#[test]
fn every_outcome_is_counted_once() {
    const CALLS: u64 = 30_000;
    let slides = Window::Time { span: Duration::from_millis(3), buckets: 3 };
    for window in [Window::Count(64), slides] {
        let config = BreakerConfig::default()
            .with_consecutive_failures(None)
            .with_failure_rate(Rate::percent(100))
            .with_window(window);
        let breaker = Breaker::new("b", config).unwrap();
        together(4, |thread| {
            for call in 0..CALLS {
                let permit = breaker.try_acquire().unwrap();
                match (call + thread as u64) % 16 {
                    0 => permit.failure(),
                    1 => permit.ignore(),
                    2 => drop(permit),
                    _ => permit.success(),
                }
            }
        });
        let totals = breaker.snapshot().totals;
        let share = 4 * CALLS / 16;
        assert_eq!((totals.failures, totals.ignored, totals.cancelled), (share, share, share));
        assert_eq!((totals.successes, totals.stale), (13 * share, 0));
    }
}

#[test]
fn verdicts_on_either_side_of_a_change_are_counted_or_stale() {
    const CALLS: u64 = 20_000;
    let breaker = Breaker::new("b", BreakerConfig::default()).unwrap();
    let rejected = AtomicUsize::new(0);
    together(4, |thread| {
        for call in 0..CALLS {
            if thread == 0 && call % 100 == 0 {
                breaker.reset();
                breaker.force_open();
                breaker.reset();
            }
            match breaker.try_acquire() {
                Ok(permit) => permit.success(),
                Err(_) => drop(rejected.fetch_add(1, Ordering::Relaxed)),
            }
        }
    });
    let totals = breaker.snapshot().totals;
    let rejected = rejected.into_inner() as u64;
    assert_eq!(totals.rejected, rejected);
    assert_eq!(totals.successes + totals.stale + rejected, 4 * CALLS);
}

#[test]
fn listeners_hear_one_event_at_a_time_and_in_order() {
    let breaker = Breaker::new("b", BreakerConfig::default()).unwrap();
    let heard: Arc<Mutex<Vec<Event>>> = Arc::default();
    let (log, busy) = (Arc::clone(&heard), AtomicUsize::new(0));
    breaker.on_event(move |event| {
        assert_eq!(busy.fetch_add(1, Ordering::SeqCst), 0, "two at a time");
        log.lock().unwrap().push(event.clone());
        thread::yield_now();
        busy.fetch_sub(1, Ordering::SeqCst);
    });
    together(4, |_| {
        for _ in 0..100 {
            breaker.force_open();
            breaker.reset();
        }
    });
    let heard = heard.lock().unwrap();
    assert_eq!(heard.len(), 800);
    assert!(heard.iter().zip(0..).all(|(event, sequence)| event.sequence == sequence));
    let totals = breaker.snapshot().totals;
    assert_eq!((totals.events_dropped, totals.listener_panics), (0, 0));
}

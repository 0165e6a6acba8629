//! What a breaker tells: metrics, and listeners that misbehave.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arb_breaker::{Breaker, BreakerConfig, EventKind, Failure, Outcome, TripReason};

#[test]
fn a_listener_that_panics_is_counted_and_does_not_stop_the_others() {
    let breaker = Breaker::new("b", BreakerConfig::default()).unwrap();
    let heard = Arc::new(AtomicUsize::new(0));
    breaker.on_event(|_| panic!("listener"));
    let count = Arc::clone(&heard);
    breaker.on_event(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
    });
    breaker.force_open();
    breaker.reset();
    assert_eq!(heard.load(Ordering::SeqCst), 2);
    assert_eq!(breaker.snapshot().totals.listener_panics, 2);
}

#[test]
fn a_listener_that_floods_loses_the_oldest_and_it_is_counted() {
    let breaker = Breaker::new("b", BreakerConfig::default()).unwrap();
    let (own, heard) = (breaker.clone(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&heard);
    breaker.on_event(move |event| {
        count.fetch_add(1, Ordering::SeqCst);
        if event.sequence == 0 {
            (0..2_000).for_each(|_| own.force_open());
        }
    });
    breaker.force_open();
    assert_eq!(heard.load(Ordering::SeqCst), 1 + 1_024);
    assert_eq!(breaker.snapshot().totals.events_dropped, 2_000 - 1_024);
}

#[test]
fn metrics_only_reports_and_lets_pass() {
    let breaker = Breaker::new("b", BreakerConfig::default()).unwrap();
    breaker.metrics_only();
    let reasons = Arc::new(std::sync::Mutex::new(Vec::new()));
    let log = Arc::clone(&reasons);
    breaker.on_event(move |event| {
        if let EventKind::WouldOpen { reason } = event.kind {
            log.lock().unwrap().push(reason);
        }
    });
    for _ in 0..12 {
        breaker.try_acquire().unwrap().failure();
    }
    assert_eq!(*reasons.lock().unwrap(), [TripReason::ConsecutiveFailures { failures: 5 }; 2]);
    assert_eq!(breaker.snapshot().totals.would_open, 2);
}

#[test]
fn a_disabled_breaker_lets_pass_and_records_nothing() {
    let breaker = Breaker::new("b", BreakerConfig::default()).unwrap();
    breaker.disable();
    for _ in 0..100 {
        breaker.try_acquire().unwrap().failure();
    }
    assert_eq!(breaker.snapshot().totals, arb_breaker::Totals::default());
}

#[test]
fn an_unwind_passes_a_forced_open_breaker_and_takes_no_probes_place() {
    let breaker = Breaker::new("b", BreakerConfig::default()).unwrap();
    breaker.force_open();
    assert!(breaker.try_acquire().is_err());
    let unwind = breaker.attempt().risk_reducing().run_sync(|| Err::<(), _>("refused"));
    assert_eq!(unwind.unwrap_err().into_inner(), Some("refused"));
    breaker.acquire_risk_reducing().success();
    drop(breaker.acquire_risk_reducing());
    let totals = breaker.snapshot().totals;
    let apart = totals.risk_reducing;
    assert_eq!((apart.admitted, apart.admitted_unhealthy), (3, 3));
    assert_eq!((apart.successes, apart.failures, apart.cancelled), (1, 1, 1));
    assert_eq!((totals.successes, totals.failures, totals.cancelled), (0, 0, 0));
}

#[test]
fn an_observed_outcome_counts_while_closed_only() {
    let breaker = Breaker::new("b", BreakerConfig::default()).unwrap();
    (0..7).for_each(|_| breaker.record(Outcome::Failure(Failure::local())));
    let totals = breaker.snapshot().totals;
    assert_eq!((totals.failures_local, totals.opened, totals.stale), (5, 1, 2));
}

#[cfg(feature = "metrics")]
#[test]
fn the_metrics_show_every_call_and_the_state() {
    use metrics_util::debugging::{DebugValue, DebuggingRecorder};

    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || {
        let breaker = Breaker::new("kalshi", BreakerConfig::default()).unwrap();
        (0..1_500).for_each(|_| breaker.try_acquire().unwrap().success());
        (0..5).for_each(|_| breaker.record(Outcome::Failure(Failure::remote())));
        (0..100).for_each(|_| drop(breaker.try_acquire()));
    });
    let mut seen: Vec<String> = snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .map(|(key, _, _, value)| {
            let key = key.key();
            let labels: Vec<_> =
                key.labels().map(|l| format!("{}={}", l.key(), l.value())).collect();
            let value = match value {
                DebugValue::Counter(count) => count,
                DebugValue::Gauge(value) => value.into_inner() as u64,
                DebugValue::Histogram(_) => unreachable!(),
            };
            format!("{}{{{}}} {value}", key.name(), labels.join(","))
        })
        .filter(|line| !line.ends_with(" 0"))
        .collect();
    seen.sort_unstable();
    // The rejections are shown up to the last publication: every 64 steps behind the lock.
    let expected = [
        "arb_breaker_calls_total{breaker=kalshi,outcome=failure} 5",
        "arb_breaker_calls_total{breaker=kalshi,outcome=rejected} 59",
        "arb_breaker_calls_total{breaker=kalshi,outcome=success} 1500",
        "arb_breaker_failures_total{breaker=kalshi,origin=remote} 5",
        "arb_breaker_state{breaker=kalshi} 2",
        "arb_breaker_transitions_total{breaker=kalshi,to=open} 1",
    ];
    assert_eq!(seen, expected);
}

#[cfg(feature = "metrics")]
#[test]
fn successes_alone_reach_the_counters_at_every_1024th() {
    use metrics_util::debugging::{DebugValue, DebuggingRecorder};

    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let published = || {
        let success = |key: &metrics::Key| {
            key.name() == "arb_breaker_calls_total"
                && key.labels().any(|label| label.value() == "success")
        };
        let all = snapshotter.snapshot().into_vec().into_iter();
        let mut counts = all.filter_map(|(key, _, _, value)| match value {
            DebugValue::Counter(count) if success(key.key()) => Some(count),
            _ => None,
        });
        counts.next().unwrap_or_default()
    };
    metrics::with_local_recorder(&recorder, || {
        let breaker = Breaker::new("kalshi", BreakerConfig::default()).unwrap();
        let succeed = |calls| (0..calls).for_each(|_| breaker.try_acquire().unwrap().success());
        let seen = [1_023, 1, 1_023, 1].map(|calls| {
            succeed(calls);
            published()
        });
        assert_eq!(seen, [0, 1_024, 0, 2_048], "0 where nothing was published since the last look");
    });
}

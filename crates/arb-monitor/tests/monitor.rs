//! The whole, under paused time.

use std::time::{Duration, Instant};

use arb_monitor::alert::{
    AlertKind, AlertRule, Change, Comparison, DefaultRules, MemorySink, Notification, Ratio,
    RuleContext, Severity, Signal, SinkConfig, Stalled, Threshold,
};
use arb_monitor::health::{Checked, ComponentConfig, FnCheck, HealthReport, Overall};
use arb_monitor::window::{Aggregator, Select, Statistic, WindowConfig};
use arb_monitor::{Monitor, MonitorBuilder, MonitorConfig, MonitorError};
use tokio::time::sleep;

fn signal(name: &str) -> Signal {
    Signal::new(name, AlertKind::Performance, Severity::High, "wrong")
}

fn builder(aggregator: &Aggregator, memory: &MemorySink) -> MonitorBuilder {
    let config = MonitorConfig::default().with_interval(Duration::from_secs(5));
    Monitor::builder(config)
        .aggregator(aggregator.clone())
        .sink(SinkConfig::new("memory").with_watchdog(), memory.clone())
}

fn fresh() -> Aggregator {
    Aggregator::new(WindowConfig::default(), tokio::time::Instant::now().into_std())
}

fn of(memory: &MemorySink, name: &str) -> Vec<Change> {
    let named = |one: &Notification| (one.alert.name == name).then_some(one.change);
    memory.notifications().iter().filter_map(named).collect()
}

#[tokio::test(start_paused = true)]
async fn a_rule_fires_and_resolves_with_what_it_watches() {
    let (aggregator, memory) = (fresh(), MemorySink::new(1_000));
    let latency =
        metrics::with_local_recorder(&aggregator, || metrics::histogram!("t_seconds", "v" => "k"));
    let above = Comparison::Above(0.1);
    let rule = Threshold::new(signal("Slow"), Select::name("t_seconds"), Statistic::P95, above);
    let monitor = builder(&aggregator, &memory).rule(rule.samples_min(20)).start().unwrap();
    latency.record_many(0.5, 19);
    sleep(Duration::from_secs(6)).await;
    assert_eq!(of(&memory, "Slow"), [], "too few samples");
    latency.record(0.5);
    sleep(Duration::from_secs(6)).await;
    assert_eq!(of(&memory, "Slow"), [Change::Firing]);
    let alert = &monitor.handle().alerts()[0];
    assert_eq!(alert.labels["v"], "k");
    assert_eq!(alert.details, "t_seconds is 0.5, above 0.1");
    // The window passes.
    sleep(Duration::from_secs(310)).await;
    assert_eq!(of(&memory, "Slow"), [Change::Firing, Change::Resolved]);
    monitor.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_panics_is_itself_an_alert_and_the_others_go_on() {
    struct Panics;
    impl AlertRule for Panics {
        fn name(&self) -> &str {
            "Panics"
        }
        fn evaluate(&self, _: &RuleContext<'_>) -> Vec<Signal> {
            panic!("a rule panics")
        }
    }
    struct Always;
    impl AlertRule for Always {
        fn name(&self) -> &str {
            "Always"
        }
        fn evaluate(&self, _: &RuleContext<'_>) -> Vec<Signal> {
            vec![signal("Always")]
        }
    }
    let (aggregator, memory) = (fresh(), MemorySink::new(100));
    let monitor = builder(&aggregator, &memory).rule(Panics).rule(Always).start().unwrap();
    sleep(Duration::from_secs(60)).await;
    assert_eq!(of(&memory, "RulePanicked"), [Change::Firing]);
    assert_eq!(of(&memory, "Always"), [Change::Firing]);
    monitor.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_day_passes_in_seconds_and_leaves_bounded_traces() {
    let (aggregator, memory) = (fresh(), MemorySink::new(10_000));
    let monitor = builder(&aggregator, &memory).rules(DefaultRules::default().build()).start();
    let monitor = monitor.unwrap();
    let handle = monitor.handle();
    let well = FnCheck::new(|| async { Checked::healthy() });
    handle.add_component(ComponentConfig::required("db"), well).unwrap();
    let (frames, latency) = metrics::with_local_recorder(&aggregator, || {
        (
            metrics::counter!("arb_ws_messages_total", "venue" => "kalshi"),
            metrics::histogram!("arb_venues_request_seconds"),
        )
    });
    let id = handle.raise(signal("AllDay"));
    for step in 0..6 * (24 * 60 - 1) {
        // The feed stands still for two minutes every six hours.
        if step / 6 % 360 >= 2 {
            frames.increment(100);
        }
        latency.record_many(0.02, 50);
        sleep(Duration::from_secs(10)).await;
    }
    handle.clear(id);
    monitor.shutdown().await;
    // Told again every four hours.
    let expected = [&[Change::Firing][..], &[Change::Repeat; 5], &[Change::Resolved]].concat();
    assert_eq!(of(&memory, "AllDay"), expected);
    assert_eq!(of(&memory, "FeedStalled"), [Change::Firing, Change::Resolved].repeat(4));
    let watchdog = of(&memory, "Watchdog").len();
    assert!((1_439..=1_441).contains(&watchdog), "{watchdog}");
    assert!(aggregator.series_count() < 10);
    assert_eq!(handle.health().overall, Overall::Healthy);
}

#[tokio::test(start_paused = true)]
async fn settings_that_cannot_work_are_refused() {
    let (aggregator, memory) = (fresh(), MemorySink::new(1));
    let twice = builder(&aggregator, &memory).sink(SinkConfig::new("memory"), memory.clone());
    assert!(matches!(twice.start(), Err(MonitorError::DuplicateName { what: "sink", .. })));
    let never = Monitor::builder(MonitorConfig::default().with_interval(Duration::ZERO)).start();
    assert!(matches!(never, Err(MonitorError::Config { .. })));
}

/// One evaluation of a rule after some recording.
fn evaluate(rule: &dyn AlertRule, uptime: u64, record: impl FnOnce(&Aggregator)) -> Vec<Signal> {
    let start = Instant::now();
    let aggregator = Aggregator::new(WindowConfig::default(), start);
    metrics::with_local_recorder(&aggregator, || record(&aggregator));
    let health = HealthReport::default();
    let uptime = Duration::from_secs(uptime);
    rule.evaluate(&RuleContext::new(&aggregator, &health, start + uptime, uptime))
}

#[test]
fn a_ratio_is_judged_for_each_venue() {
    let rule = Ratio::new(
        signal("Errors"),
        Select::name("errors_total"),
        Select::name("requests_total"),
        "venue",
        0.05,
        20,
    );
    let signals = evaluate(&rule, 1, |_| {
        for (venue, requests, errors) in
            [("kalshi", 100, 6), ("polymarket", 100, 5), ("other", 10, 10)]
        {
            metrics::counter!("requests_total", "venue" => venue).increment(requests);
            metrics::counter!("errors_total", "venue" => venue, "kind" => "timeout")
                .increment(errors - 1);
            metrics::counter!("errors_total", "venue" => venue, "kind" => "status").increment(1);
        }
    });
    assert_eq!(signals.len(), 1);
    assert_eq!(signals[0].labels["venue"], "kalshi");
    assert_eq!(signals[0].details, "6 of 100 (6.0 %), more than 5.0 %");
}

#[test]
fn a_counter_that_never_moved_counts_from_the_start() {
    let rule = Stalled::new(signal("Stalled"), Select::name("frames"), Duration::from_secs(20));
    let silent = |uptime| {
        evaluate(&rule, uptime, |_| metrics::counter!("frames", "venue" => "kalshi").increment(0))
    };
    assert!(silent(20).is_empty());
    assert_eq!(silent(21)[0].labels["venue"], "kalshi");
    assert!(evaluate(&rule, 1_000, |_| {}).is_empty(), "no such feed");
}

#[test]
fn every_default_rule_fires_on_what_it_names() {
    type Case = (&'static str, fn());
    let cases: [Case; 10] = [
        ("ApiSlow", || metrics::histogram!("arb_venues_request_seconds").record_many(0.2, 20)),
        ("ApiErrors", || {
            metrics::counter!("arb_venues_requests_total", "venue" => "k").increment(100);
            metrics::counter!("arb_venues_failures_total", "venue" => "k").increment(10);
        }),
        ("DataStale", || metrics::gauge!("arb_scan_data_age_seconds").set(31.0)),
        ("BreakerOpen", || metrics::gauge!("arb_breaker_state", "breaker" => "k").set(2.0)),
        ("FeedStalled", || metrics::counter!("arb_ws_messages_total").increment(0)),
        ("DecoderDrift", || metrics::counter!("arb_scan_drift_total").increment(1)),
        ("FindingsLost", || metrics::counter!("arb_scan_findings_dropped_total").increment(1)),
        ("CacheDown", || metrics::gauge!("arb_cache_up").set(0.0)),
        ("RecordingFails", || metrics::gauge!("arb_ws_recorder_failing").set(1.0)),
        ("WrongBook", || metrics::counter!("arb_scan_wrong_books_total").increment(1)),
    ];
    for (name, record) in cases {
        let fired: Vec<_> = DefaultRules::default()
            .build()
            .iter()
            .flat_map(|rule| evaluate(rule.as_ref(), 60, |_| record()))
            .map(|signal| signal.name)
            .collect();
        assert_eq!(fired, [name]);
    }
    let quiet = DefaultRules::default().build();
    assert!(quiet.iter().all(|rule| evaluate(rule.as_ref(), 60, |_| {}).is_empty()));
}

#[tokio::test(start_paused = true)]
async fn an_unhealthy_whole_is_critical() {
    let (aggregator, memory) = (fresh(), MemorySink::new(100));
    let monitor =
        builder(&aggregator, &memory).rules(DefaultRules::default().build()).start().unwrap();
    let down = FnCheck::new(|| async { Checked::unhealthy("refused") });
    let config = ComponentConfig::required("db").every(Duration::from_secs(1));
    monitor.handle().add_component(config, down).unwrap();
    sleep(Duration::from_secs(15)).await;
    assert_eq!(of(&memory, "Unhealthy"), [Change::Firing]);
    assert_eq!(monitor.handle().alerts()[0].details, "db: refused");
    monitor.shutdown().await;
}

//! The window against an exact reference.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use arb_monitor::window::{Aggregator, Reading, Select, Statistic, Value, WindowConfig};
use proptest::prelude::*;

const SLOT: Duration = Duration::from_secs(5);

fn aggregator(start: Instant) -> Aggregator {
    Aggregator::new(WindowConfig::default(), start)
}

fn one(aggregator: &Aggregator, name: &str, now: Instant) -> Reading {
    let mut read = aggregator.read(&Select::name(name), now);
    assert_eq!(read.len(), 1, "{read:?}");
    read.remove(0)
}

fn exact(sorted: &[f64], q: f64) -> f64 {
    let rank = ((q * sorted.len() as f64).ceil() as usize).clamp(1, sorted.len());
    sorted[rank - 1]
}

#[derive(Debug, Clone)]
enum Step {
    Record(Vec<f64>),
    Close,
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        6 => (-25i32..35, 1.0f64..2.0).prop_map(|(exponent, part)| part * 2f64.powi(exponent)),
        2 => (-25i32..35, 1.0f64..2.0).prop_map(|(exponent, part)| -part * 2f64.powi(exponent)),
        1 => Just(0.0),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => prop::collection::vec(value(), 1..40).prop_map(Step::Record),
        2 => Just(Step::Close),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if std::env::var_os("ARB_LONG").is_some() { 20_000 } else { 200 }))]

    /// A window of four slots beside a queue of plain samples.
    #[test]
    fn statistics_agree_with_the_samples(steps in prop::collection::vec(step(), 1..60)) {
        let start = Instant::now();
        let config = WindowConfig::default().with_window(SLOT, SLOT * 4);
        let aggregator = Aggregator::new(config, start);
        let mut now = start;
        let mut slots: VecDeque<Vec<f64>> = VecDeque::from([Vec::new()]);
        metrics::with_local_recorder(&aggregator, || {
            let histogram = metrics::histogram!("h");
            for step in steps {
                match step {
                    Step::Record(values) => {
                        for &value in &values {
                            histogram.record(value);
                        }
                        slots.back_mut().unwrap().extend(values);
                    }
                    Step::Close => {
                        now += SLOT;
                        aggregator.advance(now);
                        slots.push_back(Vec::new());
                        // The open slot and the four that ended less than a window ago.
                        if slots.len() > 5 {
                            slots.pop_front();
                        }
                    }
                }
                let mut sorted: Vec<f64> = slots.iter().flatten().copied().collect();
                sorted.sort_by(f64::total_cmp);
                check(&aggregator, &sorted, now);
            }
        });
    }
}

fn check(aggregator: &Aggregator, sorted: &[f64], now: Instant) {
    let Value::Histogram(stats) = one(aggregator, "h", now).value else { unreachable!() };
    assert_eq!(stats.count, sorted.len() as u64);
    let (Some(&min), Some(&max)) = (sorted.first(), sorted.last()) else { return };
    assert_eq!((stats.min, stats.max), (min, max));
    let magnitude: f64 = sorted.iter().map(|value| value.abs()).sum();
    assert!((stats.sum - sorted.iter().sum::<f64>()).abs() <= magnitude * 1e-9);
    for (q, found) in [(0.5, stats.p50), (0.95, stats.p95), (0.99, stats.p99)] {
        let wanted = exact(sorted, q);
        let error = (found - wanted).abs();
        assert!(error <= wanted.abs() / 64.0 + 2.4e-10, "p{q}: {found} instead of {wanted}");
        assert_eq!(aggregator.quantile(&Select::name("h"), q), Some(found));
    }
}

#[test]
fn counters_have_rates_and_know_when_they_stopped() {
    let start = Instant::now();
    let aggregator = aggregator(start);
    let frames = metrics::with_local_recorder(&aggregator, || metrics::counter!("frames"));
    let mut now = start;
    for _ in 0..120 {
        frames.increment(50);
        now += SLOT;
        assert!(aggregator.advance(now));
    }
    let read = one(&aggregator, "frames", now);
    assert_eq!(read.get(Statistic::Count), Some(6_000.0));
    assert_eq!(read.get(Statistic::Increase), Some(3_000.0), "a window of 60 slots");
    assert_eq!(read.get(Statistic::RatePerSecond), Some(10.0));
    assert_eq!(read.get(Statistic::UnchangedSeconds), Some(0.0));
    now += Duration::from_secs(20);
    aggregator.advance(now);
    let read = one(&aggregator, "frames", now);
    assert_eq!(read.get(Statistic::UnchangedSeconds), Some(20.0));
    // A slept hour leaves nothing of the window.
    now += Duration::from_secs(3_600);
    aggregator.advance(now);
    aggregator.advance(now + SLOT);
    assert_eq!(one(&aggregator, "frames", now + SLOT).get(Statistic::Increase), Some(0.0));
}

#[test]
fn a_new_counter_does_not_start_with_a_spike() {
    let start = Instant::now();
    let aggregator = aggregator(start);
    metrics::with_local_recorder(&aggregator, || metrics::counter!("c").increment(10));
    let read = one(&aggregator, "c", start + Duration::from_millis(1));
    assert_eq!(read.get(Statistic::RatePerSecond), Some(2.0), "over one slot at least");
}

#[test]
fn gauges_keep_their_extremes_for_a_window() {
    let start = Instant::now();
    let aggregator = aggregator(start);
    metrics::with_local_recorder(&aggregator, || {
        let gauge = metrics::gauge!("g");
        assert!(aggregator.read(&Select::name("g"), start).is_empty(), "never set");
        gauge.set(5.0);
        gauge.set(-3.0);
        gauge.increment(4.0);
    });
    let read = one(&aggregator, "g", start);
    let of = |read: &Reading, statistic| read.get(statistic).unwrap();
    assert_eq!(of(&read, Statistic::Latest), 1.0);
    assert_eq!((of(&read, Statistic::Min), of(&read, Statistic::Max)), (-3.0, 5.0));
    let mut now = start;
    for _ in 0..61 {
        now += SLOT;
        aggregator.advance(now);
    }
    let read = one(&aggregator, "g", now);
    assert_eq!((of(&read, Statistic::Min), of(&read, Statistic::Max)), (1.0, 1.0));
}

#[test]
fn values_that_are_not_numbers_are_left_out() {
    let start = Instant::now();
    let aggregator = aggregator(start);
    metrics::with_local_recorder(&aggregator, || {
        let histogram = metrics::histogram!("h");
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 2.0] {
            histogram.record(value);
        }
        histogram.record_many(4.0, 3);
    });
    let Value::Histogram(stats) = one(&aggregator, "h", start).value else { unreachable!() };
    assert_eq!((stats.count, stats.sum, stats.avg, stats.latest), (4, 14.0, 3.5, Some(4.0)));
}

#[test]
fn labels_beyond_the_bound_share_one_series() {
    let start = Instant::now();
    let config = WindowConfig::default().with_series(1_000, 10);
    let aggregator = Aggregator::new(config, start);
    metrics::with_local_recorder(&aggregator, || {
        for market in 0..500u32 {
            metrics::counter!("frames", "market" => market.to_string()).increment(1);
        }
        metrics::counter!("other", "market" => "0").increment(1);
    });
    let read = aggregator.read(&Select::name("frames"), start);
    assert_eq!(read.len(), 11);
    let spilled = aggregator.read(&Select::name("frames").with("overflow", "true"), start);
    assert_eq!(spilled[0].get(Statistic::Count), Some(490.0));
    assert_eq!(aggregator.overflowed(), 490);
    assert_eq!(aggregator.read(&Select::name("other"), start).len(), 1);
    let total: f64 = read.iter().filter_map(|one| one.get(Statistic::Count)).sum();
    assert_eq!(total, 500.0, "nothing is lost but the label");
}

#[test]
fn no_sample_is_lost_while_slots_are_closed() {
    let start = Instant::now();
    let config = WindowConfig::default().with_window(Duration::from_nanos(1), SLOT * 1_000);
    let aggregator = Aggregator::new(config, start);
    let (threads, samples) = (4u64, 50_000u64);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..threads)
            .map(|thread| {
                let aggregator = &aggregator;
                scope.spawn(move || {
                    let (h, c) = metrics::with_local_recorder(aggregator, || {
                        (metrics::histogram!("h"), metrics::counter!("c"))
                    });
                    for sample in 0..samples {
                        h.record((sample % 97 + thread) as f64);
                        c.increment(1);
                    }
                })
            })
            .collect();
        scope.spawn(|| {
            let mut step = 0;
            while !done.load(Ordering::Relaxed) {
                step += 1;
                aggregator.advance(start + Duration::from_micros(step));
                std::thread::yield_now();
            }
        });
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        done.store(true, Ordering::Relaxed);
    });
    let now = start + SLOT;
    aggregator.advance(now);
    let Value::Histogram(stats) = one(&aggregator, "h", now).value else { unreachable!() };
    assert_eq!(stats.count, threads * samples);
    let each: u64 = (0..samples).map(|sample| sample % 97).sum();
    assert_eq!(stats.sum, (threads * each + samples * (1 + 2 + 3)) as f64);
    assert_eq!((stats.min, stats.max), (0.0, 99.0));
    assert_eq!(one(&aggregator, "c", now).get(Statistic::Count), Some((threads * samples) as f64));
}

#[test]
fn samples_are_passed_on() {
    let start = Instant::now();
    let second = aggregator(start);
    let first = Aggregator::with_forward(WindowConfig::default(), start, second.clone());
    metrics::with_local_recorder(&first, || {
        metrics::histogram!("h").record(1.5);
        metrics::counter!("c", "a" => "b").increment(2);
        metrics::gauge!("g").set(3.0);
    });
    assert_eq!(first.read_all(start), second.read_all(start));
    assert_eq!(second.series_count(), 3);
}

#[test]
fn the_course_of_a_window_can_be_drawn() {
    let start = Instant::now();
    let aggregator = aggregator(start);
    metrics::with_local_recorder(&aggregator, || {
        let histogram = metrics::histogram!("h", "venue" => "kalshi");
        for step in 1..=3u32 {
            histogram.record_many(f64::from(step), 10);
            aggregator.advance(start + SLOT * step);
        }
    });
    let history = aggregator.history(&Select::name("h"), 0.95, start + SLOT * 3);
    let (labels, points) = &history[0];
    assert_eq!(labels["venue"], "kalshi");
    let expected = [(SLOT * 2, 1.0), (SLOT, 2.0), (Duration::ZERO, 3.0)];
    assert_eq!(points.as_slice(), expected);
}

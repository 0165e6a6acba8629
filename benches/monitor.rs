//! What does it cost to record a sample, read a percentile, close a slot and raise an alert?
//!
//! A percentile read from buckets answers less than the exact one it stands beside: before it is timed it must be within the 1/64 that
//! a bucket allows, and the difference is printed.
#![expect(clippy::print_stdout, reason = "how much less is answered is part of the result")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a bench stops at the first surprise")]
#![allow(missing_docs, reason = "the criterion macro makes a public function")]

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use arb_benches::random::Random;
use arb_monitor::Moment;
use arb_monitor::alert::{AlertBook, AlertBookConfig, AlertKind, Severity, Signal};
use arb_monitor::prometheus::Exporter;
use arb_monitor::window::{Aggregator, Select, Value, WindowConfig};
use criterion::{Criterion, criterion_group, criterion_main};
use time::macros::datetime;

/// Samples of a window in the reading group.
const WINDOW: usize = 100_000;

/// Latencies as they come: most near 50 µs, a long tail. Repeatable.
fn samples() -> Vec<f64> {
    let mut random = Random::new();
    (0..WINDOW)
        .map(|_| {
            let normal: f64 = (0..12).map(|_| random.unit()).sum::<f64>() - 6.0;
            50e-6 * (0.8 * normal).exp()
        })
        .collect()
}

fn aggregator() -> Aggregator {
    Aggregator::new(WindowConfig::default(), Instant::now())
}

fn record(c: &mut Criterion) {
    arb_benches::measured::began("monitor");
    let samples = samples();
    let mut group = c.benchmark_group("monitor/record");
    let ours = aggregator();
    let (histogram, counter, gauge) = metrics::with_local_recorder(&ours, || {
        (metrics::histogram!("h_seconds"), metrics::counter!("c"), metrics::gauge!("g"))
    });
    let mut place = 0;
    let mut next = || {
        place = (place + 1) & 0xffff;
        samples[place]
    };
    let floor = AtomicU64::new(0);
    group.bench_function("floor: AtomicU64::fetch_add", |b| {
        b.iter(|| floor.fetch_add(black_box(next().to_bits() & 1), Relaxed));
    });
    group.bench_function("histogram", |b| b.iter(|| histogram.record(black_box(next()))));
    group.bench_function("counter", |b| {
        b.iter(|| counter.increment(black_box(next().to_bits() & 1)));
    });
    group.bench_function("gauge", |b| b.iter(|| gauge.set(black_box(next()))));
    group.bench_function("histogram through the macro, one label", |b| {
        metrics::with_local_recorder(&ours, || {
            b.iter(|| metrics::histogram!("m", "venue" => "kalshi").record(black_box(next())));
        });
    });
    let (both, exporter) = Exporter::beside(WindowConfig::default(), Instant::now()).unwrap();
    let histogram = metrics::with_local_recorder(&both, || metrics::histogram!("h_seconds"));
    group.bench_function("histogram, exporter beside, upkeep included", |b| {
        b.iter_custom(|rounds| {
            let started = Instant::now();
            for round in 0..rounds {
                histogram.record(black_box(next()));
                if round % 10_000 == 9_999 {
                    exporter.upkeep();
                }
            }
            exporter.upkeep();
            started.elapsed()
        });
    });
    group.finish();
}

/// The p95 of a window of 100,000 samples in sixty slots.
fn read(c: &mut Criterion) {
    let samples = samples();
    let mut group = c.benchmark_group("monitor/p95 of 100k samples");
    let start = Instant::now();
    let aggregator = Aggregator::new(WindowConfig::default(), start);
    metrics::with_local_recorder(&aggregator, || {
        let histogram = metrics::histogram!("h_seconds");
        for (slot, part) in (1..).zip(samples.chunks(WINDOW / 59)) {
            part.iter().for_each(|&sample| histogram.record(sample));
            aggregator.advance(start + Duration::from_secs(5) * slot);
        }
    });
    let select = Select::name("h_seconds");
    let now = start + Duration::from_secs(300);
    answers_less(&samples, &aggregator, &select, now);
    group.bench_function("aggregator, quantile", |b| {
        b.iter(|| aggregator.quantile(black_box(&select), 0.95));
    });
    group.bench_function("aggregator, all statistics", |b| {
        b.iter(|| aggregator.read(black_box(&select), now));
    });
    group.bench_function("copy and select_nth_unstable", |b| {
        b.iter(|| {
            let mut copy = black_box(&samples).clone();
            let (_, p95, _) = copy.select_nth_unstable_by(WINDOW * 95 / 100, f64::total_cmp);
            *p95
        });
    });
    group.finish();
}

/// A bucket is at most 1/32 of its lower edge wide, and its middle is told.
const BUCKET: f64 = 1.0 / 64.0;

/// Every sample is in the window, and the p95 lies within its bucket.
fn answers_less(samples: &[f64], aggregator: &Aggregator, select: &Select, now: Instant) {
    let held: Vec<_> = aggregator.read(select, now).into_iter().map(|one| one.value).collect();
    let [Value::Histogram(held)] = held[..] else { panic!("one histogram, not {held:?}") };
    assert_eq!(held.count, WINDOW as u64, "all are in the window");
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let exact = sorted[WINDOW * 95 / 100 - 1];
    let ours = aggregator.quantile(select, 0.95).unwrap();
    let off = (ours / exact - 1.0).abs();
    assert!(off <= BUCKET, "p95 {ours} is not within 1/64 of {exact}");
    println!(
        "the aggregator's p95 answers less: {ours:e} s where {exact:e} s is exact, {:.2} % off",
        100.0 * off
    );
}

/// Closing a slot of a thousand histograms that each got a hundred samples.
fn close(c: &mut Criterion) {
    let samples = samples();
    let mut group = c.benchmark_group("monitor/close a slot");
    group.sample_size(20);
    let mut now = Instant::now();
    let aggregator = Aggregator::new(WindowConfig::default().with_series(2_000, 2_000), now);
    let histograms: Vec<_> = metrics::with_local_recorder(&aggregator, || {
        (0..1_000).map(|series| metrics::histogram!("h", "n" => series.to_string())).collect()
    });
    group.bench_function("1,000 histograms, 100 samples each", |b| {
        b.iter_custom(|rounds| {
            let mut spent = Duration::ZERO;
            for _ in 0..rounds {
                for (series, histogram) in histograms.iter().enumerate() {
                    let from = series * 97 % (WINDOW - 100);
                    samples[from..from + 100].iter().for_each(|&one| histogram.record(one));
                }
                now += Duration::from_secs(5);
                let started = Instant::now();
                aggregator.advance(now);
                spent += started.elapsed();
            }
            spent
        });
    });
    group.finish();
}

fn alerts(c: &mut Criterion) {
    let mut group = c.benchmark_group("monitor/alert");
    let mut book = AlertBook::new(AlertBookConfig::default());
    let now = Moment { at: datetime!(2026-11-22 12:00 UTC), elapsed: Duration::from_secs(1) };
    let signal = |number: usize| {
        Signal::new("A", AlertKind::Connection, Severity::High, "a")
            .with_label("n", number.to_string())
    };
    for number in 0..1_000 {
        book.raise(signal(number), now);
    }
    group.bench_function("raise again, 1,000 in the book", |b| {
        b.iter(|| book.raise(signal(black_box(500)), now));
    });
    group.bench_function("tick, 1,000 in the book", |b| b.iter(|| book.tick(now)));
    group.finish();
}

criterion_group!(benches, record, read, close, alerts);
criterion_main!(benches);

//! What does a frame cost from its payload to a published trade, at full depth, as the pairs grow from 100 to 10,000?
//!
//! Half Kalshi deltas, half Polymarket price changes of two items: decode, apply, detect, size, assess, publish. Beside ours
//! stand a scanner written by hand (the floor), the popular bots' approach (which answers less: the touch only), and with the
//! feature `peers` the official Polymarket SDK with kalshi-pmx and books of decimals. Before anything is timed, all that answer
//! the same question must publish the same trades to the digit.
#![expect(clippy::print_stdout, reason = "the contenders' differences are part of the result")]
#![allow(missing_docs, reason = "the criterion macro makes a public function")]

use std::time::{Duration, Instant};

use arb_benches::bots::Bots;
use arb_benches::contender::{Contender, Tally};
use arb_benches::floor::Floor;
use arb_benches::ours::Ours;
use arb_benches::stream::Stream;
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};

/// Changes in a stream.
const CHANGES: usize = 20_000;

fn answer<C: Contender>(stream: &Stream) -> Tally {
    let mut contender = C::new(stream);
    contender.frames(&stream.opening);
    contender.frames(&stream.changes);
    contender.tally()
}

/// Times the changes of the stream; the snapshots before them are not timed.
fn time<C: Contender>(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, stream: &Stream) {
    group.bench_function(name, |bench| {
        bench.iter_custom(|passes| {
            let mut took = Duration::ZERO;
            for _ in 0..passes {
                let mut contender = C::new(stream);
                contender.frames(&stream.opening);
                let began = Instant::now();
                contender.frames(&stream.changes);
                took += began.elapsed();
            }
            took
        });
    });
}

fn pipelines(criterion: &mut Criterion) {
    arb_benches::measured::began("pipeline");
    for pairs in [100, 1_000, 10_000] {
        let stream = Stream::new(pairs, CHANGES);
        let ours = answer::<Ours>(&stream);
        assert!(ours.published > 0, "{pairs} pairs: where nothing pays, agreeing proves nothing");
        assert_eq!(ours, answer::<Floor>(&stream), "ours and the floor publish the same trades");
        #[cfg(feature = "peers")]
        assert_eq!(ours, answer::<arb_benches::sdk::Sdk>(&stream), "ours and the SDK's agree");
        let less = answer::<Bots>(&stream);
        println!(
            "{pairs} pairs: {} trades published of {CHANGES} changes; the bots' approach answers less and signals {}",
            ours.published, less.published
        );
        let mut group = criterion.benchmark_group(format!("pipeline_{pairs}_pairs"));
        group.throughput(Throughput::Elements(CHANGES as u64)).sample_size(20);
        time::<Ours>(&mut group, "arb", &stream);
        time::<Floor>(&mut group, "scanner_floor", &stream);
        time::<Bots>(&mut group, "bots_touch_only", &stream);
        #[cfg(feature = "peers")]
        time::<arb_benches::sdk::Sdk>(&mut group, "sdk_and_kalshi_pmx", &stream);
        group.finish();
    }
}

criterion_group!(benches, pipelines);
criterion_main!(benches);

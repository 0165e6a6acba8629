//! What does it cost to judge every pair anew, 1,000 and 100,000 of them?
//!
//! Beside ours stands a walk in decimals over every pair in both directions. Both must find the same trades before they are timed.
#![expect(clippy::print_stdout, reason = "how many trades there are is part of the question")]
#![allow(missing_docs, reason = "the criterion macro makes a public function")]

use std::hint::black_box;

use arb_benches::contender::{Contender, Published, Tally};
use arb_benches::decimal::{self, Prepared};
use arb_benches::ours::Ours;
use arb_benches::stream::Stream;
use arb_normalize::{Decode, MarketEvent, Venue, decoder};
use criterion::{Criterion, criterion_group, criterion_main};
use rust_decimal::Decimal;

/// One ladder, best first, as (price, size).
type Levels = Vec<(Decimal, Decimal)>;

/// For each pair what buys Kalshi YES, Kalshi NO, the first outcome and the second.
fn ladders(stream: &Stream) -> Vec<[Levels; 4]> {
    let mut decoders: [Box<dyn Decode>; 2] = Venue::ALL.map(decoder);
    let mut pairs: Vec<[Levels; 4]> = stream.names.iter().map(|_| Default::default()).collect();
    for frame in &stream.opening {
        let Ok(decoded) = decoders[frame.venue.index()].decode(frame.text.as_bytes()) else {
            continue;
        };
        let names = &stream.names[frame.pair];
        for event in decoded.events() {
            let MarketEvent::Snapshot(book) = event else { continue };
            if book.market == names.tokens[1] {
                continue;
            }
            let at = if frame.venue == Venue::Kalshi { 0 } else { 2 };
            let mut asks: Levels =
                book.asks.iter().map(|level| (level.price.into(), level.size.into())).collect();
            let mut bids: Levels = book
                .bids
                .iter()
                .map(|level| (level.price.complement().into(), level.size.into()))
                .collect();
            asks.sort();
            bids.sort();
            pairs[frame.pair][at] = asks;
            pairs[frame.pair][at + 1] = bids;
        }
    }
    pairs
}

fn walk_all(pairs: &[[Levels; 4]]) -> Tally {
    let mut tally = Tally::default();
    let (rate, poly_rate) = (Decimal::new(7, 2), Decimal::new(4, 2));
    for (pair, [yes, no, first, second]) in (0..).zip(pairs) {
        for (direction, kalshi, polymarket) in [(0, yes, second), (1, no, first)] {
            let (Some(a), Some(b)) = (kalshi.first(), polymarket.first()) else { continue };
            if a.0 + b.0 >= Decimal::ONE {
                continue;
            }
            let trade = decimal::size(
                Prepared::new(kalshi.iter().copied(), rate, true),
                Prepared::new(polymarket.iter().copied(), poly_rate, false),
            );
            if let Some((quantity, net)) = trade {
                let units = |value: Decimal, scale: u32| value * Decimal::from(10_u64.pow(scale));
                let quantity = u64::try_from(units(quantity, 6)).unwrap_or(0);
                let net = i128::try_from(units(net, 12)).unwrap_or(0);
                tally.add(&Published { pair, direction, quantity, net });
            }
        }
    }
    tally
}

fn rescans(criterion: &mut Criterion) {
    arb_benches::measured::began("scan");
    for pairs in [1_000, 100_000] {
        let stream = Stream::with_depth(pairs, 0, 8);
        let mut ours = Ours::new(&stream);
        ours.frames(&stream.opening);
        let decimals = ladders(&stream);
        drop(stream);
        let found = ours.scan_all();
        assert_eq!(found, walk_all(&decimals), "both find the same trades");
        println!("{} trades in {pairs} pairs", found.published);
        let mut group = criterion.benchmark_group(format!("scan_all_{pairs}_pairs"));
        group.sample_size(20);
        group.bench_function("arb", |bench| bench.iter(|| black_box(ours.scan_all())));
        group.bench_function("decimal_walk_all", |bench| {
            bench.iter(|| black_box(walk_all(black_box(&decimals))));
        });
        group.finish();
    }
}

criterion_group!(benches, rescans);
criterion_main!(benches);

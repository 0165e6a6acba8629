//! What does it cost to read one frame into numbers, kind by kind?
//!
//! Every contender reads the same frames into (book, side, price, size) in its own number type. Before anything is timed, what
//! they read must be the same for every frame, for every sample of the venues' messages kept in the tests, and, where the
//! variable `ARB_CAPTURES` names recordings, for each of their frames; kinds that a contender does not read are counted and
//! printed.
#![expect(clippy::print_stdout, reason = "what contenders cannot read is part of the result")]
#![allow(missing_docs, reason = "the criterion macro makes a public function")]

use std::hint::black_box;

use arb_benches::decoded::{ByScanner, Ours, Reads};
use arb_benches::stream::{Frame, Stream};
use arb_normalize::Venue;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// Frames of one kind.
struct Kind {
    name: &'static str,
    frames: Vec<Frame>,
}

fn kinds() -> Vec<Kind> {
    let stream = Stream::with_depth(200, 4_000, 40);
    let of = |frames: &[Frame], venue: Venue| -> Vec<Frame> {
        frames.iter().filter(|frame| frame.venue == venue).take(400).cloned().collect()
    };
    vec![
        Kind { name: "kalshi_delta", frames: of(&stream.changes, Venue::Kalshi) },
        Kind { name: "kalshi_snapshot_40", frames: of(&stream.opening, Venue::Kalshi) },
        Kind { name: "polymarket_price_change_2", frames: of(&stream.changes, Venue::Polymarket) },
        Kind {
            name: "polymarket_book_40",
            frames: of(&stream.opening, Venue::Polymarket).iter().map(first_book).collect(),
        },
    ]
}

/// The first of the two books that come after subscribing, alone as after a trade.
fn first_book(frame: &Frame) -> Frame {
    let books: Vec<&serde_json::value::RawValue> =
        serde_json::from_str(&frame.text).unwrap_or_default();
    let text = books.first().map_or_else(String::new, |book| book.get().to_owned());
    Frame { text, ..frame.clone() }
}

/// Holds a contender to what ours reads.
fn agree<C: Reads>(frames: &[Frame], exempt: bool) {
    let (mut ours, mut other) = (Ours::default(), C::default());
    let mut passed_over = 0_u32;
    for frame in frames {
        let expected = ours.levels(frame);
        match other.levels(frame) {
            Some(levels) => assert_eq!(Some(levels), expected, "{}: {}", C::NAME, frame.text),
            None if expected.as_ref().is_none_or(Vec::is_empty) => {}
            None if exempt => passed_over += 1,
            None => assert!(!C::ANSWERS(frame.venue), "{} cannot read {}", C::NAME, frame.text),
        }
    }
    if passed_over > 0 {
        println!(
            "{} cannot read {passed_over} of {} frames that hold levels",
            C::NAME,
            frames.len()
        );
    }
}

fn time<C: Reads>(criterion: &mut Criterion, kind: &Kind) {
    if !C::ANSWERS(kind.frames[0].venue) {
        return;
    }
    agree::<C>(&kind.frames, false);
    let mut group = criterion.benchmark_group(format!("decode_{}", kind.name));
    group.throughput(Throughput::Elements(1));
    let mut contender = C::default();
    let mut next = kind.frames.iter().cycle();
    group.bench_function(C::NAME, |bench| {
        bench.iter(|| next.next().map(|frame| black_box(contender.read(black_box(frame)))));
    });
    group.finish();
}

fn decoding(criterion: &mut Criterion) {
    arb_benches::measured::began("decode");
    #[cfg(feature = "peers")]
    {
        use arb_benches::decoded::peers::{KalshiPmx, Sdk, Sonic};
        let real = arb_benches::samples::frames();
        agree::<Sonic>(&real, true);
        agree::<Sdk>(&real, true);
        agree::<KalshiPmx>(&real, true);
        println!("{} frames of samples and recordings are read alike", real.len());
    }
    for kind in kinds() {
        time::<Ours>(criterion, &kind);
        time::<ByScanner>(criterion, &kind);
        #[cfg(feature = "peers")]
        {
            use arb_benches::decoded::peers::{KalshiPmx, Sdk, Sonic};
            time::<Sonic>(criterion, &kind);
            time::<Sdk>(criterion, &kind);
            time::<KalshiPmx>(criterion, &kind);
        }
    }
}

criterion_group!(benches, decoding);
criterion_main!(benches);

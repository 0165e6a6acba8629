//! What does it cost to size a trade over two books of 10 and 20 levels (most of which it takes)?
//!
//! Beside the same search in `rust_decimal`; then the touch test that comes before it, and one assessment.
//!
//! `cargo bench -p arb-benches --bench size`
//!
//! Both searches must find the same trades before either is timed; their ratio is printed first, the best of many rounds
//! in which they take turns, because a busy machine slows both. `--bench instructions` counts instructions, which no other load changes.
#![allow(missing_docs, reason = "the criterion macro makes a public function")]
#![expect(clippy::print_stdout, reason = "a report for the terminal")]

use std::hint::black_box;
use std::time::Instant;

use arb_benches::decimal::{self, Prepared};
use arb_benches::random::Random;
use arb_normalize::opportunity::{Action, OpportunityClass};
use arb_normalize::{
    Book, Ladder, Level, Opportunity, OpportunityLeg, Outcome, Price, Quantity, Side, Venue,
};
use arb_risk::assess::{Assessor, LegView, TradeView};
use arb_risk::fees::{KalshiFees, LegFees, PolymarketFees, Rate, Step};
use arb_risk::size::{Leg, SizeRequest};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use rust_decimal::Decimal;

const PAIRS: usize = 256;

/// A Kalshi and a Polymarket ladder, best last.
struct Pair {
    kalshi: Vec<Level>,
    polymarket: Vec<Level>,
}

fn ladder(random: &mut Random, best: u32, levels: usize) -> Vec<Level> {
    let mut price = best;
    let mut all: Vec<Level> = (0..levels)
        .filter_map(|_| {
            let size = Quantity::from_micros((100 + random.below(40_000)) * 10_000)?;
            let level = Level::new(Price::from_micros(price)?, size);
            price += 1_000 * (1 + u32::try_from(random.below(2)).ok()?);
            Some(level)
        })
        .collect();
    all.reverse();
    all
}

/// Pairs whose best prices leave about `edge` micro-dollars before fees.
fn pairs(edge: i64) -> Vec<Pair> {
    let mut random = Random::new();
    (0..PAIRS)
        .filter_map(|_| {
            let yes = 100_000 + u32::try_from(random.below(50)).ok()? * 10_000;
            let no = u32::try_from(1_000_000 - i64::from(yes) - edge).ok()?;
            Some(Pair {
                kalshi: ladder(&mut random, yes, 10),
                polymarket: ladder(&mut random, no, 20),
            })
        })
        .collect()
}

fn legs(pair: &Pair) -> [Leg<'_, LegFees>; 2] {
    let rate = Rate::from_units(4_000_000).unwrap_or_default();
    [
        Leg::buy(
            Ladder::from_best_last(&pair.kalshi),
            KalshiFees::taker().with_precision(Step::CENTICENT).into(),
        ),
        Leg::buy(Ladder::from_best_last(&pair.polymarket), PolymarketFees::new(rate).into()),
    ]
}

/// The same ladders in decimals, best first.
struct InDecimals {
    kalshi: Vec<(Decimal, Decimal)>,
    polymarket: Vec<(Decimal, Decimal)>,
}

fn in_decimals(pairs: &[Pair]) -> Vec<InDecimals> {
    let best_first = |levels: &[Level]| {
        levels.iter().rev().map(|level| (level.price.into(), level.size.into())).collect()
    };
    let each = pairs.iter().map(|pair| InDecimals {
        kalshi: best_first(&pair.kalshi),
        polymarket: best_first(&pair.polymarket),
    });
    each.collect()
}

/// The same search in decimals.
fn search(pair: &InDecimals) -> Option<(Decimal, Decimal)> {
    decimal::size(
        Prepared::new(pair.kalshi.iter().copied(), Decimal::new(7, 2), true),
        Prepared::new(pair.polymarket.iter().copied(), Decimal::new(4, 2), false),
    )
}

fn agree(pairs: &[Pair], decimals: &[InDecimals]) -> usize {
    pairs
        .iter()
        .zip(decimals)
        .filter(|(pair, decimals)| {
            let ours = SizeRequest::new(&legs(pair)).size().ok();
            let ours = ours.map(|trade| (Decimal::from(trade.quantity), Decimal::from(trade.net)));
            assert_eq!(ours, search(decimals), "both searches find the same trade");
            ours.is_some()
        })
        .count()
}

#[inline(never)]
fn ours(pair: &Pair) -> bool {
    SizeRequest::new(&legs(pair)).size().is_ok()
}

#[inline(never)]
fn theirs(pair: &InDecimals) -> bool {
    search(pair).is_some()
}

/// The least time of a call over many rounds.
fn fastest<P>(pairs: &[P], size: fn(&P) -> bool, least: &mut f64) {
    let started = Instant::now();
    let found = pairs.iter().filter(|pair| size(black_box(pair))).count();
    *least = least.min(started.elapsed().as_secs_f64() / pairs.len() as f64);
    assert_eq!(found, pairs.len(), "every pair has a trade");
}

fn print_ratio(pairs: &[Pair], decimals: &[InDecimals]) {
    let mut least = [f64::INFINITY; 2];
    for _ in 0..200 {
        fastest(pairs, ours, &mut least[0]);
        fastest(decimals, theirs, &mut least[1]);
    }
    let [ours, theirs] = least.map(|seconds| seconds * 1e9);
    println!("size: {ours:.0} ns, in decimals {theirs:.0} ns, ratio {:.1}", theirs / ours);
}

fn sizing(c: &mut Criterion) {
    arb_benches::measured::began("size");
    let good = pairs(60_000);
    let decimals = in_decimals(&good);
    assert_eq!(agree(&good, &decimals), PAIRS, "every pair has a trade");
    print_ratio(&good, &decimals);
    let mut group = c.benchmark_group("size");
    let mut next = (0..PAIRS).cycle();
    group.bench_function("10x20_levels", |b| {
        b.iter_batched(
            || legs(&good[next.next().unwrap_or(0)]),
            |legs| black_box(SizeRequest::new(black_box(&legs)).size().is_ok()),
            BatchSize::SmallInput,
        );
    });
    let mut next = (0..PAIRS).cycle();
    group.bench_function("10x20_levels_rust_decimal", |b| {
        b.iter_batched(
            || &decimals[next.next().unwrap_or(0)],
            |pair| black_box(search(black_box(pair)).is_some()),
            BatchSize::SmallInput,
        );
    });
    for (name, edge) in [("prices_leave_nothing", -10_000), ("fees_eat_it", 10_000)] {
        let poor = pairs(edge);
        let mut next = (0..PAIRS).cycle();
        group.bench_function(format!("reject/{name}"), |b| {
            b.iter_batched(
                || legs(&poor[next.next().unwrap_or(0)]),
                |legs| black_box(SizeRequest::new(black_box(&legs)).size().is_err()),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

/// A trade over the best 50 contracts of two books of 10 levels a side.
fn a_trade() -> Option<(Opportunity, Book, Book)> {
    let mut books = [Book::new(), Book::new()];
    for (book, bid) in books.iter_mut().zip([440_000, 490_000]) {
        for level in 0..10 {
            let size = Quantity::from_contracts(100)?;
            book.set(Side::Bid, Price::from_micros(bid - level * 10_000)?, size);
            book.set(Side::Ask, Price::from_micros(bid + 10_000 + level * 10_000)?, size);
        }
    }
    let [yes, no] = books;
    let legs = [
        Leg::buy(yes.buy(Outcome::Yes), LegFees::worst_known(Venue::Kalshi)),
        Leg::buy(no.buy(Outcome::No), LegFees::worst_known(Venue::Polymarket)),
    ];
    let request =
        SizeRequest { max_quantity: Quantity::from_contracts(50), ..SizeRequest::new(&legs) };
    let trade = request.size().ok()?;
    let outcomes = [(Venue::Kalshi, Outcome::Yes), (Venue::Polymarket, Outcome::No)];
    let legs = outcomes
        .iter()
        .zip(trade.legs())
        .map(|((venue, outcome), order)| OpportunityLeg {
            venue: *venue,
            market: "market".to_owned(),
            outcome: *outcome,
            action: Action::Buy,
            limit: order.limit,
            quantity: trade.quantity,
            cost_usd: order.cost,
            fee_usd: order.fee,
        })
        .collect();
    let opportunity = Opportunity {
        id: "episode".to_owned(),
        at: None,
        class: OpportunityClass::CrossVenue,
        pair: "pair".to_owned(),
        legs,
        quantity: trade.quantity,
        gross_usd: trade.gross,
        fees_usd: trade.fees,
        net_usd: trade.net,
    };
    Some((opportunity, yes, no))
}

fn assessing(c: &mut Criterion) {
    let Some((opportunity, yes, no)) = a_trade() else { unreachable!("two books that pay") };
    let views = [LegView::new(Venue::Kalshi, &yes), LegView::new(Venue::Polymarket, &no)];
    let assessor = Assessor::default();
    c.bench_function("assess/one_trade", |b| {
        b.iter(|| {
            let trade = TradeView::default();
            black_box(assessor.assess(black_box(&opportunity), black_box(&views), &trade).total)
        });
    });
}

criterion_group!(benches, sizing, assessing);
criterion_main!(benches);

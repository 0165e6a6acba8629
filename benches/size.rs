//! Sizing a trade over two books of 10 and 20 levels (most of which it takes), against the same search in `rust_decimal`; the touch test that
//! comes before it; and one assessment.
//!
//! `cargo bench -p arb-benches --bench size`
//!
//! Both searches must find the same trades before either is timed; their ratio is printed first, the best of many rounds
//! in which they take turns, because a busy machine slows both. Instructions a call, which no other load changes:
//! `valgrind --tool=callgrind --dump-instr=no target/release/deps/size-… --test` and `callgrind_annotate --inclusive=yes`,
//! where [`ours`] and [`theirs`] stand with their calls.
#![allow(missing_docs, reason = "the criterion macro makes a public function")]
#![expect(clippy::print_stdout, reason = "a report for the terminal")]

use std::hint::black_box;
use std::time::Instant;

use arb_normalize::opportunity::{Action, OpportunityClass};
use arb_normalize::{
    Book, Ladder, Level, Opportunity, OpportunityLeg, Outcome, Price, Quantity, Side, Venue,
};
use arb_risk::assess::{Assessor, LegView, TradeView};
use arb_risk::fees::{KalshiFees, LegFees, PolymarketFees, Rate, Step};
use arb_risk::size::{Leg, SizeRequest};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use rust_decimal::{Decimal, RoundingStrategy};

const PAIRS: usize = 256;

/// A Kalshi and a Polymarket ladder, best last.
struct Pair {
    kalshi: Vec<Level>,
    polymarket: Vec<Level>,
}

/// xorshift: the same books every run.
struct Random(u64);

impl Random {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }
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
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
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

/// The same search in decimals: walk both ladders while a contract pays, then look around for the best rounded value.
mod decimal {
    use super::{Decimal, Level, Pair, RoundingStrategy};

    struct Prepared {
        /// Price, cumulative size at its end, and before it: cost, exact fee, rounded fee; the fee of one contract.
        levels: Vec<[Decimal; 6]>,
        kalshi: bool,
    }

    fn ceil(value: Decimal, decimals: u32) -> Decimal {
        value.round_dp_with_strategy(decimals, RoundingStrategy::ToPositiveInfinity)
    }

    fn prepare(levels: &[Level], rate: Decimal, kalshi: bool) -> Prepared {
        let mut sums = [Decimal::ZERO; 4];
        let levels = levels
            .iter()
            .rev()
            .map(|level| {
                let (price, size) = (Decimal::from(level.price), Decimal::from(level.size));
                let unit = rate * price * (Decimal::ONE - price);
                let fee = unit * size;
                let [end, cost, exact, rounded] = sums;
                sums = [
                    end + size,
                    cost + price * size,
                    exact + fee,
                    rounded + if kalshi { ceil(fee, 6) } else { fee },
                ];
                [price, sums[0], cost, exact, rounded, unit]
            })
            .collect();
        Prepared { levels, kalshi }
    }

    impl Prepared {
        /// Exact and rounded outlay of `quantity`.
        fn outlay(&self, quantity: Decimal) -> Option<(Decimal, Decimal)> {
            let at = self.levels.iter().position(|level| quantity <= level[1])?;
            let start = if at == 0 { Decimal::ZERO } else { self.levels[at - 1][1] };
            let [price, _, cost, exact, rounded, unit] = self.levels[at];
            let size = quantity - start;
            let (cost, fee) = (cost + price * size, unit * size);
            let outlay = if self.kalshi {
                ceil(cost + rounded + ceil(fee, 6), 4)
            } else {
                cost + ceil(rounded + fee, 5)
            };
            Some((cost + exact + fee, outlay))
        }
    }

    pub(super) fn size(pair: &Pair) -> Option<(Decimal, Decimal)> {
        let legs = [
            prepare(&pair.kalshi, Decimal::new(7, 2), true),
            prepare(&pair.polymarket, Decimal::new(4, 2), false),
        ];
        let (mut at, mut top) = ([0, 0], Decimal::ZERO);
        while let (Some(a), Some(b)) = (legs[0].levels.get(at[0]), legs[1].levels.get(at[1])) {
            if a[0] + a[5] + b[0] + b[5] >= Decimal::ONE {
                break;
            }
            top = a[1].min(b[1]);
            at[0] += usize::from(a[1] == top);
            at[1] += usize::from(b[1] == top);
        }
        let top = top.floor();
        let mut best: Option<(Decimal, Decimal)> = None;
        for (step, mut quantity) in [(Decimal::ONE, top + Decimal::ONE), (-Decimal::ONE, top)] {
            while quantity > Decimal::ZERO {
                let outlays = legs[0].outlay(quantity).zip(legs[1].outlay(quantity));
                let Some(((exact_a, a), (exact_b, b))) = outlays else { break };
                let floor = best.map_or(Decimal::ZERO, |best| best.1);
                if quantity - exact_a - exact_b < floor {
                    break;
                }
                let value = quantity - a - b;
                let smaller = best.is_none_or(|best| quantity < best.0);
                if value > floor || (value == floor && smaller && best.is_some()) {
                    best = Some((quantity, value));
                }
                quantity += step;
            }
        }
        best
    }
}

fn agree(pairs: &[Pair]) -> usize {
    pairs
        .iter()
        .filter(|pair| {
            let ours = SizeRequest::new(&legs(pair)).size().ok();
            let ours = ours.map(|trade| (Decimal::from(trade.quantity), Decimal::from(trade.net)));
            assert_eq!(ours, decimal::size(pair), "both searches find the same trade");
            ours.is_some()
        })
        .count()
}

#[inline(never)]
fn ours(pair: &Pair) -> bool {
    SizeRequest::new(&legs(pair)).size().is_ok()
}

#[inline(never)]
fn theirs(pair: &Pair) -> bool {
    decimal::size(pair).is_some()
}

/// The least time of a call over many rounds.
fn fastest(pairs: &[Pair], size: fn(&Pair) -> bool, least: &mut f64) {
    let started = Instant::now();
    let found = pairs.iter().filter(|pair| size(black_box(pair))).count();
    *least = least.min(started.elapsed().as_secs_f64() / pairs.len() as f64);
    assert_eq!(found, pairs.len(), "every pair has a trade");
}

fn print_ratio(pairs: &[Pair]) {
    let mut least = [f64::INFINITY; 2];
    for _ in 0..200 {
        fastest(pairs, ours, &mut least[0]);
        fastest(pairs, theirs, &mut least[1]);
    }
    let [ours, theirs] = least.map(|seconds| seconds * 1e9);
    println!("size: {ours:.0} ns, in decimals {theirs:.0} ns, ratio {:.1}", theirs / ours);
}

fn sizing(c: &mut Criterion) {
    let good = pairs(60_000);
    assert_eq!(agree(&good), PAIRS, "every pair has a trade");
    print_ratio(&good);
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
            || &good[next.next().unwrap_or(0)],
            |pair| black_box(decimal::size(black_box(pair)).is_some()),
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
    let Some((opportunity, yes, no)) = a_trade() else { return };
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

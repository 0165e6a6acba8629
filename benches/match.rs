//! What does it cost to find candidates over whole catalogues, for one new market, and to judge a pair?
//!
//! With `--features peers` a batched Jaro-Winkler stands beside it, which answers less: it scores every title against every other, and
//! titles alone.
//!
//! Titles come from the files named by `ARB_KALSHI` and `ARB_POLYMARKET` (a Kalshi /markets body and an array of Gamma markets, plain
//! JSON); without them from templates of the same number and length.

#![expect(clippy::panic, clippy::expect_used, reason = "a bench stops at the first surprise")]
#![cfg_attr(
    feature = "peers",
    expect(clippy::print_stdout, reason = "the difference is part of the result")
)]

use std::hint::black_box;

use arb_match::{Catalogue, Proposition};
use arb_normalize::{Market, rest};
use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::json;

const KALSHI: usize = 13_828;
const POLYMARKET: usize = 3_066;

fn listings() -> (Vec<Market>, Vec<Market>) {
    let file = |name: &str| {
        let path = std::env::var_os(name)?;
        Some(std::fs::read(&path).unwrap_or_else(|error| panic!("{name} {path:?}: {error}")))
    };
    let kalshi = file("ARB_KALSHI").unwrap_or_else(made_kalshi);
    let polymarket = file("ARB_POLYMARKET").unwrap_or_else(made_polymarket);
    let kalshi = rest::kalshi::markets_page(&kalshi).expect("ARB_KALSHI is a /markets body");
    let polymarket = rest::polymarket::gamma_markets(&polymarket)
        .expect("ARB_POLYMARKET is an array of markets");
    (kalshi.items, polymarket.items)
}

const EVENTS: [&str; 8] = [
    "the 2026 presidential election",
    "the Stanley Cup",
    "Best Director at the Oscars",
    "the Premier League",
    "the mayoral race",
    "the Nobel Peace Prize",
    "Game of the Year",
    "the House race",
];

fn title(i: usize) -> String {
    let syllables = ["ber", "lan", "mor", "tis", "ka", "ven", "dro", "sil", "hu", "ne"];
    let name = |n: usize| {
        format!("{}{}{}", syllables[n % 10], syllables[n / 10 % 10], syllables[n / 100 % 10])
    };
    format!("Will {} {} win {}?", name(i), name(i / 7 + 13), EVENTS[i % EVENTS.len()])
}

fn made_kalshi() -> Vec<u8> {
    let market =
        |i: usize| json!({"ticker": format!("KX{i}-26"), "title": title(i), "status": "active"});
    json!({"markets": (0..KALSHI).map(market).collect::<Vec<_>>()}).to_string().into_bytes()
}

fn made_polymarket() -> Vec<u8> {
    let market = |i: usize| json!({"conditionId": format!("0x{i:x}"), "question": title(i * 3), "outcomes": ["Yes", "No"]});
    json!((0..POLYMARKET).map(market).collect::<Vec<_>>()).to_string().into_bytes()
}

fn filled(kalshi: &[Market], polymarket: &[Market]) -> Catalogue {
    let mut catalogue = Catalogue::new();
    for market in kalshi.iter().chain(polymarket) {
        catalogue.insert(market.clone());
    }
    catalogue
}

fn matching(c: &mut Criterion) {
    arb_benches::measured::began("match");
    let (kalshi, polymarket) = listings();
    assert!(kalshi.len() >= 10_000 && polymarket.len() >= 1_000, "catalogues were read");
    let (first, other) = (&kalshi[0], &polymarket[0]);
    let catalogue = filled(&kalshi, &polymarket);
    let mut group = c.benchmark_group("match");
    group.sample_size(10);
    group.bench_function("index_both_catalogues", |b| {
        b.iter(|| black_box(filled(&kalshi, &polymarket)))
    });
    group.bench_function("all_candidates", |b| b.iter(|| black_box(catalogue.all_candidates())));
    group.bench_function("candidates_of_a_new_market", |b| {
        b.iter(|| black_box(catalogue.candidates(first)))
    });
    group.bench_function("candidates_of_a_new_polymarket_market", |b| {
        b.iter(|| black_box(catalogue.candidates(other)))
    });
    group.bench_function("read_a_market", |b| b.iter(|| black_box(Proposition::read(first))));
    let (a, b_) = (Proposition::read(first), Proposition::read(other));
    group.bench_function("judge_a_pair", |b| b.iter(|| black_box(a.judge(&b_))));
    #[cfg(feature = "peers")]
    whole_catalogue(&mut group, &kalshi, &polymarket);
    ten_thousand(&mut group, &kalshi, &polymarket);
    group.finish();
}

/// 10,000 Kalshi markets against 10,000 others: indexing them and asking 100 sampled rows for their best, beside the same 100 rows
/// by Jaro-Winkler with the exact five best of each. Our candidates are exact too: a test of the crate scores every market. Times 100
/// the rows are the whole question.
fn ten_thousand(
    group: &mut criterion::BenchmarkGroup<'_, criterion::measurement::WallTime>,
    kalshi: &[Market],
    polymarket: &[Market],
) {
    let side: Vec<Market> = kalshi.iter().take(10_000).cloned().collect();
    let other: Vec<Market> = (0..10_000_usize)
        .filter_map(|i| {
            let mut market = polymarket.get(i % polymarket.len())?.clone();
            market.key.id = format!("0x{i:x}");
            if i >= polymarket.len() {
                market.title = kalshi.get(i)?.title.clone();
            }
            Some(market)
        })
        .collect();
    assert_eq!((side.len(), other.len()), (10_000, 10_000));
    let rows: Vec<&Market> = side.iter().step_by(100).collect();
    let catalogue = filled(&[], &other);
    let found = rows.iter().filter(|market| !catalogue.candidates(market).is_empty()).count();
    assert!(found > 50, "{found} of 100 rows have candidates");
    group.bench_function("ten_thousand_index", |b| b.iter(|| black_box(filled(&[], &other))));
    group.bench_function("ten_thousand_candidates_100_rows", |b| {
        b.iter(|| rows.iter().map(|market| catalogue.candidates(market).len()).sum::<usize>())
    });
    #[cfg(feature = "peers")]
    differ(&rows, &other, &catalogue);
    #[cfg(feature = "peers")]
    group.bench_function("ten_thousand_jaro_winkler_100_rows", |b| {
        b.iter(|| black_box(five_best(&rows, &other)))
    });
}

/// 64 sampled Kalshi titles against all Polymarket titles: times (number of Kalshi titles / 64) it is the whole catalogue.
#[cfg(feature = "peers")]
fn whole_catalogue(
    group: &mut criterion::BenchmarkGroup<'_, criterion::measurement::WallTime>,
    kalshi: &[Market],
    polymarket: &[Market],
) {
    let rows: Vec<&Market> = kalshi.iter().step_by(kalshi.len() / 64).take(64).collect();
    assert_eq!(rows.len(), 64);
    group.bench_function("rapidfuzz_jaro_winkler_64_rows", |b| {
        b.iter(|| black_box(five_best(&rows, polymarket)))
    });
}

/// Says in how many rows both find the same: it scores titles by their letters, we by their words and the rest of the market.
#[cfg(feature = "peers")]
fn differ(rows: &[&Market], others: &[Market], catalogue: &Catalogue) {
    let (mut first, mut five) = (0, 0);
    for (row, best) in rows.iter().zip(five_best(rows, others)) {
        let ours = catalogue.candidates(row);
        let found = |(_, at): &(f64, usize)| {
            ours.iter().any(|candidate| candidate.polymarket == others[*at].key.id)
        };
        let mut best = best;
        best.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        first += usize::from(best.first().is_some_and(found));
        five += best.iter().filter(|one| found(one)).count();
    }
    println!(
        "Jaro-Winkler answers less: of its best {first} of {} are among our candidates, of its five best {five} of {}",
        rows.len(),
        5 * rows.len()
    );
}

/// The five best similarities of each row's title, exactly, and whose they are.
#[cfg(feature = "peers")]
fn five_best(rows: &[&Market], others: &[Market]) -> Vec<Vec<(f64, usize)>> {
    use rapidfuzz::distance::jaro_winkler::BatchComparator;
    let best = |row: &&Market| {
        let scorer = BatchComparator::new(row.title.chars());
        let score = |other: &Market| scorer.normalized_similarity(other.title.chars());
        let mut scores: Vec<(f64, usize)> = others.iter().map(score).zip(0..).collect();
        scores.select_nth_unstable_by(4, |a, b| b.0.total_cmp(&a.0));
        scores.truncate(5);
        scores
    };
    rows.iter().map(best).collect()
}

criterion_group!(benches, matching);
criterion_main!(benches);

//! What does a book of 20 levels a side cost as MessagePack?
//!
//! To write and to read, and in bytes. Beside ours stands the plain form, arrays with decimals as texts. Before anything is timed
//! both must give the book back level by level.
#![expect(clippy::print_stdout, reason = "bytes are part of the result")]
#![expect(clippy::unwrap_used, reason = "a bench stops at the first surprise")]
#![allow(missing_docs, reason = "the criterion macro makes a public function")]

use std::hint::black_box;

use arb_cache::codec::{decode_book, encode_book};
use arb_normalize::{Book, Level, Price, Quantity};
use criterion::{Criterion, criterion_group, criterion_main};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// A book as serde writes it with decimals as texts, 20 levels a side.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Texts {
    bids: Vec<Text>,
    asks: Vec<Text>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Text {
    #[serde(with = "rust_decimal::serde::str")]
    price: Decimal,
    #[serde(with = "rust_decimal::serde::str")]
    size: Decimal,
}

fn book() -> Book {
    let mut book = Book::new();
    let level = |price: u32, size: u64| {
        let size = Quantity::from_micros(size * 10_000).unwrap_or_default();
        Level::new(Price::from_micros(price * 1_000).unwrap_or_default(), size)
    };
    // Tenths of a cent and hundredths of contracts, as the venues' finest common books have.
    let bids: Vec<_> =
        (0..20).map(|at| level(431 - 3 * at, 30_050 + 7_919 * u64::from(at))).collect();
    let asks: Vec<_> =
        (0..20).map(|at| level(437 + 2 * at, 1_275 + 104_729 * u64::from(at))).collect();
    book.replace(&bids, &asks);
    book
}

fn texts(book: &Book) -> Texts {
    let text = |level: Level| Text { price: level.price.into(), size: level.size.into() };
    Texts { bids: book.bids().map(text).collect(), asks: book.asks().map(text).collect() }
}

fn codec(criterion: &mut Criterion) {
    arb_benches::measured::began("codec");
    let book = book();
    let texts = texts(&book);
    let (mut columns, plain) = (Vec::new(), rmp_serde::to_vec(&texts).unwrap_or_default());
    encode_book(&book, &mut columns);
    let back = decode_book(&columns).map(|book| self::texts(&book));
    assert_eq!(back.ok(), Some(self::texts(&book)), "the columns give the book back");
    assert_eq!(rmp_serde::from_slice(&plain).ok(), Some(self::texts(&book)), "and so do the texts");
    println!(
        "codec: {} bytes in columns, {} as texts: {:.2}",
        columns.len(),
        plain.len(),
        columns.len() as f64 / plain.len() as f64
    );

    let mut group = criterion.benchmark_group("codec");
    let mut out = Vec::with_capacity(2048);
    group.bench_function("columns/encode", |bencher| {
        bencher.iter(|| {
            out.clear();
            encode_book(black_box(&book), &mut out);
            black_box(out.len())
        });
    });
    group.bench_function("columns/decode", |bencher| {
        bencher.iter(|| decode_book(black_box(&columns)));
    });
    group.bench_function("texts/encode", |bencher| {
        bencher.iter(|| {
            out.clear();
            rmp_serde::encode::write(&mut out, black_box(&texts)).unwrap();
            black_box(out.len())
        });
    });
    group.bench_function("texts/decode", |bencher| {
        bencher.iter(|| rmp_serde::from_slice::<Texts>(black_box(&plain)));
    });
    group.finish();
}

criterion_group!(benches, codec);
criterion_main!(benches);

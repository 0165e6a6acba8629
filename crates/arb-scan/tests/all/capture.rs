//! Dollars that late orders could have taken, each displayed contract once.
use std::time::Duration;

use arb_normalize::{Usd, Venue};
use arb_scan::{Captured, Pipeline, PipelineConfig, pairs};

use crate::support::{Memory, TICKER, TOKEN, at, delta, kalshi, level, polymarket};

/// Without fees, YES at 0.45 on Kalshi (60 contracts) and NO at 0.42 on Polymarket (100): 13 cents a contract.
fn open() -> Pipeline<Memory> {
    let latencies = vec![Duration::ZERO, Duration::from_millis(100)];
    let config = PipelineConfig::default().with_latencies(latencies);
    let mut pipeline = Pipeline::new(config, Memory::default());
    let file = format!(
        r#"[{{"id":"p","kalshi":"{TICKER}","polymarket_yes":"{TOKEN}","relation":"equal",
            "fees":{{"kalshi":{{"multiplier":"0"}},"polymarket":{{"rate":"0","exponent":"1"}}}}}}]"#
    );
    pipeline.replace_pairs(pairs::parse(&file).unwrap());
    let frame = kalshi(1, &[], &[level("0.55", "60")]);
    pipeline.on_frame(Venue::Kalshi, 0, at(0), frame.as_bytes());
    let frame = polymarket(&[level("0.58", "100")], &[level("0.60", "100")]);
    pipeline.on_frame(Venue::Polymarket, 0, at(10), frame.as_bytes());
    pipeline
}

fn step(pipeline: &mut Pipeline<Memory>, millis: i64, seq: u64, change: &str) {
    pipeline.on_frame(Venue::Kalshi, 0, at(millis), delta(seq, "no", "0.5500", change).as_bytes());
}

fn wait(pipeline: &mut Pipeline<Memory>, millis: i64) {
    pipeline.on_frame(Venue::Polymarket, 0, at(millis), b"PONG");
}

fn captured(pipeline: &Pipeline<Memory>) -> Vec<(String, u64, u64)> {
    let seen = |c: Captured| (c.net_usd.to_string(), c.filled, c.missed);
    pipeline.captured().map(seen).collect()
}

#[test]
fn an_order_takes_what_is_there_when_it_arrives() {
    let mut pipeline = open();
    assert_eq!(captured(&pipeline), [("0".into(), 0, 0), ("0".into(), 0, 0)]);
    // Half of Kalshi's 60 go before the late order arrives.
    step(&mut pipeline, 50, 2, "-30.00");
    wait(&mut pipeline, 200);
    assert_eq!(captured(&pipeline), [("7.8".into(), 1, 0), ("3.9".into(), 1, 0)]);
}

#[test]
fn what_is_gone_is_missed() {
    let mut pipeline = open();
    step(&mut pipeline, 50, 2, "-60.00");
    wait(&mut pipeline, 200);
    assert_eq!(captured(&pipeline), [("7.8".into(), 1, 0), ("0".into(), 0, 1)]);
}

#[test]
fn what_leaves_at_the_instant_an_order_arrives_is_gone() {
    let mut pipeline = open();
    step(&mut pipeline, 110, 2, "-30.00");
    wait(&mut pipeline, 200);
    assert_eq!(captured(&pipeline), [("7.8".into(), 1, 0), ("3.9".into(), 1, 0)]);
}

#[test]
fn what_stands_in_a_book_that_broke_is_missed() {
    let mut pipeline = open();
    pipeline.on_close(Venue::Kalshi, 0, at(50));
    wait(&mut pipeline, 200);
    assert_eq!(captured(&pipeline), [("7.8".into(), 1, 0), ("0".into(), 0, 1)]);
}

#[test]
fn a_displayed_contract_counts_once_until_its_level_grows() {
    let mut pipeline = open();
    wait(&mut pipeline, 200);
    assert_eq!(captured(&pipeline), [("7.8".into(), 1, 0), ("7.8".into(), 1, 0)]);
    // 20 of the 60 leave and the trade is shown anew: the other 40 were taken already.
    step(&mut pipeline, 300, 2, "-20.00");
    wait(&mut pipeline, 500);
    assert_eq!(captured(&pipeline), [("7.8".into(), 1, 0), ("7.8".into(), 1, 0)]);
    // 25 come: those are new, and Polymarket still has 40 of its 100.
    step(&mut pipeline, 600, 3, "25.00");
    wait(&mut pipeline, 800);
    assert_eq!(captured(&pipeline), [("11.05".into(), 2, 0), ("11.05".into(), 2, 0)]);
    // The level goes and comes back whole: all of it is new, and Polymarket has 15 left.
    step(&mut pipeline, 900, 4, "-65.00");
    step(&mut pipeline, 910, 5, "65.00");
    wait(&mut pipeline, 1_200);
    assert_eq!(captured(&pipeline), [("13".into(), 3, 0), ("13".into(), 3, 0)]);
    assert_eq!(Usd::from_micros(130_000).pico() * 100, Usd::from_micros(13_000_000).pico());
}

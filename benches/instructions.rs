//! How many instructions does a message take from payload to assessed trade, and a pair whose prices leave nothing?
//!
//! `valgrind` counts them in a second run of this program, because no other load of the machine changes them. Where it is not
//! installed nothing is counted, and the bench says so.
#![expect(clippy::print_stdout, reason = "the figures are the result")]
#![expect(clippy::unwrap_used, reason = "a bench stops at the first surprise")]

use std::process::Command;

use arb_benches::contender::Contender;
use arb_benches::measured;
use arb_benches::ours::Ours;
use arb_benches::stream::{Frame, Stream};
use arb_normalize::{Ladder, Level, Price, Quantity};
use arb_risk::fees::{KalshiFees, LegFees, PolymarketFees};
use arb_risk::size::{Leg, SizeRequest};

/// What the second run counts.
const QUESTION: &str = "ARB_COUNTED";
const PAIRS: usize = 1_000;
const MESSAGES: usize = 20_000;
const REJECTIONS: usize = 1_000;

#[inline(never)]
fn counted_messages(ours: &mut Ours, frames: &[Frame]) {
    ours.frames(frames);
}

fn messages() {
    let stream = Stream::new(PAIRS, MESSAGES);
    let mut ours = Ours::new(&stream);
    ours.frames(&stream.opening);
    counted_messages(&mut ours, &stream.changes);
    assert!(ours.tally().published > 100, "trades are among them");
}

#[inline(never)]
fn counted_rejections(legs: &[[Leg<'_, LegFees>; 2]]) -> usize {
    legs.iter().filter(|legs| SizeRequest::new(&legs[..]).has_gross_edge()).count()
}

/// Best prices that add up to a dollar and more, no two alike in a row.
fn rejections() {
    let level = |micros| [Level::new(Price::from_micros(micros).unwrap(), Quantity::MAX)];
    let ladders: Vec<[[Level; 1]; 2]> =
        (0..100).map(|n| [level(300_000 + 1_000 * n), level(700_000 + 500 * n)]).collect();
    let fees: [LegFees; 2] =
        [KalshiFees::taker().into(), PolymarketFees::new(Default::default()).into()];
    let legs: Vec<[Leg<'_, LegFees>; 2]> = ladders
        .iter()
        .cycle()
        .take(REJECTIONS)
        .map(|[yes, no]| {
            [
                Leg::buy(Ladder::from_best_last(yes), fees[0]),
                Leg::buy(Ladder::from_best_last(no), fees[1]),
            ]
        })
        .collect();
    assert_eq!(counted_rejections(std::hint::black_box(&legs)), 0, "none of them pays");
}

/// Instructions of the functions that are named so; `None` without valgrind.
fn count(question: &str) -> Option<f64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--collect-atstart=no"])
        .arg(format!("--toggle-collect=*counted_{question}*"))
        .arg(std::env::current_exe().unwrap())
        .env(QUESTION, question)
        .output()
        .ok()?;
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    let line = told.lines().find_map(|line| line.split_once("Collected : ")).unwrap();
    Some(line.1.trim().parse().unwrap())
}

fn report(what: &str, question: &str, times: usize, most: f64) {
    let Some(all) = count(question) else {
        println!("{what}: not counted, for valgrind is not installed");
        return;
    };
    let each = all / times as f64;
    assert!(each >= 5.0, "{what}: {each:.1} instructions, so they were not counted");
    println!("{what}: {each:.0} instructions (mark {most})");
    measured::keep(&format!("instructions/{question}"), each);
}

fn main() {
    match std::env::var(QUESTION).as_deref() {
        Ok("messages") => messages(),
        Ok(_) => rejections(),
        Err(_) => {
            measured::began("instructions");
            report("a message at 1,000 pairs", "messages", MESSAGES, 5_000.0);
            report("no edge", "rejections", REJECTIONS, 30.0);
        }
    }
}

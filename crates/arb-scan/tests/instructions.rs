//! An update costs the same instructions whatever else is on the board. Counted by `valgrind`, because no load of the machine changes
//! them; where that is not installed nothing is counted, and the test says so. The ordinary run compares 100 books with 10,000, the long one
//! with 100,000.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "all/count.rs"]
mod count;

use std::process::Command;

use arb_normalize::{Timestamp, Venue};
use arb_scan::{Pipeline, PipelineConfig, pairs};
use count::Count;

/// How many books the counted process keeps.
const BOOKS: &str = "ARB_BOOKS";
const UPDATES: usize = 5_000;
/// The first number of the stream: all of them have six digits.
const FIRST: usize = 100_001;

fn at(millis: i64) -> Option<Timestamp> {
    Timestamp::from_millis(1_795_187_045_000 + millis)
}

/// Half of the books are Kalshi's, half Polymarket's, each two a pair on which YES at 0.45 and NO at 0.42 pay.
fn board(books: usize) -> Pipeline<Count> {
    let mut pipeline = Pipeline::new(PipelineConfig::default(), Count::default());
    let fees = r#"{"kalshi":{"multiplier":"1","precision":"0.0001"},"polymarket":{"rate":"0.05","exponent":"1"}}"#;
    let entries: Vec<String> = (0..books / 2)
        .map(|n| format!(r#"{{"kalshi":"KXMARKET-27JAN-T{n:06}","polymarket_yes":"{n:077}","relation":"equal","fees":{fees}}}"#))
        .collect();
    pipeline.replace_pairs(pairs::parse(&format!("[{}]", entries.join(","))).unwrap());
    for n in 0..books / 2 {
        let frame = format!(
            r#"{{"type":"orderbook_snapshot","sid":1,"seq":{},"msg":{{"market_ticker":"KXMARKET-27JAN-T{n:06}","yes_dollars_fp":[["0.4200","80.00"],["0.4300","75.00"]],"no_dollars_fp":[["0.5400","90.00"],["0.5500","60.00"]]}}}}"#,
            FIRST + n
        );
        pipeline.on_frame(Venue::Kalshi, 0, at(0), frame.as_bytes());
        let frame = format!(
            r#"{{"event_type":"book","asset_id":"{n:077}","market":"0x{n:064}","bids":[{{"price":"0.58","size":"100"}}],"asks":[{{"price":"0.60","size":"100"}}],"timestamp":"1795187045000"}}"#
        );
        pipeline.on_frame(Venue::Polymarket, 0, at(0), frame.as_bytes());
    }
    pipeline
}

/// Updates of books all over the board, those of both venues in turn.
fn updates(books: usize) -> Vec<(Venue, String)> {
    let of_kalshi = books / 2;
    (0..UPDATES)
        .map(|number| {
            // A step that is prime to every size visits the whole board.
            let n = number / 2 * 7_919 % of_kalshi;
            let size = 60 + (number / 2 / of_kalshi + number) % 7;
            if number % 2 == 0 {
                let seq = FIRST + of_kalshi + number / 2;
                // Up in one pass over the board and down in the next, half of the books each.
                let up = (number / 2 + number / 2 / of_kalshi).is_multiple_of(2);
                let change = if up { "5.00" } else { "-5.00" };
                let frame = format!(
                    r#"{{"type":"orderbook_delta","sid":1,"seq":{seq},"msg":{{"market_ticker":"KXMARKET-27JAN-T{n:06}","market_id":"5f0c2a1e","price_dollars":"0.5500","delta_fp":"{change}","side":"no","ts_ms":1795187045123}}}}"#
                );
                (Venue::Kalshi, frame)
            } else {
                let frame = format!(
                    r#"{{"event_type":"price_change","market":"0x{n:064}","timestamp":"1795187045123","price_changes":[{{"asset_id":"{n:077}","price":"0.57","size":"{size}","side":"BUY","best_bid":"0.58","best_ask":"0.60"}}]}}"#
                );
                (Venue::Polymarket, frame)
            }
        })
        .collect()
}

/// What is counted.
#[inline(never)]
fn counted_updates(pipeline: &mut Pipeline<Count>, frames: &[(Venue, String)]) {
    for (venue, frame) in frames {
        pipeline.on_frame(*venue, 0, at(1), frame.as_bytes());
    }
}

#[test]
#[ignore = "the counted process of the other test"]
fn counted_process() {
    let books = std::env::var(BOOKS).unwrap().parse().unwrap();
    let (mut pipeline, frames) = (board(books), updates(books));
    assert_eq!(pipeline.counts().episodes, books as u64 / 2, "every pair pays");
    counted_updates(&mut pipeline, &frames);
    assert_eq!(pipeline.counts().decoded, (books + UPDATES) as u64);
    assert!(pipeline.sink().0 > books as u64 / 2 + UPDATES as u64 / 4, "and is told of again");
    assert_eq!(pipeline.counts().gaps, 0);
}

/// Instructions of [`UPDATES`] on a board of so many books; `None` without valgrind.
fn instructions(books: usize) -> Option<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .args(["--collect-atstart=no", "--toggle-collect=*counted_updates*"])
        .arg(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "counted_process", "--test-threads=1"])
        .env(BOOKS, books.to_string())
        .output()
        .ok()?;
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stdout));
    let line = told.lines().find_map(|line| line.split_once("Collected : ")).unwrap();
    Some(line.1.trim().parse().unwrap())
}

#[test]
fn an_update_costs_the_same_with_a_hundred_books_and_with_many_thousand() {
    let most = if std::env::var_os("ARB_LONG").is_some() { 100_000 } else { 10_000 };
    let Some(few) = instructions(100) else {
        println!("valgrind is not installed: nothing is counted");
        return;
    };
    let many = instructions(most).unwrap();
    let each = |all: u64| all / UPDATES as u64;
    println!("{} instructions an update with 100 books, {} with {most}", each(few), each(many));
    assert!(few > UPDATES as u64 * 500, "{few} instructions: the updates were not counted");
    assert!(
        many.abs_diff(few) * 20 <= few,
        "{} instructions an update with 100 books, {} with {most}",
        each(few),
        each(many)
    );
}

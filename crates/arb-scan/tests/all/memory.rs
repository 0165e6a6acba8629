//! What books cost, and that a frame costs no allocation.
use arb_normalize::Venue;
use arb_normalize::books::TrackedBook;
use arb_scan::{Pipeline, PipelineConfig, pairs};

use crate::count::Count;
use crate::support::at;

/// A snapshot of ten levels a side; `huge` sizes do not fit 32 bits of hundredths.
fn snapshot(number: usize, seq: usize, huge: bool, fine: bool) -> String {
    let size = if huge { "50000000.00" } else { "120.00" };
    let tick = if fine { "5" } else { "0" };
    let side = |from: usize| {
        let levels = (0..10).map(|n| format!(r#"["0.{}{tick}0","{size}"]"#, from + n));
        levels.collect::<Vec<_>>().join(",")
    };
    format!(
        r#"{{"type":"orderbook_snapshot","sid":1,"seq":{seq},"msg":{{"market_ticker":"KXMARKET-27JAN-T{number:06}","yes_dollars_fp":[{}],"no_dollars_fp":[{}]}}}}"#,
        side(30),
        side(45)
    )
}

/// Its number in the list of its subscription (4 bytes) and its best prices (8), and as much again for the lists' growth.
const LISTED: usize = 24;

/// Books that are not measured.
const WARM_UP: usize = 1_000;

/// Bytes that so many books take (after the first thousand), and that as many take of which only the name is known.
fn bytes(books: usize, huge: bool, fine: bool) -> (usize, usize) {
    let mut total = [0, 0];
    for (heard, total) in [true, false].into_iter().zip(&mut total) {
        let mut pipeline = Pipeline::new(PipelineConfig::default(), Count::default());
        for number in 0..books + WARM_UP {
            let frame = heard.then(|| snapshot(number, number + 1, huge, fine));
            let name = format!("KXMARKET-27JAN-T{number:06}");
            let used = allocation_counter::measure(|| match &frame {
                Some(frame) => pipeline.on_frame(Venue::Kalshi, 0, at(1), frame.as_bytes()),
                None => pipeline.set_close_at(Venue::Kalshi, &name, None),
            });
            // The first frames also pay for what all books share.
            if number >= WARM_UP {
                *total += used.bytes_current;
            }
        }
        assert_eq!(pipeline.board().books(Venue::Kalshi).len(), books + WARM_UP);
    }
    total.map(|bytes| usize::try_from(bytes).unwrap()).into()
}

#[test]
fn a_hundred_thousand_books_cost_what_is_stated() {
    for (books, huge, fine, most) in [
        (100_000, false, false, 1_200),
        (10_000, true, false, 1_800),
        (10_000, false, true, 128 + 20 * 16),
    ] {
        let (heard, known) = bytes(books, huge, fine);
        let each = (heard - known) / books + size_of::<TrackedBook>();
        println!(
            "huge {huge} fine {fine}: {each} bytes a book, {} with name and index",
            heard / books
        );
        assert!(
            each <= most + LISTED,
            "huge {huge} fine {fine}: {each} bytes a book, {most} stated"
        );
        // A place on the board for it: its name in the index and beside it, lists of what it is part of, their growth.
        assert!(heard / books <= each + 384, "{} bytes a market", heard / books);
    }
}

#[test]
fn a_frame_allocates_nothing_while_trades_stay_open() {
    let mut pipeline = Pipeline::new(PipelineConfig::default(), Count::default());
    let fees = r#"{"kalshi":{"multiplier":"1","precision":"0.0001"},"polymarket":{"rate":"0.05","exponent":"1"}}"#;
    let file: Vec<String> = (0..20)
        .map(|n| format!(r#"{{"kalshi":"KXMARKET-27JAN-T{n:06}","polymarket_yes":"{n}","relation":"equal","fees":{fees}}}"#))
        .collect();
    pipeline.replace_pairs(pairs::parse(&format!("[{}]", file.join(","))).unwrap());
    for n in 0..20 {
        pipeline.on_frame(Venue::Kalshi, 0, at(0), snapshot(n, n + 1, false, false).as_bytes());
        // NO at 0.35 with Kalshi's YES at 0.46 pays, and goes on paying.
        let frame = format!(
            r#"{{"event_type":"book","asset_id":"{n}","market":"0xfc","bids":[{{"price":"0.65","size":"500"}}],"asks":[{{"price":"0.66","size":"500"}}],"timestamp":"1"}}"#
        );
        pipeline.on_frame(Venue::Polymarket, 0, at(0), frame.as_bytes());
    }
    let frames: Vec<String> = (21..4_021)
        .map(|seq| {
            let change = if (seq / 20) % 2 == 0 { "5.00" } else { "-5.00" };
            format!(
                r#"{{"type":"orderbook_delta","sid":1,"seq":{seq},"msg":{{"market_ticker":"KXMARKET-27JAN-T{:06}","price_dollars":"0.5400","delta_fp":"{change}","side":"no"}}}}"#,
                seq % 20
            )
        })
        .collect();
    let mut pass = |frames: &[String]| {
        for frame in frames {
            pipeline.on_frame(Venue::Kalshi, 0, at(1), frame.as_bytes());
        }
    };
    let (first, second) = frames.split_at(2_000);
    pass(first);
    let measured = allocation_counter::measure(|| pass(second));
    assert_eq!(measured.count_total, 0, "{measured:?}");
    assert!(pipeline.sink().0 > 4_000, "every change is shown: {}", pipeline.sink().0);
    assert_eq!(pipeline.counts().decoded, 4_040);
}

//! In the steady state a frame is decoded and applied without an allocation, and no frame takes more memory than stated.
use arb_normalize::books::{Books, FrameReport};
use arb_normalize::decode::{MEMORY_PER_BYTE, decoder};
use arb_normalize::{Timestamp, Venue};

fn kalshi(seq: u64, market: u64, in_order: bool) -> String {
    let (price, change) = (40 + seq % 7, if seq.is_multiple_of(2) { "5.00" } else { "-1.25" });
    let body = format!(
        r#""market_ticker":"KXTEST-26NOV22-T{market}","market_id":"5f0c2a1e-7b34","price_dollars":"0.{price}00","delta_fp":"{change}","side":"no","ts_ms":1795187045123"#
    );
    let extra = if in_order { "" } else { r#""new_field":{"a":[1,2]},"# };
    format!(r#"{{"type":"orderbook_delta","sid":1,"seq":{seq},"msg":{{{extra}{body}}}}}"#)
}

fn polymarket(step: u64, market: u64) -> String {
    let tick = 400 + step % 17;
    let no = 1000 - tick;
    format!(
        r#"{{"event_type":"price_change","market":"0xfc","price_changes":[{{"asset_id":"{market}1","price":"0.{tick}","size":"{step}.5","side":"BUY","hash":"a4"}},{{"asset_id":"{market}2","price":"0.{no}","size":"{step}.5","side":"SELL","hash":"a4"}}],"timestamp":"1795187045120"}}"#
    )
}

/// Every market's snapshot, and then two runs of changes whose numbers go on.
fn stream(venue: Venue) -> Vec<String> {
    let mut frames = Vec::new();
    match venue {
        Venue::Kalshi => {
            for market in 0..20 {
                frames.push(format!(
                    r#"{{"type":"orderbook_snapshot","sid":1,"seq":{},"msg":{{"market_ticker":"KXTEST-26NOV22-T{market}","market_id":"5f0c2a1e-7b34","yes_dollars_fp":[["0.2000","10.00"],["0.2100","7.00"]],"no_dollars_fp":[["0.4000","100000.00"],["0.4100","100000.00"],["0.4200","100000.00"],["0.4300","100000.00"],["0.4400","100000.00"],["0.4500","100000.00"],["0.4600","100000.00"]]}}}}"#,
                    market + 1
                ));
            }
            frames.extend((21..4000).map(|seq| kalshi(seq, seq % 20, !seq.is_multiple_of(5))));
        }
        _ => {
            for market in 0..20 {
                frames.push(format!(
                    r#"[{{"event_type":"book","asset_id":"{market}1","market":"0xfc","bids":[{{"price":"0.401","size":"3"}}],"asks":[],"timestamp":"1"}},{{"event_type":"book","asset_id":"{market}2","market":"0xfc","bids":[],"asks":[{{"price":"0.599","size":"3"}}],"timestamp":"1"}}]"#
                ));
            }
            frames.extend((1..3980).map(|step| polymarket(step, step % 20)));
        }
    }
    frames
}

#[test]
fn the_second_pass_over_a_stream_allocates_nothing() {
    for venue in Venue::ALL {
        let frames = stream(venue);
        let mut decoder = decoder(venue);
        let (mut books, mut report) = (Books::new(venue), FrameReport::default());
        let mut at = 1;
        let mut pass = |frames: &[String], touched: &mut usize| {
            for frame in frames {
                at += 1;
                let decoded = decoder.decode(frame.as_bytes()).unwrap();
                books.apply(0, Timestamp::from_millis(at), &decoded, &mut report);
                *touched += report.touched.len();
            }
        };
        let (mut first, mut second) = (0, 0);
        let (opening, rest) = frames.split_at(2010);
        pass(opening, &mut first);
        let measured = allocation_counter::measure(|| pass(rest, &mut second));
        assert!(first >= 2000 && second >= 1980, "{venue} {first} {second}");
        assert_eq!(measured.count_total, 0, "{venue}: {measured:?}");
    }
}

#[test]
fn no_frame_takes_more_memory_than_stated() {
    let worst = [
        (Venue::Polymarket, format!("[{}{{}}]", "{},".repeat(100_000))),
        (Venue::Polymarket, format!("[{}{{}}]", r#"{"event_type":"\u0061"},"#.repeat(10_000))),
        (
            Venue::Polymarket,
            format!(
                r#"{{"event_type":"book","asset_id":"1","market":"","bids":[{}{{"size":"0","price":"0"}}],"asks":[],"timestamp":"1"}}"#,
                r#"{"price":"0","size":"0"},"#.repeat(50_000)
            ),
        ),
        (
            Venue::Kalshi,
            format!(
                r#"{{"type":"orderbook_snapshot","sid":1,"seq":1,"msg":{{"market_ticker":"A","yes":[{}[1,1]]}}}}"#,
                "[1,1],".repeat(100_000)
            ),
        ),
        (Venue::Kalshi, "[".repeat(1_000_000)),
    ];
    for (venue, frame) in worst {
        let mut decoder = decoder(venue);
        let measured = allocation_counter::measure(|| {
            assert!(
                std::hint::black_box(decoder.decode(frame.as_bytes())).is_ok()
                    || frame.starts_with("[[")
            )
        });
        let bound = MEMORY_PER_BYTE * frame.len() + 4096;
        println!("{venue} {} bytes a byte", measured.bytes_max / frame.len() as u64);
        assert!(measured.bytes_max <= bound as u64, "{venue} {measured:?} for {}", frame.len());
    }
}

//! Recordings and listings that are not part of this repository: where `ARB_SHARED` names a folder that has them under
//! `data/`, every frame must decode and every book come out right. Skipped where the variable is absent.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;

use arb_normalize::books::{BookState, Books, FrameReport};
use arb_normalize::decode::{Decode, decoder};
use arb_normalize::{Timestamp, Venue};
use serde::Deserialize;

fn data(path: &str) -> Option<PathBuf> {
    std::env::var_os("ARB_SHARED").map(|shared| PathBuf::from(shared).join("data").join(path))
}

fn unzip(path: &str) -> Option<String> {
    let file = std::fs::File::open(data(path)?).unwrap();
    let mut text = String::new();
    flate2::read::MultiGzDecoder::new(file).read_to_string(&mut text).unwrap();
    Some(text)
}

#[derive(Deserialize)]
struct Line {
    received_at_ns: i64,
    venue: Venue,
    connection: u32,
    frame: Option<String>,
}

#[derive(Default, Debug, PartialEq)]
struct Totals {
    frames: u64,
    unknown: u64,
    duplicates: u64,
    gaps: u64,
    resyncs: u64,
}

struct Replay {
    totals: Totals,
    books: BTreeMap<Venue, Books>,
}

fn replay(capture: &str) -> Option<Replay> {
    let text = unzip(&format!("captures/{capture}.jsonl.gz"))?;
    let mut decoders: BTreeMap<(Venue, u32), Box<dyn Decode>> = BTreeMap::new();
    let mut replay = Replay { totals: Totals::default(), books: BTreeMap::new() };
    let mut report = FrameReport::default();
    for line in text.lines() {
        let line: Line = serde_json::from_str(line).unwrap();
        let Some(frame) = line.frame else { continue };
        let decoder =
            decoders.entry((line.venue, line.connection)).or_insert_with(|| decoder(line.venue));
        let decoded = decoder.decode(frame.as_bytes()).unwrap_or_else(|e| panic!("{e}: {frame}"));
        // A space in front sends the frame past the readers of the usual member order; the meaning is the same.
        let spaced = format!(" {frame}");
        let mut general = arb_normalize::decode::decoder(line.venue);
        let slowly = general.decode(spaced.as_bytes()).unwrap();
        assert!(
            decoded.sequence == slowly.sequence && decoded.events().eq(slowly.events()),
            "{frame}"
        );
        let books = replay.books.entry(line.venue).or_insert_with(|| Books::new(line.venue));
        let received_at = Timestamp::from_nanos(line.received_at_ns);
        books.apply(line.connection, received_at, &decoded, &mut report);
        replay.totals.frames += 1;
        replay.totals.unknown += u64::from(decoded.is_unknown());
        replay.totals.duplicates += u64::from(report.duplicates);
        replay.totals.gaps += u64::from(report.gaps);
        replay.totals.resyncs += u64::from(report.resyncs);
        assert!(decoder.drift().total() == 0, "{:?}", decoder.drift());
    }
    Some(replay)
}

fn states(replay: &Replay) -> Vec<String> {
    let mut states = Vec::new();
    for (venue, books) in &replay.books {
        for (id, book) in books.iter() {
            let touch = |level: Option<arb_normalize::Level>| {
                level.map_or_else(|| "-".to_owned(), |l| format!("{}x{}", l.price, l.size))
            };
            states.push(format!(
                "{venue}/{} {} {} {}",
                books.market(id),
                book.state(),
                touch(book.book().best_bid()),
                touch(book.book().best_ask())
            ));
        }
    }
    states
}

#[test]
fn recordings_come_through_without_gaps() {
    for (capture, frames) in [
        ("kalshi_session_20260701", 2_898),
        ("kalshi_btc15m_20260511", 71_753),
        ("kalshi_btc15m_reconnects_20260514", 31_419),
        ("polymarket_btc1h_20251211", 600),
        ("crossvenue_mexico_england_20260705", 12_856),
    ] {
        let Some(replay) = replay(capture) else { return };
        println!("{capture} {:?}\n  {}", replay.totals, states(&replay).join("\n  "));
        let expected = Totals { frames, ..Totals::default() };
        assert_eq!(
            replay.totals, expected,
            "{capture} has gaps, duplicates or frames that are not understood"
        );
        for books in replay.books.values() {
            assert_eq!(books.drift().total(), 0, "{capture}: {:?}", books.drift());
        }
    }
}

#[test]
fn the_two_books_of_a_polymarket_market_are_mirrors() {
    let Some(replay) = replay("polymarket_btc1h_20251211") else { return };
    let books = &replay.books[&Venue::Polymarket];
    let [(_, up), (_, down)]: [_; 2] = books.iter().collect::<Vec<_>>().try_into().unwrap();
    assert_eq!((up.state(), down.state()), (BookState::Live, BookState::Live));
    let mirrored: Vec<_> = down.book().buy(arb_normalize::Outcome::No).collect();
    let asks: Vec<_> = up.book().asks().collect();
    assert_eq!(mirrored.len(), asks.len());
}

#[cfg(feature = "rest")]
#[test]
fn listings_are_read_whole() {
    use arb_normalize::rest::{kalshi, polymarket};
    for (file, count) in
        [("kalshi_20250808", 13_828), ("kalshi_iran_20260301", 763), ("kalshi_nba_20260117", 22)]
    {
        let Some(body) = unzip(&format!("listings/{file}.json.gz")) else { return };
        let page = kalshi::markets_page(body.as_bytes()).unwrap();
        assert_eq!(page.refused, []);
        assert_eq!(page.items.len(), count);
    }
    for (file, count) in [
        ("polymarket_20250808", 3_066),
        ("polymarket_iran_20260301", 242),
        ("polymarket_nba_20260117", 55),
    ] {
        let Some(body) = unzip(&format!("listings/{file}.json.gz")) else { return };
        let page = polymarket::gamma_markets(body.as_bytes()).unwrap();
        // Drafts that are not on the chain yet have no condition id, and so no market.
        let drafts = if file.contains("iran") { 3 } else { 0 };
        assert_eq!(page.refused.len(), drafts, "{:?}", page.refused);
        assert_eq!(page.items.len(), count - drafts);
    }
}

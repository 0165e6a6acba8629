//! The rules by which a book is trusted, one by one, and a random history against the venue's own truth.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;

use arb_normalize::books::{BookState, Books, FrameReport, SuspectReason};
use arb_normalize::decode::{Decode, DriftKind, decoder};
use arb_normalize::{BookId, MarketStatus, Timestamp, Venue};
use proptest::prelude::*;

/// A venue's decoder and books, fed by texts.
struct Feed {
    decoder: Box<dyn Decode>,
    books: Books,
    report: FrameReport,
    now: i64,
}

impl Feed {
    fn new(venue: Venue) -> Self {
        Self {
            decoder: decoder(venue),
            books: Books::new(venue),
            report: FrameReport::default(),
            now: 1,
        }
    }

    /// Applies a frame on a connection a millisecond after the last.
    fn on(&mut self, connection: u32, frame: &str) -> FrameReport {
        self.now += 1;
        let decoded = self.decoder.decode(frame.as_bytes()).unwrap();
        self.books.apply(connection, Timestamp::from_millis(self.now), &decoded, &mut self.report);
        self.report.clone()
    }

    fn frame(&mut self, frame: &str) -> FrameReport {
        self.on(0, frame)
    }

    fn id(&self, market: &str) -> BookId {
        self.books.book_id(market).unwrap()
    }

    fn state(&self, market: &str) -> (BookState, Option<SuspectReason>) {
        let book = self.books.get(self.id(market));
        (book.state(), book.reason())
    }

    fn bid(&self, market: &str) -> String {
        let best = self.books.get(self.id(market)).book().best_bid();
        best.map_or_else(String::new, |level| format!("{} x {}", level.price, level.size))
    }
}

const LIVE: (BookState, Option<SuspectReason>) = (BookState::Live, None);

fn suspect(reason: SuspectReason) -> (BookState, Option<SuspectReason>) {
    (BookState::Suspect, Some(reason))
}

fn snapshot(seq: u64, market: &str, bid: &str) -> String {
    format!(
        r#"{{"type":"orderbook_snapshot","sid":1,"seq":{seq},"msg":{{"market_ticker":"{market}","market_id":"id-{market}","yes_dollars_fp":[["{bid}","10.00"]],"no_dollars_fp":[["0.3000","5.00"]]}}}}"#
    )
}

fn delta(seq: u64, market: &str, price: &str, change: &str) -> String {
    format!(
        r#"{{"type":"orderbook_delta","sid":1,"seq":{seq},"msg":{{"market_ticker":"{market}","market_id":"id-{market}","price_dollars":"{price}","delta_fp":"{change}","side":"yes","ts_ms":{seq}}}}}"#
    )
}

fn kalshi() -> Feed {
    let mut feed = Feed::new(Venue::Kalshi);
    feed.frame(&snapshot(1, "A", "0.4000"));
    feed.frame(&snapshot(2, "B", "0.5000"));
    feed
}

#[test]
fn the_first_number_is_the_base() {
    let mut feed = Feed::new(Venue::Kalshi);
    let report = feed.frame(&snapshot(17, "A", "0.4000"));
    assert_eq!((report.gaps, report.duplicates, report.resyncs), (0, 0, 0));
    assert_eq!(report.touched, [feed.id("A")]);
    assert_eq!(feed.frame(&delta(18, "A", "0.4000", "1.00")).gaps, 0);
    assert_eq!(feed.bid("A"), "0.4 x 11");
}

#[test]
fn a_number_that_came_before_changes_nothing() {
    let mut feed = kalshi();
    feed.frame(&delta(3, "A", "0.4000", "1.00"));
    for seq in [3, 2, 1] {
        let report = feed.frame(&delta(seq, "A", "0.4000", "1.00"));
        assert_eq!((report.duplicates, report.touched.len()), (1, 0));
    }
    assert_eq!(feed.bid("A"), "0.4 x 11");
    assert_eq!(feed.frame(&delta(4, "A", "0.4000", "1.00")).duplicates, 0);
}

#[test]
fn a_jump_makes_every_book_of_the_subscription_suspect() {
    let mut feed = kalshi();
    let report = feed.frame(&delta(5, "A", "0.4000", "1.00"));
    let (a, b) = (feed.id("A"), feed.id("B"));
    assert_eq!((report.gaps, report.touched), (1, vec![a, b]));
    assert_eq!(report.needs.len(), 1);
    assert_eq!((report.needs[0].connection, report.needs[0].sid), (0, Some(1)));
    assert_eq!(report.needs[0].books, [a, b]);
    assert_eq!(report.needs[0].markets(&feed.books).collect::<Vec<_>>(), ["A", "B"]);
    assert_eq!(feed.state("A"), suspect(SuspectReason::Gap));
    // What follows is decoded and changes nothing.
    let report = feed.frame(&delta(6, "B", "0.5000", "1.00"));
    assert_eq!((report.gaps, report.touched.len(), feed.bid("B").as_str()), (0, 0, "0.5 x 10"));
    // The answer to a request may use a number again; each book comes back by its own snapshot.
    feed.books.mark_resyncing(a);
    assert_eq!(feed.state("A").0, BookState::Resyncing);
    let report = feed.frame(&snapshot(6, "A", "0.4100"));
    assert_eq!((report.resyncs, report.duplicates, report.gaps), (1, 0, 0));
    assert_eq!((feed.state("A"), feed.state("B").0), (LIVE, BookState::Suspect));
    assert_eq!(feed.frame(&delta(7, "A", "0.4100", "1.00")).gaps, 0);
    assert_eq!(feed.bid("A"), "0.41 x 11");
}

#[test]
fn a_snapshot_behind_a_gap_is_live_and_the_others_are_not() {
    let mut feed = kalshi();
    let report = feed.frame(&snapshot(9, "B", "0.5500"));
    assert_eq!((report.gaps, report.resyncs), (1, 0));
    assert_eq!(report.needs[0].books, [feed.id("A")]);
    assert_eq!((feed.state("A"), feed.state("B")), (suspect(SuspectReason::Gap), LIVE));
    assert_eq!(feed.frame(&delta(10, "B", "0.5500", "1.00")).gaps, 0);
}

#[test]
fn number_one_again_is_a_new_subscription() {
    let mut feed = kalshi();
    let report = feed.frame(&snapshot(1, "A", "0.4200"));
    assert_eq!((report.gaps, report.duplicates, report.resyncs), (0, 0, 0));
    assert_eq!((feed.state("A"), feed.state("B")), (LIVE, suspect(SuspectReason::Restarted)));
    assert_eq!(feed.frame(&snapshot(2, "B", "0.5000")).resyncs, 1);
    assert_eq!(feed.state("B"), LIVE);
}

#[test]
fn acknowledgements_take_numbers() {
    let mut feed = kalshi();
    feed.frame(r#"{"type":"ok","id":6,"sid":1,"seq":3,"msg":{"market_tickers":["A","B"]}}"#);
    assert_eq!(feed.frame(&delta(4, "A", "0.4000", "1.00")).gaps, 0);
    let report = feed.frame(r#"{"type":"ok","id":7,"sid":1,"seq":6,"msg":{"market_tickers":[]}}"#);
    assert_eq!((report.gaps, feed.state("A").0), (1, BookState::Suspect));
}

#[test]
fn a_level_below_zero_makes_only_its_book_suspect() {
    let mut feed = kalshi();
    let report = feed.frame(&delta(3, "A", "0.4000", "-10.01"));
    assert_eq!(feed.state("A"), suspect(SuspectReason::NegativeLevel));
    assert_eq!((feed.state("B"), report.gaps), (LIVE, 0));
    assert_eq!(report.needs[0].books, [feed.id("A")]);
    assert_eq!(feed.bid("A"), "0.4 x 10");
}

#[test]
fn a_crossed_book_is_not_priced_and_suspect_after_a_second() {
    let mut feed = kalshi();
    feed.frame(&delta(3, "A", "0.7000", "1.00"));
    let crossed = |feed: &Feed| feed.books.get(feed.id("A")).clone();
    assert_eq!((feed.state("A"), crossed(&feed).is_priceable()), (LIVE, false));
    assert_eq!(crossed(&feed).quote(), None);
    feed.now += 999;
    feed.frame(&delta(4, "A", "0.7000", "1.00"));
    assert_eq!(feed.state("A"), LIVE);
    feed.now += 1;
    feed.frame(&delta(5, "A", "0.7000", "1.00"));
    assert_eq!(feed.state("A"), suspect(SuspectReason::Crossed));
    // Short crossings pass.
    let mut feed = kalshi();
    feed.frame(&delta(3, "A", "0.7000", "1.00"));
    feed.frame(&delta(4, "A", "0.7000", "-1.00"));
    feed.now += 5000;
    feed.frame(&delta(5, "A", "0.7000", "1.00"));
    assert_eq!(feed.state("A"), LIVE);
    // Live time alone is enough when somebody tells it.
    let mut report = FrameReport::default();
    feed.books.advance(Timestamp::from_millis(feed.now + 1001).unwrap(), &mut report);
    assert_eq!((feed.state("A"), report.touched.len()), (suspect(SuspectReason::Crossed), 1));
    assert_eq!(report.needs[0].books, [feed.id("A")]);
}

#[test]
fn an_unknown_receive_time_creates_no_age() {
    let mut feed = kalshi();
    let frames = [delta(3, "A", "0.7000", "1.00"), delta(4, "A", "0.7000", "1.00")];
    for frame in &frames {
        let decoded = feed.decoder.decode(frame.as_bytes()).unwrap();
        feed.books.apply(0, None, &decoded, &mut feed.report);
    }
    let book = feed.books.get(feed.id("A"));
    assert_eq!((book.state(), book.received_at()), (BookState::Live, None));
    assert_eq!(book.age(Timestamp::from_millis(i64::from(u32::MAX)).unwrap()), None);
    feed.now += 5000;
    feed.frame(&delta(5, "A", "0.7000", "1.00"));
    assert_eq!(feed.state("A"), LIVE);
}

#[test]
fn closing_halting_and_new_ticks() {
    let lifecycle = |seq: u64, word: &str, more: &str| {
        format!(
            r#"{{"type":"market_lifecycle_v2","sid":17,"seq":{seq},"msg":{{"market_ticker":"A","event_type":"{word}"{more}}}}}"#
        )
    };
    let mut feed = kalshi();
    feed.frame(&lifecycle(1, "determined", r#","result":"yes","settlement_value":"1.0000""#));
    assert_eq!(feed.state("A"), (BookState::Dead, Some(SuspectReason::Closed)));
    assert_eq!(feed.state("B"), LIVE);
    // A gap elsewhere cannot raise the dead, nor can a snapshot while the answer stands.
    feed.frame(&delta(9, "B", "0.5000", "1.00"));
    assert_eq!(feed.state("A").0, BookState::Dead);
    assert_eq!(feed.frame(&snapshot(10, "A", "0.4000")).resyncs, 0);
    assert_eq!(feed.state("A"), (BookState::Dead, Some(SuspectReason::Closed)));
    let mut report = FrameReport::default();
    feed.books.set_status("A", MarketStatus::Active, &mut report);
    assert_eq!((feed.state("A").0, report.needs.len()), (BookState::Dead, 1));
    assert_eq!(feed.frame(&snapshot(11, "A", "0.4000")).resyncs, 1);
    assert_eq!(feed.state("A"), LIVE);
    // What merely closed opens with its snapshot.
    feed.books.set_status("A", MarketStatus::Closed, &mut report);
    assert_eq!(feed.state("A").0, BookState::Dead);
    feed.frame(&snapshot(11, "A", "0.4000"));
    assert_eq!(feed.state("A"), LIVE);

    let report = feed.frame(&lifecycle(2, "deactivated", r#","is_deactivated":true"#));
    assert_eq!((feed.state("A"), report.needs.len()), (suspect(SuspectReason::Halted), 0));
    let report = feed.frame(&lifecycle(3, "activated", r#","is_deactivated":false"#));
    assert_eq!(report.needs[0].books, [feed.id("A")]);
    feed.frame(&snapshot(11, "A", "0.4000"));

    let ranges = r#","price_ranges":[{"start":"0.0000","end":"1.0000","step":"0.0010"}]"#;
    let report = feed.frame(&lifecycle(4, "price_level_structure_updated", ranges));
    assert_eq!(feed.state("A"), suspect(SuspectReason::TickChange));
    assert_eq!(
        (report.needs[0].sid, report.needs[0].books.as_slice()),
        (Some(1), &[feed.id("A")][..])
    );
    feed.frame(&snapshot(12, "A", "0.4000"));
    feed.frame(&delta(13, "A", "0.4005", "1.00"));
    assert_eq!(feed.books.drift().total(), 1);

    feed.frame(&lifecycle(5, "close_date_updated", r#","close_ts":2000"#));
    let mut report = FrameReport::default();
    feed.books.advance(Timestamp::from_millis(1_999_999).unwrap(), &mut report);
    assert_eq!(feed.state("A"), LIVE);
    assert_eq!(feed.books.next_close(), Timestamp::from_millis(2_000_000));
    feed.books.advance(Timestamp::from_millis(2_000_000).unwrap(), &mut report);
    assert_eq!(feed.state("A"), (BookState::Dead, Some(SuspectReason::CloseTimePassed)));
    assert_eq!(feed.books.next_close(), None);
}

#[test]
fn a_close_ends_every_copy_at_once_and_a_book_that_never_came_too() {
    let mut feed = kalshi();
    feed.books.connection_opened(1, None);
    feed.on(1, &snapshot(1, "A", "0.4000"));
    let never = feed.books.register("C");
    for id in [feed.id("A"), never] {
        feed.books.set_close_at(id, Timestamp::from_millis(1_000));
    }
    let mut report = FrameReport::default();
    feed.books.advance(Timestamp::from_millis(1_000).unwrap(), &mut report);
    let dead = (BookState::Dead, Some(SuspectReason::CloseTimePassed));
    assert_eq!((feed.state("A"), feed.state("C")), (dead, dead), "no copy stands in for another");
    assert_eq!(report.touched.len(), 2);
}

#[test]
fn a_halt_holds_over_connections_until_the_venue_says_that_the_market_trades() {
    let halt = r#"{"type":"market_lifecycle_v2","sid":17,"seq":1,"msg":{"market_ticker":"A","event_type":"deactivated","is_deactivated":true}}"#;
    let halted = suspect(SuspectReason::Halted);
    let mut feed = kalshi();
    feed.frame(halt);
    let report = feed.frame(&snapshot(3, "A", "0.4000"));
    assert_eq!((feed.state("A"), report.resyncs), (halted, 0));
    // Neither its own connection nor another one says anything about it.
    for connection in [1, 0] {
        feed.books.connection_opened(connection, None);
        feed.on(connection, &snapshot(1, "A", "0.4000"));
        assert_eq!(feed.state("A"), halted);
    }
    feed.books.connection_closed(0, None, &mut FrameReport::default());
    feed.books.connection_opened(2, None);
    feed.on(2, &snapshot(1, "A", "0.4000"));
    assert_eq!(feed.state("A"), halted);
    // The catalogue does, and the snapshot is asked for.
    let mut report = FrameReport::default();
    feed.books.set_status("A", MarketStatus::Active, &mut report);
    assert_eq!(
        (report.needs[0].connection, report.needs[0].books.as_slice()),
        (2, &[feed.id("A")][..])
    );
    feed.on(2, &snapshot(1, "A", "0.4000"));
    assert_eq!(feed.state("A"), LIVE);
}

#[test]
fn what_the_catalogue_says_of_a_market_counts_before_its_first_frame() {
    let mut feed = Feed::new(Venue::Kalshi);
    let mut report = FrameReport::default();
    feed.books.set_status("A", MarketStatus::Paused, &mut report);
    feed.books.set_status("B", MarketStatus::Settled, &mut report);
    feed.books.set_status("C", MarketStatus::Active, &mut report);
    assert_eq!(feed.books.book_id("C"), None, "nothing to remember");
    feed.books.connection_opened(0, None);
    assert_eq!(feed.state("B"), (BookState::Dead, Some(SuspectReason::Closed)));
    feed.frame(&snapshot(1, "A", "0.4000"));
    assert_eq!(feed.state("A"), suspect(SuspectReason::Halted));
    feed.books.set_status("A", MarketStatus::Active, &mut report);
    feed.frame(&snapshot(2, "A", "0.4000"));
    assert_eq!(feed.state("A"), LIVE);

    // A condition id speaks for all its tokens and gets no book of its own.
    let mut feed = Feed::new(Venue::Polymarket);
    feed.frame(r#"{"event_type":"book","asset_id":"71","market":"0xa","timestamp":"1795187045000","hash":"","bids":[],"asks":[]}"#);
    feed.books.set_status("0xa", MarketStatus::Paused, &mut report);
    assert_eq!((feed.state("71"), feed.books.len()), (suspect(SuspectReason::Halted), 1));
}

#[test]
fn lost_and_ended_subscriptions() {
    let mut feed = kalshi();
    let report = feed.frame(r#"{"sid":1,"seq":3,"type":"error","msg":{"code":25,"msg":"Subscription buffer overflow"}}"#);
    assert_eq!(feed.state("A"), suspect(SuspectReason::SubscriptionLost));
    assert_eq!(report.needs[0].books.len(), 2);
    let mut feed = kalshi();
    feed.frame(r#"{"id":5,"sid":1,"seq":3,"type":"unsubscribed"}"#);
    assert_eq!(feed.state("B"), suspect(SuspectReason::Unsubscribed));
    let mut feed = kalshi();
    feed.decoder.note_sent(br#"{"id":7,"cmd":"update_subscription","params":{"sid":1,"market_tickers":["A"],"action":"delete_markets"}}"#);
    feed.frame(r#"{"id":7,"sid":1,"seq":3,"type":"ok","msg":{"market_tickers":["B"]}}"#);
    assert_eq!((feed.state("A"), feed.state("B")), (suspect(SuspectReason::Unsubscribed), LIVE));
}

#[test]
fn a_closed_connection_takes_its_books_with_it_and_the_next_begins_anew() {
    let mut feed = kalshi();
    let mut report = FrameReport::default();
    feed.books.connection_closed(0, None, &mut report);
    assert_eq!((report.touched.len(), report.needs.len()), (2, 0));
    assert_eq!(feed.state("A"), suspect(SuspectReason::Disconnected));
    // The same subscription id and numbers mean nothing on another connection.
    let report = feed.on(1, &snapshot(1, "A", "0.4400"));
    assert_eq!((report.gaps, report.resyncs), (0, 1));
    assert_eq!((feed.state("A"), feed.state("B").0), (LIVE, BookState::Suspect));
    let epoch = feed.books.get(feed.id("A")).epoch();
    feed.on(1, &snapshot(1, "A", "0.4400"));
    assert!(feed.books.get(feed.id("A")).epoch() > epoch);
}

#[test]
fn a_book_can_be_suspected_from_outside_and_a_reopened_connection_is_reported() {
    let mut feed = kalshi();
    let mut report = FrameReport::default();
    feed.books.suspect(feed.books.book_id("A").unwrap(), &mut report);
    assert_eq!((feed.state("A"), report.needs.len()), (suspect(SuspectReason::Silent), 1));
    feed.books.connection_opened(0, None);
    assert_eq!(feed.state("B"), suspect(SuspectReason::Disconnected));
    let report = feed.frame(&snapshot(1, "A", "0.4000"));
    assert_eq!((report.touched.len(), report.gaps, report.resyncs), (2, 0, 1));
}

#[test]
fn redundant_connections_keep_a_book_each() {
    let mut feed = kalshi();
    feed.on(1, &snapshot(1, "A", "0.4000"));
    // Each copy gets each change once, whichever is read.
    feed.on(0, &delta(3, "A", "0.4000", "1.00"));
    feed.on(1, &delta(2, "A", "0.4000", "1.00"));
    assert_eq!(feed.bid("A"), "0.4 x 11");
    assert_eq!(feed.books.spares(feed.id("A")).count(), 1);
    // One of them fails: the other is read.
    let report = feed.on(0, &delta(9, "A", "0.4000", "1.00"));
    assert_eq!((report.gaps, feed.state("A"), feed.state("B").0), (1, LIVE, BookState::Suspect));
    feed.on(1, &delta(3, "A", "0.4000", "1.00"));
    assert_eq!(feed.bid("A"), "0.4 x 12");
    let mut report = FrameReport::default();
    feed.books.connection_closed(1, None, &mut report);
    assert_eq!(feed.state("A").0, BookState::Suspect);
}

#[test]
fn a_crossed_copy_is_not_priced_in_place_of_another_crossed_one() {
    let priceable = |feed: &Feed| feed.books.get(feed.id("A")).is_priceable();
    // Two connections with a copy each, both crossed for a millisecond or two.
    let crossed = || {
        let mut feed = kalshi();
        feed.on(1, &snapshot(1, "A", "0.4000"));
        feed.on(0, &delta(3, "A", "0.7000", "1.00"));
        feed.on(1, &delta(2, "A", "0.7000", "1.00"));
        assert_eq!((feed.state("A"), priceable(&feed)), (LIVE, false));
        feed
    };
    let mut report = FrameReport::default();
    // The copy that is read is suspected from outside, and the other one read.
    let mut feed = crossed();
    feed.books.suspect(feed.books.book_id("A").unwrap(), &mut report);
    assert_eq!((feed.state("A"), priceable(&feed)), (LIVE, false));
    // Its connection is lost.
    let mut feed = crossed();
    feed.books.connection_closed(0, None, &mut report);
    assert_eq!((feed.state("A"), priceable(&feed)), (LIVE, false));
    feed.on(1, &delta(3, "A", "0.7000", "-1.00"));
    assert_eq!((feed.state("A"), priceable(&feed)), (LIVE, true), "uncrossed it is priced");
    // It has been crossed for too long: so has the market, and the other copy is as old.
    let mut feed = crossed();
    feed.now += 1_001;
    feed.on(0, &delta(4, "A", "0.2000", "1.00"));
    assert_eq!((feed.state("A"), priceable(&feed)), (LIVE, false), "the other copy is read");
    feed.on(1, &delta(3, "A", "0.2000", "1.00"));
    assert_eq!(feed.state("A"), suspect(SuspectReason::Crossed));
    let mut feed = crossed();
    feed.books.advance(Timestamp::from_millis(feed.now + 1_001).unwrap(), &mut report);
    assert_eq!(feed.state("A"), suspect(SuspectReason::Crossed));
    assert_eq!(report.needs.len(), 2, "both are asked for");
}

fn poly_book(market: &str, bid: &str, ask: &str) -> String {
    format!(
        r#"[{{"event_type":"book","asset_id":"{market}","market":"0xc","bids":[{{"price":"{bid}","size":"10"}}],"asks":[{{"price":"{ask}","size":"5"}}],"timestamp":"1"}}]"#
    )
}

fn poly_change(market: &str, price: &str, size: &str, best: (&str, &str)) -> String {
    format!(
        r#"{{"event_type":"price_change","market":"0xc","price_changes":[{{"asset_id":"{market}","price":"{price}","size":"{size}","side":"BUY","hash":"h","best_bid":"{}","best_ask":"{}"}}],"timestamp":"2"}}"#,
        best.0, best.1
    )
}

#[test]
fn polymarket_books_are_held_against_the_venues_own_touch() {
    let mut feed = Feed::new(Venue::Polymarket);
    feed.frame(&poly_book("7", "0.40", "0.45"));
    feed.frame(&poly_change("7", "0.41", "3", ("0.41", "0.45")));
    assert_eq!((feed.bid("7").as_str(), feed.state("7")), ("0.41 x 3", LIVE));
    // One frame that differs may be an order of arrival; the count starts again with one that agrees.
    feed.frame(&poly_change("7", "0.41", "4", ("0.42", "0.45")));
    feed.frame(&poly_change("7", "0.41", "5", ("0.41", "0.45")));
    feed.frame(&poly_change("7", "0.41", "6", ("0.42", "0.45")));
    assert_eq!(feed.state("7"), LIVE);
    let report = feed.frame(&poly_change("7", "0.41", "7", ("0.42", "0.45")));
    assert_eq!(feed.state("7"), suspect(SuspectReason::TouchMismatch));
    assert_eq!((report.needs[0].sid, report.needs[0].books.len()), (None, 1));
    feed.frame(&poly_change("7", "0.41", "8", ("0.41", "0.45")));
    assert_eq!((feed.bid("7").as_str(), feed.state("7").0), ("0.41 x 7", BookState::Suspect));
    assert_eq!(feed.frame(&poly_book("7", "0.40", "0.45")).resyncs, 1);
    // 0, 1 and the empty text are empty sides.
    feed.frame(&poly_change("7", "0.40", "0", ("0", "0.45")));
    feed.frame(r#"{"event_type":"best_bid_ask","market":"0xc","asset_id":"7","best_bid":"","best_ask":"0.45","spread":"","timestamp":"3"}"#);
    assert_eq!(feed.state("7"), LIVE);
    assert_eq!(feed.books.get(feed.id("7")).venue_id(), Some("0xc"));
}

#[test]
fn a_snapshot_of_a_connection_that_lags_is_not_read_in_place_of_a_newer_copy() {
    let mut feed = Feed::new(Venue::Polymarket);
    let dated = |bid, at| poly_book("7", bid, "0.45").replace(r#""1"}"#, &format!(r#""{at}"}}"#));
    let changed = |bid, at| {
        poly_change("7", bid, "3", (bid, "0.45")).replace(r#""2"}"#, &format!(r#""{at}"}}"#))
    };
    feed.frame(&dated("0.40", 100));
    feed.frame(&changed("0.41", 200));
    feed.on(1, &dated("0.40", 150));
    assert_eq!((feed.bid("7").as_str(), feed.state("7")), ("0.41 x 3", LIVE));
    assert_eq!(feed.books.source(feed.id("7")), Some((0, None)));
    assert_eq!(feed.books.drift().get(DriftKind::BackwardTime, "snapshot"), 1);
    // It is kept, and read as soon as it is ahead, or alone.
    feed.on(1, &changed("0.42", 250));
    assert_eq!((feed.bid("7").as_str(), feed.state("7")), ("0.42 x 3", LIVE));
    feed.on(2, &dated("0.43", 300));
    assert_eq!(feed.bid("7"), "0.43 x 10");
    feed.on(3, &dated("0.39", 120));
    let mut report = FrameReport::default();
    for connection in 0..3 {
        feed.books.connection_closed(connection, None, &mut report);
    }
    assert_eq!((feed.bid("7").as_str(), feed.state("7")), ("0.39 x 10", LIVE));
    // In place of a copy that may be wrong any snapshot is read.
    feed.books.suspect(feed.books.book_id("7").unwrap(), &mut report);
    feed.on(0, &dated("0.38", 110));
    assert_eq!((feed.bid("7").as_str(), feed.state("7")), ("0.38 x 10", LIVE));
}

#[test]
fn changes_without_the_venues_touch_are_counted() {
    let mut feed = Feed::new(Venue::Polymarket);
    feed.frame(&poly_book("7", "0.40", "0.45"));
    let change = poly_change("7", "0.41", "3", ("0.41", "0.45"));
    feed.frame(&change);
    assert_eq!(feed.decoder.drift().iter().count(), 0);
    feed.frame(&change.replace(r#","best_bid":"0.41","best_ask":"0.45""#, ""));
    assert_eq!(feed.bid("7"), "0.41 x 3");
    assert_eq!(feed.decoder.drift().get(DriftKind::MissingField, "price_change.best_bid"), 1);
}

#[test]
fn polymarket_resolution_and_ticks_reach_the_books_of_the_market() {
    let mut feed = Feed::new(Venue::Polymarket);
    feed.frame(&poly_book("7", "0.40", "0.45"));
    feed.frame(&poly_book("8", "0.55", "0.60"));
    feed.frame(r#"{"event_type":"tick_size_change","asset_id":"7","market":"0xc","old_tick_size":"0.01","new_tick_size":"0.001","timestamp":"3"}"#);
    assert_eq!((feed.state("7"), feed.state("8")), (suspect(SuspectReason::TickChange), LIVE));
    feed.frame(r#"{"event_type":"market_resolved","id":"1","market":"0xc","assets_ids":["7","8"],"winning_asset_id":"7","winning_outcome":"Yes","timestamp":"4"}"#);
    assert_eq!((feed.state("7").0, feed.state("8").0), (BookState::Dead, BookState::Dead));
}

#[test]
fn a_wild_number_does_not_freeze_the_subscription() {
    let mut feed = kalshi();
    assert_eq!(feed.frame(&delta(1_000, "A", "0.4000", "1.00")).gaps, 1);
    assert_eq!(feed.state("B"), suspect(SuspectReason::Gap));
    // The snapshots that answer, and what follows them, go on where the numbers were: the eighth message running tells.
    feed.frame(&snapshot(3, "A", "0.4100"));
    feed.frame(&snapshot(4, "B", "0.5100"));
    for seq in 5..10 {
        let report = feed.frame(&bare(seq, "A", "0.4100"));
        assert_eq!((report.gaps, report.duplicates, feed.state("A")), (0, 1, LIVE), "{seq}");
    }
    let report = feed.frame(&bare(10, "A", "0.4100"));
    assert_eq!((report.gaps, report.duplicates), (1, 0));
    assert_eq!(
        (feed.state("A"), feed.state("B").0),
        (suspect(SuspectReason::Restarted), BookState::Suspect)
    );
    assert_eq!(report.needs[0].books, [feed.id("A"), feed.id("B")]);
    assert_eq!(feed.frame(&snapshot(11, "A", "0.4100")).gaps, 0);
    feed.frame(&delta(12, "A", "0.4100", "1.00"));
    assert_eq!((feed.state("A"), feed.bid("A").as_str()), (LIVE, "0.41 x 11"));
}

#[test]
fn a_few_late_messages_change_nothing() {
    let mut feed = kalshi();
    assert_eq!(feed.frame(&delta(9, "A", "0.4000", "1.00")).gaps, 1);
    for seq in 3..9 {
        assert_eq!(feed.frame(&delta(seq, "B", "0.5000", "1.00")).duplicates, 1, "{seq}");
    }
    // A snapshot from before the gap states its book, and leaves what is expected as it is.
    assert_eq!(feed.frame(&snapshot(5, "A", "0.4100")).gaps, 0);
    assert_eq!(feed.frame(&delta(10, "A", "0.4100", "1.00")).gaps, 0);
    assert_eq!((feed.state("A"), feed.bid("A").as_str()), (LIVE, "0.41 x 11"));
}

#[test]
fn numbers_that_begin_again_without_saying_so_are_found_out() {
    let mut feed = kalshi();
    for seq in 3..60 {
        feed.frame(&delta(seq, "A", "0.4000", "1.00"));
    }
    let news = |seq: u64| {
        delta(seq, "A", "0.4000", "1.00").replace(&format!(r#""ts_ms":{seq}"#), r#""ts_ms":99"#)
    };
    for seq in 20..27 {
        let report = feed.frame(&news(seq));
        assert_eq!((report.gaps, report.duplicates), (0, 1), "{seq}");
    }
    assert_eq!(feed.frame(&news(27)).gaps, 1);
    assert_eq!(
        (feed.state("A"), feed.state("B").0),
        (suspect(SuspectReason::Restarted), BookState::Suspect)
    );
}

/// A change whose time the venue does not tell.
fn bare(seq: u64, market: &str, price: &str) -> String {
    delta(seq, market, price, "1.00").replace(r#","ts_ms""#, r#","was""#)
}

#[test]
fn a_stretch_that_is_delivered_again_is_harmless() {
    let mut feed = kalshi();
    for seq in 3..20 {
        feed.frame(&delta(seq, "A", "0.4000", "1.00"));
    }
    for seq in 5..20 {
        assert_eq!(feed.frame(&delta(seq, "A", "0.4000", "1.00")).duplicates, 1);
    }
    assert_eq!(feed.frame(&delta(20, "A", "0.4000", "1.00")).gaps, 0);
    assert_eq!((feed.state("A"), feed.state("B")), (LIVE, LIVE));
    assert_eq!(feed.bid("A"), "0.4 x 28");
}

#[test]
fn a_snapshot_without_a_number_belongs_to_its_subscription_and_a_change_without_one_is_refused() {
    let mut feed = kalshi();
    feed.frame(&delta(9, "A", "0.4000", "1.00"));
    let bare = snapshot(9, "A", "0.4200").replace(r#""seq":9,"#, "");
    assert_eq!(feed.frame(&bare).resyncs, 1);
    assert_eq!((feed.state("A"), feed.books.source(feed.id("A"))), (LIVE, Some((0, Some(1)))));
    feed.frame(&delta(10, "A", "0.4200", "1.00"));
    assert_eq!(feed.bid("A"), "0.42 x 11");
    assert_eq!(feed.books.spares(feed.id("A")).count(), 0);
    for (frame, field) in [
        (delta(11, "A", "0.4200", "1.00").replace(r#""seq":11,"#, ""), "seq"),
        (delta(11, "A", "0.4200", "1.00").replace(r#""sid":1,"#, ""), "sid"),
        (snapshot(11, "A", "0.4200").replace(r#""sid":1,"#, ""), "sid"),
    ] {
        let error = feed.decoder.decode(frame.as_bytes()).unwrap_err();
        assert!(error.may_concern_books(), "{error}");
        assert!(error.to_string().ends_with(&format!("lacks the field {field}")), "{error}");
    }
}

#[test]
fn a_message_of_an_array_that_cannot_be_read_costs_no_other() {
    let trade = r#"{"event_type":"last_trade_price","asset_id":"7","market":"0xc","price":"0.46","size":"","side":"BUY","timestamp":"3"}"#;
    let touch = r#"{"event_type":"best_bid_ask","asset_id":"7","market":"0xc","best_bid":"0.1","timestamp":"3"}"#;
    let mut feed = Feed::new(Venue::Polymarket);
    feed.frame(&poly_book("7", "0.40", "0.45"));
    let change = poly_change("7", "0.41", "3", ("0.41", "0.45"));
    feed.frame(&format!("[{trade},{change},{touch}]"));
    assert_eq!((feed.bid("7").as_str(), feed.state("7")), ("0.41 x 3", LIVE));
    let drift = feed.decoder.drift();
    assert_eq!(drift.get(DriftKind::UnreadableField, "last_trade_price.size"), 1);
    assert_eq!(drift.get(DriftKind::MissingField, "best_bid_ask.best_ask"), 1);
    // A message about levels, or one whose kind is not known, costs the whole frame and says so.
    let bad = change.replace("0.41", "x");
    for frame in [format!("[{trade},{bad}]"), format!("[{trade},{{]")] {
        assert!(feed.decoder.decode(frame.as_bytes()).unwrap_err().may_concern_books(), "{frame}");
    }
    let ended = r#"{"event_type":"market_resolved","winning_asset_id":"7","timestamp":"3"}"#;
    let error = feed.decoder.decode(format!("[{change},{ended}]").as_bytes()).unwrap_err();
    assert!(error.may_concern_books() && error.may_concern_status(), "{error}");
    // Where nothing else is in the frame there is nothing to go on with.
    let alone = feed.decoder.decode(format!("[{trade}]").as_bytes()).unwrap_err();
    assert!(!alone.may_concern_books());
}

#[test]
fn a_market_ends_or_halts_whatever_stands_beside_the_word() {
    let dead = (BookState::Dead, Some(SuspectReason::Closed));
    let halted = suspect(SuspectReason::Halted);
    for (word, more, state) in [
        (
            "determined",
            r#","determination_ts":null,"result":"yes","settlement_value":"1.0000""#,
            dead,
        ),
        ("settled", r#","settled_ts":"1795187045""#, dead),
        ("determined", r#","determination_ts":1795187045000,"result":7"#, dead),
        ("determined", r#","settlement_value":"0.3333333""#, dead),
        ("closed", r#","settlement_value":{}"#, dead),
        ("deactivated", r#","is_deactivated":true,"close_ts":"""#, halted),
        ("deactivated", r#","is_deactivated":true,"price_ranges":null"#, halted),
        ("deactivated", r#","price_ranges":[{"start":"x"}]"#, halted),
    ] {
        let mut feed = kalshi();
        feed.frame(&format!(
            r#"{{"type":"market_lifecycle_v2","sid":17,"seq":1,"msg":{{"market_ticker":"A","event_type":"{word}"{more}}}}}"#
        ));
        assert_eq!(feed.state("A"), state, "{word} {more}");
    }
    let mut feed = Feed::new(Venue::Polymarket);
    feed.frame(&poly_book("7", "0.40", "0.45"));
    feed.frame(r#"{"event_type":"market_resolved","market":"0xc","assets_ids":"7","winning_asset_id":["7"],"timestamp":"now"}"#);
    assert_eq!(feed.state("7"), dead);
    assert_eq!(
        feed.decoder.drift().get(DriftKind::UnreadableField, "market_resolved.timestamp"),
        1
    );
}

#[test]
fn a_silence_is_judged_by_the_books_own_rate() {
    let mut feed = kalshi();
    for seq in 3..60 {
        feed.now += 99;
        feed.frame(&delta(seq, "A", "0.4000", "1.00"));
    }
    let book = feed.books.get(feed.id("A"));
    assert_eq!(book.mean_interval().unwrap().as_millis(), 100);
    let at = |ms: i64| Timestamp::from_millis(feed.now + ms).unwrap();
    assert!((book.relative_age(at(1000)).unwrap() - 10.0).abs() < 0.1);
    let (soon, late) = (at(59_000), at(61_000));
    let mut report = FrameReport::default();
    feed.books.advance(soon, &mut report);
    assert_eq!(feed.state("A"), LIVE);
    // B has no rate to judge by.
    feed.books.advance(late, &mut report);
    assert_eq!((feed.state("A"), feed.state("B")), (suspect(SuspectReason::Silent), LIVE));
}

#[test]
fn what_is_decided_stays_dead_on_every_connection() {
    for status in [MarketStatus::Determined, MarketStatus::Disputed, MarketStatus::Settled] {
        let mut feed = kalshi();
        feed.books.set_status("A", status, &mut FrameReport::default());
        feed.books.connection_closed(0, None, &mut FrameReport::default());
        feed.books.connection_opened(1, None);
        feed.on(1, &snapshot(1, "A", "0.4000"));
        feed.on(2, &snapshot(1, "A", "0.4000"));
        feed.on(2, &delta(2, "A", "0.4100", "1.00"));
        assert_eq!(feed.state("A").0, BookState::Dead, "{status:?}");
        assert!(feed.books.spares(feed.id("A")).all(|spare| spare.state() != BookState::Live));
    }
}

#[test]
fn a_snapshot_after_the_close_time_leaves_a_book_dead() {
    let mut feed = kalshi();
    let close = |feed: &mut Feed, at| {
        let id = feed.id("A");
        feed.books.set_close_at(id, Timestamp::from_millis(at));
    };
    close(&mut feed, 1_000);
    let mut report = FrameReport::default();
    feed.books.advance(Timestamp::from_millis(1_000).unwrap(), &mut report);
    feed.now = 998;
    // Received a millisecond before the close, whatever time alone said: it trades.
    feed.frame(&snapshot(3, "A", "0.4000"));
    assert_eq!(feed.state("A"), LIVE);
    feed.books.advance(Timestamp::from_millis(1_000).unwrap(), &mut report);
    let report = feed.frame(&snapshot(4, "A", "0.4000"));
    let dead = (BookState::Dead, Some(SuspectReason::CloseTimePassed));
    assert_eq!((feed.state("A"), report.resyncs), (dead, 0));
    // It closes later than was thought.
    close(&mut feed, 9_000);
    feed.frame(&snapshot(5, "A", "0.4000"));
    assert_eq!(feed.state("A"), LIVE);
}

#[test]
fn a_clock_that_was_set_back_makes_no_book_fresh() {
    let mut feed = kalshi();
    feed.now = 3_600_000;
    feed.frame(&delta(3, "A", "0.4000", "1.00"));
    let mut report = FrameReport::default();
    let mut advance = |feed: &mut Feed, to| {
        feed.books.advance(Timestamp::from_millis(to).unwrap(), &mut report);
        feed.state("A")
    };
    assert_eq!(advance(&mut feed, 3_600_001 - 5_000), LIVE, "two clocks may differ a little");
    assert_eq!(advance(&mut feed, 3_600_001 - 5_001), suspect(SuspectReason::Silent));
    assert_eq!((feed.state("B"), report.needs[0].books.len()), (LIVE, 1), "B was heard before");
    feed.now = 1_000;
    feed.frame(&snapshot(4, "A", "0.4000"));
    assert_eq!(feed.state("A"), LIVE);
}

#[test]
fn levels_at_nothing_and_at_a_dollar_are_left_out_and_counted() {
    let quotes = |feed: &Feed, market| {
        let quote = feed.books.get(feed.id(market)).quote().unwrap();
        [quote.bid, quote.ask].map(|level| level.map(|level| level.price.to_string()))
    };
    let mut feed = kalshi();
    feed.frame(&snapshot(3, "A", "1.0000"));
    assert_eq!(quotes(&feed, "A"), [None, Some("0.7".to_owned())]);
    feed.frame(&snapshot(4, "A", "0.0000"));
    feed.frame(&delta(5, "A", "1.0000", "3.00"));
    // One that never was cannot become negative.
    feed.frame(&delta(6, "A", "1.0000", "-9.00"));
    assert_eq!((feed.state("A"), quotes(&feed, "A")), (LIVE, [None, Some("0.7".to_owned())]));
    assert_eq!(feed.books.drift().total(), 4);

    let mut feed = Feed::new(Venue::Polymarket);
    feed.frame(&poly_book("7", "0.40", "0"));
    assert_eq!(quotes(&feed, "7"), [Some("0.4".to_owned()), None]);
    feed.frame(&poly_change("7", "1", "3", ("0.40", "1")));
    assert_eq!((feed.bid("7").as_str(), feed.state("7")), ("0.4 x 10", LIVE));
    assert_eq!(feed.books.drift().total(), 2);
}

#[test]
fn a_book_of_an_ended_recording_stands_and_is_not_priced() {
    let mut feed = kalshi();
    let mut report = FrameReport::default();
    feed.books.detach(0, &mut report);
    assert_eq!((feed.state("A"), report.touched.len()), (LIVE, 2));
    assert!(!feed.books.get(feed.id("A")).is_priceable());
    assert_eq!(feed.bid("A"), "0.4 x 10", "as the recording left it");
    feed.on(1, &delta(1, "A", "0.4000", "1.00"));
    assert!(!feed.books.get(feed.id("A")).is_priceable(), "a change is no snapshot");
    let report = feed.on(1, &snapshot(2, "A", "0.4100"));
    assert!(feed.books.get(feed.id("A")).is_priceable());
    assert_eq!((report.resyncs, feed.books.spares(feed.id("A")).count()), (0, 0));
    assert!(!feed.books.get(feed.id("B")).is_priceable());
}

/// What happens to one market that two connections carry, and after how many milliseconds.
fn turns() -> impl Strategy<Value = Vec<(u32, u8, i64)>> {
    proptest::collection::vec((0..2_u32, 0..9_u8, 0..900_i64), 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn what_may_be_priced_is_live_and_not_crossed(turns in turns()) {
        let mut feed = Feed::new(Venue::Kalshi);
        let mut seqs = [0_u64; 2];
        let mut report = FrameReport::default();
        let id = feed.books.register("A");
        for (connection, what, wait) in turns {
            feed.now += wait;
            let now = Timestamp::from_millis(feed.now);
            let seq = &mut seqs[connection as usize];
            *seq += 1;
            match what {
                0 => drop(feed.on(connection, &snapshot(*seq, "A", "0.4000"))),
                1 => drop(feed.on(connection, &snapshot(*seq, "A", "0.7000"))),
                2 | 3 => drop(feed.on(connection, &delta(*seq, "A", "0.7000", "1.00"))),
                4 => drop(feed.on(connection, &delta(*seq, "A", "0.7000", "-1.00"))),
                5 => drop(feed.on(connection, &delta(*seq, "A", "0.2000", "1.00"))),
                6 => feed.books.advance(now.unwrap(), &mut report),
                7 => feed.books.suspect(id, &mut report),
                _ => {
                    feed.books.connection_closed(connection, now, &mut report);
                    *seq = 0;
                }
            }
            let book = feed.books.get(id);
            let may = book.state() == BookState::Live && !book.book().is_crossed();
            prop_assert_eq!(book.is_priceable(), may);
        }
    }
}

/// What the venue does next to one of three markets, and what becomes of the frame.
#[derive(Debug, Clone)]
struct Step {
    market: usize,
    /// Cents and hundredths; a snapshot where the change is zero.
    price: u32,
    change: i64,
    fate: Fate,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    Delivered,
    Dropped,
    Doubled,
    /// Comes after the next frame.
    Late,
    /// Comes under a number far ahead.
    Wild,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let fate = prop_oneof![
        20 => Just(Fate::Delivered), 1 => Just(Fate::Dropped), 1 => Just(Fate::Doubled), 1 => Just(Fate::Late), 1 => Just(Fate::Wild)
    ];
    let change = prop_oneof![1 => Just(0_i64), 12 => -500_i64..1000];
    let step = (0_usize..3, 40_u32..45, change, fate)
        .prop_map(|(market, price, change, fate)| Step { market, price, change, fate });
    proptest::collection::vec(step, 1..120)
}

const MARKETS: [&str; 3] = ["A", "B", "C"];

/// The rules written as plainly as they go, over the venue's truth.
#[derive(Default)]
struct Reference {
    last: Option<u64>,
    /// Numbers that came before, each continuing the one before it, since the last that did not.
    strays: Vec<u64>,
    /// Market to the truth it shows, where Live.
    live: BTreeMap<usize, BTreeMap<u32, i64>>,
    /// The number of the last change of a market since its snapshot; changes are dated by their numbers.
    changed: BTreeMap<usize, u64>,
    gaps: u32,
    duplicates: u32,
}

impl Reference {
    fn frame(&mut self, seq: u64, step: &Step, truth: &BTreeMap<u32, i64>) {
        let is_snapshot = step.change == 0;
        let begin = |reference: &mut Self, gap: bool| {
            reference.live.clear();
            reference.gaps += u32::from(gap);
            reference.last = Some(seq);
            reference.strays.clear();
        };
        match self.last {
            None => begin(self, false),
            Some(last) if seq == last + 1 => {
                self.last = Some(seq);
                self.strays.clear();
            }
            Some(last) if seq > last => begin(self, true),
            Some(_) => {
                // A Live book's last change tells whether this one was taken.
                let changed = self.live.get(&step.market).and(self.changed.get(&step.market));
                let taken = !is_snapshot && changed.is_some_and(|changed| seq <= *changed);
                if taken || self.strays.last().is_some_and(|last| last + 1 != seq) {
                    self.strays.clear();
                }
                if !taken {
                    self.strays.push(seq);
                }
                if is_snapshot && seq == 1 {
                    begin(self, false);
                } else if !is_snapshot && self.strays.len() >= 8 {
                    begin(self, true);
                } else if !is_snapshot {
                    self.duplicates += 1;
                    return;
                }
            }
        }
        if is_snapshot {
            self.changed.remove(&step.market);
        } else if self.live.contains_key(&step.market) {
            self.changed.insert(step.market, seq);
        }
        if is_snapshot {
            self.live.insert(step.market, truth.clone());
        } else if let Some(book) = self.live.get_mut(&step.market) {
            let level = book.entry(step.price).or_default();
            *level += step.change;
            if *level < 0 {
                self.live.remove(&step.market);
            } else {
                book.retain(|_, size| *size > 0);
            }
        }
    }
}

fn frame_of(seq: u64, step: &Step, truth: &BTreeMap<u32, i64>) -> String {
    let market = MARKETS[step.market];
    let decimal = |hundredths: i64| {
        let sign = if hundredths < 0 { "-" } else { "" };
        format!("{sign}{}.{:02}", hundredths.abs() / 100, hundredths.abs() % 100)
    };
    if step.change == 0 {
        let levels: Vec<String> = truth
            .iter()
            .map(|(price, size)| format!(r#"["0.{price:02}00","{}"]"#, decimal(*size)))
            .collect();
        return format!(
            r#"{{"type":"orderbook_snapshot","sid":1,"seq":{seq},"msg":{{"market_ticker":"{market}","market_id":"m","yes_dollars_fp":[{}]}}}}"#,
            levels.join(",")
        );
    }
    delta(seq, market, &format!("0.{:02}00", step.price), &decimal(step.change))
}

fn cases() -> u32 {
    if std::env::var_os("ARB_LONG").is_some() { 20_000 } else { 300 }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn a_live_book_is_the_one_the_rules_give(steps in steps()) {
        let mut truth: [BTreeMap<u32, i64>; 3] = Default::default();
        let mut sent = Vec::new();
        for (index, step) in steps.iter().enumerate() {
            let mut step = step.clone();
            let book = &mut truth[step.market];
            let held = book.get(&step.price).copied().unwrap_or(0);
            step.change = step.change.max(-held);
            if step.change != 0 {
                book.insert(step.price, held + step.change);
                book.retain(|_, size| *size > 0);
            }
            sent.push((index as u64 + 1, step, book.clone()));
        }
        let mut arrived = Vec::new();
        let mut late: Vec<&(u64, Step, BTreeMap<u32, i64>)> = Vec::new();
        for frame in &sent {
            match frame.1.fate {
                Fate::Dropped => {}
                Fate::Late => {
                    late.push(frame);
                    continue;
                }
                Fate::Delivered => arrived.push((frame.0, frame)),
                Fate::Doubled => arrived.extend([(frame.0, frame); 2]),
                Fate::Wild => arrived.push((frame.0 + 500, frame)),
            }
            arrived.extend(late.drain(..).map(|frame| (frame.0, frame)));
        }
        let (mut feed, mut reference) = (Feed::new(Venue::Kalshi), Reference::default());
        let (mut gaps, mut duplicates) = (0, 0);
        for (seq, (_, step, truth)) in arrived {
            let report = feed.frame(&frame_of(seq, step, truth));
            reference.frame(seq, step, truth);
            gaps += report.gaps;
            duplicates += report.duplicates;
            prop_assert_eq!((gaps, duplicates), (reference.gaps, reference.duplicates));
            for (market, name) in MARKETS.iter().enumerate() {
                let Some(id) = feed.books.book_id(name) else {
                    prop_assert!(!reference.live.contains_key(&market));
                    continue;
                };
                let book = feed.books.get(id);
                prop_assert_eq!(book.state() == BookState::Live, reference.live.contains_key(&market));
                let Some(expected) = reference.live.get(&market) else { continue };
                let found: BTreeMap<u32, i64> = book
                    .book()
                    .bids()
                    .map(|level| (level.price.micros() / 10_000, (level.size.micros() / 10_000) as i64))
                    .collect();
                prop_assert_eq!(&found, expected);
            }
        }
    }
}

#[test]
fn only_registered_markets_get_books_and_all_frames_count() {
    let mut feed = Feed::new(Venue::Kalshi);
    feed.books.follow_registered_only(true);
    feed.books.register("A");
    assert_eq!(feed.frame(&snapshot(1, "A", "0.40")).touched.len(), 1);
    // What is passed over takes its number all the same.
    assert!(feed.frame(&snapshot(2, "B", "0.50")).touched.is_empty());
    assert!(feed.frame(&delta(3, "B", "0.50", "5")).touched.is_empty());
    feed.frame(&delta(4, "A", "0.41", "7"));
    assert_eq!((feed.state("A"), feed.bid("A").as_str()), (LIVE, "0.41 x 7"));
    assert_eq!((feed.books.book_id("B"), feed.books.len()), (None, 1));
    // And a gap among what is passed over is one.
    assert_eq!(feed.frame(&delta(6, "B", "0.50", "5")).gaps, 1);
    assert_eq!(feed.state("A"), suspect(SuspectReason::Gap));
    // A forgotten market stays forgotten until it is registered again.
    feed.books.forget("A");
    feed.frame(&snapshot(7, "A", "0.42"));
    assert!(feed.books.is_empty());
    feed.books.register("A");
    feed.frame(&snapshot(8, "A", "0.43"));
    assert_eq!(feed.state("A"), LIVE);
}

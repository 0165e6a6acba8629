//! Books over several connections, against a plain reference: under any history of opening, closing, losses and snapshots, a copy
//! that may be priced is the venue's own book, and one is read whenever some connection has it.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;

use arb_normalize::books::{BookState, Books, FrameReport, TrackedBook};
use arb_normalize::decode::{Decode, decoder};
use arb_normalize::{Timestamp, Venue};
use proptest::prelude::*;

const MARKETS: [&str; 2] = ["A", "B"];

/// What happens next; connections count modulo how many there are.
#[derive(Debug, Clone)]
enum Step {
    Open(usize),
    Close(usize),
    /// Answers a request for a snapshot, with a number of its own or with the last one again.
    Snapshot {
        connection: usize,
        market: usize,
        numbered: bool,
    },
    /// A change of one level (cents, contracts), and the connections that do not hear of it (one bit each).
    Change {
        market: usize,
        price: u32,
        change: i64,
        lost: u8,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let lost = prop_oneof![4 => Just(0_u8), 1 => 0_u8..8];
    prop_oneof![
        1 => (0_usize..3).prop_map(Step::Open),
        1 => (0_usize..3).prop_map(Step::Close),
        2 => (0_usize..3, 0_usize..2, any::<bool>())
            .prop_map(|(connection, market, numbered)| Step::Snapshot { connection, market, numbered }),
        8 => (0_usize..2, 10_u32..40, -5_i64..6, lost)
            .prop_map(|(market, price, change, lost)| Step::Change { market, price, change, lost }),
    ]
}

/// One connection as the venue and the rules see it.
#[derive(Default, Clone)]
struct Wire {
    open: bool,
    seq: u64,
    /// Something was lost that the next number will tell.
    lost: bool,
    /// Whether the copy of each market is right.
    live: [bool; 2],
}

struct World {
    books: Books,
    decoder: Box<dyn Decode>,
    wires: Vec<Wire>,
    truth: [BTreeMap<u32, i64>; 2],
    now: i64,
    report: FrameReport,
}

impl World {
    fn new(connections: usize) -> Self {
        Self {
            books: Books::new(Venue::Kalshi),
            decoder: decoder(Venue::Kalshi),
            wires: vec![Wire::default(); connections],
            truth: Default::default(),
            now: 1_000,
            report: FrameReport::default(),
        }
    }

    /// The next frame of a connection comes in; whatever was lost before it is known now.
    fn hear(&mut self, connection: usize, rest: &str) {
        let wire = &mut self.wires[connection];
        if std::mem::take(&mut wire.lost) {
            wire.live = [false; 2];
        }
        self.now += 10;
        let frame = format!(r#"{{"sid":1,"seq":{},{rest}}}"#, wire.seq);
        let decoded = self.decoder.decode(frame.as_bytes()).unwrap();
        let at = Timestamp::from_millis(self.now);
        self.books.apply(connection as u32, at, &decoded, &mut self.report);
    }

    fn number(&mut self, connection: usize) {
        self.wires[connection].seq += 1;
    }

    fn snapshot(&mut self, connection: usize, market: usize) {
        let levels: Vec<String> = self.truth[market]
            .iter()
            .map(|(price, size)| format!(r#"["0.{price:02}00","{size}.00"]"#))
            .collect();
        let rest = format!(
            r#""type":"orderbook_snapshot","msg":{{"market_ticker":"{}","market_id":"m{market}","yes_dollars_fp":[{}]}}"#,
            MARKETS[market],
            levels.join(",")
        );
        self.hear(connection, &rest);
        self.wires[connection].live[market] = true;
    }

    fn step(&mut self, step: &Step) {
        let connections = self.wires.len();
        match *step {
            Step::Open(connection) => {
                let connection = connection % connections;
                if self.wires[connection].open {
                    return;
                }
                self.wires[connection] = Wire { open: true, ..Wire::default() };
                self.books.connection_opened(connection as u32, Timestamp::from_millis(self.now));
                for market in 0..MARKETS.len() {
                    self.number(connection);
                    self.snapshot(connection, market);
                }
            }
            Step::Close(connection) => {
                let connection = connection % connections;
                if std::mem::take(&mut self.wires[connection].open) {
                    self.wires[connection] = Wire::default();
                    let at = Timestamp::from_millis(self.now);
                    self.books.connection_closed(connection as u32, at, &mut self.report);
                }
            }
            Step::Snapshot { connection, market, numbered } => {
                let connection = connection % connections;
                let wire = &self.wires[connection];
                if wire.open && !wire.live[market] {
                    if numbered {
                        self.number(connection);
                    }
                    self.snapshot(connection, market);
                }
            }
            Step::Change { market, price, change, lost } => {
                self.change(market, price, change, lost)
            }
        }
    }

    fn change(&mut self, market: usize, price: u32, change: i64, lost: u8) {
        let book = &mut self.truth[market];
        let held = book.get(&price).copied().unwrap_or(0);
        let change = change.max(-held);
        if change == 0 {
            return;
        }
        book.insert(price, held + change);
        book.retain(|_, size| *size > 0);
        for connection in 0..self.wires.len() {
            if !self.wires[connection].open {
                continue;
            }
            self.number(connection);
            if lost & (1 << connection) != 0 {
                self.wires[connection].lost = true;
                continue;
            }
            let rest = format!(
                r#""type":"orderbook_delta","msg":{{"market_ticker":"{}","market_id":"m{market}","price_dollars":"0.{price:02}00","delta_fp":"{change}.00","side":"yes","ts_ms":{}}}"#,
                MARKETS[market], self.now
            );
            self.hear(connection, &rest);
        }
    }

    /// Every connection hears a number, so that nothing lost is unknown, and each book is held against the truth.
    fn check(&mut self) -> Result<(), TestCaseError> {
        for connection in 0..self.wires.len() {
            if self.wires[connection].open {
                self.number(connection);
                self.hear(connection, r#""type":"ok","id":9,"msg":{"market_tickers":[]}"#);
            }
        }
        for (market, name) in MARKETS.iter().enumerate() {
            let Some(id) = self.books.book_id(name) else { continue };
            let read = self.books.get(id);
            let some_has_it = self.wires.iter().any(|wire| wire.live[market]);
            prop_assert_eq!(read.state() == BookState::Live, some_has_it, "{}", name);
            let copies = std::iter::once(read).chain(self.books.spares(id));
            for copy in copies.filter(|copy| copy.state() == BookState::Live) {
                prop_assert_eq!(&levels(copy), &self.truth[market], "{}", name);
            }
            let live = self.wires.iter().filter(|wire| wire.live[market]).count();
            let copies = std::iter::once(read).chain(self.books.spares(id));
            prop_assert_eq!(copies.filter(|copy| copy.is_priceable()).count(), live, "{}", name);
        }
        Ok(())
    }
}

fn levels(book: &TrackedBook) -> BTreeMap<u32, i64> {
    let level = |level: arb_normalize::Level| {
        (level.price.micros() / 10_000, (level.size.micros() / 1_000_000) as i64)
    };
    book.book().bids().map(level).collect()
}

fn cases() -> u32 {
    if std::env::var_os("ARB_LONG").is_some() { 20_000 } else { 300 }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn a_copy_that_may_be_priced_is_the_venues_book(
        connections in 2_usize..4,
        steps in proptest::collection::vec(step(), 1..80),
    ) {
        let mut world = World::new(connections);
        for step in &steps {
            world.step(step);
            world.check()?;
        }
    }
}

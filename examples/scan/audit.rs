//! A sampled audit: books of the feed held against the venue's own by REST.
//!
//! A book moves while the request is out, and the venue may answer out of a cache. So every state that a sampled book has
//! from some time before the request until shortly after the answer is kept, and an answer that equals any of them agrees.
//!
//! One answer that agrees with none may be a race. But a level that stood still all the while and differs from the venue's, in two
//! audits running of which the second follows at the next turn, is wrong: such a book is read anew.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use arb_normalize::books::BookState;
use arb_normalize::rest::BookSnapshot;
use arb_normalize::{Book, Level, Price, Quantity, Timestamp, Venue};
use arb_scan::Board;
use arb_venues::MarketSource as _;
use tokio::sync::{mpsc, oneshot};

use crate::endpoints::Endpoints;

/// States of one book kept during one audit; one that moves more is left out of it.
const MAX_STATES: usize = 2_000;
/// How far a feed may be behind an answer.
const GRACE: Duration = Duration::from_millis(500);
/// Questions to the feeds' thread that may wait.
pub const QUESTIONS: usize = 4;

/// Size by side and price.
type Levels = BTreeMap<(bool, Price), Quantity>;

/// How often, how many, and from how long before the request.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Time between two audits of a venue.
    pub every: Duration,
    /// Books in one audit.
    pub books: usize,
    /// How old an answer may be, by venue: Kalshi's edge keeps books for 15 s.
    pub lead: [Duration; 2],
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(60),
            books: 5,
            lead: [Duration::from_secs(16), Duration::from_secs(2)],
        }
    }
}

/// What the auditor asks of the feeds' thread.
#[derive(Debug)]
pub enum Question {
    /// Choose books and keep their states from now on; the answer names their markets.
    Begin {
        /// The venue.
        venue: Venue,
        /// How many.
        books: usize,
        /// Takes the markets.
        reply: oneshot::Sender<Vec<String>>,
    },
    /// Compare what the venue says; nothing where it did not answer.
    End {
        /// The venue.
        venue: Venue,
        /// Its books.
        books: Vec<BookSnapshot>,
    },
}

/// Audits both venues in turn, until nobody answers any more.
pub async fn run(endpoints: Arc<Endpoints>, questions: mpsc::Sender<Question>, pace: Pace) {
    loop {
        for venue in Venue::ALL {
            tokio::time::sleep(pace.every / 2).await;
            let (reply, markets) = oneshot::channel();
            if questions.send(Question::Begin { venue, books: pace.books, reply }).await.is_err() {
                return;
            }
            let Ok(markets) = markets.await else { return };
            if markets.is_empty() {
                continue;
            }
            tokio::time::sleep(pace.lead[venue.index()]).await;
            let read = match venue {
                Venue::Kalshi => endpoints.kalshi.books(&markets).await,
                _ => endpoints.polymarket.books(&markets).await,
            };
            let books = read.unwrap_or_else(|error| {
                tracing::warn!(%venue, %error, "books are not audited");
                Vec::new()
            });
            // The answer may be ahead of the feed.
            tokio::time::sleep(GRACE).await;
            if questions.send(Question::End { venue, books }).await.is_err() {
                return;
            }
        }
    }
}

/// The books under audit, and what came of those before.
#[derive(Debug, Default)]
pub struct Auditor {
    watched: Vec<Watched>,
    /// Levels that stood still during the last audit of a book and differed from the venue's.
    doubted: HashMap<(Venue, String), BTreeSet<(bool, Price)>>,
    /// Where the choice goes on, by venue.
    next: [usize; 2],
    /// Books compared so far, by venue.
    pub audited: [u64; 2],
    /// Those that differed from every state they had.
    pub wrong: [u64; 2],
}

#[derive(Debug)]
struct Watched {
    venue: Venue,
    market: String,
    /// Every state since the beginning; `None` once it cannot be judged.
    states: Option<Vec<Book>>,
    /// The venue's time of the first.
    since: Option<Timestamp>,
}

impl Auditor {
    /// Chooses the next live books of a venue, those in doubt first, and keeps their states from now on.
    pub fn begin(&mut self, venue: Venue, most: usize, board: &Board) -> Vec<String> {
        self.watched.retain(|watched| watched.venue != venue);
        let books = board.books(venue);
        let live: Vec<&str> = books
            .iter()
            .filter(|(id, book)| book.state() == BookState::Live && board.is_paired(venue, *id))
            .map(|(id, _)| books.market(id))
            .collect();
        // What is not live is read anew anyway.
        self.doubted.retain(|(of, market), _| *of != venue || live.contains(&market.as_str()));
        let doubted = self.doubted.keys().filter(|(of, _)| *of == venue);
        let mut chosen: Vec<String> =
            doubted.map(|(_, market)| market.clone()).take(most).collect();
        let first = self.next[venue.index()];
        let in_turn = (0..live.len()).map(|step| live[(first + step) % live.len()]);
        for market in in_turn.take(most.saturating_sub(chosen.len())) {
            self.next[venue.index()] = self.next[venue.index()].wrapping_add(1);
            if !chosen.iter().any(|known| known == market) {
                chosen.push(market.to_owned());
            }
        }
        for market in &chosen {
            let book = books.book_id(market).map(|id| books.get(id));
            self.watched.push(Watched {
                venue,
                market: market.clone(),
                states: Some(Vec::new()),
                since: book.and_then(|book| book.venue_at()),
            });
        }
        self.note(venue, board);
        chosen
    }

    /// Keeps the states that a frame of the venue left behind. Costs nothing while no audit is under way.
    pub fn note(&mut self, venue: Venue, board: &Board) {
        let books = board.books(venue);
        for watched in self.watched.iter_mut().filter(|watched| watched.venue == venue) {
            let Some(states) = &mut watched.states else { continue };
            let book = books.book_id(&watched.market).map(|id| books.get(id));
            match book.filter(|book| book.state() == BookState::Live) {
                // Most frames are about other books: a look costs no copy.
                Some(book) if states.last() == Some(book.book()) => {}
                Some(book) if states.len() < MAX_STATES => states.push(book.book().clone()),
                _ => watched.states = None,
            }
        }
    }

    /// Compares the venue's books with the states kept, and keeps them no longer; the markets whose books are wrong for the second
    /// time running.
    pub fn end(&mut self, venue: Venue, books: &[BookSnapshot]) -> Vec<String> {
        let mut wrong_again = Vec::new();
        let (over, rest) = std::mem::take(&mut self.watched)
            .into_iter()
            .partition(|watched| watched.venue == venue);
        self.watched = rest;
        for Watched { market, states, since, .. } in over {
            let Some(theirs) = books.iter().find(|book| book.market == market) else { continue };
            let Some(states) = states else { continue };
            // Out of a cache from before the first state: what stood still since says nothing.
            let is_old = theirs.venue_at.is_some_and(|at| since.is_some_and(|since| at < since));
            let theirs = levels(&theirs.bids, &theirs.asks);
            let of_state = |ours| divergence(&levels_of(ours), &theirs);
            let divergence = states.iter().map(of_state).fold(f64::INFINITY, f64::min);
            self.audited[venue.index()] += 1;
            metrics::histogram!("arb_scan_audit_divergence_ratio", "venue" => venue.as_str())
                .record(divergence);
            let before = self.doubted.remove(&(venue, market.clone()));
            if divergence > 0.0 {
                self.wrong[venue.index()] += 1;
                tracing::warn!(%venue, market, divergence, states = states.len(), "a book differs from the venue's");
                let still = if is_old { BTreeSet::new() } else { still_wrong(&states, &theirs) };
                if before.is_some_and(|before| !before.is_disjoint(&still)) {
                    wrong_again.push(market);
                } else if !still.is_empty() {
                    self.doubted.insert((venue, market), still);
                }
            }
        }
        wrong_again
    }
}

fn levels(bids: &[Level], asks: &[Level]) -> Levels {
    let side = |levels: &[Level], is_bid| {
        let filled =
            levels.iter().filter(|level| !level.size.is_zero() && !level.price.is_worthless());
        filled.map(|level| ((is_bid, level.price), level.size)).collect::<Vec<_>>()
    };
    side(bids, true).into_iter().chain(side(asks, false)).collect()
}

fn levels_of(book: &Book) -> Levels {
    levels(&book.bids().collect::<Vec<_>>(), &book.asks().collect::<Vec<_>>())
}

/// The levels that have the same size in every state, and another one at the venue.
fn still_wrong(states: &[Book], theirs: &Levels) -> BTreeSet<(bool, Price)> {
    let states: Vec<Levels> = states.iter().map(levels_of).collect();
    let Some(first) = states.first() else { return BTreeSet::new() };
    let places = first.keys().chain(theirs.keys()).copied();
    places
        .filter(|place| {
            let ours = first.get(place);
            ours != theirs.get(place) && states.iter().all(|state| state.get(place) == ours)
        })
        .collect()
}

/// The share of levels whose sizes differ, 0 where the books are equal.
fn divergence(ours: &Levels, theirs: &Levels) -> f64 {
    let missing = theirs.keys().filter(|place| !ours.contains_key(*place)).count();
    let differing = ours.iter().filter(|(place, size)| theirs.get(*place) != Some(size)).count();
    match ours.len() + missing {
        0 => 0.0,
        all => (missing + differing) as f64 / all as f64,
    }
}

#[cfg(test)]
mod tests {
    use arb_scan::{Closed, Found, Pipeline, PipelineConfig, Sink, pairs};

    use super::*;

    fn book(levels: &[(bool, &str, &str)]) -> Levels {
        let parse = |(bid, price, size): &(bool, &str, &str)| {
            ((*bid, price.parse().unwrap()), size.parse().unwrap())
        };
        levels.iter().map(parse).collect()
    }

    #[test]
    fn divergence_is_the_share_of_levels_that_differ() {
        let ours = book(&[(true, "0.4", "5"), (true, "0.3", "1"), (false, "0.6", "2")]);
        assert_eq!(divergence(&ours, &ours), 0.0);
        let theirs = book(&[(true, "0.4", "6"), (true, "0.3", "1"), (false, "0.7", "2")]);
        assert_eq!(divergence(&ours, &theirs), 0.75);
        assert_eq!(divergence(&book(&[]), &book(&[])), 0.0);
        assert_eq!(divergence(&book(&[]), &ours), 1.0);
    }

    struct Nothing;

    impl Sink for Nothing {
        fn on_opportunity(&mut self, _: &Found<'_>) {}
        fn on_closed(&mut self, _: &Closed) {}
    }

    /// A live book with a bid of 75 at 0.43, and what is done to it.
    struct Audited {
        pipeline: Pipeline<Nothing>,
        auditor: Auditor,
        seq: u32,
    }

    impl Audited {
        fn new() -> Self {
            let mut pipeline = Pipeline::new(PipelineConfig::default(), Nothing);
            let file = r#"[{"kalshi":"KXA","polymarket_yes":"71","relation":"equal"}]"#;
            pipeline.replace_pairs(pairs::parse(file).unwrap());
            let mut audited = Self { pipeline, auditor: Auditor::default(), seq: 0 };
            audited.frame(
                r#""orderbook_snapshot""#,
                r#""yes_dollars_fp":[["0.4300","75.00"]],"no_dollars_fp":[]"#,
            );
            audited
        }

        fn frame(&mut self, kind: &str, body: &str) {
            self.seq += 1;
            let seq = self.seq;
            let frame = format!(
                r#"{{"type":{kind},"sid":1,"seq":{seq},"msg":{{"market_ticker":"KXA",{body}}}}}"#
            );
            self.pipeline.on_frame(Venue::Kalshi, 0, None, frame.as_bytes());
            self.auditor.note(Venue::Kalshi, self.pipeline.board());
        }

        /// An audit during which the bid changes by so much; the venue says these bids.
        fn audit(&mut self, change: Option<&str>, theirs: &[(&str, &str)]) -> usize {
            let chosen = self.auditor.begin(Venue::Kalshi, 5, self.pipeline.board());
            assert_eq!(chosen, ["KXA"]);
            if let Some(change) = change {
                let body =
                    format!(r#""price_dollars":"0.4300","delta_fp":"{change}","side":"yes""#);
                self.frame(r#""orderbook_delta""#, &body);
            }
            let level = |(price, size): &(&str, &str)| Level {
                price: price.parse().unwrap(),
                size: size.parse().unwrap(),
            };
            let book = BookSnapshot {
                market: "KXA".to_owned(),
                venue_id: None,
                bids: theirs.iter().map(level).collect(),
                asks: Vec::new(),
                tick: None,
                min_size: None,
                venue_at: None,
            };
            self.auditor.end(Venue::Kalshi, &[book]).len()
        }
    }

    #[test]
    fn a_level_that_stands_still_and_is_wrong_twice_running_is_no_race() {
        let mut book = Audited::new();
        assert_eq!(book.audit(None, &[("0.43", "75")]), 0);
        assert_eq!(book.audit(None, &[("0.43", "70")]), 0, "once may be a race");
        assert_eq!(book.audit(None, &[("0.43", "70")]), 1);
        assert_eq!(book.audit(None, &[("0.43", "70")]), 0, "asked for; counted from the beginning");
        assert_eq!(book.audit(None, &[("0.43", "75")]), 0);
        assert_eq!(book.audit(None, &[("0.43", "70")]), 0, "it agreed in between");
        assert_eq!((book.auditor.audited[0], book.auditor.wrong[0]), (6, 4));
        let with_worthless = [("0", "3"), ("0.43", "75"), ("1", "5")];
        assert_eq!(book.audit(None, &with_worthless), 0);
        assert_eq!(book.auditor.wrong[0], 4);
    }

    #[test]
    fn a_level_that_moves_while_the_venue_is_asked_proves_nothing() {
        let mut book = Audited::new();
        for change in ["-1.00", "1.00", "-1.00", "1.00"] {
            assert_eq!(book.audit(Some(change), &[("0.43", "74.5")]), 0);
        }
        // One that the book does not have, does.
        assert_eq!(book.audit(Some("-1.00"), &[("0.43", "74"), ("0.42", "9")]), 0);
        assert_eq!(book.audit(Some("1.00"), &[("0.43", "75"), ("0.42", "9")]), 1);
    }
}

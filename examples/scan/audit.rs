//! A sampled audit: books of the feed held against the venue's own by REST.
//!
//! A book moves while the request is out, and the venue may answer out of a cache. So every state that a sampled book has
//! from some time before the request until shortly after the answer is kept, and an answer that equals any of them agrees.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use arb_normalize::books::BookState;
use arb_normalize::rest::BookSnapshot;
use arb_normalize::{Book, Level, Price, Quantity, Venue};
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
}

impl Auditor {
    /// Chooses the next live books of a venue and keeps their states from now on.
    pub fn begin(&mut self, venue: Venue, most: usize, board: &Board) -> Vec<String> {
        self.watched.retain(|watched| watched.venue != venue);
        let books = board.books(venue);
        let live: Vec<&str> = books
            .iter()
            .filter(|(id, book)| book.state() == BookState::Live && board.is_paired(venue, *id))
            .map(|(id, _)| books.market(id))
            .collect();
        let first = self.next[venue.index()];
        let chosen: Vec<String> = (0..most.min(live.len()))
            .map(|step| live[(first + step) % live.len()].to_owned())
            .collect();
        self.next[venue.index()] = first.wrapping_add(chosen.len());
        for market in &chosen {
            let states = Some(Vec::new());
            self.watched.push(Watched { venue, market: market.clone(), states });
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

    /// Compares the venue's books with the states kept, and keeps them no longer.
    pub fn end(&mut self, venue: Venue, books: &[BookSnapshot]) {
        let (over, rest) = std::mem::take(&mut self.watched)
            .into_iter()
            .partition(|watched| watched.venue == venue);
        self.watched = rest;
        for Watched { market, states, .. } in over {
            let Some(theirs) = books.iter().find(|book| book.market == market) else { continue };
            let Some(states) = states else { continue };
            let theirs = levels(&theirs.bids, &theirs.asks);
            let of_state = |ours| divergence(&levels_of(ours), &theirs);
            let divergence = states.iter().map(of_state).fold(f64::INFINITY, f64::min);
            self.audited[venue.index()] += 1;
            metrics::histogram!("arb_scan_audit_divergence_ratio", "venue" => venue.as_str())
                .record(divergence);
            if divergence > 0.0 {
                self.wrong[venue.index()] += 1;
                tracing::warn!(%venue, market, divergence, states = states.len(), "a book differs from the venue's");
            }
        }
    }
}

fn levels(bids: &[Level], asks: &[Level]) -> Levels {
    let side = |levels: &[Level], is_bid| {
        let filled = levels.iter().filter(|level| !level.size.is_zero());
        filled.map(|level| ((is_bid, level.price), level.size)).collect::<Vec<_>>()
    };
    side(bids, true).into_iter().chain(side(asks, false)).collect()
}

fn levels_of(book: &Book) -> Levels {
    levels(&book.bids().collect::<Vec<_>>(), &book.asks().collect::<Vec<_>>())
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
}

//! Watching without a key: Kalshi's books by public REST, marked DELAYED and never priced.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arb_monitor::status::{NearMiss, StatusModel};
use arb_normalize::Book;
use arb_venues::kalshi::KalshiRest;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// How often every book is read: the venue caches them for about as long.
const EVERY: Duration = Duration::from_secs(15);

/// A pair's Kalshi book as last read.
#[derive(Debug, Clone)]
struct Delayed {
    touch: String,
    at: Instant,
}

/// The books as last read, by pair, kept up to date until dropped.
#[derive(Debug)]
pub struct DelayedBooks {
    books: Arc<Mutex<HashMap<String, Delayed>>>,
    task: JoinHandle<()>,
}

impl DelayedBooks {
    /// Reads the books of these (pair, ticker) again and again.
    pub fn start(rest: Arc<KalshiRest>, tickers: Vec<(String, String)>) -> Self {
        let books: Arc<Mutex<HashMap<String, Delayed>>> = Arc::default();
        let read = books.clone();
        let task = tokio::spawn(async move {
            let mut turns = tokio::time::interval(EVERY);
            loop {
                turns.tick().await;
                for (pair, ticker) in &tickers {
                    match rest.book(ticker).await {
                        Ok(snapshot) => {
                            let mut book = Book::new();
                            book.replace(&snapshot.bids, &snapshot.asks);
                            let delayed = Delayed { touch: touch(&book), at: Instant::now() };
                            let mut books = read.lock().unwrap_or_else(PoisonError::into_inner);
                            books.insert(pair.clone(), delayed);
                        }
                        Err(error) => tracing::warn!(ticker, %error, "a delayed book is not read"),
                    }
                }
            }
        });
        Self { books, task }
    }

    /// Puts each pair's two quotes into the view, Kalshi's with its age.
    pub fn show(&self, view: &mut StatusModel) {
        let books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        for row in &mut view.near_misses {
            let kalshi = books.get(&row.pair).map_or_else(
                || "not read yet".to_owned(),
                |delayed| format!("{} DELAYED {} s", delayed.touch, delayed.at.elapsed().as_secs()),
            );
            row.missing = format!("Kalshi {kalshi}; {}", row.missing);
        }
    }
}

impl Drop for DelayedBooks {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// `0.43/0.46`, a dash for an empty side.
fn touch(book: &Book) -> String {
    let price = |level: Option<arb_normalize::Level>| {
        level.map_or_else(|| "-".to_owned(), |level| level.price.to_string())
    };
    format!("{}/{}", price(book.best_bid()), price(book.best_ask()))
}

/// Polymarket's quote of each pair, as rows of the view.
pub fn quotes<'a>(pairs: impl Iterator<Item = (&'a str, Option<&'a Book>)>) -> Vec<NearMiss> {
    pairs
        .map(|(pair, book)| NearMiss {
            pair: pair.to_owned(),
            missing: format!(
                "Polymarket {}",
                book.map_or_else(
                    || "no book yet".to_owned(),
                    |book| format!("{} live", touch(book))
                )
            ),
            net_usd: None,
        })
        .collect()
}

//! Books and prices on their way to a cache that others read.
//!
//! Only the feeds' thread has the books, so it copies them; but between frames and at its own pace, so that no frame waits for it: a few
//! hundred looks ten times a second, and a copy of what was heard of since the last one. What is in the way of a copy (the cache's own
//! round trips, its conflation of writes) is on the writer's task.

use arb_cache::{Inbox, Origin, Quote, Stamp};
use arb_normalize::books::{BookState, Epoch};
use arb_normalize::{MarketKey, Timestamp, Venue};
use arb_scan::Board;

/// Books looked at in one turn, by venue; of more, each comes every few turns.
const LOOKS: usize = 500;

/// Offers what is new in the books to a cache.
#[derive(Debug)]
pub struct Keeper {
    inbox: Inbox,
    /// By venue and number of the book.
    known: [Vec<Option<Known>>; 2],
    /// Where the next turn begins.
    next: [usize; 2],
}

#[derive(Debug)]
struct Known {
    key: MarketKey,
    heard_at: Timestamp,
    epoch: Epoch,
    /// When that unbroken stretch of the book was first seen.
    began: Timestamp,
}

impl Keeper {
    /// Into this inbox.
    pub fn new(inbox: Inbox) -> Self {
        Self { inbox, known: Default::default(), next: [0; 2] }
    }

    /// Offers the followed live books that were heard of since they were offered last.
    pub fn turn(&mut self, board: &Board) {
        for venue in Venue::ALL {
            let (books, v) = (board.books(venue), venue.index());
            let mut looks = 0;
            let mut end = 0;
            for (id, tracked) in books.iter_from(self.next[v]).take(LOOKS) {
                looks += 1;
                end = id.index() + 1;
                let heard_at = match tracked.received_at() {
                    Some(at)
                        if tracked.state() == BookState::Live && board.is_paired(venue, id) =>
                    {
                        at
                    }
                    _ => continue,
                };
                if self.known[v].len() <= id.index() {
                    self.known[v].resize_with(id.index() + 1, || None);
                }
                let known = &mut self.known[v][id.index()];
                // Numbers of forgotten books are used again.
                let market = books.market(id);
                let same = known.as_ref().filter(|known| known.key.id == market);
                if same.is_some_and(|known| known.heard_at == heard_at) {
                    continue;
                }
                let unbroken = same.filter(|known| known.epoch == tracked.epoch());
                let began = unbroken.map_or(heard_at, |known| known.began);
                let key = match known.take() {
                    Some(known) if known.key.id == market => known.key,
                    _ => MarketKey { venue, id: market.to_owned() },
                };
                let stamp = Stamp {
                    epoch: began,
                    sequence: heard_at.nanos_since(began),
                    received_at: heard_at,
                    venue_at: tracked.venue_at(),
                    origin: Origin::Stream,
                };
                // An inbox that is full is counted by the writer; the next change is offered again.
                let _ = self.inbox.offer_book(&key, tracked.book(), stamp);
                let _ = self.inbox.offer_price(&key, Quote::of(tracked.book()), stamp);
                *known = Some(Known { key, heard_at, epoch: tracked.epoch(), began });
            }
            self.next[v] = if looks < LOOKS { 0 } else { end };
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use arb_cache::{Cache, CacheConfig, CacheWriter, WriterConfig};
    use arb_scan::{Closed, Found, Pipeline, PipelineConfig, Sink, pairs};

    use super::*;

    struct Nothing;

    impl Sink for Nothing {
        fn on_opportunity(&mut self, _: &Found<'_>) {}
        fn on_closed(&mut self, _: &Closed) {}
    }

    fn snapshot(ticker: &str, seq: usize, bid: &str) -> String {
        format!(
            r#"{{"type":"orderbook_snapshot","sid":1,"seq":{seq},"msg":{{"market_ticker":"{ticker}","yes_dollars_fp":[["{bid}","120.00"]],"no_dollars_fp":[["0.4000","80.00"]]}}}}"#
        )
    }

    #[tokio::test]
    async fn the_cache_holds_what_live_followed_books_say() {
        let all = LOOKS + 20;
        let cache = Cache::memory(CacheConfig::default());
        let writer = CacheWriter::start(cache.clone(), WriterConfig::default());
        let mut keeper = Keeper::new(writer.inbox());
        let mut pipeline = Pipeline::new(PipelineConfig::default(), Nothing);
        let pair =
            |n: usize| format!(r#"{{"kalshi":"KX{n}","polymarket_yes":"{n}","relation":"equal"}}"#);
        let file: Vec<String> = (0..all).map(pair).collect();
        pipeline.replace_pairs(pairs::parse(&format!("[{}]", file.join(","))).unwrap());
        let now = || Some(cache.now());
        for n in 0..all {
            let frame = snapshot(&format!("KX{n}"), n + 1, "0.4300");
            pipeline.on_frame(Venue::Kalshi, 0, now(), frame.as_bytes());
        }
        pipeline.on_frame(
            Venue::Kalshi,
            0,
            now(),
            snapshot("KXOTHER", all + 1, "0.4300").as_bytes(),
        );
        keeper.turn(pipeline.board());
        keeper.turn(pipeline.board());
        assert_eq!(writer.waiting(), 2 * all, "books and prices of what is followed, each once");
        keeper.turn(pipeline.board());
        keeper.turn(pipeline.board());
        assert_eq!(writer.waiting(), 2 * all);
        // What changes is offered again, in place of what waits; a book that is suspect by then is not.
        pipeline.on_frame(Venue::Kalshi, 0, now(), snapshot("KX3", all + 2, "0.4500").as_bytes());
        pipeline.on_frame(Venue::Kalshi, 0, now(), snapshot("KX4", all + 3, "0.4500").as_bytes());
        pipeline.on_silent(Venue::Kalshi, "KX4", now());
        keeper.turn(pipeline.board());
        assert_eq!(writer.shutdown(Duration::from_secs(5)).await, 0);
        let bid = async |n: usize| {
            let market = MarketKey { venue: Venue::Kalshi, id: format!("KX{n}") };
            let price = cache.get_price(&market, None).await.unwrap().hit().unwrap();
            let book = cache.get_book(&market, None).await.unwrap().hit().unwrap();
            assert_eq!(book.best_bid(), price.bid);
            assert_eq!(book.best_ask().unwrap().size.to_string(), "80");
            price.bid.unwrap().price.to_string()
        };
        for (market, expected) in [(0, "0.43"), (3, "0.45"), (4, "0.43"), (all - 1, "0.43")] {
            assert_eq!(bid(market).await, expected, "KX{market}");
        }
        let other = MarketKey { venue: Venue::Kalshi, id: "KXOTHER".into() };
        assert!(cache.get_book(&other, None).await.unwrap().hit().is_none(), "nobody follows it");
    }
}

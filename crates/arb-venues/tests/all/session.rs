//! Sessions on real connections: books equal the venue's, through a gap too.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arb_normalize::books::{BookState, Books, FrameReport};
use arb_normalize::{Decode, Ladder, MarketEvent, Timestamp, Venue, decoder};
use arb_sim::Sim;
use arb_venues::ClockOffset;
use arb_venues::kalshi::{KalshiCredentials, KalshiRest, KalshiSession};
use arb_venues::polymarket::PolymarketSession;
use arb_ws::{Connection, ConnectionConfig, Event, Handle, Meta, Session, Sink, TungsteniteDial};

use super::{key, venues};

/// Keeps a venue's books from what a connection receives.
struct Keeper {
    books: Books,
    decoder: Box<dyn Decode>,
    report: FrameReport,
    gaps: u32,
    /// Ids of trades, and how many came before the connection was last lost.
    trades: Vec<String>,
    before: usize,
}

impl Sink for Keeper {
    fn on_message(&mut self, meta: &Meta, payload: &[u8]) {
        let decoded = self.decoder.decode(payload).unwrap();
        let at = Timestamp::from_nanos(meta.received_at_ns());
        for event in decoded.events() {
            if let MarketEvent::Trade(trade) = event {
                self.trades.push(trade.id.unwrap().to_owned());
            }
        }
        self.books.apply(meta.connection, at, &decoded, &mut self.report);
        self.gaps += self.report.gaps;
    }

    fn on_event(&mut self, meta: &Meta, event: &Event) {
        match event {
            Event::Connected { .. } => self.books.connection_opened(meta.connection, None),
            Event::Disconnected { .. } => {
                self.before = self.trades.len();
                self.books.connection_closed(meta.connection, None, &mut self.report);
            }
            _ => {}
        }
    }
}

fn follow(
    venue: Venue,
    session: Box<dyn Session>,
    keys: &[String],
) -> (Arc<Mutex<Keeper>>, Handle) {
    let keeper = Arc::new(Mutex::new(Keeper {
        books: Books::new(venue),
        decoder: decoder(venue),
        report: FrameReport::default(),
        gaps: 0,
        trades: Vec::new(),
        before: 0,
    }));
    let config = ConnectionConfig::new(venue.as_str(), 0);
    let (connection, handle) =
        Connection::new(config, Arc::new(TungsteniteDial::new().unwrap()), session);
    handle.subscribe(keys.iter().map(String::as_str)).unwrap();
    tokio::spawn(connection.run(keeper.clone()));
    (keeper, handle)
}

/// Price → size of a side, as text.
fn side(ladder: Ladder<'_>) -> BTreeMap<String, String> {
    ladder.map(|level| (level.price.to_string(), level.size.to_string())).collect()
}

fn truth(levels: &[(arb_sim::Price, arb_sim::Quantity)]) -> BTreeMap<String, String> {
    let number = |text: String| text.parse::<arb_normalize::Quantity>().unwrap().to_string();
    levels.iter().map(|(p, q)| (number(p.to_string()), number(q.to_string()))).collect()
}

/// Waits until every book is live and equals the venue's.
async fn until_equal(sim: &Sim, keeper: &Arc<Mutex<Keeper>>, keys: &[String]) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    loop {
        let wrong: Vec<String> = {
            let keeper = keeper.lock().unwrap();
            let is_right = |key: &&String| {
                let Some(id) = keeper.books.book_id(key) else { return false };
                let book = keeper.books.get(id);
                let venue = sim.truth(key).unwrap();
                book.state() == BookState::Live
                    && side(book.book().bids()) == truth(&venue.bids)
                    && side(book.book().asks()) == truth(&venue.asks)
            };
            keys.iter().filter(|key| !is_right(key)).cloned().collect()
        };
        if wrong.is_empty() {
            return;
        }
        assert!(tokio::time::Instant::now() < deadline, "books that stay wrong: {wrong:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kalshi_books_equal_the_venues_and_do_again_after_a_gap() {
    let sim = venues(200).await;
    let mut tickers = sim.markets(arb_sim::Venue::Kalshi);
    tickers.truncate(8);
    let session = KalshiSession::new(&sim.kalshi_ws_url(), key(&sim), ClockOffset::new("kalshi"));
    let (keeper, handle) = follow(Venue::Kalshi, Box::new(session), &tickers);
    tokio::time::sleep(Duration::from_millis(500)).await;
    sim.pause();
    until_equal(&sim, &keeper, &tickers).await;
    sim.resume();
    sim.fault("gap:venue=kalshi,times=3".parse().unwrap()).unwrap();
    tokio::time::sleep(Duration::from_millis(800)).await;
    sim.pause();
    until_equal(&sim, &keeper, &tickers).await;
    assert!(keeper.lock().unwrap().gaps > 0, "the fault was never met");
    handle.shutdown();
    sim.shutdown().await;
}

/// Waits until more than so many trades have come.
async fn until_trades(keeper: &Arc<Mutex<Keeper>>, known: usize) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    while keeper.lock().unwrap().trades.len() <= known {
        assert!(tokio::time::Instant::now() < deadline, "no trades after the first {known}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trades_come_between_the_deltas_without_a_gap_and_again_after_a_lost_connection() {
    let sim = venues(1_500).await;
    let tickers = sim.markets(arb_sim::Venue::Kalshi);
    let (tickers, other) = (tickers[..8].to_vec(), tickers[8].clone());
    let session = KalshiSession::new(&sim.kalshi_ws_url(), key(&sim), ClockOffset::new("kalshi"));
    let (keeper, handle) = follow(Venue::Kalshi, Box::new(session.with_trades()), &tickers);
    until_trades(&keeper, 20).await;
    sim.pause();
    until_equal(&sim, &keeper, &tickers).await;
    assert_eq!(keeper.lock().unwrap().gaps, 0);
    assert_eq!(channels(&sim), ["market_lifecycle_v2", "orderbook_delta", "trade"]);
    sim.resume();

    sim.fault("drop:venue=kalshi".parse().unwrap()).unwrap();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    while handle.health().disconnects == 0 {
        assert!(tokio::time::Instant::now() < deadline, "the fault is not met");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let before = keeper.lock().unwrap().before;
    until_trades(&keeper, before + 20).await;
    sim.pause();
    until_equal(&sim, &keeper, &tickers).await;
    assert_eq!(keeper.lock().unwrap().gaps, 0);
    let trades = keeper.lock().unwrap().trades.clone();
    let distinct: std::collections::BTreeSet<&String> = trades.iter().collect();
    assert_eq!(distinct.len(), trades.len(), "each once");
    sim.resume();

    // A dead subscription of trades is made anew, and one that loses frames loses no book.
    sim.fault("channel-error:venue=kalshi".parse().unwrap()).unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let known = keeper.lock().unwrap().trades.len();
    until_trades(&keeper, known + 5).await;
    // Markets that come and go take their trades along.
    handle.unsubscribe(&tickers[1..]);
    handle.subscribe([other.as_str()]).unwrap();
    sim.pause();
    until_equal(&sim, &keeper, &[tickers[0].clone(), other]).await;
    assert_eq!(channels(&sim), ["market_lifecycle_v2", "orderbook_delta", "trade"]);
    handle.shutdown();
    sim.shutdown().await;
}

/// The channels of the one connection, once each.
fn channels(sim: &Sim) -> Vec<String> {
    let [connection] = sim.connections().try_into().unwrap();
    let mut channels: Vec<String> =
        connection.subscriptions.into_iter().map(|(channel, _)| channel).collect();
    channels.sort();
    channels
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_come_and_go_on_an_open_connection() {
    let sim = venues(100).await;
    let tickers = sim.markets(arb_sim::Venue::Kalshi);
    let (first, more) = (tickers[..3].to_vec(), tickers[3..6].to_vec());
    let session = KalshiSession::new(&sim.kalshi_ws_url(), key(&sim), ClockOffset::new("kalshi"));
    let (keeper, handle) = follow(Venue::Kalshi, Box::new(session), &first);
    tokio::time::sleep(Duration::from_millis(300)).await;
    handle.subscribe(more.iter().map(String::as_str)).unwrap();
    handle.unsubscribe(&first[..1]);
    tokio::time::sleep(Duration::from_millis(500)).await;
    sim.pause();
    let rest = [&first[1..], &more[..]].concat();
    until_equal(&sim, &keeper, &rest).await;
    assert_eq!(handle.health().disconnects, 0, "the connection stayed");
    assert_eq!(sim.connections()[0].markets.len(), rest.len(), "nothing else is subscribed");
    handle.shutdown();
    sim.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn polymarket_books_equal_the_venues_and_do_again_after_a_lost_connection() {
    let sim = venues(200).await;
    let pairs: serde_json::Value = serde_json::from_str(&sim.approved_pairs_json()).unwrap();
    let tokens: Vec<String> = pairs
        .as_array()
        .unwrap()
        .iter()
        .take(8)
        .map(|pair| pair["polymarket_yes"].as_str().unwrap().to_owned())
        .collect();
    let session = PolymarketSession::new(&sim.polymarket_ws_url());
    let (keeper, handle) = follow(Venue::Polymarket, Box::new(session), &tokens);
    tokio::time::sleep(Duration::from_millis(500)).await;
    sim.pause();
    until_equal(&sim, &keeper, &tokens).await;
    sim.resume();
    sim.fault("drop:venue=polymarket".parse().unwrap()).unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    sim.pause();
    until_equal(&sim, &keeper, &tokens).await;
    assert!(handle.health().disconnects > 0, "the fault was never met");
    handle.shutdown();
    sim.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_unknown_ticker_costs_its_neighbours_nothing() {
    let sim = venues(100).await;
    let mut tickers = sim.markets(arb_sim::Venue::Kalshi);
    tickers.truncate(4);
    let asked = [&["KXNOSUCH-99-X".to_owned()][..], &tickers[..]].concat();
    let session = KalshiSession::new(&sim.kalshi_ws_url(), key(&sim), ClockOffset::new("kalshi"));
    let (keeper, handle) = follow(Venue::Kalshi, Box::new(session), &asked);
    tokio::time::sleep(Duration::from_millis(300)).await;
    sim.pause();
    until_equal(&sim, &keeper, &tickers).await;
    assert_eq!(handle.health().disconnects, 0, "the connection stayed");
    handle.shutdown();
    sim.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_key_costs_no_connection_and_signs_the_next_handshake() {
    let sim = venues(100).await;
    let mut tickers = sim.markets(arb_sim::Venue::Kalshi);
    tickers.truncate(2);
    let key = key(&sim);
    let clock = ClockOffset::new("kalshi");
    let session = KalshiSession::new(&sim.kalshi_ws_url(), key.clone(), clock.clone());
    let (keeper, handle) = follow(Venue::Kalshi, Box::new(session), &tickers);
    let rest = KalshiRest::new(&sim.kalshi_rest_url(), Some(key.clone()), clock).unwrap();
    rest.check_key().await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    // One that the venue does not know shows who signs.
    key.replace(KalshiCredentials::from_ed25519_seed("unknown", &[7; 32]).unwrap());
    assert!(rest.check_key().await.is_err());
    sim.pause();
    until_equal(&sim, &keeper, &tickers).await;
    assert_eq!(handle.health().disconnects, 0, "the connection stayed");
    let refused = sim.stats(arb_sim::Venue::Kalshi).refused;
    handle.reconnect();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    while sim.stats(arb_sim::Venue::Kalshi).refused == refused {
        assert!(tokio::time::Instant::now() < deadline, "the new key is not used");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // The venue's second key is good for REST at once.
    let second = sim.kalshi_credentials();
    key.replace(
        KalshiCredentials::from_pem(&second.rsa_key_id, &second.rsa_private_key_pem).unwrap(),
    );
    rest.check_key().await.unwrap();
    handle.shutdown();
    sim.shutdown().await;
}

#[test]
fn polymarket_is_told_ping_as_often_as_it_wants() {
    let keep_alive = PolymarketSession::new("ws://127.0.0.1/ws/market").keep_alive().unwrap();
    assert_eq!((keep_alive.every, keep_alive.text.as_str()), (Duration::from_secs(10), "PING"));
}

//! Bursts, twins, many connections and a flapping server, over real sockets in virtual time (see `arb_tests::feed`).
//!
//! With `ARB_LONG=1` the many connections run for a minute instead of four seconds.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test; its figures are for reading"
)]

use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use arb_normalize::{BookState, Venue};
use arb_sim::{Catalogue, Price, Quantity, Side, Sim, SimConfig, SnapshotReply};
use arb_tests::feed::{
    Barrier, DEADLINE, Feed, Market, START, TURN, chaos_config, hold_back_time, markets,
    patient_config,
};
use arb_tests::resident;
use arb_ws::{ConnectBudget, Rate};
use tokio::task::LocalSet;
use tokio::time::sleep;

async fn quiet(pairs: usize, snapshot_reply: SnapshotReply) -> Sim {
    let config = SimConfig {
        now: Some(START),
        catalogue: Catalogue::Synthetic { pairs },
        quotes_per_second: 0,
        plant_every: None,
        snapshot_reply,
        ..SimConfig::default()
    };
    Sim::start(config).await.unwrap()
}

/// One more contract deep in the book: one frame.
fn bump(sim: &Sim, market: &Market) {
    let change = (Side::Bid, Price::from_ten_thousandths(200), Quantity::contracts(1));
    sim.add_to_levels(&market.name, &[change]).unwrap();
}

async fn virtually<F: Future<Output = ()>>(work: F) {
    LocalSet::new()
        .run_until(async {
            tokio::task::spawn_local(hold_back_time(Barrier::new()));
            work.await;
        })
        .await;
}

/// 20 markets of one sid, 250 frames in 100 ms, of which one is lost.
async fn one_loss_in_a_burst(reply: SnapshotReply) {
    let sim = quiet(40, reply).await;
    let mut config = patient_config(Venue::Kalshi, 0);
    // Two subscribe commands, hence two sids.
    config.chunk = 20;
    let mut feed = Feed::new(&sim, Venue::Kalshi, config, markets(&sim, Venue::Kalshi), true);
    feed.subscribe();
    feed.start();
    assert!(feed.until_live(5 * DEADLINE).await);
    let sid_of = |market: &Market| {
        let keeper = feed.keeper.borrow();
        keeper.books.source(keeper.books.book_id(&market.key).unwrap()).unwrap().1.unwrap()
    };
    let sids: BTreeSet<u64> = feed.markets.iter().map(sid_of).collect();
    assert_eq!(sids.len(), 2, "two subscriptions");
    let (struck, spared): (Vec<Market>, Vec<Market>) =
        feed.markets.iter().cloned().partition(|market| sid_of(market) == *sids.first().unwrap());
    assert_eq!((struck.len(), spared.len()), (20, 20));

    let spec = arb_sim::FaultSpec::new(arb_sim::Fault::Gap).market(&struck[7].name);
    let id = sim.fault(spec).unwrap();
    let before = feed.keeper.borrow().falls.len();
    for round in 0..10 {
        for frame in 0..25 {
            bump(&sim, &struck[(round * 25 + frame) % 20]);
        }
        sleep(TURN).await;
    }
    assert!(sim.faults().iter().any(|fault| fault.id == id && fault.hits == 1));
    let live = |of: &[Market]| {
        let keeper = feed.keeper.borrow();
        of.iter().filter(|market| keeper.state(&market.key) == BookState::Live).count()
    };
    assert!(feed.until(DEADLINE, |keeper| keeper.falls.len() > before).await);
    assert!(feed.until_live(2 * DEADLINE).await, "live again within 2 s");
    {
        let keeper = feed.keeper.borrow();
        let falls = &keeper.falls[before..];
        assert_eq!((falls.len(), falls[0].live), (1, 20), "all of the sid in one frame, no other");
        assert_eq!((live(&struck), live(&spared)), (20, 20));
        assert_eq!(keeper.violations, [""; 0]);
        let took = keeper.all_live_at.unwrap() - falls[0].at;
        assert!(took <= 2 * DEADLINE);
        println!("all live again {took:?} after the lost number ({reply:?})");
    }
    assert!(feed.until_equal(&sim, true, DEADLINE).await.is_empty());
    feed.handle.shutdown();
}

#[tokio::test(start_paused = true)]
async fn a_number_lost_in_a_burst_costs_its_subscription_and_no_other() {
    virtually(async {
        one_loss_in_a_burst(SnapshotReply::TakesNumber).await;
        one_loss_in_a_burst(SnapshotReply::RepeatsLast).await;
    })
    .await;
}

/// Identical changes are ordinary and both count; a frame that arrives twice counts once.
#[tokio::test(start_paused = true)]
async fn twins_count_twice_and_duplicates_once() {
    virtually(async {
        let sim = quiet(2, SnapshotReply::TakesNumber).await;
        for venue in Venue::ALL {
            let mut feed =
                Feed::new(&sim, venue, patient_config(venue, 0), markets(&sim, venue), true);
            feed.subscribe();
            feed.start();
            assert!(feed.until_live(5 * DEADLINE).await);
            let duplicated = format!("duplicate:venue={venue},for=2800ms");
            for fault in [None, Some(duplicated)] {
                if let Some(fault) = fault {
                    sim.fault(fault.parse().unwrap()).unwrap();
                }
                for _ in 0..140 {
                    for market in &feed.markets {
                        bump(&sim, market);
                        bump(&sim, market);
                    }
                    sleep(TURN).await;
                }
                let wrong = feed.until_equal(&sim, true, DEADLINE).await;
                assert!(wrong.is_empty(), "{venue}: {wrong:?}");
            }
            let keeper = feed.keeper.borrow();
            assert!(keeper.messages >= 2 * 280 + 4 * 280, "{}", keeper.messages);
            assert_eq!((keeper.gaps, keeper.links), (0, 1));
            assert_eq!(keeper.violations, [""; 0]);
            feed.handle.shutdown();
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn twenty_connections_carry_five_hundred_markets_each() {
    virtually(async {
        let minute = std::env::var_os("ARB_LONG").is_some();
        let config = SimConfig {
            now: Some(START),
            catalogue: Catalogue::Synthetic { pairs: 500 },
            quotes_per_second: 1_000,
            plant_every: None,
            ..SimConfig::default()
        };
        let sim = Rc::new(Sim::start(config).await.unwrap());
        let mut feeds = Vec::new();
        for number in 0..10 {
            for venue in Venue::ALL {
                let mut config = patient_config(venue, number);
                config.max_keys = 500;
                let mut feed = Feed::new(&sim, venue, config, markets(&sim, venue), false);
                feed.subscribe();
                feed.start();
                feeds.push(feed);
            }
        }
        for feed in &feeds {
            assert!(feed.until_live(10 * DEADLINE).await, "500 books on each connection");
        }
        let before = resident::of_this_process();
        sleep(if minute { 60 * DEADLINE } else { 4 * DEADLINE }).await;
        sim.pause();
        while !sim.is_still() {
            sleep(TURN).await;
        }
        let mut messages = 0;
        for feed in &feeds {
            let wrong = feed.until_equal(&sim, true, 2 * DEADLINE).await;
            assert!(wrong.is_empty(), "{} books differ", wrong.len());
            let keeper = feed.keeper.borrow();
            assert_eq!((keeper.gaps, keeper.links), (0, 1), "no gap and no new link");
            messages += keeper.messages;
        }
        println!("{messages} messages on {} connections", feeds.len());
        if let (Some(before), Some(after)) = (before, resident::of_this_process()) {
            let grown = after.saturating_sub(before);
            assert!(grown < 64 << 20, "{grown} bytes more than at the start");
        }
        feeds.iter().for_each(|feed| feed.handle.shutdown());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_flapping_server_gets_no_more_connects_than_the_budget() {
    virtually(async {
        let sim = quiet(4, SnapshotReply::TakesNumber).await;
        sim.fault("flap:up=20ms".parse().unwrap()).unwrap();
        for venue in Venue::ALL {
            let budget = ConnectBudget::new(Rate::new(5, Duration::from_secs(1)));
            for number in 0..4 {
                let mut config = chaos_config(venue, number);
                config.budget = budget.clone();
                config.breaker = None;
                let mut feed = Feed::new(&sim, venue, config, markets(&sim, venue), false);
                feed.subscribe();
                feed.start();
            }
        }
        sleep(20 * DEADLINE).await;
        for venue in [arb_sim::Venue::Kalshi, arb_sim::Venue::Polymarket] {
            let handshakes = sim.stats(venue).handshakes;
            println!("{handshakes} handshakes in 20 s at {}", venue.name());
            assert!(handshakes <= 5 + 20, "{handshakes} handshakes, 5 and one a second allowed");
            assert!(handshakes >= 10, "{handshakes} handshakes: the budget is used");
        }
    })
    .await;
}

//! Markets come and go while scanning: what is approved is followed as soon as it is listed, what is over leaves nothing
//! behind, halts and fees are heard.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arb_risk::fees::FeeHistory;
use arb_risk::gate::RiskLimits;
use arb_scan::PipelineConfig;
use arb_sim::{Sim, SimConfig, Venue};
use scan_app::approvals::{Approvals, Source};
use scan_app::endpoints::Endpoints;
use scan_app::feeds::{self, Feeds, Holdings, Parts, Patience};
use scan_app::publisher::Publisher;
use scan_app::registry::{self, Notice, Registry};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

/// The promise of the scanner; a busy machine needs a good part of it.
const WITHIN: Duration = Duration::from_secs(60);
const SWEEP_EVERY: Duration = Duration::from_millis(500);

async fn venues(pairs: usize) -> Sim {
    let config = SimConfig {
        plant_every: None,
        quotes_per_second: 20,
        catalogue: arb_sim::Catalogue::Synthetic { pairs },
        signature_skew: Duration::from_secs(15),
        ..SimConfig::default()
    };
    Sim::start(config).await.unwrap()
}

/// Writes what is approved: the simulation's pairs without their fees, which are the venue's.
fn approve(sim: &Sim, file: &Path) {
    let mut pairs: serde_json::Value = serde_json::from_str(&sim.approved_pairs_json()).unwrap();
    for pair in pairs.as_array_mut().unwrap() {
        pair.as_object_mut().unwrap().remove("fees");
    }
    std::fs::write(file, pairs.to_string()).unwrap();
}

/// A scanner as `scan` composes it, without its screen.
struct Scanner {
    feeds: Feeds,
    registry: tokio::task::JoinHandle<()>,
}

impl Scanner {
    async fn start(sim: &Sim, approvals: &Path) -> Self {
        let endpoints = Arc::new(Endpoints::simulated(sim).unwrap());
        let source = Source::file(approvals).unwrap();
        let mut registry = Registry::new(endpoints.clone(), source, SWEEP_EVERY);
        let found = registry.sweep().await.unwrap();
        let (findings, _) = mpsc::channel(16);
        let mut publisher = Publisher::new(findings, RiskLimits::default(), found.confirmed_at);
        let (notices, heard) = mpsc::channel(registry::NOTICES);
        publisher.notices = Some(notices);
        let parts = Parts {
            approvals: found,
            sets: Vec::new(),
            pipeline: PipelineConfig::default(),
            publisher,
            tap: None,
            patience: Patience::default(),
            heartbeat: None,
            questions: None,
        };
        let feeds = feeds::start(&endpoints, parts).unwrap();
        let registry = tokio::spawn(registry.run(heard, feeds.approvals()));
        Self { feeds, registry }
    }

    async fn until(&mut self, what: &str, is_so: impl Fn(usize, Holdings) -> bool) -> Duration {
        let started = Instant::now();
        loop {
            let (tradable, holdings) =
                (self.feeds.view.borrow().pairs_tradable, *self.feeds.holdings.borrow());
            if is_so(tradable, holdings) {
                return started.elapsed();
            }
            assert!(started.elapsed() < WITHIN, "{what}: {tradable} tradable, {holdings:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn stop(self) {
        self.registry.abort();
        self.feeds.stop();
    }
}

/// Markets that the venue streams, by venue.
fn streamed(sim: &Sim) -> [usize; 2] {
    [Venue::Kalshi, Venue::Polymarket].map(|venue| {
        let connections = sim.connections();
        let of_venue = connections.iter().filter(|connection| connection.venue == venue);
        of_venue.map(|connection| connection.markets.len()).sum()
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_month_of_listings_and_settlements_leaves_nothing_behind() {
    // A round is a day: new markets are listed and approved, yesterday's are decided.
    let days = if std::env::var_os("ARB_LONG").is_some() { 30 } else { 4 };
    let (each, folder) = (6, tempfile::tempdir().unwrap());
    let file = folder.path().join("pairs.json");
    let sim = venues(each).await;
    approve(&sim, &file);
    let mut scanner = Scanner::start(&sim, &file).await;
    scanner.until("the start", |tradable, _| tradable == each).await;
    let mut live = sim.markets(Venue::Kalshi);
    let mut last = Holdings::default();
    let mut slowest = Duration::ZERO;
    for day in 0..days {
        let before = sim.markets(Venue::Kalshi);
        sim.list_more(each);
        approve(&sim, &file);
        let both = format!("day {day}: the new and the old");
        slowest = slowest.max(scanner.until(&both, |tradable, _| tradable == 2 * each).await);
        for market in std::mem::take(&mut live) {
            sim.settle_market(&market, true).unwrap();
        }
        live = sim.markets(Venue::Kalshi);
        live.retain(|market| !before.contains(market));
        // Frames of a pair's second token have a book of their own, in no pair and so forgotten now and then.
        let is_flat = |holdings: Holdings| {
            (holdings.pairs, holdings.subscriptions) == (each, [each, each])
                && holdings.books[0] == each
                && holdings.books[1] <= 2 * each
        };
        let what = format!("day {day}: the old are gone");
        scanner.until(&what, |tradable, holdings| tradable == each && is_flat(holdings)).await;
        last = *scanner.feeds.holdings.borrow();
        let deadline = Instant::now() + WITHIN;
        while streamed(&sim) != [each, each] {
            assert!(Instant::now() < deadline, "day {day}: {:?} are streamed", streamed(&sim));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    println!(
        "{days} days of {each} pairs: listed to tradable within {slowest:?}; at the last day's end {last:?}"
    );
    scanner.stop();
    sim.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_halted_market_is_not_traded_until_it_opens_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pairs.json");
    let sim = venues(3).await;
    approve(&sim, &file);
    let mut scanner = Scanner::start(&sim, &file).await;
    scanner.until("the start", |tradable, _| tradable == 3).await;
    let market = sim.markets(Venue::Kalshi)[0].clone();
    sim.pause_market(&market, true).unwrap();
    scanner.until("the halt", |tradable, _| tradable == 2).await;
    // Neither a reminder nor a new connection brings it back.
    sim.fault("drop:venue=kalshi".parse().unwrap()).unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    scanner.until("the others", |tradable, _| tradable == 2).await;
    sim.pause_market(&market, false).unwrap();
    scanner.until("the opening", |tradable, _| tradable == 3).await;
    scanner.stop();
    sim.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fees_that_the_venue_changes_reach_the_pairs() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pairs.json");
    let sim = venues(2).await;
    approve(&sim, &file);
    let endpoints = Arc::new(Endpoints::simulated(&sim).unwrap());
    let mut registry =
        Registry::new(endpoints, Source::file(&file).unwrap(), Duration::from_secs(3600));
    let multiplier = |fees: &Option<FeeHistory>| {
        fees.as_ref().unwrap().in_force(None).kalshi.unwrap().multiplier().to_string()
    };
    let found = registry.sweep().await.unwrap();
    assert_eq!(multiplier(&found.pairs[0].fees), "1");
    let (notices, heard) = mpsc::channel(4);
    let (changed, mut updates) = watch::channel(Approvals::default());
    let running = tokio::spawn(registry.run(heard, changed));
    sim.set_event_fee("KXLOAD-1", Some(50)).unwrap();
    let multiplier_told = Some("0.5".parse().unwrap());
    let notice = Notice::Fees { event: "KXLOAD-1".to_owned(), multiplier: multiplier_told };
    notices.send(notice).await.unwrap();
    tokio::time::timeout(WITHIN, updates.changed()).await.unwrap().unwrap();
    let update = updates.borrow_and_update().clone();
    assert_eq!(multiplier(&update.pairs[0].fees), "0.5");
    running.abort();
    sim.shutdown().await;
}

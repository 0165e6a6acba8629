//! Markets come and go while scanning: what is approved is followed as soon as it is listed, what is over leaves nothing
//! behind, halts and fees are heard.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arb_breaker::BreakerConfig;
use arb_normalize::{MarketStatus, Timestamp};
use arb_risk::fees::FeeHistory;
use arb_risk::gate::RiskLimits;
use arb_scan::sets::SetRelation;
use arb_scan::{MarketSet, PipelineConfig, detect};
use arb_sim::{Sim, SimConfig, Venue};
use arb_tests::{resident, sets};
use arb_ws::FullJitter;
use scan_app::approvals::{Approvals, Source};
use scan_app::endpoints::Endpoints;
use scan_app::feeds::{self, Feeds, Holdings, Parts, Patience};
use scan_app::publisher::Publisher;
use scan_app::registry::{self, Notice, Pace, Registry};
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

/// The promise of the scanner; a busy machine needs a good part of it.
const WITHIN: Duration = Duration::from_secs(60);

/// Sixty times as fast as usual.
const fn quickly() -> Pace {
    Pace {
        sweep_every: Duration::from_millis(500),
        after_notice: [Duration::from_millis(50), Duration::from_millis(500)],
        fees_for: Duration::from_secs(10),
        listings_lag: Duration::from_secs(1),
        confirm_within: Duration::from_secs(10),
        sweep_within: Duration::from_secs(10),
        complain_after: Duration::from_secs(2),
    }
}

/// A day is shorter than the uptime after which a lost link is no failure, so the breaker opens now and then.
fn hasty() -> Patience {
    let half_a_second = Duration::from_millis(500);
    Patience {
        breaker: BreakerConfig::default()
            .with_open_time(half_a_second)
            .with_growth(1, half_a_second),
        backoff: Some(FullJitter { base: Duration::from_millis(50), cap: half_a_second }),
    }
}

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

/// Writes what is approved of these Kalshi markets: the simulation's pairs without their fees, which are the venue's.
fn approve(sim: &Sim, file: &Path, markets: &[String]) {
    let mut pairs: Vec<serde_json::Map<String, serde_json::Value>> =
        serde_json::from_str(&sim.approved_pairs_json()).unwrap();
    pairs.retain(|pair| markets.iter().any(|market| pair["kalshi"] == **market));
    for pair in &mut pairs {
        pair.remove("fees");
    }
    std::fs::write(file, serde_json::to_string(&pairs).unwrap()).unwrap();
}

/// A file that approves every pair of these venues, and the folder it goes with.
fn approve_all(sim: &Sim) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pairs.json");
    approve(sim, &file, &sim.markets(Venue::Kalshi));
    (folder, file)
}

/// A scanner as `scan` composes it, without its screen.
struct Scanner {
    feeds: Feeds,
    registry: tokio::task::JoinHandle<Registry>,
}

impl Scanner {
    async fn start(sim: &Sim, approvals: &Path, pace: Pace) -> Self {
        Self::start_with(sim, approvals, pace, |parts| parts).await
    }

    async fn start_with(
        sim: &Sim,
        approvals: &Path,
        pace: Pace,
        change: impl FnOnce(Parts) -> Parts,
    ) -> Self {
        Self::start_all(sim, approvals, pace, None, change).await
    }

    async fn start_with_sets(
        sim: &Sim,
        approvals: &Path,
        pace: Pace,
        sets: Option<watch::Receiver<Vec<MarketSet>>>,
    ) -> Self {
        let detectors = PipelineConfig::default().with_detectors(detect::all());
        let pipeline = detectors.with_paired_books_only();
        Self::start_all(sim, approvals, pace, sets, |parts| Parts { pipeline, ..parts }).await
    }

    async fn start_all(
        sim: &Sim,
        approvals: &Path,
        pace: Pace,
        sets: Option<watch::Receiver<Vec<MarketSet>>>,
        change: impl FnOnce(Parts) -> Parts,
    ) -> Self {
        let endpoints = Arc::new(Endpoints::simulated(sim).unwrap());
        let source = Source::file(approvals).unwrap();
        let mut registry = Registry::new(endpoints.clone(), source, pace).with_sets(sets);
        let found = registry.sweep().await.unwrap();
        let (findings, _) = mpsc::channel(16);
        let mut publisher = Publisher::new(findings, RiskLimits::default(), found.confirmed_at);
        let (notices, heard) = mpsc::channel(registry::NOTICES);
        publisher.notices = Some(notices);
        let parts = Parts { patience: hasty(), ..Parts::new(found, publisher) };
        let feeds = feeds::start(&endpoints, change(parts)).unwrap();
        let approvals = feeds.approvals();
        let registry = tokio::spawn(async move {
            registry.run(heard, approvals).await;
            registry
        });
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
            let view = self.feeds.view.borrow();
            let (blocked, feeds, breakers) = (&view.blocked, &view.feeds, &view.breakers);
            assert!(
                started.elapsed() < WITHIN,
                "{what}: {tradable} tradable, {holdings:?}, {blocked:?}, {feeds:?}, {breakers:?}"
            );
            drop(view);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Ends everything; what the registry still remembers.
    async fn stop(self) -> usize {
        self.feeds.stop();
        self.registry.await.unwrap().memory()
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

/// One day: new markets are listed and approved, yesterday's are decided, one is halted for a while, an event's fees change,
/// connections break. The new ones, and how long they took to be traded.
async fn day(
    sim: &Sim,
    file: &Path,
    scanner: &mut Scanner,
    yesterday: &[String],
    each: usize,
) -> (Vec<String>, Duration) {
    let before = sim.markets(Venue::Kalshi);
    sim.list_more(each);
    let mut new = sim.markets(Venue::Kalshi);
    new.retain(|market| !before.contains(market));
    // What was over yesterday is taken out.
    approve(sim, file, &[yesterday, &new].concat());
    let took = scanner.until("new and old", |tradable, _| tradable == 2 * each).await;
    let (event, _) = yesterday[0].rsplit_once("-C").unwrap();
    sim.set_event_fee(event, Some(50)).unwrap();
    sim.pause_market(&yesterday[0], true).unwrap();
    scanner.until("the halt", |tradable, _| tradable == 2 * each - 1).await;
    sim.pause_market(&yesterday[0], false).unwrap();
    scanner.until("its end", |tradable, _| tradable == 2 * each).await;
    sim.fault("drop".parse().unwrap()).unwrap();
    sim.set_event_fee(event, None).unwrap();
    for market in yesterday {
        sim.settle_market(market, true).unwrap();
    }
    // Frames of a pair's second token have a book of their own, in no pair and so forgotten now and then.
    let is_flat = |holdings: Holdings| {
        (holdings.pairs, holdings.subscriptions) == (each, [each, each])
            && holdings.books[0] == each
            && holdings.books[1] <= 2 * each
    };
    let is_over = |tradable, holdings| tradable == each && is_flat(holdings);
    scanner.until("the old are gone", is_over).await;
    let deadline = Instant::now() + WITHIN;
    while streamed(sim) != [each, each] {
        assert!(Instant::now() < deadline, "{:?} are streamed", streamed(sim));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    (new, took)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_month_of_listings_and_settlements_leaves_nothing_behind() {
    let (days, each) = if std::env::var_os("ARB_LONG").is_some() { (30, 100) } else { (3, 6) };
    let sim = venues(each).await;
    let (_folder, file) = approve_all(&sim);
    let mut scanner = Scanner::start(&sim, &file, quickly()).await;
    scanner.until("the start", |tradable, _| tradable == each).await;
    let mut live = sim.markets(Venue::Kalshi);
    let mut evenings: Vec<(Holdings, Option<u64>)> = Vec::new();
    let mut slowest = Duration::ZERO;
    for number in 1..=days {
        let took;
        (live, took) = day(&sim, &file, &mut scanner, &live, each).await;
        slowest = slowest.max(took);
        let holdings = *scanner.feeds.holdings.borrow();
        println!("day {number}: {holdings:?}, {:?} bytes resident", resident::of_this_process());
        evenings.push((holdings, resident::of_this_process()));
    }
    let most =
        |of: fn(&Holdings) -> usize| evenings.iter().map(|(kept, _)| of(kept)).max().unwrap();
    // Both days' books have numbers for a while, and second tokens.
    assert!(most(|kept| kept.numbers[0]) <= 3 * each, "{evenings:?}");
    assert!(most(|kept| kept.numbers[1]) <= 6 * each, "{evenings:?}");
    assert!(most(|kept| kept.connections[0].max(kept.connections[1])) <= 2, "{evenings:?}");
    let first_tasks = evenings[0].0.tasks;
    assert!(most(|kept| kept.tasks) <= first_tasks + 4, "{evenings:?}");
    let memory = scanner.stop().await;
    println!(
        "{days} days of {each} pairs: listed to tradable within {slowest:?}, {memory} things remembered at the end"
    );
    // Of the last two days' pairs, which the file names, and of their markets.
    assert!(memory <= 20 * each, "{memory}");
    sim.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_market_is_dead_the_moment_it_closes_and_leaves_no_subscription() {
    let sim = venues(4).await;
    let (_folder, file) = approve_all(&sim);
    // Nobody asks the venue again meanwhile, and the feeds' thread looks around every four seconds alone.
    let seldom = Pace { sweep_every: Duration::from_secs(3600), ..quickly() };
    let turn = Duration::from_secs(4);
    let rarely = |parts| Parts { view_every: turn, ..parts };
    let mut scanner = Scanner::start_with(&sim, &file, seldom, rarely).await;
    scanner.until("the start", |tradable, _| tradable == 4).await;
    // One after the other within one turn. The venue tells closing times in whole seconds, and says nothing when they pass.
    let first = sim.now().replace_nanosecond(0).unwrap() + Duration::from_secs(10);
    let closes = [0, 1, 2, 3].map(|second| first + Duration::from_secs(second));
    for (market, closes) in sim.markets(Venue::Kalshi).iter().zip(&closes[..3]) {
        sim.move_close(market, *closes).unwrap();
    }
    let mut latest = Duration::ZERO;
    for (number, closes) in (0..3).zip(closes) {
        let left = 4 - number;
        while sim.now() < closes - Duration::from_millis(100) {
            let kept = scanner.feeds.holdings.borrow().subscriptions;
            assert_eq!(kept, [left, left], "not before it closes");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let left = left - 1;
        let is_gone = |kept: &Holdings| (kept.pairs, kept.subscriptions) == (left, [left, left]);
        let gone = scanner.feeds.holdings.wait_for(is_gone);
        tokio::time::timeout(WITHIN, gone).await.unwrap().unwrap();
        latest = latest.max(Duration::try_from(sim.now() - closes).unwrap_or_default());
    }
    // Without the clock, one of three seconds in a row is two or more before the next look.
    assert!(latest < Duration::from_millis(1_500), "gone {latest:?} after it closed");
    scanner.until("the last book", |_, kept| kept.books[0] == 1).await;
    let deadline = Instant::now() + WITHIN;
    while streamed(&sim) != [1, 1] {
        assert!(Instant::now() < deadline, "{:?} are streamed", streamed(&sim));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    scanner.stop().await;
    sim.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_market_closes_by_the_venues_clock() {
    let sim = venues(2).await;
    let (_folder, file) = approve_all(&sim);
    sim.fault("clock-skew:venue=kalshi,by=30s".parse().unwrap()).unwrap();
    let seldom = Pace { sweep_every: Duration::from_secs(3600), ..quickly() };
    let mut scanner = Scanner::start(&sim, &file, seldom).await;
    scanner.until("the start", |tradable, _| tradable == 2).await;
    // 30 s earlier by ours.
    let closes = sim.now() + Duration::from_secs(34);
    sim.move_close(&sim.markets(Venue::Kalshi)[0], closes).unwrap();
    scanner.until("the close", |_, kept| kept.pairs == 1).await;
    assert!(sim.now() < closes - Duration::from_secs(10), "gone by our clock");
    scanner.stop().await;
    sim.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_word_on_a_market_is_missed_and_asked_for() {
    let config = SimConfig {
        plant_every: None,
        quotes_per_second: 0,
        catalogue: arb_sim::Catalogue::Synthetic { pairs: 3 },
        signature_skew: Duration::from_secs(15),
        ..SimConfig::default()
    };
    let sim = Sim::start(config).await.unwrap();
    let (_folder, file) = approve_all(&sim);
    let seldom = Pace { sweep_every: Duration::from_secs(3600), ..quickly() };
    let mut scanner = Scanner::start(&sim, &file, seldom).await;
    scanner.until("the start", |tradable, _| tradable == 3).await;
    let markets = sim.markets(Venue::Kalshi);
    sim.move_close(&markets[2], sim.now() + Duration::from_secs(86_400)).unwrap();
    // The sweeps that a new connection and this word call for are over by then.
    tokio::time::sleep(4 * seldom.after_notice[1]).await;
    // Books stand still: the only frame that can be lost is the word on the market. The next, on whatever market, shows it.
    let lost = sim.fault("gap:venue=kalshi".parse().unwrap()).unwrap();
    sim.pause_market(&markets[0], true).unwrap();
    assert!(sim.faults().iter().any(|fault| fault.id == lost && fault.hits == 1));
    sim.list_more(1);
    scanner.until("the halt that nobody heard of", |tradable, _| tradable == 2).await;
    scanner.stop().await;
    sim.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_that_changes_ends_an_approval_until_it_reads_as_before_or_is_approved_anew() {
    let sim = venues(3).await;
    let (_folder, file) = approve_all(&sim);
    let mut scanner = Scanner::start(&sim, &file, quickly()).await;
    scanner.until("the start", |tradable, _| tradable == 3).await;
    let market = sim.markets(Venue::Kalshi)[0].clone();
    let reasons = |scanner: &Scanner| {
        let view = scanner.feeds.view.borrow();
        let shown = view.blocked.iter().filter(|blocked| blocked.examples == ["counter-0"]);
        shown.map(|blocked| blocked.reason.clone()).collect::<Vec<_>>()
    };
    let changed = format!("the text of kalshi market {market} is not the one approved at ");
    let refused = |scanner: &Scanner| {
        let [reason] = reasons(scanner).try_into().unwrap();
        assert!(
            reason.starts_with(&changed) && reason.contains("read it and approve again"),
            "{reason}"
        );
    };
    let old = sim.reword(&market, "If counter 0 passes its mark by noon, Yes.").unwrap();
    scanner.until("another text", |tradable, kept| tradable == 2 && kept.pairs == 2).await;
    refused(&scanner);
    sim.reword(&market, &old).unwrap();
    scanner.until("the old text", |tradable, _| tradable == 3).await;
    assert_eq!(reasons(&scanner), [""; 0]);

    // A file that says the same of it, whatever else it says, approves nothing.
    sim.reword(&market, "If counter 0 passes two marks, Yes.").unwrap();
    scanner.until("another text again", |tradable, _| tradable == 2).await;
    let text = std::fs::read_to_string(&file).unwrap();
    let mut entries: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    entries.remove(2);
    std::fs::write(&file, serde_json::to_string_pretty(&entries).unwrap()).unwrap();
    scanner.until("one pair less", |tradable, _| tradable == 1).await;
    refused(&scanner);
    // Its own entry, written anew, does.
    entries[0]["approved_at"] = "2026-11-23T00:00:00Z".into();
    std::fs::write(&file, serde_json::to_string(&entries).unwrap()).unwrap();
    scanner.until("the approval of the new text", |tradable, _| tradable == 2).await;
    assert_eq!(reasons(&scanner), [""; 0]);
    sim.reword(&market, &old).unwrap();
    scanner.until("what was approved first is another text now", |tradable, _| tradable == 1).await;
    scanner.stop().await;
    sim.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handful_of_pairs_costs_a_handful_of_requests() {
    let config = SimConfig { plant_every: None, quotes_per_second: 0, ..SimConfig::default() };
    let sim = Sim::start(config).await.unwrap();
    let (_folder, file) = approve_all(&sim);
    let mut pairs = Source::file(&file).unwrap().pairs().to_vec();
    let trading = sim.markets(Venue::Kalshi);
    pairs.retain(|spec| trading.contains(&spec.pair.kalshi));
    pairs.truncate(3);
    let endpoints = Arc::new(Endpoints::simulated(&sim).unwrap());
    let mut registry = Registry::new(endpoints, Source::fixed(pairs), quickly());
    let requests = || [Venue::Kalshi, Venue::Polymarket].map(|venue| sim.stats(venue).requests);
    let before = requests();
    assert_eq!(registry.sweep().await.unwrap().pairs.len(), 3);
    let first = requests();
    assert_eq!(registry.sweep().await.unwrap().pairs.len(), 3);
    let second = requests();
    let cost = |from: [u64; 2], to: [u64; 2]| [to[0] - from[0], to[1] - from[1]];
    // Markets, events; of three events and series at the most, the series, its changes and the events' changes.
    let once = cost(before, first);
    assert!(once[0] <= 2 + 3 * 3 && once[1] == 2, "{once:?}");
    // Open and closed markets are two lists at Polymarket.
    assert_eq!(cost(first, second), [2, 2]);
    sim.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_halted_market_is_not_traded_until_it_opens_again() {
    let sim = venues(3).await;
    let (_folder, file) = approve_all(&sim);
    let mut scanner = Scanner::start(&sim, &file, quickly()).await;
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
    scanner.stop().await;
    sim.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_halt_that_only_the_listing_told_holds_over_connections() {
    let sim = venues(3).await;
    let (_folder, file) = approve_all(&sim);
    let halted = sim.markets(Venue::Kalshi)[0].clone();
    sim.pause_market(&halted, true).unwrap();
    // Nobody asks the venue again: what the first look told is all that is known.
    let never = Duration::from_secs(3600);
    let never = Pace { sweep_every: never, after_notice: [never; 2], ..quickly() };
    let mut scanner = Scanner::start(&sim, &file, never).await;
    for after in ["the start", "a new connection"] {
        if after == "a new connection" {
            sim.fault("drop:venue=kalshi".parse().unwrap()).unwrap();
        }
        let held = Instant::now() + Duration::from_secs(3);
        while Instant::now() < held {
            let tradable = scanner.feeds.view.borrow().pairs_tradable;
            assert!(tradable <= 2, "the halted market is priced after {after}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        scanner.until(after, |tradable, _| tradable == 2).await;
    }
    // The feed may say that it opens, too.
    sim.pause_market(&halted, false).unwrap();
    scanner.until("the opening", |tradable, _| tradable == 3).await;
    scanner.stop().await;
    sim.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_markets_of_sets_are_closed_halted_and_over_as_their_listings_say() {
    let sim = venues(6).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pairs.json");
    std::fs::write(&file, "[]").unwrap();
    let markets = sim.markets(Venue::Kalshi);
    let group = sets::of_kalshi("group", SetRelation::Exclusive, &markets[..3]);
    let chain = sets::of_kalshi("chain", SetRelation::Chain, &markets[3..]);
    // Before anybody listens: only the listings tell.
    sim.pause_market(&markets[0], true).unwrap();
    sim.settle_market(&markets[3], true).unwrap();
    let closes = sim.now().replace_nanosecond(0).unwrap() + Duration::from_secs(12);
    sim.move_close(&markets[1], closes).unwrap();
    let (_approve, approved) = watch::channel(vec![group, chain]);
    let mut scanner = Scanner::start_with_sets(&sim, &file, quickly(), Some(approved)).await;
    // Of the chain two members are left.
    scanner.until("the start", |_, kept| kept.subscriptions == [5, 0]).await;
    let books = |scanner: &Scanner| {
        let view = scanner.feeds.view.borrow();
        let rows = view.feeds.iter().map(|feed| (feed.books.live, feed.books.suspect));
        rows.fold((0, 0), |sum, row| (sum.0 + row.0, sum.1 + row.1))
    };
    let deadline = Instant::now() + WITHIN;
    while sim.now() < closes && books(&scanner) != (4, 1) {
        assert!(Instant::now() < deadline, "{:?}", books(&scanner));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(books(&scanner), (4, 1), "one is halted");
    // Nothing is said when it closes; with one member less the group is none.
    scanner.until("the close", |_, kept| kept.subscriptions == [2, 0]).await;
    assert!(sim.now() >= closes);
    let reasons: Vec<String> =
        scanner.feeds.view.borrow().blocked.iter().map(|row| row.reason.clone()).collect();
    // By the clock, or by the word of the listing if that was read since.
    let closed =
        ["has closed", "is closed"].map(|how| format!("set group is not traded: kalshi {how}"));
    assert!(reasons.iter().any(|reason| closed.contains(reason)), "{reasons:?}");
    // One that is left of the chain makes no trade.
    sim.settle_market(&markets[4], true).unwrap();
    scanner.until("the end of the chain", |_, kept| kept.subscriptions == [0, 0]).await;
    scanner.stop().await;
    sim.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn listings_that_are_never_read_whole_are_complained_about_and_end_in_time() {
    let sim = venues(1).await;
    let (_folder, file) = approve_all(&sim);
    let endpoints = Arc::new(Endpoints::simulated(&sim).unwrap());
    let pace = Pace {
        sweep_within: Duration::from_millis(200),
        complain_after: Duration::from_millis(600),
        ..quickly()
    };
    let mut registry = Registry::new(endpoints, Source::file(&file).unwrap(), pace);
    let mut trouble = registry.trouble();
    registry.sweep().await.unwrap();
    let hang = sim.fault("hang:surface=rest".parse().unwrap()).unwrap();
    let failure = registry.sweep_in_time(Some(Duration::from_millis(300))).await.unwrap_err();
    assert!(failure.message.contains("not read within 300ms"), "{}", failure.message);
    let (_notices, heard) = mpsc::channel(4);
    let (changed, _updates) = watch::channel(Approvals::default());
    let running = tokio::spawn(async move { registry.run(heard, changed).await });
    tokio::time::timeout(WITHIN, trouble.wait_for(Option::is_some)).await.unwrap().unwrap();
    sim.clear_fault(hang);
    tokio::time::timeout(3 * WITHIN, trouble.wait_for(Option::is_none)).await.unwrap().unwrap();
    running.abort();
    sim.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fees_that_the_venue_changes_reach_the_pairs() {
    let sim = venues(2).await;
    let (_folder, file) = approve_all(&sim);
    let endpoints = Arc::new(Endpoints::simulated(&sim).unwrap());
    let patient = Pace { sweep_every: Duration::from_secs(3600), ..quickly() };
    let mut registry = Registry::new(endpoints, Source::file(&file).unwrap(), patient);
    let multiplier = |fees: &Option<FeeHistory>| {
        fees.as_ref().unwrap().in_force(None).kalshi.unwrap().multiplier().to_string()
    };
    let found = registry.sweep().await.unwrap();
    assert_eq!(multiplier(&found.pairs[0].fees), "1");
    let (notices, heard) = mpsc::channel(4);
    let (changed, mut updates) = watch::channel(Approvals::default());
    let running = tokio::spawn(async move { registry.run(heard, changed).await });
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_feed_told_counts_more_than_a_listing_that_lags() {
    let sim = venues(2).await;
    let endpoints = Arc::new(Endpoints::simulated(&sim).unwrap());
    let (_folder, file) = approve_all(&sim);
    let mut registry = Registry::new(endpoints, Source::file(&file).unwrap(), quickly());
    let found = registry.sweep().await.unwrap();
    let market = found.pairs[0].pair.kalshi.clone();
    let status = |found: &Approvals| {
        let of = found.statuses.iter().find(|(_, name, _)| *name == market);
        of.map(|(.., status)| *status)
    };
    assert_eq!(status(&found), Some(MarketStatus::Active));
    let (notices, heard) = mpsc::channel(4);
    let (changed, mut updates) = watch::channel(Approvals::default());
    let running = tokio::spawn(async move { registry.run(heard, changed).await });
    let venue = arb_normalize::Venue::Kalshi;
    // The listing goes on saying that it trades.
    let tell = |status| Notice::Market {
        venue,
        market: market.clone(),
        status: Some(status),
        closes_at: None,
    };
    notices.send(tell(MarketStatus::Paused)).await.unwrap();
    let mut until = async |is_so: &(dyn Fn(&Approvals) -> bool + Sync)| {
        let arrives = updates.wait_for(|found| !found.pairs.is_empty() && is_so(found));
        let found = tokio::time::timeout(WITHIN, arrives).await.unwrap().unwrap();
        found.pairs.len()
    };
    let is = |wanted: Option<MarketStatus>| move |found: &Approvals| status(found) == wanted;
    assert_eq!(until(&is(Some(MarketStatus::Paused))).await, 2, "a halted market is followed");
    assert_eq!(until(&is(Some(MarketStatus::Active))).await, 2, "after a while the listing counts");
    // A close that is brought forward; the listing goes on telling the old one.
    let soon = Timestamp::try_from(sim.now() + Duration::from_secs(3600)).unwrap();
    let closes_at = Some(soon);
    let notice = Notice::Market { venue, market: market.clone(), status: None, closes_at };
    notices.send(notice).await.unwrap();
    let close = (market.clone(), soon);
    until(&|found| found.close_times.contains(&close)).await;
    until(&|found| !found.close_times.contains(&close)).await;
    notices.send(tell(MarketStatus::Determined)).await.unwrap();
    assert_eq!(until(&is(None)).await, 1, "said to be decided");
    assert_eq!(until(&is(Some(MarketStatus::Active))).await, 2, "and never confirmed");
    running.abort();
    sim.shutdown().await;
}

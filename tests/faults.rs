//! Faults over real sockets: whatever a venue does wrong, no trade is seen that is not there, and every pair is
//! tradable again soon after.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::time::Duration;

use arb_breaker::BreakerConfig;
use arb_risk::gate::RiskLimits;
use arb_scan::sets::{Member, SetRelation};
use arb_scan::{MarketSet, PairSpec, PipelineConfig, detect, pairs};
use arb_sim::{FaultSpec, Sim, SimConfig};
use arb_ws::FullJitter;
use scan_app::approvals::Approvals;
use scan_app::endpoints::Endpoints;
use scan_app::feeds::{self, Feeds, Parts, Patience};
use scan_app::publisher::{Finding, Publisher};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout_at};

/// Faults that are seen at once, by sequence, by content or by the socket.
const FAULTS: &[&str] = &[
    "gap:venue=kalshi,for=200ms",
    "duplicate:venue=kalshi,for=300ms",
    "duplicate:venue=polymarket,for=300ms",
    "reorder:venue=kalshi,for=200ms",
    "garbage:venue=kalshi,for=200ms",
    "garbage:venue=polymarket,for=200ms",
    "truncate:venue=kalshi,for=200ms",
    "truncate:venue=polymarket,for=200ms",
    "delay:by=100ms,for=300ms",
    "drop:venue=kalshi",
    "drop:venue=polymarket",
    "close:code=1001",
    "channel-error:venue=kalshi",
    "buffer-overflow:venue=kalshi",
    "older-format:for=300ms",
    "tick-change:venue=polymarket,for=300ms",
];

/// Generous: the machine may be busy. A fault that is never mended is what the test is for.
const MENDED_WITHIN: Duration = Duration::from_secs(25);

async fn until_all_tradable(feeds: &mut Feeds, pairs: usize, after: &str) {
    let deadline = Instant::now() + MENDED_WITHIN;
    loop {
        let (tradable, blocked, rows) = {
            let view = feeds.view.borrow();
            (view.pairs_tradable, view.blocked.clone(), view.feeds.clone())
        };
        if tradable == pairs {
            return;
        }
        assert!(
            matches!(timeout_at(deadline, feeds.view.changed()).await, Ok(Ok(()))),
            "{tradable} of {pairs} pairs are tradable {MENDED_WITHIN:?} after {after}: {blocked:?} {rows:?}"
        );
    }
}

/// The approved pairs that trade: markets that are listed but do not trade have no book to wait for.
fn approved_and_trading(sim: &Sim) -> Vec<PairSpec> {
    let trading = sim.markets(arb_sim::Venue::Kalshi);
    let mut approved = pairs::parse(&sim.approved_pairs_json()).unwrap();
    approved
        .retain(|spec| trading.contains(&spec.pair.kalshi) && spec.pair.id != "meridian-landing");
    approved
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_fault_makes_up_a_trade_or_leaves_a_pair_behind() {
    let config = SimConfig { plant_every: None, quotes_per_second: 150, ..SimConfig::default() };
    let sim = Sim::start(config).await.unwrap();
    let endpoints = Endpoints::simulated(&sim).unwrap();
    let approved = approved_and_trading(&sim);
    let count = approved.len();
    let (findings, mut found) = mpsc::channel(1_000);
    let publisher = Publisher::new(findings, RiskLimits::default(), None);
    // Many faults in a row are what a breaker is there for; here each is looked at alone.
    let half_a_second = Duration::from_millis(500);
    let patience = Patience {
        breaker: BreakerConfig::default().with_open_time(half_a_second),
        backoff: Some(FullJitter { base: Duration::from_millis(50), cap: half_a_second }),
    };
    let approvals = Approvals { pairs: approved, ..Approvals::default() };
    let parts = Parts { patience, ..Parts::new(approvals, publisher) };
    let mut feeds = feeds::start(&endpoints, parts).unwrap();
    until_all_tradable(&mut feeds, count, "the start").await;
    for fault in FAULTS {
        let spec: FaultSpec = fault.parse().unwrap();
        let lasts = spec.lasts.unwrap_or_default();
        sim.fault(spec).unwrap();
        tokio::time::sleep(lasts + Duration::from_millis(400)).await;
        until_all_tradable(&mut feeds, count, fault).await;
        while let Ok(finding) = found.try_recv() {
            if let Finding::Shown { opportunity, .. } = finding {
                panic!("{fault}: a trade that was never planted: {opportunity:?}");
            }
        }
    }
    feeds.stop();
    sim.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pairs_are_replaced_while_the_feeds_run() {
    let config = SimConfig { plant_every: None, ..SimConfig::default() };
    let sim = Sim::start(config).await.unwrap();
    let endpoints = Endpoints::simulated(&sim).unwrap();
    let approved = approved_and_trading(&sim);
    let count = approved.len();
    let (findings, _found) = mpsc::channel(1_000);
    let approve = |pairs: &[PairSpec]| Approvals { pairs: pairs.to_vec(), ..Approvals::default() };
    let publisher = Publisher::new(findings, RiskLimits::default(), None);
    let parts = Parts::new(approve(&approved[..1]), publisher);
    let mut feeds = feeds::start(&endpoints, parts).unwrap();
    until_all_tradable(&mut feeds, 1, "the start with one pair").await;
    feeds.approvals().send_replace(approve(&approved));
    until_all_tradable(&mut feeds, count, "the others were approved").await;
    // All but the first are withdrawn: the first goes on.
    feeds.approvals().send_replace(approve(&approved[..1]));
    until_all_tradable(&mut feeds, 1, "they were withdrawn").await;
    assert_eq!(feeds.view.borrow().pairs_total, 1);
    feeds.approvals().send_replace(approve(&approved));
    until_all_tradable(&mut feeds, count, "they came back").await;
    feeds.stop();
    sim.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sets_are_replaced_while_the_feeds_run() {
    let config = SimConfig { plant_every: None, ..SimConfig::default() };
    let sim = Sim::start(config).await.unwrap();
    let endpoints = Endpoints::simulated(&sim).unwrap();
    let markets = sim.markets(arb_sim::Venue::Kalshi);
    let set = |id: &str, members: &[String]| MarketSet {
        id: id.to_owned(),
        relation: SetRelation::Apart,
        neg_risk: false,
        members: members
            .iter()
            .map(|ticker| Member { kalshi: Some(ticker.clone()), ..Member::default() })
            .collect(),
        fees: None,
    };
    let (replace, sets) = watch::channel(vec![set("a", &markets[..2])]);
    let (findings, _found) = mpsc::channel(1_000);
    let publisher = Publisher::new(findings, RiskLimits::default(), None);
    let pipeline = PipelineConfig::default().with_detectors(detect::all());
    let parts = Parts { sets: Some(sets), pipeline, ..Parts::new(Approvals::default(), publisher) };
    let feeds = feeds::start(&endpoints, parts).unwrap();
    let until = async |what: &str, followed: usize| {
        let deadline = Instant::now() + MENDED_WITHIN;
        loop {
            let (holds, live) = {
                let rows = feeds.view.borrow().feeds.clone();
                let live: usize = rows.iter().map(|feed| feed.books.live).sum();
                (*feeds.holdings.borrow(), live)
            };
            if holds.subscriptions == [followed, 0] && live == followed {
                return;
            }
            assert!(Instant::now() < deadline, "{what}: {holds:?}, {live} live");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    until("the start with two markets", 2).await;
    replace.send_replace(vec![set("a", &markets[..2]), set("b", &markets[2..5])]);
    until("three more were approved", 5).await;
    replace.send_replace(vec![set("b", &markets[2..5])]);
    until("two were withdrawn", 3).await;
    feeds.stop();
    sim.shutdown().await;
}

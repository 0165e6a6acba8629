//! Faults over real sockets: whatever a venue does wrong, no trade is seen that is not there, and every pair is
//! tradable again soon after.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::sync::Arc;
use std::time::Duration;

use arb_breaker::BreakerConfig;
use arb_risk::gate::RiskLimits;
use arb_scan::sets::SetRelation;
use arb_scan::{Limits, PairSpec, PipelineConfig, QuoteConfig, detect, pairs};
use arb_sim::{FaultSpec, Sim, SimConfig};
use arb_tests::sets;
use arb_ws::FullJitter;
use scan_app::approvals::Approvals;
use scan_app::endpoints::Endpoints;
use scan_app::feeds::{self, Feeds, Parts, Patience};
use scan_app::publisher::{Finding, Publisher};
use scan_app::trading_hours::{self, TradingHours};
use tokio::sync::mpsc;
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
async fn nothing_is_tradable_while_the_exchange_is_paused_or_does_not_say() {
    let config = SimConfig { plant_every: None, ..SimConfig::default() };
    let sim = Sim::start(config).await.unwrap();
    let endpoints = Arc::new(Endpoints::simulated(&sim).unwrap());
    let approved = approved_and_trading(&sim);
    let count = approved.len();
    let (findings, _found) = mpsc::channel(1_000);
    let publisher = Publisher::new(findings, RiskLimits::default(), None);
    let quickly = trading_hours::Pace {
        ask_every: Duration::from_millis(100),
        patience: Duration::from_millis(500),
        word_for: Duration::from_millis(800),
    };
    let hours = TradingHours::new(endpoints.clone(), quickly);
    let approvals = Approvals { pairs: approved, ..Approvals::default() };
    let closures = Some(hours.subscribe());
    let parts = Parts { closures, ..Parts::new(approvals, publisher) };
    let mut feeds = feeds::start(&endpoints, parts).unwrap();
    let until_closed = async |feeds: &mut Feeds, reason: &str| {
        let deadline = Instant::now() + MENDED_WITHIN;
        loop {
            let (tradable, blocked) = {
                let view = feeds.view.borrow();
                (view.pairs_tradable, view.blocked.clone())
            };
            if tradable == 0 && blocked.iter().any(|row| row.reason == reason) {
                return;
            }
            let next = timeout_at(deadline, feeds.view.changed()).await;
            assert!(matches!(next, Ok(Ok(()))), "{tradable} are tradable: {blocked:?}");
        }
    };
    until_closed(&mut feeds, "kalshi has not said yet whether it trades").await;
    let following = tokio::spawn(hours.follow());
    until_all_tradable(&mut feeds, count, "the exchange said that it trades").await;
    let pause = sim.fault("exchange-pause:venue=kalshi".parse().unwrap()).unwrap();
    until_closed(&mut feeds, "kalshi's exchange is closed").await;
    sim.clear_fault(pause);
    until_all_tradable(&mut feeds, count, "the pause").await;
    let hang = sim.fault("hang:venue=kalshi,surface=rest".parse().unwrap()).unwrap();
    until_closed(&mut feeds, "kalshi does not say whether it trades").await;
    sim.clear_fault(hang);
    until_all_tradable(&mut feeds, count, "the silence").await;
    following.abort();
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
    let set = |id: &str, members: &[String]| sets::of_kalshi(id, SetRelation::Apart, members);
    let approve = |sets| Approvals { sets, ..Approvals::default() };
    let (findings, _found) = mpsc::channel(1_000);
    let publisher = Publisher::new(findings, RiskLimits::default(), None);
    let pipeline = PipelineConfig::default().with_detectors(detect::all());
    let parts = Parts { pipeline, ..Parts::new(approve(vec![set("a", &markets[..2])]), publisher) };
    let feeds = feeds::start(&endpoints, parts).unwrap();
    let replace = feeds.approvals();
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
    // What is refused says why, and once its books are there what the prices leave for the unlisted.
    let mut open_ended = set("c", &markets[..2]);
    open_ended.relation = SetRelation::Exclusive;
    replace.send_replace(approve(vec![open_ended]));
    let deadline = Instant::now() + MENDED_WITHIN;
    loop {
        let blocked = feeds.view.borrow().blocked.clone();
        let reasons: Vec<&str> = blocked.iter().map(|blocked| blocked.reason.as_str()).collect();
        if reasons.iter().any(|reason| {
            reason.starts_with("set c is not known to cover every outcome")
                && reason.contains("; the prices leave $")
        }) {
            break;
        }
        assert!(Instant::now() < deadline, "{reasons:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    replace.send_replace(approve(vec![set("a", &markets[..2]), set("b", &markets[2..5])]));
    until("three more were approved", 5).await;
    replace.send_replace(approve(vec![set("b", &markets[2..5])]));
    until("two were withdrawn", 3).await;
    feeds.stop();
    sim.shutdown().await;
}

/// What the rows of a venue's resting orders say of trades, and whether a chance within a second is known.
fn evidence_of(feeds: &Feeds, venue: &str) -> Vec<(String, Option<f64>)> {
    let view = feeds.view.borrow();
    let rows = view.quotes.iter().flatten().filter(|row| row.rest.venue == venue);
    rows.map(|row| (row.evidence.clone(), row.fills[0].1)).collect()
}

/// Waits until a resting order on each venue has a fill chance, and trades to show for it.
async fn until_chances(feeds: &mut Feeds, after: &str) {
    let deadline = Instant::now() + 3 * MENDED_WITHIN;
    let mut missing = vec!["kalshi", "polymarket"];
    while !missing.is_empty() {
        missing.retain(|venue| {
            let rows = evidence_of(feeds, venue);
            !rows.iter().any(|(evidence, chance)| {
                chance.is_some() && evidence.contains(" in ") && !evidence.starts_with("0 ")
            })
        });
        let rows = ["kalshi", "polymarket"].map(|venue| evidence_of(feeds, venue));
        assert!(
            missing.is_empty()
                || matches!(timeout_at(deadline, feeds.view.changed()).await, Ok(Ok(()))),
            "no chance of a fill on {missing:?} after {after}: {rows:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quotes_say_how_likely_they_fill_from_the_trades_of_both_venues() {
    let config = SimConfig { plant_every: None, quotes_per_second: 2_000, ..SimConfig::default() };
    let sim = Sim::start(config).await.unwrap();
    let endpoints = Endpoints::simulated(&sim).unwrap();
    let approvals = Approvals { pairs: approved_and_trading(&sim), ..Approvals::default() };
    let (findings, _found) = mpsc::channel(1_000);
    let parts = || {
        let publisher = Publisher::new(findings.clone(), RiskLimits::default(), None);
        Parts {
            pipeline: PipelineConfig::default().with_paired_books_only(),
            ..Parts::new(approvals.clone(), publisher)
        }
    };
    let channels = || {
        let of_kalshi = sim.connections().into_iter().filter(|c| c.venue == arb_sim::Venue::Kalshi);
        let channels = of_kalshi.flat_map(|connection| connection.subscriptions);
        channels.map(|(channel, _)| channel).collect::<std::collections::BTreeSet<_>>()
    };
    // Who asks for no quotes gets no trades.
    let mut feeds = feeds::start(&endpoints, parts()).unwrap();
    until_all_tradable(&mut feeds, approvals.pairs.len(), "the start").await;
    assert!(channels().contains("orderbook_delta") && !channels().contains("trade"));
    feeds.stop();

    let mut quoting = parts();
    quoting.pipeline = quoting.pipeline.with_quoting(QuoteConfig::default());
    quoting.quotes_every = Some(Duration::from_millis(100));
    let mut feeds = feeds::start(&endpoints, quoting).unwrap();
    until_chances(&mut feeds, "the start").await;
    assert!(channels().contains("trade"));
    // On a new connection they are watched anew.
    sim.fault("drop:venue=kalshi".parse().unwrap()).unwrap();
    let deadline = Instant::now() + MENDED_WITHIN;
    while evidence_of(&feeds, "kalshi").iter().any(|(_, chance)| chance.is_some()) {
        assert!(matches!(timeout_at(deadline, feeds.view.changed()).await, Ok(Ok(()))));
    }
    until_chances(&mut feeds, "a lost connection").await;
    feeds.stop();
    sim.shutdown().await;
}

/// Where the cheapest YES of a Kalshi market stands.
fn ask_of(sim: &Sim, pair: &PairSpec) -> i64 {
    sim.truth(&pair.pair.kalshi).unwrap().asks[0].0.ten_thousandths()
}

/// Takes away all that is offered below `to`, and offers something there instead.
fn move_asks(sim: &Sim, market: &str, to: i64) {
    let hundred = arb_sim::Quantity::contracts(100);
    let offered = sim.truth(market).unwrap().asks;
    let cheaper = offered.into_iter().filter(|(price, _)| price.ten_thousandths() < to);
    let gone = cheaper.map(|(price, size)| {
        let taken = arb_sim::Quantity::from_millionths(-size.millionths());
        (arb_sim::Side::Ask, price, taken)
    });
    let new = (arb_sim::Side::Ask, arb_sim::Price::from_ten_thousandths(to), hundred);
    sim.add_to_levels(market, &[new].into_iter().chain(gone).collect::<Vec<_>>()).unwrap();
}

fn bid(sim: &Sim, market: &str, price: i64, contracts: i64) {
    let price = arb_sim::Price::from_ten_thousandths(price);
    let size = arb_sim::Quantity::contracts(contracts);
    sim.add_to_levels(market, &[(arb_sim::Side::Bid, price, size)]).unwrap();
}

/// Polymarket bids ten cents more than Kalshi's YES cost when nothing was wrong: NO there and YES at that price would pay.
fn tempt(sim: &Sim, pair: &PairSpec, kalshi_ask: i64) {
    move_asks(sim, &pair.pair.polymarket_yes, kalshi_ask + 1_100);
    bid(sim, &pair.pair.polymarket_yes, kalshi_ask + 1_000, 100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gapped_frozen_crossed_or_settled_book_makes_no_trade_and_a_sound_one_does() {
    const MAX_AGE: Duration = Duration::from_secs(4);
    let config = SimConfig { plant_every: None, quotes_per_second: 0, ..SimConfig::default() };
    let sim = Sim::start(config).await.unwrap();
    let endpoints = Endpoints::simulated(&sim).unwrap();
    let mut tokens = std::collections::HashSet::new();
    let mut chosen = approved_and_trading(&sim);
    chosen.retain(|spec| {
        spec.pair.relation == arb_normalize::Relation::Equal
            && (1_000..7_000).contains(&ask_of(&sim, spec))
            && tokens.insert(spec.pair.polymarket_yes.clone())
    });
    chosen.truncate(5);
    let [gapped, frozen, crossed, settled, sound] = chosen.clone().try_into().unwrap();
    let asks = [&gapped, &frozen, &crossed, &settled, &sound].map(|pair| ask_of(&sim, pair));
    let (findings, mut found) = mpsc::channel(1_000);
    let publisher = Publisher::new(findings, RiskLimits::default(), None);
    let mut limits = Limits::default();
    limits.max_age.kalshi = Some(MAX_AGE);
    let approvals = Approvals { pairs: chosen, ..Approvals::default() };
    let pipeline = PipelineConfig::default().with_limits(limits);
    let mut feeds =
        feeds::start(&endpoints, Parts { pipeline, ..Parts::new(approvals, publisher) }).unwrap();
    let deadline = Instant::now() + MENDED_WITHIN;
    while feeds.holdings.borrow_and_update().books.iter().any(|books| *books < 5) {
        assert!(matches!(timeout_at(deadline, feeds.holdings.changed()).await, Ok(Ok(()))));
    }

    // What takes the cheap YES away is lost, and the next change shows that something was.
    let gap = sim.fault(format!("gap:market={}", gapped.pair.kalshi).parse().unwrap()).unwrap();
    move_asks(&sim, &gapped.pair.kalshi, asks[0] + 1_200);
    tokio::time::sleep(Duration::from_millis(300)).await;
    sim.clear_fault(gap);
    assert!(sim.faults().iter().any(|fault| fault.id == gap && fault.hits > 0), "nothing was lost");
    bid(&sim, &sound.pair.kalshi, 200, 1);
    tokio::time::sleep(Duration::from_secs(1)).await;
    // Nobody hears that it went here either.
    sim.fault(format!("silence:market={},for=60s", frozen.pair.kalshi).parse().unwrap()).unwrap();
    move_asks(&sim, &frozen.pair.kalshi, asks[1] + 1_200);
    tokio::time::sleep(MAX_AGE + Duration::from_millis(200)).await;
    // A bid above the ask makes NO look cheap.
    bid(&sim, &crossed.pair.kalshi, asks[2] + 1_000, 100);
    // It is not for their age that these two make no trade.
    for pair in [&gapped, &settled] {
        bid(&sim, &pair.pair.kalshi, 200, 1);
    }
    sim.settle_market(&settled.pair.kalshi, true).unwrap();
    bid(&sim, &sound.pair.kalshi, 200, 1);
    tokio::time::sleep(Duration::from_secs(1)).await;
    for (pair, ask) in [&gapped, &frozen, &settled].into_iter().zip([asks[0], asks[1], asks[3]]) {
        tempt(&sim, pair, ask);
    }
    tempt(&sim, &sound, asks[4]);
    let deadline = Instant::now() + MENDED_WITHIN;
    loop {
        // Its book is young however busy the machine is.
        bid(&sim, &sound.pair.kalshi, 200, 1);
        let soon = Instant::now() + Duration::from_millis(500);
        match timeout_at(soon, found.recv()).await {
            Ok(Some(Finding::Shown { opportunity, .. })) => {
                assert_eq!(opportunity.pair, sound.pair.id, "{opportunity:?}");
                break;
            }
            _ => assert!(Instant::now() < deadline, "the sound pair's trade is not found"),
        }
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    while let Ok(finding) = found.try_recv() {
        if let Finding::Shown { opportunity, .. } = finding {
            assert_eq!(opportunity.pair, sound.pair.id, "{opportunity:?}");
        }
    }
    feeds.stop();
    sim.shutdown().await;
}

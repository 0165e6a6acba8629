//! Every fault by name, in every phase of a connection, at both venues, over real sockets: no quote leaves a book after its
//! fault could be seen, and every book equals the venue's again within two seconds of the fault's end.
//!
//! Time is virtual (see `arb_tests::feed`), so the bounds are those of the configuration and hold on a busy machine. The
//! ordinary run goes once through all of it; with `ARB_LONG=1` twenty times with other markets, and prints the table of
//! detection times in arb-ws's README. `CHAOS_ONLY` picks scenarios by a part of their name, such as `gap:times=1 Steady kalshi`.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test; its tables are for reading")]

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use arb_normalize::{BookState, Venue};
use arb_sim::{Catalogue, FaultId, FaultRecord, Sim, SimConfig, SnapshotReply};
use arb_tests::feed::{
    Barrier, CAP, DEADLINE, Feed, Heeds, Levels, START, TURN, chaos_config, hold_back_time,
    markets, simulated, truth,
};
use arb_tests::oracle::Oracle;
use arb_tests::resident;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{Instant, sleep};

/// Books are right again so long after a fault's end: deadline, wait, breaker, one snapshot.
const MENDED_WITHIN: Duration = Duration::from_secs(2);
/// The same for a fault on an open link that a frame or the venue's word gives away: nobody waits for a deadline.
const MENDED_AT_ONCE: Duration = Duration::from_millis(300);
/// Such faults.
const AT_ONCE_FAULTS: [&str; 7] = [
    "gap:times=1",
    "reorder:times=1",
    "garbage:times=1",
    "truncate:times=1",
    "buffer-overflow",
    "channel-error",
    "tick-change",
];
/// Faults that nothing but a deadline can tell.
const DEADLINE_FAULTS: [&str; 5] = ["stall", "silence", "delay", "hang", "exchange-pause"];
/// No quote may be older than this where only a deadline can tell.
const FOUND_WITHIN: Duration = Duration::from_millis(1_100);
/// A hop over a socket may cost this much virtual time.
const HOPS: Duration = Duration::from_millis(50);
/// Paired markets of each venue.
const PAIRS: usize = 4;
/// Scenarios at a time.
const AT_ONCE: usize = 48;

/// What a fault needs in order to happen at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needs {
    /// Market data.
    Frames,
    /// A handshake or a subscription: later than that the connection is dropped when the fault begins.
    Start,
    /// An open connection.
    Link,
}

/// What can be asked of the books of a feed after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    /// Every level equals the venue's.
    Exact,
    /// The best prices do: Polymarket's frames have no number, so a lost change of a deeper level shows only when it
    /// reaches the touch.
    Touch,
    /// Every level, once the consumer has asked for the books again: the older format rounds sizes.
    Asked,
}

#[derive(Debug, Clone, Copy)]
struct Case {
    fault: &'static str,
    needs: Needs,
    kalshi: After,
    polymarket: After,
}

const fn case(fault: &'static str, needs: Needs) -> Case {
    Case { fault, needs, kalshi: After::Exact, polymarket: After::Exact }
}

const fn lossy(fault: &'static str) -> Case {
    Case { polymarket: After::Touch, ..case(fault, Needs::Frames) }
}

/// All there are; `every_fault_is_here` holds this to arb-sim's own list.
const CASES: &[Case] = &[
    case("drop", Needs::Link),
    case("close:code=1001", Needs::Link),
    case("close:code=1008", Needs::Link),
    case("stall:for=1500ms", Needs::Frames),
    case("silence:market=FIRST,for=1500ms", Needs::Frames),
    case("silence:for=1500ms", Needs::Frames),
    lossy("gap:for=400ms"),
    lossy("gap:times=1"),
    case("duplicate:for=400ms", Needs::Frames),
    lossy("reorder:for=400ms"),
    lossy("reorder:times=1"),
    case("delay:by=3s,for=1500ms", Needs::Frames),
    case("delay:by=300ms,for=1s", Needs::Frames),
    case("truncate:for=300ms", Needs::Frames),
    case("truncate:times=1", Needs::Frames),
    case("garbage:for=300ms", Needs::Frames),
    case("garbage:times=1", Needs::Frames),
    case("slow-reader:pause=200ms,for=1500ms", Needs::Start),
    case("buffer-overflow", Needs::Link),
    case("channel-error", Needs::Link),
    case("command-timeout:for=800ms", Needs::Start),
    case("data-before-ack:for=800ms", Needs::Start),
    Case {
        kalshi: After::Asked,
        polymarket: After::Touch,
        ..case("older-format:for=600ms", Needs::Frames)
    },
    case("unauthorized:for=800ms", Needs::Start),
    case("too-many-requests:for=800ms", Needs::Start),
    case("too-many-requests:retry-after=1s,for=800ms", Needs::Start),
    case("status:code=425,for=800ms", Needs::Start),
    case("status:code=503,for=800ms", Needs::Start),
    case("refuse:for=800ms", Needs::Start),
    case("hang:for=800ms", Needs::Start),
    case("flap:up=200ms,for=1500ms", Needs::Link),
    case("clock-skew:by=30s,for=1s", Needs::Start),
    case("clock-skew:by=-30s,for=1s", Needs::Start),
    case("planned-window:for=800ms", Needs::Link),
    case("exchange-pause:for=1500ms", Needs::Frames),
    case("tick-change:for=600ms", Needs::Frames),
];

/// Faults that arb-sim does not count where they strike.
const UNCOUNTED: [&str; 4] = ["older-format", "refuse", "clock-skew", "exchange-pause"];
/// Faults of commands, which Polymarket does not acknowledge.
const KALSHI_ONLY: [&str; 2] = ["command-timeout", "data-before-ack"];

/// Where in a connection's life a fault begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    BeforeHandshake,
    BeforeSubscribe,
    Snapshots,
    Steady,
    Resync,
}

const PHASES: [Phase; 5] = [
    Phase::BeforeHandshake,
    Phase::BeforeSubscribe,
    Phase::Snapshots,
    Phase::Steady,
    Phase::Resync,
];

#[derive(Debug, Clone, Copy)]
struct Scenario {
    case: Case,
    phase: Phase,
    venue: Venue,
    heeds: Heeds,
    seed: u64,
}

/// What came of a scenario.
#[derive(Debug)]
struct Outcome {
    scenario: Scenario,
    /// Quotes given against the rules, and books wrong at rest.
    complaints: Vec<String>,
    /// Bounds of time that were missed.
    late: Vec<String>,
    /// What it spoiled, by arb-sim's count.
    hits: u64,
    /// From the fault's beginning to the first book that was no longer quoted.
    fell_after: Option<Duration>,
    /// Deadlines that passed because of it: by what, and after how long.
    found: Vec<(&'static str, Duration)>,
    /// Looks, one each turn, at a quote that had not been the venue's for 50 ms or more.
    stale_quotes: u64,
    /// The longest such time.
    stalest: Duration,
    /// From the fault's end to the last book that was right again.
    mended_after: Duration,
}

/// One look at all books each turn.
struct Watch<'a> {
    sim: &'a Sim,
    feed: &'a Feed,
    all: bool,
    /// What each venue's book was, and until when.
    history: Vec<VecDeque<(Instant, Levels)>>,
    /// When each was last seen to say what the venue said at some time.
    matched: Vec<Instant>,
    /// Since when each has been right.
    right_since: Vec<Option<Instant>>,
    stale_quotes: u64,
    stalest: Duration,
}

impl<'a> Watch<'a> {
    fn new(sim: &'a Sim, feed: &'a Feed, all: bool) -> Self {
        let count = feed.markets.len();
        Self {
            sim,
            feed,
            all,
            history: vec![VecDeque::new(); count],
            matched: vec![Instant::now(); count],
            right_since: vec![None; count],
            stale_quotes: 0,
            stalest: Duration::ZERO,
        }
    }

    fn look(&mut self) {
        let now = Instant::now();
        let keeper = self.feed.keeper.borrow();
        for (at, market) in self.feed.markets.iter().enumerate() {
            let live = keeper.state(&market.key) == BookState::Live;
            let venues = truth(self.sim, market, self.all);
            let ours = keeper.levels(&market.key, self.all);
            let equal = ours.as_ref() == Some(&venues);
            let stale = if keeper.quote(&market.key).is_none() || equal {
                self.matched[at] = now;
                Duration::ZERO
            } else {
                // A delayed feed says what the venue said a while ago.
                let past =
                    self.history[at].iter().rev().find(|past| Some(&past.1) == ours.as_ref());
                self.matched[at] =
                    self.matched[at].max(past.map_or(self.matched[at], |past| past.0));
                now - self.matched[at]
            };
            self.remember(at, now, venues);
            self.stalest = self.stalest.max(stale);
            self.stale_quotes += u64::from(stale >= HOPS);
            if !live || stale >= 2 * HOPS {
                self.right_since[at] = None;
            } else if equal {
                self.right_since[at].get_or_insert(now);
            }
        }
    }

    fn remember(&mut self, at: usize, now: Instant, levels: Levels) {
        let history = &mut self.history[at];
        match history.back_mut().filter(|newest| newest.1 == levels) {
            Some(newest) => newest.0 = now,
            None => history.push_back((now, levels)),
        }
        while history.front().is_some_and(|oldest| now - oldest.0 > 2 * FOUND_WITHIN) {
            history.pop_front();
        }
    }

    /// Since when all books have been right, once they have been for a while.
    fn mended_at(&self) -> Option<Instant> {
        let at = self.right_since.iter().copied().collect::<Option<Vec<_>>>()?.into_iter().max()?;
        (at.elapsed() >= 2 * DEADLINE / 10).then_some(at)
    }

    /// Looks each turn until `done` says so or the time is up.
    async fn until(&mut self, deadline: Instant, mut done: impl FnMut(&Self) -> bool) -> bool {
        loop {
            self.look();
            if done(self) {
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
            sleep(TURN).await;
        }
    }
}

fn record(sim: &Sim, id: FaultId) -> FaultRecord {
    sim.faults().into_iter().find(|record| record.id == id).unwrap()
}

/// Brings the fault about in its phase; its id.
async fn inflict(scenario: Scenario, sim: &Rc<Sim>, feed: &mut Feed) -> FaultId {
    let first = &feed.markets[0].name;
    let text = scenario.case.fault.replace("FIRST", first);
    let mut spec: arb_sim::FaultSpec = text.parse().unwrap();
    spec.venue = Some(simulated(scenario.venue));
    let drops = scenario.case.needs == Needs::Start && scenario.phase != Phase::BeforeHandshake;
    let begin = {
        let sim = Rc::clone(sim);
        move || {
            let id = sim.fault(spec.clone()).unwrap();
            if drops {
                sim.fault("drop".parse().unwrap()).unwrap();
            }
            id
        }
    };
    let armed = |feed: &Feed| {
        let begin = begin.clone();
        let (tell, told) = tokio::sync::oneshot::channel();
        feed.keeper.borrow_mut().before_sending = Some(Box::new(move || {
            let _ = tell.send(begin());
        }));
        told
    };
    match scenario.phase {
        Phase::BeforeHandshake => {
            let id = begin();
            feed.subscribe();
            feed.start();
            id
        }
        Phase::BeforeSubscribe => {
            feed.start();
            assert!(feed.until(5 * DEADLINE, |keeper| keeper.links > 0).await, "no connection");
            let id = begin();
            feed.subscribe();
            id
        }
        Phase::Snapshots => {
            let told = armed(feed);
            feed.subscribe();
            feed.start();
            told.await.unwrap()
        }
        Phase::Steady => {
            feed.subscribe();
            feed.start();
            assert!(feed.until_live(5 * DEADLINE).await, "the books never came");
            sleep(DEADLINE / 2).await;
            begin()
        }
        Phase::Resync => {
            feed.subscribe();
            feed.start();
            assert!(feed.until_live(5 * DEADLINE).await, "the books never came");
            sleep(DEADLINE / 5).await;
            let told = armed(feed);
            feed.handle.resync_all();
            told.await.unwrap()
        }
    }
}

async fn venues(seed: u64) -> Sim {
    Sim::start(SimConfig {
        now: Some(START),
        seed,
        snapshot_reply: if seed.is_multiple_of(2) {
            SnapshotReply::RepeatsLast
        } else {
            SnapshotReply::TakesNumber
        },
        catalogue: Catalogue::Synthetic { pairs: PAIRS },
        quotes_per_second: 160,
        plant_every: None,
        ..SimConfig::default()
    })
    .await
    .unwrap()
}

async fn run(scenario: Scenario) -> Outcome {
    let sim = Rc::new(venues(scenario.seed).await);
    let venue = scenario.venue;
    let after = match venue {
        Venue::Kalshi => scenario.case.kalshi,
        _ => scenario.case.polymarket,
    };
    let asked_for = markets(&sim, venue);
    let mut feed = Feed::new(&sim, venue, chaos_config(venue, 0), asked_for, true);
    feed.keeper.borrow_mut().heeds = scenario.heeds;
    let id = inflict(scenario, &sim, &mut feed).await;
    let began = Instant::now();

    let all = after == After::Exact;
    let mut watch = Watch::new(&sim, &feed, all);
    let over = watch.until(began + 5 * DEADLINE, |_| record(&sim, id).over).await;
    let ended = Instant::now();
    let live_at_end = feed.until_live(Duration::ZERO).await;
    if after == After::Asked {
        feed.handle.resync_all();
        watch.all = true;
    }
    let mended = watch.until(ended + 2 * MENDED_WITHIN, |watch| watch.mended_at().is_some()).await;
    let mended_at = watch.mended_at().unwrap_or_else(Instant::now).max(ended);
    let (stale_quotes, stalest) = (watch.stale_quotes, watch.stalest);
    let fell_at = feed.keeper.borrow().falls.iter().map(|fall| fall.at).find(|at| *at >= began);

    let mut complaints = std::mem::take(&mut feed.keeper.borrow_mut().violations);
    complaints.truncate(3);
    let mut late = Vec::new();
    let mut check = |holds: bool, complaint: String| {
        if !holds {
            late.push(complaint);
        }
    };
    check(over, "the fault never ended".to_owned());
    check(mended, format!("never right again: {:?}", feed.wrong(&sim, all)));
    let mended_after = mended_at - ended;
    let name = scenario.case.fault;
    let at_once = AT_ONCE_FAULTS.iter().any(|fault| name.starts_with(fault))
        && scenario.phase == Phase::Steady
        && after == After::Exact;
    // The first refusal tells what the venue's clock says.
    let is_skew = name.starts_with("clock-skew");
    check(live_at_end || !is_skew, "no books while the clock was off".to_owned());
    let within = if at_once { MENDED_AT_ONCE } else { MENDED_WITHIN };
    check(mended_after <= within, format!("right again only after {mended_after:?}"));
    if after == After::Exact {
        check(stalest <= FOUND_WITHIN + HOPS, format!("a quote was {stalest:?} old"));
    }
    if mended && after == After::Exact {
        // What was lost without anybody's notice is asked for again after its deadline.
        tokio::time::sleep_until(ended + DEADLINE + DEADLINE / 2).await;
        let before = feed.keeper.borrow().commands;
        sleep(DEADLINE).await;
        let sent = feed.keeper.borrow().commands - before;
        check(sent == 0, format!("{sent} commands though all is right"));
    }
    complaints.extend(differences_at_rest(&sim, &feed, venue, after).await);
    let mut found = std::mem::take(&mut feed.keeper.borrow_mut().found);
    found.retain(|found| found.at >= began);
    let found: Vec<_> = found.into_iter().map(|found| (found.by, found.after)).collect();
    let FaultRecord { hits, spec, .. } = record(&sim, id);
    let name = spec.fault.name();
    if let Some((by, after)) = found.first()
        && scenario.phase == Phase::Steady
        && DEADLINE_FAULTS.contains(&name)
        && *after > FOUND_WITHIN
    {
        late.push(format!("found by {by} only after {after:?}"));
    }
    let uncounted =
        UNCOUNTED.contains(&name) || (venue == Venue::Polymarket && KALSHI_ONLY.contains(&name));
    if hits == 0 && !uncounted && scenario.phase == Phase::Steady {
        complaints.push("the fault was never met".to_owned());
    }
    feed.handle.shutdown();
    sleep(TURN).await;
    Outcome {
        scenario,
        complaints,
        late,
        hits,
        fell_after: fell_at.map(|at| at - began),
        found,
        stale_quotes,
        stalest,
        mended_after,
    }
}

/// When nothing moves any more, nothing may differ, and nothing may be kept twice.
async fn differences_at_rest(sim: &Sim, feed: &Feed, venue: Venue, after: After) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut check = |holds: bool, complaint: String| {
        if !holds {
            complaints.push(complaint);
        }
    };
    sim.pause();
    settle(sim, feed, after != After::Touch).await;
    let wrong = feed.until_equal(sim, after != After::Touch, 2 * DEADLINE).await;
    check(wrong.is_empty(), format!("wrong at rest: {wrong:?}"));
    let connections = sim.connections();
    let carried: usize = connections
        .iter()
        .filter(|connection| connection.venue == simulated(venue))
        .map(|connection| connection.markets.len())
        .sum();
    check(carried == PAIRS, format!("the venue serves {carried} markets: {connections:?}"));
    let (books, keys) = (feed.keeper.borrow().books.len(), feed.handle.key_count());
    check(keys == PAIRS && books <= 2 * PAIRS, format!("{keys} keys and {books} books are kept"));
    complaints
}

/// Lets what is under way arrive. Where deeper levels may differ, two changes far from the touch make the venue name its
/// best prices twice, which is all it takes to find a wrong one.
async fn settle(sim: &Sim, feed: &Feed, exact: bool) {
    while !sim.is_still() {
        sleep(TURN).await;
    }
    sleep(5 * TURN).await;
    if !exact {
        for cents in [1, 2] {
            for market in &feed.markets {
                let price = arb_sim::Price::from_ten_thousandths(100 * cents);
                let one = arb_sim::Quantity::contracts(1);
                sim.add_to_levels(&market.name, &[(arb_sim::Side::Bid, price, one)]).unwrap();
            }
            sleep(5 * TURN).await;
        }
    }
}

fn long() -> bool {
    std::env::var_os("ARB_LONG").is_some()
}

/// Which of the two that find faults are tried alone: only Kalshi's numbers are followed by both, and new ticks are
/// the books' business.
fn detectors(case: Case, venue: Venue) -> &'static [Heeds] {
    match venue {
        Venue::Kalshi if case.fault.starts_with("tick-change") => &[Heeds::Both, Heeds::Books],
        Venue::Kalshi => &[Heeds::Both, Heeds::Books, Heeds::Connection],
        _ => &[Heeds::Both],
    }
}

fn scenarios() -> Vec<Scenario> {
    let only = std::env::var("CHAOS_ONLY").unwrap_or_default();
    let mut scenarios = Vec::new();
    for round in 0..if long() { 20 } else { 1 } {
        for (at, &case) in CASES.iter().enumerate() {
            for phase in PHASES {
                for venue in Venue::ALL {
                    for &heeds in detectors(case, venue) {
                        let seed = round * 1_000 + at as u64 + 1;
                        let scenario = Scenario { case, phase, venue, heeds, seed };
                        let name = format!("{} {phase:?} {venue} {heeds:?}", case.fault);
                        if name.contains(&only) {
                            scenarios.push(scenario);
                        }
                    }
                }
            }
        }
    }
    scenarios
}

#[tokio::test(start_paused = true)]
async fn no_fault_in_any_phase_leaves_a_wrong_quote_or_a_wrong_book() {
    let started = std::time::Instant::now();
    let outcomes = LocalSet::new()
        .run_until(async {
            tokio::task::spawn_local(hold_back_time(Barrier::new()));
            let mut outcomes = Vec::new();
            let mut running = JoinSet::new();
            let mut first_round = None;
            for scenario in scenarios() {
                if scenario.seed > 2_000 && first_round.is_none() {
                    first_round = resident::of_this_process();
                }
                if running.len() >= AT_ONCE {
                    outcomes.extend(running.join_next().await.map(Result::unwrap));
                }
                running.spawn_local(run(scenario));
            }
            outcomes.extend(running.join_all().await);
            if let (Some(before), Some(after)) = (first_round, resident::of_this_process()) {
                let grown = after.saturating_sub(before);
                assert!(grown < 64 << 20, "{grown} bytes more after all rounds than after two");
            }
            // The kernel may have been late for longer than was waited: what is late again, alone, is our fault.
            for outcome in &mut outcomes {
                if !outcome.late.is_empty() && outcome.complaints.is_empty() {
                    println!("again: {:?} {:?}", outcome.scenario, outcome.late);
                    *outcome = run(outcome.scenario).await;
                }
            }
            outcomes
        })
        .await;
    let bad: Vec<String> = outcomes
        .iter()
        .filter(|outcome| !outcome.complaints.is_empty() || !outcome.late.is_empty())
        .map(|outcome| {
            let Scenario { case, phase, venue, heeds, seed } = outcome.scenario;
            let complaints = [&outcome.complaints[..], &outcome.late[..]].concat().join("; ");
            format!("{} {phase:?} {venue} {heeds:?} (seed {seed}): {complaints}", case.fault)
        })
        .collect();
    print_tables(&outcomes);
    println!("{} scenarios in {:?}", outcomes.len(), started.elapsed());
    assert!(bad.is_empty(), "{} scenarios went wrong:\n{}", bad.len(), bad.join("\n"));
}

fn median_and_max(mut times: Vec<Duration>) -> Option<(Duration, Duration)> {
    times.sort();
    Some((*times.get(times.len() / 2)?, *times.last()?))
}

/// Markdown: how long detection took, how long quotes were stale, how long mending took.
fn print_tables(outcomes: &[Outcome]) {
    let shown = |times: Vec<Duration>| match median_and_max(times) {
        Some((median, max)) => format!("{} / {}", median.as_millis(), max.as_millis()),
        None => "–".to_owned(),
    };
    println!(
        "| fault | spoiled | fell after, ms (steady) | stale quotes, worst ms | mended after, ms |"
    );
    println!("|---|---|---|---|---|");
    for case in CASES {
        for venue in Venue::ALL {
            let of: Vec<&Outcome> = outcomes
                .iter()
                .filter(|o| o.scenario.case.fault == case.fault && o.scenario.venue == venue)
                .collect();
            let steady = of.iter().filter(|o| o.scenario.phase == Phase::Steady);
            let fell = shown(steady.filter_map(|o| o.fell_after).collect());
            let stalest = of.iter().map(|o| o.stalest).max().unwrap_or_default();
            println!(
                "| {} {venue} | {} | {fell} | {}, {} | {} |",
                case.fault,
                of.iter().map(|o| o.hits).sum::<u64>(),
                of.iter().map(|o| o.stale_quotes).sum::<u64>(),
                stalest.as_millis(),
                shown(of.iter().map(|o| o.mended_after).collect()),
            );
        }
    }
    let mut found: BTreeMap<(&str, &str), Vec<Duration>> = BTreeMap::new();
    for outcome in outcomes.iter().filter(|o| o.scenario.phase == Phase::Steady) {
        for (by, after) in outcome.found.iter().take(1) {
            found.entry((outcome.scenario.case.fault, by)).or_default().push(*after);
        }
    }
    println!("| fault | found by | runs | p50, ms | max, ms |\n|---|---|---|---|---|");
    for ((fault, by), times) in found {
        let runs = times.len();
        if let Some((median, max)) = median_and_max(times) {
            println!("| {fault} | {by} | {runs} | {} | {} |", median.as_millis(), max.as_millis());
        }
    }
}

#[test]
fn every_fault_is_here() {
    let readme = include_str!("../crates/arb-sim/README.md");
    let (_, faults) = readme.split_once("## Faults").unwrap();
    let listed: BTreeSet<&str> = faults
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split(" | ").next())
        .flat_map(|names| names.split(|c: char| !c.is_ascii_lowercase() && c != '-'))
        .filter(|name| !name.is_empty())
        .collect();
    let named = CASES.iter().map(|case| case.fault.split(':').next().unwrap()).collect();
    assert_eq!(listed, named, "arb-sim's README and this test name the same faults");
    assert_eq!(DEADLINE + CAP + CAP, MENDED_WITHIN, "the bound of the configuration");
}

/// The judge itself: numbers take trust and snapshots give it.
#[test]
fn the_oracle_follows_numbers() {
    let mut oracle = Oracle::new(Venue::Kalshi);
    let mut take = |text: &str| {
        oracle.take(text.as_bytes(), |_| None);
        ["A", "B"].map(|market| oracle.trusts(market))
    };
    let snapshot = |seq: u64, market: &str| {
        format!(
            r#"{{"type":"orderbook_snapshot","sid":1,"seq":{seq},"msg":{{"market_ticker":"{market}"}}}}"#
        )
    };
    assert_eq!(take(&snapshot(1, "A")), [true, false]);
    assert_eq!(take(&snapshot(2, "B")), [true, true]);
    assert_eq!(take(r#"{"type":"orderbook_delta","sid":2,"seq":9}"#), [true, true]);
    assert_eq!(take(r#"{"type":"orderbook_delta","sid":1,"seq":2}"#), [true, true]);
    assert_eq!(take(r#"{"type":"orderbook_delta","sid":1,"seq":4}"#), [false, false]);
    assert_eq!(take(&snapshot(5, "B")), [false, true]);
    assert_eq!(take("{"), [false, false]);
}

/// The judge itself: two frames running that name another touch take trust.
#[test]
fn the_oracle_compares_touches() {
    let mut oracle = Oracle::new(Venue::Polymarket);
    let ours = |_: &str| Some((Some(420_000), None));
    oracle.take(br#"[{"event_type":"book","asset_id":"1"}]"#, ours);
    let said = |bid: &str| {
        format!(
            r#"{{"event_type":"price_change","price_changes":[{{"asset_id":"1","best_bid":"{bid}","best_ask":"1"}}]}}"#
        )
    };
    for (bid, trusted) in [("0.41", true), ("0.42", true), ("0.41", true), ("0.4", false)] {
        oracle.take(said(bid).as_bytes(), ours);
        assert_eq!(oracle.trusts("1"), trusted, "{bid}");
    }
}

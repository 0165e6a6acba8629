//! Resident memory of a scanner while markets come and go: the program as it is, in a process of its own, against simulated
//! venues in this one.
//!
//! A day: markets are listed on both venues under events of their own and approved, one is halted for a while, an event's fees
//! change, opportunities come and go; yesterday's markets are decided. The ordinary run has four days of 60 pairs, of which the
//! last two count. With `ARB_LONG=1` it is a month of 100 pairs a day, connections break every sixth day, and the last 20 days
//! count. Windows of statistics fill meanwhile, with churn as without: about 1.3 MiB in the time that 20 days take.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use arb_sim::{Catalogue, Sim, SimConfig, Venue};
use arb_tests::scanner::{self, Running, free_port};

/// Where the run of this test that is the scanner finds its settings.
const SCANNER: &str = "ARB_TEST_MEMORY_CONFIG";
const PATIENCE: Duration = Duration::from_secs(120);
/// The most that memory may grow by in the days that count: in a month a kilobyte and a half for each pair that came and went.
const GROWTH: u64 = 3 << 20;

/// The venues, the scanner and what was read of it.
struct Run {
    sim: Sim,
    scanner: Running,
    pairs: PathBuf,
    status: u16,
}

impl Run {
    /// How many pairs the scanner says can be traded.
    fn tradable(&self) -> Option<usize> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.status)).ok()?;
        stream.write_all(b"GET /metrics HTTP/1.0\r\nhost: localhost\r\n\r\n").ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).ok()?;
        let line =
            text.lines().find_map(|line| line.strip_prefix("arb_scan_pairs{state=\"tradable\"} "));
        line?.trim().parse().ok()
    }

    fn until_tradable(&self, wanted: usize, what: &str) {
        let deadline = Instant::now() + PATIENCE;
        while self.tradable() != Some(wanted) {
            assert!(
                Instant::now() < deadline,
                "{what}: {:?} of {wanted} can be traded",
                self.tradable()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until the venues stream nothing but so many markets each.
    fn until_streamed(&self, wanted: usize) {
        let deadline = Instant::now() + PATIENCE;
        let streamed = || {
            [Venue::Kalshi, Venue::Polymarket].map(|venue| {
                let open = self.sim.connections();
                open.iter()
                    .filter(|open| open.venue == venue)
                    .map(|open| open.markets.len())
                    .sum::<usize>()
            })
        };
        while streamed() != [wanted; 2] {
            assert!(Instant::now() < deadline, "{:?} are streamed instead of {wanted}", streamed());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Approves the pairs of these Kalshi markets, with the venue's own fees.
    fn approve(&self, markets: &[String]) {
        let mut pairs: Vec<serde_json::Map<String, serde_json::Value>> =
            serde_json::from_str(&self.sim.approved_pairs_json()).unwrap();
        pairs.retain(|pair| markets.iter().any(|market| pair["kalshi"] == **market));
        for pair in &mut pairs {
            pair.remove("fees");
        }
        fs::write(&self.pairs, serde_json::to_string(&pairs).unwrap()).unwrap();
    }

    /// One day; the markets that it leaves.
    fn day(&self, number: usize, yesterday: &[String], each: usize) -> Vec<String> {
        let before = self.sim.markets(Venue::Kalshi);
        self.sim.list_more(each);
        let mut new = self.sim.markets(Venue::Kalshi);
        new.retain(|market| !before.contains(market));
        self.approve(&[yesterday, &new].concat());
        self.until_tradable(2 * each, "old and new");
        let (event, _) = yesterday[0].rsplit_once("-C").unwrap();
        self.sim.set_event_fee(event, Some(50)).unwrap();
        self.sim.pause_market(&yesterday[0], true).unwrap();
        self.until_tradable(2 * each - 1, "the halt");
        self.sim.pause_market(&yesterday[0], false).unwrap();
        self.until_tradable(2 * each, "its end");
        if number.is_multiple_of(6) {
            self.sim.fault("drop".parse().unwrap()).unwrap();
        }
        for market in yesterday {
            self.sim.settle_market(market, true).unwrap();
        }
        self.until_tradable(each, "the old are gone");
        self.until_streamed(each);
        new
    }
}

#[test]
fn a_month_of_churn_leaves_resident_memory_where_it_was() {
    if let Some(folder) = std::env::var_os(SCANNER) {
        scanner::run(Path::new(&folder)).unwrap();
        return;
    }
    let long = std::env::var_os("ARB_LONG").is_some();
    let (days, warm, each) = if long { (30, 10, 100) } else { (4, 2, 60) };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let config = SimConfig {
        catalogue: Catalogue::Synthetic { pairs: each },
        signature_skew: Duration::from_secs(15),
        ..SimConfig::default()
    };
    let sim = runtime.block_on(Sim::start(config)).unwrap();
    let (folder, status) = (tempfile::tempdir().unwrap(), free_port().unwrap());
    scanner::configure(folder.path(), &sim, status, "").unwrap();
    let test = "a_month_of_churn_leaves_resident_memory_where_it_was";
    let program = scanner::start(folder.path(), SCANNER, test).unwrap();
    let run = Run { sim, scanner: program, pairs: folder.path().join("pairs.json"), status };
    run.until_tradable(each, "the start");
    let mut live = run.sim.markets(Venue::Kalshi);
    let mut evenings: Vec<u64> = Vec::new();
    for number in 1..=days {
        live = run.day(number, &live, each);
        let Some(resident) = run.scanner.resident() else { return };
        println!("day {number}: {} KiB", resident / 1_024);
        evenings.push(resident);
    }
    let planted = run.sim.planted().len();
    let (before, after) = evenings.split_at(warm);
    let grown = after.iter().max().unwrap().saturating_sub(*before.last().unwrap());
    println!("{days} days of {each} pairs, {planted} opportunities: {} KiB more", grown / 1_024);
    assert!(grown <= GROWTH, "{grown} bytes more after {days} days: {evenings:?}");
    runtime.block_on(run.sim.shutdown());
}

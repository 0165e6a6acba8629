//! Runs the benches beside their peers and prints one Markdown table of ratios.
//!
//! `cargo run --release -p arb-benches --bin report` runs `cargo bench -p arb-benches --features peers` first (about an hour on
//! two cores); with `-- --last` it prints what the last run left in the target directory, under the day on which it ended.
//! Figures of two runs are never compared: what a bench left before it was last begun counts as not measured, and where anything is
//! not measured the program says so and fails.
//!
//! A ratio compares medians of one run. Absolute times (of one message, where a bench takes many at once) are beside it for
//! orientation only: they say more about the machine. What a bench finds beside these lines (memory, distributions) it prints itself.
//! A missed mark is printed as one; it is no failure of the program.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "printing is what it is for")]

use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::SystemTime;

use arb_benches::measured;
use serde::Deserialize;

/// How a claim is judged.
#[derive(Clone, Copy)]
enum Mark {
    /// Ours is at least so many times as fast as the other.
    Faster(f64),
    /// Ours takes at most so many times as long as the other.
    AtMost(f64),
    /// Ours is a number of instructions, at most so many.
    Instructions(f64),
    /// Ours takes at most so many milliseconds, whatever the other takes.
    Within(f64),
    /// Nothing is claimed.
    Reported,
}

/// One line of the table.
struct Claim {
    what: &'static str,
    ours: &'static str,
    other: &'static str,
    mark: Mark,
}

const fn claim(what: &'static str, ours: &'static str, other: &'static str, mark: Mark) -> Claim {
    Claim { what, ours, other, mark }
}

use Mark::{AtMost, Faster, Instructions, Reported, Within};

/// Names are criterion's: group/function, with `/` and blanks as the directories have them; `a + 100 b` is the one's time and a hundred
/// times the other's.
const CLAIMS: &[Claim] = &[
    claim(
        "pipeline, 1,000 pairs: SDK + kalshi-pmx + decimal books",
        "pipeline_1000_pairs/arb",
        "pipeline_1000_pairs/sdk_and_kalshi_pmx",
        Faster(4.8),
    ),
    claim(
        "pipeline, 10,000 pairs: the same",
        "pipeline_10000_pairs/arb",
        "pipeline_10000_pairs/sdk_and_kalshi_pmx",
        Faster(4.0),
    ),
    claim(
        "pipeline, 1,000 pairs: the bots' approach (answers less)",
        "pipeline_1000_pairs/arb",
        "pipeline_1000_pairs/bots_touch_only",
        Faster(1.3),
    ),
    claim(
        "pipeline, 1,000 pairs: hand-written scanner floor",
        "pipeline_1000_pairs/arb",
        "pipeline_1000_pairs/scanner_floor",
        AtMost(1.3),
    ),
    claim(
        "pipeline, 10,000 pairs: the bots' approach (answers less)",
        "pipeline_10000_pairs/arb",
        "pipeline_10000_pairs/bots_touch_only",
        Faster(1.3),
    ),
    claim(
        "pipeline, 10,000 pairs: hand-written scanner floor",
        "pipeline_10000_pairs/arb",
        "pipeline_10000_pairs/scanner_floor",
        AtMost(1.3),
    ),
    claim(
        "pipeline, 1,000 pairs: instructions a message",
        "instructions/messages",
        "",
        Instructions(5_000.0),
    ),
    claim(
        "pipeline: 10,000 pairs against 100",
        "pipeline_10000_pairs/arb",
        "pipeline_100_pairs/arb",
        AtMost(2.0),
    ),
    claim(
        "decode delta: kalshi-pmx",
        "decode_kalshi_delta/arb",
        "decode_kalshi_delta/kalshi_pmx",
        Faster(6.0),
    ),
    claim(
        "decode delta: sonic-rs, typed",
        "decode_kalshi_delta/arb",
        "decode_kalshi_delta/sonic_rs",
        Faster(1.5),
    ),
    claim(
        "decode snapshot: sonic-rs, typed",
        "decode_kalshi_snapshot_40/arb",
        "decode_kalshi_snapshot_40/sonic_rs",
        Faster(1.5),
    ),
    claim(
        "decode price_change: Polymarket SDK",
        "decode_polymarket_price_change_2/arb",
        "decode_polymarket_price_change_2/polymarket_sdk",
        Faster(8.0),
    ),
    claim(
        "decode price_change: sonic-rs, typed",
        "decode_polymarket_price_change_2/arb",
        "decode_polymarket_price_change_2/sonic_rs",
        Faster(1.5),
    ),
    claim(
        "decode book: Polymarket SDK",
        "decode_polymarket_book_40/arb",
        "decode_polymarket_book_40/polymarket_sdk",
        Faster(12.0),
    ),
    claim(
        "decode book: sonic-rs, typed",
        "decode_polymarket_book_40/arb",
        "decode_polymarket_book_40/sonic_rs",
        Faster(1.5),
    ),
    claim(
        "book update and best: nautilus-model",
        "book_update_and_best/arb",
        "book_update_and_best/nautilus_model",
        Faster(10.0),
    ),
    claim(
        "book update and best: hftbacktest ROI vector",
        "book_update_and_best/arb",
        "book_update_and_best/hftbacktest_roi_vector",
        Faster(2.5),
    ),
    claim(
        "book update and best: hftbacktest hash map",
        "book_update_and_best/arb",
        "book_update_and_best/hftbacktest_hash_map",
        Faster(2.5),
    ),
    claim(
        "100,000 books: BTreeMap<i64, i64>",
        "book_random_of_100000/arb",
        "book_random_of_100000/btreemap_i64",
        Faster(5.0),
    ),
    claim(
        "size over 10 and 20 levels: rust_decimal",
        "size/10x20_levels",
        "size/10x20_levels_rust_decimal",
        Faster(25.0),
    ),
    claim("no edge: instructions", "instructions/rejections", "", Instructions(30.0)),
    claim(
        "rescan of 100,000 pairs: decimals walking all",
        "scan_all_100000_pairs/arb",
        "scan_all_100000_pairs/decimal_walk_all",
        Faster(30.0),
    ),
    claim(
        "breaker, one thread: AtomicU64::fetch_add",
        "breaker_1_thread/arb_permit",
        "breaker_1_thread/atomic",
        AtMost(2.5),
    ),
    claim(
        "breaker, one thread: recloser",
        "breaker_1_thread/arb_permit",
        "breaker_1_thread/recloser",
        AtMost(0.4),
    ),
    claim(
        "breaker, one thread, whole call: recloser",
        "breaker_1_thread/arb_call",
        "breaker_1_thread/recloser",
        AtMost(0.4),
    ),
    claim(
        "breaker, one thread, every rule on, times given: AtomicU64::fetch_add",
        "breaker_1_thread/arb_timed_given_now",
        "breaker_1_thread/atomic",
        AtMost(2.5),
    ),
    claim(
        "breaker, one thread, every rule on, times given: recloser",
        "breaker_1_thread/arb_timed_given_now",
        "breaker_1_thread/recloser",
        AtMost(0.4),
    ),
    claim(
        "breaker, one thread, every rule on, clocks read: recloser, which reads one too",
        "breaker_1_thread/arb_timed_clock",
        "breaker_1_thread/recloser",
        Reported,
    ),
    claim(
        "breaker, one thread: failsafe, windowed",
        "breaker_1_thread/arb_permit",
        "breaker_1_thread/failsafe",
        Reported,
    ),
    claim(
        "breaker, one thread, a future: tower-resilience",
        "breaker_1_thread/arb_future",
        "breaker_1_thread/tower_resilience",
        Reported,
    ),
    claim(
        "breaker, two threads: recloser",
        "breaker_2_threads/arb_permit",
        "breaker_2_threads/recloser",
        AtMost(0.2),
    ),
    claim(
        "breaker, two threads, whole call: recloser",
        "breaker_2_threads/arb_call",
        "breaker_2_threads/recloser",
        AtMost(0.2),
    ),
    claim(
        "cache hit among 1,000, time given to ours: moka, which reads a clock",
        "hit_1000/arb-cache, given now",
        "hit_1000/moka with per-entry expiry",
        Faster(3.0),
    ),
    claim(
        "cache hit among 1,000: quick_cache with expiry",
        "hit_1000/arb-cache",
        "hit_1000/quick_cache with expiry",
        AtMost(1.2),
    ),
    claim(
        "cache hit among 1,000: moka, expiry per entry",
        "hit_1000/arb-cache",
        "hit_1000/moka with per-entry expiry",
        Faster(3.0),
    ),
    claim(
        "cache hit among 100,000, time given to ours: moka, which reads a clock",
        "hit_100000/arb-cache, given now",
        "hit_100000/moka with per-entry expiry",
        Faster(3.0),
    ),
    claim(
        "cache hit among 100,000: quick_cache with expiry",
        "hit_100000/arb-cache",
        "hit_100000/quick_cache with expiry",
        AtMost(1.2),
    ),
    claim(
        "cache hit among 100,000: moka, expiry per entry",
        "hit_100000/arb-cache",
        "hit_100000/moka with per-entry expiry",
        Faster(3.0),
    ),
    claim(
        "near-cache hit: redis-rs client-side cache",
        "redis/near-hit_arb-cache",
        "redis/near-hit_redis-rs",
        AtMost(1.2),
    ),
    claim(
        "GET over loopback: raw socket ping-pong",
        "redis/get_arb-cache",
        "redis/get_raw-socket",
        AtMost(1.5),
    ),
    claim(
        "100 SETs: redis-rs pipeline",
        "redis/set-100_arb-cache",
        "redis/set-100_redis-rs pipeline",
        AtMost(1.25),
    ),
    claim(
        "opportunity upsert with ranking: a plain SET",
        "redis/opportunity-upsert_arb-cache",
        "redis/set_arb-cache",
        AtMost(1.5),
    ),
    claim(
        "book codec, encode: MessagePack of decimal texts",
        "codec/columns_encode",
        "codec/texts_encode",
        AtMost(0.45),
    ),
    claim(
        "book codec, decode: MessagePack of decimal texts",
        "codec/columns_decode",
        "codec/texts_decode",
        AtMost(0.45),
    ),
    claim(
        "histogram sample: AtomicU64::fetch_add",
        "monitor_record/histogram",
        "monitor_record/floor_ AtomicU64__fetch_add",
        AtMost(4.0),
    ),
    claim(
        "p95 of 100,000 samples, to 1/64 (answers less): copy and select_nth",
        "monitor_p95 of 100k samples/aggregator, quantile",
        "monitor_p95 of 100k samples/copy and select_nth_unstable",
        Faster(10.0),
    ),
    claim(
        "WebSocket, CPU a message at 64 a read: bare tokio-tungstenite",
        "ws_cpu_64_a_read/supervised",
        "ws_cpu_64_a_read/bare",
        AtMost(1.5),
    ),
    claim(
        "WebSocket, CPU a message where one comes each 100 µs: the same",
        "ws_cpu_each_100us/supervised",
        "ws_cpu_each_100us/bare",
        AtMost(1.15),
    ),
    claim(
        "2,600 frames in 100 ms, socket to opportunity, p99.9: a bare reader of the same",
        "ws_burst_2600_in_100ms/opportunity_p99.9",
        "ws_burst_2600_in_100ms/bare_p99.9",
        AtMost(3.0),
    ),
    claim(
        "2,600 frames in 100 ms, socket to opportunity, p99.9",
        "ws_burst_2600_in_100ms/opportunity_p99.9",
        "",
        Within(2.0),
    ),
    claim(
        "2,600 frames in 100 ms, socket to opportunity, p50: bare",
        "ws_burst_2600_in_100ms/opportunity_p50",
        "ws_burst_2600_in_100ms/bare_p50",
        Reported,
    ),
    claim(
        "2,600 frames in 100 ms, socket to opportunity, p99: bare",
        "ws_burst_2600_in_100ms/opportunity_p99",
        "ws_burst_2600_in_100ms/bare_p99",
        Reported,
    ),
    claim(
        "2,600 frames in 100 ms, socket to opportunity, max: bare",
        "ws_burst_2600_in_100ms/opportunity_max",
        "ws_burst_2600_in_100ms/bare_max",
        Reported,
    ),
    claim(
        "2,600 frames in 100 ms, socket to decision, p50: bare",
        "ws_burst_2600_in_100ms/decision_p50",
        "ws_burst_2600_in_100ms/bare_p50",
        Reported,
    ),
    claim(
        "2,600 frames in 100 ms, socket to decision, p99: bare",
        "ws_burst_2600_in_100ms/decision_p99",
        "ws_burst_2600_in_100ms/bare_p99",
        Reported,
    ),
    claim(
        "2,600 frames in 100 ms, socket to decision, p99.9: bare",
        "ws_burst_2600_in_100ms/decision_p99.9",
        "ws_burst_2600_in_100ms/bare_p99.9",
        AtMost(3.0),
    ),
    claim(
        "2,600 frames in 100 ms, socket to decision, max: bare",
        "ws_burst_2600_in_100ms/decision_max",
        "ws_burst_2600_in_100ms/bare_max",
        Reported,
    ),
    claim(
        "490 frames in 10 ms, socket to opportunity, p99.9: a bare reader of the same",
        "ws_burst_490_in_10ms/opportunity_p99.9",
        "ws_burst_490_in_10ms/bare_p99.9",
        AtMost(3.0),
    ),
    claim(
        "490 frames in 10 ms, socket to opportunity, p99.9",
        "ws_burst_490_in_10ms/opportunity_p99.9",
        "",
        Within(2.0),
    ),
    claim(
        "490 frames in 10 ms, socket to opportunity, p50: bare",
        "ws_burst_490_in_10ms/opportunity_p50",
        "ws_burst_490_in_10ms/bare_p50",
        Reported,
    ),
    claim(
        "490 frames in 10 ms, socket to opportunity, p99: bare",
        "ws_burst_490_in_10ms/opportunity_p99",
        "ws_burst_490_in_10ms/bare_p99",
        Reported,
    ),
    claim(
        "490 frames in 10 ms, socket to opportunity, max: bare",
        "ws_burst_490_in_10ms/opportunity_max",
        "ws_burst_490_in_10ms/bare_max",
        Reported,
    ),
    claim(
        "490 frames in 10 ms, socket to decision, p50: bare",
        "ws_burst_490_in_10ms/decision_p50",
        "ws_burst_490_in_10ms/bare_p50",
        Reported,
    ),
    claim(
        "490 frames in 10 ms, socket to decision, p99: bare",
        "ws_burst_490_in_10ms/decision_p99",
        "ws_burst_490_in_10ms/bare_p99",
        Reported,
    ),
    claim(
        "490 frames in 10 ms, socket to decision, p99.9: bare",
        "ws_burst_490_in_10ms/decision_p99.9",
        "ws_burst_490_in_10ms/bare_p99.9",
        AtMost(3.0),
    ),
    claim(
        "490 frames in 10 ms, socket to decision, max: bare",
        "ws_burst_490_in_10ms/decision_max",
        "ws_burst_490_in_10ms/bare_max",
        Reported,
    ),
    claim(
        "candidates, 10,000 × 10,000: rapidfuzz's batched Jaro-Winkler (answers less)",
        "match/ten_thousand_index + 100 match/ten_thousand_candidates_100_rows",
        "100 match/ten_thousand_jaro_winkler_100_rows",
        Faster(50.0),
    ),
    claim(
        "candidates, 13,828 × 3,066, with indexing: the same (answers less)",
        "match/index_both_catalogues + match/all_candidates",
        "216 match/rapidfuzz_jaro_winkler_64_rows",
        Faster(40.0),
    ),
    claim(
        "candidates, 13,828 × 3,066, with indexing: a second",
        "match/index_both_catalogues + match/all_candidates",
        "",
        Within(1_000.0),
    ),
    claim(
        "a new market's candidates among 3,066",
        "match/candidates_of_a_new_market",
        "",
        Within(2.0),
    ),
];

/// What criterion leaves of a function.
#[derive(Deserialize)]
struct Estimates {
    median: Estimate,
}

#[derive(Deserialize)]
struct Estimate {
    point_estimate: f64,
}

/// What criterion keeps of a function's settings.
#[derive(Deserialize)]
struct Settings {
    throughput: Option<Throughput>,
}

#[derive(Deserialize)]
struct Throughput {
    #[serde(rename = "Elements")]
    elements: Option<f64>,
}

/// The bench that measures a group.
fn bench_of(name: &str) -> &str {
    match name.split(['_', '/']).next().unwrap_or_default() {
        "hit" | "redis" => "cache",
        bench => bench,
    }
}

fn changed_at(path: &Path) -> Option<SystemTime> {
    path.metadata().ok()?.modified().ok()
}

/// Nanoseconds of one element, where the bench says how many it takes at once; `None` where the bench's last run did not measure it.
fn median(results: &Path, name: &str) -> Option<f64> {
    let place = results.join(name).join("new");
    let began = changed_at(&results.join(measured::BEGAN).join(bench_of(name)))?;
    if changed_at(&place.join("estimates.json"))? < began {
        return None;
    }
    let read = |file| std::fs::read_to_string(place.join(file)).ok();
    let found: Estimates = serde_json::from_str(&read("estimates.json")?).ok()?;
    let settings = read("benchmark.json").and_then(|text| serde_json::from_str(&text).ok());
    let elements = settings.and_then(|settings: Settings| settings.throughput?.elements);
    Some(found.median.point_estimate / elements.unwrap_or(1.0))
}

/// The sum of several, each so many times.
fn sum(results: &Path, names: &str) -> Option<f64> {
    let each = names.split(" + ").map(|part| {
        let (times, name) = part.split_once(' ').unwrap_or(("1", part));
        match times.parse::<f64>() {
            Ok(times) => Some(times * median(results, name)?),
            // A name with a blank in it.
            Err(_) => median(results, part),
        }
    });
    each.sum()
}

fn time(nanos: f64) -> String {
    match nanos {
        n if n < 1e3 => format!("{n:.1} ns"),
        n if n < 1e6 => format!("{:.2} µs", n / 1e3),
        n if n < 1e9 => format!("{:.2} ms", n / 1e6),
        n => format!("{:.2} s", n / 1e9),
    }
}

/// The claim's line of the table; `None` where the last run did not measure it.
fn line(results: &Path, claim: &Claim) -> Option<String> {
    let ours = sum(results, claim.ours)?;
    if let Instructions(most) = claim.mark {
        let verdict = if ours <= most { "✓" } else { "missed" };
        return Some(format!("| {} | {ours:.0} | | | ≤ {most} {verdict} |", claim.what));
    }
    if let (Within(most), "") = (claim.mark, claim.other) {
        let verdict = if ours <= most * 1e6 { "✓" } else { "missed" };
        return Some(format!("| {} | {} | | | ≤ {most} ms {verdict} |", claim.what, time(ours)));
    }
    let other = sum(results, claim.other)?;
    let (ratio, mark, held) = match claim.mark {
        Faster(mark) => {
            (format!("{:.2} × as fast", other / ours), format!("≥ {mark}"), other / ours >= mark)
        }
        AtMost(mark) => {
            (format!("{:.2} × its time", ours / other), format!("≤ {mark}"), ours / other <= mark)
        }
        Within(mark) => {
            (format!("{:.2} × its time", ours / other), format!("≤ {mark} ms"), ours <= mark * 1e6)
        }
        Reported | Instructions(_) => {
            (format!("{:.2} × its time", ours / other), String::new(), true)
        }
    };
    let verdict = if mark.is_empty() {
        ""
    } else if held {
        " ✓"
    } else {
        " missed"
    };
    let (ours, other) = (time(ours), time(other));
    Some(format!("| {} | {ours} | {other} | {ratio} | {mark}{verdict} |", claim.what))
}

fn machine() -> String {
    let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split(':').nth(1));
    let count = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{count} cores, {}", model.unwrap_or("unknown processor").trim())
}

/// The versions of the packages we are measured against.
fn versions(lock: &str) -> String {
    const PEERS: &[&str] = &[
        "failsafe",
        "hftbacktest",
        "kalshi-pmx",
        "moka",
        "nautilus-model",
        "polymarket-client-sdk",
        "quick_cache",
        "rapidfuzz",
        "recloser",
        "redis",
        "rmp-serde",
        "rust_decimal",
        "sonic-rs",
        "tokio-tungstenite",
        "tower-resilience-circuitbreaker",
    ];
    let of = |name: &&str| {
        let entry = lock
            .rsplit("[[package]]")
            .find(|entry| entry.contains(&format!("name = \"{name}\"\n")))?;
        let version = entry.split("version = \"").nth(1)?.split('"').next()?;
        Some(format!("{name} {version}"))
    };
    PEERS.iter().filter_map(of).collect::<Vec<_>>().join(", ")
}

/// The first line that a program prints.
fn told(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    text.unwrap_or_default().lines().next().unwrap_or_default().to_owned()
}

/// The day on which the last bench began.
fn last_day(results: &Path) -> Option<String> {
    let began = std::fs::read_dir(results.join(measured::BEGAN)).ok()?;
    let paths = began.filter_map(|entry| Some(entry.ok()?.path()));
    let last = paths.max_by_key(|path| changed_at(path))?;
    Some(told("date", &["-r", &last.to_string_lossy(), "+%Y-%m-%d"]))
}

/// Runs every bench; what earlier runs left must not stand for what this one leaves out.
fn run_all(root: &Path, results: &Path) -> Result<(), String> {
    if let Err(error) = std::fs::remove_dir_all(results)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        return Err(format!("{}: {error}", results.display()));
    }
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let run = Command::new(cargo)
        .args(["bench", "-p", "arb-benches", "--features", "peers"])
        .current_dir(root)
        .env("CARGO_TARGET_DIR", results.parent().unwrap_or(root))
        .stdout(std::io::stderr())
        .status();
    match run {
        Ok(status) if status.success() => Ok(()),
        _ => Err("cargo bench failed; what it left is not printed".to_owned()),
    }
}

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let Some(results) = measured::results() else {
        eprintln!(
            "report: this program does not lie in a target directory, where results would be"
        );
        return ExitCode::FAILURE;
    };
    if !std::env::args().any(|argument| argument == "--last")
        && let Err(error) = run_all(&root, &results)
    {
        eprintln!("report: {error}");
        return ExitCode::FAILURE;
    }
    let Some(day) = last_day(&results) else {
        eprintln!("report: nothing was measured yet in {}", results.display());
        return ExitCode::FAILURE;
    };
    let lock = std::fs::read_to_string(root.join("Cargo.lock")).unwrap_or_default();
    println!("{day}; {}; {}; {}\n", machine(), told("rustc", &["--version"]), versions(&lock));
    println!("| against | ours | theirs | ratio | mark |\n|---|---|---|---|---|");
    let mut complete = true;
    for claim in CLAIMS {
        match line(&results, claim) {
            Some(line) => println!("{line}"),
            None => {
                complete = false;
                println!("| {} | – | – | not measured | |", claim.what);
                eprintln!("report: the last run did not measure: {}", claim.what);
            }
        }
    }
    if complete { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

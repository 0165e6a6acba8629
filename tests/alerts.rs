//! The alert rules in a real Prometheus, beside a scanner on venues that fail: each fires while its fault lasts and is over
//! after it. Two are left to `promtool`: no input of the scanner is a label of its metrics, so that none can make `SeriesOverflow`
//! fire (the bound itself is tested where it is kept), and no venue is fast enough to make `FindingsLost` fire.
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "test support")]

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use arb_sim::{Sim, SimConfig};
use arb_tests::scanner::{self, Running, free_port};
use serde_json::Value;

/// Where the run of this test that is the scanner finds its command line.
const SCANNER: &str = "ARB_TEST_SCANNER_CONFIG";
const PATIENCE: Duration = Duration::from_secs(240);

fn start_redis(port: u16) -> Running {
    let port = port.to_string();
    let options = ["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
    Running::start(Command::new("redis-server").args(options)).unwrap()
}

fn is_installed(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok();
    if !found {
        eprintln!("skipped: no {program} on this system");
    }
    found
}

/// Asks for a path, and gives the answer's status line and body.
fn ask(port: u16, method: &str, path: &str) -> Option<(String, String)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    write!(stream, "{method} {path} HTTP/1.0\r\nhost: localhost\r\n\r\n").ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    Some((head.lines().next()?.to_owned(), body.to_owned()))
}

fn json(port: u16, path: &str) -> Value {
    let answer = ask(port, "GET", path);
    answer.and_then(|(_, body)| serde_json::from_str(&body).ok()).unwrap_or_default()
}

/// The alerts that fire, each name once.
fn firing(prometheus: u16) -> BTreeSet<String> {
    let answer = json(prometheus, "/api/v1/alerts");
    let alerts = answer["data"]["alerts"].as_array().into_iter().flatten();
    let firing = alerts.filter(|alert| alert["state"] == "firing");
    firing.filter_map(|alert| alert["labels"]["alertname"].as_str().map(str::to_owned)).collect()
}

/// A receiver of notifications that says no while it is told to.
struct Receiver {
    port: u16,
    refuses: Arc<AtomicBool>,
}

impl Receiver {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, refuses) =
            (listener.local_addr().unwrap().port(), Arc::new(AtomicBool::new(false)));
        let told = Arc::clone(&refuses);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let status =
                    if told.load(Ordering::Relaxed) { "400 Bad Request" } else { "200 OK" };
                let _ = answer(stream, status);
            }
        });
        Self { port, refuses }
    }
}

/// Reads a request whole and answers it.
fn answer(mut stream: TcpStream, status: &str) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let (mut request, mut some) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&request).to_ascii_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.split("content-length: ").nth(1);
            let length = length.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                break;
            }
        }
        match stream.read(&mut some)? {
            0 => break,
            read => request.extend_from_slice(&some[..read]),
        }
    }
    write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
}

/// Waits until all of these have fired, at the same time or not.
fn fire(prometheus: u16, fault: &str, names: &[&str]) {
    let deadline = Instant::now() + PATIENCE;
    let (begun, mut missing) = (Instant::now(), names.iter().copied().collect::<BTreeSet<&str>>());
    while !missing.is_empty() {
        assert!(Instant::now() < deadline, "{fault}: {missing:?} did not fire");
        let firing = firing(prometheus);
        missing.retain(|name| {
            let fires = firing.contains(*name);
            if fires {
                eprintln!("{fault}: {name} fires after {:.1} s", begun.elapsed().as_secs_f64());
            }
            !fires
        });
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Waits until nothing fires but the watchdog.
fn quiet(prometheus: u16, after: &str) {
    let begun = Instant::now();
    let deadline = begun + PATIENCE;
    loop {
        let firing = firing(prometheus);
        if firing.iter().eq(["Watchdog"]) {
            eprintln!("after {after}: quiet after {:.1} s", begun.elapsed().as_secs_f64());
            return;
        }
        assert!(Instant::now() < deadline, "after {after}: {firing:?} still fire");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// The rules with their spans cut short: what takes minutes in service takes seconds here, by the same expressions.
fn hurried(rules: &str) -> String {
    let mut text = String::new();
    for line in rules.lines() {
        let line = match line.split_once("for: ") {
            Some((before, _)) => format!("{before}for: 1s"),
            None => line.replace("> 30", "> 5"),
        };
        let line = ["[5m]", "[10m]", "[15m]", "[1h]"]
            .iter()
            .fold(line, |line, span| line.replace(span, "[10s]"))
            .replace("[20s]", "[5s]");
        text.push_str(&line);
        text.push('\n');
    }
    text
}

fn start_prometheus(folder: &Path, scanner: u16) -> (Running, u16) {
    let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/deploy/prometheus");
    let rules = fs::read_to_string(deploy.join("rules.yml")).unwrap();
    fs::write(folder.join("rules.yml"), hurried(&rules)).unwrap();
    let port = free_port().unwrap();
    let config = fs::read_to_string(deploy.join("prometheus.yml"))
        .unwrap()
        .replace("127.0.0.1:9464", &format!("127.0.0.1:{scanner}"))
        .replace("127.0.0.1:9090", &format!("127.0.0.1:{port}"))
        .replace(": 5s", ": 1s")
        .replace(": 3s", ": 1s");
    fs::write(folder.join("prometheus.yml"), config).unwrap();
    let program = Running::start(
        Command::new("prometheus")
            .arg(format!("--config.file={}", folder.join("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .stderr(Stdio::null()),
    )
    .unwrap();
    (program, port)
}

/// A scanner of the simulated venues, in a process of its own so that it can be ended like one.
fn start_scanner(folder: &Path, sim: &Sim, [status, redis, webhook]: [u16; 3]) -> Running {
    let more = format!(
        "monitoring_interval = 1\naudit_interval = 2\nkill_switch_file = \"{}\"\nredis_url = \"redis://127.0.0.1:{redis}\"\nwebhook_url = \"http://127.0.0.1:{webhook}/\"\n",
        folder.join("kill-switch.json").display()
    );
    scanner::configure(folder, sim, status, &more).unwrap();
    scanner::start(folder, SCANNER, "each_rule_fires_at_its_fault_and_is_over_after_it").unwrap()
}

#[test]
fn each_rule_fires_at_its_fault_and_is_over_after_it() {
    if let Some(folder) = std::env::var_os(SCANNER) {
        scanner::run(Path::new(&folder)).unwrap();
        return;
    }
    if !is_installed("prometheus") || !is_installed("redis-server") {
        return;
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let config = SimConfig { plant_every: None, ..SimConfig::default() };
    let sim = runtime.block_on(Sim::start(config)).unwrap();
    let (folder, redis_port, status) =
        (tempfile::tempdir().unwrap(), free_port().unwrap(), free_port().unwrap());
    let redis = start_redis(redis_port);
    std::thread::sleep(Duration::from_millis(300));
    let receiver = Receiver::start();
    let scanner = start_scanner(folder.path(), &sim, [status, redis_port, receiver.port]);
    let (_prometheus, prometheus) = start_prometheus(folder.path(), status);
    quiet(prometheus, "the start");

    drop(redis);
    fire(prometheus, "no Redis", &["CacheDown"]);
    let redis = start_redis(redis_port);
    quiet(prometheus, "the end of having no Redis");

    let inject = |fault: &str| sim.fault(fault.parse().unwrap()).unwrap();
    let over = |what: &str| {
        sim.clear_faults();
        quiet(prometheus, what);
    };
    inject("garbage:venue=kalshi,times=3");
    fire(prometheus, "garbage", &["DecoderDrift"]);
    over("garbage");

    inject("clock-skew:by=4s");
    inject("drop");
    fire(prometheus, "a skewed clock", &["ClockOff"]);
    over("a skewed clock");

    inject("hang:surface=rest");
    inject("drop");
    fire(prometheus, "requests that nobody answers", &["ApiSlow", "ApiErrors"]);
    over("requests that nobody answers");

    // Markets whose changes are withheld, numbers and all: their books stay live, and only an audit can tell.
    inject("silence");
    fire(prometheus, "withheld changes", &["WrongBook"]);
    over("withheld changes");

    let model = || json(status, "/api/status")["model"].take();
    let moves =
        |path: &str| ask(status, "POST", path).is_some_and(|(line, _)| line.contains("303"));
    assert!(moves("/kill-switch/engage"));
    fire(prometheus, "a kill switch that is engaged", &["KillSwitchEngaged"]);
    let stopped = model();
    assert_eq!(stopped["kill_switch"]["engaged"], true, "{stopped}");
    assert_eq!(stopped["pairs_tradable"], 0, "{stopped}");
    assert!(moves("/kill-switch/release"));
    quiet(prometheus, "its release");
    assert!(model()["pairs_tradable"].as_u64().unwrap() > 0);

    inject("refuse");
    inject("drop");
    receiver.refuses.store(true, Ordering::Relaxed);
    let all = [
        "BreakerOpen",
        "DataAgeHigh",
        "DataStale",
        "FeedStalled",
        "LivePairsLow",
        "NotificationsLost",
        "Unhealthy",
    ];
    fire(prometheus, "venues that refuse connections", &all);
    receiver.refuses.store(false, Ordering::Relaxed);
    over("venues that refuse connections");

    drop(scanner);
    fire(prometheus, "a scanner that is gone", &["ScanDown"]);
    drop(redis);
    runtime.block_on(sim.shutdown());
}

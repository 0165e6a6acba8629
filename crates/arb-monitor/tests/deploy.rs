//! The operations folder against this crate and against the real programs, where they are installed.
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "test support")]

#[path = "support/sample.rs"]
mod sample;

use std::collections::BTreeSet;
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use arb_monitor::alert::{DefaultRules, LogSink, SinkConfig};
use arb_monitor::health::{Checked, ComponentConfig, FnCheck};
use arb_monitor::prometheus::Exporter;
use arb_monitor::server::{Endpoints, Server, ServerConfig};
use arb_monitor::status::StatusBoard;
use arb_monitor::vocabulary::METRICS;
use arb_monitor::window::WindowConfig;
use arb_monitor::{Monitor, MonitorConfig};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

const PATIENCE: Duration = Duration::from_secs(120);

/// The folder, where this crate lies in its repository.
fn deploy() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/deploy");
    if !folder.exists() {
        eprintln!("skipped: this crate is not in its repository");
        return None;
    }
    Some(folder)
}

fn installed(program: &str) -> bool {
    let mut command = Command::new(program);
    let quiet = command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    let found = quiet.status().is_ok();
    if !found {
        eprintln!("skipped: no {program} on this system");
    }
    found
}

fn read(folder: &Path, path: &str) -> String {
    fs::read_to_string(folder.join(path)).unwrap()
}

/// What follows `key: ` on the lines of a YAML file of ours.
fn values<'a>(yaml: &'a str, key: &str) -> Vec<&'a str> {
    let key = format!("{key}: ");
    let lines = yaml.lines().map(|line| line.trim().trim_start_matches("- "));
    lines.filter_map(|line| line.strip_prefix(&key)).collect()
}

/// The expressions of the dashboard.
fn panels(folder: &Path) -> Vec<String> {
    let board: Value =
        serde_json::from_str(&read(folder, "grafana/dashboards/arbitrage.json")).unwrap();
    let panels = board["panels"].as_array().unwrap().iter();
    let targets = panels.filter_map(|panel| panel["targets"].as_array()).flatten();
    targets.map(|target| target["expr"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn rules_and_dashboards_name_only_metrics_that_are_exported() {
    let Some(folder) = deploy() else { return };
    let rules = read(&folder, "prometheus/rules.yml");
    let mut expressions = panels(&folder);
    expressions.extend(values(&rules, "expr").into_iter().map(str::to_owned));
    assert!(expressions.len() > 40, "{}", expressions.len());
    let known: BTreeSet<&str> = METRICS.iter().map(|metric| metric.name).collect();
    let letter = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    for expression in &expressions {
        for word in expression.split(|c| !letter(c)).filter(|word| word.starts_with("arb_")) {
            let base = ["_bucket", "_count", "_sum"].iter().find_map(|end| word.strip_suffix(end));
            let found = known.contains(word) || base.is_some_and(|base| known.contains(base));
            assert!(found, "{word} in {expression}");
        }
    }
}

#[test]
fn every_alert_has_its_runbook_page() {
    let Some(folder) = deploy() else { return };
    let rules = read(&folder, "prometheus/rules.yml");
    let mut pages: BTreeSet<String> =
        values(&rules, "runbook").iter().map(|page| (*page).to_owned()).collect();
    // All but the watchdog.
    assert_eq!(pages.len() + 1, values(&rules, "alert").len());
    let by_scan = ["listings-unread", "venue-closed"];
    for name in ["high-value-opportunity", "rule-panicked"].into_iter().chain(by_scan) {
        pages.insert(format!("runbooks/{name}.md"));
    }
    let source = include_str!("../src/alert/defaults.rs");
    for part in source.split("with_runbook(\"").skip(1) {
        pages.insert(format!("runbooks/{}.md", part.split('"').next().unwrap()));
    }
    for page in &pages {
        let text = read(&folder, page);
        for heading in ["## What it means", "## First command", "## When to stop"] {
            assert!(text.contains(heading), "{page}: {heading}");
        }
    }
    assert_eq!(fs::read_dir(folder.join("runbooks")).unwrap().count(), pages.len(), "unused page");
}

#[test]
fn promtool_agrees_and_every_rule_fires_and_resolves() {
    let Some(folder) = deploy() else { return };
    if !installed("promtool") {
        return;
    }
    let run = |arguments: &[&str]| {
        let done = Command::new("promtool")
            .args(arguments)
            .current_dir(folder.join("prometheus"))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&done.stdout).into_owned()
            + &String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{arguments:?}: {said}");
    };
    run(&["check", "config", "prometheus.yml"]);
    run(&["test", "rules", "rules.test.yml"]);
    // No rule without its test.
    let rules = read(&folder, "prometheus/rules.yml");
    let tests = read(&folder, "prometheus/rules.test.yml");
    for alert in values(&rules, "alert").into_iter().filter(|alert| *alert != "Watchdog") {
        let cases = values(&tests, "alertname").iter().filter(|name| **name == alert).count();
        assert!(cases >= 2, "{alert} is not tested both ways");
    }
}

/// The command of a service, as the compose file has it.
fn command(compose: &str, service: &str) -> Vec<String> {
    let (_, rest) = compose.split_once(&format!("\n  {service}:\n")).unwrap();
    let (_, rest) = rest.split_once("    command:\n").unwrap();
    rest.lines()
        .map_while(|line| line.strip_prefix("      - "))
        .map(|word| word.trim_matches('"').to_owned())
        .collect()
}

#[test]
fn compose_keeps_everything_on_loopback() {
    let Some(folder) = deploy() else { return };
    let compose = read(&folder, "compose.yaml");
    assert_eq!(values(&compose, "image").len(), 3);
    assert!(values(&compose, "image").contains(&"redis:7"));
    assert!(!compose.contains("ports:"), "the host's network needs none");
    assert_eq!(values(&compose, "network_mode"), ["host"; 3]);
    let redis = command(&compose, "redis").join(" ");
    assert!(redis.contains("--bind 127.0.0.1") && redis.contains("--appendonly yes"), "{redis}");
    let prometheus = command(&compose, "prometheus").join(" ");
    assert!(prometheus.contains("--web.listen-address=127.0.0.1:9090"), "{prometheus}");
    assert_eq!(values(&compose, "GF_SERVER_HTTP_ADDR"), ["127.0.0.1"]);
    let password = values(&compose, "GF_SECURITY_ADMIN_PASSWORD");
    assert!(password[0].starts_with("${GRAFANA_PASSWORD:?"), "required, without a default");
    assert!(!compose.contains("0.0.0.0"));
    for path in ["./prometheus", "./grafana/provisioning", "./grafana/dashboards"] {
        assert!(compose.contains(&format!("- {path}:")) && folder.join(path).exists(), "{path}");
    }
}

/// A program that ends with its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(program: &str, arguments: &[String]) -> Running {
    let mut command = Command::new(program);
    command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    Running(command.spawn().unwrap())
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[tokio::test]
async fn redis_starts_as_compose_starts_it() {
    let Some(folder) = deploy() else { return };
    if !installed("redis-server") {
        return;
    }
    let (data, port) = (tempfile::tempdir().unwrap(), free_port());
    let arguments: Vec<_> = command(&read(&folder, "compose.yaml"), "redis")[1..]
        .iter()
        .map(|word| match word.as_str() {
            "6379" => port.to_string(),
            "/data" => data.path().display().to_string(),
            word => word.to_owned(),
        })
        .collect();
    let _redis = start("redis-server", &arguments);
    let deadline = Instant::now() + PATIENCE;
    let mut stream = loop {
        match TcpStream::connect(("127.0.0.1", port)).await {
            Ok(stream) => break stream,
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
        sleep(Duration::from_millis(50)).await;
    };
    stream.write_all(b"CONFIG GET appendonly\r\nQUIT\r\n").await.unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).await.unwrap();
    assert!(said.contains("appendonly\r\n$3\r\nyes"), "{said}");
    assert!(data.path().join("appendonlydir").exists());
}

/// A GET of a path, its body as JSON.
async fn get(address: SocketAddr, path: &str) -> Option<Value> {
    get_with(address, path, "").await
}

/// The same with further headers, each with its line's end.
async fn get_with(address: SocketAddr, path: &str, headers: &str) -> Option<Value> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    let request = format!("GET {path} HTTP/1.0\r\nhost: {address}\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    let (_, body) = answer.split_once("\r\n\r\n")?;
    serde_json::from_str(body).ok()
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// What Grafana wants of a dashboard that it is given as a file; what it does not like it drops with a line in its log.
#[test]
fn the_dashboard_can_be_provisioned() {
    let Some(folder) = deploy() else { return };
    let board: Value =
        serde_json::from_str(&read(&folder, "grafana/dashboards/arbitrage.json")).unwrap();
    let sources = read(&folder, "grafana/provisioning/datasources/prometheus.yaml");
    let uid = board["uid"].as_str().unwrap();
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    assert!((1..=40).contains(&uid.len()) && uid.chars().all(fits), "{uid}");
    assert!(board["id"].is_null(), "ids of the database are Grafana's own");
    assert!(board["schemaVersion"].as_u64().unwrap() >= 36, "data sources are named by uid");
    assert!(!board["title"].as_str().unwrap().is_empty());
    let source = serde_json::json!({"type": "prometheus", "uid": values(&sources, "uid")[0]});
    let (mut ids, mut places) = (BTreeSet::new(), BTreeSet::new());
    for panel in board["panels"].as_array().unwrap() {
        let title = panel["title"].as_str().unwrap();
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{title}: its id stands twice");
        let place = |name: &str| panel["gridPos"][name].as_u64().unwrap();
        assert!(place("w") > 0 && place("h") > 0 && place("x") + place("w") <= 24, "{title}");
        for x in place("x")..place("x") + place("w") {
            for y in place("y")..place("y") + place("h") {
                assert!(places.insert((x, y)), "{title} lies over another panel");
            }
        }
        if panel["type"] == "row" {
            assert_eq!(panel["panels"], serde_json::json!([]), "{title} is folded open");
            continue;
        }
        assert_eq!(panel["datasource"], source, "{title}");
        let targets = panel["targets"].as_array().unwrap();
        let names: BTreeSet<&str> = targets.iter().map(|t| t["refId"].as_str().unwrap()).collect();
        assert!(!targets.is_empty() && names.len() == targets.len(), "{title}: {names:?}");
        let own = |target: &Value| target["datasource"].is_null() || target["datasource"] == source;
        assert!(targets.iter().all(own), "{title}");
    }
    // The files lie where the provisioning looks for them.
    let provider = read(&folder, "grafana/provisioning/dashboards/dashboards.yaml");
    let mount = format!("- ./grafana/dashboards:{}:ro", values(&provider, "path")[0]);
    assert!(read(&folder, "compose.yaml").contains(&mount), "{mount}");
}

/// How Grafana is started where it is installed: older packages have a program of their own for the server.
fn grafana() -> Option<Command> {
    let found = |program: &str| Command::new(program).arg("-v").output().is_ok();
    if found("grafana") {
        let mut command = Command::new("grafana");
        command.arg("server");
        return Some(command);
    }
    if found("grafana-server") {
        return Some(Command::new("grafana-server"));
    }
    eprintln!("skipped: no grafana on this system");
    None
}

/// `admin:a password of this test`, as basic authentication wants it.
const GRAFANA_LOGIN: &str = "authorization: Basic YWRtaW46YSBwYXNzd29yZCBvZiB0aGlzIHRlc3Q=\r\n";

#[tokio::test]
async fn a_real_grafana_takes_data_source_and_dashboard() {
    let Some(folder) = deploy() else { return };
    let Some(mut command) = grafana() else { return };
    let (data, port) = (tempfile::tempdir().unwrap(), free_port());
    let provisioning = data.path().join("provisioning");
    for (kind, file) in [("datasources", "prometheus.yaml"), ("dashboards", "dashboards.yaml")] {
        fs::create_dir_all(provisioning.join(kind)).unwrap();
        let text = read(&folder, &format!("grafana/provisioning/{kind}/{file}"));
        let dashboards = fs::canonicalize(folder.join("grafana/dashboards")).unwrap();
        let text = text.replace("/var/lib/grafana/dashboards", &dashboards.display().to_string());
        fs::write(provisioning.join(kind).join(file), text).unwrap();
    }
    if Path::new("/usr/share/grafana").exists() {
        command.args(["--homepath", "/usr/share/grafana"]);
    }
    let compose = read(&folder, "compose.yaml");
    let settings = compose.lines().map(str::trim).filter_map(|line| line.split_once(": "));
    for (name, value) in settings.filter(|(name, _)| name.starts_with("GF_")) {
        command.env(name, value.trim_matches('"'));
    }
    command
        .env("GF_SERVER_HTTP_PORT", port.to_string())
        .env("GF_SECURITY_ADMIN_PASSWORD", "a password of this test")
        .env("GF_PATHS_PROVISIONING", &provisioning)
        .env("GF_PATHS_DATA", data.path().join("data"))
        .env("GF_PATHS_LOGS", data.path().join("log"))
        .env("GF_PATHS_PLUGINS", data.path().join("plugins"))
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let _grafana = Running(command.spawn().unwrap());
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let deadline = Instant::now() + PATIENCE;
    let board: Value =
        serde_json::from_str(&read(&folder, "grafana/dashboards/arbitrage.json")).unwrap();
    loop {
        let source = get_with(address, "/api/datasources/uid/prometheus", GRAFANA_LOGIN)
            .await
            .unwrap_or_default();
        let shown = get_with(address, "/api/dashboards/uid/arbitrage", GRAFANA_LOGIN)
            .await
            .unwrap_or_default();
        let panels = |board: &Value| board["panels"].as_array().map(Vec::len);
        if source["url"] == "http://127.0.0.1:9090"
            && source["type"] == "prometheus"
            && shown["meta"]["provisioned"] == true
            && panels(&shown["dashboard"]) == panels(&board)
        {
            return;
        }
        assert!(Instant::now() < deadline, "{source}\n{shown}");
        sleep(Duration::from_millis(500)).await;
    }
}

/// A monitored program that publishes the sample page and answers scrapes.
async fn program() -> (Monitor, Server) {
    let now = Instant::now();
    let (aggregator, exporter) = Exporter::beside(WindowConfig::default(), now).unwrap();
    aggregator.install().unwrap();
    let upkeep = exporter.clone();
    let monitor = Monitor::builder(MonitorConfig::default())
        .aggregator(aggregator)
        .rules(DefaultRules::default().build())
        .sink(SinkConfig::new("log").with_watchdog(), LogSink::default())
        .upkeep(move || upkeep.upkeep())
        .start()
        .unwrap();
    let handle = monitor.handle();
    let well = FnCheck::new(|| async { Checked::healthy() });
    handle.add_component(ComponentConfig::required("kalshi"), well).unwrap();
    let endpoints = Endpoints::default().exporter(exporter);
    let server = Server::start(ServerConfig::default(), handle.clone(), endpoints).await.unwrap();
    tokio::spawn(async move {
        let board = StatusBoard::default();
        loop {
            board.publish(sample::model());
            for venue in ["kalshi", "polymarket"] {
                metrics::histogram!("arb_venues_request_seconds", "venue" => venue).record(0.02);
                metrics::counter!("arb_venues_requests_total", "venue" => venue).increment(1);
            }
            metrics::histogram!("arb_scan_frame_seconds").record(4e-6);
            metrics::counter!("arb_scan_opportunities_total").increment(1);
            metrics::histogram!("arb_scan_net_usd").record(1.12);
            metrics::histogram!("arb_scan_return_after_risk_ratio").record(0.03);
            metrics::histogram!("arb_scan_episode_seconds").record(1.5);
            metrics::counter!("arb_ws_messages_total", "venue" => "kalshi").increment(8);
            metrics::counter!("arb_cache_hits_total", "class" => "price").increment(3);
            metrics::counter!("arb_cache_misses_total", "class" => "price").increment(1);
            metrics::counter!("arb_cache_writes_total", "class" => "price").increment(1);
            metrics::gauge!("arb_breaker_state", "breaker" => "kalshi").set(2.0);
            sleep(Duration::from_millis(200)).await;
        }
    });
    (monitor, server)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_dashboard_expression_returns_data_from_a_real_prometheus() {
    let Some(folder) = deploy() else { return };
    if !installed("prometheus") {
        return;
    }
    let (_monitor, server) = program().await;
    let (data, port) = (tempfile::tempdir().unwrap(), free_port());
    let config = read(&folder, "prometheus/prometheus.yml")
        .replace("127.0.0.1:9464", &server.address().to_string())
        .replace("127.0.0.1:9090", &format!("127.0.0.1:{port}"))
        .replace(": 5s", ": 1s")
        .replace(": 3s", ": 1s");
    fs::write(data.path().join("prometheus.yml"), config).unwrap();
    fs::write(data.path().join("rules.yml"), read(&folder, "prometheus/rules.yml")).unwrap();
    let arguments: Vec<_> = command(&read(&folder, "compose.yaml"), "prometheus")
        .iter()
        .map(|word| {
            word.replace("/etc/prometheus", &data.path().display().to_string())
                .replace("=/prometheus", &format!("={}", data.path().join("data").display()))
                .replace("9090", &port.to_string())
        })
        .collect();
    let _prometheus = start("prometheus", &arguments);
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let mut missing = panels(&folder);
    let deadline = Instant::now() + PATIENCE;
    while !missing.is_empty() {
        assert!(Instant::now() < deadline, "no data for {missing:#?}");
        sleep(Duration::from_millis(500)).await;
        let mut still = Vec::new();
        for expression in missing {
            let path = format!("/api/v1/query?query={}", encoded(&expression));
            let answer = get(address, &path).await.unwrap_or_default();
            assert_ne!(answer["status"], "error", "{expression}: {answer}");
            if answer["data"]["result"].as_array().is_none_or(Vec::is_empty) {
                still.push(expression);
            }
        }
        missing = still;
    }
    // What the sample shows as wrong fires there too.
    let alerts = loop {
        let alerts = get(address, "/api/v1/alerts").await.unwrap_or_default();
        let named = |name: &str| alerts.to_string().contains(&format!("\"alertname\":\"{name}\""));
        if named("BreakerOpen") && named("Watchdog") && named("ClockOff") {
            break alerts;
        }
        assert!(Instant::now() < deadline, "{alerts}");
        sleep(Duration::from_millis(500)).await;
    };
    assert!(!alerts.to_string().contains("ScanDown"));
}

//! The HTTP server over real sockets.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "support/sample.rs"]
mod sample;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use arb_monitor::alert::{AlertKind, Severity, Signal};
use arb_monitor::health::{Checked, ComponentConfig, FnCheck};
use arb_monitor::prometheus::Exporter;
use arb_monitor::server::{Endpoints, Server, ServerConfig};
use arb_monitor::status::{Page, StatusBoard};
use arb_monitor::window::WindowConfig;
use arb_monitor::{Monitor, MonitorConfig, MonitorError};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(60);

struct Answer {
    status: u16,
    head: String,
    body: String,
}

/// One request on a connection of its own.
async fn ask(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut request = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
    if !headers.iter().any(|(name, _)| *name == "host") {
        request.push_str(&format!("host: {address}\r\n"));
    }
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(format!("{request}\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}

struct Site {
    monitor: Monitor,
    board: StatusBoard,
    server: Server,
}

impl Site {
    async fn start(config: ServerConfig) -> Self {
        let now = Instant::now();
        let (aggregator, exporter) = Exporter::beside(WindowConfig::default(), now).unwrap();
        metrics::with_local_recorder(&aggregator, || {
            metrics::histogram!("t_seconds").record(0.003);
            metrics::counter!("frames_total", "venue" => "a\"b").increment(7);
        });
        let upkeep = exporter.clone();
        let monitor = Monitor::builder(MonitorConfig::default())
            .aggregator(aggregator)
            .upkeep(move || upkeep.upkeep())
            .start()
            .unwrap();
        let board = StatusBoard::default();
        let endpoints = Endpoints::default().exporter(exporter).page(Page::new(board.clone()));
        let server = Server::start(config, monitor.handle(), endpoints).await.unwrap();
        Self { monitor, board, server }
    }

    async fn get(&self, path: &str) -> Answer {
        ask(self.server.address(), "GET", path, &[]).await
    }
}

#[tokio::test]
async fn liveness_and_readiness_are_two_questions() {
    let site = Site::start(ServerConfig::default()).await;
    let down = FnCheck::new(|| async { Checked::unhealthy("refused") });
    let handle = site.monitor.handle();
    assert_eq!(site.get("/readyz").await.status, 200);
    handle.add_component(ComponentConfig::required("db").failures_max(1), down).unwrap();
    assert_eq!(site.get("/readyz").await.status, 503);
    let alive = site.get("/healthz").await;
    assert_eq!((alive.status, alive.body.as_str()), (200, r#"{"alive":true,"loops":[]}"#));
    let _beat = handle.health_registry().heartbeats().watch("pipeline", Duration::ZERO);
    tokio::time::sleep(Duration::from_millis(5)).await;
    let dead = site.get("/healthz").await;
    assert_eq!(dead.status, 503);
    let body: Value = serde_json::from_str(&dead.body).unwrap();
    assert_eq!(body["loops"][0]["name"], "pipeline");
}

#[tokio::test]
async fn metrics_are_exposed_in_the_text_format() {
    let site = Site::start(ServerConfig::default()).await;
    let answer = site.get("/metrics").await;
    assert_eq!(answer.status, 200);
    assert!(answer.head.contains("content-type: text/plain; version=0.0.4"));
    for line in [
        "# TYPE t_seconds histogram",
        "t_seconds_bucket{le=\"0.005\"} 1",
        "t_seconds_count 1",
        "frames_total{venue=\"a\\\"b\"} 7",
    ] {
        assert!(answer.body.lines().any(|one| one == line), "{line} in {}", answer.body);
    }
}

#[tokio::test]
async fn the_page_is_closed_to_the_outside() {
    let site = Site::start(ServerConfig::default()).await;
    site.board.publish(sample::model());
    let page = site.get("/").await;
    assert_eq!(page.status, 200);
    for header in [
        "content-security-policy: default-src 'none'",
        "x-content-type-options: nosniff",
        "cache-control: no-store",
        "referrer-policy: no-referrer",
    ] {
        assert!(page.head.contains(header), "{header} in {}", page.head);
    }
    // Style and script carry the nonce of this very answer; another gets another.
    let nonce = |answer: &Answer| {
        let (_, rest) = answer.head.split_once("script-src 'nonce-").unwrap();
        rest.split('\'').next().unwrap().to_owned()
    };
    let given = nonce(&page);
    assert_eq!(page.body.matches(&format!("nonce=\"{given}\"")).count(), 2);
    assert_ne!(given, nonce(&site.get("/").await));
    // Nothing of another host is named.
    assert!(!page.body.contains("http://") && !page.body.contains("https://"));
    assert!(!page.body.contains("<script>document"));
    let evil = ask(site.server.address(), "GET", "/", &[("host", "evil.example")]).await;
    assert_eq!(evil.status, 421);
}

#[tokio::test]
async fn unknown_paths_and_methods_are_refused() {
    let site = Site::start(ServerConfig::default()).await;
    assert_eq!(site.get("/nothing").await.status, 404);
    let address = site.server.address();
    assert_eq!(ask(address, "DELETE", "/", &[]).await.status, 405);
    assert_eq!(ask(address, "POST", "/alerts/xyz/acknowledge", &[]).await.status, 404);
    let unknown = "/alerts/0123456789abcdef/acknowledge";
    assert_eq!(ask(address, "POST", unknown, &[]).await.status, 404);
    let head = ask(address, "HEAD", "/", &[]).await;
    assert_eq!((head.status, head.body.as_str()), (200, ""));
}

#[tokio::test]
async fn an_alert_is_acknowledged_from_here_but_not_from_another_site() {
    let site = Site::start(ServerConfig::default()).await;
    let handle = site.monitor.handle();
    let id = handle.raise(Signal::new("A", AlertKind::Connection, Severity::High, "a"));
    let path = format!("/alerts/{id}/acknowledge");
    let address = site.server.address();
    let foreign = [("origin", "http://evil.example")];
    assert_eq!(ask(address, "POST", &path, &foreign).await.status, 403);
    assert!(handle.alerts()[0].acknowledged.is_none());
    let own = format!("http://{address}");
    assert_eq!(ask(address, "POST", &path, &[("origin", &own)]).await.status, 303);
    assert_eq!(handle.alerts()[0].acknowledged.as_ref().unwrap().by, "status page");
    let shown: Value = serde_json::from_str(&site.get("/api/status").await.body).unwrap();
    assert_eq!(shown["alerts"][0]["acknowledged"]["by"], json!("status page"));
}

#[tokio::test]
async fn the_kill_switch_is_moved_from_here_but_not_from_another_site_nor_without_the_token() {
    let site = Site::start(ServerConfig::default()).await;
    let nowhere = ask(site.server.address(), "POST", "/kill-switch/engage", &[]).await;
    assert_eq!(nowhere.status, 404, "a page that does not offer it");

    let stands = Arc::new(Mutex::new(Vec::new()));
    let page = Page::new(StatusBoard::default()).kill_switch({
        let stands = Arc::clone(&stands);
        move |engage| {
            stands.lock().unwrap().push(engage);
            if engage { Ok(()) } else { Err("not released: the disk is full".to_owned()) }
        }
    });
    let config = ServerConfig::default().with_token("s3cret");
    let endpoints = Endpoints::default().page(page);
    let server = Server::start(config, site.monitor.handle(), endpoints).await.unwrap();
    let address = server.address();
    let token = ("authorization", "Bearer s3cret");
    for (path, headers, status) in [
        ("/kill-switch/engage", vec![], 401),
        ("/kill-switch/engage", vec![token, ("origin", "http://evil.example")], 403),
        ("/kill-switch/engage", vec![token], 303),
        ("/kill-switch/elsewhere", vec![token], 404),
        ("/kill-switch/release", vec![token], 500),
    ] {
        let answer = ask(address, "POST", path, &headers).await;
        assert_eq!(answer.status, status, "{path} {headers:?}");
        if status == 500 {
            assert_eq!(answer.body, "not released: the disk is full\n");
        }
    }
    assert_eq!(*stands.lock().unwrap(), [true, false]);
    assert_eq!(ask(address, "GET", "/kill-switch/engage", &[token]).await.status, 404);
}

#[tokio::test]
async fn a_live_page_gets_everything_once_and_then_what_changed() {
    let site = Site::start(ServerConfig::default()).await;
    site.board.publish(sample::model());
    let address = site.server.address();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET /events HTTP/1.1\r\nhost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut lines = BufReader::new(stream).lines();
    let mut next = async || {
        timeout(PATIENCE, async {
            loop {
                let line = lines.next_line().await.unwrap().unwrap();
                if let Some(data) = line.strip_prefix("data: ") {
                    return serde_json::from_str::<Value>(data).unwrap();
                }
            }
        })
        .await
        .unwrap()
    };
    let first = next().await;
    assert_eq!(first.as_object().unwrap().len(), 8);
    let mut model = sample::model();
    model.feeds.clear();
    site.board.publish(model);
    let mut changed = next().await;
    while changed.get("feeds").is_none() {
        changed = next().await;
    }
    assert!(changed.get("why").is_none(), "unchanged sections are not sent again");
    assert!(changed["feeds"].as_str().unwrap().contains("No feed."));
}

#[tokio::test]
async fn live_pages_and_connections_are_bounded() {
    let mut config = ServerConfig::default();
    config.streams_max = 2;
    let site = Site::start(config).await;
    let address = site.server.address();
    let mut open = Vec::new();
    for expected in ["200", "200", "503"] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET /events HTTP/1.1\r\nhost: {address}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut head = [0; 12];
        timeout(PATIENCE, stream.read_exact(&mut head)).await.unwrap().unwrap();
        assert_eq!(&head[9..], expected.as_bytes());
        open.push(stream);
    }
    // A closed page makes room.
    drop(open);
    timeout(PATIENCE, async {
        loop {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let request = format!("GET /events HTTP/1.1\r\nhost: {address}\r\n\r\n");
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut head = [0; 12];
            stream.read_exact(&mut head).await.unwrap();
            if &head[9..] == b"200" {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_taken_address_is_an_error_that_names_it() {
    let site = Site::start(ServerConfig::default()).await;
    let address = site.server.address();
    let again =
        Server::start(ServerConfig::at(address), site.monitor.handle(), Endpoints::default());
    let error = again.await.unwrap_err();
    assert!(matches!(error, MonitorError::Listen { .. }) && error.is_retryable());
    assert!(error.to_string().contains(&address.to_string()));
}

#[tokio::test]
async fn garbage_ends_its_connection_only() {
    let site = Site::start(ServerConfig::default()).await;
    let mut stream = TcpStream::connect(site.server.address()).await.unwrap();
    stream.write_all(b"\x16\x03\x01\x02\x00\x01nonsense\r\n\r\n").await.unwrap();
    let mut rest = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut rest)).await.unwrap().unwrap();
    assert_eq!(site.get("/healthz").await.status, 200);
}

//! The status page in a real browser. Where the system has none, the tests say so and pass.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "test support")]
#![expect(clippy::panic, clippy::print_stderr, reason = "test support")]

#[path = "support/chromium.rs"]
mod chromium;
#[path = "support/sample.rs"]
mod sample;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use arb_monitor::alert::{AlertKind, MemorySink, Severity, Signal, SinkConfig};
use arb_monitor::health::{Checked, ComponentConfig, FnCheck};
use arb_monitor::server::{Endpoints, Server, ServerConfig};
use arb_monitor::status::{Page, StatusBoard};
use arb_monitor::window::{Aggregator, WindowConfig};
use arb_monitor::{Monitor, MonitorConfig};
use chromium::Chromium;
use serde_json::json;

struct Shown {
    board: StatusBoard,
    monitor: Monitor,
    server: Server,
    /// Where the kill switch stands.
    moved: Arc<AtomicBool>,
}

impl Shown {
    async fn start(config: ServerConfig) -> Self {
        let monitor = Monitor::builder(MonitorConfig::default())
            .aggregator(timed())
            .sink(SinkConfig::new("memory"), MemorySink::new(10))
            .start()
            .unwrap();
        let handle = monitor.handle();
        let well = FnCheck::new(|| async { Checked::healthy() });
        handle.add_component(ComponentConfig::required("kalshi rest"), well).unwrap();
        let slow = FnCheck::new(|| async { Checked::degraded("1 of 3 nodes is away") });
        handle.add_component(ComponentConfig::optional("redis"), slow).unwrap();
        handle.raise(
            Signal::new(
                "WrongBook",
                AlertKind::DataQuality,
                Severity::Critical,
                "a Live book differs",
            )
            .with_label("market", "\"><img src=x onerror=document.title='owned'>")
            .with_runbook("wrong-book"),
        );
        let board = StatusBoard::default();
        board.publish(sample::model());
        let moved = Arc::new(AtomicBool::new(false));
        let page = Page::new(board.clone()).kill_switch({
            let (moved, board) = (Arc::clone(&moved), board.clone());
            move |engage| {
                moved.store(engage, Ordering::Relaxed);
                let mut model = sample::model();
                model.kill_switch.engaged = engage;
                board.publish(model);
                Ok(())
            }
        });
        let server = Server::start(config, handle, Endpoints::default().page(page)).await.unwrap();
        Self { board, monitor, server, moved }
    }

    fn url(&self) -> String {
        format!("http://{}/", self.server.address())
    }
}

/// Latencies with a past.
fn timed() -> Aggregator {
    let start = Instant::now();
    let slot = Duration::from_secs(5);
    let aggregator = Aggregator::new(WindowConfig::default(), start);
    metrics::with_local_recorder(&aggregator, || {
        for step in 1..=50u32 {
            for sample in 1..=40u32 {
                let wave = f64::from(step).sin() + 1.5;
                let seconds = wave * f64::from(sample);
                metrics::histogram!("arb_scan_frame_seconds").record(seconds * 1e-6);
                metrics::histogram!("arb_venues_request_seconds", "venue" => "kalshi")
                    .record(seconds * 1e-3);
            }
            aggregator.advance(start + slot * step);
        }
    });
    aggregator
}

/// Where pictures are left; below the build directory, so never in git.
fn picture(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("status-page");
    std::fs::create_dir_all(&folder).unwrap();
    folder.join(name)
}

async fn browser() -> Option<Chromium> {
    let Some(program) = chromium::installed() else {
        eprintln!("skipped: no Chromium on this system");
        return None;
    };
    Some(Chromium::start(&program).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_shows_everything_in_order_and_escaped() {
    let Some(mut browser) = browser().await else { return };
    let shown = Shown::start(ServerConfig::default()).await;
    browser.screen(1280, 900, "light").await;
    browser.open(&shown.url()).await;
    browser.wait_for("document.getElementById('link').textContent === 'live'").await;
    let order = browser
        .value("[...document.querySelectorAll('main section > div')].map(one => one.id).join(' ')")
        .await;
    assert_eq!(order, json!("head why feeds opportunities funnel alerts parts latency"));
    let text = browser.value("document.body.innerText").await;
    let text = text.as_str().unwrap();
    for expected in
        ["SIMULATED", "41 of 60", "fees unknown", "2 suspect", "$11.84", "-730 ms", "CRITICAL"]
    {
        assert!(text.contains(expected), "{expected} in {text}");
    }
    assert!(text.contains("<script>document.title='owned'</script>"), "{text}");
    assert_eq!(browser.value("document.title").await, json!("Arbitrage status"));
    assert_eq!(
        browser.value("document.querySelectorAll('main script, main img').length").await,
        json!(0)
    );
    // Nothing is loaded from anywhere else.
    let others = "performance.getEntriesByType('resource').filter(one => !one.name.startsWith(location.origin)).length";
    assert_eq!(browser.value(others).await, json!(0));
    browser.screenshot(&picture("light.png")).await;
    browser.screen(1280, 900, "dark").await;
    browser.screenshot(&picture("dark.png")).await;
    for (scheme, name) in [("light", "phone.png"), ("dark", "phone-dark.png")] {
        browser.screen(375, 812, scheme).await;
        let wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth";
        assert_eq!(browser.value(wide).await, json!(false), "the phone scrolls sideways");
        browser.screenshot(&picture(name)).await;
    }
    shown.monitor.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_live_and_its_actions_work_by_keyboard() {
    let Some(mut browser) = browser().await else { return };
    let shown = Shown::start(ServerConfig::default()).await;
    browser.open(&shown.url()).await;
    browser.wait_for("document.getElementById('link').textContent === 'live'").await;
    // A change arrives without a reload.
    browser.value("window.unreloaded = true").await;
    let mut model = sample::model();
    model.kill_switch.engaged = true;
    model.kill_switch.reason = "drawdown of $50".to_owned();
    shown.board.publish(model);
    browser.wait_for("document.getElementById('head').innerText.includes('drawdown of $50')").await;
    assert_eq!(browser.value("window.unreloaded").await, json!(true));
    // Focus survives the swapping of its section.
    let focus = "document.querySelector('#alerts button').focus(); document.activeElement.id";
    let button = browser.value(focus).await;
    let handle = shown.monitor.handle();
    handle.raise(Signal::new("Second", AlertKind::Connection, Severity::High, "another"));
    browser.wait_for("document.querySelectorAll('#alerts button').length === 2").await;
    assert_eq!(browser.value("document.activeElement.id").await, button);
    // Enter acknowledges.
    browser.press("Enter", 13, "\r").await;
    browser.wait_for("document.getElementById('alerts').innerText.includes('taken by')").await;
    let taken = handle.alerts().iter().filter(|alert| alert.acknowledged.is_some()).count();
    assert_eq!(taken, 1);
    // Every control can be reached by Tab and shows that it has the focus.
    browser.value("document.activeElement.blur()").await;
    let mut reached = Vec::new();
    for _ in 0..4 {
        browser.press("Tab", 9, "").await;
        reached.push(
            browser
                .value("document.activeElement.className || document.activeElement.tagName")
                .await,
        );
    }
    assert!(reached.contains(&json!("skip")) && reached.contains(&json!("BUTTON")), "{reached:?}");
    // A dead server is seen.
    drop(shown.server);
    browser.wait_for("document.getElementById('link').className === 'lost'").await;
    shown.monitor.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_kill_switch_is_engaged_at_once_and_released_after_a_question() {
    let Some(mut browser) = browser().await else { return };
    let shown = Shown::start(ServerConfig::default()).await;
    browser.open(&shown.url()).await;
    browser.wait_for("document.getElementById('link').textContent === 'live'").await;
    browser.value("document.getElementById('switch').focus()").await;
    browser.press("Enter", 13, "\r").await;
    browser.wait_for("document.getElementById('head').innerText.includes('ENGAGED')").await;
    assert!(shown.moved.load(Ordering::Relaxed));
    let asked = "window.asked = []; window.confirm = (text) => { window.asked.push(text); return window.asked.length > 1; }; 0";
    browser.value(asked).await;
    browser.value("document.getElementById('switch').click()").await;
    browser.wait_for("window.asked.length === 1").await;
    assert!(shown.moved.load(Ordering::Relaxed), "the answer was no");
    browser.value("document.getElementById('switch').click()").await;
    browser.wait_for("document.getElementById('switch').innerText === 'Engage'").await;
    assert!(!shown.moved.load(Ordering::Relaxed));
    shown.monitor.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_token_an_action_needs_it() {
    let Some(mut browser) = browser().await else { return };
    let shown = Shown::start(ServerConfig::default().with_token("s3cret")).await;
    browser.open(&shown.url()).await;
    browser.wait_for("document.getElementById('link').textContent === 'live'").await;
    browser.value("document.querySelector('#alerts button').click()").await;
    browser.wait_for("document.getElementById('said').textContent.includes('token')").await;
    assert!(shown.monitor.handle().alerts()[0].acknowledged.is_none());
    browser.value("document.getElementById('token').value = 's3cret'").await;
    browser.value("document.querySelector('#alerts button').click()").await;
    browser.wait_for("document.getElementById('alerts').innerText.includes('taken by')").await;
    shown.monitor.shutdown().await;
}

//! The doctor's page against the simulated venues, by address variables as a user sets them, and the audit of their books.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arb_risk::gate::RiskLimits;
use arb_scan::pairs;
use arb_sim::{Sim, SimConfig};
use clap::Parser as _;
use scan_app::approvals::Approvals;
use scan_app::args::Args;
use scan_app::audit::{self, Pace};
use scan_app::doctor::{self, Finding, Grade};
use scan_app::endpoints::Endpoints;
use scan_app::feeds::{self, Parts};
use scan_app::publisher::Publisher;
use scan_app::settings::Settings;
use tokio::sync::mpsc;

async fn venues() -> Sim {
    let config = SimConfig {
        plant_every: None,
        quotes_per_second: 60,
        signature_skew: Duration::from_secs(15),
        ..SimConfig::default()
    };
    Sim::start(config).await.unwrap()
}

static VARIABLES: OnceLock<HashMap<&'static str, String>> = OnceLock::new();

fn variable(name: &str) -> Option<String> {
    VARIABLES.get()?.get(name).cloned()
}

fn of<'p>(page: &'p [Finding], about: &str) -> &'p Finding {
    page.iter().find(|finding| finding.about == about).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_is_good_for_healthy_venues_and_names_what_is_wrong() {
    let sim = venues().await;
    let key = sim.kalshi_credentials();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.pem");
    std::fs::write(&path, &key.private_key_pem).unwrap();
    let variables = HashMap::from([
        ("KALSHI_REST_URL", sim.kalshi_rest_url()),
        ("KALSHI_WS_URL", sim.kalshi_ws_url()),
        ("POLYMARKET_GAMMA_URL", sim.gamma_url()),
        ("POLYMARKET_CLOB_URL", sim.clob_url()),
        ("POLYMARKET_WS_URL", sim.polymarket_ws_url()),
        ("KALSHI_KEY_ID", key.key_id.clone()),
        ("KALSHI_PRIVATE_KEY_PATH", path.to_str().unwrap().to_owned()),
    ]);
    VARIABLES.set(variables).unwrap();
    let args = Args::parse_from(["doctor", "--live"]);
    let mut settings = Settings::read_from(&args, &variable).unwrap();
    let endpoints = Endpoints::live(&args, &settings).unwrap();
    let page = doctor::examine(&endpoints, &settings).await;
    assert!(page.iter().all(|finding| finding.grade != Grade::Bad), "{page:#?}");
    assert!(of(&page, "kalshi rate tier").words.contains("basic: 200 read"), "{page:#?}");
    assert_eq!(page.len(), 12, "{page:#?}");

    // A Redis that is not there, a clock that is off, trading paused, a market channel that refuses.
    settings.redis_url = Some("redis://user:secret@127.0.0.1:1".to_owned());
    for fault in [
        "clock-skew:venue=kalshi,by=60s",
        "planned-window:venue=kalshi",
        "unauthorized:venue=polymarket,surface=ws",
    ] {
        sim.fault(fault.parse().unwrap()).unwrap();
    }
    let endpoints = Endpoints::live(&args, &settings).unwrap();
    let page = doctor::examine(&endpoints, &settings).await;
    let redis = of(&page, "redis");
    assert_eq!(redis.grade, Grade::Bad, "{page:#?}");
    assert!(!redis.words.contains("secret"), "{redis}");
    let clock = of(&page, "kalshi clock");
    assert!(clock.grade == Grade::Bad && clock.words.contains("behind kalshi"), "{clock}");
    assert_eq!(of(&page, "polymarket WebSocket").grade, Grade::Bad, "{page:#?}");
    sim.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn live_books_agree_with_the_venues_while_they_move_and_a_silent_one_is_found() {
    let sim = venues().await;
    let endpoints = Arc::new(Endpoints::simulated(&sim).unwrap());
    let trading = sim.markets(arb_sim::Venue::Kalshi);
    let mut approved = pairs::parse(&sim.approved_pairs_json()).unwrap();
    approved.retain(|spec| trading.contains(&spec.pair.kalshi));
    let (findings, _) = mpsc::channel(16);
    let (asked, questions) = mpsc::channel(audit::QUESTIONS);
    let silent = approved[0].pair.kalshi.clone();
    let approvals = Approvals { pairs: approved, ..Approvals::default() };
    let publisher = Publisher::new(findings, RiskLimits::default(), None);
    let parts = Parts { questions: Some(questions), ..Parts::new(approvals, publisher) };
    let mut feeds = feeds::start(&endpoints, parts).unwrap();
    let pace = Pace { every: Duration::from_millis(200), books: 50, lead: [Duration::ZERO; 2] };
    let auditing = tokio::spawn(audit::run(endpoints, asked, pace));
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    let mut counts = async |enough: fn(&[(u64, u64)]) -> bool| {
        loop {
            let rows: Vec<(u64, u64)> = {
                let view = feeds.view.borrow_and_update();
                view.feeds.iter().map(|feed| (feed.audited, feed.audit_wrong)).collect()
            };
            if rows.len() == 2 && enough(&rows) {
                return rows;
            }
            let changed = tokio::time::timeout_at(deadline, feeds.view.changed()).await;
            assert!(matches!(changed, Ok(Ok(()))), "{rows:?}");
        }
    };
    let rows = counts(|rows| rows.iter().all(|(audited, _)| *audited >= 30)).await;
    assert!(rows.iter().all(|(_, wrong)| *wrong == 0), "moving books agree: {rows:?}");
    // A market whose frames are withheld, numbers and all: nothing but the audit can tell.
    sim.fault(format!("silence:market={silent}").parse().unwrap()).unwrap();
    let level = (
        arb_sim::Side::Bid,
        arb_sim::Price::from_ten_thousandths(100),
        arb_sim::Quantity::contracts(5),
    );
    sim.add_to_levels(&silent, &[level]).unwrap();
    counts(|rows| rows[0].1 > 0).await;
    // Wrong again in the next audit, it is trusted no more, and asked for until it is right.
    let mut until_suspect = async |wanted: usize| loop {
        let rows = feeds.view.borrow_and_update().feeds.clone();
        let suspect: usize = rows.iter().map(|row| row.books.suspect + row.books.resyncing).sum();
        if suspect == wanted {
            break;
        }
        let changed = tokio::time::timeout_at(deadline, feeds.view.changed()).await;
        assert!(matches!(changed, Ok(Ok(()))), "{rows:?}");
    };
    until_suspect(1).await;
    sim.clear_faults();
    until_suspect(0).await;
    auditing.abort();
    feeds.stop();
    sim.shutdown().await;
}

//! The doctor's page against the simulated venues, by address variables as a user sets them.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::HashMap;
use std::sync::OnceLock;
use std::time::Duration;

use arb_sim::{Sim, SimConfig};
use clap::Parser as _;
use scan_app::args::Args;
use scan_app::doctor::{self, Finding, Grade};
use scan_app::endpoints::Endpoints;
use scan_app::settings::Settings;

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
    let mut settings = Settings::read_from(&args, variable).unwrap();
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

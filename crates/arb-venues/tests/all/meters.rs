//! What is said through the `metrics` facade.

use std::collections::BTreeMap;

use arb_venues::MarketSource as _;
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};

use super::{polymarket, venues};

/// Counters by name, over all labels; the numbers of histogram values.
fn said(metrics: &Snapshotter) -> BTreeMap<String, u64> {
    let mut said = BTreeMap::new();
    for (key, _, _, value) in metrics.snapshot().into_vec() {
        assert_eq!(
            key.key().labels().map(|label| label.value()).collect::<Vec<_>>(),
            ["polymarket"]
        );
        *said.entry(key.key().name().to_owned()).or_default() += match value {
            DebugValue::Counter(value) => value,
            DebugValue::Histogram(values) => values.len() as u64,
            DebugValue::Gauge(_) => 0,
        };
    }
    said
}

#[tokio::test]
async fn meters_are_looked_up_when_a_client_is_made_and_at_no_request() {
    let sim = venues(0).await;
    let first = DebuggingRecorder::new();
    let rest = metrics::with_local_recorder(&first, || polymarket(&sim));
    let none = [
        ("arb_venues_failures_total", 0),
        ("arb_venues_requests_total", 0),
        ("arb_venues_request_seconds", 0),
    ];
    let none = none.map(|(name, count)| (name.to_owned(), count)).into();
    assert_eq!(said(&first.snapshotter()), none, "shown before the first request");
    let later = DebuggingRecorder::new();
    let guard = metrics::set_default_local_recorder(&later);
    rest.clock().await.unwrap();
    rest.books(&["1".to_owned()]).await.unwrap();
    sim.fault("status:code=503,surface=rest,venue=polymarket,times=1".parse().unwrap()).unwrap();
    rest.clock().await.unwrap();
    drop(guard);
    assert_eq!(said(&later.snapshotter()), BTreeMap::new(), "nothing is looked up by a request");
    // A 503 is tried again.
    let counted = said(&first.snapshotter());
    assert_eq!(counted["arb_venues_requests_total"], 4);
    assert_eq!(counted["arb_venues_failures_total"], 1);
    assert_eq!(counted["arb_venues_request_seconds"], 4);
    sim.shutdown().await;
}

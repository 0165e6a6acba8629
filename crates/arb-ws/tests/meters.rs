//! What is said through the `metrics` facade.

use std::time::Duration;

use arb_ws::Frame;
use metrics_util::debugging::{DebugValue, DebuggingRecorder};

use crate::toy::{config, rig, settle};

#[tokio::test(start_paused = true)]
async fn counters_and_gauges_are_written_with_venue_and_connection() {
    let recorder = DebuggingRecorder::new();
    let metrics = recorder.snapshotter();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let mut config = config();
    config.ping_every = Some(Duration::from_secs(1));
    let mut rig = rig(config);
    rig.handle.subscribe(["a"]).unwrap();
    let mut peer = rig.server.accept().await;
    assert_eq!(peer.text().await.unwrap(), "sub a");
    peer.send(Frame::text("a=1")).await;
    peer.send(Frame::text("%&!")).await;
    assert_eq!(peer.text().await.unwrap(), "snap a");
    let Some(Frame::Ping(body)) = peer.recv().await else { panic!("no ping") };
    peer.send(Frame::Pong(body)).await;
    settle().await;
    rig.handle.shutdown();
    rig.running.await.unwrap();
    let mut said: Vec<String> = metrics
        .snapshot()
        .into_vec()
        .into_iter()
        .map(|(key, _, _, value)| {
            let (_, key) = key.into_parts();
            let labels: Vec<String> =
                key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
            let value = match value {
                DebugValue::Counter(value) => value.to_string(),
                DebugValue::Gauge(value) => value.to_string(),
                DebugValue::Histogram(values) => format!("{} values", values.len()),
            };
            format!("{} {} {value}", key.name(), labels.join(","))
        })
        .filter(|line| !line.contains("age_seconds"))
        .collect();
    said.sort();
    let here = "venue=toy,connection=0";
    assert_eq!(
        said,
        [
            format!("arb_ws_confirmed_keys {here} 1"),
            format!("arb_ws_connects_total {here},outcome=open 1"),
            format!("arb_ws_disconnects_total {here},cause=shutdown,planned=no 1"),
            format!("arb_ws_gaps_total {here} 1"),
            format!("arb_ws_health_score {here} 0"),
            format!("arb_ws_message_bytes_total {here} 6"),
            format!("arb_ws_messages_total {here} 2"),
            format!("arb_ws_refused_messages_total {here},reason=unreadable 1"),
            format!("arb_ws_round_trip_seconds {here} 1 values"),
            format!("arb_ws_silent_keys {here} 0"),
            format!("arb_ws_sink_panics_total {here} 0"),
            format!("arb_ws_wanted_keys {here} 1"),
        ]
    );
}

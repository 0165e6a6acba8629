//! What a connection says through the `metrics` facade. Written once a second, never per message.

use metrics::{Label, counter, gauge, histogram};

use crate::event::Meta;
use crate::health::Health;

fn labels(meta: &Meta) -> Vec<Label> {
    vec![
        Label::new("venue", meta.venue.to_string()),
        Label::new("connection", meta.connection.to_string()),
    ]
}

pub(crate) fn publish(meta: &Meta, health: &Health) {
    let labels = labels(meta);
    counter!("arb_ws_messages_total", labels.clone()).absolute(health.messages);
    counter!("arb_ws_message_bytes_total", labels.clone()).absolute(health.bytes);
    counter!("arb_ws_sink_panics_total", labels.clone()).absolute(health.panics);
    counter!("arb_ws_gaps_total", labels.clone()).absolute(health.gaps);
    for (reason, refused) in &health.refused {
        let mut labels = labels.clone();
        labels.push(Label::new("reason", *reason));
        counter!("arb_ws_refused_messages_total", labels).absolute(*refused);
    }
    gauge!("arb_ws_health_score", labels.clone()).set(f64::from(health.score));
    gauge!("arb_ws_confirmed_keys", labels.clone()).set(health.confirmed as f64);
    gauge!("arb_ws_silent_keys", labels.clone()).set(health.silent as f64);
    gauge!("arb_ws_wanted_keys", labels.clone()).set(health.keys as f64);
    if let Some(age) = health.last_data_age() {
        gauge!("arb_ws_last_data_age_seconds", labels).set(age.as_secs_f64());
    }
}

pub(crate) fn rtt(meta: &Meta, rtt: std::time::Duration) {
    histogram!("arb_ws_round_trip_seconds", labels(meta)).record(rtt.as_secs_f64());
}

pub(crate) fn connect(meta: &Meta, outcome: &'static str) {
    let mut labels = labels(meta);
    labels.push(Label::new("outcome", outcome));
    counter!("arb_ws_connects_total", labels).increment(1);
}

pub(crate) fn disconnect(meta: &Meta, cause: &'static str, planned: bool) {
    let mut labels = labels(meta);
    labels.push(Label::new("cause", cause));
    labels.push(Label::new("planned", if planned { "yes" } else { "no" }));
    counter!("arb_ws_disconnects_total", labels).increment(1);
}

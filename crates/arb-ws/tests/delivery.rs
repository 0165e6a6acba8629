//! What a sink is given, and what happens when it does badly.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arb_ws::testing::{Collected, ScriptedDial};
use arb_ws::{Connection, Event, Frame, Meta, Sink};

use crate::toy::{Toy, config, rig, seen, settle};

#[tokio::test(start_paused = true)]
async fn gaps_and_dropped_subscriptions_are_announced_before_the_message_and_mended() {
    let mut rig = rig(config());
    rig.handle.subscribe(["a", "b"]).unwrap();
    let mut peer = rig.server.accept().await;
    assert_eq!(peer.text().await.unwrap(), "sub a b");
    for text in ["a=1", "b=1", "gap a", "dead b", "no a"] {
        peer.send(Frame::text(text)).await;
    }
    assert_eq!(peer.text().await.unwrap(), "sub b");
    assert_eq!(peer.text().await.unwrap(), "snap a");
    settle().await;
    assert_eq!(
        seen(&rig.sink),
        [
            "connected",
            "1:a=1",
            "1:b=1",
            "gap Venue a",
            "1:gap a",
            "gap Venue b",
            "1:dead b",
            "failed a",
            "1:no a",
        ]
    );
    peer.send(Frame::text("bye x")).await;
    let mut peer = rig.server.accept().await;
    // Refused keys are asked for again on the next connection.
    assert_eq!(peer.text().await.unwrap(), "sub a b");
    assert_eq!(seen(&rig.sink)[0], "disconnected session");
}

#[tokio::test(start_paused = true)]
async fn lost_messages_about_no_key_are_a_gap_of_none_and_nothing_is_resynced() {
    let mut rig = rig(config());
    rig.handle.subscribe(["a"]).unwrap();
    let mut peer = rig.server.accept().await;
    assert_eq!(peer.text().await.unwrap(), "sub a");
    for text in ["a=1", "missed", "a=2"] {
        peer.send(Frame::text(text)).await;
    }
    settle().await;
    assert_eq!(seen(&rig.sink), ["connected", "1:a=1", "gap Venue ", "1:missed", "1:a=2"]);
    // The next thing sent is what is asked for.
    rig.handle.subscribe(["b"]).unwrap();
    assert_eq!(peer.text().await.unwrap(), "sub b");
}

#[tokio::test(start_paused = true)]
async fn unreadable_messages_are_gaps_and_ten_in_a_row_end_the_link() {
    let mut rig = rig(config());
    rig.handle.subscribe(["a"]).unwrap();
    let mut peer = rig.server.accept().await;
    assert_eq!(peer.text().await.unwrap(), "sub a");
    peer.send(Frame::text("a=1")).await;
    for n in 0..19 {
        // Nine, something good, ten.
        peer.send(Frame::text(if n == 9 { "a=2" } else { "%&!" })).await;
    }
    settle().await;
    assert_eq!(peer.text().await.unwrap(), "snap a");
    let told = seen(&rig.sink);
    assert_eq!(told[2], "gap Refused(\"unreadable\") all");
    assert_eq!(told[3], "1:%&!", "the sink sees it all the same");
    assert!(!told.iter().any(|seen| seen.contains("disconnected")), "{told:?}");
    peer.send(Frame::text("%&!")).await;
    settle().await;
    assert_eq!(seen(&rig.sink).last().unwrap(), "disconnected session");
    let health = rig.handle.health();
    assert_eq!(health.refused["unreadable"], 19);
    assert_eq!((health.gaps, health.score), (19, 0));
}

#[tokio::test(start_paused = true)]
async fn a_validator_and_the_maximum_age_refuse_with_a_reason_and_a_gap() {
    let mut config = config();
    config.max_message_age = Some(Duration::from_secs(60));
    config.validator = Some(Arc::new(|_: &Meta, payload: &[u8]| match payload {
        b"a=13" => Err("unlucky"),
        b"a=0" => panic!("the validator itself"),
        _ => Ok(()),
    }));
    let mut rig = rig(config);
    rig.handle.subscribe(["a"]).unwrap();
    let mut peer = rig.server.accept().await;
    assert_eq!(peer.text().await.unwrap(), "sub a");
    for text in ["a=1", "a=13", "old a", "a=0", "a=2"] {
        peer.send(Frame::text(text)).await;
    }
    assert_eq!(peer.text().await.unwrap(), "snap a");
    settle().await;
    assert_eq!(
        seen(&rig.sink),
        [
            "connected",
            "1:a=1",
            "gap Refused(\"unlucky\") a",
            "gap Refused(\"too old\") a",
            "gap Refused(\"validator panicked\") a",
            "1:a=2"
        ]
    );
    rig.handle.reconnect();
    settle().await;
    let refused = rig.handle.health().refused;
    assert_eq!((refused["unlucky"], refused["too old"]), (1, 1));
}

/// Panics over `a=13`.
struct Touchy(Collected);

impl Sink for Touchy {
    fn on_message(&mut self, meta: &Meta, payload: &[u8]) {
        assert_ne!(payload, b"a=13");
        self.0.on_message(meta, payload);
    }
    fn on_event(&mut self, meta: &Meta, event: &Event) {
        self.0.on_event(meta, event);
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_sink_is_counted_announced_and_mended_and_the_feed_goes_on() {
    // Several connections of one thread share a sink that is not Send.
    let seen_by = Collected::default();
    let sink = Rc::new(RefCell::new(Touchy(seen_by.clone())));
    let local = tokio::task::LocalSet::new();
    let (dial, mut server) = ScriptedDial::new();
    let (connection, handle) = Connection::new(config(), Arc::new(dial), Box::<Toy>::default());
    handle.subscribe(["a"]).unwrap();
    local.spawn_local(connection.run(Rc::clone(&sink)));
    local
        .run_until(async {
            let mut peer = server.accept().await;
            assert_eq!(peer.text().await.unwrap(), "sub a");
            for text in ["a=12", "a=13", "a=14"] {
                peer.send(Frame::text(text)).await;
            }
            assert_eq!(peer.text().await.unwrap(), "snap a");
            peer.send(Frame::text("a=13")).await;
            settle().await;
            handle.reconnect();
            settle().await;
        })
        .await;
    assert_eq!(
        seen(&seen_by),
        [
            "connected",
            "1:a=12",
            "gap SinkPanicked a",
            "1:a=14",
            "gap SinkPanicked a",
            "disconnected requested"
        ]
    );
    assert_eq!(handle.health().panics, 2);
}

#[test]
fn the_run_future_is_send_when_the_sink_is() {
    fn send<T: Send>(_: T) {}
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let _inside = runtime.enter();
    let (dial, _server) = ScriptedDial::new();
    let (connection, _handle) = Connection::new(config(), Arc::new(dial), Box::<Toy>::default());
    send(connection.run((Some(Arc::new(Mutex::new(Collected::default()))), Collected::default())));
}

#[tokio::test(start_paused = true)]
async fn more_keys_than_allowed_are_refused_whole() {
    let mut config = config();
    config.max_keys = 3;
    let rig = rig(config);
    rig.handle.subscribe(["a", "b"]).unwrap();
    let error = rig.handle.subscribe(["b", "c", "d"]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "4 keys asked for, 3 allowed; raise max_keys or unsubscribe some"
    );
    assert_eq!(rig.handle.key_count(), 2);
    rig.handle.subscribe(["b", "c"]).unwrap();
    rig.handle.unsubscribe(["a", "b", "c", "never"]);
    assert_eq!(rig.handle.key_count(), 0);
}

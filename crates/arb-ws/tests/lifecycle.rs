//! The owner task against a scripted server, under paused time.

use std::time::Duration;

use crate::toy::{config, rig, seen, settle};
use arb_ws::{Frame, LinkState, Stopped};
use tokio::time::Instant;

#[tokio::test(start_paused = true)]
async fn keys_are_subscribed_confirmed_and_replayed_after_a_reconnect() {
    let mut rig = rig(config());
    rig.handle.subscribe(["a", "b"]).unwrap();
    let mut peer = rig.server.accept().await;
    assert_eq!(peer.handshake.headers, [("x-attempt".to_owned(), "1".to_owned())]);
    assert_eq!(peer.text().await.unwrap(), "sub a b");
    peer.send(Frame::text("ack a")).await;
    peer.send(Frame::text("b=1")).await;
    settle().await;
    assert_eq!(seen(&rig.sink), ["connected", "1:ack a", "1:b=1"]);

    rig.handle.subscribe(["c"]).unwrap();
    rig.handle.unsubscribe(["a"]);
    assert_eq!(peer.text().await.unwrap(), "unsub a");
    assert_eq!(peer.text().await.unwrap(), "sub c");

    drop(peer);
    let mut peer = rig.server.accept().await;
    assert_eq!(peer.handshake.headers[0].1, "2", "the handshake is made anew");

    assert_eq!(peer.text().await.unwrap(), "sub b c");
    peer.send(Frame::text("b=2")).await;
    settle().await;
    assert_eq!(seen(&rig.sink), ["disconnected broken", "connected", "2:b=2"]);

    rig.handle.shutdown();
    assert!(matches!(rig.running.await.unwrap(), Stopped::Shutdown));
    assert_eq!(rig.handle.health().state, LinkState::Stopped);
    assert_eq!(seen(&rig.sink), ["disconnected shutdown"]);
}

#[tokio::test(start_paused = true)]
async fn silence_of_the_connection_is_a_stall_though_pings_are_answered() {
    let mut config = config();
    config.ping_every = Some(Duration::from_millis(100));
    config.stall_after = Some(Duration::from_secs(1));
    let mut rig = rig(config);
    rig.handle.subscribe(["a"]).unwrap();
    let mut peer = rig.server.accept().await;
    assert_eq!(peer.text().await.unwrap(), "sub a");
    peer.send(Frame::text("a=1")).await;
    let quiet_from = Instant::now();
    // Answers pings until the client hangs up.
    assert_eq!(peer.text().await, None);
    let took = quiet_from.elapsed();
    assert!(took >= Duration::from_secs(1) && took <= Duration::from_millis(1100), "{took:?}");
    assert_eq!(seen(&rig.sink), ["connected", "1:a=1", "stalled all", "disconnected stalled"]);
    let mut peer = rig.server.accept().await;
    assert_eq!(peer.text().await.unwrap(), "sub a");
    peer.send(Frame::text("a=2")).await;
    settle().await;
    assert_eq!(seen(&rig.sink), ["connected", "resumed all", "2:a=2"]);
}

#[tokio::test(start_paused = true)]
async fn a_deferred_key_is_subscribed_anew_after_its_time_and_not_watched_until_then() {
    let mut config = config();
    config.watch.ack_within = Duration::from_secs(1);
    config.watch.redrive_within = Duration::from_secs(1);
    let mut rig = rig(config);
    rig.handle.subscribe(["a"]).unwrap();
    let mut peer = rig.server.accept().await;
    assert_eq!(peer.text().await.unwrap(), "sub a");
    peer.send(Frame::text("later a")).await;
    let from = Instant::now();
    assert_eq!(peer.text().await.unwrap(), "unsub a");
    let took = from.elapsed();
    assert!(took >= Duration::from_secs(5) && took < Duration::from_millis(5_300), "{took:?}");
    assert_eq!(peer.text().await.unwrap(), "sub a");
    peer.send(Frame::text("a=1")).await;
    settle().await;
    assert_eq!(seen(&rig.sink), ["connected", "1:later a", "1:a=1"]);
}

#[tokio::test(start_paused = true)]
async fn a_refused_key_is_tried_again_when_it_is_unsubscribed_and_subscribed_in_one_breath() {
    let mut rig = rig(config());
    rig.handle.subscribe(["a"]).unwrap();
    let mut peer = rig.server.accept().await;
    assert_eq!(peer.text().await.unwrap(), "sub a");
    peer.send(Frame::text("no a")).await;
    settle().await;
    assert_eq!(seen(&rig.sink), ["connected", "failed a", "1:no a"]);
    rig.handle.unsubscribe(["a"]);
    rig.handle.subscribe(["a"]).unwrap();
    assert_eq!(peer.text().await.unwrap(), "unsub a");
    assert_eq!(peer.text().await.unwrap(), "sub a");
    peer.send(Frame::text("a=1")).await;
    settle().await;
    // Wanted, not wanted, wanted, not wanted: the last word counts.
    rig.handle.unsubscribe(["a"]);
    rig.handle.subscribe(["a"]).unwrap();
    rig.handle.unsubscribe(["a"]);
    assert_eq!(peer.text().await.unwrap(), "unsub a");
    settle().await;
    assert_eq!((rig.handle.key_count(), rig.handle.health().failed), (0, 0));
}

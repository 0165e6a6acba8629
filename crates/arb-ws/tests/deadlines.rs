//! Every timer, under paused time: found after its deadline and within 1.1 of it.

use std::time::Duration;

use arb_ws::testing::Peer;
use arb_ws::{Frame, KeepAlive, Silence};
use tokio::time::{Instant, advance, sleep};

use crate::toy::{Rig, Toy, config, rig, rig_with, seen, settle};

const SECOND: Duration = Duration::from_secs(1);

/// Subscribes `a` and sees it confirmed by data.
async fn with_a(rig: &mut Rig) -> Peer {
    rig.handle.subscribe(["a"]).unwrap();
    let mut peer = rig.server.accept().await;
    assert_eq!(peer.text().await.unwrap(), "sub a");
    peer.send(Frame::text("a=0")).await;
    settle().await;
    peer
}

fn assert_on_time(took: Duration, deadline: Duration) {
    assert!(took >= deadline && took <= deadline.mul_f64(1.1), "{took:?} for {deadline:?}");
}

#[tokio::test(start_paused = true)]
async fn silence_of_the_connection_is_a_stall_though_pings_are_answered() {
    let mut config = config();
    config.ping_every = Some(Duration::from_millis(100));
    config.stall_after = Some(SECOND);
    let mut rig = rig(config);
    let mut peer = with_a(&mut rig).await;
    let quiet_from = Instant::now();
    // Answers pings until the client hangs up.
    assert_eq!(peer.text().await, None);
    assert_on_time(quiet_from.elapsed(), SECOND);
    assert_eq!(seen(&rig.sink), ["connected", "1:a=0", "stalled all", "disconnected stalled"]);
    assert!(rig.handle.health().rtt.is_some());

    let mut peer = rig.server.accept().await;
    assert_eq!(peer.text().await.unwrap(), "sub a");
    peer.send(Frame::text("a=2")).await;
    settle().await;
    assert_eq!(seen(&rig.sink), ["connected", "resumed all", "2:a=2"]);
}

#[tokio::test(start_paused = true)]
async fn a_quiet_market_proves_itself_alive_by_a_probe_and_never_stalls() {
    let mut config = config();
    config.stall_after = Some(SECOND);
    config.probe_after = Some(SECOND / 2);
    let mut rig = rig(config);
    let mut peer = with_a(&mut rig).await;
    for _ in 0..20 {
        assert_eq!(peer.text().await.unwrap(), "snap a");
        peer.send(Frame::text("a=0")).await;
        settle().await;
    }
    assert!(!seen(&rig.sink).iter().any(|seen| seen.contains("stalled")));
}

#[tokio::test(start_paused = true)]
async fn a_connection_without_keys_does_not_stall() {
    let mut config = config();
    config.stall_after = Some(SECOND);
    let mut rig = rig(config);
    let _peer = rig.server.accept().await;
    sleep(60 * SECOND).await;
    assert_eq!(seen(&rig.sink), ["connected"]);
}

#[tokio::test(start_paused = true)]
async fn a_link_that_never_brings_data_is_replaced_again_and_again_and_no_key_is_given_up() {
    let mut config = config();
    config.stall_after = Some(5 * SECOND);
    config.watch.ack_within = SECOND;
    config.watch.redrive_within = SECOND;
    let mut rig = rig(config);
    rig.handle.subscribe(["a", "b"]).unwrap();
    for _ in 0..5 {
        let mut peer = rig.server.accept().await;
        let opened = Instant::now();
        while peer.text().await.is_some() {}
        assert_on_time(opened.elapsed(), 5 * SECOND);
    }
    let told = seen(&rig.sink);
    assert_eq!(told.iter().filter(|seen| *seen == "stalled all").count(), 5);
    assert!(!told.iter().any(|seen| seen.contains("surrendered")), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_answers_nothing_at_all_is_dropped_after_a_ping() {
    let mut config = config();
    config.ping_every = Some(SECOND);
    config.pong_within = SECOND;
    let mut rig = rig(config);
    let mut peer = rig.server.accept().await;
    let opened = Instant::now();
    assert!(matches!(peer.recv().await, Some(Frame::Ping(_))));
    assert!(matches!(peer.recv().await, Some(Frame::Close(_))));
    assert_on_time(opened.elapsed(), 2 * SECOND);
    settle().await;
    assert_eq!(seen(&rig.sink), ["connected", "disconnected ping_timeout"]);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_sends_but_does_not_answer_pings_is_alive() {
    let mut config = config();
    config.ping_every = Some(SECOND);
    config.pong_within = SECOND;
    let mut rig = rig(config);
    let peer = with_a(&mut rig).await;
    for _ in 0..20 {
        advance(SECOND / 2).await;
        peer.send(Frame::text("a=1")).await;
        settle().await;
    }
    assert!(!seen(&rig.sink).iter().any(|seen| seen.contains("disconnected")));
}

#[tokio::test(start_paused = true)]
async fn the_text_keep_alive_is_sent_and_its_answer_measured() {
    let keep_alive = Some(KeepAlive { every: SECOND, text: "PING".to_owned() });
    let mut rig = rig_with(config(), Toy { keep_alive, ..Toy::default() });
    let mut peer = rig.server.accept().await;
    let opened = Instant::now();
    assert_eq!(peer.text().await.unwrap(), "PING");
    assert_on_time(opened.elapsed(), SECOND);
    advance(Duration::from_millis(30)).await;
    peer.send(Frame::text("pong")).await;
    assert_eq!(peer.text().await.unwrap(), "PING");
    sleep(2 * SECOND).await;
    let rtt = rig.handle.health().rtt.unwrap();
    assert!(rtt.p50 >= Duration::from_millis(30) && rtt.p50 < Duration::from_millis(40), "{rtt:?}");
}

#[tokio::test(start_paused = true)]
async fn a_key_without_first_data_is_resubscribed_then_reconnected_then_surrendered() {
    let mut config = config();
    config.watch.first_data_within = Some(SECOND);
    config.watch.redrive_within = SECOND;
    let mut rig = rig(config);
    rig.handle.subscribe(["a", "b"]).unwrap();
    let mut peer = rig.server.accept().await;
    let asked = Instant::now();
    assert_eq!(peer.text().await.unwrap(), "sub a b");
    peer.send(Frame::text("a=1")).await;
    peer.send(Frame::text("ack b")).await;
    // First a new subscription,
    assert_eq!(peer.text().await.unwrap(), "unsub b");
    assert_on_time(asked.elapsed(), SECOND);
    assert_eq!(peer.text().await.unwrap(), "sub b");
    // then a new connection,
    assert_eq!(peer.text().await, None);
    assert_on_time(asked.elapsed(), 2 * SECOND);
    let mut peer = rig.server.accept().await;
    let asked = Instant::now();
    assert_eq!(peer.text().await.unwrap(), "sub a b");
    peer.send(Frame::text("a=2")).await;
    sleep(SECOND.mul_f64(1.1)).await;
    assert_on_time(asked.elapsed(), SECOND.mul_f64(1.1));
    // then it is given up, and its sibling goes on.
    let told = seen(&rig.sink);
    assert_eq!(
        told,
        [
            "connected",
            "1:a=1",
            "1:ack b",
            "stalled b",
            "disconnected key_silent",
            "connected",
            "2:a=2",
            "stalled b",
            "surrendered b"
        ]
    );
    sleep(2 * SECOND).await;
    assert_eq!(rig.handle.health().failed, 1);
    // It is tried again after a while.
    assert_eq!(peer.text().await.unwrap(), "unsub b");
    assert_eq!(peer.text().await.unwrap(), "sub b");
    assert_on_time(asked.elapsed(), 301 * SECOND);
    // In vain: it is given up again without another connection for its sibling.
    sleep(400 * SECOND).await;
    assert_eq!(peer.text().await.unwrap(), "unsub b");
    assert_eq!(seen(&rig.sink), ["surrendered b", "surrendered b"]);
}

#[tokio::test(start_paused = true)]
async fn a_silent_key_costs_its_siblings_a_connection_only_now_and_then() {
    let mut config = config();
    config.watch.first_data_within = Some(SECOND);
    config.watch.redrive_within = SECOND;
    config.watch.reconnect_every = 3600 * SECOND;
    let mut rig = rig(config);
    rig.handle.subscribe(["a", "b"]).unwrap();
    let mut sessions = 0;
    let answering = async {
        loop {
            let mut peer = rig.server.accept().await;
            sessions += 1;
            while let Some(text) = peer.text().await {
                if text == "sub a b" {
                    peer.send(Frame::text("a=1")).await;
                }
            }
        }
    };
    let _ = tokio::time::timeout(60 * SECOND, answering).await;
    assert_eq!(sessions, 2);
}

#[tokio::test(start_paused = true)]
async fn a_second_silent_key_waits_for_its_turn_to_cost_a_connection() {
    let mut config = config();
    config.watch.first_data_within = Some(SECOND);
    config.watch.redrive_within = SECOND;
    config.watch.reconnect_every = 3600 * SECOND;
    let mut rig = rig(config);
    rig.handle.subscribe(["b"]).unwrap();
    let mut peer = rig.server.accept().await;
    assert_eq!(peer.text().await.unwrap(), "sub b");
    peer.send(Frame::text("other=1")).await;
    while peer.text().await.is_some() {}
    // The second link; soon another key stays silent on it.
    let peer = rig.server.accept().await;
    peer.send(Frame::text("other=1")).await;
    sleep(10 * SECOND).await;
    rig.handle.subscribe(["c"]).unwrap();
    sleep(10 * SECOND).await;
    let told = seen(&rig.sink);
    assert_eq!(told.iter().filter(|seen| *seen == "connected").count(), 2, "{told:?}");
    assert!(told.contains(&"surrendered c".to_owned()), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn an_unacknowledged_subscription_is_sent_again() {
    let mut config = config();
    config.watch.ack_within = SECOND;
    let mut rig = rig(config);
    rig.handle.subscribe(["a"]).unwrap();
    let mut peer = rig.server.accept().await;
    assert_eq!(peer.text().await.unwrap(), "sub a");
    let asked = Instant::now();
    assert_eq!(peer.text().await.unwrap(), "unsub a");
    assert_eq!(peer.text().await.unwrap(), "sub a");
    assert_on_time(asked.elapsed(), SECOND);
    peer.send(Frame::text("ack a")).await;
    settle().await;
    sleep(60 * SECOND).await;
    assert_eq!(rig.handle.health().confirmed, 1);
    assert_eq!(seen(&rig.sink), ["connected", "stalled a", "resumed a", "1:ack a"]);
}

#[tokio::test(start_paused = true)]
async fn a_key_is_silent_relative_to_its_own_rate() {
    let mut config = config();
    config.watch.silence = Some(Silence::new(10, SECOND, 600 * SECOND));
    let mut rig = rig(config);
    rig.handle.subscribe(["fast", "slow"]).unwrap();
    let mut peer = rig.server.accept().await;
    assert_eq!(peer.text().await.unwrap(), "sub fast slow");
    for round in 0..200 {
        peer.send(Frame::text("fast=1")).await;
        if round % 20 == 0 {
            peer.send(Frame::text("slow=1")).await;
        }
        settle().await;
        sleep(SECOND / 2).await;
    }
    let _ = seen(&rig.sink);
    // Now both are silent: the fast one is found after 5 s, the slow one after 100 s.
    let quiet_from = Instant::now() - SECOND / 2;
    assert_eq!(peer.text().await.unwrap(), "unsub fast");
    assert_on_time(quiet_from.elapsed(), 5 * SECOND);
    assert_eq!(peer.text().await.unwrap(), "sub fast");
    peer.send(Frame::text("fast=1")).await;
    settle().await;
    assert_eq!(seen(&rig.sink), ["stalled fast", "resumed fast", "1:fast=1"]);
}

#[tokio::test(start_paused = true)]
async fn a_frame_that_cannot_be_written_breaks_the_link() {
    // The scripted link holds 65,536 frames, so it is the real socket that shows this; here the
    // connect timeout stands for the bounded steps.
    let mut config = config();
    config.connect_timeout = SECOND;
    let mut rig = rig(config);
    let started = Instant::now();
    let _hanging = rig.server.ignore().await;
    let _peer = rig.server.accept().await;
    // The wait of 100 ms follows the time-out.
    assert_on_time(started.elapsed(), SECOND + Duration::from_millis(100));
    settle().await;
    assert_eq!(seen(&rig.sink), ["connect failed", "connected"]);
}

#[tokio::test(start_paused = true)]
async fn replay_after_a_reconnect_goes_in_chunks_through_the_rate_limit() {
    let mut config = config();
    config.chunk = 10;
    config.send_rate = arb_ws::Rate::new(2, SECOND);
    let mut rig = rig(config);
    rig.handle.subscribe((0..50).map(|n| n.to_string())).unwrap();
    let mut peer = rig.server.accept().await;
    let opened = Instant::now();
    let mut at = Vec::new();
    for _ in 0..5 {
        let text = peer.text().await.unwrap();
        assert_eq!(text.split(' ').count(), 11, "{text}");
        at.push(opened.elapsed().as_millis() / 100);
    }
    assert_eq!(at, [0, 0, 10, 20, 30]);
}

#[tokio::test(start_paused = true)]
async fn resyncs_of_one_key_are_spaced_and_coalesced() {
    let mut rig = rig(config());
    let mut peer = with_a(&mut rig).await;
    let started = Instant::now();
    for _ in 0..10 {
        rig.handle.resync(["a", "unknown"]);
    }
    assert_eq!(peer.text().await.unwrap(), "snap a");
    assert_eq!(started.elapsed(), Duration::ZERO);
    rig.handle.resync_all();
    assert_eq!(peer.text().await.unwrap(), "snap a");
    assert_on_time(started.elapsed(), SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_resync_without_an_answer_is_silence() {
    let mut config = config();
    config.watch.redrive_within = SECOND;
    let mut rig = rig(config);
    let mut peer = with_a(&mut rig).await;
    rig.handle.resync(["a"]);
    assert_eq!(peer.text().await.unwrap(), "snap a");
    let asked = Instant::now();
    assert_eq!(peer.text().await.unwrap(), "unsub a");
    assert_on_time(asked.elapsed(), SECOND);
}

#[tokio::test(start_paused = true)]
async fn where_snapshots_answer_a_lost_one_is_silence_though_changes_flow() {
    let mut config = config();
    config.watch.first_data_within = Some(SECOND);
    config.watch.redrive_within = SECOND;
    let mut rig = rig_with(config, Toy { snapshots: true, ..Toy::default() });
    rig.handle.subscribe(["a"]).unwrap();
    let mut peer = rig.server.accept().await;
    assert_eq!(peer.text().await.unwrap(), "sub a");
    let asked = Instant::now();
    let change_often = async |peer: &Peer| {
        for _ in 0..30 {
            peer.send(Frame::text("a=1")).await;
            sleep(SECOND / 20).await;
        }
    };
    change_often(&peer).await;
    assert_eq!(peer.text().await.unwrap(), "unsub a");
    assert_eq!(peer.text().await.unwrap(), "sub a");
    assert!(asked.elapsed() <= 2 * SECOND);
    peer.send(Frame::text("a==1")).await;
    settle().await;
    let told = seen(&rig.sink);
    assert!(told.contains(&"stalled a".to_owned()), "{told:?}");
    assert_eq!(told[told.len() - 2..], ["resumed a", "1:a==1"]);
    // A resync whose snapshot is lost is asked again too, and one that is answered is not.
    rig.handle.resync(["a"]);
    assert_eq!(peer.text().await.unwrap(), "snap a");
    change_often(&peer).await;
    assert_eq!(peer.text().await.unwrap(), "unsub a");
    assert_eq!(peer.text().await.unwrap(), "sub a");
    peer.send(Frame::text("a==2")).await;
    change_often(&peer).await;
    change_often(&peer).await;
    let told = seen(&rig.sink);
    assert_eq!(told.iter().filter(|seen| *seen == "stalled a").count(), 1, "{told:?}");
    assert!(!told.iter().any(|seen| seen.contains("disconnected")), "{told:?}");
}

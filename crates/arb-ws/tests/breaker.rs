//! The breaker around connect, handshake and first acknowledged subscription.

use std::time::Duration;

use arb_breaker::{Breaker, BreakerConfig, Clock, State};
use arb_ws::{ConnectBudget, ConnectionConfig, Frame, Rate, Refusal, WsError};
use tokio::time::{Instant, sleep};

use crate::toy::{config, rig, seen, settle};

/// Opens after two failures, for 10 s; one probe.
fn guarded() -> (ConnectionConfig, Breaker) {
    let settings = BreakerConfig::default()
        .with_consecutive_failures(2)
        .with_open_time(Duration::from_secs(10))
        .with_probes(1)
        .with_clock(Clock::new(|| Instant::now().into_std()));
    let breaker = Breaker::new("toy", settings).unwrap();
    let mut config = config();
    config.breaker = Some(breaker.clone());
    (config, breaker)
}

#[tokio::test(start_paused = true)]
async fn failed_attempts_open_it_and_a_confirmed_key_closes_it() {
    let (config, breaker) = guarded();
    let mut rig = rig(config);
    rig.handle.subscribe(["a"]).unwrap();
    // Refused by the server, then accepted and dropped before the first acknowledgement.
    rig.server.refuse(WsError::Refused(Box::new(Refusal::new("toy", 503)))).await;
    drop(rig.server.accept().await);
    settle().await;
    assert_eq!(breaker.state(), State::Open);
    let opened = Instant::now();
    let mut peer = rig.server.accept().await;
    assert!(opened.elapsed() >= Duration::from_secs(10));
    settle().await;
    assert!(seen(&rig.sink).iter().any(|seen| seen.starts_with("Blocked")));
    assert_eq!(breaker.state(), State::HalfOpen, "an open link alone proves nothing");
    assert_eq!(peer.text().await.unwrap(), "sub a");
    peer.send(Frame::text("ack a")).await;
    settle().await;
    assert_eq!(breaker.state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_key_or_clock_and_planned_absence_do_not_open_it() {
    let (config, breaker) = guarded();
    let mut rig = rig(config);
    for status in [401, 403, 425, 401, 425] {
        rig.server.refuse(WsError::Refused(Box::new(Refusal::new("toy", status)))).await;
        settle().await;
    }
    assert_eq!(breaker.state(), State::Closed);
    assert_eq!(breaker.snapshot().totals.failures, 0);
}

#[tokio::test(start_paused = true)]
async fn stalls_and_gaps_of_proven_links_open_it() {
    let (mut config, breaker) = guarded();
    config.stall_after = Some(Duration::from_secs(1));
    let mut rig = rig(config);
    rig.handle.subscribe(["a"]).unwrap();
    for _ in 0..2 {
        // Works at first, then goes silent.
        let mut peer = rig.server.accept().await;
        assert_eq!(peer.text().await.unwrap(), "sub a");
        peer.send(Frame::text("a=1")).await;
        peer.send(Frame::text("gap a")).await;
        assert_eq!(peer.text().await.unwrap(), "snap a");
        assert_eq!(peer.text().await, None);
        settle().await;
    }
    assert_eq!(breaker.state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn a_stall_counts_once_however_long_the_link_was_sound() {
    let (mut config, breaker) = guarded();
    config.stall_after = Some(Duration::from_secs(1));
    let mut rig = rig(config);
    rig.handle.subscribe(["a"]).unwrap();
    for stalls in 1..=2 {
        let mut peer = rig.server.accept().await;
        assert_eq!(peer.text().await.unwrap(), "sub a");
        // Past the minimum uptime, after which a lost link alone is no failure.
        for _ in 0..80 {
            peer.send(Frame::text("a=1")).await;
            sleep(Duration::from_millis(500)).await;
        }
        assert_eq!(peer.text().await, None);
        settle().await;
        assert_eq!(breaker.snapshot().totals.failures, stalls);
    }
}

#[tokio::test(start_paused = true)]
async fn rare_gaps_of_a_sound_link_do_not_add_up() {
    let (config, breaker) = guarded();
    let mut rig = rig(config);
    rig.handle.subscribe(["a"]).unwrap();
    let mut peer = rig.server.accept().await;
    assert_eq!(peer.text().await.unwrap(), "sub a");
    for _ in 0..10 {
        peer.send(Frame::text("a=1")).await;
        peer.send(Frame::text("gap a")).await;
        assert_eq!(peer.text().await.unwrap(), "snap a");
        peer.send(Frame::text("a=1")).await;
        sleep(Duration::from_secs(95)).await;
        assert_eq!(breaker.state(), State::Closed);
    }
    assert_eq!(breaker.snapshot().totals.failures, 10);
}

#[tokio::test(start_paused = true)]
async fn waiting_for_the_connect_budget_is_no_failure() {
    let (mut config, breaker) = guarded();
    config.budget = ConnectBudget::new(Rate::new(1, Duration::from_secs(10)));
    let mut rig = rig(config);
    rig.handle.subscribe(["a"]).unwrap();
    let mut peer = rig.server.accept().await;
    assert_eq!(peer.text().await.unwrap(), "sub a");
    peer.send(Frame::text("a=1")).await;
    settle().await;
    let lost = Instant::now();
    drop(peer);
    let _peer = rig.server.accept().await;
    assert!(lost.elapsed() >= Duration::from_secs(9), "the budget was waited for");
    // The short link was one; the place taken and given back was none.
    assert_eq!(breaker.snapshot().totals.failures, 1);
    assert_eq!(breaker.state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn our_own_doing_is_no_failure() {
    let (config, breaker) = guarded();
    let mut rig = rig(config);
    for _ in 0..5 {
        let _peer = rig.server.accept().await;
        settle().await;
        rig.handle.reconnect();
        settle().await;
    }
    assert_eq!(breaker.snapshot().totals.failures, 0);
}

//! Attempts that fail, and how soon the next one comes.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use arb_ws::testing::Seen;
use arb_ws::{ConnectBudget, Event, Frame, FullJitter, LinkState, Rate, Refusal, Stopped, WsError};
use time::macros::datetime;
use tokio::time::{Instant, sleep};

use crate::toy::{Toy, config, rig, rig_with, seen, settle};

fn refused(status: u16, retry_after: Option<u64>) -> WsError {
    let mut refusal = Refusal::new("toy", status);
    refusal.retry_after = retry_after.map(Duration::from_secs);
    WsError::Refused(Box::new(refusal))
}

fn unreachable() -> WsError {
    let source = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
    WsError::Connect { host: "toy".to_owned(), source }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_waits_as_long_as_it_asks_within_reason() {
    let mut rig = rig(config());
    let waits = [
        (refused(503, None), 0.1),
        (refused(429, Some(7)), 7.0),
        (refused(429, Some(100_000)), 300.0),
        (refused(401, None), 30.0),
        (refused(403, Some(1)), 30.0),
        (unreachable(), 0.1),
    ];
    for (error, seconds) in waits {
        rig.server.refuse(error).await;
        let from = Instant::now();
        let _ = rig.server.refuse(unreachable()).await;
        let waited = from.elapsed().as_secs_f64();
        assert!((waited - seconds).abs() < 0.01, "{waited} instead of {seconds}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_may_give_up() {
    let toy = Toy { stop_on: Some(401), ..Toy::default() };
    let mut rig = rig_with(config(), toy);
    rig.server.refuse(refused(503, None)).await;
    rig.server.refuse(refused(401, None)).await;
    let stopped = rig.running.await.unwrap();
    assert!(matches!(stopped, Stopped::Refused(refusal) if refusal.status == 401));
    assert_eq!(rig.handle.health().state, LinkState::Stopped);
}

#[tokio::test(start_paused = true)]
async fn what_no_attempt_can_mend_ends_the_run() {
    let mut rig = rig(config());
    rig.server.refuse(WsError::Exhausted("a recording".to_owned())).await;
    assert!(matches!(rig.running.await.unwrap(), Stopped::Failed(_)));
}

#[tokio::test(start_paused = true)]
async fn back_off_grows_through_short_links_and_is_forgotten_after_a_stable_one() {
    let failures = |rig: &crate::toy::Rig| {
        let last = rig.sink.take().into_iter().rev().find_map(|seen| match seen {
            Seen::Event(Event::ConnectFailed { failures, .. }) => Some(failures),
            _ => None,
        });
        last.unwrap()
    };
    let mut config = config();
    config.budget = ConnectBudget::new(Rate::new(1000, Duration::from_millis(1)));
    let mut rig = rig(config);
    for _ in 0..3 {
        // Accepts and drops: it does not count as a success.
        let peer = rig.server.accept().await;
        drop(peer);
    }
    rig.server.refuse(unreachable()).await;
    settle().await;
    assert_eq!(failures(&rig), 4);
    let peer = rig.server.accept().await;
    sleep(Duration::from_secs(31)).await;
    drop(peer);
    rig.server.refuse(unreachable()).await;
    settle().await;
    assert_eq!(failures(&rig), 2, "the lost link and this attempt");
}

#[tokio::test(start_paused = true)]
async fn a_flapping_server_gets_no_more_connects_than_the_budget_from_all_connections() {
    let mut config = config();
    config.backoff = Arc::new(FullJitter { base: Duration::ZERO, cap: Duration::ZERO });
    config.budget = ConnectBudget::new(Rate::new(5, Duration::from_secs(1)));
    let mut rigs: Vec<_> =
        (0..4).map(|number| rig(config.clone().with_connection(number))).collect();
    let connects = Arc::new(Mutex::new(0));
    for mut rig in rigs.drain(..) {
        let connects = Arc::clone(&connects);
        tokio::spawn(async move {
            loop {
                let _dropped = rig.server.accept().await;
                *connects.lock().unwrap() += 1;
            }
        });
    }
    sleep(Duration::from_millis(60_500)).await;
    assert_eq!(*connects.lock().unwrap(), 5 + 60);
}

#[tokio::test(start_paused = true)]
async fn full_jitter_stays_below_its_ceiling_and_spreads() {
    let mut config = config();
    config.backoff = Arc::new(FullJitter::default());
    config.budget = ConnectBudget::new(Rate::new(1000, Duration::from_millis(1)));
    let mut rig = rig(config);
    let mut last = Instant::now();
    let mut waits = Vec::new();
    for failures in 0..60_u32 {
        rig.server.refuse(unreachable()).await;
        let ceiling = 0.25 * 2_f64.powi(failures.saturating_sub(1).min(20).try_into().unwrap());
        let waited = last.elapsed().as_secs_f64();
        assert!(failures == 0 || waited <= ceiling.min(15.0) + 0.002, "{waited} of {ceiling}");
        waits.push(waited);
        last = Instant::now();
    }
    let mean = waits[10..].iter().sum::<f64>() / 50.0;
    // Of 50 uniform waits over 15 s the mean is within 2.6 s of 7.5 s but once in 50,000 runs.
    assert!((mean - 7.5).abs() < 2.6, "{mean}");
}

#[tokio::test(start_paused = true)]
async fn going_away_too_early_and_planned_windows_are_marked_as_planned() {
    let mut rig_425 = rig(config());
    rig_425.server.refuse(refused(425, None)).await;
    let peer = rig_425.server.accept().await;
    peer.send(Frame::Close(Some(arb_ws::CloseReason::new(1001, "restart")))).await;
    settle().await;
    let told = rig_425.sink.take();
    assert!(matches!(told[0], Seen::Event(Event::ConnectFailed { planned: true, .. })));
    assert!(matches!(told[2], Seen::Event(Event::Disconnected { planned: true, .. })));
    assert_eq!(rig_425.handle.health().state, LinkState::Paused);
    assert_eq!(rig_425.handle.health().recent_losses, 0);

    for (now, planned) in
        [(datetime!(2026-11-26 08:30 UTC), true), (datetime!(2026-11-26 07:30 UTC), false)]
    {
        let mut config = config();
        config.venue = "kalshi".into();
        config.clock = Arc::new(move || now);
        let mut rig = rig(config);
        rig.server.refuse(unreachable()).await;
        settle().await;
        let expected = if planned { "planned failure" } else { "connect failed" };
        assert_eq!(seen(&rig.sink), [expected]);
    }
}

#[tokio::test(start_paused = true)]
async fn shutdown_is_obeyed_while_waiting_while_dialling_and_while_open() {
    let mut waiting = rig(config());
    waiting.server.refuse(refused(401, None)).await;
    settle().await;
    waiting.handle.shutdown();
    assert!(matches!(waiting.running.await.unwrap(), Stopped::Shutdown));

    let mut dialling = rig(config());
    let _hanging = dialling.server.ignore().await;
    dialling.handle.subscribe(["a"]).unwrap();
    settle().await;
    dialling.handle.shutdown();
    assert!(matches!(dialling.running.await.unwrap(), Stopped::Shutdown));

    let mut open = rig(config());
    let mut peer = open.server.accept().await;
    settle().await;
    open.handle.shutdown();
    assert!(matches!(peer.recv().await, Some(Frame::Close(Some(reason))) if reason.code == 1000));
    assert!(matches!(open.running.await.unwrap(), Stopped::Shutdown));
}

//! Keys over several connections.

use std::sync::Arc;
use std::time::Duration;

use arb_ws::testing::{Collected, Peer, ScriptedDial, ScriptedServer};
use arb_ws::{ConnectionConfig, Frame, Pool, PoolConfig, PoolHandle, Stopped, WsError};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::toy::{Toy, config, seen, settle};

struct Rig {
    handle: PoolHandle,
    server: ScriptedServer,
    sink: Collected,
    running: JoinHandle<Stopped>,
}

fn rig(keys: usize, copies: usize, connection: ConnectionConfig) -> Rig {
    let mut settings = PoolConfig::default();
    settings.keys_per_connection = keys;
    settings.copies = copies;
    settings.max_connections = 4;
    let (dial, server) = ScriptedDial::new();
    let make = Box::new(|_| Box::<Toy>::default() as Box<dyn arb_ws::Session>);
    let (pool, handle) = Pool::new(settings, connection, Arc::new(dial), make);
    let sink = Collected::default();
    let running = tokio::spawn(pool.run(sink.clone()));
    Rig { handle, server, sink, running }
}

/// Accepts and returns what was subscribed first.
async fn accept(server: &mut ScriptedServer) -> (Peer, String) {
    let mut peer = server.accept().await;
    let text = peer.text().await.unwrap();
    (peer, text)
}

#[tokio::test(start_paused = true)]
async fn connections_come_with_keys_and_go_with_the_last_one() {
    let mut rig = rig(2, 1, config());
    rig.handle.subscribe(["a", "b", "c"]).unwrap();
    let (mut first, keys) = accept(&mut rig.server).await;
    assert_eq!(keys, "sub a b");
    let (mut second, keys) = accept(&mut rig.server).await;
    assert_eq!(keys, "sub c");
    // Room is used before another connection is opened, and no healthy one is touched.
    rig.handle.subscribe(["d", "d", "a"]).unwrap();
    assert_eq!(second.text().await.unwrap(), "sub d");
    rig.handle.unsubscribe(["a"]);
    assert_eq!(first.text().await.unwrap(), "unsub a");
    rig.handle.subscribe(["e"]).unwrap();
    assert_eq!(first.text().await.unwrap(), "sub e");
    assert_eq!(rig.handle.key_count(), 4);
    rig.handle.unsubscribe(["c", "d"]);
    while second.recv().await.is_some() {}
    settle().await;
    assert_eq!(rig.handle.health().len(), 1);
    // The number of the closed connection is used again.
    rig.handle.subscribe(["f"]).unwrap();
    let (_third, keys) = accept(&mut rig.server).await;
    assert_eq!(keys, "sub f");
    assert_eq!(rig.handle.health().keys().copied().collect::<Vec<_>>(), [0, 1]);
    assert!(!seen(&rig.sink).iter().any(|seen| seen == "disconnected broken"));
    rig.handle.shutdown();
    assert!(matches!(rig.running.await.unwrap(), Stopped::Shutdown));
}

#[tokio::test(start_paused = true)]
async fn more_keys_than_connections_can_carry_are_refused_whole() {
    let rig = rig(2, 2, config());
    let error = rig.handle.subscribe(["a", "b", "c", "d", "e"]).unwrap_err();
    assert!(matches!(error, WsError::TooManyKeys { asked: 5, allowed: 4 }), "{error}");
    assert_eq!(rig.handle.key_count(), 0);
    rig.handle.subscribe(["a", "b", "c", "d"]).unwrap();
    assert_eq!(rig.handle.health().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn copies_are_connections_of_their_own() {
    let mut rig = rig(10, 2, config());
    rig.handle.subscribe(["a"]).unwrap();
    let (mut one, keys) = accept(&mut rig.server).await;
    assert_eq!(keys, "sub a");
    let (mut two, keys) = accept(&mut rig.server).await;
    assert_eq!(keys, "sub a");
    one.send(Frame::text("a=1")).await;
    two.send(Frame::text("a=1")).await;
    settle().await;
    assert_eq!(seen(&rig.sink).iter().filter(|seen| *seen == "1:a=1").count(), 2);
    rig.handle.resync(["a", "unknown"]);
    assert_eq!(one.text().await.unwrap(), "snap a");
    assert_eq!(two.text().await.unwrap(), "snap a");
    sleep(Duration::from_secs(2)).await;
    rig.handle.connection(1).unwrap().resync(["a"]);
    assert!(rig.handle.connection(7).is_none());
    settle().await;
    let snapped = futures_util::future::select(Box::pin(one.text()), Box::pin(two.text())).await;
    let (text, _) = snapped.factor_first();
    assert_eq!(text.unwrap(), "snap a");
}

#[tokio::test(start_paused = true)]
async fn a_key_that_one_connection_gives_up_moves_to_another() {
    let mut watched = config();
    watched.watch.first_data_within = Some(Duration::from_secs(1));
    watched.watch.redrive_within = Duration::from_secs(1);
    let mut rig = rig(2, 1, watched);
    rig.handle.subscribe(["a", "b"]).unwrap();
    let (mut peer, _) = accept(&mut rig.server).await;
    peer.send(Frame::text("a=1")).await;
    assert_eq!(peer.text().await.unwrap(), "unsub b");
    assert_eq!(peer.text().await.unwrap(), "sub b");
    // A new connection for both,
    let (mut peer, keys) = accept(&mut rig.server).await;
    assert_eq!(keys, "sub a b");
    peer.send(Frame::text("a=2")).await;
    // then another for the silent one alone.
    let (other, keys) = accept(&mut rig.server).await;
    assert_eq!(keys, "sub b");
    other.send(Frame::text("b=1")).await;
    assert_eq!(peer.text().await.unwrap(), "unsub b");
    settle().await;
    let told = seen(&rig.sink);
    assert!(told.contains(&"surrendered b".to_owned()), "{told:?}");
    assert_eq!(told.last().unwrap(), "1:b=1");
    assert_eq!(rig.handle.key_count(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_stops_one_for_good_stops_the_pool() {
    let mut rig = rig(1, 1, config());
    rig.handle.subscribe(["a", "b"]).unwrap();
    let _working = rig.server.accept().await;
    rig.server.refuse(WsError::Exhausted("a recording".to_owned())).await;
    assert!(matches!(rig.running.await.unwrap(), Stopped::Failed(_)));
}

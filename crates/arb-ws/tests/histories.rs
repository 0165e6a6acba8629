//! Random histories of a bad venue: whatever happened, once it behaves everything wanted is live,
//! and the stream told to the sink was well formed throughout.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arb_ws::testing::{Peer, ScriptedDial, ScriptedServer, Seen};
use arb_ws::{ConnectionConfig, Event, Frame, Keys, Silence, WsError};
use proptest::prelude::*;
use tokio::time::{interval, sleep};

use crate::toy::{config, rig};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Answers, and sends data of every key twice a second.
    Good,
    /// Answers pings only; what it is asked to subscribe is forgotten.
    Silent,
    /// Answers nothing at all.
    Dead,
    /// Ends the link.
    Drop,
    /// Refuses new links.
    Refuse,
    /// Sends what nobody can read.
    Garbage,
    /// Says that messages were lost.
    Gaps,
    /// Refuses keys, or drops them.
    Disown,
}

#[derive(Debug, Clone)]
enum Step {
    Mode(Mode),
    Subscribe(u8),
    Unsubscribe(u8),
    Resync(u8),
    Reconnect,
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    use Mode::{Dead, Disown, Drop, Gaps, Garbage, Good, Refuse, Silent};
    let mode = prop::sample::select(vec![Good, Silent, Dead, Drop, Refuse, Garbage, Gaps, Disown]);
    prop_oneof![
        4 => mode.prop_map(Step::Mode),
        3 => (0_u8..5).prop_map(Step::Subscribe),
        1 => (0_u8..5).prop_map(Step::Unsubscribe),
        1 => (0_u8..5).prop_map(Step::Resync),
        1 => Just(Step::Reconnect),
        5 => (0_u64..8_000).prop_map(Step::Wait),
    ]
}

fn watchful() -> ConnectionConfig {
    let mut config = config();
    let second = Duration::from_secs(1);
    config.ping_every = Some(second);
    config.pong_within = 2 * second;
    config.stall_after = Some(5 * second);
    config.probe_after = Some(2 * second);
    config.watch.ack_within = 2 * second;
    config.watch.first_data_within = Some(2 * second);
    config.watch.silence = Some(Silence::new(20, 5 * second, 60 * second));
    config.watch.redrive_within = 2 * second;
    config.watch.reconnect_every = 20 * second;
    config
}

struct Venue {
    mode: Arc<Mutex<Mode>>,
    held: Arc<Mutex<BTreeSet<String>>>,
}

impl Venue {
    fn mode(&self) -> Mode {
        *self.mode.lock().unwrap()
    }

    async fn run(self, mut server: ScriptedServer) {
        let mut tick = interval(Duration::from_millis(500));
        loop {
            if self.mode() == Mode::Refuse {
                let source = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
                server.refuse(WsError::Connect { host: "toy".to_owned(), source }).await;
                continue;
            }
            let mut peer = server.accept().await;
            self.held.lock().unwrap().clear();
            loop {
                tokio::select! {
                    frame = peer.recv() => match frame {
                        Some(frame) => self.answer(&peer, frame).await,
                        None => break,
                    },
                    _ = tick.tick() => {
                        if self.mode() == Mode::Drop {
                            break;
                        }
                        self.speak(&peer).await;
                    }
                }
            }
        }
    }

    async fn answer(&self, peer: &Peer, frame: Frame) {
        let mode = self.mode();
        match frame {
            Frame::Ping(body) if mode != Mode::Dead => peer.send(Frame::Pong(body)).await,
            Frame::Text(text) => {
                let text = String::from_utf8_lossy(&text).into_owned();
                let (word, keys) = text.split_once(' ').unwrap();
                for key in keys.split(' ') {
                    match word {
                        "unsub" => {
                            self.held.lock().unwrap().remove(key);
                        }
                        _ if matches!(mode, Mode::Silent | Mode::Dead) => {}
                        "sub" if mode == Mode::Disown => {
                            peer.send(Frame::text(format!("no {key}"))).await;
                        }
                        "sub" => {
                            self.held.lock().unwrap().insert(key.to_owned());
                            peer.send(Frame::text(format!("ack {key}"))).await;
                        }
                        _ => peer.send(Frame::text(format!("{key}=0"))).await,
                    }
                }
            }
            _ => {}
        }
    }

    async fn speak(&self, peer: &Peer) {
        let held = self.held.lock().unwrap().clone();
        let mode = self.mode();
        if mode == Mode::Garbage {
            peer.send(Frame::text("%&!")).await;
        }
        for key in held {
            let text = match mode {
                Mode::Good => format!("{key}=1"),
                Mode::Gaps => format!("gap {key}"),
                Mode::Disown => {
                    self.held.lock().unwrap().remove(&key);
                    format!("dead {key}")
                }
                _ => continue,
            };
            peer.send(Frame::text(text)).await;
        }
    }
}

/// What the sink may be told, in which order.
fn check_stream(told: &[Seen]) {
    let mut session = 0;
    let mut open = false;
    let mut silent = BTreeSet::new();
    for seen in told {
        match seen {
            Seen::Message(of, text) => {
                assert!(open && *of == session, "{text} of session {of} while {session} is open");
            }
            Seen::Event(Event::Connected { .. }) => {
                assert!(!open);
                open = true;
                session += 1;
                silent.clear();
            }
            Seen::Event(Event::Disconnected { .. }) => {
                assert!(open);
                open = false;
            }
            Seen::Event(Event::ConnectFailed { .. }) => assert!(!open),
            Seen::Event(Event::Stalled { keys: Keys::These(keys), .. }) => {
                assert!(open && silent.insert(keys[0].clone()), "{} is silent twice", keys[0]);
            }
            Seen::Event(Event::Resumed { keys: Keys::These(keys), .. }) => {
                assert!(open && silent.remove(&keys[0]), "{} was not silent", keys[0]);
            }
            // A refused key owes nothing. A surrendered one is silent still, and may resume when
            // it is tried again.
            Seen::Event(Event::SubscriptionFailed { key, .. }) => {
                silent.remove(key);
            }
            _ => {}
        }
    }
}

async fn play(steps: Vec<Step>) {
    let mut rig = rig(watchful());
    let (mode, held) = (Arc::new(Mutex::new(Mode::Good)), Arc::default());
    let venue = Venue { mode: Arc::clone(&mode), held: Arc::clone(&held) };
    let (_, unused) = ScriptedDial::new();
    let server = std::mem::replace(&mut rig.server, unused);
    let serving = tokio::spawn(venue.run(server));
    let mut wanted = BTreeSet::new();
    let key = |number: u8| format!("k{number}");
    for step in steps {
        match step {
            Step::Mode(next) => *mode.lock().unwrap() = next,
            Step::Subscribe(number) => {
                rig.handle.subscribe([key(number)]).unwrap();
                wanted.insert(key(number));
            }
            Step::Unsubscribe(number) => {
                rig.handle.unsubscribe([key(number)]);
                wanted.remove(&key(number));
            }
            Step::Resync(number) => rig.handle.resync([key(number)]),
            Step::Reconnect => rig.handle.reconnect(),
            Step::Wait(millis) => sleep(Duration::from_millis(millis)).await,
        }
    }
    *mode.lock().unwrap() = Mode::Good;
    // Keys a venue refused are asked for again with the next link.
    rig.handle.reconnect();
    sleep(Duration::from_secs(60)).await;
    let health = rig.handle.health();
    assert_eq!(*held.lock().unwrap(), wanted);
    let counts = (health.keys, health.confirmed, health.silent, health.failed);
    assert_eq!(counts, (wanted.len(), wanted.len(), 0, 0));
    rig.handle.shutdown();
    rig.running.await.unwrap();
    serving.abort();
    check_stream(&rig.sink.take());
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if std::env::var_os("ARB_LONG").is_some() { 5_000 } else { 60 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn once_the_venue_behaves_everything_wanted_is_live(
        steps in prop::collection::vec(step(), 1..40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(play(steps));
    }
}

/// The sink of a history is looked at as a whole; this shows that the look finds something.
#[test]
#[should_panic(expected = "while 1 is open")]
fn a_late_message_would_be_found() {
    let connected = || Seen::Event(Event::Connected { took: Duration::ZERO });
    check_stream(&[connected(), Seen::Message(0, "late".to_owned())]);
}

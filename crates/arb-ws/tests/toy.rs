//! A venue small enough to read at a glance, for the tests of this crate.
//!
//! Client: `sub a b`, `unsub a`, `snap a`. Server: `ack a`, `a=1` (data), `no a` (refused),
//! `gap a`, `missed`, `dead a`, `later a` (in 5 s), `bye` (reconnect, please), `old a`; anything else is unreadable.

#![allow(dead_code, reason = "shared by several test programs, none of which uses all of it")]

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arb_ws::testing::{Collected, ScriptedDial, ScriptedServer, Seen};
use arb_ws::{
    AfterRefusal, BoxError, Connection, ConnectionConfig, Event, Fixed, Handle, Handshake,
    KeepAlive, Key, KeyId, Outbox, Refusal, Session, Stopped, Verdict,
};
use time::OffsetDateTime;
use tokio::task::JoinHandle;

#[derive(Default)]
pub(crate) struct Toy {
    pub(crate) keys: HashMap<Vec<u8>, KeyId>,
    pub(crate) keep_alive: Option<KeepAlive>,
    pub(crate) url: String,
    pub(crate) handshakes: u32,
    pub(crate) stop_on: Option<u16>,
    /// Only `a==1` (a snapshot) answers a subscription or a resync.
    pub(crate) snapshots: bool,
}

impl Toy {
    fn names(keys: &[Key]) -> String {
        keys.iter().map(|key| &*key.name).collect::<Vec<_>>().join(" ")
    }
}

impl Session for Toy {
    fn handshake(&mut self, _now: OffsetDateTime) -> Result<Handshake, BoxError> {
        self.handshakes += 1;
        let url = if self.url.is_empty() { "ws://toy/feed" } else { &self.url };
        Ok(Handshake::new(url).with_header("x-attempt", self.handshakes.to_string()))
    }

    fn on_open(&mut self, _out: &mut Outbox) {
        self.keys.clear();
    }

    fn on_frame(&mut self, payload: &[u8], out: &mut Outbox) -> Verdict {
        let text = std::str::from_utf8(payload).unwrap_or_default();
        let key = |name: &str| self.keys.get(name.as_bytes()).copied();
        if let Some((name, _)) = text.split_once('=') {
            if let Some(key) = key(name) {
                out.touch(key);
            }
            if text.contains("==") {
                out.snapshot();
            }
            return Verdict::Data;
        }
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        match (word, key(rest)) {
            ("ack", Some(key)) => out.confirm(key),
            ("no", Some(key)) => out.fail(key, "refused"),
            ("later", Some(key)) => out.defer(key, Duration::from_secs(5)),
            ("gap", Some(key)) => out.gap(key),
            ("dead", Some(key)) => out.resubscribe(key),
            ("missed", _) => out.missed(),
            ("bye", _) => out.reconnect("bye"),
            ("pong", _) => out.pong(),
            ("old", Some(key)) => {
                out.touch(key);
                out.venue_time(OffsetDateTime::UNIX_EPOCH);
                return Verdict::Data;
            }
            _ => return Verdict::Invalid("unreadable"),
        }
        Verdict::Control
    }

    fn subscribe(&mut self, keys: &[Key], out: &mut Outbox) {
        out.send_text(format!("sub {}", Self::names(keys)));
        for key in keys {
            self.keys.insert(key.name.as_bytes().to_vec(), key.id);
        }
    }

    fn unsubscribe(&mut self, keys: &[Key], out: &mut Outbox) {
        out.send_text(format!("unsub {}", Self::names(keys)));
        for key in keys {
            self.keys.remove(key.name.as_bytes());
        }
    }

    fn resync(&mut self, keys: &[Key], out: &mut Outbox) {
        out.send_text(format!("snap {}", Self::names(keys)));
    }

    fn answers_with_snapshots(&self) -> bool {
        self.snapshots
    }

    fn keep_alive(&self) -> Option<KeepAlive> {
        self.keep_alive.clone()
    }

    fn on_refused(&mut self, refusal: &Refusal, _now: OffsetDateTime) -> AfterRefusal {
        if self.stop_on == Some(refusal.status) {
            AfterRefusal::Stop
        } else {
            AfterRefusal::Default
        }
    }
}

/// A configuration without waits and without watchdogs: a test adds the one it is about.
pub(crate) fn config() -> ConnectionConfig {
    let mut config = ConnectionConfig::new("toy", 0);
    config.backoff = Arc::new(Fixed(Duration::from_millis(100)));
    config.ping_every = None;
    config.stall_after = None;
    config.probe_after = None;
    config.watch.first_data_within = None;
    config.watch.silence = None;
    config.watch.ack_within = Duration::from_secs(3600);
    config
}

pub(crate) struct Rig {
    pub(crate) handle: Handle,
    pub(crate) server: ScriptedServer,
    pub(crate) sink: Collected,
    pub(crate) running: JoinHandle<Stopped>,
}

pub(crate) fn rig(config: ConnectionConfig) -> Rig {
    rig_with(config, Toy::default())
}

pub(crate) fn rig_with(config: ConnectionConfig, toy: Toy) -> Rig {
    let (dial, server) = ScriptedDial::new();
    let (connection, handle) = Connection::new(config, Arc::new(dial), Box::new(toy));
    let sink = Collected::default();
    let running = tokio::spawn(connection.run(sink.clone()));
    Rig { handle, server, sink, running }
}

/// What the sink saw, in short words, without what we sent.
pub(crate) fn seen(sink: &Collected) -> Vec<String> {
    sink.take()
        .into_iter()
        .filter_map(|seen| match seen {
            Seen::Message(session, text) => Some(format!("{session}:{text}")),
            Seen::Event(event) => Some(name(&event)),
            _ => None,
        })
        .collect()
}

pub(crate) fn name(event: &Event) -> String {
    use arb_ws::Keys;
    let keys = |keys: &Keys| match keys {
        Keys::All => "all".to_owned(),
        Keys::These(keys) => keys.join(" "),
    };
    match event {
        Event::Connected { .. } => "connected".to_owned(),
        Event::ConnectFailed { planned, .. } => {
            if *planned { "planned failure" } else { "connect failed" }.to_owned()
        }
        Event::Disconnected { cause, .. } => format!("disconnected {}", cause.label()),
        Event::Gap { cause, keys: of } => format!("gap {cause:?} {}", keys(of)),
        Event::Stalled { keys: of, .. } => format!("stalled {}", keys(of)),
        Event::Resumed { keys: of, .. } => format!("resumed {}", keys(of)),
        Event::SubscriptionFailed { key, .. } => format!("failed {key}"),
        Event::Surrendered { key } => format!("surrendered {key}"),
        other => format!("{other:?}"),
    }
}

/// Lets every ready task run; under paused time nothing else moves.
pub(crate) async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

//! One WebSocket session: what the client says goes to the world, what waits goes to the client.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};
use tokio_tungstenite::tungstenite::{Bytes, Message, Utf8Bytes};

use super::listener::Backstage;
use crate::connection::{Act, Client};
use crate::fault::{Fault, Venue};

type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// Longest wait for a client's answer to our close.
const FAREWELL: Duration = Duration::from_secs(1);

pub(super) async fn run(io: Upgraded, id: u64, backstage: &Backstage) {
    let socket = WebSocketStream::from_raw_socket(TokioIo::new(io), Role::Server, None).await;
    let (mut sink, mut stream) = socket.split();
    tokio::select! {
        () = read(&mut stream, id, backstage) => {}
        end = write(&mut sink, id, backstage) => {
            // Gone for everybody else before the client hears of it.
            backstage.shared.lock().connections.remove(&id);
            if let Some(close) = end {
                let _ = sink.send(Message::Close(Some(close))).await;
                let _ = tokio::time::timeout(FAREWELL, drain(&mut stream)).await;
            }
        }
    }
}

/// Reads until the client is gone.
async fn drain(stream: &mut futures_util::stream::SplitStream<Socket>) {
    while let Some(Ok(_)) = stream.next().await {}
}

async fn read(
    stream: &mut futures_util::stream::SplitStream<Socket>,
    id: u64,
    backstage: &Backstage,
) {
    while let Some(Ok(message)) = stream.next().await {
        if let Message::Text(text) = &message {
            let mut world = backstage.shared.lock();
            match world.connections.get(&id).map(|connection| connection.client.venue()) {
                Some(Venue::Kalshi) => world.kalshi_message(id, text),
                Some(Venue::Polymarket) => world.polymarket_message(id, text),
                None => return,
            }
        }
        let pause = {
            let mut world = backstage.shared.lock();
            let place = world.place(id, None);
            match world.faults.hit(place, |fault| matches!(fault, Fault::SlowReader { .. })) {
                Some(Fault::SlowReader { pause }) => Some(pause),
                _ => None,
            }
        };
        if let Some(pause) = pause {
            tokio::time::sleep(pause).await;
        }
    }
}

/// Writes until the venue ends the connection: `Some` to say goodbye, `None` to cut it.
async fn write(
    sink: &mut futures_util::stream::SplitSink<Socket, Message>,
    id: u64,
    backstage: &Backstage,
) -> Option<CloseFrame> {
    let (wake, ping_every, kalshi) = {
        let world = backstage.shared.lock();
        let connection = world.connections.get(&id)?;
        let kalshi = connection.client.venue() == Venue::Kalshi;
        let every = if kalshi { world.config.kalshi_ping_every } else { Duration::from_secs(1) };
        (std::sync::Arc::clone(&connection.wake), every, kalshi)
    };
    let mut beat = tokio::time::interval_at(Instant::now() + ping_every, ping_every);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let next = {
            let mut world = backstage.shared.lock();
            world.connections.get_mut(&id)?.next(Instant::now())
        };
        let due = match next {
            Ok(frame) => {
                match frame.act {
                    Act::Send(text) => {
                        sink.send(Message::Text(Utf8Bytes::from(text))).await.ok()?;
                        let mut world = backstage.shared.lock();
                        let venue = if kalshi { Venue::Kalshi } else { Venue::Polymarket };
                        world.stats_of(venue).frames += 1;
                        world.connections.get_mut(&id)?.frames += 1;
                    }
                    Act::Close(code, reason) => {
                        let code = CloseCode::from(code);
                        return Some(CloseFrame { code, reason: Utf8Bytes::from_static(reason) });
                    }
                    Act::Cut => return None,
                    Act::Pass => {}
                }
                for mark in frame.marks {
                    backstage.shared.lock().marked(mark);
                }
                continue;
            }
            Err(due) => due,
        };
        let until = async {
            match due {
                Some(due) => tokio::time::sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = wake.notified() => {}
            () = until => {}
            _ = beat.tick() => {
                if kalshi {
                    sink.send(Message::Ping(Bytes::from_static(b"heartbeat"))).await.ok()?;
                } else if silent_too_long(id, backstage) {
                    return Some(CloseFrame {
                        code: CloseCode::Policy,
                        reason: Utf8Bytes::from_static("no PING received"),
                    });
                }
            }
        }
    }
}

/// Whether a Polymarket client has not said PING for too long.
fn silent_too_long(id: u64, backstage: &Backstage) -> bool {
    let world = backstage.shared.lock();
    let limit = world.config.polymarket_ping_timeout;
    match world.connections.get(&id).map(|connection| &connection.client) {
        Some(Client::Polymarket(client)) => client.pinged.elapsed() > limit,
        _ => false,
    }
}

//! Recording live connections, and playing recordings as if they were venues.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arb_ws::capture::{CaptureReader, Line, Recorder, RecorderConfig};
use arb_ws::testing::{Collected, ScriptedDial};
use arb_ws::{
    Connection, Dial, Frame, Handshake, Link, Meta, Pace, ReplayDial, Sink, Stopped, WsError,
};
use time::OffsetDateTime;
use tokio::time::Instant;

use crate::toy::{Toy, config, seen, settle};

fn lines(folder: &Path) -> Vec<Line> {
    files(folder)
        .iter()
        .flat_map(|path| CaptureReader::open(path).unwrap().map(|line| line.unwrap()))
        .collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn short(line: &Line) -> String {
    match line {
        Line::Frame { at, frame } => format!("{}<{frame}", at.connection),
        Line::Sent { at, sent } => format!("{}>{sent}", at.connection),
        Line::Close { reason, .. } => format!("close {}", reason.clone().unwrap_or_default()),
        Line::Rest { rest, status, .. } => format!("{rest} {status}"),
        Line::Meta { meta, .. } => meta.to_string(),
        other => other.kind().to_owned(),
    }
}

#[tokio::test(start_paused = true)]
async fn a_recorded_connection_plays_back_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = RecorderConfig::new(folder.path());
    settings.meta = serde_json::json!({ "program": "test" });
    let recorder = Recorder::start(settings).unwrap();
    let (dial, mut server) = ScriptedDial::new();
    let mut clocked = config();
    // A clock of the test's own: the n-th reading is n seconds after an arbitrary moment.
    let readings = Arc::new(std::sync::atomic::AtomicI64::new(1_783_295_657));
    clocked.clock = Arc::new(move || {
        let reading = readings.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        OffsetDateTime::from_unix_timestamp(reading).unwrap()
    });
    let (connection, handle) = Connection::new(clocked, Arc::new(dial), Box::<Toy>::default());
    let live = Collected::default();
    let running = tokio::spawn(connection.run((recorder.tap(), live.clone())));
    handle.subscribe(["a"]).unwrap();
    let mut peer = server.accept().await;
    assert_eq!(peer.text().await.unwrap(), "sub a");
    peer.send(Frame::text("a=1 \"quoted\" ü")).await;
    settle().await;
    drop(peer);
    let mut peer = server.accept().await;
    assert_eq!(peer.text().await.unwrap(), "sub a");
    peer.send(Frame::text("a=2")).await;
    settle().await;
    recorder.rest("toy", "GET /book", 200, "{}", OffsetDateTime::UNIX_EPOCH);
    handle.shutdown();
    running.await.unwrap();
    let status = recorder.finish();
    assert_eq!((status.lines, status.lost), (9, 0));

    let recorded: Vec<String> = lines(folder.path()).iter().map(short).collect();
    assert_eq!(
        recorded,
        [
            r#"{"format":1,"program":"test"}"#,
            "open",
            "0>sub a",
            "0<a=1 \"quoted\" ü",
            "close broken",
            "open",
            "0>sub a",
            "0<a=2",
            "GET /book 200",
            "close shutdown",
        ]
    );

    // The same sink, fed by the recording, sees the same.
    let path = &files(folder.path())[0];
    let dial = ReplayDial::open(path, "toy", 0, Pace::Fast).unwrap();
    let (connection, handle) = Connection::new(config(), Arc::new(dial), Box::<Toy>::default());
    handle.subscribe(["a"]).unwrap();
    let played = Collected::default();
    let stopped = connection.run(played.clone()).await;
    assert!(matches!(stopped, Stopped::Failed(error) if matches!(*error, WsError::Exhausted(_))));
    let (live, played) = (seen(&live), seen(&played));
    assert_eq!(
        live[..5],
        ["connected", "1:a=1 \"quoted\" ü", "disconnected broken", "connected", "2:a=2"]
    );
    assert_eq!(played[..2], live[..2]);
    assert_eq!(played[2], "disconnected closed");
    assert_eq!(played[3..5], live[3..5]);
}

fn write_capture(folder: &Path, lines: &[&str]) -> PathBuf {
    let path = folder.join("capture.jsonl");
    std::fs::write(&path, lines.join("\n")).unwrap();
    path
}

const CAPTURE: &[&str] = &[
    r#"{"received_at_ns":0,"venue":"toy","connection":0,"frame":"a=0"}"#,
    r#"{"received_at_ns":10000000000,"venue":"toy","connection":0,"frame":"a=1"}"#,
    "not json",
    r#"{"received_at_ns":11000000000,"venue":"toy","connection":1,"frame":"b=1"}"#,
    r#"{"received_at_ns":12000000000,"venue":"other","connection":0,"frame":"x"}"#,
    r#"{"received_at_ns":14000000000,"venue":"toy","connection":0,"frame":"a=2"}"#,
];

async fn frames(dial: &ReplayDial) -> Vec<(String, i64, u128)> {
    let mut link = dial.dial(&Handshake::new("ws://ignored")).await.unwrap();
    let began = Instant::now();
    let mut frames = Vec::new();
    loop {
        match std::future::poll_fn(|cx| link.poll_recv(cx)).await.unwrap() {
            Frame::Text(text) => frames.push((
                String::from_utf8(text.to_vec()).unwrap(),
                link.received_at().unwrap().unix_timestamp(),
                began.elapsed().as_millis(),
            )),
            Frame::Close(reason) => {
                assert_eq!(reason.unwrap().code, 1000);
                return frames;
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_recording_plays_at_its_own_pace_a_multiple_or_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_capture(folder.path(), CAPTURE);
    for (pace, last) in [(Pace::RealTime, 4000), (Pace::Times(4.0), 1000), (Pace::Fast, 0)] {
        let dial = ReplayDial::open(&path, "toy", 0, pace).unwrap();
        let played = frames(&dial).await;
        let texts: Vec<&str> = played.iter().map(|(text, ..)| &**text).collect();
        assert_eq!(texts, ["a=0", "a=1", "a=2"]);
        assert_eq!(dial.bad_lines(), 1);
        assert_eq!([played[0].1, played[1].1, played[2].1], [0, 10, 14]);
        assert!(played[0].2 == 0 && played[1].2 == 0);
        assert!(played[2].2.abs_diff(last) <= 1, "{played:?}");
        let error = dial.dial(&Handshake::new("ws://ignored")).await.err().unwrap();
        assert!(matches!(error, WsError::Exhausted(_)) && !error.is_retryable());
    }
    // Another connection of the same recording keeps its distance to the first.
    let first = ReplayDial::open(&path, "toy", 0, Pace::RealTime).unwrap();
    let second = first.for_connection("toy", 1).unwrap();
    let (_, other) = tokio::join!(frames(&first), frames(&second));
    assert_eq!(other.len(), 1);
    assert!(other[0].2.abs_diff(1000) <= 1, "{other:?}");
}

#[tokio::test(start_paused = true)]
async fn every_dial_keeps_the_contract() {
    // Two links in turn: "one", "two", closed by the peer; then "three". Pings are answered.
    let folder = tempfile::tempdir().unwrap();
    let frame =
        |text| format!(r#"{{"received_at_ns":0,"venue":"toy","connection":0,"frame":"{text}"}}"#);
    let event =
        |event| format!(r#"{{"received_at_ns":0,"venue":"toy","connection":0,"event":"{event}"}}"#);
    let recorded =
        [event("open"), frame("one"), frame("two"), event("close"), event("open"), frame("three")];
    let path = write_capture(folder.path(), &recorded.each_ref().map(|line| &**line));
    let replay = ReplayDial::open(path, "toy", 0, Pace::Fast).unwrap();
    contract(&replay, "ws://replay").await;

    let (scripted, mut server) = ScriptedDial::new();
    tokio::spawn(async move {
        let mut peer = server.accept().await;
        peer.send(Frame::text("one")).await;
        peer.send(Frame::text("two")).await;
        assert_eq!(peer.recv().await, Some(Frame::Ping("are you there".into())));
        peer.send(Frame::Pong("are you there".into())).await;
        peer.send(Frame::Close(None)).await;
        let peer = server.accept().await;
        peer.send(Frame::text("three")).await;
    });
    contract(&scripted, "ws://scripted").await;

    tokio::time::resume();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        use futures_util::{SinkExt, StreamExt};
        use tokio_tungstenite::tungstenite::Message;
        let (stream, _) = listener.accept().await.unwrap();
        let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
        socket.send(Message::text("one")).await.unwrap();
        socket.send(Message::text("two")).await.unwrap();
        assert!(matches!(socket.next().await, Some(Ok(Message::Ping(_)))));
        socket.flush().await.unwrap();
        socket.close(None).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
        socket.send(Message::text("three")).await.unwrap();
        let _ = socket.next().await;
    });
    contract(&arb_ws::TungsteniteDial::new().unwrap(), &url).await;
}

async fn contract(dial: &dyn Dial, url: &str) {
    async fn next(link: &mut Box<dyn Link>) -> Frame {
        std::future::poll_fn(|cx| link.poll_recv(cx)).await.unwrap()
    }
    let mut link = dial.dial(&Handshake::new(url)).await.unwrap();
    assert_eq!(next(&mut link).await, Frame::text("one"));
    assert_eq!(next(&mut link).await, Frame::text("two"));
    link.send(Frame::Ping("are you there".into())).await.unwrap();
    assert_eq!(next(&mut link).await, Frame::Pong("are you there".into()));
    assert!(matches!(next(&mut link).await, Frame::Close(_)));
    let mut link = dial.dial(&Handshake::new(url)).await.unwrap();
    assert_eq!(next(&mut link).await, Frame::text("three"));
}

#[test]
fn a_full_queue_loses_lines_marks_the_hole_and_never_waits() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = RecorderConfig::new(folder.path());
    settings.compress = false;
    settings.queue_bytes = 1_000;
    let recorder = Recorder::start(settings).unwrap();
    let mut tap = recorder.tap().without_sent();
    let meta = Meta::new("toy", 4);
    tap.on_event(&meta, &arb_ws::Event::Connected { took: Duration::ZERO });
    // More than the queue can ever hold, then something that fits.
    tap.on_message(&meta, &[b'x'; 2_000]);
    tap.on_message(&meta, &[b'y'; 2_000]);
    tap.on_sent(&meta, b"secret");
    tap.on_message(&meta, b"z");
    let status = recorder.finish();
    assert_eq!((status.lines, status.lost), (2, 2));
    let recorded: Vec<String> = lines(folder.path()).iter().map(short).collect();
    assert_eq!(
        recorded,
        [
            r#"{"format":1}"#,
            "open",
            r#"{"gap":2}"#,
            "close recording gap: 2 lines lost",
            "open",
            "4<z"
        ]
    );
}

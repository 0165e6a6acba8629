//! What does a supervised connection cost beside bare tokio-tungstenite: CPU a message, and time from socket to sink in a burst?
//!
//! Both readers take the same bytes from the same server over loopback, each on a thread and a runtime of its own, one after
//! the other in turns. The supervised one has all on that is on by default: stamp, health with the venue's latency, watchdogs,
//! panic guard. Before anything is timed both must have read the same. CPU is the reading thread's own, by the kernel's count.
#![expect(clippy::print_stdout, reason = "the figures are the result")]
#![expect(clippy::unwrap_used, reason = "a bench stops at the first surprise")]

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use arb_ws::{
    BoxError, Connection, ConnectionConfig, Handshake, Key, Meta, Outbox, Session, Sink,
    TungsteniteDial, Verdict,
};
use futures_util::StreamExt;
use time::OffsetDateTime;
use tokio_tungstenite::tungstenite;

/// Bytes of a message, as of a Kalshi delta.
const MESSAGE: usize = 200;
/// Digits at its beginning: nanoseconds since the bench began.
const STAMP: usize = 20;

/// What a reader does with each message; `true` ends it.
type OnMessage = Box<dyn FnMut(&[u8]) -> bool + Send>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reader {
    Bare,
    Supervised,
}

/// One WebSocket message as a server sends it: a text frame of 200 bytes.
fn framed(stamp: u64) -> Vec<u8> {
    let mut frame = vec![0x81, 126, 0, MESSAGE as u8];
    frame.extend(format!("{stamp:0STAMP$}").bytes());
    frame.resize(4 + MESSAGE, b'x');
    frame
}

fn stamp_of(payload: &[u8]) -> u64 {
    payload[..STAMP].iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'))
}

/// A venue with one key that is in every message.
#[derive(Default)]
struct OneKey {
    url: String,
    key: Option<Key>,
    at: Option<OffsetDateTime>,
}

impl Session for OneKey {
    fn handshake(&mut self, now: OffsetDateTime) -> Result<Handshake, BoxError> {
        self.at = Some(now);
        Ok(Handshake::new(self.url.clone()))
    }
    fn on_open(&mut self, _out: &mut Outbox) {}
    fn on_frame(&mut self, _payload: &[u8], out: &mut Outbox) -> Verdict {
        if let (Some(key), Some(at)) = (&self.key, self.at) {
            out.touch(key.id);
            out.venue_time(at);
        }
        Verdict::Data
    }
    fn subscribe(&mut self, keys: &[Key], out: &mut Outbox) {
        self.key = keys.first().cloned();
        out.send_text("ready");
    }
    fn unsubscribe(&mut self, _keys: &[Key], _out: &mut Outbox) {}
}

struct Handler {
    on_message: OnMessage,
    handle: Option<arb_ws::Handle>,
}

impl Sink for Handler {
    fn on_message(&mut self, _meta: &Meta, payload: &[u8]) {
        if (self.on_message)(payload)
            && let Some(handle) = &self.handle
        {
            handle.shutdown();
        }
    }
}

async fn read_bare(url: String, mut on_message: OnMessage) {
    use futures_util::SinkExt;
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    socket.send(tungstenite::Message::text("ready")).await.unwrap();
    while let Some(Ok(message)) = socket.next().await {
        if message.is_text() && on_message(&message.into_data()) {
            return;
        }
    }
}

async fn read_supervised(url: String, on_message: OnMessage) {
    let dial = Arc::new(TungsteniteDial::new().unwrap());
    let session = Box::new(OneKey { url, ..OneKey::default() });
    let (connection, handle) = Connection::new(ConnectionConfig::new("bench", 0), dial, session);
    handle.subscribe(["key"]).unwrap();
    connection.run(Handler { on_message, handle: Some(handle.clone()) }).await;
    assert_eq!(handle.health().gaps, 0, "nothing is lost");
}

/// Starts a reader on a thread of its own; the stream to write frames to.
fn start(reader: Reader, on_message: OnMessage) -> (TcpStream, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        match reader {
            Reader::Bare => runtime.block_on(read_bare(url, on_message)),
            Reader::Supervised => runtime.block_on(read_supervised(url, on_message)),
        }
    });
    let (stream, _) = listener.accept().unwrap();
    stream.set_nodelay(true).unwrap();
    let mut socket = tungstenite::accept(stream).unwrap();
    assert_eq!(socket.read().unwrap(), tungstenite::Message::text("ready"));
    (socket.get_ref().try_clone().unwrap(), thread)
}

/// Nanoseconds this thread has run, by the kernel's count.
fn thread_cpu() -> u64 {
    let mut text = String::new();
    std::fs::File::open("/proc/thread-self/schedstat").unwrap().read_to_string(&mut text).unwrap();
    text.split(' ').next().unwrap().parse().unwrap()
}

/// Counts messages, measures the thread's CPU between two counts, and tells after each batch.
fn counting(
    from: usize,
    to: usize,
    batch: usize,
    told: SyncSender<()>,
    cpu: SyncSender<u64>,
) -> OnMessage {
    let (mut count, mut began) = (0, 0);
    Box::new(move |payload| {
        std::hint::black_box(payload);
        count += 1;
        if count == from {
            began = thread_cpu();
        } else if count == to {
            cpu.send(thread_cpu() - began).unwrap();
        }
        if count % batch == 0 {
            // Nobody waits any more after the last one.
            let _ = told.send(());
        }
        count >= to
    })
}

/// CPU nanoseconds a message, `batch` of them in each write and hence in each read.
fn cpu_in_batches(reader: Reader, batches: usize, batch: usize) -> f64 {
    let (told, hear) = sync_channel(1);
    let (cpu, result) = sync_channel(1);
    let (from, to) = (batches / 10 * batch, batches * batch);
    let (mut stream, thread) = start(reader, counting(from, to, batch, told, cpu));
    let bytes: Vec<u8> = (0..batch).flat_map(|n| framed(n as u64)).collect();
    for _ in 0..batches {
        stream.write_all(&bytes).unwrap();
        hear.recv().unwrap();
    }
    finish(&result, stream, thread, to - from)
}

/// CPU nanoseconds a message, each in a write of its own, so often.
fn cpu_paced(reader: Reader, messages: usize, every: Duration) -> f64 {
    let (told, _hear) = sync_channel(1);
    let (cpu, result) = sync_channel(1);
    let from = messages / 10;
    let (mut stream, thread) = start(reader, counting(from, messages, messages, told, cpu));
    let frame = framed(7);
    pace(messages, every, || stream.write_all(&frame).unwrap());
    finish(&result, stream, thread, messages - from)
}

fn finish(
    result: &Receiver<u64>,
    stream: TcpStream,
    thread: JoinHandle<()>,
    messages: usize,
) -> f64 {
    let nanos = result.recv().unwrap();
    drop(stream);
    thread.join().unwrap();
    nanos as f64 / messages as f64
}

/// Calls `send` so many times at even distances.
fn pace(count: usize, every: Duration, mut send: impl FnMut()) {
    let began = Instant::now();
    for number in 0..count {
        let due = every * number as u32;
        while began.elapsed() < due {
            std::hint::spin_loop();
        }
        send();
    }
}

/// Both readers in turns; the medians, and their ratio.
fn compare(what: &str, mark: f64, rounds: usize, mut measure: impl FnMut(Reader) -> f64) {
    let mut times: [Vec<f64>; 2] = Default::default();
    for round in 0..rounds {
        let order = if round % 2 == 0 {
            [Reader::Bare, Reader::Supervised]
        } else {
            [Reader::Supervised, Reader::Bare]
        };
        for reader in order {
            times[usize::from(reader == Reader::Supervised)].push(measure(reader));
        }
    }
    let [bare, ours] = times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    });
    println!(
        "{what}: bare {bare:.0} ns, supervised {ours:.0} ns a message, {:.2} times (mark {mark})",
        ours / bare
    );
}

/// Sends the same bursts to both readers in turns and prints how long each message took from before the write to the sink.
fn bursts(frames: usize, within: Duration, count: usize) {
    let base = Instant::now();
    let since = move || u64::try_from(base.elapsed().as_nanos()).unwrap();
    let total = frames * count;
    let mut readers: Vec<_> = [Reader::Bare, Reader::Supervised]
        .into_iter()
        .map(|reader| {
            let (done, times) = sync_channel(1);
            let mut took = Vec::with_capacity(total);
            let on_message: OnMessage = Box::new(move |payload| {
                took.push(since() - stamp_of(payload));
                if took.len() == total {
                    done.send(std::mem::take(&mut took)).unwrap();
                    return true;
                }
                false
            });
            let (stream, thread) = start(reader, on_message);
            (stream, thread, times)
        })
        .collect();
    for round in 0..count {
        for turn in 0..2 {
            let stream = &mut readers[(round + turn) % 2].0;
            pace(frames, within / frames as u32, || stream.write_all(&framed(since())).unwrap());
            std::thread::sleep(Duration::from_millis(2));
        }
    }
    println!("{frames} frames in {within:?}, {count} times, µs from the write to the sink:");
    let mut quantiles = Vec::new();
    for ((stream, thread, times), name) in readers.into_iter().zip(["bare", "supervised"]) {
        let mut times = times.recv().unwrap();
        drop(stream);
        thread.join().unwrap();
        times.sort_unstable();
        let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize] as f64 / 1_000.0;
        let found = [at(0.5), at(0.99), at(0.999), at(1.0)];
        println!(
            "  {name}: p50 {:.1}, p99 {:.1}, p99.9 {:.1}, max {:.1}",
            found[0], found[1], found[2], found[3]
        );
        quantiles.push(found);
    }
    let ratios: Vec<String> =
        (0..4).map(|at| format!("{:.2}", quantiles[1][at] / quantiles[0][at])).collect();
    println!("  times the bare reader's: {} (mark 3)", ratios.join(", "));
}

/// Both readers read the same before anything is timed.
fn gate() {
    let read = |reader| {
        let (done, result) = sync_channel(1);
        let (mut hasher, mut count) = (DefaultHasher::new(), 0);
        let on_message: OnMessage = Box::new(move |payload| {
            payload.hash(&mut hasher);
            count += 1;
            if count == 10_000 {
                done.send(hasher.finish()).unwrap();
            }
            count == 10_000
        });
        let (mut stream, thread) = start(reader, on_message);
        let bytes: Vec<u8> = (0..10_000).flat_map(framed).collect();
        stream.write_all(&bytes).unwrap();
        let hash = result.recv_timeout(Duration::from_secs(60)).unwrap();
        drop(stream);
        thread.join().unwrap();
        hash
    };
    assert_eq!(read(Reader::Bare), read(Reader::Supervised), "the readers read different messages");
}

fn main() {
    // `cargo bench -- --test` and `cargo test --benches` want to see it run, not its figures.
    let quick = std::env::args().any(|argument| argument == "--test");
    gate();
    let (rounds, batches, paced, repeats) =
        if quick { (1, 100, 1_000, 2) } else { (11, 10_000, 10_000, 100) };
    compare("64 messages a read", 1.5, rounds, |reader| cpu_in_batches(reader, batches, 64));
    compare("one message each 100 µs", 1.15, rounds, |reader| {
        cpu_paced(reader, paced, Duration::from_micros(100))
    });
    bursts(260, Duration::from_millis(100), repeats);
    bursts(49, Duration::from_millis(10), repeats * 5);
}

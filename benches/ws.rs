//! What does a supervised connection cost beside bare tokio-tungstenite?
//!
//! Both readers take the same bytes from the same server over loopback, each on a thread and a runtime of its own, in turns. The
//! supervised one has all on that is on by default: stamp, health with the venue's latency, watchdogs, panic guard.
//!
//! CPU is the reading thread's own, by the kernel's count, for messages of 200 bytes that nobody looks at. Bursts are real frames of
//! both venues, ten times as dense as the densest recorded and in clumps, so that some queue; our side has the venues' own sessions
//! and the pipeline in its sink, and its time ends when the frame is judged: decoded, applied, sized, assessed, published. The
//! bare reader's ends when it has the frame.
//!
//! Before anything is timed both must have read the same, and ours must have found what the pipeline finds when it is fed directly.
//! Filters are parts of the names below.
#![expect(clippy::print_stdout, reason = "the figures are the result")]
#![expect(clippy::unwrap_used, reason = "a bench stops at the first surprise")]

mod burst;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use arb_benches::measured;
use arb_benches::stream::Stream;
use arb_ws::{
    BoxError, Connection, ConnectionConfig, Handshake, Key, Meta, Outbox, Session, Sink,
    TungsteniteDial, Verdict,
};
use futures_util::StreamExt;
use time::OffsetDateTime;
use tokio_tungstenite::tungstenite;

use crate::burst::{Burst, Times};

/// Bytes of a message, as of a Kalshi delta.
const MESSAGE: usize = 200;
/// What a reader does with each message; `true` ends it.
type OnMessage = Box<dyn FnMut(&[u8]) -> bool + Send>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reader {
    Bare,
    Supervised,
}

/// A message that says its number.
fn message(number: u64) -> Vec<u8> {
    let mut message = format!("{number:020}").into_bytes();
    message.resize(MESSAGE, b'x');
    message
}

/// Appends a text message's frame as a server sends it.
fn framed(payload: &[u8], frames: &mut Vec<u8>) {
    frames.push(0x81);
    match payload.len() {
        short @ ..126 => frames.push(short as u8),
        middle @ ..0x1_0000 => {
            frames.push(126);
            frames.extend((middle as u16).to_be_bytes());
        }
        long => {
            frames.push(127);
            frames.extend((long as u64).to_be_bytes());
        }
    }
    frames.extend(payload);
}

/// The frames of so many messages.
fn batch(messages: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    (0..messages as u64).for_each(|number| framed(&message(number), &mut bytes));
    bytes
}

fn in_runtime(work: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work);
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
    let thread = std::thread::spawn(move || match reader {
        Reader::Bare => in_runtime(read_bare(url, on_message)),
        Reader::Supervised => in_runtime(read_supervised(url, on_message)),
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

/// CPU nanoseconds a message, `size` of them in each write and hence in each read.
fn cpu_in_batches(reader: Reader, batches: usize, size: usize) -> f64 {
    let (told, hear) = sync_channel(1);
    let (cpu, result) = sync_channel(1);
    let (from, to) = (batches / 10 * size, batches * size);
    let (mut stream, thread) = start(reader, counting(from, to, size, told, cpu));
    let bytes = batch(size);
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
    let (frame, began) = (batch(1), Instant::now());
    for number in 0..messages as u32 {
        pace(began, every * number);
        stream.write_all(&frame).unwrap();
    }
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

/// Waits, awake, until so long after.
fn pace(began: Instant, due: Duration) {
    while began.elapsed() < due {
        std::hint::spin_loop();
    }
}

/// What to do: all or what is named, and for the figures or only to see it run.
struct Run {
    quick: bool,
    filters: Vec<String>,
}

impl Run {
    /// `cargo bench -- --test` and `cargo test --benches`, which does not say `--bench`, want to see it run, not its figures.
    fn of_arguments() -> Self {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        let (flags, filters): (Vec<_>, Vec<_>) =
            arguments.into_iter().partition(|argument| argument.starts_with('-'));
        let said = |flag: &str| flags.iter().any(|said| said == flag);
        Self { quick: said("--test") || !said("--bench"), filters }
    }

    fn wants(&self, name: &str) -> bool {
        self.filters.is_empty() || self.filters.iter().any(|filter| name.contains(&**filter))
    }

    /// Figures of a quick run are none.
    fn keep(&self, name: &str, nanos: f64) {
        if !self.quick {
            measured::keep(name, nanos);
        }
    }

    /// CPU of both readers in turns; the medians, and their ratio.
    fn compare(&self, name: &str, rounds: usize, measure: impl Fn(Reader) -> f64) {
        if !self.wants(name) {
            return;
        }
        let mut times: [Vec<f64>; 2] = Default::default();
        for round in 0..if self.quick { 1 } else { rounds } {
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
            "{name}: bare {bare:.0} ns, supervised {ours:.0} ns of CPU a message, {:.2} times",
            ours / bare
        );
        self.keep(&format!("{name}/bare"), bare);
        self.keep(&format!("{name}/supervised"), ours);
    }

    /// The same bursts to both readers in turns; how long each frame took.
    fn bursts(&self, name: &str, stream: &Stream, burst: &Burst) {
        if !self.wants(name) {
            return;
        }
        println!("{name}, {} times, µs from the write on:", burst.times);
        let all = burst::measure(burst, stream);
        let bare = all[0].quantiles;
        for Times { what, count, quantiles } in all {
            let mut line = format!("  {what}, {count} frames:");
            for (at, quantile) in ["p50", "p99", "p99.9", "max"].into_iter().enumerate() {
                let nanos = quantiles[at];
                let times = nanos / bare[at];
                line += &format!(" {quantile} {:.1} ({times:.2} times bare),", nanos / 1_000.0);
                self.keep(&format!("{name}/{what}_{quantile}"), nanos);
            }
            println!("{}", line.trim_end_matches(','));
        }
    }
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
        stream.write_all(&batch(10_000)).unwrap();
        let hash = result.recv_timeout(Duration::from_secs(60)).unwrap();
        drop(stream);
        thread.join().unwrap();
        hash
    };
    assert_eq!(read(Reader::Bare), read(Reader::Supervised), "the readers read different messages");
}

fn main() {
    arb_benches::measured::began("ws");
    let run = Run::of_arguments();
    gate();
    let (batches, paced) = if run.quick { (100, 1_000) } else { (10_000, 10_000) };
    run.compare("ws_cpu_64_a_read", 11, |reader| cpu_in_batches(reader, batches, 64));
    run.compare("ws_cpu_each_100us", 11, |reader| {
        cpu_paced(reader, paced, Duration::from_micros(100))
    });
    // Ten times what real feeds did at their densest: 260 frames in 100 ms and 49 in 10 ms.
    let bursts = [
        ("ws_burst_2600_in_100ms", 2_600, Duration::from_millis(100), 100),
        ("ws_burst_490_in_10ms", 490, Duration::from_millis(10), 500),
    ]
    .map(|(name, frames, within, times)| {
        (name, Burst { frames, within, times: if run.quick { 2 } else { times } })
    });
    let wanted = bursts.iter().filter(|(name, _)| run.wants(name));
    let Some(changes) = wanted.map(|(_, burst)| burst.frames * burst.times).max() else { return };
    let stream = Stream::new(burst::PAIRS, changes);
    for (name, burst) in &bursts {
        run.bursts(name, &stream, burst);
    }
}

//! Both venues' frames in bursts over loopback: to a bare reader, and to our connections with the pipeline behind them.

use std::cell::RefCell;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use arb_benches::contender::{Contender, Tally};
use arb_benches::ours::Ours;
use arb_benches::random::Random;
use arb_benches::stream::{Frame, Stream};
use arb_normalize::{Timestamp, Venue};
use arb_venues::ClockOffset;
use arb_venues::kalshi::{KalshiCredentials, KalshiSession};
use arb_venues::polymarket::PolymarketSession;
use arb_ws::{Connection, ConnectionConfig, Handle, Meta, Session, Sink, TungsteniteDial};
use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::{self, Message};

use crate::{Reader, framed, in_runtime};

/// As many as one of Kalshi's subscriptions holds.
pub(crate) const PAIRS: usize = 500;
/// Most frames that are sent back to back.
const CLUMP: u64 = 32;
/// How the venue's acknowledgements begin, and no other frame of the stream.
const ACKNOWLEDGED: &str = r#"{"id":"#;
/// A reader that takes longer than this has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// A burst, and how often it is sent.
pub(crate) struct Burst {
    pub(crate) frames: usize,
    pub(crate) within: Duration,
    pub(crate) times: usize,
}

/// One frame as a reader met it.
struct Met {
    venue: Venue,
    /// The connection's stamp, where there is one.
    received_at: Option<Timestamp>,
    /// Nanoseconds since the bench began: when it was read, or judged where it is judged.
    at: u64,
    /// It gave an opportunity.
    paid: bool,
}

/// What a reader brings home.
struct Read {
    met: Vec<Met>,
    /// Bytes of each venue's frames.
    bytes: [usize; 2],
    /// What the pipeline published, where there is one.
    tally: Option<Tally>,
}

/// A reader at its work.
struct Reading {
    base: Instant,
    pipeline: Option<Ours>,
    met: Vec<Met>,
    bytes: [usize; 2],
    /// How many were met, for the one who sends.
    count: Arc<AtomicUsize>,
}

impl Reading {
    fn frame(&mut self, venue: Venue, received_at: Option<Timestamp>, payload: &[u8]) {
        let mut paid = false;
        if let Some(pipeline) = &mut self.pipeline {
            let before = pipeline.tally().published;
            pipeline.payload(venue, received_at, payload);
            paid = pipeline.tally().published > before;
        }
        self.met.push(Met { venue, received_at, at: since(self.base), paid });
        self.bytes[place(venue)] += payload.len();
        self.count.store(self.met.len(), Ordering::Release);
    }

    fn done(self) -> Read {
        let tally = self.pipeline.map(|pipeline| pipeline.tally());
        Read { met: self.met, bytes: self.bytes, tally }
    }
}

fn since(base: Instant) -> u64 {
    u64::try_from(base.elapsed().as_nanos()).unwrap()
}

fn place(venue: Venue) -> usize {
    usize::from(venue == Venue::Polymarket)
}

/// What a supervised connection hands its messages to: judged on its own thread, as `scan` does.
struct Judge {
    venue: Venue,
    reading: Rc<RefCell<Reading>>,
    total: usize,
    connections: [Handle; 2],
}

impl Sink for Judge {
    fn on_message(&mut self, meta: &Meta, payload: &[u8]) {
        if payload.starts_with(ACKNOWLEDGED.as_bytes()) {
            return;
        }
        let received_at = Timestamp::from_nanos(meta.received_at_ns());
        let mut reading = self.reading.borrow_mut();
        reading.frame(self.venue, received_at, payload);
        if reading.met.len() == self.total {
            self.connections.iter().for_each(Handle::shutdown);
        }
    }
}

async fn read_bare(urls: [String; 2], reading: Rc<RefCell<Reading>>) {
    let read = async |venue: Venue, url: &str| {
        let (mut socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
        socket.send(Message::text("ready")).await.unwrap();
        while let Some(Ok(message)) = socket.next().await {
            if let Message::Text(text) = message {
                reading.borrow_mut().frame(venue, None, text.as_bytes());
            }
        }
    };
    let [kalshi, polymarket] = urls;
    tokio::join!(read(Venue::Kalshi, &kalshi), read(Venue::Polymarket, &polymarket));
}

async fn read_supervised(
    urls: [String; 2],
    keys: [Vec<String>; 2],
    reading: Rc<RefCell<Reading>>,
    total: usize,
) {
    let dial = Arc::new(TungsteniteDial::new().unwrap());
    let connect = |venue: &str, session: Box<dyn Session>, keys: Vec<String>| {
        let mut config = ConnectionConfig::new(venue, 0);
        config.chunk = keys.len();
        let (connection, handle) = Connection::new(config, dial.clone(), session);
        handle.subscribe(keys).unwrap();
        (connection, handle)
    };
    let credentials = Arc::new(KalshiCredentials::from_ed25519_seed("bench", &[1; 32]).unwrap());
    let kalshi = KalshiSession::new(&urls[0], credentials, ClockOffset::new("kalshi"));
    let polymarket = PolymarketSession::new(&urls[1]);
    let [tickers, tokens] = keys;
    let (kalshi, ours) = connect("kalshi", Box::new(kalshi), tickers);
    let (polymarket, theirs) = connect("polymarket", Box::new(polymarket), tokens);
    let connections = [ours, theirs];
    let judge = |venue| {
        let (reading, connections) = (reading.clone(), connections.clone());
        Judge { venue, reading, total, connections }
    };
    tokio::join!(kalshi.run(judge(Venue::Kalshi)), polymarket.run(judge(Venue::Polymarket)));
    for health in connections.iter().map(Handle::health) {
        assert_eq!((health.gaps, health.panics), (0, 0), "nothing is lost");
        assert_eq!(health.session, 1, "the link held");
    }
}

/// A reader with the sockets that feed it, and what was sent.
struct Fed {
    streams: [TcpStream; 2],
    thread: JoinHandle<Read>,
    count: Arc<AtomicUsize>,
    base: Instant,
    /// When each venue's frames were sent, in their order.
    sent: [Vec<u64>; 2],
    random: Random,
}

impl Fed {
    /// A reader that has seen the snapshots.
    fn new(reader: Reader, stream: &Stream, changes: usize, base: Instant) -> Self {
        let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let urls = listeners.each_ref().map(|at| format!("ws://{}/", at.local_addr().unwrap()));
        let tickers = stream.names.iter().map(|names| names.ticker.clone()).collect();
        let tokens = stream.names.iter().flat_map(|names| names.tokens.clone()).collect();
        let total = stream.opening.len() + changes;
        let count = Arc::new(AtomicUsize::new(0));
        let pipeline = (reader == Reader::Supervised).then(|| Ours::new(stream));
        let (met, bytes) = (Vec::with_capacity(total), [0; 2]);
        let reading = Reading { base, pipeline, met, bytes, count: count.clone() };
        let thread = std::thread::spawn(move || {
            let reading = Rc::new(RefCell::new(reading));
            in_runtime(async {
                match reader {
                    Reader::Bare => read_bare(urls, reading.clone()).await,
                    Reader::Supervised => {
                        read_supervised(urls, [tickers, tokens], reading.clone(), total).await;
                    }
                }
            });
            Rc::into_inner(reading).unwrap().into_inner().done()
        });
        let [kalshi, polymarket] = listeners;
        // Kalshi is also asked for its lifecycle channel.
        let kalshi = accept(&kalshi, if reader == Reader::Supervised { 2 } else { 1 });
        let streams = [kalshi, accept(&polymarket, 1)];
        let sent = [Vec::new(), Vec::new()];
        let mut fed = Self { streams, thread, count, base, sent, random: Random::new() };
        fed.clump(&stream.opening);
        fed.wait();
        fed
    }

    /// Sends frames back to back, one write for each venue.
    fn clump(&mut self, frames: &[Frame]) {
        for (place, venue) in [Venue::Kalshi, Venue::Polymarket].into_iter().enumerate() {
            let frames = frames.iter().filter(|frame| frame.venue == venue);
            let (mut bytes, mut count) = (Vec::new(), 0);
            for frame in frames {
                framed(frame.text.as_bytes(), &mut bytes);
                count += 1;
            }
            let at = since(self.base);
            self.sent[place].extend(std::iter::repeat_n(at, count));
            self.streams[place].write_all(&bytes).unwrap();
        }
    }

    /// Sends a burst in clumps of one to [`CLUMP`] frames, at even distances by their size, and waits until all are met.
    fn burst(&mut self, mut frames: &[Frame], within: Duration) {
        let each = within / frames.len() as u32;
        let began = Instant::now();
        let mut sent = 0;
        while !frames.is_empty() {
            let size = (self.random.below(CLUMP) as usize + 1).min(frames.len());
            let (clump, rest) = frames.split_at(size);
            // Asleep: awake it could keep the reader off their core. What it oversleeps is sent at once.
            std::thread::sleep((each * sent).saturating_sub(began.elapsed()));
            self.clump(clump);
            sent += size as u32;
            frames = rest;
        }
        self.wait();
    }

    /// Waits until the reader has met all that was sent.
    fn wait(&self) {
        let sent: usize = self.sent.iter().map(Vec::len).sum();
        let began = Instant::now();
        while self.count.load(Ordering::Acquire) < sent {
            assert!(began.elapsed() < PATIENCE, "the reader fell silent");
            std::thread::sleep(Duration::from_micros(200));
        }
    }

    fn end(self) -> (Read, [Vec<u64>; 2]) {
        drop(self.streams);
        (self.thread.join().unwrap(), self.sent)
    }
}

/// Takes a reader and so many commands of it; one of Kalshi's is acknowledged as the venue does.
fn accept(listener: &TcpListener, commands: usize) -> TcpStream {
    let (stream, _) = listener.accept().unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut socket = tungstenite::accept(stream).unwrap();
    for _ in 0..commands {
        let command = socket.read().unwrap().into_text().unwrap();
        let command: serde_json::Value = serde_json::from_str(&command).unwrap_or_default();
        let params = &command["params"];
        if let (Some(id), Some(channel)) = (command["id"].as_u64(), params["channels"][0].as_str())
        {
            // The stream's deltas come on the first subscription.
            let sid = if channel == "orderbook_delta" { 1 } else { 2 };
            let answer = format!(
                r#"{ACKNOWLEDGED}{id},"type":"subscribed","msg":{{"channel":"{channel}","sid":{sid}}}}}"#
            );
            socket.send(Message::text(answer)).unwrap();
        }
    }
    socket.get_ref().try_clone().unwrap()
}

/// Ours published what the pipeline publishes when it is fed the same frames at the same times without a socket.
fn agrees(read: &Read, stream: &Stream) {
    let mut direct = Ours::new(stream);
    let all = || stream.opening.iter().chain(&stream.changes);
    let mut frames = [Venue::Kalshi, Venue::Polymarket]
        .map(|venue| all().filter(move |frame| frame.venue == venue));
    for met in &read.met {
        let before = direct.tally().published;
        let frame = frames[place(met.venue)].next().unwrap();
        direct.payload(met.venue, met.received_at, frame.text.as_bytes());
        let paid = direct.tally().published > before;
        assert_eq!(met.paid, paid, "a frame gives an opportunity or it does not, socket or not");
    }
    let tally = direct.tally();
    assert!(tally.published > 0, "the stream has opportunities");
    assert_eq!(read.tally, Some(tally), "the same opportunities, socket or not");
}

/// Nanoseconds from before the write to each frame's end, for the frames after the snapshots that `wanted` wants.
fn took(
    read: &Read,
    sent: &[Vec<u64>; 2],
    snapshots: usize,
    wanted: impl Fn(&Met) -> bool,
) -> Vec<u64> {
    let mut sent = sent.each_ref().map(|times| times.iter());
    let mut times = Vec::with_capacity(read.met.len());
    for (at, met) in read.met.iter().enumerate() {
        let sent = sent[place(met.venue)].next().unwrap();
        if at >= snapshots && wanted(met) {
            times.push(met.at - sent);
        }
    }
    times.sort_unstable();
    times
}

/// How long frames took.
pub(crate) struct Times {
    /// What was timed: a part of a name.
    pub(crate) what: &'static str,
    pub(crate) count: usize,
    /// Nanoseconds at p50, p99, p99.9 and the longest.
    pub(crate) quantiles: [f64; 4],
}

impl Times {
    fn new(what: &'static str, times: &[u64]) -> Self {
        let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize] as f64;
        Self { what, count: times.len(), quantiles: [at(0.5), at(0.99), at(0.999), at(1.0)] }
    }
}

/// Sends the same bursts to both readers, burst by burst in turns. Both must have read all of them, and ours must have found what
/// there is to find, else this panics.
///
/// First the bare reader's times, then ours to the decision on every frame, then ours on those that gave an opportunity.
pub(crate) fn measure(burst: &Burst, stream: &Stream) -> [Times; 3] {
    let total = burst.frames * burst.times;
    let changes = &stream.changes[..total];
    let base = Instant::now();
    let [mut bare, mut ours] =
        [Reader::Bare, Reader::Supervised].map(|reader| Fed::new(reader, stream, total, base));
    for (round, frames) in changes.chunks(burst.frames).enumerate() {
        let order = if round % 2 == 0 { [&mut bare, &mut ours] } else { [&mut ours, &mut bare] };
        for fed in order {
            fed.burst(frames, burst.within);
        }
    }
    let (bare, bare_sent) = bare.end();
    let (ours, ours_sent) = ours.end();
    assert_eq!(bare.bytes, ours.bytes, "both read the same frames");
    agrees(&ours, stream);
    let snapshots = stream.opening.len();
    [
        Times::new("bare", &took(&bare, &bare_sent, snapshots, |_| true)),
        Times::new("decision", &took(&ours, &ours_sent, snapshots, |_| true)),
        Times::new("opportunity", &took(&ours, &ours_sent, snapshots, |met| met.paid)),
    ]
}

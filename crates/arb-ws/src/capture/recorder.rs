//! Records live connections without ever holding them up.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use time::OffsetDateTime;
use time::macros::format_description;

use super::writer::{NextFile, Settings, Writer};
use super::{At, Line};
use crate::error::WsError;
use crate::event::{Cause, Event, Meta};
use crate::sink::Sink;

/// Where and how to record.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RecorderConfig {
    /// The folder; it is created where it is missing.
    pub directory: PathBuf,
    /// Files are called `<prefix>-<time of the first line>-<number>.jsonl[.gz]`. Default:
    /// `capture`.
    pub prefix: String,
    /// Whether to gzip. Default: yes; recorded feeds shrink to about a tenth.
    pub compress: bool,
    /// A gzip member ends this often, so that a killed recorder loses no more. Default: 5 s.
    pub member_every: Duration,
    /// A new file after this many bytes on disk. Default: 256 MiB.
    pub rotate_bytes: u64,
    /// A new file after this time. Default: 1 h.
    pub rotate_every: Duration,
    /// Lines that may wait to be written. Default: 65,536.
    pub queue_lines: usize,
    /// Bytes of messages that may wait to be written. Default: 64 MiB.
    pub queue_bytes: usize,
    /// An object for the first line of every file: program version, fingerprints of configuration
    /// and pairs, clock offset. Default: empty.
    pub meta: serde_json::Value,
}

impl RecorderConfig {
    /// The defaults, into this folder.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            prefix: "capture".to_owned(),
            compress: true,
            member_every: Duration::from_secs(5),
            rotate_bytes: 256 * 1024 * 1024,
            rotate_every: Duration::from_secs(3600),
            queue_lines: 65_536,
            queue_bytes: 64 * 1024 * 1024,
            meta: serde_json::json!({}),
        }
    }
}

/// How a recording does.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct RecorderStatus {
    /// Lines written.
    pub lines: u64,
    /// Lines lost: the queue was full, or the disk. Each hole is marked in the recording.
    pub lost: u64,
    /// Why nothing can be written at present.
    pub failure: Option<String>,
}

/// Writes captures on a thread of its own behind a bounded queue.
///
/// A full queue or disk loses lines, counts them and marks the hole (the connections are closed
/// and opened again in the recording, so that a replay trusts no book across it); it never holds
/// up the feed. Dropping it ends the recording as [`finish`](Self::finish) does.
#[derive(Debug)]
pub struct Recorder {
    queue: Arc<Queue>,
    thread: Option<JoinHandle<()>>,
}

enum Item {
    Line(Line, usize),
    Lost(u64),
}

#[derive(Debug)]
struct Queue {
    entry: Mutex<Entry>,
    status: Mutex<RecorderStatus>,
    waiting_bytes: std::sync::atomic::AtomicUsize,
    max_bytes: usize,
}

#[derive(Debug)]
struct Entry {
    /// `None` once the recording is finished.
    items: Option<SyncSender<Item>>,
    /// Lines lost since the last one that fitted.
    lost: u64,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Queue {
    fn put(&self, line: Line) {
        use std::sync::atomic::Ordering::Relaxed;
        let bytes = line.payload_len();
        let mut entry = locked(&self.entry);
        let Entry { items: Some(items), lost } = &mut *entry else { return };
        // A hole is marked where it is: before the first line that fits again.
        if *lost > 0 && items.try_send(Item::Lost(*lost)).is_ok() {
            *lost = 0;
        }
        let fits = self.waiting_bytes.load(Relaxed) + bytes <= self.max_bytes;
        if *lost > 0 || !fits {
            *lost += 1;
            return;
        }
        self.waiting_bytes.fetch_add(bytes, Relaxed);
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) =
            items.try_send(Item::Line(line, bytes))
        {
            self.waiting_bytes.fetch_sub(bytes, Relaxed);
            *lost += 1;
        }
    }
}

impl Line {
    fn payload_len(&self) -> usize {
        match self {
            Self::Frame { frame: text, .. } | Self::Sent { sent: text, .. } => text.len(),
            Self::Rest { body, .. } => body.len(),
            Self::Open { .. } | Self::Close { .. } | Self::Meta { .. } => 0,
        }
    }
}

impl Recorder {
    /// Starts a recording.
    ///
    /// # Errors
    /// [`WsError::File`] if the folder cannot be made or the thread not started.
    pub fn start(config: RecorderConfig) -> Result<Self, WsError> {
        let failed = |doing| {
            let path = config.directory.display().to_string();
            move |source: io::Error| WsError::File { path, doing, source: Box::new(source) }
        };
        std::fs::create_dir_all(&config.directory).map_err(failed("creating the folder"))?;
        let starting = failed("starting the recorder's thread");
        let (items, incoming) = sync_channel(config.queue_lines.max(1));
        let queue = Arc::new(Queue {
            entry: Mutex::new(Entry { items: Some(items), lost: 0 }),
            status: Mutex::default(),
            waiting_bytes: 0.into(),
            max_bytes: config.queue_bytes,
        });
        let shared = Arc::clone(&queue);
        let thread = std::thread::Builder::new()
            .name("recorder".to_owned())
            .spawn(move || record(config, &incoming, &shared))
            .map_err(starting)?;
        Ok(Self { queue, thread: Some(thread) })
    }

    /// A sink that records what it is given; put it beside your own:
    /// `(recorder.tap(), pipeline)`.
    #[must_use]
    pub fn tap(&self) -> RecorderTap {
        RecorderTap { queue: Arc::clone(&self.queue), sent: true }
    }

    /// Records an answer of a REST interface. `request` must hold no secret.
    pub fn rest(
        &self,
        venue: impl Into<String>,
        request: impl Into<String>,
        status: u16,
        body: impl Into<String>,
        received_at: OffsetDateTime,
    ) {
        let received_at_ns = nanos(received_at);
        let (venue, rest, body) = (venue.into(), request.into(), body.into());
        self.queue.put(Line::Rest { received_at_ns, venue, rest, status, body });
    }

    /// Records something about the recording itself.
    pub fn meta(&self, meta: serde_json::Value, at: OffsetDateTime) {
        self.queue.put(Line::Meta { received_at_ns: nanos(at), meta });
    }

    /// How it does.
    #[must_use]
    pub fn status(&self) -> RecorderStatus {
        let pending = locked(&self.queue.entry).lost;
        let mut status = locked(&self.queue.status).clone();
        status.lost += pending;
        status
    }

    /// Writes what waits and ends the recording; taps left over do nothing from here on.
    ///
    /// Blocks until the disk has taken it.
    #[must_use]
    pub fn finish(mut self) -> RecorderStatus {
        self.stop();
        self.status()
    }

    fn stop(&mut self) {
        locked(&self.queue.entry).items = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been reported by the panic hook.
            let _ = thread.join();
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.stop();
    }
}

fn nanos(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos()).unwrap_or(0)
}

/// The thread.
fn record(config: RecorderConfig, incoming: &Receiver<Item>, queue: &Queue) {
    let next_file = files(config.directory, config.prefix, config.compress);
    let settings = Settings {
        compress: config.compress,
        member_every: config.member_every,
        rotate_bytes: config.rotate_bytes,
        rotate_every: config.rotate_every,
        meta: config.meta,
    };
    let mut writer = Writer::new(settings, next_file);
    let wait = config.member_every.min(Duration::from_secs(1)) / 2;
    loop {
        let item = incoming.recv_timeout(wait);
        let now = Instant::now();
        match item {
            Ok(Item::Line(line, bytes)) => {
                writer.write(&line, now);
                queue.waiting_bytes.fetch_sub(bytes, std::sync::atomic::Ordering::Relaxed);
            }
            Ok(Item::Lost(lines)) => writer.lose(lines),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                writer.end(now);
                publish(&writer, queue);
                return;
            }
        }
        writer.tend(now);
        publish(&writer, queue);
    }
}

fn publish(writer: &Writer, queue: &Queue) {
    let mut status = locked(&queue.status);
    status.lines = writer.lines;
    status.lost = writer.lost_total;
    if status.failure != writer.failure {
        status.failure.clone_from(&writer.failure);
        let failing = if writer.failure.is_some() { 1.0 } else { 0.0 };
        metrics::gauge!("arb_ws_recorder_failing").set(failing);
    }
    drop(status);
    metrics::counter!("arb_ws_recorder_lines_total").absolute(writer.lines);
    metrics::counter!("arb_ws_recorder_lost_lines_total").absolute(writer.lost_total);
}

/// Files in a folder; a name that is taken is passed over.
fn files(directory: PathBuf, prefix: String, compress: bool) -> NextFile {
    let format = format_description!("[year][month][day]T[hour][minute][second]Z");
    let mut number = 0_u64;
    Box::new(move |at_ns| {
        let at = OffsetDateTime::from_unix_timestamp_nanos(at_ns.into())
            .unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let at = at.format(format).map_err(io::Error::other)?;
        let ending = if compress { "jsonl.gz" } else { "jsonl" };
        loop {
            let path = directory.join(format!("{prefix}-{at}-{number:04}.{ending}"));
            number += 1;
            match OpenOptions::new().write(true).create_new(true).open(path) {
                Ok(file) => return Ok(Box::new(file) as Box<dyn Write + Send>),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    })
}

/// Records the connections it is given to as a [`Sink`].
#[derive(Debug, Clone)]
pub struct RecorderTap {
    queue: Arc<Queue>,
    sent: bool,
}

impl RecorderTap {
    /// Leaves out what we send: for a session whose messages hold secrets.
    #[must_use]
    pub fn without_sent(mut self) -> Self {
        self.sent = false;
        self
    }
}

fn at(meta: &Meta) -> At {
    At {
        received_at_ns: meta.received_at_ns(),
        venue: meta.venue.to_string(),
        connection: meta.connection,
    }
}

fn text(payload: &[u8]) -> String {
    String::from_utf8_lossy(payload).into_owned()
}

impl Sink for RecorderTap {
    fn on_message(&mut self, meta: &Meta, payload: &[u8]) {
        self.queue.put(Line::Frame { at: at(meta), frame: text(payload) });
    }

    fn on_event(&mut self, meta: &Meta, event: &Event) {
        let line = match event {
            Event::Connected { .. } => Line::Open { at: at(meta), reason: None },
            Event::Disconnected { cause, .. } => {
                let reason = match cause {
                    Cause::Closed(Some(close)) => format!("closed {} {}", close.code, close.reason),
                    cause => cause.label().to_owned(),
                };
                Line::Close { at: at(meta), reason: Some(reason.trim_end().to_owned()) }
            }
            _ => return,
        };
        self.queue.put(line);
    }

    fn on_sent(&mut self, meta: &Meta, payload: &[u8]) {
        if self.sent {
            self.queue.put(Line::Sent { at: at(meta), sent: text(payload) });
        }
    }
}

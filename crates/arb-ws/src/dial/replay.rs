//! A dial whose venue is a recording.

use std::fmt;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use time::OffsetDateTime;
use tokio::time::{Instant, Sleep, sleep_until};

use super::{Dial, Handshake, Link};
use crate::capture::{CaptureReader, Line};
use crate::error::WsError;
use crate::frame::{CloseReason, Frame};

/// How fast a recording is played.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Pace {
    /// As it was recorded.
    RealTime,
    /// So many times as fast; a number that is not positive counts as [`Pace::Fast`].
    Times(f64),
    /// Without any wait.
    Fast,
}

/// Plays one connection of a capture: each attempt to dial gives its next link, up to the
/// recorded close.
///
/// Messages keep their recorded time stamps; what we send is dropped, and pings are answered.
/// After the last line the link closes with 1000 and the next attempt fails with
/// [`WsError::Exhausted`], which ends [`Connection::run`](crate::Connection::run). Dials of one
/// recording made by [`for_connection`](Self::for_connection) share their start, so that
/// several connections keep their distance; the exact order over connections is only kept by
/// reading the capture with [`CaptureReader`]. The file is read as it is played, on the polling
/// thread. Deadlines (`stall_after` and the like) belong to the live feed: switch them off.
#[derive(Clone)]
pub struct ReplayDial {
    path: PathBuf,
    pace: Pace,
    venue: String,
    connection: u32,
    start: Arc<Start>,
    /// `None` when the recording is over.
    lines: Arc<Mutex<Option<CaptureReader>>>,
    bad_lines: Arc<AtomicU64>,
}

struct Start {
    first_ns: i64,
    began: OnceLock<Instant>,
}

impl fmt::Debug for ReplayDial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplayDial")
            .field("path", &self.path)
            .field("venue", &self.venue)
            .field("connection", &self.connection)
            .field("pace", &self.pace)
            .finish_non_exhaustive()
    }
}

impl ReplayDial {
    /// A dial that plays this connection of this capture.
    ///
    /// # Errors
    /// [`WsError::File`] if the capture cannot be opened.
    pub fn open(
        path: impl Into<PathBuf>,
        venue: impl Into<String>,
        connection: u32,
        pace: Pace,
    ) -> Result<Self, WsError> {
        let path = path.into();
        let stamps = CaptureReader::open(&path)?.flatten().map(|line| line.received_at_ns());
        let first_ns = stamps.into_iter().find(|ns| *ns > 0).unwrap_or(0);
        let lines = CaptureReader::open(&path)?;
        Ok(Self {
            pace,
            venue: venue.into(),
            connection,
            start: Arc::new(Start { first_ns, began: OnceLock::new() }),
            lines: Arc::new(Mutex::new(Some(lines))),
            bad_lines: Arc::default(),
            path,
        })
    }

    /// Lines that could not be read so far, of whatever connection they were; each is logged. What they said is missing in
    /// what is played.
    #[must_use]
    pub fn bad_lines(&self) -> u64 {
        self.bad_lines.load(Ordering::Relaxed)
    }

    /// Another connection of the same capture, with the same start.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn for_connection(
        &self,
        venue: impl Into<String>,
        connection: u32,
    ) -> Result<Self, WsError> {
        let lines = CaptureReader::open(&self.path)?;
        Ok(Self {
            venue: venue.into(),
            connection,
            lines: Arc::new(Mutex::new(Some(lines))),
            bad_lines: Arc::default(),
            ..self.clone()
        })
    }

    /// The next thing that happened on this connection.
    fn next(&self) -> Next {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(line) = lines.as_mut().and_then(Iterator::next) {
            match line {
                Ok(Line::Frame { at, frame }) if self.is_ours(&at) => {
                    return Next::Frame { ns: at.received_at_ns, frame: frame.into() };
                }
                Ok(Line::Open { at, .. }) if self.is_ours(&at) => return Next::Open,
                Ok(Line::Close { at, reason }) if self.is_ours(&at) => {
                    return Next::Close {
                        ns: at.received_at_ns,
                        reason: reason.unwrap_or_default(),
                    };
                }
                Ok(_) => {}
                Err(error) => {
                    self.bad_lines.fetch_add(1, Ordering::Relaxed);
                    tracing::warn!(path = %self.path.display(), %error, "a line of the recording is left out");
                }
            }
        }
        *lines = None;
        Next::End
    }

    fn is_ours(&self, at: &crate::capture::At) -> bool {
        at.connection == self.connection && at.venue == self.venue
    }

    fn due(&self, ns: i64) -> Option<Instant> {
        let offset =
            Duration::from_nanos(u64::try_from(ns.checked_sub(self.start.first_ns)?).ok()?);
        let offset = match self.pace {
            Pace::RealTime => offset,
            Pace::Times(speed) if speed > 0.0 && speed.is_finite() => offset.div_f64(speed),
            Pace::Times(_) | Pace::Fast => return None,
        };
        Some(*self.start.began.get_or_init(Instant::now) + offset)
    }
}

enum Next {
    Frame { ns: i64, frame: Bytes },
    Open,
    Close { ns: i64, reason: String },
    End,
}

#[async_trait]
impl Dial for ReplayDial {
    async fn dial(&self, _handshake: &Handshake) -> Result<Box<dyn Link>, WsError> {
        self.start.began.get_or_init(Instant::now);
        if self.lines.lock().unwrap_or_else(PoisonError::into_inner).is_none() {
            return Err(WsError::Exhausted(self.path.display().to_string()));
        }
        Ok(Box::new(ReplayLink {
            dial: self.clone(),
            waiting: None,
            pongs: Vec::new(),
            started: false,
            received_at: OffsetDateTime::UNIX_EPOCH,
        }))
    }
}

struct ReplayLink {
    dial: ReplayDial,
    /// What comes next, and the wait for it.
    waiting: Option<(Next, Option<Pin<Box<Sleep>>>)>,
    pongs: Vec<Bytes>,
    started: bool,
    received_at: OffsetDateTime,
}

#[async_trait]
impl Link for ReplayLink {
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Frame, WsError>> {
        if let Some(body) = self.pongs.pop() {
            return Poll::Ready(Ok(Frame::Pong(body)));
        }
        loop {
            if self.waiting.is_none() {
                let next = self.dial.next();
                let ns = match &next {
                    Next::Frame { ns, .. } | Next::Close { ns, .. } => *ns,
                    Next::Open | Next::End => 0,
                };
                let due = if ns > 0 { self.dial.due(ns) } else { None };
                self.waiting = Some((next, due.map(|due| Box::pin(sleep_until(due)))));
            }
            if let Some((_, Some(sleep))) = &mut self.waiting {
                ready!(sleep.as_mut().poll(cx));
            }
            let Some((next, _)) = self.waiting.take() else { continue };
            return Poll::Ready(match next {
                Next::Open if self.started => Err(WsError::Ended),
                Next::Open => {
                    self.started = true;
                    continue;
                }
                Next::Frame { ns, frame } => {
                    self.started = true;
                    self.received_at = OffsetDateTime::from_unix_timestamp_nanos(ns.into())
                        .unwrap_or(OffsetDateTime::UNIX_EPOCH);
                    Ok(Frame::Text(frame))
                }
                Next::Close { reason, .. } if reason.starts_with("closed 1001") => {
                    Ok(Frame::Close(Some(CloseReason::new(1001, reason))))
                }
                Next::Close { reason, .. } => {
                    Ok(Frame::Close(Some(CloseReason::new(1006, reason))))
                }
                Next::End => Ok(Frame::Close(Some(CloseReason::new(1000, "end of recording")))),
            });
        }
    }

    fn received_at(&self) -> Option<OffsetDateTime> {
        Some(self.received_at)
    }

    async fn send(&mut self, frame: Frame) -> Result<(), WsError> {
        if let Frame::Ping(body) = frame {
            self.pongs.push(body);
        }
        Ok(())
    }
}

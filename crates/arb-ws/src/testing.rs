//! Doubles for the seams: a dial that follows a script.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::dial::{Dial, Handshake, Link};
use crate::error::WsError;
use crate::frame::Frame;

/// How long the doubles wait for the client, so that a test that waits in vain fails instead of
/// hanging; under paused time an hour is over at once.
const PATIENCE: Duration = Duration::from_secs(3600);
/// Frames one end can hold for the other.
const HELD: usize = 65_536;

/// A dial whose server is the test: each attempt waits until the test accepts or refuses it.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// use arb_ws::testing::ScriptedDial;
/// use arb_ws::{Dial, Frame, Handshake};
///
/// let (dial, mut server) = ScriptedDial::new();
/// let dialling = tokio::spawn(async move { dial.dial(&Handshake::new("ws://venue")).await });
/// let mut peer = server.accept().await;
/// assert_eq!(peer.handshake.host(), "venue");
/// let mut link = dialling.await.unwrap().unwrap();
/// link.send(Frame::text("hello")).await.unwrap();
/// assert_eq!(peer.recv().await, Some(Frame::text("hello")));
/// # });
/// ```
#[derive(Clone)]
pub struct ScriptedDial {
    attempts: mpsc::Sender<Attempt>,
}

struct Attempt {
    handshake: Handshake,
    answer: tokio::sync::oneshot::Sender<Result<ScriptedLink, WsError>>,
}

impl fmt::Debug for ScriptedDial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ScriptedDial")
    }
}

/// The test's side of a [`ScriptedDial`].
pub struct ScriptedServer {
    attempts: mpsc::Receiver<Attempt>,
}

impl fmt::Debug for ScriptedServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ScriptedServer")
    }
}

impl ScriptedDial {
    /// A dial and its server.
    #[must_use]
    pub fn new() -> (Self, ScriptedServer) {
        let (attempts, taken) = mpsc::channel(1024);
        (Self { attempts }, ScriptedServer { attempts: taken })
    }
}

impl ScriptedServer {
    /// Waits for an attempt and lets it through.
    ///
    /// # Panics
    /// When every dial is gone, or none was used for an hour, which in a test is a mistake.
    ///
    /// # Cancel safety
    /// No attempt is lost when the future is dropped.
    pub async fn accept(&mut self) -> Peer {
        loop {
            let attempt = self.next().await;
            let (to_client, from_server) = mpsc::channel(HELD);
            let (to_server, from_client) = mpsc::channel(HELD);
            let link = ScriptedLink { from_server, to_server };
            // A client that gave up meanwhile is none.
            if attempt.answer.send(Ok(link)).is_ok() {
                return Peer { handshake: attempt.handshake, to_client, from_client };
            }
        }
    }

    /// Waits for an attempt and fails it; returns its handshake.
    ///
    /// # Panics
    /// When every dial is gone, or none was used for an hour.
    ///
    /// # Cancel safety
    /// No attempt is lost when the future is dropped.
    pub async fn refuse(&mut self, error: WsError) -> Handshake {
        let attempt = self.next().await;
        let _ = attempt.answer.send(Err(error));
        attempt.handshake
    }

    /// Waits for an attempt and never answers it; keep the result for as long as it shall hang.
    ///
    /// # Panics
    /// When every dial is gone, or none was used for an hour.
    ///
    /// # Cancel safety
    /// No attempt is lost when the future is dropped.
    pub async fn ignore(&mut self) -> impl Send + 'static {
        self.next().await
    }

    #[expect(clippy::expect_used, reason = "a test double: the panic is the report")]
    async fn next(&mut self) -> Attempt {
        let attempt = timeout(PATIENCE, self.attempts.recv()).await;
        attempt.expect("a client that dials within an hour").expect("a dial that is still alive")
    }
}

/// The server's end of an accepted link. Dropping it ends the link without a close frame.
pub struct Peer {
    /// What the client dialled with.
    pub handshake: Handshake,
    to_client: mpsc::Sender<Frame>,
    from_client: mpsc::Receiver<Frame>,
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peer").field("handshake", &self.handshake).finish_non_exhaustive()
    }
}

impl Peer {
    /// Sends to the client; nothing happens where it is gone.
    ///
    /// # Cancel safety
    /// The frame may or may not have been sent when the future is dropped.
    pub async fn send(&self, frame: Frame) {
        let _ = self.to_client.send(frame).await;
    }

    /// The client's next frame, pings included; `None` when it is gone.
    ///
    /// # Cancel safety
    /// No frame is lost when the future is dropped.
    pub async fn recv(&mut self) -> Option<Frame> {
        self.from_client.recv().await
    }

    /// The client's next text message as a string; pings are answered on the way. `None` when the
    /// client is gone, or said nothing for an hour.
    ///
    /// # Cancel safety
    /// No message is lost when the future is dropped.
    pub async fn text(&mut self) -> Option<String> {
        let text = async {
            loop {
                match self.recv().await? {
                    Frame::Text(text) => return Some(String::from_utf8_lossy(&text).into_owned()),
                    Frame::Ping(body) => self.send(Frame::Pong(body)).await,
                    _ => {}
                }
            }
        };
        timeout(PATIENCE, text).await.ok().flatten()
    }
}

struct ScriptedLink {
    from_server: mpsc::Receiver<Frame>,
    to_server: mpsc::Sender<Frame>,
}

#[async_trait]
impl Dial for ScriptedDial {
    async fn dial(&self, handshake: &Handshake) -> Result<Box<dyn Link>, WsError> {
        let gone = || WsError::Exhausted("a script without a server".to_owned());
        let (answer, answered) = tokio::sync::oneshot::channel();
        let attempt = Attempt { handshake: handshake.clone(), answer };
        self.attempts.send(attempt).await.map_err(|_| gone())?;
        let link = answered.await.map_err(|_| gone())??;
        Ok(Box::new(link))
    }
}

#[async_trait]
impl Link for ScriptedLink {
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Frame, WsError>> {
        self.from_server.poll_recv(cx).map(|frame| frame.ok_or(WsError::Ended))
    }

    async fn send(&mut self, frame: Frame) -> Result<(), WsError> {
        self.to_server.send(frame).await.map_err(|_| WsError::Ended)
    }
}

/// Keeps everything, for a test to look at.
#[derive(Debug, Clone, Default)]
pub struct Collected {
    seen: Arc<Mutex<VecDeque<Seen>>>,
}

/// One thing a [`Collected`] sink was given.
#[derive(Debug, Clone)]
pub enum Seen {
    /// A message: session number and text.
    Message(u64, String),
    /// An event.
    Event(crate::Event),
    /// Something we sent.
    Sent(String),
}

impl Collected {
    /// Takes what was collected so far.
    #[must_use]
    pub fn take(&self) -> Vec<Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).drain(..).collect()
    }

    fn push(&self, seen: Seen) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).push_back(seen);
    }
}

impl crate::Sink for Collected {
    fn on_message(&mut self, meta: &crate::Meta, payload: &[u8]) {
        self.push(Seen::Message(meta.session, String::from_utf8_lossy(payload).into_owned()));
    }
    fn on_event(&mut self, _meta: &crate::Meta, event: &crate::Event) {
        self.push(Seen::Event(event.clone()));
    }
    fn on_sent(&mut self, _meta: &crate::Meta, payload: &[u8]) {
        self.push(Seen::Sent(String::from_utf8_lossy(payload).into_owned()));
    }
}

//! The venue seam: a pure state machine that knows a venue's dialect and returns what to send.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use crate::dial::Handshake;
use crate::error::{BoxError, Refusal};
use crate::frame::Frame;

/// A number that stands for a key while it is subscribed, so that the data path needs no string.
///
/// Numbers are small and reused after an unsubscribe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(pub(crate) u32);

impl KeyId {
    /// A number of one's own, for tests of a session; a connection hands out its own.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// The number, for a session that keeps an array.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Something one can subscribe to, in the venue's own words: a ticker, a token, a channel.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    /// What the session names in [`Outbox`] calls.
    pub id: KeyId,
    /// The venue's word.
    pub name: Arc<str>,
}

/// What a received message was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// Market data: it counts against silence and stalls.
    Data,
    /// An acknowledgement, an error, a text pong: it says nothing about data.
    Control,
    /// A message the session cannot read, with the reason it is counted under.
    Invalid(&'static str),
}

/// A venue's text keep-alive, sent beside WebSocket pings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeepAlive {
    /// How often it is sent.
    pub every: Duration,
    /// The text, for example `PING`.
    pub text: String,
}

/// What to do after the server refused the upgrade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AfterRefusal {
    /// Wait as the configuration says: `refused_retry` for 401 and 403, `Retry-After` or the
    /// back-off for the others.
    Default,
    /// Wait this long: the session mended something, for instance its clock offset.
    RetryAfter(Duration),
    /// Give up: [`Connection::run`](crate::Connection::run) returns.
    Stop,
}

/// One venue's dialect on one connection. Pure: no I/O, no clock of its own.
///
/// A session outlives the links: [`on_open`](Self::on_open) says that a new link is open and that
/// everything the venue told the old one (ids, sequence numbers, which keys are subscribed) is
/// void. The desired keys are then subscribed anew in chunks.
pub trait Session: Send {
    /// Address and headers for the next attempt, signed for `now`.
    ///
    /// # Errors
    /// Whatever keeps the handshake from being made; it is retried like a refused handshake.
    fn handshake(&mut self, now: OffsetDateTime) -> Result<Handshake, BoxError>;

    /// A new link is open. Forget what belonged to the old one; send a login if the venue wants one.
    fn on_open(&mut self, out: &mut Outbox);

    /// A text or binary message arrived. This is the data path: find the keys and no more.
    ///
    /// The sink sees every message whatever the verdict.
    fn on_frame(&mut self, payload: &[u8], out: &mut Outbox) -> Verdict;

    /// Send what subscribes these keys. Called with at most `chunk` keys at a time.
    fn subscribe(&mut self, keys: &[Key], out: &mut Outbox);

    /// Send what unsubscribes these keys, and forget them.
    fn unsubscribe(&mut self, keys: &[Key], out: &mut Outbox);

    /// Send what makes the venue state these keys afresh (a snapshot). The default subscribes
    /// them again.
    fn resync(&mut self, keys: &[Key], out: &mut Outbox) {
        self.unsubscribe(keys, out);
        self.subscribe(keys, out);
    }

    /// Send something whose answer is data, to learn whether a quiet connection is a dead one.
    /// The default asks for a resync of the key.
    fn probe(&mut self, key: &Key, out: &mut Outbox) {
        self.resync(std::slice::from_ref(key), out);
    }

    /// Whether the venue answers every subscription and resync with a message that states the key whole, and this session
    /// marks those by [`Outbox::snapshot`]. Then nothing less is an answer: a key whose snapshot was lost is silent though
    /// its changes arrive, and is asked for again. By default any data of the key is.
    fn answers_with_snapshots(&self) -> bool {
        false
    }

    /// The venue's text keep-alive, if it has one.
    fn keep_alive(&self) -> Option<KeepAlive> {
        None
    }

    /// The server refused the upgrade at `now`. [`Refusal::date`] holds its clock.
    fn on_refused(&mut self, refusal: &Refusal, now: OffsetDateTime) -> AfterRefusal {
        let _ = (refusal, now);
        AfterRefusal::Default
    }
}

/// Where a session puts what it wants sent and what it learned. Reused, so that the data path
/// does not allocate.
#[derive(Debug, Default)]
pub struct Outbox {
    pub(crate) frames: Vec<Frame>,
    pub(crate) touched: Vec<KeyId>,
    pub(crate) confirmed: Vec<KeyId>,
    pub(crate) failed: Vec<(KeyId, Arc<str>)>,
    pub(crate) gaps: Vec<KeyId>,
    pub(crate) lost: Vec<KeyId>,
    pub(crate) deferred: Vec<(KeyId, Duration)>,
    pub(crate) missed: bool,
    pub(crate) reconnect: Option<Arc<str>>,
    pub(crate) venue_time: Option<OffsetDateTime>,
    pub(crate) pong: bool,
    pub(crate) snapshot: bool,
}

impl Outbox {
    /// An empty outbox, for tests of a session.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sends a text message.
    pub fn send_text(&mut self, text: impl Into<String>) {
        self.frames.push(Frame::text(text));
    }

    /// This message carries data of the key. The first data of a key also confirms it, since a
    /// venue may send data before (or instead of) its acknowledgement.
    pub fn touch(&mut self, key: KeyId) {
        self.touched.push(key);
    }

    /// This message states every key it touches whole, see [`Session::answers_with_snapshots`].
    pub fn snapshot(&mut self) {
        self.snapshot = true;
    }

    /// The venue acknowledged the subscription of the key.
    pub fn confirm(&mut self, key: KeyId) {
        self.confirmed.push(key);
    }

    /// The venue refused the key. It stays refused until the next connection or an unsubscribe.
    pub fn fail(&mut self, key: KeyId, reason: impl Into<Arc<str>>) {
        self.failed.push((key, reason.into()));
    }

    /// The venue cannot take the key now, for a reason that passes: it is unsubscribed and subscribed anew after
    /// `delay`, and is not watched for silence until then.
    pub fn defer(&mut self, key: KeyId, delay: Duration) {
        self.deferred.push((key, delay));
    }

    /// Messages of the key were lost: a gap is announced and the key is resynced.
    pub fn gap(&mut self, key: KeyId) {
        self.gaps.push(key);
    }

    /// The venue dropped the key's subscription (Kalshi's codes 10 and 25): a gap is announced
    /// and the key is subscribed anew.
    pub fn resubscribe(&mut self, key: KeyId) {
        self.lost.push(key);
    }

    /// Messages about no key were lost, such as those of a channel that tells of all markets: a gap of no key is announced, and
    /// nothing is resynced.
    pub fn missed(&mut self) {
        self.missed = true;
    }

    /// This link is of no more use; drop it and connect again.
    pub fn reconnect(&mut self, reason: impl Into<Arc<str>>) {
        self.reconnect = Some(reason.into());
    }

    /// When the venue stamped this message: for the latency and the maximum age.
    pub fn venue_time(&mut self, at: OffsetDateTime) {
        self.venue_time = Some(at);
    }

    /// This message answers the text keep-alive.
    pub fn pong(&mut self) {
        self.pong = true;
    }

    /// Whether this message states its keys whole.
    #[must_use]
    pub fn is_snapshot(&self) -> bool {
        self.snapshot
    }

    /// The messages put in to be sent, oldest first.
    #[must_use]
    pub fn frames(&self) -> &[Frame] {
        &self.frames
    }

    /// The keys this message carried data of.
    #[must_use]
    pub fn touched(&self) -> &[KeyId] {
        &self.touched
    }

    /// The keys the venue acknowledged.
    #[must_use]
    pub fn confirmed(&self) -> &[KeyId] {
        &self.confirmed
    }

    /// The keys the venue refused, and why.
    #[must_use]
    pub fn failed(&self) -> &[(KeyId, Arc<str>)] {
        &self.failed
    }

    /// The keys that lost messages.
    #[must_use]
    pub fn gaps(&self) -> &[KeyId] {
        &self.gaps
    }

    /// The keys whose subscription the venue dropped.
    #[must_use]
    pub fn resubscribed(&self) -> &[KeyId] {
        &self.lost
    }

    /// The keys that are to be asked for again later, and after how long.
    #[must_use]
    pub fn deferred(&self) -> &[(KeyId, Duration)] {
        &self.deferred
    }

    /// Whether messages about no key were lost.
    #[must_use]
    pub fn has_missed(&self) -> bool {
        self.missed
    }

    /// Why a new link was asked for, if it was.
    #[must_use]
    pub fn reconnect_reason(&self) -> Option<&str> {
        self.reconnect.as_deref()
    }

    /// Empties it.
    pub fn clear(&mut self) {
        self.frames.clear();
        self.clear_notes();
    }

    /// Empties everything but the frames still to be sent.
    pub(crate) fn clear_notes(&mut self) {
        self.touched.clear();
        self.confirmed.clear();
        self.failed.clear();
        self.gaps.clear();
        self.lost.clear();
        self.deferred.clear();
        self.missed = false;
        self.reconnect = None;
        self.venue_time = None;
        self.pong = false;
        self.snapshot = false;
    }

    /// Whether there is anything beyond touched keys and a time stamp, which is rare.
    pub(crate) fn is_notable(&self) -> bool {
        !(self.confirmed.is_empty()
            && self.failed.is_empty()
            && self.gaps.is_empty()
            && self.lost.is_empty()
            && self.deferred.is_empty()
            && !self.missed
            && self.reconnect.is_none()
            && !self.pong)
    }
}

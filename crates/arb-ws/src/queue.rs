//! The second way out of a feed: a handler on its own task behind a bounded queue.

use std::collections::VecDeque;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::FutureExt;
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::event::{Event, GapCause, Keys, Meta};
use crate::sink::Sink;

/// Takes messages at its own pace on its own task.
#[async_trait]
pub trait Handler: Send {
    /// A message, as [`Sink::on_message`] had it.
    async fn on_message(&mut self, meta: &Meta, payload: Bytes);

    /// An event, in order with the messages. Messages this handler lost come as [`Event::Gap`].
    async fn on_event(&mut self, meta: &Meta, event: &Event) {
        let _ = (meta, event);
    }
}

/// What a full queue does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Overflow {
    /// The oldest message makes room: for prices, where the newest matters.
    DropOldest,
    /// The new message is dropped: for records, where a run without holes matters.
    DropNewest,
}

/// How a [`handler_queue`] behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueueConfig {
    /// Messages that may wait. Default: 1,024.
    pub capacity: usize,
    /// What a full queue does. Default: the oldest message goes.
    pub overflow: Overflow,
    /// Time for one message or event; then the call is dropped and counted. Default: 5 s.
    pub timeout: Duration,
}

impl Default for QueueConfig {
    fn default() -> Self {
        Self { capacity: 1024, overflow: Overflow::DropOldest, timeout: Duration::from_secs(5) }
    }
}

/// Counts of a handler's mishaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct QueueStatus {
    /// Messages and events handled.
    pub handled: u64,
    /// Messages lost because the queue was full, and events where as many wait as four queues hold.
    pub lost: u64,
    /// Calls that took too long.
    pub timeouts: u64,
    /// Calls that panicked.
    pub panics: u64,
}

enum Item {
    Message(Meta, Bytes),
    Event(Meta, Event),
    /// So many messages or events of this connection were here.
    Lost(Meta, u64),
}

struct State {
    items: VecDeque<Item>,
    messages: usize,
    /// What made room at the front, a connection each.
    lost_before: Vec<(Meta, u64)>,
    sinks: usize,
    closed: bool,
    status: QueueStatus,
}

struct Inner {
    config: QueueConfig,
    state: Mutex<State>,
    wake: Notify,
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A queue: the sink that fills it, and the task that empties it into a handler.
///
/// Loss is part of the stream: the handler is given an [`Event::Gap`] where messages or events were lost, to
/// a full queue, its own panic or its own slowness, and `resync` is called with the connection's
/// [`Meta`] once it has been, so that the venue states the books afresh when the handler has caught
/// up: `move |meta| handles[meta.connection as usize].resync_all()`.
pub fn handler_queue<R>(config: QueueConfig, resync: R) -> (QueueSink, HandlerTask<R>)
where
    R: FnMut(&Meta),
{
    let state = State {
        items: VecDeque::new(),
        messages: 0,
        lost_before: Vec::new(),
        sinks: 1,
        closed: false,
        status: QueueStatus::default(),
    };
    let inner = Arc::new(Inner { config, state: Mutex::new(state), wake: Notify::new() });
    (QueueSink { inner: Arc::clone(&inner) }, HandlerTask { inner, resync })
}

/// The filling end; clones fill the same queue. The queue's task ends when all are dropped.
pub struct QueueSink {
    inner: Arc<Inner>,
}

impl fmt::Debug for QueueSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueueSink").field("status", &self.status()).finish_non_exhaustive()
    }
}

impl QueueSink {
    /// How the handler does.
    #[must_use]
    pub fn status(&self) -> QueueStatus {
        self.inner.state().status
    }
}

impl Clone for QueueSink {
    fn clone(&self) -> Self {
        self.inner.state().sinks += 1;
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl Drop for QueueSink {
    fn drop(&mut self) {
        self.inner.state().sinks -= 1;
        self.inner.wake.notify_one();
    }
}

impl State {
    fn push_message(&mut self, config: &QueueConfig, meta: &Meta, payload: &[u8]) {
        if self.messages < config.capacity.max(1) {
            self.messages += 1;
            self.items.push_back(Item::Message(meta.clone(), Bytes::copy_from_slice(payload)));
            return;
        }
        self.status.lost += 1;
        match config.overflow {
            Overflow::DropNewest => self.mark_lost(meta),
            Overflow::DropOldest => {
                self.drop_oldest();
                self.push_message(config, meta, payload);
            }
        }
    }

    /// Notes at the end of the queue that a message is missing.
    fn mark_lost(&mut self, meta: &Meta) {
        if let Some(Item::Lost(known, lost)) = self.items.back_mut()
            && is_same(known, meta)
        {
            *lost += 1;
        } else if self.items.len() < 2 * self.messages.max(1) + 64 {
            self.items.push_back(Item::Lost(meta.clone(), 1));
        } else {
            // Connections that take turns at losing: the front says it early instead of the end
            // saying it a thousand times.
            note(&mut self.lost_before, meta.clone(), 1);
        }
    }

    /// Makes room for a message; what it loses is told before anything else.
    fn drop_oldest(&mut self) {
        while let Some(item) = self.items.pop_front() {
            match item {
                Item::Message(meta, _) => {
                    self.messages -= 1;
                    note(&mut self.lost_before, meta, 1);
                    return;
                }
                Item::Lost(meta, lost) => note(&mut self.lost_before, meta, lost),
                // Events are few; they keep their place at the front.
                event @ Item::Event(..) => {
                    let rest = self.items.iter().position(|i| matches!(i, Item::Message(..)));
                    if let Some(Item::Message(meta, _)) = rest.and_then(|at| self.items.remove(at))
                    {
                        self.messages -= 1;
                        note(&mut self.lost_before, meta, 1);
                    }
                    self.items.push_front(event);
                    return;
                }
            }
        }
    }

    fn pop(&mut self) -> Option<Item> {
        if let Some((meta, lost)) = self.lost_before.pop() {
            return Some(Item::Lost(meta, lost));
        }
        let item = self.items.pop_front()?;
        self.messages -= usize::from(matches!(item, Item::Message(..)));
        Some(item)
    }
}

fn is_same(a: &Meta, b: &Meta) -> bool {
    a.connection == b.connection && a.venue == b.venue
}

fn note(lost_before: &mut Vec<(Meta, u64)>, meta: Meta, more: u64) {
    match lost_before.iter_mut().find(|(known, _)| is_same(known, &meta)) {
        Some((_, lost)) => *lost += more,
        None => lost_before.push((meta, more)),
    }
}

impl Sink for QueueSink {
    fn on_message(&mut self, meta: &Meta, payload: &[u8]) {
        let mut state = self.inner.state();
        if !state.closed {
            state.push_message(&self.inner.config, meta, payload);
        }
        drop(state);
        self.inner.wake.notify_one();
    }

    fn on_event(&mut self, meta: &Meta, event: &Event) {
        let mut state = self.inner.state();
        if !state.closed {
            // Against a handler that hangs for ever while its connection flaps.
            if state.items.len() < 4 * self.inner.config.capacity.max(64) {
                state.items.push_back(Item::Event(meta.clone(), event.clone()));
            } else {
                state.status.lost += 1;
                note(&mut state.lost_before, meta.clone(), 1);
            }
        }
        drop(state);
        self.inner.wake.notify_one();
    }
}

/// The emptying end.
pub struct HandlerTask<R> {
    inner: Arc<Inner>,
    resync: R,
}

impl<R> fmt::Debug for HandlerTask<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandlerTask").field("config", &self.inner.config).finish_non_exhaustive()
    }
}

impl<R> Drop for HandlerTask<R> {
    fn drop(&mut self) {
        let mut state = self.inner.state();
        state.closed = true;
        state.items.clear();
    }
}

impl<R: FnMut(&Meta)> HandlerTask<R> {
    /// Hands everything to the handler until all sinks are gone and the queue is empty; spawn it.
    ///
    /// A handler that blocks its thread cannot be interrupted: only what awaits can time out.
    ///
    /// # Cancel safety
    /// Dropping the future drops what waits; the sinks then do nothing.
    pub async fn run<H: Handler>(mut self, mut handler: H) -> QueueStatus {
        loop {
            let (item, status, over) = {
                let mut state = self.inner.state();
                (state.pop(), state.status, state.sinks == 0)
            };
            match item {
                Some(item) => self.handle(&mut handler, item).await,
                None if over => return status,
                None => self.inner.wake.notified().await,
            }
        }
    }

    async fn handle<H: Handler>(&mut self, handler: &mut H, item: Item) {
        let (meta, lost) = match item {
            Item::Message(meta, payload) => {
                let call = handler.on_message(&meta, payload);
                let done = self.guarded(call).await;
                (meta, (!done).then_some(GapCause::Handler))
            }
            Item::Event(meta, event) => {
                self.guarded(handler.on_event(&meta, &event)).await;
                (meta, None)
            }
            Item::Lost(meta, lost) => (meta, Some(GapCause::Overflow { lost })),
        };
        if let Some(cause) = lost {
            let event = Event::Gap { cause, keys: Keys::All };
            self.guarded(handler.on_event(&meta, &event)).await;
            (self.resync)(&meta);
        }
    }

    /// Whether the call came to its end in time.
    async fn guarded(&self, call: impl Future<Output = ()>) -> bool {
        let call = AssertUnwindSafe(call).catch_unwind();
        let outcome = timeout(self.inner.config.timeout, call).await;
        let mut state = self.inner.state();
        state.status.handled += 1;
        match outcome {
            Ok(Ok(())) => return true,
            Ok(Err(_)) => state.status.panics += 1,
            Err(_) => state.status.timeouts += 1,
        }
        false
    }
}

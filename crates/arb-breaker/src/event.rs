//! What listeners are told, and the queue that keeps it in order.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::error::TripReason;
use crate::moment::Moment;
use crate::state::State;

/// More undelivered events than this: the oldest are dropped and counted.
const LONGEST_QUEUE: usize = 1_024;

/// Something that happened to a breaker. Calls make no events, only changes do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// Counts this breaker's events from 0 without a gap; a gap means dropped events.
    pub sequence: u64,
    /// The breaker's name.
    pub breaker: Arc<str>,
    /// When, on the breaker's clock.
    pub at: Moment,
    /// What.
    pub kind: EventKind,
}

/// The kinds of [`Event`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventKind {
    /// The breaker changed its state, or began a new spell of the same one on command.
    StateChanged {
        /// The state before.
        from: State,
        /// The state after.
        to: State,
        /// Why it opened, when it opened.
        reason: Option<TripReason>,
        /// How long it stays open, when that is known.
        open_for: Option<Duration>,
    },
    /// A rule tripped in [`State::MetricsOnly`], which does not open.
    WouldOpen {
        /// The rule.
        reason: TripReason,
    },
    /// A probe did not report within its lease and was judged as failed.
    ProbeLost,
}

/// A listener; see [`Breaker::on_event`](crate::Breaker::on_event).
pub(crate) type Listener = Arc<dyn Fn(&Event) + Send + Sync>;

/// Events in the order in which they happened, handed out to one deliverer at a time.
#[derive(Default)]
pub(crate) struct EventQueue {
    listeners: Arc<Vec<Listener>>,
    waiting: VecDeque<Event>,
    next_sequence: u64,
    dropped: u64,
    delivering: bool,
}

impl EventQueue {
    pub(crate) fn add_listener(&mut self, listener: Listener) {
        let mut listeners = Vec::clone(&self.listeners);
        listeners.push(listener);
        self.listeners = Arc::new(listeners);
    }

    pub(crate) fn push(&mut self, breaker: &Arc<str>, at: Moment, kind: EventKind) {
        if self.waiting.len() == LONGEST_QUEUE {
            self.waiting.pop_front();
            self.dropped += 1;
        }
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        self.waiting.push_back(Event { sequence, breaker: Arc::clone(breaker), at, kind });
    }

    /// Whether the caller must deliver: there are events and nobody else is at it.
    pub(crate) fn start_delivery(&mut self) -> bool {
        let start = !self.delivering && !self.waiting.is_empty();
        self.delivering |= start;
        start
    }

    /// The next event and who gets it, or the end of the delivery.
    pub(crate) fn next(&mut self) -> Option<(Event, Arc<Vec<Listener>>)> {
        let event = self.waiting.pop_front();
        self.delivering = event.is_some();
        event.map(|event| (event, Arc::clone(&self.listeners)))
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }
}

impl fmt::Debug for EventQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventQueue")
            .field("listeners", &self.listeners.len())
            .field("waiting", &self.waiting.len())
            .field("dropped", &self.dropped)
            .finish_non_exhaustive()
    }
}

//! One client's connection: what it asked for and what waits to be sent to it.

use std::collections::VecDeque;
use std::sync::Arc;

use time::OffsetDateTime;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::fault::Venue;
use crate::kalshi::KalshiClient;
use crate::polymarket::PolymarketClient;

/// What a frame tells the plants once it has been written to the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Everything before the opportunity has been sent.
    Prepared { plant: usize, venue: Venue },
    /// The leg of the opportunity has been sent.
    Leg { plant: usize, venue: Venue },
}

/// What the writer does with an entry of the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Act {
    Send(String),
    Close(u16, &'static str),
    /// Cuts the connection without a word.
    Cut,
    /// Nothing: the entry is there for its mark.
    Pass,
}

#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) act: Act,
    /// Not before this instant.
    pub(crate) due: Option<Instant>,
    pub(crate) marks: Vec<Mark>,
}

impl Frame {
    pub(crate) const fn new(act: Act) -> Self {
        Self { act, due: None, marks: Vec::new() }
    }

    pub(crate) const fn text(text: String) -> Self {
        Self::new(Act::Send(text))
    }

    pub(crate) fn marked(text: String, mark: Option<Mark>) -> Self {
        Self { act: Act::Send(text), due: None, marks: mark.into_iter().collect() }
    }

    /// Replaces the text; what it carried no longer counts as sent.
    pub(crate) fn spoil(&mut self, text: &str) {
        self.act = Act::Send(text.to_owned());
        self.marks.clear();
    }

    pub(crate) fn halve(&mut self) {
        if let Act::Send(text) = &mut self.act {
            let mut half = text.len() / 2;
            while !text.is_char_boundary(half) {
                half -= 1;
            }
            text.truncate(half);
        }
        self.marks.clear();
    }
}

/// What the client has subscribed to, in its venue's terms.
#[derive(Debug)]
pub(crate) enum Client {
    Kalshi(KalshiClient),
    Polymarket(PolymarketClient),
}

impl Client {
    pub(crate) const fn venue(&self) -> Venue {
        match self {
            Self::Kalshi(_) => Venue::Kalshi,
            Self::Polymarket(_) => Venue::Polymarket,
        }
    }

    /// Whether the client follows this market's book.
    pub(crate) fn follows(&self, market: usize) -> bool {
        match self {
            Self::Kalshi(client) => client.follows(market),
            Self::Polymarket(client) => client.follows(market),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) id: u64,
    pub(crate) client: Client,
    pub(crate) opened_at: OffsetDateTime,
    pub(crate) opened: Instant,
    queue: VecDeque<Frame>,
    capacity: usize,
    /// The queue is over its capacity: the client reads too slowly.
    pub(crate) overflowed: bool,
    /// A frame that waits for the next one to overtake it, and since when.
    pub(crate) held: Option<(Frame, Instant)>,
    /// Wakes the writer.
    pub(crate) wake: Arc<Notify>,
    pub(crate) frames: u64,
}

impl Connection {
    pub(crate) fn new(id: u64, client: Client, capacity: usize, opened_at: OffsetDateTime) -> Self {
        Self {
            id,
            client,
            opened_at,
            opened: Instant::now(),
            queue: VecDeque::new(),
            capacity,
            overflowed: false,
            held: None,
            wake: Arc::new(Notify::new()),
            frames: 0,
        }
    }

    /// Appends to the queue. Above its capacity data is thrown away and the venue gives up on the
    /// client at its next turn.
    pub(crate) fn push(&mut self, frame: Frame) {
        if self.queue.len() >= self.capacity {
            self.overflowed = true;
            return;
        }
        self.queue.push_back(frame);
        self.wake.notify_one();
    }

    /// Lets go of a frame that waited to be overtaken.
    pub(crate) fn release_held(&mut self) {
        if let Some((held, _)) = self.held.take() {
            self.push(held);
        }
    }

    /// Appends whatever the length of the queue: the last words of a venue that gives up.
    pub(crate) fn push_anyway(&mut self, frame: Frame) {
        self.queue.push_back(frame);
        self.wake.notify_one();
    }

    /// Throws away what waits and ends the connection.
    pub(crate) fn end(&mut self, act: Act) {
        self.queue.clear();
        self.push_anyway(Frame::new(act));
    }

    /// Whether nothing waits to be sent.
    pub(crate) fn is_idle(&self) -> bool {
        self.queue.is_empty() && self.held.is_none()
    }

    /// The next entry that is due, or when one will be.
    pub(crate) fn next(&mut self, now: Instant) -> Result<Frame, Option<Instant>> {
        match self.queue.front() {
            None => Err(None),
            Some(Frame { due: Some(due), .. }) if *due > now => Err(Some(*due)),
            Some(_) => self.queue.pop_front().ok_or(None),
        }
    }
}

/// What `Sim::connections` tells about a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionInfo {
    /// The connection's number, counted over both venues from 1.
    pub id: u64,
    /// The venue it is connected to.
    pub venue: Venue,
    /// When it was opened, by the simulation's clock.
    pub opened_at: OffsetDateTime,
    /// The markets whose books it follows: tickers or condition ids.
    pub markets: Vec<String>,
    /// Kalshi's subscriptions on it (channel and sid); empty on Polymarket.
    pub subscriptions: Vec<(String, u64)>,
    /// Text frames written to it.
    pub frames: u64,
}

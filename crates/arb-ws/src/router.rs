//! A sink per channel.

use std::fmt;

use crate::event::{Event, Meta};
use crate::sink::Sink;

/// Hands each message to the sink of its channel, which the caller's function reads from the
/// message. Events and sent messages go to all.
///
/// ```
/// use arb_ws::testing::Collected;
/// use arb_ws::{Meta, Router, Sink};
///
/// let (books, trades) = (Collected::default(), Collected::default());
/// let channel = |payload: &[u8]| match payload.first() {
///     Some(b'b') => Some("book"),
///     Some(b't') => Some("trade"),
///     _ => None,
/// };
/// let mut router =
///     Router::new(channel).with("book", books.clone()).with("trade", trades.clone());
/// for text in ["b1", "t1", "b2", "?"] {
///     router.on_message(&Meta::new("toy", 0), text.as_bytes());
/// }
/// assert_eq!((books.take().len(), trades.take().len(), router.unrouted()), (2, 1, 1));
/// ```
pub struct Router<F, S> {
    channel: F,
    sinks: Vec<(&'static str, S)>,
    rest: Option<S>,
    unrouted: u64,
}

impl<F, S> fmt::Debug for Router<F, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let channels: Vec<_> = self.sinks.iter().map(|(channel, _)| channel).collect();
        f.debug_struct("Router").field("channels", &channels).finish_non_exhaustive()
    }
}

impl<F, S> Router<F, S>
where
    F: FnMut(&[u8]) -> Option<&'static str>,
    S: Sink,
{
    /// A router without sinks.
    pub fn new(channel: F) -> Self {
        Self { channel, sinks: Vec::new(), rest: None, unrouted: 0 }
    }

    /// Adds the sink of a channel; a channel may have several.
    #[must_use]
    pub fn with(mut self, channel: &'static str, sink: S) -> Self {
        self.sinks.push((channel, sink));
        self
    }

    /// Sets the sink of what has no channel, or none with a sink.
    #[must_use]
    pub fn with_rest(mut self, sink: S) -> Self {
        self.rest = Some(sink);
        self
    }

    /// Messages that found no sink.
    #[must_use]
    pub fn unrouted(&self) -> u64 {
        self.unrouted
    }

    fn all(&mut self) -> impl Iterator<Item = &mut S> {
        self.sinks.iter_mut().map(|(_, sink)| sink).chain(&mut self.rest)
    }
}

impl<F, S> Sink for Router<F, S>
where
    F: FnMut(&[u8]) -> Option<&'static str>,
    S: Sink,
{
    fn on_message(&mut self, meta: &Meta, payload: &[u8]) {
        let channel = (self.channel)(payload);
        let mut found = false;
        for (name, sink) in &mut self.sinks {
            if channel == Some(*name) {
                sink.on_message(meta, payload);
                found = true;
            }
        }
        match &mut self.rest {
            _ if found => {}
            Some(rest) => rest.on_message(meta, payload),
            None => self.unrouted += 1,
        }
    }
    fn on_event(&mut self, meta: &Meta, event: &Event) {
        self.all().for_each(|sink| sink.on_event(meta, event));
    }
    fn on_sent(&mut self, meta: &Meta, payload: &[u8]) {
        self.all().for_each(|sink| sink.on_sent(meta, payload));
    }
}

//! The consumer seam: a synchronous sink on the connection's own task.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use crate::event::{Event, Meta};

/// Takes what a connection receives, on the task that reads the socket.
///
/// A sink must return quickly and must not block. It need not be `Send`: several connections on
/// one current-thread runtime can share one pipeline by `Rc<RefCell<_>>` without a lock. A panic
/// in a sink is caught and counted; the message counts as lost.
pub trait Sink {
    /// A text or binary message, whatever it says: data, acknowledgements, errors, text pongs.
    fn on_message(&mut self, meta: &Meta, payload: &[u8]);

    /// Something the consumer must know; in order with the messages.
    fn on_event(&mut self, meta: &Meta, event: &Event) {
        let _ = (meta, event);
    }

    /// We sent this message. For recordings.
    fn on_sent(&mut self, meta: &Meta, payload: &[u8]) {
        let _ = (meta, payload);
    }
}

/// Forwards the three calls to `$inner`, an expression over the sink and its closure argument.
macro_rules! forward {
    ($self:ident => $inner:expr) => {
        fn on_message(&mut $self, meta: &Meta, payload: &[u8]) {
            $inner.on_message(meta, payload);
        }
        fn on_event(&mut $self, meta: &Meta, event: &Event) {
            $inner.on_event(meta, event);
        }
        fn on_sent(&mut $self, meta: &Meta, payload: &[u8]) {
            $inner.on_sent(meta, payload);
        }
    };
}

impl<S: Sink + ?Sized> Sink for Box<S> {
    forward!(self => (**self));
}

impl<S: Sink + ?Sized> Sink for &mut S {
    forward!(self => (**self));
}

/// Shared by connections of one thread. A sink must not call itself through a second handle.
impl<S: Sink + ?Sized> Sink for Rc<RefCell<S>> {
    forward!(self => self.borrow_mut());
}

/// Shared by connections of several threads. A panic in the sink does not poison it.
impl<S: Sink + ?Sized> Sink for Arc<Mutex<S>> {
    forward!(self => self.lock().unwrap_or_else(PoisonError::into_inner));
}

/// Both, the first one first: `(recorder.tap(), pipeline)`.
impl<A: Sink, B: Sink> Sink for (A, B) {
    fn on_message(&mut self, meta: &Meta, payload: &[u8]) {
        self.0.on_message(meta, payload);
        self.1.on_message(meta, payload);
    }
    fn on_event(&mut self, meta: &Meta, event: &Event) {
        self.0.on_event(meta, event);
        self.1.on_event(meta, event);
    }
    fn on_sent(&mut self, meta: &Meta, payload: &[u8]) {
        self.0.on_sent(meta, payload);
        self.1.on_sent(meta, payload);
    }
}

/// The recorder may be switched off.
impl<S: Sink> Sink for Option<S> {
    fn on_message(&mut self, meta: &Meta, payload: &[u8]) {
        if let Some(sink) = self {
            sink.on_message(meta, payload);
        }
    }
    fn on_event(&mut self, meta: &Meta, event: &Event) {
        if let Some(sink) = self {
            sink.on_event(meta, event);
        }
    }
    fn on_sent(&mut self, meta: &Meta, payload: &[u8]) {
        if let Some(sink) = self {
            sink.on_sent(meta, payload);
        }
    }
}

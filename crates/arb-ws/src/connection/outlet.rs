//! The sink behind a wall: what panics in it stays in it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::event::{Event, Meta};
use crate::sink::Sink;

pub(crate) struct Outlet<S> {
    sink: S,
}

impl<S: Sink> Outlet<S> {
    pub(crate) fn new(sink: S) -> Self {
        Self { sink }
    }

    /// Returns whether the sink took it without a panic.
    pub(crate) fn message(&mut self, meta: &Meta, payload: &[u8]) -> bool {
        let sink = &mut self.sink;
        catch_unwind(AssertUnwindSafe(|| sink.on_message(meta, payload))).is_ok()
    }

    pub(crate) fn event(&mut self, meta: &Meta, event: &Event) -> bool {
        let sink = &mut self.sink;
        catch_unwind(AssertUnwindSafe(|| sink.on_event(meta, event))).is_ok()
    }

    pub(crate) fn sent(&mut self, meta: &Meta, payload: &[u8]) -> bool {
        let sink = &mut self.sink;
        catch_unwind(AssertUnwindSafe(|| sink.on_sent(meta, payload))).is_ok()
    }
}

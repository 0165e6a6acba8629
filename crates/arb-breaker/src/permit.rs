//! The permission to make one call.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use crate::breaker::Shared;
use crate::ledger::{Ticket, Verdict};
use crate::machine::Started;
use crate::outcome::{Failure, Outcome};

/// The permission to make one call, which takes exactly one verdict.
///
/// Dropped without a verdict it counts as cancelled: neither good nor bad, and a probe gives its
/// place back. Dropped while its thread panics it counts as a failure. A verdict that comes after
/// the breaker has changed its state is stale and changes nothing.
///
/// The methods without `_at` read the breaker's clock where the time matters.
#[must_use = "a permit dropped at once counts as a cancelled call"]
pub struct Permit<'a> {
    shared: Holder<'a>,
    started: Started,
    /// `None` when the verdict has been given.
    ticket: Option<Ticket>,
}

pub(crate) enum Holder<'a> {
    Borrowed(&'a Shared),
    Owned(Arc<Shared>),
}

impl Holder<'_> {
    #[inline]
    fn get(&self) -> &Shared {
        match self {
            Self::Borrowed(shared) => shared,
            Self::Owned(shared) => shared,
        }
    }
}

impl<'a> Permit<'a> {
    #[inline]
    pub(crate) fn new(shared: Holder<'a>, started: Started, ticket: Ticket) -> Self {
        Self { shared, started, ticket: Some(ticket) }
    }

    /// The call went well.
    #[inline]
    pub fn success(mut self) {
        let shared = self.shared.get();
        let now = shared.machine.wants_end.then(|| shared.now());
        if !self.count_success(now) {
            let now = now.unwrap_or_else(|| self.shared.get().now());
            self.settle(Verdict::Success, now);
        }
    }

    /// The call went well and ended at `now`.
    #[inline]
    pub fn success_at(mut self, now: Instant) {
        if !self.count_success(Some(now)) {
            self.settle(Verdict::Success, now);
        }
    }

    /// Counts a success without the lock; whether that was possible.
    #[inline]
    fn count_success(&mut self, now: Option<Instant>) -> bool {
        let machine = &self.shared.get().machine;
        let counted = match (self.ticket, now) {
            (Some(ticket), Some(now)) if machine.wants_end => {
                machine.count_success_at(ticket, self.started, now)
            }
            (Some(ticket), _) => machine.count_success(ticket),
            (None, _) => true,
        };
        if counted {
            self.ticket = None;
        }
        counted
    }

    /// The call failed, and nothing more is known about it.
    pub fn failure(self) {
        self.finish(Outcome::Failure(Failure::default()));
    }

    /// The call failed at `now`, and nothing more is known about it.
    pub fn failure_at(self, now: Instant) {
        self.finish_at(Outcome::Failure(Failure::default()), now);
    }

    /// The call says nothing about the health of what was called.
    pub fn ignore(self) {
        self.finish(Outcome::Ignore);
    }

    /// The call, which ended at `now`, says nothing about the health of what was called.
    pub fn ignore_at(self, now: Instant) {
        self.finish_at(Outcome::Ignore, now);
    }

    /// Gives the verdict as an [`Outcome`].
    #[inline]
    pub fn finish(mut self, outcome: Outcome) {
        if outcome == Outcome::Success {
            return self.success();
        }
        let now = self.shared.get().now();
        self.settle(verdict_of(outcome), now);
    }

    /// Gives the verdict of a call that ended at `now` as an [`Outcome`].
    #[inline]
    pub fn finish_at(mut self, outcome: Outcome, now: Instant) {
        if outcome == Outcome::Success {
            return self.success_at(now);
        }
        self.settle(verdict_of(outcome), now);
    }

    /// Gives the permit back without a verdict, also while the thread panics for another reason.
    pub fn cancel(self) {
        let now = self.shared.get().now();
        self.cancel_at(now);
    }

    /// [`cancel`](Self::cancel) at `now`.
    pub fn cancel_at(mut self, now: Instant) {
        self.settle(Verdict::Cancelled, now);
    }

    /// The call panicked.
    pub(crate) fn panicked(mut self, now: Instant) {
        self.settle(Verdict::Panicked, now);
    }

    #[inline]
    fn settle(&mut self, verdict: Verdict, now: Instant) {
        if let Some(ticket) = self.ticket.take() {
            self.shared.get().settle(ticket, verdict, self.started, now);
        }
    }

    #[cold]
    fn abandon(&mut self) {
        let verdict = if std::thread::panicking() { Verdict::Panicked } else { Verdict::Cancelled };
        let now = self.shared.get().now();
        self.settle(verdict, now);
    }
}

fn verdict_of(outcome: Outcome) -> Verdict {
    match outcome {
        Outcome::Success => Verdict::Success,
        Outcome::Failure(failure) => Verdict::Failure(failure),
        Outcome::Ignore => Verdict::Ignored,
    }
}

impl Drop for Permit<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.ticket.is_some() {
            self.abandon();
        }
    }
}

impl fmt::Debug for Permit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("ticket", &self.ticket).finish_non_exhaustive()
    }
}

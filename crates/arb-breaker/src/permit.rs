//! The permission to make one call.

use std::fmt;
use std::mem::ManuallyDrop;
use std::sync::Arc;

use crate::breaker::Shared;
use crate::ledger::Verdict;
use crate::moment::Moment;
use crate::outcome::{Failure, Outcome};
use crate::ticket::Ticket;

/// The permission to make one call, which takes exactly one verdict.
///
/// Dropped without a verdict it counts as cancelled: neither good nor bad, and a probe gives its
/// place back. Dropped while its thread panics it counts as a failure. A verdict that comes after
/// the breaker has changed its state is stale and changes nothing.
///
/// The methods without `_at` read the breaker's clock where the time matters.
#[must_use = "a permit dropped at once counts as a cancelled call"]
pub struct Permit<'a> {
    holder: Holder<'a>,
    /// Meaningless where nobody asks for it.
    started: Moment,
    ticket: Ticket,
}

enum Holder<'a> {
    Borrowed(&'a Shared),
    Owned(Arc<Shared>),
    /// The verdict has been given.
    Spent,
}

impl<'a> Permit<'a> {
    #[inline(always)]
    pub(crate) fn new(shared: &'a Shared, started: Moment, ticket: Ticket) -> Self {
        Self { holder: Holder::Borrowed(shared), started, ticket }
    }

    /// The same permit, with its own share of the breaker.
    pub(crate) fn into_owned(mut self, shared: Arc<Shared>) -> Permit<'static> {
        self.holder = Holder::Spent;
        Permit { holder: Holder::Owned(shared), started: self.started, ticket: self.ticket }
    }

    /// Spends the permit on a verdict, given `now` or by the breaker's clock.
    ///
    /// A borrowed permit is taken apart without its `Drop`, which would need its address: so it can
    /// live in registers from beginning to end.
    #[inline(always)]
    fn spend(self, verdict: Verdict, now: Option<Moment>) {
        let this = ManuallyDrop::new(self);
        if let Holder::Borrowed(shared) = this.holder {
            shared.take(this.ticket, verdict, this.started, now);
        } else {
            ManuallyDrop::into_inner(this).spend_owned(verdict, now);
        }
    }

    #[inline(never)]
    fn spend_owned(mut self, verdict: Verdict, now: Option<Moment>) {
        if let Holder::Owned(shared) = std::mem::replace(&mut self.holder, Holder::Spent) {
            shared.take(self.ticket, verdict, self.started, now);
        }
    }

    /// The call went well.
    #[inline(always)]
    pub fn success(self) {
        self.spend(Verdict::Success, None);
    }

    /// The call went well and ended at `now`.
    #[inline(always)]
    pub fn success_at(self, now: impl Into<Moment>) {
        self.spend(Verdict::Success, Some(now.into()));
    }

    /// The call failed, and nothing more is known about it.
    pub fn failure(self) {
        self.finish(Outcome::Failure(Failure::default()));
    }

    /// The call failed at `now`, and nothing more is known about it.
    pub fn failure_at(self, now: impl Into<Moment>) {
        self.finish_at(Outcome::Failure(Failure::default()), now);
    }

    /// The call says nothing about the health of what was called.
    pub fn ignore(self) {
        self.finish(Outcome::Ignore);
    }

    /// The call, which ended at `now`, says nothing about the health of what was called.
    pub fn ignore_at(self, now: impl Into<Moment>) {
        self.finish_at(Outcome::Ignore, now);
    }

    /// Gives the verdict as an [`Outcome`].
    #[inline(always)]
    pub fn finish(self, outcome: Outcome) {
        match outcome {
            Outcome::Success => self.success(),
            Outcome::Failure(failure) => self.spend(Verdict::Failure(failure), None),
            Outcome::Ignore => self.spend(Verdict::Ignored, None),
        }
    }

    /// Gives the verdict of a call that ended at `now` as an [`Outcome`].
    #[inline(always)]
    pub fn finish_at(self, outcome: Outcome, now: impl Into<Moment>) {
        match outcome {
            Outcome::Success => self.success_at(now),
            Outcome::Failure(failure) => self.spend(Verdict::Failure(failure), Some(now.into())),
            Outcome::Ignore => self.spend(Verdict::Ignored, Some(now.into())),
        }
    }

    /// Gives the permit back without a verdict, also while the thread panics for another reason.
    pub fn cancel(self) {
        self.spend(Verdict::Cancelled, None);
    }

    /// [`cancel`](Self::cancel) at `now`.
    pub fn cancel_at(self, now: impl Into<Moment>) {
        self.spend(Verdict::Cancelled, Some(now.into()));
    }
}

impl Drop for Permit<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        match std::mem::replace(&mut self.holder, Holder::Spent) {
            Holder::Borrowed(shared) => shared.abandon(self.ticket, self.started),
            Holder::Owned(shared) => shared.abandon(self.ticket, self.started),
            Holder::Spent => {}
        }
    }
}

impl fmt::Debug for Permit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("ticket", &self.ticket).finish_non_exhaustive()
    }
}

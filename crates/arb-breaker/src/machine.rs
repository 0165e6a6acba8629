//! The lock-free half of a breaker, and the rules by which it shares with the locked half.
//!
//! - Admission while closed is one load of the word. A success is one compare-and-swap that adds 1
//!   to the word under the tag it was admitted with. Everything else takes the lock.
//! - The upper half of the word changes only under the lock, so a failure that holds the lock and
//!   has found its tag to be the present one may add to the word without a loop.
//! - A change of state swaps the whole word at the end of the locked section. Successes that come
//!   before the swap belong to the old generation, those after it find another tag and are stale.
//!
//! All orderings are relaxed: the word is the only thing read without the lock (`slide_at` is a
//! hint that is read again under the lock), and one atomic alone has a single order of changes.

use std::sync::Arc;
use std::sync::PoisonError;

use super::sync::{AtomicU64, Mutex, MutexGuard, Ordering};
use crate::config::BreakerConfig;
use crate::error::Rejected;
use crate::instruments;
use crate::ledger::{Ledger, Positions, Verdict};
use crate::moment::{Moment, nanos};
use crate::tag::{Status, Tag, outcomes};
use crate::ticket::Ticket;

/// The count is folded into the lock's side when this bit of it is set, long before it overflows.
pub(crate) const FOLD_AT: u32 = 1 << 31;
/// Every so many outcomes (a power of two, less 1) the slow side gets to see the count.
pub(crate) const MILESTONE: u32 = 1_023;

/// A breaker's state.
#[derive(Debug)]
#[repr(align(128))] // away from the reference counts of the `Arc` it lies in
pub(crate) struct Machine {
    /// See [`tag`](crate::tag).
    word: AtomicU64,
    /// When the time window must slide, as nanoseconds of a [`Moment`].
    slide_at: AtomicU64,
    /// A call is slow when it took more nanoseconds than this.
    slow_after: u64,
    /// Whether a call's start matters.
    pub(crate) wants_start: bool,
    locked: Mutex<Locked>,
}

#[derive(Debug)]
struct Locked {
    ledger: Ledger,
    /// Outcomes of this generation that were folded out of the word.
    folded: u64,
}

struct Word<'a> {
    word: &'a AtomicU64,
    folded: u64,
}

impl Positions for Word<'_> {
    fn taken(&self) -> u64 {
        self.folded + u64::from(outcomes(self.word.load(Ordering::Relaxed)))
    }

    fn take(&self) -> u64 {
        self.folded + u64::from(outcomes(self.word.fetch_add(1, Ordering::Relaxed)))
    }
}

impl Machine {
    pub(crate) fn new(name: Arc<str>, config: Arc<BreakerConfig>, now: Moment) -> Self {
        let slow_after = config.slow_calls.map(|rule| nanos(rule.longer_than));
        let ledger = Ledger::new(name, config, now);
        Self {
            word: AtomicU64::new(ledger.tag().fresh_word()),
            slide_at: AtomicU64::new(slide_at(&ledger)),
            slow_after: slow_after.unwrap_or(u64::MAX),
            wants_start: slow_after.is_some(),
            locked: Mutex::new(Locked { ledger, folded: 0 }),
        }
    }

    /// Admits a call without the lock if the breaker is closed.
    #[inline(always)]
    pub(crate) fn admit_closed(&self) -> Option<Ticket> {
        let word = self.word.load(Ordering::Relaxed);
        match Tag::of(word).status() {
            Status::Closed | Status::ClosedTimed => Some(Ticket::closed(word)),
            Status::Locked | Status::Apart => None,
        }
    }

    /// Whether the breaker is closed; needs no lock.
    pub(crate) fn is_closed(&self) -> bool {
        self.admit_closed().is_some()
    }

    /// Admits or rejects a call, whatever the state.
    #[cold]
    #[inline(never)]
    pub(crate) fn admit(&self, now: Moment) -> Result<Ticket, Rejected> {
        self.locked(|ledger, word| ledger.acquire(now, word))
    }

    /// Counts a success without the lock where its ticket is from a closed breaker and nothing else
    /// is to be done; whether it was.
    #[inline(always)]
    pub(crate) fn count_success(
        &self,
        ticket: Ticket,
        started: Moment,
        now: impl FnOnce() -> Moment,
    ) -> bool {
        match ticket.tag().status() {
            Status::Closed => self.count(ticket),
            Status::ClosedTimed => {
                let now = now();
                let late = now.as_nanos() >= self.slide_at.load(Ordering::Relaxed);
                !late && !self.is_slow(started, now) && self.count(ticket)
            }
            Status::Locked | Status::Apart => false,
        }
    }

    /// Adds 1 to the word if it still has the ticket's tag; whether it had.
    #[inline(always)]
    fn count(&self, ticket: Ticket) -> bool {
        let mut word = ticket.word();
        loop {
            let more = word + 1;
            match self.word.compare_exchange_weak(word, more, Ordering::Relaxed, Ordering::Relaxed)
            {
                Ok(_) => break,
                Err(current) if Tag::of(current) != ticket.tag() => return false,
                Err(current) => word = current,
            }
        }
        if outcomes(word) & MILESTONE == MILESTONE {
            self.milestone(word);
        }
        true
    }

    #[inline(always)]
    fn is_slow(&self, started: Moment, now: Moment) -> bool {
        now.as_nanos().saturating_sub(started.as_nanos()) > self.slow_after
    }

    #[cold]
    #[inline(never)]
    fn milestone(&self, word: u64) {
        if outcomes(word) >= FOLD_AT {
            self.fold();
        }
        if cfg!(feature = "metrics") {
            instruments::counts(&self.locked(|ledger, word| ledger.look(word)));
        }
    }

    /// Takes the count out of the word, so that it cannot run into the tag.
    fn fold(&self) {
        let mut locked = self.lock();
        let tag = locked.ledger.tag();
        if outcomes(self.word.load(Ordering::Relaxed)) >= FOLD_AT {
            let word = self.word.swap(tag.fresh_word(), Ordering::Relaxed);
            locked.folded += u64::from(outcomes(word));
        }
    }

    /// Takes a verdict, whatever it is.
    #[cold]
    #[inline(never)]
    pub(crate) fn settle(&self, ticket: Ticket, verdict: Verdict, started: Moment, now: Moment) {
        let slow = self.wants_start && self.is_slow(started, now);
        self.locked(|ledger, word| ledger.settle(ticket, verdict, slow, now, word));
    }

    /// Works on the ledger and carries what changed into the word.
    pub(crate) fn locked<R>(&self, work: impl FnOnce(&mut Ledger, &dyn Positions) -> R) -> R {
        let mut locked = self.lock();
        let Locked { ledger, folded } = &mut *locked;
        let tag = ledger.tag();
        let answer = work(ledger, &Word { word: &self.word, folded: *folded });
        if ledger.tag() != tag {
            let left = self.word.swap(ledger.tag().fresh_word(), Ordering::Relaxed);
            ledger.generation_ended(*folded + u64::from(outcomes(left)));
            *folded = 0;
        }
        self.slide_at.store(slide_at(ledger), Ordering::Relaxed);
        answer
    }

    /// Works on the ledger where nothing can change that the word knows of.
    pub(crate) fn aside<R>(&self, work: impl FnOnce(&mut Ledger) -> R) -> R {
        work(&mut self.lock().ledger)
    }

    /// As if `outcomes` calls had gone well in this generation.
    #[cfg(test)]
    #[allow(dead_code, reason = "only the copy that runs under loom uses it")]
    pub(crate) fn preset(&self, outcomes: u32) {
        let tag = self.aside(|ledger| ledger.tag());
        self.word.store(tag.fresh_word() + u64::from(outcomes), Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Locked> {
        // Nothing that is done under the lock leaves the ledger half-changed, and no foreign code
        // runs there, so a poisoned lock is still a good one.
        self.locked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn slide_at(ledger: &Ledger) -> u64 {
    ledger.slide_at.map_or(u64::MAX, Moment::as_nanos)
}

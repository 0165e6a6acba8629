//! The lock-free half of a breaker, and the rules by which it shares with the locked half.
//!
//! - The tag says what the breaker is; it changes only under the lock. Admission while closed is one
//!   load of it. It lies apart from what is counted, so that calls on several threads read it from
//!   their own caches.
//! - Each generation has a word it is counted in, of a few that take turns. A success looks whether
//!   the tag is still the one it was admitted under and adds 1 to that generation's word. Everything
//!   else takes the lock.
//! - A change of state first ends the old word, then sets up the new one, then shows the new tag. A
//!   success whose addition gives back an ended word is stale. Nobody reads the count there.
//! - A thread that stands still between looking and adding while all words take a turn adds to a
//!   younger generation. It sees that by the tag it gets back; the verdict is stale all the same.
//! - A failure that holds the lock and has found its tag to be the present one adds as well: there
//!   the tag cannot change.
//!
//! The new tag is shown with release and read with acquire, so that who was admitted under it finds
//! its word set up. All else is relaxed: one atomic alone has a single order of changes, and
//! `slide_at` is a hint that is read again under the lock.

use std::sync::Arc;
use std::sync::PoisonError;

use super::sync::{AtomicU64, GENERATIONS, Mutex, MutexGuard, Ordering};
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

/// What a success still needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rest {
    /// All: it was not counted.
    All,
    /// A look at this word, which it was added to.
    Look(u64),
}

/// A breaker's state.
#[derive(Debug)]
pub(crate) struct Machine {
    front: Front,
    counts: Counts,
    locked: Mutex<Locked>,
}

/// What every call reads and only a change writes.
#[derive(Debug)]
#[repr(align(128))] // away from what is written at every call
struct Front {
    /// The present tag as [`Tag::shown`].
    shown: AtomicU64,
    /// When the time window must slide, as nanoseconds of a [`Moment`].
    slide_at: AtomicU64,
    /// A call is slow when it took more nanoseconds than this.
    slow_after: u64,
    /// Whether a call's start matters.
    wants_start: bool,
}

/// The words of the last generations; see [`tag`](crate::tag).
#[derive(Debug)]
#[repr(align(128))]
struct Counts([AtomicU64; GENERATIONS]);

impl Counts {
    fn new(tag: Tag) -> Self {
        let counts = Self(std::array::from_fn(|_| AtomicU64::new(0)));
        counts.of(tag).store(tag.fresh_word(), Ordering::Relaxed);
        counts
    }

    #[inline(always)]
    fn of(&self, tag: Tag) -> &AtomicU64 {
        let turn = tag.generation() as usize % GENERATIONS;
        &self.0[turn]
    }
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
            front: Front {
                shown: AtomicU64::new(ledger.tag().shown()),
                slide_at: AtomicU64::new(slide_at(&ledger)),
                slow_after: slow_after.unwrap_or(u64::MAX),
                wants_start: slow_after.is_some(),
            },
            counts: Counts::new(ledger.tag()),
            locked: Mutex::new(Locked { ledger, folded: 0 }),
        }
    }

    /// Whether a call's start matters.
    #[inline(always)]
    pub(crate) fn wants_start(&self) -> bool {
        self.front.wants_start
    }

    /// Admits a call without the lock if the breaker is closed and times do not matter.
    #[inline(always)]
    pub(crate) fn admit_untimed(&self) -> Option<Ticket> {
        Ticket::untimed(self.front.shown.load(Ordering::Acquire))
    }

    /// Admits a call without the lock if the breaker is closed.
    #[inline(always)]
    pub(crate) fn admit_closed(&self) -> Option<Ticket> {
        Ticket::closed(self.front.shown.load(Ordering::Acquire))
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
    /// is to be done; else says what is.
    ///
    /// Whatever seldom happens is left to the caller's one slow path: with no call in between, the
    /// quick one needs no registers saved, each of which is a store for the addition to wait for.
    #[inline(always)]
    pub(crate) fn count_success(
        &self,
        ticket: Ticket,
        started: Moment,
        now: Option<Moment>,
    ) -> Result<(), Rest> {
        if !ticket.is_of(self.front.shown.load(Ordering::Relaxed)) {
            return Err(Rest::All);
        }
        if ticket.is_timed() && !now.is_some_and(|now| self.is_quick(started, now)) {
            return Err(Rest::All);
        }
        let tag = ticket.tag();
        let word = self.counts.of(tag).fetch_add(1, Ordering::Relaxed);
        if Tag::of(word) != tag || outcomes(word) & MILESTONE == MILESTONE {
            return Err(Rest::Look(word));
        }
        Ok(())
    }

    /// Looks at the word that a success of `ticket` was added to; whether it counted there.
    #[cold]
    #[inline(never)]
    pub(crate) fn look(&self, ticket: Ticket, word: u64) -> bool {
        let tag = ticket.tag();
        if Tag::of(word) != tag {
            self.miscounted(Tag::of(word));
            return false;
        }
        self.milestone(tag, word);
        true
    }

    /// An addition went to the word of another generation. Positions never go back, so it stays in
    /// that one's window; the totals leave it out.
    fn miscounted(&self, found: Tag) {
        if found.status() != Status::Apart {
            self.lock().ledger.miscounted();
        }
    }

    /// Whether a call that ended at `now` needs nothing but counting. Of one that ended before it started this says no, and
    /// leaves it to who has the time to see that.
    #[inline(always)]
    fn is_quick(&self, started: Moment, now: Moment) -> bool {
        let (started, now) = (started.as_nanos(), now.as_nanos());
        let early = now < self.front.slide_at.load(Ordering::Relaxed);
        early & (now.wrapping_sub(started) <= self.front.slow_after)
    }

    #[inline(always)]
    fn is_slow(&self, started: Moment, now: Moment) -> bool {
        now.as_nanos().saturating_sub(started.as_nanos()) > self.front.slow_after
    }

    fn milestone(&self, tag: Tag, word: u64) {
        if outcomes(word) >= FOLD_AT {
            self.fold(tag);
        }
        if cfg!(feature = "metrics") {
            instruments::counts(&self.locked(|ledger, word| ledger.look(word)));
        }
    }

    /// Takes the count out of the word, so that it cannot run into the tag.
    fn fold(&self, tag: Tag) {
        let mut locked = self.lock();
        let cell = self.counts.of(tag);
        if locked.ledger.tag() == tag && outcomes(cell.load(Ordering::Relaxed)) >= FOLD_AT {
            let word = cell.swap(tag.fresh_word(), Ordering::Relaxed);
            locked.folded += u64::from(outcomes(word));
        }
    }

    /// Takes a verdict, whatever it is.
    #[cold]
    #[inline(never)]
    pub(crate) fn settle(&self, ticket: Ticket, verdict: Verdict, started: Moment, now: Moment) {
        let slow = self.front.wants_start && self.is_slow(started, now);
        self.locked(|ledger, word| ledger.settle(ticket, verdict, slow, now, word));
    }

    /// Works on the ledger and carries what changed to where it is read without the lock.
    pub(crate) fn locked<R>(&self, work: impl FnOnce(&mut Ledger, &dyn Positions) -> R) -> R {
        let mut locked = self.lock();
        let Locked { ledger, folded } = &mut *locked;
        let before = ledger.tag();
        let cell = self.counts.of(before);
        let answer = work(ledger, &Word { word: cell, folded: *folded });
        let tag = ledger.tag();
        if tag != before {
            let left = cell.swap(before.apart().fresh_word(), Ordering::Relaxed);
            ledger.generation_ended(*folded + u64::from(outcomes(left)));
            *folded = 0;
            // A swap like all changes of a word, so that each comes wholly before or after another.
            self.counts.of(tag).swap(tag.fresh_word(), Ordering::Relaxed);
            self.front.shown.store(tag.shown(), Ordering::Release);
        }
        self.front.slide_at.store(slide_at(ledger), Ordering::Relaxed);
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
        self.counts.of(tag).fetch_add(u64::from(outcomes), Ordering::Relaxed);
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

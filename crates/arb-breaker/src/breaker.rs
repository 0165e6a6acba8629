//! The breaker itself: a handle that is cheap to clone and to share.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::config::BreakerConfig;
use crate::error::{BreakerError, Rejected};
use crate::event::Event;
use crate::ledger::{Command, Ledger, Positions, Ticket, Verdict};
use crate::machine::{Machine, Started};
use crate::outcome::Outcome;
use crate::permit::{Holder, Permit};
use crate::snapshot::Snapshot;
use crate::state::State;

/// A circuit breaker; clones share one state.
///
/// ```
/// use arb_breaker::{Breaker, BreakerConfig, State};
///
/// # fn main() -> Result<(), arb_breaker::BreakerError> {
/// let breaker = Breaker::new("kalshi-rest", BreakerConfig::default())?;
/// for _ in 0..5 {
///     if let Ok(permit) = breaker.try_acquire() {
///         permit.failure();
///     }
/// }
/// let refusal = breaker.try_acquire().err();
/// assert_eq!(breaker.state(), State::Open);
/// assert!(refusal.is_some_and(|refusal| refusal.retry_after.is_some()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Breaker {
    shared: Arc<Shared>,
}

/// What all clones and permits of a breaker share.
pub(crate) struct Shared {
    pub(crate) machine: Machine,
    name: Arc<str>,
    config: Arc<BreakerConfig>,
}

impl Shared {
    #[inline]
    pub(crate) fn now(&self) -> Instant {
        self.config.clock.now()
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn settle(&self, ticket: Ticket, verdict: Verdict, started: Started, now: Instant) {
        self.machine.settle(ticket, verdict, started, now);
        self.deliver();
    }

    #[cold]
    #[inline(never)]
    fn admit(&self, now: Instant) -> Result<Ticket, Rejected> {
        let answer = self.machine.admit(now);
        self.deliver();
        answer
    }

    fn locked<R>(&self, work: impl FnOnce(&mut Ledger, &dyn Positions) -> R) -> R {
        let answer = self.machine.locked(work);
        self.deliver();
        answer
    }

    /// Tells the listeners what has happened, in order and without a lock held. Where another
    /// thread, or a listener further up this one's stack, is already at it, that one goes on.
    fn deliver(&self) {
        if !self.machine.aside(|ledger| ledger.events.start_delivery()) {
            return;
        }
        while let Some((event, listeners)) = self.machine.aside(|ledger| ledger.events.next()) {
            for listener in listeners.iter() {
                if catch_unwind(AssertUnwindSafe(|| listener(&event))).is_err() {
                    self.machine.aside(Ledger::listener_panicked);
                }
            }
        }
    }
}

impl Breaker {
    /// A closed breaker. The name appears in rejections, events and metrics.
    ///
    /// # Errors
    /// [`BreakerError::InvalidConfig`] as [`BreakerConfig::validate`] says.
    pub fn new(name: impl Into<Arc<str>>, config: BreakerConfig) -> Result<Self, BreakerError> {
        let now = config.clock.now();
        Self::new_at(name, config, now)
    }

    /// A breaker that is closed since `now`; times before that are taken as `now`.
    ///
    /// # Errors
    /// [`BreakerError::InvalidConfig`] as [`BreakerConfig::validate`] says.
    pub fn new_at(
        name: impl Into<Arc<str>>,
        config: BreakerConfig,
        now: Instant,
    ) -> Result<Self, BreakerError> {
        config.validate()?;
        let (name, config) = (name.into(), Arc::new(config));
        let machine = Machine::new(Arc::clone(&name), Arc::clone(&config), now);
        Ok(Self { shared: Arc::new(Shared { machine, name, config }) })
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.shared.name
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> &BreakerConfig {
        &self.shared.config
    }

    /// Asks to make a call now.
    ///
    /// # Errors
    /// [`Rejected`] when the breaker is open, or half-open with all its probes on their way.
    #[inline]
    pub fn try_acquire(&self) -> Result<Permit<'_>, Rejected> {
        acquire(&self.shared, Holder::Borrowed(&self.shared), None)
    }

    /// Asks to make a call at `now`. A time earlier than one the breaker has seen is taken as that.
    ///
    /// # Errors
    /// As [`try_acquire`](Self::try_acquire).
    #[inline]
    pub fn try_acquire_at(&self, now: Instant) -> Result<Permit<'_>, Rejected> {
        acquire(&self.shared, Holder::Borrowed(&self.shared), Some(now))
    }

    /// [`try_acquire`](Self::try_acquire) with a permit that may be moved into a task.
    ///
    /// # Errors
    /// As [`try_acquire`](Self::try_acquire).
    pub fn try_acquire_owned(&self) -> Result<Permit<'static>, Rejected> {
        acquire(&self.shared, Holder::Owned(Arc::clone(&self.shared)), None)
    }

    /// [`try_acquire_at`](Self::try_acquire_at) with a permit that may be moved into a task.
    ///
    /// # Errors
    /// As [`try_acquire`](Self::try_acquire).
    pub fn try_acquire_owned_at(&self, now: Instant) -> Result<Permit<'static>, Rejected> {
        acquire(&self.shared, Holder::Owned(Arc::clone(&self.shared)), Some(now))
    }

    /// Admits a call that reduces risk, such as the unwinding of a half-filled trade, whatever the
    /// state: an unwind must never be blocked. It takes no probe's place, its verdict is counted
    /// apart and never changes the state.
    pub fn acquire_risk_reducing(&self) -> Permit<'static> {
        self.acquire_risk_reducing_at(self.shared.now())
    }

    /// [`acquire_risk_reducing`](Self::acquire_risk_reducing) at `now`.
    pub fn acquire_risk_reducing_at(&self, now: Instant) -> Permit<'static> {
        let ticket = self.shared.locked(|ledger, word| ledger.acquire_risk_reducing(now, word));
        let started = self.shared.machine.started(now);
        Permit::new(Holder::Owned(Arc::clone(&self.shared)), started, ticket)
    }

    /// Counts an outcome that was observed without a call, such as a feed that stalls. It counts
    /// while closed (or in metrics-only) and is stale otherwise: probes are calls.
    pub fn record(&self, outcome: Outcome) {
        self.record_at(outcome, self.shared.now());
    }

    /// [`record`](Self::record) at `now`.
    pub fn record_at(&self, outcome: Outcome, now: Instant) {
        let ticket = self.shared.machine.aside(|ledger| ledger.observer());
        let started = self.shared.machine.started(now);
        Permit::new(Holder::Borrowed(&self.shared), started, ticket).finish_at(outcome, now);
    }

    /// The state now. While closed this is one load; otherwise it reads the clock, so that an open
    /// time that is over shows.
    #[must_use]
    pub fn state(&self) -> State {
        if self.shared.machine.tag().is_closed() {
            return State::Closed;
        }
        self.state_at(self.shared.now())
    }

    /// The state at `now`.
    #[must_use]
    pub fn state_at(&self, now: Instant) -> State {
        if self.shared.machine.tag().is_closed() {
            return State::Closed;
        }
        self.shared.locked(|ledger, word| {
            ledger.advance(now, word);
            ledger.state()
        })
    }

    /// The state and all counts now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.snapshot_at(self.shared.now())
    }

    /// The state and all counts at `now`.
    #[must_use]
    pub fn snapshot_at(&self, now: Instant) -> Snapshot {
        self.shared.locked(|ledger, word| ledger.snapshot(now, word))
    }

    /// Opens the breaker until an operator decides otherwise.
    pub fn force_open(&self) {
        self.command(Command::ForceOpen, self.shared.now());
    }

    /// Opens the breaker for `span` (at most two years), as for an announced maintenance; after
    /// that it is half-open. An open time that ends later stays, and so do operators' commands.
    pub fn open_for(&self, span: Duration) {
        self.open_for_at(span, self.shared.now());
    }

    /// [`open_for`](Self::open_for) from `now` on.
    pub fn open_for_at(&self, span: Duration, now: Instant) {
        self.command(Command::OpenFor(span), now);
    }

    /// Lets every call pass and records nothing until an operator decides otherwise.
    pub fn disable(&self) {
        self.command(Command::Disable, self.shared.now());
    }

    /// Lets every call pass, records everything and only reports what would have opened the
    /// breaker, until an operator decides otherwise.
    pub fn metrics_only(&self) {
        self.command(Command::MetricsOnly, self.shared.now());
    }

    /// Closes the breaker with an empty window and no growth, whatever its state. The totals stay.
    pub fn reset(&self) {
        self.reset_at(self.shared.now());
    }

    /// [`reset`](Self::reset) at `now`.
    pub fn reset_at(&self, now: Instant) {
        self.command(Command::Reset, now);
    }

    fn command(&self, command: Command, now: Instant) {
        self.shared.locked(|ledger, word| ledger.command(command, now, word));
    }

    /// Calls `listener` on every event from here on, in order, one at a time and with no lock
    /// held: it may use this breaker. It runs on the thread whose call brought the change about, so
    /// it should be brief. A panic in it is caught and counted.
    pub fn on_event(&self, listener: impl Fn(&Event) + Send + Sync + 'static) {
        self.shared.machine.aside(|ledger| ledger.events.add_listener(Arc::new(listener)));
    }
}

#[inline]
fn acquire<'a>(
    shared: &Shared,
    holder: Holder<'a>,
    now: Option<Instant>,
) -> Result<Permit<'a>, Rejected> {
    let machine = &shared.machine;
    let (ticket, now) = match machine.admit_closed() {
        Some(ticket) => (ticket, now),
        None => {
            let now = now.unwrap_or_else(|| shared.now());
            (shared.admit(now)?, Some(now))
        }
    };
    let started = if machine.wants_start {
        machine.started(now.unwrap_or_else(|| shared.now()))
    } else {
        Machine::started_whenever()
    };
    Ok(Permit::new(holder, started, ticket))
}

impl fmt::Debug for Breaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Breaker")
            .field("name", &self.shared.name)
            .field("state", &self.shared.machine.tag().state())
            .finish_non_exhaustive()
    }
}

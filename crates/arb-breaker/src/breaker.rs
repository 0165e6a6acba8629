//! The breaker itself: a handle that is cheap to clone and to share.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::config::BreakerConfig;
use crate::error::{BreakerError, Rejected};
use crate::event::{Event, Listener};
use crate::instruments;
use crate::ledger::{Command, Ledger, Positions, Verdict};
use crate::machine::{Machine, Rest};
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::permit::Permit;
use crate::saved::SavedState;
use crate::snapshot::Snapshot;
use crate::state::State;
use crate::ticket::Ticket;

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
    pub(crate) fn now(&self) -> Moment {
        self.config.clock.now()
    }

    /// Takes the verdict of an admitted call, at `now` or by the clock.
    #[inline(always)]
    pub(crate) fn take(
        &self,
        ticket: Ticket,
        verdict: Verdict,
        started: Moment,
        now: Option<Moment>,
    ) {
        if verdict != Verdict::Success {
            self.settle(ticket, verdict, started, now);
        } else if let Err(rest) = self.machine.count_success(ticket, started, now) {
            self.finish_success(ticket, started, now, rest);
        }
    }

    #[cold]
    #[inline(never)]
    fn finish_success(&self, ticket: Ticket, started: Moment, now: Option<Moment>, rest: Rest) {
        let at = now.unwrap_or_else(|| self.now());
        let rest = match (rest, now) {
            // It may have wanted for the time alone.
            (Rest::All, None) => match self.machine.count_success(ticket, started, Some(at)) {
                Ok(()) => return,
                Err(rest) => rest,
            },
            (rest, _) => rest,
        };
        let counted = matches!(rest, Rest::Look(word) if self.machine.look(ticket, word));
        if !counted {
            self.settle(ticket, Verdict::Success, started, Some(at));
        }
    }

    #[cold]
    #[inline(never)]
    fn settle(&self, ticket: Ticket, verdict: Verdict, started: Moment, now: Option<Moment>) {
        let now = now.unwrap_or_else(|| self.now());
        self.machine.settle(ticket, verdict, started, now);
        self.deliver();
    }

    /// The permit was dropped without a verdict.
    #[cold]
    #[inline(never)]
    pub(crate) fn abandon(&self, ticket: Ticket, started: Moment) {
        let verdict = if std::thread::panicking() { Verdict::Panicked } else { Verdict::Cancelled };
        self.settle(ticket, verdict, started, None);
    }

    /// Admits a call where more is to be known than that the breaker is closed; also when it started.
    #[cold]
    #[inline(never)]
    fn admit_now(&self) -> Result<(Ticket, Moment), Rejected> {
        match self.machine.admit_closed() {
            Some(ticket) if !self.machine.wants_start() => Ok((ticket, Moment::from_nanos(0))),
            Some(ticket) => Ok((ticket, self.now())),
            None => {
                let now = self.now();
                Ok((self.admit(now)?, now))
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn admit(&self, now: Moment) -> Result<Ticket, Rejected> {
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
        let (deliver, publish) = self.machine.aside(|ledger| {
            (ledger.events.start_delivery(), cfg!(feature = "metrics") && ledger.counts_are_due())
        });
        if deliver {
            self.deliver_all();
        }
        if publish || (deliver && cfg!(feature = "metrics")) {
            instruments::counts(&self.machine.locked(|ledger, word| ledger.look(word)));
        }
    }

    fn deliver_all(&self) {
        while let Some((event, listeners)) = self.machine.aside(|ledger| ledger.events.next()) {
            instruments::event(&event);
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
        now: impl Into<Moment>,
    ) -> Result<Self, BreakerError> {
        config.validate()?;
        let (name, config) = (name.into(), Arc::new(config));
        let machine = Machine::new(Arc::clone(&name), Arc::clone(&config), now.into());
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
    #[inline(always)]
    pub fn try_acquire(&self) -> Result<Permit<'_>, Rejected> {
        let shared = &*self.shared;
        let (ticket, started) = match shared.machine.admit_untimed() {
            Some(ticket) => (ticket, Moment::from_nanos(0)),
            None => shared.admit_now()?,
        };
        Ok(Permit::new(shared, started, ticket))
    }

    /// Asks to make a call at `now`. A time earlier than one the breaker has seen is taken as that.
    ///
    /// # Errors
    /// As [`try_acquire`](Self::try_acquire).
    #[inline(always)]
    pub fn try_acquire_at(&self, now: impl Into<Moment>) -> Result<Permit<'_>, Rejected> {
        let now = now.into();
        let ticket = match self.shared.machine.admit_closed() {
            Some(ticket) => ticket,
            None => self.shared.admit(now)?,
        };
        Ok(Permit::new(&self.shared, now, ticket))
    }

    /// [`try_acquire`](Self::try_acquire) with a permit that may be moved into a task.
    ///
    /// # Errors
    /// As [`try_acquire`](Self::try_acquire).
    pub fn try_acquire_owned(&self) -> Result<Permit<'static>, Rejected> {
        self.try_acquire().map(|permit| permit.into_owned(Arc::clone(&self.shared)))
    }

    /// [`try_acquire_at`](Self::try_acquire_at) with a permit that may be moved into a task.
    ///
    /// # Errors
    /// As [`try_acquire`](Self::try_acquire).
    pub fn try_acquire_owned_at(
        &self,
        now: impl Into<Moment>,
    ) -> Result<Permit<'static>, Rejected> {
        self.try_acquire_at(now).map(|permit| permit.into_owned(Arc::clone(&self.shared)))
    }

    /// Admits a call that reduces risk, such as the unwinding of a half-filled trade, whatever the
    /// state: an unwind must never be blocked. It takes no probe's place, its verdict is counted
    /// apart and never changes the state.
    pub fn acquire_risk_reducing(&self) -> Permit<'static> {
        self.acquire_risk_reducing_at(self.shared.now())
    }

    /// [`acquire_risk_reducing`](Self::acquire_risk_reducing) at `now`.
    pub fn acquire_risk_reducing_at(&self, now: impl Into<Moment>) -> Permit<'static> {
        let now = now.into();
        let ticket = self.shared.locked(|ledger, word| ledger.acquire_risk_reducing(now, word));
        Permit::new(&self.shared, now, ticket).into_owned(Arc::clone(&self.shared))
    }

    /// Counts an outcome that was observed without a call, such as a feed that stalls. It counts
    /// while closed (or in metrics-only) and is stale otherwise: probes are calls.
    pub fn record(&self, outcome: Outcome) {
        self.record_at(outcome, self.shared.now());
    }

    /// [`record`](Self::record) at `now`.
    pub fn record_at(&self, outcome: Outcome, now: impl Into<Moment>) {
        let now = now.into();
        let ticket = self.shared.machine.aside(|ledger| ledger.observer());
        Permit::new(&self.shared, now, ticket).finish_at(outcome, now);
    }

    /// The state now. While closed this is one load; otherwise it reads the clock, so that an open
    /// time that is over shows.
    #[must_use]
    pub fn state(&self) -> State {
        if self.shared.machine.is_closed() {
            return State::Closed;
        }
        self.state_at(self.shared.now())
    }

    /// The state at `now`.
    #[must_use]
    pub fn state_at(&self, now: impl Into<Moment>) -> State {
        if self.shared.machine.is_closed() {
            return State::Closed;
        }
        let now = now.into();
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
    pub fn snapshot_at(&self, now: impl Into<Moment>) -> Snapshot {
        let now = now.into();
        let snapshot = self.shared.locked(|ledger, word| ledger.snapshot(now, word));
        instruments::counts(&snapshot);
        snapshot
    }

    /// Opens the breaker until an operator decides otherwise.
    pub fn force_open(&self) {
        self.force_open_at(self.shared.now());
    }

    /// [`force_open`](Self::force_open) at `now`.
    pub fn force_open_at(&self, now: impl Into<Moment>) {
        self.command(Command::ForceOpen, now.into());
    }

    /// Opens the breaker for `span` (at most two years), as for an announced maintenance; after
    /// that it is half-open. An open time that ends later stays, and so do operators' commands.
    pub fn open_for(&self, span: Duration) {
        self.open_for_at(span, self.shared.now());
    }

    /// [`open_for`](Self::open_for) from `now` on.
    pub fn open_for_at(&self, span: Duration, now: impl Into<Moment>) {
        self.command(Command::OpenFor(span), now.into());
    }

    /// Lets every call pass and records nothing until an operator decides otherwise.
    pub fn disable(&self) {
        self.disable_at(self.shared.now());
    }

    /// [`disable`](Self::disable) at `now`.
    pub fn disable_at(&self, now: impl Into<Moment>) {
        self.command(Command::Disable, now.into());
    }

    /// Lets every call pass, records everything and only reports what would have opened the
    /// breaker, until an operator decides otherwise.
    pub fn metrics_only(&self) {
        self.metrics_only_at(self.shared.now());
    }

    /// [`metrics_only`](Self::metrics_only) at `now`.
    pub fn metrics_only_at(&self, now: impl Into<Moment>) {
        self.command(Command::MetricsOnly, now.into());
    }

    /// Closes the breaker with an empty window and no growth, whatever its state. The totals stay.
    pub fn reset(&self) {
        self.reset_at(self.shared.now());
    }

    /// [`reset`](Self::reset) at `now`.
    pub fn reset_at(&self, now: impl Into<Moment>) {
        self.command(Command::Reset, now.into());
    }

    fn command(&self, command: Command, now: Moment) {
        self.shared.locked(|ledger, word| ledger.command(command, now, word));
    }

    /// Calls `listener` on every event from here on, in order, one at a time and with no lock
    /// held: it may use this breaker. It runs on the thread whose call brought the change about, so
    /// it should be brief. A panic in it is caught and counted.
    pub fn on_event(&self, listener: impl Fn(&Event) + Send + Sync + 'static) {
        self.add_listener(Arc::new(listener));
    }

    pub(crate) fn add_listener(&self, listener: Listener) {
        self.shared.machine.aside(|ledger| ledger.events.add_listener(listener));
    }

    /// The state for a restart; `wall` is the present wall-clock time.
    #[must_use]
    pub fn save(&self, wall: SystemTime) -> SavedState {
        self.save_at(wall, self.shared.now())
    }

    /// [`save`](Self::save) at `now`, when the wall clock shows `wall`.
    #[must_use]
    pub fn save_at(&self, wall: SystemTime, now: impl Into<Moment>) -> SavedState {
        let seen = self.snapshot_at(now);
        let Snapshot { state, open_for, growth_level, last_trip, .. } = seen;
        SavedState::new(self.name(), state, open_for, growth_level, last_trip, wall)
    }

    /// Puts the breaker into a saved state, with an empty window; `wall` is the present wall-clock
    /// time, by which an open time goes on while the process does not.
    ///
    /// # Errors
    /// [`BreakerError::SavedVersion`] and [`BreakerError::SavedName`] when it is not one this
    /// breaker can have; nothing is changed then.
    pub fn restore(&self, saved: &SavedState, wall: SystemTime) -> Result<(), BreakerError> {
        self.restore_at(saved, wall, self.shared.now())
    }

    /// [`restore`](Self::restore) at `now`, when the wall clock shows `wall`.
    ///
    /// # Errors
    /// As [`restore`](Self::restore).
    pub fn restore_at(
        &self,
        saved: &SavedState,
        wall: SystemTime,
        now: impl Into<Moment>,
    ) -> Result<(), BreakerError> {
        saved.check(self.name())?;
        let (open_for, now) = (saved.open_for(wall), now.into());
        self.shared.locked(|ledger, word| ledger.restore(saved, open_for, now, word));
        Ok(())
    }
}

impl fmt::Debug for Breaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Breaker")
            .field("name", &self.shared.name)
            .field("closed", &self.shared.machine.is_closed())
            .finish_non_exhaustive()
    }
}

//! The part of a breaker behind its lock: a plain state machine of (state, input, now).
//!
//! It never reads a clock, calls foreign code or touches an atomic; the lock-free half lies in
//! [`machine`](crate::machine).

use std::sync::Arc;
use std::time::Duration;

use crate::config::{BreakerConfig, Window};
use crate::error::{RejectReason, Rejected, TripReason};
use crate::event::{EventKind, EventQueue};
use crate::moment::Moment;
use crate::open_time::OpenTime;
use crate::outcome::{Failure, Origin};
use crate::probes::{Probes, Ruling};
use crate::saved::SavedState;
use crate::snapshot::{Snapshot, Totals};
use crate::state::State;
use crate::tag::Tag;
use crate::ticket::{Pass, Ticket};
use crate::window::{Mark, SlidingWindow};

/// Counts are published at the latest after so many steps behind the lock.
const PUBLISH_EVERY: u32 = 64;

/// What became of an admitted call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Success,
    Failure(Failure),
    Panicked,
    Ignored,
    Cancelled,
}

/// A command from outside the calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    ForceOpen,
    OpenFor(Duration),
    Disable,
    MetricsOnly,
    Reset,
}

/// The outcomes of the present generation, counted in the machine's word.
pub(crate) trait Positions {
    /// How many are taken.
    fn taken(&self) -> u64;
    /// Takes the next one and returns its number. Only under the ledger's lock, where the tag
    /// cannot change.
    fn take(&self) -> u64;
}

#[derive(Debug)]
enum Phase {
    Closed,
    MetricsOnly,
    Open { until: Moment, reason: TripReason },
    HalfOpen(Probes),
    ForcedOpen,
    Disabled,
}

impl Phase {
    fn state(&self) -> State {
        match self {
            Self::Closed => State::Closed,
            Self::MetricsOnly => State::MetricsOnly,
            Self::Open { .. } => State::Open,
            Self::HalfOpen(_) => State::HalfOpen,
            Self::ForcedOpen => State::ForcedOpen,
            Self::Disabled => State::Disabled,
        }
    }
}

/// The failures since the last success: they took neighbouring positions.
#[derive(Debug, Default)]
struct Run {
    length: u64,
    /// The position after the last failure.
    end: u64,
}

#[derive(Debug)]
pub(crate) struct Ledger {
    name: Arc<str>,
    config: Arc<BreakerConfig>,
    /// Instants become nanoseconds since this one.
    origin: Moment,
    /// The latest time seen; times given later are taken as at least this one.
    now: Moment,
    phase: Phase,
    since: Moment,
    generation: u64,
    window: SlidingWindow,
    /// When the window must slide again.
    pub(crate) slide_at: Option<Moment>,
    run: Run,
    open_time: OpenTime,
    last_trip: Option<TripReason>,
    next_probe: u32,
    /// Whether the time of a success matters.
    timed: bool,
    totals: Totals,
    /// Outcomes of past generations that went through the window.
    counted_before: u64,
    /// Stale successes among all outcomes that went through a window.
    miscounted: u64,
    /// Failures among all outcomes that went through a window.
    counted_failures: u64,
    probe_successes: u64,
    unpublished: u32,
    pub(crate) events: EventQueue,
}

impl Ledger {
    pub(crate) fn new(name: Arc<str>, config: Arc<BreakerConfig>, now: Moment) -> Self {
        let mut window = SlidingWindow::new(config.window);
        let mut open_time = OpenTime::new(&name, &config);
        open_time.closed(now);
        let timed = config.slow_calls.is_some() || matches!(config.window, Window::Time { .. });
        Self {
            slide_at: window.slide(Duration::ZERO, 0).map(|at| now + at),
            window,
            open_time,
            name,
            config,
            origin: now,
            now,
            phase: Phase::Closed,
            since: now,
            generation: 0,
            run: Run::default(),
            last_trip: None,
            next_probe: 0,
            timed,
            totals: Totals::default(),
            counted_before: 0,
            miscounted: 0,
            counted_failures: 0,
            probe_successes: 0,
            unpublished: 0,
            events: EventQueue::default(),
        }
    }

    pub(crate) fn tag(&self) -> Tag {
        Tag::new(self.generation, self.phase.state(), self.timed)
    }

    /// The machine left a generation in which `outcomes` positions had been taken.
    pub(crate) fn generation_ended(&mut self, outcomes: u64) {
        self.counted_before += outcomes;
    }

    /// A stale success took a position.
    pub(crate) fn miscounted(&mut self) {
        self.miscounted += 1;
    }

    /// Moves the state on to `now`: an open time that is over, leases that have ended, a window
    /// that slides.
    pub(crate) fn advance(&mut self, now: Moment, positions: &dyn Positions) {
        self.now = self.now.max(now);
        let now = self.now;
        loop {
            let lost_at = match &mut self.phase {
                Phase::Open { until, .. } if *until <= now => {
                    let at = *until;
                    self.enter(Phase::HalfOpen(Probes::default()), at, None);
                    continue;
                }
                Phase::HalfOpen(probes) => probes.lose_one(now),
                _ => None,
            };
            // The breaker reopens at the moment the lease ended, not when somebody noticed, so
            // that a quiet hour does not add an open time.
            let Some(at) = lost_at else { break };
            self.totals.probes_lost += 1;
            self.events.push(&self.name, at, EventKind::ProbeLost);
            self.rule(at, None);
        }
        if self.phase.state().counts() {
            let slide_at = self.window.slide(now.since(self.origin), positions.taken());
            self.slide_at = slide_at.map(|at| self.origin + at);
        }
    }

    pub(crate) fn acquire(
        &mut self,
        now: Moment,
        positions: &dyn Positions,
    ) -> Result<Ticket, Rejected> {
        self.advance(now, positions);
        let tag = self.tag();
        let reason = match &mut self.phase {
            Phase::Closed | Phase::MetricsOnly => return Ok(Ticket::new(tag, Pass::Counted)),
            Phase::Disabled => return Ok(Ticket::new(tag, Pass::Unrecorded)),
            Phase::HalfOpen(probes) => {
                let probe = self.next_probe;
                let deadline = self.now + self.config.probe_lease;
                if probes.admit(probe, deadline, &self.config) {
                    self.next_probe = (probe + 1) % Ticket::PROBES;
                    return Ok(Ticket::new(tag, Pass::Probe(probe)));
                }
                RejectReason::ProbesInFlight { probes: self.config.probes }
            }
            Phase::Open { reason, .. } => RejectReason::Open(*reason),
            Phase::ForcedOpen => RejectReason::Open(TripReason::Forced),
        };
        self.totals.rejected += 1;
        Err(Rejected {
            breaker: Arc::clone(&self.name),
            state: self.phase.state(),
            retry_after: self.retry_after(),
            reason,
        })
    }

    fn retry_after(&self) -> Option<Duration> {
        match &self.phase {
            Phase::Open { until, .. } => Some(*until),
            Phase::HalfOpen(probes) => probes.first_deadline(),
            _ => None,
        }
        .map(|at| at.since(self.now))
    }

    pub(crate) fn acquire_risk_reducing(
        &mut self,
        now: Moment,
        positions: &dyn Positions,
    ) -> Ticket {
        self.advance(now, positions);
        self.totals.risk_reducing.admitted += 1;
        if matches!(self.phase, Phase::Open { .. } | Phase::HalfOpen(_) | Phase::ForcedOpen) {
            self.totals.risk_reducing.admitted_unhealthy += 1;
        }
        Ticket::new(self.tag(), Pass::RiskReducing)
    }

    /// A ticket for an outcome that was observed without a call.
    pub(crate) fn observer(&self) -> Ticket {
        Ticket::new(self.tag(), Pass::Counted)
    }

    /// Takes the verdict of an admitted call.
    pub(crate) fn settle(
        &mut self,
        ticket: Ticket,
        verdict: Verdict,
        slow: bool,
        now: Moment,
        positions: &dyn Positions,
    ) {
        self.advance(now, positions);
        match ticket.pass() {
            Pass::RiskReducing => self.settle_risk_reducing(verdict),
            Pass::Unrecorded => {}
            _ if ticket.tag() != self.tag() => self.totals.stale += 1,
            Pass::Counted if !self.phase.state().counts() => self.totals.stale += 1,
            Pass::Counted => self.settle_counted(verdict, slow, positions),
            Pass::Probe(probe) => self.settle_probe(probe, verdict, slow),
        }
    }

    fn settle_risk_reducing(&mut self, verdict: Verdict) {
        let counts = &mut self.totals.risk_reducing;
        match verdict {
            Verdict::Success => counts.successes += 1,
            Verdict::Failure(_) | Verdict::Panicked => counts.failures += 1,
            Verdict::Ignored => counts.ignored += 1,
            Verdict::Cancelled => counts.cancelled += 1,
        }
    }

    /// Counts what the word does not; `None` when the outcome counts neither way.
    fn tally(&mut self, verdict: Verdict, slow: bool) -> Option<Mark> {
        let failed = match verdict {
            Verdict::Success => false,
            Verdict::Failure(failure) => {
                match failure.origin {
                    Origin::Local => self.totals.failures_local += 1,
                    Origin::Remote => self.totals.failures_remote += 1,
                    Origin::Unknown => {}
                }
                true
            }
            Verdict::Panicked => {
                self.totals.panics += 1;
                true
            }
            Verdict::Ignored => {
                self.totals.ignored += 1;
                return None;
            }
            Verdict::Cancelled => {
                self.totals.cancelled += 1;
                return None;
            }
        };
        self.totals.failures += u64::from(failed);
        self.totals.slow += u64::from(slow);
        Some(Mark { failed, slow })
    }

    fn settle_counted(&mut self, verdict: Verdict, slow: bool, positions: &dyn Positions) {
        let Some(mark) = self.tally(verdict, slow) else { return };
        let position = positions.take();
        if !mark.failed && !mark.slow {
            return;
        }
        self.window.mark(position, mark);
        if mark.failed {
            self.counted_failures += 1;
            let unbroken = self.run.length > 0 && self.run.end == position;
            self.run.length = if unbroken { self.run.length + 1 } else { 1 };
            self.run.end = position + 1;
        }
        let Some(reason) = self.tripped(position + 1, mark) else { return };
        if matches!(self.phase, Phase::MetricsOnly) {
            self.totals.would_open += 1;
            self.events.push(&self.name, self.now, EventKind::WouldOpen { reason });
            self.begin_generation();
        } else {
            self.open(self.now, reason, retry_after_of(verdict));
        }
    }

    /// The rule that the bad outcome just entered trips, if any.
    fn tripped(&mut self, taken: u64, mark: Mark) -> Option<TripReason> {
        if mark.failed
            && let Some(limit) = self.config.consecutive_failures
            && self.run.length >= u64::from(limit)
        {
            return Some(TripReason::ConsecutiveFailures { failures: self.run.length });
        }
        let inside = self.window.contents(taken);
        if inside.calls < minimum_calls(&self.config) {
            return None;
        }
        if mark.failed
            && let Some(rate) = self.config.failure_rate
            && rate.is_reached(inside.failures, inside.calls)
        {
            let (failures, calls) = (inside.failures, inside.calls);
            return Some(TripReason::FailureRate { failures, calls });
        }
        if mark.slow
            && let Some(rule) = self.config.slow_calls
            && rule.rate.is_reached(inside.slow, inside.calls)
        {
            let (slow, calls) = (inside.slow, inside.calls);
            return Some(TripReason::SlowCallRate { slow, calls });
        }
        None
    }

    fn settle_probe(&mut self, probe: u32, verdict: Verdict, slow: bool) {
        let Phase::HalfOpen(probes) = &mut self.phase else { return };
        if !probes.release(probe) {
            self.totals.stale += 1;
            return;
        }
        let Some(mark) = self.tally(verdict, slow) else { return };
        let good = !mark.failed && !mark.slow;
        self.probe_successes += u64::from(!mark.failed);
        if let Phase::HalfOpen(probes) = &mut self.phase {
            probes.report(good);
        }
        self.rule(self.now, retry_after_of(verdict));
    }

    /// Follows what the probes say.
    fn rule(&mut self, at: Moment, retry_after: Option<Duration>) {
        let Phase::HalfOpen(probes) = &self.phase else { return };
        match probes.ruling(&self.config) {
            Ruling::Pending => {}
            Ruling::Close => {
                self.open_time.closed(at);
                self.enter(Phase::Closed, at, None);
            }
            Ruling::Reopen(reason) => self.open(at, reason, retry_after),
        }
    }

    fn open(&mut self, at: Moment, reason: TripReason, retry_after: Option<Duration>) {
        let open_for = self.open_time.opened(at, retry_after, &self.config);
        self.open_until(at, open_for, reason);
    }

    fn open_until(&mut self, at: Moment, open_for: Duration, reason: TripReason) {
        self.totals.opened += 1;
        self.last_trip = Some(reason);
        let until = at + open_for;
        self.enter(Phase::Open { until, reason }, at, Some(reason));
    }

    pub(crate) fn command(&mut self, command: Command, now: Moment, positions: &dyn Positions) {
        self.advance(now, positions);
        let at = self.now;
        match command {
            Command::ForceOpen => {
                self.last_trip = Some(TripReason::Forced);
                self.enter(Phase::ForcedOpen, at, Some(TripReason::Forced));
            }
            Command::Disable => self.enter(Phase::Disabled, at, None),
            Command::MetricsOnly => self.enter(Phase::MetricsOnly, at, None),
            Command::Reset => {
                self.open_time.forget();
                self.open_time.closed(at);
                self.enter(Phase::Closed, at, None);
            }
            Command::OpenFor(span) => self.open_on_request(span),
        }
    }

    fn open_on_request(&mut self, span: Duration) {
        let (at, reason) = (self.now, TripReason::Requested);
        match &mut self.phase {
            Phase::ForcedOpen | Phase::Disabled => {}
            Phase::MetricsOnly => {
                self.totals.would_open += 1;
                self.events.push(&self.name, at, EventKind::WouldOpen { reason });
            }
            Phase::Open { until, .. } => *until = (*until).max(at + span),
            Phase::Closed | Phase::HalfOpen(_) => self.open_until(at, span, reason),
        }
    }

    /// Takes up a saved state of which `open_for` of the open time is left.
    pub(crate) fn restore(
        &mut self,
        saved: &SavedState,
        open_for: Duration,
        now: Moment,
        positions: &dyn Positions,
    ) {
        self.advance(now, positions);
        let at = self.now;
        let reason = saved.last_trip.unwrap_or(TripReason::Requested);
        let phase = match saved.state {
            State::Closed => Phase::Closed,
            State::MetricsOnly => Phase::MetricsOnly,
            State::Open => Phase::Open { until: at + open_for, reason },
            State::HalfOpen => Phase::HalfOpen(Probes::default()),
            State::ForcedOpen => Phase::ForcedOpen,
            State::Disabled => Phase::Disabled,
        };
        self.last_trip = saved.last_trip;
        self.open_time.restore(saved.growth_level, saved.state.counts().then_some(at));
        let opened = saved.state.is_open().then_some(reason);
        self.enter(phase, at, opened);
    }

    fn enter(&mut self, phase: Phase, at: Moment, reason: Option<TripReason>) {
        let from = self.phase.state();
        let open_for = match &phase {
            Phase::Open { until, .. } => Some(until.since(at)),
            _ => None,
        };
        self.phase = phase;
        self.since = at;
        self.begin_generation();
        let to = self.phase.state();
        let kind = EventKind::StateChanged { from, to, reason, open_for };
        self.events.push(&self.name, at, kind);
    }

    /// From here on, verdicts of calls admitted so far are stale.
    fn begin_generation(&mut self) {
        self.generation += 1;
        self.window.reset();
        self.run = Run::default();
    }

    pub(crate) fn state(&self) -> State {
        self.phase.state()
    }

    pub(crate) fn listener_panicked(&mut self) {
        self.totals.listener_panics += 1;
    }

    /// Good outcomes so far, `taken` of them and of bad ones in this generation.
    fn successes(&self, taken: u64) -> u64 {
        let counted = self.counted_before + taken - self.miscounted;
        counted - self.counted_failures + self.probe_successes
    }

    /// Whether the counts should be published: after so many steps behind the lock.
    pub(crate) fn counts_are_due(&mut self) -> bool {
        self.unpublished += 1;
        let due = self.unpublished >= PUBLISH_EVERY;
        if due {
            self.unpublished = 0;
        }
        due
    }

    /// A snapshot of the latest time seen.
    pub(crate) fn look(&mut self, positions: &dyn Positions) -> Snapshot {
        self.snapshot(self.now, positions)
    }

    pub(crate) fn snapshot(&mut self, now: Moment, positions: &dyn Positions) -> Snapshot {
        self.advance(now, positions);
        let taken = positions.taken();
        let inside = self.window.contents(taken);
        let run = if self.run.end == taken { self.run.length } else { 0 };
        let (probes_outstanding, open_for) = match &self.phase {
            Phase::HalfOpen(probes) => (probes.outstanding() as u64, None),
            Phase::Open { .. } => (0, self.retry_after()),
            _ => (0, None),
        };
        let mut totals = self.totals;
        totals.successes = self.successes(taken);
        totals.events_dropped = self.events.dropped();
        Snapshot {
            name: Arc::clone(&self.name),
            state: self.phase.state(),
            in_state_for: self.now.since(self.since),
            generation: self.generation,
            last_trip: self.last_trip,
            open_for,
            growth_level: self.open_time.level_at(self.now, &self.config),
            window_calls: inside.calls,
            window_failures: inside.failures,
            window_slow: inside.slow,
            consecutive_failures: run,
            probes_outstanding,
            totals,
        }
    }
}

impl State {
    fn counts(self) -> bool {
        matches!(self, Self::Closed | Self::MetricsOnly)
    }
}

fn retry_after_of(verdict: Verdict) -> Option<Duration> {
    match verdict {
        Verdict::Failure(failure) => failure.retry_after,
        _ => None,
    }
}

fn minimum_calls(config: &BreakerConfig) -> u64 {
    let least = match config.window {
        Window::Count(size) => config.minimum_calls.min(size),
        Window::Time { .. } => config.minimum_calls,
    };
    u64::from(least)
}

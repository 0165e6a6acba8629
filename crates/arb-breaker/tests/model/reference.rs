//! A breaker written for clearness alone: it keeps every outcome and recounts them all.

use std::time::Duration;

use arb_breaker::{BreakerConfig, Origin, ProbeVerdict, State, TripReason, Window};

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Good,
    Failed { origin: Origin, retry_after: Option<u64> },
    Ignored,
    Cancelled,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    ForceOpen,
    OpenFor(u64),
    Disable,
    MetricsOnly,
    Reset,
}

/// What a call was admitted as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Admission {
    generation: u64,
    probe: Option<u64>,
    disabled: bool,
    apart: bool,
    started: u64,
}

/// Why a call was refused, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) state: State,
    pub(crate) retry_after: Option<u64>,
    /// `None` while probes are on their way.
    pub(crate) reason: Option<TripReason>,
}

/// The counts a snapshot has, in its order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) successes: u64,
    pub(crate) failures: u64,
    pub(crate) local: u64,
    pub(crate) remote: u64,
    pub(crate) slow: u64,
    pub(crate) ignored: u64,
    pub(crate) cancelled: u64,
    pub(crate) stale: u64,
    pub(crate) lost: u64,
    pub(crate) rejected: u64,
    pub(crate) opened: u64,
    pub(crate) would_open: u64,
    /// Admitted, admitted while unhealthy, good, failed, ignored, cancelled.
    pub(crate) risk_reducing: [u64; 6],
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    at: u64,
    failed: bool,
    slow: bool,
}

/// All times are nanoseconds since the breaker was made.
#[derive(Debug)]
pub(crate) struct Reference {
    config: BreakerConfig,
    state: State,
    generation: u64,
    /// The outcomes of this generation.
    seen: Vec<Seen>,
    open_until: u64,
    open_reason: Option<TripReason>,
    /// Probes on their way, with the end of their leases.
    probes: Vec<(u64, u64)>,
    next_probe: u64,
    /// Whether each finished probe was good.
    finished: Vec<bool>,
    lost: u32,
    level: u32,
    healthy_since: Option<u64>,
    pub(crate) last_trip: Option<TripReason>,
    pub(crate) counts: Counts,
}

fn nanos(span: Duration) -> u64 {
    span.as_nanos().try_into().unwrap()
}

impl Reference {
    pub(crate) fn new(config: BreakerConfig) -> Self {
        Self {
            config,
            state: State::Closed,
            generation: 0,
            seen: Vec::new(),
            open_until: 0,
            open_reason: None,
            probes: Vec::new(),
            next_probe: 0,
            finished: Vec::new(),
            lost: 0,
            level: 0,
            healthy_since: Some(0),
            last_trip: None,
            counts: Counts::default(),
        }
    }

    pub(crate) fn state(&self) -> State {
        self.state
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    pub(crate) fn probes_outstanding(&self) -> u64 {
        self.probes.len() as u64
    }

    /// Whatever has come due by `now`, in the order in which it came due.
    pub(crate) fn pass_time(&mut self, now: u64) {
        loop {
            if self.state == State::Open && self.open_until <= now {
                self.enter(State::HalfOpen);
            } else if self.state == State::HalfOpen
                && let Some(lost) = self.probes.iter().copied().min_by_key(|probe| probe.1)
                && lost.1 <= now
            {
                self.probes.retain(|probe| *probe != lost);
                self.lost += 1;
                self.counts.lost += 1;
                self.finished.push(false);
                self.judge_probes(lost.1, None);
            } else {
                return;
            }
        }
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        self.generation += 1;
        self.seen.clear();
        self.probes.clear();
        self.finished.clear();
        self.lost = 0;
    }

    pub(crate) fn acquire(&mut self, now: u64) -> Result<Admission, Refusal> {
        self.pass_time(now);
        let mut admission = Admission {
            generation: self.generation,
            probe: None,
            disabled: self.state == State::Disabled,
            apart: false,
            started: now,
        };
        let refusal = |reason, retry_after| Refusal { state: self.state, retry_after, reason };
        let refusal = match self.state {
            State::Open => refusal(self.open_reason, Some(self.open_until - now)),
            State::ForcedOpen => refusal(Some(TripReason::Forced), None),
            State::HalfOpen
                if self.probes.len() + self.finished.len() >= self.config.probes as usize =>
            {
                let first = self.probes.iter().map(|probe| probe.1).min();
                refusal(None, first.map(|deadline| deadline - now))
            }
            State::HalfOpen => {
                admission.probe = Some(self.next_probe);
                self.probes.push((self.next_probe, now + nanos(self.config.probe_lease)));
                self.next_probe += 1;
                return Ok(admission);
            }
            _ => return Ok(admission),
        };
        self.counts.rejected += 1;
        Err(refusal)
    }

    pub(crate) fn acquire_apart(&mut self, now: u64) -> Admission {
        self.pass_time(now);
        self.counts.risk_reducing[0] += 1;
        if matches!(self.state, State::Open | State::HalfOpen | State::ForcedOpen) {
            self.counts.risk_reducing[1] += 1;
        }
        let generation = self.generation;
        Admission { generation, probe: None, disabled: false, apart: true, started: now }
    }

    pub(crate) fn observe(&mut self, fate: Fate, now: u64) {
        let generation = self.generation;
        let admission =
            Admission { generation, probe: None, disabled: false, apart: false, started: now };
        self.finish(admission, fate, now);
    }

    pub(crate) fn finish(&mut self, admission: Admission, fate: Fate, now: u64) {
        self.pass_time(now);
        if admission.apart {
            let slot = match fate {
                Fate::Good => 2,
                Fate::Failed { .. } => 3,
                Fate::Ignored => 4,
                Fate::Cancelled => 5,
            };
            self.counts.risk_reducing[slot] += 1;
            return;
        }
        if admission.disabled {
            return;
        }
        let counts_here = matches!(self.state, State::Closed | State::MetricsOnly);
        if admission.generation != self.generation || (admission.probe.is_none() && !counts_here) {
            self.counts.stale += 1;
            return;
        }
        if let Some(probe) = admission.probe {
            if !self.probes.iter().any(|other| other.0 == probe) {
                self.counts.stale += 1;
                return;
            }
            self.probes.retain(|other| other.0 != probe);
        }
        let slow = self
            .config
            .slow_calls
            .is_some_and(|rule| now - admission.started > nanos(rule.longer_than));
        let (failed, retry_after) = match fate {
            Fate::Ignored => {
                self.counts.ignored += 1;
                return;
            }
            Fate::Cancelled => {
                self.counts.cancelled += 1;
                return;
            }
            Fate::Good => {
                self.counts.successes += 1;
                (false, None)
            }
            Fate::Failed { origin, retry_after } => {
                self.counts.failures += 1;
                self.counts.local += u64::from(origin == Origin::Local);
                self.counts.remote += u64::from(origin == Origin::Remote);
                (true, retry_after)
            }
        };
        self.counts.slow += u64::from(slow);
        if admission.probe.is_some() {
            self.finished.push(!failed && !slow);
            self.judge_probes(now, retry_after);
        } else {
            self.seen.push(Seen { at: now, failed, slow });
            self.judge_window(failed, slow, now, retry_after);
        }
    }

    fn judge_probes(&mut self, at: u64, retry_after: Option<u64>) {
        let finished = self.finished.len() as u32;
        let failed = self.finished.iter().filter(|good| !**good).count() as u32;
        let reopen = match self.config.probe_verdict {
            ProbeVerdict::FailureRate(rate) => {
                finished == self.config.probes
                    && u64::from(failed) * 1_000_000
                        >= u64::from(finished) * u64::from(rate.as_per_million())
            }
            _ => failed > 0,
        };
        if reopen {
            self.open(
                at,
                TripReason::ProbesFailed { failed, finished, lost: self.lost },
                retry_after,
            );
        } else if finished == self.config.probes {
            self.enter(State::Closed);
            self.healthy_since = Some(at);
        }
    }

    /// The outcomes the rate rules look at.
    pub(crate) fn window(&self, now: u64) -> (u64, u64, u64) {
        let inside: Vec<_> = match self.config.window {
            Window::Count(size) => self.seen.iter().rev().take(size as usize).collect(),
            Window::Time { span, buckets } => {
                let width = nanos(span) / u64::from(buckets);
                let oldest = (now / width + 1).saturating_sub(u64::from(buckets));
                self.seen.iter().filter(|seen| seen.at / width >= oldest).collect()
            }
            _ => unreachable!(),
        };
        let count = |pick: fn(&&&Seen) -> bool| inside.iter().filter(pick).count() as u64;
        (inside.len() as u64, count(|seen| seen.failed), count(|seen| seen.slow))
    }

    pub(crate) fn run(&self) -> u64 {
        self.seen.iter().rev().take_while(|seen| seen.failed).count() as u64
    }

    fn judge_window(&mut self, failed: bool, slow: bool, now: u64, retry_after: Option<u64>) {
        let (calls, failures, slow_calls) = self.window(now);
        let enough = match self.config.window {
            Window::Count(size) => u64::from(self.config.minimum_calls.min(size)),
            _ => u64::from(self.config.minimum_calls),
        };
        let reached =
            |part: u64, rate: u32| calls >= enough && part * 1_000_000 >= calls * u64::from(rate);
        let by_run = self.config.consecutive_failures.is_some_and(|n| self.run() >= u64::from(n));
        let by_rate =
            self.config.failure_rate.is_some_and(|rate| reached(failures, rate.as_per_million()));
        let by_slow = self
            .config
            .slow_calls
            .is_some_and(|rule| reached(slow_calls, rule.rate.as_per_million()));
        let reason = if failed && by_run {
            TripReason::ConsecutiveFailures { failures: self.run() }
        } else if failed && by_rate {
            TripReason::FailureRate { failures, calls }
        } else if slow && by_slow {
            TripReason::SlowCallRate { slow: slow_calls, calls }
        } else {
            return;
        };
        if self.state == State::MetricsOnly {
            self.counts.would_open += 1;
            self.generation += 1;
            self.seen.clear();
        } else {
            self.open(now, reason, retry_after);
        }
    }

    pub(crate) fn level(&self, now: u64) -> u32 {
        let healthy = self.healthy_since.map_or(0, |since| now - since);
        let decayed = healthy / nanos(self.config.decay_after);
        self.level.saturating_sub(decayed.try_into().unwrap_or(u32::MAX))
    }

    fn open(&mut self, at: u64, reason: TripReason, retry_after: Option<u64>) {
        let level = self.level(at);
        self.level = (level + 1).min(64);
        self.healthy_since = None;
        let factor = u128::from(self.config.growth).saturating_pow(level);
        let grown = self.config.open_time.as_nanos().saturating_mul(factor);
        let open_time = match retry_after {
            Some(wait) => wait.min(nanos(self.config.retry_after_max)),
            None => grown.min(self.config.open_time_max.as_nanos()).try_into().unwrap(),
        };
        self.open_at(at, at + open_time, reason);
    }

    fn open_at(&mut self, _at: u64, until: u64, reason: TripReason) {
        self.enter(State::Open);
        self.open_until = until;
        self.open_reason = Some(reason);
        self.last_trip = Some(reason);
        self.counts.opened += 1;
    }

    pub(crate) fn open_for(&self, now: u64) -> Option<u64> {
        (self.state == State::Open).then(|| self.open_until - now)
    }

    pub(crate) fn command(&mut self, command: Command, now: u64) {
        self.pass_time(now);
        match command {
            Command::ForceOpen => {
                self.enter(State::ForcedOpen);
                self.last_trip = Some(TripReason::Forced);
            }
            Command::Disable => self.enter(State::Disabled),
            Command::MetricsOnly => self.enter(State::MetricsOnly),
            Command::Reset => {
                self.enter(State::Closed);
                self.level = 0;
                self.healthy_since = Some(now);
            }
            Command::OpenFor(span) => match self.state {
                State::Open => self.open_until = self.open_until.max(now + span),
                State::Closed | State::HalfOpen => {
                    self.open_at(now, now + span, TripReason::Requested);
                }
                State::MetricsOnly => self.counts.would_open += 1,
                _ => {}
            },
        }
    }
}

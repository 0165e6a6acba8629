//! The probes of one half-open spell.

use crate::config::{BreakerConfig, ProbeVerdict};
use crate::error::TripReason;
use crate::moment::Moment;

/// What the probes say so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ruling {
    Pending,
    Close,
    Reopen(TripReason),
}

/// Outstanding probes and what the finished ones said. Outstanding and finished together never
/// exceed the configured number, so no more calls are risked than the verdict needs.
#[derive(Debug, Default)]
pub(crate) struct Probes {
    outstanding: Vec<Lease>,
    finished: u32,
    failed: u32,
    lost: u32,
}

#[derive(Debug, Clone, Copy)]
struct Lease {
    probe: u32,
    deadline: Moment,
}

impl Probes {
    /// Admits a probe if there is a place for it.
    pub(crate) fn admit(&mut self, probe: u32, deadline: Moment, config: &BreakerConfig) -> bool {
        let taken = self.outstanding.len() as u64 + u64::from(self.finished);
        if taken >= u64::from(config.probes) {
            return false;
        }
        self.outstanding.push(Lease { probe, deadline });
        true
    }

    /// Gives the place of `probe` back; whether it had one.
    pub(crate) fn release(&mut self, probe: u32) -> bool {
        let place = self.outstanding.iter().position(|lease| lease.probe == probe);
        if let Some(index) = place {
            self.outstanding.remove(index);
        }
        place.is_some()
    }

    /// Takes the first probe whose lease has ended by `now` as lost; its deadline.
    pub(crate) fn lose_one(&mut self, now: Moment) -> Option<Moment> {
        let first = self.first_deadline().filter(|deadline| *deadline <= now)?;
        let index = self.outstanding.iter().position(|lease| lease.deadline == first)?;
        self.outstanding.remove(index);
        self.finished += 1;
        self.failed += 1;
        self.lost += 1;
        Some(first)
    }

    /// When the next lease ends.
    pub(crate) fn first_deadline(&self) -> Option<Moment> {
        self.outstanding.iter().map(|lease| lease.deadline).min()
    }

    /// Counts the report of a probe that has given its place back.
    pub(crate) fn report(&mut self, good: bool) {
        self.finished += 1;
        self.failed += u32::from(!good);
    }

    pub(crate) fn outstanding(&self) -> usize {
        self.outstanding.len()
    }

    pub(crate) fn ruling(&self, config: &BreakerConfig) -> Ruling {
        let reopen = Ruling::Reopen(TripReason::ProbesFailed {
            failed: self.failed,
            finished: self.finished,
            lost: self.lost,
        });
        let all_finished = self.finished >= config.probes;
        match config.probe_verdict {
            ProbeVerdict::FirstFailure if self.failed > 0 => reopen,
            ProbeVerdict::FailureRate(_) if !all_finished => Ruling::Pending,
            ProbeVerdict::FailureRate(rate)
                if rate.is_reached(u64::from(self.failed), u64::from(self.finished)) =>
            {
                reopen
            }
            _ if all_finished => Ruling::Close,
            _ => Ruling::Pending,
        }
    }
}

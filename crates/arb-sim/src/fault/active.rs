//! The faults in force and the question every frame asks: does one of them mean me?

use tokio::time::Instant;

use super::{Fault, FaultId, FaultRecord, FaultSpec, Surface, Venue};

/// Where something happens; a fault that names less matches more.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) venue: Venue,
    pub(crate) surface: Surface,
    pub(crate) connection: Option<u64>,
    pub(crate) market: Option<usize>,
}

#[derive(Debug)]
struct Entry {
    record: FaultRecord,
    /// The market's index, when the fault names one.
    market: Option<usize>,
    begins: Instant,
    ends: Option<Instant>,
    left: Option<u32>,
}

impl Entry {
    fn matches(&self, place: Place) -> bool {
        let spec = &self.record.spec;
        self.record.begun
            && !self.record.over
            && spec.venue.is_none_or(|venue| venue == place.venue)
            && spec.surface.is_none_or(|surface| surface == place.surface)
            && (spec.connection.is_none() || spec.connection == place.connection)
            && (self.market.is_none() || self.market == place.market)
    }
}

/// A fault that begins or ends now.
#[derive(Debug, Clone)]
pub(crate) enum Turn {
    Begins(FaultId, FaultSpec, Option<usize>),
    Ends(FaultSpec, Option<usize>),
}

#[derive(Debug, Default)]
pub(crate) struct ActiveFaults {
    entries: Vec<Entry>,
    given: u64,
}

impl ActiveFaults {
    pub(crate) fn add(&mut self, spec: FaultSpec, market: Option<usize>, now: Instant) -> FaultId {
        self.given += 1;
        let id = FaultId(self.given);
        let begins = now + spec.after;
        let left = match (spec.times, spec.lasts) {
            (None, None) if spec.fault.is_per_frame() => Some(1),
            (times, _) => times,
        };
        let ends = spec.lasts.map(|lasts| begins + lasts);
        let record = FaultRecord { id, spec, begun: false, over: false, hits: 0 };
        self.entries.push(Entry { record, market, begins, ends, left });
        id
    }

    /// Begins and ends what is due.
    pub(crate) fn turn(&mut self, now: Instant) -> Vec<Turn> {
        let mut turns = Vec::new();
        for entry in &mut self.entries {
            let record = &mut entry.record;
            if !record.begun && !record.over && entry.begins <= now {
                record.begun = true;
                turns.push(Turn::Begins(record.id, record.spec.clone(), entry.market));
                record.over = record.spec.fault.is_instant();
            }
            let spent = entry.left == Some(0) || entry.ends.is_some_and(|end| end <= now);
            if record.begun && !record.over && spent {
                record.over = true;
                turns.push(Turn::Ends(record.spec.clone(), entry.market));
            }
        }
        turns
    }

    pub(crate) fn clear(&mut self, only: Option<FaultId>) -> Vec<Turn> {
        let mut turns = Vec::new();
        for entry in &mut self.entries {
            let record = &mut entry.record;
            if record.over || only.is_some_and(|id| id != record.id) {
                continue;
            }
            record.over = true;
            if record.begun {
                turns.push(Turn::Ends(record.spec.clone(), entry.market));
            }
        }
        turns
    }

    pub(crate) fn records(&self) -> Vec<FaultRecord> {
        self.entries.iter().map(|entry| entry.record.clone()).collect()
    }

    pub(crate) fn count_hits(&mut self, id: FaultId, hits: u64) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.record.id == id) {
            entry.record.hits += hits;
        }
    }

    /// The first fault in force that `wanted` picks at this place; counts as one hit.
    pub(crate) fn hit(&mut self, place: Place, wanted: impl Fn(&Fault) -> bool) -> Option<Fault> {
        let entry = self
            .entries
            .iter_mut()
            .find(|e| e.left != Some(0) && wanted(&e.record.spec.fault) && e.matches(place))?;
        entry.record.hits += 1;
        if let Some(left) = &mut entry.left {
            *left -= 1;
            if *left == 0 {
                entry.record.over = entry.record.spec.fault.is_per_frame();
            }
        }
        Some(entry.record.spec.fault.clone())
    }

    /// Whether such a fault is in force, without counting a hit.
    pub(crate) fn on(&self, place: Place, wanted: impl Fn(&Fault) -> bool) -> Option<&Fault> {
        self.entries
            .iter()
            .filter(|e| e.left != Some(0) && e.matches(place))
            .map(|e| &e.record.spec.fault)
            .find(|fault| wanted(fault))
    }

    /// The venue's clock error in milliseconds.
    pub(crate) fn skew(&self, venue: Venue) -> i64 {
        let place = Place { venue, surface: Surface::Rest, connection: None, market: None };
        match self.on(place, |fault| matches!(fault, Fault::ClockSkew { .. })) {
            Some(Fault::ClockSkew { by_ms }) => *by_ms,
            _ => 0,
        }
    }

    pub(crate) fn any(&self) -> bool {
        self.entries.iter().any(|entry| !entry.record.over)
    }
}

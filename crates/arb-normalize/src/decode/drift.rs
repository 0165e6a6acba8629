//! Counts of what a venue sent that its format, as known here, does not foresee.

use serde::Serialize;

use super::DecodeError;

/// How a message departs from the known format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DriftKind {
    /// A message kind, or a word inside a known one, that this crate does not know.
    UnknownKind,
    /// A field that messages of this kind always had is absent.
    MissingField,
    /// A field that is never zero is zero, as happens when a venue retires it.
    ZeroedField,
    /// The price of a level that is not on the market's grid. Levels at $0 and $1 are left out of the book besides.
    OffGridPrice,
    /// A field holds a value that cannot be read: its message was refused, or went on without a field that it can do without.
    UnreadableField,
    /// The time of a message lies before that of one which came earlier.
    BackwardTime,
}

impl DriftKind {
    /// The lower-case word of logs and metric labels.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownKind => "unknown_kind",
            Self::MissingField => "missing_field",
            Self::ZeroedField => "zeroed_field",
            Self::OffGridPrice => "off_grid_price",
            Self::UnreadableField => "unreadable_field",
            Self::BackwardTime => "backward_time",
        }
    }
}

/// Counters by kind and name, so that a venue's change of format is an alert and not a silent zero.
///
/// The name is the message kind, or `kind.field`, in the venue's own words. At most [`Drift::MAX_NAMES`] names are kept;
/// what comes later is counted under `other`. Names longer than 64 bytes are cut.
#[derive(Debug, Clone, Default)]
pub struct Drift {
    /// Few, so a walk finds a name as fast as anything.
    counts: Vec<(DriftKind, Box<str>, u64)>,
}

impl Drift {
    /// How many different names are told apart.
    pub const MAX_NAMES: usize = 128;

    /// Counts one departure.
    pub fn count(&mut self, kind: DriftKind, name: &str) {
        let cut = (0..=name.len().min(64)).rev().find(|&end| name.is_char_boundary(end));
        let name = &name[..cut.unwrap_or(0)];
        if self.counts.len() < Self::MAX_NAMES || self.position(kind, name).is_some() {
            self.count_name(kind, name);
        } else {
            self.count_name(kind, "other");
        }
    }

    /// Counts the field for which a message was refused.
    pub(crate) fn count_refusal(&mut self, error: &DecodeError) {
        match error {
            DecodeError::Missing { kind, field, .. } => {
                self.count(DriftKind::MissingField, &format!("{kind}.{field}"));
            }
            DecodeError::Value { kind, field, .. } => {
                self.count(DriftKind::UnreadableField, &format!("{kind}.{field}"));
            }
            _ => {}
        }
    }

    /// What was read of a field that its message can do without; the refusal of another value is counted.
    pub(crate) fn spared<T>(
        &mut self,
        kind: &str,
        field: &str,
        read: Result<Option<T>, DecodeError>,
    ) -> Option<T> {
        read.unwrap_or_else(|_| {
            self.count(DriftKind::UnreadableField, &format!("{kind}.{field}"));
            None
        })
    }

    fn count_name(&mut self, kind: DriftKind, name: &str) {
        match self.position(kind, name) {
            Some(index) => self.counts[index].2 += 1,
            None => self.counts.push((kind, Box::from(name), 1)),
        }
    }

    fn position(&self, kind: DriftKind, name: &str) -> Option<usize> {
        self.counts.iter().position(|(known, word, _)| *known == kind && **word == *name)
    }

    /// Every counter above zero.
    pub fn iter(&self) -> impl Iterator<Item = (DriftKind, &str, u64)> {
        self.counts.iter().map(|(kind, name, count)| (*kind, &**name, *count))
    }

    /// The counter of one name.
    #[must_use]
    pub fn get(&self, kind: DriftKind, name: &str) -> u64 {
        self.position(kind, name).map_or(0, |index| self.counts[index].2)
    }

    /// The sum of all counters.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().map(|(_, _, count)| count).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_bounded_in_number_and_length() {
        let mut drift = Drift::default();
        for n in 0..1000 {
            drift.count(DriftKind::UnknownKind, &format!("{n}{}", "é".repeat(100)));
        }
        assert!(drift.iter().count() <= Drift::MAX_NAMES + 4);
        assert_eq!(drift.total(), 1000);
        assert!(drift.iter().all(|(_, name, _)| name.len() <= 64));
        assert_eq!(drift.get(DriftKind::UnknownKind, "other"), 1000 - Drift::MAX_NAMES as u64);
    }
}

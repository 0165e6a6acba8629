//! Which rounding of Kalshi's fees was in force when.

use time::OffsetDateTime;
use time::macros::datetime;

use super::{KalshiFees, Step};
use crate::RiskError;

/// Which quantum Kalshi rounds a trade fee up to, by date.
///
/// The default says: whole cents until March 2026, $0.0001 from 2026-03-01, $0.000001 from 2026-09-01. The three
/// periods are confirmed by charges (36 of 36 of June to August 2026 fit $0.0001, of which one does not fit
/// $0.000001; those of January 2026 are whole cents); **the exact days are not**, so they can be replaced.
///
/// ```
/// use arb_risk::fees::{KalshiRounding, Step};
/// use time::macros::datetime;
/// let rounding = KalshiRounding::default();
/// assert_eq!(rounding.quantum(datetime!(2026-08-18 12:00 UTC)), Step::CENTICENT);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KalshiRounding {
    before: Step,
    changes: Vec<(OffsetDateTime, Step)>,
}

impl Default for KalshiRounding {
    fn default() -> Self {
        Self {
            before: Step::CENT,
            changes: vec![
                (datetime!(2026-03-01 0:00 UTC), Step::CENTICENT),
                (datetime!(2026-09-01 0:00 UTC), Step::MICRO),
            ],
        }
    }
}

impl KalshiRounding {
    /// A table of your own: the quantum before the first change, and the changes in any order.
    ///
    /// # Errors
    /// When two changes fall on the same instant.
    pub fn new(before: Step, mut changes: Vec<(OffsetDateTime, Step)>) -> Result<Self, RiskError> {
        changes.sort_by_key(|change| change.0);
        match changes.windows(2).find(|two| two[0].0 == two[1].0) {
            Some(two) => Err(RiskError::SameStart { from: two[0].0.to_string() }),
            None => Ok(Self { before, changes }),
        }
    }

    /// The quantum in force at an instant.
    #[must_use]
    pub fn quantum(&self, at: OffsetDateTime) -> Step {
        let begun = self.changes.partition_point(|(from, _)| *from <= at);
        if begun == 0 { self.before } else { self.changes[begun - 1].1 }
    }

    /// `fees` as they were rounded at an instant: with that day's quantum, and in the time of whole cents with a
    /// balance in whole cents.
    #[must_use]
    pub fn at(&self, fees: KalshiFees, at: OffsetDateTime) -> KalshiFees {
        let quantum = self.quantum(at);
        fees.with_quantum(quantum).with_precision(fees.precision().max(quantum))
    }
}

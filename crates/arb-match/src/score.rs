//! How good a matcher is on pairs whose truth is known.

use std::collections::BTreeMap;
use std::fmt;

use arb_normalize::Relation;

use crate::judgement::{Judgement, Verdict};

/// The truth about a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Label {
    /// How the propositions relate.
    pub relation: Relation,
    /// Whether a careful trader would hold the two for one contract; `None` if that is contested (counted in no share).
    pub tradeable: Option<bool>,
}

/// A share with its 95 % interval (Wilson's score interval: E. B. Wilson, 1927; 75 of 75 give 95.1 % to 100 %).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    /// How many.
    pub hits: u32,
    /// Out of how many.
    pub total: u32,
}

impl Share {
    /// The share, `None` of nothing.
    #[must_use]
    pub fn value(self) -> Option<f64> {
        (self.total > 0).then(|| f64::from(self.hits) / f64::from(self.total))
    }

    /// The 95 % interval.
    #[must_use]
    pub fn interval(self) -> (f64, f64) {
        let Some(p) = self.value() else { return (0.0, 1.0) };
        let (n, z) = (f64::from(self.total), 1.959_964);
        let centre = p + z * z / (2.0 * n);
        let spread = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
        let scale = 1.0 + z * z / n;
        (((centre - spread) / scale).max(0.0), ((centre + spread) / scale).min(1.0))
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (low, high) = self.interval();
        match self.value() {
            Some(p) => write!(
                f,
                "{}/{} = {:.1} % ({:.1}–{:.1} %)",
                self.hits,
                self.total,
                p * 100.0,
                low * 100.0,
                high * 100.0
            ),
            None => f.write_str("–"),
        }
    }
}

/// Counts over labelled pairs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Score {
    probable: [u32; 2],
    tradeable: [u32; 2],
    wrong: [u32; 2],
    relation: [u32; 2],
    polarity: u32,
    confusion: BTreeMap<(Relation, Relation), u32>,
}

impl Score {
    /// Nothing counted.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts one judged pair.
    pub fn add(&mut self, label: Label, judgement: &Judgement) {
        let probable = judgement.verdict == Verdict::Probable;
        match label.tradeable {
            Some(true) => {
                count(&mut self.tradeable, probable);
                if probable {
                    count(&mut self.probable, true);
                }
            }
            Some(false) => {
                count(&mut self.wrong, judgement.verdict == Verdict::Candidate);
                if probable {
                    count(&mut self.probable, false);
                }
            }
            None => {}
        }
        count(&mut self.relation, agrees(label.relation, judgement.relation));
        let turned = matches!(
            (label.relation, judgement.relation),
            (Relation::Equal, Relation::Complement) | (Relation::Complement, Relation::Equal)
        );
        self.polarity += u32::from(turned);
        *self.confusion.entry((label.relation, judgement.relation)).or_default() += 1;
    }

    /// Of the pairs called probable, the share that is tradeable.
    #[must_use]
    pub const fn precision(&self) -> Share {
        Share { hits: self.probable[0], total: self.probable[1] }
    }

    /// Of the tradeable pairs, the share called probable.
    #[must_use]
    pub const fn recall(&self) -> Share {
        Share { hits: self.tradeable[0], total: self.tradeable[1] }
    }

    /// Of the pairs that are not tradeable, the share left as candidates.
    #[must_use]
    pub const fn wrong_candidates(&self) -> Share {
        Share { hits: self.wrong[0], total: self.wrong[1] }
    }

    /// The share of right relations; unrelated is not held against overlap or disjoint.
    #[must_use]
    pub const fn relations(&self) -> Share {
        Share { hits: self.relation[0], total: self.relation[1] }
    }

    /// Equal called complement or the other way round.
    #[must_use]
    pub const fn polarity_errors(&self) -> u32 {
        self.polarity
    }
}

fn count(pair: &mut [u32; 2], hit: bool) {
    pair[0] += u32::from(hit);
    pair[1] += 1;
}

fn agrees(truth: Relation, said: Relation) -> bool {
    let loose = |r: Relation| matches!(r, Relation::Overlap | Relation::Disjoint);
    truth == said
        || (truth == Relation::Unrelated && loose(said))
        || (said == Relation::Unrelated && loose(truth))
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| what | share (95 % interval) |\n|---|---|")?;
        writeln!(f, "| precision of `probable` | {} |", self.precision())?;
        writeln!(f, "| recall of tradeable pairs | {} |", self.recall())?;
        writeln!(f, "| wrong pairs left as `candidate` | {} |", self.wrong_candidates())?;
        writeln!(f, "| relation right | {} |", self.relations())?;
        writeln!(f, "| polarity errors | {} |\n", self.polarity)?;
        const ALL: [Relation; 7] = [
            Relation::Equal,
            Relation::Complement,
            Relation::Subset,
            Relation::Superset,
            Relation::Overlap,
            Relation::Disjoint,
            Relation::Unrelated,
        ];
        writeln!(f, "| truth \\ said | {} |", ALL.map(Relation::as_str).join(" | "))?;
        writeln!(f, "|---|{}", "---:|".repeat(ALL.len()))?;
        for truth in ALL {
            let row = ALL
                .map(|said| self.confusion.get(&(truth, said)).copied().unwrap_or(0).to_string());
            writeln!(f, "| {truth} | {} |", row.join(" | "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilson_interval() {
        let (low, high) = Share { hits: 75, total: 75 }.interval();
        assert!((low - 0.951).abs() < 0.001 && (high - 1.0).abs() < 1e-9, "{low} {high}");
        assert_eq!(Share { hits: 0, total: 0 }.to_string(), "–");
    }
}

//! The levels a taker walks, best price first.

use crate::{Level, Quantity, Usd};

/// The levels that one side of a book offers to a taker, best first, in the taker's own prices.
///
/// A ladder borrows the book and copies nothing; cloning it restarts the walk from where it stands.
/// Buying NO walks the YES bids in mirrored prices (a YES bid at p is a NO ask at 1 − p, same size).
#[derive(Debug, Clone, Copy)]
pub struct Ladder<'a> {
    /// Best level last.
    levels: &'a [Level],
    mirrored: bool,
}

impl<'a> Ladder<'a> {
    /// Nothing to take.
    pub const EMPTY: Self = Ladder { levels: &[], mirrored: false };

    /// A ladder over levels whose best is the last one, as books keep them.
    #[must_use]
    pub const fn from_best_last(levels: &'a [Level]) -> Self {
        Self { levels, mirrored: false }
    }

    /// The same liquidity in the prices of the opposite outcome.
    #[must_use]
    pub const fn mirror(self) -> Self {
        Self { levels: self.levels, mirrored: !self.mirrored }
    }

    /// The best level, without walking.
    #[must_use]
    pub fn best(self) -> Option<Level> {
        self.levels.last().map(|level| self.seen(*level))
    }

    /// Contracts on all remaining levels.
    #[must_use]
    pub fn depth(self) -> Quantity {
        self.levels.iter().fold(Quantity::ZERO, |sum, level| sum.saturating_add(level.size))
    }

    /// What `quantity` contracts cost over the remaining levels, `None` when they hold fewer.
    #[must_use]
    pub fn cost_of(self, quantity: Quantity) -> Option<Usd> {
        let mut left = quantity;
        let mut cost = Usd::ZERO;
        for level in self {
            let take = left.min(level.size);
            cost += Usd::cost(level.price, take);
            left = left.saturating_sub(take);
            if left.is_zero() {
                break;
            }
        }
        left.is_zero().then_some(cost)
    }

    fn seen(self, level: Level) -> Level {
        if self.mirrored { level.mirror() } else { level }
    }
}

impl Iterator for Ladder<'_> {
    type Item = Level;

    fn next(&mut self) -> Option<Level> {
        let (best, rest) = self.levels.split_last()?;
        self.levels = rest;
        Some(self.seen(*best))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.levels.len(), Some(self.levels.len()))
    }
}

impl ExactSizeIterator for Ladder<'_> {}

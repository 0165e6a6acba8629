//! The levels a taker walks, best price first.

use std::iter::from_fn;

use crate::book::Slots;
use crate::{Level, Quantity, Usd};

/// The levels that one side of a book offers to a taker, best first, in the taker's own prices.
///
/// A ladder borrows the book and copies nothing; cloning it restarts the walk from where it stands.
/// Buying NO walks the YES bids in mirrored prices (a YES bid at p is a NO ask at 1 − p, same size).
#[derive(Debug, Clone, Copy)]
pub struct Ladder<'a> {
    levels: Source<'a>,
    mirrored: bool,
}

#[derive(Debug, Clone, Copy)]
enum Source<'a> {
    /// Best level last.
    Sorted(&'a [Level]),
    Hundredths(Slots<'a, u32>),
    Millionths(Slots<'a, u64>),
}

impl<'a> Ladder<'a> {
    /// Nothing to take.
    pub const EMPTY: Self = Ladder { levels: Source::Sorted(&[]), mirrored: false };

    /// A ladder over levels whose best is the last one.
    #[must_use]
    #[inline]
    pub const fn from_best_last(levels: &'a [Level]) -> Self {
        Self { levels: Source::Sorted(levels), mirrored: false }
    }

    #[inline]
    pub(crate) const fn from_hundredths(slots: Slots<'a, u32>) -> Self {
        Self { levels: Source::Hundredths(slots), mirrored: false }
    }

    #[inline]
    pub(crate) const fn from_millionths(slots: Slots<'a, u64>) -> Self {
        Self { levels: Source::Millionths(slots), mirrored: false }
    }

    /// The same liquidity in the prices of the opposite outcome.
    #[must_use]
    #[inline]
    pub const fn mirror(self) -> Self {
        Self { levels: self.levels, mirrored: !self.mirrored }
    }

    /// The best level, without walking.
    #[must_use]
    #[inline]
    pub fn best(self) -> Option<Level> {
        let best = match self.levels {
            Source::Sorted(levels) => levels.last().copied(),
            Source::Hundredths(slots) => slots.best(),
            Source::Millionths(slots) => slots.best(),
        };
        best.map(|level| self.seen(level))
    }

    /// Contracts on all remaining levels.
    #[must_use]
    pub fn depth(self) -> Quantity {
        self.fold(Quantity::ZERO, |sum, level| sum.saturating_add(level.size))
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

    /// Takes up to `most` of the next levels and hands each to `see`: the same levels as a loop over the ladder sees,
    /// sooner, because what holds them is told apart once and not at each of them.
    ///
    /// ```
    /// use arb_normalize::{Ladder, Level};
    /// let level = |price: &str| Ok(Level::new(price.parse()?, "10".parse()?));
    /// let asks = [level("0.43")?, level("0.42")?, level("0.41")?];
    /// let (mut ladder, mut best) = (Ladder::from_best_last(&asks), Vec::new());
    /// ladder.take_each(2, |level| best.push(level));
    /// assert_eq!(best, [asks[2], asks[1]]);
    /// assert_eq!(ladder.best(), Some(asks[0]));
    /// # Ok::<(), arb_normalize::ParseFixedError>(())
    /// ```
    #[inline]
    pub fn take_each(&mut self, most: usize, mut see: impl FnMut(Level)) {
        let mirrored = self.mirrored;
        let see = |level: Level| see(if mirrored { level.mirror() } else { level });
        match &mut self.levels {
            Source::Sorted(all) => {
                let (rest, next) = all.split_at(all.len().saturating_sub(most));
                *all = rest;
                next.iter().rev().copied().for_each(see);
            }
            Source::Hundredths(slots) => from_fn(|| slots.take_best()).take(most).for_each(see),
            Source::Millionths(slots) => from_fn(|| slots.take_best()).take(most).for_each(see),
        }
    }

    #[inline]
    const fn seen(self, level: Level) -> Level {
        if self.mirrored { level.mirror() } else { level }
    }
}

impl Iterator for Ladder<'_> {
    type Item = Level;

    #[inline]
    fn next(&mut self) -> Option<Level> {
        let best = match &mut self.levels {
            Source::Sorted(levels) => {
                let (best, rest) = levels.split_last()?;
                *levels = rest;
                *best
            }
            Source::Hundredths(slots) => slots.take_best()?,
            Source::Millionths(slots) => slots.take_best()?,
        };
        Some(self.seen(best))
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = match &self.levels {
            Source::Sorted(levels) => levels.len(),
            Source::Hundredths(slots) => slots.len(),
            Source::Millionths(slots) => slots.len(),
        };
        (left, Some(left))
    }
}

impl ExactSizeIterator for Ladder<'_> {}

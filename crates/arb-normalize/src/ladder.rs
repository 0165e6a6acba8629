//! The levels a taker walks, best price first.

use std::iter::from_fn;

use crate::book::Slots;
use crate::{Level, Price, Quantity, Usd};

/// The levels that one side of a book offers to a taker, best first, in the taker's own prices.
///
/// A ladder borrows the book and copies nothing; cloning it restarts the walk from where it stands.
/// Buying NO walks the YES bids in mirrored prices (a YES bid at p is a NO ask at 1 − p, same size).
#[derive(Debug, Clone, Copy)]
pub struct Ladder<'a> {
    levels: Source<'a>,
    /// The best price as the taker sees it. What is asked of every ladder and mostly ends the matter is kept at hand.
    best: Option<Price>,
    mirrored: bool,
}

#[derive(Debug, Clone, Copy)]
enum Source<'a> {
    /// Best level last.
    Sorted(&'a [Level]),
    Hundredths(Slots<'a, u32>),
    Millionths(Slots<'a, u64>),
}

impl Source<'_> {
    #[inline]
    const fn best_price(&self) -> Option<Price> {
        match self {
            Self::Sorted([.., best]) => Some(best.price),
            Self::Sorted([]) => None,
            Self::Hundredths(slots) => slots.best_price(),
            Self::Millionths(slots) => slots.best_price(),
        }
    }
}

impl<'a> Ladder<'a> {
    /// Nothing to take.
    pub const EMPTY: Self = Self::new(Source::Sorted(&[]));

    #[inline]
    const fn new(levels: Source<'a>) -> Self {
        Self { best: levels.best_price(), levels, mirrored: false }
    }

    /// A ladder over levels whose best is the last one.
    #[must_use]
    #[inline]
    pub const fn from_best_last(levels: &'a [Level]) -> Self {
        Self::new(Source::Sorted(levels))
    }

    #[inline]
    pub(crate) const fn from_hundredths(slots: Slots<'a, u32>) -> Self {
        Self::new(Source::Hundredths(slots))
    }

    #[inline]
    pub(crate) const fn from_millionths(slots: Slots<'a, u64>) -> Self {
        Self::new(Source::Millionths(slots))
    }

    /// The same liquidity in the prices of the opposite outcome.
    #[must_use]
    #[inline]
    pub const fn mirror(self) -> Self {
        let best = match self.best {
            Some(price) => Some(price.complement()),
            None => None,
        };
        Self { levels: self.levels, best, mirrored: !self.mirrored }
    }

    /// The price of the best level, which may hold nothing where the ladder was made from a list that says so. It is
    /// at hand: asking costs next to nothing.
    #[must_use]
    #[inline]
    pub const fn best_price(&self) -> Option<Price> {
        self.best
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

    /// Hands the remaining levels to `see`, best first, until it says that it has seen enough: the same levels as a loop
    /// over the ladder sees, sooner, because what holds them is told apart once and not at each of them.
    ///
    /// ```
    /// use arb_normalize::{Ladder, Level};
    /// let level = |price: &str| Ok(Level::new(price.parse()?, "10".parse()?));
    /// let asks = [level("0.43")?, level("0.42")?, level("0.41")?];
    /// let mut best = Vec::new();
    /// Ladder::from_best_last(&asks).each_while(|level| {
    ///     best.push(level);
    ///     best.len() < 2
    /// });
    /// assert_eq!(best, [asks[2], asks[1]]);
    /// # Ok::<(), arb_normalize::ParseFixedError>(())
    /// ```
    #[inline]
    pub fn each_while(self, mut see: impl FnMut(Level) -> bool) {
        let see = |level| see(self.seen(level));
        // Whether one of them stopped it is of no interest.
        let _stopped = match self.levels {
            Source::Sorted(levels) => levels.iter().rev().copied().all(see),
            Source::Hundredths(mut slots) => from_fn(|| slots.take_best()).all(see),
            Source::Millionths(mut slots) => from_fn(|| slots.take_best()).all(see),
        };
    }

    /// The list the remaining levels lie in, best last, where they lie in one, and whether its prices are those of the
    /// opposite outcome. `None` where a book keeps them by the cent.
    #[must_use]
    #[inline]
    pub const fn as_list(&self) -> Option<(&'a [Level], bool)> {
        match self.levels {
            Source::Sorted(levels) => Some((levels, self.mirrored)),
            _ => None,
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
        self.best = match self.levels.best_price() {
            Some(price) if self.mirrored => Some(price.complement()),
            price => price,
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

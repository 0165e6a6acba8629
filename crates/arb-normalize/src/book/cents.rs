//! Levels in whole cents: a slot for every cent, and a bit for every slot in use.

use crate::{Level, Price, Quantity, Side};

/// Slots of a side, for prices from $0 to $1.
const SLOTS: usize = 101;
/// Millionths of a dollar in a cent.
const CENT: u32 = 10_000;

/// The slot of a price, `None` between cents.
#[inline]
pub(super) const fn slot_of(price: Price) -> Option<usize> {
    let micros = price.micros();
    if micros.is_multiple_of(CENT) { Some((micros / CENT) as usize) } else { None }
}

/// How sizes are kept in a slot.
pub(super) trait Unit: Copy {
    /// No contracts.
    const NONE: Self;
    /// The size in this unit, `None` when it does not fit exactly.
    fn from_quantity(size: Quantity) -> Option<Self>;
    /// The size.
    fn quantity(self) -> Quantity;
}

/// Hundredths of a contract, up to 42,949,672.95.
impl Unit for u32 {
    const NONE: Self = 0;

    #[inline]
    fn from_quantity(size: Quantity) -> Option<Self> {
        let micros = size.micros();
        if micros.is_multiple_of(10_000) { Self::try_from(micros / 10_000).ok() } else { None }
    }

    #[inline]
    fn quantity(self) -> Quantity {
        // At most 4.3e13 millionths, far below the largest quantity.
        Quantity::from_micros(u64::from(self) * 10_000).unwrap_or(Quantity::MAX)
    }
}

/// Millionths of a contract, any size.
impl Unit for u64 {
    const NONE: Self = 0;

    #[inline]
    fn from_quantity(size: Quantity) -> Option<Self> {
        Some(size.micros())
    }

    #[inline]
    fn quantity(self) -> Quantity {
        Quantity::from_micros(self).unwrap_or(Quantity::MAX)
    }
}

/// Which slots of a side are in use: bit n says that there is a level at n cents.
///
/// Two words and not one of 128 bits, whose shifts and counts take three times the instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Used([u64; 2]);

impl Used {
    const NONE: Self = Self([0; 2]);

    #[inline]
    const fn mark(&mut self, slot: usize, used: bool) {
        let word = &mut self.0[slot / 64 % 2];
        let bit = 1 << (slot % 64);
        *word = (*word & !bit) | ((used as u64) << (slot % 64));
    }

    #[inline]
    const fn highest(self) -> Option<usize> {
        match self.0 {
            [0, 0] => None,
            [low, 0] => Some(low.ilog2() as usize),
            [_, high] => Some(64 + high.ilog2() as usize),
        }
    }

    #[inline]
    const fn lowest(self) -> Option<usize> {
        match self.0 {
            [0, 0] => None,
            [0, high] => Some(64 + high.trailing_zeros() as usize),
            [low, _] => Some(low.trailing_zeros() as usize),
        }
    }

    #[inline]
    const fn count(self) -> usize {
        (self.0[0].count_ones() + self.0[1].count_ones()) as usize
    }
}

/// Both sides of a book in whole cents; the bids' part stands before the asks'.
///
/// What is looked at together lies together, because a hundred thousand books are cold: which slots are in use in one cache
/// line, both sides' sizes of a price side by side, so that the touch is one or two more.
#[derive(Debug, Clone)]
pub(super) struct CentLevels<T> {
    used: [Used; 2],
    sizes: [[T; 2]; SLOTS],
}

#[inline]
const fn index(side: Side) -> usize {
    match side {
        Side::Bid => 0,
        Side::Ask => 1,
    }
}

impl<T: Unit> CentLevels<T> {
    pub(super) const EMPTY: Self = Self { used: [Used::NONE; 2], sizes: [[T::NONE; 2]; SLOTS] };

    /// The size at a slot, zero where there is none.
    #[inline]
    pub(super) fn size(&self, side: Side, slot: usize) -> Quantity {
        self.sizes[slot][index(side)].quantity()
    }

    /// Sets a level; `false`, and nothing done, when the unit cannot hold the size.
    #[inline]
    pub(super) fn set(&mut self, side: Side, slot: usize, size: Quantity) -> bool {
        let Some(units) = T::from_quantity(size) else { return false };
        self.sizes[slot][index(side)] = units;
        self.used[index(side)].mark(slot, !size.is_zero());
        true
    }

    /// Removes every level.
    pub(super) const fn clear(&mut self) {
        // Sizes too: a change starts from the size of its slot, in use or not.
        *self = Self::EMPTY;
    }

    /// The levels of a side, for a walk.
    #[inline]
    pub(super) const fn slots(&self, side: Side) -> Slots<'_, T> {
        Slots { used: self.used[index(side)], sizes: &self.sizes, side }
    }
}

/// The levels of one side that are still to be walked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slots<'a, T> {
    used: Used,
    sizes: &'a [[T; 2]; SLOTS],
    side: Side,
}

#[expect(private_bounds, reason = "the two units are this module's own")]
impl<T: Unit> Slots<'_, T> {
    #[inline]
    const fn best_slot(&self) -> Option<usize> {
        match self.side {
            Side::Bid => self.used.highest(),
            Side::Ask => self.used.lowest(),
        }
    }

    #[inline]
    fn level(&self, slot: usize) -> Option<Level> {
        let price = Price::from_cents(slot as u32)?;
        Some(Level { price, size: self.sizes.get(slot)?[index(self.side)].quantity() })
    }

    /// The best price.
    #[inline]
    pub(crate) const fn best_price(&self) -> Option<Price> {
        match self.best_slot() {
            Some(slot) => Price::from_cents(slot as u32),
            None => None,
        }
    }

    /// The best level.
    #[inline]
    pub(crate) fn best(&self) -> Option<Level> {
        self.level(self.best_slot()?)
    }

    /// Takes the best level.
    #[inline]
    pub(crate) fn take_best(&mut self) -> Option<Level> {
        let slot = self.best_slot()?;
        self.used.mark(slot, false);
        self.level(slot)
    }

    /// How many levels are left.
    #[inline]
    pub(crate) const fn len(&self) -> usize {
        self.used.count()
    }
}

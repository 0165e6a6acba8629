//! Levels in whole cents: a slot for every cent, and a bit for every slot in use.

use crate::{Level, Price, Quantity, Side};

/// Slots of a side, for prices from $0 to $1.
const SLOTS: usize = 101;

/// What 625 is to be multiplied by for 1, in 64 bits: 10,000 is 625 · 2⁴.
const OF_625: u64 = 0xd288_ce70_3afb_7e91;

/// A number divided by 10,000, or one above 2⁶⁴ / 10,000 where a remainder is left.
///
/// One multiplication does for both the question and the answer. Where there is no remainder, undoing the factor 625 modulo 2⁶⁴ is
/// exact and the four low bits are zero; all other numbers are mapped, one to one, onto what is left above.
#[inline]
const fn ten_thousandth(number: u64) -> u64 {
    number.wrapping_mul(OF_625).rotate_right(4)
}

/// The slot of a price, `None` between cents.
#[inline]
pub(super) const fn slot_of(price: Price) -> Option<usize> {
    let slot = ten_thousandth(price.micros() as u64);
    if slot < SLOTS as u64 { Some(slot as usize) } else { None }
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
        Self::try_from(ten_thousandth(size.micros())).ok()
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

/// Where a slot stands in its side, counted from the best price there could be.
#[inline]
const fn rank(side: Side, slot: usize) -> usize {
    match side {
        Side::Bid => SLOTS - 1 - slot,
        Side::Ask => slot,
    }
}

/// Which slots of a side are in use: bit n says that there is a level at rank n, so that the best is the lowest on both sides.
///
/// Two words and not one of 128 bits, whose shifts and counts take three times the instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Used([u64; 2]);

impl Used {
    const NONE: Self = Self([0; 2]);

    #[inline]
    const fn mark(&mut self, rank: usize, used: bool) {
        let word = &mut self.0[rank / 64 % 2];
        let bit = 1 << (rank % 64);
        *word = (*word & !bit) | ((used as u64) << (rank % 64));
    }

    /// The rank of the best level, 128 where there is none.
    #[inline]
    const fn best(self) -> usize {
        let [low, high] = self.0;
        let rank = if low == 0 { 64 + high.trailing_zeros() } else { low.trailing_zeros() };
        rank as usize
    }

    #[inline]
    const fn count(self) -> usize {
        (self.0[0].count_ones() + self.0[1].count_ones()) as usize
    }
}

/// Sizes by slot, both sides' of a price side by side.
type Sizes<T> = [[T; 2]; SLOTS];

/// Both sides of a book in whole cents; the bids' part stands before the asks'.
///
/// What is looked at together lies together, because a hundred thousand books are cold: which slots are in use stands in the book
/// itself, so that best prices are known without a look at any size.
#[derive(Debug, Clone)]
pub(super) struct CentLevels<T> {
    used: [Used; 2],
    sizes: Box<Sizes<T>>,
}

#[inline]
const fn index(side: Side) -> usize {
    match side {
        Side::Bid => 0,
        Side::Ask => 1,
    }
}

impl<T: Unit> CentLevels<T> {
    /// No levels, with room for all.
    pub(super) fn new() -> Self {
        Self { used: [Used::NONE; 2], sizes: Box::new([[T::NONE; 2]; SLOTS]) }
    }

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
        self.used[index(side)].mark(rank(side, slot), !size.is_zero());
        true
    }

    /// Removes every level.
    pub(super) fn clear(&mut self) {
        self.used = [Used::NONE; 2];
        // Sizes too: a change starts from the size of its slot, in use or not.
        *self.sizes = [[T::NONE; 2]; SLOTS];
    }

    /// The levels of a side, for a walk.
    #[inline]
    pub(super) fn slots(&self, side: Side) -> Slots<'_, T> {
        Slots { used: self.used[index(side)], sizes: &self.sizes, side }
    }
}

/// The levels of one side that are still to be walked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slots<'a, T> {
    used: Used,
    sizes: &'a Sizes<T>,
    side: Side,
}

#[expect(private_bounds, reason = "the two units are this module's own")]
impl<T: Unit> Slots<'_, T> {
    /// The slot of the best level.
    #[inline]
    const fn best_slot(&self) -> Option<usize> {
        let best = self.used.best();
        // Ranks and slots are each other's mirror on one side, the same on the other.
        if best < SLOTS { Some(rank(self.side, best)) } else { None }
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
        self.used.mark(rank(self.side, slot), false);
        self.level(slot)
    }

    /// How many levels are left.
    #[inline]
    pub(crate) const fn len(&self) -> usize {
        self.used.count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ten_thousandth_is_exact_or_too_large_to_be_one() {
        let largest = u64::MAX / 10_000;
        let quotients = (0..1_000).chain([1 << 20, 4_294_967_295, 4_294_967_296, largest - 1]);
        for quotient in quotients {
            assert_eq!(ten_thousandth(quotient * 10_000), quotient);
            for rest in [1, 2, 16, 625, 1_250, 5_000, 8_192, 9_999] {
                assert!(
                    ten_thousandth(quotient * 10_000 + rest) > largest,
                    "{quotient} and {rest}"
                );
            }
        }
        assert_eq!(ten_thousandth(largest * 10_000), largest);
        assert!(ten_thousandth(u64::MAX) > largest);
    }
}

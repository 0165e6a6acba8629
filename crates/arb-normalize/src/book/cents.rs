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

/// One side of a book in whole cents.
#[derive(Debug, Clone)]
pub(super) struct CentSide<T> {
    /// Bit n: there is a level at n cents.
    used: u128,
    sizes: [T; SLOTS],
}

impl<T: Unit> CentSide<T> {
    const EMPTY: Self = Self { used: 0, sizes: [T::NONE; SLOTS] };

    #[inline]
    fn put(&mut self, slot: usize, size: T, is_zero: bool) {
        let bit = 1_u128 << slot;
        self.sizes[slot] = size;
        if is_zero {
            self.used &= !bit;
        } else {
            self.used |= bit;
        }
    }
}

/// Both sides of a book in whole cents.
#[derive(Debug, Clone)]
pub(super) struct CentLevels<T> {
    bids: CentSide<T>,
    asks: CentSide<T>,
}

impl<T: Unit> CentLevels<T> {
    pub(super) const EMPTY: Self = Self { bids: CentSide::EMPTY, asks: CentSide::EMPTY };

    #[inline]
    const fn side(&self, side: Side) -> &CentSide<T> {
        match side {
            Side::Bid => &self.bids,
            Side::Ask => &self.asks,
        }
    }

    /// The size at a slot, zero where there is none.
    #[inline]
    pub(super) fn size(&self, side: Side, slot: usize) -> Quantity {
        self.side(side).sizes[slot].quantity()
    }

    /// Sets a level; `false`, and nothing done, when the unit cannot hold the size.
    #[inline]
    pub(super) fn set(&mut self, side: Side, slot: usize, size: Quantity) -> bool {
        let Some(units) = T::from_quantity(size) else { return false };
        let levels = match side {
            Side::Bid => &mut self.bids,
            Side::Ask => &mut self.asks,
        };
        levels.put(slot, units, size.is_zero());
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
        let levels = self.side(side);
        Slots { used: levels.used, sizes: &levels.sizes, best_is_high: matches!(side, Side::Bid) }
    }
}

/// The levels of one side that are still to be walked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slots<'a, T> {
    used: u128,
    sizes: &'a [T; SLOTS],
    best_is_high: bool,
}

#[expect(private_bounds, reason = "the two units are this module's own")]
impl<T: Unit> Slots<'_, T> {
    #[inline]
    fn best_slot(&self) -> Option<usize> {
        if self.used == 0 {
            return None;
        }
        let slot = if self.best_is_high {
            127 - self.used.leading_zeros()
        } else {
            self.used.trailing_zeros()
        };
        Some(slot as usize)
    }

    #[inline]
    fn level(&self, slot: usize) -> Option<Level> {
        let price = Price::from_cents(slot as u32)?;
        Some(Level { price, size: self.sizes.get(slot)?.quantity() })
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
        self.used ^= 1_u128 << slot;
        self.level(slot)
    }

    /// How many levels are left.
    #[inline]
    pub(crate) const fn len(&self) -> usize {
        self.used.count_ones() as usize
    }
}

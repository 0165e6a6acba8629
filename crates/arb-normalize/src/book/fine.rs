//! Levels at any price: sorted lists, the best level last.

use crate::{Level, Price, Quantity, Side};

/// So many levels from the best one are looked at one by one.
const NEAR: usize = 8;

/// Both sides of a book at any prices.
#[derive(Debug, Clone, Default)]
pub(super) struct FineLevels {
    /// Ascending.
    bids: Vec<Level>,
    /// Descending.
    asks: Vec<Level>,
}

impl FineLevels {
    #[inline]
    pub(super) fn side(&self, side: Side) -> &[Level] {
        match side {
            Side::Bid => &self.bids,
            Side::Ask => &self.asks,
        }
    }

    fn side_mut(&mut self, side: Side) -> &mut Vec<Level> {
        match side {
            Side::Bid => &mut self.bids,
            Side::Ask => &mut self.asks,
        }
    }

    pub(super) fn clear(&mut self) {
        self.bids.clear();
        self.asks.clear();
    }

    /// Where the level of a price is, or would be.
    ///
    /// Most changes are near the touch, so the search begins there: memory that lies together, the first of which is read anyway.
    #[inline]
    fn find(&self, side: Side, price: Price) -> Result<usize, usize> {
        let levels = self.side(side);
        let beyond = |level: &Level| match side {
            Side::Bid => level.price > price,
            Side::Ask => level.price < price,
        };
        let near = levels.len().saturating_sub(NEAR);
        let at = match levels.iter().skip(near).rposition(|level| !beyond(level)) {
            Some(at) => near + at,
            None => levels[..near]
                .partition_point(|level| !beyond(level))
                .checked_sub(1)
                .ok_or(0_usize)?,
        };
        if levels[at].price == price { Ok(at) } else { Err(at + 1) }
    }

    pub(super) fn size(&self, side: Side, price: Price) -> Quantity {
        self.find(side, price).map_or(Quantity::ZERO, |index| self.side(side)[index].size)
    }

    pub(super) fn set(&mut self, side: Side, price: Price, size: Quantity) {
        let at = self.find(side, price);
        let levels = self.side_mut(side);
        match at {
            Ok(index) if size.is_zero() => {
                levels.remove(index);
            }
            Ok(index) => levels[index].size = size,
            Err(_) if size.is_zero() => {}
            Err(index) => {
                if levels.len() == levels.capacity() {
                    // Small steps: a hundred thousand books share the memory.
                    levels.reserve_exact((levels.len() / 8).max(4));
                }
                levels.insert(index, Level { price, size });
            }
        }
    }

    /// Replaces a side by levels in any order; of a price given twice the last counts, sizes of zero are left out.
    pub(super) fn replace(&mut self, side: Side, new: &[Level]) {
        let levels = self.side_mut(side);
        levels.clear();
        levels.reserve_exact(new.len());
        let towards_best = |a: &Level, b: &Level| match side {
            Side::Bid => a.price < b.price,
            Side::Ask => a.price > b.price,
        };
        if new.is_sorted_by(towards_best) {
            levels.extend_from_slice(new);
        } else if new.is_sorted_by(|a, b| towards_best(b, a)) {
            levels.extend(new.iter().rev());
        } else {
            // Reversed, so that a stable sort puts the last of equal prices first, where it is kept.
            levels.extend(new.iter().rev());
            levels.sort_by(|a, b| match side {
                Side::Bid => a.price.cmp(&b.price),
                Side::Ask => b.price.cmp(&a.price),
            });
            levels.dedup_by_key(|level| level.price);
        }
        levels.retain(|level| !level.size.is_zero());
    }
}

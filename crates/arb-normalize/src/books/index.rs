//! Market ids to book numbers.

use hashbrown::HashTable;

/// The number of a book within its [`Books`](super::Books); used again after [`Books::forget`](super::Books::forget).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BookId(pub(super) u32);

impl BookId {
    /// Counting from 0 in the order of registration.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// An id as it lies in the table: in place up to 79 bytes (Polymarket's have 77), so that looking it up follows no pointer.
#[derive(Debug)]
enum Name {
    Short(u8, [u8; 79]),
    Long(Box<[u8]>),
}

impl Name {
    fn new(id: &str) -> Self {
        let mut bytes = [0; 79];
        match (bytes.get_mut(..id.len()), u8::try_from(id.len())) {
            (Some(place), Ok(length)) => {
                place.copy_from_slice(id.as_bytes());
                Self::Short(length, bytes)
            }
            _ => Self::Long(id.as_bytes().into()),
        }
    }

    #[inline]
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Short(length, bytes) => bytes.get(..usize::from(*length)).unwrap_or_default(),
            Self::Long(bytes) => bytes,
        }
    }
}

/// Market ids and their books.
#[derive(Debug, Default)]
pub(super) struct MarketIndex {
    ids: HashTable<(Name, BookId)>,
    /// By number; empty where the number is free.
    names: Vec<Box<str>>,
    free: Vec<BookId>,
}

impl MarketIndex {
    #[inline]
    pub(super) fn get(&self, market: &str) -> Option<BookId> {
        let market = market.as_bytes();
        let found = self.ids.find(hash(market), |(name, _)| name.bytes() == market);
        found.map(|(_, id)| *id)
    }

    /// The id's book; the flag says whether it is new.
    pub(super) fn register(&mut self, market: &str) -> (BookId, bool) {
        if let Some(id) = self.get(market) {
            return (id, false);
        }
        let id = match self.free.pop() {
            Some(id) => {
                self.names[id.index()] = Box::from(market);
                id
            }
            None => {
                self.names.push(Box::from(market));
                BookId((self.names.len() - 1) as u32)
            }
        };
        let entry = (Name::new(market), id);
        self.ids.insert_unique(hash(market.as_bytes()), entry, |(name, _)| hash(name.bytes()));
        (id, true)
    }

    /// Frees the number of a market.
    pub(super) fn remove(&mut self, market: &str) -> Option<BookId> {
        let is_it = |(name, _): &(Name, BookId)| name.bytes() == market.as_bytes();
        let found = self.ids.find_entry(hash(market.as_bytes()), is_it).ok()?;
        let ((_, id), _) = found.remove();
        self.names[id.index()] = Box::default();
        self.free.push(id);
        Some(id)
    }

    /// How many numbers are in use.
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether nobody has this number now.
    pub(super) fn is_free(&self, id: BookId) -> bool {
        self.names[id.index()].is_empty()
    }

    pub(super) fn name(&self, id: BookId) -> &str {
        &self.names[id.index()]
    }
}

const MIX: u64 = 0x9E37_79B9_7F4A_7C15;

/// Hashes the words of an id up to 48 bytes, and of a longer one (Polymarket's 77 digits) the first 8 and last 24 bytes,
/// which are as random as the rest. Ids come from the venues, so a flood of chosen collisions is no concern; a hit is
/// compared whole anyway.
#[inline]
fn hash(id: &[u8]) -> u64 {
    let mix = |sum: u64, word: u64| (sum.rotate_left(5) ^ word).wrapping_mul(MIX);
    let word = |at: usize| {
        let chunk = id.get(at..).and_then(|rest| rest.first_chunk::<8>());
        chunk.map_or(0, |chunk| u64::from_le_bytes(*chunk))
    };
    let length = id.len();
    let mut sum = mix(0, length as u64);
    if length > 48 {
        sum = mix(sum, word(0));
        sum = mix(sum, word(length - 24));
        sum = mix(sum, word(length - 16));
    } else {
        for at in (0..length.saturating_sub(8)).step_by(8) {
            sum = mix(sum, word(at));
        }
    }
    if length >= 8 {
        sum = mix(sum, word(length - 8));
    } else {
        sum = id.iter().fold(sum, |sum, byte| mix(sum, u64::from(*byte)));
    }
    // The table takes its position from the low bits and its tag from the top ones.
    sum ^ (sum >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_any_length_keep_their_books() {
        let mut index = MarketIndex::default();
        let id = |number: usize| "7".repeat(number % 120) + &number.to_string();
        for number in 0..600 {
            assert_eq!(index.get(&id(number)), None);
            assert_eq!(index.register(&id(number)), (BookId(number as u32), true));
        }
        for number in 0..600 {
            let book = BookId(number as u32);
            assert_eq!(index.get(&id(number)), Some(book));
            assert_eq!(index.register(&id(number)), (book, false));
            assert_eq!(index.name(book), id(number));
        }
    }
}

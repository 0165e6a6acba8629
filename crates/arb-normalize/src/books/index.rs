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

/// An id, in place up to 79 bytes (Polymarket's have 77), so that comparing it follows no pointer.
#[derive(Debug)]
enum Name {
    Short(u8, [u8; 79]),
    Long(Box<[u8]>),
}

impl Name {
    /// Nobody's.
    const NONE: Self = Self::Short(0, [0; 79]);

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
///
/// The table holds eight bytes an id, so that of ten thousand it stays in the caches; the ids themselves lie in the order of the
/// books. So the book that a frame is about is already being fetched while its id is still compared.
#[derive(Debug, Default)]
pub(super) struct MarketIndex {
    places: HashTable<Place>,
    /// By number; nobody's where the number is free.
    names: Vec<Name>,
    free: Vec<BookId>,
}

/// Where an id may lie: the part of its hash that the table does not look at, and its number.
#[derive(Debug, Clone, Copy)]
struct Place {
    tag: u32,
    id: BookId,
}

impl Place {
    #[inline]
    const fn new(hash: u64, id: BookId) -> Self {
        Self { tag: Self::tag(hash), id }
    }

    #[inline]
    const fn tag(hash: u64) -> u32 {
        (hash >> 24) as u32
    }
}

impl MarketIndex {
    #[inline]
    pub(super) fn get(&self, market: &str) -> Option<BookId> {
        let market = market.as_bytes();
        let hash = hash(market);
        let found = self.places.find(hash, |place| is_place_of(place, &self.names, hash, market));
        found.map(|place| place.id)
    }

    /// The id's book; the flag says whether it is new.
    pub(super) fn register(&mut self, market: &str) -> (BookId, bool) {
        if let Some(id) = self.get(market) {
            return (id, false);
        }
        let name = Name::new(market);
        let id = match self.free.pop() {
            Some(id) => {
                self.names[id.index()] = name;
                id
            }
            None => {
                self.names.push(name);
                BookId((self.names.len() - 1) as u32)
            }
        };
        let (names, hash_of) = (&self.names, hash(market.as_bytes()));
        let place = Place::new(hash_of, id);
        self.places.insert_unique(hash_of, place, |place| hash(names[place.id.index()].bytes()));
        (id, true)
    }

    /// Frees the number of a market.
    pub(super) fn remove(&mut self, market: &str) -> Option<BookId> {
        let market = market.as_bytes();
        let hash = hash(market);
        let Self { places, names, free } = self;
        let found =
            places.find_entry(hash, |place| is_place_of(place, names, hash, market)).ok()?;
        let (Place { id, .. }, _) = found.remove();
        names[id.index()] = Name::NONE;
        free.push(id);
        Some(id)
    }

    /// How many numbers are in use.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether nobody has this number now.
    pub(super) fn is_free(&self, id: BookId) -> bool {
        self.names[id.index()].bytes().is_empty()
    }

    pub(super) fn name(&self, id: BookId) -> &str {
        std::str::from_utf8(self.names[id.index()].bytes()).unwrap_or_default()
    }
}

#[inline]
fn is_place_of(place: &Place, names: &[Name], hash: u64, market: &[u8]) -> bool {
    place.tag == Place::tag(hash)
        && names.get(place.id.index()).is_some_and(|name| name.bytes() == market)
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

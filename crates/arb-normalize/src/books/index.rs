//! Market ids to book numbers.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// The number of a book within its [`Books`](super::Books).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BookId(pub(super) u32);

impl BookId {
    /// Counting from 0 in the order of registration.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Market ids and their books.
#[derive(Debug, Default)]
pub(super) struct MarketIndex {
    ids: HashMap<Box<str>, BookId, BuildHasherDefault<IdHasher>>,
    names: Vec<Box<str>>,
}

impl MarketIndex {
    #[inline]
    pub(super) fn get(&self, market: &str) -> Option<BookId> {
        self.ids.get(market).copied()
    }

    /// The id's book; the flag says whether it is new.
    pub(super) fn register(&mut self, market: &str) -> (BookId, bool) {
        if let Some(id) = self.get(market) {
            return (id, false);
        }
        let id = BookId(self.names.len() as u32);
        self.ids.insert(Box::from(market), id);
        self.names.push(Box::from(market));
        (id, true)
    }

    pub(super) fn name(&self, id: BookId) -> &str {
        &self.names[id.index()]
    }
}

/// Hashes the words of an id up to 48 bytes, and of a longer one (Polymarket's 77 digits) the first 8 and last 24 bytes,
/// which are as random as the rest. Ids come from the venues, so a flood of chosen collisions is no concern; a hit is
/// compared whole anyway.
#[derive(Debug, Default)]
pub(super) struct IdHasher(u64);

const MIX: u64 = 0x9E37_79B9_7F4A_7C15;

impl IdHasher {
    #[inline]
    fn mix(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(MIX);
    }
}

impl Hasher for IdHasher {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let word = |at: usize| {
            let chunk = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>());
            chunk.map_or(0, |chunk| u64::from_le_bytes(*chunk))
        };
        let length = bytes.len();
        self.mix(length as u64);
        if length > 48 {
            self.mix(word(0));
            self.mix(word(length - 24));
            self.mix(word(length - 16));
        } else {
            for at in (0..length.saturating_sub(8)).step_by(8) {
                self.mix(word(at));
            }
        }
        if length >= 8 {
            self.mix(word(length - 8));
        } else {
            for byte in bytes {
                self.mix(u64::from(*byte));
            }
        }
    }

    #[inline]
    fn write_u8(&mut self, _: u8) {
        // The end mark of a string adds nothing to a hash that holds the length.
    }

    #[inline]
    fn finish(&self) -> u64 {
        // The table takes its position from the low bits and its tag from the top ones.
        self.0 ^ (self.0 >> 32)
    }
}

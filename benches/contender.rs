//! One question to all: which trades pay, frame by frame?

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher};

use crate::stream::{Frame, Names, Stream};

/// A trade as published, all fixed-point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Published {
    /// The pair.
    pub pair: u32,
    /// Kalshi YES with the second outcome (0), or Kalshi NO with the first (1).
    pub direction: u8,
    /// Millionths of contracts.
    pub quantity: u64,
    /// Picodollars.
    pub net: i128,
}

/// What was published, through a ring as to another thread.
#[derive(Debug, Default)]
pub struct Outbox {
    ring: VecDeque<Published>,
    tally: Tally,
}

/// What contenders must agree on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Trades published.
    pub published: u64,
    /// The sum of their quantities, millionths of contracts.
    pub quantity: u128,
    /// The sum of their net profits, picodollars.
    pub net: i128,
    /// Of each trade all four fields at once, so that two streams of trades with equal sums are not taken for the same.
    pub trades: u64,
}

impl Tally {
    /// Counts a trade.
    pub fn add(&mut self, trade: &Published) {
        self.published += 1;
        self.quantity += u128::from(trade.quantity);
        self.net += trade.net;
        let mut hasher = DefaultHasher::new();
        trade.hash(&mut hasher);
        self.trades = self.trades.wrapping_add(hasher.finish());
    }
}

impl Outbox {
    /// An outbox that need not grow.
    #[must_use]
    pub fn new() -> Self {
        Self { ring: VecDeque::with_capacity(1_024), tally: Tally::default() }
    }

    /// Publishes a trade: it goes through the ring to its reader.
    pub fn publish(&mut self, trade: Published) {
        self.ring.push_back(trade);
        if let Some(trade) = self.ring.pop_front() {
            self.tally.add(&trade);
        }
    }

    /// What went through.
    #[must_use]
    pub const fn tally(&self) -> Tally {
        self.tally
    }
}

/// From payloads to published trades.
pub trait Contender {
    /// Ready for these pairs.
    fn new(stream: &Stream) -> Self;
    /// Takes one frame.
    fn frame(&mut self, frame: &Frame);
    /// What was published so far.
    fn tally(&self) -> Tally;

    /// Takes many.
    fn frames(&mut self, frames: &[Frame]) {
        for frame in frames {
            self.frame(frame);
        }
    }
}

/// Hashes words by multiplication, as quick hashers do: no contender pays for a defence that it does not need.
pub type Hashed = BuildHasherDefault<WordHasher>;

/// The hasher of [`Hashed`].
#[derive(Debug, Default)]
pub struct WordHasher(u64);

impl Hasher for WordHasher {
    #[inline]
    fn finish(&self) -> u64 {
        // A table takes its position from the low bits, and a product's high ones are the mixed ones.
        self.0.rotate_left(26)
    }

    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0 = (self.0.rotate_left(5) ^ u64::from_le_bytes(word))
                .wrapping_mul(0x517c_c1b7_2722_0a95);
        }
    }

    fn write_u8(&mut self, _: u8) {}

    fn write_usize(&mut self, _: usize) {}
}

/// Numbers markets by their names.
#[derive(Debug)]
pub struct ByName(HashMap<String, u32, Hashed>);

impl ByName {
    /// By the given name of each pair.
    pub fn new<'n>(names: &'n [Names], name: impl Fn(&'n Names) -> &'n str) -> Self {
        Self((0..).zip(names).map(|(at, names)| (name(names).to_owned(), at)).collect())
    }

    /// By names that were numbered already.
    #[must_use]
    pub const fn from_numbers(names: HashMap<String, u32, Hashed>) -> Self {
        Self(names)
    }

    /// The number of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<u32> {
        self.0.get(name).copied()
    }
}

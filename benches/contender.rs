//! One question to all: which trades pay, frame by frame?

use std::collections::VecDeque;

use crate::stream::{Frame, Names, Stream};

/// A trade as published, all fixed-point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
            self.tally.published += 1;
            self.tally.quantity += u128::from(trade.quantity);
            self.tally.net += trade.net;
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

/// Numbers markets by their names.
#[derive(Debug)]
pub struct ByName(std::collections::HashMap<String, u32>);

impl ByName {
    /// By the given name of each pair.
    pub fn new<'n>(names: &'n [Names], name: impl Fn(&'n Names) -> &'n str) -> Self {
        Self((0..).zip(names).map(|(at, names)| (name(names).to_owned(), at)).collect())
    }

    /// By names that were numbered already.
    #[must_use]
    pub const fn from(names: std::collections::HashMap<String, u32>) -> Self {
        Self(names)
    }

    /// The number of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<u32> {
        self.0.get(name).copied()
    }
}

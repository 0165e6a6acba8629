//! One word holds state, generation and the number of outcomes.
//!
//! ```text
//! 63            35 34    32 31                                0
//! [ generation:29 | state:3 |  outcomes since the last fold:32 ]
//! ```
//! The upper half is the *tag*. Every change of state takes a new generation and so a new tag, and
//! an outcome is counted by a compare-and-swap of the whole word: an outcome admitted under one tag
//! can never be counted under another.

use crate::state::State;

/// State and generation: what a permit was admitted under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tag(u32);

impl Tag {
    pub(crate) const fn new(generation: u64, state: State) -> Self {
        Self(((generation as u32) << 3) | state.code())
    }

    pub(crate) const fn of(word: u64) -> Self {
        Self((word >> 32) as u32)
    }

    /// The word of a generation in which nothing has been counted yet.
    pub(crate) const fn fresh_word(self) -> u64 {
        (self.0 as u64) << 32
    }

    pub(crate) const fn state(self) -> State {
        State::from_code(self.0 & 7)
    }

    #[inline(always)]
    pub(crate) const fn is_closed(self) -> bool {
        self.0 & 7 == 0
    }

    /// Whether outcomes of this state go into the window ([`State::Closed`], [`State::MetricsOnly`]).
    #[inline(always)]
    pub(crate) const fn counts_outcomes(self) -> bool {
        self.0 & 7 < 2
    }
}

/// The outcomes counted in this word.
#[inline(always)]
pub(crate) const fn outcomes(word: u64) -> u32 {
    word as u32
}

//! One word holds state, generation and the number of outcomes.
//!
//! ```text
//! 63            34 33     32 31                                0
//! [ generation:30 | status:2 |  outcomes since the last fold:32 ]
//! ```
//! The upper half is the *tag*. Every change of state takes a new generation and so a new tag. An
//! outcome is counted by adding 1 to the word of its generation; the word that comes back says
//! under which tag it was counted.

use crate::state::State;

/// Generation and status: what a call was admitted under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tag(u32);

/// The state as far as the lock-free half needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// Closed, and a success needs nothing but counting.
    Closed = 0,
    /// Closed, and the time a call took, or when it ended, matters.
    ClosedTimed = 1,
    /// Any other state: the lock knows.
    Locked = 2,
    /// No state at all: the ticket of a call that is counted apart.
    Apart = 3,
}

impl Tag {
    pub(crate) const fn new(generation: u64, state: State, timed: bool) -> Self {
        let status = match state {
            State::Closed if timed => Status::ClosedTimed,
            State::Closed => Status::Closed,
            _ => Status::Locked,
        };
        Self(((generation as u32) << 2) | status as u32)
    }

    #[inline(always)]
    pub(crate) const fn of(word: u64) -> Self {
        Self((word >> 32) as u32)
    }

    /// The generation, which may have begun again after 2^30 of them.
    #[inline(always)]
    pub(crate) const fn generation(self) -> u32 {
        self.0 >> 2
    }

    /// The word of a generation in which nothing has been counted yet.
    pub(crate) const fn fresh_word(self) -> u64 {
        (self.0 as u64) << 32
    }

    /// The word that every call reads: the tag, and its status once more in the lowest bits.
    pub(crate) const fn shown(self) -> u64 {
        self.fresh_word() | self.status() as u64
    }

    /// The same tag for what does not count in this generation: a call that is counted apart, or
    /// anything after its end.
    pub(crate) const fn apart(self) -> Self {
        Self(self.0 | Status::Apart as u32)
    }

    #[inline(always)]
    pub(crate) const fn status(self) -> Status {
        match self.0 & 3 {
            0 => Status::Closed,
            1 => Status::ClosedTimed,
            2 => Status::Locked,
            _ => Status::Apart,
        }
    }
}

/// The outcomes counted in this word.
#[inline(always)]
pub(crate) const fn outcomes(word: u64) -> u32 {
    word as u32
}

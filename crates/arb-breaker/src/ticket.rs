//! What an admitted call holds: it entitles to one verdict.

use crate::tag::{Status, Tag};

/// The tag a call was admitted under and on what terms, in one machine word.
///
/// A call that was admitted while closed keeps the word it was shown, [`Tag::shown`]; no other ticket equals a shown word. So
/// one comparison tells whether the breaker is still closed and has been all the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket(u64);

/// On what terms a call was admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pass {
    /// Closed or metrics-only: the outcome goes into the window.
    Counted,
    /// Half-open: a probe, by number, below [`Ticket::PROBES`].
    Probe(u32),
    /// Admitted whatever the state; judged apart.
    RiskReducing,
    /// Disabled: nothing is recorded.
    Unrecorded,
}

const COUNTED: u32 = (1 << 30) - 1;
const UNRECORDED: u32 = COUNTED - 1;
/// In the lowest bits of a ticket on other terms, where a shown word never has it.
const OTHER: u32 = 3;

impl Ticket {
    /// Probe numbers start again here; a spell of the half-open state sees a handful.
    pub(crate) const PROBES: u32 = 1 << 29;

    /// The ticket of a call that is shown this word, if that is a closed breaker's.
    #[inline(always)]
    pub(crate) const fn closed(shown: u64) -> Option<Self> {
        if shown & 2 == 0 { Some(Self(shown)) } else { None }
    }

    /// The same, if no time matters either.
    #[inline(always)]
    pub(crate) const fn untimed(shown: u64) -> Option<Self> {
        if shown & 3 == 0 { Some(Self(shown)) } else { None }
    }

    pub(crate) const fn new(tag: Tag, pass: Pass) -> Self {
        let (tag, terms) = match pass {
            Pass::Counted if matches!(tag.status(), Status::Closed | Status::ClosedTimed) => {
                return Self(tag.shown());
            }
            Pass::Counted => (tag, COUNTED),
            Pass::Probe(probe) => (tag, probe),
            Pass::RiskReducing => (tag.apart(), 0),
            Pass::Unrecorded => (tag, UNRECORDED),
        };
        Self(tag.fresh_word() | (terms << 2 | OTHER) as u64)
    }

    #[inline(always)]
    pub(crate) const fn tag(self) -> Tag {
        Tag::of(self.0)
    }

    /// Whether the call was admitted while the breaker showed this word, and so while closed.
    #[inline(always)]
    pub(crate) const fn is_of(self, shown: u64) -> bool {
        self.0 == shown
    }

    /// Whether times matter to a call that was admitted while closed.
    #[inline(always)]
    pub(crate) const fn is_timed(self) -> bool {
        self.0 & 3 == Status::ClosedTimed as u64
    }

    pub(crate) const fn pass(self) -> Pass {
        match (self.tag().status(), self.0 as u32 >> 2) {
            (Status::Apart, _) => Pass::RiskReducing,
            (Status::Closed | Status::ClosedTimed, _) | (Status::Locked, COUNTED) => Pass::Counted,
            (Status::Locked, UNRECORDED) => Pass::Unrecorded,
            (Status::Locked, probe) => Pass::Probe(probe),
        }
    }
}

//! What an admitted call holds: it entitles to one verdict.

use crate::tag::{Status, Tag};

/// The tag a call was admitted under and on what terms, in one machine word.
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

const COUNTED: u32 = u32::MAX;
const UNRECORDED: u32 = u32::MAX - 1;

impl Ticket {
    /// Probe numbers start again here; a spell of the half-open state sees a handful.
    pub(crate) const PROBES: u32 = 1 << 31;

    /// The ticket of a call admitted while closed.
    #[inline(always)]
    pub(crate) const fn closed(tag: Tag) -> Self {
        Self(tag.fresh_word())
    }

    pub(crate) const fn new(tag: Tag, pass: Pass) -> Self {
        let (tag, terms) = match pass {
            Pass::Counted => (tag, COUNTED),
            Pass::Probe(probe) => (tag, probe),
            Pass::RiskReducing => (tag.apart(), 0),
            Pass::Unrecorded => (tag, UNRECORDED),
        };
        Self(tag.fresh_word() | terms as u64)
    }

    #[inline(always)]
    pub(crate) const fn tag(self) -> Tag {
        Tag::of(self.0)
    }

    pub(crate) const fn pass(self) -> Pass {
        match (self.tag().status(), self.0 as u32) {
            (Status::Apart, _) => Pass::RiskReducing,
            (Status::Closed | Status::ClosedTimed, _) | (Status::Locked, COUNTED) => Pass::Counted,
            (Status::Locked, UNRECORDED) => Pass::Unrecorded,
            (Status::Locked, probe) => Pass::Probe(probe),
        }
    }
}

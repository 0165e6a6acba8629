//! What an admitted call holds: it entitles to one verdict.

use crate::tag::Tag;

/// A tag and a pass in one machine word, so that it travels in a register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(crate) tag: Tag,
    pass: u32,
}

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
const RISK_REDUCING: u32 = u32::MAX - 1;
const UNRECORDED: u32 = u32::MAX - 2;

impl Ticket {
    /// Probe numbers start again here; a spell of the half-open state sees a handful.
    pub(crate) const PROBES: u32 = 1 << 31;

    #[inline(always)]
    pub(crate) const fn new(tag: Tag, pass: Pass) -> Self {
        let pass = match pass {
            Pass::Counted => COUNTED,
            Pass::Probe(probe) => probe,
            Pass::RiskReducing => RISK_REDUCING,
            Pass::Unrecorded => UNRECORDED,
        };
        Self { tag, pass }
    }

    #[inline(always)]
    pub(crate) const fn is_counted(self) -> bool {
        self.pass == COUNTED
    }

    pub(crate) const fn pass(self) -> Pass {
        match self.pass {
            COUNTED => Pass::Counted,
            RISK_REDUCING => Pass::RiskReducing,
            UNRECORDED => Pass::Unrecorded,
            probe => Pass::Probe(probe),
        }
    }
}

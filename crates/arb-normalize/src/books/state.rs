//! Whether a book may be trusted, and why not.

use serde::{Deserialize, Serialize};

/// Where a book stands.
///
/// | state | levels | left by |
/// |---|---|---|
/// | Empty | none yet | a snapshot → Live |
/// | Live | follow the venue message by message | a gap, contradiction, close … → Suspect or Dead |
/// | Suspect | as they were | a snapshot → Live; [`Books::mark_resyncing`](super::Books::mark_resyncing) → Resyncing |
/// | Resyncing | as they were; a snapshot has been asked for | a snapshot → Live |
/// | Dead | as they were; the market is closed | a snapshot → Live, but for what follows |
///
/// A market that was determined, disputed or settled stays Dead, whatever snapshots come, until the venue says that it trades; one
/// whose close time has passed when its snapshot comes in stays Dead until another close time is said. While a market is halted a
/// snapshot leaves its book Suspect ([`SuspectReason::Halted`]). All three hold on whatever connection, and the venue says so by the
/// market's stream or its catalogue ([`Books::set_status`](super::Books::set_status)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BookState {
    /// No snapshot yet.
    #[default]
    Empty,
    /// As the venue says.
    Live,
    /// Something was missed or contradicts itself; changes are not applied.
    Suspect,
    /// Suspect, and a snapshot has been asked for.
    Resyncing,
    /// Trading has ended.
    Dead,
}

impl BookState {
    /// The lower-case word of output and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Live => "live",
            Self::Suspect => "suspect",
            Self::Resyncing => "resyncing",
            Self::Dead => "dead",
        }
    }
}

impl std::fmt::Display for BookState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why a book stopped being Live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SuspectReason {
    /// Numbers of its subscription are missing.
    Gap,
    /// Its subscription started again, or its numbers did, and its own snapshot has not come yet.
    Restarted,
    /// A change would have taken a level below zero.
    NegativeLevel,
    /// Best bid and ask differed from the venue's own in two frames running (Polymarket).
    TouchMismatch,
    /// Best bid at or above best ask for longer than [`BookLimits::crossed_for`](super::BookLimits::crossed_for).
    Crossed,
    /// The price grid changed.
    TickChange,
    /// Trading is halted, as its stream or its catalogue said last; resting orders may be cancelled meanwhile.
    Halted,
    /// Silent for far longer than its own rate ([`BookLimits::silent_factor`](super::BookLimits::silent_factor)), or the clock was set
    /// back and nobody knows for how long.
    Silent,
    /// Its connection closed.
    Disconnected,
    /// The venue ended its subscription with an error.
    SubscriptionLost,
    /// It was taken out of its subscription.
    Unsubscribed,
    /// The venue says the market is closed, determined or settled (the book is Dead).
    Closed,
    /// The close time passed (the book is Dead).
    CloseTimePassed,
}

impl SuspectReason {
    /// The lower-case words of output and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gap => "gap",
            Self::Restarted => "restarted",
            Self::NegativeLevel => "negative_level",
            Self::TouchMismatch => "touch_mismatch",
            Self::Crossed => "crossed",
            Self::TickChange => "tick_change",
            Self::Halted => "halted",
            Self::Silent => "silent",
            Self::Disconnected => "disconnected",
            Self::SubscriptionLost => "subscription_lost",
            Self::Unsubscribed => "unsubscribed",
            Self::Closed => "closed",
            Self::CloseTimePassed => "close_time_passed",
        }
    }

    /// Whether a snapshot can be asked for at once, on the connection the book came over.
    #[must_use]
    pub const fn is_mended_by_snapshot(self) -> bool {
        matches!(
            self,
            Self::Gap
                | Self::Restarted
                | Self::NegativeLevel
                | Self::TouchMismatch
                | Self::Crossed
                | Self::TickChange
                | Self::Silent
                | Self::SubscriptionLost
        )
    }
}

impl std::fmt::Display for SuspectReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// One unbroken stretch of a book: it grows whenever a snapshot makes a book Live, and is never used twice within one
/// [`Books`](super::Books). Two quotes of the same epoch have no gap between them.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Epoch(pub(super) u64);

impl Epoch {
    /// The number; 0 before the first snapshot.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl std::fmt::Display for Epoch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

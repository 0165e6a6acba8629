//! What one frame did to the books.

use super::{BookId, Books};

/// What one call did; kept by the caller and used again, so that it allocates nothing in the steady state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FrameReport {
    /// Every book whose levels or state changed, each once, in the order of first change.
    pub touched: Vec<BookId>,
    /// Frames that were passed over because their number had come before (0 or 1 a frame).
    pub duplicates: u32,
    /// Jumps in the numbering (0 or 1 a frame).
    pub gaps: u32,
    /// Suspect, resyncing or dead books that a snapshot made live again.
    pub resyncs: u32,
    /// Snapshots that must be asked for.
    pub needs: Vec<Resync>,
}

impl FrameReport {
    /// Empties the report and keeps its memory; every call that takes a report begins with this.
    pub fn clear(&mut self) {
        self.touched.clear();
        self.duplicates = 0;
        self.gaps = 0;
        self.resyncs = 0;
        self.needs.clear();
    }
}

/// A wish for fresh snapshots of some books of one subscription.
///
/// The one who asks the venue says so by [`Books::mark_resyncing`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resync {
    /// The connection they come over.
    pub connection: u32,
    /// The subscription (Kalshi).
    pub sid: Option<u64>,
    /// The books.
    pub books: Vec<BookId>,
}

impl Resync {
    /// The markets of the books, in the venue's ids.
    pub fn markets<'b>(&self, books: &'b Books) -> impl Iterator<Item = &'b str> {
        self.books.iter().map(|id| books.market(*id))
    }
}

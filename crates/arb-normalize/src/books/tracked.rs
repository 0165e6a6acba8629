//! One book with its continuity.

use std::time::Duration;

use super::stream::StreamId;
use super::{BookState, Epoch, SuspectReason};
use crate::market::TickRange;
use crate::{Book, Level, Price, Timestamp};

/// A book that knows whether it is right.
#[derive(Debug, Clone, Default)]
pub struct TrackedBook {
    pub(super) book: Book,
    pub(super) state: BookState,
    pub(super) crossed: bool,
    pub(super) reason: Option<SuspectReason>,
    /// Frames running in which the venue's touch differed.
    pub(super) mismatches: u8,
    /// The call that touched the book last.
    pub(super) mark: u32,
    /// The stream it follows.
    pub(super) stream: Option<StreamId>,
    /// The step of the price grid in millionths where it is the same everywhere; 0 where it is not known, and
    /// [`MANY_STEPS`] where the details say.
    step: u32,
    pub(super) epoch: Epoch,
    pub(super) received_at: Option<Timestamp>,
    pub(super) venue_at: Option<Timestamp>,
    /// When it became crossed, if it is and the time is known.
    pub(super) crossed_at: Option<Timestamp>,
    /// Frames since the book became Live.
    pub(super) updates: u32,
    /// Mean time between frames in microseconds, over about the last 16.
    pub(super) mean_interval_us: u32,
    /// What is rarely looked at, elsewhere so that a book takes fewer cache lines.
    details: Option<Box<Details>>,
}

/// The grid has several steps.
const MANY_STEPS: u32 = u32::MAX;

#[derive(Debug, Clone, Default)]
struct Details {
    venue_id: Option<Box<str>>,
    close_at: Option<Timestamp>,
    ticks: Vec<TickRange>,
    /// Trading is halted: no snapshot makes the book Live.
    halted: bool,
    /// The answer is known, or proposed: neither does one.
    decided: bool,
}

/// Best bid and ask with all that is needed to judge them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quote {
    /// Best bid, if there is one.
    pub bid: Option<Level>,
    /// Best ask, if there is one.
    pub ask: Option<Level>,
    /// The unbroken stretch it belongs to.
    pub epoch: Epoch,
    /// When its last frame came in, if that is known.
    pub received_at: Option<Timestamp>,
    /// When the venue made its last frame, if that is known.
    pub venue_at: Option<Timestamp>,
}

impl TrackedBook {
    /// An empty book that follows `stream`.
    pub(super) fn following(stream: StreamId) -> Self {
        Self { stream: Some(stream), ..Self::default() }
    }

    /// The levels. They may be wrong unless [`TrackedBook::state`] is Live.
    #[must_use]
    #[inline]
    pub const fn book(&self) -> &Book {
        &self.book
    }

    /// Where the book stands.
    #[must_use]
    #[inline]
    pub const fn state(&self) -> BookState {
        self.state
    }

    /// Why it is not Live, where it was once.
    #[must_use]
    pub const fn reason(&self) -> Option<SuspectReason> {
        self.reason
    }

    /// The unbroken stretch it is in; 0 before the first snapshot.
    #[must_use]
    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// When the last frame that changed it came in, if that is known.
    #[must_use]
    #[inline]
    pub const fn received_at(&self) -> Option<Timestamp> {
        self.received_at
    }

    /// When the venue made the last frame that changed it, if it said so.
    #[must_use]
    pub const fn venue_at(&self) -> Option<Timestamp> {
        self.venue_at
    }

    /// Whether it is Live, not crossed, and kept up to date by a connection (one of an ended [recording](super::Books::detach) is
    /// not): only such a book may be traded on.
    #[must_use]
    #[inline]
    pub const fn is_priceable(&self) -> bool {
        matches!(self.state, BookState::Live) && !self.crossed && self.stream.is_some()
    }

    /// Polymarket's condition id or Kalshi's market uuid, if a snapshot said it.
    #[must_use]
    pub fn venue_id(&self) -> Option<&str> {
        self.details.as_ref()?.venue_id.as_deref()
    }

    /// When trading ends, if that is known.
    #[must_use]
    pub fn close_at(&self) -> Option<Timestamp> {
        self.details.as_ref()?.close_at
    }

    /// The price grid, empty if it is not known.
    #[must_use]
    pub fn ticks(&self) -> &[TickRange] {
        self.details.as_ref().map_or(&[], |details| &details.ticks)
    }

    /// Best bid and ask, `None` unless the book [may be priced](TrackedBook::is_priceable).
    #[must_use]
    pub fn quote(&self) -> Option<Quote> {
        self.is_priceable().then(|| Quote {
            bid: self.book.best_bid(),
            ask: self.book.best_ask(),
            epoch: self.epoch,
            received_at: self.received_at,
            venue_at: self.venue_at,
        })
    }

    /// Time since the last frame that changed the book, `None` where that is not known. Zero where the frame was received after `now`,
    /// which says nothing of its age: see [`TrackedBook::is_ahead_of`].
    #[must_use]
    pub fn age(&self, now: Timestamp) -> Option<Duration> {
        self.received_at.map(|at| now.since(at))
    }

    /// Whether its last frame was received more than [`CLOCK_SLACK`](super::CLOCK_SLACK) after `now`: the clock was set back since, and
    /// how old the book is cannot be told.
    #[must_use]
    #[inline]
    pub fn is_ahead_of(&self, now: Timestamp) -> bool {
        self.received_at.is_some_and(|at| at.since(now) > super::CLOCK_SLACK)
    }

    /// Mean time between its frames, over about the last 16, `None` before there are two.
    #[must_use]
    pub const fn mean_interval(&self) -> Option<Duration> {
        if self.updates < 2 {
            return None;
        }
        Some(Duration::from_micros(self.mean_interval_us as u64))
    }

    /// Age in units of the book's own [mean interval](TrackedBook::mean_interval): 1 is usual, 50 is a long silence.
    #[must_use]
    pub fn relative_age(&self, now: Timestamp) -> Option<f64> {
        let mean = self.mean_interval()?.max(Duration::from_micros(1));
        Some(self.age(now)?.as_secs_f64() / mean.as_secs_f64())
    }

    /// Notes that a frame changed the book.
    #[inline]
    pub(super) fn note_update(
        &mut self,
        received_at: Option<Timestamp>,
        venue_at: Option<Timestamp>,
    ) {
        if let (Some(now), Some(before)) = (received_at, self.received_at) {
            let interval = now.nanos_since(before) / 1000;
            let interval = u32::try_from(interval).unwrap_or(u32::MAX);
            self.mean_interval_us = if self.updates < 2 {
                interval
            } else {
                // Weight 1/16 for the newest, without overflow.
                self.mean_interval_us - self.mean_interval_us / 16 + interval / 16
            };
        }
        self.updates = self.updates.saturating_add(1);
        self.received_at = received_at;
        if venue_at.is_some() {
            self.venue_at = venue_at;
        }
    }

    pub(super) fn set_venue_id(&mut self, venue_id: &str) {
        self.details.get_or_insert_default().venue_id = Some(Box::from(venue_id));
    }

    pub(super) fn set_close_at(&mut self, close_at: Option<Timestamp>) {
        if close_at != self.close_at() {
            self.details.get_or_insert_default().close_at = close_at;
        }
    }

    /// Whether trading is halted, as far as the venue said so.
    #[must_use]
    pub fn is_halted(&self) -> bool {
        self.details.as_ref().is_some_and(|details| details.halted)
    }

    pub(super) fn set_halted(&mut self, halted: bool) {
        if halted != self.is_halted() {
            self.details.get_or_insert_default().halted = halted;
        }
    }

    pub(super) fn set_decided(&mut self, decided: bool) {
        if decided != self.details.as_ref().is_some_and(|details| details.decided) {
            self.details.get_or_insert_default().decided = decided;
        }
    }

    /// What a snapshot received at that time leaves the book in, and why where that is not Live.
    pub(super) fn state_after_snapshot(
        &self,
        at: Option<Timestamp>,
    ) -> (BookState, Option<SuspectReason>) {
        let Some(details) = &self.details else { return (BookState::Live, None) };
        if details.decided {
            (BookState::Dead, Some(SuspectReason::Closed))
        } else if details.close_at.zip(at).is_some_and(|(close, at)| close <= at) {
            (BookState::Dead, Some(SuspectReason::CloseTimePassed))
        } else if details.halted {
            (BookState::Suspect, Some(SuspectReason::Halted))
        } else {
            (BookState::Live, None)
        }
    }

    pub(super) fn set_ticks(&mut self, ticks: &[TickRange]) {
        if ticks == self.ticks() {
            return;
        }
        self.step = match ticks {
            [] => 0,
            [TickRange { start: Price::ZERO, end: Price::ONE, step }] => step.micros(),
            _ => MANY_STEPS,
        };
        self.details.get_or_insert_default().ticks = ticks.to_vec();
    }

    /// What belongs to the market, not to one copy of its book, changes sides.
    pub(super) fn swap_market_facts(&mut self, other: &mut Self) {
        std::mem::swap(&mut self.details, &mut other.details);
        std::mem::swap(&mut self.step, &mut other.step);
        std::mem::swap(&mut self.mark, &mut other.mark);
    }

    /// Whether `price` is on the grid, as far as that is known; $0 and $1 are on none.
    #[inline]
    pub(super) fn is_on_grid(&self, price: Price) -> bool {
        match self.step {
            _ if price.is_worthless() => false,
            0 => true,
            MANY_STEPS => self.is_on_some_range(price.micros()),
            step => price.micros().is_multiple_of(step),
        }
    }

    fn is_on_some_range(&self, micros: u32) -> bool {
        self.ticks().iter().any(|range| {
            let (start, step) = (range.start.micros(), range.step.micros());
            (start..=range.end.micros()).contains(&micros)
                && (step == 0 || (micros - start).is_multiple_of(step))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_book_is_as_small_as_stated() {
        // A fine book costs this, and 16 bytes a level; a cent book this, and 808 bytes of sizes (twice that beyond hundredths).
        assert!(size_of::<TrackedBook>() <= 112, "{}", size_of::<TrackedBook>());
    }
}

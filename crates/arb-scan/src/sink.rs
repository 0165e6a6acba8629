//! Where the pipeline's findings go.

use arb_normalize::books::TrackedBook;
use arb_normalize::books::{Books, Resync};
use arb_normalize::{DecodeError, MarketEvent, Opportunity, Timestamp, Venue};

use crate::{Basket, BasketLeg, Board, Closed, EndingProfit, Quarantine, Terms, ending, terms};

/// Whether an opportunity is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Its first line.
    Opened,
    /// Its quantity or net profit differs from the last line.
    Changed,
    /// It is as it was, and [asked for again](crate::Pipeline::tell_again) or in quarantine from now on.
    Again,
}

/// An opportunity with the books it was found in.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    /// The trade.
    pub opportunity: &'a Opportunity,
    /// Whether it is new.
    pub change: Change,
    pub(crate) basket: &'a Basket,
    pub(crate) picks: &'a [u8],
    pub(crate) board: &'a Board,
    pub(crate) quarantine: Option<Quarantine>,
}

impl<'a> Found<'a> {
    /// Each leg with the book it was priced on, in the order of the opportunity's legs.
    pub fn legs(&self) -> impl Iterator<Item = (&'a BasketLeg, &'a TrackedBook)> + Clone + use<'a> {
        self.board.books_of_legs(self.basket, self.picks)
    }

    /// Which of the pair's trades it is: `yes-no` buys Kalshi's YES and Polymarket's second outcome.
    #[must_use]
    pub fn direction(&self) -> &'a str {
        &self.basket.direction
    }

    /// The basket it is a trade of.
    #[must_use]
    pub const fn basket(&self) -> &'a Basket {
        self.basket
    }

    /// What it ties up, for how long (as far as [`Pipeline::set_resolves_at`](crate::Pipeline::set_resolves_at) said), and what it earns for it.
    #[must_use]
    pub fn terms(&self) -> Terms {
        let resolves_at = self.board.resolves_at(&self.basket.pair);
        terms::of(self.basket, self.opportunity, self.legs(), resolves_at)
    }

    /// Why its pair or set is in quarantine, if it is: then it is shown, and not to be traded.
    #[must_use]
    pub const fn quarantine(&self) -> Option<&Quarantine> {
        self.quarantine.as_ref()
    }

    /// What it earns in every ending that can meet it, as planned first.
    pub fn endings(&self) -> impl Iterator<Item = EndingProfit> + use<> {
        ending::endings(self.basket, self.opportunity).into_iter()
    }
}

/// Takes what the pipeline finds, on the pipeline's own thread: an implementation returns at once and hands anything
/// slow to somebody else.
pub trait Sink {
    /// A trade that pays opened or changed.
    fn on_opportunity(&mut self, found: &Found<'_>);

    /// A trade ended.
    fn on_closed(&mut self, closed: &Closed);

    /// A pair or set turned out too good to be true: from now on it is in quarantine, and each of its open trades is told
    /// [again](Change::Again).
    fn on_quarantine(&mut self, pair: &str, why: &Quarantine) {
        let _ = (pair, why);
    }

    /// Books must be read again from the venue.
    fn on_resync(&mut self, venue: Venue, needed: &Resync, books: &Books) {
        let _ = (venue, needed, books);
    }

    /// A message that is no book update: a trade, a change in a market's life, a refusal, an unknown kind.
    fn on_event(&mut self, venue: Venue, at: Option<Timestamp>, event: &MarketEvent<'_>) {
        let _ = (venue, at, event);
    }

    /// A frame was refused; it changed nothing.
    fn on_malformed(&mut self, venue: Venue, connection: u32, error: &DecodeError) {
        let _ = (venue, connection, error);
    }
}

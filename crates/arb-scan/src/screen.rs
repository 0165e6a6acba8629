//! Which trades cannot pay, by the best prices alone.
//!
//! Almost every frame leaves nothing to be had, and with ten thousand pairs almost every book is cold. So what is asked on every
//! frame lies apart from books and baskets: half a cache line a book, one short record a basket.

use arb_normalize::books::{BookId, TrackedBook};
use arb_normalize::opportunity::Action;
use arb_normalize::{Outcome, Venue};

use crate::Basket;
use crate::basket::Pick;

/// Millionths of a dollar for one contract of YES and of NO.
type Touch = [u32; 2];

/// The book may not be priced.
const UNPRICED: u32 = u32::MAX;
/// Nobody sells that outcome.
const NOBODY: u32 = u32::MAX - 1;

/// The baskets of one book, in place where it is in one pair only, as most are: cold memory is not followed twice.
enum Baskets {
    Few(u8, [u32; 2]),
    Many(Box<[u32]>),
}

impl Baskets {
    fn new(baskets: &[u32]) -> Self {
        match *baskets {
            [] => Self::Few(0, [0; 2]),
            [one] => Self::Few(1, [one, 0]),
            [one, other] => Self::Few(2, [one, other]),
            _ => Self::Many(baskets.into()),
        }
    }

    #[inline]
    fn as_slice(&self) -> &[u32] {
        match self {
            Self::Few(count, baskets) => baskets.get(..usize::from(*count)).unwrap_or_default(),
            Self::Many(baskets) => baskets,
        }
    }
}

/// What every frame about a book asks.
struct Place {
    touch: Touch,
    /// The baskets the book is part of, in order; `None` where nobody has looked for them.
    baskets: Option<Baskets>,
}

impl Place {
    const NEW: Self = Self { touch: [UNPRICED; 2], baskets: None };
}

/// What the best prices say of a basket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// It may pay, comes nearer to it than before today, its episode is open, or it is none that can be screened: judge it.
    Judge,
    /// The best prices cost at least the payoff, and it came nearer before.
    NoEdge,
    /// A book may not be priced.
    NotPriced,
}

/// The two orders of a basket.
#[derive(Debug, Clone, Copy)]
struct Two {
    legs: [LegRef; 2],
    /// Millionths of a dollar.
    payoff: u32,
}

#[derive(Debug, Clone, Copy)]
struct LegRef {
    book: u32,
    venue: u8,
    outcome: u8,
}

#[derive(Debug, Clone, Copy)]
struct Record {
    /// `None` where the basket is judged whatever the best prices: it has more orders than two, sells, or chooses among its legs.
    two: Option<Two>,
    /// Whether its episode is open.
    open: bool,
    /// What the best prices must leave to come nearer to a trade than all others of the day, in millionths of a dollar: more than this.
    near: i32,
    /// Whether the time of its live books is being taken.
    timed: bool,
}

/// Nothing of the day is known yet.
const NOTHING_NEAR: i32 = i32::MIN;

/// The best prices of all books, and what baskets need to know of them.
#[derive(Default)]
pub(crate) struct Screen {
    places: [Vec<Place>; 2],
    records: Vec<Record>,
    /// Whether the time of live books is taken at all.
    time_all: bool,
}

impl Screen {
    /// Whether a basket is judged when its books begin or cease to be priced, because that time is taken.
    pub(crate) const fn time_all(&mut self, time_all: bool) {
        self.time_all = time_all;
    }

    /// Another day begins: the best prices of the last one are no measure.
    pub(crate) fn begin_day(&mut self) {
        for record in &mut self.records {
            record.near = NOTHING_NEAR;
        }
    }

    /// What the best prices left of a basket today, in millionths of a dollar a contract before fees.
    pub(crate) fn set_near(&mut self, index: usize, gross: i32) {
        if let Some(record) = self.records.get_mut(index) {
            record.near = gross;
        }
    }

    /// Whether the time of a basket's live books is being taken.
    pub(crate) fn set_timed(&mut self, index: usize, timed: bool) {
        if let Some(record) = self.records.get_mut(index) {
            record.timed = timed;
        }
    }

    /// Begins anew with these baskets, none of them open.
    pub(crate) fn replace(&mut self, baskets: &[Basket]) {
        self.records.clear();
        self.records.extend(baskets.iter().map(|basket| Record {
            two: two(basket),
            open: false,
            near: NOTHING_NEAR,
            timed: false,
        }));
        self.places.iter_mut().flatten().for_each(|place| place.baskets = None);
    }

    /// Whether a book's baskets have been looked for.
    pub(crate) fn is_linked(&self, venue: Venue, id: BookId) -> bool {
        self.place(venue, id).is_some_and(|place| place.baskets.is_some())
    }

    /// Says which baskets a book is part of.
    pub(crate) fn set_baskets(&mut self, venue: Venue, id: BookId, baskets: &[u32]) {
        self.place_mut(venue, id).baskets = Some(Baskets::new(baskets));
    }

    /// The baskets a book is part of.
    #[inline]
    pub(crate) fn baskets(&self, venue: Venue, id: BookId) -> &[u32] {
        let baskets = self.place(venue, id).and_then(|place| place.baskets.as_ref());
        baskets.map_or(&[], Baskets::as_slice)
    }

    /// A book is forgotten: its number may become another's.
    pub(crate) fn forget(&mut self, venue: Venue, id: BookId) {
        *self.place_mut(venue, id) = Place::NEW;
    }

    #[inline]
    fn place(&self, venue: Venue, id: BookId) -> Option<&Place> {
        self.places[venue.index()].get(id.index())
    }

    #[inline]
    fn place_mut(&mut self, venue: Venue, id: BookId) -> &mut Place {
        let places = &mut self.places[venue.index()];
        if places.len() <= id.index() {
            places.resize_with(id.index() + 1, || Place::NEW);
        }
        &mut places[id.index()]
    }

    /// A leg of a basket has found its book.
    pub(crate) fn link(&mut self, index: usize, basket: &Basket) {
        if let Some(record) = self.records.get_mut(index) {
            record.two = two(basket);
        }
    }

    /// An episode opened or ended.
    pub(crate) fn set_open(&mut self, index: usize, open: bool) {
        if let Some(record) = self.records.get_mut(index) {
            record.open = open;
        }
    }

    /// A book has changed.
    #[inline]
    pub(crate) fn note(&mut self, venue: Venue, id: BookId, tracked: &TrackedBook) {
        self.place_mut(venue, id).touch = if tracked.is_priceable() {
            let (bid, ask) = (tracked.book().best_bid(), tracked.book().best_ask());
            [
                ask.map_or(NOBODY, |ask| ask.price.micros()),
                bid.map_or(NOBODY, |bid| bid.price.complement().micros()),
            ]
        } else {
            [UNPRICED; 2]
        };
    }

    /// What the best prices say of a basket.
    #[inline]
    pub(crate) fn look(&self, index: usize) -> Look {
        let Some(record) = self.records.get(index) else { return Look::Judge };
        let (Some(two), false) = (&record.two, record.open) else { return Look::Judge };
        match self.left(two) {
            None if self.time_all && record.timed => Look::Judge,
            None => Look::NotPriced,
            Some(left) if left > 0 || left > i64::from(record.near) => Look::Judge,
            Some(_) if self.time_all && !record.timed => Look::Judge,
            Some(_) => Look::NoEdge,
        }
    }

    /// What the best prices say of a basket, whatever was said before.
    #[inline]
    pub(crate) fn look_anew(&self, index: usize) -> Look {
        let two = self.records.get(index).and_then(|record| record.two.as_ref());
        two.map_or(Look::Judge, |two| match self.left(two) {
            None => Look::NotPriced,
            Some(left) if left > 0 => Look::Judge,
            Some(_) => Look::NoEdge,
        })
    }

    /// What the best prices leave, in millionths of a dollar; `None` where a book may not be priced.
    #[inline]
    fn left(&self, two: &Two) -> Option<i64> {
        let [first, second] = two.legs.map(|leg| self.touch(leg));
        let priced = first != UNPRICED && second != UNPRICED;
        priced.then(|| i64::from(two.payoff) - i64::from(first) - i64::from(second))
    }

    #[inline]
    fn touch(&self, leg: LegRef) -> u32 {
        let place = self.places[usize::from(leg.venue % 2)].get(leg.book as usize);
        place.map_or(UNPRICED, |place| place.touch[usize::from(leg.outcome % 2)])
    }
}

fn two(basket: &Basket) -> Option<Two> {
    let [first, second] = &basket.legs[..] else { return None };
    let leg = |leg: &crate::BasketLeg| {
        Some(LegRef {
            book: u32::try_from(leg.book?.index()).ok()?,
            venue: leg.venue.index() as u8,
            outcome: match leg.outcome {
                Outcome::Yes => 0,
                Outcome::No => 1,
            },
        })
    };
    let buys = basket.legs.iter().all(|leg| leg.action == Action::Buy);
    if basket.pick != Pick::All || !buys {
        return None;
    }
    let payoff = u32::try_from(basket.payoff.pico() / 1_000_000).ok()?;
    Some(Two { legs: [leg(first)?, leg(second)?], payoff })
}

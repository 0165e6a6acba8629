//! Which trades cannot pay, by the best prices alone.
//!
//! Almost every frame leaves nothing to be had, and with ten thousand pairs almost every book is cold. So what is asked on every
//! frame lies apart from books and baskets: a few bytes a book, and half a cache line a basket that holds the best prices of its own
//! orders. Both trades of a pair share a line, and a look at one asks for nothing else.

use arb_normalize::books::{BookId, TrackedBook};
use arb_normalize::opportunity::Action;
use arb_normalize::{Outcome, Venue};

use crate::Basket;
use crate::basket::Pick;

/// The book may not be priced.
const UNPRICED: u32 = u32::MAX;
/// Nobody sells that outcome.
const NOBODY: u32 = u32::MAX - 1;

/// Where the best price of a book is wanted: the basket's number, and in the two low bits which of its orders, and of which outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Link(u32);

impl Link {
    /// No link; more baskets than fit memory.
    const NONE: Self = Self(u32::MAX);

    const fn new(basket: u32, order: usize, outcome: Outcome) -> Self {
        let outcome = match outcome {
            Outcome::Yes => 0,
            Outcome::No => 1,
        };
        Self(basket << 2 | (order as u32 & 1) << 1 | outcome)
    }

    const fn basket(self) -> u32 {
        self.0 >> 2
    }

    const fn order(self) -> usize {
        (self.0 >> 1 & 1) as usize
    }

    const fn outcome(self) -> usize {
        (self.0 & 1) as usize
    }
}

/// The links of one book, in place where it is in one pair only, as most are: cold memory is not followed twice.
enum Links {
    /// Nobody has looked for them.
    Unknown,
    Few([Link; 2]),
    Many(Box<[Link]>),
}

impl Links {
    fn new(links: &[Link]) -> Self {
        match *links {
            [] => Self::Few([Link::NONE; 2]),
            [one] => Self::Few([one, Link::NONE]),
            [one, other] => Self::Few([one, other]),
            _ => Self::Many(links.into()),
        }
    }

    #[inline]
    fn as_slice(&self) -> &[Link] {
        match self {
            Self::Unknown => &[],
            Self::Few([Link::NONE, _]) => &[],
            Self::Few([one, Link::NONE]) => std::slice::from_ref(one),
            Self::Few(links) => links,
            Self::Many(links) => links,
        }
    }
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

/// What is known of a basket.
#[derive(Debug, Clone, Copy)]
#[repr(align(32))]
struct Record {
    /// The best prices of its two orders, in millionths of a dollar.
    prices: [u32; 2],
    /// Millionths of a dollar.
    payoff: u32,
    /// What the best prices must leave to come nearer to a trade than all others of the day, in millionths of a dollar: more than this.
    near: i32,
    /// Whether its best prices are known here: it has two orders, both of them purchases. Others are judged whatever the prices.
    two: bool,
    /// Whether its episode is open.
    open: bool,
    /// Whether the time of its live books is being taken.
    timed: bool,
}

/// Nothing of the day is known yet.
const NOTHING_NEAR: i32 = i32::MIN;

impl Record {
    fn new(basket: &Basket) -> Self {
        let payoff = payoff_of_two(basket);
        Self {
            prices: [UNPRICED; 2],
            payoff: payoff.unwrap_or(0),
            near: NOTHING_NEAR,
            two: payoff.is_some(),
            open: false,
            timed: false,
        }
    }

    /// What the best prices leave, in millionths of a dollar; `None` where a book may not be priced.
    #[inline]
    fn left(&self) -> Option<i64> {
        let [first, second] = self.prices;
        let priced = first != UNPRICED && second != UNPRICED;
        priced.then(|| i64::from(self.payoff) - i64::from(first) - i64::from(second))
    }

    /// What the best prices say, whatever was said before.
    #[inline]
    fn look_anew(&self) -> Look {
        let [first, second] = self.prices;
        // What stands for no price is more than any payoff.
        if !self.two || u64::from(first) + u64::from(second) < u64::from(self.payoff) {
            Look::Judge
        } else if first == UNPRICED || second == UNPRICED {
            Look::NotPriced
        } else {
            Look::NoEdge
        }
    }
}

#[inline]
fn links_of(links: &[Vec<Links>; 2], venue: Venue, id: BookId) -> &[Link] {
    links[venue.index()].get(id.index()).map_or(&[], Links::as_slice)
}

/// The payoff of a basket of two purchases, in millionths of a dollar.
fn payoff_of_two(basket: &Basket) -> Option<u32> {
    let buys = basket.legs.iter().all(|leg| leg.action == Action::Buy);
    let two = basket.legs.len() == 2 && basket.pick == Pick::All && buys;
    two.then(|| u32::try_from(basket.payoff.pico() / 1_000_000).ok()).flatten()
}

/// The best prices of all baskets' orders, and where each book's are wanted.
#[derive(Default)]
pub(crate) struct Screen {
    links: [Vec<Links>; 2],
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

    /// An episode opened or ended.
    pub(crate) fn set_open(&mut self, index: usize, open: bool) {
        if let Some(record) = self.records.get_mut(index) {
            record.open = open;
        }
    }

    /// Begins anew with these baskets, none of them open and no book linked to any.
    pub(crate) fn replace(&mut self, baskets: &[Basket]) {
        self.records.clear();
        self.records.extend(baskets.iter().map(Record::new));
        self.links.iter_mut().flatten().for_each(|links| *links = Links::Unknown);
    }

    /// Whether a book's baskets have been looked for.
    pub(crate) fn is_linked(&self, venue: Venue, id: BookId) -> bool {
        let links = self.links[venue.index()].get(id.index());
        links.is_some_and(|links| !matches!(links, Links::Unknown))
    }

    /// Says which orders of which baskets the book is for: the basket's number, the order's within it, the outcome.
    pub(crate) fn link(&mut self, venue: Venue, id: BookId, orders: &[(u32, usize, Outcome)]) {
        let all =
            orders.iter().map(|(basket, order, outcome)| Link::new(*basket, *order, *outcome));
        let links: Vec<Link> = all.collect();
        *self.links_mut(venue, id) = Links::new(&links);
    }

    /// A book is forgotten: its number may become another's.
    pub(crate) fn forget(&mut self, venue: Venue, id: BookId) {
        *self.links_mut(venue, id) = Links::Unknown;
    }

    fn links_mut(&mut self, venue: Venue, id: BookId) -> &mut Links {
        let links = &mut self.links[venue.index()];
        if links.len() <= id.index() {
            links.resize_with(id.index() + 1, || Links::Unknown);
        }
        &mut links[id.index()]
    }

    /// The baskets a book is part of, in order; one twice where it takes both outcomes.
    #[inline]
    pub(crate) fn baskets(&self, venue: Venue, id: BookId) -> impl Iterator<Item = u32> {
        links_of(&self.links, venue, id).iter().map(|link| link.basket())
    }

    /// A book is about to change: asks for what that will be noted in, so that it comes from memory beside the book and not after it.
    #[inline]
    pub(crate) fn fetch(&self, venue: Venue, id: BookId) {
        let links = links_of(&self.links, venue, id).iter();
        let records = links.filter_map(|link| self.records.get(link.basket() as usize));
        // Reading is all that safe code can do to ask for memory; nothing waits for what is read.
        std::hint::black_box(records.fold(false, |read, record| read ^ record.open));
    }

    /// A book has changed.
    #[inline]
    pub(crate) fn note(&mut self, venue: Venue, id: BookId, tracked: &TrackedBook) {
        let prices = if tracked.is_priceable() {
            let (bid, ask) = (tracked.book().best_bid(), tracked.book().best_ask());
            [
                ask.map_or(NOBODY, |ask| ask.price.micros()),
                bid.map_or(NOBODY, |bid| bid.price.complement().micros()),
            ]
        } else {
            [UNPRICED; 2]
        };
        for link in links_of(&self.links, venue, id) {
            if let Some(record) = self.records.get_mut(link.basket() as usize) {
                record.prices[link.order()] = prices[link.outcome()];
            }
        }
    }

    /// What the best prices say of a basket.
    #[inline]
    pub(crate) fn look(&self, index: usize) -> Look {
        let Some(record) = self.records.get(index) else { return Look::Judge };
        if !record.two || record.open {
            return Look::Judge;
        }
        match record.left() {
            None if self.time_all && record.timed => Look::Judge,
            None => Look::NotPriced,
            Some(left) if left > 0 || left > i64::from(record.near) => Look::Judge,
            Some(_) if self.time_all && !record.timed => Look::Judge,
            Some(_) => Look::NoEdge,
        }
    }

    /// What the best prices say of each basket, in order, whatever was said before.
    #[inline]
    pub(crate) fn look_anew(&self) -> impl Iterator<Item = Look> {
        self.records.iter().map(Record::look_anew)
    }
}

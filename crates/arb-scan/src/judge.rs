//! One basket at one instant: may it be priced, does it pay, and how large?

use arb_normalize::books::{BookState, Books, TrackedBook};
use arb_normalize::opportunity::Action;
use arb_normalize::{Price, Timestamp, Usd, Venue};
use arb_risk::size::{Leg, NoTrade, PerLeg, SizeRequest, SizedTrade};
use serde::Serialize;
use smallvec::smallvec;

use crate::basket::Pick;
use crate::near_miss::{DayBest, Stopped};
use crate::{Basket, BasketLeg, Funnel, Limits, MinOrders};

mod choice;

/// Why a basket is not priced now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case", tag = "reason", content = "venue")]
#[non_exhaustive]
pub enum NotPriced {
    /// Nothing was ever received for that venue's market.
    Empty(Venue),
    /// That venue's book is not to be trusted until it is read again; so is one of a recording that ended.
    Suspect(Venue),
    /// That venue's market closed.
    Dead(Venue),
    /// That venue's book is crossed.
    Crossed(Venue),
    /// That venue's last message is older than the limit, or was received so far ahead of now that
    /// [its age cannot be told](TrackedBook::is_ahead_of).
    Old(Venue),
    /// The books' last messages are further apart than the limit.
    Skewed,
}

impl std::fmt::Display for NotPriced {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Empty(venue) => write!(f, "no {venue} book yet"),
            Self::Suspect(venue) => write!(f, "{venue} book is suspect"),
            Self::Dead(venue) => write!(f, "{venue} market is closed"),
            Self::Crossed(venue) => write!(f, "{venue} book is crossed"),
            Self::Old(venue) => write!(f, "{venue} book is too old"),
            Self::Skewed => f.write_str("books are too far apart in time"),
        }
    }
}

/// Which legs of a basket are the orders.
pub(crate) type Picks = PerLeg<u8>;

/// A sized trade and the legs of the basket that are its orders, in the same order.
#[derive(Debug, Clone)]
pub(crate) struct Trade {
    pub(crate) sized: SizedTrade,
    pub(crate) picks: Picks,
}

/// What came of a basket.
#[expect(
    clippy::large_enum_variant,
    reason = "it lives on the stack for one call; boxing would allocate on the hot path"
)]
#[derive(Debug, Clone)]
pub(crate) enum Judgement {
    NotPriced(NotPriced),
    /// The best prices cost at least the payoff.
    NoEdge,
    /// The best prices pay before fees, but no size does after them.
    NoSize,
    /// It pays, but not within the limits.
    Limited,
    Trade(Trade),
}

/// Judges a basket as its books stand; `day` takes how near it came.
pub(crate) fn judge(
    basket: &Basket,
    books: &[&Books; 2],
    limits: &Limits,
    now: Option<Timestamp>,
    funnel: &mut Funnel,
    day: Option<&mut DayBest>,
) -> Judgement {
    funnel.evaluated += 1;
    if let (Pick::All, [one, other]) = (basket.pick, &basket.legs[..]) {
        // Nearly every basket: nothing of a trade with more orders is laid out for it.
        let (here, there) = match two_books([one, other], books, limits, now) {
            Ok(two) => two,
            Err(reason) => return Judgement::NotPriced(reason),
        };
        let legs = [order(one, here, limits), order(other, there, limits)];
        return weigh(basket, &legs, || smallvec![0, 1], limits, now, funnel, day);
    }
    let mut orders = Orders::default();
    if let Err(reason) = price_legs(basket, books, limits, now, &mut orders) {
        return Judgement::NotPriced(reason);
    }
    let orders = match basket.pick {
        Pick::Cheapest if orders.legs.len() == 2 => {
            choice::of_two(basket, books, limits, now, orders)
        }
        Pick::ConvertOne => choice::of_conversion(basket, books, limits, orders),
        _ => orders,
    };
    weigh(basket, &orders.legs, || orders.picks, limits, now, funnel, day)
}

/// How much of these orders is best.
#[inline]
fn request<'l>(basket: &Basket, legs: &'l [Leg<'l>], limits: &Limits) -> SizeRequest<'l> {
    let mut request = SizeRequest::new(legs);
    request.payout = basket.payoff;
    request.max_quantity = limits.max_quantity;
    request.max_outlay = limits.max_position;
    request
}

/// Judges orders whose books may be priced.
#[inline]
fn weigh(
    basket: &Basket,
    legs: &[Leg<'_>],
    picks: impl FnOnce() -> Picks,
    limits: &Limits,
    now: Option<Timestamp>,
    funnel: &mut Funnel,
    day: Option<&mut DayBest>,
) -> Judgement {
    funnel.priced += 1;
    let Some(gross) = gross_edge(legs, basket) else {
        return Judgement::NoEdge;
    };
    let request = request(basket, legs, limits);
    if gross <= 0 {
        if let Some(day) = day {
            day.note(now, &request, gross, Stopped::Prices);
        }
        return Judgement::NoEdge;
    }
    funnel.gross_edge += 1;
    let sized = request.size();
    let stopped = match &sized {
        Ok(sized) => accept(sized, limits, funnel),
        Err(no_trade) => refusal(*no_trade, limits),
    };
    if let Some(day) = day {
        day.note(now, &request, gross, stopped);
    }
    match sized {
        Ok(sized) if stopped == Stopped::Nothing => {
            Judgement::Trade(Trade { sized, picks: picks() })
        }
        _ if stopped == Stopped::Limit => Judgement::Limited,
        _ => Judgement::NoSize,
    }
}

/// What stops a trade that pays.
fn accept(sized: &SizedTrade, limits: &Limits, funnel: &mut Funnel) -> Stopped {
    funnel.net_edge += 1;
    if limits.min_net.is_some_and(|min| sized.net < min) {
        return Stopped::Limit;
    }
    funnel.within_limits += 1;
    Stopped::Nothing
}

/// What stopped a trade that does not pay.
fn refusal(no_trade: NoTrade, limits: &Limits) -> Stopped {
    match no_trade {
        NoTrade::Outlay { .. } => Stopped::Limit,
        NoTrade::BelowMinimum { .. }
            if limits.max_quantity.is_some() || limits.min_orders != MinOrders::default() =>
        {
            Stopped::Limit
        }
        NoTrade::BelowMinimumCost { .. } => Stopped::Limit,
        NoTrade::NoEdge { .. } => Stopped::Fees,
        _ => Stopped::Rounding,
    }
}

/// Whether a basket's books may be priced now.
pub(crate) fn priceable(
    basket: &Basket,
    books: &[&Books; 2],
    limits: &Limits,
    now: Option<Timestamp>,
) -> Result<(), NotPriced> {
    price_legs(basket, books, limits, now, &mut Orders::default())
}

/// What the best prices alone leave of the payoff, in micro-dollars a contract; `None` where a leg has nothing to take.
fn gross_edge(legs: &[Leg<'_>], basket: &Basket) -> Option<i64> {
    // A million dollars a contract is more than anything pays, and fits.
    const MOST: i128 = 1_000_000 * Usd::SCALE;
    let mut edge = basket.payoff.pico().clamp(-MOST, MOST) as i64 / 1_000_000;
    for leg in legs {
        let micros = i64::from(leg.ladder.best_price()?.micros());
        edge -= if leg.action == Action::Buy { micros } else { -micros };
    }
    Some(edge)
}

/// When books were last heard of: the first and the last of them, those of which it is known.
#[derive(Debug, Clone, Copy, Default)]
struct Heard(Option<(Timestamp, Timestamp)>);

impl Heard {
    /// With another book.
    #[inline]
    fn and(self, at: Option<Timestamp>) -> Self {
        let Some(at) = at else { return self };
        Self(Some(self.0.map_or((at, at), |(first, last)| (first.min(at), last.max(at)))))
    }

    /// Refuses books that were heard of too far apart.
    #[inline]
    fn within(self, limits: &Limits) -> Result<(), NotPriced> {
        match (limits.max_skew, self.0) {
            (Some(limit), Some((first, last))) if last.since(first) > limit => {
                Err(NotPriced::Skewed)
            }
            _ => Ok(()),
        }
    }
}

/// The orders of a basket being priced.
#[derive(Clone, Default)]
struct Orders<'b> {
    legs: PerLeg<Leg<'b>>,
    picks: Picks,
    heard: Heard,
}

impl<'b> Orders<'b> {
    fn push(&mut self, index: usize, leg: Leg<'b>, tracked: &TrackedBook) {
        self.heard = self.heard.and(tracked.received_at());
        self.legs.push(leg);
        // A detector refuses what has more legs than a byte counts.
        self.picks.push(index as u8);
    }
}

/// The books of a basket of two orders.
#[inline]
fn two_books<'b>(
    [one, other]: [&BasketLeg; 2],
    books: &[&'b Books; 2],
    limits: &Limits,
    now: Option<Timestamp>,
) -> Result<(&'b TrackedBook, &'b TrackedBook), NotPriced> {
    let here = live_book(one, books, limits, now)?;
    let there = live_book(other, books, limits, now)?;
    let heard = Heard::default().and(here.received_at()).and(there.received_at());
    heard.within(limits)?;
    Ok((here, there))
}

fn price_legs<'b>(
    basket: &Basket,
    books: &[&'b Books; 2],
    limits: &Limits,
    now: Option<Timestamp>,
    orders: &mut Orders<'b>,
) -> Result<(), NotPriced> {
    match basket.pick {
        Pick::All => {
            for (index, leg) in basket.legs.iter().enumerate() {
                let tracked = live_book(leg, books, limits, now)?;
                orders.push(index, order(leg, tracked, limits), tracked);
            }
        }
        Pick::Cheapest => cheapest(basket, books, limits, now, orders)?,
        Pick::ConvertOne => convert_one(basket, books, limits, now, orders)?,
    }
    orders.heard.within(limits)
}

/// Of each member the leg whose first contract costs least after fees. A leg whose book is not to be trusted, or offers nothing, is
/// taken only where there is no other.
fn cheapest<'b>(
    basket: &Basket,
    books: &[&'b Books; 2],
    limits: &Limits,
    now: Option<Timestamp>,
    orders: &mut Orders<'b>,
) -> Result<(), NotPriced> {
    let mut first = 0;
    for member in basket.legs.chunk_by(|a, b| a.member == b.member) {
        let mut best: Option<(Option<i128>, usize, Leg<'b>, &TrackedBook)> = None;
        let mut refused = None;
        for (index, leg) in (first..).zip(member) {
            match live_book(leg, books, limits, now) {
                Ok(tracked) => {
                    let order = order(leg, tracked, limits);
                    let edge = SizeRequest::new(std::slice::from_ref(&order)).touch_edge();
                    if best.as_ref().is_none_or(|(known, ..)| edge > *known) {
                        best = Some((edge, index, order, tracked));
                    }
                }
                Err(reason) => refused = refused.or(Some(reason)),
            }
        }
        match (best, refused) {
            (Some((_, index, order, tracked)), _) => orders.push(index, order, tracked),
            (None, Some(reason)) => return Err(reason),
            (None, None) => {}
        }
        first += member.len();
    }
    Ok(())
}

/// NO of the member with the highest YES bid, and a sale of YES of every other that has a bid.
fn convert_one<'b>(
    basket: &Basket,
    books: &[&'b Books; 2],
    limits: &Limits,
    now: Option<Timestamp>,
    orders: &mut Orders<'b>,
) -> Result<(), NotPriced> {
    let mut bids = Bids::new();
    let mut refused = None;
    for (number, two) in basket.legs.chunks_exact(2).enumerate() {
        match live_book(&two[0], books, limits, now) {
            Ok(tracked) => {
                if let Some(bid) = tracked.book().best_bid() {
                    bids.push((number, bid.price, tracked));
                }
            }
            Err(reason) => refused = refused.or(Some(reason)),
        }
    }
    if bids.len() < 2
        && let Some(reason) = refused
    {
        return Err(reason);
    }
    *orders = converted(basket, &bids, limits);
    Ok(())
}

/// The members of a conversion: their numbers, their highest bids for YES, their books.
type Bids<'b> = PerLeg<(usize, Price, &'b TrackedBook)>;

/// The orders that convert the first member of the highest bid and sell the others.
fn converted<'b>(basket: &Basket, bids: &Bids<'b>, limits: &Limits) -> Orders<'b> {
    let highest = bids.iter().rev().max_by_key(|(_, bid, _)| *bid).map(|(number, ..)| *number);
    let mut orders = Orders::default();
    for (number, _, tracked) in bids {
        let index = 2 * number + usize::from(Some(*number) != highest);
        orders.push(index, order(&basket.legs[index], tracked, limits), tracked);
    }
    orders
}

/// What a leg takes of its book.
#[inline]
fn order<'b>(leg: &BasketLeg, tracked: &'b TrackedBook, limits: &Limits) -> Leg<'b> {
    leg.order(leg.ladder(tracked.book()), limits)
}

fn live_book<'b>(
    leg: &BasketLeg,
    books: &[&'b Books; 2],
    limits: &Limits,
    now: Option<Timestamp>,
) -> Result<&'b TrackedBook, NotPriced> {
    let venue = leg.venue;
    let tracked = leg.book.map(|id| books[venue.index()].get(id)).ok_or(NotPriced::Empty(venue))?;
    match tracked.state() {
        BookState::Live => {}
        BookState::Empty => return Err(NotPriced::Empty(venue)),
        BookState::Dead => return Err(NotPriced::Dead(venue)),
        _ => return Err(NotPriced::Suspect(venue)),
    }
    if !tracked.is_priceable() {
        let crossed = tracked.book().is_crossed();
        return Err(if crossed { NotPriced::Crossed(venue) } else { NotPriced::Suspect(venue) });
    }
    if let (Some(limit), Some(now), Some(at)) =
        (limits.max_age.of(venue), now, tracked.received_at())
        && (now.since(at) > limit || tracked.is_ahead_of(now))
    {
        return Err(NotPriced::Old(venue));
    }
    Ok(tracked)
}

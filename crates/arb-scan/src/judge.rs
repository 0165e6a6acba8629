//! One basket at one instant: may it be priced, does it pay, and how large?

use arb_normalize::books::{BookState, Books, TrackedBook};
use arb_normalize::{Quantity, Timestamp, Usd, Venue};
use arb_risk::size::{Leg, MAX_LEGS, NoTrade, SizeRequest, SizedTrade};
use arrayvec::ArrayVec;
use serde::Serialize;

use crate::{Basket, BasketLeg, Funnel, Limits};

/// Why a basket is not priced now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case", tag = "reason", content = "venue")]
#[non_exhaustive]
pub enum NotPriced {
    /// Nothing was ever received for that venue's market.
    Empty(Venue),
    /// That venue's book is not to be trusted until it is read again.
    Suspect(Venue),
    /// That venue's market closed.
    Dead(Venue),
    /// That venue's book is crossed.
    Crossed(Venue),
    /// That venue's last message is older than the limit.
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
    Trade(SizedTrade),
}

/// Judges a basket as its books stand.
pub(crate) fn judge(
    basket: &Basket,
    books: &[&Books; 2],
    limits: &Limits,
    now: Option<Timestamp>,
    funnel: &mut Funnel,
) -> Judgement {
    funnel.evaluated += 1;
    let mut legs: ArrayVec<Leg<'_>, MAX_LEGS> = ArrayVec::new();
    if let Err(reason) = price_legs(basket, books, limits, now, &mut legs) {
        return Judgement::NotPriced(reason);
    }
    funnel.priced += 1;
    let mut request = SizeRequest::new(&legs);
    request.payout = basket.payoff;
    request.max_quantity = limits.max_quantity;
    request.max_outlay = limits.max_position;
    if !gross_edge(&legs, basket) {
        return Judgement::NoEdge;
    }
    funnel.gross_edge += 1;
    match request.size() {
        Ok(trade) => {
            funnel.net_edge += 1;
            if limits.min_net.is_some_and(|min| trade.net < min) {
                return Judgement::Limited;
            }
            funnel.within_limits += 1;
            Judgement::Trade(trade)
        }
        Err(NoTrade::Outlay { .. }) => Judgement::Limited,
        Err(NoTrade::BelowMinimum { .. }) if limits.max_quantity.is_some() => Judgement::Limited,
        Err(_) => Judgement::NoSize,
    }
}

/// Whether a basket's books may be priced now.
pub(crate) fn priceable(
    basket: &Basket,
    books: &[&Books; 2],
    limits: &Limits,
    now: Option<Timestamp>,
) -> Result<(), NotPriced> {
    price_legs(basket, books, limits, now, &mut ArrayVec::new())
}

/// Whether the best prices alone cost less than the payoff.
fn gross_edge(legs: &[Leg<'_>], basket: &Basket) -> bool {
    let one = Quantity::from_contracts(1).unwrap_or(Quantity::ZERO);
    let touch: Option<Usd> =
        legs.iter().map(|leg| leg.ladder.best().map(|best| Usd::cost(best.price, one))).sum();
    touch.is_some_and(|touch| touch < basket.payoff)
}

fn price_legs<'b>(
    basket: &Basket,
    books: &[&'b Books; 2],
    limits: &Limits,
    now: Option<Timestamp>,
    legs: &mut ArrayVec<Leg<'b>, MAX_LEGS>,
) -> Result<(), NotPriced> {
    let mut oldest: Option<Timestamp> = None;
    let mut newest: Option<Timestamp> = None;
    for leg in &basket.legs {
        let tracked = live_book(leg, books, limits, now)?;
        if let Some(at) = tracked.received_at() {
            oldest = Some(oldest.map_or(at, |oldest| oldest.min(at)));
            newest = Some(newest.map_or(at, |newest| newest.max(at)));
        }
        legs.push(Leg::buy(tracked.book().buy(leg.outcome), leg.fees));
    }
    match (limits.max_skew, oldest, newest) {
        (Some(limit), Some(oldest), Some(newest)) if newest.since(oldest) > limit => {
            Err(NotPriced::Skewed)
        }
        _ => Ok(()),
    }
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
        return Err(NotPriced::Crossed(venue));
    }
    if let (Some(limit), Some(now), Some(at)) = (limits.max_age, now, tracked.received_at())
        && now.since(at) > limit
    {
        return Err(NotPriced::Old(venue));
    }
    Ok(tracked)
}

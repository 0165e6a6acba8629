//! Dollars that could have been taken once, by orders that arrive late.

use std::collections::BTreeMap;
use std::time::Duration;

use arb_normalize::books::{BookId, Books};
use arb_normalize::opportunity::Action;
use arb_normalize::{Ladder, Level, Price, Quantity, Side, Timestamp, Usd, Venue};
use arb_risk::fees::FeeModel as _;
use arb_risk::size::{Leg, PerLeg, SizeRequest};
use serde::Serialize;

use crate::compete::side_of;
use crate::{Basket, BasketLeg, Limits};

/// What orders of one latency would have taken.
///
/// When a trade opens or changes and no order of it is under way, orders are sent at its limit prices, and arrive `latency` later in the books as
/// they stand then. Every leg takes what is still there within its limit; what all legs got is the trade, what one leg
/// got more is not counted (a real taker would hold it). What was taken stays taken: a displayed contract counts once, until the level grows again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Captured {
    /// Time from the frame that showed the trade to the orders' arrival.
    pub latency: Duration,
    /// Net dollars.
    pub net_usd: Usd,
    /// Trades that got something.
    pub filled: u64,
    /// Trades that got nothing.
    pub missed: u64,
}

/// Orders of one latency against the books.
#[derive(Debug)]
pub(crate) struct Capture {
    pub(crate) captured: Captured,
    /// Orders under way, by basket.
    pending: BTreeMap<u32, Pending>,
    /// Contracts of a level that were taken.
    taken: BTreeMap<(Venue, BookId, Side, Price), Quantity>,
}

#[derive(Debug)]
struct Pending {
    due: Timestamp,
    quantity: Quantity,
    orders: PerLeg<(u8, Price)>,
}

impl Capture {
    pub(crate) fn new(latency: Duration) -> Self {
        Self {
            captured: Captured { latency, net_usd: Usd::ZERO, filled: 0, missed: 0 },
            pending: BTreeMap::new(),
            taken: BTreeMap::new(),
        }
    }

    /// Forgets the orders under way; their baskets are no more.
    pub(crate) fn forget_orders(&mut self) {
        self.pending.clear();
    }

    /// A trade was shown: sends its orders, unless some are under way.
    pub(crate) fn send(
        &mut self,
        index: u32,
        basket: &Basket,
        picks: &[u8],
        books: &[&Books; 2],
        limits: &Limits,
        now: Option<Timestamp>,
    ) {
        let Some(now) = now.filter(|_| !self.pending.contains_key(&index)) else { return };
        let Some(rests) = self.rests(basket, picks, books) else { return };
        let legs: PerLeg<Leg<'_>> = picked(basket, picks)
            .zip(&rests)
            .map(|(leg, rest)| leg.order(Ladder::from_best_last(rest), limits))
            .collect();
        let mut request = SizeRequest::new(&legs);
        request.payout = basket.payoff;
        request.max_quantity = limits.max_quantity;
        request.max_outlay = limits.max_position;
        let Ok(sized) = request.size() else { return };
        if limits.min_net.is_some_and(|min| sized.net < min) {
            return;
        }
        let nanos = i64::try_from(self.captured.latency.as_nanos()).unwrap_or(i64::MAX);
        let Some(due) = Timestamp::from_nanos(now.nanos().saturating_add(nanos)) else { return };
        let orders = picks.iter().zip(sized.legs()).map(|(pick, order)| (*pick, order.limit));
        let pending = Pending { due, quantity: sized.quantity, orders: orders.collect() };
        self.pending.insert(index, pending);
    }

    /// The first orders due before `now` meet the books as they stand; gives their basket and when they arrived.
    pub(crate) fn arrive(
        &mut self,
        baskets: &[Basket],
        books: &[&Books; 2],
        now: Timestamp,
    ) -> Option<(u32, Timestamp)> {
        let due = self.pending.iter().map(|(index, pending)| (pending.due, *index)).min();
        let (at, index) = due.filter(|(at, _)| *at < now)?;
        let pending = self.pending.remove(&index)?;
        self.fill(&baskets[index as usize], &pending, books);
        Some((index, at))
    }

    fn fill(&mut self, basket: &Basket, pending: &Pending, books: &[&Books; 2]) {
        let picks: PerLeg<u8> = pending.orders.iter().map(|(pick, _)| *pick).collect();
        let trustworthy = picked(basket, &picks)
            .all(|leg| leg.book.is_some_and(|id| books[leg.venue.index()].get(id).is_priceable()));
        let rests = self.rests(basket, &picks, books).filter(|_| trustworthy);
        let filled = rests.and_then(|mut rests| {
            let mut quantity = pending.quantity;
            let legs = || picked(basket, &picks);
            for ((leg, rest), (_, limit)) in legs().zip(&mut rests).zip(&pending.orders) {
                rest.retain(|level| match leg.action {
                    Action::Buy => level.price <= *limit,
                    Action::Sell => level.price >= *limit,
                });
                quantity = quantity.min(Ladder::from_best_last(rest).depth());
            }
            let quantity = Quantity::from_contracts(quantity.whole_contracts())?;
            let mut outlay = Usd::ZERO;
            for (leg, rest) in legs().zip(&rests) {
                let ladder = Ladder::from_best_last(rest);
                outlay += leg.fees.take(leg.action, ladder, quantity)?.outlay;
            }
            let payoff = basket.payoff.pico() / 1_000_000 * i128::from(quantity.micros());
            for (leg, rest) in legs().zip(&rests) {
                self.take(leg, rest, quantity);
            }
            Some(Usd::from_pico(payoff) - outlay)
        });
        match filled {
            Some(net) => {
                self.captured.net_usd += net;
                self.captured.filled += 1;
            }
            None => self.captured.missed += 1,
        }
    }

    fn take(&mut self, leg: &BasketLeg, rest: &[Level], mut quantity: Quantity) {
        let Some((venue, book, side)) = side_of(leg) else { return };
        for level in Ladder::from_best_last(rest) {
            let here = quantity.min(level.size);
            if here.is_zero() {
                return;
            }
            quantity = quantity.saturating_sub(here);
            let key = (venue, book, side, book_price(leg, level.price));
            let taken = self.taken.entry(key).or_insert(Quantity::ZERO);
            *taken = taken.saturating_add(here);
        }
    }

    /// What is left of each leg's ladder, best level last.
    fn rests(
        &self,
        basket: &Basket,
        picks: &[u8],
        books: &[&Books; 2],
    ) -> Option<PerLeg<Vec<Level>>> {
        let mut rests = PerLeg::new();
        for leg in picked(basket, picks) {
            let (venue, id, side) = side_of(leg)?;
            let book = books[venue.index()].get(id).book();
            let mut rest: Vec<Level> = leg
                .ladder(book)
                .filter_map(|level| {
                    let key = (venue, id, side, book_price(leg, level.price));
                    let taken = self.taken.get(&key).copied().unwrap_or(Quantity::ZERO);
                    let size = level.size.saturating_sub(taken);
                    (!size.is_zero()).then_some(Level { size, ..level })
                })
                .collect();
            rest.reverse();
            rests.push(rest);
        }
        Some(rests)
    }

    /// A book changed: of a level that shrank below what was taken of it, only what it still shows counts as taken.
    pub(crate) fn refresh(&mut self, venue: Venue, id: BookId, books: &Books) {
        if self.taken.is_empty() {
            return;
        }
        let book = books.get(id).book();
        let range = (venue, id, Side::Bid, Price::ZERO)..=(venue, id, Side::Ask, Price::ONE);
        let mut gone: Vec<(Venue, BookId, Side, Price)> = Vec::new();
        for (key, taken) in self.taken.range_mut(range) {
            *taken = (*taken).min(book.size_at(key.2, key.3));
            if taken.is_zero() {
                gone.push(*key);
            }
        }
        for key in gone {
            self.taken.remove(&key);
        }
    }
}

fn picked<'a>(basket: &'a Basket, picks: &'a [u8]) -> impl Iterator<Item = &'a BasketLeg> {
    picks.iter().map(|pick| &basket.legs[usize::from(*pick)])
}

/// A price of the leg's outcome in the book's own (YES) prices.
const fn book_price(leg: &BasketLeg, price: Price) -> Price {
    match leg.outcome {
        arb_normalize::Outcome::Yes => price,
        arb_normalize::Outcome::No => price.complement(),
    }
}

//! Which legs of a set earn most together, where what costs least at first is not it: a small order at a good price would bound
//! the whole trade.

use arb_normalize::books::Books;
use arb_normalize::{Quantity, Timestamp, Usd};
use arb_risk::size::Leg;

use super::{Bids, Orders, converted, live_book, order, request};
use crate::{Basket, Limits};

/// What the best quantity of some orders earns.
fn net(basket: &Basket, orders: &Orders<'_>, limits: &Limits) -> Option<Usd> {
    request(basket, &orders.legs, limits).size().ok().map(|sized| sized.net)
}

/// Of two members the legs that earn most together: every choice is sized. The given ones, if others earn no more.
pub(super) fn of_two<'b>(
    basket: &Basket,
    books: &[&'b Books; 2],
    limits: &Limits,
    now: Option<Timestamp>,
    mut best: Orders<'b>,
) -> Orders<'b> {
    if !request(basket, &best.legs, limits).has_gross_edge() {
        return best;
    }
    let given = best.picks.clone();
    let mut most = net(basket, &best, limits);
    let second = basket.legs.iter().position(|leg| leg.member != basket.legs[0].member);
    let second = second.unwrap_or(basket.legs.len());
    for one in 0..second {
        for other in second..basket.legs.len() {
            if given.iter().map(|pick| usize::from(*pick)).eq([one, other]) {
                continue;
            }
            let mut tried = Orders::default();
            for index in [one, other] {
                if let Ok(tracked) = live_book(&basket.legs[index], books, limits, now) {
                    tried.push(index, order(&basket.legs[index], tracked, limits), tracked);
                }
            }
            if tried.legs.len() < 2 || tried.heard.within(limits).is_err() {
                continue;
            }
            let net = net(basket, &tried, limits);
            if net > most {
                (most, best) = (net, tried);
            }
        }
    }
    best
}

/// Of a conversion the members that earn most together. Every sale brings something in, so at any quantity all who bid for so much
/// belong to it, and only where the smallest of the bids end does it earn more without them: those are left out one by one.
pub(super) fn of_conversion<'b>(
    basket: &Basket,
    books: &[&'b Books; 2],
    limits: &Limits,
    all: Orders<'b>,
) -> Orders<'b> {
    if !request(basket, &all.legs, limits).has_gross_edge() {
        return all;
    }
    let (mut best, mut tried) = (all.clone(), all);
    let mut most = None;
    loop {
        let request = request(basket, &tried.legs, limits);
        // The fewer members the less of an edge.
        if !request.has_gross_edge() {
            return best;
        }
        let sized = request.size().ok();
        let net = sized.as_ref().map(|sized| sized.net);
        if net > most {
            (most, best) = (net, tried.clone());
        }
        let depths = tried.legs.iter().map(depth).enumerate();
        let Some((thin, least)) = depths.min_by_key(|(_, depth)| *depth) else { return best };
        if sized.is_some_and(|sized| sized.quantity.saturating_add(request.lot) <= least) {
            return best;
        }
        let left = tried.picks.iter().enumerate().filter(|(place, _)| *place != thin);
        let bids: Bids<'b> = left
            .filter_map(|(_, pick)| {
                let number = usize::from(*pick) / 2;
                let leg = &basket.legs[2 * number];
                let tracked = books[leg.venue.index()].get(leg.book?);
                Some((number, tracked.book().best_bid()?.price, tracked))
            })
            .collect();
        tried = converted(basket, &bids, limits);
    }
}

/// All that a leg can take.
fn depth(leg: &Leg<'_>) -> Quantity {
    leg.ladder.fold(Quantity::ZERO, |sum, level| sum.saturating_add(level.size))
}

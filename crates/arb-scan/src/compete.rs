//! Trades that want the same liquidity or the same money, served one after the other.

use std::collections::HashMap;

use arb_normalize::books::BookId;
use arb_normalize::opportunity::Action;
use arb_normalize::{Ladder, Level, Opportunity, Outcome, Quantity, Side, Usd, Venue};
use arb_risk::size::{Leg, PerLeg, SizeRequest};

use crate::{Basket, BasketLeg, Board, Limits, Terms};

/// What one open trade gets when all of them are served from the same books and the same capital.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Share {
    /// The episode.
    pub id: String,
    /// The pair or set.
    pub pair: String,
    /// Contracts on each leg; zero where those served before left nothing that pays.
    pub quantity: Quantity,
    /// Net dollars.
    pub net_usd: Usd,
    /// Dollars tied up.
    pub capital_usd: Usd,
    /// Open trades that take from a side of a book that this one takes from, in the order they are served.
    pub competing: Vec<String>,
}

/// A side of a book.
pub(crate) type BookSide = (Venue, BookId, Side);

/// The side of a book that a leg takes from.
pub(crate) fn side_of(leg: &BasketLeg) -> Option<BookSide> {
    let side = match (leg.action, leg.outcome) {
        (Action::Buy, Outcome::Yes) | (Action::Sell, Outcome::No) => Side::Ask,
        (Action::Buy, Outcome::No) | (Action::Sell, Outcome::Yes) => Side::Bid,
    };
    Some((leg.venue, leg.book?, side))
}

/// A trade that is open.
pub(crate) struct Open<'a> {
    pub(crate) trade: &'a Opportunity,
    pub(crate) basket: &'a Basket,
    pub(crate) picks: &'a [u8],
    pub(crate) terms: Terms,
}

impl Open<'_> {
    fn legs(&self) -> impl Iterator<Item = &BasketLeg> {
        self.picks.iter().map(|pick| &self.basket.legs[usize::from(*pick)])
    }
}

/// Serves open trades in the order of [`Terms::rank`]: each is sized anew on what the ones before it left in the books and of the
/// capital.
pub(crate) fn serve(
    board: &Board,
    limits: &Limits,
    mut open: Vec<Open<'_>>,
    mut capital: Option<Usd>,
) -> Vec<Share> {
    open.sort_by(|a, b| a.terms.rank(&b.terms).then_with(|| a.trade.id.cmp(&b.trade.id)));
    let mut wanted: HashMap<BookSide, Vec<&str>> = HashMap::new();
    for one in &open {
        for side in one.legs().filter_map(side_of) {
            wanted.entry(side).or_default().push(&one.trade.id);
        }
    }
    let mut taken: HashMap<BookSide, Quantity> = HashMap::new();
    let mut shares = Vec::with_capacity(open.len());
    for one in &open {
        let mut competing: Vec<String> = Vec::new();
        for id in one.legs().filter_map(side_of).flat_map(|side| &wanted[&side]) {
            if *id != one.trade.id && !competing.iter().any(|known| known == id) {
                competing.push((*id).to_owned());
            }
        }
        let mut share = Share {
            id: one.trade.id.clone(),
            pair: one.trade.pair.clone(),
            quantity: Quantity::ZERO,
            net_usd: Usd::ZERO,
            capital_usd: Usd::ZERO,
            competing,
        };
        if let Some((quantity, net, tied)) = size_on_rest(board, limits, one, &taken, capital) {
            for side in one.legs().filter_map(side_of) {
                let taken = taken.entry(side).or_insert(Quantity::ZERO);
                *taken = taken.saturating_add(quantity);
            }
            capital = capital.map(|left| left - tied);
            (share.quantity, share.net_usd, share.capital_usd) = (quantity, net, tied);
        }
        shares.push(share);
    }
    shares
}

fn size_on_rest(
    board: &Board,
    limits: &Limits,
    one: &Open<'_>,
    taken: &HashMap<BookSide, Quantity>,
    capital: Option<Usd>,
) -> Option<(Quantity, Usd, Usd)> {
    let mut rests: PerLeg<Vec<Level>> = PerLeg::new();
    for leg in one.legs() {
        let side = side_of(leg)?;
        let book = board.books(leg.venue).get(side.1).book();
        rests.push(rest_of(leg.ladder(book), taken.get(&side).copied().unwrap_or(Quantity::ZERO)));
    }
    let legs: PerLeg<Leg<'_>> = one
        .legs()
        .zip(&rests)
        .map(|(leg, rest)| leg.order(Ladder::from_best_last(rest), limits))
        .collect();
    let mut request = SizeRequest::new(&legs);
    request.payout = one.basket.payoff;
    request.max_quantity = limits.max_quantity;
    request.max_outlay = match (limits.max_position, capital) {
        (Some(limit), Some(capital)) => Some(limit.min(capital)),
        (limit, capital) => limit.or(capital),
    };
    let sized = request.size().ok()?;
    if limits.min_net.is_some_and(|min| sized.net < min) {
        return None;
    }
    let purchases: Usd = sized.legs().iter().map(|order| order.outlay.max(Usd::ZERO)).sum();
    let per_contract = (-one.basket.payoff).max(Usd::ZERO).pico() / 1_000_000;
    let splits = Usd::from_pico(per_contract * i128::from(sized.quantity.micros()));
    Some((sized.quantity, sized.net, purchases + splits))
}

/// What is left of a ladder when so many contracts are taken from its best end, best level last.
fn rest_of(ladder: Ladder<'_>, mut taken: Quantity) -> Vec<Level> {
    let mut rest: Vec<Level> = ladder
        .filter_map(|level| {
            let here = taken.min(level.size);
            taken = taken.saturating_sub(here);
            let size = level.size.saturating_sub(here);
            (!size.is_zero()).then_some(Level { size, ..level })
        })
        .collect();
    rest.reverse();
    rest
}

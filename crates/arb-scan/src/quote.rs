//! Quoting: rest an order on one venue and, when it fills, take the other outcome on the other venue.
//!
//! Taking on both venues pays two spreads and Kalshi's full fee; a resting order earns one of the spreads and pays a maker's fee or
//! none. What it costs is waiting: whether and when it fills is up to others, and by then the hedge may have moved. So
//! every figure comes with what it rests on.

mod hearing;
mod tape;

use std::time::Duration;

use arb_normalize::books::TrackedBook;
use arb_normalize::opportunity::Action;
use arb_normalize::{Ladder, Level, Outcome, Price, Quantity, Side, Timestamp, Usd, Venue};
use arb_risk::fees::{FeeModel, KalshiRole, LegFees, OrderCost};
use serde::Serialize;

use crate::{Basket, BasketLeg, Board, Limits, judge};
pub(crate) use tape::Tapes;
pub use tape::{Evidence, FillChance};

/// The times within which a fill is judged.
pub const WITHIN: [Duration; 3] =
    [Duration::from_secs(1), Duration::from_secs(10), Duration::from_secs(60)];

/// How quotes are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct QuoteConfig {
    /// The least a contract must earn when it is hedged at the hedge limit, before the venues' roundings.
    pub edge_min: Usd,
    /// The most contracts to rest.
    pub quantity_max: Quantity,
    /// The share of the contracts that the hedge's book offers within the limit which is counted on, in percent: some are gone when
    /// the order fills.
    pub hedge_percent: u8,
    /// Under which of Kalshi's fee types one rests.
    pub kalshi_role: KalshiRole,
}

impl Default for QuoteConfig {
    /// $0.005, 100 contracts, a quarter of the hedge's depth, and the maker's fee of series that charge one.
    fn default() -> Self {
        Self {
            edge_min: Usd::from_micros(5_000),
            quantity_max: Quantity::from_contracts(100).unwrap_or(Quantity::ZERO),
            hedge_percent: 25,
            kalshi_role: KalshiRole::Maker,
        }
    }
}

/// An order of a quote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct QuoteLeg<'a> {
    /// Where.
    pub venue: Venue,
    /// The market's name in outputs.
    pub market: &'a str,
    /// Which outcome is bought.
    pub outcome: Outcome,
    /// The highest price to pay.
    pub limit: Price,
    /// Σ price × size: of the resting order at its limit, of the hedge as its book stands.
    pub cost_usd: Usd,
    /// The fee, with the venue's rounding.
    pub fee_usd: Usd,
    /// When its book was last heard of.
    #[serde(skip)]
    pub heard_at: Option<Timestamp>,
}

/// A resting order and its hedge.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Quote<'a> {
    /// The pair.
    pub pair: &'a str,
    /// The resting order: it joins the best bid for its outcome.
    pub rest: QuoteLeg<'a>,
    /// The order to send when it fills. Within its limit a contract earns at least [`QuoteConfig::edge_min`] before roundings.
    pub hedge: QuoteLeg<'a>,
    /// Contracts of each.
    pub quantity: Quantity,
    /// What filled contracts earn, all of them hedged in the hedge's book as it stands now, after all fees.
    pub net_usd: Usd,
    /// Contracts that rest at the same price and are served first.
    pub ahead: Quantity,
    /// How likely the whole order fills within 1, 10 and 60 s.
    pub fills: [FillChance; WITHIN.len()],
    /// The trades that this is estimated from.
    pub evidence: Evidence,
}

/// The quotes of every pair, in order: resting on Kalshi first, its YES first.
pub(crate) fn quotes<'a>(
    board: &'a Board,
    limits: &Limits,
    config: &QuoteConfig,
    tapes: &Tapes,
    now: Option<Timestamp>,
) -> Vec<Quote<'a>> {
    let pairs = board.pairs().len();
    let books = Venue::ALL.map(|venue| board.books(venue));
    let mut quotes = Vec::new();
    for baskets in board.baskets.chunk_by(|a, b| a.source == b.source) {
        if baskets[0].source as usize >= pairs {
            break;
        }
        let tradable = |basket: &&Basket| judge::priceable(basket, &books, limits, now).is_ok();
        for resting in 0..2 {
            for basket in baskets.iter().filter(tradable) {
                let [a, b] = basket.legs.as_slice() else { continue };
                let (rest, hedge) = if resting == 0 { (a, b) } else { (b, a) };
                quotes.extend(quote(board, config, tapes, now, &basket.pair, rest, hedge));
            }
        }
    }
    quotes
}

fn quote<'a>(
    board: &'a Board,
    config: &QuoteConfig,
    tapes: &Tapes,
    now: Option<Timestamp>,
    pair: &'a str,
    rest: &'a BasketLeg,
    hedge: &'a BasketLeg,
) -> Option<Quote<'a>> {
    let book_of = |leg: &BasketLeg| leg.book.map(|id| board.books(leg.venue).get(id));
    let (resting, hedging) = (book_of(rest)?, book_of(hedge)?);
    // What a seller of the outcome would hit is what rests there.
    let joined = resting.book().sell(rest.outcome).best()?;
    let maker = maker_fees(rest, config);
    let limit = hedge_limit(joined.price, &maker, hedge, hedging, config)?;
    let asks = hedging.book().buy(hedge.outcome);
    let offered = asks
        .take_while(|level| level.price <= limit)
        .fold(Quantity::ZERO, |sum, level| sum.saturating_add(level.size));
    let counted_on = offered.whole_contracts() * u64::from(config.hedge_percent.min(100)) / 100;
    let most = config.quantity_max.whole_contracts();
    let quantity = Quantity::from_contracts(counted_on.min(most)).filter(|q| !q.is_zero())?;
    let own = [Level::new(joined.price, quantity)];
    let rested = match maker {
        Some(fees) => fees.take(Action::Buy, Ladder::from_best_last(&own), quantity)?,
        None => free(joined.price, quantity),
    };
    let hedged = hedge.fees.take(Action::Buy, asks, quantity)?;
    let net_usd = Usd::payout(quantity) - rested.outlay - hedged.outlay;
    if !net_usd.is_positive() {
        return None;
    }
    let leg = |leg: &'a BasketLeg, book: &TrackedBook, limit, order: OrderCost| QuoteLeg {
        venue: leg.venue,
        market: &leg.market,
        outcome: leg.outcome,
        limit,
        cost_usd: order.cost,
        fee_usd: order.fee,
        heard_at: book.received_at(),
    };
    // Who fills a bid for YES sells YES; who fills a bid for NO buys YES.
    let taker = if rest.outcome == Outcome::Yes { Side::Ask } else { Side::Bid };
    let (fills, evidence) =
        tapes.judge(rest.venue, &rest.key, taker, joined.size.saturating_add(quantity), now);
    Some(Quote {
        pair,
        rest: leg(rest, resting, joined.price, rested),
        hedge: leg(hedge, hedging, limit, hedged),
        quantity,
        net_usd,
        ahead: joined.size,
        fills,
        evidence,
    })
}

/// What resting costs; `None` where it costs nothing.
const fn maker_fees(rest: &BasketLeg, config: &QuoteConfig) -> Option<LegFees> {
    match rest.fees {
        LegFees::Kalshi(fees) => Some(LegFees::Kalshi(fees.with_role(config.kalshi_role))),
        // Polymarket charges takers alone.
        _ => None,
    }
}

fn free(price: Price, quantity: Quantity) -> OrderCost {
    let cost = Usd::cost(price, quantity);
    OrderCost { limit: price, cost, fee: Usd::ZERO, outlay: cost }
}

/// The highest price of the hedge at which a contract still earns the least edge, on the grid of its book (whole cents
/// where that is not known); `None` where there is none.
fn hedge_limit(
    rested: Price,
    maker: &Option<LegFees>,
    hedge: &BasketLeg,
    hedging: &TrackedBook,
    config: &QuoteConfig,
) -> Option<Price> {
    /// A micro-dollar in units of 1e-20 dollars.
    const MICRO: i128 = 100_000_000_000_000;
    let spent = i128::from(rested.micros()) * MICRO
        + maker.map_or(0, |fees| fees.unit_fee(rested).units() as i128);
    // 1e-12 dollars are 1e8 units.
    let left = i128::from(Price::SCALE) * MICRO - config.edge_min.pico() * 100_000_000 - spent;
    let affordable = |micros: u32| {
        Price::from_micros(micros).is_some_and(|price| {
            i128::from(micros) * MICRO + hedge.fees.unit_fee(price).units() as i128 <= left
        })
    };
    // Price plus fee rises with the price.
    let (mut low, mut high) = (0, Price::SCALE);
    while low < high {
        let middle = (low + high).div_ceil(2);
        if affordable(middle) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    let step = hedging
        .ticks()
        .iter()
        .find(|range| (range.start.micros()..=range.end.micros()).contains(&low))
        .map_or(10_000, |range| range.step.micros().max(1));
    Price::from_micros(low / step * step).filter(|limit| *limit > Price::ZERO)
}

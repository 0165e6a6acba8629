//! The quantity that earns most, exactly.
//!
//! A trade of k orders pays [`SizeRequest::payout`] a contract and lays out what the ladders cost with fees. Price plus
//! fee rises along every ladder, so the profit before rounding, U(q), is concave and piecewise linear; the venues'
//! roundings only ever take from it. [`SizeRequest::size`] walks all ladders together to the maximum of U and then looks
//! at the whole lots around it, in each direction until U itself is no better than the best rounded profit found:
//! nothing beyond can win ([`MAX_TRIES`] bounds the search where an edge is next to nothing). The answer is the smallest quantity that attains the maximum, so the same dollars are earned
//! with the least capital.
//!
//! Taking contracts one by one while they pay is wrong: where fees are rounded, the first ones often lose, and the
//! profit is a sawtooth further up.
//!
//! ```
//! use arb_normalize::{Ladder, Level, Usd};
//! use arb_risk::fees::{KalshiFees, LegFees, PolymarketFees, Step};
//! use arb_risk::size::{Leg, SizeRequest};
//!
//! let yes = [Level::new("0.48".parse()?, "100".parse()?), Level::new("0.40".parse()?, "250".parse()?)];
//! let no = [Level::new("0.50".parse()?, "300".parse()?)];
//! let legs: [Leg<'_, LegFees>; 2] = [
//!     Leg::buy(Ladder::from_best_last(&yes), KalshiFees::taker().with_precision(Step::CENTICENT).into()),
//!     Leg::buy(Ladder::from_best_last(&no), PolymarketFees::new("0.05".parse()?).into()),
//! ];
//! let trade = SizeRequest::new(&legs).size()?;
//! assert_eq!(trade.quantity, "250".parse()?);
//! assert_eq!(trade.gross, "25".parse()?);
//! assert_eq!(trade.fees, "7.325".parse()?);
//! assert_eq!(trade.net, "17.675".parse()?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod cursor;
mod discount;
mod pair;
mod solve;
mod summit;

use arb_normalize::opportunity::Action;
use arb_normalize::{Ladder, Price, Quantity, Usd};
use smallvec::SmallVec;
use thiserror::Error;

pub use discount::Discount;

use crate::fees::{FeeModel, LegFees, OrderCost};

/// The most legs a trade has.
pub const MAX_LEGS: usize = 64;

/// What a trade has for each leg. Sizing a trade of up to 16 legs allocates nothing.
pub type PerLeg<T> = SmallVec<[T; 16]>;

/// The largest quantity considered: 1,000,000,000 contracts.
pub const MAX_QUANTITY: Quantity = match Quantity::from_contracts(1_000_000_000) {
    Some(quantity) => quantity,
    None => Quantity::MAX,
};

/// The most lots that are priced in search of the best one, or of one end of the break-even range.
///
/// Lots are tried as far as the roundings of a trade's orders could still make one of them the best: the sum of the
/// roundings over what a lot earns or loses, so 10,000 lots for a cent and an edge of $0.000001 a lot. Beyond this number
/// the best of those tried is taken, which is short of the maximum by less than the roundings.
pub const MAX_TRIES: u32 = 100_000;

/// One order of a trade.
#[derive(Debug, Clone, Copy)]
pub struct Leg<'a, F = LegFees> {
    /// Buy or sell.
    pub action: Action,
    /// What can be taken, best first: asks for a purchase, bids for a sale.
    pub ladder: Ladder<'a>,
    /// What the venue charges.
    pub fees: F,
    /// The venue's smallest order, in contracts.
    pub min_size: Quantity,
    /// The venue's smallest order, in dollars of Σ price × size.
    pub min_cost: Usd,
    /// The most this leg may lay out (the cash at its venue); of a purchase only.
    pub max_outlay: Option<Usd>,
}

impl<'a, F: FeeModel> Leg<'a, F> {
    /// A purchase without minimum or limit.
    pub const fn buy(asks: Ladder<'a>, fees: F) -> Self {
        Self {
            action: Action::Buy,
            ladder: asks,
            fees,
            min_size: Quantity::ZERO,
            min_cost: Usd::ZERO,
            max_outlay: None,
        }
    }

    /// A sale without minimum.
    pub const fn sell(bids: Ladder<'a>, fees: F) -> Self {
        Self { action: Action::Sell, ..Self::buy(bids, fees) }
    }

    /// Dollars that go out (or, negative, come in) with a contract at `price`, in micros.
    const fn signed(&self, price: Price) -> i64 {
        match self.action {
            Action::Buy => price.micros() as i64,
            Action::Sell => -(price.micros() as i64),
        }
    }

    /// What a contract costs at `price` with its exact fee, in units of 1e-20 dollars.
    #[inline]
    fn unit_cost(&self, price: Price) -> i128 {
        i128::from(self.signed(price)) * PRICE_UNITS + self.fees.unit_fee(price).units() as i128
    }
}

/// A trade to be sized.
///
/// [`SizeRequest::new`] asks the raw question: whole contracts that pay $1, full depth, no limit, no carry.
#[derive(Debug, Clone, Copy)]
pub struct SizeRequest<'a, F = LegFees> {
    /// The orders, 1 to [`MAX_LEGS`] of them.
    pub legs: &'a [Leg<'a, F>],
    /// What one contract of each leg pays together, in whole micro-dollars (further digits are dropped) from −$1,000 to
    /// $1,000: $1 for two opposite outcomes, $(k − 1) for the NO of k exclusive ones, −$1 where sets are split for $1
    /// and both halves sold.
    pub payout: Usd,
    /// Quantities are multiples of this; zero counts as 0.000001.
    pub lot: Quantity,
    /// The largest quantity allowed, such as what is left of a position limit.
    pub max_quantity: Option<Quantity>,
    /// The most all purchases may lay out together.
    pub max_outlay: Option<Usd>,
    /// What a dollar at settlement is worth today.
    pub discount: Discount,
    /// Dollars the trade costs whatever its size (gas, withdrawals); below zero counts as zero.
    pub fixed_cost: Usd,
}

impl<'a, F: FeeModel> SizeRequest<'a, F> {
    /// The raw question: whole contracts that pay $1, full depth, no limit, no carry.
    #[must_use]
    pub const fn new(legs: &'a [Leg<'a, F>]) -> Self {
        Self {
            legs,
            payout: Usd::DOLLAR,
            lot: match Quantity::from_contracts(1) {
                Some(one) => one,
                None => Quantity::ZERO,
            },
            max_quantity: None,
            max_outlay: None,
            discount: Discount::NONE,
            fixed_cost: Usd::ZERO,
        }
    }

    /// Whether the best prices alone leave anything of the payout, fees aside.
    ///
    /// No fee is below zero, so `false` means that no quantity can earn anything: the cheapest question to ask first.
    /// [`Self::size`] asks it too.
    #[inline]
    #[must_use]
    pub fn has_gross_edge(&self) -> bool {
        const MICRO: i64 = 1_000_000;
        let Some(prices) = self.best_prices() else { return false };
        i128::from(prices * MICRO) < self.payout_bound().pico()
    }

    /// What a contract pays at most today. A discount makes a payout of dollars smaller and what splitting a set costs
    /// cheaper, by less than all of it.
    #[inline]
    fn payout_bound(&self) -> Usd {
        if self.discount == Discount::NONE { self.payout } else { self.payout.max(Usd::ZERO) }
    }

    /// What a contract costs at the best prices without fees, in micro-dollars; `None` when a leg has nothing to take.
    #[inline]
    fn best_prices(&self) -> Option<i64> {
        if let [one, other] = self.legs {
            let (here, there) = (one.ladder.best_price()?, other.ladder.best_price()?);
            return Some(one.signed(here) + other.signed(there));
        }
        let mut prices = 0;
        for leg in self.legs {
            prices += leg.signed(leg.ladder.best_price()?);
        }
        Some(prices)
    }

    /// What the first contract earns at the best prices after fees and before rounding, in units of 1e-20 dollars;
    /// `None` when a leg has nothing to take or there is no leg. Fees are left out where the prices alone leave nothing.
    ///
    /// Not above zero means that no quantity can earn anything. This is the cheap question to ask first; [`Self::size`] asks it too.
    #[inline]
    #[must_use]
    pub fn touch_edge(&self) -> Option<i128> {
        let prices = self.best_prices()?;
        let edge = self.payout_units() - i128::from(prices) * PRICE_UNITS;
        if edge <= 0 && !self.legs.is_empty() {
            return Some(edge);
        }
        if let [one, other] = self.legs {
            let fee = |leg: &Leg<'_, F>| {
                Some(leg.fees.unit_fee(leg.ladder.best_price()?).units() as i128)
            };
            return Some(edge - fee(one)? - fee(other)?);
        }
        let mut fees = 0;
        for leg in self.legs {
            fees += leg.fees.unit_fee(leg.ladder.best_price()?).units() as i128;
        }
        (!self.legs.is_empty()).then_some(edge - fees)
    }

    /// The quantity that earns most, and what it costs.
    ///
    /// # Errors
    /// Why nothing is worth trading; see [`NoTrade`].
    #[inline]
    pub fn size(&self) -> Result<SizedTrade, NoTrade> {
        if self.has_gross_edge() { solve::best(self) } else { Err(solve::refusal(self)) }
    }

    /// Between which quantities a sized trade does not lose: see [`BreakEven`]. Where more than [`MAX_TRIES`] lots would
    /// have to be tried, that end of the range is the trade's own quantity.
    #[must_use]
    pub fn break_even(&self, trade: &SizedTrade) -> BreakEven {
        solve::break_even(self, trade)
    }
}

/// What a trade looks like at its best quantity.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SizedTrade {
    /// Contracts on each leg: the smallest quantity that attains the most profit.
    pub quantity: Quantity,
    /// Payout minus the legs' costs, dollars.
    pub gross: Usd,
    /// All fees with the venues' roundings.
    pub fees: Usd,
    /// Gross minus fees, undiscounted and without the fixed cost.
    pub net: Usd,
    /// What was maximised, rounded down to 1e-12 dollars: discounted payout minus outlay minus the fixed cost.
    pub value: Usd,
    /// What a contract at the limit prices earns (discounted, before rounding), rounded down to 1e-12 dollars.
    pub marginal_edge: Usd,
    legs: PerLeg<OrderCost>,
}

impl SizedTrade {
    /// The orders, in the order of the request.
    #[must_use]
    pub fn legs(&self) -> &[OrderCost] {
        &self.legs
    }

    /// What leaves the accounts, less what sales bring in.
    #[must_use]
    pub fn outlay(&self) -> Usd {
        self.legs.iter().map(|leg| leg.outlay).sum()
    }
}

/// Between which quantities a trade does not lose, over the full depth of the books and without regard to limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakEven {
    /// The smallest quantity from the minimum on that does not lose (roundings and fixed costs make smaller ones lose).
    pub smallest: Quantity,
    /// The largest quantity that does not lose.
    pub largest: Quantity,
}

/// Why nothing is worth trading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NoTrade {
    /// No leg, or more than [`MAX_LEGS`].
    #[error("{0} legs, expected 1 to {MAX_LEGS}")]
    Legs(usize),
    /// A leg has nothing to take.
    #[error("leg {leg} has nothing to take")]
    NoDepth {
        /// Which, counted from 0.
        leg: usize,
    },
    /// The best prices and their fees leave nothing.
    #[error("the first contract earns {per_contract} dollars after fees")]
    NoEdge {
        /// What the first contract earns before rounding (at most zero), rounded down to 1e-12 dollars. Fees are left
        /// out where the prices alone already leave nothing.
        per_contract: Usd,
    },
    /// Depth or the largest quantity allowed is below the smallest order.
    #[error("the smallest order is {needed} contracts, {available} can be had")]
    BelowMinimum {
        /// The smallest quantity every venue takes.
        needed: Quantity,
        /// What depth and limits leave.
        available: Quantity,
    },
    /// A ladder ends before a venue's smallest order in dollars is reached.
    #[error("leg {leg} holds less than its smallest order in dollars")]
    BelowMinimumCost {
        /// Which, counted from 0.
        leg: usize,
    },
    /// The smallest order lays out more than a limit allows.
    #[error("the smallest order of {needed} contracts lays out more than the limits allow")]
    Outlay {
        /// The smallest quantity every venue takes.
        needed: Quantity,
    },
    /// Roundings and fixed costs eat the edge at every quantity.
    #[error("no quantity earns anything after roundings and fixed costs")]
    NoProfit,
}

/// One micro-dollar a contract in units of 1e-20 dollars.
const PRICE_UNITS: i128 = 100_000_000_000_000;

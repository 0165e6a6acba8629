//! What a venue takes for a trade, to its last rounding.
//!
//! | type | is |
//! |---|---|
//! | [`KalshiFees`], [`PolymarketFees`] | the venues' schedules |
//! | [`LegFees`] | either, cheap to copy |
//! | [`FeeModel`] | the seam: how a fee arises from levels, for a schedule of your own |
//! | [`FeeHistory`] | schedules by effective time, as a pairs file writes them |
//! | [`KalshiOrder`] | the charges of one Kalshi order fill by fill, with the accumulator of roundings |
//! | [`KalshiRounding`] | which rounding of Kalshi was in force when |
//! | [`audit()`] | which rule made a charge that was really taken |

mod audit;
mod exact;
mod history;
mod kalshi;
mod kalshi_order;
mod kalshi_rounding;
mod leg;
mod number;
mod polymarket;

use arb_normalize::opportunity::Action;
use arb_normalize::{Ladder, Price, Quantity, Usd};

pub use audit::{Audit, ChargedFill, FeeRule, audit};
pub(crate) use exact::ceil_micros_short;
pub use exact::{ExactFee, UnitFee};
pub use history::{FeeHistory, PairFees};
pub use kalshi::{KalshiFees, KalshiRole};
pub use kalshi_order::{FillCharge, KalshiOrder};
pub use kalshi_rounding::KalshiRounding;
pub use leg::{FeeSource, LegFees};
pub use number::{Multiplier, Rate, Step};
pub use polymarket::PolymarketFees;

/// How a venue charges an order that takes several levels.
///
/// The charge arises in three steps: an exact fee of one contract at a price, the fee of what is taken at one level,
/// and the outlay of the whole order. An implementation must keep two promises, on which the sizer's answer rests:
/// price plus [`unit_fee`](Self::unit_fee) rises with the price (and price minus it too), and no rounding ever makes
/// an order cheaper than its exact cost and fees.
pub trait FeeModel: Copy {
    /// The fee of one contract at `price`, before rounding.
    fn unit_fee(&self, price: Price) -> UnitFee;

    /// The fee of `size` contracts at a level whose contracts cost `unit` each in fees, rounded as far as the venue
    /// rounds a level by itself.
    fn level_fee(&self, unit: UnitFee, size: Quantity) -> ExactFee;

    /// The formula, where it is the ordinary one; `None` where only the methods above know.
    ///
    /// It must say the same as they do: the sizer works from it where it can, with the constants of a leg read once
    /// and not at each level.
    #[inline]
    fn quadratic(&self) -> Option<QuadraticFee> {
        None
    }

    /// What leaves the account for an order of that cost and those level fees. For a sale the cost is minus the
    /// proceeds, and so is the outlay minus what comes in.
    fn order_outlay(&self, cost: Usd, fees: ExactFee) -> Usd;

    /// One taker order for `quantity` over a ladder; `None` when it holds fewer, or for no contract.
    #[inline]
    fn take(&self, action: Action, ladder: Ladder<'_>, quantity: Quantity) -> Option<OrderCost> {
        take(self, action, ladder, quantity)
    }

    /// One taker order that buys `quantity` from `asks`; `None` when they hold fewer, or for no contract.
    fn buy(&self, asks: Ladder<'_>, quantity: Quantity) -> Option<OrderCost> {
        self.take(Action::Buy, asks, quantity)
    }

    /// One taker order that sells `quantity` into `bids`; `None` when they hold fewer, or for no contract.
    fn sell(&self, bids: Ladder<'_>, quantity: Quantity) -> Option<OrderCost> {
        self.take(Action::Sell, bids, quantity)
    }
}

/// A fee of rate · p(1 − p) a contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuadraticFee {
    /// Dollars a contract, before p(1 − p).
    pub rate: Rate,
    /// How an order's charge is rounded.
    pub rounding: FeeRounding,
}

/// How the charge of an order is rounded, always up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeeRounding {
    /// The fee of each level to one step, then the order's cost and fees together to another.
    LevelsAndOutlay {
        /// The step of a level's fee.
        level: Step,
        /// The step of what leaves the account.
        outlay: Step,
    },
    /// The fees of the order together.
    Fees(Step),
}

/// What one taker order costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OrderCost {
    /// The worst price taken.
    pub limit: Price,
    /// Σ price × size, negative for a sale.
    pub cost: Usd,
    /// Outlay minus cost.
    pub fee: Usd,
    /// What leaves the account, negative when a sale brings money in.
    pub outlay: Usd,
}

impl OrderCost {
    pub(crate) fn new<F: FeeModel>(
        fees: &F,
        limit: Price,
        cost: Usd,
        level_fees: ExactFee,
    ) -> Self {
        let outlay = fees.order_outlay(cost, level_fees);
        Self { limit, cost, fee: outlay - cost, outlay }
    }
}

#[inline]
fn take<F: FeeModel>(
    fees: &F,
    action: Action,
    ladder: Ladder<'_>,
    quantity: Quantity,
) -> Option<OrderCost> {
    let mut left = quantity.micros();
    let (mut cost, mut level_fees) = (Usd::ZERO, ExactFee::ZERO);
    for level in ladder {
        let size = level.size.micros().min(left);
        left -= size;
        let size = Quantity::from_micros(size)?;
        cost += Usd::cost(level.price, size);
        level_fees = level_fees.plus(fees.level_fee(fees.unit_fee(level.price), size));
        if left == 0 && !size.is_zero() {
            let cost = if action == Action::Buy { cost } else { -cost };
            return Some(OrderCost::new(fees, level.price, cost, level_fees));
        }
    }
    None
}

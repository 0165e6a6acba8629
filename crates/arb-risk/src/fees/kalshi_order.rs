//! The charges of one Kalshi order, fill by fill.

use arb_normalize::opportunity::Action;
use arb_normalize::{Price, Quantity, Usd};

use super::{FeeModel, KalshiFees};

/// The charges of one Kalshi order, fill by fill.
///
/// Each fill's balance change is its revenue minus its trade fee, rounded down to the precision. What that rounding
/// takes is kept in an accumulator of the order, and whole units of the precision come back with a later fill, as far
/// as that fill's net fee stays at or above zero. Source: Kalshi's page on fee rounding.
///
/// While no rebate is cut short, the fills together cost what one order over the same levels costs
/// ([`FeeModel::buy`]): the order's exact cost and fees, rounded up to the precision once.
///
/// ```
/// use arb_normalize::opportunity::Action;
/// use arb_risk::fees::{KalshiFees, KalshiOrder};
/// let mut order = KalshiOrder::new(KalshiFees::taker());
/// let (price, size) = ("0.28".parse()?, "10".parse()?);
/// let net = [(); 3].map(|()| order.fill(Action::Buy, price, size).net_fee.to_string());
/// assert_eq!(net, ["0.15", "0.14", "0.14"]);
/// # Ok::<(), arb_normalize::ParseFixedError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KalshiOrder {
    fees: KalshiFees,
    carry: Usd,
}

/// What one fill is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FillCharge {
    /// The model's fee rounded up to the quantum.
    pub trade_fee: Usd,
    /// What rounding the balance down to the precision takes on top.
    pub rounding_fee: Usd,
    /// What the order's accumulator gives back.
    pub rebate: Usd,
    /// Trade fee and rounding fee less the rebate: Kalshi's `fee_cost`.
    pub net_fee: Usd,
    /// What the balance changes by: negative for a purchase.
    pub balance_change: Usd,
}

impl KalshiOrder {
    /// An order without fills.
    #[must_use]
    pub const fn new(fees: KalshiFees) -> Self {
        Self { fees, carry: Usd::ZERO }
    }

    /// Roundings taken and not yet given back, in dollars.
    #[must_use]
    pub const fn carry(&self) -> Usd {
        self.carry
    }

    /// Charges a fill of `size` contracts at `price` dollars.
    pub fn fill(&mut self, action: Action, price: Price, size: Quantity) -> FillCharge {
        let cost = Usd::cost(price, size);
        let revenue = if action == Action::Sell { cost } else { -cost };
        let trade_fee = self.fees.level_fee(self.fees.unit_fee(price), size).to_usd_up();
        let precision = self.fees.precision().usd();
        let exact = revenue - trade_fee;
        let balance = exact.floor_to(precision);
        let rounding_fee = exact - balance;
        self.carry += rounding_fee;
        let gross = trade_fee + rounding_fee;
        let rebate = self.carry.floor_to(precision).min(gross.floor_to(precision));
        self.carry -= rebate;
        FillCharge {
            trade_fee,
            rounding_fee,
            rebate,
            net_fee: gross - rebate,
            balance_change: balance + rebate,
        }
    }
}

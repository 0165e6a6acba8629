//! The fees of one leg, whichever its venue.

use arb_normalize::market::FeeData;
use arb_normalize::opportunity::Action;
use arb_normalize::{Ladder, Price, Quantity, Usd, Venue};
use rust_decimal::Decimal;
use time::OffsetDateTime;

use super::{
    ExactFee, FeeModel, KalshiFees, Multiplier, OrderCost, PolymarketFees, QuadraticFee, Rate,
    UnitFee,
};

/// The fees of one leg, whichever its venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LegFees {
    /// Kalshi's.
    Kalshi(KalshiFees),
    /// Polymarket's.
    Polymarket(PolymarketFees),
}

/// Where a leg's fees come from, worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum FeeSource {
    /// The pairs file names them.
    PairsFile,
    /// The venue published them with the market.
    Venue,
    /// The venue published something this crate can only bound from above (a fee type or exponent it does not know,
    /// or more decimals than it holds).
    UpperBound,
    /// Nothing is known: the worst known rate is assumed.
    WorstKnown,
}

impl LegFees {
    /// The dearest schedule known of a venue: Kalshi's taker fee with multiplier 1 rounded to the cent; Polymarket's
    /// rate 0.07 with exponent 1.
    #[must_use]
    pub const fn worst_known(venue: Venue) -> Self {
        match venue {
            Venue::Polymarket => Self::Polymarket(PolymarketFees::new(WORST_POLYMARKET)),
            // A venue this crate does not know would be charged Kalshi's fee, which is the dearer of the two.
            _ => Self::Kalshi(KalshiFees::taker()),
        }
    }

    /// The fees a venue published with a market, in force at `now`, on top of `kalshi` (which brings the member's
    /// precision and the quantum; its multiplier is replaced). Says how sure they are.
    ///
    /// Without data the worst known schedule is returned, never a zero fee. A Kalshi series without a multiplier counts
    /// as multiplier 1, and so does the fee type `flat`, whose formula is not published; a waiver counts until its
    /// instant. An exponent that is not whole is rounded down, which can only raise the fee because p(1 − p) < 1.
    #[must_use]
    pub fn from_data(
        venue: Venue,
        data: &FeeData,
        kalshi: KalshiFees,
        now: Option<OffsetDateTime>,
    ) -> (Self, FeeSource) {
        match (venue, data) {
            (Venue::Kalshi, FeeData::Kalshi { fee_type, multiplier, waived_until }) => {
                let waived =
                    matches!((now, waived_until), (Some(now), Some(until)) if now < *until);
                let (multiplier, source) = if waived {
                    (Multiplier::ZERO, FeeSource::Venue)
                } else {
                    kalshi_multiplier(fee_type.as_deref(), *multiplier)
                };
                (Self::Kalshi(kalshi.with_multiplier(multiplier)), source)
            }
            (Venue::Polymarket, FeeData::Polymarket { rate, exponent }) => {
                match polymarket_bound(*rate, *exponent) {
                    Some((fees, source)) => (Self::Polymarket(fees), source),
                    None => (Self::worst_known(venue), FeeSource::WorstKnown),
                }
            }
            (Venue::Kalshi, _) => {
                (Self::Kalshi(kalshi.with_multiplier(Multiplier::ONE)), FeeSource::WorstKnown)
            }
            _ => (Self::worst_known(venue), FeeSource::WorstKnown),
        }
    }

    /// The venue that charges them.
    #[must_use]
    pub const fn venue(self) -> Venue {
        match self {
            Self::Kalshi(_) => Venue::Kalshi,
            Self::Polymarket(_) => Venue::Polymarket,
        }
    }
}

/// 0.07, the rate of crypto markets.
const WORST_POLYMARKET: Rate = match Rate::from_units(7_000_000) {
    Some(rate) => rate,
    None => Rate::ZERO,
};

fn kalshi_multiplier(
    fee_type: Option<&str>,
    multiplier: Option<Decimal>,
) -> (Multiplier, FeeSource) {
    let known_type = fee_type.is_none_or(|kind| kind.starts_with("quadratic"));
    let Some(value) = multiplier else {
        return (Multiplier::ONE, FeeSource::WorstKnown);
    };
    let above = value.round_dp_with_strategy(4, rust_decimal::RoundingStrategy::ToPositiveInfinity);
    match Multiplier::try_from(above) {
        Ok(bound) if !known_type => (bound.max(Multiplier::ONE), FeeSource::UpperBound),
        Ok(bound) if above == value => (bound, FeeSource::Venue),
        Ok(bound) => (bound, FeeSource::UpperBound),
        Err(_) => (Multiplier::ONE, FeeSource::WorstKnown),
    }
}

fn polymarket_bound(rate: Decimal, exponent: Decimal) -> Option<(PolymarketFees, FeeSource)> {
    let rate_above =
        rate.round_dp_with_strategy(8, rust_decimal::RoundingStrategy::ToPositiveInfinity);
    let exponent_below = exponent.trunc().min(Decimal::from(8));
    let fees = PolymarketFees::from_schedule(rate_above, exponent_below).ok()?;
    let exact = rate_above == rate && exponent_below == exponent;
    Some((fees, if exact { FeeSource::Venue } else { FeeSource::UpperBound }))
}

impl From<KalshiFees> for LegFees {
    fn from(fees: KalshiFees) -> Self {
        Self::Kalshi(fees)
    }
}

impl From<PolymarketFees> for LegFees {
    fn from(fees: PolymarketFees) -> Self {
        Self::Polymarket(fees)
    }
}

impl FeeModel for LegFees {
    #[inline]
    fn unit_fee(&self, price: Price) -> UnitFee {
        match self {
            Self::Kalshi(fees) => fees.unit_fee(price),
            Self::Polymarket(fees) => fees.unit_fee(price),
        }
    }

    #[inline]
    fn level_fee(&self, unit: UnitFee, size: Quantity) -> ExactFee {
        match self {
            Self::Kalshi(fees) => fees.level_fee(unit, size),
            Self::Polymarket(fees) => fees.level_fee(unit, size),
        }
    }

    #[inline]
    fn take(&self, action: Action, ladder: Ladder<'_>, quantity: Quantity) -> Option<OrderCost> {
        // Told apart once for the order, not at each of its levels.
        match self {
            Self::Kalshi(fees) => fees.take(action, ladder, quantity),
            Self::Polymarket(fees) => fees.take(action, ladder, quantity),
        }
    }

    #[inline]
    fn quadratic(&self) -> Option<QuadraticFee> {
        match self {
            Self::Kalshi(fees) => fees.quadratic(),
            Self::Polymarket(fees) => fees.quadratic(),
        }
    }

    #[inline]
    fn order_outlay(&self, cost: Usd, fees: ExactFee) -> Usd {
        match self {
            Self::Kalshi(own) => own.order_outlay(cost, fees),
            Self::Polymarket(own) => own.order_outlay(cost, fees),
        }
    }
}

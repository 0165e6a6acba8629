//! Which rule made a charge that Kalshi really took.

use arb_normalize::opportunity::Action;
use arb_normalize::{Price, Quantity, Usd};

use super::{KalshiFees, KalshiOrder, KalshiRole, Multiplier, Step};

/// A fill and the fee the venue charged for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChargedFill {
    /// Buy or sell.
    pub action: Action,
    /// Dollars per contract.
    pub price: Price,
    /// Contracts.
    pub size: Quantity,
    /// What the venue charged.
    pub charged: Usd,
}

/// The one rule in which a charge departs from the schedule it was expected under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FeeRule {
    /// None: the charge is as expected.
    AsExpected,
    /// Another multiplier of the series or event.
    Multiplier(Multiplier),
    /// Another side of the trade or fee type.
    Role(KalshiRole),
    /// Another precision of the balance.
    Precision(Step),
    /// Another rounding of the fee itself.
    Quantum(Step),
    /// Another rounding of both the fee and the balance.
    Rounding {
        /// Of the fee.
        quantum: Step,
        /// Of the balance.
        precision: Step,
    },
    /// No single rule this crate knows.
    Unexplained,
}

impl std::fmt::Display for FeeRule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AsExpected => f.write_str("as expected"),
            Self::Multiplier(value) => write!(f, "the fee multiplier of the series is {value}"),
            Self::Role(KalshiRole::Taker) => f.write_str("charged as a taker"),
            Self::Role(KalshiRole::Maker) => f.write_str("charged as a maker"),
            Self::Role(KalshiRole::ComboMaker) => f.write_str("charged as a maker on a combo"),
            Self::Role(KalshiRole::FreeMaker) => f.write_str("charged as a maker without a fee"),
            Self::Precision(step) => write!(f, "the balance is rounded to ${step}"),
            Self::Quantum(step) => write!(f, "the fee is rounded up to ${step}"),
            Self::Rounding { quantum, precision } => {
                write!(f, "the fee is rounded up to ${quantum}, the balance to ${precision}")
            }
            Self::Unexplained => f.write_str("no single known rule explains it"),
        }
    }
}

/// What a charge was expected to be, and the rule that explains what it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Audit {
    /// The fee under the expected schedule.
    pub expected: Usd,
    /// What was charged on top of it, negative when less was.
    pub difference: Usd,
    /// Why.
    pub rule: FeeRule,
}

/// Compares the first fill of an order with what `fees` would have charged, and where they differ names the single
/// rule that makes the charge come out to the last digit.
///
/// Rules are tried in the order of [`FeeRule`]; the multipliers tried are those seen (0, 0.5, 2). Of two rules that
/// both fit, which small fills often allow, the first is named.
///
/// ```
/// use arb_normalize::opportunity::Action;
/// use arb_risk::fees::{audit, ChargedFill, FeeRule, KalshiFees, Step};
/// let fill = ChargedFill {
///     action: Action::Buy,
///     price: "0.48".parse()?,
///     size: "1".parse()?,
///     charged: "0.0088".parse()?,
/// };
/// let direct = KalshiFees::taker().with_quantum(Step::CENTICENT).with_precision(Step::CENTICENT);
/// let found = audit(&fill, direct);
/// assert_eq!(found.expected, "0.0175".parse()?);
/// assert_eq!(found.rule, FeeRule::Multiplier("0.5".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn audit(fill: &ChargedFill, fees: KalshiFees) -> Audit {
    let charge = |fees| KalshiOrder::new(fees).fill(fill.action, fill.price, fill.size).net_fee;
    let expected = charge(fees);
    let rule = rules(fees)
        .find(|(_, changed)| charge(*changed) == fill.charged)
        .map_or(FeeRule::Unexplained, |(rule, _)| rule);
    Audit { expected, difference: fill.charged - expected, rule }
}

fn rules(fees: KalshiFees) -> impl Iterator<Item = (FeeRule, KalshiFees)> {
    const STEPS: [Step; 3] = [Step::MICRO, Step::CENTICENT, Step::CENT];
    let multipliers = [Multiplier::HALF, Multiplier::ZERO, Multiplier::TWO]
        .map(|m| (FeeRule::Multiplier(m), fees.with_multiplier(m)));
    let roles =
        [KalshiRole::Taker, KalshiRole::Maker, KalshiRole::ComboMaker, KalshiRole::FreeMaker]
            .map(|role| (FeeRule::Role(role), fees.with_role(role)));
    let precisions = STEPS.map(|step| (FeeRule::Precision(step), fees.with_precision(step)));
    let quanta = STEPS.map(|step| (FeeRule::Quantum(step), fees.with_quantum(step)));
    let both = STEPS.into_iter().flat_map(move |quantum| {
        STEPS.map(|precision| {
            let changed = fees.with_quantum(quantum).with_precision(precision);
            (FeeRule::Rounding { quantum, precision }, changed)
        })
    });
    std::iter::once((FeeRule::AsExpected, fees))
        .chain(multipliers)
        .chain(roles)
        .chain(precisions)
        .chain(quanta)
        .chain(both)
}

//! Kalshi's trading fee.

use arb_normalize::{Price, Quantity, Usd};
use serde::{Deserialize, Serialize};

use super::{ExactFee, FeeModel, FeeRounding, Multiplier, QuadraticFee, Rate, Step, UnitFee};

/// Kalshi's trading fee: coefficient · multiplier · contracts · p(1 − p), each level (or fill) rounded up to the
/// quantum, then the order's cost and fees together rounded up to the precision of the member's balance.
///
/// Source: Kalshi's fee schedule (2026-07-07) and its page on fee rounding. The taker's coefficient is 0.07, a maker's
/// 0.0175 in series that charge makers and 0.035 on combos. Direct members have a precision of $0.0001, customers of
/// a broker $0.01, which is also the default because it is the dearer.
///
/// Worked: 10 contracts at $0.28 cost $2.80; the fee is 0.07 · 10 · 0.28 · 0.72 = $0.14112, so a balance kept in
/// cents falls by $2.95 and one kept in hundredths of a cent by $2.9412.
///
/// ```
/// use arb_risk::fees::{FeeModel, KalshiFees, Step};
/// use arb_normalize::{Level, Ladder};
/// let level = [Level::new("0.28".parse()?, "10".parse()?)];
/// let direct = KalshiFees::taker().with_precision(Step::CENTICENT);
/// let order = direct.buy(Ladder::from_best_last(&level), "10".parse()?).unwrap();
/// assert_eq!(order.outlay, "2.9412".parse()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KalshiFees {
    #[serde(default)]
    multiplier: Multiplier,
    #[serde(default = "cent")]
    precision: Step,
    #[serde(default = "micro")]
    quantum: Step,
    #[serde(default, skip_serializing_if = "KalshiRole::is_taker")]
    role: KalshiRole,
}

const fn cent() -> Step {
    Step::CENT
}

const fn micro() -> Step {
    Step::MICRO
}

/// On which side of a Kalshi trade one stands, and under which fee type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum KalshiRole {
    /// Takes resting orders: coefficient 0.07.
    #[default]
    Taker,
    /// Rests in a series of type `quadratic_with_maker_fees`: coefficient 0.0175.
    Maker,
    /// Rests in a series of type `quadratic_with_combo_maker_fees`: coefficient 0.035.
    ComboMaker,
    /// Rests in a series of type `quadratic`: no fee.
    FreeMaker,
}

impl KalshiRole {
    const fn is_taker(&self) -> bool {
        matches!(self, Self::Taker)
    }

    /// The coefficient before the multiplier, in units of 0.0001.
    const fn coefficient(self) -> u32 {
        match self {
            Self::Taker => 700,
            Self::Maker => 175,
            Self::ComboMaker => 350,
            Self::FreeMaker => 0,
        }
    }
}

impl KalshiFees {
    /// A taker's fee with multiplier 1, rounded to the cent: the dearest of the ordinary schedules.
    #[must_use]
    pub const fn taker() -> Self {
        Self {
            multiplier: Multiplier::ONE,
            precision: Step::CENT,
            quantum: Step::MICRO,
            role: KalshiRole::Taker,
        }
    }

    /// The same with the multiplier of a series or event.
    #[must_use]
    pub const fn with_multiplier(self, multiplier: Multiplier) -> Self {
        Self { multiplier, ..self }
    }

    /// The same with another precision of the balance.
    #[must_use]
    pub const fn with_precision(self, precision: Step) -> Self {
        Self { precision, ..self }
    }

    /// The same with another rounding of each level's fee.
    #[must_use]
    pub const fn with_quantum(self, quantum: Step) -> Self {
        Self { quantum, ..self }
    }

    /// The same on another side of the trade.
    #[must_use]
    pub const fn with_role(self, role: KalshiRole) -> Self {
        Self { role, ..self }
    }

    /// The multiplier of the series or event.
    #[must_use]
    pub const fn multiplier(self) -> Multiplier {
        self.multiplier
    }

    /// To what the balance is rounded.
    #[must_use]
    pub const fn precision(self) -> Step {
        self.precision
    }

    /// To what each level's fee is rounded up.
    #[must_use]
    pub const fn quantum(self) -> Step {
        self.quantum
    }

    /// The side of the trade.
    #[must_use]
    pub const fn role(self) -> KalshiRole {
        self.role
    }

    /// Coefficient times multiplier.
    #[must_use]
    pub const fn rate(self) -> Rate {
        // 0.0001 · 0.0001 = 0.00000001, the unit of a rate; 700 · 140,000 is below 1.
        match Rate::from_units(self.role.coefficient() * self.multiplier.units()) {
            Some(rate) => rate,
            None => Rate::ZERO,
        }
    }
}

impl Default for KalshiFees {
    fn default() -> Self {
        Self::taker()
    }
}

impl FeeModel for KalshiFees {
    #[inline]
    fn unit_fee(&self, price: Price) -> UnitFee {
        UnitFee::quadratic(self.rate(), price)
    }

    #[inline]
    fn level_fee(&self, unit: UnitFee, size: Quantity) -> ExactFee {
        unit.times(size).ceil_to(self.quantum)
    }

    #[inline]
    fn quadratic(&self) -> Option<QuadraticFee> {
        let rounding = FeeRounding::LevelsAndOutlay { level: self.quantum, outlay: self.precision };
        Some(QuadraticFee { rate: self.rate(), rounding })
    }

    #[inline]
    fn order_outlay(&self, cost: Usd, fees: ExactFee) -> Usd {
        let exact = cost + fees.to_usd_up();
        let step = self.precision.usd();
        // Below nine million dollars the rounding fits 64 bits, where it is several times faster.
        match (i64::try_from(exact.pico()), i64::try_from(step.pico())) {
            (Ok(small), Ok(step)) => {
                let over = small.rem_euclid(step);
                let up = if over == 0 { 0 } else { step - over };
                Usd::from_pico(i128::from(small) + i128::from(up))
            }
            _ => exact.ceil_to(step),
        }
    }
}

/// p(1 − p) in units of 1e-12.
#[inline]
pub(super) const fn variance(price: Price) -> u64 {
    price.micros() as u64 * price.complement().micros() as u64
}

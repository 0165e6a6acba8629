//! Fees before rounding, exactly.

use arb_normalize::{Quantity, Usd};

use super::Step;

/// 10^20: one micro-dollar in units of [`ExactFee`].
const MICRO: u128 = 100_000_000_000_000_000_000;

/// The fee of one contract before any rounding, in units of 1e-20 dollars.
///
/// A rate has 8 decimals and p(1 − p) has 12, so their product is held exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct UnitFee(u128);

impl UnitFee {
    /// No fee.
    pub const ZERO: Self = Self(0);

    /// So many units of 1e-20 dollars a contract; $1 at the most (the largest rate is 1).
    #[must_use]
    pub const fn from_units(units: u128) -> Self {
        const DOLLAR: u128 = MICRO;
        Self(if units < DOLLAR { units } else { DOLLAR })
    }

    /// The fee of one contract in units of 1e-20 dollars.
    #[must_use]
    pub const fn units(self) -> u128 {
        self.0
    }

    /// The fee of `size` contracts before rounding; exact, saturating beyond 3.4e12 dollars.
    #[must_use]
    pub const fn times(self, size: Quantity) -> ExactFee {
        ExactFee(self.0.saturating_mul(size.micros() as u128))
    }
}

/// A fee, or a sum of fees, in units of 1e-26 dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ExactFee(u128);

impl ExactFee {
    /// No fee.
    pub const ZERO: Self = Self(0);

    /// So many units of 1e-26 dollars.
    #[must_use]
    pub const fn from_units(units: u128) -> Self {
        Self(units)
    }

    /// The fee in units of 1e-26 dollars.
    #[must_use]
    pub const fn units(self) -> u128 {
        self.0
    }

    /// The sum, saturating.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The fee rounded up to a multiple of `step`.
    #[must_use]
    pub const fn ceil_to(self, step: Step) -> Self {
        // ⌈⌈x/a⌉/b⌉ = ⌈x/(ab)⌉ for whole numbers, so rounding to micro-dollars first changes nothing.
        let micros = ceil_micros(self.0);
        let step_micros = step.micros() as u128;
        let micros = if step_micros == 1 {
            micros
        } else if micros <= u64::MAX as u128 {
            ((micros as u64).div_ceil(step.micros() as u64) as u128).saturating_mul(step_micros)
        } else {
            micros.div_ceil(step_micros).saturating_mul(step_micros)
        };
        Self(micros.saturating_mul(MICRO))
    }

    /// The fee in dollars, rounded up to the 12 decimals a [`Usd`] holds.
    #[must_use]
    pub const fn to_usd_up(self) -> Usd {
        const PICO: u128 = 100_000_000_000_000;
        Usd::from_pico(self.0.div_ceil(PICO) as i128)
    }
}

/// ⌈x / 10^20⌉.
const fn ceil_micros(x: u128) -> u128 {
    x.div_ceil(MICRO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_goes_up_to_the_step_and_leaves_multiples_alone() {
        let tenth = ExactFee::from_units(MICRO / 10);
        assert_eq!(tenth.ceil_to(Step::MICRO), ExactFee::from_units(MICRO));
        assert_eq!(tenth.ceil_to(Step::CENT), ExactFee::from_units(10_000 * MICRO));
        let cent = ExactFee::from_units(10_000 * MICRO);
        assert_eq!(cent.ceil_to(Step::CENT), cent);
        assert_eq!(cent.to_usd_up(), Usd::CENT);
        assert_eq!(ExactFee::ZERO.ceil_to(Step::CENT), ExactFee::ZERO);
    }

    #[test]
    fn the_largest_inputs_saturate_instead_of_wrapping() {
        let most = UnitFee::from_units(u128::MAX).times(Quantity::MAX);
        assert_eq!(most.units(), u128::MAX);
        assert!(most.ceil_to(Step::CENT).units() > u128::MAX - 10_000 * MICRO);
    }
}

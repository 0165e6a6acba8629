//! Fees before rounding, exactly.

use arb_normalize::{Price, Quantity, Usd};

use super::kalshi::variance;
use super::{Rate, Step};

/// 10^20: one micro-dollar in units of 1e-26 dollars.
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
    #[inline]
    pub const fn from_units(units: u128) -> Self {
        const DOLLAR: u128 = MICRO;
        Self(if units < DOLLAR { units } else { DOLLAR })
    }

    /// rate · p(1 − p).
    #[inline]
    pub(crate) const fn quadratic(rate: Rate, price: Price) -> Self {
        // Below $0.25, so there is nothing to cap.
        Self(rate.units() as u128 * variance(price) as u128)
    }

    /// The largest rate at which the fee of a contract fits 64 bits at every price: 0.73 · 0.25 · 1e20 < 2^64.
    pub(crate) const SHORT_RATE: Rate = match Rate::from_units(73_000_000) {
        Some(rate) => rate,
        None => Rate::ZERO,
    };

    /// rate · p(1 − p) in units of 1e-20 dollars, for rates up to [`Self::SHORT_RATE`].
    #[inline]
    pub(crate) const fn quadratic_short(rate: Rate, price: Price) -> u64 {
        (rate.units() as u64).wrapping_mul(variance(price))
    }

    /// The fee of one contract in units of 1e-20 dollars.
    #[must_use]
    #[inline]
    pub const fn units(self) -> u128 {
        self.0
    }

    /// The fee of `size` contracts before rounding; exact, saturating beyond 3.4e12 dollars.
    #[must_use]
    #[inline]
    pub const fn times(self, size: Quantity) -> ExactFee {
        // $1 times 3.4e18 micro-contracts is the largest product that fits.
        const SAFE: u64 = 3_400_000_000_000_000_000;
        let micros = size.micros();
        let parts = if micros <= SAFE {
            self.0 * micros as u128
        } else {
            self.0.saturating_mul(micros as u128)
        };
        ExactFee { micros: 0, parts }
    }
}

/// A fee, or a sum of fees: whole micro-dollars and parts of 1e-26 dollars.
///
/// Rounded fees are whole micro-dollars and stay so without another division; exact ones are parts.
#[derive(Debug, Clone, Copy, Default)]
pub struct ExactFee {
    micros: u64,
    parts: u128,
}

impl ExactFee {
    /// No fee.
    pub const ZERO: Self = Self { micros: 0, parts: 0 };

    /// So many units of 1e-26 dollars.
    #[must_use]
    pub const fn from_units(units: u128) -> Self {
        Self { micros: 0, parts: units }
    }

    /// The fee in units of 1e-26 dollars, saturating.
    #[must_use]
    #[inline]
    pub const fn units(self) -> u128 {
        if self.micros == 0 {
            return self.parts;
        }
        self.parts.saturating_add((self.micros as u128).saturating_mul(MICRO))
    }

    /// The sum, saturating.
    #[must_use]
    #[inline]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            micros: self.micros.saturating_add(other.micros),
            parts: self.parts.saturating_add(other.parts),
        }
    }

    /// The fee rounded up to a multiple of `step`.
    #[must_use]
    #[inline]
    pub const fn ceil_to(self, step: Step) -> Self {
        // ⌈⌈x/a⌉/b⌉ = ⌈x/(ab)⌉ for whole numbers, so rounding to micro-dollars first changes nothing.
        let micros = self.micros.saturating_add(ceil_micros(self.parts));
        let step = step.micros() as u64;
        let micros = if step == 1 { micros } else { micros.div_ceil(step).saturating_mul(step) };
        Self { micros, parts: 0 }
    }

    /// The fee in dollars, rounded up to the 12 decimals a [`Usd`] holds.
    #[must_use]
    #[inline]
    pub const fn to_usd_up(self) -> Usd {
        const PICO: u128 = 100_000_000_000_000;
        let whole = self.micros as i128 * 1_000_000;
        if self.parts == 0 {
            return Usd::from_pico(whole);
        }
        Usd::from_pico(whole + self.parts.div_ceil(PICO) as i128)
    }
}

impl PartialEq for ExactFee {
    fn eq(&self, other: &Self) -> bool {
        self.units() == other.units()
    }
}

impl Eq for ExactFee {}

impl PartialOrd for ExactFee {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ExactFee {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.units().cmp(&other.units())
    }
}

/// ⌈x / 10^20⌉, at most 3.4e18.
#[inline]
pub(crate) const fn ceil_micros(x: u128) -> u64 {
    if x < SHORT_FEE { ceil_micros_short(x) } else { x.div_ceil(MICRO) as u64 }
}

/// 2^110 units of 1e-26 dollars: thirteen million dollars.
pub(crate) const SHORT_FEE: u128 = 1 << 110;

/// ⌈x / 10^20⌉ of an x below [`SHORT_FEE`].
///
/// Sizing divides by nothing else, so it is done by multiplying with a reciprocal. y = ⌊x/2^46⌋ fits 64 bits, and with
/// R = ⌊2^130/10^20⌋ the product y·R/2^84 is short of x/10^20 by less than 2^46/10^20 + y/2^84 < 2e-6, so it is the
/// quotient or one below. Of its fraction 20 bits are looked at: unless it is zero, or within 4/2^20 of one, it says
/// without the rest that the quotient is not whole and which one it is.
#[inline]
pub(crate) const fn ceil_micros_short(x: u128) -> u64 {
    const RECIPROCAL: u64 = 13_611_294_676_837_538_538;
    const FRACTION: u64 = 0xf_ffff;
    let y = (x >> 46) as u64;
    let near = ((y as u128 * RECIPROCAL as u128) >> 64) as u64;
    let estimate = near >> 20;
    if (near & FRACTION).wrapping_sub(1) < FRACTION - 4 {
        return estimate + 1;
    }
    ceil_near(x, estimate)
}

/// ⌈x / 10^20⌉ from its quotient or one below.
#[cold]
const fn ceil_near(x: u128, estimate: u64) -> u64 {
    let rest = x - estimate as u128 * MICRO;
    estimate + (rest > 0) as u64 + (rest > MICRO) as u64
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
    fn the_reciprocal_divides_like_a_division() {
        let mut x: u128 = 1;
        let mut tried = vec![0, u128::MAX, u128::MAX - 1];
        for _ in 0..3_000 {
            x = x.wrapping_mul(0xda94_2042_e4dd_58b5_9e37_79b9_7f4a_7c15).rotate_left(29) | 1;
            let shifted = x >> (x % 128);
            let multiple = shifted / MICRO * MICRO;
            tried.extend([shifted, multiple, multiple + 1, multiple.saturating_sub(1)]);
        }
        for x in tried {
            assert_eq!(u128::from(ceil_micros(x)), x.div_ceil(MICRO), "{x}");
        }
    }

    #[test]
    fn the_largest_inputs_saturate_instead_of_wrapping() {
        let most = UnitFee::from_units(u128::MAX).times(Quantity::MAX);
        assert_eq!(most.units(), u128::MAX);
        assert!(most.ceil_to(Step::CENT) >= most);
        assert_eq!(most.plus(most).units(), u128::MAX);
    }
}

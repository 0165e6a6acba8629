//! What is paid on top of the displayed book.

/// What is expected to be paid on top of the displayed book, in dollars per contract.
///
/// Every implementation is zero for no size, never negative, and does not fall when size or volatility rise.
pub trait ImpactModel {
    /// `depth_share` is the size as a share of the believed depth; `volatility_factor` is how far the price moves, in
    /// dollars, while the market trades that depth once.
    fn impact(&self, depth_share: f64, volatility_factor: f64) -> f64;
}

/// (linear · x + sqrt_coeff · √x) · volatility_factor.
///
/// | coefficient | default | source |
/// |---|---|---|
/// | `sqrt_coeff` | 0.5 | the Y of the square-root law, I = Y·σ·√(Q/V), is 0.5 to 1 (exponent 0.489 ± 0.0015: Sato & Kanazawa, arXiv 2411.13965); the low end, because the walk is counted apart |
/// | `linear` | 0.15 | half of the permanent impact 0.314 of Almgren, Thum, Hauptmann & Li (2005) |
///
/// Both are without unit; [`calibrate`](crate::calibrate) fits them to recorded books.
///
/// Worked: a fifth of the depth with a factor of half a cent: (0.15 · 0.2 + 0.5 · √0.2) · $0.005 = $0.00127.
///
/// ```
/// use arb_risk::slippage::{ImpactModel, SquareRootImpact};
/// assert!((SquareRootImpact::default().impact(0.2, 0.005) - 0.001_268_034).abs() < 1e-9);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SquareRootImpact {
    /// The weight of x.
    pub linear: f64,
    /// The weight of √x.
    pub sqrt_coeff: f64,
}

impl Default for SquareRootImpact {
    fn default() -> Self {
        Self { linear: 0.15, sqrt_coeff: 0.5 }
    }
}

impl ImpactModel for SquareRootImpact {
    fn impact(&self, depth_share: f64, volatility_factor: f64) -> f64 {
        (self.linear * depth_share + self.sqrt_coeff * depth_share.sqrt()) * volatility_factor
    }
}

/// No impact beyond the walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NoImpact;

impl ImpactModel for NoImpact {
    fn impact(&self, _depth_share: f64, _volatility_factor: f64) -> f64 {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The contract of the seam, over every implementation.
    #[test]
    fn every_model_is_zero_for_nothing_and_never_falls() {
        let models: [&dyn ImpactModel; 2] = [&SquareRootImpact::default(), &NoImpact];
        for model in models {
            assert_eq!(model.impact(0.0, 0.01), 0.0);
            let grid = [0.0, 0.01, 0.1, 0.5, 1.0, 4.0];
            for pair in grid.windows(2) {
                assert!(model.impact(pair[1], 0.01) >= model.impact(pair[0], 0.01));
                assert!(model.impact(0.3, pair[1]) >= model.impact(0.3, pair[0]));
                assert!(model.impact(pair[0], 0.01) >= 0.0);
            }
        }
    }
}

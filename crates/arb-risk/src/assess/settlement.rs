//! How often two venues settled the same contract differently.

/// Settled pairs of a series: how often the venues agreed and how often they did not.
///
/// The estimate is the mean of a Beta distribution that starts at 3 % with the weight of 16⅔ pairs:
/// ε = (½ + diverged)/(16⅔ + pairs). Measured series lie far apart (no divergence in 807 baseball games; 6 % of
/// quarter-hour crypto markets, whose venues use different price indices), so give each series its own record.
///
/// ```
/// use arb_risk::assess::SettlementRecord;
/// assert!((SettlementRecord::default().divergence() - 0.03).abs() < 1e-12);
/// assert!(SettlementRecord { agreed: 807, diverged: 0 }.divergence() < 0.001);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SettlementRecord {
    /// Pairs that both venues settled alike.
    pub agreed: u32,
    /// Pairs that they settled differently.
    pub diverged: u32,
}

impl SettlementRecord {
    const PRIOR_DIVERGED: f64 = 0.5;
    const PRIOR_PAIRS: f64 = 0.5 / 0.03;

    /// ε, the probability that the next pair diverges.
    #[must_use]
    pub fn divergence(self) -> f64 {
        let pairs = f64::from(self.agreed) + f64::from(self.diverged);
        (Self::PRIOR_DIVERGED + f64::from(self.diverged)) / (Self::PRIOR_PAIRS + pairs)
    }

    /// How many pairs must have agreed, none diverged, for ε to be at most `divergence`; `None` when no number suffices.
    #[must_use]
    pub fn agreed_for(divergence: f64) -> Option<u32> {
        let needed = (Self::PRIOR_DIVERGED / divergence - Self::PRIOR_PAIRS).ceil().max(0.0);
        (needed.is_finite() && divergence > 0.0 && needed <= f64::from(u32::MAX))
            .then_some(needed as u32)
    }
}

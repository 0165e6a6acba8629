//! Expected losses and the score they make.

use arb_normalize::Usd;

/// The score of a trade that exactly breaks even after its risks: 100 · (1 − 1/e), rounded to the nearest `f64`.
pub const BREAK_EVEN_SCORE: f64 = 63.212_055_882_855_77;

/// What a trade is expected to lose, by cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum LossKind {
    /// Slippage beyond the displayed book.
    Impact,
    /// Movement between decision and match.
    Timing,
    /// One order fills, the next does not.
    Leg,
    /// A reported fill never settles.
    Ghost,
    /// Capital that could earn elsewhere.
    Carry,
    /// Leaving the position early.
    EarlyExit,
    /// Too much in one event.
    Concentration,
    /// The venues settle differently.
    Divergence,
    /// A settlement is overturned.
    Dispute,
    /// A venue does not pay out.
    Custody,
}

/// What the loss depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// Getting into the position.
    Execution,
    /// Holding it.
    Market,
    /// Being paid for it.
    Platform,
}

impl LossKind {
    /// Every kind, in order.
    pub const ALL: [Self; 10] = [
        Self::Impact,
        Self::Timing,
        Self::Leg,
        Self::Ghost,
        Self::Carry,
        Self::EarlyExit,
        Self::Concentration,
        Self::Divergence,
        Self::Dispute,
        Self::Custody,
    ];

    /// The category it counts in.
    #[must_use]
    pub const fn category(self) -> Category {
        match self {
            Self::Impact | Self::Timing | Self::Leg | Self::Ghost => Category::Execution,
            Self::Carry | Self::EarlyExit | Self::Concentration => Category::Market,
            Self::Divergence | Self::Dispute | Self::Custody => Category::Platform,
        }
    }

    /// The lower-case word of output and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Impact => "impact",
            Self::Timing => "timing",
            Self::Leg => "leg",
            Self::Ghost => "ghost",
            Self::Carry => "carry",
            Self::EarlyExit => "early_exit",
            Self::Concentration => "concentration",
            Self::Divergence => "divergence",
            Self::Dispute => "dispute",
            Self::Custody => "custody",
        }
    }
}

impl std::fmt::Display for LossKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// Expected losses in dollars, one for each [`LossKind`], never negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Losses([Usd; LossKind::ALL.len()]);

impl Losses {
    /// The loss of a kind.
    #[must_use]
    pub const fn get(&self, kind: LossKind) -> Usd {
        self.0[kind as usize]
    }

    /// Sets the loss of a kind; below zero counts as zero.
    pub fn set(&mut self, kind: LossKind, loss: Usd) {
        self.0[kind as usize] = loss.max(Usd::ZERO);
    }

    /// All losses together.
    #[must_use]
    pub fn total(&self) -> Usd {
        self.0.iter().copied().sum()
    }

    /// The losses of a category together.
    #[must_use]
    pub fn of_category(&self, category: Category) -> Usd {
        self.iter().filter(|(kind, _)| kind.category() == category).map(|(_, loss)| loss).sum()
    }

    /// Kinds and losses, in order.
    pub fn iter(&self) -> impl Iterator<Item = (LossKind, Usd)> + '_ {
        LossKind::ALL.into_iter().map(|kind| (kind, self.get(kind)))
    }

    /// The largest loss, `None` when there is none at all.
    #[must_use]
    pub fn largest(&self) -> Option<(LossKind, Usd)> {
        self.iter().filter(|(_, loss)| loss.is_positive()).max_by_key(|(_, loss)| *loss)
    }
}

/// 100 · (1 − e^(−loss/net)): 0 without a loss, [`BREAK_EVEN_SCORE`] when the loss equals the net profit, towards 100
/// beyond; 100 when there is no net profit.
///
/// Where the nearest `f64` would fall on the wrong side of break-even, the next one on the right side is returned:
/// `score < BREAK_EVEN_SCORE` exactly when `loss < net`.
///
/// ```
/// use arb_normalize::Usd;
/// use arb_risk::assess::{score, BREAK_EVEN_SCORE};
/// assert_eq!(score(Usd::DOLLAR, Usd::DOLLAR), BREAK_EVEN_SCORE);
/// assert_eq!(score(Usd::ZERO, Usd::DOLLAR), 0.0);
/// assert!((score(Usd::CENT, Usd::DOLLAR) - 0.995_016_6).abs() < 1e-6);
/// ```
#[must_use]
pub fn score(loss: Usd, net: Usd) -> f64 {
    if !net.is_positive() {
        return 100.0;
    }
    let loss = loss.max(Usd::ZERO);
    let near = -100.0 * (-loss.to_f64_lossy() / net.to_f64_lossy()).exp_m1();
    match loss.cmp(&net) {
        std::cmp::Ordering::Less => near.min(BREAK_EVEN_SCORE.next_down()),
        std::cmp::Ordering::Equal => BREAK_EVEN_SCORE,
        std::cmp::Ordering::Greater => near.max(BREAK_EVEN_SCORE.next_up()),
    }
}

/// An estimate in dollars rounded up to $0.000001, never negative; `None` for what is no number or beyond 9e12 dollars.
pub(super) fn dollars_up(estimate: f64) -> Option<Usd> {
    const MOST: f64 = 9.0e18;
    let micros = (estimate * 1e6).ceil();
    if !micros.is_finite() || micros > MOST {
        return None;
    }
    Some(Usd::from_micros(micros.max(0.0) as i64))
}

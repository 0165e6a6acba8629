//! Slippage coefficients from recorded books, without any fills of one's own.
//!
//! At times t and for several sizes q one asks what the same order would have cost a latency ℓ later:
//! y = (cost of q in the book at t + ℓ − cost of q in the book at t)/q, which is what the displayed book did not say. The
//! mean of y is fitted by (linear · x + sqrt_coeff · √x) · σ√h, neither coefficient below zero, and the factor k by which
//! σ√ℓ must be multiplied so that nine in ten y lie below. Both are fitted to the first 60 % of each recording and judged
//! on the rest.

use std::time::Duration;

use arb_normalize::{Book, Ladder, Outcome, Price, Quantity, Timestamp};

use crate::RiskError;
use crate::slippage::{ImpactModel, LegLiquidity, SlippageModel, SquareRootImpact, contracts};
use crate::volatility::{Blended, VolatilityModel};

/// The book of one market at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedBook {
    /// When it was received.
    pub at: Timestamp,
    /// Its levels.
    pub book: Book,
}

/// How to calibrate.
#[derive(Debug, Clone, PartialEq)]
pub struct CalibrateConfig {
    /// Latencies that were measured; they are used in turn. Default 50, 150 and 500 ms.
    pub latencies: Vec<Duration>,
    /// Sizes to ask for, as shares of the best level. Default ¼, ½, 1, 2 and 4.
    pub sizes: Vec<f64>,
    /// The least time between two questions. Default one second.
    pub spacing: Duration,
    /// The smallest step of the price, dollars. Default 0.01.
    pub tick: f64,
    /// The least number of answers to fit to. Default 200.
    pub min_observations: usize,
}

impl Default for CalibrateConfig {
    fn default() -> Self {
        Self {
            latencies: [50, 150, 500].map(Duration::from_millis).to_vec(),
            sizes: vec![0.25, 0.5, 1.0, 2.0, 4.0],
            spacing: Duration::from_secs(1),
            tick: 0.01,
            min_observations: 200,
        }
    }
}

/// Fitted coefficients, and how they did on the part of the recordings they were not fitted to.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Calibration {
    /// Impact beyond the displayed book.
    pub impact: SquareRootImpact,
    /// How many σ√latency cover nine answers in ten.
    pub timing_k: f64,
    /// Answers fitted to.
    pub fitted: usize,
    /// Answers held out.
    pub held_out: usize,
    /// Share of questions whose size the later book no longer held; they have no answer.
    pub unfilled: f64,
    /// Mean of answer minus fitted impact over the answers held out, dollars per contract; above zero the fit promises
    /// too little.
    pub bias: f64,
    /// Share of the answers held out that lie below impact plus k·σ√latency; 0.9 was asked for.
    pub coverage: f64,
    /// Mean absolute error over the answers held out, dollars per contract.
    pub error: f64,
    /// The same for a model without impact: the fit is worth having where its error is smaller.
    pub error_without: f64,
}

/// One answer.
#[derive(Debug, Clone, Copy)]
struct Answer {
    /// Dollars per contract.
    cost: f64,
    depth_share: f64,
    /// σ√h, dollars.
    factor: f64,
    /// σ√ℓ, dollars.
    noise: f64,
}

/// Fits slippage coefficients to recordings, each of one market in order of time.
///
/// ```
/// use arb_normalize::{Book, Level, Timestamp};
/// use arb_risk::calibrate::{CalibrateConfig, RecordedBook, calibrate};
/// // A book that never moves: there is no impact to be found.
/// let mut book = Book::new();
/// book.replace(
///     &[Level::new("0.48".parse()?, "100".parse()?)],
///     &[Level::new("0.50".parse()?, "100".parse()?), Level::new("0.51".parse()?, "900".parse()?)],
/// );
/// let recording: Vec<RecordedBook> = (1..300)
///     .filter_map(|second| Timestamp::from_millis(second * 1_000))
///     .map(|at| RecordedBook { at, book: book.clone() })
///     .collect();
/// let fit = calibrate(&[recording], &CalibrateConfig::default())?;
/// assert_eq!((fit.impact.linear, fit.impact.sqrt_coeff, fit.bias, fit.coverage), (0.0, 0.0, 0.0, 1.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// When there are too few answers, or no latency or size is given.
pub fn calibrate(
    recordings: &[Vec<RecordedBook>],
    config: &CalibrateConfig,
) -> Result<Calibration, RiskError> {
    if config.latencies.is_empty() || config.sizes.is_empty() {
        return Err(RiskError::Parameter {
            what: "calibration plan",
            value: format!("{} latencies and {} sizes", config.latencies.len(), config.sizes.len()),
            expected: "at least one of each",
        });
    }
    let (mut fit, mut judge) = (Vec::new(), Vec::new());
    let (mut asked, mut answered) = (0_usize, 0_usize);
    for recording in recordings {
        let (answers, questions) = ask(recording, config);
        asked += questions;
        answered += answers.len();
        let (first, rest) = answers.split_at(answers.len() * 3 / 5);
        fit.extend_from_slice(first);
        judge.extend_from_slice(rest);
    }
    let needed = config.min_observations.max(1);
    if fit.len() < needed || judge.is_empty() {
        return Err(RiskError::TooFewObservations { found: fit.len(), needed });
    }
    let impact = fit_impact(&fit);
    let residual = |answer: &Answer| answer.cost - impact.impact(answer.depth_share, answer.factor);
    let timing_k = quantile(
        fit.iter().filter(|answer| answer.noise > 0.0).map(|a| residual(a) / a.noise).collect(),
        0.9,
    )
    .max(0.0);
    let count = judge.len() as f64;
    let mean = |value: &dyn Fn(&Answer) -> f64| judge.iter().map(value).sum::<f64>() / count;
    Ok(Calibration {
        impact,
        timing_k,
        fitted: fit.len(),
        held_out: judge.len(),
        unfilled: 1.0 - answered as f64 / asked.max(1) as f64,
        bias: mean(&residual),
        coverage: mean(&|answer| {
            f64::from(u8::from(residual(answer) <= timing_k * answer.noise + 1e-12))
        }),
        error: mean(&|answer| residual(answer).abs()),
        error_without: mean(&|answer| answer.cost.abs()),
    })
}

/// Questions and answers of one recording, in order of time.
fn ask(recording: &[RecordedBook], config: &CalibrateConfig) -> (Vec<Answer>, usize) {
    let mut volatility = Blended::new(config.tick);
    let (mut answers, mut asked, mut turn) = (Vec::new(), 0, 0);
    let mut last: Option<Timestamp> = None;
    for (index, now) in recording.iter().enumerate() {
        let Some(mid) = mid(&now.book) else { continue };
        volatility.recent.observe(now.at, mid);
        if now.book.is_crossed() || last.is_some_and(|last| now.at.since(last) < config.spacing) {
            continue;
        }
        last = Some(now.at);
        let sigma = volatility.volatility(mid, None);
        for outcome in [Outcome::Yes, Outcome::No] {
            let latency = config.latencies[turn % config.latencies.len()];
            turn += 1;
            let Some(later) = book_after(&recording[index..], now.at, latency) else {
                return (answers, asked);
            };
            for share in &config.sizes {
                let Some(quantity) = share_of(now.book.buy(outcome), *share) else { continue };
                asked += 1;
                answers.extend(answer(now, later, outcome, quantity, sigma, latency, config));
            }
        }
    }
    (answers, asked)
}

fn answer(
    now: &RecordedBook,
    later: &RecordedBook,
    outcome: Outcome,
    quantity: Quantity,
    sigma: f64,
    latency: Duration,
    config: &CalibrateConfig,
) -> Option<Answer> {
    let ladder = now.book.buy(outcome);
    let before = ladder.cost_of(quantity)?;
    let after = later.book.buy(outcome).cost_of(quantity)?;
    let estimate = SlippageModel::default().estimate(&LegLiquidity {
        ladder,
        quantity,
        half_spread: 0.0,
        tick: config.tick,
        haircut: 1.0,
        traded_per_second: None,
        volatility: sigma,
        latency,
        age: Duration::ZERO,
        continuous: true,
        edge: config.tick,
    });
    let found = Answer {
        cost: (after - before).to_f64_lossy() / contracts(quantity),
        depth_share: estimate.depth_share,
        factor: sigma * 60.0_f64.sqrt(),
        noise: sigma * latency.as_secs_f64().sqrt(),
    };
    (found.cost.is_finite() && found.depth_share.is_finite()).then_some(found)
}

/// The last book that was received by `from + latency`; `None` when the recording ends before.
fn book_after(rest: &[RecordedBook], from: Timestamp, latency: Duration) -> Option<&RecordedBook> {
    let due = rest.partition_point(|book| book.at.since(from) <= latency);
    if due == rest.len() { None } else { rest[..due].last() }
}

fn mid(book: &Book) -> Option<f64> {
    let (bid, ask) = (book.best_bid()?.price.micros(), book.best_ask()?.price.micros());
    Some(f64::from(bid + ask) / 2.0 / f64::from(Price::SCALE))
}

/// A share of the best level, at least one contract and whole.
fn share_of(ladder: Ladder<'_>, share: f64) -> Option<Quantity> {
    let touch = contracts(ladder.best()?.size);
    Quantity::from_contracts((touch * share).max(1.0) as u64)
}

/// Least squares of the cost on (x·f, √x·f) with neither coefficient below zero: of two coefficients that is the
/// unconstrained solution where both are, else the better of the two on one alone.
fn fit_impact(answers: &[Answer]) -> SquareRootImpact {
    let (mut aa, mut ab, mut bb, mut ay, mut by) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for answer in answers {
        let a = answer.depth_share * answer.factor;
        let b = answer.depth_share.sqrt() * answer.factor;
        aa += a * a;
        ab += a * b;
        bb += b * b;
        ay += a * answer.cost;
        by += b * answer.cost;
    }
    let alone = |own: f64, with: f64| if own > 0.0 { (with / own).max(0.0) } else { 0.0 };
    let determinant = aa * bb - ab * ab;
    let linear = (ay * bb - by * ab) / determinant;
    let sqrt_coeff = (by * aa - ay * ab) / determinant;
    if linear.is_finite() && sqrt_coeff.is_finite() && linear >= 0.0 && sqrt_coeff >= 0.0 {
        return SquareRootImpact { linear, sqrt_coeff };
    }
    let only_linear = SquareRootImpact { linear: alone(aa, ay), sqrt_coeff: 0.0 };
    let only_sqrt = SquareRootImpact { linear: 0.0, sqrt_coeff: alone(bb, by) };
    // What each explains of the squares.
    let explains =
        |coefficient: f64, own: f64, with: f64| coefficient * (2.0 * with - coefficient * own);
    if explains(only_linear.linear, aa, ay) > explains(only_sqrt.sqrt_coeff, bb, by) {
        only_linear
    } else {
        only_sqrt
    }
}

/// The value below which that share of the values lies; zero of none.
fn quantile(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let place = (values.len() as f64 * share).ceil() as usize;
    values.get(place.saturating_sub(1)).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arb_normalize::Level;

    fn answers(linear: f64, sqrt_coeff: f64, noise: f64) -> Vec<Answer> {
        let truth = SquareRootImpact { linear, sqrt_coeff };
        (0..1_000)
            .map(|step| {
                let depth_share = f64::from(step % 50) / 50.0;
                let factor = 0.003 + f64::from(step % 7) / 1_000.0;
                let sign = if step % 2 == 0 { 1.0 } else { -1.0 };
                let cost = truth.impact(depth_share, factor) + sign * noise;
                Answer { cost, depth_share, factor, noise: 0.001 }
            })
            .collect()
    }

    #[test]
    fn known_coefficients_are_found_again() {
        for (linear, sqrt_coeff) in [(0.2, 0.4), (0.0, 0.7), (0.9, 0.0)] {
            let found = fit_impact(&answers(linear, sqrt_coeff, 0.0));
            assert!((found.linear - linear).abs() < 1e-9, "{found:?}");
            assert!((found.sqrt_coeff - sqrt_coeff).abs() < 1e-9, "{found:?}");
        }
        let found = fit_impact(&answers(-0.3, -0.2, 0.0));
        assert_eq!((found.linear, found.sqrt_coeff), (0.0, 0.0), "never below zero");
        let found = fit_impact(&answers(-0.3, 0.9, 0.0001));
        assert!(found.linear == 0.0 && found.sqrt_coeff > 0.5, "{found:?}");
    }

    #[test]
    fn quantiles_count_from_below() {
        assert_eq!(quantile(vec![3.0, 1.0, 2.0], 0.5), 2.0);
        assert_eq!(quantile((1..=10).map(f64::from).collect(), 0.9), 9.0);
        assert_eq!(quantile(Vec::new(), 0.9), 0.0);
    }

    /// A book whose ask rises by a tick whenever half a second has passed, and falls back after a second.
    fn sawtooth(seconds: i64) -> Vec<RecordedBook> {
        (1..seconds * 2)
            .map(|half| {
                let cents = if half % 2 == 0 { 50 } else { 51 };
                let mut book = Book::new();
                let level = |cents: u32, size: &str| {
                    Level::new(Price::from_cents(cents).unwrap(), size.parse().unwrap())
                };
                book.replace(
                    &[level(48, "50"), level(47, "500")],
                    &[level(cents, "50"), level(cents + 1, "500")],
                );
                RecordedBook { at: Timestamp::from_millis(half * 500).unwrap(), book }
            })
            .collect()
    }

    #[test]
    fn a_move_between_question_and_answer_is_seen() {
        let config = CalibrateConfig {
            latencies: vec![Duration::from_millis(500)],
            ..CalibrateConfig::default()
        };
        // Asked at odd halves only (one second apart), when the ask is at 51 cents and about to fall to 50.
        let fit = calibrate(&[sawtooth(400)], &config).unwrap();
        assert_eq!(fit.impact.sqrt_coeff, 0.0, "what gets cheaper has no impact");
        assert!(fit.bias < -0.004, "{fit:?}");
        assert!(fit.coverage > 0.99 && fit.unfilled < 1e-9);
        assert!(fit.error > 0.0 && (fit.error - fit.error_without).abs() < 1e-12);
        assert_eq!(fit.fitted + fit.held_out, 399 * 2 * 5);
    }

    #[test]
    fn too_little_is_refused() {
        let config = CalibrateConfig::default();
        assert!(matches!(
            calibrate(&[sawtooth(10)], &config),
            Err(RiskError::TooFewObservations { needed: 200, .. })
        ));
        assert!(calibrate(&[], &config).is_err());
        let nothing = CalibrateConfig { sizes: Vec::new(), ..config };
        assert!(calibrate(&[sawtooth(400)], &nothing).is_err());
    }
}

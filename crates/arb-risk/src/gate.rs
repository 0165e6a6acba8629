//! Whether an order may go out.
//!
//! A [`Gate`] runs its rules in order, cheapest first, and all of them: a [`Denied`] names every rule that failed with
//! the figures. What passes is [`Approved`], which nothing but a gate can make:
//!
//! ```compile_fail
//! let forged = arb_risk::gate::Approved { opportunity: todo!(), intent: todo!() };
//! ```
//!
//! Sizing and assessing work without a gate. Defaults stand at the fields of [`RiskLimits`]; the two that the
//! environment names, `MAX_POSITION_SIZE` and `MAX_RISK_SCORE`, win over the others.

mod failure;
mod input;
mod kill_switch;
mod limits;
mod rules;

use arb_normalize::Opportunity;
use arrayvec::ArrayVec;

pub use failure::{Failure, RuleName};
pub use input::{Account, GateInput, Intent, LegState, PairStatus};
pub use kill_switch::{KillSwitch, TradingState};
pub use limits::RiskLimits;

/// The most failures a denial lists.
pub const MAX_FAILURES: usize = 32;

/// Failures in the order of the rules. What exceeds [`MAX_FAILURES`] is dropped; the denial stands.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Failures(ArrayVec<Failure, MAX_FAILURES>);

impl Failures {
    /// Adds a failure.
    pub fn push(&mut self, failure: Failure) {
        let _full = self.0.try_push(failure);
    }
}

/// One condition an order must meet.
///
/// A rule pushes one failure for each figure out of bounds. It reads nothing but its input: no clock, no I/O.
pub trait Rule: Send + Sync {
    /// Checks an order.
    fn check(&self, input: &GateInput<'_>, limits: &RiskLimits, failures: &mut Failures);

    /// Whether orders that reduce a position must meet it too.
    fn binds_reducing(&self) -> bool {
        false
    }
}

/// The rules an order must pass.
///
/// ```
/// use arb_risk::gate::{Gate, RiskLimits};
/// let limits = RiskLimits { max_position_size: "500".parse()?, ..RiskLimits::default() };
/// let gate = Gate::new(limits);
/// assert_eq!(gate.limits().max_risk_score, 50.0);
/// # Ok::<(), arb_normalize::ParseFixedError>(())
/// ```
pub struct Gate {
    limits: RiskLimits,
    own: Vec<Box<dyn Rule>>,
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gate")
            .field("limits", &self.limits)
            .field("own", &self.own.len())
            .finish_non_exhaustive()
    }
}

impl Gate {
    /// The standard rules under these limits.
    #[must_use]
    pub fn new(limits: RiskLimits) -> Self {
        Self { limits, own: Vec::new() }
    }

    /// The same with a rule of your own, checked after the standard ones.
    #[must_use]
    pub fn with_rule(mut self, rule: Box<dyn Rule>) -> Self {
        self.own.push(rule);
        self
    }

    /// The limits.
    #[must_use]
    pub const fn limits(&self) -> &RiskLimits {
        &self.limits
    }

    /// The state that the losses of an account ask the kill switch for: [`TradingState::Halted`] beyond
    /// `halt_drawdown`, [`TradingState::ReduceOnly`] beyond `max_drawdown` or `max_day_loss`. Losses of unknown equity
    /// ask for nothing. Hand it to [`KillSwitch::pull`].
    #[must_use]
    pub fn required_state(&self, account: &Account) -> TradingState {
        rules::required_state(account, &self.limits)
    }

    /// Checks an order.
    ///
    /// # Errors
    /// Every rule that failed, in order, with the figures.
    #[allow(
        clippy::result_large_err,
        reason = "denials are the ordinary answer and must not allocate"
    )]
    pub fn check<'a>(&self, input: &GateInput<'a>) -> Result<Approved<'a>, Denied> {
        let mut failures = Failures::default();
        let standard = rules::STANDARD.iter().copied();
        for rule in standard.chain(self.own.iter().map(AsRef::as_ref)) {
            if input.intent == Intent::Open || rule.binds_reducing() {
                rule.check(input, &self.limits, &mut failures);
            }
        }
        if failures.0.is_empty() {
            Ok(Approved { opportunity: input.opportunity, intent: input.intent })
        } else {
            Err(Denied { failures })
        }
    }
}

/// An order that passed every rule of a gate.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "an approval that is not acted on should not have been asked for"]
pub struct Approved<'a> {
    opportunity: &'a Opportunity,
    intent: Intent,
}

impl<'a> Approved<'a> {
    /// What may be traded.
    #[must_use]
    pub const fn opportunity(&self) -> &'a Opportunity {
        self.opportunity
    }

    /// Whether it opens or reduces a position.
    #[must_use]
    pub const fn intent(&self) -> Intent {
        self.intent
    }
}

/// An order that failed at least one rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Denied {
    failures: Failures,
}

impl Denied {
    /// What failed, in the order of the rules.
    #[must_use]
    pub fn failures(&self) -> &[Failure] {
        &self.failures.0
    }
}

impl std::fmt::Display for Denied {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("denied: ")?;
        for (index, failure) in self.failures().iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{failure}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Denied {}

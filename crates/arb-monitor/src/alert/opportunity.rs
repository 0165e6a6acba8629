//! Which opportunities are worth an alert.

use std::time::Duration;

use rust_decimal::Decimal;

use super::model::{AlertKind, Severity, Signal};

/// An opportunity as far as an alert needs it. Shares are fractions: 0.02 is 2 %.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpportunityFacts {
    /// The pair; the alert's identity.
    pub pair: String,
    /// Guaranteed profit after fees, in dollars.
    pub net_usd: Decimal,
    /// Profit after fees and expected losses, by the capital it takes.
    pub return_after_risk: Decimal,
    /// The same a year, until the capital is back; `None` when the date is unknown.
    pub return_per_year: Option<Decimal>,
    /// How to take it, in words.
    pub details: String,
}

impl OpportunityFacts {
    /// The facts of an opportunity whose capital comes back at an unknown date.
    #[must_use]
    pub fn new(pair: impl Into<String>, net_usd: Decimal, return_after_risk: Decimal) -> Self {
        Self {
            pair: pair.into(),
            net_usd,
            return_after_risk,
            return_per_year: None,
            details: String::new(),
        }
    }

    /// Sets the return a year.
    #[must_use]
    pub fn per_year(mut self, share: Decimal) -> Self {
        self.return_per_year = Some(share);
        self
    }

    /// Sets how to take it.
    #[must_use]
    pub fn with_details(mut self, details: impl Into<String>) -> Self {
        self.details = details.into();
        self
    }
}

/// Limits for the alert `HighValueOpportunity`. All must be met.
///
/// ```
/// use arb_monitor::alert::{OpportunityAlert, OpportunityFacts, Severity};
/// use rust_decimal::Decimal;
///
/// let rule = OpportunityAlert::default();
/// let facts = OpportunityFacts::new("worldcup-26-gb", Decimal::new(12_40, 2), Decimal::new(31, 3));
/// assert_eq!(rule.signal(&facts).unwrap().severity, Severity::Medium); // 3.1 %
/// let crumbs = OpportunityFacts::new("worldcup-26-gb", Decimal::new(4, 1), Decimal::new(31, 3));
/// assert!(rule.signal(&crumbs).is_none()); // $0.40
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpportunityAlert {
    /// Least return after risk. Default: 0.02.
    pub return_min: Decimal,
    /// Least profit after fees in dollars. Default: 0.50.
    pub net_usd_min: Decimal,
    /// Least return a year, where it is known. Default: 0.08.
    pub return_per_year_min: Decimal,
    /// From this return on it is MEDIUM. Default: 0.03.
    pub medium_return: Decimal,
    /// From this return on it is HIGH. Default: 0.05.
    pub high_return: Decimal,
    /// From this profit in dollars on it is HIGH. Default: 1,000.
    pub high_net_usd: Decimal,
    /// The alert ends when it was not raised again for this long. Default: 30 s.
    pub expires_after: Duration,
}

impl Default for OpportunityAlert {
    fn default() -> Self {
        Self {
            return_min: Decimal::new(2, 2),
            net_usd_min: Decimal::new(50, 2),
            return_per_year_min: Decimal::new(8, 2),
            medium_return: Decimal::new(3, 2),
            high_return: Decimal::new(5, 2),
            high_net_usd: Decimal::from(1_000),
            expires_after: Duration::from_secs(30),
        }
    }
}

impl OpportunityAlert {
    /// The signal for an opportunity, if it is worth one.
    #[must_use]
    pub fn signal(&self, facts: &OpportunityFacts) -> Option<Signal> {
        let enough = facts.return_after_risk >= self.return_min
            && facts.net_usd >= self.net_usd_min
            && facts.return_per_year.is_none_or(|share| share >= self.return_per_year_min);
        if !enough {
            return None;
        }
        let severity =
            if facts.return_after_risk >= self.high_return || facts.net_usd >= self.high_net_usd {
                Severity::High
            } else if facts.return_after_risk >= self.medium_return {
                Severity::Medium
            } else {
                Severity::Low
            };
        let percent = (facts.return_after_risk * Decimal::ONE_HUNDRED).round_dp(2).normalize();
        let net = facts.net_usd.round_dp(2);
        let summary = format!("{}: ${net:.2} net, {percent} % after risk", facts.pair);
        let signal = Signal::new("HighValueOpportunity", AlertKind::Opportunity, severity, summary)
            .with_label("pair", &facts.pair)
            .with_details(&facts.details)
            .with_runbook("high-value-opportunity")
            .expires_after(self.expires_after);
        Some(signal)
    }
}

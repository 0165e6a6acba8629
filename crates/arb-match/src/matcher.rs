//! The matcher that compares terms.

use arb_normalize::Market;

use crate::judgement::{Judgement, Matcher};
use crate::proposition::Proposition;

/// Takes both markets' texts apart and compares them term by term. For many comparisons read each market once
/// ([`Proposition::read`]) and compare the propositions.
#[derive(Debug, Clone, Copy, Default)]
pub struct TermMatcher;

impl Matcher for TermMatcher {
    fn judge(&self, kalshi: &Market, polymarket: &Market) -> Judgement {
        Proposition::read(kalshi).judge(&Proposition::read(polymarket))
    }
}

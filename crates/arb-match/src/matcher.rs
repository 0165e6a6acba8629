//! The matcher that compares terms.

use arb_normalize::Market;

use crate::compare::compare;
use crate::judgement::{Judgement, Matcher};
use crate::reading::Reading;

/// Takes both markets' texts apart and compares them term by term.
#[derive(Debug, Clone, Copy, Default)]
pub struct TermMatcher;

impl Matcher for TermMatcher {
    fn judge(&self, kalshi: &Market, polymarket: &Market) -> Judgement {
        compare(&Reading::of(kalshi), &Reading::of(polymarket))
    }
}

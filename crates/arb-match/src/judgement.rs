//! What a comparison of two markets says, and the seam behind which it is made.

use arb_normalize::{Market, Relation};
use serde::{Deserialize, Serialize};

/// How sure a judgement is. Nothing here is permission to trade: that is an operator's approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Verdict {
    /// Equal or complement, nothing contradicts, and every critical term was found on both sides.
    Probable,
    /// Same subject, outcome and family of predicate, with a term missing.
    Candidate,
    /// Everything else.
    Rejected,
}

impl Verdict {
    /// The lower-case word of files and output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Probable => "probable",
            Self::Candidate => "candidate",
            Self::Rejected => "rejected",
        }
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// What a difference does to a judgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DifferenceKind {
    /// The terms contradict: a veto.
    Contradiction,
    /// One side does not say: the pair cannot be probable.
    Missing,
    /// One side says more than the other: it may imply it.
    Narrower,
    /// The rules could pay differently in a rare case; listed, not counted.
    Caveat,
}

impl DifferenceKind {
    /// The lower-case word of files and output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Contradiction => "contradiction",
            Self::Missing => "missing",
            Self::Narrower => "narrower",
            Self::Caveat => "caveat",
        }
    }
}

/// One line of the diff of two propositions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Difference {
    /// The term: `subject`, `window`, `threshold`, `competition`, ….
    pub term: String,
    /// What Kalshi says, with where it was found; empty if nothing.
    pub kalshi: String,
    /// What Polymarket says.
    pub polymarket: String,
    /// What it does.
    pub kind: DifferenceKind,
}

/// The outcome of comparing a Kalshi market with a Polymarket market.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// How alike the propositions are, 0 to 1; for ranking, never for deciding.
    pub similarity: f64,
    /// How the propositions relate, Kalshi's first.
    pub relation: Relation,
    /// How sure that is.
    pub verdict: Verdict,
    /// The term-by-term diff, in a stable order.
    pub differences: Vec<Difference>,
}

impl Judgement {
    /// What speaks against taking the pair for `relation`, in a stable order; empty where nothing does. It is what an operator
    /// has to override by name. Of a rejected pair these are the terms that contradict; where none does, the word `relation` if
    /// it was judged to be another one, or else the missing terms. An equal pair is no complement and the other way round,
    /// whatever the verdict: that is the word `relation` too.
    #[must_use]
    pub fn vetoes(&self, relation: Relation) -> Vec<String> {
        let rejected = self.verdict == Verdict::Rejected;
        let terms = |kind: DifferenceKind| {
            let of_kind = move |d: &&Difference| rejected && d.kind == kind;
            self.differences.iter().filter(of_kind).map(|d| d.term.clone())
        };
        let mut vetoes: Vec<String> = terms(DifferenceKind::Contradiction).collect();
        let decided = rejected || matches!(self.relation, Relation::Equal | Relation::Complement);
        if decided && self.relation != relation {
            vetoes.push("relation".to_owned());
        }
        if vetoes.is_empty() {
            vetoes.extend(terms(DifferenceKind::Missing));
        }
        vetoes.sort_unstable();
        vetoes.dedup();
        vetoes
    }
}

/// Judges whether two markets are the same contract. The seam of this crate: [`TermMatcher`](crate::TermMatcher) compares
/// terms.
pub trait Matcher: Send + Sync {
    /// Compares a Kalshi market with a Polymarket market. Deterministic: equal input, equal output.
    fn judge(&self, kalshi: &Market, polymarket: &Market) -> Judgement;
}

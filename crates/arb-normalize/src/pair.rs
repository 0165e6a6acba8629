//! Two markets that an operator holds for the same contract, or for opposite ones.

use serde::{Deserialize, Serialize};

/// How the propositions of two markets relate: the first is Kalshi's, the second Polymarket's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// The same proposition.
    Equal,
    /// One is true exactly when the other is false.
    Complement,
    /// The first implies the second.
    Subset,
    /// The second implies the first.
    Superset,
    /// Neither implied nor exclusive.
    Overlap,
    /// Cannot both be true.
    Disjoint,
    /// No shared subject.
    Unrelated,
}

impl Relation {
    /// The lower-case word of files and output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::Complement => "complement",
            Self::Subset => "subset",
            Self::Superset => "superset",
            Self::Overlap => "overlap",
            Self::Disjoint => "disjoint",
            Self::Unrelated => "unrelated",
        }
    }
}

impl std::fmt::Display for Relation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// An approved pair of markets, one contract each side.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Pair {
    /// The name of the pair in every output.
    pub id: String,
    /// The Kalshi ticker.
    pub kalshi: String,
    /// The token of Polymarket's first outcome.
    pub polymarket_yes: String,
    /// The token of the second outcome, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub polymarket_no: Option<String>,
    /// Polymarket's condition id, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition_id: Option<String>,
    /// Equal or complement; nothing else is tradable as a pair.
    pub relation: Relation,
}

//! Judgements, approvals and the index from outside.
#![expect(clippy::unwrap_used, reason = "a failed step of a test should say where and stop")]

#[path = "matching/approvals.rs"]
mod approvals;
#[path = "matching/cases.rs"]
mod cases;
#[path = "matching/caveats.rs"]
mod caveats;
#[path = "matching/conditions.rs"]
mod conditions;
#[path = "matching/contradictions.rs"]
mod contradictions;
#[path = "matching/decisive_words.rs"]
mod decisive_words;
#[path = "matching/index.rs"]
mod index;
#[path = "matching/judgements.rs"]
mod judgements;
#[path = "matching/markets.rs"]
mod markets;
#[path = "matching/neighbours.rs"]
mod neighbours;
#[path = "matching/perturbations.rs"]
mod perturbations;
#[path = "matching/redundancy.rs"]
mod redundancy;
#[path = "matching/same_match.rs"]
mod same_match;
#[path = "matching/without_rules.rs"]
mod without_rules;
#[path = "matching/wordings.rs"]
mod wordings;

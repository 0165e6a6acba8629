#![doc = include_str!("../README.md")]

mod amount;
mod approval;
mod compare;
mod contingency;
mod definition;
mod error;
mod fingerprint;
mod grammar;
mod index;
mod judgement;
mod lexicon;
mod matcher;
mod proposition;
mod reading;
mod score;
mod statement;
mod table;
mod terms;
mod text;
mod tfidf;
mod when;

pub use approval::{Approval, Approvals, Decision, Ground, Refusal, Remark, Template};
pub use error::MatchError;
pub use fingerprint::{fingerprint, shape_fingerprint};
pub use index::{Candidate, CandidatePair, Catalogue, Index};
pub use judgement::{Difference, DifferenceKind, Judgement, Matcher, Verdict};
pub use matcher::TermMatcher;
pub use proposition::{Proposition, Source, Term};
pub use score::{Label, Score, Share};
pub use tfidf::TfIdfMatcher;

//! What can be wrong with numbers and files handed to this crate.

use thiserror::Error;

/// A value or file that this crate cannot work with. Nothing here is retryable: the input must change.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RiskError {
    /// A decimal that is no number, has more decimals than the type holds, or lies outside its range.
    #[error(
        "{what} {value:?} is not a plain decimal from {min} to {max} with at most {decimals} decimals"
    )]
    Number {
        /// What the number is.
        what: &'static str,
        /// As given.
        value: String,
        /// The smallest accepted value.
        min: &'static str,
        /// The largest accepted value.
        max: &'static str,
        /// Decimals the type holds.
        decimals: u32,
    },
    /// An exponent of p(1 − p) that is not a whole number from 0 to 8.
    #[error("fee exponent {value:?} is not a whole number from 0 to 8")]
    Exponent {
        /// As given.
        value: String,
    },
    /// A fee list without entries.
    #[error("the fee list is empty: leave `fees` out to use the venues' own data")]
    NoFees,
    /// Two entries of a fee list that start at the same instant.
    #[error("two fee entries start at {from}: keep one")]
    SameStart {
        /// The instant, or `the beginning`.
        from: String,
    },
    /// A parameter outside its meaning.
    #[error("{what} is {value}, expected {expected}")]
    Parameter {
        /// Which parameter.
        what: &'static str,
        /// As given.
        value: String,
        /// What it must be.
        expected: &'static str,
    },
    /// Too few observations to fit anything.
    #[error(
        "{found} usable observations, at least {needed} are needed: record longer or sample more often"
    )]
    TooFewObservations {
        /// How many there were.
        found: usize,
        /// How many are needed.
        needed: usize,
    },
}

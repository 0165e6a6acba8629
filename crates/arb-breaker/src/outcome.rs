//! What became of a call.

use std::time::Duration;

/// Where a failure arose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Origin {
    /// Not said.
    #[default]
    Unknown,
    /// On our side of the wire: no route, connect timeout, local resource.
    Local,
    /// The other side answered, and the answer was a failure.
    Remote,
}

/// A failure and what is known about it.
///
/// ```
/// use std::time::Duration;
/// use arb_breaker::Failure;
/// // HTTP 429 with `Retry-After: 7`
/// let failure = Failure::remote().with_retry_after(Duration::from_secs(7));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub struct Failure {
    /// Where it arose; counted apart.
    pub origin: Origin,
    /// When this failure opens the breaker, it stays open for this time instead of the configured
    /// one.
    pub retry_after: Option<Duration>,
}

impl Failure {
    /// A failure on our side of the wire.
    #[must_use]
    pub const fn local() -> Self {
        Self { origin: Origin::Local, retry_after: None }
    }

    /// A failure the other side answered with.
    #[must_use]
    pub const fn remote() -> Self {
        Self { origin: Origin::Remote, retry_after: None }
    }

    /// Sets [`retry_after`](Self::retry_after).
    #[must_use]
    pub const fn with_retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }
}

/// How a finished call counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// Good.
    Success,
    /// Bad.
    Failure(Failure),
    /// Neither: says nothing about the health of what was called, such as a refused order. A probe
    /// gives its place back.
    Ignore,
}

/// Decides how a result counts; it sees values as well as errors.
///
/// Closures `Fn(Result<&T, &E>) -> Outcome` are classifiers; write the parameter's type.
///
/// ```
/// use arb_breaker::{Classify, Failure, Outcome};
/// let by_status = |result: Result<&u16, &std::io::Error>| match result {
///     Ok(500..) | Err(_) => Outcome::Failure(Failure::remote()),
///     Ok(400..500) => Outcome::Ignore,
///     Ok(_) => Outcome::Success,
/// };
/// assert_eq!(by_status.classify(Ok(&404)), Outcome::Ignore);
/// ```
pub trait Classify<T, E> {
    /// How this result counts.
    fn classify(&self, result: Result<&T, &E>) -> Outcome;
}

/// The default: `Ok` is a success, `Err` a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ErrorsAreFailures;

impl<T, E> Classify<T, E> for ErrorsAreFailures {
    fn classify(&self, result: Result<&T, &E>) -> Outcome {
        match result {
            Ok(_) => Outcome::Success,
            Err(_) => Outcome::Failure(Failure::default()),
        }
    }
}

impl<T, E, F> Classify<T, E> for F
where
    F: Fn(Result<&T, &E>) -> Outcome,
{
    fn classify(&self, result: Result<&T, &E>) -> Outcome {
        self(result)
    }
}

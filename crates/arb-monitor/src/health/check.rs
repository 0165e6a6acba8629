//! What a component is asked.

use std::fmt;
use std::future::Future;

use async_trait::async_trait;

/// The answer of a check that could be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// All is well.
    Healthy,
    /// It works, worse than it should.
    Degraded,
    /// It does not work.
    Unhealthy,
}

/// An answer with its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The answer.
    pub health: Health,
    /// The reason, shown beside the component; may be empty when healthy.
    pub message: String,
}

impl Checked {
    /// All is well.
    #[must_use]
    pub fn healthy() -> Self {
        Self { health: Health::Healthy, message: String::new() }
    }

    /// It works, worse than it should.
    #[must_use]
    pub fn degraded(message: impl Into<String>) -> Self {
        Self { health: Health::Degraded, message: message.into() }
    }

    /// It does not work.
    #[must_use]
    pub fn unhealthy(message: impl Into<String>) -> Self {
        Self { health: Health::Unhealthy, message: message.into() }
    }
}

/// A question to a component. Any async closure is one through [`FnCheck`].
#[async_trait]
pub trait HealthCheck: Send + Sync + 'static {
    /// Asks once. A panic counts as unhealthy.
    ///
    /// # Cancel safety
    ///
    /// The future is dropped when the component's timeout passes, so it must not leave anything
    /// half done; one check at a time is in flight.
    async fn check(&self) -> Checked;
}

/// A check made of a closure.
///
/// ```
/// use arb_monitor::health::{Checked, FnCheck};
///
/// let check = FnCheck::new(|| async { Checked::degraded("only one of two feeds") });
/// # let _ = check;
/// ```
pub struct FnCheck<F>(F);

impl<F, R> FnCheck<F>
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Future<Output = Checked> + Send + 'static,
{
    /// Wraps a closure.
    pub fn new(ask: F) -> Self {
        Self(ask)
    }
}

impl<F> fmt::Debug for FnCheck<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FnCheck").finish_non_exhaustive()
    }
}

#[async_trait]
impl<F, R> HealthCheck for FnCheck<F>
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Future<Output = Checked> + Send + 'static,
{
    async fn check(&self) -> Checked {
        (self.0)().await
    }
}

//! Whole calls: admission, the call itself, and its verdict.

use std::pin::pin;

use crate::breaker::Breaker;
use crate::config::Clock;
use crate::error::{CallError, Rejected};
use crate::moment::Moment;
use crate::outcome::{Classify, ErrorsAreFailures};
use crate::permit::Permit;

impl Breaker {
    /// Makes a call if the breaker admits it: `Ok` counts as a success, `Err` as a failure, a panic
    /// as a failure that goes on. [`attempt`](Self::attempt) offers more.
    ///
    /// # Errors
    /// [`CallError::Rejected`] when the call was not admitted, [`CallError::Inner`] when it failed.
    ///
    /// # Cancel safety
    /// Dropping the future drops the call; it counts as cancelled, and a probe gives its place
    /// back.
    #[inline(always)]
    pub async fn call<T, E>(
        &self,
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<T, CallError<E>> {
        self.attempt().run(call).await
    }

    /// [`call`](Self::call) for a plain function.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    #[inline(always)]
    pub fn call_sync<T, E>(&self, call: impl FnOnce() -> Result<T, E>) -> Result<T, CallError<E>> {
        self.attempt().run_sync(call)
    }

    /// A call that is to be made on special terms.
    ///
    /// ```
    /// use arb_breaker::{Breaker, BreakerConfig, Outcome};
    ///
    /// # fn main() -> Result<(), arb_breaker::BreakerError> {
    /// let breaker = Breaker::new("unwind", BreakerConfig::default())?;
    /// breaker.force_open();
    /// let order = || Err::<(), _>("insufficient balance");
    /// let result = breaker
    ///     .attempt()
    ///     .risk_reducing()
    ///     .classified_by(|result: Result<&(), &&str>| match result {
    ///         Ok(()) => Outcome::Success,
    ///         Err(_) => Outcome::Ignore,
    ///     })
    ///     .run_sync(order);
    /// assert_eq!(result.err().and_then(|error| error.into_inner()), Some("insufficient balance"));
    /// assert_eq!(breaker.snapshot().totals.risk_reducing.ignored, 1);
    /// # Ok(())
    /// # }
    /// ```
    #[inline(always)]
    pub fn attempt(&self) -> Attempt<'_> {
        Attempt { breaker: self, classifier: ErrorsAreFailures, clock: None, risk_reducing: false }
    }
}

/// The terms of one call; made by [`Breaker::attempt`].
#[derive(Debug, Clone)]
#[must_use = "nothing is called before run or run_sync"]
pub struct Attempt<'a, C = ErrorsAreFailures> {
    breaker: &'a Breaker,
    classifier: C,
    clock: Option<&'a Clock>,
    risk_reducing: bool,
}

impl<'a, C> Attempt<'a, C> {
    /// How the result counts. Default: `Ok` is a success, `Err` a failure.
    #[inline(always)]
    pub fn classified_by<D>(self, classifier: D) -> Attempt<'a, D> {
        let Self { breaker, clock, risk_reducing, .. } = self;
        Attempt { breaker, classifier, clock, risk_reducing }
    }

    /// Where this call reads the time. Default: the breaker's clock.
    #[inline(always)]
    pub fn timed_by(mut self, clock: &'a Clock) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Lets the call pass whatever the state, as
    /// [`acquire_risk_reducing`](Breaker::acquire_risk_reducing) says.
    #[inline(always)]
    pub fn risk_reducing(mut self) -> Self {
        self.risk_reducing = true;
        self
    }

    /// Makes the call.
    ///
    /// # Errors
    /// As [`Breaker::call`].
    ///
    /// # Cancel safety
    /// As [`Breaker::call`].
    #[inline(always)]
    pub async fn run<T, E>(
        self,
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<T, CallError<E>>
    where
        C: Classify<T, E>,
    {
        let permit = self.admit()?;
        let mut guard = Guard { permit: Some(permit), terms: &self, running: false };
        let mut call = pin!(call);
        let result = std::future::poll_fn(|context| {
            guard.running = true;
            let poll = call.as_mut().poll(context);
            guard.running = false;
            poll
        })
        .await;
        guard.settle(result)
    }

    /// Makes the call, a plain function.
    ///
    /// # Errors
    /// As [`Breaker::call`].
    #[inline(always)]
    pub fn run_sync<T, E>(self, call: impl FnOnce() -> Result<T, E>) -> Result<T, CallError<E>>
    where
        C: Classify<T, E>,
    {
        let permit = self.admit()?;
        let guard = Guard { permit: Some(permit), terms: &self, running: true };
        let result = call();
        guard.settle(result)
    }

    #[inline(always)]
    fn admit(&self) -> Result<Permit<'a>, Rejected> {
        match (self.risk_reducing, self.clock) {
            (true, _) => Ok(self.breaker.acquire_risk_reducing_at(self.now())),
            (false, None) => self.breaker.try_acquire(),
            (false, Some(clock)) => self.breaker.try_acquire_at(clock.now()),
        }
    }

    fn now(&self) -> Moment {
        self.clock.unwrap_or(&self.breaker.config().clock).now()
    }
}

/// Gives the verdict when the call does not come to its end: a panic if it was running, else
/// cancelled. A panic of something else in the thread is not held against the call.
struct Guard<'a, 't, C> {
    permit: Option<Permit<'a>>,
    terms: &'t Attempt<'a, C>,
    running: bool,
}

impl<C> Guard<'_, '_, C> {
    #[inline(always)]
    fn settle<T, E>(mut self, result: Result<T, E>) -> Result<T, CallError<E>>
    where
        C: Classify<T, E>,
    {
        self.running = false;
        let outcome = self.terms.classifier.classify(result.as_ref());
        if let Some(permit) = self.permit.take() {
            match self.terms.clock {
                None => permit.finish(outcome),
                Some(clock) => permit.finish_at(outcome, clock.now()),
            }
        }
        result.map_err(CallError::Inner)
    }
}

impl<C> Drop for Guard<'_, '_, C> {
    #[inline(always)]
    fn drop(&mut self) {
        if let Some(permit) = self.permit.take() {
            let now = self.terms.now();
            if self.running {
                permit.panicked(now);
            } else {
                permit.cancel_at(now);
            }
        }
    }
}

//! Whole calls: admission, the call itself, and its verdict.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use crate::breaker::Breaker;
use crate::config::Clock;
use crate::error::{CallError, Rejected};
use crate::outcome::{Classify, ErrorsAreFailures, Outcome};
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
        let mut permit = Held::new(self.try_acquire()?);
        let mut call = pin!(call);
        let result = poll_fn(|context| permit.poll(call.as_mut(), context)).await;
        settle(permit.take(), &ErrorsAreFailures, None, result)
    }

    /// [`call`](Self::call) for a plain function.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    #[inline(always)]
    pub fn call_sync<T, E>(&self, call: impl FnOnce() -> Result<T, E>) -> Result<T, CallError<E>> {
        let permit = self.try_acquire()?;
        settle(Some(permit), &ErrorsAreFailures, None, call())
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
        let mut permit = Held::new(self.admit()?);
        let mut call = pin!(call);
        let result = poll_fn(|context| permit.poll(call.as_mut(), context)).await;
        settle(permit.take(), &self.classifier, self.clock, result)
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
        settle(Some(permit), &self.classifier, self.clock, call())
    }

    #[inline(always)]
    fn admit(&self) -> Result<Permit<'a>, Rejected> {
        let breaker = self.breaker;
        match (self.risk_reducing, self.clock) {
            (false, None) => breaker.try_acquire(),
            (false, Some(clock)) => breaker.try_acquire_at(clock.now()),
            (true, None) => Ok(breaker.acquire_risk_reducing()),
            (true, Some(clock)) => Ok(breaker.acquire_risk_reducing_at(clock.now())),
        }
    }
}

/// Gives the verdict of a call that came to its end.
#[inline(always)]
pub(crate) fn settle<T, E>(
    permit: Option<Permit<'_>>,
    classifier: &impl Classify<T, E>,
    clock: Option<&Clock>,
    result: Result<T, E>,
) -> Result<T, CallError<E>> {
    // The verdict is given in either arm, so that the good one runs straight through.
    match result {
        Ok(value) => {
            finish(permit, clock, classifier.classify(Ok(&value)));
            Ok(value)
        }
        Err(error) => {
            finish(permit, clock, classifier.classify(Err(&error)));
            Err(CallError::Inner(error))
        }
    }
}

#[inline(always)]
fn finish(permit: Option<Permit<'_>>, clock: Option<&Clock>, outcome: Outcome) {
    match (permit, clock) {
        (Some(permit), None) => permit.finish(outcome),
        (Some(permit), Some(clock)) => permit.finish_at(outcome, clock.now()),
        (None, _) => {}
    }
}

/// A permit held over an await. Dropped in between it counts as cancelled, also where that is
/// because something else in the thread panics: a future may be dropped for reasons not its own.
pub(crate) struct Held<'a>(Option<Permit<'a>>);

impl<'a> Held<'a> {
    #[inline(always)]
    pub(crate) fn new(permit: Permit<'a>) -> Self {
        Self(Some(permit))
    }

    /// The permit, for its verdict.
    #[inline(always)]
    pub(crate) fn take(&mut self) -> Option<Permit<'a>> {
        self.0.take()
    }

    #[inline(always)]
    pub(crate) fn poll<F: Future>(
        &mut self,
        call: Pin<&mut F>,
        context: &mut Context<'_>,
    ) -> Poll<F::Output> {
        let unwinding = Unwinding(&mut self.0);
        let poll = call.poll(context);
        std::mem::forget(unwinding);
        poll
    }
}

impl Drop for Held<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        if let Some(permit) = self.0.take() {
            permit.cancel();
        }
    }
}

/// Dropped only where the call itself panics, which the permit's own drop counts as a failure.
struct Unwinding<'h, 'a>(&'h mut Option<Permit<'a>>);

impl Drop for Unwinding<'_, '_> {
    fn drop(&mut self) {
        drop(self.0.take());
    }
}

//! A breaker as a tower layer.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tower::{Layer, Service};

use crate::breaker::Breaker;
use crate::call::{Held, settle};
use crate::error::{CallError, Rejected};
use crate::outcome::{Classify, ErrorsAreFailures};

/// Puts a breaker before a service; all services it makes share the one breaker.
///
/// The breaker is asked at `call`, so a service that is ready may still reject. A request whose
/// future is dropped counts as cancelled. An error of the inner service's `poll_ready` belongs to no
/// request and is passed on uncounted.
///
/// ```
/// use arb_breaker::{Breaker, BreakerConfig, BreakerLayer};
/// use tower::Layer;
///
/// # fn main() -> Result<(), arb_breaker::BreakerError> {
/// let breaker = Breaker::new("gamma", BreakerConfig::default())?;
/// let guarded = BreakerLayer::new(breaker).layer("a service");
/// # let _ = guarded;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct BreakerLayer<C = ErrorsAreFailures> {
    breaker: Breaker,
    classifier: C,
}

impl BreakerLayer {
    /// A layer for which errors are failures.
    #[must_use]
    pub fn new(breaker: Breaker) -> Self {
        Self { breaker, classifier: ErrorsAreFailures }
    }
}

impl<C> BreakerLayer<C> {
    /// How a response or error counts.
    #[must_use]
    pub fn classified_by<D>(self, classifier: D) -> BreakerLayer<D> {
        BreakerLayer { breaker: self.breaker, classifier }
    }
}

impl<S, C: Clone> Layer<S> for BreakerLayer<C> {
    type Service = BreakerService<S, C>;

    fn layer(&self, inner: S) -> Self::Service {
        let Self { breaker, classifier } = self.clone();
        BreakerService { inner, breaker, classifier }
    }
}

/// A service with a breaker before it; made by [`BreakerLayer`].
#[derive(Debug, Clone)]
pub struct BreakerService<S, C = ErrorsAreFailures> {
    inner: S,
    breaker: Breaker,
    classifier: C,
}

impl<S, C, Request> Service<Request> for BreakerService<S, C>
where
    S: Service<Request>,
    C: Classify<S::Response, S::Error> + Clone,
{
    type Response = S::Response;
    type Error = CallError<S::Error>;
    type Future = BreakerFuture<S::Future, C>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context).map_err(CallError::Inner)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        match self.breaker.try_acquire_owned() {
            Ok(permit) => BreakerFuture {
                answer: Answer::Running {
                    permit: Held::new(permit),
                    call: self.inner.call(request),
                    classifier: self.classifier.clone(),
                },
            },
            Err(rejected) => {
                BreakerFuture { answer: Answer::Rejected { rejected: Some(rejected) } }
            }
        }
    }
}

pin_project! {
    /// The answer of a [`BreakerService`].
    #[must_use = "futures do nothing unless they are polled"]
    pub struct BreakerFuture<F, C> {
        #[pin]
        answer: Answer<F, C>,
    }
}

pin_project! {
    #[project = Projected]
    enum Answer<F, C> {
        Running { #[pin] call: F, permit: Held<'static>, classifier: C },
        Rejected { rejected: Option<Rejected> },
    }
}

impl<F, C, T, E> Future for BreakerFuture<F, C>
where
    F: Future<Output = Result<T, E>>,
    C: Classify<T, E>,
{
    type Output = Result<T, CallError<E>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().answer.project() {
            Projected::Running { call, permit, classifier } => {
                let result = ready!(permit.poll(call, context));
                Poll::Ready(settle(permit.take(), classifier, None, result))
            }
            Projected::Rejected { rejected } => match rejected.take() {
                Some(rejected) => Poll::Ready(Err(rejected.into())),
                // Polled again after it was ready, which says nothing more.
                None => Poll::Pending,
            },
        }
    }
}

impl<F, C> std::fmt::Debug for BreakerFuture<F, C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BreakerFuture")
    }
}

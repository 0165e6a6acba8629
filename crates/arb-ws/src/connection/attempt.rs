//! One attempt to connect: budget, handshake, dial, and what follows from a failure.

use std::sync::Arc;
use std::time::Duration;

use arb_breaker::Permit;
use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout};

use super::live::Live;
use super::outlet::Outlet;
use super::{Connection, Stopped};
use crate::dial::{Handshake, Link};
use crate::error::{Refusal, WsError};
use crate::event::Event;
use crate::health::LinkState;
use crate::session::AfterRefusal;
use crate::sink::Sink;

pub(super) enum Attempt {
    Open(Live),
    Failed { retry_in: Duration },
    Stopped(Stopped),
}

impl Connection {
    pub(super) async fn attempt<S: Sink>(&mut self, outlet: &mut Outlet<S>) -> Attempt {
        self.stats.state = LinkState::Connecting;
        self.publish(Instant::now());
        let (handshake, permit) = match self.admission(outlet).await {
            Ok(admitted) => admitted,
            Err(other) => return other,
        };
        let started = Instant::now();
        let allowed = self.config.connect_timeout;
        let Some(dialled) = self.dial(&handshake, allowed).await else {
            return Attempt::Stopped(Stopped::Shutdown);
        };
        let host = handshake.host().to_owned();
        match dialled.unwrap_or(Err(WsError::ConnectTimeout { host, after: allowed })) {
            Ok(link) => {
                let now = Instant::now();
                self.take_wishes(now);
                self.meta.session += 1;
                self.tell(outlet, &Event::Connected { took: now - started });
                Attempt::Open(Live::new(link, permit, now, &self.config))
            }
            Err(error) => self.failed(outlet, error, permit),
        }
    }

    /// The dial's answer; `None` on shutdown, the outer error where the time is up.
    async fn dial(
        &mut self,
        handshake: &Handshake,
        allowed: Duration,
    ) -> Option<Result<Result<Box<dyn Link>, WsError>, Elapsed>> {
        let dial = timeout(allowed, self.dial.dial(handshake));
        tokio::pin!(dial);
        loop {
            tokio::select! {
                biased;
                // The other wishes wait for the link.
                () = self.shared.wake.notified() => if self.shared.is_shutdown() { return None },
                dialled = &mut dial => return Some(dialled),
            }
        }
    }

    /// Asks the breaker and the budget, and makes a handshake that is signed at the moment it may
    /// be used.
    async fn admission<S: Sink>(
        &mut self,
        outlet: &mut Outlet<S>,
    ) -> Result<(Handshake, Option<Permit<'static>>), Attempt> {
        loop {
            if self.shared.is_shutdown() {
                return Err(Attempt::Stopped(Stopped::Shutdown));
            }
            let now = Instant::now();
            let breaker = self.config.breaker.as_ref();
            let permit = match breaker.map(|b| b.try_acquire_owned_at(now.into_std())) {
                None => None,
                Some(Ok(permit)) => Some(permit),
                Some(Err(rejected)) => {
                    // Where only an operator can close it, we look now and then whether he did.
                    let retry_in = rejected.retry_after.unwrap_or(self.config.refused_retry);
                    self.stats.state = LinkState::Waiting;
                    self.tell(outlet, &Event::Blocked { retry_in });
                    return Err(Attempt::Failed { retry_in });
                }
            };
            let handshake = match self.session.handshake((self.config.clock)()) {
                Ok(handshake) => handshake,
                Err(error) => return Err(self.failed(outlet, WsError::Prepare(error), permit)),
            };
            match self.config.budget.take(handshake.host(), now) {
                Ok(()) => return Ok((handshake, permit)),
                Err(due) => {
                    // The place is given back while we wait: it may be a probe's.
                    drop(permit);
                    self.rest_until(due).await;
                }
            }
        }
    }

    fn failed<S: Sink>(
        &mut self,
        outlet: &mut Outlet<S>,
        error: WsError,
        permit: Option<Permit<'static>>,
    ) -> Attempt {
        self.failures = self.failures.saturating_add(1);
        let usual = self.config.backoff.delay(self.failures, self.random.next());
        let mut planned = self.in_window();
        let mut ours = false;
        let retry_in = match &error {
            WsError::Refused(refusal) => {
                planned |= refusal.is_planned();
                ours = refusal.is_unauthorized();
                match self.after_refusal(refusal, usual) {
                    Some(wait) => wait,
                    None => return Attempt::Stopped(Stopped::Refused((**refusal).clone())),
                }
            }
            WsError::Prepare(_) => {
                ours = true;
                self.config.refused_retry
            }
            _ if !error.is_retryable() => {
                return Attempt::Stopped(Stopped::Failed(Arc::new(error)));
            }
            _ => usual,
        };
        if let Some(permit) = permit
            && !planned
            && !ours
        {
            permit.failure_at(Instant::now().into_std());
        }
        self.stats.state = if planned { LinkState::Paused } else { LinkState::Waiting };
        let (error, failures) = (Arc::new(error), self.failures);
        self.tell(outlet, &Event::ConnectFailed { error, failures, retry_in, planned });
        Attempt::Failed { retry_in }
    }

    /// Whether the venue plans to be away just now.
    pub(super) fn in_window(&self) -> bool {
        self.config.windows.at(&self.config.venue, (self.config.clock)()).is_some()
    }

    /// How long to wait after a refusal; `None` to give up.
    fn after_refusal(&mut self, refusal: &Refusal, usual: Duration) -> Option<Duration> {
        let now = (self.config.clock)();
        match self.session.on_refused(refusal, now) {
            AfterRefusal::Stop => None,
            AfterRefusal::RetryAfter(wait) => Some(wait),
            AfterRefusal::Default if refusal.is_unauthorized() => Some(self.config.refused_retry),
            AfterRefusal::Default => {
                let asked = refusal.retry_after.unwrap_or_default();
                Some(usual.max(asked.min(self.config.retry_after_max)))
            }
        }
    }
}

//! One attempt to connect: budget, handshake, dial, and what follows from a failure.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::outlet::Outlet;
use super::serve::Live;
use super::{Connection, Stopped};
use crate::dial::Handshake;
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
        let handshake = match self.next_handshake().await {
            Ok(Some(handshake)) => handshake,
            Ok(None) => return Attempt::Stopped(Stopped::Shutdown),
            Err(error) => return self.failed(outlet, error),
        };
        let started = Instant::now();
        let allowed = self.config.connect_timeout;
        let dialled = {
            let dial = timeout(allowed, self.dial.dial(&handshake));
            tokio::pin!(dial);
            loop {
                tokio::select! {
                    biased;
                    () = self.shared.wake.notified() => {
                        if self.shared.is_shutdown() {
                            return Attempt::Stopped(Stopped::Shutdown);
                        }
                        // The other wishes wait: the link comes first. The permit is put back.
                        continue;
                    }
                    dialled = &mut dial => break dialled,
                }
            }
        };
        let host = handshake.host().to_owned();
        match dialled.unwrap_or(Err(WsError::ConnectTimeout { host, after: allowed })) {
            Ok(link) => {
                let now = Instant::now();
                self.take_wishes(now);
                self.meta.session += 1;
                self.tell(outlet, &Event::Connected { took: now - started });
                Attempt::Open(Live::new(link, now, &self.config))
            }
            Err(error) => self.failed(outlet, error),
        }
    }

    /// A handshake signed when the budget allows it to be used. `None` on shutdown.
    async fn next_handshake(&mut self) -> Result<Option<Handshake>, WsError> {
        loop {
            let now = (self.config.clock)();
            let handshake = self.session.handshake(now).map_err(WsError::Prepare)?;
            match self.config.budget.take(handshake.host(), Instant::now()) {
                Ok(()) => return Ok(Some(handshake)),
                Err(due) => {
                    self.rest_until(due).await;
                    if self.shared.is_shutdown() {
                        return Ok(None);
                    }
                }
            }
        }
    }

    fn failed<S: Sink>(&mut self, outlet: &mut Outlet<S>, error: WsError) -> Attempt {
        self.failures = self.failures.saturating_add(1);
        let usual = self.config.backoff.delay(self.failures, self.random.next());
        let mut planned = false;
        let retry_in = match &error {
            WsError::Refused(refusal) => {
                planned = refusal.is_planned();
                match self.after_refusal(refusal, usual) {
                    Some(wait) => wait,
                    None => return Attempt::Stopped(Stopped::Refused((**refusal).clone())),
                }
            }
            WsError::Prepare(_) => self.config.refused_retry,
            _ => usual,
        };
        let final_one =
            !error.is_retryable() && !matches!(error, WsError::Refused(_) | WsError::Prepare(_));
        let error = Arc::new(error);
        if final_one {
            return Attempt::Stopped(Stopped::Failed(error));
        }
        self.stats.state = if planned { LinkState::Paused } else { LinkState::Waiting };
        let failures = self.failures;
        self.tell(outlet, &Event::ConnectFailed { error, failures, retry_in, planned });
        Attempt::Failed { retry_in }
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

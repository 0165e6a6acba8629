//! One open link and what is known about it.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use arb_breaker::Permit;
use tokio::time::{Instant, timeout};

use crate::config::ConnectionConfig;
use crate::dial::Link;
use crate::error::WsError;
use crate::event::Cause;
use crate::frame::Frame;
use crate::throttle::Throttle;

/// The state of one open link.
pub(super) struct Live {
    pub(super) link: Box<dyn Link>,
    /// Held until the link has proved itself.
    pub(super) permit: Option<Permit<'static>>,
    pub(super) proven: bool,
    /// Nothing went wrong since.
    pub(super) sound_since: Instant,
    pub(super) opened_at: Instant,
    pub(super) send: Throttle,
    pub(super) last_data: Instant,
    pub(super) had_data: bool,
    pub(super) last_frame: Instant,
    pub(super) probed: bool,
    pub(super) invalid: u32,
    pub(super) next_ping: Option<Instant>,
    /// The body of the ping under way, and when it was sent.
    pub(super) ping: Option<(u64, Instant)>,
    pub(super) keep_alive_due: Option<Instant>,
    pub(super) keep_alive_sent: Option<Instant>,
    pub(super) publish_at: Instant,
}

impl Live {
    pub(super) fn new(
        link: Box<dyn Link>,
        permit: Option<Permit<'static>>,
        now: Instant,
        config: &ConnectionConfig,
    ) -> Self {
        Self {
            link,
            permit,
            proven: false,
            sound_since: now,
            opened_at: now,
            send: Throttle::new(config.send_rate),
            last_data: now,
            had_data: false,
            last_frame: now,
            probed: false,
            invalid: 0,
            next_ping: config.ping_every.map(|every| now + every),
            ping: None,
            keep_alive_due: None,
            keep_alive_sent: None,
            publish_at: now,
        }
    }

    pub(super) async fn recv(&mut self) -> Result<Frame, WsError> {
        poll_fn(|cx| self.link.poll_recv(cx)).await
    }

    /// A frame that is there already.
    pub(super) async fn try_recv(&mut self) -> Option<Result<Frame, WsError>> {
        poll_fn(|cx| match self.link.poll_recv(cx) {
            Poll::Ready(frame) => Poll::Ready(Some(frame)),
            Poll::Pending => Poll::Ready(None),
        })
        .await
    }

    pub(super) async fn send(&mut self, frame: Frame, within: Duration) -> Result<(), Cause> {
        let sent = timeout(within, self.link.send(frame)).await;
        sent.unwrap_or(Err(WsError::WriteTimeout { after: within }))
            .map_err(|error| Cause::Broken(Arc::new(error)))
    }
}

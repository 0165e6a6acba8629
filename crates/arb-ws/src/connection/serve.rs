//! An open link: read, send what is due, watch the deadlines.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use arb_breaker::{Failure, Outcome};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::Connection;
use super::live::Live;
use super::outlet::Outlet;
use crate::error::WsError;
use crate::event::{Cause, Event};
use crate::frame::{CloseReason, Frame};
use crate::health::LinkState;
use crate::sink::Sink;

/// Frames handled under one stamp before timers and wishes get their turn.
const BATCH: usize = 32;

pub(super) enum Ended {
    Shutdown,
    Lost { retry_in: Duration },
}

enum Step {
    Wishes,
    Tick,
    SendDue,
    Received(Result<Frame, WsError>),
}

impl Connection {
    pub(super) async fn serve<S: Sink>(&mut self, mut live: Live, outlet: &mut Outlet<S>) -> Ended {
        self.stats.state = LinkState::Open;
        self.outbox.clear();
        self.session.on_open(&mut self.outbox);
        self.subscriptions.reset(live.opened_at);
        live.keep_alive_due = self.session.keep_alive().map(|keep| live.opened_at + keep.every);
        let cause = match self.work(&mut live, outlet).await {
            Ok(never) => match never {},
            Err(cause) => cause,
        };
        if !matches!(cause, Cause::Closed(_) | Cause::Broken(_)) {
            // A courtesy: the link is dropped whether or not it gets through.
            let goodbye = Frame::Close(Some(CloseReason::new(1000, "")));
            let _ = live.send(goodbye, self.config.write_timeout.min(Duration::from_secs(1))).await;
        }
        self.lost(&mut live, cause, outlet)
    }

    fn lost<S: Sink>(&mut self, live: &mut Live, cause: Cause, outlet: &mut Outlet<S>) -> Ended {
        let uptime = live.opened_at.elapsed();
        let going_away = matches!(&cause, Cause::Closed(Some(reason)) if reason.is_going_away());
        let planned = going_away || self.in_window();
        let shutdown = matches!(cause, Cause::Shutdown);
        let excused = planned || shutdown || matches!(cause, Cause::Requested);
        let stable = uptime >= self.config.min_uptime;
        self.failures = if stable { 1 } else { self.failures.saturating_add(1) };
        match live.permit.take() {
            Some(permit) if !excused => permit.failure_at(Instant::now().into_std()),
            // A permit given back counts as neither.
            Some(_) => {}
            None if !excused && !stable => self.report_failure(),
            None => {}
        }
        self.stats.lost_link(excused);
        self.stats.state = if planned { LinkState::Paused } else { LinkState::Waiting };
        self.tell(outlet, &Event::Disconnected { cause, uptime, planned });
        if shutdown {
            return Ended::Shutdown;
        }
        Ended::Lost { retry_in: self.config.backoff.delay(self.failures, self.random.next()) }
    }

    /// The link has done what it is for: a key is confirmed, or none is wanted.
    pub(super) fn prove(&mut self, live: &mut Live, now: Instant) {
        live.proven = true;
        live.sound_since = now;
        if let Some(permit) = live.permit.take() {
            permit.success_at(now.into_std());
        }
    }

    pub(super) fn report_failure(&self) {
        if let Some(breaker) = &self.config.breaker {
            breaker.record_at(Outcome::Failure(Failure::default()), Instant::now().into_std());
        }
    }

    /// Returns only with the cause of the end.
    async fn work<S: Sink>(
        &mut self,
        live: &mut Live,
        outlet: &mut Outlet<S>,
    ) -> Result<Infallible, Cause> {
        let mut tick = interval(self.config.tick());
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let due = self.send_due(live, outlet).await?;
            let shared = Arc::clone(&self.shared);
            let step = tokio::select! {
                biased;
                () = shared.wake.notified() => Step::Wishes,
                _ = tick.tick() => Step::Tick,
                () = sleep_until(due.unwrap_or(live.opened_at)), if due.is_some() => Step::SendDue,
                frame = live.recv() => Step::Received(frame),
            };
            match step {
                Step::Wishes => {
                    if self.shared.is_shutdown() {
                        return Err(Cause::Shutdown);
                    }
                    if self.take_wishes(Instant::now()) {
                        return Err(Cause::Requested);
                    }
                }
                Step::Tick => self.look(live, outlet).await?,
                Step::SendDue => {}
                Step::Received(frame) => self.take_batch(frame, live, outlet).await?,
            }
        }
    }

    /// Sends what may be sent now; returns when the rest is due.
    async fn send_due<S: Sink>(
        &mut self,
        live: &mut Live,
        outlet: &mut Outlet<S>,
    ) -> Result<Option<Instant>, Cause> {
        loop {
            self.flush(live, outlet).await?;
            if self.subscriptions.is_idle() {
                return Ok(None);
            }
            let now = Instant::now();
            let Some(due) = self.subscriptions.next_due(now) else { return Ok(None) };
            let due = due.max(live.send.next_at(1, now));
            if due > now {
                return Ok(Some(due));
            }
            let (chunk, mut keys) = (self.config.chunk.max(1), std::mem::take(&mut self.keys));
            if self.subscriptions.take_leaving(chunk, &mut keys) {
                self.session.unsubscribe(&keys, &mut self.outbox);
            } else if self.subscriptions.take_asking(chunk, now, &mut keys) {
                self.session.subscribe(&keys, &mut self.outbox);
            } else if self.subscriptions.take_resyncs(chunk, now, &mut keys) {
                self.session.resync(&keys, &mut self.outbox);
            }
            self.keys = keys;
            self.settle(now, live, outlet)?;
        }
    }

    /// Sends what the session put in the outbox.
    async fn flush<S: Sink>(
        &mut self,
        live: &mut Live,
        outlet: &mut Outlet<S>,
    ) -> Result<(), Cause> {
        if self.outbox.frames.is_empty() {
            return Ok(());
        }
        let mut frames = std::mem::take(&mut self.outbox.frames);
        for frame in frames.drain(..) {
            live.send.take(1, Instant::now());
            if let Some(payload) = frame.payload() {
                self.meta.received_at = (self.config.clock)();
                if !outlet.sent(&self.meta, payload) {
                    self.stats.panics += 1;
                }
            }
            live.send(frame, self.config.write_timeout).await?;
        }
        self.outbox.frames = frames;
        Ok(())
    }

    /// Takes the frame in hand and those that are there already, under one reading of the clocks.
    async fn take_batch<S: Sink>(
        &mut self,
        first: Result<Frame, WsError>,
        live: &mut Live,
        outlet: &mut Outlet<S>,
    ) -> Result<(), Cause> {
        let now = Instant::now();
        let stamp = (self.config.clock)();
        let mut next = Some(first);
        let mut taken = 0;
        while let Some(frame) = next {
            let frame = frame.map_err(|error| Cause::Broken(Arc::new(error)))?;
            self.meta.received_at = live.link.received_at().unwrap_or(stamp);
            self.take_frame(frame, now, live, outlet)?;
            taken += 1;
            next = if taken < BATCH { live.try_recv().await } else { None };
        }
        if taken == BATCH {
            // A link that is always ready must not starve its neighbours on the thread.
            tokio::task::consume_budget().await;
        }
        Ok(())
    }
}

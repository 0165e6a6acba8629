//! An open link: read, send what is due, watch the deadlines.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use arb_breaker::{Failure, Outcome, Permit};
use bytes::Bytes;
use time::OffsetDateTime;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};

use super::Connection;
use super::outlet::Outlet;
use crate::config::ConnectionConfig;
use crate::dial::Link;
use crate::error::WsError;
use crate::event::{Cause, Event, GapCause, Keys};
use crate::frame::{CloseReason, Frame};
use crate::health::LinkState;
use crate::meters;
use crate::session::{KeepAlive, KeyId, Verdict};
use crate::sink::Sink;
use crate::subscriptions::Alarm;
use crate::throttle::Throttle;

/// Frames handled under one stamp before timers and wishes get their turn.
const BATCH: usize = 32;
/// Unreadable messages in a row after which the link is of no use.
const MAX_INVALID: u32 = 10;
const PUBLISH_EVERY: Duration = Duration::from_secs(1);

/// The state of one open link.
pub(super) struct Live {
    link: Box<dyn Link>,
    /// Held until the link has proved itself.
    permit: Option<Permit<'static>>,
    proven: bool,
    /// Nothing went wrong since.
    sound_since: Instant,
    opened_at: Instant,
    send: Throttle,
    last_data: Instant,
    last_frame: Instant,
    probed: bool,
    invalid: u32,
    next_ping: Option<Instant>,
    /// The body of the ping under way, and when it was sent.
    ping: Option<(u64, Instant)>,
    keep_alive_due: Option<Instant>,
    keep_alive_sent: Option<Instant>,
    publish_at: Instant,
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

    async fn recv(&mut self) -> Result<Frame, WsError> {
        poll_fn(|cx| self.link.poll_recv(cx)).await
    }

    /// A frame that is there already.
    async fn try_recv(&mut self) -> Option<Result<Frame, WsError>> {
        poll_fn(|cx| match self.link.poll_recv(cx) {
            Poll::Ready(frame) => Poll::Ready(Some(frame)),
            Poll::Pending => Poll::Ready(None),
        })
        .await
    }

    async fn send(&mut self, frame: Frame, within: Duration) -> Result<(), Cause> {
        let sent = timeout(within, self.link.send(frame)).await;
        sent.unwrap_or(Err(WsError::WriteTimeout { after: within }))
            .map_err(|error| Cause::Broken(Arc::new(error)))
    }
}

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
    fn prove(&mut self, live: &mut Live, now: Instant) {
        live.proven = true;
        live.sound_since = now;
        if let Some(permit) = live.permit.take() {
            permit.success_at(now.into_std());
        }
    }

    fn report_failure(&self) {
        if let Some(breaker) = &self.config.breaker {
            breaker.record_at(Outcome::Failure(Failure::default()), Instant::now().into_std());
        }
    }

    /// Returns only with the cause of the end.
    async fn work<S: Sink>(
        &mut self,
        live: &mut Live,
        outlet: &mut Outlet<S>,
    ) -> Result<std::convert::Infallible, Cause> {
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
            let due = due.max(live.send.next_at(now));
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
            live.send.take(Instant::now());
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

    fn take_frame<S: Sink>(
        &mut self,
        frame: Frame,
        now: Instant,
        live: &mut Live,
        outlet: &mut Outlet<S>,
    ) -> Result<(), Cause> {
        live.last_frame = now;
        match frame {
            Frame::Text(payload) | Frame::Binary(payload) => {
                self.take_message(&payload, now, live, outlet)
            }
            Frame::Pong(body) => {
                if let Some((nonce, sent)) = live.ping
                    && *body == nonce.to_be_bytes()
                {
                    live.ping = None;
                    self.measured(now - sent);
                }
                Ok(())
            }
            Frame::Ping(_) => Ok(()),
            Frame::Close(reason) => Err(Cause::Closed(reason)),
        }
    }

    /// The data path.
    fn take_message<S: Sink>(
        &mut self,
        payload: &[u8],
        now: Instant,
        live: &mut Live,
        outlet: &mut Outlet<S>,
    ) -> Result<(), Cause> {
        self.stats.messages += 1;
        self.stats.bytes += payload.len() as u64;
        self.outbox.clear_notes();
        let verdict = self.session.on_frame(payload, &mut self.outbox);
        match verdict {
            Verdict::Data => {
                live.last_data = now;
                live.probed = false;
                live.invalid = 0;
                self.stats.last_data = Some(now);
                if let Some(since) = self.stalled_since.take() {
                    let event = Event::Resumed { keys: Keys::All, after: now - since };
                    self.tell_at_frame(outlet, &event);
                }
                if let Some(at) = self.outbox.venue_time {
                    self.stats.latency(age(self.meta.received_at, at));
                }
            }
            Verdict::Control => live.invalid = 0,
            Verdict::Invalid(reason) => self.refuse(reason, now, outlet),
        }
        for index in 0..self.outbox.touched.len() {
            let id = self.outbox.touched[index];
            if let Some(after) = self.subscriptions.touch(id, now)
                && let Some(key) = self.subscriptions.name(id)
            {
                let event = Event::Resumed { keys: Keys::one(Arc::clone(key)), after };
                self.tell_at_frame(outlet, &event);
            }
        }
        if !live.proven && !self.outbox.touched.is_empty() {
            self.prove(live, now);
        }
        if self.outbox.is_notable() {
            if self.outbox.pong
                && let Some(sent) = live.keep_alive_sent.take()
            {
                self.measured(now - sent);
            }
            self.settle(now, live, outlet)?;
        }
        self.deliver(payload, now, outlet);
        if let Verdict::Invalid(reason) = verdict {
            live.invalid += 1;
            if live.invalid >= MAX_INVALID {
                return Err(Cause::Session(reason.into()));
            }
        }
        Ok(())
    }

    fn measured(&mut self, rtt: Duration) {
        self.stats.rtt(rtt);
        meters::rtt(&self.meta, rtt);
    }

    /// Hands the message to the sink unless it is refused.
    fn deliver<S: Sink>(&mut self, payload: &[u8], now: Instant, outlet: &mut Outlet<S>) {
        if let (Some(longest), Some(at)) = (self.config.max_message_age, self.outbox.venue_time)
            && age(self.meta.received_at, at) > longest
        {
            return self.refuse("too old", now, outlet);
        }
        if let Some(validator) = &self.config.validator {
            let checked = catch_unwind(AssertUnwindSafe(|| validator.check(&self.meta, payload)));
            if let Err(reason) = checked.unwrap_or(Err("validator panicked")) {
                return self.refuse(reason, now, outlet);
            }
        }
        if !outlet.message(&self.meta, payload) {
            self.stats.panics += 1;
            self.stats.errors += 1;
            self.lose_message(GapCause::SinkPanicked, now, outlet);
        }
    }

    fn refuse<S: Sink>(&mut self, reason: &'static str, now: Instant, outlet: &mut Outlet<S>) {
        self.stats.refused(reason);
        self.lose_message(GapCause::Refused(reason), now, outlet);
    }

    /// The message in hand is lost to the sink: say so, and have its keys stated afresh.
    fn lose_message<S: Sink>(&mut self, cause: GapCause, now: Instant, outlet: &mut Outlet<S>) {
        let touched = std::mem::take(&mut self.outbox.touched);
        for id in &touched {
            self.subscriptions.resync_id(*id, now);
        }
        let keys = self.keys_of(&touched);
        self.outbox.touched = touched;
        if keys == Keys::All {
            self.subscriptions.resync_all(now);
        }
        self.tell_at_frame(outlet, &Event::Gap { cause, keys });
    }

    /// The names of these keys; all where there is none.
    fn keys_of(&self, ids: &[KeyId]) -> Keys {
        let names = ids.iter().filter_map(|id| self.subscriptions.name(*id));
        let names: Vec<Arc<str>> = names.cloned().collect();
        if names.is_empty() { Keys::All } else { Keys::These(names.into()) }
    }

    /// Acts on what the session put in the outbox beside frames.
    fn settle<S: Sink>(
        &mut self,
        now: Instant,
        live: &mut Live,
        outlet: &mut Outlet<S>,
    ) -> Result<(), Cause> {
        let mut proven = false;
        for id in std::mem::take(&mut self.outbox.confirmed) {
            let confirmed = self.subscriptions.confirm(id, now);
            proven |= confirmed.is_new;
            if let (Some(after), Some(key)) = (confirmed.resumed, self.subscriptions.name(id)) {
                let event = Event::Resumed { keys: Keys::one(Arc::clone(key)), after };
                self.tell_at_frame(outlet, &event);
            }
        }
        if proven && !live.proven {
            self.prove(live, now);
        }
        for (id, reason) in std::mem::take(&mut self.outbox.failed) {
            if let Some(key) = self.subscriptions.fail(id) {
                self.tell_at_frame(outlet, &Event::SubscriptionFailed { key, reason });
            }
        }
        if !self.outbox.gaps.is_empty() || !self.outbox.lost.is_empty() {
            let (gaps, lost) =
                (std::mem::take(&mut self.outbox.gaps), std::mem::take(&mut self.outbox.lost));
            for id in &gaps {
                self.subscriptions.resync_id(*id, now);
            }
            for id in &lost {
                self.subscriptions.lose(*id);
            }
            live.sound_since = now;
            self.report_failure();
            let keys = self.keys_of(&[gaps, lost].concat());
            self.tell_at_frame(outlet, &Event::Gap { cause: GapCause::Venue, keys });
        }
        match self.outbox.reconnect.take() {
            Some(reason) => Err(Cause::Session(reason)),
            None => Ok(()),
        }
    }

    /// Looks at every deadline.
    async fn look<S: Sink>(
        &mut self,
        live: &mut Live,
        outlet: &mut Outlet<S>,
    ) -> Result<(), Cause> {
        let now = Instant::now();
        self.heartbeat(now, live, outlet).await?;
        self.watch_connection(now, live, outlet)?;
        self.watch_keys(now, outlet)?;
        if now >= live.publish_at {
            live.publish_at = now + PUBLISH_EVERY;
            self.publish(now);
            self.vouch(now, live);
        }
        Ok(())
    }

    /// Tells the breaker that all goes well, so that rare gaps do not add up over days.
    fn vouch(&mut self, now: Instant, live: &mut Live) {
        if !live.proven && self.subscriptions.len() == 0 {
            self.prove(live, now);
        } else if live.proven && now - live.sound_since >= self.config.min_uptime {
            live.sound_since = now;
            if let Some(breaker) = &self.config.breaker {
                breaker.record_at(Outcome::Success, now.into_std());
            }
        }
    }

    async fn heartbeat<S: Sink>(
        &mut self,
        now: Instant,
        live: &mut Live,
        outlet: &mut Outlet<S>,
    ) -> Result<(), Cause> {
        if let Some((_, sent)) = live.ping
            && now - sent >= self.config.pong_within
        {
            // A peer that sends frames is alive though it does not answer pings.
            if live.last_frame <= sent {
                return Err(Cause::PingTimeout);
            }
            live.ping = None;
        }
        if let (Some(due), Some(every)) = (live.next_ping, self.config.ping_every)
            && now >= due
            && live.ping.is_none()
        {
            let nonce = self.random.next();
            live.ping = Some((nonce, now));
            live.next_ping = Some(now + every);
            let body = Bytes::copy_from_slice(&nonce.to_be_bytes());
            live.send(Frame::Ping(body), self.config.write_timeout).await?;
        }
        if live.keep_alive_due.is_some_and(|due| now >= due)
            && let Some(KeepAlive { every, text }) = self.session.keep_alive()
        {
            live.keep_alive_due = Some(now + every);
            live.keep_alive_sent = Some(now);
            self.meta.received_at = (self.config.clock)();
            if !outlet.sent(&self.meta, text.as_bytes()) {
                self.stats.panics += 1;
            }
            live.send(Frame::text(text), self.config.write_timeout).await?;
        }
        Ok(())
    }

    /// No data on the whole connection: probe, then stall.
    fn watch_connection<S: Sink>(
        &mut self,
        now: Instant,
        live: &mut Live,
        outlet: &mut Outlet<S>,
    ) -> Result<(), Cause> {
        if !self.subscriptions.has_confirmed() {
            // Nothing is owed to us yet; unanswered subscriptions have deadlines of their own.
            live.last_data = now;
            return Ok(());
        }
        let quiet = now - live.last_data;
        if self.config.stall_after.is_some_and(|after| quiet >= after) {
            self.stalled_since.get_or_insert(live.last_data);
            // A proven link that stalls is a failure whatever its uptime.
            if live.opened_at.elapsed() >= self.config.min_uptime && !self.in_window() {
                self.report_failure();
            }
            self.tell(outlet, &Event::Stalled { keys: Keys::All, silent_for: quiet });
            return Err(Cause::Stalled);
        }
        if self.config.probe_after.is_some_and(|after| quiet >= after)
            && !live.probed
            && let Some(key) = self.subscriptions.probe_key()
        {
            live.probed = true;
            self.session.probe(&key, &mut self.outbox);
        }
        Ok(())
    }

    /// Keys that are too quiet for their own rate.
    fn watch_keys<S: Sink>(&mut self, now: Instant, outlet: &mut Outlet<S>) -> Result<(), Cause> {
        let every = self.config.watch.reconnect_every;
        let may_reconnect = self.silent_reconnect_at.is_none_or(|at| now - at >= every);
        let mut alarms = std::mem::take(&mut self.alarms);
        self.stats.counts = self.subscriptions.watch(now, may_reconnect, &mut alarms);
        let mut reconnect = None;
        for alarm in alarms.drain(..) {
            match alarm {
                Alarm::Silent { key, silent_for } => {
                    self.tell(outlet, &Event::Stalled { keys: Keys::one(key), silent_for });
                }
                Alarm::Reconnect { key } => reconnect = Some(key),
                Alarm::Surrendered { key } => self.tell(outlet, &Event::Surrendered { key }),
            }
        }
        self.alarms = alarms;
        match reconnect {
            Some(key) => {
                self.silent_reconnect_at = Some(now);
                Err(Cause::KeySilent(key))
            }
            None => Ok(()),
        }
    }
}

/// A venue's stamp ahead of our clock makes no negative age.
fn age(received_at: OffsetDateTime, stamped_at: OffsetDateTime) -> Duration {
    if received_at == OffsetDateTime::UNIX_EPOCH {
        return Duration::ZERO;
    }
    (received_at - stamped_at).try_into().unwrap_or(Duration::ZERO)
}

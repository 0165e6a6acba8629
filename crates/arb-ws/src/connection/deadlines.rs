//! Every deadline of an open link, looked at with each tick.

use std::time::Duration;

use arb_breaker::Outcome;
use bytes::Bytes;
use tokio::time::Instant;

use super::Connection;
use super::live::Live;
use super::outlet::Outlet;
use crate::event::{Cause, Event, Keys};
use crate::frame::Frame;
use crate::session::KeepAlive;
use crate::sink::Sink;
use crate::subscriptions::{Alarm, Help};

const PUBLISH_EVERY: Duration = Duration::from_secs(1);

impl Connection {
    /// Looks at every deadline.
    pub(super) async fn look<S: Sink>(
        &mut self,
        live: &mut Live,
        outlet: &mut Outlet<S>,
    ) -> Result<(), Cause> {
        let now = Instant::now();
        self.heartbeat(now, live, outlet).await?;
        self.watch_connection(now, live, outlet)?;
        self.watch_keys(now, live, outlet)?;
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
        if !self.subscriptions.is_owed_data() {
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
    fn watch_keys<S: Sink>(
        &mut self,
        now: Instant,
        live: &Live,
        outlet: &mut Outlet<S>,
    ) -> Result<(), Cause> {
        let every = self.config.watch.reconnect_every;
        let help = if !live.had_data && self.config.stall_after.is_some() {
            Help::Resubscribe
        } else if self.silent_reconnect_at.is_none_or(|at| now - at >= every) {
            Help::Reconnect
        } else {
            Help::GiveUp
        };
        let mut alarms = std::mem::take(&mut self.alarms);
        self.stats.counts = self.subscriptions.watch(now, help, &mut alarms);
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

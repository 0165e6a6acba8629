//! The data path: from a frame to the sink, and what the session noticed on the way.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use tokio::time::Instant;

use super::Connection;
use super::live::Live;
use super::outlet::Outlet;
use crate::event::{Cause, Event, GapCause, Keys};
use crate::frame::Frame;
use crate::meters;
use crate::session::{KeyId, Verdict};
use crate::sink::Sink;

/// Unreadable messages in a row after which the link is of no use.
const MAX_INVALID: u32 = 10;

impl Connection {
    pub(super) fn take_frame<S: Sink>(
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
                live.had_data = true;
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
            if let Some(after) = self.subscriptions.touch(id, now, self.outbox.snapshot)
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
    pub(super) fn settle<S: Sink>(
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
        for (id, delay) in std::mem::take(&mut self.outbox.deferred) {
            self.subscriptions.defer(id, now + delay);
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
        if std::mem::take(&mut self.outbox.missed) {
            let keys = Keys::These(Arc::new([]));
            self.tell_at_frame(outlet, &Event::Gap { cause: GapCause::Venue, keys });
        }
        match self.outbox.reconnect.take() {
            Some(reason) => Err(Cause::Session(reason)),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_ahead_of_our_clock_and_an_unknown_time_make_no_age() {
        let stamp = OffsetDateTime::from_unix_timestamp(1_795_000_000).unwrap();
        let second = Duration::from_secs(1);
        assert_eq!(age(stamp + second, stamp), second);
        assert_eq!(age(stamp - second, stamp), Duration::ZERO);
        assert_eq!(age(OffsetDateTime::UNIX_EPOCH, stamp), Duration::ZERO);
    }
}

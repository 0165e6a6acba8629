//! How a connection does: counters, a sliding window, and a score.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use hdrhistogram::Histogram;
use tokio::time::Instant;

use crate::subscriptions::Counts;

/// The window of rates, reconnects and quantiles is ten buckets of 30 s.
const BUCKET: Duration = Duration::from_secs(30);
const BUCKETS: u64 = 10;
/// More reasons than this are counted together.
const MAX_REASONS: usize = 32;

/// Where a connection is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LinkState {
    /// Dialling.
    Connecting,
    /// A link is open.
    Open,
    /// Waiting to dial again.
    Waiting,
    /// Waiting inside a planned window, or because the venue announced a restart.
    Paused,
    /// [`Connection::run`](crate::Connection::run) has returned, or has not been called.
    Stopped,
}

/// Quantiles over the last five to ten minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quantiles {
    /// Median.
    pub p50: Duration,
    /// 95 % are shorter.
    pub p95: Duration,
    /// 99 % are shorter.
    pub p99: Duration,
}

/// A snapshot of a connection's health.
///
/// # The score
/// 0 unless a link is open. Otherwise 100 less
/// - 40 × the share of wanted keys that are silent or refused,
/// - 20 × the share that is not confirmed (yet),
/// - min(30, 300 × error rate), an error being an unreadable, refused or lost message,
/// - 10 if the 95th percentile of the round trip (of the latency, where the session reads the
///   venue's stamp) is over 0.5 s, 20 if over 1 s,
/// - 10 for each unplanned loss of the link in the window, at most 30,
///
/// and not below 0. The message rate is no part of it: a quiet market is not an unhealthy one;
/// quiet is judged by each key's own rate and by a probe, which show as silent keys. Worked: 200
/// keys of which 10 are silent and 20 unconfirmed, 1 % errors, one reconnect: 100 − 2 − 2 − 3 −
/// 10 = 83.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Health {
    /// Where the connection is in its life.
    pub state: LinkState,
    /// The number of the current or last session, 0 before the first.
    pub session: u64,
    /// Keys wanted.
    pub keys: usize,
    /// Keys asked for and not acknowledged.
    pub pending: usize,
    /// Keys acknowledged, or with data.
    pub confirmed: usize,
    /// Keys the venue refused or that were given up.
    pub failed: usize,
    /// Keys that are too quiet.
    pub silent: usize,
    /// Text and binary messages since the start.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Messages a second over the window.
    pub message_rate: f64,
    /// Errors per message over the window, 0 to 1.
    pub error_rate: f64,
    /// Messages refused, by reason, since the start.
    pub refused: BTreeMap<&'static str, u64>,
    /// Panics of the sink since the start.
    pub panics: u64,
    /// Gap events since the start.
    pub gaps: u64,
    /// Links lost since the start, planned ones included.
    pub disconnects: u64,
    /// Links lost within the window, planned ones not.
    pub recent_losses: u32,
    /// Round trip of our pings.
    pub rtt: Option<Quantiles>,
    /// Receive time less the venue's stamp, where the session reads one; a stamp ahead of our
    /// clock counts as 0.
    pub latency: Option<Quantiles>,
    /// The score, 0 to 100.
    pub score: u8,
    last_data: Option<Instant>,
}

impl Health {
    /// Time since the last data, as of now; `None` before the first.
    #[must_use]
    pub fn last_data_age(&self) -> Option<Duration> {
        self.last_data.map(|at| at.elapsed())
    }
}

#[derive(Debug, Default, Clone, Copy)]
struct Bucket {
    messages: u64,
    errors: u64,
    losses: u32,
}

/// Two generations of a histogram, so that old values leave.
#[derive(Debug)]
struct Spread {
    now: Option<Histogram<u32>>,
    before: Option<Histogram<u32>>,
}

impl Spread {
    fn record(&mut self, value: Duration) {
        let micros = u64::try_from(value.as_micros()).unwrap_or(u64::MAX);
        // One minute is the longest told apart; two digits are enough for a quantile.
        let new = || Histogram::new_with_bounds(1, 60_000_000, 2).ok();
        if self.now.is_none() {
            self.now = new();
        }
        if let Some(histogram) = &mut self.now {
            histogram.saturating_record(micros);
        }
    }

    fn rotate(&mut self) {
        self.before = self.now.take();
    }

    fn quantiles(&self) -> Option<Quantiles> {
        let mut all = self.now.clone().or_else(|| self.before.clone())?;
        if let (Some(before), true) = (&self.before, self.now.is_some()) {
            all.add(before).ok()?;
        }
        let at = |quantile| Duration::from_micros(all.value_at_quantile(quantile));
        Some(Quantiles { p50: at(0.50), p95: at(0.95), p99: at(0.99) })
    }
}

/// The owner task's counters; only it writes them.
#[derive(Debug)]
pub(crate) struct Stats {
    pub(crate) state: LinkState,
    pub(crate) counts: Counts,
    pub(crate) last_data: Option<Instant>,
    pub(crate) messages: u64,
    pub(crate) bytes: u64,
    pub(crate) panics: u64,
    pub(crate) gaps: u64,
    pub(crate) disconnects: u64,
    pub(crate) errors: u64,
    losses: u32,
    refused: BTreeMap<&'static str, u64>,
    started: Instant,
    /// Closed buckets, at most the window's.
    buckets: VecDeque<Bucket>,
    /// The number of the open bucket since the start.
    open: u64,
    last: Bucket,
    rtt: Spread,
    latency: Spread,
}

impl Stats {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            state: LinkState::Stopped,
            counts: Counts::default(),
            last_data: None,
            messages: 0,
            bytes: 0,
            panics: 0,
            gaps: 0,
            disconnects: 0,
            errors: 0,
            losses: 0,
            refused: BTreeMap::new(),
            started: now,
            buckets: VecDeque::new(),
            open: 0,
            last: Bucket::default(),
            rtt: Spread { now: None, before: None },
            latency: Spread { now: None, before: None },
        }
    }

    pub(crate) fn rtt(&mut self, value: Duration) {
        self.rtt.record(value);
    }

    pub(crate) fn latency(&mut self, value: Duration) {
        self.latency.record(value);
    }

    pub(crate) fn refused(&mut self, reason: &'static str) {
        self.errors += 1;
        let full = self.refused.len() >= MAX_REASONS && !self.refused.contains_key(reason);
        *self.refused.entry(if full { "other" } else { reason }).or_default() += 1;
    }

    pub(crate) fn lost_link(&mut self, planned: bool) {
        self.disconnects += 1;
        self.losses += u32::from(!planned);
    }

    /// Closes buckets that are over.
    fn advance(&mut self, now: Instant) {
        let open = (now - self.started).as_secs() / BUCKET.as_secs();
        // Beyond a whole window everything kept is old.
        for _ in 0..(open - self.open).min(BUCKETS) {
            self.buckets.push_back(self.open_bucket());
            self.last =
                Bucket { messages: self.messages, errors: self.errors, losses: self.losses };
            if self.buckets.len() as u64 == BUCKETS {
                self.buckets.pop_front();
            }
        }
        for _ in 0..(open / BUCKETS - self.open / BUCKETS).min(2) {
            self.rtt.rotate();
            self.latency.rotate();
        }
        self.open = open;
    }

    fn open_bucket(&self) -> Bucket {
        Bucket {
            messages: self.messages - self.last.messages,
            errors: self.errors - self.last.errors,
            losses: self.losses - self.last.losses,
        }
    }

    pub(crate) fn snapshot(&mut self, now: Instant, session: u64) -> Health {
        self.advance(now);
        let mut sum = self.open_bucket();
        for bucket in &self.buckets {
            sum.messages += bucket.messages;
            sum.errors += bucket.errors;
            sum.losses += bucket.losses;
        }
        // The window starts with the oldest bucket kept.
        let first = self.open - (self.buckets.len() as u64).min(self.open);
        let span = now - self.started - BUCKET * u32::try_from(first).unwrap_or(u32::MAX);
        let rate = sum.messages as f64 / span.as_secs_f64().max(1.0);
        let error_rate = ratio(sum.errors, sum.messages.max(sum.errors));
        let counts = self.counts;
        let (rtt, latency) = (self.rtt.quantiles(), self.latency.quantiles());
        let slowest = rtt.iter().chain(&latency).map(|q| q.p95).max();
        Health {
            state: self.state,
            session,
            keys: counts.wanted,
            pending: counts.pending,
            confirmed: counts.confirmed,
            failed: counts.failed,
            silent: counts.silent,
            messages: self.messages,
            bytes: self.bytes,
            message_rate: rate,
            error_rate,
            refused: self.refused.clone(),
            panics: self.panics,
            gaps: self.gaps,
            disconnects: self.disconnects,
            recent_losses: sum.losses,
            rtt,
            latency,
            score: score(self.state, counts, error_rate, slowest, sum.losses),
            last_data: self.last_data,
        }
    }
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

fn score(
    state: LinkState,
    counts: Counts,
    error_rate: f64,
    slowest: Option<Duration>,
    losses: u32,
) -> u8 {
    if state != LinkState::Open {
        return 0;
    }
    let wanted = counts.wanted.max(1) as f64;
    let bad = (counts.silent + counts.failed).min(counts.wanted) as f64 / wanted;
    let settled = counts.confirmed + counts.failed;
    let open = counts.wanted.saturating_sub(settled) as f64 / wanted;
    let slow = match slowest {
        Some(p95) if p95 > Duration::from_secs(1) => 20.0,
        Some(p95) if p95 > Duration::from_millis(500) => 10.0,
        _ => 0.0,
    };
    let lost = f64::from(losses.min(3)) * 10.0;
    let score = 100.0 - 40.0 * bad - 20.0 * open - (300.0 * error_rate).min(30.0) - slow - lost;
    // Within 0 to 100 after the clamp, so the cast keeps it.
    score.round().clamp(0.0, 100.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(wanted: usize, pending: usize, silent: usize) -> Counts {
        Counts { wanted, pending, confirmed: wanted - pending, failed: 0, silent }
    }

    #[test]
    fn the_worked_score() {
        let open = LinkState::Open;
        assert_eq!(score(open, counts(200, 20, 10), 0.01, None, 1), 83);
        assert_eq!(score(open, counts(0, 0, 0), 0.0, None, 0), 100);
        assert_eq!(score(LinkState::Waiting, counts(200, 0, 0), 0.0, None, 0), 0);
        let slow = Some(Duration::from_millis(600));
        assert_eq!(score(open, counts(1, 0, 0), 0.0, slow, 9), 60);
        let dead = counts(5, 5, 5);
        assert_eq!(score(open, dead, 1.0, Some(Duration::from_secs(2)), 9), 0);
    }

    #[test]
    fn the_window_slides_and_quantiles_forget() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut stats = Stats::new(start);
        stats.messages = 300;
        stats.lost_link(false);
        for millis in 1..=100 {
            stats.rtt(Duration::from_millis(millis));
        }
        let health = stats.snapshot(at(10), 1);
        assert!((health.message_rate - 30.0).abs() < 0.01, "{}", health.message_rate);
        assert_eq!(health.recent_losses, 1);
        let rtt = health.rtt.unwrap();
        for (quantile, millis) in [(rtt.p50, 50), (rtt.p95, 95), (rtt.p99, 99)] {
            let exact = Duration::from_millis(millis);
            assert!(quantile.abs_diff(exact) < exact / 50, "{quantile:?} for {exact:?}");
        }
        // 299 s later the first bucket is still in, a minute on it is not.
        assert_eq!(stats.snapshot(at(299), 1).recent_losses, 1);
        let health = stats.snapshot(at(330), 1);
        assert_eq!((health.recent_losses, health.message_rate), (0, 0.0));
        assert!(health.rtt.is_some());
        assert_eq!(stats.snapshot(at(601), 1).rtt, None);
        // Nobody looked for an hour.
        stats.messages = 600;
        assert_eq!(stats.snapshot(at(4_000), 1).recent_losses, 0);
        stats.messages = 900;
        let rate = stats.snapshot(at(4_010), 1).message_rate;
        assert!(rate > 0.9, "{rate}");
    }

    #[test]
    fn more_reasons_than_fit_are_counted_together() {
        let mut stats = Stats::new(Instant::now());
        for number in 0..100 {
            stats.refused(Box::leak(number.to_string().into_boxed_str()));
        }
        stats.refused("0");
        assert_eq!(stats.refused.len(), MAX_REASONS + 1);
        assert_eq!((stats.refused["0"], stats.refused["other"]), (2, 68));
    }
}

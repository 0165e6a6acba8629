//! How many notifications of a kind may go out, and what was kept back.

use std::collections::VecDeque;
use std::time::Duration;

use super::model::Severity;

/// A sliding window of one kind.
#[derive(Debug, Default)]
pub(super) struct Limit {
    sent: VecDeque<Duration>,
    suppressed: u64,
    highest: Option<Severity>,
    suppressed_since: Option<Duration>,
}

impl Limit {
    /// Takes one of `limit` permits a `window` if there is one.
    pub(super) fn take(&mut self, now: Duration, limit: usize, window: Duration) -> bool {
        while self.sent.front().is_some_and(|&at| now.saturating_sub(at) >= window) {
            self.sent.pop_front();
        }
        let granted = self.sent.len() < limit;
        if granted {
            self.sent.push_back(now);
        }
        granted
    }

    /// Counts one that was kept back.
    pub(super) fn suppress(&mut self, severity: Severity, now: Duration) {
        self.highest = self.highest.max(Some(severity));
        self.suppressed += 1;
        self.suppressed_since.get_or_insert(now);
    }

    /// The count kept back and the highest severity among them, once a window has passed since the
    /// first.
    pub(super) fn report(&mut self, now: Duration, window: Duration) -> Option<(u64, Severity)> {
        let since = self.suppressed_since?;
        if now.saturating_sub(since) < window {
            return None;
        }
        self.suppressed_since = None;
        Some((std::mem::take(&mut self.suppressed), self.highest.take()?))
    }
}

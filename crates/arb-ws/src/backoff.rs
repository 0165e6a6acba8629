//! How long to wait before the next attempt.

use std::time::Duration;

/// A rule for the wait after a number of failures in a row.
pub trait Backoff: Send + Sync + std::fmt::Debug {
    /// The wait after `failures` failures in a row (1 is the first). `random` is uniform over all
    /// of `u64`, so that the rule itself stays pure.
    fn delay(&self, failures: u32, random: u64) -> Duration;
}

/// Exponential back-off with full jitter: uniform between nothing and
/// min(`cap`, `base` · 2^(failures − 1)).
///
/// With base 250 ms and cap 15 s the third wait is uniform over 0 to 1 s and the mean wait never
/// exceeds 7.5 s. The cap is 15 s and not minutes, because a blind feed costs its user more than
/// an attempt costs the venue, and what protects the venue from many clients at once is the
/// jitter, the connect budget and the breaker, not a long blind time of each. (Formula: M. Brooker,
/// "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.)
///
/// ```
/// use std::time::Duration;
/// use arb_ws::{Backoff, FullJitter};
///
/// let backoff = FullJitter::default();
/// assert_eq!(backoff.delay(3, u64::MAX), Duration::from_secs(1));
/// assert_eq!(backoff.delay(3, u64::MAX / 4), Duration::from_millis(250));
/// assert_eq!(backoff.delay(60, u64::MAX), Duration::from_secs(15));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FullJitter {
    /// The longest first wait. Default: 250 ms.
    pub base: Duration,
    /// The longest wait. Default: 15 s.
    pub cap: Duration,
}

impl Default for FullJitter {
    fn default() -> Self {
        Self { base: Duration::from_millis(250), cap: Duration::from_secs(15) }
    }
}

impl Backoff for FullJitter {
    fn delay(&self, failures: u32, random: u64) -> Duration {
        let doubled = 1u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
        let ceiling = self.base.saturating_mul(doubled).min(self.cap);
        let nanos = (ceiling.as_nanos() * (u128::from(random) + 1)) >> 64;
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// Always the same wait: for tests, and for a venue that states one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fixed(pub Duration);

impl Backoff for Fixed {
    fn delay(&self, _failures: u32, _random: u64) -> Duration {
        self.0
    }
}

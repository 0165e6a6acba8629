//! A token bucket: requests cost tokens, tokens come back with time.

use std::time::Duration;

use arb_ws::{Rate, Throttle};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

/// Tokens a second and how many may be saved up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenRate {
    /// Tokens that come back each second.
    pub per_second: u32,
    /// The most that can be saved up.
    pub burst: u32,
}

/// A token bucket. Callers wait their turn in order.
#[derive(Debug)]
pub(crate) struct TokenBucket {
    burst: u32,
    throttle: Mutex<Throttle>,
}

impl TokenBucket {
    pub(crate) fn new(rate: TokenRate) -> Self {
        let every = Duration::from_secs(1) / rate.per_second.max(1);
        let throttle = Throttle::new(Rate::new(rate.burst, every));
        Self { burst: rate.burst, throttle: Mutex::new(throttle) }
    }

    /// Waits until `cost` tokens are there (or the bucket is full), and takes them.
    ///
    /// Cancel safe: a dropped call has taken nothing.
    pub(crate) async fn take(&self, cost: u32) {
        let cost = cost.min(self.burst);
        // Holding the (fair) lock over the wait is what keeps callers in order.
        let mut throttle = self.throttle.lock().await;
        sleep_until(throttle.next_at(cost, Instant::now())).await;
        throttle.take(cost, Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_passes_and_the_rest_waits() {
        let bucket = TokenBucket::new(TokenRate { per_second: 100, burst: 20 });
        let start = Instant::now();
        bucket.take(10).await;
        bucket.take(10).await;
        assert_eq!(start.elapsed(), Duration::ZERO);
        bucket.take(10).await;
        let waited = start.elapsed();
        assert!(
            waited >= Duration::from_millis(100) && waited < Duration::from_millis(110),
            "{waited:?}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_cost_beyond_the_burst_is_not_a_deadlock() {
        let bucket = TokenBucket::new(TokenRate { per_second: 10, burst: 5 });
        bucket.take(100).await;
    }
}

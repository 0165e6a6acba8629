//! A token bucket: requests cost tokens, tokens come back with time.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

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
    rate: TokenRate,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    tokens: f64,
    at: Instant,
}

impl TokenBucket {
    pub(crate) fn new(rate: TokenRate) -> Self {
        let state = State { tokens: f64::from(rate.burst), at: Instant::now() };
        Self { rate, state: Mutex::new(state) }
    }

    /// Waits until `cost` tokens are there, and takes them.
    ///
    /// Cancel safe: a dropped call has taken nothing.
    pub(crate) async fn take(&self, cost: u32) {
        let cost = f64::from(cost.min(self.rate.burst));
        let per_second = f64::from(self.rate.per_second.max(1));
        // Holding the (fair) lock over the wait is what keeps callers in order.
        let mut state = self.state.lock().await;
        loop {
            let now = Instant::now();
            let back = (now - state.at).as_secs_f64() * per_second;
            state.tokens = (state.tokens + back).min(f64::from(self.rate.burst));
            state.at = now;
            if state.tokens >= cost {
                state.tokens -= cost;
                return;
            }
            let missing = (cost - state.tokens) / per_second;
            tokio::time::sleep(Duration::from_secs_f64(missing + 0.001)).await;
        }
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

//! Rates: what we send on a link, and how often we may dial a host.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// A rate: `burst` at once, then one per `every`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many at once after a rest. At least 1 is taken.
    pub burst: u32,
    /// The spacing once the burst is used up.
    pub every: Duration,
}

impl Rate {
    /// A rate.
    #[must_use]
    pub const fn new(burst: u32, every: Duration) -> Self {
        Self { burst, every }
    }
}

/// A token bucket over a given `now`, kept as the single moment at which it will be full again.
///
/// ```
/// use std::time::Duration;
/// use arb_ws::{Rate, Throttle};
///
/// let now = tokio::time::Instant::now();
/// let mut throttle = Throttle::new(Rate::new(3, Duration::from_secs(1)));
/// throttle.take(2, now);
/// assert_eq!(throttle.next_at(1, now), now);
/// assert_eq!(throttle.next_at(3, now), now + Duration::from_secs(2));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Throttle {
    rate: Rate,
    full_at: Option<Instant>,
}

impl Throttle {
    /// A full bucket.
    #[must_use]
    pub const fn new(rate: Rate) -> Self {
        Self { rate, full_at: None }
    }

    /// When the next `count` may go together: `now` or later. More than a burst may go when the bucket is full.
    #[must_use]
    pub fn next_at(&self, count: u32, now: Instant) -> Instant {
        let Some(full_at) = self.full_at else { return now };
        let spare = self.rate.every.saturating_mul(self.rate.burst.max(1).saturating_sub(count));
        full_at.checked_sub(spare).map_or(now, |at| at.max(now))
    }

    /// Takes `count`, whether or not they were due: overdrafts lengthen the next wait.
    pub fn take(&mut self, count: u32, now: Instant) {
        let full_at = self.full_at.map_or(now, |at| at.max(now));
        self.full_at = Some(full_at + self.rate.every.saturating_mul(count));
    }

    fn is_full(&self, now: Instant) -> bool {
        self.full_at.is_none_or(|at| at <= now)
    }
}

/// How often each host may be dialled, shared by all connections that hold a clone.
///
/// A flapping server gets at most `burst + t / every` connects in any time `t` from all of them
/// together.
#[derive(Debug, Clone)]
pub struct ConnectBudget {
    rate: Rate,
    hosts: Arc<Mutex<HashMap<String, Throttle>>>,
}

/// 20 at once, so that a pool can start, then one a second.
impl Default for ConnectBudget {
    fn default() -> Self {
        Self::new(Rate::new(20, Duration::from_secs(1)))
    }
}

impl ConnectBudget {
    /// A budget with this rate for each host.
    #[must_use]
    pub fn new(rate: Rate) -> Self {
        Self { rate, hosts: Arc::default() }
    }

    /// Takes one attempt, or says when to ask again.
    pub(crate) fn take(&self, host: &str, now: Instant) -> Result<(), Instant> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if !hosts.contains_key(host) {
            // A full bucket remembers nothing, so it can go; this bounds the map.
            hosts.retain(|_, throttle| !throttle.is_full(now));
            hosts.insert(host.to_owned(), Throttle::new(self.rate));
        }
        let Some(throttle) = hosts.get_mut(host) else { return Ok(()) };
        let due = throttle.next_at(1, now);
        if due > now {
            return Err(due);
        }
        throttle.take(1, now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// In any window of time no more go than burst + window / every.
        #[test]
        fn no_window_sees_more_than_the_budget(
            burst in 1u32..6,
            every in 1u64..200,
            steps in prop::collection::vec(0u64..120, 1..200),
        ) {
            let start = Instant::now();
            let budget = ConnectBudget::new(Rate::new(burst, Duration::from_millis(every)));
            let mut at = 0;
            let mut taken = Vec::new();
            for step in steps {
                at += step;
                let now = start + Duration::from_millis(at);
                match budget.take("host", now) {
                    Ok(()) => taken.push(at),
                    Err(due) => prop_assert!(due > now),
                }
            }
            for (i, first) in taken.iter().enumerate() {
                for (j, last) in taken.iter().enumerate().skip(i) {
                    let allowed = u64::from(burst) + (last - first) / every;
                    prop_assert!((j - i + 1) as u64 <= allowed);
                }
            }
        }
    }

    #[test]
    fn hosts_have_budgets_of_their_own_and_a_refusal_says_when() {
        let budget = ConnectBudget::new(Rate::new(1, Duration::from_secs(2)));
        let now = Instant::now();
        assert_eq!(budget.take("a", now), Ok(()));
        assert_eq!(budget.take("a", now), Err(now + Duration::from_secs(2)));
        assert_eq!(budget.take("b", now), Ok(()));
        assert_eq!(budget.take("a", now + Duration::from_secs(2)), Ok(()));
    }
}

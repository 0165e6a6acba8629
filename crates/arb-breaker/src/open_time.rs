//! How long an open breaker stays open.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use crate::config::BreakerConfig;
use crate::moment::Moment;

/// Growth stops here at the latest: a factor of 2 has then reached any cap.
const HIGHEST_LEVEL: u32 = 64;

/// The growing, decaying, jittered open time.
#[derive(Debug)]
pub(crate) struct OpenTime {
    /// How many steps the next open time has grown.
    level: u32,
    /// Since when the breaker has been closed without a break.
    healthy_since: Option<Moment>,
    random: u64,
}

impl OpenTime {
    pub(crate) fn new(name: &str, config: &BreakerConfig) -> Self {
        // Breakers that share a seed still differ, or they would come back as a herd.
        let random = match config.jitter_seed {
            Some(seed) => name.bytes().fold(seed, |mixed, byte| {
                (mixed ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3) // FNV-1a's step
            }),
            None => RandomState::new().hash_one(name),
        };
        Self { level: 0, healthy_since: None, random }
    }

    /// The breaker closed.
    pub(crate) fn closed(&mut self, now: Moment) {
        self.healthy_since = Some(now);
    }

    /// Takes up a level that was saved.
    pub(crate) fn restore(&mut self, level: u32, healthy_since: Option<Moment>) {
        self.level = level.min(HIGHEST_LEVEL);
        self.healthy_since = healthy_since;
    }

    /// Forgets past openings.
    pub(crate) fn forget(&mut self) {
        self.level = 0;
    }

    /// The level at `now`, after the decay of the healthy time so far.
    pub(crate) fn level_at(&self, now: Moment, config: &BreakerConfig) -> u32 {
        let healthy = self.healthy_since.map_or(Duration::ZERO, |since| now.since(since));
        let steps = healthy.as_nanos() / config.decay_after.as_nanos().max(1);
        self.level.saturating_sub(u32::try_from(steps).unwrap_or(u32::MAX))
    }

    /// The breaker opens at `now`: how long for.
    pub(crate) fn opened(
        &mut self,
        now: Moment,
        retry_after: Option<Duration>,
        config: &BreakerConfig,
    ) -> Duration {
        let level = self.level_at(now, config);
        self.healthy_since = None;
        self.level = (level + 1).min(HIGHEST_LEVEL);
        let open_time = match retry_after {
            Some(wait) => wait.min(config.retry_after_max),
            None => grown(level, config),
        };
        open_time.saturating_add(self.jitter(open_time, config))
    }

    fn jitter(&mut self, open_time: Duration, config: &BreakerConfig) -> Duration {
        let share = u128::from(config.jitter.as_per_million());
        if share == 0 {
            return Duration::ZERO;
        }
        let most = open_time.as_nanos() * share / 1_000_000;
        // The high half of the product of a 64-bit random number and the span is uniform in it.
        let nanos = (most * u128::from(self.next_random())) >> 64;
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// SplitMix64 (Steele, Lea, Flood 2014): enough to spread wake-ups.
    fn next_random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

/// `open_time × growth^level`, at most `open_time_max`.
fn grown(level: u32, config: &BreakerConfig) -> Duration {
    let mut open_time = config.open_time;
    for _ in 0..level {
        if open_time >= config.open_time_max {
            break;
        }
        open_time = open_time.saturating_mul(config.growth);
    }
    open_time.min(config.open_time_max)
}

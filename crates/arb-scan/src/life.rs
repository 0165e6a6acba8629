//! Lives of trades as people see them: flicker is one life, and what counts is how long the value stayed, not its sign.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use arb_normalize::{OpportunityClass, Timestamp, Usd};
use serde::Serialize;

use crate::{CloseReason, Closed, Found};

/// How lives are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LifeConfig {
    /// A trade that comes back within this time goes on with its life.
    pub gap_max: Duration,
    /// The times after which survival is told.
    pub survival_after: Vec<Duration>,
}

impl Default for LifeConfig {
    /// 2 s; 50, 100, 250 and 500 ms, 1, 2, 5, 10, 30 and 60 s.
    fn default() -> Self {
        let millis = [50, 100, 250, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000];
        Self {
            gap_max: Duration::from_secs(2),
            survival_after: millis.map(Duration::from_millis).to_vec(),
        }
    }
}

/// A trade's life: one or more episodes with no gap longer than [`LifeConfig::gap_max`] between them.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Life {
    /// The first episode.
    pub id: String,
    /// The pair or set.
    pub pair: String,
    /// Its class.
    pub class: OpportunityClass,
    /// When it began.
    pub opened_at: Option<Timestamp>,
    /// When its last episode ended.
    pub ended_at: Option<Timestamp>,
    /// Why that ended.
    pub reason: CloseReason,
    /// How many episodes it is made of.
    pub episodes: u32,
    /// The best net profit it showed, in dollars.
    pub peak_usd: Usd,
    /// Time in which it was there.
    pub open_for: Duration,
    /// Time in which it showed at least half of its peak.
    pub above_half_for: Duration,
    /// Net profit summed over time, in dollar-seconds.
    pub dollar_seconds: f64,
}

/// How many episodes were still there after some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Survival {
    /// The time.
    pub after: Duration,
    /// Episodes of which it is known: their books spoke at least that often, and nothing but prices, sizes or the end of the recording cut
    /// them short.
    pub known: u64,
    /// Of those, episodes that were still there.
    pub survived: u64,
}

impl Survival {
    /// The share that survived, `None` where nothing is known.
    #[must_use]
    pub fn share(&self) -> Option<f64> {
        (self.known > 0).then(|| self.survived as f64 / self.known as f64)
    }
}

/// Follows trades from a [`Sink`](crate::Sink): give it what [`Sink::on_opportunity`](crate::Sink::on_opportunity) and
/// [`Sink::on_closed`](crate::Sink::on_closed) are told. The raw events are as before.
#[derive(Debug)]
pub struct Lives {
    config: LifeConfig,
    /// By episode id without its number.
    current: HashMap<String, Current>,
    survived: Vec<Survival>,
    /// The episodes' resolutions, counted by powers of two of microseconds.
    resolutions: [u64; 64],
}

#[derive(Debug)]
struct Current {
    life: Life,
    steps: Steps,
    /// The running episode: since when and how finely it is known.
    open: Option<Running>,
}

#[derive(Debug, Clone, Copy)]
struct Running {
    since: Option<Timestamp>,
    resolution: Option<Duration>,
    /// The value shown last, and since when.
    net: Usd,
    shown_at: Option<Timestamp>,
}

impl Lives {
    /// No lives yet.
    #[must_use]
    pub fn new(config: LifeConfig) -> Self {
        let survived = config
            .survival_after
            .iter()
            .map(|after| Survival { after: *after, known: 0, survived: 0 })
            .collect();
        Self { config, current: HashMap::new(), survived, resolutions: [0; 64] }
    }

    /// A trade opened or changed. Gives the life that ended before, if this is the beginning of another one.
    ///
    /// The resolution of what is known of an episode is the slowest of its books' [mean
    /// intervals](arb_normalize::books::TrackedBook::mean_interval) when it opened; below it nothing is said.
    pub fn on_opportunity(&mut self, found: &Found<'_>) -> Option<Life> {
        let resolution = || {
            let mut slowest = Duration::ZERO;
            for (_, tracked) in found.legs() {
                slowest = slowest.max(tracked.mean_interval()?);
            }
            Some(slowest)
        };
        let trade = found.opportunity;
        self.show(&trade.id, &trade.pair, trade.class, trade.at, trade.net_usd, resolution)
    }

    fn show(
        &mut self,
        id: &str,
        pair: &str,
        class: OpportunityClass,
        at: Option<Timestamp>,
        net: Usd,
        resolution: impl FnOnce() -> Option<Duration>,
    ) -> Option<Life> {
        let key = key_of(id);
        let ended = self
            .current
            .get(key)
            .is_some_and(|current| current.is_over(at, self.config.gap_max))
            .then(|| self.current.remove(key))
            .flatten()
            .map(Current::finish);
        let current = self.current.entry(key.to_owned()).or_insert_with(|| Current {
            life: Life {
                id: id.to_owned(),
                pair: pair.to_owned(),
                class,
                opened_at: at,
                ended_at: None,
                reason: CloseReason::PriceMoved,
                episodes: 0,
                peak_usd: Usd::ZERO,
                open_for: Duration::ZERO,
                above_half_for: Duration::ZERO,
                dollar_seconds: 0.0,
            },
            steps: Steps::default(),
            open: None,
        });
        current.accrue(at);
        if current.open.is_none() {
            current.life.episodes += 1;
        }
        let running = current.open.get_or_insert_with(|| {
            let resolution = resolution();
            if let Some(resolution) = resolution {
                let micros = u64::try_from(resolution.as_micros()).unwrap_or(u64::MAX);
                self.resolutions[micros.checked_ilog2().unwrap_or(0) as usize] += 1;
            }
            Running { since: at, resolution, net, shown_at: at }
        });
        (running.net, running.shown_at) = (net, at);
        current.life.peak_usd = current.life.peak_usd.max(net);
        current.steps.forget_below(current.life.peak_usd);
        ended
    }

    /// A trade ended; its life may go on.
    pub fn on_closed(&mut self, closed: &Closed) {
        self.close(&closed.id, closed.at, closed.reason);
    }

    fn close(&mut self, id: &str, at: Option<Timestamp>, reason: CloseReason) {
        let Some(current) = self.current.get_mut(key_of(id)) else { return };
        current.accrue(at);
        (current.life.ended_at, current.life.reason) = (at, reason);
        if let Some(running) = current.open.take() {
            let by_market = matches!(reason, CloseReason::PriceMoved | CloseReason::SizeGone);
            count(&mut self.survived, running, at, by_market);
        }
    }

    /// Gives the lives that are over at `now`: ended longer than [`LifeConfig::gap_max`] ago.
    pub fn advance(&mut self, now: Timestamp) -> Vec<Life> {
        let gap_max = self.config.gap_max;
        let mut over: Vec<Life> = self
            .current
            .extract_if(|_, current| current.is_over(Some(now), gap_max))
            .map(|(_, current)| current.finish())
            .collect();
        over.sort_by(|a, b| a.ended_at.cmp(&b.ended_at).then_with(|| a.id.cmp(&b.id)));
        over
    }

    /// Ends everything at the last instant of a recording and gives the lives that were left.
    pub fn finish(&mut self, at: Option<Timestamp>) -> Vec<Life> {
        let mut left: Vec<Life> = self
            .current
            .drain()
            .map(|(_, mut current)| {
                current.accrue(at);
                if let Some(running) = current.open.take() {
                    current.life.ended_at = at;
                    count(&mut self.survived, running, at, false);
                }
                current.finish()
            })
            .collect();
        left.sort_by(|a, b| a.opened_at.cmp(&b.opened_at).then_with(|| a.id.cmp(&b.id)));
        left
    }

    /// How many of the episodes that ended were still there after each of the times. An episode counts where its resolution is at least as
    /// fine as the time; one that was cut short by a broken book, a limit or the end of the recording counts only up to then.
    #[must_use]
    pub fn survival(&self) -> &[Survival] {
        &self.survived
    }

    /// The median resolution of the episodes, to a power of two of a microsecond (rounded up); `None` where no book said
    /// enough to tell.
    #[must_use]
    pub fn resolution(&self) -> Option<Duration> {
        let all: u64 = self.resolutions.iter().sum();
        let mut seen = 0;
        for (power, count) in self.resolutions.iter().enumerate() {
            seen += count;
            if all > 0 && 2 * seen >= all {
                return Some(Duration::from_micros(2_u64.checked_pow(power as u32 + 1)?));
            }
        }
        None
    }
}

/// An episode's trade: its id without the number.
fn key_of(id: &str) -> &str {
    id.rsplit_once('/').map_or(id, |(key, _)| key)
}

fn count(survived: &mut [Survival], running: Running, at: Option<Timestamp>, by_market: bool) {
    let (Some(since), Some(at), Some(resolution)) = (running.since, at, running.resolution) else {
        return;
    };
    let lasted = at.since(since);
    for step in survived {
        let there = lasted >= step.after;
        if resolution <= step.after && (there || by_market) {
            step.known += 1;
            step.survived += u64::from(there);
        }
    }
}

impl Current {
    fn is_over(&self, at: Option<Timestamp>, gap_max: Duration) -> bool {
        let gap = at.zip(self.life.ended_at).map(|(at, ended)| at.since(ended));
        self.open.is_none() && gap.is_some_and(|gap| gap > gap_max)
    }

    /// Counts the value shown last up to `at`.
    fn accrue(&mut self, at: Option<Timestamp>) {
        let Some(running) = &mut self.open else { return };
        if let (Some(at), Some(since)) = (at, running.shown_at) {
            let nanos = at.nanos_since(since);
            self.life.open_for += Duration::from_nanos(nanos);
            self.life.dollar_seconds += running.net.to_f64_lossy() * (nanos as f64 / 1e9);
            self.steps.add(running.net, nanos);
        }
        running.shown_at = at;
    }

    fn finish(mut self) -> Life {
        self.life.above_half_for = self.steps.at_least_half_of(self.life.peak_usd);
        self.life
    }
}

/// For how long each value was shown; values below half of the peak are of no use and forgotten.
#[derive(Debug, Default)]
struct Steps(BTreeMap<Usd, u64>);

/// Different values kept; beyond, the two lowest are merged into the lower one, so that no time is overstated.
const STEPS: usize = 1_024;

impl Steps {
    fn add(&mut self, net: Usd, nanos: u64) {
        let held = self.0.entry(net).or_default();
        *held = held.saturating_add(nanos);
        if self.0.len() > STEPS
            && let (Some((low, a)), Some((_, b))) = (self.0.pop_first(), self.0.pop_first())
        {
            self.0.insert(low, a.saturating_add(b));
        }
    }

    fn forget_below(&mut self, peak: Usd) {
        while let Some(lowest) = self.0.first_entry() {
            if lowest.key().pico() * 2 >= peak.pico() {
                break;
            }
            lowest.remove();
        }
    }

    fn at_least_half_of(&self, peak: Usd) -> Duration {
        let above = self.0.iter().filter(|(net, _)| net.pico() * 2 >= peak.pico());
        Duration::from_nanos(above.fold(0, |sum, (_, nanos)| sum.saturating_add(*nanos)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: i64) -> Option<Timestamp> {
        Timestamp::from_millis(1_000_000 + millis)
    }

    /// One step of a trade's history: after so many milliseconds it is worth this much, or is gone.
    type Event = (i64, Option<u8>, bool);

    fn events() -> impl Strategy<Value = Vec<Event>> {
        let gap = prop_oneof![0_i64..300, 900_i64..1_200, 1_500_i64..4_000];
        prop::collection::vec((gap, prop::option::weighted(0.6, 1_u8..20), any::<bool>()), 1..60)
    }

    /// The slow way: one value for each millisecond, looked at from the end.
    fn reference(events: &[Event], gap_max: i64) -> Vec<(i64, i64, u32, u8, i64, i64)> {
        let mut timeline: Vec<u8> = Vec::new();
        let mut starts = Vec::new();
        let mut value = 0;
        for (wait, worth, _) in events {
            timeline.extend(std::iter::repeat_n(value, *wait as usize));
            let next = worth.unwrap_or(0);
            if next > 0 && value == 0 {
                starts.push(timeline.len() as i64);
            }
            value = next;
        }
        let open = |ms: i64| timeline.get(ms as usize).is_some_and(|value| *value > 0);
        // Instants at which an episode is there although it lasted no millisecond.
        let mut lives: Vec<(i64, i64, u32)> = Vec::new();
        for start in starts {
            let mut end = start;
            while open(end) {
                end += 1;
            }
            match lives.last_mut() {
                Some((_, last, count)) if start - *last <= gap_max => {
                    (*last, *count) = (end, *count + 1);
                }
                _ => lives.push((start, end, 1)),
            }
        }
        lives
            .into_iter()
            .map(|(start, end, count)| {
                let values = || (start..end).filter_map(|ms| timeline.get(ms as usize).copied());
                let shown = events.iter().scan(0, |now, (wait, worth, _)| {
                    *now += wait;
                    Some((*now, worth.unwrap_or(0)))
                });
                let peak = shown
                    .filter(|(when, _)| (start..=end).contains(when))
                    .map(|(_, worth)| worth)
                    .max()
                    .unwrap_or(0);
                let lasted = values().filter(|value| *value > 0).count() as i64;
                let half = values().filter(|value| *value > 0 && 2 * *value >= peak).count() as i64;
                (start, end, count, peak, lasted, half)
            })
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(if std::env::var_os("ARB_LONG").is_some() { 20_000 } else { 1_000 }))]

        #[test]
        fn lives_are_those_of_a_timeline_in_milliseconds(events in events()) {
            let mut lives = Lives::new(LifeConfig::default());
            let (mut now, mut number, mut open) = (0, 0, false);
            let mut seen = Vec::new();
            for (wait, worth, look) in &events {
                now += wait;
                match worth {
                    Some(worth) => {
                        number += u32::from(!open);
                        open = true;
                        let net = Usd::from_micros(i64::from(*worth));
                        let id = format!("p/yes-no/{number}");
                        seen.extend(lives.show(&id, "p", OpportunityClass::CrossVenue, at(now), net, || None));
                    }
                    None if open => {
                        open = false;
                        lives.close(&format!("p/yes-no/{number}"), at(now), CloseReason::PriceMoved);
                    }
                    None => {}
                }
                if *look {
                    seen.extend(lives.advance(at(now).unwrap()));
                }
            }
            seen.extend(lives.finish(at(now)));
            let found: Vec<_> = seen
                .iter()
                .map(|life| {
                    let millis = |at: Option<Timestamp>| at.unwrap().nanos() / 1_000_000 - 1_000_000;
                    (
                        millis(life.opened_at),
                        millis(life.ended_at),
                        life.episodes,
                        (life.peak_usd.pico() / 1_000_000) as u8,
                        life.open_for.as_millis() as i64,
                        life.above_half_for.as_millis() as i64,
                    )
                })
                .collect();
            prop_assert_eq!(found, reference(&events, 2_000));
        }
    }

    #[test]
    fn values_below_half_of_the_peak_take_no_room() {
        let mut lives = Lives::new(LifeConfig::default());
        let class = OpportunityClass::CrossVenue;
        let mut show = |now: i64, cents: i64| {
            let net = Usd::from_micros(10_000 * cents);
            lives.show("p/yes-no/1", "p", class, at(now), net, || None);
            lives.current["p/yes-no"].steps.0.len()
        };
        let held: Vec<usize> = [(0, 1), (10, 2), (20, 3), (30, 100), (40, 50), (50, 49), (60, 80)]
            .map(|(now, cents)| show(now, cents))
            .to_vec();
        // What is shown counts once its time is over; 49 cents are less than half of the peak.
        assert_eq!(held, [0, 1, 1, 0, 1, 2, 2]);
    }

    #[test]
    fn nothing_is_said_below_the_resolution_of_the_books() {
        let mut lives = Lives::new(LifeConfig::default());
        let class = OpportunityClass::CrossVenue;
        let mut episode = |number: i64, resolution: u64, lasted: i64, reason| {
            let (id, start) = (format!("p/yes-no/{number}"), 100_000 * number);
            let resolution = || Some(Duration::from_millis(resolution));
            lives.show(&id, "p", class, at(start), Usd::CENT, resolution);
            lives.close(&id, at(start + lasted), reason);
        };
        episode(1, 10, 700, CloseReason::PriceMoved);
        episode(2, 400, 5_500, CloseReason::SizeGone);
        // Cut short: it is known to have been there up to then, and nothing more.
        episode(3, 10, 300, CloseReason::BookSuspect);
        let known: Vec<(u64, u64)> =
            lives.survival().iter().map(|step| (step.known, step.survived)).collect();
        // 50 ms … 60 s.
        let expected =
            [(2, 2), (2, 2), (2, 2), (2, 2), (2, 1), (2, 1), (2, 1), (2, 0), (2, 0), (2, 0)];
        assert_eq!(known, expected);
        assert_eq!(lives.resolution(), Some(Duration::from_micros(16_384)));
    }
}

//! Too good to be true: pairs that pay for longer than pairs do are taken for a mistake.

use std::time::Duration;

use arb_normalize::{Timestamp, Usd};
use serde::Serialize;

/// When a pair is taken for a mistake: a wrong relation, a stale feed, a market that pays differently.
///
/// A real edge between two live venues lasts moments. What pays for longer than that is, until somebody has looked, two different
/// contracts. The rule is for live feeds only; a recording and a simulation are full of trades on purpose.
///
/// What is in quarantine stays there when its fees change or its approval is withdrawn for a while and comes back; it begins anew when its
/// markets or their relation differ, and with another pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct QuarantineRule {
    /// Nothing is said before a pair's books were live and priced together for so long. Time in which a book was older than
    /// [its limit](crate::Limits::max_age) does not count, to the precision of the calls of [`Pipeline::advance`](crate::Pipeline::advance).
    pub after: Duration,
    /// The largest share of that time in which it may have paid, in millionths.
    pub share_max_ppm: u32,
    /// The largest median net profit over that time (nothing counting as zero).
    pub median_max: Usd,
}

impl Default for QuarantineRule {
    /// 24 hours, 1 %, $1.
    fn default() -> Self {
        Self { after: Duration::from_secs(86_400), share_max_ppm: 10_000, median_max: Usd::DOLLAR }
    }
}

/// Why a trade is in quarantine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Quarantine {
    /// How long its books had been live and priced together.
    pub live: Duration,
    /// In how much of that time it paid.
    pub profitable: Duration,
    /// In how much of that time it paid more than the rule's median.
    pub above_median: Duration,
    /// Whether more than half of the time was above that median; if not, it paid in too large a share of the time.
    pub median_too_high: bool,
}

impl std::fmt::Display for Quarantine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let hours = |span: Duration| span.as_secs_f64() / 3_600.0;
        write!(
            f,
            "quarantined: it paid in {:.2} % of {:.1} hours of live books{}; check that both markets are the same contract",
            100.0 * hours(self.profitable) / hours(self.live),
            hours(self.live),
            if self.median_too_high { ", and too much in more than half of them" } else { "" }
        )
    }
}

/// How one basket spent its time.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Record {
    live: u64,
    profitable: u64,
    above_median: u64,
    /// What it was since when; `None` while its books are not priced.
    since: Option<(Timestamp, Usd)>,
    pub(crate) quarantine: Option<Quarantine>,
}

impl Record {
    /// Whether time of live books is being taken.
    pub(crate) const fn is_timed(&self) -> bool {
        self.since.is_some()
    }

    /// Takes what the basket earns from `now` on, `None` while its books are not priced; says whether it was quarantined just now.
    pub(crate) fn note(
        &mut self,
        rule: &QuarantineRule,
        now: Option<Timestamp>,
        net: Option<Usd>,
    ) -> bool {
        self.pause(rule, now);
        self.since = now.zip(net);
        if self.quarantine.is_some() || u128::from(self.live) < rule.after.as_nanos() {
            return false;
        }
        let share = u128::from(self.profitable) * 1_000_000;
        let too_often = share > u128::from(self.live) * u128::from(rule.share_max_ppm);
        let median_too_high = self.above_median > self.live / 2;
        if too_often || median_too_high {
            self.quarantine = Some(Quarantine {
                live: Duration::from_nanos(self.live),
                profitable: Duration::from_nanos(self.profitable),
                above_median: Duration::from_nanos(self.above_median),
                median_too_high,
            });
        }
        self.quarantine.is_some()
    }

    /// Takes the time up to `now`, and no more until the next [note](Record::note).
    pub(crate) fn pause(&mut self, rule: &QuarantineRule, now: Option<Timestamp>) {
        if let (Some((since, earned)), Some(now)) = (self.since.take(), now) {
            let span = now.nanos_since(since);
            self.live = self.live.saturating_add(span);
            if earned.is_positive() {
                self.profitable = self.profitable.saturating_add(span);
            }
            if earned > rule.median_max {
                self.above_median = self.above_median.saturating_add(span);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Option<Timestamp> {
        Timestamp::from_nanos((1 + seconds) * 1_000_000_000)
    }

    #[test]
    fn a_pair_that_pays_in_more_than_one_percent_of_a_live_day_is_quarantined() {
        let rule = QuarantineRule::default();
        let mut record = Record::default();
        let cent = Usd::CENT;
        assert!(!record.note(&rule, at(0), Some(cent)));
        // 864 s are one percent of a day: not more.
        assert!(!record.note(&rule, at(864), Some(Usd::ZERO)));
        assert!(!record.note(&rule, at(86_399), Some(Usd::ZERO)), "less than a day is no evidence");
        assert!(!record.note(&rule, at(86_400), Some(cent)));
        assert!(record.note(&rule, at(86_420), Some(Usd::ZERO)));
        let why = record.quarantine.unwrap();
        assert_eq!((why.profitable.as_secs(), why.median_too_high), (884, false));
        assert!(why.to_string().contains("1.02 % of 24.0 hours"), "{why}");
        assert!(!record.note(&rule, at(90_000), Some(Usd::ZERO)), "it is said once");
    }

    #[test]
    fn time_without_live_books_does_not_count() {
        let rule = QuarantineRule::default();
        let mut record = Record::default();
        record.note(&rule, at(0), Some(Usd::DOLLAR + Usd::CENT));
        record.note(&rule, at(10), None);
        record.note(&rule, at(200_000), Some(Usd::ZERO));
        assert_eq!(record.live, 10_000_000_000);
        assert!(!record.note(&rule, at(200_010), Some(Usd::ZERO)));
    }

    #[test]
    fn a_median_above_a_dollar_is_named() {
        let rule = QuarantineRule::default();
        let mut record = Record::default();
        record.note(&rule, at(0), Some(Usd::DOLLAR + Usd::CENT));
        assert!(record.note(&rule, at(86_400), Some(Usd::ZERO)));
        assert!(record.quarantine.unwrap().median_too_high);
        // A rule that lets a pair pay as often as it likes still does not let it pay so much.
        let rule = QuarantineRule { share_max_ppm: 1_000_000, ..rule };
        for (net, too_much) in [(Usd::DOLLAR, false), (Usd::DOLLAR + Usd::CENT, true)] {
            let mut record = Record::default();
            record.note(&rule, at(0), Some(net));
            assert!(!record.note(&rule, at(43_200), Some(Usd::ZERO)));
            assert!(
                !record.note(&rule, at(86_400), Some(net)),
                "half of the time is no more than half"
            );
            assert_eq!(record.note(&rule, at(86_402), Some(net)), too_much);
        }
    }
}

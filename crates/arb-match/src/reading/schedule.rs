//! The days on which the rules schedule the event, held against the day the venue ends the market.

use super::Reading;
use super::windows::DAY;
use crate::lexicon::Kind;
use crate::text::tokens;
use crate::when::{Around, Tie, When, dates};

/// How long after the day of the event in the rules the venue may end the market, in seconds.
const SCHEDULE_DRIFT: std::ops::Range<i64> = -2 * 86_400..31 * 86_400;

/// The same for what happens on that day; figures come later, and who is next longer still.
const CONTEST_DRIFT: std::ops::Range<i64> = -2 * 86_400..8 * 86_400;

/// The sentences that say when the event is scheduled.
pub(super) fn scheduled(rules: &str) -> Vec<&str> {
    let sentences = rules.lines().flat_map(|line| line.split(". "));
    sentences.filter(|sentence| sentence.contains("cheduled")).collect()
}

/// Whether the sentences on a schedule name a day for the event that is far from the one on which the venue ends the market.
pub(super) fn on_another_day(
    reading: &Reading,
    written: &[When],
    scheduled: &[&str],
    around: Around,
) -> bool {
    let open = |w: &When| matches!(w.tie, Tie::By | Tie::Before);
    let elsewhere = written.iter().filter(|w| !open(w)).cloned();
    // "Scheduled for June 2 - June 21": the last day too.
    let there = scheduled.iter().flat_map(|text| dates(&tokens(text), around));
    let days = elsewhere.chain(there).filter(|w| w.is_at_most_a_month() && !w.year_guessed);
    let mut days =
        days.filter_map(|w| Some((w.opening()?, i64::from((w.end - w.first).get_days()))));
    // A market ends on the day of its event or soon after, not before it.
    let contest = !reading.has_kind(Kind::Measure) && !reading.has(Kind::Rank, "next");
    let drift = if contest { CONTEST_DRIFT } else { SCHEDULE_DRIFT };
    let near = days.any(|(day, long)| {
        let last = day + long * 86_400;
        let apart = |end: i64| (end - day).min(0) + (end - last).max(0);
        // A venue may end the market on the day on which the rules give up waiting.
        let waits = |end: i64| {
            let until = |last: &i64| last.abs_diff(end) <= 2 * DAY;
            end > last && reading.rule_ends.iter().any(until)
        };
        reading.ends_at.is_none_or(|end| drift.contains(&apart(end)) || waits(end))
    });
    let named = |text: &&str| {
        let mut days = dates(&tokens(text), around).into_iter();
        days.any(|w| w.is_at_most_a_month() && !w.year_guessed && !open(&w))
    };
    scheduled.iter().any(named) && !near
}

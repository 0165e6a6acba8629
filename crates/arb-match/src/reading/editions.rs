//! Which edition it is about: the years, seasons and days that name the event itself.

use arb_normalize::{Market, Venue};
use jiff::civil::Date;

use super::Reading;
use super::condition::sentence_end;
use crate::lexicon::Kind;
use crate::text::tokens;
use crate::when::{Around, Tie, When, dates, ticker_date};

/// The day on which the venue says the market ends.
pub(super) fn end_day(market: &Market) -> Option<Date> {
    let at = market.close_at.or(market.expected_resolution_at)?;
    Date::new(
        i16::try_from(at.year()).ok()?,
        i8::try_from(u8::from(at.month())).ok()?,
        i8::try_from(at.day()).ok()?,
    )
    .ok()
}

/// The event's date in a Kalshi ticker.
pub(super) fn ticker_edition(market: &Market, around: Around) -> Option<When> {
    let found = (market.key.venue == Venue::Kalshi).then(|| ticker_date(&market.key.id));
    found.flatten().filter(|when| !expires(when, around) && ended_by(when, around))
}

/// The year of a day, as a guess at the event's.
pub(super) fn year_of(day: Date) -> Option<When> {
    let first = Date::new(day.year(), 1, 1).ok()?;
    let end = Date::new(day.year() + 1, 1, 1).ok()?;
    let (tie, year_guessed) = (Tie::Named, true);
    Some(When { tie, first, end, time: None, year_guessed, season: false, start: 0, stop: 0 })
}

/// Whether the ticker's number can be a date: `KXSURVIVOR-50` is not about 2050.
fn ended_by(when: &When, around: Around) -> bool {
    around.end.is_none_or(|end| when.first.year() <= end.year() + 1)
}

/// Whether the ticker's date is when the market ends (`KXGERCOALITION-30`, closing on 1 January 2030) rather than the event's year.
fn expires(when: &When, around: Around) -> bool {
    let turn = |end: Date| end.month() == 1 && end.day() <= 10 && end.year() == when.first.year();
    when.is_year() && around.end.is_some_and(turn)
}

/// The dates that name the event: those of the statements, of its schedule, and of the match that two names are paid for.
pub(super) fn editions(
    reading: &Reading,
    rules: &str,
    scheduled: &[&str],
    around: Around,
) -> Vec<When> {
    let statements = reading.statements().chain(&reading.basis);
    let mut editions: Vec<When> = statements.flat_map(|s| &s.dates).cloned().collect();
    // When a statistic is due is not the month it is about.
    let statistic = reading.has_kind(Kind::Measure);
    for sentence in scheduled.iter().take(usize::from(!statistic)) {
        let found = dates(&tokens(sentence), around);
        editions.extend(found.into_iter().map(|when| When { tie: Tie::Named, ..when }));
    }
    // Rules that pay two names say which match in their first sentence.
    if reading.sides.is_some() {
        let first = &rules[..sentence_end(rules)];
        editions.extend(dates(&tokens(first), around).into_iter().filter(|w| !w.year_guessed));
    }
    editions.sort_by_key(|w| (w.first, w.end, w.tie));
    editions.dedup_by_key(|w| (w.first, w.end, w.tie));
    editions
}

/// Whether the years of the question do not occur in the rules, whose dates are given, and which name others.
pub(super) fn other_year(reading: &Reading, written: &[When]) -> bool {
    // "before January 1, 2027" is about 2026.
    let year = |w: &When| {
        let last = if w.tie == Tie::Before { w.first } else { w.end };
        [w.first.year(), last.yesterday().map_or(0, Date::year)]
    };
    let titles = || reading.titles.iter().flat_map(|s| &s.dates);
    let dated = titles().filter(|w| w.tie != Tie::Before && !w.year_guessed);
    let asked: Vec<i16> = dated.flat_map(year).collect();
    // "In July?" of a question is the July its rules name with a year.
    let month = |w: &When| (w.first.month(), w.first.day(), w.is_day());
    let turned = titles().filter(|w| w.year_guessed && !w.is_year()).any(|w| {
        let mut named = written.iter().filter(|x| !x.year_guessed && month(x) == month(w));
        named.clone().next().is_some() && !named.any(|x| x.first == w.first)
    });
    let claims = reading.claims.iter().flat_map(|s| &s.dates);
    let ruled = written.iter().filter(|w| !w.year_guessed).chain(claims);
    let ruled: Vec<i16> = ruled.flat_map(year).collect();
    turned || !asked.is_empty() && !ruled.is_empty() && !asked.iter().any(|y| ruled.contains(y))
}

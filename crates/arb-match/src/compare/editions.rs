//! The years, seasons and days that name an event.

use arb_normalize::Relation;

use super::Findings;
use super::windows::{follows, same_number};
use crate::judgement::DifferenceKind;
use crate::lexicon::Kind;
use crate::reading::{Provenance, Reading, Window};
use crate::when::{Tie, When};

/// Years, seasons and days that name the event: those the question and the condition give must all be met on the other side.
pub(super) fn editions(k: &Reading, p: &Reading, anchored: bool, found: &mut Findings) {
    let named = |all: &[When]| -> Vec<When> {
        let out = all.iter().filter(|w| !matches!(w.tie, Tie::Before | Tie::By | Tie::After));
        out.cloned().collect()
    };
    let (mut a, mut b) = (named(&k.editions), named(&p.editions));
    let next = |r: &Reading| r.has(Kind::Rank, "next");
    if a.is_empty() && anchored && !next(k) {
        a.extend(k.ticker.clone());
    }
    if b.is_empty() && anchored && next(p) && !next(k) {
        b.extend(p.end_year.clone());
    }
    if a.is_empty() || b.is_empty() {
        one_named(k, p, (&a, &b), anchored, found);
        return;
    }
    // A day without a year is that of the venue's own end, unless both name the year elsewhere.
    let agreed = a.iter().filter(|x| !x.year_guessed).any(|x| {
        let mut named = b.iter().filter(|y| !y.year_guessed);
        named.any(|y| same_edition(x, y))
    });
    let same = |x: &When, y: &When| same_edition(x, y) || agreed && same_day(x, y);
    let met = |x: &When, others: &[When]| others.iter().any(|y| same(x, y));
    if !a.iter().any(|x| met(x, &b)) {
        found.add("edition", text(&a), text(&b), DifferenceKind::Contradiction);
        found.meet(Relation::Overlap);
        return;
    }
    // Two years are two editions, whatever the day.
    let years = |all: &[When]| -> Vec<i16> {
        let plain = |w: &&When| w.is_year() && !w.season && !w.year_guessed;
        all.iter().filter(plain).map(|w| w.first.year()).collect()
    };
    let (years_k, years_p) = (years(&a), years(&b));
    let season = a.iter().chain(&b).any(|w| w.season);
    if !season
        && !years_k.is_empty()
        && !years_p.is_empty()
        && !years_k.iter().any(|year| years_p.contains(year))
    {
        found.add("edition", text(&a), text(&b), DifferenceKind::Contradiction);
        found.meet(Relation::Overlap);
        return;
    }
    // Two conditions that each name a day name the same one.
    let day = |w: &&When| w.is_brief() && matches!(w.tie, Tie::On | Tie::Named);
    let days = |r: &Reading| -> Vec<When> {
        let dates = r.statements().flat_map(|s| &s.dates);
        dates.filter(day).cloned().collect()
    };
    let (mut days_k, mut days_p) = (days(k), days(p));
    // Where only one condition names the day, the other's schedule does.
    let scheduled = |r: &Reading| -> Vec<When> { r.editions.iter().filter(day).cloned().collect() };
    match (days_k.is_empty(), days_p.is_empty()) {
        (true, false) => days_k = scheduled(k),
        (false, true) => days_p = scheduled(p),
        _ => {}
    }
    if days_k.is_empty() && another_day(k, p) {
        let ticker = k.ticker.as_ref().map(edition).unwrap_or_default();
        found.add("edition", ticker, text(&b), DifferenceKind::Contradiction);
        found.meet(Relation::Overlap);
        return;
    }
    if !days_k.is_empty()
        && !days_p.is_empty()
        && !days_k.iter().any(|x| days_p.iter().any(|y| same(x, y)))
    {
        found.add("edition", text(&days_k), text(&days_p), DifferenceKind::Contradiction);
        found.meet(Relation::Overlap);
        return;
    }
    // A question may name a season by one of its years.
    let own = |r: &Reading| {
        let seasons: Vec<When> =
            r.claims.iter().flat_map(|s| s.dates.clone()).filter(|w| w.season).collect();
        let loose = |w: &When| {
            let years = |s: &When| [s.first.year(), s.end.year()];
            w.is_year() && seasons.iter().any(|s| years(s).contains(&w.first.year()))
        };
        // A chart comes out in the days after the week it is about.
        let weeks: Vec<&When> = r.editions.iter().filter(|w| w.is_week()).collect();
        let issued = |w: &When| {
            w.is_day() && weeks.iter().any(|week| (0..3).contains(&(w.first - week.end).get_days()))
        };
        let asked = r.titles.iter().flat_map(|s| s.dates.clone());
        let asked = asked.filter(|w| !loose(w) && !issued(w));
        let ruled = r.claims.iter().flat_map(|s| s.dates.clone());
        named(&asked.chain(ruled).collect::<Vec<_>>())
    };
    if !own(k).iter().all(|x| met(x, &b)) || !own(p).iter().all(|y| met(y, &a)) {
        found.add("edition", text(&a), text(&b), DifferenceKind::Missing);
    }
}

/// Editions where at most one side names any.
fn one_named(
    k: &Reading,
    p: &Reading,
    (a, b): (&[When], &[When]),
    anchored: bool,
    found: &mut Findings,
) {
    // A year that is the window both give names nothing more.
    let year = |w: &When| {
        let end = When { tie: Tie::In, ..w.clone() }.deadline();
        let stated = [k, p].map(|r| r.window.filter(|w| !w.point).map(|w| w.end));
        w.is_year() && end.is_some() && stated.iter().all(|window| *window == end)
    };
    if a.iter().chain(b).all(year) && !(a.is_empty() && b.is_empty()) {
        return;
    }
    // A year that one side names and a window of the other that does not lie in it.
    let stated = |r: &Reading| r.window.filter(|w| w.from != Provenance::Fallback);
    let outside = |all: &[When], own: &Reading, r: &Reading| {
        let window = stated(r).filter(|_| stated(own).is_none());
        let holds = |w: &When, end: i64| {
            let last = When { tie: Tie::In, ..w.clone() }.deadline();
            w.opening().is_none_or(|s| s < end) && last.is_none_or(|last| end <= last)
        };
        let years = all.iter().all(|w| w.is_year() && !w.year_guessed && !w.season);
        let apart = |w: Window| !all.iter().any(|year| holds(year, w.end));
        !all.is_empty() && years && !r.has(Kind::Rank, "next") && window.is_some_and(apart)
    };
    if b.is_empty() && outside(a, k, p) || a.is_empty() && outside(b, p, k) {
        found.add("edition", text(a), text(b), DifferenceKind::Contradiction);
        found.meet(Relation::Overlap);
        return;
    }
    if anchored && !follows(k, p) && !same_number(k, p) {
        found.add("edition", text(a), text(b), DifferenceKind::Missing);
        // "In any month before 2030" leaves room for the month the other side names.
        let room = |r: &Reading, all: &[When]| {
            let window = r.window.filter(|w| !w.point && w.from != Provenance::Fallback);
            let inside = |w: &When| {
                let end = When { tie: Tie::In, ..w.clone() }.deadline();
                window.is_some_and(|all| end.is_some_and(|end| end < all.end))
            };
            !all.is_empty() && all.iter().all(inside)
        };
        if a.is_empty() && room(k, b) {
            found.meet(Relation::Superset);
        } else if b.is_empty() && room(p, a) {
            found.meet(Relation::Subset);
        }
    }
}

fn text(all: &[When]) -> String {
    all.iter().map(edition).collect::<Vec<_>>().join(", ")
}

/// Whether the day of a match in the Kalshi ticker is not the one Polymarket gives; a day off may be another time zone.
pub(super) fn another_day(k: &Reading, p: &Reading) -> bool {
    let Some(ticker) = k.ticker.as_ref().filter(|t| t.is_day() && p.sides.is_some()) else {
        return false;
    };
    let mut days = p.editions.iter().filter(|w| w.is_day()).peekable();
    let near = |w: &When| (w.first - ticker.first).get_days().abs() <= 1;
    days.peek().is_some() && !days.any(near)
}

pub(crate) fn edition(w: &When) -> String {
    if w.season {
        format!("{}-{}", w.first.year(), w.end.year())
    } else if w.is_year() {
        w.first.year().to_string()
    } else {
        w.first.to_string()
    }
}

/// Whether both are the same day of a year that neither text gives.
fn same_day(x: &When, y: &When) -> bool {
    let guessed = x.year_guessed && y.year_guessed && x.is_day() && y.is_day();
    guessed && (x.first.month(), x.first.day()) == (y.first.month(), y.first.day())
}

/// Whether two dates name the same edition: a season is the year it ends in, a day lies in its year.
pub(super) fn same_edition(x: &When, y: &When) -> bool {
    // Half a year is not the year.
    let months = |w: &When| !w.is_at_most_a_month() && !w.is_year() && !w.season;
    if months(x) && y.is_year() || months(y) && x.is_year() {
        return false;
    }
    match (x.season, y.season) {
        (true, true) => x.first == y.first,
        (false, true) if x.is_day() => x.first >= y.first && x.first < y.end,
        (true, false) if y.is_day() => y.first >= x.first && y.first < x.end,
        (true, false) => y.first.year() == x.end.year() && y.is_year(),
        (false, true) => x.first.year() == y.end.year() && x.is_year(),
        (false, false) => {
            (x.first >= y.first && x.end <= y.end) || (y.first >= x.first && y.end <= x.end)
        }
    }
}

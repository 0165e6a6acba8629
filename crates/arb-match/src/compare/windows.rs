//! Windows compared as intervals of time.

use arb_normalize::Relation;

use super::Findings;
use super::editions::{editions, same_edition};
use crate::judgement::DifferenceKind;
use crate::lexicon::Kind;
use crate::reading::{Provenance, Reading, Window};
use crate::statement::{Atom, Statement};
use crate::when::{Tie, When};

const DAY: i64 = 86_400;

/// Whether a date narrower than a year names the event; a statistic is named by its month.
pub(super) fn fine(reading: &Reading) -> bool {
    let statistic = reading.has_kind(Kind::Measure);
    let names = |w: &When| matches!(w.tie, Tie::Named | Tie::On) || statistic && w.tie == Tie::In;
    reading.editions.iter().any(|w| !w.is_year() && !w.season && names(w))
}

/// Whether the proposition hangs on an event with a date of its own (an election, an award, a match) rather than on a deadline.
pub(super) fn anchored(s: &Statement) -> bool {
    let contest = s
        .atoms
        .iter()
        .any(|a| matches!(a.kind, Kind::Competition | Kind::Category | Kind::Stage | Kind::League));
    let office = s.atoms.iter().any(|a| matches!(a.kind, Kind::Office | Kind::District))
        && (s.has(Kind::Verb, "win") || s.has(Kind::Verb, "nominate"));
    let next = s.has(Kind::Rank, "next")
        || s.has(Kind::Rank, "most_seats")
        || s.has(Kind::Rank, "top_votes");
    let team = s.atoms.iter().any(|a| a.kind == Kind::Team) && s.has(Kind::Verb, "win");
    let seats = s.atoms.iter().any(|a| a.kind == Kind::Party)
        && !s.amounts.is_empty()
        && s.atoms.iter().any(|a| a.kind == Kind::Office || a.id == "seat");
    contest || office || next || team || seats
}

/// Whether a win in an edition that both sides name, by year or by number: such a contest has its own date.
pub(super) fn numbered(mine: &Reading, other: &Reading) -> bool {
    let named = |w: &When| matches!(w.tie, Tie::Named | Tie::In | Tie::On) && !w.year_guessed;
    let mut dates = mine.statements().flat_map(|s| &s.dates);
    let by_year = dates.any(|w| named(w) && other.editions.iter().any(|y| same_edition(w, y)));
    mine.has(Kind::Verb, "win") && (by_year || same_number(mine, other))
}

/// Whether both name the same number of a series: `Season 50 of Survivor`, `Survivor 50`.
pub(super) fn same_number(mine: &Reading, other: &Reading) -> bool {
    let number =
        |atom: &&Atom| atom.kind == Kind::Name && atom.id.starts_with(|c: char| c.is_ascii_digit());
    let mut atoms = mine.statements().flat_map(|s| &s.atoms).filter(number);
    atoms.any(|atom| other.explains(atom) >= 0.9)
}

pub(super) fn windows(
    k: &Reading,
    p: &Reading,
    sk: &Statement,
    sp: &Statement,
    found: &mut Findings,
) {
    let anchored = (k.has_kind(Kind::Measure) && p.has_kind(Kind::Measure))
        || anchored(sk)
        || anchored(sp)
        || p.sides.is_some()
        || (numbered(k, p) && numbered(p, k));
    for (reading, kalshi) in [(k, true), (p, false)] {
        if reading.other_year {
            let (a, b) = if kalshi {
                ("question and rules name different years", "")
            } else {
                ("", "question and rules name different years")
            };
            found.add("edition", a, b, DifferenceKind::Missing);
        }
        if let Some(other) = reading.other_deadline {
            let (a, b) = (show_window(reading.window), show_window(Some(other)));
            let both = format!("{a} and {b}");
            let (a, b) = if kalshi { (both.as_str(), "") } else { ("", both.as_str()) };
            found.add("window", a, b, DifferenceKind::Missing);
        }
    }
    editions(k, p, anchored, found);
    // The day of a match or a vote is its edition.
    let stated =
        |w: &Option<Window>| w.filter(|w| w.from != Provenance::Fallback && !(anchored && w.point));
    match (stated(&k.window), stated(&p.window)) {
        (Some(a), Some(b)) if !a.point && !b.point && a.end == b.end && one_period(k, p) => {}
        (Some(a), Some(b)) => {
            // The day of a match on one side, its hour on the other.
            let match_day = one_match(k, p);
            let touch = [k, p].map(touches);
            window_pair(a, b, match_day, touch, found);
        }
        (Some(a), None) if p.window.is_some_and(|b| b.end == a.end) => {}
        (None, Some(b)) if k.window.is_some_and(|a| a.end == b.end) => {}
        // "Before December 31" and, if nothing is decided, "by December 31, 11:59 PM".
        (Some(_), None) | (None, Some(_))
            if k.window.zip(p.window).is_some_and(|(a, b)| (a.end - b.end).abs() <= DAY) =>
        {
            let (a, b) = (show_window(k.window), show_window(p.window));
            found.add("window", a, b, DifferenceKind::Caveat);
        }
        (None, None) if anchored && (k.unscheduled || p.unscheduled) => {
            found.add(
                "window",
                show_window(k.window),
                show_window(p.window),
                DifferenceKind::Missing,
            );
        }
        (None, None) if anchored => {
            if k.window.map(|w| w.end) != p.window.map(|w| w.end) {
                found.add(
                    "window",
                    show_window(k.window),
                    show_window(p.window),
                    DifferenceKind::Caveat,
                );
            }
        }
        (None, None) if fine(k) && fine(p) => {}
        // "In 2026" and "for 2026"; "the hottest year" asks of the year both name.
        (None, None) if one_year(k).is_some_and(|year| one_year(p) == Some(year)) => {}
        // "Rain in August" and "rain for August".
        (Some(_), None) | (None, Some(_))
            if one_month(k).is_some_and(|m| one_month(p) == Some(m)) => {}
        (Some(w), None) if !w.point && one_year(p) == Some(w.end) => {}
        (None, Some(w)) if !w.point && one_year(k) == Some(w.end) => {}
        (Some(w), None) | (None, Some(w)) if w.point && fine(k) && fine(p) => {}
        // The next one may be long in coming; a deadline beyond the other market's end decides nothing before it.
        (Some(w), None) if follows(k, p) && p.ends_at.is_some_and(|end| w.end + DAY >= end) => {
            found.add("window", show_window(Some(w)), "", DifferenceKind::Caveat);
        }
        (None, Some(w)) if follows(k, p) && k.ends_at.is_some_and(|end| w.end + DAY >= end) => {
            found.add("window", "", show_window(Some(w)), DifferenceKind::Caveat);
        }
        _ if anchored && !(k.unscheduled || p.unscheduled) && one_is_edition(k, p) => {}
        // The condition of one side leaves to a later sentence what that of the other says.
        (Some(w), None) if !w.point && p.rule_ends.contains(&w.end) => {}
        (None, Some(w)) if !w.point && k.rule_ends.contains(&w.end) => {}
        (a, b) => {
            found.add(
                "window",
                show_window(k.window),
                show_window(p.window),
                DifferenceKind::Missing,
            );
            let fallback = k.window.is_some() && p.window.is_some();
            if !anchored
                && !fallback
                && let Some(relation) = longer(a, b, k.ends_at, p.ends_at)
            {
                found.meet(relation);
            }
        }
    }
}

/// Whether both name the same month or quarter with its year, wherever else they say until when.
fn one_period(k: &Reading, p: &Reading) -> bool {
    let period = |w: &&When| {
        let days = (w.end - w.first).get_days();
        matches!(w.tie, Tie::In | Tie::Named) && !w.year_guessed && (28..=92).contains(&days)
    };
    let mut named = k.statements().flat_map(|s| &s.dates).filter(period);
    named.any(|w| {
        let theirs = p.statements().flat_map(|s| &s.dates);
        theirs.filter(period).any(|x| (x.first, x.end) == (w.first, w.end))
    })
}

/// Whether both are about a match that is won or drawn.
fn one_match(k: &Reading, p: &Reading) -> bool {
    let both = |kind: Kind, id: &str| k.has(kind, id) && p.has(kind, id);
    let decided = both(Kind::Verb, "win") || both(Kind::Outcome, "tie");
    k.league.is_some() && p.league.is_some() || decided && is_match(k) && is_match(p)
}

/// Whether it is about one match: two sides are named, or the rules speak of the game.
fn is_match(r: &Reading) -> bool {
    r.sides.is_some()
        || r.statements().any(|s| s.versus.is_some())
        || ["gam", "match", "fight"].iter().any(|stem| r.mentions(stem))
}

/// Whether it happens at some time of a stretch, however short.
fn touches(r: &Reading) -> bool {
    r.has(Kind::Verb, "reach") || r.has(Kind::Verb, "dip") || r.has(Kind::Observation, "any_time")
}

/// Where only one text has a deadline, the other market waits until the venue ends it.
fn longer(
    a: Option<Window>,
    b: Option<Window>,
    k_ends: Option<i64>,
    p_ends: Option<i64>,
) -> Option<Relation> {
    const MONTH: i64 = 31 * 86_400;
    let (stated, other, own) = match (a, b) {
        (Some(w), None) => (w, p_ends?, Relation::Subset),
        (None, Some(w)) => (w, k_ends?, Relation::Superset),
        _ => return None,
    };
    (!stated.point && other > stated.end.saturating_add(MONTH)).then_some(own)
}

/// Where the only year a market names ends, if it names one and no day.
pub(super) fn one_year(reading: &Reading) -> Option<i64> {
    let dates: Vec<&When> = reading.statements().flat_map(|s| &s.dates).collect();
    let first = dates.first()?;
    let plain = |w: &&When| w.is_year() && matches!(w.tie, Tie::Named | Tie::On | Tie::In);
    (dates.iter().all(plain) && dates.iter().all(|w| w.first == first.first))
        .then(|| When { tie: Tie::In, ..(*first).clone() }.deadline())?
}

/// The first day of the only month a market with a number names, if it names one and no day.
fn one_month(reading: &Reading) -> Option<jiff::civil::Date> {
    let dates: Vec<&When> = reading.statements().flat_map(|s| &s.dates).collect();
    let first = dates.first()?.first;
    let month = |w: &&When| {
        matches!(w.tie, Tie::Named | Tie::On | Tie::In)
            && w.first.day() == 1
            && w.first.checked_add(jiff::Span::new().months(1)).is_ok_and(|end| end == w.end)
    };
    let counted = reading.statements().any(|s| !s.amounts.is_empty());
    (counted && dates.iter().all(month) && dates.iter().all(|w| w.first == first)).then_some(first)
}

/// Whether both ask who comes next.
pub(super) fn follows(k: &Reading, p: &Reading) -> bool {
    k.has(Kind::Rank, "next") && p.has(Kind::Rank, "next")
}

/// Whether the only stated window is the year or season of the event itself.
pub(super) fn one_is_edition(k: &Reading, p: &Reading) -> bool {
    let whole = |r: &Reading| {
        r.window.is_some_and(|w| w.from != Provenance::Fallback)
            && r.statements()
                .flat_map(|s| &s.dates)
                .all(|d| matches!(d.tie, Tie::In | Tie::Named | Tie::On))
    };
    whole(k) || whole(p)
}

pub(crate) fn show_window(window: Option<Window>) -> String {
    window.map_or_else(String::new, |w| {
        let end = jiff::Timestamp::from_second(w.end)
            .map_or_else(|_| w.end.to_string(), |t| t.to_string());
        format!("{} {end} ({:?})", if w.point { "at" } else { "until" }, w.from)
    })
}

pub(super) fn window_pair(
    a: Window,
    b: Window,
    match_day: bool,
    touch: [bool; 2],
    found: &mut Findings,
) {
    // The hour a match starts at is not when something is observed.
    if match_day && a.point && b.point && a.end.abs_diff(b.end) < 86_400 {
        return;
    }
    if a.point != b.point || (a.point && a.end != b.end) {
        found.add(
            "window",
            show_window(Some(a)),
            show_window(Some(b)),
            DifferenceKind::Contradiction,
        );
        // What holds on a day has been reached by then.
        let inside = |day: Window, all: Window| {
            day.point && !all.point && day.end <= all.end && all.start.is_none_or(|s| s < day.end)
        };
        found.meet(if touch[1] && inside(a, b) {
            Relation::Subset
        } else if touch[0] && inside(b, a) {
            Relation::Superset
        } else {
            Relation::Overlap
        });
        return;
    }
    if a.point {
        return;
    }
    let apart = a.start.is_some_and(|s| s >= b.end) || b.start.is_some_and(|s| s >= a.end);
    // A day's difference in the start is when the market was listed; the event before it would have settled both.
    let relation = match a.end.cmp(&b.end) {
        _ if apart => Relation::Disjoint,
        std::cmp::Ordering::Equal if part_of(a, b) => Relation::Subset,
        std::cmp::Ordering::Equal if part_of(b, a) => Relation::Superset,
        std::cmp::Ordering::Equal => return,
        std::cmp::Ordering::Less => Relation::Subset,
        std::cmp::Ordering::Greater => Relation::Superset,
    };
    found.add("window", show_window(Some(a)), show_window(Some(b)), DifferenceKind::Contradiction);
    found.meet(relation);
}

/// Whether a month or quarter is only the last part of a longer window.
fn part_of(part: Window, all: Window) -> bool {
    const MONTH: i64 = 31 * 86_400;
    const QUARTER: i64 = 100 * 86_400;
    let Some(start) = part.start.filter(|s| part.whole && part.end - s <= QUARTER) else {
        return false;
    };
    all.start.is_none_or(|s| s < start.saturating_sub(MONTH))
}

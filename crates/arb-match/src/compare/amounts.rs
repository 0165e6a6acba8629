//! Thresholds compared as intervals on an exact number line.

use arb_normalize::Relation;

use super::Findings;
use super::windows::fine;
use crate::amount::{Amount, Bound, Interval, Lie, SCALE, measured};
use crate::judgement::DifferenceKind;
use crate::lexicon::Kind;
use crate::reading::{Provenance, Reading, Window};
use crate::table::group;
use crate::text::stem;

pub(super) fn amounts(k: &Reading, p: &Reading, found: &mut Findings) {
    let step = percent_step(k, p);
    let (mut a, mut b) = (all_amounts(k, step), all_amounts(p, step));
    let unit = |x: &Amount, y: &Amount| same_unit(x, y, k, p);
    // What both say alike is settled; what is left over on both sides differs.
    let same = |x: &Amount, y: &Amount| lie(x, y, step) == Lie::Equal && unit(x, y);
    let settled: Vec<Amount> = a.iter().filter(|x| b.iter().any(|y| same(x, y))).cloned().collect();
    a.retain(|x| !settled.iter().any(|y| same(x, y)));
    b.retain(|y| !settled.iter().any(|x| same(x, y)));
    // Cutting 0 times is not cutting.
    if settled.is_empty() && b.is_empty() && none(&a) {
        found.nothing[0] = true;
        a.clear();
    } else if settled.is_empty() && a.is_empty() && none(&b) {
        found.nothing[1] = true;
        b.clear();
    }
    // A margin, a size or a count that only one side asks for narrows that side.
    let sized = |all: &[Amount], other: &Reading| {
        all.iter().any(|x| {
            let counted = !x.unit.is_empty() && other.has_stem(&x.unit);
            x.compared || matches!(x.unit.as_str(), "%" | "bps") || money(x) || counted
        })
    };
    if settled.is_empty() && a.is_empty() && sized(&b, k) {
        found.meet(Relation::Superset);
    } else if settled.is_empty() && b.is_empty() && sized(&a, p) {
        found.meet(Relation::Subset);
    }
    let mut opposed: Option<String> = None;
    let mut unlike = false;
    for x in &a {
        let Some(at) = b.iter().position(|y| unit(x, y)) else {
            // 30 °C is not 30 °F, nor are $400 C$400.
            let other =
                |y: &Amount| measured(&x.unit).is_some() && measured(&x.unit) == measured(&y.unit);
            if let Some(at) = b.iter().position(other) {
                found.add("threshold", show(x), show(&b.remove(at)), DifferenceKind::Contradiction);
                found.meet(Relation::Overlap);
            } else {
                found.add("threshold", show(x), "", DifferenceKind::Missing);
                unlike = true;
            }
            continue;
        };
        let y = b.remove(at);
        if lie(x, &y, step) != Lie::Opposite {
            amount_pair(k, p, x, &y, found);
            continue;
        }
        // The same opposite said twice is no equality, and two opposites exclude each other.
        match &opposed {
            None => amount_pair(k, p, x, &y, found),
            Some(unit) if *unit == x.unit => {}
            Some(_) => found.meet(Relation::Disjoint),
        }
        opposed.get_or_insert_with(|| x.unit.clone());
    }
    // Basis points and numbers of cuts are counted apart.
    if unlike && !b.is_empty() {
        found.meet(Relation::Overlap);
    }
    for y in &b {
        found.add("threshold", "", show(y), DifferenceKind::Missing);
    }
}

pub(super) fn amount_pair(k: &Reading, p: &Reading, x: &Amount, y: &Amount, found: &mut Findings) {
    let relation = match lie(x, y, percent_step(k, p)) {
        Lie::Equal => return,
        Lie::EqualButBoundary => {
            found.add("threshold", show(x), show(y), DifferenceKind::Missing);
            found.meet(boundary(x.interval, y.interval));
            return;
        }
        Lie::Apart | Lie::Inside | Lie::Around if fine(k) != fine(p) && !within(k, p) => {
            Relation::Overlap
        }
        Lie::Inside => Relation::Subset,
        Lie::Around => Relation::Superset,
        Lie::Apart => Relation::Disjoint,
        // A price may stand on both sides of a line at different times.
        Lie::Opposite if repeated(k) || repeated(p) => Relation::Overlap,
        // Nor does a side that has to win by less than a margin win where it does not win by more.
        Lie::Opposite if margin(k, x) && margin(p, y) => Relation::Disjoint,
        Lie::Opposite => Relation::Complement,
        Lie::Crossing => Relation::Overlap,
    };
    let kind = match relation {
        Relation::Complement => DifferenceKind::Caveat,
        _ => DifferenceKind::Contradiction,
    };
    found.add("threshold", show(x), show(y), kind);
    found.meet(relation);
}

/// Whether the one number asked for is a count of none.
fn none(all: &[Amount]) -> bool {
    let [one] = all else { return false };
    let counts = !matches!(one.unit.as_str(), "" | "%" | "bps") && measured(&one.unit).is_none();
    counts && one.interval == Interval::point(0)
}

/// Whether two amounts count or measure the same. A count's noun may be any word both know (`3,000 measles cases`, `3,000 confirmed
/// measles cases`); a number without a unit is no number of dollars, miles or degrees, except the strike of a venue and the price of
/// what is always quoted in dollars.
fn same_unit(x: &Amount, y: &Amount, k: &Reading, p: &Reading) -> bool {
    let noun = |x: &Amount| !matches!(x.unit.as_str(), "%" | "bps");
    let bare = |x: &Amount| x.unit.is_empty();
    let quoted = || k.has_kind(Kind::Asset) && p.has_kind(Kind::Asset);
    let strike = |x: &Amount| x.start == x.stop;
    match (measured(&x.unit), measured(&y.unit)) {
        _ if x.unit == y.unit => true,
        (None, None) => {
            bare(x) || bare(y) || noun(x) && noun(y) && (p.has_stem(&x.unit) || k.has_stem(&y.unit))
        }
        (Some(_), None) => bare(y) && (strike(y) || money(x) && quoted()),
        (None, Some(_)) => bare(x) && (strike(x) || money(y) && quoted()),
        // Degrees of a place in America are Fahrenheit.
        (Some(_), Some(_)) => {
            let american = |r: &Reading| r.sources.contains("nws") || r.american_place();
            let scale = |x: &Amount, y: &Amount| x.unit == "°" && y.unit == "°f";
            (scale(x, y) || scale(y, x)) && (american(k) || american(p))
        }
    }
}

fn money(amount: &Amount) -> bool {
    measured(&amount.unit) == Some("money")
}

/// Whether the amount is by how much somebody wins.
fn margin(reading: &Reading, amount: &Amount) -> bool {
    reading.has(Kind::Verb, "win") && !group("counted_in_a_win").contains(&amount.unit.as_str())
}

/// Whether one side looks once, within the stretch in which the other looks.
fn within(k: &Reading, p: &Reading) -> bool {
    let stated = |r: &Reading| r.window.filter(|w| w.from != Provenance::Fallback);
    let inside = |day: Window, all: Window| day.point && !all.point && day.end <= all.end;
    matches!((stated(k), stated(p)), (Some(a), Some(b)) if inside(a, b) || inside(b, a))
}

/// Whether the number is looked at more than once.
fn repeated(reading: &Reading) -> bool {
    let looked = ["any_time", "ever", "high", "low"];
    looked.iter().any(|id| reading.has(Kind::Observation, id))
        || ["reach", "dip"].iter().any(|id| reading.has(Kind::Verb, id))
        || reading.has_kind(Kind::Asset)
            && reading.window.is_some_and(|w| !w.point && w.from != Provenance::Fallback)
}

/// The relation of two intervals with the same ends: without its ends an interval lies inside the one with them.
fn boundary(x: Interval, y: Interval) -> Relation {
    let inside = |a: Option<Bound>, b: Option<Bound>| match (a, b) {
        (Some(a), Some(b)) => b.inclusive || !a.inclusive,
        _ => true,
    };
    match (
        inside(x.low, y.low) && inside(x.high, y.high),
        inside(y.low, x.low) && inside(y.high, x.high),
    ) {
        (true, _) => Relation::Subset,
        (_, true) => Relation::Superset,
        _ => Relation::Overlap,
    }
}

/// In what steps the percentages both ask for are published: a text says so, or the statistic always is.
fn percent_step(k: &Reading, p: &Reading) -> Option<i128> {
    let published = |r: &Reading| {
        ["inflation", "pce", "unemployment", "gdp"].iter().any(|id| r.has(Kind::Measure, id))
    };
    let whole = |r: &Reading| r.sources.contains("rt") || r.has(Kind::Word, "rt_critics");
    if whole(k) && whole(p) {
        return Some(SCALE);
    }
    k.percent_step().or(p.percent_step()).or((published(k) && published(p)).then_some(SCALE / 10))
}

/// What an amount counts; a bare number beside a percentage is one.
fn counted<'a>(a: &'a Amount, beside: &Amount) -> &'a str {
    if a.unit.is_empty() && beside.unit == "%" { "%" } else { &a.unit }
}

/// How two amounts lie on the numbers that can come out: counts are whole, and so are published temperatures; `percent` says in what
/// steps percentages are published; the Federal Reserve moves in quarters of a per cent.
pub(super) fn lie(x: &Amount, y: &Amount, percent: Option<i128>) -> Lie {
    let step = |a: &Amount, beside: &Amount| match counted(a, beside) {
        "%" => percent,
        "bps" => Some(25 * SCALE),
        unit => measured(unit).is_none_or(|what| what == "temperature").then_some(SCALE),
    };
    match (step(x, y), step(y, x)) {
        (Some(a), Some(b)) if a == b && fits(x, a) == fits(y, a) => {
            let (x, y) = (x.interval.on_multiples_of(a), y.interval.on_multiples_of(a));
            // At most 45 and at least 46 are everything there is.
            let next = |high: Option<Bound>, low: Option<Bound>| matches!((high, low), (Some(h), Some(l)) if h.value + a == l.value);
            let whole = x.low.is_none() && y.high.is_none() && next(x.high, y.low)
                || y.low.is_none() && x.high.is_none() && next(y.high, x.low);
            if whole { Lie::Opposite } else { x.lie(y) }
        }
        _ => x.interval.lie(y.interval),
    }
}

/// Whether the bounds of an amount lie on the multiples of `step`; for counts a half between two of them will do.
pub(super) fn fits(amount: &Amount, step: i128) -> bool {
    let bounds = amount.interval.low.iter().chain(&amount.interval.high);
    step == SCALE || bounds.into_iter().all(|b| b.value % step == 0)
}

/// The amounts of the condition and the question, each once. `$150k` after `hit` is at least $150,000, after `dip` at most.
pub(super) fn all_amounts(reading: &Reading, percent: Option<i128>) -> Vec<Amount> {
    let mut out: Vec<Amount> = Vec::new();
    for statement in reading.claims.iter().take(1).chain(&reading.label).chain(&reading.titles) {
        for amount in &statement.amounts {
            let mut amount = amount.clone();
            // Nobody asks whether a large count is reached and not passed.
            let large = amount.interval.low.is_some_and(|b| b.value >= 1000 * SCALE);
            let sized = money(&amount) || large && !matches!(amount.unit.as_str(), "%" | "bps");
            if !amount.compared && sized {
                if statement.has(Kind::Verb, "reach") {
                    amount.interval.high = None;
                } else if statement.has(Kind::Verb, "dip") {
                    amount.interval.low = None;
                }
            }
            amount.interval = amount.interval.without_last_cent();
            // "Above 30°" where the rules write Celsius elsewhere.
            let scale = ["celsius", "fahrenheit"].map(|name| reading.mentions(&stem(name)));
            if amount.unit == "°" && scale[0] != scale[1] {
                if scale[0] { "°c" } else { "°f" }.clone_into(&mut amount.unit);
            }
            let alike = |held: &&mut Amount| {
                let unit = held.unit == amount.unit
                    || [&held.unit, &amount.unit].iter().any(|unit| measured(unit).is_none());
                unit && lie(held, &amount, percent) == Lie::Equal
            };
            match out.iter_mut().find(alike) {
                // "Above 400" in the rules of "above $400".
                Some(held) if held.unit.is_empty() => held.unit.clone_from(&amount.unit),
                Some(_) => {}
                None => out.push(amount),
            }
        }
    }
    // "Above 0.4%" is not asked again by the bare "(0.4%)" of the question.
    let bounds = |a: &Amount| [a.interval.low, a.interval.high].map(|b| b.map(|b| b.value));
    let compared: Vec<_> = out.iter().filter(|a| a.compared).flat_map(bounds).flatten().collect();
    out.retain(|a| a.compared || !bounds(a).iter().flatten().any(|v| compared.contains(v)));
    if out.is_empty() {
        out.extend(reading.strike.clone());
    }
    out
}

pub(super) fn show(amount: &Amount) -> String {
    format!("{} {}", amount.interval, amount.unit).trim().to_owned()
}

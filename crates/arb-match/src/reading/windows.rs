//! Until when the event counts.

use jiff::civil::Date;

use super::{Provenance, Reading};
use crate::lexicon::Kind;
use crate::statement::Statement;
use crate::text::tokens;
use crate::when::{Around, Tie, When, dates};

/// Until when the event counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    /// Seconds since 1970, if the text gives a start.
    pub(crate) start: Option<i64>,
    /// Seconds since 1970, exclusive.
    pub(crate) end: i64,
    /// Whether it is one observation (`on May 1`) rather than a stretch in which the event may come.
    pub(crate) point: bool,
    /// Whether the text names it as a whole (`in December`), start and end.
    pub(crate) whole: bool,
    pub(crate) from: Provenance,
}

/// A day, the one on which clocks go back included, in seconds.
pub(super) const DAY: u64 = 25 * 3600;

/// Until when the event counts, and a deadline of the question that is another one than the condition's.
pub(super) fn windows(
    reading: &Reading,
    rules: &str,
    around: Around,
) -> (Option<Window>, Option<Window>) {
    let in_claim = reading.claims.iter().find_map(|s| window(s, Provenance::Claim));
    let in_title = reading.titles.iter().find_map(|s| window(s, Provenance::Title));
    // "In February?" of a question is the month its condition names.
    let named = |end: i64| {
        let dates = reading.claims.iter().flat_map(|s| &s.dates);
        let month = |w: &&When| matches!(w.tie, Tie::Named | Tie::On) && !w.is_day();
        let ends = |w: &When| When { tie: Tie::In, ..w.clone() }.deadline();
        dates.filter(month).any(|w| ends(w) == Some(end))
    };
    let in_title = in_title.filter(|w| in_claim.is_some() || !named(w.end));
    let other_deadline = match (in_claim, in_title) {
        // A title may say "by January 1" for "before January 1".
        (Some(a), Some(b)) if a.end.abs_diff(b.end) > 36 * 3600 && !b.point => {
            // Within a stretch of the question a day may be looked at.
            (!a.point || a.end > b.end || b.from != Provenance::Title || !b.whole).then_some(b)
        }
        _ => None,
    };
    // Kalshi writes "between issuance and January 1" for "before January 1".
    let dates_of = |all: &[Statement], tie: Tie| -> Vec<Date> {
        all.iter().flat_map(|s| &s.dates).filter(|w| w.tie == tie).map(|w| w.first).collect()
    };
    let before = dates_of(&reading.titles, Tie::Before);
    let until = dates_of(&reading.claims, Tie::By).iter().any(|day| before.contains(day));
    let in_claim = match (in_claim, in_title) {
        (Some(a), Some(b)) if until && a.end.abs_diff(b.end) <= DAY => {
            Some(Window { end: a.end.min(b.end), ..a })
        }
        _ => in_claim,
    };
    let in_basis = reading.basis.as_ref().and_then(|s| window(s, Provenance::Claim));
    let window = in_claim.or(in_basis).or(in_title).or_else(|| fallback(rules, around));
    (window, other_deadline)
}

/// The window a statement gives. The month or quarter of a statistic is what it is about, not when it comes.
fn window(statement: &Statement, from: Provenance) -> Option<Window> {
    let statistic = statement.atoms.iter().any(|atom| atom.kind == Kind::Measure);
    let within = |w: &&When| w.tie == Tie::In && !statistic;
    let end = statement
        .dates
        .iter()
        .rfind(|w| matches!(w.tie, Tie::Before | Tie::By))
        .or_else(|| statement.dates.iter().find(within))
        .or_else(|| statement.dates.iter().find(|w| w.tie == Tie::On && w.is_day()))?;
    let start = statement
        .dates
        .iter()
        .find(|w| w.tie == Tie::After && w.first < end.end)
        .map(When::opening);
    let start = match (start, end.tie) {
        (Some(start), _) => start,
        (None, Tie::In) => end.opening(),
        _ => None,
    };
    Some(Window {
        start,
        end: end.deadline()?,
        point: end.tie == Tie::On,
        whole: end.tie == Tie::In,
        from,
    })
}

/// `If no winner is declared by June 30, 2025, 11:59 PM ET, this market resolves to No`.
fn fallback(rules: &str, around: Around) -> Option<Window> {
    let sentences = rules.lines().flat_map(|line| line.split_inclusive(". "));
    let found = sentences
        .filter(|s| {
            s.contains("If ") && (s.contains(" no ") || s.contains(" not ") || s.contains("n't"))
        })
        .find_map(|sentence| {
            let dates = dates(&tokens(sentence), around);
            dates.into_iter().find(|w| matches!(w.tie, Tie::Before | Tie::By))
        })?;
    Some(Window {
        start: None,
        end: found.deadline()?,
        point: false,
        whole: false,
        from: Provenance::Fallback,
    })
}

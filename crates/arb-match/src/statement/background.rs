//! What a statement says beside what it asks: which rounds belong to a vote, where an event is held, and when figures are due.

use jiff::civil::Date;

use crate::grammar::BEFORE_A_ROUND;
use crate::lexicon::Kind;
use crate::statement::Atom;
use crate::text::Token;
use crate::when::{Tie, When};

/// Drops the rounds that are only counted in, and the places of a competition's schedule: they name no other event.
pub(super) fn drop_background(atoms: &mut Vec<Atom>, tokens: &[Token]) {
    let contest = atoms.iter().any(|a| a.kind == Kind::Competition);
    atoms.retain(|atom| match atom.kind {
        Kind::Stage => !counted_in(tokens, atom.at),
        Kind::Place => !(contest && of_the_schedule(tokens, atom.at)),
        _ => true,
    });
}

/// `Including any potential second round`: a vote is won in whichever round decides it.
fn counted_in(tokens: &[Token], at: usize) -> bool {
    let before = tokens[..at].iter().rev();
    let opening = before.skip_while(|t| BEFORE_A_ROUND.contains(&t.text.as_str()));
    opening
        .take(1)
        .any(|t| matches!(t.text.as_str(), "including" | "includes" | "include" | "inclusive"))
}

/// `Scheduled to take place in Vienna, Austria on May 16`.
fn of_the_schedule(tokens: &[Token], at: usize) -> bool {
    let named = |t: &&Token| t.capital || matches!(t.text.as_str(), "," | "the" | "-");
    let run = tokens[..at].iter().rev().take_while(named).count();
    let before = &tokens[..at - run];
    let held = before.last().is_some_and(|t| matches!(t.text.as_str(), "in" | "at"));
    let mut words = before.iter().rev().take(8);
    held && words.any(|t| matches!(t.text.as_str(), "scheduled" | "held"))
}

/// Drops the days on which figures are due: they are out within a quarter of the time they are about.
pub(super) fn drop_reports(dates: &mut Vec<When>, tokens: &[Token]) {
    let told: Vec<Date> = dates.iter().map(|when| when.first).collect();
    let behind = |when: &When| {
        told.iter().any(|first| (1..=130).contains(&(when.first - *first).get_days()))
    };
    dates.retain(|when| !of_a_report(tokens, when, behind(when)));
}

/// Whether a date is when figures are due (`scheduled to be released December 4`), not when something happens.
fn of_a_report(tokens: &[Token], when: &When, behind: bool) -> bool {
    let before = &tokens[when.start.saturating_sub(6)..when.start];
    let has = |words: &[&str]| before.iter().any(|t| words.contains(&t.text.as_str()));
    let named = before.iter().rev().find(|t| !matches!(t.text.as_str(), "of" | "the" | "on"));
    let report =
        named.is_some_and(|t| {
            matches!(t.text.as_str(), "report" | "release" | "statement" | "publication")
        }) || before.windows(2).any(|two| two[0].text == "released" && two[1].text == "by");
    // Beside the time the figures are about.
    let due = has(&["published", "due", "issued"]) && when.tie == Tie::On;
    let published = behind && when.is_day() && (report || due);
    has(&["scheduled"]) && has(&["released", "release", "published"]) || published
}

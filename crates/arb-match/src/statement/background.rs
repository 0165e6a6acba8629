//! What a statement says beside what it asks: which rounds belong to a vote, and where an event is held.

use crate::lexicon::Kind;
use crate::statement::Atom;
use crate::text::Token;

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
    const BETWEEN: [&str; 9] =
        ["of", "any", "a", "the", "possible", "potential", "necessary", "subsequent", "eventual"];
    let before = tokens[..at].iter().rev();
    let opening = before.skip_while(|t| BETWEEN.contains(&t.text.as_str()));
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

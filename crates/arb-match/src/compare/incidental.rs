//! What a market says only once and its other statement leaves out: which of it can change the contract.

use super::residue::{Group, weight};
use super::wording::part_of_match;
use crate::lexicon::Kind;
use crate::reading::Reading;
use crate::statement::{Atom, Statement};
use crate::table::{group, has_siblings};

/// Whether the market's own other statement leaves the atom out and it is of no kind that tells propositions apart. A question names
/// what matters of its condition, and what a question says beside its condition decides nothing.
pub(super) fn incidental(
    atom: &Atom,
    statement: &Statement,
    mine: &Reading,
    other: &Reading,
) -> bool {
    if !statement.said_once.contains(&atom.at) || statement.coordinated.contains(&atom.at) {
        return false;
    }
    if telling(&atom.text) || behind_predicate(atom, statement) {
        return false;
    }
    // What of a match is won is another contract than the match.
    let sided = mine.sides.is_some() || other.sides.is_some();
    if sided && part_of_match(statement, atom) {
        return false;
    }
    let known = |a: &&Atom| a.at != atom.at && weight(a, other) < 0.5;
    let agreed = |of: fn(Kind) -> bool| statement.atoms.iter().filter(known).any(|a| of(a.kind));
    if !agreed(|kind| !matches!(Group::of(kind), Group::Who | Group::Place)) {
        return false;
    }
    let before = statement.subject().any(|a| a.at == atom.at);
    if atom.kind == Kind::Word {
        // What alone stands for who or what it happens to.
        let alone = before && !statement.subject().any(|a| known(&a));
        let narrowed = statement.condition && counterpart(atom, statement, mine, other);
        return !(alone || narrowed);
    }
    if !statement.condition
        || !asks_the_same(mine, other)
        || other.has_kind_besides(atom, statement)
    {
        return false;
    }
    match atom.kind {
        Kind::Name => {
            (!before || beside_known(atom, statement, other)) && !stands_for_another(mine)
        }
        // Beside another predicate, or a number that is one.
        Kind::Verb => {
            let counted = statement.amounts.iter().any(|a| a.compared);
            group("manner_verb").contains(&atom.id.as_str())
                && (counted || agreed(|kind| kind == Kind::Verb))
        }
        Kind::Stage => {
            let won = statement.has(Kind::Verb, "win") && !statement.has(Kind::Verb, "reach");
            let contest = agreed(|kind| Group::of(kind) == Group::Contest);
            won && contest && group("passed_by_winner").contains(&atom.id.as_str())
        }
        Kind::Office | Kind::Organisation => !before,
        _ => false,
    }
}

/// Whether both conditions add a phrase that the other lacks: `by market value` and `by sales` narrow one question in two ways.
fn counterpart(atom: &Atom, statement: &Statement, mine: &Reading, other: &Reading) -> bool {
    let adds = |claim: &Statement| {
        // "Trump or his administration" says who may do it, not how.
        let behind = |a: &Atom| claim.verb_at.is_none_or(|verb| a.at > verb);
        let phrase =
            |a: &&Atom| a.kind == Kind::Word && claim.narrowing.contains(&a.at) && behind(a);
        claim.atoms.iter().filter(phrase).any(|a| weight(a, mine) >= 0.5)
    };
    statement.narrowing.contains(&atom.at)
        && other.claims.iter().all(adds)
        && !other.claims.is_empty()
}

/// Whether the other market explains the whole question.
fn asks_the_same(mine: &Reading, other: &Reading) -> bool {
    states(mine)
        && mine.titles.iter().any(|title| title.atoms.iter().all(|a| weight(a, other) < 0.5))
}

/// Whether the question says anything of what the condition says: one that does not leaves nothing out of it.
pub(super) fn states(reading: &Reading) -> bool {
    let common = |claim: &Statement| claim.atoms.iter().any(|a| !claim.said_once.contains(&a.at));
    reading.claims.is_empty() || reading.claims.iter().any(common)
}

/// Whether the question names what the condition does not: a name of the condition may be another word for it.
fn stands_for_another(mine: &Reading) -> bool {
    let names = |a: &Atom| matches!(Group::of(a.kind), Group::Who | Group::Place | Group::Contest);
    let once =
        |title: &Statement| title.atoms.iter().any(|a| names(a) && title.said_once.contains(&a.at));
    mine.titles.iter().all(once)
}

/// Whether it stands in the phrase directly behind the predicate: `convicted of murder`, `wins in straight sets`.
fn behind_predicate(atom: &Atom, statement: &Statement) -> bool {
    let verbs = statement.atoms.iter().filter(|a| a.kind == Kind::Verb);
    let mut ends = verbs.map(Atom::end);
    statement.narrowing.contains(&atom.at) && ends.any(|end| (end + 1..=end + 2).contains(&atom.at))
}

/// Whether a known name stands directly beside the atom: `Rodrigo Paz Pereira` is a fuller name of Rodrigo Paz.
fn beside_known(atom: &Atom, statement: &Statement, other: &Reading) -> bool {
    let name = |a: &Atom| matches!(Group::of(a.kind), Group::Who | Group::Place | Group::Contest);
    let mut beside = statement.atoms.iter().filter(|a| a.end() == atom.at || atom.end() == a.at);
    beside.any(|a| name(a) && other.explains(a) >= 0.9)
}

/// Whether a word has siblings.
pub(super) fn telling(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit()) || has_siblings(word)
}

//! The cases beside the condition, compared: could the two rule texts pay differently there?

use std::collections::BTreeSet;

use super::Findings;
use super::residue::{awarded_for_a_season, sets_rates};
use crate::contingency::{Case, Contingency, Payout};
use crate::judgement::DifferenceKind;
use crate::lexicon::Kind;
use crate::reading::{Provenance, Reading};
use crate::statement::{Atom, Statement};
use crate::table::group;
use crate::when::{Around, When};

/// A fallback this close to the event (or before it) can end the market while the other one waits.
const SOON: i64 = 14 * 86_400;

/// The same where it waits for a chart or figures that come out on a fixed day.
const SOON_PUBLISHED: i64 = 5 * 86_400;

/// How far apart two ways to write one deadline may lie: `before December 31`, `by December 31, 11:59 PM`.
const DAY: u64 = 86_400;

/// Lists the cases in which the rules could pay differently. A case that only one side names is compared with what the other side's
/// silence means: an event that does not happen is not a win, a postponed one is waited for, overtime counts.
pub(super) fn contingencies(k: &Reading, p: &Reading, found: &mut Findings) {
    let cases: BTreeSet<Case> =
        k.contingencies.iter().chain(&p.contingencies).map(|c| c.case).collect();
    for case in cases {
        let of = |r: &'_ Reading| -> Vec<Contingency> {
            r.contingencies.iter().filter(|c| c.case == case).map(|c| paid(c, r)).collect()
        };
        let (a, b) = (of(k), of(p));
        let kind = match (a.as_slice(), b.as_slice()) {
            ([], all) => worst(all.iter().map(|one| alone(one, p, k))),
            (all, []) => worst(all.iter().map(|one| alone(one, k, p))),
            (a, b) => worst(a.iter().flat_map(|x| b.iter().map(|y| both(x, y, k, p)))),
        };
        if let Some(kind) = kind {
            found.add(case.term(), show(&a), show(&b), kind);
        }
    }
}

fn show(all: &[Contingency]) -> String {
    all.iter().map(|one| one.payout.to_string()).collect::<Vec<_>>().join(", ")
}

fn worst(kinds: impl Iterator<Item = Option<DifferenceKind>>) -> Option<DifferenceKind> {
    kinds.flatten().min_by_key(|kind| *kind != DifferenceKind::Missing)
}

/// What is paid here: the lowest of several ranges is NO to a market that asks for more.
fn paid(one: &Contingency, mine: &Reading) -> Contingency {
    let above = || {
        let amounts = super::amounts::all_amounts(mine, mine.percent_step());
        !amounts.is_empty() && amounts.iter().all(|a| a.interval.low.is_some())
    };
    match one.payout {
        Payout::Lowest if above() => Contingency { payout: Payout::No, ..one.clone() },
        _ => one.clone(),
    }
}

/// Both texts name the case.
fn both(x: &Contingency, y: &Contingency, k: &Reading, p: &Reading) -> Option<DifferenceKind> {
    match x.case {
        Case::Otherwise | Case::Impossible | Case::Certain | Case::AlsoYes => {
            [alone(x, k, p), alone(y, p, k)].into_iter().flatten().next()
        }
        Case::Undecided if early(x, k, p) || early(y, p, k) => Some(DifferenceKind::Missing),
        Case::Postponed
            if x.payout == Payout::No && y.payout == Payout::No && x.limited != y.limited =>
        {
            Some(DifferenceKind::Missing)
        }
        // An event that is called off pays neither side in most ways of saying it.
        Case::Cancelled if called_off(x) && called_off(y) => {
            (x.payout != y.payout).then_some(DifferenceKind::Caveat)
        }
        // Shared awards are rare, and each venue has its own rule for them.
        Case::Tie if awarded_for_a_season(k) && awarded_for_a_season(p) => {
            (x.payout != y.payout).then_some(DifferenceKind::Caveat)
        }
        _ if pays_alike(x, y) => (x.deadline != y.deadline).then_some(DifferenceKind::Caveat),
        _ => Some(DifferenceKind::Missing),
    }
}

fn called_off(one: &Contingency) -> bool {
    matches!(one.payout, Payout::Even | Payout::No | Payout::Open)
}

fn pays_alike(x: &Contingency, y: &Contingency) -> bool {
    let waits = |c: &Contingency| {
        c.payout == Payout::Open
            || (c.case == Case::Postponed && c.limited && c.payout == Payout::Even)
    };
    x.payout == y.payout || (waits(x) && waits(y))
}

/// Only `mine` names the case.
fn alone(one: &Contingency, mine: &Reading, other: &Reading) -> Option<DifferenceKind> {
    use DifferenceKind::{Caveat, Missing};
    let match_of_two = mine.sides.is_some() || other.sides.is_some();
    match (one.case, &one.payout) {
        (Case::Tie, Payout::Yes | Payout::Alphabet | Payout::Official) => Some(Caveat),
        (Case::Tie, Payout::Even) if match_of_two => Some(Caveat),
        (Case::Tie, Payout::No) if !match_of_two && of_teams(mine) => Some(Caveat),
        (Case::Tie, Payout::No)
            if !match_of_two && wins_a_contest(mine) && wins_a_contest(other) =>
        {
            Some(Caveat)
        }
        (Case::Cancelled, Payout::Even | Payout::No | Payout::Open) => Some(Caveat),
        // A central bank that does not decide leaves its rates as they are.
        (Case::Cancelled | Case::Undecided | Case::Postponed, Payout::Yes)
            if holds(mine, other) && undecided(one) =>
        {
            Some(Caveat)
        }
        (Case::Postponed, Payout::No) if moves(mine, other) && undecided(one) => Some(Caveat),
        // Both are about that part.
        (Case::PartOnly, _) if in_part(mine) && in_part(other) => None,
        (Case::Postponed, Payout::Open) | (Case::Overtime | Case::RunOff, Payout::Counts) => None,
        (Case::Postponed, Payout::Even | Payout::No) if one.limited => Some(Caveat),
        (Case::Undecided, Payout::No | Payout::Alphabet) if !early(one, mine, other) => None,
        (Case::Undecided, Payout::Even) if match_of_two && !before(one, mine) => Some(Caveat),
        (Case::Death, _) if !leaves(mine) => Some(Caveat),
        (Case::Impossible, Payout::No) | (Case::Certain, Payout::Yes) => None,
        (Case::Otherwise, Payout::No) if !denied(mine) => None,
        (Case::Otherwise, Payout::Yes) if denied(mine) => None,
        (Case::Otherwise, Payout::Side(1) | Payout::Even | Payout::Other(_)) => None,
        (Case::AlsoYes, _) => {
            (!explained(one, mine, other) && !repeats(one, mine)).then_some(Missing)
        }
        _ => Some(Missing),
    }
}

/// Whether its question or condition asks for a part of a match.
fn in_part(reading: &Reading) -> bool {
    let game = reading.sides.is_some() || reading.statements().any(|s| s.versus.is_some());
    game && group("stage_of_match").iter().any(|id| reading.has(Kind::Stage, id))
}

fn denied(reading: &Reading) -> bool {
    reading.claims.first().is_some_and(|claim| claim.negated)
}

/// Whether it is about somebody's leaving, where death is a way to leave.
fn leaves(reading: &Reading) -> bool {
    ["leave", "leave_office", "resign", "die"].iter().any(|id| reading.has(Kind::Verb, id))
}

/// Whether it is a match of teams on a day, where a draw is no win.
fn of_teams(reading: &Reading) -> bool {
    super::windows::fine(reading) && (reading.has_kind(Kind::Team) || reading.league.is_some())
}

/// Whether a case is that of a decision that does not come: `If no statement is released, … the "No change" bracket`.
fn undecided(one: &Contingency) -> bool {
    ["no decision", "no statement", "no change"].iter().any(|words| one.sentence.contains(words))
}

/// Whether both are about a decision that leaves interest rates as they are.
fn holds(mine: &Reading, other: &Reading) -> bool {
    [mine, other].iter().all(|r| r.has(Kind::Verb, "hold_rates"))
}

/// Whether both are about a decision that changes interest rates.
fn moves(mine: &Reading, other: &Reading) -> bool {
    [mine, other].iter().all(|r| sets_rates(r) && !r.has(Kind::Verb, "hold_rates"))
}

/// Whether a match or a competition of sports is won, where a draw is no win.
fn wins_a_contest(reading: &Reading) -> bool {
    let against = |s: &Statement| s.versus.is_some();
    let cup = reading.has_kind(Kind::Competition) && !reading.has_kind(Kind::Category);
    (cup && !awarded_for_a_season(reading)
        || reading.statements().any(against)
        || super::windows::fine(reading))
        && reading.has(Kind::Verb, "win")
}

/// Whether a match has to be decided before the day the venue gives for it.
fn before(one: &Contingency, mine: &Reading) -> bool {
    let days = |a: i64, b: i64| (a - b) / 86_400;
    matches!((one.deadline, mine.ends_at), (Some(deadline), Some(end)) if days(end, deadline) > 1)
}

/// Whether the fallback may strike before the event of the venue's own date has been decided. One that is a deadline of the
/// condition on either side is no fallback.
fn early(one: &Contingency, mine: &Reading, other: &Reading) -> bool {
    let (Some(deadline), Some(end)) = (one.deadline, mine.ends_at) else { return false };
    let stated = |r: &Reading| {
        let window = r.window.filter(|w| w.from != Provenance::Fallback);
        window.is_some_and(|w| w.end.abs_diff(deadline) <= DAY)
    };
    let published = ["chart", "data", "report", "figures"].iter().any(|w| one.sentence.contains(w))
        && [" released", " published"].iter().any(|w| one.sentence.contains(w));
    let soon = if published { SOON_PUBLISHED } else { SOON };
    // Some venues end a market on the day of its fallback, long after the event of the rules.
    let held = mine.editions.iter().filter(|w| w.is_day() && !w.year_guessed);
    let held = held.filter_map(When::opening).filter(|day| day.saturating_add(soon) < end).max();
    let event = held.filter(|_| end.abs_diff(deadline) <= 2 * DAY).unwrap_or(end);
    !stated(mine) && !stated(other) && deadline < event.saturating_add(soon)
}

/// Whether the other market's words cover what else pays YES here.
fn explained(one: &Contingency, mine: &Reading, other: &Reading) -> bool {
    let sentence = Statement::read(&one.sentence, None, Around::default());
    let mut verbs = sentence.atoms.iter().filter(|atom| atom.kind == Kind::Verb).peekable();
    let leaves = leaves(other);
    verbs.peek().is_some()
        && verbs.all(|verb| {
            other.explains(verb) >= 0.9
                || leaves && group("way_to_leave").contains(&verb.id.as_str())
        })
        && (!leaves && names_all(&sentence, other) && only_known(one, mine, other)
            || leaves && leaves_too(one, &sentence, other))
}

/// Whether what a sentence asks for is made of words of either market: "if Eva Lund wins" is another way to YES.
fn only_known(one: &Contingency, mine: &Reading, other: &Reading) -> bool {
    let asked = Statement::read(asked(one), None, Around::default());
    asked.atoms.iter().all(|a| a.kind == Kind::Noise || mine.says(a) || other.explains(a) >= 0.9)
}

/// What stands before "this market will resolve to yes".
fn asked(one: &Contingency) -> &str {
    ["this market", "the market", "the associated market", "it will resolve"]
        .iter()
        .filter_map(|words| one.sentence.find(words))
        .filter(|at| *at > 0)
        .min()
        .map_or(one.sentence.as_str(), |at| &one.sentence[..at])
}

/// Whether a sentence names everybody whom the condition names, or nobody: "if Norway signs" is less than "if Norway and Peru sign".
fn names_all(sentence: &Statement, reading: &Reading) -> bool {
    let kinds = [Kind::Name, Kind::Place, Kind::Team, Kind::Party, Kind::Organisation];
    let named = |atom: &&Atom| kinds.contains(&atom.kind);
    // In lower case a name is a word.
    let said = |id: &str| sentence.atoms.iter().any(|a| a.id == id);
    let all = |claim: &Statement| claim.atoms.iter().filter(named).all(|a| said(&a.id));
    !sentence.atoms.iter().any(|a| named(&a)) || reading.claims.first().is_none_or(all)
}

/// Whether a sentence speaks of a way to leave, and of the one whose leaving the condition asks for: "an announcement of her
/// resignation" says from what by saying whose. In lower case a name is a word.
fn leaves_too(one: &Contingency, sentence: &Statement, reading: &Reading) -> bool {
    let way = sentence.atoms.iter().any(|a| group("way_to_leave").contains(&a.id.as_str()));
    let whose = [" his ", " her ", " their "].iter().any(|word| one.sentence.contains(word));
    let said = |a: &Atom| sentence.atoms.iter().any(|b| a.id == b.id);
    let named = |claim: &Statement| claim.subject().filter(|a| a.kind == Kind::Name).any(said);
    way && (whose || reading.claims.first().is_some_and(named))
}

/// Whether the sentence only says again under which condition YES is paid.
fn repeats(one: &Contingency, mine: &Reading) -> bool {
    let asked = asked(one);
    // "If they qualify but do not compete, it will still resolve to Yes": qualifying is enough.
    let said = asked.split(" but ").next().filter(|_| one.sentence.contains("still "));
    let sentence = Statement::read(said.unwrap_or(asked), None, Around::default());
    let denied = mine.claims.first().is_some_and(|claim| claim.negated);
    let percent = mine.percent_step();
    let amounts = super::amounts::all_amounts(mine, percent);
    let known = |a: &crate::amount::Amount| {
        amounts.iter().any(|b| super::amounts::lie(a, b, percent) == crate::amount::Lie::Equal)
    };
    if !names_all(&sentence, mine) {
        return false;
    }
    sentence.negated == denied
        && sentence.dates.is_empty()
        && sentence.or.is_empty()
        && !sentence.atoms.is_empty()
        && sentence.atoms.iter().all(|atom| {
            group("stands_for_the_number").contains(&atom.id.as_str()) || mine.says(atom)
        })
        && sentence.amounts.iter().all(known)
}

//! What only one side says, and how it widens or narrows that side.

use arb_normalize::Relation;

use super::Findings;
use super::residue::{Group, Residue};
use crate::contingency::{Case, Payout};
use crate::judgement::DifferenceKind;
use crate::lexicon::Kind;
use crate::reading::Reading;
use crate::statement::{Atom, Statement};
use crate::table::group;

/// What only one side says.
pub(super) fn one_sided(
    k: &Reading,
    p: &Reading,
    (sk, sp): (&Statement, &Statement),
    (rk, rp): (&Residue, &Residue),
    found: &mut Findings,
) {
    for (residue, kalshi) in [(rk, true), (rp, false)] {
        for (atom, w) in &residue.atoms {
            let (a, b) = if kalshi { (atom.text.as_str(), "") } else { ("", atom.text.as_str()) };
            let kind = if *w >= 0.5 { DifferenceKind::Missing } else { DifferenceKind::Caveat };
            found.add(atom.kind.as_str(), a, b, kind);
        }
    }
    // Without rules the label alone says who or what is meant, but for the nominee of the party that the question names.
    let nominee = || k.titles.iter().any(|s| s.subject().any(|a| a.kind == Kind::Party));
    if let Some(label) = k.label.as_ref().filter(|_| k.claims.is_empty() && !nominee()) {
        let residue = Residue::of(label, k, p);
        for atom in [Group::Who, Group::Place].iter().flat_map(|group| residue.of_group(*group)) {
            found.add(atom.kind.as_str(), atom.text.as_str(), "", DifferenceKind::Missing);
        }
    }
    let claim = |mine: &Reading, other: &Reading| {
        mine.claims.first().map(|s| Residue::of(s, mine, other)).unwrap_or_default()
    };
    let (claim_k, claim_p) = (claim(k, p), claim(p, k));
    let specific =
        |r: &Residue| !r.of_group(Group::Who).is_empty() || !r.of_group(Group::Wording).is_empty();
    let general = |r: &Reading| r.claims.iter().any(|s| s.any);
    if general(p) && !general(k) && specific(&claim_k) {
        found.meet(Relation::Subset);
    } else if general(k) && !general(p) && specific(&claim_p) {
        found.meet(Relation::Superset);
    }
    tied_or_won(k, p, rk, rp, found);
    if held_and_moved(k, p) {
        found.meet(Relation::Disjoint);
    }
    wider_or_narrower(k, p, rk, rp, found);
    restricted(sk, sp, rk, rp, found);
    // A coalition with one party more is another coalition.
    let coalition = k.has(Kind::Verb, "form") && p.has(Kind::Verb, "form");
    if coalition && !(rk.of_group(Group::Who).is_empty() && rp.of_group(Group::Who).is_empty()) {
        found.meet(Relation::Disjoint);
    }
}

/// A tie is not a win.
fn tied_or_won(k: &Reading, p: &Reading, rk: &Residue, rp: &Residue, found: &mut Findings) {
    let tied = |mine: &Reading, r: &Residue, other: &Reading| {
        let label = mine.label.iter().flat_map(|s| &s.atoms);
        let stated = label.chain(mine.claims.iter().take(1).flat_map(Statement::subject));
        let mut atoms = r.atoms.iter().filter(|(_, w)| *w >= 0.5).map(|(a, _)| a).chain(stated);
        atoms.any(|a| a.kind == Kind::Outcome && other.explains(a) < 0.9)
    };
    if (tied(k, rk, p) && p.has(Kind::Verb, "win")) || (tied(p, rp, k) && k.has(Kind::Verb, "win"))
    {
        found.meet(if k.tie_goes_to_one || p.tie_goes_to_one {
            Relation::Overlap
        } else {
            Relation::Disjoint
        });
    }
}

/// Rates that are left alone are neither raised nor cut at that meeting.
fn held_and_moved(k: &Reading, p: &Reading) -> bool {
    let held = |r: &Reading| r.has(Kind::Verb, "hold_rates");
    let moved = |r: &Reading| {
        let one_way = |s: &Statement| s.has(Kind::Verb, "raise") != s.has(Kind::Verb, "cut");
        let steps = |s: &Statement| s.amounts.iter().all(|a| a.unit == "bps");
        !held(r) && r.titles.iter().all(|s| one_way(s) && steps(s))
    };
    held(k) && moved(p) || held(p) && moved(k)
}

/// Terms of one side that let it happen in more ways, or in fewer.
fn wider_or_narrower(k: &Reading, p: &Reading, rk: &Residue, rp: &Residue, found: &mut Findings) {
    // `Pardon or commute` is wider than either, `the US or Israel` than one of them.
    let or = |mine: &Reading, residue: &Residue, other: &Reading| {
        let named = |a: &Atom, b: &str| {
            let ids = [(Kind::Place, b.to_owned()), (a.kind, b.to_owned())];
            ids.iter().any(|(kind, id)| other.has(*kind, id))
        };
        let one_of = |a: &Atom| {
            let mut joined = mine.statements().flat_map(|s| &s.joined).filter(|(_, _, or)| *or);
            let who = matches!(Group::of(a.kind), Group::Who | Group::Place);
            who && joined.any(|(x, y, _)| *x == a.id && named(a, y) || *y == a.id && named(a, x))
        };
        let more =
            |a: &Atom| a.kind == Kind::Verb && mine.statements().any(|s| s.or.contains(&a.at));
        residue.atoms.iter().any(|(a, w)| *w >= 0.5 && (more(a) || one_of(a)))
    };
    let either = (or(k, rk, p), or(p, rp, k));
    found.either = either.0 || either.1;
    match either {
        (true, false) => found.meet(Relation::Superset),
        (false, true) => found.meet(Relation::Subset),
        _ => {}
    }
    // Whoever does it has mostly announced it; an announcement alone is less than the deed.
    let announces = |r: &Reading| {
        let says = |s: &Statement| s.has(Kind::Verb, "announce") && s.or.is_empty();
        r.titles.iter().any(says) && r.claims.iter().all(says)
    };
    match (
        announces(k) && !p.has(Kind::Verb, "announce"),
        announces(p) && !k.has(Kind::Verb, "announce"),
    ) {
        (true, false) => found.meet(Relation::Superset),
        (false, true) => found.meet(Relation::Subset),
        _ => {}
    }
    // What is counted in a part of a game is counted in the game.
    let part = |r: &Residue| {
        let mut stages = r.atoms.iter().filter(|(a, w)| *w >= 0.5 && a.kind == Kind::Stage);
        stages.any(|(a, _)| group("stage_of_match").contains(&a.id.as_str()))
    };
    let counted = |low: bool| {
        let all = |r: &Reading| {
            let mut amounts = r.statements().flat_map(|s| &s.amounts).peekable();
            amounts.peek().is_some()
                && amounts.all(|a| {
                    let ends = (a.interval.low.is_some(), a.interval.high.is_some());
                    a.compared && ends == (low, !low)
                })
        };
        all(k) && all(p) && !k.has(Kind::Verb, "win") && !p.has(Kind::Verb, "win")
    };
    match (part(rk), part(rp), counted(true), counted(false)) {
        (true, false, true, _) | (false, true, _, true) => found.meet(Relation::Subset),
        (true, false, _, true) | (false, true, true, _) => found.meet(Relation::Superset),
        _ => {}
    }
    // A win in regular time is a win.
    let regular = |r: &Reading| {
        let mut cases = r.contingencies.iter();
        cases.any(|c| c.case == Case::Overtime && c.payout == Payout::CountsNot)
    };
    let win = k.has(Kind::Verb, "win") && p.has(Kind::Verb, "win");
    if win && p.sides.is_none() && regular(k) != regular(p) {
        found.meet(if regular(k) { Relation::Subset } else { Relation::Superset });
    }
}

/// What only one side says of where, how and at what it happens narrows that side: `in California`, `by knock-out`.
fn restricted(sk: &Statement, sp: &Statement, rk: &Residue, rp: &Residue, found: &mut Findings) {
    let of = |s: &Statement, r: &Residue| {
        let open = r.atoms.iter().filter(|(_, w)| *w >= 0.5).map(|(a, _)| a);
        let kinds = [Kind::Name, Kind::Place, Kind::Word, Kind::Organisation];
        let mut open = open.peekable();
        let telling = r.atoms.iter().any(|(a, w)| *w >= 1.0 && s.adjuncts.contains(&a.at));
        telling && open.all(|a| kinds.contains(&a.kind) && s.adjuncts.contains(&a.at))
    };
    let none = |r: &Residue| r.atoms.iter().all(|(_, w)| *w < 0.5);
    if of(sk, rk) && none(rp) {
        found.restricted = true;
        found.meet(Relation::Subset);
    } else if of(sp, rp) && none(rk) {
        found.restricted = true;
        found.meet(Relation::Superset);
    }
}

//! The words of every question and condition, not only of the closest two.

use arb_normalize::Relation;

use super::incidental::{states, telling};
use super::residue::{Group, weight};
use super::substitution::as_superlative;
use super::windows::fine;
use super::{Findings, least};
use crate::amount::measured;
use crate::judgement::DifferenceKind;
use crate::lexicon::Kind;
use crate::reading::Reading;
use crate::statement::{Atom, Statement};
use crate::table::{group, has_siblings};
use crate::text::tokens;

/// Every critical word of the question and of the condition must be explained by the other market, not only those of the closest
/// two statements; of the condition's plain words one may be left over.
pub(super) fn every_statement(k: &Reading, p: &Reading, found: &mut Findings) {
    // Where the two conditions say the same, another verb of a question decides nothing.
    let agreed = |mine: &Reading, other: &Reading| {
        mine.claims.first().is_some_and(|first| {
            let (residue, _) = least(mine.claims.iter(), (mine, other), first);
            residue.atoms.iter().all(|(_, w)| *w < 0.5)
        })
    };
    let claims_agree = agreed(k, p) && agreed(p, k);
    // Both of two is less than one or the other.
    let joined = |r: &'_ Reading| -> Vec<(String, String, bool)> {
        r.claims.iter().take(1).flat_map(|s| s.joined.clone()).collect()
    };
    let (a, b) = (joined(k), joined(p));
    let turned = a.iter().find(|x| b.iter().any(|y| x.0 == y.0 && x.1 == y.1 && x.2 != y.2));
    if let Some((_, _, or)) = turned {
        let (k, p) = if *or { ("or", "and") } else { ("and", "or") };
        found.add("wording", k, p, DifferenceKind::Missing);
        found.meet(if *or { Relation::Superset } else { Relation::Subset });
    }
    // Where the questions say the same and only one condition has more to say, it spells out what both mean.
    let asked = |mine: &Reading, other: &Reading| {
        let (residue, _) = least(mine.titles.iter(), (mine, other), &mine.titles[0]);
        residue.atoms.iter().all(|(_, w)| *w < 0.5)
    };
    let wordy = |mine: &Reading, other: &Reading| {
        mine.claims.first().is_some_and(|first| {
            let (residue, _) = least(mine.claims.iter(), (mine, other), first);
            residue.atoms.iter().any(|(_, w)| *w >= 0.5)
        })
    };
    // What is looked at once cannot be reached before; what is at any time, is reached.
    let ever = [k, p].iter().all(|r| r.has(Kind::Observation, "any_time"));
    let once = ever || [k, p].iter().all(|r| r.window.is_some_and(|w| w.point));
    let same_question = asked(k, p) && asked(p, k) && states(k) && states(p);
    let spelled_out = same_question && !(wordy(k, p) && wordy(p, k));
    for (mine, other, kalshi) in [(k, p, true), (p, k, false)] {
        decided_by(mine, other, kalshi, found);
        only_asked(mine, other, kalshi, found);
        for (variants, spare) in
            [(&mine.titles, 0), (&mine.claims, if spelled_out { 3 } else { 1 })]
        {
            let Some(first) = variants.first() else { continue };
            let (residue, statement) = least(variants.iter(), (mine, other), first);
            let loose = spare == 0 && claims_agree;
            let words = residue.of_group(Group::Wording).len();
            let subject = |atom: &Atom| subject_of(statement, atom);
            let sided = p.sides.is_some();
            for (atom, w) in &residue.atoms {
                // Whether a price closes above a number or reaches it decides, wherever it is said.
                let touch = matches!(atom.id.as_str(), "reach" | "dip")
                    && !once
                    && statement
                        .amounts
                        .iter()
                        .any(|a| a.compared || measured(&a.unit) == Some("money"))
                    || atom.id == "dip";
                let insists = insists(atom, mine);
                let acts = matches!(Group::of(atom.kind), Group::Act | Group::Wording)
                    && !touch
                    && !insists
                    && !nomination(atom, statement);
                let nominated = atom.kind == Kind::Stage
                    && atom.id == "primary"
                    && mine.has(Kind::Verb, "nominate");
                // The rules decide: what the question adds to them, and what it says with another word.
                let asked = Group::of(atom.kind) == Group::Wording && !insists
                    || atom.kind == Kind::Rank && atom.id == "next"
                    || titled(atom, other)
                    || aside(atom, mine);
                if loose && (acts && !subject_of(statement, atom) || nominated || asked) {
                    continue;
                }
                let narrows = atom.kind == Kind::Word
                    && (statement.narrowing.contains(&atom.at)
                        || telling(&atom.text) && !as_superlative(&atom.text, other)
                        || sided && part_of_match(statement, atom));
                let spelled = spare > 1
                    && !narrows
                    && (Group::of(atom.kind) == Group::Wording && words <= spare
                        || atom.kind == Kind::Verb
                            && group("bringing_about").contains(&atom.id.as_str()));
                let spare = words <= spare
                    && !narrows
                    && !subject(atom)
                    && Group::of(atom.kind) == Group::Wording;
                if *w >= 0.5 && !spelled && !spare {
                    let (a, b) =
                        if kalshi { (atom.text.as_str(), "") } else { ("", atom.text.as_str()) };
                    found.add(atom.kind.as_str(), a, b, DifferenceKind::Missing);
                    // "… or announces that they will": more ways to come about.
                    if atom.kind == Kind::Verb && statement.or.contains(&atom.at) {
                        found.meet(if kalshi { Relation::Superset } else { Relation::Subset });
                    }
                }
            }
        }
    }
}

/// Whether a nomination is what is won.
fn nomination(atom: &Atom, statement: &Statement) -> bool {
    let won =
        statement.atoms.iter().any(|a| a.kind == Kind::Verb && a.id == "win" && a.at < atom.at);
    won && atom.kind == Kind::Verb && atom.text.ends_with("nomination")
}

/// What tells one proposition from its siblings counts where the rules say it, too.
fn insists(atom: &Atom, mine: &Reading) -> bool {
    atom.kind == Kind::Word
        && has_siblings(&atom.text)
        && tokens(&atom.text).iter().all(|word| mine.mentions(&word.stem))
}

/// What tells one proposition from its siblings in a condition must be in the other's rules, not only in its question: a market that
/// asks for the deputy and decides by the minister is not about the deputy.
fn only_asked(mine: &Reading, other: &Reading, kalshi: bool, found: &mut Findings) {
    if other.claims.is_empty() || other.sides.is_some() {
        return;
    }
    for atom in mine.claims.iter().take(1).flat_map(|s| &s.atoms) {
        let words = tokens(&atom.text);
        let tells = atom.kind == Kind::Word && has_siblings(&atom.text);
        let ruled = words.iter().all(|word| other.mentions(&word.stem))
            || other.rules_speak_of(atom.kind, &atom.id);
        if tells && !ruled && other.explains(atom) >= 0.9 {
            let (a, b) = if kalshi { (atom.text.as_str(), "") } else { ("", atom.text.as_str()) };
            found.add("wording", a, b, DifferenceKind::Missing);
        }
    }
}

/// What the rules decide by must be explained by the other market.
fn decided_by(mine: &Reading, other: &Reading, kalshi: bool, found: &mut Findings) {
    for atom in mine.basis.iter().flat_map(|s| &s.atoms).filter(|a| other_basis(mine, a)) {
        // "The final is scheduled for May 16" says when it is won.
        let on_the_way = atom.kind == Kind::Stage
            && group("passed_by_winner").contains(&atom.id.as_str())
            && mine.has(Kind::Verb, "win")
            && !mine.has(Kind::Verb, "reach");
        if weight(atom, other) >= 0.5 && !on_the_way {
            let (a, b) = if kalshi { (atom.text.as_str(), "") } else { ("", atom.text.as_str()) };
            found.add(atom.kind.as_str(), a, b, DifferenceKind::Missing);
        }
    }
}

/// Whether the word says what of a match is won: `wins the toss in the Mumbai vs Chennai match`.
pub(super) fn part_of_match(statement: &Statement, atom: &Atom) -> bool {
    let named = statement.versus.as_ref().map_or(usize::MAX, |sides| sides[0].start);
    let behind = statement.verb_at.is_some_and(|verb| atom.at > verb);
    behind && atom.at < named && !group("whole_match").contains(&atom.id.as_str())
}

/// Whether the own condition only mentions the name: whose album it is.
fn aside(atom: &Atom, mine: &Reading) -> bool {
    mine.claims.iter().any(|claim| {
        let told = claim.atoms.iter().filter(|a| claim.asides.contains(&a.at));
        told.into_iter().any(|a| a.kind == atom.kind && a.id == atom.id)
    })
}

/// Whether the name is that of somebody whom the other market calls the President.
fn titled(atom: &Atom, other: &Reading) -> bool {
    let figure = atom.kind == Kind::Name && atom.id.contains('_');
    figure && other.has(Kind::Office, "president") && !other.has_kind(Kind::Place)
}

/// Whether the atom stands before the predicate.
pub(super) fn subject_of(statement: &Statement, atom: &Atom) -> bool {
    statement.verb_at.is_none_or(|verb| atom.at < verb)
}

/// Whether the rules decide by another competition, office, place or round than the question: detail may be added, but of each kind
/// something must be common, and no round may come in.
pub(super) fn other_basis(mine: &Reading, atom: &Atom) -> bool {
    let kinds = [
        Kind::Competition,
        Kind::Category,
        Kind::Office,
        Kind::Place,
        Kind::Party,
        Kind::District,
        Kind::Team,
    ];
    // Two named sides meet in one round.
    let round = atom.kind == Kind::Stage && group("tournament_round").contains(&atom.id.as_str());
    if round && mine.sides.is_some() && fine(mine) {
        return false;
    }
    if matches!(atom.kind, Kind::Stage | Kind::League) {
        return true;
    }
    let titles = || mine.titles.iter().flat_map(|s| &s.atoms).filter(|a| a.kind == atom.kind);
    let common = |a: &Atom| titles().any(|b| a.id == b.id);
    kinds.contains(&atom.kind)
        && titles().next().is_some()
        && !mine.basis.iter().flat_map(|s| &s.atoms).any(|a| a.kind == atom.kind && common(a))
}

//! Two conditions that say the same but for one place, where each says something else.

use super::opponents::words;
use crate::grammar::GREATEST;
use crate::lexicon::Kind;
use crate::reading::{Reading, Said};
use crate::statement::{Atom, Statement};
use crate::table::group;

/// Whether the word asks for the most, as the other market does with another word.
pub(super) fn as_superlative(word: &str, other: &Reading) -> bool {
    GREATEST.contains(&word) && GREATEST.iter().any(|most| other.has_stem(most))
}

/// What the two conditions put in the same place, between the same words or at the same end: `the Senate [passes] the bill`, `the
/// Senate [debates] the bill`. Either alone may be left out of the other text; one in place of the other is another proposition.
pub(super) fn substitution(k: &Reading, p: &Reading) -> Option<(String, String)> {
    let (said_k, said_p) = (Said::of(k.claims.iter()), Said::of(p.claims.iter()));
    let measured = k.has_kind(Kind::Measure) && p.has_kind(Kind::Measure);
    for a in &k.claims {
        for b in &p.claims {
            for x in gaps(a, &said_p, p) {
                for y in gaps(b, &said_k, k) {
                    let place = x.between == y.between && x.between != [None, None];
                    if place && !same_said_otherwise(&x, &y, measured) {
                        return Some((x.words(), y.words()));
                    }
                }
            }
        }
    }
    None
}

/// Who is to report it, where both conditions say so by name and share no word of it: another pollster, another exchange.
pub(super) fn other_report(k: &Reading, p: &Reading) -> Option<(String, String)> {
    let named = |r: &Reading| -> Vec<(Kind, String, String)> {
        let told = |s: &Statement, a: &Atom| s.reports.iter().any(|run| run.contains(&a.at));
        let claims = r.claims.iter();
        let atoms = claims.flat_map(|s| s.atoms.iter().filter(move |a| told(s, a)));
        atoms.map(|a| (a.kind, a.id.clone(), a.text.clone())).collect()
    };
    let (a, b) = (named(k), named(p));
    let same = |x: &(Kind, String, String)| b.iter().any(|y| x.1 == y.1);
    let list = |all: &[(Kind, String, String)]| {
        all.iter().map(|(_, _, text)| text.as_str()).collect::<Vec<_>>().join(" ")
    };
    let other = !a.is_empty() && !b.is_empty() && !a.iter().any(same);
    other.then(|| (list(&a), list(&b)))
}

/// Words of a condition in a row that the other one does not have.
struct Gap<'a> {
    atoms: Vec<&'a Atom>,
    /// The known words beside them.
    between: [Option<(Kind, &'a str)>; 2],
}

impl Gap<'_> {
    fn words(&self) -> String {
        words(self.atoms.iter().copied())
    }
}

fn gaps<'a>(statement: &'a Statement, other: &Said, market: &Reading) -> Vec<Gap<'a>> {
    // "Grand Theft Auto" and "GTA".
    let shortened = |a: &Atom| {
        let mut runs = statement.initials.iter().filter(|run| run.from <= a.at && a.at <= run.to);
        let mut short = market.statements().flat_map(|s| &s.initials);
        a.kind == Kind::Name
            && (runs.any(|run| market.has(Kind::Name, &run.letters))
                || short.any(|run| run.letters == a.id))
    };
    // Which league it is in, and in whose report the number stands, is compared elsewhere.
    let told = |a: &Atom| statement.reports.iter().any(|run| run.contains(&a.at));
    // Figures of the country are released.
    let published = |a: &Atom| {
        a.kind == Kind::Place && a.id == "us"
            || a.kind == Kind::Verb && a.id == "release" && market.has_kind(Kind::Measure)
    };
    let counts = |a: &&Atom| {
        !matches!(a.kind, Kind::Noise | Kind::Source | Kind::League | Kind::Gender)
            && !told(a)
            && !published(a)
            && !shortened(a)
    };
    let atoms: Vec<&Atom> = statement.atoms.iter().filter(counts).collect();
    let mut out = Vec::new();
    let mut at = 0;
    while at < atoms.len() {
        if other.has(atoms[at]) {
            at += 1;
            continue;
        }
        let end = atoms[at..].iter().position(|a| other.has(a)).map_or(atoms.len(), |n| at + n);
        let key = |a: &&'a Atom| (a.kind, a.id.as_str());
        let before = at.checked_sub(1).and_then(|i| atoms.get(i)).map(key);
        out.push(Gap {
            atoms: atoms[at..end].to_vec(),
            between: [before, atoms.get(end).map(key)],
        });
        at = end;
    }
    out
}

/// Two ways to say one thing that the tables keep apart: winning and coming in first, the highest and the largest, how a statistic
/// changes.
fn same_said_otherwise(x: &Gap<'_>, y: &Gap<'_>, measured: bool) -> bool {
    let won = |g: &Gap<'_>| g.atoms.iter().any(|a| a.kind == Kind::Verb && a.id == "win");
    let first = |g: &Gap<'_>| {
        g.atoms
            .iter()
            .any(|a| a.kind == Kind::Rank && group("first_place").contains(&a.id.as_str()))
    };
    let any = |g: &Gap<'_>, words: &[&str]| {
        g.atoms.iter().any(|a| words.contains(&a.id.as_str()) || words.contains(&a.text.as_str()))
    };
    let titled =
        |g: &Gap<'_>| g.atoms.iter().any(|a| a.kind == Kind::Office && a.id == "president");
    let figure = |g: &Gap<'_>| g.atoms.iter().any(|a| a.kind == Kind::Name && a.id.contains('_'));
    titled(x) && figure(y)
        || figure(x) && titled(y)
        || won(x) && first(y)
        || first(x) && won(y)
        || any(x, &GREATEST) && any(y, &GREATEST)
        || measured
            && any(x, group("change_of_a_statistic"))
            && any(y, group("change_of_a_statistic"))
}

//! What the names of one statement of a market are in its others: offices, longer names, generations.

use crate::lexicon::Kind;
use crate::statement::{Atom, Statement};

/// `Will Trump next nominate …?` with rules that say `nominated by the President`.
pub(super) fn named_in_question(titles: &[Statement], claims: &mut [Statement]) {
    let office = |s: &Statement| s.has(Kind::Office, "president");
    let figure = |a: &&Atom| a.kind == Kind::Name && a.id.contains('_');
    let figures: Vec<String> = titles
        .iter()
        .filter(|s| !office(s) || s.atoms.iter().any(|a| figure(&a)))
        .flat_map(|s| s.atoms.iter().filter(figure).map(|a| a.id.clone()))
        .collect();
    for claim in claims {
        let unnamed = figures.iter().any(|id| !claim.has(Kind::Name, id));
        claim.named_in_question = unnamed && claim.has(Kind::Office, "president");
    }
}

/// `Will the Williams Mercedes win …? [Williams]` with rules that say `Williams`: what the question adds to the name of the
/// outcome beside it is another name of the same.
pub(super) fn other_names(
    titles: &mut [Statement],
    claims: &[Statement],
    label: Option<&Statement>,
) {
    let (Some(label), Some(claim)) = (label, claims.first()) else { return };
    let named: Vec<Atom> = label.atoms.clone();
    let same = |a: &Atom, b: &Atom| a.kind == b.kind && a.id == b.id;
    let plain = |a: &Atom| a.kind == Kind::Name && a.text.chars().all(char::is_alphabetic);
    if named.is_empty() || !named.iter().all(|a| plain(a) && claim.subject().any(|b| same(a, b))) {
        return;
    }
    let ruled: Vec<String> = claim.atoms.iter().map(|a| a.id.clone()).collect();
    for title in titles {
        let verb = title.verb_at.unwrap_or(0);
        let ends: Vec<usize> = title
            .atoms
            .iter()
            .filter(|a| a.at < verb && named.iter().any(|b| same(a, b)))
            .map(|a| a.at + 1)
            .collect();
        title.atoms.retain(|a| {
            !(plain(a) && a.at < verb && ends.contains(&a.at) && !ruled.contains(&a.id))
        });
    }
}

/// `Tulsi Gabbard Jr.` of a question whose rules say `Tulsi Gabbard`: the rules decide who is meant where the tables know only one
/// of that name.
pub(super) fn known_by_the_surname(titles: &mut [Statement], claims: &[Statement]) {
    let suffix = |a: &Atom| a.kind == Kind::Name && matches!(a.id.as_str(), "jr" | "sr");
    if claims.is_empty() || claims.iter().flat_map(|s| &s.atoms).any(suffix) {
        return;
    }
    let ruled: Vec<String> = claims.iter().flat_map(|s| &s.atoms).map(|a| a.id.clone()).collect();
    for title in titles {
        let known = |a: &Atom| a.kind == Kind::Name && a.id.contains('_') && ruled.contains(&a.id);
        let figures = title.atoms.iter().filter(|a| known(a));
        let ends: Vec<usize> = figures.map(Atom::end).collect();
        title.atoms.retain(|a| !(suffix(a) && ends.contains(&a.at)));
    }
}

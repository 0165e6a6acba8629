//! What `and` and `or` join.

use crate::grammar::{AUXILIARIES, COMPARATIVES};
use crate::lexicon::Kind;
use crate::statement::Atom;
use crate::text::Token;

/// Predicates of which one is enough, by the token they start at: those beside an `or`, and those of two clauses with `or` between
/// them (`announces that she will, or otherwise leaves`).
pub(super) fn alternatives(tokens: &[Token], atoms: &[Atom]) -> Vec<usize> {
    let verbs = || atoms.iter().filter(|a| a.kind == Kind::Verb);
    let mut out = Vec::new();
    for or in (0..tokens.len()).filter(|i| tokens[*i].text == "or") {
        let skipped =
            tokens[or + 1..].iter().take_while(|t| AUXILIARIES.contains(&t.text.as_str()));
        let next = or + 1 + skipped.count();
        let before = verbs().rfind(|a| a.at < or && or - a.at <= 10);
        out.extend(verbs().filter(|a| a.end() == or).map(|a| a.at));
        if verbs().any(|a| a.at == next) {
            out.extend(before.map(|a| a.at).into_iter().chain([next]));
        }
    }
    out.sort_unstable();
    out.dedup();
    out
}

/// The words on both sides of every `or` and `and`.
pub(super) fn coordinated(tokens: &[Token]) -> Vec<usize> {
    let or = (1..tokens.len()).filter(|i| matches!(tokens[*i].text.as_str(), "or" | "and"));
    let counted = |i: &usize| {
        tokens.get(i + 1).is_some_and(|next| COMPARATIVES.contains(&next.text.as_str()))
    };
    or.filter(|i| !counted(i)).flat_map(|i| [i - 1, i + 1]).collect()
}

/// Neighbouring atoms with `and` or `or` between them.
pub(super) fn joined(tokens: &[Token], atoms: &[Atom]) -> Vec<(String, String, bool)> {
    let pairs = atoms.windows(2).filter_map(|two| {
        let [a, b] = two else { return None };
        let word = tokens.get(b.at.checked_sub(1)?)?.text.as_str();
        let or = word == "or";
        (or || word == "and").then(|| (a.id.clone(), b.id.clone(), or))
    });
    pairs.collect()
}

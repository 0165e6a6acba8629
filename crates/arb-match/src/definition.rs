//! What the rules say counts and what does not: `interim appointments count`, `virtual appearances will not qualify`.

use std::collections::BTreeSet;

use crate::contingency::sentences;
use crate::lexicon::is_stop_word;
use crate::table::group;
use crate::text::{Token, tokens};

/// A sentence that counts something in or out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Definition {
    /// The stems of what is counted; words of a few letters are none.
    pub(crate) items: BTreeSet<String>,
    pub(crate) counts: bool,
    /// The sentence, in lower case.
    pub(crate) sentence: String,
}

/// Reads the definitions of a rule text.
pub(crate) fn definitions(rules: &str) -> Vec<Definition> {
    sentences(rules).iter().filter_map(|sentence| definition(sentence)).collect()
}

fn definition(sentence: &str) -> Option<Definition> {
    let lower = sentence.to_lowercase();
    let words: Vec<Token> = tokens(&lower).into_iter().filter(|token| token.word).collect();
    let at = words.iter().position(|word| group("counting").contains(&word.text.as_str()))?;
    let denied = words[at.saturating_sub(3)..at].iter().any(|word| {
        matches!(
            word.text.as_str(),
            "not" | "never" | "wont" | "dont" | "doesnt" | "cannot" | "nor"
        )
    });
    let items = words[..at]
        .iter()
        .filter(|word| word.text.len() > 4 && !is_stop_word(&word.stem))
        .map(|word| word.stem.clone())
        .filter(|stem| !group("phrasing").contains(&stem.as_str()))
        .collect::<BTreeSet<_>>();
    Some(Definition { items, counts: !denied, sentence: lower })
}

/// What one text counts and the other does not.
pub(crate) fn contradiction<'a>(
    ours: &'a [Definition],
    theirs: &'a [Definition],
    common: impl Fn(&str) -> bool,
) -> Option<(&'a Definition, &'a Definition)> {
    let pairs = ours.iter().flat_map(|x| theirs.iter().map(move |y| (x, y)));
    let opposed = pairs.filter(|(x, y)| x.counts != y.counts);
    opposed.into_iter().find(|(x, y)| x.items.intersection(&y.items).any(|item| !common(item)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_counts_and_the_other_does_not() {
        let ours = definitions("Acting or interim appointments count as holding the position.");
        let theirs =
            definitions("Any interim/caretaker Prime Minister will not count toward this.");
        assert!(contradiction(&ours, &theirs, |_| false).is_some());
        assert!(contradiction(&ours, &ours, |_| false).is_none());
        assert!(contradiction(&ours, &theirs, |item| item == "interim").is_none());
        assert!(definitions("The market closes at noon.").is_empty());
    }
}

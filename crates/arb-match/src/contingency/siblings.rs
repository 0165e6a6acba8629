//! Sentences that pay another market or range of the event.

use crate::lexicon::{Kind, is_stop_word};
use crate::statement::Statement;
use crate::text::tokens;
use crate::when::Around;

/// The market or range of the event that a sentence pays: `the market for maintaining the rate resolves to yes`, `will resolve to
/// the no change bracket`.
pub(crate) fn sibling(lower: &str) -> Option<&str> {
    let pays = [" resolves to yes", " will resolve to yes", " resolve to yes"];
    let named = ["the market for ", "the strike for ", "the bracket for ", ", the market "]
        .iter()
        .find_map(|words| {
            let rest = &lower[lower.find(words)? + words.len()..];
            let end = pays.iter().filter_map(|words| rest.find(words)).min()?;
            // "…, the market fed maintains rate resolves to yes and all others resolve to no".
            let one_of = !words.starts_with(',') || end > 0 && rest[end..].contains("all others");
            one_of.then_some(&rest[..end])
        });
    named.or_else(|| {
        let case = ["if ", "in case ", "in the case ", "in the event "];
        let beside = case.iter().any(|words| lower.starts_with(words));
        let rest =
            &lower[lower.find("resolve to the ").filter(|_| beside)? + "resolve to the ".len()..];
        let name = &rest[..[" bracket", " range"].iter().filter_map(|w| rest.find(w)).min()?];
        let which =
            ["low", "high", "relevant", "next", "near", "correct", "respective", "last", "first"];
        (!name.contains(',') && !which.iter().any(|word| name.starts_with(word))).then_some(name)
    })
}

/// Whether a question or its label has all the words of a name.
pub(super) fn names(title: &str, name: &str) -> bool {
    let of = |text: &str| -> Vec<String> {
        tokens(text)
            .into_iter()
            .filter(|t| t.word && !is_stop_word(&t.stem))
            .map(|t| t.stem)
            .collect()
    };
    let own = of(title);
    // "Fed maintains rate" is a hike of 0 basis points.
    let holds =
        |text: &str| Statement::read(text, None, Around::default()).has(Kind::Verb, "hold_rates");
    of(name).iter().all(|stem| own.contains(stem)) || holds(name) && holds(title)
}

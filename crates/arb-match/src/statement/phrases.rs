//! Phrases that belong to a word before them: where and how something happens, whose it is, and who reports it.

use std::ops::Range;

use crate::grammar::{ARTICLES, ENDING_A_PHRASE, JOINING, PLACING};
use crate::statement::Atom;
use crate::text::Token;

/// The runs of capitalised words behind `according to`, `as reported by` and the like.
pub(super) fn reports(tokens: &[Token]) -> Vec<Range<usize>> {
    let word = |i: usize| tokens.get(i).map_or("", |t| t.text.as_str());
    let opens = |i: usize| match word(i) {
        "to" => i > 0 && word(i - 1) == "according",
        "by" | "in" | "on" => {
            let told =
                ["reported", "published", "shown", "listed", "recorded", "measured", "given"];
            i > 0 && told.contains(&word(i - 1))
        }
        "per" => true,
        _ => false,
    };
    let named = |t: &Token| {
        t.capital || matches!(t.text.as_str(), "the" | "of" | "and" | "for" | "-" | "(" | ")" | "&")
    };
    let starts = (0..tokens.len()).filter(|i| opens(*i));
    starts
        .map(|i| {
            let long = tokens[i + 1..].iter().take_while(|t| named(t)).count();
            i + 1..i + 1 + long
        })
        .filter(|run| !run.is_empty())
        .collect()
}

/// The tokens of names after `following` where the next one is asked for, and of those after `by` behind a title in quotes.
pub(super) fn asides(tokens: &[Token], next: bool) -> Vec<usize> {
    let opens = |i: usize| match tokens[i].text.as_str() {
        "following" | "succeeding" | "replacing" => next,
        "by" => i > 0 && tokens[i - 1].text == "\"",
        _ => false,
    };
    let starts = (0..tokens.len()).filter(|i| opens(*i));
    starts
        .flat_map(|i| {
            let names = tokens[i + 1..].iter().take_while(|t| t.capital || t.text == ".").count();
            i + 1..i + 1 + names
        })
        .collect()
}

/// The words that stand behind a preposition or a conjunction, and adverbs.
pub(super) fn narrowing(tokens: &[Token]) -> Vec<usize> {
    let behind = |i: usize| {
        let before = tokens[..i].iter().rev().find(|t| !ARTICLES.contains(&t.text.as_str()));
        before.is_some_and(|t| JOINING.contains(&t.text.as_str()))
    };
    let narrows = |i: &usize| {
        let word = tokens[*i].text.as_str();
        let adverb = word.len() > 5 && word.ends_with("ly");
        tokens[*i].word && (adverb || behind(*i))
    };
    (0..tokens.len()).filter(narrows).collect()
}

/// The atoms of phrases behind the predicate that say where, how or at what it happens. A phrase ends where another preposition or
/// a mark begins.
pub(super) fn adjuncts(tokens: &[Token], atoms: &[Atom], verb: Option<usize>) -> Vec<usize> {
    let Some(verb) = verb else { return Vec::new() };
    let mut open = false;
    let mut out = Vec::new();
    for (i, token) in tokens.iter().enumerate().skip(verb + 1) {
        if !token.word && !matches!(token.text.as_str(), "-" | "/" | "\"") {
            open = false;
        } else if PLACING.contains(&token.text.as_str()) {
            open = true;
        } else if ENDING_A_PHRASE.contains(&token.text.as_str()) {
            open = false;
        } else if open && atoms.iter().any(|a| a.at == i) {
            out.push(i);
        }
    }
    out
}

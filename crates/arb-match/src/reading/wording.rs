//! A question or condition without what does not belong to it: labels, nicknames, works, brackets.

use arb_normalize::{Market, Outcome, Venue};

use super::glossary::name_before;
use crate::lexicon::{Kind, Lexicon};
use crate::statement::Statement;
use crate::text::plain;
use crate::when::Around;

/// What the venue calls the YES outcome, where that says more than `Yes`.
pub(super) fn label(market: &Market, title: &str) -> Option<String> {
    if market.key.venue == Venue::Polymarket {
        return None;
    }
    let label = plain(&market.outcome(Outcome::Yes)?.label);
    let label = label.trim();
    (!label.is_empty() && !label.eq_ignore_ascii_case("yes") && !title.contains(label))
        .then(|| label.to_owned())
}

/// Splits `Who will win? — Ann` and `Who will win? [Ann]` into question and label.
pub(super) fn split_label<'a>(
    title: &'a str,
    rules: &str,
    venue: Venue,
) -> (&'a str, Option<String>) {
    if venue != Venue::Kalshi {
        return (title.trim_start_matches("ARCH "), None);
    }
    if let Some((head, tail)) = title.rsplit_once(" - ").filter(|(head, tail)| {
        head.contains('?')
            || head.ends_with("goals")
            || head.ends_with(": Spread")
            || rules.contains(tail)
    }) {
        return (head.trim_end_matches(": Spread"), Some(tail.to_owned()));
    }
    if let Some((head, tail)) = title
        .rsplit_once(" [")
        .and_then(|(head, tail)| tail.strip_suffix(']').map(|tail| (head, tail)))
    {
        return (head, Some(tail.to_owned()));
    }
    (title, None)
}

/// A text without what stands in brackets, and with the brackets in place of the name before them; examples never count.
/// `for "Work"` after a person's award is dropped: the work does not change who wins.
pub(super) fn variants(text: &str) -> Vec<String> {
    let text = elected_before(&without_nickname(&without_work(text)));
    let (Some(open), Some(close)) = (text.find('('), text.find(')')) else { return vec![text] };
    if open > close {
        return vec![text];
    }
    let inside = text[open + 1..close].trim();
    let short = format!("{}{}", &text[..open], &text[close + 1..]);
    if inside.contains("::") {
        return vec![short];
    }
    // The short name of a statistic says which it is.
    let named = Statement::read(inside, None, Around::default()).atoms;
    if matches!(named.as_slice(), [one] if one.kind == Kind::Measure) {
        return vec![format!("{}{inside}{}", &text[..open], &text[close + 1..])];
    }
    // Women's teams carry the names of the men's.
    if inside == "W" {
        return vec![format!("{} women {}", &text[..open], &text[close + 1..])];
    }
    // Behind the question stands the work of whoever is asked for: `Best Afrobeats winner? (PUSH 2 START)`.
    let shouted = |word: &str| word.chars().all(|c| c.is_uppercase() || c.is_ascii_digit());
    let work = inside.split(' ').all(shouted)
        && inside.contains(' ')
        && inside.chars().filter(char::is_ascii_digit).count() < 3;
    if text[..open].trim_end().ends_with('?') && work {
        return vec![short, text];
    }
    // "Miami (OH)" is not "Miami (FL)".
    if inside.len() == 2
        && inside.chars().all(|c| c.is_ascii_uppercase())
        && Lexicon::standard().is_state(&inside.to_ascii_lowercase())
    {
        return vec![format!("{}, {inside}{}", text[..open].trim_end(), &text[close + 1..])];
    }
    if matches!(inside, "ET" | "inclusive" | "exclusive" | "noon")
        || inside.chars().any(|c| c.is_ascii_digit())
    {
        return vec![text];
    }
    if inside.starts_with("e.g")
        || inside.starts_with("such as")
        || inside.starts_with("including")
        || inside.starts_with("does not")
        || inside.starts_with("not ")
        || inside.starts_with("excluding")
        || inside.starts_with("or ")
    {
        return vec![short];
    }
    // Only a name stands for the name before it.
    if inside.starts_with(|c: char| c.is_lowercase()) {
        return vec![short];
    }
    let head: Vec<&str> = text[..open].split_whitespace().collect();
    // A question opens with a word of its own, a condition may open with the name.
    let asks = ["Will", "Wil", "Who", "Which", "What", "Does", "Is", "Can"];
    let opening = usize::from(head.first().is_some_and(|word| asks.contains(word)));
    let run = name_before(&head).min(head.len().saturating_sub(opening));
    let replaced =
        format!("{} {} {}", head[..head.len() - run].join(" "), inside, &text[close + 1..]);
    vec![short, replaced]
}

/// `Jorge "Tuto" Quiroga` is Jorge Quiroga.
pub(super) fn without_nickname(text: &str) -> String {
    let words: Vec<&str> = text.split(' ').collect();
    let capital = |word: &str| word.starts_with(|c: char| c.is_uppercase());
    let quoted = |word: &str| word.len() > 2 && word.starts_with('"') && word.ends_with('"');
    let nickname = |i: usize| {
        quoted(words[i])
            && i > 0
            && capital(words[i - 1])
            && words.get(i + 1).is_some_and(|next| capital(next))
    };
    let kept: Vec<&str> =
        words.iter().enumerate().filter(|(i, _)| !nickname(*i)).map(|(_, word)| *word).collect();
    kept.join(" ")
}

/// A term that begins in 2027 was won in 2026: Congress is seated in the January after its election.
pub(super) fn elected_before(text: &str) -> String {
    const TERM: &str = "for the term beginning in ";
    let Some(at) = text.find(TERM) else { return text.to_owned() };
    let rest = &text[at + TERM.len()..];
    match rest.get(..4).and_then(|year| year.parse::<i16>().ok()) {
        Some(year) => format!("{}in the {} election{}", &text[..at], year - 1, &rest[4..]),
        None => text.to_owned(),
    }
}

pub(super) fn without_work(text: &str) -> String {
    if let Some(at) = text.find(" for \"")
        && let Some(len) = text[at + 6..].find('"')
    {
        return format!("{}{}", &text[..at], &text[at + 7 + len..]);
    }
    text.to_owned()
}

/// `Which city will host …? [Vienna]`: the label says which, so the noun asks for nothing more.
pub(super) fn without_asked_noun(title: &str) -> &str {
    let asked = ["Which ", "What "].iter().any(|word| title.starts_with(word));
    let verb =
        [" will ", " is ", " are ", " has "].iter().filter_map(|verb| title.find(verb)).min();
    match verb.filter(|at| asked && title[..*at].split(' ').count() == 2) {
        Some(at) => title[at..].trim_start(),
        None => title,
    }
}

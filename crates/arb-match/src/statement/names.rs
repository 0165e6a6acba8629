//! Names no table knows: their numbers, their initials, and slots not filled in yet.

use crate::grammar::LABEL_COMPARATORS;
use crate::lexicon::{Concept, Kind, Lexicon, is_stop_word};
use crate::statement::{Atom, Initials};
use crate::table::group;
use crate::text::Token;

/// `Melania Trump` is not the public figure whom the surname alone means, nor is `American Samoa` in the United States what it says
/// of Samoa.
pub(super) fn of_another_name(
    atoms: &[Atom],
    tokens: &[Token],
    at: usize,
    end: usize,
    concept: &Concept,
) -> bool {
    if end != at + 1 || !tokens[at].capital {
        return false;
    }
    let surname = concept.kind == Kind::Name && concept.id.contains('_');
    let first_name = atoms.last().is_some_and(|a| {
        let letters = a.text.len() > 2 && a.text.chars().all(char::is_alphabetic);
        a.kind == Kind::Name && a.at + 1 == at && letters
    });
    let american = concept.kind == Kind::Place && tokens[at].text == "american";
    let named = tokens.get(at + 1).filter(|next| next.capital && next.word).is_some_and(|next| {
        let known = Lexicon::standard().longest(tokens, at + 1, None).is_some();
        !known && !is_stop_word(&next.stem)
    });
    surname && first_name || american && named
}

/// `Texas A&M`.
pub(super) fn two_letters(tokens: &[Token], at: usize) -> Option<(Atom, usize)> {
    let [a, and, b] = tokens.get(at..at + 3)? else { return None };
    let letters = [a, b].iter().all(|t| t.capital && t.text.len() == 1);
    (and.text == "&" && letters).then(|| {
        let id = format!("{}{}", a.text, b.text);
        (Atom { kind: Kind::Name, text: id.clone(), id, at }, at + 3)
    })
}

/// The length in the name of a thing: a `30-year` mortgage, a `5-day` gross are other things than those of another
/// length.
pub(super) fn length_in_a_name(tokens: &[Token], at: usize) -> Option<(Atom, usize)> {
    let [number, dash, unit] = tokens.get(at..at + 3)? else { return None };
    let digits = number.text.bytes().all(|b| b.is_ascii_digit());
    let length =
        matches!(unit.text.as_str(), "year" | "month" | "week" | "day" | "hour" | "minute");
    if !digits || dash.text != "-" || !length {
        return None;
    }
    let id = format!("{}-{}", number.text, unit.text);
    Some((Atom { kind: Kind::Name, text: id.clone(), id, at }, at + 3))
}

/// `Survivor 50`, `Grok 5.5`, `GPT-6`: a bare number after a name belongs to the name; after a league (`UFC 325`) it only counts its events.
pub(super) fn number_of_a_name(
    atoms: &[Atom],
    tokens: &[Token],
    at: usize,
) -> Option<(Option<Atom>, usize)> {
    if let (Some(before), "-", Some(number)) =
        (at.checked_sub(1).map(|i| &tokens[i]), tokens[at].text.as_str(), tokens.get(at + 1))
        && before.capital
        && atoms.last().is_some_and(|a| a.kind == Kind::Name && a.at + 1 == at)
        && number.text.starts_with(|c: char| c.is_ascii_digit())
    {
        let (id, text) = (number.stem.clone(), number.text.clone());
        return Some((Some(Atom { kind: Kind::Name, id, text, at: at + 1 }), at + 2));
    }
    let token = &tokens[at];
    let digits = token.text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let before = at.checked_sub(1).map(|i| &tokens[i]);
    let before = before.filter(|t| {
        digits
            && t.capital
            && !is_stop_word(&t.stem)
            && !LABEL_COMPARATORS.contains(&t.text.as_str())
    })?;
    let counted = tokens.get(at + 1).is_some_and(|next| {
        matches!(next.text.as_str(), "+" | "%" | "-" | "°" | "º" | "/" | "or" | "k" | "m" | "bps")
    });
    let own = atoms.last().filter(|a| a.end() >= at);
    let named = own.is_none_or(|atom| {
        matches!(atom.kind, Kind::Name | Kind::League | Kind::Competition | Kind::Organisation)
    });
    if counted || !named || before.text.len() < 2 {
        return None;
    }
    let (id, text) = (token.stem.clone(), token.text.clone());
    let named = Atom { kind: Kind::Name, id, text, at };
    Some((own.is_none_or(|atom| atom.kind != Kind::League).then_some(named), at + 1))
}

/// `Person B`, `Actress H`, `Team C`: a slot the venue has not filled yet.
pub(super) fn unfilled(tokens: &[Token], at: usize) -> Option<(Atom, usize)> {
    let next = tokens.get(at + 1)?;
    let slot = group("unfilled_slot").contains(&tokens[at].text.as_str()) && tokens[at].capital;
    if !slot || next.text.len() != 1 || !next.capital || next.text == "a" {
        return None;
    }
    let id = format!("{} {}", tokens[at].text, next.text);
    Some((Atom { kind: Kind::Name, text: id.clone(), id, at }, at + 2))
}

/// Initials of every three to six capitalised words in a row; `of`, `the`, `and`, `for` between them count for nothing.
pub(super) fn initials(tokens: &[Token]) -> Vec<Initials> {
    let small = |t: &Token| matches!(t.text.as_str(), "of" | "the" | "and" | "for" | "&");
    let mut out = Vec::new();
    for from in 0..tokens.len() {
        let mut letters = String::new();
        for (to, token) in tokens.iter().enumerate().skip(from) {
            if small(token) && !letters.is_empty() {
                continue;
            }
            let Some(letter) = token.text.chars().next().filter(|_| token.capital) else { break };
            letters.push(letter);
            if letters.len() > 6 {
                break;
            }
            if letters.len() > 2 {
                out.push(Initials { letters: letters.clone(), from, to });
            }
        }
    }
    out
}

//! The words of a sentence, read one after the other: concepts of the tables, names, amounts, denials, plain words.

use super::clock::clock;
use super::numerals::{numeral, ordinal};
use super::{districts, names};
use crate::amount::amount_at;
use crate::grammar::{LABEL_COMPARATORS, NEGATIONS};
use crate::lexicon::{Kind, Lexicon, is_stop_word};
use crate::statement::{Atom, Statement};
use crate::table::group;
use crate::text::Token;

impl Statement {
    /// Reads what starts at `at`; the result is where to go on.
    pub(super) fn step(
        &mut self,
        tokens: &[Token],
        used: &mut [bool],
        at: usize,
        league: Option<&str>,
    ) -> usize {
        if let Some((district, end)) = districts::district(tokens, at) {
            self.atoms.push(district);
            return end;
        }
        if let Some(end) = clock(tokens, at) {
            return end;
        }
        if made(tokens, used, at, league) {
            self.reach(&tokens[at], at);
            return at + 1;
        }
        if let Some(end) = self.concept(tokens, used, at, league) {
            return end;
        }
        if let Some((number, end)) = names::number_of_a_name(&self.atoms, tokens, at) {
            self.atoms.extend(number);
            return end;
        }
        if let Some((length, end)) = names::length_in_a_name(tokens, at) {
            self.atoms.push(length);
            return end;
        }
        if let Some(end) = self.amount(tokens, used, at) {
            return end;
        }
        if !tokens[at].word {
            return at + 1;
        }
        if let Some((letters, end)) = names::two_letters(tokens, at) {
            self.atoms.push(letters);
            return end;
        }
        if self.denied(tokens, at) {
            return at + 1;
        }
        if let Some((slot, end)) = names::unfilled(tokens, at) {
            self.placeholder = true;
            self.atoms.push(slot);
            return end;
        }
        self.word(tokens, at)
    }

    /// Getting into a competition is the predicate.
    fn reach(&mut self, token: &Token, at: usize) {
        self.verb_at.get_or_insert(at);
        let (id, text) = ("reach".to_owned(), token.text.clone());
        self.atoms.push(Atom { kind: Kind::Verb, id, text, at });
    }

    /// Reads a phrase of the tables.
    fn concept(
        &mut self,
        tokens: &[Token],
        used: &[bool],
        at: usize,
        league: Option<&str>,
    ) -> Option<usize> {
        let unread = used[at..].iter().position(|used| *used).map_or(tokens.len(), |n| at + n);
        let (concept, end) = Lexicon::standard().longest(&tokens[..unread], at, league)?;
        if names::of_another_name(&self.atoms, tokens, at, end, concept) {
            return Some(self.word(tokens, at));
        }
        if concept.kind != Kind::Noise {
            let text = join(&tokens[at..end]);
            if concept.kind == Kind::Verb && self.verb_at.is_none() {
                self.verb_at = Some(at);
            }
            self.atoms.push(Atom { kind: concept.kind, id: concept.id.clone(), text, at });
        }
        Some(end)
    }

    /// Reads a number with its comparator and unit.
    fn amount(&mut self, tokens: &[Token], used: &mut [bool], at: usize) -> Option<usize> {
        let amount = amount_at(tokens, at, |i| !used.get(i).copied().unwrap_or(true))?;
        let end = amount.stop.min(used.len());
        used[amount.start..end].fill(true);
        // "where each 25 basis points counts as one cut" defines, it does not ask for 25.
        let each = amount.start.checked_sub(1).map_or("", |i| tokens[i].text.as_str());
        if matches!(each, "each" | "every" | "per") {
            return Some(end);
        }
        // "100 or more of the 199 seats": the whole they are counted from.
        let of = amount.start.checked_sub(2).map_or("", |i| tokens[i].text.as_str());
        let counted = self.amounts.last().is_some_and(|a| a.stop + 2 == amount.start);
        if counted && each == "the" && of == "of" {
            return Some(end);
        }
        // The comparator's words before the number were read as words already.
        let start = amount.start;
        self.atoms.retain(|atom| atom.at < start || atom.at >= end);
        self.amounts.push(amount);
        Some(end)
    }

    /// Reads a word that denies, or seems to.
    fn denied(&mut self, tokens: &[Token], at: usize) -> bool {
        let token = &tokens[at];
        let quantity = |t: &Token| {
            matches!(t.text.as_str(), "more" | "less" | "fewer" | "later" | "1" | "other")
        };
        if token.text == "no" && tokens.get(at + 1).is_some_and(quantity) {
            return true;
        }
        // Missing the playoffs is not making them.
        let playoffs = |t: &Token| matches!(t.stem.as_str(), "playoff" | "postseason");
        if token.stem == "miss" && tokens[at + 1..].iter().take(4).any(playoffs) {
            self.negated = !self.negated;
            self.opposite = true;
            self.reach(token, at);
            return true;
        }
        if !NEGATIONS.contains(&token.text.as_str()) {
            return false;
        }
        // "Not-for-profit" is a kind, no denial.
        if let [_, dash, next, ..] = &tokens[at..]
            && matches!(token.text.as_str(), "not" | "no")
            && dash.text == "-"
            && next.word
        {
            let id = format!("{}-{}", token.text, next.stem);
            self.atoms.push(Atom { kind: Kind::Word, text: id.clone(), id, at });
            return true;
        }
        // "A government that did not hold any" says which government, not that it does not happen.
        if relative(tokens, at) {
            self.negated_aside = true;
        } else {
            self.negated = !self.negated;
        }
        true
    }

    /// Reads a word no table knows.
    fn word(&mut self, tokens: &[Token], at: usize) -> usize {
        let token = &tokens[at];
        let before = at.checked_sub(1).map(|i| &tokens[i]);
        if token.text.len() == 1
            && token.capital
            && before.is_some_and(|t| group("lettered").contains(&t.text.as_str()))
        {
            self.atoms.push(Atom {
                kind: Kind::Name,
                id: token.stem.clone(),
                text: token.text.clone(),
                at,
            });
            return at + 1;
        }
        let numbered = |next: &Token| next.text.starts_with(|c: char| c.is_ascii_digit());
        self.any |= token.text == "any";
        // "The top free app" is the first; the top ten and the top charts are lists.
        let list = |next: &Token| {
            numbered(next)
                || matches!(
                    next.stem.as_str(),
                    "ten" | "chart" | "five" | "three" | "tier" | "secret"
                )
        };
        if token.text == "top" && tokens.get(at + 1).is_some_and(|next| next.word && !list(next)) {
            self.atoms.push(Atom { kind: Kind::Rank, id: "top".into(), text: "top".into(), at });
            return at + 1;
        }
        if is_stop_word(&token.stem)
            || (token.text.len() == 1 && token.text.chars().all(char::is_alphabetic))
        {
            return at + 1;
        }
        let named = token.capital
            && !LABEL_COMPARATORS.contains(&token.text.as_str())
            && (at > 0
                || tokens.get(1).is_some_and(|next| next.capital || numbered(next))
                || tokens.get(1).is_some_and(|next| next.text == "-")
                    && tokens.get(2).is_some_and(numbered));
        // "Ohio St." is Ohio State, "St. Louis" is not.
        let state = token.text == "st" && at > 0 && tokens[at - 1].capital && named && {
            let next = tokens[at + 1..].iter().find(|next| next.text != ".");
            next.is_none_or(|next| !next.capital)
        };
        if state {
            self.atoms.push(Atom { kind: Kind::Name, id: "stat".into(), text: "state".into(), at });
            return at + 1;
        }
        if named
            && at > 0
            && tokens[at - 1].capital
            && let Some(digits) = numeral(&token.text)
        {
            self.atoms.push(Atom { kind: Kind::Name, id: digits.into(), text: digits.into(), at });
            return at + 1;
        }
        // "The 16th series" is series 16.
        let counts = |next: &Token| matches!(next.text.as_str(), "series" | "season" | "edition");
        if let Some(number) =
            ordinal(&token.text).filter(|_| tokens.get(at + 1).is_some_and(counts))
        {
            let id = number.to_string();
            self.atoms.push(Atom { kind: Kind::Name, id, text: token.text.clone(), at });
            return at + 1;
        }
        let kind = if named || token.text.starts_with(|c: char| c.is_ascii_digit()) {
            Kind::Name
        } else {
            Kind::Word
        };
        self.atoms.push(Atom { kind, id: token.stem.clone(), text: token.text.clone(), at });
        at + 1
    }
}

/// Whether somebody `makes` a competition, which is to take part in it: `makes March Madness`, `make 2026 Eurovision`.
fn made(tokens: &[Token], used: &[bool], at: usize, league: Option<&str>) -> bool {
    if !matches!(tokens[at].text.as_str(), "make" | "makes" | "made") {
        return false;
    }
    let next = (at + 1..tokens.len()).find(|i| !used[*i]);
    let concept = next.and_then(|next| Lexicon::standard().longest(tokens, next, league));
    concept.is_some_and(|(concept, _)| concept.kind == Kind::Competition)
}

/// Whether the negation at `at` stands in a relative clause: `that did not`, `who has never`.
fn relative(tokens: &[Token], at: usize) -> bool {
    let word = |n: usize| at.checked_sub(n).map_or("", |i| tokens[i].text.as_str());
    matches!(word(2), "that" | "who" | "which" | "whose")
        && matches!(word(1), "did" | "does" | "do" | "has" | "have" | "had" | "is" | "are" | "was")
        && at > 3
}

fn join(tokens: &[Token]) -> String {
    let mut out = String::new();
    for token in tokens {
        if !out.is_empty() && token.word {
            out.push(' ');
        }
        out.push_str(&token.text);
    }
    out
}

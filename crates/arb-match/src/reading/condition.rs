//! The condition a rule text decides by.

use super::sided::two_sided_claim;
use super::wording::variants;
use crate::grammar::{ABBREVIATIONS, COMPARATORS, SENTENCE_OPENINGS};
use crate::statement::Statement;

/// The condition the rules decide by.
pub(super) struct Claim {
    pub(super) text: String,
    /// Whether it pays NO.
    pub(super) pays_no: bool,
}

impl Claim {
    /// Enough of it to know the sentence again.
    pub(super) fn beginning(&self) -> String {
        let plain = self.text.chars().filter(|c| *c != '"');
        plain.take(60).collect::<String>().to_lowercase()
    }
}

/// The statements of a condition, or of two named sides.
pub(super) fn claims(
    named: Option<&[String; 2]>,
    condition: Option<&Claim>,
    title: &str,
    read: impl Fn(&str) -> Statement,
) -> Vec<Statement> {
    match (named, condition) {
        (Some([first, _]), _) => {
            let mut claim = read(&two_sided_claim(first, title));
            claim.sided = true;
            vec![claim]
        }
        (None, Some(claim)) => {
            let text = without_definitions(&without_addresses(&claim.text));
            let text = with_alias_in_brackets(&text);
            let text = without_glosses(&text);
            let variants = variants(&text).into_iter().map(|text| read(&text));
            variants.map(|s| Statement { negated: s.negated != claim.pays_no, ..s }).collect()
        }
        (None, None) => Vec::new(),
    }
}

/// The condition of a market: what its total states, else what its rules say; two named sides have none.
pub(super) fn decides(named: bool, total: Option<String>, rules: &str) -> Option<Claim> {
    if named {
        return None;
    }
    match total {
        Some(text) => Some(Claim { text, pays_no: false }),
        None => claim(rules),
    }
}

/// The condition under which the rules pay YES; where there is none, the first under which they pay NO.
pub(super) fn claim(rules: &str) -> Option<Claim> {
    let text = without_quoted_answers(rules);
    let yes = condition(&text, "yes").map(|text| Claim { text, pays_no: false });
    yes.or_else(|| {
        deciding(rules)
            .is_none()
            .then(|| condition(&text, "no"))?
            .map(|text| Claim { text, pays_no: true })
    })
}

/// `"Yes"` as Yes; the quote marks of titles stay.
fn without_quoted_answers(rules: &str) -> String {
    const ANSWERS: [(&str, &str); 8] = [
        ("\"Yes\"", "Yes"),
        ("\"No\"", "No"),
        ("\"YES\"", "Yes"),
        ("\"NO\"", "No"),
        ("\"yes\"", "Yes"),
        ("\"no\"", "No"),
        ("\"Yes.\"", "Yes."),
        ("\"No.\"", "No."),
    ];
    let text = rules.to_owned();
    ANSWERS.iter().fold(text, |text, (quoted, plain)| text.replace(quoted, plain))
}

/// Without brackets that only explain, beside a threshold of its own: `reach space (100 km)`, `hurricanes (winds of at least 74
/// mph)`.
fn without_glosses(text: &str) -> String {
    let mut out = text.to_owned();
    let mut from = 0;
    while let Some(open) = out[from..].find('(').map(|at| from + at) {
        let Some(close) = out[open..].find(')').map(|at| open + at) else { break };
        let inside = &out[open + 1..close];
        let rest = format!("{}{}", &out[..open], &out[close + 1..]);
        let words = inside.split(' ').filter(|w| w.starts_with(|c: char| c.is_ascii_lowercase()));
        let number = |s: &str| s.contains(|c: char| c.is_ascii_digit());
        let gloss = number(inside)
            && !matches!(inside, "inclusive" | "exclusive")
            && words.count() > 0
            && number(&rest)
            && COMPARATORS.iter().any(|words| rest.contains(words));
        if gloss {
            out = rest;
        } else {
            from = close;
        }
    }
    out
}

/// The condition under which a rule text pays this outcome, without what it says of the other one.
pub(super) fn condition(text: &str, paid: &str) -> Option<String> {
    const ELSEWISE: [&str; 8] = [
        ", and no otherwise",
        " and no otherwise",
        ", and to no ",
        " and to no ",
        ", no otherwise",
        "; otherwise",
        ", otherwise",
        "; no ",
    ];
    let found = conditional(text, paid)?;
    let lower = found.to_ascii_lowercase();
    let end = ELSEWISE.iter().filter_map(|words| lower.find(words)).min();
    Some(found[..end.unwrap_or(found.len())].to_owned())
}

fn conditional(text: &str, paid: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    if let Some(end) = ["then the market", "the market", "then this market"]
        .iter()
        .find_map(|who| lower.find(&format!("{who} resolves to {paid}")))
        && let Some(start) = lower[..end]
            .rfind("if ")
            .filter(|start| *start == 0 || !lower.as_bytes()[start - 1].is_ascii_alphanumeric())
    {
        let first = lower[..end]
            .find("if ")
            .filter(|first| *first < start && !lower[*first..end].contains(". "));
        let start = first.unwrap_or(start);
        return Some(text[start + 3..end].trim().trim_end_matches([',', '.']).to_owned());
    }
    const PAYING: [&str; 10] = [
        "resolve to",
        "resolve",
        "resolves to",
        "resolves",
        "resolve in favor of",
        "resolves in favor of",
        "settle to",
        "settles to",
        "resolve as",
        "resolves as",
    ];
    let start = PAYING
        .iter()
        .flat_map(|verb| [format!("{verb} {paid} if "), format!("{verb} {paid}, if ")])
        .filter_map(|phrase| lower.find(&phrase).map(|at| at + phrase.len()))
        .min();
    let Some(start) = start else {
        return condition_first(text, paid)
            .or_else(|| turned_round(text, paid))
            .or_else(|| otherwise_said(text, &PAYING, paid));
    };
    // "This market asks whether …. It will resolve to yes if so."
    let referring = ["so", "this happens", "that happens", "it does", "this occurs", "it happens"];
    let rest = &lower[start..];
    let whole = |words: &&&str| {
        rest[words.len()..].starts_with([',', '.', ';', ' ']) || rest.len() == words.len()
    };
    if referring.iter().filter(|words| rest.starts_with(**words)).any(|words| whole(&words)) {
        return asked_before(text, start);
    }
    let rest = &text[start..];
    Some(rest[..sentence_end(rest)].to_owned())
}

/// What the last `whether` before this place asks.
fn asked_before(text: &str, before: usize) -> Option<String> {
    let at = text[..before].rfind(" whether ")? + " whether ".len();
    let rest = &text[at..];
    Some(rest[..sentence_end(rest)].to_owned())
}

/// `Will resolve to yes should …`, `in the event that …`, `as soon as …`, and the same before `this market resolves to yes`.
fn otherwise_said(text: &str, paying: &[&str], paid: &str) -> Option<String> {
    const OPENING: [&str; 12] = [
        "should ",
        "in the event that ",
        "in the event ",
        "in case ",
        "in the case that ",
        "provided that ",
        "provided ",
        "as soon as ",
        "as long as ",
        "when ",
        "once ",
        "if ",
    ];
    // A later sentence speaks of a case beside the condition.
    let sentence = whole_sentences(text).into_iter().find(|sentence| {
        let lower = sentence.to_ascii_lowercase();
        ["resolve", "settle", "yes if "].iter().any(|words| lower.contains(words))
    });
    sentence.into_iter().find_map(|sentence| {
        let lower = sentence.to_ascii_lowercase();
        if let Some(rest) = lower.strip_prefix(&format!("{paid} if ")) {
            return Some(sentence[lower.len() - rest.len()..].trim_end_matches('.').to_owned());
        }
        let (at, pays) = paying.iter().find_map(|verb| {
            let phrase = format!("{verb} {paid}");
            lower.find(&phrase).map(|at| (at, at + phrase.len()))
        })?;
        // Behind the payment: "resolve to yes should …".
        let behind = lower[pays..].trim_start_matches([',', ' ']);
        let from = lower.len() - behind.len();
        if let Some(opening) = OPENING.iter().find(|words| behind.starts_with(**words)) {
            return Some(sentence[from + opening.len()..].trim_end_matches('.').to_owned());
        }
        // Before it: "in case …, this market will resolve to yes".
        let opening = OPENING.iter().find(|words| lower.starts_with(**words))?;
        let end = sentence[..at].rfind(", ").filter(|end| {
            let subject = &lower[end + 2..at];
            ["market", "it "].iter().any(|word| subject.contains(word)) && subject.len() < 40
        })?;
        sentence.get(opening.len()..end).map(str::to_owned)
    })
}

/// Without the asides that spell a word out: `a ceasefire, defined as …, between`, `the primary, including any runoff`.
pub(super) fn without_definitions(text: &str) -> String {
    let mut out = text.to_owned();
    for aside in [", defined as ", ", including any "] {
        if let Some(at) = out.find(aside) {
            let rest = &out[at + 2..];
            let end = rest.find(", ").map_or(rest.len(), |end| end + 1);
            out = format!("{}{}", &out[..at], &rest[end..]);
        }
    }
    out
}

/// `Robert Ssentamu, also known as Bobi Wine, wins` as `Robert Ssentamu (Bobi Wine) wins`.
fn with_alias_in_brackets(text: &str) -> String {
    let found = [", also known as ", ", better known as ", ", known as ", ", a.k.a. "]
        .iter()
        .find_map(|words| text.split_once(words));
    match found.and_then(|(before, rest)| Some((before, rest.split_once(", ")?))) {
        Some((before, (alias, rest))) if alias.split(' ').count() < 5 => {
            format!("{before} ({alias}) {rest}")
        }
        _ => text.to_owned(),
    }
}

/// Without web addresses: they say where to look, not what happens.
pub(super) fn without_addresses(text: &str) -> String {
    let words: Vec<&str> = text.split(' ').filter(|word| !word.contains("://")).collect();
    words.join(" ")
}

/// The condition of a sentence `If …, this market will resolve to yes`, if that is the first word on what is paid: a later one
/// speaks of a case beside the condition.
pub(super) fn condition_first(text: &str, paid: &str) -> Option<String> {
    let sentences = whole_sentences(text);
    let first = sentences.iter().find(|sentence| sentence.contains("resolve"))?;
    let rest = first.strip_prefix("If ")?;
    let lower = rest.to_ascii_lowercase();
    let end = ["this market will resolve to ", "the market will resolve to "]
        .iter()
        .find_map(|phrase| lower.find(&format!(", {phrase}{paid}")))?;
    Some(rest[..end].to_owned())
}

/// The condition of `will resolve to no unless …` (`in which case it will resolve to yes`) and of `This is a market on whether …. If so,
/// it resolves to yes`.
fn turned_round(text: &str, paid: &str) -> Option<String> {
    let sentences = whole_sentences(text);
    let other = if paid == "yes" { "no" } else { "yes" };
    let unless = sentences.iter().find_map(|sentence| {
        let lower = sentence.to_ascii_lowercase();
        let (before, _) = lower.split_once(" unless ")?;
        let start = before.len() + " unless ".len();
        let end = lower.find(", in which case").unwrap_or(lower.trim_end_matches('.').len());
        let pays = before.ends_with(&format!("resolve to {other}"))
            || before.ends_with(&format!("resolves to {other}"));
        (pays && end > start).then(|| sentence[start..end].to_owned())
    });
    unless.or_else(|| {
        let at = sentences.iter().position(|sentence| {
            let lower = sentence.to_ascii_lowercase();
            let pays = [" resolves to ", " resolve to "].iter();
            let pays = pays.map(|verb| format!("{verb}{paid}")).any(|words| lower.contains(&words));
            lower.starts_with("if so,") && pays
        })?;
        let asked = sentences.get(at.checked_sub(1)?)?;
        let (_, condition) = asked.split_once(" whether ")?;
        (paid == "yes").then(|| condition.trim_end_matches('.').to_owned())
    })
}

/// The sentences of a text; abbreviations end none.
fn whole_sentences(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    for line in text.lines() {
        let mut rest = line.trim();
        while !rest.is_empty() {
            let end = sentence_end(rest);
            out.push(rest[..end].trim());
            rest = rest.get(end + 1..).unwrap_or_default().trim_start();
        }
    }
    out
}

/// Whether the rules do not say by what they decide, where no condition was found.
pub(super) fn unread(rules: &str) -> bool {
    deciding(rules).is_none() && !rules.trim().is_empty()
}

/// What follows `this market will resolve according to`.
pub(super) fn basis(rules: &str) -> Option<String> {
    if let Some(line) = rules
        .lines()
        .next()
        .filter(|line| line.contains("cheduled for") || line.contains("cheduled to be held"))
    {
        // "…, with a second round on June 1 if necessary" is no condition, nor is how such elections are held.
        let dated = |text: &&str| text.contains("cheduled");
        let first = whole_sentences(line).into_iter().find(dated).unwrap_or(line);
        let (event, rest) = first.split_once(", with ").unwrap_or((first, ""));
        // "The first round is on May 3, with a second round on June 1": when the vote begins, not which round is asked for.
        let both = ["second round", "runoff", "run-off"].iter().any(|words| rest.contains(words));
        let event = if both { event.replace("first round of the ", "") } else { event.to_owned() };
        let scheduled = without_venue(&event);
        let decides = deciding(rules).filter(|text| !line.contains(text.as_str()));
        return Some(decides.map_or(scheduled.clone(), |text| format!("{scheduled}; {text}")));
    }
    deciding(rules).map(|text| without_venue(&text))
}

/// Without where an event is held: that names no other event.
fn without_venue(text: &str) -> String {
    let held = ["take place in ", "takes place in ", "held in ", "take place at ", "held at "];
    let Some((at, words)) = held.iter().find_map(|words| Some((text.find(words)?, words))) else {
        return text.to_owned();
    };
    let rest = &text[at + words.len()..];
    let place = rest
        .split_inclusive(' ')
        .take_while(|word| word.starts_with(|c: char| c.is_uppercase()) || word.trim() == "the");
    let end: usize = place.map(str::len).sum();
    format!("{}{}", &text[..at + words.len()], &rest[end..])
}

/// What follows `resolve according to`.
pub(super) fn deciding(rules: &str) -> Option<String> {
    let plain = |at: usize| {
        let before = &rules[..at];
        let start = before.rfind(['\n', '.']).map_or(0, |i| i + 1);
        let opening = before[start..].trim_start();
        !["If ", "In case ", "In the case ", "In the event ", "Should "]
            .iter()
            .any(|words| opening.starts_with(words))
    };
    // "In case of a tie, this market will resolve based on …" decides that case only.
    let at = ["resolve according to ", "resolve based on ", "resolve to the "]
        .iter()
        .find_map(|phrase| rules.match_indices(phrase).map(|(at, _)| at).find(|at| plain(*at)))?;
    let rest = &rules[at..];
    Some(rest[..sentence_end(rest)].split_once(' ')?.1.to_owned())
}

/// Where the first sentence ends; abbreviations do not end one.
pub(crate) fn sentence_end(text: &str) -> usize {
    // What begins a sentence and no name.
    let bytes = text.as_bytes();
    for (at, c) in text.char_indices() {
        if c == '\n' {
            return at;
        }
        if c == '.' && bytes.get(at + 1).is_none_or(u8::is_ascii_whitespace) {
            let word = text[..at].rsplit([' ', '.']).next().unwrap_or_default();
            let initial = word.len() == 1 && word.starts_with(|c: char| c.is_uppercase());
            let rest = text[at + 1..].trim_start_matches([' ', '\r']);
            let next_capital = rest.starts_with(|c: char| c.is_uppercase());
            let opening = rest.split([' ', ',']).next().unwrap_or_default();
            let dotted =
                initial && text[..at - 1].ends_with('.') && SENTENCE_OPENINGS.contains(&opening);
            if rest.is_empty()
                || rest.starts_with('\n')
                || dotted
                || (next_capital && !initial && !ABBREVIATIONS.contains(&word))
            {
                return at;
            }
        }
    }
    text.len()
}

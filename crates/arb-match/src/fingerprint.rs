//! A short name for what a market's rules say.

use std::collections::HashSet;

use arb_normalize::{Market, Outcome};
use unicode_normalization::UnicodeNormalization as _;

use crate::grammar::TURNING;
use crate::lexicon::is_stop_word;
use crate::text::{decode_entities, is_dash, plain_quote, stem, tokens};
use crate::when::is_month_or_weekday;

/// What this version of the fingerprints begins with, so that no other version's is taken for it.
const SEED: &str = "2";

/// A fingerprint of the meaning-bearing text of a market: title, title of the event, slug, outcome labels, strike, rules and source.
/// White space and
/// characters without width, the order of fields, HTML entities, quote marks and the style of dashes do not count; every other
/// character does, the marks of feet and inches and raised digits among them.
///
/// It is a 128-bit FNV-1a hash in hexadecimal: stable over machines, good against accident, not against intent.
#[must_use]
pub fn fingerprint(market: &Market) -> String {
    let mut parts = vec![
        format!("title {}", canonical(&market.title)),
        format!("rules {}", canonical(&market.rules.primary)),
        format!("further {}", canonical(&market.rules.secondary)),
    ];
    parts.extend(market.event_title.iter().map(|s| format!("event {}", canonical(s))));
    parts.extend(market.slug.iter().map(|s| format!("slug {}", canonical(s))));
    parts.extend(market.rules.source.iter().map(|s| format!("source {}", canonical(s))));
    let mut outcomes: Vec<String> = market
        .outcomes
        .iter()
        .map(|o| format!("{} {}", o.side.as_str(), canonical(&o.label)))
        .collect();
    outcomes.sort();
    parts.extend(outcomes);
    if let Some(strike) = &market.strike {
        let decimal = |d: Option<rust_decimal::Decimal>| {
            d.map_or_else(String::new, |d| d.normalize().to_string())
        };
        let mut custom: Vec<String> =
            strike.custom.iter().map(|(k, v)| format!("{k}={}", canonical(v))).collect();
        custom.sort();
        parts.push(format!(
            "strike {} {} {} {}",
            strike.kind,
            decimal(strike.floor),
            decimal(strike.cap),
            custom.join(";")
        ));
    }
    hash(&parts)
}

/// A fingerprint of the shape of a market's rules and source, which all markets of a series share until the venue changes its
/// wording: numbers, months and days are blanked, and names of which a word stands in the title or the label of the first outcome.
/// Every other word counts, so `If` is not `Unless`, `Yes` not `No`, and another source is another shape.
#[must_use]
pub fn shape_fingerprint(market: &Market) -> String {
    let label = market.outcome(Outcome::Yes).map_or("", |outcome| outcome.label.as_str());
    let title = canonical(&format!("{} {label}", market.title));
    let varies: HashSet<String> =
        title.split(' ').map(bare).filter(|word| is_name(word)).map(stem_of).collect();
    let source = market.rules.source.as_deref().unwrap_or_default();
    let texts = [&market.rules.primary, &market.rules.secondary, source];
    hash(&texts.map(|text| shape(&canonical(text), &varies)))
}

fn shape(text: &str, varies: &HashSet<String>) -> String {
    let words: Vec<&str> = text.split(' ').collect();
    let mut out: Vec<&str> = Vec::new();
    let mut at = 0;
    while at < words.len() {
        // A name is blanked whole, its first names too, if the title has a word of it.
        let length = words[at..].iter().take_while(|word| is_name(bare(word))).count();
        let name = &words[at..at + length];
        let varies = name.iter().any(|word| varies.contains(&stem_of(bare(word))));
        for word in &words[at..at + length.max(1)] {
            let blank = varies
                || word.contains(|c: char| c.is_ascii_digit())
                || tokens(bare(word)).first().is_some_and(is_month_or_weekday);
            let word = if blank { "_" } else { word };
            if !(blank && out.last() == Some(&"_")) {
                out.push(word);
            }
        }
        at += length.max(1);
    }
    out.join(" ")
}

/// A word without the marks around it.
fn bare(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric())
}

/// Whether a word could be one of a name: a capital, and no word that decides what a sentence says.
fn is_name(word: &str) -> bool {
    let lower = word.to_lowercase();
    word.starts_with(char::is_uppercase)
        && !is_stop_word(&stem(&lower))
        && !TURNING.contains(&lower.as_str())
}

fn stem_of(word: &str) -> String {
    stem(&word.to_lowercase())
}

/// A text in one spelling of what does not count.
fn canonical(text: &str) -> String {
    let decoded = decode_entities(text);
    let chars: Vec<char> = decoded.nfc().filter(|c| !has_no_width(*c)).collect();
    let mut out = String::with_capacity(chars.len());
    let mut open = [false; 2];
    for (at, c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| chars[before]);
        match plain_quote(*c) {
            Some(quote) => {
                let open = &mut open[usize::from(quote == '"')];
                let after_word = before.is_some_and(char::is_alphanumeric);
                let next = chars.get(at + 1).copied();
                let before_word = next.is_some_and(|c| c.is_alphanumeric() || c == '$');
                if before.is_some_and(|c| c.is_ascii_digit()) && !*open {
                    // Feet and inches, minutes and seconds.
                    out.push(quote);
                } else if !(after_word && before_word) {
                    *open = before_word;
                }
            }
            None if is_dash(*c) => out.push('-'),
            None => out.push(*c),
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a character takes no room: soft hyphen, zero-width space and joiners, marks of direction, byte order mark.
const fn has_no_width(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

fn hash(parts: &[String]) -> String {
    let mut state: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    for part in std::iter::once(SEED).chain(parts.iter().map(String::as_str)) {
        for byte in part.bytes().chain([0]) {
            state ^= u128::from(byte);
            state = state.wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
        }
    }
    format!("{state:032x}")
}

//! Text to tokens: one spelling for what the two venues write differently.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// One word, number or mark of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    /// Lower case, without accents and possessive endings.
    pub(crate) text: String,
    /// The stem compared with other stems.
    pub(crate) stem: String,
    /// Whether it began with a capital in the text.
    pub(crate) capital: bool,
    /// Whether it is a word or number, not a mark.
    pub(crate) word: bool,
}

/// The HTML entities of a text decoded, also where they were encoded twice; an unknown one is kept as it is.
pub(crate) fn decode_entities(text: &str) -> Cow<'_, str> {
    let mut decoded = Cow::Borrowed(text);
    for _ in 0..MOST_ENCODED {
        if !decoded.contains('&') {
            break;
        }
        let Cow::Owned(next) = html_escape::decode_html_entities(&decoded) else { break };
        decoded = Cow::Owned(next);
    }
    decoded
}

/// How often a text is decoded at most.
const MOST_ENCODED: usize = 4;

/// The plain form of a quote mark, single or double, and of a prime.
pub(crate) const fn plain_quote(c: char) -> Option<char> {
    Some(match c {
        '\''
        | '\u{2018}'..='\u{201b}'
        | '\u{2039}'
        | '\u{203a}'
        | '\u{02bc}'
        | '`'
        | '\u{00b4}'
        | '\u{2032}' => '\'',
        '"' | '\u{201c}'..='\u{201f}' | '\u{00ab}' | '\u{00bb}' | '\u{2033}' => '"',
        _ => return None,
    })
}

/// Whether a character is a dash or minus.
pub(crate) const fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

/// One form for quotes, dashes and compatibility characters, entities decoded; accents are kept.
pub(crate) fn plain(text: &str) -> String {
    decode_entities(text)
        .nfkc()
        .map(|c| match c {
            c if c.is_whitespace() && c != '\n' => ' ',
            c if is_dash(c) => '-',
            c => plain_quote(c).unwrap_or(c),
        })
        .collect()
}

fn fold(c: char, out: &mut String) {
    if c.is_ascii() {
        out.push(c.to_ascii_lowercase());
        return;
    }
    match c {
        'ø' | 'Ø' => out.push('o'),
        'ł' | 'Ł' => out.push('l'),
        'ß' => out.push_str("ss"),
        'đ' | 'Đ' => out.push('d'),
        'ı' => out.push('i'),
        'æ' | 'Æ' => out.push_str("ae"),
        _ => {
            for d in c.nfd().filter(|d| !is_combining_mark(*d)) {
                out.extend(d.to_lowercase());
            }
        }
    }
}

/// Cuts a text into tokens. Marks that carry meaning (`$ % ° + # < > = ( ) , . : ; ? "`) are tokens of their own.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let plain;
    let text = if text.is_ascii() && !text.contains(['&', '`', '\t']) {
        text
    } else {
        plain = self::plain(text);
        &plain
    };
    let chars: Vec<char> = text.chars().collect();
    let mut out = Vec::with_capacity(text.len() / 5 + 4);
    let mut at = 0;
    while at < chars.len() {
        let c = chars[at];
        if c.is_alphanumeric() {
            let end = word_end(&chars, at);
            push_word(&chars[at..end], &mut out);
            at = end;
        } else {
            if let Some(dollar) = (c == '$').then(|| whose_dollar(&chars[..at])).flatten() {
                out.pop();
                out.push(Token { text: dollar.into(), stem: dollar.into(), ..mark(c) });
            } else if !c.is_whitespace() && c != '*' && c != '_' && c != '\'' {
                out.push(mark(c));
            } else if c == '\n' {
                out.push(mark('\n'));
            }
            at += 1;
        }
    }
    out
}

/// Whose dollar it is, by the capitals right before its sign: `C$400`, `HK$400`.
fn whose_dollar(before: &[char]) -> Option<&'static str> {
    let letters = before.iter().rev().take_while(|c| c.is_ascii_uppercase() || **c == '.').count();
    let word: String = before[before.len() - letters..].iter().collect();
    let apart = before.len() == letters || !before[before.len() - letters - 1].is_alphanumeric();
    Some(match word.as_str() {
        _ if !apart => return None,
        "US" | "U.S." | "USD" => "$",
        "C" | "CA" | "CAD" | "CDN" => "c$",
        "A" | "AU" | "AUD" => "a$",
        "HK" => "hk$",
        "NZ" => "nz$",
        "S" => "s$",
        "MX" => "mx$",
        "R" => "r$",
        _ => return None,
    })
}

fn mark(c: char) -> Token {
    Token { text: c.to_string(), stem: c.to_string(), capital: false, word: false }
}

/// The end of the word that starts at `at`: letters and digits, apostrophes and dots inside (`O'Brien`, `U.S.`, `1,000.5`).
fn word_end(chars: &[char], at: usize) -> usize {
    let digit = |i: usize| chars.get(i).is_some_and(char::is_ascii_digit);
    let letter = |i: usize| chars.get(i).is_some_and(|c| c.is_alphabetic());
    let mut end = at;
    while end < chars.len() {
        let c = chars[end];
        let inside = match c {
            _ if c.is_alphanumeric() => {
                // "25bps" and "5pm" are a number and a word; "97th" and "76ers" are one word, as is "2XKO".
                true
            }
            '\'' => letter(end + 1) && end > at,
            '.' => (digit(end + 1) && end > at && digit(end - 1)) || dotted(chars, at, end),
            ',' => {
                end > at
                    && digit(end - 1)
                    && digit(end + 1)
                    && digit(end + 2)
                    && digit(end + 3)
                    && !digit(end + 4)
            }
            _ => false,
        };
        if !inside {
            break;
        }
        end += 1;
    }
    end
}

/// Whether the dot at `end` belongs to an abbreviation of single letters such as `U.S.` or `a.m.`.
fn dotted(chars: &[char], at: usize, end: usize) -> bool {
    let single = |i: usize| chars[i].is_alphabetic() && (i == at || chars[i - 1] == '.');
    if end == at || !single(end - 1) {
        return false;
    }
    let next_single = chars.get(end + 1).is_some_and(|c| c.is_alphabetic())
        && chars.get(end + 2).is_none_or(|c| !c.is_alphanumeric());
    let inner = end >= at + 2 && chars[end - 2] == '.';
    next_single || inner
}

fn push_word(chars: &[char], out: &mut Vec<Token>) {
    let mut text = String::with_capacity(chars.len());
    for c in chars {
        if *c != '.' || chars.first().is_some_and(char::is_ascii_digit) {
            fold(*c, &mut text);
        }
    }
    if chars.first().is_some_and(char::is_ascii_digit) {
        text.retain(|c| c != ',');
    }
    if let Some(cut) = text.strip_suffix("'s") {
        text.truncate(cut.len());
    }
    text.retain(|c| c != '\'');
    let capital = chars.first().is_some_and(|c| c.is_uppercase());
    if text.is_empty() {
        return;
    }
    if let Some(split) = unit_split(&text) {
        let unit = text.split_off(split);
        let stem = text.clone();
        out.push(Token { text, stem, capital: false, word: true });
        let stem = self::stem(&unit);
        out.push(Token { text: unit, stem, capital: false, word: true });
        return;
    }
    let stem = stem(&text);
    out.push(Token { text, stem, capital, word: true });
}

/// Where a unit is glued to a number (`25bps`, `5pm`, `100k`, `1.5t`).
fn unit_split(text: &str) -> Option<usize> {
    let at = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    if at == 0 {
        return None;
    }
    matches!(
        &text[at..],
        "bps"
            | "bp"
            | "pm"
            | "am"
            | "k"
            | "m"
            | "b"
            | "t"
            | "mm"
            | "bn"
            | "million"
            | "billion"
            | "trillion"
            | "f"
            | "c"
            | "in"
            | "x"
            | "pct"
    )
    .then_some(at)
}

/// A light English stemmer: plural, past and progressive endings, and a final `e`.
pub(crate) fn stem(word: &str) -> String {
    if word.len() < 4 || !word.is_ascii() || word.as_bytes()[0].is_ascii_digit() {
        return word.to_owned();
    }
    let mut stem = word;
    let mut owned = None;
    if let Some(cut) = stem.strip_suffix("ies").filter(|c| c.len() >= 2) {
        owned = Some(format!("{cut}y"));
    } else if stem.ends_with("sses")
        || stem.ends_with("xes")
        || stem.ends_with("ches")
        || stem.ends_with("shes")
    {
        stem = &stem[..stem.len() - 2];
    } else if stem.ends_with('s')
        && !stem.ends_with("ss")
        && !stem.ends_with("us")
        && !stem.ends_with("is")
    {
        stem = &stem[..stem.len() - 1];
    }
    let mut text = owned.unwrap_or_else(|| stem.to_owned());
    if let Some(cut) = text.strip_suffix("ing").filter(|c| c.len() >= 3) {
        text = undouble(cut);
    } else if let Some(cut) = text.strip_suffix("ied").filter(|c| c.len() >= 2) {
        text = format!("{cut}y");
    } else if let Some(cut) = text.strip_suffix("ed").filter(|c| c.len() >= 3) {
        text = undouble(cut);
    }
    if text.len() >= 4 && text.ends_with('e') {
        text.pop();
    }
    text
}

fn undouble(word: &str) -> String {
    let bytes = word.as_bytes();
    let n = bytes.len();
    if n >= 4
        && bytes[n - 1] == bytes[n - 2]
        && !matches!(bytes[n - 1], b'l' | b's' | b'z' | b'e' | b'o')
    {
        return word[..n - 1].to_owned();
    }
    word.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        tokens(text).into_iter().map(|t| t.text).collect()
    }

    #[test]
    fn spellings_of_both_venues_meet() {
        assert_eq!(words("U.S. C\u{e1}lin O\u{2019}Brien\u{2019}s"), ["us", "calin", "obrien"]);
        assert_eq!(words("$119,499.99 at 5pm"), ["$", "119499.99", "at", "5", "pm"]);
        assert_eq!(
            words("cut 25bps, 76ers & 97th"),
            ["cut", "25", "bps", ",", "76ers", "&", "97th"]
        );
        assert_eq!(words("by June 30. Then"), ["by", "june", "30", ".", "then"]);
        assert_eq!(
            words("Rock &amp; Roll &#8217;x &bogus;"),
            ["rock", "&", "roll", "x", "&", "bogus", ";"]
        );
        assert_eq!(
            words("R&amp;amp;D of 5&thinsp;km at caf&eacute;"),
            words("R&D of 5 km at caf\u{e9}")
        );
    }

    #[test]
    fn inflections_share_a_stem() {
        for (a, b) in [
            ("released", "release"),
            ("votes", "voting"),
            ("confirmed", "confirm"),
            ("cutting", "cut"),
            ("tariffs", "tariff"),
        ] {
            assert_eq!(stem(a), stem(b), "{a} {b}");
        }
        assert_ne!(stem("senate"), stem("senior"));
    }
}

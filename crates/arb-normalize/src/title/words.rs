//! From the text of a title to its words in normal form.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::aliases;

/// How many words of a title are read.
const MAX_WORDS: usize = 256;

/// The words of a title in normal form, in order.
pub(super) fn words(title: &str) -> Vec<String> {
    let raw = split(title);
    let mut words = Vec::with_capacity(raw.len());
    let mut at = 0;
    while at < raw.len() {
        at += date(&raw[at..], &mut words)
            .or_else(|| number(&raw[at..], &mut words))
            .unwrap_or_else(|| {
                aliases::expand(&raw[at], &mut words);
                1
            });
    }
    words
}

/// Lower-case words without accents. Digits keep their points, commas within, signs and percent signs.
fn split(title: &str) -> Vec<String> {
    let text: String = title
        .nfkd()
        .filter(|letter| !is_combining_mark(*letter))
        .flat_map(char::to_lowercase)
        .map(|letter| match letter {
            '\u{2018}' | '\u{2019}' | '`' => '\'',
            '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
            other => other,
        })
        .collect();
    let letters: Vec<char> = text.chars().collect();
    let mut words = Vec::new();
    let mut word = String::new();
    for (at, &letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| letters.get(at)).copied().unwrap_or(' ');
        let after = letters.get(at + 1).copied().unwrap_or(' ');
        let belongs = letter.is_alphanumeric()
            || letter == '%'
            || (letter == '.' && (before.is_alphanumeric() && after.is_alphanumeric()))
            || (matches!(letter, ',' | '-' | '.') && is_digit(before) && is_digit(after))
            || (letter == '.' && !is_digit(before) && is_digit(after) && !before.is_alphanumeric())
            || (letter == '&' && before.is_alphanumeric() && after.is_alphanumeric())
            || (letter == '-' && (is_digit(after) || after == '$') && !before.is_alphanumeric());
        if belongs {
            word.push(letter);
            continue;
        }
        // "trump's" is trump; "o'neill" is oneill.
        if letter == '\''
            && after == 's'
            && !letters.get(at + 2).is_some_and(|c| c.is_alphanumeric())
        {
            push(&mut words, &mut word);
            continue;
        }
        if letter == '$' && word == "-"
            || letter == '\'' && after.is_alphanumeric() && before != '\''
        {
            continue;
        }
        push(&mut words, &mut word);
    }
    push(&mut words, &mut word);
    // What stands behind an apostrophe alone.
    words.retain(|word| word != "s");
    words.truncate(MAX_WORDS);
    words
}

fn push(words: &mut Vec<String>, word: &mut String) {
    // "u.s." loses its points; "3.5" keeps them.
    if word.contains('.') && !word.contains(|letter: char| letter.is_ascii_digit()) {
        word.retain(|letter| letter != '.');
    }
    if !word.is_empty() && word != "-" {
        words.push(std::mem::take(word));
    }
    word.clear();
}

const fn is_digit(letter: char) -> bool {
    letter.is_ascii_digit()
}

/// Reads a date that begins here; how many words it took.
fn date(words: &[String], out: &mut Vec<String>) -> Option<usize> {
    let first = words.first()?;
    if let [year, month, day] = first.split('-').collect::<Vec<_>>()[..] {
        let (year, month, day) = (year_of(year)?, whole(month)?, day_of(day)?);
        (1..=12).contains(&month).then_some(())?;
        out.extend([format!("@{month:02}"), format!("@{day:02}d"), format!("@{year}")]);
        return Some(1);
    }
    // "january 27 2027", "january 2027", "january"
    if let Some(month) = month_of(first) {
        let day = words.get(1).and_then(|word| day_of(word));
        let mut taken = 1 + usize::from(day.is_some());
        let year = words.get(taken).and_then(|word| year_of(word));
        taken += usize::from(year.is_some());
        // "may" alone is a verb more often than a month.
        if first == "may" && taken == 1 {
            return None;
        }
        out.push(format!("@{month:02}"));
        out.extend(day.map(|day| format!("@{day:02}d")));
        out.extend(year.map(|year| format!("@{year}")));
        return Some(taken);
    }
    // "27 january 2027"
    if let (Some(day), Some(month)) = (day_of(first), words.get(1).and_then(|word| month_of(word)))
    {
        let year = words.get(2).and_then(|word| year_of(word));
        out.extend([format!("@{month:02}"), format!("@{day:02}d")]);
        out.extend(year.map(|year| format!("@{year}")));
        return Some(2 + usize::from(year.is_some()));
    }
    let year = year_of(first)?;
    out.push(format!("@{year}"));
    Some(1)
}

fn whole(word: &str) -> Option<u32> {
    (word.len() <= 4 && word.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| word.parse().ok())?
}

fn year_of(word: &str) -> Option<u32> {
    whole(word).filter(|year| word.len() == 4 && (1900..=2199).contains(year))
}

fn day_of(word: &str) -> Option<u32> {
    let digits = ["st", "nd", "rd", "th"].iter().find_map(|end| word.strip_suffix(end));
    whole(digits.unwrap_or(word)).filter(|day| (1..=31).contains(day))
}

fn month_of(word: &str) -> Option<usize> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let word = word.trim_end_matches('.');
    MONTHS
        .iter()
        .position(|month| {
            *month == word || &month[..3] == word || (word == "sept" && month.starts_with("sept"))
        })
        .map(|index| index + 1)
}

/// Reads a number that begins here, with its unit; how many words it took.
fn number(words: &[String], out: &mut Vec<String>) -> Option<usize> {
    let first = words.first()?;
    let digits_end = first
        .find(|letter: char| !matches!(letter, '0'..='9' | '.' | ',' | '-'))
        .unwrap_or(first.len());
    let (digits, unit) = first.split_at(digits_end);
    let mut value = Decimal::read(digits)?;
    let (unit, taken) = match (unit, words.get(1).map(String::as_str)) {
        ("", Some(next)) if is_unit(next) => (next, 2),
        (unit, _) => (unit, 1),
    };
    let mut percent = false;
    match unit {
        "" | "st" | "nd" | "rd" | "th" => {}
        "k" | "thousand" => value.exponent += 3,
        "m" | "mm" | "mn" | "million" => value.exponent += 6,
        "b" | "bn" | "billion" => value.exponent += 9,
        "t" | "tn" | "trillion" => value.exponent += 12,
        "%" | "percent" | "pct" => percent = true,
        "bps" | "bp" => {
            value.exponent -= 2;
            percent = true;
        }
        _ => return None,
    }
    out.push(format!("#{}{}", value.text(), if percent { "%" } else { "" }));
    Some(taken)
}

fn is_unit(word: &str) -> bool {
    matches!(
        word,
        "%" | "percent"
            | "pct"
            | "bps"
            | "bp"
            | "thousand"
            | "million"
            | "mn"
            | "billion"
            | "bn"
            | "trillion"
            | "tn"
    )
}

/// A number as its significant digits and a power of ten, so that any length stays exact.
struct Decimal {
    negative: bool,
    digits: String,
    exponent: i32,
}

impl Decimal {
    fn read(text: &str) -> Option<Self> {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let text = text.replace(',', "");
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let digits = format!("{whole}{fraction}");
        let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let exponent = -i32::try_from(fraction.len()).ok()?;
        (plain && digits.len() <= 64).then_some(Self { negative, digits, exponent })
    }

    fn text(&self) -> String {
        let mut digits = self.digits.trim_start_matches('0').to_owned();
        let mut exponent = self.exponent;
        while digits.ends_with('0') {
            digits.pop();
            exponent += 1;
        }
        if digits.is_empty() {
            return "0".to_owned();
        }
        let magnitude = if let Ok(zeros) = usize::try_from(exponent) {
            digits + &"0".repeat(zeros)
        } else {
            let decimals = exponent.unsigned_abs() as usize;
            let padded = format!("{digits:0>width$}", width = decimals + 1);
            let (whole, fraction) = padded.split_at(padded.len() - decimals);
            format!("{whole}.{fraction}")
        };
        format!("{}{magnitude}", if self.negative { "-" } else { "" })
    }
}

//! Numbers with their comparator and unit, as intervals on an exact number line.

use std::sync::LazyLock;

use crate::grammar::NUMBERS_FROM_TWO;
use crate::table::rows;
use crate::text::Token;

/// Numbers are held in units of 10⁻¹², exactly.
pub(crate) const SCALE: i128 = 1_000_000_000_000;

/// One end of an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Bound {
    pub(crate) value: i128,
    /// Whether the value itself belongs to the interval.
    pub(crate) inclusive: bool,
}

/// A set of numbers without gaps; an open end is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Interval {
    pub(crate) low: Option<Bound>,
    pub(crate) high: Option<Bound>,
}

/// An amount of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Amount {
    pub(crate) interval: Interval,
    /// A currency (`$`, `€`, `c$`), a unit of measure of the tables, `%`, `bps`, or the stem of the noun that follows; empty if
    /// none does.
    pub(crate) unit: String,
    /// Whether a comparator was written; a bare `54 senators` means exactly 54.
    pub(crate) compared: bool,
    /// Tokens it takes.
    pub(crate) start: usize,
    pub(crate) stop: usize,
}

/// How two intervals lie to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lie {
    Equal,
    /// They differ only in whether a bound belongs to them.
    EqualButBoundary,
    Inside,
    Around,
    Apart,
    /// Apart, and together they are everything.
    Opposite,
    Crossing,
}

impl Interval {
    /// Exactly one number.
    pub(crate) const fn point(value: i128) -> Self {
        let bound = Bound { value, inclusive: true };
        Self { low: Some(bound), high: Some(bound) }
    }

    /// The same set of multiples of `step` with closed ends: of whole numbers, more than 120 is at least 121.
    pub(crate) fn on_multiples_of(self, step: i128) -> Self {
        let low = self.low.map(|b| {
            let up = b.value.div_euclid(step) * step;
            let value = if up == b.value {
                b.value + if b.inclusive { 0 } else { step }
            } else {
                up + step
            };
            Bound { value, inclusive: true }
        });
        let high = self.high.map(|b| {
            let down = b.value.div_euclid(step) * step;
            let value =
                if down == b.value { b.value - if b.inclusive { 0 } else { step } } else { down };
            Bound { value, inclusive: true }
        });
        Self { low, high }
    }

    /// `above 119,999.99` is how a venue writes `120,000 or above`: a last cent (or less) before a whole number is taken up, and
    /// `120,000.01 or above` is above 120,000.
    pub(crate) fn without_last_cent(self) -> Self {
        let low = self.low.map(|bound| {
            let part = bound.value.rem_euclid(SCALE);
            if !bound.inclusive && bound.value > 0 && part >= SCALE / 100 * 99 {
                Bound { value: bound.value - part + SCALE, inclusive: true }
            } else if bound.inclusive && bound.value > SCALE && part == SCALE / 100 {
                Bound { value: bound.value - part, inclusive: false }
            } else {
                bound
            }
        });
        Self { low, high: self.high }
    }

    /// How this interval lies to the other.
    pub(crate) fn lie(self, other: Self) -> Lie {
        if self == other {
            return Lie::Equal;
        }
        let value = |b: Option<Bound>| b.map(|b| b.value);
        if value(self.low) == value(other.low) && value(self.high) == value(other.high) {
            return Lie::EqualButBoundary;
        }
        let gap = |high: Option<Bound>, low: Option<Bound>| match (high, low) {
            (Some(h), Some(l)) => {
                h.value < l.value || (h.value == l.value && !(h.inclusive && l.inclusive))
            }
            _ => false,
        };
        if gap(self.high, other.low) || gap(other.high, self.low) {
            let touching = |high: Option<Bound>, low: Option<Bound>| matches!((high, low), (Some(h), Some(l)) if h.value == l.value && h.inclusive != l.inclusive);
            let whole = (self.low.is_none()
                && other.high.is_none()
                && touching(self.high, other.low))
                || (other.low.is_none() && self.high.is_none() && touching(other.high, self.low));
            return if whole { Lie::Opposite } else { Lie::Apart };
        }
        if self.within(other) {
            Lie::Inside
        } else if other.within(self) {
            Lie::Around
        } else {
            Lie::Crossing
        }
    }

    fn within(self, other: Self) -> bool {
        let low = match (self.low, other.low) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(a), Some(b)) => {
                a.value > b.value || (a.value == b.value && (b.inclusive || !a.inclusive))
            }
        };
        let high = match (self.high, other.high) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(a), Some(b)) => {
                a.value < b.value || (a.value == b.value && (b.inclusive || !a.inclusive))
            }
        };
        low && high
    }
}

impl std::fmt::Display for Interval {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.low, self.high) {
            (Some(l), Some(h)) if l == h => f.write_str(&number(l.value)),
            (Some(l), Some(h)) => write!(
                f,
                "{}{}..{}{}",
                if l.inclusive { "[" } else { "(" },
                number(l.value),
                number(h.value),
                if h.inclusive { "]" } else { ")" }
            ),
            (Some(l), None) => {
                write!(f, "{}{}", if l.inclusive { ">=" } else { ">" }, number(l.value))
            }
            (None, Some(h)) => {
                write!(f, "{}{}", if h.inclusive { "<=" } else { "<" }, number(h.value))
            }
            (None, None) => f.write_str("any"),
        }
    }
}

fn number(value: i128) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let value = value.abs();
    let (whole, part) = (value / SCALE, value % SCALE);
    if part == 0 {
        return format!("{sign}{whole}");
    }
    let digits = format!("{part:012}");
    format!("{sign}{whole}.{}", digits.trim_end_matches('0'))
}

/// Parses a plain decimal number exactly; `None` if it is none or needs more than 12 decimals.
pub(crate) fn parse(text: &str) -> Option<i128> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if whole.is_empty()
        || whole.len() > 18
        || part.len() > 12
        || !whole.bytes().chain(part.bytes()).all(|b| b.is_ascii_digit())
    {
        return None;
    }
    let whole: i128 = whole.parse().ok()?;
    let part: i128 = if part.is_empty() { 0 } else { format!("{part:0<12}").parse().ok()? };
    Some(whole * SCALE + part)
}

/// `data/units.tsv`.
struct Units {
    /// Signs of currencies before a number.
    marks: Vec<&'static str>,
    /// Spelling, the unit's one spelling, and what it measures.
    measures: Vec<(&'static str, &'static str, &'static str)>,
}

static UNITS: LazyLock<Units> = LazyLock::new(|| {
    let mut units = Units { marks: Vec::new(), measures: Vec::new() };
    for fields in rows(include_str!("../data/units.tsv")) {
        let [measures, unit, spellings] = fields[..] else { continue };
        let spellings = spellings.split('|');
        match measures {
            "mark" => units.marks.extend(spellings),
            _ => units.measures.extend(spellings.map(|spelling| (spelling, unit, measures))),
        }
    }
    units
});

/// What the unit of an amount measures: `money` for `€`, `temperature` for `°c`; `None` for a count or a share.
pub(crate) fn measured(unit: &str) -> Option<&'static str> {
    if UNITS.marks.contains(&unit) {
        return Some("money");
    }
    if unit == "°" {
        return Some("temperature");
    }
    UNITS.measures.iter().find(|m| m.1 == unit).map(|m| m.2)
}

/// A number with multiplier and unit: where it ends, its value and unit.
struct Plain {
    start: usize,
    stop: usize,
    value: i128,
    unit: String,
}

fn plain(tokens: &[Token], at: usize) -> Option<Plain> {
    let word = |i: usize| tokens.get(i).map_or("", |t| t.text.as_str());
    let mut unit = String::new();
    let mut start = at;
    let mut number_at = at;
    let mut sign = 1;
    if word(number_at) == "-" && (number_at == 0 || parse(&tokens[number_at - 1].text).is_none()) {
        sign = -1;
        number_at += 1;
    }
    if UNITS.marks.contains(&word(number_at)) {
        number_at += 1;
    }
    let mut value = parse(word(number_at)).or_else(|| small_number(word(number_at)))?;
    if let Some(sign_at) = number_at.checked_sub(1).filter(|i| UNITS.marks.contains(&word(*i))) {
        start = start.min(sign_at);
        word(sign_at).clone_into(&mut unit);
    }
    let mut stop = number_at + 1;
    let factor = match word(stop) {
        "k" | "thousand" => 1_000,
        "m" | "mm" | "million" => 1_000_000,
        "b" | "bn" | "billion" => 1_000_000_000,
        "t" | "trillion" => 1_000_000_000_000,
        _ => 1,
    };
    if factor > 1 {
        value = value.checked_mul(factor)?;
        stop += 1;
    }
    match word(stop) {
        "%" | "percent" | "pct" => {
            "%".clone_into(&mut unit);
            stop += 1;
        }
        "percentage" => {
            "%".clone_into(&mut unit);
            stop += 2;
        }
        "bps" | "bp" => {
            "bps".clone_into(&mut unit);
            stop += 1;
        }
        "basis" => {
            "bps".clone_into(&mut unit);
            stop += 2;
        }
        "°" | "degrees" | "º" => {
            stop += 1;
            let scale = UNITS.measures.iter().find(|m| m.1.starts_with('°') && m.0 == word(stop));
            scale.map_or("°", |m| m.1).clone_into(&mut unit);
            stop += usize::from(scale.is_some());
        }
        // "30 dollars", "30 Canadian dollars", "30 nautical miles", "30 km".
        first => {
            let two = format!("{first} {}", word(stop + 1));
            let named = |name: &str| UNITS.measures.iter().find(|m| m.0 == name);
            let found = named(&two).map(|m| (m.1, 2));
            let found = found.or_else(|| Some((named(first)?.1, 1)));
            // "$400 USD" says it twice.
            if let Some((one, words)) = found.filter(|(one, _)| unit.is_empty() || unit == *one) {
                one.clone_into(&mut unit);
                stop += words;
            }
            if unit == "¢" {
                unit = "$".to_owned();
                value /= 100;
            }
        }
    }
    Some(Plain { start, stop: stop.min(tokens.len()), value: value * sign, unit })
}

fn small_number(word: &str) -> Option<i128> {
    if word == "zero" {
        return Some(0);
    }
    let at = NUMBERS_FROM_TWO.iter().position(|w| *w == word)?;
    Some((i128::try_from(at).ok()? + 2) * SCALE)
}

/// Reads the amount whose number starts at `at`, with the words around it. `free(i)` says whether a token is still unread.
pub(crate) fn amount_at(
    tokens: &[Token],
    at: usize,
    free: impl Fn(usize) -> bool,
) -> Option<Amount> {
    let first = plain(tokens, at)?;
    // "Any of the four majors" counts what there is.
    let spelled = tokens[at].text.starts_with(char::is_alphabetic);
    if spelled && at > 0 && tokens[at - 1].text == "the" {
        return None;
    }
    let word = |i: usize| tokens.get(i).map_or("", |t| t.text.as_str());
    // "To two decimal places" says how a number is written.
    if word(first.stop).starts_with("decimal") {
        return None;
    }
    let mut stop = first.stop;
    let low_inclusive = inclusive(tokens, &mut stop).unwrap_or(true);
    let joined = matches!(word(stop), "-" | "to" | "and" | "through") && free(stop);
    let between = first.start.checked_sub(1).is_some_and(|i| matches!(word(i), "between" | "from"));
    if joined
        && (word(stop) != "and" || between)
        && let Some(second) = plain(tokens, stop + 1).filter(|second| second.value >= first.value)
    {
        let mut end = second.stop;
        let high_inclusive = inclusive(tokens, &mut end).unwrap_or(true);
        let unit = if second.unit.is_empty() { first.unit } else { second.unit };
        // "$100-200k" and "between 2 and 3 million" share the multiplier of the second number.
        let interval = Interval {
            low: Some(Bound { value: first.value, inclusive: low_inclusive }),
            high: Some(Bound { value: second.value, inclusive: high_inclusive }),
        };
        let start = if between { first.start - 1 } else { first.start };
        return Some(finish(tokens, interval, unit, true, start, end));
    }
    let (interval, start, stop, compared) = compared(tokens, &first, stop);
    Some(finish(tokens, interval, first.unit, compared, start, stop))
}

/// `(inclusive)` or `(exclusive)` after a number.
fn inclusive(tokens: &[Token], stop: &mut usize) -> Option<bool> {
    let word = |i: usize| tokens.get(i).map_or("", |t| t.text.as_str());
    if word(*stop) == "(" && matches!(word(*stop + 1), "inclusive" | "exclusive") {
        let found = word(*stop + 1) == "inclusive";
        *stop += 3;
        return Some(found);
    }
    None
}

fn compared(tokens: &[Token], number: &Plain, stop: usize) -> (Interval, usize, usize, bool) {
    let word = |i: usize| tokens.get(i).map_or("", |t| t.text.as_str());
    let before = |n: usize| number.start.checked_sub(n).map_or("", |i| word(i));
    let low =
        |inclusive| Interval { low: Some(Bound { value: number.value, inclusive }), high: None };
    let high =
        |inclusive| Interval { low: None, high: Some(Bound { value: number.value, inclusive }) };
    let start = number.start;
    match (word(stop), word(stop + 1)) {
        ("or", "more" | "above" | "higher" | "greater" | "over" | "older") => {
            return (low(true), start, stop + 2, true);
        }
        ("or", "less" | "below" | "fewer" | "lower" | "under") => {
            return (high(true), start, stop + 2, true);
        }
        ("+", _) => {
            let skip = usize::from(matches!(before(1), "least") && before(2) == "at") * 2;
            return (low(true), start - skip, stop + 1, true);
        }
        _ => {}
    }
    // "5 points or more": what is counted stands between.
    if word(stop).starts_with(char::is_alphabetic) && word(stop + 1) == "or" && !word(stop).eq("or")
    {
        match word(stop + 2) {
            "more" | "above" | "higher" | "greater" => return (low(true), start, stop, true),
            "less" | "below" | "fewer" | "lower" => return (high(true), start, stop, true),
            _ => {}
        }
    }
    // "At or above 5", "equal to or greater than 5", "exceeds or equals 5".
    let either = |n: usize| before(n) == "or" && matches!(before(n + 1), "at" | "to" | "equal");
    let equal = |n: usize| if before(n + 2) == "equal" { n + 2 } else { n + 1 };
    match (before(2), before(1)) {
        (_, "above" | "over") if either(2) => return (low(true), start - equal(2), stop, true),
        (_, "below" | "under") if either(2) => return (high(true), start - equal(2), stop, true),
        ("greater" | "higher" | "more", "than") if either(3) => {
            return (low(true), start - equal(3), stop, true);
        }
        ("less" | "lower" | "fewer", "than") if either(3) => {
            return (high(true), start - equal(3), stop, true);
        }
        ("equal", "to") if before(3) == "or" => {
            let size = match before(4) {
                "than" => before(5),
                word => word,
            };
            match size {
                "greater" | "higher" | "more" | "above" => {
                    return (low(true), start - 3, stop, true);
                }
                "less" | "lower" | "fewer" | "below" => return (high(true), start - 3, stop, true),
                _ => {}
            }
        }
        _ => {}
    }
    match (before(2), before(1)) {
        ("no" | "not", "less") => (low(true), start - 2, stop, true),
        ("at", "least") => (low(true), start - 2, stop, true),
        ("at", "most") => (high(true), start - 2, stop, true),
        ("more" | "greater" | "higher", "than") if before(3) == "no" => {
            (high(true), start - 3, stop, true)
        }
        ("less" | "fewer", "than") if before(3) == "no" => (low(true), start - 3, stop, true),
        ("more" | "greater" | "higher", "than") => (low(false), start - 2, stop, true),
        ("less" | "fewer" | "lower", "than") => (high(false), start - 2, stop, true),
        (">", "=") => (low(true), start - 2, stop, true),
        ("<", "=") => (high(true), start - 2, stop, true),
        (
            _,
            "above" | "over" | "exceed" | "exceeds" | "exceeding" | "surpass" | "surpasses"
            | "surpassing" | ">",
        ) => (low(false), start - 1, stop, true),
        (_, "below" | "under" | "<") => (high(false), start - 1, stop, true),
        (_, "≥") => (low(true), start - 1, stop, true),
        (_, "≤") => (high(true), start - 1, stop, true),
        (_, "exactly") => (Interval::point(number.value), start - 1, stop, true),
        _ => (Interval::point(number.value), start, stop, false),
    }
}

fn finish(
    tokens: &[Token],
    interval: Interval,
    mut unit: String,
    compared: bool,
    start: usize,
    stop: usize,
) -> Amount {
    if unit.is_empty()
        && let Some(next) =
            tokens.get(stop).filter(|t| t.word && t.text.chars().all(char::is_alphabetic))
        && !crate::lexicon::is_stop_word(&next.stem)
    {
        unit.clone_from(&next.stem);
    }
    Amount { interval, unit, compared, start, stop }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::tokens;

    fn read(text: &str) -> String {
        let tokens = tokens(text);
        let found = (0..tokens.len()).find_map(|at| amount_at(&tokens, at, |_| true)).unwrap();
        format!("{} {}", found.interval, found.unit)
    }

    #[test]
    fn comparators_and_units() {
        for (text, want) in [
            ("above $119,499.99 at", ">119499.99 $"),
            ("$120k or above", ">=120000 $"),
            ("between 120 (inclusive) and 139 (inclusive) launches", "[120..139] launch"),
            ("between 20% (inclusive) and 25% (exclusive) of", "[20..25) %"),
            ("25% to 30% share", "[25..30] %"),
            ("50-60", "[50..60] "),
            ("fewer than 49 senators", "<49 senator"),
            ("at or above 6,900.00,", ">=6900 "),
            ("3 points or more", ">=3 point"),
            ("at or below $5", "<=5 $"),
            ("equal to or greater than 5", ">=5 "),
            ("less than or equal to 5", "<=5 "),
            ("55 or more senators", ">=55 senator"),
            ("at least 2+ goals", ">=2 goal"),
            ("25 bps", "25 bps"),
            ("by more than 25 basis points", ">25 bps"),
            ("no more than 3 times", "<=3 "),
            ("$1.5 trillion", "1500000000000 $"),
            ("exactly 50 Senators", "50 senator"),
            (">95°", ">95 °"),
            ("0.0000062", "0.0000062 "),
        ] {
            assert_eq!(read(text), want, "{text}");
        }
    }

    #[test]
    fn interval_algebra() {
        let at_least = |v: i128| Interval {
            low: Some(Bound { value: v * SCALE, inclusive: true }),
            high: None,
        };
        let more = |v: i128| Interval {
            low: Some(Bound { value: v * SCALE, inclusive: false }),
            high: None,
        };
        let at_most = |v: i128| Interval {
            low: None,
            high: Some(Bound { value: v * SCALE, inclusive: true }),
        };
        assert_eq!(more(120).on_multiples_of(SCALE), at_least(121));
        assert_eq!(more(55).lie(at_least(55)), Lie::EqualButBoundary);
        assert_eq!(more(75).lie(at_most(75)), Lie::Opposite);
        assert_eq!(at_least(60).lie(more(50)), Lie::Inside);
        assert_eq!(at_least(60).lie(at_most(50)), Lie::Apart);
        assert_eq!(at_least(40).lie(at_most(50)), Lie::Crossing);
    }
}

//! Dates and deadlines in a text: which days, in whose time zone, and whether the end counts.

use std::collections::HashMap;
use std::sync::LazyLock;

use jiff::ToSpan as _;
use jiff::civil::{Date, Time, date};
use jiff::tz::TimeZone;

use crate::table::rows;
use crate::text::Token;

/// The zone of a text that names none: both venues write in New York time.
static NEW_YORK: LazyLock<TimeZone> =
    LazyLock::new(|| TimeZone::get("America/New_York").unwrap_or(TimeZone::UTC));
static CHICAGO: LazyLock<TimeZone> =
    LazyLock::new(|| TimeZone::get("America/Chicago").unwrap_or(TimeZone::UTC));
static LOS_ANGELES: LazyLock<TimeZone> =
    LazyLock::new(|| TimeZone::get("America/Los_Angeles").unwrap_or(TimeZone::UTC));

/// How a text ties the event to a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tie {
    /// `before X`: the end is where X starts.
    Before,
    /// `by X`, `through X`, `until X`: X belongs to the window.
    By,
    /// `in X`, `during X`, `between X and Y`.
    In,
    /// `on X`, `at X`, `as of X`: an observation.
    On,
    /// `after X`, `since X`, `from X`.
    After,
    /// A date without a preposition: it names the event.
    Named,
}

/// A date as a text has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct When {
    pub(crate) tie: Tie,
    /// First day.
    pub(crate) first: Date,
    /// Day after the last one.
    pub(crate) end: Date,
    /// A time of day, with its zone.
    pub(crate) time: Option<(Time, Zone)>,
    /// Whether the text gave no year and it was taken from the market's own dates.
    pub(crate) year_guessed: bool,
    /// A season such as 2024-25.
    pub(crate) season: bool,
    /// Tokens `start..stop` hold it, preposition included.
    pub(crate) start: usize,
    pub(crate) stop: usize,
}

/// A time zone a text names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Zone {
    NewYork,
    Chicago,
    LosAngeles,
    Utc,
}

impl Zone {
    fn tz(self) -> TimeZone {
        match self {
            Self::NewYork => NEW_YORK.clone(),
            Self::Chicago => CHICAGO.clone(),
            Self::LosAngeles => LOS_ANGELES.clone(),
            Self::Utc => TimeZone::UTC,
        }
    }
}

/// The instant of a civil time, in seconds since 1970, daylight saving included.
pub(crate) fn instant(day: Date, time: Time, zone: Zone) -> Option<i64> {
    let stamp = day.to_datetime(time).to_zoned(zone.tz()).ok()?;
    Some(stamp.timestamp().as_second())
}

impl When {
    /// Where a window that ends with this date ends (exclusive), in seconds since 1970. 11:59 PM counts as the whole day.
    pub(crate) fn deadline(&self) -> Option<i64> {
        match (self.tie, self.time) {
            (Tie::By | Tie::In | Tie::On | Tie::Named, None) => {
                instant(self.end, Time::midnight(), Zone::NewYork)
            }
            (_, Some((time, zone))) if time.hour() == 23 && time.minute() == 59 => {
                let next = self.first.checked_add(1.day()).ok()?;
                instant(next, Time::midnight(), zone)
            }
            (_, Some((time, zone))) => instant(self.first, time, zone),
            (Tie::Before | Tie::After, None) => {
                instant(self.first, Time::midnight(), Zone::NewYork)
            }
        }
    }

    /// Where it starts, in seconds since 1970.
    pub(crate) fn opening(&self) -> Option<i64> {
        let (time, zone) = self.time.unwrap_or((Time::midnight(), Zone::NewYork));
        instant(self.first, time, zone)
    }

    /// Whether it is one day.
    pub(crate) fn is_day(&self) -> bool {
        self.first.checked_add(1.day()).is_ok_and(|next| next == self.end)
    }

    /// Whether it is a day or a few.
    pub(crate) fn is_brief(&self) -> bool {
        (self.end - self.first).get_days() <= 7
    }

    /// Whether it is seven days in a row.
    pub(crate) fn is_week(&self) -> bool {
        (self.end - self.first).get_days() == 7
    }

    /// Whether it is a day, some days or a month.
    pub(crate) fn is_at_most_a_month(&self) -> bool {
        (self.end - self.first).get_days() <= 31
    }

    /// Whether it is one calendar year.
    pub(crate) fn is_year(&self) -> bool {
        self.first.month() == 1
            && self.first.day() == 1
            && self.end.year() == self.first.year() + 1
            && self.end.month() == 1
    }
}

/// What is known about a market's time apart from the text, for dates without a year.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Around {
    /// The day the venue says the market ends.
    pub(crate) end: Option<Date>,
}

/// Finds the dates of a text.
pub(crate) fn dates(tokens: &[Token], around: Around) -> Vec<When> {
    let mut found: Vec<When> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let Some(mut when) = date_at(tokens, at, around) else {
            at += 1;
            continue;
        };
        let from = found.last().map_or(0, |last| last.stop);
        tie(tokens, &mut when, from);
        after_date(tokens, &mut when);
        at = when.stop;
        found.push(when);
    }
    share_years(&mut found);
    months(tokens, &mut found);
    short_ranges(tokens, &mut found);
    found
}

/// `The week of August 4 - August 10` is one time.
fn short_ranges(tokens: &[Token], found: &mut Vec<When>) {
    let mut i = 1;
    while i < found.len() {
        let (first, last) = (&found[i - 1], &found[i]);
        let days = first.is_day() && last.is_day() && first.time.is_none() && last.time.is_none();
        let week =
            tokens[first.start.saturating_sub(3)..first.stop].iter().any(|t| t.stem == "week");
        let dash =
            tokens.get(first.stop).is_some_and(|t| t.text == "-") && last.start <= first.stop + 1;
        if days && week && dash && (1..8).contains(&(last.first - first.first).get_days()) {
            let (end, stop) = (last.end, last.stop);
            (found[i - 1].end, found[i - 1].stop) = (end, stop);
            found.remove(i);
        } else {
            i += 1;
        }
    }
}

/// `January through December 2025` is one time, in the year of its last month.
fn months(tokens: &[Token], found: &mut Vec<When>) {
    let month = |w: &When| w.first.day() == 1 && (28..32).contains(&(w.end - w.first).get_days());
    let mut i = 1;
    while i < found.len() {
        let (first, last) = (&found[i - 1], &found[i]);
        let through = |t: &Token| matches!(t.text.as_str(), "through" | "to" | "-");
        let joined = tokens.get(first.stop).is_some_and(through) && last.start <= first.stop + 1;
        let begin = first.first.with().year(last.first.year()).build();
        let named = matches!(first.tie, Tie::Named | Tie::On | Tie::In) && first.year_guessed;
        match begin {
            Ok(begin) if joined && named && month(first) && month(last) && begin < last.first => {
                let (end, stop) = (last.end, last.stop);
                let held = &mut found[i - 1];
                (held.first, held.end, held.stop, held.year_guessed) = (begin, end, stop, false);
                found.remove(i);
            }
            _ => i += 1,
        }
    }
}

/// `between December 16 and March 31, 2025`: the year of the later date belongs to the earlier one too.
fn share_years(found: &mut [When]) {
    for i in (1..found.len()).rev() {
        let (head, tail) = found.split_at_mut(i);
        let (earlier, later) = (&mut head[i - 1], &tail[0]);
        if earlier.year_guessed
            && !later.year_guessed
            && earlier.is_day()
            && later.tie == Tie::By
            && later.start <= earlier.stop + 2
        {
            let mut year = later.first.year();
            if earlier.first.with().year(year).build().is_ok_and(|d| d > later.first) {
                year -= 1;
            }
            if let (Ok(first), Ok(end)) =
                (earlier.first.with().year(year).build(), later_end(earlier.first, year))
            {
                earlier.first = first;
                earlier.end = end;
                earlier.year_guessed = false;
            }
        }
    }
}

fn later_end(day: Date, year: i16) -> Result<Date, jiff::Error> {
    day.with().year(year).build()?.checked_add(1.day())
}

/// Reads the words before a date.
fn tie(tokens: &[Token], when: &mut When, from: usize) {
    let mut at = when.start;
    while at > from && skipped(&tokens[at - 1].text) {
        at -= 1;
    }
    let Some(word) = at
        .checked_sub(1)
        .filter(|before| *before >= from)
        .map(|before| tokens[before].text.as_str())
    else {
        return;
    };
    let earlier = at
        .checked_sub(2)
        .filter(|before| *before >= from)
        .map_or("", |before| tokens[before].text.as_str());
    let (tie, words) = match (earlier, word) {
        ("prior", "to") | ("ahead", "of") => (Tie::Before, 2),
        ("as", "of") | ("end", "of") => {
            (if word == "of" && earlier == "end" { Tie::By } else { Tie::On }, 2)
        }
        ("later", "than") => (Tie::By, 2),
        (_, "before") => (Tie::Before, 1),
        (_, "by" | "through" | "thru" | "until" | "till" | "and" | "to" | "-") => (Tie::By, 1),
        (_, "in" | "during" | "throughout" | "within") => (Tie::In, 1),
        (_, "between" | "from" | "after" | "since") => (Tie::After, 1),
        (_, "on" | "at" | "for" | "of") => (Tie::On, 1),
        _ if tokens[at..when.start].iter().any(|t| t.text == "end") => {
            if let Ok(last) = when.end.yesterday() {
                (when.first, when.tie, when.start) = (last, Tie::On, at);
            }
            return;
        }
        _ => return,
    };
    if matches!(word, "and" | "to" | "-") && from == 0 && !opened(tokens, at - 1) {
        return;
    }
    // "at the end of 2026" looks at its last day.
    let ends = tokens[at..when.start].iter().any(|t| t.text == "end");
    if ends
        && (word == "at" || word == "of" && earlier == "as")
        && !when.is_day()
        && let Ok(last) = when.end.yesterday()
    {
        when.first = last;
    }
    // "after the December 2026 meeting" names the meeting.
    let meeting = tokens.get(when.stop).is_some_and(|t| {
        matches!(t.stem.as_str(), "meet" | "meeting" | "decision" | "election" | "midterm" | "fomc")
    });
    // "in the 2026 Oslo Cup" names the cup's edition.
    let article = matches!(tokens[when.start - 1].text.as_str(), "the" | "its" | "their");
    let edition = tie == Tie::In
        && when.is_year()
        && tokens.get(when.stop).is_some_and(|t| t.capital)
        && (article || a_contest(&tokens[when.stop..]));
    let named = edition || tie == Tie::After && (meeting || when.season);
    let tie = if named { Tie::Named } else { tie };
    when.tie = tie;
    when.start = at - words;
}

/// Whether a text begins with the name of a contest: `NYC Mayoral Race`.
fn a_contest(tokens: &[Token]) -> bool {
    let named = tokens.iter().take_while(|t| t.word && (t.capital || t.text == "of"));
    named.take(6).any(|t| {
        let contests =
            ["race", "election", "primary", "midterm", "season", "cup", "championship", "draft"];
        contests.contains(&t.stem.as_str()) || contests.contains(&t.text.as_str())
    })
}

/// Whether the `and` at `at` ends what began without a date: `between issuance and …`, `from this market's creation to …`.
fn opened(tokens: &[Token], at: usize) -> bool {
    let before = tokens[at.saturating_sub(8)..at].iter().rev();
    let mut within = before.take_while(|t| t.word && t.text != "and");
    within.any(|t| matches!(t.text.as_str(), "between" | "from"))
}

/// What may stand between a date and the word before it that says how it is meant.
fn skipped(word: &str) -> bool {
    matches!(word, "the" | "its" | "their" | "end" | "of" | "," | "year")
        || CALENDAR.weekdays.contains(&word)
}

/// Reads a time of day and a zone after a date: `, 11:59 PM ET`, `at 10:00AM ET`, `12:00 PM ET (noon)`.
fn after_date(tokens: &[Token], when: &mut When) {
    let mut at = when.stop;
    while tokens.get(at).is_some_and(|t| matches!(t.text.as_str(), "," | "at" | "(")) {
        at += 1;
    }
    let Some((time, mut stop)) = time_at(tokens, at) else {
        if tokens.get(when.stop).is_some_and(|t| t.text == "(")
            && tokens.get(when.stop + 1).is_some_and(|t| zone(&t.text).is_some())
        {
            when.stop += 2;
        }
        return;
    };
    let mut found = Zone::NewYork;
    if let Some(named) = tokens.get(stop).and_then(|t| zone(&t.text)) {
        found = named;
        stop += 1;
    }
    when.time = Some((time, found));
    when.stop = stop;
}

pub(crate) fn zone(word: &str) -> Option<Zone> {
    Some(match word {
        "et" | "est" | "edt" => Zone::NewYork,
        "ct" | "cst" | "cdt" => Zone::Chicago,
        "pt" | "pst" | "pdt" => Zone::LosAngeles,
        "utc" | "gmt" | "z" => Zone::Utc,
        _ => return None,
    })
}

/// A time of day: `11:59 PM`, `10:00AM`, `4pm`, `12pm`, `23:59`.
fn time_at(tokens: &[Token], at: usize) -> Option<(Time, usize)> {
    let hour: i8 = tokens.get(at)?.text.parse().ok().filter(|h| (0..=24).contains(h))?;
    let colon = tokens.get(at + 1).is_some_and(|t| t.text == ":");
    let (minute, mut stop, glued) = if colon {
        let text = tokens.get(at + 2)?.text.as_str();
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        (
            text[..digits].parse::<i8>().ok().filter(|m| (0..60).contains(m))?,
            at + 3,
            text[digits..].to_owned(),
        )
    } else {
        (0, at + 1, String::new())
    };
    let half = if glued.is_empty() {
        tokens.get(stop).map_or("", |t| t.text.as_str()).to_owned()
    } else {
        glued.clone()
    };
    let hour = match half.as_str() {
        "am" if hour <= 12 => hour % 12,
        "pm" if hour <= 12 => hour % 12 + 12,
        _ if colon && hour < 24 => {
            return Time::new(hour, minute, 0, 0).ok().map(|time| (time, stop));
        }
        _ => return None,
    };
    if glued.is_empty() {
        stop += 1;
    }
    Time::new(hour, minute, 0, 0).ok().map(|time| (time, stop))
}

/// Reads one date that starts at `at`.
fn date_at(tokens: &[Token], at: usize, around: Around) -> Option<When> {
    month_date(tokens, at, around)
        .or_else(|| iso_date(tokens, at))
        .or_else(|| quarter(tokens, at, around))
        .or_else(|| season_or_year(tokens, at))
        .or_else(|| this_year(tokens, at, around))
}

fn found(first: Date, end: Date, start: usize, stop: usize) -> When {
    When {
        tie: Tie::Named,
        first,
        end,
        time: None,
        year_guessed: false,
        season: false,
        start,
        stop,
    }
}

fn month_date(tokens: &[Token], at: usize, around: Around) -> Option<When> {
    // "10 February 2025"
    if let Some(day) = day_number(&tokens[at].text)
        && let Some(month) = tokens.get(at + 1).and_then(month)
        && tokens.get(at + 2).and_then(|t| year(&t.text)).is_some()
    {
        let year = tokens.get(at + 2).and_then(|t| year(&t.text))?;
        let first = Date::new(year, month, day).ok()?;
        return Some(found(first, first.checked_add(1.day()).ok()?, at, at + 3));
    }
    // "8 Aug '25"
    if let Some(day) = day_number(&tokens[at].text)
        && let Some(month) = tokens.get(at + 1).and_then(month)
        && let Some(short) = tokens.get(at + 2).filter(|t| t.text.len() == 2)
        && let Ok(year) = short.text.parse::<i16>()
        && (20..60).contains(&year)
    {
        let first = Date::new(2000 + year, month, day).ok()?;
        return Some(found(first, first.checked_add(1.day()).ok()?, at, at + 3));
    }
    let month = month(&tokens[at])?;
    let mut stop = at + 1;
    if tokens.get(stop).is_some_and(|t| t.text == ".") && tokens[at].text.len() <= 4 {
        stop += 1;
    }
    let day = tokens.get(stop).and_then(|t| day_number(&t.text));
    // "March 2 or more", "May 5+" are not dates; "March 16:" would be read as a day.
    let mut last = day;
    if day.is_some() {
        stop += 1;
        // "December 8-9, 2026": a meeting of several days.
        if let (Some(first), Some("-"), Some(later)) = (
            day,
            tokens.get(stop).map(|t| t.text.as_str()),
            tokens.get(stop + 1).and_then(|t| day_number(&t.text)),
        ) && later > first
        {
            last = Some(later);
            stop += 2;
        }
    } else if tokens[at].text == "may" || tokens[at].text == "march" || tokens[at].text == "sun" {
        let dated = tokens.get(stop).is_some_and(|t| year(&t.text).is_some());
        let before = at.checked_sub(1).map_or("", |i| tokens[i].text.as_str());
        let placed = tokens[at].capital
            && matches!(
                before,
                "in" | "by"
                    | "before"
                    | "during"
                    | "of"
                    | "for"
                    | "until"
                    | "through"
                    | "after"
                    | "since"
            );
        if !dated && !placed {
            return None;
        }
        if tokens.get(stop).is_some_and(|t| t.text == "madness") {
            return None;
        }
    }
    let mut year_at = stop;
    while tokens.get(year_at).is_some_and(|t| matches!(t.text.as_str(), "," | "of")) {
        year_at += 1;
    }
    let named = tokens.get(year_at).and_then(|t| year(&t.text));
    if named.is_some() {
        stop = year_at + 1;
    }
    let guessed = named.is_none();
    let year = match named {
        Some(year) => year,
        None => nearest_year(month, day, around)?,
    };
    let first = Date::new(year, month, day.unwrap_or(1)).ok()?;
    let end = match last {
        Some(last) => Date::new(year, month, last).ok()?.checked_add(1.day()),
        None => first.checked_add(1.month()),
    }
    .ok()?;
    let mut when = found(first, end, at, stop);
    when.year_guessed = guessed;
    Some(when)
}

/// The latest year that puts the date no later than a quarter after the market's end.
fn nearest_year(month: i8, day: Option<i8>, around: Around) -> Option<i16> {
    let limit = around.end?.checked_add(90.days()).ok()?;
    let year = limit.year();
    let date = Date::new(year, month, day.unwrap_or(1).min(28)).ok()?;
    Some(if date <= limit { year } else { year - 1 })
}

fn iso_date(tokens: &[Token], at: usize) -> Option<When> {
    let year = year(&tokens[at].text)?;
    let dash = |i: usize| tokens.get(i).is_some_and(|t| t.text == "-");
    if !dash(at + 1) || !dash(at + 3) {
        return None;
    }
    let month = tokens.get(at + 2)?.text.parse().ok()?;
    let rest = &tokens.get(at + 4)?.text;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let day = rest[..digits].parse().ok()?;
    let first = Date::new(year, month, day).ok()?;
    let mut stop = at + 5;
    // "2026-02-01T15:00:00.000Z": the clock time of a venue's template is its closing time, not the proposition's.
    if rest[digits..].starts_with('t') {
        while tokens
            .get(stop)
            .is_some_and(|t| t.text == ":" || t.text.starts_with(|c: char| c.is_ascii_digit()))
        {
            stop += 1;
        }
    }
    Some(found(first, first.checked_add(1.day()).ok()?, at, stop))
}

fn quarter(tokens: &[Token], at: usize, around: Around) -> Option<When> {
    let quarter: i8 = match tokens[at].text.as_str() {
        "q1" => 1,
        "q2" => 2,
        "q3" => 3,
        "q4" => 4,
        _ => return None,
    };
    let named = tokens.get(at + 1).and_then(|t| year(&t.text));
    let first =
        Date::new(named.or_else(|| around.end.map(Date::year))?, quarter * 3 - 2, 1).ok()?;
    let mut when = found(
        first,
        first.checked_add(3.months()).ok()?,
        at,
        at + if named.is_some() { 2 } else { 1 },
    );
    when.year_guessed = named.is_none();
    Some(when)
}

fn season_or_year(tokens: &[Token], at: usize) -> Option<When> {
    let first = year(&tokens[at].text)?;
    if at > 0 && matches!(tokens[at - 1].text.as_str(), "$" | ">" | "<" | "+") {
        return None;
    }
    if tokens.get(at + 1).is_some_and(|t| matches!(t.text.as_str(), "-" | "/"))
        && let Some(second) = tokens.get(at + 2)
        && let Ok(number) = second.text.parse::<i16>()
        && (number == first + 1 || number == (first + 1) % 100)
    {
        let mut when = found(date(first, 7, 1), date(first + 1, 7, 1), at, at + 3);
        when.season = true;
        return Some(when);
    }
    let next = tokens.get(at + 1).map_or("", |t| t.text.as_str());
    if matches!(
        next,
        "%" | "+"
            | "or"
            | "times"
            | "points"
            | "votes"
            | "seats"
            | "albums"
            | "case"
            | "cases"
            | "k"
            | "m"
    ) {
        return None;
    }
    Some(found(date(first, 1, 1), date(first + 1, 1, 1), at, at + 1))
}

fn this_year(tokens: &[Token], at: usize, around: Around) -> Option<When> {
    if tokens[at].text != "this" || tokens.get(at + 1).is_none_or(|t| t.text != "year") {
        return None;
    }
    // "before 1 January" style closings lie in the next year.
    let year = around.end?.yesterday().ok()?.year();
    let mut when = found(date(year, 1, 1), date(year + 1, 1, 1), at, at + 2);
    when.tie = Tie::In;
    when.year_guessed = true;
    Some(when)
}

fn year(word: &str) -> Option<i16> {
    (word.len() == 4)
        .then(|| word.parse().ok())
        .flatten()
        .filter(|year| (1990..2100).contains(year))
}

fn day_number(word: &str) -> Option<i8> {
    let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let ending = &word[digits.len()..];
    if !matches!(ending, "" | "st" | "nd" | "rd" | "th") || digits.len() > 2 {
        return None;
    }
    digits.parse().ok().filter(|day| (1..=31).contains(day))
}

/// `data/calendar.tsv`.
struct Calendar {
    /// A spelling, whether it is one only with a capital, and the month's number.
    months: HashMap<&'static str, (bool, i8)>,
    weekdays: Vec<&'static str>,
}

static CALENDAR: LazyLock<Calendar> = LazyLock::new(|| {
    let mut calendar = Calendar { months: HashMap::new(), weekdays: Vec::new() };
    for fields in rows(include_str!("../data/calendar.tsv")) {
        let [kind, number, spellings] = fields[..] else { continue };
        let spellings = spellings.split('|');
        match (kind, number.parse()) {
            ("month", Ok(number)) => {
                let each = spellings.map(|spelling| match spelling.strip_prefix('^') {
                    Some(spelling) => (spelling, (true, number)),
                    None => (spelling, (false, number)),
                });
                calendar.months.extend(each);
            }
            _ => calendar.weekdays.extend(spellings),
        }
    }
    calendar
});

/// Whether a word names a month or a day of the week.
pub(crate) fn is_month_or_weekday(token: &Token) -> bool {
    token.capital && (month(token).is_some() || CALENDAR.weekdays.contains(&token.text.as_str()))
}

fn month(token: &Token) -> Option<i8> {
    let (capital_only, number) = CALENDAR.months.get(token.text.as_str())?;
    (token.word && (token.capital || !capital_only)).then_some(*number)
}

/// What the event part of a Kalshi ticker says about time: `KXNBAGAME-26JAN19BOSDEN-BOS` a day, `KXAWARDPIC-25-A` a year.
pub(crate) fn ticker_date(ticker: &str) -> Option<When> {
    ticker.split('-').skip(1).find_map(|part| {
        let digits = part.get(..2)?;
        let year: i16 = digits.parse::<i16>().ok().filter(|y| (20..60).contains(y))? + 2000;
        let rest = &part[2..];
        if rest.is_empty() {
            return Some(found(date(year, 1, 1), date(year + 1, 1, 1), 0, 0));
        }
        let word = rest.get(..3)?.to_ascii_lowercase();
        let month = month(&Token { text: word.clone(), stem: word, capital: true, word: true })?;
        let day = rest.get(3..5).and_then(|d| d.parse::<i8>().ok());
        let first = Date::new(year, month, day.unwrap_or(1)).ok()?;
        let end =
            if day.is_some() { first.checked_add(1.day()) } else { first.checked_add(1.month()) }
                .ok()?;
        Some(found(first, end, 0, 0))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::tokens;

    fn all(text: &str, end: (i16, i8, i8)) -> Vec<When> {
        dates(&tokens(text), Around { end: Date::new(end.0, end.1, end.2).ok() })
    }

    fn deadline(text: &str, end: (i16, i8, i8)) -> i64 {
        all(text, end).last().and_then(When::deadline).unwrap()
    }

    #[test]
    fn deadlines_of_both_venues_meet() {
        let end = (2025, 12, 31);
        let new_year = instant(date(2026, 1, 1), Time::midnight(), Zone::NewYork).unwrap();
        for text in [
            "before Jan 1, 2026",
            "before 2026",
            "by December 31, 2025, 11:59 PM ET",
            "by Dec 31, 2025",
            "in 2025",
            "by December 31",
            "between January 1, and December 31, 2025, 11:59 PM ET",
            "by the end of 2025",
            "before January 1, 2026 at 12:00am ET",
        ] {
            assert_eq!(deadline(text, end), new_year, "{text}");
        }
        assert_eq!(
            deadline("before July?", (2025, 6, 30)),
            deadline("by June 30, 2025, 11:59 PM ET", (2025, 6, 30))
        );
        assert_ne!(deadline("by January 1, 2026", end), new_year);
    }

    #[test]
    fn daylight_saving_and_zones() {
        let summer = deadline("by July 4, 2025 at 4:00 PM ET", (2025, 7, 4));
        assert_eq!(summer, deadline("by July 4, 2025 20:00 UTC", (2025, 7, 4)));
        let winter = deadline("by January 4, 2025 at 4:00 PM ET", (2025, 1, 4));
        assert_eq!(winter, deadline("by January 4, 2025 21:00 UTC", (2025, 1, 4)));
    }

    #[test]
    fn words_that_are_not_dates() {
        assert!(all("Will it? You may say so. March Madness", (2025, 4, 1)).is_empty());
        assert!(all("costs $2025 or 2000 votes", (2025, 4, 1)).is_empty());
        assert!(all("the 2024-25 season", (2025, 4, 1))[0].season);
    }

    #[test]
    fn tickers_say_when() {
        assert_eq!(ticker_date("KXNBAGAME-26JAN19BOSDEN-BOS").unwrap().first, date(2026, 1, 19));
        assert!(ticker_date("KXAWARDPIC-25-A").unwrap().is_year());
        assert_eq!(ticker_date("KXH5VACCINE"), None);
    }
}

//! A market read: its statements, its window, its sources, and all the words that can explain another market's words.

use std::collections::{BTreeSet, HashSet};

use arb_normalize::{Market, Outcome, Venue};
use jiff::civil::Date;

use crate::lexicon::{Kind, LEAGUES};
use crate::statement::{Atom, Statement};
use crate::text::{plain, tokens};
use crate::when::{Around, Tie, When, dates, ticker_date};

/// Where a term was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Provenance {
    Claim,
    Title,
    Fallback,
}

/// Until when the event counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    /// Seconds since 1970, if the text gives a start.
    pub(crate) start: Option<i64>,
    /// Seconds since 1970, exclusive.
    pub(crate) end: i64,
    /// Whether it is one observation (`on May 1`) rather than a stretch in which the event may come.
    pub(crate) point: bool,
    pub(crate) from: Provenance,
}

/// A market read.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    pub(crate) title: Statement,
    /// Other ways the same market states itself: title with label, the rules' condition, without or with what stands in brackets.
    pub(crate) statements: Vec<Statement>,
    /// How many of `statements`, counted from the end, come from the rules.
    pub(crate) claims: usize,
    /// Atom ids of every statement and label.
    strong: HashSet<(Kind, String)>,
    /// Stems of statements.
    stems: HashSet<String>,
    /// Stems of the whole rule text.
    weak: HashSet<String>,
    pub(crate) sources: BTreeSet<String>,
    pub(crate) window: Option<Window>,
    /// Dates that name the event itself: its year, its season, its day.
    pub(crate) editions: Vec<When>,
    pub(crate) ticker: Option<When>,
    /// The two outcomes, where they are not yes and no.
    pub(crate) sides: Option<[Statement; 2]>,
    /// The rules name what happens when a winner is shared.
    pub(crate) shared: bool,
    /// The rules say that the date of the event is open.
    pub(crate) unscheduled: bool,
    /// The rules give a tie to one of the tied.
    pub(crate) tie_goes_to_one: bool,
    pub(crate) has_rules: bool,
    pub(crate) placeholder: bool,
}

impl Reading {
    pub(crate) fn of(market: &Market) -> Self {
        let around = Around { end: end_day(market) };
        let title = plain(&market.title);
        let event = market.event_title.as_deref().map(plain).unwrap_or_default();
        let rules = plain(&format!("{}\n{}", market.rules.primary, market.rules.secondary));
        let label = label(market, &title);
        let series = market.key.id.split('-').next().unwrap_or_default().to_owned();
        let league = league(&[&title, &event, &rules, &slug_word(market), &series]);
        let read = |text: &str| Statement::read(text, league, around);
        let (title_text, bracket) = split_label(&title, market.key.venue);
        let mut texts = variants(title_text);
        let label = label.or(bracket);
        if let Some(label) = &label {
            texts.insert(0, format!("{label} : {title_text}"));
        }
        let claims: Vec<String> = claim(&rules).map(|claim| variants(&claim)).unwrap_or_default();
        texts.extend(claims.iter().cloned());
        let statements: Vec<Statement> = texts.iter().map(|text| read(text)).collect();
        let sides = sides(market).map(|[a, b]| [read(&a), read(&b)]);
        let mut reading = Self {
            title: read(title_text),
            claims: claims.len(),
            strong: HashSet::new(),
            stems: HashSet::new(),
            weak: tokens(&rules).into_iter().filter(|t| t.word).map(|t| t.stem).collect(),
            sources: BTreeSet::new(),
            window: None,
            editions: Vec::new(),
            ticker: (market.key.venue == Venue::Kalshi)
                .then(|| ticker_date(&market.key.id))
                .flatten(),
            sides,
            shared: ["along with another", "jointly", "shared", "co-winner", "multiple winners"]
                .iter()
                .any(|p| rules.contains(p)),
            unscheduled: [
                "not yet been announced",
                "not yet been scheduled",
                "has not been scheduled",
                "yet to be scheduled",
                "annulled",
            ]
            .iter()
            .any(|p| rules.contains(p)),
            tie_goes_to_one: rules.contains("case of a tie") || rules.contains("event of a tie"),
            has_rules: !market.rules.primary.trim().is_empty(),
            placeholder: statements.iter().any(|s| s.placeholder),
            statements,
        };
        reading.cover(&read(&event), &read(&rules));
        reading.times(&rules, around);
        reading
    }

    fn cover(&mut self, event: &Statement, rules: &Statement) {
        let sides = self.sides.iter().flatten();
        let all = self.statements.iter().chain(sides).chain([event]);
        for atom in all.flat_map(|statement| &statement.atoms) {
            self.strong.insert((atom.kind, atom.id.clone()));
            self.stems.extend(tokens(&atom.text).into_iter().map(|t| t.stem));
        }
        self.sources.extend(
            rules
                .atoms
                .iter()
                .chain(self.statements.iter().flat_map(|s| &s.atoms))
                .filter(|a| a.kind == Kind::Source)
                .map(|a| a.id.clone()),
        );
        for atom in &rules.atoms {
            self.weak.insert(format!("{:?}:{}", atom.kind, atom.id));
        }
    }

    fn times(&mut self, rules: &str, around: Around) {
        let first_claim = self.statements.len() - self.claims;
        let in_claim =
            self.statements[first_claim..].iter().find_map(|s| window(s, Provenance::Claim));
        let in_title =
            self.statements[..first_claim].iter().find_map(|s| window(s, Provenance::Title));
        self.window = in_claim.or(in_title).or_else(|| fallback(rules, around));
        let mut editions: Vec<When> =
            self.statements.iter().chain([&self.title]).flat_map(|s| &s.dates).cloned().collect();
        let scheduled =
            rules.lines().flat_map(|line| line.split(". ")).filter(|s| s.contains("cheduled"));
        for sentence in scheduled.take(1) {
            let found = dates(&tokens(sentence), around);
            editions.extend(found.into_iter().map(|when| When { tie: Tie::Named, ..when }));
        }
        editions.sort_by_key(|w| (w.first, w.end, w.tie));
        editions.dedup_by_key(|w| (w.first, w.end, w.tie));
        self.editions = editions;
    }

    /// Whether a statement or label has that atom.
    pub(crate) fn has(&self, kind: Kind, id: &str) -> bool {
        self.strong.contains(&(kind, id.to_owned()))
    }

    /// Whether a statement has any atom of that kind.
    pub(crate) fn has_kind(&self, kind: Kind) -> bool {
        self.strong.iter().any(|(k, _)| *k == kind)
    }

    /// How well this market's words explain another market's atom: 1 by its statements, 0.8 by its rules, 0 not at all.
    pub(crate) fn explains(&self, atom: &Atom) -> f64 {
        let word = matches!(atom.kind, Kind::Name | Kind::Word);
        if self.has(atom.kind, &atom.id) || (word && self.stems.contains(&atom.id)) {
            return 1.0;
        }
        if word && atom.id.len() >= 5 && self.stems.contains(&undoubled(&atom.id)) {
            return 1.0;
        }
        if word && self.stems.iter().any(|stem| undoubled(stem) == undoubled(&atom.id)) {
            return 1.0;
        }
        if word && self.weak.contains(&atom.id)
            || self.weak.contains(&format!("{:?}:{}", atom.kind, atom.id))
        {
            return 0.8;
        }
        let parts = tokens(&atom.text);
        if !parts.is_empty()
            && parts.iter().all(|t| self.stems.contains(&t.stem))
            && !matches!(atom.kind, Kind::Team | Kind::Place)
        {
            return 0.9;
        }
        0.0
    }
}

fn undoubled(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    for c in word.chars() {
        if !out.ends_with(c) {
            out.push(c);
        }
    }
    out
}

fn end_day(market: &Market) -> Option<Date> {
    let at = market.close_at.or(market.expected_resolution_at)?;
    Date::new(
        i16::try_from(at.year()).ok()?,
        i8::try_from(u8::from(at.month())).ok()?,
        i8::try_from(at.day()).ok()?,
    )
    .ok()
}

fn slug_word(market: &Market) -> String {
    let slug = market.slug.as_deref().unwrap_or_default();
    slug.split('-').next().unwrap_or_default().to_owned()
}

/// The league a market is about, if its texts name exactly one.
fn league(texts: &[&str]) -> Option<&'static str> {
    let mut found: Option<&'static str> = None;
    for text in texts {
        let statement = Statement::read(text, None, Around::default());
        for atom in statement.atoms {
            let league = match atom.kind {
                Kind::League => LEAGUES.iter().find(|known| **known == atom.id).copied(),
                Kind::Team => {
                    LEAGUES.iter().find(|known| atom.id.starts_with(&format!("{known}:"))).copied()
                }
                Kind::Competition => league_of_competition(&atom.id),
                Kind::Name | Kind::Word => ticker_league(&atom.text),
                _ => None,
            };
            if let Some(league) = league {
                if found.is_some_and(|held| held != league) {
                    return None;
                }
                found = Some(league);
            }
        }
        if found.is_some() {
            break;
        }
    }
    found
}

fn ticker_league(word: &str) -> Option<&'static str> {
    let rest = word.strip_prefix("kx")?;
    LEAGUES
        .iter()
        .filter(|known| rest.starts_with(**known))
        .max_by_key(|known| known.len())
        .copied()
}

fn league_of_competition(id: &str) -> Option<&'static str> {
    Some(match id {
        "nba_finals" | "nba_cup" | "clutch" | "sixth_man" => "nba",
        "super_bowl" | "afc" | "nfc" => "nfl",
        "world_series" | "alcs" | "nlcs" | "cy_young" => "mlb",
        "stanley_cup" => "nhl",
        "wnba_finals" => "wnba",
        "ucl" | "uel" | "uecl" | "epl" | "laliga" | "serie_a" | "bundesliga" | "ligue_1"
        | "fa_cup" | "club_world_cup" => "soccer",
        _ if id.starts_with("afc_") && id != "afc_cl" || id.starts_with("nfc_") => "nfl",
        _ if id.starts_with("al_") || id.starts_with("nl_") => "mlb",
        _ => return None,
    })
}

/// What the venue calls the YES outcome, where that says more than `Yes`.
fn label(market: &Market, title: &str) -> Option<String> {
    if market.key.venue == Venue::Polymarket {
        return None;
    }
    let label = plain(&market.outcome(Outcome::Yes)?.label);
    let label = label.trim();
    (!label.is_empty() && !label.eq_ignore_ascii_case("yes") && !title.contains(label))
        .then(|| label.to_owned())
}

/// Splits `Who will win? — Ann` and `Who will win? [Ann]` into question and label.
fn split_label(title: &str, venue: Venue) -> (&str, Option<String>) {
    if venue != Venue::Kalshi {
        return (title.trim_start_matches("ARCH "), None);
    }
    if let Some((head, tail)) =
        title.split_once(" - ").filter(|(head, _)| head.ends_with('?') || head.ends_with("goals"))
    {
        return (head, Some(tail.to_owned()));
    }
    if let Some((head, tail)) = title
        .rsplit_once(" [")
        .and_then(|(head, tail)| tail.strip_suffix(']').map(|tail| (head, tail)))
    {
        return (head, Some(tail.to_owned()));
    }
    (title, None)
}

/// The two outcomes of a market whose outcomes are not yes and no.
fn sides(market: &Market) -> Option<[String; 2]> {
    if market.key.venue != Venue::Polymarket {
        return None;
    }
    let [yes, no] = market.outcomes.as_slice() else { return None };
    if yes.label.eq_ignore_ascii_case("yes") || yes.label.is_empty() || no.label.is_empty() {
        return None;
    }
    Some([plain(&yes.label), plain(&no.label)])
}

/// The condition under which the rules pay YES.
fn claim(rules: &str) -> Option<String> {
    let text: String = rules.chars().filter(|c| *c != '"').collect();
    let lower = text.to_ascii_lowercase();
    if let Some(end) = [
        "then the market resolves to yes",
        "the market resolves to yes",
        "then this market resolves to yes",
    ]
    .iter()
    .find_map(|p| lower.find(p))
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
    let start = [
        "resolve to yes if ",
        "resolve to yes, if ",
        "resolve yes if ",
        "resolves to yes if ",
        "resolves yes if ",
    ]
    .iter()
    .filter_map(|p| lower.find(p).map(|at| at + p.len()))
    .min()?;
    let rest = &text[start..];
    Some(rest[..sentence_end(rest)].to_owned())
}

/// Where the first sentence ends; abbreviations do not end one.
fn sentence_end(text: &str) -> usize {
    let bytes = text.as_bytes();
    for (at, c) in text.char_indices() {
        if c == '\n' {
            return at;
        }
        if c == '.' && bytes.get(at + 1).is_none_or(u8::is_ascii_whitespace) {
            let word = text[..at].rsplit([' ', '.']).next().unwrap_or_default();
            let next_capital = text[at + 1..].trim_start().starts_with(|c: char| c.is_uppercase());
            if ![
                "Jr", "Sr", "St", "vs", "No", "Dr", "Mr", "Mrs", "Inc", "Gov", "Sen", "Rep", "S",
                "U",
            ]
            .contains(&word)
                && next_capital
                || bytes.get(at + 1).is_none()
            {
                return at;
            }
        }
    }
    text.len()
}

/// A text without what stands in brackets, and with the brackets in place of the name before them; examples never count.
/// `for "Work"` after a person's award is dropped: the work does not change who wins.
fn variants(text: &str) -> Vec<String> {
    let text = without_work(text);
    let (Some(open), Some(close)) = (text.find('('), text.find(')')) else { return vec![text] };
    if open > close {
        return vec![text];
    }
    let inside = text[open + 1..close].trim();
    let short = format!("{}{}", &text[..open], &text[close + 1..]);
    if matches!(inside, "ET" | "inclusive" | "exclusive" | "::" | "noon")
        || inside.chars().any(|c| c.is_ascii_digit())
    {
        return vec![text];
    }
    if inside.starts_with("e.g")
        || inside.starts_with("such as")
        || inside.starts_with("including")
        || inside.starts_with("or ")
    {
        return vec![short];
    }
    let head: Vec<&str> = text[..open].split_whitespace().collect();
    let run = head
        .iter()
        .rev()
        .take_while(|w| w.starts_with(|c: char| c.is_uppercase()))
        .count()
        .min(head.len().saturating_sub(1));
    let replaced =
        format!("{} {} {}", head[..head.len() - run].join(" "), inside, &text[close + 1..]);
    vec![short, replaced]
}

fn without_work(text: &str) -> String {
    if let Some(at) = text.find(" for \"")
        && let Some(len) = text[at + 6..].find('"')
    {
        return format!("{}{}", &text[..at], &text[at + 7 + len..]);
    }
    text.to_owned()
}

/// The window a statement gives.
fn window(statement: &Statement, from: Provenance) -> Option<Window> {
    let end = statement
        .dates
        .iter()
        .filter(|w| matches!(w.tie, Tie::Before | Tie::By))
        .next_back()
        .or_else(|| statement.dates.iter().find(|w| w.tie == Tie::In))
        .or_else(|| statement.dates.iter().find(|w| w.tie == Tie::On && w.is_day()))?;
    let start = statement
        .dates
        .iter()
        .find(|w| w.tie == Tie::After && w.first < end.end)
        .map(When::opening);
    let start = match (start, end.tie) {
        (Some(start), _) => start,
        (None, Tie::In) => end.opening(),
        _ => None,
    };
    Some(Window { start, end: end.deadline()?, point: end.tie == Tie::On, from })
}

/// `If no winner is declared by June 30, 2025, 11:59 PM ET, this market resolves to No`.
fn fallback(rules: &str, around: Around) -> Option<Window> {
    let sentences = rules.lines().flat_map(|line| line.split_inclusive(". "));
    let found = sentences
        .filter(|s| {
            s.contains("If ") && (s.contains(" no ") || s.contains(" not ") || s.contains("n't"))
        })
        .find_map(|sentence| {
            let dates = dates(&tokens(sentence), around);
            dates.into_iter().find(|w| matches!(w.tie, Tie::Before | Tie::By))
        })?;
    Some(Window { start: None, end: found.deadline()?, point: false, from: Provenance::Fallback })
}

//! A market read: its statements, its window, its sources, and all the words that can explain another market's words.

use std::collections::{BTreeSet, HashSet};

use arb_normalize::{Market, Outcome, Venue};
use jiff::civil::Date;

use crate::amount::{Amount, Bound, Interval, SCALE, parse};
use crate::contingency::{Contingency, contingencies};
use crate::definition::{Definition, definitions};
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

/// How far the day of the event in the rules may lie from the day the venue gives, in seconds.
const SCHEDULE_DRIFT: u64 = 31 * 86_400;

/// A winner may be shared.
const SHARED: [&str; 5] =
    ["along with another", "jointly", "shared", "co-winner", "multiple winners"];

/// The date of the event is open.
const UNSCHEDULED: [&str; 5] = [
    "not yet been announced",
    "not yet been scheduled",
    "has not been scheduled",
    "yet to be scheduled",
    "annulled",
];

/// Percentages are published with one decimal.
const TENTHS: [&str; 4] = ["one decimal", "single-decimal", "single decimal", "nearest tenth"];

fn contains(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}

/// A market read.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    /// The question, without or with what stands in brackets, and with the label of the outcome.
    pub(crate) titles: Vec<Statement>,
    /// The condition of the rules, without or with what stands in brackets; empty if the rules give none.
    pub(crate) claims: Vec<Statement>,
    /// What decides, where the rules say `according to …` and leave the condition to the question.
    pub(crate) basis: Option<Statement>,
    /// What Kalshi calls the outcome.
    pub(crate) label: Option<Statement>,
    /// Atom ids of every statement and label.
    strong: HashSet<(Kind, String)>,
    /// Initials of the names of statements: `gta` for Grand Theft Auto.
    initials: HashSet<String>,
    /// Stems of statements, and the same without doubled letters.
    stems: HashSet<String>,
    undoubled: HashSet<String>,
    /// What nouns are made of: `erupt` for eruption.
    roots: HashSet<String>,
    kinds: HashSet<Kind>,
    /// Stems of the whole rule text.
    weak: HashSet<String>,
    pub(crate) sources: BTreeSet<String>,
    pub(crate) window: Option<Window>,
    /// A deadline of the question that is not the one of the condition: the market contradicts itself.
    pub(crate) other_deadline: Option<Window>,
    /// The years of the question do not occur in the rules, which name others.
    pub(crate) other_year: bool,
    /// The rules pay a name for something else than its own win, or deny it.
    pub(crate) sides_turned: bool,
    /// The structured strike, read only where no text has a number: venues write 118,499.99 for "$118,500 or above".
    pub(crate) strike: Option<Amount>,
    /// The league it is about.
    pub(crate) league: Option<&'static str>,
    /// The year the market ends in.
    pub(crate) end_year: Option<When>,
    /// Dates that name the event itself: its year, its season, its day.
    pub(crate) editions: Vec<When>,
    pub(crate) ticker: Option<When>,
    /// The two outcomes, where they are not yes and no.
    pub(crate) sides: Option<[Statement; 2]>,
    /// Who has to win by a margin, where a margin is asked for.
    pub(crate) favourite: Option<Statement>,
    /// The rules name what happens when a winner is shared.
    pub(crate) shared: bool,
    /// The rules say that the date of the event is open.
    pub(crate) unscheduled: bool,
    /// The rules give a tie to one of the tied.
    pub(crate) tie_goes_to_one: bool,
    /// What is paid in the cases beside the condition.
    pub(crate) contingencies: Vec<Contingency>,
    /// What counts and what does not.
    pub(crate) definitions: Vec<Definition>,
    /// When the venue says the market ends, in seconds since 1970.
    pub(crate) ends_at: Option<i64>,
    /// Question and rules name different leagues.
    pub(crate) other_league: bool,
    /// The day the rules name for the event is far from the one the venue gives.
    pub(crate) other_day: bool,
    /// The rules decide by what does not happen.
    pub(crate) denied: bool,
    /// The rules pay YES under a condition that could not be read.
    pub(crate) unread: bool,
    pub(crate) has_rules: bool,
    pub(crate) placeholder: bool,
    /// Percentages are published with one decimal.
    pub(crate) tenths: bool,
}

impl Reading {
    pub(crate) fn of(market: &Market) -> Self {
        let around = Around { end: end_day(market) };
        let title = plain(&market.title);
        let event = market.event_title.as_deref().map(plain).unwrap_or_default();
        let rules = plain(&format!("{}\n{}", market.rules.primary, market.rules.secondary));
        let label = label(market, &title);
        let series = market.key.id.split('-').next().unwrap_or_default().to_owned();
        let leagues = [league(&[&title]), league(&[&rules])];
        let league = league(&[&title, &event, &rules, &slug_word(market), &series]);
        let read = |text: &str| Statement::read(text, league, around);
        let clause = |text: &str| Statement::read_clause(text, league, around);
        let (title_text, bracket) = split_label(&title, &rules, market.key.venue);
        let spread = spread(title_text);
        let title_text = spread.as_ref().map_or(title_text, |(_, text)| text.as_str());
        let label = label.or(bracket);
        let mut titles: Vec<Statement> =
            variants(title_text).iter().map(|text| read(text)).collect();
        if let Some(label) = &label {
            let title = variants(title_text).swap_remove(0);
            titles.push(clause(&format!("{label} : {title}")));
        }
        let named = sides(market);
        let total = named.as_ref().and_then(|names| total(names, title_text));
        let named = named.filter(|_| total.is_none());
        titles.iter_mut().for_each(|title| title.sided = named.is_some());
        if let Some(total) = &total {
            titles = vec![read(total)];
        }
        let counted = total.is_some() || spread.is_some();
        let condition = decides(named.is_some(), total, &rules);
        let claims = claims(named.as_ref(), condition.as_ref(), title_text, clause);
        let other_number = counted && other_number(&titles, &rules, market, clause);
        let words = condition.as_ref().map(|claim| claim.beginning());
        let contingencies = contingencies(&rules, words.as_deref(), named.as_ref(), around);
        let sides_turned =
            named.as_ref().is_some_and(|names| turned(names, &rules, spread.is_some()));
        let sides_missing = named.is_none() && condition.is_none();
        let sides = named.map(|[a, b]| [clause(&a), clause(&b)]);
        let mut reading = Self {
            placeholder: titles.iter().chain(&claims).any(|s| s.placeholder),
            label: label.map(|label| clause(&label)),
            titles,
            basis: basis(&rules).map(|text| clause(&text)),
            claims,
            strong: HashSet::new(),
            initials: HashSet::new(),
            stems: HashSet::new(),
            undoubled: HashSet::new(),
            roots: HashSet::new(),
            kinds: HashSet::new(),
            weak: tokens(&rules).into_iter().filter(|t| t.word).map(|t| t.stem).collect(),
            sources: BTreeSet::new(),
            window: None,
            other_deadline: None,
            other_year: false,
            strike: strike(market),
            sides_turned,
            league,
            end_year: around.end.and_then(year_of),
            editions: Vec::new(),
            ticker: ticker_edition(market, around),
            sides,
            favourite: spread.map(|(name, _)| clause(&name)),
            shared: contains(&rules, &SHARED),
            unscheduled: contains(&rules, &UNSCHEDULED),
            tie_goes_to_one: rules.contains("case of a tie") || rules.contains("event of a tie"),
            definitions: definitions(&rules),
            ends_at: market.close_at.map(time::OffsetDateTime::unix_timestamp),
            other_league: matches!(leagues, [Some(a), Some(b)] if a != b),
            other_day: false,
            denied: deciding(&rules).is_some_and(|text| clause(&text).negated),
            unread: sides_missing && unread(&rules) || other_number,
            contingencies,
            has_rules: !market.rules.primary.trim().is_empty(),
            tenths: contains(&rules, &TENTHS),
        };
        reading.cover(&read(&event), &read(&rules));
        reading.times(&rules, around);
        reading
    }

    fn cover(&mut self, event: &Statement, rules: &Statement) {
        let mut strong = HashSet::new();
        let mut stems = HashSet::new();
        let mut sources = BTreeSet::new();
        let all =
            self.statements().chain(self.sides.iter().flatten()).chain(&self.basis).chain([event]);
        for atom in all.flat_map(|statement| &statement.atoms) {
            strong.insert((atom.kind, atom.id.clone()));
            stems.extend(tokens(&atom.text).into_iter().map(|t| t.stem));
            if atom.kind == Kind::Source {
                sources.insert(atom.id.clone());
            }
        }
        strong
            .extend(self.statements().flat_map(|s| &s.forms).map(|id| (Kind::Office, id.clone())));
        for atom in &rules.atoms {
            self.weak.insert(format!("{:?}:{}", atom.kind, atom.id));
            if atom.kind == Kind::Source {
                sources.insert(atom.id.clone());
            }
        }
        self.initials =
            self.statements().flat_map(|s| &s.initials).map(|i| i.letters.clone()).collect();
        self.kinds = strong.iter().map(|(kind, _)| *kind).collect();
        self.roots = stems.iter().map(|stem| root(stem).to_owned()).collect();
        self.undoubled = stems.iter().map(|stem| undoubled(stem)).collect();
        self.strong = strong;
        self.stems = stems;
        self.sources = sources;
    }

    fn times(&mut self, rules: &str, around: Around) {
        let in_claim = self.claims.iter().find_map(|s| window(s, Provenance::Claim));
        let in_title = self.titles.iter().find_map(|s| window(s, Provenance::Title));
        // "In February?" of a question is the month its condition names.
        let named = |end: i64| {
            let dates = self.claims.iter().flat_map(|s| &s.dates);
            let month = |w: &&When| matches!(w.tie, Tie::Named | Tie::On) && !w.is_day();
            let ends = |w: &When| When { tie: Tie::In, ..w.clone() }.deadline();
            dates.filter(month).any(|w| ends(w) == Some(end))
        };
        let in_title = in_title.filter(|w| in_claim.is_some() || !named(w.end));
        self.other_deadline = match (in_claim, in_title) {
            // A title may say "by January 1" for "before January 1".
            (Some(a), Some(b)) if a.end.abs_diff(b.end) > 36 * 3600 && !a.point && !b.point => {
                Some(b)
            }
            _ => None,
        };
        let in_basis = self.basis.as_ref().and_then(|s| window(s, Provenance::Claim));
        self.window = in_claim.or(in_basis).or(in_title).or_else(|| fallback(rules, around));
        // "before January 1, 2027" is about 2026.
        let year = |w: &When| {
            let last = if w.tie == Tie::Before { w.first } else { w.end };
            [w.first.year(), last.yesterday().map_or(0, Date::year)]
        };
        let asked: Vec<i16> = self
            .titles
            .iter()
            .flat_map(|s| &s.dates)
            .filter(|w| w.tie != Tie::Before && !w.year_guessed)
            .flat_map(year)
            .collect();
        let ruled: Vec<i16> = dates(&tokens(rules), around)
            .iter()
            .filter(|w| !w.year_guessed)
            .flat_map(year)
            .collect();
        let ruled: Vec<i16> = ruled
            .into_iter()
            .chain(self.statements().skip(self.titles.len()).flat_map(|s| &s.dates).flat_map(year))
            .collect();
        self.other_year =
            !asked.is_empty() && !ruled.is_empty() && !asked.iter().any(|y| ruled.contains(y));
        let mut editions: Vec<When> =
            self.statements().chain(&self.basis).flat_map(|s| &s.dates).cloned().collect();
        let scheduled =
            rules.lines().flat_map(|line| line.split(". ")).filter(|s| s.contains("cheduled"));
        let scheduled: Vec<&str> = scheduled.collect();
        let days = dates(&tokens(rules), around).into_iter();
        let days = days.filter(|w| w.is_day() && !w.year_guessed).filter_map(|w| w.opening());
        let near = days
            .into_iter()
            .any(|day| self.ends_at.is_none_or(|end| day.abs_diff(end) <= SCHEDULE_DRIFT));
        let named = |text: &&str| {
            dates(&tokens(text), around).iter().any(|w| w.is_day() && !w.year_guessed)
        };
        self.other_day = self.ticker.is_none() && scheduled.iter().any(named) && !near;
        // When a statistic is due is not the month it is about.
        let statistic = self.statements().flat_map(|s| &s.atoms).any(|a| a.kind == Kind::Measure);
        for sentence in scheduled.into_iter().take(usize::from(!statistic)) {
            let found = dates(&tokens(sentence), around);
            editions.extend(found.into_iter().map(|when| When { tie: Tie::Named, ..when }));
        }
        editions.sort_by_key(|w| (w.first, w.end, w.tie));
        editions.dedup_by_key(|w| (w.first, w.end, w.tie));
        self.editions = editions;
    }

    /// Every way the market states itself.
    pub(crate) fn statements(&self) -> impl Iterator<Item = &Statement> {
        self.titles.iter().chain(&self.claims)
    }

    /// Who or what the proposition is about: the label of the outcome, and what stands before the predicate of the condition and
    /// of the question.
    pub(crate) fn subject(&self) -> impl Iterator<Item = &Atom> {
        let label = self.label.iter().flat_map(|s| &s.atoms);
        let claim = self.claims.iter().take(1).flat_map(Statement::subject);
        label.chain(claim).chain(self.titles.iter().take(1).flat_map(Statement::subject))
    }

    /// Whether a statement or label has that atom.
    pub(crate) fn has(&self, kind: Kind, id: &str) -> bool {
        self.strong.contains(&(kind, id.to_owned()))
    }

    /// Whether it names a thing of the atom's kind that the statement does not have.
    pub(crate) fn has_kind_besides(&self, atom: &Atom, statement: &Statement) -> bool {
        let mut same = self.strong.iter().filter(|(kind, _)| *kind == atom.kind);
        same.any(|(kind, id)| !statement.has(*kind, id))
    }

    /// Whether it is about winning a division.
    pub(crate) fn in_a_division(&self) -> bool {
        let division = |id: &str| {
            let side = ["_east", "_west", "_central", "_north", "_south"];
            side.iter().any(|end| id.ends_with(end)) && !id.starts_with("conf")
        };
        self.strong.iter().any(|(kind, id)| *kind == Kind::Competition && division(id))
    }

    /// Whether a statement or label has a word of that stem.
    pub(crate) fn has_stem(&self, stem: &str) -> bool {
        self.stems.contains(stem)
    }

    /// Whether it is about the vote of a named year.
    pub(crate) fn votes_in_a_year(&self) -> bool {
        let vote = self.has(Kind::Verb, "win")
            || self.has(Kind::Rank, "most_seats")
            || self.has(Kind::Rank, "top_votes");
        vote && self
            .statements()
            .flat_map(|s| &s.dates)
            .any(|w| matches!(w.tie, Tie::Named | Tie::In | Tie::On))
    }

    /// Whether a statement has any atom of that kind.
    pub(crate) fn has_kind(&self, kind: Kind) -> bool {
        self.kinds.contains(&kind)
    }

    /// How well this market's words explain another market's atom: 1 by its statements, 0.8 by its rules, 0 not at all.
    pub(crate) fn explains(&self, atom: &Atom) -> f64 {
        let word = matches!(atom.kind, Kind::Name | Kind::Word);
        if self.has(atom.kind, &atom.id) || (word && self.stems.contains(&atom.id)) {
            return 1.0;
        }
        if word && self.undoubled.contains(&undoubled(&atom.id)) {
            return 1.0;
        }
        if atom.kind == Kind::Word && self.roots.contains(root(&atom.id)) {
            return 0.9;
        }
        if atom.kind == Kind::Name && self.initials.contains(&atom.id) {
            return 1.0;
        }
        if word && self.weak.contains(&atom.id)
            || self.weak.contains(&format!("{:?}:{}", atom.kind, atom.id))
        {
            return 0.8;
        }
        let parts = tokens(&atom.text);
        let coarse = matches!(
            atom.kind,
            Kind::Name
                | Kind::Word
                | Kind::Office
                | Kind::Organisation
                | Kind::Asset
                | Kind::Observation
        );
        if coarse
            && !parts.is_empty()
            && parts.iter().all(|t| self.stems.contains(&t.stem))
            && !matches!(atom.kind, Kind::Team | Kind::Place)
        {
            return 0.9;
        }
        0.0
    }
}

/// The verb in a noun: `eruption`, `resignation`, `removal`.
fn root(stem: &str) -> &str {
    let endings = ["ation", "ion", "ment", "ance", "ence", "al"];
    let cut = endings.iter().find_map(|ending| stem.strip_suffix(ending));
    cut.filter(|root| root.len() > 3).unwrap_or(stem)
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
fn split_label<'a>(title: &'a str, rules: &str, venue: Venue) -> (&'a str, Option<String>) {
    if venue != Venue::Kalshi {
        return (title.trim_start_matches("ARCH "), None);
    }
    if let Some((head, tail)) = title.rsplit_once(" - ").filter(|(head, tail)| {
        head.contains('?') || head.ends_with("goals") || rules.contains(tail)
    }) {
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

fn strike(market: &Market) -> Option<Amount> {
    let strike = market.strike.as_ref()?;
    let bound = |value: Option<rust_decimal::Decimal>, inclusive: bool| {
        let value = value?.normalize();
        let size = parse(&value.abs().to_string())?;
        Some(Bound { value: if value.is_sign_negative() { -size } else { size }, inclusive })
    };
    let (low, high) = match strike.kind.as_str() {
        "greater" => (bound(strike.floor, false), None),
        "greater_or_equal" => (bound(strike.floor, true), None),
        "less" => (None, bound(strike.cap.or(strike.floor), false)),
        "less_or_equal" => (None, bound(strike.cap.or(strike.floor), true)),
        "between" => (bound(strike.floor, true), bound(strike.cap, true)),
        _ => return None,
    };
    (low.is_some() || high.is_some()).then(|| Amount {
        interval: Interval { low, high },
        unit: String::new(),
        compared: true,
        start: 0,
        stop: 0,
    })
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

/// The condition the rules decide by.
struct Claim {
    text: String,
    /// Whether it pays NO.
    pays_no: bool,
}

impl Claim {
    /// Enough of it to know the sentence again.
    fn beginning(&self) -> String {
        self.text.chars().take(60).collect::<String>().to_lowercase()
    }
}

/// The statements of a condition, or of two named sides.
fn claims(
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
            let variants = variants(&claim.text).into_iter().map(|text| read(&text));
            variants.map(|s| Statement { negated: s.negated != claim.pays_no, ..s }).collect()
        }
        (None, None) => Vec::new(),
    }
}

/// The event's date in a Kalshi ticker.
fn ticker_edition(market: &Market, around: Around) -> Option<When> {
    let found = (market.key.venue == Venue::Kalshi).then(|| ticker_date(&market.key.id));
    found.flatten().filter(|when| !expires(when, around) && ended_by(when, around))
}

/// The condition of a market: what its total states, else what its rules say; two named sides have none.
fn decides(named: bool, total: Option<String>, rules: &str) -> Option<Claim> {
    if named {
        return None;
    }
    match total {
        Some(text) => Some(Claim { text, pays_no: false }),
        None => claim(rules),
    }
}

/// The condition under which the rules pay YES; where there is none, the first under which they pay NO.
fn claim(rules: &str) -> Option<Claim> {
    let text: String = rules.chars().filter(|c| *c != '"').collect();
    let yes = condition(&text, "yes").map(|text| Claim { text, pays_no: false });
    yes.or_else(|| {
        deciding(rules)
            .is_none()
            .then(|| condition(&text, "no"))?
            .map(|text| Claim { text, pays_no: true })
    })
}

fn condition(text: &str, paid: &str) -> Option<String> {
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
    let start = ["resolve to", "resolve", "resolves to", "resolves"]
        .iter()
        .flat_map(|verb| [format!("{verb} {paid} if "), format!("{verb} {paid}, if ")])
        .filter_map(|phrase| lower.find(&phrase).map(|at| at + phrase.len()))
        .min();
    let Some(start) = start else { return condition_first(text, paid) };
    let rest = &text[start..];
    Some(without_definitions(&without_addresses(&rest[..sentence_end(rest)])))
}

/// Without the asides that spell a word out: `a ceasefire, defined as …, between`, `the primary, including any runoff`.
fn without_definitions(text: &str) -> String {
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

/// Without web addresses: they say where to look, not what happens.
fn without_addresses(text: &str) -> String {
    let words: Vec<&str> = text.split(' ').filter(|word| !word.contains("://")).collect();
    words.join(" ")
}

/// The condition of a sentence `If …, this market will resolve to yes`, if that is the first word on what is paid: a later one
/// speaks of a case beside the condition.
fn condition_first(text: &str, paid: &str) -> Option<String> {
    let mut sentences = text.lines().flat_map(|line| line.split_inclusive(". ")).map(str::trim);
    let first = sentences.find(|sentence| sentence.contains("resolve"))?;
    let rest = first.strip_prefix("If ")?;
    let lower = rest.to_ascii_lowercase();
    let end = ["this market will resolve to ", "the market will resolve to "]
        .iter()
        .find_map(|phrase| lower.find(&format!(", {phrase}{paid}")))?;
    Some(rest[..end].to_owned())
}

/// Whether the rules speak of paying YES, though no condition for it was found.
fn unread(rules: &str) -> bool {
    let plain: String = rules.chars().filter(|c| *c != '"').collect::<String>().to_lowercase();
    deciding(rules).is_none()
        && (plain.contains("resolve to yes") || plain.contains("resolves to yes"))
}

/// What follows `this market will resolve according to`.
fn basis(rules: &str) -> Option<String> {
    if let Some(line) = rules.lines().next().filter(|line| line.contains("cheduled for")) {
        return Some(line[..sentence_end(line)].to_owned());
    }
    deciding(rules)
}

/// What follows `resolve according to`.
fn deciding(rules: &str) -> Option<String> {
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
    const SHORT: [&str; 19] = [
        "Jr", "Sr", "St", "vs", "v", "Dr", "Mr", "Mrs", "Inc", "Gov", "Sen", "Rep", "Bros", "Corp",
        "Co", "Ltd", "Lt", "Mt", "Ft",
    ];
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
            if rest.is_empty()
                || rest.starts_with('\n')
                || (next_capital && !initial && !SHORT.contains(&word))
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
    // Women's teams carry the names of the men's.
    if inside == "W" {
        return vec![format!("{} women {}", &text[..open], &text[close + 1..])];
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

/// `Jorge "Tuto" Quiroga` is Jorge Quiroga.
fn without_nickname(text: &str) -> String {
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
fn elected_before(text: &str) -> String {
    const TERM: &str = "for the term beginning in ";
    let Some(at) = text.find(TERM) else { return text.to_owned() };
    let rest = &text[at + TERM.len()..];
    match rest.get(..4).and_then(|year| year.parse::<i16>().ok()) {
        Some(year) => format!("{}in the {} election{}", &text[..at], year - 1, &rest[4..]),
        None => text.to_owned(),
    }
}

fn without_work(text: &str) -> String {
    if let Some(at) = text.find(" for \"")
        && let Some(len) = text[at + 6..].find('"')
    {
        return format!("{}{}", &text[..at], &text[at + 7 + len..]);
    }
    text.to_owned()
}

/// Whether the condition that pays the first outcome asks for another number than the title of a total or a margin.
fn other_number(
    titles: &[Statement],
    rules: &str,
    market: &Market,
    read: impl Fn(&str) -> Statement,
) -> bool {
    let text: String = rules.chars().filter(|c| *c != '"').collect();
    let paid = |side: Outcome| {
        let label = plain(&market.outcome(side)?.label).to_lowercase();
        condition(&text, &label).map(|condition| (label, condition))
    };
    let Some((label, condition)) = paid(Outcome::Yes).or_else(|| paid(Outcome::No)) else {
        return false;
    };
    let whole = |s: &Statement| -> Vec<Interval> {
        s.amounts.iter().map(|a| a.interval.on_multiples_of(SCALE)).collect()
    };
    let asked: Vec<Interval> = titles.iter().flat_map(whole).collect();
    // The title of a total speaks of its first outcome.
    let first = market.outcome(Outcome::Yes).map(|o| o.label.to_lowercase());
    let same = first.is_some_and(|first| first == label);
    let ruled = whole(&read(&condition));
    same && !ruled.is_empty() && !ruled.iter().any(|interval| asked.contains(interval))
}

/// `A vs. B: O/U 7.5` between Over and Under states that there are over (or under) 7.5, whichever stands first.
fn total(names: &[String; 2], title: &str) -> Option<String> {
    let first = names[0].to_lowercase();
    let other = names[1].to_lowercase();
    if !matches!((first.as_str(), other.as_str()), ("over", "under") | ("under", "over")) {
        return None;
    }
    let at = ["O/U ", "Over/Under "].iter().find_map(|words| {
        let at = title.find(words)?;
        Some((at, at + words.len()))
    });
    let (start, end) = at?;
    Some(format!("{}{first} {}", &title[..start], &title[end..]))
}

/// `Spread: Chiefs (-3.5)` states that the Chiefs win by over 3.5.
fn spread(title: &str) -> Option<(String, String)> {
    let rest = title.split_once("Spread: ").or_else(|| title.split_once("Spread ")).map(|s| s.1)?;
    let (name, points) = rest.split_once(" (-").or_else(|| rest.split_once(" -"))?;
    let points = points.trim_end_matches(')');
    parse(points)?;
    Some((name.to_owned(), format!("{name} wins by over {points} points")))
}

/// What a market between two named sides states: that the first wins.
fn two_sided_claim(first: &str, title: &str) -> String {
    let title = variants(title).swap_remove(0);
    let verb = if title.contains(" vs") || title.contains(" v. ") { "wins" } else { ":" };
    format!("{first} {verb} {title}")
}

fn year_of(day: Date) -> Option<When> {
    let first = Date::new(day.year(), 1, 1).ok()?;
    let end = Date::new(day.year() + 1, 1, 1).ok()?;
    let (tie, year_guessed) = (Tie::Named, true);
    Some(When { tie, first, end, time: None, year_guessed, season: false, start: 0, stop: 0 })
}

/// Whether the ticker's number can be a date: `KXSURVIVOR-50` is not about 2050.
fn ended_by(when: &When, around: Around) -> bool {
    around.end.is_none_or(|end| when.first.year() <= end.year() + 1)
}

/// Whether the ticker's date is when the market ends (`KXGERCOALITION-30`, closing on 1 January 2030) rather than the event's year.
fn expires(when: &When, around: Around) -> bool {
    let turn = |end: Date| end.month() == 1 && end.day() <= 10 && end.year() == when.first.year();
    when.is_year() && around.end.is_some_and(turn)
}

/// Whether some line `If …, the market will resolve to "X"` is denied or does not speak of X.
fn turned(names: &[String; 2], rules: &str, spread: bool) -> bool {
    let lower = rules.to_lowercase();
    let lines = lower.split(['\n', '.']).filter(|line| line.contains("resolve to \""));
    lines.filter_map(|line| line.split_once("resolve to \"")).any(|(before, paid)| {
        // A side that does not cover loses to the other one.
        if spread && before.trim_start().starts_with("otherwise") {
            return !paid.starts_with(&names[1].to_lowercase());
        }
        // The condition stands before what is paid, or after it: `resolve to "A" if A wins`.
        let after = paid.split_once("\" if ").map(|(_, after)| after);
        let condition = after.unwrap_or(before);
        let denied =
            [" not ", "n't ", " fail", " lose", " loses", "unless ", "defeated by", "beaten by"]
                .iter()
                .any(|word| condition.contains(word));
        let paid = names
            .iter()
            .map(|name| name.to_lowercase())
            .find(|name| paid.starts_with(name.as_str()));
        let won = ["win", "won", "defeat", "beat", "victor", "advance", "over"];
        let won = won.iter().filter_map(|word| condition.find(word)).min();
        paid.is_some_and(|name| {
            let first = condition.find(&name).is_some_and(|at| won.is_some_and(|won| at < won));
            denied || (after.is_some() && !first) || won.is_none() || !condition.contains(&name)
        })
    })
}

/// The window a statement gives. The month or quarter of a statistic is what it is about, not when it comes.
fn window(statement: &Statement, from: Provenance) -> Option<Window> {
    let statistic = statement.atoms.iter().any(|atom| atom.kind == Kind::Measure);
    let within = |w: &&When| w.tie == Tie::In && !statistic;
    let end = statement
        .dates
        .iter()
        .rfind(|w| matches!(w.tie, Tie::Before | Tie::By))
        .or_else(|| statement.dates.iter().find(within))
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

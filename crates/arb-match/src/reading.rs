//! A market read: its statements, its window, its sources, and all the words that can explain another market's words.

mod condition;
mod contradiction;
mod editions;
mod exclusions;
mod fixture;
mod glossary;
mod league;
mod names;
mod redundancy;
mod schedule;
mod sided;
mod strike;
mod vocabulary;
mod windows;
mod wording;

use std::collections::BTreeSet;

use arb_normalize::Market;

pub(crate) use self::condition::sentence_end;
use self::condition::{Claim, basis, claims, decides, deciding, unread};
use self::contradiction::Contradiction;
use self::editions::{end_day, ticker_edition, year_of};
use self::exclusions::without_exclusions;
use self::fixture::Fixture;
use self::glossary::spelled_out;
use self::league::league;
pub(crate) use self::redundancy::Said;
use self::sided::{other_number, sides, spread, total, turned};
use self::vocabulary::Vocabulary;
pub(crate) use self::windows::Window;
use self::wording::{label, split_label, variants, without_asked_noun};
use crate::amount::{Amount, SCALE};
use crate::contingency::{Contingency, contingencies};
use crate::definition::{Definition, definitions};
use crate::lexicon::Kind;
use crate::statement::{Atom, Statement};
use crate::table::group;
use crate::text::{plain, tokens};
use crate::when::{Around, Tie, When, dates};

/// Where a term was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Provenance {
    Claim,
    Title,
    Fallback,
}

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
    vocabulary: Vocabulary,
    pub(crate) sources: BTreeSet<String>,
    pub(crate) window: Option<Window>,
    /// A deadline of the question that is not the one of the condition: the market contradicts itself.
    pub(crate) other_deadline: Option<Window>,
    /// The years of the question do not occur in the rules, which name others.
    pub(crate) other_year: bool,
    /// The rules pay a name for something else than its own win, or deny it.
    pub(crate) sides_turned: bool,
    /// Where the venue's own fields contradict its text: the term, and how.
    pub(crate) misfits: Vec<(&'static str, &'static str)>,
    /// What the question asks for and the condition decides by instead.
    pub(crate) contradiction: Option<Contradiction>,
    /// The structured strike, read only where no text has a number: venues write 118,499.99 for "$118,500 or above".
    pub(crate) strike: Option<Amount>,
    /// The league it is about.
    pub(crate) league: Option<&'static str>,
    /// The year the market ends in.
    pub(crate) end_year: Option<When>,
    /// Dates that name the event itself: its year, its season, its day.
    pub(crate) editions: Vec<When>,
    pub(crate) ticker: Option<When>,
    /// Where the windows that any sentence of the rules names end, in seconds since 1970.
    pub(crate) rule_ends: Vec<i64>,
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
    /// The condition or the question asks for it in person.
    pub(crate) in_person: bool,
    pub(crate) has_rules: bool,
    pub(crate) placeholder: bool,
    /// The match it is about.
    pub(crate) fixture: Fixture,
    /// Whether the figures it names are adjusted for the season, where it says so.
    pub(crate) adjusted: Option<bool>,
    /// Percentages are published with one decimal.
    tenths: bool,
}

impl Reading {
    pub(crate) fn of(market: &Market) -> Self {
        let around = Around { end: end_day(market) };
        let title = plain(&market.title);
        let event = market.event_title.as_deref().map(plain).unwrap_or_default();
        let rules = plain(&format!("{}\n{}", market.rules.primary, market.rules.secondary));
        let label = label(market, &title);
        let series = market.key.id.split('-').next().unwrap_or_default().to_owned();
        let lower = rules.to_lowercase();
        let leagues = [league(&[&title]), league(&[&rules])];
        let league = league(&[&title, &event, &rules, &slug_word(market), &series]);
        let read = |text: &str| Statement::read(text, league, around);
        let clause = |text: &str| Statement::read_clause(text, league, around);
        let (title_text, bracket) = split_label(&title, &rules, market.key.venue);
        let spread = spread(title_text);
        let title_text = spread.as_ref().map_or(title_text, |(_, text)| text.as_str());
        let label = label.or(bracket);
        let title_text = if label.is_some() { without_asked_noun(title_text) } else { title_text };
        let mut titles: Vec<Statement> =
            variants(title_text).iter().map(|text| read(text)).collect();
        titles.extend(spelled_out(title_text, &rules).map(|text| read(&text)));
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
        let counting = without_exclusions(&rules);
        let contingencies =
            contingencies(&rules, &market.title, words.as_deref(), named.as_ref(), around);
        let sides_turned =
            named.as_ref().is_some_and(|names| turned(names, &rules, spread.is_some()));
        let sides_missing = named.is_none() && condition.is_none();
        let sides = named.map(|[a, b]| [clause(&a), clause(&b)]);
        let mut reading = Self {
            in_person: only_in_person(title_text, condition.as_ref()),
            placeholder: titles.iter().chain(&claims).any(|s| s.placeholder),
            label: label.map(|label| clause(&label)),
            titles,
            basis: basis(&rules).map(|text| clause(&text)),
            claims,
            vocabulary: Vocabulary::default(),
            sources: BTreeSet::new(),
            window: None,
            other_deadline: None,
            other_year: false,
            strike: strike::strike(market),
            misfits: Vec::new(),
            contradiction: None,
            sides_turned,
            league,
            end_year: around.end.and_then(year_of),
            editions: Vec::new(),
            rule_ends: Vec::new(),
            ticker: ticker_edition(market, around),
            sides,
            favourite: spread.map(|(name, _)| clause(&name)),
            shared: contains(&rules, group("shared_winner")),
            unscheduled: contains(&rules, group("unscheduled")),
            tie_goes_to_one: rules.contains("case of a tie") || rules.contains("event of a tie"),
            definitions: definitions(&rules),
            ends_at: market.close_at.map(time::OffsetDateTime::unix_timestamp),
            other_league: matches!(leagues, [Some(a), Some(b)] if a != b),
            other_day: false,
            denied: deciding(&rules).is_some_and(|text| denies(&clause(first_clause(&text)))),
            unread: sides_missing && unread(&rules) || other_number,
            contingencies,
            has_rules: !market.rules.primary.trim().is_empty(),
            fixture: Fixture::default(),
            adjusted: adjusted(&format!("{}\n{lower}", title.to_lowercase())),
            tenths: contains(&lower, group("one_decimal")),
        };
        reading.misfits = strike::misfits(market, &reading, clause);
        reading.names();
        let event = read(&event);
        reading.words(&event, &read(&counting), &counting);
        reading.fixture = Fixture::of(&reading, &event, &rules, read);
        reading.times(&rules, around);
        reading
    }

    /// What the names of one statement are in the others.
    fn names(&mut self) {
        names::named_in_question(&self.titles, &mut self.claims);
        names::known_by_the_surname(&mut self.titles, &self.claims);
        names::other_names(&mut self.titles, &self.claims, self.label.as_ref());
        redundancy::mark(self);
        self.contradiction = contradiction::contradiction(self);
    }

    /// What explains another market's words.
    fn words(&mut self, event: &Statement, rules: &Statement, counted: &str) {
        self.vocabulary = Vocabulary::of(self, event, rules, counted);
        self.sources = vocabulary::sources(self, event, rules);
    }

    /// When it happens.
    fn times(&mut self, rules: &str, around: Around) {
        (self.window, self.other_deadline) = windows::windows(self, rules, around);
        let written = dates(&tokens(rules), around);
        let ending = |w: &&When| matches!(w.tie, Tie::By | Tie::Before);
        self.rule_ends = written.iter().filter(ending).filter_map(When::deadline).collect();
        self.other_year = editions::other_year(self, &written);
        let scheduled = schedule::scheduled(rules);
        self.other_day =
            self.ticker.is_none() && schedule::on_another_day(self, &written, &scheduled, around);
        self.editions = editions::editions(self, rules, &scheduled, around);
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

    /// In what steps percentages are published, if the rules say so.
    pub(crate) fn percent_step(&self) -> Option<i128> {
        self.tenths.then_some(SCALE / 10)
    }
}

/// `The first classification; later disqualifications are not considered`: without what is said besides.
fn first_clause(text: &str) -> &str {
    text.split(';').next().unwrap_or(text)
}

fn denies(statement: &Statement) -> bool {
    statement.negated || statement.negated_aside
}

/// Whether a question or condition asks for it in person, and not `in person or by telephone`.
fn only_in_person(title: &str, condition: Option<&Claim>) -> bool {
    let asks = |text: &str| {
        contains(text, &[" in person", "in-person "]) && !contains(text, group("remote"))
    };
    asks(title) || condition.is_some_and(|claim| asks(&claim.text))
}

/// Whether a text speaks of figures that are adjusted for the season, or of such that are not; `None` where of neither or of both.
fn adjusted(lower: &str) -> Option<bool> {
    let unadjusted = group("unadjusted").iter().find(|words| lower.contains(**words));
    let rest = unadjusted.map_or_else(|| lower.to_owned(), |words| lower.replace(words, ""));
    let adjusted = contains(&rest, group("adjusted"));
    (unadjusted.is_some() != adjusted).then_some(adjusted)
}

fn slug_word(market: &Market) -> String {
    let slug = market.slug.as_deref().unwrap_or_default();
    slug.split('-').next().unwrap_or_default().to_owned()
}

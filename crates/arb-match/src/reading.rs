//! A market read: its statements, its window, its sources, and all the words that can explain another market's words.

mod condition;
mod glossary;
mod league;
mod redundancy;
mod sided;
mod strike;
mod wording;

use std::collections::{BTreeSet, HashSet};

use arb_normalize::{Market, Venue};
use jiff::civil::Date;

pub(crate) use self::condition::sentence_end;
use self::condition::{Claim, basis, claims, decides, deciding, unread};
use self::glossary::spelled_out;
use self::league::league;
pub(crate) use self::redundancy::Said;
use self::sided::{other_number, sides, spread, total, turned};
use self::wording::{label, split_label, variants, without_asked_noun};
use crate::amount::{Amount, SCALE};
use crate::contingency::{Contingency, contingencies, sibling};
use crate::definition::{Definition, definitions};
use crate::lexicon::{Kind, Lexicon};
use crate::statement::{Atom, Statement};
use crate::table::group;
use crate::text::{plain, stem, tokens};
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
    /// Whether the text names it as a whole (`in December`), start and end.
    pub(crate) whole: bool,
    pub(crate) from: Provenance,
}

/// How long after the day of the event in the rules the venue may end the market, in seconds.
const SCHEDULE_DRIFT: std::ops::Range<i64> = -2 * 86_400..31 * 86_400;

/// The same for what happens on that day; figures come later, and who is next longer still.
const CONTEST_DRIFT: std::ops::Range<i64> = -2 * 86_400..8 * 86_400;

const DAY: u64 = 25 * 3600;

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
const TENTHS: [&str; 5] =
    ["one decimal", "single-decimal", "single decimal", "nearest tenth", "1 decimal"];

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
    /// Two words in a row as one: `circuitbreaker`.
    joined: HashSet<String>,
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
    /// Where the venue's own fields contradict its text: the term, and how.
    pub(crate) misfits: Vec<(&'static str, &'static str)>,
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
            strong: HashSet::new(),
            initials: HashSet::new(),
            stems: HashSet::new(),
            undoubled: HashSet::new(),
            joined: HashSet::new(),
            roots: HashSet::new(),
            kinds: HashSet::new(),
            weak: tokens(&counting).into_iter().filter(|t| t.word).map(|t| t.stem).collect(),
            sources: BTreeSet::new(),
            window: None,
            other_deadline: None,
            other_year: false,
            strike: strike::strike(market),
            misfits: Vec::new(),
            sides_turned,
            league,
            end_year: around.end.and_then(year_of),
            editions: Vec::new(),
            rule_ends: Vec::new(),
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
            denied: deciding(&rules).is_some_and(|text| denies(&clause(first_clause(&text)))),
            unread: sides_missing && unread(&rules) || other_number,
            contingencies,
            has_rules: !market.rules.primary.trim().is_empty(),
            tenths: contains(&rules.to_lowercase(), &TENTHS),
        };
        reading.misfits = strike::misfits(market, &reading, clause);
        reading.names();
        reading.cover(&read(&event), &read(&counting));
        reading.times(&rules, around);
        reading
    }

    /// What the names of one statement are in the others.
    fn names(&mut self) {
        self.named_in_question();
        self.known_by_the_surname();
        self.other_names();
        redundancy::mark(self);
    }

    /// `Will Trump next nominate …?` with rules that say `nominated by the President`.
    fn named_in_question(&mut self) {
        let office = |s: &Statement| s.has(Kind::Office, "president");
        let figure = |a: &&Atom| a.kind == Kind::Name && a.id.contains('_');
        let figures: Vec<String> = self
            .titles
            .iter()
            .filter(|s| !office(s) || s.atoms.iter().any(|a| figure(&a)))
            .flat_map(|s| s.atoms.iter().filter(figure).map(|a| a.id.clone()))
            .collect();
        for claim in &mut self.claims {
            let unnamed = figures.iter().any(|id| !claim.has(Kind::Name, id));
            claim.named_in_question = unnamed && claim.has(Kind::Office, "president");
        }
    }

    /// `Will the Williams Mercedes win …? [Williams]` with rules that say `Williams`: what the question adds to the name of the
    /// outcome beside it is another name of the same.
    fn other_names(&mut self) {
        let (Some(label), Some(claim)) = (&self.label, self.claims.first()) else { return };
        let named: Vec<Atom> = label.atoms.clone();
        let same = |a: &Atom, b: &Atom| a.kind == b.kind && a.id == b.id;
        let plain = |a: &Atom| a.kind == Kind::Name && a.text.chars().all(char::is_alphabetic);
        if named.is_empty()
            || !named.iter().all(|a| plain(a) && claim.subject().any(|b| same(a, b)))
        {
            return;
        }
        let ruled: Vec<String> = claim.atoms.iter().map(|a| a.id.clone()).collect();
        for title in &mut self.titles {
            let verb = title.verb_at.unwrap_or(0);
            let ends: Vec<usize> = title
                .atoms
                .iter()
                .filter(|a| a.at < verb && named.iter().any(|b| same(a, b)))
                .map(|a| a.at + 1)
                .collect();
            title.atoms.retain(|a| {
                !(plain(a) && a.at < verb && ends.contains(&a.at) && !ruled.contains(&a.id))
            });
        }
    }

    /// `Tulsi Gabbard Jr.` of a question whose rules say `Tulsi Gabbard`: the rules decide who is meant where the tables know only one
    /// of that name.
    fn known_by_the_surname(&mut self) {
        let suffix = |a: &Atom| a.kind == Kind::Name && matches!(a.id.as_str(), "jr" | "sr");
        if self.claims.is_empty() || self.claims.iter().flat_map(|s| &s.atoms).any(suffix) {
            return;
        }
        let ruled: Vec<String> =
            self.claims.iter().flat_map(|s| &s.atoms).map(|a| a.id.clone()).collect();
        for title in &mut self.titles {
            let known =
                |a: &Atom| a.kind == Kind::Name && a.id.contains('_') && ruled.contains(&a.id);
            let figures = title.atoms.iter().filter(|a| known(a));
            let ends: Vec<usize> =
                figures.map(|a| a.at + a.text.split_whitespace().count()).collect();
            title.atoms.retain(|a| !(suffix(a) && ends.contains(&a.at)));
        }
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
        let statements = self.titles.iter().chain(&self.claims);
        self.joined = statements
            .flat_map(|s| s.atoms.windows(2))
            .filter(|two| two[0].at + 1 == two[1].at)
            .map(|two| format!("{}{}", two[0].text, two[1].id))
            .collect();
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
            (Some(a), Some(b)) if a.end.abs_diff(b.end) > 36 * 3600 && !b.point => {
                // Within a stretch of the question a day may be looked at.
                (!a.point || a.end > b.end || b.from != Provenance::Title || !b.whole).then_some(b)
            }
            _ => None,
        };
        // Kalshi writes "between issuance and January 1" for "before January 1".
        let dates_of = |all: &[Statement], tie: Tie| -> Vec<Date> {
            all.iter().flat_map(|s| &s.dates).filter(|w| w.tie == tie).map(|w| w.first).collect()
        };
        let before = dates_of(&self.titles, Tie::Before);
        let until = dates_of(&self.claims, Tie::By).iter().any(|day| before.contains(day));
        let in_claim = match (in_claim, in_title) {
            (Some(a), Some(b)) if until && a.end.abs_diff(b.end) <= DAY => {
                Some(Window { end: a.end.min(b.end), ..a })
            }
            _ => in_claim,
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
        let written = dates(&tokens(rules), around);
        let ending = |w: &&When| matches!(w.tie, Tie::By | Tie::Before);
        self.rule_ends = written.iter().filter(ending).filter_map(When::deadline).collect();
        // "In July?" of a question is the July its rules name with a year.
        let month = |w: &When| (w.first.month(), w.first.day(), w.is_day());
        let guessed = self.titles.iter().flat_map(|s| &s.dates).filter(|w| w.year_guessed);
        let turned = guessed.filter(|w| !w.is_year()).any(|w| {
            let mut named = written.iter().filter(|x| !x.year_guessed && month(x) == month(w));
            named.clone().next().is_some() && !named.any(|x| x.first == w.first)
        });
        let ruled: Vec<i16> = written.iter().filter(|w| !w.year_guessed).flat_map(year).collect();
        let ruled: Vec<i16> = ruled
            .into_iter()
            .chain(self.statements().skip(self.titles.len()).flat_map(|s| &s.dates).flat_map(year))
            .collect();
        self.other_year = turned
            || !asked.is_empty() && !ruled.is_empty() && !asked.iter().any(|y| ruled.contains(y));
        let mut editions: Vec<When> =
            self.statements().chain(&self.basis).flat_map(|s| &s.dates).cloned().collect();
        let scheduled =
            rules.lines().flat_map(|line| line.split(". ")).filter(|s| s.contains("cheduled"));
        let scheduled: Vec<&str> = scheduled.collect();
        self.other_day = self.ticker.is_none() && self.on_another_day(rules, &scheduled, around);
        // When a statistic is due is not the month it is about.
        let statistic = self.has_kind(Kind::Measure);
        for sentence in scheduled.into_iter().take(usize::from(!statistic)) {
            let found = dates(&tokens(sentence), around);
            editions.extend(found.into_iter().map(|when| When { tie: Tie::Named, ..when }));
        }
        // Rules that pay two names say which match in their first sentence.
        if self.sides.is_some() {
            let first = &rules[..sentence_end(rules)];
            editions.extend(dates(&tokens(first), around).into_iter().filter(|w| !w.year_guessed));
        }
        editions.sort_by_key(|w| (w.first, w.end, w.tie));
        editions.dedup_by_key(|w| (w.first, w.end, w.tie));
        self.editions = editions;
    }

    /// Whether the sentences on a schedule name a day for the event that is far from the one on which the venue ends the market.
    fn on_another_day(&self, rules: &str, scheduled: &[&str], around: Around) -> bool {
        let open = |w: &When| matches!(w.tie, Tie::By | Tie::Before);
        let elsewhere = dates(&tokens(rules), around).into_iter().filter(|w| !open(w));
        // "Scheduled for June 2 - June 21": the last day too.
        let there = scheduled.iter().flat_map(|text| dates(&tokens(text), around));
        let days = elsewhere.chain(there).filter(|w| w.is_at_most_a_month() && !w.year_guessed);
        let mut days =
            days.filter_map(|w| Some((w.opening()?, i64::from((w.end - w.first).get_days()))));
        // A market ends on the day of its event or soon after, not before it.
        let contest = !self.has_kind(Kind::Measure) && !self.has(Kind::Rank, "next");
        let drift = if contest { CONTEST_DRIFT } else { SCHEDULE_DRIFT };
        let near = days.any(|(day, long)| {
            let last = day + long * 86_400;
            let apart = |end: i64| (end - day).min(0) + (end - last).max(0);
            // A venue may end the market on the day on which the rules give up waiting.
            let waits = |end: i64| {
                let until = |last: &i64| last.abs_diff(end) <= 2 * DAY;
                end > last && self.rule_ends.iter().any(until)
            };
            self.ends_at.is_none_or(|end| drift.contains(&apart(end)) || waits(end))
        });
        let named = |text: &&str| {
            let mut days = dates(&tokens(text), around).into_iter();
            days.any(|w| w.is_at_most_a_month() && !w.year_guessed && !open(&w))
        };
        scheduled.iter().any(named) && !near
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

    /// Whether it is about a statistic that is a change itself.
    pub(crate) fn measures_a_change(&self) -> bool {
        ["inflation", "pce", "gdp", "payrolls"].iter().any(|id| self.has(Kind::Measure, id))
    }

    /// Whether it names a state or city of the United States.
    pub(crate) fn american_place(&self) -> bool {
        let american =
            |id: &str| Lexicon::standard().is_state(id) || group("american_city").contains(&id);
        self.strong.iter().any(|(kind, id)| *kind == Kind::Place && american(id))
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

    /// In what steps percentages are published, if the rules say so.
    pub(crate) fn percent_step(&self) -> Option<i128> {
        self.tenths.then_some(SCALE / 10)
    }

    /// Whether its rules name both teams of a match.
    pub(crate) fn names_a_match(&self) -> bool {
        self.weak.iter().filter(|word| word.starts_with("Team:")).count() > 1
    }

    /// Whether its rules have a word of that stem.
    pub(crate) fn mentions(&self, stem: &str) -> bool {
        self.weak.contains(stem)
    }

    /// Whether one of its own statements has the atom, however it is written.
    pub(crate) fn says(&self, atom: &Atom) -> bool {
        let word = tokens(&atom.text);
        self.has(atom.kind, &atom.id)
            || !word.is_empty() && word.iter().all(|t| self.stems.contains(&t.stem))
    }

    /// How well this market's words explain another market's atom: 1 by its statements, 0.8 by its rules, 0 not at all.
    pub(crate) fn explains(&self, atom: &Atom) -> f64 {
        let word = matches!(atom.kind, Kind::Name | Kind::Word);
        // "Central Park, New York" is in New York City.
        let either = |a: &str, b: &str| atom.id == a && self.has(Kind::Place, b);
        let weather = self.has_kind(Kind::Observation) && !self.has_kind(Kind::Office);
        let city =
            atom.kind == Kind::Place && (either("ny", "nyc") || weather && either("nyc", "ny"));
        if city || self.has(atom.kind, &atom.id) || (word && self.stems.contains(&atom.id)) {
            return 1.0;
        }
        if word && self.undoubled.contains(&undoubled(&atom.id)) {
            return 1.0;
        }
        if word && self.joined.contains(&atom.id) {
            return 1.0;
        }
        if atom.kind == Kind::Word && self.roots.contains(root(&atom.id)) {
            return 0.9;
        }
        // "Perform" by "performer".
        let one_word = atom.kind == Kind::Verb && !atom.text.contains(' ');
        if one_word && self.stems.contains(&format!("{}er", stem(&atom.text))) {
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

/// The rules without the sentences that say what does not count, or when another market of the event is paid: their words explain
/// nothing.
fn without_exclusions(rules: &str) -> String {
    const OUT: [&str; 12] = [
        "not count",
        "n't count",
        "not qualify",
        "not alone",
        "not be considered",
        "not be counted",
        "not be included",
        "not be sufficient",
        "not sufficient",
        "not suffice",
        "not included",
        "excluded",
    ];
    let mut out = String::with_capacity(rules.len());
    for line in rules.lines() {
        let mut rest = line;
        while !rest.is_empty() {
            let end = (sentence_end(rest) + 1).min(rest.len());
            let sentence = rest[..end].replace('"', "").to_lowercase();
            if !contains(&rest[..end], &OUT) && sibling(sentence.trim()).is_none() {
                out.push_str(&rest[..end]);
            }
            rest = &rest[end..];
        }
        out.push('\n');
    }
    out
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
    const REMOTE: [&str; 5] = ["phone", "video", "virtual", "remote", " or online"];
    let asks =
        |text: &str| contains(text, &[" in person", "in-person "]) && !contains(text, &REMOTE);
    asks(title) || condition.is_some_and(|claim| asks(&claim.text))
}

/// The verb in a noun: `eruption`, `resignation`, `removal`, `performer`.
fn root(stem: &str) -> &str {
    let endings = ["ation", "ion", "ment", "ance", "ence", "ally", "al", "er"];
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

/// The event's date in a Kalshi ticker.
fn ticker_edition(market: &Market, around: Around) -> Option<When> {
    let found = (market.key.venue == Venue::Kalshi).then(|| ticker_date(&market.key.id));
    found.flatten().filter(|when| !expires(when, around) && ended_by(when, around))
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
    Some(Window {
        start,
        end: end.deadline()?,
        point: end.tie == Tie::On,
        whole: end.tie == Tie::In,
        from,
    })
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
    Some(Window {
        start: None,
        end: found.deadline()?,
        point: false,
        whole: false,
        from: Provenance::Fallback,
    })
}

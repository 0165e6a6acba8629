//! A sentence that states a market's proposition, taken apart.

mod background;
mod changes;
mod clock;
mod coordination;
mod districts;
mod editions;
mod names;
mod numerals;
mod offices;
mod phrases;
mod thresholds;
mod versus;
mod words;

use std::ops::Range;

use crate::amount::Amount;
use crate::lexicon::Kind;
use crate::text::{Token, tokens};
use crate::when::{Around, When, dates};

/// A unit of meaning: a concept of the tables, or a word no table knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Atom {
    pub(crate) kind: Kind,
    /// The concept's id or the word's stem.
    pub(crate) id: String,
    /// The words, for people.
    pub(crate) text: String,
    /// The token it starts at.
    pub(crate) at: usize,
}

impl Atom {
    /// The token behind it.
    pub(crate) fn end(&self) -> usize {
        self.at + self.text.split_whitespace().count()
    }
}

/// The initials of a run of capitalised words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Initials {
    pub(crate) letters: String,
    /// The tokens of the run.
    pub(crate) from: usize,
    pub(crate) to: usize,
}

/// A sentence taken apart.
#[derive(Debug, Clone, Default)]
pub(crate) struct Statement {
    pub(crate) atoms: Vec<Atom>,
    pub(crate) amounts: Vec<Amount>,
    pub(crate) dates: Vec<When>,
    /// Whether it is denied: `not`, `never`, `fail to`.
    pub(crate) negated: bool,
    /// Whether a relative clause of it is denied: `that did not`.
    pub(crate) negated_aside: bool,
    /// Whether it is denied by a word for the opposite: `miss the playoffs`.
    pub(crate) opposite: bool,
    /// Whether a template was not filled in (`|| disease ||`).
    pub(crate) placeholder: bool,
    /// Whether it was made from the names of two sides.
    pub(crate) sided: bool,
    /// Whether it speaks of any one of a kind.
    pub(crate) any: bool,
    /// Tokens before this index are the grammatical subject, if a predicate was found.
    pub(crate) verb_at: Option<usize>,
    /// Whether the question names a person whom this condition calls by the office.
    pub(crate) named_in_question: bool,
    /// Where a form of being or having stands.
    pub(crate) copula: Option<usize>,
    /// Offices that stand before a name as its title.
    pub(crate) forms: Vec<String>,
    /// Initials of runs of capitalised words, with the atoms' first and last token: `Grand Theft Auto` is also `gta`.
    pub(crate) initials: Vec<Initials>,
    /// Words that narrow what is said (`in straight sets`, `unanimously`, `and catches the booster`), by the token they start at.
    pub(crate) narrowing: Vec<usize>,
    /// Words and names behind a preposition that says where, how or at what, after the predicate, by the token they start at.
    pub(crate) adjuncts: Vec<usize>,
    /// Atoms joined by `and`, or by `or`: the two ids and whether it is `or`.
    pub(crate) joined: Vec<(String, String, bool)>,
    /// Predicates of which one is enough, by the token they start at.
    pub(crate) or: Vec<usize>,
    /// Names that only explain: whose song it is (`"Ordinary" by Alex Warren`), whom the next one follows; by the token they start at.
    pub(crate) asides: Vec<usize>,
    /// Names of who reports, publishes or measures (`as reported by the … Report`), as tokens.
    pub(crate) reports: Vec<Range<usize>>,
    /// The two sides of `A vs B` or, in a game, `A at B`, as tokens.
    pub(crate) versus: Option<[Range<usize>; 2]>,
    /// What the market's other statements leave out, by the token it starts at: the question what the condition says, the condition
    /// what the question says.
    pub(crate) said_once: Vec<usize>,
    /// Whether it is the condition of the rules.
    pub(crate) condition: bool,
    /// Words on both sides of an `or` or `and`, by the token they start at: one more of several.
    pub(crate) coordinated: Vec<usize>,
    /// Whether the predicate is a passive with an agent (`struck by Israel`): who does what is then not read.
    pub(crate) passive: bool,
}

impl Statement {
    /// Reads a text. `league` is the league the market is about, where one is known.
    pub(crate) fn read(text: &str, league: Option<&str>, around: Around) -> Self {
        Self::of(tokens(text), text.contains("||"), league, around)
    }

    /// Reads a text that starts inside a sentence, so that a capital at its start marks a name.
    pub(crate) fn read_clause(text: &str, league: Option<&str>, around: Around) -> Self {
        let mut tokens = tokens(text);
        let start = Token { text: ",".into(), stem: ",".into(), capital: false, word: false };
        tokens.insert(0, start);
        Self::of(tokens, text.contains("||"), league, around)
    }

    fn of(tokens: Vec<Token>, placeholder: bool, league: Option<&str>, around: Around) -> Self {
        let mut used = vec![false; tokens.len()];
        let mut statement = Self { placeholder, ..Self::default() };
        statement.dates = dates(&tokens, around);
        for when in &statement.dates {
            used[when.start..when.stop].fill(true);
        }
        statement.dates.iter_mut().for_each(|when| editions::season(&tokens, when, league));
        background::drop_reports(&mut statement.dates, &tokens);
        let mut at = 0;
        while at < tokens.len() {
            if used[at]
                || !tokens[at].word && !matches!(tokens[at].text.as_str(), "#" | "$" | "-" | "(")
            {
                at += 1;
                continue;
            }
            at = statement.step(&tokens, &mut used, at, league);
        }
        // "Ann Berg is the next chair": without another predicate, being is the predicate.
        let being = |t: &Token| {
            !t.capital
                && matches!(
                    t.text.as_str(),
                    "is" | "are" | "be" | "becomes" | "become" | "has" | "have"
                )
        };
        statement.copula = tokens.iter().position(being).filter(|at| *at > 0);
        background::drop_background(&mut statement.atoms, &tokens);
        statement.dates.extend(editions::counted_editions(&mut statement.atoms));
        statement.seats();
        changes::monthly_or_annual(&mut statement.atoms);
        statement.amounts = thresholds::ranges(statement.amounts, &tokens);
        statement.phrases(&tokens);
        statement.offices(&tokens);
        changes::no_change(&mut statement.atoms, &mut statement.amounts);
        thresholds::drop_repeated_comparators(&mut statement.atoms, &statement.amounts);
        statement.control();
        districts::join_numbered(&mut statement.atoms);
        statement
    }

    /// Which words belong together.
    fn phrases(&mut self, tokens: &[Token]) {
        self.passive = self.passive(tokens);
        self.initials = names::initials(tokens);
        self.versus = versus::versus(tokens);
        self.reports = phrases::reports(tokens);
        self.coordinated = coordination::coordinated(tokens);
        self.or = coordination::alternatives(tokens, &self.atoms);
        self.narrowing = phrases::narrowing(tokens);
        self.adjuncts = phrases::adjuncts(tokens, &self.atoms, self.verb_at);
        self.joined = coordination::joined(tokens, &self.atoms);
        self.asides = phrases::asides(tokens, self.has(Kind::Rank, "next"));
    }

    fn passive(&self, tokens: &[Token]) -> bool {
        let Some(verb) = self.verb_at else { return false };
        tokens[verb..].iter().skip(1).take(3).any(|t| t.text == "by")
            && !self.dates.iter().any(|when| when.start <= verb + 3 && when.start > verb)
    }

    /// The atoms before the predicate, which may be one with what is won: `wins the most seats`.
    pub(crate) fn subject(&self) -> impl Iterator<Item = &Atom> {
        let degree = |a: &&Atom| matches!(a.id.as_str(), "most_seats" | "top_votes");
        let most = || self.atoms.iter().find(degree).map(|a| a.at);
        let verb = self.verb_at.or(self.copula).or_else(most).unwrap_or(0);
        self.atoms.iter().filter(move |atom| atom.at < verb)
    }

    /// What stands on each side of `A vs B`.
    pub(crate) fn opponents(&self) -> Option<[Vec<&Atom>; 2]> {
        let on = |side: &Range<usize>| self.atoms.iter().filter(|a| side.contains(&a.at)).collect();
        self.versus.as_ref().map(|sides| sides.each_ref().map(on))
    }

    /// Whether an atom of that kind is present.
    pub(crate) fn has_kind(&self, kind: Kind) -> bool {
        self.atoms.iter().any(|atom| atom.kind == kind)
    }

    /// Whether an atom of that kind and id is present.
    pub(crate) fn has(&self, kind: Kind, id: &str) -> bool {
        self.atoms.iter().any(|atom| atom.kind == kind && atom.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(text: &str, league: Option<&str>) -> Vec<String> {
        let around = Around { end: jiff::civil::Date::new(2025, 12, 31).ok() };
        Statement::read(text, league, around).atoms.into_iter().map(|atom| atom.id).collect()
    }

    #[test]
    fn paraphrases_leave_the_same_atoms() {
        let mut a = ids("Will Daniel Noboa win the 2025 Ecuadorian presidential election?", None);
        let mut b = ids("the 2025 presidential election in Ecuador is won by Daniel Noboa", None);
        a.sort();
        b.sort();
        assert_eq!(a, b);
        let mut a = ids("Will Republicans win the House race for TX-17?", None);
        let mut b = ids("Will the Republican Party win the TX-17 House seat?", None);
        a.sort();
        b.sort();
        assert_eq!(a, b);
    }

    #[test]
    fn districts_numbers_and_chambers() {
        let written = ids("a candidate of New York's 17th congressional district", None);
        assert!(written.contains(&"ny-17".to_owned()), "{written:?}");
        assert!(!ids("New York's 17th senate seat", None).contains(&"ny-17".to_owned()));
        let house = ids("Will Democrats win the House?", None);
        assert!(house.contains(&"house_control".to_owned()), "{house:?}");
        assert_eq!(ids("Will GPT-6 be released?", None), ids("GPT 6 release", None));
    }

    #[test]
    fn editions_become_years() {
        let around = Around::default();
        let read =
            Statement::read("has won Best Director at the 97th Academy Awards", None, around);
        assert_eq!(read.dates[0].first.year(), 2025);
        assert!(read.has(Kind::Competition, "oscars"));
    }
}

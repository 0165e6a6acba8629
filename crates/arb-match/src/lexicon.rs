//! The phrase tables of `data/`, compiled once: which words mean the same thing.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::LazyLock;

use crate::table::{group, rows};
use crate::text::{Token, stem, tokens};

/// What kind of thing a phrase names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    /// A name no table knows.
    Name,
    /// An ordinary word.
    Word,
    Place,
    Team,
    League,
    Competition,
    Category,
    Office,
    Party,
    Organisation,
    Asset,
    Verb,
    Stage,
    Rank,
    Gender,
    Observation,
    Source,
    /// A tie.
    Outcome,
    /// Which of several statistics: core or headline, by month or by year.
    Measure,
    /// A House district such as `tx-17`.
    District,
    Noise,
}

impl Kind {
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "league" => Self::League,
            "comp" => Self::Competition,
            "cat" => Self::Category,
            "office" => Self::Office,
            "party" => Self::Party,
            "org" => Self::Organisation,
            "asset" => Self::Asset,
            "verb" => Self::Verb,
            "stage" => Self::Stage,
            "rank" => Self::Rank,
            "gender" => Self::Gender,
            "obs" => Self::Observation,
            "source" => Self::Source,
            "outcome" => Self::Outcome,
            "measure" => Self::Measure,
            "word" => Self::Word,
            "noise" => Self::Noise,
            _ => return None,
        })
    }

    /// The word of a printed difference.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "subject",
            Self::Word | Self::Noise => "wording",
            Self::Place => "place",
            Self::Team => "team",
            Self::League => "league",
            Self::Competition => "competition",
            Self::Category => "category",
            Self::Office => "office",
            Self::Party => "party",
            Self::Organisation => "organisation",
            Self::Asset => "asset",
            Self::Verb => "predicate",
            Self::Stage => "round",
            Self::Rank => "rank",
            Self::Gender => "gender",
            Self::Observation => "observation",
            Self::Source => "source",
            Self::District => "district",
            Self::Outcome => "outcome",
            Self::Measure => "measure",
        }
    }
}

/// A phrase of the tables.
#[derive(Debug)]
struct Phrase {
    stems: Vec<String>,
    concept: u32,
    /// Whether it is written as one plural word.
    plural: bool,
}

/// A concept: its kind, its id, and for a club the league it belongs to.
#[derive(Debug, Clone)]
pub(crate) struct Concept {
    pub(crate) kind: Kind,
    pub(crate) id: String,
    pub(crate) league: Option<&'static str>,
    /// A club named by a word that means something else outside its league.
    pub(crate) only_in_league: bool,
}

/// What the tables say of a stem.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    /// The phrases that begin with it, longest first.
    phrases: Vec<Phrase>,
    /// Whether it never tells two propositions apart.
    pub(crate) stop: bool,
}

/// Hashes the short stems of the tables: they are fixed, so nobody can choose them to collide.
#[derive(Debug)]
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// All phrases and stop words by their first stem.
#[derive(Debug)]
pub(crate) struct Lexicon {
    entries: HashMap<String, Entry, BuildHasherDefault<Fnv>>,
    concepts: Vec<Concept>,
    states: HashMap<&'static str, ()>,
}

static STANDARD: LazyLock<Lexicon> = LazyLock::new(Lexicon::build);

impl Lexicon {
    /// The tables in `data/`.
    pub(crate) fn standard() -> &'static Self {
        &STANDARD
    }

    fn build() -> Self {
        let mut lexicon =
            Self { entries: HashMap::default(), concepts: Vec::new(), states: HashMap::new() };
        for fields in rows(include_str!("../data/concepts.tsv")) {
            if let [kind, id, phrases] = fields.as_slice()
                && let Some(kind) = Kind::parse(kind)
            {
                let concept = lexicon.concept(kind, id, None, false);
                phrases.split('|').for_each(|phrase| lexicon.phrase(phrase, concept));
            }
        }
        for fields in rows(include_str!("../data/places.tsv")) {
            if let [id, names] = fields.as_slice() {
                if id.len() == 2 {
                    lexicon.states.insert(id, ());
                }
                let concept = lexicon.concept(Kind::Place, id, None, false);
                names.split('|').for_each(|phrase| lexicon.phrase(phrase, concept));
            }
        }
        for fields in rows(include_str!("../data/people.tsv")) {
            if let [id, names] = fields.as_slice() {
                let concept = lexicon.concept(Kind::Name, id, None, false);
                names.split('|').for_each(|phrase| lexicon.phrase(phrase, concept));
            }
        }
        lexicon.teams();
        let words = include_str!("../data/stop_words.txt").lines();
        for word in words.filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace) {
            lexicon.entries.entry(stem(word)).or_default().stop = true;
        }
        for entry in lexicon.entries.values_mut() {
            entry.phrases.sort_by_key(|phrase| std::cmp::Reverse(phrase.stems.len()));
        }
        lexicon
    }

    fn teams(&mut self) {
        let mut nicknames: HashMap<&str, usize> = HashMap::new();
        let table: Vec<_> = rows(include_str!("../data/teams.tsv")).collect();
        for fields in &table {
            for name in fields.get(2).map_or("", |names| names).split('|').skip(1) {
                *nicknames.entry(name).or_default() += 1;
            }
        }
        for fields in &table {
            let [league, code, names] = fields.as_slice() else { continue };
            let league = group("league").iter().find(|known| *known == league).copied();
            let id = format!("{}:{code}", league.unwrap_or_default());
            let anywhere = self.concept(Kind::Team, &id, league, false);
            let inside = self.concept(Kind::Team, &id, league, true);
            // `GB` is Green Bay inside its league, unless it is an everyday word.
            if league != Some("soccer") && !group("everyday_club_code").contains(code) {
                self.phrase(code, inside);
            }
            for (i, name) in names.split('|').enumerate() {
                let soccer = league == Some("soccer");
                let unique =
                    nicknames.get(name) == Some(&1) && !group("everyday_nickname").contains(&name);
                let concept =
                    if i == 0 || ((i > 1 || soccer) && unique) { anywhere } else { inside };
                self.phrase(name, concept);
                // "Leeds Utd".
                if soccer && let Some(place) = name.strip_suffix(" united") {
                    self.phrase(&format!("{place} utd"), concept);
                }
            }
        }
    }

    fn concept(
        &mut self,
        kind: Kind,
        id: &str,
        league: Option<&'static str>,
        only_in_league: bool,
    ) -> u32 {
        self.concepts.push(Concept { kind, id: id.to_owned(), league, only_in_league });
        u32::try_from(self.concepts.len() - 1).unwrap_or(u32::MAX)
    }

    fn phrase(&mut self, phrase: &str, concept: u32) {
        let stems: Vec<String> =
            tokens(phrase).into_iter().map(|token| token.stem).filter(|stem| stem != "-").collect();
        if let Some(first) = stems.first() {
            let plural = stems.len() == 1 && phrase.ends_with('s');
            let entry = self.entries.entry(first.clone()).or_default();
            entry.phrases.push(Phrase { stems, concept, plural });
        }
    }

    /// The longest phrase that starts at `at`, and where it ends. `league` is the league the text is about, if one is known.
    pub(crate) fn longest(
        &self,
        tokens: &[Token],
        at: usize,
        league: Option<&str>,
    ) -> Option<(&Concept, usize)> {
        self.longest_of(self.entry(&tokens[at].stem)?, tokens, at, league)
    }

    /// What the tables say of a stem.
    pub(crate) fn entry(&self, stem: &str) -> Option<&Entry> {
        self.entries.get(stem)
    }

    /// [`Lexicon::longest`] where the entry of the token at `at` is at hand.
    pub(crate) fn longest_of(
        &self,
        entry: &Entry,
        tokens: &[Token],
        at: usize,
        league: Option<&str>,
    ) -> Option<(&Concept, usize)> {
        let mut best: Option<(&Concept, usize)> = None;
        for phrase in &entry.phrases {
            if best.is_some_and(|(_, end)| end > at + phrase.stems.len()) {
                break;
            }
            let Some(end) = matches(tokens, at, &phrase.stems) else { continue };
            let concept = &self.concepts[phrase.concept as usize];
            // "the conditions are met" is not about the Mets.
            let written = tokens[at].capital || !tokens[at].text.starts_with(char::is_alphabetic);
            // "Hurricane Erin" is not about the Hurricanes.
            let singular = phrase.plural && !tokens[at].text.ends_with('s');
            if concept.kind == Kind::Team && (!written || singular) {
                continue;
            }
            let home = concept.league.is_some() && concept.league == league;
            if concept.only_in_league && !home {
                continue;
            }
            let better = match best {
                None => true,
                Some((held, held_end)) => {
                    end > held_end || (end == held_end && home && held.league != league)
                }
            };
            if better {
                best = Some((concept, end));
            }
        }
        best
    }

    /// Whether the word is a two-letter state code.
    pub(crate) fn is_state(&self, word: &str) -> bool {
        self.states.contains_key(word)
    }
}

/// Where the phrase ends if it starts at `at`; hyphens in the text between its words are skipped.
fn matches(tokens: &[Token], at: usize, stems: &[String]) -> Option<usize> {
    let mut end = at;
    for (i, stem) in stems.iter().enumerate() {
        if i > 0 && tokens.get(end).is_some_and(|token| token.text == "-") {
            end += 1;
        }
        if tokens.get(end)?.stem != *stem {
            return None;
        }
        end += 1;
    }
    Some(end)
}

/// Words that never tell two propositions apart.
pub(crate) fn is_stop_word(stem_of: &str) -> bool {
    Lexicon::standard().entry(stem_of).is_some_and(|entry| entry.stop)
}

/// Whether winning the competition `narrow` implies winning `wide`.
pub(crate) fn implies(narrow: &str, wide: &str) -> bool {
    rows(include_str!("../data/implies.tsv")).any(|row| row.as_slice() == [narrow, wide])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn concept(text: &str, league: Option<&str>) -> Option<String> {
        Lexicon::standard()
            .longest(&tokens(text), 0, league)
            .map(|(concept, _)| format!("{:?} {}", concept.kind, concept.id))
    }

    #[test]
    fn longest_phrase_wins_and_leagues_decide_cities() {
        assert_eq!(
            concept("Pro Football Championship", None).as_deref(),
            Some("Competition super_bowl")
        );
        assert_eq!(concept("Boston", None).as_deref(), Some("Place boston"));
        assert_eq!(concept("Boston", Some("nba")).as_deref(), Some("Team nba:bos"));
        assert_eq!(concept("Boston", Some("mlb")).as_deref(), Some("Team mlb:bos"));
        assert_eq!(concept("Los Angeles L", Some("nba")).as_deref(), Some("Team nba:lal"));
        assert_eq!(concept("Lakers", None).as_deref(), Some("Team nba:lal"));
        assert_eq!(concept("heat", None), None);
        assert_eq!(concept("Ecuadorian", None).as_deref(), Some("Place ecuador"));
    }
}

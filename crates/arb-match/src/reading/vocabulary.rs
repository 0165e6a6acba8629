//! All the words of a market, by which it can explain another's.

use std::collections::{BTreeSet, HashSet};

use super::Reading;
use crate::lexicon::{Kind, Lexicon};
use crate::statement::{Atom, Statement};
use crate::table::group;
use crate::text::{stem, tokens};

/// All the words of a market.
#[derive(Debug, Clone, Default)]
pub(super) struct Vocabulary {
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
}

impl Vocabulary {
    /// Gathers the words of the statements, of the event and of what the rules count in, which is also given as text.
    pub(super) fn of(
        reading: &Reading,
        event: &Statement,
        rules: &Statement,
        counted: &str,
    ) -> Self {
        let atoms = || stated(reading, event);
        let stems: HashSet<String> =
            atoms().flat_map(|atom| tokens(&atom.text)).map(|token| token.stem).collect();
        let forms = reading.statements().flat_map(|s| &s.forms);
        let forms = forms.map(|id| (Kind::Office, id.clone()));
        let strong: HashSet<(Kind, String)> =
            atoms().map(|atom| (atom.kind, atom.id.clone())).chain(forms).collect();
        let words = tokens(counted).into_iter().filter(|t| t.word).map(|t| t.stem);
        let ids = rules.atoms.iter().map(|atom| format!("{:?}:{}", atom.kind, atom.id));
        let initials = reading.statements().flat_map(|s| &s.initials);
        let neighbours = reading.statements().flat_map(|s| s.atoms.windows(2));
        Self {
            initials: initials.map(|i| i.letters.clone()).collect(),
            joined: neighbours
                .filter(|two| two[0].at + 1 == two[1].at)
                .map(|two| format!("{}{}", two[0].text, two[1].id))
                .collect(),
            kinds: strong.iter().map(|(kind, _)| *kind).collect(),
            roots: stems.iter().map(|stem| root(stem).to_owned()).collect(),
            undoubled: stems.iter().map(|stem| undoubled(stem)).collect(),
            weak: words.chain(ids).collect(),
            strong,
            stems,
        }
    }
}

/// Who measures or reports, by the statements or by the rules.
pub(super) fn sources(reading: &Reading, event: &Statement, rules: &Statement) -> BTreeSet<String> {
    let atoms = stated(reading, event).chain(&rules.atoms);
    atoms.filter(|atom| atom.kind == Kind::Source).map(|atom| atom.id.clone()).collect()
}

/// What the market states itself, with its sides, what decides it, and its event.
fn stated<'a>(reading: &'a Reading, event: &'a Statement) -> impl Iterator<Item = &'a Atom> {
    let beside = reading.sides.iter().flatten().chain(&reading.basis).chain([event]);
    reading.statements().chain(beside).flat_map(|statement| &statement.atoms)
}

impl Reading {
    /// Whether a statement or label has that atom.
    pub(crate) fn has(&self, kind: Kind, id: &str) -> bool {
        self.vocabulary.strong.contains(&(kind, id.to_owned()))
    }

    /// Whether it names a thing of the atom's kind that the statement does not have.
    pub(crate) fn has_kind_besides(&self, atom: &Atom, statement: &Statement) -> bool {
        let mut same = self.vocabulary.strong.iter().filter(|(kind, _)| *kind == atom.kind);
        same.any(|(kind, id)| !statement.has(*kind, id))
    }

    /// Whether a statement or label has a word of that stem.
    pub(crate) fn has_stem(&self, stem: &str) -> bool {
        self.vocabulary.stems.contains(stem)
    }

    /// Whether a statement has any atom of that kind.
    pub(crate) fn has_kind(&self, kind: Kind) -> bool {
        self.vocabulary.kinds.contains(&kind)
    }

    /// Whether its rules name both teams of a match.
    pub(crate) fn names_a_match(&self) -> bool {
        self.vocabulary.weak.iter().filter(|word| word.starts_with("Team:")).count() > 1
    }

    /// Whether its rules have a word of that stem.
    pub(crate) fn mentions(&self, stem: &str) -> bool {
        self.vocabulary.weak.contains(stem)
    }

    /// Whether a statement or the rules have that concept.
    pub(crate) fn speaks_of(&self, kind: Kind, id: &str) -> bool {
        self.has(kind, id) || self.rules_speak_of(kind, id)
    }

    /// Whether the rules have that concept.
    pub(crate) fn rules_speak_of(&self, kind: Kind, id: &str) -> bool {
        self.vocabulary.weak.contains(&format!("{kind:?}:{id}"))
    }

    /// Whether one of its own statements has the atom, however it is written.
    pub(crate) fn says(&self, atom: &Atom) -> bool {
        let word = tokens(&atom.text);
        self.has(atom.kind, &atom.id)
            || !word.is_empty() && word.iter().all(|t| self.vocabulary.stems.contains(&t.stem))
    }

    /// How well this market's words explain another market's atom: 1 by its statements, 0.8 by its rules, 0 not at all.
    pub(crate) fn explains(&self, atom: &Atom) -> f64 {
        let word = matches!(atom.kind, Kind::Name | Kind::Word);
        // "Central Park, New York" is in New York City.
        let either = |a: &str, b: &str| atom.id == a && self.has(Kind::Place, b);
        let weather = self.has_kind(Kind::Observation) && !self.has_kind(Kind::Office);
        let city =
            atom.kind == Kind::Place && (either("ny", "nyc") || weather && either("nyc", "ny"));
        if city
            || self.has(atom.kind, &atom.id)
            || (word && self.vocabulary.stems.contains(&atom.id))
        {
            return 1.0;
        }
        if word && self.vocabulary.undoubled.contains(&undoubled(&atom.id)) {
            return 1.0;
        }
        if word && self.vocabulary.joined.contains(&atom.id) {
            return 1.0;
        }
        if atom.kind == Kind::Word && self.vocabulary.roots.contains(root(&atom.id)) {
            return 0.9;
        }
        // "Perform" by "performer".
        let one_word = atom.kind == Kind::Verb && !atom.text.contains(' ');
        if one_word && self.vocabulary.stems.contains(&format!("{}er", stem(&atom.text))) {
            return 0.9;
        }
        if atom.kind == Kind::Name && self.vocabulary.initials.contains(&atom.id) {
            return 1.0;
        }
        if word && self.vocabulary.weak.contains(&atom.id)
            || self.vocabulary.weak.contains(&format!("{:?}:{}", atom.kind, atom.id))
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
            && parts.iter().all(|t| self.vocabulary.stems.contains(&t.stem))
            && !matches!(atom.kind, Kind::Team | Kind::Place)
        {
            return 0.9;
        }
        0.0
    }

    /// Whether it is about a statistic that is a change itself.
    pub(crate) fn measures_a_change(&self) -> bool {
        group("statistic_of_change").iter().any(|id| self.has(Kind::Measure, id))
    }

    /// Whether it names a state or city of the United States.
    pub(crate) fn american_place(&self) -> bool {
        let american =
            |id: &str| Lexicon::standard().is_state(id) || group("american_city").contains(&id);
        self.vocabulary.strong.iter().any(|(kind, id)| *kind == Kind::Place && american(id))
    }

    /// Whether it is about winning a division.
    pub(crate) fn in_a_division(&self) -> bool {
        let division = |id: &str| {
            let side = ["_east", "_west", "_central", "_north", "_south"];
            side.iter().any(|end| id.ends_with(end)) && !id.starts_with("conf")
        };
        self.vocabulary.strong.iter().any(|(kind, id)| *kind == Kind::Competition && division(id))
    }
}

/// The verb in a noun: `eruption`, `resignation`, `removal`, `performer`.
pub(super) fn root(stem: &str) -> &str {
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

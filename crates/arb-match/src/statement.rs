//! A sentence that states a market's proposition, taken apart.

mod background;

use crate::amount::{Amount, Interval, amount_at};
use jiff::civil::Date;

use crate::lexicon::{Kind, Lexicon, is_stop_word};
use crate::text::{Token, tokens};
use crate::when::{Around, Tie, When, dates};

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
    pub(crate) reports: Vec<std::ops::Range<usize>>,
    /// The two sides of `A vs B` or, in a game, `A at B`, as tokens.
    pub(crate) versus: Option<[std::ops::Range<usize>; 2]>,
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

const NEGATIONS: [&str; 15] = [
    "no", "unless", "refrain", "not", "never", "wont", "isnt", "doesnt", "didnt", "cannot",
    "without", "neither", "nor", "fail", "arent",
];

/// Words that begin a label such as `Above 72` and are no names.
const COMPARING: [&str; 14] = [
    "above", "over", "below", "under", "exactly", "at", "more", "less", "fewer", "between",
    "before", "after", "least", "most",
];

/// Words whose letter tells one from another: `Group A`, `Plan B`.
const LETTERED: [&str; 10] =
    ["group", "pool", "class", "type", "plan", "part", "hepatitis", "vitamin", "category", "tier"];

const SUPER_BOWL: i16 = 1966;

/// A Roman numeral from 50 to 89, as Super Bowls are counted.
fn roman(word: &str) -> Option<i16> {
    let rest = word.strip_prefix('l')?;
    let tens = rest.chars().take_while(|c| *c == 'x').count();
    let units = match &rest[tens..] {
        "" => 0,
        "i" => 1,
        "ii" => 2,
        "iii" => 3,
        "iv" => 4,
        "v" => 5,
        "vi" => 6,
        "vii" => 7,
        "viii" => 8,
        "ix" => return i16::try_from(59 + 10 * tens).ok(),
        _ => return None,
    };
    i16::try_from(50 + 10 * tens + units).ok()
}

/// The nth Congress is elected in this year and 2n.
const FIRST_CONGRESS: i16 = 1786;

/// A year that names an edition.
fn calendar_year(year: i16) -> Option<When> {
    let (first, end) = (Date::new(year, 1, 1).ok()?, Date::new(year + 1, 1, 1).ok()?);
    let (time, year_guessed, season) = (None, false, false);
    Some(When { tie: Tie::Named, first, end, time, year_guessed, season, start: 0, stop: 0 })
}

/// The number of `97th`; `49ers` is none.
fn ordinal(word: &str) -> Option<i16> {
    let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    matches!(&word[digits.len()..], "st" | "nd" | "rd" | "th").then(|| digits.parse().ok())?
}

/// A Roman numeral after a name (`Grand Theft Auto VI`), as digits. A single letter may be anything.
fn numeral(word: &str) -> Option<&'static str> {
    const NUMERALS: [(&str, &str); 17] = [
        ("ii", "2"),
        ("iii", "3"),
        ("iv", "4"),
        ("vi", "6"),
        ("vii", "7"),
        ("viii", "8"),
        ("ix", "9"),
        ("xi", "11"),
        ("xii", "12"),
        ("xiii", "13"),
        ("xiv", "14"),
        ("xv", "15"),
        ("xvi", "16"),
        ("xvii", "17"),
        ("xviii", "18"),
        ("xix", "19"),
        ("xx", "20"),
    ];
    NUMERALS.iter().find(|(roman, _)| *roman == word).map(|(_, digits)| *digits)
}

/// Ordinals of editions: `97th Academy Awards`. Base year by competition: edition n was held in base + n.
const EDITIONS: [(&str, i16); 9] = [
    ("eurovision", 1956),
    ("super_bowl", SUPER_BOWL),
    ("oscars", 1928),
    ("bafta", 1947),
    ("sag", 1994),
    ("emmys", 1948),
    ("grammys", 1958),
    ("globes", 1943),
    ("tonys", 1947),
];

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
        statement.dates.iter_mut().for_each(|when| season(&tokens, when, league));
        // Figures are out within a quarter of the time they are about.
        let told: Vec<Date> = statement.dates.iter().map(|when| when.first).collect();
        let behind = |when: &When| {
            told.iter().any(|first| (1..=130).contains(&(when.first - *first).get_days()))
        };
        statement.dates.retain(|when| !of_a_report(&tokens, when, behind(when)));
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
        statement.editions();
        statement.seats();
        statement.changes();
        statement.ranges(&tokens);
        statement.passive = statement.passive(&tokens);
        statement.initials = initials(&tokens);
        statement.versus = versus(&tokens);
        statement.reports = reports(&tokens);
        statement.coordinated = coordinated(&tokens);
        statement.or = alternatives(&tokens, &statement.atoms);
        statement.narrowing = narrowing(&tokens);
        statement.adjuncts = adjuncts(&tokens, &statement.atoms, statement.verb_at);
        statement.joined = joined(&tokens, &statement.atoms);
        statement.asides = asides(&tokens, statement.has(Kind::Rank, "next"));
        statement.offices(&tokens);
        statement.no_change();
        statement.comparators();
        statement.control();
        statement.numbered_districts();
        statement
    }

    /// Reads what starts at `at`; the result is where to go on.
    fn step(
        &mut self,
        tokens: &[Token],
        used: &mut [bool],
        at: usize,
        league: Option<&str>,
    ) -> usize {
        let token = &tokens[at];
        if let Some(end) = self.district(tokens, at) {
            return end;
        }
        if let Some(end) = clock(tokens, at) {
            return end;
        }
        if made(tokens, used, at, league) {
            self.verb_at.get_or_insert(at);
            let (id, text) = ("reach".to_owned(), token.text.clone());
            self.atoms.push(Atom { kind: Kind::Verb, id, text, at });
            return at + 1;
        }
        let unread = used[at..].iter().position(|used| *used).map_or(tokens.len(), |n| at + n);
        if let Some((concept, end)) = Lexicon::standard().longest(&tokens[..unread], at, league) {
            if self.of_another_name(tokens, at, end, concept.kind, &concept.id) {
                return self.word(tokens, at);
            }
            if concept.kind != Kind::Noise {
                let text = join(&tokens[at..end]);
                if concept.kind == Kind::Verb && self.verb_at.is_none() {
                    self.verb_at = Some(at);
                }
                self.atoms.push(Atom { kind: concept.kind, id: concept.id.clone(), text, at });
            }
            return end;
        }
        if let Some(end) = self.number_of_a_name(tokens, at).or_else(|| self.term(tokens, at)) {
            return end;
        }
        if let Some(amount) = amount_at(tokens, at, |i| !used.get(i).copied().unwrap_or(true)) {
            let end = amount.stop.min(used.len());
            used[amount.start..end].fill(true);
            // "where each 25 basis points counts as one cut" defines, it does not ask for 25.
            let each = amount.start.checked_sub(1).map_or("", |i| tokens[i].text.as_str());
            if matches!(each, "each" | "every" | "per") {
                return end;
            }
            // "100 or more of the 199 seats": the whole they are counted from.
            let of = amount.start.checked_sub(2).map_or("", |i| tokens[i].text.as_str());
            let counted = self.amounts.last().is_some_and(|a| a.stop + 2 == amount.start);
            if counted && each == "the" && of == "of" {
                return end;
            }
            // The comparator's words before the number were read as words already.
            let start = amount.start;
            self.atoms.retain(|atom| atom.at < start || atom.at >= end);
            self.amounts.push(amount);
            return end;
        }
        if !token.word {
            return at + 1;
        }
        // "Texas A&M".
        if let [a, and, b, ..] = &tokens[at..]
            && and.text == "&"
            && [a, b].iter().all(|t| t.capital && t.text.len() == 1)
        {
            let id = format!("{}{}", a.text, b.text);
            self.atoms.push(Atom { kind: Kind::Name, text: id.clone(), id, at });
            return at + 3;
        }
        let quantity = |t: &Token| {
            matches!(t.text.as_str(), "more" | "less" | "fewer" | "later" | "1" | "other")
        };
        if token.text == "no" && tokens.get(at + 1).is_some_and(quantity) {
            return at + 1;
        }
        // Missing the playoffs is not making them.
        let playoffs = |t: &Token| matches!(t.stem.as_str(), "playoff" | "postseason");
        if token.stem == "miss" && tokens[at + 1..].iter().take(4).any(playoffs) {
            self.negated = !self.negated;
            self.opposite = true;
            self.verb_at.get_or_insert(at);
            let (id, text) = ("reach".to_owned(), token.text.clone());
            self.atoms.push(Atom { kind: Kind::Verb, id, text, at });
            return at + 1;
        }
        if NEGATIONS.contains(&token.text.as_str()) {
            // "A government that did not hold any" says which government, not that it does not happen.
            if relative(tokens, at) {
                self.negated_aside = true;
            } else {
                self.negated = !self.negated;
            }
            return at + 1;
        }
        if let Some(end) = self.unfilled(tokens, at) {
            return end;
        }
        self.word(tokens, at)
    }

    /// `Melania Trump` is not the public figure whom the surname alone means, nor is `American Samoa` in the United States what it says
    /// of Samoa.
    fn of_another_name(
        &self,
        tokens: &[Token],
        at: usize,
        end: usize,
        kind: Kind,
        id: &str,
    ) -> bool {
        if end != at + 1 || !tokens[at].capital {
            return false;
        }
        let surname = kind == Kind::Name && id.contains('_');
        let first_name = self.atoms.last().is_some_and(|a| {
            let letters = a.text.len() > 2 && a.text.chars().all(char::is_alphabetic);
            a.kind == Kind::Name && a.at + 1 == at && letters
        });
        let american = kind == Kind::Place && tokens[at].text == "american";
        let named =
            tokens.get(at + 1).filter(|next| next.capital && next.word).is_some_and(|next| {
                let known = Lexicon::standard().longest(tokens, at + 1, None).is_some();
                !known && !is_stop_word(&next.stem)
            });
        surname && first_name || american && named
    }

    /// Reads a word no table knows.
    fn word(&mut self, tokens: &[Token], at: usize) -> usize {
        let token = &tokens[at];
        let before = at.checked_sub(1).map(|i| &tokens[i]);
        if token.text.len() == 1
            && token.capital
            && before.is_some_and(|t| LETTERED.contains(&t.text.as_str()))
        {
            self.atoms.push(Atom {
                kind: Kind::Name,
                id: token.stem.clone(),
                text: token.text.clone(),
                at,
            });
            return at + 1;
        }
        let numbered = |next: &Token| next.text.starts_with(|c: char| c.is_ascii_digit());
        self.any |= token.text == "any";
        // "The top free app" is the first; the top ten and the top charts are lists.
        let list = |next: &Token| {
            numbered(next)
                || matches!(
                    next.stem.as_str(),
                    "ten" | "chart" | "five" | "three" | "tier" | "secret"
                )
        };
        if token.text == "top" && tokens.get(at + 1).is_some_and(|next| next.word && !list(next)) {
            self.atoms.push(Atom { kind: Kind::Rank, id: "top".into(), text: "top".into(), at });
            return at + 1;
        }
        if is_stop_word(&token.stem)
            || (token.text.len() == 1 && token.text.chars().all(char::is_alphabetic))
        {
            return at + 1;
        }
        let named = token.capital
            && !COMPARING.contains(&token.text.as_str())
            && (at > 0
                || tokens.get(1).is_some_and(|next| next.capital || numbered(next))
                || tokens.get(1).is_some_and(|next| next.text == "-")
                    && tokens.get(2).is_some_and(numbered));
        // "Ohio St." is Ohio State, "St. Louis" is not.
        let state = token.text == "st" && at > 0 && tokens[at - 1].capital && named && {
            let next = tokens[at + 1..].iter().find(|next| next.text != ".");
            next.is_none_or(|next| !next.capital)
        };
        if state {
            self.atoms.push(Atom { kind: Kind::Name, id: "stat".into(), text: "state".into(), at });
            return at + 1;
        }
        if named
            && at > 0
            && tokens[at - 1].capital
            && let Some(digits) = numeral(&token.text)
        {
            self.atoms.push(Atom { kind: Kind::Name, id: digits.into(), text: digits.into(), at });
            return at + 1;
        }
        // "The 16th series" is series 16.
        let counts = |next: &Token| matches!(next.text.as_str(), "series" | "season" | "edition");
        if let Some(number) =
            ordinal(&token.text).filter(|_| tokens.get(at + 1).is_some_and(counts))
        {
            let id = number.to_string();
            self.atoms.push(Atom { kind: Kind::Name, id, text: token.text.clone(), at });
            return at + 1;
        }
        let kind = if named || token.text.starts_with(|c: char| c.is_ascii_digit()) {
            Kind::Name
        } else {
            Kind::Word
        };
        self.atoms.push(Atom { kind, id: token.stem.clone(), text: token.text.clone(), at });
        at + 1
    }

    /// The length in the name of a thing: a `30-year` mortgage, a `5-day` gross are other things than those of another
    /// length.
    fn term(&mut self, tokens: &[Token], at: usize) -> Option<usize> {
        let [number, dash, unit] = tokens.get(at..at + 3)? else { return None };
        let digits = number.text.bytes().all(|b| b.is_ascii_digit());
        let length =
            matches!(unit.text.as_str(), "year" | "month" | "week" | "day" | "hour" | "minute");
        if !digits || dash.text != "-" || !length {
            return None;
        }
        let id = format!("{}-{}", number.text, unit.text);
        self.atoms.push(Atom { kind: Kind::Name, text: id.clone(), id, at });
        Some(at + 3)
    }

    /// `Survivor 50`, `Grok 5.5`, `GPT-6`: a bare number after a name belongs to the name; after a league (`UFC 325`) it only counts its events.
    fn number_of_a_name(&mut self, tokens: &[Token], at: usize) -> Option<usize> {
        if let (Some(before), "-", Some(number)) =
            (at.checked_sub(1).map(|i| &tokens[i]), tokens[at].text.as_str(), tokens.get(at + 1))
            && before.capital
            && self.atoms.last().is_some_and(|a| a.kind == Kind::Name && a.at + 1 == at)
            && number.text.starts_with(|c: char| c.is_ascii_digit())
        {
            let (id, text) = (number.stem.clone(), number.text.clone());
            self.atoms.push(Atom { kind: Kind::Name, id, text, at: at + 1 });
            return Some(at + 2);
        }
        let token = &tokens[at];
        let digits = token.text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let before = at.checked_sub(1).map(|i| &tokens[i]);
        let before = before.filter(|t| {
            digits && t.capital && !is_stop_word(&t.stem) && !COMPARING.contains(&t.text.as_str())
        })?;
        let counted = tokens.get(at + 1).is_some_and(|next| {
            matches!(
                next.text.as_str(),
                "+" | "%" | "-" | "°" | "º" | "/" | "or" | "k" | "m" | "bps"
            )
        });
        let own = self.atoms.last().filter(|a| a.at + a.text.split_whitespace().count() >= at);
        let named = own.is_none_or(|atom| {
            matches!(atom.kind, Kind::Name | Kind::League | Kind::Competition | Kind::Organisation)
        });
        if counted || !named || before.text.len() < 2 {
            return None;
        }
        if own.is_none_or(|atom| atom.kind != Kind::League) {
            let (id, text) = (token.stem.clone(), token.text.clone());
            self.atoms.push(Atom { kind: Kind::Name, id, text, at });
        }
        Some(at + 1)
    }

    /// `Person B`, `Actress H`, `Team C`: a slot the venue has not filled yet.
    fn unfilled(&mut self, tokens: &[Token], at: usize) -> Option<usize> {
        const SLOTS: [&str; 18] = [
            "person",
            "actor",
            "actress",
            "film",
            "movie",
            "candidate",
            "team",
            "player",
            "company",
            "artist",
            "party",
            "club",
            "driver",
            "director",
            "individual",
            "country",
            "song",
            "option",
        ];
        let next = tokens.get(at + 1)?;
        let slot = SLOTS.contains(&tokens[at].text.as_str()) && tokens[at].capital;
        if !slot || next.text.len() != 1 || !next.capital || next.text == "a" {
            return None;
        }
        self.placeholder = true;
        let id = format!("{} {}", tokens[at].text, next.text);
        self.atoms.push(Atom { kind: Kind::Name, text: id.clone(), id, at });
        Some(at + 2)
    }

    /// Leaving with an office in the sentence is leaving the office; an office before a name (`President Lula`) is a title.
    fn offices(&mut self, tokens: &[Token]) {
        if self.atoms.iter().any(|atom| atom.kind == Kind::Office) {
            for atom in
                self.atoms.iter_mut().filter(|atom| atom.kind == Kind::Verb && atom.id == "leave")
            {
                "leave_office".clone_into(&mut atom.id);
            }
        }
        let names: Vec<usize> =
            self.atoms.iter().filter(|atom| atom.kind == Kind::Name).map(|atom| atom.at).collect();
        let title = |atom: &Atom| {
            let last = atom.at + atom.text.split_whitespace().count();
            atom.kind == Kind::Office && tokens[atom.at].capital && names.contains(&last)
        };
        self.forms = self.atoms.iter().filter(|a| title(a)).map(|a| a.id.clone()).collect();
        // "Ukrainian President Volodymyr Zelenskyy": of which country tells nothing more of the person.
        let titles: Vec<usize> = self.atoms.iter().filter(|a| title(a)).map(|a| a.at).collect();
        let before = |atom: &Atom| {
            let next = atom.at + atom.text.split_whitespace().count();
            matches!(atom.kind, Kind::Place | Kind::Party) && titles.contains(&next)
        };
        let described: Vec<usize> = self.atoms.iter().filter(|a| before(a)).map(|a| a.at).collect();
        self.atoms.retain(|atom| !title(atom) && !described.contains(&atom.at));
    }

    /// `New York's 17th congressional district` is NY-17.
    fn numbered_districts(&mut self) {
        let found = self.atoms.windows(3).position(|three| {
            three[0].kind == Kind::Place
                && three[0].id.len() == 2
                && ordinal(&three[1].text).or(rank(&three[1])).is_some()
                && three[2].kind == Kind::Office
                && three[2].id == "us_house"
        });
        let Some(first) = found else { return };
        let number = &self.atoms[first + 1];
        let Some(number) = ordinal(&number.text).or(rank(number)) else { return };
        let id = format!("{}-{number}", self.atoms[first].id);
        let at = self.atoms[first].at;
        self.atoms[first] = Atom { kind: Kind::District, text: id.clone(), id, at };
        self.atoms.remove(first + 1);
    }

    /// A party that wins a chamber, or controls it, has its majority.
    fn control(&mut self) {
        let local = |a: &Atom| {
            a.kind == Kind::District
                || a.kind == Kind::Place && a.id != "us"
                || a.kind == Kind::Rank
        };
        let party = self.atoms.iter().any(|a| a.kind == Kind::Party);
        let word = |a: &Atom, stem: &str| matches!(a.kind, Kind::Word | Kind::Name) && a.id == stem;
        let holds = |a: &Atom| {
            word(a, "control") || word(a, "majority") || a.kind == Kind::Verb && a.id == "win"
        };
        if !party || self.atoms.iter().any(local) || !self.atoms.iter().any(holds) {
            return;
        }
        let mut chamber = false;
        for atom in &mut self.atoms {
            let id =
                if word(atom, "hous") || atom.kind == Kind::Office && atom.id == "house_control" {
                    "house_control"
                } else if word(atom, "senat") {
                    "senate_control"
                } else {
                    continue;
                };
            chamber = true;
            (atom.kind, atom.id) = (Kind::Office, id.to_owned());
        }
        if !chamber {
            return;
        }
        for atom in self.atoms.iter_mut().filter(|a| word(a, "control") || word(a, "majority")) {
            (atom.kind, atom.id) = (Kind::Verb, "win".to_owned());
            self.verb_at.get_or_insert(atom.at);
        }
    }

    /// A comparator said once more (`above 25 or above`) says nothing new.
    fn comparators(&mut self) {
        let low = self.amounts.iter().any(|a| a.compared && a.interval.low.is_some());
        let high = self.amounts.iter().any(|a| a.compared && a.interval.high.is_some());
        self.atoms.retain(|a| match a.text.as_str() {
            "above" | "over" | "more" if a.kind == Kind::Word => !low,
            "below" | "under" | "fewer" | "less" if a.kind == Kind::Word => !high,
            _ => true,
        });
    }

    /// `At least 375,000 and fewer than 400,000` is one range.
    fn ranges(&mut self, tokens: &[Token]) {
        let open = |a: &Amount| (a.interval.low.is_some(), a.interval.high.is_some());
        let mut out: Vec<Amount> = Vec::new();
        for next in std::mem::take(&mut self.amounts) {
            let joined = out.last().is_some_and(|held| {
                let between = tokens.get(held.stop..next.start).unwrap_or_default();
                let noun = |t: &Token| t.stem == held.unit || matches!(t.text.as_str(), "," | "%");
                let mut rest = between.iter().filter(|t| !noun(t));
                let word = rest.next().is_some_and(|t| matches!(t.text.as_str(), "and" | "but"));
                word && rest.next().is_none()
                    && held.compared
                    && next.compared
                    && (held.unit == next.unit || held.unit.is_empty() || next.unit.is_empty())
            });
            let range = out.last().filter(|_| joined).and_then(|held| {
                let (low, high) = match (open(held), open(&next)) {
                    ((true, false), (false, true)) => (held.interval.low, next.interval.high),
                    ((false, true), (true, false)) => (next.interval.low, held.interval.high),
                    _ => return None,
                };
                (low?.value < high?.value).then_some(Interval { low, high })
            });
            match (range, out.last_mut()) {
                (Some(interval), Some(held)) => {
                    held.interval = interval;
                    held.stop = next.stop;
                    if held.unit.is_empty() {
                        held.unit = next.unit;
                    }
                }
                _ => out.push(next),
            }
        }
        self.amounts = out;
    }

    /// A hike or cut by nothing is no change; `leaves the rate unchanged` is one predicate.
    fn no_change(&mut self) {
        if self.has(Kind::Verb, "hold_rates") {
            let rest = |a: &Atom| a.kind == Kind::Verb && a.id == "leave" || a.id == "hold";
            self.atoms.retain(|a| !rest(a));
        }
        let nothing =
            |amount: &Amount| amount.interval == Interval::point(0) && amount.unit == "bps";
        if self.amounts.iter().any(nothing) {
            self.amounts.retain(|amount| !nothing(amount));
            for atom in self
                .atoms
                .iter_mut()
                .filter(|a| a.kind == Kind::Verb && (a.id == "raise" || a.id == "cut"))
            {
                "hold_rates".clone_into(&mut atom.id);
            }
        }
    }

    /// `TX-17`, `CA-9`, `AK-AL`.
    fn district(&mut self, tokens: &[Token], at: usize) -> Option<usize> {
        let state = &tokens[at];
        if state.text.len() != 2 || !state.capital || !Lexicon::standard().is_state(&state.text) {
            return None;
        }
        if tokens.get(at + 1)?.text != "-" {
            return None;
        }
        let number = &tokens.get(at + 2)?.text;
        let number = if number == "al" || number == "at" {
            0
        } else {
            number.trim_end_matches(|c: char| c.is_ascii_alphabetic()).parse::<u8>().ok()?
        };
        let id = format!("{}-{number}", state.text);
        self.atoms.push(Atom { kind: Kind::District, text: id.clone(), id, at });
        Some(at + 3)
    }

    /// `Monthly` and `annual` say how a statistic is measured; of anything else they only say that it has a month or year. `Monthly
    /// inflation` also names the statistic.
    fn changes(&mut self) {
        let change = |a: &Atom| a.kind == Kind::Measure && matches!(a.id.as_str(), "mom" | "yoy");
        let of_prices = |a: &&Atom| change(a) && a.text.contains("inflation");
        if let Some(change) = self.atoms.iter().find(of_prices) {
            let (kind, id, at) = (Kind::Measure, "inflation".to_owned(), change.at);
            self.atoms.push(Atom { kind, id, text: "inflation".into(), at });
            self.atoms.sort_by_key(|a| a.at);
        }
        if !self.atoms.iter().any(|a| a.kind == Kind::Measure && !change(a)) {
            self.atoms.retain(|a| !change(a));
        }
    }

    /// `210 House seats in the 120th Congress` are those of the election before it; seats that are counted are no majority.
    fn seats(&mut self) {
        let party = self.atoms.iter().any(|a| a.kind == Kind::Party);
        if !party || self.amounts.is_empty() {
            return;
        }
        let compared = self.amounts.iter().any(|a| a.compared);
        for atom in self.atoms.iter_mut().filter(|a| a.kind == Kind::Office) {
            if compared && atom.id == "house_control" {
                "us_house".clone_into(&mut atom.id);
            }
        }
        let congress = self.atoms.windows(2).find_map(|two| {
            let congress = two[1].kind == Kind::Organisation && two[1].id == "us_congress";
            Some((two[0].at, two[1].at, ordinal(&two[0].text).filter(|_| congress)?))
        });
        let Some((first, last, number)) = congress else { return };
        self.atoms.retain(|a| a.at != first && a.at != last);
        self.dates.extend(calendar_year(FIRST_CONGRESS + 2 * number));
    }

    /// Turns `97th` beside an award into the year it was held, and drops the ordinal.
    fn editions(&mut self) {
        let Some(base) = self.atoms.iter().find_map(|atom| {
            EDITIONS
                .iter()
                .find(|(id, _)| atom.kind == Kind::Competition && atom.id == *id)
                .map(|(_, base)| *base)
        }) else {
            return;
        };
        let mut years = Vec::new();
        self.atoms.retain(|atom| {
            if let Some(n) = roman(&atom.text).filter(|_| base == SUPER_BOWL) {
                years.push(base + n);
                return false;
            }
            let year = match ordinal(&atom.text) {
                Some(n) if (20..150).contains(&n) => base + n,
                _ => return true,
            };
            years.push(year);
            false
        });
        self.dates.extend(years.into_iter().filter_map(calendar_year));
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

    /// Whether an atom of that kind and id is present.
    pub(crate) fn has(&self, kind: Kind, id: &str) -> bool {
        self.atoms.iter().any(|atom| atom.kind == kind && atom.id == id)
    }
}

/// Initials of every three to six capitalised words in a row; `of`, `the`, `and`, `for` between them count for nothing.
fn initials(tokens: &[Token]) -> Vec<Initials> {
    let small = |t: &Token| matches!(t.text.as_str(), "of" | "the" | "and" | "for" | "&");
    let mut out = Vec::new();
    for from in 0..tokens.len() {
        let mut letters = String::new();
        for (to, token) in tokens.iter().enumerate().skip(from) {
            if small(token) && !letters.is_empty() {
                continue;
            }
            let Some(letter) = token.text.chars().next().filter(|_| token.capital) else { break };
            letters.push(letter);
            if letters.len() > 6 {
                break;
            }
            if letters.len() > 2 {
                out.push(Initials { letters: letters.clone(), from, to });
            }
        }
    }
    out
}

/// The runs of capitalised words behind `according to`, `as reported by` and the like.
fn reports(tokens: &[Token]) -> Vec<std::ops::Range<usize>> {
    let word = |i: usize| tokens.get(i).map_or("", |t| t.text.as_str());
    let opens = |i: usize| match word(i) {
        "to" => i > 0 && word(i - 1) == "according",
        "by" | "in" | "on" => {
            let told =
                ["reported", "published", "shown", "listed", "recorded", "measured", "given"];
            i > 0 && told.contains(&word(i - 1))
        }
        "per" => true,
        _ => false,
    };
    let named = |t: &Token| {
        t.capital || matches!(t.text.as_str(), "the" | "of" | "and" | "for" | "-" | "(" | ")" | "&")
    };
    let starts = (0..tokens.len()).filter(|i| opens(*i));
    starts
        .map(|i| {
            let long = tokens[i + 1..].iter().take_while(|t| named(t)).count();
            i + 1..i + 1 + long
        })
        .filter(|run| !run.is_empty())
        .collect()
}

/// The tokens of names after `following` where the next one is asked for, and of those after `by` behind a title in quotes.
fn asides(tokens: &[Token], next: bool) -> Vec<usize> {
    let opens = |i: usize| match tokens[i].text.as_str() {
        "following" | "succeeding" | "replacing" => next,
        "by" => i > 0 && tokens[i - 1].text == "\"",
        _ => false,
    };
    let starts = (0..tokens.len()).filter(|i| opens(*i));
    starts
        .flat_map(|i| {
            let names = tokens[i + 1..].iter().take_while(|t| t.capital || t.text == ".").count();
            i + 1..i + 1 + names
        })
        .collect()
}

/// The words that stand behind a preposition or a conjunction, and adverbs.
fn narrowing(tokens: &[Token]) -> Vec<usize> {
    const BEFORE: [&str; 17] = [
        "in", "by", "of", "with", "without", "via", "against", "into", "from", "to", "for",
        "under", "during", "at", "and", "or", "as",
    ];
    const ARTICLES: [&str; 9] = ["a", "an", "the", "any", "its", "his", "her", "their", "-"];
    let behind = |i: usize| {
        let before = tokens[..i].iter().rev().find(|t| !ARTICLES.contains(&t.text.as_str()));
        before.is_some_and(|t| BEFORE.contains(&t.text.as_str()))
    };
    let narrows = |i: &usize| {
        let word = tokens[*i].text.as_str();
        let adverb = word.len() > 5 && word.ends_with("ly");
        tokens[*i].word && (adverb || behind(*i))
    };
    (0..tokens.len()).filter(narrows).collect()
}

/// The atoms of phrases behind the predicate that say where, how or at what it happens. A phrase ends where another preposition or
/// a mark begins.
fn adjuncts(tokens: &[Token], atoms: &[Atom], verb: Option<usize>) -> Vec<usize> {
    const OPENING: [&str; 12] = [
        "in", "by", "during", "at", "with", "via", "inside", "within", "against", "through",
        "using", "on",
    ];
    const CLOSING: [&str; 9] = ["of", "for", "to", "from", "as", "than", "if", "that", "who"];
    let Some(verb) = verb else { return Vec::new() };
    let mut open = false;
    let mut out = Vec::new();
    for (i, token) in tokens.iter().enumerate().skip(verb + 1) {
        if !token.word && !matches!(token.text.as_str(), "-" | "/" | "\"") {
            open = false;
        } else if OPENING.contains(&token.text.as_str()) {
            open = true;
        } else if CLOSING.contains(&token.text.as_str()) {
            open = false;
        } else if open && atoms.iter().any(|a| a.at == i) {
            out.push(i);
        }
    }
    out
}

/// Predicates of which one is enough, by the token they start at: those beside an `or`, and those of two clauses with `or` between
/// them (`announces that she will, or otherwise leaves`).
fn alternatives(tokens: &[Token], atoms: &[Atom]) -> Vec<usize> {
    const AUXILIARY: [&str; 16] = [
        "otherwise",
        "officially",
        "publicly",
        "formally",
        "actually",
        "has",
        "have",
        "had",
        "been",
        "is",
        "be",
        "will",
        "to",
        "either",
        "that",
        "who",
    ];
    let verbs = || atoms.iter().filter(|a| a.kind == Kind::Verb);
    let end = |a: &Atom| a.at + a.text.split_whitespace().count();
    let mut out = Vec::new();
    for or in (0..tokens.len()).filter(|i| tokens[*i].text == "or") {
        let skipped = tokens[or + 1..].iter().take_while(|t| AUXILIARY.contains(&t.text.as_str()));
        let next = or + 1 + skipped.count();
        let before = verbs().rfind(|a| a.at < or && or - a.at <= 10);
        out.extend(verbs().filter(|a| end(a) == or).map(|a| a.at));
        if verbs().any(|a| a.at == next) {
            out.extend(before.map(|a| a.at).into_iter().chain([next]));
        }
    }
    out.sort_unstable();
    out.dedup();
    out
}

/// The words on both sides of every `or` and `and`.
fn coordinated(tokens: &[Token]) -> Vec<usize> {
    const COMPARING: [&str; 10] = [
        "more", "fewer", "less", "higher", "lower", "later", "earlier", "better", "above", "below",
    ];
    let or = (1..tokens.len()).filter(|i| matches!(tokens[*i].text.as_str(), "or" | "and"));
    let counted =
        |i: &usize| tokens.get(i + 1).is_some_and(|next| COMPARING.contains(&next.text.as_str()));
    or.filter(|i| !counted(i)).flat_map(|i| [i - 1, i + 1]).collect()
}

/// Neighbouring atoms with `and` or `or` between them.
fn joined(tokens: &[Token], atoms: &[Atom]) -> Vec<(String, String, bool)> {
    let pairs = atoms.windows(2).filter_map(|two| {
        let [a, b] = two else { return None };
        let word = tokens.get(b.at.checked_sub(1)?)?.text.as_str();
        let or = word == "or";
        (or || word == "and").then(|| (a.id.clone(), b.id.clone(), or))
    });
    pairs.collect()
}

/// Whether a date is when figures are due (`scheduled to be released December 4`), not when something happens.
fn of_a_report(tokens: &[Token], when: &When, behind: bool) -> bool {
    let before = &tokens[when.start.saturating_sub(6)..when.start];
    let has = |words: &[&str]| before.iter().any(|t| words.contains(&t.text.as_str()));
    let named = before.iter().rev().find(|t| !matches!(t.text.as_str(), "of" | "the" | "on"));
    let report =
        named.is_some_and(|t| {
            matches!(t.text.as_str(), "report" | "release" | "statement" | "publication")
        }) || before.windows(2).any(|two| two[0].text == "released" && two[1].text == "by");
    // Beside the time the figures are about.
    let due = has(&["published", "due", "issued"]) && when.tie == Tie::On;
    let published = behind && when.is_day() && (report || due);
    has(&["scheduled"]) && has(&["released", "release", "published"]) || published
}

/// The `2026 NFL season` is that of 2026-27: such a season is named by the year it begins in.
fn season(tokens: &[Token], when: &mut When, league: Option<&str>) {
    let behind = tokens.get(when.stop..).unwrap_or_default();
    let named = behind.iter().take_while(|t| t.word).take(6).position(|t| t.stem == "season");
    let Some(at) = named.filter(|_| when.is_year()) else { return };
    let football = |t: &Token| matches!(t.text.as_str(), "nfl" | "football");
    let college =
        tokens.windows(2).any(|two| two[0].text == "college" && two[1].text == "football");
    if !(college || behind[..at].iter().any(football) || matches!(league, Some("nfl" | "ncaaf"))) {
        return;
    }
    let year = when.first.year();
    let (first, end) = (Date::new(year, 7, 1), Date::new(year + 1, 7, 1));
    if let (Ok(first), Ok(end)) = (first, end) {
        (when.first, when.end, when.season) = (first, end, true);
    }
}

/// The names on both sides of `vs`, and of `at` where a game or match is spoken of.
fn versus(tokens: &[Token]) -> Option<[std::ops::Range<usize>; 2]> {
    let game = tokens.iter().any(|t| {
        matches!(
            t.stem.as_str(),
            "game" | "gam" | "match" | "fight" | "winner" | "final" | "semifinal"
        )
    });
    let between = |t: &Token| {
        matches!(t.text.as_str(), "vs" | "versus" | "v") || game && t.text == "at" && !t.capital
    };
    // "The semi-final between India and England".
    let both = |i: usize| {
        let named = tokens[..i].iter().rev().take_while(|t| t.capital).count();
        game && tokens[i].text == "and"
            && named > 0
            && i.checked_sub(named + 1).is_some_and(|opening| tokens[opening].text == "between")
    };
    let named = |t: &Token| t.capital || matches!(t.text.as_str(), "." | "-" | "de" | "&" | "of");
    let at = (1..tokens.len()).find(|i| {
        (between(&tokens[*i]) || both(*i))
            && tokens[i - 1].capital
            && tokens[i + 1..].iter().take(2).any(|t| t.capital)
    })?;
    let left = tokens[..at].iter().rev().take_while(|t| named(t)).count();
    let right = tokens[at + 1..].iter().take_while(|t| named(t)).count();
    Some([at - left..at, at + 1..at + 1 + right])
}

/// Whether somebody `makes` a competition, which is to take part in it: `makes March Madness`, `make 2026 Eurovision`.
fn made(tokens: &[Token], used: &[bool], at: usize, league: Option<&str>) -> bool {
    if !matches!(tokens[at].text.as_str(), "make" | "makes" | "made") {
        return false;
    }
    let next = (at + 1..tokens.len()).find(|i| !used[*i]);
    let concept = next.and_then(|next| Lexicon::standard().longest(tokens, next, league));
    concept.is_some_and(|(concept, _)| concept.kind == Kind::Competition)
}

/// The number of `first` to `fourth`.
fn rank(atom: &Atom) -> Option<i16> {
    let at = ["first", "second", "third", "fourth"].iter().position(|id| *id == atom.id)?;
    i16::try_from(at + 1).ok().filter(|_| atom.kind == Kind::Rank)
}

/// Whether the negation at `at` stands in a relative clause: `that did not`, `who has never`.
fn relative(tokens: &[Token], at: usize) -> bool {
    let word = |n: usize| at.checked_sub(n).map_or("", |i| tokens[i].text.as_str());
    matches!(word(2), "that" | "who" | "which" | "whose")
        && matches!(word(1), "did" | "does" | "do" | "has" | "have" | "had" | "is" | "are" | "was")
        && at > 3
}

/// A time of day (`12:00`) or a length of time (`1 minute`) is not an amount.
fn clock(tokens: &[Token], at: usize) -> Option<usize> {
    let number =
        |i: usize| tokens.get(i).is_some_and(|t| t.text.starts_with(|c: char| c.is_ascii_digit()));
    if matches!(tokens[at].text.as_str(), "seconds" | "minutes" | "hours") {
        return Some(at + 1);
    }
    let next = tokens.get(at + 1)?;
    if !number(at) {
        return None;
    }
    if matches!(next.text.as_str(), "am" | "pm") {
        let zone = |t: &Token| crate::when::zone(&t.text).is_some();
        return Some(at + 2 + usize::from(tokens.get(at + 2).is_some_and(zone)));
    }
    if next.text == ":" && number(at + 2) {
        let word = |i: usize| tokens.get(i).map_or("", |t| t.text.as_str());
        let mut end = at + 3;
        end += usize::from(matches!(word(end), "am" | "pm"));
        end += usize::from(crate::when::zone(word(end)).is_some());
        return Some(end);
    }
    let length = matches!(next.stem.as_str(), "minut" | "hour" | "second" | "day" | "week");
    (length && !lasting(tokens, at)).then_some(at + 1)
}

/// Whether the length of time at `at` is what is asked for: `lasts more than 10 days`.
fn lasting(tokens: &[Token], at: usize) -> bool {
    let before = &tokens[at.saturating_sub(6)..at];
    let lasts = |t: &Token| matches!(t.text.as_str(), "last" | "lasts" | "lasting" | "lasted");
    before.iter().any(lasts)
        && before.iter().any(|t| matches!(t.text.as_str(), "than" | "least" | "most" | "exactly"))
}

fn join(tokens: &[Token]) -> String {
    let mut out = String::new();
    for token in tokens {
        if !out.is_empty() && token.word {
            out.push(' ');
        }
        out.push_str(&token.text);
    }
    out
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

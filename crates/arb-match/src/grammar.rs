//! The function words of English that reading goes by: denials, articles, prepositions, auxiliaries, comparatives, numbers. Words of the
//! domain are in `data/`.

/// Words that deny a sentence.
pub(crate) const NEGATIONS: [&str; 15] = [
    "no", "unless", "refrain", "not", "never", "wont", "isnt", "doesnt", "didnt", "cannot",
    "without", "neither", "nor", "fail", "arent",
];

/// Words that begin a label such as `Above 72` and are no names.
pub(crate) const LABEL_COMPARATORS: [&str; 14] = [
    "above", "over", "below", "under", "exactly", "at", "more", "less", "fewer", "between",
    "before", "after", "least", "most",
];

/// What compares a number with another, anywhere in a text.
pub(crate) const COMPARATORS: [&str; 12] = [
    "at least",
    "more than",
    "above",
    "over",
    "or more",
    "greater",
    "below",
    "less",
    "fewer",
    "between",
    "exactly",
    "under",
];

/// Comparatives that may stand behind an `or`: `25 or more`.
pub(crate) const COMPARATIVES: [&str; 10] =
    ["more", "fewer", "less", "higher", "lower", "later", "earlier", "better", "above", "below"];

/// What may stand between an `or` and the verb it offers.
pub(crate) const AUXILIARIES: [&str; 16] = [
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

/// Articles and what stands in their place.
pub(crate) const ARTICLES: [&str; 9] = ["a", "an", "the", "any", "its", "his", "her", "their", "-"];

/// Prepositions and conjunctions, behind which a word narrows what is said.
pub(crate) const JOINING: [&str; 17] = [
    "in", "by", "of", "with", "without", "via", "against", "into", "from", "to", "for", "under",
    "during", "at", "and", "or", "as",
];

/// Prepositions that say where, how or at what something happens.
pub(crate) const PLACING: [&str; 12] = [
    "in", "by", "during", "at", "with", "via", "inside", "within", "against", "through", "using",
    "on",
];

/// Words that end a phrase behind one of those.
pub(crate) const ENDING_A_PHRASE: [&str; 9] =
    ["of", "for", "to", "from", "as", "than", "if", "that", "who"];

/// What may stand between `including` and a round.
pub(crate) const BEFORE_A_ROUND: [&str; 9] =
    ["of", "any", "a", "the", "possible", "potential", "necessary", "subsequent", "eventual"];

/// Roman numerals of more than a letter.
pub(crate) const ROMAN_NUMERALS: [(&str, &str); 17] = [
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

/// The numbers from two to twelve as words.
pub(crate) const NUMBERS_FROM_TWO: [&str; 11] =
    ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];

/// Abbreviations whose point ends no sentence.
pub(crate) const ABBREVIATIONS: [&str; 19] = [
    "Jr", "Sr", "St", "vs", "v", "Dr", "Mr", "Mrs", "Inc", "Gov", "Sen", "Rep", "Bros", "Corp",
    "Co", "Ltd", "Lt", "Mt", "Ft",
];

/// What begins a sentence and no name.
pub(crate) const SENTENCE_OPENINGS: [&str; 9] =
    ["In", "If", "This", "Otherwise", "It", "The", "Should", "For", "Any"];

/// Words that turn a sentence and are no stop words.
pub(crate) const TURNING: [&str; 22] = [
    "yes",
    "no",
    "not",
    "never",
    "unless",
    "except",
    "without",
    "before",
    "above",
    "below",
    "least",
    "most",
    "any",
    "all",
    "only",
    "both",
    "neither",
    "none",
    "until",
    "otherwise",
    "more",
    "less",
];

/// Superlatives.
pub(crate) const SUPERLATIVES: [&str; 8] =
    ["best", "most", "highest", "largest", "biggest", "lowest", "worst", "fastest"];

/// Superlatives of size, which say the same of a number.
pub(crate) const GREATEST: [&str; 4] = ["highest", "largest", "biggest", "greatest"];

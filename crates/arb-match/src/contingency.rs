//! What the rules say about the cases their condition leaves open: a tie, a cancelled or postponed event, nothing decided by a day,
//! a part of the event that does not count.

mod cases;
mod payouts;
mod sentences;
mod siblings;

use self::cases::{cases, parts};
use self::payouts::payout;
pub(crate) use self::sentences::sentences;
use self::siblings::names;
pub(crate) use self::siblings::sibling;
use crate::table::group;
use crate::text::tokens;
use crate::when::{Around, Tie, dates};

/// A case beside the condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Case {
    Tie,
    Cancelled,
    Postponed,
    /// Nothing is decided by a day.
    Undecided,
    Death,
    /// It can no longer happen.
    Impossible,
    /// It can no longer fail.
    Certain,
    /// Whatever the condition does not cover.
    Otherwise,
    /// Any other condition that pays YES.
    AlsoYes,
    /// Overtime, extra time, penalties.
    Overtime,
    /// The second round of a vote.
    RunOff,
    /// A half, quarter, period, set or map instead of the whole.
    PartOnly,
}

impl Case {
    /// The term of a printed difference.
    pub(crate) const fn term(self) -> &'static str {
        match self {
            Self::Tie => "tie",
            Self::Cancelled => "void",
            Self::Postponed => "postponement",
            Self::Undecided => "fallback",
            Self::Death => "death",
            Self::Impossible | Self::Certain | Self::Otherwise => "polarity",
            Self::AlsoYes => "also",
            Self::Overtime => "overtime",
            Self::RunOff => "second round",
            Self::PartOnly => "part",
        }
    }
}

/// What is paid in a case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Payout {
    Yes,
    No,
    /// The first or the second of two named sides.
    Side(usize),
    /// The lowest of several ranges.
    Lowest,
    /// Half each, a fair price, the last price, the stake back: nobody wins.
    Even,
    /// The market waits.
    Open,
    /// The tied name that comes first in the alphabet.
    Alphabet,
    /// What the organiser decides.
    Official,
    /// The part counts, or it does not.
    Counts,
    CountsNot,
    /// Something else, in the words of the rules.
    Other(String),
}

impl std::fmt::Display for Payout {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Yes => "pays yes",
            Self::No => "pays no",
            Self::Side(0) => "pays the first side",
            Self::Side(_) => "pays the second side",
            Self::Lowest => "pays the lowest range",
            Self::Even => "pays neither side",
            Self::Open => "stays open",
            Self::Alphabet => "pays the first in the alphabet",
            Self::Official => "as the organiser decides",
            Self::Counts => "counts",
            Self::CountsNot => "does not count",
            Self::Other(text) => text,
        })
    }
}

/// One case and what is paid in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Contingency {
    pub(crate) case: Case,
    pub(crate) payout: Payout,
    /// Seconds since 1970: the day by which something must be decided.
    pub(crate) deadline: Option<i64>,
    /// Whether it applies only beyond a limit (`rescheduled to over two weeks away`).
    pub(crate) limited: bool,
    /// The sentence, in lower case.
    pub(crate) sentence: String,
}

/// Reads all contingencies of a rule text. `title` is the question with the label of its outcome, `condition` the sentence the market
/// is about, in lower case; `sides` are the names of its outcomes where they are not yes and no.
pub(crate) fn contingencies(
    rules: &str,
    title: &str,
    condition: Option<&str>,
    sides: Option<&[String; 2]>,
    around: Around,
) -> Vec<Contingency> {
    let mut out: Vec<Contingency> = Vec::new();
    for sentence in sentences(rules) {
        let lower = sentence.to_lowercase();
        // "the market called Tie resolves to Yes" is about another market of the event.
        let own = condition.is_some_and(|condition| lower.contains(condition))
            || lower.contains("market called")
            || lower.starts_with("if so,")
            || ["yes if so", "yes if this happens", "yes if it does"].iter().any(|w| lower.contains(w))
            // "This market will resolve to the team that …" is the condition, whatever a tie is in it.
            || sides.is_some() && decides(&lower)
            || lower.contains("market will resolve to yes and");
        // Whoever gives up a match that has begun has lost it, as everywhere.
        if given_up(&lower) {
            continue;
        }
        let mut payout = payout(&lower, sides);
        // "… then the strike for Fed maintains rate will resolve to yes and all others will resolve to no"
        if payout == Some(Payout::Yes) && lower.contains("all others") {
            payout = Some(Payout::No);
        }
        if let Some(name) = sibling(&lower) {
            payout = Some(if names(title, name) { Payout::Yes } else { Payout::No });
        }
        // "…, regardless of whether it starts afterwards" takes nothing from the condition.
        let said = lower.split(" regardless ").next().unwrap_or(&lower);
        let mut add = |case: Case, payout: Payout, deadline: Option<i64>| {
            let limited = limited(&lower);
            let sentence = said.to_owned();
            let found = Contingency { case, payout, deadline, limited, sentence };
            let same = |held: &&Contingency| {
                held.case == case
                    && held.payout == found.payout
                    && held.deadline == deadline
                    && held.limited == limited
                    // Two other ways to YES are two, each with words of its own.
                    && (case != Case::AlsoYes || held.sentence == found.sentence)
            };
            if !out.iter().any(|held| same(&held)) {
                out.push(found);
            }
        };
        for (case, counts) in parts(&lower) {
            add(case, if counts { Payout::Counts } else { Payout::CountsNot }, None);
        }
        if let Some(otherwise) = lower.find("otherwise")
            && let Some(paid) = self::payout(&lower[otherwise..], sides)
        {
            add(Case::Otherwise, paid, None);
        }
        let Some(payout) = payout.filter(|_| !own && !lower.starts_with("otherwise")) else {
            continue;
        };
        let undecided = undecided(&sentence, &lower, around);
        let cases = cases(&lower);
        for case in &cases {
            add(*case, payout.clone(), None);
        }
        if let Some(deadline) = undecided {
            add(Case::Undecided, payout.clone(), Some(deadline));
        }
        if cases.is_empty() && undecided.is_none() && lost_by_a_second_round(&lower, &payout) {
            add(Case::RunOff, Payout::CountsNot, None);
        }
        if lower.starts_with("unless ") {
            add(Case::Undecided, Payout::Other(lower.clone()), None);
        }
        // "Will not be sufficient for a Yes resolution" takes something out, it adds nothing.
        if payout == Payout::Yes && cases.is_empty() && denies_yes(&lower) {
            continue;
        }
        // "For this market to resolve to Yes, the images must be authentic" narrows the condition, it does not add one.
        let narrows = [" must ", "only ", "in order", "require"].iter().any(|w| lower.contains(w));
        if cases.is_empty() && undecided.is_none() && payout == Payout::Yes && !narrows {
            add(Case::AlsoYes, payout, None);
        }
    }
    out
}

/// `If a runoff is held, the market resolves to No.`
fn lost_by_a_second_round(lower: &str, payout: &Payout) -> bool {
    let held = lower.strip_prefix("if ").and_then(|rest| rest.split_once(','));
    let held = held.is_some_and(|(held, _)| {
        let denied = [" not ", "n't ", " no runoff", " no second"].iter().any(|w| held.contains(w));
        group("second_round").iter().any(|words| held.contains(words)) && !denied
    });
    held && *payout == Payout::No
}

/// Whether a sentence says of something that it does not make a market YES.
fn denies_yes(lower: &str) -> bool {
    !lower.starts_with("if ") && group("not_enough").iter().any(|words| lower.contains(words))
}

/// Whether a sentence pays the one who comes through when the other gives up or is disqualified in a match that has begun.
fn given_up(lower: &str) -> bool {
    let said = |name: &str| group(name).iter().any(|words| lower.contains(words));
    ["match_has_begun", "gives_up", "comes_through"].into_iter().all(said)
}

/// Whether a sentence says by what a market of two sides is decided.
fn decides(lower: &str) -> bool {
    ["this market will resolve to the ", "the market will resolve to the "].iter().any(|words| {
        let rest = lower.strip_prefix(words).unwrap_or_default();
        rest.split(' ').take(3).any(|word| matches!(word, "that" | "who" | "which"))
    })
}

/// Whether a sentence applies only beyond some limit.
fn limited(lower: &str) -> bool {
    [
        "beyond",
        "more than",
        "over ",
        "later than",
        "within",
        "not completed",
        "not played",
        "after ",
    ]
    .iter()
    .any(|words| lower.contains(words))
}

/// The deadline of `If no winner is declared by June 30, 2025, …`.
fn undecided(sentence: &str, lower: &str, around: Around) -> Option<i64> {
    let denied = [" no ", " not ", "n't ", "neither ", "nothing ", " none "]
        .iter()
        .any(|word| lower.contains(word));
    if !denied || !lower.contains("if ") {
        return None;
    }
    let cut = ["resolve", "settle"].iter().filter_map(|verb| lower.find(verb)).min();
    // Lower case may be longer than the text in other scripts: then the whole sentence is read.
    let head = cut.and_then(|cut| sentence.get(..cut)).unwrap_or(sentence);
    let found = dates(&tokens(head), around);
    found.into_iter().find(|when| matches!(when.tie, Tie::Before | Tie::By))?.deadline()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(rules: &str) -> Vec<(Case, Payout)> {
        let around = Around { end: jiff::civil::Date::new(2025, 6, 1).ok() };
        let sides = ["Heat".to_owned(), "Kings".to_owned()];
        contingencies(rules, "Heat vs. Kings", Some("if the heat win"), Some(&sides), around)
            .into_iter()
            .map(|found| (found.case, found.payout))
            .collect()
    }

    #[test]
    fn sentences_of_both_venues() {
        for (rules, want) in [
            (
                "If the game is canceled entirely, with no make-up game, this market will resolve 50-50.",
                vec![(Case::Cancelled, Payout::Even)],
            ),
            (
                "If the game is postponed, this market will remain open until the game has been completed.",
                vec![(Case::Postponed, Payout::Open)],
            ),
            (
                "If the game is canceled, this market will resolve to \"Kings\".",
                vec![(Case::Cancelled, Payout::Side(1))],
            ),
            (
                "If for any reason no winner is declared by June 30, 2025, 11:59 PM ET, or in case of a tie for winner, this market will resolve in favor of the nominated film which comes first in alphabetical order.",
                vec![(Case::Tie, Payout::Alphabet), (Case::Undecided, Payout::Alphabet)],
            ),
            (
                "If the result of this election isn't known by July 31, 2025, 11:59 PM ET, the market will resolve to \"No\".",
                vec![(Case::Undecided, Payout::No)],
            ),
            (
                "If the game is cancelled or rescheduled to over two weeks away, the market will resolve to a fair price in accordance with the rules.",
                vec![(Case::Cancelled, Payout::Even), (Case::Postponed, Payout::Even)],
            ),
            (
                "The result will be determined based on the final score including any overtime periods.",
                vec![(Case::Overtime, Payout::Counts)],
            ),
            (
                "after 90 minutes plus stoppage time (does not include extra time or penalties)",
                vec![(Case::Overtime, Payout::CountsNot)],
            ),
            (
                "The result will be determined by the score at the end of regulation.",
                vec![(Case::Overtime, Payout::CountsNot)],
            ),
            (
                "This market includes any potential second round.",
                vec![(Case::RunOff, Payout::Counts)],
            ),
            (
                "This market refers only to the first round.",
                vec![(Case::RunOff, Payout::CountsNot)],
            ),
            (
                "An announcement will qualify for a \"Yes\" resolution.",
                vec![(Case::AlsoYes, Payout::Yes)],
            ),
            ("Otherwise, this market will resolve to \"No\".", vec![(Case::Otherwise, Payout::No)]),
            ("If the Heat win, the market will resolve to \"Heat\".", vec![]),
            ("The resolution source will be information from the league.", vec![]),
        ] {
            assert_eq!(read(rules), want, "{rules}");
        }
    }
}

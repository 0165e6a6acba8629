//! What one side says and the other does not explain, and how much each word of it matters.

use std::collections::BTreeSet;

use super::incidental::incidental;
use super::lesser::Lesser;
use super::windows::fine;
use crate::lexicon::Kind;
use crate::reading::Reading;
use crate::statement::{Atom, Statement};
use crate::table::{group, opposed};

/// What one side says and the other does not explain.
#[derive(Debug, Clone, Default)]
pub(super) struct Residue {
    pub(super) atoms: Vec<(Atom, f64)>,
}

impl Residue {
    pub(super) fn of(statement: &Statement, mine: &Reading, other: &Reading) -> Self {
        let lesser = Lesser::of(statement, other);
        let atoms = statement
            .atoms
            .iter()
            .enumerate()
            .map(|(i, atom)| {
                // In a match of two named players the surnames say who.
                let surname = statement
                    .atoms
                    .get(i + 1)
                    .filter(|_| other.sides.is_some() || statement.sided)
                    .filter(|next| next.kind == Kind::Name && next.at == atom.at + 1);
                let known = surname.is_some_and(|next| other.explains(next) >= 0.9);
                let mut w = weight(atom, other);
                // A team plays once a day: the day and one of them name the match.
                let last = statement.atoms.last().map(|a| a.at);
                let teams: BTreeSet<&str> = statement
                    .atoms
                    .iter()
                    .filter(|a| a.kind == Kind::Team)
                    .map(|a| a.id.as_str())
                    .collect();
                let opponent = atom.kind == Kind::Team
                    && teams.len() <= 2
                    && other.sides.is_none()
                    && fine(other)
                    && statement.verb_at.is_some_and(|verb| atom.at > verb || last == Some(verb))
                    && statement.atoms.iter().any(|a| {
                        a.kind == Kind::Team && a.id != atom.id && other.explains(a) >= 0.9
                    });
                if opponent && !other.has_kind_besides(atom, statement) {
                    w = w.min(0.3);
                }
                // The day and the teams name the match, whatever it is played for.
                let played_for = atom.kind == Kind::Competition
                    && statement.versus.is_some()
                    && fine(other)
                    && !other.has_kind(Kind::Competition);
                // Winning a primary is being nominated.
                let primary = atom.kind == Kind::Verb
                    && atom.id == "win"
                    && statement.has(Kind::Stage, "primary")
                    && other.has(Kind::Verb, "nominate");
                // Resigning is one of the ways to leave that both count.
                let way = atom.kind == Kind::Verb
                    && matches!(atom.id.as_str(), "resign" | "fire")
                    && statement.has(Kind::Verb, "leave_office")
                    && (other.has(Kind::Verb, "leave_office") || other.has(Kind::Verb, "leave"));
                if atom.kind == Kind::Verb && atom.id == "leave" && leaves_a_place(statement) {
                    w = if other.has(Kind::Verb, "leave") { 0.0 } else { 1.0 };
                }
                // The rules call by the office whom the question calls by name.
                let titled = atom.kind == Kind::Office
                    && atom.id == "president"
                    && statement.named_in_question
                    && !of_a_place(statement, atom);
                // The next holder of an office is elected to it or sworn in.
                let installed = ["elected", "sworn in", "is elected", "be elected", "named"];
                let next = atom.kind == Kind::Verb
                    && atom.id == "win"
                    && installed.iter().any(|words| atom.text.starts_with(words))
                    && statement.has(Kind::Rank, "next")
                    && other.has(Kind::Rank, "next");
                // "Tie wins" is how a venue writes that nobody does.
                let tied = atom.kind == Kind::Verb
                    && atom.id == "win"
                    && statement.has(Kind::Outcome, "tie")
                    && other.has(Kind::Outcome, "tie");
                if titled
                    || tied
                    || in_a_cast(statement, i, other)
                    || met_in_person(atom, mine, other)
                    || fuller_name(statement, i, mine, other)
                    || implied(atom, statement, other)
                    || next
                    || way
                    || primary
                    || played_for
                    || lesser.atoms.contains(&atom.at)
                    || w >= 0.5 && incidental(atom, statement, mine, other)
                {
                    w = w.min(0.3);
                }
                (
                    atom.clone(),
                    if known && matches!(atom.kind, Kind::Name | Kind::Place) {
                        w.min(0.3)
                    } else {
                        w
                    },
                )
            })
            .filter(|(_, w)| *w > 0.0)
            .collect();
        Self { atoms }
    }

    pub(super) fn total(&self) -> f64 {
        self.atoms.iter().map(|(_, w)| w).sum()
    }

    pub(super) fn of_group(&self, group: Group) -> Vec<&Atom> {
        self.atoms
            .iter()
            .filter(|(atom, w)| *w >= 0.5 && Group::of(atom.kind) == group)
            .map(|(atom, _)| atom)
            .collect()
    }
}

/// Whether an office is said to be that of a country other than the United States: `Polish President`, `President of Poland`.
fn of_a_place(statement: &Statement, office: &Atom) -> bool {
    let behind = office.end()..office.end() + 3;
    let between = |a: &Atom| statement.atoms.iter().any(|b| b.at > office.at && b.at < a.at);
    let places = statement.atoms.iter().filter(|a| a.kind == Kind::Place && a.id != "us");
    places.into_iter().any(|a| a.end() == office.at || behind.contains(&a.at) && !between(a))
}

/// `Meets with Ann Berg in person`: the verb of a market that asks for a meeting in person.
fn met_in_person(atom: &Atom, mine: &Reading, other: &Reading) -> bool {
    atom.kind == Kind::Verb
        && atom.id == "meet"
        && mine.in_person
        && other.has(Kind::Verb, "meet_in_person")
}

/// Whether the atom is the surname of somebody in the cast of a show, whom the other market calls by the first name alone.
fn in_a_cast(statement: &Statement, i: usize, other: &Reading) -> bool {
    let named = |a: &Atom| a.kind == Kind::Name && a.text.chars().all(char::is_alphabetic);
    let [Some(first), Some(last)] = [i.checked_sub(1), Some(i)].map(|i| statement.atoms.get(i?))
    else {
        return false;
    };
    let called = |claim: &Statement| {
        let mut who = claim.subject().filter(|a| named(a)).peekable();
        who.peek().is_some() && who.all(|a| a.id == first.id)
    };
    let show = |a: &Atom| a.kind == Kind::Competition && a.id.starts_with("show_");
    named(first)
        && named(last)
        && first.at + 1 == last.at
        && statement.atoms.iter().any(|a| show(a) && other.has(a.kind, &a.id))
        && other.statements().all(called)
}

/// Whether the other side means it without saying it.
fn implied(atom: &Atom, statement: &Statement, other: &Reading) -> bool {
    let both = |kind: Kind, id: &str| statement.has(kind, id) && other.has(kind, id);
    // "Trades above 5 at any time" is being above 5 at any time.
    let ever = atom.kind == Kind::Verb
        && matches!(atom.id.as_str(), "reach" | "dip" | "trade")
        && both(Kind::Observation, "any_time");
    // Who nominates says nothing more where the other side only says who is nominated.
    let behind = |a: &Atom| statement.verb_at.is_some_and(|verb| a.at > verb);
    let nominee =
        |a: &Atom| behind(a) && a.kind == Kind::Name && other.subject().any(|b| b.id == a.id);
    let figure = atom.kind == Kind::Name && atom.id.contains('_') && !behind(atom);
    ever || figure && both(Kind::Verb, "nominate") && statement.atoms.iter().any(nominee)
}

/// Kinds of atoms that stand in for each other when they contradict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    Who,
    Place,
    Contest,
    Office,
    Act,
    Degree,
    Observation,
    Wording,
}

pub(super) const GROUPS: [Group; 7] = [
    Group::Who,
    Group::Place,
    Group::Contest,
    Group::Office,
    Group::Act,
    Group::Degree,
    Group::Observation,
];

impl Group {
    pub(super) const fn of(kind: Kind) -> Self {
        match kind {
            Kind::Name
            | Kind::Outcome
            | Kind::Team
            | Kind::Party
            | Kind::District
            | Kind::Asset
            | Kind::Organisation => Self::Who,
            Kind::Place => Self::Place,
            Kind::Competition | Kind::Category | Kind::League | Kind::Gender => Self::Contest,
            Kind::Office => Self::Office,
            Kind::Verb => Self::Act,
            Kind::Stage | Kind::Rank => Self::Degree,
            Kind::Observation | Kind::Measure => Self::Observation,
            Kind::Word | Kind::Source | Kind::Noise => Self::Wording,
        }
    }
}

/// How much it matters that `other` does not have this atom: 0 nothing, 1 a critical term.
pub(super) fn weight(atom: &Atom, other: &Reading) -> f64 {
    let explained = other.explains(atom);
    if explained >= 0.9 {
        return 0.0;
    }
    let in_rules = explained > 0.0;
    match atom.kind {
        Kind::Source | Kind::Noise => 0.0,
        Kind::League if !other.has_kind(Kind::League) => 0.0,
        // A chart of one country is not that of the world.
        Kind::Place if atom.id == "us" && other.has(Kind::Word, "global") => 1.0,
        Kind::Place if atom.id == "us" => 0.0,
        // What a company is worth on a day is what it is worth at the close.
        Kind::Observation if atom.id == "close" && other.has(Kind::Word, "market_cap") => 0.2,
        Kind::Outcome => 1.0,
        // A division is won in the regular season.
        Kind::Stage if atom.id == "regular" && other.in_a_division() => 0.2,
        // So are the awards for a season.
        Kind::Stage if atom.id == "regular" && awarded_for_a_season(other) => 0.2,
        // "be the champion" is winning; "the next election" is the one whose year the other side gives.
        Kind::Verb
            if atom.id == "win"
                && other.has_kind(Kind::Competition)
                && !other.has_kind(Kind::Verb) =>
        {
            0.2
        }
        // Who only comes onto the shortlist may not have won.
        Kind::Verb if atom.id == "win" && other.has(Kind::Verb, "finalist") => 1.0,
        // Leaving a body and leaving an office of it: which office is compared by itself.
        Kind::Verb if atom.id == "leave" && other.has(Kind::Verb, "leave_office") => 0.2,
        Kind::Verb
            if atom.id == "leave_office"
                && other.has(Kind::Verb, "leave")
                && !other.statements().any(leaves_a_place) =>
        {
            0.2
        }
        // The winner of a party's primary is its nominee.
        Kind::Verb if atom.id == "nominate" && other.has(Kind::Stage, "primary") => 0.2,
        Kind::Stage if atom.id == "primary" && other.has(Kind::Verb, "nominate") => 0.2,
        // The next holder of an office is appointed to it.
        Kind::Verb if atom.id == "appoint" && other.has(Kind::Rank, "next") => 0.2,
        // Inflation of 0.3 % and prices that rise by 0.3 % are one number.
        Kind::Verb if atom.id == "raise" && other.measures_a_change() => 0.2,
        // "Meets with Ann Berg in person".
        Kind::Verb
            if atom.id == "meet_in_person" && other.in_person && other.has(Kind::Verb, "meet") =>
        {
            0.0
        }
        // What a central bank changes at its meeting are its interest rates.
        Kind::Word if atom.id == "rate" && sets_rates(other) => 0.2,
        Kind::Verb
            if atom.id == "meet" && atom.text.starts_with("meeting") && sets_rates(other) =>
        {
            0.2
        }
        // Whom an interim holder does not count against is permanent.
        Kind::Word if atom.text == "permanent" && excludes_interim(other) => 0.2,
        // Figures are released.
        Kind::Verb if atom.id == "release" && other.has_kind(Kind::Measure) => 0.2,
        Kind::Word
            if group("only_a_number").contains(&atom.id.as_str())
                && other.has_kind(Kind::Measure) =>
        {
            0.2
        }
        // The week of a weekly figure, the quarter of output.
        Kind::Word if atom.id == "weekly" && other.mentions("week") => 0.2,
        Kind::Word if atom.id == "quarterly" && other.has(Kind::Measure, "gdp") => 0.2,
        // Whoever is sworn in as a senator has won the seat.
        Kind::Word if atom.id == "senator" && other.has(Kind::Office, "us_senate") => 0.2,
        Kind::Word if atom.id == "pric" && other.has_kind(Kind::Asset) => 0.2,
        // "CPI rises in August" is the change from July.
        Kind::Measure
            if atom.id == "mom"
                && other.has(Kind::Verb, "raise")
                && !other.has(Kind::Measure, "yoy") =>
        {
            0.3
        }
        // The first of a group or a race has won it.
        Kind::Rank
            if atom.id == "top_votes"
                && other.has(Kind::Verb, "win")
                && (other.has_kind(Kind::Competition)
                    || group("won_by_coming_first").iter().any(|stem| other.has_stem(stem))) =>
        {
            0.2
        }
        Kind::Rank if atom.id == "next" && other.votes_in_a_year() => 0.3,
        // The first person who is nominated from now on is the next.
        Kind::Rank
            if matches!(atom.text.as_str(), "first person" | "first individual")
                && other.has(Kind::Rank, "next") =>
        {
            0.2
        }
        Kind::Competition | Kind::Category if in_rules && other.has_kind(atom.kind) => 1.0,
        Kind::Name | Kind::Word if in_rules => 0.1,
        // Rules that also speak of a raise do not make a cut of it.
        Kind::Verb if in_rules && turned(atom, other) => 1.0,
        Kind::Verb if in_rules => 0.2,
        _ if in_rules => 0.3,
        Kind::Word => 0.5,
        _ => 1.0,
    }
}

/// Whether the other market asks for what excludes it.
fn turned(atom: &Atom, other: &Reading) -> bool {
    let mut asked = other.statements().flat_map(|s| &s.atoms).filter(|a| a.kind == Kind::Verb);
    asked.any(|a| opposed(&a.id, &atom.id))
}

/// Whether it is about a decision on interest rates.
pub(super) fn sets_rates(reading: &Reading) -> bool {
    let bps = |s: &Statement| s.amounts.iter().any(|a| a.unit == "bps");
    reading.has(Kind::Verb, "hold_rates")
        || reading.statements().any(bps)
            && ["raise", "cut"].iter().any(|id| reading.has(Kind::Verb, id))
}

fn excludes_interim(reading: &Reading) -> bool {
    reading.definitions.iter().any(|d| !d.counts && d.sentence.contains("interim"))
}

/// Whether it is an outer name of somebody in a vote whom the other market calls by two names that stand before it: Rodrigo Paz is
/// also Rodrigo Paz Pereira.
fn fuller_name(statement: &Statement, i: usize, mine: &Reading, other: &Reading) -> bool {
    let suffix = |a: &Atom| matches!(a.id.as_str(), "jr" | "sr" | "ii" | "iii");
    let plain = |a: &Atom| {
        a.kind == Kind::Name
            && a.text.len() > 2
            && !suffix(a)
            && a.text.chars().all(char::is_alphabetic)
    };
    let atoms = &statement.atoms;
    let vote = |r: &Reading| r.has_kind(Kind::Office) && r.has(Kind::Verb, "win");
    if !plain(&atoms[i]) || !vote(mine) || !vote(other) {
        return false;
    }
    let mut first = i;
    while first > 0 && plain(&atoms[first - 1]) && atoms[first - 1].at + 1 == atoms[first].at {
        first -= 1;
    }
    let run = &atoms[first..i];
    let known = run.iter().filter(|a| other.explains(a) >= 0.9).count();
    let mut called = other.subject().filter(|a| a.kind == Kind::Name);
    known >= 2 && called.all(|a| run.iter().any(|b| b.id == a.id))
}

/// Whether it is about an award that is given for the regular season.
pub(super) fn awarded_for_a_season(reading: &Reading) -> bool {
    group("regular_season_award").iter().any(|id| reading.has(Kind::Competition, id))
}

/// Leaving Iran is not leaving an office.
pub(super) fn leaves_a_place(statement: &Statement) -> bool {
    statement.atoms.windows(2).any(|two| {
        let [verb, place] = two else { return false };
        let next = verb.end();
        let leave = verb.kind == Kind::Verb && verb.id == "leave";
        leave && place.kind == Kind::Place && (place.at == next || place.at == next + 1)
    })
}

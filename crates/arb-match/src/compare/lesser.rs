//! Names that may be left out without another person, team or thing being meant.

use std::collections::BTreeSet;

use super::incidental::telling;
use super::windows::fine;
use crate::lexicon::{Kind, Lexicon};
use crate::reading::Reading;
use crate::statement::{Atom, Statement};
use crate::table::group;
use crate::when::When;

/// Names that may be left out without another person, team or thing being meant, by the token they start at.
pub(super) struct Lesser {
    pub(super) atoms: BTreeSet<usize>,
}

impl Lesser {
    pub(super) fn of(statement: &Statement, other: &Reading) -> Self {
        let mut found = Self { atoms: BTreeSet::new() };
        found.initials(statement, other);
        found.opponent(statement, other);
        found.nickname(statement, other);
        found.inner_name(statement, other);
        found.endings(statement, other);
        found.maker(statement, other);
        found.club_initials(statement, other);
        found.in_one_word(statement, other);
        found.of_match(statement, other);
        found.report(statement, other);
        found.body(statement, other);
        found.atoms.extend(&statement.asides);
        found
    }

    /// `Grand Theft Auto` where the other side says `GTA`.
    pub(super) fn initials(&mut self, statement: &Statement, other: &Reading) {
        for run in statement.initials.iter().filter(|run| other.has(Kind::Name, &run.letters)) {
            let inside = statement.atoms.iter().filter(|a| a.at >= run.from && a.at <= run.to);
            self.atoms.extend(inside.map(|a| a.at));
        }
    }

    /// A side plays once a day: the day and one of them name the match.
    pub(super) fn opponent(&mut self, statement: &Statement, other: &Reading) {
        let Some([a, b]) = statement.opponents().filter(|_| fine(other)) else { return };
        let named = other.sides.is_some() || other.names_a_match();
        if named || other.statements().any(|s| s.versus.is_some()) {
            return;
        }
        let known =
            |side: &[&Atom]| !side.is_empty() && side.iter().all(|a| other.explains(a) >= 0.9);
        let missed = match (known(&a), known(&b)) {
            (true, false) => b,
            (false, true) => a,
            _ => return,
        };
        let names = missed.iter().filter(|a| matches!(a.kind, Kind::Name | Kind::Place));
        self.atoms.extend(names.map(|a| a.at));
    }

    /// In a match of two named sides outside the leagues of the tables, what follows a known name is its nickname (`Duke Blue
    /// Devils`), unless it tells schools or cities apart.
    pub(super) fn nickname(&mut self, statement: &Statement, other: &Reading) {
        let college = group("college_title")
            .iter()
            .any(|id| other.has(Kind::Competition, id) && statement.has(Kind::Competition, id));
        let sided = (other.sides.is_some() || statement.sided) && fine(other);
        if !(sided && other.league.is_none() || college) {
            return;
        }
        // "Duke Blue Devils", "Mumbai Indians"; what a side does or plays in is no part of its name.
        let surname = |a: &Atom| {
            let people = matches!(a.kind, Kind::Place | Kind::Team) && a.text.ends_with('s');
            (a.kind == Kind::Name || people) && !group("sibling_name").contains(&a.id.as_str())
        };
        let mut open = false;
        for (i, atom) in statement.atoms.iter().enumerate() {
            let adjacent = i > 0 && {
                let before = &statement.atoms[i - 1];
                before.end() == atom.at
            };
            let explained = other.explains(atom) >= 0.9;
            if explained {
                // "Mumbai Indians" and "Mumbai Kings" are two clubs of one city.
                let other_club = other.statements().any(|s| {
                    s.atoms.windows(2).any(|two| {
                        two[0].id == atom.id
                            && matches!(two[1].kind, Kind::Name | Kind::Place)
                            && two[0].end() == two[1].at
                            && !statement.has(two[1].kind, &two[1].id)
                    })
                });
                open = matches!(atom.kind, Kind::Name | Kind::Place) && !other_club;
            } else if open && adjacent && surname(atom) {
                self.atoms.insert(atom.at);
            } else {
                open = false;
            }
        }
    }

    /// Two named sides on a day are one match: which tournament and round it belongs to tells nothing more, which part of it does.
    pub(super) fn of_match(&mut self, statement: &Statement, other: &Reading) {
        let sided = statement.sided;
        let Some(sides) = statement.opponents().filter(|_| sided || other.sides.is_some()) else {
            return;
        };
        let inside = |a: &Atom| sides.iter().flatten().any(|b| b.at == a.at);
        let known = |side: &Vec<&Atom>| side.iter().any(|a| other.explains(a) >= 0.9);
        let day = fine(other) || other.ticker.as_ref().is_some_and(When::is_day);
        if !day || !sides.iter().all(known) || !statement.amounts.is_empty() {
            return;
        }
        let part = |a: &Atom| {
            a.kind != Kind::Stage && group("part_of_match").contains(&a.id.as_str())
                || a.kind == Kind::Stage && !group("tournament_round").contains(&a.id.as_str())
                || a.text.starts_with(|c: char| c.is_ascii_digit()) && !inside(a)
        };
        if statement.atoms.iter().any(part) {
            return;
        }
        // An event that no table knows, where the other side names one that they know.
        let elsewhere = other.has_kind(Kind::Competition)
            && !statement.atoms.iter().any(|a| a.kind == Kind::Competition);
        let about = |a: &&Atom| match a.kind {
            // What both sides name tells more: the final of one tournament is not the semi-final, nor another's.
            Kind::Competition | Kind::Stage => !other.has_kind(a.kind),
            Kind::Gender => !other.has_stem("men") && !other.mentions("men"),
            Kind::League => true,
            Kind::Name | Kind::Place => sided && !inside(a) && !elsewhere,
            _ => false,
        };
        self.atoms.extend(statement.atoms.iter().filter(about).map(|a| a.at));
    }

    /// `Miami, FL` is Miami, and `Perplexity AI` is Perplexity.
    pub(super) fn endings(&mut self, statement: &Statement, other: &Reading) {
        for two in statement.atoms.windows(2) {
            let [name, ending] = two else { continue };
            let matched = statement.sided || statement.versus.is_some();
            let code = ending.text.len() == 2 && Lexicon::standard().is_state(&ending.text)
                || ending.kind == Kind::Place && ending.id.len() == 2 && !matched;
            let end = name.end();
            let after = end + 1 == ending.at;
            let known =
                matches!(name.kind, Kind::Place | Kind::Name) && other.explains(name) >= 0.9;
            // "Kansas City, Missouri" and "Kansas City, Kansas".
            let another = other.statements().any(|s| {
                s.atoms.windows(2).any(|two| {
                    let after = two[0].end() + 1 == two[1].at;
                    let place = two[1].kind == Kind::Place && two[1].id.len() == 2;
                    two[0].id == name.id && after && place && two[1].id != ending.id
                })
            });
            let elsewhere =
                another || ending.kind == Kind::Place && other.has_kind_besides(ending, statement);
            let company = group("name_suffix").contains(&ending.id.as_str()) && end == ending.at;
            if known && (code && after && !elsewhere || company) {
                self.atoms.insert(ending.at);
            }
        }
    }

    /// `SpaceX Starship` is Starship: whose product it is tells nothing more.
    fn maker(&mut self, statement: &Statement, other: &Reading) {
        for (i, maker) in statement.atoms.iter().enumerate() {
            let end = maker.end();
            // "SpaceX launches Starship", or "SpaceX Starship".
            let brings = |a: &&Atom| {
                a.kind == Kind::Verb && a.at == end && matches!(a.id.as_str(), "launch" | "release")
            };
            let verb = statement.atoms.get(i + 1).filter(brings);
            let Some(product) = statement.atoms.get(i + 1 + usize::from(verb.is_some())) else {
                continue;
            };
            let adjacent =
                end == product.at || verb.is_some_and(|verb| other.explains(verb) >= 0.9);
            let known = product.kind == Kind::Name && other.explains(product) >= 0.9;
            let organisation = maker.kind == Kind::Organisation;
            if organisation && adjacent && known && !other.has_kind_besides(maker, statement) {
                self.atoms.insert(maker.at);
            }
        }
    }

    /// `The Bank of England's Monetary Policy Committee` acts for the bank.
    fn body(&mut self, statement: &Statement, other: &Reading) {
        for (i, whole) in statement.atoms.iter().enumerate() {
            if whole.kind != Kind::Organisation || other.explains(whole) < 0.9 {
                continue;
            }
            let mut end = whole.end();
            let run: Vec<&Atom> = statement.atoms[i + 1..]
                .iter()
                .take_while(|a| {
                    let next = a.kind == Kind::Name && a.at == end;
                    end = a.at + 1;
                    next
                })
                .collect();
            if run.last().is_some_and(|a| group("acting_body").contains(&a.text.as_str())) {
                self.atoms.extend(run.iter().map(|a| a.at));
            }
        }
    }

    /// `The National Weather Service's Climatological Report` and `the NWS Daily Climate Report`: one publisher, whatever it calls
    /// its report.
    fn report(&mut self, statement: &Statement, other: &Reading) {
        for run in &statement.reports {
            let inside: Vec<&Atom> =
                statement.atoms.iter().filter(|a| run.contains(&a.at)).collect();
            let publisher = |a: &&Atom| matches!(a.kind, Kind::Source | Kind::Organisation);
            let same = inside.iter().filter(|a| publisher(a)).any(|a| {
                other.statements().any(|s| {
                    let mut told =
                        s.atoms.iter().filter(|b| s.reports.iter().any(|r| r.contains(&b.at)));
                    told.any(|b| b.kind == a.kind && b.id == a.id)
                })
            });
            if same {
                let names = inside.iter().filter(|a| matches!(a.kind, Kind::Name | Kind::Word));
                self.atoms.extend(names.map(|a| a.at));
            }
        }
    }

    /// `Circuit breaker` where the other side writes `circuitbreaker`.
    fn in_one_word(&mut self, statement: &Statement, other: &Reading) {
        for two in statement.atoms.windows(2).filter(|two| two[0].at + 1 == two[1].at) {
            if other.has_stem(&format!("{}{}", two[0].text, two[1].id)) {
                self.atoms.extend([two[0].at, two[1].at]);
            }
        }
    }

    /// `CD Mirandes` is Mirandes: short letters beside the known name of one side of a match.
    fn club_initials(&mut self, statement: &Statement, other: &Reading) {
        for inside in statement.opponents().into_iter().flatten() {
            let known = inside.iter().any(|a| other.explains(a) >= 0.9);
            let short = |a: &&&Atom| {
                a.kind == Kind::Name
                    && a.text.len() <= 3
                    && a.text.chars().all(char::is_alphabetic)
                    && !group("sibling_name").contains(&a.id.as_str())
            };
            if known {
                self.atoms.extend(inside.iter().filter(short).map(|a| a.at));
            }
        }
    }

    /// A first or middle name more: `Andrea Kimi Antonelli`, where the two names after it and the last one are known.
    pub(super) fn inner_name(&mut self, statement: &Statement, other: &Reading) {
        let names: Vec<&Atom> = statement.atoms.iter().filter(|a| a.kind == Kind::Name).collect();
        for run in names.chunk_by(|a, b| a.at + 1 == b.at).filter(|run| run.len() > 2) {
            let known = |a: &&Atom| other.has(Kind::Name, &a.id);
            let missing: Vec<&&Atom> = run.iter().filter(|a| !known(a)).collect();
            let letters = |a: &Atom| a.text.chars().all(|c| c.is_alphabetic() || c == '-');
            // "The Indoor Oslo Open" is an event, and "Mixed" no first name.
            let event = |a: &Atom| {
                group("won_by_coming_first").contains(&a.id.as_str())
                    || group("event_name").contains(&a.id.as_str())
            };
            if let [one] = missing.as_slice()
                && !telling(&one.text)
                && !run.iter().any(|a| event(a))
                && run.last().is_some_and(|last| known(last) && last.text.len() > 2)
                && run.iter().all(|a| letters(a))
                && !other.has_kind_besides(one, statement)
            {
                self.atoms.insert(one.at);
            }
        }
    }
}

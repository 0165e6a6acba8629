//! Offices: which are titles of a name, and which chamber a party controls.

use super::editions::election_of;
use super::numerals::ordinal;
use crate::lexicon::Kind;
use crate::statement::{Atom, Statement};
use crate::text::Token;

impl Statement {
    /// Leaving with an office in the sentence is leaving the office; an office before a name (`President Lula`) is a title.
    pub(super) fn offices(&mut self, tokens: &[Token]) {
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
            let last = atom.end();
            atom.kind == Kind::Office && tokens[atom.at].capital && names.contains(&last)
        };
        self.forms = self.atoms.iter().filter(|a| title(a)).map(|a| a.id.clone()).collect();
        // "Ukrainian President Volodymyr Zelenskyy": of which country tells nothing more of the person.
        let titles: Vec<usize> = self.atoms.iter().filter(|a| title(a)).map(|a| a.at).collect();
        let before = |atom: &Atom| {
            let next = atom.end();
            matches!(atom.kind, Kind::Place | Kind::Party) && titles.contains(&next)
        };
        let described: Vec<usize> = self.atoms.iter().filter(|a| before(a)).map(|a| a.at).collect();
        self.atoms.retain(|atom| !title(atom) && !described.contains(&atom.at));
    }

    /// A party that wins a chamber, or controls it, has its majority.
    pub(super) fn control(&mut self) {
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

    /// `210 House seats in the 120th Congress` are those of the election before it; seats that are counted are no majority.
    pub(super) fn seats(&mut self) {
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
        self.dates.extend(election_of(number));
    }
}

//! What a market says only once: its question and its condition state the same proposition.

use std::collections::HashSet;

use super::Reading;
use super::vocabulary::root;
use crate::lexicon::Kind;
use crate::statement::{Atom, Statement};
use crate::text::tokens;

/// Everything a group of statements says.
#[derive(Debug, Default)]
pub(crate) struct Said {
    atoms: HashSet<(Kind, String)>,
    roots: HashSet<String>,
}

impl Said {
    pub(crate) fn of<'a>(statements: impl Iterator<Item = &'a Statement>) -> Self {
        let mut said = Self::default();
        for atom in statements.flat_map(|s| &s.atoms) {
            said.atoms.insert((atom.kind, atom.id.clone()));
            said.roots.insert(root(&atom.id).to_owned());
            said.roots.extend(tokens(&atom.text).iter().map(|t| root(&t.stem).to_owned()));
        }
        said
    }

    pub(crate) fn has(&self, atom: &Atom) -> bool {
        let mut words = tokens(&atom.text).into_iter().peekable();
        self.atoms.contains(&(atom.kind, atom.id.clone()))
            || words.peek().is_some() && words.all(|t| self.roots.contains(root(&t.stem)))
    }
}

/// Marks in every statement what the other statements of the market leave out.
pub(super) fn mark(reading: &mut Reading) {
    reading.claims.iter_mut().for_each(|claim| claim.condition = true);
    let titles = Said::of(reading.titles.iter().chain(&reading.label));
    let claims = Said::of(reading.claims.iter().chain(&reading.basis));
    if reading.claims.is_empty() {
        return;
    }
    for (statements, others) in [(&mut reading.titles, &claims), (&mut reading.claims, &titles)] {
        for statement in statements {
            let once = statement.atoms.iter().filter(|atom| !others.has(atom));
            statement.said_once = once.map(|atom| atom.at).collect();
        }
    }
}

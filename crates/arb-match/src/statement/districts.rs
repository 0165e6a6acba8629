//! Districts of the House: `TX-17`, `New York's 17th congressional district`.

use super::numerals::{ordinal, rank};
use crate::lexicon::{Kind, Lexicon};
use crate::statement::Atom;
use crate::text::Token;

/// `TX-17`, `CA-9`, `AK-AL`.
pub(super) fn district(tokens: &[Token], at: usize) -> Option<(Atom, usize)> {
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
    Some((Atom { kind: Kind::District, text: id.clone(), id, at }, at + 3))
}

/// `New York's 17th congressional district` is NY-17.
pub(super) fn join_numbered(atoms: &mut Vec<Atom>) {
    let found = atoms.windows(3).position(|three| {
        three[0].kind == Kind::Place
            && three[0].id.len() == 2
            && ordinal(&three[1].text).or(rank(&three[1])).is_some()
            && three[2].kind == Kind::Office
            && three[2].id == "us_house"
    });
    let Some(first) = found else { return };
    let number = &atoms[first + 1];
    let Some(number) = ordinal(&number.text).or(rank(number)) else { return };
    let id = format!("{}-{number}", atoms[first].id);
    let at = atoms[first].at;
    atoms[first] = Atom { kind: Kind::District, text: id.clone(), id, at };
    atoms.remove(first + 1);
}

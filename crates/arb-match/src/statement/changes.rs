//! Words for a change and for none: `leaves the rate unchanged`, `a hike of 0 bps`, `monthly inflation`.

use crate::amount::{Amount, Interval};
use crate::lexicon::Kind;
use crate::statement::Atom;

/// A hike or cut by nothing is no change; `leaves the rate unchanged` is one predicate.
pub(super) fn no_change(atoms: &mut Vec<Atom>, amounts: &mut Vec<Amount>) {
    if atoms.iter().any(|a| a.kind == Kind::Verb && a.id == "hold_rates") {
        let rest = |a: &Atom| a.kind == Kind::Verb && a.id == "leave" || a.id == "hold";
        atoms.retain(|a| !rest(a));
    }
    let nothing = |amount: &Amount| amount.interval == Interval::point(0) && amount.unit == "bps";
    if amounts.iter().any(nothing) {
        amounts.retain(|amount| !nothing(amount));
        for atom in
            atoms.iter_mut().filter(|a| a.kind == Kind::Verb && (a.id == "raise" || a.id == "cut"))
        {
            "hold_rates".clone_into(&mut atom.id);
        }
    }
}

/// `Monthly` and `annual` say how a statistic is measured; of anything else they only say that it has a month or year. `Monthly
/// inflation` also names the statistic.
pub(super) fn monthly_or_annual(atoms: &mut Vec<Atom>) {
    let change = |a: &Atom| a.kind == Kind::Measure && matches!(a.id.as_str(), "mom" | "yoy");
    let of_prices = |a: &&Atom| change(a) && a.text.contains("inflation");
    if let Some(change) = atoms.iter().find(of_prices) {
        let (kind, id, at) = (Kind::Measure, "inflation".to_owned(), change.at);
        atoms.push(Atom { kind, id, text: "inflation".into(), at });
        atoms.sort_by_key(|a| a.at);
    }
    if !atoms.iter().any(|a| a.kind == Kind::Measure && !change(a)) {
        atoms.retain(|a| !change(a));
    }
}

//! Who does it and to whom it is done.

use arb_normalize::Relation;

use super::Findings;
use super::residue::Group;
use crate::judgement::DifferenceKind;
use crate::statement::Statement;
use crate::table::group;

/// `Israel strikes Iran` is not `Iran strikes Israel`.
pub(super) fn roles(sk: &Statement, sp: &Statement, found: &mut Findings) {
    let who = |s: &Statement| -> Vec<String> {
        s.subject()
            .filter(|a| matches!(Group::of(a.kind), Group::Who | Group::Place))
            .map(|a| a.id.clone())
            .collect()
    };
    let (a, b) = (who(sk), who(sp));
    let mutual = |s: &Statement| {
        s.verb_at.is_some_and(|at| {
            s.atoms.iter().any(|v| v.at == at && group("mutual_deed").contains(&v.id.as_str()))
        })
    };
    if a.is_empty() || b.is_empty() || sk.verb_at.is_none() || sp.verb_at.is_none() {
        return;
    }
    if mutual(sk) && mutual(sp) {
        return;
    }
    let after = |s: &Statement, ids: &[String]| {
        let verb = s.verb_at.unwrap_or(0);
        ids.iter().any(|id| s.atoms.iter().any(|atom| atom.at > verb && atom.id == *id))
    };
    if !a.iter().any(|x| b.contains(x)) && after(sp, &a) && after(sk, &b) {
        let kind = if sk.passive || sp.passive {
            DifferenceKind::Missing
        } else {
            DifferenceKind::Contradiction
        };
        found.add("roles", a.join(" "), b.join(" "), kind);
        found.meet(Relation::Overlap);
    }
}

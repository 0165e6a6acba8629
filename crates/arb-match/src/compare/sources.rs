//! Who measures what is counted.

use arb_normalize::Relation;

use super::Findings;
use crate::judgement::DifferenceKind;
use crate::lexicon::Kind;
use crate::reading::Reading;
use crate::statement::Statement;
use crate::table::group;

/// Who measures a number decides the number.
pub(super) fn sources(
    k: &Reading,
    p: &Reading,
    sk: &Statement,
    sp: &Statement,
    found: &mut Findings,
) {
    let measured = |s: &Statement| {
        s.amounts.iter().any(|a| a.compared)
            || s.atoms.iter().any(|a| matches!(a.kind, Kind::Asset | Kind::Observation))
    };
    if !measured(sk) && !measured(sp) {
        return;
    }
    // The close of a share index is one number, whoever prints it.
    let closes = |r: &Reading| {
        r.has(Kind::Observation, "close")
            && group("share_index").iter().any(|id| r.has(Kind::Asset, id))
    };
    // Consumer prices, jobs and output have one publisher.
    let official = |r: &Reading| {
        r.has_kind(Kind::Measure)
            && r.sources.iter().all(|s| group("official_publisher").contains(&s.as_str()))
    };
    let silent = k.sources.is_empty() || p.sources.is_empty();
    if (closes(k) && closes(p)) || (silent && official(k) && official(p)) {
        return;
    }
    let list = |r: &Reading| r.sources.iter().cloned().collect::<Vec<_>>().join(", ");
    if k.sources.is_empty() && p.sources.is_empty() {
        return;
    }
    if k.sources.is_empty() || p.sources.is_empty() {
        found.add("source", list(k), list(p), DifferenceKind::Missing);
    } else if k.sources.is_disjoint(&p.sources) {
        found.add("source", list(k), list(p), DifferenceKind::Contradiction);
        found.meet(Relation::Overlap);
    }
}

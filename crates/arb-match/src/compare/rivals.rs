//! Statistics and scores that are published beside each other.

use crate::lexicon::Kind;
use crate::reading::Reading;
use crate::table::group;

/// The statistic that the rules of only one market speak of, and the one that those of the other have in its place: consumer and
/// producer prices, the critics' score and the audience's.
pub(super) fn rivals(k: &Reading, p: &Reading) -> Option<(&'static str, &'static str)> {
    let speaks = |r: &Reading, id: &str| {
        [Kind::Measure, Kind::Word].iter().any(|kind| r.speaks_of(*kind, id))
    };
    group("beside_each_other").iter().find_map(|row| {
        let only = |of: &Reading, other: &Reading| {
            group(row).iter().copied().find(|id| speaks(of, id) && !speaks(other, id))
        };
        let any = |r: &Reading| group(row).iter().copied().find(|id| speaks(r, id));
        let one = only(k, p).zip(any(p)).or_else(|| any(k).zip(only(p, k)));
        one.filter(|(x, y)| x != y)
    })
}

//! Relations of markets that are listed without their rules: never probable, and yet what is asked for tells them apart.

use arb_match::{Matcher as _, TermMatcher, Verdict};
use arb_normalize::{Relation, Venue};

use crate::markets::market;

const END: &str = "2026-12-31T00:00:00Z";

fn relation(k: (&str, &str), p: &str) -> Relation {
    let kalshi = market(Venue::Kalshi, "KXBARE-26", k.0, "", END, [k.1, "No"]);
    let poly = market(Venue::Polymarket, "0x1", p, "", END, ["Yes", "No"]);
    let judgement = TermMatcher.judge(&kalshi, &poly);
    assert_ne!(judgement.verdict, Verdict::Probable, "{k:?} / {p}");
    judgement.relation
}

#[test]
fn questions_tell_propositions_apart() {
    use Relation::{Complement, Disjoint, Equal, Overlap, Subset, Superset};
    let table = [
        // A size and a number of times are counted apart; none is none of either.
        (
            "Will the Fed cut rates by more than 25 bps in 2026?",
            "Will there be 3 Fed rate cuts in 2026?",
            Overlap,
        ),
        (
            "Will there be 0 Fed rate cuts in 2026?",
            "Will there be any Fed rate cuts in 2026?",
            Complement,
        ),
        ("Will there be 0 Fed rate cuts in 2026?", "No Fed rate cuts in 2026?", Equal),
        // Whoever comes fifth has not won.
        (
            "Will Ann Berg win the 2026 Oslo marathon?",
            "Will Ann Berg finish fifth in the 2026 Oslo marathon?",
            Disjoint,
        ),
        (
            "Will Ann Berg finish sixth in the 2026 Oslo marathon?",
            "Will Ann Berg finish fifth in the 2026 Oslo marathon?",
            Disjoint,
        ),
        // What is denied turns the relation of what is affirmed.
        (
            "Will Ann Berg win the 2026 Oslo marathon?",
            "Will Ann Berg fail to win the 2026 Oslo marathon?",
            Complement,
        ),
        (
            "Will Ann Berg fail to win the 2026 Oslo marathon?",
            "Will Eva Lund win the 2026 Oslo marathon?",
            Superset,
        ),
        (
            "Will Peru not leave the treaty before July 2026?",
            "Will Peru not leave the treaty before May 2026?",
            Subset,
        ),
        (
            "Will Peru not leave the treaty before May 2026?",
            "Will Peru leave the treaty before July 2026?",
            Overlap,
        ),
        (
            "Will Peru not leave the treaty before July 2026?",
            "Will Peru leave the treaty before May 2026?",
            Disjoint,
        ),
        // A longer window of a narrower event, and two deadlines of one.
        (
            "Will an earthquake strike Peru before July 2026?",
            "Will an earthquake strike before May 2026?",
            Overlap,
        ),
        (
            "Will Peru strike Chile before July 2026?",
            "Will Peru strike Chile before May 2026?",
            Superset,
        ),
        // So many games won are no title.
        (
            "Will the Cleveland Browns win 9 games this season?",
            "Will the Cleveland Browns win the 2026 Super Bowl?",
            Overlap,
        ),
    ];
    for (k, p, want) in table {
        assert_eq!(relation((k, "Yes"), p), want, "{k} / {p}");
    }
}

#[test]
fn a_label_says_who_is_meant() {
    let asked = "Who will Ann Berg pardon in 2026?";
    let pardons = "Will Ann Berg pardon Eva Lund in 2026?";
    assert_eq!(relation((asked, "Eva Lund"), pardons), Relation::Equal);
    assert_ne!(relation((asked, "Ida Moe"), pardons), Relation::Equal);
    assert_ne!(
        relation((asked, "Ida Moe"), "Will Ann Berg pardon anyone in 2026?"),
        Relation::Equal
    );
}

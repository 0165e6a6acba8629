//! Teams whose names share words: a school and its state school, two clubs of one city.

use arb_match::{Judgement, Matcher as _, TermMatcher, Verdict};
use arb_normalize::{Relation, Venue};

use crate::markets::market;

/// Kalshi's game and the team it pays for; Polymarket's game, whose outcomes are its teams.
fn game(kalshi: [&str; 2], paid: &str, poly: [&str; 2], kind: [&str; 2]) -> Judgement {
    let [away, home] = kalshi;
    let k = market(
        Venue::Kalshi,
        "KXNCAAMBGAME-26FEB14AABB-AA",
        &format!("{away} at {home} Winner?"),
        &format!(
            "If {paid} wins the {away} at {home} {} originally scheduled for Feb 14, 2026, then the market resolves to Yes.",
            kind[0]
        ),
        "2026-02-28T00:00:00Z",
        ["Yes", "No"],
    );
    let [first, second] = poly;
    let p = market(
        Venue::Polymarket,
        "0x1",
        &format!("{first} vs. {second}"),
        &format!(
            "In the upcoming {}, scheduled for February 14 at 2:00PM ET:\nIf {first} win, the market will resolve to \"{first}\".\nIf {second} win, the market will resolve to \"{second}\".",
            kind[1]
        ),
        "2026-02-15T00:00:00Z",
        [first, second],
    );
    TermMatcher.judge(&k, &p)
}

const COLLEGE: [&str; 2] = ["men's college basketball game", "CBB game"];
const SOCCER: [&str; 2] = ["professional soccer game", "soccer game"];

#[test]
fn a_word_of_one_teams_name_is_not_the_other_teams() {
    let table = [
        (COLLEGE, ["Kansas", "Iowa St."], ["Kansas State", "Iowa"]),
        (COLLEGE, ["Kansas", "Iowa St."], ["Kansas", "Iowa"]),
        (COLLEGE, ["Kansas", "Iowa St."], ["Kansas State", "Iowa State"]),
        (COLLEGE, ["Ohio St.", "Michigan St."], ["Ohio State", "Michigan"]),
        (COLLEGE, ["Ohio St.", "Michigan"], ["Ohio State", "Michigan State"]),
        (COLLEGE, ["Virginia Tech", "Texas"], ["Virginia", "Texas Tech"]),
        (COLLEGE, ["Texas A&M", "Florida"], ["Texas", "Florida A&M"]),
        (COLLEGE, ["North Carolina", "Alabama State"], ["North Carolina State", "Alabama"]),
        (COLLEGE, ["Western Michigan", "Illinois"], ["Michigan", "Western Illinois"]),
        (SOCCER, ["Dundee United", "Perth City"], ["Dundee City", "Perth United"]),
        (SOCCER, ["Dundee United", "Perth"], ["Dundee", "Perth United"]),
    ];
    for (kind, kalshi, poly) in table {
        for turned in [poly, [poly[1], poly[0]]] {
            for paid in kalshi {
                let judgement = game(kalshi, paid, turned, kind);
                assert_ne!(
                    judgement.verdict,
                    Verdict::Probable,
                    "{kalshi:?} {paid} / {turned:?}: {judgement:?}"
                );
            }
        }
    }
}

#[test]
fn the_same_teams_in_other_spellings() {
    let table = [
        (COLLEGE, ["Kansas", "Iowa St."], ["Kansas", "Iowa State"]),
        (COLLEGE, ["Kansas St.", "Iowa"], ["Kansas State", "Iowa"]),
        (COLLEGE, ["Ohio St.", "Michigan St."], ["Ohio State", "Michigan State"]),
        (COLLEGE, ["Virginia Tech", "Texas"], ["Virginia Tech", "Texas"]),
        (COLLEGE, ["Texas A&M", "Florida"], ["Texas A&M", "Florida"]),
        (COLLEGE, ["Western Michigan", "Illinois"], ["Western Michigan", "Illinois"]),
        (SOCCER, ["Dundee United", "Perth City"], ["Dundee United", "Perth City"]),
    ];
    for (kind, kalshi, poly) in table {
        for (turned, want) in [(poly, Relation::Equal), ([poly[1], poly[0]], Relation::Complement)]
        {
            let judgement = game(kalshi, kalshi[0], turned, kind);
            let said = (judgement.verdict, judgement.relation);
            assert_eq!(said, (Verdict::Probable, want), "{kalshi:?} / {turned:?}: {judgement:?}");
        }
    }
}

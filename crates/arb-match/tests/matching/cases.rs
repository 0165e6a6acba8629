//! What the rules pay beside their condition: the same in other words, and something else.

use arb_match::{Judgement, Matcher as _, TermMatcher, Verdict};
use arb_normalize::Venue;

use crate::markets::market;

/// Two markets that end on the same day.
fn judge(end: &str, k: (&str, &str), p: (&str, &str), sides: [&str; 2]) -> Judgement {
    let kalshi = market(Venue::Kalshi, "KXCASE-26", k.0, k.1, end, ["Yes", "No"]);
    let polymarket = market(Venue::Polymarket, "0x1", p.0, p.1, end, sides);
    TermMatcher.judge(&kalshi, &polymarket)
}

#[test]
fn an_announced_departure_is_a_way_to_leave() {
    let table = [
        (
            "An announcement of Ann Berg's resignation, firing or departure before this market's end date will immediately resolve this market to \"Yes\", regardless of when it goes into effect.",
            true,
        ),
        (
            "An announcement of Ann Berg's resignation/removal before this market's end date will immediately resolve this market to \"Yes\".",
            true,
        ),
        (
            "An announcement of Eva Lund's resignation before this market's end date will immediately resolve this market to \"Yes\".",
            false,
        ),
        (
            "An announcement of Ann Berg's illness before this market's end date will immediately resolve this market to \"Yes\".",
            false,
        ),
    ];
    for (clause, same) in table {
        let judgement = judge(
            "2026-12-31T12:00:00Z",
            (
                "Ann Berg out as CEO of Orbitly? - Before Jan 1, 2027",
                "If Ann Berg leaves or announces that they will leave the position of CEO of Orbitly before Jan 1, 2027, then the market resolves to Yes.",
            ),
            (
                "Ann Berg out as Orbitly CEO before 2027?",
                &format!(
                    "This market will resolve to \"Yes\" if Ann Berg ceases to be CEO of Orbitly for any period of time by December 31, 2026, 11:59 PM ET.\n{clause}"
                ),
            ),
            ["Yes", "No"],
        );
        assert_eq!(judgement.verdict == Verdict::Probable, same, "{clause} {judgement:?}");
    }
}

#[test]
fn who_gives_up_a_match_that_has_begun_has_lost_it() {
    let table = [
        (
            "If the match is forfeited or a team is disqualified after it has begun, this market will resolve to the team which advances.",
            true,
        ),
        ("If the match is forfeited, this market will resolve to \"Vega\".", false),
    ];
    for (clause, same) in table {
        let judgement = judge(
            "2026-03-01T12:00:00Z",
            (
                "Will Vega win the Vega vs. Norder League of Legends match? - Vega",
                "If Vega wins the Vega vs. Norder League of Legends match originally scheduled for Mar 1, 2026, then the market resolves to Yes. If the match is cancelled or rescheduled to over two weeks away, the market will resolve to a fair price.",
            ),
            (
                "LoL: Vega vs Norder (BO5)",
                &format!(
                    "This market refers to the match between Vega and Norder, scheduled for March 1 at 3:00AM ET.\nIf Vega win the match, this market will resolve to \"Vega\".\nIf Norder win the match, this market will resolve to \"Norder\".\nIf the match is canceled, ends in a tie, or is delayed beyond 7 days, this market will resolve 50-50. {clause}"
                ),
            ),
            ["Vega", "Norder"],
        );
        assert_eq!(judgement.verdict == Verdict::Probable, same, "{clause} {judgement:?}");
    }
}

/// Where no decision comes, the range of no change is paid: YES to that market and NO to its siblings.
#[test]
fn a_named_market_of_the_event_is_this_one_or_another() {
    let kalshi = "If the meeting is cancelled or no decision is announced by the last trading date, the market for maintaining the rate resolves to Yes.";
    let polymarket = |paid: &str| {
        format!(
            "This market will resolve to the amount of basis points the upper bound of the target federal funds rate is changed by versus the level it was prior to the Federal Reserve's January 2026 meeting.\nIf no statement is released by the end date of the next scheduled meeting, this market will resolve to the \"{paid}\" bracket."
        )
    };
    let hold = (
        "Will the Federal Reserve Hike rates by 0bps at their January 2026 meeting? - Fed maintains rate",
        "No change in Fed interest rates after January 2026 meeting?",
        "a Hike of 0bps",
    );
    let cut = (
        "Will the Federal Reserve Cut rates by 25bps at their January 2026 meeting? - Cut 25bps",
        "Fed decreases interest rates by 25 bps after January 2026 meeting?",
        "a Cut of 25bps",
    );
    for ((k, p, does), paid, same) in [
        (hold, "No change", true),
        (hold, "25 bps decrease", false),
        (cut, "No change", true),
        (cut, "25 bps decrease", false),
    ] {
        let judgement = judge(
            "2026-01-28T18:55:00Z",
            (
                k,
                &format!(
                    "If the Federal Reserve does {does} on January 28, 2026, then the market resolves to Yes. {kalshi}"
                ),
            ),
            (p, &polymarket(paid)),
            ["Yes", "No"],
        );
        assert_eq!(judgement.verdict == Verdict::Probable, same, "{p} {paid} {judgement:?}");
    }
}

#[test]
fn what_parts_the_tied_is_a_caveat() {
    let table = [
        ("resolve in favor of the party which received more valid list votes", true),
        ("resolve in favor of the party with the most list votes", true),
        ("resolve to the party drawn by lot", false),
    ];
    for (paid, same) in table {
        let judgement = judge(
            "2026-04-12T12:00:00Z",
            (
                "Who will win the most seats in the Norwegian parliamentary election? - Nordlyset",
                "If Nordlyset wins the most seats in the 2026 Norwegian parliamentary election, then the market resolves to Yes.",
            ),
            (
                "Will Nordlyset win the most seats in the 2026 Norwegian parliamentary election?",
                &format!(
                    "This market will resolve to \"Yes\" if Nordlyset wins the greatest number of seats in the 2026 Norwegian parliamentary election. In the case of a tie between parties for the most seats, this market will {paid}."
                ),
            ),
            ["Yes", "No"],
        );
        assert_eq!(judgement.verdict == Verdict::Probable, same, "{paid} {judgement:?}");
    }
}

/// What is said not to make YES adds no way to it.
#[test]
fn what_does_not_suffice_is_no_other_way() {
    let table = [
        ("Intercepted missiles will not be sufficient for a \"Yes\" resolution.", true),
        ("A recess appointment will not count toward a \"Yes\" resolution.", true),
        ("A leaked memorandum will be sufficient for a \"Yes\" resolution.", false),
        ("If an offer is not considered final, this market will resolve to \"Yes\".", false),
    ];
    for (clause, same) in table {
        let judgement = judge(
            "2026-12-31T12:00:00Z",
            (
                "Will Norway sign the Arctic Treaty before 2027?",
                "If Norway signs the Arctic Treaty before Jan 1, 2027, then the market resolves to Yes.",
            ),
            (
                "Norway signs the Arctic Treaty in 2026?",
                &format!(
                    "This market will resolve to \"Yes\" if Norway signs the Arctic Treaty by December 31, 2026, 11:59 PM ET. {clause}"
                ),
            ),
            ["Yes", "No"],
        );
        assert_eq!(judgement.verdict == Verdict::Probable, same, "{clause} {judgement:?}");
    }
}

/// A chart has a week, a day on which it comes out and a country.
#[test]
fn charts_of_a_week_and_a_country() {
    let chart = |where_to: &str, week: &str, until: &str| {
        judge(
            "2026-01-20T12:00:00Z",
            (
                "Top Netflix show on Jan 19, 2026? - Nordlys",
                "If Nordlys is the Top Show on the Netflix Top 10 chart for the United States dated Jan 12 - 18, 2026, then the market resolves to Yes. The chart is released on or around Jan 20, 2026.",
            ),
            (
                &format!("Will \"Nordlys\" be the top {where_to} Netflix show this week?"),
                &format!(
                    "This market will resolve according to the show listed #1 on the {where_to} Netflix Top 10 chart for the week of {week}. If the chart is not released by {until}, 2026, 11:59 PM ET, this market will resolve to \"Other\"."
                ),
            ),
            ["Yes", "No"],
        )
    };
    let same = chart("US", "January 12 - January 18, 2026", "January 27");
    assert_eq!(same.verdict, Verdict::Probable, "{same:?}");
    for other in [
        chart("global", "January 12 - January 18, 2026", "January 27"),
        chart("US", "January 5 - January 11, 2026", "January 27"),
        chart("US", "January 12 - January 18, 2026", "January 21"),
    ] {
        assert_ne!(other.verdict, Verdict::Probable, "{other:?}");
    }
    assert_eq!(
        chart("global", "January 12 - January 18, 2026", "January 27").verdict,
        Verdict::Rejected
    );
}

/// A prize shared with another is won; a fallback a day beside the deadline is that deadline.
#[test]
fn a_shared_prize_and_a_deadline_said_twice() {
    let prize = judge(
        "2026-12-31T12:00:00Z",
        (
            "Will Ann Berg win the Nobel Peace Prize?",
            "If Ann Berg wins the Nobel Peace Prize in 2026, then the market resolves to Yes.",
        ),
        (
            "Will Ann Berg win the Nobel Peace Prize in 2026?",
            "This market will resolve to \"Yes\" if Ann Berg wins the 2026 Nobel Peace prize.\nIf Ann Berg wins the prize along with another person/entity, this market will resolve to \"Yes\".",
        ),
        ["Yes", "No"],
    );
    assert_eq!(prize.verdict, Verdict::Probable, "{prize:?}");
    let vote = |fallback: &str| {
        judge(
            "2026-12-31T12:00:00Z",
            (
                "How many Senators vote to confirm Ann Berg?",
                "If exactly 52 Senators vote in favor of confirming Ann Berg as U.N. Ambassador before Dec 31, 2026, then the market resolves to Yes.",
            ),
            (
                "Will 52 senators vote to confirm Ann Berg as U.N. Ambassador?",
                &format!("This market will resolve according to the number of YEA votes Ann Berg receives in the vote on confirmation as Ambassador to the United Nations.\nIf no vote occurs before {fallback}, 2026, 11:59 PM ET, this market will resolve to the lowest bracket (<50)."),
            ),
            ["Yes", "No"],
        )
        .verdict
    };
    assert_eq!(vote("December 31"), Verdict::Probable);
    assert_ne!(vote("December 1"), Verdict::Probable);
}

/// The outcome carries the surname, the rules pay the full name.
#[test]
fn a_surname_is_paid_for_the_win_of_its_bearer() {
    let fight = |berg: &str| {
        judge(
            "2026-03-01T12:00:00Z",
            (
                "Will Ann Berg win the Berg vs Lund match? - Ann Berg",
                "If Ann Berg wins the Berg vs Lund professional tennis match originally scheduled for Mar 1, 2026, then the market resolves to Yes.",
            ),
            (
                "Oslo Open: Ann Berg vs Eva Lund",
                &format!(
                    "This market refers to the match between Ann Berg and Eva Lund, scheduled for March 1 at 3:30AM ET.\nIf {berg}, this market will resolve to \"Ann Berg\". If Eva Lund wins, this market will resolve to \"Eva Lund\"."
                ),
            ),
            ["Berg", "Lund"],
        )
        .verdict
    };
    assert_eq!(fight("Ann Berg wins"), Verdict::Probable);
    assert_ne!(fight("Ann Berg does not win"), Verdict::Probable);
    assert_ne!(fight("Eva Lund wins"), Verdict::Probable);
}

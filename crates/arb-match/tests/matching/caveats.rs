//! What differs between two rule texts without being another proposition, and what looks alike and is one.

use arb_match::{Judgement, Matcher as _, TermMatcher, Verdict};
use arb_normalize::{Relation, Venue};

use crate::markets::market;

/// Question, rules and end of both markets.
fn judge(end: &str, k: (&str, &str), p: (&str, &str)) -> Judgement {
    let labels = ["Yes", "No"];
    let kalshi = market(Venue::Kalshi, "KXCASE", k.0, k.1, end, labels);
    let polymarket = market(Venue::Polymarket, "0x1", p.0, p.1, end, labels);
    TermMatcher.judge(&kalshi, &polymarket)
}

fn check(end: &str, k: (&str, &str), p: (&str, &str), same: bool) {
    let judgement = judge(end, k, p);
    assert_eq!(judgement.verdict == Verdict::Probable, same, "{k:?} {p:?} {judgement:?}");
}

#[test]
fn what_counts_as_one_is_compared() {
    let step = "For example, if the Fed cuts rates by 50 bps after a meeting, it would be considered 2 cuts (of 25 bps each).";
    let deed = "Each decrease in the upper bound of the federal funds rate counts as one cut, independent of the size.";
    let both =
        "Each cut of 25 basis points counts as one cut; a 50 basis point cut counts as two cuts.";
    let multiple = "Cuts of more than 25 bps will be counted as multiple cuts.";
    let each = "Each 25 basis points of reduction is counted as one cut.";
    for (ours, theirs, same) in [
        (deed, step, false),
        ("", step, false),
        (each, "", false),
        (deed, deed, true),
        (deed, "", true),
        (step, step, true),
        (each, step, true),
        (both, multiple, true),
        ("", multiple, false),
    ] {
        check(
            "2026-12-31T23:00:00Z",
            (
                "Will the Fed cut rates 3 times? - Exactly 3 cuts",
                &format!(
                    "If the Fed cuts rates 3 times before 2027, the market resolves to Yes. {ours}"
                ),
            ),
            (
                "Will the Fed cut rates 3 times in 2026?",
                &format!(
                    "This market will resolve to \"Yes\" if the Fed cuts rates 3 times before January 1, 2027. Otherwise, this market will resolve to \"No\".\n{theirs}"
                ),
            ),
            same,
        );
    }
}

#[test]
fn a_call_is_no_meeting_in_person() {
    let calls = "A meeting is defined as: an in-person encounter, a virtual meeting via video conference, or a phone call.";
    for (manner, definition, theirs, same) in [
        (" (including phone calls)", calls, " in person", false),
        ("", "", " in person", true),
        (" (including phone calls)", calls, " in person, by telephone or by video,", true),
    ] {
        check(
            "2026-04-01T00:00:00Z",
            (
                "Ann Berg and Eva Lund meet before Apr 1, 2026?",
                &format!(
                    "If Ann Berg and Eva Lund meet{manner} before Apr 1, 2026, then the market resolves to Yes. {definition}"
                ),
            ),
            (
                "Will Ann Berg meet with Eva Lund by March 31?",
                &format!(
                    "This market will resolve to \"Yes\" if Ann Berg meets with Eva Lund{theirs} by March 31, 2026, 11:59 PM ET. Otherwise, this market will resolve to \"No\"."
                ),
            ),
            same,
        );
    }
}

#[test]
fn a_vote_is_won_in_whichever_round_decides_it() {
    let k = (
        "Will Ann Berg Moen win the next Chilean presidential election?",
        "If Ann Berg Moen wins the 2025 Chilean presidential election, then the market resolves to Yes.",
    );
    let p = |first: &str, name: &str, rounds: &str| {
        format!(
            "{first}\nThis market will resolve according to the candidate who wins this election{rounds}: it will resolve to \"Yes\" if {name} wins. Otherwise, this market will resolve to \"No\"."
        )
    };
    let both = "The first round of the Chilean presidential election is scheduled for November 16, 2025, with a second round on December 14, 2025, if no candidate receives more than 50% of the vote.";
    let place = "The first round of the Chilean presidential election is scheduled to take place on November 16, 2025, with a second round on December 14, 2025, if no candidate receives more than 50% of the vote.";
    let one =
        "The first round of the Chilean presidential election is scheduled for November 16, 2025.";
    let either = ", including any potential second round";
    for (first, rounds, same) in [(both, either, true), (place, either, true), (one, "", false)] {
        let title = "Will Ann Berg Moen win the Chilean presidential election?";
        let rules = p(first, "Ann Berg Moen", rounds);
        check("2025-12-14T23:00:00Z", k, (title, &rules), same);
    }
    // A fuller name; another name is none.
    for (name, same) in
        [("Ann Berg Moen Pereira", true), ("Ann Berg Moen Jr.", false), ("Ann Lie Moen", false)]
    {
        let title = format!("Will {name} win the Chilean presidential election?");
        check("2025-12-14T23:00:00Z", k, (&title, &p(both, name, either)), same);
    }
}

#[test]
fn a_primary_with_its_runoff_is_the_nomination() {
    for (rounds, same) in [
        (", scheduled for March 3, 2026, including any potential runoff,", true),
        (", scheduled for March 3, 2026, in the runoff,", false),
    ] {
        check(
            "2026-03-03T23:00:00Z",
            (
                "Will Ann Berg be the Republican nominee for the Senate in Texas?",
                "If Ann Berg wins the nomination for the Republican Party to contest the 2026 Class II Texas Senate seat, then the market resolves to Yes.",
            ),
            (
                "Will Ann Berg be the Republican nominee for Senate in Texas?",
                &format!(
                    "This market will resolve to \"Yes\" if Ann Berg wins the 2026 Republican primary for the U.S. Senate seat in Texas{rounds} and becomes the party's nominee. Otherwise, this market will resolve to \"No\"."
                ),
            ),
            same,
        );
    }
}

#[test]
fn a_central_bank_changes_its_rates_at_its_meeting() {
    let rules = |bank: &str| {
        format!(
            "This market will resolve to the amount of basis points the Bank Rate is changed by versus the level it was prior to the {bank}'s February 2026 meeting.\nIf no statement is released by the end date of the next scheduled meeting, this market will resolve to \"No change\"."
        )
    };
    let k = (
        "Will the Bank of England Cut 25bps at their February 2026 meeting? - Cut 25bps",
        "If the Bank of England does a Cut of 25bps at the Monetary Policy Committee meeting on February 5, 2026, then the market resolves to Yes.",
    );
    let hold = (
        "Bank of England decision in February?",
        "If the Bank of England does a Hike of 0bps at its February 5, 2026 meeting, then the market resolves to Yes.",
    );
    let cut = "Bank of England decreases interest rates by 25 bps after February 2026 meeting?";
    let steady = "No change in Bank of England interest rates after February 2026 meeting?";
    for (k, title, same) in [
        (k, cut, true),
        (hold, steady, true),
        (hold, cut, false),
        (k, steady, false),
        (
            k,
            "Bank of England decreases interest rates by 50+ bps after February 2026 meeting?",
            false,
        ),
        (
            k,
            "Bank of England increases interest rates by 25 bps after February 2026 meeting?",
            false,
        ),
        (k, "Bank of England decreases interest rates by 25 bps after March 2026 meeting?", false),
    ] {
        let bank = "Bank of England";
        check("2026-02-05T12:00:00Z", k, (title, &rules(bank)), same);
    }
}

#[test]
fn a_schedule_and_a_late_disqualification_are_no_conditions() {
    let table = [
        (
            "Will Norway win Eurovision 2026?",
            "Norway wins the Eurovision Song Contest 2026",
            "Norway wins the 70th Eurovision Song Contest, scheduled to take place in Vienna, Austria on May 16, 2026",
            true,
        ),
        (
            "Will Norway win Eurovision 2026?",
            "Norway wins the Eurovision Song Contest 2026",
            "Norway wins the 71st Eurovision Song Contest, scheduled to take place in Vienna, Austria on May 16, 2026",
            false,
        ),
        (
            "Will Ann Berg win the 2026 Monaco Grand Prix?",
            "Ann Berg wins the main race at the 2026 Monaco Grand Prix",
            "Ann Berg wins the 2026 F1 Monaco Grand Prix",
            true,
        ),
        (
            "Will Ann Berg win the 2026 Monaco Grand Prix?",
            "Ann Berg wins the main race at the 2026 Monaco Grand Prix",
            "Ann Berg wins the sprint race at the 2026 F1 Monaco Grand Prix",
            false,
        ),
    ];
    for (question, ours, theirs, same) in table {
        let end = if ours.contains("Eurovision") {
            "2026-05-16T20:00:00Z"
        } else {
            "2026-06-07T20:00:00Z"
        };
        check(
            end,
            (question, &format!("If {ours}, then the market resolves to Yes.")),
            (
                question,
                &format!(
                    "This market will resolve to \"Yes\" if {theirs}. Otherwise, this market will resolve to \"No\".\nThis market will resolve according to the first official classification; subsequent penalties will not be considered."
                ),
            ),
            same,
        );
    }
}

#[test]
fn a_draw_is_no_win_and_shared_awards_are_rare() {
    let table = [
        (
            "Will Europe win the 2025 Ryder Cup?",
            "Europe wins the 2025 Ryder Cup",
            "",
            "If the 2025 Ryder Cup ends in a tie, this market will resolve to \"No\".",
            true,
        ),
        (
            "Will Ann Berg win the 2025-26 NFL MVP?",
            "Ann Berg wins the 2025-26 NFL Most Valuable Player award",
            "In the event of a tie, the market resolves to No.",
            "In case of a tie, this market will resolve in favor of the player whose last name comes first in alphabetical order.",
            true,
        ),
    ];
    for (question, condition, ours, theirs, same) in table {
        check(
            "2026-02-05T20:00:00Z",
            (question, &format!("If {condition}, then the market resolves to Yes. {ours}")),
            (
                question,
                &format!(
                    "This market will resolve to \"Yes\" if {condition}. Otherwise, this market will resolve to \"No\".\n{theirs}"
                ),
            ),
            same,
        );
    }
}

#[test]
fn the_names_of_sponsors_and_of_categories() {
    let table = [
        ("wins the 2026 BNP Paribas Open", "wins the 2026 Indian Wells Open", true),
        ("wins the 2026 BNP Paribas Open", "wins the 2026 Miami Open", false),
        (
            "wins the 2026 Women's College Basketball D1 Championship",
            "wins the 2026 Women's NCAA Tournament",
            true,
        ),
        (
            "wins the 2026 Men's College Basketball D1 Championship",
            "wins the 2026 Women's NCAA Tournament",
            false,
        ),
        (
            "wins Best Male Actor - Television (Drama) at the 83rd Golden Globe Awards",
            "wins Best Performance by a Male Actor in a Television Series - Drama at the 83rd Golden Globe Awards",
            true,
        ),
        (
            "wins Best Male Actor - Television (Drama) at the 83rd Golden Globe Awards",
            "wins Best Performance by a Female Actor in a Television Series - Drama at the 83rd Golden Globe Awards",
            false,
        ),
    ];
    for (ours, theirs, same) in table {
        let asked = |text: &str| format!("Will Ann Berg {}?", text.replacen("wins", "win", 1));
        check(
            "2026-04-07T20:00:00Z",
            (&asked(ours), &format!("If Ann Berg {ours}, then the market resolves to Yes.")),
            (
                &asked(theirs),
                &format!(
                    "This market will resolve to \"Yes\" if Ann Berg {theirs}. Otherwise, this market will resolve to \"No\"."
                ),
            ),
            same,
        );
    }
}

#[test]
fn whoever_is_no_interim_is_permanent() {
    for (ours, same) in [("Interim head coaches do not count.", true), ("", false)] {
        check(
            "2026-08-31T20:00:00Z",
            (
                "Will Ann Berg be the next head coach of the Tennessee Titans?",
                &format!(
                    "If Ann Berg is the next head coach of Tennessee before Sep 1, 2026, then the market resolves to Yes. {ours}"
                ),
            ),
            (
                "Will Ann Berg be the next permanent head coach of the Tennessee Titans?",
                "This market will resolve to \"Yes\" if Ann Berg is the next permanent head coach of the Tennessee Titans by August 31, 2026, 11:59 PM ET. Otherwise, this market will resolve to \"No\".",
            ),
            same,
        );
    }
}

#[test]
fn one_term_in_two_wordings() {
    let meet = "Ann Berg and Eva Lund meet in person before Apr 1, 2026";
    let critics = "the Tomatometer \"All Critics\" score for Skogen is 65 or higher as of March 31, 2026, 10:00 AM ET";
    let score = "Skogen has a Tomatometer score of above 64 on Mar 31, 2026 at 10:00 AM ET";
    let table = [
        (
            "Will Ann Berg meet in person Eva Lund before Apr 1, 2026?",
            meet,
            "Will Ann Berg meet with Eva Lund by March 31, 2026?",
            "Ann Berg meets with Eva Lund in person by March 31, 2026, 11:59 PM ET",
            true,
        ),
        (
            "Will Ann Berg meet in person Eva Lund before Apr 1, 2026?",
            meet,
            "Will Ann Berg meet with Eva Lund by March 31, 2026?",
            "Ann Berg meets with Eva Lund, in person or by telephone, by March 31, 2026, 11:59 PM ET",
            false,
        ),
        (
            "Skogen Rotten Tomatoes score? - Above 64",
            score,
            "\"Skogen\" Rotten Tomatoes score of at least 65?",
            critics,
            true,
        ),
        (
            "Skogen Rotten Tomatoes score? - Above 64",
            score,
            "\"Skogen\" Rotten Tomatoes score of at least 65?",
            &critics.replace("All", "Top"),
            false,
        ),
        (
            "Will Ann win the Great British Bake Off?",
            "Ann wins Series 16 of The Great British Bake Off",
            "Will Ann win The Great British Bake Off?",
            "Ann Berg is the winner of the 16th series of The Great British Bake Off",
            true,
        ),
        (
            "Will Ann win the Great British Bake Off?",
            "Ann wins Series 16 of The Great British Bake Off",
            "Will Ann win The Great British Bake Off?",
            "Ann Berg is the winner of the 17th series of The Great British Bake Off",
            false,
        ),
        (
            "Will Eva Lund win the 2026 Ugandan presidential election?",
            "Eva Lund wins the 2026 Ugandan presidential election",
            "Will Ann Berg Moen (Eva Lund) win the 2026 Ugandan presidential election?",
            "Ann Berg Moen, also known as Eva Lund, wins the 2026 Ugandan presidential election",
            true,
        ),
        (
            "Will Eva Lund win the 2026 Ugandan presidential election?",
            "Eva Lund wins the 2026 Ugandan presidential election",
            "Will Ann Berg Moen (Liv Dahl) win the 2026 Ugandan presidential election?",
            "Ann Berg Moen, also known as Liv Dahl, wins the 2026 Ugandan presidential election",
            false,
        ),
        (
            "Will real GDP increase by more than 2.5% in Q4 2025?",
            "real GDP increases by more than 2.5% in Q4 2025 (advance estimate)",
            "Will US GDP growth in Q4 2025 be greater than 2.5%?",
            "the rate of change of real gross domestic product (GDP) of the United States for Q4 2025 is greater than 2.5% according to the Advance Estimate released by the Bureau of Economic Analysis (BEA)",
            true,
        ),
    ];
    for (k, ours, p, theirs, same) in table {
        check(
            "2026-03-31T23:00:00Z",
            (k, &format!("If {ours}, then the market resolves to Yes.")),
            (
                p,
                &format!(
                    "This market will resolve to \"Yes\" if {theirs}. Otherwise, this market will resolve to \"No\"."
                ),
            ),
            same,
        );
    }
}

#[test]
fn a_race_includes_its_run_offs() {
    for (rounds, same) in [(", inclusive of any run-offs", true), (" run-off", false)] {
        check(
            "2026-11-03T23:00:00Z",
            (
                "Will the Republican party win the governorship in Georgia",
                "If a representative of the Republican party is inaugurated as the governor of Georgia pursuant to the 2026 election, then the market resolves to Yes.",
            ),
            (
                "Will the Republicans win the Georgia governor race in 2026?",
                &format!(
                    "This market will resolve according to the party of the candidate who wins the 2026 Georgia gubernatorial election{rounds}."
                ),
            ),
            same,
        );
    }
}

#[test]
fn the_market_that_holds_rates_is_paid_where_no_decision_comes() {
    for (named, same) in [("Fed maintains rate", true), ("Cut 25bps", false)] {
        check(
            "2026-01-28T18:55:00Z",
            (
                "Will the Federal Reserve Hike rates by 0bps at their January 2026 meeting?",
                &format!(
                    "If the Federal Reserve does a Hike of 0bps on January 28, 2026, then the market resolves to Yes. If the meeting is cancelled or no decision is made at the scheduled meeting, the market \"{named}\" resolves to Yes and all others resolve to No."
                ),
            ),
            (
                "No change in Fed interest rates after January 2026 meeting?",
                "This market will resolve to the amount of basis points the upper bound of the target federal funds rate is changed by versus the level it was prior to the Federal Reserve's January 2026 meeting.\nIf no statement is released by the end date of the next scheduled meeting, this market will resolve to the \"No change\" bracket.",
            ),
            same,
        );
    }
}

#[test]
fn two_results_of_one_contest_exclude_each_other() {
    let end = "2026-06-26T23:00:00Z";
    let table = [
        (
            "Egypt vs Norway Winner? - Egypt",
            "Egypt wins the Egypt vs Norway professional FIFA World Cup soccer game originally scheduled for Jun 26, 2026 after 90 minutes plus stoppage time",
            "Will Egypt vs. Norway end in a draw?",
            "In the upcoming game, scheduled for June 26, 2026:\nIf the game ends in a draw, this market will resolve to \"Yes\".\nOtherwise, this market will resolve to \"No\".",
        ),
        (
            "Will Ann Berg be the Democratic nominee for the Senate in Michigan?",
            "Ann Berg wins the nomination for the Democratic Party to contest the 2026 Michigan Senate seat",
            "Will Eva Lund be the Democratic nominee for Senate in Michigan?",
            "This market will resolve according to the candidate who wins the nomination for the Democratic Party to contest the 2026 U.S. Senate election in Michigan.",
        ),
        (
            "Who will win the next Japanese general election?",
            "the LDP wins the most seats in the House of Representatives in the 2026 Japanese general election",
            "Will the Nordlys Alliance win the most seats in the 2026 Japanese general election?",
            "This market will resolve to \"Yes\" if the Nordlys Alliance wins the most seats in the Japanese House of Representatives as a result of the 2026 general election.",
        ),
    ];
    for (k, ours, p, rules) in table {
        let rules_k = format!("If {ours}, then the market resolves to Yes.");
        let judgement = judge(end, (k, &rules_k), (p, rules));
        assert_eq!(judgement.relation, Relation::Disjoint, "{p} {judgement:?}");
    }
}

#[test]
fn a_condition_may_open_with_a_name_and_its_alias() {
    for (alias, same) in [("Eva Lund", true), ("Liv Dahl", false)] {
        check(
            "2026-01-15T23:00:00Z",
            (
                "Who will win the Ugandan presidential election? - Eva Lund",
                "If Eva Lund wins the 2026 Ugandan presidential election, then the market resolves to Yes.",
            ),
            (
                &format!(
                    "Will Robert Kyagulanyi Ssentamu ({alias}) win the 2026 Ugandan presidential election?"
                ),
                &format!(
                    "General elections are scheduled to be held in Uganda on January 15, 2026.\nThis market will resolve to \"Yes\" if Robert Kyagulanyi Ssentamu, also known as {alias}, wins the presidential election. Otherwise, this market will resolve to \"No\"."
                ),
            ),
            same,
        );
    }
}

#[test]
fn a_quarter_named_by_both_is_one_window() {
    for (quarter, days, same) in [
        ("Q4 2025", "fourth quarter of 2025 (October 1 - December 31, 2025)", true),
        ("Q3 2025", "third quarter of 2025 (July 1 - September 30, 2025)", false),
    ] {
        check(
            "2025-12-31T23:00:00Z",
            (
                "How many Tesla deliveries will there be this quarter?",
                "If the number of Tesla deliveries in Q4 2025 is at least 450000, then the market resolves to Yes.",
            ),
            (
                &format!("Will Tesla deliver 450,000 or more vehicles in {quarter}?"),
                &format!(
                    "This market will resolve according to the total number of vehicle deliveries reported by Tesla for the {days}.\nThis market will resolve to \"Yes\" if the reported number is greater than or equal to 450,000. Otherwise, this market will resolve to \"No\"."
                ),
            ),
            same,
        );
    }
}

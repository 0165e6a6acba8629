//! What only one of a market's own statements says: the question and the condition state one proposition.

use arb_match::{Judgement, Matcher as _, TermMatcher, Verdict};
use arb_normalize::Venue;

use crate::markets::market;

const END: &str = "2026-12-31T00:00:00Z";

/// Question and condition of both markets.
fn judge(k: [&str; 2], p: [&str; 2]) -> Judgement {
    let rules = format!("If {}, then the market resolves to Yes.", k[1]);
    let kalshi = market(Venue::Kalshi, "KXONCE-26", k[0], &rules, END, ["Yes", "No"]);
    let rules = format!("This market will resolve to \"Yes\" if {}.", p[1]);
    let polymarket = market(Venue::Polymarket, "0x1", p[0], &rules, END, ["Yes", "No"]);
    TermMatcher.judge(&kalshi, &polymarket)
}

#[test]
fn what_a_condition_adds_to_its_question_is_left_out_unless_it_tells_propositions_apart() {
    let question = "Will Ann Berg visit Norway before 2027?";
    let plain = "Ann Berg visits Norway before Jan 1, 2027";
    let table = [
        ("Ann Berg physically visits Norway by December 31, 2026", true),
        ("Ann Berg is explicitly shown to visit Norway by December 31, 2026", true),
        ("Ann Berg pays a visit to Norway by December 31, 2026", true),
        // Words with siblings.
        ("Ann Berg unanimously visits Norway by December 31, 2026", false),
        ("Ann Berg makes a state visit to Norway by December 31, 2026", false),
        // One more or one of several.
        ("Ann Berg visits Norway and skis by December 31, 2026", false),
        ("Ann Berg visits or telephones Norway by December 31, 2026", false),
        ("Ann Berg visits Norway or telephones by December 31, 2026", false),
        // Another place, another person, another month.
        ("Ann Berg visits Norway and Sweden by December 31, 2026", false),
        ("Eva Berg visits Norway by December 31, 2026", false),
        ("Ann Berg visits Norway by September 31, 2026", false),
    ];
    for (condition, same) in table {
        let probable = |judgement: Judgement| judgement.verdict == Verdict::Probable;
        let there = judge([question, plain], [question, condition]);
        assert_eq!(probable(there.clone()), same, "{condition} {there:?}");
        let back = judge([question, condition], [question, plain]);
        assert_eq!(probable(back.clone()), same, "turned: {condition} {back:?}");
    }
}

#[test]
fn the_phrase_behind_the_predicate_is_meant() {
    let table = [
        ("Ann Berg is convicted", "Ann Berg is convicted of arson", false),
        ("Ann Berg is convicted", "Ann Berg is formally convicted", true),
        (
            "Oslo hosts the 2026 Champions League",
            "Oslo hosts the 2026 Champions League final",
            false,
        ),
    ];
    for (k, p, same) in table {
        let asked = format!("Will it happen that {k} before 2027?");
        let k = format!("{k} before Jan 1, 2027");
        let p = format!("{p} by December 31, 2026");
        let judgement = judge([&asked, &k], [&asked, &p]);
        assert_eq!(judgement.verdict == Verdict::Probable, same, "{p} {judgement:?}");
    }
}

#[test]
fn one_of_several_is_meant() {
    let games = "in men's curling at the 2026 Winter Olympics";
    let k =
        [format!("Will Norway win gold {games}?"), format!("Norway wins the gold medal {games}")];
    for (won, same) in [("the gold", true), ("a gold, silver or bronze", false)] {
        let asked = if same { "gold" } else { "a medal" };
        let p = [
            format!("Will Norway win {asked} {games}?"),
            format!("Norway wins {won} medal {games}"),
        ];
        let judgement = judge([&k[0], &k[1]], [&p[0], &p[1]]);
        assert_eq!(judgement.verdict == Verdict::Probable, same, "{won} {judgement:?}");
    }
}

#[test]
fn a_word_said_twice_is_meant() {
    let k =
        ["Will Ann Berg visit Norway before 2027?", "Ann Berg visits Norway before Jan 1, 2027"];
    let p = [
        "Will Ann Berg visit Norway incognito before 2027?",
        "Ann Berg visits Norway incognito by December 31, 2026",
    ];
    assert_ne!(judge(k, p).verdict, Verdict::Probable);
    // Said in the question alone it decides nothing.
    let p = [p[0], "Ann Berg visits Norway by December 31, 2026"];
    assert_eq!(judge(k, p).verdict, Verdict::Probable);
}

#[test]
fn two_conditions_that_narrow_one_question_differently_are_two() {
    let asked = "Will Orbitly be the largest company on December 1?";
    let plain = "Orbitly is the largest company on December 1, 2026";
    let narrowed =
        |by: &str| format!("Orbitly is the largest company ranked by {by} on December 1, 2026");
    let (worth, sales) = (narrowed("worth"), narrowed("turnover"));
    let probable = |a: &str, b: &str| judge([asked, a], [asked, b]).verdict == Verdict::Probable;
    assert!(probable(&worth, plain));
    assert!(probable(&worth, &worth));
    assert!(!probable(&worth, &sales));
}

#[test]
fn a_fuller_name_and_the_way_to_a_title_add_nothing() {
    let table = [
        (
            [
                "Will Ann Berg win the Nobel Peace Prize in 2026?",
                "Ann Berg wins the 2026 Nobel Peace Prize",
            ],
            [
                "Will Ann Berg win the 2026 Nobel Peace Prize?",
                "Ann Berg Lund wins the 2026 Nobel Peace Prize",
            ],
            true,
        ),
        (
            ["Will Boston win the 2026 Stanley Cup?", "Boston wins the 2026 Stanley Cup"],
            [
                "Will the Bruins win the 2026 Stanley Cup?",
                "the Boston Bruins win the 2026 Stanley Cup Final",
            ],
            true,
        ),
        (
            ["Will Boston win the 2026 Stanley Cup?", "Boston wins the 2026 Stanley Cup"],
            [
                "Will the Bruins win the 2026 Stanley Cup?",
                "the Boston Bruins reach the 2026 Stanley Cup Final",
            ],
            false,
        ),
        // The condition names another thing in place of what the question names.
        (
            [
                "Will Ann Berg win the Nobel Peace Prize in 2026?",
                "Ann Berg wins the 2026 Nobel Peace Prize",
            ],
            [
                "Will Ann Berg win the 2026 Nobel Peace Prize?",
                "Ann Berg wins the 2026 Holberg Peace Prize",
            ],
            false,
        ),
        (
            [
                "Which company has the top AI model on Dec 1?",
                "Google has the top-ranked AI model on the Text Arena on December 1, 2026",
            ],
            [
                "Will Google have the best coding AI model on December 1?",
                "Google has the top-ranked model on the WebDev Arena on December 1, 2026",
            ],
            false,
        ),
    ];
    for (k, p, same) in table {
        let judgement = judge(k, p);
        assert_eq!(judgement.verdict == Verdict::Probable, same, "{p:?} {judgement:?}");
    }
}

/// Full rule texts of two markets that end then.
fn judge_rules(end: &str, k: [&str; 2], p: [&str; 2], sides: [&str; 2]) -> Judgement {
    let kalshi = market(Venue::Kalshi, "KXONCE-26", k[0], k[1], end, ["Yes", "No"]);
    let polymarket = market(Venue::Polymarket, "0x1", p[0], p[1], end, sides);
    TermMatcher.judge(&kalshi, &polymarket)
}

#[test]
fn abbreviations_in_brackets_stand_for_the_name_before_them() {
    let k = [
        "Will the Future Party win the most seats in the 2026 Norwegian parliamentary election?",
        "If the Future Party wins the most seats in the 2026 Norwegian parliamentary election, then the market resolves to Yes.",
    ];
    let asked = "Will FuP win the most seats in the 2026 Norwegian parliamentary election?";
    let table = [
        (asked, "the Future Party (FuP)", true),
        (asked, "the Past Party (FuP)", false),
        (asked, "FuP", false),
        (k[0], "the Hope and Future Party (FUTURE)", true),
    ];
    for (title, name, same) in table {
        let rules = format!(
            "This market will resolve to \"Yes\" if {name} wins the most seats in the 2026 Norwegian parliamentary election."
        );
        let judgement = judge_rules(END, k, [title, &rules], ["Yes", "No"]);
        assert_eq!(judgement.verdict == Verdict::Probable, same, "{name} {judgement:?}");
    }
}

#[test]
fn background_shared_wins_and_a_fallback_on_the_day_of_the_deadline_are_no_conditions() {
    let k = [
        "Will Ann Berg win the first round of the 2026 Norwegian presidential election?",
        "If Ann Berg wins the first round of the 2026 Norwegian presidential election, then the market resolves to Yes.",
    ];
    let asked = "Will Ann Berg win the first round of the 2026 Norwegian presidential election?";
    let paid = "This market will resolve to \"Yes\" if Ann Berg wins the first round of the 2026 Norwegian presidential election.";
    let table = [
        (
            "Norway has a runoff between the top two. The first round is scheduled for December 27, 2026.\n",
            "",
            true,
        ),
        (
            "The runoff of the 2026 Norwegian presidential election is scheduled for December 27, 2026.\n",
            "",
            false,
        ),
        (
            "",
            "\nIf Ann Berg wins the first round along with another person, this market will resolve to \"Yes\".",
            true,
        ),
        (
            "",
            "\nIf Ann Berg wins the Nobel Peace Prize, this market will resolve to \"Yes\".",
            false,
        ),
    ];
    for (before, behind, same) in table {
        let judgement =
            judge_rules(END, k, [asked, &format!("{before}{paid}{behind}")], ["Yes", "No"]);
        assert_eq!(judgement.verdict == Verdict::Probable, same, "{before}{behind} {judgement:?}");
    }
    let k = [
        "How many senators vote for Ann Berg?",
        "If exactly 52 senators vote to confirm Ann Berg before Dec 31, 2026, then the market resolves to Yes.",
    ];
    for (day, same) in [("December 31, 2026", true), ("November 20, 2026", false)] {
        let rules = format!(
            "This market will resolve to \"Yes\" if exactly 52 senators vote to confirm Ann Berg. If no vote occurs by {day}, 11:59 PM ET, this market will resolve to \"No\"."
        );
        let judgement = judge_rules(
            END,
            k,
            ["Will 52 senators vote to confirm Ann Berg?", &rules],
            ["Yes", "No"],
        );
        assert_eq!(judgement.verdict == Verdict::Probable, same, "{day} {judgement:?}");
    }
}

#[test]
fn what_a_side_does_is_no_part_of_its_name_and_a_match_is_decided_after_it_began() {
    let end = "2026-09-06T00:00:00Z";
    let judge = |does: &str, by: &str| {
        let rules = format!(
            "If Aberford {does} the Lunden vs Aberford college football game originally scheduled for Sep 6, 2026, then the market resolves to Yes."
        );
        let k = ["Lunden vs Aberford Winner? — Aberford", rules.as_str()];
        let rules = format!(
            "In the upcoming college football game, scheduled for September 6 at 11:00PM ET:\nIf Lunden win, the market will resolve to \"Lunden\".\nIf Aberford win, the market will resolve to \"Aberford\".\nIf the game is not completed by {by}, this market will resolve 50-50."
        );
        let p = ["Lunden vs. Aberford", rules.as_str()];
        judge_rules(end, k, p, ["Lunden", "Aberford"]).verdict == Verdict::Probable
    };
    assert!(judge("wins", "September 30, 2026"));
    for does in ["visits", "pardons", "reaches the final of"] {
        assert!(!judge(does, "September 30, 2026"), "{does}");
    }
    assert!(!judge("wins", "June 30, 2026"));
}

#[test]
fn figures_are_out_within_a_quarter() {
    let k = [
        "Jobs numbers in December 2026? — Above 150,000",
        "If total nonfarm payroll employment increases by more than 150,000 in December 2026, then the market resolves to Yes.",
    ];
    for (day, same) in [("January 8, 2027", true), ("September 8, 2027", false)] {
        let rules = format!(
            "This market will resolve to \"Yes\" if the change in total nonfarm payroll employment for December 2026 in the report of {day} is more than 150,000."
        );
        let p = ["Will the U.S. add more than 150k jobs in December 2026?", rules.as_str()];
        let judgement = judge_rules("2027-01-08T00:00:00Z", k, p, ["Yes", "No"]);
        assert_eq!(judgement.verdict == Verdict::Probable, same, "{day} {judgement:?}");
    }
}

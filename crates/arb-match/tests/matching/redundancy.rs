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

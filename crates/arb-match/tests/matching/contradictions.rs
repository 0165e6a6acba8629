//! Markets whose question and condition cannot both be meant, and rules that speak of what stands beside the other's.

use arb_match::{Judgement, Matcher as _, TermMatcher, Verdict};
use arb_normalize::Venue;

use crate::markets::{hockey, market};

const END: &str = "2026-12-31T00:00:00Z";

fn judge(k: (&str, &str), p: (&str, &str), sides: [&str; 2]) -> Judgement {
    let kalshi = market(Venue::Kalshi, "KXTORN-26", k.0, k.1, END, ["Yes", "No"]);
    let poly = market(Venue::Polymarket, "0x1", p.0, p.1, END, sides);
    TermMatcher.judge(&kalshi, &poly)
}

/// Kalshi asks for the first and decides by it; Polymarket asks for the second and decides by the third.
fn probable(k: &str, asked: &str, ruled: &str) -> bool {
    let rules = format!("If {k}, then the market resolves to Yes.");
    let other = format!(
        "This market will resolve to \"Yes\" if {ruled}. Otherwise, this market will resolve to \"No\"."
    );
    let judgement =
        judge((&format!("Will {k}?"), &rules), (&format!("Will {asked}?"), &other), ["Yes", "No"]);
    judgement.verdict == Verdict::Probable
}

#[test]
fn a_question_denied_by_its_own_condition() {
    let table = [
        // A round, a prize, a competition.
        ("Ann Berg wins the 2026 Oslo Open final", "Ann Berg wins the 2026 Oslo Open semi-final"),
        (
            "Ann Berg reaches the final of the 2026 French Open",
            "Ann Berg wins the 2026 French Open",
        ),
        ("Mumbai wins the 2026 IPL", "Mumbai reaches the final of the 2026 IPL"),
        (
            "One Battle wins Best Picture at the 2026 Oscars",
            "One Battle wins Best Director at the 2026 Oscars",
        ),
        ("Norway wins the 2026 FIFA World Cup", "Norway wins the 2026 Rugby World Cup"),
        // An office, a body, a person.
        (
            "Ann Berg is confirmed as Secretary of Labor by July 1, 2026",
            "Ann Berg is confirmed as Deputy Secretary of Labor by July 1, 2026",
        ),
        (
            "the CEO of Orbitly resigns by July 1, 2026",
            "the CFO of Orbitly resigns by July 1, 2026",
        ),
        ("Ann Berg resigns by July 1, 2026", "Eva Lund resigns by July 1, 2026"),
        // What happens, and what is measured.
        ("the Fed cuts rates in March 2026", "the Fed raises rates in March 2026"),
        (
            "Ann Berg is convicted of fraud by July 1, 2026",
            "Ann Berg is acquitted of fraud by July 1, 2026",
        ),
        (
            "core CPI inflation in the US is above 3% in May 2026",
            "PPI inflation in the US is above 3% in May 2026",
        ),
        (
            "Starcat has a Rotten Tomatoes critics score above 90% on July 1, 2026",
            "Starcat has a Rotten Tomatoes audience score above 90% on July 1, 2026",
        ),
        (
            "Bitcoin closes above $90,000 on March 9, 2026 according to Coinbase",
            "Bitcoin closes above $90,000 on March 9, 2026 according to Kraken",
        ),
        (
            "there are 3,000 confirmed measles cases in the US by July 1, 2026",
            "there are 3,000 suspected measles cases in the US by July 1, 2026",
        ),
        (
            "the high temperature in New York is above 90°F on July 4, 2026",
            "the low temperature in New York is above 90°F on July 4, 2026",
        ),
    ];
    for (one, another) in table {
        assert!(probable(one, one, one), "{one}");
        for (asked, ruled) in [(one, another), (another, one)] {
            assert!(!probable(one, asked, ruled), "{one}, asked {asked}, ruled {ruled}");
        }
        assert!(!probable(one, another, another), "{one} / {another}");
    }
}

/// A question that names the thing only in general leaves nothing out of two conditions that differ.
#[test]
fn a_question_that_states_nothing_explains_no_condition() {
    let table = [
        (
            "Orbitly and Wexel by July 1, 2026?",
            "Orbitly sues Wexel by July 1, 2026",
            "Orbitly buys Wexel by July 1, 2026",
        ),
        (
            "Norway and NATO by July 1, 2026?",
            "Norway leaves NATO by July 1, 2026",
            "Norway votes to leave NATO by July 1, 2026",
        ),
        (
            "Russia and Ukraine by July 1, 2026?",
            "Russia and Ukraine sign a ceasefire by July 1, 2026",
            "Russia and Ukraine reject a ceasefire by July 1, 2026",
        ),
        (
            "Bitcoin source on March 9, 2026?",
            "Bitcoin closes above $90,000 on March 9, 2026 according to Coinbase",
            "Bitcoin closes above $90,000 on March 9, 2026 according to Kraken",
        ),
    ];
    let same = |asked: &str, k: &str, p: &str| {
        let (k, p) = (
            format!("If {k}, then the market resolves to Yes."),
            format!(
                "This market will resolve to \"Yes\" if {p}. Otherwise, this market will resolve to \"No\"."
            ),
        );
        judge((asked, &k), (asked, &p), ["Yes", "No"]).verdict == Verdict::Probable
    };
    for (asked, one, another) in table {
        assert!(!same(asked, one, another), "{one} / {another}");
        assert!(!same(asked, another, one), "{another} / {one}");
    }
}

#[test]
fn rules_that_pay_a_name_that_is_no_outcome() {
    let rules = |second: &str| {
        format!(
            "In the upcoming NHL game, scheduled for March 3 at 7:00PM ET:\nIf the Bruins win, the market will resolve to \"Bruins\".\n\
                 If the {second} win, the market will resolve to \"{second}\"."
        )
    };
    let judged = |second: &str| {
        let [kalshi, poly] = hockey("Boston", ["Bruins", "Rangers"], &rules(second));
        TermMatcher.judge(&kalshi, &poly).verdict
    };
    assert_eq!(judged("Rangers"), Verdict::Probable);
    assert_ne!(judged("Islanders"), Verdict::Probable);
}

/// Rules that mention every direction do not turn a cut into a raise.
#[test]
fn the_direction_of_a_move_is_asked_for() {
    let k = (
        "Will the Federal Reserve Cut rates by 25bps at their December 2026 meeting?",
        "If the Federal Reserve does a Cut of 25bps on December 9, 2026, then the market resolves to Yes.\nThis market is mutually exclusive. Therefore, if the Federal Reserve hikes by 50bps, the 50bps market will resolve to Yes and the 25bps market will resolve to No.",
    );
    let rules = "This market will resolve to the amount of basis points the upper bound of the target federal funds rate is changed by versus the level it was prior to the Federal Reserve's December 2026 meeting.\nIf the target federal funds rate is changed to a level not expressed in the displayed options, the change will be rounded up to the nearest 25 (e.g. if there's a cut/increase of 12.5 bps it will be considered to be 25 bps).\nThe resolution source for this market is the FOMC's statement after its meeting scheduled for December 8-9, 2026.";
    let probable = |p: &str| judge(k, (p, rules), ["Yes", "No"]).verdict == Verdict::Probable;
    assert!(probable(
        "Will the Fed decrease interest rates by 25 bps after the December 2026 meeting?"
    ));
    assert!(!probable(
        "Will the Fed increase interest rates by 25 bps after the December 2026 meeting?"
    ));
}

/// Winning the nomination is less than winning the election, though the condition only says that somebody wins.
#[test]
fn a_nomination_that_is_won_is_no_election() {
    let k = (
        "Will Ann Berg win the 2026 Chilean presidential election?",
        "If Ann Berg wins the 2026 Chilean presidential election, then the market resolves to Yes.",
    );
    let judged = |what: &str| {
        let rules = format!(
            "The first round of the Chilean presidential {what} is scheduled to take place on December 31, 2026.\nThis market will resolve according to the candidate who wins this {what}, including any potential second round: it will resolve to \"Yes\" if Ann Berg wins. Otherwise, this market will resolve to \"No\"."
        );
        let asked = format!("Will Ann Berg win the 2026 Chilean presidential {what}?");
        judge(k, (&asked, &rules), ["Yes", "No"])
    };
    let (same, less) = (judged("election"), judged("nomination"));
    assert_eq!(same.verdict, Verdict::Probable, "{same:?}");
    assert_ne!(less.verdict, Verdict::Probable, "{less:?}");
}

//! One condition in the forms rule texts put it in, and texts that state none.

use arb_match::{Judgement, Matcher as _, TermMatcher, Verdict};
use arb_normalize::{Relation, Venue};

use crate::markets::market;

/// A Kalshi market on the same question against these Polymarket rules.
fn against(rules: &str) -> Judgement {
    let kalshi = market(
        Venue::Kalshi,
        "KXTREATY-27",
        "Will Norway sign the Arctic Treaty before 2027?",
        "If Norway signs the Arctic Treaty before Jan 1, 2027, then the market resolves to Yes.",
        "2027-01-01T05:00:00Z",
        ["Yes", "No"],
    );
    let polymarket = market(
        Venue::Polymarket,
        "0x1",
        "Norway signs the Arctic Treaty in 2026?",
        rules,
        "2026-12-31T00:00:00Z",
        ["Yes", "No"],
    );
    TermMatcher.judge(&kalshi, &polymarket)
}

const FORMS: [&str; 18] = [
    "This market will resolve to \"Yes\" if {C}. Otherwise, this market will resolve to \"No\".",
    "This market will resolve to \"Yes\" should {C}. Otherwise \"No\".",
    "This market resolves YES if {C}, and NO otherwise.",
    "If {C}, this market resolves to Yes. If not, it resolves to No.",
    "If {C}, the market will resolve to \"Yes\"; otherwise \"No\".",
    "If {C}, it will resolve to \"Yes\".",
    "The U.S. is no party. If {C}, this market will resolve to \"Yes\".",
    "This market will resolve to \"No\" unless {C}.",
    "This market will resolve to \"No\" unless {C}, in which case it will resolve to \"Yes\".",
    "This market asks whether {C}. It will resolve to \"Yes\" if so, and to \"No\" otherwise.",
    "This is a market on whether {C}. If so, it resolves to \"Yes\"; if not, to \"No\".",
    "This market is about whether {C}. The market resolves to \"Yes\" if this happens.",
    "This market will resolve to \"Yes\" in the event that {C}.",
    "This market will resolve to \"Yes\" provided that {C}.",
    "This market will settle to \"Yes\" if {C}.",
    "This market will resolve in favor of \"Yes\" if {C}.",
    "In the case that {C}, this market will resolve to \"Yes\".",
    "\"Yes\" if {C}; \"No\" otherwise.",
];

#[test]
fn a_condition_is_read_however_it_is_joined_to_what_it_pays() {
    let cases = [
        ("Norway signs the Arctic Treaty by December 31, 2026, 11:59 PM ET", true),
        ("Norway signs the Arctic Treaty by October 31, 2026, 11:59 PM ET", false),
        ("Norway signs and ratifies the Arctic Treaty by December 31, 2026, 11:59 PM ET", false),
        ("Norway leaves the Arctic Treaty by December 31, 2026, 11:59 PM ET", false),
    ];
    for form in FORMS {
        for (condition, same) in cases {
            let judgement = against(&form.replace("{C}", condition));
            let probable = judgement.verdict == Verdict::Probable;
            assert_eq!(probable, same, "{form} {condition}: {judgement:?}");
        }
    }
}

#[test]
fn rules_whose_condition_is_not_understood_are_not_taken_from_the_question() {
    const SIGNED: &str = "Norway signs the Arctic Treaty by December 31, 2026, 11:59 PM ET";
    for form in [
        "A \"Yes\" resolution requires that {C}.",
        "This market will resolve to \"Yes\" only if {C}.",
        "For this market to resolve to \"Yes\", {C}.",
        "{C}: that is what decides.",
        "This market will resolve to \"Yes\" unless {C}.",
    ] {
        let judgement = against(&form.replace("{C}", SIGNED));
        assert_ne!(judgement.verdict, Verdict::Probable, "{form}: {judgement:?}");
    }
}

/// What is said not to count explains no word of the other text.
#[test]
fn what_does_not_count_explains_nothing() {
    let rules = |clause: &str| {
        format!(
            "This market will resolve to \"Yes\" if Norway or Sweden signs the Arctic Treaty by December 31, 2026, 11:59 PM ET. {clause}"
        )
    };
    let kalshi = |rules: &str| {
        market(
            Venue::Kalshi,
            "KXTREATY-27",
            "Will Norway sign or announce that it will sign the Arctic Treaty before 2027?",
            rules,
            "2027-01-01T05:00:00Z",
            ["Yes", "No"],
        )
    };
    let k = kalshi(
        "If Norway announces that it will sign, or otherwise signs the Arctic Treaty before Jan 1, 2027, then the market resolves to Yes.",
    );
    let p = market(
        Venue::Polymarket,
        "0x1",
        "Norway signs the Arctic Treaty in 2026?",
        &rules("An announcement alone does not count.").replace("Norway or Sweden", "Norway"),
        "2026-12-31T00:00:00Z",
        ["Yes", "No"],
    );
    let judgement = TermMatcher.judge(&k, &p);
    assert_eq!(
        (judgement.relation, judgement.verdict),
        (Relation::Superset, Verdict::Rejected),
        "{judgement:?}"
    );
}

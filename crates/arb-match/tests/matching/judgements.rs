use arb_match::{Matcher, Proposition, Score, TermMatcher, TfIdfMatcher, Verdict};
use arb_normalize::{Relation, Venue};

use crate::markets::{market, pairs};

#[test]
fn labelled_pairs_of_many_kinds() {
    let mut score = Score::new();
    for pair in pairs() {
        score.add(pair.label, &TermMatcher.judge(&pair.kalshi, &pair.polymarket));
    }
    assert_eq!(score.precision().hits, score.precision().total, "{score}");
    assert!(score.recall().value().unwrap() >= 0.9, "{score}");
    assert!(score.wrong_candidates().value().unwrap() <= 0.15, "{score}");
    assert!(score.relations().value().unwrap() >= 0.75, "{score}");
    assert_eq!(score.polarity_errors(), 0, "{score}");
}

/// Both matchers keep the contract of the seam.
#[test]
fn every_matcher_is_deterministic_and_bounded() {
    let all = pairs();
    let tfidf =
        TfIdfMatcher::fit(all.iter().flat_map(|pair| [&pair.kalshi, &pair.polymarket]), 0.7);
    let matchers: [&dyn Matcher; 2] = [&TermMatcher, &tfidf];
    for matcher in matchers {
        for pair in &all {
            let first = matcher.judge(&pair.kalshi, &pair.polymarket);
            assert_eq!(first, matcher.judge(&pair.kalshi, &pair.polymarket));
            assert!((0.0..=1.0).contains(&first.similarity));
            if first.verdict == Verdict::Probable {
                assert!(matches!(first.relation, Relation::Equal | Relation::Complement));
            }
        }
    }
}

#[test]
fn the_order_of_polymarkets_outcomes_is_the_polarity() {
    let rules = "In the upcoming NHL game, scheduled for March 3 at 7:00PM ET:\nIf the Bruins win, the market will resolve to \"Bruins\".\n\
                 If the Rangers win, the market will resolve to \"Rangers\".";
    let kalshi = |team: &str| {
        let rule = format!(
            "If {team} wins the Boston at New York R professional hockey game originally scheduled for Mar 3, 2026, then the market resolves to Yes."
        );
        market(
            Venue::Kalshi,
            "KXNHLGAME-26MAR03BOSNYR",
            "Boston at New York R Winner?",
            &rule,
            "2026-03-17T00:00:00Z",
            ["Yes", "No"],
        )
    };
    let poly = |a: &str, b: &str| {
        market(
            Venue::Polymarket,
            "0x1",
            &format!("{a} vs. {b}"),
            rules,
            "2026-03-04T00:00:00Z",
            [a, b],
        )
    };
    for (team, first, second, want) in [
        ("Boston", "Bruins", "Rangers", Relation::Equal),
        ("Boston", "Rangers", "Bruins", Relation::Complement),
        ("New York R", "Bruins", "Rangers", Relation::Complement),
        ("New York R", "Rangers", "Bruins", Relation::Equal),
    ] {
        let judgement = TermMatcher.judge(&kalshi(team), &poly(first, second));
        assert_eq!(
            (judgement.relation, judgement.verdict),
            (want, Verdict::Probable),
            "{team} {first} {judgement:?}"
        );
    }
}

#[test]
fn rules_that_turn_a_name_round_are_not_probable() {
    let rules = "In the upcoming NHL game, scheduled for March 3 at 7:00PM ET:\nIf the Bruins do not win, the market will resolve to \"Bruins\".";
    let kalshi = market(
        Venue::Kalshi,
        "KXNHLGAME-26MAR03BOSNYR-BOS",
        "Boston at New York R Winner?",
        "If Boston wins the Boston at New York R professional hockey game originally scheduled for Mar 3, 2026, then the market resolves to Yes.",
        "2026-03-17T00:00:00Z",
        ["Yes", "No"],
    );
    let poly = market(
        Venue::Polymarket,
        "0x1",
        "Bruins vs. Rangers",
        rules,
        "2026-03-04T00:00:00Z",
        ["Bruins", "Rangers"],
    );
    assert_ne!(TermMatcher.judge(&kalshi, &poly).verdict, Verdict::Probable);
}

#[test]
fn deadlines_of_the_text_beat_the_venues_dates() {
    let kalshi = |rule: &str| {
        market(
            Venue::Kalshi,
            "KXDEAL-27",
            "Will Norway and Peru sign a trade deal?",
            rule,
            "2027-02-01T00:00:00Z",
            ["Yes", "No"],
        )
    };
    let poly = |rule: &str| {
        market(
            Venue::Polymarket,
            "0x2",
            "Norway and Peru sign a trade deal?",
            rule,
            "2026-12-30T20:00:00Z",
            ["Yes", "No"],
        )
    };
    let k = kalshi(
        "If Norway and Peru sign a trade deal before Jan 1, 2027, then the market resolves to Yes.",
    );
    let same = poly(
        "This market will resolve to \"Yes\" if Norway and Peru sign a trade deal by December 31, 2026, 11:59 PM ET.",
    );
    let earlier = poly(
        "This market will resolve to \"Yes\" if Norway and Peru sign a trade deal by November 30, 2026, 11:59 PM ET.",
    );
    let silent = poly("This market will resolve to \"Yes\" if Norway and Peru sign a trade deal.");
    assert_eq!(
        TermMatcher.judge(&k, &same).verdict,
        Verdict::Probable,
        "{:?}",
        TermMatcher.judge(&k, &same)
    );
    let judgement = TermMatcher.judge(&k, &earlier);
    assert_eq!((judgement.verdict, judgement.relation), (Verdict::Rejected, Relation::Superset));
    assert_eq!(TermMatcher.judge(&k, &silent).verdict, Verdict::Candidate);
}

#[test]
fn an_unfilled_template_or_missing_rules_fail_closed() {
    let title = "Will Norway leave the treaty before 2027?";
    let rule = "This market will resolve to \"Yes\" if Norway leaves the treaty by December 31, 2026, 11:59 PM ET.";
    let poly = market(Venue::Polymarket, "0x3", title, rule, "2026-12-31T00:00:00Z", ["Yes", "No"]);
    for rules in [
        "",
        "If || Country || leaves the treaty before Jan 1, 2027, then the market resolves to Yes.",
    ] {
        let kalshi = market(
            Venue::Kalshi,
            "KXTREATY-27",
            title,
            rules,
            "2027-01-01T00:00:00Z",
            ["Yes", "No"],
        );
        assert_ne!(TermMatcher.judge(&kalshi, &poly).verdict, Verdict::Probable);
    }
}

#[test]
fn terms_say_where_they_were_found() {
    let rule = "If Ann Berg wins the 2026 Norwegian presidential election, then the market resolves to Yes.";
    let kalshi = market(
        Venue::Kalshi,
        "KXNORPRES-26-AB",
        "Who will win?",
        rule,
        "2027-01-01T00:00:00Z",
        ["Ann Berg", ""],
    );
    let terms = Proposition::read(&kalshi).terms();
    assert!(
        terms.iter().any(|t| t.name == "subject"
            && t.value == "berg"
            && t.source == arb_match::Source::Rules),
        "{terms:?}"
    );
    assert!(terms.iter().any(|t| t.name == "place" && t.value == "norwegian"));
    assert!(terms.iter().any(|t| t.name == "edition" && t.source == arb_match::Source::Ticker));
}

#[test]
fn who_does_it_matters() {
    let kalshi = market(
        Venue::Kalshi,
        "KXSTRIKE-26",
        "Will Peru strike Chile before Apr 1, 2026?",
        "If Peru strikes Chile before Apr 1, 2026, then the market resolves to Yes.",
        "2026-04-01T00:00:00Z",
        ["Yes", "No"],
    );
    let poly = |title: &str, rule: &str| {
        market(Venue::Polymarket, "0x4", title, rule, "2026-03-31T00:00:00Z", ["Yes", "No"])
    };
    let same = poly(
        "Peru strikes Chile by March 31, 2026?",
        "This market will resolve to \"Yes\" if Peru strikes Chile by March 31, 2026, 11:59 PM ET.",
    );
    let turned = poly(
        "Chile strikes Peru by March 31, 2026?",
        "This market will resolve to \"Yes\" if Chile strikes Peru by March 31, 2026, 11:59 PM ET.",
    );
    assert_eq!(TermMatcher.judge(&kalshi, &same).verdict, Verdict::Probable);
    assert_eq!(TermMatcher.judge(&kalshi, &turned).verdict, Verdict::Rejected);
}

#[test]
fn a_market_that_pays_no_for_the_event_is_turned_round() {
    let rule = |paid: &str| {
        format!("If Peru leaves the treaty before Jan 1, 2027, then the market resolves to {paid}.")
    };
    let kalshi = |paid: &str| {
        market(
            Venue::Kalshi,
            "KXTREATY-27",
            "Will Peru leave the treaty before 2027?",
            &rule(paid),
            "2027-01-01T00:00:00Z",
            ["Yes", "No"],
        )
    };
    let poly = market(
        Venue::Polymarket,
        "0x5",
        "Will Peru leave the treaty in 2026?",
        "This market will resolve to \"Yes\" if Peru leaves the treaty by December 31, 2026, 11:59 PM ET.",
        "2026-12-31T00:00:00Z",
        ["Yes", "No"],
    );
    assert_eq!(TermMatcher.judge(&kalshi("Yes"), &poly).verdict, Verdict::Probable);
    let judgement = TermMatcher.judge(&kalshi("No"), &poly);
    assert_ne!(judgement.verdict, Verdict::Probable);
    assert!(judgement.differences.iter().any(|d| d.term == "polarity"), "{judgement:?}");
}

use arb_match::{Matcher, Proposition, Score, TermMatcher, TfIdfMatcher, Verdict};
use arb_normalize::{Relation, Venue};

use crate::markets::{hockey, market, pairs};

#[test]
fn labelled_pairs_of_many_kinds() {
    let mut score = Score::new();
    for pair in pairs() {
        score.add(pair.label, &TermMatcher.judge(&pair.kalshi, &pair.polymarket));
    }
    assert_eq!(score.precision().hits, score.precision().total, "{score}");
    assert!(score.recall().value().unwrap() >= 0.9, "{score}");
    assert!(score.wrong_candidates().value().unwrap() <= 0.25, "{score}");
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
    for (team, first, second, want) in [
        ("Boston", "Bruins", "Rangers", Relation::Equal),
        ("Boston", "Rangers", "Bruins", Relation::Complement),
        ("New York R", "Bruins", "Rangers", Relation::Complement),
        ("New York R", "Rangers", "Bruins", Relation::Equal),
    ] {
        let [kalshi, polymarket] = hockey(team, [first, second], rules);
        let judgement = TermMatcher.judge(&kalshi, &polymarket);
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
    let [kalshi, poly] = hockey("Boston", ["Bruins", "Rangers"], rules);
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

/// A question both venues ask alike, in other words, signs and names.
#[test]
fn spellings_that_mean_the_same() {
    let judged = |k: (&str, &str), p: (&str, &str)| {
        let end = "2026-12-31T00:00:00Z";
        let kalshi = market(Venue::Kalshi, "KXSAME-26", k.0, k.1, end, ["Yes", "No"]);
        let poly = market(Venue::Polymarket, "0x3", p.0, p.1, end, ["Yes", "No"]);
        TermMatcher.judge(&kalshi, &poly).verdict
    };
    let said = |what: &str| format!("If {what}, then the market resolves to Yes.");
    let asked = |what: &str| format!("This market will resolve to \"Yes\" if {what}.");
    let by = "by December 31, 2026, 11:59 PM ET";
    let before = "before Jan 1, 2027";
    for (kalshi, poly, want) in [
        // Numerals and initials; another number or other initials are another thing.
        ("Star Trade Union VI is released", "STU 6 is released", Verdict::Probable),
        ("Star Trade Union VI is released", "STU 7 is released", Verdict::Rejected),
        ("Star Trade Union VI is released", "SPU 6 is released", Verdict::Rejected),
        // A nickname in quotes, a first name more; another first name is another person.
        ("Jorge Lund resigns", "Jorge \"Tuto\" Lund resigns", Verdict::Probable),
        ("Kim Anton Lund resigns", "Andrea Kim Anton Lund resigns", Verdict::Probable),
        ("Kim Anton Lund resigns", "Andrea Berg Anton Lund resigns", Verdict::Rejected),
        // A company's suffix, a city's state.
        ("Orbitly acquires Wexel Inc.", "Orbitly AI acquires Wexel", Verdict::Probable),
        ("The mayor of Miami, FL resigns", "The mayor of Miami resigns", Verdict::Probable),
        // A public figure by surname, and a relative of his.
        ("Donald Trump visits Peru", "Trump visits Peru", Verdict::Probable),
        ("Donald Trump visits Peru", "Eric Trump visits Peru", Verdict::Candidate),
        // Leaving an office, and leaving a country.
        (
            "Ann Berg leaves as head coach of Orbit",
            "Ann Berg ceases to be head coach of Orbit",
            Verdict::Probable,
        ),
        ("Ann Berg leaves office in Norway", "Ann Berg leaves Norway", Verdict::Rejected),
    ] {
        let (k, p) = (said(&format!("{kalshi} {before}")), asked(&format!("{poly} {by}")));
        let (kt, pt) = (format!("Will it be so? {kalshi}?"), format!("{poly} in 2026?"));
        let verdict = judged((&kt, &k), (&pt, &p));
        if want == Verdict::Probable {
            assert_eq!(verdict, want, "{kalshi} / {poly}");
        } else {
            assert_ne!(verdict, Verdict::Probable, "{kalshi} / {poly}");
        }
    }
}

/// Numbers as they are published: one decimal, whole degrees, quarters of a per cent.
#[test]
fn thresholds_between_two_published_numbers_are_the_same() {
    let judge = |what: &str, k: &str, p: &str, note: &str| {
        let rules = format!(
            "If the {what} is {k} in November 2026, then the market resolves to Yes.\n{note}"
        );
        let kalshi = market(
            Venue::Kalshi,
            "KXU3-26NOV",
            &format!("Will the {what} be {k} in November 2026?"),
            &rules,
            "2026-12-04T00:00:00Z",
            ["Yes", "No"],
        );
        let poly = market(
            Venue::Polymarket,
            "0x4",
            &format!("Will the November 2026 {what} be {p}?"),
            &format!("This market will resolve to \"Yes\" if the {what} for November 2026 is {p}."),
            "2026-12-04T00:00:00Z",
            ["Yes", "No"],
        );
        TermMatcher.judge(&kalshi, &poly)
    };
    let tenths = "The figure is published with One Decimal.";
    let rate = "unemployment rate";
    assert_eq!(judge(rate, "above 4.3%", "4.4% or higher", "").verdict, Verdict::Probable);
    assert_eq!(judge(rate, "above 4.3%", "4.5% or higher", "").relation, Relation::Superset);
    let complement = judge(rate, "above 4.3%", "4.3% or lower", "");
    assert_eq!(
        (complement.relation, complement.verdict),
        (Relation::Complement, Verdict::Probable)
    );
    // Of other figures the text has to say with how many decimals they come.
    let share = "approval rating of Ann Berg";
    assert_eq!(judge(share, "above 4.3%", "4.4% or higher", tenths).verdict, Verdict::Probable);
    assert_eq!(judge(share, "above 4.3%", "4.4% or higher", "").verdict, Verdict::Rejected);
    // Only the boundary differs: one lies inside the other.
    let boundary = judge(share, "above 4.3%", "4.3% or higher", "");
    assert_eq!((boundary.relation, boundary.verdict), (Relation::Subset, Verdict::Rejected));
}

/// Over and under, and a margin: who has to win by it, and which outcome stands first.
#[test]
fn totals_and_margins() {
    let game = "the Kansas City vs Buffalo professional football game originally scheduled for Nov 29, 2026";
    let judge = |who: &str, what: &str, title: &str, sides: [&str; 2]| {
        let kalshi = market(
            Venue::Kalshi,
            "KXNFLSPREAD-26NOV29KCBUF-X",
            &format!("{who} {what}?"),
            &format!("If {who} {what} in {game}, then the market resolves to Yes."),
            "2026-12-13T00:00:00Z",
            ["Yes", "No"],
        );
        let rules = "In the upcoming NFL game, scheduled for November 29 at 4:25 PM ET:\n\
            This market will resolve to \"Chiefs\" if the Chiefs win the game by 4 or more points.\n\
            Otherwise, this market will resolve to \"Bills\".";
        let rules = if title.contains("O/U") {
            "In the upcoming NFL game between the Kansas City Chiefs and the Buffalo Bills, scheduled for November 29 at 4:25 PM ET:\n\
             This market will resolve to \"Over\" if the teams combine to score more than 45.5 points."
        } else {
            rules
        };
        let poly = market(Venue::Polymarket, "0x5", title, rules, "2026-11-30T00:00:00Z", sides);
        let judgement = TermMatcher.judge(&kalshi, &poly);
        (judgement.relation, judgement.verdict == Verdict::Probable)
    };
    let margin = "wins by more than 3.5 points";
    for (who, sides, want) in [
        ("Kansas City", ["Chiefs", "Bills"], (Relation::Equal, true)),
        ("Buffalo", ["Chiefs", "Bills"], (Relation::Disjoint, false)),
    ] {
        assert_eq!(judge(who, margin, "Spread: Chiefs (-3.5)", sides), want, "{who} {sides:?}");
    }
    assert_eq!(
        judge(
            "Kansas City",
            "wins by more than 6.5 points",
            "Spread: Chiefs (-3.5)",
            ["Chiefs", "Bills"]
        ),
        (Relation::Subset, false)
    );
    let teams = "Kansas City and Buffalo";
    let total = "score more than 45.5 points";
    for (sides, want) in [
        (["Over", "Under"], (Relation::Equal, true)),
        (["Under", "Over"], (Relation::Complement, true)),
    ] {
        assert_eq!(judge(teams, total, "Chiefs vs. Bills: O/U 45.5", sides), want, "{sides:?}");
    }
    // Rules that ask for another number than the title are not read as either.
    let rules_differ = judge(
        teams,
        "score more than 47.5 points",
        "Chiefs vs. Bills: O/U 47.5",
        ["Over", "Under"],
    );
    assert_eq!(rules_differ, (Relation::Equal, false));
}

/// Relations between questions that are not the same.
#[test]
fn implications_between_other_questions() {
    let judge = |k: &str, p: &str| {
        let kalshi = market(
            Venue::Kalshi,
            "KXREL-26",
            &format!("Will {k}?"),
            &format!("If {k}, then the market resolves to Yes."),
            "2026-12-31T00:00:00Z",
            ["Yes", "No"],
        );
        let poly = market(
            Venue::Polymarket,
            "0x6",
            &format!("Will {p}?"),
            &format!("This market will resolve to \"Yes\" if {p}."),
            "2026-12-31T00:00:00Z",
            ["Yes", "No"],
        );
        let judgement = TermMatcher.judge(&kalshi, &poly);
        assert_ne!(judgement.verdict, Verdict::Probable, "{k} / {p}");
        judgement.relation
    };
    for (k, p, want) in [
        (
            "Ann Berg wins the 2026 Oslo Marathon",
            "Ann Berg finishes in the top 10 of the 2026 Oslo Marathon",
            Relation::Subset,
        ),
        (
            "Tennessee wins the AFC South in the 2026-27 pro football season",
            "the Tennessee Titans make the playoffs in the 2026-27 NFL season",
            Relation::Subset,
        ),
        (
            "Fjord is nominated for Best Picture at the 98th Academy Awards",
            "Fjord wins Best Picture at the 98th Academy Awards",
            Relation::Superset,
        ),
        (
            "Donald Trump pardons Ann Berg before Jan 1, 2027",
            "Donald Trump pardons or commutes Ann Berg before Jan 1, 2027",
            Relation::Subset,
        ),
    ] {
        assert_eq!(judge(k, p), want, "{k} / {p}");
        let turned = match want {
            Relation::Subset => Relation::Superset,
            _ => Relation::Subset,
        };
        assert_eq!(judge(p, k), turned, "{p} / {k}");
    }
}

/// A match is known by its sides and its day; the tournament and the round add nothing, a part of it is something else.
#[test]
fn a_match_and_its_parts() {
    let kalshi = market(
        Venue::Kalshi,
        "KXWTAMATCH-26JAN25BERLUN-BER",
        "Will Ann Berg win the Berg vs Lund match?",
        "If Ann Berg wins the Berg vs Lund professional tennis match in the 2026 Australian Open Quarterfinal after a ball has been played, then the market resolves to Yes.",
        "2026-02-08T00:00:00Z",
        ["Yes", "No"],
    );
    let judge = |title: &str, day: &str, what: &str| {
        let rules = format!(
            "This market refers to {what} between Ann Berg and Eva Lund, originally scheduled for {day}.\n\
             If Ann Berg wins, this market will resolve to \"Ann Berg\".\nIf Eva Lund wins, this market will resolve to \"Eva Lund\"."
        );
        let end = "2026-01-25T08:00:00Z";
        let poly = market(Venue::Polymarket, "0x7", title, &rules, end, ["Ann Berg", "Eva Lund"]);
        TermMatcher.judge(&kalshi, &poly).verdict
    };
    let title = "Australian Open Women's: Ann Berg vs. Eva Lund";
    assert_eq!(judge(title, "January 25, 2026", "the match"), Verdict::Probable);
    assert_eq!(judge(title, "January 24, 2026", "the match"), Verdict::Probable);
    assert_ne!(judge(title, "January 29, 2026", "the match"), Verdict::Probable);
    assert_ne!(judge(title, "January 29 at 4:00AM ET", "the match"), Verdict::Probable);
    let set = "Set 1 Winner: Ann Berg vs. Eva Lund";
    assert_ne!(judge(set, "January 25, 2026", "the first set of the match"), Verdict::Probable);
    let other = "Australian Open Women's: Ann Berg vs. Mia Holm";
    assert_ne!(judge(other, "January 25, 2026", "the match"), Verdict::Probable);
}

/// `Group A` is not `Group B`.
#[test]
fn a_letter_tells_groups_apart() {
    let judge = |letter: &str| {
        let kalshi = market(
            Venue::Kalshi,
            "KXWCGROUP-26-A-MEX",
            "Will Mexico win Group A at the World Cup?",
            "If Mexico wins Group A at the 2026 FIFA World Cup, then the market resolves to Yes.",
            "2026-07-01T00:00:00Z",
            ["Yes", "No"],
        );
        let poly = market(
            Venue::Polymarket,
            "0x8",
            &format!("Will Mexico win Group {letter} in the 2026 FIFA World Cup?"),
            &format!(
                "This market will resolve to \"Yes\" if Mexico finishes first in Group {letter} of the 2026 FIFA World Cup."
            ),
            "2026-06-24T00:00:00Z",
            ["Yes", "No"],
        );
        TermMatcher.judge(&kalshi, &poly).verdict
    };
    assert_eq!(judge("A"), Verdict::Probable);
    assert_ne!(judge("B"), Verdict::Probable);
}

#[test]
fn gold_medals_are_not_all_medals() {
    let kalshi = market(
        Venue::Kalshi,
        "KXMEDALS-28-NOR",
        "Most gold medals at the 2030 Winter Olympics? — Norway",
        "If Norway wins the most gold medals at the 2030 Winter Olympics, then the market resolves to Yes.",
        "2030-02-28T00:00:00Z",
        ["Yes", "No"],
    );
    let polymarket = |what: &str, counted: &str| {
        market(
            Venue::Polymarket,
            "0x1",
            &format!("Will Norway win the most {what} at the 2030 Winter Olympics?"),
            &format!(
                "This market will resolve to the country that wins the most {counted} at the 2030 Winter Olympics."
            ),
            "2030-02-28T00:00:00Z",
            ["Yes", "No"],
        )
    };
    let all = polymarket("medals", "medals in total (gold, silver and bronze)");
    assert_ne!(TermMatcher.judge(&kalshi, &all).verdict, Verdict::Probable);
    let gold = polymarket("gold medals", "gold medals");
    assert_eq!(TermMatcher.judge(&kalshi, &gold).verdict, Verdict::Probable);
}

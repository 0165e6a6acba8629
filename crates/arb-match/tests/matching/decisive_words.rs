//! Pairs that differ in one decisive word, and nearly the same pairs that do not.

use arb_match::{Judgement, Matcher as _, TermMatcher, Verdict};
use arb_normalize::market::Strike;
use arb_normalize::{Market, Relation, Venue};

use crate::markets::market;

const END: &str = "2026-12-31T23:59:00Z";

/// Two markets whose questions and conditions say this.
fn markets(k: &str, p: &str) -> [Market; 2] {
    let labels = ["Yes", "No"];
    let (title, rules) =
        (format!("Will {k}?"), format!("If {k}, then the market resolves to Yes."));
    let kalshi = market(Venue::Kalshi, "KXWORD", &title, &rules, END, labels);
    let (title, rules) = (
        format!("Will {p}?"),
        format!(
            "This market will resolve to \"Yes\" if {p}. Otherwise, it will resolve to \"No\"."
        ),
    );
    [kalshi, market(Venue::Polymarket, "0x1", &title, &rules, END, labels)]
}

fn judge(k: &str, p: &str) -> Judgement {
    let [kalshi, polymarket] = markets(k, p);
    TermMatcher.judge(&kalshi, &polymarket)
}

/// The condition against itself is probable, against each of the others it is not.
fn apart(k: &str, others: &[&str]) {
    let same = judge(k, k);
    assert_eq!(same.verdict, Verdict::Probable, "{k}: {same:?}");
    for p in others {
        for (k, p) in [(k, *p), (*p, k)] {
            let judgement = judge(k, p);
            assert_ne!(judgement.verdict, Verdict::Probable, "{k} / {p}: {judgement:?}");
        }
    }
}

fn alike(k: &str, others: &[&str]) {
    for p in others {
        let judgement = judge(k, p);
        let said = (judgement.relation, judgement.verdict);
        assert_eq!(said, (Relation::Equal, Verdict::Probable), "{k} / {p}: {judgement:?}");
    }
}

/// Degrees, lengths, weights and currencies.
#[test]
fn another_unit_is_another_amount() {
    let table: [(&str, &str, &[&str]); 7] = [
        (
            "the high temperature in Oslo is above {} on July 4, 2026",
            "30°C",
            &["30°F", "30 degrees Fahrenheit", "30 Fahrenheit", "30°", "30"],
        ),
        (
            "the high temperature in New York is above {} on July 4, 2026",
            "80°F",
            &["80°C", "80 degrees Celsius"],
        ),
        (
            "Tesla closes above {} on July 2, 2026",
            "$400",
            &["€400", "400 euros", "C$400", "HK$400", "£400", "¥400", "400", "A$400", "400 cents"],
        ),
        (
            "the price of gold is above {} on July 2, 2026",
            "$3,000",
            &["€3,000", "3,000 Swiss francs", "£3,000"],
        ),
        (
            "the storm travels more than {} in 2026",
            "300 miles",
            &["300 km", "300 nautical miles", "300", "300 feet"],
        ),
        (
            "the probe weighs more than {} in 2026",
            "50 kg",
            &["50 lb", "50 pounds", "50 tons", "50"],
        ),
        (
            "Norway sells more than {} in 2026",
            "5 million barrels",
            &["5 million gallons", "5 million tonnes", "5 million"],
        ),
    ];
    for (text, amount, others) in table {
        let others: Vec<String> = others.iter().map(|other| text.replace("{}", other)).collect();
        let others: Vec<&str> = others.iter().map(String::as_str).collect();
        apart(&text.replace("{}", amount), &others);
    }
    alike(
        "the storm travels more than 300 km in 2026",
        &[
            "the storm travels more than 300 kilometers in 2026",
            "the storm travels over 300 km in 2026",
        ],
    );
    alike(
        "the high temperature in Oslo is above 30°C on July 4, 2026",
        &[
            "the high temperature in Oslo is above 30 degrees Celsius on July 4, 2026",
            "the high temperature in Oslo is above 30 Celsius on July 4, 2026",
        ],
    );
    alike(
        "Tesla closes above $400 on July 2, 2026",
        &[
            "Tesla closes above 400 dollars on July 2, 2026",
            "Tesla closes above US$400 on July 2, 2026",
        ],
    );
}

/// Beside the name of a school only a name is its nickname.
#[test]
fn what_a_team_does_is_no_nickname() {
    apart(
        "Duke wins the 2026 NCAA tournament",
        &[
            "Duke makes the 2026 NCAA tournament",
            "Duke hosts the 2026 NCAA tournament",
            "Duke loses the 2026 NCAA tournament",
            "Duke boycotts the 2026 NCAA tournament",
            "Duke leads the 2026 NCAA tournament",
            "Duke plays in the 2026 NCAA tournament",
            "Duke enters the 2026 NCAA tournament",
        ],
    );
    apart(
        "Duke wins the 2026 College Football Playoff",
        &[
            "Duke reaches the 2026 College Football Playoff",
            "Duke makes the 2026 College Football Playoff",
        ],
    );
    apart("Duke wins March Madness 2026", &["Duke makes March Madness 2026"]);
    apart("Ann Berg wins Eurovision 2026", &["Ann Berg makes Eurovision 2026"]);
    alike(
        "Duke wins the 2026 NCAA tournament",
        &["the Duke Blue Devils win the 2026 NCAA tournament"],
    );
}

/// A match between two names: title, rules and label of the Kalshi market.
fn matched(title: &str, rules: &str, label: &str) -> Judgement {
    let rules = format!(
        "If {rules} the Mumbai vs Chennai cricket match originally scheduled for Mar 3, 2026, then the market resolves to Yes."
    );
    let end = "2026-03-17T00:00:00Z";
    let kalshi =
        market(Venue::Kalshi, "KXCRICKET-26MAR03MUMCHE-MUM", title, &rules, end, [label, "No"]);
    let rules = "In the upcoming cricket match, scheduled for March 3 at 7:00PM ET:\nIf Mumbai wins, the market will resolve to \
        \"Mumbai\".\nIf Chennai wins, the market will resolve to \"Chennai\".";
    let (title, end) = ("Mumbai vs. Chennai", "2026-03-03T12:00:00Z");
    let polymarket = market(Venue::Polymarket, "0x1", title, rules, end, ["Mumbai", "Chennai"]);
    TermMatcher.judge(&kalshi, &polymarket)
}

#[test]
fn a_match_is_won_whole_and_by_whom_the_label_names() {
    let winner = "Mumbai vs Chennai Winner?";
    let table = [
        (winner, "Mumbai wins", "Mumbai", Some(Relation::Equal)),
        (winner, "Chennai wins", "Chennai", Some(Relation::Complement)),
        (winner, "Chennai wins", "Mumbai", None),
        (winner, "Mumbai wins", "Chennai", None),
        (winner, "Mumbai loses", "Mumbai", None),
        ("Who loses Mumbai vs Chennai?", "Mumbai loses", "Mumbai", None),
        (winner, "Mumbai hosts", "Mumbai", None),
        (winner, "Mumbai wins the toss in", "Mumbai", None),
        (winner, "Mumbai wins the super over in", "Mumbai", None),
        (winner, "Mumbai wins the powerplay of", "Mumbai", None),
        (winner, "Mumbai does not win", "Mumbai", None),
    ];
    for (title, rules, label, relation) in table {
        let judgement = matched(title, rules, label);
        let probable = judgement.verdict == Verdict::Probable;
        assert_eq!(
            probable.then_some(judgement.relation),
            relation,
            "{title} / {rules} / {label}: {judgement:?}"
        );
    }
}

#[test]
fn father_and_son_are_two() {
    let deed = "visits Oslo by July 1, 2026";
    for (k, others) in [
        ("Donald Trump", ["Donald Trump Jr.", "Don Jr.", "Donald Trump Sr."]),
        ("Ola Dahl", ["Ola Dahl Jr.", "Ola Dahl Sr.", "Ola Dahl III"]),
        ("Ola Dahl Jr.", ["Ola Dahl", "Ola Dahl Sr.", "Ola Dahl III"]),
    ] {
        let others = others.map(|who| format!("{who} {deed}"));
        apart(&format!("{k} {deed}"), &others.each_ref().map(String::as_str));
    }
    alike("Donald Trump Jr. visits Oslo by July 1, 2026", &["Don Jr. visits Oslo by July 1, 2026"]);
}

/// The venue's own strike against the number of its text.
#[test]
fn a_strike_that_contradicts_the_text_is_not_probable() {
    let text = "Bitcoin is above $90,000 on March 9, 2026";
    let strike =
        |kind: &str, floor: Option<i64>, cap: Option<i64>, custom: &[(&str, &str)]| Strike {
            kind: kind.to_owned(),
            floor: floor.map(Into::into),
            cap: cap.map(Into::into),
            custom: custom.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect(),
        };
    let table = [
        (strike("greater", Some(90_000), None, &[]), true),
        (strike("greater_or_equal", Some(90_000), None, &[]), true),
        (strike("structured", None, None, &[("coin", "5d2c6d4e-0b1a-4b52")]), true),
        (strike("custom", None, None, &[("Coin", "Bitcoin")]), true),
        (strike("greater", Some(95_000), None, &[]), false),
        (strike("less", None, Some(90_000), &[]), false),
        (strike("less", Some(90_000), None, &[]), false),
        (strike("between", Some(90_000), Some(95_000), &[]), false),
        (strike("functional", None, None, &[]), false),
        (strike("custom", None, None, &[("Coin", "Ethereum")]), false),
    ];
    for (strike, probable) in table {
        let [mut kalshi, polymarket] = markets(text, text);
        kalshi.strike = Some(strike.clone());
        let judgement = TermMatcher.judge(&kalshi, &polymarket);
        assert_eq!(judgement.verdict == Verdict::Probable, probable, "{strike:?}: {judgement:?}");
    }
    // Counts are whole: more than 5 is at least 6.
    let text = "the probe makes at least 6 landings in 2026";
    for (floor, probable) in [(5, true), (6, true), (7, false), (4, false)] {
        let [mut kalshi, polymarket] = markets(text, text);
        kalshi.strike = Some(strike("greater", Some(floor), None, &[]));
        let judgement = TermMatcher.judge(&kalshi, &polymarket);
        assert_eq!(judgement.verdict == Verdict::Probable, probable, "{floor}: {judgement:?}");
    }
}

/// A day without a year is that of the venue's own end.
#[test]
fn a_day_without_a_year_is_in_the_year_the_market_ends() {
    for text in [
        "the Lakers beat the Celtics on March 3",
        "Ann Berg wins the Norwegian presidential election on March 3",
        "Norway and Peru sign a trade deal by March 3",
    ] {
        for (year, probable) in [(2026, true), (2027, false), (2030, false)] {
            let [mut kalshi, mut polymarket] = markets(text, text);
            let end =
                |year| time::macros::datetime!(2026-03-04 05:00 UTC).replace_year(year).unwrap();
            (kalshi.close_at, polymarket.close_at) = (Some(end(2026)), Some(end(year)));
            let judgement = TermMatcher.judge(&kalshi, &polymarket);
            assert_eq!(
                judgement.verdict == Verdict::Probable,
                probable,
                "{text} {year}: {judgement:?}"
            );
        }
    }
}

/// The same question over two conditions that put different words in one place, and over one that says more.
#[test]
fn one_word_in_place_of_another() {
    let under = |question: &str, k: &str, p: &str| {
        let [mut kalshi, mut polymarket] = markets(k, p);
        question.clone_into(&mut kalshi.title);
        question.clone_into(&mut polymarket.title);
        TermMatcher.judge(&kalshi, &polymarket)
    };
    let table: [(&str, &str, &[&str]); 13] = [
        ("Ohio voters {} the amendment in 2026", "approve", &["reject", "repeal", "postpone"]),
        ("Apple {} the Fold in 2026", "announces", &["cancels", "recalls", "delays", "leaks"]),
        ("the Supreme Court {} the tariffs in 2026", "upholds", &["hears", "reverses"]),
        ("it {} in New York on July 4, 2026", "rains", &["snows", "hails", "floods"]),
        ("{} prices in the US are above $4 on July 1, 2026", "egg", &["milk", "beef", "diesel"]),
        ("Russia {} Pokrovsk in 2026", "encircles", &["bombs", "loses"]),
        (
            "{} visits Beijing in 2026",
            "Donald Trump",
            &[
                "Melania Trump",
                "Donald Trump's wife",
                "the son of Donald Trump",
                "an ally of Donald Trump",
            ],
        ),
        (
            "{} is convicted of murder in 2026",
            "Ola Dahl",
            &[
                "Ola Dahl's brother",
                "the son of Ola Dahl",
                "Ola Dahl's lawyer",
                "a relative of Ola Dahl",
            ],
        ),
        (
            "Duke {} the Duke vs Kansas game on March 3, 2026",
            "wins",
            &["hosts", "forfeits", "leads"],
        ),
        ("Ann Berg wins the 2026 {} Oslo Open", "wheelchair", &["junior", "indoor", "mixed"]),
        ("OpenAI releases a {} of GPT-6 in 2026", "preview", &["demo", "video"]),
        ("Trump {} tariffs on China in 2026", "doubles", &["suspends", "removes"]),
        ("LeBron James is {} the Cavaliers in 2026", "traded to", &["traded from", "waived by"]),
    ];
    for (text, word, others) in table {
        let k = text.replace("{}", word);
        for question in [format!("Will {k}?"), "What comes in 2026?".to_owned()] {
            for other in others {
                let p = text.replace("{}", other);
                for (k, p) in [(&k, &p), (&p, &k)] {
                    let judgement = under(&question, k, p);
                    assert_ne!(
                        judgement.verdict,
                        Verdict::Probable,
                        "{question} {k} / {p}: {judgement:?}"
                    );
                }
            }
        }
    }
}

/// Names that differ by a part of them.
#[test]
fn a_part_of_a_name_makes_another_name() {
    apart("Texas wins the 2026 NCAA tournament", &["Texas A&M wins the 2026 NCAA tournament"]);
    apart(
        "Miami (FL) wins the 2026 NCAA tournament",
        &["Miami (OH) wins the 2026 NCAA tournament"],
    );
    apart(
        "Samoa recognizes Palestine by July 1, 2026",
        &["American Samoa recognizes Palestine by July 1, 2026"],
    );
    apart(
        "the mayor of Kansas City, Missouri resigns by July 1, 2026",
        &["the mayor of Kansas City, Kansas resigns by July 1, 2026"],
    );
    apart("Ann Berg wins the 2026 Oslo Open", &["Ann Berg wins the 2026 Indoor Oslo Open"]);
    apart("Norway wins the 2026 Cricket World Cup", &["Norway wins the 2026 T20 World Cup"]);
    apart(
        "Ann Berg is confirmed as Secretary of Labor by July 1, 2026",
        &[
            "Ann Berg is confirmed as Under Secretary of Labor by July 1, 2026",
            "Ann Berg is confirmed as Deputy Secretary of Labor by July 1, 2026",
        ],
    );
    apart(
        "Donald Trump visits Oslo by July 1, 2026",
        &["Lara Trump visits Oslo by July 1, 2026", "Eric Trump visits Oslo by July 1, 2026"],
    );
}

//! Conditions in other words: what means the same, what narrows, what is something else.

use arb_match::{DifferenceKind, Judgement, Matcher as _, TermMatcher, Verdict};
use arb_normalize::{Relation, Venue};

use crate::markets::market;

const END: &str = "2026-12-31T00:00:00Z";

fn judge(k: (&str, &str), p: (&str, &str), sides: [&str; 2]) -> Judgement {
    judge_until(END, k, p, sides)
}

/// Two markets that end then.
fn judge_until(end: &str, k: (&str, &str), p: (&str, &str), sides: [&str; 2]) -> Judgement {
    let kalshi = market(Venue::Kalshi, "KXWORD-26", k.0, k.1, end, ["Yes", "No"]);
    let polymarket = market(Venue::Polymarket, "0x1", p.0, p.1, end, sides);
    TermMatcher.judge(&kalshi, &polymarket)
}

/// Two conditions, each also asked by its question.
fn conditions(k: &str, p: &str) -> Judgement {
    judge(
        (&format!("Will {k}?"), &format!("If {k}, then the market resolves to Yes.")),
        (&format!("Will {p}?"), &format!("This market will resolve to \"Yes\" if {p}.")),
        ["Yes", "No"],
    )
}

/// Conditions with the same deadline, and what is made of them.
#[test]
fn other_words_for_the_same_and_for_less() {
    use Relation::{Disjoint, Equal, Overlap, Subset, Superset, Unrelated};
    let table = [
        ("Orbitly SpaceX Starcat reaches orbit", "Starcat reaches orbit", Overlap, false),
        ("SpaceX Starcat reaches orbit", "Starcat reaches orbit", Equal, true),
        ("Orbitly debt exceeds $38 trillion", "Orbitly debt surpasses $38 trillion", Equal, true),
        // A negation in a relative clause says which one, not that it does not happen.
        (
            "Ann Berg buys a boat that did not sink",
            "Ann Berg buys a boat that did not sink",
            Equal,
            true,
        ),
        ("Ann Berg buys a boat that did not sink", "Ann Berg buys a boat", Subset, false),
        ("Ann Berg buys a boat that did not leak", "Ann Berg buys a boat that leaks", Equal, false),
        ("Orbitly's quarterly sales exceed 5", "Orbitly's annual sales exceed 5", Subset, false),
        ("Ann Berg drops out of the race", "Ann Berg suspends her campaign", Equal, true),
        ("Orbitly files for bankruptcy", "Orbitly goes bankrupt", Equal, true),
        ("Orbitly leads Hot 100", "Orbitly leads Billboard 200", Overlap, false),
        ("the 30-year rate is above 6%", "the 15-year rate is above 6%", Unrelated, false),
        ("Ann Berg meets with Eva Lund", "Ann Berg talks to Eva Lund", Subset, false),
        ("Ann Berg is convicted", "Ann Berg is indicted", Subset, false),
        ("Ann Berg is indicted", "Ann Berg is convicted", Superset, false),
        ("Ann Berg resigns", "Ann Berg resigns or announces that she will", Subset, false),
        ("Ann Berg climbs Everest solo", "Ann Berg climbs Everest", Subset, false),
        ("Orbitly is the largest firm", "Orbitly is the second largest firm", Disjoint, false),
        ("Orbitly has more than 5 boats", "Orbitly has at least 5 boats", Subset, false),
    ];
    for (k, p, relation, probable) in table {
        let dated = |what: &str, deadline: &str| format!("{what} {deadline}");
        let k = dated(k, "before Jan 1, 2027");
        let p = dated(p, "by December 31, 2026, 11:59 PM ET");
        let judgement = conditions(&k, &p);
        let said = (judgement.relation, judgement.verdict == Verdict::Probable);
        assert_eq!(said, (relation, probable), "{k} / {p}: {judgement:?}");
    }
}

#[test]
fn contests_prizes_and_who_wins_them() {
    use Relation::{Complement, Disjoint, Equal, Overlap, Subset, Superset};
    let table = [
        (
            "Vega wins the 2026 IEM Oslo CS2 tournament",
            "Vega Esports wins the 2026 IEM Oslo Major CS2 tournament",
            Equal,
            true,
        ),
        (
            "Ann Berg wins the 2026 Monaco Grand Prix",
            "Ann Berg wins pole position at the 2026 Monaco Grand Prix",
            Overlap,
            false,
        ),
        (
            "Ann Berg wins the 2026 Oslo Marathon",
            "Ann Berg wins the 2026 Bergen Regatta",
            Overlap,
            false,
        ),
        (
            "Ann Berg wins the 2026 Oslo Marathon",
            "Eva Lund wins the 2026 Oslo Marathon",
            Disjoint,
            false,
        ),
        (
            "Democrats win the 2026 Arizona governor race",
            "Ann Berg wins the 2026 Arizona governor race",
            Superset,
            false,
        ),
        (
            "Ann Berg wins the governorship of Arizona in 2026",
            "Ann Berg advances from the 2026 Arizona gubernatorial primary",
            Subset,
            false,
        ),
        (
            "Ann Berg is picked first in the 2026 NBA Draft",
            "Ann Berg is the first overall pick in the 2026 NBA Draft",
            Equal,
            true,
        ),
        (
            "Burnley is relegated after the 2026-27 season",
            "Burnley is relegated following the 2027-28 season",
            Overlap,
            false,
        ),
        (
            "Washington qualifies for the 2026 NFL playoffs",
            "the Washington Commanders miss the 2026 NFL playoffs",
            Complement,
            true,
        ),
        (
            "Washington qualifies for the 2026 NFL playoffs",
            "the Washington Commanders do not qualify for the 2026 NFL playoffs",
            Complement,
            false,
        ),
    ];
    for (k, p, relation, probable) in table {
        let judgement = conditions(k, p);
        let said = (judgement.relation, judgement.verdict == Verdict::Probable);
        assert_eq!(said, (relation, probable), "{k} / {p}: {judgement:?}");
    }
}

/// Days: of a schedule, of a question without a year, in the venues' spellings.
#[test]
fn days_and_years_of_both_texts() {
    let game = |day: &str| {
        format!(
            "If more than 2.5 maps are played in the 2026 Oslo Cup Vega vs. Orion match originally scheduled for {day}, 2026, then the market resolves to Yes."
        )
    };
    let rules = "This market will resolve to \"Over\" if Vega and Orion play 3 or more maps in their 2026 Oslo Cup match scheduled for December 5, 2026.";
    let total = |day: &str| {
        let k = game(day);
        judge_until(
            "2026-12-06T00:00:00Z",
            ("Vega vs Orion: total maps?", &k),
            ("Vega vs Orion: Games Total: O/U 2.5", rules),
            ["Over", "Under"],
        )
    };
    let same = total("Dec 5");
    assert_eq!(same.verdict, Verdict::Probable, "{same:?}");
    let other = total("Dec 15");
    assert_eq!(other.verdict, Verdict::Rejected, "{other:?}");
    // Rules whose day is not the venue's are about another match, or of another date.
    for rules_day in ["December 15", "November 15"] {
        let k = game("Dec 5");
        let p = rules.replace("December 5", rules_day);
        let moved = judge_until(
            "2026-12-06T00:00:00Z",
            ("Vega vs Orion: total maps?", &k),
            ("Vega vs Orion: Games Total: O/U 2.5", &p),
            ["Over", "Under"],
        );
        assert_ne!(moved.verdict, Verdict::Probable, "{rules_day}: {moved:?}");
    }

    let k = "If the highest temperature recorded in Miami for August 8, 2026 is greater than 93°, then the market resolves to Yes.";
    let heat = |day: &str| {
        let rules = format!(
            "This market will resolve to the range that contains the highest temperature recorded in Miami on {day}."
        );
        judge(
            ("Will the high temp in Miami be >93° on Aug 8, 2026?", k),
            ("Will the highest temperature in Miami be 94°F or higher on August 8?", &rules),
            ["Yes", "No"],
        )
        .verdict
    };
    assert_eq!(heat("8 Aug '26"), Verdict::Probable);
    assert_ne!(heat("8 Aug '25"), Verdict::Probable);
    assert_ne!(heat("9 Aug '26"), Verdict::Probable);

    let price = |when: &str| {
        conditions(
            "the price of Bitcoin on Coinbase is above $90,000 on December 31, 2026",
            &format!("the price of Bitcoin on Coinbase is above $90,000 {when}"),
        )
        .verdict
    };
    assert_eq!(price("at the end of 2026"), Verdict::Probable);
    assert_ne!(price("by the end of 2026"), Verdict::Probable);
    assert_ne!(price("at the end of November 2026"), Verdict::Probable);
}

#[test]
fn months_of_statistics_and_windows_apart() {
    let cpi = |year: &str| {
        let rules = format!(
            "This market will resolve according to the monthly percent change of core inflation for July {year}, as published by the Bureau of Labor Statistics."
        );
        judge_until(
            "2026-08-12T00:00:00Z",
            (
                "Will core inflation be above 0.4% in July 2026?",
                "If core inflation rises by more than 0.4% in July 2026, then the market resolves to Yes.",
            ),
            ("Will core inflation (MoM) be 0.5% or higher in July?", &rules),
            ["Yes", "No"],
        )
        .verdict
    };
    assert_eq!(cpi("2026"), Verdict::Probable);
    assert_ne!(cpi("2025"), Verdict::Probable);

    let apart =
        conditions("Orbitly releases Vega in March 2026", "Orbitly releases Vega in June 2026");
    assert_eq!(apart.relation, Relation::Disjoint, "{apart:?}");
    // The day of publication is not the day the figures are about; without another day it is.
    let price = |said: &str| {
        conditions("the Vega index published on June 4, 2026 is above 40", said).verdict
    };
    assert_eq!(price("the Vega index published on June 4, 2026 is above 40"), Verdict::Probable);
    assert_ne!(price("the Vega index published on June 11, 2026 is above 40"), Verdict::Probable);
}

/// Two halves of the number line are opposites only of one number.
#[test]
fn a_price_may_lie_on_both_sides_of_a_line() {
    let relation = |when: &str| {
        let k = format!("the price of Bitcoin on Coinbase is above $90,000 {when}");
        let p = format!("the price of Bitcoin on Coinbase is $90,000 or below {when}");
        let judgement = conditions(&k, &p);
        (judgement.relation, judgement.verdict == Verdict::Probable)
    };
    assert_eq!(relation("on December 31, 2026"), (Relation::Complement, true));
    assert_eq!(relation("before Jan 1, 2027"), (Relation::Overlap, false));
    assert_eq!(relation("at any time before Jan 1, 2027"), (Relation::Overlap, false));
}

#[test]
fn rules_that_decide_by_what_does_not_happen() {
    let cup = |what: &str| {
        let rules = format!(
            "This market will resolve according to the club that {what} the 2026 Oslo Cup."
        );
        judge(
            (
                "Will Vega win the 2026 Oslo Cup?",
                "If Vega wins the 2026 Oslo Cup, then the market resolves to Yes.",
            ),
            ("Will Vega win the 2026 Oslo Cup?", &rules),
            ["Yes", "No"],
        )
        .verdict
    };
    assert_eq!(cup("wins"), Verdict::Probable);
    assert_ne!(cup("does not win"), Verdict::Probable);
}

/// The day of a condition lies within the days for which the other text schedules the meeting.
#[test]
fn a_meeting_of_several_days() {
    let cut = |day: &str| {
        let rule = format!(
            "If the Federal Reserve does a Cut of 25bps on {day}, 2026, then the market resolves to Yes."
        );
        judge_until(
            "2026-03-18T00:00:00Z",
            ("Will the Federal Reserve Cut rates by 25bps at their March 2026 meeting?", &rule),
            (
                "Fed decreases interest rates by 25 bps after March 2026 meeting?",
                "This market will resolve to the amount of basis points the upper bound of the target federal funds rate is changed by versus the level it was prior to the Federal Reserve's March 2026 meeting.\nThe resolution source is the FOMC's statement after its meeting scheduled for March 17-18, 2026.",
            ),
            ["Yes", "No"],
        )
    };
    let same = cut("March 18");
    assert_eq!(same.verdict, Verdict::Probable, "{same:?}");
    let other = cut("March 28");
    assert_ne!(other.verdict, Verdict::Probable, "{other:?}");
}

/// Where both texts name the opponent it is the same one, table or no table.
#[test]
fn an_opponent_named_by_both_is_the_same() {
    let play = |league: &str, title: &str, k: &str, sides: [&str; 2]| {
        let rules = format!(
            "In the upcoming {league} game, scheduled for October 11, 2026:\nIf {0} wins, the market will resolve to \"{0}\".\nIf {1} wins, the market will resolve to \"{1}\".",
            sides[0], sides[1]
        );
        let poly = format!("{} vs. {}", sides[0], sides[1]);
        judge_until("2026-10-12T00:00:00Z", (title, k), (&poly, &rules), sides)
    };
    let college = "If Alabama wins the Alabama at Missouri college football game originally scheduled for Oct 11, 2026, then the market resolves to Yes.";
    let of = |sides| play("CFB", "Alabama at Missouri Winner?", college, sides);
    assert_eq!(of(["Alabama", "Missouri"]).verdict, Verdict::Probable);
    let other = of(["Alabama", "Holloway"]);
    assert_ne!(other.verdict, Verdict::Probable);
    // A state behind a name is its state only where no match is spoken of.
    let missed = other.differences.iter().filter(|d| d.kind == DifferenceKind::Missing);
    assert!(missed.clone().any(|d| d.kalshi == "missouri"), "{other:?}");
    let cricket = "If Mumbai Indians wins the Mumbai Indians vs Chennai Super Kings IPL match originally scheduled for Oct 11, 2026, then the market resolves to Yes.";
    let of = |sides| play("IPL", "Mumbai Indians vs Chennai Super Kings Winner?", cricket, sides);
    assert_eq!(of(["Mumbai Indians", "Chennai Super Kings"]).verdict, Verdict::Probable);
    assert_ne!(of(["Mumbai Holloway", "Chennai Super Kings"]).verdict, Verdict::Probable);
    let basket = "If Miami wins the Miami at Golden State professional basketball game originally scheduled for Oct 11, 2026, then the market resolves to Yes.";
    let of = |sides| play("NBA", "Miami at Golden State Winner?", basket, sides);
    assert_eq!(of(["Heat", "Warriors"]).verdict, Verdict::Probable);
    assert_ne!(of(["Heat", "Holloways"]).verdict, Verdict::Probable);
}

/// A number in brackets that explains a word asks for nothing.
#[test]
fn brackets_that_explain() {
    let land = |gloss: &str| {
        let rules = format!(
            "If at least 25 Starcats {gloss} before Jan 1, 2027, then the market resolves to Yes."
        );
        let asked = "This market will resolve to \"Yes\" if 25 or more Starcats reach space by December 31, 2026, 11:59 PM ET.";
        judge(
            ("Will at least 25 Starcats reach space before 2027?", &rules),
            ("Will 25 or more Starcats reach space in 2026?", asked),
            ["Yes", "No"],
        )
        .verdict
    };
    assert_eq!(land("reach space (more than 100 km)"), Verdict::Probable);
    assert_ne!(land("reach space at more than 100 km"), Verdict::Probable);
}

/// Clauses that say the condition again, pay the lowest range, or call the event off in another way take nothing away.
#[test]
fn clauses_that_change_nothing() {
    let deal = |clause: &str| {
        judge(
            (
                "Will Norway and Peru sign a treaty before Jan 1, 2027?",
                "If Norway and Peru sign a treaty before Jan 1, 2027, then the market resolves to Yes.",
            ),
            (
                "Norway and Peru sign a treaty in 2026?",
                &format!("This market will resolve to \"Yes\" if Norway and Peru sign a treaty by December 31, 2026, 11:59 PM ET.\n{clause}"),
            ),
            ["Yes", "No"],
        )
        .verdict
    };
    let again = "If the treaty is signed before the resolution date, this market will resolve to \"Yes\" regardless of whether it is ratified afterwards.";
    assert_eq!(deal(again), Verdict::Probable);
    for again in [
        "If Norway and Peru sign the treaty before the resolution date, this market will resolve to \"Yes\".",
        "If a treaty is signed, this market will still resolve to \"Yes\".",
    ] {
        assert_eq!(deal(again), Verdict::Probable, "{again}");
    }
    let less =
        "If Norway signs a treaty before the resolution date, this market will resolve to \"Yes\".";
    assert_ne!(deal(less), Verdict::Probable);
    let more = "If the treaty is initialled before the resolution date, this market will resolve to \"Yes\".";
    assert_ne!(deal(more), Verdict::Probable);

    let votes = |k: &str, p: &str| {
        let rules = format!(
            "This market will resolve to \"Yes\" if {p} senators vote to confirm Ann Berg by December 31, 2026.\nIf no vote occurs by December 31, 2026, 11:59 PM ET, this market will resolve to the lowest bracket."
        );
        judge(
            (
                &format!("Will {k} senators vote to confirm Ann Berg?"),
                &format!("If {k} senators vote to confirm Ann Berg before Jan 1, 2027, then the market resolves to Yes."),
            ),
            (&format!("Will {p} senators vote to confirm Ann Berg?"), &rules),
            ["Yes", "No"],
        )
        .verdict
    };
    assert_eq!(votes("58 or more", "58 or more"), Verdict::Probable);
    assert_ne!(votes("fewer than 49", "fewer than 49"), Verdict::Probable);
}

#[test]
fn abbreviations_and_draws() {
    let seats = |rules: &str| {
        judge(
            (
                "Will the Northern Fishers win the most seats in the 2026 Norwegian parliamentary election?",
                "If the Northern Fishers win the most seats in the 2026 Norwegian parliamentary election, then the market resolves to Yes.",
            ),
            (
                "Will NF win the most seats in the 2026 Norwegian parliamentary election?",
                rules,
            ),
            ["Yes", "No"],
        )
        .verdict
    };
    let rule = "This market will resolve to the party that wins the most seats in the 2026 Norwegian parliamentary election.";
    assert_eq!(seats(&format!("{rule} NF = Northern Fishers (Nordfiskerne).")), Verdict::Probable);
    assert_ne!(seats(&format!("{rule} NF = New Farmers (Nybonder).")), Verdict::Probable);

    let draw = |k: &str| {
        judge_until(
            "2026-03-01T00:00:00Z",
            (
                "Mirandes vs Ceuta Winner?",
                &format!("If {k} wins the Mirandes vs Ceuta professional La Liga 2 soccer game originally scheduled for Mar 1, 2026 after 90 minutes plus stoppage time (does not include extra time or penalties), then the market resolves to Yes. If the game is cancelled, the market will resolve to a fair price."),
            ),
            (
                "Will CD Mirandés vs. AD Ceuta FC end in a draw?",
                "In the upcoming game, scheduled for March 1, 2026\nIf the game ends in a draw, this market will resolve to \"Yes\".\nIf the game is canceled entirely, with no make-up game, this market will resolve \"No\".\nThis market refers only to the outcome within the first 90 minutes of regular play plus stoppage time.",
            ),
            ["Yes", "No"],
        )
        .verdict
    };
    assert_eq!(draw("Tie"), Verdict::Probable);
    assert_ne!(draw("Mirandes"), Verdict::Probable);
}

#[test]
fn a_meeting_in_person_is_not_a_call() {
    let meeting = |how: &str| {
        let condition = format!("Ana Vidal and Per Lund {how} before Apr 1, 2026");
        judge(
            (
                &format!("{condition}?"),
                &format!("If {condition}, then the market resolves to Yes."),
            ),
            (
                "Will Ana Vidal and Per Lund meet in person by March 31, 2026?",
                "This market will resolve to \"Yes\" if Ana Vidal and Per Lund meet in person by March 31, 2026, 11:59 PM ET. Otherwise, this market will resolve to \"No\".",
            ),
            ["Yes", "No"],
        )
        .verdict
    };
    assert_eq!(meeting("meet in person"), Verdict::Probable);
    assert_ne!(meeting("meet (including phone calls)"), Verdict::Probable);
    assert_ne!(meeting("meet"), Verdict::Probable);
}

/// What one statement says more of, whole questions and rules given.
fn pair(k: (&str, &str), p: (&str, &str)) -> (Relation, bool) {
    let condition = |c: &str| format!("If {c}, then the market resolves to Yes.");
    let rules = |c: &str| format!("This market will resolve to \"Yes\" if {c}.");
    let judgement = judge((k.0, &condition(k.1)), (p.0, &rules(p.1)), ["Yes", "No"]);
    (judgement.relation, judgement.verdict == Verdict::Probable)
}

#[test]
fn terms_that_narrow_widen_or_say_the_same() {
    use Relation::{Disjoint, Equal, Overlap, Subset, Superset};
    let table = [
        // Who is named first does not matter where two do it together.
        ("Ann Berg meets Eva Lund", "Eva Lund meets Ann Berg", Equal, true),
        ("Peru strikes Chile", "Chile strikes Peru", Overlap, false),
        // Two halves of one range.
        (
            "Orbitly delivers between 300 and 399 boats",
            "Orbitly delivers at least 300 and fewer than 400 boats",
            Equal,
            true,
        ),
        (
            "Orbitly delivers at least 300 boats",
            "Orbitly delivers at least 300 and fewer than 400 boats",
            Superset,
            false,
        ),
        // Of how many they are counted.
        (
            "Orbitly wins 100 or more seats",
            "Orbitly wins 100 or more of the 199 seats",
            Equal,
            true,
        ),
        // The same bound in other words, and its opposite said twice.
        (
            "Orbitly's share is at or above 5 points",
            "Orbitly's share is 5 points or more",
            Equal,
            true,
        ),
        (
            "Orbitly's share is at or below 5 points",
            "Orbitly's share is 5 points or more",
            Overlap,
            false,
        ),
        (
            "Orbitly has more than 5 boats and more than 7 cars",
            "Orbitly has at most 5 boats and at most 7 cars",
            Disjoint,
            false,
        ),
        // Where and how.
        ("Orbitly launches Starcat", "Orbitly launches Starcat in Norway", Superset, false),
        ("Ann Berg beats Eva Lund by submission", "Ann Berg beats Eva Lund", Subset, false),
        ("Peru strikes Chile", "Peru or Bolivia strikes Chile", Subset, false),
        // How far somebody comes.
        ("Ann Berg wins Oslo Open", "Ann Berg plays in the final of Oslo Open", Subset, false),
        // Winning and being beaten.
        (
            "Ann Berg wins the Norwegian election",
            "Ann Berg is defeated in the Norwegian election",
            Disjoint,
            false,
        ),
        // A margin is no complement: both need the win.
        (
            "Ann Berg wins the Norwegian election by more than 3 points",
            "Ann Berg wins the Norwegian election by at most 3 points",
            Disjoint,
            false,
        ),
        // The best is not how good it is.
        ("Orbitly has a record year", "Orbitly has the best record year", Overlap, false),
        ("Ukrainian President Ann Berg visits Oslo", "Ann Berg visits Oslo", Equal, true),
    ];
    for (k, p, relation, probable) in table {
        let ask = |c: &str| format!("Will {c} in 2026?");
        let by = |c: &str| format!("{c} by December 31, 2026");
        let said = pair((&ask(k), &by(k)), (&ask(p), &by(p)));
        assert_eq!(said, (relation, probable), "{k} / {p}");
    }
}

#[test]
fn windows_seasons_and_hours() {
    use Relation::{Equal, Overlap, Subset};
    let titled = "Will Ann Berg leave Orbitly?";
    let table = [
        (
            (titled, "Ann Berg leaves Orbitly between Issuance and Dec 31, 2026"),
            (titled, "Ann Berg leaves Orbitly by December 31, 2026"),
            (Equal, true),
        ),
        (
            (titled, "Ann Berg leaves Orbitly between Issuance and Nov 30, 2026"),
            (titled, "Ann Berg leaves Orbitly by December 31, 2026"),
            (Subset, false),
        ),
        // Kalshi's last day is the day before the one it names with "before".
        (
            (
                "Will Ann Berg leave Orbitly before Jan 1, 2027?",
                "Ann Berg leaves Orbitly between Issuance and Jan 1, 2027",
            ),
            (titled, "Ann Berg leaves Orbitly by December 31, 2026"),
            (Equal, true),
        ),
        // A month is the last part of a longer window.
        (
            (titled, "Ann Berg leaves Orbitly in December 2026"),
            (titled, "Ann Berg leaves Orbitly before January 1, 2027"),
            (Subset, false),
        ),
        // A season is named by the year it begins in, where it is one of football.
        (
            (
                "Will Denver win the AFC West?",
                "Denver wins the AFC West in the 2025-26 Pro Football season",
            ),
            ("Will Denver win the AFC West?", "Denver wins the AFC West in the 2025 NFL season"),
            (Equal, true),
        ),
        (
            (
                "Will Denver win the AFC West?",
                "Denver wins the AFC West in the 2025-26 Pro Football season",
            ),
            ("Will Denver win the AFC West?", "Denver wins the AFC West in the 2026 NFL season"),
            (Overlap, false),
        ),
        // One week, named by its days or by its last.
        (
            (
                "Will claims be above 5?",
                "jobless claims are above 5 for the week ending August 10, 2026",
            ),
            (
                "Will claims be above 5?",
                "jobless claims are above 5 for the week of August 4 - August 10, 2026",
            ),
            (Equal, true),
        ),
        // What comes when is not what it is about.
        (
            ("Unemployment in August?", "the unemployment rate is above 4.4% in August 2026"),
            (
                "Unemployment in August?",
                "the unemployment rate for August 2026 is 4.5% or higher in the report due on September 4, 2026",
            ),
            (Equal, true),
        ),
    ];
    for (k, p, said) in table {
        assert_eq!(pair(k, p), said, "{k:?} / {p:?}");
    }
}

/// The day the rules give for an event is the venue's, or the text is about another date.
#[test]
fn the_day_of_the_rules_is_the_venues() {
    for (day, probable) in [
        ("September 14", true),
        ("September 10", true),
        ("September 24", false),
        ("August 28", false),
    ] {
        let rules = format!(
            "This market will resolve to \"Yes\" if Ann Berg wins the 2026 Norwegian presidential election, scheduled for {day}, 2026."
        );
        let judgement = judge_until(
            "2026-09-14T12:00:00Z",
            (
                "Will Ann Berg win the 2026 Norwegian presidential election?",
                "If Ann Berg wins the 2026 Norwegian presidential election, then the market resolves to Yes.",
            ),
            ("Will Ann Berg win the 2026 Norwegian presidential election?", &rules),
            ["Yes", "No"],
        );
        assert_eq!(judgement.verdict == Verdict::Probable, probable, "{day}: {judgement:?}");
    }
}

/// Each pair of conditions, its relation and whether it is probable.
fn assert_read(table: &[(&str, &str, Relation, bool)]) {
    let wrong: Vec<_> = table
        .iter()
        .map(|&(k, p, relation, probable)| (k, p, conditions(k, p), (relation, probable)))
        .filter(|(_, _, said, truth)| (said.relation, said.verdict == Verdict::Probable) != *truth)
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// One event under the names both venues have for it, and its neighbours.
#[test]
fn one_event_under_all_its_names() {
    use Relation::{Disjoint, Equal, Subset};
    let table = [
        // Trophies and finals.
        (
            "Denver wins the 2026 Pro Hockey Championship Finals",
            "Denver wins the 2026 NHL Stanley Cup",
            Equal,
            true,
        ),
        (
            "Ann Berg wins the 2026 Heisman Memorial Trophy",
            "Ann Berg wins the 2026 Heisman Trophy",
            Equal,
            true,
        ),
        (
            "Ann Berg wins the 2026 Heisman Memorial Trophy",
            "Ann Berg is named a finalist for the 2026 Heisman Trophy",
            Subset,
            false,
        ),
        (
            "Ann Berg wins the Most Valuable Player award for the 2025-26 Pro Basketball season",
            "Ann Berg wins the Most Valuable Player award for the 2025-26 NBA regular season",
            Equal,
            true,
        ),
        // Seats.
        (
            "Labour wins the most seats in the 2026 Norwegian parliamentary election",
            "Labour wins the greatest number of seats in the 2026 Norwegian parliamentary election",
            Equal,
            true,
        ),
        // A position on a list.
        (
            "Ordinary is #2 on the Billboard Hot 100 chart dated August 22, 2026",
            "Ordinary is at number 2 on the Billboard Hot 100 chart dated August 22, 2026",
            Equal,
            true,
        ),
        (
            "Ordinary is #2 on the Billboard Hot 100 chart dated August 22, 2026",
            "Ordinary is at number 3 on the Billboard Hot 100 chart dated August 22, 2026",
            Disjoint,
            false,
        ),
        // A central bank decides; a change is none of its not changing.
        (
            "the European Central Bank leaves its deposit rate unchanged at its September 10, 2026 meeting",
            "the ECB's Governing Council announces no change of its deposit rate at its September 10, 2026 monetary policy meeting",
            Equal,
            true,
        ),
    ];
    assert_read(&table);
}

/// Publications, makers, schools and the month a number is about.
#[test]
fn one_number_or_launch_in_the_words_of_both() {
    use Relation::{Equal, Overlap};
    let table = [
        // The publication of a statistic, and the month it is about.
        (
            "precipitation at Central Park in August 2026 is above 1.00 inches according to the National Weather Service",
            "precipitation at Central Park for August 2026 is above 1.00 inch according to the NWS monthly climate report",
            Equal,
            true,
        ),
        (
            "precipitation at Central Park in August 2026 is above 1.00 inches according to the National Weather Service",
            "precipitation at Central Park for July 2026 is above 1.00 inch according to the NWS monthly climate report",
            Overlap,
            false,
        ),
        // Who launches it is its maker, unless another is named.
        (
            "SpaceX launches Starcat by August 30, 2026",
            "Starcat lifts off by August 30, 2026",
            Equal,
            true,
        ),
        (
            "SpaceX launches Starcat by August 30, 2026",
            "NASA launches Starcat by August 30, 2026",
            Overlap,
            false,
        ),
        // The nickname of a school, and another school.
        (
            "Texas makes the College Football Playoff of the 2026 season",
            "the Texas Longhorns make the 2026-27 College Football Playoff",
            Equal,
            true,
        ),
        (
            "Texas makes the College Football Playoff of the 2026 season",
            "the Texas Tech Jumpers make the 2026-27 College Football Playoff",
            Overlap,
            false,
        ),
    ];
    assert_read(&table);
}

/// A round says nothing more of a match between two sides, nor the office of whom the question names.
#[test]
fn rounds_offices_and_days_that_say_nothing_more() {
    let game = judge(
        (
            "India vs England T20 World Cup Winner? — India",
            "If India wins the India vs England T20 World Cup cricket match originally scheduled for Dec 30, 2026, then the market resolves to Yes.",
        ),
        (
            "T20 World Cup: India vs England",
            "In the upcoming T20 World Cup semi-final between India and England, scheduled for December 30, 2026:\n\nIf India win, this market will resolve to \"India\". If England win, it will resolve to \"England\".",
        ),
        ["India", "England"],
    );
    assert_eq!(game.verdict, Verdict::Probable, "{game:?}");
    let pardon = |who: &str| {
        judge(
            (
                "Who will President Trump pardon before Jan 1, 2027? — Eva Lund",
                "If Eva Lund has been granted a pardon by the President of the United States before Jan 1, 2027, then the market resolves to Yes.",
            ),
            (
                &format!("Will {who} pardon Eva Lund in 2026?"),
                &format!(
                    "This market will resolve to \"Yes\" if {who} issues a presidential pardon to Eva Lund by December 31, 2026, 11:59 PM ET."
                ),
            ),
            ["Yes", "No"],
        )
    };
    assert_eq!(pardon("Donald Trump").verdict, Verdict::Probable, "{:?}", pardon("Donald Trump"));
    assert_ne!(pardon("Ann Berg").verdict, Verdict::Probable);
    let claims = conditions(
        "initial jobless claims for the week ending August 22, 2026 are at least 230,000",
        "initial jobless claims for the week ending August 22, 2026 released by the Department of Labor on August 27 are 230,000 or higher",
    );
    assert!(claims.differences.iter().all(|said| said.term != "edition"), "{claims:?}");
    let leaves = |rule: &str| {
        judge(
            (
                "Will Ann Berg leave the office of Mayor of Oslo in 2026?",
                "If Ann Berg leaves, or announces that she will leave, the office of Mayor of Oslo before Jan 1, 2027, then the market resolves to Yes.",
            ),
            (
                "Will Ann Berg leave the office of Mayor of Oslo in 2026?",
                &format!(
                    "This market will resolve to \"Yes\" if Ann Berg leaves the office of Mayor of Oslo by December 31, 2026, 11:59 PM ET. Otherwise, this market will resolve to \"No\".\n\n{rule}"
                ),
            ),
            ["Yes", "No"],
        )
    };
    let announced = leaves(
        "An announcement of her resignation before the end date will immediately resolve this market to \"Yes\", regardless of when it goes into effect.",
    );
    assert_eq!(announced.verdict, Verdict::Probable, "{announced:?}");
    assert_eq!(leaves("").relation, Relation::Superset);
}

#[test]
fn families_of_acts_and_things() {
    use Relation::{Disjoint, Equal, Overlap, Subset};
    let by = |k: &str, p: &str| {
        let dated = |c: &str| format!("{c} by December 31, 2026");
        let judgement = conditions(&dated(k), &dated(p));
        (judgement.relation, judgement.verdict == Verdict::Probable)
    };
    let table = [
        (
            "Ann Berg has issued a pardon, commutation, or reprieve to Eva Lund",
            "Ann Berg pardons, commutes, or otherwise reprieves Eva Lund",
            Equal,
            true,
        ),
        (
            "Ann Berg pardons Eva Lund",
            "Ann Berg pardons, commutes, or otherwise reprieves Eva Lund",
            Subset,
            false,
        ),
        (
            "the House votes to impeach Ann Berg",
            "the House approves at least one article of impeachment against Ann Berg",
            Equal,
            true,
        ),
        (
            "the shutdown lasts more than 10 days",
            "the shutdown lasts at least 11 days",
            Equal,
            true,
        ),
        ("the shutdown lasts more than 10 days", "the shutdown lasts 8-14 days", Overlap, false),
        (
            "Orbitly has the largest market capitalization of any public company at market close",
            "Orbitly has the largest market capitalization of any company",
            Equal,
            true,
        ),
        ("Savannah Lund wins Survivor Season 49", "Savannah wins Survivor Season 49", Equal, true),
        ("Ann Lund wins Survivor Season 49", "Savannah wins Survivor Season 49", Disjoint, false),
        (
            "Savannah Lund wins the 2026 Oslo Open",
            "Savannah wins the 2026 Oslo Open",
            Overlap,
            false,
        ),
    ];
    for (k, p, relation, probable) in table {
        assert_eq!(by(k, p), (relation, probable), "{k} / {p}");
    }
}

/// A month's inflation is the change of prices in that month: not that over a year, nor that of another month.
#[test]
fn inflation_of_a_month_and_of_a_year() {
    let inflation = |kind: &str, over: &str, month: &str| {
        judge_until(
            "2026-03-11T12:30:00Z",
            (
                "Will CPI rise more than 0.3% in February 2026? - Above 0.3%",
                "If the Consumer Price Index (CPI) increases by more than 0.3% in February 2026, then the market resolves to Yes.",
            ),
            (
                &format!("Will {kind} inflation increase by 0.4% or more in {month}?"),
                &format!(
                    "This market will resolve to the bracket containing the percentage change in the CPI over the previous {over} for {month} 2026, as reported by the Bureau of Labor Statistics. The report is currently scheduled to be released on 2026-03-11, 8:30 AM ET. The value will be taken as published, to one decimal place."
                ),
            ),
            ["Yes", "No"],
        )
    };
    let same = inflation("monthly", "month", "February");
    assert_eq!(same.verdict, Verdict::Probable, "{same:?}");
    for other in [inflation("annual", "year", "February"), inflation("monthly", "month", "January")]
    {
        assert_eq!(
            (other.relation, other.verdict),
            (Relation::Overlap, Verdict::Rejected),
            "{other:?}"
        );
    }
}

#[test]
fn the_two_sides_of_one_match_exclude_each_other() {
    let wins = |who: &str, by: &str| {
        let judgement = judge_until(
            "2026-03-01T12:00:00Z",
            (
                &format!("Mirandes vs Ceuta Winner? - {who}"),
                &format!(
                    "If {who} wins the Mirandes vs Ceuta professional soccer game originally scheduled for Mar 1, 2026, then the market resolves to Yes."
                ),
            ),
            (
                &format!("Will {by} win on 2026-03-01?"),
                &format!(
                    "In the upcoming game, scheduled for March 1, 2026\nIf {by} wins, this market will resolve to \"Yes\"."
                ),
            ),
            ["Yes", "No"],
        );
        (judgement.relation, judgement.verdict)
    };
    assert_eq!(wins("Ceuta", "Ceuta"), (Relation::Equal, Verdict::Probable));
    assert_eq!(wins("Ceuta", "Mirandes"), (Relation::Disjoint, Verdict::Rejected));
    assert_eq!(wins("Mirandes", "Ceuta"), (Relation::Disjoint, Verdict::Rejected));
}

#[test]
fn parties_by_their_abbreviations_and_by_nothing_else() {
    let seats = |k: &str, asked: &str, ruled: &str| {
        let judgement = judge_until(
            "2026-09-08T12:00:00Z",
            (
                &format!(
                    "Will the {k} win the most seats in the 2026 Norwegian parliamentary election?"
                ),
                &format!(
                    "If the {k} wins the most seats after the 2026 Norwegian parliamentary election, then the market resolves to Yes."
                ),
            ),
            (
                &format!(
                    "Will {asked} win the most seats in the next Norwegian parliamentary election?"
                ),
                &format!(
                    "The 2026 Norwegian parliamentary elections are scheduled for September 8, 2026 to elect members of the Storting.\nThis market will resolve to \"Yes\" if {ruled} controls the most seats in the Storting as a result of the next Norwegian parliamentary election."
                ),
            ),
            ["Yes", "No"],
        );
        (judgement.relation, judgement.verdict)
    };
    let progress = seats("Progress party", "FrP", "Progress Party (FrP)");
    assert_eq!(progress, (Relation::Equal, Verdict::Probable));
    let long = seats("ReFt party", "ReFt", "the Respect and Freedom Party (ReFt)");
    assert_eq!(long, (Relation::Equal, Verdict::Probable));
    let other = seats("Conservative party", "Ap", "Labour Party (Ap)");
    assert_eq!(other, (Relation::Disjoint, Verdict::Rejected));
}

#[test]
fn how_an_election_is_held_is_no_round_of_it() {
    let first = |system: &str| {
        judge_until(
            "2026-11-16T12:00:00Z",
            (
                "Will Eva Lund be 1st in the Norwegian presidential election first round?",
                "If Eva Lund receives more votes than any other candidate in the first round of the 2026 Norwegian presidential election, then the market resolves to Yes.",
            ),
            (
                "Will Eva Lund win the 1st round of the Norwegian presidential election?",
                &format!("{system}\nThis market will resolve to \"Yes\" if Eva Lund receives the greatest number of votes in the first round of voting."),
            ),
            ["Yes", "No"],
        )
        .verdict
    };
    let held = "Norway has a two-round system, where a runoff between the top two candidates is held if no candidate secures a majority in the first round. The first round is scheduled for November 16, 2026.";
    assert_eq!(first(held), Verdict::Probable);
    assert_ne!(first("The runoff is scheduled for November 16, 2026."), Verdict::Probable);
}

#[test]
fn the_president_of_the_rules_is_the_one_the_question_names() {
    let tariffs = |who: &str| {
        judge(
            (
                "Will Trump impose tariffs on Norway before 2027?",
                &format!("If {who} imposes any new tariffs on Norway before Jan 1, 2027, then the market resolves to Yes."),
            ),
            (
                "Will Trump impose tariffs on Norway before 2027?",
                "This market will resolve to \"Yes\" if Donald Trump imposes any new tariffs on Norway by December 31, 2026, 11:59 PM ET.",
            ),
            ["Yes", "No"],
        )
        .verdict
    };
    assert_eq!(tariffs("the President"), Verdict::Probable);
    assert_ne!(tariffs("the President of Poland"), Verdict::Probable);
    assert_ne!(tariffs("the Polish President"), Verdict::Probable);
}

#[test]
fn when_figures_are_issued_is_not_what_they_are_about() {
    let starts = |month: &str| {
        judge_until(
            "2026-09-17T12:25:00Z",
            (
                "Housing starts in August? - Above 1.400 million",
                "If housing starts in August 2026, seasonally adjusted annual rate, are above 1,400,000 in the first release of the Census Bureau, then the market resolves to Yes.",
            ),
            (
                &format!("Housing starts above 1.40m in {month}?"),
                &format!("This market will resolve to \"Yes\" if the Census Bureau's release of September 17, 2026 gives housing starts for {month} 2026 at a seasonally adjusted annual rate of more than 1,400,000."),
            ),
            ["Yes", "No"],
        )
        .verdict
    };
    assert_eq!(starts("August"), Verdict::Probable);
    assert_eq!(starts("July"), Verdict::Rejected);
    let claims = conditions(
        "initial jobless claims for the week ending August 22, 2026 are at least 230,000",
        "initial jobless claims for the week ending August 22, 2026, released by the Department of Labor on August 27, are 230,000 or higher",
    );
    assert_eq!(claims.verdict, Verdict::Probable, "{claims:?}");
    let others = conditions(
        "initial jobless claims for the week ending August 22, 2026 are at least 230,000",
        "existing home sales for the week ending August 22, 2026 are 230,000 or higher",
    );
    assert_eq!(others.verdict, Verdict::Rejected, "{others:?}");
}

#[test]
fn months_of_a_year_and_contests_of_one() {
    use Relation::Equal;
    let table = [
        (
            ("Orbitly sales in 2026?", "Orbitly sells at least 300 boats in calendar year 2026"),
            (
                "300 boats or more in 2026?",
                "Orbitly sells 300 or more boats for January through December 2026",
            ),
            (Equal, true),
        ),
        (
            ("Orbitly sales in 2026?", "Orbitly sells at least 300 boats in calendar year 2026"),
            (
                "300 boats or more in 2026?",
                "Orbitly sells 300 or more boats for January through June 2026",
            ),
            (Equal, false),
        ),
        // The year of a race is no deadline.
        (
            (
                "Will Ann Berg endorse Eva Lund in 2026 Oslo Mayoral Race?",
                "Ann Berg endorses Eva Lund for Mayor of Oslo before Nov 4, 2026",
            ),
            (
                "Will Ann Berg endorse Eva Lund?",
                "Ann Berg endorses Eva Lund for Mayor of Oslo by November 3, 2026, 11:59 PM ET",
            ),
            (Equal, true),
        ),
        (
            (
                "Will Ann Berg endorse Eva Lund before Jan 1, 2027?",
                "Ann Berg endorses Eva Lund for Mayor of Oslo before Nov 4, 2026",
            ),
            (
                "Will Ann Berg endorse Eva Lund?",
                "Ann Berg endorses Eva Lund for Mayor of Oslo by November 3, 2026, 11:59 PM ET",
            ),
            (Equal, false),
        ),
    ];
    for (k, p, expected) in table {
        assert_eq!(pair(k, p), expected, "{} / {}", k.1, p.1);
    }
}

#[test]
fn works_and_margins_of_a_kalshi_title() {
    let award = |title: &str| {
        judge(
            (
                title,
                "If Ann Berg wins Best Ballad at the 2026 Oslo Music Awards, then the market resolves to Yes.",
            ),
            (
                "Will Ann Berg win Best Ballad at the 2026 Oslo Music Awards?",
                "This market will resolve to \"Yes\" if Ann Berg wins Best Ballad at the 2026 Oslo Music Awards.",
            ),
            ["Yes", "No"],
        )
        .verdict
    };
    assert_eq!(
        award("Best Ballad winner at the Oslo Music Awards? (PUSH 2 START) - Ann Berg"),
        Verdict::Probable
    );
    let margin = |points: &str| {
        judge_until(
            "2026-05-14T23:00:00Z",
            (
                &format!("New York at Boston: Spread - Boston wins by over {points} points"),
                &format!("If Boston wins the New York at Boston professional basketball game originally scheduled for May 14, 2026 by more than {points} points, then the market resolves to Yes."),
            ),
            (
                "Spread: Celtics (-5.5)",
                "In the NBA game New York Knicks at Boston Celtics, scheduled for May 14, 2026 at 7:00 PM ET:\nThis market will resolve to \"Celtics\" if the Celtics win the game by 6 or more points. Otherwise, it will resolve to \"Knicks\".",
            ),
            ["Celtics", "Knicks"],
        )
        .verdict
    };
    assert_eq!(margin("5.5"), Verdict::Probable);
    assert_ne!(margin("7.5"), Verdict::Probable);
}

/// A market may end on the day on which its rules give up waiting for the result.
#[test]
fn a_venue_waits_for_the_result() {
    let seats = |end: &str, until: &str| {
        let kalshi = market(
            Venue::Kalshi,
            "KXSEATS-26",
            "Who will win the election in Norway? - Nordlyset",
            "If Nordlyset wins the most seats in the 2026 Norwegian general election, then the market resolves to Yes.",
            "2026-12-31T12:00:00Z",
            ["Yes", "No"],
        );
        let polymarket = market(
            Venue::Polymarket,
            "0x1",
            "Will Nordlyset win the most seats in the 2026 Norwegian election?",
            &format!(
                "The next general election in Norway is scheduled for October 29, 2026.\nThis market will resolve to \"Yes\" if Nordlyset wins the greatest number of seats in this election. If the result is not known by {until}, 11:59 PM ET, it will resolve to \"Other\"."
            ),
            end,
            ["Yes", "No"],
        );
        TermMatcher.judge(&kalshi, &polymarket).verdict
    };
    assert_eq!(seats("2027-07-31T00:00:00Z", "July 31, 2027"), Verdict::Probable);
    assert_ne!(seats("2027-07-31T00:00:00Z", "March 31, 2027"), Verdict::Probable);
    assert_ne!(seats("2026-11-03T00:00:00Z", "November 3, 2026"), Verdict::Probable);
}

/// The other party is named in the rules as one that may win too.
#[test]
fn a_party_the_rules_only_mention_does_not_win() {
    let judgement = judge_until(
        "2026-11-03T00:00:00Z",
        (
            "Will the Republican party win the governorship in Georgia",
            "If a representative of the Republican party is inaugurated as the governor of Georgia pursuant to the 2026 election, then the market resolves to Yes.",
        ),
        (
            "Will the Democrats win the Georgia governor race in 2026?",
            "The 2026 Georgia gubernatorial election is scheduled for November 3, 2026.\nThis market will resolve according to the party of the candidate who wins the 2026 Georgia gubernatorial election.\nCandidates other than the Democratic or Republican nominee may be added at a later date.",
        ),
        ["Yes", "No"],
    );
    let said = (judgement.relation, judgement.verdict);
    assert_eq!(said, (Relation::Disjoint, Verdict::Rejected), "{judgement:?}");
}

//! One match, told differently by both venues, and what makes it another one; and rules that contradict the other market's.

use arb_match::{Judgement, Matcher as _, TermMatcher, Verdict};
use arb_normalize::{Market, Venue};

use crate::markets::market;

const GAME: &str = "2026-09-13T14:15:00Z";

/// A soccer match: Kalshi names both clubs, Polymarket one of them and both in the title of the event.
fn soccer(event: &str) -> [Market; 2] {
    let rules = "If Valmora wins the Valmora vs Deportivo Terance professional soccer game originally scheduled for Sep 13, 2026 \
                 after 90 minutes plus stoppage time (does not include extra time or penalties), then the market resolves to Yes.";
    let title = "Valmora vs Deportivo Terance Winner?";
    let kalshi = market(Venue::Kalshi, "KXGAME-26SEP13VALTER-VAL", title, rules, GAME, ["", ""]);
    let rules = "In the upcoming game, scheduled for September 13, 2026\nIf Valmora CF wins, this market will resolve to \"Yes\".\n\
                 Otherwise, this market will resolve to \"No\".\nThis market refers only to the outcome within the first 90 minutes of \
                 regular play plus stoppage time.";
    let title = "Will Valmora CF win on 2026-09-13?";
    let mut polymarket = market(Venue::Polymarket, "0x1", title, rules, GAME, ["Yes", "No"]);
    polymarket.event_title = Some(event.to_owned());
    [kalshi, polymarket]
}

/// A tennis match, by what Kalshi calls it and by what Polymarket's rules do.
fn tennis(round: &str, tournament: &str, called: &str) -> [Market; 2] {
    let rules = format!(
        "If Anna Bergova wins the Bergova vs Castell professional tennis match in the 2026 WTA Australian Open {round} after a ball \
         has been played, then the market resolves to Yes."
    );
    let title = format!("Will Anna Bergova win the Bergova vs Castell: {round} match?");
    let id = "KXWTAMATCH-26JAN31BERCAS-BER";
    let kalshi = market(Venue::Kalshi, id, &title, &rules, "2026-02-14T08:30:00Z", ["", ""]);
    let rules = format!(
        "This market refers to the tennis match between Anna Bergova and Maria Castell in the {tournament} Women's Singles {called}, \
         originally scheduled for January 31, 2026 at 3:30AM ET.\n\nThis market will resolve to 'Anna Bergova' if Anna Bergova \
         advances against Maria Castell.\n\nThis market will resolve to 'Maria Castell' if Maria Castell advances against Anna Bergova."
    );
    let title = format!("{tournament}: Anna Bergova vs Maria Castell");
    let sides = ["Anna Bergova", "Maria Castell"];
    [kalshi, market(Venue::Polymarket, "0x2", &title, &rules, "2026-02-07T00:00:00Z", sides)]
}

/// Two markets by question, condition and what the rules say besides.
fn plain(question: &str, condition: &str, besides: [&str; 2]) -> [Market; 2] {
    let end = "2026-12-31T23:59:00Z";
    let title = format!("Will {question}?");
    let rules = format!("If {condition}, then the market resolves to Yes. {}", besides[0]);
    let kalshi = market(Venue::Kalshi, "KXPLAIN", &title, &rules, end, ["", ""]);
    let rules = format!(
        "This market will resolve to \"Yes\" if {condition}. Otherwise, \"No\". {}",
        besides[1]
    );
    [kalshi, market(Venue::Polymarket, "0x3", &title, &rules, end, ["Yes", "No"])]
}

fn judge([kalshi, polymarket]: &[Market; 2]) -> Judgement {
    TermMatcher.judge(kalshi, polymarket)
}

fn probable(markets: &[Market; 2]) {
    let judgement = judge(markets);
    assert_eq!(judgement.verdict, Verdict::Probable, "{judgement:?}");
}

/// Not probable, and the difference is told by this term.
fn apart(markets: &[Market; 2], term: &str) {
    let judgement = judge(markets);
    assert_ne!(judgement.verdict, Verdict::Probable, "{judgement:?}");
    assert!(judgement.differences.iter().any(|d| d.term == term), "{term}: {judgement:?}");
}

#[test]
fn another_opponent_is_another_match() {
    probable(&soccer("Valmora CF vs. RC Deportivo Terance"));
    probable(&soccer("Valmora CF vs. Terance"));
    apart(&soccer("Valmora CF vs. RC Olmedo"), "subject");
}

#[test]
fn another_round_or_tournament_is_another_match() {
    probable(&tennis("Final", "Australian Open", "Final"));
    // Only one market names the round or the tournament.
    probable(&tennis("Final", "Australian Open", "event"));
    apart(&tennis("Quarterfinal", "Australian Open", "Final"), "round");
    apart(&tennis("Final", "Australian Open", "Semifinal"), "round");
    apart(&tennis("Final", "Rotterdam Open", "Final"), "competition");
}

#[test]
fn a_vote_lost_by_a_second_round_is_another_vote() {
    let vote = "Ann Berg wins the 2026 Norwegian presidential election";
    let counted = "This market includes any potential second round.";
    let of = |kalshi: &str| {
        plain("Ann Berg win the 2026 Norwegian presidential election", vote, [kalshi, counted])
    };
    probable(&of(
        "If a runoff is held, the market will resolve based on the winner of the runoff.",
    ));
    let lost =
        "If no candidate receives a majority and a runoff is held, the market resolves to No.";
    apart(&of(lost), "second round");
    apart(&of("The result of any runoff will not be considered."), "second round");
}

#[test]
fn prices_are_adjusted_for_the_season_or_not() {
    let prices = "the CPI rises by more than 0.3% in May 2026";
    let of = |kalshi, polymarket| {
        plain("the CPI rise by more than 0.3% in May 2026", prices, [kalshi, polymarket])
    };
    let (adjusted, plain) =
        ("The figure is seasonally adjusted.", "The figure is not seasonally adjusted.");
    probable(&of(adjusted, adjusted));
    probable(&of(plain, "The figure is taken before seasonal adjustment."));
    probable(&of(plain, ""));
    apart(&of(adjusted, plain), "measure");
    apart(&of(plain, adjusted), "measure");
}

#[test]
fn what_a_clause_leaves_out_explains_nothing() {
    let end = "2026-12-31T23:59:00Z";
    let title = "Will the president pardon Ann Berg before Jan 1, 2027?";
    let kalshi = |besides: &str| {
        let rules = format!(
            "If the president pardons Ann Berg before Jan 1, 2027, then the market resolves to Yes. {besides}"
        );
        market(Venue::Kalshi, "KXPARDON", title, &rules, end, ["", ""])
    };
    let rules = "This market will resolve to \"Yes\" if the president grants a pardon, commutation, or reprieve to Ann Berg by December \
                 31, 2026, 11:59 PM ET. Otherwise, this market will resolve to \"No\".";
    let title = "Will the president pardon Ann Berg by December 31, 2026?";
    let polymarket = market(Venue::Polymarket, "0x4", title, rules, end, ["Yes", "No"]);
    probable(&[kalshi("A pardon, commutation, or reprieve is encompassed."), polymarket.clone()]);
    let full = "Only a full pardon is encompassed; a commutation or reprieve is not.";
    let judgement = judge(&[kalshi(full), polymarket]);
    assert_ne!(judgement.verdict, Verdict::Probable, "{judgement:?}");
}

#[test]
fn what_a_market_is_not_about_explains_nothing() {
    let of = |race: &str, rules: &str| {
        let end = "2026-12-06T18:00:00Z";
        let title = format!("Will Ann Berg win the Norwegian Grand Prix{race}?");
        let condition = format!(
            "If Ann Berg wins the Norwegian Grand Prix{race} in 2026, then the market resolves to Yes."
        );
        let kalshi = market(Venue::Kalshi, "KXRACE", &title, &condition, end, ["", ""]);
        let title = "Will Ann Berg win the 2026 Norwegian Grand Prix?";
        let rules = format!(
            "This market will resolve to \"Yes\" if Ann Berg wins the 2026 Norwegian Grand Prix. Otherwise, \"No\". {rules}"
        );
        [kalshi, market(Venue::Polymarket, "0x5", title, &rules, end, ["Yes", "No"])]
    };
    probable(&of("", "This market is about the Grand Prix and not the sprint race."));
    apart(
        &of(" sprint race", "This market is about the Grand Prix and not the sprint race."),
        "wording",
    );
}

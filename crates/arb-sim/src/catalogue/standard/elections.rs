//! A presidential race: party, nominee, winner.

use time::{Duration, Month};

use super::{Shelf, Strike, Times};
use crate::catalogue::Relation;
use crate::catalogue::calendar::{at, day, election_year};

const POLITICS: (&str, i64) = ("politics_fees", 4);
const SOURCES: (&str, &str) = ("Associated Press", "https://apnews.com/");
const SWORN_IN: &str = "The market pays on the person or party declared the winner of the election, whether or not they take office.";

pub(super) fn add(shelf: &mut Shelf) {
    let year = election_year(shelf.now);
    let election = day(year, Month::November, 7);
    let close = Times::at(at(election + Duration::days(70), 15, 0))
        .early("This market will close and expire early once a winner has been declared.");
    let end = at(election, 12, 0);

    let series = shelf.series(
        "KXPRESPARTY",
        "Presidential election party",
        "Elections",
        "US Elections",
        SOURCES,
    );
    let event = shelf.event(
        series,
        &format!("KXPRESPARTY-{year}"),
        &format!("Which party will win the {year} U.S. presidential election?"),
        &format!("In {year}"),
    );
    shelf.listings.kalshi_events[event].mutually_exclusive = true;
    let primary = format!(
        "If the nominee of the Democratic Party wins the {year} U.S. presidential election, then the market resolves to Yes."
    );
    let k = shelf.kalshi(
        event,
        "D",
        &format!("Will the Democratic Party win the {year} U.S. presidential election?"),
        "Democratic party",
        (&primary, SWORN_IN),
        Strike::Custom("Party", "Democratic".to_owned()),
        close,
        5_300,
    );
    let text = format!(
        "This market will resolve to \"Yes\" if the nominee of the Democratic Party wins the {year} US presidential election. Otherwise, this market will resolve to \"No\".\n\nThe resolution source for this market is a consensus of the Associated Press, Fox News and NBC. The market pays on the person declared the winner of the election, whether or not they take office."
    );
    let p = shelf.polymarket_alone(
        &format!("democratic-party-wins-{year}-us-presidential-election"),
        &format!("Will the Democratic Party win the {year} US presidential election?"),
        &text,
        POLITICS,
        end,
        5_300,
    );
    shelf.listings.pair("president-democratic", k, p, Relation::Equal);

    nomination(shelf, year);
    winner(shelf, year, close);
}

/// Nominee on both venues, and the winner on Polymarket as a look-alike.
fn nomination(shelf: &mut Shelf, year: i32) {
    let convention = day(year, Month::August, 20);
    let series =
        shelf.series("KXPRESNOMD", "Democratic nominee", "Elections", "Primaries", SOURCES);
    let event = shelf.event(
        series,
        &format!("KXPRESNOMD-{year}"),
        &format!("Who will be the Democratic nominee for president in {year}?"),
        &format!("In {year}"),
    );
    shelf.listings.kalshi_events[event].mutually_exclusive = true;
    let primary = format!(
        "If Dana Whitfield is nominated for the presidency by the Democratic Party to contest the {year} U.S. presidential election, then the market resolves to Yes."
    );
    let times = Times::at(at(convention + Duration::days(75), 15, 0))
        .early("This market will close and expire early once the nomination has been made.");
    let k = shelf.kalshi(
        event,
        "DWHI",
        &format!("Will Dana Whitfield be the Democratic nominee for President in {year}?"),
        "Dana Whitfield",
        (&primary, "A nominee who withdraws after the nomination still counts."),
        Strike::Structured("politician", "8d5a4d2e-4fcb-4a3c-9f0d-2c1f1b7f9a01".to_owned()),
        times,
        3_200,
    );

    let slug = format!("democratic-presidential-nominee-{year}");
    let title = format!("Democratic Presidential Nominee {year}");
    let about = format!(
        "Who will win the {year} Democratic nomination for president of the United States?"
    );
    let group = shelf.listings.add_polymarket_event(
        &slug,
        &title,
        &about,
        "politics",
        at(convention, 12, 0),
    );
    shelf.listings.polymarket_events[group].neg_risk =
        Some(format!("0x{}", super::super::hex(&super::super::sha256(&slug))));
    shelf.listings.polymarket_events[group].augmented = true;
    let text = |name: &str| {
        format!(
            "This market will resolve to \"Yes\" if {name} wins and accepts the {year} nomination of the Democratic Party for U.S. president. Otherwise, this market will resolve to \"No\".\n\nThe resolution source for this market will be a consensus of official Democratic Party sources. Any replacement of the nominee before election day will not change the resolution of the market."
        )
    };
    let in_group = |shelf: &mut Shelf, name: &str, code: &str, fair: i64| {
        let market = shelf.polymarket(
            group,
            &format!("will-{code}-win-the-{year}-democratic-nomination"),
            &format!("Will {name} win the {year} Democratic presidential nomination?"),
            &text(name),
            POLITICS,
            at(convention, 12, 0),
            fair,
        );
        shelf.listings.polymarket[market].group_item_title = name.to_owned();
        market
    };
    let nominee = in_group(shelf, "Dana Whitfield", "dana-whitfield", 3_200);
    shelf.listings.pair("nominee-whitfield", k, nominee, Relation::Equal);
    if let Some(pair) = shelf.listings.pairs.last_mut() {
        pair.drifts = false;
    }
    in_group(shelf, "Marcus Hale", "marcus-hale", 2_600);
    in_group(shelf, "Person C", "person-c", 300);
    let other = in_group(shelf, "another person", "another-person", 1_900);
    shelf.listings.polymarket[other].group_item_title = "Other".to_owned();
    shelf.listings.polymarket[other].other = true;

    let text = format!(
        "This market will resolve to \"Yes\" if Dana Whitfield wins the {year} US presidential election. Otherwise, this market will resolve to \"No\".\n\nThe resolution source for this market is a consensus of the Associated Press, Fox News and NBC."
    );
    let wins = shelf.polymarket_alone(
        &format!("will-dana-whitfield-win-the-{year}-us-presidential-election"),
        &format!("Will Dana Whitfield win the {year} US Presidential Election?"),
        &text,
        POLITICS,
        at(day(year, Month::November, 7), 12, 0),
        1_700,
    );
    shelf.listings.look_alike(k, wins, "nominee");
}

/// The winner, on both venues, of another candidate; the election four years later as a look-alike.
fn winner(shelf: &mut Shelf, year: i32, close: Times) {
    let series = shelf.series(
        "KXPRESPERSON",
        "Presidential election winner",
        "Elections",
        "US Elections",
        SOURCES,
    );
    let event = shelf.event(
        series,
        &format!("KXPRESPERSON-{year}"),
        &format!("Who will win the {year} U.S. presidential election?"),
        &format!("In {year}"),
    );
    shelf.listings.kalshi_events[event].mutually_exclusive = true;
    let primary = format!(
        "If Ellen Brandt wins the {year} U.S. presidential election, then the market resolves to Yes."
    );
    let k = shelf.kalshi(
        event,
        "EBRA",
        &format!("Will Ellen Brandt win the {year} U.S. presidential election?"),
        "Ellen Brandt",
        (&primary, SWORN_IN),
        Strike::Structured("politician", "1b9c7d1f-33a0-4a52-8f5e-66f3dd0c7e02".to_owned()),
        close,
        2_300,
    );
    let text = |year: i32| {
        format!(
            "This market will resolve to \"Yes\" if Ellen Brandt wins the {year} US presidential election. Otherwise, this market will resolve to \"No\".\n\nThe resolution source for this market is a consensus of the Associated Press, Fox News and NBC. The market pays on the person declared the winner of the election, whether or not they take office."
        )
    };
    let ask = |year: i32| format!("Will Ellen Brandt win the {year} US Presidential Election?");
    let slug = |year: i32| format!("will-ellen-brandt-win-the-{year}-us-presidential-election");
    let end = |year: i32| at(day(year, Month::November, 7), 12, 0);
    let p =
        shelf.polymarket_alone(&slug(year), &ask(year), &text(year), POLITICS, end(year), 2_300);
    shelf.listings.pair("president-brandt", k, p, Relation::Equal);
    let later = shelf.polymarket_alone(
        &slug(year + 4),
        &ask(year + 4),
        &text(year + 4),
        POLITICS,
        end(year + 4),
        1_200,
    );
    shelf.listings.look_alike(k, later, "year");
}

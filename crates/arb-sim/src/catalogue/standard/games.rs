//! Games: Kalshi asks about one team by its city, Polymarket has the two teams as outcomes.

use time::{Date, Duration};

use super::{Shelf, Strike, Times};
use crate::catalogue::Relation;
use crate::catalogue::calendar::{Written, at, mid_year};

const SPORTS: (&str, i64) = ("sports_fees_v3", 5);
const DECIDED: &str = "This market will close and expire after a winner is declared.";

/// A team as both venues write it.
struct Team {
    code: &'static str,
    city: &'static str,
    name: &'static str,
}

const fn team(code: &'static str, city: &'static str, name: &'static str) -> Team {
    Team { code, city, name }
}

struct League {
    series: usize,
    /// `NBA`, and in words on Kalshi: `professional basketball`.
    name: &'static str,
    words: &'static str,
    competitor: &'static str,
    site: &'static str,
}

pub(super) fn add(shelf: &mut Shelf) {
    let nba = shelf.series(
        "KXNBAGAME",
        "Professional Basketball Game",
        "Sports",
        "Basketball",
        ("NBA", "https://www.nba.com/"),
    );
    let nba = League {
        series: nba,
        name: "NBA",
        words: "professional basketball",
        competitor: "basketball_team",
        site: "https://www.nba.com/",
    };
    let nhl = shelf.series(
        "KXNHLGAME",
        "Professional Hockey Game",
        "Sports",
        "Hockey",
        ("NHL", "https://www.nhl.com/"),
    );
    let nhl = League {
        series: nhl,
        name: "NHL",
        words: "professional hockey",
        competitor: "hockey_team",
        site: "https://www.nhl.com/",
    };
    let soon = shelf.now.date() + Duration::days(2);
    let later = soon + Duration::days(2);

    // Kalshi's team is Polymarket's first outcome: equal.
    let (suns, knicks) = (team("PHX", "Phoenix", "Suns"), team("NYK", "New York", "Knicks"));
    let k = kalshi(shelf, &nba, &suns, &knicks, soon, true, 4_300);
    let p = polymarket(shelf, &nba, &suns, &knicks, soon, 4_300);
    shelf.listings.pair("nba-phx-nyk", k, p, Relation::Equal);
    // The same teams meet again two days later.
    let again = polymarket(shelf, &nba, &suns, &knicks, later, 5_600);
    shelf.listings.look_alike(k, again, "date");

    // Kalshi's team is Polymarket's second outcome: complement.
    let games = [
        (&nba, team("LAL", "Los Angeles L", "Lakers"), team("BOS", "Boston", "Celtics"), 3_800),
        (&nba, team("MIN", "Minnesota", "Timberwolves"), team("DEN", "Denver", "Nuggets"), 4_700),
        (&nhl, team("TOR", "Toronto", "Maple Leafs"), team("MTL", "Montreal", "Canadiens"), 5_600),
    ];
    for (league, away, home, first) in games {
        let k = kalshi(shelf, league, &away, &home, soon, false, 10_000 - first);
        let p = polymarket(shelf, league, &away, &home, soon, first);
        let id = format!("{}-{}-{}", league.name, away.code, home.code).to_lowercase();
        shelf.listings.pair(&id, k, p, Relation::Complement);
    }
    champion(shelf);
}

/// The Kalshi market about the away team (`about_away`) or the home team.
fn kalshi(
    shelf: &mut Shelf,
    league: &League,
    away: &Team,
    home: &Team,
    date: Date,
    about_away: bool,
    fair: i64,
) -> usize {
    let title = format!("{} at {} Winner?", away.city, home.city);
    let series = shelf.listings.series[league.series].ticker.clone();
    let event = shelf.event(
        league.series,
        &format!("{series}-{}{}{}", date.ticker(), away.code, home.code),
        &format!("{} at {}", away.city, home.city),
        &format!("{} at {} ({})", away.code, home.code, date.short()),
    );
    shelf.listings.kalshi_events[event].mutually_exclusive = true;
    let asked = if about_away { away } else { home };
    let rules = format!(
        "If {} wins the {} at {} {} game originally scheduled for {}, then the market resolves to Yes.",
        asked.city,
        away.city,
        home.city,
        league.words,
        date.short()
    );
    let start = at(date + Duration::days(1), 0, 30);
    let times = Times {
        close: start + Duration::days(14),
        expiration: start + Duration::hours(3),
        early: Some(DECIDED),
    };
    let id = crate::catalogue::hex(&crate::catalogue::sha256(asked.name));
    let id = format!("{}-{}-{}-{}-{}", &id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..32]);
    shelf.kalshi(
        event,
        asked.code,
        &title,
        asked.city,
        (&rules, ""),
        Strike::Structured(league.competitor, id),
        times,
        fair,
    )
}

fn polymarket(
    shelf: &mut Shelf,
    league: &League,
    away: &Team,
    home: &Team,
    date: Date,
    first: i64,
) -> usize {
    let slug = format!("{}-{}-{}-{}", league.name, away.code, home.code, date.iso()).to_lowercase();
    let question = format!("{} vs. {}", away.name, home.name);
    let overtime =
        if league.name == "NHL" { "overtime periods or shootouts" } else { "overtime periods" };
    let text = format!(
        "In the upcoming {} game, scheduled for {} {} at 7:30PM ET:\nIf the {} win, the market will resolve to \"{}\".\nIf the {} win, the market will resolve to \"{}\".\nIf the game is postponed, this market will remain open until the game has been completed.\nIf the game is canceled entirely, with no make-up game, this market will resolve 50-50.\nThe result will be determined based on the final score including any {overtime}.",
        league.name,
        date.month_name(),
        date.day(),
        away.name,
        away.name,
        home.name,
        home.name
    );
    let start = at(date + Duration::days(1), 0, 30);
    let market = shelf.polymarket_alone(&slug, &question, &text, SPORTS, start, first);
    let listed = &mut shelf.listings.polymarket[market];
    listed.outcomes = [away.name.to_owned(), home.name.to_owned()];
    listed.game_start = Some(start);
    listed.resolution_source = league.site;
    market
}

/// A cup, this season's on both venues and next season's as a look-alike.
fn champion(shelf: &mut Shelf) {
    let last = mid_year(shelf.now);
    let year = last.year();
    let final_day = last - Duration::days(30);
    let season = |end: i32| format!("{}-{:02}", end - 1, end % 100);
    let series = shelf.series(
        "KXUCL",
        "UEFA Champions League",
        "Sports",
        "Soccer",
        ("UEFA", "https://www.uefa.com/"),
    );
    let event = shelf.event(
        series,
        &format!("KXUCL-{}", year % 100),
        &format!("{} UEFA Champions League Winner?", season(year)),
        &season(year),
    );
    shelf.listings.kalshi_events[event].mutually_exclusive = true;
    let rules = format!(
        "If Arsenal wins the {} UEFA Champions League, then the market resolves to Yes.",
        season(year)
    );
    let k = shelf.kalshi(
        event,
        "ARS",
        &format!("Will Arsenal win the {} UEFA Champions League?", season(year)),
        "Arsenal",
        (&rules, ""),
        Strike::Structured("soccer_team", "c9a4e2a7-0a7c-4e0e-9a52-3b0c5f6f1d10".to_owned()),
        Times {
            close: at(final_day, 22, 0),
            expiration: at(final_day, 23, 0),
            early: Some(DECIDED),
        },
        2_100,
    );
    let text = |end: i32| {
        format!(
            "This market will resolve to \"Yes\" if Arsenal wins the {0} UEFA Champions League. Otherwise, this market will resolve to \"No\".\n\nIf at any point it becomes impossible for this team to win the {0} UEFA Champions League based on the rules of the tournament (e.g. they are eliminated), this market will resolve immediately to \"No\".\n\nThe primary resolution source for this market will be official information from UEFA.",
            season(end)
        )
    };
    let mut one = |end: i32, fair: i64| {
        let when = at(final_day + Duration::days(365 * i64::from(end - year)), 12, 0);
        let market = shelf.polymarket_alone(
            &format!("will-arsenal-win-the-{}-champions-league", season(end)),
            &format!("Will Arsenal win the {} UEFA Champions League?", season(end)),
            &text(end),
            SPORTS,
            when,
            fair,
        );
        shelf.listings.polymarket[market].resolution_source = "https://www.uefa.com/";
        market
    };
    let (p, next) = (one(year, 2_100), one(year + 1, 1_300));
    shelf.listings.pair("champions-league-arsenal", k, p, Relation::Equal);
    shelf.listings.look_alike(k, next, "year");
}

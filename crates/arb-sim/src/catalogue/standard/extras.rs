//! What a client must leave aside: combos, settled markets, markets of one venue only.

use time::Duration;

use super::{Shelf, Strike, Times};
use crate::catalogue::calendar::{Written, at};
use crate::catalogue::{Start, Ticks};

pub(super) fn add(shelf: &mut Shelf) {
    combos(shelf);
    settled(shelf);
    alone(shelf);
}

/// Multi-leg markets: no single outcome of the other venue can equal them.
fn combos(shelf: &mut Shelf) {
    let legs: Vec<_> = shelf
        .listings
        .kalshi
        .iter()
        .filter(|market| market.ticker.contains("GAME-"))
        .map(|m| {
            (
                shelf.listings.kalshi_events[m.event].ticker.clone(),
                m.ticker.clone(),
                m.yes_sub_title.clone(),
            )
        })
        .collect();
    let close = at(shelf.now.date() + Duration::days(17), 4, 0);
    let series = shelf.series(
        "KXMVESPORTSMULTIGAMEEXTENDED",
        "Combos",
        "Exotics",
        "Combos",
        ("NBA", "https://www.nba.com/"),
    );
    shelf.listings.series[series].fee_type = "quadratic_with_combo_maker_fees";
    for (number, pair) in legs.windows(2).enumerate() {
        let code = format!("S2027{number:07X}");
        let event =
            shelf.event(series, &format!("KXMVESPORTSMULTIGAMEEXTENDED-{code}"), "Combo", "");
        let title = pair.iter().map(|leg| format!("yes {}", leg.2)).collect::<Vec<_>>().join(",");
        let rules =
            format!("If every leg of {title} resolves to Yes, then the market resolves to Yes.");
        let market = shelf.kalshi(
            event,
            &format!("{number:011X}"),
            &title,
            &title,
            (&rules, ""),
            Strike::Custom("Legs", pair.len().to_string()),
            Times::at(close),
            2_200,
        );
        shelf.listings.kalshi[market].legs =
            pair.iter().map(|leg| (leg.0.clone(), leg.1.clone(), "yes")).collect();
    }
}

fn settled(shelf: &mut Shelf) {
    let past = shelf.now.date() - Duration::days(12);
    let series = shelf.series(
        "KXHIGHNY",
        "Highest temperature in NYC",
        "Climate and Weather",
        "Temperature",
        ("National Weather Service", "https://www.weather.gov/"),
    );
    let event = shelf.event(
        series,
        &format!("KXHIGHNY-{}", past.ticker()),
        &format!("Highest temperature in NYC on {}?", past.short()),
        &format!("On {}", past.short()),
    );
    shelf.listings.kalshi_events[event].mutually_exclusive = true;
    for (suffix, level, sub) in [("T52", "52", "53° or above"), ("T48", "48", "49° or above")] {
        let rules = format!(
            "If the highest temperature recorded in Central Park, New York on {} is greater than {level}°, then the market resolves to Yes.",
            past.short()
        );
        let market = shelf.kalshi(
            event,
            suffix,
            &format!("Will the high temp in NYC be >{level}° on {}?", past.short()),
            sub,
            (&rules, ""),
            Strike::Greater(level.to_owned()),
            Times::at(at(past, 4, 59)),
            4_000,
        );
        shelf.listings.kalshi[market].start = Start::Settled;
    }
    let text = format!(
        "This market will resolve to \"Yes\" if the highest temperature recorded in New York City on {} is 53°F or higher. Otherwise, this market will resolve to \"No\".",
        past.long()
    );
    let market = shelf.polymarket_alone(
        &format!("highest-temperature-in-nyc-53-or-higher-{}", past.iso()),
        &format!(
            "Will the highest temperature in New York City be 53°F or higher on {}?",
            past.long()
        ),
        &text,
        ("weather_fees", 5),
        at(past, 12, 0),
        4_000,
    );
    shelf.listings.polymarket[market].start = Start::Settled;
}

/// Active markets without a counterpart.
fn alone(shelf: &mut Shelf) {
    let day = shelf.now.date() + Duration::days(3);
    let series = shelf.series(
        "KXHIGHCHI",
        "Highest temperature in Chicago",
        "Climate and Weather",
        "Temperature",
        ("National Weather Service", "https://www.weather.gov/"),
    );
    let event = shelf.event(
        series,
        &format!("KXHIGHCHI-{}", day.ticker()),
        &format!("Highest temperature in Chicago on {}?", day.short()),
        &format!("On {}", day.short()),
    );
    let rules = format!(
        "If the highest temperature recorded at Chicago Midway on {} is greater than 61°, then the market resolves to Yes.",
        day.short()
    );
    let market = shelf.kalshi(
        event,
        "T61",
        &format!("Will the high temp in Chicago be >61° on {}?", day.short()),
        "62° or above",
        (&rules, ""),
        Strike::Greater("61".to_owned()),
        Times::at(at(day + Duration::days(1), 5, 59)),
        700,
    );
    shelf.listings.kalshi[market].ticks = Ticks::Tapered;
    let last = shelf.now.date() + Duration::days(40);
    let text = format!(
        "This market will resolve to \"Yes\" if the official account of the city of Lisbon posts fewer than 40 times between now and {}, 11:59 PM ET. Otherwise, this market will resolve to \"No\".",
        last.long()
    );
    shelf.polymarket_alone(
        "lisbon-posts-fewer-than-40",
        "Will the city of Lisbon post fewer than 40 times?",
        &text,
        ("mentions_fees", 4),
        at(last, 12, 0),
        4_500,
    );
}

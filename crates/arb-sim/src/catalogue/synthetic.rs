//! Any number of plain equal pairs, for load tests.

use time::{Duration, OffsetDateTime};

use super::{
    KalshiEvent, KalshiMarket, Listings, PolymarketMarket, Relation, Series, Start, Strike, Ticks,
};
use crate::units::Price;

const SERIES: &str = "KXLOAD";

/// Adds `pairs` markets on each venue under an event of their own, each pair about a different number.
pub(crate) fn append_synthetic(listings: &mut Listings, now: OffsetDateTime, pairs: usize) {
    let close = now + Duration::days(90);
    let (kalshi_event, polymarket_event) = events(listings, close);
    let event = listings.kalshi_events[kalshi_event].ticker.clone();
    let first = listings.pairs.len();
    for number in first..first + pairs {
        let anchor = Price(2_000 + 100 * ((number * 7) % 61) as i64);
        let question = format!("Will counter {number} pass its mark?");
        let rules =
            format!("If counter {number} passes its mark, then the market resolves to Yes.");
        listings.kalshi.push(KalshiMarket {
            ticker: format!("{event}-C{number}"),
            event: kalshi_event,
            title: question.clone(),
            yes_sub_title: format!("Counter {number}"),
            no_sub_title: format!("Counter {number}"),
            rules_primary: rules.clone(),
            rules_secondary: String::new(),
            strike: Strike::Custom("Counter", number.to_string()),
            close,
            expected_expiration: close,
            early_close: None,
            ticks: Ticks::Cent,
            legs: Vec::new(),
            anchor,
            start: Start::Open,
        });
        let polymarket = listings.add_polymarket(PolymarketMarket {
            id: String::new(),
            condition_id: String::new(),
            tokens: [String::new(), String::new()],
            event: polymarket_event,
            question,
            slug: format!("counter-{number}"),
            description: rules,
            resolution_source: "https://example.com/load",
            end: close,
            outcomes: ["Yes".to_owned(), "No".to_owned()],
            group_item_title: format!("Counter {number}"),
            fee_type: "tech_fees",
            fee_rate: 4,
            tick: 100,
            game_start: None,
            other: false,
            anchor,
            start: Start::Open,
        });
        let kalshi = listings.kalshi.len() - 1;
        listings.pair(&format!("counter-{number}"), kalshi, polymarket, Relation::Equal);
    }
}

/// One more event on each of the two venues.
fn events(listings: &mut Listings, close: OffsetDateTime) -> (usize, usize) {
    let series = series(listings);
    let number = 1 + listings.kalshi_events.iter().filter(|event| event.series == series).count();
    let title = "Which counters pass their mark?";
    listings.kalshi_events.push(KalshiEvent {
        ticker: format!("{SERIES}-{number}"),
        series,
        title: title.to_owned(),
        sub_title: "Load test".to_owned(),
        mutually_exclusive: false,
    });
    let slug = format!("load-test-{number}");
    let about = "Markets for load tests.";
    let polymarket = listings.add_polymarket_event(&slug, title, about, "tech", close);
    (listings.kalshi_events.len() - 1, polymarket)
}

/// The series of all of them, made when it is not there yet.
fn series(listings: &mut Listings) -> usize {
    let known = listings.series.iter().position(|series| series.ticker == SERIES);
    known.unwrap_or_else(|| {
        listings.series.push(Series {
            ticker: SERIES.to_owned(),
            title: "Load test".to_owned(),
            category: "Science and Technology",
            tag: "Load",
            source: ("Load Test Bureau", "https://example.com/load"),
            fee_type: "quadratic",
            fee_multiplier: 100,
        });
        listings.series.len() - 1
    })
}

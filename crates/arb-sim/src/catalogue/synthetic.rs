//! Any number of plain equal pairs, for load tests.

use time::{Duration, OffsetDateTime};

use super::{
    KalshiEvent, KalshiMarket, Listings, PolymarketMarket, Relation, Series, Start, Strike, Ticks,
};
use crate::units::Price;

/// `pairs` markets on each venue under one event, each pair about a different number.
pub(crate) fn synthetic(now: OffsetDateTime, pairs: usize) -> Listings {
    let mut listings = Listings::default();
    let close = now + Duration::days(90);
    listings.series.push(Series {
        ticker: "KXLOAD".to_owned(),
        title: "Load test".to_owned(),
        category: "Science and Technology",
        tag: "Load",
        source: ("Load Test Bureau", "https://example.com/load"),
        fee_type: "quadratic",
        fee_multiplier: 100,
    });
    listings.kalshi_events.push(KalshiEvent {
        ticker: "KXLOAD-1".to_owned(),
        series: 0,
        title: "Which counters pass their mark?".to_owned(),
        sub_title: "Load test".to_owned(),
        mutually_exclusive: false,
    });
    let event = listings.add_polymarket_event(
        "load-test",
        "Which counters pass their mark?",
        "Markets for load tests.",
        "tech",
        close,
    );
    for number in 0..pairs {
        let anchor = Price(2_000 + 100 * ((number * 7) % 61) as i64);
        let question = format!("Will counter {number} pass its mark?");
        let rules =
            format!("If counter {number} passes its mark, then the market resolves to Yes.");
        listings.kalshi.push(KalshiMarket {
            ticker: format!("KXLOAD-1-C{number}"),
            event: 0,
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
            event,
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
        listings.pair(&format!("counter-{number}"), number, polymarket, Relation::Equal);
    }
    listings
}

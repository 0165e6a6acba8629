//! Values the tests store.

use arb_cache::{Origin, Stamp};
use arb_normalize::opportunity::{Action, OpportunityClass, OpportunityLeg};
use arb_normalize::{
    Book, Level, Market, MarketKey, Opportunity, Outcome, Price, Quantity, Timestamp, Usd, Venue,
};

/// So many milliseconds after a fixed day.
pub(crate) fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + ms).unwrap()
}

pub(crate) fn kalshi(id: &str) -> MarketKey {
    MarketKey { venue: Venue::Kalshi, id: id.into() }
}

pub(crate) fn polymarket(id: &str) -> MarketKey {
    MarketKey { venue: Venue::Polymarket, id: id.into() }
}

/// The first epoch's write of that number, vouched for now.
pub(crate) fn stamp(now: Timestamp, sequence: u64) -> Stamp {
    Stamp { epoch: at(0), sequence, received_at: now, venue_at: None, origin: Origin::Stream }
}

pub(crate) fn book(bids: &[(&str, &str)], asks: &[(&str, &str)]) -> Book {
    let levels = |side: &[(&str, &str)]| -> Vec<Level> {
        side.iter()
            .map(|(price, size)| Level::new(price.parse().unwrap(), size.parse().unwrap()))
            .collect()
    };
    let mut book = Book::new();
    book.replace(&levels(bids), &levels(asks));
    book
}

/// A market with every optional field filled where its type allows.
pub(crate) fn market(id: &str) -> Market {
    use arb_normalize::market::{
        FeeData, Group, MarketOutcome, OutcomeKind, Rules, Strike, TickRange,
    };
    use rust_decimal::Decimal;
    let opened = time::macros::datetime!(2026-01-01 0:00 UTC);
    Market {
        key: kalshi(id),
        slug: Some("a-slug".into()),
        event_id: Some("EVENT".into()),
        series_id: None,
        title: "Will it happen?".into(),
        event_title: Some("It".into()),
        outcomes: [Outcome::Yes, Outcome::No]
            .map(|side| MarketOutcome {
                side,
                label: side.as_str().into(),
                token: Some("123".into()),
                last: Some("0.25".parse().unwrap()),
            })
            .into(),
        rules: Rules {
            primary: "If it happens.".into(),
            secondary: String::new(),
            source: Some("a paper".into()),
        },
        strike: Some(Strike {
            kind: "between".into(),
            floor: Some(Decimal::new(25, 1)),
            cap: None,
            custom: vec![("name".into(), "value".into())],
        }),
        status: arb_normalize::MarketStatus::Active,
        status_word: "active".into(),
        kind: OutcomeKind::Binary,
        open_at: Some(opened),
        close_at: Some(opened + time::Duration::days(200)),
        expected_resolution_at: None,
        volume: Some(Decimal::new(1234, 2)),
        liquidity: Some("10.5".parse().unwrap()),
        ticks: vec![TickRange {
            start: Price::ZERO,
            end: Price::ONE,
            step: "0.01".parse().unwrap(),
        }],
        min_size: Some(Quantity::from_contracts(5).unwrap()),
        fees: FeeData::Kalshi {
            fee_type: Some("quadratic".into()),
            multiplier: Some(Decimal::ONE),
            waived_until: Some(opened),
        },
        group: Some(Group { id: "G".into(), exclusive: true, exhaustive: false }),
        multi_leg: false,
    }
}

pub(crate) fn opportunity(id: &str, pair: &str, net: &str) -> Opportunity {
    let leg = |venue, outcome| OpportunityLeg {
        venue,
        market: "M".into(),
        outcome,
        action: Action::Buy,
        limit: "0.45".parse().unwrap(),
        quantity: Quantity::from_contracts(100).unwrap(),
        cost_usd: "45".parse().unwrap(),
        fee_usd: "1.7325".parse().unwrap(),
    };
    let net: Usd = net.parse().unwrap();
    Opportunity {
        id: id.into(),
        at: Some(at(-5)),
        class: OpportunityClass::CrossVenue,
        pair: pair.into(),
        legs: vec![leg(Venue::Kalshi, Outcome::Yes), leg(Venue::Polymarket, Outcome::No)],
        quantity: Quantity::from_contracts(100).unwrap(),
        gross_usd: net + Usd::DOLLAR,
        fees_usd: Usd::DOLLAR,
        net_usd: net,
    }
}

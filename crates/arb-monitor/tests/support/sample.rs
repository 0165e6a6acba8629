//! A page with something in every section.

use std::time::Duration;

use arb_monitor::status::{
    BlockedPairs, BookCounts, BreakerRow, CacheRow, ClockOffset, FeedRow, FunnelStep, KillSwitch,
    LegRow, Mode, NearMiss, OpportunityRow, QuoteRow, StatusModel, Tone,
};
use rust_decimal::Decimal;
use time::macros::datetime;

fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn feed(name: &str, age_ms: u64, live: usize) -> FeedRow {
    FeedRow {
        name: name.to_owned(),
        state: "streaming".to_owned(),
        tone: Tone::Good,
        data_age: Some(Duration::from_millis(age_ms)),
        data_age_max: Some(Duration::from_secs(2)),
        frames_per_second: 41.3,
        books: BookCounts { live, ..BookCounts::default() },
        audited: 240,
        ..FeedRow::default()
    }
}

fn leg(venue: &str, action: &str, limit: &str, age_ms: u64) -> LegRow {
    LegRow {
        venue: venue.to_owned(),
        action: action.to_owned(),
        limit: dec(limit),
        age: Duration::from_millis(age_ms),
    }
}

fn opportunity(pair: &str, net: &str, after: &str) -> OpportunityRow {
    OpportunityRow {
        id: format!("{pair}#1"),
        pair: pair.to_owned(),
        legs: vec![leg("Kalshi", "buy YES", "0.41", 320), leg("Polymarket", "buy NO", "0.553", 85)],
        quantity: dec("320"),
        net_usd: dec(net),
        after_risk_usd: dec(after),
        served_usd: dec(net),
        capital_usd: dec("308.16"),
        days: Some(dec("12.5")),
        age: Duration::from_millis(5_400),
        competing: vec!["worldcup-26-uk".to_owned()],
        denied: None,
    }
}

pub(crate) fn model() -> StatusModel {
    let mut denied = opportunity("<script>document.title='owned'</script>", "0.6035", "0.41");
    denied.denied = Some("the risk score 61.2 is above 50 (and 1 more)".to_owned());
    let mut late = feed("Kalshi #1", 7_300, 11);
    late.state = "resubscribing".to_owned();
    late.tone = Tone::Warn;
    late.books = BookCounts { live: 11, suspect: 2, resyncing: 5, empty: 1, dead: 3 };
    late.gaps = 3;
    late.resyncs = 4;
    late.audit_wrong = 1;
    late.next_window = Some(datetime!(2026-11-26 08:00 UTC));
    StatusModel {
        mode: Mode::Simulated,
        version: "0.1.0".to_owned(),
        started_at: Some(datetime!(2026-11-22 06:12 UTC)),
        kill_switch: KillSwitch::default(),
        pairs_live: Some(48),
        pairs_followed: Some(52),
        pairs_tradable: 41,
        pairs_total: 60,
        clocks: vec![
            ClockOffset { venue: "Kalshi".to_owned(), offset_ms: Some(12), limit_ms: 500 },
            ClockOffset { venue: "Polymarket".to_owned(), offset_ms: Some(-730), limit_ms: 500 },
        ],
        blocked: vec![
            BlockedPairs {
                reason: "Kalshi book is resyncing".to_owned(),
                count: 12,
                examples: vec!["worldcup-26-gb".to_owned(), "fed-dec-25bp".to_owned()],
            },
            BlockedPairs {
                reason: "fees unknown".to_owned(),
                count: 7,
                examples: vec!["oscars-27-picture".to_owned()],
            },
        ],
        feeds: vec![feed("Kalshi #0", 140, 54), late, feed("Polymarket #0", 60, 120)],
        opportunities: vec![opportunity("worldcup-26-gb", "11.84", "9.02"), denied],
        quotes: Some(vec![QuoteRow {
            pair: "worldcup-26-gb".to_owned(),
            rest: leg("Kalshi", "buy YES", "0.40", 320),
            hedge: leg("Polymarket", "buy NO", "0.57", 85),
            quantity: dec("80"),
            ahead: dec("1250"),
            net_usd: dec("1.41"),
            fills: [(1, Some(0.02)), (10, Some(0.43)), (60, None)]
                .map(|(within, chance)| (Duration::from_secs(within), chance))
                .to_vec(),
            evidence: "19 trades in 200 s".to_owned(),
        }]),
        funnel: [("frames", 1_204_118), ("book changes", 803_112), ("pairs judged", 402_031)]
            .into_iter()
            .chain([
                ("crossed before fees", 1_201),
                ("profit after fees", 87),
                ("past the gate", 9),
            ])
            .map(|(name, count)| FunnelStep { name: name.to_owned(), count })
            .collect(),
        near_misses: vec![NearMiss {
            pair: "fed-dec-25bp".to_owned(),
            missing: "0.4 cents short of the fees".to_owned(),
            net_usd: Some(dec("-1.28")),
        }],
        breakers: vec![
            BreakerRow {
                name: "kalshi rest".to_owned(),
                state: "closed".to_owned(),
                tone: Tone::Good,
                opened: 0,
                note: String::new(),
            },
            BreakerRow {
                name: "polymarket gamma".to_owned(),
                state: "open".to_owned(),
                tone: Tone::Bad,
                opened: 3,
                note: "tries again in 12 s".to_owned(),
            },
        ],
        cache: Some(CacheRow {
            store: "memory".to_owned(),
            up: true,
            hit_rate: Some(0.964),
            note: "1,204 entries".to_owned(),
        }),
    }
}

//! The published model as metrics, so that what is on the page is also in the time series. What
//! other crates say themselves (breakers, cache, connections) is not said twice.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::model::{FeedRow, StatusModel};

/// Sets the gauges and counters of a model.
pub(super) fn export(model: &StatusModel) {
    let pairs = [
        ("all", Some(model.pairs_total)),
        ("followed", model.pairs_followed),
        ("live", model.pairs_live),
        ("tradable", Some(model.pairs_tradable)),
    ];
    for (state, pairs) in pairs {
        if let Some(pairs) = pairs {
            metrics::gauge!("arb_scan_pairs", "state" => state).set(pairs as f64);
        }
    }
    let engaged = f64::from(u8::from(model.kill_switch.engaged));
    metrics::gauge!("arb_scan_kill_switch_engaged").set(engaged);
    for clock in &model.clocks {
        if let Some(ms) = clock.offset_ms {
            let venue = clock.venue.clone();
            metrics::gauge!("arb_scan_clock_offset_seconds", "venue" => venue).set(ms as f64 / 1e3);
        }
    }
    model.feeds.iter().for_each(feed);
    metrics::gauge!("arb_scan_opportunities").set(model.opportunities.len() as f64);
    let capturable: Decimal = model.opportunities.iter().map(|row| row.served_usd).sum();
    metrics::gauge!("arb_scan_capturable_usd").set(capturable.to_f64().unwrap_or_default());
    for step in &model.funnel {
        metrics::counter!("arb_scan_funnel_total", "step" => step.name.clone())
            .absolute(step.count);
    }
}

fn feed(feed: &FeedRow) {
    let name = || feed.name.clone();
    if let Some(age) = feed.data_age {
        metrics::gauge!("arb_scan_data_age_seconds", "feed" => name()).set(age.as_secs_f64());
    }
    let books = feed.books;
    let states = [
        ("live", books.live),
        ("suspect", books.suspect),
        ("resyncing", books.resyncing),
        ("empty", books.empty),
        ("dead", books.dead),
    ];
    for (state, count) in states {
        metrics::gauge!("arb_scan_books", "feed" => name(), "state" => state).set(count as f64);
    }
    metrics::counter!("arb_scan_gaps_total", "feed" => name()).absolute(feed.gaps);
    metrics::counter!("arb_scan_resyncs_total", "feed" => name()).absolute(feed.resyncs);
    metrics::counter!("arb_scan_audited_books_total", "feed" => name()).absolute(feed.audited);
    metrics::counter!("arb_scan_wrong_books_total", "feed" => name()).absolute(feed.audit_wrong);
}

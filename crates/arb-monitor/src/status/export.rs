//! The published model as metrics, so that what is on the page is also in the time series.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::model::{FeedRow, StatusModel, Tone};

/// Sets the gauges and counters of a model.
pub(super) fn export(model: &StatusModel) {
    let pairs = [
        ("all", model.pairs_total),
        ("live", model.pairs_live),
        ("tradable", model.pairs_tradable),
    ];
    for (state, pairs) in pairs {
        metrics::gauge!("arb_scan_pairs", "state" => state).set(pairs as f64);
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
    let capturable: Decimal = model.opportunities.iter().map(|row| row.net_usd).sum();
    metrics::gauge!("arb_scan_capturable_usd").set(capturable.to_f64().unwrap_or_default());
    for step in &model.funnel {
        metrics::counter!("arb_scan_funnel_total", "step" => step.name.clone())
            .absolute(step.count);
    }
    for breaker in &model.breakers {
        let state = match breaker.tone {
            Tone::Plain | Tone::Good => 0.0,
            Tone::Warn => 1.0,
            Tone::Bad => 2.0,
        };
        metrics::gauge!("arb_breaker_state", "breaker" => breaker.name.clone()).set(state);
    }
    if let Some(cache) = &model.cache {
        let up = f64::from(u8::from(cache.up));
        metrics::gauge!("arb_cache_up", "store" => cache.store.clone()).set(up);
        if let Some(rate) = cache.hit_rate {
            metrics::gauge!("arb_cache_hit_ratio", "store" => cache.store.clone()).set(rate);
        }
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
    metrics::counter!("arb_scan_frames_total", "feed" => name()).absolute(feed.frames);
    metrics::counter!("arb_scan_gaps_total", "feed" => name()).absolute(feed.gaps);
    metrics::counter!("arb_scan_resyncs_total", "feed" => name()).absolute(feed.resyncs);
    metrics::counter!("arb_scan_audited_books_total", "feed" => name()).absolute(feed.audited);
    metrics::counter!("arb_scan_wrong_books_total", "feed" => name()).absolute(feed.audit_wrong);
}

//! Frames in the venues' wire formats, and a sink that remembers.

use arb_normalize::{Opportunity, Timestamp, Venue};
use arb_scan::{Change, Closed, Found, Pipeline, PipelineConfig, Sink, pairs};

pub(crate) const TICKER: &str = "KXTEST-27JAN-H0";
pub(crate) const TOKEN: &str = "7131";

/// Remembers everything.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(crate) shown: Vec<(Opportunity, Change)>,
    pub(crate) closed: Vec<Closed>,
    /// Whether each shown trade was in quarantine.
    pub(crate) quarantined: Vec<bool>,
    pub(crate) malformed: usize,
    pub(crate) resyncs: usize,
    /// What each trade earns however it ends, as last shown.
    pub(crate) endings: std::collections::HashMap<String, Vec<arb_scan::EndingProfit>>,
}

impl Sink for Memory {
    fn on_opportunity(&mut self, found: &Found<'_>) {
        self.shown.push((found.opportunity.clone(), found.change));
        self.quarantined.push(found.quarantine().is_some());
        self.endings.insert(found.opportunity.id.clone(), found.endings().collect());
    }

    fn on_closed(&mut self, closed: &Closed) {
        self.closed.push(closed.clone());
    }

    fn on_malformed(&mut self, _: Venue, _: u32, _: &arb_normalize::DecodeError) {
        self.malformed += 1;
    }

    fn on_resync(
        &mut self,
        _: Venue,
        needed: &arb_normalize::books::Resync,
        _: &arb_normalize::books::Books,
    ) {
        self.resyncs += needed.books.len();
    }
}

/// A pipeline with one pair.
pub(crate) fn pipeline(relation: &str, fees: &str) -> Pipeline<Memory> {
    configured(PipelineConfig::default(), relation, fees)
}

/// The same with other settings.
pub(crate) fn configured(config: PipelineConfig, relation: &str, fees: &str) -> Pipeline<Memory> {
    let mut pipeline = Pipeline::new(config, Memory::default());
    let file = format!(
        r#"[{{"id":"p","kalshi":"{TICKER}","polymarket_yes":"{TOKEN}","relation":"{relation}","fees":{fees}}}]"#
    );
    pipeline.replace_pairs(pairs::parse(&file).unwrap());
    pipeline
}

pub(crate) fn at(millis: i64) -> Option<Timestamp> {
    Timestamp::from_millis(1_795_187_045_000 + millis)
}

/// (price, size) as the wire writes them.
pub(crate) type Text = (String, String);

pub(crate) fn level(price: &str, size: &str) -> Text {
    (price.to_owned(), size.to_owned())
}

/// A Kalshi snapshot: YES bids and NO bids.
pub(crate) fn kalshi(seq: u64, yes: &[Text], no: &[Text]) -> String {
    kalshi_of(TICKER, 1, seq, yes, no)
}

/// A Kalshi snapshot of some market in some subscription.
pub(crate) fn kalshi_of(ticker: &str, sid: u64, seq: u64, yes: &[Text], no: &[Text]) -> String {
    let side = |levels: &[Text]| -> serde_json::Value {
        levels.iter().map(|(price, size)| serde_json::json!([price, size])).collect()
    };
    serde_json::json!({"type": "orderbook_snapshot", "sid": sid, "seq": seq, "msg": {
        "market_ticker": ticker, "market_id": "5f0c2a1e-7b34-4c55-9d21-6a8e0b7f4412",
        "yes_dollars_fp": side(yes), "no_dollars_fp": side(no)}})
    .to_string()
}

/// A Kalshi delta.
pub(crate) fn delta(seq: u64, side: &str, price: &str, change: &str) -> String {
    serde_json::json!({"type": "orderbook_delta", "sid": 1, "seq": seq, "msg": {
        "market_ticker": TICKER, "market_id": "5f0c2a1e-7b34-4c55-9d21-6a8e0b7f4412",
        "price_dollars": price, "delta_fp": change, "side": side}})
    .to_string()
}

/// A Polymarket book.
pub(crate) fn polymarket(bids: &[Text], asks: &[Text]) -> String {
    polymarket_of(TOKEN, bids, asks)
}

/// The Polymarket book of some token.
pub(crate) fn polymarket_of(token: &str, bids: &[Text], asks: &[Text]) -> String {
    let side = |levels: &[Text]| -> serde_json::Value {
        levels
            .iter()
            .map(|(price, size)| serde_json::json!({"price": price, "size": size}))
            .collect()
    };
    serde_json::json!({"event_type": "book", "asset_id": token, "market": "0xc0nd",
        "bids": side(bids), "asks": side(asks), "timestamp": "1795187045000", "hash": ""})
    .to_string()
}

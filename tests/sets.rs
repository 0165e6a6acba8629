//! Sets of simulated markets.

use arb_scan::MarketSet;
use arb_scan::sets::{Member, SetRelation};

/// A set of these Kalshi markets, at the fees that are known without being told.
#[must_use]
pub fn of_kalshi(id: &str, relation: SetRelation, tickers: &[String]) -> MarketSet {
    let member = |ticker: &String| Member { kalshi: Some(ticker.clone()), ..Member::default() };
    MarketSet {
        id: id.to_owned(),
        relation,
        neg_risk: false,
        members: tickers.iter().map(member).collect(),
        fees: None,
    }
}

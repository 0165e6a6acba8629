//! The pairs file, followed while the program runs.

use std::convert::Infallible;
use std::path::Path;
use std::time::{Duration, SystemTime};

use arb_normalize::Timestamp;
use arb_scan::PairSpec;
use time::OffsetDateTime;

use crate::endpoints::Endpoints;
use crate::feeds::Feeds;
use crate::tradable::Tradable;
use crate::{replay, terminal, tradable};

/// How often the file is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// What is approved, and what of it may be traded.
#[derive(Debug, Clone, Default)]
pub struct Approvals {
    /// What is approved and may be traded.
    pub pairs: Vec<PairSpec>,
    /// What is approved and may not, with the reason.
    pub refused: Vec<(String, String)>,
    /// When Kalshi's markets close.
    pub close_times: Vec<(String, Timestamp)>,
    /// When each pair's money is expected back.
    pub settles_at: Vec<(String, OffsetDateTime)>,
}

impl From<Tradable> for Approvals {
    fn from(found: Tradable) -> Self {
        let expected =
            |market: &arb_normalize::Market| market.expected_resolution_at.or(market.close_at);
        let close = |market: &arb_normalize::Market| {
            Some((market.key.id.clone(), Timestamp::try_from(market.close_at?).ok()?))
        };
        let markets = || found.markets.iter();
        Self {
            close_times: markets().filter_map(|(_, (kalshi, _))| close(kalshi)).collect(),
            // The later of the two venues' expectations.
            settles_at: markets()
                .filter_map(|(pair, (kalshi, polymarket))| {
                    Some((pair.clone(), expected(kalshi).max(expected(polymarket))?))
                })
                .collect(),
            pairs: found.pairs,
            refused: found.refused,
        }
    }
}

/// Looks at the pairs file again and again, and hands what it says to the feeds when it has changed. A file that cannot be used is complained
/// about and changes nothing. `known` is when the file had been changed as it was read at the start.
///
/// # Cancel safety
/// A change that was not handed over yet is lost with the future.
pub async fn follow(
    path: &Path,
    mut known: Option<SystemTime>,
    endpoints: &Endpoints,
    feeds: &Feeds,
) -> Infallible {
    let mut looks = tokio::time::interval(LOOK_EVERY);
    loop {
        looks.tick().await;
        let newest = modified(path);
        if newest == known || newest.is_none() {
            continue;
        }
        known = newest;
        let found = match replay::read_pairs(path) {
            Ok(pairs) => tradable::discover(endpoints, pairs, arb_ws::wall_clock()).await,
            Err(failure) => Err(failure),
        };
        let mode = endpoints.mode.as_str();
        match found {
            Ok(found) => {
                terminal::line(&format!("{mode} pairs file read again: {}", found.findings));
                for (pair, reason) in &found.refused {
                    terminal::line(&format!("{mode} pair {pair} is not traded: {reason}"));
                }
                feeds.replace(found.into());
            }
            Err(failure) => terminal::complain(&format!(
                "scan: the pairs stay as they were: {}",
                failure.message
            )),
        }
    }
}

/// When a file was changed last.
pub fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|meta| meta.modified()).ok()
}

//! What the operator approves: the pairs file, followed while the program runs.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use arb_normalize::{MarketStatus, Timestamp, Venue};
use arb_scan::PairSpec;
use time::OffsetDateTime;

use crate::failure::Failure;
use crate::tradable::Tradable;
use crate::{replay, terminal};

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
    /// What the venues' listings say of each market: Kalshi tickers, Polymarket tokens.
    pub statuses: Vec<(Venue, String, MarketStatus)>,
    /// When the venues were asked.
    pub confirmed_at: Option<Timestamp>,
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
            statuses: found.statuses().map(|(v, market, s)| (v, market.to_owned(), s)).collect(),
            confirmed_at: None,
            pairs: found.pairs,
            refused: found.refused,
        }
    }
}

/// A file as it was when it was read: when it was changed last, and its length.
type Version = (SystemTime, u64);

/// Where approved pairs come from.
#[derive(Debug, Clone)]
pub struct Source {
    /// The operator's file, and what it was like when it was read.
    file: Option<(PathBuf, Option<Version>)>,
    pairs: Vec<PairSpec>,
}

impl Source {
    /// These, for good.
    pub const fn fixed(pairs: Vec<PairSpec>) -> Self {
        Self { file: None, pairs }
    }

    /// What the operator's file says, now and whenever it changes.
    ///
    /// # Errors
    /// When the file cannot be used.
    pub fn file(path: &Path) -> Result<Self, Failure> {
        let version = version(path);
        Ok(Self { file: Some((path.to_owned(), version)), pairs: replay::read_pairs(path)? })
    }

    /// The pairs as last read.
    pub fn pairs(&self) -> &[PairSpec] {
        &self.pairs
    }

    /// Reads the file again where it was changed; whether it says something new. A file that cannot be used is complained
    /// about and changes nothing.
    pub fn look(&mut self) -> bool {
        let Some((path, known)) = &mut self.file else { return false };
        let newest = version(path);
        if newest == *known || newest.is_none() {
            return false;
        }
        *known = newest;
        match replay::read_pairs(path) {
            Ok(pairs) => {
                self.pairs = pairs;
                true
            }
            Err(failure) => {
                terminal::complain(&format!(
                    "scan: the pairs stay as they were: {}",
                    failure.message
                ));
                false
            }
        }
    }
}

fn version(path: &Path) -> Option<Version> {
    let meta = std::fs::metadata(path).ok()?;
    Some((meta.modified().ok()?, meta.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_when_it_changes_and_what_cannot_be_used_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pairs.json");
        let pair = r#"{"id":"a","kalshi":"KXA","polymarket_yes":"1","relation":"equal"}"#;
        assert!(Source::file(&path).is_err(), "no file");
        std::fs::write(&path, format!("[{pair}]")).unwrap();
        let mut source = Source::file(&path).unwrap();
        assert_eq!(source.pairs().len(), 1);
        assert!(!source.look(), "nothing changed");
        std::fs::write(&path, "[{").unwrap();
        assert!(!source.look());
        assert_eq!(source.pairs().len(), 1, "half a file");
        std::fs::write(&path, "[]").unwrap();
        assert!(source.look());
        assert!(source.pairs().is_empty());
        std::fs::remove_file(&path).unwrap();
        assert!(!source.look(), "a file that is gone changes nothing");
    }
}

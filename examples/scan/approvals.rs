//! What the operator approves: the pairs file, followed while the program runs.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use arb_normalize::{MarketStatus, Timestamp, Venue};
use arb_scan::{MarketSet, PairSpec};
use serde_json::Value;
use time::OffsetDateTime;

use crate::failure::Failure;
use crate::tradable::{self, Tradable};
use crate::watched_file::WatchedFile;
use crate::{replay, terminal};

/// What is approved, and what of it may be traded.
#[derive(Debug, Clone, Default)]
pub struct Approvals {
    /// What is approved and may be traded.
    pub pairs: Vec<PairSpec>,
    /// What is approved and may not, with the reason.
    pub refused: Vec<(String, String)>,
    /// What of the approved sets may be traded.
    pub sets: Vec<MarketSet>,
    /// Sets that are approved and may not be traded, with the reason.
    pub refused_sets: Vec<(String, String)>,
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
            close_times: found
                .all_markets()
                .filter(|market| market.key.venue == Venue::Kalshi)
                .filter_map(close)
                .collect(),
            // The later of the two venues' expectations.
            settles_at: markets()
                .filter_map(|(pair, (kalshi, polymarket))| {
                    Some((pair.clone(), expected(kalshi).max(expected(polymarket))?))
                })
                .collect(),
            statuses: found
                .all_markets()
                .filter_map(|market| {
                    let book = tradable::book_of(market)?.to_owned();
                    Some((market.key.venue, book, market.status))
                })
                .collect(),
            confirmed_at: None,
            sets: Vec::new(),
            refused_sets: Vec::new(),
            pairs: found.pairs,
            refused: found.refused,
        }
    }
}

/// Where approved pairs come from.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// The operator's file.
    file: Option<WatchedFile>,
    pairs: Vec<PairSpec>,
    /// The entries of the file, one each pair.
    entries: Vec<Value>,
}

impl Source {
    /// These, for good.
    pub fn fixed(pairs: Vec<PairSpec>) -> Self {
        Self { pairs, ..Self::default() }
    }

    /// What the operator's file says, now and whenever it changes.
    ///
    /// # Errors
    /// When the file cannot be used.
    pub fn file(path: &Path) -> Result<Self, Failure> {
        let file = WatchedFile::new(path);
        let (pairs, entries) = replay::read_entries(path)?;
        Ok(Self { file: Some(file), pairs, entries })
    }

    /// The pairs as last read.
    pub fn pairs(&self) -> &[PairSpec] {
        &self.pairs
    }

    /// Reads the file again where it was changed, and names the pairs whose entries stand there as before, to the last field;
    /// nothing where the file says nothing new. A file that cannot be used is complained about and changes nothing.
    pub fn look(&mut self) -> Option<HashSet<String>> {
        let file = self.file.as_mut()?;
        if !file.is_new() {
            return None;
        }
        match replay::read_entries(file.path()) {
            Ok((pairs, entries)) => {
                let before: HashMap<&str, &Value> =
                    entries_by_id(&self.pairs, &self.entries).collect();
                let stays = entries_by_id(&pairs, &entries)
                    .filter(|(id, entry)| before.get(id) == Some(entry))
                    .map(|(id, _)| id.to_owned())
                    .collect();
                (self.pairs, self.entries) = (pairs, entries);
                Some(stays)
            }
            Err(failure) => {
                terminal::complain(&format!(
                    "scan: the pairs stay as they were: {}",
                    failure.message
                ));
                None
            }
        }
    }
}

fn entries_by_id<'a>(
    pairs: &'a [PairSpec],
    entries: &'a [Value],
) -> impl Iterator<Item = (&'a str, &'a Value)> {
    pairs.iter().map(|spec| spec.pair.id.as_str()).zip(entries)
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
        assert_eq!(source.look(), None, "nothing changed");
        std::fs::write(&path, "[{").unwrap();
        assert_eq!(source.look(), None);
        assert_eq!(source.pairs().len(), 1, "half a file");
        let other = r#"{"id":"b","kalshi":"KXB","polymarket_yes":"2","relation":"equal"}"#;
        std::fs::write(&path, format!("[{other}, {pair}]")).unwrap();
        assert_eq!(source.look(), Some(["a".to_owned()].into()), "b is new");
        let anew = pair.replace("\"id\"", "\"approved_at\":\"2026-11-23\",\"id\"");
        std::fs::write(&path, format!("[{anew},{other}]")).unwrap();
        assert_eq!(source.look(), Some(["b".to_owned()].into()), "a was written anew");
        std::fs::write(&path, "[]").unwrap();
        assert_eq!(source.look(), Some([].into()));
        assert!(source.pairs().is_empty());
        std::fs::remove_file(&path).unwrap();
        assert_eq!(source.look(), None, "a file that is gone changes nothing");
    }
}

//! Reads the venues' listings.

use std::io::Read as _;
use std::path::Path;

use arb_match::Catalogue;
use arb_normalize::Market;
use arb_normalize::rest::{Page, kalshi, polymarket};
use serde_json::Value;

use crate::Result;

/// A file's bytes, plain or gzipped.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    let named = |error: std::io::Error| format!("{}: {error}", path.display());
    let bytes = std::fs::read(path).map_err(named)?;
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(bytes);
    }
    let mut plain = Vec::new();
    flate2::read::MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut plain).map_err(named)?;
    Ok(plain)
}

/// Both listings, and how many of their markets could not be read.
pub(crate) struct Listings {
    pub(crate) catalogue: Catalogue,
    pub(crate) unreadable: usize,
}

impl Listings {
    /// Reads a Kalshi `/markets` body and an array of Gamma markets; either may be left out. What cannot be read of a listing is
    /// counted and complained about; a listing of which nothing can be read is an error.
    pub(crate) fn read(k: Option<&Path>, p: Option<&Path>) -> Result<Self> {
        let mut all = Self { catalogue: Catalogue::new(), unreadable: 0 };
        if let Some(path) = k {
            let page = kalshi::markets_page(&read(path)?)
                .map_err(|error| format!("{}: {error}", path.display()))?;
            all.add(path, page)?;
        }
        if let Some(path) = p {
            let named = |error: &dyn std::error::Error| format!("{}: {error}", path.display());
            let body = with_outcomes(&read(path)?).map_err(|error| named(&error))?;
            let page = polymarket::gamma_markets(&body).map_err(|error| named(&error))?;
            all.add(path, page)?;
        }
        Ok(all)
    }

    fn add(&mut self, path: &Path, page: Page<Market>) -> Result<()> {
        let count = page.refused.len();
        self.unreadable += count;
        if let Some(first) = page.refused.first() {
            let said = format!(
                "{}: {count} markets could not be read, the first: {}",
                path.display(),
                first.error
            );
            if page.items.is_empty() {
                return Err(said.into());
            }
            eprintln!("match: {said}");
        }
        for market in page.items {
            self.catalogue.insert(market);
        }
        Ok(())
    }
}

/// Older listings leave `outcomes` out where they are yes and no.
pub(crate) fn with_outcomes(body: &[u8]) -> serde_json::Result<Vec<u8>> {
    let mut markets: Vec<Value> = serde_json::from_slice(body)?;
    for market in markets.iter_mut().filter_map(Value::as_object_mut) {
        if market.get("outcomes").is_none_or(Value::is_null) {
            market.insert("outcomes".to_owned(), Value::from(vec!["Yes", "No"]));
        }
    }
    serde_json::to_vec(&markets)
}

//! What recent blocks of Polygon charged for gas, by a node's JSON-RPC interface.

use arb_normalize::{DecodeError, Venue};
use reqwest::Method;
use serde::Deserialize;

use crate::bucket::TokenRate;
use crate::clock::ClockOffset;
use crate::error::VenueError;
use crate::rest::{Request, Rest, RestConfig};

/// What public nodes allow without a key.
const RATE: TokenRate = TokenRate { per_second: 2, burst: 4 };
/// The most blocks a node answers for.
const MAX_BLOCKS: u32 = 1_024;

/// A Polygon node.
///
/// An address may hold a key; it is shown neither by `Debug` nor in an error.
pub struct PolygonNode {
    rest: Rest,
}

impl std::fmt::Debug for PolygonNode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PolygonNode").finish_non_exhaustive()
    }
}

impl PolygonNode {
    /// A client of the node at this address.
    ///
    /// # Errors
    /// When the HTTP client cannot be built.
    pub fn new(url: &str) -> Result<Self, VenueError> {
        Self::with_config(RestConfig::new(url, RATE))
    }

    /// A client with its own settings.
    ///
    /// # Errors
    /// When the HTTP client cannot be built.
    pub fn with_config(config: RestConfig) -> Result<Self, VenueError> {
        let clock = ClockOffset::new("polygon");
        Ok(Self { rest: Rest::new(Venue::Polymarket, config, None, clock)? })
    }

    /// Base fee plus the median tip of each of the last blocks (at most 1,024), oldest first, in wei per unit of gas
    /// (`eth_feeHistory` with the 50th percentile). A block without transactions has no tip.
    ///
    /// Worked: a base fee of `0x6fc23ac00` (30 gwei) and a tip of `0x4a817c800` (20 gwei) make 50,000,000,000 wei.
    ///
    /// # Errors
    /// When the node does not answer after retries, refuses, or answers something else.
    ///
    /// # Cancel safety
    /// Cancel safe: reads only.
    pub async fn recent_fees(&self, blocks: u32) -> Result<Vec<u64>, VenueError> {
        let count = format!("{:#x}", blocks.clamp(1, MAX_BLOCKS));
        let body = serde_json::json!({
            "jsonrpc": "2.0", "id": 1, "method": "eth_feeHistory", "params": [count, "latest", [50]],
        });
        let mut request = Request::get("");
        request.method = Method::POST;
        request.body = Some(body.to_string());
        let answer = self.rest.send(&request).await?;
        fees(&answer).map_err(|reason| VenueError::Body {
            venue: Venue::Polymarket,
            path: "eth_feeHistory".to_owned(),
            source: DecodeError::Body { venue: Venue::Polymarket, body: "fee history", reason },
        })
    }
}

fn fees(body: &[u8]) -> Result<Vec<u64>, String> {
    #[derive(Deserialize)]
    struct Answer {
        result: Option<History>,
        error: Option<Refusal>,
    }
    #[derive(Deserialize)]
    struct Refusal {
        code: i64,
        message: String,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct History {
        base_fee_per_gas: Vec<String>,
        #[serde(default)]
        reward: Option<Vec<Vec<String>>>,
    }
    let answer: Answer = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    if let Some(Refusal { code, message }) = answer.error {
        return Err(format!("the node refuses ({code}): {message:.100}"));
    }
    let history = answer.result.ok_or("neither a result nor an error")?;
    // The last base fee is that of the block to come, which has no tips yet.
    let blocks = history.base_fee_per_gas.len().saturating_sub(1);
    let tips = history.reward.unwrap_or_default();
    (0..blocks)
        .map(|block| {
            let base = quantity(&history.base_fee_per_gas[block])?;
            let tip = tips.get(block).and_then(|tips| tips.first());
            let tip = tip.map_or(Ok(0), |text| quantity(text))?;
            base.checked_add(tip).ok_or_else(|| "a fee beyond 64 bits".to_owned())
        })
        .collect()
}

/// A number as the interface writes it: `0x` and hexadecimal digits.
fn quantity(text: &str) -> Result<u64, String> {
    text.strip_prefix("0x")
        .and_then(|digits| u64::from_str_radix(digits, 16).ok())
        .ok_or_else(|| format!("{text:.40?} is no number of wei"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_fee_and_tip_are_added_block_by_block() {
        let body = br#"{"jsonrpc":"2.0","id":1,"result":{"oldestBlock":"0x1","baseFeePerGas":["0x6fc23ac00","0x1","0x2"],"gasUsedRatio":[0.5,0],"reward":[["0x4a817c800"],["0x0"]]}}"#;
        assert_eq!(fees(body).unwrap(), [50_000_000_000, 1]);
        assert_eq!(fees(br#"{"result":{"baseFeePerGas":["0x5","0x6"]}}"#).unwrap(), [5]);
    }

    #[test]
    fn anything_else_is_refused_with_its_reason() {
        for (body, reason) in [
            (r#"{"error":{"code":-32005,"message":"limit exceeded"}}"#, "(-32005): limit exceeded"),
            (r#"{"result":{"baseFeePerGas":["5","0x6"]}}"#, "no number of wei"),
            (r#"{"result":{"baseFeePerGas":["0xffffffffffffffffff","0x6"]}}"#, "no number of wei"),
            ("{}", "neither"),
            ("<html>", "expected"),
        ] {
            let error = fees(body.as_bytes()).unwrap_err();
            assert!(error.contains(reason), "{body}: {error}");
        }
    }
}

//! Polygon's gas as the risk model asks for it.

use arb_normalize::{Timestamp, Usd};
use arb_risk::gas::{GasError, GasSample, GasSource};
use arb_venues::VenueError;
use arb_venues::gas::PolygonNode;
use async_trait::async_trait;

/// The source's name in errors.
const NAME: &str = "polygon";
/// Blocks of a sample: about a minute and a half.
const BLOCKS: u32 = 40;

/// Fees from a Polygon node, at a price of the token that the operator states.
#[derive(Debug)]
pub struct PolygonGas {
    node: PolygonNode,
    token_price: Usd,
}

impl PolygonGas {
    /// A source that asks the node at this address.
    ///
    /// # Errors
    /// When the HTTP client cannot be built.
    pub fn new(url: &str, token_price: Usd) -> Result<Self, VenueError> {
        Ok(Self { node: PolygonNode::new(url)?, token_price })
    }
}

#[async_trait]
impl GasSource for PolygonGas {
    async fn sample(&self) -> Result<GasSample, GasError> {
        let read = self.node.recent_fees(BLOCKS).await;
        let wei = read.map_err(|error| match error {
            VenueError::Body { source, .. } => {
                GasError::Answer { name: NAME, answer: source.to_string() }
            }
            other => GasError::Unreachable { name: NAME, source: other.into() },
        })?;
        let at = Timestamp::try_from(arb_ws::wall_clock()).ok();
        Ok(GasSample { at, wei, token_price: self.token_price })
    }
}

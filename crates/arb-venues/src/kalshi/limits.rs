//! What the venue allows an account.

use arb_normalize::{DecodeError, Venue};
use serde::Deserialize;

/// An account's tier and its two token buckets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountLimits {
    /// The tier, in the venue's word.
    pub tier: String,
    /// Read tokens that come back each second, and how many may be saved up.
    pub read: (u64, u64),
    /// The same for writes.
    pub write: (u64, u64),
}

impl AccountLimits {
    /// Reads the body of `GET /account/limits`.
    pub(crate) fn read(body: &[u8]) -> Result<Self, DecodeError> {
        #[derive(Deserialize)]
        struct Body {
            usage_tier: String,
            read: Bucket,
            write: Bucket,
        }
        #[derive(Deserialize)]
        struct Bucket {
            refill_rate: u64,
            bucket_capacity: u64,
        }
        let body: Body = serde_json::from_slice(body).map_err(|error| DecodeError::Body {
            venue: Venue::Kalshi,
            body: "account limits",
            reason: error.to_string(),
        })?;
        let pair = |bucket: Bucket| (bucket.refill_rate, bucket.bucket_capacity);
        Ok(Self { tier: body.usage_tier, read: pair(body.read), write: pair(body.write) })
    }
}

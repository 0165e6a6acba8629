//! The venues.

use serde::{Deserialize, Serialize};

/// A venue whose messages this crate reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Venue {
    /// Kalshi (US, exchange-cleared).
    Kalshi,
    /// Polymarket (international, on Polygon).
    Polymarket,
}

impl Venue {
    /// Every venue, in order.
    pub const ALL: [Self; 2] = [Self::Kalshi, Self::Polymarket];

    /// The lower-case name used in keys, files and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Kalshi => "kalshi",
            Self::Polymarket => "polymarket",
        }
    }

    /// A small number, for tables by venue: 0 for the first of [`Venue::ALL`].
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }
}

impl std::fmt::Display for Venue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// A text that names no venue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown venue {0:?}: expected \"kalshi\" or \"polymarket\"")]
pub struct UnknownVenue(pub String);

impl std::str::FromStr for Venue {
    type Err = UnknownVenue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|venue| venue.as_str() == text)
            .ok_or_else(|| UnknownVenue(text.to_owned()))
    }
}

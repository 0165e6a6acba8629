//! Fee schedules by effective time, as a pairs file writes them.

use arb_normalize::{Timestamp, Venue};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::OffsetDateTime;

use super::{KalshiFees, LegFees, PolymarketFees};
use crate::RiskError;

/// The schedules of both venues from one instant on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PairFees {
    /// From when they are in force; absent: from the beginning.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "time::serde::rfc3339::option"
    )]
    pub from: Option<OffsetDateTime>,
    /// Kalshi's; absent: as the venue publishes them, or the worst known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kalshi: Option<KalshiFees>,
    /// Polymarket's; absent: as the venue publishes them, or the worst known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub polymarket: Option<PolymarketFees>,
}

impl PairFees {
    /// What this entry says of a venue, if anything.
    #[must_use]
    pub fn of(&self, venue: Venue) -> Option<LegFees> {
        match venue {
            Venue::Kalshi => self.kalshi.map(LegFees::Kalshi),
            Venue::Polymarket => self.polymarket.map(LegFees::Polymarket),
            _ => None,
        }
    }

    /// What this entry says of a venue, or the worst known.
    #[must_use]
    pub fn of_or_worst(&self, venue: Venue) -> LegFees {
        self.of(venue).unwrap_or(LegFees::worst_known(venue))
    }
}

/// The schedules of a pair by effective time: never empty, in order, no two with the same start.
///
/// In JSON one object or a list of them, as `schema/fees.schema.json` of this crate describes:
///
/// ```
/// use arb_risk::fees::FeeHistory;
/// let fees: FeeHistory = serde_json::from_str(r#"[
///   {"from":"2026-03-30T00:00:00Z","kalshi":{"multiplier":"1","precision":"0.0001"},"polymarket":{"rate":"0.03","exponent":"1"}},
///   {"from":"2026-07-10T00:00:00Z","kalshi":{"multiplier":"1","precision":"0.0001"},"polymarket":{"rate":"0.05","exponent":"1"}}
/// ]"#)?;
/// let july = time::macros::datetime!(2026-07-05 20:00 UTC).try_into()?;
/// assert_eq!(fees.in_force(Some(july)).polymarket.unwrap().rate().to_string(), "0.03");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeeHistory {
    first: PairFees,
    later: Vec<PairFees>,
}

impl FeeHistory {
    /// Entries in any order.
    ///
    /// # Errors
    /// When there is none, or two start at the same instant.
    pub fn new(mut entries: Vec<PairFees>) -> Result<Self, RiskError> {
        entries.sort_by_key(|entry| entry.from);
        if let Some(same) = entries.windows(2).find(|two| two[0].from == two[1].from) {
            let from = same[0].from.map_or_else(|| "the beginning".to_owned(), |at| at.to_string());
            return Err(RiskError::SameStart { from });
        }
        let mut entries = entries.into_iter();
        let first = entries.next().ok_or(RiskError::NoFees)?;
        Ok(Self { first, later: entries.collect() })
    }

    /// The schedules in force at an instant; the earliest when none is in force yet or the time is unknown.
    #[must_use]
    pub fn in_force(&self, at: Option<Timestamp>) -> &PairFees {
        let Some(at) = at.map(OffsetDateTime::from) else {
            return &self.first;
        };
        let begun = self.later.partition_point(|entry| entry.from.is_some_and(|from| from <= at));
        if begun == 0 { &self.first } else { &self.later[begun - 1] }
    }

    /// All entries in order.
    pub fn entries(&self) -> impl Iterator<Item = &PairFees> {
        std::iter::once(&self.first).chain(&self.later)
    }
}

impl<'de> Deserialize<'de> for FeeHistory {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrMany)
    }
}

/// Told apart by hand, so that a wrong entry is reported as what is wrong with it.
struct OneOrMany;

impl<'de> Visitor<'de> for OneOrMany {
    type Value = FeeHistory;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("one object of fees or a list of them")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<FeeHistory, A::Error> {
        let only = PairFees::deserialize(MapAccessDeserializer::new(map))?;
        FeeHistory::new(vec![only]).map_err(serde::de::Error::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<FeeHistory, A::Error> {
        let entries = Vec::deserialize(SeqAccessDeserializer::new(seq))?;
        FeeHistory::new(entries).map_err(serde::de::Error::custom)
    }
}

impl Serialize for FeeHistory {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.later.is_empty() {
            self.first.serialize(serializer)
        } else {
            serializer.collect_seq(self.entries())
        }
    }
}

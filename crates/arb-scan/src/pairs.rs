//! The pairs file: what an operator approved to trade.

use arb_normalize::{Pair, Relation};
use arb_risk::fees::FeeHistory;
use serde::Deserialize;
use thiserror::Error;

/// An approved pair and, where the file names them, its fees by effective time.
#[derive(Debug, Clone, PartialEq)]
pub struct PairSpec {
    /// The pair.
    pub pair: Pair,
    /// Its fees; `None` takes the venues' own data, and the worst known rates where that is unknown.
    pub fees: Option<FeeHistory>,
}

/// Why a pairs file was refused; nothing of a refused file is used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PairsError {
    /// Not a JSON array of pairs.
    #[error(
        "the pairs file is not a JSON array of pairs with the fields kalshi, polymarket_yes and relation"
    )]
    Json(#[source] serde_json::Error),
    /// A relation that is no trade.
    #[error("pair {id}: relation {relation} is not tradable, expected \"equal\" or \"complement\"")]
    Relation {
        /// The pair.
        id: String,
        /// Its relation.
        relation: Relation,
    },
    /// Two pairs of the same id.
    #[error("pair {id} stands twice in the pairs file: ids must differ")]
    Twice {
        /// The id.
        id: String,
    },
    /// An empty field.
    #[error("pair {id}: {field} is empty")]
    Empty {
        /// The pair.
        id: String,
        /// The field.
        field: &'static str,
    },
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    id: Option<String>,
    kalshi: String,
    polymarket_yes: String,
    #[serde(default)]
    polymarket_no: Option<String>,
    #[serde(default)]
    condition_id: Option<String>,
    relation: Relation,
    #[serde(default)]
    fees: Option<FeeHistory>,
}

/// Reads a pairs file, which `schema/pairs.schema.json` of this crate describes. Fields it does not know are passed over.
///
/// ```
/// let pairs = arb_scan::pairs::parse(r#"[{"kalshi":"KXFED-27JAN-H0","polymarket_yes":"7131","relation":"equal"}]"#)?;
/// assert_eq!(pairs[0].pair.id, "KXFED-27JAN-H0/7131");
/// # Ok::<(), arb_scan::PairsError>(())
/// ```
///
/// # Errors
/// When the text is not a JSON array of pairs, a relation is not tradable, an id stands twice or a field is empty.
pub fn parse(text: &str) -> Result<Vec<PairSpec>, PairsError> {
    let entries: Vec<Entry> = serde_json::from_str(text).map_err(PairsError::Json)?;
    let mut seen = std::collections::HashSet::with_capacity(entries.len());
    entries
        .into_iter()
        .map(|entry| {
            let spec = spec(entry)?;
            if seen.insert(spec.pair.id.clone()) {
                Ok(spec)
            } else {
                Err(PairsError::Twice { id: spec.pair.id })
            }
        })
        .collect()
}

fn spec(entry: Entry) -> Result<PairSpec, PairsError> {
    let contract = entry.condition_id.as_deref().unwrap_or(&entry.polymarket_yes);
    let id = entry.id.unwrap_or_else(|| format!("{}/{contract}", entry.kalshi));
    for (field, value) in [("kalshi", &entry.kalshi), ("polymarket_yes", &entry.polymarket_yes)] {
        if value.is_empty() {
            return Err(PairsError::Empty { id, field });
        }
    }
    if !matches!(entry.relation, Relation::Equal | Relation::Complement) {
        return Err(PairsError::Relation { id, relation: entry.relation });
    }
    Ok(PairSpec {
        pair: Pair {
            id,
            kalshi: entry.kalshi,
            polymarket_yes: entry.polymarket_yes,
            polymarket_no: entry.polymarket_no,
            condition_id: entry.condition_id,
            relation: entry.relation,
        },
        fees: entry.fees,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_untradable_relation_is_refused_by_name() {
        let error = parse(r#"[{"id":"x","kalshi":"K","polymarket_yes":"1","relation":"subset"}]"#)
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "pair x: relation subset is not tradable, expected \"equal\" or \"complement\""
        );
    }

    #[test]
    fn ids_must_differ() {
        let text = r#"[{"kalshi":"K","polymarket_yes":"1","relation":"equal"},{"kalshi":"K","polymarket_yes":"1","relation":"complement"}]"#;
        assert!(matches!(parse(text), Err(PairsError::Twice { id }) if id == "K/1"));
    }

    #[test]
    fn an_empty_ticker_is_refused() {
        let text = r#"[{"kalshi":"","polymarket_yes":"1","relation":"equal"}]"#;
        assert!(matches!(parse(text), Err(PairsError::Empty { field: "kalshi", .. })));
    }
}

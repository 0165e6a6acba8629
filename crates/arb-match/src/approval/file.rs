//! The approvals file.

use std::collections::BTreeMap;

use arb_normalize::Relation;
use serde::{Deserialize, Serialize};

use super::{Approval, Approvals, Decision, Template};
use crate::error::MatchError;

/// The version this program writes. Version 1 did not record what an approval overrode nor which pairs of a template settled, and
/// its fingerprints saw less: its approvals are read and have lapsed.
const VERSION: u32 = 2;

/// What every version begins with.
#[derive(Deserialize)]
struct Head {
    v: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    v: u32,
    #[serde(default)]
    pairs: Vec<Approval>,
    #[serde(default)]
    templates: Vec<Template>,
}

impl Approvals {
    /// Reads an approvals file, which `schema/approvals.schema.json` of this crate describes.
    ///
    /// # Errors
    /// [`MatchError::Approvals`] if it is not one or has fields this program would lose, [`MatchError::Version`] if it is of a
    /// version this program does not read, [`MatchError::Entry`] if it decides a pair or series twice or approves a relation that
    /// is not tradable.
    pub fn from_json(text: &str) -> Result<Self, MatchError> {
        let Head { v } = serde_json::from_str(text)?;
        if !(1..=VERSION).contains(&v) {
            return Err(MatchError::Version { found: v, known: VERSION });
        }
        let file: File = serde_json::from_str(text)?;
        let mut all = Self::new();
        for approval in file.pairs {
            let names = (approval.kalshi.clone(), approval.polymarket.clone());
            let entry = || format!("{} and {}", approval.kalshi, approval.polymarket);
            let tradable =
                matches!(approval.relation, Some(Relation::Equal | Relation::Complement));
            if approval.decision == Decision::Approved && !tradable {
                let reason = "approved neither as equal nor as complement; reject it";
                return Err(MatchError::Entry { entry: entry(), reason });
            }
            if all.pairs.contains_key(&names) {
                return Err(MatchError::Entry { entry: entry(), reason: TWICE });
            }
            all.pairs.insert(names, approval);
        }
        all.templates = templates(file.templates)?;
        Ok(all)
    }

    /// The file: one entry after the other in the order of tickers and condition ids.
    ///
    /// # Errors
    /// [`MatchError::Approvals`] if a time cannot be written as RFC 3339 (a year beyond 9999).
    pub fn to_json(&self) -> Result<String, MatchError> {
        let file = File {
            v: VERSION,
            pairs: self.pairs.values().cloned().collect(),
            templates: self.templates.values().cloned().collect(),
        };
        Ok(serde_json::to_string_pretty(&file)? + "\n")
    }
}

const TWICE: &str = "stands in it twice; keep one of them";

fn templates(read: Vec<Template>) -> Result<BTreeMap<(String, String), Template>, MatchError> {
    let mut all = BTreeMap::new();
    for template in read {
        let names = (template.kalshi_series.clone(), template.polymarket_prefix.clone());
        let entry = format!("template {} ~ {}*", names.0, names.1);
        if all.insert(names, template).is_some() {
            return Err(MatchError::Entry { entry, reason: TWICE });
        }
    }
    Ok(all)
}

//! Sets of markets that an operator approved: groups and chains.

use arb_normalize::market::Market;
use arb_normalize::{Outcome, Venue};
use arb_risk::fees::FeeHistory;
use serde::Deserialize;
use thiserror::Error;

/// How the members of a set exclude or imply each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SetRelation {
    /// At most one member happens; something that is not listed may happen instead.
    Exclusive,
    /// Exactly one member happens: exclusive and exhaustive.
    Partition,
    /// Each member happens whenever one after it does: the widest first, as in "above 80", "above 90", "above 100", or "by
    /// December", "by June".
    Chain,
    /// The members have nothing to do with each other; each is looked at by itself.
    Apart,
}

impl SetRelation {
    /// The lower-case word of the file.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exclusive => "exclusive",
            Self::Partition => "partition",
            Self::Chain => "chain",
            Self::Apart => "apart",
        }
    }
}

/// One proposition of a set and where it is traded: on a venue, or on both.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Member {
    /// The Kalshi ticker.
    #[serde(default)]
    pub kalshi: Option<String>,
    /// The token of the first outcome of the Polymarket market.
    #[serde(default)]
    pub polymarket: Option<String>,
    /// That market's condition id, for outputs.
    #[serde(default)]
    pub condition_id: Option<String>,
}

impl Member {
    /// Where it is traded: the venue, the name of its book and its name in outputs.
    pub fn markets(&self) -> impl Iterator<Item = (Venue, &str, &str)> {
        let kalshi = self.kalshi.as_deref().map(|ticker| (Venue::Kalshi, ticker, ticker));
        let polymarket = self
            .polymarket
            .as_deref()
            .map(|token| (Venue::Polymarket, token, self.condition_id.as_deref().unwrap_or(token)));
        kalshi.into_iter().chain(polymarket)
    }
}

/// A set of markets that an operator approved.
#[derive(Debug, Clone, PartialEq)]
pub struct MarketSet {
    /// The name of the set in every output.
    pub id: String,
    /// How its members exclude or imply each other.
    pub relation: SetRelation,
    /// Whether Polymarket converts NO of its members into YES of the others (a neg-risk event).
    pub neg_risk: bool,
    /// The members, the widest first where they are a chain.
    pub members: Vec<Member>,
    /// The fees of all its markets by effective time; `None` takes the worst known.
    pub fees: Option<FeeHistory>,
}

/// Why a file of sets was refused; nothing of a refused file is used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SetsError {
    /// Not a JSON array of sets.
    #[error(
        "the sets file is not a JSON array of sets with the fields id, relation (exclusive, partition, chain or apart) and members"
    )]
    Json(#[source] serde_json::Error),
    /// Two sets of the same id.
    #[error("set {id} stands twice in the sets file: ids must differ")]
    Twice {
        /// The id.
        id: String,
    },
    /// A member that is traded nowhere.
    #[error("set {id}: member {member} (counted from 1) names neither kalshi nor polymarket")]
    Nowhere {
        /// The set.
        id: String,
        /// The member.
        member: usize,
    },
    /// A market that stands twice in a set: its liquidity would be counted twice.
    #[error("set {id}: market {market} stands twice among the members")]
    MarketTwice {
        /// The set.
        id: String,
        /// The market.
        market: String,
    },
}

#[derive(Deserialize)]
struct Entry {
    id: String,
    relation: SetRelation,
    #[serde(default)]
    neg_risk: bool,
    members: Vec<Member>,
    #[serde(default)]
    fees: Option<FeeHistory>,
}

/// Reads a file of sets, which `schema/sets.schema.json` of this crate describes. Fields it does not know are passed over.
///
/// ```
/// let sets = arb_scan::sets::parse(r#"[{"id":"fed-january","relation":"partition","members":[
///     {"kalshi":"KXFED-27JAN-C25","polymarket":"7130"},
///     {"kalshi":"KXFED-27JAN-H0","polymarket":"7131"},
///     {"kalshi":"KXFED-27JAN-H25"}]}]"#)?;
/// assert_eq!(sets[0].members.len(), 3);
/// # Ok::<(), arb_scan::SetsError>(())
/// ```
///
/// # Errors
/// When the text is not a JSON array of sets, an id stands twice, a member is traded nowhere or a market stands twice in a set.
pub fn parse(text: &str) -> Result<Vec<MarketSet>, SetsError> {
    let entries: Vec<Entry> = serde_json::from_str(text).map_err(SetsError::Json)?;
    let mut seen = std::collections::HashSet::with_capacity(entries.len());
    entries
        .into_iter()
        .map(|entry| {
            let Entry { id, relation, neg_risk, members, fees } = entry;
            if !seen.insert(id.clone()) {
                return Err(SetsError::Twice { id });
            }
            let mut markets = std::collections::HashSet::new();
            for (index, member) in members.iter().enumerate() {
                if member.markets().all(|(_, key, _)| key.is_empty()) {
                    return Err(SetsError::Nowhere { id, member: index + 1 });
                }
                if let Some((_, key, _)) =
                    member.markets().find(|(venue, key, _)| !markets.insert((*venue, *key)))
                {
                    return Err(SetsError::MarketTwice { market: key.to_owned(), id });
                }
            }
            Ok(MarketSet { id, relation, neg_risk, members, fees })
        })
        .collect()
}

/// The groups that venues publish with their markets, one set for each with at least two members. A group that the venue does not
/// call exclusive is left out; one that is not known to be exhaustive is [`SetRelation::Exclusive`].
///
/// Give it every market of a group: what is not given is not part of the set, and a partition with a hole is none.
pub fn from_markets<'a>(markets: impl IntoIterator<Item = &'a Market>) -> Vec<MarketSet> {
    let mut sets: Vec<MarketSet> = Vec::new();
    let mut index = std::collections::HashMap::new();
    for market in markets {
        let Some(group) = market.group.as_ref().filter(|group| group.exclusive) else { continue };
        let id = format!("{}/{}", market.key.venue, group.id);
        let Some(member) = member_of(market) else { continue };
        let at = *index.entry(id.clone()).or_insert_with(|| {
            sets.push(MarketSet {
                id,
                relation: SetRelation::Partition,
                neg_risk: market.key.venue == Venue::Polymarket,
                members: Vec::new(),
                fees: None,
            });
            sets.len() - 1
        });
        let set = &mut sets[at];
        if !group.exhaustive {
            set.relation = SetRelation::Exclusive;
        }
        set.members.push(member);
    }
    sets.retain(|set| set.members.len() > 1);
    sets
}

fn member_of(market: &Market) -> Option<Member> {
    let id = market.key.id.clone();
    match market.key.venue {
        Venue::Kalshi => Some(Member { kalshi: Some(id), ..Member::default() }),
        Venue::Polymarket => Some(Member {
            polymarket: Some(market.outcome(Outcome::Yes)?.token.clone()?),
            condition_id: Some(id),
            ..Member::default()
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn market(venue: &str, id: &str, group: Option<(&str, bool, bool)>) -> Market {
        let token = (venue == "polymarket").then(|| format!("{id}-yes"));
        let group = group.map(|(id, exclusive, exhaustive)| {
            serde_json::json!({"id": id, "exclusive": exclusive, "exhaustive": exhaustive})
        });
        serde_json::from_value(serde_json::json!({
            "key": {"venue": venue, "id": id}, "title": "", "status": "active", "status_word": "", "kind": "binary",
            "outcomes": [{"side": "yes", "label": "Yes", "token": token}, {"side": "no", "label": "No"}],
            "group": group,
        }))
        .unwrap()
    }

    #[test]
    fn the_venues_groups_become_sets_and_only_exhaustive_ones_partitions() {
        let markets = [
            market("kalshi", "A1", Some(("A", true, true))),
            market("polymarket", "0xb1", Some(("B", true, true))),
            market("kalshi", "A2", Some(("A", true, true))),
            market("kalshi", "C1", Some(("C", true, true))),
            market("kalshi", "C2", Some(("C", true, false))),
            market("polymarket", "0xb2", Some(("B", true, true))),
            market("kalshi", "D1", Some(("D", false, true))),
            market("kalshi", "D2", Some(("D", false, true))),
            market("kalshi", "E1", Some(("E", true, true))),
            market("kalshi", "F", None),
        ];
        let sets = from_markets(&markets);
        let told: Vec<_> = sets
            .iter()
            .map(|set| (set.id.as_str(), set.relation, set.neg_risk, set.members.len()))
            .collect();
        assert_eq!(
            told,
            [
                ("kalshi/A", SetRelation::Partition, false, 2),
                ("polymarket/B", SetRelation::Partition, true, 2),
                ("kalshi/C", SetRelation::Exclusive, false, 2),
            ]
        );
        let member = &sets[1].members[0];
        assert_eq!(
            (member.polymarket.as_deref(), member.condition_id.as_deref()),
            (Some("0xb1-yes"), Some("0xb1"))
        );
        assert_eq!(sets[0].members[1].kalshi.as_deref(), Some("A2"));
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said_by_name() {
        let refused = |text: &str| parse(text).unwrap_err().to_string();
        assert_eq!(
            refused(r#"[{"id":"g","relation":"chain","members":[{"kalshi":"A"},{}]}]"#),
            "set g: member 2 (counted from 1) names neither kalshi nor polymarket"
        );
        assert_eq!(
            refused(r#"[{"id":"g","relation":"chain","members":[{"kalshi":"A"},{"kalshi":"A"}]}]"#),
            "set g: market A stands twice among the members"
        );
        let one = r#"{"id":"g","relation":"apart","members":[]}"#;
        assert_eq!(
            refused(&format!("[{one},{one}]")),
            "set g stands twice in the sets file: ids must differ"
        );
        assert!(refused(r#"[{"id":"g","relation":"cousins","members":[]}]"#).contains("partition"));
    }
}

//! What an operator has decided about pairs, as a file that can be reviewed.

mod csv;
mod file;
mod import;
mod template;

use std::collections::BTreeMap;

use arb_normalize::{Market, Outcome, Pair, Relation, Venue};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::error::MatchError;
use crate::fingerprint::fingerprint;
use crate::index::Catalogue;
use crate::judgement::Matcher;

pub use template::Template;

/// An operator's word on a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// The same contract, or opposite ones.
    Approved,
    /// Not to be traded as a pair.
    Rejected,
}

/// When and why a decision is made, and knowingly against what.
#[derive(Debug, Clone, Copy)]
pub struct Remark<'a> {
    /// When.
    pub at: OffsetDateTime,
    /// Why, in the operator's words.
    pub note: &'a str,
    /// What of [`Judgement::vetoes`](crate::Judgement::vetoes) is overridden.
    pub despite: &'a [String],
}

/// One decided pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// The Kalshi ticker.
    pub kalshi: String,
    /// The Polymarket condition id.
    pub polymarket: String,
    /// Equal or complement; of a rejected pair the relation it was judged to have, if it was judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relation: Option<Relation>,
    /// The decision.
    pub decision: Decision,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// Why, in the operator's words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// What the judgement held against the pair and the operator overrode.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub despite: Vec<String>,
    /// The [`fingerprint`] of Kalshi's text when it was read; empty where a pair was rejected without it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub kalshi_rules: String,
    /// The [`fingerprint`] of Polymarket's text when it was read.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub polymarket_rules: String,
    /// When Kalshi's market was to end then.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "time::serde::rfc3339::option"
    )]
    pub kalshi_ends: Option<OffsetDateTime>,
    /// When Polymarket's market was to end then.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "time::serde::rfc3339::option"
    )]
    pub polymarket_ends: Option<OffsetDateTime>,
}

/// On what ground a pair is tradable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ground {
    /// The operator approved this pair.
    Pair,
    /// The operator approved the series.
    Series {
        /// How many of its pairs have settled alike.
        settled_alike: u32,
    },
}

/// Why a pair is not tradable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Nobody has approved it.
    #[error("no approval for {kalshi} and {polymarket}; approve the pair after reading both rules")]
    NotApproved {
        /// The Kalshi ticker.
        kalshi: String,
        /// The Polymarket condition id.
        polymarket: String,
    },
    /// The operator has rejected it.
    #[error("{kalshi} and {polymarket} were rejected at {at}")]
    Rejected {
        /// The Kalshi ticker.
        kalshi: String,
        /// The Polymarket condition id.
        polymarket: String,
        /// When.
        at: OffsetDateTime,
    },
    /// A text has changed since it was approved.
    #[error(
        "the text of {venue} market {id} is not the one approved at {at}; read it and approve again"
    )]
    Lapsed {
        /// The venue whose text changed.
        venue: arb_normalize::Venue,
        /// The market.
        id: String,
        /// When it had been approved.
        at: OffsetDateTime,
    },
    /// An end date has moved, and the matcher holds something against the pair that it did not before.
    #[error(
        "an end date of {kalshi} and {polymarket} moved after the approval of {at}, which speaks against the pair by {}; read both and approve again",
        terms.join(", ")
    )]
    Vetoed {
        /// The Kalshi ticker.
        kalshi: String,
        /// The Polymarket condition id.
        polymarket: String,
        /// When it had been approved.
        at: OffsetDateTime,
        /// The terms that speak against it.
        terms: Vec<String>,
    },
    /// The pair says another relation than the approval.
    #[error("the pair says {pair}, the approval says {approved}; correct one of them")]
    RelationDiffers {
        /// The pair's relation.
        pair: Relation,
        /// The approved relation.
        approved: Relation,
    },
    /// The pair names markets other than the two given.
    #[error("the pair names {expected}, not {given}; look the market up again")]
    OtherMarket {
        /// The id of the pair.
        expected: String,
        /// The id of the market given.
        given: String,
    },
    /// The series is approved, but two of its pairs settled differently.
    #[error("the template of series {series} ended: {count} of its pairs settled differently")]
    SeriesDiverged {
        /// The Kalshi series.
        series: String,
        /// How many.
        count: u32,
    },
}

/// All decisions. Kept as one JSON file with a line order that does not depend on when entries were made, so that a change is a
/// small diff in review.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Approvals {
    pairs: BTreeMap<(String, String), Approval>,
    templates: BTreeMap<(String, String), Template>,
}

impl Approvals {
    /// No decisions.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Approves a pair as it reads now.
    ///
    /// # Errors
    /// [`MatchError::NotTradableRelation`] unless the relation is equal or complement, [`MatchError::Vetoed`] if `matcher` holds
    /// something against it that the remark does not name.
    pub fn approve(
        &mut self,
        matcher: &dyn Matcher,
        kalshi: &Market,
        polymarket: &Market,
        relation: Relation,
        remark: &Remark<'_>,
    ) -> Result<(), MatchError> {
        let (k, p) = (kalshi.key.id.clone(), polymarket.key.id.clone());
        if !matches!(relation, Relation::Equal | Relation::Complement) {
            return Err(MatchError::NotTradableRelation { kalshi: k, polymarket: p, relation });
        }
        let vetoes = matcher.judge(kalshi, polymarket).vetoes(relation);
        if !vetoes.iter().all(|term| remark.despite.contains(term)) {
            return Err(MatchError::Vetoed { kalshi: k, polymarket: p, relation, terms: vetoes });
        }
        self.insert(Approval {
            kalshi: k,
            polymarket: p,
            relation: Some(relation),
            decision: Decision::Approved,
            at: remark.at,
            note: remark.note.to_owned(),
            despite: vetoes,
            kalshi_rules: fingerprint(kalshi),
            polymarket_rules: fingerprint(polymarket),
            kalshi_ends: ends(kalshi),
            polymarket_ends: ends(polymarket),
        });
        Ok(())
    }

    /// Rejects a pair; it stays rejected whatever its texts become, until it is approved.
    pub fn reject(
        &mut self,
        matcher: &dyn Matcher,
        kalshi: &Market,
        polymarket: &Market,
        remark: &Remark<'_>,
    ) {
        self.insert(Approval {
            kalshi: kalshi.key.id.clone(),
            polymarket: polymarket.key.id.clone(),
            relation: Some(matcher.judge(kalshi, polymarket).relation),
            decision: Decision::Rejected,
            at: remark.at,
            note: remark.note.to_owned(),
            despite: Vec::new(),
            kalshi_rules: fingerprint(kalshi),
            polymarket_rules: fingerprint(polymarket),
            kalshi_ends: ends(kalshi),
            polymarket_ends: ends(polymarket),
        });
    }

    /// Rejects the pair of that ticker and condition id or slug; a rejection needs no text, so markets that are no longer listed
    /// may be named, Polymarket's then by its condition id. The answer is the ticker and the condition id.
    ///
    /// # Errors
    /// [`MatchError::UnknownMarket`] for a slug that no listed market bears, [`MatchError::AmbiguousSlug`] for one that several
    /// do.
    pub fn reject_named(
        &mut self,
        catalogue: &Catalogue,
        matcher: &dyn Matcher,
        kalshi: &str,
        polymarket: &str,
        remark: &Remark<'_>,
    ) -> Result<(String, String), MatchError> {
        let found = match catalogue.find(Venue::Polymarket, polymarket) {
            Ok(market) => Some(market),
            Err(MatchError::UnknownMarket { .. }) if polymarket.starts_with("0x") => None,
            Err(error) => return Err(error),
        };
        let names =
            (kalshi.to_owned(), found.map_or(polymarket, |market| &market.key.id).to_owned());
        if let (Some(k), Some(p)) = (catalogue.market(Venue::Kalshi, kalshi), found) {
            self.reject(matcher, k, p, remark);
            return Ok(names);
        }
        let before = self.pairs.get(&names).cloned();
        let blank = || Approval {
            kalshi: names.0.clone(),
            polymarket: names.1.clone(),
            relation: None,
            decision: Decision::Rejected,
            at: remark.at,
            note: String::new(),
            despite: Vec::new(),
            kalshi_rules: String::new(),
            polymarket_rules: String::new(),
            kalshi_ends: None,
            polymarket_ends: None,
        };
        self.insert(Approval {
            decision: Decision::Rejected,
            at: remark.at,
            note: remark.note.to_owned(),
            despite: Vec::new(),
            ..before.unwrap_or_else(blank)
        });
        Ok(names)
    }

    fn insert(&mut self, approval: Approval) {
        self.pairs.insert((approval.kalshi.clone(), approval.polymarket.clone()), approval);
    }

    /// All decided pairs in a stable order.
    pub fn iter(&self) -> impl Iterator<Item = &Approval> {
        self.pairs.values()
    }

    /// The decision on a pair.
    #[must_use]
    pub fn get(&self, kalshi: &str, polymarket: &str) -> Option<&Approval> {
        self.pairs.get(&(kalshi.to_owned(), polymarket.to_owned()))
    }

    /// Whether these markets are approved as a pair, as which relation and on what ground. The operator's word on the pair itself
    /// comes before a template of its series. An approval of the pair holds while both texts are the ones approved. The venues' end
    /// dates are no text and move; where one has, `matcher` must not hold anything against the pair that it does not with the
    /// dates as they were approved and that the operator did not override. A template needs a probable pair.
    ///
    /// # Errors
    /// The [`Refusal`] that stands in the way.
    pub fn holds(
        &self,
        matcher: &dyn Matcher,
        kalshi: &Market,
        polymarket: &Market,
    ) -> Result<(Relation, Ground), Refusal> {
        match self.get(&kalshi.key.id, &polymarket.key.id) {
            Some(approval) => Ok((approved(approval, matcher, kalshi, polymarket)?, Ground::Pair)),
            None => self.by_series(matcher, kalshi, polymarket),
        }
    }

    /// Whether a pair may be traded, and on what ground: [`Self::holds`] for its markets, as the relation it names.
    ///
    /// # Errors
    /// The [`Refusal`] that stands in the way.
    pub fn check(
        &self,
        matcher: &dyn Matcher,
        pair: &Pair,
        kalshi: &Market,
        polymarket: &Market,
    ) -> Result<Ground, Refusal> {
        let named = |expected: &str, given: &str| {
            if expected == given {
                return Ok(());
            }
            let (expected, given) = (expected.to_owned(), given.to_owned());
            Err(Refusal::OtherMarket { expected, given })
        };
        named(&pair.kalshi, &kalshi.key.id)?;
        if let Some(token) = polymarket.outcome(Outcome::Yes).and_then(|o| o.token.as_ref()) {
            named(&pair.polymarket_yes, token)?;
        }
        let (approved, ground) = self.holds(matcher, kalshi, polymarket)?;
        if approved != pair.relation {
            return Err(Refusal::RelationDiffers { pair: pair.relation, approved });
        }
        Ok(ground)
    }
}

/// Whether both markets still read as they did at `at`.
fn still_reads(
    markets: [(&Market, &String); 2],
    fingerprint: fn(&Market) -> String,
    at: OffsetDateTime,
) -> Result<(), Refusal> {
    match markets.into_iter().find(|(market, read)| fingerprint(market) != **read) {
        Some((market, _)) => {
            Err(Refusal::Lapsed { venue: market.key.venue, id: market.key.id.clone(), at })
        }
        None => Ok(()),
    }
}

fn approved(
    approval: &Approval,
    matcher: &dyn Matcher,
    kalshi: &Market,
    polymarket: &Market,
) -> Result<Relation, Refusal> {
    let (k, p, at) = (approval.kalshi.clone(), approval.polymarket.clone(), approval.at);
    if approval.decision == Decision::Rejected {
        return Err(Refusal::Rejected { kalshi: k, polymarket: p, at });
    }
    let rules = [(kalshi, &approval.kalshi_rules), (polymarket, &approval.polymarket_rules)];
    still_reads(rules, fingerprint, at)?;
    let Some(relation) = approval.relation else {
        return Err(Refusal::NotApproved { kalshi: k, polymarket: p });
    };
    let ends_then = (approval.kalshi_ends, approval.polymarket_ends);
    if (ends(kalshi), ends(polymarket)) == ends_then {
        return Ok(relation);
    }
    let then = |market: &Market, ends| Market {
        close_at: ends,
        expected_resolution_at: None,
        ..market.clone()
    };
    let before = matcher.judge(&then(kalshi, ends_then.0), &then(polymarket, ends_then.1));
    let before = before.vetoes(relation);
    let mut terms = matcher.judge(kalshi, polymarket).vetoes(relation);
    terms.retain(|term| !approval.despite.contains(term) && !before.contains(term));
    if terms.is_empty() {
        Ok(relation)
    } else {
        Err(Refusal::Vetoed { kalshi: k, polymarket: p, at, terms })
    }
}

/// When the venue says that a market ends.
fn ends(market: &Market) -> Option<OffsetDateTime> {
    market.close_at.or(market.expected_resolution_at)
}

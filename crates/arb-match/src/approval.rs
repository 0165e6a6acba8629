//! What an operator has decided about pairs, as a file that can be reviewed.

use std::collections::BTreeMap;

use arb_normalize::{Market, Pair, Relation, Venue};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::error::MatchError;
use crate::fingerprint::{fingerprint, shape_fingerprint};
use crate::index::Catalogue;
use crate::judgement::{Matcher, Verdict};

/// The version this program writes.
const VERSION: u32 = 1;

/// An operator's word on a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// The same contract, or opposite ones.
    Approved,
    /// Not to be traded as a pair.
    Rejected,
}

/// One decided pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// The Kalshi ticker.
    pub kalshi: String,
    /// The Polymarket condition id.
    pub polymarket: String,
    /// Equal or complement.
    pub relation: Relation,
    /// The decision.
    pub decision: Decision,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// Why, in the operator's words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// The [`fingerprint`] of Kalshi's text when it was read.
    pub kalshi_rules: String,
    /// The [`fingerprint`] of Polymarket's text when it was read.
    pub polymarket_rules: String,
}

/// An approval for a whole series: every pair of it that the matcher finds probable and whose rules still have the approved shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// The Kalshi series: the ticker up to its first dash.
    pub kalshi_series: String,
    /// What the Polymarket slug begins with.
    pub polymarket_prefix: String,
    /// When it was approved.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// The [`shape_fingerprint`] of Kalshi's rules.
    pub kalshi_shape: String,
    /// The [`shape_fingerprint`] of Polymarket's rules.
    pub polymarket_shape: String,
    /// Pairs of the series that have settled, and settled alike.
    #[serde(default)]
    pub settled_alike: u32,
    /// Pairs of the series that have settled differently: one is enough to end the template.
    #[serde(default)]
    pub settled_differently: u32,
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
        "the text of {venue} market {id} changed after the approval of {at}; read it and approve again"
    )]
    Lapsed {
        /// The venue whose text changed.
        venue: arb_normalize::Venue,
        /// The market.
        id: String,
        /// When it had been approved.
        at: OffsetDateTime,
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

#[derive(Serialize, Deserialize)]
struct File {
    v: u32,
    #[serde(default)]
    pairs: Vec<Approval>,
    #[serde(default)]
    templates: Vec<Template>,
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

    /// Reads an approvals file.
    ///
    /// # Errors
    /// [`MatchError::Approvals`] if it is not one, [`MatchError::Version`] if it is of a newer version.
    pub fn from_json(text: &str) -> Result<Self, MatchError> {
        let file: File = serde_json::from_str(text)?;
        if file.v > VERSION {
            return Err(MatchError::Version { found: file.v, known: VERSION });
        }
        let mut all = Self::new();
        for approval in file.pairs {
            all.pairs.insert((approval.kalshi.clone(), approval.polymarket.clone()), approval);
        }
        for template in file.templates {
            all.add_template(template);
        }
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

    /// The decisions of a pairs file: every pair in it is approved as it stands, with the texts of the given markets. Pairs whose
    /// markets are not given are left out and so are not tradable; so are pairs that are neither equal nor complement.
    #[must_use]
    pub fn from_pairs<'a>(
        pairs: &[Pair],
        kalshi: impl Fn(&str) -> Option<&'a Market>,
        polymarket: impl Fn(&Pair) -> Option<&'a Market>,
        at: OffsetDateTime,
    ) -> Self {
        let mut all = Self::new();
        for pair in pairs {
            if let (Some(k), Some(p)) = (kalshi(&pair.kalshi), polymarket(pair))
                && matches!(pair.relation, Relation::Equal | Relation::Complement)
            {
                all.decide(k, p, pair.relation, Decision::Approved, at, "");
            }
        }
        all
    }

    /// Approves a pair as it reads now.
    ///
    /// # Errors
    /// [`MatchError::NotTradableRelation`] unless the relation is equal or complement.
    pub fn approve(
        &mut self,
        kalshi: &Market,
        polymarket: &Market,
        relation: Relation,
        at: OffsetDateTime,
        note: &str,
    ) -> Result<(), MatchError> {
        if !matches!(relation, Relation::Equal | Relation::Complement) {
            return Err(MatchError::NotTradableRelation {
                kalshi: kalshi.key.id.clone(),
                polymarket: polymarket.key.id.clone(),
                relation,
            });
        }
        self.decide(kalshi, polymarket, relation, Decision::Approved, at, note);
        Ok(())
    }

    /// Rejects a pair; it stays rejected whatever its texts become, until it is approved.
    pub fn reject(
        &mut self,
        kalshi: &Market,
        polymarket: &Market,
        relation: Relation,
        at: OffsetDateTime,
        note: &str,
    ) {
        self.decide(kalshi, polymarket, relation, Decision::Rejected, at, note);
    }

    /// Takes over decisions from comma-separated lines `ticker,condition id or slug[,equal|complement|rejected[,note]]`; a first
    /// line `ticker,…` is a heading, empty lines and lines that begin with `#` are skipped. Without a third field the relation is
    /// what `matcher` finds, and only equal or complement are taken. Either all lines are taken over or none.
    ///
    /// # Errors
    /// [`MatchError::Import`] with the line that cannot be used.
    pub fn import(
        &mut self,
        csv: &str,
        catalogue: &Catalogue,
        matcher: &dyn Matcher,
        at: OffsetDateTime,
    ) -> Result<usize, MatchError> {
        let mut next = self.clone();
        let mut taken = 0;
        for (number, line) in csv.lines().enumerate() {
            let text = line.trim();
            let heading = number == 0 && text.to_ascii_lowercase().starts_with("ticker");
            if text.is_empty() || text.starts_with('#') || heading {
                continue;
            }
            let refuse = |reason: String| MatchError::Import {
                line: number + 1,
                text: text.to_owned(),
                reason,
            };
            next.import_line(text, catalogue, matcher, at).map_err(refuse)?;
            taken += 1;
        }
        *self = next;
        Ok(taken)
    }

    fn import_line(
        &mut self,
        line: &str,
        catalogue: &Catalogue,
        matcher: &dyn Matcher,
        at: OffsetDateTime,
    ) -> Result<(), String> {
        let mut fields = line.splitn(4, ',').map(|field| field.trim().trim_matches('"'));
        let ticker = fields.next().unwrap_or_default();
        let other = fields
            .next()
            .filter(|id| !id.is_empty())
            .ok_or("no condition id or slug; write ticker,condition id")?;
        let word = fields.next().unwrap_or_default();
        let note = fields.next().unwrap_or_default();
        let kalshi = catalogue.market(Venue::Kalshi, ticker).ok_or_else(|| {
            format!(
                "no Kalshi market {ticker} in the listing; import against a listing that has it"
            )
        })?;
        let polymarket = catalogue.find_polymarket(other).ok_or_else(|| {
            format!(
                "no Polymarket market {other} in the listing; import against a listing that has it"
            )
        })?;
        let judged = || matcher.judge(kalshi, polymarket).relation;
        let relation = match word {
            "rejected" => {
                self.reject(kalshi, polymarket, judged(), at, note);
                return Ok(());
            }
            "" => judged(),
            "equal" => Relation::Equal,
            "complement" => Relation::Complement,
            other => return Err(format!("{other} is not equal, complement or rejected")),
        };
        self.approve(kalshi, polymarket, relation, at, note).map_err(|error| error.to_string())
    }

    fn decide(
        &mut self,
        kalshi: &Market,
        polymarket: &Market,
        relation: Relation,
        decision: Decision,
        at: OffsetDateTime,
        note: &str,
    ) {
        let approval = Approval {
            kalshi: kalshi.key.id.clone(),
            polymarket: polymarket.key.id.clone(),
            relation,
            decision,
            at,
            note: note.to_owned(),
            kalshi_rules: fingerprint(kalshi),
            polymarket_rules: fingerprint(polymarket),
        };
        self.pairs.insert((approval.kalshi.clone(), approval.polymarket.clone()), approval);
    }

    /// Approves a series by an example pair of it.
    pub fn approve_series(
        &mut self,
        kalshi: &Market,
        polymarket: &Market,
        polymarket_prefix: &str,
        at: OffsetDateTime,
    ) {
        self.add_template(Template {
            kalshi_series: series(&kalshi.key.id).to_owned(),
            polymarket_prefix: polymarket_prefix.to_owned(),
            at,
            kalshi_shape: shape_fingerprint(kalshi),
            polymarket_shape: shape_fingerprint(polymarket),
            settled_alike: 0,
            settled_differently: 0,
        });
    }

    /// Adds a template or replaces the one for the same series and prefix.
    pub fn add_template(&mut self, template: Template) {
        self.templates
            .insert((template.kalshi_series.clone(), template.polymarket_prefix.clone()), template);
    }

    /// Counts a settled pair of a series; `false` if no template covers it.
    pub fn record_settlement(&mut self, kalshi: &Market, polymarket: &Market, alike: bool) -> bool {
        let Some(template) = self.templates.values_mut().find(|t| covers(t, kalshi, polymarket))
        else {
            return false;
        };
        let count =
            if alike { &mut template.settled_alike } else { &mut template.settled_differently };
        *count = count.saturating_add(1);
        true
    }

    /// All decided pairs in a stable order.
    pub fn iter(&self) -> impl Iterator<Item = &Approval> {
        self.pairs.values()
    }

    /// All templates in a stable order.
    pub fn templates(&self) -> impl Iterator<Item = &Template> {
        self.templates.values()
    }

    /// The decision on a pair.
    #[must_use]
    pub fn get(&self, kalshi: &str, polymarket: &str) -> Option<&Approval> {
        self.pairs.get(&(kalshi.to_owned(), polymarket.to_owned()))
    }

    /// Whether a pair may be traded, and on what ground. The operator's word on the pair itself comes before a template of its
    /// series; a template needs `matcher` to find the pair probable with the pair's relation.
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
        if pair.kalshi != kalshi.key.id {
            return Err(Refusal::OtherMarket {
                expected: pair.kalshi.clone(),
                given: kalshi.key.id.clone(),
            });
        }
        if let Some(expected) = pair.condition_id.as_ref().filter(|id| **id != polymarket.key.id) {
            return Err(Refusal::OtherMarket {
                expected: expected.clone(),
                given: polymarket.key.id.clone(),
            });
        }
        let first_token =
            polymarket.outcome(arb_normalize::Outcome::Yes).and_then(|o| o.token.as_ref());
        if let Some(token) = first_token.filter(|token| **token != pair.polymarket_yes) {
            return Err(Refusal::OtherMarket {
                expected: pair.polymarket_yes.clone(),
                given: token.clone(),
            });
        }
        match self.get(&kalshi.key.id, &polymarket.key.id) {
            Some(approval) => {
                approved(approval, kalshi, polymarket)?;
                if approval.relation != pair.relation {
                    return Err(Refusal::RelationDiffers {
                        pair: pair.relation,
                        approved: approval.relation,
                    });
                }
                Ok(Ground::Pair)
            }
            None => self.by_series(matcher, pair, kalshi, polymarket),
        }
    }

    fn by_series(
        &self,
        matcher: &dyn Matcher,
        pair: &Pair,
        kalshi: &Market,
        polymarket: &Market,
    ) -> Result<Ground, Refusal> {
        let none = || Refusal::NotApproved {
            kalshi: kalshi.key.id.clone(),
            polymarket: polymarket.key.id.clone(),
        };
        let template =
            self.templates.values().find(|t| covers(t, kalshi, polymarket)).ok_or_else(none)?;
        if template.settled_differently > 0 {
            return Err(Refusal::SeriesDiverged {
                series: template.kalshi_series.clone(),
                count: template.settled_differently,
            });
        }
        let shapes = [(kalshi, &template.kalshi_shape), (polymarket, &template.polymarket_shape)];
        still_reads(shapes, shape_fingerprint, template.at)?;
        let judgement = matcher.judge(kalshi, polymarket);
        if judgement.verdict != Verdict::Probable {
            return Err(none());
        }
        if judgement.relation != pair.relation {
            return Err(Refusal::RelationDiffers {
                pair: pair.relation,
                approved: judgement.relation,
            });
        }
        Ok(Ground::Series { settled_alike: template.settled_alike })
    }

    /// Whether the operator's word on this very pair is an approval and both texts are still the ones approved.
    ///
    /// # Errors
    /// The [`Refusal`] that stands in the way.
    pub fn holds(&self, kalshi: &Market, polymarket: &Market) -> Result<(), Refusal> {
        let (k, p) = (kalshi.key.id.clone(), polymarket.key.id.clone());
        let approval = self.get(&k, &p).ok_or(Refusal::NotApproved { kalshi: k, polymarket: p })?;
        approved(approval, kalshi, polymarket)
    }

    /// Whether a pair may be traded: [`Self::check`] without the reason.
    #[must_use]
    pub fn is_tradable(
        &self,
        matcher: &dyn Matcher,
        pair: &Pair,
        kalshi: &Market,
        polymarket: &Market,
    ) -> bool {
        self.check(matcher, pair, kalshi, polymarket).is_ok()
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

fn approved(approval: &Approval, kalshi: &Market, polymarket: &Market) -> Result<(), Refusal> {
    let (k, p) = (approval.kalshi.clone(), approval.polymarket.clone());
    if approval.decision == Decision::Rejected {
        return Err(Refusal::Rejected { kalshi: k, polymarket: p, at: approval.at });
    }
    let rules = [(kalshi, &approval.kalshi_rules), (polymarket, &approval.polymarket_rules)];
    still_reads(rules, fingerprint, approval.at)?;
    if !matches!(approval.relation, Relation::Equal | Relation::Complement) {
        return Err(Refusal::NotApproved { kalshi: k, polymarket: p });
    }
    Ok(())
}

fn series(ticker: &str) -> &str {
    ticker.split('-').next().unwrap_or(ticker)
}

fn covers(template: &Template, kalshi: &Market, polymarket: &Market) -> bool {
    let slug = polymarket.slug.as_deref().unwrap_or_default();
    let series_id = kalshi.series_id.as_deref().unwrap_or_else(|| series(&kalshi.key.id));
    template.kalshi_series == series_id
        && !template.polymarket_prefix.is_empty()
        && slug.starts_with(&template.polymarket_prefix)
}

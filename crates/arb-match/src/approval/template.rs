//! Approvals of a whole series.

use std::collections::BTreeMap;

use arb_normalize::{Market, Relation};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{Approvals, Ground, Refusal, still_reads};
use crate::error::MatchError;
use crate::fingerprint::shape_fingerprint;
use crate::judgement::{Matcher, Verdict};

/// An approval for a whole series: every pair of it that the matcher finds probable and whose rules still have the approved shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// The Kalshi series; where a listing does not name it, the ticker up to its first dash.
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
    /// The pairs counted, `ticker/condition id`, and whether each settled alike.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settled: BTreeMap<String, bool>,
}

impl Template {
    fn covers(&self, kalshi: &Market, polymarket: &Market) -> bool {
        let slug = polymarket.slug.as_deref().unwrap_or_default();
        self.kalshi_series == series(kalshi)
            && !self.polymarket_prefix.is_empty()
            && slug.starts_with(&self.polymarket_prefix)
    }

    /// Counts a pair; one counted before is counted as it is said now.
    fn count(&mut self, pair: String, alike: bool) {
        let mut change = |alike: bool, by: fn(u32, u32) -> u32| {
            let count = if alike { &mut self.settled_alike } else { &mut self.settled_differently };
            *count = by(*count, 1);
        };
        if let Some(before) = self.settled.insert(pair, alike) {
            change(before, u32::saturating_sub);
        }
        change(alike, u32::saturating_add);
    }
}

impl Approvals {
    /// Approves a series by a pair of it that is approved itself.
    ///
    /// # Errors
    /// [`MatchError::Template`] if the pair's own approval does not hold, the matcher does not find it probable, the prefix is
    /// empty or not that of the pair's slug, or pairs of the series settled differently: then the template is to be removed from
    /// the file by hand.
    pub fn approve_series(
        &mut self,
        matcher: &dyn Matcher,
        kalshi: &Market,
        polymarket: &Market,
        polymarket_prefix: &str,
        at: OffsetDateTime,
    ) -> Result<(), MatchError> {
        let template = Template {
            kalshi_series: series(kalshi).to_owned(),
            polymarket_prefix: polymarket_prefix.to_owned(),
            at,
            kalshi_shape: shape_fingerprint(kalshi),
            polymarket_shape: shape_fingerprint(polymarket),
            settled_alike: 0,
            settled_differently: 0,
            settled: BTreeMap::new(),
        };
        let names = (template.kalshi_series.clone(), template.polymarket_prefix.clone());
        let refuse = |reason: String| MatchError::Template {
            series: names.0.clone(),
            prefix: names.1.clone(),
            reason,
        };
        match self.holds(matcher, kalshi, polymarket) {
            Ok((_, Ground::Pair)) => {}
            Ok(_) => return Err(refuse("approve the pair itself first".to_owned())),
            Err(refusal) => return Err(refuse(refusal.to_string())),
        }
        let judgement = matcher.judge(kalshi, polymarket);
        if judgement.verdict != Verdict::Probable {
            let reason = format!(
                "the pair is judged {}; take one that is judged probable",
                judgement.verdict
            );
            return Err(refuse(reason));
        }
        if !template.covers(kalshi, polymarket) {
            let slug = polymarket.slug.as_deref().unwrap_or_default();
            let reason = format!("the pair's slug {slug:?} does not begin with the prefix");
            return Err(refuse(reason));
        }
        if let Some(Template { settled_differently: count @ 1.., .. }) = self.templates.get(&names)
        {
            return Err(refuse(format!(
                "{count} of its pairs settled differently; remove it by hand if it is to begin anew"
            )));
        }
        self.templates.insert(names, template);
        Ok(())
    }

    /// Counts a settled pair with every template that covers it, once however often it is said.
    ///
    /// # Errors
    /// [`MatchError::NoTemplate`] if none does.
    pub fn record_settlement(
        &mut self,
        kalshi: &Market,
        polymarket: &Market,
        alike: bool,
    ) -> Result<(), MatchError> {
        let (k, p) = (&kalshi.key.id, &polymarket.key.id);
        let mut covered = false;
        for template in self.templates.values_mut().filter(|t| t.covers(kalshi, polymarket)) {
            template.count(format!("{k}/{p}"), alike);
            covered = true;
        }
        if covered {
            Ok(())
        } else {
            Err(MatchError::NoTemplate { kalshi: k.clone(), polymarket: p.clone() })
        }
    }

    /// All templates in a stable order.
    pub fn templates(&self) -> impl Iterator<Item = &Template> {
        self.templates.values()
    }

    pub(super) fn by_series(
        &self,
        matcher: &dyn Matcher,
        kalshi: &Market,
        polymarket: &Market,
    ) -> Result<(Relation, Ground), Refusal> {
        let none = || Refusal::NotApproved {
            kalshi: kalshi.key.id.clone(),
            polymarket: polymarket.key.id.clone(),
        };
        let covering: Vec<&Template> =
            self.templates.values().filter(|t| t.covers(kalshi, polymarket)).collect();
        // What settled differently once is not excused by a template that has not seen it.
        if let Some(diverged) = covering.iter().find(|t| t.settled_differently > 0) {
            return Err(Refusal::SeriesDiverged {
                series: diverged.kalshi_series.clone(),
                count: diverged.settled_differently,
            });
        }
        let reads = |template: &&&Template| shaped(template, kalshi, polymarket).is_ok();
        let template = match (covering.iter().find(reads), covering.first()) {
            (Some(template), _) => template,
            (None, Some(first)) => {
                return Err(shaped(first, kalshi, polymarket).err().unwrap_or_else(none));
            }
            (None, None) => return Err(none()),
        };
        let judgement = matcher.judge(kalshi, polymarket);
        if judgement.verdict != Verdict::Probable {
            return Err(none());
        }
        Ok((judgement.relation, Ground::Series { settled_alike: template.settled_alike }))
    }
}

fn shaped(template: &Template, kalshi: &Market, polymarket: &Market) -> Result<(), Refusal> {
    let shapes = [(kalshi, &template.kalshi_shape), (polymarket, &template.polymarket_shape)];
    still_reads(shapes, shape_fingerprint, template.at)
}

fn series(kalshi: &Market) -> &str {
    let ticker = kalshi.key.id.as_str();
    kalshi.series_id.as_deref().unwrap_or_else(|| ticker.split('-').next().unwrap_or(ticker))
}

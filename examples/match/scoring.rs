//! Scores the judgements of labelled pairs.

use std::io::Write;
use std::path::Path;

use arb_match::{Label, Matcher, Score, TermMatcher, TfIdfMatcher};
use arb_normalize::rest::{kalshi, polymarket};
use arb_normalize::{Market, Relation};
use serde::Deserialize;
use serde_json::Value;

use crate::Result;
use crate::listings::{read, with_outcomes};

#[derive(Deserialize)]
struct Labelled {
    kalshi: Value,
    polymarket: Value,
    relation: String,
    tradeable: Option<bool>,
}

type Pair = (Market, Market, Label);

/// Reads lines `{"kalshi":{"ticker","title","event","rules","close"},"polymarket":{"condition_id","title","event","rules","end",
/// "outcomes"},"relation","tradeable"}`.
pub(crate) fn run(path: &Path, out: &mut impl Write) -> Result<i32> {
    let text =
        String::from_utf8(read(path)?).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut pairs = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let pair = labelled(line)
            .map_err(|error| format!("{}: line {}: {error}", path.display(), number + 1))?;
        pairs.push(pair);
    }
    if pairs.is_empty() {
        return Err(format!("{}: no labelled pairs in it", path.display()).into());
    }
    let score = score(&pairs, &TermMatcher);
    writeln!(out, "## Terms, {} pairs\n\n{score}", pairs.len())?;
    // The baseline's threshold is the one that suits it best on these very pairs.
    let baseline = |threshold: f64| {
        let markets = pairs.iter().flat_map(|(k, p, _)| [k, p]);
        self::score(&pairs, &TfIdfMatcher::fit(markets, threshold))
    };
    let quality = |score: &Score| {
        let (p, r) =
            (score.precision().value().unwrap_or(0.0), score.recall().value().unwrap_or(0.0));
        if p + r > 0.0 { 2.0 * p * r / (p + r) } else { 0.0 }
    };
    let best = (1..20)
        .map(|step| f64::from(step) / 20.0)
        .max_by(|a, b| quality(&baseline(*a)).total_cmp(&quality(&baseline(*b))));
    let threshold = best.unwrap_or(0.5);
    writeln!(
        out,
        "## TF-IDF of titles at {threshold:.2}, its best threshold on these pairs\n\n{}",
        baseline(threshold)
    )?;
    Ok(0)
}

fn labelled(line: &str) -> Result<Pair> {
    let labelled: Labelled = serde_json::from_str(line)?;
    let relation = match labelled.relation.as_str() {
        "equal_caveat" => Relation::Equal,
        word => serde_json::from_value(Value::from(word))?,
    };
    let (k, p) = (&labelled.kalshi, &labelled.polymarket);
    let body = serde_json::json!({"market": {"ticker": k["ticker"], "title": k["title"], "event_title": k["event"],
        "rules_primary": k["rules"], "close_time": k["close"], "status": "active"}});
    let kalshi = kalshi::market(body.to_string().as_bytes())?;
    let body = serde_json::json!([{"conditionId": p["condition_id"], "question": p["title"], "description": p["rules"],
        "endDate": p["end"], "outcomes": p["outcomes"], "event_title": p["event"]}]);
    let mut page = polymarket::gamma_markets(&with_outcomes(body.to_string().as_bytes())?)?;
    let polymarket = match (page.items.pop(), page.refused.pop()) {
        (Some(market), _) => market,
        (None, Some(refused)) => return Err(refused.error.into()),
        (None, None) => return Err("no Polymarket market in it".into()),
    };
    Ok((kalshi, polymarket, Label { relation, tradeable: labelled.tradeable }))
}

fn score(pairs: &[Pair], matcher: &dyn Matcher) -> Score {
    let mut score = Score::new();
    for (kalshi, polymarket, label) in pairs {
        score.add(*label, &matcher.judge(kalshi, polymarket));
    }
    score
}

//! Writes the pairs file of what is approved and holds.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use arb_match::{Approvals, Catalogue, Decision, TermMatcher};
use arb_normalize::{Market, Outcome, Pair, Venue};
use scan_app::kept_file;
use serde::Serialize;
use time::OffsetDateTime;

use crate::listings::Listings;
use crate::{Arguments, Result, deciding};

/// An entry of the pairs file. `scan` passes over when it was approved, and takes an entry that says otherwise than before for a
/// new word of the operator's.
#[derive(Serialize)]
struct Entry {
    #[serde(flatten)]
    pair: Pair,
    #[serde(with = "time::serde::rfc3339")]
    approved_at: OffsetDateTime,
}

/// Writes the file. The answer is 1 if an approved pair was left out.
pub(crate) fn run(arguments: &Arguments, path: &Path, out: &mut impl Write) -> Result<i32> {
    let (Some(k), Some(p)) = (&arguments.kalshi, &arguments.polymarket) else {
        return Err("what holds is seen in the markets as they are: give --kalshi FILE and --polymarket FILE".into());
    };
    let approvals = deciding::kept(&arguments.approvals)?;
    let catalogue = Listings::read(Some(k), Some(p))?.catalogue;
    let (entries, left_out) = entries(&approvals, &catalogue);
    let lines: Vec<String> =
        entries.iter().map(serde_json::to_string).collect::<serde_json::Result<_>>()?;
    let text = format!("[\n{}\n]\n", lines.join(",\n"));
    kept_file::replace(path, &text).map_err(|error| format!("{}: {error}", path.display()))?;
    if arguments.json {
        let summary =
            serde_json::json!({"kind": "summary", "exported": entries.len(), "left_out": left_out});
        writeln!(out, "{summary}")?;
    } else {
        writeln!(out, "{} pairs exported, {left_out} approved ones left out", entries.len())?;
    }
    Ok(i32::from(left_out > 0))
}

/// The pairs that hold, in the order of tickers and condition ids, and how many approved ones do not.
fn entries(approvals: &Approvals, catalogue: &Catalogue) -> (Vec<Entry>, usize) {
    let mut found: BTreeMap<(String, String), Entry> = BTreeMap::new();
    let mut left_out = 0;
    let approved = approvals.iter().filter(|entry| entry.decision == Decision::Approved);
    for entry in approved {
        match exported(approvals, catalogue, &entry.kalshi, &entry.polymarket, entry.at) {
            Ok(exported) => {
                found.insert((entry.kalshi.clone(), entry.polymarket.clone()), exported);
            }
            Err(reason) => {
                left_out += 1;
                eprintln!("match: left out {} and {}: {reason}", entry.kalshi, entry.polymarket);
            }
        }
    }
    // Pairs of an approved series are looked for among the candidates.
    if let Some(at) = approvals.templates().map(|template| template.at).max() {
        for pair in catalogue.all_candidates() {
            if approvals.get(&pair.kalshi, &pair.polymarket).is_none()
                && let Ok(entry) =
                    exported(approvals, catalogue, &pair.kalshi, &pair.polymarket, at)
            {
                found.insert((pair.kalshi, pair.polymarket), entry);
            }
        }
    }
    (found.into_values().collect(), left_out)
}

fn exported(
    approvals: &Approvals,
    catalogue: &Catalogue,
    ticker: &str,
    id: &str,
    approved_at: OffsetDateTime,
) -> std::result::Result<Entry, String> {
    let kalshi = catalogue.find(Venue::Kalshi, ticker).map_err(|error| error.to_string())?;
    let polymarket = catalogue.find(Venue::Polymarket, id).map_err(|error| error.to_string())?;
    let (relation, _) =
        approvals.holds(&TermMatcher, kalshi, polymarket).map_err(|refusal| refusal.to_string())?;
    let token = |market: &Market, side| market.outcome(side).and_then(|o| o.token.clone());
    let pair = Pair {
        id: format!("{ticker}/{id}"),
        kalshi: ticker.to_owned(),
        polymarket_yes: token(polymarket, Outcome::Yes)
            .filter(|token| !token.is_empty())
            .ok_or("the listing does not name the token of Polymarket's first outcome")?,
        polymarket_no: token(polymarket, Outcome::No),
        condition_id: Some(id.to_owned()),
        relation,
    };
    Ok(Entry { pair, approved_at })
}

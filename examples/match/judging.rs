//! Judges candidate pairs, or the pairs it is given.

use std::collections::HashMap;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Instant;

use arb_match::{Catalogue, Judgement, Proposition};
use arb_normalize::{Market, Venue};
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::listings::{Listings, read};

#[derive(Deserialize)]
struct GivenPair {
    kalshi: String,
    polymarket: String,
}

/// A ticker and a condition id.
type Ids = (String, String);

/// Judges the pairs of the file `only`, or all candidates. The answer is 1 where a pair asked for is not in the listings.
pub(crate) fn run(
    listings: &Listings,
    only: Option<&Path>,
    json: bool,
    out: &mut impl Write,
) -> Result<i32> {
    let (pairs, missing) = match only {
        Some(path) => given(path, &listings.catalogue)?,
        None => (candidates(&listings.catalogue), 0),
    };
    judge(listings, &pairs, missing, json, out)?;
    Ok(i32::from(missing > 0))
}

fn given(path: &Path, catalogue: &Catalogue) -> Result<(Vec<Ids>, usize)> {
    let pairs: Vec<GivenPair> = serde_json::from_slice(&read(path)?)
        .map_err(|error| format!("{}: {error}", path.display()))?;
    let mut found = Vec::new();
    for pair in &pairs {
        let markets = (
            catalogue.find(Venue::Kalshi, &pair.kalshi),
            catalogue.find(Venue::Polymarket, &pair.polymarket),
        );
        match markets {
            (Ok(k), Ok(p)) => found.push((k.key.id.clone(), p.key.id.clone())),
            (Err(error), _) | (_, Err(error)) => {
                eprintln!("match: {} and {}: {error}", pair.kalshi, pair.polymarket);
            }
        }
    }
    let missing = pairs.len() - found.len();
    Ok((found, missing))
}

fn candidates(catalogue: &Catalogue) -> Vec<Ids> {
    let started = Instant::now();
    let found = catalogue.all_candidates();
    eprintln!("{} candidate pairs in {:.3} s", found.len(), started.elapsed().as_secs_f64());
    found.into_iter().map(|pair| (pair.kalshi, pair.polymarket)).collect()
}

#[derive(Serialize)]
struct Line<'a> {
    kalshi: &'a str,
    polymarket: &'a str,
    #[serde(flatten)]
    judgement: &'a Judgement,
}

fn judge(
    listings: &Listings,
    pairs: &[Ids],
    missing: usize,
    json: bool,
    out: &mut impl Write,
) -> Result<()> {
    let started = Instant::now();
    let catalogue = &listings.catalogue;
    let mut read: HashMap<(Venue, &str), Proposition> = HashMap::new();
    let mut out = BufWriter::new(out);
    let mut counts = [0_usize; 3];
    for (k, p) in pairs {
        let (Some(kalshi), Some(polymarket)) =
            (catalogue.market(Venue::Kalshi, k), catalogue.market(Venue::Polymarket, p))
        else {
            continue;
        };
        for market in [kalshi, polymarket] {
            read.entry((market.key.venue, &market.key.id))
                .or_insert_with(|| Proposition::read(market));
        }
        let judgement =
            read[&(Venue::Kalshi, k.as_str())].judge(&read[&(Venue::Polymarket, p.as_str())]);
        counts[judgement.verdict as usize] += 1;
        print(&mut out, kalshi, polymarket, &judgement, json)?;
    }
    let [probable, candidate, rejected] = counts;
    let (all, unreadable) = (pairs.len(), listings.unreadable);
    if json {
        let summary = serde_json::json!({"kind": "summary", "pairs": all, "missing": missing, "unreadable": unreadable,
            "probable": probable, "candidate": candidate, "rejected": rejected});
        writeln!(out, "{summary}")?;
    } else {
        writeln!(
            out,
            "{all} pairs: {probable} probable, {candidate} candidate, {rejected} rejected"
        )?;
    }
    out.flush()?;
    eprintln!("judged {all} pairs in {:.3} s", started.elapsed().as_secs_f64());
    Ok(())
}

/// One judgement, as a JSON line or to be read.
pub(crate) fn print(
    out: &mut impl Write,
    kalshi: &Market,
    polymarket: &Market,
    judgement: &Judgement,
    json: bool,
) -> Result<()> {
    let (k, p) = (&kalshi.key.id, &polymarket.key.id);
    if json {
        serde_json::to_writer(&mut *out, &Line { kalshi: k, polymarket: p, judgement })?;
        writeln!(out)?;
        return Ok(());
    }
    writeln!(out, "{} {} {:.4}", judgement.verdict, judgement.relation, judgement.similarity)?;
    writeln!(out, "  kalshi     {k}  {}", kalshi.title)?;
    writeln!(out, "  polymarket {p}  {}", polymarket.title)?;
    for difference in &judgement.differences {
        let (kind, term) = (difference.kind.as_str(), &difference.term);
        writeln!(
            out,
            "    {kind:13} {term:12} {:40} | {}",
            difference.kalshi, difference.polymarket
        )?;
    }
    Ok(())
}

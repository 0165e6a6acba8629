//! Which Polymarket market is the same contract as which Kalshi market?
//!
//! ```text
//! cargo run --release --example match -- --kalshi K.json.gz --polymarket P.json.gz --json
//! cargo run --release --example match -- --kalshi K.json --polymarket P.json --judge pairs.json
//! cargo run --release --example match -- --kalshi K.json --polymarket P.json --approvals approvals.json --approve TICKER CONDITION_ID
//! cargo run --release --example match -- --score labelled.jsonl
//! ```

#![expect(clippy::print_stderr, reason = "a command line program speaks on standard error")]

use std::collections::HashMap;
use std::error::Error;
use std::io::{BufWriter, Read as _, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use arb_match::{
    Approvals, Catalogue, Decision, Judgement, Label, Matcher as _, Proposition, Score,
    TermMatcher, TfIdfMatcher,
};
use arb_normalize::rest::{kalshi, polymarket};
use arb_normalize::{Market, Relation, Venue};
use clap::Parser;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Finds and judges pairs of markets, and keeps what an operator decided about them.
#[derive(Parser)]
#[command(name = "match")]
struct Arguments {
    /// A Kalshi /markets body, plain or gzipped.
    #[arg(long, value_name = "FILE")]
    kalshi: Option<PathBuf>,
    /// An array of Gamma markets, plain or gzipped.
    #[arg(long, value_name = "FILE")]
    polymarket: Option<PathBuf>,
    /// Judge exactly these pairs: an array of {"kalshi": ticker, "polymarket": condition id}.
    #[arg(long, value_name = "FILE")]
    judge: Option<PathBuf>,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
    /// The file of the operator's decisions.
    #[arg(long, value_name = "FILE", default_value = "approvals.json")]
    approvals: PathBuf,
    /// Approve a pair after reading both rules.
    #[arg(long, num_args = 2, value_names = ["TICKER", "CONDITION_ID"], conflicts_with_all = ["reject", "import", "list", "judge", "score"])]
    approve: Option<Vec<String>>,
    /// Reject a pair.
    #[arg(long, num_args = 2, value_names = ["TICKER", "CONDITION_ID"], conflicts_with_all = ["import", "list", "judge", "score"])]
    reject: Option<Vec<String>>,
    /// The relation of the pair approved, where the judgement's is not the right one.
    #[arg(long, value_parser = ["equal", "complement"], conflicts_with_all = ["import", "list", "judge", "score"])]
    relation: Option<String>,
    /// Why, to be kept with the decision.
    #[arg(long, default_value = "")]
    note: String,
    /// List all decisions and whether each still holds for the given listings.
    #[arg(long, conflicts_with_all = ["import", "judge", "score"])]
    list: bool,
    /// Take over decisions: lines of ticker,condition id or slug[,equal|complement|rejected[,note]].
    #[arg(long, value_name = "CSV", conflicts_with_all = ["judge", "score"])]
    import: Option<PathBuf>,
    /// Judge labelled pairs and print how good the judgements are, beside a TF-IDF baseline.
    #[arg(long, value_name = "JSONL")]
    score: Option<PathBuf>,
}

fn main() {
    let code = match run(&Arguments::parse(), &mut std::io::stdout().lock()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("match: {error}");
            2
        }
    };
    std::process::exit(code);
}

fn run(arguments: &Arguments, out: &mut impl Write) -> Result<i32> {
    if let Some(path) = &arguments.score {
        return score(path, out);
    }
    if arguments.approve.is_some()
        || arguments.reject.is_some()
        || arguments.import.is_some()
        || arguments.list
    {
        return decide(arguments, out);
    }
    let (Some(k), Some(p)) = (&arguments.kalshi, &arguments.polymarket) else {
        return Err(
            "give --kalshi FILE and --polymarket FILE, or --score FILE (--help lists all)".into()
        );
    };
    let started = Instant::now();
    let catalogue = catalogue(Some(k), Some(p))?;
    eprintln!("read and indexed both listings in {:.3} s", started.elapsed().as_secs_f64());
    let (pairs, missing) = match &arguments.judge {
        Some(path) => given(path, &catalogue)?,
        None => (candidates(&catalogue), 0),
    };
    judge(&catalogue, &pairs, missing, arguments.json, out)?;
    Ok(i32::from(missing > 0))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(bytes);
    }
    let mut plain = Vec::new();
    flate2::read::MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut plain)?;
    Ok(plain)
}

fn catalogue(k: Option<&Path>, p: Option<&Path>) -> Result<Catalogue> {
    let mut all = Catalogue::new();
    if let Some(path) = k {
        let page = kalshi::markets_page(&read(path)?)?;
        refused("Kalshi", page.refused.iter().map(|item| item.error.to_string()));
        for market in page.items {
            all.insert(market);
        }
    }
    if let Some(path) = p {
        let page = polymarket::gamma_markets(&with_outcomes(&read(path)?)?)?;
        refused("Polymarket", page.refused.iter().map(|item| item.error.to_string()));
        for market in page.items {
            all.insert(market);
        }
    }
    Ok(all)
}

/// Older listings leave `outcomes` out where they are yes and no.
fn with_outcomes(body: &[u8]) -> Result<Vec<u8>> {
    let mut markets: Vec<Value> = serde_json::from_slice(body)?;
    for market in markets.iter_mut().filter_map(Value::as_object_mut) {
        if market.get("outcomes").is_none_or(Value::is_null) {
            market.insert("outcomes".to_owned(), Value::from(vec!["Yes", "No"]));
        }
    }
    Ok(serde_json::to_vec(&markets)?)
}

fn refused(venue: &str, errors: impl ExactSizeIterator<Item = String>) {
    let count = errors.len();
    if let Some(first) = errors.into_iter().next() {
        eprintln!("{count} {venue} markets could not be read, the first: {first}");
    }
}

#[derive(Deserialize)]
struct GivenPair {
    kalshi: String,
    polymarket: String,
}

fn given(path: &Path, catalogue: &Catalogue) -> Result<(Vec<(String, String)>, usize)> {
    let pairs: Vec<GivenPair> = serde_json::from_slice(&read(path)?)?;
    let known = |pair: &GivenPair| {
        let found = catalogue.market(Venue::Kalshi, &pair.kalshi).is_some()
            && catalogue.find_polymarket(&pair.polymarket).is_some();
        if !found {
            eprintln!("not in the listings: {} {}", pair.kalshi, pair.polymarket);
        }
        found
    };
    let all = pairs.len();
    let found: Vec<_> =
        pairs.into_iter().filter(known).map(|pair| (pair.kalshi, pair.polymarket)).collect();
    let missing = all - found.len();
    Ok((found, missing))
}

fn candidates(catalogue: &Catalogue) -> Vec<(String, String)> {
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
    catalogue: &Catalogue,
    pairs: &[(String, String)],
    missing: usize,
    json: bool,
    out: &mut impl Write,
) -> Result<()> {
    let started = Instant::now();
    let mut read: HashMap<(Venue, &str), Proposition> = HashMap::new();
    let mut out = BufWriter::new(out);
    let mut counts = [0_usize; 3];
    for (k, p) in pairs {
        let (Some(kalshi), Some(polymarket)) =
            (catalogue.market(Venue::Kalshi, k), catalogue.find_polymarket(p))
        else {
            continue;
        };
        for market in [kalshi, polymarket] {
            read.entry((market.key.venue, &market.key.id))
                .or_insert_with(|| Proposition::read(market));
        }
        let judgement = read[&(Venue::Kalshi, kalshi.key.id.as_str())]
            .judge(&read[&(Venue::Polymarket, polymarket.key.id.as_str())]);
        counts[judgement.verdict as usize] += 1;
        if json {
            serde_json::to_writer(
                &mut out,
                &Line { kalshi: k, polymarket: p, judgement: &judgement },
            )?;
            writeln!(out)?;
        } else {
            print(&mut out, kalshi, polymarket, &judgement)?;
        }
    }
    let [probable, candidate, rejected] = counts;
    if json {
        let summary = serde_json::json!({"kind": "summary", "pairs": pairs.len(), "missing": missing,
            "probable": probable, "candidate": candidate, "rejected": rejected});
        writeln!(out, "{summary}")?;
    } else {
        writeln!(
            out,
            "{} pairs: {probable} probable, {candidate} candidate, {rejected} rejected",
            pairs.len()
        )?;
    }
    out.flush()?;
    eprintln!("judged {} pairs in {:.3} s", pairs.len(), started.elapsed().as_secs_f64());
    Ok(())
}

fn print(
    out: &mut impl Write,
    kalshi: &Market,
    polymarket: &Market,
    judgement: &Judgement,
) -> Result<()> {
    writeln!(out, "{} {} {:.4}", judgement.verdict, judgement.relation, judgement.similarity)?;
    writeln!(out, "  kalshi     {}  {}", kalshi.key.id, kalshi.title)?;
    writeln!(out, "  polymarket {}  {}", polymarket.key.id, polymarket.title)?;
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

fn decide(arguments: &Arguments, out: &mut impl Write) -> Result<i32> {
    let path = &arguments.approvals;
    let mut approvals = match std::fs::read_to_string(path) {
        Ok(text) => Approvals::from_json(&text).map_err(|e| format!("{}: {e}", path.display()))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Approvals::new(),
        Err(error) => return Err(format!("{}: {error}", path.display()).into()),
    };
    let (k, p) = (arguments.kalshi.as_deref(), arguments.polymarket.as_deref());
    if arguments.list {
        return list(&approvals, &catalogue(k, p)?, out);
    }
    if k.is_none() || p.is_none() {
        return Err("a decision is about the texts of both markets: give --kalshi FILE and --polymarket FILE".into());
    }
    let catalogue = catalogue(k, p)?;
    if let Some(path) = &arguments.import {
        let csv = String::from_utf8(read(path)?)
            .map_err(|_| format!("{}: not UTF-8 text; save it as UTF-8", path.display()))?;
        let taken = approvals
            .import(&csv, &catalogue, &TermMatcher, now())
            .map_err(|error| format!("{}: {error}; nothing was taken over", path.display()))?;
        writeln!(out, "{taken} decisions taken over")?;
    }
    for (ids, approve) in [(&arguments.approve, true), (&arguments.reject, false)] {
        if let Some([ticker, id]) = ids.as_deref() {
            let pair = (ticker.as_str(), id.as_str());
            decide_pair(arguments, &mut approvals, &catalogue, pair, approve, out)?;
        }
    }
    let part = path.with_extension("part");
    std::fs::write(&part, approvals.to_json()?)
        .map_err(|error| format!("{}: {error}", part.display()))?;
    std::fs::rename(&part, path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(0)
}

fn decide_pair(
    arguments: &Arguments,
    approvals: &mut Approvals,
    catalogue: &Catalogue,
    (ticker, id): (&str, &str),
    approve: bool,
    out: &mut impl Write,
) -> Result<()> {
    let k = catalogue
        .market(Venue::Kalshi, ticker)
        .ok_or_else(|| format!("no Kalshi market {ticker} in the listing; give one that has it"))?;
    let p = catalogue
        .find_polymarket(id)
        .ok_or_else(|| format!("no Polymarket market {id} in the listing; give one that has it"))?;
    let judgement = TermMatcher.judge(k, p);
    print(out, k, p, &judgement)?;
    let relation = match arguments.relation.as_deref() {
        Some("complement") => Relation::Complement,
        Some(_) => Relation::Equal,
        None => judgement.relation,
    };
    if approve {
        approvals.approve(k, p, relation, now(), &arguments.note)?;
    } else {
        approvals.reject(k, p, relation, now(), &arguments.note);
    }
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "a decision is stamped with the operator's clock, here and nowhere else"
)]
fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

fn list(approvals: &Approvals, catalogue: &Catalogue, out: &mut impl Write) -> Result<i32> {
    for entry in approvals.iter() {
        let markets = (
            catalogue.market(Venue::Kalshi, &entry.kalshi),
            catalogue.market(Venue::Polymarket, &entry.polymarket),
        );
        let holds = match markets {
            (Some(k), Some(p)) => match approvals.holds(k, p) {
                Ok(()) => "holds".to_owned(),
                Err(refusal) => refusal.to_string(),
            },
            _ => "not in the listings given".to_owned(),
        };
        let decision = match entry.decision {
            Decision::Approved => "approved",
            Decision::Rejected => "rejected",
        };
        let note = if entry.note.is_empty() { String::new() } else { format!(" ({})", entry.note) };
        writeln!(
            out,
            "{decision} {} {} {} {}{note}: {holds}",
            entry.relation, entry.kalshi, entry.polymarket, entry.at
        )?;
    }
    for template in approvals.templates() {
        writeln!(
            out,
            "series {} ~ {}*: {} settled alike, {} differently",
            template.kalshi_series,
            template.polymarket_prefix,
            template.settled_alike,
            template.settled_differently
        )?;
    }
    Ok(0)
}

#[derive(Deserialize)]
struct Labelled {
    kalshi: Value,
    polymarket: Value,
    relation: String,
    tradeable: Option<bool>,
}

/// Reads lines `{"kalshi":{"ticker","title","event","rules","close"},"polymarket":{"condition_id","title","event","rules","end",
/// "outcomes"},"relation","tradeable"}`.
fn score(path: &Path, out: &mut impl Write) -> Result<i32> {
    let text = String::from_utf8(read(path)?)?;
    let mut pairs = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
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
        let page = polymarket::gamma_markets(&with_outcomes(body.to_string().as_bytes())?)?;
        let polymarket = page
            .items
            .into_iter()
            .next()
            .ok_or("a labelled Polymarket market could not be read")?;
        pairs.push((kalshi, polymarket, Label { relation, tradeable: labelled.tradeable }));
    }
    let mut score = Score::new();
    for (kalshi, polymarket, label) in &pairs {
        score.add(*label, &TermMatcher.judge(kalshi, polymarket));
    }
    writeln!(out, "## Terms, {} pairs\n\n{score}", pairs.len())?;
    // The baseline's threshold is the one that suits it best on these very pairs.
    let baseline = |threshold: f64| {
        let matcher = TfIdfMatcher::fit(pairs.iter().flat_map(|(k, p, _)| [k, p]), threshold);
        let mut score = Score::new();
        pairs.iter().for_each(|(k, p, label)| score.add(*label, &matcher.judge(k, p)));
        score
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Two Kalshi and two Polymarket markets in files of their own, and the approvals beside them.
    struct Desk {
        dir: tempfile::TempDir,
    }

    impl Desk {
        fn new() -> Self {
            let desk = Self { dir: tempfile::tempdir().unwrap() };
            let kalshi = |ticker: &str, who: &str| {
                serde_json::json!({"ticker": ticker, "status": "active", "close_time": "2027-11-01T00:00:00Z",
                    "title": format!("Will {who} win the 2026 Norwegian presidential election?"),
                    "rules_primary": format!("If {who} wins the 2026 Norwegian presidential election, then the market resolves to Yes.")})
            };
            let polymarket = |id: &str, slug: &str, who: &str| {
                serde_json::json!({"conditionId": id, "slug": slug, "outcomes": "[\"Yes\", \"No\"]", "endDate": "2026-09-14T00:00:00Z",
                    "question": format!("Will {who} win the 2026 Norwegian presidential election?"),
                    "description": format!("This market will resolve to \"Yes\" if {who} wins the 2026 presidential election in Norway.")})
            };
            let k = serde_json::json!({"markets": [kalshi("KXNOR-26-AB", "Ann Berg"), kalshi("KXNOR-26-OD", "Ola Dahl")]});
            let p = serde_json::json!([
                polymarket("0xab", "norway-ann-berg", "Ann Berg"),
                polymarket("0xod", "norway-ola-dahl", "Ola Dahl")
            ]);
            desk.write("k.json", &k.to_string());
            desk.write("p.json", &p.to_string());
            desk
        }

        fn path(&self, name: &str) -> String {
            self.dir.path().join(name).to_str().unwrap().to_owned()
        }

        fn write(&self, name: &str, text: &str) {
            std::fs::write(self.path(name), text).unwrap();
        }

        /// Runs the command line; the answer is its exit code and what it printed, or its error.
        fn run(&self, words: &[&str]) -> std::result::Result<(i32, String), String> {
            let (k, p, approvals) = (self.path("k.json"), self.path("p.json"), self.path("a.json"));
            let mut line = vec!["match", "--approvals", &approvals];
            if !words.contains(&"--kalshi") {
                line.extend(["--kalshi", &k, "--polymarket", &p]);
            }
            line.extend(words.iter().filter(|word| **word != "--kalshi"));
            let arguments = Arguments::try_parse_from(line).map_err(|error| error.to_string())?;
            let mut out = Vec::new();
            let code = super::run(&arguments, &mut out).map_err(|error| error.to_string())?;
            Ok((code, String::from_utf8(out).unwrap()))
        }

        fn file(&self) -> Option<String> {
            std::fs::read_to_string(self.path("a.json")).ok()
        }
    }

    #[test]
    fn decisions_are_made_kept_and_listed() {
        let desk = Desk::new();
        let (code, said) = desk
            .run(&["--approve", "KXNOR-26-OD", "norway-ola-dahl", "--note", "read both"])
            .unwrap();
        assert!(code == 0 && said.starts_with("probable equal"), "{said}");
        desk.run(&["--reject", "KXNOR-26-AB", "0xab"]).unwrap();
        let (_, list) = desk.run(&["--list"]).unwrap();
        let lines: Vec<&str> = list.lines().collect();
        assert!(
            lines[0].starts_with("rejected equal KXNOR-26-AB 0xab")
                && lines[0].contains("were rejected"),
            "{list}"
        );
        assert!(
            lines[1].starts_with("approved equal KXNOR-26-OD 0xod")
                && lines[1].ends_with("(read both): holds"),
            "{list}"
        );
        // Later words replace earlier ones; a changed text ends an approval.
        desk.run(&["--approve", "KXNOR-26-AB", "0xab"]).unwrap();
        let text = std::fs::read_to_string(desk.path("k.json")).unwrap();
        desk.write("k.json", &text.replace("If Ann Berg wins", "If Ann Berg or Per Lie wins"));
        let (_, list) = desk.run(&["--list"]).unwrap();
        assert!(list.lines().next().unwrap().contains("changed after the approval"), "{list}");
        assert!(desk.run(&["--list", "--kalshi"]).unwrap().1.contains("not in the listings given"));
    }

    #[test]
    fn the_file_does_not_depend_on_the_order_of_decisions() {
        let without_times = |desk: &Desk| {
            let text = desk.file().unwrap();
            text.lines().filter(|line| !line.contains("\"at\"")).collect::<Vec<_>>().join("\n")
        };
        let (one, other) = (Desk::new(), Desk::new());
        for (desk, order) in [(&one, ["AB", "OD"]), (&other, ["OD", "AB"])] {
            for who in order {
                desk.run(&[
                    "--approve",
                    &format!("KXNOR-26-{who}"),
                    &format!("0x{}", who.to_lowercase()),
                ])
                .unwrap();
            }
        }
        assert_eq!(without_times(&one), without_times(&other));
    }

    #[test]
    fn an_import_is_taken_whole_or_not_at_all() {
        let desk = Desk::new();
        desk.write("in.csv", "ticker,market,relation,note\nKXNOR-26-AB,norway-ann-berg\nKXNOR-26-OD,0xod,rejected,not yet\n");
        let csv = desk.path("in.csv");
        assert_eq!(
            desk.run(&["--import", &csv]).unwrap(),
            (0, "2 decisions taken over\n".to_owned())
        );
        let kept = desk.file();
        desk.write("in.csv", "KXNOR-26-AB,0xab,rejected\nKXNOR-26-ZZ,0xab\n");
        let error = desk.run(&["--import", &csv]).unwrap_err();
        assert!(
            error.contains("line 2")
                && error.contains("KXNOR-26-ZZ")
                && error.contains("nothing was taken over"),
            "{error}"
        );
        assert_eq!(desk.file(), kept);
    }

    #[test]
    fn errors_say_what_to_do_and_leave_the_file_alone() {
        let desk = Desk::new();
        for (words, said) in [
            (vec!["--approve", "KXNONE", "0xab"], "no Kalshi market KXNONE"),
            (vec!["--approve", "KXNOR-26-AB", "0xnone"], "no Polymarket market 0xnone"),
            (vec!["--approve", "KXNOR-26-AB", "0xod"], "only equal or complement"),
            (
                vec!["--approve", "KXNOR-26-AB", "0xab", "--kalshi"],
                "give --kalshi FILE and --polymarket FILE",
            ),
            (vec!["--approve", "KXNOR-26-AB"], "2 values required"),
            (vec!["--list", "--approve", "KXNOR-26-AB", "0xab"], "cannot be used with"),
            (
                vec!["--relation", "same", "--approve", "KXNOR-26-AB", "0xab"],
                "possible values: equal, complement",
            ),
            (vec!["--import", "/nonexistent.csv"], "/nonexistent.csv"),
        ] {
            let error = desk.run(&words).unwrap_err();
            assert!(error.contains(said), "{words:?}: {error}");
            assert_eq!(desk.file(), None, "{words:?}");
        }
        desk.write("a.json", "{\"v\":9}");
        assert!(desk.run(&["--list"]).unwrap_err().contains("version 9"));
    }

    #[test]
    fn every_candidate_or_the_given_pairs_are_judged() {
        let desk = Desk::new();
        let (code, said) = desk.run(&["--json"]).unwrap();
        let lines: Vec<Value> =
            said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!((code, lines.last().unwrap()["probable"].as_u64()), (0, Some(2)), "{said}");
        desk.write("pairs.json", r#"[{"kalshi":"KXNOR-26-AB","polymarket":"0xod"},{"kalshi":"KXNOR-26-AB","polymarket":"0xgone"}]"#);
        let (code, said) = desk.run(&["--json", "--judge", &desk.path("pairs.json")]).unwrap();
        let lines: Vec<Value> =
            said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!((code, lines.len()), (1, 2), "{said}");
        assert_eq!(
            (lines[0]["relation"].as_str(), lines[0]["verdict"].as_str()),
            (Some("disjoint"), Some("rejected"))
        );
        assert_eq!(lines[1]["missing"].as_u64(), Some(1));
    }
}

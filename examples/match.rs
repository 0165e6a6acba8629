//! Which Polymarket market is the same contract as which Kalshi market?
//!
//! ```text
//! cargo run --release --example match -- --kalshi K.json.gz --polymarket P.json.gz --json
//! cargo run --release --example match -- --kalshi K.json --polymarket P.json --judge pairs.json
//! cargo run --release --example match -- --kalshi K.json --polymarket P.json --approvals approvals.json --approve TICKER CONDITION_ID
//! cargo run --release --example match -- --kalshi K.json --polymarket P.json --approvals approvals.json --export-pairs pairs.json
//! cargo run --release --example match -- --score labelled.jsonl
//! ```

#![expect(clippy::print_stderr, reason = "a command line program speaks on standard error")]

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use clap::{ArgGroup, Parser};

use listings::Listings;

#[path = "match/deciding.rs"]
mod deciding;
#[path = "match/exporting.rs"]
mod exporting;
#[path = "match/judging.rs"]
mod judging;
#[path = "match/listing.rs"]
mod listing;
#[path = "match/listings.rs"]
mod listings;
#[path = "match/scoring.rs"]
mod scoring;
#[cfg(test)]
#[path = "match/tests.rs"]
mod tests;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Finds and judges pairs of markets, and keeps what an operator decided about them.
///
/// Exit code 0: done; 1: a pair asked for is not in the listings, or an approval does not hold; 2: nothing was done. Markets of a
/// listing that cannot be read are counted in the summary and named on standard error.
#[derive(Parser)]
#[command(name = "match")]
#[command(group(ArgGroup::new("task").multiple(false).args(["judge", "approve", "reject", "import", "list", "export_pairs", "approve_series", "settled", "score"])))]
#[command(group(ArgGroup::new("decision").multiple(true).args(["approve", "reject", "import"])))]
#[command(group(ArgGroup::new("approval").multiple(true).args(["approve", "import"])))]
struct Arguments {
    /// A Kalshi /markets body, plain or gzipped.
    #[arg(long, value_name = "FILE", conflicts_with = "score")]
    kalshi: Option<PathBuf>,
    /// An array of Gamma markets, plain or gzipped.
    #[arg(long, value_name = "FILE", conflicts_with = "score")]
    polymarket: Option<PathBuf>,
    /// Judge exactly these pairs: an array of {"kalshi": ticker, "polymarket": condition id or slug}.
    #[arg(long, value_name = "FILE")]
    judge: Option<PathBuf>,
    /// One JSON object a line.
    #[arg(long, conflicts_with = "score")]
    json: bool,
    /// The file of the operator's decisions. It is replaced whole, and locked meanwhile by a file beside it, FILE.lock.
    #[arg(long, value_name = "FILE", default_value = "approvals.json")]
    approvals: PathBuf,
    /// Approve a pair after reading both rules; may be given several times. What the judgement holds against it has to be
    /// overridden by name with --despite-veto.
    #[arg(long, num_args = 2, value_names = ["TICKER", "CONDITION_ID"])]
    approve: Vec<String>,
    /// Reject a pair; may be given several times. Markets that are no longer listed may be named, Polymarket's by condition id.
    #[arg(long, num_args = 2, value_names = ["TICKER", "CONDITION_ID"])]
    reject: Vec<String>,
    /// The relation of the pairs approved, where the judgement's is not the right one. If that one is equal or complement, or the
    /// pair is judged rejected, this takes --despite-veto relation.
    #[arg(long, value_parser = ["equal", "complement"], requires = "approve")]
    relation: Option<String>,
    /// Approve although the judgement speaks against the pairs by these terms (such as subject,window), which are kept with the
    /// approval: it lapses when another one does. With --import for every line.
    #[arg(long, value_name = "TERMS", value_delimiter = ',', requires = "approval")]
    despite_veto: Vec<String>,
    /// Why, to be kept with the decisions; with --import for lines that have no note.
    #[arg(long, default_value = "", requires = "decision")]
    note: String,
    /// List all decisions and whether each still holds for the given listings.
    #[arg(long)]
    list: bool,
    /// Take over decisions, all or none: lines of ticker,condition id or slug[,equal|complement|rejected[,note]]. A pair that is
    /// judged rejected is refused unless --despite-veto names why.
    #[arg(long, value_name = "CSV")]
    import: Option<PathBuf>,
    /// Write the pairs that are approved, by themselves or by a template, and hold for the given listings, as the pairs file that
    /// `scan --pairs` reads. FILE is replaced whole; the others are named on standard error.
    #[arg(long, value_name = "FILE")]
    export_pairs: Option<PathBuf>,
    /// Approve a whole series by an approved pair of it: pairs whose slug begins with SLUG_PREFIX, that are probable and whose
    /// rules keep the shape.
    #[arg(long, num_args = 3, value_names = ["TICKER", "CONDITION_ID", "SLUG_PREFIX"])]
    approve_series: Vec<String>,
    /// Count a settled pair of an approved series: the last word is alike or differently; one that settled differently ends the
    /// series' approval. A pair said twice counts once.
    #[arg(long, num_args = 3, value_names = ["TICKER", "CONDITION_ID", "HOW"])]
    settled: Vec<String>,
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
        return scoring::run(path, out);
    }
    if arguments.list {
        return listing::run(arguments, out);
    }
    if let Some(path) = &arguments.export_pairs {
        return exporting::run(arguments, path, out);
    }
    let decides =
        [&arguments.approve, &arguments.reject, &arguments.approve_series, &arguments.settled];
    if arguments.import.is_some() || decides.iter().any(|ids| !ids.is_empty()) {
        return deciding::run(arguments, out);
    }
    let (Some(k), Some(p)) = (&arguments.kalshi, &arguments.polymarket) else {
        return Err(
            "give --kalshi FILE and --polymarket FILE, or --score FILE (--help lists all)".into()
        );
    };
    let started = Instant::now();
    let listings = Listings::read(Some(k), Some(p))?;
    eprintln!("read and indexed both listings in {:.3} s", started.elapsed().as_secs_f64());
    judging::run(&listings, arguments.judge.as_deref(), arguments.json, out)
}

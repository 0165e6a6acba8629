//! The command line of `scan`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arb_normalize::{Usd, Venue};
use arb_scan::{Detector, MaxAge, detect};
use clap::Parser;

use crate::failure::Failure;

/// Scans Kalshi and Polymarket for trades that pay in every outcome.
///
/// With no arguments two simulated venues start on this machine and everything runs against them: no server, no key, no
/// network. No order is ever placed.
#[derive(Debug, Clone, Parser)]
#[command(name = "scan", version)]
pub struct Args {
    /// End by itself after this time, for example 30s or 5m.
    #[arg(long = "for", value_name = "TIME", value_parser = duration)]
    pub run_for: Option<Duration>,

    /// Use the real venues; wants a Kalshi key (KALSHI_KEY_ID, KALSHI_PRIVATE_KEY_PATH) and --pairs.
    #[arg(long)]
    pub live: bool,

    /// With --live: Kalshi's demo hosts and a demo key.
    #[arg(long, requires = "live")]
    pub demo: bool,

    /// With --live, and without any key: Polymarket live, Kalshi by public REST, marked DELAYED and never priced.
    #[arg(long, requires = "live", conflicts_with = "demo")]
    pub watch: bool,

    /// Replay recordings (.jsonl or .jsonl.gz) instead, one after the other, as fast as it goes.
    #[arg(long, value_name = "CAPTURE", num_args = 1.., conflicts_with_all = ["live", "run_for"])]
    pub replay: Vec<PathBuf>,

    /// The operator's approved pairs (JSON).
    #[arg(long, value_name = "FILE")]
    pub pairs: Option<PathBuf>,

    /// Groups and chains of markets to look at besides the pairs (JSON); needs --classes all.
    #[arg(long, value_name = "FILE")]
    pub sets: Option<PathBuf>,

    /// One JSON object a line on standard output, and nothing else there.
    #[arg(long, requires = "replay")]
    pub json: bool,

    /// Which classes speak: cross_venue, or all: groups, chains and conversions of --sets too.
    #[arg(long, value_name = "CLASSES", default_value = "cross_venue", value_parser = ["cross_venue", "all"])]
    pub classes: String,

    /// Also resting orders that would earn something when they fill and are hedged, looked at this often (once a second if no time
    /// is given): lines of kind quote with --json, a table on the status page of running venues.
    #[arg(long, value_name = "TIME", num_args = 0..=1, default_missing_value = "1s", value_parser = duration)]
    pub quotes: Option<Duration>,

    /// Do not price books whose last message is older than this; "kalshi=5s" or "polymarket=30s" says it for one venue alone, once
    /// more for the other. Running venues: 5m unless it is given; recordings: any age.
    #[arg(long, value_name = "[VENUE=]TIME", value_parser = age)]
    pub max_age: Vec<VenueAge>,

    /// Do not price two books whose last messages are further apart than this. Unless it is given they may be.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub max_skew: Option<Duration>,

    /// Lay out at most so many dollars for one trade. Running venues: 10000 unless it is given; recordings: without limit.
    #[arg(long, value_name = "DOLLARS")]
    pub max_position: Option<Usd>,

    /// Publish only trades that net at least so many dollars. Running venues: 0.50 unless it is given; recordings: anything above
    /// 0.
    #[arg(long, value_name = "DOLLARS")]
    pub min_net: Option<Usd>,

    /// Share results through this Redis instead of keeping them in memory.
    #[arg(long, value_name = "URL")]
    pub redis: Option<String>,

    /// Where the status page listens; "off" serves none.
    #[arg(long, value_name = "ADDRESS")]
    pub status: Option<String>,

    /// Record everything received and sent into files (.jsonl.gz) in this folder.
    #[arg(long, value_name = "FOLDER", conflicts_with = "replay")]
    pub record: Option<PathBuf>,

    /// A configuration file (TOML); flags and environment variables win over it.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Show each setting, its value and where it came from, and end.
    #[arg(long)]
    pub print_config: bool,
}

impl Args {
    /// The file of sets.
    ///
    /// # Errors
    /// When its classes do not speak.
    pub fn sets(&self) -> Result<Option<&Path>, Failure> {
        match &self.sets {
            Some(path) if self.classes != "all" => Err(Failure::usage(format!(
                "--sets {} says nothing without --classes all",
                path.display()
            ))),
            path => Ok(path.as_deref()),
        }
    }

    /// How old books may be: these limits, with the flags over them, the later the more.
    pub fn max_age(&self, mut limits: MaxAge) -> MaxAge {
        for (venue, limit) in &self.max_age {
            match venue {
                Some(venue) => limits.set(*venue, Some(*limit)),
                None => limits = MaxAge::everywhere(*limit),
            }
        }
        limits
    }

    /// The classes that speak.
    pub fn detectors(&self) -> Vec<Arc<dyn Detector>> {
        if self.classes == "all" { detect::all() } else { vec![Arc::new(detect::CrossVenue)] }
    }
}

/// How old the books of a venue, or of all, may be.
pub type VenueAge = (Option<Venue>, Duration);

/// Reads `5s` or `kalshi=5s`.
fn age(text: &str) -> Result<VenueAge, String> {
    match text.split_once('=') {
        None => Ok((None, duration(text)?)),
        Some((name, time)) => {
            let venue = Venue::ALL.into_iter().find(|venue| venue.as_str() == name);
            let venue = venue.ok_or_else(|| format!("{name} is no venue: kalshi or polymarket"))?;
            Ok((Some(venue), duration(time)?))
        }
    }
}

/// Reads `500ms`, `30s`, `5m`, `1h 30m`.
pub fn duration(text: &str) -> Result<Duration, String> {
    let example = "expected a time such as 500ms, 30s or 5m";
    let span: jiff::SignedDuration = text.parse().map_err(|_| example.to_owned())?;
    Duration::try_from(span).map_err(|_| format!("a time is not negative: {example}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_limited_everywhere_or_on_one_venue_and_the_later_flag_wins() {
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        let limits = |flags: &[&str]| {
            let flags = flags.iter().flat_map(|flag| ["--max-age", flag]);
            let args = Args::try_parse_from(["scan"].into_iter().chain(flags)).ok()?;
            let limits = args.max_age(MaxAge::everywhere(Duration::from_secs(300)));
            Some((limits.kalshi, limits.polymarket))
        };
        assert_eq!(limits(&[]), Some((seconds(300), seconds(300))));
        assert_eq!(limits(&["5s"]), Some((seconds(5), seconds(5))));
        assert_eq!(limits(&["polymarket=30s"]), Some((seconds(300), seconds(30))));
        assert_eq!(limits(&["5s", "kalshi=2s"]), Some((seconds(2), seconds(5))));
        assert_eq!(limits(&["kalshi=2s", "5s"]), Some((seconds(5), seconds(5))));
        assert_eq!(limits(&["nyse=2s"]), None);
        assert_eq!(limits(&["kalshi=soon"]), None);
    }
}

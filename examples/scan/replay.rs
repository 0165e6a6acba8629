//! Recordings through the pipeline, one after the other, as fast as it goes.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write, stdout};
use std::path::Path;

use arb_normalize::{Opportunity, Timestamp, Venue};
use arb_scan::{Change, Closed, Found, Limits, Pipeline, PipelineConfig, Sink, pairs, report};
use flate2::bufread::MultiGzDecoder;
use serde::Deserialize;

use crate::args::Args;
use crate::failure::Failure;
use crate::terminal;

/// A line of a recording, as far as a replay needs it.
#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    received_at_ns: i64,
    #[serde(default)]
    venue: Option<Venue>,
    #[serde(default)]
    connection: u32,
    #[serde(default)]
    frame: Option<String>,
    #[serde(default)]
    sent: Option<String>,
    #[serde(default)]
    event: Option<String>,
    #[serde(default)]
    rest: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    meta: Option<serde::de::IgnoredAny>,
}

/// Writes opportunities as JSON lines, or as text for a person.
struct Lines<W> {
    out: W,
    json: bool,
    /// The first failure to write.
    broken: Option<std::io::Error>,
}

impl<W: Write> Lines<W> {
    fn keep(&mut self, result: std::io::Result<()>) {
        if let Err(error) = result {
            self.broken.get_or_insert(error);
        }
    }
}

impl<W: Write> Sink for Lines<W> {
    fn on_opportunity(&mut self, found: &Found<'_>) {
        let opportunity = found.opportunity;
        let result = if self.json {
            report::opportunity(&mut self.out, opportunity)
        } else {
            let word = if found.change == Change::Opened { "opened " } else { "changed" };
            writeln!(self.out, "REPLAY {word} {}", describe(opportunity))
        };
        self.keep(result);
    }

    fn on_closed(&mut self, closed: &Closed) {
        let result = if self.json {
            report::closed(&mut self.out, closed)
        } else {
            let lasted = closed.lasted.map(|d| format!(" after {:.3} s", d.as_secs_f64()));
            writeln!(
                self.out,
                "REPLAY closed  {} {}{} best net ${}",
                closed.id,
                closed.reason.as_str(),
                lasted.unwrap_or_default(),
                closed.best_net_usd
            )
        };
        self.keep(result);
    }
}

/// One opportunity in a line of text.
pub fn describe(opportunity: &Opportunity) -> String {
    let legs: Vec<String> = opportunity
        .legs
        .iter()
        .map(|leg| format!("{} {} ≤ {}", leg.venue, leg.outcome, leg.limit))
        .collect();
    format!(
        "{}: {} × ({}) net ${} after fees of ${}",
        opportunity.id,
        opportunity.quantity,
        legs.join(" + "),
        opportunity.net_usd,
        opportunity.fees_usd
    )
}

/// Replays the recordings of the command line.
pub fn run(args: &Args) -> Result<(), Failure> {
    let mut limits = Limits::default();
    limits.max_age = args.max_age;
    limits.max_skew = args.max_skew;
    limits.max_position = args.max_position;
    limits.min_net = args.min_net;
    let lines = Lines { out: BufWriter::new(stdout().lock()), json: args.json, broken: None };
    let mut pipeline = Pipeline::new(PipelineConfig::default().with_limits(limits), lines);
    if let Some(path) = &args.pairs {
        pipeline.replace_pairs(read_pairs(path)?);
    }
    let mut bad_lines = 0;
    let mut readable = 0_u64;
    let mut first_connection = [0_u32; 2];
    for path in &args.replay {
        let (good, bad) = replay_file(path, &mut pipeline, &mut first_connection)?;
        readable += good;
        bad_lines += bad;
    }
    if readable == 0 {
        let names: Vec<String> = args.replay.iter().map(|p| p.display().to_string()).collect();
        return Err(Failure::usage(format!(
            "no readable line in {}: expected JSON lines with received_at_ns, venue, connection and frame",
            names.join(", ")
        )));
    }
    warn_of_unknown_pairs(&pipeline);
    let counts = *pipeline.counts();
    let mut last_line = Vec::new();
    let books = Venue::ALL.map(|venue| pipeline.board().books(venue));
    let summed = report::summary(&mut last_line, &counts, bad_lines, &books);
    let lines = pipeline.sink_mut();
    lines.keep(summed);
    if lines.json {
        let result = lines.out.write_all(&last_line);
        lines.keep(result);
    } else {
        let result = writeln!(
            lines.out,
            "REPLAY {} frames ({} unknown, {} malformed, {bad_lines} bad lines), {} duplicates, {} gaps, {} resyncs; {} episodes, best net {}",
            counts.frames(),
            counts.unknown,
            counts.malformed,
            counts.duplicates,
            counts.gaps,
            counts.resyncs,
            counts.episodes,
            counts.best_net_usd.map_or_else(|| "-".to_owned(), |net| format!("${net}"))
        );
        lines.keep(result);
    }
    let flushed = lines.out.flush();
    lines.keep(flushed);
    match lines.broken.take() {
        // Whoever read our output has had enough.
        Some(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        Some(error) => Err(Failure::run(format!("standard output cannot be written: {error}"))),
        None => Ok(()),
    }
}

/// Reads a pairs file.
pub fn read_pairs(path: &Path) -> Result<Vec<arb_scan::PairSpec>, Failure> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::usage(format!("pairs file {shown} cannot be read: {error}")))?;
    pairs::parse(&text).map_err(|error| Failure {
        code: 2,
        ..Failure::from_error(&format!("pairs file {shown}"), &error)
    })
}

/// Feeds one recording; gives its readable and its bad lines.
fn replay_file<W: Write>(
    path: &Path,
    pipeline: &mut Pipeline<Lines<W>>,
    first_connection: &mut [u32; 2],
) -> Result<(u64, u64), Failure> {
    let mut reader = open(path)?;
    let (mut good, mut bad) = (0, 0);
    let mut next_connection = *first_connection;
    let mut text = Vec::new();
    loop {
        text.clear();
        match reader.read_until(b'\n', &mut text) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) => {
                // A recorder that was killed leaves a torn end; what came before it counts.
                terminal::complain(&format!(
                    "{}: the rest cannot be read: {error}",
                    path.display()
                ));
                bad += 1;
                break;
            }
        }
        if text.trim_ascii().is_empty() {
            continue;
        }
        match serde_json::from_slice::<Line>(&text) {
            Ok(line) if feed(&line, pipeline, *first_connection, &mut next_connection) => good += 1,
            _ => bad += 1,
        }
    }
    *first_connection = next_connection;
    Ok((good, bad))
}

/// Gives a line to the pipeline; says whether it was one.
fn feed<W: Write>(
    line: &Line,
    pipeline: &mut Pipeline<Lines<W>>,
    first_connection: [u32; 2],
    next_connection: &mut [u32; 2],
) -> bool {
    if line.meta.is_some() {
        return true;
    }
    let Some(venue) = line.venue else { return false };
    if line.rest.is_some() {
        return true;
    }
    let at = Timestamp::from_nanos(line.received_at_ns);
    let connection = first_connection[venue.index()].saturating_add(line.connection);
    let next = &mut next_connection[venue.index()];
    *next = (*next).max(connection.saturating_add(1));
    match (&line.frame, &line.sent, line.event.as_deref()) {
        (Some(frame), _, _) => pipeline.on_frame(venue, connection, at, frame.as_bytes()),
        (None, Some(sent), _) => pipeline.on_sent(venue, connection, sent.as_bytes()),
        (None, None, Some("open")) => pipeline.on_open(venue, connection, at),
        (None, None, Some("close")) => pipeline.on_close(venue, connection, at),
        _ => return false,
    }
    true
}

fn open(path: &Path) -> Result<Box<dyn BufRead>, Failure> {
    let shown = path.display();
    let unreadable = |error: std::io::Error| {
        Failure::usage(format!("recording {shown} cannot be read: {error}"))
    };
    let mut file = BufReader::with_capacity(1 << 18, File::open(path).map_err(unreadable)?);
    let packed = file.fill_buf().map_err(unreadable)?.starts_with(&[0x1f, 0x8b]);
    if packed {
        Ok(Box::new(BufReader::with_capacity(1 << 18, MultiGzDecoder::new(file))))
    } else {
        Ok(Box::new(file))
    }
}

/// Pairs whose markets the recordings do not hold cannot be judged; that is said, not guessed.
fn warn_of_unknown_pairs<S: Sink>(pipeline: &Pipeline<S>) {
    for spec in pipeline.board().pairs() {
        let unknown = |venue, market: &str| {
            pipeline
                .board()
                .books(venue)
                .book_id(market)
                .is_none()
                .then(|| format!("{venue}/{market}"))
        };
        let missing: Vec<String> = [
            unknown(Venue::Kalshi, &spec.pair.kalshi),
            unknown(Venue::Polymarket, &spec.pair.polymarket_yes),
        ]
        .into_iter()
        .flatten()
        .collect();
        if !missing.is_empty() {
            terminal::complain(&format!(
                "pair {}: the recordings hold no book of {}; check the pairs file",
                spec.pair.id,
                missing.join(" and ")
            ));
        }
    }
}

//! Recordings through the pipeline, one after the other, as fast as it goes.

use std::io::{BufWriter, Write, stdout};
use std::path::Path;
use std::time::Duration;

use arb_normalize::opportunity::Action;
use arb_normalize::{Opportunity, Timestamp, Venue};
use arb_scan::{
    Change, Closed, Found, Life, LifeConfig, Limits, Lives, MarketSet, Pipeline, PipelineConfig,
    QuoteConfig, Sink, pairs, report, sets,
};
use arb_ws::capture::{CaptureReader, Line};

use crate::args::Args;
use crate::failure::Failure;
use crate::quotes::QuoteLines;
use crate::terminal;

/// Latencies of orders that a recording is studied for: in the frame's own instant, and as a program nearby or far away would be.
const LATENCIES_MS: [u64; 4] = [0, 50, 250, 1_000];

/// The largest connection number that is believed.
const CONNECTIONS: u32 = 65_535;

/// Writes opportunities as JSON lines, or as text for a person.
struct Lines<W> {
    out: W,
    json: bool,
    /// Lives of trades as people see them; for text only.
    lives: Lives,
    ended: Vec<Life>,
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
            self.ended.extend(self.lives.on_opportunity(found));
            let word = if found.change == Change::Opened { "opened " } else { "changed" };
            writeln!(self.out, "REPLAY {word} {}", describe(opportunity))
        };
        self.keep(result);
    }

    fn on_closed(&mut self, closed: &Closed) {
        let result = if self.json {
            report::closed(&mut self.out, closed)
        } else {
            self.lives.on_closed(closed);
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
        .map(|leg| match leg.action {
            Action::Buy => format!("{} {} ≤ {}", leg.venue, leg.outcome, leg.limit),
            Action::Sell => format!("{} sell {} ≥ {}", leg.venue, leg.outcome, leg.limit),
        })
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

/// Replays the recordings of the command line to standard output.
pub fn run(args: &Args) -> Result<(), Failure> {
    write(args, BufWriter::with_capacity(1 << 16, stdout().lock()))
}

/// How trades are judged: as the flags say, and nothing is taken for a mistake.
fn judging(args: &Args) -> PipelineConfig {
    let mut limits = Limits::default();
    limits.max_age = args.max_age(limits.max_age);
    limits.max_skew = args.max_skew;
    limits.max_position = args.max_position;
    limits.min_net = args.min_net;
    let mut config = PipelineConfig::default().with_limits(limits).with_detectors(args.detectors());
    if args.quotes.is_some() {
        config = config.with_quoting(QuoteConfig::default());
    }
    if !args.json {
        config.latencies = LATENCIES_MS.map(Duration::from_millis).to_vec();
    }
    config
}

/// Replays the recordings of the command line.
pub fn write(args: &Args, out: impl Write) -> Result<(), Failure> {
    let lines = Lines {
        out,
        json: args.json,
        lives: Lives::new(LifeConfig::default()),
        ended: Vec::new(),
        broken: None,
    };
    let mut pipeline = Pipeline::new(judging(args), lines);
    if let Some(path) = &args.pairs {
        pipeline.replace_pairs(read_pairs(path)?);
    }
    if let Some(path) = args.sets()? {
        pipeline.replace_sets(read_sets(path)?);
        for refused in pipeline.board().refused() {
            terminal::complain(&refused.to_string());
        }
    }
    let mut player = Player::default();
    let mut quotes = args.quotes.map(|every| QuoteLines::new(every, args.json));
    for path in &args.replay {
        player.play(path, &mut pipeline, |pipeline| {
            if let Some(quotes) = &mut quotes {
                let lines = quotes.after_frame(pipeline);
                let sink = pipeline.sink_mut();
                let written = lines.and_then(|lines| sink.out.write_all(&lines));
                sink.keep(written);
            }
        })?;
    }
    if player.good_lines == 0 {
        let names: Vec<String> = args.replay.iter().map(|p| p.display().to_string()).collect();
        return Err(Failure::usage(format!(
            "no readable line in {}: expected JSON lines with received_at_ns, venue, connection and frame",
            names.join(", ")
        )));
    }
    warn_of_unknown_pairs(&pipeline);
    summarise(&mut pipeline, player.bad_lines);
    let lines = pipeline.sink_mut();
    let flushed = lines.out.flush();
    lines.keep(flushed);
    match lines.broken.take() {
        // Whoever read our output has had enough.
        Some(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        Some(error) => Err(Failure::run(format!("standard output cannot be written: {error}"))),
        None => Ok(()),
    }
}

fn summarise<W: Write>(pipeline: &mut Pipeline<Lines<W>>, bad_lines: u64) {
    let counts = *pipeline.counts();
    let mut last_line = Vec::new();
    let books = Venue::ALL.map(|venue| pipeline.board().books(venue));
    let summed = report::summary(&mut last_line, &counts, bad_lines, &books);
    let lines = pipeline.sink_mut();
    lines.keep(summed);
    if !lines.json {
        last_line.clear();
        let result = writeln!(
            last_line,
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
        let result = study(pipeline, &mut last_line);
        pipeline.sink_mut().keep(result);
    }
    let lines = pipeline.sink_mut();
    let result = lines.out.write_all(&last_line);
    lines.keep(result);
}

/// What a person wants to know of a recording: lives, survival, dollars that late orders could have taken, and what almost paid.
fn study<W: Write>(pipeline: &mut Pipeline<Lines<W>>, out: &mut Vec<u8>) -> std::io::Result<()> {
    let at = pipeline.now();
    let lines = pipeline.sink_mut();
    let left = lines.lives.finish(at);
    lines.ended.extend(left);
    let lives = &lines.ended;
    if !lives.is_empty() {
        let seconds = |span: Duration| span.as_secs_f64();
        writeln!(
            out,
            "REPLAY {} lives (gaps up to {} s belong to one): {:.1} s there, {:.1} s above half of the peak, {:.0} dollar-seconds",
            lives.len(),
            seconds(LifeConfig::default().gap_max),
            lives.iter().map(|life| seconds(life.open_for)).sum::<f64>(),
            lives.iter().map(|life| seconds(life.above_half_for)).sum::<f64>(),
            lives.iter().map(|life| life.dollar_seconds).sum::<f64>(),
        )?;
        let survival: Vec<String> = lines
            .lives
            .survival()
            .iter()
            .filter_map(|step| {
                let share = step.share()? * 100.0;
                Some(format!("{} {share:.0} % of {}", seconds(step.after), step.known))
            })
            .collect();
        let finest = lines.lives.resolution().map_or_else(
            || "how often the books spoke is not known".to_owned(),
            |resolution| format!("half of the episodes are known to {resolution:?} or finer"),
        );
        writeln!(out, "REPLAY still there after s: {} ({finest})", survival.join(", "))?;
    }
    for captured in pipeline.captured().filter(|captured| captured.filled + captured.missed > 0) {
        writeln!(
            out,
            "REPLAY orders {} ms late take ${} once: {} trades filled, {} missed",
            captured.latency.as_millis(),
            captured.net_usd,
            captured.filled,
            captured.missed
        )?;
    }
    for miss in pipeline.near_misses() {
        writeln!(out, "REPLAY best of the last day {}/{}: {miss}", miss.pair, miss.direction)?;
    }
    Ok(())
}

/// Reads a pairs file.
pub fn read_pairs(path: &Path) -> Result<Vec<arb_scan::PairSpec>, Failure> {
    read_entries(path).map(|(pairs, _)| pairs)
}

/// Reads a pairs file, and each pair's entry as it stands there.
pub fn read_entries(
    path: &Path,
) -> Result<(Vec<arb_scan::PairSpec>, Vec<serde_json::Value>), Failure> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::usage(format!("pairs file {shown} cannot be read: {error}")))?;
    let refused = |error: &dyn std::error::Error| Failure {
        code: 2,
        ..Failure::from_error(&format!("pairs file {shown}"), error)
    };
    let pairs = pairs::parse(&text).map_err(|error| refused(&error))?;
    let entries = serde_json::from_str(&text).map_err(|error| refused(&error))?;
    Ok((pairs, entries))
}

/// Reads a file of sets.
pub fn read_sets(path: &Path) -> Result<Vec<MarketSet>, Failure> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::usage(format!("sets file {shown} cannot be read: {error}")))?;
    sets::parse(&text).map_err(|error| Failure {
        code: 2,
        ..Failure::from_error(&format!("sets file {shown}"), &error)
    })
}

/// Feeds recordings into a pipeline, each with connections of its own.
#[derive(Debug, Default)]
pub struct Player {
    /// Lines that were understood.
    pub good_lines: u64,
    /// Lines that were not; the rest of the recording was.
    pub bad_lines: u64,
    /// The first free connection number by venue.
    free: [u32; 2],
}

impl Player {
    /// Feeds one recording; `after` is called after each of its lines.
    pub fn play<S: Sink>(
        &mut self,
        path: &Path,
        pipeline: &mut Pipeline<S>,
        mut after: impl FnMut(&mut Pipeline<S>),
    ) -> Result<(), Failure> {
        let reader = CaptureReader::open(path)
            .map_err(|error| Failure { code: 2, ..Failure::from_error("the recording", &error) })?;
        let base = self.free;
        for venue in Venue::ALL {
            for connection in 0..base[venue.index()] {
                pipeline.on_recording_end(venue, connection);
            }
        }
        for line in reader {
            match line {
                Ok(line) if self.feed(&line, base, pipeline) => {
                    self.good_lines += 1;
                    after(pipeline);
                }
                Ok(_) => self.bad_lines += 1,
                Err(error) => {
                    self.bad_lines += 1;
                    terminal::complain(&format!("{}: {error}", path.display()));
                }
            }
        }
        Ok(())
    }

    /// Gives a line to the pipeline; says whether it was of a known venue.
    fn feed<S: Sink>(&mut self, line: &Line, base: [u32; 2], pipeline: &mut Pipeline<S>) -> bool {
        let (Line::Frame { at, .. }
        | Line::Sent { at, .. }
        | Line::Open { at, .. }
        | Line::Close { at, .. }) = line
        else {
            // What REST said and what the recorder was is not needed to judge the frames.
            return true;
        };
        let venue = match at.venue.parse::<Venue>() {
            Ok(venue) => venue,
            Err(unknown) => {
                terminal::complain(&format!("a line is left out: {unknown}"));
                return false;
            }
        };
        if at.connection > CONNECTIONS {
            terminal::complain(&format!(
                "a line is left out: connection {} is beyond {CONNECTIONS}",
                at.connection
            ));
            return false;
        }
        let received_at = Timestamp::from_nanos(at.received_at_ns);
        let connection = base[venue.index()].saturating_add(at.connection);
        let free = &mut self.free[venue.index()];
        *free = (*free).max(connection.saturating_add(1));
        match line {
            Line::Frame { frame, .. } => {
                pipeline.on_frame(venue, connection, received_at, frame.as_bytes());
            }
            Line::Sent { sent, .. } => pipeline.on_sent(venue, connection, sent.as_bytes()),
            Line::Open { .. } => pipeline.on_open(venue, connection, received_at),
            Line::Close { .. } => pipeline.on_close(venue, connection, received_at),
            _ => {}
        }
        true
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

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[test]
    fn nothing_in_a_recording_is_too_good_to_be_true() {
        for flags in [&[][..], &["--json"], &["--classes", "all", "--quotes"]] {
            let all = ["scan", "--replay", "capture.jsonl"].iter().chain(flags);
            assert_eq!(judging(&Args::parse_from(all)).quarantine, None, "{flags:?}");
        }
    }
}

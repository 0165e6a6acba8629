//! Fits slippage coefficients to a recording and prints how good they are.
//!
//! ```text
//! cargo run --release --example calibrate -- capture.jsonl.gz [--every 1] [--tick 0.01]
//! ```
//!
//! Every market of a venue is one recording; markets with too little in them are listed and left out.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a report for the terminal")]

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;

use arb_normalize::books::{Books, FrameReport};
use arb_normalize::decode::{Decode, decoder};
use arb_normalize::{Timestamp, Venue};
use arb_risk::calibrate::{CalibrateConfig, Calibration, RecordedBook, calibrate};
use arb_ws::capture::{CaptureReader, Line};
use clap::Parser;

/// Fits slippage coefficients to a recording and prints how good they are.
#[derive(Debug, Parser)]
struct Arguments {
    /// Captures (.jsonl or .jsonl.gz).
    #[arg(required = true)]
    captures: Vec<PathBuf>,
    /// Seconds between two questions.
    #[arg(long, default_value_t = 1)]
    every: u64,
    /// The smallest step of the prices, dollars.
    #[arg(long, default_value_t = 0.01)]
    tick: f64,
}

type Recordings = BTreeMap<(Venue, String), Vec<RecordedBook>>;

/// The decoders and books of one capture.
struct Reader {
    books: BTreeMap<Venue, Books>,
    decoders: BTreeMap<(Venue, u32), Box<dyn Decode>>,
    report: FrameReport,
    /// A book is kept at most so often.
    spacing: Duration,
}

impl Reader {
    fn line(&mut self, line: &Line, recordings: &mut Recordings) {
        let (Line::Frame { at, .. }
        | Line::Sent { at, .. }
        | Line::Open { at, .. }
        | Line::Close { at, .. }) = line
        else {
            return;
        };
        let connection = at.connection;
        let (Ok(venue), at) = (at.venue.parse(), Timestamp::from_nanos(at.received_at_ns)) else {
            return;
        };
        let decoder = self.decoders.entry((venue, connection)).or_insert_with(|| decoder(venue));
        let books = self.books.entry(venue).or_insert_with(|| Books::new(venue));
        match line {
            Line::Frame { frame, .. } => {
                let Ok(decoded) = decoder.decode(frame.as_bytes()) else { return };
                books.apply(connection, at, &decoded, &mut self.report);
            }
            // What we asked for says in whose prices the answers are.
            Line::Sent { sent, .. } => return decoder.note_sent(sent.as_bytes()),
            Line::Open { .. } => return books.connection_opened(connection, at),
            Line::Close { .. } => books.connection_closed(connection, at, &mut self.report),
            _ => {}
        }
        self.keep(venue, at, recordings);
    }

    /// Keeps the books that the last line touched.
    fn keep(&self, venue: Venue, at: Option<Timestamp>, recordings: &mut Recordings) {
        let Some(books) = self.books.get(&venue) else { return };
        for id in &self.report.touched {
            let tracked = books.get(*id);
            let (Some(at), true) = (at, tracked.is_priceable()) else { continue };
            let recording = recordings.entry((venue, books.market(*id).to_owned())).or_default();
            let due = recording.last().is_none_or(|last| at.since(last.at) >= self.spacing);
            if due {
                recording.push(RecordedBook { at, book: tracked.book().clone() });
            }
        }
    }
}

fn read(path: &Path, spacing: Duration, recordings: &mut Recordings) -> Result<(), Box<dyn Error>> {
    let mut reader = Reader {
        books: BTreeMap::new(),
        decoders: BTreeMap::new(),
        report: FrameReport::default(),
        spacing,
    };
    for line in CaptureReader::open(path)? {
        match line {
            Ok(line) => reader.line(&line, recordings),
            Err(bad) => eprintln!("{}: {bad}", path.display()),
        }
    }
    Ok(())
}

fn print(name: &str, fit: &Calibration) {
    println!(
        "{name}: linear {:.4}, sqrt_coeff {:.4}, timing_k {:.2}; {} fitted, {} held out: bias {:+.3} c, \
         coverage {:.1} % of 90, error {:.3} c ({:.3} c without impact), {:.1} % no longer held",
        fit.impact.linear,
        fit.impact.sqrt_coeff,
        fit.timing_k,
        fit.fitted,
        fit.held_out,
        fit.bias * 100.0,
        fit.coverage * 100.0,
        fit.error * 100.0,
        fit.error_without * 100.0,
        fit.unfilled * 100.0,
    );
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let config = CalibrateConfig {
        spacing: Duration::from_secs(arguments.every),
        tick: arguments.tick,
        ..CalibrateConfig::default()
    };
    let fastest = config.latencies.iter().min().copied().unwrap_or_default();
    let mut recordings = Recordings::new();
    for capture in &arguments.captures {
        read(capture, fastest, &mut recordings)?;
    }
    for venue in Venue::ALL {
        let mut of_venue = Vec::new();
        for ((_, market), recording) in recordings.iter().filter(|((of, _), _)| *of == venue) {
            let recording = vec![recording.clone()];
            match calibrate(&recording, &config) {
                Ok(fit) => print(&format!("{venue}/{market}"), &fit),
                Err(error) => println!("{venue}/{market}: {error}"),
            }
            of_venue.extend(recording);
        }
        if of_venue.len() > 1
            && let Ok(fit) = calibrate(&of_venue, &config)
        {
            print(&format!("{venue}, all markets"), &fit);
        }
    }
    Ok(())
}

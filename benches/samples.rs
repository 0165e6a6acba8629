//! Real messages to hold contenders to.

use std::io::Read;
use std::path::Path;

use arb_normalize::Venue;
use serde::Deserialize;

use crate::stream::Frame;

#[derive(Deserialize)]
struct Line {
    venue: Option<Venue>,
    frame: Option<String>,
}

/// Every market-data sample of the decoders' tests, and the frames of the recordings that `ARB_CAPTURES` names (paths of
/// `.jsonl` or `.jsonl.gz` files, separated by colons).
#[must_use]
pub fn frames() -> Vec<Frame> {
    let mut frames = Vec::new();
    let samples =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/arb-normalize/tests/samples");
    for venue in Venue::ALL {
        let Ok(files) = std::fs::read_dir(samples.join(venue.as_str())) else { continue };
        let mut paths: Vec<_> = files.filter_map(|file| Some(file.ok()?.path())).collect();
        paths.sort();
        for path in paths {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let book = ["orderbook_delta", "orderbook_snapshot", "book", "price_change"];
            if name.starts_with("ws_") && book.iter().any(|word| name.contains(word)) {
                let text = std::fs::read_to_string(&path).unwrap_or_default();
                frames.push(Frame { venue, pair: 0, text });
            }
        }
    }
    assert!(!frames.is_empty(), "no samples in {}", samples.display());
    for path in std::env::var("ARB_CAPTURES").unwrap_or_default().split(':') {
        if !path.is_empty() {
            recording(Path::new(path), &mut frames);
        }
    }
    frames
}

fn recording(path: &Path, frames: &mut Vec<Frame>) {
    let bytes = std::fs::read(path).unwrap_or_default();
    let mut text = String::new();
    let read = if path.extension().is_some_and(|extension| extension == "gz") {
        flate2::read::MultiGzDecoder::new(&bytes[..]).read_to_string(&mut text)
    } else {
        (&bytes[..]).read_to_string(&mut text)
    };
    assert!(read.is_ok() && !text.is_empty(), "no recording at {}", path.display());
    for line in text.lines() {
        if let Ok(Line { venue: Some(venue), frame: Some(text) }) = serde_json::from_str(line) {
            frames.push(Frame { venue, pair: 0, text });
        }
    }
}

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

/// Frames with what a venue may send and seldom does: escapes, unknown fields, another order of the fields.
const SELDOM: [(Venue, &str); 3] = [
    (
        Venue::Kalshi,
        r#"{"seq":7,"new":{"a":[1,{"b":"]}"}]},"type":"orderbook_delta","sid":1,"msg":{"side":"no","delta_fp":"-1.50","market_id":"m","market_ticker":"KX\u002d26\/A","price_dollars":"0.4\u0030","later":null,"ts":"2026-11-22T15:04:05.123456Z","ts_ms":1795359845123}}"#,
    ),
    (
        Venue::Polymarket,
        r#"{"new":"\"},{","event_type":"price_change","timestamp":"1795359845123","market":"0x1\u0032","price_changes":[{"later":[],"side":"BUY","asset_id":"77\u0037","size":"3.5","price":"0.\u0034","hash":"h","best_bid":"0.4","best_ask":"0.6"}]}"#,
    ),
    (
        Venue::Polymarket,
        r#"{"hash":"h","event_type":"book","timestamp":"1795359845123","new":{"bids":[{"price":"9"}]},"asks":[{"size":"1","price":"0.6\u0031"}],"bids":[{"price":"0.4","size":"2\u0030"}],"market":"0x12","asset_id":"777"}"#,
    ),
];

/// Every market-data sample of the decoders' tests, frames with what is seldom sent, and the frames of the recordings that `ARB_CAPTURES` names (paths of
/// `.jsonl` or `.jsonl.gz` files, separated by colons).
#[must_use]
pub fn frames() -> Vec<Frame> {
    let seldom = SELDOM.into_iter();
    let mut frames: Vec<Frame> =
        seldom.map(|(venue, text)| Frame { venue, pair: 0, text: text.to_owned() }).collect();
    let samples =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/arb-normalize/tests/samples");
    for venue in Venue::ALL {
        let Ok(files) = std::fs::read_dir(samples.join(venue.as_str())) else { continue };
        let mut paths: Vec<_> = files.filter_map(|file| Some(file.ok()?.path())).collect();
        paths.sort();
        for path in paths {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let book = ["orderbook_delta", "orderbook_snapshot", "book", "price_change"];
            if name.starts_with("ws_")
                && !name.starts_with("ws_cmd_")
                && book.iter().any(|word| name.contains(word))
            {
                let text = std::fs::read_to_string(&path).unwrap_or_default();
                frames.push(Frame { venue, pair: 0, text });
            }
        }
    }
    assert!(frames.len() > SELDOM.len(), "no samples in {}", samples.display());
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

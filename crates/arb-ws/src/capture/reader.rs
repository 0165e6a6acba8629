//! Reads captures, plain or gzip, and survives what a killed recorder leaves behind.

use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::Line;
use crate::error::WsError;

/// A line that could not be read; reading goes on behind it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {number}: {reason}")]
pub struct BadLine {
    /// Its number, from 1.
    pub number: u64,
    /// What is wrong with it.
    pub reason: String,
}

/// The lines of one capture, in order.
///
/// A file that ends within a gzip member or a line gives what came before and one [`BadLine`].
pub struct CaptureReader {
    input: Box<dyn BufRead + Send>,
    buffer: Vec<u8>,
    number: u64,
    over: bool,
}

impl fmt::Debug for CaptureReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CaptureReader").field("line", &self.number).finish_non_exhaustive()
    }
}

impl CaptureReader {
    /// Opens a file; gzip is recognised by its first bytes, not by its name.
    ///
    /// # Errors
    /// [`WsError::File`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, WsError> {
        let path = path.as_ref();
        let failed = |source: std::io::Error| WsError::File {
            path: path.display().to_string(),
            doing: "opening the capture",
            source: Box::new(source),
        };
        Self::new(File::open(path).map_err(failed)?).map_err(failed)
    }

    /// Reads from anything.
    ///
    /// # Errors
    /// When the first bytes cannot be read.
    pub fn new(input: impl Read + Send + 'static) -> std::io::Result<Self> {
        let mut input = BufReader::with_capacity(64 * 1024, input);
        let is_gzip = input.fill_buf()?.starts_with(&[0x1f, 0x8b]);
        let input: Box<dyn BufRead + Send> = if is_gzip {
            Box::new(BufReader::with_capacity(64 * 1024, MultiGzDecoder::new(input)))
        } else {
            Box::new(input)
        };
        Ok(Self { input, buffer: Vec::new(), number: 0, over: false })
    }
}

impl Iterator for CaptureReader {
    type Item = Result<Line, BadLine>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.over {
            self.buffer.clear();
            self.number += 1;
            let bad = |reason: String| Some(Err(BadLine { number: self.number, reason }));
            match self.input.read_until(b'\n', &mut self.buffer) {
                Err(error) => {
                    self.over = true;
                    return bad(format!("the file breaks off here ({error})"));
                }
                Ok(0) => self.over = true,
                Ok(_) => match std::str::from_utf8(&self.buffer).map(str::trim) {
                    Err(_) => return bad("it is not UTF-8".to_owned()),
                    Ok("") => {}
                    Ok(text) => {
                        return match Line::parse(text) {
                            Ok(line) => Some(Ok(line)),
                            Err(reason) => bad(reason),
                        };
                    }
                },
            }
        }
        None
    }
}

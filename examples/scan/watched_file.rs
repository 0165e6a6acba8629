//! A file that an operator may change while the program runs.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A file and what it was like when it was looked at: when it was changed last, and its length.
#[derive(Debug, Clone)]
pub struct WatchedFile {
    path: PathBuf,
    known: Option<(SystemTime, u64)>,
}

impl WatchedFile {
    /// The file as it is now. Read it after this.
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), known: version(path) }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it is another one than it was at the last look. A file that is gone is no change.
    pub fn is_new(&mut self) -> bool {
        let newest = version(&self.path);
        if newest == self.known || newest.is_none() {
            return false;
        }
        self.known = newest;
        true
    }
}

fn version(path: &Path) -> Option<(SystemTime, u64)> {
    let meta = std::fs::metadata(path).ok()?;
    Some((meta.modified().ok()?, meta.len()))
}

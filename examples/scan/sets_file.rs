//! Groups and chains that the operator approves: the sets file, followed while the program runs.

use std::path::Path;
use std::time::Duration;

use arb_scan::MarketSet;
use tokio::sync::watch;

use crate::failure::Failure;
use crate::watched_file::WatchedFile;
use crate::{replay, terminal};

/// How often the file is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The sets of a file, now and whenever it changes.
#[derive(Debug)]
pub struct SetsFile {
    file: WatchedFile,
    sets: watch::Sender<Vec<MarketSet>>,
}

impl SetsFile {
    /// Reads the file.
    ///
    /// # Errors
    /// When it cannot be used.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let file = WatchedFile::new(path);
        Ok(Self { file, sets: watch::Sender::new(replay::read_sets(path)?) })
    }

    /// For those who take the sets.
    pub fn subscribe(&self) -> watch::Receiver<Vec<MarketSet>> {
        self.sets.subscribe()
    }

    /// Reads the file again where it was changed. A file that cannot be used is complained about and changes nothing.
    pub fn look(&mut self) {
        if !self.file.is_new() {
            return;
        }
        match replay::read_sets(self.file.path()) {
            Ok(sets) => {
                self.sets.send_if_modified(|known| {
                    let is_new = *known != sets;
                    *known = sets;
                    is_new
                });
            }
            Err(failure) => terminal::complain(&format!(
                "scan: the sets stay as they were: {}",
                failure.message
            )),
        }
    }

    /// Looks at the file every two seconds.
    pub async fn follow(mut self) {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        loop {
            looks.tick().await;
            self.look();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_read_when_the_file_changes_and_what_cannot_be_used_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sets.json");
        let set = |id: &str| format!(r#"{{"id":"{id}","relation":"apart","members":[]}}"#);
        assert!(SetsFile::open(&path).is_err(), "no file");
        std::fs::write(&path, format!("[{}]", set("a"))).unwrap();
        let mut file = SetsFile::open(&path).unwrap();
        let mut sets = file.subscribe();
        std::fs::write(&path, "[{").unwrap();
        file.look();
        assert!(!sets.has_changed().unwrap(), "half a file");
        std::fs::write(&path, format!("[{},{}]", set("a"), set("b"))).unwrap();
        file.look();
        assert!(sets.has_changed().unwrap());
        assert_eq!(sets.borrow_and_update().len(), 2);
        std::fs::write(&path, format!("[{}, {}]", set("a"), set("b"))).unwrap();
        file.look();
        assert!(!sets.has_changed().unwrap(), "the same sets, written otherwise");
    }
}

//! The kill switch of a running scan: moved on the status page or by its file, and kept in that file over restarts.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arb_normalize::Timestamp;
use arb_risk::gate::{KillSwitch, TradingState};
use tokio::sync::watch;

use crate::kept_file;

/// How often the file is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The switch, for those who move it and those who obey it.
#[derive(Debug, Clone)]
pub struct Switch {
    state: watch::Sender<KillSwitch>,
    file: Option<Arc<Kept>>,
}

#[derive(Debug)]
struct Kept {
    path: PathBuf,
    /// What the file said when it was last read or written.
    known: Mutex<Option<Said>>,
}

/// What a file said, or why it could not be read.
type Said = Result<String, std::io::ErrorKind>;

impl Switch {
    /// As its file has it; without a file it is released, and forgotten with the program.
    ///
    /// A file that is there and cannot be understood, an empty one too, halts.
    pub fn open(file: Option<&Path>) -> Self {
        let Some(path) = file else {
            return Self { state: watch::Sender::new(KillSwitch::released()), file: None };
        };
        let read = std::fs::read_to_string(path);
        let known = Mutex::new(Some(said(&read)));
        let state = watch::Sender::new(KillSwitch::restore_read(read));
        Self { state, file: Some(Arc::new(Kept { path: path.to_owned(), known })) }
    }

    /// For those who obey it.
    pub fn subscribe(&self) -> watch::Receiver<KillSwitch> {
        self.state.subscribe()
    }

    /// Halts, or releases. What releases is recorded first: it would be undone by the next start. What halts holds although it
    /// cannot be recorded.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub fn set(&self, halted: bool, reason: &str) -> Result<(), String> {
        let Some(now) = Timestamp::try_from(arb_ws::wall_clock()).ok() else {
            return Err("the clock says no time that can be recorded".to_owned());
        };
        let mut switch = self.state.borrow().clone();
        if halted {
            if !switch.pull(TradingState::Halted, reason, now) {
                return Ok(());
            }
            tracing::warn!(reason, "the kill switch is engaged");
            self.state.send_replace(switch.clone());
            return self.record(&switch).map_err(|error| format!("engaged, but {error}"));
        }
        switch.release(reason, now);
        self.record(&switch).map_err(|error| format!("not released: {error}"))?;
        tracing::warn!(reason, "the kill switch is released");
        self.state.send_replace(switch);
        Ok(())
    }

    fn record(&self, switch: &KillSwitch) -> Result<(), String> {
        let Some(kept) = &self.file else { return Ok(()) };
        let record = switch.record();
        kept_file::replace(&kept.path, &record).map_err(|error| {
            format!("the kill switch file {} cannot be written: {error}", kept.path.display())
        })?;
        *kept.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(Ok(record));
        Ok(())
    }

    /// Reads the file again, and does what it says where it says something else than before. A file that is gone changes nothing: a
    /// switch is released by somebody who says so.
    pub fn look(&self) {
        let Some(kept) = &self.file else { return };
        let read = std::fs::read_to_string(&kept.path);
        let newest = said(&read);
        {
            let mut known = kept.known.lock().unwrap_or_else(PoisonError::into_inner);
            let is_gone = newest == Err(std::io::ErrorKind::NotFound);
            if is_gone || known.as_ref() == Some(&newest) {
                return;
            }
            *known = Some(newest);
        }
        let switch = KillSwitch::restore_read(read);
        tracing::warn!(state = %switch.state(), reason = switch.reason(), "the kill switch was moved by its file");
        self.state.send_replace(switch);
    }

    /// Looks at the file every second.
    pub async fn follow_file(self) {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        while self.file.is_some() {
            looks.tick().await;
            self.look();
        }
    }
}

fn said(read: &std::io::Result<String>) -> Said {
    match read {
        Ok(text) => Ok(text.clone()),
        Err(error) => Err(error.kind()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(switch: &Switch) -> TradingState {
        switch.subscribe().borrow().state()
    }

    #[test]
    fn what_the_page_did_holds_over_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kill-switch.json");
        let switch = Switch::open(Some(&path));
        assert_eq!(state(&switch), TradingState::Active);
        switch.set(true, "a wrong book").unwrap();
        let again = Switch::open(Some(&path));
        assert_eq!(state(&again), TradingState::Halted);
        assert_eq!(again.subscribe().borrow().reason(), "a wrong book");
        again.set(false, "it was the venue's").unwrap();
        assert_eq!(state(&Switch::open(Some(&path))), TradingState::Active);
    }

    #[test]
    fn the_file_moves_it_and_what_cannot_be_understood_halts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kill-switch.json");
        let switch = Switch::open(Some(&path));
        std::fs::write(&path, "").unwrap();
        switch.look();
        assert_eq!(state(&switch), TradingState::Halted, "an empty file");
        std::fs::remove_file(&path).unwrap();
        switch.look();
        assert_eq!(state(&switch), TradingState::Halted, "a file that is gone releases nothing");
        std::fs::write(&path, r#"{"v":1,"state":"active","reason":"checked"}"#).unwrap();
        switch.look();
        assert_eq!(state(&switch), TradingState::Active);
        // What nobody wrote since does not undo what was done on the page.
        switch.set(true, "by hand").unwrap();
        switch.look();
        assert_eq!(state(&switch), TradingState::Halted);
    }

    #[test]
    fn where_nothing_can_be_recorded_it_can_be_engaged_and_not_released() {
        let folder = tempfile::tempdir().unwrap();
        let nowhere = folder.path().join("no such folder").join("kill-switch.json");
        let switch = Switch::open(Some(&nowhere));
        let said = switch.set(true, "by hand").unwrap_err();
        assert!(said.contains("engaged, but the kill switch file"), "{said}");
        assert_eq!(state(&switch), TradingState::Halted);
        let said = switch.set(false, "by hand").unwrap_err();
        assert!(said.contains("not released"), "{said}");
        switch.look();
        assert_eq!(state(&switch), TradingState::Halted);
    }
}

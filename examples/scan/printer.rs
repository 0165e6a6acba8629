//! Output that nobody waits for: a thread of its own writes what stands in a bounded queue.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

/// Texts that may wait. When there are more the oldest is dropped, so that the last words are never among the lost.
const WAITING: usize = 1_024;

/// Writes texts in order, and never lets the one who has something to say wait for the one who reads.
#[derive(Debug)]
pub struct Printer {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    /// Whether nothing can be written any more.
    broken: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<String>,
    /// Comes after all that waits; only the newest is worth drawing.
    picture: Option<String>,
    is_writing: bool,
    is_over: bool,
    lost: u64,
    failure: Option<io::Error>,
}

/// What became of the texts.
#[derive(Debug)]
pub struct Written {
    /// Texts that were dropped, or not written in time.
    pub lost: u64,
    /// Why nothing was written any more.
    pub failure: Option<io::Error>,
}

impl Printer {
    /// Starts the thread. It ends when this is dropped, as soon as the write it is in returns.
    pub fn start(name: &str, out: impl Write + Send + 'static) -> Self {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            changed: Condvar::new(),
            broken: watch::Sender::new(false),
        });
        let writing = shared.clone();
        let started =
            std::thread::Builder::new().name(name.to_owned()).spawn(move || writing.write_to(out));
        if let Err(error) = started {
            shared.fail(error);
        }
        Self { shared }
    }

    /// Has a text written, unless nobody takes it for so long that it is the oldest of too many.
    pub fn put(&self, text: String) {
        let mut state = self.shared.lock();
        if *self.shared.broken.borrow() {
            return;
        }
        // A picture from before would be drawn over it.
        state.picture = None;
        if state.waiting.len() == WAITING {
            state.waiting.pop_front();
            state.lost += 1;
        }
        state.waiting.push_back(text);
        self.shared.changed.notify_all();
    }

    /// Has a picture drawn, unless a newer one comes first.
    pub fn draw(&self, picture: String) {
        let mut state = self.shared.lock();
        if !*self.shared.broken.borrow() {
            state.picture = Some(picture);
            self.shared.changed.notify_all();
        }
    }

    /// Waits until nothing can be written any more.
    ///
    /// # Cancel safety
    /// Nothing is lost when it is dropped.
    pub async fn broken(&self) {
        // The sender is ours: there is no other end of it.
        let _ = self.shared.broken.subscribe().wait_for(|broken| *broken).await;
    }

    /// Waits, not longer than this, until all is written, and says what became of it since it was last asked.
    pub fn finish(&self, within: Duration) -> Written {
        let deadline = Instant::now() + within;
        let mut state = self.shared.lock();
        while state.has_more() && !*self.shared.broken.borrow() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state = self
                .shared
                .changed
                .wait_timeout(state, left)
                .map_or_else(|poisoned| poisoned.into_inner().0, |(state, _)| state);
        }
        let late = state.waiting.len() as u64 + u64::from(state.is_writing);
        Written { lost: std::mem::take(&mut state.lost) + late, failure: state.failure.take() }
    }
}

impl Drop for Printer {
    fn drop(&mut self) {
        self.shared.lock().is_over = true;
        self.shared.changed.notify_all();
    }
}

impl State {
    fn has_more(&self) -> bool {
        self.is_writing || self.picture.is_some() || !self.waiting.is_empty()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_to(&self, mut out: impl Write) {
        while let Some(text) = self.next() {
            if let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
                self.fail(error);
                return;
            }
        }
    }

    /// Waits for what is to be written next; none when it is over.
    fn next(&self) -> Option<String> {
        let mut state = self.lock();
        state.is_writing = false;
        self.changed.notify_all();
        loop {
            if state.is_over {
                return None;
            }
            if let Some(text) = state.waiting.pop_front().or_else(|| state.picture.take()) {
                state.is_writing = true;
                return Some(text);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn fail(&self, error: io::Error) {
        let mut state = self.lock();
        *state = State { failure: Some(error), lost: state.lost, ..State::default() };
        self.broken.send_replace(true);
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    /// Passes each write on, which waits until it is taken.
    struct Reader(SyncSender<String>);

    impl Write for Reader {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            let text_of = String::from_utf8_lossy(text).into_owned();
            self.0.send(text_of).map_err(|_| io::ErrorKind::BrokenPipe)?;
            Ok(text.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn printer() -> (Printer, Receiver<String>) {
        let (taken, reader) = sync_channel(0);
        (Printer::start("test", Reader(taken)), reader)
    }

    /// Waits until the thread is in a write that nobody takes.
    fn is_stuck(printer: &Printer) {
        while !printer.shared.lock().is_writing {
            std::thread::yield_now();
        }
    }

    #[test]
    fn nobody_waits_for_a_reader_who_does_not_read_and_the_last_words_are_kept() {
        let (printer, reader) = printer();
        printer.put("first".to_owned());
        is_stuck(&printer);
        let all = WAITING + 100;
        for number in 0..all {
            printer.put(number.to_string());
        }
        let written = printer.finish(Duration::from_millis(20));
        assert_eq!(written.lost, all as u64 + 1, "all of it: dropped, waiting and being written");
        assert!(written.failure.is_none());

        let rest = std::thread::spawn(move || reader.iter().collect::<Vec<String>>());
        let written = printer.finish(LONG);
        assert_eq!((written.lost, written.failure.is_none()), (0, true));
        drop(printer);
        let expected: Vec<String> = (100..all).map(|number| number.to_string()).collect();
        let rest = rest.join().unwrap();
        assert_eq!((rest[0].as_str(), &rest[1..]), ("first", expected.as_slice()));
    }

    #[test]
    fn only_the_newest_picture_is_drawn_and_none_over_a_later_text() {
        let (printer, reader) = printer();
        printer.put("first".to_owned());
        is_stuck(&printer);
        printer.draw("old".to_owned());
        printer.draw("new".to_owned());
        assert_eq!(reader.recv().unwrap(), "first");
        assert_eq!(reader.recv().unwrap(), "new");
        printer.put("second".to_owned());
        is_stuck(&printer);
        printer.draw("before".to_owned());
        printer.put("after".to_owned());
        assert_eq!([reader.recv().unwrap(), reader.recv().unwrap()], ["second", "after"]);
        assert_eq!(printer.finish(LONG).lost, 0);
    }

    #[tokio::test]
    async fn who_writes_no_more_says_why_and_takes_nothing() {
        let (printer, reader) = printer();
        drop(reader);
        printer.put("first".to_owned());
        printer.broken().await;
        printer.put("second".to_owned());
        printer.draw("picture".to_owned());
        let written = printer.finish(LONG);
        assert_eq!(written.failure.unwrap().kind(), io::ErrorKind::BrokenPipe);
        assert_eq!(written.lost, 0);
    }
}

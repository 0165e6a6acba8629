//! Standard output and error: a table redrawn in place on a terminal, plain lines otherwise.
//!
//! While venues run nobody waits for who reads: a thread writes ([`Printer`]), and what nobody takes is dropped and counted.

use std::io::{ErrorKind, IsTerminal, Write, stderr, stdout};
use std::sync::OnceLock;
use std::time::Duration;

use crate::failure::Failure;
use crate::printer::Printer;

/// How long the last lines get where they are not read.
const LAST_LINES_WITHIN: Duration = Duration::from_secs(2);
/// How long the cursor gets to come back where a second signal ends the program at once.
const CURSOR_WITHIN: Duration = Duration::from_millis(100);

// A row that is wider than it was counted, as in a script of wide letters, is cut by the terminal and not wrapped.
const ENTER_SCREEN: &str = "\x1b[?1049h\x1b[?25l\x1b[?7l";
const LEAVE_SCREEN: &str = "\x1b[?7h\x1b[?25h\x1b[?1049l";

static OUT: OnceLock<Printer> = OnceLock::new();
static LOG: OnceLock<Printer> = OnceLock::new();

fn out() -> &'static Printer {
    OUT.get_or_init(|| Printer::start("standard output", stdout()))
}

/// From now on nobody waits for standard error either.
pub fn start() {
    out();
    LOG.get_or_init(|| Printer::start("standard error", stderr()));
}

/// Writes a whole text to standard output and waits for it. A closed pipe is nobody's fault: who read has had enough.
///
/// # Errors
/// When it cannot be written.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) => unless_closed(&error),
        Ok(()) => Ok(()),
    }
}

fn unless_closed(error: &std::io::Error) -> Result<(), Failure> {
    if error.kind() == ErrorKind::BrokenPipe {
        return Ok(());
    }
    Err(Failure::run(format!("standard output cannot be written: {error}")))
}

/// Has a line written to standard output, and does not wait for it.
pub fn line(text: &str) {
    out().put(format!("{text}\n"));
}

/// Writes a line to standard error; while venues run nobody waits for it.
pub fn complain(text: &str) {
    // Nobody is left to tell when standard error is gone too.
    let _ = Log.write_all(format!("{text}\n").as_bytes());
}

/// Waits until standard output cannot be written any more.
///
/// # Cancel safety
/// Nothing is lost when it is dropped.
pub async fn gone() {
    out().broken().await;
}

/// Gives the last lines their time and says how many were lost.
///
/// # Errors
/// When standard output could not be written, for another reason than that it was closed.
pub fn finish() -> Result<(), Failure> {
    let written = out().finish(LAST_LINES_WITHIN);
    if written.lost > 0 {
        complain(&format!(
            "scan: {} lines were not written, because nobody read them in time",
            written.lost
        ));
    }
    written.failure.map_or(Ok(()), |error| unless_closed(&error))
}

/// Gives the last complaints their time.
pub fn finish_log() {
    if let Some(log) = LOG.get() {
        log.finish(LAST_LINES_WITHIN);
    }
}

/// Whether a person looks at standard output.
pub fn is_terminal() -> bool {
    stdout().is_terminal()
}

/// Columns and rows that a screen may fill, of 80 by 24 where the terminal does not say. Its last column stays free: where a row
/// fills it, clearing what is right of the cursor clears the row's last letter.
pub fn size() -> (usize, usize) {
    #[cfg(unix)]
    if let Ok(size) = rustix::termios::tcgetwinsize(stdout())
        && size.ws_col > 0
        && size.ws_row > 0
    {
        return (usize::from(size.ws_col) - 1, size.ws_row.into());
    }
    (79, 24)
}

/// Has a whole screen redrawn, unless a newer one comes first.
pub fn redraw(screen: &str) {
    // Home, then every line cleared to its end, then everything below. No line end after the last row: it would scroll.
    let rows: Vec<&str> = screen.lines().collect();
    out().draw(format!("\x1b[H{}\x1b[K\x1b[J", rows.join("\x1b[K\n")));
}

/// Switches to the alternative screen, and back when dropped.
#[derive(Debug)]
pub struct Screen(());

impl Screen {
    /// Takes the screen over.
    pub fn enter() -> Self {
        out().put(ENTER_SCREEN.to_owned());
        Self(())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        out().put(LEAVE_SCREEN.to_owned());
    }
}

/// Standard error, written by whoever has something to say or, while venues run, by its own thread.
struct Log;

impl Write for Log {
    fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
        let Some(log) = LOG.get() else { return stderr().lock().write(text) };
        log.put(String::from_utf8_lossy(text).into_owned());
        Ok(text.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Writes log lines to standard error: warnings, or what RUST_LOG asks for. They stay off where they would
/// run through the table on the same terminal, unless RUST_LOG asks for them.
pub fn start_log(table: bool) {
    let asked = std::env::var("RUST_LOG").ok();
    if asked.is_none() && table && stderr().is_terminal() {
        return;
    }
    let filter = tracing_subscriber::EnvFilter::new(asked.as_deref().unwrap_or("warn"));
    // A second start changes nothing.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(stderr().is_terminal())
        .with_writer(|| Log)
        .try_init();
}

/// Waits for Ctrl-C or SIGTERM. From then on a second one ends the program at once.
pub async fn interrupted() {
    signal().await;
    tokio::spawn(async {
        signal().await;
        if is_terminal() {
            out().put(LEAVE_SCREEN.to_owned());
            out().finish(CURSOR_WITHIN);
        }
        std::process::exit(130);
    });
}

#[cfg(unix)]
async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        },
        Err(_) => drop(tokio::signal::ctrl_c().await),
    }
}

#[cfg(not(unix))]
async fn signal() {
    drop(tokio::signal::ctrl_c().await);
}

//! Standard output: a table redrawn in place on a terminal, plain lines otherwise.

use std::io::{IsTerminal, Write, stdout};

/// Writes a line to standard output. A closed pipe ends the program quietly, as other tools do.
pub fn line(text: &str) {
    if writeln!(stdout().lock(), "{text}").is_err() {
        std::process::exit(0);
    }
}

/// Writes a line to standard error.
pub fn complain(text: &str) {
    // Nobody is left to tell when standard error is gone too.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Whether a person looks at standard output.
pub fn is_terminal() -> bool {
    stdout().is_terminal()
}

/// Redraws a whole screen.
pub fn redraw(screen: &str) {
    let mut out = stdout().lock();
    // Home, then every line cleared to its end, then everything below.
    let mut text = String::from("\x1b[H");
    for row in screen.lines() {
        text.push_str(row);
        text.push_str("\x1b[K\n");
    }
    text.push_str("\x1b[J");
    if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
        std::process::exit(0);
    }
}

/// Switches to the alternative screen, and back when dropped.
#[derive(Debug)]
pub struct Screen(());

impl Screen {
    /// Takes the screen over.
    pub fn enter() -> Self {
        print_escape("\x1b[?1049h\x1b[?25l");
        Self(())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        print_escape("\x1b[?25h\x1b[?1049l");
    }
}

fn print_escape(text: &str) {
    let mut out = stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Writes log lines to standard error: warnings, or what RUST_LOG asks for. They stay off where they would
/// run through the table on the same terminal, unless RUST_LOG asks for them.
pub fn start_log(table: bool) {
    let asked = std::env::var("RUST_LOG").ok();
    if asked.is_none() && table && std::io::stderr().is_terminal() {
        return;
    }
    let filter = tracing_subscriber::EnvFilter::new(asked.as_deref().unwrap_or("warn"));
    // A second start changes nothing.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .try_init();
}

/// Waits for Ctrl-C or SIGTERM. From then on a second one ends the program at once.
pub async fn interrupted() {
    signal().await;
    tokio::spawn(async {
        signal().await;
        if is_terminal() {
            print_escape("\x1b[?25h\x1b[?1049l");
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

//! Looks whether everything is there that live scanning needs, prints one page and ends with 0 where it is, 1 where not.
//!
//! ```text
//! cargo run --release --example doctor -- [--demo] [--redis URL] [--config scan.toml]
//! ```
//!
//! Addresses and key come from the same settings and variables as those of `scan` (KALSHI_REST_URL, KALSHI_KEY_ID …).

use std::process::ExitCode;

use clap::Parser as _;
use scan_app::args::Args;
use scan_app::doctor::{self, Grade};
use scan_app::endpoints::Endpoints;
use scan_app::failure::Failure;
use scan_app::settings::Settings;
use scan_app::terminal;

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            terminal::complain(&format!("doctor: {}", failure.message));
            ExitCode::from(failure.code)
        }
    }
}

fn run() -> Result<bool, Failure> {
    // The real venues are meant, whatever else is said.
    let given = std::env::args_os().filter(|word| word != "--live");
    let mut args = Args::parse_from(given.chain(["--live".into()]));
    let settings = Settings::read(&args)?;
    // Without a key the rest is looked at all the same.
    args.watch = settings.kalshi_key.is_none();
    let endpoints = Endpoints::live(&args, &settings)?;
    terminal::start_log(true);
    let page = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::run(format!("the runtime cannot be built: {error}")))?
        .block_on(doctor::examine(&endpoints, &settings));
    let lines: String = page.iter().map(|finding| format!("{finding}\n")).collect();
    terminal::print(&lines)?;
    Ok(page.iter().all(|finding| finding.grade != Grade::Bad))
}

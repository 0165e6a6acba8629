//! Scans Kalshi and Polymarket for trades that pay in every outcome.

use std::process::ExitCode;

use clap::Parser as _;
use scan_app::args::Args;
use scan_app::settings::Settings;
use scan_app::{failure::Failure, live, replay, terminal};

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            terminal::complain(&format!("scan: {}", failure.message));
            ExitCode::from(failure.code)
        }
    }
}

fn run(args: &Args) -> Result<(), Failure> {
    let settings = Settings::read(args)?;
    if args.print_config {
        settings.print();
        return Ok(());
    }
    terminal::start_log(terminal::is_terminal() && args.replay.is_empty());
    if !args.replay.is_empty() {
        return replay::run(args);
    }
    live::run(args, &settings)
}
